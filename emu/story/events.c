/*
 * Guest events in. Every record is copied and checked against the length of its type before anything is believed; the
 * numbers inside are only ever stored and shown, never used as an index or address.
 */
#include "emu/story/internal.h"

#include <string.h>

union event {
    struct flt_record head;
    struct flt_fault_begin begin;
    struct flt_fault_vma vma;
    struct flt_fault_branch branch;
    struct flt_fault_cow cow;
    struct flt_fault_pte pte;
    struct flt_fault_end end;
    struct flt_mm_page_alloc alloc;
    struct flt_mm_page_free free;
    struct flt_mm_lru_add lru;
    struct flt_mm_filemap filemap;
    struct flt_mm_direct_reclaim direct;
    struct flt_mm_oom_kill oom_kill;
    struct flt_sched_switch sched;
    struct flt_task_new task_new;
    struct flt_task_rename rename;
    struct flt_task_exit exit;
    struct flt_boot_phase phase;
    uint8_t bytes[FLT_RECORD_MAX];
};

/* The guest says which task is in do_page_fault() and for which address: that names the pending record. */
static bool on_begin(struct story *story, const struct flt_fault_begin *begin) {
    struct open_fault *pending = feed_pending(story);
    if (!pending || pending->record->linear != begin->address)
        return false;
    struct open_fault *outer = feed_innermost(story, begin->head.task);
    struct story_fault *record = pending->record;
    feed_claim(story, record, begin->head.task);
    record->nested_in = outer ? outer->record->number : 0;
    record->pgd_phys = begin->pgd_phys;
    record->traced = true;
    return true;
}

static void on_vma(struct story_fault *record, const struct flt_fault_vma *vma) {
    record->vma_told = true;
    record->vma_found = vma->start < vma->end;
    record->vma_start = vma->start;
    record->vma_end = vma->end;
    record->vma_flags = vma->vm_flags;
    record->vma_pgoff = vma->pgoff;
    record->vma_inode = vma->file_inode;
    record->vma_grown_from = vma->stack_grown_from;
    tasks_copy_text(record->vma_name, sizeof record->vma_name, vma->name, sizeof vma->name);
}

static void on_alloc(struct story_fault *record, const struct flt_mm_page_alloc *alloc) {
    if (record->frame_count == STORY_MAX_FRAMES) {
        record->frames_dropped++;
        return;
    }
    record->frames[record->frame_count++] = (struct story_frame_taken){
        .pfn = alloc->pfn,
        .order = alloc->order,
        .gfp = alloc->gfp_flags,
        .node = alloc->node,
        .zone = alloc->zone,
        .preferred_zone = alloc->preferred_zone,
        .from_pageset = alloc->from_pageset != 0,
        .failed = alloc->pfn == UINT32_MAX,
        .zone_free = alloc->zone_free,
        .min = alloc->pages_min,
        .low = alloc->pages_low,
        .high = alloc->pages_high,
    };
}

static void on_cow(struct story_fault *record, const struct flt_fault_cow *cow) {
    record->has_cow = true;
    record->cow_old_pfn = cow->old_pfn;
    record->cow_old_mapcount = cow->old_mapcount;
    record->cow_new_pfn = cow->new_pfn;
}

static void on_pte(struct story_fault *record, const struct flt_fault_pte *pte) {
    record->has_pte = true;
    record->pte_address = pte->address;
    record->pte_phys = pte->pte_phys;
    record->pte_before = pte->before;
    record->pte_after = pte->after;
}

/* The page of the file that the fault is about, as far as the mapping is a straight one. */
static bool is_asked_for(const struct story_fault *record) {
    uint64_t index = record->vma_pgoff + ((record->linear - record->vma_start) >> MMU_PAGE_SHIFT);
    return record->has_file_page && record->vma_found && record->file_inode == record->vma_inode &&
           record->file_index == index;
}

/* Others may come on the way: neighbours, and blocks of the file system that say where the file lies. */
static void on_filemap(struct story_fault *record, const struct flt_mm_filemap *filemap) {
    if (is_asked_for(record))
        return;
    record->has_file_page = true;
    record->file_pfn = filemap->pfn;
    record->file_inode = filemap->inode;
    record->file_index = filemap->index;
}

/* The frame came to be what it is during this fault. */
static bool is_ours(const struct story_fault *record, uint64_t pfn) {
    for (unsigned i = 0; i < record->frame_count; i++)
        if (record->frames[i].pfn == pfn)
            return true;
    return record->has_file_page && record->file_pfn == pfn;
}

static void on_lru(struct story_fault *record, const struct flt_mm_lru_add *lru) {
    if (!is_ours(record, lru->pfn)) {
        record->lru_others++;
        return;
    }
    record->lru = lru->active != 0;
    record->lru_pfn = lru->pfn;
}

