/*
 * fork's copy of the page tables. Private writable memory is shared by both from now on: its entries become read-only
 * on both sides, and whoever writes first gets a copy (memory.c: do_wp_page). The child's entries start old.
 *
 * Tables of a file mapping without any private copy are not copied at all: a fault finds each page again in the page
 * cache, unless the entries alone say which page is where (nonlinear mappings). The same holds for anonymous memory that was only read. What is swapped out stays so: both name the slot.
 */
#include "mm/internal.h"
#include "mm/swap.h"

struct copy {
    struct mm_struct *to, *from;
    struct vm_area_struct *vma; /* the parent's */
    bool parent_changed;
};

static void copy_swap_pte(struct copy *copy, pte_t *to, pte_t pte)
{
    if (!swap_duplicate(pte_to_swp_entry(pte)))
        panic("fork: entry %08x names a slot that is not in use", pte.pte);
    copy->to->swap_usage++;
    set_pte(to, pte);
}

static void copy_one_pte(struct copy *copy, pte_t *to, pte_t *from)
{
    pte_t pte = *from;
    struct page *page;

    if (pte_is_swap(pte)) {
        copy_swap_pte(copy, to, pte);
        return;
    }
    if (pte_is_file(pte)) {
        set_pte(to, pte);
        return;
    }
    BUG_ON(!pte_present(pte));
    page = vm_normal_page(copy->vma, pte);
    if (is_cow_mapping(copy->vma->vm_flags) && pte_write(pte)) {
        pte = pte_wrprotect(pte);
        set_pte(from, pte);
        copy->parent_changed = true;
    }
    if (page) {
        get_page(page);
        page_dup_rmap(page);
        if (PageAnon(page))
            copy->to->anon_rss++;
        else
            copy->to->file_rss++;
    }
    if (copy->vma->vm_flags & VM_SHARED)
        pte = pte_wrprotect(pte_mkclean(pte)); /* D stays with the parent; the child's first write is seen again */
    set_pte(to, pte_mkold(pte));
}

static int copy_table(struct copy *copy, unsigned long start, unsigned long end)
{
    pte_t *from = walk_to_pte(copy->from, start);
    pmd_t *pmd = pmd_offset(pud_offset(pgd_offset(copy->to, start), start), start);

    if (!from)
        return 0;
    if (pte_alloc(copy->to, pmd))
        return -ENOMEM;
    for (pte_t *to = pte_offset(pmd, start); start < end; start += PAGE_SIZE, from++, to++)
        if (!pte_none(*from))
            copy_one_pte(copy, to, from);
    return 0;
}

int copy_page_range(struct mm_struct *to, struct mm_struct *from, struct vm_area_struct *vma)
{
    struct copy copy = {.to = to, .from = from, .vma = vma};
    int error = 0;

    if (!vma->anon_vma && !(vma->vm_flags & (VM_PFNMAP | VM_NONLINEAR)))
        return 0;
    for (unsigned long start = vma->vm_start, next; start < vma->vm_end && !error; start = next) {
        next = (start + PGDIR_SIZE) & PGDIR_MASK;
        if (next - 1 > vma->vm_end - 1)
            next = vma->vm_end;
        error = copy_table(&copy, start, next);
    }
    if (copy.parent_changed)
        flush_tlb_mm(from);
    return error;
}
