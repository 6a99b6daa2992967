/*
 * ADDRESS SPACE: the regions of the task side by side, to scale, each page a cell; below, its page tables level by
 * level (space_tree.c). A cell selects its page, a region's name the region.
 *
 * Scale: one cell is `per_cell` pages, the same for all regions, the least power of two with which everything
 * fits; a region never gets narrower than its least width, so that small ones stay visible.
 */
#include "emu/ui/frames_look.h"
#include "emu/ui/pages.h"
#include "emu/ui/panel.h"
#include "emu/ui/space.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS 4u
#define PITCH_X 7.0f
#define PITCH_Y 9.5f
#define BOX_PAD 4.0f
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
    float scale; /* of cells: larger where there is room */
};

static float box_height(const struct regions *regions) { return ROWS * PITCH_Y * regions->scale + 2 * BOX_PAD; }

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

static uint32_t columns_of(const struct kv_vma *vma, uint64_t per_cell) {
    uint64_t cells = (pages_in(vma) + per_cell - 1) / per_cell, columns = (cells + ROWS - 1) / ROWS;
    return columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns > 100000 ? 100000 : (uint32_t)columns;
}

static float width_of(const struct regions *regions, uint32_t columns) {
    return (float)columns * PITCH_X * regions->scale + 2 * BOX_PAD - 1;
}

static float gap_of(const struct regions *regions) { return regions->count > CROWD ? 5 : REGION_GAP; }

static float total_width(const struct regions *regions, uint64_t per_cell) {
    float width = -gap_of(regions);
    for (unsigned i = 0; i < regions->count; i++)
        width += width_of(regions, columns_of(regions->of[i].vma, per_cell)) + gap_of(regions);
    return width;
}

/* height: of the panel's inside. */
static void take_regions(struct regions *regions, const struct kv_address_space *space, float room, float height) {
    static const float scales[] = {2, 1.5f, 1};
    regions->scale = 1;
    float least = width_of(regions, LEAST_COLUMNS) + 5;
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
    for (unsigned i = 0; i < sizeof scales / sizeof scales[0] && height > 300; i++) {
        regions->scale = scales[i];
        if (total_width(regions, 1) <= room)
            break;
    }
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
        look->box = (struct rect){x, at.y, width_of(regions, look->columns), box_height(regions)};
        x = floorf(x + look->box.w + gap);
    }
}

/* Where the cells of a region are. */
static struct ui_lattice cells_of(const struct regions *regions, const struct region_look *look) {
    uint64_t cells = (pages_in(look->vma) + regions->per_cell - 1) / regions->per_cell;
    uint32_t most = look->columns * ROWS, shown = cells < most ? (uint32_t)cells : most;
    float pitch_x = PITCH_X * regions->scale, pitch_y = PITCH_Y * regions->scale;
    struct rect at = {look->box.x + BOX_PAD, look->box.y + BOX_PAD + 0.5f, (float)look->columns * pitch_x,
                      (float)ROWS * pitch_y};
    return (struct ui_lattice){.at = at,
                               .step_x = pitch_x,
                               .step_y = pitch_y,
                               .cell_x = pitch_x,
                               .cell_y = pitch_y,
                               .columns = look->columns,
                               .count = shown,
                               .action = ACTION_SELECT_PAGE};
}

static struct rect lattice_cell(const struct ui_lattice *lattice, uint64_t cell) {
    return (struct rect){lattice->at.x + (float)(cell % lattice->columns) * lattice->step_x,
                         lattice->at.y + (float)(cell / lattice->columns) * lattice->step_y, lattice->step_x - 2,
                         lattice->step_y - 2};
}

static void paint_pages(struct painter *painter, const struct regions *regions, const struct region_look *look) {
    struct ui_lattice lattice = cells_of(regions, look);
    color *to = lattice.count ? draw_cells(painter->list, lattice.at, lattice.columns, ROWS, lattice.count, 2) : NULL;
    for (uint32_t i = 0; i < lattice.count && to; i++) {
        uint64_t first = (uint64_t)i * regions->per_cell, left = pages_in(look->vma) - first;
        to[i] = pages_color(painter->view, look->vma, first, left < regions->per_cell ? left : regions->per_cell);
    }
    int64_t *pages = hit_lattice(painter, lattice);
    for (uint32_t i = 0; i < lattice.count && pages; i++)
        pages[i] = (int64_t)(look->vma->start + ((uint64_t)i * regions->per_cell << 12));
}

/* The cell of an address, where it lies in the region. */
static bool cell_at(const struct regions *regions, const struct region_look *look, uint64_t linear, struct rect *cell) {
    struct ui_lattice lattice = cells_of(regions, look);
    uint64_t number = ((linear - look->vma->start) >> 12) / regions->per_cell;
    if (linear < look->vma->start || linear >= look->vma->end || number >= lattice.count)
        return false;
    *cell = lattice_cell(&lattice, number);
    return true;
}

