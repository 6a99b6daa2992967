/* The system calls about signals; what they do to the state is in signal.c. */
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"

#define UNBLOCKABLE (sigmask(SIGKILL) | sigmask(SIGSTOP))
#define SIGINFO_BYTES 128
#define SIGCHLD_LAYOUT(info) ((info)->si_signo == SIGCHLD && (info)->si_code > 0)

static bool valid_signal(int signal) { return signal >= 1 && signal <= _NSIG; }

/* ---- siginfo in Linux's layout ---- */

/* Words 0-2 signo, errno, code; then by kind: fault: addr. Child: pid, uid, status, utime, stime. Else: pid, uid,
 * value. */
int copy_siginfo_to_user(void __user *to, const struct siginfo *info)
{
    u32 words[SIGINFO_BYTES / 4] = {(u32)info->si_signo, (u32)info->si_errno, (u32)info->si_code};
    if (SIGCHLD_LAYOUT(info)) {
        words[3] = (u32)info->si_pid;
        words[4] = info->si_uid;
        words[5] = (u32)info->si_status;
        words[6] = info->si_utime;
        words[7] = info->si_stime;
    } else if (info->si_code > 0) {
        words[3] = info->si_addr;
    } else {
        words[3] = (u32)info->si_pid;
        words[4] = info->si_uid;
        words[5] = info->si_value;
    }
    return copy_to_user(to, words, sizeof(words)) ? -EFAULT : 0;
}

static int copy_siginfo_from_user(struct siginfo *info, int signal, const void __user *from)
{
    u32 words[6];
    if (copy_from_user(words, from, sizeof(words)))
        return -EFAULT;
    *info = (struct siginfo){.si_signo = signal,
                             .si_errno = (int)words[1],
                             .si_code = (int)words[2],
                             .si_pid = (pid_t)words[3],
                             .si_uid = words[4],
                             .si_value = words[5]};
    return 0;
}

/* ---- actions ---- */

/* A signal that is ignored from now on leaves the pending sets of all threads. */
static void forget_if_ignored(int signal, const struct k_sigaction *action)
{
    const sigset_t ignored_by_default = sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | sigmask(SIGURG);
    struct task_struct *thread;
    if (action->handler != SIG_IGN && !(action->handler == SIG_DFL && (ignored_by_default & sigmask(signal))))
        return;
    discard_pending(&current->signal->shared_pending, sigmask(signal), current->signal);
    for_each_thread (thread, current)
        discard_pending(&thread->pending, sigmask(signal), current->signal);
}

static int do_sigaction(int signal, const struct k_sigaction *action, struct k_sigaction *old)
{
    if (!valid_signal(signal) || (action && (sigmask(signal) & UNBLOCKABLE)))
        return -EINVAL;
    unsigned long flags = local_irq_save();
    struct k_sigaction *place = &current->sighand->action[signal - 1];
    *old = *place;
    if (action) {
        *place = *action;
        place->mask &= ~UNBLOCKABLE;
        forget_if_ignored(signal, action);
    }
    local_irq_restore(flags);
    return 0;
}

/* struct sigaction of i386's rt_sigaction: handler, flags, restorer, mask of 64 bits */
struct user_sigaction {
    u32 handler, flags, restorer;
    u32 mask[2];
};

long sys_rt_sigaction(int signal, const void __user *action, void __user *old_action, u32 sigsetsize)
{
    struct user_sigaction user;
    struct k_sigaction new_action = {0}, old;
    if (sigsetsize != sizeof(sigset_t))
        return -EINVAL;
    if (action) {
        if (copy_from_user(&user, action, sizeof(user)))
            return -EFAULT;
        new_action =
            (struct k_sigaction){user.handler, user.flags, user.restorer, user.mask[0] | (u64)user.mask[1] << 32};
    }
    int result = do_sigaction(signal, action ? &new_action : NULL, &old);
    if (result || !old_action)
        return result;
    user = (struct user_sigaction){old.handler, old.flags, old.restorer, {(u32)old.mask, (u32)(old.mask >> 32)}};
    return copy_to_user(old_action, &user, sizeof(user)) ? -EFAULT : 0;
}

