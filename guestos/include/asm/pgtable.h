/*
 * Page-table entries of i386 without PAE (Intel SDM volume 3, section 4.3), two levels; pud and pmd are folded
 * into the pgd. A pte that is not present holds zero (nothing) or a swap entry:
 *
 *   present:      [31:12 frame] [11:9 software] G PAT D A PCD PWT U W P
 *   swap entry:   [31:8 offset] [7 = 0] [6 = 0] [5:1 type] [0 = 0]      mm/swap.h; offset is never 0
 *   file page:    [31:8 page number >> 5] [7 = 0] [6 = 1] [5:1 low bits] [0 = 0]     nonlinear mappings only
 *   PROT_NONE:    present bit clear, _PAGE_PROTNONE set, frame kept
 */
#ifndef _ASM_PGTABLE_H
#define _ASM_PGTABLE_H

#include "asm/page.h"

typedef struct {
    u32 pte;
} pte_t;
typedef struct {
    u32 pgd;
} pgd_t;
typedef struct {
    pgd_t pgd;
} pud_t;
typedef struct {
    pud_t pud;
} pmd_t;
typedef struct {
    u32 pgprot;
} pgprot_t;

#define _PAGE_PRESENT 0x001u
#define _PAGE_RW 0x002u
#define _PAGE_USER 0x004u
#define _PAGE_PWT 0x008u
#define _PAGE_PCD 0x010u
#define _PAGE_ACCESSED 0x020u
#define _PAGE_DIRTY 0x040u
#define _PAGE_PSE 0x080u
#define _PAGE_GLOBAL 0x100u
#define _PAGE_PROTNONE 0x080u /* only meaningful when not present */
#define _PAGE_FILE 0x040u     /* only meaningful when not present: no swap entry has it */

#define PGDIR_SHIFT 22
#define PGDIR_SIZE (1UL << PGDIR_SHIFT)
#define PGDIR_MASK (~(PGDIR_SIZE - 1))
#define PTRS_PER_PGD 1024
#define PTRS_PER_PTE 1024
#define USER_PTRS_PER_PGD (TASK_SIZE / PGDIR_SIZE)

#define _PAGE_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _KERNPG_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PAGE_KERNEL ((pgprot_t){_PAGE_PRESENT | _PAGE_RW | _PAGE_DIRTY | _PAGE_ACCESSED})
#define PAGE_KERNEL_NOCACHE ((pgprot_t){PAGE_KERNEL.pgprot | _PAGE_PCD | _PAGE_PWT})
#define PAGE_NONE ((pgprot_t){_PAGE_PROTNONE | _PAGE_ACCESSED})
#define PAGE_READONLY ((pgprot_t){_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED})
#define PAGE_SHARED ((pgprot_t){_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED})

/* The kernel's own directory (boot.S makes it, setup_memory finishes it): the pattern for the kernel half of every
 * address space. */
extern pgd_t swapper_pg_dir[PTRS_PER_PGD];

#define PTE_PFN_MASK 0xFFFFF000u
/* What mprotect keeps of an entry: the frame and what the processor recorded. */
#define _PAGE_CHG_MASK (PTE_PFN_MASK | _PAGE_ACCESSED | _PAGE_DIRTY)

#define pgd_index(address) ((unsigned)((address) >> PGDIR_SHIFT))
#define pte_index(address) ((unsigned)(((address) >> PAGE_SHIFT) & (PTRS_PER_PTE - 1)))
#define pgd_offset(mm, address) ((mm)->pgd + pgd_index(address))
#define pgd_offset_k(address) (swapper_pg_dir + pgd_index(address))

/* Folded levels: a pud and a pmd are the pgd entry seen under another name. */
static inline pud_t *pud_offset(pgd_t *pgd, unsigned long address)
{
    (void)address;
    return (pud_t *)pgd;
}
static inline pmd_t *pmd_offset(pud_t *pud, unsigned long address)
{
    (void)address;
    return (pmd_t *)pud;
}
static inline u32 pmd_val(pmd_t pmd) { return pmd.pud.pgd.pgd; }
static inline void set_pmd(pmd_t *pmd, u32 value) { pmd->pud.pgd.pgd = value; }
static inline bool pmd_none(pmd_t pmd) { return pmd_val(pmd) == 0; }
static inline bool pmd_present(pmd_t pmd) { return pmd_val(pmd) & _PAGE_PRESENT; }
static inline pte_t *pmd_table(pmd_t pmd) { return (pte_t *)__va(pmd_val(pmd) & PTE_PFN_MASK); }
/* The entry for address in the table that a present pmd names. Tables are always in low memory. */
static inline pte_t *pte_offset(pmd_t *pmd, unsigned long address) { return pmd_table(*pmd) + pte_index(address); }

