/*
 * CACHE AND SWAP: the files in the page cache as strips of their pages by state, the largest first, and the swap areas
 * as maps of their slots by users. A cell of a strip is the busiest of the pages that it stands for.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

#define CELL_MAX 9.0f
#define LEGEND 20.0f
#define STRIP_NAME 18.0f
#define STRIP_GAP 7.0f

static const struct {
    const char *name;
    color color;
} cached_looks[CACHED_KINDS] = {
    [CACHED_ABSENT] = {"not in memory", PALETTE_FREE}, [CACHED_CLEAN] = {"clean", PALETTE_FILE},
    [CACHED_DIRTY] = {"dirty", PALETTE_FILE_DIRTY},    [CACHED_WRITEBACK] = {"being written", PALETTE_LOW},
    [CACHED_LOCKED] = {"locked", PALETTE_INK},
};

struct legend {
    const char *name;
    color color;
};

static void paint_legend(struct painter *painter, struct rect at, const struct legend *items, unsigned count) {
    float x = at.x;
    for (unsigned i = 0; i < count; i++) {
        float width = 16 + text_width(painter, FONT_WORDS, SIZE_LABEL, items[i].name);
        if (x + width > at.x + at.w)
            return;
        draw_fill(painter->list, (struct rect){x, at.y + 4, 9, 9}, items[i].color, 2);
        put(painter, x + 15, at.y + 12.5f, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, items[i].name);
        x += width + 13;
    }
}

/* Files -------------------------------------------------------------------------------------------------------- */

static struct words file_name_of(const struct kv_strip *strip) {
    if (strip->path[0])
        return format_words("%s", strip->path);
    return format_words("inode %" PRIu32 "%s%s", strip->inode, strip->fs[0] ? " of " : "", strip->fs);
}

static uint32_t cells_of(const struct kv_strip *strip) { return strip->cells < KV_STRIP ? strip->cells : KV_STRIP; }

/* Cells in a line of this width, and a cell's distance: as large as leaves a file few lines. */
static float strip_step(const struct kv_strip *strip, float width, float height, uint32_t *columns) {
    float step = CELL_MAX;
    while (step > 3 && ceilf((float)cells_of(strip) / floorf(width / step)) * step > height)
        step -= 1;
    *columns = (uint32_t)fmaxf(floorf(width / step), 1);
    return step;
}

static void tip_strip(struct painter *painter, const struct kv_strip *strip, const struct ui_lattice *lattice) {
    const struct ui_state *state = painter->state;
    int64_t cell = is_hovered(painter, lattice->at) ? ui_lattice_cell(lattice, state->mouse_x, state->mouse_y) : -1;
    if (cell < 0)
        return;
    uint64_t first = (uint64_t)cell * strip->per_cell, last = first + strip->per_cell - 1;
    uint8_t kind = strip->state[cell] < CACHED_KINDS ? strip->state[cell] : CACHED_ABSENT;
    struct words pages = strip->per_cell > 1
                             ? format_words("pages %s to %s", format_count(first).text, format_count(last).text)
                             : format_words("page %s", format_count(first).text);
    tip(painter, lattice->at, "%s\n%s of the file: %s%s\nbytes %s on", file_name_of(strip).text, pages.text,
        cached_looks[kind].name, strip->per_cell > 1 ? " (the busiest of them)" : "", format_bytes(first * 4096).text);
    painter->frame->hover_at = (struct rect){lattice->at.x + (float)(cell % lattice->columns) * lattice->step_x,
                                             lattice->at.y + (float)(cell / lattice->columns) * lattice->step_y,
                                             lattice->cell_x, lattice->cell_y};
}

