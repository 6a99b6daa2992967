/* Reclaim: when it is called, what becomes of each page and why, and when it gives up. */
#include "reclaim_world.h"
#include "mm/writeback.h"

/* ---- a file that can be written out ---- */

static enum { WRITE_AT_ONCE, WRITE_LATER, WRITE_FAILS, WRITE_NOT_NOW } how_to_write;
static unsigned writes;
static struct page *under_write;

static int write_page(struct page *page, struct writeback_control *wbc)
{
    CHECK(PageLocked(page) && wbc->for_reclaim && PageReclaim(page));
    writes++;
    if (how_to_write == WRITE_NOT_NOW)
        return AOP_WRITEPAGE_ACTIVATE;
    if (how_to_write == WRITE_FAILS)
        SetPageDirty(page);
    if (how_to_write == WRITE_LATER) {
        set_page_writeback(page);
        under_write = page;
    }
    unlock_page(page);
    return how_to_write == WRITE_FAILS ? -EIO : 0;
}

static int mark_dirty(struct page *page)
{
    bool clean = !PageDirty(page);

    SetPageDirty(page);
    return clean;
}

static const struct address_space_operations disk_aops = {.writepage = write_page, .set_page_dirty = mark_dirty};
static struct address_space_operations aops_with_disk;

/* Its pages are filled as test_file's are. */
static struct file *disk_file(u32 pages)
{
    struct file *file = test_file(pages, O_RDWR);

    aops_with_disk = *file->f_mapping->a_ops;
    aops_with_disk.writepage = disk_aops.writepage;
    aops_with_disk.set_page_dirty = disk_aops.set_page_dirty;
    file->f_mapping->a_ops = &aops_with_disk;
    return file;
}

/* ---- one page through shrink_page_list ---- */

static struct scan_control usual(void)
{
    return (struct scan_control){.gfp = GFP_KERNEL,
                                 .priority = DEF_PRIORITY,
                                 .swappiness = 60,
                                 .swap_cluster_max = SWAP_CLUSTER_MAX,
                                 .may_writepage = true,
                                 .may_swap = true};
}

/* What became of the page; one that was kept is back on its list. */
static enum flt_page_outcome visit(struct page *page, struct scan_control sc, enum flt_page_reason *why)
{
    LIST_HEAD(pages);
    unsigned long freed;

    lru_add_drain();
    CHECK(PageLRU(page));
    get_page(page);
    del_page_from_lru(page);
    ClearPageActive(page);
    list_add(&page->lru, &pages);
    hear_all();
    freed = shrink_page_list(&pages, &sc);
    const struct told *last = told_last(FLT_MM_VMSCAN_PAGE);
    CHECK_EQ(told_number(FLT_MM_VMSCAN_PAGE), 1);
    CHECK_EQ(last->visit.pfn, page_to_pfn(page));
    *why = last->visit.reason;
    CHECK_EQ(freed, last->visit.outcome == FLT_OUTCOME_RECLAIM);
    CHECK_EQ(list_empty(&pages), freed);
    if (!freed) {
        CHECK_EQ(PageActive(page), last->visit.outcome == FLT_OUTCOME_ACTIVATE);
        list_del(&page->lru);
        add_page_to_lru(page);
        put_page(page);
    }
    check_tlb();
    check_everything();
    return last->visit.outcome;
}

#define VISIT(page, sc, outcome, reason)                                                                               \
    do {                                                                                                               \
        enum flt_page_reason why_;                                                                                     \
        CHECK_EQ(visit(page, sc, &why_), outcome);                                                                     \
        CHECK_EQ(why_, reason);                                                                                        \
    } while (0)

static struct file *file;
static unsigned long at; /* its first page, mapped */

/* A page of the file, mapped and used once, its use already harvested. */
static struct page *old_file_page(unsigned index)
{
    read_byte(at + index * PAGE_SIZE);
    struct page *page = page_at(at + index * PAGE_SIZE);
    lru_add_drain();
    page_referenced(page, false);
    return page;
}

