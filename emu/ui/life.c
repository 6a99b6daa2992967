/*
 * LIFE: the selection in full. What it is, in one or two lines; for a region its pages, which of them were never
 * touched; for what lies in a frame the frame's life, as a line and in words.
 */
#include "emu/ui/life.h"
#include "emu/ui/pages.h"

#include "emu/story/event_types.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Facts: names in a faint colour, values in code, wrapped. --------------------------------------------------- */

struct facts {
    struct painter *painter;
    struct rect at;
    float x, y;
};

#define FACT_LINE 21.0f

static void fact_room(struct facts *facts, float width) {
    if (facts->x > facts->at.x && facts->x + width > facts->at.x + facts->at.w) {
        facts->x = facts->at.x;
        facts->y += FACT_LINE;
    }
}

/* A value that selects something when it is clicked (ACTION_NONE: nothing). */
static void add_fact(struct facts *facts, const char *name, const char *value, enum ui_action action,
                     int64_t argument) {
    struct painter *painter = facts->painter;
    float name_width = name[0] ? text_width(painter, FONT_WORDS, SIZE_SMALL, name) + 7 : 0;
    float width = text_width(painter, FONT_CODE, SIZE_CODE, value), right = facts->at.x + facts->at.w;
    fact_room(facts, name_width + width);
    if (facts->y > facts->at.y + facts->at.h) /* no room for this line */
        return;
    if (name[0])
        put_until(painter, facts->x, facts->y, right, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, name);
    struct rect at = {facts->x + name_width, facts->y - 14, fminf(width, right - facts->x - name_width), 19};
    bool hot = action != ACTION_NONE && is_hovered(painter, at);
    if (action != ACTION_NONE) {
        draw_fill(painter->list, rect_inset(at, -4, 0), hot ? PALETTE_RAISED_HOT : PALETTE_RAISED, 4);
        hit(painter, rect_inset(at, -4, 0), action, argument);
        tip(painter, at, "%s %s\nclick: select it", name, value);
    }
    put_until(painter, at.x, facts->y, right, FONT_CODE, SIZE_CODE, PALETTE_INK, value);
    facts->x = at.x + at.w + 17;
}

static void add_frame(struct facts *facts, bool itself) {
    const struct selection *selection = &facts->painter->view->selection;
    const struct kv_frame *frame = &selection->frame;
    if (!selection->has_frame)
        return;
    add_fact(facts, itself ? "" : "frame", format_words(itself ? "frame %05" PRIx64 : "%05" PRIx64, frame->pfn).text,
             itself ? ACTION_NONE : ACTION_SELECT_FRAME, (int64_t)frame->pfn);
    add_fact(facts, "is", frame_kind_name(frame->kind), ACTION_NONE, 0);
    if (frame->flag_names[0])
        add_fact(facts, "flags", frame->flag_names, ACTION_NONE, 0);
    add_fact(facts, "_count", format_words("%d", frame->count).text, ACTION_NONE, 0);
    add_fact(facts, "mapcount", format_words("%d", frame->mapcount).text, ACTION_NONE, 0);
}

/* Of a kernel whose structures are not known: the use of the frame and who maps it, by the page tables in force. */
static void add_mappings(struct facts *facts, bool itself) {
    const struct selection *selection = &facts->painter->view->selection;
    const struct hw_frames *tables = &facts->painter->view->hardware;
    uint64_t pfn = selection->mapped_pfn;
    size_t shown = facts->at.h > 260 ? SELECTION_MAPPINGS : 2;
    if (!selection->has_mappings)
        return;
    add_fact(facts, itself ? "" : "frame", format_words(itself ? "frame %05" PRIx64 : "%05" PRIx64, pfn).text,
             itself ? ACTION_NONE : ACTION_SELECT_FRAME, (int64_t)pfn);
    if (tables->of && pfn < tables->count)
        add_fact(facts, "is", hw_use_name((enum hw_use)(tables->of[pfn] & ~(HW_ACCESSED | HW_DIRTY))), ACTION_NONE, 0);
    for (size_t i = 0; i < selection->mapping_total && i < shown; i++) {
        const struct hw_mapping *at = &selection->mappings[i];
        add_fact(facts, i ? "and at" : "mapped at", format_address(at->linear, 8).text, ACTION_SELECT_PAGE,
                 (int64_t)(at->linear & 0xffffffffffffff));
        add_fact(
            facts, "for",
            format_words("%s, %s", at->user ? "user mode" : "the kernel", at->writable ? "writable" : "read-only").text,
            ACTION_NONE, 0);
    }
    if (selection->mapping_total > shown)
        add_fact(facts, "and", format_words("%zu more", selection->mapping_total - shown).text, ACTION_NONE, 0);
}

