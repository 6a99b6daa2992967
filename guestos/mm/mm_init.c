/*
 * Nodes and zones come into being.
 *
 * A node's frames are numbered from node_start_pfn without gaps in mem_map; frames that are no RAM (holes) have a
 * struct page all the same, marked reserved for ever. spanned_pages counts both, present_pages only RAM.
 *
 * For each zone, from present_pages: the three watermarks, the per-CPU batch, the wait table. From all zones
 * together: what each lower zone keeps back from requests that could have been served higher (lowmem_reserve), and
 * the order in which an allocation tries zones (the zonelists).
 */
#include "mm/internal.h"

struct pglist_data contig_page_data = {.node_id = 0};
struct pglist_data *node_data[MAX_NUMNODES] = {&contig_page_data};
struct zone *zone_table[MAX_NUMNODES << (PG_NODE_SHIFT - PG_ZONE_SHIFT)];
struct page *mem_map;
unsigned long max_mapnr;
long min_free_kbytes = -1;

static const char *const zone_names[MAX_NR_ZONES] = {"DMA", "Normal", "HighMem"};
/* A zone keeps 1/ratio of the higher zones' memory out of reach for requests that those could serve. */
int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES - 1] = {256, 32};

#define PAGES_PER_WAITQUEUE 256

static unsigned long round_up_pow2(unsigned long n)
{
    unsigned long power = 1;

    while (power < n)
        power <<= 1;
    return power;
}

static unsigned log2_of_pow2(unsigned long power) { return (unsigned)__builtin_ctzl(power); }

static void init_wait_table(struct zone *zone)
{
    unsigned long entries = round_up_pow2((zone->spanned_pages + PAGES_PER_WAITQUEUE - 1) / PAGES_PER_WAITQUEUE);

    entries = max_t(unsigned long, 4, min_t(unsigned long, entries, 4096));
    zone->wait_table_hash_nr_entries = entries;
    zone->wait_table_bits = log2_of_pow2(entries);
    zone->wait_table = alloc_bootmem(entries * sizeof(wait_queue_head_t));
    for (unsigned long i = 0; i < entries; i++)
        init_waitqueue_head(&zone->wait_table[i]);
}

/* A quarter of a thousandth of the zone, at most 128 KiB, then the nearest 2^n - 1: strides that are no power of two
 * spread cache colours. */
static int zone_batchsize(const struct zone *zone)
{
    unsigned long batch = min_t(unsigned long, zone->present_pages / 1024, 512 * 1024 / PAGE_SIZE) / 4, power = 1;

    batch = max_t(unsigned long, batch, 1);
    batch += batch / 2;
    while (power * 2 <= batch)
        power *= 2;
    return max_t(int, power - 1, 1);
}

static void setup_pageset(struct zone *zone)
{
    int batch = zone_batchsize(zone);
    struct per_cpu_pages *hot = &zone->pageset[0].pcp[0], *cold = &zone->pageset[0].pcp[1];

    *hot = (struct per_cpu_pages){.high = 6 * batch, .batch = batch};
    *cold = (struct per_cpu_pages){.high = 2 * batch, .batch = max_t(int, 1, batch / 2)};
    INIT_LIST_HEAD(&hot->list);
    INIT_LIST_HEAD(&cold->list);
}

static u32 zone_bits(const struct zone *zone)
{
    return (u32)zone_index(zone) << PG_ZONE_SHIFT | (u32)zone->zone_pgdat->node_id << PG_NODE_SHIFT;
}

/* Every frame starts reserved, with no reference: free_reserved_range() opens it later. */
static void memmap_init_zone(const struct zone *zone)
{
    u32 flags = 1u << PG_reserved | zone_bits(zone);
    struct page *page = pfn_to_page(zone->zone_start_pfn), *end = page + zone->spanned_pages;

    for (; page < end; page++) {
        page->flags = flags;
        atomic_set(&page->_mapcount, -1);
        INIT_LIST_HEAD(&page->lru);
    }
}

