/*
 * FRAMES: every physical frame a cell, in zone order, coloured by one of several overlays (frames_look.h). Tabs in the
 * panel's head switch between them; the legend below belongs to the one that is on.
 */
#include "emu/ui/frames_grid.h"
#include "emu/ui/frames_look.h"
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEGEND_LINE 19.0f

/* Tabs ----------------------------------------------------------------------------------------------------- */

static float tab_width(struct painter *painter, enum ui_overlay overlay) {
    return ceilf(text_width(painter, FONT_WORDS, SIZE_LABEL, overlay_name(overlay))) + 14;
}

static void paint_tab(struct painter *painter, struct rect at, enum ui_overlay overlay, bool on) {
    bool hovered = is_hovered(painter, at);
    if (on || hovered)
        draw_fill(painter->list, at, on ? PALETTE_SELECTED : PALETTE_RAISED_HOT, 5);
    put_center(painter, at, at.y + 14, FONT_WORDS, SIZE_LABEL, on ? PALETTE_INK : PALETTE_DIM, overlay_name(overlay));
    tip(painter, at, "%s\n%s\nkey v: the next one", overlay_name(overlay), overlay_meaning(overlay));
    hit(painter, at, ACTION_OVERLAY, overlay);
}

/* Right-aligned in the head of the panel at `at`. Returns the x before them. */
static float paint_tabs(struct painter *painter, struct rect at, enum ui_overlay on) {
    float width = 0, x = at.x + at.w - PAD + 5;
    for (unsigned i = 0; i < OVERLAY_COUNT; i++)
        width += frames_offers(painter->view, (enum ui_overlay)i) ? tab_width(painter, (enum ui_overlay)i) : 0;
    struct rect all = {x - width, at.y + 8, width, 20};
    draw_fill(painter->list, all, PALETTE_WELL, 5);
    x -= width;
    for (unsigned i = 0; i < OVERLAY_COUNT; i++) {
        if (!frames_offers(painter->view, (enum ui_overlay)i))
            continue;
        struct rect tab = {x, all.y, tab_width(painter, (enum ui_overlay)i), all.h};
        paint_tab(painter, tab, (enum ui_overlay)i, i == on);
        x += tab.w;
    }
    draw_stroke(painter->list, all, PALETTE_LINE, 5, 1);
    return all.x;
}

/* The longest of the forms that fits between the title and the tabs. */
static void paint_subtitle(struct painter *painter, struct rect at, const char *title, float right) {
    const struct view *view = painter->view;
    struct words count = format_words("%s frames", format_count(frames_known(view)).text);
    bool torn = view->kernel ? view->kernel->torn : view->hardware.torn;
    const char *advice = painter->state->frames_zoom > 1 ? "wheel zooms, drag pans" : "click one to select it";
    struct words forms[] = {
        format_words("%s%s \xc2\xb7 %s", count.text, torn ? " \xc2\xb7 caught in an update" : "", advice),
        format_words("%s%s", count.text, torn ? " \xc2\xb7 in an update" : ""), count};
    if (frames_foreign(view))
        forms[0] = format_words("no symbols known: from the page tables alone");
    float x = at.x + PAD + text_width(painter, FONT_WORDS_BOLD, SIZE_SMALL, title) + 12;
    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (x + text_width(painter, FONT_WORDS, SIZE_SMALL, forms[i].text) + 10 <= right) {
            put(painter, x, at.y + 23, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT, forms[i].text);
            return;
        }
}

/* Legend --------------------------------------------------------------------------------------------------- */

enum legend_mark { MARK_NONE, MARK_HAPPENED, MARK_SELECTED };

struct legend_item {
    const char *name;
    color color;
    unsigned class; /* of the look, for items without a mark */
    enum legend_mark mark;
};

static unsigned legend_items(const struct frames_look *look, struct legend_item items[FRAME_CLASSES + 2]) {
    unsigned n = 0;
    for (unsigned i = 0; i < look->class_count; i++)
        items[n++] = (struct legend_item){look->classes[i].name, look->classes[i].color, i, MARK_NONE};
    items[n++] = (struct legend_item){"this fault", PALETTE_ACCENT, 0, MARK_HAPPENED};
    items[n++] = (struct legend_item){"selected", PALETTE_ACCENT, 0, MARK_SELECTED};
    return n;
}

static float legend_width(struct painter *painter, const struct legend_item *item) {
    return 15 + text_width(painter, FONT_WORDS, SIZE_LABEL, item->name);
}

