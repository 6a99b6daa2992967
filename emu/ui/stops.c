/*
 * What lies over the panels while a line is typed: the list of stops with the line for a new one, and the search.
 * Both are drawn over a shade; a click on the shade closes them. Words for what can be typed come from the debugger's
 * own table of conditions.
 */
#include "emu/ui/line.h"
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define EDGE 22.0f
#define ROW 27.0f
#define LINE_H 36.0f
#define SIZE_LINE 14.0f

/* The sheet ---------------------------------------------------------------------------------------------------- */

static void paint_sheet(struct painter *painter, struct rect at, enum ui_action closes, const char *title,
                        const char *keys) {
    struct rect all = {0, 0, painter->state->width, painter->state->height};
    draw_fill(painter->list, all, PALETTE_SHADE, 0);
    draw_fill(painter->list, at, PALETTE_PANEL, 10);
    draw_stroke(painter->list, at, PALETTE_RESERVED, 10, 1);
    float end = put(painter, at.x + EDGE, at.y + 31, FONT_WORDS_BOLD, 15, PALETTE_INK, title);
    float width = text_width(painter, FONT_WORDS, SIZE_SMALL, keys), right = at.x + at.w - EDGE;
    put_until(painter, fmaxf(right - width, end + 20), at.y + 31, right, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT, keys);
    hit(painter, all, closes, 0);
    hit(painter, at, ACTION_NONE, 0);
}

/* The line with its place; what is before the place scrolls out to the left when there is no room. */
static void paint_line(struct painter *painter, struct rect at, const char *prompt, const char *empty) {
    const struct ui_state *state = painter->state;
    char before[sizeof state->line];
    bool owns_keys = state->points.chosen == 0;
    draw_fill(painter->list, at, PALETTE_WELL, 6);
    draw_stroke(painter->list, at, owns_keys ? PALETTE_ACCENT_LINE : PALETTE_LINE, 6, 1);
    float x = put(painter, at.x + 13, at.y + 23, FONT_WORDS, SIZE_WORDS, PALETTE_DIM, prompt) + 9;
    float right = at.x + at.w - 12, room = right - x;
    snprintf(before, sizeof before, "%.*s", (int)state->line_at, state->line);
    const char *shown = before;
    while (*shown && text_width(painter, FONT_CODE, SIZE_LINE, shown) > room - 12)
        shown++;
    float place = put(painter, x, at.y + 23, FONT_CODE, SIZE_LINE, PALETTE_INK, shown);
    if (state->line_length == 0)
        put_until(painter, x + 8, at.y + 23, right, FONT_CODE, SIZE_WORDS, PALETTE_FAINT, empty);
    else
        put_until(painter, place, at.y + 23, right, FONT_CODE, SIZE_LINE, PALETTE_INK, state->line + state->line_at);
    if (owns_keys)
        draw_fill(painter->list, (struct rect){roundf(place), at.y + 9, 2, LINE_H - 18}, PALETTE_ACCENT, 0);
    hit(painter, at, ACTION_POINT_CHOOSE, 0);
}

/* The answer to the line: what stays in the line was not accepted. */
static void paint_answer(struct painter *painter, struct rect at) {
    const struct ui_state *state = painter->state;
    if (!painter->view || !state->answered || !painter->view->said[0])
        return;
    bool refused = state->stops && state->line_length > 0;
    put_wrapped(painter, at, 17, 2, FONT_WORDS, SIZE_WORDS, refused ? PALETTE_BAD_INK : PALETTE_GOOD_INK,
                painter->view->said);
}

/* Hints -------------------------------------------------------------------------------------------------------- */

/* Words that may stand at the place, as many as one row has room for. */
static void paint_hints(struct painter *painter, struct rect at) {
    struct line_hints hints;
    line_hints(painter->state, &hints);
    float x = at.x;
    if (hints.kind)
        x = put_until(painter, x, at.y + 15, at.x + at.w, FONT_WORDS, SIZE_SMALL, PALETTE_DIM,
                      format_words("%s: %s", hints.kind->name, hints.kind->summary).text) +
            14;
    for (unsigned i = 0; i < hints.count; i++) {
        float width = text_width(painter, FONT_CODE, SIZE_SMALL, hints.word[i]) + 14;
        struct rect chip = {x, at.y, width, 21};
        if (chip.x + chip.w > at.x + at.w)
            return;
        draw_fill(painter->list, chip, is_hovered(painter, chip) ? PALETTE_RAISED_HOT : PALETTE_RAISED, 5);
        put(painter, chip.x + 7, chip.y + 15, FONT_CODE, SIZE_SMALL, PALETTE_SOFT, hints.word[i]);
        hit(painter, chip, ACTION_LINE_HINT, i);
        x += width + 5;
    }
}