static void free_area_init_zone(pg_data_t *pgdat, int index, unsigned long start_pfn, unsigned long size,
                                unsigned long holes)
{
    struct zone *zone = &pgdat->node_zones[index];

    *zone = (struct zone){
        .zone_pgdat = pgdat,
        .name = zone_names[index],
        .zone_start_pfn = start_pfn,
        .spanned_pages = size,
        .present_pages = size - holes,
        .temp_priority = DEF_PRIORITY,
        .prev_priority = DEF_PRIORITY,
        .told_below = 1u << FLT_MARK_MIN | 1u << FLT_MARK_LOW | 1u << FLT_MARK_HIGH,
    };
    zone_table[zone_bits(zone) >> PG_ZONE_SHIFT] = zone;
    for (int order = 0; order < MAX_ORDER; order++)
        INIT_LIST_HEAD(&zone->free_area[order].free_list);
    INIT_LIST_HEAD(&zone->active_list);
    INIT_LIST_HEAD(&zone->inactive_list);
    setup_pageset(zone);
    if (!size)
        return;
    pgdat->nr_zones = index + 1;
    init_wait_table(zone);
    memmap_init_zone(zone);
    printk(KERN_DEBUG "  node %d, %s zone: %lu pages, %lu present, batch %d\n", pgdat->node_id, zone->name, size,
           zone->present_pages, zone->pageset[0].pcp[0].batch);
}

static void free_area_init_node(pg_data_t *pgdat, const unsigned long *zones_size, unsigned long start_pfn,
                                const unsigned long *zholes_size)
{
    pgdat->node_start_pfn = start_pfn;
    pgdat->node_spanned_pages = pgdat->node_present_pages = 0;
    for (int i = 0; i < MAX_NR_ZONES; i++) {
        pgdat->node_spanned_pages += zones_size[i];
        pgdat->node_present_pages += zones_size[i] - zholes_size[i];
    }
    pgdat->node_mem_map = pfn_to_page(start_pfn);
    init_waitqueue_head(&pgdat->kswapd_wait);
    for (int i = 0; i < MAX_NR_ZONES; i++) {
        free_area_init_zone(pgdat, i, start_pfn, zones_size[i], zholes_size[i]);
        start_pfn += zones_size[i];
    }
}

/* What of each zone lies in the node. */
static void init_node_zones(pg_data_t *pgdat, const unsigned long *max_zone_pfn)
{
    const struct numa_range *range = &numa_nodes[pgdat->node_id];
    unsigned long sizes[MAX_NR_ZONES], holes[MAX_NR_ZONES], zone_start = 0;

    for (int i = 0; i < MAX_NR_ZONES; i++) {
        unsigned long start = max_t(unsigned long, zone_start, range->start_pfn);
        unsigned long end = min_t(unsigned long, max_zone_pfn[i], range->end_pfn);

        sizes[i] = start < end ? end - start : 0;
        holes[i] = sizes[i] ? sizes[i] - e820_ram_pages(&e820, start, end) : 0;
        zone_start = max_zone_pfn[i];
    }
    free_area_init_node(pgdat, sizes, range->start_pfn, holes);
}

static pg_data_t *new_pgdat(int nid)
{
    pg_data_t *pgdat = nid ? alloc_bootmem(sizeof(*pgdat)) : &contig_page_data;

    pgdat->node_id = nid;
    node_data[nid] = pgdat;
    if (nid)
        node_data[nid - 1]->pgdat_next = pgdat;
    return pgdat;
}

/* One array for all nodes: a frame's number is its index, whoever it belongs to. */
void free_area_init_nodes(const unsigned long *max_zone_pfn)
{
    max_mapnr = max_zone_pfn[MAX_NR_ZONES - 1];
    mem_map = alloc_bootmem(max_mapnr * sizeof(struct page));
    for (int nid = 0; nid < nr_online_nodes; nid++)
        init_node_zones(new_pgdat(nid), max_zone_pfn);
    build_all_zonelists();
    setup_per_zone_watermarks();
    setup_per_zone_lowmem_reserve();
}