static void mark_pages(struct painter *painter, const struct regions *regions, const struct region_look *look) {
    const struct view *view = painter->view;
    const struct selection *selection = &view->selection;
    int pid = view->kernel->space.pid;
    struct rect cell;
    if (view->has_fault && (int)view->fault.pid == pid && cell_at(regions, look, view->fault.linear, &cell))
        mark_happened(painter, cell, false);
    for (size_t i = 0; i < selection->owner_count && i < SELECTION_OWNERS; i++)
        if (selection->owners[i].pid == pid && cell_at(regions, look, selection->owners[i].linear, &cell))
            mark_related(painter, cell);
    bool page = selection->has_page && selection->kind != SELECT_VMA && selection->pid == pid;
    if (page && cell_at(regions, look, selection->linear, &cell))
        mark_selected(painter, cell);
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
    tip(painter, at, "%08" PRIx64 "-%08" PRIx64 " %s\n%s\n%s resident of %s\none cell is %s\nclick: select the region",
        vma->start, vma->end, rights_of(vma).text, vma->name[0] ? vma->name : "anonymous memory",
        format_bytes(vma->resident * 4096).text, format_bytes(pages_in(vma) * 4096).text,
        format_bytes(regions->per_cell * 4096).text);
    painter->frame->hover_at = look->box;
}

static void tip_cell(struct painter *painter, const struct regions *regions, const struct region_look *look) {
    struct ui_lattice lattice = cells_of(regions, look);
    int64_t cell = ui_lattice_cell(&lattice, painter->state->mouse_x, painter->state->mouse_y);
    uint64_t page = (uint64_t)cell * regions->per_cell;
    if (cell < 0 || !is_hovered(painter, lattice.at))
        return;
    struct words more = regions->per_cell > 1
                            ? format_words(" and %s pages after it", format_count(regions->per_cell - 1).text)
                            : format_words("%s", "");
    tip(painter, lattice.at, "page %s%s\n%s\n%s, %s\nclick: select it",
        format_address(look->vma->start + (page << 12), 8).text, more.text,
        page_words(painter->view, look->vma, page).text, look->vma->name[0] ? look->vma->name : "anonymous memory",
        rights_of(look->vma).text);
    painter->frame->hover_at = lattice_cell(&lattice, (uint64_t)cell);
}

static void outline_region(struct painter *painter, const struct region_look *look) {
    const struct selection *selection = &painter->view->selection;
    if (!is_selected_region(painter->view, look->vma))
        return;
    if (selection->kind == SELECT_VMA)
        outline_selected(painter, rect_inset(look->box, -1, -1), 5);
    else
        draw_stroke(painter->list, look->box, PALETTE_ACCENT_SOFT, 4, 1);
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
        tip_region(painter, regions, look);
        hit(painter, (struct rect){look->box.x, look->box.y - 19, fmaxf(look->box.w, 20), look->box.h + 19},
            ACTION_SELECT_VMA, (int64_t)look->vma->start);
        paint_pages(painter, regions, look);
        outline_region(painter, look);
        mark_pages(painter, regions, look);
        tip_cell(painter, regions, look);
    }
}

/* The panel ------------------------------------------------------------------------------------------------- */

/* The longest of the forms for which there is room beside the title and the name of the process. */
static struct words subtitle_of(struct painter *painter, const struct kv_address_space *space,
                                const struct regions *regions, float room) {
    struct words resident = format_bytes(space->resident * 4096), all = format_bytes(space->total * 4096);
    struct words count = regions->hidden > 0 ? format_words("%u of %zu regions", regions->count, space->vma_count)
                                             : format_words("%zu regions", space->vma_count);
    struct words forms[] = {format_words("%s \xc2\xb7 %s resident of %s", count.text, resident.text, all.text),
                            format_words("%s \xc2\xb7 %s of %s", count.text, resident.text, all.text),
                            format_words("%s of %s", resident.text, all.text), count};
    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (text_width(painter, FONT_WORDS, SIZE_SMALL, forms[i].text) <= room)
            return forms[i];
    return format_words("%s", "");
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
            format_words("%s of %s", format_bytes(vma->resident * 4096).text, format_bytes(pages_in(vma) * 4096).text)
                .text);
        put_until(painter, name, y, at.x + at.w, FONT_CODE, SIZE_CODE, PALETTE_DIM,
                  vma->name[0] ? vma->name : "anonymous");
        struct rect row = {at.x - 4, y - 13, at.w + 8, line};
        hit(painter, row, ACTION_SELECT_VMA, (int64_t)vma->start);
        tip(painter, row, "%08" PRIx64 "-%08" PRIx64 "\nclick: select the region, see which pages were never touched",
            vma->start, vma->end);
        if (is_selected_region(painter->view, vma))
            outline_selected(painter, row, 4);
    }
    if (shown < space->vma_count)
        put(painter, at.x, y + line, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT,
            format_words("and %zu more", space->vma_count - shown).text);
}

