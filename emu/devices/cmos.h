/*
 * CMOS memory and real-time clock, MC146818A (ports 0x70, 0x71, interrupt 8).
 *
 * The model. 128 bytes. The time registers are computed from a date and the virtual clock: the guest's time starts
 * at the same second in every run. The rest is plain memory, filled with the sizes that PC firmware leaves there.
 *
 *   0x15/16, 0x17/18   KiB below 640, KiB above 1 MiB (at most 65535)      0x30/31  the same as 0x17/18
 *   0x34/35            64 KiB blocks above 16 MiB, below 4 GiB             0x5B-5D  64 KiB blocks above 4 GiB
 *   0x2E/2F            checksum of 0x10-0x2D                               0x32     century
 *
 * What it keeps true:
 *   - while SET (register B bit 7) is 1 the time registers hold what the guest writes; when it falls they start;
 *   - UIP (register A bit 7) is 1 in the last 244 us before each second;
 *   - periodic, alarm and update-ended interrupts raise interrupt 8 when enabled, until register C is read. The
 *     periodic and update flags of register C are right without their interrupts; the alarm flag needs AIE.
 *
 * Source: Motorola MC146818A data sheet; IBM PC AT technical reference for the memory.
 */
#ifndef FAULTLINE_CMOS_H
#define FAULTLINE_CMOS_H

#include "emu/devices/device.h"

#define CMOS_BYTES 128u
#define CMOS_DEFAULT_DATE 1118966400ull /* 2005-06-17 00:00:00, seconds since 1970 */

struct cmos {
    uint8_t byte[CMOS_BYTES];
    uint8_t index;
    uint8_t flags; /* register C without bit 7 */
    uint64_t base; /* seconds since 1970 at virtual time base_time */
    vtime base_time;
    vtime flags_from; /* when register C was last brought up to date */
    struct vclock *clock;
    struct vtimer timer; /* next enabled interrupt */
    struct irq_line irq;
};

/* irq: interrupt 8. date: seconds since 1970 at reset, up to the year 9999. ram_bytes: RAM from address 0, of which
 * what exceeds below_4g bytes lies from 4 GiB on. */
void cmos_init(struct cmos *cmos, struct vclock *clock, struct irq_line irq, uint64_t date, uint64_t ram_bytes,
               uint64_t below_4g);

#define CMOS_RANGES 1
void cmos_ranges(struct cmos *cmos, struct io_range ranges[CMOS_RANGES]);

#endif
