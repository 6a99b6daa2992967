/* The trace port: see trace_port.h. */
#include "emu/devices/trace_port.h"
#include "guestos/include/faultline/trace_abi.h"

void trace_port_init(struct trace_port *port, void (*record)(void *owner, uint32_t linear), void *owner) {
    *port = (struct trace_port){.record = record, .owner = owner};
}

static uint32_t trace_port_read(void *device, uint64_t offset, unsigned size) {
    (void)device;
    return offset == 0 && size == 4 ? FLT_TRACE_MAGIC : UINT32_MAX;
}

static void trace_port_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    const struct trace_port *port = device;
    if (offset == 0 && size == 4 && port->record)
        port->record(port->owner, value);
    else if (offset == FLT_TRACE_CALL_PORT - FLT_TRACE_PORT && size == 4 && port->call_at)
        port->call_at(port->owner, value);
}

void trace_port_ranges(struct trace_port *port, struct io_range ranges[TRACE_PORT_RANGES]) {
    static const struct io_ops ops = {trace_port_read, trace_port_write};
    ranges[0] = (struct io_range){FLT_TRACE_PORT, FLT_TRACE_CALL_PORT + 4 - FLT_TRACE_PORT, &ops, port};
}
