/*
 * Running, stopping, stepping, and the count of blocks.
 *
 * A block is what Unicorn translates in one piece; where it ends depends on where it starts and on the guest's
 * bytes alone. It is counted when it begins. Everything that may change the flow from outside happens between
 * blocks, in this order: a requested stop, the deadline, an interrupt.
 *
 *        +--> [between blocks] --hook: nothing due--> count, run the block --+
 *        |          | due                                  | exception       |
 *        |          v                                      v                 |
 *        |     leave the engine                    deliver, block is over    |
 *        +-------------------------------------------------------------------+
 *
 * Stepping walks through the same blocks: a probe asks for the length of the block (the hook is told and leaves
 * before anything has run), the block is counted, and then its instructions run one at a time: all but the last
 * with the trap flag set behind the guest's back, in translations of their own; the last one (which is what
 * jumps, repeats, loads flags or halts) by itself, until the hook sees the next block.
 *
 * A block that cannot be translated because it runs into a page that cannot be fetched is cut there, and its
 * instructions are run one at a time, so that a fetch fault is taken exactly by the instruction that has it.
 */
#include "emu/cpu/internal.h"

#include <stdio.h>

enum outcome { OUT_STOPPED, OUT_REFUSED, OUT_HALT, OUT_DEAD, OUT_ERROR };

static void set_attention(struct cpu *cpu) {
    bool always = cpu->mode != MODE_RUN || cpu->interrupt_line || cpu->icebp_seen || cpu->ports_seen ||
                  cpu->stopped_at != CPU_NOWHERE || cpu->points.count;
    uint64_t at = always ? 0 : cpu->deadline;
    if (atomic_load_explicit(&cpu->attention_at, memory_order_relaxed) != at)
        atomic_store(&cpu->attention_at, at);
    if (atomic_load(&cpu->stop_requested))
        atomic_store(&cpu->attention_at, 0);
}

void run_stop_engine(struct cpu *cpu, enum cpu_stop stop) {
    cpu->stop = stop;
    cpu->hook_stopped = true;
    uc_emu_stop(cpu->uc);
}

/* Interrupts */

static bool interrupt_wanted(struct cpu *cpu) {
    if (!cpu->interrupt_line)
        return false;
    if (cpu->nmi || cpu->board.interrupt_pending(cpu->board.owner))
        return true;
    cpu->interrupt_line = false;
    return false;
}

/* Loads the state. */
static bool interrupt_allowed(struct cpu *cpu) {
    state_load(cpu);
    return (cpu->nmi || (state_flags(cpu) & CPU_FLAGS_IF)) && !(state_hflags(cpu) & HFLAGS_SHADOW);
}

static bool take_interrupt(struct cpu *cpu) {
    if (!interrupt_wanted(cpu) || !interrupt_allowed(cpu))
        return false;
    int vector = cpu->nmi ? VECTOR_NMI : cpu->board.interrupt_acknowledge(cpu->board.owner);
    cpu->nmi = false;
    if (vector < 0)
        return false;
    cpu->halted = false;
    tlb_sync_context(cpu);
    deliver(cpu, (struct event){.vector = (uint8_t)vector, .external = true, .rip = state_rip(cpu)});
    state_store(cpu);
    return true;
}

/* The block hook */

/* INT1 ends its block, and Unicorn would never come back from it: such blocks are stepped. A last byte of F1h may
 * as well be part of another instruction, so the block is walked. */
static bool ends_with_icebp(struct cpu *cpu, uint64_t address, uint32_t size) {
    uint8_t last = 0;
    mmu_peek_read(&cpu->mmu, mmu_linear(address + size - 1), &last, 1);
    if (last != 0xf1)
        return false;
    struct decoded insn;
    uint32_t at = 0;
    do {
        operand_decode_at(cpu, address + at, &insn);
        at += insn.length;
    } while (insn.length && at < size);
    return insn.length && insn.mnemonic == ZYDIS_MNEMONIC_INT1;
}

