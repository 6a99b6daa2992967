/* See record.h. Where pictures are taken depends on virtual time alone: the same run gives the same file. */
#include "emu/commands/record.h"

#include "emu/commands/command.h"
#include "emu/ui/gif.h"

#include <errno.h>
#include <math.h>
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
    char path[4096];
};

struct recorder *recorder_open(const char *path, const struct ui_state *state, int panel) {
    char error[300];
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder) {
        complain("no memory on the host for a recording; free some and try again");
        return NULL;
    }
    recorder->state = *state;
    recorder->panel = panel;
    recorder->width = (int)lroundf(state->width * state->scale);
    recorder->height = (int)lroundf(state->height * state->scale);
    ui_frame_init(&recorder->frame);
    recorder->pixels = calloc((size_t)recorder->width * (size_t)recorder->height, sizeof *recorder->pixels);
    recorder->gif = recorder->pixels ? ui_gif_open(path, recorder->width, recorder->height, error, sizeof error) : NULL;
    if (recorder->gif)
        return recorder;
    complain("%s", recorder->pixels ? error : "no memory on the host for a recording; free some and try again");
    free(recorder->pixels);
    ui_frame_free(&recorder->frame);
    free(recorder);
    return NULL;
}

struct ui_state *recorder_state(struct recorder *recorder) {
    return &recorder->state;
}

void recorder_take(struct recorder *recorder, struct session *session, enum view_state state, unsigned hundredths) {
    struct view *view = session_view(session, 0, state);
    if (!view) {
        recorder->error = -ENOMEM;
        return;
    }
    ui_observe(&recorder->state, view);
    if (recorder->panel < 0)
        ui_draw(&recorder->frame, view, &recorder->state);
    else
        ui_draw_panel(&recorder->frame, view, &recorder->state, (enum ui_panel)recorder->panel);
    int result = ui_render_pixels(&recorder->frame.list, recorder->state.scale, recorder->pixels, recorder->width,
                                  recorder->height);
    if (result == 0)
        result = ui_gif_add(recorder->gif, recorder->pixels, hundredths);
    if (result != 0)
        recorder->error = result;
    view_free(view);
}

enum machine_stop recorder_run(struct recorder *recorder, struct session *session, vtime limit) {
    vtime step = FIRST_STEP_NS;
    for (unsigned taken = 0;;) {
        vtime next = machine_now(session_machine(session)) + step;
        enum machine_stop stop = session_run(session, next < limit ? next : limit);
        if (stop != MACHINE_STOP_LIMIT || machine_now(session_machine(session)) >= limit)
            return stop;
        recorder_take(recorder, session, VIEW_RUNNING, MOVING);
        if (++taken % STEPS_ALIKE == 0)
            step *= 2;
    }
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
    ui_frame_free(&recorder->frame);
    free(recorder->pixels);
    free(recorder);
    return written && drawn;
}
