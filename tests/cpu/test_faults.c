/*
 * Page faults: the exact CR2 and error code for each way to address memory.
 *
 * 0x300000 to 0x302000 is not mapped, except where a case says otherwise. Each case is a few bytes of code; the
 * registers that it needs are set by code in front of it.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(map_handler);
SNIPPET(accessed_dirty);
SNIPPET(remap);
SNIPPET(wp_probe);

#define HOLE 0x300000u

/* Every case starts with: mov eax, 0x300000; mov esp, esp; and the registers below. */
struct setup_registers {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
};

struct fault_case {
    const char *name;
    const char *bytes;
    unsigned count;
    struct setup_registers r;
    uint32_t cr2, error_code; /* U is added for ring 3 */
};

#define B(text) text, sizeof(text) - 1

static const struct fault_case cases[] = {
    {"mov eax, [eax]", B("\x8b\x00"), {.eax = HOLE + 0x123}, HOLE + 0x123, 0},
    {"mov [eax], ecx", B("\x89\x08"), {.eax = HOLE + 0x123}, HOLE + 0x123, 2},
    {"mov al, [disp32]", B("\xa0\x45\x03\x30\x00"), {0}, HOLE + 0x345, 0},
    {"mov [ebx+esi*4+0x40], al", B("\x88\x44\xb3\x40"), {.ebx = HOLE, .esi = 5}, HOLE + 0x54, 2},
    {"mov eax, [ebx-8]", B("\x8b\x43\xf8"), {.ebx = HOLE + 0x10}, HOLE + 8, 0},
    {"mov eax, [bx+si] with a 16-bit address", B("\x67\x8b\x00"), {.ebx = 0x4000, .esi = 0x10}, 0x4010, 0},
    {"add [eax], ecx reads and writes", B("\x01\x08"), {.eax = HOLE + 4}, HOLE + 4, 2},
    {"cmp [eax], ecx reads", B("\x39\x08"), {.eax = HOLE + 4}, HOLE + 4, 0},
    {"xchg [eax], ecx", B("\x87\x08"), {.eax = HOLE + 4}, HOLE + 4, 2},
    {"lock cmpxchg8b [eax]", B("\xf0\x0f\xc7\x08"), {.eax = HOLE + 0x18}, HOLE + 0x18, 2},
    {"read over the page end into the hole", B("\x8b\x00"), {.eax = HOLE - 2}, HOLE, 0},
    {"write over the page end into the hole", B("\x89\x08"), {.eax = HOLE - 1}, HOLE, 2},
    {"read that begins in the hole and ends behind it", B("\x8b\x00"), {.eax = HOLE + 0x1fff}, HOLE + 0x1fff, 0},
    {"push ecx", B("\x51"), {.esp = HOLE + 0x800}, HOLE + 0x7fc, 2},
    {"push word", B("\x66\x51"), {.esp = HOLE + 0x800}, HOLE + 0x7fe, 2},
    {"push [eax] reads first", B("\xff\x30"), {.eax = HOLE + 0x20, .esp = HOLE + 0x800}, HOLE + 0x20, 0},
    {"pop ecx", B("\x59"), {.esp = HOLE + 0x800}, HOLE + 0x800, 0},
    {"pop [eax]", B("\x8f\x00"), {.eax = HOLE + 0x44, .esp = 0x7800}, HOLE + 0x44, 2},
    {"pop [esp+0x10]", B("\x8f\x44\x24\x10"), {.esp = HOLE - 0x10}, HOLE + 4, 2},
    {"pushf", B("\x9c"), {.esp = HOLE + 0x800}, HOLE + 0x7fc, 2},
    {"call near", B("\xe8\x00\x00\x00\x00"), {.esp = HOLE + 0x800}, HOLE + 0x7fc, 2},
    {"call [eax]", B("\xff\x10"), {.eax = HOLE + 0x60, .esp = 0x7800}, HOLE + 0x60, 0},
    {"ret", B("\xc3"), {.esp = HOLE + 0x800}, HOLE + 0x800, 0},
    {"retf", B("\xcb"), {.esp = HOLE + 0x800}, HOLE + 0x800, 0},
    {"leave", B("\xc9"), {.ebp = HOLE + 0x700, .esp = 0x7800}, HOLE + 0x700, 0},
    {"enter 0, 0", B("\xc8\x00\x00\x00"), {.esp = HOLE + 0x800}, HOLE + 0x7fc, 2},
    {"pusha", B("\x60"), {.esp = HOLE + 0x800}, HOLE + 0x7fc, 2},
    {"popa", B("\x61"), {.esp = HOLE + 0x800}, HOLE + 0x800, 0},
    {"rep movsd, source", B("\xf3\xa5"), {.ecx = 4, .esi = HOLE + 0x30, .edi = 0x40000}, HOLE + 0x30, 0},
    {"rep movsd, destination", B("\xf3\xa5"), {.ecx = 4, .esi = 0x40000, .edi = HOLE + 0x30}, HOLE + 0x30, 2},
    {"rep movsd that walks into the hole", B("\xf3\xa5"), {.ecx = 9, .esi = HOLE - 8, .edi = 0x40000}, HOLE, 0},
    {"rep stosb that walks into the hole", B("\xf3\xaa"), {.ecx = 9, .edi = HOLE - 3}, HOLE, 2},
    {"std; movsd", B("\xfd\xa5"), {.esi = HOLE + 0x2000, .edi = HOLE + 0x30}, HOLE + 0x30, 2},
    {"cmpsb", B("\xa6"), {.esi = 0x40000, .edi = HOLE + 0x31}, HOLE + 0x31, 0},
    {"scasd", B("\xaf"), {.edi = HOLE + 0x31}, HOLE + 0x31, 0},
    {"lodsw", B("\x66\xad"), {.esi = HOLE + 0x31}, HOLE + 0x31, 0},
    {"xlat", B("\xd7"), {.eax = 0x22, .ebx = HOLE + 0x100}, HOLE + 0x122, 0},
    {"bts [eax], ecx with a far bit", B("\x0f\xab\x08"), {.eax = HOLE - 0x100, .ecx = 0x900}, HOLE + 0x20, 2},
    {"bt [eax], ecx with a negative bit",
     B("\x0f\xa3\x08"),
     {.eax = HOLE + 0x2000, .ecx = (uint32_t)-1},
     HOLE + 0x1ffc,
     0},
    {"fld qword [eax]", B("\xdd\x00"), {.eax = HOLE + 0x38}, HOLE + 0x38, 0},
    {"fxsave [eax]", B("\x0f\xae\x00"), {.eax = HOLE + 0x40}, HOLE + 0x40, 2},
    {"fxrstor [eax]", B("\x0f\xae\x08"), {.eax = HOLE + 0x40}, HOLE + 0x40, 0},
    {"les ecx, [eax]", B("\xc4\x08"), {.eax = HOLE + 0x40}, HOLE + 0x40, 0},
    {"sgdt [eax]", B("\x0f\x01\x00"), {.eax = HOLE + 0x40}, HOLE + 0x40, 2},
    {"movups [eax], xmm0", B("\x0f\x11\x00"), {.eax = HOLE - 4}, HOLE, 2},
    {"jmp to the hole", B("\xff\xe0"), {.eax = HOLE + 0x555}, HOLE + 0x555, 0},
};