/* The entries that map the frame. */
static void add_owners(struct facts *facts) {
    const struct selection *selection = &facts->painter->view->selection;
    const struct kv_snapshot *kernel = facts->painter->view->kernel;
    size_t shown = facts->at.h > 260 ? 8 : 2;
    for (size_t i = 0; i < selection->owner_count && i < shown && i < SELECTION_OWNERS; i++) {
        const struct kv_owner *owner = &selection->owners[i];
        bool here = kernel && kernel->space.pid == owner->pid;
        add_fact(
            facts, i ? "and at" : "mapped at",
            format_words("%s of %.15s (pid %d)", format_address(owner->linear, 8).text, owner->comm, owner->pid).text,
            here ? ACTION_SELECT_PAGE : ACTION_SELECT_ENTRY,
            here ? (int64_t)owner->linear : (int64_t)owner->entry_physical);
    }
    size_t left = selection->owner_total > shown ? selection->owner_total - shown : 0;
    if (left > 0 && selection->owner_count > shown)
        add_fact(facts, "and", format_words("%zu more", left).text, ACTION_NONE, 0);
}

static void add_entry(struct facts *facts) {
    const struct selection *selection = &facts->painter->view->selection;
    if (!selection->has_entry)
        return;
    add_fact(facts, "entry at", format_address(selection->entry_physical, 8).text, ACTION_SELECT_ENTRY,
             (int64_t)selection->entry_physical);
    add_fact(facts, "value", format_address(selection->entry, 8).text, ACTION_NONE, 0);
    struct bit_boxes bits = {.value = selection->entry, .leaf = true, .x = facts->x - 9, .middle = facts->y - 4};
    if (bits.x + bits_width(&bits) > facts->at.x + facts->at.w) {
        bits.x = facts->at.x;
        bits.middle += FACT_LINE;
        facts->y += FACT_LINE;
    }
    if (facts->y > facts->at.y + facts->at.h)
        return;
    facts->x = paint_bits(facts->painter, &bits) + 14;
    if (selection->has_swap)
        add_fact(facts, "in swap area",
                 format_words("%u, slot %u", (unsigned)selection->swap_area, (unsigned)selection->swap_slot).text,
                 ACTION_NONE, 0);
    else if (!(selection->entry & MMU_PTE_P))
        add_fact(facts, "", selection->entry ? "not present" : "empty: no frame, no slot", ACTION_NONE, 0);
}

static void add_page(struct facts *facts, bool itself) {
    const struct selection *selection = &facts->painter->view->selection;
    if (selection->has_page)
        add_fact(facts, itself ? "" : "page",
                 format_words(itself ? "page %s" : "%s", format_address(selection->linear, 8).text).text,
                 itself ? ACTION_NONE : ACTION_SELECT_PAGE, (int64_t)selection->linear);
    if (itself && selection->has_page && selection->pid >= 0)
        add_fact(facts, "of pid", format_words("%d", selection->pid).text, ACTION_NONE, 0);
    if (itself && selection->has_vma)
        add_fact(facts, "in", format_words("%08" PRIx64 "-%08" PRIx64, selection->vma_start, selection->vma_end).text,
                 ACTION_SELECT_VMA, (int64_t)selection->linear);
}

