/*
 * Exceptions (Intel SDM volume 3, chapter 6) become signals of the program that caused them, with the si_code and
 * si_addr that Linux gives. The same exception in the kernel is either expected (an entry of the exception table
 * says where to go on) or the end: die().
 */
#include "asm/traps.h"
#include "asm/desc.h"
#include "asm/entry_offsets.h"
#include "asm/fpu.h"
#include "asm/irqflags.h"
#include "asm/setup.h"
#include "asm/uaccess.h"
#include "kernel/init.h"
#include "kernel/printk.h"
#include "kernel/signal.h"

_Static_assert(offsetof(struct pt_regs, ds) == PT_DS && offsetof(struct pt_regs, es) == PT_ES, "entry.S");
_Static_assert(offsetof(struct pt_regs, fs) == PT_FS && offsetof(struct pt_regs, gs) == PT_GS, "entry.S");
_Static_assert(offsetof(struct task_struct, need_resched) == TASK_NEED_RESCHED, "entry.S");
_Static_assert(offsetof(struct task_struct, signal_wake) == TASK_SIGNAL_WAKE, "entry.S");
_Static_assert(offsetof(struct pt_regs, orig_eax) == PT_ORIG_EAX, "entry.S");
_Static_assert(offsetof(struct pt_regs, cs) == PT_CS, "entry.S");

#define NR_EXCEPTIONS 20
#define GATE_INTERRUPT 0x8E00u
#define GATE_TRAP 0x8F00u
#define GATE_DPL3 0x6000u

#define DR6_SINGLE_STEP 0x4000u

extern const u32 exception_entries[NR_EXCEPTIONS], interrupt_entries[NR_IRQS];
void system_call(void), spurious_interrupt(void);

static u64 idt[256] __attribute__((aligned(8)));

static void set_gate(unsigned vector, u32 entry, u32 kind)
{
    idt[vector] = (u64)((entry & 0xffff0000) | kind) << 32 | (u32)__KERNEL_CS << 16 | (entry & 0xffff);
}