static uint64_t count_class(const struct frames_look *look, unsigned class) {
    uint64_t n = 0;
    for (uint64_t pfn = 0; pfn < look->count && look->of; pfn++)
        n += frames_class(look, pfn) == class;
    return n;
}

static void tip_legend_item(struct painter *painter, struct rect at, const struct frames_look *look,
                            const struct legend_item *item) {
    if (!is_hovered(painter, at))
        return;
    if (item->mark == MARK_HAPPENED)
        tip(painter, at, "this fault\nbright: a frame that it took\ndim: a frame that it only looked at");
    else if (item->mark == MARK_SELECTED)
        tip(painter, at,
            "selected\nthick outline: what you clicked\nthin outline: what belongs to it, as the tables that map it");
    else {
        uint64_t count = count_class(look, item->class);
        tip(painter, at, "%s\n%s\n%s frames, %s, %.1f %% of memory", item->name, look->classes[item->class].meaning,
            format_count(count).text, format_bytes(count * 4096).text,
            look->count ? 100.0 * (double)count / (double)look->count : 0.0);
    }
}

static void paint_legend_item(struct painter *painter, float x, float y, const struct frames_look *look,
                              const struct legend_item *item) {
    struct rect chip = {x, y - 9, 10, 10};
    if (item->mark == MARK_SELECTED)
        draw_stroke(painter->list, chip, PALETTE_ACCENT, 2, 2);
    else
        draw_fill(painter->list, chip, item->color, 2.5f);
    if (item->mark == MARK_NONE)
        draw_stroke(painter->list, chip, PALETTE_LINE, 2.5f, 1);
    put(painter, x + 15, y, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, item->name);
    tip_legend_item(painter, (struct rect){x, y - 12, legend_width(painter, item), 17}, look, item);
}

/* Flows the items into lines, then what the colours tell; draws when `y` >= 0. Returns the number of lines. */
static unsigned flow_legend(struct painter *painter, const struct frames_look *look, struct rect inside, float y) {
    struct legend_item items[FRAME_CLASSES + 2];
    unsigned count = legend_items(look, items), lines = 1;
    float x = inside.x, right = inside.x + inside.w;
    for (unsigned i = 0; i < count; i++) {
        float width = legend_width(painter, &items[i]);
        if (x > inside.x && x + width > right) {
            x = inside.x;
            lines++;
        }
        if (y >= 0)
            paint_legend_item(painter, x, y + (float)(lines - 1) * LEGEND_LINE, look, &items[i]);
        x += width + 13;
    }
    float about = text_width(painter, FONT_WORDS, SIZE_LABEL, look->about);
    if (about <= 0)
        return lines;
    lines += x + about > right ? 1 : 0;
    if (y >= 0)
        put_until(painter, fmaxf(right - about, inside.x), y + (float)(lines - 1) * LEGEND_LINE, right + 1, FONT_WORDS,
                  SIZE_LABEL, PALETTE_FAINT, look->about);
    return lines;
}

/* The lines of the longest legend, so that cells stay where they are from overlay to overlay. */
static unsigned legend_lines(struct painter *painter, struct rect inside) {
    unsigned most = 1;
    for (unsigned i = 0; i < OVERLAY_COUNT; i++) {
        struct frames_look look;
        if (!frames_offers(painter->view, (enum ui_overlay)i))
            continue;
        frames_look(&look, painter->view, (enum ui_overlay)i);
        unsigned lines = flow_legend(painter, &look, inside, -1);
        most = lines > most ? lines : most;
    }
    return most;
}

/* Cells ---------------------------------------------------------------------------------------------------- */

static void paint_zone_name(struct painter *painter, const struct ui_grid *grid, unsigned z) {
    const struct kv_snapshot *kernel = painter->view->kernel;
    const struct ui_grid_zone *zone = &grid->zones[z];
    float y = grid->at.y - grid->scroll + zone->y - 6, x = grid->at.x, right = grid->at.x + grid->at.w;
    bool named = kernel && z < kernel->zone_count;
    float end =
        put(painter, x, y, FONT_WORDS_BOLD, SIZE_LABEL, PALETTE_INK, named ? kernel->zones[z].name : "all frames");
    struct words range =
        format_words("%s at %s", format_bytes(zone->count * 4096).text, format_address(zone->start * 4096, 8).text);
    end = put_until(painter, end + 8, y, right, FONT_CODE, 10, PALETTE_FAINT, range.text);
    float text = 0;
    if (named || frames_foreign(painter->view)) {
        struct words free = named ? format_words("%s free", format_count(kernel->zones[z].free).text)
                                  : format_words("%s page tables", format_count(painter->view->hardware.tables).text);
        text = text_width(painter, FONT_CODE, 10, free.text) + 8;
        if (right - text - end > 24)
            put_right(painter, right, y, FONT_CODE, 10, PALETTE_FAINT, free.text);
    }
    if (right - text - end > 24)
        draw_line(painter->list, end + 8, y - 3, right - text, y - 3, PALETTE_LINE, 1);
}

