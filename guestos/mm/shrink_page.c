/*
 * What reclaim does with one page off the inactive list.
 *
 *   locked by somebody                                              keep
 *   under writeback                                                 keep
 *   used since the last look, and still in use                      activate      the second chance
 *   anonymous without a slot --add_to_swap--> none to be had        activate
 *   mapped --try_to_unmap--> mlocked                                activate
 *                            just used                              keep
 *   dirty: referenced, or this task may not write                   keep
 *          --pageout--> no writepage, or not now                    activate
 *                       write started                               pageout       kept; its end rotates it to the tail
 *   its private data cannot be let go                               activate
 *   others hold references, or it is dirty again                    keep
 *   else out of its mapping                                         reclaim
 *
 * The page is locked all the while, so nobody takes it out of its file or fills it. Every step that sleeps is followed
 * by the last test: only we and the mapping hold it, and it is clean. Between that test and taking the page out
 * nothing sleeps.
 */
#include "mm/mm_inline.h"
#include "mm/vmscan.h"
#include "block/blkdev.h"
#include "fs/buffer_head.h"

#define GO_ON (-1)

struct visit {
    struct page *page;
    struct scan_control *sc;
    int referenced;
    bool locked;
    enum flt_page_reason why;
};

/* The end of the visit: an outcome and its reason. */
static int decide(struct visit *v, enum flt_page_outcome outcome, enum flt_page_reason why)
{
    v->why = why;
    return outcome;
}

static int keep(struct visit *v, enum flt_page_reason why) { return decide(v, FLT_OUTCOME_KEEP, why); }
static int activate(struct visit *v, enum flt_page_reason why) { return decide(v, FLT_OUTCOME_ACTIVATE, why); }

/* ---- is it in use? ---- */

/* A reference counts only while somebody may use the page again without asking its file. */
static bool page_mapping_inuse(struct page *page)
{
    struct address_space *mapping;

    if (page_mapcount(page) || PageSwapCache(page))
        return true;
    mapping = page_mapping(page);
    return mapping && mapping_mapped(mapping);
}

static int look_at_use(struct visit *v)
{
    struct page *page = v->page;

    v->sc->nr_scanned++;
    if (page_mapcount(page) && !v->sc->may_swap)
        return keep(v, FLT_WHY_MAPPED);
    if (page_mapcount(page) || PageSwapCache(page))
        v->sc->nr_scanned++; /* makes the slabs give more when pages are dear */
    if (PageWriteback(page))
        return keep(v, FLT_WHY_WRITEBACK);
    v->referenced = page_referenced(page, true);
    return v->referenced && page_mapping_inuse(page) ? activate(v, FLT_WHY_REFERENCED) : GO_ON;
}

/* ---- out of the page tables ---- */

static int take_entries_away(struct visit *v)
{
    struct page *page = v->page;

    if (PageAnon(page) && !PageSwapCache(page) && !add_to_swap(page, GFP_ATOMIC))
        return activate(v, FLT_WHY_NO_SWAP);
    if (!page_mapcount(page) || !page_mapping(page))
        return GO_ON;
    switch (try_to_unmap(page, false)) {
    case SWAP_FAIL: return activate(v, FLT_WHY_MLOCKED);
    case SWAP_AGAIN: return keep(v, FLT_WHY_UNMAP_FAILED);
    default: return GO_ON;
    }
}

/* ---- to its disk ---- */

/* Held by us and by its mapping, and by its buffers if it has any. */
static bool is_page_cache_freeable(const struct page *page) { return page_count(page) - PagePrivate(page) == 2; }

/* An allocation inside a file system must not enter one; inside a block driver, not start I/O. */
static bool may_write(const struct visit *v)
{
    return (v->sc->gfp & __GFP_FS) || (PageSwapCache(v->page) && (v->sc->gfp & __GFP_IO));
}

/* A task that frees memory for itself does not queue behind a disk that is busy; kswapd has nothing else to do. */
static bool may_write_to_queue(const struct address_space *mapping)
{
    return current_is_kswapd() || !mapping->bdev || !bdi_congested(mapping->bdev, WRITE);
}

static void handle_write_error(struct address_space *mapping, struct page *page, int error)
{
    lock_page(page);
    if (page_mapping(page) == mapping)
        mapping_set_error(mapping, error);
    unlock_page(page);
}

/* writepage has unlocked the page. It may be written already (a write that did not have to wait): then it goes on. */
static int after_write(struct visit *v)
{
    struct page *page = v->page;

    v->locked = false;
    if (!PageWriteback(page))
        ClearPageReclaim(page);
    TRACE(FLT_MM_VMSCAN_WRITEPAGE, flt_mm_writepage, .pfn = (u32)page_to_pfn(page), .anon = PageAnon(page));
    inc_zone_page_state(page, NR_VMSCAN_WRITE);
    if (PageWriteback(page))
        return decide(v, FLT_OUTCOME_PAGEOUT, FLT_WHY_DIRTY);
    if (PageDirty(page))
        return keep(v, FLT_WHY_WRITE_FAILED);
    if (PageLocked(page))
        return keep(v, FLT_WHY_LOCKED);
    SetPageLocked(page);
    v->locked = true;
    return PageDirty(page) || PageWriteback(page) ? keep(v, FLT_WHY_DIRTY) : GO_ON;
}

