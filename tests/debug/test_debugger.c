/*
 * The debugger on real runs in which the right stop is known. The first run goes free and keeps everything that
 * happened; a condition's right stop is the first of these records that a predicate of its own, written here, picks.
 * usage: test_debugger ROM KERNEL INITRAMFS PROGRAM
 */
#include "emu/debug/debugger.h"
#include "emu/debug/session.h"
#include "emu/story/event_types.h"
#include "tests/debug/images.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECOND 1000000ull

static unsigned checks, failures;

__attribute__((format(printf, 2, 3))) static void check(bool good, const char *format, ...) {
    va_list arguments;
    checks++;
    failures += !good;
    printf("%s %u - ", good ? "ok" : "not ok", checks);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

/* ---- runs ---- */

struct happened { /* an event, or a closed fault of any process */
    uint64_t blocks;
    bool is_fault;
    union {
        struct flt_record head;
        uint8_t bytes[FLT_RECORD_MAX];
    } record;
    struct story_fault fault;
};

struct run {
    struct session *session;
    struct debugger *debugger;
    struct happened *all;
    size_t count, capacity;
    bool keep;
    uint64_t trace_hash, console_hash; /* of all records and bytes */
    uint64_t faults, events;
};

static struct session_blob images[4];

static uint64_t mix(uint64_t hash, const void *bytes, size_t count) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * 0x100000001b3ull;
    return hash;
}

static struct happened *one_more(struct run *run) {
    if (run->count == run->capacity) {
        run->capacity = run->capacity ? run->capacity * 2 : 4096;
        run->all = realloc(run->all, run->capacity * sizeof *run->all);
        if (!run->all)
            exit(2);
    }
    memset(&run->all[run->count], 0, sizeof *run->all);
    return &run->all[run->count++];
}

static void on_console(void *owner, const char *bytes, size_t count) {
    struct run *run = owner;
    run->console_hash = mix(run->console_hash, bytes, count);
}

static void on_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    struct run *run = owner;
    run->events++;
    run->trace_hash = mix(mix(run->trace_hash, &blocks, sizeof blocks), record, record->bytes);
    if (!run->keep)
        return;
    struct happened *one = one_more(run);
    one->blocks = blocks;
    memcpy(&one->record, record, record->bytes);
}

static void on_fault(void *owner, const struct story_fault *fault) {
    struct run *run = owner;
    run->faults++;
    run->trace_hash = mix(run->trace_hash, &fault->number, sizeof fault->number);
    run->trace_hash = mix(run->trace_hash, &fault->end_blocks, sizeof fault->end_blocks);
    if (!run->keep)
        return;
    struct happened *one = one_more(run);
    one->blocks = fault->end_blocks;
    one->is_fault = true;
    one->fault = *fault;
}

static void start(struct run *run, bool keep) {
    char error[300];
    *run = (struct run){.keep = keep, .trace_hash = 1, .console_hash = 1};
    struct session_config config = {
        .ram_bytes = 32u << 20,
        .rom = images[0],
        .kernel = images[1],
        .initrd = images[2],
        .program = images[3],
        .cmdline = "",
        .program_name = "first-faults",
        .story = true,
        .owner = run,
        .on_console = on_console,
        .on_event = on_event,
        .on_fault = on_fault,
    };
    run->session = session_create(&config, error, sizeof error);
    if (!run->session) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
    run->debugger = session_debugger(run->session);
}

static void finish(struct run *run) {
    session_finish(run->session);
    session_destroy(run->session);
    free(run->all);
}

static const struct debug_stop *go(struct run *run, enum debug_go how) {
    debugger_go(run->debugger, how);
    while (!debugger_run(run->debugger, machine_now(session_machine(run->session)) + MILLISECOND))
        ;
    return debugger_stop(run->debugger);
}

static unsigned add(struct run *run, const char *text) {
    char error[400] = "";
    unsigned id = debugger_add(run->debugger, text, error, sizeof error);
    if (!id)
        printf("# %s: %s\n", text, error);
    return id;
}