/* struct old_sigaction: handler, mask of 32 bits, flags, restorer */
long sys_sigaction(int signal, const void __user *action, void __user *old_action)
{
    u32 words[4];
    struct k_sigaction new_action = {0}, old;
    if (action) {
        if (copy_from_user(words, action, sizeof(words)))
            return -EFAULT;
        new_action = (struct k_sigaction){words[0], words[2], words[3], words[1]};
    }
    int result = do_sigaction(signal, action ? &new_action : NULL, &old);
    if (result || !old_action)
        return result;
    const u32 old_words[4] = {old.handler, (u32)old.mask, old.flags, old.restorer};
    return copy_to_user(old_action, old_words, sizeof(old_words)) ? -EFAULT : 0;
}

long sys_signal(int signal, u32 handler)
{
    const struct k_sigaction action = {.handler = handler, .flags = SA_RESETHAND | SA_NODEFER};
    struct k_sigaction old;
    int result = do_sigaction(signal, &action, &old);
    return result ? result : (long)old.handler;
}

/* ---- masks ---- */

static int change_mask(int how, sigset_t set)
{
    set &= ~UNBLOCKABLE;
    switch (how) {
    case SIG_BLOCK: set_current_blocked(current->blocked | set); return 0;
    case SIG_UNBLOCK: set_current_blocked(current->blocked & ~set); return 0;
    case SIG_SETMASK: set_current_blocked(set); return 0;
    default: return -EINVAL;
    }
}

long sys_rt_sigprocmask(int how, const void __user *set, void __user *old_set, u32 sigsetsize)
{
    sigset_t mask, old = current->blocked;
    if (sigsetsize != sizeof(sigset_t))
        return -EINVAL;
    if (set) {
        if (copy_from_user(&mask, set, sizeof(mask)))
            return -EFAULT;
        int result = change_mask(how, mask);
        if (result)
            return result;
    }
    return old_set && copy_to_user(old_set, &old, sizeof(old)) ? -EFAULT : 0;
}

/* The old call sees and sets the first 32 signals only. */
long sys_sigprocmask(int how, const void __user *set, void __user *old_set)
{
    const sigset_t upper = current->blocked & ~0xffffffffull;
    u32 mask, old = (u32)current->blocked;
    if (set) {
        if (get_user_u32(&mask, set))
            return -EFAULT;
        int result = change_mask(how, how == SIG_SETMASK ? upper | mask : mask);
        if (result)
            return result;
    }
    return old_set && put_user_u32(old, old_set) ? -EFAULT : 0;
}

long sys_sgetmask(void) { return (long)(u32)current->blocked; }

long sys_ssetmask(u32 mask)
{
    u32 old = (u32)current->blocked;
    set_current_blocked(mask);
    return (long)old;
}

static sigset_t pending_and_blocked(void)
{
    return (current->pending.signal | current->signal->shared_pending.signal) & current->blocked;
}

long sys_rt_sigpending(void __user *set, u32 sigsetsize)
{
    sigset_t pending = pending_and_blocked();
    if (sigsetsize > sizeof(pending))
        return -EINVAL;
    return copy_to_user(set, &pending, sigsetsize) ? -EFAULT : 0;
}

long sys_sigpending(void __user *set) { return put_user_u32((u32)pending_and_blocked(), set); }

/* ---- waiting ---- */

static long wait_with_mask(sigset_t mask)
{
    current->saved_sigmask = current->blocked;
    current->restore_sigmask = true;
    set_current_blocked(mask);
    while (!signal_pending(current)) {
        current->state = TASK_INTERRUPTIBLE;
        schedule();
    }
    return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const void __user *set, u32 sigsetsize)
{
    sigset_t mask;
    if (sigsetsize != sizeof(mask))
        return -EINVAL;
    if (copy_from_user(&mask, set, sizeof(mask)))
        return -EFAULT;
    return wait_with_mask(mask);
}

long sys_sigsuspend(u32 unused1, u32 unused2, u32 mask)
{
    (void)unused1;
    (void)unused2;
    return wait_with_mask(mask);
}

