/* fw_cfg: items, directory, DMA, and guests that mean harm. */
#include "tests/devices/rig.h"
#include "emu/devices/fw_cfg.h"

#include <stdio.h>

#define SELECTOR 0x510
#define DATA 0x511
#define DMA_HIGH 0x514
#define DMA_LOW 0x518
#define DESCRIPTOR (RAM_BASE + 0x100u)
#define BUFFER (RAM_BASE + 0x1000u)
#define GUEST_RAM (64ull << 20)

#define DMA_READ 2u
#define DMA_SKIP 4u
#define DMA_SELECT 8u
#define DMA_WRITE 16u

struct fixture {
    struct fw_cfg fw_cfg;
    struct bus bus;
    struct ram ram;
};

static struct fixture *make(void) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[FW_CFG_RANGES];
    fw_cfg_init(&f->fw_cfg, ram_memory(&f->ram), GUEST_RAM, 1);
    fw_cfg_ranges(&f->fw_cfg, ranges);
    bus_add(&f->bus, ranges, FW_CFG_RANGES);
    cr_assert(fw_cfg_add_file(&f->fw_cfg, "opt/test/file", "0123456789", 10));
    return f;
}

static void put_big(uint8_t *to, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint32_t get_big(const uint8_t *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void start_dma(struct fixture *f, uint64_t descriptor) {
    bus_write(&f->bus, DMA_HIGH, 4, __builtin_bswap32((uint32_t)(descriptor >> 32)));
    bus_write(&f->bus, DMA_LOW, 4, __builtin_bswap32((uint32_t)descriptor));
}

/* Runs one descriptor; returns what the device left in its control word. */
static uint32_t dma(struct fixture *f, uint32_t control, uint32_t length, uint64_t address) {
    uint8_t *at = f->ram.byte + (DESCRIPTOR - RAM_BASE);
    put_big(at, control, 4);
    put_big(at + 4, length, 4);
    put_big(at + 8, address, 8);
    start_dma(f, DESCRIPTOR);
    return get_big(at);
}

static void read_item(struct fixture *f, unsigned key, void *to, unsigned count) {
    uint8_t *byte = to;
    bus_write(&f->bus, SELECTOR, 2, key);
    for (unsigned i = 0; i < count; i++)
        byte[i] = in(&f->bus, DATA);
}

static unsigned key_of(struct fixture *f, const char *name, uint32_t *size) {
    uint8_t head[4], entry[64];
    read_item(f, 0x19, head, 4);
    for (unsigned i = 0; i < get_big(head); i++) {
        for (unsigned k = 0; k < 64; k++)
            entry[k] = in(&f->bus, DATA);
        *size = get_big(entry);
        if (strcmp((const char *)entry + 8, name) == 0)
            return (unsigned)entry[4] << 8 | entry[5];
    }
    return 0;
}

Test(fw_cfg, it_identifies_itself) {
    struct fixture *f = make();
    char signature[5] = "";
    read_item(f, 0, signature, 4);
    cr_assert_str_eq(signature, "QEMU");
    uint32_t id = 0;
    read_item(f, 1, &id, 4);
    cr_assert_eq(id, 3, "port interface and DMA");
    cr_assert_eq(bus_read(&f->bus, DMA_HIGH, 4), 0x554D4551, "QEMU, first letter at the first port");
    cr_assert_eq(bus_read(&f->bus, DMA_LOW, 4), 0x47464320, " CFG");
}

Test(fw_cfg, fixed_items) {
    struct fixture *f = make();
    uint64_t ram = 0;
    uint16_t cpus = 0;
    read_item(f, 3, &ram, 8);
    read_item(f, 5, &cpus, 2);
    cr_assert_eq(ram, GUEST_RAM);
    cr_assert_eq(cpus, 1);
}

Test(fw_cfg, the_memory_map_is_a_file) {
    struct fixture *f = make();
    uint32_t size = 0;
    unsigned key = key_of(f, "etc/e820", &size);
    cr_assert_neq(key, 0);
    cr_assert_eq(size, 20);
    struct {
        uint64_t base, length;
        uint32_t type;
    } __attribute__((packed)) entry;
    read_item(f, key, &entry, sizeof entry);
    cr_assert_eq(entry.base, 0);
    cr_assert_eq(entry.length, GUEST_RAM);
    cr_assert_eq(entry.type, 1);
}

Test(fw_cfg, a_file_reads_to_its_end_and_then_zeros) {
    struct fixture *f = make();
    uint32_t size = 0;
    unsigned key = key_of(f, "opt/test/file", &size);
    cr_assert_eq(size, 10);
    char text[16];
    read_item(f, key, text, sizeof text);
    cr_assert_arr_eq(text, "0123456789\0\0\0\0\0\0", 16);
    read_item(f, key, text, 3);
    cr_assert_arr_eq(text, "012", 3, "selecting starts again");
}

Test(fw_cfg, absent_keys_read_zero) {
    struct fixture *f = make();
    for (unsigned key = 0; key < 0x10000; key += 7) {
        uint32_t size = 0;
        if (key == 0 || key == 0x1F || key_of(f, "opt/test/file", &size) == key)
            continue;
        bus_write(&f->bus, SELECTOR, 2, key);
        uint8_t byte = in(&f->bus, DATA);
        cr_assert(byte == 0 || key < 0x22, "key %#x", key);
    }
}

Test(fw_cfg, the_directory_refuses_what_it_cannot_hold) {
    struct fixture *f = make();
    static char name[FW_CFG_FILES_MAX][16];
    char long_name[FW_CFG_NAME_BYTES + 1];
    memset(long_name, 'n', sizeof long_name);
    long_name[FW_CFG_NAME_BYTES] = '\0';
    cr_assert(!fw_cfg_add_file(&f->fw_cfg, long_name, "", 0));
    cr_assert(!fw_cfg_add_file(&f->fw_cfg, "", "", 0));
    cr_assert(!fw_cfg_add_file(&f->fw_cfg, "opt/test/file", "", 0), "taken");
    cr_assert(!fw_cfg_add_file(&f->fw_cfg, "opt/huge", "", (size_t)UINT32_MAX + 1));
    long_name[FW_CFG_NAME_BYTES - 1] = '\0';
    cr_assert(fw_cfg_add_file(&f->fw_cfg, long_name, "x", 1));
    for (unsigned i = 3; i < FW_CFG_FILES_MAX; i++) {
        snprintf(name[i], sizeof name[i], "opt/%u", i);
        cr_assert(fw_cfg_add_file(&f->fw_cfg, name[i], &name[i], 1), "file %u", i);
    }
    cr_assert(!fw_cfg_add_file(&f->fw_cfg, "opt/one-too-many", "", 0));
    uint32_t size = 0;
    cr_assert_eq(key_of(f, "opt/31", &size), 0x20 + 31);
    uint8_t byte;
    read_item(f, 0x20 + FW_CFG_FILES_MAX, &byte, 1);
    cr_assert_eq(byte, 0);
}

Test(fw_cfg, the_data_port_follows_the_whole_directory_and_stops) {
    struct fixture *f = make();
    bus_write(&f->bus, SELECTOR, 2, 0x19);
    for (unsigned i = 0; i < 4 + 2 * 64; i++)
        in(&f->bus, DATA);
    for (unsigned i = 0; i < 100000; i++)
        cr_assert_eq(in(&f->bus, DATA), 0, "byte %u after the end", i);
}

Test(fw_cfg, writes_to_the_data_port_change_nothing) {
    struct fixture *f = make();
    uint32_t size = 0;
    unsigned key = key_of(f, "opt/test/file", &size);
    bus_write(&f->bus, SELECTOR, 2, key);
    out(&f->bus, DATA, 'X');
    out(&f->bus, SELECTOR, 0); /* a byte is no selector */
    cr_assert_eq(in(&f->bus, DATA), '0');
}

Test(fw_cfg, dma_selects_skips_and_reads) {
    struct fixture *f = make();
    uint32_t size = 0, key = key_of(f, "opt/test/file", &size);
    memset(f->ram.byte + 0x1000, 0xCC, 16);
    cr_assert_eq(dma(f, key << 16 | DMA_SELECT | DMA_READ, 4, BUFFER), 0);
    cr_assert_arr_eq(f->ram.byte + 0x1000, "0123\xCC", 5);
    cr_assert_eq(dma(f, DMA_READ, 2, BUFFER), 0);
    cr_assert_arr_eq(f->ram.byte + 0x1000, "4523", 4, "it goes on where it was");
    cr_assert_eq(dma(f, DMA_SKIP, 2, 0), 0);
    cr_assert_eq(dma(f, DMA_READ, 4, BUFFER), 0);
    cr_assert_arr_eq(f->ram.byte + 0x1000, "89\0\0\xCC", 5, "zeros after the end");
    cr_assert_eq(dma(f, key << 16 | DMA_SELECT, 0, 0), 0);
    cr_assert_eq(in(&f->bus, DATA), '0', "both interfaces share the selector");
}

Test(fw_cfg, dma_cannot_write_an_item) {
    struct fixture *f = make();
    uint32_t size = 0, key = key_of(f, "opt/test/file", &size);
    cr_assert_eq(dma(f, key << 16 | DMA_SELECT | DMA_WRITE, 4, BUFFER), 1);
    cr_assert_eq(in(&f->bus, DATA), '0');
}

Test(fw_cfg, dma_to_outside_ram_is_an_error) {
    struct fixture *f = make();
    uint32_t size = 0, key = key_of(f, "opt/test/file", &size);
    static const uint64_t bad[] = {
        0,          RAM_BASE - 1,  RAM_BASE + RAM_BYTES - 4, RAM_BASE + RAM_BYTES, 0xFFFFFFFF, 1ull << 32,
        UINT64_MAX, UINT64_MAX - 3};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(dma(f, key << 16 | DMA_SELECT | DMA_READ, 10, bad[i]), 1, "address %#llx",
                     (unsigned long long)bad[i]);
}

Test(fw_cfg, dma_of_a_huge_length_is_an_error_and_bounded) {
    struct fixture *f = make();
    uint32_t size = 0, key = key_of(f, "opt/test/file", &size);
    static const uint32_t lengths[] = {RAM_BYTES, 0x7FFFFFFF, 0xFFFFFFFF};
    for (unsigned i = 0; i < 3; i++) {
        f->ram.bytes_moved = 0;
        cr_assert_eq(dma(f, key << 16 | DMA_SELECT | DMA_READ, lengths[i], BUFFER), 1, "length %#x", lengths[i]);
        cr_assert(f->ram.bytes_moved <= RAM_BYTES + 64, "length %#x", lengths[i]);
    }
    cr_assert_eq(dma(f, key << 16 | DMA_SELECT | DMA_SKIP, 0xFFFFFFFF, 0), 0);
    cr_assert_eq(dma(f, DMA_SKIP, 1, 0), 0);
    cr_assert_eq(in(&f->bus, DATA), 0, "skipping does not wrap round to the first byte");
}

Test(fw_cfg, a_descriptor_outside_ram_does_nothing) {
    struct fixture *f = make();
    uint32_t size = 0, key = key_of(f, "opt/test/file", &size);
    bus_write(&f->bus, SELECTOR, 2, key);
    static const uint64_t bad[] = {0,          RAM_BASE - 15,   RAM_BASE + RAM_BYTES - 15,
                                   UINT64_MAX, UINT64_MAX - 15, 1ull << 63};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        start_dma(f, bad[i]);
    cr_assert_eq(f->ram.bytes_moved, 0);
    cr_assert_eq(in(&f->bus, DATA), '0');
}

Test(fw_cfg, a_transfer_over_its_own_descriptor_still_ends) {
    struct fixture *f = make();
    uint32_t size = 0, key = key_of(f, "opt/test/file", &size);
    cr_assert_eq(dma(f, key << 16 | DMA_SELECT | DMA_READ, 10, DESCRIPTOR), 0);
    cr_assert_arr_eq(f->ram.byte + 0x104, "456789", 6);
}

Test(fw_cfg, the_high_half_of_the_dma_address_counts_once) {
    struct fixture *f = make();
    uint8_t *at = f->ram.byte + (DESCRIPTOR - RAM_BASE);
    put_big(at, DMA_SKIP, 4);
    start_dma(f, 1ull << 32 | DESCRIPTOR);
    cr_assert_eq(get_big(at), DMA_SKIP, "above 4 GiB is no RAM");
    bus_write(&f->bus, DMA_LOW, 4, __builtin_bswap32(DESCRIPTOR));
    cr_assert_eq(get_big(at), 0);
}

Test(fw_cfg, odd_sizes_and_offsets_are_harmless) {
    struct fixture *f = make();
    for (unsigned range = 0; range < f->bus.count; range++)
        for (uint64_t offset = 0; offset < 64; offset++)
            for (unsigned size = 0; size < 9; size++) {
                const struct io_range *r = &f->bus.range[range];
                r->ops->read(r->device, offset, size);
                r->ops->write(r->device, offset, size, UINT32_MAX);
            }
    cr_assert_eq(bus_read(&f->bus, SELECTOR, 2), 0xFFFF);
}
