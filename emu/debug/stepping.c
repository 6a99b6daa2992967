/*
 * Over and finish, by single steps and by waiting for a place.
 *
 * The model. A call leaves its return address on the stack; a software interrupt and every other delivery come back to
 * a known instruction. So a step that goes away is waited for at that place, with the stack pointer at its old depth:
 * a recursion that passes the place deeper does not count, nor does another task with another stack. No frame pointer
 * is asked for. While away, the machine runs freely and the CPU watches for the place; when the CPU has no room for
 * that it is stepped.
 *
 *     over:   step; away? wait until home. A delivery that came in between is no step: the instruction is still due.
 *     finish: over and over, until a return has been executed that leaves the stack above where it began.
 */
#include "emu/debug/debugger_internal.h"

#include <stdio.h>
#include <string.h>

#define STEPS_A_SLICE 20000u /* so that whoever asks for a pause is heard */
#define CALLEE_POPS 65536u   /* ret imm16 takes at most that much along */
#define KERNEL_STACK 8192u   /* a return that goes further has left for another stack */

enum instruction_kind { PLAIN, CALL, INTERRUPT, RETURN, REPEATED };

struct instruction {
    enum instruction_kind kind;
    unsigned length; /* INTERRUPT */
    bool is_jump;
};

struct moment {
    struct cpu_registers registers;
    uint64_t linear, stack; /* linear address of the next instruction and of the stack's top */
};

/* ---- where it stands ---- */

static bool is_long(const struct cpu_registers *registers) {
    return registers->efer & MMU_EFER_LMA && registers->segment[CPU_CS].flags & 1u << 21;
}

static bool is_wide(const struct cpu_registers *registers) { return registers->segment[CPU_CS].flags & 1u << 22; }

static void look(struct debugger *debugger, struct moment *to) {
    to->linear = debugger_here(debugger, &to->registers);
    uint64_t rsp = to->registers.gpr[4];
    if (is_long(&to->registers))
        to->stack = rsp;
    else if (to->registers.segment[CPU_SS].flags & 1u << 22)
        to->stack = (to->registers.segment[CPU_SS].base + (uint32_t)rsp) & UINT32_MAX;
    else
        to->stack = (to->registers.segment[CPU_SS].base + (uint16_t)rsp) & UINT32_MAX;
}

static size_t skip_prefixes(const uint8_t *bytes, size_t count, bool wide64, bool *repeat, bool *operand) {
    size_t at = 0;
    for (; at < count; at++) {
        if (bytes[at] == 0xf2 || bytes[at] == 0xf3)
            *repeat = true;
        else if (bytes[at] == 0x66)
            *operand = true;
        else if (!memchr("\x26\x2e\x36\x3e\x64\x65\x67\xf0", bytes[at], 8) && !(wide64 && bytes[at] >> 4 == 4))
            break;
    }
    return at;
}

static bool is_string(uint8_t opcode) {
    return (opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) ||
           (opcode >= 0xaa && opcode <= 0xaf);
}

static bool is_jump(uint8_t opcode) {
    return opcode >> 4 == 7 || (opcode >= 0xe0 && opcode <= 0xe3) || opcode == 0xe9 || opcode == 0xea || opcode == 0xeb;
}

/* The instruction that is next, as far as stepping must know. Bytes that cannot be read make a plain one. */
static struct instruction classify(struct debugger *debugger, const struct moment *now, bool *operand) {
    uint8_t bytes[15] = {0};
    bool repeat = false;
    struct instruction instruction = {.kind = PLAIN};
    size_t count = mmu_peek_read(machine_mmu(debugger->session->machine), mmu_linear(now->linear), bytes, sizeof bytes);
    size_t at = skip_prefixes(bytes, count, is_long(&now->registers), &repeat, operand);
    if (at >= count)
        return instruction;
    uint8_t opcode = bytes[at], extension = at + 1 < count ? bytes[at + 1] >> 3 & 7 : 0;
    instruction.is_jump = is_jump(opcode) || (opcode == 0xff && (extension == 4 || extension == 5)) ||
                          (opcode == 0x0f && at + 1 < count && bytes[at + 1] >> 4 == 8);
    if (opcode == 0xe8 || opcode == 0x9a || (opcode == 0xff && (extension == 2 || extension == 3)))
        instruction.kind = CALL;
    else if (opcode == 0xc2 || opcode == 0xc3 || opcode == 0xca || opcode == 0xcb || opcode == 0xcf)
        instruction.kind = RETURN;
    else if (opcode == 0xcc || opcode == 0xcd || opcode == 0xce)
        instruction = (struct instruction){INTERRUPT, (unsigned)at + (opcode == 0xcd ? 2 : 1), false};
    else if (repeat && is_string(opcode))
        instruction.kind = REPEATED;
    return instruction;
}

