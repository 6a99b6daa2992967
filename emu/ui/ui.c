/* One picture: top bar, the scene's panels, caption, timeline, then what lies over them. */
#include "emu/ui/panel.h"

#include <stdlib.h>
#include <string.h>

void ui_frame_init(struct ui_frame *frame) {
    memset(frame, 0, sizeof *frame);
    draw_list_init(&frame->list);
}

void ui_frame_free(struct ui_frame *frame) {
    draw_list_free(&frame->list);
    free(frame->arguments);
    frame->arguments = NULL;
    frame->argument_capacity = 0;
}

static void frame_reset(struct ui_frame *frame) {
    draw_list_reset(&frame->list);
    frame->hit_count = 0;
    frame->region_count = 0;
    frame->lattice_count = 0;
    frame->argument_count = 0;
    memset(frame->panels, 0, sizeof frame->panels);
    memset(&frame->grid, 0, sizeof frame->grid);
    frame->timeline = (struct rect){0, 0, 0, 0};
    frame->hover[0] = '\0';
}

static void paint_ground(struct painter *painter) {
    struct rect all = {0, 0, painter->state->width, painter->state->height};
    region_begin(painter, all);
    draw_fill(painter->list, all, PALETTE_GROUND, 0);
    region_end(painter);
}

static void paint_panels(struct painter *painter) {
    static void (*const paint[PANEL_COUNT])(struct painter *, struct rect) = {
        [PANEL_FRAMES] = paint_frames,   [PANEL_FAULT] = paint_fault,       [PANEL_SPACE] = paint_space,
        [PANEL_CONSOLE] = paint_console, [PANEL_ZONES] = paint_zones,       [PANEL_BUDDY] = paint_buddy,
        [PANEL_LRU] = paint_lru,         [PANEL_DECISION] = paint_decision, [PANEL_CACHE] = paint_cache,
        [PANEL_LIFE] = paint_life,       [PANEL_TIMELINE] = paint_timeline,
    };
    struct layout layout;
    ui_layout(painter->state, painter->view, &layout);
    memcpy(painter->frame->shared, layout.shared, sizeof layout.shared);
    for (unsigned i = 0; i < PANEL_COUNT; i++)
        if (layout.panels[i].w > 0 && layout.panels[i].h > HEAD)
            paint[i](painter, layout.panels[i]);
    if (layout.caption.h > 0)
        paint_caption(painter, layout.caption);
}

void ui_draw(struct ui_frame *frame, const struct view *view, const struct ui_state *state) {
    struct painter painter = {frame, &frame->list, view, state, false};
    frame_reset(frame);
    paint_ground(&painter);
    paint_top_bar(&painter);
    paint_state_bar(&painter);
    paint_panels(&painter);
    painter.over = true;
    if (state->stops)
        paint_stops(&painter);
    if (state->searching)
        paint_search(&painter);
    paint_notice(&painter);
    if (state->help)
        paint_help(&painter);
    else
        paint_tooltip(&painter);
}

static int64_t timeline_fault_at(const struct ui_frame *frame, float x) {
    float at = x - frame->timeline.x;
    if (at < 0 || at >= UI_TIMELINE_PIXELS || at >= frame->timeline.w)
        return 0;
    return (int64_t)frame->timeline_faults[(size_t)at];
}

static bool lattice_argument(const struct ui_frame *frame, const struct ui_hit *hit, float x, float y, int64_t *to) {
    const struct ui_lattice *lattice = &frame->lattices[hit->lattice - 1];
    int64_t cell = ui_lattice_cell(lattice, x, y);
    if (cell < 0 || frame->arguments[lattice->first + (size_t)cell] == UI_NO_ARGUMENT)
        return false;
    *to = frame->arguments[lattice->first + (size_t)cell];
    return true;
}

enum ui_action ui_hit_at(const struct ui_frame *frame, float x, float y, int64_t *argument) {
    *argument = 0;
    for (unsigned i = frame->hit_count; i-- > 0;) {
        const struct ui_hit *at = &frame->hits[i];
        if (!rect_contains(at->at, x, y))
            continue;
        if (at->lattice) {
            if (lattice_argument(frame, at, x, y, argument))
                return at->action;
            continue;
        }
        *argument = at->argument;
        if (at->action == ACTION_SELECT_FAULT && *argument == 0)
            *argument = timeline_fault_at(frame, x);
        if (at->action == ACTION_SELECT_FRAME && *argument < 0)
            *argument = ui_grid_frame_at(&frame->grid, x, y);
        bool nothing = (at->action == ACTION_SELECT_FAULT && *argument == 0) ||
                       (at->action == ACTION_SELECT_FRAME && *argument < 0);
        return nothing ? ACTION_NONE : at->action;
    }
    return ACTION_NONE;
}
