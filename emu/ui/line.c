/*
 * The line that is typed into the list of stops or into the search: one line of printable ASCII with a place in it
 * where the next character goes, and the keys of the list beside it. Without SDL and without drawing.
 *
 * The model. While the list or the search is open all keys come here. A line that was handed over stays until the
 * answer is there: a stop that was set clears it, a mistake stays to be mended.
 */
#include "emu/ui/line.h"

#include <stdio.h>
#include <string.h>

void line_clear(struct ui_state *state) {
    state->line[0] = '\0';
    state->line_length = state->line_at = 0;
}

void line_set(struct ui_state *state, const char *text) {
    snprintf(state->line, sizeof state->line, "%s", text);
    state->line_length = state->line_at = (unsigned)strlen(state->line);
}

void line_insert(struct ui_state *state, const char *text) {
    size_t count = strlen(text);
    if (state->line_length + count >= sizeof state->line)
        return;
    memmove(state->line + state->line_at + count, state->line + state->line_at,
            state->line_length - state->line_at + 1);
    memcpy(state->line + state->line_at, text, count);
    state->line_length += (unsigned)count;
    state->line_at += (unsigned)count;
}

static void line_delete(struct ui_state *state, unsigned at) {
    if (at >= state->line_length)
        return;
    memmove(state->line + at, state->line + at + 1, state->line_length - at);
    state->line_length--;
    state->line_at = at;
}

/* The point after (before) the chosen one; past either end the line is chosen again. */
static void choose_neighbour(struct ui_points *points, int step) {
    int place = -1, count = (int)points->count;
    for (int i = 0; i < count; i++)
        if (points->id[i] == points->chosen)
            place = i;
    if (place < 0 && step < 0)
        place = count;
    place += step;
    points->chosen = place >= 0 && place < count ? points->id[place] : 0;
}

void line_key(struct ui_state *state, int64_t key) {
    char character[2] = {(char)key, 0};
    switch (key) {
    case UI_KEY_BACKSPACE:
        if (state->line_at > 0)
            line_delete(state, state->line_at - 1);
        return;
    case UI_KEY_DELETE: line_delete(state, state->line_at); return;
    case UI_KEY_LEFT: state->line_at -= state->line_at > 0; return;
    case UI_KEY_RIGHT: state->line_at += state->line_at < state->line_length; return;
    case UI_KEY_HOME: state->line_at = 0; return;
    case UI_KEY_END: state->line_at = state->line_length; return;
    case UI_KEY_CLEAR: line_clear(state); return;
    case UI_KEY_UP: choose_neighbour(&state->points, -1); return;
    case UI_KEY_DOWN: choose_neighbour(&state->points, 1); return;
    case UI_KEY_TAB:
        if (state->stops)
            line_complete(state);
        return;
    default:
        if (key < 32 || key > 126)
            return;
        state->points.chosen = 0;
        line_insert(state, character);
    }
}

enum ui_action line_key_action(const struct ui_state *state, uint32_t key, int64_t *argument) {
    const struct ui_points *points = &state->points;
    *argument = (int64_t)key;
    if (!state->stops || points->chosen == 0 || (key != UI_KEY_ENTER && key != UI_KEY_DELETE && key != ' '))
        return key != UI_KEY_ENTER ? ACTION_LINE_KEY : state->line_length ? ACTION_LINE_ENTER : ACTION_NONE;
    *argument = (int64_t)points->chosen;
    if (key == UI_KEY_DELETE)
        return ACTION_POINT_REMOVE;
    for (unsigned i = 0; i < points->count; i++)
        if (points->id[i] == points->chosen && points->enabled[i])
            *argument = -*argument;
    return ACTION_POINT_ENABLE;
}

void line_open(struct ui_state *state, bool *overlay) {
    bool was = *overlay;
    state->stops = state->searching = state->help = state->typing = false;
    state->asked = state->answered = false;
    state->points.chosen = 0;
    line_clear(state);
    *overlay = !was;
}

void line_observe(struct ui_state *state, const struct view *view) {
    struct ui_points *points = &state->points;
    unsigned before = points->count, chosen = 0;
    points->count = (unsigned)(view->point_count < DEBUG_POINTS_MAX ? view->point_count : DEBUG_POINTS_MAX);
    for (unsigned i = 0; i < points->count; i++) {
        points->id[i] = view->points[i].id;
        points->enabled[i] = view->points[i].enabled;
        if (points->id[i] == points->chosen)
            chosen = points->chosen;
    }
    points->chosen = chosen;
    if (view->said_serial == state->said_serial)
        return;
    state->said_serial = view->said_serial;
    state->answered = state->asked;
    if (state->asked && state->stops && points->count > before)
        line_clear(state);
    state->asked = false;
}
