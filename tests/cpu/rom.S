/* The ROM of the CPU tests; see guest.h. Assembled as data of the test program. */
    .section .rodata
    .globl guest_rom, guest_rom_end, guest_handler, guest_handler_end

    .code16
guest_rom:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    movw $0x7000, %sp
    movw %ax, %ss
    cmpl $0, 0x514 /* nonzero: stay in real mode, at 2000:0 */
    je 1f
    ljmp $0x2000, $0
1:  lgdtl %cs:(gdtr - guest_rom)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x08, $(protected - guest_rom + 0xf0000)
gdtr:
    .word 0x5f
    .long 0x800
idtr:
    .word 0x7ff
    .long 0x1000

    .code32
protected:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $0x8000, %esp
    movw $0x28, %ax
    ltr %ax
    lidt (idtr - guest_rom + 0xf0000)
    movl 0x504, %eax
    movl %eax, %cr4
    movl 0x500, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl 0x50c, %eax
    movl %eax, %cr0
    jmp 1f
1:  cmpl $0, 0x508
    jne ring3
    pushl 0x510
    popfl
    movl $0x20000, %eax
    jmp *%eax
ring3:
    pushl $0x23
    pushl $0x9000
    pushl 0x510
    pushl $0x1b
    pushl $0x20000
    movl $0x23, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    iretl
guest_rom_end:

/* Every vector's handler: stops the machine with the frame on the stack. */
guest_handler:
    outb %al, $0xf4
1:  hlt
    jmp 1b
guest_handler_end:
    .section .note.GNU-stack, "", @progbits