void run_on_translated(uc_engine *uc, uc_tb *block, uc_tb *previous, void *user) {
    struct cpu *cpu = user;
    (void)uc, (void)previous;
    state_load(cpu);
    tlb_sync_context(cpu);
    if (!cpu->icebp_seen && ends_with_icebp(cpu, block->pc, block->size))
        cpu->icebp_seen = true;
    if (ports_in_block(cpu, block->pc, block->size) || msr_in_block(cpu, block->pc, block->size))
        ports_remember(cpu, block->pc);
    if (cpu->icebp_seen || cpu->ports_seen)
        atomic_store(&cpu->attention_at, 0);
}

/* The block cannot be left to the engine. */
static bool needs_stepping(struct cpu *cpu, uint64_t address, uint32_t size) {
    bool icebp = cpu->icebp_seen || cpu->first_block, remembered = cpu->first_block || ports_remembered(cpu, address);
    if (!icebp && !remembered)
        return false;
    state_load(cpu);
    tlb_sync_context(cpu);
    if (icebp && ends_with_icebp(cpu, address, size))
        return true;
    return remembered && (ports_in_block(cpu, address, size) || msr_in_block(cpu, address, size));
}

/* A store into the running block makes Unicorn run that instruction again as a block of its own. When the
 * run has stopped right before it, the engine has forgotten that on its return and offers a longer block at
 * the same address. */
static bool is_other_block(const struct cpu *cpu, uint64_t address, uint32_t size) {
    return address == cpu->stopped_at && size != cpu->stopped_size;
}

static bool is_short(uint64_t size) { return size - 2 <= 1; }

/* A block that has begun is the one that cpu_set_call() names. */
static void make_call(struct cpu *cpu) {
    state_load(cpu);
    cpu->calling = true;
    if (state_cpl(cpu) == 0 && (state_cr(cpu, 0) & MMU_CR0_PE))
        cpu->board.call(cpu->board.owner, (uint32_t)state_gpr(cpu, GPR_RCX));
    cpu->calling = false;
}

/* until: the count of blocks at which something is due. */
static void short_block(struct cpu *cpu, uint64_t address, uint32_t size, uint64_t until) {
    if (address == cpu->call_at)
        make_call(cpu);
    else
        string_repeat(cpu, address, size, until);
}

void cpu_set_call(struct cpu *cpu, uint32_t linear) { cpu->call_at = linear && cpu->board.call ? linear : CPU_NOWHERE; }

static void begin_running(struct cpu *cpu, uint64_t address, uint32_t size) {
    if (cpu->hook_stopped) { /* by the delivery before this block */
        uc_emu_stop(cpu->uc);
        return;
    }
    bool due = atomic_load(&cpu->stop_requested) || cpu->blocks >= cpu->deadline ||
               (interrupt_wanted(cpu) && interrupt_allowed(cpu)) || cpu->points.hit_waits;
    cpu->step_here = needs_stepping(cpu, address, size) || points_in_block(cpu, address, size);
    cpu->first_block = false;
    if (is_other_block(cpu, address, size)) {
        cpu->alone = address;
        run_stop_engine(cpu, CPU_STOP_STEP);
        return;
    }
    if (due || cpu->step_here) {
        cpu->stopped_at = address;
        cpu->stopped_size = size;
        run_stop_engine(cpu, CPU_STOP_STEP);
        return;
    }
    cpu->stopped_at = cpu->points.passed = CPU_NOWHERE;
    cpu->block_start = address;
    cpu->block_end = address + size;
    cpu->blocks++;
    set_attention(cpu);
    if (is_short(size) && (address == cpu->call_at || !cpu->interrupt_line))
        short_block(cpu, address, size, cpu->deadline);
}

static __attribute__((noinline)) void slow_block(struct cpu *cpu, uint64_t address, uint32_t size) {
    cpu->hook_calls++;
    switch (cpu->mode) {
    case MODE_RUN: begin_running(cpu, address, size); break;
    case MODE_PROBE:
        cpu->probe_size = size;
        run_stop_engine(cpu, CPU_STOP_STEP);
        break;
    case MODE_LAST:
        if (cpu->hook_calls == 1)
            cpu->probe_size = size;
        if (cpu->hook_calls > 1 || size != cpu->insn.length)
            run_stop_engine(cpu, CPU_STOP_STEP);
        break;
    case MODE_SINGLE:
        if (cpu->hook_calls > 1)
            run_stop_engine(cpu, CPU_STOP_STEP);
        break;
    }
}

