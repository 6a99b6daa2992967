/*
 * The chipset's own reset and A20 ports: system control port A (0x92) and the reset control register (0xCF9).
 *
 *   0x92   bit 0: 0 -> 1 resets the CPU; bit 1: A20 gate
 *   0xCF9  bit 1: kind of reset (stored); bit 2: writing 1 resets. Byte accesses only: a 32-bit access to 0xCF8
 *          belongs to PCI configuration.
 *
 * Source: Intel PIIX3 data sheet; for 0x92 the IBM PS/2 technical reference.
 */
#ifndef FAULTLINE_RESET_CONTROL_H
#define FAULTLINE_RESET_CONTROL_H

#include "emu/devices/device.h"

struct reset_control {
    uint8_t port_92, reset_register;
    struct irq_line reset, a20;
};

/* reset: pulsed when the guest asks for a reset. a20: driven with bit 1 of port 0x92, low at reset; the board ORs it
 * with that of struct keyboard. */
void reset_control_init(struct reset_control *control, struct irq_line reset, struct irq_line a20);

#define RESET_CONTROL_RANGES 2
void reset_control_ranges(struct reset_control *control, struct io_range ranges[RESET_CONTROL_RANGES]);

#endif
