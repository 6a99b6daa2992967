/*
 * From a page to every entry that maps it (mm/rmap.h has the model).
 *
 *   page_referenced   harvests A: the processor set it when it walked the entry since the last look. It is cleared
 *                     with a flush, else the processor would go on using what it remembers and never set it again.
 *   try_to_unmap      takes the entries away. D, read by the instruction that clears the entry, goes to the page.
 *   page_mkclean      takes D and the write right of shared entries, so that the next write faults and says so.
 *
 * Nothing here sleeps, so nobody changes lists or tables meanwhile: no lock is needed for them. A VMA on a list may
 * map the page or not: the entry decides.
 */
#include "mm/internal.h"
#include "mm/swap.h"

/* One entry that maps the page. */
struct mapping_entry {
    struct page *page;
    struct vm_area_struct *vma;
    unsigned long address;
    pte_t *ptep;
};

/* The walker's argument; the visitor returns false to end the walk. */
struct rmap_walk {
    bool (*visit)(struct rmap_walk *walk, const struct mapping_entry *entry);
    struct page *page;
    int result; /* page_referenced, page_mkclean: a number; try_to_unmap: SWAP_ */
    u32 looked_at;
    bool ignore_access;
};

/* ---- the walk ---- */

/* The entry of vma for the page: true when it maps it. */
static bool find_entry(struct mapping_entry *entry)
{
    entry->address = vma_address(entry->page, entry->vma);
    if (entry->address == (unsigned long)-EFAULT)
        return false;
    entry->ptep = walk_to_pte(entry->vma->vm_mm, entry->address);
    return entry->ptep && pte_present(*entry->ptep) && pte_pfn(*entry->ptep) == page_to_pfn(entry->page);
}

static bool walk_vma(struct rmap_walk *walk, struct vm_area_struct *vma)
{
    struct mapping_entry entry = {.page = walk->page, .vma = vma};

    if (!find_entry(&entry))
        return true;
    walk->looked_at++;
    return walk->visit(walk, &entry);
}

static void walk_anon(struct rmap_walk *walk)
{
    struct anon_vma *anon_vma =
        (struct anon_vma *)((unsigned long)walk->page->mapping & ~(unsigned long)PAGE_MAPPING_ANON);
    struct vm_area_struct *vma;

    list_for_each_entry (vma, &anon_vma->head, anon_vma_node)
        if (!walk_vma(walk, vma) || !page_mapcount(walk->page))
            return;
}

/* The page may be anywhere in it, and more than once. */
static bool walk_nonlinear_vma(struct rmap_walk *walk, struct vm_area_struct *vma)
{
    struct mapping_entry entry = {.page = walk->page, .vma = vma};

    for (entry.address = vma->vm_start; entry.address < vma->vm_end; entry.address += PAGE_SIZE) {
        entry.ptep = walk_to_pte(vma->vm_mm, entry.address);
        if (!entry.ptep) {
            entry.address |= PGDIR_SIZE - PAGE_SIZE; /* the next step leaves this table */
            continue;
        }
        if (!pte_present(*entry.ptep) || pte_pfn(*entry.ptep) != page_to_pfn(walk->page))
            continue;
        walk->looked_at++;
        if (!walk->visit(walk, &entry))
            return false;
    }
    return true;
}

static void walk_file(struct rmap_walk *walk)
{
    const struct address_space *mapping = walk->page->mapping;
    u32 mapped = (u32)page_mapcount(walk->page);
    struct vm_area_struct *vma;
    struct prio_tree_iter iter;

    vma_prio_tree_foreach (vma, &iter, &mapping->i_mmap, walk->page->index, walk->page->index)
        if (!walk_vma(walk, vma) || walk->looked_at == mapped)
            return;
    list_for_each_entry (vma, &mapping->i_mmap_nonlinear, shared.nonlinear)
        if (!walk_nonlinear_vma(walk, vma) || walk->looked_at == mapped)
            return;
}

/* An anonymous page keeps its anon_vma in `mapping` after the last entry is gone, and that may be freed by then: only
 * a mapped page is walked. */
static void walk_entries(struct rmap_walk *walk)
{
    if (!page_mapcount(walk->page) || !walk->page->mapping)
        return;
    if (PageAnon(walk->page))
        walk_anon(walk);
    else
        walk_file(walk);
}

/* ---- page_referenced ---- */

static bool harvest(struct rmap_walk *walk, const struct mapping_entry *entry)
{
    /* Locked memory is always in use; one such mapping settles it. */
    if (entry->vma->vm_flags & VM_LOCKED) {
        walk->result++;
        return false;
    }
    if (pte_young(*entry->ptep)) {
        set_pte(entry->ptep, pte_mkold(*entry->ptep));
        flush_tlb_page(entry->vma, entry->address);
        walk->result++;
    }
    return true;
}

