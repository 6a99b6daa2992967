/* Wait queues: tasks that sleep until something wakes them. */
#ifndef _KERNEL_WAIT_H
#define _KERNEL_WAIT_H

#include "lib/list.h"

struct task_struct;

typedef struct wait_queue_head {
    struct list_head task_list;
} wait_queue_head_t;

typedef struct wait_queue {
    struct task_struct *task;
    struct list_head task_list;
    const void *key; /* who it waits for (a page); NULL: anything */
    bool exclusive;
} wait_queue_t;

#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name = {LIST_HEAD_INIT((name).task_list)}
static inline void init_waitqueue_head(wait_queue_head_t *q) { INIT_LIST_HEAD(&q->task_list); }

void prepare_to_wait(wait_queue_head_t *q, wait_queue_t *wait, int state); /* adds (once) and sets the task's state */
void finish_wait(wait_queue_head_t *q, wait_queue_t *wait);
void wake_up(wait_queue_head_t *q); /* all non-exclusive, one exclusive; any sleeper */
void wake_up_interruptible(wait_queue_head_t *q);
void wake_up_key(wait_queue_head_t *q, const void *key); /* only those who wait for key */
void sleep_on(wait_queue_head_t *q);

#define DEFINE_WAIT(name) wait_queue_t name = {current, LIST_HEAD_INIT((name).task_list), NULL, false}

/* Sleeps until condition; evaluates it again after each wake-up. */
#define wait_event(q, condition)                                                                                       \
    do {                                                                                                               \
        DEFINE_WAIT(__wait);                                                                                           \
        for (;;) {                                                                                                     \
            prepare_to_wait(&(q), &__wait, TASK_UNINTERRUPTIBLE);                                                      \
            if (condition)                                                                                             \
                break;                                                                                                 \
            schedule();                                                                                                \
        }                                                                                                              \
        finish_wait(&(q), &__wait);                                                                                    \
    } while (0)

/* The same, but a pending signal ends it: *result = -ERESTARTSYS. */
#define wait_event_interruptible(q, condition, result)                                                                 \
    do {                                                                                                               \
        DEFINE_WAIT(__wait);                                                                                           \
        *(result) = 0;                                                                                                 \
        for (;;) {                                                                                                     \
            prepare_to_wait(&(q), &__wait, TASK_INTERRUPTIBLE);                                                        \
            if (condition)                                                                                             \
                break;                                                                                                 \
            if (signal_pending(current)) {                                                                             \
                *(result) = -ERESTARTSYS;                                                                              \
                break;                                                                                                 \
            }                                                                                                          \
            schedule();                                                                                                \
        }                                                                                                              \
        finish_wait(&(q), &__wait);                                                                                    \
    } while (0)

#endif
