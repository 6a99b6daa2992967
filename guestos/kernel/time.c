/* Clocks and sleeps as system calls. Every time inside the kernel is a u64 of nanoseconds; layouts exist only here. */
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_TAI 11
#define TIMER_ABSTIME 1
#define CPUCLOCK_PERTHREAD 4

/* ---- layouts ---- */

static int to_ns(u64 *ns, s64 seconds, s32 nanoseconds)
{
    if (seconds < 0 || (u32)nanoseconds >= NSEC_PER_SEC)
        return -EINVAL;
    *ns = seconds > 9223372035ll ? KTIME_NEVER / 2 : (u64)seconds * NSEC_PER_SEC + (u32)nanoseconds;
    return 0;
}

int get_timespec32(u64 *ns, const void __user *from)
{
    s32 words[2];
    return copy_from_user(words, from, sizeof(words)) ? -EFAULT : to_ns(ns, words[0], words[1]);
}

/* The upper half of the nanoseconds is padding for a 32-bit program. */
int get_timespec64(u64 *ns, const void __user *from)
{
    struct {
        s64 seconds;
        s32 nanoseconds, padding;
    } value;
    return copy_from_user(&value, from, sizeof(value)) ? -EFAULT : to_ns(ns, value.seconds, value.nanoseconds);
}

int put_timespec32(u64 ns, void __user *to)
{
    const u32 words[2] = {(u32)(ns / NSEC_PER_SEC), (u32)(ns % NSEC_PER_SEC)};
    return copy_to_user(to, words, sizeof(words)) ? -EFAULT : 0;
}

int put_timespec64(u64 ns, void __user *to)
{
    const u64 words[2] = {ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
    return copy_to_user(to, words, sizeof(words)) ? -EFAULT : 0;
}

/* ---- reading clocks ---- */

/* A negative id names the CPU clock of a process or thread: ~pid << 3 | kind. */
static int read_cpu_clock(int clock, u64 *ns)
{
    pid_t pid = ~(clock >> 3);
    struct task_struct *task = pid ? find_task_by_pid(pid) : current;
    if (!task || (clock & 3) == 3)
        return -EINVAL;
    if (clock & CPUCLOCK_PERTHREAD) {
        *ns = task_exec_runtime(task);
        return 0;
    }
    struct process_times times;
    get_process_times(task, &times);
    *ns = times.exec_runtime;
    return 0;
}

static int read_clock(int clock, u64 *ns)
{
    struct process_times times;
    if (clock < 0)
        return read_cpu_clock(clock, ns);
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_TAI: *ns = real_time_ns(); return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME: *ns = ktime_ns(); return 0;
    case CLOCK_REALTIME_COARSE: *ns = real_time_ns() - ktime_ns() % NSEC_PER_TICK; return 0;
    case CLOCK_MONOTONIC_COARSE: *ns = (u64)jiffies * NSEC_PER_TICK; return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        get_process_times(current, &times);
        *ns = times.exec_runtime;
        return 0;
    case CLOCK_THREAD_CPUTIME_ID: *ns = task_exec_runtime(current); return 0;
    default: return -EINVAL;
    }
}

long sys_clock_gettime(int clock, void __user *to)
{
    u64 ns;
    int error = read_clock(clock, &ns);
    return error ? error : put_timespec32(ns, to);
}

long sys_clock_gettime64(int clock, void __user *to)
{
    u64 ns;
    int error = read_clock(clock, &ns);
    return error ? error : put_timespec64(ns, to);
}

static u32 resolution_of(int clock)
{
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
    return coarse ? NSEC_PER_TICK : 1;
}

long sys_clock_getres(int clock, void __user *to)
{
    u64 ns;
    int error = read_clock(clock, &ns);
    return error || !to ? error : put_timespec32(resolution_of(clock), to);
}

long sys_clock_getres_time64(int clock, void __user *to)
{
    u64 ns;
    int error = read_clock(clock, &ns);
    return error || !to ? error : put_timespec64(resolution_of(clock), to);
}

long sys_time(void __user *to)
{
    u32 seconds = (u32)(real_time_ns() / NSEC_PER_SEC);
    return to && put_user_u32(seconds, to) ? -EFAULT : (long)seconds;
}

