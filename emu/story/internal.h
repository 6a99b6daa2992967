/*
 * What the files of emu/story share.
 *
 *   feed.c   hardware faults in, opening and closing    events.c  guest events in
 *   store.c  records by number, marks                   tasks.c   names and programs by pid
 *   decorate.c, source.c  instruction, symbol, line     words.c, steps.c, text.c, json.c, event_json.c  out
 *   biography.c  the log and each frame's thread        log_text.c  its entries in words
 *   touched.c    pages ever touched                     spans.c     waits, transfers, free pages over time
 *
 * Invariants: every open record is one of the newest `keep` and closed before its place is used again; at most one open
 * record has no fault_begin yet, and it is the newest; open[] is sorted by number.
 */
#ifndef FAULTLINE_STORY_INTERNAL_H
#define FAULTLINE_STORY_INTERNAL_H

#include "emu/story/story.h"

#include <stdatomic.h>

#define STORY_CHUNK 64u     /* records that are allocated together */
#define STORY_KEEP_MIN 128u /* more than can be open */
#define STORY_KEEP_DEFAULT 16384u
#define STORY_OPEN_MAX 64u
#define STORY_TASKS 1024u
#define FLT_TYPES 128u     /* above every type of the trace-port ABI */
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

/* ---- biography.c: see biography.h for what it keeps ---- */

#define LOG_CHUNK 4096u
#define LOG_CHUNKS 128u /* 524288 entries, 24 MiB when all are in use */
#define LINK_CHUNK 8192u
#define LINK_CHUNKS 128u
#define THREAD_CHUNK 1024u
#define THREAD_CHUNKS 1024u /* all frames of a 32-bit physical address space */
#define SLOT_PLACES 65536u

struct log_entry {
    uint64_t blocks;
    uint32_t fault, pid, pfn; /* fault: the low half of the record's number */
    uint32_t value[STORY_LOG_VALUES];
    uint16_t type;
};
/* One entry in the thread of one frame: an event may concern several. */
struct log_link {
    uint32_t entry;    /* the low half of its number */
    uint32_t distance; /* back to the frame's link before, in links; 0: that is gone, or there was none */
};
struct frame_thread {
    uint64_t link, blocks; /* the newest link's number from 1, 0 none; when */
    uint32_t count;        /* entries ever */
    uint32_t slot;         /* key of the swap slot that it was given or read from, 0 none */
    uint8_t node;          /* that it was taken from */
};
/* How the members of a type become an entry's values; made from the table of event types. */
struct log_shape {
    uint8_t numbers; /* 32-bit members that lead the record */
    int8_t pfn;      /* which of them is the frame, -1 none */
    uint16_t bytes;  /* of a record of the type, 0: any length will do */
};
struct slot_place {
    uint32_t key, pfn;
};
struct story_log {
    uint64_t count, links; /* ever */
    struct log_entry *entries[LOG_CHUNKS];
    struct log_link *link_chunks[LINK_CHUNKS];
    struct frame_thread *threads[THREAD_CHUNKS];
    struct slot_place *slots; /* SLOT_PLACES of them, by key; the frame that a slot belongs to */
    struct log_shape shapes[FLT_TYPES];
};
void biography_init(struct story_log *log);
void biography_free(struct story_log *log);
/* A well-formed record, before anything else is done about it. */
void biography_event(struct story *story, uint64_t blocks, const struct flt_record *record, uint64_t fault);
/* The node that the frame was taken from, as far as told: a free does not say. */
unsigned biography_node(const struct story_log *log, uint32_t pfn);

/* ---- touched.c ---- */

struct touched_chunk { /* 4 MiB of linear addresses, a bit a page */
    uint32_t region, bits[32];
};
/* An address space: shared by the tasks that share it. */
struct touched_space {
    uint32_t users, pgd_phys; /* pgd_phys 0: not known yet */
    struct touched_chunk *chunks;
    size_t count, capacity; /* sorted by region */
};
struct touched_task {
    uint32_t pid;
    bool gone;
    struct touched_space *space; /* NULL: nothing is known of it */
};
struct story_touched {
    struct touched_task tasks[STORY_TASKS];
    bool any_gone; /* tasks are gone whose spaces may still be forgotten */
    size_t chunks; /* of all spaces together */
};
void touched_free(struct story_touched *touched);
void touched_event(struct story_touched *touched, const struct flt_record *record);

/* ---- spans.c ---- */

#define SPANS_OPEN 64u
struct open_span {
    struct story_span span;
    uint32_t key; /* READ, WRITE: device; WAIT: frame */
};
struct story_time {
    struct story_span done[STORY_SPANS];
    uint64_t done_count; /* ever */
    struct open_span open[SPANS_OPEN];
    size_t open_count;
    struct story_sample now; /* what each zone told last */
    struct story_sample samples[STORY_SAMPLES];
    size_t sample_count;
    uint64_t sample_every, sample_next; /* blocks */
};
void time_init(struct story_time *time);
void time_event(struct story_time *time, uint64_t blocks, const struct flt_record *record, unsigned node);

/* ---- path.c ---- */

#define PATH_PLACES 1024u /* a kernel's fault path returns to far fewer addresses */
#define PATH_PROBES 16u
#define PATH_INLINES 6u
struct path_place { /* what is at a return address of the kernel */
    bool known;
    uint32_t address;
    unsigned count; /* calls: a function and those that the compiler put into it, innermost first */
    struct story_call calls[PATH_INLINES];
};

/* Marks are added at the end only, so that borrowers see theirs never change; a full buffer gives way to another. */
struct mark_buffer {
    atomic_uint users; /* the story and the borrowers */
    size_t capacity;
    struct story_mark mark[];
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
    struct mark_buffer *marks; /* NULL: none yet */
    size_t mark_count;
    struct story_tasks tasks;
    uint32_t current_pid;
    struct story_reclaim reclaim;
    struct story_log log;
    struct story_touched touched;
    struct story_time time;
    bool any_event, program_started;
    struct source_cache sources;
    struct place places[STORY_PLACES];
    struct path_place *paths; /* PATH_PLACES of them */
};

/* ---- store.c ---- */
#define STORY_FAULT_CLEARED offsetof(struct story_fault, walk) /* bytes of a record that begin as zero */
/* Place of a new record, zeroed so far, its texts empty, its number given; NULL: no memory. Nothing open may still use
 * the place. */
struct story_fault *store_new(struct story *story);
/* malloc() of memory that is about to be used from its beginning to its end; NULL: none. */
void *store_chunk(size_t size);
struct story_fault *store_last_closed(struct story *story); /* NULL: none, or dropped */
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
