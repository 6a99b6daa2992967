/* What keys, clicks, wheel and drag do, without SDL: all of it can be tested without a window. */
#include "emu/ui/line.h"
#include "emu/ui/panel.h"

#include <math.h>
#include <string.h>

#define ZOOM_MAX 24.0f

void ui_state_init(struct ui_state *state, float width, float height) {
    memset(state, 0, sizeof *state);
    state->width = width;
    state->height = height;
    state->scale = 1;
    state->mouse_x = state->mouse_y = -1;
    state->selected_pfn = -1;
    state->maximised = -1;
    state->frames_zoom = 1;
    state->frames_anchor = -1;
    state->timeline_zoom = 1;
}

static enum ui_action escape_action(const struct ui_state *state, int64_t *argument) {
    *argument = 0;
    if (state->help)
        return ACTION_HELP;
    if (state->stops || state->searching)
        return state->stops ? ACTION_STOPS : ACTION_SEARCH;
    if (state->tasks)
        return ACTION_TASKS;
    if (state->typing)
        return ACTION_TYPE;
    if (state->maximised >= 0) {
        *argument = state->maximised;
        return ACTION_MAXIMISE;
    }
    if (state->selected_pfn >= 0 || state->picked != ACTION_NONE) { /* the same again lets it go */
        *argument = state->selected_pfn >= 0 ? state->selected_pfn : state->picked_argument;
        return state->selected_pfn >= 0 ? ACTION_SELECT_FRAME : state->picked;
    }
    return ACTION_QUIT;
}

static const struct {
    char key;
    enum ui_action action;
} keys[] = {
    {' ', ACTION_RUN_PAUSE},     {'n', ACTION_NEXT_FAULT},    {'N', ACTION_PREVIOUS_FAULT},
    {'s', ACTION_STEP},          {'o', ACTION_OVER},          {'f', ACTION_FINISH},
    {'w', ACTION_NEXT_WALK},     {'r', ACTION_NEXT_DECISION}, {'e', ACTION_NEXT_EVENT},
    {'b', ACTION_STOPS},         {'/', ACTION_SEARCH},        {'p', ACTION_SCREENSHOT},
    {'[', ACTION_PREVIOUS_TASK}, {']', ACTION_NEXT_TASK},     {'g', ACTION_RECORD},
    {'?', ACTION_HELP},          {'q', ACTION_QUIT},          {'t', ACTION_TIMELINE_WHOLE},
};

enum ui_action ui_key_action(const struct ui_state *state, uint32_t key, int64_t *argument) {
    *argument = 0;
    if (key == UI_KEY_ESCAPE)
        return escape_action(state, argument);
    if (state->typing)
        return ACTION_NONE;
    if (!state->help && (state->stops || state->searching))
        return line_key_action(state, key, argument);
    if (key == 'v') {
        *argument = (state->overlay + 1) % OVERLAY_COUNT;
        return ACTION_OVERLAY;
    }
    if (key >= '1' && key <= '4') {
        *argument = (int64_t)key - '1';
        return ACTION_SCENE;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (key == (uint32_t)keys[i].key)
            return keys[i].action;
    return ACTION_NONE;
}

bool ui_scroll(struct ui_state *state, const struct ui_frame *frame, float x, float y, float dy) {
    for (unsigned i = 0; i < PANEL_COUNT; i++) {
        if (!rect_contains(frame->panels[i], x, y) || frame->scroll_most[i] <= 0)
            continue;
        float way = i == PANEL_LIFE ? -dy : dy; /* a life is shown from its end */
        state->scroll[i] = fminf(fmaxf(fminf(state->scroll[i], frame->scroll_most[i]) + way, 0), frame->scroll_most[i]);
        return true;
    }
    return false;
}

static void change_scene(struct ui_state *state, int64_t scene) {
    if (scene < 0 || scene >= SCENE_COUNT)
        return;
    state->scene = (enum ui_scene)scene;
    state->maximised = -1;
    state->typing = state->scene == SCENE_CONSOLE;
}

static void put_example(struct ui_state *state, int64_t kind) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    if (state->stops && kind >= 0 && (size_t)kind < count)
        line_set(state, kinds[kind].example);
}

/* fronts keeps one panel of a place: the one asked for, in place of all that could hide it. */
static void bring_to_front(struct ui_state *state, int64_t panel) {
    struct layout layout;
    if (panel < 0 || panel >= PANEL_COUNT)
        return;
    ui_layout(state, NULL, &layout);
    state->fronts = (state->fronts & ~layout.shared[panel]) | 1u << panel;
    if (state->maximised >= 0)
        state->maximised = (int)panel;
}

