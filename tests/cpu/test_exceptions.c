/*
 * Every exception, from ring 0 and ring 3: vector, error code, saved instruction pointer, stack, privilege.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(divide);
SNIPPET(breakpoint);
SNIPPET(overflow);
SNIPPET(bound);
SNIPPET(invalid);
SNIPPET(icebp);
SNIPPET(icebp_first);
SNIPPET(no_fpu);
SNIPPET(bad_selector);
SNIPPET(not_present);
SNIPPET(bad_stack);
SNIPPET(privileged);
SNIPPET(read_cr0);
SNIPPET(int_80);
SNIPPET(int_21);
SNIPPET(single_step);
SNIPPET(return_handler);
SNIPPET(v86);

#define NO_ERROR_CODE UINT32_MAX

struct expectation {
    const char *name;
    const uint8_t *code, *end;
    unsigned vector;
    uint32_t error_code;    /* or NO_ERROR_CODE */
    unsigned length;        /* of the instruction at the end that raises it */
    bool after;             /* the saved EIP is behind it */
    uint32_t cr0_or, ring3; /* ring3: 0 only ring 0, 1 both, 2 only ring 3 */
};

static void check_frame(struct guest *guest, const struct expectation *e, bool ring3) {
    struct cpu_registers r = guest_registers(guest);
    uint32_t esp = (uint32_t)r.gpr[4];
    uint32_t size = (uint32_t)(e->end - e->code);
    uint32_t eip = GUEST_CODE + (e->after ? size : size - e->length);
    if (e->error_code != NO_ERROR_CODE) {
        cr_expect_eq(guest_get32(guest, esp), e->error_code, "%s: pushed error code %x", e->name,
                     guest_get32(guest, esp));
        esp += 4;
    }
    cr_expect_eq(guest_get32(guest, esp), eip, "%s ring %d: EIP %x, not %x", e->name, ring3 ? 3 : 0,
                 guest_get32(guest, esp), eip);
    cr_expect_eq(guest_get32(guest, esp + 4), ring3 ? SEL_CODE3 : SEL_CODE0, "%s: CS %x", e->name,
                 guest_get32(guest, esp + 4));
    cr_expect_eq(r.cpl, 0, "%s: handler at ring %d", e->name, r.cpl);
    cr_expect_eq(r.segment[CPU_CS].selector, SEL_CODE0, "%s: CS %x", e->name, r.segment[CPU_CS].selector);
    cr_expect_eq(r.rflags & 0x200, 0, "%s: an interrupt gate clears IF", e->name);
    if (ring3) {
        cr_expect_eq(esp + 20, GUEST_STACK0, "%s: frame of five words on the ring 0 stack, ends at %x", e->name,
                     esp + 20);
        cr_expect_eq(guest_get32(guest, esp + 12), GUEST_STACK3, "%s: ESP %x", e->name, guest_get32(guest, esp + 12));
        cr_expect_eq(guest_get32(guest, esp + 16), SEL_DATA3, "%s: SS %x", e->name, guest_get32(guest, esp + 16));
    }
}

static void check(const struct expectation *e, bool ring3, bool paging) {
    static struct guest guest;
    guest_create(&guest);
    guest_put64(&guest, GUEST_GDT + 0x58, 0x00cf73000000ffff & ~(ring3 ? 0 : 0x600000000000ull)); /* not present */
    guest_prepare(&guest, e->code, e->end,
                  (struct guest_setup){.paging = paging, .ring3 = ring3, .cr0_or = e->cr0_or, .eflags = 0x200});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "%s: stop %d %s%s", e->name, stop, cpu_error_text(guest.cpu),
                 cpu_triple_fault_text(guest.cpu));
    struct guest_event last = guest_last(&guest);
    cr_expect_eq(guest.events, 1, "%s ring %d: %u deliveries", e->name, ring3 ? 3 : 0, guest.events);
    cr_expect_eq(last.delivery.vector, e->vector, "%s: vector %u", e->name, last.delivery.vector);
    cr_expect_eq(last.delivery.has_error_code, e->error_code != NO_ERROR_CODE, "%s: error code present", e->name);
    if (last.delivery.has_error_code)
        cr_expect_eq(last.delivery.error_code, e->error_code, "%s: error code %x", e->name, last.delivery.error_code);
    check_frame(&guest, e, ring3);
    guest_destroy(&guest);
}

