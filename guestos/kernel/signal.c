/*
 * Signals: from the sender's call to the moment when a handler or a default action is due.
 *
 * Kept true, with interrupts off around each change because terminals and timers send from interrupts:
 *   - bit n of a sigpending is set exactly when its list has an entry for n, or when memory for the entry was lacking;
 *     signals 1-31 have at most one entry, 32-64 queue;
 *   - task->signal_wake is set whenever a signal that task does not block is pending for it or for its process; it may
 *     be set without one (recalc_sigpending() clears it then), never the other way round.
 *
 * Faults of a program go to the thread that caused them, before anything else. Others go to the process: to the main
 * thread when it can take them, else to any that can. Pid 1 gets only what it has a handler for, its own signals and
 * its faults.
 */
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/trace.h"
#include "mm/slab.h"

#define STOP_SIGNALS (sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU))
#define IGNORED_BY_DEFAULT (sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | sigmask(SIGURG))
#define SYNCHRONOUS                                                                                                    \
    (sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS))
#define UNBLOCKABLE (sigmask(SIGKILL) | sigmask(SIGSTOP))

/* ---- pending sets ---- */

void recalc_sigpending(struct task_struct *task)
{
    unsigned long flags = local_irq_save();
    const struct signal_struct *signal = task->signal;
    bool dying = signal->group_exit || (signal->exec_thread && signal->exec_thread != task);
    task->signal_wake = dying || signal->stop_signal || task->restore_sigmask ||
                        ((task->pending.signal | signal->shared_pending.signal) & ~task->blocked);
    local_irq_restore(flags);
}

/* Something that ends a sleep: not merely a mask that waits to be restored. */
bool signal_pending(const struct task_struct *task)
{
    const struct signal_struct *signal = task->signal;
    if (!task->signal_wake)
        return false;
    return signal->group_exit || signal->stop_signal || (signal->exec_thread && signal->exec_thread != task) ||
           ((task->pending.signal | signal->shared_pending.signal) & ~task->blocked);
}

bool fatal_signal_pending(const struct task_struct *task)
{
    const struct signal_struct *signal = task->signal;
    return signal->group_exit || ((task->pending.signal | signal->shared_pending.signal) & sigmask(SIGKILL)) ||
           (signal->exec_thread && signal->exec_thread != task);
}

static void drop_entry(struct sigqueue *entry, struct signal_struct *owner)
{
    list_del(&entry->list);
    owner->queued--;
    kfree(entry);
}

void discard_pending(struct sigpending *pending, sigset_t set, struct signal_struct *owner)
{
    struct sigqueue *entry, *next;
    pending->signal &= ~set;
    list_for_each_entry_safe (entry, next, &pending->list, list) {
        if (sigmask(entry->info.si_signo) & set)
            drop_entry(entry, owner);
    }
}

void flush_sigqueue(struct sigpending *pending, struct signal_struct *owner)
{
    unsigned long flags = local_irq_save();
    discard_pending(pending, ~0ull, owner);
    local_irq_restore(flags);
}

static void drop_from_process(struct task_struct *task, sigset_t set)
{
    struct task_struct *thread;
    discard_pending(&task->signal->shared_pending, set, task->signal);
    for_each_thread (thread, task)
        discard_pending(&thread->pending, set, task->signal);
}

/* 0, or -EAGAIN: a queued signal that found no room. Others lose only their siginfo. */
static int enqueue(struct task_struct *task, struct sigpending *pending, int signal, const struct siginfo *info)
{
    if (signal < SIGRTMIN && (pending->signal & sigmask(signal)))
        return 0;
    bool room = (unsigned long)task->signal->queued < task->rlim[RLIMIT_SIGPENDING].rlim_cur || signal < SIGRTMIN;
    struct sigqueue *entry = room ? kmalloc(sizeof(*entry), GFP_ATOMIC) : NULL;
    if (!entry && signal >= SIGRTMIN && info && info->si_code != SI_USER)
        return -EAGAIN;
    pending->signal |= sigmask(signal);
    if (!entry)
        return 0;
    entry->info = info ? *info : (struct siginfo){.si_code = SI_KERNEL};
    entry->info.si_signo = signal;
    list_add_tail(&entry->list, &pending->list);
    task->signal->queued++;
    return 0;
}

/* ---- sending ---- */

static u32 handler_of(const struct task_struct *task, int signal) { return task->sighand->action[signal - 1].handler; }

static bool spared_as_init(const struct task_struct *task, int signal, const struct siginfo *info)
{
    if (task->tgid != 1 || handler_of(task, signal) != SIG_DFL)
        return false;
    bool from_kernel = !info || info->si_code > 0;
    bool own_fault = from_kernel && (sigmask(signal) & (SYNCHRONOUS | sigmask(SIGKILL)));
    bool own_call = !from_kernel && info->si_pid == 1;
    return !own_fault && !own_call;
}