long sys_pause(void)
{
    while (!signal_pending(current)) {
        current->state = TASK_INTERRUPTIBLE;
        schedule();
    }
    return -ERESTARTNOHAND;
}

/* Sleeps with the wanted signals unblocked, so that one of them ends the sleep; it stays pending until it is taken. */
static int sleep_for_signals(sigset_t wanted, u64 deadline)
{
    sigset_t blocked = current->blocked;
    current->real_blocked = blocked;
    set_current_blocked(blocked & ~wanted);
    current->state = TASK_INTERRUPTIBLE;
    if (signal_pending(current))
        current->state = TASK_RUNNING;
    else if (deadline == KTIME_NEVER)
        schedule();
    else
        schedule_timeout(ticks_until(deadline));
    set_current_blocked(blocked);
    current->real_blocked = 0;
    return signal_pending(current) ? -EINTR : 0;
}

static long do_sigtimedwait(sigset_t wanted, void __user *user_info, u64 timeout)
{
    struct siginfo info;
    u64 deadline = timeout == KTIME_NEVER ? KTIME_NEVER : ktime_ns() + timeout;
    int number, error = 0;
    wanted &= ~UNBLOCKABLE;
    while (!(number = dequeue_signal(~wanted, &info))) {
        if (error || ktime_ns() >= deadline)
            return error ? error : -EAGAIN;
        error = sleep_for_signals(wanted, deadline);
    }
    if (user_info && copy_siginfo_to_user(user_info, &info))
        return -EFAULT;
    return number;
}

static long sigtimedwait(const void __user *set, void __user *info, const void __user *timeout, u32 sigsetsize,
                         int (*get_timespec)(u64 *ns, const void __user *from))
{
    sigset_t wanted;
    u64 ns = KTIME_NEVER;
    if (sigsetsize != sizeof(wanted))
        return -EINVAL;
    if (copy_from_user(&wanted, set, sizeof(wanted)))
        return -EFAULT;
    if (timeout) {
        int error = get_timespec(&ns, timeout);
        if (error)
            return error;
    }
    return do_sigtimedwait(wanted, info, ns);
}

long sys_rt_sigtimedwait(const void __user *set, void __user *info, const void __user *timeout, u32 sigsetsize)
{
    return sigtimedwait(set, info, timeout, sigsetsize, get_timespec32);
}

long sys_rt_sigtimedwait_time64(const void __user *set, void __user *info, const void __user *timeout, u32 sigsetsize)
{
    return sigtimedwait(set, info, timeout, sigsetsize, get_timespec64);
}

/* ---- alternate stack ---- */

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ 2048

struct user_stack {
    u32 sp, flags, size;
};

int on_sig_stack(u32 sp) { return sp > current->sas_ss_sp && sp - current->sas_ss_sp <= current->sas_ss_size; }

u32 sas_ss_flags(u32 sp)
{
    if (!current->sas_ss_size)
        return SS_DISABLE;
    return on_sig_stack(sp) ? SS_ONSTACK : 0;
}

int do_sigaltstack(const void __user *stack, u32 sp)
{
    struct user_stack user;
    if (copy_from_user(&user, stack, sizeof(user)))
        return -EFAULT;
    if (on_sig_stack(sp))
        return -EPERM;
    if (user.flags != SS_DISABLE && user.flags != SS_ONSTACK && user.flags != 0)
        return -EINVAL;
    if (user.flags == SS_DISABLE)
        user.sp = user.size = 0;
    else if (user.size < MINSIGSTKSZ)
        return -ENOMEM;
    current->sas_ss_sp = user.sp;
    current->sas_ss_size = user.size;
    return 0;
}

long sys_sigaltstack(const void __user *stack, void __user *old_stack)
{
    u32 sp = task_pt_regs(current)->esp;
    const struct user_stack old = {current->sas_ss_sp, sas_ss_flags(sp), current->sas_ss_size};
    if (stack) {
        int result = do_sigaltstack(stack, sp);
        if (result)
            return result;
    }
    return old_stack && copy_to_user(old_stack, &old, sizeof(old)) ? -EFAULT : 0;
}

