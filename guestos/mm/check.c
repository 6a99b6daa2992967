/*
 * All debug checkers at once: when the machine is switched off under "mmcheck", and at a write to /proc/sys/vm/mmcheck.
 * Between two sleeps of whoever runs, every structure is whole, except that a task which reclaims may hold pages of the
 * LRU lists in its own: the page cache, whose pages are counted along those lists, is then left out.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "mm/vmalloc.h"
#include "mm/writeback.h"

static bool reclaim_goes_on(void)
{
    const struct zone *zone;

    for_each_zone (zone)
        if (atomic_read(&zone->reclaim_in_progress))
            return true;
    return false;
}

void check_everything(void)
{
    struct mm_struct *mm;

    check_buddy();
    check_slab();
    check_vmalloc();
    list_for_each_entry (mm, &init_mm.mmlist, mmlist)
        check_mm(mm);
    check_mapcounts();
    check_swap_map();
    check_lru();
    if (!reclaim_goes_on())
        check_page_cache();
}
