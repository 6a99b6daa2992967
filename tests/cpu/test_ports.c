/*
 * The I/O permission bitmap (SDM volume 1, 19.5): who may use a port, and that a refused access reaches no device and
 * changes nothing.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(port_out);
SNIPPET(port_in);
SNIPPET(port_ins);
SNIPPET(port_v86);

#define BITMAP (GUEST_TSS + 0x68)
#define OUT_AT (GUEST_CODE + 5) /* the first OUT of port_out */
#define TSS_DESCRIPTOR(limit) (0x0000890019000000ull | (limit))
#define RING3_IOPL(n)                                                                                                  \
    (struct guest_setup) { .ring3 = true, .paging = true, .eflags = (n) << 12 }

static struct guest guest;

static void begin(const uint8_t *code, const uint8_t *end, struct guest_setup setup) {
    guest_create(&guest);
    guest_prepare(&guest, code, end, setup);
}

static void close_port(uint16_t port) { guest.ram[BITMAP + port / 8] |= (uint8_t)(1u << port % 8); }

static void expect_refused(const char *what, uint32_t eip) {
    struct guest_event last = guest_last(&guest);
    cr_expect_eq(guest.events, 1, "%s: %u deliveries", what, guest.events);
    cr_expect_eq(last.delivery.vector, 13, "%s: vector %u", what, last.delivery.vector);
    cr_expect(last.delivery.has_error_code && last.delivery.error_code == 0, "%s: #GP(0)", what);
    cr_expect_eq(last.delivery.rip, eip, "%s: at %llx", what, (unsigned long long)last.delivery.rip);
}

static void expect_allowed(const char *what) {
    cr_expect_eq(guest.events, 0, "%s: %u deliveries", what, guest.events);
    cr_expect_eq(guest.logged, 2, "%s: %u writes", what, guest.logged);
}

Test(ports, every_bit_of_the_access_has_to_be_clear) {
    for (uint16_t port = 0xdf; port <= 0xe4; port++) {
        bool inside = port >= 0xe0 && port < 0xe4;
        begin(CODE(port_out), RING3_IOPL(0));
        close_port(port);
        guest_run(&guest, 1000);
        if (inside)
            expect_refused("a bit is set", OUT_AT);
        else
            expect_allowed("a neighbour's bit is set");
        if (inside) {
            cr_expect_eq(guest.logged, 0, "the device has seen %u writes", guest.logged);
            cr_expect_eq(guest_registers(&guest).gpr[0], 0x1234, "nothing behind it has run");
        }
        guest_destroy(&guest);
    }
}

Test(ports, the_io_privilege_level_opens_all) {
    begin(CODE(port_out), RING3_IOPL(3u));
    close_port(0xe0);
    guest_run(&guest, 1000);
    expect_allowed("IOPL 3");
    guest_destroy(&guest);
    begin(CODE(port_out), RING3_IOPL(2u));
    close_port(0xe0);
    guest_run(&guest, 1000);
    expect_refused("IOPL 2", OUT_AT);
    guest_destroy(&guest);
    begin(CODE(port_out), (struct guest_setup){.paging = true});
    close_port(0xe0);
    guest_run(&guest, 1000);
    expect_allowed("ring 0");
    guest_destroy(&guest);
}

/* The byte of ports E0 to E7 is the 28th; one more has to be there. */
Test(ports, the_bitmap_ends_at_the_limit) {
    for (unsigned short_of = 0; short_of < 2; short_of++) {
        begin(CODE(port_out), RING3_IOPL(0));
        guest_put64(&guest, GUEST_GDT + SEL_TSS, TSS_DESCRIPTOR(0x68u + 0xe0 / 8 + 1 - short_of));
        guest_run(&guest, 1000);
        if (short_of)
            expect_refused("limit", OUT_AT);
        else
            cr_expect_eq(guest.logged, 2, "%u writes", guest.logged);
        guest_destroy(&guest);
    }
}

Test(ports, a_bitmap_base_beyond_the_limit_closes_all) {
    begin(CODE(port_out), RING3_IOPL(0));
    guest_put32(&guest, GUEST_TSS + 0x64, 0xffffu << 16);
    guest_run(&guest, 1000);
    expect_refused("no bitmap", OUT_AT);
    guest_destroy(&guest);
}

Test(ports, a_refused_read_changes_nothing) {
    begin(CODE(port_in), RING3_IOPL(0));
    close_port(0xe1);
    guest_run(&guest, 1000);
    expect_refused("in", GUEST_CODE + 10);
    cr_expect_eq(guest_registers(&guest).gpr[0], 0x7777);
    cr_expect_eq(guest.port_count, 0, "the device was asked");
    guest_destroy(&guest);
}

Test(ports, a_refused_string_read_writes_nothing) {
    begin(CODE(port_ins), RING3_IOPL(0));
    close_port(0xe3);
    guest_put32(&guest, 0x7e00, 0x11223344);
    guest_run(&guest, 1000);
    expect_refused("ins", GUEST_CODE + 15);
    cr_expect_eq(guest_get32(&guest, 0x7e00), 0x11223344, "memory holds %x", guest_get32(&guest, 0x7e00));
    cr_expect_eq(guest_registers(&guest).gpr[1], 1, "ECX");
    guest_destroy(&guest);
    begin(CODE(port_ins), RING3_IOPL(0));
    guest_run(&guest, 1000);
    cr_expect_eq(guest.events, 0);
    cr_expect_eq(guest_get32(&guest, 0x7e00), 1, "allowed: %x", guest_get32(&guest, 0x7e00));
    guest_destroy(&guest);
}

Test(ports, virtual_8086_mode_asks_the_bitmap_whatever_the_level) {
    begin(CODE(port_v86), (struct guest_setup){.paging = true});
    close_port(0xe2);
    guest_run(&guest, 1000);
    expect_refused("v86", (uint32_t)(snippet_port_v86_end - snippet_port_v86) - 8);
    cr_expect_eq(guest.logged, 0);
    guest_destroy(&guest);
}

/* Stepping and free running count the same blocks. */
Test(ports, stepping_agrees) {
    struct guest_event free_run;
    begin(CODE(port_out), RING3_IOPL(0));
    close_port(0xe0);
    guest_run(&guest, 1000);
    free_run = guest_last(&guest);
    guest_destroy(&guest);
    begin(CODE(port_out), RING3_IOPL(0));
    close_port(0xe0);
    for (unsigned i = 0; i < 10000 && !guest.events; i++)
        cpu_step(guest.cpu);
    expect_refused("stepped", OUT_AT);
    cr_expect_eq(guest_last(&guest).blocks, free_run.blocks, "%llu blocks, not %llu",
                 (unsigned long long)guest_last(&guest).blocks, (unsigned long long)free_run.blocks);
    guest_destroy(&guest);
}

Test(ports, a_block_that_runs_again_is_checked_again) {
    begin(CODE(port_out), RING3_IOPL(0));
    guest_run(&guest, 1000);
    expect_allowed("before");
    cpu_reset(guest.cpu);
    guest_put64(&guest, GUEST_GDT + SEL_TSS, TSS_DESCRIPTOR(0x3ffu)); /* it was busy */
    close_port(0xe0);
    guest_run(&guest, 1000);
    expect_refused("after", OUT_AT);
    guest_destroy(&guest);
}
