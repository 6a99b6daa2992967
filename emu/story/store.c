/*
 * Records by number: record n is in place (n - 1) mod keep, in chunks that are allocated when their first place is
 * used, so that a short run pays for what it has. Marks: one growing array, shared with those who borrow it; when it
 * holds twice keep, its older half goes.
 */
#define _GNU_SOURCE
#include "emu/story/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t keep_of(const struct story *story) { return (uint64_t)story->chunk_count * STORY_CHUNK; }

struct story *story_create(const struct story_config *config) {
    struct story *story = calloc(1, sizeof *story);
    if (!story)
        return NULL;
    story->config = *config;
    size_t keep = config->keep ? config->keep : STORY_KEEP_DEFAULT;
    if (keep < STORY_KEEP_MIN)
        keep = STORY_KEEP_MIN;
    story->chunk_count = keep / STORY_CHUNK + (keep % STORY_CHUNK != 0);
    story->chunks = calloc(story->chunk_count, sizeof *story->chunks);
    story->paths = calloc(PATH_PLACES, sizeof *story->paths);
    if (!story->chunks || !story->paths) {
        story_destroy(story);
        return NULL;
    }
    biography_init(&story->log);
    time_init(&story->time);
    return story;
}

static void give_back(struct mark_buffer *buffer) {
    if (buffer && atomic_fetch_sub(&buffer->users, 1) == 1)
        free(buffer);
}

void story_destroy(struct story *story) {
    if (!story)
        return;
    for (size_t i = 0; story->chunks && i < story->chunk_count; i++)
        free(story->chunks[i]);
    free(story->chunks);
    free(story->paths);
    give_back(story->marks);
    biography_free(&story->log);
    touched_free(&story->touched);
    source_cache_free(&story->sources);
    free(story);
}

void story_listen(struct story *story, const struct story_listener *listener) { story->listener = *listener; }

void *store_chunk(size_t size) {
    void *chunk = malloc(size);
#ifdef MADV_POPULATE_WRITE
    uintptr_t first = ((uintptr_t)chunk + MMU_PAGE_SIZE - 1) & ~(uintptr_t)(MMU_PAGE_SIZE - 1);
    uintptr_t end = ((uintptr_t)chunk + size) & ~(uintptr_t)(MMU_PAGE_SIZE - 1);
    if (chunk && end > first)
        madvise((void *)first, end - first, MADV_POPULATE_WRITE); /* a host that cannot gives them one by one */
#endif
    return chunk;
}

struct story_fault *store_new(struct story *story) {
    uint64_t place = story->opened % keep_of(story);
    struct story_fault **chunk = &story->chunks[place / STORY_CHUNK];
    if (!*chunk)
        *chunk = store_chunk(STORY_CHUNK * sizeof **chunk);
    if (!*chunk)
        return NULL;
    struct story_fault *record = *chunk + place % STORY_CHUNK;
    memset(record, 0, STORY_FAULT_CLEARED);
    record->disassembly[0] = record->symbol[0] = record->source_file[0] = record->source_text[0] = '\0';
    record->number = ++story->opened;
    return record;
}

const struct story_fault *story_fault_by_number(const struct story *story, uint64_t number) {
    uint64_t keep = keep_of(story);
    if (number == 0 || number > story->opened || story->opened - number >= keep)
        return NULL;
    uint64_t place = (number - 1) % keep;
    return story->chunks[place / STORY_CHUNK] + place % STORY_CHUNK;
}

const struct story_fault *story_last(const struct story *story) {
    return story_fault_by_number(story, story->last_closed);
}

struct story_fault *store_last_closed(struct story *story) {
    const struct story_fault *last = story_last(story);
    uint64_t place = last ? (last->number - 1) % keep_of(story) : 0;
    return last ? story->chunks[place / STORY_CHUNK] + place % STORY_CHUNK : NULL;
}

uint64_t story_fault_count(const struct story *story) { return story->opened; }
uint64_t story_user_fault_count(const struct story *story) { return story->opened_by_programs; }
const struct story_reclaim *story_reclaim(const struct story *story) { return &story->reclaim; }
void story_counters(const struct story *story, struct story_counters *to) { *to = story->counters; }

static uint8_t track_of(const struct story_fault *fault) {
    if (!fault->traced)
        return fault->walk.access.user ? TRACK_USER : TRACK_SUPERVISOR;
    switch (fault->branch) {
    case FLT_BRANCH_ANON_ZERO:
    case FLT_BRANCH_ANON: return TRACK_ANON;
    case FLT_BRANCH_FILE_MINOR:
    case FLT_BRANCH_FILE_MAJOR:
    case FLT_BRANCH_FILE_COW: return TRACK_FILE;
    case FLT_BRANCH_SWAP_IN: return TRACK_SWAP;
    case FLT_BRANCH_COW_COPY:
    case FLT_BRANCH_COW_REUSE: return TRACK_COW;
    case FLT_BRANCH_SEGV:
    case FLT_BRANCH_SIGBUS:
    case FLT_BRANCH_OOM:
    case FLT_BRANCH_FIXUP:
    case FLT_BRANCH_OOPS: return TRACK_BAD;
    default: return TRACK_KERNEL;
    }
}

/* The newest `kept` marks in a buffer of that capacity. False: no memory. */
static bool move_marks(struct story *story, size_t kept, size_t capacity) {
    struct mark_buffer *buffer = malloc(sizeof(*buffer) + capacity * sizeof(buffer->mark[0]));
    if (!buffer)
        return false;
    atomic_init(&buffer->users, 1);
    buffer->capacity = capacity;
    if (kept)
        memcpy(buffer->mark, story->marks->mark + (story->mark_count - kept), kept * sizeof(buffer->mark[0]));
    give_back(story->marks);
    story->marks = buffer;
    story->mark_count = kept;
    return true;
}

static bool room_for_mark(struct story *story) {
    size_t capacity = story->marks ? story->marks->capacity : 0, limit = 2 * (size_t)keep_of(story);
    if (story->mark_count < capacity)
        return true;
    if (capacity >= limit)
        return move_marks(story, story->mark_count - story->mark_count / 2, capacity);
    return move_marks(story, story->mark_count, capacity ? 2 * capacity : 256);
}

void store_mark(struct story *story, const struct story_fault *fault) {
    if ((!fault->user_program && story->any_event) || !room_for_mark(story))
        return;
    story->marks->mark[story->mark_count++] = (struct story_mark){fault->end_blocks, fault->number, track_of(fault)};
}

const struct story_mark *story_marks(const struct story *story, size_t *count) {
    *count = story->mark_count;
    return story->mark_count ? story->marks->mark : NULL;
}

struct story_marks story_marks_borrow(const struct story *story) {
    if (!story->mark_count)
        return (struct story_marks){0};
    atomic_fetch_add(&story->marks->users, 1);
    return (struct story_marks){story->marks->mark, story->mark_count, story->marks};
}

void story_marks_return(struct story_marks *marks) {
    give_back(marks->buffer);
    *marks = (struct story_marks){0};
}
