/*
 * Multiboot 1 entry (Multiboot Specification 0.6.96, section 3): protected mode, flat segments, paging off, EAX the
 * loader's mark, EBX the physical address of its information.
 *
 * The first page tables are one directory of 4 MiB pages: physical [0, 896 MiB) at PAGE_OFFSET, whether there is RAM
 * or not, and for the one jump to high addresses also physical [0, 8 MiB) at 0. paging_init() replaces
 * the entries of the direct map by the real ones.
 */
#define PAGE_OFFSET 0xC0000000
#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x00000003 /* modules on page boundaries; memory map wanted */
#define LOWMEM_ENTRIES 224         /* 896 MiB / 4 MiB */
#define PDE_FLAGS 0xE3             /* present, writable, accessed, dirty, 4 MiB */
#define CR4_PSE 0x10
#define CR0_BITS 0x80010033        /* PG, WP, NE, ET, MP, PE; EM and TS clear */
#define THREAD_SIZE 8192

    .section .multiboot, "a"
    .align 4
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .text
    .globl _start
    .type _start, @function
_start:
    cli
    cld
    movl %eax, %esi
    movl %ebx, %ebp

    movl $(swapper_pg_dir - PAGE_OFFSET), %edi
    movl $PDE_FLAGS, %eax
    movl %eax, (%edi)
    leal 0x400000(%eax), %edx
    movl %edx, 4(%edi)
    addl $(PAGE_OFFSET >> 22) * 4, %edi
    movl $LOWMEM_ENTRIES, %ecx
1:  movl %eax, (%edi)
    addl $4, %edi
    addl $0x400000, %eax
    loop 1b

    movl %cr4, %eax
    orl $CR4_PSE, %eax
    movl %eax, %cr4
    movl $(swapper_pg_dir - PAGE_OFFSET), %eax
    movl %eax, %cr3
    movl $CR0_BITS, %eax
    movl %eax, %cr0
    movl $2f, %eax
    jmp *%eax
2:
    lgdt gdt_pointer
    ljmp $0x60, $3f
3:  movl $0x68, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs

    movl $(init_stack + THREAD_SIZE), %esp
    movl %eax, swapper_pg_dir
    movl %eax, swapper_pg_dir + 4
    movl %cr3, %eax
    movl %eax, %cr3

    movl %ebp, %ebx
    xorl %ebp, %ebp /* the end of every stack trace */
    pushl %ebx
    pushl %esi
    call start_kernel
4:  hlt
    jmp 4b
    .size _start, . - _start

    .bss
    .globl swapper_pg_dir
    .type swapper_pg_dir, @object
    .align 4096
swapper_pg_dir:
    .skip 4096
    .size swapper_pg_dir, 4096

    .globl init_stack
    .type init_stack, @object
    .align THREAD_SIZE
init_stack:
    .skip THREAD_SIZE
    .size init_stack, THREAD_SIZE

    .section .note.GNU-stack, "", @progbits
