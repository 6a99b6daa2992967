/*
 * x87 and SSE state (Intel SDM volume 1, chapters 8, 10 and 13.1): 512 bytes in the format of FXSAVE. Every program has
 * one from its first exec; it is saved and loaded at every switch, so that the state of the running program is always in the CPU.
 */
#ifndef _ASM_FPU_H
#define _ASM_FPU_H

#include "kernel/sched.h"

#define FXSAVE_BYTES 512

struct fxsave {
    u16 fcw, fsw;
    u8 ftw, reserved1; /* a bit a register: 1 = not empty */
    u16 fop;
    u32 fip;
    u16 fcs, reserved2;
    u32 fdp;
    u16 fds, reserved3;
    u32 mxcsr, mxcsr_mask;
    u8 st[8][16];
    u8 xmm[8][16];
    u8 rest[224];
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct fxsave) == FXSAVE_BYTES, "SDM volume 2, FXSAVE");

static inline void fxsave_to(u8 *state) { __asm__ volatile("fxsave %0" : "=m"(*(struct fxsave *)state)); }
static inline void fxrstor_from(const u8 *state)
{
    __asm__ volatile("fxrstor %0" : : "m"(*(const struct fxsave *)state));
}

int fpu_alloc(struct task_struct *task); /* 0 or -ENOMEM */
void fpu_free(struct task_struct *task);
int fpu_fork(struct task_struct *child); /* the running task's state into child */
int fpu_exec(void);                      /* a new program's state for the running task */
void fpu_switch(struct task_struct *prev, struct task_struct *next);
int x87_si_code(void); /* which x87 exception is pending in the running task; acknowledges none */
int simd_si_code(void);
u32 fpu_mxcsr_mask(void); /* bits of MXCSR that may be set */

#endif
