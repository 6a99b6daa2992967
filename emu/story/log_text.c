/*
 * Entries of the log in words, a line each: what happened to the frame, by whom, and why. The same entry may read
 * differently in two lives: of a copy on write the one frame is copied and the other is the copy.
 */
#include "emu/story/event_types.h"
#include "emu/story/words.h"

#include "emu/story/internal.h"

#define NO_FRAME UINT32_MAX

static void put_task(struct out *out, const struct story *story, uint32_t pid) {
    const struct story_task *task = tasks_find(&story->tasks, pid);
    if (pid == 0)
        out_string(out, "swapper (pid 0)");
    else if (task && task->comm[0])
        out_format(out, "%s (pid %u)", task->comm, (unsigned)pid);
    else
        out_format(out, "pid %u", (unsigned)pid);
}

static void put_by(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    out_string(out, " by ");
    put_task(out, story, entry->pid);
}

static void put_fault(struct out *out, const struct story_log_entry *entry) {
    if (entry->fault)
        out_format(out, " (fault %llu)", (unsigned long long)entry->fault);
}

static const char *zone_name(uint32_t zone) {
    static const char *const names[] = {"DMA", "Normal", "HighMem"};
    return zone < 3 ? names[zone] : "an unknown zone";
}

static const char *list_name(uint32_t active) { return active ? "active" : "inactive"; }

/* "page fault" when it is not known which. */
static const char *branch_of(const struct story *story, const struct story_log_entry *entry) {
    const struct story_fault *fault = story_fault_by_number(story, entry->fault);
    return fault && fault->branch != FLT_BRANCH_NONE ? story_branch_name(fault->branch) : "page fault";
}

/* ---- the fault path ---- */

static void put_cow(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    uint32_t before = entry->value[0], shared = entry->value[1], after = entry->value[2];
    if (before == after) {
        out_string(out, "kept for writing: its only owner is ");
        put_task(out, story, entry->pid);
    } else if (entry->pfn == before) {
        out_format(out, "copied to frame %05x for ", (unsigned)after);
        put_task(out, story, entry->pid);
        out_format(out, ": %u %s it", (unsigned)shared, shared == 1 ? "entry maps" : "entries share");
    } else {
        out_format(out, "a copy of frame %05x for ", (unsigned)before);
        put_task(out, story, entry->pid);
    }
    put_fault(out, entry);
}

static void put_mapped(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    uint32_t before = entry->value[2], after = entry->value[3];
    bool same = (before & MMU_PTE_P) && before >> MMU_PAGE_SHIFT == after >> MMU_PAGE_SHIFT;
    out_string(out, same ? "its entry changed at " : "mapped at ");
    out_address(out, entry->value[0]);
    out_format(out, ", %s, for ", after & MMU_PTE_W ? "writable" : "read-only");
    put_task(out, story, entry->pid);
    out_format(out, ": %s", branch_of(story, entry));
}

static void put_pte(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    uint32_t before = entry->value[2], after = entry->value[3];
    if ((after & MMU_PTE_P) && entry->pfn == after >> MMU_PAGE_SHIFT)
        put_mapped(out, story, entry);
    else {
        out_string(out, before & MMU_PTE_P ? "no longer mapped at " : "entry changed at ");
        out_address(out, entry->value[0]);
        if (after & MMU_PTE_P)
            out_format(out, ": frame %05x takes its place", (unsigned)(after >> MMU_PAGE_SHIFT));
    }
    put_fault(out, entry);
}

static bool put_fault_event(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    switch (entry->type) {
    case FLT_FAULT_BEGIN:
        out_string(out, "page fault of ");
        put_task(out, story, entry->pid);
        out_string(out, " at ");
        out_address(out, entry->value[0]);
        put_fault(out, entry);
        return true;
    case FLT_FAULT_VMA:
        if (entry->value[0] < entry->value[1])
            out_format(out, "in the region %08x-%08x", (unsigned)entry->value[0], (unsigned)entry->value[1]);
        else
            out_string(out, "no region holds the address");
        put_fault(out, entry);
        return true;
    case FLT_FAULT_BRANCH:
        out_string(out, story_branch_name(entry->value[0]));
        put_fault(out, entry);
        return true;
    case FLT_FAULT_COW: put_cow(out, story, entry); return true;
    case FLT_FAULT_PTE: put_pte(out, story, entry); return true;
    case FLT_FAULT_END:
        out_format(out, "answered: %s", words_outcome_key(entry->value[0]));
        put_fault(out, entry);
        return true;
    default: return false;
    }
}

