/*
 * Guest code for the CPU tests, loaded at 0x20000 (guest.h). Assembled as data of the test program.
 * "outb %al, $0xf4" stops the machine; "outl %eax, $0xe0" logs.
 */
    .macro snippet name
    .globl snippet_\name
snippet_\name:
    .endm
    .macro ends name
    .globl snippet_\name\()_end
snippet_\name\()_end:
    .endm
    .macro stop
    outb %al, $0xf4
9:  hlt
    jmp 9b
    .endm

    .section .rodata
    .code32

/* One exception each. The faulting instruction is the last before the end. */
    snippet divide
    xorl %ecx, %ecx
    divl %ecx
    ends divide
    snippet breakpoint
    nop
    int3
    ends breakpoint
    snippet overflow
    movl $0x7fffffff, %eax
    addl $1, %eax
    into
    ends overflow
    snippet bound
    movl $9, %eax
    movl $0x7800, %ebx
    movl $1, (%ebx)
    movl $5, 4(%ebx)
    .byte 0x62, 0x03           /* bound eax, [ebx] */
    ends bound
    snippet invalid
    ud2
    ends invalid
    snippet icebp
    nop
    .byte 0xf1
    nop
    stop
    ends icebp
    snippet icebp_first
    .byte 0xf1
    stop
    ends icebp_first
    snippet no_fpu
    fld1
    ends no_fpu
    snippet bad_selector
    movl $0x1238, %eax
    movw %ax, %ds
    ends bad_selector
    snippet not_present
    movl $0x58, %eax /* the test puts a not-present data descriptor there */
    movw %ax, %ds
    ends not_present
    snippet bad_stack
    movl $0x58, %eax
    movw %ax, %ss
    ends bad_stack
    snippet privileged
    hlt
    ends privileged
/* Port access in the middle of a block. */
    snippet port_out
    movl $0x1234, %eax
    outl %eax, $0xe0
    movl $0x5678, %eax
    outl %eax, $0xe0
    outb %al, $0xf4
9:  jmp 9b                     /* HLT is for ring 0 */
    ends port_out
    snippet port_in
    movl $0xe1, %edx
    movl $0x7777, %eax
    inb %dx, %al
    outb %al, $0xf4
9:  jmp 9b                     /* HLT is for ring 0 */
    ends port_in
    snippet port_ins
    movl $0x7e00, %edi
    movl $0xe1, %edx
    xorl %ecx, %ecx
    rep insl                   /* nothing is accessed */
    incl %ecx
    rep insl
    outb %al, $0xf4
9:  jmp 9b                     /* HLT is for ring 0 */
    ends port_ins
    snippet port_v86
    pushl $0                   /* GS FS DS ES */
    pushl $0
    pushl $0
    pushl $0
    pushl $0x800               /* SS ESP */
    pushl $0x900
    pushl $0x23002             /* VM, IOPL 3 */
    pushl $0x2000
    pushl $(1f - snippet_port_v86)
    iretl
    .code16
1:  nop
    outl %eax, $0xe0
    .code32
    stop
    ends port_v86
    .macro log_edx_eax
    outl %eax, $0xe0
    movl %edx, %eax
    outl %eax, $0xe0
    .endm
    snippet apic_base
    movl $0x1b, %ecx
    rdmsr
    log_edx_eax
    movl $0x12345800, %eax
    movl $5, %edx
    wrmsr
    pushl $0x1b                /* the number comes from memory */
    popl %ecx
    rdmsr
    log_edx_eax
    movl $0x174, %ecx          /* another one, which is the engine's */
    movl $0x0108, %eax
    xorl %edx, %edx
    wrmsr
    xorl %eax, %eax
    rdmsr
    log_edx_eax
    movl $1, %eax
    cpuid
    andl $0x200, %edx
    log_edx_eax
    movl $0x1b, %ecx
    movl $0xfee00000, %eax     /* off */
    xorl %edx, %edx
    wrmsr
    movl $1, %eax
    cpuid
    andl $0x200, %edx
    log_edx_eax
    stop
    ends apic_base
    snippet rdmsr_ring3
    movl $0x1b, %ecx
    rdmsr
