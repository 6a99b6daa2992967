/* Parts of the invented snapshots that sample_view() puts together. False: out of memory. */
#ifndef FAULTLINE_SAMPLE_PARTS_H
#define FAULTLINE_SAMPLE_PARTS_H

#include "emu/debug/view.h"

void sample_path(struct view *view); /* the kernel's calls that led to the fault's branch */
/* Selects frame 02c11 of the copy on write, its page 40012000, entry or region, or an event of its life, with
 * everything that belongs to it. swapped: the page lies in slot 184 of area 0. */
bool sample_select(struct view *view, enum select_kind kind, bool swapped);
bool sample_overlays(struct view *view); /* A and D bits, mapcounts, ages */
bool sample_hardware(struct view *view); /* what the page tables tell of a foreign kernel */

#endif
