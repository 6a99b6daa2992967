/*
 * The log: every event of interest by number, and each frame's own thread through it. What the biography of a frame,
 * the timeline's waits and "which pages were never touched" are made of.
 *
 * The model. Entries are numbered from 1 in the order in which they happened and kept in a ring; entry n of a frame
 * knows the frame's entry before it, so a life is read backwards from the newest at the cost of its own length. When
 * the ring is full the oldest entries go; a life then begins in the middle and says so (story_life's total).
 */
#ifndef FAULTLINE_STORY_BIOGRAPHY_H
#define FAULTLINE_STORY_BIOGRAPHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct story;

struct story_log_entry {
    uint64_t number, blocks;
    uint64_t fault; /* record that it happened in, 0 none */
    uint32_t pid;
    uint16_t type;     /* enum flt_type */
    uint32_t pfn;      /* the frame that it is about; 0xffffffff none */
    uint32_t value[5]; /* the record's other members in order, as many as fit */
};

/* False: gone from the ring, or none yet. */
bool story_log_entry(const struct story *story, uint64_t number, struct story_log_entry *to);
uint64_t story_log_count(const struct story *story); /* entries ever */
/* The newest `most` entries about a frame, oldest first. *total: how many the ring still holds. Returns how many. */
size_t story_life(const struct story *story, uint64_t pfn, struct story_log_entry *to, size_t most, uint64_t *total);
/* One line of a life in words: "allocated by hello (pid 7), order 0, from Normal". snprintf rules. */
size_t story_log_text(const struct story *story, const struct story_log_entry *entry, char *text, size_t size);
/* Number of the log's newest entry about that frame; 0 none. For ages: blocks of that entry. */
uint64_t story_log_newest(const struct story *story, uint64_t pfn);

/* Pages of a process that were ever touched: a fault was answered for it there, or the parent had it at fork. */
bool story_touched(const struct story *story, uint32_t pid, uint64_t linear);

/* Waits and transfers, for the timeline: [from, to) in blocks; to 0: it goes on. */
enum story_span_kind { SPAN_KSWAPD, SPAN_DIRECT, SPAN_READ, SPAN_WRITE, SPAN_WAIT, SPAN_THROTTLE, SPAN_KINDS };
struct story_span {
    uint64_t from, to;
    uint32_t pid;
    uint8_t kind;      /* enum story_span_kind */
    uint32_t value[2]; /* READ, WRITE: sector, bytes; WAIT: frame, reason */
};
#define STORY_SPANS 2048u
/* The newest `most`, oldest first. */
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
