#include "emu/ui/shapes.h"

#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Copies the surface's coverage out. alpha is NULL when out of memory. */
static struct shape_mask take_mask(cairo_surface_t *surface, cairo_t *cairo, int width, int height, int edge) {
    struct shape_mask mask = {width, height, edge, NULL};
    bool drawn = cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    mask.alpha = drawn ? malloc((size_t)width * (size_t)height) : NULL;
    for (int y = 0; y < height && mask.alpha; y++)
        memcpy(mask.alpha + (size_t)y * (size_t)width,
               cairo_image_surface_get_data(surface) + (size_t)y * (size_t)cairo_image_surface_get_stride(surface),
               (size_t)width);
    cairo_surface_destroy(surface);
    return mask;
}

static void rounded_path(cairo_t *cairo, double inset, double width, double height, double radius) {
    double x = inset, y = inset, w = width - 2 * inset, h = height - 2 * inset, r = fmin(radius, fmin(w, h) / 2);
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x + w - r, y + r, r, -M_PI / 2, 0);
    cairo_arc(cairo, x + w - r, y + h - r, r, 0, M_PI / 2);
    cairo_arc(cairo, x + r, y + h - r, r, M_PI / 2, M_PI);
    cairo_arc(cairo, x + r, y + r, r, M_PI, 3 * M_PI / 2);
    cairo_close_path(cairo);
}

static struct shape_mask draw_rounded(int width, int height, double radius, double stroke, int edge) {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, width, height);
    cairo_t *cairo = cairo_create(surface);
    if (stroke > 0) {
        rounded_path(cairo, stroke / 2, width, height, fmax(radius - stroke / 2, 0));
        cairo_set_line_width(cairo, stroke);
        cairo_stroke(cairo);
    } else {
        rounded_path(cairo, 0, width, height, radius);
        cairo_fill(cairo);
    }
    return take_mask(surface, cairo, width, height, edge);
}

void shapes_free(struct shapes *shapes) {
    for (unsigned i = 0; i < shapes->count; i++)
        free(shapes->kept[i].mask.alpha);
    memset(shapes, 0, sizeof *shapes);
}

static int at_most(int a, int b) { return a < b ? a : b; }

const struct shape_mask *shapes_rounded(struct shapes *shapes, int width, int height, float radius, float stroke) {
    int edge = (int)ceilf(fmaxf(radius, 0) + stroke) + 1;
    width = at_most(width, 2 * edge + 1);
    height = at_most(height, 2 * edge + 1);
    for (unsigned i = 0; i < shapes->count; i++) {
        const struct kept_shape *kept = &shapes->kept[i];
        if (kept->width == width && kept->height == height && kept->radius == radius && kept->stroke == stroke)
            return &kept->mask;
    }
    struct shape_mask mask = draw_rounded(width, height, (double)radius, (double)stroke, edge);
    if (!mask.alpha)
        return NULL;
    unsigned slot = shapes->count < SHAPES_KEPT ? shapes->count++ : shapes->next++ % SHAPES_KEPT;
    free(shapes->kept[slot].mask.alpha);
    shapes->kept[slot] = (struct kept_shape){width, height, radius, stroke, mask};
    return &shapes->kept[slot].mask;
}

struct shape_mask shape_line(float x1, float y1, float x2, float y2, float width, int *left, int *top) {
    float room = width / 2 + 1;
    *left = (int)floorf(fminf(x1, x2) - room);
    *top = (int)floorf(fminf(y1, y2) - room);
    int w = (int)ceilf(fmaxf(x1, x2) + room) - *left, h = (int)ceilf(fmaxf(y1, y2) + room) - *top;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, w, h);
    cairo_t *cairo = cairo_create(surface);
    cairo_set_line_width(cairo, (double)width);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cairo, (double)x1 - *left, (double)y1 - *top);
    cairo_line_to(cairo, (double)x2 - *left, (double)y2 - *top);
    cairo_stroke(cairo);
    return take_mask(surface, cairo, w, h, 0);
}
