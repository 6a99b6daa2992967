/*
 * Timers: a function that the clock interrupt runs (interrupts off, must not sleep) at or after a tick. Times of
 * sleeping programs are in nanoseconds of ktime_ns(); the tick is 1/HZ second, so a sleeper looks at the clock when
 * it wakes and sleeps on until its time has really come.
 */
#ifndef _KERNEL_TIMER_H
#define _KERNEL_TIMER_H

#include "kernel/sched.h"

#define NSEC_PER_SEC 1000000000u
#define NSEC_PER_TICK (NSEC_PER_SEC / HZ)

struct timer_list {
    struct list_head entry; /* empty while not pending */
    unsigned long expires;  /* jiffies */
    void (*function)(void *data);
    void *data;
};

void init_timer(struct timer_list *timer, void (*function)(void *data), void *data);
void mod_timer(struct timer_list *timer, unsigned long expires); /* adds or moves */
bool del_timer(struct timer_list *timer);                        /* true: it was pending */

/* Sleeps (state set to TASK_INTERRUPTIBLE here) until ktime_ns() >= deadline: 0; a signal came first: -EINTR. */
int sleep_until(u64 deadline);
/* Ticks from now after which the monotonic clock has reached deadline, at least 1. */
long ticks_until(u64 deadline);
#define KTIME_NEVER (~0ull)

/* User time structures. 0 or -EFAULT / -EINVAL (nanoseconds out of range or negative seconds). */
int get_timespec32(u64 *ns, const void __user *from);
int get_timespec64(u64 *ns, const void __user *from);
int put_timespec32(u64 ns, void __user *to);
int put_timespec64(u64 ns, void __user *to);

#endif
