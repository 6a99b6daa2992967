/*
 * Draw lists to SVG, for slides: the same commands as the rasteriser plays, as shapes. Letters are outlines, so that
 * the file looks the same where the fonts are not installed. Cells of one colour that touch, but for the gap between
 * them, become one path each row, and all rows of one colour one path: a grid of a million frames stays a file that
 * opens.
 */
#include "emu/ui/fonts.h"
#include "emu/ui/ui.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct svg {
    cairo_t *cairo;
    const struct draw_list *list;
    unsigned clips;
};

static void set_ink(struct svg *svg, color ink) {
    cairo_set_source_rgba(svg->cairo, (ink >> 24) / 255.0, (ink >> 16 & 0xff) / 255.0, (ink >> 8 & 0xff) / 255.0,
                          (ink & 0xff) / 255.0);
}

static void rounded_path(cairo_t *cairo, struct rect at, float radius) {
    double r = fmin(radius, fmin(at.w, at.h) / 2), right = at.x + at.w, bottom = at.y + at.h;
    if (r <= 0) {
        cairo_rectangle(cairo, at.x, at.y, at.w, at.h);
        return;
    }
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, right - r, at.y + r, r, -M_PI / 2, 0);
    cairo_arc(cairo, right - r, bottom - r, r, 0, M_PI / 2);
    cairo_arc(cairo, at.x + r, bottom - r, r, M_PI / 2, M_PI);
    cairo_arc(cairo, at.x + r, at.y + r, r, M_PI, M_PI * 1.5);
    cairo_close_path(cairo);
}

static void write_fill(struct svg *svg, const struct draw_command *command) {
    set_ink(svg, command->color);
    rounded_path(svg->cairo, command->at, command->radius);
    cairo_fill(svg->cairo);
}

/* The line lies inside the rectangle, as on the canvas. */
static void write_stroke(struct svg *svg, const struct draw_command *command) {
    float width = fmaxf(command->width, 1), half = width / 2;
    set_ink(svg, command->color);
    rounded_path(svg->cairo, rect_inset(command->at, half, half), command->radius - half);
    cairo_set_line_width(svg->cairo, width);
    cairo_stroke(svg->cairo);
}

static void write_line(struct svg *svg, const struct draw_command *command) {
    set_ink(svg, command->color);
    cairo_move_to(svg->cairo, command->at.x, command->at.y);
    cairo_line_to(svg->cairo, command->at.x + command->at.w, command->at.y + command->at.h);
    cairo_set_line_width(svg->cairo, fmaxf(command->width, 1));
    cairo_stroke(svg->cairo);
}

static void write_text(struct svg *svg, const struct draw_command *command) {
    struct draw_fonts *fonts = svg->list->fonts;
    if (!fonts)
        return;
    const char *text = svg->list->text + command->text;
    float slack = command->align == ALIGN_CENTER ? 0.5f : command->align == ALIGN_RIGHT ? 1.0f : 0.0f;
    double x = command->at.x;
    if (slack > 0)
        x += (double)((command->at.w - fonts_width(fonts, command->font, command->size, text)) * slack);
    set_ink(svg, command->color);
    uint32_t character;
    while ((character = fonts_next_character(&text)) != 0) {
        struct glyph glyph = fonts_glyph(fonts, command->font, character);
        cairo_glyph_t place = {glyph.index, x, command->at.y};
        cairo_scaled_font_t *font = fonts_scaled(fonts, glyph, command->size);
        if (font) {
            cairo_set_scaled_font(svg->cairo, font);
            cairo_show_glyphs(svg->cairo, &place, 1);
        }
        x += (double)(glyph.advance * command->size);
    }
}

/* ---- cells ---- */

static int by_color(const void *a, const void *b) {
    color x = *(const color *)a, y = *(const color *)b;
    return (x > y) - (x < y);
}

/* The colours that occur, each once; *count of them. NULL: none, or out of memory. */
static color *colors_of(const color *cells, size_t cell_count, size_t *count) {
    color *found = malloc(cell_count * sizeof *found);
    *count = 0;
    if (!found)
        return NULL;
    memcpy(found, cells, cell_count * sizeof *found);
    qsort(found, cell_count, sizeof *found, by_color);
    for (size_t i = 0; i < cell_count; i++)
        if ((found[i] & 0xff) && (*count == 0 || found[*count - 1] != found[i]))
            found[(*count)++] = found[i];
    return found;
}

