/* See follow.h. */
#include "emu/export/follow.h"

#include <stdlib.h>
#include <string.h>

/* Frames beyond 16 GiB are not of this machine; what is told of them is not kept. */
#define FRAMES_MAX (1u << 22)
#define ORDER_MAX 11u

/* A frame's byte: its LRU list in bits 0 and 1, its node + 1 in bits 2 to 7. */
enum { LIST_NONE, LIST_INACTIVE, LIST_ACTIVE };
#define LIST_MASK 3u
#define NODE_SHIFT 2u

void follow_init(struct follow *follow, const struct follow_listener *listener) {
    memset(follow, 0, sizeof *follow);
    follow->listener = *listener;
}

const char *follow_gauge_name(unsigned gauge) {
    static const char *const names[GAUGES] = {"active list", "inactive list", "page cache", "swap slots used",
                                              "dirty pages"};
    return names[gauge];
}

/* ---- spans ---- */

static void emit(struct follow *follow, const struct follow_span *span) {
    if (follow->listener.span)
        follow->listener.span(follow->listener.owner, span);
}

static struct follow_span *find_open(struct follow *follow, const struct follow_span *like) {
    for (size_t i = follow->open_count; i-- > 0;)
        if (follow->open[i].kind == like->kind && memcmp(follow->open[i].key, like->key, sizeof like->key) == 0)
            return &follow->open[i];
    return NULL;
}

static void remove_open(struct follow *follow, struct follow_span *span) {
    size_t after = follow->open_count - (size_t)(span - follow->open) - 1;
    memmove(span, span + 1, after * sizeof *span);
    follow->open_count--;
}

static void cut(struct follow *follow, struct follow_span *span) {
    span->to = follow->last_blocks > span->from ? follow->last_blocks : span->from;
    span->cut = true;
    emit(follow, span);
    remove_open(follow, span);
}

/* A second beginning of the same changes nothing. When too many are open, the oldest can be none of a real machine's.
 */
static void begin(struct follow *follow, const struct follow_span *span) {
    if (find_open(follow, span))
        return;
    if (follow->open_count == FOLLOW_OPEN)
        cut(follow, &follow->open[0]);
    follow->open[follow->open_count++] = *span;
}

/* The open span that ends now, its end filled in; NULL: it never began. emit() and remove_open() are the caller's. */
static struct follow_span *closing(struct follow *follow, uint64_t blocks, const struct follow_span *like) {
    struct follow_span *span = find_open(follow, like);
    if (span)
        span->to = blocks > span->from ? blocks : span->from;
    return span;
}

static void end(struct follow *follow, uint64_t blocks, const struct follow_span *like) {
    struct follow_span *span = closing(follow, blocks, like);
    if (!span)
        return;
    emit(follow, span);
    remove_open(follow, span);
}

/* ---- frames ---- */

static uint8_t *frame_of(struct follow *follow, uint32_t pfn) {
    if (pfn >= FRAMES_MAX)
        return NULL;
    if (pfn >= follow->frame_capacity) {
        size_t capacity = (pfn | 0xffffu) + 1u;
        uint8_t *frames = realloc(follow->frames, capacity);
        if (!frames) {
            follow->failed = true;
            return NULL;
        }
        memset(frames + follow->frame_capacity, 0, capacity - follow->frame_capacity);
        follow->frames = frames;
        follow->frame_capacity = capacity;
    }
    return &follow->frames[pfn];
}

static void set_gauge(struct follow *follow, uint64_t blocks, unsigned gauge, int64_t value) {
    if (follow->gauges[gauge] == value)
        return;
    follow->gauges[gauge] = value;
    if (follow->listener.gauge)
        follow->listener.gauge(follow->listener.owner, blocks, gauge);
}

static void add_gauge(struct follow *follow, uint64_t blocks, unsigned gauge, int64_t change) {
    int64_t value = follow->gauges[gauge] + change;
    set_gauge(follow, blocks, gauge, value < 0 ? 0 : value);
}

static void put_on_list(struct follow *follow, uint64_t blocks, uint32_t pfn, unsigned list) {
    uint8_t *frame = frame_of(follow, pfn);
    unsigned old = frame ? *frame & LIST_MASK : list;
    if (old == list)
        return;
    *frame = (uint8_t)((*frame & ~LIST_MASK) | list);
    if (old != LIST_NONE)
        add_gauge(follow, blocks, old == LIST_ACTIVE ? GAUGE_ACTIVE : GAUGE_INACTIVE, -1);
    if (list != LIST_NONE)
        add_gauge(follow, blocks, list == LIST_ACTIVE ? GAUGE_ACTIVE : GAUGE_INACTIVE, 1);
}

/* ---- zones ---- */