static void add_region(struct facts *facts) {
    const struct view *view = facts->painter->view;
    const struct selection *selection = &view->selection;
    const struct kv_vma *vma = selection->has_vma ? region_at(view, selection->vma_start) : NULL;
    if (!selection->has_vma)
        return;
    add_fact(facts, "", format_words("region %08" PRIx64 "-%08" PRIx64, selection->vma_start, selection->vma_end).text,
             ACTION_NONE, 0);
    if (vma)
        add_fact(facts, "", vma->name[0] ? vma->name : "anonymous", ACTION_NONE, 0);
    if (view->kernel)
        add_fact(facts, "of pid", format_words("%d", view->kernel->space.pid).text, ACTION_NONE, 0);
    uint64_t never = selection->vma_pages > selection->vma_touched ? selection->vma_pages - selection->vma_touched : 0;
    add_fact(facts, "touched",
             format_words("%s of %s pages", format_count(selection->vma_touched).text,
                          format_count(selection->vma_pages).text)
                 .text,
             ACTION_NONE, 0);
    add_fact(facts, "never touched",
             format_words("%s, %s", format_count(never).text, format_bytes(never * 4096).text).text, ACTION_NONE, 0);
}

/* An event's members by their names in the trace. */
static void add_members(struct facts *facts, const struct story_log_entry *event) {
    const struct event_type *type = story_event_type(event->type);
    for (unsigned i = 0, n = 0; type && i < EVENT_MEMBERS_MAX && type->members[i].key && n < 5; i++) {
        const struct event_member *member = &type->members[i];
        if (member->form > EVENT_HEX || strcmp(member->key, "pfn") == 0)
            continue;
        uint32_t value = event->value[n++];
        struct words text = member->form == EVENT_HEX      ? format_words("%08" PRIx32, value)
                            : member->form == EVENT_SIGNED ? format_words("%" PRId32, (int32_t)value)
                                                           : format_words("%" PRIu32, value);
        add_fact(facts, member->key, text.text, ACTION_NONE, 0);
    }
}

static void add_event(struct facts *facts) {
    const struct view *view = facts->painter->view;
    const struct story_log_entry *event = &view->selection.event;
    const struct event_type *type = story_event_type(event->type);
    if (!view->selection.has_event) {
        add_fact(facts, "", "this event is not kept any more", ACTION_NONE, 0);
        return;
    }
    add_fact(facts, "", format_words("event %" PRIu64, event->number).text, ACTION_NONE, 0);
    add_fact(facts, "", type ? type->name : "of an unknown type", ACTION_NONE, 0);
    add_fact(facts, "at", format_clock(event->blocks * view->block_ns).text, ACTION_NONE, 0);
    add_fact(facts, "pid", format_words("%" PRIu32, event->pid).text, ACTION_NONE, 0);
    if (event->fault)
        add_fact(facts, "in fault", format_words("%" PRIu64, event->fault).text, ACTION_SELECT_FAULT,
                 (int64_t)event->fault);
    if (event->pfn != UINT32_MAX)
        add_fact(facts, "frame", format_words("%05" PRIx32, event->pfn).text, ACTION_SELECT_FRAME, event->pfn);
    add_members(facts, event);
}

/* Returns the y below them. */
static float paint_facts(struct painter *painter, struct rect inside) {
    struct facts facts = {painter, inside, inside.x, inside.y + 12};
    switch (painter->view->selection.kind) {
    case SELECT_FRAME:
        add_frame(&facts, true);
        add_owners(&facts);
        add_mappings(&facts, true);
        break;
    case SELECT_PAGE:
    case SELECT_ENTRY:
        add_page(&facts, true);
        add_entry(&facts);
        add_frame(&facts, false);
        add_mappings(&facts, false);
        break;
    case SELECT_VMA: add_region(&facts); break;
    case SELECT_EVENT: add_event(&facts); break;
    case SELECT_NONE: break;
    }
    return facts.y + 10;
}

/* A region's pages ------------------------------------------------------------------------------------------ */

struct strip {
    float pitch;
    uint32_t columns, rows, cells;
    uint64_t per_cell;
};