/* Events between fault_begin and fault_end that describe the task's innermost fault. */
static void describe(struct story_fault *record, const union event *event) {
    switch (event->head.type) {
    case FLT_FAULT_VMA: on_vma(record, &event->vma); break;
    case FLT_FAULT_BRANCH: record->branch = event->branch.branch; break;
    case FLT_FAULT_COW: on_cow(record, &event->cow); break;
    case FLT_FAULT_PTE: on_pte(record, &event->pte); break;
    case FLT_MM_PAGE_ALLOC: on_alloc(record, &event->alloc); break;
    case FLT_MM_LRU_ADD: on_lru(record, &event->lru); break;
    case FLT_MM_FILEMAP_ADD: on_filemap(record, &event->filemap); break;
    case FLT_MM_VMSCAN_DIRECT_BEGIN: record->reclaims++; break;
    case FLT_MM_VMSCAN_DIRECT_END: record->reclaimed += event->direct.reclaimed; break;
    case FLT_MM_OOM_KILL: record->oom_victim = event->oom_kill.pid; break;
    default: break;
    }
}

static bool on_end(struct story *story, uint64_t blocks, const struct flt_fault_end *end) {
    struct open_fault *open = feed_innermost(story, end->head.task);
    if (!open)
        return false;
    open->record->signal = end->signal;
    open->record->si_code = end->si_code;
    feed_close(story, open, blocks, end->outcome);
    return true;
}

static void on_switch(struct story *story, uint64_t blocks, const struct flt_sched_switch *sched) {
    for (size_t i = 0; i < story->open_count; i++) {
        struct open_fault *open = &story->open[i];
        bool leaves = open->record->pid == sched->prev, comes = open->record->pid == sched->next;
        if (leaves == comes)
            continue;
        if (leaves && !open->away) {
            open->record->waits++;
            open->away_since = blocks;
        } else if (comes && open->away)
            open->record->wait_blocks += blocks - open->away_since;
        open->away = leaves;
    }
    story->current_pid = sched->next;
}

/* A task that dies in the middle of a fault never ends it. */
static void on_exit_of(struct story *story, uint64_t blocks, uint32_t pid) {
    for (struct open_fault *open; (open = feed_innermost(story, pid));)
        feed_close(story, open, blocks, FLT_OUTCOME_KILLED);
}

/* False: an event of the fault path that fits no open record. */
static bool apply(struct story *story, uint64_t blocks, const union event *event) {
    struct open_fault *open;
    switch (event->head.type) {
    case FLT_FAULT_BEGIN: return on_begin(story, &event->begin);
    case FLT_FAULT_END: return on_end(story, blocks, &event->end);
    case FLT_SCHED_SWITCH: on_switch(story, blocks, &event->sched); return true;
    case FLT_TASK_NEW:
        tasks_new(&story->tasks, event->task_new.pid, event->task_new.parent, event->task_new.comm);
        return true;
    case FLT_TASK_RENAME: tasks_rename(&story->tasks, event->rename.pid, event->rename.comm); return true;
    case FLT_TASK_EXIT: on_exit_of(story, blocks, event->exit.pid); return true;
    case FLT_BOOT_PHASE:
        if (event->phase.phase == FLT_PHASE_PROGRAM_START) {
            story->program_started = true;
            tasks_mark_program(&story->tasks, event->head.task);
        }
        return true;
    default:
        open = feed_innermost(story, event->head.task);
        if (open)
            describe(open->record, event);
        return open || event->head.type > FLT_FAULT_END;
    }
}

/* The record that an event belongs to: the innermost of its task, and for its beginning the one that it is about to
 * name. The end of a transfer comes by an interrupt, whatever runs. */
static uint64_t fault_of(struct story *story, const union event *event) {
    struct open_fault *open;
    if (event->head.type == FLT_BLOCK_RQ_COMPLETE || story->open_count == 0)
        return 0;
    if (event->head.type == FLT_FAULT_BEGIN) {
        open = feed_pending(story);
        return open && open->record->linear == event->begin.address ? open->record->number : 0;
    }
    open = feed_innermost(story, event->head.task);
    return open ? open->record->number : 0;
}

static unsigned node_of(const struct story *story, const union event *event) {
    return event->head.type == FLT_MM_PAGE_FREE ? biography_node(&story->log, event->free.pfn) : 0;
}

/* False: its length is not that of its type, or not the one that it says. */
static bool take(const struct story_log *log, union event *event, const void *record, size_t bytes) {
    if (bytes < sizeof event->head || bytes > sizeof *event)
        return false;
    memcpy(event, record, bytes);
    size_t expected = event->head.type < FLT_TYPES ? log->shapes[event->head.type].bytes : 0;
    return event->head.bytes == bytes && (!expected || expected == bytes);
}

bool story_guest_event(struct story *story, uint64_t blocks, const void *record, size_t bytes) {
    union event event; /* no more of it than its length is ever read */
    if (!take(&story->log, &event, record, bytes)) {
        story->counters.events_malformed++;
        return false;
    }
    story->counters.events++;
    story->any_event = true;
    story->current_pid = event.head.task;
    biography_event(story, blocks, &event.head, fault_of(story, &event));
    if (story->listener.event)
        story->listener.event(story->listener.owner, blocks, &event.head);
    reclaim_event(&story->reclaim, blocks, &event.head);
    touched_event(&story->touched, &event.head);
    time_event(&story->time, blocks, &event.head, node_of(story, &event));
    if (!apply(story, blocks, &event))
        story->counters.events_unmatched++;
    return true;
}