static uint64_t blocks_of(const struct run *run) { return machine_blocks(session_machine(run->session)); }

static struct cpu_registers registers_of(const struct run *run) {
    struct cpu_registers registers;
    cpu_read_registers(machine_cpu(session_machine(run->session)), &registers);
    return registers;
}

static uint32_t peek32(const struct run *run, uint64_t linear) {
    uint32_t value = 0;
    mmu_peek_read(machine_mmu(session_machine(run->session)), mmu_linear(linear), &value, sizeof value);
    return value;
}

/* ---- the right stops ---- */

static const struct flt_record *event_of(const struct happened *one, uint16_t type) {
    return !one->is_fault && one->record.head.type == type ? &one->record.head : NULL;
}
#define EVENT(one, type, structure) ((const struct structure *)(const void *)event_of(one, type))

static const struct story_fault *program_fault(const struct happened *one) {
    return one->is_fault && one->fault.user_program ? &one->fault : NULL;
}

static bool is_branch(const struct happened *one, uint32_t branch) {
    return program_fault(one) && one->fault.branch == branch;
}
static bool is_cow_copy(const struct happened *one) { return is_branch(one, FLT_BRANCH_COW_COPY); }
static bool is_segv(const struct happened *one) { return is_branch(one, FLT_BRANCH_SEGV); }
static bool is_any(const struct happened *one) { return program_fault(one); }
static bool is_kernel_too(const struct happened *one) { return one->is_fault; }
static bool is_protection(const struct happened *one) { return program_fault(one) && (one->fault.error_code & 3) == 3; }
static bool is_in_range(const struct happened *one) {
    return program_fault(one) && one->fault.linear >= 0xb7000000 && one->fault.linear < 0xc0000000;
}
static bool is_in_heap(const struct happened *one) {
    return program_fault(one) && strcmp(one->fault.vma_name, "[heap]") == 0;
}
static bool is_outside(const struct happened *one) { return program_fault(one) && !one->fault.vma_found; }
static bool is_at_pde(const struct happened *one) {
    return program_fault(one) && one->fault.walk.count == 1 && one->fault.walk.steps[0].level == 2;
}
static bool is_read_only(const struct happened *one) {
    return program_fault(one) && one->fault.walk.result.rule == MMU_RULE_READ_ONLY;
}
static bool is_signal(const struct happened *one) { return program_fault(one) && one->fault.signal == 11; }
static bool is_in_function(const struct happened *one) {
    return program_fault(one) && strncmp(one->fault.symbol, "grow_stack", 10) == 0;
}
static bool is_write_right(const struct happened *one) {
    const struct flt_fault_pte *pte = EVENT(one, FLT_FAULT_PTE, flt_fault_pte);
    return pte && (pte->after & 3) == 3 && (pte->before & 3) != 3;
}
static bool is_cow(const struct happened *one) { return event_of(one, FLT_FAULT_COW); }
static bool is_reuse(const struct happened *one) {
    const struct flt_fault_cow *cow = EVENT(one, FLT_FAULT_COW, flt_fault_cow);
    return cow && cow->old_pfn == cow->new_pfn;
}
static bool is_shared_copy(const struct happened *one) {
    const struct flt_fault_cow *cow = EVENT(one, FLT_FAULT_COW, flt_fault_cow);
    return cow && cow->old_mapcount >= 2;
}
static bool is_split(const struct happened *one) {
    const struct flt_mm_buddy *buddy = EVENT(one, FLT_MM_BUDDY_SPLIT, flt_mm_buddy);
    return buddy && buddy->order >= 5;
}
static bool is_merge(const struct happened *one) {
    const struct flt_mm_buddy *buddy = EVENT(one, FLT_MM_BUDDY_MERGE, flt_mm_buddy);
    return buddy && buddy->order >= 2;
}
static bool is_big_alloc(const struct happened *one) {
    const struct flt_mm_page_alloc *alloc = EVENT(one, FLT_MM_PAGE_ALLOC, flt_mm_page_alloc);
    return alloc && alloc->order >= 1;
}
static bool is_program(const struct happened *one) {
    const struct flt_task_rename *name = EVENT(one, FLT_TASK_RENAME, flt_task_rename);
    return name && strncmp(name->comm, "first-faults", 16) == 0;
}
static bool is_start(const struct happened *one) {
    const struct flt_boot_phase *phase = EVENT(one, FLT_BOOT_PHASE, flt_boot_phase);
    return phase && phase->phase == FLT_PHASE_PROGRAM_START;
}
static bool is_a_signal(const struct happened *one) { return event_of(one, FLT_SIGNAL); }
static bool is_exit(const struct happened *one) { return event_of(one, FLT_TASK_EXIT); }
static bool is_freed(const struct happened *one) { return event_of(one, FLT_MM_PAGE_FREE); }

