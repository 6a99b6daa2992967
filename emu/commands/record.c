/* Recordings: see picture.h. Where pictures are taken depends on virtual time alone: the same run gives the same file.
 */
#include "emu/commands/command.h"
#include "emu/commands/window_picture.h"
#include "emu/ui/gif.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_STEP_NS 2000000ull
#define STEPS_ALIKE 12u
#define MOVING 8u         /* hundredths that a picture of a running guest is shown */
#define READING_BASE 120u /* hundredths to see that there is something to read */
#define READING_WORD 30u

struct recorder {
    struct ui_gif *gif;
    struct ui_state state;
    struct ui_frame frame;
    uint32_t *pixels;
    int panel, width, height, error;
    vtime step, due; /* when the next picture of a running guest is taken; 0: not set yet */
    unsigned taken;  /* with this step */
};

static bool begin(struct recorder *recorder, const char *path) {
    char error[300];
    recorder->pixels = calloc((size_t)recorder->width * (size_t)recorder->height, sizeof *recorder->pixels);
    if (!recorder->pixels) {
        complain("no memory on the host for a recording; free some and try again");
        return false;
    }
    recorder->gif = ui_gif_open(path, recorder->width, recorder->height, error, sizeof error);
    if (!recorder->gif)
        complain("%s", error);
    return recorder->gif != NULL;
}

static void recorder_free(struct recorder *recorder) {
    ui_frame_free(&recorder->frame);
    free(recorder->pixels);
    free(recorder);
}

struct recorder *recorder_open(const struct picture *picture) {
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder) {
        complain("no memory on the host for a recording; free some and try again");
        return NULL;
    }
    picture_state(picture, &recorder->state);
    recorder->panel = picture->panel;
    recorder->step = FIRST_STEP_NS;
    recorder->width = (int)lroundf(recorder->state.width * recorder->state.scale);
    recorder->height = (int)lroundf(recorder->state.height * recorder->state.scale);
    ui_frame_init(&recorder->frame);
    if (begin(recorder, picture->path))
        return recorder;
    recorder_free(recorder);
    return NULL;
}

void recorder_look(struct recorder *recorder, int scene, const char *caption) {
    recorder->state.scene = (enum ui_scene)scene;
    snprintf(recorder->state.caption, sizeof recorder->state.caption, "%s", caption);
    recorder->step = FIRST_STEP_NS; /* what comes now is new */
    recorder->taken = 0;
    recorder->due = 0;
}

void recorder_take(struct recorder *recorder, struct session *session, enum view_state state, unsigned hundredths) {
    struct view *view = session_view(session, 0, state);
    if (!view) {
        recorder->error = -ENOMEM;
        return;
    }
    ui_observe(&recorder->state, view);
    picture_draw(&recorder->frame, view, &recorder->state, recorder->panel);
    int result = ui_render_pixels(&recorder->frame.list, recorder->state.scale, recorder->pixels, recorder->width,
                                  recorder->height);
    if (result == 0)
        result = ui_gif_add(recorder->gif, recorder->pixels, hundredths);
    if (result != 0)
        recorder->error = result;
    view_free(view);
}

enum machine_stop recorder_run(struct recorder *recorder, struct session *session, vtime limit,
                               enum machine_stop (*run)(struct session *session, vtime until)) {
    struct machine *machine = session_machine(session);
    if (recorder->due == 0)
        recorder->due = machine_now(machine) + recorder->step;
    enum machine_stop stop = run(session, recorder->due < limit ? recorder->due : limit);
    if (stop != MACHINE_STOP_LIMIT || machine_now(machine) < recorder->due)
        return stop;
    recorder_take(recorder, session, VIEW_RUNNING, MOVING);
    if (++recorder->taken % STEPS_ALIKE == 0)
        recorder->step *= 2;
    recorder->due = machine_now(machine) + recorder->step;
    return stop;
}

unsigned recorder_reading_time(const char *text) {
    unsigned words = 0;
    for (const char *at = text; *at; at++)
        words += *at == ' ' && at[1] != ' ';
    return READING_BASE + READING_WORD * (words + 1);
}

bool recorder_close(struct recorder *recorder, bool keep) {
    char error[300];
    bool drawn = recorder->error == 0;
    bool written = ui_gif_close(recorder->gif, keep && drawn, error, sizeof error) == 0;
    if (!written)
        complain("%s", error);
    else if (!drawn)
        complain("the recording could not be drawn: %s", strerror(-recorder->error));
    recorder_free(recorder);
    return written && drawn;
}
