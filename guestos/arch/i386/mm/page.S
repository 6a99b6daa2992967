/*
 * Whole pages, zeroed and copied by the string instructions: the kernel's most frequent work. C calling convention,
 * cdecl; both addresses are page aligned; the direction flag is clear (the ABI and the entry code keep it so).
 */
        .text

/* void clear_page(void *page) */
        .globl  clear_page
        .type   clear_page, @function
clear_page:
        pushl   %edi
        movl    8(%esp), %edi
        movl    $1024, %ecx
        xorl    %eax, %eax
        rep stosl
        popl    %edi
        ret
        .size   clear_page, . - clear_page

/* void copy_page(void *to, const void *from) */
        .globl  copy_page
        .type   copy_page, @function
copy_page:
        pushl   %edi
        pushl   %esi
        movl    12(%esp), %edi
        movl    16(%esp), %esi
        movl    $1024, %ecx
        rep movsl
        popl    %esi
        popl    %edi
        ret
        .size   copy_page, . - copy_page

        .section .note.GNU-stack, "", @progbits
