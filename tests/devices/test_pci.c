/* The PCI bus: configuration mechanism, base address registers, interrupt routing. */
#include "tests/devices/rig.h"
#include "emu/devices/pci.h"

#define ADDRESS 0xCF8
#define DATA 0xCFC
#define ENABLE 0x80000000u
#define PORTS 64u

struct fixture {
    struct pci pci;
    struct bus bus;
    struct pci_function function[PCI_SLOTS];
    bool input[16];
    unsigned changes; /* of the ports that are decoded */
};

static void set_input(void *owner, unsigned number, bool level) { ((struct fixture *)owner)->input[number] = level; }
static void io_changed(void *owner) { ((struct fixture *)owner)->changes++; }

static struct fixture *make(unsigned functions) {
    static struct fixture fixture;
    static const struct pci_identity identity = {0x1234, 0x5678, 0x9ABC, 0xDEF0, 0x010203, 4, true};
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    struct io_range ranges[PCI_RANGES], io = {0, PORTS, NULL, NULL};
    pci_init(&f->pci, 64u << 20, (struct irq_line){set_input, f, 0}, io_changed, f);
    pci_ranges(&f->pci, ranges);
    bus_add(&f->bus, ranges, PCI_RANGES);
    for (unsigned i = 0; i < functions; i++) {
        pci_function_init(&f->function[i], &identity, io);
        cr_assert(pci_plug(&f->pci, &f->function[i]), "slot %u", i + PCI_FIRST_FREE_SLOT);
    }
    return f;
}

static void select_register(struct fixture *f, unsigned slot, unsigned at) {
    bus_write(&f->bus, ADDRESS, 4, ENABLE | slot << 11 | (at & 0xFCu));
}

static uint32_t get(struct fixture *f, unsigned slot, unsigned at, unsigned size) {
    select_register(f, slot, at);
    return bus_read(&f->bus, DATA + (at & 3u), size);
}

static void set(struct fixture *f, unsigned slot, unsigned at, unsigned size, uint32_t value) {
    select_register(f, slot, at);
    bus_write(&f->bus, DATA + (at & 3u), size, value);
}

Test(pci, identity_at_every_width) {
    struct fixture *f = make(1);
    cr_expect_eq(get(f, 2, 0, 4), 0x56781234u);
    cr_expect_eq(get(f, 2, 2, 2), 0x5678u);
    cr_expect_eq(get(f, 2, 3, 1), 0x56u);
    cr_expect_eq(get(f, 2, 8, 4), 0x01020304u);
    cr_expect_eq(get(f, 2, 0x2C, 4), 0xDEF09ABCu);
    cr_expect_eq(get(f, 2, 0x3D, 1), 1u);
    cr_expect_eq(get(f, 0, 0, 4), 0x12378086u);
    cr_expect_eq(get(f, 1, 0, 4), 0x70008086u);
}

Test(pci, nothing_is_all_ones_and_takes_no_write) {
    static const uint32_t nowhere[] = {ENABLE | 3u << 11, ENABLE | 2u << 11 | 1u << 8, ENABLE | 1u << 16 | 2u << 11,
                                       2u << 11};
    for (unsigned i = 0; i < 4; i++) {
        struct fixture *f = make(1);
        bus_write(&f->bus, ADDRESS, 4, nowhere[i]);
        cr_expect_eq(bus_read(&f->bus, DATA, 4), UINT32_MAX, "address %#x", nowhere[i]);
        bus_write(&f->bus, DATA, 4, 0);
        cr_expect_eq(get(f, 2, 0, 4), 0x56781234u, "address %#x", nowhere[i]);
    }
}

Test(pci, the_address_takes_only_32_bits) {
    struct fixture *f = make(0);
    bus_write(&f->bus, ADDRESS, 4, 0x80001234u);
    bus_write(&f->bus, ADDRESS, 2, 0x5555);
    bus_write(&f->bus, ADDRESS + 3, 1, 0);
    cr_expect_eq(bus_read(&f->bus, ADDRESS, 4), 0x80001234u);
}

Test(pci, identity_is_read_only) {
    struct fixture *f = make(1);
    for (unsigned at = 0; at < 0x40; at += 4) {
        uint32_t before = get(f, 2, at, 4);
        set(f, 2, at, 4, ~before);
        uint32_t changed = get(f, 2, at, 4) ^ before;
        uint32_t may = at == 4 ? 0x507u : at == 0xC ? 0xFFu : at == 0x10 ? ~(PORTS - 1) : at == 0x3C ? 0xFFu : 0;
        cr_expect_eq(changed, may, "register %#x changed %#x", at, changed);
    }
}

