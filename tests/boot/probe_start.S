/*
 * Entry of the test kernel, and its way back to real mode for the BIOS calls.
 * It keeps what the boot loader left in the registers for probe.c to judge.
 */
#define STACK_BYTES 16384
#define REAL_MODE_CODE 0x8000 /* conventional memory where the 16-bit part is copied to */
#define SMAP 0x534D4150

    .section .multiboot, "a"
    .balign 4
    .long 0x1BADB002, 0x00000003, -(0x1BADB002 + 0x00000003)
    .skip 20 /* room for the address fields, which the tests fill in */

    .text
    .globl start
start:
    movl %esp, %edx
    movl $(stack + STACK_BYTES), %esp
    pushfl
    popl %ecx
    pushl %ecx
    pushl %ebx
    pushl %eax
    call probe_main
1:  hlt
    jmp 1b

/*
 * void call_bios(void): copies the 16-bit part low and runs it in real mode; it does not return.
 * It prints the E820 map, the sizes that E801 and 88h give, and one line by INT 10h, all on the serial port, and
 * leaves by the debug exit port.
 */
    .globl call_bios
call_bios:
    cli
    cld
    movl $real_mode_start, %esi
    movl $REAL_MODE_CODE, %edi
    movl $(real_mode_end - real_mode_start), %ecx
    rep movsb
    lgdt gdt_pointer
    ljmp $0x08, $REAL_MODE_CODE

gdt:
    .quad 0
    .quad 0x00009B000000FFFF /* 16-bit code, base 0 */
    .quad 0x000093000000FFFF /* 16-bit data, base 0 */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

    .code16
real_mode_start:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl %cr0, %eax
    andb $0xFE, %al
    movl %eax, %cr0
    ljmp $0, $(REAL_MODE_CODE + real_mode - real_mode_start)
real_mode:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $REAL_MODE_CODE, %sp
    lidtl %cs:(REAL_MODE_CODE + idt_pointer - real_mode_start)
    xorl %ebx, %ebx
next_entry:
    movl $0xE820, %eax
    movl $20, %ecx
    movl $SMAP, %edx
    movw $0x7000, %di
    int $0x15
    jc refused
    cmpl $SMAP, %eax
    jne refused
    movl 0x7004, %eax
    call put_hex
    movl 0x7000, %eax
    call put_hex
    movl 0x700C, %eax
    call put_hex
    movl 0x7008, %eax
    call put_hex
    movl 0x7010, %eax
    call put_hex
    call put_line
    testl %ebx, %ebx
    jnz next_entry

    movl $0xE820, %eax /* one entry past the end must be refused with carry */
    movl $1000, %ebx
    movl $20, %ecx
    movl $SMAP, %edx
    int $0x15
    jnc refused
    xorl %eax, %eax
    movw $0xE801, %ax
    int $0x15
    jc refused
    movzwl %ax, %eax
    call put_hex
    movzwl %bx, %eax
    call put_hex
    movb $0x88, %ah
    int $0x15
    jc refused
    movzwl %ax, %eax
    call put_hex
    movw $0xC000, %ax /* a service that is not there */
    int $0x15
    jnc refused
    call put_line
    movb $'d', %al
    jmp finish
refused:
    movb $'r', %al
finish:
    movb $0x0E, %ah
    int $0x10
    call put_line
    movl $0x10, %eax
    outl %eax, $0xF4
1:  hlt
    jmp 1b

put_hex: /* EAX as eight digits and a space; keeps EBX */
    movl %eax, %esi
    movw $8, %cx
1:  roll $4, %esi
    movw %si, %ax
    andb $15, %al
    addb $'0', %al
    cmpb $'9', %al
    jbe 2f
    addb $('a' - '0' - 10), %al
2:  movb $0x0E, %ah
    int $0x10
    loop 1b
    movw $(0x0E00 + ' '), %ax
    int $0x10
    ret

put_line:
    movw $(0x0E00 + '\n'), %ax
    int $0x10
    ret

idt_pointer:
    .word 0x3FF
    .long 0
real_mode_end:
    .code32

    .bss
    .balign 16
stack:
    .skip STACK_BYTES

    .section .note.GNU-stack, "", @progbits
