/*
 * A debugger's points stop where they should and change nothing that the guest can see.
 */
#include "tests/cpu/guest.h"

#include <criterion/criterion.h>
#include <stdlib.h>

SNIPPET(mixture);
SNIPPET(return_handler);
SNIPPET(map_handler);
SNIPPET(own_block);
SNIPPET(alias_store);
SNIPPET(string_io);

#define TIMER_BLOCKS 37u
#define HITS 20000u

struct program {
    const char *name;
    const uint8_t *code, *end;
    bool ring3, paging;
};

struct stop {
    uint64_t blocks, rip, linear;
    bool write;
};

struct trace {
    uint64_t blocks;
    unsigned events, logged, stops;
    struct guest_event event[GUEST_LOG];
    uint32_t log[GUEST_LOG];
    struct stop stop[HITS];
    struct cpu_registers registers;
    uint8_t ram[0x90000];
};

static void prepare(struct guest *guest, const struct program *program) {
    guest_create(guest);
    guest_load(guest, 0x21000, CODE(return_handler));
    guest_load(guest, 0x21800, CODE(map_handler));
    guest_gate(guest, 0x20, 0x21000, SEL_CODE0, 0x8e);
    guest_gate(guest, 0x30, 0x21000, SEL_CODE0, 0xee);
    guest_gate(guest, 14, 0x21800, SEL_CODE0, 0x8e);
    guest_map(guest, 0x40000, 0);
    guest_map(guest, 0x60000, 0x50007);
    guest_prepare(guest, program->code, program->end,
                  (struct guest_setup){
                      .paging = program->paging, .ring3 = program->ring3, .eflags = program->ring3 ? 0x3200 : 0x200});
}

/* The run that went on to the end has fetched what comes next, one that was stepped has not: now all have. */
static void keep(struct guest *guest, struct trace *trace) {
    cpu_step(guest->cpu);
    trace->blocks = cpu_blocks(guest->cpu);
    trace->events = guest->events;
    trace->logged = guest->logged;
    memcpy(trace->event, guest->event, sizeof trace->event);
    memcpy(trace->log, guest->log, sizeof trace->log);
    memcpy(trace->ram, guest->ram, sizeof trace->ram);
    trace->registers = guest_registers(guest);
}

static void expect_same(const struct trace *a, const struct trace *b, const char *what) {
    cr_expect_eq(a->blocks, b->blocks, "%s: %llu and %llu blocks", what, (unsigned long long)a->blocks,
                 (unsigned long long)b->blocks);
    cr_expect_eq(a->events, b->events, "%s: %u and %u deliveries", what, a->events, b->events);
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
    cr_expect(a->logged == b->logged && memcmp(a->log, b->log, a->logged * sizeof a->log[0]) == 0,
              "%s: the guest logged something else", what);
    cr_expect_arr_eq(a->registers.gpr, b->registers.gpr, sizeof a->registers.gpr, "%s: registers", what);
    for (unsigned i = 0; i < sizeof a->ram; i++)
        if (a->ram[i] != b->ram[i]) {
            cr_expect_fail("%s: byte %x is %02x and %02x", what, i, a->ram[i], b->ram[i]);
            break;
        }
}

static void note_stop(struct guest *guest, struct trace *trace) {
    const struct cpu_point_hit *hit = cpu_point_hit(guest->cpu);
    cr_assert_lt(trace->stops, HITS, "the run stops for ever at %llx", (unsigned long long)hit->rip);
    trace->stop[trace->stops++] = (struct stop){cpu_blocks(guest->cpu), hit->rip, hit->linear, hit->write};
}

/* The board's part: time passes between blocks only. */
static void pass_time(struct guest *guest, uint64_t *next) {
    if (!cpu_between_blocks(guest->cpu) || cpu_blocks(guest->cpu) < *next)
        return;
    *next = (cpu_blocks(guest->cpu) / TIMER_BLOCKS + 1) * TIMER_BLOCKS;
    guest->vector = 0x20;
    cpu_interrupt_changed(guest->cpu);
}

