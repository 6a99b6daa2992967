/*
 * Disassembly in Intel syntax ("mov dword [eax], 0x2a") and the memory operands in a form that needs only registers
 * to become addresses, so that an instruction is decoded once however often it faults.
 */
#include "emu/story/instruction.h"
#include "emu/story/code.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#define NO_REGISTER (-1)
#define RIP_REGISTER (-2)
#define STACK_SLACK 128u /* a hidden stack operand lies this near to the stack pointer (pusha, enter) */

static void decoder_for(ZydisDecoder *decoder, uint8_t mode) {
    if (mode == 64)
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    else if (mode == 16)
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    else
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
}

/* "dword ptr [eax]" says no more than "dword [eax]". */
static void drop_ptr(char *text) {
    for (char *at; (at = strstr(text, " ptr "));)
        memmove(at, at + 4, strlen(at + 4) + 1);
}

static int8_t gpr_of(ZydisRegister name) {
    if (name == ZYDIS_REGISTER_NONE)
        return NO_REGISTER;
    if (name == ZYDIS_REGISTER_RIP || name == ZYDIS_REGISTER_EIP)
        return RIP_REGISTER;
    ZyanI8 id = ZydisRegisterGetId(name);
    return id >= 0 && id < 16 ? id : NO_REGISTER;
}

static uint16_t segment_of(ZydisRegister name) {
    switch (name) {
    case ZYDIS_REGISTER_ES: return CPU_ES;
    case ZYDIS_REGISTER_CS: return CPU_CS;
    case ZYDIS_REGISTER_SS: return CPU_SS;
    case ZYDIS_REGISTER_FS: return CPU_FS;
    case ZYDIS_REGISTER_GS: return CPU_GS;
    default: return CPU_DS;
    }
}

static void keep_operand(struct place *place, const ZydisDecodedOperand *operand) {
    if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
        place->operand_count == PLACE_OPERANDS)
        return;
    unsigned bytes = operand->size / 8;
    place->operands[place->operand_count++] = (struct place_operand){
        .segment = segment_of(operand->mem.segment),
        .base = gpr_of(operand->mem.base),
        .index = gpr_of(operand->mem.index),
        .scale = operand->mem.scale,
        .bytes = (uint8_t)(bytes < 255 ? bytes : 255),
        .hidden = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN,
        .displacement = operand->mem.disp.has_displacement ? operand->mem.disp.value : 0,
    };
}

static void format(struct place *place, const ZydisDecodedInstruction *instruction,
                   const ZydisDecodedOperand *operands) {
    ZydisFormatter formatter;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
    if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, instruction, operands,
                                                      instruction->operand_count_visible, place->disassembly,
                                                      sizeof place->disassembly, place->rip, NULL)))
        place->disassembly[0] = '\0';
    drop_ptr(place->disassembly);
}

void instruction_describe(struct place *place) {
    ZydisDecoder decoder;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    decoder_for(&decoder, place->mode);
    if (place->bytes == 0 ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, place->instruction, place->bytes, &instruction, operands)))
        return;
    place->bytes = instruction.length;
    place->address_bits = instruction.address_width;
    for (unsigned i = 0; i < instruction.operand_count; i++)
        keep_operand(place, &operands[i]);
    format(place, &instruction, operands);
}

static uint64_t register_value(const struct place *place, const struct cpu_registers *registers, int8_t number) {
    if (number == RIP_REGISTER)
        return registers->rip + place->bytes;
    return number >= 0 ? registers->gpr[number] : 0;
}

static uint64_t truncate(uint64_t value, unsigned bits) { return bits >= 64 ? value : value & ((1ull << bits) - 1); }

/* A push writes below the stack pointer, a pop reads at it: hidden operands get some slack on both sides. */
static bool reaches(const struct place *place, const struct place_operand *operand,
                    const struct cpu_registers *registers, uint64_t linear) {
    uint64_t offset = register_value(place, registers, operand->base) +
                      register_value(place, registers, operand->index) * operand->scale +
                      (uint64_t)operand->displacement;
    uint64_t start = truncate(offset, place->address_bits) + registers->segment[operand->segment].base;
    uint64_t before = operand->hidden ? STACK_SLACK : 0, length = operand->bytes ? operand->bytes : 1;
    unsigned bits = place->mode == 64 ? 64 : 32;
    return truncate(linear - start + before, bits) < length + 2 * before;
}

enum cpu_segment_name instruction_segment(const struct place *place, const struct cpu_registers *registers,
                                          uint64_t linear) {
    for (unsigned i = 0; i < place->operand_count; i++)
        if (reaches(place, &place->operands[i], registers, linear))
            return (enum cpu_segment_name)place->operands[i].segment;
    return place->operand_count ? (enum cpu_segment_name)place->operands[0].segment : CPU_DS;
}

unsigned story_instruction_text(const uint8_t *bytes, size_t count, uint64_t address, unsigned mode, char *text,
                                size_t size) {
    struct place place = {.rip = address, .mode = (uint8_t)mode};
    place.bytes = (uint8_t)(count < sizeof place.instruction ? count : sizeof place.instruction);
    memcpy(place.instruction, bytes, place.bytes);
    instruction_describe(&place);
    snprintf(text, size, "%s", place.disassembly);
    return place.disassembly[0] ? place.bytes : 0;
}
