/*
 * A canvas: device pixels that draw commands are played onto. Used by render.c (pictures) and raster.c (the window),
 * which is why a picture and the window are the same pixels.
 */
#ifndef FAULTLINE_CANVAS_H
#define FAULTLINE_CANVAS_H

#include "emu/ui/draw.h"
#include "emu/ui/shapes.h"

#define CANVAS_CLIPS 8

struct irect { /* device pixels, half-open */
    int x0, y0, x1, y1;
};

struct canvas {
    struct shapes shapes;
    uint32_t *pixels; /* the caller's; width * height words */
    int width, height;
    float scale;
    struct irect clips[CANVAS_CLIPS]; /* clips[0]: what may be touched at all */
    unsigned clip_depth;
    unsigned clips_ignored; /* nested deeper than CANVAS_CLIPS */
};

/* pixels stay the caller's and must outlive the canvas. */
void canvas_open(struct canvas *canvas, uint32_t *pixels, int width, int height, float scale);
void canvas_close(struct canvas *canvas);

/* Device pixels that a logical rectangle may touch, and the part that two share (empty: x0 >= x1 or y0 >= y1). */
struct irect canvas_device(const struct canvas *canvas, struct rect at);
struct irect irect_meet(struct irect a, struct irect b);
bool irect_empty(struct irect r);

/* Only pixels inside `only` change. Commands [first, first + count) of the list. */
void canvas_play(struct canvas *canvas, const struct draw_list *list, size_t first, size_t count, struct irect only);

#endif
