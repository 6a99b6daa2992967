/* BUDDY: the free blocks of every order, a column a zone; a block is a box, wider with its order. */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

struct buddy_column {
    const struct kv_zone *zone;
    size_t index;
    float x, w;
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

static float block_width(unsigned order, float room) { return fminf(8 + 3.5f * (float)order, room); }

static void paint_order(struct painter *painter, const struct buddy_column *column, unsigned order, float y,
                        float row) {
    uint64_t blocks = column->zone->nr_free_blocks[order];
    bool taken = order_taken(painter->view, column->zone) == (int)order;
    struct words count = format_words("%s", format_count(blocks).text);
    float right = column->x + column->w, text = fmaxf(text_width(painter, FONT_CODE, 10, count.text), 18);
    float width = block_width(order, column->w - text - 8), room = right - text - 8 - column->x, step = width + 3;
    uint64_t fit = room > width ? (uint64_t)((room - width) / step) + 1 : 1, shown = blocks < fit ? blocks : fit;
    bool cut = blocks > fit;
    if (cut && shown > 1)
        shown--;
    float height = fmaxf(row - 5, 4);
    for (uint64_t i = 0; i < shown; i++) {
        struct rect at = {column->x + (float)i * step, y + (row - height) / 2, width, height};
        draw_fill(painter->list, at, PALETTE_BADGE, 2.5f);
        draw_stroke(painter->list, at, taken && i + 1 == shown ? PALETTE_ACCENT : PALETTE_RESERVED, 2.5f,
                    taken && i + 1 == shown ? 1.5f : 1);
    }
    for (unsigned i = 0; cut && i < 3; i++)
        draw_fill(painter->list,
                  (struct rect){column->x + (float)shown * step + 2 + 4 * (float)i, y + row / 2 - 1, 2, 2},
                  PALETTE_FAINT, 0);
    put_right(painter, right, y + row / 2 + 3.5f, FONT_CODE, 10, blocks ? PALETTE_DIM : PALETTE_FAINT, count.text);
    tip(painter, (struct rect){column->x, y, column->w, row}, "%s, order %u\n%s free blocks of %s each%s",
        column->zone->name, order, format_count(blocks).text, format_bytes(4096ull << order).text,
        taken ? "\nthis fault took one" : "");
}

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
    float left = inside.x + 40;
    unsigned n = columns_of(painter->view->kernel, inside, left, columns);
    float row = fminf((inside.h - 16) / KV_ORDERS, 21), top = inside.y + 16;
    for (unsigned i = 0; i < n; i++)
        put_until(painter, columns[i].x, inside.y + 7, columns[i].x + columns[i].w, FONT_WORDS_BOLD, SIZE_LABEL,
                  PALETTE_INK,
                  snapshot_has_nodes(painter->view->kernel)
                      ? format_words("%s %d", columns[i].zone->name, columns[i].zone->node).text
                      : columns[i].zone->name);
    for (unsigned order = 0; order < KV_ORDERS; order++) {
        float y = top + (float)order * row;
        put(painter, inside.x, y + row / 2 + 3.5f, FONT_CODE, row < 11 ? 9.5f : SIZE_LABEL, PALETTE_DIM,
            format_words("2^%u", order).text);
        for (unsigned i = 0; i < n; i++)
            paint_order(painter, &columns[i], order, y, row);
    }
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
