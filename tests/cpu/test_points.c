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
    while (!cpu_between_blocks(guest->cpu))
        cpu_step(guest->cpu);
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

Test(points, change_nothing_that_the_guest_sees) {
    static struct trace without, with, stepped;
    size_t count;
    const struct program *programs = all_programs(&count);
    unsigned stops = 0;
    random_state = getenv("POINTS_SEED") ? (uint32_t)atoi(getenv("POINTS_SEED")) : 4;
    for (size_t i = 0; i < count; i++) {
        run(&programs[i], NULL, 0, &without);
        for (unsigned round = 0; round < 30; round++) {
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

Test(points, execute_stops_before_each_run_of_the_instruction) {
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

/* Every change of watched bytes that steps without points show. */
static void list_changes(const struct program *program, uint32_t address, uint32_t bytes, struct trace *trace) {
    static struct guest guest;
    uint64_t next = TIMER_BLOCKS;
    uint8_t before[16];
    trace->stops = 0;
    prepare(&guest, program);
    for (unsigned i = 0; i < 100000 && !guest.stopped; i++) {
        pass_time(&guest, &next);
        uint64_t rip = guest_registers(&guest).rip;
        memcpy(before, guest.ram + address, bytes);
        cpu_step(guest.cpu);
        if (memcmp(before, guest.ram + address, bytes) != 0)
            trace->stop[trace->stops++] = (struct stop){.rip = rip};
    }
    guest_destroy(&guest);
}

Test(points, every_change_of_watched_bytes_stops) {
    static struct trace changes, found;
    size_t count;
    const struct program *programs = all_programs(&count);
    unsigned changed = 0;
    random_state = 7;
    for (size_t i = 0; i < count; i++)
        for (unsigned round = 0; round < 24; round++) {
            static const uint32_t places[] = {0x7fd0, 0x7fe0, 0x7ff0, 0x7f00, 0x40000, 0x50000, 0x20010, 0x8ff0};
            struct cpu_point point = {.kind = round % 2 ? CPU_POINT_WRITE : CPU_POINT_ACCESS,
                                      .physical = round % 3 == 0,
                                      .address = places[round % 8] + random_below(16),
                                      .bytes = 1 + random_below(16)};
            list_changes(&programs[i], (uint32_t)point.address, (uint32_t)point.bytes, &changes);
            run(&programs[i], &point, 1, &found);
            unsigned at = 0;
            for (unsigned k = 0; k < found.stops && at < changes.stops; k++)
                at += found.stop[k].rip == changes.stop[at].rip;
            cr_expect_eq(at, changes.stops, "%s, %llx+%llx: %u of %u changes are missed", programs[i].name,
                         (unsigned long long)point.address, (unsigned long long)point.bytes, changes.stops - at,
                         changes.stops);
            changed += changes.stops;
        }
    cr_expect_gt(changed, 500, "%u changes", changed);
}

/* One snippet, one point: what is hit. */

struct expected {
    const char *name, *bytes;
    unsigned count;
    struct cpu_point point;
    uint64_t rip, linear;
    bool write;
};

#define CODE_BYTES(text) text, sizeof(text) - 1
#define AT GUEST_CODE

static const struct expected expectations[] = {
    {"MOV over a page boundary, watched behind it",
     CODE_BYTES("\xc7\x05\xfe\x0f\x10\x00\x44\x33\x22\x11"),
     {CPU_POINT_WRITE, false, 0x101000, 1},
     AT,
     0x101000,
     true},
    {"MOV over a page boundary, watched before it",
     CODE_BYTES("\xc7\x05\xfe\x0f\x10\x00\x44\x33\x22\x11"),
     {CPU_POINT_WRITE, false, 0x100ff0, 0x10},
     AT,
     0x100ffe,
     true},
    {"a load over a page boundary, physical",
     CODE_BYTES("\xa1\xfd\x0f\x10\x00"),
     {CPU_POINT_READ, true, 0x101000, 1},
     AT,
     0x101000,
     false},
    {"PUSH", CODE_BYTES("\x90\x50"), {CPU_POINT_WRITE, false, 0x7ffc, 4}, AT + 1, 0x7ffc, true},
    {"CALL", CODE_BYTES("\xe8\x00\x00\x00\x00"), {CPU_POINT_ACCESS, false, 0x7ffe, 1}, AT, 0x7ffe, true},
    {"POP", CODE_BYTES("\x50\x58"), {CPU_POINT_READ, false, 0x7fff, 1}, AT + 1, 0x7fff, false},
    {"PUSHA", CODE_BYTES("\x60"), {CPU_POINT_WRITE, false, 0x7fe0, 2}, AT, 0x7fe0, true},
    {"INC of memory as a read",
     CODE_BYTES("\xff\x05\x00\x00\x10\x00"),
     {CPU_POINT_READ, false, 0x100002, 1},
     AT,
     0x100002,
     false},
    {"REP MOVSB in the middle",
     CODE_BYTES("\xbe\x00\x00\x10\x00\xbf\x00\x00\x20\x00\xb9\x00\x04\x00\x00\xf3\xa4"),
     {CPU_POINT_WRITE, false, 0x200123, 1},
     AT + 15,
     0x200123,
     true},
    {"REP MOVSB, its source",
     CODE_BYTES("\xbe\x00\x00\x10\x00\xbf\x00\x00\x20\x00\xb9\x00\x04\x00\x00\xf3\xa4"),
     {CPU_POINT_ACCESS, false, 0x100321, 1},
     AT + 15,
     0x100321,
     false},
    {"REP STOSD of a page",
     CODE_BYTES("\xbf\x00\x00\x20\x00\xb9\x00\x04\x00\x00\xf3\xab"),
     {CPU_POINT_WRITE, true, 0x200ffe, 2},
     AT + 10,
     0x200ffe,
     true},
    {"INT pushes its frame", CODE_BYTES("\x90\xcd\x30"), {CPU_POINT_WRITE, false, 0x7ff4, 4}, AT + 1, 0x7ff4, true},
    {"INT reads its gate", CODE_BYTES("\xcd\x30"), {CPU_POINT_READ, false, 0x1180, 8}, AT, 0x1180, false},
    {"a page fault pushes its error code",
     CODE_BYTES("\xa1\x00\x00\x30\x00"),
     {CPU_POINT_WRITE, false, 0x7ff0, 4},
     AT,
     0x7ff0,
     true},
    {"a segment load reads its descriptor",
     CODE_BYTES("\xb8\x10\x00\x00\x00\x8e\xc0"),
     {CPU_POINT_READ, false, GUEST_GDT + 0x10, 8},
     AT + 5,
     GUEST_GDT + 0x10,
     false},
    {"a read sets A", CODE_BYTES("\xa1\x00\x00\x18\x00"), {CPU_POINT_WRITE, true, 0x31600, 4}, AT, 0x31600, true},
    {"a write sets D",
     CODE_BYTES("\xa1\x00\x00\x18\x00\xa3\x00\x00\x18\x00"),
     {CPU_POINT_ACCESS, true, 0x31603, 1},
     AT,
     0x31603,
     true},
    {"BTS far from its operand",
     CODE_BYTES("\xb8\x00\x80\x00\x00\x0f\xab\x05\x00\x00\x10\x00"),
     {CPU_POINT_WRITE, false, 0x101000, 4},
     AT + 5,
     0x101000,
     true},
    {"FXSAVE", CODE_BYTES("\x0f\xae\x05\x00\x00\x10\x00"), {CPU_POINT_WRITE, false, 0x1000a8, 4}, AT, 0x1000a8, true},
};

Test(points, see_every_kind_of_access) {
    static struct guest guest;
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const struct expected *e = &expectations[i];
        uint8_t code[64];
        memcpy(code, e->bytes, e->count);
        memcpy(code + e->count, "\xe6\xf4\xeb\xfe", 4);
        guest_create(&guest);
        guest_map(&guest, 0x300000, 0);
        guest_prepare(&guest, code, code + e->count + 4,
                      (struct guest_setup){.paging = true, .cr4 = 0x200, .eflags = 0});
        while (guest_registers(&guest).rip != AT || guest_registers(&guest).segment[CPU_CS].selector != SEL_CODE0)
            cr_assert_eq(cpu_step(guest.cpu), CPU_STOP_STEP);
        cr_assert(cpu_point_add(guest.cpu, &e->point));
        enum cpu_stop stop = guest_run(&guest, 5000);
        cr_expect_eq(stop, CPU_STOP_POINT, "%s: stop %d", e->name, stop);
        if (stop == CPU_STOP_POINT) {
            const struct cpu_point_hit *hit = cpu_point_hit(guest.cpu);
            cr_expect_eq(hit->rip, e->rip, "%s: at %llx", e->name, (unsigned long long)hit->rip);
            cr_expect_eq(hit->linear, e->linear, "%s: touched %llx", e->name, (unsigned long long)hit->linear);
            cr_expect_eq(hit->write, e->write, "%s: write %d", e->name, hit->write);
            cr_expect_eq(hit->point.address, e->point.address);
        }
        guest_destroy(&guest);
    }
}

static const struct expected silences[] = {
    {"a load beside it", CODE_BYTES("\xa1\x00\x00\x10\x00"), {CPU_POINT_ACCESS, false, 0x100004, 4}, 0, 0, false},
    {"a load of what is watched for writes",
     CODE_BYTES("\xa1\x00\x00\x10\x00"),
     {CPU_POINT_WRITE, false, 0x100000, 4},
     0,
     0,
     false},
    {"a store to what is watched for reads",
     CODE_BYTES("\xa3\x00\x00\x10\x00"),
     {CPU_POINT_READ, false, 0x100000, 4},
     0,
     0,
     false},
    {"LEA", CODE_BYTES("\x8d\x05\x00\x00\x10\x00"), {CPU_POINT_ACCESS, false, 0x100000, 4}, 0, 0, false},
    {"REP MOVSB of nothing",
     CODE_BYTES("\xbe\x00\x00\x10\x00\xbf\x00\x00\x20\x00\x31\xc9\xf3\xa4"),
     {CPU_POINT_ACCESS, false, 0x200000, 4},
     0,
     0,
     false},
    {"an instruction behind another's begin",
     CODE_BYTES("\xb8\x90\x90\x90\x90"),
     {CPU_POINT_EXECUTE, false, AT + 1, 1},
     0,
     0,
     false},
    {"PUSH one word above", CODE_BYTES("\x50"), {CPU_POINT_ACCESS, false, 0x7ff8, 4}, 0, 0, false},
    {"a store that faults", CODE_BYTES("\xa3\x00\x00\x30\x00"), {CPU_POINT_WRITE, false, 0x300000, 4}, 0, 0, false},
    {"A that is set already", CODE_BYTES("\x90"), {CPU_POINT_WRITE, true, 0x31080, 4}, 0, 0, false},
};

Test(points, are_silent_otherwise) {
    static struct guest guest;
    for (size_t i = 0; i < sizeof silences / sizeof silences[0]; i++) {
        const struct expected *e = &silences[i];
        uint8_t code[64];
        memcpy(code, e->bytes, e->count);
        memcpy(code + e->count, "\xe6\xf4\xeb\xfe", 4);
        guest_create(&guest);
        guest_map(&guest, 0x300000, 0);
        guest_prepare(&guest, code, code + e->count + 4, (struct guest_setup){.paging = true});
        while (guest_registers(&guest).rip != AT || guest_registers(&guest).segment[CPU_CS].selector != SEL_CODE0)
            cr_assert_eq(cpu_step(guest.cpu), CPU_STOP_STEP);
        struct cpu_registers start = guest_registers(&guest); /* a first time: sets A and D */
        cpu_step(guest.cpu);
        cr_assert(cpu_write_registers(guest.cpu, &start));
        cr_assert(cpu_point_add(guest.cpu, &e->point));
        cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED, "%s", e->name);
        guest_destroy(&guest);
    }
}

/* MOVS from a device to a watched page reads the device once. */
Test(points, device_memory_is_read_once) {
    static struct guest guest;
    static const uint8_t code[] = {0xbe, 0, 0, 0x0a, 0,    0xbf, 0,    0,    0x20, 0,   0xb9,
                                   3,    0, 0, 0,    0xf3, 0xa5, 0xe6, 0xf4, 0xeb, 0xfe};
    struct cpu_point point = {CPU_POINT_WRITE, false, 0x200004, 4};
    guest_create(&guest);
    guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true});
    cr_assert(cpu_point_add(guest.cpu, &point));
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_POINT);
    cr_expect_eq(guest.mmio_reads, 2, "%u", guest.mmio_reads);
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_expect_eq(guest.mmio_reads, 3, "%u", guest.mmio_reads);
    guest_destroy(&guest);
}

