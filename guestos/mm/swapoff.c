/*
 * swapoff's work: every page of one area comes back to memory.
 *
 * The area gives out no slot any more, but pages that are in the swap cache may still be unmapped into entries, and a
 * fork may copy entries behind the place that was reached. So passes go over all address spaces, all shmem files and
 * the swap cache until no slot is in use; each pass finds less. It stops, and the area goes on, when there is no memory
 * for a page, when a page cannot be read, or when a signal comes.
 */
#include "mm/internal.h"
#include "mm/swapfile.h"

/* The page of the slot, referenced and locked, in no write; NULL: no memory, or the slot is free. */
static struct page *page_of_slot(swp_entry_t entry, struct vm_area_struct *vma, unsigned long address)
{
    struct page *page = find_get_page(&swapper_space, entry.val);

    if (!page) {
        swapin_readahead(entry, address, vma);
        page = read_swap_cache_async(entry, vma, address);
    }
    if (!page)
        return NULL;
    lock_swap_page(page, entry);
    wait_on_page_writeback(page);
    return page;
}

static bool page_has_slot(const struct page *page, swp_entry_t entry)
{
    return PageSwapCache(page) && page->private == entry.val;
}

/* The entry, which names the slot of page, names page. */
static void unuse_pte(struct vm_area_struct *vma, unsigned long address, pte_t *ptep, struct page *page)
{
    struct mm_struct *mm = vma->vm_mm;
    swp_entry_t entry = pte_to_swp_entry(*ptep);

    get_page(page);
    mm->swap_usage--;
    mm->anon_rss++;
    mm->hiwater_rss = max_t(unsigned long, mm->hiwater_rss, mm->file_rss + mm->anon_rss);
    page_add_anon_rmap(page, vma, address);
    set_pte(ptep, pte_mkold(pfn_pte(page_to_pfn(page), vma->vm_page_prot)));
    swap_free(entry);
    activate_page(page);
}

static int unuse_entry(struct vm_area_struct *vma, unsigned long address, pte_t *ptep)
{
    pte_t before = *ptep;
    swp_entry_t entry = pte_to_swp_entry(before);
    struct page *page = page_of_slot(entry, vma, address);
    int error = 0;

    if (!page)
        return ptep->pte == before.pte ? -ENOMEM : 0;
    if (ptep->pte == before.pte && page_has_slot(page, entry)) {
        if (PageUptodate(page))
            unuse_pte(vma, address, ptep, page);
        else
            error = -EIO;
    }
    remove_exclusive_swap_page(page);
    unlock_page(page);
    put_page(page);
    return error;
}

static int unuse_vma(struct vm_area_struct *vma, unsigned type)
{
    for (unsigned long at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
        pte_t *ptep = walk_to_pte(vma->vm_mm, at);
        int error;

        if (!ptep) {
            at |= PGDIR_SIZE - PAGE_SIZE; /* the next step leaves this table */
            continue;
        }
        if (!pte_is_swap(*ptep) || pte_swap_type(*ptep) != type)
            continue;
        error = unuse_entry(vma, at, ptep);
        if (!error && signal_pending(current))
            error = -EINTR;
        if (error)
            return error;
    }
    return 0;
}

static int unuse_mm(struct mm_struct *mm, unsigned type)
{
    int error = 0;

    down_read(&mm->mmap_sem);
    for (struct vm_area_struct *vma = mm->mmap; vma && !error; vma = vma->vm_next)
        if (vma->anon_vma)
            error = unuse_vma(vma, type);
    up_read(&mm->mmap_sem);
    return error;
}

/* Address spaces without users are on their way out and free their entries themselves. */
static int unuse_every_mm(unsigned type)
{
    struct mm_struct *held = &init_mm;
    int error = 0;

    atomic_inc(&held->mm_users); /* what is held stays on the list */
    for (struct list_head *at = init_mm.mmlist.next; at != &init_mm.mmlist && !error; at = at->next) {
        struct mm_struct *mm = list_entry(at, struct mm_struct, mmlist);

        if (!atomic_read(&mm->mm_users) || !mm->swap_usage)
            continue;
        atomic_inc(&mm->mm_users);
        mmput(held);
        held = mm;
        error = unuse_mm(mm, type);
    }
    mmput(held);
    return error;
}

/* Slots that only the swap cache uses. */
static void unuse_cache(const struct swap_info_struct *area)
{
    for (u32 slot = 1; slot < area->max; slot++) {
        struct page *page =
            area->swap_map[slot] == 1 ? find_get_page(&swapper_space, swp_entry(area->type, slot).val) : NULL;

        if (!page)
            continue;
        lock_page(page);
        wait_on_page_writeback(page);
        if (page_has_slot(page, swp_entry(area->type, slot)))
            remove_exclusive_swap_page(page);
        unlock_page(page);
        put_page(page);
    }
}

static bool has_uncounted_slot(const struct swap_info_struct *area)
{
    for (u32 slot = 1; slot < area->max; slot++)
        if (area->swap_map[slot] == SWAP_MAP_MAX)
            return true;
    return false;
}

static void let_others_run(void)
{
    current->state = TASK_UNINTERRUPTIBLE;
    schedule_timeout(1);
}

int try_to_unuse(struct swap_info_struct *area)
{
    while (area->inuse_pages) {
        u32 before = area->inuse_pages;
        int error = has_uncounted_slot(area) ? -EBUSY : unuse_every_mm(area->type);

        if (!error)
            error = shmem_unuse(area->type);
        if (error)
            return error;
        unuse_cache(area);
        if (signal_pending(current))
            return -EINTR;
        if (area->inuse_pages == before)
            let_others_run(); /* a task on its way out has the rest */
    }
    return 0;
}