/* What concerns the line and its list. False: no such action. */
static bool apply_line(struct ui_state *state, enum ui_action action, int64_t argument) {
    switch (action) {
    case ACTION_STOPS: line_open(state, &state->stops); return true;
    case ACTION_SEARCH: line_open(state, &state->searching); return true;
    case ACTION_LINE_KEY: line_key(state, argument); return true;
    case ACTION_LINE_EXAMPLE: put_example(state, argument); return true;
    case ACTION_LINE_HINT: line_take_hint(state, (unsigned)argument); return true;
    case ACTION_POINT_CHOOSE: state->points.chosen = (unsigned)argument; return true;
    default: return false;
    }
}

/* The life of what was selected comes to the front of its place, and goes when the selection is let go. */
static void show_life(struct ui_state *state, bool selected) {
    struct layout layout;
    ui_layout(state, NULL, &layout);
    unsigned others = layout.shared[PANEL_LIFE] & ~(1u << PANEL_LIFE);
    if (!others)
        return;
    state->fronts &= selected ? ~others : ~(1u << PANEL_LIFE);
    state->fronts |= selected ? 1u << PANEL_LIFE : 0;
    state->scroll[PANEL_LIFE] = 0;
}

/* One thing is selected at a time; the same thing again lets it go. */
static void pick(struct ui_state *state, enum ui_action action, int64_t argument) {
    bool frame = action == ACTION_SELECT_FRAME, again = state->picked == action && state->picked_argument == argument;
    state->selected_pfn = frame && state->selected_pfn != argument ? argument : -1;
    state->picked = frame || again ? ACTION_NONE : action;
    state->picked_argument = state->picked == ACTION_NONE ? 0 : argument;
    show_life(state, state->selected_pfn >= 0 || state->picked != ACTION_NONE);
}

void ui_order(const struct ui_state *state, enum ui_action *action, int64_t *argument) {
    switch (*action) {
    case ACTION_SELECT_FRAME: *argument = state->selected_pfn; return;
    case ACTION_SELECT_PAGE:
    case ACTION_SELECT_VMA:
    case ACTION_SELECT_ENTRY:
    case ACTION_SELECT_EVENT:
        if (state->picked == *action)
            return;
        *action = ACTION_SELECT_FRAME;
        *argument = -1;
        return;
    default: return;
    }
}

bool ui_apply(struct ui_state *state, enum ui_action action, int64_t argument) {
    state->notice[0] = '\0';
    if (apply_line(state, action, argument))
        return true;
    switch (action) {
    case ACTION_SCENE: change_scene(state, argument); return true;
    case ACTION_HELP: state->help = !state->help; return true;
    case ACTION_TASKS: state->tasks = !state->tasks; return true;
    case ACTION_SHOW_TASK: state->tasks = false; return false;
    case ACTION_MAXIMISE: state->maximised = state->maximised == (int)argument ? -1 : (int)argument; return true;
    case ACTION_FRONT: bring_to_front(state, argument); return true;
    case ACTION_TYPE: state->typing = argument != 0; return true;
    case ACTION_OVERLAY:
        state->overlay = argument >= 0 && argument < OVERLAY_COUNT ? (enum ui_overlay)argument : OVERLAY_USE;
        return true;
    case ACTION_TIMELINE_WHOLE: state->timeline_zoom = 1; return true;
    case ACTION_LINE_ENTER:
        state->asked = true;
        if (state->searching) /* what is found is selected in its place */
            pick(state, ACTION_NONE, 0);
        return false;
    case ACTION_SELECT_FRAME:
    case ACTION_SELECT_PAGE:
    case ACTION_SELECT_VMA:
    case ACTION_SELECT_ENTRY:
    case ACTION_SELECT_EVENT: pick(state, action, argument); return false;
    default: return action == ACTION_NONE;
    }
}

/* Free pages of each zone, for machines whose story tells no samples. */
static void observe_zones(struct ui_state *state, const struct kv_snapshot *kernel) {
    bool full = state->history_count == UI_HISTORY;
    for (size_t z = 0; z < KV_MAX_ZONES; z++) {
        uint32_t *samples = state->history[z];
        if (full)
            memmove(samples, samples + 1, (UI_HISTORY - 1) * sizeof *samples);
        uint64_t free = z < kernel->zone_count ? kernel->zones[z].free : 0;
        samples[full ? UI_HISTORY - 1 : state->history_count] = (uint32_t)(free > UINT32_MAX ? UINT32_MAX : free);
    }
    state->history_count += full ? 0 : 1;
}

