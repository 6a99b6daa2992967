/*
 * The allocator of the time before the zones exist: a bitmap with one bit a frame of low memory, 1 = taken.
 *
 * At first everything is taken; free_bootmem() opens what the memory map calls RAM, reserve_bootmem() closes what
 * is in use already (the kernel, the bitmap, the initrd). Allocations search from a goal upwards; small ones pack
 * into the rest of the previous one's last frame. free_all_bootmem() ends its life.
 */
#include "mm/internal.h"

bootmem_data_t contig_bootmem_data;

static bool taken(const bootmem_data_t *bdata, unsigned long pfn)
{
    return bdata->node_bootmem_map[pfn / 32] >> (pfn % 32) & 1;
}

static void mark(bootmem_data_t *bdata, unsigned long pfn, bool take)
{
    if (take)
        bdata->node_bootmem_map[pfn / 32] |= 1u << (pfn % 32);
    else
        bdata->node_bootmem_map[pfn / 32] &= ~(1u << (pfn % 32));
}

unsigned long bootmem_bitmap_bytes(unsigned long pages) { return ALIGN_UP((pages + 7) / 8, 4ul); }

void init_bootmem(unsigned long map_pfn, unsigned long pages)
{
    bootmem_data_t *bdata = &contig_bootmem_data;

    *bdata = (bootmem_data_t){
        .node_low_pfn = pages,
        .node_bootmem_map = (u32 *)__va(map_pfn << PAGE_SHIFT),
    };
    contig_page_data.bdata = bdata;
    memset(bdata->node_bootmem_map, 0xff, bootmem_bitmap_bytes(pages));
}

void free_bootmem(unsigned long start, unsigned long size)
{
    unsigned long end_pfn = (start + size) >> PAGE_SHIFT;

    for (unsigned long pfn = (start + PAGE_SIZE - 1) >> PAGE_SHIFT; pfn < end_pfn; pfn++) {
        BUG_ON(pfn >= contig_bootmem_data.node_low_pfn);
        mark(&contig_bootmem_data, pfn, false);
    }
}

void reserve_bootmem(unsigned long start, unsigned long size)
{
    unsigned long end_pfn = (start + size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    for (unsigned long pfn = start >> PAGE_SHIFT; pfn < end_pfn; pfn++) {
        BUG_ON(pfn >= contig_bootmem_data.node_low_pfn);
        mark(&contig_bootmem_data, pfn, true);
    }
}

/* First of `pages` free frames in a row at a multiple of `step` in [from, low_pfn); low_pfn when there are none. */
static unsigned long find_free_run(const bootmem_data_t *bdata, unsigned long from, unsigned long pages,
                                   unsigned long step)
{
    unsigned long limit = bdata->node_low_pfn;

    for (unsigned long pfn = ALIGN_UP(from, step); pfn < limit && pages <= limit - pfn;) {
        unsigned long run = 0;

        while (run < pages && !taken(bdata, pfn + run))
            run++;
        if (run == pages)
            return pfn;
        pfn = ALIGN_UP(pfn + run + 1, step);
    }
    return limit;
}

/* Room behind the last small allocation, in the same frame? NULL: no. */
static void *pack_into_last(bootmem_data_t *bdata, unsigned long size, unsigned long align)
{
    unsigned long offset = ALIGN_UP(bdata->last_offset, align);

    if (!bdata->last_offset || align > PAGE_SIZE || size > PAGE_SIZE || offset > PAGE_SIZE - size)
        return NULL;
    bdata->last_offset = offset + size;
    return (char *)__va(bdata->last_pos << PAGE_SHIFT) + offset;
}

void *__alloc_bootmem(unsigned long size, unsigned long align, unsigned long goal)
{
    bootmem_data_t *bdata = &contig_bootmem_data;
    unsigned long pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT, step = max_t(unsigned long, 1, align >> PAGE_SHIFT);
    unsigned long pfn;
    void *where;

    BUG_ON(!bdata->node_bootmem_map || !size || (align & (align - 1)));
    where = size < PAGE_SIZE ? pack_into_last(bdata, size, align) : NULL;
    if (!where) {
        pfn = find_free_run(bdata, goal >> PAGE_SHIFT, pages, step);
        if (pfn == bdata->node_low_pfn)
            pfn = find_free_run(bdata, 0, pages, step);
        if (pfn == bdata->node_low_pfn)
            return NULL;
        for (unsigned long i = 0; i < pages; i++)
            mark(bdata, pfn + i, true);
        if (size < PAGE_SIZE) {
            bdata->last_pos = pfn;
            bdata->last_offset = size;
        }
        where = __va(pfn << PAGE_SHIFT);
    }
    memset(where, 0, size);
    return where;
}

/* Keeps clear of the scarce DMA frames when there is other memory. */
void *alloc_bootmem(unsigned long size)
{
    void *where = __alloc_bootmem(size, size >= PAGE_SIZE ? PAGE_SIZE : 16, MAX_DMA_PFN << PAGE_SHIFT);

    if (!where)
        panic("bootmem: no room for %lu bytes: the machine has too little memory", size);
    return where;
}

/* RAM that stays taken is the kernel's own from now on. */
static void keep_reserved(unsigned long pfn)
{
    if (page_is_ram(&e820, pfn))
        SetPageKernel(pfn_to_page(pfn));
}

unsigned long free_all_bootmem(void)
{
    bootmem_data_t *bdata = &contig_bootmem_data;
    unsigned long map_pfn = virt_to_pfn(bdata->node_bootmem_map), given = 0, end;
    unsigned long map_end = map_pfn + ((bootmem_bitmap_bytes(bdata->node_low_pfn) + PAGE_SIZE - 1) >> PAGE_SHIFT);

    for (unsigned long pfn = 0; pfn < bdata->node_low_pfn; pfn = end) {
        end = pfn + 1;
        if (taken(bdata, pfn)) {
            keep_reserved(pfn);
            continue;
        }
        while (end < bdata->node_low_pfn && !taken(bdata, end))
            end++;
        free_reserved_range(pfn, end);
        given += end - pfn;
    }
    bdata->node_bootmem_map = NULL;
    free_reserved_range(map_pfn, map_end);
    return given + map_end - map_pfn;
}
