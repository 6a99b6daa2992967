/*
 * The log and the lives of frames: see biography.h.
 *
 *   entries   ring of log entries, entry n at (n - 1) mod its size
 *   links     ring of (entry, distance back): each frame that an entry concerns gets one; a frame's links are its
 * thread threads   by frame number: the newest link
 *
 * A distance that leads out of the ring of links, or a link to an entry that is gone, ends a life. All three grow in
 * chunks as they are used: a hostile guest that names any frame numbers gets at most the threads of 4 GiB. This is on
 * the path of every event, so it copies words and looks nothing up by name.
 */
#include "emu/story/event_types.h"
#include "emu/story/internal.h"

#include <stdlib.h>
#include <string.h>

#define NO_FRAME UINT32_MAX
#define KEEP ((uint64_t)LOG_CHUNK * LOG_CHUNKS)
#define LINKS ((uint64_t)LINK_CHUNK * LINK_CHUNKS)
#define ORDER_MAX 10u /* of a block: 1024 frames */

/* ---- the rings ---- */

static struct log_shape shape_of(uint16_t type) {
    const struct event_type *known = story_event_type(type);
    struct log_shape shape = {.pfn = -1, .bytes = known ? known->bytes : 0};
    for (unsigned i = 0; known && known->members[i].key && known->members[i].form <= EVENT_HEX; i++) {
        if (known->members[i].offset != sizeof(struct flt_record) + 4 * i)
            break;
        if (strcmp(known->members[i].key, "pfn") == 0 && type != FLT_PKMAP_FLUSH) /* there it is a number of entries */
            shape.pfn = (int8_t)i;
        shape.numbers++;
    }
    return shape;
}

void biography_init(struct story_log *log) {
    for (uint16_t type = 0; type < FLT_TYPES; type++)
        log->shapes[type] = shape_of(type);
}

void biography_free(struct story_log *log) {
    for (unsigned i = 0; i < LOG_CHUNKS; i++)
        free(log->entries[i]);
    for (unsigned i = 0; i < LINK_CHUNKS; i++)
        free(log->link_chunks[i]);
    for (unsigned i = 0; i < THREAD_CHUNKS; i++)
        free(log->threads[i]);
    free(log->slots);
}

static struct log_entry *place_of_entry(const struct story_log *log, uint64_t number) {
    uint64_t place = (number - 1) % KEEP;
    struct log_entry *chunk = log->entries[place / LOG_CHUNK];
    return chunk ? chunk + place % LOG_CHUNK : NULL;
}

static struct log_link *place_of_link(const struct story_log *log, uint64_t number) {
    uint64_t place = (number - 1) % LINKS;
    struct log_link *chunk = log->link_chunks[place / LINK_CHUNK];
    return chunk ? chunk + place % LINK_CHUNK : NULL;
}

/* The place of the next entry; NULL: no memory. */
static struct log_entry *new_entry(struct story_log *log) {
    struct log_entry **chunk = &log->entries[log->count % KEEP / LOG_CHUNK];
    if (!*chunk)
        *chunk = store_chunk(LOG_CHUNK * sizeof(**chunk));
    return *chunk ? *chunk + log->count % LOG_CHUNK : NULL;
}

static struct log_link *new_link(struct story_log *log) {
    struct log_link **chunk = &log->link_chunks[log->links % LINKS / LINK_CHUNK];
    if (!*chunk)
        *chunk = store_chunk(LINK_CHUNK * sizeof(**chunk));
    return *chunk ? *chunk + log->links % LINK_CHUNK : NULL;
}

static struct frame_thread *thread_of(const struct story_log *log, uint64_t pfn) {
    struct frame_thread *chunk = pfn < THREAD_CHUNK * THREAD_CHUNKS ? log->threads[pfn / THREAD_CHUNK] : NULL;
    return chunk ? chunk + pfn % THREAD_CHUNK : NULL;
}

/* The same for a frame that is told of now; NULL: not a frame, or no memory. */
static struct frame_thread *need_thread(struct story_log *log, uint32_t pfn) {
    if (pfn >= THREAD_CHUNK * THREAD_CHUNKS)
        return NULL;
    struct frame_thread **chunk = &log->threads[pfn / THREAD_CHUNK];
    if (!*chunk)
        *chunk = calloc(THREAD_CHUNK, sizeof(**chunk));
    return *chunk ? *chunk + pfn % THREAD_CHUNK : NULL;
}

