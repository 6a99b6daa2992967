/* Draw lists to pixels and to PNG files. */
#include "emu/ui/canvas.h"
#include "emu/ui/ui.h"

#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIDE_MAX 16384 /* device pixels */

int ui_render_pixels(const struct draw_list *list, float scale, uint32_t *pixels, int device_width, int device_height) {
    struct canvas canvas;
    if (list->failed)
        return -ENOMEM;
    memset(pixels, 0, (size_t)device_width * (size_t)device_height * sizeof *pixels);
    canvas_open(&canvas, pixels, device_width, device_height, scale);
    canvas_play(&canvas, list, 0, list->count, (struct irect){0, 0, device_width, device_height});
    canvas_close(&canvas);
    return 0;
}

/* Writes the surface beside path, then renames: path is whole or untouched. 0 or -errno. */
static int write_png(cairo_surface_t *surface, const char *path) {
    size_t size = strlen(path) + 32;
    char *beside = malloc(size);
    if (!beside)
        return -ENOMEM;
    snprintf(beside, size, "%s.%ld.part", path, (long)getpid());
    errno = 0;
    cairo_status_t status = cairo_surface_write_to_png(surface, beside);
    int result = 0;
    if (status == CAIRO_STATUS_NO_MEMORY)
        result = -ENOMEM;
    else if (status != CAIRO_STATUS_SUCCESS)
        result = errno ? -errno : -EIO;
    else if (rename(beside, path) != 0)
        result = -errno;
    if (result != 0)
        unlink(beside);
    free(beside);
    return result;
}

static int render_to_file(const struct draw_list *list, int width, int height, float scale, const char *path) {
    uint32_t *pixels = calloc((size_t)width * (size_t)height, sizeof *pixels);
    if (!pixels)
        return -ENOMEM;
    int result = ui_render_pixels(list, scale, pixels, width, height);
    if (result == 0) {
        cairo_surface_t *surface =
            cairo_image_surface_create_for_data((unsigned char *)pixels, CAIRO_FORMAT_RGB24, width, height, width * 4);
        result = write_png(surface, path);
        cairo_surface_destroy(surface);
    }
    free(pixels);
    return result;
}

int ui_render_png(const struct draw_list *list, float width, float height, float scale, const char *path, char *error,
                  size_t error_size) {
    float w = roundf(width * scale), h = roundf(height * scale);
    if (!(w >= 1 && h >= 1 && w <= SIDE_MAX && h <= SIDE_MAX)) {
        snprintf(error, error_size, "cannot draw a picture of %.0f x %.0f pixels: each side must be 1 to %d", (double)w,
                 (double)h, SIDE_MAX);
        return -EINVAL;
    }
    int result = render_to_file(list, (int)w, (int)h, scale, path);
    if (result != 0)
        snprintf(error, error_size, "cannot write the picture %s: %s; choose a folder that you may write to", path,
                 strerror(-result));
    return result;
}
