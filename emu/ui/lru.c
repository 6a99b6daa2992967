/*
 * LRU: the active and inactive list of each zone as belts, the newest page at the left; a page that was referenced has
 * a dot. A list has the room that its size asks for. Below them what reclaim has made of pages so far.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

/* Distances of squares, the largest first; a square is what the gap leaves. */
static const float steps[] = {14, 11, 9, 7, 6, 5};
#define STEPS (sizeof steps / sizeof steps[0])
#define LABEL 19.0f /* a belt's line of words */

struct belt {
    struct words zone;
    const char *list, *meaning;
    uint64_t pages;
    const struct kv_lru *lru;
    color color; /* of pages that the snapshot does not tell */
};

/* The pages of a square, by the first of them. */
static color square_color(const struct kv_snapshot *kernel, const struct belt *belt, uint64_t first) {
    if (first >= belt->lru->count || belt->lru->pfn[first] >= kernel->frame_count)
        return belt->color;
    return frame_color(kernel->frames[belt->lru->pfn[first]]);
}

/* How the belts are drawn: a square is `each` pages. each 0: there is no room for squares, a bar stands for them. */
struct scale {
    uint64_t each;
    float step, square;
};

static uint64_t lines_of(uint64_t pages, const struct scale *scale, float width) {
    uint64_t per_line = (uint64_t)fmaxf(floorf((width + scale->step - scale->square) / scale->step), 1);
    uint64_t squares = pages / scale->each + (pages % scale->each != 0);
    return squares / per_line + (squares % per_line != 0);
}

static float belt_height(const struct belt *belt, const struct scale *scale, float width) {
    return LABEL + 3 + (belt->pages ? (float)lines_of(belt->pages, scale, width) * scale->step + 3 : 0);
}

static bool belts_fit(const struct belt *belts, unsigned count, const struct scale *scale, struct rect inside) {
    float height = 0;
    for (unsigned i = 0; i < count; i++)
        height += belt_height(&belts[i], scale, inside.w);
    return height <= inside.h;
}

/* As few pages to a square as there is room for, and then the largest squares. */
static struct scale scale_for(const struct belt *belts, unsigned count, struct rect inside) {
    for (uint64_t each = 1; each < 1ull << 40; each *= 2)
        for (unsigned i = 0; i < STEPS; i++) {
            struct scale scale = {each, steps[i],
                                  steps[i] > 9   ? steps[i] - 3
                                  : steps[i] > 6 ? steps[i] - 2
                                                 : steps[i] - 1};
            if (belts_fit(belts, count, &scale, inside))
                return scale;
        }
    return (struct scale){0};
}

static void paint_dots(struct painter *painter, struct rect at, const struct belt *belt, const struct scale *scale,
                       uint32_t per_line, uint32_t shown) {
    float dot = scale->step > 9 ? 4 : scale->step > 6 ? 3 : 2, inset = (scale->square - dot) / 2;
    for (uint32_t i = 0; i < shown && i < belt->lru->count; i++)
        if (belt->lru->referenced[i])
            draw_fill(painter->list,
                      (struct rect){at.x + (float)(i % per_line) * scale->step + inset,
                                    at.y + (float)(i / per_line) * scale->step + inset, dot, dot},
                      PALETTE_GROUND, dot > 2 ? dot / 2 : 0);
}

static void paint_squares(struct painter *painter, struct rect at, const struct belt *belt, const struct scale *scale) {
    uint32_t per_line = (uint32_t)fmaxf(floorf((at.w + scale->step - scale->square) / scale->step), 1);
    uint32_t rows = (uint32_t)lines_of(belt->pages, scale, at.w);
    uint32_t shown = (uint32_t)(belt->pages / scale->each + (belt->pages % scale->each != 0));
    if (shown == 0)
        return;
    color *cells =
        draw_cells(painter->list, (struct rect){at.x, at.y, (float)per_line * scale->step, (float)rows * scale->step},
                   per_line, rows, shown, scale->step - scale->square);
    for (uint32_t i = 0; i < shown && cells; i++)
        cells[i] = square_color(painter->view->kernel, belt, i * scale->each);
    if (scale->each == 1)
        paint_dots(painter, at, belt, scale, per_line, shown);
}

/* "DMA", and with several nodes "node 1 DMA". */
static struct words zone_name(const struct kv_snapshot *kernel, const struct kv_zone *zone) {
    return snapshot_has_nodes(kernel) ? format_words("node %d %s", zone->node, zone->name)
                                      : format_words("%s", zone->name);
}

