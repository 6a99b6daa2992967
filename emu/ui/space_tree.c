/*
 * A task's page tables, level by level: the present entries of the directory in order, with a dark box for each run of
 * absent ones; below, one table's 1 024 entries, each a cell in the colour of the frame that it maps; below that, one
 * entry with its bits. The table and the entry are those of the selection, else those of the fault on show. Where there
 * is little room and nothing is selected, all tables are shown small side by side.
 */
#include "emu/ui/pages.h"
#include "emu/ui/space.h"

#include <inttypes.h>
#include <math.h>

#define SLOT_W 32.0f
#define SLOT_H 17.0f
#define VOID_W 16.0f
#define TABLES_MAX 48u
#define TABLE_SIDE 32
#define LABEL 90.0f
#define NO_TABLE (-1)

/* Which table is on show ------------------------------------------------------------------------------------ */

static bool selection_here(const struct painter *painter) {
    const struct selection *selection = &painter->view->selection;
    return selection->has_page && selection->pid == painter->view->kernel->space.pid && selection->linear >> 32 == 0;
}

static bool fault_here(const struct painter *painter) {
    const struct view *view = painter->view;
    return view->has_fault && (int)view->fault.pid == view->kernel->space.pid &&
           view->fault.walk.mode == MMU_MODE_32BIT && view->fault.linear >> 32 == 0;
}

static bool fault_uses_table(const struct painter *painter, unsigned index) {
    return fault_here(painter) && painter->view->fault.linear >> 22 == index;
}

static const struct kv_table *table_of(const struct kv_address_space *space, unsigned index) {
    for (size_t i = 0; i < space->table_count; i++)
        if (space->tables[i].index == index)
            return &space->tables[i];
    return NULL;
}

static int table_on_show(const struct painter *painter, const struct kv_address_space *space) {
    const struct view *view = painter->view;
    if (selection_here(painter) && table_of(space, (unsigned)(view->selection.linear >> 22)))
        return (int)(view->selection.linear >> 22);
    if (fault_here(painter) && table_of(space, (unsigned)(view->fault.linear >> 22)))
        return (int)(view->fault.linear >> 22);
    return space->table_count > 0 && space->tables[0].index < 1024 ? space->tables[0].index : NO_TABLE;
}

/* Directory ------------------------------------------------------------------------------------------------- */

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

static void paint_slot(struct painter *painter, const struct kv_address_space *space, const struct kv_table *table,
                       float x, float y) {
    const struct selection *selection = &painter->view->selection;
    struct rect at = {x, y, SLOT_W, SLOT_H};
    uint64_t physical = space->pgd_phys + 4ull * table->index;
    bool happened = fault_uses_table(painter, table->index);
    draw_fill(painter->list, at, happened ? PALETTE_ACCENT : PALETTE_TABLE, 3);
    if (selection->kind == SELECT_ENTRY && selection->argument == (int64_t)physical)
        outline_selected(painter, rect_inset(at, -3, -3), 5);
    else if (selection_here(painter) && selection->linear >> 22 == table->index)
        draw_stroke(painter->list, rect_inset(at, -3, -3), PALETTE_ACCENT_SOFT, 5, 1);
    put_center(painter, at, y + 12.5f, FONT_CODE_BOLD, 10, PALETTE_GROUND, format_words("%03x", table->index).text);
    hit(painter, at, ACTION_SELECT_ENTRY, (int64_t)physical);
    tip(painter, at, "PDE %03x = %s\nmaps %s and the 4 MiB after it\n%u of 1 024 entries of its table are present%s",
        table->index, format_address(table->entry, 8).text, format_address((uint64_t)table->index << 22, 8).text,
        table->present, happened ? "\nthe walk of this fault went through it" : "");
}

/* Tables ---------------------------------------------------------------------------------------------------- */

/* The kind of frame that the page at `linear` is mapped to, FRAME_ABSENT: none. */
static unsigned kind_at(const struct view *view, uint64_t linear) {
    const struct kv_vma *vma = region_at(view, linear);
    uint64_t page = vma ? (linear - vma->start) >> 12 : 0;
    return vma && vma->pages && page < vma->page_count ? vma->pages[page] : FRAME_ABSENT;
}