static void path_of_row(struct svg *svg, const struct draw_command *command, const color *row, uint32_t cells,
                        uint32_t number, color ink) {
    double pitch_x = (double)command->at.w / command->columns, pitch_y = (double)command->at.h / command->rows;
    bool fine = pitch_x < 4; /* gaps would be hair lines */
    double gap = command->gap, gap_x = fine ? 0 : gap, gap_y = pitch_y < 4 ? 0 : gap;
    for (uint32_t c = 0; c < cells;) {
        uint32_t run = 0;
        while (c + run < cells && row[c + run] == ink && (run == 0 || gap_x == 0))
            run++;
        if (run)
            cairo_rectangle(svg->cairo, command->at.x + pitch_x * c, command->at.y + pitch_y * number,
                            pitch_x * run - gap_x, pitch_y - gap_y);
        c += run ? run : 1;
    }
}

static void write_cells(struct svg *svg, const struct draw_command *command) {
    const color *cells = svg->list->cells + command->cells;
    size_t colors;
    if (command->columns == 0 || command->rows == 0 || command->count == 0)
        return;
    color *inks = colors_of(cells, command->count, &colors);
    for (size_t i = 0; i < colors; i++) {
        for (uint32_t first = 0, row = 0; first < command->count; first += command->columns, row++) {
            uint32_t left = command->count - first, n = left < command->columns ? left : command->columns;
            path_of_row(svg, command, cells + first, n, row, inks[i]);
        }
        set_ink(svg, inks[i]);
        cairo_fill(svg->cairo);
    }
    free(inks);
}

/* ---- the whole ---- */

static void begin_clip(struct svg *svg, struct rect at) {
    cairo_save(svg->cairo);
    cairo_rectangle(svg->cairo, at.x, at.y, at.w, at.h);
    cairo_clip(svg->cairo);
    svg->clips++;
}

static void end_clip(struct svg *svg) {
    if (svg->clips == 0)
        return;
    cairo_restore(svg->cairo);
    svg->clips--;
}

static void write_command(struct svg *svg, const struct draw_command *command) {
    switch (command->kind) {
    case DRAW_FILL: write_fill(svg, command); return;
    case DRAW_STROKE: write_stroke(svg, command); return;
    case DRAW_LINE: write_line(svg, command); return;
    case DRAW_TEXT: write_text(svg, command); return;
    case DRAW_CELLS: write_cells(svg, command); return;
    case DRAW_CLIP: begin_clip(svg, command->at); return;
    case DRAW_UNCLIP: end_clip(svg); return;
    }
}

/* 0 or -errno. */
static int write_svg(const struct draw_list *list, float width, float height, const char *path) {
    errno = 0;
    cairo_surface_t *surface = cairo_svg_surface_create(path, width, height);
    struct svg svg = {.cairo = cairo_create(surface), .list = list};
    cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    for (size_t i = 0; i < list->count; i++)
        write_command(&svg, &list->commands[i]);
    while (svg.clips > 0)
        end_clip(&svg);
    cairo_status_t status = cairo_status(svg.cairo);
    cairo_destroy(svg.cairo);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_NO_MEMORY)
        return -ENOMEM;
    return status == CAIRO_STATUS_SUCCESS ? 0 : errno ? -errno : -EIO;
}

int ui_render_svg(const struct draw_list *list, float width, float height, const char *path, char *error,
                  size_t error_size) {
    char beside[4200];
    int result = list->failed ? -ENOMEM : 0;
    if (snprintf(beside, sizeof beside, "%s.%ld.part", path, (long)getpid()) >= (int)sizeof beside)
        result = -ENAMETOOLONG;
    if (result == 0) {
        result = write_svg(list, width, height, beside);
        if (result == 0 && rename(beside, path) != 0)
            result = -errno;
        if (result != 0)
            unlink(beside);
    }
    if (result != 0)
        snprintf(error, error_size, "cannot write the picture %s: %s; choose a folder that you may write to", path,
                 strerror(-result));
    return result;
}
