/*
 * Time: the run loop.
 *
 *     between two blocks:  input bytes -> timers that are due -> run to the next timer or the limit
 *     hlt:                 the count of blocks jumps to the next timer
 *
 * Timers fire between blocks only, so that a machine that is stepped or paused does what one that runs freely
 * does. A machine that halts with interrupts off, or with nothing that could ever be due, is dead.
 */
#include "emu/machine/board.h"

#include <stdio.h>
#include <string.h>

static uint64_t blocks_until(vtime time) { return time / MACHINE_BLOCK_NS + (time % MACHINE_BLOCK_NS != 0); }

static enum machine_stop say(struct machine *machine, enum machine_stop stop, const char *text) {
    snprintf(machine->text, sizeof machine->text, "%s", text);
    return stop;
}

/* Input */

size_t machine_console_input(struct machine *machine, const void *bytes, size_t count) {
    pthread_mutex_lock(&machine->input_lock);
    size_t room = BOARD_INPUT_BYTES - machine->input_count;
    size_t taken = count < room ? count : room;
    memcpy(machine->input + machine->input_count, bytes, taken);
    machine->input_count += taken;
    pthread_mutex_unlock(&machine->input_lock);
    if (taken) {
        atomic_store(&machine->input_waiting, true);
        cpu_request_stop(machine->cpu);
    }
    return taken;
}

static void pass_input(struct machine *machine) {
    if (!atomic_exchange(&machine->input_waiting, false))
        return;
    pthread_mutex_lock(&machine->input_lock);
    size_t taken = uart_receive(&machine->uart, machine->input, machine->input_count);
    machine->input_count -= taken;
    memmove(machine->input, machine->input + taken, machine->input_count);
    if (machine->input_count)
        atomic_store(&machine->input_waiting, true);
    pthread_mutex_unlock(&machine->input_lock);
}

void machine_request_stop(struct machine *machine) {
    atomic_store(&machine->stop_requested, true);
    cpu_request_stop(machine->cpu);
}

/* Stops */

static enum machine_stop take_wanted(struct machine *machine) {
    enum machine_stop stop = machine->wanted;
    machine->wanted = MACHINE_STOP_STEP;
    if (stop == MACHINE_STOP_EXIT) {
        snprintf(machine->text, sizeof machine->text, "the guest ended the machine with status %d",
                 machine->exit_status);
        return stop;
    }
    if (stop == MACHINE_STOP_POWER_CUT)
        return say(machine, stop, "the power was cut");
    return say(machine, stop, "the guest pulled the reset line");
}

static void pass_time(struct machine *machine) {
    board_touch_clock(machine);
    pass_input(machine);
    vclock_advance(&machine->clock, machine->clock.now);
}

/* hlt: jumps to the next timer, or to the limit. MACHINE_STOP_STEP: go on. */
static enum machine_stop idle(struct machine *machine, vtime limit) {
    struct cpu_registers registers;
    if (machine->wanted != MACHINE_STOP_STEP)
        return MACHINE_STOP_STEP; /* the loop ends here, before time jumps */
    cpu_read_registers(machine->cpu, &registers);
    if (!(registers.rflags & 0x200))
        return say(machine, MACHINE_STOP_DEAD, "the guest halted with interrupts off: it can never go on");
    vtime next = vclock_next(&machine->clock);
    if (next == VTIME_NEVER && !atomic_load(&machine->input_waiting))
        return say(machine, MACHINE_STOP_DEAD, "the guest halted and no device will ever interrupt it");
    if (next > limit)
        next = limit;
    uint64_t blocks = cpu_blocks(machine->cpu), to = next == VTIME_NEVER ? blocks : blocks_until(next);
    if (to > blocks)
        cpu_add_idle_blocks(machine->cpu, to - blocks);
    return MACHINE_STOP_STEP;
}

/* What a stop of the CPU means to the machine. MACHINE_STOP_STEP: go on. */
static enum machine_stop judge(struct machine *machine, enum cpu_stop stop, vtime limit) {
    switch (stop) {
    case CPU_STOP_DEADLINE:
    case CPU_STOP_STEP:
    case CPU_STOP_REQUESTED: /* for a device, for input or for the user: the loop looks */ return MACHINE_STOP_STEP;
    case CPU_STOP_HALT: return idle(machine, limit);
    case CPU_STOP_TRIPLE_FAULT: return say(machine, MACHINE_STOP_TRIPLE_FAULT, cpu_triple_fault_text(machine->cpu));
    case CPU_STOP_POINT: return say(machine, MACHINE_STOP_POINT, "a point of the debugger was met");
    case CPU_STOP_FAULT: return say(machine, MACHINE_STOP_PAGE_FAULT, "a page fault is about to be delivered");
    default: return say(machine, MACHINE_STOP_ERROR, cpu_error_text(machine->cpu));
    }
}

static uint64_t next_deadline(const struct machine *machine, vtime limit) {
    vtime next = vclock_next(&machine->clock);
    if (next > limit)
        next = limit;
    return next == VTIME_NEVER ? UINT64_MAX : blocks_until(next);
}

static enum cpu_stop run_cpu(struct machine *machine, vtime limit) {
    machine->deadline = next_deadline(machine, limit);
    machine->running = true;
    enum cpu_stop stop = cpu_run(machine->cpu, machine->deadline);
    machine->running = false;
    return stop;
}

enum machine_stop machine_run(struct machine *machine, vtime limit) {
    for (;;) {
        if (cpu_between_blocks(machine->cpu))
            pass_time(machine);
        if (machine->wanted != MACHINE_STOP_STEP && cpu_between_blocks(machine->cpu))
            return take_wanted(machine);
        if (atomic_exchange(&machine->stop_requested, false))
            return say(machine, MACHINE_STOP_REQUESTED, "stopped on request");
        if (cpu_between_blocks(machine->cpu) && machine_now(machine) >= limit)
            return say(machine, MACHINE_STOP_LIMIT, "the limit of virtual time is reached");
        enum machine_stop stop = judge(machine, run_cpu(machine, limit), limit);
        if (stop != MACHINE_STOP_STEP)
            return stop;
    }
}

enum machine_stop machine_step(struct machine *machine) {
    if (cpu_between_blocks(machine->cpu))
        pass_time(machine);
    if (machine->wanted != MACHINE_STOP_STEP && cpu_between_blocks(machine->cpu))
        return take_wanted(machine);
    enum machine_stop stop = judge(machine, cpu_step(machine->cpu), VTIME_NEVER);
    return stop == MACHINE_STOP_STEP ? say(machine, stop, "one instruction") : stop;
}