static void start_with_file(void)
{
    start();
    file = disk_file(32);
    at = map(file, 32, RW, MAP_SHARED);
}

static void end_with_file(void)
{
    fput(file);
    finish();
}

static void clean_pages_are_reclaimed(void)
{
    start_with_file();
    struct page *page = old_file_page(3);
    unsigned long pages = file->f_mapping->nrpages;
    VISIT(page, usual(), FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN);
    CHECK_EQ(file->f_mapping->nrpages, pages - 1);
    CHECK(pte_none(entry(at + 3 * PAGE_SIZE)));
    CHECK_EQ(read_byte(at + 3 * PAGE_SIZE), 3 * 7);
    end_with_file();
}

static void used_pages_get_a_second_chance(void)
{
    start_with_file();
    struct page *page = old_file_page(0);
    read_byte(at);
    VISIT(page, usual(), FLT_OUTCOME_ACTIVATE, FLT_WHY_REFERENCED);
    VISIT(page, usual(), FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN); /* not used since */
    end_with_file();
}

static void busy_pages_are_kept(void)
{
    start_with_file();
    struct page *page = old_file_page(0);
    struct scan_control sc = usual();

    SetPageLocked(page);
    VISIT(page, sc, FLT_OUTCOME_KEEP, FLT_WHY_LOCKED);
    set_page_writeback(page);
    ClearPageLocked(page);
    VISIT(page, sc, FLT_OUTCOME_KEEP, FLT_WHY_WRITEBACK);
    end_page_writeback(page);
    sc.may_swap = false;
    VISIT(page, sc, FLT_OUTCOME_KEEP, FLT_WHY_MAPPED);
    get_page(page);
    VISIT(page, usual(), FLT_OUTCOME_KEEP, FLT_WHY_BUSY);
    put_page(page);
    CHECK(!PageLocked(page));
    VISIT(page, usual(), FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN);
    end_with_file();
}

static void locked_memory_is_kept(void)
{
    start_with_file();
    struct page *page = old_file_page(0);
    CHECK_EQ(sys_mlock(at, PAGE_SIZE), 0);
    VISIT(page, usual(), FLT_OUTCOME_ACTIVATE, FLT_WHY_REFERENCED);
    CHECK_EQ(sys_munlock(at, PAGE_SIZE), 0);
    page_referenced(page, false);
    VISIT(page, usual(), FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN);
    end_with_file();
}

static void anonymous_pages_stay_without_swap(void)
{
    start_with_file();
    unsigned long a = map(NULL, 1, RW, ANON);
    write_byte(a, 9);
    struct page *page = page_at(a);
    page_referenced(page, false);
    VISIT(page, usual(), FLT_OUTCOME_ACTIVATE, FLT_WHY_NO_SWAP);
    CHECK_EQ(read_byte(a), 9);
    end_with_file();
}

static struct page *dirty_page(unsigned index)
{
    write_byte(at + index * PAGE_SIZE, 1);
    struct page *page = page_at(at + index * PAGE_SIZE);
    lru_add_drain();
    page_referenced(page, false);
    CHECK(PageDirty(page));
    return page;
}

static void dirty_pages_are_written_by_who_may(void)
{
    start_with_file();
    struct page *page = dirty_page(0);
    struct scan_control sc = usual();

    sc.may_writepage = false;
    VISIT(page, sc, FLT_OUTCOME_KEEP, FLT_WHY_DIRTY);
    sc = usual();
    sc.gfp = GFP_NOFS;
    VISIT(page, sc, FLT_OUTCOME_KEEP, FLT_WHY_DIRTY);
    CHECK_EQ(writes, 0);
    how_to_write = WRITE_NOT_NOW;
    VISIT(page, usual(), FLT_OUTCOME_ACTIVATE, FLT_WHY_DIRTY);
    CHECK_EQ(writes, 1);
    SetPageDirty(page);
    how_to_write = WRITE_FAILS;
    VISIT(page, usual(), FLT_OUTCOME_KEEP, FLT_WHY_WRITE_FAILED);
    CHECK(!PageReclaim(page));
    how_to_write = WRITE_AT_ONCE;
    VISIT(page, usual(), FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN);
    CHECK_EQ(writes, 3);

    page = dirty_page(1);
    how_to_write = WRITE_LATER;
    VISIT(page, usual(), FLT_OUTCOME_PAGEOUT, FLT_WHY_DIRTY);
    CHECK(under_write == page && PageReclaim(page) && PageLRU(page));
    ClearPageReclaim(page);
    end_page_writeback(page);
    VISIT(page, usual(), FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN);
    end_with_file();
}

