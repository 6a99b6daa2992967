/*
 * Every way into the kernel and out of it.
 *
 *   exception n   CPU pushes (ss esp) eflags cs eip [error code]; the stub adds 0 where there is none
 *   interrupt n   the stub pushes n - 256 in the error code's place
 *   int 0x80      the stub pushes EAX, the call's number
 *   then          gs fs es ds eax ebp edi esi edx ecx ebx: struct pt_regs (asm/ptrace.h)
 *
 * The kernel runs on the programs' flat data segment, as Linux does: DS and ES are loaded at entry only when the
 * program had others, and at exit only when a saved selector is not the one in the register. A selector in DS or ES
 * that survives an entry is __USER_DS, whose descriptor never changes; FS and GS are emptied whenever the TLS
 * descriptors change (load_tls), so that an equal selector means an equal segment.
 *
 * All gates but int 0x80 and the two of debugging programs close interrupts. The way out: exit_to_user() runs with
 * interrupts off while there is work (reschedule, signals); then the registers are popped. A segment register that the
 * program filled with a bad selector faults here, in the kernel, while being popped: the exception table makes it 0, as
 * Linux does. A bad iret goes back into the kernel as an exception of the program.
 */
#include "asm/entry_offsets.h"

#define USER_DS 0x7b

    .macro extable insn, fixup
    .pushsection __ex_table, "a"
    .long \insn, \fixup
    .popsection
    .endm

    .macro save_rest_and_segments /* gs is on the stack */
    pushl %fs
    pushl %es
    pushl %ds
    pushl %eax
    pushl %ebp
    pushl %edi
    pushl %esi
    pushl %edx
    pushl %ecx
    pushl %ebx
    movl PT_DS(%esp), %eax
    movl PT_ES(%esp), %edx
    xorl $USER_DS, %eax
    xorl $USER_DS, %edx
    orl %edx, %eax
    cld
    testw %ax, %ax
    jz 90f
    movl $USER_DS, %eax
    movl %eax, %ds
    movl %eax, %es
90:
    .endm

    .text

    .globl system_call
    .type system_call, @function
system_call:
    pushl %eax
    pushl %gs
    save_rest_and_segments
    pushl %esp
    call do_system_call
    addl $4, %esp
    jmp return_to_user
    .size system_call, . - system_call

    /* The local APIC's interrupt had gone when the processor took it. There is nothing to end. */
    .globl spurious_interrupt
    .type spurious_interrupt, @function
spurious_interrupt:
    iret
    .size spurious_interrupt, . - spurious_interrupt

    .type common_interrupt, @function
common_interrupt:
    pushl %gs
    save_rest_and_segments
    pushl %esp
    call do_IRQ
    addl $4, %esp
    jmp return_from_exception
    .size common_interrupt, . - common_interrupt

    /* On the stack: handler's address in the place of gs, above it the error code. */
    .type error_entry, @function
error_entry:
    save_rest_and_segments
    movl PT_GS(%esp), %edi
    movl %gs, %eax
    movl %eax, PT_GS(%esp)
    movl PT_ORIG_EAX(%esp), %edx
    movl $-1, PT_ORIG_EAX(%esp)
    movl %esp, %eax
    pushl %edx
    pushl %eax
    call *%edi
    addl $8, %esp
    .size error_entry, . - error_entry

    .type return_from_exception, @function
return_from_exception:
    testl $3, PT_CS(%esp)
    jz restore_registers
return_to_user:
    cli
    movl current_task, %eax
    movzbl TASK_SIGNAL_WAKE(%eax), %edx
    orl TASK_NEED_RESCHED(%eax), %edx
    jnz 20f
restore_registers:
    movl %ds, %eax
    movl %es, %ebx
    movl %fs, %ecx
    movl %gs, %edx
    xorl PT_DS(%esp), %eax
    xorl PT_ES(%esp), %ebx
    xorl PT_FS(%esp), %ecx
    xorl PT_GS(%esp), %edx
    orl %ebx, %eax
    orl %ecx, %eax
    orl %edx, %eax
    popl %ebx
    popl %ecx
    popl %edx
    popl %esi
    popl %edi
    popl %ebp
    testw %ax, %ax
    popl %eax
    jnz 1f
    addl $20, %esp
6:  iret
20: pushl %esp
    call exit_to_user
    addl $4, %esp
    jmp restore_registers
1:  popl %ds
2:  popl %es
3:  popl %fs
4:  popl %gs
    addl $4, %esp
5:  iret
11: movl $0, (%esp)
    jmp 1b
12: movl $0, (%esp)
    jmp 2b
13: movl $0, (%esp)
    jmp 3b
14: movl $0, (%esp)
    jmp 4b
15: pushl $0
    pushl $do_bad_iret
    jmp error_entry
    extable 1b, 11b
    extable 2b, 12b
    extable 3b, 13b
    extable 4b, 14b
    extable 5b, 15b
    extable 6b, 15b
    .size return_from_exception, . - return_from_exception

    /*
     * The first code of a new task, on its own stack: EBX is the function of a kernel thread (ESI its argument) or 0.
     * Below lies the pt_regs of the user context, which a kernel thread fills when it execs.
     */
    .globl ret_from_fork
    .type ret_from_fork, @function
ret_from_fork:
    call schedule_tail
    testl %ebx, %ebx
    jz return_to_user
    pushl %esi
    call *%ebx
    addl $4, %esp
    call thread_returned /* comes back only to one that has exec'd */
    jmp return_to_user
    .size ret_from_fork, . - ret_from_fork

    /* void switch_stacks(u32 *save_sp, u32 load_sp) */
    .globl switch_stacks
    .type switch_stacks, @function
switch_stacks:
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movl %esp, (%eax)
    movl %edx, %esp
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret
    .size switch_stacks, . - switch_stacks

/* ---- exceptions (Intel SDM volume 3, table 6-1) ---- */

    .macro exception number, handler, has_error=0
    .type exception_\number, @function
exception_\number:
    .if !\has_error
    pushl $0
    .endif
    pushl $\handler
    jmp error_entry
    .size exception_\number, . - exception_\number
    .pushsection .rodata
    .long exception_\number
    .popsection
    .endm

    .section .rodata
    .globl exception_entries
    .align 4
exception_entries:
    .text
    exception 0, do_divide_error
    exception 1, do_debug
    exception 2, do_nmi
    exception 3, do_int3
    exception 4, do_overflow
    exception 5, do_bounds
    exception 6, do_invalid_op
    exception 7, do_device_not_available
    exception 8, do_double_fault, 1
    exception 9, do_coprocessor_segment_overrun
    exception 10, do_invalid_tss, 1
    exception 11, do_segment_not_present, 1
    exception 12, do_stack_segment, 1
    exception 13, do_general_protection, 1
    exception 14, do_page_fault, 1
    exception 15, do_reserved_exception
    exception 16, do_coprocessor_error
    exception 17, do_alignment_check, 1
    exception 18, do_machine_check
    exception 19, do_simd_error

/* ---- interrupt lines ---- */

    .macro interrupt line
    .type interrupt_\line, @function
interrupt_\line:
    pushl $\line - 256
    jmp common_interrupt
    .size interrupt_\line, . - interrupt_\line
    .pushsection .rodata
    .long interrupt_\line
    .popsection
    .endm

    .section .rodata
    .globl interrupt_entries
    .align 4
interrupt_entries:
    .text
    .irp line, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    interrupt \line
    .endr

    .section .note.GNU-stack, "", @progbits
