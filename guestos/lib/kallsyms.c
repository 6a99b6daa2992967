/*
 * Names of kernel addresses, for traces.
 *
 * The table is made by the build: the kernel is linked once with an empty table, tools/kallsyms.py reads the functions'
 * addresses out of that image, and the second link adds the table behind all text, so that no function moves. Addresses
 * ascend; names are one run of NUL-terminated strings with an offset for each.
 */
#include "kernel/init.h"
#include "lib/kernel.h"
#include "asm/e820.h"

extern const u32 kallsyms_count;
extern const u32 kallsyms_addresses[]; /* kallsyms_count + 1: the last is the end of text */
extern const u32 kallsyms_offsets[];
extern const char kallsyms_names[];

static u32 last_symbol_at_or_below(u32 address)
{
    u32 low = 0, high = kallsyms_count;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (kallsyms_addresses[middle] <= address)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int kallsyms_text(unsigned long address, char *buf, int size)
{
    if (!kallsyms_count || address < kallsyms_addresses[0] || address >= (unsigned long)_etext)
        return scnprintf(buf, (size_t)size, "0x%08lx", address);
    u32 i = last_symbol_at_or_below((u32)address);
    return scnprintf(buf, (size_t)size, "%s+0x%lx/0x%x", kallsyms_names + kallsyms_offsets[i],
                     address - kallsyms_addresses[i], kallsyms_addresses[i + 1] - kallsyms_addresses[i]);
}
