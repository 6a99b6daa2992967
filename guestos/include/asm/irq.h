/*
 * Interrupt lines and the controllers that bring them. arch/i386/kernel/irq.c has the lines' handlers; which controller
 * is in use is decided once, by init_IRQ(): the I/O APIC when the MP table names one (io_apic.c, apic.c, mpparse.c),
 * else, or with "noapic" on the command line, the 8259 pair (i8259.c). Line n arrives as vector FIRST_IRQ_VECTOR + n.
 */
#ifndef _ASM_IRQ_H
#define _ASM_IRQ_H

#include "asm/traps.h"

/* All functions are called with interrupts off. */
struct irq_chip {
    const char *(*name)(unsigned irq); /* as /proc/interrupts has it */
    void (*enable)(unsigned irq);
    bool (*ack)(unsigned irq);     /* before the handler; false: nobody asked for this interrupt */
    void (*end)(unsigned irq);     /* after it */
    bool (*pending)(unsigned irq); /* asks, and is not taken yet */
};

#define CASCADE_LINE 2 /* of the 8259 pair: no interrupt of its own */

extern const struct irq_chip i8259A_chip, ioapic_chip;
void init_8259A(void);
void disable_8259A(void); /* masked for good */

bool irq_is_pending(unsigned irq);

/* ---- what the MP table says: mpparse.c ---- */
#define NO_PIN 0xff
struct mp_config {
    u32 lapic_addr, ioapic_addr;
    u8 ioapic_id;
    u8 pin[NR_IRQS]; /* of the I/O APIC, by interrupt line; NO_PIN */
    bool level[NR_IRQS], active_low[NR_IRQS];
};
bool find_mp_config(struct mp_config *config); /* false: no usable table */

/* ---- apic.c: the local APIC, once it is mapped ---- */
void apic_setup(u32 phys);
bool cpu_has_apic(void);
u32 apic_id(void);
void ack_APIC_irq(void);
bool apic_vector_pending(unsigned vector);

/* ---- io_apic.c ---- */
void io_apic_setup(const struct mp_config *config);

#endif