/* The entry that was written last concerns that frame. */
static struct frame_thread *concern(struct story_log *log, uint32_t pfn, uint64_t blocks) {
    struct frame_thread *thread = need_thread(log, pfn);
    struct log_link *link = thread ? new_link(log) : NULL;
    if (!link)
        return NULL;
    uint64_t number = ++log->links, distance = number - thread->link;
    link->entry = (uint32_t)log->count;
    link->distance = thread->link && distance < LINKS ? (uint32_t)distance : 0;
    thread->link = number;
    thread->blocks = blocks;
    thread->count += thread->count < UINT32_MAX;
    return thread;
}

/* ---- which frames an event concerns ---- */

static uint32_t key_of_slot(const struct log_entry *swap) { return (swap->value[0] << 24 | swap->value[1]) + 1; }
static uint32_t place_of_slot(uint32_t key) { return (key ^ key >> 13) % SLOT_PLACES; }

static void on_slot(struct story_log *log, const struct log_entry *swap) {
    uint32_t key = key_of_slot(swap);
    struct frame_thread *thread = concern(log, swap->pfn, swap->blocks);
    if (!log->slots)
        log->slots = calloc(SLOT_PLACES, sizeof(*log->slots));
    if (!thread || !log->slots)
        return;
    thread->slot = key;
    log->slots[place_of_slot(key)] = (struct slot_place){key, swap->pfn};
}

/* The slot's page is still in a frame: that one lost its copy on the device. */
static void on_slot_free(struct story_log *log, struct log_entry *swap) {
    uint32_t key = key_of_slot(swap);
    const struct slot_place *place = log->slots ? &log->slots[place_of_slot(key)] : NULL;
    struct frame_thread *thread = place && place->key == key ? thread_of(log, place->pfn) : NULL;
    if (!thread || thread->slot != key)
        return;
    swap->pfn = place->pfn;
    concern(log, swap->pfn, swap->blocks);
    thread->slot = 0;
}

static void on_block(struct story_log *log, const struct log_entry *entry, bool allocated) {
    uint32_t order = entry->value[0] <= ORDER_MAX ? entry->value[0] : 0;
    for (uint32_t i = 0; entry->pfn != NO_FRAME && i < 1u << order; i++) {
        struct frame_thread *thread = concern(log, entry->pfn + i, entry->blocks);
        if (!thread)
            return;
        thread->slot = 0;
        if (allocated)
            thread->node = (uint8_t)entry->value[2];
    }
}

static void on_two(struct story_log *log, struct log_entry *entry, uint32_t before, uint32_t after) {
    entry->pfn = after != NO_FRAME ? after : before;
    if (before != NO_FRAME)
        concern(log, before, entry->blocks);
    if (after != NO_FRAME && after != before)
        concern(log, after, entry->blocks);
}

static uint32_t frame_in(uint32_t entry) { return entry & MMU_PTE_P ? entry >> MMU_PAGE_SHIFT : NO_FRAME; }

static void thread_entry(struct story_log *log, struct log_entry *entry) {
    switch (entry->type) {
    case FLT_MM_PAGE_ALLOC: on_block(log, entry, true); break;
    case FLT_MM_PAGE_FREE: on_block(log, entry, false); break;
    case FLT_FAULT_COW: on_two(log, entry, entry->value[0], entry->value[2]); break;
    case FLT_FAULT_PTE: on_two(log, entry, frame_in(entry->value[2]), frame_in(entry->value[3])); break;
    case FLT_MM_SWAP_OUT:
    case FLT_MM_SWAP_IN: on_slot(log, entry); break;
    case FLT_MM_SWAP_FREE: on_slot_free(log, entry); break;
    case FLT_MM_BUDDY_SPLIT:
    case FLT_MM_BUDDY_MERGE: break;
    default:
        if (entry->pfn != NO_FRAME)
            concern(log, entry->pfn, entry->blocks);
    }
}

