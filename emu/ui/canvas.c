/*
 * Playing draw commands. Straight things (fills without corners, lines along an axis, cells, letters) are written into
 * the pixels directly, on whole device pixels, so that they are sharp at every scale; what is round or slanted comes as
 * coverage masks (shapes.h). A pixel's value depends on the commands alone, never on the clip, so that a picture drawn
 * in parts equals one drawn at once.
 */
#include "emu/ui/canvas.h"
#include "emu/ui/cells.h"
#include "emu/ui/fonts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void canvas_open(struct canvas *canvas, uint32_t *pixels, int width, int height, float scale) {
    memset(canvas, 0, sizeof *canvas);
    canvas->pixels = pixels;
    canvas->width = width;
    canvas->height = height;
    canvas->scale = scale;
}

void canvas_close(struct canvas *canvas) { shapes_free(&canvas->shapes); }

bool irect_empty(struct irect r) { return r.x0 >= r.x1 || r.y0 >= r.y1; }

struct irect irect_meet(struct irect a, struct irect b) {
    return (struct irect){a.x0 > b.x0 ? a.x0 : b.x0, a.y0 > b.y0 ? a.y0 : b.y0, a.x1 < b.x1 ? a.x1 : b.x1,
                          a.y1 < b.y1 ? a.y1 : b.y1};
}

struct irect canvas_device(const struct canvas *canvas, struct rect at) {
    float s = canvas->scale;
    return (struct irect){(int)floorf(at.x * s), (int)floorf(at.y * s), (int)ceilf((at.x + at.w) * s),
                          (int)ceilf((at.y + at.h) * s)};
}

/* The rectangle's edges moved to the nearest pixel borders; at least one pixel each way. */
static struct irect snapped(const struct canvas *canvas, struct rect at) {
    float s = canvas->scale;
    struct irect r = {(int)lroundf(at.x * s), (int)lroundf(at.y * s), (int)lroundf((at.x + at.w) * s),
                      (int)lroundf((at.y + at.h) * s)};
    r.x1 = r.x1 > r.x0 ? r.x1 : r.x0 + 1;
    r.y1 = r.y1 > r.y0 ? r.y1 : r.y0 + 1;
    return r;
}

static struct irect clip_now(const struct canvas *canvas) { return canvas->clips[canvas->clip_depth]; }

void pixel_blend(uint32_t *pixel, color ink, unsigned coverage) {
    unsigned alpha = (ink & 0xff) * coverage / 255;
    if (alpha == 0)
        return;
    uint32_t under = *pixel;
    unsigned keep = 255 - alpha;
    unsigned r = ((ink >> 24) * alpha + (under >> 16 & 0xff) * keep + 127) / 255;
    unsigned g = ((ink >> 16 & 0xff) * alpha + (under >> 8 & 0xff) * keep + 127) / 255;
    unsigned b = ((ink >> 8 & 0xff) * alpha + (under & 0xff) * keep + 127) / 255;
    unsigned a = alpha + ((under >> 24) * keep + 127) / 255;
    *pixel = a << 24 | r << 16 | g << 8 | b;
}

static void fill_pixels(struct canvas *canvas, struct irect r, color ink) {
    r = irect_meet(r, clip_now(canvas));
    uint32_t solid = 0xff000000u | ink >> 8;
    for (int y = r.y0; y < r.y1; y++) {
        uint32_t *row = canvas->pixels + (size_t)y * (size_t)canvas->width;
        for (int x = r.x0; x < r.x1; x++) {
            if ((ink & 0xff) == 0xff)
                row[x] = solid;
            else
                pixel_blend(&row[x], ink, 255);
        }
    }
}

/* One pixel row [from, to) with the same coverage throughout. */
static void fill_run(uint32_t *row, int from, int to, color ink, unsigned coverage) {
    if (coverage == 0)
        return;
    bool solid = coverage == 255 && (ink & 0xff) == 0xff;
    for (int x = from; x < to; x++) {
        if (solid)
            row[x] = 0xff000000u | ink >> 8;
        else
            pixel_blend(&row[x], ink, coverage);
    }
}

/* Where pixel i of `length` is in a mask of `masked` pixels whose middle one stands for all that lie between the edges.
 */
static int mask_index(int i, int length, int masked, int edge) {
    if (length == masked || i < edge)
        return i;
    return i >= length - edge ? masked - (length - i) : edge;
}

