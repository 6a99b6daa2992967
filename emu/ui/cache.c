/*
 * CACHE AND SWAP: the files in the page cache as strips of their pages by state, and the swap areas as maps of their
 * slots by users.
 */
#include "emu/ui/panel.h"

void paint_cache(struct painter *painter, struct rect at) {
    struct rect inside = panel_begin(painter, PANEL_CACHE, at, "CACHE AND SWAP",
                                     at.w > 300 ? "files in memory, slots on disk" : "pages and slots");
    panel_empty(painter, inside, "The pages of each file in memory, and the map of each swap area.",
                "Appears when the program reads a file, or swap is turned on.");
    panel_end(painter);
}
