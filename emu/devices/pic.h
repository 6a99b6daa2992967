/*
 * The PC's pair of 8259A interrupt controllers with ELCR (ports 0x20, 0xA0, 0x4D0).
 *
 * The model. A chip has three registers: IRR (what asks), IMR (what may not), ISR (what is being served). Its
 * output is high while some unmasked request outranks everything in service. The slave's output is the
 * master's input 2; the master's output is the CPU's INTR.
 *
 * What it keeps true:
 *   - an edge input sets IRR on its rising edge and the request lasts until acknowledged, even when the input
 *     falls (as QEMU does; a real chip would turn it into a spurious one); a level input sets IRR while it is high;
 *   - acknowledging with no request left gives the spurious vector (base + 7) and sets no ISR bit of that chip;
 *     on a spurious 15 the master's ISR bit 2 is set, and the guest has to end it there;
 *   - ICW1 clears IMR, ISR and the edges seen, priority 7 is lowest, and the special modes are off.
 *
 * Source: Intel 8259A data sheet; Intel PIIX3 data sheet for ELCR (inputs 0, 1, 2, 8 and 13 are always edge).
 *
 * Wiring: pic_init(&pic, (struct irq_line){intr_changed, board, 0}); other devices get
 * (struct irq_line){pic_set_irq, &pic, number}. The board asks pic_pending() and calls pic_acknowledge() when
 * the CPU takes the interrupt.
 */
#ifndef FAULTLINE_PIC_H
#define FAULTLINE_PIC_H

#include "emu/devices/device.h"

#define PIC_CASCADE_INPUT 2u /* of the master: the slave's output */

enum pic_init_step { PIC_READY, PIC_WANTS_ICW2, PIC_WANTS_ICW3, PIC_WANTS_ICW4 };

struct pic_chip {
    uint8_t irr, imr, isr;
    uint8_t input; /* the levels on the pins now */
    uint8_t level; /* ELCR: 1 = level-triggered */
    uint8_t level_writable;
    uint8_t vector_base;
    uint8_t highest; /* number of the input that has the highest priority */
    uint8_t init_step;
    bool is_master, icw4_follows, single;
    bool read_isr, poll, special_mask, auto_eoi, rotate_on_auto_eoi, special_fully_nested;
};

struct pic {
    struct pic_chip master, slave;
    struct irq_line output;
};

void pic_init(struct pic *pic, struct irq_line output);

/* Drives input 0 to 15; matches irq_line.set with owner = struct pic. Other numbers are ignored. */
void pic_set_irq(void *pic, unsigned number, bool level);

bool pic_pending(const struct pic *pic);

/* The INTA cycle: returns the vector, the spurious one when no request is left. */
uint8_t pic_acknowledge(struct pic *pic);

#define PIC_RANGES 3
void pic_ranges(struct pic *pic, struct io_range ranges[PIC_RANGES]);

#endif
