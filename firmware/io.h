/* Port accesses, block moves and the console: what every part of the firmware uses. */
#ifndef FIRMWARE_IO_H
#define FIRMWARE_IO_H

#include <stddef.h>
#include <stdint.h>

static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t in32(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out16(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }

/* Reads count bytes from one port. */
static inline void in8_block(uint16_t port, void *to, uint32_t count) {
    __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static inline void clear(void *to, uint32_t count) {
    uint32_t words = count / 4, rest = count % 4;
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(0) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(0) : "memory");
}

enum post_code {
    POST_C_CODE = 0x10,
    POST_MEMORY_MAP = 0x20,
    POST_CHIPS = 0x30,
    POST_PCI = 0x38,
    POST_KERNEL_FOUND = 0x40,
    POST_KERNEL_CHECKED = 0x50,
    POST_KERNEL_COPIED = 0x60,
    POST_MODULE_LOADED = 0x70,
    POST_ENTER_KERNEL = 0xA0,
    POST_FAILED = 0xEE,
};

static inline void post(enum post_code code) { out8(0x80, (uint8_t)code); }

/* 115200 bits a second, 8 data bits, no parity, one stop bit, FIFOs on, interrupts off. */
void serial_init(void);

/* Prints "firmware: ", the text and a line end on the serial port and the debug console, and leaves through
 * the debug exit port with FAIL_EXIT_VALUE; halts for ever where that port does not exist.
 * The format knows %s (string), %u and %x (uint32_t, decimal or 0x and eight digits). */
#define FAIL_EXIT_VALUE 0x7Fu
_Noreturn void fail(const char *format, ...);

#endif
