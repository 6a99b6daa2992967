/*
 * The LRU lists: every page that reclaim may take is on its zone's active or inactive list (PG_lru, PG_active).
 *
 *   lru_cache_add           -> pagevec -> inactive list          file pages come in here
 *   lru_cache_add_active    -> pagevec -> active list            anonymous pages
 *   mark_page_accessed      inactive, not referenced -> referenced -> active, not referenced -> active, referenced
 *   put_page                last reference: off the list, frame free
 *
 * A page waits in a pagevec until it is full, so that the zone's lists are touched in batches. The pagevec holds a
 * reference; a page may die in it: then the drain puts it on a list and takes it off again.
 */
#include "mm/internal.h"

static struct pagevec lru_add_pvec, lru_add_active_pvec;

static void count_lru(struct zone *zone, bool active, int delta)
{
    if (active)
        zone->nr_active = (unsigned long)((long)zone->nr_active + delta);
    else
        zone->nr_inactive = (unsigned long)((long)zone->nr_inactive + delta);
    mod_zone_page_state(zone, active ? NR_ACTIVE : NR_INACTIVE, delta);
}

static void add_to_lru(struct page *page, bool active)
{
    struct zone *zone = page_zone(page);

    VM_BUG_ON(PageLRU(page));
    SetPageLRU(page);
    if (active)
        SetPageActive(page);
    list_add(&page->lru, active ? &zone->active_list : &zone->inactive_list);
    count_lru(zone, active, 1);
    TRACE(FLT_MM_LRU_ADD, flt_mm_lru_add, .pfn = (u32)page_to_pfn(page), .active = active);
}

static void del_from_lru(struct page *page)
{
    list_del(&page->lru);
    count_lru(page_zone(page), PageActive(page), -1);
    ClearPageLRU(page);
    ClearPageActive(page);
}

void lru_cache_del(struct page *page)
{
    unsigned long flags = local_irq_save();

    if (PageLRU(page))
        del_from_lru(page);
    local_irq_restore(flags);
}

static void pagevec_drain(struct pagevec *pvec, bool active)
{
    unsigned long flags = local_irq_save();

    for (unsigned i = 0; i < pvec->nr; i++)
        add_to_lru(pvec->pages[i], active);
    local_irq_restore(flags);
    while (pvec->nr)
        put_page(pvec->pages[--pvec->nr]);
}

static void pagevec_add(struct pagevec *pvec, struct page *page, bool active)
{
    get_page(page);
    pvec->pages[pvec->nr++] = page;
    if (pvec->nr == PAGEVEC_SIZE)
        pagevec_drain(pvec, active);
}

void lru_cache_add(struct page *page) { pagevec_add(&lru_add_pvec, page, false); }
void lru_cache_add_active(struct page *page) { pagevec_add(&lru_add_active_pvec, page, true); }

void lru_add_drain(void)
{
    pagevec_drain(&lru_add_pvec, false);
    pagevec_drain(&lru_add_active_pvec, true);
}

static void activate_page(struct page *page)
{
    unsigned long flags = local_irq_save();

    if (PageLRU(page) && !PageActive(page)) {
        del_from_lru(page);
        add_to_lru(page, true);
        count_vm_event(PGACTIVATE);
    }
    local_irq_restore(flags);
}

void mark_page_accessed(struct page *page)
{
    if (!PageActive(page) && PageReferenced(page) && PageLRU(page)) {
        activate_page(page);
        ClearPageReferenced(page);
    } else {
        SetPageReferenced(page);
    }
}

void put_page(struct page *page)
{
    VM_BUG_ON(page_count(page) <= 0);
    if (!atomic_dec_and_test(&page->_count))
        return;
    lru_cache_del(page);
    free_hot_cold_page(page, false);
}
