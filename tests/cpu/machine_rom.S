/*
 * A 16-bit ROM for the machine's tests. What it does is chosen by the byte at F000:8000.
 *   0: five PIT ticks with hlt between them, console, VGA, absent port and memory, exit with status 42
 *   1: cli; hlt   2: reset by port 0xCF9   3: triple fault   4: echo one console byte, then exit
 */
    .section .rodata
    .globl machine_rom, machine_rom_end
    .code16
machine_rom:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7000, %sp
    movb $0x31, %al
    outb %al, $0x80
    movb %cs:0x8000, %bl
    cmpb $1, %bl
    je dead
    cmpb $2, %bl
    je reset
    cmpb $3, %bl
    je triple
    cmpb $4, %bl
    je echo

    movb $0x11, %al            /* PICs: vectors 0x20 and 0x28 */
    outb %al, $0x20
    outb %al, $0xa0
    movb $0x20, %al
    outb %al, $0x21
    movb $0x28, %al
    outb %al, $0xa1
    movb $4, %al
    outb %al, $0x21
    movb $2, %al
    outb %al, $0xa1
    movb $1, %al
    outb %al, $0x21
    outb %al, $0xa1
    movb $0xfe, %al
    outb %al, $0x21
    movw $(tick - machine_rom), 0x80
    movw %cs, 0x82
    movb $0x34, %al            /* PIT: mode 2, 11932 ticks, 10 ms */
    outb %al, $0x43
    movb $0x9c, %al
    outb %al, $0x40
    movb $0x2e, %al
    outb %al, $0x40
    movw $0, 0x600
    movw $1000, %cx
1:  loop 1b
    sti
2:  hlt
    cmpw $5, 0x600
    jb 2b
    movw $0x1234, %dx
    inw %dx, %ax
    movw $0xb800, %ax
    movw %ax, %es
    movw $0x0741, %es:2
    movw $0xd000, %ax
    movw %ax, %es
    movb %es:0, %al
    movb $0, %es:1
    movw $0x3f8, %dx
    movb $'k', %al
    outb %al, %dx
    movb $'d', %al
    outb %al, $0xe9
    movb $42, %al
    outb %al, $0xf4
3:  hlt
    jmp 3b

tick:
    pushw %ax
    incw 0x600
    movb $0x20, %al
    outb %al, $0x20
    popw %ax
    iretw

dead:
    cli
    hlt
reset:
    movw $0xcf9, %dx
    movb $6, %al
    outb %al, %dx
    jmp dead
triple:
    lidtl %cs:(none - machine_rom)
    int3
none:
    .word 0
    .long 0
echo:
    movw $0x3fc, %dx           /* RTS: the other end may send */
    movb $3, %al
    outb %al, %dx
4:  movw $0x3fd, %dx
    inb %dx, %al
    testb $1, %al
    jz 4b
    movw $0x3f8, %dx
    inb %dx, %al
    outb %al, %dx
    outb %al, $0xf4
    jmp dead
machine_rom_end:
    .section .note.GNU-stack, "", @progbits
