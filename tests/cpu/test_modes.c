/*
 * Real mode, virtual control registers, PAE, long mode, fast system calls, identity.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(real_mode);
SNIPPET(pae_reload);
SNIPPET(pae_reserved);
SNIPPET(long_mode);
SNIPPET(sysenter_entry);
SNIPPET(identity);

Test(modes, power_on_state) {
    static struct guest guest;
    guest_create(&guest);
    struct cpu_registers r = guest_registers(&guest);
    cr_expect_eq(r.rip, 0xfff0);
    cr_expect_eq(r.segment[CPU_CS].selector, 0xf000);
    cr_expect_eq(r.segment[CPU_CS].base, 0xffff0000);
    cr_expect_eq(r.rflags, 2);
    cr_expect_eq(r.cr0, 0x60000010);
    cr_expect_eq(r.efer, 0);
    cr_expect_eq(r.cpl, 0);
    guest_destroy(&guest);
}

Test(modes, real_mode_interrupts) {
    static struct guest guest;
    guest_create(&guest);
    guest_prepare(&guest, CODE(real_mode), (struct guest_setup){0});
    guest_put32(&guest, 0x514, 1);
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d %s", stop, cpu_triple_fault_text(guest.cpu));
    cr_assert_eq(guest.logged, 2);
    cr_expect_eq(guest.log[0], 0x12345678);
    cr_expect_eq(guest.log[1], 0xbeef);
    cr_expect_eq(guest_registers(&guest).gpr[4] & 0xffff, 0x7000, "the stack is balanced");
    guest_destroy(&guest);
}

/* PDPT at 70000: entry 0 -> PD at 71000 (4 MiB one to one in 2 MiB pages), entry 1 -> PD at 72000 -> 0x200000. */
static void make_pae(struct guest *guest) {
    guest_put64(guest, 0x70000, 0x71001);
    guest_put64(guest, 0x70008, 0x72001);
    guest_put64(guest, 0x71000, 0x000083);
    guest_put64(guest, 0x71008, 0x200083);
    guest_put64(guest, 0x72000, 0x200083);
    guest_put32(guest, 0x200000, 0xcafe);
}

Test(modes, pae_registers_are_loaded_by_mov_to_cr3_only) {
    static struct guest guest;
    guest_create(&guest);
    make_pae(&guest);
    guest_prepare(&guest, CODE(pae_reload), (struct guest_setup){0});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d %s", stop, cpu_triple_fault_text(guest.cpu));
    cr_assert_eq(guest.logged, 2);
    cr_expect_eq(guest.log[0], 0xcafe);
    cr_expect_eq(guest.log[1], 0xcafe);
    cr_expect_eq(guest_last(&guest).delivery.vector, 14);
    cr_expect_eq(guest_registers(&guest).cr2, 0x40000000);
    guest_destroy(&guest);
}

Test(modes, pae_reserved_bits_refuse_mov_to_cr3) {
    static struct guest guest;
    guest_create(&guest);
    make_pae(&guest);
    guest_prepare(&guest, CODE(pae_reserved), (struct guest_setup){0});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d %s", stop, cpu_triple_fault_text(guest.cpu));
    cr_expect_eq(guest_last(&guest).delivery.vector, 13);
    cr_expect_eq(guest_last(&guest).delivery.rip,
                 GUEST_CODE + (uint64_t)(snippet_pae_reserved_end - snippet_pae_reserved) - 4);
    guest_destroy(&guest);
}

/* PML4 70000, PDPT 71000, PD 72000 (PT 75000 for the first 2 MiB, user; the second 2 MiB not mapped), IDT 74000. */
static void make_long(struct guest *guest, unsigned ist) {
    guest_put64(guest, 0x70000, 0x71007);
    guest_put64(guest, 0x71000, 0x72007);
    guest_put64(guest, 0x72000, 0x75007);
    for (uint32_t page = 0; page < 512; page++)
        guest_put64(guest, 0x75000 + page * 8, (uint64_t)page << 12 | 7);
    guest_put64(guest, 0x75000 + 0xf0 * 8, 0xf0005);
    guest_put64(guest, 0x74000 + 14 * 16,
                (uint64_t)SEL_CODE64 << 16 | (GUEST_HANDLERS & 0xffff) | (0x8e00ull + ist) << 32);
    guest_put64(guest, GUEST_TSS + 4, 0x7ff8);  /* RSP0, not aligned on purpose */
    guest_put64(guest, GUEST_TSS + 36, 0x6ff0); /* IST1 */
}

