/*
 * The virtual clock: blocks, interrupts, stepping. Whatever the host does, the guest sees the same.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>

SNIPPET(mixture);
SNIPPET(return_handler);
SNIPPET(count_blocks);
SNIPPET(shadow);
SNIPPET(shadow_ss);
SNIPPET(halt_then_log);
SNIPPET(spin);
SNIPPET(string_io);
SNIPPET(map_handler);
SNIPPET(own_block);
SNIPPET(tell);

#define TIMER_BLOCKS 37u

struct trace {
    struct guest_event event[GUEST_LOG];
    uint32_t log[GUEST_LOG];
    unsigned events, logged;
    uint64_t blocks;
    struct cpu_registers registers;
};

static void prepare(struct guest *guest, const uint8_t *code, const uint8_t *end, bool ring3) {
    guest_create(guest);
    guest_load(guest, 0x21000, CODE(return_handler));
    guest_load(guest, 0x21800, CODE(map_handler));
    guest_gate(guest, 0x20, 0x21000, SEL_CODE0, 0x8e);
    guest_gate(guest, 0x30, 0x21000, SEL_CODE0, 0xee);
    guest_gate(guest, 14, 0x21800, SEL_CODE0, 0x8e);
    guest_map(guest, 0x40000, 0);
    guest_prepare(guest, code, end,
                  (struct guest_setup){.paging = true, .ring3 = ring3, .eflags = ring3 ? 0x3200 : 0x200});
    guest->interrupt_every = TIMER_BLOCKS;
}

static void keep(struct guest *guest, struct trace *trace) {
    memcpy(trace->event, guest->event, sizeof trace->event);
    memcpy(trace->log, guest->log, sizeof trace->log);
    trace->events = guest->events;
    trace->logged = guest->logged;
    trace->blocks = cpu_blocks(guest->cpu);
    trace->registers = guest_registers(guest);
    guest_destroy(guest);
}

/* The board's part of stepping: time passes between blocks only. */
static enum cpu_stop step(struct guest *guest, uint64_t *next) {
    if (cpu_between_blocks(guest->cpu) && cpu_blocks(guest->cpu) >= *next) {
        *next = (cpu_blocks(guest->cpu) / TIMER_BLOCKS + 1) * TIMER_BLOCKS;
        guest->vector = 0x20;
        cpu_interrupt_changed(guest->cpu);
    }
    return cpu_step(guest->cpu);
}

static void expect_same(const struct trace *a, const struct trace *b, const char *what) {
    cr_expect_eq(a->blocks, b->blocks, "%s: %llu and %llu blocks", what, (unsigned long long)a->blocks,
                 (unsigned long long)b->blocks);
    cr_expect_eq(a->events, b->events, "%s: %u and %u deliveries", what, a->events, b->events);
    cr_expect_eq(a->logged, b->logged, "%s: %u and %u log entries", what, a->logged, b->logged);
    for (unsigned i = 0; i < a->logged && i < b->logged; i++)
        if (a->log[i] != b->log[i]) {
            cr_expect_fail("%s: log entry %u is %x and %x", what, i, a->log[i], b->log[i]);
            break;
        }
    for (unsigned i = 0; i < a->events && i < b->events; i++) {
        const struct guest_event *x = &a->event[i], *y = &b->event[i];
        if (x->blocks != y->blocks || x->delivery.vector != y->delivery.vector || x->delivery.rip != y->delivery.rip) {
            cr_expect_fail("%s: delivery %u: vector %u at %llx in block %llu, and vector %u at %llx in block %llu",
                           what, i, x->delivery.vector, (unsigned long long)x->delivery.rip,
                           (unsigned long long)x->blocks, y->delivery.vector, (unsigned long long)y->delivery.rip,
                           (unsigned long long)y->blocks);
            break;
        }
    }
    cr_expect_arr_eq(a->registers.gpr, b->registers.gpr, sizeof a->registers.gpr, "%s: registers", what);
}

static void run_free(struct trace *trace, const uint8_t *code, const uint8_t *end, bool ring3) {
    static struct guest guest;
    prepare(&guest, code, end, ring3);
    enum cpu_stop stop = guest_run(&guest, 1000000);
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "stop %d %s", stop, cpu_triple_fault_text(guest.cpu));
    keep(&guest, trace);
}

