/*
 * Where things are in the kernel's linear address space (i386, 3:1 split):
 *
 *   00000000 .. BFFFFFFF  the process
 *   C0000000 .. +lowmem   direct map of physical [0, max_low_pfn): PSE pages, at most 896 MiB
 *   high_memory + 8 MiB .. VMALLOC_END   vmalloc area
 *   PKMAP_BASE  .. +4 MiB kmap window (one page table)
 *   FIXADDR_START .. FFFFF000 fixmaps: kmap_atomic slots and devices
 */
#ifndef _ASM_PAGE_H
#define _ASM_PAGE_H

#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(addr) (((addr) + PAGE_SIZE - 1) & PAGE_MASK)

#define PAGE_OFFSET 0xC0000000UL
#define TASK_SIZE PAGE_OFFSET
#define MAXMEM (896UL << 20)
#define VMALLOC_OFFSET (8UL << 20)
#define PKMAP_BASE 0xFF800000UL
#define FIXADDR_TOP 0xFFFFF000UL
#define LAST_PKMAP 1024 /* entries of the kmap window's table */
#ifndef VMALLOC_START /* host unit tests bring their own */
#define VMALLOC_START ((((unsigned long)high_memory) + 2 * VMALLOC_OFFSET - 1) & ~(VMALLOC_OFFSET - 1))
#endif
#define VMALLOC_END (PKMAP_BASE - 2 * PAGE_SIZE)

#ifndef __pa /* host unit tests bring their own */
#define __pa(x) ((unsigned long)(x)-PAGE_OFFSET)
#define __va(x) ((void *)((unsigned long)(x) + PAGE_OFFSET))
#endif
/* Page-aligned kernel addresses; arch/i386/mm/page.S. */
#ifdef HOST_TEST
#define clear_page(page) __builtin_memset((page), 0, PAGE_SIZE)
#define copy_page(to, from) __builtin_memcpy((to), (from), PAGE_SIZE)
#else
void clear_page(void *page);
void copy_page(void *to, const void *from);
#endif

#define virt_to_pfn(x) (__pa(x) >> PAGE_SHIFT)

#endif