static bool ignored(const struct task_struct *task, int signal, const struct siginfo *info)
{
    if ((task->blocked | task->real_blocked) & sigmask(signal))
        return false;
    u32 handler = handler_of(task, signal);
    return handler == SIG_IGN || (handler == SIG_DFL && (sigmask(signal) & IGNORED_BY_DEFAULT)) ||
           spared_as_init(task, signal, info);
}

static void continue_process(struct task_struct *task)
{
    struct signal_struct *signal = task->signal;
    struct task_struct *thread;
    drop_from_process(task, STOP_SIGNALS);
    if (!signal->stop_signal)
        return;
    bool was_stopped = signal->stop_count > 0;
    signal->stop_signal = signal->stop_count = signal->stop_report = 0;
    for_each_thread (thread, task) {
        thread->stopped = false;
        wake_up_state(thread, TASK_STOPPED);
    }
    if (was_stopped) {
        signal->continue_report = true;
        notify_parent_of_stop(task, CLD_CONTINUED, SIGCONT);
    }
}

/* What sending does beyond making the signal pending. False: it is not to become pending. */
static bool prepare_signal(struct task_struct *task, int signal, const struct siginfo *info)
{
    if (task->signal->group_exit)
        return signal == SIGKILL;
    if (sigmask(signal) & STOP_SIGNALS)
        drop_from_process(task, sigmask(SIGCONT));
    else if (signal == SIGCONT)
        continue_process(task);
    return !ignored(task, signal, info);
}

static bool can_take(const struct task_struct *task, int signal)
{
    return !(task->blocked & sigmask(signal)) && !(task->flags & PF_EXITING) && (!task->stopped || signal == SIGKILL);
}

static void signal_wake_up(struct task_struct *task, bool kill)
{
    task->signal_wake = true;
    wake_up_state(task, TASK_INTERRUPTIBLE | (kill ? TASK_STOPPED | TASK_WAKEKILL : 0));
}

static void kill_wakes_all(struct task_struct *task)
{
    struct task_struct *thread;
    task->signal->stop_signal = task->signal->stop_count = 0;
    for_each_thread (thread, task) {
        thread->stopped = false;
        signal_wake_up(thread, true);
    }
}

static void wake_a_taker(struct task_struct *task, int signal)
{
    struct task_struct *thread;
    if (signal == SIGKILL) {
        kill_wakes_all(task);
        return;
    }
    if (can_take(task, signal)) {
        signal_wake_up(task, false);
        return;
    }
    for_each_thread (thread, task) {
        if (can_take(thread, signal)) {
            signal_wake_up(thread, false);
            return;
        }
    }
}

/* To the one thread. */
int send_signal(struct task_struct *task, int signal, const struct siginfo *info)
{
    int result = 0;
    unsigned long flags = local_irq_save();
    if (task->signal && prepare_signal(task, signal, info)) {
        result = enqueue(task, &task->pending, signal, info);
        if (signal == SIGKILL)
            kill_wakes_all(task);
        else if (can_take(task, signal))
            signal_wake_up(task, false);
    }
    local_irq_restore(flags);
    return result;
}

/* To the process of task. */
int send_group_signal(struct task_struct *task, int signal, const struct siginfo *info)
{
    int result = 0;
    unsigned long flags = local_irq_save();
    if (task->signal && prepare_signal(task, signal, info)) {
        result = enqueue(task, &task->signal->shared_pending, signal, info);
        wake_a_taker(task->group_leader, signal);
    }
    local_irq_restore(flags);
    return result;
}

int kill_pgrp(pid_t pgrp, int signal, const struct siginfo *info)
{
    int result = -ESRCH;
    struct task_struct *task;
    unsigned long flags = local_irq_save();
    for_each_task (task) {
        if (task->pgrp != pgrp || task != task->group_leader)
            continue;
        result = 0;
        if (signal)
            send_group_signal(task, signal, info);
    }
    local_irq_restore(flags);
    return result;
}

void force_sig_fault(int signal, int si_code, u32 addr)
{
    const struct siginfo info = {.si_signo = signal, .si_code = si_code, .si_addr = addr};
    struct k_sigaction *action = &current->sighand->action[signal - 1];
    unsigned long flags = local_irq_save();
    if ((current->blocked & sigmask(signal)) || action->handler == SIG_IGN) {
        action->handler = SIG_DFL;
        current->blocked &= ~sigmask(signal);
    }
    discard_pending(&current->pending, sigmask(signal), current->signal);
    enqueue(current, &current->pending, signal, &info);
    current->forced_signal = signal;
    current->signal_wake = true;
    local_irq_restore(flags);
}