9:  jmp 9b
    ends rdmsr_ring3
    snippet nmi
    outl %eax, $0xe3
    jmp 1f
1:  jmp 2f
2:  stop
    ends nmi
    snippet read_cr0
    movl %cr0, %eax
    ends read_cr0
    snippet int_80
    int $0x80
    ends int_80
    snippet int_21
    int $0x21
    ends int_21
    snippet single_step
    pushfl
    orl $0x100, (%esp)
    popfl
    nop
    nop
    stop
    ends single_step

/* Ring 3 runs on, for interrupts and time. */
    snippet spin
1:  incl %eax
    jmp 1b
    ends spin

    snippet count_blocks
    movl $100, %ecx
1:  decl %ecx
    jnz 1b
    stop
    ends count_blocks

/* Straight code, loops, stack, strings and flags in one: for free run against stepping. */
    snippet mixture
    movl $0x40000, %edi
    movl $0x40100, %esi
    movl $40, %ebp
1:  movl $16, %ecx
    rep movsl
    movl $7, %ecx
    xorl %eax, %eax
    rep stosl
    pushfl
    popl %eax
    outl %eax, $0xe0
    movl %ebp, %eax
    imull $77, %eax
    andl $0x8d5, %eax          /* arithmetic flags only */
    orl $0x200, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    andl $0xcff, %eax
    outl %eax, $0xe0
    cld
    sti
    call 2f
    movl $0x40000, %edi
    movl $0x40000, %esi
    movl $9, %ecx
    repe cmpsl
    rdtsc
    outl %eax, $0xe0
    movl $0x40200, %edi
    movl $0, %eax
    movl $100, %ecx
    repne scasl
    testl $3, %ebp
    jnz 3f
    int $0x30
3:  inl $0xe1, %eax
    outl %eax, $0xe0
    movl $0x40000, %edi
    movl $0x40100, %esi
    decl %ebp
    jnz 1b
    cli
    stop
2:  pushal
    enter $16, $0
    leave
    popal
    lahf
    ret
    ends mixture

/* A handler that counts in memory and returns. */
    snippet return_handler
    incl 0x7f00
    iretl
    ends return_handler

/* A page-fault handler that logs CR2 and the error code, maps the page and returns. */
    snippet map_handler
    pushl %eax
    pushl %ebx
    movl %cr2, %eax
    outl %eax, $0xe0
    movl 8(%esp), %eax
    outl %eax, $0xe0
    movl %cr2, %ebx
    shrl $12, %ebx
    movl %cr2, %eax
    andl $0xfffff000, %eax
    orl $7, %eax
    movl %eax, 0x31000(,%ebx,4)
    invlpg (%eax)
    popl %ebx
    popl %eax
    addl $4, %esp
    iretl
    ends map_handler

/* Code that rewrites code. 0x50000 is also mapped at 0x60000 by the test. */
    snippet alias_store
    movl $0x50000, %edi
    movb $0xb8, (%edi)         /* mov eax, imm32 ; ret */
    movl $1, 1(%edi)
    movb $0xc3, 5(%edi)
    movb $0xb8, 0x80(%edi)     /* a second function in the same frame */
    movl $11, 0x81(%edi)
    movb $0xc3, 0x85(%edi)
    movl $5, %ebp
1:  call *%edi
    outl %eax, $0xe0
    leal 0x80(%edi), %eax
    call *%eax
    outl %eax, $0xe0
    addl $1, 0x60001           /* through the alias */
    addl $1, 0x60081
    decl %ebp
    jnz 1b
    stop
    ends alias_store

/* Names a piece of code to cpu_set_call() and runs it 200 times with ECX from 200 down. */
    snippet tell
    movl $(0x20000 + 2f - snippet_tell), %eax
    outl %eax, $0xe5
    movl $200, %ebx
1:  movl %ebx, %ecx
    call 3f
    decl %ebx
    jnz 1b
    stop
3:  pushl %ebp
    movl %esp, %ebp
    jmp 2f
2:  leave
    ret
    ends tell

/* The next instruction is rewritten by the one before it, in the same block, on the same page. */
    snippet own_block
    movl $3, %ebp
1:  call 2f
2:  popl %ebx
    addl $(3f - 2b + 1), %ebx
    movl %ebp, (%ebx)