/* As few pages to a cell as there is room for; then the largest cells. */
static struct strip fit_strip(uint64_t pages, struct rect at) {
    static const float pitches[] = {36, 26, 20, 16, 12, 9, 7};
    for (uint64_t per_cell = 1; per_cell < 1ull << 44; per_cell *= 2)
        for (unsigned i = 0; i < sizeof pitches / sizeof pitches[0]; i++) {
            uint64_t cells = (pages + per_cell - 1) / per_cell;
            uint32_t columns = (uint32_t)fmaxf(floorf(at.w / pitches[i]), 1),
                     most = (uint32_t)fmaxf(floorf(at.h / pitches[i]), 1);
            if (cells <= (uint64_t)columns * most)
                return (struct strip){pitches[i], columns, (uint32_t)((cells + columns - 1) / columns), (uint32_t)cells,
                                      per_cell};
        }
    return (struct strip){0};
}

static struct words strip_words(const struct view *view, const struct kv_vma *vma, uint64_t page, uint64_t per_cell) {
    enum page_state state = page_state(view, vma, page);
    if (per_cell > 1)
        return format_words("and the %s after it", format_bytes((per_cell - 1) * 4096).text);
    return format_words("%s", state == PAGE_PRESENT ? frame_kind_name((enum frame_kind)vma->pages[page])
                                                    : page_state_name(state));
}

static void paint_cells_of(struct painter *painter, struct rect at, const struct kv_vma *vma,
                           const struct strip *strip) {
    const struct view *view = painter->view;
    struct rect all = {at.x, at.y, (float)strip->columns * strip->pitch, (float)strip->rows * strip->pitch};
    color *cells = draw_cells(painter->list, all, strip->columns, strip->rows, strip->cells, 2);
    for (uint32_t i = 0; i < strip->cells && cells; i++)
        cells[i] = pages_color(view, vma, i * strip->per_cell, strip->per_cell);
    struct ui_lattice lattice = {.at = all,
                                 .step_x = strip->pitch,
                                 .step_y = strip->pitch,
                                 .cell_x = strip->pitch - 2,
                                 .cell_y = strip->pitch - 2,
                                 .columns = strip->columns,
                                 .count = strip->cells,
                                 .action = ACTION_SELECT_PAGE};
    int64_t *pages = hit_lattice(painter, lattice);
    for (uint32_t i = 0; i < strip->cells && pages; i++)
        pages[i] = (int64_t)(vma->start + (i * strip->per_cell << 12));
    int64_t cell = ui_lattice_cell(&lattice, painter->state->mouse_x, painter->state->mouse_y);
    uint64_t page = (uint64_t)cell * strip->per_cell;
    if (cell < 0 || page >= pages_in(vma))
        return;
    tip(painter, all, "page %08" PRIx64 "\n%s", vma->start + (page << 12),
        strip_words(view, vma, page, strip->per_cell).text);
    painter->frame->hover_at =
        (struct rect){all.x + (float)((uint32_t)cell % strip->columns) * strip->pitch,
                      all.y + (float)((uint32_t)cell / strip->columns) * strip->pitch, strip->pitch, strip->pitch};
}

/* The ranges that never were, as far as there is room. */
static void paint_untouched(struct painter *painter, const struct kv_vma *vma, struct rect at) {
    const struct selection *selection = &painter->view->selection;
    size_t count = selection->untouched_count < SELECTION_UNTOUCHED ? selection->untouched_count : SELECTION_UNTOUCHED;
    struct facts facts = {painter, at, at.x, at.y + 12};
    for (size_t i = 0; i < count && facts.y + 4 <= at.y + at.h; i++) {
        uint64_t from = selection->untouched[i][0], to = selection->untouched[i][1];
        struct words range = format_words("%08" PRIx64 "-%08" PRIx64 " (%s)", vma->start + (from << 12),
                                          vma->start + (to << 12), format_count(to > from ? to - from : 0).text);
        fact_room(&facts, (i ? 0 : 95) + text_width(painter, FONT_CODE, SIZE_CODE, range.text));
        if (facts.y + 4 <= at.y + at.h)
            add_fact(&facts, i ? "" : "never touched:", range.text, ACTION_NONE, 0);
    }
}