static void blit_rounded(struct canvas *canvas, struct irect whole, const struct shape_mask *mask, color ink) {
    struct irect r = irect_meet(whole, clip_now(canvas));
    int width = whole.x1 - whole.x0, height = whole.y1 - whole.y0;
    bool stretched = width != mask->width;
    int middle0 = stretched ? whole.x0 + mask->edge : r.x1, middle1 = stretched ? whole.x1 - mask->edge : r.x1;
    middle0 = middle0 < r.x0 ? r.x0 : middle0 > r.x1 ? r.x1 : middle0;
    middle1 = middle1 < middle0 ? middle0 : middle1 > r.x1 ? r.x1 : middle1;
    for (int y = r.y0; y < r.y1; y++) {
        const uint8_t *from =
            mask->alpha + (size_t)mask_index(y - whole.y0, height, mask->height, mask->edge) * (size_t)mask->width;
        uint32_t *row = canvas->pixels + (size_t)y * (size_t)canvas->width;
        for (int x = r.x0; x < middle0; x++)
            fill_run(row, x, x + 1, ink, from[mask_index(x - whole.x0, width, mask->width, mask->edge)]);
        if (middle0 < middle1)
            fill_run(row, middle0, middle1, ink, from[mask->edge]);
        for (int x = middle1; x < r.x1; x++)
            fill_run(row, x, x + 1, ink, from[mask_index(x - whole.x0, width, mask->width, mask->edge)]);
    }
}

static void play_fill(struct canvas *canvas, const struct draw_command *command) {
    struct irect r = snapped(canvas, command->at);
    if (command->radius <= 0) {
        fill_pixels(canvas, r, command->color);
        return;
    }
    const struct shape_mask *mask =
        shapes_rounded(&canvas->shapes, r.x1 - r.x0, r.y1 - r.y0, command->radius * canvas->scale, 0);
    if (mask)
        blit_rounded(canvas, r, mask, command->color);
}

/* The line lies inside the rectangle, on whole pixels. */
static void play_stroke(struct canvas *canvas, const struct draw_command *command) {
    struct irect r = snapped(canvas, command->at);
    float width = fmaxf(1, roundf(command->width * canvas->scale));
    if (r.x1 - r.x0 <= (int)width || r.y1 - r.y0 <= (int)width) {
        fill_pixels(canvas, r, command->color);
        return;
    }
    const struct shape_mask *mask =
        shapes_rounded(&canvas->shapes, r.x1 - r.x0, r.y1 - r.y0, command->radius * canvas->scale, width);
    if (mask)
        blit_rounded(canvas, r, mask, command->color);
}

/* Coverage laid at (x, y), all of it. */
static void blit_coverage(struct canvas *canvas, struct irect whole, const uint8_t *alpha, color ink) {
    struct irect r = irect_meet(whole, clip_now(canvas));
    for (int y = r.y0; y < r.y1; y++) {
        const uint8_t *from = alpha + (size_t)(y - whole.y0) * (size_t)(whole.x1 - whole.x0);
        uint32_t *to = canvas->pixels + (size_t)y * (size_t)canvas->width;
        for (int x = r.x0; x < r.x1; x++)
            pixel_blend(&to[x], ink, from[x - whole.x0]);
    }
}

static void play_line(struct canvas *canvas, const struct draw_command *command) {
    struct rect at = command->at;
    float s = canvas->scale, width = fmaxf(1, roundf(command->width * s));
    if (at.w == 0 || at.h == 0) { /* centred on the axis, then moved to whole pixels */
        float x = at.w == 0 ? roundf(at.x * s - width / 2) : fminf(at.x, at.x + at.w) * s;
        float y = at.h == 0 ? roundf(at.y * s - width / 2) : fminf(at.y, at.y + at.h) * s;
        float w = at.w == 0 ? width : fabsf(at.w) * s, h = at.h == 0 ? width : fabsf(at.h) * s;
        struct irect r = {(int)lroundf(x), (int)lroundf(y), (int)lroundf(x + w), (int)lroundf(y + h)};
        fill_pixels(canvas, r, command->color);
        return;
    }
    int left, top;
    struct shape_mask mask =
        shape_line(at.x * s, at.y * s, (at.x + at.w) * s, (at.y + at.h) * s, command->width * s, &left, &top);
    if (mask.alpha)
        blit_coverage(canvas, (struct irect){left, top, left + mask.width, top + mask.height}, mask.alpha,
                      command->color);
    free(mask.alpha);
}

