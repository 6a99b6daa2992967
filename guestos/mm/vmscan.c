/*
 * Reclaim: whom it asks, how much it looks at, and when it stops.
 *
 *   free >= high         nothing
 *   below low            kswapd of the node works until every zone is above high again
 *   below min            the allocating task works itself (try_to_free_pages), unless it frees memory already
 *
 *      priority 12 .. 0:  of each list, its length >> priority is looked at, until enough is free
 *        active list      --shrink_active_list-->    inactive list, if nobody used the page and mapped pages are wanted
 *        inactive list    --shrink_inactive_list-->  shrink_page_list: free, active again, or kept
 *        slabs            --shrink_slab-->           the same share of them; those that are empty at once
 *
 * Mapped pages are wanted when swap_tendency = mapped_ratio / 2 + distress + swappiness reaches 100: mapped_ratio is the
 * per cent of memory that is mapped, distress = 100 >> prev_priority grows as the zone gave little in the last run. So
 * the clean page cache goes first, mapped pages when it does not suffice.
 *
 * pages_scanned counts what was looked at since a page was last freed into the zone. When that is four times all of its
 * pages, the zone is all_unreclaimable: it is left alone, but for one look at the lowest priority each run, until
 * somebody frees a page.
 */
#include "mm/mm_inline.h"
#include "mm/vmscan.h"
#include "block/blkdev.h"
#include "kernel/process.h"

int vm_swappiness = 60;
unsigned long vm_total_pages; /* what all zones may give: their pages above the high marks */

/* ---- taking pages off a list and putting them back ---- */

static struct page *lru_tail(const struct list_head *list) { return list_entry(list->prev, struct page, lru); }

/* Up to `wanted` pages from the tail, each with a reference; PG_active stays. Interrupts off. */
static unsigned long isolate_lru_pages(struct zone *zone, bool active, unsigned long wanted, struct list_head *taken)
{
    struct list_head *list = active ? &zone->active_list : &zone->inactive_list;
    unsigned long n;

    for (n = 0; n < wanted && !list_empty(list); n++) {
        struct page *page = lru_tail(list);

        get_page(page);
        del_page_from_lru(page);
        list_add(&page->lru, taken);
    }
    return n;
}

static unsigned long isolate(struct zone *zone, bool active, unsigned long wanted, const struct scan_control *sc,
                             struct list_head *taken)
{
    unsigned long flags, n;

    lru_add_drain();
    flags = local_irq_save();
    n = isolate_lru_pages(zone, active, wanted, taken);
    zone->pages_scanned += n;
    local_irq_restore(flags);
    TRACE(FLT_MM_VMSCAN_LRU_ISOLATE, flt_mm_lru_isolate, .node = (u32)zone->zone_pgdat->node_id,
          .zone = (u32)zone_index(zone), .active = active, .priority = (u32)sc->priority, .wanted = (u32)wanted,
          .scanned = (u32)n, .taken = (u32)n);
    return n;
}

/* Back to the list that PG_active names; the reference of the isolation goes. */
static void putback_lru_pages(struct list_head *pages)
{
    while (!list_empty(pages)) {
        struct page *page = lru_tail(pages);
        unsigned long flags = local_irq_save();

        list_del(&page->lru);
        add_page_to_lru(page);
        local_irq_restore(flags);
        put_page(page);
    }
}

/* ---- the active list ---- */

static bool zone_is_near_oom(const struct zone *zone)
{
    return zone->pages_scanned >= (zone->nr_active + zone->nr_inactive) * 3;
}

/* May pages that somebody maps leave the active list? */
static bool reclaim_mapped(const struct zone *zone, const struct scan_control *sc)
{
    unsigned long mapped = global_page_state(NR_FILE_MAPPED) + global_page_state(NR_ANON_PAGES);
    int distress = 100 >> min_t(int, zone->prev_priority, sc->priority);
    int mapped_ratio = (int)(mapped * 100 / max_t(unsigned long, vm_total_pages, 1));

    if (!sc->may_swap)
        return false;
    if (zone_is_near_oom(zone))
        return true;
    return mapped_ratio / 2 + distress + sc->swappiness >= 100;
}

