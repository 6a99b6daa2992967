/*
 * mem_map, read in runs of RUN_BYTES, and what struct page says about a frame. The order of the questions matters: a
 * flag that names a use outranks the counters, and a free page has no use. Reserved frames of RAM are the kernel's (its
 * image, mem_map, what bootmem gave away) and carry PG_kernel; the others are holes and firmware.
 */
#include "emu/kernelview/internal.h"

#include <stdlib.h>

#define RUN_BYTES 32768u
#define MAPPING_ANON 1u /* bit 0 of page->mapping, Linux's PAGE_MAPPING_ANON */

static enum frame_kind kind_by_flag(const struct layout *layout, uint32_t flags) {
    if (flags & layout->pg_reserved)
        return flags & layout->pg_kernel ? FRAME_KERNEL : FRAME_RESERVED;
    if (flags & (layout->pg_buddy | layout->pg_pcp))
        return FRAME_FREE;
    if (flags & layout->pg_table)
        return FRAME_TABLE;
    if (flags & layout->pg_slab)
        return FRAME_SLAB;
    return flags & layout->pg_kernel ? FRAME_KERNEL : FRAME_SWAP_CACHE;
}

enum frame_kind frames_classify(const struct layout *layout, const uint8_t *page) {
    uint32_t flags = word_of(page, layout->page_flags), mapping = word_of(page, layout->page_mapping);
    if (flags & layout->pg_any)
        return kind_by_flag(layout, flags);
    if (mapping & MAPPING_ANON)
        return FRAME_ANON;
    if (mapping)
        return flags & layout->pg_dirty ? FRAME_FILE_DIRTY : FRAME_FILE;
    return word_of(page, layout->page_count) ? FRAME_KERNEL : FRAME_FREE;
}

uint64_t frames_count(struct reader *reader, uint64_t *mem_map) {
    *mem_map = reader_word(reader, reader->layout->mem_map);
    uint64_t count = *mem_map ? reader_word(reader, reader->layout->max_mapnr) : 0;
    if (count > KV_FRAMES_MAX) {
        reader->torn = true;
        return KV_FRAMES_MAX;
    }
    return count;
}

/* Classifies and counts frames [first, first + count) from their copied structures. */
static void classify_run(const struct layout *layout, const uint8_t *pages, uint64_t first, uint64_t count,
                         struct kv_snapshot *snapshot) {
    for (uint64_t i = 0; i < count; i++) {
        enum frame_kind kind = frames_classify(layout, pages + i * layout->page_bytes);
        snapshot->frames[first + i] = (uint8_t)kind;
        snapshot->frame_kinds[kind]++;
    }
}

bool frames_read(struct reader *reader, struct kv_snapshot *snapshot) {
    const struct layout *layout = reader->layout;
    uint64_t mem_map, count = frames_count(reader, &mem_map), at_once = RUN_BYTES / layout->page_bytes;
    uint8_t run[RUN_BYTES];
    snapshot->frames = count ? malloc(count) : NULL;
    if (!snapshot->frames)
        return false;
    snapshot->frame_count = count;
    for (uint64_t pfn = 0; pfn < count; pfn += at_once) {
        uint64_t wanted = count - pfn < at_once ? count - pfn : at_once;
        size_t bytes = (size_t)(wanted * layout->page_bytes);
        size_t got = mmu_peek_read(reader->mmu, mmu_linear(mem_map + pfn * layout->page_bytes), run, bytes);
        uint64_t whole = got / layout->page_bytes;
        reader->torn |= got < bytes;
        classify_run(layout, run, pfn, whole, snapshot);
        snapshot->frame_kinds[FRAME_ABSENT] += wanted - whole;
        memset(snapshot->frames + pfn + whole, FRAME_ABSENT, (size_t)(wanted - whole));
    }
    return true;
}
