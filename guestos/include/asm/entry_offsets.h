/* Byte offsets in struct pt_regs (asm/ptrace.h) and struct task_struct (kernel/sched.h) for assembly; traps.c asserts
 * that they agree. */
#ifndef _ASM_ENTRY_OFFSETS_H
#define _ASM_ENTRY_OFFSETS_H

#define PT_DS 28
#define PT_ES 32
#define PT_FS 36
#define PT_GS 40
#define PT_ORIG_EAX 44
#define PT_CS 52
#define TASK_NEED_RESCHED 112
#define TASK_SIGNAL_WAKE 485

#endif
