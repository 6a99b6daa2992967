/* mlock: pages that stay in memory. The VMA carries VM_LOCKED; its pages are faulted in before the call returns. */
#include "mm/internal.h"

static bool can_do_mlock(void) { return current->rlim[RLIMIT_MEMLOCK].rlim_cur || current->euid == 0; }

/* [start, end) lies in vma. */
static int mlock_fixup(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start, unsigned long end,
                       bool lock)
{
    bool locked = vma->vm_flags & VM_LOCKED;

    if (locked == lock)
        return 0;
    if (isolate_range(mm, start, end))
        return -ENOMEM;
    vma = find_vma(mm, start);
    vma->vm_flags ^= VM_LOCKED;
    mm->locked_vm += lock ? vma_pages(vma) : -vma_pages(vma);
    return 0;
}

static int mlock_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool lock)
{
    for (unsigned long at = start, next; at < end; at = next) {
        struct vm_area_struct *vma = find_vma(mm, at);
        int error;

        if (!vma || vma->vm_start > at)
            return -ENOMEM;
        next = min_t(unsigned long, vma->vm_end, end);
        error = mlock_fixup(mm, vma, at, next, lock);
        if (error)
            return error;
    }
    return 0;
}

/* Pages of [start, end) that are locked already: they count once. */
static unsigned long count_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    unsigned long pages = 0;

    for (const struct vm_area_struct *vma = find_vma(mm, start); vma && vma->vm_start < end; vma = vma->vm_next)
        if (vma->vm_flags & VM_LOCKED)
            pages +=
                (min_t(unsigned long, end, vma->vm_end) - max_t(unsigned long, start, vma->vm_start)) >> PAGE_SHIFT;
    return pages;
}

static int lock_user_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    unsigned long limit = current->rlim[RLIMIT_MEMLOCK].rlim_cur >> PAGE_SHIFT;
    unsigned long wanted = mm->locked_vm + ((end - start) >> PAGE_SHIFT);
    int error = -ENOMEM;

    down_write(&mm->mmap_sem);
    if (current->euid == 0 || wanted <= limit || wanted - count_locked(mm, start, end) <= limit) {
        error = mlock_range(mm, start, end, true);
        merge_range(mm, start, end);
    }
    up_write(&mm->mmap_sem);
    if (error)
        return error;
    error = make_pages_present(mm, start, end);
    return error == -EFAULT ? -ENOMEM : error;
}

long sys_mlock(unsigned long start, unsigned long len)
{
    unsigned long from = start & PAGE_MASK, bytes = PAGE_ALIGN(len + (start & ~PAGE_MASK));

    if (!can_do_mlock())
        return -EPERM;
    if (from + bytes < from)
        return -EINVAL;
    return bytes ? lock_user_range(current_mm(), from, from + bytes) : 0;
}

long sys_munlock(unsigned long start, unsigned long len)
{
    struct mm_struct *mm = current_mm();
    unsigned long from = start & PAGE_MASK, bytes = PAGE_ALIGN(len + (start & ~PAGE_MASK));
    int error;

    if (from + bytes < from)
        return -EINVAL;
    down_write(&mm->mmap_sem);
    error = mlock_range(mm, from, from + bytes, false);
    merge_range(mm, from, from + bytes);
    up_write(&mm->mmap_sem);
    return error;
}

/* Every VMA of the address space, as far as it can be; mmap_sem held for writing. */
static void mlock_every_vma(struct mm_struct *mm, bool lock)
{
    for (struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next) {
        mlock_fixup(mm, vma, vma->vm_start, vma->vm_end, lock);
        vma = vma_merge_around(mm, vma);
    }
}

static void populate_every_vma(struct mm_struct *mm)
{
    unsigned long at = 0;

    for (;;) {
        struct vm_area_struct *vma;
        unsigned long start;

        down_read(&mm->mmap_sem);
        vma = find_vma(mm, at);
        start = vma ? vma->vm_start : 0;
        at = vma ? vma->vm_end : 0;
        up_read(&mm->mmap_sem);
        if (!at)
            return;
        make_pages_present(mm, start, at);
    }
}

long sys_mlockall(int flags)
{
    struct mm_struct *mm = current_mm();
    unsigned long limit = current->rlim[RLIMIT_MEMLOCK].rlim_cur >> PAGE_SHIFT;

    if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
        return -EINVAL;
    if (!can_do_mlock())
        return -EPERM;
    if ((flags & MCL_CURRENT) && mm->total_vm > limit && current->euid)
        return -ENOMEM;
    down_write(&mm->mmap_sem);
    mm->def_flags = flags & MCL_FUTURE ? VM_LOCKED : 0;
    if (flags & MCL_CURRENT)
        mlock_every_vma(mm, true);
    up_write(&mm->mmap_sem);
    if ((flags & MCL_CURRENT) && !(flags & MCL_ONFAULT))
        populate_every_vma(mm);
    return 0;
}

long sys_munlockall(void)
{
    struct mm_struct *mm = current_mm();

    down_write(&mm->mmap_sem);
    mm->def_flags = 0;
    mlock_every_vma(mm, false);
    up_write(&mm->mmap_sem);
    return 0;
}