static color entry_color(const struct view *view, uint64_t linear) {
    uint32_t entry;
    if (!page_entry(view, linear, &entry)) {
        unsigned kind = kind_at(view, linear);
        return kind < FRAME_ABSENT ? frame_color(kind) : 0;
    }
    if (!(entry & MMU_PTE_P))
        return entry ? PALETTE_PAGE_SWAPPED : 0;
    bool known = view->kernel->frames && entry >> 12 < view->kernel->frame_count;
    unsigned kind = known ? view->kernel->frames[entry >> 12] : FRAME_KERNEL;
    return kind == FRAME_FREE || kind >= FRAME_ABSENT ? PALETTE_KERNEL : frame_color(kind);
}

static uint64_t linear_of(unsigned index, unsigned entry) { return (uint64_t)index << 22 | (uint64_t)entry << 12; }

static struct rect entry_cell(struct rect at, unsigned columns, unsigned entry, float gap) {
    float pitch_x = at.w / (float)columns, pitch_y = at.h / (float)(1024 / columns);
    return (struct rect){at.x + (float)(entry % columns) * pitch_x, at.y + (float)(entry / columns) * pitch_y,
                         pitch_x - gap, pitch_y - gap};
}

static void mark_entries(struct painter *painter, unsigned index, struct rect at, unsigned columns, float gap) {
    const struct view *view = painter->view;
    if (fault_uses_table(painter, index))
        mark_happened(painter, entry_cell(at, columns, (unsigned)(view->fault.linear >> 12) & 1023, gap), false);
    if (selection_here(painter) && view->selection.kind != SELECT_VMA && view->selection.linear >> 22 == index)
        mark_selected(painter, entry_cell(at, columns, (unsigned)(view->selection.linear >> 12) & 1023, gap));
}

static void tip_entry(struct painter *painter, unsigned index, struct rect at, unsigned columns) {
    const struct view *view = painter->view;
    struct ui_lattice lattice = {.at = at,
                                 .step_x = at.w / (float)columns,
                                 .step_y = at.h / (float)(1024 / columns),
                                 .cell_x = at.w,
                                 .cell_y = at.h,
                                 .columns = columns,
                                 .count = 1024};
    int64_t cell = ui_lattice_cell(&lattice, painter->state->mouse_x, painter->state->mouse_y);
    if (cell < 0 || !is_hovered(painter, at))
        return;
    uint64_t linear = linear_of(index, (unsigned)cell);
    const struct kv_vma *vma = region_at(view, linear);
    uint32_t entry;
    struct words value = page_entry(view, linear, &entry) ? format_words(" = %s", format_address(entry, 8).text)
                                                          : format_words("%s", "");
    struct words what = vma ? page_words(view, vma, (linear - vma->start) >> 12) : format_words("in no region");
    tip(painter, at, "PTE %03x of table %03x%s\nmaps page %s\n%s\nclick: select it", (unsigned)cell, index, value.text,
        format_address(linear, 8).text, what.text);
    painter->frame->hover_at = entry_cell(at, columns, (unsigned)cell, 0);
}

/* A table's 1 024 entries, `columns` to a row. */
static void paint_entries(struct painter *painter, unsigned index, struct rect at, unsigned columns, float gap) {
    struct rect well = rect_inset(at, -2, -2);
    draw_fill(painter->list, well, PALETTE_WELL, 2);
    draw_stroke(painter->list, well, PALETTE_LINE, 2, 1);
    color *cells = draw_cells(painter->list, at, columns, 1024 / columns, 1024, gap);
    for (unsigned i = 0; i < 1024 && cells; i++) {
        color ink = entry_color(painter->view, linear_of(index, i));
        cells[i] = ink ? ink : gap > 0 ? PALETTE_FREE : 0;
    }
    struct ui_lattice lattice = {.at = at,
                                 .step_x = at.w / (float)columns,
                                 .step_y = at.h / (float)(1024 / columns),
                                 .cell_x = at.w / (float)columns,
                                 .cell_y = at.h / (float)(1024 / columns),
                                 .columns = columns,
                                 .count = 1024,
                                 .action = ACTION_SELECT_PAGE};
    int64_t *pages = hit_lattice(painter, lattice);
    for (unsigned i = 0; i < 1024 && pages; i++)
        pages[i] = (int64_t)linear_of(index, i);
    mark_entries(painter, index, at, columns, gap);
    tip_entry(painter, index, at, columns);
}