static void check_long(unsigned ist, uint32_t stack) {
    static struct guest guest;
    guest_create(&guest);
    make_long(&guest, ist);
    guest_prepare(&guest, CODE(long_mode), (struct guest_setup){0});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d %s %s", stop, cpu_triple_fault_text(guest.cpu),
                 cpu_error_text(guest.cpu));
    struct cpu_registers r = guest_registers(&guest);
    uint32_t rsp = (uint32_t)r.gpr[4];
    uint64_t words[6];
    memcpy(words, guest.ram + rsp, sizeof words);
    cr_assert_eq(guest.logged, 1);
    cr_expect_eq(guest.log[0], 0x11223344);
    cr_expect_eq(r.gpr[8], 0x1122334455667788);
    cr_expect_eq(guest_last(&guest).delivery.vector, 14);
    cr_expect_eq(guest.fault_address, 0x300008);
    cr_expect_eq(guest.fault_error, 6);
    cr_expect_eq(rsp, stack - 48, "the frame is aligned: rsp %x", rsp);
    cr_expect_eq(words[0], 6, "error code");
    cr_expect_eq(words[1], GUEST_CODE + (uint64_t)(snippet_long_mode_end - snippet_long_mode) - 7, "RIP %llx",
                 (unsigned long long)words[1]);
    cr_expect_eq(words[2], SEL_CODE64_3);
    cr_expect_eq(words[4], GUEST_STACK3);
    cr_expect_eq(words[5], SEL_DATA3);
    cr_expect_eq(r.segment[CPU_SS].selector, 0, "SS is null");
    cr_expect_eq(r.cpl, 0);
    guest_destroy(&guest);
}

Test(modes, long_mode_page_fault_from_ring_3) {
    check_long(0, 0x7ff0);
    check_long(1, 0x6ff0);
}

Test(modes, sysenter) {
    static struct guest guest;
    guest_create(&guest);
    guest_prepare(&guest, CODE(sysenter_entry), (struct guest_setup){.paging = true});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d %s", stop, cpu_triple_fault_text(guest.cpu));
    cr_assert_eq(guest.logged, 2);
    cr_expect_eq(guest.log[0] & 0xffff, 0x08);
    cr_expect_eq(guest.log[1], 0x7800);
    cr_expect_eq(guest_registers(&guest).rflags & 0x200, 0);
    guest_destroy(&guest);
}

Test(modes, cpuid_is_our_own_and_there_is_no_host_randomness) {
    static struct guest guest;
    guest_create(&guest);
    guest_prepare(&guest, CODE(identity), (struct guest_setup){.paging = true});
    guest_run(&guest, 1000);
    cr_assert_eq(guest.logged, 2);
    cr_expect_eq(guest.log[0], 7);
    cr_expect_eq(guest.log[1] & 1u << 30, 0, "RDRAND");
    cr_expect_eq(guest.log[1] & 1u << 28, 0, "AVX");
    cr_expect_eq(guest_last(&guest).delivery.vector, 6, "RDRAND does not exist");
    guest_destroy(&guest);
}

Test(modes, registers_can_be_written_within_the_mode) {
    static struct guest guest;
    guest_create(&guest);
    struct cpu_registers r = guest_registers(&guest);
    r.gpr[1] = 77;
    r.rflags |= 0x41;
    cr_expect(cpu_write_registers(guest.cpu, &r));
    cr_expect_eq(guest_registers(&guest).gpr[1], 77);
    cr_expect_eq(guest_registers(&guest).rflags, 0x43);
    r.cr0 |= 1;
    cr_expect_not(cpu_write_registers(guest.cpu, &r), "not another mode");
    guest_destroy(&guest);
}
