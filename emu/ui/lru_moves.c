/*
 * Pages that just changed lists: an arrow from the belt that they left to where they are now, and the reason in words.
 * The newest move is in the accent, those before it fade; what is older than the fade is not drawn. Ages are virtual
 * time, so that a picture of a moment is always the same.
 */
#include "emu/ui/belts.h"

#include <math.h>
#include <string.h>

#define FADE_NS 300000000.0 /* a third of a second of the guest's time */
#define MOVES 3u
#define CORNER 5.0f

struct move {
    const struct story_log_entry *event;
    const struct belt *from, *to;
    struct rect square;
    float strength; /* 1 newest, 0 gone */
};

static const struct belt *belt_holding(const struct belts *belts, uint64_t pfn, uint32_t *place) {
    for (unsigned i = 0; i < belts->count; i++)
        for (uint32_t p = 0; p < belts->of[i].lru->count && p < KV_LRU_MAX; p++)
            if (belts->of[i].lru->pfn[p] == pfn) {
                *place = p;
                return &belts->of[i];
            }
    return NULL;
}

static const struct belt *other_list(const struct belts *belts, const struct belt *belt) {
    for (unsigned i = 0; i < belts->count; i++)
        if (belts->of[i].zone == belt->zone && belts->of[i].active != belt->active)
            return &belts->of[i];
    return belt;
}

/* False: no move that can be drawn. */
static bool take_move(const struct view *view, const struct belts *belts, const struct story_log_entry *event,
                      unsigned rank, struct move *move) {
    uint32_t place;
    double age = view->blocks > event->blocks ? (double)(view->blocks - event->blocks) * view->block_ns : 0;
    if (event->type != FLT_MM_LRU_MOVE || age >= FADE_NS)
        return false;
    *move = (struct move){.event = event, .to = belt_holding(belts, event->pfn, &place)};
    if (!move->to || move->to->active != (event->value[1] != 0) || !belt_square(belts, move->to, place, &move->square))
        return false;
    move->from = event->value[0] != event->value[1] ? other_list(belts, move->to) : move->to;
    move->strength = (float)(1 - age / FADE_NS) * powf(0.55f, (float)rank);
    return true;
}

/* A line with cut corners through the points. */
static void paint_path(struct painter *painter, const float points[][2], unsigned count, color ink) {
    float x = points[0][0], y = points[0][1];
    for (unsigned i = 1; i < count; i++) {
        float dx = points[i][0] - x, dy = points[i][1] - y, length = hypotf(dx, dy);
        float cut = i + 1 < count ? fminf(CORNER, length) : 0, ux = length > 0 ? dx / length : 0,
              uy = length > 0 ? dy / length : 0;
        float end_x = points[i][0] - ux * cut, end_y = points[i][1] - uy * cut;
        draw_line(painter->list, x, y, end_x, end_y, ink, 1.5f);
        x = end_x;
        y = end_y;
        if (i + 1 == count)
            return;
        float nx = points[i + 1][0] - points[i][0], ny = points[i + 1][1] - points[i][1], next = hypotf(nx, ny);
        float corner_x = points[i][0] + (next > 0 ? nx / next : 0) * fminf(CORNER, next),
              corner_y = points[i][1] + (next > 0 ? ny / next : 0) * fminf(CORNER, next);
        draw_line(painter->list, x, y, corner_x, corner_y, ink, 1.5f);
        x = corner_x;
        y = corner_y;
    }
}

/* From the tail of one list along the free strip above a belt's name into the page's place. */
static void paint_arrow(struct painter *painter, float x1, float y1, float strip, struct rect to, color ink) {
    bool down = to.y > strip;
    float x2 = roundf(to.x + to.w / 2), y2 = down ? to.y - 1 : to.y + to.h + 1, tip_y = down ? -5 : 5;
    const float points[][2] = {{x1, y1}, {x1 + 6, y1}, {x1 + 6, strip}, {x2, strip}, {x2, y2}};
    paint_path(painter, points, 5, ink);
    draw_line(painter->list, x2, y2, x2 - 4, y2 + tip_y, ink, 1.5f);
    draw_line(painter->list, x2, y2, x2 + 4, y2 + tip_y, ink, 1.5f);
}

/* The tail of a belt: reclaim takes pages there. */
static void tail_of(const struct belts *belts, const struct belt *belt, float *x, float *y) {
    struct rect last = {belts->room.x + belts->room.w - 30, belts->room.y + belts->room.h - 10, 0, 0};
    if (belt->pages > 0)
        belt_square(belts, belt, (uint32_t)(belt->pages - 1), &last);
    *x = last.x + last.w + 3;
    *y = last.y + last.h / 2;
}

/* The strip without squares between the two lists. */
static float strip_of(const struct belts *belts, const struct move *move) {
    const struct belt *lower = move->to->active ? other_list(belts, move->to) : move->to;
    float y = lower->squares.w > 0 ? lower->squares.y : belts->room.y + belts->room.h;
    return roundf(y - 21);
}

static struct words words_of(const struct story_log_entry *event) {
    const char *list = event->value[0] == event->value[1] ? "moved inside its list"
                       : event->value[1]                  ? "to active"
                                                          : "to inactive";
    return format_words("%s: %s", list, reclaim_reason_text(event->value[2]));
}

/* The words of the newest move stand on the line of its belt's name, at the right. */
static void paint_words(struct painter *painter, const struct belts *belts, const struct move *move) {
    struct words words = format_words("frame %05x %s", (unsigned)move->event->pfn, words_of(move->event).text);
    float baseline = move->to->squares.y - 8, width = text_width(painter, FONT_WORDS, SIZE_SMALL, words.text);
    float right = belts->room.x + belts->room.w - 4,
          left =
              belts->room.x + 18 +
              text_width(
                  painter, FONT_WORDS, SIZE_SMALL,
                  format_words("%s inactive, %s pages", move->to->name.text, format_count(move->to->pages).text).text);
    if (width > right - left) {
        words = words_of(move->event);
        width = text_width(painter, FONT_WORDS, SIZE_SMALL, words.text);
    }
    if (width <= right - left)
        put_right(painter, right, baseline, FONT_WORDS, SIZE_SMALL, PALETTE_ACCENT, words.text);
}

void paint_moves(struct painter *painter, const struct belts *belts) {
    const struct view *view = painter->view;
    struct move moves[MOVES];
    unsigned count = 0, most = belts->scale.step < 9 ? 1 : MOVES; /* among small squares more would be a tangle */
    for (size_t i = view->event_count; i-- > 0 && count < most;)
        count += take_move(view, belts, &view->events[i], count, &moves[count]);
    for (unsigned i = count; i-- > 0;) {
        float x, y;
        color ink = mix(PALETTE_PANEL, PALETTE_ACCENT, 0.25f + 0.75f * moves[i].strength);
        tail_of(belts, moves[i].from, &x, &y);
        draw_stroke(painter->list, box_around(moves[i].square, 1, moves[i].square.w + 2), ink, 2, 1.5f);
        paint_arrow(painter, x, y, strip_of(belts, &moves[i]) + (float)i * 1.5f, moves[i].square, ink);
    }
    if (count > 0)
        paint_words(painter, belts, &moves[0]);
}

struct words last_move_of(const struct view *view, uint64_t pfn) {
    for (size_t i = view->event_count; i-- > 0;) {
        const struct story_log_entry *event = &view->events[i];
        if (event->pfn != pfn)
            continue;
        if (event->type == FLT_MM_LRU_MOVE)
            return words_of(event);
        if (event->type == FLT_MM_LRU_ADD)
            return format_words("new on its list");
    }
    return format_words("%s", "");
}