/* Under its slot: the table, small. at.w: up to the next slot. */
static void paint_small_table(struct painter *painter, const struct kv_table *table, struct rect at) {
    bool accent = fault_uses_table(painter, table->index), map = at.h >= TABLE_SIDE && table->index < 1024;
    struct rect drawn = {at.x, at.y, TABLE_SIDE, map ? TABLE_SIDE : 9};
    struct words count = format_words("%u", table->present);
    tip(painter, rect_inset(drawn, -2, -4), "table of PDE %03x\n%u of 1 024 entries present%s", table->index,
        table->present, accent ? "\nthis fault's entry is the bright one" : "");
    if (map)
        paint_entries(painter, table->index, drawn, TABLE_SIDE, 0);
    else
        put_center(painter, drawn, at.y + 7, FONT_CODE, 10, accent ? PALETTE_ACCENT : PALETTE_DIM, count.text);
    if (map && text_width(painter, FONT_CODE, 10, count.text) + drawn.w + 5 <= at.w)
        put(painter, drawn.x + drawn.w + 5, at.y + 8, FONT_CODE, 10, accent ? PALETTE_ACCENT : PALETTE_DIM, count.text);
}

struct directory { /* where the slots are */
    struct rect at;
    size_t count;
    float gap, table_height; /* table_height: room for small tables under the slots; 0: none */
    int on_show;             /* a line leads from this slot down to its table */
};

static void place_directory(struct directory *directory, const struct kv_address_space *space) {
    struct rect at = directory->at;
    size_t count = space->table_count < TABLES_MAX ? space->table_count : TABLES_MAX;
    float gap = 4;
    while (count > 0 && slots_width(space, count, gap) > at.w - (count < space->table_count ? 60 : 0))
        count--;
    float spare = at.w - slots_width(space, count, gap);
    gap += count > 0 ? fminf(fmaxf(floorf(spare / (float)(2 * count + 1)) - 1, 0), 26) : 0;
    directory->count = count;
    directory->gap = gap;
}

static void paint_directory(struct painter *painter, const struct kv_address_space *space,
                            const struct directory *directory) {
    float x = directory->at.x, y = directory->at.y, gap = directory->gap;
    unsigned next = 0;
    for (size_t i = 0; i < directory->count; i++) {
        const struct kv_table *table = &space->tables[i];
        if (table->index > next) {
            paint_void(painter, x, y, next, table->index);
            x += VOID_W + gap;
        }
        if ((int)table->index == directory->on_show)
            draw_fill(painter->list, (struct rect){x + SLOT_W / 2 - 1, y + SLOT_H, 2, 10}, PALETTE_TABLE, 0);
        paint_slot(painter, space, table, x, y);
        bool hole = i + 1 < directory->count && space->tables[i + 1].index > table->index + 1u;
        if (directory->table_height > 0)
            paint_small_table(painter, table,
                              (struct rect){x, y + SLOT_H + 8, SLOT_W + gap + (hole ? VOID_W + gap : 0) - 6,
                                            directory->table_height});
        x += SLOT_W + gap;
        next = table->index + 1u;
    }
    if (directory->count < space->table_count)
        put(painter, x, y + 12.5f, FONT_WORDS, SIZE_LABEL, PALETTE_DIM,
            format_words("+ %zu more", space->table_count - directory->count).text);
}

/* One entry ------------------------------------------------------------------------------------------------- */

/* The entry on show: the selection's, else the fault's after it was answered. */
static bool entry_on_show(const struct painter *painter, uint64_t *linear, uint64_t *value, bool *selected) {
    const struct view *view = painter->view;
    *selected = selection_here(painter) && view->selection.has_entry;
    if (*selected) {
        *linear = view->selection.linear;
        *value = view->selection.entry;
        return true;
    }
    *linear = view->fault.linear & ~4095ull;
    *value = view->fault.pte_after;
    return fault_here(painter) && view->fault.has_pte;
}