/* ---- away and home ---- */

static struct cpu_point point_of(uint64_t linear) { return (struct cpu_point){CPU_POINT_EXECUTE, false, linear, 1}; }

static bool ask_cpu(struct debugger *debugger, uint64_t linear) {
    const struct cpu_point point = point_of(linear);
    return points_watch_execute(debugger, linear) || cpu_point_add(machine_cpu(debugger->session->machine), &point);
}

static void tell_cpu(struct debugger *debugger, uint64_t linear) {
    const struct cpu_point point = point_of(linear);
    if (!points_watch_execute(debugger, linear))
        cpu_point_remove(machine_cpu(debugger->session->machine), &point);
}

static void go_away(struct debugger *debugger, const struct moment *before, uint64_t linear, uint64_t other,
                    uint64_t above) {
    struct return_place *home = &debugger->step.home;
    *home = (struct return_place){.linear = linear,
                                  .other = other,
                                  .stack = before->stack,
                                  .above = above,
                                  .cr3 = before->registers.cr3,
                                  .cpl = before->registers.cpl};
    debugger->step.away = true;
    home->in_cpu = ask_cpu(debugger, linear);
    if (home->in_cpu && other != linear && !ask_cpu(debugger, other)) {
        tell_cpu(debugger, linear);
        home->in_cpu = false;
    }
}

static void come_home(struct debugger *debugger) {
    struct return_place *home = &debugger->step.home;
    if (home->in_cpu)
        tell_cpu(debugger, home->linear);
    if (home->in_cpu && home->other != home->linear)
        tell_cpu(debugger, home->other);
    debugger->step.away = home->in_cpu = false;
}

void stepping_forget(struct debugger *debugger) {
    if (debugger->step.away)
        come_home(debugger);
    debugger->step = (struct stepping){.begun = false};
}

/* In the kernel the stack alone tells the task: its address space may be any. */
static bool is_home(const struct return_place *home, const struct moment *now) {
    return (now->linear == home->linear || now->linear == home->other) && now->registers.cpl == home->cpl &&
           now->stack - home->stack <= home->above && (home->cpl == 0 || now->registers.cr3 == home->cr3);
}

static bool ended(struct debugger *debugger, enum machine_stop stop) {
    switch (stop) {
    case MACHINE_STOP_STEP:
    case MACHINE_STOP_LIMIT:
    case MACHINE_STOP_REQUESTED:
    case MACHINE_STOP_PAGE_FAULT:
    case MACHINE_STOP_POINT: return false;
    default:
        debugger->ended = true;
        debugger->end = stop;
        return true;
    }
}

static enum machine_stop step(struct debugger *debugger) {
    debugger->single = true;
    enum machine_stop stop = machine_step(debugger->session->machine);
    debugger->single = false;
    if (stop == MACHINE_STOP_POINT)
        points_hit(debugger, cpu_point_hit(machine_cpu(debugger->session->machine)));
    return stop;
}

/* True: it is over, because the machine ended, something was met, or somebody asked. */
static bool is_over(struct debugger *debugger, enum machine_stop stop) {
    return ended(debugger, stop) || debugger->has_found || atomic_load(&debugger->pause);
}

/* Runs until home. False: not yet, or over. */
static bool wait_running(struct debugger *debugger, vtime slice, bool *over) {
    struct moment now;
    for (;;) {
        enum machine_stop stop = machine_run(debugger->session->machine, slice);
        if (stop == MACHINE_STOP_REQUESTED) {
            *over = debugger->has_found || atomic_load(&debugger->pause) || !debugger->requested;
            debugger->requested = false;
        }
        if (stop == MACHINE_STOP_POINT) {
            look(debugger, &now);
            if (is_home(&debugger->step.home, &now))
                return true;
            points_hit(debugger, cpu_point_hit(machine_cpu(debugger->session->machine)));
        }
        *over |= ended(debugger, stop) || debugger->has_found;
        if (*over || stop == MACHINE_STOP_LIMIT)
            return false;
    }
}

static bool wait_stepping(struct debugger *debugger, vtime slice, bool *over) {
    struct moment now;
    for (unsigned i = 0; i < STEPS_A_SLICE && machine_now(debugger->session->machine) < slice; i++) {
        *over = is_over(debugger, step(debugger));
        look(debugger, &now);
        if (*over)
            return false;
        if (is_home(&debugger->step.home, &now))
            return true;
        if (points_break_at(debugger, now.linear))
            return !(*over = true);
    }
    return false;
}

/* ---- one instruction ---- */

static uint64_t deliveries(const struct debugger *debugger) {
    struct machine_counters counters;
    machine_counters(debugger->session->machine, &counters);
    return counters.page_faults + counters.interrupts + counters.exceptions;
}

