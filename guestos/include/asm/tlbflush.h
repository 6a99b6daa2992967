/*
 * What the processor remembers of page tables, and how it forgets (SDM volume 3, section 4.10).
 *
 * Rule kept by every caller: a present entry that loses a right, its frame, A or D is flushed before anything relies
 * on the change; an entry that was not present needs no flush, for the processor caches present entries only. An
 * address space that CR3 does not name needs none either: CR3 is loaded when it becomes active, which forgets all
 * (no entry is global). A page table is freed only after the directory entry that named it was cleared and flushed.
 */
#ifndef _ASM_TLBFLUSH_H
#define _ASM_TLBFLUSH_H

#include "lib/types.h"

/* The host's unit tests have no TLB: their shim counts the calls. */
#ifdef HOST_TEST
u32 read_cr2(void);
u32 read_cr3(void);
void load_cr3(u32 pgd_phys);
void invlpg(unsigned long address);
void enable_paging_features(void);
#else
static inline u32 read_cr2(void)
{
    u32 value;
    __asm__ volatile("movl %%cr2, %0" : "=r"(value));
    return value;
}
static inline u32 read_cr3(void)
{
    u32 value;
    __asm__ volatile("movl %%cr3, %0" : "=r"(value));
    return value;
}
static inline void load_cr3(u32 pgd_phys) { __asm__ volatile("movl %0, %%cr3" : : "r"(pgd_phys) : "memory"); }
static inline void invlpg(unsigned long address) { __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory"); }
/* CR4.PSE: 4 MiB pages (SDM volume 3, 4.3). CR0.WP: the kernel itself may not write where the user may not (4.6). */
static inline void enable_paging_features(void)
{
    u32 value;
    __asm__ volatile("movl %%cr4, %0; orl $0x10, %0; movl %0, %%cr4" : "=&r"(value) : : "memory");
    __asm__ volatile("movl %%cr0, %0; orl $0x10000, %0; movl %0, %%cr0" : "=&r"(value) : : "memory");
}
#endif

static inline void flush_tlb_all(void) { load_cr3(read_cr3()); }

#endif
