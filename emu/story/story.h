/*
 * emu/story: what happened. Events of the guest and faults of the hardware become records that text, JSON, the
 * debugger and the pictures all share.
 *
 * The model. The hardware opens a fault record (story_page_fault); the guest's events of the same task fill it;
 * fault_end closes it. A task has at most one open record at a time at each nesting depth; a fault inside a fault (a
 * kernel access to user memory, a vmalloc sync) nests. A fault that the kernel answers without events (tracing
 * off) is closed at the next fault or return of that context with outcome STORY_OUTCOME_UNKNOWN; one of a foreign
 * kernel that has never sent an event at once, since nothing else will be told of it. At most 64 records are open at a
 * time; a stream of events that opens more closes the oldest as unknown. Records are numbered from 1 in order of their
 * hardware fault, kernel and user faults alike; only those of processes after the program's start are shown by default
 * (story_fault.user_program). Time is in blocks of the virtual clock. Nothing here depends on host time or addresses:
 * same run, same bytes.
 */
#ifndef FAULTLINE_STORY_H
#define FAULTLINE_STORY_H

#include "emu/cpu/cpu.h"
#include "emu/image/image.h"
#include "emu/kernelview/kernelview.h"
#include "emu/story/biography.h"
#include "emu/story/reclaim.h"
#include "guestos/include/faultline/trace_abi.h"
#include <stdio.h>

struct story;

#define STORY_MAX_FRAMES 8
#define STORY_PATH_MAX 12

struct story_frame_taken {
    uint64_t pfn;
    uint32_t order, gfp, node, zone, preferred_zone;
    bool from_pageset, failed;
    uint64_t zone_free, min, low, high;
};

#define STORY_OUTCOME_UNKNOWN 0xffffffffu

/* A call of the kernel: "" and 0 for what its image does not tell. */
struct story_call {
    char function[28], file[20]; /* base name; longer names are cut */
    uint32_t line;               /* of the call */
};

struct story_fault {
    uint64_t number;
    uint32_t pid;
    char comm[16];
    bool user_program; /* taken by, or on behalf of, a process after the first program started */
    bool shown;        /* closed, and viewers count it: the programs', or all while a foreign kernel names none */
    uint64_t begin_blocks, end_blocks; /* end: the closing event; 0 while open */
    uint64_t nested_in;                /* number of the enclosing record or 0 */
    /* hardware */
    uint32_t error_code;
    uint64_t rip, linear;
    uint8_t cpl, instruction_bytes, instruction[15];
    unsigned source_line;
    /* segment step: logical to linear. CPU_SEGMENTS: none (the access was to a system structure, or registers were not
     * recorded) */
    uint8_t segment; /* enum cpu_segment_name */
    uint16_t segment_selector;
    uint32_t segment_flags; /* as in struct cpu_segment */
    uint64_t segment_base, segment_limit, offset;
    /* guest */
    bool traced;       /* the guest told the rest */
    uint64_t pgd_phys; /* page directory in force, 0 unknown */
    bool vma_told;     /* the guest looked for a VMA */
    bool vma_found;
    uint64_t vma_start, vma_end, vma_flags, vma_pgoff, vma_grown_from;
    uint32_t vma_inode;
    char vma_name[33];
    uint32_t branch;     /* enum flt_branch */
    unsigned path_count; /* 0: not told */
    bool has_cow;
    uint64_t cow_old_pfn, cow_new_pfn;
    uint32_t cow_old_mapcount;
    unsigned frame_count;
    unsigned frames_dropped; /* beyond STORY_MAX_FRAMES */
    bool has_file_page;      /* a page entered the page cache on the way */
    uint64_t file_pfn, file_index;
    uint32_t file_inode;
    unsigned reclaims;    /* times that the task had to free memory itself before it got a frame */
    uint64_t reclaimed;   /* pages that it freed */
    uint32_t oom_victim;  /* process that the kernel chose to end for want of memory, 0 none */
    unsigned waits;       /* times that the task left the CPU before the fault was done */
    uint64_t wait_blocks; /* time that it was away */
    bool has_pte;
    uint64_t pte_address, pte_phys, pte_before, pte_after;
    uint32_t outcome; /* enum flt_outcome or STORY_OUTCOME_UNKNOWN */
    uint32_t signal, si_code;
    /* LRU lists take frames in batches (a pagevec): a fault may move frames of others and leave its own waiting. */
    int lru; /* this fault's frame: -1 not added (yet), 0 inactive, 1 active */
    uint64_t lru_pfn;
    unsigned lru_others; /* frames of other faults that were put on a list on the way */
    /* What a new record leaves as it is: of each of these only the part in use means anything (walk.count steps, a text
     * up to its NUL, path_count and frame_count entries). */
    struct mmu_walk walk;
    char disassembly[96];
    char symbol[96];      /* "main+0x1a", "" unknown */
    char source_file[96]; /* base name, "" unknown */
    char source_text[120];
    /* The kernel's own calls that led to the branch, innermost first: return addresses from its stack, by frame
     * pointers, up to the entry from the fault. */
    uint32_t path[STORY_PATH_MAX];
    struct story_call calls[STORY_PATH_MAX]; /* what is there */
    struct story_frame_taken frames[STORY_MAX_FRAMES];
};

/* Marks for the timeline. */
/* TRACK_USER, TRACK_SUPERVISOR: of a kernel that tells nothing, by the mode of the access. */
enum story_track {
    TRACK_ANON,
    TRACK_FILE,
    TRACK_SWAP,
    TRACK_COW,
    TRACK_BAD,
    TRACK_KERNEL,
    TRACK_USER,
    TRACK_SUPERVISOR,
    TRACK_COUNT
};
struct story_mark {
    uint64_t blocks;
    uint64_t fault; /* record number */
    uint8_t track;
};

