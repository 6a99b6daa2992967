/*
 * The processor's registers as GDB numbers them, and the target description that says so.
 *
 * One table a mode (32 bits, 64 bits): the order is that of the "g" packet. GDB knows the first features and what they
 * mean; "faultline.system" has what a debugger of memory management wants besides: segment bases, tables, control
 * registers, the privilege level.
 */
#ifndef FAULTLINE_GDB_REGISTERS_H
#define FAULTLINE_GDB_REGISTERS_H

#include "emu/cpu/cpu.h"

struct register_set {
    struct cpu_registers cpu;
    struct cpu_fpu fpu;
};

unsigned registers_count(bool wide);
/* Bytes of register `number`, at most 16; 0: there is none. */
unsigned registers_bytes(bool wide, unsigned number);
void registers_get(const struct register_set *set, bool wide, unsigned number, uint8_t value[16]);
/* False: this register cannot be changed from outside. */
bool registers_set(struct register_set *set, bool wide, unsigned number, const uint8_t value[16]);

/* XML, at most size bytes with its final 0; returns the length that all of it has. */
size_t registers_describe(bool wide, char *text, size_t size);

#endif
