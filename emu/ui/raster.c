/*
 * The kept picture. A region whose hash and place are those of the last picture has the same pixels, so it is left
 * alone. Where a region changed, appeared, moved or went away, its rectangle (old and new) is damaged; every damaged
 * rectangle is drawn again from all regions that reach into it, clipped to it. The result equals a full drawing
 * (tests/ui/test_raster.c compares them).
 */
#include "emu/ui/canvas.h"
#include "emu/ui/ui.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct kept_region {
    struct rect at;
    uint64_t hash;
};

struct ui_raster {
    uint32_t *pixels;
    int width, height;
    float scale;
    struct kept_region kept[UI_REGIONS];
    unsigned kept_count;
};

struct ui_raster *ui_raster_create(void) {
    return calloc(1, sizeof(struct ui_raster));
}

void ui_raster_destroy(struct ui_raster *raster) {
    if (!raster)
        return;
    free(raster->pixels);
    free(raster);
}

const uint32_t *ui_raster_pixels(const struct ui_raster *raster) { return raster->pixels; }

/* A new size or scale: everything is to be drawn. 0 or -ENOMEM. */
static int resize(struct ui_raster *raster, float scale, int width, int height) {
    if (raster->pixels && raster->width == width && raster->height == height && raster->scale == scale)
        return 0;
    uint32_t *pixels = calloc((size_t)width * (size_t)height, sizeof *pixels);
    if (!pixels)
        return -ENOMEM;
    free(raster->pixels);
    raster->pixels = pixels;
    raster->width = width;
    raster->height = height;
    raster->scale = scale;
    raster->kept_count = 0;
    return 0;
}

static bool same_place(struct rect a, struct rect b) { return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h; }

struct damage_list {
    struct irect at[UI_REGIONS * 2];
    int count;
};

static void add_damage(struct damage_list *list, const struct canvas *canvas, struct rect at) {
    struct irect all = {0, 0, canvas->width, canvas->height};
    struct irect r = irect_meet(canvas_device(canvas, at), all);
    for (int i = 0; i < list->count; i++) {
        struct irect k = list->at[i];
        if (k.x0 <= r.x0 && k.y0 <= r.y0 && k.x1 >= r.x1 && k.y1 >= r.y1)
            return;
    }
    if (!irect_empty(r))
        list->at[list->count++] = r;
}

static void find_damage(const struct ui_raster *raster, const struct canvas *canvas, const struct ui_frame *frame,
                        struct damage_list *list) {
    unsigned most = frame->region_count > raster->kept_count ? frame->region_count : raster->kept_count;
    for (unsigned i = 0; i < most; i++) {
        bool had = i < raster->kept_count, has = i < frame->region_count;
        if (had && has && raster->kept[i].hash == frame->regions[i].hash &&
            same_place(raster->kept[i].at, frame->regions[i].at))
            continue;
        if (has)
            add_damage(list, canvas, frame->regions[i].at);
        if (had)
            add_damage(list, canvas, raster->kept[i].at);
    }
}

static void repaint(struct canvas *canvas, const struct ui_frame *frame, struct irect damaged) {
    for (unsigned i = 0; i < frame->region_count; i++) {
        const struct ui_region *region = &frame->regions[i];
        struct irect shared = irect_meet(damaged, canvas_device(canvas, region->at));
        if (!irect_empty(shared))
            canvas_play(canvas, &frame->list, region->first, region->count, shared);
    }
}

int ui_raster_update(struct ui_raster *raster, const struct ui_frame *frame, float scale, int device_width,
                     int device_height, struct ui_damage damage[UI_REGIONS * 2]) {
    if (frame->list.failed)
        return -ENOMEM;
    int status = resize(raster, scale, device_width, device_height);
    struct canvas canvas;
    if (status != 0)
        return status;
    canvas_open(&canvas, raster->pixels, device_width, device_height, scale);
    struct damage_list list = {.count = 0};
    find_damage(raster, &canvas, frame, &list);
    for (int i = 0; i < list.count; i++) {
        struct irect r = list.at[i];
        repaint(&canvas, frame, r);
        damage[i] = (struct ui_damage){r.x0, r.y0, r.x1 - r.x0, r.y1 - r.y0};
    }
    canvas_close(&canvas);
    raster->kept_count = frame->region_count;
    for (unsigned i = 0; i < frame->region_count; i++)
        raster->kept[i] = (struct kept_region){frame->regions[i].at, frame->regions[i].hash};
    return list.count;
}
