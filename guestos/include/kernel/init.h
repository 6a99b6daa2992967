/*
 * Order of start-up (kernel/main.c: start_kernel), each part's entry points in one place.
 *
 *   boot.S            Multiboot entry, first page tables (identity + 0xC0000000, PSE), stack, start_kernel(info)
 *   console_init      drivers/  printk works
 *   setup_arch        arch/i386/kernel: Multiboot info -> e820, command line, initrd; trace_init; parse_mem_options;
 *                     setup_memory; paging_init
 *   trap_init         IDT, GDT, TSS; mem_init; kmem_cache_init; mm_late_init
 *   sched_init, init_IRQ, time_init (PIT 100 Hz), signals, pids
 *   vfs_init, tty_init, unpack_initramfs, free_initrd_mem
 *   pid 1             execs /init (or init= of the command line) with the words after "--" of the command line as
 *                     its arguments, and the environment HOME=/ TERM=linux PATH=/bin:/sbin:/usr/bin
 *
 * When pid 1 ends, the machine is switched off: its exit status goes to the debug-exit port 0xF4 (128 + signal when
 * a signal killed it), then hlt for ever.
 */
#ifndef _KERNEL_INIT_H
#define _KERNEL_INIT_H

#include "lib/types.h"

extern char saved_command_line[2048];
/* Value of "name=" in the command line into buf; false when absent. "name" alone gives "". */
bool command_line_option(const char *name, char *buf, size_t size);

/* Interrupts: arch/i386/kernel/irq.c. handler runs with interrupts off. */
typedef void (*irq_handler_t)(int irq, void *owner);
int request_irq(unsigned irq, irq_handler_t handler, const char *name, void *owner);

void machine_power_off(int status) __attribute__((noreturn)); /* debug-exit port, then hlt */
void machine_restart(void) __attribute__((noreturn));

/* Prints "name+0xoffset/0xsize" for a kernel address from the built-in symbol table (lib/kallsyms.c). */
int kallsyms_text(unsigned long address, char *buf, int size);
void show_registers(const void *regs);
void dump_stack(void);

#endif
