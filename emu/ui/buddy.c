/*
 * BUDDY: the free blocks of every order, a column a zone; a block is a box, wider with its order. Blocks that were just
 * split or merged are outlined, with an arrow from the order that they left to the one that they became; both fade
 * with the guest's own time. Below the orders the per-CPU lists.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

#define FADE_NS 300000000.0 /* as the moves of LRU */
#define CHANGES 4u
#define ROWS (KV_ORDERS + 1) /* the per-CPU lists below the orders */

struct buddy_column {
    const struct kv_zone *zone;
    size_t index;
    float x, w;
};

struct rows {
    float top, height;
};

/* The order of a block that this fault took straight from the zone's buddy lists, -1: none. */
static int order_taken(const struct view *view, const struct kv_zone *zone) {
    for (unsigned i = 0; view->has_fault && i < view->fault.frame_count && i < STORY_MAX_FRAMES; i++) {
        const struct story_frame_taken *taken = &view->fault.frames[i];
        bool here = taken->pfn >= zone->start_pfn && taken->pfn - zone->start_pfn < zone->spanned;
        if (here && !taken->from_pageset && !taken->failed && taken->order < KV_ORDERS)
            return (int)taken->order;
    }
    return -1;
}

/* Boxes of a row ------------------------------------------------------------------------------------------------ */

#define DOTS 14.0f /* room for "there are more" */

struct boxes {
    float x, y, width, height, step;
    uint64_t shown;
    bool cut; /* there are more than shown */
    struct words count;
    float right; /* where the count ends */
};

static struct boxes boxes_of(struct painter *painter, const struct buddy_column *column, unsigned order, float y,
                             float row, uint64_t blocks) {
    struct boxes boxes = {.x = column->x, .count = format_words("%s", format_count(blocks).text)};
    boxes.right = column->x + column->w;
    float text = fmaxf(text_width(painter, FONT_CODE, 10, boxes.count.text), 18);
    float room = column->w - text - 8;
    boxes.width = fminf(8 + 3.5f * (float)order, room);
    boxes.step = boxes.width + 3;
    boxes.height = fmaxf(row - 5, 4);
    boxes.y = y + (row - boxes.height) / 2;
    uint64_t fit = room > boxes.width ? (uint64_t)((room - boxes.width) / boxes.step) + 1 : 1;
    boxes.cut = blocks > fit;
    boxes.shown = blocks < fit ? blocks : fit;
    boxes.shown -= boxes.cut && boxes.shown > 1;
    if (boxes.cut && (float)boxes.shown * boxes.step + DOTS > room) { /* one box, which makes room for the dots */
        boxes.width = fmaxf(room - DOTS - 3, 4);
        boxes.step = boxes.width + 3;
    }
    return boxes;
}

static struct rect box_at(const struct boxes *boxes, uint64_t i) {
    return (struct rect){boxes->x + (float)i * boxes->step, boxes->y, boxes->width, boxes->height};
}

static void paint_boxes(struct painter *painter, const struct boxes *boxes, color ground) {
    for (uint64_t i = 0; i < boxes->shown; i++) {
        draw_fill(painter->list, box_at(boxes, i), ground, 2.5f);
        draw_stroke(painter->list, box_at(boxes, i), PALETTE_RESERVED, 2.5f, 1);
    }
    float middle = boxes->y + boxes->height / 2;
    for (unsigned i = 0; boxes->cut && i < 3; i++)
        draw_fill(painter->list,
                  (struct rect){boxes->x + (float)boxes->shown * boxes->step + 2 + 4 * (float)i, middle - 1, 2, 2},
                  PALETTE_FAINT, 0);
    put_right(painter, boxes->right, middle + 3.5f, FONT_CODE, boxes->height < 5.2f ? 8 : 10,
              boxes->shown ? PALETTE_DIM : PALETTE_FAINT, boxes->count.text);
}

static void paint_order(struct painter *painter, const struct buddy_column *column, unsigned order,
                        const struct rows *rows) {
    uint64_t blocks = column->zone->nr_free_blocks[order];
    float y = rows->top + (float)order * rows->height;
    bool taken = order_taken(painter->view, column->zone) == (int)order;
    struct boxes boxes = boxes_of(painter, column, order, y, rows->height, blocks);
    paint_boxes(painter, &boxes, PALETTE_BADGE);
    if (taken && boxes.shown > 0)
        draw_stroke(painter->list, box_at(&boxes, boxes.shown - 1), PALETTE_ACCENT, 2.5f, 1.5f);
    tip(painter, (struct rect){column->x, y, column->w, rows->height}, "%s, order %u\n%s free blocks of %s each%s",
        column->zone->name, order, format_count(blocks).text, format_bytes(4096ull << order).text,
        taken ? "\nthis fault took one" : "");
}

