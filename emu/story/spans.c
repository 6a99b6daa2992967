/*
 * Waits, transfers and free pages over time: see biography.h.
 *
 * A span that has begun stands among the open ones until its end is told, or its task has gone; when a stream of events
 * opens more than SPANS_OPEN, the oldest is forgotten. Samples are taken at most once in `sample_every` blocks; when
 * the table is full every other one goes and the distance doubles.
 */
#include "emu/story/internal.h"

#include <string.h>

#define SAMPLE_EVERY 1024u
#define SAMPLES_KEPT (STORY_SAMPLES - 2) /* an even number, and room for the state of now */

void time_init(struct story_time *time) {
    memset(time->now.free, 0xff, sizeof(time->now.free));
    time->sample_every = SAMPLE_EVERY;
}

/* ---- spans ---- */

static void begin(struct story_time *time, uint64_t blocks, const struct open_span *span) {
    if (time->open_count == SPANS_OPEN)
        memmove(time->open, time->open + 1, --time->open_count * sizeof(time->open[0]));
    time->open[time->open_count] = *span;
    time->open[time->open_count++].span.from = blocks;
}

/* Closes open span i: it joins those that are over. */
static void finish(struct story_time *time, uint64_t blocks, size_t i) {
    struct story_span *done = &time->done[time->done_count++ % STORY_SPANS];
    *done = time->open[i].span;
    done->to = blocks > done->from ? blocks : done->from + 1;
    memmove(time->open + i, time->open + i + 1, (--time->open_count - i) * sizeof(time->open[0]));
}

static bool is_transfer(const struct story_span *span) { return span->kind == SPAN_READ || span->kind == SPAN_WRITE; }

/* Transfers and kswapd belong to whoever is told, the others to their task. */
static void end(struct story_time *time, uint64_t blocks, const struct open_span *like) {
    for (size_t i = 0; i < time->open_count; i++) {
        const struct open_span *open = &time->open[i];
        bool same_task = open->span.pid == like->span.pid || is_transfer(&like->span) || like->span.kind == SPAN_KSWAPD;
        bool same_place = !is_transfer(&like->span) || open->span.value[0] == like->span.value[0];
        if (open->span.kind != like->span.kind || open->key != like->key || !same_task || !same_place)
            continue;
        finish(time, blocks, i);
        return;
    }
}

static void on_exit_of(struct story_time *time, uint64_t blocks, uint32_t pid) {
    for (size_t i = time->open_count; i-- > 0;)
        if (time->open[i].span.pid == pid && !is_transfer(&time->open[i].span) &&
            time->open[i].span.kind != SPAN_KSWAPD)
            finish(time, blocks, i);
}

static struct open_span transfer_of(const struct flt_block_rq *rq) {
    return (struct open_span){
        .span = {.pid = rq->head.task, .kind = rq->write ? SPAN_WRITE : SPAN_READ, .value = {rq->sector, rq->bytes}},
        .key = rq->dev};
}

static struct open_span wait_of(const struct flt_page_wait *wait) {
    return (struct open_span){.span = {.pid = wait->head.task, .kind = SPAN_WAIT, .value = {wait->pfn, wait->reason}},
                              .key = wait->pfn};
}

static struct open_span plain(const struct flt_record *record, enum story_span_kind kind, uint32_t key) {
    return (struct open_span){.span = {.pid = record->task, .kind = (uint8_t)kind}, .key = key};
}

static void on_wake(struct story_time *time, uint64_t blocks, const struct flt_mm_kswapd *wake) {
    struct open_span span = plain(&wake->head, SPAN_KSWAPD, wake->node);
    for (size_t i = 0; i < time->open_count; i++)
        if (time->open[i].span.kind == SPAN_KSWAPD && time->open[i].key == wake->node)
            return; /* awake already */
    span.span.pid = 0;
    begin(time, blocks, &span);
}