static const struct known {
    const char *text;
    bool (*right)(const struct happened *one);
} known[] = {
    {"fault", is_any},
    {"fault kernel", is_kernel_too},
    {"fault branch=cow_copy", is_cow_copy},
    {"fault branch=segv", is_segv},
    {"fault error=3/3", is_protection},
    {"fault error=P+W", is_protection},
    {"fault addr=b7000000-c0000000", is_in_range},
    {"fault vma=[heap]", is_in_heap},
    {"fault vma=none", is_outside},
    {"fault level=pde", is_at_pde},
    {"fault rule=read-only", is_read_only},
    {"fault signal=SIGSEGV", is_signal},
    {"fault outcome=signal branch!=sigbus", is_signal},
    {"fault function=grow_stack", is_in_function},
    {"pte bit=W change=set by=fault", is_write_right},
    {"cow", is_cow},
    {"cow how=reuse", is_reuse},
    {"cow mapcount>=2", is_shared_copy},
    {"split order>=5", is_split},
    {"merge order>=2", is_merge},
    {"alloc order>=1", is_big_alloc},
    {"free", is_freed},
    {"task what=exec name=first-faults", is_program},
    {"task what=exit", is_exit},
    {"signal", is_a_signal},
    {"event name=boot_phase phase=program-start", is_start},
};

static bool is_right(const struct run *run, const struct debug_stop *stop, const struct happened *right) {
    if (right->is_fault)
        return stop->fault == right->fault.number && !debugger_event(run->debugger);
    const struct flt_record *event = debugger_event(run->debugger);
    return event && event->bytes == right->record.head.bytes && memcmp(event, &right->record, event->bytes) == 0;
}

static void stop_at_the_right_record(const struct run *free_run) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct run run;
        const struct happened *right = NULL;
        for (size_t k = 0; k < free_run->count && !right; k++)
            if (known[i].right(&free_run->all[k]))
                right = &free_run->all[k];
        start(&run, false);
        unsigned id = add(&run, known[i].text);
        const struct debug_stop *stop = go(&run, GO_RUN);
        check(right && id == 1 && stop->reason == REASON_CONDITION && stop->point == 1 && is_right(&run, stop, right) &&
                  stop->blocks >= right->blocks && stop->blocks < right->blocks + 100,
              "%s: %s", known[i].text, stop->text);
        finish(&run);
    }
}

/* Every hit is counted, whatever the stop names; the run is the same as without points. */
static void count_all_hits(const struct run *free_run) {
    struct run run;
    struct debug_point points[DEBUG_POINTS_MAX];
    uint64_t right[sizeof known / sizeof known[0]] = {0};
    start(&run, false);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        add(&run, known[i].text);
        for (size_t k = 0; k < free_run->count; k++)
            right[i] += known[i].right(&free_run->all[k]);
    }
    uint64_t stops = 0;
    while (go(&run, GO_RUN)->reason == REASON_CONDITION)
        stops++;
    size_t count = debugger_points(run.debugger, points, DEBUG_POINTS_MAX);
    for (size_t i = 0; i < count; i++)
        check(points[i].hits == right[i] && right[i] > 0, "%s is met %" PRIu64 " times, of %" PRIu64, points[i].text,
              points[i].hits, right[i]);
    check(stops > 100, "%" PRIu64 " stops", stops);
    check(debugger_stop(run.debugger)->reason == REASON_END && blocks_of(&run) == blocks_of(free_run) &&
              run.trace_hash == free_run->trace_hash && run.console_hash == free_run->console_hash,
          "a run with many points is the same run");
    finish(&run);
}

