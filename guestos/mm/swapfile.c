/*
 * Slots of swap areas: who uses which.
 *
 *      swap_map[slot] = 0              free
 *                       1 .. 0x7ffe    users: entries in page tables and shmem trees, and the swap cache
 *                       0x7fff         so many that they are not counted any more: in use for ever
 *                       0x8000         bad, or the header
 *
 * Areas are asked by priority; those of equal priority take turns. Inside an area slots are given out one after the
 * other, in clusters of 256 free ones as long as there are such, so that what was reclaimed together is written, and
 * later read, in one sweep of the disk.
 *
 * nr_swap_pages counts the free slots of the areas that give some out, total_swap_pages their good ones. Interrupts
 * never come here; nothing here sleeps, so each function is one step for everybody else.
 */
#include "mm/internal.h"
#include "mm/swapfile.h"

struct swap_info_struct swap_info[MAX_SWAPFILES];
struct list_head swap_areas = LIST_HEAD_INIT(swap_areas);
unsigned long nr_swap_pages;
int page_cluster = 3;

/* ---- areas ---- */

struct swap_info_struct *swap_info_get(swp_entry_t entry)
{
    struct swap_info_struct *area = &swap_info[swp_type(entry) % MAX_SWAPFILES];

    if (swp_type(entry) >= MAX_SWAPFILES || !(area->flags & SWP_USED) || swp_offset(entry) >= area->max)
        return NULL;
    return area->swap_map[swp_offset(entry)] == SWAP_MAP_BAD ? NULL : area;
}

struct swap_info_struct *swap_new_area(void)
{
    for (unsigned type = 0; type < MAX_SWAPFILES; type++) {
        struct swap_info_struct *area = &swap_info[type];

        if (area->flags & SWP_USED)
            continue;
        *area = (struct swap_info_struct){.type = type, .flags = SWP_USED};
        INIT_LIST_HEAD(&area->list);
        return area;
    }
    return NULL;
}

void swap_area_init(struct swap_info_struct *area, u16 *map, u32 max)
{
    area->swap_map = map;
    area->max = max;
    area->pages = area->inuse_pages = 0;
    for (u32 slot = 0; slot < max; slot++)
        area->pages += map[slot] == 0;
    area->lowest_bit = 1;
    area->highest_bit = max - 1;
    area->cluster_next = 1;
    area->cluster_nr = 0;
}

/* In front of the first one of lower priority. */
static void insert_by_priority(struct swap_info_struct *area)
{
    struct swap_info_struct *other;

    list_for_each_entry (other, &swap_areas, list)
        if (other->prio < area->prio)
            break;
    list_add_tail(&area->list, &other->list);
}

void swap_area_on(struct swap_info_struct *area, int prio)
{
    area->prio = prio;
    area->flags |= SWP_WRITEOK;
    insert_by_priority(area);
    nr_swap_pages += area->pages - area->inuse_pages;
    total_swap_pages += area->pages;
}

void swap_area_off(struct swap_info_struct *area)
{
    area->flags &= ~SWP_WRITEOK;
    list_del_init(&area->list);
    nr_swap_pages -= area->pages - area->inuse_pages;
    total_swap_pages -= area->pages;
}

u64 swap_sector(const struct swap_info_struct *area, u32 page)
{
    unsigned low = 0, high = area->nr_extents;

    while (high - low > 1) {
        unsigned middle = (low + high) / 2;

        if (area->extents[middle].first <= page)
            low = middle;
        else
            high = middle;
    }
    VM_BUG_ON(page < area->extents[low].first || page - area->extents[low].first >= area->extents[low].count);
    return area->extents[low].sector + (u64)(page - area->extents[low].first) * (PAGE_SIZE >> 9);
}

/* ---- giving out ---- */

/* The first of SWAPFILE_CLUSTER free slots in a row; 0: there are not so many. */
static u32 find_free_cluster(const struct swap_info_struct *area)
{
    u32 run = 0;

    if (area->pages - area->inuse_pages < SWAPFILE_CLUSTER)
        return 0;
    for (u32 slot = area->lowest_bit; slot <= area->highest_bit; slot++) {
        run = area->swap_map[slot] ? 0 : run + 1;
        if (run == SWAPFILE_CLUSTER)
            return slot + 1 - SWAPFILE_CLUSTER;
    }
    return 0;
}

/* The first free slot of [from, to]; 0: none. */
static u32 find_free_slot(const struct swap_info_struct *area, u32 from, u32 to)
{
    for (u32 slot = from; slot <= to; slot++)
        if (!area->swap_map[slot])
            return slot;
    return 0;
}

