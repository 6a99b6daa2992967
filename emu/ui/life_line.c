/*
 * A frame's life, drawn twice: as a line in time, coloured by what the frame was used for, a tick for each event; and
 * as sentences with the time of each.
 *
 * The line. Events of one fault are microseconds apart, two faults seconds: on an even scale most ticks would fall on
 * one pixel. So the width between two events grows with the logarithm of the time between them, and the durations that
 * find room are written above.
 */
#include "emu/ui/life.h"

#include "guestos/include/faultline/trace_abi.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Uses ------------------------------------------------------------------------------------------------------ */

static size_t life_count(const struct selection *selection) {
    return selection->life_count < SELECTION_LIFE ? selection->life_count : SELECTION_LIFE;
}

/* What the frame was taken for, by what was told until it was freed again. */
static enum frame_kind taken_for(const struct selection *selection, size_t from) {
    size_t count = life_count(selection);
    enum frame_kind kind = FRAME_KERNEL;
    for (size_t i = from + 1; i < count; i++)
        switch (selection->life[i].type) {
        case FLT_MM_PAGE_FREE: return kind;
        case FLT_MM_FILEMAP_ADD: return FRAME_FILE;
        case FLT_FAULT_PTE:
        case FLT_FAULT_COW:
        case FLT_MM_LRU_ADD:
        case FLT_MM_SWAP_OUT: kind = FRAME_ANON; break;
        default: break;
        }
    return kind == FRAME_KERNEL && selection->frame.kind != FRAME_FREE ? selection->frame.kind : kind;
}

static enum frame_kind kind_after(const struct selection *selection, size_t i, enum frame_kind before) {
    switch (selection->life[i].type) {
    case FLT_MM_PAGE_ALLOC: return taken_for(selection, i);
    case FLT_MM_PAGE_FREE: return FRAME_FREE;
    case FLT_MM_FILEMAP_ADD: return FRAME_FILE;
    case FLT_MM_SWAP_OUT:
    case FLT_MM_SWAP_IN: return FRAME_SWAP_CACHE;
    case FLT_MM_SWAP_FREE: return before == FRAME_SWAP_CACHE ? FRAME_ANON : before;
    case FLT_FAULT_PTE:
    case FLT_FAULT_COW: return before == FRAME_FREE || before == FRAME_ABSENT ? FRAME_ANON : before;
    default: return before == FRAME_ABSENT ? taken_for(selection, i) : before;
    }
}

void life_kinds(const struct selection *selection, uint8_t *to) {
    enum frame_kind kind = FRAME_ABSENT;
    size_t count = life_count(selection);
    for (size_t i = 0; i < count; i++) {
        kind = kind_after(selection, i, kind);
        to[i] = (uint8_t)kind;
    }
    if (count > 0 && to[count - 1] != FRAME_FREE && selection->frame.kind < FRAME_ABSENT)
        to[count - 1] = (uint8_t)selection->frame.kind; /* what it is now is known */
}

static bool in_this_fault(const struct view *view, const struct story_log_entry *entry) {
    return view->has_fault && entry->fault != 0 && entry->fault == view->fault.number;
}

static bool is_chosen(const struct view *view, const struct story_log_entry *entry) {
    return view->selection.has_event && view->selection.event.number == entry->number;
}

static struct words time_of(const struct view *view, uint64_t blocks) { return format_clock(blocks * view->block_ns); }

static void tip_event(struct painter *painter, struct rect at, size_t i) {
    const struct view *view = painter->view;
    const struct story_log_entry *entry = &view->selection.life[i];
    tip(painter, at, "event %" PRIu64 "  %s\n%s\nclick: select it", entry->number, time_of(view, entry->blocks).text,
        view->life_text[i]);
}

/* The line -------------------------------------------------------------------------------------------------- */

#define BAR 12.0f

struct line { /* where each event is; x[count] is now */
    size_t count;
    float x[SELECTION_LIFE + 1];
};

static uint64_t gap_after(const struct view *view, size_t i) {
    const struct selection *selection = &view->selection;
    uint64_t from = selection->life[i].blocks;
    uint64_t to = i + 1 < life_count(selection) ? selection->life[i + 1].blocks : view->blocks;
    return to > from ? to - from : 0;
}

