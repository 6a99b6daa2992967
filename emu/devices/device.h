/*
 * The small interface between a device model and the board that it sits on.
 *
 * A device never sees the CPU, the board or another device. It gets: port and MMIO accesses (one at a time,
 * already split to 1, 2 or 4 bytes), an interrupt line to drive, timers on the virtual clock, and, where it
 * does DMA, guest memory through struct guest_memory. All of this is plain function pointers, so that a test
 * drives a device alone.
 */
#ifndef FAULTLINE_DEVICE_H
#define FAULTLINE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Virtual time, nanoseconds since reset. */
typedef uint64_t vtime;
#define VTIME_NEVER UINT64_MAX

/* A wire. set() may be called with the level that it already has. */
struct irq_line {
    void (*set)(void *owner, unsigned number, bool level);
    void *owner;
    unsigned number;
};

static inline void irq_set(const struct irq_line *line, bool level) {
    if (line->set)
        line->set(line->owner, line->number, level);
}

/* A timer is a member of its device; the clock keeps a sorted intrusive list of armed ones. */
struct vtimer {
    void (*fire)(void *owner, vtime now);
    void *owner;
    vtime due; /* VTIME_NEVER when not armed */
    struct vtimer *next;
};

/* The clock as devices see it (emu/machine implements it; tests make their own with clock_init). */
struct vclock {
    vtime now; /* brought up to date by the board before any device is entered */
    struct vtimer *first;
};

void vclock_init(struct vclock *clock);
void vtimer_init(struct vtimer *timer, void (*fire)(void *owner, vtime now), void *owner);
void vtimer_arm(struct vclock *clock, struct vtimer *timer, vtime due); /* re-arms when already armed */
void vtimer_cancel(struct vclock *clock, struct vtimer *timer);
vtime vclock_next(const struct vclock *clock); /* due time of the first timer or VTIME_NEVER */
/* Sets now and fires everything due at or before it, in order of due time, ties in order of arming. */
void vclock_advance(struct vclock *clock, vtime now);

/* DMA: both return false when any byte is outside RAM (nothing is copied then). Writes keep translated code coherent.
 */
struct guest_memory {
    bool (*read)(void *owner, uint64_t physical, void *to, size_t size);
    bool (*write)(void *owner, uint64_t physical, const void *from, size_t size);
    void *owner;
};

/* size is 1, 2 or 4. offset counts from the first port (byte) of the range. */
struct io_ops {
    uint32_t (*read)(void *device, uint64_t offset, unsigned size);
    void (*write)(void *device, uint64_t offset, unsigned size, uint32_t value);
};

/* A device publishes its ranges; the board maps them. [base, base + count). */
struct io_range {
    uint64_t base;
    uint64_t count;
    const struct io_ops *ops;
    void *device;
};

#endif
