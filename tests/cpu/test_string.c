/*
 * Repeated string instructions done in one go are what the engine would have done, block by block.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

struct string_case {
    const char *name, *bytes;
    unsigned count;
    uint32_t eax, ecx, esi, edi, eflags;
};

#define B(text) text, sizeof(text) - 1

static const struct string_case cases[] = {
    {"rep stosd over a page", B("\xf3\xab"), 0x11223344, 1024, 0, 0x100000, 0},
    {"rep stosd of zero", B("\xf3\xab"), 0, 1024, 0, 0x100000, 0},
    {"rep stosw", B("\xf3\x66\xab"), 0xabcd, 500, 0, 0x100101, 0},
    {"rep stosw, prefixes the other way round", B("\x66\xf3\xab"), 0xabcd, 500, 0, 0x100101, 0},
    {"rep stosb across pages", B("\xf3\xaa"), 0x77, 9000, 0, 0x100800, 0},
    {"rep movsd", B("\xf3\xa5"), 0, 2048, 0x100000, 0x200000, 0},
    {"rep movsb, unaligned", B("\xf3\xa4"), 0, 5000, 0x100003, 0x200801, 0},
    {"rep movsb that spreads one byte", B("\xf3\xa4"), 0, 600, 0x100000, 0x100001, 0},
    {"rep movsd that overlaps downwards", B("\xf3\xa5"), 0, 600, 0x100100, 0x100002, 0},
    {"rep movsd backwards", B("\xf3\xa5"), 0, 600, 0x101000, 0x202000, 0x400},
    {"rep stosd into a page that is not mapped", B("\xf3\xab"), 5, 1024, 0, 0x2ff800, 0},
    {"rep stosd into a read-only page", B("\xf3\xab"), 5, 1024, 0, 0x301800, 0},
    {"rep movsd from absent memory", B("\xf3\xa5"), 0, 300, 0xa0000, 0x200000, 0},
    {"rep stosd over the hole", B("\xf3\xab"), 9, 1024, 0, 0x9f800, 0},
    {"rep movsd from ROM", B("\xf3\xa5"), 0, 300, 0xf0000, 0x200000, 0},
};

static unsigned emit(uint8_t *code, const struct string_case *c) {
    static const uint8_t pop[] = {0x9d};
    const struct {
        uint8_t opcode;
        uint32_t value;
    } loads[] = {
        {0xb8, c->eax}, {0xb9, c->ecx}, {0xbe, c->esi}, {0xbf, c->edi}, {0x68, c->eflags | 0x202},
    };
    unsigned at = 0;
    for (unsigned i = 0; i < 5; i++) {
        code[at] = loads[i].opcode;
        memcpy(code + at + 1, &loads[i].value, 4);
        at += 5;
    }
    code[at++] = pop[0];
    memcpy(code + at, c->bytes, c->count);
    at += c->count;
    memcpy(code + at, "\xe6\xf4\xeb\xfe", 4);
    return at + 4;
}

struct outcome {
    struct cpu_registers registers;
    uint64_t blocks;
    unsigned events;
    uint8_t ram[GUEST_RAM_BYTES - 0x80000];
    uint32_t tables[1024];
};

static void run(const struct string_case *c, bool stepped, struct outcome *outcome) {
    static struct guest guest;
    uint8_t code[64];
    unsigned size = emit(code, c);
    guest_create(&guest);
    for (uint32_t i = 0x80000; i < 0x9f000; i++)
        guest.ram[i] = (uint8_t)(i * 7);
    for (uint32_t i = 0x100000; i < 0x110000; i++)
        guest.ram[i] = (uint8_t)(i * 13 + (i >> 8));
    guest_map(&guest, 0x300000, 0);
    guest_map(&guest, 0x302000, 0x302005);
    guest.interrupt_every = 0;
    guest_prepare(&guest, code, code + size, (struct guest_setup){.paging = true, .ring3 = true, .eflags = 0x3200});
    enum cpu_stop stop = CPU_STOP_STEP;
    if (stepped)
        for (unsigned i = 0; i < 40000 && !guest.stopped && stop == CPU_STOP_STEP; i++)
            stop = cpu_step(guest.cpu);
    else
        guest_run(&guest, 100000);
    cr_assert(guest.stopped, "%s did not end: stop %d", c->name, stop);
    while (!cpu_between_blocks(guest.cpu))
        cpu_step(guest.cpu);
    outcome->registers = guest_registers(&guest);
    outcome->blocks = cpu_blocks(guest.cpu);
    outcome->events = guest.events;
    memcpy(outcome->ram, guest.ram + 0x80000, sizeof outcome->ram);
    memcpy(outcome->tables, guest.ram + GUEST_PT, sizeof outcome->tables);
    guest_destroy(&guest);
}

Test(string, free_running_equals_stepping, .timeout = 100) {
    static struct outcome a, b;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run(&cases[i], false, &a);
        run(&cases[i], true, &b);
        cr_expect_arr_eq(a.registers.gpr, b.registers.gpr, sizeof a.registers.gpr, "%s: registers", cases[i].name);
        cr_expect_eq(a.registers.cr2, b.registers.cr2, "%s: CR2", cases[i].name);
        cr_expect_eq(a.blocks, b.blocks, "%s: %llu and %llu blocks", cases[i].name, (unsigned long long)a.blocks,
                     (unsigned long long)b.blocks);
        cr_expect_eq(a.events, b.events, "%s: deliveries", cases[i].name);
        cr_expect_eq(memcmp(a.ram, b.ram, sizeof a.ram), 0, "%s: memory", cases[i].name);
        cr_expect_eq(memcmp(a.tables, b.tables, sizeof a.tables), 0, "%s: accessed and dirty bits", cases[i].name);
    }
}

Test(string, interrupts_come_at_the_same_iteration) {
    static struct guest guest;
    uint64_t rcx[2];
    for (int stepped = 0; stepped < 2; stepped++) {
        uint8_t code[64];
        struct string_case c = {"", B("\xf3\xab"), 1, 4000, 0, 0x100000, 0};
        unsigned size = emit(code, &c);
        guest_create(&guest);
        guest_prepare(&guest, code, code + size, (struct guest_setup){.paging = true, .eflags = 0x200});
        for (unsigned i = 0; stepped && cpu_blocks(guest.cpu) < 777 && i < 10000; i++)
            cr_assert_eq(cpu_step(guest.cpu), CPU_STOP_STEP);
        if (!stepped)
            cr_expect_eq(cpu_run(guest.cpu, 777), CPU_STOP_DEADLINE);
        while (!cpu_between_blocks(guest.cpu))
            cpu_step(guest.cpu);
        cr_expect_eq(cpu_blocks(guest.cpu), 777);
        rcx[stepped] = guest_registers(&guest).gpr[1];
        guest_destroy(&guest);
    }
    cr_expect_eq(rcx[0], rcx[1], "%llu and %llu left", (unsigned long long)rcx[0], (unsigned long long)rcx[1]);
    cr_expect(rcx[0] > 0 && rcx[0] < 4000);
}