/* A page of a file may be truncated unless it is locked. False: it is locked by somebody, who therefore uses it. */
static bool lock_for_walk(struct page *page, bool is_locked)
{
    if (is_locked || PageAnon(page))
        return true;
    if (PageLocked(page))
        return false;
    SetPageLocked(page);
    return true;
}

int page_referenced(struct page *page, bool is_locked)
{
    struct rmap_walk walk = {.visit = harvest, .page = page};
    int referenced = PageReferenced(page);

    ClearPageReferenced(page);
    if (!page_mapcount(page))
        return referenced;
    if (!lock_for_walk(page, is_locked))
        return referenced + 1;
    walk_entries(&walk);
    if (!is_locked && !PageAnon(page))
        unlock_page(page);
    TRACE(FLT_MM_PAGE_REFERENCED, flt_mm_page_referenced, .pfn = (u32)page_to_pfn(page), .young = (u32)walk.result,
          .mapcount = walk.looked_at);
    return referenced + walk.result;
}

/* ---- try_to_unmap ---- */

static void tell_unmap(const struct mapping_entry *entry, pte_t before)
{
    const pgd_t *pgd = entry->vma->vm_mm->pgd;

    TRACE(FLT_MM_UNMAP, flt_mm_unmap, .pfn = (u32)page_to_pfn(entry->page), .address = (u32)entry->address,
          .pgd_phys = (u32)__pa(pgd), .before = before.pte, .after = entry->ptep->pte);
}

/* What stands in the entry's place: an anonymous page's slot, else nothing. False: the slot takes no more users. */
static bool leave_trace_of_page(const struct mapping_entry *entry)
{
    struct mm_struct *mm = entry->vma->vm_mm;
    swp_entry_t slot = {entry->page->private};

    if (!PageAnon(entry->page)) {
        mm->file_rss--;
        leave_file_pte(entry->vma, entry->address, entry->ptep, entry->page->index);
        return true;
    }
    VM_BUG_ON(!PageSwapCache(entry->page));
    if (!swap_duplicate(slot))
        return false;
    mm->anon_rss--;
    mm->swap_usage++;
    set_pte(entry->ptep, swp_entry_to_pte(slot));
    return true;
}

static bool unmap_one(struct rmap_walk *walk, const struct mapping_entry *entry)
{
    pte_t pte;

    if (!walk->ignore_access && (entry->vma->vm_flags & VM_LOCKED)) {
        walk->result = SWAP_FAIL;
        return false;
    }
    /* Used since page_referenced() looked; its A stays for the next look. */
    if (!walk->ignore_access && pte_young(*entry->ptep)) {
        walk->result = SWAP_AGAIN;
        return false;
    }
    pte = ptep_get_and_clear(entry->ptep);
    flush_tlb_page(entry->vma, entry->address);
    if (!leave_trace_of_page(entry)) {
        set_pte(entry->ptep, pte);
        walk->result = SWAP_FAIL;
        return false;
    }
    if (pte_dirty(pte))
        set_page_dirty(entry->page);
    tell_unmap(entry, pte);
    page_remove_rmap(entry->page);
    put_page(entry->page); /* the entry's; the caller has its own */
    return true;
}

int try_to_unmap(struct page *page, bool ignore_access)
{
    struct rmap_walk walk = {.visit = unmap_one, .page = page, .result = SWAP_SUCCESS, .ignore_access = ignore_access};

    VM_BUG_ON(!PageLocked(page));
    walk_entries(&walk);
    if (!page_mapcount(page))
        return SWAP_SUCCESS;
    return walk.result == SWAP_SUCCESS ? SWAP_AGAIN : walk.result;
}

/* ---- page_mkclean ---- */

static bool clean_one(struct rmap_walk *walk, const struct mapping_entry *entry)
{
    pte_t pte;

    if (!(entry->vma->vm_flags & VM_SHARED) || !(pte_dirty(*entry->ptep) || pte_write(*entry->ptep)))
        return true;
    pte = ptep_get_and_clear(entry->ptep);
    flush_tlb_page(entry->vma, entry->address);
    set_pte(entry->ptep, pte_wrprotect(pte_mkclean(pte)));
    walk->result++;
    return true;
}

int page_mkclean(struct page *page)
{
    struct rmap_walk walk = {.visit = clean_one, .page = page};

    VM_BUG_ON(!PageLocked(page));
    if (!PageAnon(page))
        walk_entries(&walk);
    return walk.result;
}
