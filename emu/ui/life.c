/* LIFE: what became of the selected frame, page or region, from its first event on. */
#include "emu/ui/panel.h"

void paint_life(struct painter *painter, struct rect at) {
    struct rect inside = panel_begin(painter, PANEL_LIFE, at, panel_name(PANEL_LIFE), "the biography of the selection");
    panel_empty(painter, inside, "The life of what you point at: who allocated it, mapped it, used it, freed it.",
                "Click a frame, a page, a region or an event.");
    panel_end(painter);
}