static struct follow_zone *zone_of(struct follow *follow, uint32_t node, uint32_t zone) {
    for (unsigned i = 0; i < follow->zone_count; i++)
        if (follow->zones[i].node == node && follow->zones[i].zone == zone)
            return &follow->zones[i];
    if (follow->zone_count == FOLLOW_ZONES || zone > 2 || node > 3)
        return NULL;
    follow->zones[follow->zone_count] = (struct follow_zone){.node = node, .zone = zone};
    return &follow->zones[follow->zone_count++];
}

static void tell_zone(struct follow *follow, uint64_t blocks, struct follow_zone *zone, uint32_t free_pages) {
    if (!zone)
        return;
    zone->free = free_pages;
    if (follow->listener.zone)
        follow->listener.zone(follow->listener.owner, blocks, zone, (unsigned)(zone - follow->zones));
}

static void on_alloc(struct follow *follow, uint64_t blocks, const struct flt_mm_page_alloc *alloc) {
    struct follow_zone *zone = zone_of(follow, alloc->node, alloc->zone);
    uint8_t *frame = frame_of(follow, alloc->pfn);
    if (!zone || alloc->pfn == UINT32_MAX)
        return;
    if (frame)
        *frame = (uint8_t)((*frame & LIST_MASK) | (alloc->node + 1) << NODE_SHIFT);
    zone->min = alloc->pages_min;
    zone->low = alloc->pages_low;
    zone->high = alloc->pages_high;
    zone->marks_known = true;
    tell_zone(follow, blocks, zone, alloc->zone_free);
}

/* A free tells no node. It is that of the allocation; a frame of before the trace is of node 0 when there is no other.
 */
static void on_free(struct follow *follow, uint64_t blocks, const struct flt_mm_page_free *freed) {
    uint8_t *frame = frame_of(follow, freed->pfn);
    uint32_t node = frame ? *frame >> NODE_SHIFT : 0;
    for (uint32_t i = 0; i < 1u << (freed->order < ORDER_MAX ? freed->order : ORDER_MAX); i++)
        if (freed->pfn < FRAMES_MAX)
            put_on_list(follow, blocks, freed->pfn + i, LIST_NONE);
    if (node == 0)
        for (unsigned i = 0; i < follow->zone_count; i++)
            if (follow->zones[i].node != 0)
                return;
    tell_zone(follow, blocks, zone_of(follow, node ? node - 1 : 0, freed->zone), freed->zone_free);
}

/* ---- events ---- */

/* The first switch tells who ran until then. */
static void on_switch(struct follow *follow, uint64_t blocks, const struct flt_sched_switch *change) {
    struct follow_span before = {.kind = FOLLOW_RUN, .pid = change->prev, .key = {change->prev}};
    struct follow_span after = {.kind = FOLLOW_RUN, .from = blocks, .pid = change->next, .key = {change->next}};
    if (!follow->running)
        begin(follow, &before);
    follow->running = true;
    end(follow, blocks, &before);
    begin(follow, &after);
}

static void on_kswapd(struct follow *follow, uint64_t blocks, const struct flt_mm_kswapd *kswapd, uint32_t pid) {
    struct follow_span span = {.kind = FOLLOW_KSWAPD,
                               .from = blocks,
                               .pid = pid,
                               .key = {kswapd->node},
                               .value = {kswapd->node, kswapd->zone, kswapd->order, kswapd->free}};
    struct follow_zone *zone = zone_of(follow, kswapd->node, kswapd->zone);
    if (kswapd->head.type == FLT_MM_VMSCAN_KSWAPD_WAKE) {
        tell_zone(follow, blocks, zone, kswapd->free);
        begin(follow, &span);
    } else {
        end(follow, blocks, &span);
    }
}

static void on_direct(struct follow *follow, uint64_t blocks, const struct flt_mm_direct_reclaim *direct) {
    struct follow_span span = {.kind = FOLLOW_DIRECT,
                               .from = blocks,
                               .pid = direct->head.task,
                               .key = {direct->head.task},
                               .value = {direct->order}};
    if (direct->head.type == FLT_MM_VMSCAN_DIRECT_BEGIN) {
        begin(follow, &span);
        return;
    }
    struct follow_span *open = find_open(follow, &span);
    if (!open)
        return;
    open->value[1] = direct->reclaimed;
    open->value[2] = direct->priority;
    end(follow, blocks, &span);
}

static void on_wait(struct follow *follow, uint64_t blocks, const struct flt_page_wait *wait) {
    struct follow_span span = {.kind = FOLLOW_WAIT,
                               .from = blocks,
                               .pid = wait->head.task,
                               .key = {wait->head.task, wait->pfn},
                               .value = {wait->pfn, wait->reason}};
    if (wait->head.type == FLT_PAGE_WAIT_BEGIN)
        begin(follow, &span);
    else
        end(follow, blocks, &span);
}

