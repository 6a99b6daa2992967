/* Addresses fixed at compile time at the top of the kernel's half, one page each, counted downwards from FIXADDR_TOP.
 */
#ifndef _ASM_FIXMAP_H
#define _ASM_FIXMAP_H

#include "mm/highmem.h"

enum fixed_addresses {
    FIX_HOLE, /* the page at FIXADDR_TOP stays unmapped: running off the end of memory faults */
    FIX_APIC_BASE,
    FIX_IO_APIC_BASE,
    FIX_KMAP_BEGIN,
    FIX_KMAP_END = FIX_KMAP_BEGIN + KM_TYPE_NR - 1,
    END_OF_FIXED_ADDRESSES
};

#define FIXADDR_START (FIXADDR_TOP - (unsigned long)(END_OF_FIXED_ADDRESSES - 1) * PAGE_SIZE)
#define fix_to_virt(index) (FIXADDR_TOP - ((unsigned long)(index) << PAGE_SHIFT))

#endif
