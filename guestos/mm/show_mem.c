/* The state of memory on the console, for whoever reads the report of a failure. */
#include "mm/internal.h"
#include "mm/swap.h"

#define KIB(pages) ((pages) << (PAGE_SHIFT - 10))

static void show_zone(const struct zone *zone)
{
    printk(KERN_INFO "Node %d %s free:%lukB min:%lukB low:%lukB high:%lukB active:%lukB inactive:%lukB present:%lukB "
                     "pages_scanned:%lu all_unreclaimable? %s\n",
           zone->zone_pgdat->node_id, zone->name, KIB(zone->free_pages), KIB(zone->pages_min), KIB(zone->pages_low),
           KIB(zone->pages_high), KIB(zone->nr_active), KIB(zone->nr_inactive), KIB(zone->present_pages),
           zone->pages_scanned, zone->all_unreclaimable ? "yes" : "no");
    printk(KERN_INFO "lowmem_reserve[]: %lu %lu %lu\n", zone->lowmem_reserve[0], zone->lowmem_reserve[1],
           zone->lowmem_reserve[2]);
}

static void show_free_blocks(const struct zone *zone)
{
    char line[160];
    int length = snprintf(line, sizeof(line), "Node %d %s:", zone->zone_pgdat->node_id, zone->name);

    for (unsigned order = 0; order < MAX_ORDER && length < (int)sizeof(line); order++)
        length += snprintf(line + length, sizeof(line) - (size_t)length, " %lu*%lukB", zone->free_area[order].nr_free,
                           KIB(1ul << order));
    printk(KERN_INFO "%s = %lukB\n", line, KIB(zone->free_pages));
}

void show_mem(void)
{
    const struct zone *zone;

    printk(KERN_INFO "Mem-info: active:%lu inactive:%lu dirty:%lu writeback:%lu free:%lu slab:%lu mapped:%lu anon:%lu "
                     "pagetables:%lu\n",
           global_page_state(NR_ACTIVE), global_page_state(NR_INACTIVE), global_page_state(NR_FILE_DIRTY),
           global_page_state(NR_WRITEBACK), nr_free_pages(), global_page_state(NR_SLAB),
           global_page_state(NR_FILE_MAPPED), global_page_state(NR_ANON_PAGES), global_page_state(NR_PAGETABLE));
    for_each_zone (zone) {
        if (!zone_populated(zone))
            continue;
        show_zone(zone);
        show_free_blocks(zone);
    }
    printk(KERN_INFO "Free swap: %lukB, total swap: %lukB, %lu pages of RAM\n", KIB(nr_swap_pages),
           KIB(total_swap_pages), totalram_pages);
}
