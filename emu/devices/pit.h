/*
 * The PC's 8254 interval timer (ports 0x40-0x43) and system control port B (0x61).
 *
 * The model. Nothing counts: a channel remembers at which input-clock tick it was loaded, and counter value
 * and OUT are computed from the virtual clock when somebody looks. The input clock is PIT_HZ from reset on.
 * A count that is written becomes effective at the next tick; while a periodic channel (modes 2 and 3) runs, a
 * new count waits for the end of the period.
 *
 * What it keeps true:
 *   - interrupt 0 gets one rising edge for every rising edge of channel 0's OUT, at the first nanosecond of
 *     that tick;
 *   - reading through a latch, a status latch or the read-back command never disturbs counting;
 *   - counts of 1 in modes 2 and 3 (forbidden by the data sheet) give no edges at all.
 *
 * Port 0x61: bit 0 gate of channel 2, bit 1 speaker, bits 2-3 stored, bit 4 toggles with every refresh
 * request (every PIT_REFRESH_TICKS ticks), bit 5 OUT of channel 2.
 *
 * Source: Intel 8254 data sheet; Intel PIIX3 data sheet for 0x61.
 */
#ifndef FAULTLINE_PIT_H
#define FAULTLINE_PIT_H

#include "emu/devices/device.h"

#define PIT_HZ 1193182u
#define PIT_REFRESH_TICKS 18u

struct pit_channel {
    uint8_t mode;    /* 0 to 5 */
    uint8_t control; /* low six bits of the control word, as the status byte shows them */
    uint8_t access;  /* 1 low byte, 2 high byte, 3 low then high */
    bool bcd, gate;
    bool loaded;    /* a count has been written since the control word */
    bool counting;  /* false: held by the gate, or waiting for the trigger in modes 1 and 5 */
    uint32_t count; /* 1 to 0x10000 */
    uint64_t start; /* tick of the load */
    uint64_t held;  /* ticks counted when the gate stopped it */
    bool next_set;  /* a new count waits for the tick next_start */
    uint32_t next_count;
    uint64_t next_start;
    bool low_written, high_wanted; /* byte order state of writes and of reads */
    uint8_t low_byte;
    uint8_t latched_bytes; /* 0 to 2 bytes of latched_value to be read */
    uint16_t latched_value;
    bool status_latched;
    uint8_t latched_status;
};

struct pit {
    struct pit_channel channel[3];
    uint8_t port_61; /* bits 0 to 3 */
    struct vclock *clock;
    struct vtimer timer; /* due at channel 0's next rising edge */
    struct irq_line irq;
};

/* irq: interrupt 0, driven high here already (OUT of a channel that was never programmed). Arms a timer on clock,
 * which must outlive the device. */
void pit_init(struct pit *pit, struct vclock *clock, struct irq_line irq);

#define PIT_RANGES 2
void pit_ranges(struct pit *pit, struct io_range ranges[PIT_RANGES]);

/* Ticks of the input clock completed at time; the first nanosecond at which tick is complete. */
uint64_t pit_tick_at(vtime time);
vtime pit_time_of(uint64_t tick);

#endif