static int pageout(struct visit *v, struct address_space *mapping)
{
    struct writeback_control wbc = {.sync_mode = WB_SYNC_NONE, .nr_to_write = SWAP_CLUSTER_MAX, .for_reclaim = true};
    struct page *page = v->page;
    int result;

    if (!mapping || !is_page_cache_freeable(page))
        return keep(v, FLT_WHY_BUSY);
    if (!mapping->a_ops->writepage)
        return activate(v, FLT_WHY_DIRTY);
    if (!may_write_to_queue(mapping))
        return keep(v, FLT_WHY_DIRTY);
    if (!clear_page_dirty_for_io(page))
        return GO_ON;
    SetPageReclaim(page);
    result = mapping->a_ops->writepage(page, &wbc);
    if (result == AOP_WRITEPAGE_ACTIVATE) {
        ClearPageReclaim(page);
        return activate(v, FLT_WHY_DIRTY);
    }
    if (result < 0)
        handle_write_error(mapping, page, result);
    return after_write(v);
}

static int write_dirty(struct visit *v)
{
    if (!PageDirty(v->page))
        return GO_ON;
    if (v->referenced)
        return keep(v, FLT_WHY_REFERENCED);
    if (!may_write(v) || !v->sc->may_writepage)
        return keep(v, FLT_WHY_DIRTY);
    return pageout(v, page_mapping(v->page));
}

/* ---- out of its mapping ---- */

static bool release_private(struct page *page, gfp_t gfp)
{
    struct address_space *mapping = page_mapping(page);

    if (mapping && mapping->a_ops->releasepage)
        return mapping->a_ops->releasepage(page, gfp);
    return try_to_free_buffers(page);
}

/* The mapping lets go of a page that nobody else holds. */
static bool remove_mapping(struct page *page)
{
    if (page_count(page) != 2 || PageDirty(page) || PageWriteback(page))
        return false;
    if (PageSwapCache(page))
        delete_from_swap_cache(page);
    else
        remove_from_page_cache(page);
    return true;
}

static int release(struct visit *v)
{
    struct page *page = v->page;

    if (PagePrivate(page) && !release_private(page, v->sc->gfp))
        return activate(v, FLT_WHY_BUSY);
    /* Truncated while its buffers were busy: nobody's but ours. */
    if (!page_mapping(page) && !PageAnon(page) && page_count(page) == 1)
        return decide(v, FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN);
    if (!page_mapping(page) || !remove_mapping(page))
        return keep(v, FLT_WHY_BUSY);
    return decide(v, FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN);
}

/* ---- one page, then all ---- */

static enum flt_page_outcome visit_page(struct visit *v)
{
    static int (*const steps[])(struct visit *) = {look_at_use, take_entries_away, write_dirty, release};
    int outcome = GO_ON;

    if (PageLocked(v->page))
        return (enum flt_page_outcome)keep(v, FLT_WHY_LOCKED);
    SetPageLocked(v->page);
    v->locked = true;
    for (unsigned i = 0; outcome == GO_ON; i++)
        outcome = steps[i](v);
    return (enum flt_page_outcome)outcome;
}

static void tell_visit(const struct visit *v, enum flt_page_outcome outcome, u32 mapcount)
{
    TRACE(FLT_MM_VMSCAN_PAGE, flt_mm_vmscan_page, .pfn = (u32)page_to_pfn(v->page), .outcome = outcome,
          .reason = v->why, .referenced = (u32)v->referenced, .mapcount = mapcount, .anon = PageAnon(v->page));
}

unsigned long shrink_page_list(struct list_head *pages, struct scan_control *sc)
{
    LIST_HEAD(kept);
    unsigned long freed = 0;

    while (!list_empty(pages)) {
        struct visit v = {.page = list_entry(pages->prev, struct page, lru), .sc = sc};
        u32 mapcount = (u32)page_mapcount(v.page);
        enum flt_page_outcome outcome;

        cond_resched();
        list_del(&v.page->lru);
        outcome = visit_page(&v);
        tell_visit(&v, outcome, mapcount);
        if (v.locked)
            unlock_page(v.page);
        if (outcome == FLT_OUTCOME_RECLAIM) {
            freed++;
            put_page(v.page);
            continue;
        }
        if (outcome == FLT_OUTCOME_ACTIVATE) {
            SetPageActive(v.page);
            count_vm_event(PGACTIVATE);
            tell_lru_move(v.page, false, true, v.why);
        }
        list_add(&v.page->lru, &kept);
    }
    list_splice_init(&kept, pages);
    return freed;
}
