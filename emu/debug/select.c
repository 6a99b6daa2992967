/*
 * Views: the kernel's snapshot, the fault on show, the timeline's marks, the selection with everything that belongs to
 * it, the log's newest part, and what the window's open panels asked for.
 */
#include "emu/debug/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_select(struct session *session, enum select_kind kind, int64_t argument) {
    session->selected = kind;
    session->selected_argument = argument;
}

void session_select_frame(struct session *session, int64_t pfn) {
    session_select(session, pfn < 0 ? SELECT_NONE : SELECT_FRAME, pfn);
}

void session_interest(struct session *session, unsigned interest) { session->interest = interest; }
struct debugger *session_debugger(struct session *session) {
    return session->debugger;
}

bool select_fill(struct session *session, struct view *view) {
    view->selection.kind = session->selected;
    view->selection.argument = session->selected_argument;
    if (session->debugger) {
        view->stop = *debugger_stop(session->debugger);
        view->point_count = debugger_points(session->debugger, view->points, DEBUG_POINTS_MAX);
    }
    return true;
}

static bool copy_marks(const struct session *session, struct view *view) {
    size_t count = 0;
    const struct story_mark *marks = session->story ? story_marks(session->story, &count) : NULL;
    if (count == 0)
        return true;
    view->marks = malloc(count * sizeof(*marks));
    if (!view->marks)
        return false;
    memcpy(view->marks, marks, count * sizeof(*marks));
    view->mark_count = count;
    return true;
}

static void show_fault(const struct session *session, struct view *view, size_t position) {
    const struct shown_faults *shown = &session->shown;
    view->fault_total = shown->count;
    if (!session->story || shown->count == 0)
        return;
    if (position == 0 || position > shown->count)
        position = shown->count;
    const struct story_fault *fault = story_fault_by_number(session->story, shown->numbers[position - 1]);
    if (!fault)
        return;
    view->has_fault = true;
    view->fault = *fault;
    view->fault_position = position;
}

struct view *session_view(struct session *session, size_t position, enum view_state state) {
    struct view *view = calloc(1, sizeof(*view));
    if (!view)
        return NULL;
    view->serial = ++session->view_serial;
    view->state = state;
    view->ram_bytes = session->config.ram_bytes;
    view->blocks = machine_blocks(session->machine);
    view->block_ns = MACHINE_BLOCK_NS;
    view->console = session->console;
    snprintf(view->program, sizeof(view->program), "%s", session->config.program_name);
    snprintf(view->kernel_missing, sizeof(view->kernel_missing), "%s",
             session->kernelview ? "the kernel has not set up its memory yet" : session->kernelview_error);
    if (session->kernelview) {
        int pid = session->program_started && !session->program_ended ? (int)session->program_pid : -1;
        view->kernel = kernelview_snapshot(session->kernelview, machine_mmu(session->machine), pid);
    }
    if (session->kernelview && session->selected == SELECT_FRAME)
        view->has_selected = kernelview_frame(session->kernelview, machine_mmu(session->machine),
                                              (uint64_t)session->selected_argument, &view->selected);
    show_fault(session, view, position);
    if (session->story)
        view->reclaim = *story_reclaim(session->story);
    if (!copy_marks(session, view) || !select_fill(session, view)) {
        view_free(view);
        return NULL;
    }
    return view;
}
