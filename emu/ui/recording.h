/*
 * The window's recording: the pictures as they are shown, at most 25 a second, each for as long as it was seen, in a
 * GIF. Time is the caller's, in milliseconds of any clock; the size is that of the first picture.
 */
#ifndef FAULTLINE_RECORDING_H
#define FAULTLINE_RECORDING_H

#include "emu/ui/gif.h"

struct ui_recording;

/* path: where it will be; copied. NULL: no memory. The file begins with the first picture. */
struct ui_recording *ui_recording_begin(const char *path);
/* pixels: width * height words. False: it cannot go on (another size, a failed write); end it. */
bool ui_recording_picture(struct ui_recording *recording, const uint32_t *pixels, int width, int height, uint32_t now);
/* Writes the rest and frees it. 0, or -errno; a sentence for both in said ("saved faultline-1.gif"). */
int ui_recording_end(struct ui_recording *recording, uint32_t now, char *said, size_t said_size);

#endif
