/* The marks that all panels share: selected, belonging to it, just happened. Their meaning stands in panel.h. */
#include "emu/ui/panel.h"

#include <math.h>

struct rect box_around(struct rect at, float border, float side) {
    float width = fmaxf(at.w + 2 * border, side), height = fmaxf(at.h + 2 * border, side);
    return (struct rect){roundf(at.x + at.w / 2 - width / 2), roundf(at.y + at.h / 2 - height / 2), roundf(width),
                         roundf(height)};
}

void mark_selected(struct painter *painter, struct rect at) {
    struct rect box = box_around(at, 4, 14);
    draw_stroke(painter->list, rect_inset(box, -1, -1), PALETTE_GROUND, 3, 1);
    draw_stroke(painter->list, rect_inset(box, 2, 2), PALETTE_GROUND, 1, 1);
    draw_stroke(painter->list, box, PALETTE_ACCENT, 2, 2);
}

void outline_selected(struct painter *painter, struct rect at, float radius) {
    draw_stroke(painter->list, at, PALETTE_ACCENT, radius, 2);
}

void mark_related(struct painter *painter, struct rect at) {
    draw_stroke(painter->list, box_around(at, 2, 8), PALETTE_ACCENT_SOFT, 1, 1);
}

void mark_happened(struct painter *painter, struct rect at, bool looked_at) {
    struct rect box = box_around(at, 0, 7);
    draw_fill(painter->list, rect_inset(box, -1, -1), PALETTE_GROUND, 2);
    draw_fill(painter->list, box, looked_at ? PALETTE_ACCENT_SOFT : PALETTE_ACCENT, 1);
}

int64_t selected_frame(const struct painter *painter) {
    const struct view *view = painter->view;
    if (painter->state->selected_pfn >= 0)
        return painter->state->selected_pfn;
    if (view && view->selection.has_mappings)
        return (int64_t)view->selection.mapped_pfn;
    return view && view->selection.has_frame ? (int64_t)view->selection.frame.pfn : -1;
}

float paint_chip(struct painter *painter, float x, float y, color ink, const char *name) {
    struct rect chip = {x, y - 9, 10, 10};
    draw_fill(painter->list, chip, ink, 2.5f);
    draw_stroke(painter->list, chip, PALETTE_LINE, 2.5f, 1);
    return put(painter, x + 15, y, FONT_WORDS, SIZE_LABEL, PALETTE_DIM, name) + 13;
}