static void place_events(struct line *line, const struct view *view, struct rect at) {
    const struct selection *selection = &view->selection;
    line->count = life_count(selection);
    uint64_t first = selection->life[0].blocks, all = view->blocks > first ? view->blocks - first : 1;
    double unit = fmax((double)all / 2000, 1), sum = 0, used = 0;
    for (size_t i = 0; i < line->count; i++)
        sum += 1 + log2(1 + (double)gap_after(view, i) / unit);
    for (size_t i = 0; i < line->count; i++) {
        line->x[i] = at.x + (float)(used / sum) * at.w;
        used += 1 + log2(1 + (double)gap_after(view, i) / unit);
    }
    line->x[line->count] = at.x + at.w;
}

static void paint_stretch(struct painter *painter, const struct line *line, size_t i, float y, unsigned kind) {
    struct rect at = {line->x[i], y, line->x[i + 1] - line->x[i], BAR};
    struct words duration = format_duration(gap_after(painter->view, i) * painter->view->block_ns);
    if (kind < FRAME_ABSENT)
        draw_fill(painter->list, at, frame_color(kind), 0);
    if (kind == FRAME_FREE)
        draw_stroke(painter->list, at, PALETTE_LINE, 0, 1);
    float width = text_width(painter, FONT_CODE, 10, duration.text);
    if (width + 12 <= at.w)
        put(painter, at.x + (at.w - width) / 2, y - 5, FONT_CODE, 10, PALETTE_FAINT, duration.text);
    tip(painter, at, "%s\nfor %s, from %s", frame_kind_name((enum frame_kind)kind), duration.text,
        time_of(painter->view, painter->view->selection.life[i].blocks).text);
}

static void paint_tick(struct painter *painter, const struct line *line, size_t i, float y) {
    const struct view *view = painter->view;
    const struct story_log_entry *entry = &view->selection.life[i];
    bool bounds = entry->type == FLT_MM_PAGE_ALLOC || entry->type == FLT_MM_PAGE_FREE;
    bool now = in_this_fault(view, entry);
    struct rect tick = {roundf(line->x[i]), y - (bounds ? 3 : 0), now ? 3 : 2, BAR + (bounds ? 6 : 3)};
    draw_fill(painter->list, rect_inset(tick, -1, 0), PALETTE_PANEL, 0);
    draw_fill(painter->list, tick, now ? PALETTE_ACCENT : bounds ? PALETTE_INK : PALETTE_SOFT, 0);
    if (is_chosen(view, entry))
        mark_selected(painter, tick);
    struct rect around = {tick.x - 3, y - 4, 8, BAR + 9};
    hit(painter, around, ACTION_SELECT_EVENT, (int64_t)entry->number);
    tip_event(painter, around, i);
}

void paint_life_line(struct painter *painter, struct rect at, const uint8_t *kinds) {
    const struct view *view = painter->view;
    struct line line;
    if (life_count(&view->selection) == 0)
        return;
    float y = at.y + 14;
    place_events(&line, view, (struct rect){at.x + 1, at.y, at.w - 4, at.h});
    for (size_t i = 0; i < line.count; i++)
        paint_stretch(painter, &line, i, y, kinds[i]);
    for (size_t i = 0; i < line.count; i++)
        paint_tick(painter, &line, i, y);
    struct words begin = time_of(view, view->selection.life[0].blocks), end = time_of(view, view->blocks);
    float after = put(painter, at.x, y + BAR + 15, FONT_CODE, 10, PALETTE_FAINT, begin.text);
    struct words now = format_words("now  %s", end.text);
    if (after + 12 + text_width(painter, FONT_CODE, 10, now.text) > at.x + at.w)
        return;
    put_right(painter, at.x + at.w, y + BAR + 15, FONT_CODE, 10, PALETTE_FAINT, now.text);
    const char *note = "long waits are drawn shorter than they were";
    float room = at.x + at.w - text_width(painter, FONT_CODE, 10, now.text) - 16 - (after + 16);
    float width = text_width(painter, FONT_WORDS, 10, note);
    if (width <= room)
        put(painter, after + 16 + (room - width) / 2, y + BAR + 15, FONT_WORDS, 10, PALETTE_FAINT, note);
}

/* The list -------------------------------------------------------------------------------------------------- */

#define ROW 18.0f

/* The sentence without the fault that ends it in brackets: that stands at the right, to be clicked. */
static struct words sentence_of(const struct view *view, size_t i) {
    char mark[40];
    const char *text = view->life_text[i];
    size_t length = strnlen(text, VIEW_LIFE_TEXT);
    int marked = snprintf(mark, sizeof mark, " (fault %" PRIu64 ")", view->selection.life[i].fault);
    if (marked > 0 && (size_t)marked < length && strncmp(text + length - (size_t)marked, mark, (size_t)marked) == 0)
        length -= (size_t)marked;
    return format_words("%.*s", (int)length, text);
}

