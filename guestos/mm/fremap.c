/*
 * remap_file_pages: pages of a file in an order of the program's choice, in one VMA.
 *
 * A shared mapping becomes nonlinear (VM_NONLINEAR) with the first page that is not where the VMA's formula would put
 * it. From then on it is on the file's i_mmap_nonlinear, and each entry tells for itself:
 *
 *   empty         the page that the formula gives
 *   file page     that page (pte_is_file), not mapped at the moment
 *   present       page->index says which; whoever takes the entry away leaves the page's number when it is not the
 *                 formula's (leave_file_pte)
 */
#include "mm/internal.h"

void leave_file_pte(const struct vm_area_struct *vma, unsigned long address, pte_t *ptep, unsigned long index)
{
    if ((vma->vm_flags & VM_NONLINEAR) && index != linear_page_index(vma, address))
        set_pte(ptep, pgoff_to_pte(index));
}

static void make_nonlinear(struct vm_area_struct *vma)
{
    vma_index_remove(vma);
    vma->vm_flags |= VM_NONLINEAR;
    vma_index_insert(vma);
}

/* A table for each 4 MiB that is to hold numbers; false: no memory. */
static bool prepare_tables(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    for (unsigned long at = start & PGDIR_MASK; at < end; at += PGDIR_SIZE)
        if (pte_alloc(mm, pmd_offset(pud_offset(pgd_offset(mm, at), at), at)))
            return false;
    return true;
}

/* [start, end) lies in a shared mapping of a file, which may map any page. mmap_sem is held for writing. */
static int rearrange(struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long pgoff)
{
    if (!prepare_tables(vma->vm_mm, start, end))
        return -ENOMEM;
    if (!(vma->vm_flags & VM_NONLINEAR) && pgoff != linear_page_index(vma, start))
        make_nonlinear(vma);
    zap_page_range(vma, start, end);
    for (unsigned long at = start; at < end; at += PAGE_SIZE)
        leave_file_pte(vma, at, walk_to_pte(vma->vm_mm, at), pgoff + ((at - start) >> PAGE_SHIFT));
    return 0;
}

static int remap_locked(struct mm_struct *mm, unsigned long start, unsigned long size, unsigned long pgoff)
{
    struct vm_area_struct *vma = find_vma(mm, start);

    if (!vma || vma->vm_start > start || start + size > vma->vm_end)
        return -EINVAL;
    if (!(vma->vm_flags & VM_SHARED) || !vma->vm_file || (vma->vm_flags & VM_PFNMAP))
        return -EINVAL;
    return rearrange(vma, start, start + size, pgoff);
}

long sys_remap_file_pages(unsigned long start, unsigned long size, unsigned long prot, unsigned long pgoff,
                          unsigned long flags)
{
    struct mm_struct *mm = current_mm();
    int error;

    start &= PAGE_MASK;
    size &= PAGE_MASK;
    if (prot || start + size <= start)
        return -EINVAL;
    if (pgoff + (size >> PAGE_SHIFT) < pgoff || pgoff + (size >> PAGE_SHIFT) > 1ul << PTE_FILE_BITS)
        return -EINVAL;
    down_write(&mm->mmap_sem);
    error = remap_locked(mm, start, size, pgoff);
    up_write(&mm->mmap_sem);
    /* What cannot be had now comes, or fails, with the access. */
    if (!error && !(flags & MAP_NONBLOCK))
        make_pages_present(mm, start, start + size);
    return error;
}