/* Dirty pages of files that are nowhere but in memory stay for ever: they would only come back. */
static bool can_be_cleaned(struct page *page)
{
    struct address_space *mapping = page_mapping(page);

    return !PageDirty(page) || !mapping || mapping->a_ops->writepage;
}

/* Why the page stays on the active list; FLT_WHY_INACTIVE: it does not. */
static enum flt_page_reason why_active(struct page *page, bool take_mapped)
{
    if (!page_mapcount(page))
        return can_be_cleaned(page) ? FLT_WHY_INACTIVE : FLT_WHY_DIRTY;
    if (!take_mapped)
        return FLT_WHY_MAPPED;
    if (PageAnon(page) && !total_swap_pages)
        return FLT_WHY_NO_SWAP;
    return page_referenced(page, false) ? FLT_WHY_REFERENCED : FLT_WHY_INACTIVE;
}

static void shrink_active_list(unsigned long nr_pages, struct zone *zone, struct scan_control *sc)
{
    bool take_mapped = reclaim_mapped(zone, sc);
    unsigned long scanned, deactivated = 0;
    LIST_HEAD(held);
    LIST_HEAD(looked_at);

    scanned = isolate(zone, true, nr_pages, sc, &held);
    while (!list_empty(&held)) {
        struct page *page = lru_tail(&held);
        enum flt_page_reason why;

        cond_resched();
        list_move(&page->lru, &looked_at);
        why = why_active(page, take_mapped);
        if (why == FLT_WHY_INACTIVE) {
            ClearPageActive(page);
            deactivated++;
        }
        tell_lru_move(page, true, why != FLT_WHY_INACTIVE, why);
    }
    putback_lru_pages(&looked_at);
    count_vm_events(PGREFILL_DMA + (enum vm_event_item)zone_index(zone), scanned);
    count_vm_events(PGDEACTIVATE, deactivated);
}

/* ---- the inactive list ---- */

static void count_scan(const struct zone *zone, const struct scan_control *sc, unsigned long scanned,
                       unsigned long freed)
{
    enum vm_event_item zone_item = (enum vm_event_item)zone_index(zone);

    count_vm_events((sc->kswapd ? PGSCAN_KSWAPD_DMA : PGSCAN_DIRECT_DMA) + zone_item, scanned);
    count_vm_events(PGSTEAL_DMA + zone_item, freed);
    if (sc->kswapd)
        count_vm_events(KSWAPD_STEAL, freed);
    TRACE(FLT_MM_VMSCAN_SHRINK_INACTIVE, flt_mm_shrink_inactive, .node = (u32)zone->zone_pgdat->node_id,
          .zone = (u32)zone_index(zone), .priority = (u32)sc->priority, .kswapd = sc->kswapd, .scanned = (u32)scanned,
          .reclaimed = (u32)freed);
}

static unsigned long shrink_inactive_list(unsigned long nr_pages, struct zone *zone, struct scan_control *sc)
{
    LIST_HEAD(pages);
    unsigned long scanned = isolate(zone, false, nr_pages, sc, &pages), freed = 0;

    if (!scanned)
        return 0;
    freed = shrink_page_list(&pages, sc);
    putback_lru_pages(&pages);
    count_scan(zone, sc, scanned, freed);
    return freed;
}

/* ---- a zone ---- */

/* This priority's share of a list, added to what earlier runs left over; less than a batch is left for later. */
static unsigned long share_of(unsigned long *backlog, unsigned long length, const struct scan_control *sc)
{
    unsigned long nr;

    *backlog += (length >> sc->priority) + 1;
    if (*backlog < sc->swap_cluster_max)
        return 0;
    nr = *backlog;
    *backlog = 0;
    return nr;
}