static void memory_is_the_only_place_of_some_files(void)
{
    start_with_file();
    aops_with_disk.writepage = NULL;
    struct page *page = dirty_page(0);
    VISIT(page, usual(), FLT_OUTCOME_ACTIVATE, FLT_WHY_DIRTY);
    CHECK_EQ(read_byte(at), 1);
    end_with_file();
}

static void a_written_page_goes_next(void)
{
    start_with_file();
    struct page *first = old_file_page(0), *second = old_file_page(1);
    struct zone *zone = page_zone(first);
    CHECK(!PageActive(second));
    hear_all();
    rotate_reclaimable_page(second);
    CHECK(list_entry(zone->inactive_list.prev, struct page, lru) == second);
    CHECK_EQ(told_last(FLT_MM_LRU_MOVE)->move.reason, FLT_WHY_WRITTEN);
    SetPageDirty(first); /* written to again: no hurry */
    rotate_reclaimable_page(first);
    CHECK(list_entry(zone->inactive_list.prev, struct page, lru) == second);
    ClearPageDirty(first);
    check_lru();
    end_with_file();
}

/* ---- whole runs ---- */

static unsigned long run(void)
{
    const struct zonelist *zonelist = &contig_page_data.node_zonelists[__GFP_HIGHMEM];
    unsigned long freed;

    current->flags |= PF_MEMALLOC;
    freed = try_to_free_pages(zonelist->zones, 0, GFP_HIGHUSER);
    current->flags &= ~(u32)PF_MEMALLOC;
    check_everything();
    return freed;
}

static unsigned long mapped_pages(void) { return global_page_state(NR_FILE_MAPPED); }

static void reset_priorities(void)
{
    struct zone *zone;

    for_each_zone (zone) {
        zone->prev_priority = DEF_PRIORITY;
        zone->pages_scanned = zone->nr_scan_active = zone->nr_scan_inactive = 0;
        zone->all_unreclaimable = 0;
    }
}

/* 512 pages that nobody maps, read once, and 256 that somebody maps and has used. */
static void clean_cache_goes_before_mapped_pages(void)
{
    start();
    struct file *read = test_file(512, O_RDONLY), *mapped = test_file(256, O_RDONLY);
    char byte;
    vm_total_pages = totalram_pages;
    for (unsigned i = 0; i < 512; i++)
        CHECK_EQ(kernel_read(read, (loff_t)i << PAGE_SHIFT, &byte, 1), 1);
    unsigned long a = map(mapped, 256, PROT_READ, MAP_SHARED);
    for (unsigned i = 0; i < 256; i++) {
        read_byte(a + i * PAGE_SIZE);
        mark_page_accessed(page_at(a + i * PAGE_SIZE));
        mark_page_accessed(page_at(a + i * PAGE_SIZE));
    }
    lru_add_drain();
    for (int i = 0; i < 4 && read->f_mapping->nrpages > 200; i++) {
        reset_priorities();
        CHECK(run() >= SWAP_CLUSTER_MAX);
    }
    CHECK(read->f_mapping->nrpages < 500);
    CHECK_EQ(mapped_pages(), 256);
    CHECK_EQ(mapped->f_mapping->nrpages, 256);
    for (int i = 0; i < 40 && mapped_pages(); i++) /* the cache is used up: distress grows */
        run();
    CHECK_EQ(read->f_mapping->nrpages, 0);
    CHECK(mapped_pages() < 256);
    CHECK_EQ(read_byte(a + 5 * PAGE_SIZE), 35);
    fput(read);
    fput(mapped);
    finish();
}

