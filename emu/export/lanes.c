/* See lanes.h. */
#include "emu/export/lanes.h"

#include <stdbool.h>

static bool fits(struct lane *lane, uint64_t from, uint64_t to, uint32_t who) {
    while (lane->depth > 0 && lane->end[lane->depth - 1] <= from)
        lane->depth--;
    if (lane->depth == 0)
        return true;
    return lane->depth < LANE_DEPTH && lane->who[lane->depth - 1] == who && lane->end[lane->depth - 1] >= to;
}

unsigned lanes_place(struct lanes *lanes, uint64_t from, uint64_t to, uint32_t who) {
    for (unsigned i = 0; i < LANES_MAX; i++) {
        struct lane *lane = &lanes->lane[i];
        if (!fits(lane, from, to, who))
            continue;
        lane->end[lane->depth] = to;
        lane->who[lane->depth++] = who;
        if (i >= lanes->count)
            lanes->count = i + 1;
        return i;
    }
    return LANES_MAX;
}