/* What the cells of the selected region tell beside the uses of frames. Returns the y below. */
static float paint_page_legend(struct painter *painter, struct rect inside, float y) {
    static const enum page_state states[] = {PAGE_SWAPPED, PAGE_GONE, PAGE_UNTOUCHED};
    float x = inside.x;
    for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++)
        x = paint_chip(painter, x, y + 9, page_state_color(states[i]), page_state_name(states[i]));
    return y + 20;
}

static void paint_space_of(struct painter *painter, const struct kv_address_space *space, struct regions *regions,
                           struct rect inside) {
    struct rect row = {inside.x, inside.y + 17, inside.w, box_height(regions)};
    place_regions(regions, row);
    paint_regions(painter, regions, row);
    float y = row.y + row.h + 10, bottom = inside.y + inside.h;
    bool tall = inside.h > 300;
    if (tall && painter->view->selection.has_vma)
        y = paint_page_legend(painter, inside, y + 2);
    if (tall && regions->per_cell > 1) {
        paint_note(painter, regions, inside, y + 10);
        y += 20;
    }
    if (!tall) {
        paint_tree(painter, space, (struct rect){inside.x, y, inside.w, bottom - y});
        return;
    }
    bool beside = inside.w > 900;
    float width = beside ? floorf(inside.w * 0.53f) : inside.w;
    struct rect at = {inside.x, y + 12, width, bottom - y - 12};
    float end = paint_tree(painter, space, at);
    if (beside)
        paint_maps(painter, space, (struct rect){inside.x + width + 24, y + 8, inside.w - width - 24, bottom - y - 8});
    else
        paint_maps(painter, space, (struct rect){inside.x, end + 12, inside.w, bottom - end - 12});
}

/* A kernel without symbols: what the page tables alone tell. */
static void paint_foreign(struct painter *painter, struct rect inside) {
    const struct hw_frames *tables = &painter->view->hardware;
    struct {
        const char *name;
        struct words value;
    } rows[] = {{"paging", format_words("%s%s", tables->mode, tables->torn ? ", caught in an update" : "")},
                {"top table at", format_address(tables->root, 8)},
                {"page tables", format_count(tables->tables)},
                {"large pages", format_count(tables->large_pages)},
                {"pages for programs", format_count(tables->user_pages)},
                {"entries with A set", format_count(tables->accessed)},
                {"entries with D set", format_count(tables->dirty)}};
    put_until(painter, inside.x, inside.y + 12, inside.x + inside.w, FONT_WORDS, SIZE_SMALL, PALETTE_DIM,
              "Its regions are not known, its page tables are.");
    unsigned columns = inside.w > 460 ? 2 : 1, count = sizeof rows / sizeof rows[0];
    float width = inside.w / (float)columns;
    for (unsigned i = 0; i < count; i++) {
        float x = inside.x + width * (float)(i % columns), y = inside.y + 40 + 22 * (float)(i / columns);
        if (y > inside.y + inside.h)
            return;
        put(painter, x, y, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, rows[i].name);
        put_until(painter, x + 136, y, x + width - 4, FONT_CODE, SIZE_CODE, PALETTE_INK, rows[i].value.text);
    }
}

void paint_space(struct painter *painter, struct rect at) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    bool some = kernel && kernel->space.vma_count > 0;
    struct regions regions = {.count = 0};
    if (some)
        take_regions(&regions, &kernel->space, at.w - 2 * PAD, at.h - HEAD - 10);
    float choice = task_width(painter, at.w), taken = choice > 0 ? choice + 8 : 0;
    float title = text_width(painter, FONT_WORDS_BOLD, SIZE_SMALL, "ADDRESS SPACE");
    struct words subtitle = some ? subtitle_of(painter, &kernel->space, &regions, at.w - 2 * PAD - title - 18 - taken)
                            : taken > 0 ? format_words("%s", "")
                                        : format_words("what a process may use");
    struct rect inside = panel_begin_beside(painter, PANEL_SPACE, at, "ADDRESS SPACE", subtitle.text, taken);
    paint_task(painter, at);
    if (some)
        paint_space_of(painter, &kernel->space, &regions, inside);
    else if (frames_foreign(painter->view))
        paint_foreign(painter, inside);
    else if (kernel)
        panel_empty(painter, inside, "The regions of the current process to scale, page by page, with its page tables.",
                    painter->view->space_chosen
                        ? "The process that was chosen has no regions now."
                        : "The task that runs now has no address space of its own; run on until the program starts.");
    else
        kernel_missing(painter, inside,
                       "The regions of the current process to scale, page by page, with its page tables.");
    panel_end(painter);
}
