/*
 * ADDRESS SPACE: the regions of the task side by side, to scale, each page a cell; below, the present entries of its
 * page directory and how full their tables are.
 *
 * Scale: one cell is `per_cell` pages, the same for all regions, the least power of two with which everything
 * fits; a region never gets narrower than its least width, so that small ones stay visible.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS 4u
#define PITCH_X 7.0f
#define PITCH_Y 9.5f
#define BOX_PAD 4.0f
#define BOX_H (ROWS * PITCH_Y + 2 * BOX_PAD)
#define REGION_GAP 11.0f
#define REGIONS_MAX 40u
#define LEAST_COLUMNS 1u
#define CROWD 12u /* regions from which on gaps get small */

struct region_look {
    const struct kv_vma *vma;
    char name[64]; /* "text", "heap", ... */
    uint32_t columns;
    struct rect box;
};

struct regions {
    struct region_look of[REGIONS_MAX];
    unsigned count, hidden;
    uint64_t per_cell;
};

/* Linux's VM_ flags. */
#define FLAG_READ 1u
#define FLAG_WRITE 2u
#define FLAG_EXEC 4u
#define FLAG_SHARED 8u

static void name_region(struct region_look *look) {
    const struct kv_vma *vma = look->vma;
    size_t length = strnlen(vma->name, sizeof vma->name);
    if (length > 2 && vma->name[0] == '[' && vma->name[length - 1] == ']')
        snprintf(look->name, sizeof look->name, "%.*s", (int)length - 2, vma->name + 1);
    else if (length > 0)
        snprintf(look->name, sizeof look->name, "%s",
                 vma->flags & FLAG_EXEC    ? "text"
                 : vma->flags & FLAG_WRITE ? "data"
                                           : "read-only");
    else
        snprintf(look->name, sizeof look->name, "%s", vma->flags & FLAG_SHARED ? "shared" : "anonymous");
}

static uint64_t pages_of(const struct kv_vma *vma) { return vma->end > vma->start ? (vma->end - vma->start) >> 12 : 0; }

static uint32_t columns_of(const struct kv_vma *vma, uint64_t per_cell) {
    uint64_t cells = (pages_of(vma) + per_cell - 1) / per_cell, columns = (cells + ROWS - 1) / ROWS;
    return columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns > 100000 ? 100000 : (uint32_t)columns;
}

static float width_of(uint32_t columns) { return (float)columns * PITCH_X + 2 * BOX_PAD - 1; }

static float gap_of(const struct regions *regions) { return regions->count > CROWD ? 5 : REGION_GAP; }

static float total_width(const struct regions *regions, uint64_t per_cell) {
    float width = -gap_of(regions);
    for (unsigned i = 0; i < regions->count; i++)
        width += width_of(columns_of(regions->of[i].vma, per_cell)) + gap_of(regions);
    return width;
}

static void take_regions(struct regions *regions, const struct kv_address_space *space, float room) {
    float least = width_of(LEAST_COLUMNS) + 5;
    size_t fit = room > least ? (size_t)(room / least) : 1;
    for (size_t i = 0; i < space->vma_count; i++) {
        if (regions->count == REGIONS_MAX || regions->count == fit) {
            regions->hidden++;
            continue;
        }
        regions->of[regions->count].vma = &space->vmas[i];
        name_region(&regions->of[regions->count++]);
    }
    regions->per_cell = 1;
    while (regions->per_cell < 1ull << 44 && total_width(regions, regions->per_cell) > room)
        regions->per_cell *= 2;
}

/* Spare room widens every gap evenly, up to a point, so that labels find place. */
static void place_regions(struct regions *regions, struct rect at) {
    float spare = at.w - total_width(regions, regions->per_cell), x = at.x;
    float gap = gap_of(regions) + (regions->count > 1 ? fminf(spare / (float)(regions->count - 1), 34) : 0);
    for (unsigned i = 0; i < regions->count; i++) {
        struct region_look *look = &regions->of[i];
        look->columns = columns_of(look->vma, regions->per_cell);
        look->box = (struct rect){x, at.y, width_of(look->columns), BOX_H};
        x = floorf(x + look->box.w + gap);
    }
}

