/*
 * A recording: pictures of one size, one after the other, as an endless GIF.
 *
 * The model. A picture is held until a different one comes; equal ones only lengthen it. Of each picture only the
 * rectangle that differs from the one before is written, with the colours that it has: all of them exactly when they
 * are at most 256, else the 256 most frequent ones and the nearest of these for the rest, so that flat areas never
 * flicker. The file appears whole when it is closed, or not at all.
 */
#ifndef FAULTLINE_GIF_H
#define FAULTLINE_GIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ui_gif;

/* NULL and one sentence on failure. */
struct ui_gif *ui_gif_open(const char *path, int width, int height, char *error, size_t error_size);
/* pixels: width * height words, 0x00RRGGBB and anything in the top byte; shown for so many hundredths of a second. 0 or
 * -errno (which ui_gif_close() tells, too). */
int ui_gif_add(struct ui_gif *gif, const uint32_t *pixels, unsigned hundredths);
/* The newest picture is shown so much longer. */
void ui_gif_lengthen(struct ui_gif *gif, unsigned hundredths);
/* Ends and frees it. keep: the file gets its name; else nothing is left. 0, or -errno and one sentence. */
int ui_gif_close(struct ui_gif *gif, bool keep, char *error, size_t error_size);

#endif
