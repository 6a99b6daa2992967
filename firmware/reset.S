/*
 * From the reset vector to C.
 *
 * The CPU starts at FFFF:FFF0 with CS's base 0xFFFF0000. The first far jump reloads CS and moves execution to
 * the copy of this ROM below 1 MiB; then A20 is opened, and flat 32-bit segments from a GDT in ROM are loaded.
 */
#include "memory.h"

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define CR0_PE 1
#define MULTIBOOT_BOOT_MAGIC 0x2BADB002

    .section .reset, "ax"
    .code16
    .globl reset
reset:
    ljmp $0xF000, $start16_offset

    .section .text16, "ax"
    .globl start16
start16:
    cli
    cld
    movb $0x01, %al
    outb %al, $0x80
    inb $0x92, %al /* A20 by port 92; bit 0 would reset the CPU */
    orb $0x02, %al
    andb $0xFE, %al
    outb %al, $0x92
    lgdtl %cs:gdt_pointer_offset
    movl %cr0, %eax
    orb $CR0_PE, %al
    movl %eax, %cr0
    ljmpl $SELECTOR_CODE, $start32

    .code32
start32:
    movw $SELECTOR_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $STACK_TOP, %esp
    movl $WORK_START, %edi
    movl $bss_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    rep stosl
    call firmware_main
1:  hlt
    jmp 1b

/* _Noreturn void enter_kernel(uint32_t entry, const struct multiboot_info *information) */
    .globl enter_kernel
enter_kernel:
    movl 4(%esp), %ecx
    movl 8(%esp), %ebx
    movl $MULTIBOOT_BOOT_MAGIC, %eax
    jmp *%ecx

    .balign 8
gdt:
    .quad 0
    .quad 0x00CF9B000000FFFF /* code: base 0, limit 4 GiB, 32-bit, readable, accessed */
    .quad 0x00CF93000000FFFF /* data: the same, writable, accessed */
    .globl gdt_pointer
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

    .section .note.GNU-stack, "", @progbits