static void several_at_once(void) {
    struct run run;
    struct debug_point points[4];
    start(&run, false);
    add(&run, "cow how=copy");
    add(&run, "event name=fault_cow");
    add(&run, "fault branch=segv");
    const struct debug_stop *stop = go(&run, GO_RUN);
    debugger_points(run.debugger, points, 4);
    check(stop->point == 1 && points[0].hits == 1 && points[1].hits == 1 && points[2].hits == 0,
          "of several at one moment the stop names the first, and hits are counted on all");
    check(strncmp(stop->text, "stop 1: ", 8) == 0 && stop->event && stop->pfn != DEBUG_NO_FRAME, "%s", stop->text);
    check(debugger_enable(run.debugger, 1, false) && debugger_remove(run.debugger, 2) &&
              !debugger_remove(run.debugger, 2) && debugger_points(run.debugger, points, 4) == 2 &&
              !points[0].enabled && points[1].id == 3,
          "points are turned off and taken away");
    check(go(&run, GO_RUN)->point == 3, "a point that is off does not stop the run");
    check(add(&run, "cow") == 4, "an id is never used again");
    finish(&run);
}

/* ---- going on in other ways ---- */

static const struct happened *next_after(const struct run *free_run, uint64_t blocks,
                                         bool (*right)(const struct happened *)) {
    for (size_t i = 0; i < free_run->count; i++)
        if (free_run->all[i].blocks > blocks && right(&free_run->all[i]))
            return &free_run->all[i];
    return NULL;
}

static bool is_event(const struct happened *one) { return !one->is_fault; }

static void faults_events_and_walks(const struct run *free_run) {
    struct run run;
    start(&run, false);
    check(debugger_stop(run.debugger)->reason == REASON_START, "stands before it runs");
    bool good = true;
    uint64_t blocks = 0;
    for (unsigned i = 0; i < 20; i++) {
        const struct happened *right = next_after(free_run, blocks, is_any);
        const struct debug_stop *stop = go(&run, GO_FAULT);
        good &= right && stop->reason == REASON_FAULT && stop->fault == right->fault.number;
        blocks = right ? right->blocks : 0;
    }
    check(good, "twenty times to the next fault");
    blocks = blocks_of(&run);
    const struct happened *event = next_after(free_run, blocks, is_event);
    const struct debug_stop *stop = go(&run, GO_EVENT);
    check(stop->reason == REASON_EVENT && event && is_right(&run, stop, event), "to the next event: %s", stop->text);
    for (unsigned i = 0; i < 40; i++) {
        stop = go(&run, GO_WALK);
        if (strstr(stop->text, "page fault"))
            break;
    }
    check(stop->reason == REASON_WALK && stop->fault && strstr(stop->text, "is refused: "), "to a walk: %s",
          stop->text);
    const struct story_fault *fault = story_fault_by_number(session_story(run.session), stop->fault);
    check(fault && fault->end_blocks == 0 && registers_of(&run).cpl == 0, "the fault has begun and is not over");
    debugger_set_limit(run.debugger, machine_now(session_machine(run.session)) + MILLISECOND / 100);
    check(go(&run, GO_RUN)->reason == REASON_LIMIT, "to the limit");
    debugger_set_limit(run.debugger, VTIME_NEVER);
    debugger_go(run.debugger, GO_RUN);
    debugger_pause(run.debugger);
    check(debugger_run(run.debugger, VTIME_NEVER) && debugger_stop(run.debugger)->reason == REASON_REQUEST,
          "until somebody asks");
    debugger_pause(run.debugger); /* it stands already */
    stop = go(&run, GO_RUN);
    check(stop->reason == REASON_END && stop->machine == MACHINE_STOP_EXIT && strstr(stop->text, "status 0"), "%s",
          stop->text);
    check(go(&run, GO_OVER)->reason == REASON_END && go(&run, GO_FAULT)->reason == REASON_END,
          "there is nothing after the end");
    check(blocks_of(&run) == blocks_of(free_run) && run.trace_hash == free_run->trace_hash, "and it was the same run");
    finish(&run);
}

