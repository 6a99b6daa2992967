/*
 * IA32_APIC_BASE: the one model-specific register that belongs to the board.
 *
 * The engine knows the others, reads this one as zero, and cannot be told to ask. So blocks with an RDMSR or WRMSR that
 * may name it are remembered and run one instruction at a time, as those with checked port instructions are (ports.c),
 * and the instruction is done here. Where the block itself loads ECX with another register's number, as most kernels'
 * code does, the engine is left alone: after the first remembered block every block costs a look-up.
 */
#include "emu/cpu/internal.h"

#define MSR_APIC_BASE 0x1bu
#define OPCODE_MAP 0x0fu
#define OPCODE_WRMSR 0x30u
#define OPCODE_RDMSR 0x32u
#define BLOCK_BYTES_MAX 1024u

static bool is_msr_access(ZydisMnemonic mnemonic) {
    return mnemonic == ZYDIS_MNEMONIC_RDMSR || mnemonic == ZYDIS_MNEMONIC_WRMSR;
}

/* The two bytes are there; what they belong to is for the decoder to say. */
static bool has_opcode(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i + 1 < count; i++)
        if (bytes[i] == OPCODE_MAP && (bytes[i + 1] == OPCODE_WRMSR || bytes[i + 1] == OPCODE_RDMSR))
            return true;
    return false;
}

/* What ECX holds: known after MOV from an immediate, unknown after any other write. */
struct known {
    bool known;
    uint32_t value;
};

static void follow_ecx(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands, struct known *ecx) {
    for (unsigned i = 0; i < insn->operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER || !(operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) ||
            ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand->reg.value) != ZYDIS_REGISTER_RCX)
            continue;
        bool whole = insn->mnemonic == ZYDIS_MNEMONIC_MOV && operand->size >= 32 &&
                     operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        *ecx = (struct known){whole, whole ? (uint32_t)operands[1].imm.value.u : 0};
    }
}

static bool walk_block(struct cpu *cpu, const uint8_t *bytes, size_t count) {
    uint32_t hflags = state_hflags(cpu);
    const ZydisDecoder *decoder = &cpu->decoder[hflags & HFLAGS_CS64 ? 2 : hflags & HFLAGS_CS32 ? 1 : 0];
    struct known ecx = {0};
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    for (size_t at = 0; at < count; at += insn.length) {
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes + at, count - at, &insn, operands)))
            return true;
        if (is_msr_access(insn.mnemonic) && (!ecx.known || ecx.value == MSR_APIC_BASE))
            return true;
        follow_ecx(&insn, operands, &ecx);
    }
    return false;
}

bool msr_in_block(struct cpu *cpu, uint64_t address, uint32_t size) {
    uint8_t bytes[BLOCK_BYTES_MAX];
    if (!cpu->board.apic_base_read || state_cpl(cpu) != 0)
        return false;
    size_t count = size < sizeof bytes ? size : sizeof bytes;
    count = mmu_peek_read(&cpu->mmu, mmu_linear(address), bytes, count);
    return has_opcode(bytes, count) && walk_block(cpu, bytes, count);
}

bool msr_execute(struct cpu *cpu) {
    const struct cpu_board *board = &cpu->board;
    if (!cpu->insn.length || !is_msr_access(cpu->insn.mnemonic) || !board->apic_base_read || state_cpl(cpu) != 0 ||
        (uint32_t)state_gpr(cpu, GPR_RCX) != MSR_APIC_BASE)
        return false;
    if (cpu->insn.mnemonic == ZYDIS_MNEMONIC_RDMSR) {
        uint64_t value = board->apic_base_read(board->owner);
        state_set_gpr(cpu, GPR_RAX, (uint32_t)value);
        state_set_gpr(cpu, GPR_RDX, value >> 32);
    } else {
        uint64_t high = (uint32_t)state_gpr(cpu, GPR_RDX);
        board->apic_base_write(board->owner, high << 32 | (uint32_t)state_gpr(cpu, GPR_RAX));
    }
    state_set_rip(cpu, state_rip(cpu) + cpu->insn.length);
    return true;
}
