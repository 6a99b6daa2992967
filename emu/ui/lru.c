/*
 * LRU: the active and inactive list of each zone as belts, the newest page at the left; reclaim looks at them from the
 * right. A page that was referenced has a dot. A list has the room that its size asks for. Below them what reclaim has
 * made of pages so far.
 */
#include "emu/ui/belts.h"

#include <inttypes.h>
#include <math.h>

/* Distances of squares, the largest first; a square is what the gap leaves. */
static const float steps[] = {14, 11, 9, 7, 6, 5};
#define STEPS (sizeof steps / sizeof steps[0])
#define LABEL 19.0f /* a belt's line of words */
#define BELOW 5.0f  /* between a belt and the next */
#define BAR 15.0f   /* least height of a belt without squares */

/* Layout ------------------------------------------------------------------------------------------------------ */

static uint64_t squares_of(const struct belt *belt, const struct belt_scale *scale) {
    return belt->pages / scale->each + (belt->pages % scale->each != 0);
}

static uint32_t per_line_of(const struct belt_scale *scale, float width) {
    return (uint32_t)fmaxf(floorf((width + scale->step - scale->square) / scale->step), 1);
}

static uint64_t lines_of(const struct belt *belt, const struct belt_scale *scale, float width) {
    uint64_t squares = squares_of(belt, scale), per_line = per_line_of(scale, width);
    return squares / per_line + (squares % per_line != 0);
}

static float belt_height(const struct belt *belt, const struct belt_scale *scale, float width) {
    return LABEL + BELOW + (belt->pages ? (float)lines_of(belt, scale, width) * scale->step : 0);
}

static bool belts_fit(const struct belts *belts, const struct belt_scale *scale) {
    float height = 0;
    for (unsigned i = 0; i < belts->count; i++)
        height += belt_height(&belts->of[i], scale, belts->room.w);
    return height <= belts->room.h;
}

/* As few pages to a square as there is room for, and then the largest squares. */
static struct belt_scale scale_for(const struct belts *belts) {
    for (uint64_t each = 1; each < 1ull << 40; each *= 2)
        for (unsigned i = 0; i < STEPS; i++) {
            struct belt_scale scale = {each, steps[i],
                                       steps[i] > 9   ? steps[i] - 3
                                       : steps[i] > 6 ? steps[i] - 2
                                                      : steps[i] - 1};
            if (belts_fit(belts, &scale))
                return scale;
        }
    return (struct belt_scale){0};
}

/* "DMA", and with several nodes "node 1 DMA". */
static struct words zone_name(const struct kv_snapshot *kernel, const struct kv_zone *zone) {
    return snapshot_has_nodes(kernel) ? format_words("node %d %s", zone->node, zone->name)
                                      : format_words("%s", zone->name);
}

/* Zones of which neither list holds a page have no belts, unless all are so. */
static void take_belts(struct belts *belts, const struct kv_snapshot *kernel) {
    for (size_t z = 0; z < kernel->zone_count && z < KV_MAX_ZONES; z++) {
        const struct kv_zone *zone = &kernel->zones[z];
        if (zone->present == 0 || (zone->nr_active == 0 && zone->nr_inactive == 0))
            continue;
        struct words name = zone_name(kernel, zone);
        belts->of[belts->count++] = (struct belt){.zone = zone, name, true, zone->nr_active, &zone->lru[1]};
        belts->of[belts->count++] = (struct belt){.zone = zone, name, false, zone->nr_inactive, &zone->lru[0]};
    }
}

bool belt_square(const struct belts *belts, const struct belt *belt, uint32_t place, struct rect *square) {
    const struct belt_scale *scale = &belts->scale;
    if (belt->squares.w <= 0 || belt->per_line == 0 || scale->each == 0)
        return false;
    uint64_t at = place / scale->each;
    *square = (struct rect){belt->squares.x + (float)(at % belt->per_line) * scale->step,
                            belt->squares.y + (float)(at / belt->per_line) * scale->step, scale->square, scale->square};
    return true;
}

/* Squares ----------------------------------------------------------------------------------------------------- */

/* The pages of a square, by the first of them; a list that the snapshot cuts goes on in the colour of its kind. */
static color square_color(const struct kv_snapshot *kernel, const struct belt *belt, uint64_t first) {
    if (first >= belt->lru->count || first >= KV_LRU_MAX || belt->lru->pfn[first] >= kernel->frame_count)
        return belt->active ? PALETTE_ANON : PALETTE_INACTIVE;
    return frame_color(kernel->frames[belt->lru->pfn[first]]);
}

static void paint_dots(struct painter *painter, const struct belts *belts, const struct belt *belt, uint32_t shown) {
    const struct belt_scale *scale = &belts->scale;
    float dot = scale->step > 9 ? 4 : scale->step > 6 ? 3 : 2, inset = (scale->square - dot) / 2;
    struct rect square;
    for (uint32_t i = 0; i < shown && i < belt->lru->count && i < KV_LRU_MAX; i++)
        if (belt->lru->referenced[i] && belt_square(belts, belt, i, &square))
            draw_fill(painter->list, (struct rect){square.x + inset, square.y + inset, dot, dot}, PALETTE_GROUND,
                      dot > 2 ? dot / 2 : 0);
}