/* Steps into the next call of the program. */
static bool into_call(struct run *run, struct cpu_registers *before) {
    for (unsigned i = 0; i < 20000; i++) {
        *before = registers_of(run);
        uint8_t opcode = (uint8_t)peek32(run, before->rip);
        go(run, GO_INSTRUCTION);
        if (opcode == 0xe8 && before->cpl == 3 && registers_of(run).gpr[4] == before->gpr[4] - 4)
            return true;
    }
    return false;
}

static void over_and_finish(const struct run *free_run) {
    struct run run;
    struct cpu_registers before, after;
    start(&run, false);
    for (unsigned i = 0; i < 3; i++)
        go(&run, GO_FAULT);
    uint64_t number = debugger_stop(run.debugger)->fault;
    const struct story_fault *fault = story_fault_by_number(session_story(run.session), number);
    for (unsigned i = 0; i < 12 && registers_of(&run).cpl == 0; i++)
        go(&run, GO_FINISH);
    check(registers_of(&run).cpl == 3 && registers_of(&run).rip == fault->rip,
          "finish leaves the kernel where the fault came from");
    check(into_call(&run, &before), "steps into a call");
    after = registers_of(&run);
    uint32_t home = peek32(&run, after.gpr[4]);
    check(home == before.rip + 5, "the return address lies on the stack");
    const struct debug_stop *stop = go(&run, GO_FINISH);
    after = registers_of(&run);
    check(stop->reason == REASON_STEP && after.rip == home && after.gpr[4] == before.gpr[4] && after.cr3 == before.cr3,
          "finish runs to the return: %s", stop->text);
    unsigned calls = 0, right = 0, events = 0;
    for (unsigned i = 0; i < 3000; i++) {
        before = registers_of(&run);
        uint32_t bytes = peek32(&run, before.rip);
        bool call = (uint8_t)bytes == 0xe8, gate = (uint16_t)bytes == 0x80cd;
        uint64_t seen = run.events;
        stop = go(&run, GO_OVER);
        after = registers_of(&run);
        if (stop->reason != REASON_STEP)
            break;
        calls += call || gate;
        right += (call && after.rip == before.rip + 5) || (gate && after.rip == before.rip + 2);
        events += run.events > seen;
        if (after.cpl != 3 || (call && after.gpr[4] != before.gpr[4]))
            break;
    }
    check(calls >= 5 && right + 1 >= calls, "over runs calls and system calls to their return: %u of %u", right, calls);
    check(events > 0, "with faults on the way");
    while (go(&run, GO_RUN)->reason != REASON_END)
        ;
    check(blocks_of(&run) == blocks_of(free_run) && run.trace_hash == free_run->trace_hash &&
              run.console_hash == free_run->console_hash,
          "a run with many steps is the same run");
    finish(&run);
}

/* The task that calls schedule() sleeps; its return comes when others have run on stacks of their own. */
static void finish_across_a_switch(void) {
    struct run run;
    start(&run, false);
    go(&run, GO_FAULT);
    unsigned id = add(&run, "break kernel:schedule");
    const struct debug_stop *stop = go(&run, GO_RUN);
    struct cpu_registers before = registers_of(&run);
    uint32_t home = peek32(&run, before.gpr[4]), pid = story_current_task(session_story(run.session));
    check(stop->reason == REASON_BREAK, "%s", stop->text);
    debugger_remove(run.debugger, id);
    uint64_t faults = run.faults;
    stop = go(&run, GO_FINISH);
    struct cpu_registers after = registers_of(&run);
    check(stop->reason == REASON_STEP && after.rip == home && after.gpr[4] == before.gpr[4] + 4 &&
              story_current_task(session_story(run.session)) == pid && run.faults > faults,
          "finish waits while other tasks run: %s", stop->text);
    finish(&run);
}

