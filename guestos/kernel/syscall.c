/* The dispatcher of int 0x80, and the answer to calls that this kernel does not have. */
#include "asm/irqflags.h"
#include "asm/traps.h"
#include "kernel/process.h"
#include "kernel/syscalls.h"

#define NR_SYSCALLS 512

typedef long (*syscall_t)(u32 ebx, u32 ecx, u32 edx, u32 esi, u32 edi, u32 ebp);
extern const syscall_t syscall_table[NR_SYSCALLS]; /* syscall_table.S; 0: none */

static u32 logged[NR_SYSCALLS / 32];

long sys_ni_syscall(void) { return -ENOSYS; }

static long unknown_call(u32 number)
{
    if (number < NR_SYSCALLS && !(logged[number / 32] & (1u << (number % 32)))) {
        logged[number / 32] |= 1u << (number % 32);
        printk(KERN_DEBUG "%s[%d]: system call %u is not implemented\n", current->comm, current->pid, number);
    }
    return -ENOSYS;
}

/* The call's functions get copies of the registers, so that a restarted call finds its arguments as they were. */
void do_system_call(struct pt_regs *regs)
{
    u32 number = regs->orig_eax;
    regs->eax = (u32)-ENOSYS;
    if (number >= NR_SYSCALLS || !syscall_table[number]) {
        regs->eax = (u32)unknown_call(number);
        return;
    }
    regs->eax = (u32)syscall_table[number](regs->ebx, regs->ecx, regs->edx, regs->esi, regs->edi, regs->ebp);
}

long sys_restart_syscall(void)
{
    struct restart_block *block = &current->restart;
    return block->run ? block->run(block) : -EINTR;
}