/* The kind of a cell is that of most of its mapped pages; its strength, how many of its pages are mapped. */
static color cell_color(const struct kv_vma *vma, uint64_t first, uint64_t count) {
    unsigned by_kind[FRAME_KINDS] = {0}, mapped = 0, best = FRAME_ANON;
    for (uint64_t i = first; i < first + count && i < vma->page_count && vma->pages; i++)
        if (vma->pages[i] < FRAME_ABSENT) {
            by_kind[vma->pages[i]]++;
            mapped++;
        }
    if (mapped == 0)
        return PALETTE_FREE;
    for (unsigned kind = 0; kind < FRAME_ABSENT; kind++)
        best = by_kind[kind] > by_kind[best] ? kind : best;
    color full = best == FRAME_FREE ? PALETTE_KERNEL : frame_color(best);
    return mix(PALETTE_FREE, full, 0.45f + 0.55f * (float)mapped / (float)count);
}

static void paint_pages(struct painter *painter, const struct regions *regions, const struct region_look *look) {
    uint64_t cells = (pages_of(look->vma) + regions->per_cell - 1) / regions->per_cell;
    uint32_t shown = look->columns * ROWS;
    shown = cells < shown ? (uint32_t)cells : shown;
    struct rect at = {look->box.x + BOX_PAD, look->box.y + BOX_PAD + 0.5f, (float)look->columns * PITCH_X,
                      ROWS * PITCH_Y};
    color *to = shown ? draw_cells(painter->list, at, look->columns, ROWS, shown, 2) : NULL;
    for (uint32_t i = 0; i < shown && to; i++) {
        uint64_t first = (uint64_t)i * regions->per_cell, left = pages_of(look->vma) - first;
        to[i] = cell_color(look->vma, first, left < regions->per_cell ? left : regions->per_cell);
    }
}

static struct rect page_cell(const struct regions *regions, const struct region_look *look, uint64_t page) {
    uint64_t cell = page / regions->per_cell;
    return (struct rect){look->box.x + BOX_PAD + (float)(cell % look->columns) * PITCH_X,
                         look->box.y + BOX_PAD + 0.5f + (float)(cell / look->columns) * PITCH_Y, PITCH_X - 2,
                         PITCH_Y - 2};
}

static void mark_fault_page(struct painter *painter, const struct regions *regions, const struct region_look *look) {
    const struct view *view = painter->view;
    uint64_t at = view->fault.linear;
    if (!view->has_fault || at < look->vma->start || at >= look->vma->end ||
        (int)view->fault.pid != view->kernel->space.pid)
        return;
    struct rect cell = page_cell(regions, look, (at - look->vma->start) >> 12);
    draw_stroke(painter->list, (struct rect){cell.x - 2, cell.y - 2, cell.w + 4, cell.h + 4}, PALETTE_ACCENT, 1, 1.5f);
}

static struct words rights_of(const struct kv_vma *vma) {
    return format_words("%c%c%c%c", vma->flags & FLAG_READ ? 'r' : '-', vma->flags & FLAG_WRITE ? 'w' : '-',
                        vma->flags & FLAG_EXEC ? 'x' : '-', vma->flags & FLAG_SHARED ? 's' : 'p');
}

static void tip_region(struct painter *painter, const struct regions *regions, const struct region_look *look) {
    const struct kv_vma *vma = look->vma;
    struct rect at = {look->box.x, look->box.y - 18, look->box.w, look->box.h + 18};
    if (!is_hovered(painter, at))
        return;
    tip(painter, at, "%08" PRIx64 "-%08" PRIx64 " %s\n%s\n%s resident of %s\none cell is %s", vma->start, vma->end,
        rights_of(vma).text, vma->name[0] ? vma->name : "anonymous memory", format_bytes(vma->resident * 4096).text,
        format_bytes(pages_of(vma) * 4096).text, format_bytes(regions->per_cell * 4096).text);
    painter->frame->hover_at = look->box;
}

/* The longest of the label's forms that fits before the next box. */
static void paint_label(struct painter *painter, const struct region_look *look, float room, float y) {
    struct words forms[2] = {format_words("%08" PRIx64 " %s", look->vma->start, look->name),
                             format_words("%s", look->name)};
    bool plain = strcmp(look->name, "heap") == 0 || strcmp(look->name, "stack") == 0;
    for (unsigned i = plain ? 1 : 0; i < 2; i++)
        if (text_width(painter, FONT_CODE, SIZE_LABEL, forms[i].text) <= room) {
            put(painter, look->box.x, y, FONT_CODE, SIZE_LABEL, PALETTE_DIM, forms[i].text);
            return;
        }
}

