/*
 * The scheduler: round robin with time slices.
 *
 * Every runnable task but the idle task is in the run queue, the running one too, at its head. The clock
 * interrupt takes the running task's slice down; at 0 the task goes to the end with a fresh slice at the next moment
 * when the kernel may switch: on the way back to the program, or in cond_resched(). The kernel itself is never
 * preempted. An empty queue means that the idle task runs: it halts the CPU until an interrupt.
 *
 * kswapd alone is put at the head when it wakes and runs at the next such moment.
 *
 * A task that ends stays on its stack until the next one has taken over: schedule_tail() drops its last own reference.
 */
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/trace.h"
#include "kernel/syscalls.h"
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "mm/mm.h"

#define DEFAULT_SLICE 10 /* ticks: 100 ms */

struct task_struct init_task = {
    .comm = "swapper",
    .state = TASK_RUNNING,
    .flags = PF_KTHREAD,
    .stack = init_stack,
    .active_mm = &init_mm,
    .tasks = LIST_HEAD_INIT(init_task.tasks),
    .run_list = LIST_HEAD_INIT(init_task.run_list),
    .parent = &init_task,
    .group_leader = &init_task,
    .children = LIST_HEAD_INIT(init_task.children),
    .sibling = LIST_HEAD_INIT(init_task.sibling),
    .thread_group = LIST_HEAD_INIT(init_task.thread_group),
    .wait_chldexit = {LIST_HEAD_INIT(init_task.wait_chldexit.task_list)},
    .vfork_wait = {LIST_HEAD_INIT(init_task.vfork_wait.task_list)},
    .pending = {LIST_HEAD_INIT(init_task.pending.list), 0},
    .usage = ATOMIC_INIT(2),
};
struct task_struct *current_task = &init_task;
unsigned long nr_context_switches;

static LIST_HEAD(run_queue);
static struct task_struct *switched_from;
static struct mm_struct *borrowed_mm; /* the address space that switched_from only borrowed */
static unsigned long load_average[3];

static int slice_of(const struct task_struct *task)
{
    int slice = (20 - task->nice) / 2;
    return slice > 0 ? slice : 1;
}

