/*
 * The model. With a pitch of two device pixels or more (or exactly one), cell (c, r) covers the pixels between its
 * rounded borders, less the gap. With less, each pixel shows the area-weighted mean of the cells under it: no frame is
 * left out of a picture of a large memory. The mean is separable, so a row of cells is reduced once and then added to
 * the pixel rows that it touches: cost is cells + pixels, not their product.
 */
#include "emu/ui/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct span {
    int from, to; /* pixels, half-open */
};

/* Where cell i of a row or column of cells lies. */
static struct span cell_span(float origin, float pitch, float gap, uint32_t i) {
    int from = (int)lroundf(origin + pitch * (float)i);
    int to = (int)lroundf(origin + pitch * (float)(i + 1) - gap);
    return (struct span){from, to > from ? to : from + 1};
}

#define ROUND_FROM 5       /* pixels: smaller cells keep their corners */
#define CORNER_COVERAGE 90 /* of 255 */

/* One pixel row of a cell; soft: its first or last one, whose ends are corners. */
static void fill_span(uint32_t *row, struct span span, struct irect clip, color ink, bool soft) {
    int from = span.from > clip.x0 ? span.from : clip.x0, to = span.to < clip.x1 ? span.to : clip.x1;
    for (int x = from; x < to; x++) {
        if (soft && (x == span.from || x == span.to - 1))
            pixel_blend(&row[x], ink, CORNER_COVERAGE);
        else if ((ink & 0xff) == 0xff)
            row[x] = 0xff000000u | ink >> 8;
        else
            pixel_blend(&row[x], ink, 255);
    }
}

static void play_whole(struct canvas *canvas, struct irect clip, const struct draw_command *command,
                       const color *cells) {
    float s = canvas->scale, pitch_x = command->at.w * s / (float)command->columns,
          pitch_y = command->at.h * s / (float)command->rows;
    struct span *wide = malloc(command->columns * sizeof *wide);
    if (!wide)
        return;
    for (uint32_t c = 0; c < command->columns; c++)
        wide[c] = cell_span(command->at.x * s, pitch_x, command->gap * s, c);
    for (uint32_t r = 0; r * command->columns < command->count; r++) {
        struct span tall = cell_span(command->at.y * s, pitch_y, command->gap * s, r);
        uint32_t first = r * command->columns, left = command->count - first;
        uint32_t n = left < command->columns ? left : command->columns;
        bool round = command->gap > 0 && tall.to - tall.from >= ROUND_FROM;
        for (int y = tall.from > clip.y0 ? tall.from : clip.y0; y < tall.to && y < clip.y1; y++) {
            uint32_t *row = canvas->pixels + (size_t)y * (size_t)canvas->width;
            for (uint32_t c = 0; c < n; c++)
                if (cells[first + c] & 0xff)
                    fill_span(row, wide[c], clip, cells[first + c],
                              round && (y == tall.from || y + 1 == tall.to) && wide[c].to - wide[c].from >= ROUND_FROM);
        }
    }
    free(wide);
}

struct sums { /* of one pixel: colour weighted by opacity, and the weights */
    float r, g, b, a;
};

struct mean {
    struct canvas *canvas;
    const struct draw_command *command;
    const color *cells;
    struct irect area; /* pixels that the grid touches */
    float x, y, pitch_x, pitch_y;
    struct cell_shares *shares; /* of each column */
    struct sums *line;          /* one row of cells, reduced to pixels */
    struct sums *rows;          /* all pixels of the area */
};

/* How much of [from, from + pitch) lies in pixel p. */
static float share(float from, float pitch, int p) {
    float low = fmaxf(from, (float)p), high = fminf(from + pitch, (float)(p + 1));
    return high > low ? high - low : 0;
}

/* A cell's share of its first pixel and of the one after it; with a pitch below two pixels there can be a third. */
struct cell_shares {
    int first;
    float share[3];
};

static void add_cell(struct sums *to, color cell, float weight) {
    float opacity = weight * (float)(cell & 0xff) / 255.0f;
    to->r += opacity * (float)(cell >> 24);
    to->g += opacity * (float)(cell >> 16 & 0xff);
    to->b += opacity * (float)(cell >> 8 & 0xff);
    to->a += opacity;
}

static void find_shares(const struct mean *mean) {
    for (uint32_t c = 0; c < mean->command->columns; c++) {
        float from = mean->x + mean->pitch_x * (float)c;
        struct cell_shares *to = &mean->shares[c];
        to->first = (int)floorf(from);
        for (int k = 0; k < 3; k++) {
            bool inside = to->first + k >= mean->area.x0 && to->first + k < mean->area.x1;
            to->share[k] = inside ? share(from, mean->pitch_x, to->first + k) : 0;
        }
    }
}