/* The span that an event begins or ends. False: neither. */
static bool span_of(const struct flt_record *record, struct open_span *span, bool *begins) {
    const void *bytes = record;
    switch (record->type) {
    case FLT_MM_VMSCAN_KSWAPD_SLEEP:
        *span = plain(record, SPAN_KSWAPD, ((const struct flt_mm_kswapd *)bytes)->node);
        break;
    case FLT_MM_VMSCAN_DIRECT_BEGIN:
    case FLT_MM_VMSCAN_DIRECT_END: *span = plain(record, SPAN_DIRECT, 0); break;
    case FLT_PAGE_WAIT_BEGIN:
    case FLT_PAGE_WAIT_END: *span = wait_of(bytes); break;
    case FLT_BLOCK_RQ_ISSUE:
    case FLT_BLOCK_RQ_COMPLETE: *span = transfer_of(bytes); break;
    case FLT_WRITEBACK_START:
    case FLT_WRITEBACK_END:
        if (((const struct flt_writeback *)bytes)->reason != FLT_WB_THROTTLE)
            return false;
        *span = plain(record, SPAN_THROTTLE, 0);
        break;
    default: return false;
    }
    *begins = record->type == FLT_MM_VMSCAN_DIRECT_BEGIN || record->type == FLT_PAGE_WAIT_BEGIN ||
              record->type == FLT_BLOCK_RQ_ISSUE || record->type == FLT_WRITEBACK_START;
    return true;
}

static void span_event(struct story_time *time, uint64_t blocks, const struct flt_record *record) {
    const void *bytes = record;
    struct open_span span;
    bool begins;
    if (record->type == FLT_MM_VMSCAN_KSWAPD_WAKE)
        on_wake(time, blocks, bytes);
    else if (record->type == FLT_TASK_EXIT)
        on_exit_of(time, blocks, ((const struct flt_task_exit *)bytes)->pid);
    else if (!span_of(record, &span, &begins))
        return;
    else if (begins)
        begin(time, blocks, &span);
    else
        end(time, blocks, &span);
}

size_t story_spans(const struct story *story, struct story_span *to, size_t most) {
    const struct story_time *time = &story->time;
    uint64_t done = time->done_count < STORY_SPANS ? time->done_count : STORY_SPANS;
    size_t open = time->open_count < most ? time->open_count : most, count = 0;
    if (done > most - open)
        done = most - open;
    for (uint64_t n = time->done_count - done; n < time->done_count; n++)
        to[count++] = time->done[n % STORY_SPANS];
    for (size_t i = time->open_count - open; i < time->open_count; i++)
        to[count++] = time->open[i].span;
    return count;
}

/* ---- free pages ---- */

static void thin_out(struct story_time *time) {
    for (size_t i = 0; i < SAMPLES_KEPT / 2; i++)
        time->samples[i] = time->samples[2 * i];
    time->sample_count = SAMPLES_KEPT / 2;
    time->sample_every *= 2;
}

static void sample(struct story_time *time, uint64_t blocks, uint32_t node, uint32_t zone, uint32_t free) {
    if (zone >= 3 || node >= STORY_SAMPLE_ZONES / 3)
        return;
    time->now.free[node * 3 + zone] = free;
    time->now.blocks = blocks;
    if (blocks < time->sample_next)
        return;
    if (time->sample_count == SAMPLES_KEPT)
        thin_out(time);
    time->samples[time->sample_count++] = time->now;
    time->sample_next = blocks + time->sample_every;
}

void time_event(struct story_time *time, uint64_t blocks, const struct flt_record *record, unsigned node) {
    union {
        const struct flt_record *head;
        const struct flt_mm_page_alloc *alloc;
        const struct flt_mm_page_free *free;
        const struct flt_mm_watermark *mark;
    } event = {record};
    switch (record->type) {
    case FLT_MM_PAGE_ALLOC: sample(time, blocks, event.alloc->node, event.alloc->zone, event.alloc->zone_free); break;
    case FLT_MM_PAGE_FREE: sample(time, blocks, node, event.free->zone, event.free->zone_free); break;
    case FLT_MM_WATERMARK: sample(time, blocks, event.mark->node, event.mark->zone, event.mark->free); break;
    default: span_event(time, blocks, record);
    }
}

/* The state of now closes the row. */
size_t story_samples(const struct story *story, struct story_sample *to, size_t most) {
    const struct story_time *time = &story->time;
    bool closes = time->sample_count && time->now.blocks > time->samples[time->sample_count - 1].blocks && most;
    size_t count = time->sample_count < most - closes ? time->sample_count : most - closes;
    memcpy(to, time->samples + (time->sample_count - count), count * sizeof(*to));
    if (closes)
        to[count++] = time->now;
    return count;
}