static unsigned emit(uint8_t *code, const struct setup_registers *r) {
    const uint32_t values[8] = {r->eax, r->ecx, r->edx, r->ebx, r->esp ? r->esp : 0x7800, r->ebp, r->esi, r->edi};
    unsigned at = 0;
    for (unsigned i = 0; i < 8; i++) {
        code[at] = (uint8_t)(0xb8 + i);
        memcpy(code + at + 1, &values[i], 4);
        at += 5;
    }
    return at;
}

static void check(const struct fault_case *c, bool ring3) {
    static struct guest guest;
    uint8_t code[128];
    unsigned length = emit(code, &c->r);
    memcpy(code + length, c->bytes, c->count);
    guest_create(&guest);
    guest_map(&guest, HOLE, 0);
    guest_map(&guest, HOLE + 0x1000, 0);
    guest_map(&guest, 0x4000, 0);
    guest_prepare(&guest, code, code + length + c->count,
                  (struct guest_setup){.paging = true, .ring3 = ring3, .cr4 = 0x200, .eflags = 0});
    enum cpu_stop stop = guest_run(&guest, 1000);
    struct guest_event last = guest_last(&guest);
    struct cpu_registers r = guest_registers(&guest);
    uint32_t error = c->error_code | (ring3 ? 4 : 0);
    cr_expect_eq(stop, ring3 || c->r.esp == 0 ? CPU_STOP_REQUESTED : stop, "%s: stop %d", c->name, stop);
    cr_expect_eq(guest.event[0].delivery.vector, 14, "%s ring %d: vector %u", c->name, ring3 ? 3 : 0,
                 last.delivery.vector);
    cr_expect_eq(guest.fault_address, c->cr2, "%s ring %d: told %llx, not %x", c->name, ring3 ? 3 : 0,
                 (unsigned long long)guest.fault_address, c->cr2);
    cr_expect_eq(guest.event[0].delivery.error_code, error, "%s ring %d: error code %x", c->name, ring3 ? 3 : 0,
                 guest.event[0].delivery.error_code);
    if (stop == CPU_STOP_REQUESTED)
        cr_expect_eq(r.cr2, c->cr2, "%s: CR2 %llx", c->name, (unsigned long long)r.cr2);
    guest_destroy(&guest);
}

