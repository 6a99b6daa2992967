/* Byte offsets in struct pt_regs for assembly; asm/ptrace.h has the structure, traps.c asserts that they agree. */
#ifndef _ASM_ENTRY_OFFSETS_H
#define _ASM_ENTRY_OFFSETS_H

#define PT_GS 40
#define PT_ORIG_EAX 44
#define PT_CS 52

#endif