/* "PTE 012  02c1 1067  P W U A D  frame 02c11" from x on a centre line. */
static void paint_one_entry(struct painter *painter, struct rect at, float middle) {
    const struct selection *selection = &painter->view->selection;
    uint64_t linear, value;
    bool selected;
    if (!entry_on_show(painter, &linear, &value, &selected))
        return;
    float x = put(painter, at.x, middle + 4, FONT_CODE, SIZE_LABEL, PALETTE_DIM,
                  format_words("PTE %03x", (unsigned)(linear >> 12) & 1023).text);
    x = put(painter, fmaxf(x + 10, at.x + (at.x + LABEL + 300 < at.x + at.w ? LABEL : 0)), middle + 4, FONT_CODE,
            SIZE_CODE, PALETTE_INK, format_address(value, 8).text);
    struct bit_boxes bits = {.value = value, .leaf = true, .x = x + 10, .middle = middle};
    if (!selected)
        bits.changed = (painter->view->fault.pte_before ^ value) & 0xfff;
    x = paint_bits(painter, &bits) + 6;
    struct words says =
        value & MMU_PTE_P ? format_words("frame %05" PRIx64, value >> 12)
        : selected && selection->has_swap
            ? format_words("swap area %u, slot %u", (unsigned)selection->swap_area, (unsigned)selection->swap_slot)
        : value ? format_words("not present")
                : format_words("empty");
    if (x + text_width(painter, FONT_CODE, SIZE_LABEL, says.text) > at.x + at.w)
        return;
    float end = put(painter, x, middle + 4, FONT_CODE, SIZE_LABEL, PALETTE_DIM, says.text);
    if (!(value & MMU_PTE_P))
        return;
    struct rect frame = {x - 3, middle - 9, end - x + 6, 18};
    hit(painter, frame, ACTION_SELECT_FRAME, (int64_t)(value >> 12));
    tip(painter, frame, "frame %05" PRIx64 "\nclick: select it", value >> 12);
}

#define LAYOUT_H 62.0f

/* A page-table entry as the manual draws it (SDM volume 3, 4.3): the frame, then a box a bit. Returns the y below it.
 */
static float paint_layout(struct painter *painter, struct rect at) {
    static const struct {
        const char *name, *word;
        unsigned bit;
    } bits[] = {{"G", "global", 8},   {"PAT", "type", 7},     {"D", "dirty", 6},
                {"A", "accessed", 5}, {"PCD", "no cache", 4}, {"PWT", "through", 3},
                {"U", "user", 2},     {"W", "writable", 1},   {"P", "present", 0}};
    const unsigned count = sizeof bits / sizeof bits[0];
    uint64_t linear, value;
    bool selected;
    float width = floorf(fminf((at.w - 122) / (float)count, 62));
    if (!entry_on_show(painter, &linear, &value, &selected) || width < 40 || at.h < LAYOUT_H)
        return at.y - 12;
    bool present = value & MMU_PTE_P;
    struct rect frame = {at.x, at.y + 14, 110, 28};
    put(painter, frame.x, at.y + 8, FONT_CODE, 10, PALETTE_FAINT, present ? "31..12" : "31..1");
    draw_fill(painter->list, frame, PALETTE_WELL, 4);
    draw_stroke(painter->list, frame, PALETTE_LINE, 4, 1);
    put_center(painter, frame, frame.y + 18, FONT_CODE, SIZE_CODE, present ? PALETTE_INK : PALETTE_DIM,
               present ? format_words("frame %05" PRIx64, value >> 12).text : format_words("%08" PRIx64, value).text);
    put(painter, frame.x, frame.y + 43, FONT_WORDS, 10, PALETTE_DIM,
        present ? "where the page is"
        : value ? "the kernel's own"
                : "never mapped");
    for (unsigned i = 0; i < count; i++) {
        struct rect box = {frame.x + frame.w + 10 + width * (float)i, frame.y, width - 5, 28};
        bool set = value >> bits[i].bit & 1, meaning = present || bits[i].bit == 0;
        put_center(painter, box, at.y + 8, FONT_CODE, 10, PALETTE_FAINT, format_words("%u", bits[i].bit).text);
        draw_fill(painter->list, box, set && meaning ? PALETTE_GOOD_GROUND : PALETTE_OFF_GROUND, 4);
        if (!meaning)
            continue;
        put_center(painter, box, box.y + 18, FONT_CODE, SIZE_CODE, set ? PALETTE_GOOD_INK : PALETTE_FAINT,
                   format_words("%s %u", bits[i].name, (unsigned)set).text);
        float word = text_width(painter, FONT_WORDS, 10, bits[i].word);
        if (word <= width - 2)
            put(painter, box.x + (box.w - word) / 2, box.y + 43, FONT_WORDS, 10, set ? PALETTE_SOFT : PALETTE_FAINT,
                bits[i].word);
    }
    return at.y + LAYOUT_H;
}

