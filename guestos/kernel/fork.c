/*
 * How tasks come to be: fork, vfork, clone and kernel threads are one do_fork() with different requests.
 *
 * Kept true: every task is in init_task.tasks; a thread is in its leader's thread_group; a process (its leader) is in
 * its parent's children, where the parent is always a leader too. A task has two references of its own: one of the
 * lists (dropped by release_task) and one for its being a running context (dropped after its last switch).
 */
#include "asm/fpu.h"
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/init.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"
#include "kernel/trace.h"
#include "mm/mm.h"
#include "mm/slab.h"

#define RESERVED_PIDS 300 /* after the first round low numbers stay with the system */
#define STACK_ORDER 1

unsigned long total_forks;

static kmem_cache_t *task_cache, *signal_cache, *sighand_cache;
static pid_t last_pid;

void fork_init(void)
{
    task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 16, SLAB_PANIC, NULL);
    signal_cache = kmem_cache_create("signal_struct", sizeof(struct signal_struct), 0, SLAB_PANIC, NULL);
    sighand_cache = kmem_cache_create("sighand_struct", sizeof(struct sighand_struct), 0, SLAB_PANIC, NULL);
}

/* ---- pids ---- */

struct task_struct *find_task_by_pid(pid_t pid)
{
    struct task_struct *task;
    for_each_task (task) {
        if (task->pid == pid)
            return task;
    }
    return NULL;
}

static bool pid_in_use(pid_t pid)
{
    const struct task_struct *task;
    for_each_task (task) {
        if (task->pid == pid || task->tgid == pid || task->pgrp == pid || task->session == pid)
            return true;
    }
    return false;
}

/* 0: all are taken. */
static pid_t alloc_pid(void)
{
    for (int tries = 0; tries < PID_MAX; tries++) {
        last_pid = last_pid + 1 < PID_MAX ? last_pid + 1 : RESERVED_PIDS;
        if (!pid_in_use(last_pid))
            return last_pid;
    }
    return 0;
}

/* ---- the parts of a task ---- */

/* /proc/zoneinfo: nr_kernel_stack, in pages. */
static void count_kernel_stack(const struct task_struct *task, long sign)
{
    page_zone(virt_to_page(task->stack))->vm_stat[NR_KERNEL_STACK] += sign * (1 << STACK_ORDER);
}

void put_task_struct(struct task_struct *task)
{
    if (!atomic_dec_and_test(&task->usage))
        return;
    fpu_free(task);
    count_kernel_stack(task, -1);
    free_pages((unsigned long)task->stack, STACK_ORDER);
    kmem_cache_free(task_cache, task);
}

static struct task_struct *dup_task_struct(void)
{
    struct task_struct *task = kmem_cache_alloc(task_cache, GFP_KERNEL);
    if (!task)
        return NULL;
    *task = *current;
    task->stack = (void *)__get_free_pages(GFP_KERNEL | __GFP_KERNEL_OWN, STACK_ORDER);
    if (!task->stack) {
        kmem_cache_free(task_cache, task);
        return NULL;
    }
    count_kernel_stack(task, 1);
    memset(task->stack, 0, THREAD_SIZE);
    *(u32 *)task->stack = STACK_END_MAGIC;
    task->fpu_state = NULL;
    return task;
}

