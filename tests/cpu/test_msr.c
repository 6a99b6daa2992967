/* IA32_APIC_BASE is the board's, the other MSRs are not; NMIs. */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(apic_base);
SNIPPET(rdmsr_ring3);
SNIPPET(nmi);

#define SIGNATURE 0x206a7u

static struct guest guest;

static void begin(const uint8_t *code, const uint8_t *end, struct guest_setup setup) {
    guest_create(&guest);
    guest_prepare(&guest, code, end, setup);
    guest.apic_base = 0x3fee00900ull;
}

static void expect_log(const char *how) {
    static const uint32_t wanted[] = {0xfee00900, 3, 0x12345800, 5, 0x0108, 0, SIGNATURE, 0x200, SIGNATURE, 0};
    cr_assert_eq(guest.logged, 10, "%s: %u entries", how, guest.logged);
    for (unsigned i = 0; i < 10; i++)
        cr_expect_eq(guest.log[i], wanted[i], "%s: entry %u is %x", how, i, guest.log[i]);
    cr_expect_eq(guest.apic_base, 0xfee00000u, "%s: the last write has come", how);
    cr_expect_eq(guest.events, 0, "%s: %u deliveries", how, guest.events);
}

Test(msr, the_base_register_of_the_apic_is_the_boards) {
    begin(CODE(apic_base), (struct guest_setup){0});
    guest_run(&guest, 100000);
    uint64_t blocks = cpu_blocks(guest.cpu);
    expect_log("run freely");
    guest_destroy(&guest);

    begin(CODE(apic_base), (struct guest_setup){.paging = true});
    for (unsigned i = 0; i < 100000 && !guest.stopped; i++)
        cpu_step(guest.cpu);
    expect_log("stepped");
    guest_destroy(&guest);

    begin(CODE(apic_base), (struct guest_setup){0});
    for (unsigned i = 0; i < 100000 && !guest.stopped; i++)
        cpu_step(guest.cpu);
    cr_expect_eq(cpu_blocks(guest.cpu), blocks, "%llu blocks stepped, %llu run freely",
                 (unsigned long long)cpu_blocks(guest.cpu), (unsigned long long)blocks);
    guest_destroy(&guest);
}

Test(msr, ring_3_may_not) {
    begin(CODE(rdmsr_ring3), (struct guest_setup){.paging = true, .ring3 = true});
    guest_run(&guest, 1000);
    cr_expect_eq(guest_last(&guest).delivery.vector, 13, "vector %u", guest_last(&guest).delivery.vector);
    guest_destroy(&guest);
}

Test(msr, an_nmi_comes_with_interrupts_off_and_once) {
    begin(CODE(nmi), (struct guest_setup){.paging = true});
    guest_run(&guest, 1000);
    cr_assert_eq(guest.events, 1, "%u deliveries", guest.events);
    cr_expect_eq(guest.event[0].delivery.vector, 2);
    cr_expect(guest.event[0].delivery.external && !guest.event[0].delivery.has_error_code);
    guest_destroy(&guest);
}
