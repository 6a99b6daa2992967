/* Parts of the address space panel, in space_tree.c. */
#ifndef FAULTLINE_SPACE_H
#define FAULTLINE_SPACE_H

#include "emu/ui/panel.h"

/* The page tables of a task level by level, as far as `at` has room. Returns the y below them. */
float paint_tree(struct painter *painter, const struct kv_address_space *space, struct rect at);

#endif
