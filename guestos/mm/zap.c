/*
 * Taking mappings away.
 *
 * Order that must hold: clear the entry, make the processor forget it, then free what it named. So pages and tables
 * are gathered first; when the gather is full or the walk ends, one flush covers them all and they are freed. What the
 * processor recorded in an entry (A, D) is read by the same instruction that clears it and is passed on to the page.
 */
#include "mm/internal.h"
#include "mm/swap.h"

#define GATHER_PAGES 60

struct mmu_gather {
    struct mm_struct *mm;
    bool need_flush; /* a present entry was cleared since the last flush */
    unsigned nr;
    struct page *pages[GATHER_PAGES];
};

static void free_gathered(struct page *page)
{
    if (PageTable(page))
        pte_free(page);
    else if (unlikely(PageSwapCache(page)))
        free_page_and_swap_cache(page);
    else
        put_page(page);
}

static void gather_flush(struct mmu_gather *gather)
{
    if (gather->need_flush)
        flush_tlb_mm(gather->mm);
    gather->need_flush = false;
    for (unsigned i = 0; i < gather->nr; i++)
        free_gathered(gather->pages[i]);
    gather->nr = 0;
}

static void gather_page(struct mmu_gather *gather, struct page *page)
{
    gather->pages[gather->nr++] = page;
    if (gather->nr == GATHER_PAGES)
        gather_flush(gather);
}

/* The entry named page until now. */
static void forget_page(struct mmu_gather *gather, struct page *page, pte_t pte)
{
    if (PageAnon(page)) {
        gather->mm->anon_rss--;
    } else {
        if (pte_dirty(pte))
            set_page_dirty(page);
        if (pte_young(pte))
            mark_page_accessed(page);
        gather->mm->file_rss--;
    }
    page_remove_rmap(page);
    gather_page(gather, page);
}

/* An entry that names a page of its file or a slot of a swap area. */
static void zap_absent(struct mmu_gather *gather, pte_t pte)
{
    if (pte_is_file(pte))
        return;
    BUG_ON(!pte_is_swap(pte));
    gather->mm->swap_usage--;
    free_swap_and_cache(pte_to_swp_entry(pte));
}

static void zap_pte(struct mmu_gather *gather, const struct vm_area_struct *vma, pte_t *ptep)
{
    pte_t pte = ptep_get_and_clear(ptep);
    struct page *page;

    if (unlikely(!pte_present(pte))) {
        zap_absent(gather, pte);
        return;
    }
    gather->need_flush = true;
    page = vm_normal_page(vma, pte);
    if (page)
        forget_page(gather, page, pte);
}

/* The part of [start, end) in one table. */
static void zap_table(struct mmu_gather *gather, const struct vm_area_struct *vma, pte_t *table, unsigned long start,
                      unsigned long end)
{
    for (unsigned long address = start; address < end; address += PAGE_SIZE)
        if (!pte_none(table[pte_index(address)]))
            zap_pte(gather, vma, &table[pte_index(address)]);
}

/* The end of the 4 MiB that address lies in, or end when that comes first. */
static unsigned long table_end(unsigned long address, unsigned long end)
{
    unsigned long next = (address + PGDIR_SIZE) & PGDIR_MASK;

    return next - 1 < end - 1 ? next : end;
}

void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
    struct mmu_gather gather = {.mm = vma->vm_mm};
    unsigned long next;

    for (; start < end; start = next) {
        pmd_t *pmd = pmd_offset(pud_offset(pgd_offset(vma->vm_mm, start), start), start);

        next = table_end(start, end);
        if (!pmd_none(*pmd))
            zap_table(&gather, vma, pmd_table(*pmd), start, next);
    }
    gather_flush(&gather);
}

void zap_nonlinear_range(struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long first,
                         unsigned long last)
{
    struct mmu_gather gather = {.mm = vma->vm_mm};

    for (unsigned long at = start; at < end; at += PAGE_SIZE) {
        pte_t *ptep = walk_to_pte(vma->vm_mm, at);
        struct page *page = ptep && pte_present(*ptep) ? vm_normal_page(vma, *ptep) : NULL;
        unsigned long index = page ? page->index : 0;

        if (!ptep)
            at |= PGDIR_SIZE - PAGE_SIZE; /* the next step leaves this table */
        if (!page || index < first || index > last)
            continue;
        zap_pte(&gather, vma, ptep);
        leave_file_pte(vma, at, ptep, index);
    }
    gather_flush(&gather);
}

void free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long floor,
                   unsigned long ceiling)
{
    struct mmu_gather gather = {.mm = mm};

    for (unsigned long base = start & PGDIR_MASK; base < end; base += PGDIR_SIZE) {
        pmd_t *pmd = pmd_offset(pud_offset(pgd_offset(mm, base), base), base);
        u32 entry = pmd_val(*pmd);

        if (base < floor || base + PGDIR_SIZE > ceiling || pmd_none(*pmd))
            continue;
        set_pmd(pmd, 0);
        mm->nr_ptes--;
        gather.need_flush = true;
        gather_page(&gather, pfn_to_page(entry >> PAGE_SHIFT));
    }
    gather_flush(&gather);
}

/* [first, first + count) of the file, as addresses of vma; false: it maps nothing of that. */
static bool mapped_part(const struct vm_area_struct *vma, u32 first, u32 count, unsigned long *start,
                        unsigned long *end)
{
    u64 from = max_t(u64, first, vma->vm_pgoff);
    u64 to = min_t(u64, (u64)first + count, (u64)vma->vm_pgoff + vma_pages(vma));

    if (from >= to)
        return false;
    *start = vma->vm_start + ((unsigned long)(from - vma->vm_pgoff) << PAGE_SHIFT);
    *end = vma->vm_start + ((unsigned long)(to - vma->vm_pgoff) << PAGE_SHIFT);
    return true;
}

/* Truncation takes the pages out of every address space, private copies too: a later access is beyond the file's end.
 */
void unmap_mapping_range(struct address_space *mapping, u32 first_index, u32 page_count)
{
    unsigned long start, end, last_index = (unsigned long)min_t(u64, (u64)first_index + page_count - 1, ~0ul);
    struct vm_area_struct *vma;
    struct prio_tree_iter iter;

    if (!page_count)
        return;
    vma_prio_tree_foreach (vma, &iter, &mapping->i_mmap, first_index, last_index)
        if (mapped_part(vma, first_index, page_count, &start, &end))
            zap_page_range(vma, start, end);
    list_for_each_entry (vma, &mapping->i_mmap_nonlinear, shared.nonlinear)
        zap_nonlinear_range(vma, vma->vm_start, vma->vm_end, first_index, last_index);
}
