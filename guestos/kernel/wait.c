/*
 * Wait queues. A sleeper puts itself on the queue, says in which state it sleeps, tests its condition and then calls
 * schedule(); a wake-up between the test and schedule() makes it runnable again, so none is lost. It takes itself off
 * when it is done. Exclusive sleepers stand at the end; a wake-up stops after the first of them that it really woke.
 * Wake-ups may come from interrupts, so the lists change with interrupts off.
 */
#include "kernel/sched.h"
#include "asm/irqflags.h"

#define SLEEPING (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

void prepare_to_wait(wait_queue_head_t *q, wait_queue_t *wait, int state)
{
    unsigned long flags = local_irq_save();
    if (list_empty(&wait->task_list)) {
        if (wait->exclusive)
            list_add_tail(&wait->task_list, &q->task_list);
        else
            list_add(&wait->task_list, &q->task_list);
    }
    current->state = state;
    local_irq_restore(flags);
}

void finish_wait(wait_queue_head_t *q, wait_queue_t *wait)
{
    (void)q;
    unsigned long flags = local_irq_save();
    current->state = TASK_RUNNING;
    if (!list_empty(&wait->task_list))
        list_del_init(&wait->task_list);
    local_irq_restore(flags);
}

static void wake(wait_queue_head_t *q, long states, const void *key)
{
    struct list_head *at, *next;
    unsigned long flags = local_irq_save();
    list_for_each_safe (at, next, &q->task_list) {
        wait_queue_t *wait = list_entry(at, wait_queue_t, task_list);
        if (key && wait->key && wait->key != key)
            continue;
        if (wake_up_state(wait->task, states) && wait->exclusive)
            break;
    }
    local_irq_restore(flags);
}

void wake_up(wait_queue_head_t *q) { wake(q, SLEEPING, NULL); }
void wake_up_interruptible(wait_queue_head_t *q) { wake(q, TASK_INTERRUPTIBLE, NULL); }
void wake_up_key(wait_queue_head_t *q, const void *key) { wake(q, SLEEPING, key); }

void sleep_on(wait_queue_head_t *q)
{
    DEFINE_WAIT(wait);
    prepare_to_wait(q, &wait, TASK_UNINTERRUPTIBLE);
    schedule();
    finish_wait(q, &wait);
}
