/*
 * Which bytes does the instruction at RIP touch?
 *
 * Unicorn's TLB hook tells the page of an access; CR2 has to hold the byte. The instruction is decoded and
 * every memory operand becomes a range [linear, linear + size): explicit ones, string operands, and what the
 * instruction pushes or pops. The fault address is the first byte of such a range inside the page.
 */
#include "emu/cpu/internal.h"

uint64_t operand_code_linear(const struct cpu *cpu, uint64_t rip) {
    if (state_hflags(cpu) & HFLAGS_CS64)
        return rip;
    return (state_segment_base(cpu, CPU_CS) + rip) & UINT32_MAX;
}

static const ZydisDecoder *decoder_of(const struct cpu *cpu) {
    uint32_t hflags = state_hflags(cpu);
    return &cpu->decoder[hflags & HFLAGS_CS64 ? 2 : hflags & HFLAGS_CS32 ? 1 : 0];
}

static uint64_t width_mask(unsigned bits) { return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1; }

static unsigned stack_bits(const struct cpu *cpu) {
    uint32_t hflags = state_hflags(cpu);
    return hflags & HFLAGS_CS64 ? 64 : hflags & HFLAGS_SS32 ? 32 : 16;
}

static uint64_t to_linear(const struct cpu *cpu, unsigned segment, uint64_t offset) {
    if (!(state_hflags(cpu) & HFLAGS_CS64))
        return (state_segment_base(cpu, segment) + offset) & UINT32_MAX;
    return segment == CPU_FS || segment == CPU_GS ? state_segment_base(cpu, segment) + offset : offset;
}

static void add(struct decoded *to, struct operand operand) {
    if (to->count < OPERANDS_MAX && operand.size)
        to->operand[to->count++] = operand;
}

/* A range on the stack that starts delta bytes from the stack pointer. */
static void add_stack(struct cpu *cpu, struct decoded *to, int64_t delta, uint32_t size, bool write) {
    uint64_t offset = (state_gpr(cpu, GPR_RSP) + (uint64_t)delta) & width_mask(stack_bits(cpu));
    add(to, (struct operand){to_linear(cpu, CPU_SS, offset), size, !write, write, true, 0});
}

/* count words pushed one after the other. */
static void add_pushes(struct cpu *cpu, struct decoded *to, uint32_t word, uint32_t count) {
    unsigned before = to->count;
    add_stack(cpu, to, -(int64_t)(word * count), word * count, true);
    if (to->count > before)
        to->operand[before].word = (uint8_t)word;
}

static bool is_stack_pointer(ZydisRegister reg) {
    return reg == ZYDIS_REGISTER_RSP || reg == ZYDIS_REGISTER_ESP || reg == ZYDIS_REGISTER_SP;
}

static uint64_t register_value(const struct cpu *cpu, const ZydisDecodedInstruction *insn, ZydisRegister reg) {
    if (reg == ZYDIS_REGISTER_NONE)
        return 0;
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
        return state_rip(cpu) + insn->length;
    ZyanI8 id = ZydisRegisterGetId(reg);
    if (id < 0 || id > 15)
        return 0;
    uint64_t value = state_gpr(cpu, (unsigned)id);
    return ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_GPR8 ? value & 0xff : value;
}

/* BT, BTS, BTR, BTC with a register bit index address memory outside the operand. */
static uint64_t bit_offset(const struct cpu *cpu, const ZydisDecodedInstruction *insn,
                           const ZydisDecodedOperand *operands) {
    bool bit = insn->mnemonic == ZYDIS_MNEMONIC_BT || insn->mnemonic == ZYDIS_MNEMONIC_BTS ||
               insn->mnemonic == ZYDIS_MNEMONIC_BTR || insn->mnemonic == ZYDIS_MNEMONIC_BTC;
    if (!bit || operands[1].type != ZYDIS_OPERAND_TYPE_REGISTER)
        return 0;
    uint64_t raw = register_value(cpu, insn, operands[1].reg.value);
    unsigned bits = operands[1].size;
    int64_t index = bits == 64 ? (int64_t)raw : bits == 32 ? (int32_t)raw : (int16_t)raw;
    unsigned shift = bits == 64 ? 6 : bits == 32 ? 5 : 4;
    return (uint64_t)(index >> shift) * (bits / 8);
}

