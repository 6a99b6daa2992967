/* What lies around and over the panels: a demo's caption, a notice, the tooltip, the help. */
#include "emu/ui/panel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A caption being set, word by word; *some words* are shown in the accent. */
struct caption {
    struct painter *painter;
    struct rect at; /* of the text */
    float size, line, x, y;
    unsigned lines, most;
    bool strong, draw;
};

static void caption_break(struct caption *c) {
    c->x = c->at.x;
    c->y += c->line;
    c->lines++;
}

/* A word up to its space, in pieces where the stress changes. */
static void caption_word(struct caption *c, const char *word, size_t length) {
    char piece[400];
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && word[end] != '*')
            end++;
        snprintf(piece, sizeof piece, "%.*s", (int)(end - at < sizeof piece ? end - at : sizeof piece - 1), word + at);
        enum draw_font font = c->strong ? FONT_WORDS_BOLD : FONT_WORDS;
        if (c->draw && piece[0])
            put(c->painter, c->x, c->y, font, c->size, c->strong ? PALETTE_ACCENT : PALETTE_INK, piece);
        c->x += text_width(c->painter, font, c->size, piece);
        if (end < length)
            c->strong = !c->strong;
        at = end + 1;
    }
}

/* Sets the text; what goes beyond the last line that there is room for ends in an ellipsis. */
static unsigned caption_set(struct caption *c, const char *text) {
    float space = text_width(c->painter, FONT_WORDS, c->size, " ");
    c->x = c->at.x;
    c->lines = 1;
    c->strong = false;
    while (*text) {
        size_t length = strcspn(text, " ");
        struct caption before = *c;
        bool drawn = c->draw;
        c->draw = false;
        caption_word(c, text, length);
        bool fits = c->x <= c->at.x + c->at.w || before.x == c->at.x;
        *c = before;
        c->draw = drawn;
        if (!fits && c->lines == c->most && c->draw) {
            put(c->painter, c->x - space, c->y, FONT_WORDS, c->size, PALETTE_INK, "\xe2\x80\xa6");
            return c->lines + 1;
        }
        if (!fits)
            caption_break(c);
        caption_word(c, text, length);
        c->x += space;
        text += length;
        text += strspn(text, " ");
    }
    return c->lines;
}

/* In the largest words of which the text needs no more lines than there is room for. */
void paint_caption(struct painter *painter, struct rect at) {
    static const struct {
        float size, line;
        unsigned lines;
    } settings[] = {{15, 21, 2}, {14, 20, 2}, {13, 16, 3}, {12, 15, 3}, {11, 13, 4}};
    const char *text = painter->state->caption;
    struct caption c = {.painter = painter, .at = {at.x + 17, at.y, fmaxf(at.w - 34, 40), at.h}};
    unsigned lines = 0;
    for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        c.size = settings[i].size;
        c.line = settings[i].line;
        c.most = settings[i].lines;
        lines = caption_set(&c, text);
        if (lines <= c.most)
            break;
    }
    lines = lines < c.most ? lines : c.most;
    c.draw = true;
    c.y = roundf(at.y + at.h / 2 - (float)(lines - 1) * c.line / 2 + c.size * 0.36f);
    region_begin(painter, at);
    draw_clip(painter->list, at);
    draw_fill(painter->list, at, PALETTE_RAISED, 8);
    draw_stroke(painter->list, at, PALETTE_SELECTED, 8, 1);
    caption_set(&c, text);
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