bool ui_observe(struct ui_state *state, const struct view *view) {
    if (!view || view->serial == state->history_serial)
        return false;
    state->history_serial = view->serial;
    line_observe(state, view);
    if (view->has_fault && view->fault.number != state->scroll_fault) {
        state->scroll_fault = view->fault.number;
        state->scroll[PANEL_FAULT] = 0;
    }
    if (view->kernel)
        observe_zones(state, view->kernel);
    return true;
}

unsigned ui_interest(const struct ui_state *state, const struct ui_frame *frame) {
    unsigned interest = 0;
    if (frame->panels[PANEL_FRAMES].w > 0) {
        interest |= state->overlay == OVERLAY_BITS || state->overlay == OVERLAY_MAPCOUNT ? INTEREST_BITS : 0;
        interest |= state->overlay == OVERLAY_AGE ? INTEREST_AGES : 0;
    }
    interest |= frame->panels[PANEL_CACHE].w > 0 ? INTEREST_STRIPS : 0;
    interest |= frame->panels[PANEL_SPACE].w > 0 || frame->panels[PANEL_LIFE].w > 0 ? INTEREST_ENTRIES : 0;
    return interest;
}

void ui_zoom_frames(struct ui_state *state, const struct ui_frame *frame, float x, float y, float factor) {
    const struct ui_grid *grid = &frame->grid;
    if (grid->zone_count == 0 || grid->content_height <= 0)
        return;
    state->frames_anchor = ui_grid_frame_at(grid, x, y);
    state->frames_anchor_y = y - grid->at.y;
    float zoom = fminf(fmaxf(state->frames_zoom * factor, 1), ZOOM_MAX);
    float share = (y - grid->at.y + grid->scroll) / grid->content_height;
    float height = grid->content_height * (zoom / state->frames_zoom) * (zoom / state->frames_zoom);
    state->frames_zoom = zoom;
    state->frames_scroll = zoom == 1 ? 0 : fmaxf(share * height - (y - grid->at.y), 0);
}

void ui_pan_frames(struct ui_state *state, const struct ui_frame *frame, float dy) {
    const struct ui_grid *grid = &frame->grid;
    float most = fmaxf(grid->content_height - grid->at.h, 0);
    state->frames_scroll = fminf(fmaxf(grid->scroll + dy, 0), most);
    state->frames_anchor = -1;
}

#define TIMELINE_ZOOM_MAX 1e6
#define TIMELINE_BLOCKS_MIN 64.0 /* the least that is worth a look */

void ui_zoom_timeline(struct ui_state *state, const struct ui_frame *frame, float x, float factor) {
    double all = frame->timeline_last - frame->timeline_first, shown = frame->timeline_to - frame->timeline_from;
    if (frame->timeline.w <= 0 || all <= 0 || shown <= 0)
        return;
    double most = fmax(fmin(all / TIMELINE_BLOCKS_MIN, TIMELINE_ZOOM_MAX), 1);
    double share = fmin(fmax((double)((x - frame->timeline.x) / frame->timeline.w), 0), 1);
    double under = frame->timeline_from + share * shown;
    state->timeline_zoom = fmin(fmax(all / shown * (double)factor, 1), most);
    state->timeline_from = under - share * all / state->timeline_zoom;
}

void ui_pan_timeline(struct ui_state *state, const struct ui_frame *frame, float dx) {
    double shown = frame->timeline_to - frame->timeline_from;
    if (frame->timeline.w <= 0 || state->timeline_zoom <= 1)
        return;
    double most = frame->timeline_last - shown;
    double from = frame->timeline_from + (double)(dx / frame->timeline.w) * shown;
    state->timeline_from = fmax(fmin(from, most), frame->timeline_first);
}

float ui_scale_for(int device_width, int device_height, float dpi_scale) {
    float logical = fminf((float)device_width / dpi_scale / 1280, (float)device_height / dpi_scale / 800);
    float grown = logical > 1 ? floorf(powf(logical, 0.75f) * 4) / 4 : 1;
    return fminf(fmaxf(dpi_scale, 1) * grown, 4);
}