static unsigned long present_pages_of_all(void)
{
    unsigned long total = 0;
    const pg_data_t *pgdat;

    for_each_pgdat (pgdat)
        total += pgdat->node_present_pages;
    return total;
}

/* min = present / 128 within [20, 255], or the zone's share of min_free_kbytes; low = 2 min; high = 3 min. */
void setup_per_zone_watermarks(void)
{
    unsigned long total = present_pages_of_all();
    struct zone *zone;

    for_each_zone (zone) {
        unsigned long min = max_t(unsigned long, 20, min_t(unsigned long, zone->present_pages / 128, 255));

        if (min_free_kbytes >= 0 && total)
            min = (unsigned long)((u64)min_free_kbytes / (PAGE_SIZE / 1024) * zone->present_pages / total);
        zone->pages_min = zone_populated(zone) ? min : 0;
        zone->pages_low = 2 * zone->pages_min;
        zone->pages_high = 3 * zone->pages_min;
    }
}

static unsigned long reserve_of(int zone, unsigned long above)
{
    int ratio = sysctl_lowmem_reserve_ratio[zone];

    return ratio ? above / (unsigned long)ratio : 0;
}

static void setup_lowmem_reserve_of(struct zone *zones)
{
    for (int lower = 0; lower < MAX_NR_ZONES; lower++) {
        unsigned long above = 0;

        for (int j = 0; j < MAX_NR_ZONES; j++) {
            if (j > lower)
                above += zones[j].present_pages;
            zones[lower].lowmem_reserve[j] = j > lower ? reserve_of(lower, above) : 0;
        }
    }
}

/* lowmem_reserve[j]: what a request whose best zone is j must leave here, by what the node itself has above. Zero for
 * the zone's own requests. */
void setup_per_zone_lowmem_reserve(void)
{
    pg_data_t *pgdat;

    for_each_pgdat (pgdat)
        setup_lowmem_reserve_of(pgdat->node_zones);
}

/* The highest zone that gfp's two zone bits allow. */
static int highest_zone(unsigned zone_bits)
{
    if (zone_bits & __GFP_DMA)
        return ZONE_DMA;
    return zone_bits & __GFP_HIGHMEM ? ZONE_HIGHMEM : ZONE_NORMAL;
}

/* Downwards from the highest: what everything can use is spent last. */
static unsigned append_zones(struct zonelist *list, unsigned n, pg_data_t *pgdat, int highest)
{
    for (int i = highest; i >= 0; i--)
        if (zone_populated(&pgdat->node_zones[i]))
            list->zones[n++] = &pgdat->node_zones[i];
    return n;
}

/* The node's own zones, then those of the others by distance; of equally far ones the next in the ring is first, so
 * that not every node falls over to the same one. */
static void build_zonelists(pg_data_t *pgdat)
{
    for (unsigned bits = 0; bits < GFP_ZONETYPES; bits++) {
        struct zonelist *list = &pgdat->node_zonelists[bits];
        unsigned n = 0;

        for (int distance = LOCAL_DISTANCE; distance <= REMOTE_DISTANCE; distance++)
            for (int i = 0; i < nr_online_nodes; i++) {
                int nid = (pgdat->node_id + i) % nr_online_nodes;
                if (node_distance(pgdat->node_id, nid) == distance)
                    n = append_zones(list, n, NODE_DATA(nid), highest_zone(bits));
            }
        list->zones[n] = NULL;
    }
}

void build_all_zonelists(void)
{
    pg_data_t *pgdat;

    for_each_pgdat (pgdat)
        build_zonelists(pgdat);
}

unsigned long global_page_state(enum zone_stat_item item)
{
    long sum = 0;
    struct zone *zone;

    for_each_zone (zone)
        sum += zone->vm_stat[item];
    return sum > 0 ? (unsigned long)sum : 0;
}

unsigned long nr_free_pages(void) { return global_page_state(NR_FREE_PAGES); }

unsigned long nr_free_highpages(void)
{
    unsigned long pages = 0;
    const pg_data_t *pgdat;

    for_each_pgdat (pgdat)
        pages += pgdat->node_zones[ZONE_HIGHMEM].free_pages;
    return pages;
}
