/*
 * The numbers that /proc shows, as text in Linux's formats. Every one is read from the structure that it describes at
 * the moment of the call; none is kept twice for show.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "mm/vmalloc.h"
#include "lib/text.h"

unsigned long vm_events[NR_VM_EVENT_ITEMS];

/* ---- meminfo ---- */

static void kib(struct text *t, const char *name, unsigned long pages)
{
    text(t, "%-16s%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

/* Free in the pagesets: nobody's yet. */
static unsigned long pageset_pages(void)
{
    unsigned long pages = 0;
    const struct zone *zone;

    for_each_zone (zone)
        pages += (unsigned long)(zone->pageset[0].pcp[0].count + zone->pageset[0].pcp[1].count);
    return pages;
}

/* What could be had without hurting: free above the low marks, and most of the page cache that no process maps. */
static unsigned long available_pages(void)
{
    unsigned long free = nr_free_pages() + pageset_pages(), low = 0, cache = global_page_state(NR_FILE_PAGES);
    const struct zone *zone;

    for_each_zone (zone)
        low += zone->pages_low;
    cache -= min_t(unsigned long, cache, global_page_state(NR_FILE_MAPPED));
    cache -= min_t(unsigned long, cache / 2, low);
    return (free > low ? free - low : 0) + cache;
}

static unsigned long reclaimable_slab_pages(void)
{
    struct slab_numbers n;
    unsigned long pages = 0;

    for (unsigned i = 0; slab_numbers_of(i, &n); i++)
        if (n.reclaimable)
            pages += n.slabs * n.pages_a_slab;
    return pages;
}

int proc_meminfo(char *buf, int size)
{
    struct text t = {buf, size, 0};
    unsigned long free = nr_free_pages() + pageset_pages(), high = nr_free_highpages();
    unsigned long limit = totalram_pages / 100 * (unsigned long)sysctl_overcommit_ratio + total_swap_pages;
    unsigned long reclaimable = reclaimable_slab_pages(), slab = global_page_state(NR_SLAB);
    unsigned long buffers = nr_blockdev_pages(), cached = global_page_state(NR_FILE_PAGES) - swapper_space.nrpages;
    struct vmalloc_info vmalloc;

    get_vmalloc_info(&vmalloc);

    kib(&t, "MemTotal:", totalram_pages);
    kib(&t, "MemFree:", free);
    kib(&t, "MemAvailable:", available_pages());
    kib(&t, "Buffers:", buffers);
    kib(&t, "Cached:", cached > buffers ? cached - buffers : 0);
    kib(&t, "SwapCached:", swapper_space.nrpages);
    kib(&t, "Active:", global_page_state(NR_ACTIVE));
    kib(&t, "Inactive:", global_page_state(NR_INACTIVE));
    kib(&t, "HighTotal:", totalhigh_pages);
    kib(&t, "HighFree:", high);
    kib(&t, "LowTotal:", totalram_pages - totalhigh_pages);
    kib(&t, "LowFree:", free - high);
    kib(&t, "SwapTotal:", total_swap_pages);
    kib(&t, "SwapFree:", nr_swap_pages);
    kib(&t, "Dirty:", global_page_state(NR_FILE_DIRTY));
    kib(&t, "Writeback:", global_page_state(NR_WRITEBACK));
    kib(&t, "AnonPages:", global_page_state(NR_ANON_PAGES));
    kib(&t, "Mapped:", global_page_state(NR_FILE_MAPPED));
    kib(&t, "Shmem:", nr_shmem_pages());
    kib(&t, "KReclaimable:", reclaimable);
    kib(&t, "Slab:", slab);
    kib(&t, "SReclaimable:", reclaimable);
    kib(&t, "SUnreclaim:", slab - reclaimable);
    kib(&t, "KernelStack:", global_page_state(NR_KERNEL_STACK));
    kib(&t, "PageTables:", global_page_state(NR_PAGETABLE));
    kib(&t, "NFS_Unstable:", global_page_state(NR_UNSTABLE));
    kib(&t, "Bounce:", global_page_state(NR_BOUNCE));
    kib(&t, "CommitLimit:", limit);
    kib(&t, "Committed_AS:", vm_committed_space);
    kib(&t, "VmallocTotal:", (VMALLOC_END - VMALLOC_START) >> PAGE_SHIFT);
    kib(&t, "VmallocUsed:", vmalloc.used >> PAGE_SHIFT);
    kib(&t, "VmallocChunk:", vmalloc.largest_chunk >> PAGE_SHIFT);
    return t.length;
}

/* ---- zones ---- */

int proc_buddyinfo(char *buf, int size)
{
    struct text t = {buf, size, 0};
    const struct zone *zone;

    for_each_zone (zone) {
        if (!zone_populated(zone))
            continue;
        text(&t, "Node %d, zone %8s ", zone->zone_pgdat->node_id, zone->name);
        for (int order = 0; order < MAX_ORDER; order++)
            text(&t, "%6lu ", zone->free_area[order].nr_free);
        text(&t, "\n");
    }
    return t.length;
}

static const char *const zone_stat_names[NR_VM_ZONE_STAT_ITEMS] = {
    "nr_free_pages",   "nr_inactive", "nr_active",    "nr_anon_pages",  "nr_mapped",
    "nr_file_pages",   "nr_dirty",    "nr_writeback", "nr_slab",        "nr_page_table_pages",
    "nr_kernel_stack", "nr_unstable", "nr_bounce",    "nr_vmscan_write"};

static void zoneinfo_pagesets(struct text *t, const struct zone *zone)
{
    text(t, "\n  pagesets");
    for (int i = 0; i < 2; i++) {
        const struct per_cpu_pages *pcp = &zone->pageset[0].pcp[i];
        text(t, "\n    cpu: 0 pcp: %d\n              count: %d\n              high:  %d\n              batch: %d", i,
             pcp->count, pcp->high, pcp->batch);
    }
}

static void zoneinfo_zone(struct text *t, const struct zone *zone)
{
    text(t, "Node %d, zone %8s", zone->zone_pgdat->node_id, zone->name);
    text(t, "\n  pages free     %lu\n        min      %lu\n        low      %lu\n        high     %lu",
         zone->free_pages, zone->pages_min, zone->pages_low, zone->pages_high);
    text(t, "\n        scanned  %lu (a: %lu i: %lu)\n        spanned  %lu\n        present  %lu", zone->pages_scanned,
         zone->nr_scan_active, zone->nr_scan_inactive, zone->spanned_pages, zone->present_pages);
    for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
        text(t, "\n    %-12s %ld", zone_stat_names[i], zone->vm_stat[i]);
    text(t, "\n        protection: (%lu, %lu, %lu)", zone->lowmem_reserve[0], zone->lowmem_reserve[1],
         zone->lowmem_reserve[2]);
    zoneinfo_pagesets(t, zone);
    text(t, "\n  all_unreclaimable: %d\n  prev_priority:     %d\n  start_pfn:         %lu\n", zone->all_unreclaimable,
         zone->prev_priority, zone->zone_start_pfn);
}

int proc_zoneinfo(char *buf, int size)
{
    struct text t = {buf, size, 0};
    const struct zone *zone;

    for_each_zone (zone)
        if (zone_populated(zone))
            zoneinfo_zone(&t, zone);
    return t.length;
}

/* ---- vmstat ---- */

static const char *const event_names[NR_VM_EVENT_ITEMS] = {"pgpgin",
                                                           "pgpgout",
                                                           "pswpin",
                                                           "pswpout",
                                                           "pgalloc_dma",
                                                           "pgalloc_normal",
                                                           "pgalloc_high",
                                                           "pgfree",
                                                           "pgactivate",
                                                           "pgdeactivate",
                                                           "pgfault",
                                                           "pgmajfault",
                                                           "pgrefill_dma",
                                                           "pgrefill_normal",
                                                           "pgrefill_high",
                                                           "pgsteal_dma",
                                                           "pgsteal_normal",
                                                           "pgsteal_high",
                                                           "pgscan_kswapd_dma",
                                                           "pgscan_kswapd_normal",
                                                           "pgscan_kswapd_high",
                                                           "pgscan_direct_dma",
                                                           "pgscan_direct_normal",
                                                           "pgscan_direct_high",
                                                           "pginodesteal",
                                                           "slabs_scanned",
                                                           "kswapd_steal",
                                                           "kswapd_inodesteal",
                                                           "pageoutrun",
                                                           "allocstall",
                                                           "pgrotated"};

int proc_vmstat(char *buf, int size)
{
    struct text t = {buf, size, 0};

    for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
        text(&t, "%s %lu\n", zone_stat_names[i], global_page_state((enum zone_stat_item)i));
    for (int i = 0; i < NR_VM_EVENT_ITEMS; i++)
        text(&t, "%s %lu\n", event_names[i], vm_events[i]);
    return t.length;
}

/* ---- slabinfo ---- */

int proc_slabinfo(char *buf, int size)
{
    struct text t = {buf, size, 0};
    struct slab_numbers n;

    text(&t,
         "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : "
         "tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
    for (unsigned i = 0; slab_numbers_of(i, &n); i++)
        text(&t, "%-17s %6lu %6lu %6lu %4lu %4lu : tunables %4u %4u %4u : slabdata %6lu %6lu %6u\n", n.name,
             n.active_objects, n.objects, n.object_size, n.objects_a_slab, n.pages_a_slab, 0u, 0u, 0u, n.active_slabs,
             n.slabs, 0u);
    return t.length;
}
