/*
 * execve: a task gets a new program.
 *
 * While anything can still fail in a way that the old program may see, everything is built beside it: the file is
 * opened, a new address space made, names and strings copied to the top of its stack. begin_new_program() then ends the
 * other threads, takes the new address space and gives up what a program does not inherit. After that a failure kills.
 *
 *   STACK_TOP     4 zero bytes
 *                 file name (AT_EXECFN)
 *                 environment strings, last one highest
 *   bprm->p  ->   argument strings, last one highest
 *                 below: the format's own, then auxv, envp, argv, argc
 */
#include "asm/fpu.h"
#include "asm/io.h"
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "fs/binfmts.h"
#include "fs/vfs.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"
#include "kernel/trace.h"
#include "mm/slab.h"

#define MAX_ARG_STRLEN (32 * PAGE_SIZE)
#define MAX_ARG_BYTES (6ul << 20)
#define MAX_ARG_STRINGS 0x7fffffff
#define MAX_SCRIPT_DEPTH 5
#define S_ISUID 04000
#define S_ISGID 02000

/* ---- strings onto the new stack ---- */

/* Arguments and environment may fill a quarter of the stack limit, 6 MiB at most, 128 KiB at least. */
static unsigned long argument_limit(void)
{
    unsigned long limit = min_t(unsigned long, current->rlim[RLIMIT_STACK].rlim_cur / 4, MAX_ARG_BYTES);
    return max_t(unsigned long, limit, 32 * PAGE_SIZE);
}

static int make_room(struct linux_binprm *bprm, unsigned long bytes)
{
    if (bytes > bprm->p || STACK_TOP - (bprm->p - bytes) > argument_limit())
        return -E2BIG;
    bprm->p -= bytes;
    struct vm_area_struct *vma = find_vma(bprm->mm, bprm->p);
    if (!vma)
        return -ENOMEM;
    return vma->vm_start > bprm->p && expand_stack(vma, bprm->p & PAGE_MASK) ? -ENOMEM : 0;
}

static int write_stack(struct linux_binprm *bprm, unsigned long to, void *from, unsigned long bytes)
{
    return access_process_vm(bprm->mm, to, from, (int)bytes, 1) == (int)bytes ? 0 : -ENOMEM;
}

int copy_string_kernel(struct linux_binprm *bprm, const char *string)
{
    unsigned long bytes = strlen(string) + 1;
    int error = make_room(bprm, bytes);
    return error ? error : write_stack(bprm, bprm->p, (void *)string, bytes);
}

static int copy_string_user(struct linux_binprm *bprm, const char __user *string)
{
    long bytes = strnlen_user(string, MAX_ARG_STRLEN);
    if (!bytes)
        return -EFAULT;
    if ((unsigned long)bytes > MAX_ARG_STRLEN)
        return -E2BIG;
    int error = make_room(bprm, (unsigned long)bytes);
    for (long done = 0; !error && done < bytes;) {
        unsigned long part = min_t(unsigned long, bytes - done, PAGE_SIZE);
        if (copy_from_user(bprm->page, string + done, part))
            return -EFAULT;
        error = write_stack(bprm, bprm->p + (unsigned long)done, bprm->page, part);
        done += (long)part;
    }
    return error;
}

/* A vector of strings, of the program or of the kernel. */
struct strings {
    const u32 __user *user;
    const char *const *kernel;
};

static int string_at(const struct strings *strings, int index, u32 *string)
{
    *string = 0;
    if (strings->kernel)
        *string = (u32)strings->kernel[index];
    else if (strings->user)
        return get_user_u32(string, strings->user + index);
    return 0;
}

static int count_strings(const struct strings *strings)
{
    u32 string;
    for (int n = 0; n < MAX_ARG_STRINGS; n++) {
        if (string_at(strings, n, &string))
            return -EFAULT;
        if (!string)
            return n;
        if (signal_pending(current) && fatal_signal_pending(current))
            return -EINTR;
    }
    return -E2BIG;
}

static int copy_strings(struct linux_binprm *bprm, const struct strings *strings, int count)
{
    u32 string;
    while (count-- > 0) {
        if (string_at(strings, count, &string))
            return -EFAULT;
        int error = strings->kernel ? copy_string_kernel(bprm, (const char *)string)
                                    : copy_string_user(bprm, (const char __user *)string);
        if (error)
            return error;
    }
    return 0;
}

int remove_arg_zero(struct linux_binprm *bprm)
{
    char c;
    if (!bprm->argc)
        return 0;
    do {
        if (access_process_vm(bprm->mm, bprm->p++, &c, 1, 0) != 1)
            return -EFAULT;
    } while (c);
    bprm->argc--;
    return 0;
}

/* ---- the file ---- */

static int check_program(const struct inode *inode)
{
    if (!S_ISREG(inode->i_mode))
        return -EACCES;
    return inode->i_mode & 0111 ? 0 : -EACCES;
}

