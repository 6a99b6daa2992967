/*
 * The firmware's memory map, made trustworthy. What comes in may be unsorted, overlapping, wrap around or lie about
 * sizes; after sanitize_e820_map() the entries are sorted, do not overlap, are not empty, neighbours of one type are
 * joined, and where ranges of different type met, the higher type won (reserved beats RAM).
 *
 * A frame counts as RAM only when all of its bytes are: RAM ranges shrink inwards to frames.
 */
#include "mm/internal.h"

#define TOP_OF_FRAMES (1ull << 32) /* i386 without PAE */

static u64 entry_end(const struct e820_entry *entry)
{
    u64 end = entry->addr + entry->size;

    return end < entry->addr ? ~0ull : end; /* wraps: up to the top */
}

/* The lowest edge (start or end of an entry) above `from`; ~0 when there is none. */
static u64 next_edge(const struct e820_map *map, u64 from)
{
    u64 edge = ~0ull;

    for (u32 i = 0; i < map->count; i++) {
        u64 start = map->map[i].addr, end = entry_end(&map->map[i]);

        if (start > from && start < edge)
            edge = start;
        if (end > from && end < edge)
            edge = end;
    }
    return edge;
}

/* The strictest type that covers the byte at `at`; 0: nothing does. */
static u32 type_at(const struct e820_map *map, u64 at)
{
    u32 type = 0;

    for (u32 i = 0; i < map->count; i++) {
        const struct e820_entry *entry = &map->map[i];

        if (entry->addr <= at && at < entry_end(entry) && entry->type > type)
            type = entry->type;
    }
    return type;
}

/* Adds [start, end); false: the map is full. */
static bool append(struct e820_map *map, u64 start, u64 end, u32 type)
{
    struct e820_entry *last = map->count ? &map->map[map->count - 1] : NULL;

    if (last && last->type == type && last->addr + last->size == start) {
        last->size += end - start;
        return true;
    }
    if (map->count == E820_MAX)
        return false;
    map->map[map->count++] = (struct e820_entry){start, end - start, type};
    return true;
}

void sanitize_e820_map(struct e820_map *map)
{
    struct e820_map clean = {0};

    if (map->count > E820_MAX)
        map->count = E820_MAX;
    for (u64 at = 0, edge; at != ~0ull; at = edge) {
        u32 type = type_at(map, at);

        edge = next_edge(map, at);
        if (type && !append(&clean, at, edge, type)) {
            printk(KERN_WARNING "e820: more than %d ranges, the rest is not used\n", E820_MAX);
            break;
        }
    }
    *map = clean;
}

/* mem=: RAM at and above `bytes` is not there. Holes keep their place, as everything else does. */
void limit_e820_ram(struct e820_map *map, u64 bytes)
{
    u32 kept = 0;

    for (u32 i = 0; i < map->count; i++) {
        struct e820_entry entry = map->map[i];

        if (entry.type == E820_RAM) {
            if (entry.addr >= bytes)
                continue;
            if (entry_end(&entry) > bytes)
                entry.size = bytes - entry.addr;
        }
        map->map[kept++] = entry;
    }
    map->count = kept;
}

/* Whole frames of entry inside the 4 GiB that a frame number reaches; false: none, or not RAM. */
static bool ram_frames(const struct e820_entry *entry, unsigned long *start_pfn, unsigned long *end_pfn)
{
    u64 start = entry->addr, end = entry_end(entry);

    if (entry->type != E820_RAM || start >= TOP_OF_FRAMES)
        return false;
    if (end > TOP_OF_FRAMES)
        end = TOP_OF_FRAMES;
    *start_pfn = (unsigned long)((start + PAGE_SIZE - 1) >> PAGE_SHIFT);
    *end_pfn = (unsigned long)(end >> PAGE_SHIFT);
    return *start_pfn < *end_pfn;
}

bool e820_ram_range(const struct e820_map *map, unsigned i, unsigned long *start_pfn, unsigned long *end_pfn)
{
    for (u32 n = 0; n < map->count; n++) {
        if (!ram_frames(&map->map[n], start_pfn, end_pfn))
            continue;
        if (i-- == 0)
            return true;
    }
    return false;
}

unsigned long find_max_pfn(const struct e820_map *map)
{
    unsigned long start, end, max = 0;

    for (unsigned i = 0; e820_ram_range(map, i, &start, &end); i++)
        max = max_t(unsigned long, max, end);
    return max;
}

bool page_is_ram(const struct e820_map *map, unsigned long pfn)
{
    unsigned long start, end;

    for (unsigned i = 0; e820_ram_range(map, i, &start, &end); i++)
        if (start <= pfn && pfn < end)
            return true;
    return false;
}

unsigned long e820_ram_pages(const struct e820_map *map, unsigned long start_pfn, unsigned long end_pfn)
{
    unsigned long start, end, pages = 0;

    for (unsigned i = 0; e820_ram_range(map, i, &start, &end); i++) {
        start = max_t(unsigned long, start, start_pfn);
        end = min_t(unsigned long, end, end_pfn);
        if (start < end)
            pages += end - start;
    }
    return pages;
}