/* Three quarters of what reclaim counts as memory is mapped: mapped_ratio / 2 is 37, and there is no distress. */
static void swappiness_decides(int swappiness, enum flt_page_reason first)
{
    start();
    struct file *mapped = test_file(600, O_RDONLY);
    unsigned long a = map(mapped, 600, PROT_READ, MAP_SHARED);
    for (unsigned i = 0; i < 600; i++) {
        read_byte(a + i * PAGE_SIZE);
        mark_page_accessed(page_at(a + i * PAGE_SIZE));
        page_referenced(page_at(a + i * PAGE_SIZE), false);
    }
    lru_add_drain();
    for (unsigned i = 0; i < 600; i++) {
        mark_page_accessed(page_at(a + i * PAGE_SIZE));
        mark_page_accessed(page_at(a + i * PAGE_SIZE));
        page_referenced(page_at(a + i * PAGE_SIZE), false);
    }
    struct zone *const zones[] = {page_zone(page_at(a)), NULL};
    vm_total_pages = 800;
    vm_swappiness = swappiness;
    reset_priorities();
    zones[0]->nr_scan_active = SWAP_CLUSTER_MAX; /* one batch at once */
    hear_all();
    current->flags |= PF_MEMALLOC;
    try_to_free_pages(zones, 0, GFP_HIGHUSER);
    current->flags &= ~(u32)PF_MEMALLOC;
    CHECK(told_first(FLT_MM_LRU_MOVE));
    CHECK_EQ(told_first(FLT_MM_LRU_MOVE)->move.reason, first);
    trace_enabled = false;
    fput(mapped);
    finish();
}
static void swappiness_62_leaves_mapped_pages(void) { swappiness_decides(62, FLT_WHY_MAPPED); }
static void swappiness_63_takes_mapped_pages(void) { swappiness_decides(63, FLT_WHY_INACTIVE); }

static void a_zone_is_given_up(void)
{
    start();
    unsigned long a = map(NULL, 600, RW, ANON);
    for (unsigned i = 0; i < 600; i++)
        write_byte(a + i * PAGE_SIZE, (u8)i);
    struct zone *zone = page_zone(page_at(a));
    int runs = 0;
    while (run()) {
        CHECK(zone->pages_scanned < 4 * (zone->nr_active + zone->nr_inactive) || runs);
        CHECK(runs++ < 10);
    }
    CHECK(zone->pages_scanned >= 4 * (zone->nr_active + zone->nr_inactive));
    zone->all_unreclaimable = 1;
    for (int i = 0; i < 64; i++) /* a batch of them goes back to the zone */
        __free_pages(alloc_page(GFP_HIGHUSER), 0);
    CHECK_EQ(do_munmap(mm, a, 100 * PAGE_SIZE), 0);
    CHECK_EQ(zone->all_unreclaimable, 0);
    CHECK_EQ(zone->pages_scanned, 0);
    finish();
}

/* ---- watermarks ---- */

/* kswapd, asleep for want of work. */
static void put_kswapd_to_sleep(struct task_struct *daemon, wait_queue_t *wait)
{
    *wait = (wait_queue_t){.task = daemon};
    contig_page_data.kswapd = daemon;
    list_add(&wait->task_list, &contig_page_data.kswapd_wait.task_list);
}