void run_on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
    struct cpu *cpu = user;
    (void)uc;
    uint64_t until = atomic_load_explicit(&cpu->attention_at, memory_order_relaxed);
    if (__builtin_expect(cpu->blocks < until, 1)) {
        cpu->blocks++;
        if (__builtin_expect(is_short(size), 0))
            short_block(cpu, address, size, until);
        return;
    }
    slow_block(cpu, address, size);
}

/* The engine */

static enum outcome execute(struct cpu *cpu, enum cpu_mode mode) {
    uint64_t rip = 0;
    cpu->mode = mode;
    cpu->hook_stopped = false;
    cpu->hook_calls = 0;
    cpu->trapped = false;
    cpu->refused.valid = false;
    cpu->step_here = false;
    set_attention(cpu);
    uc_reg_read(cpu->uc, UC_X86_REG_RIP, &rip);
    uc_err error = uc_emu_start(cpu->uc, rip, 0, 0, 0);
    cpu->mode = MODE_RUN;
    if (cpu->dead)
        return OUT_DEAD;
    if (error == UC_ERR_EXCEPTION && cpu->refused.valid)
        return OUT_REFUSED;
    if (error != UC_ERR_OK) {
        snprintf(cpu->error, sizeof cpu->error, "the CPU emulator stopped at 0x%llx: %s", (unsigned long long)rip,
                 uc_strerror(error));
        return OUT_ERROR;
    }
    return cpu->hook_stopped ? OUT_STOPPED : OUT_HALT;
}

/* Fetches that were refused */

static void read_instruction(struct cpu *cpu) {
    state_load(cpu);
    tlb_sync_context(cpu);
    operand_decode(cpu, &cpu->insn);
}

/* The instruction at RIP does not reach into the page that was refused: only what follows it does. */
static bool instruction_is_before_refusal(struct cpu *cpu) {
    read_instruction(cpu);
    uint64_t at = operand_code_linear(cpu, state_rip(cpu));
    return !cpu->refused.bad_pdpte && at - cpu->refused.page >= MMU_PAGE_SIZE && cpu->insn.length &&
           at + cpu->insn.length <= cpu->refused.page;
}

static void enter_block(struct cpu *cpu, uint64_t start, uint64_t end, bool cut) {
    cpu->blocks++;
    cpu->in_block = true;
    cpu->block_start = start;
    cpu->block_end = end;
    cpu->cut = cut;
    cpu->stopped_at = CPU_NOWHERE;
    if (start == cpu->call_at && is_short(end - start))
        make_call(cpu);
}

/* CPU_STOP_STEP: the fault is delivered, or the block is cut and entered. */
static enum cpu_stop take_fetch_refusal(struct cpu *cpu) {
    if (!instruction_is_before_refusal(cpu))
        return fault_take(cpu);
    enter_block(cpu, cpu->refused.page, cpu->refused.page, true);
    return CPU_STOP_STEP;
}

/* Single instructions inside a block */

void run_end_forced_trap(struct cpu *cpu) {
    state_load(cpu);
    state_set_flags(cpu, state_flags(cpu) & ~CPU_FLAGS_TF);
    state_store(cpu);
    uc_reg_write(cpu->uc, UC_X86_REG_DR6, &cpu->saved_dr6);
    cpu->forced_trap = false;
}

static void begin_forced_trap(struct cpu *cpu) {
    uc_reg_read(cpu->uc, UC_X86_REG_DR6, &cpu->saved_dr6);
    state_set_flags(cpu, state_flags(cpu) | CPU_FLAGS_TF);
    state_store(cpu);
    cpu->forced_trap = true;
}

/* PUSHF has pushed our trap flag. */
static void clean_pushed_flags(struct cpu *cpu) {
    struct event ignored;
    const struct operand *pushed = &cpu->insn.operand[0];
    uint8_t flags[2];
    cpu->points.unseen = true;
    if (memory_read(cpu, pushed->linear, flags, sizeof flags, &ignored)) {
        flags[1] &= (uint8_t) ~(CPU_FLAGS_TF >> 8);
        memory_write(cpu, pushed->linear, flags, sizeof flags, state_cpl(cpu) == 3, &ignored);
    }
    cpu->points.unseen = false;
}

