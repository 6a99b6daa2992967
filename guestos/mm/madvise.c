/*
 * madvise: what a program knows about its use of a range. MADV_DONTNEED acts: the pages are dropped, private memory
 * reads as zeros (or as the file) again. MADV_WILLNEED starts the reads of a file's pages. The others are remembered in the VMA or are promises that cost nothing to
 * keep.
 */
#include "mm/internal.h"
#include "mm/swap.h"

/* The flags that the advice leaves; *valid false: unknown advice. */
static unsigned long advised_flags(unsigned long flags, int advice, bool *valid)
{
    const unsigned long reading = VM_SEQ_READ | VM_RAND_READ;

    *valid = true;
    switch (advice) {
    case MADV_NORMAL: return flags & ~reading;
    case MADV_SEQUENTIAL: return (flags & ~reading) | VM_SEQ_READ;
    case MADV_RANDOM: return (flags & ~reading) | VM_RAND_READ;
    case MADV_DONTFORK: return flags | VM_DONTCOPY;
    case MADV_DOFORK: return flags & ~(unsigned long)VM_DONTCOPY;
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_DONTDUMP:
    case MADV_DODUMP: return flags;
    default: *valid = false; return flags;
    }
}

/* MADV_WILLNEED of memory that was swapped out: the reads begin, nobody waits for them. */
static void read_swapped_ahead(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
    for (unsigned long at = start; at < end; at += PAGE_SIZE) {
        pte_t *ptep = walk_to_pte(vma->vm_mm, at);
        struct page *page;

        if (!ptep) {
            at |= PGDIR_SIZE - PAGE_SIZE; /* nothing in the rest of this table */
            continue;
        }
        if (!pte_is_swap(*ptep))
            continue;
        page = read_swap_cache_async(pte_to_swp_entry(*ptep), vma, at);
        if (page)
            put_page(page);
    }
}

/* The pages are on their way when the call returns. */
static int read_ahead(const struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
    if (vma->vm_file)
        force_page_cache_readahead(vma->vm_file, vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT),
                                   (end - start) >> PAGE_SHIFT);
    return 0;
}

/* [start, end) lies in vma. */
static int advise_vma(struct vm_area_struct *vma, unsigned long start, unsigned long end, int advice)
{
    bool valid;
    unsigned long new_flags = advised_flags(vma->vm_flags, advice, &valid);

    if (advice == MADV_DONTNEED || advice == MADV_FREE) {
        if (vma->vm_flags & (VM_LOCKED | VM_PFNMAP))
            return -EINVAL;
        if (advice == MADV_FREE)
            return vma->vm_file ? -EINVAL : 0; /* the pages may stay: they may be written before memory is short */
        if (vma->vm_flags & VM_NONLINEAR)
            zap_nonlinear_range(vma, start, end, 0, ~0ul);
        else
            zap_page_range(vma, start, end);
        return 0;
    }
    if (advice == MADV_WILLNEED && vma->anon_vma)
        read_swapped_ahead(vma, start, end);
    if (advice == MADV_WILLNEED)
        return read_ahead(vma, start, end);
    if (new_flags == vma->vm_flags)
        return 0;
    if (isolate_range(vma->vm_mm, start, end))
        return -EAGAIN;
    find_vma(vma->vm_mm, start)->vm_flags = new_flags;
    return 0;
}

static int advise_range(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
    int unmapped = 0;

    while (start < end) {
        struct vm_area_struct *vma = find_vma(mm, start);
        unsigned long next;
        int error;

        if (!vma || vma->vm_start >= end)
            return -ENOMEM;
        if (vma->vm_start > start) {
            unmapped = -ENOMEM; /* a hole: the rest is advised all the same */
            start = vma->vm_start;
        }
        next = min_t(unsigned long, vma->vm_end, end);
        error = advise_vma(vma, start, next, advice);
        if (error)
            return error;
        start = next;
    }
    return unmapped;
}

long sys_madvise(unsigned long start, unsigned long len, int advice)
{
    struct mm_struct *mm = current_mm();
    unsigned long end = start + PAGE_ALIGN(len);
    bool valid;
    long result;

    advised_flags(0, advice, &valid);
    if (!valid || (start & ~PAGE_MASK) || (len && !PAGE_ALIGN(len)) || end < start)
        return -EINVAL;
    if (end == start)
        return 0;
    down_write(&mm->mmap_sem);
    result = advise_range(mm, start, end, advice);
    merge_range(mm, start, end);
    up_write(&mm->mmap_sem);
    return result;
}
