/*
 * Waiting for a page: its lock, later its writeback. A queue in every struct page would be dear, so each zone has a
 * table of queues and a page's queue is found by hashing; sleepers name their page as the key, so that those who
 * share a queue by chance are not woken.
 */
#include "mm/internal.h"

/* 2^32 times the golden ratio, made prime: multiplication spreads neighbouring pages over the high bits. */
#define GOLDEN_RATIO_PRIME 0x9e370001u

static wait_queue_head_t *page_waitqueue(const struct page *page)
{
    const struct zone *zone = page_zone(page);
    u32 hash = (u32)(unsigned long)page * GOLDEN_RATIO_PRIME;

    return &zone->wait_table[hash >> (32 - zone->wait_table_bits)];
}

/* Returns when the page was seen unlocked; with take_lock, locked again by the caller. */
static void wait_for_unlock(struct page *page, bool take_lock)
{
    wait_queue_head_t *queue = page_waitqueue(page);
    DEFINE_WAIT(wait);

    wait.key = page;
    wait.exclusive = take_lock;
    for (;;) {
        prepare_to_wait(queue, &wait, TASK_UNINTERRUPTIBLE);
        if (!PageLocked(page))
            break;
        schedule();
    }
    if (take_lock)
        SetPageLocked(page);
    finish_wait(queue, &wait);
}

void lock_page(struct page *page)
{
    if (likely(!PageLocked(page)))
        SetPageLocked(page);
    else
        wait_for_unlock(page, true);
}

void unlock_page(struct page *page)
{
    BUG_ON(!PageLocked(page));
    ClearPageLocked(page);
    wake_up_key(page_waitqueue(page), page);
}

void wait_on_page_locked(struct page *page)
{
    if (PageLocked(page))
        wait_for_unlock(page, false);
}