/* ---- the allocator ---- */

static void put_alloc(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    uint32_t order = entry->value[0], zone = entry->value[3], preferred = entry->value[4];
    if (entry->pfn == NO_FRAME) {
        out_format(out, "no block of order %u for ", (unsigned)order);
        put_task(out, story, entry->pid);
    } else {
        out_string(out, "taken");
        put_by(out, story, entry);
        out_format(out, " from %s, order %u, %s", zone_name(zone), (unsigned)order,
                   entry->value[5] ? "per-CPU list" : "buddy list");
        if (zone != preferred)
            out_format(out, "; %s was wanted", zone_name(preferred));
    }
    put_fault(out, entry);
}

static bool put_allocator_event(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    uint32_t order = entry->value[0];
    switch (entry->type) {
    case FLT_MM_PAGE_ALLOC: put_alloc(out, story, entry); return true;
    case FLT_MM_PAGE_FREE:
        out_string(out, "freed");
        put_by(out, story, entry);
        out_format(out, " to %s, order %u", zone_name(entry->value[1]), (unsigned)order);
        put_fault(out, entry);
        return true;
    case FLT_MM_BUDDY_SPLIT:
        out_format(out, "%s: block %05x of order %u split into two", zone_name(entry->value[1]), (unsigned)entry->pfn,
                   (unsigned)order);
        return true;
    case FLT_MM_BUDDY_MERGE:
        out_format(out, "%s: two blocks at %05x merged into one of order %u", zone_name(entry->value[1]),
                   (unsigned)entry->pfn, (unsigned)order);
        return true;
    case FLT_VMALLOC:
    case FLT_VFREE:
        out_format(out, "%s %08x, %u pages", entry->type == FLT_VMALLOC ? "vmalloc at" : "vfree of",
                   (unsigned)entry->value[0], (unsigned)entry->value[1]);
        return true;
    default: return false;
    }
}

/* ---- lists and reclaim ---- */

static void put_move(struct out *out, const struct story_log_entry *entry) {
    uint32_t from = entry->value[0], to = entry->value[1], reason = entry->value[2];
    if (from == to)
        out_format(out, "moved inside the %s list: ", list_name(to));
    else
        out_format(out, "to the %s list: ", list_name(to));
    out_string(out, reclaim_reason_text(reason));
}

static void put_referenced(struct out *out, const struct story_log_entry *entry) {
    uint32_t young = entry->value[0], entries = entry->value[1];
    if (young)
        out_format(out, "A bit harvested from %u of %u entr%s: used since the last look", (unsigned)young,
                   (unsigned)entries, entries == 1 ? "y" : "ies");
    else
        out_format(out, "A bits looked at in %u entr%s: not used since the last look", (unsigned)entries,
                   entries == 1 ? "y" : "ies");
}

static void put_unmap(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    uint32_t before = entry->value[2], after = entry->value[3];
    out_string(out, "unmapped from ");
    out_address(out, entry->value[0]);
    put_by(out, story, entry);
    out_string(out, before & MMU_PTE_D ? ", D was set" : ", D was clear");
    if (after)
        out_format(out, "; entry is now %08x", (unsigned)after);
}

static void put_decision(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    uint32_t outcome = entry->value[0];
    if (outcome == FLT_OUTCOME_RECLAIM)
        out_string(out, "chosen to be freed");
    else
        out_string(out, outcome == FLT_OUTCOME_PAGEOUT ? "write-out started" : reclaim_outcome_text(outcome));
    put_by(out, story, entry);
    out_format(out, ": %s", reclaim_reason_text(entry->value[1]));
}

