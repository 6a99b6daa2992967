/*
 * mremap: a mapping changes its size, and its place when it must. Moving takes the page-table entries along as they
 * are; no page is copied and none is faulted in again. vm_pgoff moves with the pages, so that page->index stays true
 * (mm/rmap.h); only memory that never had a page takes the offset of its new address.
 */
#include "mm/internal.h"

struct move {
    struct mm_struct *mm;
    struct vm_area_struct *vma; /* the old one, exactly [addr, addr + old_len) when it is moved */
    unsigned long addr, old_len, new_len;
    unsigned long new_addr;
};

/* ---- entries ---- */

/* A table for each 4 MiB of the target, before anything moves; false: no memory. */
static bool prepare_tables(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    for (unsigned long at = start & PGDIR_MASK; at < end; at += PGDIR_SIZE)
        if (pte_alloc(mm, pmd_offset(pud_offset(pgd_offset(mm, at), at), at)))
            return false;
    return true;
}

static void move_page_tables(const struct move *move)
{
    unsigned long bytes = min_t(unsigned long, move->old_len, move->new_len);

    for (unsigned long done = 0; done < bytes; done += PAGE_SIZE) {
        pte_t *from = walk_to_pte(move->mm, move->addr + done);

        if (from && !pte_none(*from))
            set_pte(walk_to_pte(move->mm, move->new_addr + done), ptep_get_and_clear(from));
    }
    flush_tlb_mm(move->mm);
}

/* ---- moving ---- */

/* The VMA at the new place, with tables under it; NULL: no memory, nothing changed. */
static struct vm_area_struct *make_target(const struct move *move)
{
    struct vm_area_struct *vma = move->vma, *target = vma_copy(vma);

    if (!target)
        return NULL;
    if (!vma->vm_file && !vma->anon_vma)
        target->vm_pgoff = move->new_addr >> PAGE_SHIFT;
    target->vm_start = move->new_addr;
    target->vm_end = move->new_addr + move->new_len;
    if (!prepare_tables(move->mm, target->vm_start, target->vm_end)) {
        struct vm_area_struct *prev, *next = find_vma_prev(move->mm, target->vm_start, &prev);

        free_pgtables(move->mm, target->vm_start, target->vm_end, prev ? prev->vm_end : 0,
                      next ? next->vm_start : move->mm->task_size);
        vma_free(target);
        return NULL;
    }
    insert_vm_struct(move->mm, target);
    return target;
}

/* [new_addr, new_addr + new_len) is free. The new address or -errno. */
static unsigned long move_vma(struct move *move)
{
    struct mm_struct *mm = move->mm;
    unsigned long old_end = move->addr + move->old_len;
    struct vm_area_struct *target;

    if (mm->map_count >= sysctl_max_map_count - 3)
        return (unsigned long)-ENOMEM;
    /* old_len 0: a second mapping of shared memory; the first one stays. */
    if (move->old_len && isolate_range(mm, move->addr, old_end)) {
        merge_range(mm, move->addr, old_end);
        return (unsigned long)-ENOMEM;
    }
    move->vma = find_vma(mm, move->addr);
    target = make_target(move);
    if (!target) {
        merge_range(mm, move->addr, old_end);
        return (unsigned long)-ENOMEM;
    }
    if (!move->old_len)
        vma_adjust(target, target->vm_start, target->vm_end, linear_page_index(move->vma, move->addr));
    vm_stat_account(mm, target->vm_flags, target->vm_file, (long)vma_pages(target));
    if (target->vm_flags & VM_ACCOUNT)
        vm_committed_space += vma_pages(target);
    move_page_tables(move);
    if (move->old_len)
        BUG_ON(do_munmap(mm, move->addr, move->old_len)); /* whole VMAs: needs no memory */
    vma_merge_around(mm, target);
    return move->new_addr;
}

/* ---- what may be done ---- */

/* The VMA at addr when all of [addr, addr + old_len) is in it and it may grow to new_len; else ERR_PTR. */
static struct vm_area_struct *vma_to_resize(const struct move *move)
{
    struct vm_area_struct *vma = find_vma(move->mm, move->addr);
    unsigned long more = (move->new_len - move->old_len) >> PAGE_SHIFT, pgoff;

