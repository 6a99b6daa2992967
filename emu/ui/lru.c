/*
 * LRU: the active and inactive list of each zone as belts, the newest page at the left; a page that was referenced has
 * a dot. Below them what reclaim has made of pages so far.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

#define SQUARE 11.4f
#define STEP 14.4f

struct belt {
    const char *zone, *list, *meaning;
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

static void paint_dots(struct painter *painter, struct rect at, const struct belt *belt, uint32_t per_line,
                       uint32_t shown) {
    for (uint32_t i = 0; i < shown && i < belt->lru->count; i++)
        if (belt->lru->referenced[i])
            draw_fill(painter->list,
                      (struct rect){at.x + (float)(i % per_line) * STEP + SQUARE / 2 - 2,
                                    at.y + (float)(i / per_line) * STEP + SQUARE / 2 - 2, 4, 4},
                      PALETTE_GROUND, 2);
}

/* Squares for pages; one square is `each` pages, so that no belt needs more than its lines. */
static void paint_squares(struct painter *painter, struct rect at, const struct belt *belt, uint64_t each) {
    uint32_t per_line = (uint32_t)fmaxf(floorf((at.w + STEP - SQUARE) / STEP), 1),
             lines = (uint32_t)fmaxf(floorf(at.h / STEP), 1);
    uint64_t squares = belt->pages / each + (belt->pages % each != 0), most = (uint64_t)per_line * lines;
    uint32_t shown = (uint32_t)(squares < most ? squares : most);
    if (shown == 0)
        return;
    uint32_t rows = (shown + per_line - 1) / per_line;
    color *cells = draw_cells(painter->list, (struct rect){at.x, at.y, (float)per_line * STEP, (float)rows * STEP},
                              per_line, rows, shown, STEP - SQUARE);
    for (uint32_t i = 0; i < shown && cells; i++)
        cells[i] = square_color(painter->view->kernel, belt, i * each);
    if (each == 1)
        paint_dots(painter, at, belt, per_line, shown);
}

static uint64_t pages_per_square(uint64_t most_pages, struct rect belt) {
    uint64_t room = (uint64_t)(fmaxf(floorf(belt.w / STEP), 1) * fmaxf(floorf(belt.h / STEP), 1)), each = 1;
    while (each < 1ull << 40 && room * each < most_pages)
        each *= 2;
    return each;
}

static unsigned belts_of(const struct kv_snapshot *kernel, struct belt belts[2 * KV_MAX_ZONES], uint64_t *most) {
    unsigned n = 0;
    *most = 0;
    for (size_t z = 0; z < kernel->zone_count && z < KV_MAX_ZONES; z++) {
        const struct kv_zone *zone = &kernel->zones[z];
        if (zone->present == 0)
            continue;
        belts[n++] = (struct belt){zone->name,      "active",      "pages that were used again lately",
                                   zone->nr_active, &zone->lru[1], PALETTE_ANON};
        belts[n++] = (struct belt){zone->name,        "inactive",    "pages that reclaim looks at first",
                                   zone->nr_inactive, &zone->lru[0], PALETTE_INACTIVE};
        *most = zone->nr_active > *most ? zone->nr_active : *most;
        *most = zone->nr_inactive > *most ? zone->nr_inactive : *most;
    }
    return n;
}

/* share: of the longest belt, for the bar that stands for squares where there is no room. */
static void paint_belt(struct painter *painter, struct rect row, const struct belt *belt, uint64_t each, float share) {
    struct words text = format_words("%s %s, %s pages", belt->zone, belt->list, format_count(belt->pages).text);
    put_until(painter, row.x, row.y + 11, row.x + row.w, FONT_WORDS, SIZE_SMALL,
              belt->pages ? PALETTE_INK : PALETTE_FAINT, text.text);
    struct rect squares = {row.x, row.y + 18, row.w, row.h - 22};
    if (squares.h >= STEP - 3)
        paint_squares(painter, squares, belt, each);
    else if (row.h >= 20)
        draw_fill(painter->list, (struct rect){row.x, row.y + 15, fmaxf(row.w * share, belt->pages ? 1 : 0), 4},
                  belt->color, 1);
    tip(painter, row, "%s %s list\n%s\n%s pages, %s; a square is %s", belt->zone, belt->list, belt->meaning,
        format_count(belt->pages).text, format_bytes(belt->pages * 4096).text, format_bytes(each * 4096).text);
}

static void paint_belts(struct painter *painter, struct rect inside, const struct belt *belts, unsigned count,
                        uint64_t each, uint64_t most) {
    float height = fminf(inside.h / (float)count, 120);
    for (unsigned i = 0; i < count; i++)
        paint_belt(painter, (struct rect){inside.x, inside.y - 2 + (float)i * height, inside.w, height}, &belts[i],
                   each, (float)((double)belts[i].pages / (double)most));
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
    float belts_height = at.h - HEAD - 10 - (told ? OUTCOMES + 12 : 0);
    float height = count ? fminf(belts_height / (float)count, 120) : 0;
    uint64_t each = pages_per_square(most, (struct rect){0, 0, at.w - 2 * PAD, height - 22});
    struct words subtitle = count && height - 22 < STEP - 3 ? format_words("pages of each list")
                            : each > 1                      ? format_words("a square is %" PRIu64 " pages", each)
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
        paint_belts(painter, inside, belts, count, each, most);
    }
    panel_end(painter);
}