static void paint_regions(struct painter *painter, const struct regions *regions, struct rect at) {
    for (unsigned i = 0; i < regions->count; i++) {
        const struct region_look *look = &regions->of[i];
        float next = i + 1 < regions->count ? regions->of[i + 1].box.x - 6 : at.x + at.w;
        paint_label(painter, look, next - look->box.x, look->box.y - 7);
        draw_fill(painter->list, look->box, PALETTE_WELL, 4);
        draw_stroke(painter->list, look->box, PALETTE_LINE, 4, 1);
        paint_pages(painter, regions, look);
        mark_fault_page(painter, regions, look);
        tip_region(painter, regions, look);
    }
}

/* Page tables ----------------------------------------------------------------------------------------------- */

#define SLOT_W 32.0f
#define SLOT_H 17.0f
#define VOID_W 16.0f
#define TABLES_MAX 48u
#define TABLE_SIDE 32

struct slots { /* present entries in order, a dark box for each run of absent ones */
    float x[TABLES_MAX];
    unsigned shown;
    float end, gap;
};

static float slots_width(const struct kv_address_space *space, size_t count, float gap) {
    float width = 0;
    unsigned next = 0;
    for (size_t i = 0; i < count; i++) {
        width += (space->tables[i].index > next ? VOID_W + gap : 0) + SLOT_W + gap;
        next = space->tables[i].index + 1u;
    }
    return width;
}

static void paint_void(struct painter *painter, float x, float y, unsigned from, unsigned to) {
    struct rect at = {x, y, VOID_W, SLOT_H};
    draw_stroke(painter->list, at, PALETTE_LINE, 3, 1);
    for (unsigned i = 0; i < 2; i++)
        draw_fill(painter->list, (struct rect){x + 5 + 4 * (float)i, y + SLOT_H / 2 - 1, 2, 2}, PALETTE_LINE, 1);
    tip(painter, at, "entries %03x to %03x\n%u entries are not present\n%s of linear memory without a table", from,
        to - 1, to - from, format_bytes((uint64_t)(to - from) << 22).text);
}

static bool fault_uses_table(const struct painter *painter, unsigned index) {
    const struct view *view = painter->view;
    return view->has_fault && (int)view->fault.pid == view->kernel->space.pid && view->fault.linear >> 22 == index &&
           view->fault.walk.mode == MMU_MODE_32BIT;
}

static void paint_slot(struct painter *painter, const struct kv_table *table, float x, float y) {
    struct rect at = {x, y, SLOT_W, SLOT_H};
    bool accent = fault_uses_table(painter, table->index);
    draw_fill(painter->list, at, PALETTE_TABLE, 3);
    if (accent)
        draw_stroke(painter->list, rect_inset(at, -2, -2), PALETTE_ACCENT, 4, 1);
    put_center(painter, at, y + 12.5f, FONT_CODE_BOLD, 10, PALETTE_GROUND, format_words("%03x", table->index).text);
    tip(painter, at, "PDE %03x = %s\nmaps %s and the 4 MiB after it\n%u of 1 024 entries of its table are present",
        table->index, format_address(table->entry, 8).text, format_address((uint64_t)table->index << 22, 8).text,
        table->present);
}

/* The kind of frame that the page at `linear` is mapped to, FRAME_ABSENT: none. */
static unsigned kind_at(const struct kv_address_space *space, uint64_t linear) {
    for (size_t i = 0; i < space->vma_count; i++) {
        const struct kv_vma *vma = &space->vmas[i];
        uint64_t page = (linear - vma->start) >> 12;
        if (linear >= vma->start && linear < vma->end && vma->pages && page < vma->page_count)
            return vma->pages[page];
    }
    return FRAME_ABSENT;
}

/* The table's 1 024 entries, a pixel each, in the colours of the frames that they map. */
static void paint_entries(struct painter *painter, const struct kv_address_space *space, const struct kv_table *table,
                          struct rect at) {
    const struct view *view = painter->view;
    draw_fill(painter->list, rect_inset(at, -2, -2), PALETTE_WELL, 2);
    draw_stroke(painter->list, rect_inset(at, -2, -2), PALETTE_LINE, 2, 1);
    color *cells = draw_cells(painter->list, at, TABLE_SIDE, TABLE_SIDE, TABLE_SIDE * TABLE_SIDE, 0);
    for (unsigned i = 0; i < TABLE_SIDE * TABLE_SIDE && cells; i++) {
        unsigned kind = kind_at(space, ((uint64_t)table->index << 22) + ((uint64_t)i << 12));
        cells[i] = kind < FRAME_ABSENT ? frame_color(kind) : 0;
    }
    if (!fault_uses_table(painter, table->index))
        return;
    unsigned entry = (unsigned)(view->fault.linear >> 12) % 1024;
    struct rect dot = {at.x + (float)(entry % TABLE_SIDE) - 1, at.y + (float)(entry / TABLE_SIDE) - 1, 3, 3};
    draw_fill(painter->list, dot, PALETTE_ACCENT, 0);
}