void sched_init(void)
{
    static struct signal_struct init_signal = {.count = ATOMIC_INIT(1), .live = 1, .leader = &init_task};
    static struct sighand_struct init_sighand = {.count = ATOMIC_INIT(1)};
    *(u32 *)init_task.stack = STACK_END_MAGIC;
    INIT_LIST_HEAD(&init_signal.shared_pending.list);
    INIT_LIST_HEAD(&init_signal.threads);
    list_add(&init_task.thread_group, &init_signal.threads);
    itimer_init(&init_signal);
    init_task.signal = &init_signal;
    init_task.sighand = &init_sighand;
    atomic_inc(&init_mm.mm_count); /* init_task borrows it */
    init_task.time_slice = DEFAULT_SLICE;
    for (int i = 0; i < RLIM_NLIMITS; i++)
        init_task.rlim[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    init_task.rlim[RLIMIT_STACK].rlim_cur = 8ul << 20;
    init_task.rlim[RLIMIT_CORE].rlim_cur = 0;
    init_task.rlim[RLIMIT_NOFILE] = (struct rlimit){1024, 4096};
    init_task.rlim[RLIMIT_MEMLOCK] = (struct rlimit){8ul << 20, 8ul << 20};
    init_task.rlim[RLIMIT_SIGPENDING] = (struct rlimit){1024, 1024};
    init_task.rlim[RLIMIT_MSGQUEUE] = (struct rlimit){819200, 819200};
    init_task.rlim[RLIMIT_NICE] = (struct rlimit){0, 0};
    init_task.rlim[RLIMIT_RTPRIO] = (struct rlimit){0, 0};
}

void sched_fork(struct task_struct *child)
{
    INIT_LIST_HEAD(&child->run_list);
    child->state = TASK_UNINTERRUPTIBLE; /* until wake_up_process() */
    child->time_slice = slice_of(child);
    child->need_resched = 0;
    child->exec_runtime = 0;
    child->last_ran = 0;
}

/* kswapd is called when memory is short: it goes first, else the task that eats it would have to reclaim by itself for
 * the rest of its slice. */
static void enqueue(struct task_struct *task)
{
    if (!list_empty(&task->run_list))
        return;
    if (task->flags & PF_KSWAPD) {
        list_add(&task->run_list, &run_queue);
        current->need_resched = 1;
    } else {
        list_add_tail(&task->run_list, &run_queue);
    }
}

bool wake_up_state(struct task_struct *task, long states)
{
    unsigned long flags = local_irq_save();
    bool woken = (task->state & states) != 0;
    if (woken) {
        task->state = TASK_RUNNING;
        enqueue(task);
    }
    local_irq_restore(flags);
    return woken;
}

void wake_up_process(struct task_struct *task) { wake_up_state(task, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE); }

u64 task_exec_runtime(const struct task_struct *task)
{
    u64 runtime = task->exec_runtime;
    return task == current ? runtime + (ktime_ns() - task->last_ran) : runtime;
}

/* Loads next's address space; a kernel thread goes on in the one that is there and holds a reference meanwhile. */
static void switch_mm(struct task_struct *prev, struct task_struct *next)
{
    struct mm_struct *from = prev->active_mm;
    if (next->mm) {
        next->active_mm = next->mm;
        if (next->mm != from)
            activate_mm(from, next->mm);
    } else {
        next->active_mm = from;
        atomic_inc(&from->mm_count);
    }
    borrowed_mm = prev->mm ? NULL : from;
    if (!prev->mm)
        prev->active_mm = NULL;
}

static void finish_switch(void)
{
    struct task_struct *prev = switched_from;
    if (borrowed_mm)
        mmdrop(borrowed_mm);
    borrowed_mm = NULL;
    if (prev->state & (EXIT_ZOMBIE | EXIT_DEAD))
        put_task_struct(prev);
}

void schedule_tail(void)
{
    finish_switch();
    local_irq_enable();
    if (current->set_child_tid)
        put_user_u32((u32)current->pid, current->set_child_tid);
}

/* A stack that grew beyond its pages has changed the word at its end, and who knows what below. */
static void check_stack_end(const struct task_struct *task)
{
    if (unlikely(task->stack && *(const u32 *)task->stack != STACK_END_MAGIC))
        panic("kernel stack overflow in %s[%d]", task->comm, task->pid);
}

static void context_switch(struct task_struct *prev, struct task_struct *next)
{
    u64 now = ktime_ns();
    check_stack_end(prev);
    prev->exec_runtime += now - prev->last_ran;
    next->last_ran = now;
    nr_context_switches++;
    TRACE(FLT_SCHED_SWITCH, flt_sched_switch, .prev = (u32)prev->pid, .next = (u32)next->pid);
    switch_mm(prev, next);
    switched_from = prev;
    switch_to(prev, next);
    finish_switch();
}

/* The running task leaves the queue when it sleeps or ends, goes to its end when its slice is used up. */
static void requeue(struct task_struct *task)
{
    if (task == &init_task)
        return;
    if (task->state == TASK_INTERRUPTIBLE && signal_pending(task))
        task->state = TASK_RUNNING;
    if (task->state == (long)TASK_KILLABLE && fatal_signal_pending(task))
        task->state = TASK_RUNNING;
    if (task->state != TASK_RUNNING) {
        list_del_init(&task->run_list);
    } else if (task->time_slice <= 0) {
        task->time_slice = slice_of(task);
        list_move_tail(&task->run_list, &run_queue);
    }
}

void schedule(void)
{
    unsigned long flags = local_irq_save();
    struct task_struct *prev = current;
    prev->need_resched = 0;
    requeue(prev);
    struct task_struct *next =
        list_empty(&run_queue) ? &init_task : list_entry(run_queue.next, struct task_struct, run_list);
    if (next != prev) {
        if (prev->state == TASK_RUNNING)
            prev->nivcsw++;
        else
            prev->nvcsw++;
        context_switch(prev, next);
    }
    local_irq_restore(flags);
}

void cond_resched(void)
{
    if (current->need_resched)
        schedule();
}

void cpu_idle(void)
{
    for (;;) {
        local_irq_disable();
        if (list_empty(&run_queue)) {
            __asm__ volatile("sti; hlt" : : : "memory"); /* sti takes effect after hlt has begun */
        } else {
            local_irq_enable();
            schedule();
        }
    }
}

/* Exponential averages over 1, 5 and 15 minutes, every 5 seconds, 11 bits of fraction, as Linux shows them. */
static void update_load_average(void)
{
    static const unsigned long decay[3] = {1884, 2014, 2037};
    unsigned long running = 0;
    struct list_head *at;
    list_for_each (at, &run_queue)
        running++;
    for (int i = 0; i < 3; i++)
        load_average[i] = (load_average[i] * decay[i] + (running << 11) * (2048 - decay[i])) >> 11;
}

void get_loadavg(unsigned long load[3])
{
    for (int i = 0; i < 3; i++)
        load[i] = load_average[i];
}

void scheduler_tick(bool user)
{
    if (jiffies % (5 * HZ) == 0)
        update_load_average();
    struct task_struct *task = current;
    if (task == &init_task)
        return;
    if (user)
        task->utime += NSEC_PER_TICK;
    else
        task->stime += NSEC_PER_TICK;
    itimer_tick(task, user);
    if (--task->time_slice <= 0)
        task->need_resched = 1;
}

/* ---- system calls ---- */

#define SCHED_OTHER 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5

long sys_sched_yield(void)
{
    current->time_slice = 0;
    schedule();
    return 0;
}

static struct task_struct *task_of(pid_t pid) { return pid ? find_task_by_pid(pid) : current; }

long sys_sched_getaffinity(pid_t pid, u32 size, void __user *mask)
{
    if (size < 4 || (size & 3))
        return -EINVAL;
    if (!task_of(pid))
        return -ESRCH;
    return put_user_u32(1, mask) ? -EFAULT : 4;
}

long sys_sched_setaffinity(pid_t pid, u32 size, const void __user *mask)
{
    u32 wanted = 0;
    if (size && copy_from_user(&wanted, mask, min_t(u32, size, 4)))
        return -EFAULT;
    if (!task_of(pid))
        return -ESRCH;
    return wanted & 1 ? 0 : -EINVAL;
}

static bool policy_has_priorities(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }
static bool policy_exists(int policy)
{
    return policy_has_priorities(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

long sys_sched_getscheduler(pid_t pid)
{
    if (pid < 0)
        return -EINVAL;
    return task_of(pid) ? SCHED_OTHER : -ESRCH;
}

/* There is one policy: the others' names are accepted where they mean the same to a program. */
long sys_sched_setscheduler(pid_t pid, int policy, const void __user *param)
{
    u32 priority;
    if (pid < 0 || !policy_exists(policy) || !param)
        return -EINVAL;
    if (get_user_u32(&priority, param))
        return -EFAULT;
    if (!task_of(pid))
        return -ESRCH;
    if (policy_has_priorities(policy))
        return priority < 1 || priority > 99 ? -EINVAL : -EPERM;
    return priority ? -EINVAL : 0;
}

long sys_sched_getparam(pid_t pid, void __user *param)
{
    if (pid < 0 || !param)
        return -EINVAL;
    if (!task_of(pid))
        return -ESRCH;
    return put_user_u32(0, param) ? -EFAULT : 0;
}

long sys_sched_setparam(pid_t pid, const void __user *param) { return sys_sched_setscheduler(pid, SCHED_OTHER, param); }

long sys_sched_get_priority_max(int policy)
{
    if (!policy_exists(policy))
        return -EINVAL;
    return policy_has_priorities(policy) ? 99 : 0;
}

long sys_sched_get_priority_min(int policy)
{
    if (!policy_exists(policy))
        return -EINVAL;
    return policy_has_priorities(policy) ? 1 : 0;
}

long sys_sched_rr_get_interval(pid_t pid, void __user *interval)
{
    struct task_struct *task = task_of(pid);
    if (pid < 0)
        return -EINVAL;
    if (!task)
        return -ESRCH;
    return put_timespec32((u64)slice_of(task) * NSEC_PER_TICK, interval);
}

long sys_getcpu(void __user *cpu, void __user *node, void __user *cache)
{
    (void)cache;
    if ((cpu && put_user_u32(0, cpu)) || (node && put_user_u32(0, node)))
        return -EFAULT;
    return 0;
}

/* ---- niceness ---- */

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2

static bool priority_selects(const struct task_struct *task, int which, int who)
{
    switch (which) {
    case PRIO_PROCESS: return task->pid == (who ? who : current->pid);
    case PRIO_PGRP: return task->pgrp == (who ? who : current->pgrp);
    default: return task->uid == (who ? (u32)who : current->uid);
    }
}

static int clamp_nice(int nice) { return nice < -20 ? -20 : nice > 19 ? 19 : nice; }

static int set_nice(struct task_struct *task, int nice)
{
    if (current->euid && current->euid != task->uid && current->euid != task->euid)
        return -EPERM;
    if (nice < task->nice && current->euid)
        return -EACCES;
    task->nice = nice;
    return 0;
}

long sys_setpriority(int which, int who, int nice)
{
    int result = -ESRCH;
    struct task_struct *task;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    for_each_task (task) {
        if (priority_selects(task, which, who)) {
            int one = set_nice(task, clamp_nice(nice));
            result = one || result == -ESRCH ? one : result;
        }
    }
    return result;
}

/* 20 - nice, so that no result looks like an error. */
long sys_getpriority(int which, int who)
{
    long best = -ESRCH;
    struct task_struct *task;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    for_each_task (task) {
        if (priority_selects(task, which, who) && 20 - task->nice > best)
            best = 20 - task->nice;
    }
    return best;
}

long sys_nice(int increment)
{
    int nice = clamp_nice(current->nice + (increment < -40 ? -40 : increment > 40 ? 40 : increment));
    if (increment < 0 && current->euid)
        return -EPERM;
    current->nice = nice;
    return 0;
}
