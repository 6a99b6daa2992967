/*
 * What the small devices share: wide accesses to 8-bit registers, and a place to send bytes.
 *
 * An 8-bit device on a PC's bus sees a 16- or 32-bit access as consecutive byte accesses to consecutive
 * ports, lowest first. io_read_bytes() and io_write_bytes() do that split.
 */
#ifndef FAULTLINE_IO_BYTES_H
#define FAULTLINE_IO_BYTES_H

#include "emu/devices/device.h"

typedef uint8_t io_byte_read(void *device, uint64_t offset);
typedef void io_byte_write(void *device, uint64_t offset, uint8_t value);

/* size 1 to 4; the first byte of the device is the lowest of the result. */
static inline uint32_t io_read_bytes(void *device, uint64_t offset, unsigned size, io_byte_read *read) {
    uint32_t value = 0;
    for (unsigned i = 0; i < size && i < 4; i++)
        value |= (uint32_t)read(device, offset + i) << (8 * i);
    return value;
}

static inline void io_write_bytes(void *device, uint64_t offset, unsigned size, uint32_t value, io_byte_write *write) {
    for (unsigned i = 0; i < size && i < 4; i++)
        write(device, offset + i, (uint8_t)(value >> (8 * i)));
}

/* Where a device sends bytes. put may be NULL: the bytes vanish. */
struct byte_sink {
    void (*put)(void *owner, uint8_t byte);
    void *owner;
};

static inline void sink_put(const struct byte_sink *sink, uint8_t byte) {
    if (sink->put)
        sink->put(sink->owner, byte);
}

#endif
