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
    memset(frame->scroll_most, 0, sizeof frame->scroll_most);
    frame->timeline = (struct rect){0, 0, 0, 0};
    frame->hover[0] = '\0';
}

static void paint_ground(struct painter *painter) {
    struct rect all = {0, 0, painter->state->width, painter->state->height};
    region_begin(painter, all);
    draw_fill(painter->list, all, PALETTE_GROUND, 0);
    region_end(painter);
}

static void (*const painters[PANEL_COUNT])(struct painter *, struct rect) = {
    [PANEL_FRAMES] = paint_frames,   [PANEL_FAULT] = paint_fault,       [PANEL_SPACE] = paint_space,
    [PANEL_CONSOLE] = paint_console, [PANEL_ZONES] = paint_zones,       [PANEL_BUDDY] = paint_buddy,
    [PANEL_LRU] = paint_lru,         [PANEL_DECISION] = paint_decision, [PANEL_CACHE] = paint_cache,
    [PANEL_LIFE] = paint_life,       [PANEL_TIMELINE] = paint_timeline,
};

static void paint_panels(struct painter *painter) {
    struct layout layout;
    ui_layout(painter->state, painter->view, &layout);
    memcpy(painter->frame->shared, layout.shared, sizeof layout.shared);
    for (unsigned i = 0; i < PANEL_COUNT; i++)
        if (layout.panels[i].w > 0 && layout.panels[i].h > HEAD)
            painters[i](painter, layout.panels[i]);
    if (layout.caption.h > 0)
        paint_caption(painter, layout.caption);
}

void ui_draw(struct ui_frame *frame, const struct view *view, const struct ui_state *state) {
    struct painter painter = {.frame = frame, .list = &frame->list, .view = view, .state = state};
    frame_reset(frame);
    paint_ground(&painter);
    paint_top_bar(&painter);
    paint_state_bar(&painter);
    paint_panels(&painter);
    painter.over = true;
    if (state->tasks)
        paint_tasks(&painter);
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

void ui_draw_panel(struct ui_frame *frame, const struct view *view, const struct ui_state *state, enum ui_panel panel) {
    struct painter painter = {.frame = frame, .list = &frame->list, .view = view, .state = state};
    struct rect whole = {0, 0, state->width, state->height};
    frame_reset(frame);
    paint_ground(&painter);
    if ((unsigned)panel < PANEL_COUNT)
        painters[panel](&painter, rect_inset(whole, MARGIN / 2, MARGIN / 2));
    paint_tooltip(&painter);
}

static const char *const panel_names[PANEL_COUNT] = {
    [PANEL_FRAMES] = "frames",     [PANEL_FAULT] = "fault", [PANEL_SPACE] = "space", [PANEL_CONSOLE] = "console",
    [PANEL_ZONES] = "zones",       [PANEL_BUDDY] = "buddy", [PANEL_LRU] = "lru",     [PANEL_DECISION] = "decision",
    [PANEL_TIMELINE] = "timeline", [PANEL_CACHE] = "cache", [PANEL_LIFE] = "life",
};

const char *ui_panel_name(enum ui_panel panel) { return (unsigned)panel < PANEL_COUNT ? panel_names[panel] : ""; }

int ui_panel_named(const char *name) {
    for (int i = 0; i < PANEL_COUNT; i++)
        if (strcmp(panel_names[i], name) == 0)
            return i;
    return -1;
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