struct cell_rows {
    struct rect at;
    uint32_t columns, rows, count;
    uint64_t first; /* frame number */
};

/* dimmed: how far the colours are moved towards the panel's. */
static void paint_cells(struct painter *painter, const struct frames_look *look, const struct cell_rows *rows,
                        float gap, float dimmed) {
    color *cells = draw_cells(painter->list, rows->at, rows->columns, rows->rows, rows->count, gap);
    color colors[256] = {0};
    for (unsigned byte = 0; byte < 256; byte++)
        if (look->class_of[byte] < look->class_count) {
            color full = look->classes[look->class_of[byte]].color;
            colors[byte] = dimmed > 0 ? mix(full, PALETTE_PANEL, dimmed) : full;
        }
    for (uint32_t i = 0; i < rows->count && cells; i++) {
        uint64_t pfn = rows->first + i;
        bool hole = !look->of || pfn >= look->count || (look->kinds && look->kinds[pfn] >= FRAME_ABSENT);
        cells[i] = hole ? 0 : colors[look->of[pfn]];
    }
}

static void paint_zone_cells(struct painter *painter, const struct frames_look *look, const struct ui_grid *grid,
                             const struct ui_grid_zone *zone) {
    float top = grid->at.y - grid->scroll + zone->y;
    float first = floorf((grid->at.y - top) / grid->pitch_y),
          last = ceilf((grid->at.y + grid->at.h - top) / grid->pitch_y);
    uint64_t from = first > 0 ? (uint64_t)first : 0, to = last > 0 ? (uint64_t)last : 0;
    to = to < zone->rows ? to : zone->rows;
    if (from >= to)
        return;
    uint64_t begin = zone->start + from * grid->columns, count = (to - from) * grid->columns;
    uint64_t left = zone->count - from * grid->columns;
    count = count < left ? count : left;
    struct rect at = {grid->at.x, top + (float)from * grid->pitch_y, (float)grid->columns * grid->pitch_x,
                      (float)(to - from) * grid->pitch_y};
    struct cell_rows rows = {at, grid->columns, (uint32_t)(to - from), (uint32_t)count, begin};
    if (grid->gap > 0 && grid->gap * 4 >= grid->pitch_y) /* small cells: a dark gap would outweigh the colour */
        paint_cells(painter, look, &rows, 0, 0.45f);
    paint_cells(painter, look, &rows, grid->gap, 0);
}

/* Marks ---------------------------------------------------------------------------------------------------- */

static void mark_fault_frames(struct painter *painter, const struct ui_grid *grid) {
    const struct story_fault *fault = &painter->view->fault;
    struct rect cell;
    if (!painter->view->has_fault)
        return;
    if (fault->has_cow && ui_grid_cell(grid, fault->cow_old_pfn, &cell))
        mark_happened(painter, cell, true);
    for (unsigned i = 0; i < fault->frame_count && i < STORY_MAX_FRAMES; i++)
        if (!fault->frames[i].failed && ui_grid_cell(grid, fault->frames[i].pfn, &cell))
            mark_happened(painter, cell, false);
}

/* The frames of the selected region's pages, as far as the table on show tells of them. */
static void mark_region(struct painter *painter, const struct ui_grid *grid) {
    const struct view *view = painter->view;
    const struct selection *selection = &view->selection;
    struct rect cell;
    if (selection->kind != SELECT_VMA || !selection->has_vma || !view->has_entries)
        return;
    for (unsigned i = 0; i < 1024; i++) {
        uint64_t linear = (uint64_t)view->entries_index << 22 | (uint64_t)i << 12;
        uint32_t entry = view->entries.entry[i];
        bool inside = linear >= selection->vma_start && linear < selection->vma_end;
        if (inside && entry & MMU_PTE_P && ui_grid_cell(grid, entry >> 12, &cell))
            mark_related(painter, cell);
    }
}