struct story_config {
    const struct image *kernel;  /* may be NULL */
    bool foreign;                /* not a kernel that we know: it may tell of its faults, of its programs, of neither */
    const struct image *program; /* may be NULL: symbols and lines of user addresses */
    const char *program_comm;    /* comm under which program's symbols apply; NULL: any */
    /* Where the program's file lies: relative source paths are looked for there and up to 6 folders above it. NULL:
     * they are not. */
    const char *program_directory;
    size_t keep; /* records kept, oldest dropped first, at least 128, about 2.2 KB each; memory grows as they come; 0 =
                    16384 */
};

struct story *story_create(const struct story_config *config);
void story_destroy(struct story *story);

/* Feeds. mmu and cpu state are read by peek during the call only. */
void story_page_fault(struct story *story, const struct cpu_page_fault *fault, const struct mmu_context *mmu);
/* What became of the entry that refused the last fault, as far as the page tables in force tell: of a foreign kernel
 * that sends no events nothing else does. Done when the next fault comes; for viewers in between. */
void story_see_entry(struct story *story, const struct mmu_context *mmu);
/* record: bytes as the guest wrote them, checked here. False: malformed (counted). */
bool story_guest_event(struct story *story, uint64_t blocks, const void *record, size_t bytes);
/* iret to (rip, cpl): closes the record of an untraced fault that this return retries. Optional: without it, such a
 * record closes at the next fault. */
void story_fault_return(struct story *story, uint64_t blocks, uint64_t rip, uint8_t cpl);
void story_finish(struct story *story, uint64_t blocks); /* the run has ended: closes what is open */

/* What was fed and could not be used. */
struct story_counters {
    uint64_t events;           /* well-formed */
    uint64_t events_malformed; /* wrong length for their type, or shorter than a header */
    uint64_t events_unmatched; /* of the fault path, but no such fault is open */
    uint64_t faults_unknown;   /* closed without knowing what the kernel did */
};
const struct story_reclaim *story_reclaim(const struct story *story);
/* The task that runs, as the newest event has it; its name, "" not told; whether it runs the program of another. */
uint32_t story_current_task(const struct story *story);
const char *story_task_name(const struct story *story, uint32_t pid);
bool story_runs_program(const struct story *story, uint32_t pid, uint32_t of);
void story_counters(const struct story *story, struct story_counters *to);

/* Called when a record closes / for every guest event. Optional. */
struct story_listener {
    void *owner;
    void (*fault_closed)(void *owner, const struct story_fault *fault);
    void (*event)(void *owner, uint64_t blocks, const struct flt_record *record); /* record->bytes valid bytes */
    void (*fault_opened)(void *owner, const struct story_fault *fault);
};
void story_listen(struct story *story, const struct story_listener *listener);

uint64_t story_fault_count(const struct story *story); /* records opened so far */
uint64_t story_user_fault_count(const struct story *story);
const struct story_fault *story_fault_by_number(const struct story *story, uint64_t number); /* NULL: dropped or none */
const struct story_fault *story_last(const struct story *story);
/* Marks of the closed faults that are shown, by end time; *count of them; valid until the next feed. */
const struct story_mark *story_marks(const struct story *story, size_t *count);
/* The same for who looks at them later, from another thread too: they stay as they are until they are given back. */
struct story_marks {
    const struct story_mark *mark;
    size_t count;
    struct mark_buffer *buffer;
};
struct story_marks story_marks_borrow(const struct story *story);
void story_marks_return(struct story_marks *marks);

/* Text and JSON of records. */
/* One line for --faults: number, task, time, instruction, address, access, branch, frame, outcome. No newline. snprintf
 * rules. */
size_t story_fault_line(const struct story_fault *fault, char *text, size_t size);
/* The whole record as several lines of prose: what a student reads. */
size_t story_fault_text(const struct story_fault *fault, char *text, size_t size);
/* The numbered steps of the picture: step i of the record, "" and false past the last. `accent` marks the step that
 * just happened. */
bool story_fault_step(const struct story_fault *fault, unsigned i, char *text, size_t size, bool *accent);
/* One JSON object, one line, no newline; schema in docs/trace.md. */
size_t story_fault_json(const struct story_fault *fault, char *text, size_t size);
size_t story_event_json(uint64_t blocks, const struct flt_record *record, char *text, size_t size);
const char *story_branch_name(uint32_t branch); /* "copy on write" */
/* "do_wp_page", and the source line of the call in *line (may be NULL): step i of the record's call path. "": unknown.
 * Lives as long as the record. */
const char *story_path_name(const struct story *story, const struct story_fault *fault, unsigned i,
                            struct image_line *line);
/* Feeds the call path: at a fault_branch event the caller walks the kernel's stack. */
void story_call_path(struct story *story, uint32_t pid, const uint32_t *path, unsigned count);
/* The swap entry that refused the access: true for a fault of which the kernel said that it was one. */
bool story_swap_entry(const struct story_fault *fault, uint32_t *area, uint32_t *slot);
/* The fault had to bring its page from a device: it took a frame for it and read. */
bool story_is_major(const struct story_fault *fault);
/* "ok", "SIGSEGV (SEGV_MAPERR)", "oops"...; returns text. */
const char *story_outcome_text(const struct story_fault *fault, char *text, size_t size);

#endif