/* The list ------------------------------------------------------------------------------------------------------ */

static void paint_switch(struct painter *painter, struct rect at, bool on) {
    draw_fill(painter->list, at, on ? PALETTE_GOOD_GROUND : PALETTE_OFF_GROUND, at.h / 2);
    float side = at.h - 4;
    draw_fill(painter->list, (struct rect){on ? at.x + at.w - side - 2 : at.x + 2, at.y + 2, side, side},
              on ? PALETTE_GOOD_INK : PALETTE_DIM, side / 2);
}

static void paint_point(struct painter *painter, struct rect row, const struct debug_point *point) {
    const struct view *view = painter->view;
    bool chosen = painter->state->points.chosen == point->id,
         met = view->state != VIEW_RUNNING && view->stop.point == point->id;
    if (chosen || is_hovered(painter, row))
        draw_fill(painter->list, row, chosen ? PALETTE_SELECTED : PALETTE_RAISED, 5);
    hit(painter, row, ACTION_POINT_CHOOSE, point->id);
    struct rect enable = {row.x + 8, row.y + 6, 28, 15}, remove = {row.x + row.w - 68, row.y + 2, 64, ROW - 5};
    paint_switch(painter, enable, point->enabled);
    hit(painter, rect_inset(enable, -6, -6), ACTION_POINT_ENABLE,
        point->enabled ? -(int64_t)point->id : (int64_t)point->id);
    tip(painter, rect_inset(enable, -6, -6),
        point->enabled ? "on: click to switch it off" : "off: click to switch it on");
    bool hot = is_hovered(painter, remove);
    draw_fill(painter->list, remove, hot ? PALETTE_BAD_GROUND : PALETTE_RAISED, 5);
    put_center(painter, remove, row.y + 17, FONT_WORDS, SIZE_SMALL, hot ? PALETTE_BAD_INK : PALETTE_DIM, "remove");
    hit(painter, remove, ACTION_POINT_REMOVE, point->id);
    struct words hits =
        point->hits == 1 ? format_words("1 hit") : format_words("%s hits", format_count(point->hits).text);
    float hits_x = remove.x - 14 - text_width(painter, FONT_WORDS, SIZE_SMALL, hits.text);
    put(painter, hits_x, row.y + 17, FONT_WORDS, SIZE_SMALL, met ? PALETTE_ACCENT : PALETTE_DIM, hits.text);
    float x = put(painter, enable.x + 38, row.y + 17, FONT_CODE, SIZE_CODE, met ? PALETTE_ACCENT : PALETTE_DIM,
                  format_words("%u", point->id).text);
    put_until(painter, x + 12, row.y + 17, hits_x - 10, FONT_CODE, SIZE_CODE,
              point->enabled ? PALETTE_INK : PALETTE_FAINT, point->text);
}

static void paint_points(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    size_t count = view ? view->point_count : 0, room = (size_t)fmaxf(floorf((at.h - 26) / ROW), 1), first = 0;
    count = count < DEBUG_POINTS_MAX ? count : DEBUG_POINTS_MAX;
    put(painter, at.x, at.y + 12, FONT_WORDS_BOLD, SIZE_LABEL, PALETTE_DIM, "SET NOW");
    if (count == 0) {
        put_wrapped(painter, (struct rect){at.x, at.y + 38, at.w, 0}, 18, 4, FONT_WORDS, SIZE_WORDS, PALETTE_DIM,
                    "No stops yet. Type a condition above and press Enter, or click one of the examples to change it.");
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (view->points[i].id == painter->state->points.chosen && i >= room)
            first = i - room + 1;
    for (size_t i = first; i < count && i < first + room; i++)
        paint_point(painter, (struct rect){at.x - 8, at.y + 22 + (float)(i - first) * ROW, at.w + 8, ROW},
                    &view->points[i]);
    if (count > room)
        put_right(painter, at.x + at.w, at.y + 12, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT,
                  format_words("%zu of %zu", room, count).text);
}

/* Examples ------------------------------------------------------------------------------------------------------- */

static void paint_example(struct painter *painter, struct rect row, const struct condition_kind *kind, int64_t number) {
    float baseline = row.y + row.h / 2 + 4, right = row.x + row.w - 6, words = row.w > 520 ? row.x + 92 + 300 : right;
    if (is_hovered(painter, row))
        draw_fill(painter->list, row, PALETTE_RAISED_HOT, 4);
    put(painter, row.x + 6, baseline, FONT_CODE, SIZE_CODE, PALETTE_READ_INK, kind->name);
    put_until(painter, row.x + 92, baseline, words, FONT_WORDS, SIZE_SMALL, PALETTE_SOFT, kind->summary);
    if (words < right)
        put_until(painter, words + 10, baseline, right, FONT_CODE, SIZE_LABEL, PALETTE_DIM, kind->example);
    hit(painter, row, ACTION_LINE_EXAMPLE, number);
    tip(painter, row, "%s\n%s\nwords: %s\nclick to put it into the line", kind->example, kind->summary, kind->keys);
}

static void paint_examples(struct painter *painter, struct rect at) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    put(painter, at.x + 6, at.y + 12, FONT_WORDS_BOLD, SIZE_LABEL, PALETTE_DIM, "WHAT CAN BE STOPPED AT");
    put_right(painter, at.x + at.w, at.y + 12, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT, "click for an example");
    float room = at.h - 20, row = count ? fminf(22, fmaxf(room / (float)count, 16)) : 22;
    for (size_t i = 0; i < count && (float)(i + 1) * row <= room + 1; i++)
        paint_example(painter, (struct rect){at.x, at.y + 20 + (float)i * row, at.w, row}, &kinds[i], (int64_t)i);
}