/* ---- sending ---- */

static bool may_signal(const struct task_struct *task, int signal)
{
    const struct task_struct *me = current;
    if (!me->euid || me->euid == task->suid || me->euid == task->uid || me->uid == task->suid || me->uid == task->uid)
        return true;
    return signal == SIGCONT && task->session == me->session;
}

static struct siginfo info_from_me(int signal, int code)
{
    return (struct siginfo){.si_signo = signal, .si_code = code, .si_pid = current->tgid, .si_uid = current->uid};
}

static int kill_process(struct task_struct *task, int signal, const struct siginfo *info)
{
    if (!may_signal(task, signal))
        return -EPERM;
    return signal ? send_group_signal(task, signal, info) : 0;
}

static bool is_target(const struct task_struct *task, pid_t pid)
{
    if (task != task->group_leader)
        return false;
    if (pid == -1)
        return task->pid != 1 && task != current->group_leader && !(task->flags & PF_KTHREAD);
    return task->pgrp == (pid ? -pid : current->pgrp);
}

static int kill_many(pid_t pid, int signal, const struct siginfo *info)
{
    struct task_struct *task;
    int result = -ESRCH;
    unsigned long flags = local_irq_save();
    for_each_task (task) {
        if (!is_target(task, pid))
            continue;
        int one = kill_process(task, signal, info);
        if (result)
            result = one;
    }
    local_irq_restore(flags);
    return result;
}

static int kill_one(pid_t pid, int signal, const struct siginfo *info)
{
    struct task_struct *task = find_task_by_pid(pid);
    return task ? kill_process(task, signal, info) : -ESRCH;
}

long sys_kill(pid_t pid, int signal)
{
    const struct siginfo info = info_from_me(signal, SI_USER);
    if (signal && !valid_signal(signal))
        return -EINVAL;
    if (pid == (pid_t)0x80000000)
        return -ESRCH;
    return pid > 0 ? kill_one(pid, signal, &info) : kill_many(pid, signal, &info);
}

/* tgid 0: whichever process the thread belongs to. */
static long send_to_thread(pid_t tgid, pid_t tid, int signal, const struct siginfo *info)
{
    struct task_struct *task = find_task_by_pid(tid);
    if (!task || (tgid && task->tgid != tgid))
        return -ESRCH;
    if (!may_signal(task, signal))
        return -EPERM;
    return signal ? send_signal(task, signal, info) : 0;
}

long sys_tkill(pid_t tid, int signal)
{
    const struct siginfo info = info_from_me(signal, SI_TKILL);
    if (tid <= 0 || (signal && !valid_signal(signal)))
        return -EINVAL;
    return send_to_thread(0, tid, signal, &info);
}

long sys_tgkill(pid_t tgid, pid_t tid, int signal)
{
    const struct siginfo info = info_from_me(signal, SI_TKILL);
    if (tid <= 0 || tgid <= 0 || (signal && !valid_signal(signal)))
        return -EINVAL;
    return send_to_thread(tgid, tid, signal, &info);
}

/* Nobody but oneself may be told that the kernel or kill sent it. */
static bool forged(const struct siginfo *info, pid_t target)
{
    return (info->si_code >= 0 || info->si_code == SI_TKILL) && target != current->tgid;
}

long sys_rt_sigqueueinfo(pid_t pid, int signal, const void __user *user_info)
{
    struct siginfo info;
    if (copy_siginfo_from_user(&info, signal, user_info))
        return -EFAULT;
    if (forged(&info, pid))
        return -EPERM;
    if (signal && !valid_signal(signal))
        return -EINVAL;
    return kill_one(pid, signal, &info);
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int signal, const void __user *user_info)
{
    struct siginfo info;
    if (tid <= 0 || tgid <= 0)
        return -EINVAL;
    if (copy_siginfo_from_user(&info, signal, user_info))
        return -EFAULT;
    if (forged(&info, tgid))
        return -EPERM;
    if (signal && !valid_signal(signal))
        return -EINVAL;
    return send_to_thread(tgid, tid, signal, &info);
}
