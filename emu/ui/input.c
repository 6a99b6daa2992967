/* What keys, clicks, wheel and drag do, without SDL: all of it can be tested without a window. */
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
}

static enum ui_action escape_action(const struct ui_state *state, int64_t *argument) {
    *argument = 0;
    if (state->help)
        return ACTION_HELP;
    if (state->typing)
        return ACTION_TYPE;
    if (state->maximised >= 0) {
        *argument = state->maximised;
        return ACTION_MAXIMISE;
    }
    return ACTION_QUIT;
}

enum ui_action ui_key_action(const struct ui_state *state, uint32_t key, int64_t *argument) {
    *argument = 0;
    if (key == UI_KEY_ESCAPE)
        return escape_action(state, argument);
    if (state->typing)
        return ACTION_NONE;
    if (key >= '1' && key <= '4') {
        *argument = (int64_t)key - '1';
        return ACTION_SCENE;
    }
    switch (key) {
    case ' ': return ACTION_RUN_PAUSE;
    case 'n': return ACTION_NEXT_FAULT;
    case 'N': return ACTION_PREVIOUS_FAULT;
    case 'p': return ACTION_SCREENSHOT;
    case '?': return ACTION_HELP;
    case 'q': return ACTION_QUIT;
    default: return ACTION_NONE;
    }
}

static void change_scene(struct ui_state *state, int64_t scene) {
    if (scene < 0 || scene >= SCENE_COUNT)
        return;
    state->scene = (enum ui_scene)scene;
    state->maximised = -1;
    state->typing = state->scene == SCENE_CONSOLE;
}

bool ui_apply(struct ui_state *state, enum ui_action action, int64_t argument) {
    state->notice[0] = '\0';
    switch (action) {
    case ACTION_SCENE: change_scene(state, argument); return true;
    case ACTION_HELP: state->help = !state->help; return true;
    case ACTION_MAXIMISE: state->maximised = state->maximised == (int)argument ? -1 : (int)argument; return true;
    case ACTION_TYPE: state->typing = argument != 0; return true;
    case ACTION_SELECT_FRAME: state->selected_pfn = state->selected_pfn == argument ? -1 : argument; return false;
    default: return action == ACTION_NONE;
    }
}

bool ui_observe(struct ui_state *state, const struct view *view) {
    if (!view || !view->kernel || view->serial == state->history_serial)
        return false;
    state->history_serial = view->serial;
    bool full = state->history_count == UI_HISTORY;
    for (size_t z = 0; z < KV_MAX_ZONES; z++) {
        uint32_t *samples = state->history[z];
        if (full)
            memmove(samples, samples + 1, (UI_HISTORY - 1) * sizeof *samples);
        uint64_t free = z < view->kernel->zone_count ? view->kernel->zones[z].free : 0;
        samples[full ? UI_HISTORY - 1 : state->history_count] = (uint32_t)(free > UINT32_MAX ? UINT32_MAX : free);
    }
    state->history_count += full ? 0 : 1;
    return true;
}

void ui_zoom_frames(struct ui_state *state, const struct ui_frame *frame, float x, float y, float factor) {
    const struct ui_grid *grid = &frame->grid;
    if (grid->zone_count == 0 || grid->content_height <= 0)
        return;
    (void)x;
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
}

float ui_scale_for(int device_width, int device_height, float dpi_scale) {
    float logical = fminf((float)device_width / dpi_scale / 1280, (float)device_height / dpi_scale / 800);
    float grown = logical > 1 ? floorf(powf(logical, 0.75f) * 4) / 4 : 1;
    return fminf(fmaxf(dpi_scale, 1) * grown, 4);
}