/* A click follows the frame; only squares of one page are of one frame. */
static void offer_squares(struct painter *painter, const struct belts *belts, const struct belt *belt, uint32_t shown) {
    const struct belt_scale *scale = &belts->scale;
    struct ui_lattice lattice = {.at = belt->squares,
                                 .step_x = scale->step,
                                 .step_y = scale->step,
                                 .cell_x = scale->step,
                                 .cell_y = scale->step,
                                 .columns = belt->per_line,
                                 .count = shown,
                                 .action = ACTION_SELECT_FRAME};
    int64_t *arguments = hit_lattice(painter, lattice);
    for (uint32_t i = 0; i < shown && arguments; i++) {
        uint64_t page = (uint64_t)i * scale->each;
        arguments[i] = page < belt->lru->count && page < KV_LRU_MAX ? (int64_t)belt->lru->pfn[page] : UI_NO_ARGUMENT;
    }
    int64_t cell = is_hovered(painter, belt->squares)
                       ? ui_lattice_cell(&lattice, painter->state->mouse_x, painter->state->mouse_y)
                       : -1;
    uint64_t page = cell < 0 ? UINT64_MAX : (uint64_t)cell * scale->each;
    if (page >= belt->lru->count || page >= KV_LRU_MAX)
        return;
    struct words move = last_move_of(painter->view, belt->lru->pfn[page]);
    struct rect square = {0};
    belt_square(belts, belt, (uint32_t)page, &square);
    const struct kv_snapshot *kernel = painter->view->kernel;
    uint64_t pfn = belt->lru->pfn[page];
    tip(painter, belt->squares,
        "frame %05" PRIx64 "  %s\n%s %s list, page %s from the newest%s\n%s%sclick to follow it", pfn,
        pfn < kernel->frame_count ? frame_kind_name((enum frame_kind)kernel->frames[pfn]) : "unknown", belt->name.text,
        belt->active ? "active" : "inactive", format_count(page + 1).text,
        belt->lru->referenced[page] ? ", referenced" : "", move.text, move.text[0] ? "\n" : "");
    painter->frame->hover_at = square;
}

static void paint_squares(struct painter *painter, const struct belts *belts, struct belt *belt, struct rect at) {
    const struct belt_scale *scale = &belts->scale;
    uint32_t rows = (uint32_t)lines_of(belt, scale, at.w), shown = (uint32_t)squares_of(belt, scale);
    if (shown == 0)
        return;
    belt->per_line = per_line_of(scale, at.w);
    belt->squares = (struct rect){at.x, at.y, (float)belt->per_line * scale->step, (float)rows * scale->step};
    color *cells = draw_cells(painter->list, belt->squares, belt->per_line, rows, shown, scale->step - scale->square);
    for (uint32_t i = 0; i < shown && cells; i++)
        cells[i] = square_color(painter->view->kernel, belt, i * scale->each);
    if (scale->each == 1)
        paint_dots(painter, belts, belt, shown);
    offer_squares(painter, belts, belt, shown);
    int64_t selected = selected_frame(painter);
    struct rect square;
    for (uint32_t i = 0; i < belt->lru->count && i < KV_LRU_MAX && selected >= 0; i++)
        if (belt->lru->pfn[i] == (uint64_t)selected && belt_square(belts, belt, i, &square))
            mark_selected(painter, square);
}

/* Belts ------------------------------------------------------------------------------------------------------- */

/* share: of the longest belt, for the bar that stands for squares where there is no room. */
static void paint_belt(struct painter *painter, const struct belts *belts, struct belt *belt, struct rect row,
                       float share) {
    const struct belt_scale *scale = &belts->scale;
    struct words text = format_words("%s %s, %s pages", belt->name.text, belt->active ? "active" : "inactive",
                                     format_count(belt->pages).text);
    put_until(painter, row.x, row.y + 11, row.x + row.w, FONT_WORDS, SIZE_SMALL,
              belt->pages ? PALETTE_INK : PALETTE_FAINT, text.text);
    tip(painter, (struct rect){row.x, row.y, row.w, fminf(LABEL, row.h)}, "%s %s list\n%s\n%s pages, %s%s%s",
        belt->name.text, belt->active ? "active" : "inactive",
        belt->active ? "pages that were used again lately" : "pages that reclaim looks at first, from the right",
        format_count(belt->pages).text, format_bytes(belt->pages * 4096).text, scale->each ? "; a square is " : "",
        scale->each ? format_bytes(scale->each * 4096).text : "");
    if (scale->each)
        paint_squares(painter, belts, belt, (struct rect){row.x, row.y + LABEL, row.w, row.h - LABEL});
    else if (row.h >= 20)
        draw_fill(painter->list, (struct rect){row.x, row.y + 15, fmaxf(row.w * share, belt->pages ? 1 : 0), 4},
                  belt->active ? PALETTE_ANON : PALETTE_INACTIVE, 1);
}