Test(points, a_device_write_meets_physical_points_only) {
    static struct guest guest;
    static const uint8_t code[] = {0xeb, 0xfe};
    struct cpu_point linear = {CPU_POINT_WRITE, false, 0x200000, 4}, physical = {CPU_POINT_WRITE, true, 0x200000, 4};
    guest_create(&guest);
    guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true});
    cr_assert(cpu_point_add(guest.cpu, &linear));
    guest_run(&guest, 100);
    cpu_device_wrote(guest.cpu, 0x1ff000, 0x2000);
    cr_expect_eq(guest_run(&guest, 100), CPU_STOP_DEADLINE);
    cr_assert(cpu_point_add(guest.cpu, &physical));
    cpu_memory_changed(guest.cpu, 0x1ff000, 0x2000);
    cr_expect_eq(guest_run(&guest, 100), CPU_STOP_DEADLINE, "what the debugger writes is not told");
    cpu_device_wrote(guest.cpu, 0x1ff000, 0x2000);
    cr_expect_eq(guest_run(&guest, 100), CPU_STOP_POINT);
    cr_expect_eq(cpu_point_hit(guest.cpu)->linear, 0x200000);
    guest_destroy(&guest);
}

Test(points, are_added_and_removed) {
    static struct guest guest;
    static const uint8_t code[] = {0x40, 0xa3, 0, 0, 0x20, 0, 0xeb, 0xf8};
    struct cpu_point store = {CPU_POINT_WRITE, false, 0x200000, 4};
    struct cpu_point execute = {.kind = CPU_POINT_EXECUTE, .address = GUEST_CODE + 1};
    guest_create(&guest);
    guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true});
    guest_run(&guest, 100);
    cr_assert(cpu_point_add(guest.cpu, &store));
    cr_assert(cpu_point_add(guest.cpu, &execute));
    for (unsigned i = 0; i < 6; i++) {
        uint64_t before = cpu_blocks(guest.cpu);
        cr_expect_eq(guest_run(&guest, 10), CPU_STOP_POINT);
        cr_expect_leq(cpu_blocks(guest.cpu), before + 1);
        cr_expect_eq(cpu_point_hit(guest.cpu)->point.kind, i % 2 ? CPU_POINT_WRITE : CPU_POINT_EXECUTE);
    }
    cr_expect(cpu_point_remove(guest.cpu, &store));
    cr_expect_not(cpu_point_remove(guest.cpu, &store));
    cr_expect(cpu_point_remove(guest.cpu, &execute));
    cr_expect_eq(guest_run(&guest, 100), CPU_STOP_DEADLINE);
    for (unsigned i = 0; i < CPU_POINTS_MAX; i++)
        cr_expect(cpu_point_add(guest.cpu, &store));
    cr_expect_not(cpu_point_add(guest.cpu, &store), "no room");
    guest_destroy(&guest);
}