static void paint_strip_name(struct painter *painter, struct rect at, const struct kv_strip *strip) {
    struct words counts =
        format_words("%s of %s", format_count(strip->pages).text, format_count(strip->size_pages).text);
    struct words busy = strip->writeback ? format_words("%s dirty, %s being written", format_count(strip->dirty).text,
                                                        format_count(strip->writeback).text)
                        : strip->dirty   ? format_words("%s dirty", format_count(strip->dirty).text)
                                         : format_words("%s", "");
    float right = at.x + at.w, counts_x = right - text_width(painter, FONT_WORDS, SIZE_LABEL, counts.text);
    float busy_x = counts_x - (busy.text[0] ? text_width(painter, FONT_WORDS, SIZE_LABEL, busy.text) + 12 : 0);
    put(painter, counts_x, at.y + 12, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, counts.text);
    if (busy.text[0] && busy_x > at.x + 70)
        put(painter, busy_x, at.y + 12, FONT_WORDS, SIZE_LABEL, strip->writeback ? PALETTE_LOW : PALETTE_READ_INK,
            busy.text);
    put_until(painter, at.x, at.y + 12, (busy_x > at.x + 70 ? busy_x : counts_x) - 10, FONT_CODE, SIZE_LABEL,
              PALETTE_INK, file_name_of(strip).text);
    tip(painter, at, "%s\n%s, inode %" PRIu32 "\n%s of its %s pages are in memory\n%s dirty, %s being written%s",
        file_name_of(strip).text, strip->fs[0] ? strip->fs : "file", strip->inode, format_count(strip->pages).text,
        format_count(strip->size_pages).text, format_count(strip->dirty).text, format_count(strip->writeback).text,
        strip->per_cell > 1 ? format_words("\na cell is %" PRIu32 " pages", strip->per_cell).text : "");
}

/* fair: the height of a file when all get the same. Returns its own height; draws nothing where there is less room. */
static float paint_strip(struct painter *painter, struct rect room, float fair, const struct kv_strip *strip) {
    uint32_t columns, count = cells_of(strip);
    float step = strip_step(strip, room.w, fmaxf(fair - STRIP_NAME - STRIP_GAP, 9), &columns), height = STRIP_NAME;
    uint32_t rows = (count + columns - 1) / columns;
    height += (float)rows * step;
    if (height > room.h || count == 0)
        return height + STRIP_GAP;
    struct rect at = {room.x, room.y + STRIP_NAME, (float)columns * step, (float)rows * step};
    color *cells = draw_cells(painter->list, at, columns, rows, count, step > 4 ? 2 : 1);
    for (uint32_t i = 0; i < count && cells; i++)
        cells[i] = cached_looks[strip->state[i] < CACHED_KINDS ? strip->state[i] : CACHED_ABSENT].color;
    paint_strip_name(painter, (struct rect){room.x, room.y, room.w, STRIP_NAME}, strip);
    struct ui_lattice lattice = {.at = at, step, step, step, step, columns, count};
    tip_strip(painter, strip, &lattice);
    return height + STRIP_GAP;
}

static void paint_files(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    struct legend legend[] = {{cached_looks[CACHED_CLEAN].name, cached_looks[CACHED_CLEAN].color},
                              {cached_looks[CACHED_DIRTY].name, cached_looks[CACHED_DIRTY].color},
                              {cached_looks[CACHED_WRITEBACK].name, cached_looks[CACHED_WRITEBACK].color},
                              {cached_looks[CACHED_LOCKED].name, cached_looks[CACHED_LOCKED].color},
                              {cached_looks[CACHED_ABSENT].name, cached_looks[CACHED_ABSENT].color}};
    float y = at.y, bottom = at.y + at.h - LEGEND;
    float fair = (bottom - at.y) / (float)(view->strip_count > 0 ? view->strip_count : 1);
    size_t shown = 0;
    for (; shown < view->strip_count && y < bottom - STRIP_NAME; shown++) {
        float height = paint_strip(painter, (struct rect){at.x, y, at.w, bottom - y}, fair, &view->strips[shown]);
        if (y + height - STRIP_GAP > bottom)
            break;
        y += height;
    }
    if (view->strip_count == 0)
        put_wrapped(painter, (struct rect){at.x, at.y + 14, at.w, 0}, 17, 2, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
                    "No file has pages in memory.");
    if (shown < view->strip_count && y + 10 < bottom)
        put_until(painter, at.x, y + 9, at.x + at.w, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT,
                  format_words("and %zu more files", view->strip_count - shown).text);
    paint_legend(painter, (struct rect){at.x, at.y + at.h - 14, at.w, 14}, legend, 5);
}

