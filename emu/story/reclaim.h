/*
 * What reclaim did, summed up while the events pass: how often pages were kept, activated, freed or written out; when
 * kswapd was awake and tasks reclaimed for themselves; and the last decision about one page with what led to it.
 */
#ifndef FAULTLINE_STORY_RECLAIM_H
#define FAULTLINE_STORY_RECLAIM_H

#include "guestos/include/faultline/trace_abi.h"

#include <stdbool.h>
#include <stdint.h>

#define RECLAIM_SPANS 256u
#define RECLAIM_OUTCOMES 4u /* enum flt_page_outcome */

/* A time of reclaim, in blocks: [from, to); to 0: it goes on. */
struct reclaim_span {
    uint64_t from, to;
    uint32_t pid;
    bool direct; /* a task for itself; else kswapd */
};

/* Everything that was told about the page of the last decision, in the order in which it happens. */
struct reclaim_decision {
    uint64_t number, blocks; /* counted from 1 */
    uint32_t pid, pfn, outcome, reason, referenced, mapcount;
    bool anon;
    unsigned unmaps;                         /* entries that were taken away */
    uint32_t address, pte_before, pte_after; /* the last of them */
    bool has_slot, written;
    uint32_t area, slot;
};

struct story_reclaim {
    uint64_t outcomes[RECLAIM_OUTCOMES];
    uint64_t kswapd_wakes, direct_reclaims;
    uint64_t kswapd_scanned, kswapd_reclaimed, direct_scanned, direct_reclaimed; /* pages */
    uint64_t swap_outs, swap_ins, oom_kills;
    bool kswapd_awake;
    uint32_t direct_pid;                      /* who reclaims for itself now; 0 nobody */
    uint32_t priority;                        /* of the last scan: 12 gentle, 0 desperate */
    struct reclaim_decision next, last;       /* next: being gathered */
    struct reclaim_span spans[RECLAIM_SPANS]; /* a ring: spans[n % RECLAIM_SPANS] */
    uint64_t span_count;                      /* ever */
};

/* A well-formed record. Types that do not concern reclaim change nothing. */
void reclaim_event(struct story_reclaim *reclaim, uint64_t blocks, const struct flt_record *record);
const char *reclaim_reason_text(uint32_t reason);   /* "used since the last look: second chance" */
const char *reclaim_outcome_text(uint32_t outcome); /* "kept" */

#endif