/* One page more would take every zone below its low mark (and DMA what it keeps for others): then, and only then. */
static void kswapd_wakes_below_low(void)
{
    world_boot(64 * MIB, NULL);
    static struct task_struct daemon = {.comm = "kswapd0", .state = TASK_INTERRUPTIBLE};
    struct zone *normal = &contig_page_data.node_zones[ZONE_NORMAL], *dma = &contig_page_data.node_zones[ZONE_DMA];
    unsigned long floor = dma->pages_low + dma->lowmem_reserve[ZONE_NORMAL], wakeups = 0;
    wait_queue_t wait;
    put_kswapd_to_sleep(&daemon, &wait);
    CHECK(dma->lowmem_reserve[ZONE_NORMAL] > 0);
    for (struct page *page;;) {
        bool expected = normal->free_pages <= normal->pages_low && dma->free_pages <= floor;
        interruptible_wakeups = 0;
        page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
        if (!page)
            break;
        CHECKF((interruptible_wakeups > 0) == expected, "normal %lu dma %lu", normal->free_pages, dma->free_pages);
        wakeups += expected;
    }
    CHECK(wakeups > 10);
    CHECK_EQ(dma->free_pages, dma->pages_min + dma->lowmem_reserve[ZONE_NORMAL]);
    CHECK_EQ(contig_page_data.kswapd_max_order, 0);
}

static void wakeup_needs_a_zone_below_low(void)
{
    world_boot(64 * MIB, NULL);
    static struct task_struct daemon = {.comm = "kswapd0", .state = TASK_INTERRUPTIBLE};
    struct zone *zone = &contig_page_data.node_zones[ZONE_NORMAL];
    unsigned long free = zone->free_pages;
    wait_queue_t wait;
    put_kswapd_to_sleep(&daemon, &wait);
    zone->free_pages = zone->pages_low + 1;
    wakeup_kswapd(zone, 0);
    CHECK_EQ(interruptible_wakeups, 0);
    zone->free_pages = zone->pages_low;
    wakeup_kswapd(zone, 0);
    CHECK_EQ(interruptible_wakeups, 1);
    wakeup_kswapd(zone, 3);
    CHECK_EQ(contig_page_data.kswapd_max_order, 3);
    daemon.state = TASK_RUNNING; /* at work already */
    wakeup_kswapd(zone, 1);
    CHECK_EQ(interruptible_wakeups, 2);
    list_del_init(&wait.task_list);
    daemon.state = TASK_UNINTERRUPTIBLE; /* at work, and waiting for the disk */
    wakeup_kswapd(zone, 1);
    CHECK_EQ(interruptible_wakeups, 2);
    CHECK_EQ(contig_page_data.kswapd_max_order, 3);
    zone->free_pages = free;
}

static void each_crossing_of_a_mark_is_told_once(void)
{
    world_boot(64 * MIB, NULL);
    struct zone *zone = &contig_page_data.node_zones[ZONE_NORMAL];
    struct page *pages = NULL;
    unsigned long low = 0;
    trace_enabled = true;
    __free_pages(alloc_page(GFP_KERNEL), 0);
    told_count = 0;
    for (;;) {
        struct page *page = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
        if (!page || page_zone(page) != zone)
            break;
        page->lru.next = (struct list_head *)(void *)pages;
        pages = page;
        const struct told *last = told_last(FLT_MM_WATERMARK);
        if (last) {
            CHECK_EQ(last->watermark.mark, FLT_MARK_HIGH);
            CHECK_EQ(last->watermark.below, 1);
            CHECK(last->watermark.free < zone->pages_high); /* a batch was taken */
            CHECK(last->watermark.free + (u32)zone->pageset[0].pcp[0].batch >= zone->pages_high);
            low++;
            break;
        }
        told_count = 0;
    }
    CHECK_EQ(low, 1);
    told_count = 0;
    while (pages) {
        struct page *next = (struct page *)(void *)pages->lru.next;
        INIT_LIST_HEAD(&pages->lru);
        __free_pages(pages, 0);
        pages = next;
        if (told_number(FLT_MM_WATERMARK))
            break;
    }
    CHECK_EQ(told_number(FLT_MM_WATERMARK), 1);
    CHECK_EQ(told_last(FLT_MM_WATERMARK)->watermark.below, 0);
    CHECK(told_last(FLT_MM_WATERMARK)->watermark.free >= zone->pages_high);
}

/* ---- shrinkers ---- */

static int cached = 10000, scanned, refuse;

