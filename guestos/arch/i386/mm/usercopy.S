/*
 * The only instructions of the kernel that touch user memory. Each has an entry in the exception table; the ranges
 * were checked against TASK_SIZE by the C side (usercopy.c). C calling convention, cdecl.
 */
        .text

        .macro  ex_table insn, fixup
        .pushsection __ex_table, "a"
        .balign 4
        .long   \insn, \fixup
        .popsection
        .endm

        .macro  function name
        .balign 16
        .globl  \name
        .type   \name, @function
\name:
        .endm

/* unsigned long __copy_user(void *to, const void *from, unsigned long n): bytes not copied */
        function __copy_user
        pushl   %edi
        pushl   %esi
        movl    12(%esp), %edi
        movl    16(%esp), %esi
        movl    20(%esp), %ecx
        movl    %ecx, %edx
        shrl    $2, %ecx
        andl    $3, %edx
        cld
.Lcopy_words:
        rep movsl
        movl    %edx, %ecx
.Lcopy_bytes:
        rep movsb
.Lcopy_done:
        movl    %ecx, %eax
        popl    %esi
        popl    %edi
        ret
/* A word failed: when it crossed no page border, no byte of it can be copied; else go on by bytes to the exact end. */
.Lcopy_word_fault:
        leal    (%edx,%ecx,4), %ecx
        movl    %esi, %eax
        orl     %edi, %eax
        testl   $3, %eax
        jz      .Lcopy_done
        jmp     .Lcopy_bytes
        ex_table .Lcopy_words, .Lcopy_word_fault
        ex_table .Lcopy_bytes, .Lcopy_done
        .size   __copy_user, . - __copy_user

/* unsigned long __clear_user(void *to, unsigned long n): bytes not cleared */
        function __clear_user
        pushl   %edi
        movl    8(%esp), %edi
        movl    12(%esp), %ecx
        movl    %ecx, %edx
        shrl    $2, %ecx
        andl    $3, %edx
        xorl    %eax, %eax
        cld
.Lclear_words:
        rep stosl
        movl    %edx, %ecx
.Lclear_bytes:
        rep stosb
.Lclear_done:
        movl    %ecx, %eax
        popl    %edi
        ret
.Lclear_word_fault:
        leal    (%edx,%ecx,4), %ecx
        testl   $3, %edi
        jz      .Lclear_done
        jmp     .Lclear_bytes
        ex_table .Lclear_words, .Lclear_word_fault
        ex_table .Lclear_bytes, .Lclear_done
        .size   __clear_user, . - __clear_user

/* long __strncpy_user(char *to, const char *from, long n): length without NUL, n without one, -14 (EFAULT) */
        function __strncpy_user
        pushl   %edi
        pushl   %esi
        movl    12(%esp), %edi
        movl    16(%esp), %esi
        movl    20(%esp), %ecx
        movl    %ecx, %edx
        testl   %ecx, %ecx
        jz      .Lstrncpy_end
.Lstrncpy_load:
        movb    (%esi), %al
        movb    %al, (%edi)
        testb   %al, %al
        jz      .Lstrncpy_end
        incl    %esi
        incl    %edi
        decl    %ecx
        jnz     .Lstrncpy_load
.Lstrncpy_end:
        movl    %edx, %eax
        subl    %ecx, %eax
.Lstrncpy_out:
        popl    %esi
        popl    %edi
        ret
.Lstrncpy_fault:
        movl    $-14, %eax
        jmp     .Lstrncpy_out
        ex_table .Lstrncpy_load, .Lstrncpy_fault
        .size   __strncpy_user, . - __strncpy_user

/* long __strnlen_user(const char *s, long n): length with the NUL, n + 1 without one, 0 on a bad address */
        function __strnlen_user
        movl    4(%esp), %edx
        movl    8(%esp), %ecx
        xorl    %eax, %eax
.Lstrnlen_next:
        incl    %eax
        cmpl    %ecx, %eax
        ja      .Lstrnlen_out
.Lstrnlen_load:
        cmpb    $0, -1(%edx,%eax)
        jnz     .Lstrnlen_next
.Lstrnlen_out:
        ret
.Lstrnlen_fault:
        xorl    %eax, %eax
        ret
        ex_table .Lstrnlen_load, .Lstrnlen_fault
        .size   __strnlen_user, . - __strnlen_user

/* int __get_user_u32(u32 *to, const void *from), int __put_user_u32(u32 value, void *to): 0 or -14 (EFAULT) */
        function __get_user_u32
        movl    8(%esp), %edx
.Lget_load:
        movl    (%edx), %ecx
        movl    4(%esp), %edx
        movl    %ecx, (%edx)
        xorl    %eax, %eax
        ret
        ex_table .Lget_load, .Lword_fault
        .size   __get_user_u32, . - __get_user_u32

        function __put_user_u32
        movl    4(%esp), %ecx
        movl    8(%esp), %edx
.Lput_store:
        movl    %ecx, (%edx)
        xorl    %eax, %eax
        ret
.Lword_fault:
        movl    $-14, %eax
        ret
        ex_table .Lput_store, .Lword_fault
        .size   __put_user_u32, . - __put_user_u32

        .section .note.GNU-stack, "", @progbits
