/*
 * msync: changes made through shared mappings reach the file. D in the entries is passed on to the pages: with MS_ASYNC
 * writeback finds them by and by; MS_SYNC waits for the file's own synchronisation.
 */
#include "mm/internal.h"

/* Entries of [start, end) hand their D over; it is cleared in them, so that the next write is noticed. */
static void sync_entries(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
    bool changed = false;

    for (unsigned long at = start; at < end; at += PAGE_SIZE) {
        pte_t *ptep = walk_to_pte(vma->vm_mm, at), pte;
        struct page *page;

        if (!ptep || !pte_present(*ptep) || !pte_dirty(*ptep))
            continue;
        page = vm_normal_page(vma, *ptep);
        if (!page)
            continue;
        pte = ptep_get_and_clear(ptep);
        set_page_dirty(page);
        set_pte(ptep, pte_wrprotect(pte_mkclean(pte)));
        changed = true;
    }
    if (changed)
        flush_tlb_mm(vma->vm_mm);
}

/* mmap_sem is held for reading, and let go while the file works. 0 or -errno. */
static int sync_vma(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start, unsigned long end, int flags)
{
    struct file *file = vma->vm_file;
    int error = 0;

    if ((flags & MS_INVALIDATE) && (vma->vm_flags & VM_LOCKED))
        return -EBUSY;
    if (!(flags & (MS_SYNC | MS_ASYNC)) || !file || !(vma->vm_flags & VM_SHARED))
        return 0;
    sync_entries(vma, start, end);
    if (flags & MS_ASYNC)
        return 0;
    get_file(file);
    up_read(&mm->mmap_sem);
    if (file->f_op->fsync)
        error = file->f_op->fsync(file);
    fput(file);
    down_read(&mm->mmap_sem);
    return error;
}

static int msync_range(struct mm_struct *mm, unsigned long start, unsigned long end, int flags)
{
    int unmapped = 0;

    while (start < end) {
        struct vm_area_struct *vma = find_vma(mm, start);
        unsigned long next;
        int error;

        if (!vma || vma->vm_start >= end)
            return -ENOMEM;
        if (vma->vm_start > start) {
            unmapped = -ENOMEM;
            start = vma->vm_start;
        }
        next = min_t(unsigned long, vma->vm_end, end);
        error = sync_vma(mm, vma, start, next, flags);
        if (error)
            return error;
        start = next;
    }
    return unmapped;
}

long sys_msync(unsigned long start, unsigned long len, int flags)
{
    struct mm_struct *mm = current_mm();
    unsigned long end = start + PAGE_ALIGN(len);
    long result;

    if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (start & ~PAGE_MASK) ||
        (flags & MS_ASYNC && flags & MS_SYNC))
        return -EINVAL;
    if (end < start)
        return -ENOMEM;
    if (end == start)
        return 0;
    down_read(&mm->mmap_sem);
    result = msync_range(mm, start, end, flags);
    up_read(&mm->mmap_sem);
    return result;
}
