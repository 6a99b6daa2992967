/*
 * The log: every event of interest by number, and each frame's own thread through it. What the biography of a frame,
 * the timeline's waits and "which pages were never touched" are made of.
 *
 * The model. Entries are numbered from 1 in the order in which they happened and kept in a ring; entry n of a frame
 * knows the frame's entry before it, so a life is read backwards from the newest at the cost of its own length. When
 * the ring is full the oldest entries go; a life then begins in the middle and says so (story_life's total).
 *
 * Every guest event of a known type is an entry, a hardware fault is the fault_begin that answers it. An event may
 * concern several frames and is in the life of each: all frames of a block that is allocated or freed, the frame that a
 * page-table entry named before and the one that it names now, both frames of a copy on write; a swap slot's end
 * concerns the frame that held the slot's page last. Splits and merges concern free memory and are in no life.
 * What no event tells is in no life either: mappings that fork copies or exec makes (ask kernelview_owners()), A and D
 * bits that the processor sets, and what the kernel took before it could trace.
 *
 * The ring holds 524 288 entries (24 MiB, allocated as they come) and threads of frames below 4 GiB.
 */
#ifndef FAULTLINE_STORY_BIOGRAPHY_H
#define FAULTLINE_STORY_BIOGRAPHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct story;

#define STORY_LOG_VALUES 6u

struct story_log_entry {
    uint64_t number, blocks;
    uint64_t fault; /* record that it happened in, 0 none */
    uint32_t pid;
    uint16_t type; /* enum flt_type */
    uint32_t pfn;  /* the frame that it is about (in a life: the frame whose life it is); 0xffffffff none */
    uint32_t
        value[STORY_LOG_VALUES]; /* the record's members in order but for `pfn` and texts, as many as fit, else 0 */
};

/* False: gone from the ring, or none yet. */
bool story_log_entry(const struct story *story, uint64_t number, struct story_log_entry *to);
uint64_t story_log_count(const struct story *story); /* entries ever */
/* The newest `most` entries about a frame, oldest first, as many as the ring still holds. *total: how many there were
 * ever. Returns how many were written. */
size_t story_life(const struct story *story, uint64_t pfn, struct story_log_entry *to, size_t most, uint64_t *total);
/* One line of a life in words: "allocated by hello (pid 7), order 0, from Normal". snprintf rules. */
size_t story_log_text(const struct story *story, const struct story_log_entry *entry, char *text, size_t size);
/* Number of the log's newest entry about that frame; 0 none. */
uint64_t story_log_newest(const struct story *story, uint64_t pfn);
/* Ages of frames [0, count) at time `now`: 0 is told of in the last thousandth of the run, each doubling of the time
 * since is 25 more, 254 the longest; 255: nothing was ever told about it. */
void story_ages(const struct story *story, uint64_t now, uint8_t *ages, size_t count);

/*
 * Pages of a process that were ever touched: a fault of that address space put an entry there, or the parent's had one
 * at fork. A new program (exec) starts with none. An munmap() is not told: where a region was unmapped and another
 * mapped in its place, pages of the old one still count. Pages that the kernel fills for a program without a fault (the
 * arguments on the stack, MAP_POPULATE, mlock) are not told either: what is mapped now was touched, too.
 */
bool story_touched(const struct story *story, uint32_t pid, uint64_t linear);
/* The same for `count` pages from `linear` on: sets to[i] to 1 where page i was touched and leaves the others. */
void story_touched_pages(const struct story *story, uint32_t pid, uint64_t linear, uint8_t *to, size_t count);

/* Waits and transfers, for the timeline: [from, to) in blocks; to 0: it goes on. */
enum story_span_kind { SPAN_KSWAPD, SPAN_DIRECT, SPAN_READ, SPAN_WRITE, SPAN_WAIT, SPAN_THROTTLE, SPAN_KINDS };
struct story_span {
    uint64_t from, to;
    uint32_t pid;
    uint8_t kind;      /* enum story_span_kind */
    uint32_t value[2]; /* READ, WRITE: sector, bytes; WAIT: frame, reason */
};
#define STORY_SPANS 2048u
/* The newest `most`: those that are over by their end, then those that go on. */
size_t story_spans(const struct story *story, struct story_span *to, size_t most);

/* Free pages of the zones over time, thinned out as the run grows so that the whole run stays in the table. */
#define STORY_SAMPLES 512u
#define STORY_SAMPLE_ZONES 12u
struct story_sample {
    uint64_t blocks;
    uint32_t free[STORY_SAMPLE_ZONES]; /* by node * 3 + zone index; 0xffffffff: never told */
};
size_t story_samples(const struct story *story, struct story_sample *to, size_t most);

#endif
