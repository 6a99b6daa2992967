/*
 * Hardware faults in. A record opens when the CPU reports a fault, is claimed by a task when the guest's fault_begin
 * names the same address, and closes once: by fault_end, by the task's exit, or as unknown.
 *
 *     story_page_fault         fault_begin              fault_end
 *   ------> pending (untraced) ----------> open, of pid ---------> closed
 *              | next fault, return, finish   | exit, overflow, finish  ^
 *              +------------------------------+-------------------------+
 *
 * Of a foreign kernel that has never sent an event no more can come: its record opens and closes at once.
 */
#include "emu/story/internal.h"

#include <string.h>

struct open_fault *feed_pending(struct story *story) {
    struct open_fault *newest = story->open_count ? &story->open[story->open_count - 1] : NULL;
    return newest && !newest->record->traced ? newest : NULL;
}

struct open_fault *feed_innermost(struct story *story, uint32_t pid) {
    for (size_t i = story->open_count; i-- > 0;)
        if (story->open[i].record->traced && story->open[i].record->pid == pid)
            return &story->open[i];
    return NULL;
}

void feed_close(struct story *story, struct open_fault *open, uint64_t blocks, uint32_t outcome) {
    struct story_fault *record = open->record;
    size_t index = (size_t)(open - story->open);
    if (open->away)
        record->wait_blocks += blocks - open->away_since;
    record->end_blocks = blocks ? blocks : 1; /* 0 means open */
    record->outcome = outcome;
    memmove(open, open + 1, (story->open_count - index - 1) * sizeof *open);
    story->open_count--;
    record->shown = record->user_program || (story->config.foreign && !story->program_started);
    story->last_closed = record->number;
    story->counters.faults_unknown += outcome == STORY_OUTCOME_UNKNOWN;
    store_mark(story, record);
    if (story->listener.fault_closed)
        story->listener.fault_closed(story->listener.owner, record);
}

void feed_claim(struct story *story, struct story_fault *record, uint32_t pid) {
    const struct story_task *task = tasks_find(&story->tasks, pid);
    bool program = story->program_started && task && task->program;
    record->pid = pid;
    if (task)
        memcpy(record->comm, task->comm, sizeof record->comm);
    story->opened_by_programs += (uint64_t)program - (uint64_t)record->user_program;
    record->user_program = program;
}

/* Makes the invariants hold for one more open record. */
static void make_room(struct story *story, uint64_t blocks) {
    struct open_fault *pending = feed_pending(story);
    if (pending)
        feed_close(story, pending, blocks, STORY_OUTCOME_UNKNOWN);
    uint64_t keep = (uint64_t)story->chunk_count * STORY_CHUNK;
    while (story->open_count == STORY_OPEN_MAX ||
           (story->open_count && story->opened + 1 - story->open[0].record->number >= keep))
        feed_close(story, &story->open[0], blocks, STORY_OUTCOME_UNKNOWN);
}

static void copy_hardware(struct story_fault *record, const struct cpu_page_fault *fault) {
    uint8_t bytes = fault->instruction_bytes;
    record->begin_blocks = fault->blocks;
    uint8_t steps = fault->walk.count < MMU_MAX_LEVELS ? fault->walk.count : MMU_MAX_LEVELS;
    memcpy(&record->walk, &fault->walk, offsetof(struct mmu_walk, steps) + steps * sizeof fault->walk.steps[0]);
    record->walk.count = steps;
    record->error_code = fault->walk.result.error_code;
    record->rip = fault->rip;
    record->linear = fault->walk.access.linear.value;
    record->cpl = fault->cpl;
    record->instruction_bytes = bytes < sizeof record->instruction ? bytes : sizeof record->instruction;
    memcpy(record->instruction, fault->instruction, record->instruction_bytes);
    record->outcome = STORY_OUTCOME_UNKNOWN;
    record->lru = -1;
}

void story_see_entry(struct story *story, const struct mmu_context *mmu) {
    struct story_fault *record = store_last_closed(story);
    struct mmu_walk now;
    if (!record || record->traced || !story->config.foreign || story->any_event || mmu->root != record->pgd_phys)
        return;
    mmu_peek(mmu, record->walk.access, &now);
    if (now.count == 0 || now.count > MMU_MAX_LEVELS)
        return;
    const struct mmu_step *entry = &now.steps[now.count - 1];
    bool same = record->walk.count == now.count; /* else a table is there now that was not */
    record->pte_before = same ? record->walk.steps[now.count - 1].before : 0;
    record->pte_after = entry->before;
    record->pte_phys = entry->at.value;
    record->pte_address = record->linear & ~(uint64_t)(MMU_PAGE_SIZE - 1);
    record->has_pte = entry->leaf && record->pte_before != record->pte_after;
}

void story_page_fault(struct story *story, const struct cpu_page_fault *fault, const struct mmu_context *mmu) {
    if (mmu)
        story_see_entry(story, mmu);
    make_room(story, fault->blocks);
    struct story_fault *record = store_new(story);
    if (!record)
        return; /* no memory on the host: the run goes on without this record */
    copy_hardware(record, fault);
    record->pgd_phys = mmu ? mmu->root : 0;
    feed_claim(story, record, story->current_pid);
    decorate(story, record, fault);
    story->open[story->open_count++] = (struct open_fault){.record = record};
    if (story->listener.fault_opened)
        story->listener.fault_opened(story->listener.owner, record);
    if (story->config.foreign && !story->any_event)
        feed_close(story, &story->open[story->open_count - 1], fault->blocks, STORY_OUTCOME_UNKNOWN);
}

void story_fault_return(struct story *story, uint64_t blocks, uint64_t rip, uint8_t cpl) {
    struct open_fault *pending = feed_pending(story);
    if (pending && pending->record->rip == rip && pending->record->cpl == cpl)
        feed_close(story, pending, blocks, STORY_OUTCOME_UNKNOWN);
}

void story_finish(struct story *story, uint64_t blocks) {
    while (story->open_count)
        feed_close(story, &story->open[0], blocks, STORY_OUTCOME_UNKNOWN);
}