static void mark_selection(struct painter *painter, const struct ui_grid *grid) {
    const struct selection *selection = &painter->view->selection;
    int64_t selected = selected_frame(painter);
    struct rect cell;
    mark_region(painter, grid);
    for (size_t i = 0; i < selection->owner_count && i < SELECTION_OWNERS; i++)
        if (ui_grid_cell(grid, selection->owners[i].entry_physical >> 12, &cell))
            mark_related(painter, cell);
    for (unsigned i = 0; selection->has_entry && i < selection->walk.count && i < MMU_MAX_LEVELS; i++)
        if (ui_grid_cell(grid, selection->walk.steps[i].at.value >> 12, &cell))
            mark_related(painter, cell);
    if (selected >= 0 && ui_grid_cell(grid, (uint64_t)selected, &cell))
        mark_selected(painter, cell);
}

/* Tooltip -------------------------------------------------------------------------------------------------- */

/* What this fault did with a frame; "" nothing. */
static const char *part_in_fault(const struct view *view, uint64_t pfn) {
    if (!view->has_fault)
        return "";
    for (unsigned i = 0; i < view->fault.frame_count && i < STORY_MAX_FRAMES; i++)
        if (view->fault.frames[i].pfn == pfn)
            return "taken by this fault\n";
    return view->fault.has_cow && view->fault.cow_old_pfn == pfn ? "copied by this fault\n" : "";
}

static const char *zone_of(const struct kv_snapshot *kernel, uint64_t pfn) {
    const char *zone = "";
    for (size_t i = 0; kernel && i < kernel->zone_count && i < KV_MAX_ZONES; i++)
        if (pfn >= kernel->zones[i].start_pfn && pfn - kernel->zones[i].start_pfn < kernel->zones[i].spanned)
            zone = kernel->zones[i].name;
    return zone;
}

/* Frames in a row of the same class, this one among them. */
static uint64_t run_of(const struct frames_look *look, uint64_t pfn) {
    uint64_t from = pfn, to = pfn + 1;
    unsigned class = frames_class(look, pfn);
    while (from > 0 && frames_class(look, from - 1) == class)
        from--;
    while (to < look->count && frames_class(look, to) == class)
        to++;
    return to - from;
}

struct lines { /* a tooltip as it grows */
    char text[560];
    size_t used;
};

static void add_line(struct lines *lines, const char *text) {
    size_t length = strlen(text), room = sizeof lines->text - 1 - lines->used;
    if (length + 1 > room)
        return;
    lines->text[lines->used++] = '\n';
    memcpy(lines->text + lines->used, text, length + 1);
    lines->used += length;
}

/* struct page in words, who maps the frame, the newest lines of its life. */
static void add_selected(struct lines *lines, const struct view *view, const struct kv_frame *page) {
    const struct selection *selection = &view->selection;
    add_line(lines, format_words("struct page: _count %d, mapcount %d", page->count, page->mapcount).text);
    add_line(lines,
             format_words("flags %08x%s%s", page->flags, page->flag_names[0] ? ": " : "", page->flag_names).text);
    add_line(lines, format_words("mapping %" PRIx64 ", index %" PRIx64, page->mapping, page->index).text);
    if (!selection->has_frame || selection->frame.pfn != page->pfn)
        return;
    for (size_t i = 0; i < selection->owner_count && i < 3; i++) {
        const struct kv_owner *owner = &selection->owners[i];
        add_line(lines, format_words("mapped by %.15s (pid %d) at %s", owner->comm, owner->pid,
                                     format_address(owner->linear, 8).text)
                            .text);
    }
    if (selection->owner_total > 3)
        add_line(lines, format_words("and by %zu more", selection->owner_total - 3).text);
    size_t count = view->life_text ? selection->life_count : 0;
    for (size_t i = count > 3 ? count - 3 : 0; i < count; i++)
        add_line(lines, format_words("%s  %s", format_clock(selection->life[i].blocks * view->block_ns).text,
                                     view->life_text[i])
                            .text);
}

