/*
 * The LRU lists: every page that reclaim may take is on its zone's active or inactive list (PG_lru, PG_active).
 *
 *   lru_cache_add           -> pagevec -> inactive list          file pages come in here
 *   lru_cache_add_active    -> pagevec -> active list            anonymous pages
 *   mark_page_accessed      inactive, not referenced -> referenced -> active, not referenced -> active, referenced
 *   put_page                last reference: off the list, frame free
 *   rotate_reclaimable_page written by reclaim: to the inactive list's tail, where the next victim is taken
 *   reclaim                 takes pages off the tails, puts back what it does not free (mm/vmscan.c)
 *
 * A page waits in a pagevec until it is full, so that the zone's lists are touched in batches. The pagevec holds a
 * reference; a page may die in it: then the drain puts it on a list and takes it off again.
 */
#include "mm/mm_inline.h"
#include "mm/swap.h"

static struct pagevec lru_add_pvec, lru_add_active_pvec;

/* At an age of 0: to the head of the list. */
static void add_to_lru(struct page *page, bool active)
{
    VM_BUG_ON(PageActive(page));
    if (active)
        SetPageActive(page);
    add_page_to_lru(page);
    TRACE(FLT_MM_LRU_ADD, flt_mm_lru_add, .pfn = (u32)page_to_pfn(page), .active = active);
}

static void del_from_lru(struct page *page)
{
    del_page_from_lru(page);
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

void activate_page(struct page *page)
{
    unsigned long flags = local_irq_save();

    if (PageLRU(page) && !PageActive(page)) {
        del_page_from_lru(page);
        SetPageActive(page);
        add_page_to_lru(page);
        count_vm_event(PGACTIVATE);
        tell_lru_move(page, false, true, FLT_WHY_ACCESSED);
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

/* The write that reclaim began has ended: the page is clean and nobody wanted it meanwhile, so it goes next. Interrupts
 * may be off. */
void rotate_reclaimable_page(struct page *page)
{
    unsigned long flags = local_irq_save();

    if (PageLRU(page) && !PageActive(page) && !PageDirty(page) && !PageLocked(page)) {
        list_move_tail(&page->lru, &page_zone(page)->inactive_list);
        count_vm_event(PGROTATED);
        tell_lru_move(page, false, false, FLT_WHY_WRITTEN);
    }
    local_irq_restore(flags);
}

void put_page(struct page *page)
{
    VM_BUG_ON(page_count(page) <= 0);
    if (!atomic_dec_and_test(&page->_count))
        return;
    lru_cache_del(page);
    free_hot_cold_page(page, false);
}

void release_pages(struct page *const *pages, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put_page(pages[i]);
}

/* ---- checker ---- */

static unsigned long check_lru_list(const struct zone *zone, const struct list_head *list, bool active)
{
    const struct page *page;
    unsigned long count = 0;

    list_for_each_entry (page, list, lru) {
        if (page_zone(page) != zone || !PageLRU(page) || PageActive(page) != active)
            page_state_broken(page, "on an LRU list that its flags do not name");
        if (page_count(page) <= 0 || PageReserved(page) || PageSlab(page) || PageBuddy(page))
            page_state_broken(page, "no page for the LRU");
        count++;
    }
    return count;
}

static unsigned long lru_flags_in(const struct zone *zone)
{
    unsigned long count = 0;

    for (unsigned long pfn = zone->zone_start_pfn; pfn < zone->zone_start_pfn + zone->spanned_pages; pfn++)
        count += PageLRU(pfn_to_page(pfn));
    return count;
}

static void check_zone_lru(const struct zone *zone)
{
    unsigned long active = check_lru_list(zone, &zone->active_list, true);
    unsigned long inactive = check_lru_list(zone, &zone->inactive_list, false);

    if (active != zone->nr_active || (long)active != zone->vm_stat[NR_ACTIVE] || inactive != zone->nr_inactive ||
        (long)inactive != zone->vm_stat[NR_INACTIVE])
        panic("zone %s: %lu active and %lu inactive pages, counts %lu (%ld) and %lu (%ld)", zone->name, active, inactive,
              zone->nr_active, zone->vm_stat[NR_ACTIVE], zone->nr_inactive, zone->vm_stat[NR_INACTIVE]);
    if (lru_flags_in(zone) != active + inactive)
        panic("zone %s: %lu pages say that they are on its LRU lists, %lu are", zone->name, lru_flags_in(zone),
              active + inactive);
}

void check_lru(void)
{
    unsigned long flags = local_irq_save();
    const struct zone *zone;

    for_each_zone (zone)
        if (zone_populated(zone))
            check_zone_lru(zone);
    local_irq_restore(flags);
}
