/* The registers of an interrupted context as the entry code pushes them; layout is part of entry.S. */
#ifndef _ASM_PTRACE_H
#define _ASM_PTRACE_H

#include "lib/types.h"

struct pt_regs {
    u32 ebx, ecx, edx, esi, edi, ebp, eax;
    u32 ds, es, fs, gs;
    u32 orig_eax;                 /* system call number, or the error code's place, or -1 for an interrupt */
    u32 eip, cs, eflags, esp, ss; /* esp and ss are there only when the context was in ring 3 */
};

_Static_assert(sizeof(struct pt_regs) == 68, "entry.S");

static inline bool user_mode(const struct pt_regs *regs) { return (regs->cs & 3) == 3; }

#define __KERNEL_CS 0x60
#define __KERNEL_DS 0x68
#define __USER_CS 0x73
#define __USER_DS 0x7b

#endif
