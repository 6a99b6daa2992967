/*
 * The saved block: reading and editing the CPU state that Unicorn hides (layout.h says where things are).
 */
#include "emu/cpu/internal.h"

void state_load(struct cpu *cpu) {
    layout_set_size(&cpu->layout, cpu->block, cpu->layout.brief_size);
    uc_context_save(cpu->uc, cpu->block);
}

void state_load_full(struct cpu *cpu) {
    layout_set_size(&cpu->layout, cpu->block, cpu->layout.full_size);
    uc_context_save(cpu->uc, cpu->block);
}

void state_store(struct cpu *cpu) {
    layout_set_size(&cpu->layout, cpu->block, cpu->layout.brief_size);
    uc_context_restore(cpu->uc, cpu->block);
}

void state_store_full(struct cpu *cpu) {
    layout_set_size(&cpu->layout, cpu->block, cpu->layout.full_size);
    uc_context_restore(cpu->uc, cpu->block);
}

struct cpu_segment state_segment(const struct cpu *cpu, unsigned index) {
    size_t at = state_segment_at(cpu, index);
    return (struct cpu_segment){
        .selector = (uint16_t)layout_get32(cpu->state, at),
        .base = layout_get64(cpu->state, at + LAYOUT_SEGMENT_BASE),
        .limit = layout_get32(cpu->state, at + LAYOUT_SEGMENT_LIMIT),
        .flags = layout_get32(cpu->state, at + LAYOUT_SEGMENT_FLAGS),
    };
}

void state_set_segment(struct cpu *cpu, unsigned index, struct cpu_segment segment) {
    size_t at = state_segment_at(cpu, index);
    layout_put32(cpu->state, at, segment.selector);
    layout_put64(cpu->state, at + LAYOUT_SEGMENT_BASE, segment.base);
    layout_put32(cpu->state, at + LAYOUT_SEGMENT_LIMIT, segment.limit);
    layout_put32(cpu->state, at + LAYOUT_SEGMENT_FLAGS, segment.flags);
}

static uint32_t code_hflags(const struct cpu *cpu, bool protected_mode, bool v86) {
    uint32_t cs = layout_get32(cpu->state, state_segment_at(cpu, CPU_CS) + LAYOUT_SEGMENT_FLAGS);
    bool lma = state_efer(cpu) & MMU_EFER_LMA;
    uint32_t selector = layout_get32(cpu->state, state_segment_at(cpu, CPU_CS));
    uint32_t hflags = protected_mode ? HFLAGS_PE : 0;
    if (v86)
        hflags |= HFLAGS_CPL;
    else if (protected_mode)
        hflags |= selector & HFLAGS_CPL;
    if (lma)
        hflags |= HFLAGS_LMA;
    if (lma && (cs & DESC_L))
        return hflags | HFLAGS_CS32 | HFLAGS_SS32 | HFLAGS_CS64;
    return cs & DESC_B ? hflags | HFLAGS_CS32 : hflags;
}

/* ADDSEG: segment bases have to be added. Always true in 16-bit code, never in 64-bit code. */
static uint32_t data_hflags(const struct cpu *cpu, uint32_t code, bool protected_mode, bool v86) {
    if (code & HFLAGS_CS64)
        return 0;
    uint32_t ss = layout_get32(cpu->state, state_segment_at(cpu, CPU_SS) + LAYOUT_SEGMENT_FLAGS);
    uint32_t hflags = ss & DESC_B ? HFLAGS_SS32 : 0;
    if (!protected_mode || v86 || !(code & HFLAGS_CS32))
        return hflags | HFLAGS_ADDSEG;
    bool based = state_segment_base(cpu, CPU_DS) || state_segment_base(cpu, CPU_ES) || state_segment_base(cpu, CPU_SS);
    return based ? hflags | HFLAGS_ADDSEG : hflags;
}

void state_refresh_hflags(struct cpu *cpu) {
    bool protected_mode = state_cr(cpu, 0) & MMU_CR0_PE;
    bool v86 = protected_mode && (state_flags(cpu) & CPU_FLAGS_VM);
    uint32_t kept = state_hflags(cpu) &
                    ~(HFLAGS_CPL | HFLAGS_CS32 | HFLAGS_SS32 | HFLAGS_ADDSEG | HFLAGS_PE | HFLAGS_LMA | HFLAGS_CS64);
    uint32_t code = code_hflags(cpu, protected_mode, v86);
    layout_put32(cpu->state, cpu->layout.hflags, kept | code | data_hflags(cpu, code, protected_mode, v86));
}

uint32_t state_full_flags(struct cpu *cpu) {
    uint32_t flags = 0;
    uc_context_reg_read(cpu->block, UC_X86_REG_EFLAGS, &flags);
    return cpu->forced_trap ? flags & ~CPU_FLAGS_TF : flags;
}

void state_set_full_flags(struct cpu *cpu, uint32_t flags) {
    uc_context_reg_write(cpu->block, UC_X86_REG_EFLAGS, &flags);
}

void state_fill_registers(struct cpu *cpu, struct cpu_registers *to) {
    for (unsigned i = 0; i < 16; i++)
        to->gpr[i] = state_gpr(cpu, i);
    to->rip = state_rip(cpu);
    to->rflags = state_full_flags(cpu);
    to->cr0 = state_cr(cpu, 0);
    to->cr2 = state_cr(cpu, 2);
    to->cr3 = state_cr(cpu, 3);
    to->cr4 = state_cr(cpu, 4);
    to->efer = state_efer(cpu);
    for (unsigned i = 0; i < CPU_SEGMENTS; i++)
        to->segment[i] = state_segment(cpu, i);
    to->gdt_base = state_segment_base(cpu, LAYOUT_GDTR);
    to->gdt_limit = state_segment_limit(cpu, LAYOUT_GDTR);
    to->idt_base = state_segment_base(cpu, LAYOUT_IDTR);
    to->idt_limit = state_segment_limit(cpu, LAYOUT_IDTR);
    to->cpl = state_cpl(cpu);
}