/* Swap --------------------------------------------------------------------------------------------------------- */

static color slot_color(uint16_t users) {
    if (users == KV_SLOT_BAD)
        return PALETTE_BAD;
    return users == 0 ? PALETTE_FREE : users == 1 ? PALETTE_SWAP_CACHE : PALETTE_FETCH_INK;
}

/* Slots of one cell: the one with the most users stands for them; a bad one only where nothing else is. */
static uint16_t busiest_slot(const struct kv_swap_area *area, uint64_t first, uint64_t each) {
    uint16_t most = 0;
    bool all_bad = true;
    for (uint64_t slot = first; slot < first + each && slot < area->slots_read; slot++) {
        bool bad = area->users[slot] == KV_SLOT_BAD;
        all_bad &= bad;
        if (!bad && area->users[slot] > most)
            most = area->users[slot];
    }
    return all_bad ? KV_SLOT_BAD : most;
}

struct slot_map {
    struct rect at;
    float step;
    uint32_t columns, rows, count;
    uint64_t each; /* slots a cell */
};

static struct slot_map slot_map_of(const struct kv_swap_area *area, struct rect room) {
    struct slot_map map = {.each = 1};
    for (; map.each < 1ull << 40; map.each *= 2)
        for (map.step = CELL_MAX; map.step >= 4; map.step -= 1) {
            uint64_t count = area->slots_read / map.each + (area->slots_read % map.each != 0);
            float columns = fmaxf(floorf(room.w / map.step), 1), rows = ceilf((float)count / columns);
            if (rows * map.step > room.h)
                continue;
            map.columns = (uint32_t)columns;
            map.rows = (uint32_t)rows;
            map.count = (uint32_t)count;
            map.at = (struct rect){room.x, room.y, columns * map.step, rows * map.step};
            return map;
        }
    return map;
}

static void tip_slot(struct painter *painter, const struct kv_swap_area *area, const struct slot_map *map) {
    struct ui_lattice lattice = {.at = map->at, map->step, map->step, map->step, map->step, map->columns, map->count};
    int64_t cell =
        is_hovered(painter, map->at) ? ui_lattice_cell(&lattice, painter->state->mouse_x, painter->state->mouse_y) : -1;
    if (cell < 0)
        return;
    uint64_t slot = (uint64_t)cell * map->each;
    uint16_t users = busiest_slot(area, slot, map->each);
    struct words state = users == KV_SLOT_BAD ? format_words("never to be used")
                         : users == 0         ? format_words("free")
                                              : format_words("%u %s", users, users == 1 ? "user" : "users");
    tip(painter, map->at, "%s, %s %s\n%s%s", area->name, map->each > 1 ? "slots from" : "slot", format_count(slot).text,
        state.text, map->each > 1 ? format_words(" at most, of %" PRIu64 " slots", map->each).text : "");
    painter->frame->hover_at =
        (struct rect){map->at.x + (float)((uint32_t)cell % map->columns) * map->step,
                      map->at.y + (float)((uint32_t)cell / map->columns) * map->step, map->step, map->step};
}