Test(exceptions, each_vector_from_both_rings) {
    const struct expectation list[] = {
        {"divide error", CODE(divide), 0, NO_ERROR_CODE, 2, false, 0, 1},
        {"breakpoint", CODE(breakpoint), 3, NO_ERROR_CODE, 1, true, 0, 1},
        {"overflow", CODE(overflow), 4, NO_ERROR_CODE, 1, true, 0, 1},
        {"bound range", CODE(bound), 5, NO_ERROR_CODE, 2, false, 0, 1},
        {"invalid opcode", CODE(invalid), 6, NO_ERROR_CODE, 2, false, 0, 1},
        {"device not available", CODE(no_fpu), 7, NO_ERROR_CODE, 2, false, 0x8, 1},
        {"selector beyond the table", CODE(bad_selector), 13, 0x1238, 2, false, 0, 1},
        {"segment not present", CODE(not_present), 11, 0x58, 2, false, 0, 1},
        {"privileged instruction", CODE(privileged), 13, 0, 1, false, 0, 2},
        {"read of CR0", CODE(read_cr0), 13, 0, 3, false, 0, 2},
        {"int 0x80", CODE(int_80), 0x80, NO_ERROR_CODE, 2, true, 0, 1},
        {"int 0x21", CODE(int_21), 0x21, NO_ERROR_CODE, 2, true, 0, 1},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        for (int paging = 0; paging < 2; paging++) {
            if (list[i].ring3 != 2)
                check(&list[i], false, paging);
            if (list[i].ring3)
                check(&list[i], true, paging);
        }
}

Test(exceptions, stack_segment_not_present_is_stack_fault) {
    static struct guest guest;
    guest_create(&guest);
    guest_put64(&guest, GUEST_GDT + 0x58, 0x00cf13000000ffff);
    guest_prepare(&guest, CODE(bad_stack), (struct guest_setup){.paging = true});
    guest_run(&guest, 1000);
    cr_expect_eq(guest_last(&guest).delivery.vector, 12);
    cr_expect_eq(guest_last(&guest).delivery.error_code, 0x58);
    guest_destroy(&guest);
}

Test(exceptions, a_gate_above_the_callers_level_refuses_int) {
    static struct guest guest;
    guest_create(&guest);
    guest_gate(&guest, 0x80, GUEST_HANDLERS, SEL_CODE0, 0x8e);
    guest_prepare(&guest, CODE(int_80), (struct guest_setup){.paging = true, .ring3 = true});
    guest_run(&guest, 1000);
    struct guest_event last = guest_last(&guest);
    cr_expect_eq(last.delivery.vector, 13);
    cr_expect_eq(last.delivery.error_code, 0x80 * 8 + 2, "%x", last.delivery.error_code);
    cr_expect_eq(last.delivery.rip, GUEST_CODE, "rip %llx: of the INT, not behind it",
                 (unsigned long long)last.delivery.rip);
    guest_destroy(&guest);
}

Test(exceptions, a_missing_gate_is_not_present) {
    static struct guest guest;
    guest_create(&guest);
    guest_gate(&guest, 0x80, GUEST_HANDLERS, SEL_CODE0, 0x6e);
    guest_prepare(&guest, CODE(int_80), (struct guest_setup){.ring3 = true});
    guest_run(&guest, 1000);
    cr_expect_eq(guest_last(&guest).delivery.vector, 11);
    cr_expect_eq(guest_last(&guest).delivery.error_code, 0x80 * 8 + 2);
    guest_destroy(&guest);
}

Test(exceptions, a_trap_gate_keeps_the_interrupt_flag) {
    static struct guest guest;
    guest_create(&guest);
    guest_gate(&guest, 0x80, GUEST_HANDLERS, SEL_CODE0, 0xef);
    guest_prepare(&guest, CODE(int_80), (struct guest_setup){.ring3 = true, .eflags = 0x200});
    guest_run(&guest, 1000);
    cr_expect(guest_registers(&guest).rflags & 0x200);
    guest_destroy(&guest);
}

Test(exceptions, a_16_bit_gate_pushes_words) {
    static struct guest guest;
    guest_create(&guest);
    guest_gate(&guest, 0x80, GUEST_HANDLERS, SEL_CODE0, 0xe6);
    guest_prepare(&guest, CODE(int_80), (struct guest_setup){.ring3 = true});
    guest_run(&guest, 1000);
    struct cpu_registers r = guest_registers(&guest);
    cr_expect_eq(r.gpr[4], GUEST_STACK0 - 10);
    cr_expect_eq(guest_get32(&guest, (uint32_t)r.gpr[4]) & 0xffff, (GUEST_CODE + 2) & 0xffff);
    guest_destroy(&guest);
}

Test(exceptions, a_page_fault_on_the_handlers_stack_is_a_double_fault) {
    static struct guest guest;
    guest_create(&guest);
    guest_map(&guest, 0x300000, 0);
    guest_put32(&guest, GUEST_TSS + 4, 0x301000);
    /* #DF goes through a task gate: nothing but a new task has a usable stack. */
    guest_put32(&guest, GUEST_IDT + 8 * 8, SEL_TSS2 << 16);
    guest_put32(&guest, GUEST_IDT + 8 * 8 + 4, 0x8500);
    guest_put32(&guest, 0x1d00 + 0x1c, GUEST_PD);
    guest_put32(&guest, 0x1d00 + 0x20, GUEST_HANDLERS + 8 * GUEST_HANDLER_BYTES);
    guest_put32(&guest, 0x1d00 + 0x24, 2);
    guest_put32(&guest, 0x1d00 + 0x38, 0x7000);
    for (unsigned segment = 0; segment < 6; segment++)
        guest_put32(&guest, 0x1d00 + 0x48 + segment * 4, segment == 1 ? SEL_CODE0 : SEL_DATA0);
    guest_prepare(&guest, CODE(bad_selector), (struct guest_setup){.paging = true, .ring3 = true});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d %s", stop, cpu_triple_fault_text(guest.cpu));
    cr_assert_eq(guest.events, 3, "%u deliveries", guest.events); /* #GP, then #PF refused as well, then #DF */
    cr_expect_eq(guest.event[0].delivery.vector, 13);
    cr_expect_eq(guest.event[1].delivery.vector, 14);
    cr_expect_eq(guest.event[2].delivery.vector, 8);
    struct cpu_registers r = guest_registers(&guest);
    cr_expect_eq(r.cr2, 0x301000 - 4, "CR2 %llx", (unsigned long long)r.cr2);
    cr_expect_eq(r.segment[CPU_TR].selector, SEL_TSS2);
    cr_expect(r.rflags & 0x4000, "NT is set in the new task");
    cr_expect_eq(r.gpr[4], 0x7000 - 4);
    cr_expect_eq(guest_get32(&guest, 0x1d00), SEL_TSS, "back link");
    cr_expect_eq(guest_get32(&guest, GUEST_TSS + 0x20), GUEST_CODE + 5, "the old task's EIP %x",
                 guest_get32(&guest, GUEST_TSS + 0x20));
    guest_destroy(&guest);
}

Test(exceptions, a_triple_fault_stops_and_is_explained) {
    static struct guest guest;
    guest_create(&guest);
    guest_map(&guest, 0x300000, 0);
    guest_put32(&guest, GUEST_TSS + 4, 0x301000);
    guest_prepare(&guest, CODE(bad_selector), (struct guest_setup){.paging = true, .ring3 = true});
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_TRIPLE_FAULT);
    const char *text = cpu_triple_fault_text(guest.cpu);
    cr_expect(strstr(text, "#GP general protection (vector 13), error code 0x1238, at 0x20005"), "%s", text);
    cr_expect(strstr(text, "#PF page fault (vector 14), error code 0x2, address 0x300ffc"), "%s", text);
    cr_expect(strstr(text, "#DF double fault"), "%s", text);
    cr_expect(strstr(text, "cr3 30000"), "%s", text);
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_TRIPLE_FAULT, "a dead CPU stays dead");
    cr_expect_eq(cpu_step(guest.cpu), CPU_STOP_TRIPLE_FAULT);
    cpu_reset(guest.cpu);
    guest_put32(&guest, GUEST_TSS + 4, GUEST_STACK0);
    guest_put64(&guest, GUEST_GDT + SEL_TSS, 0x00008900190003ff); /* it was busy */
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED, "after a reset it runs again");
    guest_destroy(&guest);
}