/* Runs to the end, going on after every stop at a point. */
static void run(const struct program *program, const struct cpu_point *points, unsigned count, struct trace *trace) {
    static struct guest guest;
    enum cpu_stop stop = CPU_STOP_DEADLINE;
    uint64_t next = TIMER_BLOCKS;
    trace->stops = 0;
    prepare(&guest, program);
    for (unsigned i = 0; i < count; i++)
        cr_assert(cpu_point_add(guest.cpu, &points[i]));
    while (stop == CPU_STOP_POINT || stop == CPU_STOP_DEADLINE) {
        pass_time(&guest, &next);
        stop = cpu_run(guest.cpu, next);
        if (stop == CPU_STOP_POINT)
            note_stop(&guest, trace);
    }
    cr_expect_eq(stop, CPU_STOP_REQUESTED, "%s: stop %d %s", program->name, stop, cpu_triple_fault_text(guest.cpu));
    keep(&guest, trace);
    guest_destroy(&guest);
}

static void run_stepped(const struct program *program, const struct cpu_point *points, unsigned count,
                        struct trace *trace) {
    static struct guest guest;
    uint64_t next = TIMER_BLOCKS;
    trace->stops = 0;
    prepare(&guest, program);
    for (unsigned i = 0; i < count; i++)
        cr_assert(cpu_point_add(guest.cpu, &points[i]));
    for (unsigned i = 0; i < 100000 && !(guest.stopped && cpu_between_blocks(guest.cpu)); i++) {
        pass_time(&guest, &next);
        if (cpu_step(guest.cpu) == CPU_STOP_POINT)
            note_stop(&guest, trace);
    }
    cr_expect(guest.stopped, "%s does not end when stepped", program->name);
    keep(&guest, trace);
    guest_destroy(&guest);
}

static const struct program *all_programs(size_t *count) {
    static struct program programs[8];
    programs[0] = (struct program){"mixture", CODE(mixture), false, true};
    programs[1] = (struct program){"mixture in ring 3", CODE(mixture), true, true};
    programs[2] = (struct program){"code that changes its own block", CODE(own_block), false, true};
    programs[3] = (struct program){"the same without paging", CODE(own_block), false, false};
    programs[4] = (struct program){"code that changes code by an alias", CODE(alias_store), false, true};
    programs[5] = (struct program){"string ports", CODE(string_io), false, true};
    *count = 6;
    return programs;
}

/* Random points where something happens: code, data, stacks, tables. */
static uint32_t random_state;

static uint32_t random_below(uint32_t limit) {
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 8) % limit;
}

static struct cpu_point random_point(void) {
    static const struct {
        uint32_t from, bytes;
    } places[] = {{0x20000, 0x90}, {0x20000, 0x1000}, {0x21000, 0x8}, {0x21800, 0x30}, {0x40000, 0x200},
                  {0x50000, 0x90}, {0x60000, 0x90},   {0x7f00, 0x10}, {0x7f80, 0x80},  {0x8f80, 0x80},
                  {0x800, 0x60},   {0x1000, 0x200},   {0x1900, 8},    {0x31000, 0x200}};
    unsigned place = random_below(sizeof places / sizeof places[0]);
    struct cpu_point point = {.kind = random_below(4),
                              .address = places[place].from + random_below(places[place].bytes),
                              .bytes = 1 + random_below(random_below(4) ? 8 : 300)};
    point.physical = point.kind != CPU_POINT_EXECUTE && random_below(3) == 0;
    return point;
}

