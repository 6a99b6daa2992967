/* The belts of the LRU panel: lru.c lays them out and draws them, lru_moves.c draws the pages that just moved. */
#ifndef FAULTLINE_BELTS_H
#define FAULTLINE_BELTS_H

#include "emu/ui/panel.h"

struct belt {
    const struct kv_zone *zone;
    struct words name; /* of the zone */
    bool active;
    uint64_t pages;
    const struct kv_lru *lru;
    struct rect squares; /* where they lie; w = 0: they are not drawn one by one */
    uint32_t per_line;
};

/* How the belts are drawn: a square is `each` pages. each 0: there is no room for squares, a bar stands for them. */
struct belt_scale {
    uint64_t each;
    float step, square;
};

#define BELTS_MAX (2 * KV_MAX_ZONES)

struct belts {
    struct belt of[BELTS_MAX];
    unsigned count;
    struct belt_scale scale;
    struct rect room; /* of all belts */
};

/* The square of a page of the belt, by its place in the list. False: it is not drawn by itself. */
bool belt_square(const struct belts *belts, const struct belt *belt, uint32_t place, struct rect *square);

/* Arrows to the pages that changed lists last, with the reason. What it has to say about one page goes to `words`: the
 * last move of that frame that is known, "" none. */
void paint_moves(struct painter *painter, const struct belts *belts);
struct words last_move_of(const struct view *view, uint64_t pfn);

#endif