Test(exceptions, contributory_after_contributory_is_a_double_fault_only_when_nested) {
    static struct guest guest;
    guest_create(&guest);
    guest_gate(&guest, 13, 0x20000 + 0x1000, SEL_CODE0, 0x8e);
    guest_prepare(&guest, CODE(bad_selector), (struct guest_setup){.paging = true});
    guest_load(&guest, 0x21000, CODE(divide)); /* the #GP handler divides by zero: a plain #DE */
    guest_run(&guest, 1000);
    cr_assert_eq(guest.events, 2);
    cr_expect_eq(guest.event[1].delivery.vector, 0, "vector %u", guest.event[1].delivery.vector);
    guest_destroy(&guest);
}

Test(exceptions, trap_flag_steps_the_guest) {
    static struct guest guest;
    guest_create(&guest);
    guest_load(&guest, 0x21000, CODE(return_handler));
    guest_gate(&guest, 1, 0x21000, SEL_CODE0, 0x8e);
    guest_prepare(&guest, CODE(single_step), (struct guest_setup){.paging = true});
    guest_run(&guest, 1000);
    cr_expect_eq(guest.events, 3, "#DB after each of nop, nop, out: %u", guest.events);
    guest_destroy(&guest);
}

static void check_icebp(const uint8_t *code, const uint8_t *end, uint32_t eip) {
    static struct guest guest;
    guest_create(&guest);
    guest_load(&guest, 0x21000, CODE(return_handler));
    guest_gate(&guest, 1, 0x21000, SEL_CODE0, 0x8e);
    guest_prepare(&guest, code, end, (struct guest_setup){.ring3 = true, .eflags = 0x3000});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d", stop);
    cr_expect_eq(guest_get32(&guest, 0x7f00), 1);
    cr_expect_eq(guest.event[0].delivery.rip, eip, "rip %llx", (unsigned long long)guest.event[0].delivery.rip);
    guest_destroy(&guest);
}

