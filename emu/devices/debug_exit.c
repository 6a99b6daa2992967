/* isa-debug-exit: see debug_exit.h. */
#include "emu/devices/debug_exit.h"

void debug_exit_init(struct debug_exit *debug_exit, void (*exit)(void *owner, uint32_t value), void *owner) {
    *debug_exit = (struct debug_exit){exit, owner};
}

static uint32_t debug_exit_read(void *device, uint64_t offset, unsigned size) {
    (void)device, (void)offset, (void)size;
    return 0;
}

static void debug_exit_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    const struct debug_exit *debug_exit = device;
    (void)offset, (void)size;
    if (debug_exit->exit)
        debug_exit->exit(debug_exit->owner, value);
}

void debug_exit_ranges(struct debug_exit *debug_exit, struct io_range ranges[DEBUG_EXIT_RANGES]) {
    static const struct io_ops ops = {debug_exit_read, debug_exit_write};
    ranges[0] = (struct io_range){0xF4, 4, &ops, debug_exit};
}