static uint64_t effective(const struct cpu *cpu, const ZydisDecodedInstruction *insn,
                          const ZydisDecodedOperand *operands, const ZydisDecodedOperand *operand) {
    const ZydisDecodedOperandMem *mem = &operand->mem;
    uint64_t offset = register_value(cpu, insn, mem->base);
    offset += register_value(cpu, insn, mem->index) * (mem->scale ? mem->scale : 1);
    if (mem->disp.has_displacement)
        offset += (uint64_t)mem->disp.value;
    /* POP into memory addressed by the stack pointer uses its value after the pop. */
    if (insn->mnemonic == ZYDIS_MNEMONIC_POP && operand->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT &&
        is_stack_pointer(mem->base))
        offset += insn->operand_width / 8;
    if (insn->mnemonic == ZYDIS_MNEMONIC_XLAT && mem->index == ZYDIS_REGISTER_NONE)
        offset += state_gpr(cpu, GPR_RAX) & 0xff;
    offset += bit_offset(cpu, insn, operands);
    return offset & width_mask(insn->address_width);
}

static void add_explicit(struct cpu *cpu, struct decoded *to, const ZydisDecodedInstruction *insn,
                         const ZydisDecodedOperand *operands, const ZydisDecodedOperand *operand) {
    ZyanI8 segment = ZydisRegisterGetId(operand->mem.segment);
    uint64_t offset = effective(cpu, insn, operands, operand);
    bool stack = operand->mem.segment == ZYDIS_REGISTER_SS;
    add(to, (struct operand){
                .linear = to_linear(cpu, segment >= 0 && segment <= CPU_GS ? (unsigned)segment : CPU_DS, offset),
                .size = operand->size / 8u,
                .read = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ,
                .write = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE,
                .stack = stack,
            });
}

/* What the instruction pushes and pops. */
static void add_implicit(struct cpu *cpu, struct decoded *to, const ZydisDecodedInstruction *insn,
                         const ZydisDecodedOperand *operands) {
    uint32_t word = insn->operand_width / 8u;
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_PUSHFQ: add_stack(cpu, to, -(int64_t)word, word, true); break;
    case ZYDIS_MNEMONIC_POP:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ: add_stack(cpu, to, 0, word, false); break;
    case ZYDIS_MNEMONIC_CALL: add_pushes(cpu, to, word, insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ? 2 : 1); break;
    case ZYDIS_MNEMONIC_RET:
        word *= insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ? 2 : 1;
        add_stack(cpu, to, 0, word, false);
        break;
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD: add_pushes(cpu, to, word, 8); break;
    case ZYDIS_MNEMONIC_POPA:
    case ZYDIS_MNEMONIC_POPAD: add_stack(cpu, to, 0, 8 * word, false); break;
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ: add_stack(cpu, to, 0, 5 * word, false); break;
    case ZYDIS_MNEMONIC_LEAVE: {
        uint64_t offset = state_gpr(cpu, GPR_RBP) & width_mask(stack_bits(cpu));
        add(to, (struct operand){to_linear(cpu, CPU_SS, offset), word, true, false, true, 0});
        break;
    }
    case ZYDIS_MNEMONIC_ENTER: {
        uint32_t level = (uint32_t)(operands[1].imm.value.u & 31), copied = level > 1 ? level - 1 : 0;
        uint64_t frame = (state_gpr(cpu, GPR_RBP) - (uint64_t)copied * word) & width_mask(stack_bits(cpu));
        add_pushes(cpu, to, word, level + 1);
        add(to, (struct operand){to_linear(cpu, CPU_SS, frame), copied * word, true, false, true, (uint8_t)word});
        break;
    }
    default: break;
    }
}

/* Instructions that read descriptors, gates or a TSS by themselves. */
static bool is_system_access(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands) {
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_RET: return insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_POP:
        return operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
               ZydisRegisterGetClass(operands[0].reg.value) == ZYDIS_REGCLASS_SEGMENT;
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_LDS:
    case ZYDIS_MNEMONIC_LES:
    case ZYDIS_MNEMONIC_LFS:
    case ZYDIS_MNEMONIC_LGS:
    case ZYDIS_MNEMONIC_LSS:
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_IN: /* the I/O permission bitmap */
    case ZYDIS_MNEMONIC_OUT:
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD: return true;
    default: return false;
    }
}

static unsigned port_bytes(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands) {
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_IN: return operands[0].size / 8u;
    case ZYDIS_MNEMONIC_OUT: return operands[1].size / 8u;
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_OUTSB: return 1;
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_OUTSW: return 2;
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSD: return 4;
    default: return 0;
    }
}

static bool is_repeated(const ZydisDecodedInstruction *insn) {
    return insn->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
}