3:  movl $0x55555555, %eax
    outl %eax, $0xe0
    decl %ebp
    jnz 1b
    stop
    ends own_block

/* Runs what a device has put at 0x50000, asks for more by port 0xe3, runs again. */
    snippet device_code
    movl $3, %ebp
    movl $0x50000, %edi
1:  call *%edi
    outl %eax, $0xe0
    outl %eax, $0xe3
    decl %ebp
    jnz 1b
    stop
    ends device_code

/* STI holds interrupts off for one instruction, MOV SS too. */
    snippet shadow
    movl $0x20, %eax
    outl %eax, $0xe2           /* raises the line; interrupts are off */
    jmp 1f
1:  sti
    incl 0x7f04                /* runs before the interrupt */
    incl 0x7f08
    stop
    ends shadow
    snippet shadow_ss
    sti
    movl $0x10, %ebx
    movl $0x20, %eax
    outl %eax, $0xe2
    movw %bx, %ss
    incl 0x7f04
    stop
    ends shadow_ss

    snippet halt_then_log
    sti
    hlt
    movl 0x7f00, %eax
    outl %eax, $0xe0
    stop
    ends halt_then_log

    snippet string_io
    movl $0x40000, %edi
    movl $4, %ecx
    movw $0xe1, %dx
    rep insl
    movl $0x40000, %esi
    movl $4, %ecx
    movw $0xe0, %dx
    rep outsl
    stop
    ends string_io

    snippet wp_probe
    movl $1, 0x51000           /* read-only for the supervisor when WP is on */
    stop
    ends wp_probe

/* A and D bits of 0x52000's entry, seen by the guest. */
    snippet accessed_dirty
    movl 0x31148, %eax
    outl %eax, $0xe0
    movl 0x52000, %eax
    movl 0x31148, %eax
    outl %eax, $0xe0
    movl %eax, 0x52004
    movl 0x31148, %eax
    outl %eax, $0xe0
    andl $~0x60, 0x31148
    invlpg 0x52000
    movl 0x52000, %eax
    movl 0x31148, %eax
    outl %eax, $0xe0
    andl $~0x60, 0x31148
    movl %cr3, %eax
    movl %eax, %cr3
    movl %eax, 0x52000
    movl 0x31148, %eax
    outl %eax, $0xe0
    stop
    ends accessed_dirty

/* The entry of 0x53000 changes frames; a stale entry may live until INVLPG. */
    snippet remap
    movl 0x53000, %eax
    outl %eax, $0xe0
    movl $0x55007, 0x3114c
    invlpg 0x53000
    movl 0x53000, %eax
    outl %eax, $0xe0
    movl $0x56007, 0x3114c
    movl %cr3, %eax
    movl %eax, %cr3
    movl 0x53000, %eax
    outl %eax, $0xe0
    stop
    ends remap

    snippet identity
    xorl %eax, %eax
    cpuid
    outl %eax, $0xe0
    movl $1, %eax
    xorl %ecx, %ecx
    cpuid
    movl %ecx, %eax
    outl %eax, $0xe0
    .byte 0x0f, 0xc7, 0xf0     /* rdrand eax: must not exist */
    ends identity

    snippet sysenter_entry
    movl $0x174, %ecx
    movl $0x08, %eax
    xorl %edx, %edx
    wrmsr
    incl %ecx
    movl $0x7800, %eax
    wrmsr
    incl %ecx
    call 1f
1:  popl %eax
    addl $(2f - 1b), %eax
    wrmsr
    pushl $0x23
    pushl $0x9000
    pushl $0x202
    pushl $0x1b
    call 1f
1:  popl %eax
    addl $(3f - 1b), %eax
    pushl %eax
    iretl
3:  sysenter
    hlt
2:  movw %cs, %ax
    outl %eax, $0xe0
    movl %esp, %eax
    outl %eax, $0xe0
    stop
    ends sysenter_entry

