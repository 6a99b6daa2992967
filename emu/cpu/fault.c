/*
 * From a refused access to a page fault in the guest.
 *
 * The TLB hook has refused an access and Unicorn has stopped at the instruction. The exact address is
 * completed, the walk is recorded, the board is told, and the exception is delivered.
 */
#include "emu/cpu/internal.h"

/* SDM 4.7: an instruction that reads and writes its operand faults as a writer. */
static struct mmu_access access_of(struct cpu *cpu, bool *stack) {
    const struct refused *refused = &cpu->refused;
    struct mmu_access access = {.kind = refused->kind, .user = refused->user, .implicit = refused->implicit};
    uint64_t linear = refused->page;
    *stack = false;
    if (refused->kind == MMU_FETCH) {
        uint64_t at = operand_code_linear(cpu, state_rip(cpu));
        if (at - refused->page < MMU_PAGE_SIZE)
            linear = at;
    } else {
        struct operand_hit hit = operand_find(&cpu->insn, refused->page, refused->kind);
        linear = hit.linear;
        *stack = hit.stack;
        if (hit.found && hit.write)
            access.kind = MMU_WRITE;
    }
    access.linear = mmu_linear(linear);
    return access;
}

/* MOV to a control register has found reserved bits in the PDPTEs (SDM 4.4.1): as if it had not executed. */
static void refuse_control_move(struct cpu *cpu) {
    state_set_cr(cpu, 0, cpu->mmu.state.cr0);
    state_set_cr(cpu, 3, cpu->mmu.state.cr3);
    state_set_cr(cpu, 4, cpu->mmu.state.cr4);
    state_set_rip(cpu, state_rip(cpu) - 3);
    state_refresh_hflags(cpu);
    deliver(cpu, (struct event){.vector = VECTOR_GP, .has_error_code = true, .rip = state_rip(cpu)});
    state_store(cpu);
    tlb_flush(cpu);
}

static void record(struct cpu *cpu) {
    struct cpu_page_fault *fault = &cpu->fault;
    fault->rip = state_rip(cpu);
    fault->cpl = state_cpl(cpu);
    fault->blocks = cpu->blocks;
    fault->instruction_bytes = 0;
    if (!cpu->record_faults)
        return;
    state_fill_registers(cpu, &fault->registers);
    if (cpu->refused.kind == MMU_FETCH)
        return;
    fault->instruction_bytes = (uint8_t)cpu->insn.length;
    memcpy(fault->instruction, cpu->insn.bytes, sizeof fault->instruction);
}

static void deliver_now(struct cpu *cpu, struct event event) {
    deliver(cpu, event);
    state_store(cpu);
}

/* cpu->state is what the hook saw: Unicorn has put back the registers of the instruction's beginning. */
enum cpu_stop fault_take(struct cpu *cpu) {
    bool stack;
    cpu->in_block = false;
    if (cpu->refused.bad_pdpte) {
        refuse_control_move(cpu);
        return CPU_STOP_STEP;
    }
    struct mmu_access access = access_of(cpu, &stack);
    struct event event = {.has_error_code = true, .rip = state_rip(cpu), .cr2 = access.linear.value};
    if (cpu->refused.result.rule == MMU_RULE_NON_CANONICAL) {
        event.vector = stack ? VECTOR_SS : VECTOR_GP;
        deliver_now(cpu, event);
        return CPU_STOP_STEP;
    }
    struct mmu_result result = cpu->refused.result;
    bool told = cpu->board.on_page_fault != NULL;
    if (told)
        result = mmu_peek(&cpu->mmu, access, &cpu->fault.walk);
    else if (access.kind != cpu->refused.kind)
        result = mmu_peek(&cpu->mmu, access, NULL);
    event.vector = VECTOR_PF;
    event.error_code = result.error_code;
    if (told) {
        record(cpu);
        if (cpu->board.on_page_fault(cpu->board.owner, &cpu->fault)) {
            cpu->undelivered = true;
            cpu->pending = event;
            return CPU_STOP_FAULT;
        }
    }
    deliver_now(cpu, event);
    return CPU_STOP_STEP;
}