Test(faults, exact_address_of_each_form, .timeout = 60) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(&cases[i], true);
        check(&cases[i], false);
    }
}

/* inc eax x N, then an instruction that starts in one page and ends in the next, which is missing. */
Test(faults, fetch_straddles_into_a_missing_page) {
    for (unsigned before = 1; before < 6; before++) {
        static struct guest guest;
        static const uint8_t jump[] = {0xb8, 0, 0, 0, 0, 0xff, 0xe0};
        uint8_t code[sizeof jump];
        uint32_t target = HOLE - before - 20;
        memcpy(code, jump, sizeof jump);
        memcpy(code + 1, &target, 4);
        guest_create(&guest);
        guest_map(&guest, HOLE, 0);
        memset(guest.ram + target, 0x43, 20); /* inc ebx */
        static const uint8_t add[] = {0x81, 0xc1, 1, 0, 0, 0};
        memcpy(guest.ram + HOLE - before, add, sizeof add);
        guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true, .ring3 = true});
        guest_run(&guest, 1000);
        struct guest_event last = guest_last(&guest);
        cr_expect_eq(last.delivery.vector, 14);
        cr_expect_eq(guest.fault_address, HOLE, "%u bytes before the page: %llx", before,
                     (unsigned long long)guest.fault_address);
        cr_expect_eq(last.delivery.rip, HOLE - before, "EIP %llx", (unsigned long long)last.delivery.rip);
        cr_expect_eq(guest_registers(&guest).gpr[3], 20, "what stands before has run: ebx %llu",
                     (unsigned long long)guest_registers(&guest).gpr[3]);
        guest_destroy(&guest);
    }
}

/* Code that ends in a jump right before a missing page never faults. */
Test(faults, a_missing_page_behind_a_jump_is_not_touched) {
    static struct guest guest;
    static const uint8_t jump[] = {0xb8, 0xf0, 0xff, 0x2f, 0, 0xff, 0xe0};
    static const uint8_t tail[] = {0x43, 0x43, 0x43, 0x74, 0x02, 0x43, 0x90, 0x90, 0x90, 0x90, 0xe6, 0xf4, 0xeb, 0xfc};
    guest_create(&guest);
    guest_map(&guest, HOLE, 0);
    memcpy(guest.ram + HOLE - 16, tail, sizeof tail);
    guest_prepare(&guest, jump, jump + sizeof jump,
                  (struct guest_setup){.paging = true, .eflags = 0x3000, .ring3 = true});
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_expect_eq(guest.events, 0);
    cr_expect_eq(guest_registers(&guest).gpr[3], 4);
    guest_destroy(&guest);
}