Test(exceptions, int1_traps_and_does_not_hang, .timeout = 20) {
    check_icebp(CODE(icebp), GUEST_CODE + 2);
    check_icebp(CODE(icebp_first), GUEST_CODE + 1);
}

Test(exceptions, virtual_8086_mode_faults_to_ring_0_with_its_segments) {
    static struct guest guest;
    guest_create(&guest);
    guest_prepare(&guest, CODE(v86), (struct guest_setup){.paging = true});
    enum cpu_stop stop = guest_run(&guest, 1000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "%s", cpu_triple_fault_text(guest.cpu));
    struct guest_event last = guest_last(&guest);
    struct cpu_registers r = guest_registers(&guest);
    uint32_t esp = (uint32_t)r.gpr[4];
    cr_expect_eq(last.delivery.vector, 13);
    cr_expect_eq(esp, GUEST_STACK0 - 40, "nine words and the error code: esp %x", esp);
    cr_expect_eq(guest_get32(&guest, esp + 8), 0x2000, "CS");
    cr_expect(guest_get32(&guest, esp + 12) & 0x20000, "VM in the saved flags");
    cr_expect_eq(guest_get32(&guest, esp + 16), 0x900, "ESP");
    cr_expect_eq(guest_get32(&guest, esp + 20), 0x800, "SS");
    cr_expect_eq(guest_get32(&guest, esp + 28), 0x1234, "DS");
    cr_expect_eq(r.rflags & 0x20000, 0);
    cr_expect_eq(r.segment[CPU_DS].selector, 0);
    guest_destroy(&guest);
}