/* ---- breaks and watches ---- */

static uint64_t hits_of(const struct run *run, unsigned id) {
    struct debug_point points[DEBUG_POINTS_MAX];
    size_t count = debugger_points(run->debugger, points, DEBUG_POINTS_MAX);
    for (size_t i = 0; i < count; i++)
        if (points[i].id == id)
            return points[i].hits;
    return UINT64_MAX;
}

/* grow_stack() makes room for 256 KiB, writes to its lowest byte and reads it back. */
static void watch_the_stack(struct run *run, uint64_t function) {
    char text[100];
    struct cpu_registers registers = registers_of(run);
    uint32_t home = peek32(run, registers.gpr[4]);
    uint64_t local = registers.gpr[4] - 0x40000;
    snprintf(text, sizeof text, "watch %" PRIx64 " 1", local);
    unsigned write = add(run, text);
    snprintf(text, sizeof text, "rwatch %" PRIx64 " 1", local);
    unsigned read = add(run, text);
    snprintf(text, sizeof text, "awatch %" PRIx64 " 2", local);
    unsigned either = add(run, text);
    const struct debug_stop *stop = go(run, GO_RUN);
    check(stop->reason == REASON_WATCH && stop->linear == local && strstr(stop->text, "wrote to") &&
              strstr(stop->text, "0x01"),
          "a write is watched: %s", stop->text);
    check(hits_of(run, write) == 1 && hits_of(run, read) == 0 && hits_of(run, either) == 1,
          "and counted on each point that it meets");
    debugger_enable(run->debugger, write, false);
    stop = go(run, GO_RUN);
    check(stop->reason == REASON_WATCH && strstr(stop->text, " read ") && hits_of(run, read) == 1 &&
              hits_of(run, either) == 2,
          "a read is watched: %s", stop->text);
    debugger_remove(run->debugger, write);
    debugger_remove(run->debugger, read);
    debugger_remove(run->debugger, either);
    stop = go(run, GO_FINISH);
    check(stop->reason == REASON_STEP && registers_of(run).rip == home, "finish leaves %08" PRIx64, function);
}

/* A variable of the kernel by its name, and the memory that it lies in. */
static void watch_the_kernel(struct run *run) {
    char error[200], text[60];
    uint64_t forks = 0;
    debugger_resolve(run->debugger, "kernel:total_forks", &forks, error, sizeof error);
    unsigned id = add(run, "watch kernel:total_forks");
    const struct debug_stop *stop = go(run, GO_RUN);
    while (stop->reason == REASON_WATCH && peek32(run, forks) == 0) /* the boot clears it */
        stop = go(run, GO_RUN);
    check(stop->reason == REASON_WATCH && peek32(run, forks) == 1 && strstr(stop->text, "wrote to total_forks at "),
          "a variable of the kernel: %s", stop->text);
    debugger_remove(run->debugger, id);
    snprintf(text, sizeof text, "pwatch %" PRIx64, forks - 0xc0000000);
    id = add(run, text);
    stop = go(run, GO_RUN);
    check(stop->reason == REASON_WATCH && stop->point == id && peek32(run, forks) == 2 &&
              strstr(stop->text, "0x00000001 became 0x00000002"),
          "and its memory: %s", stop->text);
    debugger_remove(run->debugger, id);
}