    if (!vma || vma->vm_start > move->addr)
        return ERR_PTR(-EFAULT);
    if (!move->old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
        return ERR_PTR(-EINVAL);
    if (move->old_len > vma->vm_end - move->addr)
        return ERR_PTR(-EFAULT);
    if (move->new_len <= move->old_len)
        return vma;
    pgoff = ((move->addr - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff;
    if (pgoff + (move->new_len >> PAGE_SHIFT) < pgoff)
        return ERR_PTR(-EINVAL);
    if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
        return ERR_PTR(-EFAULT);
    if (!mlock_future_ok(move->mm, vma->vm_flags, more))
        return ERR_PTR(-EAGAIN);
    if (!may_expand_vm(move->mm, vma->vm_flags, more))
        return ERR_PTR(-ENOMEM);
    if (vma->vm_flags & VM_ACCOUNT) {
        if (security_vm_enough_memory(more))
            return ERR_PTR(-ENOMEM);
        vm_unacct_memory(more); /* charged when it is done */
    }
    return vma;
}

static bool vma_expandable(const struct move *move)
{
    const struct vm_area_struct *vma = move->vma, *next = vma->vm_next;
    unsigned long end = move->addr + move->new_len;

    if (move->addr + move->old_len != vma->vm_end || end < vma->vm_end || end > move->mm->task_size)
        return false;
    return !next || end <= vm_start_gap(next) || (end <= next->vm_start && !(next->vm_flags & VM_GROWSDOWN));
}

static unsigned long grow_in_place(const struct move *move)
{
    struct vm_area_struct *vma = move->vma;
    unsigned long more = (move->new_len - move->old_len) >> PAGE_SHIFT;

    vma_adjust(vma, vma->vm_start, move->addr + move->new_len, vma->vm_pgoff);
    vm_stat_account(move->mm, vma->vm_flags, vma->vm_file, (long)more);
    if (vma->vm_flags & VM_ACCOUNT)
        vm_committed_space += more;
    vma_merge_around(move->mm, vma);
    return move->addr;
}

/* MREMAP_FIXED: what lies at the new place is unmapped, and what is cut off at the end. All is checked before that. */
static unsigned long mremap_to(struct move *move)
{
    struct mm_struct *mm = move->mm;
    unsigned long cut = move->old_len > move->new_len ? move->old_len - move->new_len : 0;
    int error;

    if (mm->map_count + 2 >= sysctl_max_map_count - 3)
        return (unsigned long)-ENOMEM;
    move->old_len -= cut;
    move->vma = vma_to_resize(move);
    if (IS_ERR(move->vma))
        return (unsigned long)PTR_ERR(move->vma);
    error = do_munmap(mm, move->new_addr, move->new_len);
    if (!error && cut)
        error = do_munmap(mm, move->addr + move->new_len, cut);
    return error ? (unsigned long)error : move_vma(move);
}

static unsigned long do_mremap(struct move *move, unsigned long flags)
{
    struct vm_area_struct *vma = find_vma(move->mm, move->addr);

    if (!vma || vma->vm_start > move->addr)
        return (unsigned long)-EFAULT;
    if (flags & MREMAP_FIXED)
        return mremap_to(move);
    if (move->old_len >= move->new_len) {
        int error = 0;
        if (move->old_len > move->new_len)
            error = do_munmap(move->mm, move->addr + move->new_len, move->old_len - move->new_len);
        return error ? (unsigned long)error : move->addr;
    }
    move->vma = vma = vma_to_resize(move);
    if (IS_ERR(vma))
        return (unsigned long)PTR_ERR(vma);
    if (vma_expandable(move))
        return grow_in_place(move);
    if (!(flags & MREMAP_MAYMOVE))
        return (unsigned long)-ENOMEM;
    move->new_addr = get_unmapped_area(vma->vm_file, 0, move->new_len, 0);
    return IS_ERR_VALUE(move->new_addr) ? move->new_addr : move_vma(move);
}

/* What the numbers alone refuse. 0 or -EINVAL. */
static int check_mremap_params(const struct move *move, unsigned long flags)
{
    unsigned long limit = move->mm->task_size, end = move->addr + move->old_len,
                  new_end = move->new_addr + move->new_len;

    if (flags & ~(unsigned long)(MREMAP_MAYMOVE | MREMAP_FIXED))
        return -EINVAL;
    if ((move->addr & ~PAGE_MASK) || !move->new_len)
        return -EINVAL;
    if (!(flags & MREMAP_FIXED))
        return 0;
    if (!(flags & MREMAP_MAYMOVE) || (move->new_addr & ~PAGE_MASK))
        return -EINVAL;
    if (move->new_len > limit || move->new_addr > limit - move->new_len)
        return -EINVAL;
    return end > move->new_addr && new_end > move->addr ? -EINVAL : 0;
}

long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
                unsigned long new_addr)
{
    struct move move = {current_mm(), NULL, addr, PAGE_ALIGN(old_len), PAGE_ALIGN(new_len), new_addr};
    const struct vm_area_struct *vma;
    unsigned long result;
    bool locked;

    if (check_mremap_params(&move, flags))
        return -EINVAL;
    down_write(&move.mm->mmap_sem);
    result = do_mremap(&move, flags);
    vma = IS_ERR_VALUE(result) ? NULL : find_vma(move.mm, result);
    locked = vma && (vma->vm_flags & VM_LOCKED);
    if (unlikely(MM_CHECK_DUE()))
        check_mm(move.mm);
    up_write(&move.mm->mmap_sem);
    if (locked)
        make_pages_present(move.mm, result, result + move.new_len);
    return (long)result;
}
