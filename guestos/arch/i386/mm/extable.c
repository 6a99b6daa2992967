/*
 * The exception table: for each kernel instruction that may touch a bad user address, where to go on when it does.
 * The linker gathers the entries of all files in section __ex_table; it brings the two symbols for a section whose name
 * is a C identifier. There are few entries, and faults that need them are rare: a linear search does.
 */
#include "mm/internal.h"

extern const struct exception_table_entry __start___ex_table[], __stop___ex_table[];

u32 search_exception_table(u32 ip)
{
    for (const struct exception_table_entry *entry = __start___ex_table; entry < __stop___ex_table; entry++)
        if (entry->insn == ip)
            return entry->fixup;
    return 0;
}