static void breaks_and_watches(const struct run *free_run) {
    struct run run;
    uint64_t function = 0;
    char error[200];
    start(&run, false);
    debugger_resolve(run.debugger, "grow_stack", &function, error, sizeof error);
    watch_the_kernel(&run);
    unsigned id = add(&run, "break grow_stack"), line = add(&run, "break first-faults.c:20");
    unsigned kernel = add(&run, "break kernel:do_page_fault");
    const struct debug_stop *stop = go(&run, GO_RUN);
    check(stop->reason == REASON_BREAK && stop->point == kernel &&
              strstr(stop->text, "break at do_page_fault (fault.c:"),
          "a break in the kernel: %s", stop->text);
    for (unsigned i = 0; i < 3; i++)
        stop = go(&run, GO_RUN);
    check(stop->point == kernel && hits_of(&run, kernel) == 4, "again and again");
    debugger_remove(run.debugger, kernel);
    stop = go(&run, GO_RUN);
    check(stop->reason == REASON_BREAK && stop->point == line && strstr(stop->text, "first-faults (pid"),
          "a break at a line: %s", stop->text);
    debugger_remove(run.debugger, line);
    stop = go(&run, GO_RUN);
    check(stop->reason == REASON_BREAK && stop->point == id && registers_of(&run).rip == function,
          "a break in the program: %s", stop->text);
    watch_the_stack(&run, function);
    check(go(&run, GO_RUN)->reason == REASON_END && blocks_of(&run) == blocks_of(free_run) &&
              run.trace_hash == free_run->trace_hash && run.console_hash == free_run->console_hash,
          "a run with breaks and watches is the same run");
    finish(&run);
}

/* A call that is run over meets a break inside; the step is given up there. */
static void breaks_on_the_way(void) {
    struct run run;
    struct cpu_registers before;
    start(&run, false);
    go(&run, GO_FAULT);
    for (unsigned i = 0; i < 12 && registers_of(&run).cpl == 0; i++)
        go(&run, GO_FINISH);
    unsigned id = add(&run, "break grow_stack");
    const struct debug_stop *stop = NULL;
    for (unsigned i = 0; i < 20000; i++) {
        before = registers_of(&run);
        stop = go(&run, GO_OVER);
        if (stop->reason != REASON_STEP)
            break;
    }
    check(stop->reason == REASON_BREAK && stop->point == id && hits_of(&run, id) == 1, "over meets a break: %s",
          stop->text);
    check((uint8_t)peek32(&run, before.rip) == 0xe8, "inside the call that it was to run over");
    finish(&run);
}

/* The kernel enters most pages with A and D set already; those that it has not touched yet are the processor's. */
static void bits_by_the_processor(void) {
    struct run run;
    struct mmu_walk walk;
    start(&run, false);
    unsigned id = add(&run, "pte bit=A change=set by=cpu addr=0-c0000000");
    const struct debug_stop *stop = go(&run, GO_RUN);
    check(stop->reason == REASON_CONDITION && strstr(stop->text, "the processor sets A in the PTE of ") &&
              strstr(stop->text, "for init (pid"),
          "%s", stop->text);
    struct mmu_access access = {.linear = mmu_linear(stop->linear), .kind = MMU_READ, .user = true};
    mmu_peek(machine_mmu(session_machine(run.session)), access, &walk);
    check(walk.count == 2 && walk.steps[1].before & MMU_PTE_A && walk.steps[1].before >> 12 == stop->pfn,
          "the entry has A and names that frame");
    debugger_remove(run.debugger, id);
    stop = go(&run, GO_WALK);
    check(stop->reason == REASON_WALK, "to the next walk: %s", stop->text);
    finish(&run);
}

/* ---- places ---- */

static void resolves(struct run *run, const char *where, uint64_t *linear) {
    char error[400] = "";
    bool good = debugger_resolve(run->debugger, where, linear, error, sizeof error);
    check(good, "%s is at %08" PRIx64 " %s", where, *linear, error);
}

static void resolves_not(struct run *run, const char *where, const char *sentence) {
    char error[400] = "";
    uint64_t linear;
    bool good = debugger_resolve(run->debugger, where, &linear, error, sizeof error);
    check(!good && strstr(error, sentence) && !strchr(error, '\n'), "'%s': %s", where, error);
}

