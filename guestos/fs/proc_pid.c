/* /proc/PID and its texts. A task is found anew for each text; its address space is held while it is read. */
#include "fs/proc.h"
#include "fs/vfs.h"
#include "drivers/tty.h"
#include "mm/mm.h"

#define NS_PER_TICK 10000000u
#define TTY_NUMBER MKDEV(4, 64)

static char state_letter(const struct task_struct *task)
{
    if (task->state & (EXIT_ZOMBIE | EXIT_DEAD))
        return task->state & EXIT_ZOMBIE ? 'Z' : 'X';
    if (task->state & TASK_STOPPED)
        return 'T';
    if (task->state & TASK_UNINTERRUPTIBLE)
        return 'D';
    return task->state & TASK_INTERRUPTIBLE ? 'S' : 'R';
}

static const char *state_name(char letter)
{
    switch (letter) {
    case 'Z': return "zombie";
    case 'X': return "dead";
    case 'T': return "stopped";
    case 'D': return "disk sleep";
    case 'S': return "sleeping";
    default: return "running";
    }
}

/* The address space, one user more; NULL: none, or no task. Given back with mmput. */
static struct mm_struct *get_mm(const struct proc_context *c)
{
    struct task_struct *task = proc_task(c);
    if (!task || !task->mm)
        return NULL;
    atomic_inc(&task->mm->mm_users);
    return task->mm;
}

static int thread_count(const struct task_struct *leader)
{
    struct task_struct *task;
    int count = 0;
    for_each_task (task)
        count += task->tgid == leader->tgid;
    return count;
}

static pid_t parent_pid(const struct task_struct *task) { return task->parent ? task->parent->tgid : 0; }

static int show_maps(const struct proc_context *c, char *buf, int size)
{
    if (!proc_task(c))
        return -ESRCH;
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return 0;
    int length = proc_pid_maps(mm, buf, size);
    mmput(mm);
    return length;
}

static unsigned long kib(unsigned long pages) { return pages << (PAGE_SHIFT - 10); }

static int show_status_mm(const struct proc_context *c, char *buf, int size)
{
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return 0;
    unsigned long rss = mm->anon_rss + mm->file_rss,
                  text = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
    unsigned long data = mm->total_vm - mm->shared_vm - mm->stack_vm;
    int used = scnprintf(buf, (size_t)size,
                         "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n"
                         "RssAnon:\t%8lu kB\nRssFile:\t%8lu kB\nVmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\n"
                         "VmLib:\t%8lu kB\nVmPTE:\t%8lu kB\nVmSwap:\t%8lu kB\n",
                         kib(max_t(unsigned long, mm->hiwater_vm, mm->total_vm)), kib(mm->total_vm), kib(mm->locked_vm),
                         kib(max_t(unsigned long, mm->hiwater_rss, rss)), kib(rss), kib(mm->anon_rss),
                         kib(mm->file_rss), kib(data), kib(mm->stack_vm), kib(text), 0ul, kib(mm->nr_ptes), 0ul);
    mmput(mm);
    return used;
}

static int show_status(const struct proc_context *c, char *buf, int size)
{
    struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    char letter = state_letter(task);
    int used = scnprintf(buf, (size_t)size,
                         "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
                         "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t\n",
                         task->comm, task->fs ? task->fs->umask : 0u, letter, state_name(letter), task->tgid, task->pid,
                         parent_pid(task), task->uid, task->euid, task->suid, task->fsuid, task->gid, task->egid,
                         task->sgid, task->fsgid, task->files ? task->files->max_fds : 0u);
    used += show_status_mm(c, buf + used, size - used);
    task = proc_task(c);
    if (!task)
        return -ESRCH;
    struct signal_masks masks;
    get_signal_masks(task, &masks);
    return used + scnprintf(buf + used, (size_t)(size - used),
                            "Threads:\t%d\nSigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%"
                            "016llx\nSigCgt:\t%016llx\n"
                            "Cpus_allowed:\t1\nCpus_allowed_list:\t0\nvoluntary_ctxt_switches:\t%lu\n"
                            "nonvoluntary_ctxt_switches:\t%lu\n",
                            thread_count(task), masks.pending, masks.shared_pending, masks.blocked, masks.ignored,
                            masks.caught, task->nvcsw, task->nivcsw);
}

