/* FRAMES: every physical frame a cell, in zone order, coloured by use. */
#include "emu/ui/frames_grid.h"
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LEGEND_LINE 19.0f

/* Legend --------------------------------------------------------------------------------------------------- */

struct legend_item {
    const char *name;
    color color;
    int kind; /* enum frame_kind, -1: the accent */
};

static unsigned legend_items(struct legend_item items[FRAME_KINDS + 1]) {
    unsigned n = 0;
    for (int kind = 0; kind < FRAME_ABSENT; kind++)
        items[n++] = (struct legend_item){frame_kind_name((enum frame_kind)kind), frame_color((unsigned)kind), kind};
    items[n++] = (struct legend_item){"this fault", PALETTE_ACCENT, -1};
    return n;
}

static float legend_width(struct painter *painter, const struct legend_item *item) {
    return 15 + text_width(painter, FONT_WORDS, SIZE_LABEL, item->name);
}

static void paint_legend_item(struct painter *painter, float x, float y, const struct legend_item *item) {
    struct rect chip = {x, y - 9, 10, 10};
    draw_fill(painter->list, chip, item->color, 2.5f);
    if (item->kind == FRAME_FREE)
        draw_stroke(painter->list, chip, PALETTE_LINE, 2.5f, 1);
    put(painter, x + 15, y, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, item->name);
    struct rect whole = {x, y - 12, legend_width(painter, item), 17};
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    if (kernel && item->kind >= 0 && kernel->frame_count > 0)
        tip(painter, whole, "%s\n%s frames, %s\n%.1f %% of memory", item->name,
            format_count(kernel->frame_kinds[item->kind]).text,
            format_bytes(kernel->frame_kinds[item->kind] * 4096).text,
            100.0 * (double)kernel->frame_kinds[item->kind] / (double)kernel->frame_count);
    else if (item->kind < 0)
        tip(painter, whole, "this fault\nfilled: a frame that it took\noutline: a frame that it looked at");
}

/* Flows the items into lines; draws when `y` >= 0. Returns the number of lines. */
static unsigned flow_legend(struct painter *painter, struct rect inside, float y) {
    struct legend_item items[FRAME_KINDS + 1];
    unsigned count = legend_items(items), lines = 1;
    float x = inside.x;
    for (unsigned i = 0; i < count; i++) {
        float width = legend_width(painter, &items[i]);
        if (x > inside.x && x + width > inside.x + inside.w) {
            x = inside.x;
            lines++;
        }
        if (y >= 0)
            paint_legend_item(painter, x, y + (float)(lines - 1) * LEGEND_LINE, &items[i]);
        x += width + 13;
    }
    return lines;
}

/* Cells ---------------------------------------------------------------------------------------------------- */