static bool is_pushf(const struct decoded *insn) {
    return insn->count && (insn->mnemonic == ZYDIS_MNEMONIC_PUSHF || insn->mnemonic == ZYDIS_MNEMONIC_PUSHFD ||
                           insn->mnemonic == ZYDIS_MNEMONIC_PUSHFQ);
}

static void leave_or_stay(struct cpu *cpu, uint64_t next) {
    state_load(cpu);
    uint64_t at = operand_code_linear(cpu, state_rip(cpu));
    cpu->in_block = cpu->in_block && at == next && at < cpu->block_end;
}

static enum cpu_stop step_with_trap(struct cpu *cpu, uint64_t at) {
    uint64_t next = at + cpu->insn.length;
    bool guest_trap = state_flags(cpu) & CPU_FLAGS_TF;
    bool pushf = is_pushf(&cpu->insn) && !guest_trap;
    if (!guest_trap)
        begin_forced_trap(cpu);
    enum outcome outcome = execute(cpu, MODE_SINGLE);
    if (cpu->forced_trap)
        run_end_forced_trap(cpu);
    switch (outcome) {
    case OUT_STOPPED:
        if (pushf && cpu->trapped)
            clean_pushed_flags(cpu);
        leave_or_stay(cpu, next);
        return CPU_STOP_STEP;
    case OUT_REFUSED: return fault_take(cpu);
    case OUT_HALT:
        cpu->in_block = false;
        cpu->halted = true;
        return CPU_STOP_HALT;
    case OUT_DEAD: return CPU_STOP_TRIPLE_FAULT;
    default: return CPU_STOP_ERROR;
    }
}

static bool step_last(struct cpu *cpu, uint64_t at, enum cpu_stop *stop) {
    uint64_t next = at + cpu->insn.length;
    enum outcome outcome = execute(cpu, MODE_LAST);
    bool begun = cpu->hook_calls > 0 && cpu->probe_size == cpu->insn.length;
    *stop = CPU_STOP_STEP;
    switch (outcome) {
    case OUT_STOPPED:
        if (!begun)
            return false;
        leave_or_stay(cpu, next);
        return true;
    case OUT_REFUSED:
        if (!begun && instruction_is_before_refusal(cpu))
            return false;
        if (begun && cpu->refused.kind == MMU_FETCH)
            leave_or_stay(cpu, next); /* it ran; the next block cannot be fetched, which is for the next step */
        else
            *stop = fault_take(cpu);
        return true;
    case OUT_HALT:
        cpu->in_block = false;
        cpu->halted = true;
        *stop = CPU_STOP_HALT;
        return true;
    case OUT_DEAD: *stop = CPU_STOP_TRIPLE_FAULT; return true;
    default: *stop = CPU_STOP_ERROR; return true;
    }
}

static enum cpu_stop step_exception(struct cpu *cpu, struct event event) {
    deliver(cpu, event);
    state_store(cpu);
    return cpu->dead ? CPU_STOP_TRIPLE_FAULT : CPU_STOP_STEP;
}

static bool frame_of(struct cpu *cpu, uint64_t linear, enum mmu_access_kind kind, struct mmu_result *at) {
    struct mmu_access access = {.linear = mmu_linear(linear), .kind = kind, .user = state_cpl(cpu) == 3};
    *at = mmu_peek(&cpu->mmu, access, NULL);
    return at->status == MMU_OK;
}

/* The instruction at RIP stores into the block that it is in, on a page that the engine keeps executable
 * (tlb.c): run freely, it would be run as a block of its own. */
static bool stores_into_block(struct cpu *cpu) {
    struct mmu_result code, data;
    uint64_t at = operand_code_linear(cpu, state_rip(cpu)), bytes = cpu->block_end - cpu->block_start;
    if (cpu->cut || !frame_of(cpu, at, MMU_FETCH, &code))
        return false;
    uint64_t start = code.physical.value - (at - cpu->block_start);
    for (unsigned i = 0; i < cpu->insn.count; i++) {
        const struct operand *operand = &cpu->insn.operand[i];
        if (!operand->write || !frame_of(cpu, operand->linear, MMU_WRITE, &data))
            continue;
        uint64_t first = data.physical.value;
        bool same = first >> MMU_PAGE_SHIFT == code.physical.value >> MMU_PAGE_SHIFT;
        bool kept = (data.rights & MMU_RIGHT_EXEC) && (data.rights & MMU_RIGHT_READ);
        if (same && kept && first < start + bytes && start < first + operand->size)
            return true;
    }
    return false;
}

