/* The geometry of the frames panel; see ui_grid in ui.h. */
#ifndef FAULTLINE_FRAMES_GRID_H
#define FAULTLINE_FRAMES_GRID_H

#include "emu/ui/ui.h"

#define GRID_LABEL 17.0f /* the line with a zone's name */
#define GRID_GAP 5.0f

/* Places the cells of `count` frames in `at`, by the zones of kernel; NULL: no zones are known. columns = 0 when there
 * is nothing to show or no room. */
void frames_grid_place(struct ui_grid *grid, const struct kv_snapshot *kernel, uint64_t count, struct rect at,
                       const struct ui_state *state);

#endif
