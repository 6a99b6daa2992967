/*
 * faultline's trace port (0x5F0), the device side of guestos/include/faultline/trace_abi.h: a 32-bit read gives
 * FLT_TRACE_MAGIC, a 32-bit write the linear address of a record, which the board copies by peek. A 32-bit write to
 * 0x5F4 names code that does the same when it is run. Other sizes read all ones and are ignored.
 */
#ifndef FAULTLINE_TRACE_PORT_H
#define FAULTLINE_TRACE_PORT_H

#include "emu/devices/device.h"

struct trace_port {
    void (*record)(void *owner, uint32_t linear);
    void (*call_at)(void *owner, uint32_t linear); /* may be NULL */
    void *owner;
};

void trace_port_init(struct trace_port *port, void (*record)(void *owner, uint32_t linear), void *owner);

#define TRACE_PORT_RANGES 1
void trace_port_ranges(struct trace_port *port, struct io_range ranges[TRACE_PORT_RANGES]);

#endif
