/*
 * What a trace adds up to while it passes: spans from pairs of events, and gauges from single ones.
 *
 * The model. A span opens at one event and closes at its partner, matched by kind and by what the two have in common (a
 * task, a node, a request). A partner without a beginning is passed over; what is open at the end of the trace is
 * closed there and marked. A zone's free pages are those that the last event told; sizes of lists, of the page cache
 * and of the swap area are counted from a frame's or slot's coming and going, so that they are exact when the trace
 * begins at boot.
 */
#ifndef FAULTLINE_EXPORT_FOLLOW_H
#define FAULTLINE_EXPORT_FOLLOW_H

#include "emu/export/trace_reader.h"

enum follow_kind {
    FOLLOW_RUN,       /* a task has the CPU; pid 0: idle */
    FOLLOW_KSWAPD,    /* awake; value: node, zone, order, free pages at the wake */
    FOLLOW_DIRECT,    /* a task frees memory for itself; value: order, pages freed, last priority */
    FOLLOW_WAIT,      /* a task sleeps on a page; value: frame, reason */
    FOLLOW_WRITEBACK, /* value: reason, pages written, dirty pages then */
    FOLLOW_DISK,      /* value: dev, sector, bytes, write, error */
    FOLLOW_KINDS
};

struct follow_span {
    uint64_t from, to; /* blocks */
    uint32_t pid, value[5];
    uint8_t kind;
    bool cut; /* the trace ended first */
    uint32_t key[3];
};

struct follow_zone {
    uint32_t node, zone; /* zone: 0 DMA, 1 NORMAL, 2 HIGHMEM */
    uint32_t free, min, low, high;
    bool marks_known;
};

#define FOLLOW_ZONES 12u
#define FOLLOW_OPEN 1024u

struct follow_listener {
    void *owner;
    void (*span)(void *owner, const struct follow_span *span);
    void (*zone)(void *owner, uint64_t blocks, const struct follow_zone *zone, unsigned index);
    void (*gauge)(void *owner, uint64_t blocks, unsigned gauge); /* gauges[gauge] has changed */
};

enum follow_gauge { GAUGE_ACTIVE, GAUGE_INACTIVE, GAUGE_CACHE, GAUGE_SWAP, GAUGE_DIRTY, GAUGES };

struct follow {
    struct follow_listener listener;
    struct follow_zone zones[FOLLOW_ZONES];
    unsigned zone_count;
    int64_t gauges[GAUGES]; /* pages; those of lists never below 0 */
    struct follow_span open[FOLLOW_OPEN];
    size_t open_count;
    uint8_t *frames; /* by frame number: list and node */
    size_t frame_capacity;
    uint64_t last_blocks;
    bool running, failed; /* failed: no memory for frames */
};

/* follow: large; keep it off the stack. */
void follow_init(struct follow *follow, const struct follow_listener *listener);
void follow_entry(struct follow *follow, const struct trace_entry *entry);
void follow_finish(struct follow *follow);     /* closes what is open; frees */
const char *follow_gauge_name(unsigned gauge); /* "active list" */

#endif
