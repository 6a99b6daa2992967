/*
 * A page goes on and off its zone's LRU lists: flags, list and counts change together, with interrupts off.
 *
 *   PG_lru, PG_active clear   on inactive_list, counted in nr_inactive
 *   PG_lru, PG_active set     on active_list, counted in nr_active
 *   PG_lru clear              on neither: fresh, in a pagevec, or taken off by reclaim that looks at it (then PG_active
 *                             says which list it came from or goes to)
 */
#ifndef _MM_MM_INLINE_H
#define _MM_MM_INLINE_H

#include "mm/internal.h"

static inline void count_lru(struct zone *zone, bool active, long delta)
{
    if (active)
        zone->nr_active = (unsigned long)((long)zone->nr_active + delta);
    else
        zone->nr_inactive = (unsigned long)((long)zone->nr_inactive + delta);
    mod_zone_page_state(zone, active ? NR_ACTIVE : NR_INACTIVE, delta);
}

/* To the head of the list that PG_active names. */
static inline void add_page_to_lru(struct page *page)
{
    struct zone *zone = page_zone(page);

    VM_BUG_ON(PageLRU(page));
    SetPageLRU(page);
    list_add(&page->lru, PageActive(page) ? &zone->active_list : &zone->inactive_list);
    count_lru(zone, PageActive(page), 1);
}

/* PG_active stays. */
static inline void del_page_from_lru(struct page *page)
{
    VM_BUG_ON(!PageLRU(page));
    list_del(&page->lru);
    count_lru(page_zone(page), PageActive(page), -1);
    ClearPageLRU(page);
}

static inline void tell_lru_move(const struct page *page, bool from_active, bool to_active, enum flt_page_reason reason)
{
    TRACE(FLT_MM_LRU_MOVE, flt_mm_lru_move, .pfn = (u32)page_to_pfn(page), .from_active = from_active,
          .to_active = to_active, .reason = reason);
}

#endif
