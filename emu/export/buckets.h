/*
 * A run along time in a fixed number of buckets.
 *
 * The model. How long a run is, is known only when it has been read. So buckets begin narrow; when time passes the last
 * one, neighbours are joined and all are twice as wide. Counts are added, the busy time of a span is shared out among
 * the buckets that it covers, and of a gauge each bucket keeps the lowest, the highest and the last value.
 */
#ifndef FAULTLINE_EXPORT_BUCKETS_H
#define FAULTLINE_EXPORT_BUCKETS_H

#include "emu/export/follow.h"

#define BUCKETS 1024u
#define BUCKET_FIRST_WIDTH 64u /* blocks */

/* Counts: faults by branch first, then these. */
enum {
    COUNT_BRANCH = 0,                     /* + enum flt_branch; FLT_BRANCH_COUNT: untraced */
    COUNT_OUTCOME = FLT_BRANCH_COUNT + 1, /* + enum flt_page_outcome */
    COUNT_ACTIVATED = COUNT_OUTCOME + 4,  /* pages that went to the active list */
    COUNT_DEACTIVATED,
    COUNT_SECOND, /* pages moved for having been used */
    COUNT_CACHE_IN,
    COUNT_CACHE_OUT,
    COUNT_SWAP_IN, /* from the device */
    COUNT_SWAP_FOUND,
    COUNT_SWAP_OUT,
    COUNT_READ, /* bytes of the disks */
    COUNT_WRITTEN,
    COUNTS
};

enum { BUSY_KSWAPD, BUSY_DIRECT, BUSY_READ, BUSY_WRITE, BUSY_WAIT, BUSY_KINDS };

struct bucket_gauge {
    uint32_t low, high, last;
    bool told;
};

#define BUCKET_GAUGES (FOLLOW_ZONES + GAUGES) /* zones first */

struct bucket {
    uint64_t counts[COUNTS];
    uint64_t busy[BUSY_KINDS]; /* blocks; more than the width when several overlap */
    struct bucket_gauge gauges[BUCKET_GAUGES];
};

struct buckets {
    uint64_t width;
    struct bucket bucket[BUCKETS];
};

void buckets_init(struct buckets *buckets);
void buckets_count(struct buckets *buckets, uint64_t blocks, unsigned count, uint64_t more);
void buckets_busy(struct buckets *buckets, uint64_t from, uint64_t to, unsigned kind);
void buckets_gauge(struct buckets *buckets, uint64_t blocks, unsigned gauge, uint32_t value);

#endif
