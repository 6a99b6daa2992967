/* See picture.h. */
#include "emu/commands/picture.h"

#include "emu/commands/command.h"
#include "emu/commands/window_picture.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool find(const char *name, const char *const *names, int count, int *to) {
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return *to = i, true;
    return false;
}

bool picture_panel(const char *name, int *panel) {
    *panel = strcmp(name, "window") == 0 ? PICTURE_WINDOW : ui_panel_named(name);
    return *panel >= 0 || strcmp(name, "window") == 0;
}

bool picture_scene(const char *name, int *scene) {
    static const char *const names[SCENE_COUNT] = {"fault", "reclaim", "memory", "console"};
    return find(name, names, SCENE_COUNT, scene);
}

bool picture_overlay(const char *name, int *overlay) {
    static const char *const names[OVERLAY_COUNT] = {"use", "bits", "age", "mapcount"};
    return find(name, names, OVERLAY_COUNT, overlay);
}

bool picture_is(const char *path, const char *ending) {
    size_t length = strlen(path), end = strlen(ending);
    return length > end && strcasecmp(path + length - end, ending) == 0;
}

void picture_prepare(struct session *session) {
    session_interest(session, INTEREST_BITS | INTEREST_AGES | INTEREST_STRIPS | INTEREST_ENTRIES);
}

void picture_state(const struct picture *picture, struct ui_state *state) {
    ui_state_init(state, (float)(picture->width ? picture->width : PICTURE_WIDTH),
                  (float)(picture->height ? picture->height : PICTURE_HEIGHT));
    state->scale = picture->scale > 0 ? picture->scale : 1;
    state->scene = (enum ui_scene)picture->scene;
    state->overlay = (enum ui_overlay)picture->overlay;
}

void picture_draw(struct ui_frame *frame, const struct view *view, const struct ui_state *state, int panel) {
    if (panel == PICTURE_WINDOW)
        ui_draw(frame, view, state);
    else
        ui_draw_panel(frame, view, state, (enum ui_panel)panel);
}

bool picture_write(const struct picture *picture, const char *caption, const struct view *view) {
    struct ui_state state;
    struct ui_frame frame;
    char error[300];
    picture_state(picture, &state);
    snprintf(state.caption, sizeof state.caption, "%s", caption);
    if (view->selection.kind != SELECT_NONE) /* its life stands in front */
        state.fronts = 1u << PANEL_LIFE;
    ui_observe(&state, view);
    ui_frame_init(&frame);
    picture_draw(&frame, view, &state, picture->panel);
    int result =
        picture_is(picture->path, ".svg")
            ? ui_render_svg(&frame.list, state.width, state.height, picture->path, error, sizeof error)
            : ui_render_png(&frame.list, state.width, state.height, state.scale, picture->path, error, sizeof error);
    ui_frame_free(&frame);
    if (result != 0)
        complain("%s", error);
    return result == 0;
}