void biography_event(struct story *story, uint64_t blocks, const struct flt_record *record, uint64_t fault) {
    struct story_log *log = &story->log;
    const char *words = (const char *)record + sizeof(*record);
    struct log_shape shape = record->type < FLT_TYPES ? log->shapes[record->type] : (struct log_shape){0};
    struct log_entry *entry = shape.numbers ? new_entry(log) : NULL;
    if (!entry)
        return;
    *entry = (struct log_entry){.blocks = blocks, .fault = (uint32_t)fault, .pid = record->task, .pfn = NO_FRAME};
    entry->type = record->type;
    for (unsigned i = 0, to = 0; i < shape.numbers && to < STORY_LOG_VALUES; i++) {
        uint32_t *place = (int)i == shape.pfn ? &entry->pfn : &entry->value[to++];
        memcpy(place, words + 4 * i, sizeof(*place));
    }
    log->count++;
    thread_entry(log, entry);
}

/* ---- questions ---- */

uint64_t story_log_count(const struct story *story) { return story->log.count; }

bool story_log_entry(const struct story *story, uint64_t number, struct story_log_entry *to) {
    const struct story_log *log = &story->log;
    if (number == 0 || number > log->count || log->count - number >= KEEP)
        return false;
    const struct log_entry *entry = place_of_entry(log, number);
    *to = (struct story_log_entry){.number = number,
                                   .blocks = entry->blocks,
                                   .fault = entry->fault,
                                   .pid = entry->pid,
                                   .type = entry->type,
                                   .pfn = entry->pfn};
    memcpy(to->value, entry->value, sizeof(to->value));
    return true;
}

/* The whole number of an entry of which a link has the low half: the newest that ends so. */
static uint64_t whole_number(const struct story_log *log, uint32_t low) {
    return log->count - (uint32_t)((uint32_t)log->count - low);
}

/* The link before `number` in its thread; 0: gone, or there was none. */
static uint64_t link_before(const struct story_log *log, uint64_t number) {
    uint32_t distance = place_of_link(log, number)->distance;
    uint64_t before = distance < number ? number - distance : 0;
    return distance && log->links - before < LINKS ? before : 0;
}

static void reverse(struct story_log_entry *entries, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        struct story_log_entry kept = entries[i];
        entries[i] = entries[count - 1 - i];
        entries[count - 1 - i] = kept;
    }
}

size_t story_life(const struct story *story, uint64_t pfn, struct story_log_entry *to, size_t most, uint64_t *total) {
    const struct story_log *log = &story->log;
    const struct frame_thread *thread = thread_of(log, pfn);
    size_t count = 0;
    *total = thread ? thread->count : 0;
    uint64_t link = thread && thread->link && log->links - thread->link < LINKS ? thread->link : 0;
    for (; link && count < most; link = link_before(log, link)) {
        if (!story_log_entry(story, whole_number(log, place_of_link(log, link)->entry), &to[count]))
            break;
        to[count++].pfn = (uint32_t)pfn;
    }
    reverse(to, count);
    return count;
}

uint64_t story_log_newest(const struct story *story, uint64_t pfn) {
    struct story_log_entry newest;
    uint64_t total;
    return story_life(story, pfn, &newest, 1, &total) ? newest.number : 0;
}

/* Eight times the logarithm to base 2, its fraction by the three bits below the highest. */
static unsigned eighths(uint64_t value) {
    unsigned high = value ? 63u - (unsigned)__builtin_clzll(value) : 0;
    unsigned below = (unsigned)(high >= 3 ? value >> (high - 3) : value << (3 - high)) & 7;
    return 8 * high + below;
}

void story_ages(const struct story *story, uint64_t now, uint8_t *ages, size_t count) {
    unsigned whole = eighths(now);
    memset(ages, 255, count);
    for (size_t pfn = 0; pfn < count; pfn++) {
        const struct frame_thread *thread = thread_of(&story->log, pfn);
        if (!thread) {
            pfn |= THREAD_CHUNK - 1; /* none in this chunk */
            continue;
        }
        if (!thread->link)
            continue;
        unsigned age = eighths(now > thread->blocks ? now - thread->blocks : 0) + 80; /* 80: ten doublings */
        ages[pfn] = (uint8_t)(age <= whole ? 0 : age - whole >= 80 ? 254 : (age - whole) * 254 / 80);
    }
}

unsigned biography_node(const struct story_log *log, uint32_t pfn) {
    const struct frame_thread *thread = thread_of(log, pfn);
    return thread ? thread->node : 0;
}
