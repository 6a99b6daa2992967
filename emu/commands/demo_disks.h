/*
 * Fresh disks for a demonstration: a folder for --root with the file /data in it, and an empty swap area. They are
 * files of a temporary folder that is gone as soon as the machine has them open.
 */
#ifndef FAULTLINE_DEMO_DISKS_H
#define FAULTLINE_DEMO_DISKS_H

#include "emu/commands/disks.h"

struct demo_disks {
    char folder[4096];
    char root[4112], data[4128], swap[4112]; /* inside it; "" where there is none */
};

/* data_bytes, swap_bytes: 0 none. Fills in what options need. False after complaining; nothing is left then. */
bool demo_disks_make(struct demo_disks *disks, uint64_t data_bytes, uint64_t swap_bytes, struct disk_options *options);
void demo_disks_remove(struct demo_disks *disks);

#endif