static void paint_belts(struct painter *painter, struct belts *belts) {
    uint64_t most = 1;
    for (unsigned i = 0; i < belts->count; i++)
        most = belts->of[i].pages > most ? belts->of[i].pages : most;
    float y = belts->room.y;
    for (unsigned i = 0; i < belts->count; i++) {
        float height = belts->scale.each ? belt_height(&belts->of[i], &belts->scale, belts->room.w)
                                         : fmaxf(belts->room.h / (float)belts->count, BAR);
        if (y + height > belts->room.y + belts->room.h + 1)
            return; /* the panel alone in the window has room for all */
        paint_belt(painter, belts, &belts->of[i], (struct rect){belts->room.x, y, belts->room.w, height},
                   (float)((double)belts->of[i].pages / (double)most));
        y += height;
    }
}

/* What became of the pages ------------------------------------------------------------------------------------ */

static void paint_outcome(struct painter *painter, struct rect box, unsigned outcome, bool low) {
    static const struct {
        const char *name, *meaning;
        color ink;
    } looks[RECLAIM_OUTCOMES] = {
        {"kept", "pages that stay on the inactive list", PALETTE_INK},
        {"activated", "pages that go back to the active list: a second chance", PALETTE_INK},
        {"freed", "pages that were given back to the buddy allocator", PALETTE_FILE},
        {"written out", "dirty pages on their way to the disk; they are freed when it answers", PALETTE_SWAP_CACHE}};
    const struct story_reclaim *reclaim = &painter->view->reclaim;
    bool newest = reclaim->last.number > 0 && reclaim->last.outcome == outcome;
    struct words count = format_count(reclaim->outcomes[outcome]);
    draw_fill(painter->list, box, PALETTE_WELL, 4);
    draw_stroke(painter->list, box, newest ? PALETTE_ACCENT_LINE : PALETTE_LINE, 4, 1);
    if (low) {
        float end = put_until(painter, box.x + 9, box.y + 16, box.x + box.w - 6, FONT_WORDS, SIZE_SMALL, PALETTE_DIM,
                              looks[outcome].name);
        put_until(painter, end + 7, box.y + 16, box.x + box.w - 4, FONT_WORDS, SIZE_WORDS, looks[outcome].ink,
                  count.text);
    } else {
        put_until(painter, box.x + 10, box.y + 19, box.x + box.w - 6, FONT_WORDS, SIZE_SMALL, PALETTE_DIM,
                  looks[outcome].name);
        put_until(painter, box.x + 10, box.y + 42, box.x + box.w - 6, FONT_WORDS, 18, looks[outcome].ink, count.text);
    }
    tip(painter, box, "%s %s\n%s%s", looks[outcome].name, count.text, looks[outcome].meaning,
        newest ? "\nthe last decision" : "");
}

static void paint_outcomes(struct painter *painter, struct rect at, bool low) {
    float gap = at.w < 500 ? 6 : 16, width = (at.w - 3 * gap) / 4;
    for (unsigned i = 0; i < RECLAIM_OUTCOMES; i++)
        paint_outcome(painter, (struct rect){at.x + (float)i * (width + gap), at.y, width, at.h}, i, low);
}

static struct words subtitle_of(const struct belts *belts, float width) {
    if (belts->count && !belts->scale.each)
        return format_words("pages of each list");
    if (belts->scale.each > 1)
        return format_words("a square is %" PRIu64 " pages", belts->scale.each);
    return width < 480 ? format_words("a square is a page")
                       : format_words("each square a page, the newest at the left; reclaim looks from the right");
}

void paint_lru(struct painter *painter, struct rect at) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    struct belts belts = {.count = 0};
    if (kernel)
        take_belts(&belts, kernel);
    bool told = belts.count && painter->view->reclaim.last.number > 0 && at.h > 190 && at.w > 330, low = at.h < 300;
    float outcomes = !told ? 0 : low ? 24 : 53;
    belts.room = (struct rect){at.x + PAD, at.y + HEAD, at.w - 2 * PAD, at.h - HEAD - 10 - (told ? outcomes + 10 : 0)};
    if (belts.count)
        belts.scale = scale_for(&belts);
    struct rect inside = panel_begin(painter, PANEL_LRU, at, "LRU", subtitle_of(&belts, at.w).text);
    if (!kernel || kernel->zone_count == 0)
        kernel_missing(painter, inside, "The active and inactive list of each zone.");
    else if (belts.count == 0)
        panel_empty(painter, inside, "The active and inactive list of each zone, a square a page.",
                    "All are empty now; they fill as the program touches memory and files.");
    if (told)
        paint_outcomes(painter, (struct rect){inside.x, inside.y + inside.h - outcomes, inside.w, outcomes}, low);
    paint_belts(painter, &belts);
    if (belts.count && belts.scale.each)
        paint_moves(painter, &belts);
    panel_end(painter);
}
