/*
 * Whole pages, zeroed and copied: the kernel's most frequent work. Long straight runs of stores: a loop's jump costs
 * more here than the instructions that it saves. C calling convention, cdecl; both addresses are page aligned.
 */
        .text

/* void clear_page(void *page) */
        .globl  clear_page
        .type   clear_page, @function
clear_page:
        movl    4(%esp), %edx
        leal    4096(%edx), %ecx
        xorl    %eax, %eax
1:
        .set    offset, 0
        .rept   128
        movl    %eax, offset(%edx)
        .set    offset, offset + 4
        .endr
        addl    $512, %edx
        cmpl    %ecx, %edx
        jne     1b
        ret
        .size   clear_page, . - clear_page

/* void copy_page(void *to, const void *from) */
        .globl  copy_page
        .type   copy_page, @function
copy_page:
        pushl   %esi
        pushl   %ebx
        movl    12(%esp), %edx
        movl    16(%esp), %esi
        leal    4096(%edx), %ecx
1:
        .set    offset, 0
        .rept   32
        movl    offset(%esi), %eax
        movl    offset + 4(%esi), %ebx
        movl    %eax, offset(%edx)
        movl    %ebx, offset + 4(%edx)
        .set    offset, offset + 8
        .endr
        addl    $256, %esi
        addl    $256, %edx
        cmpl    %ecx, %edx
        jne     1b
        popl    %ebx
        popl    %esi
        ret
        .size   copy_page, . - copy_page

        .section .note.GNU-stack, "", @progbits
