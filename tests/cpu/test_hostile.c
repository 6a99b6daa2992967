/*
 * Guests that ruin their own machine: the emulator neither crashes nor hangs, and says what happened.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(bad_idt);
SNIPPET(empty_idt);
SNIPPET(bad_gdt);
SNIPPET(wild_stack);
SNIPPET(jump_absent);
SNIPPET(absent_memory);
SNIPPET(debug_registers);
SNIPPET(wide_addresses);
SNIPPET(bad_selector);
SNIPPET(int_80);

static enum cpu_stop run(struct guest *guest, const uint8_t *code, const uint8_t *end, struct guest_setup setup) {
    guest_prepare(guest, code, end, setup);
    return guest_run(guest, 20000);
}

Test(hostile, descriptor_tables_nowhere, .timeout = 20) {
    static struct guest guest;
    const struct { const uint8_t *code, *end; } ways[] = {{CODE(bad_idt)}, {CODE(empty_idt)}, {CODE(bad_gdt)}};
    for (unsigned i = 0; i < 3; i++)
        for (int paging = 0; paging < 2; paging++) {
            guest_create(&guest);
            enum cpu_stop stop = run(&guest, ways[i].code, ways[i].end, (struct guest_setup){.paging = paging});
            cr_expect(stop == CPU_STOP_TRIPLE_FAULT || (i == 2 && stop == CPU_STOP_REQUESTED),
                      "way %u paging %d: stop %d", i, paging, stop);
            guest_destroy(&guest);
        }
}

Test(hostile, task_segment_outside_memory) {
    static struct guest guest;
    guest_create(&guest);
    guest_put64(&guest, GUEST_GDT + SEL_TSS, 0xf0008900000003ff);
    cr_expect_eq(run(&guest, CODE(int_80), (struct guest_setup){.ring3 = true}), CPU_STOP_TRIPLE_FAULT);
    guest_destroy(&guest);
}

Test(hostile, stack_at_the_end_of_the_address_space) {
    static struct guest guest;
    guest_create(&guest);
    cr_expect_eq(run(&guest, CODE(wild_stack), (struct guest_setup){0}), CPU_STOP_REQUESTED,
                 "pushes into nothing vanish");
    guest_destroy(&guest);
}

Test(hostile, executing_where_no_memory_is) {
    static struct guest guest;
    guest_create(&guest);
    cr_expect_eq(run(&guest, CODE(jump_absent), (struct guest_setup){0}), CPU_STOP_REQUESTED);
    cr_expect_eq(guest_last(&guest).delivery.vector, 6, "FF FF is no instruction: vector %u",
                 guest_last(&guest).delivery.vector);
    guest_destroy(&guest);
}

Test(hostile, absent_memory_and_rom) {
    static struct guest guest;
    guest_create(&guest);
    uint32_t rom;
    memcpy(&rom, guest.rom, 4);
    enum cpu_stop stop = run(&guest, CODE(absent_memory), (struct guest_setup){0});
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d: %s", stop, cpu_error_text(guest.cpu));
    cr_expect_eq(guest.log[0], UINT32_MAX);
    cr_expect_eq(guest.log[1], rom, "ROM is not written");
    cr_expect_eq(guest.mmio_reads, 2);
    cr_expect_eq(guest.mmio_writes, 2);
    cr_expect_eq(guest.mmio_address, 0xe0000008, "%llx", (unsigned long long)guest.mmio_address);
    guest_destroy(&guest);
}

Test(hostile, breakpoint_registers_trap, .timeout = 20) {
    static struct guest guest;
    guest_create(&guest);
    enum cpu_stop stop = run(&guest, CODE(debug_registers), (struct guest_setup){0});
    cr_expect_eq(stop, CPU_STOP_REQUESTED);
    cr_expect_eq(guest_last(&guest).delivery.vector, 1, "vector %u", guest_last(&guest).delivery.vector);
    guest_destroy(&guest);
}

Test(hostile, all_control_bits_at_once, .timeout = 20) {
    static struct guest guest;
    guest_create(&guest);
    run(&guest, CODE(wide_addresses), (struct guest_setup){0});
    guest_destroy(&guest);
}

static uint32_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* Random bytes as code, tables or both, in both rings; every run ends. */
Test(hostile, random_bytes_as_code_and_tables, .timeout = 100) {
    static struct guest guest;
    uint64_t seed = 20051117;
    for (unsigned round = 0; round < 300; round++) {
        uint8_t code[256];
        for (unsigned i = 0; i < sizeof code; i++)
            code[i] = (uint8_t)next_random(&seed);
        guest_create(&guest);
        struct guest_setup setup = {
            .paging = round & 1, .ring3 = round & 2, .eflags = 0x200, .cr4 = round & 4 ? 0x2b0 : 0};
        for (unsigned i = 0; round % 3 == 0 && i < 64; i++)
            guest_put32(&guest, GUEST_PT + (next_random(&seed) & 0xffc), next_random(&seed));
        for (unsigned i = 0; round % 5 == 0 && i < 40; i++)
            guest_put32(&guest, GUEST_IDT + (next_random(&seed) & 0x7fc), next_random(&seed));
        guest.interrupt_every = 50;
        enum cpu_stop stop = run(&guest, code, code + sizeof code, setup);
        cr_expect_neq(stop, CPU_STOP_ERROR, "round %u: %s", round, cpu_error_text(guest.cpu));
        for (unsigned i = 0; i < 50 && stop != CPU_STOP_TRIPLE_FAULT; i++)
            stop = cpu_step(guest.cpu);
        cr_expect_neq(stop, CPU_STOP_ERROR, "round %u, stepped: %s", round, cpu_error_text(guest.cpu));
        guest_destroy(&guest);
    }
}