static void reset_task(struct task_struct *task, const struct clone_request *request)
{
    atomic_set(&task->usage, 2);
    task->flags = (task->flags & ~(u32)(PF_MEMALLOC | PF_SIGNALED)) | PF_FORKNOEXEC;
    INIT_LIST_HEAD(&task->children);
    INIT_LIST_HEAD(&task->sibling);
    INIT_LIST_HEAD(&task->thread_group);
    INIT_LIST_HEAD(&task->pending.list);
    init_waitqueue_head(&task->wait_chldexit);
    init_waitqueue_head(&task->vfork_wait);
    task->pending.signal = task->real_blocked = 0;
    task->signal_wake = task->restore_sigmask = task->stopped = task->did_exec = false;
    task->utime = task->stime = task->cutime = task->cstime = 0;
    task->min_flt = task->maj_flt = task->cmin_flt = task->cmaj_flt = task->nvcsw = task->nivcsw = 0;
    task->start_time = ktime_ns();
    task->exit_code = 0;
    task->exit_signal = request->flags & CLONE_THREAD ? -1 : request->exit_signal;
    task->pdeath_signal = 0;
    task->forced_signal = 0;
    task->fail_nth = 0;
    task->vfork_pending = (request->flags & CLONE_VFORK) != 0;
    task->clear_child_tid = request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : NULL;
    task->robust_list = NULL;
    task->restart.run = NULL;
    task->set_child_tid = request->flags & CLONE_CHILD_SETTID ? request->child_tid : NULL;
    if ((request->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
        task->sas_ss_sp = task->sas_ss_size = 0;
    if (request->name)
        strlcpy(task->comm, request->name, sizeof(task->comm));
}

static int copy_sighand(struct task_struct *task, u32 flags)
{
    if (flags & CLONE_SIGHAND) {
        atomic_inc(&task->sighand->count);
        return 0;
    }
    task->sighand = kmem_cache_alloc(sighand_cache, GFP_KERNEL);
    if (!task->sighand)
        return -ENOMEM;
    *task->sighand = *current->sighand;
    atomic_set(&task->sighand->count, 1);
    return 0;
}

static int copy_signal(struct task_struct *task, u32 flags)
{
    if (flags & CLONE_THREAD) {
        atomic_inc(&task->signal->count);
        task->signal->live++;
        return 0;
    }
    struct signal_struct *signal = kmem_cache_zalloc(signal_cache, GFP_KERNEL);
    if (!signal)
        return -ENOMEM;
    atomic_set(&signal->count, 1);
    signal->live = 1;
    signal->leader = task;
    INIT_LIST_HEAD(&signal->threads);
    INIT_LIST_HEAD(&signal->shared_pending.list);
    itimer_init(signal);
    task->signal = signal;
    return 0;
}

static int copy_mm(struct task_struct *task, const struct clone_request *request)
{
    task->active_mm = NULL;
    if (request->thread || !current->mm) {
        task->mm = NULL;
        return 0;
    }
    if (request->flags & CLONE_VM)
        atomic_inc(&current->mm->mm_users);
    else
        task->mm = dup_mm(current->mm);
    return task->mm ? 0 : -ENOMEM;
}

/* Ends what the copy_ functions began; each pointer is either the child's own or NULL. */
static void discard_task(struct task_struct *task)
{
    if (task->mm)
        mmput(task->mm);
    if (task->signal && atomic_dec_and_test(&task->signal->count))
        kmem_cache_free(signal_cache, task->signal);
    else if (task->signal)
        task->signal->live--;
    if (task->sighand && atomic_dec_and_test(&task->sighand->count))
        kmem_cache_free(sighand_cache, task->sighand);
    if (task->fs)
        exit_fs(task);
    if (task->files)
        exit_files(task);
    atomic_set(&task->usage, 1);
    put_task_struct(task);
}

static int copy_resources(struct task_struct *task, const struct clone_request *request)
{
    struct files_struct *files = task->files;
    struct fs_struct *fs = task->fs;
    struct mm_struct *mm = task->mm;
    struct signal_struct *signal = task->signal;
    struct sighand_struct *sighand = task->sighand;
    task->files = NULL;
    task->fs = NULL;
    task->mm = NULL;
    task->signal = NULL;
    task->sighand = NULL;

    if (files && !(task->files = copy_files(files, request->flags & CLONE_FILES)))
        return -ENOMEM;
    if (fs && !(task->fs = copy_fs(fs, request->flags & CLONE_FS)))
        return -ENOMEM;
    task->sighand = sighand;
    if (copy_sighand(task, request->flags))
        return -ENOMEM;
    task->signal = signal;
    if (copy_signal(task, request->flags)) {
        task->signal = NULL;
        return -ENOMEM;
    }
    task->mm = mm;
    if (copy_mm(task, request))
        return -ENOMEM;
    if (fpu_fork(task))
        return -ENOMEM;
    return copy_thread(task, request);
}

/* Kernel threads are the idle task's, whoever had the idea: nobody shall wait for them. */
static struct task_struct *choose_parent(const struct clone_request *request)
{
    if (request->thread)
        return &init_task;
    return request->flags & CLONE_PARENT ? current->group_leader->parent : current->group_leader;
}

static void link_task(struct task_struct *task, const struct clone_request *request)
{
    unsigned long irq = local_irq_save();
    if (request->flags & CLONE_THREAD) {
        task->tgid = current->tgid;
        task->group_leader = current->group_leader;
        task->parent = current->group_leader->parent;
    } else {
        task->tgid = task->pid;
        task->group_leader = task;
        task->parent = choose_parent(request);
        list_add_tail(&task->sibling, &task->parent->children);
    }
    list_add_tail(&task->thread_group, &task->signal->threads);
    list_add_tail(&task->tasks, &init_task.tasks);
    local_irq_restore(irq);
}

static int check_request(const struct clone_request *request)
{
    u32 flags = request->flags;
    if (flags & CLONE_NAMESPACES)
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_THREAD) && current->signal->group_exit)
        return -EAGAIN;
    return 0;
}

static bool too_many_processes(void)
{
    unsigned long count = 0;
    const struct task_struct *task;
    if (!current->uid)
        return false;
    for_each_task (task)
        count += task->uid == current->uid;
    return count >= current->rlim[RLIMIT_NPROC].rlim_cur;
}