static unsigned ticks(u64 nanoseconds) { return (unsigned)(nanoseconds / NS_PER_TICK); }

static int show_stat_head(const struct task_struct *task, char *buf, int size)
{
    bool on_tty = task->session && task->session == console_tty.session;
    return scnprintf(buf, (size_t)size, "%d (%s) %c %d %d %d %d %d %u %lu %lu %lu %lu %u %u %u %u %d %d %d 0 %u ",
                     task->pid, task->comm, state_letter(task), parent_pid(task), task->pgrp, task->session,
                     on_tty ? (int)TTY_NUMBER : 0, on_tty ? console_tty.pgrp : -1, task->flags, task->min_flt,
                     task->cmin_flt, task->maj_flt, task->cmaj_flt, ticks(task->utime), ticks(task->stime),
                     ticks(task->cutime), ticks(task->cstime), 20 + task->nice, task->nice, thread_count(task),
                     ticks(task->start_time));
}

static int show_stat(const struct proc_context *c, char *buf, int size)
{
    static const struct mm_struct none;
    struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    struct mm_struct *mm = get_mm(c);
    const struct mm_struct *m = mm ? mm : &none;
    bool user = mm && task->stack;
    struct signal_masks masks;
    get_signal_masks(task, &masks);
    int used = show_stat_head(task, buf, size);
    used +=
        scnprintf(buf + used, (size_t)(size - used), "%lu %lu %lu %lu %lu %lu %u %u %u %u %u %u 0 0 0 %d 0 0 0 0 0 0 ",
                  m->total_vm << PAGE_SHIFT, m->anon_rss + m->file_rss, task->rlim[RLIMIT_RSS].rlim_cur, m->start_code,
                  m->end_code, m->start_stack, user ? task_pt_regs(task)->esp : 0u, user ? task_pt_regs(task)->eip : 0u,
                  (u32)masks.pending, (u32)masks.blocked, (u32)masks.ignored, (u32)masks.caught, task->exit_signal);
    used += scnprintf(buf + used, (size_t)(size - used), "%lu %lu %lu %lu %lu %lu %lu %d\n", m->start_data, m->end_data,
                      m->start_brk, m->arg_start, m->arg_end, m->env_start, m->env_end, task->exit_code);
    if (mm)
        mmput(mm);
    return used;
}

static int show_statm(const struct proc_context *c, char *buf, int size)
{
    if (!proc_task(c))
        return -ESRCH;
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return scnprintf(buf, (size_t)size, "0 0 0 0 0 0 0\n");
    unsigned long text = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
    int used = scnprintf(buf, (size_t)size, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm, mm->anon_rss + mm->file_rss,
                         mm->file_rss, text, mm->total_vm - mm->shared_vm);
    mmput(mm);
    return used;
}

/* A range of the program's own memory, as far as it can be read. */
static int show_memory(const struct proc_context *c, char *buf, int size, bool environment)
{
    if (!proc_task(c))
        return -ESRCH;
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return 0;
    unsigned long start = environment ? mm->env_start : mm->arg_start, end = environment ? mm->env_end : mm->arg_end;
    int length = end > start ? (int)min_t(unsigned long, end - start, size) : 0;
    if (length)
        length = access_process_vm(mm, start, buf, length, 0);
    mmput(mm);
    return length;
}

static int show_cmdline(const struct proc_context *c, char *buf, int size) { return show_memory(c, buf, size, false); }
static int show_environ(const struct proc_context *c, char *buf, int size) { return show_memory(c, buf, size, true); }

static int show_auxv(const struct proc_context *c, char *buf, int size)
{
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return proc_task(c) ? 0 : -ESRCH;
    int length = (int)min_t(size_t, sizeof(mm->saved_auxv), size);
    memcpy(buf, mm->saved_auxv, (size_t)length);
    mmput(mm);
    return length;
}

static int show_comm(const struct proc_context *c, char *buf, int size)
{
    const struct task_struct *task = proc_task(c);
    return task ? scnprintf(buf, (size_t)size, "%s\n", task->comm) : -ESRCH;
}

