/*
 * Memory that is contiguous in the kernel's addresses only: [VMALLOC_START, VMALLOC_END), a guard page behind each
 * area. Entries are made in init_mm's tables alone; the page directories of processes get theirs when they fault there
 * (arch/i386/mm/fault.c: vmalloc_fault). mm/vmalloc.c
 */
#ifndef _MM_VMALLOC_H
#define _MM_VMALLOC_H

#include "mm/mm.h"

#define VM_IOREMAP 1u
#define VM_ALLOC 2u
#define VM_MAP 4u

struct vm_struct {
    struct vm_struct *next; /* by address */
    void *addr;
    unsigned long size; /* bytes, the guard page included */
    u32 flags;          /* VM_IOREMAP, VM_ALLOC, VM_MAP */
    struct page **pages;
    unsigned nr_pages;
    unsigned long phys_addr;
    const void *caller;
};
extern struct vm_struct *vmlist;

void *vmalloc(unsigned long size); /* NULL on failure; may use high memory */
void *vzalloc(unsigned long size);
void *vmalloc_for(unsigned long size, gfp_t gfp, const void *caller); /* caller: who /proc/vmallocinfo names */
void vfree(const void *addr);                                         /* NULL is allowed; never from an interrupt */
void *vmap(struct page **pages, unsigned count);
void vunmap(const void *addr);
struct page *vmalloc_to_page(const void *addr);        /* NULL: nothing there */
void *ioremap(unsigned long phys, unsigned long size); /* uncached; any alignment */
void iounmap(volatile void *addr);
bool is_vmalloc_addr(const void *addr);

struct vmalloc_info {
    unsigned long used, largest_chunk; /* bytes: of all areas; of the largest hole */
};
void get_vmalloc_info(struct vmalloc_info *info);
int proc_vmallocinfo(char *buf, int size);
void check_vmalloc(void); /* areas in order, apart, mapped to their pages; no entry outside of them */

/* mm/util.c: up to a page from the slab, more by vmalloc. NULL on failure. May sleep. */
void *kvmalloc(size_t size);
void *kvzalloc(size_t size);
void kvfree(const void *object); /* NULL is allowed */

#endif
