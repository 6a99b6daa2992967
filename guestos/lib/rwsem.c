/* Readers-writer sleeping lock; the model is in kernel/rwsem.h. */
#include "kernel/rwsem.h"
#include "kernel/sched.h"

void down_read_slow(struct rw_semaphore *sem) { wait_event(sem->wait, sem->activity >= 0); }

void up_read_slow(struct rw_semaphore *sem)
{
    BUG_ON(sem->activity < 0);
    if (!list_empty(&sem->wait.task_list))
        wake_up(&sem->wait);
}

void down_write(struct rw_semaphore *sem)
{
    if (unlikely(sem->activity != 0))
        wait_event(sem->wait, sem->activity == 0);
    sem->activity = -1;
}

void up_write(struct rw_semaphore *sem)
{
    BUG_ON(sem->activity != -1);
    sem->activity = 0;
    if (!list_empty(&sem->wait.task_list))
        wake_up(&sem->wait);
}