/* Paging on while running in the ROM's identity map is the ROM's job; these build PAE. */
    snippet pae_reload
    movl $0x70000, %eax        /* PDPT, prepared by the test */
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    movl 0x40000000, %eax      /* second gigabyte: PDPTE 1 */
    outl %eax, $0xe0
    movl $0, 0x70008           /* the register still holds the old value */
    movl 0x40000000, %eax
    outl %eax, $0xe0
    movl %cr3, %eax
    movl %eax, %cr3
    movl 0x40000000, %eax      /* now it faults */
    ends pae_reload
    snippet pae_reserved
    movl $0x70000, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    orl $0x100, 0x70008        /* reserved bit in a present PDPTE */
    movl %cr3, %eax
    movl %eax, %cr3
    nop
    ends pae_reserved

/* Long mode: page tables at 0x70000 by the test; IDT at 0x74000, in 64-bit form. */
    snippet long_mode
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl $0x70000, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x101, %eax
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    ljmpl $0x30, $(1f - snippet_long_mode + 0x20000)
    .code64
1:  lidt 2f(%rip)
    movabsq $0x1122334455667788, %rax
    movq %rax, %r8
    shrq $32, %rax
    outl %eax, $0xe0
    pushq $0x23
    pushq $0x9000
    pushq $0x202
    pushq $0x3b
    leaq 3f(%rip), %rax
    pushq %rax
    iretq
2:  .word 0xfff
    .quad 0x74000
3:  movq $0x300000, %rbx
    movl $5, 8(%rbx)           /* not mapped: #PF from ring 3 */
    ends long_mode
    .code32

    .code16
    snippet real_mode
    movw %cs, %ax
    movw %ax, %ds
    movw $0, %ax
    movw %ax, %es
    movw $(1f - snippet_real_mode), %es:0x84
    movw %cs, %es:0x86
    movl $0x12345678, %eax
    outl %eax, $0xe0
    int $0x21
    pushw %bx
    popw %ax
    movzwl %ax, %eax
    outl %eax, $0xe0
    outb %al, $0xf4
2:  hlt
    jmp 2b
1:  movw $0xbeef, %bx
    iretw
    ends real_mode
    .code32

/* Into virtual-8086 mode at 2000:v86, which does INT 21h with IOPL 0: #GP to ring 0. */
    snippet v86
    pushl $0                   /* GS FS DS ES */
    pushl $0
    pushl $0x1234
    pushl $0
    pushl $0x800               /* SS ESP */
    pushl $0x900
    pushl $0x20002
    pushl $0x2000
    pushl $(1f - snippet_v86)
    iretl
    .code16
1:  nop
    int $0x21
    .code32
    ends v86

/* Long jump to nowhere and other ways to ruin the machine. */
    snippet bad_idt
    lidt 1f - snippet_bad_idt + 0x20000
    int $3
1:  .word 0x7ff
    .long 0xc0000000
    ends bad_idt
    snippet empty_idt
    lidt 1f - snippet_empty_idt + 0x20000
    ud2
1:  .word 0
    .long 0
    ends empty_idt
    snippet bad_gdt
    lgdt 1f - snippet_bad_gdt + 0x20000
    ljmpl $0x18, $0x20000
1:  .word 0xffff
    .long 0xfff00000
    ends bad_gdt
    snippet wild_stack
    movl $0xfffffffc, %esp
    int3
    ends wild_stack
    snippet jump_absent
    movl $0xe0000000, %eax
    jmp *%eax
    ends jump_absent
    snippet absent_memory
    movl 0xe0000000, %eax
    outl %eax, $0xe0
    movl $7, 0xe0000004
    lock xaddl %eax, 0xe0000008
    movl $9, 0xf0000           /* ROM */
    addl $9, 0xf0004
    lock xaddl %eax, 0xf0008
    movl 0xf0000, %eax
    outl %eax, $0xe0
    stop
    ends absent_memory
    snippet debug_registers
    call 1f
1:  popl %eax
    addl $(2f - 1b), %eax
    movl %eax, %dr0
    movl $0x2, %eax
    movl %eax, %dr7
    nop
2:  nop
    stop
    ends debug_registers
    snippet wide_addresses
    movl $0x7fffffff, %eax
    movl %eax, %cr3
    movl $0xffffffff, %eax
    movl %eax, %cr4
    movl %cr0, %eax
    orl $0xe0000000, %eax
    movl %eax, %cr0
    nop
    stop
    ends wide_addresses

    .section .note.GNU-stack, "", @progbits
