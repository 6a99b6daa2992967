/* The firmware's memory map, from the Multiboot information. Ranges [addr, addr + size), bytes, not sorted. */
#ifndef _ASM_E820_H
#define _ASM_E820_H

#include "lib/types.h"

#define E820_RAM 1
#define E820_RESERVED 2
#define E820_MAX 32

struct e820_entry {
    u64 addr, size;
    u32 type;
};

struct e820_map {
    u32 count;
    struct e820_entry map[E820_MAX];
};

extern struct e820_map e820; /* filled by arch/i386/kernel/setup.c before mm starts */

/* The initial RAM disk, physical [start, end); both 0 when there is none. Reserved in bootmem by mm. */
extern u32 initrd_start, initrd_end;
extern char _text[], _etext[], _edata[], _end[]; /* linker script; linear addresses */

#endif
