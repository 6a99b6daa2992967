/*
 * The allocator of the time before the zones: one bit a frame of low memory, 1 = taken. Addresses are physical,
 * bytes, half-open ranges.
 */
#ifndef _MM_BOOTMEM_H
#define _MM_BOOTMEM_H

#include "lib/types.h"

typedef struct bootmem_data {
    unsigned long node_boot_start; /* physical address of bit 0 */
    unsigned long node_low_pfn;    /* first frame after the last bit */
    u32 *node_bootmem_map;         /* NULL once the frames belong to the buddy system */
    unsigned long last_pos;        /* frame of the last allocation smaller than a page, and where it ends in it */
    unsigned long last_offset;
} bootmem_data_t;

extern bootmem_data_t contig_bootmem_data;

/* Bytes that the bitmap for frames [0, pages) takes. */
unsigned long bootmem_bitmap_bytes(unsigned long pages);
/* All of [0, pages) taken; the bitmap itself lies at map_pfn (the caller reserves it). */
void init_bootmem(unsigned long map_pfn, unsigned long pages);
void free_bootmem(unsigned long start, unsigned long size);    /* shrinks inwards to whole frames */
void reserve_bootmem(unsigned long start, unsigned long size); /* grows outwards to whole frames */
/* align: a power of two; goal: lowest address wanted, tried first. NULL when there is none. */
void *__alloc_bootmem(unsigned long size, unsigned long align, unsigned long goal);
/* Every free frame to the buddy system, then those of the bitmap. Returns the number of frames given. */
unsigned long free_all_bootmem(void);

#endif
