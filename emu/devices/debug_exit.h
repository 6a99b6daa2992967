/*
 * QEMU's isa-debug-exit (port 0xF4): a write ends the run. QEMU makes (value << 1) | 1 of it for its own
 * exit status; here the board gets the value as it was written.
 * Reads give 0.
 */
#ifndef FAULTLINE_DEBUG_EXIT_H
#define FAULTLINE_DEBUG_EXIT_H

#include "emu/devices/device.h"

struct debug_exit {
    void (*exit)(void *owner, uint32_t value); /* called at each write; the board stops the CPU */
    void *owner;
};

void debug_exit_init(struct debug_exit *debug_exit, void (*exit)(void *owner, uint32_t value), void *owner);

#define DEBUG_EXIT_RANGES 1
void debug_exit_ranges(struct debug_exit *debug_exit, struct io_range ranges[DEBUG_EXIT_RANGES]);

#endif