Test(faults, demand_paging_restarts_the_instruction) {
    static struct guest guest;
    static const uint8_t code[] = {0xb9, 0x00, 0x04, 0, 0,    0xbf, 0x80, 0x0f, 0x30, 0,   0xb8,
                                   7,    0,    0,    0, 0xf3, 0xab, 0xe6, 0xf4, 0xeb, 0xfe};
    guest_create(&guest);
    guest_load(&guest, 0x21000, CODE(map_handler));
    guest_gate(&guest, 14, 0x21000, SEL_CODE0, 0x8e);
    for (uint32_t page = HOLE; page < HOLE + 0x4000; page += 0x1000)
        guest_map(&guest, page, 0);
    guest_prepare(&guest, code, code + sizeof code,
                  (struct guest_setup){.paging = true, .ring3 = true, .eflags = 0x3000});
    cr_expect_eq(guest_run(&guest, 100000), CPU_STOP_REQUESTED, "%s", cpu_triple_fault_text(guest.cpu));
    cr_expect_eq(guest.faults, 2);
    cr_expect_eq(guest.log[0], HOLE + 0xf80);
    cr_expect_eq(guest.log[1], 6);
    cr_expect_eq(guest.log[2], HOLE + 0x1000);
    cr_expect_eq(guest_get32(&guest, HOLE + 0x1f7c), 7);
    cr_expect_eq(guest_get32(&guest, HOLE + 0x1f80), 0);
    guest_destroy(&guest);
}

Test(faults, accessed_and_dirty_bits_as_the_guest_sees_them) {
    static struct guest guest;
    static const uint32_t expected[] = {0x52007, 0x52027, 0x52067, 0x52027, 0x52067};
    guest_create(&guest);
    guest_prepare(&guest, CODE(accessed_dirty), (struct guest_setup){.paging = true});
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_assert_eq(guest.logged, 5);
    for (unsigned i = 0; i < 5; i++)
        cr_expect_eq(guest.log[i], expected[i], "look %u: %x", i, guest.log[i]);
    guest_destroy(&guest);
}

Test(faults, invlpg_and_cr3_make_new_entries_count) {
    static struct guest guest;
    guest_create(&guest);
    guest_put32(&guest, 0x53000, 1);
    guest_put32(&guest, 0x55000, 2);
    guest_put32(&guest, 0x56000, 3);
    guest_prepare(&guest, CODE(remap), (struct guest_setup){.paging = true});
    guest_run(&guest, 1000);
    cr_expect_eq(guest.log[0], 1);
    cr_expect_eq(guest.log[1], 2);
    cr_expect_eq(guest.log[2], 3);
    guest_destroy(&guest);
}

Test(faults, write_protect_for_the_supervisor) {
    for (unsigned wp = 0; wp < 2; wp++) {
        static struct guest guest;
        guest_create(&guest);
        guest_map(&guest, 0x51000, 0x51005);
        guest_prepare(&guest, CODE(wp_probe), (struct guest_setup){.paging = true, .cr0_or = wp << 16});
        guest_run(&guest, 1000);
        cr_expect_eq(guest.faults, wp, "WP %u", wp);
        cr_expect_eq(guest_get32(&guest, 0x51000), !wp);
        if (wp)
            cr_expect_eq(guest.fault_error, 3);
        guest_destroy(&guest);
    }
}

/* Tables that only the supervisor may read serve segment loads in ring 3, and refuse a direct look. */
Test(faults, descriptor_tables_are_read_as_the_supervisor) {
    static const uint8_t load[] = {0xb8, 0x23, 0, 0, 0, 0x8e, 0xc0, 0xa1, 0x10, 0x08, 0, 0};
    static struct guest guest;
    guest_create(&guest);
    guest_map(&guest, 0, 3);
    guest_prepare(&guest, load, load + sizeof load, (struct guest_setup){.paging = true, .ring3 = true});
    guest_run(&guest, 1000);
    cr_expect_eq(guest.events, 1);
    cr_expect_eq(guest_last(&guest).delivery.vector, 14);
    cr_expect_eq(guest_last(&guest).delivery.rip, GUEST_CODE + 7);
    cr_expect_eq(guest.fault_address, 0x810);
    cr_expect_eq(guest.fault_error, 5);
    guest_destroy(&guest);
}

Test(faults, the_board_may_stop_before_delivery) {
    static struct guest guest;
    static const uint8_t code[] = {0xa1, 0x44, 0, 0x30, 0};
    guest_create(&guest);
    guest.stop_on_fault = true;
    guest_map(&guest, HOLE, 0);
    guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true, .ring3 = true});
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_FAULT);
    cr_expect_eq(guest.events, 0);
    cr_expect_eq(guest_registers(&guest).rip, GUEST_CODE);
    cr_expect_eq(guest.fault_bytes, 5);
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_expect_eq(guest.events, 1);
    cr_expect_eq(guest_registers(&guest).cr2, HOLE + 0x44);
    guest_destroy(&guest);
}