/* The tree -------------------------------------------------------------------------------------------------- */

/* The table on show with its entries as large as there is room for. Returns the y below. */
static float paint_large_table(struct painter *painter, const struct kv_address_space *space, unsigned index,
                               struct rect at) {
    const struct view *view = painter->view;
    const struct kv_table *table = table_of(space, index);
    unsigned columns = at.h >= 150 ? 64 : 128, swapped = 0, rows = 1024 / columns;
    float pitch = floorf(fminf(at.w / (float)columns, (at.h - 20) / (float)rows));
    pitch = fmaxf(fminf(pitch, 12), 2);
    for (unsigned i = 0; view->has_entries && view->entries_index == index && i < 1024; i++)
        swapped += view->entries.entry[i] != 0 && !(view->entries.entry[i] & MMU_PTE_P);
    struct words text = format_words("table %03x at %s: %u of 1 024 entries present%s", index,
                                     format_address(table->entry & ~4095u, 8).text, table->present,
                                     swapped ? format_words(", %u in swap", swapped).text : "");
    put_until(painter, at.x, at.y + 10, at.x + at.w, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, text.text);
    struct rect grid = {at.x + 2, at.y + 20, pitch * (float)columns, pitch * (float)rows};
    paint_entries(painter, index, grid, columns, pitch >= 4 ? 1 : 0);
    return grid.y + grid.h;
}

static float paint_tall_tree(struct painter *painter, const struct kv_address_space *space, struct rect at, int index) {
    struct words root = format_words("CR3 %s", format_address(space->pgd_phys, 8).text);
    float after = put(painter, at.x, at.y + 12.5f, FONT_CODE, SIZE_LABEL, PALETTE_DIM, root.text);
    struct directory directory = {.at = {after + 24, at.y, at.x + at.w - after - 24, SLOT_H}, .on_show = index};
    draw_line(painter->list, after + 6, at.y + SLOT_H / 2, after + 20, at.y + SLOT_H / 2, PALETTE_FAINT, 1);
    place_directory(&directory, space);
    paint_directory(painter, space, &directory);
    float y = at.y + SLOT_H + 18;
    if (index == NO_TABLE)
        return y;
    y = paint_large_table(painter, space, (unsigned)index,
                          (struct rect){at.x, y, at.w, fminf(at.y + at.h - y - 34, 240)});
    paint_one_entry(painter, at, y + 18);
    return paint_layout(painter, (struct rect){at.x, y + 42, at.w, at.y + at.h - y - 42});
}

float paint_tree(struct painter *painter, const struct kv_address_space *space, struct rect at) {
    int index = table_on_show(painter, space);
    float room = at.h - SLOT_H;
    if (room < 0 || space->table_count == 0)
        return at.y;
    if (room > 170)
        return paint_tall_tree(painter, space, at, index);
    bool strip = selection_here(painter) && index != NO_TABLE && room >= 32 && at.w - LABEL >= 256;
    float small = strip ? 0 : room + 4 >= 8 + TABLE_SIDE + 2 ? TABLE_SIDE : room + 4 >= 16 ? 8 : 0;
    struct directory directory = {
        .at = {at.x + LABEL, at.y, at.w - LABEL, SLOT_H}, .table_height = small, .on_show = strip ? index : NO_TABLE};
    put(painter, at.x, at.y + 12.5f, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, "page directory");
    if (small > 0)
        put(painter, at.x, at.y + SLOT_H + 16.5f, FONT_WORDS, SIZE_LABEL, PALETTE_DIM,
            small >= TABLE_SIDE ? "page tables" : "entries in use");
    place_directory(&directory, space);
    paint_directory(painter, space, &directory);
    if (!strip)
        return at.y + SLOT_H + 8 + small;
    float pitch_x = floorf(fminf((at.w - LABEL) / 128, 5)), y = at.y + SLOT_H + 8;
    put(painter, at.x, y + 14, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, format_words("table %03x", (unsigned)index).text);
    paint_entries(painter, (unsigned)index, (struct rect){at.x + LABEL, y, pitch_x * 128, 24}, 128, 0);
    if (at.y + at.h >= y + 24 + 18)
        paint_one_entry(painter, at, y + 24 + 12);
    return y + 24;
}