static bool put_list_event(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    switch (entry->type) {
    case FLT_MM_LRU_ADD: out_format(out, "onto the %s list", list_name(entry->value[0])); return true;
    case FLT_MM_LRU_MOVE: put_move(out, entry); return true;
    case FLT_MM_PAGE_REFERENCED: put_referenced(out, entry); return true;
    case FLT_MM_UNMAP: put_unmap(out, story, entry); return true;
    case FLT_MM_VMSCAN_PAGE: put_decision(out, story, entry); return true;
    case FLT_MM_VMSCAN_WRITEPAGE:
        out_string(out, entry->value[0] ? "written out to swap" : "written out to its file");
        put_by(out, story, entry);
        return true;
    default: return false;
    }
}

static void put_zone(struct out *out, uint32_t node, uint32_t zone) {
    out_string(out, zone_name(zone));
    if (node)
        out_format(out, " of node %u", (unsigned)node);
}

static void put_watermark(struct out *out, const struct story_log_entry *entry) {
    static const char *const marks[] = {"min", "low", "high"};
    put_zone(out, entry->value[0], entry->value[1]);
    out_format(out, ": free pages %s the mark %s (%u free)", entry->value[3] ? "fell below" : "rose above",
               entry->value[2] < 3 ? marks[entry->value[2]] : "?", (unsigned)entry->value[4]);
}

static bool put_reclaim_event(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    const uint32_t *value = entry->value;
    switch (entry->type) {
    case FLT_MM_VMSCAN_KSWAPD_WAKE:
        out_format(out, "kswapd woken: %u pages free in ", (unsigned)value[3]);
        put_zone(out, value[0], value[1]);
        return true;
    case FLT_MM_VMSCAN_KSWAPD_SLEEP: out_string(out, "kswapd goes to sleep"); return true;
    case FLT_MM_VMSCAN_DIRECT_BEGIN:
        put_task(out, story, entry->pid);
        out_string(out, " must free memory itself");
        put_fault(out, entry);
        return true;
    case FLT_MM_VMSCAN_DIRECT_END:
        put_task(out, story, entry->pid);
        out_format(out, " freed %u pages itself", (unsigned)value[3]);
        put_fault(out, entry);
        return true;
    case FLT_MM_VMSCAN_LRU_ISOLATE:
        out_format(out, "%u pages taken off the %s list of ", (unsigned)value[5], list_name(value[2]));
        put_zone(out, value[0], value[1]);
        return true;
    case FLT_MM_VMSCAN_SHRINK_INACTIVE:
        out_format(out, "%u of %u inactive pages freed in ", (unsigned)value[5], (unsigned)value[4]);
        put_zone(out, value[0], value[1]);
        return true;
    case FLT_MM_WATERMARK: put_watermark(out, entry); return true;
    case FLT_MM_SHRINK_SLAB:
        out_format(out, "%u of %u objects of a cache freed", (unsigned)value[1], (unsigned)value[0]);
        return true;
    case FLT_MM_OOM_KILL:
        out_string(out, "out of memory: ends ");
        put_task(out, story, value[0]);
        put_fault(out, entry);
        return true;
    default: return false;
    }
}

/* ---- swap, page cache, transfers ---- */

static void put_slot(struct out *out, const struct story_log_entry *entry, const char *before, const char *after) {
    out_format(out, "%s %u of swap area %u%s", before, (unsigned)entry->value[1], (unsigned)entry->value[0], after);
}

static bool put_store_event(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    const uint32_t *value = entry->value;
    switch (entry->type) {
    case FLT_MM_SWAP_OUT: put_slot(out, entry, "given slot", ""); return true;
    case FLT_MM_SWAP_IN:
        put_slot(out, entry, value[2] ? "found in the swap cache for slot" : "to be read from slot", "");
        put_fault(out, entry);
        return true;
    case FLT_MM_SWAP_FREE: put_slot(out, entry, "slot", " is free again"); return true;
    case FLT_MM_FILEMAP_ADD:
    case FLT_MM_FILEMAP_DELETE:
        out_format(out, "%s page %u of inode %u", entry->type == FLT_MM_FILEMAP_ADD ? "holds" : "no longer holds",
                   (unsigned)value[1], (unsigned)value[0]);
        put_fault(out, entry);
        return true;
    case FLT_PAGE_WAIT_BEGIN:
    case FLT_PAGE_WAIT_END:
        put_task(out, story, entry->pid);
        out_format(out, " %s for it: %s", entry->type == FLT_PAGE_WAIT_BEGIN ? "waits" : "has waited",
                   value[0] == FLT_WAIT_LOCKED ? "it is locked" : "it is being written");
        return true;
    case FLT_KMAP:
    case FLT_KUNMAP:
        out_format(out, "%s the kernel at %08x", entry->type == FLT_KMAP ? "mapped for" : "no longer mapped for",
                   (unsigned)value[0]);
        return true;
    default: return false;
    }
}

