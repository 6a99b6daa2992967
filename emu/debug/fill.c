/*
 * The parts of a view that every view carries beside the kernel's snapshot (the debugger's state, the newest part of
 * the log, what waits, free pages over time, the call path in words), and those that cost a pass over memory and are
 * there only when a panel that shows them is open.
 */
#include "emu/debug/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fill_debugger(struct session *session, struct view *view) {
    if (!session->debugger)
        return true;
    view->stop = *debugger_stop(session->debugger);
    size_t points = debugger_points(session->debugger, view->points, DEBUG_POINTS_MAX);
    view->point_count = points < DEBUG_POINTS_MAX ? points : DEBUG_POINTS_MAX;
    return true;
}

/* ---- the log ---- */

static bool fill_events(const struct story *story, struct view *view) {
    uint64_t count = story_log_count(story), first = count > VIEW_EVENTS ? count - VIEW_EVENTS + 1 : 1;
    if (count == 0)
        return true;
    view->events = malloc((size_t)(count - first + 1) * sizeof(*view->events));
    if (!view->events)
        return false;
    for (uint64_t number = first; number <= count; number++)
        if (story_log_entry(story, number, &view->events[view->event_count]))
            view->event_count++;
    return true;
}

static bool fill_time(const struct story *story, struct view *view) {
    view->spans = malloc(STORY_SPANS * sizeof(*view->spans));
    view->samples = malloc(STORY_SAMPLES * sizeof(*view->samples));
    if (!view->spans || !view->samples)
        return false;
    view->span_count = story_spans(story, view->spans, STORY_SPANS);
    view->sample_count = story_samples(story, view->samples, STORY_SAMPLES);
    return true;
}

static void fill_path(const struct story *story, struct view *view) {
    for (unsigned i = 0; view->has_fault && i < view->fault.path_count && i < STORY_PATH_MAX; i++) {
        struct image_line line;
        const char *name = story_path_name(story, &view->fault, i, &line);
        const char *file = line.file ? strrchr(line.file, '/') : NULL;
        file = file ? file + 1 : line.file;
        if (!name[0])
            snprintf(view->path_words[i], VIEW_WORDS, "%08x", (unsigned)view->fault.path[i]);
        else if (!file)
            snprintf(view->path_words[i], VIEW_WORDS, "%s", name);
        else
            snprintf(view->path_words[i], VIEW_WORDS, "%s  %s:%u", name, file, line.line);
    }
}

bool fill_log(const struct session *session, struct view *view) {
    if (!session->story)
        return true;
    fill_path(session->story, view);
    return fill_events(session->story, view) && fill_time(session->story, view);
}

/* ---- by interest ---- */

static bool fill_ages(const struct session *session, struct view *view) {
    size_t count = view->kernel ? view->kernel->frame_count : 0;
    if (!session->story || count == 0)
        return true;
    view->ages = malloc(count);
    if (!view->ages)
        return false;
    story_ages(session->story, view->blocks, view->ages, count);
    return true;
}

/* The files and the swap areas. */
static bool fill_stores(struct session *session, struct view *view) {
    const struct mmu_context *mmu = machine_mmu(session->machine);
    view->strips = malloc(VIEW_STRIPS * sizeof(*view->strips));
    view->swap_areas = calloc(KV_SWAP_AREAS, sizeof(*view->swap_areas));
    if (!view->strips || !view->swap_areas)
        return false;
    view->strip_count = kernelview_strips(session->kernelview, mmu, view->strips, VIEW_STRIPS);
    for (unsigned number = 0; number < KV_SWAP_AREAS; number++) {
        struct kv_swap_area *area = &view->swap_areas[view->swap_area_count];
        if (kernelview_swap_area(session->kernelview, mmu, number, area))
            view->swap_area_count++;
        else
            kernelview_swap_area_free(area);
    }
    return true;
}

/* The table that the selected page lies in, or the first page of the selected region. */
static void fill_entries(struct session *session, struct view *view) {
    const struct selection *selection = &view->selection;
    uint64_t linear = selection->has_page ? selection->linear : selection->vma_start;
    int pid = selection->has_page ? selection->pid : view->kernel->space.pid;
    if (!selection->has_page && !selection->has_vma)
        return;
    view->entries_index = (unsigned)(linear >> 22 & 1023);
    view->has_entries = kernelview_entries(session->kernelview, machine_mmu(session->machine), pid, view->entries_index,
                                           &view->entries);
}

bool fill_interest(struct session *session, struct view *view) {
    const struct mmu_context *mmu = machine_mmu(session->machine);
    if (!view->kernel)
        return mmu->mode == MMU_MODE_NONE || hardware_frames(mmu, view->ram_bytes, &view->hardware);
    if (session->interest & INTEREST_ENTRIES)
        fill_entries(session, view);
    if (session->interest & INTEREST_BITS && !kernelview_bits(session->kernelview, mmu, &view->bits))
        return false;
    if (session->interest & INTEREST_STRIPS && !fill_stores(session, view))
        return false;
    return !(session->interest & INTEREST_AGES) || fill_ages(session, view);
}
