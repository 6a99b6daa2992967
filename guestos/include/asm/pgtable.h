/*
 * Page-table entries of i386 without PAE (Intel SDM volume 3, section 4.3), two levels; pud and pmd are folded
 * into the pgd. A pte that is not present holds zero (nothing) or a swap entry:
 *
 *   present:      [31:12 frame] [11:9 software] G PAT D A PCD PWT U W P
 *   swap entry:   [31:8 offset] [7 = 0] [6:1.. type] [0 = 0]      see swp_entry in mm/swap (bit 7 PROTNONE clear)
 *   PROT_NONE:    present bit clear, _PAGE_PROTNONE set, frame kept
 */
#ifndef _ASM_PGTABLE_H
#define _ASM_PGTABLE_H

#include "asm/page.h"

typedef struct { u32 pte; } pte_t;
typedef struct { u32 pgd; } pgd_t;
typedef struct { pgd_t pgd; } pud_t;
typedef struct { pud_t pud; } pmd_t;
typedef struct { u32 pgprot; } pgprot_t;

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

#define PGDIR_SHIFT 22
#define PGDIR_SIZE (1UL << PGDIR_SHIFT)
#define PGDIR_MASK (~(PGDIR_SIZE - 1))
#define PTRS_PER_PGD 1024
#define PTRS_PER_PTE 1024
#define USER_PTRS_PER_PGD (TASK_SIZE / PGDIR_SIZE)

#define _PAGE_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _KERNPG_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PAGE_KERNEL ((pgprot_t){_PAGE_PRESENT | _PAGE_RW | _PAGE_DIRTY | _PAGE_ACCESSED})

extern pgd_t swapper_pg_dir[PTRS_PER_PGD];

#endif
