/* The I/O APIC: see io_apic.h for the model. */
#include "emu/devices/io_apic.h"

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI 0x40u
#define BYTES 0x1000u

#define REG_ID 0u
#define REG_VERSION 1u
#define REG_ARBITRATION 2u
#define REG_ENTRIES 0x10u
#define VERSION (0x20u | (IO_APIC_PINS - 1) << 16)

#define ENTRY_LOGICAL (1ull << 11)
#define ENTRY_PENDING (1ull << 12)
#define ENTRY_REMOTE_IRR (1ull << 14)
#define ENTRY_LEVEL (1ull << 15)
#define ENTRY_MASKED (1ull << 16)
#define ENTRY_READ_ONLY (ENTRY_PENDING | ENTRY_REMOTE_IRR)

static void send(const struct io_apic *io_apic, unsigned pin) {
    uint64_t entry = io_apic->entry[pin];
    io_apic->send(io_apic->owner, (struct apic_message){
                                      .vector = (uint8_t)entry,
                                      .delivery = entry >> 8 & 7u,
                                      .destination = (uint8_t)(entry >> 56),
                                      .logical = entry & ENTRY_LOGICAL,
                                      .level = entry & ENTRY_LEVEL,
                                  });
}

/* An asserted level-triggered input whose last message is ended. */
static void serve_level(struct io_apic *io_apic, unsigned pin) {
    uint64_t *entry = &io_apic->entry[pin];
    if (!(io_apic->input >> pin & 1u) || (*entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)) || !(*entry & ENTRY_LEVEL))
        return;
    *entry |= ENTRY_REMOTE_IRR;
    send(io_apic, pin);
}

void io_apic_set_pin(void *owner, unsigned number, bool level) {
    struct io_apic *io_apic = owner;
    if (number >= IO_APIC_PINS)
        return;
    bool rises = level && !(io_apic->input >> number & 1u);
    io_apic->input = level ? io_apic->input | 1u << number : io_apic->input & ~(1u << number);
    if (rises && !(io_apic->entry[number] & (ENTRY_LEVEL | ENTRY_MASKED)))
        send(io_apic, number);
    serve_level(io_apic, number);
}

void io_apic_end_of_interrupt(void *owner, uint8_t vector) {
    struct io_apic *io_apic = owner;
    for (unsigned pin = 0; pin < IO_APIC_PINS; pin++) {
        uint64_t *entry = &io_apic->entry[pin];
        if ((uint8_t)*entry != vector || !(*entry & ENTRY_REMOTE_IRR))
            continue;
        *entry &= ~ENTRY_REMOTE_IRR;
        serve_level(io_apic, pin);
    }
}

static void write_entry(struct io_apic *io_apic, unsigned number, uint32_t value) {
    uint64_t *entry = &io_apic->entry[number / 2], kept = *entry & ENTRY_READ_ONLY;
    if (number % 2)
        *entry = (uint64_t)value << 32 | (uint32_t)*entry;
    else
        *entry = (*entry & ~(uint64_t)UINT32_MAX) | value;
    *entry = (*entry & ~ENTRY_READ_ONLY) | kept;
    if (!(*entry & ENTRY_LEVEL))
        *entry &= ~ENTRY_REMOTE_IRR;
    serve_level(io_apic, number / 2);
}

static uint32_t read_window(const struct io_apic *io_apic) {
    uint32_t number = io_apic->select - REG_ENTRIES;
    switch (io_apic->select) {
    case REG_ID:
    case REG_ARBITRATION: return io_apic->id << 24;
    case REG_VERSION: return VERSION;
    default: break;
    }
    if (io_apic->select < REG_ENTRIES || number >= 2 * IO_APIC_PINS)
        return 0;
    return (uint32_t)(io_apic->entry[number / 2] >> (number % 2 ? 32 : 0));
}

static void write_window(struct io_apic *io_apic, uint32_t value) {
    uint32_t number = io_apic->select - REG_ENTRIES;
    if (io_apic->select == REG_ID)
        io_apic->id = value >> 24 & 0x0Fu;
    else if (io_apic->select >= REG_ENTRIES && number < 2 * IO_APIC_PINS)
        write_entry(io_apic, number, value);
}

static uint32_t register_read(void *device, uint64_t offset, unsigned size) {
    const struct io_apic *io_apic = device;
    if (offset == OFFSET_SELECT)
        return io_apic->select;
    return offset == OFFSET_WINDOW && size == 4 ? read_window(io_apic) : 0;
}

static void register_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct io_apic *io_apic = device;
    if (offset == OFFSET_SELECT)
        io_apic->select = value & 0xFFu;
    else if (offset == OFFSET_WINDOW && size == 4)
        write_window(io_apic, value);
    else if (offset == OFFSET_EOI && size == 4)
        io_apic_end_of_interrupt(io_apic, (uint8_t)value);
}

void io_apic_init(struct io_apic *io_apic, void (*send_message)(void *owner, struct apic_message message),
                  void *owner) {
    *io_apic = (struct io_apic){.send = send_message, .owner = owner};
    for (unsigned pin = 0; pin < IO_APIC_PINS; pin++)
        io_apic->entry[pin] = ENTRY_MASKED;
}

void io_apic_ranges(struct io_apic *io_apic, struct io_range ranges[IO_APIC_RANGES]) {
    static const struct io_ops ops = {register_read, register_write};
    ranges[0] = (struct io_range){IO_APIC_BASE, BYTES, &ops, io_apic};
}