Test(points, refuse_what_makes_no_sense) {
    static struct guest guest;
    static const struct cpu_point wrong[] = {{CPU_POINT_EXECUTE, true, 0x1000, 1},
                                             {CPU_POINT_WRITE, false, 0x1000, 0},
                                             {CPU_POINT_READ, false, 0x1000, 4097},
                                             {CPU_POINT_ACCESS, true, UINT64_MAX - 1, 4},
                                             {(enum cpu_point_kind)7, false, 0x1000, 4}};
    guest_create(&guest);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(cpu_point_add(guest.cpu, &wrong[i]), "point %zu", i);
    guest_destroy(&guest);
}

/* The reset vector is in real mode: the address is that of CS base and IP. */
Test(points, stop_in_real_mode) {
    static struct guest guest;
    struct cpu_point point = {.kind = CPU_POINT_EXECUTE, .address = 0xffff0000};
    guest_create(&guest);
    guest_prepare(&guest, CODE(mixture), (struct guest_setup){0});
    cr_assert(cpu_point_add(guest.cpu, &point));
    cr_expect_eq(guest_run(&guest, 100), CPU_STOP_POINT);
    cr_expect_eq(guest_registers(&guest).rip, 0);
    guest_destroy(&guest);
}

struct updates {
    unsigned count;
    struct mmu_walk walk[64];
};

