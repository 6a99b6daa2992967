/* Timers (kernel/timer.h): one list in order of time, run by the clock interrupt; and the sleeps built on it. */
#include "kernel/process.h"
#include "kernel/timer.h"
#include "asm/irqflags.h"

static LIST_HEAD(timers);

static bool before(unsigned long a, unsigned long b) { return (long)(a - b) < 0; }

void init_timer(struct timer_list *timer, void (*function)(void *data), void *data)
{
    INIT_LIST_HEAD(&timer->entry);
    timer->expires = 0;
    timer->function = function;
    timer->data = data;
}

bool del_timer(struct timer_list *timer)
{
    unsigned long flags = local_irq_save();
    bool pending = !list_empty(&timer->entry);
    if (pending)
        list_del_init(&timer->entry);
    local_irq_restore(flags);
    return pending;
}

/* Behind those of the same tick: they run in the order in which they were set. */
void mod_timer(struct timer_list *timer, unsigned long expires)
{
    unsigned long flags = local_irq_save();
    struct list_head *at;
    del_timer(timer);
    timer->expires = expires;
    list_for_each (at, &timers) {
        if (before(expires, list_entry(at, struct timer_list, entry)->expires))
            break;
    }
    list_add_tail(&timer->entry, at);
    local_irq_restore(flags);
}

void run_timers(void)
{
    while (!list_empty(&timers)) {
        struct timer_list *timer = list_entry(timers.next, struct timer_list, entry);
        if (before(jiffies, timer->expires))
            return;
        list_del_init(&timer->entry);
        timer->function(timer->data);
    }
}

static void wake_sleeper(void *task) { wake_up_process(task); }

/* LONG_MAX: no time limit. */
long schedule_timeout(long timeout)
{
    struct timer_list timer;
    if (timeout == 0x7fffffffl) {
        schedule();
        return timeout;
    }
    unsigned long expires = jiffies + (unsigned long)(timeout > 0 ? timeout : 0);
    init_timer(&timer, wake_sleeper, current);
    mod_timer(&timer, expires);
    schedule();
    del_timer(&timer);
    long left = (long)(expires - jiffies);
    return left > 0 ? left : 0;
}

long ticks_until(u64 deadline)
{
    u64 now = ktime_ns();
    if (deadline <= now)
        return 1;
    u64 ticks = (deadline - now + NSEC_PER_TICK - 1) / NSEC_PER_TICK;
    return ticks > 0x7ffffffe ? 0x7ffffffe : (long)ticks;
}

int sleep_until(u64 deadline)
{
    while (ktime_ns() < deadline) {
        current->state = TASK_INTERRUPTIBLE;
        if (signal_pending(current)) {
            current->state = TASK_RUNNING;
            return -EINTR;
        }
        schedule_timeout(ticks_until(deadline));
    }
    return 0;
}
