/*
 * Who may use a port (SDM volume 1, 19.5).
 *
 * Real mode and protected mode with CPL <= IOPL may use every port. Everything else asks the I/O permission bitmap in
 * the TSS: all bits of the access must lie inside the limit and be clear, or the instruction is #GP(0).
 *
 * Unicorn does not ask, and a port hook cannot end the instruction that it is called from. So blocks that are
 * translated where the bitmap counts and have a port instruction are remembered by their linear address, and run one
 * instruction at a time (run.c), with the check before each. Whether the bitmap counts (CPL, IOPL, VM) is part of
 * what Unicorn keys translations by: no block gets there without having been looked at.
 */
#include "emu/cpu/internal.h"

#define TSS_LIMIT_MIN 103u /* of a 32- or 64-bit TSS */
#define TSS_BITMAP_AT 102u
#define TSS_TYPE(flags) ((flags) >> 8 & 15u)
#define TSS_BUSY 2u
#define TSS_WIDE 9u

bool ports_checked(const struct cpu *cpu) {
    uint32_t flags = state_flags(cpu);
    if (!(state_cr(cpu, 0) & MMU_CR0_PE))
        return false;
    return (flags & CPU_FLAGS_VM) || state_cpl(cpu) > (flags & CPU_FLAGS_IOPL) >> 12;
}

static bool refuse(struct cpu *cpu, struct event *fault) {
    *fault = (struct event){.vector = VECTOR_GP, .has_error_code = true, .rip = state_rip(cpu)};
    return true;
}

bool ports_refused(struct cpu *cpu, struct port_access access, struct event *fault) {
    if (!access.bytes || !ports_checked(cpu))
        return false;
    struct cpu_segment tr = state_segment(cpu, CPU_TR);
    uint16_t at, bits;
    if (!(tr.flags & DESC_P) || (TSS_TYPE(tr.flags) & ~TSS_BUSY) != TSS_WIDE || tr.limit < TSS_LIMIT_MIN)
        return refuse(cpu, fault);
    if (!memory_read(cpu, tr.base + TSS_BITMAP_AT, &at, sizeof at, fault))
        return true;
    /* Two bytes are always read, so that the bitmap needs one more behind its last. */
    uint32_t offset = at + access.port / 8u;
    if (offset + 1 > tr.limit)
        return refuse(cpu, fault);
    if (!memory_read(cpu, tr.base + offset, &bits, sizeof bits, fault))
        return true;
    uint32_t mask = ((1u << access.bytes) - 1) << access.port % 8;
    return bits & mask ? refuse(cpu, fault) : false;
}

/* Blocks */

static bool *block_mark(struct cpu *cpu, uint64_t address) {
    return &cpu->port_block[(address ^ address >> 12) % PORT_BLOCKS];
}

bool ports_in_block(struct cpu *cpu, uint64_t address, uint32_t size) {
    struct decoded insn;
    if (!ports_checked(cpu))
        return false;
    for (uint32_t at = 0; at < size; at += insn.length) {
        operand_decode_at(cpu, address + at, &insn);
        if (!insn.length)
            return false;
        if (insn.port.instruction)
            return true;
    }
    return false;
}

void ports_remember(struct cpu *cpu, uint64_t address) {
    cpu->ports_seen = true;
    *block_mark(cpu, address) = true;
}

bool ports_remembered(struct cpu *cpu, uint64_t address) { return cpu->ports_seen && *block_mark(cpu, address); }
