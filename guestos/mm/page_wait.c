/*
 * Waiting for a page: for its lock, and for the end of its write-out. A queue in every struct page would be dear, so
 * each zone has a table of queues and a page's queue is found by hashing; sleepers name their page as the key, so that
 * those who share a queue by chance are not woken. Who is going to sleep first sends the device what waits for it:
 * the page that he waits for may be among that.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "block/blkdev.h"

/* 2^32 times the golden ratio, made prime: multiplication spreads neighbouring pages over the high bits. */
#define GOLDEN_RATIO_PRIME 0x9e370001u

static wait_queue_head_t *page_waitqueue(const struct page *page)
{
    const struct zone *zone = page_zone(page);
    u32 hash = (u32)(unsigned long)page * GOLDEN_RATIO_PRIME;

    return &zone->wait_table[hash >> (32 - zone->wait_table_bits)];
}

static bool is_busy(const struct page *page, enum flt_wait_reason reason)
{
    return reason == FLT_WAIT_LOCKED ? PageLocked(page) : PageWriteback(page);
}

/* Never sleeps: requests that were held back go to the device of the page. */
static void sync_page(struct page *page)
{
    struct address_space *mapping = page_mapping(page);

    if (mapping && mapping->bdev)
        blk_run_queue(mapping->bdev);
    else
        blk_run_all_queues();
}

/* Returns when the page was seen not busy; with take_lock, locked again by the caller. */
static void wait_on_page(struct page *page, enum flt_wait_reason reason, bool take_lock)
{
    wait_queue_head_t *queue = page_waitqueue(page);
    DEFINE_WAIT(wait);

    wait.key = page;
    wait.exclusive = take_lock;
    TRACE(FLT_PAGE_WAIT_BEGIN, flt_page_wait, .pfn = (u32)page_to_pfn(page), .reason = reason);
    for (;;) {
        prepare_to_wait(queue, &wait, TASK_UNINTERRUPTIBLE);
        if (!is_busy(page, reason))
            break;
        sync_page(page);
        schedule();
    }
    if (take_lock)
        SetPageLocked(page);
    finish_wait(queue, &wait);
    TRACE(FLT_PAGE_WAIT_END, flt_page_wait, .pfn = (u32)page_to_pfn(page), .reason = reason);
}

void wake_up_page(struct page *page) { wake_up_key(page_waitqueue(page), page); }

void lock_page(struct page *page)
{
    if (likely(!PageLocked(page)))
        SetPageLocked(page);
    else
        wait_on_page(page, FLT_WAIT_LOCKED, true);
}

void unlock_page(struct page *page)
{
    BUG_ON(!PageLocked(page));
    ClearPageLocked(page);
    wake_up_page(page);
}

void wait_on_page_locked(struct page *page)
{
    if (PageLocked(page))
        wait_on_page(page, FLT_WAIT_LOCKED, false);
}

void wait_on_page_writeback(struct page *page)
{
    if (PageWriteback(page))
        wait_on_page(page, FLT_WAIT_WRITEBACK, false);
}