static void reduce_row(const struct mean *mean, uint32_t r) {
    uint32_t columns = mean->command->columns, first = r * columns;
    memset(mean->line, 0, (size_t)(mean->area.x1 - mean->area.x0) * sizeof *mean->line);
    for (uint32_t c = 0; c < columns && first + c < mean->command->count; c++) {
        const struct cell_shares *shares = &mean->shares[c];
        for (int k = 0; k < 3; k++)
            if (shares->share[k] > 0)
                add_cell(&mean->line[shares->first + k - mean->area.x0], mean->cells[first + c], shares->share[k]);
    }
}

static void add_row(const struct mean *mean, uint32_t r) {
    int width = mean->area.x1 - mean->area.x0;
    float from = mean->y + mean->pitch_y * (float)r;
    int p = (int)from;
    for (int q = p; (float)q < from + mean->pitch_y && q < mean->area.y1; q++) {
        float weight = share(from, mean->pitch_y, q);
        if (q < mean->area.y0 || weight == 0)
            continue;
        struct sums *to = mean->rows + (size_t)(q - mean->area.y0) * (size_t)width;
        for (int x = 0; x < width; x++) {
            to[x].r += weight * mean->line[x].r;
            to[x].g += weight * mean->line[x].g;
            to[x].b += weight * mean->line[x].b;
            to[x].a += weight * mean->line[x].a;
        }
    }
}

static void show_means(const struct mean *mean, struct irect clip) {
    struct irect r = irect_meet(mean->area, clip);
    size_t width = (size_t)(mean->area.x1 - mean->area.x0);
    for (int y = r.y0; y < r.y1; y++) {
        uint32_t *row = mean->canvas->pixels + (size_t)y * (size_t)mean->canvas->width;
        const struct sums *from = mean->rows + (size_t)(y - mean->area.y0) * width;
        for (int x = r.x0; x < r.x1; x++) {
            struct sums s = from[x - mean->area.x0];
            if (s.a <= 0)
                continue;
            color ink = (color)(s.r / s.a + 0.5f) << 24 | (color)(s.g / s.a + 0.5f) << 16 |
                        (color)(s.b / s.a + 0.5f) << 8 | 0xff;
            if (s.a > 0.998f)
                row[x] = 0xff000000u | ink >> 8;
            else
                pixel_blend(&row[x], ink, (unsigned)(s.a * 255 + 0.5f));
        }
    }
}

static void play_mean(struct canvas *canvas, struct irect clip, const struct draw_command *command,
                      const color *cells) {
    struct irect all = {0, 0, canvas->width, canvas->height};
    float s = canvas->scale;
    struct mean mean = {canvas,
                        command,
                        cells,
                        irect_meet(canvas_device(canvas, command->at), all),
                        command->at.x * s,
                        command->at.y * s,
                        command->at.w * s / (float)command->columns,
                        command->at.h * s / (float)command->rows,
                        NULL,
                        NULL,
                        NULL};
    if (irect_empty(mean.area))
        return;
    size_t width = (size_t)(mean.area.x1 - mean.area.x0), height = (size_t)(mean.area.y1 - mean.area.y0);
    mean.shares = malloc(command->columns * sizeof *mean.shares);
    mean.line = calloc(width, sizeof *mean.line);
    mean.rows = calloc(width * height, sizeof *mean.rows);
    if (mean.shares && mean.line && mean.rows) {
        find_shares(&mean);
        for (uint32_t r = 0; r < command->rows; r++) {
            reduce_row(&mean, r);
            add_row(&mean, r);
        }
        show_means(&mean, clip);
    }
    free(mean.shares);
    free(mean.line);
    free(mean.rows);
}

/* Two pixels and more are rounded to pixel borders without harm; below, only whole numbers are. */
static bool is_whole(float pitch) { return pitch > 1.995f || fabsf(pitch - 1) < 0.001f; }

void cells_play(struct canvas *canvas, struct irect clip, const struct draw_command *command, const color *cells) {
    if (command->columns == 0 || command->rows == 0 || irect_empty(clip))
        return;
    float s = canvas->scale;
    float pitch_x = command->at.w * s / (float)command->columns, pitch_y = command->at.h * s / (float)command->rows;
    if (is_whole(pitch_x) && is_whole(pitch_y))
        play_whole(canvas, clip, command, cells);
    else
        play_mean(canvas, clip, command, cells);
}