static int shrink_cache(int nr, gfp_t gfp)
{
    (void)gfp;
    if (!nr)
        return cached;
    if (refuse)
        return -1;
    scanned += nr;
    cached -= nr / 2;
    return cached;
}

static void slabs_give_their_share(void)
{
    world_boot(48 * MIB, NULL);
    struct shrinker *shrinker = set_shrinker("things", 2, shrink_cache);
    CHECK(shrinker);
    hear_all();
    /* 4 * 100 / 2 * 10000 / 1000 = 2000: 15 batches of 128, the rest waits */
    CHECK_EQ(shrink_slab(100, GFP_KERNEL, 999), 15 * 64);
    CHECK_EQ(scanned, 15 * 128);
    CHECK_EQ(vm_events[SLABS_SCANNED], 15 * 128);
    CHECK_EQ(told_last(FLT_MM_SHRINK_SLAB)->slab.freed, 15 * 64);
    CHECK_EQ(strcmp(told_last(FLT_MM_SHRINK_SLAB)->slab.cache, "things"), 0);
    scanned = 0;
    cached = 10000;
    CHECK_EQ(shrink_slab(3, GFP_KERNEL, 999), 64); /* 80 that were left over and 60 */
    CHECK_EQ(scanned, 128);
    refuse = 1;
    CHECK_EQ(shrink_slab(100, GFP_KERNEL, 999), 0);
    remove_shrinker(shrinker);
    refuse = scanned = 0;
    CHECK_EQ(shrink_slab(100, GFP_KERNEL, 999), 0);
    CHECK_EQ(scanned, 0);
    fail_allocation(1);
    CHECK(!set_shrinker("none", 2, shrink_cache));
}

/* ---- the lists ---- */

static void a_wrong_flag_is_found(void)
{
    start();
    write_byte(map(NULL, 1, RW, ANON), 1);
    lru_add_drain();
    struct page *page = NULL;
    struct zone *zone;
    for_each_zone (zone)
        if (!list_empty(&zone->active_list))
            page = list_entry(zone->active_list.next, struct page, lru);
    CHECK(page);
    check_lru();
    ClearPageActive(page);
    tap_expect_panic("on an LRU list that its flags do not name");
    check_lru();
}

static void a_wrong_count_is_found(void)
{
    start();
    contig_page_data.node_zones[ZONE_NORMAL].nr_inactive++;
    tap_expect_panic("counts 0 (0) and 1 (0)");
    check_lru();
}

int main(void)
{
    tap_run("clean pages are reclaimed", clean_pages_are_reclaimed);
    tap_run("used pages get a second chance", used_pages_get_a_second_chance);
    tap_run("busy pages are kept", busy_pages_are_kept);
    tap_run("locked memory is kept", locked_memory_is_kept);
    tap_run("anonymous pages stay without swap", anonymous_pages_stay_without_swap);
    tap_run("dirty pages are written by who may", dirty_pages_are_written_by_who_may);
    tap_run("memory is the only place of some files", memory_is_the_only_place_of_some_files);
    tap_run("a written page goes next", a_written_page_goes_next);
    tap_run("clean cache goes before mapped pages", clean_cache_goes_before_mapped_pages);
    tap_run("swappiness 62 leaves mapped pages at a ratio of 75", swappiness_62_leaves_mapped_pages);
    tap_run("swappiness 63 takes mapped pages at a ratio of 75", swappiness_63_takes_mapped_pages);
    tap_run("a zone is given up after four looks", a_zone_is_given_up);
    tap_run("kswapd wakes below low", kswapd_wakes_below_low);
    tap_run("a wake-up needs a zone below low", wakeup_needs_a_zone_below_low);
    tap_run("each crossing of a mark is told once", each_crossing_of_a_mark_is_told_once);
    tap_run("slabs give their share", slabs_give_their_share);
    tap_run("a wrong LRU flag is found", a_wrong_flag_is_found);
    tap_run("a wrong LRU count is found", a_wrong_count_is_found);
    return tap_done();
}