static void add_frame(struct lines *lines, const struct painter *painter, const struct frames_look *look,
                      uint64_t pfn) {
    const struct view *view = painter->view;
    const struct selection *selection = &view->selection;
    unsigned class = frames_class(look, pfn);
    const char *name = class < look->class_count ? look->classes[class].name : "no memory";
    if (view->kernel && pfn < view->kernel->frame_count && look->of != view->kernel->frames)
        add_line(lines, frame_kind_name((enum frame_kind)view->kernel->frames[pfn]));
    bool mapcount = painter->state->overlay == OVERLAY_MAPCOUNT && look->of;
    struct words run = format_words("%s, one of %s in a row", name, format_count(run_of(look, pfn)).text);
    if (mapcount && pfn < look->count)
        run = format_words("mapped by %u %s", look->of[pfn], look->of[pfn] == 1 ? "entry" : "entries");
    add_line(lines, run.text);
    const char *part = part_in_fault(view, pfn);
    if (part[0])
        add_line(lines, format_words("%.*s", (int)strlen(part) - 1, part).text);
    if (selection->has_frame && selection->frame.pfn == pfn)
        add_selected(lines, view, &selection->frame);
    else if (!frames_foreign(view))
        add_line(lines, "click: its owners and its life");
}

static void tip_frame(struct painter *painter, const struct frames_look *look, const struct ui_grid *grid) {
    int64_t at = ui_grid_frame_at(grid, painter->state->mouse_x, painter->state->mouse_y);
    struct rect cell;
    if (at < 0 || !is_hovered(painter, grid->at))
        return;
    uint64_t pfn = (uint64_t)at;
    struct lines lines = {.used = 0};
    add_line(&lines, format_words("physical %s", format_address(pfn << 12, 8).text).text);
    add_frame(&lines, painter, look, pfn);
    tip(painter, grid->at, "frame %05" PRIx64 "  %s%s", pfn, zone_of(painter->view->kernel, pfn), lines.text);
    if (ui_grid_cell(grid, pfn, &cell))
        painter->frame->hover_at = rect_inset(cell, -2, -2);
}

/* The panel ------------------------------------------------------------------------------------------------ */

static void paint_scroll(struct painter *painter, const struct ui_grid *grid) {
    if (grid->content_height <= grid->at.h)
        return;
    float height = fmaxf(grid->at.h * grid->at.h / grid->content_height, 12);
    float y = grid->at.y + (grid->at.h - height) * grid->scroll / (grid->content_height - grid->at.h);
    draw_fill(painter->list, (struct rect){grid->at.x + grid->at.w + 5, y, 3, height}, PALETTE_KERNEL, 1.5f);
}

static void paint_grid(struct painter *painter, const struct frames_look *look, struct rect room) {
    struct ui_grid *grid = &painter->frame->grid;
    frames_grid_place(grid, painter->view->kernel, look->count, room, painter->state);
    draw_clip(painter->list, (struct rect){room.x - 8, room.y, room.w + 16, room.h});
    for (unsigned z = 0; z < grid->zone_count && grid->columns > 0; z++) {
        paint_zone_name(painter, grid, z);
        paint_zone_cells(painter, look, grid, &grid->zones[z]);
    }
    mark_fault_frames(painter, grid);
    mark_selection(painter, grid);
    paint_scroll(painter, grid);
    draw_unclip(painter->list);
    hit(painter, room, ACTION_SELECT_FRAME, -1);
    tip_frame(painter, look, grid);
}

static void paint_known(struct painter *painter, struct rect at, struct rect inside) {
    enum ui_overlay overlay = painter->state->overlay;
    struct frames_look look;
    overlay = frames_offers(painter->view, overlay) ? overlay : OVERLAY_USE;
    frames_look(&look, painter->view, overlay);
    float before = paint_tabs(painter, at, overlay);
    paint_subtitle(painter, at, "FRAMES", before);
    float legend = (float)legend_lines(painter, inside) * LEGEND_LINE;
    flow_legend(painter, &look, inside, inside.y + inside.h - legend + 16);
    struct rect room = {inside.x, inside.y - 2, inside.w, fmaxf(inside.h - legend - 4, 0)};
    if (look.of)
        paint_grid(painter, &look, room);
    else
        panel_empty(painter, room, "Every frame by what the page tables and the log say of it.",
                    "Read from the machine with the next picture of it.");
}

void paint_frames(struct painter *painter, struct rect at) {
    bool some = frames_known(painter->view) > 0;
    struct rect inside =
        panel_begin(painter, PANEL_FRAMES, at, "FRAMES", some ? "" : "what every physical frame is used for");
    if (some)
        paint_known(painter, at, inside);
    else
        kernel_missing(painter, inside, "Every frame of physical memory, coloured by what it is used for.");
    panel_end(painter);
}
