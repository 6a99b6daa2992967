/*
 * Pictures without a display: the window or one panel, as PNG, SVG, or many of them as a GIF. Options of `run`,
 * `render` and `demo`. A faultline that is built without the window has these functions, too (no_window.c); they
 * complain.
 */
#ifndef FAULTLINE_PICTURE_H
#define FAULTLINE_PICTURE_H

#include "emu/debug/session.h"

#define PICTURE_WIDTH 1280u
#define PICTURE_HEIGHT 800u
#define PICTURE_WINDOW (-1)

struct picture {
    const char *path;       /* ends in .svg: shapes, else a PNG; NULL: no picture */
    int panel;              /* enum ui_panel, PICTURE_WINDOW: the whole window */
    int scene, overlay;     /* enum ui_scene, enum ui_overlay */
    unsigned width, height; /* logical pixels; 0: PICTURE_WIDTH, PICTURE_HEIGHT */
    float scale;            /* 0: 1 */
};

/* "frames" ..., "window"; "fault", "reclaim" ...; "use", "bits" ...: false when there is no such word. */
bool picture_panel(const char *name, int *panel);
bool picture_scene(const char *name, int *scene);
bool picture_overlay(const char *name, int *overlay);
bool picture_is(const char *path, const char *ending); /* ".gif", in upper or lower case */
/* What a session must gather for its views. */
void picture_prepare(struct session *session);
/* caption: a demo's sentence, "" none. False after complaining. */
bool picture_write(const struct picture *picture, const char *caption, const struct view *view);

/* ---- recordings ---- */
struct recorder;

/* A GIF at picture->path. False after complaining. */
struct recorder *recorder_open(const struct picture *picture);
/* How the next pictures are drawn. */
void recorder_look(struct recorder *recorder, int scene, const char *caption);
/* One picture of the session now, shown for so many hundredths of a second. */
void recorder_take(struct recorder *recorder, struct session *session, enum view_state state, unsigned hundredths);
/* A slice of a run: until `limit` or a stop, at most to where the next picture is due, which is taken. About one each
 * 2 ms of virtual time at first, twice as far apart after each dozen, so that a long run makes a short recording.
 * run(session, until) runs it. */
enum machine_stop recorder_run(struct recorder *recorder, struct session *session, vtime limit,
                               enum machine_stop (*run)(struct session *session, vtime until));
/* How long a viewer needs to read text, in hundredths of a second. */
unsigned recorder_reading_time(const char *text);
/* Ends it; keep: the file gets its name. False after complaining. */
bool recorder_close(struct recorder *recorder, bool keep);

#endif