static inline bool pte_none(pte_t pte) { return pte.pte == 0; }
/* Names a frame: for the processor, or under PROT_NONE for us alone. */
static inline bool pte_present(pte_t pte) { return pte.pte & (_PAGE_PRESENT | _PAGE_PROTNONE); }
static inline bool pte_is_swap(pte_t pte) { return pte.pte && !(pte.pte & (_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_FILE)); }
static inline unsigned pte_swap_type(pte_t pte) { return pte.pte >> 1 & 31; }
static inline unsigned long pte_swap_offset(pte_t pte) { return pte.pte >> 8; }
static inline pte_t swap_pte(unsigned type, unsigned long offset) { return (pte_t){(u32)offset << 8 | type << 1}; }
/* The page of the file that a nonlinear mapping shows there: [31:8 high bits] [7 = 0] [6 = 1] [5:1 low bits] [0 = 0] */
#define PTE_FILE_BITS 29
static inline bool pte_is_file(pte_t pte)
{
    return (pte.pte & (_PAGE_PRESENT | _PAGE_PROTNONE | _PAGE_FILE)) == _PAGE_FILE;
}
static inline unsigned long pte_to_pgoff(pte_t pte) { return (pte.pte >> 1 & 31) | pte.pte >> 8 << 5; }
static inline pte_t pgoff_to_pte(unsigned long pgoff)
{
    return (pte_t){(u32)((pgoff & 31) << 1 | pgoff >> 5 << 8) | _PAGE_FILE};
}
static inline bool pte_write(pte_t pte) { return pte.pte & _PAGE_RW; }
static inline bool pte_dirty(pte_t pte) { return pte.pte & _PAGE_DIRTY; }
static inline bool pte_young(pte_t pte) { return pte.pte & _PAGE_ACCESSED; }
static inline unsigned long pte_pfn(pte_t pte) { return pte.pte >> PAGE_SHIFT; }
static inline pte_t pte_with(pte_t pte, u32 bits) { return (pte_t){pte.pte | bits}; }
static inline pte_t pte_without(pte_t pte, u32 bits) { return (pte_t){pte.pte & ~bits}; }
static inline pte_t pte_mkwrite(pte_t pte) { return pte_with(pte, _PAGE_RW); }
static inline pte_t pte_mkdirty(pte_t pte) { return pte_with(pte, _PAGE_DIRTY); }
static inline pte_t pte_mkyoung(pte_t pte) { return pte_with(pte, _PAGE_ACCESSED); }
static inline pte_t pte_wrprotect(pte_t pte) { return pte_without(pte, _PAGE_RW); }
static inline pte_t pte_mkclean(pte_t pte) { return pte_without(pte, _PAGE_DIRTY); }
static inline pte_t pte_mkold(pte_t pte) { return pte_without(pte, _PAGE_ACCESSED); }
static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
    return (pte_t){(pte.pte & _PAGE_CHG_MASK) | (prot.pgprot & ~_PAGE_CHG_MASK)};
}
static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
    return (pte_t){(u32)(pfn << PAGE_SHIFT) | prot.pgprot};
}

/* An entry is written whole, in one store, so that a walk never sees half of it. */
static inline void set_pte(pte_t *ptep, pte_t pte) { *(volatile u32 *)&ptep->pte = pte.pte; }
/*
 * Takes the entry away in one step: the processor may set A or D at any moment until it is gone, and those bits
 * must be in what the caller gets.
 */
static inline pte_t ptep_get_and_clear(pte_t *ptep)
{
    u32 old = 0;
    __asm__ volatile("xchgl %0, %1" : "+r"(old), "+m"(ptep->pte) : : "memory");
    return (pte_t){old};
}

#endif
