/*
 * The I/O APIC (Intel 82093AA data sheet), memory-mapped at 0xFEC00000: 24 inputs, each with a redirection entry that
 * makes a message to the local APIC of it.
 *
 *   redirection entry
 *   63     56 55   17   16    15    14     13      12      11      10   8 7      0
 *   | dest  |  0  | mask|level|rIRR|low   |pending|logical| delivery | vector |
 *
 * What it keeps true:
 *   - an edge on an input whose entry is not masked sends one message; an edge on a masked one is lost;
 *   - a level-triggered input that is asserted and not masked sends a message and sets remote IRR; nothing more is sent
 *     until the local APIC tells the vector's end, and then again if the input still is asserted;
 *   - remote IRR and the pending bit cannot be written, an edge-triggered entry has remote IRR clear.
 *
 * Polarity. Lines of this machine say "asserted" or not, whatever the voltage of the wire would be; the polarity bit is
 * kept and has no effect, as on QEMU. Version 0x20 adds the EOI register at offset 0x40.
 */
#ifndef FAULTLINE_IO_APIC_H
#define FAULTLINE_IO_APIC_H

#include "emu/devices/local_apic.h"

#define IO_APIC_BASE 0xFEC00000u
#define IO_APIC_PINS 24u

struct io_apic {
    uint32_t select, id;
    uint64_t entry[IO_APIC_PINS];
    uint32_t input; /* a bit a pin: asserted now */
    void (*send)(void *owner, struct apic_message message);
    void *owner;
};

void io_apic_init(struct io_apic *io_apic, void (*send)(void *owner, struct apic_message message), void *owner);

/* Drives pin 0 to 23: irq_line.set with owner = struct io_apic. Other numbers are ignored. */
void io_apic_set_pin(void *io_apic, unsigned number, bool level);

/* The local APIC has ended a level-triggered interrupt. */
void io_apic_end_of_interrupt(void *io_apic, uint8_t vector);

#define IO_APIC_RANGES 1
void io_apic_ranges(struct io_apic *io_apic, struct io_range ranges[IO_APIC_RANGES]);

#endif
