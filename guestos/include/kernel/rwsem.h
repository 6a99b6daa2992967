/*
 * A lock with many readers or one writer that sleeps. One CPU without preemption inside the kernel: the counter
 * needs no atomic instruction, only whoever sleeps while holding it makes others wait.
 *
 *   activity > 0   that many readers        activity = -1   one writer        0   free
 *
 * A reader waits for a writer only, never for a waiting writer: a fault inside a user copy may take the lock for
 * reading again although its task reads already.
 */
#ifndef _KERNEL_RWSEM_H
#define _KERNEL_RWSEM_H

#include "kernel/wait.h"

struct rw_semaphore {
    int activity;
    wait_queue_head_t wait;
};

#define RWSEM_INIT(name)                                                                                               \
    {                                                                                                                  \
        0, { LIST_HEAD_INIT((name).wait.task_list) }                                                                   \
    }

static inline void init_rwsem(struct rw_semaphore *sem)
{
    sem->activity = 0;
    init_waitqueue_head(&sem->wait);
}

void down_read_slow(struct rw_semaphore *sem); /* waits until no writer holds it */
void up_read_slow(struct rw_semaphore *sem);   /* wakes who waits */
void down_write(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

/* Every fault takes the lock for reading: mostly two instructions. */
static inline void down_read(struct rw_semaphore *sem)
{
    if (unlikely(sem->activity < 0))
        down_read_slow(sem);
    sem->activity++;
}

/* Without waiting: false when a writer holds it. */
static inline bool down_read_trylock(struct rw_semaphore *sem)
{
    if (sem->activity < 0)
        return false;
    sem->activity++;
    return true;
}

static inline void up_read(struct rw_semaphore *sem)
{
    if (unlikely(--sem->activity <= 0))
        up_read_slow(sem);
}

#endif