Test(pci, a_base_address_register_tells_its_size) {
    struct fixture *f = make(1);
    set(f, 2, 0x10, 4, UINT32_MAX);
    cr_expect_eq(get(f, 2, 0x10, 4), ~(PORTS - 1) | 1u);
    for (unsigned bar = 1; bar < 6; bar++) {
        set(f, 2, 0x10 + 4 * bar, 4, UINT32_MAX);
        cr_expect_eq(get(f, 2, 0x10 + 4 * bar, 4), 0u, "register %u", bar);
    }
}

Test(pci, ports_follow_command_and_address) {
    struct fixture *f = make(2);
    struct io_range ranges[PCI_SLOTS];
    set(f, 2, 0x10, 4, 0xC040);
    cr_expect_eq(f->changes, 0u);
    set(f, 2, 4, 2, PCI_COMMAND_IO);
    cr_expect_eq(f->changes, 1u);
    cr_assert_eq(pci_io_ranges(&f->pci, ranges), 1u);
    cr_expect_eq(ranges[0].base, 0xC040u);
    cr_expect_eq(ranges[0].count, PORTS);
    set(f, 2, 0x10, 4, 0xD000);
    cr_expect_eq(f->changes, 2u);
    cr_assert_eq(pci_io_ranges(&f->pci, ranges), 1u);
    cr_expect_eq(ranges[0].base, 0xD000u);
    set(f, 3, 0x10, 4, 0xC000);
    set(f, 3, 4, 2, PCI_COMMAND_IO);
    cr_expect_eq(pci_io_ranges(&f->pci, ranges), 2u);
    set(f, 2, 4, 2, 0);
    cr_assert_eq(pci_io_ranges(&f->pci, ranges), 1u);
    cr_expect_eq(ranges[0].base, 0xC000u);
}

Test(pci, no_ports_at_0_and_above_64k) {
    static const uint32_t places[] = {0, 0x10000, 0xFFFFFFC0u, 0xFFFF0000u};
    struct fixture *f = make(1);
    struct io_range ranges[PCI_SLOTS];
    set(f, 2, 4, 2, PCI_COMMAND_IO);
    for (unsigned i = 0; i < 4; i++) {
        set(f, 2, 0x10, 4, places[i]);
        cr_expect_eq(pci_io_ranges(&f->pci, ranges), 0u, "at %#x", places[i]);
    }
    set(f, 2, 0x10, 4, 0xFFC0);
    cr_expect_eq(pci_io_ranges(&f->pci, ranges), 1u);
}

Test(pci, interrupts_go_by_slot_and_route) {
    struct fixture *f = make(4);
    set(f, 1, 0x60, 4, 0x0C0B0A09u); /* A: 9, B: 10, C: 11, D: 12 */
    for (unsigned i = 0; i < 4; i++) {
        unsigned input = 9 + (i + PCI_FIRST_FREE_SLOT - 1) % 4;
        pci_set_interrupt(&f->function[i], true);
        for (unsigned k = 0; k < 16; k++)
            cr_expect_eq(f->input[k], k == input, "slot %u, input %u", i + 2, k);
        cr_expect(get(f, i + 2, 6, 2) & 8u, "status of slot %u", i + 2);
        pci_set_interrupt(&f->function[i], false);
    }
}

Test(pci, a_shared_input_falls_with_the_last) {
    struct fixture *f = make(2);
    set(f, 1, 0x60, 4, 0x0A0A0A0Au);
    pci_set_interrupt(&f->function[0], true);
    pci_set_interrupt(&f->function[1], true);
    pci_set_interrupt(&f->function[0], false);
    cr_expect(f->input[10]);
    pci_set_interrupt(&f->function[1], false);
    cr_expect_not(f->input[10]);
}

Test(pci, a_route_that_changes_takes_the_input_along) {
    struct fixture *f = make(1);
    pci_set_interrupt(&f->function[0], true);
    for (unsigned i = 0; i < 16; i++)
        cr_expect_not(f->input[i], "routed nowhere, input %u", i);
    set(f, 1, 0x61, 1, 5);
    cr_expect(f->input[5]);
    set(f, 1, 0x61, 1, 11);
    cr_expect_not(f->input[5]);
    cr_expect(f->input[11]);
    set(f, 2, 4, 2, 0x400);
    cr_expect_not(f->input[11], "interrupts disabled in the command register");
    set(f, 2, 4, 2, 0);
    cr_expect(f->input[11]);
    set(f, 1, 0x61, 1, 0x8B);
    cr_expect_not(f->input[11]);
}

Test(pci, thirty_slots) {
    struct fixture *f = make(PCI_SLOTS - PCI_FIRST_FREE_SLOT);
    struct pci_function more = f->function[0];
    cr_expect_not(pci_plug(&f->pci, &more));
}