/* Returns where the sentence must end. */
static float paint_fault_link(struct painter *painter, struct rect row, const struct story_log_entry *entry) {
    if (entry->fault == 0)
        return row.x + row.w;
    struct words name = format_words("fault %" PRIu64, entry->fault);
    float width = text_width(painter, FONT_CODE, SIZE_LABEL, name.text);
    struct rect at = {row.x + row.w - width - 10, row.y + 1, width + 10, row.h - 2};
    bool now = in_this_fault(painter->view, entry);
    draw_fill(painter->list, at,
              now                       ? PALETTE_ACCENT
              : is_hovered(painter, at) ? PALETTE_RAISED_HOT
                                        : PALETTE_RAISED,
              4);
    put(painter, at.x + 5, row.y + 13, FONT_CODE, SIZE_LABEL, now ? PALETTE_ON_ACCENT : PALETTE_DIM, name.text);
    hit(painter, at, ACTION_SELECT_FAULT, (int64_t)entry->fault);
    tip(painter, at, "fault %" PRIu64 "\n%s", entry->fault, now ? "the one on show" : "click: show it");
    return at.x - 8;
}

static void paint_life_row(struct painter *painter, struct rect row, float text_x, size_t i, unsigned kind) {
    const struct view *view = painter->view;
    const struct story_log_entry *entry = &view->selection.life[i];
    hit(painter, row, ACTION_SELECT_EVENT, (int64_t)entry->number);
    tip_event(painter, row, i);
    if (is_hovered(painter, row))
        draw_fill(painter->list, rect_inset(row, -4, 0), PALETTE_WELL, 4);
    put(painter, row.x, row.y + 13, FONT_CODE, SIZE_LABEL, PALETTE_DIM, time_of(view, entry->blocks).text);
    struct rect dot = {text_x - 15, row.y + 5, 8, 8};
    if (kind < FRAME_ABSENT)
        draw_fill(painter->list, dot, frame_color(kind), 4);
    if (kind == FRAME_FREE)
        draw_stroke(painter->list, dot, PALETTE_KERNEL, 4, 1);
    float right = paint_fault_link(painter, row, entry);
    put_until(painter, text_x, row.y + 13, right, FONT_WORDS, SIZE_SMALL, PALETTE_INK, sentence_of(view, i).text);
    if (is_chosen(view, entry))
        outline_selected(painter, rect_inset(row, -4, 0), 4);
}

/* Where the list ends as long as the viewer has not moved it: at its end, or a little below the selected event. */
static size_t last_shown(const struct view *view, size_t rows, size_t fit) {
    const struct selection *selection = &view->selection;
    size_t count = life_count(selection);
    for (size_t i = 0; i < count; i++)
        if (is_chosen(view, &selection->life[i])) {
            size_t below = i + (rows - count) + 1 + fit / 2;
            return below < rows ? (below > fit ? below : fit) : rows;
        }
    return rows;
}

void paint_life_list(struct painter *painter, struct rect at, const uint8_t *kinds) {
    const struct view *view = painter->view;
    const struct selection *selection = &view->selection;
    size_t count = life_count(selection), fit = at.h >= ROW ? (size_t)(at.h / ROW) : 0;
    bool cut = selection->life_total > count;
    size_t rows = count + (cut ? 1 : 0);
    if (count == 0 || fit == 0)
        return;
    float most = rows > fit ? (float)(rows - fit) * ROW : 0;
    painter->frame->scroll_most[PANEL_LIFE] = most;
    size_t skipped = (size_t)roundf(fminf(painter->state->scroll[PANEL_LIFE], most) / ROW);
    size_t last = skipped ? rows - skipped : last_shown(view, rows, fit), first = last > fit ? last - fit : 0;
    float time = 0;
    for (size_t i = 0; i < count; i++)
        time = fmaxf(time, text_width(painter, FONT_CODE, SIZE_LABEL, time_of(view, selection->life[i].blocks).text));
    for (size_t row = first; row < last; row++) {
        struct rect place = {at.x, at.y + (float)(row - first) * ROW, at.w, ROW};
        size_t i = row - (cut ? 1 : 0);
        if (cut && row == 0)
            put_until(
                painter, at.x, place.y + 13, at.x + at.w, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
                format_words("%s earlier events are not kept", format_count(selection->life_total - count).text).text);
        else
            paint_life_row(painter, place, at.x + time + 26, i, kinds[i]);
    }
    paint_scroll_bar(painter, at, (float)first * ROW, (float)fit * ROW, (float)rows * ROW);
}
