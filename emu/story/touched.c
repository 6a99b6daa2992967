/*
 * Pages that were ever touched, by address space: biography.h says what counts.
 *
 * A task's address space is known by its page directory, which fault_begin tells. A new task shares that of its parent
 * (CLONE_VM) or starts with a copy; when a task faults on another directory than its space has, it runs a new program,
 * and a space without any page begins. The table of tasks is direct-mapped by pid as tasks.c's is, and all spaces
 * together hold at most CHUNKS_MAX chunks; at that bound the spaces of tasks that are gone are forgotten, then pages
 * are not remembered any more.
 */
#include "emu/story/internal.h"

#include <stdlib.h>
#include <string.h>

#define CHUNKS_MAX 65536u
#define CLONE_VM 0x100u
#define REGION_SHIFT 22u

static void leave(struct story_touched *touched, struct touched_task *task) {
    struct touched_space *space = task->space;
    task->space = NULL;
    if (!space || --space->users)
        return;
    touched->chunks -= space->count;
    free(space->chunks);
    free(space);
}

void touched_free(struct story_touched *touched) {
    for (unsigned i = 0; i < STORY_TASKS; i++)
        leave(touched, &touched->tasks[i]);
}

/* Room for `wanted` more chunks, if need be at the cost of the dead. */
static bool make_room(struct story_touched *touched, size_t wanted) {
    for (unsigned i = 0; touched->chunks + wanted > CHUNKS_MAX && touched->any_gone && i < STORY_TASKS; i++)
        if (touched->tasks[i].gone)
            leave(touched, &touched->tasks[i]);
    if (touched->chunks + wanted > CHUNKS_MAX)
        touched->any_gone = false;
    return touched->chunks + wanted <= CHUNKS_MAX;
}

static struct touched_task *task_of(struct story_touched *touched, uint32_t pid) {
    struct touched_task *task = &touched->tasks[pid % STORY_TASKS];
    if (task->pid != pid)
        leave(touched, task);
    task->pid = pid;
    task->gone = false;
    return task;
}

static struct touched_space *known_space(const struct story_touched *touched, uint32_t pid) {
    const struct touched_task *task = &touched->tasks[pid % STORY_TASKS];
    return task->pid == pid ? task->space : NULL;
}

/* The same for a task that still acts: the space of one that is gone may be forgotten at any time. */
static struct touched_space *living_space(const struct story_touched *touched, uint32_t pid) {
    return touched->tasks[pid % STORY_TASKS].gone ? NULL : known_space(touched, pid);
}