static struct task_struct *copy_process(const struct clone_request *request)
{
    int error = check_request(request);
    if (error)
        return ERR_PTR(error);
    if (too_many_processes())
        return ERR_PTR(-EAGAIN);
    struct task_struct *task = dup_task_struct();
    if (!task)
        return ERR_PTR(-ENOMEM);
    reset_task(task, request);
    sched_fork(task);
    error = copy_resources(task, request);
    task->pid = error ? 0 : alloc_pid();
    if (!error && !task->pid)
        error = -EAGAIN;
    if (error) {
        discard_task(task);
        return ERR_PTR(error);
    }
    link_task(task, request);
    total_forks++;
    return task;
}

static void wait_for_vfork(struct task_struct *child)
{
    DEFINE_WAIT(wait);
    while (child->vfork_pending && !fatal_signal_pending(current)) {
        prepare_to_wait(&child->vfork_wait, &wait, TASK_KILLABLE);
        if (child->vfork_pending)
            schedule();
    }
    finish_wait(&child->vfork_wait, &wait);
}

void vfork_done(struct task_struct *task)
{
    if (!task->vfork_pending)
        return;
    task->vfork_pending = 0;
    wake_up(&task->vfork_wait);
}

static void trace_new_task(const struct task_struct *child, const struct clone_request *request)
{
    struct flt_task_new record = {.pid = (u32)child->pid,
                                  .parent = request->thread ? 0 : (u32)current->pid,
                                  .clone_flags = request->flags | (u32)request->exit_signal};
    if (!trace_enabled)
        return;
    memcpy(record.comm, child->comm, sizeof(record.comm));
    trace_emit(&record.head, FLT_TASK_NEW, sizeof(record));
}

long do_fork(const struct clone_request *request)
{
    struct task_struct *child = copy_process(request);
    if (IS_ERR(child))
        return PTR_ERR(child);
    pid_t pid = child->pid;
    trace_new_task(child, request);
    if (request->flags & CLONE_PARENT_SETTID)
        put_user_u32((u32)pid, request->parent_tid);
    get_task_struct(child);
    wake_up_process(child);
    if (request->flags & CLONE_VFORK)
        wait_for_vfork(child);
    put_task_struct(child);
    return pid;
}

struct task_struct *kernel_thread(const char *name, int (*run)(void *), void *argument)
{
    struct clone_request request = {.exit_signal = SIGCHLD, .thread = run, .argument = argument, .name = name};
    struct task_struct *child = copy_process(&request);
    if (IS_ERR(child))
        return child;
    child->flags |= PF_KTHREAD;
    trace_new_task(child, &request);
    wake_up_process(child);
    return child;
}

/* A kernel thread's function is done: one that has become a program goes on with that, the others end. */
void thread_returned(void)
{
    if (current->flags & PF_KTHREAD)
        do_exit(0);
}

/* ---- system calls ---- */

long sys_fork(void)
{
    const struct clone_request request = {.exit_signal = SIGCHLD};
    return do_fork(&request);
}

long sys_vfork(void)
{
    const struct clone_request request = {.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD};
    return do_fork(&request);
}

long sys_clone(u32 flags, u32 sp, void __user *parent_tid, u32 tls, void __user *child_tid)
{
    const struct clone_request request = {.flags = flags & ~CSIGNAL,
                                          .exit_signal = (int)(flags & CSIGNAL),
                                          .sp = sp,
                                          .parent_tid = parent_tid,
                                          .child_tid = child_tid,
                                          .tls = (const void __user *)tls};
    return do_fork(&request);
}

/* glibc asks for clone3 first and takes clone when it is not there, as on kernels before 5.3. */
long sys_clone3(void __user *arguments, u32 size)
{
    (void)arguments;
    (void)size;
    return -ENOSYS;
}

long sys_set_tid_address(void __user *address)
{
    current->clear_child_tid = address;
    return current->pid;
}

/* A task leaves its process's shared signal state; the last one frees it. */
void release_signal_state(struct task_struct *task)
{
    flush_sigqueue(&task->pending, task->signal);
    if (atomic_dec_and_test(&task->signal->count)) {
        flush_sigqueue(&task->signal->shared_pending, task->signal);
        kmem_cache_free(signal_cache, task->signal);
    }
    if (atomic_dec_and_test(&task->sighand->count))
        kmem_cache_free(sighand_cache, task->sighand);
    task->signal = NULL;
    task->sighand = NULL;
}

/* exec: a table of handlers of one's own. */
int unshare_sighand(void)
{
    struct sighand_struct *shared = current->sighand;
    if (atomic_read(&shared->count) == 1)
        return 0;
    struct sighand_struct *own = kmem_cache_alloc(sighand_cache, GFP_KERNEL);
    if (!own)
        return -ENOMEM;
    *own = *shared;
    atomic_set(&own->count, 1);
    current->sighand = own;
    atomic_dec(&shared->count);
    return 0;
}
