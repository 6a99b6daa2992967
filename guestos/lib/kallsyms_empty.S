/* The symbol table of the first link: none. */
    .section .kallsyms, "a"
    .globl kallsyms_count, kallsyms_addresses, kallsyms_offsets, kallsyms_names
kallsyms_count:
kallsyms_addresses:
kallsyms_offsets:
kallsyms_names:
    .long 0
    .section .note.GNU-stack, "", @progbits
