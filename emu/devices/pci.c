/* PCI configuration mechanism 1 and the 440FX chipset's two bridges: see pci.h. */
#include "emu/devices/pci.h"
#include "emu/devices/little_endian.h"

#include <string.h>

#define VENDOR_ID 0x00u
#define DEVICE_ID 0x02u
#define STATUS 0x06u
#define REVISION 0x08u
#define CLASS_CODE 0x09u
#define CACHE_LINE 0x0Cu
#define HEADER_TYPE 0x0Eu
#define BAR_0 0x10u
#define SUBSYSTEM_VENDOR 0x2Cu
#define SUBSYSTEM 0x2Eu
#define INTERRUPT_LINE 0x3Cu
#define INTERRUPT_PIN 0x3Du
#define HEADER_BYTES 0x40u /* registers behind the header are the device's own */

#define COMMAND_MEMORY 0x002u
#define COMMAND_SERR 0x100u
#define COMMAND_NO_INTERRUPT 0x400u
#define COMMAND_WRITABLE (PCI_COMMAND_IO | COMMAND_MEMORY | PCI_COMMAND_MASTER | COMMAND_SERR | COMMAND_NO_INTERRUPT)
#define STATUS_INTERRUPT 0x08u
#define STATUS_ERRORS 0xF900u /* parity, aborts, system error */
#define BAR_IO 1u
#define MULTI_FUNCTION 0x80u

#define DRAM_ROW_BYTES (8u << 20)

#define ADDRESS_ENABLE 0x80000000u
#define PIRQ_ROUTE 0x60u
#define ROUTE_OFF 0x80u
#define ROUTE_INPUT 0x0Fu

uint16_t pci_command(const struct pci_function *function) { return get16(function->config + PCI_COMMAND); }

/* Interrupts */

static unsigned pirq_of(const struct pci_function *function) { return (function->slot - 1u) % PCI_PIRQS; }

static bool raises_interrupt(const struct pci_function *function) {
    return function->interrupt && !(pci_command(function) & COMMAND_NO_INTERRUPT);
}

/* The inputs that some line holds up through its route. */
static uint16_t wanted_inputs(const struct pci *pci) {
    uint32_t wanted = 0;
    for (unsigned i = 0; i < PCI_SLOTS; i++) {
        if (!pci->slot[i] || !raises_interrupt(pci->slot[i]))
            continue;
        uint8_t route = pci->isa_bridge.config[PIRQ_ROUTE + pirq_of(pci->slot[i])];
        if (!(route & ROUTE_OFF))
            wanted |= 1u << (route & ROUTE_INPUT);
    }
    return (uint16_t)wanted;
}

/* Inputs that nothing drives are left alone: an ISA device may own them. */
static void update_inputs(struct pci *pci) {
    uint32_t wanted = wanted_inputs(pci), changed = wanted ^ pci->driven;
    pci->driven = (uint16_t)wanted;
    for (unsigned i = 0; i < 16; i++) {
        struct irq_line line = {pci->input.set, pci->input.owner, i};
        if (changed >> i & 1u)
            irq_set(&line, wanted >> i & 1u);
    }
}

static void show_interrupt(struct pci_function *function) {
    if (function->interrupt)
        function->config[STATUS] |= STATUS_INTERRUPT;
    else
        function->config[STATUS] &= (uint8_t)~STATUS_INTERRUPT;
}

void pci_set_interrupt(struct pci_function *function, bool level) {
    if (function->interrupt == level)
        return;
    function->interrupt = level;
    show_interrupt(function);
    if (function->pci)
        update_inputs(function->pci);
}

/* I/O ports */

static void place_io(struct pci_function *function) {
    uint64_t count = function->io.count, base = get32(function->config + BAR_0) & ~(uint64_t)BAR_IO & ~(count - 1);
    bool decoded = count && (pci_command(function) & PCI_COMMAND_IO) && base && base + count <= 0x10000u;
    if (decoded == function->decoded && (!decoded || base == function->io.base))
        return;
    function->decoded = decoded;
    function->io.base = base;
    if (function->pci && function->pci->io_changed)
        function->pci->io_changed(function->pci->owner);
}

unsigned pci_io_ranges(const struct pci *pci, struct io_range ranges[PCI_SLOTS]) {
    unsigned count = 0;
    for (unsigned i = 0; i < PCI_SLOTS; i++)
        if (pci->slot[i] && pci->slot[i]->decoded)
            ranges[count++] = pci->slot[i]->io;
    return count;
}

/* Registers */

static struct pci_function *selected(const struct pci *pci) {
    bool there = (pci->address & ADDRESS_ENABLE) && (pci->address >> 16 & 0xFFu) == 0 && (pci->address >> 8 & 7u) == 0;
    return there ? pci->slot[pci->address >> 11 & 31u] : NULL;
}

static void write_byte(struct pci_function *function, unsigned at, uint8_t value) {
    uint8_t mask = function->writable[at];
    function->config[at] = (uint8_t)((function->config[at] & ~mask) | (value & mask));
    function->config[at] &= (uint8_t) ~(value & function->write_one[at]);
}

static void registers_changed(struct pci_function *function) {
    place_io(function);
    update_inputs(function->pci);
}

void pci_set_command(struct pci_function *function, uint16_t command) {
    put16(function->config + PCI_COMMAND, command);
    if (function->pci)
        registers_changed(function);
}