void trap_init(void)
{
    for (unsigned i = 0; i < NR_EXCEPTIONS; i++)
        set_gate(i, exception_entries[i], GATE_INTERRUPT);
    for (unsigned i = 0; i < NR_IRQS; i++)
        set_gate(FIRST_IRQ_VECTOR + i, interrupt_entries[i], GATE_INTERRUPT);
    set_gate(3, exception_entries[3], GATE_INTERRUPT | GATE_DPL3);
    set_gate(4, exception_entries[4], GATE_INTERRUPT | GATE_DPL3);
    set_gate(SPURIOUS_APIC_VECTOR, (u32)spurious_interrupt, GATE_INTERRUPT);
    set_gate(SYSCALL_VECTOR, (u32)system_call, GATE_TRAP | GATE_DPL3);
    const struct descriptor_pointer pointer = {sizeof(idt) - 1, (u32)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    tss_init();
    fpu_init();
}

/* ---- what a fault comes to ---- */

struct trap {
    u32 number, error_code;
    int signal, si_code;
    u32 si_addr;
    const char *what; /* as Linux names it */
};

static void enable_interrupts_as_before(const struct pt_regs *regs)
{
    if (regs->eflags & 0x200)
        local_irq_enable();
}

/* "name[pid] trap divide error ip:... sp:... error:0", for programs that do not handle it */
static void report_unhandled(const struct trap *trap, const struct pt_regs *regs)
{
    if (!unhandled_signal(current, trap->signal))
        return;
    printk(KERN_WARNING "%s[%d] trap %s ip:%x sp:%x error:%x\n", current->comm, current->pid, trap->what, regs->eip,
           regs->esp, trap->error_code);
}

static void do_trap(const struct trap *trap, struct pt_regs *regs)
{
    if (!user_mode(regs)) {
        u32 fixup = search_exception_table(regs->eip);
        if (!fixup)
            die(trap->what, regs, trap->error_code);
        regs->eip = fixup;
        return;
    }
    enable_interrupts_as_before(regs);
    current->fault_trap = trap->number;
    current->fault_error_code = trap->error_code;
    report_unhandled(trap, regs);
    force_sig_fault(trap->signal, trap->si_code, trap->si_addr);
}

#define TRAP_HANDLER(name, number, signal, si_code, si_addr, what)                                                     \
    void name(struct pt_regs *regs, u32 error_code);                                                                   \
    void name(struct pt_regs *regs, u32 error_code)                                                                    \
    {                                                                                                                  \
        const struct trap trap = {number, error_code, signal, si_code, si_addr, what};                                 \
        do_trap(&trap, regs);                                                                                          \
    }

TRAP_HANDLER(do_divide_error, 0, SIGFPE, FPE_INTDIV, regs->eip, "divide error")
TRAP_HANDLER(do_overflow, 4, SIGSEGV, SI_KERNEL, 0, "overflow")
TRAP_HANDLER(do_bounds, 5, SIGSEGV, SI_KERNEL, 0, "bounds")
TRAP_HANDLER(do_invalid_op, 6, SIGILL, ILL_ILLOPN, regs->eip, "invalid opcode")
TRAP_HANDLER(do_coprocessor_segment_overrun, 9, SIGFPE, SI_KERNEL, 0, "coprocessor segment overrun")
TRAP_HANDLER(do_invalid_tss, 10, SIGSEGV, SI_KERNEL, 0, "invalid TSS")
TRAP_HANDLER(do_segment_not_present, 11, SIGBUS, SI_KERNEL, 0, "segment not present")
TRAP_HANDLER(do_stack_segment, 12, SIGBUS, SI_KERNEL, 0, "stack segment")
TRAP_HANDLER(do_alignment_check, 17, SIGBUS, BUS_ADRALN, 0, "alignment check")

void do_general_protection(struct pt_regs *regs, u32 error_code);
void do_general_protection(struct pt_regs *regs, u32 error_code)
{
    const struct trap trap = {13, error_code, SIGSEGV, SI_KERNEL, 0, "general protection fault"};
    do_trap(&trap, regs);
}

/* iret refused the program's CS, SS or EFLAGS: entry.S made a fresh pt_regs of them. */
void do_bad_iret(struct pt_regs *regs, u32 error_code);
void do_bad_iret(struct pt_regs *regs, u32 error_code)
{
    local_irq_enable();
    const struct trap trap = {32, error_code, SIGILL, 0, 0, "iret exception"};
    current->fault_trap = trap.number;
    current->fault_error_code = 0;
    report_unhandled(&trap, regs);
    force_sig_fault(SIGSEGV, SI_KERNEL, 0);
}

void do_int3(struct pt_regs *regs, u32 error_code);
void do_int3(struct pt_regs *regs, u32 error_code)
{
    const struct trap trap = {3, error_code, SIGTRAP, SI_KERNEL, 0, "int3"};
    do_trap(&trap, regs);
}

/* A program may set TF itself; the kernel never does, and clears what a call gate let through. */
void do_debug(struct pt_regs *regs, u32 error_code);
void do_debug(struct pt_regs *regs, u32 error_code)
{
    u32 dr6;
    __asm__ volatile("movl %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("movl %0, %%dr6" : : "r"(0u));
    if (!user_mode(regs)) {
        regs->eflags &= ~0x100u;
        return;
    }
    const struct trap trap = {1,         error_code, SIGTRAP, dr6 & DR6_SINGLE_STEP ? TRAP_TRACE : TRAP_BRKPT,
                              regs->eip, "debug"};
    do_trap(&trap, regs);
}

void do_nmi(struct pt_regs *regs, u32 error_code);
void do_nmi(struct pt_regs *regs, u32 error_code) { die("non-maskable interrupt", regs, error_code); }

void do_device_not_available(struct pt_regs *regs, u32 error_code);
void do_device_not_available(struct pt_regs *regs, u32 error_code) { die("device not available", regs, error_code); }

void do_double_fault(struct pt_regs *regs, u32 error_code);
void do_double_fault(struct pt_regs *regs, u32 error_code) { die("double fault", regs, error_code); }

void do_reserved_exception(struct pt_regs *regs, u32 error_code);
void do_reserved_exception(struct pt_regs *regs, u32 error_code) { die("reserved exception", regs, error_code); }

void do_machine_check(struct pt_regs *regs, u32 error_code);
void do_machine_check(struct pt_regs *regs, u32 error_code) { die("machine check", regs, error_code); }

void do_coprocessor_error(struct pt_regs *regs, u32 error_code);
void do_coprocessor_error(struct pt_regs *regs, u32 error_code)
{
    const struct trap trap = {16, error_code, SIGFPE, x87_si_code(), regs->eip, "x87 FPU exception"};
    do_trap(&trap, regs);
}

void do_simd_error(struct pt_regs *regs, u32 error_code);
void do_simd_error(struct pt_regs *regs, u32 error_code)
{
    const struct trap trap = {19, error_code, SIGFPE, simd_si_code(), regs->eip, "SIMD exception"};
    do_trap(&trap, regs);
}

/* ---- reports ---- */

#define TRACE_DEPTH 24

static bool on_this_stack(u32 address)
{
    u32 stack = (u32)current->stack;
    return address >= stack && address + 8 <= stack + THREAD_SIZE;
}

static void print_frames(u32 frame)
{
    char text[80];
    for (int i = 0; i < TRACE_DEPTH && on_this_stack(frame) && !(frame & 3); i++) {
        const u32 *words = (const u32 *)frame;
        kallsyms_text(words[1], text, sizeof(text));
        printk(KERN_EMERG "  [%08x] %s\n", words[1], text);
        if (words[0] <= frame)
            return;
        frame = words[0];
    }
}

void dump_stack(void)
{
    printk(KERN_EMERG "Call trace of %s[%d]:\n", current->comm, current->pid);
    print_frames((u32)__builtin_frame_address(0));
}

/* The words around the stack pointer, named where they are code. */
static void print_stack(u32 sp)
{
    char text[80];
    for (u32 at = (sp & ~3u) - 64; on_this_stack(at) && at < sp + 256; at += 4) {
        kallsyms_text(*(const u32 *)at, text, sizeof(text));
        printk(KERN_EMERG "  %08x: %08x %s\n", at, *(const u32 *)at, text);
    }
}

void show_registers(const void *regs_pointer)
{
    const struct pt_regs *regs = regs_pointer;
    char text[80];
    u32 cr0, cr2, cr3, cr4;
    __asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movl %%cr2, %0" : "=r"(cr2));
    __asm__ volatile("movl %%cr3, %0" : "=r"(cr3));
    __asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
    bool user = user_mode(regs);
    kallsyms_text(regs->eip, text, sizeof(text));
    printk(KERN_EMERG "%s[%d] EIP %04x:%08x %s EFLAGS %08x\n", current->comm, current->pid, regs->cs, regs->eip, text,
           regs->eflags);
    printk(KERN_EMERG "EAX %08x EBX %08x ECX %08x EDX %08x\n", regs->eax, regs->ebx, regs->ecx, regs->edx);
    printk(KERN_EMERG "ESI %08x EDI %08x EBP %08x ESP %08x\n", regs->esi, regs->edi, regs->ebp,
           user ? regs->esp : (u32)&regs->esp);
    printk(KERN_EMERG "DS %04x ES %04x FS %04x GS %04x SS %04x\n", regs->ds, regs->es, regs->fs, regs->gs,
           user ? regs->ss : __KERNEL_DS);
    printk(KERN_EMERG "CR0 %08x CR2 %08x CR3 %08x CR4 %08x\n", cr0, cr2, cr3, cr4);
    if (user)
        return;
    printk(KERN_EMERG "Call trace:\n");
    print_frames(regs->ebp);
    print_stack((u32)&regs->esp);
    printk(KERN_EMERG "stack %08x task %08x\n", (u32)current->stack, (u32)current);
}

void die(const char *what, const struct pt_regs *regs, u32 error_code)
{
    local_irq_disable();
    printk_force_console();
    printk(KERN_EMERG "Oops: %s, error code %04x\n", what, error_code);
    show_registers(regs);
    panic("%s in the kernel", what);
}