static unsigned long shrink_zone(struct zone *zone, struct scan_control *sc)
{
    unsigned long nr_active = share_of(&zone->nr_scan_active, zone->nr_active, sc), freed = 0;
    unsigned long nr_inactive = share_of(&zone->nr_scan_inactive, zone->nr_inactive, sc);

    atomic_inc(&zone->reclaim_in_progress);
    while (nr_active || nr_inactive) {
        unsigned long batch = min_t(unsigned long, nr_active, sc->swap_cluster_max);

        if (batch)
            shrink_active_list(batch, zone, sc);
        nr_active -= batch;
        batch = min_t(unsigned long, nr_inactive, sc->swap_cluster_max);
        if (batch)
            freed += shrink_inactive_list(batch, zone, sc);
        nr_inactive -= batch;
        if (!sc->kswapd && sc->priority < DEF_PRIORITY && freed >= sc->swap_cluster_max)
            break; /* what the task needs; its share of more would be a long stall and a good page lost */
    }
    throttle_vm_writeout(sc->gfp);
    atomic_dec(&zone->reclaim_in_progress);
    if (unlikely(MM_CHECK_DUE()))
        check_lru();
    return freed;
}

/* The worst priority of this run, and of a run that goes on now, which the next shrink_active_list looks at. */
static void note_priority(struct zone *zone, int priority)
{
    zone->temp_priority = priority;
    if (zone->prev_priority > priority)
        zone->prev_priority = priority;
}

/* Looked at four times over without a page freed. */
static bool looks_unreclaimable(const struct zone *zone)
{
    return zone->pages_scanned >= (zone->nr_active + zone->nr_inactive) * 4;
}

/* Given up, and not worth the one look at the lowest priority. */
static bool passed_over(const struct zone *zone, int priority)
{
    return !zone_populated(zone) || (zone->all_unreclaimable && priority != DEF_PRIORITY);
}

/* It goes badly: pages that are being written are the next that can be freed. */
static void wait_for_writes(unsigned long scanned, int priority)
{
    if (scanned && priority < DEF_PRIORITY - 2 && global_page_state(NR_WRITEBACK))
        congestion_wait(WRITE, HZ / 10);
}

static unsigned long take_slab_pages(void)
{
    unsigned long pages = current->reclaimed_slab;

    current->reclaimed_slab = 0;
    return pages;
}

/* ---- direct reclaim ---- */

static unsigned long shrink_zones(struct zone *const *zones, struct scan_control *sc)
{
    unsigned long freed = 0;

    sc->all_unreclaimable = true;
    for (; *zones; zones++) {
        if (!zone_populated(*zones))
            continue;
        note_priority(*zones, sc->priority);
        if (passed_over(*zones, sc->priority))
            continue;
        freed += shrink_zone(*zones, sc);
        if (!looks_unreclaimable(*zones))
            sc->all_unreclaimable = false;
    }
    return freed;
}

static unsigned long begin_run(struct zone *const *zones)
{
    unsigned long lru_pages = 0;

    for (; *zones; zones++) {
        (*zones)->temp_priority = DEF_PRIORITY;
        lru_pages += (*zones)->nr_active + (*zones)->nr_inactive;
    }
    return lru_pages;
}

/* Priorities from 12 down until a batch is free. *progress: something was freed, or a zone is not given up yet. */
static unsigned long free_by_priority(struct zone *const *zones, struct scan_control *sc)
{
    unsigned long lru_pages = begin_run(zones), total_scanned = 0, freed;

    take_slab_pages(); /* what was freed before counts for nobody */
    kmem_cache_reap();
    freed = take_slab_pages();

    for (sc->priority = DEF_PRIORITY; sc->priority >= 0; sc->priority--) {
        sc->nr_scanned = 0;
        freed += shrink_zones(zones, sc);
        shrink_slab(sc->nr_scanned, sc->gfp, lru_pages);
        freed += take_slab_pages();
        total_scanned += sc->nr_scanned;
        if (freed >= sc->swap_cluster_max)
            break;
        if (total_scanned > sc->swap_cluster_max + sc->swap_cluster_max / 2)
            wakeup_pdflush((long)total_scanned);
        wait_for_writes(sc->nr_scanned, sc->priority);
    }
    if (sc->priority < 0)
        sc->priority = 0;
    for (; *zones; zones++)
        (*zones)->prev_priority = (*zones)->temp_priority;
    return freed;
}