/* Hot pages first, then the cold ones. */
static void paint_pageset(struct painter *painter, const struct buddy_column *column, const struct rows *rows) {
    uint64_t hot = column->zone->pageset_count[0], cold = column->zone->pageset_count[1];
    float y = rows->top + KV_ORDERS * rows->height + 3;
    struct boxes boxes = boxes_of(painter, column, 0, y, rows->height, hot + cold < hot ? hot : hot + cold);
    boxes.width = 3;
    boxes.step = 5;
    float room = boxes.right - 30 - boxes.x;
    uint64_t fit = room > boxes.step ? (uint64_t)(room / boxes.step) : 1;
    boxes.cut = hot + cold > fit;
    boxes.shown = boxes.cut ? fit - 1 : hot + cold;
    for (uint64_t i = 0; i < boxes.shown; i++)
        draw_fill(painter->list, box_at(&boxes, i), i < hot ? PALETTE_GAUGE_FINE : PALETTE_RESERVED, 1);
    boxes.shown = boxes.shown > 0;
    put_right(painter, boxes.right, boxes.y + boxes.height / 2 + 3.5f, FONT_CODE, 10,
              boxes.shown ? PALETTE_DIM : PALETTE_FAINT, format_words("%" PRIu64 "+%" PRIu64, hot, cold).text);
    tip(painter, (struct rect){column->x, y, column->w, rows->height},
        "%s, per-CPU lists\n%s hot pages, %s cold\nsingle pages that need no lock of the zone", column->zone->name,
        format_count(hot).text, format_count(cold).text);
}

/* What just happened ------------------------------------------------------------------------------------------ */

struct change {
    const struct story_log_entry *event;
    const struct buddy_column *column;
    unsigned order; /* of the larger block */
    bool split;
    float strength;
};

static bool take_change(const struct view *view, const struct buddy_column *columns, unsigned n,
                        const struct story_log_entry *event, unsigned rank, struct change *change) {
    double age = view->blocks > event->blocks ? (double)(view->blocks - event->blocks) * view->block_ns : 0;
    bool split = event->type == FLT_MM_BUDDY_SPLIT, merge = event->type == FLT_MM_BUDDY_MERGE;
    if ((!split && !merge) || age >= FADE_NS || event->value[0] == 0 || event->value[0] >= KV_ORDERS)
        return false;
    *change = (struct change){.event = event, .order = event->value[0], .split = split};
    for (unsigned i = 0; i < n; i++)
        if (event->pfn >= columns[i].zone->start_pfn &&
            event->pfn - columns[i].zone->start_pfn < columns[i].zone->spanned)
            change->column = &columns[i];
    change->strength = (float)(1 - age / FADE_NS) * powf(0.55f, (float)rank);
    return change->column != NULL;
}

/* The last box of an order; where the order is empty, the place that it would have. */
static struct rect last_box(struct painter *painter, const struct change *change, unsigned order,
                            const struct rows *rows) {
    struct boxes boxes = boxes_of(painter, change->column, order, rows->top + (float)order * rows->height, rows->height,
                                  change->column->zone->nr_free_blocks[order]);
    return box_at(&boxes, boxes.shown ? boxes.shown - 1 : 0);
}

static void paint_change(struct painter *painter, const struct change *change, const struct rows *rows, bool named) {
    struct rect large = last_box(painter, change, change->order, rows),
                small = last_box(painter, change, change->order - 1, rows);
    color ink = mix(PALETTE_PANEL, PALETTE_ACCENT, 0.2f + 0.8f * change->strength);
    struct rect from = change->split ? large : small, to = change->split ? small : large;
    float x1 = roundf(from.x + from.w / 2), x2 = roundf(to.x + to.w / 2), side = change->split ? -1 : 1;
    float y1 = change->split ? from.y : from.y + from.h, y2 = change->split ? to.y + to.h + 1 : to.y - 1;
    draw_stroke(painter->list, to, ink, 2.5f, 1.5f);
    draw_stroke(painter->list, from, mix(PALETTE_PANEL, ink, 0.6f), 2.5f, 1);
    draw_line(painter->list, x1, y1, x2, y2, ink, 1.5f);
    draw_line(painter->list, x2, y2, x2 - 3.5f, y2 - side * 4, ink, 1.5f);
    draw_line(painter->list, x2, y2, x2 + 3.5f, y2 - side * 4, ink, 1.5f);
    if (!named)
        return;
    float x = fmaxf(large.x + large.w, small.x + small.w) + 8, middle = (large.y + small.y + small.h) / 2 + 6;
    const char *words = change->split ? "split in two" : "merged";
    if (x + text_width(painter, FONT_WORDS, SIZE_LABEL, words) > change->column->x + change->column->w - 24)
        words = change->split ? "split" : "merge";
    if (x + text_width(painter, FONT_WORDS, SIZE_LABEL, words) <= change->column->x + change->column->w - 20)
        put(painter, x, middle, FONT_WORDS, SIZE_LABEL, PALETTE_ACCENT, words);
}