/* Set-user-id and set-group-id programs, unless the task has given that up. */
static void take_ids(struct linux_binprm *bprm, const struct inode *inode)
{
    bprm->euid = current->euid;
    bprm->egid = current->egid;
    if (current->no_new_privs)
        return;
    if (inode->i_mode & S_ISUID)
        bprm->euid = inode->i_uid;
    if ((inode->i_mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
        bprm->egid = inode->i_gid;
    bprm->secure = bprm->euid != current->uid || bprm->egid != current->gid;
}

int open_program(struct linux_binprm *bprm, const char *path)
{
    struct file *file = filp_open(path, O_RDONLY | O_LARGEFILE, 0);
    if (IS_ERR(file))
        return (int)PTR_ERR(file);
    if (bprm->file)
        fput(bprm->file);
    bprm->file = file;
    int error = check_program(file->f_inode);
    if (error)
        return error;
    take_ids(bprm, file->f_inode);
    memset(bprm->buf, 0, sizeof(bprm->buf));
    ssize_t n = kernel_read(file, 0, bprm->buf, sizeof(bprm->buf));
    return n < 0 ? (int)n : 0;
}

/* ---- the point of no return ---- */

/* The thread that calls exec takes the place of the leader, whose pid the process keeps. */
static void become_leader(struct task_struct *task, struct task_struct *leader)
{
    unsigned long flags = local_irq_save();
    pid_t own = task->pid;
    task->pid = leader->pid;
    leader->pid = own;
    task->exit_signal = SIGCHLD;
    task->group_leader = task->signal->leader = task;
    task->cutime = leader->cutime;
    task->cstime = leader->cstime;
    task->cmin_flt = leader->cmin_flt;
    task->cmaj_flt = leader->cmaj_flt;
    list_add(&task->sibling, &leader->sibling);
    struct task_struct *child, *next;
    list_for_each_entry_safe (child, next, &leader->children, sibling) {
        list_move_tail(&child->sibling, &task->children);
        set_parent(child, task);
    }
    leader->group_leader = task;
    leader->state = EXIT_DEAD;
    release_task(leader);
    local_irq_restore(flags);
}

static bool all_others_gone(void)
{
    const struct task_struct *leader = current->group_leader, *thread;
    for_each_thread (thread, current) {
        if (thread != current && thread != leader)
            return false;
    }
    return leader == current || leader->state == EXIT_ZOMBIE;
}

static int end_other_threads(void)
{
    struct signal_struct *signal = current->signal;
    if (only_thread(current))
        return 0;
    if (signal->group_exit || signal->exec_thread)
        return -EAGAIN;
    signal->exec_thread = current;
    zap_other_threads(0);
    while (!all_others_gone() && !fatal_signal_pending(current)) {
        current->state = TASK_KILLABLE;
        if (all_others_gone())
            current->state = TASK_RUNNING;
        else
            schedule();
    }
    current->state = TASK_RUNNING;
    if (all_others_gone() && current->group_leader != current)
        become_leader(current, current->group_leader);
    signal->exec_thread = NULL;
    return only_thread(current) ? 0 : -EAGAIN;
}

static void exec_mmap(struct mm_struct *mm)
{
    struct task_struct *task = current;
    struct mm_struct *old = task->mm, *active = task->active_mm;
    mm_release(task);
    unsigned long flags = local_irq_save();
    task->mm = task->active_mm = mm;
    activate_mm(active, mm);
    local_irq_restore(flags);
    if (old) {
        if (old->hiwater_rss > task->signal->maxrss)
            task->signal->maxrss = old->hiwater_rss;
        mmput(old);
    } else {
        mmdrop(active);
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void take_new_identity(struct linux_binprm *bprm)
{
    struct task_struct *task = current;
    task->euid = task->suid = task->fsuid = bprm->euid;
    task->egid = task->sgid = task->fsgid = bprm->egid;
    task->flags &= ~(u32)PF_FORKNOEXEC;
    task->did_exec = true;
    task->exit_signal = SIGCHLD;
    task->pdeath_signal = 0;
    task->clear_child_tid = NULL;
    task->restart.run = NULL;
    task->sas_ss_sp = task->sas_ss_size = 0;
    set_task_comm(task, base_name(bprm->filename));
}

int begin_new_program(struct linux_binprm *bprm)
{
    int error = end_other_threads();
    if (!error)
        error = unshare_sighand();
    if (!error)
        error = fpu_alloc(current);
    if (error)
        return error;
    bprm->mm->exe_file = bprm->file;
    get_file(bprm->file);
    bprm->mm->dumpable = !bprm->secure;
    bprm->committed = true;
    exec_mmap(bprm->mm);
    bprm->mm = NULL;
    close_files_for_exec(current);
    flush_signal_handlers_for_exec(current);
    take_new_identity(bprm);
    return fpu_exec();
}

/* ---- the calls ---- */

static int load_program(struct linux_binprm *bprm)
{
    for (int depth = 0; depth < MAX_SCRIPT_DEPTH; depth++) {
        int result = load_script(bprm);
        if (result == -ENOEXEC)
            return load_elf_binary(bprm);
        if (result <= 0)
            return result;
    }
    return -ELOOP;
}

static int prepare_stack(struct linux_binprm *bprm, const struct strings *argv, const struct strings *envp)
{
    bprm->argc = count_strings(argv);
    if (bprm->argc < 0)
        return bprm->argc;
    bprm->envc = count_strings(envp);
    if (bprm->envc < 0)
        return bprm->envc;
    bprm->mm = mm_alloc();
    if (!bprm->mm)
        return -ENOMEM;
    int error = setup_stack_vma(bprm->mm, STACK_TOP);
    if (error)
        return error;
    bprm->p = STACK_TOP - 4;
    error = copy_string_kernel(bprm, bprm->filename);
    bprm->exec_address = bprm->p;
    if (!error)
        error = copy_strings(bprm, envp, bprm->envc);
    if (!error && !bprm->argc) {
        bprm->argc = 1;
        return copy_string_kernel(bprm, "");
    }
    return error ? error : copy_strings(bprm, argv, bprm->argc);
}

static void trace_program_start(void)
{
    static bool first_user = true;
    if (first_user)
        TRACE(FLT_BOOT_PHASE, flt_boot_phase, .phase = FLT_PHASE_FIRST_USER);
    first_user = false;
    if (current->group_leader->parent->pid != 1)
        return;
    outb(FLT_POST_PROGRAM, FLT_POST_PORT);
    TRACE(FLT_BOOT_PHASE, flt_boot_phase, .phase = FLT_PHASE_PROGRAM_START);
}

static int execute(struct linux_binprm *bprm, const struct strings *argv, const struct strings *envp)
{
    int error = open_program(bprm, bprm->filename);
    if (!error)
        error = prepare_stack(bprm, argv, envp);
    if (!error)
        error = load_program(bprm);
    if (!error)
        trace_program_start();
    return error;
}

static int do_execve(const char *filename, const struct strings *argv, const struct strings *envp)
{
    struct linux_binprm *bprm = kzalloc(sizeof(*bprm), GFP_KERNEL);
    if (!bprm)
        return -ENOMEM;
    int error = -ENOMEM;
    bprm->page = kmalloc(PAGE_SIZE, GFP_KERNEL);
    bprm->filename = bprm->interp = filename;
    if (bprm->page)
        error = execute(bprm, argv, envp);
    bool committed = bprm->committed;
    if (bprm->mm)
        mmput(bprm->mm);
    if (bprm->file)
        fput(bprm->file);
    kfree(bprm->page);
    kfree(bprm);
    if (error && committed && current->pid == 1)
        panic("cannot start %s (error %d)", filename, -error);
    if (error && committed) /* the old program is gone: it ends on its way back to there */
        force_sig_fault(SIGSEGV, SI_KERNEL, 0);
    return error;
}

int kernel_execve(const char *path, const char *const *argv, const char *const *envp)
{
    const struct strings arguments = {.kernel = argv}, environment = {.kernel = envp};
    return do_execve(path, &arguments, &environment);
}

long sys_execve(const char __user *path, const void __user *argv, const void __user *envp)
{
    const struct strings arguments = {.user = argv}, environment = {.user = envp};
    char *filename = getname(path);
    if (IS_ERR(filename))
        return PTR_ERR(filename);
    int error = do_execve(filename, &arguments, &environment);
    putname(filename);
    return error;
}

#define AT_FDCWD (-100)
#define AT_EMPTY_PATH 0x1000u
#define AT_SYMLINK_NOFOLLOW 0x100u

/* The file by its descriptor's path: what /dev/fd would name. */
static long exec_by_descriptor(int fd, const struct strings *argv, const struct strings *envp)
{
    char buf[256];
    struct file *file = fget((unsigned)fd);
    if (!file)
        return -EBADF;
    const char *path = d_path(file->f_dentry, buf, sizeof(buf));
    fput(file);
    return IS_ERR(path) ? PTR_ERR(path) : do_execve(path, argv, envp);
}

long sys_execveat(int dfd, const char __user *path, const void __user *argv, const void __user *envp, u32 flags)
{
    const struct strings arguments = {.user = argv}, environment = {.user = envp};
    char first[2] = {0};
    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    long n = strncpy_from_user(first, path, sizeof(first));
    if (n < 0)
        return n;
    if (!n)
        return flags & AT_EMPTY_PATH ? exec_by_descriptor(dfd, &arguments, &environment) : -ENOENT;
    if (dfd != AT_FDCWD && first[0] != '/')
        return -ENOSYS; /* relative to a directory's descriptor */
    return sys_execve(path, argv, envp);
}
