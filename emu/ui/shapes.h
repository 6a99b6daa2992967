/*
 * Coverage masks of round and slanted shapes. cairo draws them, each alone and unclipped, so that a shape has the same
 * pixels whatever part of a picture is being drawn.
 */
#ifndef FAULTLINE_SHAPES_H
#define FAULTLINE_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#define SHAPES_KEPT 48u

struct shape_mask {
    int width, height, edge; /* beyond `edge` pixels from each side the rows (columns) of a rounded shape repeat */
    uint8_t *alpha;          /* NULL: nothing to draw */
};

struct kept_shape {
    int width, height;
    float radius, stroke;
    struct shape_mask mask;
};

struct shapes { /* zero-initialised; freed by shapes_free() */
    struct kept_shape kept[SHAPES_KEPT];
    unsigned count, next;
};

void shapes_free(struct shapes *shapes);

/* A rounded rectangle of width x height pixels; stroke 0 fills it, else a line of that width lies inside its edge.
 * The mask is that of the smallest such shape whose middle can be repeated. NULL: no memory. Valid until the next call.
 */
const struct shape_mask *shapes_rounded(struct shapes *shapes, int width, int height, float radius, float stroke);

/* A line between two points, in a mask whose top left is the pixel (*left, *top). alpha is the caller's to free. */
struct shape_mask shape_line(float x1, float y1, float x2, float y2, float width, int *left, int *top);

#endif