/* Runs by turns: `stride` instructions stepped, then a stretch of free running, until the guest stops. */
static void run_mixed(struct trace *trace, const uint8_t *code, const uint8_t *end, bool ring3, unsigned stride,
                      unsigned stretch) {
    static struct guest guest;
    prepare(&guest, code, end, ring3);
    uint64_t next = TIMER_BLOCKS;
    bool done = false;
    for (unsigned round = 0; !done && round < 200000; round++) {
        for (unsigned i = 0; i < stride && !done; i++) {
            enum cpu_stop stop = step(&guest, &next);
            cr_assert(stop == CPU_STOP_STEP || (stop == CPU_STOP_HALT && guest.stopped), "stop %d %s", stop,
                      cpu_triple_fault_text(guest.cpu));
            done = guest.stopped && cpu_between_blocks(guest.cpu);
        }
        if (stretch && !done) {
            uint64_t until = cpu_blocks(guest.cpu) + stretch;
            enum cpu_stop stop = cpu_run(guest.cpu, until < next ? until : next);
            done = stop == CPU_STOP_REQUESTED && cpu_between_blocks(guest.cpu);
            cr_assert(stop == CPU_STOP_REQUESTED || stop == CPU_STOP_DEADLINE, "stop %d", stop);
        }
    }
    keep(&guest, trace);
}

Test(time, two_free_runs_are_the_same) {
    static struct trace a, b;
    for (int ring3 = 0; ring3 < 2; ring3++) {
        run_free(&a, CODE(mixture), ring3);
        run_free(&b, CODE(mixture), ring3);
        cr_expect_gt(a.events, 15);
        cr_expect_eq(a.blocks, b.blocks);
        expect_same(&a, &b, "two runs");
    }
}

static void compare_paused(const uint8_t *code, const uint8_t *end, unsigned spread) {
    static struct trace a, b;
    static struct guest guest;
    run_free(&a, code, end, false);
    prepare(&guest, code, end, false);
    uint64_t next = TIMER_BLOCKS;
    enum cpu_stop stop = CPU_STOP_DEADLINE;
    for (unsigned i = 0; stop == CPU_STOP_DEADLINE; i++) {
        uint64_t now = cpu_blocks(guest.cpu), pause = now + 1 + i * 7 % spread;
        if (now >= next) {
            next = (now / TIMER_BLOCKS + 1) * TIMER_BLOCKS;
            guest.vector = 0x20;
            cpu_interrupt_changed(guest.cpu);
        }
        stop = cpu_run(guest.cpu, pause < next ? pause : next);
        (void)guest_registers(&guest);
    }
    cr_expect_eq(stop, CPU_STOP_REQUESTED);
    keep(&guest, &b);
    cr_expect_eq(a.blocks, b.blocks);
    expect_same(&a, &b, "paused");
}

Test(time, pauses_change_nothing) {
    compare_paused(CODE(mixture), 13);
    compare_paused(CODE(mixture), 1);
    compare_paused(CODE(own_block), 1);
    compare_paused(CODE(string_io), 1);
    compare_paused(CODE(tell), 1);
}

static void compare_stepped(const uint8_t *code, const uint8_t *end, bool ring3, const char *what) {
    static struct trace a, b;
    static const unsigned ways[][2] = {{1, 0}, {1, 1}, {3, 5}, {7, 2}, {50, 11}};
    run_free(&a, code, end, ring3);
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s ring %d, %u steps then %u blocks", what, ring3 ? 3 : 0, ways[i][0], ways[i][1]);
        run_mixed(&b, code, end, ring3, ways[i][0], ways[i][1]);
        expect_same(&a, &b, name);
    }
}

Test(time, stepping_and_running_agree, .timeout = 100) {
    compare_stepped(CODE(mixture), false, "mixture");
    compare_stepped(CODE(mixture), true, "mixture");
    compare_stepped(CODE(count_blocks), false, "count");
    compare_stepped(CODE(string_io), false, "string");
    compare_stepped(CODE(own_block), false, "code that changes its own block");
    compare_stepped(CODE(tell), false, "code that calls the board");
}