/* Under its slot: the table. room: up to the next slot. */
static void paint_table(struct painter *painter, const struct kv_address_space *space, const struct kv_table *table,
                        struct rect at) {
    bool accent = fault_uses_table(painter, table->index), map = at.h >= TABLE_SIDE;
    struct rect drawn = {at.x, at.y, TABLE_SIDE, map ? TABLE_SIDE : 9};
    struct words count = format_words("%u", table->present);
    if (map)
        paint_entries(painter, space, table, drawn);
    else
        put_center(painter, drawn, at.y + 7, FONT_CODE, 10, accent ? PALETTE_ACCENT : PALETTE_DIM, count.text);
    if (map && text_width(painter, FONT_CODE, 10, count.text) + drawn.w + 5 <= at.w)
        put(painter, drawn.x + drawn.w + 5, at.y + 8, FONT_CODE, 10, accent ? PALETTE_ACCENT : PALETTE_DIM, count.text);
    tip(painter, rect_inset(drawn, -2, -4), "table of PDE %03x\n%u of 1 024 entries present%s", table->index,
        table->present, accent ? "\nthis fault's entry is the bright one" : "");
}

/* table_height: room under the slots; 0: none. */
static void paint_directory(struct painter *painter, const struct kv_address_space *space, struct rect at,
                            float table_height) {
    float x = at.x, gap = 4;
    size_t count = space->table_count < TABLES_MAX ? space->table_count : TABLES_MAX;
    while (count > 0 && slots_width(space, count, gap) > at.w - (count < space->table_count ? 60 : 0))
        count--;
    float spare = at.w - slots_width(space, count, gap);
    gap += count > 0 ? fminf(fmaxf(floorf(spare / (float)(2 * count + 1)) - 1, 0), 26) : 0;
    unsigned next = 0;
    for (size_t i = 0; i < count; i++) {
        const struct kv_table *table = &space->tables[i];
        if (table->index > next) {
            paint_void(painter, x, at.y, next, table->index);
            x += VOID_W + gap;
        }
        paint_slot(painter, table, x, at.y);
        bool hole = i + 1 < count && space->tables[i + 1].index > table->index + 1u;
        if (table_height > 0)
            paint_table(
                painter, space, table,
                (struct rect){x, at.y + SLOT_H + 8, SLOT_W + gap + (hole ? VOID_W + gap : 0) - 6, table_height});
        x += SLOT_W + gap;
        next = table->index + 1u;
    }
    if (count < space->table_count)
        put(painter, x, at.y + 12.5f, FONT_WORDS, SIZE_LABEL, PALETTE_DIM,
            format_words("+ %zu more", space->table_count - count).text);
}

/* The panel ------------------------------------------------------------------------------------------------- */

static struct words subtitle_of(const struct kv_address_space *space, const struct regions *regions, float width) {
    struct words size =
        format_words("%s of %s", format_bytes(space->resident * 4096).text, format_bytes(space->total * 4096).text);
    if (regions->hidden > 0)
        return format_words("pid %d \xc2\xb7 %u of %zu regions \xc2\xb7 %s", space->pid, regions->count,
                            space->vma_count, size.text);
    if (width < 400)
        return format_words("pid %d \xc2\xb7 %s", space->pid, size.text);
    return format_words("pid %d \xc2\xb7 %zu regions \xc2\xb7 %s resident of %s", space->pid, space->vma_count,
                        format_bytes(space->resident * 4096).text, format_bytes(space->total * 4096).text);
}

/* What a cell stands for, where that is not one page. */
static void paint_note(struct painter *painter, const struct regions *regions, struct rect inside, float y) {
    if (y > inside.y + inside.h || regions->per_cell == 1)
        return;
    put_until(painter, inside.x, y, inside.x + inside.w, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT,
              format_words("a cell above is %s", format_bytes(regions->per_cell * 4096).text).text);
}

