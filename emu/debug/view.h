/*
 * The snapshot that panels draw: immutable once published. Everything is a copy; no panel reads the machine.
 */
#ifndef FAULTLINE_VIEW_H
#define FAULTLINE_VIEW_H

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
    bool has_fault;
    struct story_fault fault;             /* the one on show */
    uint64_t fault_position, fault_total; /* "fault 18 of 18" among the shown ones; 1-based */
    struct story_mark *marks;
    size_t mark_count;
    struct story_reclaim reclaim;
    struct view_console console;
    bool has_selected; /* the frame that the viewer selected last, as struct page tells it */
    struct kv_frame selected;
};

void view_free(struct view *view);

#endif