static void refuses_point(struct run *run, const char *text, const char *sentence) {
    char error[400] = "";
    check(!debugger_add(run->debugger, text, error, sizeof error) && strstr(error, sentence), "'%s': %s", text, error);
}

static void places(void) {
    struct run run;
    uint64_t at = 0, function = 0;
    const char *names[8];
    char text[CONDITION_TEXT + 10];
    start(&run, false);
    resolves(&run, "grow_stack", &function);
    resolves(&run, "grow_stack+0x3", &at);
    check(at == function + 3, "an offset is added");
    resolves(&run, "program:main", &at);
    resolves(&run, "kernel:do_page_fault", &at);
    check(at >= 0xc0000000, "the kernel's symbols are there");
    resolves(&run, "0x1000", &at);
    resolves(&run, "c0100000", &at);
    check(at == 0xc0100000, "bare digits are an address");
    resolves(&run, "$eip", &at);
    check(at == 0xfffffff0, "the instruction pointer is a linear address");
    resolves(&run, "first-faults.c:20", &at);
    resolves(&run, "mm/memory.c:100", &at);
    check(at >= 0xc0000000, "a line of the kernel is in the kernel");
    resolves_not(&run, "", "say where");
    resolves_not(&run, "grow_stak", "did you mean 'grow_stack'?");
    resolves_not(&run, "qqqqqqqqqqqqqqq", "a place is hexadecimal digits, symbol[+offset], FILE:LINE or $register");
    resolves_not(&run, "grow_stack+x", "'x' is no offset");
    resolves_not(&run, "$zip", "there is no register '$zip'");
    resolves_not(&run, "nothing.c:3", "no source file of the program or the kernel is called 'nothing.c'");
    resolves_not(&run, "first-faults.c:99999", "have no code");
    resolves_not(&run, "first-faults.c:0", "is no line number");
    check(debugger_symbols(run.debugger, "grow_st", names, 8) == 1 && strcmp(names[0], "grow_stack") == 0,
          "names are completed");
    check(debugger_symbols(run.debugger, "", names, 8) == 8, "as many names as there is room for");
    refuses_point(&run, "break", "say where");
    refuses_point(&run, "break main now", "'now' is one word too many");
    refuses_point(&run, "watch main 0", "'0' is no number of bytes; 1 to 4096");
    refuses_point(&run, "watch main 4097", "no number of bytes");
    refuses_point(&run, "pwatch main", "pwatch takes a physical address");
    refuses_point(&run, "brake main", "there is no kind 'brake'");
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    refuses_point(&run, text, "too long");
    for (unsigned i = 0; i < DEBUG_POINTS_MAX; i++)
        debugger_add(run.debugger, "cow", text, sizeof text);
    refuses_point(&run, "cow", "there are 64 stops already; remove one first");
    finish(&run);
}

int main(int argc, char **argv) {
    struct run free_run;
    if (argc != 5) {
        fprintf(stderr, "usage: test_debugger ROM KERNEL INITRAMFS PROGRAM\n");
        return 2;
    }
    for (int i = 0; i < 4; i++)
        images[i] = image_read(argv[i + 1]);
    start(&free_run, true);
    check(session_run(free_run.session, VTIME_NEVER) == MACHINE_STOP_EXIT && free_run.count > 1000,
          "a free run ends well");
    stop_at_the_right_record(&free_run);
    count_all_hits(&free_run);
    several_at_once();
    faults_events_and_walks(&free_run);
    over_and_finish(&free_run);
    finish_across_a_switch();
    breaks_and_watches(&free_run);
    breaks_on_the_way();
    bits_by_the_processor();
    places();
    finish(&free_run);
    printf("1..%u\n", checks);
    for (int i = 0; i < 4; i++)
        free((void *)(uintptr_t)images[i].data);
    return failures ? 1 : 0;
}