long sys_gettimeofday(void __user *timeval, void __user *timezone)
{
    u64 ns = real_time_ns();
    const u32 words[2] = {(u32)(ns / NSEC_PER_SEC), (u32)(ns % NSEC_PER_SEC) / 1000}, zone[2] = {0, 0};
    if (timeval && copy_to_user(timeval, words, sizeof(words)))
        return -EFAULT;
    return timezone && copy_to_user(timezone, zone, sizeof(zone)) ? -EFAULT : 0;
}

/* ---- setting the date ---- */

static int set_date(u64 ns)
{
    if (current->euid)
        return -EPERM;
    machine_time_of_day_set(ns);
    return 0;
}

long sys_stime(const void __user *from)
{
    u32 seconds;
    return get_user_u32(&seconds, from) ? -EFAULT : set_date((u64)seconds * NSEC_PER_SEC);
}

long sys_settimeofday(const void __user *timeval, const void __user *timezone)
{
    u32 words[2];
    (void)timezone;
    if (!timeval)
        return 0;
    if (copy_from_user(words, timeval, sizeof(words)))
        return -EFAULT;
    return words[1] >= 1000000 ? -EINVAL : set_date((u64)words[0] * NSEC_PER_SEC + words[1] * 1000u);
}

static long set_clock(int clock, const void __user *from, int (*get_timespec)(u64 *ns, const void __user *from))
{
    u64 ns;
    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    int error = get_timespec(&ns, from);
    return error ? error : set_date(ns);
}

long sys_clock_settime(int clock, const void __user *from) { return set_clock(clock, from, get_timespec32); }
long sys_clock_settime64(int clock, const void __user *from) { return set_clock(clock, from, get_timespec64); }

/* ---- sleeping ---- */

static int put_remaining(const struct restart_block *block)
{
    u64 now = ktime_ns();
    u64 left = block->deadline > now ? block->deadline - now : 0;
    if (!block->remaining)
        return 0;
    return block->time64 ? put_timespec64(left, block->remaining) : put_timespec32(left, block->remaining);
}

static long sleep_relative(struct restart_block *block)
{
    if (!sleep_until(block->deadline))
        return 0;
    if (put_remaining(block))
        return -EFAULT;
    block->run = sleep_relative;
    return -ERESTART_RESTARTBLOCK;
}

struct sleep_request {
    int clock, flags;
    const void __user *request;
    void __user *remaining;
    bool time64;
};

static u64 add_saturating(u64 a, u64 b) { return a + b < a ? KTIME_NEVER : a + b; }

/* CPU clocks advance while the process runs, which a sleeper does only through its other threads. */
static long sleep_on_cpu_clock(int clock, u64 deadline)
{
    u64 now = 0;
    while (!read_clock(clock, &now) && now < deadline) {
        current->state = TASK_INTERRUPTIBLE;
        if (signal_pending(current)) {
            current->state = TASK_RUNNING;
            return -ERESTARTNOHAND;
        }
        schedule_timeout(1);
    }
    return 0;
}

static long do_clock_nanosleep(const struct sleep_request *sleep)
{
    u64 ns, now;
    int error = read_clock(sleep->clock, &now);
    if (error || sleep->clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    error = sleep->time64 ? get_timespec64(&ns, sleep->request) : get_timespec32(&ns, sleep->request);
    if (error)
        return error;
    bool absolute = sleep->flags & TIMER_ABSTIME;
    u64 target = absolute ? ns : add_saturating(now, ns);
    if (sleep->clock == CLOCK_PROCESS_CPUTIME_ID || sleep->clock < 0)
        return sleep_on_cpu_clock(sleep->clock, target);
    u64 deadline = target > now ? add_saturating(ktime_ns(), target - now) : 0;
    if (absolute)
        return sleep_until(deadline) ? -ERESTARTNOHAND : 0;
    current->restart =
        (struct restart_block){.deadline = deadline, .remaining = sleep->remaining, .time64 = sleep->time64};
    return sleep_relative(&current->restart);
}

long sys_nanosleep(const void __user *request, void __user *remaining)
{
    const struct sleep_request sleep = {CLOCK_MONOTONIC, 0, request, remaining, false};
    return do_clock_nanosleep(&sleep);
}

long sys_clock_nanosleep(int clock, int flags, const void __user *request, void __user *remaining)
{
    const struct sleep_request sleep = {clock, flags, request, remaining, false};
    return do_clock_nanosleep(&sleep);
}

long sys_clock_nanosleep_time64(int clock, int flags, const void __user *request, void __user *remaining)
{
    const struct sleep_request sleep = {clock, flags, request, remaining, true};
    return do_clock_nanosleep(&sleep);
}
