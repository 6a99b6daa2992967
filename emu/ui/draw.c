/*
 * Draw lists grow by doubling and never shrink: after a few frames drawing allocates nothing. A command that
 * finds no memory is left out and sets `failed`; the list stays consistent.
 */
#include "emu/ui/draw.h"
#include "emu/ui/fonts.h"

#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"
#define ASCENT 0.95f
#define DESCENT 0.25f

void draw_list_init(struct draw_list *list) { memset(list, 0, sizeof *list); }

void draw_list_reset(struct draw_list *list) {
    list->count = 0;
    list->text_used = 0;
    list->cells_used = 0;
    list->failed = false;
}

void draw_list_free(struct draw_list *list) {
    free(list->commands);
    free(list->text);
    free(list->cells);
    fonts_destroy(list->fonts);
    memset(list, 0, sizeof *list);
}

/* Room for `more` elements after `used`. False and list->failed when there is no memory. */
static bool reserve(struct draw_list *list, void **array, size_t *capacity, size_t used, size_t more, size_t element) {
    if (more <= *capacity - used)
        return true;
    size_t wanted = *capacity ? *capacity : 256;
    while (wanted - used < more)
        wanted *= 2;
    void *grown = realloc(*array, wanted * element);
    if (!grown) {
        list->failed = true;
        return false;
    }
    *array = grown;
    *capacity = wanted;
    return true;
}

static struct draw_command *add(struct draw_list *list, enum draw_kind kind, struct rect at, color ink) {
    void *array = list->commands;
    bool room = reserve(list, &array, &list->capacity, list->count, 1, sizeof *list->commands);
    list->commands = array;
    if (!room)
        return NULL;
    struct draw_command *command = &list->commands[list->count++];
    memset(command, 0, sizeof *command);
    command->kind = kind;
    command->at = at;
    command->color = ink;
    return command;
}

void draw_fill(struct draw_list *list, struct rect at, color fill, float radius) {
    struct draw_command *command = add(list, DRAW_FILL, at, fill);
    if (command)
        command->radius = radius;
}

void draw_stroke(struct draw_list *list, struct rect at, color stroke, float radius, float width) {
    struct draw_command *command = add(list, DRAW_STROKE, at, stroke);
    if (!command)
        return;
    command->radius = radius;
    command->width = width;
}

void draw_line(struct draw_list *list, float x1, float y1, float x2, float y2, color stroke, float width) {
    struct draw_command *command = add(list, DRAW_LINE, (struct rect){x1, y1, x2 - x1, y2 - y1}, stroke);
    if (command)
        command->width = width;
}

void draw_clip(struct draw_list *list, struct rect at) { add(list, DRAW_CLIP, at, 0); }

void draw_unclip(struct draw_list *list) { add(list, DRAW_UNCLIP, (struct rect){0}, 0); }

/* Copies the first `length` bytes of text and then `tail`. Returns false when out of memory. */
static bool keep_text(struct draw_list *list, const char *text, size_t length, const char *tail, size_t *offset) {
    size_t tail_length = strlen(tail);
    void *array = list->text;
    bool room = reserve(list, &array, &list->text_capacity, list->text_used, length + tail_length + 1, 1);
    list->text = array;
    if (!room)
        return false;
    *offset = list->text_used;
    memcpy(list->text + list->text_used, text, length);
    memcpy(list->text + list->text_used + length, tail, tail_length + 1);
    list->text_used += length + tail_length + 1;
    return true;
}

static struct draw_fonts *fonts_of(struct draw_list *list) {
    if (!list->fonts)
        list->fonts = fonts_create();
    if (!list->fonts)
        list->failed = true;
    return list->fonts;
}

float draw_text_width(struct draw_list *list, enum draw_font font, float size, const char *text) {
    struct draw_fonts *fonts = fonts_of(list);
    return fonts ? fonts_width(fonts, font, size, text) : 0;
}

/* How many bytes of text fit into `room`, at a character's border. */
static size_t bytes_that_fit(struct draw_fonts *fonts, enum draw_font font, float size, const char *text, float room) {
    const char *at = text;
    float used = 0;
    for (;;) {
        const char *next = at;
        uint32_t character = fonts_next_character(&next);
        if (character == 0)
            return (size_t)(at - text);
        used += fonts_glyph(fonts, font, character).advance * size;
        if (used > room)
            return (size_t)(at - text);
        at = next;
    }
}

void draw_text_in(struct draw_list *list, struct rect at, enum draw_align align, enum draw_font font, float size,
                  color ink, const char *text) {
    struct draw_fonts *fonts = fonts_of(list);
    if (!fonts || text[0] == '\0')
        return;
    size_t length = strlen(text), offset;
    const char *tail = "";
    if (at.w > 0 && fonts_width(fonts, font, size, text) > at.w + 0.01f) {
        tail = ELLIPSIS;
        length = bytes_that_fit(fonts, font, size, text, at.w - fonts_width(fonts, font, size, ELLIPSIS));
        while (length > 0 && text[length - 1] == ' ')
            length--;
    }
    if (!keep_text(list, text, length, tail, &offset))
        return;
    struct draw_command *command = add(list, DRAW_TEXT, (struct rect){at.x, at.y + at.h, at.w, 0}, ink);
    if (!command)
        return;
    command->font = font;
    command->size = size;
    command->align = align;
    command->text = offset;
}

void draw_text(struct draw_list *list, float x, float y, enum draw_font font, float size, color ink, const char *text) {
    draw_text_in(list, (struct rect){x, y, 0, 0}, ALIGN_LEFT, font, size, ink, text);
}

color *draw_cells(struct draw_list *list, struct rect at, uint32_t columns, uint32_t rows, uint32_t count, float gap) {
    void *array = list->cells;
    bool room = reserve(list, &array, &list->cells_capacity, list->cells_used, count, sizeof *list->cells);
    list->cells = array;
    struct draw_command *command = room ? add(list, DRAW_CELLS, at, 0) : NULL;
    if (!command)
        return NULL;
    command->columns = columns;
    command->rows = rows;
    command->count = count;
    command->gap = gap;
    command->cells = list->cells_used;
    list->cells_used += count;
    return list->cells + command->cells;
}

struct rect draw_text_box(struct draw_list *list, const struct draw_command *command) {
    if (command->kind != DRAW_TEXT)
        return command->at;
    float width = draw_text_width(list, command->font, command->size, list->text + command->text);
    float slack = command->align == ALIGN_CENTER ? 0.5f : command->align == ALIGN_RIGHT ? 1.0f : 0.0f;
    return (struct rect){command->at.x + (command->at.w - width) * slack, command->at.y - ASCENT * command->size, width,
                         (ASCENT + DESCENT) * command->size};
}

bool rect_contains(struct rect outer, float x, float y) {
    return x >= outer.x && y >= outer.y && x < outer.x + outer.w && y < outer.y + outer.h;
}

struct rect rect_inset(struct rect from, float x, float y) {
    return (struct rect){from.x + x, from.y + y, from.w - 2 * x, from.h - 2 * y};
}