static void paint_area(struct painter *painter, struct rect at, const struct kv_swap_area *area) {
    uint64_t free = area->good > area->used ? area->good - area->used : 0,
             bad = area->slots > area->good ? area->slots - area->good : 0;
    float end = put_until(painter, at.x, at.y + 12, at.x + at.w * 0.5f, FONT_CODE, SIZE_LABEL, PALETTE_INK, area->name);
    struct words counts = format_words("%s used, %s free, %s bad", format_count(area->used).text,
                                       format_count(free).text, format_count(bad).text);
    float width = text_width(painter, FONT_WORDS, SIZE_LABEL, counts.text);
    put_until(painter, fmaxf(at.x + at.w - width, end + 10), at.y + 12, at.x + at.w + 1, FONT_WORDS, SIZE_LABEL,
              PALETTE_DIM, counts.text);
    tip(painter, (struct rect){at.x, at.y, at.w, STRIP_NAME}, "swap area %u, %s\npriority %d%s\n%s", area->number,
        area->name, area->priority, area->writable ? "" : ", being turned off: no slot is given out", counts.text);
    struct slot_map map = slot_map_of(area, (struct rect){at.x, at.y + STRIP_NAME, at.w, fmaxf(at.h - STRIP_NAME, 4)});
    color *cells = map.count && area->users
                       ? draw_cells(painter->list, map.at, map.columns, map.rows, map.count, map.step > 5 ? 2 : 1)
                       : NULL;
    for (uint32_t i = 0; i < map.count && cells; i++)
        cells[i] = slot_color(busiest_slot(area, i * map.each, map.each));
    if (cells)
        tip_slot(painter, area, &map);
}

static void paint_swap(struct painter *painter, struct rect at) {
    static const struct legend legend[] = {{"free slot", PALETTE_FREE},
                                           {"one user", PALETTE_SWAP_CACHE},
                                           {"several", PALETTE_FETCH_INK},
                                           {"bad, header", PALETTE_BAD}};
    const struct view *view = painter->view;
    size_t count = view->swap_area_count < KV_SWAP_AREAS ? view->swap_area_count : KV_SWAP_AREAS;
    if (count == 0) {
        put_wrapped(painter, (struct rect){at.x, at.y + 14, at.w, 0}, 17, 3, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
                    "No swap area is on. Run with --swap to give anonymous pages a place to go.");
        return;
    }
    float explained = at.h >= 90 ? LEGEND : 0; /* else the mouse tells */
    size_t fit = (size_t)fmaxf(floorf((at.h - explained) / 46), 1);
    count = count < fit ? count : fit;
    float height = (at.h - explained) / (float)count;
    for (size_t i = 0; i < count; i++)
        paint_area(painter, (struct rect){at.x, at.y + (float)i * height, at.w, height - 6}, &view->swap_areas[i]);
    if (explained > 0)
        paint_legend(painter, (struct rect){at.x, at.y + at.h - 14, at.w, 14}, legend, 4);
}

/* The whole: side by side where there is width, else one below the other. */
static void paint_both(struct painter *painter, struct rect inside) {
    if (inside.w >= 520) {
        float left = floorf((inside.w - 24) * 0.58f);
        paint_files(painter, (struct rect){inside.x, inside.y, left, inside.h});
        paint_swap(painter, (struct rect){inside.x + left + 24, inside.y, inside.w - left - 24, inside.h});
        return;
    }
    bool swap = painter->view->swap_area_count > 0 && inside.h > 130;
    float files = swap ? floorf(inside.h * 0.62f) : inside.h;
    paint_files(painter, (struct rect){inside.x, inside.y, inside.w, files - (swap ? 6 : 0)});
    if (swap)
        paint_swap(painter, (struct rect){inside.x, inside.y + files + 4, inside.w, inside.h - files - 4});
}

void paint_cache(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    struct rect inside = panel_begin(painter, PANEL_CACHE, at, "CACHE AND SWAP",
                                     at.w > 420 ? "the pages of files in memory, the slots of swap" : "");
    if (!view || !view->kernel)
        kernel_missing(painter, inside, "The pages of each file in memory, and the map of each swap area.");
    else if (view->strip_count + view->swap_area_count == 0)
        panel_empty(painter, inside, "The pages of each file in memory, and the map of each swap area.",
                    "Appears when the program reads a file, or swap is turned on.");
    else
        paint_both(painter, inside);
    panel_end(painter);
}
