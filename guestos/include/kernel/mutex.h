/*
 * A lock that sleeps: one task holds it from mutex_lock to mutex_unlock, across faults, allocations and I/O. The
 * kernel is not preempted, so a test and a set without a sleep between them are one step. Not for interrupt handlers.
 */
#ifndef _KERNEL_MUTEX_H
#define _KERNEL_MUTEX_H

#include "kernel/wait.h"
#include "kernel/sched.h"

struct mutex {
    struct task_struct *owner; /* NULL: free */
    wait_queue_head_t waiters;
};

static inline void mutex_init(struct mutex *mutex)
{
    mutex->owner = NULL;
    init_waitqueue_head(&mutex->waiters);
}

static inline void mutex_lock(struct mutex *mutex)
{
    BUG_ON(mutex->owner == current); /* not recursive */
    while (mutex->owner)
        wait_event(mutex->waiters, !mutex->owner);
    mutex->owner = current;
}

static inline bool mutex_trylock(struct mutex *mutex)
{
    if (mutex->owner)
        return false;
    mutex->owner = current;
    return true;
}

static inline void mutex_unlock(struct mutex *mutex)
{
    BUG_ON(mutex->owner != current);
    mutex->owner = NULL;
    wake_up(&mutex->waiters);
}

#endif
