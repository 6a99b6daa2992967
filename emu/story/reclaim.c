/* Sums of reclaim's events; reclaim.h says what they are. Numbers of the guest are stored and compared only. */
#include "emu/story/reclaim.h"

#include <stddef.h>

#define KSWAPD 0u /* in spans: kswapd's own pid is not told when it is woken */

static struct reclaim_span *open_span(struct story_reclaim *reclaim, uint32_t pid) {
    uint64_t oldest = reclaim->span_count > RECLAIM_SPANS ? reclaim->span_count - RECLAIM_SPANS : 0;
    for (uint64_t n = reclaim->span_count; n-- > oldest;) {
        struct reclaim_span *span = &reclaim->spans[n % RECLAIM_SPANS];
        if (span->pid == pid && span->to == 0)
            return span;
    }
    return NULL;
}

static void begin_span(struct story_reclaim *reclaim, uint64_t blocks, uint32_t pid, bool direct) {
    if (!open_span(reclaim, pid))
        reclaim->spans[reclaim->span_count++ % RECLAIM_SPANS] =
            (struct reclaim_span){.from = blocks, .pid = pid, .direct = direct};
}

static void end_span(struct story_reclaim *reclaim, uint64_t blocks, uint32_t pid) {
    struct reclaim_span *span = open_span(reclaim, pid);
    if (span)
        span->to = blocks > span->from ? blocks : span->from + 1;
}

static void on_wake(struct story_reclaim *reclaim, uint64_t blocks) {
    reclaim->kswapd_wakes++;
    reclaim->kswapd_awake = true;
    begin_span(reclaim, blocks, KSWAPD, false);
}

static void on_sleep(struct story_reclaim *reclaim, uint64_t blocks) {
    reclaim->kswapd_awake = false;
    end_span(reclaim, blocks, KSWAPD);
}

static void on_direct(struct story_reclaim *reclaim, uint64_t blocks, const struct flt_record *record) {
    reclaim->direct_reclaims++;
    reclaim->direct_pid = record->task;
    begin_span(reclaim, blocks, record->task, true);
}

static void on_direct_end(struct story_reclaim *reclaim, uint64_t blocks, const struct flt_record *record) {
    if (reclaim->direct_pid == record->task)
        reclaim->direct_pid = 0;
    end_span(reclaim, blocks, record->task);
}

static void on_shrink(struct story_reclaim *reclaim, const struct flt_mm_shrink_inactive *shrink) {
    uint64_t *scanned = shrink->kswapd ? &reclaim->kswapd_scanned : &reclaim->direct_scanned;
    uint64_t *reclaimed = shrink->kswapd ? &reclaim->kswapd_reclaimed : &reclaim->direct_reclaimed;
    *scanned += shrink->scanned;
    *reclaimed += shrink->reclaimed;
    reclaim->priority = shrink->priority;
}

/* The decision about pfn that is being gathered; what was gathered about another page is forgotten. */
static struct reclaim_decision *gather(struct story_reclaim *reclaim, uint32_t pfn) {
    if (reclaim->next.pfn != pfn)
        reclaim->next = (struct reclaim_decision){.pfn = pfn};
    return &reclaim->next;
}

static void on_unmap(struct story_reclaim *reclaim, const struct flt_mm_unmap *unmap) {
    struct reclaim_decision *decision = gather(reclaim, unmap->pfn);
    decision->unmaps++;
    decision->address = unmap->address;
    decision->pte_before = unmap->before;
    decision->pte_after = unmap->after;
}

static void on_swap_out(struct story_reclaim *reclaim, const struct flt_mm_swap *swap) {
    struct reclaim_decision *decision = gather(reclaim, swap->pfn);
    decision->has_slot = true;
    decision->area = swap->type;
    decision->slot = swap->offset;
    reclaim->swap_outs++;
}

static void on_page(struct story_reclaim *reclaim, uint64_t blocks, const struct flt_mm_vmscan_page *page) {
    struct reclaim_decision *decision = gather(reclaim, page->pfn);
    if (page->outcome < RECLAIM_OUTCOMES)
        reclaim->outcomes[page->outcome]++;
    decision->number = reclaim->last.number + 1;
    decision->blocks = blocks;
    decision->pid = page->head.task;
    decision->outcome = page->outcome;
    decision->reason = page->reason;
    decision->referenced = page->referenced;
    decision->mapcount = page->mapcount;
    decision->anon = page->anon != 0;
    reclaim->last = *decision;
    reclaim->next = (struct reclaim_decision){.pfn = UINT32_MAX};
}

void reclaim_event(struct story_reclaim *reclaim, uint64_t blocks, const struct flt_record *record) {
    const void *bytes = record;
    switch (record->type) {
    case FLT_MM_VMSCAN_KSWAPD_WAKE: on_wake(reclaim, blocks); break;
    case FLT_MM_VMSCAN_KSWAPD_SLEEP: on_sleep(reclaim, blocks); break;
    case FLT_MM_VMSCAN_DIRECT_BEGIN: on_direct(reclaim, blocks, record); break;
    case FLT_MM_VMSCAN_DIRECT_END: on_direct_end(reclaim, blocks, record); break;
    case FLT_MM_VMSCAN_SHRINK_INACTIVE: on_shrink(reclaim, bytes); break;
    case FLT_MM_UNMAP: on_unmap(reclaim, bytes); break;
    case FLT_MM_VMSCAN_WRITEPAGE: gather(reclaim, ((const struct flt_mm_writepage *)bytes)->pfn)->written = true; break;
    case FLT_MM_VMSCAN_PAGE: on_page(reclaim, blocks, bytes); break;
    case FLT_MM_SWAP_OUT: on_swap_out(reclaim, bytes); break;
    case FLT_MM_SWAP_IN: reclaim->swap_ins++; break;
    case FLT_MM_OOM_KILL: reclaim->oom_kills++; break;
    default: break;
    }
}

const char *reclaim_reason_text(uint32_t reason) {
    static const char *const texts[] = {
        [FLT_WHY_NONE] = "no reason told",
        [FLT_WHY_LOCKED] = "somebody works on it",
        [FLT_WHY_WRITEBACK] = "it is being written",
        [FLT_WHY_REFERENCED] = "used since the last look: second chance",
        [FLT_WHY_MAPPED] = "mapped pages are not wanted yet",
        [FLT_WHY_NO_SWAP] = "there is no swap slot for it",
        [FLT_WHY_UNMAP_FAILED] = "an entry could not be taken away",
        [FLT_WHY_DIRTY] = "it must be written first",
        [FLT_WHY_BUSY] = "somebody holds a reference",
        [FLT_WHY_CLEAN] = "clean, and nobody needs it",
        [FLT_WHY_WRITE_FAILED] = "its write failed",
        [FLT_WHY_INACTIVE] = "not used lately",
        [FLT_WHY_MLOCKED] = "locked in memory",
        [FLT_WHY_WRITTEN] = "written: the next to go",
        [FLT_WHY_ACCESSED] = "read or written twice",
    };
    return reason < sizeof texts / sizeof texts[0] ? texts[reason] : "unknown";
}

const char *reclaim_outcome_text(uint32_t outcome) {
    static const char *const texts[RECLAIM_OUTCOMES] = {"kept", "activated", "freed", "written out"};
    return outcome < RECLAIM_OUTCOMES ? texts[outcome] : "unknown";
}