static enum cpu_stop step_instruction(struct cpu *cpu, uint64_t at) {
    enum cpu_stop stop;
    struct event fault;
    if (cpu->insn.length && cpu->insn.mnemonic == ZYDIS_MNEMONIC_INT1)
        return step_exception(cpu, (struct event){.vector = VECTOR_DB, .rip = state_rip(cpu) + cpu->insn.length});
    if (ports_refused(cpu, cpu->insn.port, &fault))
        return step_exception(cpu, fault);
    if (msr_execute(cpu)) {
        state_store(cpu);
        leave_or_stay(cpu, at + cpu->insn.length);
        return CPU_STOP_STEP;
    }
    bool may_be_last = cpu->cut || !cpu->insn.length || at + cpu->insn.length >= cpu->block_end;
    if (may_be_last && step_last(cpu, at, &stop))
        return stop;
    read_instruction(cpu);
    return step_with_trap(cpu, at);
}

/* One instruction of the block that has been entered; none, and the block is over, where it must be alone. */
static enum cpu_stop step_inside(struct cpu *cpu) {
    read_instruction(cpu);
    uint64_t at = operand_code_linear(cpu, state_rip(cpu));
    if (cpu->alone != at && stores_into_block(cpu)) {
        cpu->alone = at;
        cpu->in_block = false;
        return CPU_STOP_STEP;
    }
    cpu->alone = CPU_NOWHERE;
    if (!cpu->points.count)
        return step_instruction(cpu, at);
    points_begin_instruction(cpu, at);
    enum cpu_stop stop = step_instruction(cpu, at);
    points_end_instruction(cpu);
    return stop;
}

/* True when the instruction at RIP has to be a block of its own, which is entered. */
static bool enter_alone(struct cpu *cpu) {
    if (cpu->alone == CPU_NOWHERE)
        return false;
    read_instruction(cpu);
    uint64_t at = operand_code_linear(cpu, state_rip(cpu));
    if (at != cpu->alone) {
        cpu->alone = CPU_NOWHERE;
        return false;
    }
    enter_block(cpu, at, at + cpu->insn.length, false);
    return true;
}

/* Asks for the block at RIP and enters it. CPU_STOP_STEP with in_block still clear: its fetch has faulted
 * or has met a point. */
static enum cpu_stop enter_next_block(struct cpu *cpu) {
    uint64_t at;
    if (enter_alone(cpu))
        return CPU_STOP_STEP;
    switch (execute(cpu, MODE_PROBE)) {
    case OUT_STOPPED:
        if (cpu->points.hit_waits) /* by the fetch */
            return CPU_STOP_STEP;
        state_load(cpu);
        at = operand_code_linear(cpu, state_rip(cpu));
        if (is_other_block(cpu, at, cpu->probe_size)) {
            cpu->alone = at;
            cpu->probe_size = cpu->stopped_size;
        }
        enter_block(cpu, at, at + cpu->probe_size, false);
        return CPU_STOP_STEP;
    case OUT_REFUSED: return take_fetch_refusal(cpu);
    case OUT_DEAD: return CPU_STOP_TRIPLE_FAULT;
    case OUT_HALT: return CPU_STOP_HALT;
    default: return CPU_STOP_ERROR;
    }
}

static bool deliver_undelivered(struct cpu *cpu) {
    if (!cpu->undelivered)
        return false;
    cpu->undelivered = false;
    state_load(cpu);
    tlb_sync_context(cpu);
    deliver(cpu, cpu->pending);
    state_store(cpu);
    return true;
}