static int show_limits(const struct proc_context *c, char *buf, int size)
{
    static const struct {
        const char *name, *unit;
    } limits[RLIM_NLIMITS] = {
        {"Max cpu time", "seconds"},    {"Max file size", "bytes"},      {"Max data size", "bytes"},
        {"Max stack size", "bytes"},    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"}, {"Max open files", "files"},     {"Max locked memory", "bytes"},
        {"Max address space", "bytes"}, {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"}, {"Max nice priority", ""},       {"Max realtime priority", ""},
        {"Max realtime timeout", "us"},
    };
    const struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    int used = scnprintf(buf, (size_t)size, "%-26s%-21s%-21s%-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        unsigned long values[2] = {task->rlim[i].rlim_cur, task->rlim[i].rlim_max};
        used += scnprintf(buf + used, (size_t)(size - used), "%-26s", limits[i].name);
        for (int k = 0; k < 2; k++)
            used += values[k] == RLIM_INFINITY ? scnprintf(buf + used, (size_t)(size - used), "%-21s", "unlimited")
                                               : scnprintf(buf + used, (size_t)(size - used), "%-21lu", values[k]);
        used += scnprintf(buf + used, (size_t)(size - used), "%-10s\n", limits[i].unit);
    }
    return used;
}

/* ---- links ---- */

static struct dentry *jump_exe(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    if (!task || !task->mm || !task->mm->exe_file)
        return ERR_PTR(-ENOENT);
    return dget(task->mm->exe_file->f_dentry);
}

static struct dentry *jump_cwd(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    return task && task->fs ? dget(task->fs->pwd) : ERR_PTR(-ENOENT);
}

static struct dentry *jump_root(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    return task && task->fs ? dget(task->fs->root) : ERR_PTR(-ENOENT);
}

static struct dentry *jump_fd(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    if (!task || !task->files || (u32)c->fd >= task->files->max_fds || !task->files->fd[c->fd].file)
        return ERR_PTR(-ENOENT);
    return dget(task->files->fd[c->fd].file->f_dentry);
}

#define TASK_TEXTS                                                                                                     \
    {.name = "auxv", .mode = S_IFREG | 0400, .show = show_auxv},                                                       \
        {.name = "cmdline", .mode = S_IFREG | 0444, .show = show_cmdline},                                             \
        {.name = "comm", .mode = S_IFREG | 0444, .show = show_comm},                                                   \
        {.name = "cwd", .mode = S_IFLNK | 0777, .jump = jump_cwd},                                                     \
        {.name = "environ", .mode = S_IFREG | 0400, .show = show_environ},                                             \
        {.name = "exe", .mode = S_IFLNK | 0777, .jump = jump_exe},                                                     \
        {.name = "fd", .mode = S_IFDIR | 0500, .numbered = PROC_FDS},                                                  \
        {.name = "limits", .mode = S_IFREG | 0444, .show = show_limits},                                               \
        {.name = "maps", .mode = S_IFREG | 0444, .show = show_maps},                                                   \
        {.name = "mounts", .mode = S_IFREG | 0444, .show = proc_show_mounts},                                          \
        {.name = "root", .mode = S_IFLNK | 0777, .jump = jump_root},                                                   \
        {.name = "stat", .mode = S_IFREG | 0444, .show = show_stat},                                                   \
        {.name = "statm", .mode = S_IFREG | 0444, .show = show_statm},                                                 \
    {                                                                                                                  \
        .name = "status", .mode = S_IFREG | 0444, .show = show_status                                                  \
    }

static const struct proc_entry thread_entries[] = {TASK_TEXTS, {0}};

const struct proc_entry proc_pid_entries[] = {
    TASK_TEXTS,
    {.name = "task", .mode = S_IFDIR | 0555, .numbered = PROC_THREADS},
    {0},
};

const struct proc_entry proc_pid_dir = {.mode = S_IFDIR | 0555, .children = proc_pid_entries};
const struct proc_entry proc_thread_dir = {.mode = S_IFDIR | 0555, .children = thread_entries};
const struct proc_entry proc_fd_link = {.mode = S_IFLNK | 0700, .jump = jump_fd};
