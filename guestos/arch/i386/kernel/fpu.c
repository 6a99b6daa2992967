/*
 * FPU state of programs: who owns it and when it moves. See asm/fpu.h for the rule.
 *
 * A new program starts with FCW 0x37F and MXCSR 0x1F80 (all exceptions masked, round to nearest), registers empty.
 * fork copies. The kernel itself never uses these registers.
 */
#include "asm/fpu.h"
#include "asm/setup.h"
#include "kernel/signal.h"
#include "mm/slab.h"

#define CR4_OSFXSR 0x200u
#define CR4_OSXMMEXCPT 0x400u
#define CPUID_FXSR (1u << 24)
#define DEFAULT_MXCSR_MASK 0x0000ffbfu /* when FXSAVE stores 0 (SDM volume 1, section 11.6.6) */

static kmem_cache_t *fpu_cache;
static struct fxsave initial_state;

void fpu_init(void)
{
    u32 eax = 1, ebx, ecx, edx, cr4;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (!(edx & CPUID_FXSR))
        panic("this CPU has no FXSAVE; the kernel needs a Pentium II or later");
    __asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("movl %0, %%cr4" : : "r"(cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT));
    __asm__ volatile("fninit");
    fxsave_to((u8 *)&initial_state);
    u32 mask = initial_state.mxcsr_mask;
    initial_state = (struct fxsave){.fcw = 0x37f, .mxcsr = 0x1f80, .mxcsr_mask = mask};
    fxrstor_from((const u8 *)&initial_state);
}

u32 fpu_mxcsr_mask(void) { return initial_state.mxcsr_mask ? initial_state.mxcsr_mask : DEFAULT_MXCSR_MASK; }

int fpu_alloc(struct task_struct *task)
{
    if (!fpu_cache)
        fpu_cache = kmem_cache_create("fpu_state", FXSAVE_BYTES, 16, SLAB_PANIC, NULL);
    if (!task->fpu_state)
        task->fpu_state = kmem_cache_alloc(fpu_cache, GFP_KERNEL);
    return task->fpu_state ? 0 : -ENOMEM;
}

void fpu_free(struct task_struct *task)
{
    if (task->fpu_state)
        kmem_cache_free(fpu_cache, task->fpu_state);
    task->fpu_state = NULL;
}

int fpu_fork(struct task_struct *child)
{
    child->fpu_state = NULL;
    if (!current->fpu_state)
        return 0;
    if (fpu_alloc(child))
        return -ENOMEM;
    fxsave_to(current->fpu_state);
    memcpy(child->fpu_state, current->fpu_state, FXSAVE_BYTES);
    return 0;
}

int fpu_exec(void)
{
    if (fpu_alloc(current))
        return -ENOMEM;
    memcpy(current->fpu_state, &initial_state, FXSAVE_BYTES);
    fxrstor_from(current->fpu_state);
    return 0;
}

void fpu_switch(struct task_struct *prev, struct task_struct *next)
{
    if (prev->fpu_state)
        fxsave_to(prev->fpu_state);
    if (next->fpu_state)
        fxrstor_from(next->fpu_state);
}

/* Status bits: 0 invalid, 1 denormal, 2 zero divide, 3 overflow, 4 underflow, 5 precision (SDM volume 1, 8.1.3
 * and 10.2.3). */
static int si_code_of(u32 exceptions)
{
    if (exceptions & 0x01)
        return FPE_FLTINV;
    if (exceptions & 0x04)
        return FPE_FLTDIV;
    if (exceptions & 0x08)
        return FPE_FLTOVF;
    if (exceptions & 0x12)
        return FPE_FLTUND;
    return exceptions & 0x20 ? FPE_FLTRES : 0;
}

int x87_si_code(void)
{
    fxsave_to(current->fpu_state);
    const struct fxsave *state = (const struct fxsave *)current->fpu_state;
    return si_code_of(state->fsw & ~(u32)state->fcw & 0x3f);
}

int simd_si_code(void)
{
    fxsave_to(current->fpu_state);
    u32 mxcsr = ((const struct fxsave *)current->fpu_state)->mxcsr;
    return si_code_of(mxcsr & ~(mxcsr >> 7) & 0x3f);
}
