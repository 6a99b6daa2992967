/*
 * Lanes: slices of one track that overlap are laid side by side, since a viewer takes overlapping slices of a thread
 * for calls in one another. Only a slice that lies wholly inside one of the same task shares its lane: a fault inside a
 * fault.
 */
#ifndef FAULTLINE_EXPORT_LANES_H
#define FAULTLINE_EXPORT_LANES_H

#include <stdint.h>

#define LANES_MAX 64u
#define LANE_DEPTH 8u

struct lane {
    uint64_t end[LANE_DEPTH]; /* of the slices that are open, outermost first */
    uint32_t who[LANE_DEPTH];
    unsigned depth;
};

struct lanes {
    struct lane lane[LANES_MAX];
    unsigned count; /* that were ever used */
};

/* The lane for [from, to) of `who`; calls come in the order of from, the longer first. LANES_MAX: there is no room. */
unsigned lanes_place(struct lanes *lanes, uint64_t from, uint64_t to, uint32_t who);

#endif
