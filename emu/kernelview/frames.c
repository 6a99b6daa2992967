/*
 * mem_map and what struct page says about a frame. The order of the questions matters: a flag that names a use outranks
 * the counters, and a free page has no use. Reserved frames of RAM are the kernel's (its image, mem_map, what bootmem
 * gave away) and carry PG_kernel; the others are holes and firmware.
 *
 * A copy of mem_map is kept from one snapshot to the next. A snapshot compares it with the guest's memory a page of
 * 4 KiB (a piece) at a time and looks again only at the frames whose piece changed: most of memory is quiet between
 * two pictures. All pieces that may have been written since are compared, so that a snapshot is a picture of one
 * moment.
 *
 * The first copy is a long one. kernelview_prepare() makes it in slices while the guest goes on: what was copied at an
 * earlier moment is compared again, like any piece, by the snapshot that follows.
 */
#include "emu/kernelview/internal.h"

#include <stdlib.h>

#define MAPPING_ANON 1u   /* bit 0 of page->mapping, Linux's PAGE_MAPPING_ANON */
#define SLICE_PIECES 128u /* of the first copy */

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
    uint64_t most = KV_MEM_MAP_MAX / reader->layout->page_bytes;
    most = most < KV_FRAMES_MAX ? most : KV_FRAMES_MAX;
    reader->torn |= count > most;
    return count > most ? most : count;
}

/* ---- the kept copy ---- */

void frames_forget(struct frames *frames) {
    free(frames->raw);
    free(frames->kind);
    free(frames->piece_host);
    *frames = (struct frames){0};
}

/* The copy is of this mem_map, or is begun anew. False: no memory. */
static bool fit(struct frames *frames, const struct layout *layout, uint64_t mem_map, uint64_t count) {
    if (frames->raw && frames->mem_map == mem_map && frames->count == count)
        return true;
    frames_forget(frames);
    uint64_t skew = mem_map & (MMU_PAGE_SIZE - 1), bytes = count * layout->page_bytes;
    frames->pieces = (skew + bytes + MMU_PAGE_SIZE - 1) / MMU_PAGE_SIZE;
    frames->raw = malloc(bytes);
    frames->kind = malloc(count);
    frames->piece_host = calloc(frames->pieces, sizeof(*frames->piece_host));
    if (!frames->raw || !frames->kind || !frames->piece_host) {
        frames_forget(frames);
        return false;
    }
    frames->mem_map = mem_map;
    frames->count = count;
    memset(frames->kind, FRAME_ABSENT, count);
    frames->kinds[FRAME_ABSENT] = count;
    return true;
}

/* Bytes of raw that lie in one piece, half-open. */
struct piece {
    uint64_t from, to;
};

static struct piece piece_of(const struct frames *frames, uint64_t bytes, uint64_t i) {
    uint64_t skew = frames->mem_map & (MMU_PAGE_SIZE - 1), end = (i + 1) * MMU_PAGE_SIZE - skew;
    return (struct piece){i ? i * MMU_PAGE_SIZE - skew : 0, end < bytes ? end : bytes};
}

/* All of the frame's structure could be read. */
static bool is_there(const struct frames *frames, const struct layout *layout, uint64_t pfn) {
    uint64_t from = (frames->mem_map & (MMU_PAGE_SIZE - 1)) + pfn * layout->page_bytes;
    uint64_t last = (from + layout->page_bytes - 1) / MMU_PAGE_SIZE;
    for (uint64_t i = from / MMU_PAGE_SIZE; i <= last; i++)
        if (!frames->piece_host[i])
            return false;
    return true;
}

/* Looks again at every frame that has a byte in the piece. One that reaches into the next piece is looked at again
 * with that one, if it changed. */
static void reclassify(struct frames *frames, const struct layout *layout, struct piece piece) {
    uint64_t end = (piece.to + layout->page_bytes - 1) / layout->page_bytes;
    for (uint64_t pfn = piece.from / layout->page_bytes; pfn < end; pfn++) {
        enum frame_kind kind = FRAME_ABSENT;
        if (is_there(frames, layout, pfn))
            kind = frames_classify(layout, frames->raw + pfn * layout->page_bytes);
        frames->kinds[frames->kind[pfn]]--;
        frames->kinds[kind]++;
        frames->kind[pfn] = (uint8_t)kind;
    }
}

/* host: the piece's bytes in the guest, NULL when they cannot be read. True: they are not those of the copy. */
static bool renew(struct frames *frames, uint64_t i, struct piece piece, const uint8_t *host) {
    size_t bytes = (size_t)(piece.to - piece.from);
    bool was_there = frames->piece_host[i] != NULL;
    frames->piece_host[i] = host;
    if (was_there == (host != NULL) && (!host || memcmp(frames->raw + piece.from, host, bytes) == 0))
        return false;
    if (host)
        memcpy(frames->raw + piece.from, host, bytes);
    return true;
}

