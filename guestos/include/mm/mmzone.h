/* Nodes and zones: where frames are kept, by what hardware may use them and by distance. */
#ifndef _MM_MMZONE_H
#define _MM_MMZONE_H

#include "mm/mm_types.h"
#include "mm/gfp.h"
#include "kernel/wait.h"

#define MAX_ORDER 11
enum zone_type { ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM, MAX_NR_ZONES };
#define GFP_ZONETYPES 4
#define MAX_NUMNODES 4
#define DEF_PRIORITY 12

struct free_area {
    struct list_head free_list;
    unsigned long nr_free; /* blocks of this order */
};

struct per_cpu_pages {
    int count, low, high, batch;
    struct list_head list;
};

struct per_cpu_pageset {
    struct per_cpu_pages pcp[2]; /* 0 hot, 1 cold */
};

enum zone_stat_item {
    NR_FREE_PAGES, /* all free pages of the zone, the pagesets not included */
    NR_INACTIVE,
    NR_ACTIVE,
    NR_ANON_PAGES, /* mapped anonymous pages */
    NR_FILE_MAPPED,
    NR_FILE_PAGES,
    NR_FILE_DIRTY,
    NR_WRITEBACK,
    NR_SLAB,
    NR_PAGETABLE,
    NR_KERNEL_STACK,
    NR_UNSTABLE,
    NR_BOUNCE,
    NR_VMSCAN_WRITE,
    NR_VM_ZONE_STAT_ITEMS
};

struct pglist_data;

struct zone {
    unsigned long free_pages; /* = vm_stat[NR_FREE_PAGES] */
    unsigned long pages_min, pages_low, pages_high;
    unsigned long lowmem_reserve[MAX_NR_ZONES];
    struct per_cpu_pageset pageset[1];
    struct free_area free_area[MAX_ORDER];
    struct list_head active_list, inactive_list;
    unsigned long nr_scan_active, nr_scan_inactive, nr_active, nr_inactive;
    unsigned long pages_scanned;
    int all_unreclaimable;
    unsigned told_below; /* FLT_MARK_ bits: what the trace port heard last */
    atomic_t reclaim_in_progress;
    int temp_priority, prev_priority;
    long vm_stat[NR_VM_ZONE_STAT_ITEMS];
    wait_queue_head_t *wait_table;
    unsigned long wait_table_hash_nr_entries, wait_table_bits;
    struct pglist_data *zone_pgdat;
    unsigned long zone_start_pfn, spanned_pages, present_pages;
    const char *name;
};

struct zonelist {
    struct zone *zones[MAX_NUMNODES * MAX_NR_ZONES + 1]; /* NULL at the end */
};

typedef struct pglist_data {
    struct zone node_zones[MAX_NR_ZONES];
    struct zonelist node_zonelists[GFP_ZONETYPES];
    int nr_zones;
    struct page *node_mem_map;
    struct bootmem_data *bdata;
    unsigned long node_start_pfn, node_present_pages, node_spanned_pages;
    int node_id;
    struct pglist_data *pgdat_next;
    wait_queue_head_t kswapd_wait;
    struct task_struct *kswapd;
    int kswapd_max_order;
} pg_data_t;

/*
 * Node 0 is contig_page_data; the others follow by pgdat_next in ascending order of node_id, and node_data[] names them
 * by number. The lists are complete before the first allocation from zones and never change after.
 */
extern struct pglist_data contig_page_data;
extern struct pglist_data *node_data[MAX_NUMNODES]; /* NULL: no such node */
#define NODE_DATA(nid) (node_data[nid])
extern int nr_online_nodes;
/* As the ACPI tables count: ten to oneself. */
#define LOCAL_DISTANCE 10
#define REMOTE_DISTANCE 20
static inline int node_distance(int a, int b) { return a == b ? LOCAL_DISTANCE : REMOTE_DISTANCE; }
/* By the top bits of page->flags: node * 4 + zone. */
extern struct zone *zone_table[MAX_NUMNODES << (PG_NODE_SHIFT - PG_ZONE_SHIFT)];
static inline pg_data_t *first_online_pgdat(void) { return &contig_page_data; }
static inline pg_data_t *next_online_pgdat(const pg_data_t *pgdat) { return pgdat->pgdat_next; }
#define for_each_pgdat(pgdat) for ((pgdat) = first_online_pgdat(); (pgdat); (pgdat) = next_online_pgdat(pgdat))
#define for_each_online_pgdat(pgdat) for_each_pgdat (pgdat)

/* Every zone of every node, populated or not, node by node and upwards. */
static inline struct zone *next_zone(const struct zone *zone)
{
    pg_data_t *pgdat = zone->zone_pgdat;

    if (zone < pgdat->node_zones + MAX_NR_ZONES - 1)
        return pgdat->node_zones + (zone - pgdat->node_zones) + 1;
    pgdat = next_online_pgdat(pgdat);
    return pgdat ? pgdat->node_zones : NULL;
}
#define for_each_zone(zone) for ((zone) = first_online_pgdat()->node_zones; (zone); (zone) = next_zone(zone))

extern struct page *mem_map;
extern unsigned long max_mapnr; /* frames in mem_map */
extern unsigned long min_low_pfn, max_low_pfn, max_pfn, highstart_pfn, highend_pfn;
extern void *high_memory; /* first address after the direct map */
extern unsigned long num_physpages, totalram_pages, totalhigh_pages;

static inline struct page *pfn_to_page(unsigned long pfn) { return mem_map + pfn; }
static inline unsigned long page_to_pfn(const struct page *page) { return (unsigned long)(page - mem_map); }
static inline bool pfn_valid(unsigned long pfn) { return pfn < max_mapnr; }
static inline int page_to_nid(const struct page *page) { return (int)(page->flags >> PG_NODE_SHIFT); }
static inline int numa_node_id(void) { return 0; } /* the processor's own node */
static inline struct zone *page_zone(const struct page *page) { return zone_table[page->flags >> PG_ZONE_SHIFT]; }

static inline struct page *virt_to_page(const void *addr) { return pfn_to_page(virt_to_pfn(addr)); }
static inline bool PageHighMem(const struct page *page) { return ((page->flags >> PG_ZONE_SHIFT) & 3) == ZONE_HIGHMEM; }
/* Kernel address of a frame that the direct map covers; not for highmem (kmap_atomic). */
static inline void *page_address(const struct page *page) { return __va(page_to_pfn(page) << PAGE_SHIFT); }

unsigned long nr_free_pages(void);
unsigned long nr_free_highpages(void);

#endif