static u32 scan_swap_map(struct swap_info_struct *area)
{
    u32 slot;

    if (!area->cluster_nr) {
        u32 cluster = find_free_cluster(area);

        if (cluster)
            area->cluster_next = cluster;
        area->cluster_nr = SWAPFILE_CLUSTER;
    }
    area->cluster_nr--;
    slot = find_free_slot(area, max_t(u32, area->cluster_next, area->lowest_bit), area->highest_bit);
    if (!slot)
        slot = find_free_slot(area, area->lowest_bit, area->highest_bit);
    if (!slot)
        return 0;
    area->cluster_next = slot + 1;
    if (slot == area->lowest_bit)
        area->lowest_bit++;
    if (slot == area->highest_bit)
        area->highest_bit--;
    return slot;
}

/* Behind the others of its priority. */
static void next_turn(struct swap_info_struct *area)
{
    list_del(&area->list);
    insert_by_priority(area);
}

/* A slot with one user: the caller, who gives that use to the swap cache. */
swp_entry_t get_swap_page(void)
{
    struct swap_info_struct *area;

    list_for_each_entry (area, &swap_areas, list) {
        u32 slot = area->inuse_pages < area->pages ? scan_swap_map(area) : 0;

        if (!slot)
            continue;
        area->swap_map[slot] = 1;
        area->inuse_pages++;
        nr_swap_pages--;
        next_turn(area);
        return swp_entry(area->type, slot);
    }
    return (swp_entry_t){0};
}

int swap_duplicate(swp_entry_t entry)
{
    struct swap_info_struct *area = swap_info_get(entry);
    u16 *count = area ? &area->swap_map[swp_offset(entry)] : NULL;

    if (!area || !*count)
        return 0;
    if (*count < SWAP_MAP_MAX)
        ++*count;
    return 1;
}

/* ---- taking back ---- */

static void slot_is_free(struct swap_info_struct *area, u32 slot)
{
    area->lowest_bit = min_t(u32, area->lowest_bit, slot);
    area->highest_bit = max_t(u32, area->highest_bit, slot);
    area->inuse_pages--;
    if (area->flags & SWP_WRITEOK)
        nr_swap_pages++;
    TRACE(FLT_MM_SWAP_FREE, flt_mm_swap, .pfn = 0xffffffffu, .type = area->type, .offset = slot);
}

/* One user less. How many are left. */
static int put_slot(swp_entry_t entry)
{
    struct swap_info_struct *area = swap_info_get(entry);
    u16 *count = area ? &area->swap_map[swp_offset(entry)] : NULL;

    if (!area || !*count)
        panic("swap: slot %lu of area %u is freed and was not in use", swp_offset(entry), swp_type(entry));
    if (*count < SWAP_MAP_MAX && --*count == 0)
        slot_is_free(area, (u32)swp_offset(entry));
    return *count;
}

void swap_free(swp_entry_t entry) { put_slot(entry); }

void free_swap_and_cache(swp_entry_t entry)
{
    struct page *page;

    if (put_slot(entry) != 1)
        return;
    page = find_get_page(&swapper_space, entry.val); /* the last user is the cache, or somebody's entry */
    if (!page)
        return;
    if (trylock_page(page)) {
        if (PageSwapCache(page) && page->private == entry.val && (!page_mapcount(page) || vm_swap_full()))
            remove_exclusive_swap_page(page);
        unlock_page(page);
    }
    put_page(page);
}

int swap_count(swp_entry_t entry)
{
    const struct swap_info_struct *area = swap_info_get(entry);

    return area ? area->swap_map[swp_offset(entry)] : 0;
}

int page_swapcount(const struct page *page)
{
    VM_BUG_ON(!PageSwapCache(page));
    return swap_count((swp_entry_t){page->private}) - 1;
}

int remove_exclusive_swap_page(struct page *page)
{
    VM_BUG_ON(!PageLocked(page));
    if (!PageSwapCache(page) || PageWriteback(page) || page_swapcount(page))
        return 0;
    delete_from_swap_cache(page);
    SetPageDirty(page);
    return 1;
}

int can_share_swap_page(struct page *page)
{
    int users = page_mapcount(page);

    VM_BUG_ON(!PageLocked(page));
    if (PageSwapCache(page))
        users += page_swapcount(page);
    if (users > 1)
        return 0;
    remove_exclusive_swap_page(page);
    return 1;
}

/* ---- readahead ---- */

/* The run of used slots around the entry inside its aligned window of 2^page_cluster: where it begins, how long. */
int valid_swaphandles(swp_entry_t entry, unsigned long *offset)
{
    const struct swap_info_struct *area = swap_info_get(entry);
    unsigned long target = swp_offset(entry), size = 1UL << page_cluster, first = target, end = target;
    unsigned long base = target & ~(size - 1);

    if (!area || page_cluster == 0)
        return 0;
    while (first > max_t(unsigned long, base, 1) && area->swap_map[first - 1] &&
           area->swap_map[first - 1] != SWAP_MAP_BAD)
        first--;
    while (end < min_t(unsigned long, base + size, area->max) && area->swap_map[end] &&
           area->swap_map[end] != SWAP_MAP_BAD)
        end++;
    *offset = first;
    return (int)(end - first);
}
