/*
 * Page directories and tables. Both are whole frames of low memory with PG_table set. A directory's kernel half is a
 * copy of swapper_pg_dir's; entries that appear there later (vmalloc) are fetched by the fault handler when needed.
 */
#include "mm/internal.h"

pgd_t *pgd_alloc(void)
{
    pgd_t *pgd = (pgd_t *)get_zeroed_page(GFP_KERNEL);

    if (!pgd)
        return NULL;
    SetPageTable(virt_to_page(pgd));
    memcpy(pgd + USER_PTRS_PER_PGD, swapper_pg_dir + USER_PTRS_PER_PGD,
           (PTRS_PER_PGD - USER_PTRS_PER_PGD) * sizeof(pgd_t));
    return pgd;
}

void pgd_free(pgd_t *pgd)
{
    ClearPageTable(virt_to_page(pgd));
    free_page((unsigned long)pgd);
}

struct page *pte_alloc_one(void)
{
    struct page *table = alloc_page(GFP_KERNEL | __GFP_REPEAT | __GFP_ZERO);

    if (!table)
        return NULL;
    SetPageTable(table);
    inc_zone_page_state(table, NR_PAGETABLE);
    return table;
}

void pte_free(struct page *table)
{
    dec_zone_page_state(table, NR_PAGETABLE);
    ClearPageTable(table);
    __free_pages(table, 0);
}

/* The entry of a fixmap or kmap address. The slot was empty or becomes empty: the caller flushes in the second case. */
void set_fixmap_pte(unsigned long address, pte_t pte)
{
    pte_t *ptep = pte_offset(pmd_offset(pud_offset(pgd_offset_k(address), address), address), address);

    VM_BUG_ON(!pte_none(pte) && !pte_none(*ptep));
    set_pte(ptep, pte);
}

void activate_mm(struct mm_struct *prev, struct mm_struct *next)
{
    if (prev != next)
        load_cr3((u32)__pa(next->pgd));
}