static void on_writeback(struct follow *follow, uint64_t blocks, const struct flt_writeback *writeback) {
    struct follow_span span = {.kind = FOLLOW_WRITEBACK,
                               .from = blocks,
                               .pid = writeback->head.task,
                               .key = {writeback->head.task, writeback->reason},
                               .value = {writeback->reason}};
    set_gauge(follow, blocks, GAUGE_DIRTY, writeback->dirty);
    if (writeback->head.type == FLT_WRITEBACK_START) {
        begin(follow, &span);
        return;
    }
    struct follow_span *open = find_open(follow, &span);
    if (!open)
        return;
    open->value[1] = writeback->pages;
    open->value[2] = writeback->dirty;
    end(follow, blocks, &span);
}

static void on_disk(struct follow *follow, uint64_t blocks, const struct flt_block_rq *request) {
    struct follow_span span = {.kind = FOLLOW_DISK,
                               .from = blocks,
                               .pid = request->head.task,
                               .key = {request->dev, request->sector, request->write},
                               .value = {request->dev, request->sector, request->bytes, request->write}};
    if (request->head.type == FLT_BLOCK_RQ_ISSUE) {
        begin(follow, &span);
        return;
    }
    struct follow_span *open = find_open(follow, &span);
    if (!open)
        return;
    open->value[4] = request->error;
    end(follow, blocks, &span);
}

static void on_pages(struct follow *follow, uint64_t blocks, const struct flt_record *record) {
    const void *bytes = record;
    const struct flt_mm_lru_add *added = bytes;
    const struct flt_mm_lru_move *moved = bytes;
    switch (record->type) {
    case FLT_MM_PAGE_ALLOC: on_alloc(follow, blocks, bytes); break;
    case FLT_MM_PAGE_FREE: on_free(follow, blocks, bytes); break;
    case FLT_MM_LRU_ADD: put_on_list(follow, blocks, added->pfn, added->active ? LIST_ACTIVE : LIST_INACTIVE); break;
    case FLT_MM_LRU_MOVE:
        put_on_list(follow, blocks, moved->pfn, moved->to_active ? LIST_ACTIVE : LIST_INACTIVE);
        break;
    case FLT_MM_FILEMAP_ADD: add_gauge(follow, blocks, GAUGE_CACHE, 1); break;
    case FLT_MM_FILEMAP_DELETE: add_gauge(follow, blocks, GAUGE_CACHE, -1); break;
    case FLT_MM_SWAP_OUT: add_gauge(follow, blocks, GAUGE_SWAP, 1); break;
    case FLT_MM_SWAP_FREE: add_gauge(follow, blocks, GAUGE_SWAP, -1); break;
    case FLT_DIRTY_THROTTLE:
        set_gauge(follow, blocks, GAUGE_DIRTY, ((const struct flt_dirty_throttle *)bytes)->dirty);
        break;
    case FLT_MM_WATERMARK: {
        const struct flt_mm_watermark *mark = bytes;
        tell_zone(follow, blocks, zone_of(follow, mark->node, mark->zone), mark->free);
        break;
    }
    default: break;
    }
}

void follow_entry(struct follow *follow, const struct trace_entry *entry) {
    const void *record = &entry->record;
    if (entry->blocks > follow->last_blocks)
        follow->last_blocks = entry->blocks;
    if (entry->kind != TRACE_EVENT)
        return;
    switch (entry->record.head.type) {
    case FLT_SCHED_SWITCH: on_switch(follow, entry->blocks, record); break;
    case FLT_MM_VMSCAN_KSWAPD_WAKE:
    case FLT_MM_VMSCAN_KSWAPD_SLEEP: on_kswapd(follow, entry->blocks, record, entry->task); break;
    case FLT_MM_VMSCAN_DIRECT_BEGIN:
    case FLT_MM_VMSCAN_DIRECT_END: on_direct(follow, entry->blocks, record); break;
    case FLT_PAGE_WAIT_BEGIN:
    case FLT_PAGE_WAIT_END: on_wait(follow, entry->blocks, record); break;
    case FLT_WRITEBACK_START:
    case FLT_WRITEBACK_END: on_writeback(follow, entry->blocks, record); break;
    case FLT_BLOCK_RQ_ISSUE:
    case FLT_BLOCK_RQ_COMPLETE: on_disk(follow, entry->blocks, record); break;
    default: on_pages(follow, entry->blocks, record); break;
    }
}

void follow_finish(struct follow *follow) {
    while (follow->open_count > 0)
        cut(follow, &follow->open[follow->open_count - 1]);
    free(follow->frames);
    follow->frames = NULL;
    follow->frame_capacity = 0;
}
