/*
 * Draw lists. A panel is a function from a snapshot to a list of these commands; tests assert on the list, one
 * rasteriser (render.h) makes pixels of it for the window and for pictures alike.
 *
 * Units: logical pixels (a float), origin at the top left, y down. Colours are 0xRRGGBBAA. A list owns its text and
 * cells; draw_list_reset() keeps the memory for the next frame.
 */
#ifndef FAULTLINE_DRAW_H
#define FAULTLINE_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t color;

enum draw_font { FONT_WORDS, FONT_WORDS_BOLD, FONT_CODE, FONT_CODE_BOLD };
enum draw_align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT };

struct rect {
    float x, y, w, h;
};

struct draw_fonts; /* faces, metrics and drawn letters, see fonts.h */

enum draw_kind { DRAW_FILL, DRAW_STROKE, DRAW_LINE, DRAW_TEXT, DRAW_CELLS, DRAW_CLIP, DRAW_UNCLIP };

struct draw_command {
    enum draw_kind kind;
    struct rect at; /* LINE: from (x, y) to (x + w, y + h). TEXT: baseline at (x, y), w = space for alignment and
                       ellipsis (0: no limit) */
    color color;
    float radius; /* FILL, STROKE: corner */
    float width;  /* STROKE, LINE */
    enum draw_font font;
    enum draw_align align;
    float size;                    /* TEXT: pixels */
    size_t text;                   /* TEXT: offset into the list's text, NUL-terminated UTF-8 */
    size_t cells;                  /* CELLS: offset into the list's cells */
    uint32_t columns, rows, count; /* CELLS: a grid drawn in `at`, row by row; count <= columns * rows */
    float gap;                     /* CELLS: space between cells, logical pixels; 0 draws a bitmap */
};

struct draw_list {
    struct draw_command *commands;
    size_t count, capacity;
    char *text;
    size_t text_used, text_capacity;
    color *cells; /* one colour a cell; 0 = not drawn */
    size_t cells_used, cells_capacity;
    struct draw_fonts *fonts; /* made when text is first measured, kept until draw_list_free() */
    bool failed;              /* out of memory: the list is short */
};

void draw_list_init(struct draw_list *list);
void draw_list_reset(struct draw_list *list);
void draw_list_free(struct draw_list *list);

void draw_fill(struct draw_list *list, struct rect at, color fill, float radius);
void draw_stroke(struct draw_list *list, struct rect at, color stroke, float radius, float width);
void draw_line(struct draw_list *list, float x1, float y1, float x2, float y2, color stroke, float width);
void draw_text(struct draw_list *list, float x, float y, enum draw_font font, float size, color ink, const char *text);
/* Baseline at at.y + at.h. Cut here and now with an ellipsis at at.w, so that the list holds what is shown. */
void draw_text_in(struct draw_list *list, struct rect at, enum draw_align align, enum draw_font font, float size,
                  color ink, const char *text);
/* Returns the cells to fill (count of them), or NULL when out of memory. Valid until the next draw call. */
color *draw_cells(struct draw_list *list, struct rect at, uint32_t columns, uint32_t rows, uint32_t count, float gap);
void draw_clip(struct draw_list *list, struct rect at);
void draw_unclip(struct draw_list *list);

/* Advance of text in logical pixels; the same for every scale. 0 and list->failed when no font can be opened. */
float draw_text_width(struct draw_list *list, enum draw_font font, float size, const char *text);
/* Where the ink of a TEXT command may be: its advance wide, from ascent to descent high. Other kinds: command->at. */
struct rect draw_text_box(struct draw_list *list, const struct draw_command *command);

bool rect_contains(struct rect outer, float x, float y);
struct rect rect_inset(struct rect from, float x, float y);

#endif