/* Where the panel is tall: the regions as lines, as /proc/PID/maps has them. */
static void paint_maps(struct painter *painter, const struct kv_address_space *space, struct rect at) {
    const float line = 18;
    size_t fit = at.h > 3 * line ? (size_t)(at.h / line) - 1 : 0; /* lines under the heads */
    size_t shown = space->vma_count <= fit ? space->vma_count : fit > 0 ? fit - 1 : 0;
    if (shown < 2)
        return;
    float digit = text_width(painter, FONT_CODE, SIZE_CODE, "0"), y = at.y + 12;
    const float rights = at.x + 19 * digit, pages = rights + 6 * digit, name = pages + 25 * digit;
    put(painter, at.x, y, FONT_CODE, SIZE_LABEL, PALETTE_FAINT, "range");
    put(painter, rights, y, FONT_CODE, SIZE_LABEL, PALETTE_FAINT, "rights");
    put(painter, pages + digit, y, FONT_CODE, SIZE_LABEL, PALETTE_FAINT, "resident");
    put_until(painter, name, y, at.x + at.w, FONT_CODE, SIZE_LABEL, PALETTE_FAINT, "name");
    for (size_t i = 0; i < shown; i++) {
        const struct kv_vma *vma = &space->vmas[i];
        y += line;
        put(painter, at.x, y, FONT_CODE, SIZE_CODE, PALETTE_DIM,
            format_words("%08" PRIx64 "-%08" PRIx64, vma->start, vma->end).text);
        put(painter, rights, y, FONT_CODE, SIZE_CODE, PALETTE_INK, rights_of(vma).text);
        put_until(
            painter, pages + digit, y, name - digit, FONT_CODE, SIZE_CODE, PALETTE_INK,
            format_words("%s of %s", format_bytes(vma->resident * 4096).text, format_bytes(pages_of(vma) * 4096).text)
                .text);
        put_until(painter, name, y, at.x + at.w, FONT_CODE, SIZE_CODE, PALETTE_DIM,
                  vma->name[0] ? vma->name : "anonymous");
    }
    if (shown < space->vma_count)
        put(painter, at.x, y + line, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT,
            format_words("and %zu more", space->vma_count - shown).text);
}

static void paint_space_of(struct painter *painter, const struct kv_address_space *space, struct regions *regions,
                           struct rect inside) {
    struct rect row = {inside.x, inside.y + 17, inside.w, BOX_H};
    place_regions(regions, row);
    paint_regions(painter, regions, row);
    float y = row.y + BOX_H + 12, bottom = inside.y + inside.h;
    if (y + SLOT_H > bottom || space->table_count == 0)
        return;
    float label = 90;
    put(painter, inside.x, y + 12.5f, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, "page directory");
    float room = bottom + 4 - (y + SLOT_H + 8), height = room >= TABLE_SIDE + 2 ? TABLE_SIDE : room >= 8 ? 8 : 0;
    if (height > 0)
        put(painter, inside.x, y + SLOT_H + 16.5f, FONT_WORDS, SIZE_LABEL, PALETTE_DIM,
            height >= TABLE_SIDE ? "page tables" : "entries in use");
    paint_directory(painter, space, (struct rect){inside.x + label, y, inside.w - label, SLOT_H}, height);
    float below = y + SLOT_H + 8 + height + 20;
    paint_note(painter, regions, inside, below);
    paint_maps(painter, space, (struct rect){inside.x, below + 14, inside.w, bottom - below - 14});
}

void paint_space(struct painter *painter, struct rect at) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    bool some = kernel && kernel->space.vma_count > 0;
    struct regions regions = {.count = 0};
    if (some)
        take_regions(&regions, &kernel->space, at.w - 2 * PAD);
    struct words subtitle = some ? subtitle_of(&kernel->space, &regions, at.w) : format_words("what a process may use");
    struct rect inside = panel_begin(painter, PANEL_SPACE, at, "ADDRESS SPACE", subtitle.text);
    if (some)
        paint_space_of(painter, &kernel->space, &regions, inside);
    else if (kernel)
        panel_empty(painter, inside, "The regions of the current process to scale, page by page, with its page tables.",
                    "The task that runs now has no address space of its own; run on until the program starts.");
    else
        kernel_missing(painter, inside,
                       "The regions of the current process to scale, page by page, with its page tables.");
    panel_end(painter);
}