/* Nothing was freed, every zone is given up, and no write will end and change that. */
static bool hopeless(const struct scan_control *sc)
{
    return sc->all_unreclaimable && !global_page_state(NR_WRITEBACK);
}

/* 0: there is no memory. Else at least 1: something was freed, or may be at the next try. */
unsigned long try_to_free_pages(struct zone *const *zones, unsigned order, gfp_t gfp)
{
    struct scan_control sc = {
        .gfp = gfp,
        .swappiness = vm_swappiness,
        .swap_cluster_max = SWAP_CLUSTER_MAX,
        .may_writepage = true,
        .may_swap = true,
    };
    unsigned long freed;

    count_vm_event(ALLOCSTALL);
    TRACE(FLT_MM_VMSCAN_DIRECT_BEGIN, flt_mm_direct_reclaim, .order = order, .gfp_flags = gfp,
          .priority = DEF_PRIORITY);
    freed = free_by_priority(zones, &sc);
    TRACE(FLT_MM_VMSCAN_DIRECT_END, flt_mm_direct_reclaim, .order = order, .gfp_flags = gfp,
          .priority = (u32)sc.priority, .reclaimed = (u32)freed);
    return freed || hopeless(&sc) ? freed : 1;
}

/* ---- kswapd ---- */

/* One node's run at one order. */
struct balance {
    pg_data_t *pgdat;
    unsigned order;
    struct scan_control sc;
    int end_zone; /* the highest zone below its high mark: the lower ones keep their reserve for its requests */
    unsigned long total_scanned, freed, lru_pages;
    bool all_zones_ok;
};

static bool above_high(const struct balance *b, const struct zone *zone, int classzone)
{
    return zone_watermark_ok(zone, b->order, zone->pages_high, classzone, 0);
}

/* -1: every zone has enough, or was given up. */
static int find_end_zone(const struct balance *b)
{
    for (int i = b->pgdat->nr_zones - 1; i >= 0; i--) {
        const struct zone *zone = &b->pgdat->node_zones[i];

        if (!passed_over(zone, b->sc.priority) && !above_high(b, zone, 0))
            return i;
    }
    return -1;
}

static void balance_zone(struct balance *b, struct zone *zone)
{
    unsigned long slab_objects;

    if (!above_high(b, zone, b->end_zone))
        b->all_zones_ok = false;
    note_priority(zone, b->sc.priority);
    b->sc.nr_scanned = 0;
    b->freed += shrink_zone(zone, &b->sc);
    take_slab_pages();
    slab_objects = shrink_slab(b->sc.nr_scanned, GFP_KERNEL, b->lru_pages);
    b->freed += take_slab_pages();
    b->total_scanned += b->sc.nr_scanned;
    if (!slab_objects && looks_unreclaimable(zone))
        zone->all_unreclaimable = 1;
}

/* One priority over the zones up to the highest that needs it, upwards: false when none does. */
static bool balance_zones(struct balance *b)
{
    b->end_zone = find_end_zone(b);
    b->all_zones_ok = true;
    if (b->end_zone < 0)
        return false;
    b->lru_pages = 0;
    for (int i = 0; i <= b->end_zone; i++)
        b->lru_pages += b->pgdat->node_zones[i].nr_active + b->pgdat->node_zones[i].nr_inactive;
    for (int i = 0; i <= b->end_zone; i++)
        if (!passed_over(&b->pgdat->node_zones[i], b->sc.priority))
            balance_zone(b, &b->pgdat->node_zones[i]);
    return !b->all_zones_ok;
}

