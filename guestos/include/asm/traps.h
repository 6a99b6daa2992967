/* What entry.S calls, and what those functions share. */
#ifndef _ASM_TRAPS_H
#define _ASM_TRAPS_H

#include "asm/ptrace.h"

#define NR_IRQS 16
#define FIRST_IRQ_VECTOR 0x20
#define SYSCALL_VECTOR 0x80
#define SPURIOUS_APIC_VECTOR 0xff

extern unsigned long irq_counts[NR_IRQS];
extern const struct pt_regs *irq_regs; /* the context that the running interrupt handler interrupted */

void do_IRQ(struct pt_regs *regs);
int show_interrupts(char *buf, int size); /* the text of /proc/interrupts */
void do_system_call(struct pt_regs *regs);
void exit_to_user(struct pt_regs *regs); /* interrupts off at entry and at return */
void do_signal(struct pt_regs *regs);    /* delivers at most one handler; undoes or restarts an interrupted call */
void ret_from_fork(void);
void switch_stacks(u32 *save_sp, u32 load_sp);

/* A fault of the kernel itself: registers, trace, end. */
void die(const char *what, const struct pt_regs *regs, u32 error_code) __attribute__((noreturn));

#endif