/* A run of host memory that guest bytes lie in, shared by the pieces of one large mapping. */
struct run {
    const uint8_t *host;
    uint64_t left;     /* bytes */
    uint64_t physical; /* where host is */
};

static uint64_t physical_of(const struct mmu_memory *memory, const uint8_t *host) {
    for (size_t i = 0; i < memory->count; i++) {
        const struct mmu_region *region = &memory->regions[i];
        if (host >= region->host && host < region->host + (region->end - region->base))
            return region->base + (uint64_t)(host - region->host);
    }
    return UINT64_MAX;
}

/* The next bytes of the run; NULL: they are not there. */
static const uint8_t *next_host(struct reader *reader, uint64_t linear, size_t bytes, struct run *run) {
    if (run->left < bytes) {
        reader->view->cost.walks++;
        *run = (struct run){0};
        run->host = mmu_peek_run(reader->mmu, mmu_linear(linear), &run->left);
        if (!run->host || run->left < bytes) {
            run->left = 0;
            return NULL;
        }
        run->physical = physical_of(reader->mmu->memory, run->host);
    }
    const uint8_t *here = run->host;
    run->host += bytes;
    run->left -= bytes;
    run->physical += bytes;
    return here;
}

/* The piece's bytes are those that were there when it was compared last, and nobody can have written them since. A
 * piece lies in one frame. physical: just behind it. */
static bool is_quiet(const struct kernelview *view, uint64_t i, const uint8_t *here, uint64_t physical) {
    const struct kv_writes *writes = &view->writes;
    uint64_t frame = (physical - 1) >> MMU_PAGE_SHIFT;
    return here && view->frames.piece_host[i] == here && frame < writes->frames &&
           writes->last[frame] < view->frames.mark;
}

static void refresh(struct reader *reader, struct frames *frames, uint64_t first, uint64_t end) {
    const struct layout *layout = reader->layout;
    uint64_t bytes = frames->count * layout->page_bytes;
    struct run run = {0};
    for (uint64_t i = first; i < end; i++) {
        struct piece piece = piece_of(frames, bytes, i);
        const uint8_t *here = next_host(reader, frames->mem_map + piece.from, (size_t)(piece.to - piece.from), &run);
        reader->torn |= here == NULL;
        if (is_quiet(reader->view, i, here, run.physical))
            continue;
        reader->view->cost.compared++;
        if (!renew(frames, i, piece, here))
            continue;
        reader->view->cost.changed++;
        reclassify(frames, layout, piece);
    }
}

bool frames_renew(struct reader *reader) {
    uint64_t mem_map, count = frames_count(reader, &mem_map);
    struct frames *frames = &reader->view->frames;
    if (!count || !fit(frames, reader->layout, mem_map, count))
        return false;
    refresh(reader, frames, 0, frames->pieces);
    frames->copied = frames->pieces;
    if (reader->view->writes.mark)
        frames->mark = *reader->view->writes.mark;
    return true;
}

bool kernelview_prepare(struct kernelview *view, const struct mmu_context *mmu) {
    struct reader reader = {.view = view, .layout = &view->layout, .mmu = mmu};
    struct frames *frames = &view->frames;
    uint64_t mem_map, count = frames_count(&reader, &mem_map);
    if (!count || !fit(frames, &view->layout, mem_map, count) || frames->copied == frames->pieces)
        return true;
    if (frames->copied == 0 && view->writes.mark)
        frames->mark = *view->writes.mark;
    uint64_t left = frames->pieces - frames->copied, end = frames->copied + (left < SLICE_PIECES ? left : SLICE_PIECES);
    refresh(&reader, frames, frames->copied, end);
    frames->copied = end;
    return end == frames->pieces;
}

const uint8_t *frames_page(const struct reader *reader, uint64_t pfn) {
    const struct frames *frames = &reader->view->frames;
    if (pfn >= frames->count || frames->kind[pfn] == FRAME_ABSENT)
        return NULL;
    return frames->raw + pfn * reader->layout->page_bytes;
}

bool frames_read(struct reader *reader, struct kv_snapshot *snapshot) {
    const struct frames *frames = &reader->view->frames;
    if (!frames_renew(reader))
        return false;
    snapshot->frames = malloc(frames->count);
    if (!snapshot->frames)
        return false;
    snapshot->frame_count = frames->count;
    memcpy(snapshot->frames, frames->kind, frames->count);
    memcpy(snapshot->frame_kinds, frames->kinds, sizeof snapshot->frame_kinds);
    return true;
}
