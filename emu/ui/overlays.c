/* What lies around and over the panels: a demo's caption, a notice, the tooltip, the help. */
#include "emu/ui/panel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* *word* in a caption is shown in the accent. */
void paint_caption(struct painter *painter, struct rect at) {
    const char *text = painter->state->caption;
    float x = at.x + 17, right = at.x + at.w - 17, size = 16;
    while (size > 11 && text_width(painter, FONT_WORDS, size, text) > right - x)
        size -= 0.5f;
    region_begin(painter, at);
    draw_clip(painter->list, at);
    draw_fill(painter->list, at, PALETTE_RAISED, 8);
    draw_stroke(painter->list, at, PALETTE_SELECTED, 8, 1);
    bool strong = false;
    while (*text && x < right) {
        char piece[400];
        size_t length = strcspn(text, "*");
        snprintf(piece, sizeof piece, "%.*s", (int)(length < sizeof piece ? length : sizeof piece - 1), text);
        if (length > 0)
            x = put_until(painter, x, at.y + at.h / 2 + size * 0.36f, right, strong ? FONT_WORDS_BOLD : FONT_WORDS,
                          size, strong ? PALETTE_ACCENT : PALETTE_INK, piece);
        text += length;
        strong = *text == '*' ? !strong : strong;
        text += *text == '*';
    }
    draw_unclip(painter->list);
    region_end(painter);
}

void paint_notice(struct painter *painter) {
    const struct ui_state *state = painter->state;
    if (!state->notice[0])
        return;
    float width = fminf(text_width(painter, FONT_WORDS, SIZE_WORDS, state->notice) + 28, state->width - 2 * MARGIN);
    struct rect at = {floorf(state->width - MARGIN - width), state->height - MARGIN - 34, ceilf(width), 34};
    region_begin(painter, at);
    draw_fill(painter->list, at, PALETTE_RAISED_HOT, 7);
    draw_stroke(painter->list, at, PALETTE_ACCENT_LINE, 7, 1);
    put_until(painter, at.x + 14, at.y + 22, at.x + at.w - 10, FONT_WORDS, SIZE_WORDS, PALETTE_INK, state->notice);
    region_end(painter);
}

/* Tooltip --------------------------------------------------------------------------------------------------- */

static float tooltip_size(struct painter *painter, float *height) {
    char line[240];
    float width = 0, lines = 0;
    for (const char *at = painter->frame->hover; *at; lines++) {
        size_t length = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1), at);
        width = fmaxf(
            width, text_width(painter, lines == 0 ? FONT_CODE : FONT_WORDS, lines == 0 ? SIZE_CODE : SIZE_SMALL, line));
        at += length + (at[length] == '\n');
    }
    *height = 14 + lines * 17;
    return fminf(ceilf(width) + 22, painter->state->width - 16);
}

static struct rect tooltip_place(struct painter *painter) {
    const struct ui_state *state = painter->state;
    struct rect about = painter->frame->hover_at, at = {0, 0, 0, 0};
    at.w = tooltip_size(painter, &at.h);
    bool large = about.w > 60 || about.h > 60;
    float x = large ? state->mouse_x : about.x + about.w / 2, y = large ? state->mouse_y + 16 : about.y + about.h + 8;
    at.x = roundf(fminf(fmaxf(x - (large ? -10 : at.w / 2), 8), state->width - at.w - 8));
    at.y = roundf(y + at.h > state->height - 8 ? (large ? state->mouse_y : about.y) - at.h - 10 : y);
    at.y = fmaxf(at.y, 8);
    return at;
}

void paint_tooltip(struct painter *painter) {
    const char *text = painter->frame->hover;
    if (!text[0])
        return;
    struct rect at = tooltip_place(painter);
    region_begin(painter, at);
    draw_fill(painter->list, at, PALETTE_RAISED_HOT, 6);
    draw_stroke(painter->list, at, PALETTE_RESERVED, 6, 1);
    float y = at.y + 20;
    for (unsigned i = 0; *text; i++, y += 17) {
        char line[240];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1), text);
        put_until(painter, at.x + 11, y, at.x + at.w - 8, i == 0 ? FONT_CODE : FONT_WORDS,
                  i == 0 ? SIZE_CODE : SIZE_SMALL, i == 0 ? PALETTE_INK : PALETTE_SOFT, line);
        text += length + (text[length] == '\n');
    }
    region_end(painter);
}

/* Help ------------------------------------------------------------------------------------------------------ */

struct help_line {
    const char *key, *does;
};

static const struct help_line help_lines[] = {
    {"space", "run, or pause where the guest is"},
    {"n", "run to the next page fault"},
    {"N", "show the fault before this one"},
    {"1 2 3 4", "scenes: Fault, Reclaim, Memory, Console"},
    {"p", "save this picture as faultline-N.png"},
    {"wheel, drag", "in FRAMES: zoom and pan"},
    {"click", "a cell: follow the frame; a mark: go to its fault"},
    {"click a title", "let that panel fill the window, and back"},
    {"click CONSOLE", "type to the guest; Esc gives the keys back"},
    {"+ \xe2\x88\x92", "larger, smaller"},
    {"?", "this table"},
    {"q, Esc", "quit"},
};

#define HELP_LINES (sizeof help_lines / sizeof help_lines[0])

void paint_help(struct painter *painter) {
    const struct ui_state *state = painter->state;
    float width = fminf(520, state->width - 32), line = fminf(25, (state->height - 90) / (float)HELP_LINES);
    struct rect all = {0, 0, state->width, state->height};
    struct rect at = {roundf((all.w - width) / 2), 0, width, 66 + line * (float)HELP_LINES};
    at.y = roundf(fmaxf((all.h - at.h) / 2, 8));
    region_begin(painter, all);
    draw_fill(painter->list, all, PALETTE_SHADE, 0);
    draw_fill(painter->list, at, PALETTE_PANEL, 10);
    draw_stroke(painter->list, at, PALETTE_RESERVED, 10, 1);
    put(painter, at.x + 24, at.y + 34, FONT_WORDS_BOLD, 15, PALETTE_INK, "Keys and mouse");
    put_right(painter, at.x + at.w - 24, at.y + 34, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT, "? or Esc closes this");
    for (unsigned i = 0; i < HELP_LINES; i++) {
        float y = at.y + 50 + line * (float)i + line * 0.68f;
        put(painter, at.x + 24, y, FONT_CODE, SIZE_WORDS, PALETTE_ACCENT, help_lines[i].key);
        put_until(painter, at.x + 152, y, at.x + at.w - 20, FONT_WORDS, SIZE_WORDS, PALETTE_INK, help_lines[i].does);
    }
    region_end(painter);
    hit(painter, all, ACTION_HELP, 0);
}
