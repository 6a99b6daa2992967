/*
 * Interval timers: ITIMER_REAL runs on the monotonic clock and is a kernel timer; ITIMER_VIRTUAL and ITIMER_PROF count
 * the CPU time of the process and are looked at on each of its ticks, as is RLIMIT_CPU.
 */
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"

#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2
#define NSEC_PER_USEC 1000u

struct itimer_setting {
    u64 interval, value; /* nanoseconds; value 0: off */
};

static void arm_real_timer(struct signal_struct *signal)
{
    mod_timer(&signal->real_timer, jiffies + (unsigned long)ticks_until(signal->real_deadline));
}

static void real_timer_expired(void *data)
{
    struct signal_struct *signal = data;
    u64 now = ktime_ns();
    if (now < signal->real_deadline) {
        arm_real_timer(signal);
        return;
    }
    send_group_signal(signal->leader, SIGALRM, NULL);
    if (!signal->real_interval) {
        signal->real_deadline = 0;
        return;
    }
    u64 missed = (now - signal->real_deadline) / signal->real_interval;
    signal->real_deadline += (missed + 1) * signal->real_interval;
    arm_real_timer(signal);
}

void itimer_init(struct signal_struct *signal) { init_timer(&signal->real_timer, real_timer_expired, signal); }
void itimer_exit(struct signal_struct *signal) { del_timer(&signal->real_timer); }

static void count_down(struct interval_timer *timer, struct task_struct *task, int signal)
{
    if (!timer->value)
        return;
    if (timer->value > NSEC_PER_TICK) {
        timer->value -= NSEC_PER_TICK;
        return;
    }
    timer->value = timer->interval;
    send_group_signal(task, signal, NULL);
}

static void check_cpu_limit(struct task_struct *task)
{
    struct process_times times;
    struct rlimit limit = task->rlim[RLIMIT_CPU];
    if (limit.rlim_cur == RLIM_INFINITY)
        return;
    get_process_times(task, &times);
    u64 used = times.utime + times.stime;
    if (limit.rlim_max != RLIM_INFINITY && used >= (u64)limit.rlim_max * NSEC_PER_SEC) {
        send_group_signal(task, SIGKILL, NULL);
    } else if (used >= task->signal->cpu_limit_next) {
        send_group_signal(task, SIGXCPU, NULL);
        task->signal->cpu_limit_next += NSEC_PER_SEC;
    }
}

void itimer_tick(struct task_struct *task, bool user)
{
    if (!task->signal)
        return;
    if (user)
        count_down(&task->signal->virtual_timer, task, SIGVTALRM);
    count_down(&task->signal->profile_timer, task, SIGPROF);
    check_cpu_limit(task);
}

static struct interval_timer *cpu_timer(int which)
{
    return which == ITIMER_VIRTUAL ? &current->signal->virtual_timer : &current->signal->profile_timer;
}

static struct itimer_setting get_setting(int which)
{
    const struct signal_struct *signal = current->signal;
    if (which != ITIMER_REAL)
        return (struct itimer_setting){cpu_timer(which)->interval, cpu_timer(which)->value};
    u64 now = ktime_ns(), left = 0;
    if (signal->real_deadline)
        left = signal->real_deadline > now ? signal->real_deadline - now : NSEC_PER_USEC;
    return (struct itimer_setting){signal->real_interval, left};
}

static void set_real(const struct itimer_setting *setting)
{
    struct signal_struct *signal = current->signal;
    del_timer(&signal->real_timer);
    signal->real_interval = setting->interval;
    signal->real_deadline = setting->value ? ktime_ns() + setting->value : 0;
    if (setting->value)
        arm_real_timer(signal);
}

static void set_setting(int which, const struct itimer_setting *setting)
{
    unsigned long flags = local_irq_save();
    if (which == ITIMER_REAL)
        set_real(setting);
    else
        *cpu_timer(which) = (struct interval_timer){setting->value, setting->interval};
    local_irq_restore(flags);
}

/* struct itimerval: interval then value, each seconds and microseconds. */
static int put_setting(void __user *to, const struct itimer_setting *setting)
{
    const u32 words[4] = {(u32)(setting->interval / NSEC_PER_SEC),
                          (u32)(setting->interval % NSEC_PER_SEC) / NSEC_PER_USEC, (u32)(setting->value / NSEC_PER_SEC),
                          (u32)(setting->value % NSEC_PER_SEC) / NSEC_PER_USEC};
    return copy_to_user(to, words, sizeof(words)) ? -EFAULT : 0;
}

long sys_getitimer(int which, void __user *to)
{
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    struct itimer_setting setting = get_setting(which);
    return put_setting(to, &setting);
}

long sys_setitimer(int which, const void __user *from, void __user *old)
{
    u32 words[4] = {0};
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    if (from && copy_from_user(words, from, sizeof(words)))
        return -EFAULT;
    if (words[1] >= 1000000 || words[3] >= 1000000 || (s32)words[0] < 0 || (s32)words[2] < 0)
        return -EINVAL;
    struct itimer_setting before = get_setting(which);
    const struct itimer_setting setting = {(u64)words[0] * NSEC_PER_SEC + words[1] * NSEC_PER_USEC,
                                           (u64)words[2] * NSEC_PER_SEC + words[3] * NSEC_PER_USEC};
    set_setting(which, &setting);
    return old ? put_setting(old, &before) : 0;
}

long sys_alarm(u32 seconds)
{
    struct itimer_setting before = get_setting(ITIMER_REAL);
    const struct itimer_setting setting = {0, (u64)(seconds > 0x7fffffff ? 0x7fffffff : seconds) * NSEC_PER_SEC};
    set_setting(ITIMER_REAL, &setting);
    u32 left = (u32)(before.value / NSEC_PER_SEC), rest = (u32)(before.value % NSEC_PER_SEC);
    return (long)(left + ((!left && rest) || rest >= NSEC_PER_SEC / 2 ? 1 : 0));
}
