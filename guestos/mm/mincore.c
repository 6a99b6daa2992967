/* mincore: which pages of a range could be touched without reading a file, one byte each. */
#include "mm/internal.h"
#include "mm/swap.h"

static unsigned char cached(struct address_space *mapping, unsigned long index)
{
    struct page *page = find_get_page(mapping, index);
    bool uptodate;

    if (!page)
        return 0;
    uptodate = PageUptodate(page);
    put_page(page);
    return uptodate;
}

/* address is in vma. A page of a file counts when it is in the page cache, mapped or not; one that was
 * swapped out, when the swap cache has it again. */
static unsigned char page_in_core(const struct vm_area_struct *vma, unsigned long address)
{
    const pte_t *ptep = walk_to_pte(vma->vm_mm, address);

    if (ptep && pte_present(*ptep))
        return 1;
    if (ptep && pte_is_swap(*ptep))
        return cached(&swapper_space, pte_to_swp_entry(*ptep).val);
    if (!vma->vm_file)
        return 0;
    return cached(vma->vm_file->f_mapping,
                  ptep && pte_is_file(*ptep) ? pte_to_pgoff(*ptep) : linear_page_index(vma, address));
}

/* Up to `count` pages from address into vec; how many, or -ENOMEM when address is not mapped. */
static long mincore_chunk(struct mm_struct *mm, unsigned long address, unsigned long count, unsigned char *vec)
{
    const struct vm_area_struct *vma = find_vma(mm, address);

    if (!vma || address < vma->vm_start)
        return -ENOMEM;
    count = min_t(unsigned long, count, (vma->vm_end - address) >> PAGE_SHIFT);
    for (unsigned long i = 0; i < count; i++)
        vec[i] = page_in_core(vma, address + (i << PAGE_SHIFT));
    return (long)count;
}

long sys_mincore(unsigned long start, unsigned long len, unsigned char __user *vec)
{
    struct mm_struct *mm = current_mm();
    unsigned long pages = (len >> PAGE_SHIFT) + ((len & ~PAGE_MASK) != 0), done = 0;
    unsigned char chunk[256];

    if (start & ~PAGE_MASK)
        return -EINVAL;
    if (!access_ok((void *)start, len))
        return -ENOMEM;
    if (!access_ok(vec, pages))
        return -EFAULT;
    while (done < pages) {
        unsigned long count = min_t(unsigned long, pages - done, sizeof(chunk));
        long got;

        down_read(&mm->mmap_sem);
        got = mincore_chunk(mm, start + (done << PAGE_SHIFT), count, chunk);
        up_read(&mm->mmap_sem);
        if (got < 0)
            return got;
        if (copy_to_user(vec + done, chunk, (unsigned long)got))
            return -EFAULT;
        done += (unsigned long)got;
    }
    return 0;
}
