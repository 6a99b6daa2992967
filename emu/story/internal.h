/*
 * What the files of emu/story share.
 *
 *   feed.c   hardware faults in, opening and closing    events.c  guest events in
 *   store.c  records by number, marks                   tasks.c   names and programs by pid
 *   decorate.c, source.c  instruction, symbol, line     words.c, steps.c, text.c, json.c, event_json.c  out
 *
 * Invariants: every open record is one of the newest `keep` and closed before its place is used again; at most one open
 * record has no fault_begin yet, and it is the newest; open[] is sorted by number.
 */
#ifndef FAULTLINE_STORY_INTERNAL_H
#define FAULTLINE_STORY_INTERNAL_H

#include "emu/story/story.h"

#define STORY_CHUNK 64u     /* records that are allocated together */
#define STORY_KEEP_MIN 128u /* more than can be open */
#define STORY_KEEP_DEFAULT 16384u
#define STORY_OPEN_MAX 64u
#define STORY_TASKS 1024u
#define STORY_PLACES 1024u /* instructions whose words are remembered */

/* ---- tasks.c: a bounded table by pid; a hostile guest that makes two pids share a place loses the older one ---- */
struct story_task {
    uint32_t pid;
    bool known, program; /* program: the user's program or a descendant */
    char comm[16];
};
struct story_tasks {
    struct story_task slots[STORY_TASKS];
};
const struct story_task *tasks_find(const struct story_tasks *tasks, uint32_t pid); /* NULL: never heard of */
void tasks_new(struct story_tasks *tasks, uint32_t pid, uint32_t parent, const char comm[16]);
void tasks_rename(struct story_tasks *tasks, uint32_t pid, const char comm[16]);
void tasks_mark_program(struct story_tasks *tasks, uint32_t pid);
/* Copies a guest's text of at most size bytes; anything that is not printable ASCII becomes '?'. to has size + 1 bytes
 * or, when the text is shorter, at least its NUL. */
void tasks_copy_text(char *to, size_t to_size, const char *from, size_t from_size);

/* ---- source.c: lines of source files on the host, each file read once ---- */
struct source_file;
struct source_cache {
    struct source_file *files;
    size_t count;
};
/* The text of a line, trimmed, printable ASCII; "" when there is none. program_directory may be NULL. The folder in
 * which this program runs plays no part. */
void source_line_text(struct source_cache *cache, const char *program_directory, const struct image_line *line,
                      char *text, size_t size);
void source_cache_free(struct source_cache *cache);

/* ---- decorate.c: what is at an instruction's address ---- */
struct place_operand {
    uint16_t segment;     /* enum cpu_segment_name */
    int8_t base, index;   /* gpr number, -1 none, -2 RIP */
    uint8_t scale, bytes; /* bytes: 0 unknown */
    bool hidden;          /* implied by the opcode: stack, string */
    int64_t displacement;
};
#define PLACE_OPERANDS 3u
struct place {
    bool used;
    uint8_t domain, mode, bytes, instruction[15], operand_count, address_bits;
    uint64_t rip;
    struct place_operand operands[PLACE_OPERANDS];
    char disassembly[96], symbol[96], source_file[96], source_text[120];
    unsigned source_line;
};

struct open_fault {
    struct story_fault *record;
    bool away; /* the task is off the CPU */
    uint64_t away_since;
};

struct story {
    struct story_config config;
    struct story_listener listener;
    struct story_counters counters;
    struct story_fault **chunks;
    size_t chunk_count; /* keep / STORY_CHUNK */
    uint64_t opened, opened_by_programs, last_closed;
    struct open_fault open[STORY_OPEN_MAX];
    size_t open_count;
    struct story_mark *marks;
    size_t mark_count, mark_capacity;
    struct story_tasks tasks;
    uint32_t current_pid;
    struct story_reclaim reclaim;
    bool any_event, program_started;
    struct source_cache sources;
    struct place places[STORY_PLACES];
};

/* ---- store.c ---- */
/* Place of a new record, zeroed, its number given; NULL: no memory. Nothing open may still use the place. */
struct story_fault *store_new(struct story *story);
void store_mark(struct story *story, const struct story_fault *fault);

/* ---- feed.c ---- */
struct open_fault *feed_innermost(struct story *story,
                                  uint32_t pid);      /* newest open record of pid that has begun; NULL */
struct open_fault *feed_pending(struct story *story); /* the open record without fault_begin; NULL */
void feed_close(struct story *story, struct open_fault *open, uint64_t blocks, uint32_t outcome);
void feed_claim(struct story *story, struct story_fault *record, uint32_t pid); /* whose fault it is */

/* ---- decorate.c ---- */
void decorate(struct story *story, struct story_fault *record, const struct cpu_page_fault *fault);

#endif
