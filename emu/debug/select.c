/*
 * Views put together: the kernel's snapshot, the fault on show, the timeline's marks, the rest by fill.c; and the
 * selection with everything that belongs to it, resolved anew for each view.
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

/* ---- the selection ---- */

static bool fill_life(const struct session *session, struct view *view) {
    struct selection *selection = &view->selection;
    if (!session->story || !selection->has_frame)
        return true;
    selection->life_count =
        story_life(session->story, selection->frame.pfn, selection->life, SELECTION_LIFE, &selection->life_total);
    view->life_text = selection->life_count ? malloc(selection->life_count * sizeof(*view->life_text)) : NULL;
    if (selection->life_count && !view->life_text)
        return false;
    for (size_t i = 0; i < selection->life_count; i++)
        story_log_text(session->story, &selection->life[i], view->life_text[i], VIEW_LIFE_TEXT);
    return true;
}

bool select_fill(struct session *session, struct view *view) {
    struct selection *selection = &view->selection;
    selection->kind = session->selected;
    selection->argument = session->selected_argument;
    if (selection->kind == SELECT_FRAME && view->has_selected) {
        selection->has_frame = true;
        selection->frame = view->selected;
    }
    return fill_life(session, view);
}

/* ---- the view ---- */

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
    if (!copy_marks(session, view) || !fill_debugger(session, view) || !fill_log(session, view) ||
        !select_fill(session, view) || !fill_interest(session, view)) {
        view_free(view);
        return NULL;
    }
    return view;
}
