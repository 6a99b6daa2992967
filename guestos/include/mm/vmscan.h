/*
 * What the parts of reclaim share: one pass over one zone's lists by one task.
 * mm/vmscan.c: how much to look at, and when. mm/shrink_page.c: what becomes of one page.
 */
#ifndef _MM_VMSCAN_H
#define _MM_VMSCAN_H

#include "mm/internal.h"
#include "mm/swap.h"

struct scan_control {
    gfp_t gfp;
    int priority;              /* DEF_PRIORITY .. 0: the lists' length >> priority is looked at */
    int swappiness;            /* vm_swappiness at the start */
    unsigned swap_cluster_max; /* pages a batch; enough when so many were freed */
    bool may_writepage;
    bool may_swap; /* false: mapped pages are left alone */
    bool kswapd;
    unsigned long nr_scanned; /* out: work done; a mapped page or one of the swap cache counts twice */
    bool all_unreclaimable;   /* out: every zone was given up */
};

/* Looks at each page of the list, all taken off the LRU with a reference. Returns the number freed; the others are
 * left on the list, PG_active set on those that go to the active list. Sleeps. */
unsigned long shrink_page_list(struct list_head *pages, struct scan_control *sc);
/* The tasks that free memory: no wait for others that do. */
static inline bool current_is_kswapd(void) { return current->flags & PF_KSWAPD; }

#endif