/* Every other thread of the process is to end; with exit_code when the whole process ends. */
void zap_other_threads(int exit_code)
{
    struct signal_struct *signal = current->signal;
    struct task_struct *thread;
    unsigned long flags = local_irq_save();
    if (signal->exec_thread != current || !signal->exec_thread) {
        signal->group_exit = true;
        signal->group_exit_code = exit_code;
    }
    signal->stop_signal = signal->stop_count = 0;
    for_each_thread (thread, current) {
        if (thread != current && !(thread->flags & PF_EXITING)) {
            thread->stopped = false;
            signal_wake_up(thread, true);
        }
    }
    local_irq_restore(flags);
}

/* ---- parents ---- */

static u32 ticks_of(u64 ns) { return (u32)(ns / NSEC_PER_TICK); }

static struct siginfo child_info(const struct task_struct *task, int code, int status)
{
    struct process_times times;
    get_process_times(task, &times);
    return (struct siginfo){.si_signo = SIGCHLD,
                            .si_code = code,
                            .si_pid = task->pid,
                            .si_uid = task->uid,
                            .si_status = status,
                            .si_utime = ticks_of(times.utime),
                            .si_stime = ticks_of(times.stime)};
}

bool notify_parent_of_exit(struct task_struct *task)
{
    if (task->flags & PF_KTHREAD)
        return true; /* nobody waits for it */
    struct task_struct *parent = task->parent;
    int status = task->signal->group_exit ? task->signal->group_exit_code : task->exit_code;
    struct siginfo info =
        status & 0x7f ? child_info(task, CLD_KILLED, status & 0x7f) : child_info(task, CLD_EXITED, status >> 8 & 0xff);
    const struct k_sigaction *action = &parent->sighand->action[SIGCHLD - 1];
    bool unwanted = task->exit_signal == SIGCHLD && (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT));
    info.si_signo = task->exit_signal;
    if (task->exit_signal > 0 && !(unwanted && action->handler == SIG_IGN))
        send_group_signal(parent, task->exit_signal, &info);
    wake_up_interruptible(&parent->wait_chldexit);
    return unwanted;
}

void notify_parent_of_stop(struct task_struct *task, int code, int status)
{
    struct task_struct *leader = task->group_leader, *parent = leader->parent;
    const struct k_sigaction *action = &parent->sighand->action[SIGCHLD - 1];
    struct siginfo info = child_info(leader, code, status);
    if (action->handler != SIG_IGN && !(action->flags & SA_NOCLDSTOP))
        send_group_signal(parent, SIGCHLD, &info);
    wake_up_interruptible(&parent->wait_chldexit);
}

/* ---- taking ---- */

static int lowest(sigset_t set)
{
    int n = 1;
    while (!(set & 1)) {
        set >>= 1;
        n++;
    }
    return n;
}

/* Takes one entry of signal; the pending bit stays while there are more. */
static void collect(struct sigpending *pending, int signal, struct siginfo *info, struct signal_struct *owner)
{
    struct sigqueue *entry, *next;
    bool taken = false;
    *info = (struct siginfo){.si_signo = signal, .si_code = SI_USER};
    list_for_each_entry_safe (entry, next, &pending->list, list) {
        if (entry->info.si_signo != signal)
            continue;
        if (taken)
            return;
        *info = entry->info;
        drop_entry(entry, owner);
        taken = true;
    }
    pending->signal &= ~sigmask(signal);
}

int dequeue_signal(sigset_t blocked, struct siginfo *info)
{
    struct signal_struct *signal = current->signal;
    unsigned long flags = local_irq_save();
    struct sigpending *pending = &current->pending;
    sigset_t ready = pending->signal & ~blocked;
    if (!ready) {
        pending = &signal->shared_pending;
        ready = pending->signal & ~blocked;
    }
    int number = 0;
    if (ready) {
        number = lowest(ready & SYNCHRONOUS ? ready & SYNCHRONOUS : ready);
        collect(pending, number, info, signal);
    }
    recalc_sigpending(current);
    local_irq_restore(flags);
    return number;
}

/* ---- default actions ---- */

static void start_stop(int number)
{
    struct task_struct *thread;
    unsigned long flags = local_irq_save();
    if (!current->signal->stop_signal && !current->signal->group_exit) {
        current->signal->stop_signal = number;
        current->signal->continue_report = false;
        for_each_thread (thread, current)
            signal_wake_up(thread, false);
    }
    local_irq_restore(flags);
}

void report_stop_when_complete(struct task_struct *task)
{
    struct signal_struct *signal = task->signal;
    if (!signal->stop_signal || signal->stop_count != signal->live)
        return;
    signal->stop_report = signal->stop_signal;
    notify_parent_of_stop(task, CLD_STOPPED, signal->stop_signal);
}