static void expect_same_stops(const struct trace *a, const struct trace *b, const char *what) {
    cr_expect_eq(a->stops, b->stops, "%s: %u stops, and %u when stepped", what, a->stops, b->stops);
    for (unsigned i = 0; i < a->stops && i < b->stops; i++) {
        const struct stop *x = &a->stop[i], *y = &b->stop[i];
        if (x->blocks != y->blocks || x->rip != y->rip || x->linear != y->linear || x->write != y->write) {
            cr_expect_fail("%s: stop %u is at %llx for %llx in block %llu, and at %llx for %llx in block %llu", what, i,
                           (unsigned long long)x->rip, (unsigned long long)x->linear, (unsigned long long)x->blocks,
                           (unsigned long long)y->rip, (unsigned long long)y->linear, (unsigned long long)y->blocks);
            break;
        }
    }
}

static void name_points(const struct cpu_point *points, unsigned count, char *text, size_t size) {
    size_t used = strlen(text);
    for (unsigned i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %s%s:%llx+%llx",
                                 (const char *[]){"execute", "write", "read", "access"}[points[i].kind],
                                 points[i].physical ? " physical" : "", (unsigned long long)points[i].address,
                                 (unsigned long long)points[i].bytes);
}

Test(points, change_nothing_that_the_guest_sees, .timeout = 120) {
    static struct trace without, with, stepped;
    size_t count;
    const struct program *programs = all_programs(&count);
    unsigned stops = 0;
    random_state = getenv("POINTS_SEED") ? (uint32_t)atoi(getenv("POINTS_SEED")) : 4;
    for (size_t i = 0; i < count; i++) {
        run(&programs[i], NULL, 0, &without);
        for (unsigned round = 0; round < 60; round++) {
            struct cpu_point points[4];
            char what[300];
            unsigned many = 1 + random_below(4), executes = 0;
            for (unsigned k = 0; k < many; k++) {
                points[k] = random_point();
                executes += points[k].kind == CPU_POINT_EXECUTE;
            }
            snprintf(what, sizeof what, "%s, points", programs[i].name);
            name_points(points, many, what, sizeof what);
            run(&programs[i], points, many, &with);
            expect_same(&without, &with, what);
            run_stepped(&programs[i], points, many, &stepped);
            expect_same(&without, &stepped, what);
            if (!executes) /* steps do not stop there */
                expect_same_stops(&with, &stepped, what);
            stops += with.stops;
        }
    }
    cr_expect_gt(stops, 1000, "%u stops", stops);
}

/* Where each instruction begins, by steps without points. Iterations of a repeated one count once. */
static void list_instructions(const struct program *program, struct trace *trace) {
    static struct guest guest;
    uint64_t next = TIMER_BLOCKS, before = 0;
    trace->stops = 0;
    prepare(&guest, program);
    for (unsigned i = 0; i < 100000 && !guest.stopped; i++) {
        pass_time(&guest, &next);
        unsigned events = guest.events;
        uint64_t rip = guest_registers(&guest).rip;
        bool iteration = rip == before && (guest.ram[rip] == 0xf2 || guest.ram[rip] == 0xf3);
        cpu_step(guest.cpu);
        bool interrupted = guest.events > events && guest.event[events].delivery.external;
        before = guest.events == events ? rip : 0;
        if (!iteration && !interrupted)
            trace->stop[trace->stops++] = (struct stop){.rip = rip};
    }
    guest_destroy(&guest);
}

Test(points, execute_stops_before_each_run_of_the_instruction, .timeout = 60) {
    static struct trace expected, found;
    size_t count;
    const struct program *programs = all_programs(&count);
    for (size_t i = 0; i < count; i++) {
        unsigned bytes = (unsigned)(programs[i].end - programs[i].code);
        list_instructions(&programs[i], &expected);
        for (unsigned at = 0; at < bytes; at++) {
            struct cpu_point point = {.kind = CPU_POINT_EXECUTE, .address = GUEST_CODE + at};
            unsigned wanted = 0;
            for (unsigned k = 0; k < expected.stops; k++)
                wanted += expected.stop[k].rip == point.address;
            run(&programs[i], &point, 1, &found);
            cr_expect_eq(found.stops, wanted, "%s at +%x: %u stops, not %u", programs[i].name, at, found.stops, wanted);
        }
    }
}