static struct updates updates;

static void on_entry_update(void *owner, const struct mmu_walk *walk) {
    (void)owner;
    if (updates.count < 64)
        updates.walk[updates.count] = *walk;
    updates.count++;
}

static const struct mmu_step *update_of(uint64_t physical) {
    const struct mmu_step *found = NULL;
    for (unsigned i = 0; i < updates.count && i < 64; i++)
        for (unsigned level = 0; level < updates.walk[i].count; level++) {
            const struct mmu_step *step = &updates.walk[i].steps[level];
            if (step->at.value == physical && step->before != step->after)
                found = step;
        }
    return found;
}

Test(points, walks_tell_of_accessed_and_dirty_bits) {
    static struct guest guest;
    static const uint8_t code[] = {0xa1, 0, 0,    0x18, 0, 0xa1, 4,    0,    0x18, 0,
                                   0xa3, 0, 0x10, 0x18, 0, 0x50, 0xe6, 0xf4, 0xeb, 0xfe};
    guest_create(&guest);
    guest_prepare(&guest, code, code + sizeof code, (struct guest_setup){.paging = true});
    guest_watch_entries(&guest, on_entry_update);
    updates.count = 0;
    cr_expect_eq(guest_run(&guest, 1000), CPU_STOP_REQUESTED);
    cr_assert_lt(updates.count, 64);
    const struct mmu_step *read = update_of(0x31600), *write = update_of(0x31604), *stack = update_of(0x3101c);
    cr_assert(read && write && stack);
    cr_expect_eq(read->before ^ read->after, MMU_PTE_A);
    cr_expect_eq(write->before ^ write->after, MMU_PTE_A | MMU_PTE_D);
    cr_expect_eq(stack->before ^ stack->after, MMU_PTE_A | MMU_PTE_D);
    guest_destroy(&guest);
}