/* Priorities from 12 down until all zones are above high or a batch is free. */
static void balance_once(struct balance *b)
{
    struct zone *zones = b->pgdat->node_zones;

    count_vm_event(PAGEOUTRUN);
    kmem_cache_reap(); /* the pages that nobody has to be asked for */
    b->total_scanned = b->freed = 0;
    for (int i = 0; i < b->pgdat->nr_zones; i++)
        zones[i].temp_priority = DEF_PRIORITY;
    for (b->sc.priority = DEF_PRIORITY; b->sc.priority >= 0 && balance_zones(b); b->sc.priority--) {
        wait_for_writes(b->total_scanned, b->sc.priority);
        if (b->freed >= SWAP_CLUSTER_MAX)
            break;
    }
    for (int i = 0; i < b->pgdat->nr_zones; i++)
        zones[i].prev_priority = zones[i].temp_priority;
}

static void balance_pgdat(pg_data_t *pgdat, unsigned order)
{
    struct balance b = {
        .pgdat = pgdat,
        .order = order,
        .sc = {.gfp = GFP_KERNEL,
               .swappiness = vm_swappiness,
               .swap_cluster_max = SWAP_CLUSTER_MAX,
               .may_writepage = true,
               .may_swap = true,
               .kswapd = true},
    };

    do {
        balance_once(&b);
        cond_resched();
    } while (!b.all_zones_ok);
}

static void tell_kswapd(u16 type, const struct zone *zone, unsigned order)
{
    TRACE(type, flt_mm_kswapd, .node = (u32)zone->zone_pgdat->node_id, .zone = (u32)zone_index(zone), .order = order,
          .free = (u32)zone->free_pages);
}

/* Sleeps until somebody needs it, unless a larger block than the last run's was asked for meanwhile. */
static unsigned wait_for_work(pg_data_t *pgdat, unsigned order)
{
    DEFINE_WAIT(wait);
    unsigned asked;

    prepare_to_wait(&pgdat->kswapd_wait, &wait, TASK_INTERRUPTIBLE);
    asked = (unsigned)pgdat->kswapd_max_order;
    pgdat->kswapd_max_order = 0;
    if (asked <= order) {
        tell_kswapd(FLT_MM_VMSCAN_KSWAPD_SLEEP, &pgdat->node_zones[0], order);
        schedule();
        asked = (unsigned)pgdat->kswapd_max_order;
    }
    finish_wait(&pgdat->kswapd_wait, &wait);
    return asked;
}

static int kswapd(void *argument)
{
    pg_data_t *pgdat = argument;
    unsigned order = 0;

    current->flags |= PF_MEMALLOC | PF_KSWAPD;
    for (;;) {
        order = wait_for_work(pgdat, order);
        balance_pgdat(pgdat, order);
    }
    return 0;
}

/* An allocation found the zone below its low mark. */
void wakeup_kswapd(struct zone *zone, unsigned order)
{
    pg_data_t *pgdat = zone->zone_pgdat;

    if (!zone_populated(zone) || zone_watermark_ok(zone, order, zone->pages_low, 0, 0))
        return;
    if (pgdat->kswapd_max_order < (int)order)
        pgdat->kswapd_max_order = (int)order;
    if (!pgdat->kswapd || list_empty(&pgdat->kswapd_wait.task_list) || pgdat->kswapd->state == TASK_RUNNING)
        return; /* not yet there, or at work: also while it waits for the disk */
    tell_kswapd(FLT_MM_VMSCAN_KSWAPD_WAKE, zone, order);
    wake_up_interruptible(&pgdat->kswapd_wait);
}

/* After memory came or went: what reclaim measures the mapped pages against. */
static unsigned long pages_above_high(void)
{
    const struct zone *zone;
    unsigned long pages = 0;

    for_each_zone (zone)
        pages += zone->present_pages > zone->pages_high ? zone->present_pages - zone->pages_high : 0;
    return pages;
}

void kswapd_init(void)
{
    pg_data_t *pgdat;
    char name[16];

    vm_total_pages = pages_above_high();
    for_each_pgdat (pgdat) {
        snprintf(name, sizeof(name), "kswapd%d", pgdat->node_id);
        pgdat->kswapd = kernel_thread(name, kswapd, pgdat);
        if (IS_ERR(pgdat->kswapd))
            panic("%s: no memory for it (error %ld)", name, -PTR_ERR(pgdat->kswapd));
    }
}