/* Which pages were never touched. */
static void paint_region(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    const struct kv_vma *vma = region_at(view, view->selection.vma_start);
    if (!vma || at.h < 30)
        return;
    struct strip strip = fit_strip(pages_in(vma), (struct rect){at.x, at.y, at.w, at.h - (at.h > 80 ? 46 : 22)});
    if (strip.cells == 0)
        return;
    paint_cells_of(painter, at, vma, &strip);
    float y = at.y + (float)strip.rows * strip.pitch + 15, x = at.x;
    x = paint_chip(painter, x, y, vma->name[0] && !(vma->flags & 2) ? PALETTE_FILE : PALETTE_ANON, "present");
    x = paint_chip(painter, x, y, PALETTE_PAGE_SWAPPED, "in swap");
    x = paint_chip(painter, x, y, PALETTE_PAGE_GONE, "was used, not mapped now");
    x = paint_chip(painter, x, y, PALETTE_FREE, "never touched");
    if (strip.per_cell > 1)
        put_until(painter, x, y, at.x + at.w, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT,
                  format_words("a cell is %s", format_bytes(strip.per_cell * 4096).text).text);
    paint_untouched(painter, vma, (struct rect){at.x, y + 12, at.w, at.y + at.h - y - 12});
}

/* The panel ------------------------------------------------------------------------------------------------- */

static void paint_life_of(struct painter *painter, struct rect inside, float y) {
    const struct selection *selection = &painter->view->selection;
    float left = inside.y + inside.h - y;
    if (!painter->view->kernel && left >= 18) {
        put_wrapped(painter, (struct rect){inside.x, y + 12, inside.w, 0}, 17, 3, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
                    "This kernel tells nothing of its frames, so their past is not known: above is what the page "
                    "tables in force "
                    "say now.");
        return;
    }
    if (!selection->has_frame || left < 18)
        return;
    if (selection->life_count == 0 || !painter->view->life_text) {
        put_until(painter, inside.x, y + 12, inside.x + inside.w, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
                  "Nothing was told of this frame yet: no allocation, no mapping, no list move since the log began.");
        return;
    }
    uint8_t kinds[SELECTION_LIFE];
    life_kinds(selection, kinds);
    if (left > 84) {
        paint_life_line(painter, (struct rect){inside.x, y, inside.w, 42}, kinds);
        y += 48;
    }
    paint_life_list(painter, (struct rect){inside.x, y, inside.w, inside.y + inside.h - y + 4}, kinds);
}

static struct words life_subtitle(const struct view *view, float width) {
    const struct selection *selection = &view->selection;
    if (selection->kind == SELECT_VMA)
        return format_words(width < 450 ? "pages that were used" : "which pages of the region were used");
    if (!selection->has_frame || selection->life_total == 0)
        return format_words("the selection");
    if (width < 450)
        return format_words("%s events", format_count(selection->life_total).text);
    return format_words("%s events of frame %05" PRIx64 "%s", format_count(selection->life_total).text,
                        selection->frame.pfn, selection->life_count > 6 ? " \xc2\xb7 the wheel scrolls" : "");
}

void paint_life(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    bool some = view && view->selection.kind != SELECT_NONE;
    struct words subtitle = some ? life_subtitle(view, at.w) : format_words("the biography of what you click");
    struct rect inside = panel_begin(painter, PANEL_LIFE, at, "LIFE", subtitle.text);
    if (!some) {
        panel_empty(painter, inside, "A frame's life from first to last; a region's pages that were never touched.",
                    "Click a frame, a page, a region, a table entry or an event.");
        panel_end(painter);
        return;
    }
    float y = paint_facts(painter, inside);
    if (view->selection.kind == SELECT_VMA)
        paint_region(painter, (struct rect){inside.x, y, inside.w, inside.y + inside.h - y});
    else
        paint_life_of(painter, inside, y);
    panel_end(painter);
}
