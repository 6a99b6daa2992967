/* The debug console: see debug_console.h. */
#include "emu/devices/debug_console.h"

#define DEBUG_CONSOLE_PORT 0xE9u

void debug_console_init(struct debug_console *console, struct byte_sink output) { console->output = output; }

static uint32_t debug_console_read(void *device, uint64_t offset, unsigned size) {
    (void)device, (void)offset, (void)size;
    return DEBUG_CONSOLE_PORT;
}

static void debug_console_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    const struct debug_console *console = device;
    (void)size;
    if (offset == 0)
        sink_put(&console->output, (uint8_t)value);
}

void debug_console_ranges(struct debug_console *console, struct io_range ranges[DEBUG_CONSOLE_RANGES]) {
    static const struct io_ops ops = {debug_console_read, debug_console_write};
    ranges[0] = (struct io_range){DEBUG_CONSOLE_PORT, 1, &ops, console};
}
