/* The POST code port (0x80): the last code written is kept for the host and reads back. */
#ifndef FAULTLINE_POST_H
#define FAULTLINE_POST_H

#include "emu/devices/device.h"

struct post {
    uint8_t code;
};

void post_init(struct post *post);

#define POST_RANGES 1
void post_ranges(struct post *post, struct io_range ranges[POST_RANGES]);

#endif
