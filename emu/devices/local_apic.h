/*
 * The local APIC of the one CPU, memory-mapped at the address in IA32_APIC_BASE (0xFEE00000 after reset).
 *
 * The model. An interrupt with a vector waits in IRR, is taken to ISR by local_apic_acknowledge(), and leaves it at the
 * write to EOI. It is taken when its class (the vector's high four bits) is above the processor priority: the higher of
 * TPR's class and that of the highest vector in ISR. TMR says for each vector whether it came level-triggered: then its
 * EOI is told to the I/O APIC.
 *
 *    8259 pair -> LINT0 --(ExtINT: virtual wire)--------------------------+
 *    I/O APIC, timer, own ICR ----> IRR -- priority --> ISR --> EOI       +--> CPU
 *    NMI <- LINT1 or a message of that mode ------------------------------+
 *
 * What it keeps true:
 *   - with the APIC disabled in IA32_APIC_BASE no register is there, and the 8259 pair is wired to the CPU; so it is
 *     while bit 8 of the spurious-interrupt register is clear, for programs that know of no APIC. Enabled, the pair is
 *     heard while LINT0 is in mode ExtINT and not masked, and once after a message of that mode;
 *   - nothing in IRR interrupts the CPU while bit 8 of the spurious-interrupt register is clear;
 *   - the timer counts a bus clock of 1 GHz, divided, from the moment of the write to its initial count; one-shot
 *     raises its vector once at zero, periodic at every zero;
 *   - registers are read and written as whole 32-bit words; other accesses read 0 and change nothing.
 *
 * Source: Intel SDM volume 3, chapter "Advanced Programmable Interrupt Controller". Where it leaves room the answers
 * are those of QEMU's pc machine: version 0x14 with six local vectors, vectors below 16 are taken as others are,
 * clearing bit 8 of the spurious register leaves the local vectors' masks alone.
 */
#ifndef FAULTLINE_LOCAL_APIC_H
#define FAULTLINE_LOCAL_APIC_H

#include "emu/devices/device.h"

#define LOCAL_APIC_BASE 0xFEE00000u
#define LOCAL_APIC_BYTES 0x1000u

#define APIC_BASE_BSP 0x100u
#define APIC_BASE_ENABLE 0x800u

enum apic_delivery {
    APIC_FIXED,
    APIC_LOWEST,
    APIC_SMI,
    APIC_NMI = 4,
    APIC_INIT,
    APIC_STARTUP,
    APIC_EXTINT,
};

enum apic_local_vector {
    APIC_LVT_TIMER,
    APIC_LVT_THERMAL,
    APIC_LVT_PMC,
    APIC_LVT_LINT0,
    APIC_LVT_LINT1,
    APIC_LVT_ERROR
};
#define APIC_LOCAL_VECTORS 6

/* What travels between APICs. */
struct apic_message {
    uint8_t vector;
    uint8_t delivery; /* enum apic_delivery */
    uint8_t destination;
    bool logical, level;
};

struct local_apic {
    struct vclock *clock;
    struct vtimer timer;
    uint64_t base; /* IA32_APIC_BASE */
    uint32_t id, tpr, logical_destination, destination_format, spurious;
    uint32_t irr[8], isr[8], tmr[8];
    uint32_t lvt[APIC_LOCAL_VECTORS];
    uint32_t esr, esr_pending; /* as read; collected since the last write */
    uint32_t icr[2];
    uint32_t divide, initial_count;
    vtime loaded; /* when the initial count was written */
    bool lint[2];
    bool extint;             /* a message of that mode waits for the 8259 pair's vector */
    struct irq_line changed; /* raised whenever local_apic_pending() or local_apic_hears_pic() may have become true */
    struct irq_line nmi;     /* pulsed */
    void (*eoi)(void *owner, uint8_t vector); /* of a level-triggered interrupt */
    void *eoi_owner;
};

void local_apic_init(struct local_apic *apic, struct vclock *clock, struct irq_line changed, struct irq_line nmi,
                     void (*eoi)(void *owner, uint8_t vector), void *eoi_owner);

/* Drives LINT0 or LINT1 (number 0 or 1): irq_line.set with owner = struct local_apic. The 8259's output goes to 0. */
void local_apic_lint(void *apic, unsigned number, bool level);

/* Takes a message from the I/O APIC when it is for this APIC; others are dropped. */
void local_apic_receive(struct local_apic *apic, struct apic_message message);

/* A vector of this APIC's own is to be delivered. */
bool local_apic_pending(const struct local_apic *apic);
/* Its vector; -1 when there is none. */
int local_apic_acknowledge(struct local_apic *apic);
/* The CPU answers the 8259 pair's request now. */
bool local_apic_hears_pic(const struct local_apic *apic);
void local_apic_pic_acknowledged(struct local_apic *apic);

/* IA32_APIC_BASE. Reserved bits are dropped; disabling resets the registers. */
uint64_t local_apic_base(const struct local_apic *apic);
void local_apic_set_base(struct local_apic *apic, uint64_t value);
bool local_apic_enabled(const struct local_apic *apic);

/* The registers at their address of now. Of no bytes when disabled: ask again after local_apic_set_base(). */
#define LOCAL_APIC_RANGES 1
void local_apic_ranges(struct local_apic *apic, struct io_range ranges[LOCAL_APIC_RANGES]);

#endif
