/*
 * How the cells of the frames panel are coloured: an overlay turns one byte a frame into one of a few classes, each
 * with a name, a colour and a line in the legend. Every overlay works the same way: by use, by A and D bits, by the
 * time since the last event, by the number of entries that map the frame; and, for a kernel without symbols, by use in
 * the page tables.
 */
#ifndef FAULTLINE_FRAMES_LOOK_H
#define FAULTLINE_FRAMES_LOOK_H

#include "emu/ui/ui.h"

#define FRAME_CLASSES 12u
#define NO_CLASS 255u

struct frame_class {
    char name[40];
    const char *meaning;
    color color;
};

struct frames_look {
    const uint8_t *of;    /* a byte for each frame; NULL: not known (yet) */
    const uint8_t *kinds; /* enum frame_kind by frame, for holes in memory; NULL: none are known */
    uint64_t count;
    struct frame_class classes[FRAME_CLASSES];
    unsigned class_count;
    uint8_t class_of[256]; /* NO_CLASS: nothing is drawn */
    const char *about;     /* what the colours tell, in a few words */
};

/* Frames that the view knows of, 0 none. */
uint64_t frames_known(const struct view *view);
/* Is there no kernel that we know, but its page tables? */
bool frames_foreign(const struct view *view);
/* Does this overlay exist for the view's kernel? */
bool frames_offers(const struct view *view, enum ui_overlay overlay);
void frames_look(struct frames_look *look, const struct view *view, enum ui_overlay overlay);
/* The class of a frame, NO_CLASS where there is none. */
unsigned frames_class(const struct frames_look *look, uint64_t pfn);
/* The word on the overlay's tab, and a sentence about it. */
const char *overlay_name(enum ui_overlay overlay);
const char *overlay_meaning(enum ui_overlay overlay);

#endif
