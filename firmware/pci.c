/*
 * Gives the devices of PCI bus 0 addresses and interrupts: see pci.h for what holds afterwards.
 *
 *     ports   0xC000     - 0x10000      above what a PC's own chips use
 *     memory  0xE0000000 - 0xFEC00000   between RAM, which ends below, and the APICs
 *
 * Addresses go up in the order of the devices, each aligned to its size. Source: PCI Local Bus Specification 2.1,
 * section 6.2.5.1; Intel 82371SB (PIIX3) data sheet, PIRQ route control and ELCR.
 */
#include "pci.h"
#include "io.h"

#include <stdbool.h>

#define CONFIG_ADDRESS 0xCF8
#define CONFIG_DATA 0xCFC
#define SLOTS 32u
#define FUNCTIONS 8u
#define BARS 6u

#define REGISTER_ID 0x00u
#define REGISTER_COMMAND 0x04u
#define REGISTER_HEADER 0x0Cu /* header type in bits 23-16 */
#define REGISTER_BAR 0x10u
#define REGISTER_INTERRUPT 0x3Cu
#define REGISTER_PIRQ 0x60u

#define COMMAND_IO 1u
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define HEADER_KIND(header) ((header) >> 16 & 0x7Fu)
#define HEADER_MULTI_FUNCTION 0x800000u
#define BAR_IO 1u
#define BAR_IS_64_BIT(bar) (((bar)&7u) == 4u)
#define PIIX3 0x70008086u

#define PIRQ_ROUTES 0x0B0B0A0Au /* A, B: IRQ 10; C, D: IRQ 11 */
#define ELCR_HIGH 0x4D1
#define ELCR_10_11 0x0Cu

struct window {
    uint32_t next, end;
};

struct windows {
    struct window io, memory;
};

static void select(uint32_t function, uint32_t at) { out32(CONFIG_ADDRESS, 0x80000000u | function << 8 | at); }

static uint32_t config_read(uint32_t function, uint32_t at) {
    select(function, at);
    return in32(CONFIG_DATA);
}

static void config_write(uint32_t function, uint32_t at, uint32_t value) {
    select(function, at);
    out32(CONFIG_DATA, value);
}

/* The next aligned place of so many bytes, 0 when there is none. */
static uint32_t place(struct window *window, uint32_t bytes) {
    uint32_t at = (window->next + bytes - 1) & ~(bytes - 1);
    if (at < window->next || at >= window->end || window->end - at < bytes)
        return 0;
    window->next = at + bytes;
    return at;
}

/* Returns the command bit that makes the device decode it, 0 when there is nothing to decode. */
static uint32_t place_bar(uint32_t function, uint32_t at, struct windows *windows) {
    config_write(function, at, UINT32_MAX);
    uint32_t ones = config_read(function, at);
    bool io = ones & BAR_IO;
    /* A port register may have no bits above 15. */
    uint32_t mask = io ? (ones & ~3u) | 0xFFFF0000u : ones & ~15u, bytes = ~mask + 1;
    uint32_t address = ones && bytes ? place(io ? &windows->io : &windows->memory, bytes) : 0;
    config_write(function, at, address);
    if (!io && BAR_IS_64_BIT(ones))
        config_write(function, at + 4, 0);
    return !address ? 0 : io ? COMMAND_IO : COMMAND_MEMORY;
}

static void place_device(uint32_t function, struct windows *windows) {
    uint32_t command = 0;
    for (uint32_t bar = 0; bar < BARS; bar++) {
        uint32_t at = REGISTER_BAR + 4 * bar, before = config_read(function, at);
        command |= place_bar(function, at, windows);
        if (!(before & BAR_IO) && BAR_IS_64_BIT(before))
            bar++;
    }
    if (!command)
        return;
    select(function, REGISTER_COMMAND);
    out16(CONFIG_DATA, (uint16_t)(in32(CONFIG_DATA) | command | COMMAND_MASTER));
}

/* Pins are swizzled over the PIRQs by slot, as the 440FX boards do it: pin A of slot 1 is PIRQ A. */
static void tell_interrupt(uint32_t function) {
    uint32_t pin = config_read(function, REGISTER_INTERRUPT) >> 8 & 0xFFu, slot = function >> 3;
    if (pin < 1 || pin > 4)
        return;
    select(function, REGISTER_INTERRUPT);
    out8(CONFIG_DATA, (uint8_t)(PIRQ_ROUTES >> 8 * ((pin - 1 + slot - 1) & 3u)));
}

static void set_up_function(uint32_t function, struct windows *windows) {
    if (config_read(function, REGISTER_ID) == PIIX3) {
        config_write(function, REGISTER_PIRQ, PIRQ_ROUTES);
        out8(ELCR_HIGH, (uint8_t)(in8(ELCR_HIGH) | ELCR_10_11));
    }
    if (HEADER_KIND(config_read(function, REGISTER_HEADER)) == 0)
        place_device(function, windows);
    tell_interrupt(function);
}

void pci_init(void) {
    struct windows windows = {{0xC000, 0x10000}, {0xE0000000u, 0xFEC00000u}};
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        uint32_t first = slot * FUNCTIONS, functions = 1;
        if (config_read(first, REGISTER_HEADER) & HEADER_MULTI_FUNCTION)
            functions = FUNCTIONS;
        for (uint32_t i = 0; i < functions; i++)
            if (config_read(first + i, REGISTER_ID) != UINT32_MAX)
                set_up_function(first + i, &windows);
    }
}