static void blit_mask(struct canvas *canvas, const struct glyph_mask *mask, int x, int y, color ink) {
    struct irect whole = {x + mask->left, y + mask->top, x + mask->left + mask->width, y + mask->top + mask->height};
    blit_coverage(canvas, whole, mask->alpha, ink);
}

static void play_text(struct canvas *canvas, const struct draw_list *list, const struct draw_command *command) {
    if (!list->fonts)
        return;
    const char *text = list->text + command->text;
    float slack = command->align == ALIGN_CENTER ? 0.5f : command->align == ALIGN_RIGHT ? 1.0f : 0.0f;
    float x = command->at.x;
    if (slack > 0)
        x += (command->at.w - fonts_width(list->fonts, command->font, command->size, text)) * slack;
    float pixels = command->size * canvas->scale, pen = x * canvas->scale;
    int baseline = (int)lroundf(command->at.y * canvas->scale);
    uint32_t character;
    while ((character = fonts_next_character(&text)) != 0) {
        struct glyph glyph = fonts_glyph(list->fonts, command->font, character);
        int quarter = (int)lroundf(pen * FONTS_SUBPIXELS);
        int subpixel = quarter & (FONTS_SUBPIXELS - 1);
        const struct glyph_mask *mask = fonts_mask(list->fonts, glyph, pixels, (unsigned)subpixel);
        if (mask && mask->alpha)
            blit_mask(canvas, mask, (quarter - subpixel) / FONTS_SUBPIXELS, baseline, command->color);
        pen += glyph.advance * pixels;
    }
}

static void push_clip(struct canvas *canvas, struct irect r) {
    if (canvas->clip_depth + 1 == CANVAS_CLIPS) {
        canvas->clips_ignored++;
        return;
    }
    canvas->clips[canvas->clip_depth + 1] = irect_meet(r, clip_now(canvas));
    canvas->clip_depth++;
}

static void pop_clip(struct canvas *canvas) {
    if (canvas->clips_ignored > 0)
        canvas->clips_ignored--;
    else if (canvas->clip_depth > 0)
        canvas->clip_depth--;
}

/* Everything that a command can touch, generously. */
static struct irect reach(const struct canvas *canvas, const struct draw_command *command) {
    struct rect at = command->at;
    float extra = command->width + 2;
    if (command->kind == DRAW_TEXT) {
        float left = command->align == ALIGN_LEFT && command->at.w <= 0 ? 0 : 8;
        return canvas_device(canvas,
                             (struct rect){at.x - left - 4, at.y - 1.5f * command->size, 1e6f, 2.5f * command->size});
    }
    if (at.w < 0)
        at = (struct rect){at.x + at.w, at.y, -at.w, at.h};
    if (at.h < 0)
        at = (struct rect){at.x, at.y + at.h, at.w, -at.h};
    return canvas_device(canvas, rect_inset(at, -extra, -extra));
}

static void play_one(struct canvas *canvas, const struct draw_list *list, const struct draw_command *command) {
    switch (command->kind) {
    case DRAW_FILL: play_fill(canvas, command); return;
    case DRAW_STROKE: play_stroke(canvas, command); return;
    case DRAW_LINE: play_line(canvas, command); return;
    case DRAW_TEXT: play_text(canvas, list, command); return;
    case DRAW_CELLS: cells_play(canvas, clip_now(canvas), command, list->cells + command->cells); return;
    case DRAW_CLIP: push_clip(canvas, snapped(canvas, command->at)); return;
    case DRAW_UNCLIP: pop_clip(canvas); return;
    }
}

void canvas_play(struct canvas *canvas, const struct draw_list *list, size_t first, size_t count, struct irect only) {
    struct irect all = {0, 0, canvas->width, canvas->height};
    canvas->clips[0] = all;
    canvas->clip_depth = 0;
    canvas->clips_ignored = 0;
    push_clip(canvas, only);
    for (size_t i = first; i < first + count && i < list->count; i++) {
        const struct draw_command *command = &list->commands[i];
        bool control = command->kind == DRAW_CLIP || command->kind == DRAW_UNCLIP;
        if (command->kind == DRAW_UNCLIP && canvas->clip_depth == 1 && canvas->clips_ignored == 0)
            continue; /* unbalanced: `only` stays in force */
        if (control || !irect_empty(irect_meet(reach(canvas, command), clip_now(canvas))))
            play_one(canvas, list, command);
    }
    while (canvas->clip_depth > 0 || canvas->clips_ignored > 0)
        pop_clip(canvas);
}