static void paint_zone_name(struct painter *painter, const struct ui_grid *grid, unsigned z) {
    const struct kv_snapshot *kernel = painter->view->kernel;
    const struct ui_grid_zone *zone = &grid->zones[z];
    float y = grid->at.y - grid->scroll + zone->y - 6, x = grid->at.x, right = grid->at.x + grid->at.w;
    bool named = z < kernel->zone_count;
    float end =
        put(painter, x, y, FONT_WORDS_BOLD, SIZE_LABEL, PALETTE_INK, named ? kernel->zones[z].name : "all frames");
    struct words range =
        format_words("%s at %s", format_bytes(zone->count * 4096).text, format_address(zone->start * 4096, 8).text);
    end = put_until(painter, end + 8, y, right, FONT_CODE, 10, PALETTE_FAINT, range.text);
    float text = 0;
    if (named) {
        struct words free = format_words("%s free", format_count(kernel->zones[z].free).text);
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
    const uint8_t *frames;
};

/* dimmed: how far the colours are moved towards the panel's. */
static void paint_cells(struct painter *painter, const struct cell_rows *rows, float gap, float dimmed) {
    color *cells = draw_cells(painter->list, rows->at, rows->columns, rows->rows, rows->count, gap);
    color colors[256] = {0};
    for (unsigned kind = 0; kind < FRAME_ABSENT; kind++)
        colors[kind] = dimmed > 0 ? mix(frame_color(kind), PALETTE_PANEL, dimmed) : frame_color(kind);
    for (uint32_t i = 0; i < rows->count && cells; i++)
        cells[i] = colors[rows->frames[i]];
}

static void paint_zone_cells(struct painter *painter, const struct ui_grid *grid, const struct ui_grid_zone *zone) {
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
    struct cell_rows rows = {at, grid->columns, (uint32_t)(to - from), (uint32_t)count,
                             painter->view->kernel->frames + begin};
    if (grid->gap > 0 && grid->gap * 4 >= grid->pitch_y) /* small cells: a dark gap would outweigh the colour */
        paint_cells(painter, &rows, 0, 0.45f);
    paint_cells(painter, &rows, grid->gap, 0);
}

/* Overlays ------------------------------------------------------------------------------------------------- */

/* A box around a cell, large enough to be found. */
static void mark_frame(struct painter *painter, const struct ui_grid *grid, uint64_t pfn, color ink, bool filled) {
    struct rect cell;
    if (!ui_grid_cell(grid, pfn, &cell))
        return;
    float side = fmaxf(fmaxf(cell.w, cell.h) + 6, 11);
    struct rect box = {roundf(cell.x + cell.w / 2 - side / 2), roundf(cell.y + cell.h / 2 - side / 2), side, side};
    if (filled) {
        float core = fmaxf(fminf(cell.w, cell.h), 5);
        draw_fill(painter->list, box, PALETTE_PANEL, 0);
        draw_fill(painter->list, (struct rect){box.x + (side - core) / 2, box.y + (side - core) / 2, core, core}, ink,
                  0);
    }
    draw_stroke(painter->list, box, ink, 0, 1);
}

static void mark_fault_frames(struct painter *painter, const struct ui_grid *grid) {
    const struct view *view = painter->view;
    if (view->has_fault && view->fault.has_cow)
        mark_frame(painter, grid, view->fault.cow_old_pfn, PALETTE_ACCENT, false);
    for (unsigned i = 0; view->has_fault && i < view->fault.frame_count && i < STORY_MAX_FRAMES; i++)
        if (!view->fault.frames[i].failed)
            mark_frame(painter, grid, view->fault.frames[i].pfn, PALETTE_ACCENT, true);
    if (painter->state->selected_pfn >= 0)
        mark_frame(painter, grid, (uint64_t)painter->state->selected_pfn, PALETTE_INK, false);
}

/* What this fault did with a frame; "" nothing. */
static const char *part_in_fault(const struct view *view, uint64_t pfn) {
    if (!view->has_fault)
        return "";
    for (unsigned i = 0; i < view->fault.frame_count && i < STORY_MAX_FRAMES; i++)
        if (view->fault.frames[i].pfn == pfn)
            return "\ntaken by this fault";
    return view->fault.has_cow && view->fault.cow_old_pfn == pfn ? "\ncopied by this fault" : "";
}

static struct words struct_page_words(const struct painter *painter, uint64_t pfn) {
    const struct view *view = painter->view;
    bool followed = painter->state->selected_pfn == (int64_t)pfn;
    if (!view->has_selected || view->selected.pfn != pfn)
        return format_words("%s", followed ? "\nfollowed; click again to let it go" : "\nclick to follow it");
    return format_words("\n_count %d, mapped by %d, flags %08x\nmapping %" PRIx64 ", index %" PRIx64,
                        view->selected.count, view->selected.mapcount, view->selected.flags, view->selected.mapping,
                        view->selected.index);
}

static void tip_frame(struct painter *painter, const struct ui_grid *grid) {
    int64_t at = ui_grid_frame_at(grid, painter->state->mouse_x, painter->state->mouse_y);
    const struct kv_snapshot *kernel = painter->view->kernel;
    if (at < 0 || !is_hovered(painter, grid->at))
        return;
    uint64_t pfn = (uint64_t)at, from = pfn, to = pfn + 1;
    uint8_t kind = kernel->frames[pfn];
    while (from > 0 && kernel->frames[from - 1] == kind)
        from--;
    while (to < kernel->frame_count && kernel->frames[to] == kind)
        to++;
    const char *zone = "";
    for (size_t i = 0; i < kernel->zone_count && i < KV_MAX_ZONES; i++)
        if (pfn >= kernel->zones[i].start_pfn && pfn - kernel->zones[i].start_pfn < kernel->zones[i].spanned)
            zone = kernel->zones[i].name;
    tip(painter, grid->at, "frame %05" PRIx64 "  %s\n%s, one of %s in a row\nphysical %s%s%s", pfn, zone,
        kind < FRAME_KINDS ? frame_kind_name((enum frame_kind)kind) : "unknown", format_count(to - from).text,
        format_address(pfn << 12, 8).text, part_in_fault(painter->view, pfn), struct_page_words(painter, pfn).text);
    struct rect cell;
    if (ui_grid_cell(grid, pfn, &cell))
        painter->frame->hover_at = rect_inset(cell, -2, -2);
}

static void paint_scroll(struct painter *painter, const struct ui_grid *grid) {
    if (grid->content_height <= grid->at.h)
        return;
    float height = fmaxf(grid->at.h * grid->at.h / grid->content_height, 12);
    float y = grid->at.y + (grid->at.h - height) * grid->scroll / (grid->content_height - grid->at.h);
    draw_fill(painter->list, (struct rect){grid->at.x + grid->at.w + 5, y, 3, height}, PALETTE_KERNEL, 1.5f);
}

void paint_frames(struct painter *painter, struct rect at) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    bool some = kernel && kernel->frames && kernel->frame_count > 0;
    const char *advice = at.w > 460 ? " \xc2\xb7 hover a cell, click to follow it" : " \xc2\xb7 hover, click";
    if (painter->state->frames_zoom > 1)
        advice = " \xc2\xb7 wheel zooms, drag pans";
    struct words subtitle = some ? format_words("%s frames%s%s", format_count(kernel->frame_count).text,
                                                kernel->torn ? " \xc2\xb7 caught in an update" : "", advice)
                                 : format_words("%s", "what every physical frame is used for");
    struct rect inside = panel_begin(painter, PANEL_FRAMES, at, "FRAMES", subtitle.text);
    float legend = (float)flow_legend(painter, inside, -1) * LEGEND_LINE;
    flow_legend(painter, inside, inside.y + inside.h - legend + 16);
    struct rect room = {inside.x, inside.y - 2, inside.w, fmaxf(inside.h - legend - 4, 0)};
    struct ui_grid *grid = &painter->frame->grid;
    if (!some)
        kernel_missing(painter, room, "Every frame of physical memory, coloured by what it is used for.");
    else {
        frames_grid_place(grid, kernel, room, painter->state);
        draw_clip(painter->list, (struct rect){room.x - 8, room.y, room.w + 16, room.h});
        for (unsigned z = 0; z < grid->zone_count && grid->columns > 0; z++) {
            paint_zone_name(painter, grid, z);
            paint_zone_cells(painter, grid, &grid->zones[z]);
        }
        mark_fault_frames(painter, grid);
        paint_scroll(painter, grid);
        draw_unclip(painter->list);
        hit(painter, room, ACTION_SELECT_FRAME, -1);
        tip_frame(painter, grid);
    }
    panel_end(painter);
}