static enum cpu_stop step(struct cpu *cpu) {
    if (cpu->dead)
        return CPU_STOP_TRIPLE_FAULT;
    if (deliver_undelivered(cpu))
        return cpu->dead ? CPU_STOP_TRIPLE_FAULT : CPU_STOP_STEP;
    if (!cpu->in_block) {
        if (take_interrupt(cpu))
            return cpu->dead ? CPU_STOP_TRIPLE_FAULT : CPU_STOP_STEP;
        if (cpu->halted)
            return CPU_STOP_HALT;
        enum cpu_stop stop = enter_next_block(cpu);
        if (stop != CPU_STOP_STEP || !cpu->in_block)
            return cpu->dead ? CPU_STOP_TRIPLE_FAULT : stop;
    }
    return step_inside(cpu);
}

enum cpu_stop cpu_step(struct cpu *cpu) {
    enum cpu_stop stop = points_take_hit(cpu) ? CPU_STOP_POINT : step(cpu);
    cpu->points.rested = true;
    return stop == CPU_STOP_STEP && points_take_hit(cpu) ? CPU_STOP_POINT : stop;
}

/* Free running */

/* The engine has begun a block, and its next instruction touches a watched page: the rest is run one instruction at
 * a time. */
static enum cpu_stop take_watched_refusal(struct cpu *cpu) {
    cpu->in_block = true;
    cpu->cut = false;
    return CPU_STOP_STEP;
}

/* Between blocks, nothing due. CPU_STOP_STEP: go on. */
static enum cpu_stop run_blocks(struct cpu *cpu) {
    switch (execute(cpu, MODE_RUN)) {
    case OUT_STOPPED: return CPU_STOP_STEP;
    case OUT_REFUSED:
        if (cpu->refused.watched)
            return take_watched_refusal(cpu);
        if (cpu->refused.kind == MMU_FETCH && !cpu->refused.bad_pdpte) {
            cpu->fetch_refused = true;
            return CPU_STOP_STEP;
        }
        return fault_take(cpu);
    case OUT_HALT: cpu->halted = true; return CPU_STOP_STEP;
    case OUT_DEAD: return CPU_STOP_TRIPLE_FAULT;
    default: return CPU_STOP_ERROR;
    }
}

static bool due(struct cpu *cpu, enum cpu_stop *stop) {
    if (atomic_exchange(&cpu->stop_requested, false))
        *stop = CPU_STOP_REQUESTED;
    else if (!cpu->in_block && cpu->blocks >= cpu->deadline)
        *stop = CPU_STOP_DEADLINE;
    else
        return false;
    return true;
}

enum cpu_stop cpu_run(struct cpu *cpu, uint64_t deadline_blocks) {
    enum cpu_stop stop = CPU_STOP_STEP;
    cpu->deadline = deadline_blocks;
    cpu->fetch_refused = false;
    cpu->step_here = false;
    points_begin_run(cpu);
    while (stop == CPU_STOP_STEP) {
        if (cpu->dead)
            return CPU_STOP_TRIPLE_FAULT;
        if (points_take_hit(cpu))
            return CPU_STOP_POINT;
        if (deliver_undelivered(cpu))
            continue;
        if (due(cpu, &stop))
            return stop;
        if (cpu->in_block) {
            if (points_stop_here(cpu))
                return CPU_STOP_POINT;
            stop = step_inside(cpu);
        } else if (take_interrupt(cpu)) {
            cpu->fetch_refused = false;
            cpu->step_here = false;
        } else if (cpu->halted) {
            return CPU_STOP_HALT;
        } else if (cpu->fetch_refused) {
            cpu->fetch_refused = false;
            stop = take_fetch_refusal(cpu);
        } else if (cpu->step_here || cpu->alone != CPU_NOWHERE) {
            stop = enter_next_block(cpu);
        } else {
            stop = run_blocks(cpu);
        }
    }
    return stop;
}

void cpu_set_deadline(struct cpu *cpu, uint64_t deadline_blocks) {
    cpu->deadline = deadline_blocks;
    set_attention(cpu);
}

void cpu_request_stop(struct cpu *cpu) {
    atomic_store(&cpu->stop_requested, true);
    atomic_store(&cpu->attention_at, 0);
}

void cpu_nmi(struct cpu *cpu) {
    cpu->nmi = true;
    cpu_interrupt_changed(cpu);
}

void cpu_interrupt_changed(struct cpu *cpu) {
    cpu->interrupt_line = true;
    atomic_store(&cpu->attention_at, 0);
}