/* The two -------------------------------------------------------------------------------------------------------- */

void paint_stops(struct painter *painter) {
    const struct ui_state *state = painter->state;
    float width = fminf(state->width - 40, 1120), height = fminf(state->height - 44, 700);
    struct rect all = {0, 0, state->width, state->height},
                at = {roundf((all.w - width) / 2), roundf((all.h - height) / 2), width, height};
    region_begin(painter, all);
    paint_sheet(
        painter, at, ACTION_STOPS, "Stops",
        at.w > 900
            ? "Enter adds \xc2\xb7 Tab completes \xc2\xb7 \xe2\x86\x91 \xe2\x86\x93 choose: space switches, Delete "
              "removes \xc2\xb7 Esc closes"
            : "Enter adds \xc2\xb7 Tab completes \xc2\xb7 Esc closes");
    struct rect inside = {at.x + EDGE, at.y + 46, at.w - 2 * EDGE, at.h - 46 - 14};
    paint_line(painter, (struct rect){inside.x, inside.y, inside.w, LINE_H}, "stop at",
               "fault branch=cow_copy task=7     break do_wp_page     watch jiffies");
    paint_hints(painter, (struct rect){inside.x, inside.y + LINE_H + 8, inside.w, 21});
    float top = inside.y + LINE_H + 44, left = floorf(inside.w * (inside.w > 1000 ? 0.36f : 0.46f));
    paint_answer(painter, (struct rect){inside.x, top + 10, left - 20, 0});
    float answer = state->answered && painter->view && painter->view->said[0] ? 48 : 0;
    float bottom = inside.y + inside.h;
    paint_points(painter, (struct rect){inside.x, top + answer, left - 20, bottom - top - answer});
    paint_examples(painter, (struct rect){inside.x + left, top, inside.w - left, bottom - top});
    region_end(painter);
}

void paint_search(struct painter *painter) {
    static const char *const lines[][2] = {{"40012008", "an address: its page, entry and frame"},
                                           {"do_wp_page", "a symbol of the program or the kernel"},
                                           {"frame 2c11", "a frame of memory"},
                                           {"fault 18", "a fault by its number"},
                                           {"event 91", "an event of the log"}};
    const struct ui_state *state = painter->state;
    float width = fminf(state->width - 40, 720);
    struct rect all = {0, 0, state->width, state->height}, at = {roundf((all.w - width) / 2), 96, width, 242};
    region_begin(painter, all);
    paint_sheet(painter, at, ACTION_SEARCH, "Search", "Enter looks it up \xc2\xb7 Esc closes");
    paint_line(painter, (struct rect){at.x + EDGE, at.y + 46, at.w - 2 * EDGE, LINE_H}, "find",
               "an address, a symbol, frame N, fault N, event N");
    paint_answer(painter, (struct rect){at.x + EDGE, at.y + 106, at.w - 2 * EDGE, 0});
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        float y = at.y + 148 + 19 * (float)i;
        put(painter, at.x + EDGE, y, FONT_CODE, SIZE_SMALL, PALETTE_READ_INK, lines[i][0]);
        put_until(painter, at.x + EDGE + 110, y, at.x + at.w - EDGE, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, lines[i][1]);
    }
    region_end(painter);
}