/* The newest is named. */
static void paint_changes(struct painter *painter, const struct buddy_column *columns, unsigned n,
                          const struct rows *rows) {
    const struct view *view = painter->view;
    struct change changes[CHANGES];
    unsigned count = 0;
    for (size_t i = view->event_count; i-- > 0 && count < CHANGES;)
        count += take_change(view, columns, n, &view->events[i], count, &changes[count]);
    for (unsigned i = count; i-- > 0;)
        paint_change(painter, &changes[i], rows, i == 0 && rows->height >= 12);
}

/* The whole --------------------------------------------------------------------------------------------------- */

static unsigned columns_of(const struct kv_snapshot *kernel, struct rect inside, float x,
                           struct buddy_column out[KV_MAX_ZONES]) {
    unsigned n = 0;
    for (size_t z = 0; z < kernel->zone_count && z < KV_MAX_ZONES; z++)
        if (kernel->zones[z].present > 0)
            out[n++] = (struct buddy_column){&kernel->zones[z], z, 0, 0};
    float room = inside.x + inside.w - x;
    unsigned most = (unsigned)fmaxf(floorf(room / 70), 1);
    unsigned first = n > most ? n - most : 0; /* the larger zones come last */
    for (unsigned i = first; i < n; i++)
        out[i - first] = out[i];
    n -= first;
    for (unsigned i = 0; i < n; i++) {
        out[i].w = floorf((room - 16 * (float)(n - 1)) / (float)n);
        out[i].x = x + (float)i * (out[i].w + 16);
    }
    return n;
}

static void paint_columns(struct painter *painter, struct rect inside) {
    struct buddy_column columns[KV_MAX_ZONES];
    const struct kv_snapshot *kernel = painter->view->kernel;
    unsigned n = columns_of(kernel, inside, inside.x + 40, columns);
    bool pagesets = inside.h - 12 >= 11.5f * ROWS;
    struct rows rows = {inside.y + 12, fminf((inside.h - 14) / (pagesets ? ROWS + 0.3f : KV_ORDERS), 26)};
    for (unsigned i = 0; i < n; i++)
        put_until(painter, columns[i].x, inside.y + 6, columns[i].x + columns[i].w, FONT_WORDS_BOLD, SIZE_LABEL,
                  PALETTE_INK,
                  snapshot_has_nodes(kernel) ? format_words("%s %d", columns[i].zone->name, columns[i].zone->node).text
                                             : columns[i].zone->name);
    for (unsigned order = 0; order < KV_ORDERS; order++) {
        put(painter, inside.x, rows.top + ((float)order + 0.5f) * rows.height + 3.5f, FONT_CODE,
            rows.height < 10.2f ? 8
            : rows.height < 11  ? 9
                                : 10.5f,
            PALETTE_DIM, format_words("2^%u", order).text);
        for (unsigned i = 0; i < n; i++)
            paint_order(painter, &columns[i], order, &rows);
    }
    if (pagesets)
        put(painter, inside.x, rows.top + (KV_ORDERS + 0.5f) * rows.height + 6.5f, FONT_CODE, 10, PALETTE_DIM, "CPU");
    for (unsigned i = 0; i < n && pagesets; i++)
        paint_pageset(painter, &columns[i], &rows);
    paint_changes(painter, columns, n, &rows);
}

void paint_buddy(struct painter *painter, struct rect at) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    bool some = kernel && kernel->zone_count > 0;
    struct rect inside = panel_begin(painter, PANEL_BUDDY, at, "BUDDY",
                                     at.w > 300 ? "free blocks by order, a column a zone" : "free blocks by order");
    if (some)
        paint_columns(painter, inside);
    else
        kernel_missing(painter, inside, "The free lists of the buddy allocator, order by order.");
    panel_end(painter);
}
