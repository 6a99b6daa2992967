/*
 * The snapshot that panels draw: immutable once published. Everything is a copy; no panel reads the machine.
 */
#ifndef FAULTLINE_VIEW_H
#define FAULTLINE_VIEW_H

#include "emu/debug/debugger.h"
#include "emu/debug/selection.h"
#include "emu/kernelview/hardware.h"
#include "emu/kernelview/kernelview.h"
#include "emu/story/story.h"

enum view_state { VIEW_RUNNING, VIEW_PAUSED, VIEW_ENDED };

#define VIEW_CONSOLE_COLUMNS 100
#define VIEW_CONSOLE_LINES 200

struct view_console {
    char lines[VIEW_CONSOLE_LINES][VIEW_CONSOLE_COLUMNS + 1]; /* oldest first; UTF-8 not assumed: bytes 32-126 only */
    unsigned count;                                           /* lines in use */
    unsigned cursor_column;                                   /* in the last line */
    unsigned escape;                                          /* where an escape sequence stands, see console.c */
};

#define VIEW_STRIPS 24u
#define VIEW_EVENTS 512u
#define VIEW_WORDS 96u
#define VIEW_SAID 320u
#define VIEW_LIFE_TEXT 120u

/* What the window shows at the moment, so that a snapshot reads no more than is looked at. */
enum view_interest {
    INTEREST_BITS = 1,    /* overlays by A and D bits and by mapcount */
    INTEREST_AGES = 2,    /* overlay by age */
    INTEREST_STRIPS = 4,  /* page cache and swap */
    INTEREST_ENTRIES = 8, /* the page table under the selection */
};

struct view {
    uint64_t serial; /* grows with each snapshot */
    enum view_state state;
    char stop_text[200]; /* why it stands still; "" while running */
    char program[64];
    uint64_t ram_bytes;
    uint64_t blocks; /* time = blocks * MACHINE_BLOCK_NS */
    unsigned block_ns;
    struct kv_snapshot *kernel; /* NULL: kernel not up yet, or a foreign one */
    char kernel_missing[160];   /* why kernel is NULL, for the empty state */
    bool space_chosen;          /* kernel->space is that of a process that was chosen; false: the program is followed */
    bool has_fault;
    struct story_fault fault;             /* the one on show */
    uint64_t fault_position, fault_total; /* "fault 18 of 18" among the shown ones; 1-based */
    const struct story_mark *marks;
    size_t mark_count;
    struct story_marks borrowed; /* what marks points into */
    struct story_reclaim reclaim;
    struct view_console console;
    struct selection selection;        /* kind SELECT_NONE: nothing */
    char (*life_text)[VIEW_LIFE_TEXT]; /* selection.life_count lines: the life in words */
    char life_before[VIEW_LIFE_TEXT];  /* what came before the first line; "" when that is the frame's allocation */
    /* the debugger */
    /* answer to the last order that wanted one: "stop 3 is set", "there is no symbol 'foo'"; "" none */
    char said[VIEW_SAID];
    uint64_t said_serial; /* grows with each answer */
    struct debug_stop stop;
    struct debug_point points[DEBUG_POINTS_MAX];
    size_t point_count;
    char path_words[STORY_PATH_MAX][VIEW_WORDS]; /* "do_wp_page  memory.c:412", the fault's call path */
    /* the log's newest events and what waits, for the timeline and the belts */
    struct story_log_entry *events; /* event_count of them, oldest first */
    size_t event_count;
    struct story_span *spans;
    size_t span_count;
    struct story_sample *samples;
    size_t sample_count;
    /* by interest; NULL or 0 where not asked for */
    struct kv_bits bits;
    uint8_t *ages; /* by frame: 0 just used .. 254 oldest, 255 never told; frame_count of kernel */
    struct kv_strip *strips;
    size_t strip_count;
    struct kv_swap_area *swap_areas;
    size_t swap_area_count;
    bool has_entries; /* the page table that the selection lies in */
    unsigned entries_index;
    struct kv_entries entries;
    struct hw_frames hardware; /* when kernel is NULL and paging is on */
};

void view_free(struct view *view);

#endif
