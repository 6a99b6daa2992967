/* See recording.h. */
#include "emu/ui/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_MS 40u /* what comes sooner is left out */

struct ui_recording {
    struct ui_gif *gif; /* NULL before the first picture */
    int width, height;
    uint32_t since;     /* when the newest picture came */
    uint32_t remainder; /* milliseconds that have not become hundredths yet */
    char path[4096], error[300];
};

struct ui_recording *ui_recording_begin(const char *path) {
    struct ui_recording *recording = calloc(1, sizeof *recording);
    if (recording)
        snprintf(recording->path, sizeof recording->path, "%s", path);
    return recording;
}

/* The newest picture was seen until now. */
static void pass_time(struct ui_recording *recording, uint32_t now) {
    uint32_t passed = now - recording->since + recording->remainder;
    ui_gif_lengthen(recording->gif, passed / 10);
    recording->remainder = passed % 10;
    recording->since = now;
}

bool ui_recording_picture(struct ui_recording *recording, const uint32_t *pixels, int width, int height, uint32_t now) {
    if (!recording->gif) {
        recording->gif = ui_gif_open(recording->path, width, height, recording->error, sizeof recording->error);
        recording->width = width;
        recording->height = height;
        recording->since = now;
        return recording->gif && ui_gif_add(recording->gif, pixels, 0) == 0;
    }
    if (width != recording->width || height != recording->height)
        return false;
    if (now - recording->since < LEAST_MS)
        return true;
    pass_time(recording, now);
    return ui_gif_add(recording->gif, pixels, 0) == 0;
}

int ui_recording_end(struct ui_recording *recording, uint32_t now, char *said, size_t said_size) {
    int result = recording->error[0] ? -EIO : 0;
    snprintf(said, said_size, "%s", result ? recording->error : "there was nothing to record");
    if (recording->gif) {
        pass_time(recording, now);
        result = ui_gif_close(recording->gif, true, said, said_size);
        if (result == 0)
            snprintf(said, said_size, "saved %s", recording->path);
    }
    free(recording);
    return result;
}
