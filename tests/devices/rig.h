/* What the device tests share: a port bus, wires that count edges, and a piece of guest RAM. */
#ifndef FAULTLINE_TESTS_DEVICES_RIG_H
#define FAULTLINE_TESTS_DEVICES_RIG_H

#include "emu/devices/device.h"

#include <criterion/criterion.h>
#include <string.h>

#define BUS_RANGES 64u

struct bus {
    struct io_range range[BUS_RANGES];
    unsigned count;
};

static inline void bus_add(struct bus *bus, const struct io_range *ranges, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < bus->count; k++)
            cr_assert(ranges[i].base + ranges[i].count <= bus->range[k].base ||
                          bus->range[k].base + bus->range[k].count <= ranges[i].base,
                      "ranges at %#llx overlap", (unsigned long long)ranges[i].base);
        bus->range[bus->count++] = ranges[i];
    }
}

static inline struct io_range *bus_find(struct bus *bus, uint64_t at) {
    struct io_range *found = NULL;
    for (unsigned i = 0; i < bus->count; i++)
        if (at >= bus->range[i].base && at - bus->range[i].base < bus->range[i].count)
            found = &bus->range[i];
    cr_assert_not_null(found, "nothing at %#llx", (unsigned long long)at);
    return found;
}

static inline uint32_t bus_read(struct bus *bus, uint64_t at, unsigned size) {
    struct io_range *range = bus_find(bus, at);
    return range->ops->read(range->device, at - range->base, size);
}

static inline void bus_write(struct bus *bus, uint64_t at, unsigned size, uint32_t value) {
    struct io_range *range = bus_find(bus, at);
    range->ops->write(range->device, at - range->base, size, value);
}

static inline uint8_t in(struct bus *bus, uint64_t at) { return (uint8_t)bus_read(bus, at, 1); }
static inline void out(struct bus *bus, uint64_t at, unsigned value) { bus_write(bus, at, 1, value & 0xFFu); }

struct wire {
    bool level;
    unsigned rises;
};

static inline void wire_set(void *owner, unsigned number, bool level) {
    struct wire *wire = owner;
    (void)number;
    if (level && !wire->level)
        wire->rises++;
    wire->level = level;
}

static inline struct irq_line wire_line(struct wire *wire) { return (struct irq_line){wire_set, wire, 0}; }

#define RAM_BASE 0x10000u
#define RAM_BYTES 0x10000u

/* Guest RAM at [RAM_BASE, RAM_BASE + RAM_BYTES). */
struct ram {
    uint8_t byte[RAM_BYTES];
    uint64_t bytes_moved;
};

static inline uint8_t *ram_at(struct ram *ram, uint64_t physical, size_t size) {
    if (physical < RAM_BASE || physical - RAM_BASE > RAM_BYTES || size > RAM_BYTES - (physical - RAM_BASE))
        return NULL;
    ram->bytes_moved += size;
    return ram->byte + (physical - RAM_BASE);
}

static inline bool ram_read(void *owner, uint64_t physical, void *to, size_t size) {
    const uint8_t *from = ram_at(owner, physical, size);
    if (from)
        memcpy(to, from, size);
    return from != NULL;
}

static inline bool ram_write(void *owner, uint64_t physical, const void *from, size_t size) {
    uint8_t *to = ram_at(owner, physical, size);
    if (to)
        memcpy(to, from, size);
    return to != NULL;
}

static inline struct guest_memory ram_memory(struct ram *ram) {
    return (struct guest_memory){ram_read, ram_write, ram};
}

/* A sink that keeps what it got. */
struct record {
    uint8_t byte[256];
    unsigned count;
};

static inline void record_put(void *owner, uint8_t byte) {
    struct record *record = owner;
    if (record->count < sizeof record->byte)
        record->byte[record->count++] = byte;
}

#endif