/* The low bits of 0xCF8 select a byte as well: 0xCF8 = ...02 and a read of 0xCFC gives register 2. */
static unsigned register_at(const struct pci *pci, uint64_t offset) {
    return (pci->address | (unsigned)(offset & 3u)) & 0xFFu;
}

static uint32_t data_read(void *device, uint64_t offset, unsigned size) {
    const struct pci *pci = device;
    const struct pci_function *function = selected(pci);
    unsigned at = register_at(pci, offset);
    uint32_t value = 0;
    if (!function)
        return UINT32_MAX;
    for (unsigned i = 0; i < size && at + i < PCI_CONFIG_BYTES; i++)
        value |= (uint32_t)function->config[at + i] << (8 * i);
    return value;
}

static void data_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct pci *pci = device;
    struct pci_function *function = selected(pci);
    unsigned at = register_at(pci, offset);
    if (!function)
        return;
    for (unsigned i = 0; i < size && at + i < PCI_CONFIG_BYTES; i++)
        write_byte(function, at + i, (uint8_t)(value >> (8 * i)));
    registers_changed(function);
}

static uint32_t address_read(void *device, uint64_t offset, unsigned size) {
    (void)offset, (void)size;
    return ((struct pci *)device)->address;
}

static void address_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    if (offset == 0 && size == 4)
        ((struct pci *)device)->address = value;
}

void pci_ranges(struct pci *pci, struct io_range ranges[PCI_RANGES]) {
    static const struct io_ops address_ops = {address_read, address_write};
    static const struct io_ops data_ops = {data_read, data_write};
    ranges[0] = (struct io_range){0xCF8, 4, &address_ops, pci};
    ranges[1] = (struct io_range){0xCFC, 4, &data_ops, pci};
}

/* Making functions and the bus */

void pci_function_init(struct pci_function *function, const struct pci_identity *identity, struct io_range io) {
    *function = (struct pci_function){.io = io};
    put16(function->config + VENDOR_ID, identity->vendor);
    put16(function->config + DEVICE_ID, identity->device);
    put32(function->config + REVISION, identity->class_code << 8 | identity->revision);
    put16(function->config + SUBSYSTEM_VENDOR, identity->subsystem_vendor);
    put16(function->config + SUBSYSTEM, identity->subsystem);
    function->config[INTERRUPT_PIN] = identity->has_interrupt;
    put16(function->writable + PCI_COMMAND, COMMAND_WRITABLE);
    put16(function->write_one + STATUS, STATUS_ERRORS);
    function->writable[CACHE_LINE] = function->writable[INTERRUPT_LINE] = 0xFF;
    memset(function->writable + HEADER_BYTES, 0xFF, PCI_CONFIG_BYTES - HEADER_BYTES);
    if (!io.count)
        return;
    function->config[BAR_0] = BAR_IO;
    put32(function->writable + BAR_0, ~(uint32_t)(io.count - 1));
}

static void plug_at(struct pci *pci, struct pci_function *function, unsigned slot) {
    function->pci = pci;
    function->slot = slot;
    pci->slot[slot] = function;
}

bool pci_plug(struct pci *pci, struct pci_function *function) {
    for (unsigned slot = PCI_FIRST_FREE_SLOT; slot < PCI_SLOTS; slot++) {
        if (pci->slot[slot])
            continue;
        plug_at(pci, function, slot);
        return true;
    }
    return false;
}

static void init_host_bridge(struct pci *pci, uint64_t ram_bytes) {
    uint64_t rows = ram_bytes / DRAM_ROW_BYTES;
    struct pci_identity identity = {0x8086, 0x1237, 0x1AF4, 0x1100, 0x060000, 2, false};
    pci_function_init(&pci->host_bridge, &identity, (struct io_range){0});
    pci->host_bridge.config[0x57] =
        (uint8_t)(rows < 0xFF ? rows : 0xFF); /* DRAM row type on the chip; its count on QEMU */
    pci->host_bridge.config[0x72] = 0x02;     /* SMRAM control */
    plug_at(pci, &pci->host_bridge, 0);
}

static void init_isa_bridge(struct pci *pci) {
    struct pci_identity identity = {0x8086, 0x7000, 0x1AF4, 0x1100, 0x060100, 0, false};
    struct pci_function *bridge = &pci->isa_bridge;
    pci_function_init(bridge, &identity, (struct io_range){0});
    put16(bridge->config + STATUS, 0x0200); /* medium DEVSEL timing */
    bridge->config[HEADER_TYPE] = MULTI_FUNCTION;
    put32(bridge->config + 0x4C, 0x0003004D); /* ISA recovery timer, X-bus chip selects */
    memset(bridge->config + PIRQ_ROUTE, ROUTE_OFF, PCI_PIRQS);
    bridge->config[0x69] = 0x02;          /* top of memory */
    bridge->config[0x70] = 0x80;          /* motherboard device interrupt: off */
    put16(bridge->config + 0x76, 0x0C0C); /* motherboard DMA channels: off */
    bridge->config[0x78] = 0x02;
    bridge->config[0xA0] = 0x08; /* SMI control */
    bridge->config[0xA8] = 0x0F; /* fast-off timer */
    plug_at(pci, bridge, 1);
}

void pci_init(struct pci *pci, uint64_t ram_bytes, struct irq_line input, void (*io_changed)(void *owner),
              void *owner) {
    *pci = (struct pci){.input = input, .io_changed = io_changed, .owner = owner};
    init_host_bridge(pci, ram_bytes);
    init_isa_bridge(pci);
}
