/*
 * The debug console of Bochs and QEMU (port 0xE9): a byte written goes out; a read gives 0xE9, by which a guest
 * recognises it.
 */
#ifndef FAULTLINE_DEBUG_CONSOLE_H
#define FAULTLINE_DEBUG_CONSOLE_H

#include "emu/devices/io_bytes.h"

struct debug_console {
    struct byte_sink output;
};

void debug_console_init(struct debug_console *console, struct byte_sink output);

#define DEBUG_CONSOLE_RANGES 1
void debug_console_ranges(struct debug_console *console, struct io_range ranges[DEBUG_CONSOLE_RANGES]);

#endif