static const char *writeback_reason(uint32_t reason) {
    static const char *const reasons[] = {"background", "periodic", "sync", "reclaim", "throttle"};
    return reason < 5 ? reasons[reason] : "unknown reason";
}

static bool put_transfer_event(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    static const char *const directions[] = {"read", "write", "flush"};
    const uint32_t *value = entry->value;
    switch (entry->type) {
    case FLT_WRITEBACK_START:
    case FLT_WRITEBACK_END:
        out_format(out, "writeback (%s) %s: %u pages", writeback_reason(value[0]),
                   entry->type == FLT_WRITEBACK_START ? "begins" : "is done", (unsigned)value[1]);
        return true;
    case FLT_DIRTY_THROTTLE:
        put_task(out, story, entry->pid);
        out_format(out, " must write back itself: %u pages dirty, %u allowed", (unsigned)value[0], (unsigned)value[2]);
        return true;
    case FLT_READAHEAD:
        out_format(out, "reads ahead %u pages of inode %u from page %u", (unsigned)value[2], (unsigned)value[0],
                   (unsigned)value[1]);
        return true;
    case FLT_BLOCK_RQ_ISSUE:
    case FLT_BLOCK_RQ_COMPLETE:
        out_format(out, "%s of %u bytes at sector %u %s", value[3] < 3 ? directions[value[3]] : "transfer",
                   (unsigned)value[2], (unsigned)value[1],
                   entry->type == FLT_BLOCK_RQ_ISSUE ? "begins"
                   : value[5]                        ? "has failed"
                                                     : "is done");
        return true;
    case FLT_PKMAP_FLUSH: out_format(out, "kmap entries flushed: %u", (unsigned)value[1]); return true;
    default: return false;
    }
}

/* ---- tasks ---- */

static const char *phase_name(uint32_t phase) {
    static const char *const names[] = {"unknown phase of the boot", "the kernel starts",  "memory is set up",
                                        "the first program starts",  "the program starts", "the program has ended"};
    return phase < sizeof(names) / sizeof(names[0]) ? names[phase] : names[0];
}

static bool put_task_event(struct out *out, const struct story *story, const struct story_log_entry *entry) {
    const uint32_t *value = entry->value;
    switch (entry->type) {
    case FLT_SCHED_SWITCH:
        put_task(out, story, value[0]);
        out_string(out, " gives the processor to ");
        put_task(out, story, value[1]);
        return true;
    case FLT_TASK_NEW:
        put_task(out, story, value[0]);
        out_string(out, " is born of ");
        put_task(out, story, value[1]);
        return true;
    case FLT_TASK_RENAME:
        out_format(out, "pid %u is now called ", (unsigned)value[0]);
        put_task(out, story, value[0]);
        return true;
    case FLT_TASK_EXIT:
        put_task(out, story, value[0]);
        out_string(out, " ends");
        return true;
    case FLT_SIGNAL:
        words_signal_text(out, value[1], value[2]);
        out_string(out, " for ");
        put_task(out, story, value[0]);
        return true;
    case FLT_BOOT_PHASE: out_string(out, phase_name(value[0])); return true;
    default: return false;
    }
}

size_t story_log_text(const struct story *story, const struct story_log_entry *entry, char *text, size_t size) {
    const struct event_type *type = story_event_type(entry->type);
    struct out out;
    out_init(&out, text, size);
    if (!put_fault_event(&out, story, entry) && !put_allocator_event(&out, story, entry) &&
        !put_list_event(&out, story, entry) && !put_reclaim_event(&out, story, entry) &&
        !put_store_event(&out, story, entry) && !put_transfer_event(&out, story, entry) &&
        !put_task_event(&out, story, entry))
        out_string(&out, type ? type->name : "unknown event");
    return out_end(&out);
}