/* The place of a region's chunk, or where it would be. */
static size_t place_of(const struct touched_space *space, uint32_t region) {
    size_t low = 0, high = space->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (space->chunks[middle].region < region)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct touched_chunk *find_chunk(const struct touched_space *space, uint32_t region) {
    size_t place = place_of(space, region);
    return place < space->count && space->chunks[place].region == region ? &space->chunks[place] : NULL;
}

static struct touched_chunk *need_chunk(struct story_touched *touched, struct touched_space *space, uint32_t region) {
    struct touched_chunk *chunk = find_chunk(space, region);
    if (chunk || !make_room(touched, 1))
        return chunk;
    if (space->count == space->capacity) {
        size_t wanted = space->capacity ? 2 * space->capacity : 8;
        struct touched_chunk *bigger = reallocarray(space->chunks, wanted, sizeof(*bigger));
        if (!bigger)
            return NULL;
        space->chunks = bigger;
        space->capacity = wanted;
    }
    size_t place = place_of(space, region);
    memmove(space->chunks + place + 1, space->chunks + place, (space->count - place) * sizeof(*chunk));
    space->chunks[place] = (struct touched_chunk){.region = region};
    space->count++;
    touched->chunks++;
    return &space->chunks[place];
}

static void on_begin(struct story_touched *touched, const struct flt_fault_begin *begin) {
    struct touched_task *task = task_of(touched, begin->head.task);
    if (task->space && task->space->pgd_phys == 0)
        task->space->pgd_phys = begin->pgd_phys;
    if (task->space && task->space->pgd_phys == begin->pgd_phys)
        return;
    leave(touched, task);
    task->space = calloc(1, sizeof(*task->space));
    if (task->space)
        *task->space = (struct touched_space){.users = 1, .pgd_phys = begin->pgd_phys};
}

static void on_pte(struct story_touched *touched, const struct flt_fault_pte *pte) {
    struct touched_space *space = living_space(touched, pte->head.task);
    struct touched_chunk *chunk = space ? need_chunk(touched, space, pte->address >> REGION_SHIFT) : NULL;
    uint32_t page = pte->address >> MMU_PAGE_SHIFT & 1023;
    if (chunk)
        chunk->bits[page / 32] |= 1u << page % 32;
}

/* A copy with a directory of its own, not known yet; NULL: no memory. */
static struct touched_space *copy_of(struct story_touched *touched, const struct touched_space *space) {
    struct touched_space *copy = make_room(touched, space->count) ? calloc(1, sizeof(*copy)) : NULL;
    if (!copy)
        return NULL;
    copy->users = 1;
    copy->chunks = space->count ? malloc(space->count * sizeof(*copy->chunks)) : NULL;
    if (!copy->chunks)
        return copy;
    memcpy(copy->chunks, space->chunks, space->count * sizeof(*copy->chunks));
    copy->count = copy->capacity = space->count;
    touched->chunks += copy->count;
    return copy;
}

static void on_new(struct story_touched *touched, const struct flt_task_new *new) {
    struct touched_task *task = task_of(touched, new->pid);
    struct touched_space *parent = living_space(touched, new->parent);
    if (new->pid == new->parent)
        return;
    leave(touched, task);
    if (!parent || new->parent == 0)
        return;
    task->space = new->clone_flags &CLONE_VM ? parent : copy_of(touched, parent);
    if (task->space == parent)
        parent->users++;
}

/* What it touched is remembered as long as there is room. */
static void on_exit_of(struct story_touched *touched, uint32_t pid) {
    struct touched_task *task = &touched->tasks[pid % STORY_TASKS];
    if (task->pid == pid)
        task->gone = touched->any_gone = true;
}

void touched_event(struct story_touched *touched, const struct flt_record *record) {
    const void *bytes = record;
    switch (record->type) {
    case FLT_FAULT_BEGIN: on_begin(touched, bytes); break;
    case FLT_FAULT_PTE: on_pte(touched, bytes); break;
    case FLT_TASK_NEW: on_new(touched, bytes); break;
    case FLT_TASK_EXIT: on_exit_of(touched, ((const struct flt_task_exit *)bytes)->pid); break;
    default: break;
    }
}

bool story_touched(const struct story *story, uint32_t pid, uint64_t linear) {
    const struct touched_space *space = known_space(&story->touched, pid);
    const struct touched_chunk *chunk =
        space && linear <= UINT32_MAX ? find_chunk(space, (uint32_t)(linear >> REGION_SHIFT)) : NULL;
    uint32_t page = linear >> MMU_PAGE_SHIFT & 1023;
    return chunk && (chunk->bits[page / 32] >> page % 32 & 1);
}

void story_touched_pages(const struct story *story, uint32_t pid, uint64_t linear, uint8_t *to, size_t count) {
    const struct touched_space *space = known_space(&story->touched, pid);
    uint64_t first = linear >> MMU_PAGE_SHIFT;
    for (size_t i = space && linear <= UINT32_MAX ? place_of(space, (uint32_t)(first >> 10)) : SIZE_MAX;
         space && i < space->count; i++) {
        const struct touched_chunk *chunk = &space->chunks[i];
        uint64_t base = (uint64_t)chunk->region << 10;
        for (uint64_t page = base < first ? first : base; page < base + 1024 && page - first < count; page++)
            if (chunk->bits[(page - base) / 32] >> (page - base) % 32 & 1)
                to[page - first] = 1;
    }
}
