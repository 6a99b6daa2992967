/*
 * mprotect: other rights for a range. The VMAs get new flags; entries that are present get the new rights at once,
 * keeping frame, A and D. Rights that are only added need not be in the entries yet: a fault brings them (memory.c
 * never makes an entry writable before it is written through).
 */
#include "mm/internal.h"

static bool change_pte(pte_t *ptep, pgprot_t prot)
{
    pte_t old = *ptep, new;

    if (!pte_present(old))
        return false;
    /* Cleared while it is changed, so that no A or D that the processor sets meanwhile is lost (SDM 4.8). */
    old = ptep_get_and_clear(ptep);
    new = pte_modify(old, prot);
    set_pte(ptep, new);
    return new.pte != old.pte;
}

/* mprotect, as the name in Linux; [start, end) lies in vma. */
static void change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
    bool changed = false;

    for (unsigned long at = start; at < end; at += PAGE_SIZE) {
        pte_t *ptep = walk_to_pte(vma->vm_mm, at);

        if (ptep)
            changed |= change_pte(ptep, vma->vm_page_prot);
        else
            at |= PGDIR_SIZE - PAGE_SIZE; /* nothing in the rest of this table */
    }
    if (changed)
        flush_tlb_mm(vma->vm_mm);
}

/*
 * Memory that becomes private and writable is promised from now on; anonymous memory that stops being writable before
 * it was touched is not promised any more. The flags to set, or 0 with the promise refused.
 */
static unsigned long account_flags(const struct vm_area_struct *vma, unsigned long new_flags, unsigned long pages)
{
    const unsigned long settled = VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE;

    if (!(new_flags & VM_WRITE))
        return vma->vm_file || vma->anon_vma ? new_flags : new_flags & ~(unsigned long)VM_ACCOUNT;
    if (vma->vm_flags & settled)
        return new_flags;
    return security_vm_enough_memory(pages) ? 0 : new_flags | VM_ACCOUNT;
}

/* The same memory under other flags. vma is all of the range. */
static void set_vma_flags(struct vm_area_struct *vma, unsigned long new_flags)
{
    struct mm_struct *mm = vma->vm_mm;
    long pages = (long)vma_pages(vma);

    vm_stat_account(mm, vma->vm_flags, vma->vm_file, -pages);
    vma->vm_flags = new_flags;
    vma->vm_page_prot = vm_get_page_prot(new_flags);
    vm_stat_account(mm, new_flags, vma->vm_file, pages);
}

/* [start, end) lies in vma. */
static int mprotect_fixup(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start, unsigned long end,
                          unsigned long new_flags)
{
    unsigned long old_flags = vma->vm_flags, pages = (end - start) >> PAGE_SHIFT;

    if (new_flags == old_flags)
        return 0;
    new_flags = account_flags(vma, new_flags, pages);
    if (!new_flags)
        return -ENOMEM;
    if (isolate_range(mm, start, end)) {
        if (new_flags & ~old_flags & VM_ACCOUNT)
            vm_unacct_memory(pages);
        return -ENOMEM;
    }
    if (old_flags & ~new_flags & VM_ACCOUNT)
        vm_unacct_memory(pages);
    vma = find_vma(mm, start);
    set_vma_flags(vma, new_flags);
    change_protection(vma, start, end);
    /* Locked memory never waits for its pages: the copies that writing would make are made now. */
    if ((old_flags & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED && (new_flags & VM_WRITE))
        populate_range(mm, start, end);
    return 0;
}

static int mprotect_range(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long prot)
{
    const unsigned long rights = VM_READ | VM_WRITE | VM_EXEC;
    unsigned long wanted =
        (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);

    for (unsigned long at = start, next; at < end; at = next) {
        struct vm_area_struct *vma = find_vma(mm, at);
        unsigned long new_flags;
        int error;

        if (!vma || vma->vm_start > at)
            return -ENOMEM;
        new_flags = (vma->vm_flags & ~rights) | wanted;
        if (wanted & ~(vma->vm_flags >> 4) & rights) /* VM_MAYREAD and so on are four bits higher */
            return -EACCES;
        next = min_t(unsigned long, vma->vm_end, end);
        error = mprotect_fixup(mm, vma, at, next, new_flags);
        if (error)
            return error;
    }
    return 0;
}

/* PROT_GROWSDOWN: from the very start of the stack that start lies in. 0 or -errno. */
static int grow_range_down(struct mm_struct *mm, unsigned long *start)
{
    struct vm_area_struct *vma = find_vma(mm, *start);

    if (!vma || vma->vm_start > *start)
        return -ENOMEM;
    if (!(vma->vm_flags & VM_GROWSDOWN))
        return -EINVAL;
    *start = vma->vm_start;
    return 0;
}

long sys_mprotect(unsigned long start, unsigned long len, unsigned long prot)
{
    struct mm_struct *mm = current_mm();
    const unsigned long grows = PROT_GROWSDOWN | PROT_GROWSUP;
    unsigned long end;
    int error = 0;

    if ((prot & grows) == grows || (start & ~PAGE_MASK))
        return -EINVAL;
    if (!len)
        return 0;
    end = start + PAGE_ALIGN(len);
    if (end <= start)
        return -ENOMEM;
    if (prot & ~(grows | PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
        return -EINVAL;

    down_write(&mm->mmap_sem);
    if (prot & PROT_GROWSUP)
        error = -EINVAL;
    else if (prot & PROT_GROWSDOWN)
        error = grow_range_down(mm, &start);
    if (!error)
        error = mprotect_range(mm, start, end, prot);
    merge_range(mm, start, end);
    if (unlikely(MM_CHECK_DUE()))
        check_mm(mm);
    up_write(&mm->mmap_sem);
    return error;
}
