/* One instruction in words and as memory operands, by Zydis. */
#ifndef FAULTLINE_STORY_INSTRUCTION_H
#define FAULTLINE_STORY_INSTRUCTION_H

#include "emu/story/internal.h"

/* Fills disassembly, operands and address_bits of *place from its instruction bytes. mode: 16, 32 or 64. */
void instruction_describe(struct place *place);

/* The segment through which the operand that reaches linear goes; CPU_DS when no operand fits. */
enum cpu_segment_name instruction_segment(const struct place *place, const struct cpu_registers *registers,
                                          uint64_t linear);

#endif
