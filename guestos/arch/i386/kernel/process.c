/*
 * What a switch between tasks changes in the CPU, and how a new task starts.
 *
 * A task that does not run has on its kernel stack what switch_stacks() pushed; a new one has the same, made by hand,
 * with ret_from_fork as return address, directly below its pt_regs. FS and GS are emptied at a switch: each program's
 * own selectors are in its pt_regs, and nothing in the kernel may meet a selector whose descriptor belongs to another
 * task.
 */
#include "asm/desc.h"
#include "asm/fpu.h"
#include "asm/irqflags.h"
#include "asm/traps.h"
#include "kernel/process.h"

#define EFLAGS_FIXED 0x2u
#define EFLAGS_IF 0x200u

struct new_stack {
    u32 edi, esi, ebx, ebp, eip;
};

void switch_to(struct task_struct *prev, struct task_struct *next)
{
    fpu_switch(prev, next);
    load_tls(next);
    tss_set_kernel_stack(next);
    current_task = next;
    switch_stacks(&prev->kernel_sp, next->kernel_sp);
}

int copy_thread(struct task_struct *child, const struct clone_request *request)
{
    struct pt_regs *regs = task_pt_regs(child);
    struct new_stack *start = (struct new_stack *)regs - 1;
    *start = (struct new_stack){.esi = (u32)request->argument, .ebx = (u32)request->thread, .eip = (u32)ret_from_fork};
    child->kernel_sp = (u32)start;
    if (request->thread) {
        memset(regs, 0, sizeof(*regs));
        memset(child->tls_array, 0, sizeof(child->tls_array));
        return 0;
    }
    *regs = *task_pt_regs(current);
    regs->eax = 0;
    if (request->sp)
        regs->esp = request->sp;
    if (request->flags & CLONE_SETTLS)
        return set_tls_descriptor(child, request->tls, false, NULL);
    return 0;
}

void start_thread(u32 eip, u32 esp)
{
    struct pt_regs *regs = task_pt_regs(current);
    *regs = (struct pt_regs){.ds = __USER_DS,
                             .es = __USER_DS,
                             .orig_eax = (u32)-1,
                             .eip = eip,
                             .cs = __USER_CS,
                             .eflags = EFLAGS_FIXED | EFLAGS_IF,
                             .esp = esp,
                             .ss = __USER_DS};
    memset(current->tls_array, 0, sizeof(current->tls_array));
    load_tls(current);
}

void exit_to_user(struct pt_regs *regs)
{
    while (current->need_resched || current->signal_wake) {
        local_irq_enable();
        if (current->need_resched)
            schedule();
        if (current->signal_wake)
            do_signal(regs);
        local_irq_disable();
    }
}
