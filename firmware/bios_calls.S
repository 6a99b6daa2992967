/*
 * Real-mode services: INT 10h teletype (to the serial port) and INT 15h memory sizes.
 *
 * They run in the caller's environment with any stack, so they use only what they save, and read struct ebda
 * through a segment of its own. The carry flag goes back in the FLAGS image that iret pops.
 */
#include "memory.h"

#define SERIAL 0x3F8
#define SMAP 0x534D4150

    .section .text16, "ax"
    .code16

    .globl ignore_entry
ignore_entry:
    iret

    .globl int10_entry
int10_entry:
    cmpb $0x0E, %ah
    jne ignore_entry
    pushw %ax
    pushw %dx
    movb %al, %ah
    movw $(SERIAL + 5), %dx
1:  inb %dx, %al
    testb $0x20, %al /* holding register empty */
    jz 1b
    movb %ah, %al
    movw $SERIAL, %dx
    outb %al, %dx
    popw %dx
    popw %ax
    iret

    .globl int15_entry
int15_entry:
    cmpw $0xE820, %ax
    je e820
    cmpw $0xE801, %ax
    je e801
    cmpb $0x88, %ah
    je size_88
    movb $0x86, %ah /* function not supported */
return_carry:
    pushw %bp
    movw %sp, %bp
    orb $1, 6(%bp)
    popw %bp
    iret
return_no_carry:
    pushw %bp
    movw %sp, %bp
    andb $0xFE, 6(%bp)
    popw %bp
    iret

/* EBX entry number (0 first), ECX room, EDX 'SMAP', ES:DI buffer -> EAX 'SMAP', EBX next or 0, ECX 20 */
e820:
    cmpl $SMAP, %edx
    jne e820_refused
    cmpl $MEMORY_ENTRY_BYTES, %ecx
    jb e820_refused
    pushw %ds
    pushw $EBDA_SEGMENT
    popw %ds
    cmpl %ds:EBDA_COUNT, %ebx
    jae e820_past_end
    pushw %si
    pushw %di
    imulw $MEMORY_ENTRY_BYTES, %bx, %si
    addw $EBDA_ENTRIES, %si
    movw $(MEMORY_ENTRY_BYTES / 2), %cx
    cld
    rep movsw
    popw %di
    popw %si
    incl %ebx
    cmpl %ds:EBDA_COUNT, %ebx
    jb 1f
    xorl %ebx, %ebx
1:  popw %ds
    movl $SMAP, %eax
    movl $MEMORY_ENTRY_BYTES, %ecx
    jmp return_no_carry
e820_past_end:
    popw %ds
e820_refused:
    movb $0x86, %ah
    jmp return_carry

/* AX, CX: KiB from 1 to 16 MiB; BX, DX: 64 KiB blocks above 16 MiB */
e801:
    pushw %ds
    pushw $EBDA_SEGMENT
    popw %ds
    movw %ds:EBDA_E801_LOW, %ax
    movw %ds:EBDA_E801_HIGH, %bx
    popw %ds
    movw %ax, %cx
    movw %bx, %dx
    jmp return_no_carry

/* AX: KiB above 1 MiB, 65535 at most */
size_88:
    pushw %ds
    pushw $EBDA_SEGMENT
    popw %ds
    movw %ds:EBDA_KIB_88, %ax
    popw %ds
    jmp return_no_carry

    .section .note.GNU-stack, "", @progbits
