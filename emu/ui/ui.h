/*
 * emu/ui: what the window shows, as functions from a snapshot (debug/view.h) and the UI's own state to a draw list;
 * the rasteriser; the SDL2 window. SDL appears only in window.c.
 */
#ifndef FAULTLINE_UI_H
#define FAULTLINE_UI_H

#include "emu/debug/view.h"
#include "emu/ui/draw.h"

enum ui_scene { SCENE_FAULT, SCENE_RECLAIM, SCENE_MEMORY, SCENE_CONSOLE, SCENE_COUNT };

enum ui_action {
    ACTION_NONE, ACTION_RUN_PAUSE, ACTION_NEXT_FAULT, ACTION_PREVIOUS_FAULT, ACTION_STEP, ACTION_SCREENSHOT, ACTION_HELP,
    ACTION_QUIT, ACTION_SCENE, ACTION_SELECT_FRAME, ACTION_SELECT_FAULT, ACTION_MAXIMISE, ACTION_TYPE
};

/* The UI's own state; owned by the window's thread. */
struct ui_state {
    enum ui_scene scene;
    float width, height;       /* logical pixels */
    float mouse_x, mouse_y;    /* < 0: outside */
    bool help;
    int64_t selected_pfn;      /* -1: none */
    int maximised;             /* panel number, -1: none */
    float frames_zoom, frames_scroll;
    char caption[400];         /* a demo's sentence; "" none */
};

struct ui_hit { /* where a click does something; later entries are on top */
    struct rect at;
    enum ui_action action;
    int64_t argument;
};

struct ui_frame { /* one drawn picture: commands and what can be clicked */
    struct draw_list list;
    struct ui_hit hits[256];
    unsigned hit_count;
};

void ui_state_init(struct ui_state *state, float width, float height);
void ui_frame_init(struct ui_frame *frame);
void ui_frame_free(struct ui_frame *frame);
/* Draws the whole window. view may be NULL (nothing published yet). */
void ui_draw(struct ui_frame *frame, const struct view *view, const struct ui_state *state);
/* The action under a point, ACTION_NONE where there is none. */
enum ui_action ui_hit_at(const struct ui_frame *frame, float x, float y, int64_t *argument);

/* render.c: pixels. Width and height in device pixels = logical * scale. 0 or -errno with a sentence in error. */
int ui_render_png(const struct draw_list *list, float width, float height, float scale, const char *path, char *error,
                  size_t error_size); /* writes beside path, then renames */
/* pixels: device_width * device_height ARGB32 words, premultiplied, native endian. */
int ui_render_pixels(const struct draw_list *list, float scale, uint32_t *pixels, int device_width, int device_height);

/* What the window asks of the one who runs the machine. All may be called from the window's thread. */
struct ui_control {
    void *owner;
    const struct view *(*acquire)(void *owner); /* newest snapshot; the previous one stays valid until the next acquire */
    void (*act)(void *owner, enum ui_action action, int64_t argument);
    void (*type)(void *owner, const char *bytes, size_t count); /* keys for the guest's console */
};

/* Runs the window until the user closes it. 0, or -errno with a sentence (no display, no SDL). Writes screenshots
 * (key p) to faultline-N.png in the current directory. */
int ui_window_run(const struct ui_control *control, const char *title, char *error, size_t error_size);

#endif