static struct port_access port_of(const struct cpu *cpu, const ZydisDecodedInstruction *insn,
                                  const ZydisDecodedOperand *operands) {
    unsigned bytes = port_bytes(insn, operands);
    struct port_access access = {bytes != 0, (uint16_t)state_gpr(cpu, GPR_RDX), (uint8_t)bytes};
    unsigned number = insn->mnemonic == ZYDIS_MNEMONIC_IN ? 1 : 0;
    if (!bytes)
        return access;
    if (operands[number].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        access.port = (uint8_t)operands[number].imm.value.u;
    if (is_repeated(insn) && !(state_gpr(cpu, GPR_RCX) & width_mask(insn->address_width)))
        access.bytes = 0;
    return access;
}

/* Up to 15 bytes. Not read in one go, so that an instruction at the end of the mapped pages is seen. */
static void read_bytes(struct cpu *cpu, uint64_t linear, struct decoded *to) {
    memset(to->bytes, 0, sizeof to->bytes);
    to->bytes_read = (uint8_t)mmu_peek_read(&cpu->mmu, mmu_linear(linear), to->bytes, sizeof to->bytes);
}

void operand_decode(struct cpu *cpu, struct decoded *to) {
    operand_decode_at(cpu, operand_code_linear(cpu, state_rip(cpu)), to);
}

/* NULL when the bytes are no instruction. */
static const struct decode *decode(struct cpu *cpu, const uint8_t *bytes, unsigned count) {
    const ZydisDecoder *decoder = decoder_of(cpu);
    uint64_t key;
    memcpy(&key, bytes, sizeof key);
    struct decode *slot = &cpu->decode[(key * 0x9e3779b97f4a7c15u) >> 59];
    _Static_assert(DECODES == 32, "the shift above leaves five bits");
    if (slot->decoder == decoder && slot->insn.length <= count && memcmp(slot->bytes, bytes, slot->insn.length) == 0)
        return slot;
    slot->decoder = NULL;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, bytes, count, &slot->insn, slot->operands)))
        return NULL;
    memcpy(slot->bytes, bytes, sizeof slot->bytes);
    slot->decoder = decoder;
    return slot;
}

void operand_decode_at(struct cpu *cpu, uint64_t linear, struct decoded *to) {
    to->length = 0;
    to->count = 0;
    to->system_access = to->repeated = false;
    to->port = (struct port_access){0};
    read_bytes(cpu, linear, to);
    const struct decode *decoded = decode(cpu, to->bytes, to->bytes_read);
    if (!decoded)
        return;
    const ZydisDecodedInstruction *insn = &decoded->insn;
    const ZydisDecodedOperand *operands = decoded->operands;
    to->length = insn->length;
    to->mnemonic = insn->mnemonic;
    to->system_access = is_system_access(insn, operands);
    to->repeated = is_repeated(insn);
    to->port = port_of(cpu, insn, operands);
    for (unsigned i = 0; i < insn->operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        bool hidden_stack =
            operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && is_stack_pointer(operand->mem.base);
        bool frame = insn->mnemonic == ZYDIS_MNEMONIC_ENTER || insn->mnemonic == ZYDIS_MNEMONIC_LEAVE;
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN && !hidden_stack &&
            !frame)
            add_explicit(cpu, to, insn, operands, operand);
    }
    add_implicit(cpu, to, insn, operands);
}

static bool overlaps(const struct operand *operand, uint64_t page) {
    uint64_t offset = page - operand->linear; /* wraps: a range may cross the end of the address space */
    return operand->linear - page < MMU_PAGE_SIZE || (offset && offset < operand->size);
}

/* The byte in page that an access to the range touches first. */
static uint64_t first_touched(const struct operand *operand, uint64_t page) {
    uint64_t first = operand->linear - page < MMU_PAGE_SIZE ? operand->linear : page;
    if (!operand->word)
        return first;
    uint64_t top = operand->linear + operand->size - operand->word, last = page + MMU_PAGE_SIZE - 1;
    if (top - page >= MMU_PAGE_SIZE)
        top = operand->linear + (last - operand->linear) / operand->word * operand->word;
    return top - page < MMU_PAGE_SIZE ? top : first;
}

struct operand_hit operand_find(const struct decoded *insn, uint64_t page, enum mmu_access_kind kind) {
    for (unsigned i = 0; i < insn->count; i++) {
        const struct operand *operand = &insn->operand[i];
        if (!(kind == MMU_WRITE ? operand->write : operand->read) || !overlaps(operand, page))
            continue;
        return (struct operand_hit){true, operand->stack, operand->write, first_touched(operand, page)};
    }
    return (struct operand_hit){.linear = page};
}