/* The return address that a call has left on the stack. */
static bool return_address(struct debugger *debugger, const struct moment *before, const struct moment *after,
                           bool operand, uint64_t *linear) {
    bool wide = is_wide(&before->registers) != operand;
    size_t bytes = is_long(&before->registers) ? 8 : wide ? 4 : 2;
    uint64_t offset = 0;
    if (mmu_peek_read(machine_mmu(debugger->session->machine), mmu_linear(after->stack), &offset, bytes) != bytes)
        return false;
    *linear = bytes == 8 ? offset : (before->registers.segment[CPU_CS].base + offset) & UINT32_MAX;
    return true;
}

/* A return has been executed that leaves the function in which the step began. */
static bool has_left(const struct debugger *debugger, const struct moment *after) {
    const struct cpu_registers *begin = &debugger->step.start;
    uint64_t stack = debugger->step.start_stack;
    if (after->registers.cpl != begin->cpl)
        return after->registers.cpl > begin->cpl;
    uint64_t most = begin->cpl ? UINT64_MAX : KERNEL_STACK;
    return after->stack > stack && after->stack - stack <= most &&
           (begin->cpl == 0 || after->registers.cr3 == begin->cr3);
}

/* One machine step of over or finish. True: the step is over. */
static bool step_once(struct debugger *debugger) {
    struct moment before, after;
    bool operand = false;
    uint64_t home, count = deliveries(debugger);
    look(debugger, &before);
    struct instruction instruction = classify(debugger, &before, &operand);
    if (is_over(debugger, step(debugger)))
        return true;
    look(debugger, &after);
    uint64_t next = before.linear + (instruction.kind == INTERRUPT ? instruction.length : 0);
    bool went = deliveries(debugger) != count || (instruction.kind == INTERRUPT && after.linear != next);
    if (went && after.linear != before.linear) {
        go_away(debugger, &before, before.linear, next, 0);
        return false;
    }
    bool stayed = after.linear == before.linear && after.stack == before.stack && !instruction.is_jump;
    if (stayed) /* a string goes on, or a block was cut before the instruction */
        return false;
    if (instruction.kind == CALL && debugger->how != GO_INTO &&
        return_address(debugger, &before, &after, operand, &home)) {
        go_away(debugger, &before, home, home, CALLEE_POPS);
        return false;
    }
    if (debugger->how == GO_FINISH)
        return instruction.kind == RETURN && has_left(debugger, &after);
    return true;
}

/* Home again. True: that was the step. */
static bool is_done(const struct debugger *debugger, const struct moment *now) {
    const struct return_place *home = &debugger->step.home;
    bool still_due = home->above == 0 && now->linear == home->linear;
    return !still_due && debugger->how != GO_FINISH;
}

/* ---- whole ---- */

static void met_step(struct debugger *debugger) {
    struct moment now;
    struct out out;
    if (debugger->has_found || debugger->ended || !debugger_meet(debugger, REASON_STEP, NULL))
        return;
    look(debugger, &now);
    debugger->found.linear = now.linear;
    out_init(&out, debugger->found.text, sizeof debugger->found.text);
    out_string(&out, debugger->how == GO_FINISH ? "returned to " : "stepped to ");
    resolve_words(debugger, now.linear, &out);
    out_string(&out, " in ");
    stop_text_task(debugger, debugger->session->story ? story_current_task(debugger->session->story) : 0, &out);
    out_end(&out);
}

/* True: over, for whatever reason. */
static bool go_on(struct debugger *debugger, vtime slice) {
    struct moment now;
    for (unsigned i = 0; i < STEPS_A_SLICE && machine_now(debugger->session->machine) < slice; i++) {
        bool over = false;
        if (!debugger->step.away) {
            if (step_once(debugger))
                return true;
            if (!debugger->step.away && points_break_at(debugger, (look(debugger, &now), now.linear)))
                return true;
            continue;
        }
        bool home =
            debugger->step.home.in_cpu ? wait_running(debugger, slice, &over) : wait_stepping(debugger, slice, &over);
        if (over)
            return true;
        if (!home)
            return false;
        look(debugger, &now);
        bool done = is_done(debugger, &now);
        come_home(debugger);
        if (points_break_at(debugger, now.linear) || done)
            return true;
    }
    return false;
}

bool stepping_run(struct debugger *debugger, vtime slice) {
    if (!debugger->step.begun) {
        struct moment now;
        look(debugger, &now);
        debugger->step.start = now.registers;
        debugger->step.start_stack = now.stack;
        debugger->step.begun = true;
    }
    bool over;
    if (debugger->how == GO_INSTRUCTION)
        over = is_over(debugger, step(debugger)) || true;
    else
        over = go_on(debugger, slice);
    if (over && !atomic_load(&debugger->pause))
        met_step(debugger);
    return over;
}