Test(time, code_that_is_named_calls_the_board_in_ring_0) {
    static struct trace trace;
    run_free(&trace, CODE(tell), false);
    cr_assert_eq(trace.logged, 200);
    for (unsigned i = 0; i < 200; i++)
        cr_expect_eq(trace.log[i], 200 - i);
    run_free(&trace, CODE(tell), true);
    cr_expect_eq(trace.logged, 0, "a program cannot speak for the kernel");
}

Test(time, a_block_is_counted_once) {
    static struct guest guest;
    guest_create(&guest);
    guest_prepare(&guest, CODE(count_blocks), (struct guest_setup){0});
    while (guest_registers(&guest).rip != GUEST_CODE || guest_registers(&guest).segment[CPU_CS].selector != SEL_CODE0)
        cr_assert_eq(cpu_step(guest.cpu), CPU_STOP_STEP);
    uint64_t before = cpu_blocks(guest.cpu);
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_expect_eq(cpu_blocks(guest.cpu) - before, 101, "one with MOV, 99 of the loop, one with OUT: %llu",
                 (unsigned long long)(cpu_blocks(guest.cpu) - before));
    guest_destroy(&guest);
}

Test(time, the_deadline_is_exact) {
    static struct guest guest;
    guest_create(&guest);
    guest_prepare(&guest, CODE(spin), (struct guest_setup){0});
    for (uint64_t at = 1; at < 300; at += 7) {
        cr_expect_eq(cpu_run(guest.cpu, at), CPU_STOP_DEADLINE);
        cr_expect_eq(cpu_blocks(guest.cpu), at);
    }
    guest_destroy(&guest);
}

Test(time, sti_and_mov_ss_hold_interrupts_off_for_one_instruction) {
    static struct guest guest;
    for (int stepped = 0; stepped < 2; stepped++) {
        guest_create(&guest);
        guest_load(&guest, 0x21000, CODE(return_handler));
        guest_gate(&guest, 0x20, 0x21000, SEL_CODE0, 0x8e);
        guest_prepare(&guest, CODE(shadow), (struct guest_setup){0});
        for (unsigned i = 0; stepped && i < 100 && !guest.events; i++)
            cpu_step(guest.cpu);
        if (!stepped)
            guest_run(&guest, 1000);
        cr_assert_geq(guest.events, 1);
        cr_expect_eq(guest.event[0].delivery.rip, GUEST_CODE + 16, "after one INC: %llx",
                     (unsigned long long)guest.event[0].delivery.rip);
        cr_expect_eq(guest_get32(&guest, 0x7f04), 1);
        guest_destroy(&guest);
    }
    guest_create(&guest);
    guest_load(&guest, 0x21000, CODE(return_handler));
    guest_gate(&guest, 0x20, 0x21000, SEL_CODE0, 0x8e);
    guest_prepare(&guest, CODE(shadow_ss), (struct guest_setup){0});
    guest_run(&guest, 1000);
    cr_assert_geq(guest.events, 1);
    cr_expect_eq(guest_get32(&guest, 0x7f04), 1, "the instruction behind MOV SS has run");
    guest_destroy(&guest);
}

Test(time, hlt_waits_for_an_interrupt) {
    static struct guest guest;
    guest_create(&guest);
    guest_load(&guest, 0x21000, CODE(return_handler));
    guest_gate(&guest, 0x20, 0x21000, SEL_CODE0, 0x8e);
    guest_prepare(&guest, CODE(halt_then_log), (struct guest_setup){0});
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_HALT);
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_HALT, "still");
    cr_expect_eq(cpu_step(guest.cpu), CPU_STOP_HALT);
    uint64_t before = cpu_blocks(guest.cpu);
    cpu_add_idle_blocks(guest.cpu, 1000);
    cr_expect_eq(cpu_blocks(guest.cpu), before + 1000);
    guest.vector = 0x20;
    cpu_interrupt_changed(guest.cpu);
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_expect_eq(guest.log[0], 1);
    guest_destroy(&guest);
}

Test(time, string_ports_go_one_element_at_a_time) {
    static struct guest guest;
    guest_create(&guest);
    guest_prepare(&guest, CODE(string_io), (struct guest_setup){.paging = true});
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_assert_eq(guest.logged, 4);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(guest.log[i], i + 1);
    guest_destroy(&guest);
}