static unsigned belts_of(const struct kv_snapshot *kernel, struct belt belts[2 * KV_MAX_ZONES], uint64_t *most) {
    unsigned n = 0;
    *most = 0;
    for (size_t z = 0; z < kernel->zone_count && z < KV_MAX_ZONES; z++) {
        const struct kv_zone *zone = &kernel->zones[z];
        if (zone->present == 0)
            continue;
        belts[n++] = (struct belt){zone_name(kernel, zone), "active",      "pages that were used again lately",
                                   zone->nr_active,         &zone->lru[1], PALETTE_ANON};
        belts[n++] = (struct belt){zone_name(kernel, zone), "inactive",    "pages that reclaim looks at first",
                                   zone->nr_inactive,       &zone->lru[0], PALETTE_INACTIVE};
        *most = zone->nr_active > *most ? zone->nr_active : *most;
        *most = zone->nr_inactive > *most ? zone->nr_inactive : *most;
    }
    return n;
}

/* share: of the longest belt, for the bar that stands for squares where there is no room. */
static void paint_belt(struct painter *painter, struct rect row, const struct belt *belt, const struct scale *scale,
                       float share) {
    struct words text = format_words("%s %s, %s pages", belt->zone.text, belt->list, format_count(belt->pages).text);
    put_until(painter, row.x, row.y + 11, row.x + row.w, FONT_WORDS, SIZE_SMALL,
              belt->pages ? PALETTE_INK : PALETTE_FAINT, text.text);
    if (scale->each)
        paint_squares(painter, (struct rect){row.x, row.y + LABEL, row.w, row.h - LABEL}, belt, scale);
    else if (row.h >= 20)
        draw_fill(painter->list, (struct rect){row.x, row.y + 15, fmaxf(row.w * share, belt->pages ? 1 : 0), 4},
                  belt->color, 1);
    tip(painter, row, "%s %s list\n%s\n%s pages, %s%s%s", belt->zone.text, belt->list, belt->meaning,
        format_count(belt->pages).text, format_bytes(belt->pages * 4096).text, scale->each ? "; a square is " : "",
        scale->each ? format_bytes(scale->each * 4096).text : "");
}

static void paint_belts(struct painter *painter, struct rect inside, const struct belt *belts, unsigned count,
                        const struct scale *scale, uint64_t most) {
    float y = inside.y - 2;
    for (unsigned i = 0; i < count; i++) {
        float height = scale->each ? belt_height(&belts[i], scale, inside.w) : inside.h / (float)count;
        paint_belt(painter, (struct rect){inside.x, y, inside.w, height}, &belts[i], scale,
                   (float)((double)belts[i].pages / (double)most));
        y += height;
    }
}

/* What became of the pages that reclaim looked at. */
static void paint_outcomes(struct painter *painter, struct rect at) {
    static const struct {
        const char *name;
        color ink;
    } looks[RECLAIM_OUTCOMES] = {{"kept on its list", PALETTE_INK},
                                 {"activated", PALETTE_INK},
                                 {"freed", PALETTE_FILE},
                                 {"written out", PALETTE_SWAP_CACHE}};
    const struct story_reclaim *reclaim = &painter->view->reclaim;
    float width = (at.w - 3 * 16) / 4;
    for (unsigned i = 0; i < RECLAIM_OUTCOMES; i++) {
        struct rect box = {at.x + (float)i * (width + 16), at.y, width, at.h};
        draw_fill(painter->list, box, PALETTE_WELL, 4);
        draw_stroke(painter->list, box, PALETTE_LINE, 4, 1);
        put_until(painter, box.x + 10, box.y + 20, box.x + box.w - 6, FONT_WORDS, SIZE_SMALL, PALETTE_DIM,
                  looks[i].name);
        put_until(painter, box.x + 10, box.y + 43, box.x + box.w - 6, FONT_WORDS, 17, looks[i].ink,
                  format_count(reclaim->outcomes[i]).text);
    }
}

#define OUTCOMES 54.0f

void paint_lru(struct painter *painter, struct rect at) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    struct belt belts[2 * KV_MAX_ZONES];
    uint64_t most = 0;
    unsigned count = kernel ? belts_of(kernel, belts, &most) : 0;
    bool told = painter->view && painter->view->reclaim.last.number > 0 && at.h > 260 && at.w > 420;
    struct rect room = {0, 0, at.w - 2 * PAD, at.h - HEAD - 10 - (told ? OUTCOMES + 12 : 0)};
    struct scale scale = scale_for(belts, count, room);
    struct words subtitle = count && !scale.each ? format_words("pages of each list")
                            : scale.each > 1     ? format_words("a square is %" PRIu64 " pages", scale.each)
                                                 : format_words("each square a page, the newest at the left");
    struct rect inside = panel_begin(painter, PANEL_LRU, at, "LRU", subtitle.text);
    if (count == 0)
        kernel_missing(painter, inside, "The active and inactive list of each zone.");
    else if (most == 0)
        panel_empty(painter, inside, "The active and inactive list of each zone, a square a page.",
                    "Both are empty now; they fill as the program touches memory and files.");
    else {
        if (told) {
            inside.h -= OUTCOMES + 12;
            paint_outcomes(painter, (struct rect){inside.x, inside.y + inside.h + 6, inside.w, OUTCOMES});
        }
        paint_belts(painter, inside, belts, count, &scale, most);
    }
    panel_end(painter);
}