/* Sleeps until SIGCONT or SIGKILL. The last thread to stop tells the parent. */
static void stop_here(void)
{
    struct signal_struct *signal = current->signal;
    unsigned long flags = local_irq_save();
    if (!current->stopped) {
        current->stopped = true;
        signal->stop_count++;
        report_stop_when_complete(current);
    }
    while (current->stopped && signal->stop_signal) {
        current->state = TASK_STOPPED;
        schedule();
    }
    current->stopped = false;
    local_irq_restore(flags);
}

static void trace_signal(const struct siginfo *info)
{
    TRACE(FLT_SIGNAL, flt_signal, .pid = (u32)current->pid, .signal = (u32)info->si_signo,
          .si_code = (u32)info->si_code, .si_addr = info->si_addr);
}

/* Returns when the signal stops the process or does nothing. */
static void do_default_action(const struct siginfo *info)
{
    int number = info->si_signo;
    bool forced = number == SIGKILL || number == current->forced_signal;
    if ((sigmask(number) & IGNORED_BY_DEFAULT) || (!forced && spared_as_init(current, number, info)))
        return;
    if (sigmask(number) & STOP_SIGNALS) {
        if (number == SIGSTOP || !pgrp_is_orphaned(current->pgrp, NULL))
            start_stop(number);
        return;
    }
    trace_signal(info);
    current->flags |= PF_SIGNALED;
    do_group_exit(number);
}

static void end_or_stop_with_the_process(void)
{
    struct signal_struct *signal = current->signal;
    for (;;) {
        if (signal->group_exit)
            do_exit(signal->group_exit_code);
        if (signal->exec_thread && signal->exec_thread != current)
            do_exit(0);
        if (!signal->stop_signal)
            return;
        stop_here();
    }
}

bool get_signal(struct ksignal *ksig)
{
    for (;;) {
        end_or_stop_with_the_process();
        int number = dequeue_signal(current->blocked, &ksig->info);
        if (!number)
            return false;
        struct k_sigaction *action = &current->sighand->action[number - 1];
        ksig->signal = number;
        ksig->action = *action;
        if (action->handler == SIG_IGN)
            continue;
        if (action->handler != SIG_DFL) {
            if (action->flags & SA_RESETHAND)
                action->handler = SIG_DFL;
            trace_signal(&ksig->info);
            return true;
        }
        do_default_action(&ksig->info);
    }
}

void set_current_blocked(sigset_t set)
{
    unsigned long flags = local_irq_save();
    current->blocked = set & ~UNBLOCKABLE;
    recalc_sigpending(current);
    local_irq_restore(flags);
}

void signal_delivered(const struct ksignal *ksig)
{
    current->restore_sigmask = false;
    sigset_t set = current->blocked | ksig->action.mask;
    if (!(ksig->action.flags & SA_NODEFER))
        set |= sigmask(ksig->signal);
    set_current_blocked(set);
}

/* ---- for others ---- */

bool sigismember_blocked_or_ignored(const struct task_struct *task, int signal)
{
    return (task->blocked & sigmask(signal)) || handler_of(task, signal) == SIG_IGN;
}

bool unhandled_signal(const struct task_struct *task, int signal)
{
    u32 handler = handler_of(task, signal);
    return handler == SIG_DFL || handler == SIG_IGN || (task->blocked & sigmask(signal));
}

void get_signal_masks(const struct task_struct *task, struct signal_masks *masks)
{
    *masks = (struct signal_masks){0};
    if (!task->signal)
        return;
    masks->pending = task->pending.signal;
    masks->shared_pending = task->signal->shared_pending.signal;
    masks->blocked = task->blocked;
    for (int n = 1; n <= _NSIG; n++) {
        u32 handler = handler_of(task, n);
        masks->ignored |= handler == SIG_IGN ? sigmask(n) : 0;
        masks->caught |= handler > SIG_IGN ? sigmask(n) : 0;
    }
}

int set_user_sigmask(const void __user *set, size_t sigsetsize)
{
    sigset_t mask;
    if (!set)
        return 0;
    if (sigsetsize != sizeof(mask))
        return -EINVAL;
    if (copy_from_user(&mask, set, sizeof(mask)))
        return -EFAULT;
    current->restore_sigmask = true;
    current->saved_sigmask = current->blocked;
    set_current_blocked(mask);
    return 0;
}

void restore_saved_sigmask_unless(bool interrupted)
{
    if (interrupted || !current->restore_sigmask)
        return;
    current->restore_sigmask = false;
    set_current_blocked(current->saved_sigmask);
}

/* exec: handlers are gone with the old program, ignored stays ignored. */
void flush_signal_handlers_for_exec(struct task_struct *task)
{
    for (int i = 0; i < _NSIG; i++) {
        struct k_sigaction *action = &task->sighand->action[i];
        *action = (struct k_sigaction){.handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL};
    }
}
