/*
 * What a page fault does once its VMA is known and allows the access.
 *
 *   do_handle_mm_fault          table for the address; counts
 *    +- handle_pte_fault        looks at the entry
 *        |
 *        |  entry empty
 *        +--- do_anonymous_page      no file        read:  the shared page of zeros, read-only
 *        |                                          write: a fresh zeroed frame, writable and dirty
 *        +--- do_linear_fault        a file (vm_ops->fault finds the page)
 *        |     +- map_file_page        read, or write to a shared mapping: the file's own page
 *        |     +- copy_file_page       write to a private mapping: a copy, anonymous from now on
 *        |
 *        |  entry names a page of the file
 *        +--- do_nonlinear_fault     the same for that page (mm/fremap.c)
 *        |
 *        |  entry names a slot of a swap area
 *        +--- do_swap_page           from the swap cache, or read from the disk; a write goes on with do_wp_page when
 *        |                           somebody else names the slot too
 *        |
 *        |  entry present, write to a read-only entry
 *        +--- do_wp_page
 *        |     +- reuse_shared         shared file mapping: first write since it was clean
 *        |     +- reuse_sole           anonymous, and neither mapped elsewhere nor swapped out elsewhere: make it writable
 *        |     +- copy_cow_page        anything else: a copy
 *        |
 *        |  entry present and sufficient
 *        +--- spurious                 set A (and D), forget the old entry
 *
 * Rights in entries: an entry is writable only once it was written through; shared and private mappings start
 * read-only alike. So D in an entry and "the file knows that the page is dirty" never drift apart, and a private page
 * is copied before it is changed. Every step that changes an entry goes through fault_set_pte().
 */
#include "mm/internal.h"
#include "mm/writeback.h"
#include "mm/swap.h"

/* One fault on its way down. ptep points into the table; orig is what the entry held when the fault was looked at. */
struct fault {
    struct mm_struct *mm;
    struct vm_area_struct *vma;
    unsigned long address; /* of the page */
    bool write;
    bool story; /* inside fault_begin .. fault_end, and somebody listens */
    pte_t *ptep;
    pte_t orig;
};

static struct page *zero_page;

void memory_init(void)
{
    zero_page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_KERNEL_OWN);
    if (!zero_page)
        panic("memory: no frame for the page of zeros");
    SetPageReserved(zero_page);
}

struct page *empty_zero_page(void) { return zero_page; }

/* ---- telling the story ---- */

static void tell_branch(const struct fault *f, enum flt_branch branch)
{
    if (unlikely(f->story))
        TRACE(FLT_FAULT_BRANCH, flt_fault_branch, .branch = branch);
}

static void tell_cow(const struct fault *f, const struct page *old, const struct page *new)
{
    if (unlikely(f->story))
        TRACE(FLT_FAULT_COW, flt_fault_cow, .old_pfn = (u32)page_to_pfn(old),
              .old_mapcount = old == zero_page ? 0 : (u32)page_mapcount(old), .new_pfn = (u32)page_to_pfn(new));
}

/* Writes the entry; one that was present is forgotten by the processor at once. */
static void fault_set_pte(const struct fault *f, pte_t pte)
{
    u32 before = f->ptep->pte;

    set_pte(f->ptep, pte);
    if (before & _PAGE_PRESENT)
        flush_tlb_page(f->vma, f->address);
    if (unlikely(f->story))
        TRACE(FLT_FAULT_PTE, flt_fault_pte, .address = (u32)f->address, .pte_phys = (u32)__pa(f->ptep),
              .before = before, .after = pte.pte);
}

/* ---- entries ---- */

pte_t *walk_to_pte(struct mm_struct *mm, unsigned long address)
{
    pmd_t *pmd = pmd_offset(pud_offset(pgd_offset(mm, address), address), address);

    return pmd_none(*pmd) ? NULL : pte_offset(pmd, address);
}

int pte_alloc(struct mm_struct *mm, pmd_t *pmd)
{
    struct page *table;

    if (likely(!pmd_none(*pmd)))
        return 0;
    table = pte_alloc_one();
    if (!table)
        return -ENOMEM;
    /* The allocation may have slept, and another thread of this address space been here. */
    if (!pmd_none(*pmd)) {
        pte_free(table);
        return 0;
    }
    mm->nr_ptes++;
    set_pmd(pmd, (u32)(page_to_pfn(table) << PAGE_SHIFT) | _PAGE_TABLE);
    return 0;
}

struct page *vm_normal_page(const struct vm_area_struct *vma, pte_t pte)
{
    struct page *page;

    if ((vma->vm_flags & VM_PFNMAP) || !pfn_valid(pte_pfn(pte)))
        return NULL;
    page = pfn_to_page(pte_pfn(pte));
    return PageReserved(page) ? NULL : page;
}

static pte_t page_pte(const struct fault *f, const struct page *page)
{
    return pfn_pte(page_to_pfn(page), f->vma->vm_page_prot);
}

static pte_t written_pte(const struct fault *f, const struct page *page)
{
    return pte_mkdirty(pte_mkwrite(page_pte(f, page)));
}

/* Somebody else handled it while we slept? */
static bool entry_changed(const struct fault *f) { return f->ptep->pte != f->orig.pte; }

static void note_rss(struct mm_struct *mm)
{
    mm->hiwater_rss = max_t(unsigned long, mm->hiwater_rss, mm->file_rss + mm->anon_rss);
}

/* A frame of our own for the VMA; NULL: no memory. */
static struct page *alloc_anon_page(struct vm_area_struct *vma, gfp_t zero)
{
    return anon_vma_prepare(vma) ? NULL : alloc_page(GFP_HIGHUSER | zero);
}

/* Takes over the reference that alloc_anon_page() gave. */
static void install_anon_page(struct fault *f, struct page *page)
{
    SetPageUptodate(page);
    f->mm->anon_rss++;
    note_rss(f->mm);
    lru_cache_add_active(page);
    page_add_anon_rmap(page, f->vma, f->address);
    fault_set_pte(f, written_pte(f, page));
}

/* ---- anonymous memory ---- */

static unsigned do_anonymous_page(struct fault *f)
{
    struct page *page;

    if (!f->write) {
        tell_branch(f, FLT_BRANCH_ANON_ZERO);
        fault_set_pte(f, page_pte(f, zero_page));
        return VM_FAULT_MINOR;
    }
    tell_branch(f, FLT_BRANCH_ANON);
    page = alloc_anon_page(f->vma, __GFP_ZERO);
    if (!page)
        return VM_FAULT_OOM;
    if (entry_changed(f))
        put_page(page);
    else
        install_anon_page(f, page);
    return VM_FAULT_MINOR;
}

/* ---- file pages ---- */

/* The page's file learns that it will change. 0, or VM_FAULT_SIGBUS when the file system refuses. */
static unsigned make_page_writable(struct vm_area_struct *vma, struct page *page)
{
    const struct vm_operations_struct *ops = vma->vm_ops;

    if (vma->vm_file && IS_SWAPFILE(vma->vm_file->f_mapping->host))
        return VM_FAULT_SIGBUS;
    if (ops && ops->page_mkwrite && ops->page_mkwrite(vma, page) < 0)
        return VM_FAULT_SIGBUS;
    if (page->mapping) /* not cut off meanwhile */
        set_page_dirty(page);
    return 0;
}

/* After the entry is written: while we sleep the page may be cleaned, and its entry with it. */
static void balance_after_write(const struct fault *f) { balance_dirty_pages_ratelimited(f->vma->vm_file->f_mapping); }

/* Takes over the reference of page. */
static unsigned map_file_page(struct fault *f, struct page *page)
{
    unsigned result = f->write ? make_page_writable(f->vma, page) : 0;

    /* The file was cut short, or another thread mapped it, while we slept: the access is tried again. */
    if (result || entry_changed(f) || page->mapping != f->vma->vm_file->f_mapping) {
        put_page(page);
        return result;
    }
    f->mm->file_rss++;
    note_rss(f->mm);
    page_add_file_rmap(page);
    fault_set_pte(f, f->write ? written_pte(f, page) : page_pte(f, page));
    if (f->write)
        balance_after_write(f);
    return VM_FAULT_MINOR;
}

/* Takes over the reference of page. */
static unsigned copy_file_page(struct fault *f, struct page *page)
{
    struct page *copy = alloc_anon_page(f->vma, 0);

    if (!copy) {
        put_page(page);
        return VM_FAULT_OOM;
    }
    copy_highpage(copy, page);
    tell_cow(f, page, copy);
    put_page(page);
    if (entry_changed(f))
        put_page(copy);
    else
        install_anon_page(f, copy);
    return VM_FAULT_MINOR;
}

static unsigned do_file_fault(struct fault *f, unsigned long pgoff)
{
    struct vm_area_struct *vma = f->vma;
    struct vm_fault vmf = {
        .address = f->address,
        .pgoff = pgoff,
        .flags = f->write ? FAULT_FLAG_WRITE : 0,
    };
    bool copy = f->write && !(vma->vm_flags & VM_SHARED);
    unsigned found = vma->vm_ops->fault(vma, &vmf), major = found & VM_FAULT_MAJOR;

    if (found & (VM_FAULT_OOM | VM_FAULT_SIGBUS))
        return found;
    if (copy)
        tell_branch(f, FLT_BRANCH_FILE_COW);
    else
        tell_branch(f, major ? FLT_BRANCH_FILE_MAJOR : FLT_BRANCH_FILE_MINOR);
    return (copy ? copy_file_page(f, vmf.page) : map_file_page(f, vmf.page)) | major;
}

static unsigned do_linear_fault(struct fault *f) { return do_file_fault(f, linear_page_index(f->vma, f->address)); }

/* The entry says which page of the file belongs here. */
static unsigned do_nonlinear_fault(struct fault *f)
{
    if (!(f->vma->vm_flags & VM_NONLINEAR))
        panic("memory: entry %08x at %08lx of a linear mapping", f->orig.pte, f->address);
    return do_file_fault(f, pte_to_pgoff(f->orig));
}

/* ---- writes to read-only entries ---- */

static unsigned reuse_shared(struct fault *f, struct page *page)
{
    unsigned result;

    get_page(page);
    result = make_page_writable(f->vma, page);
    if (!result && !entry_changed(f)) {
        tell_branch(f, FLT_BRANCH_COW_REUSE);
        tell_cow(f, page, page);
        fault_set_pte(f, pte_mkyoung(pte_mkdirty(pte_mkwrite(f->orig))));
        balance_after_write(f);
    }
    put_page(page);
    return result;
}

static unsigned reuse_sole(struct fault *f, struct page *page)
{
    tell_branch(f, FLT_BRANCH_COW_REUSE);
    tell_cow(f, page, page);
    fault_set_pte(f, pte_mkyoung(pte_mkdirty(pte_mkwrite(f->orig))));
    return VM_FAULT_WRITE;
}

/* page: what the entry names, or the page of zeros. */
static unsigned copy_cow_page(struct fault *f, struct page *page)
{
    bool zeros = page == zero_page;
    struct page *copy;

    tell_branch(f, FLT_BRANCH_COW_COPY);
    get_page(page);
    copy = alloc_anon_page(f->vma, zeros ? __GFP_ZERO : 0);
    if (!copy || entry_changed(f)) {
        put_page(page);
        if (copy)
            put_page(copy);
        return copy ? VM_FAULT_MINOR : VM_FAULT_OOM;
    }
    if (!zeros)
        copy_highpage(copy, page);
    tell_cow(f, page, copy);
    install_anon_page(f, copy);
    if (!zeros) {
        if (PageAnon(page))
            f->mm->anon_rss--;
        else
            f->mm->file_rss--;
        page_remove_rmap(page);
        put_page(page); /* the entry's */
    }
    free_page_and_swap_cache(page); /* ours */
    return VM_FAULT_WRITE;
}

/* An anonymous page in the swap cache may have more owners than entries show; its lock holds them still. */
static unsigned copy_or_reuse(struct fault *f, struct page *page)
{
    bool ours;

    if (!PageSwapCache(page))
        return page_mapcount(page) == 1 ? reuse_sole(f, page) : copy_cow_page(f, page);
    get_page(page);
    lock_page(page);
    if (entry_changed(f)) {
        unlock_page(page);
        put_page(page);
        return VM_FAULT_MINOR;
    }
    ours = can_share_swap_page(page);
    unlock_page(page);
    put_page(page); /* the entry still holds it */
    return ours ? reuse_sole(f, page) : copy_cow_page(f, page);
}

static unsigned do_wp_page(struct fault *f)
{
    struct page *page = vm_normal_page(f->vma, f->orig);

    if (!page && pte_pfn(f->orig) != page_to_pfn(zero_page))
        return VM_FAULT_SIGBUS; /* a device's frame cannot be copied */
    if (!page)
        return copy_cow_page(f, zero_page);
    if (f->vma->vm_flags & VM_SHARED)
        return reuse_shared(f, page);
    return PageAnon(page) ? copy_or_reuse(f, page) : copy_cow_page(f, page);
}

/* ---- pages that were swapped out ---- */

/* The page of the slot, referenced. NULL: no memory, or another thread brought it back. */
static struct page *find_swapped_page(struct fault *f, swp_entry_t entry, unsigned *major)
{
    struct page *page = lookup_swap_cache(entry);

    *major = 0;
    if (page)
        return page;
    swapin_readahead(entry, f->address, f->vma);
    page = read_swap_cache_async(entry, f->vma, f->address);
    if (page)
        *major = VM_FAULT_MAJOR;
    return page;
}

/* The entry, which names the slot of page, names page from now on. Page locked; takes over the caller's reference. */
static void map_swapped_page(struct fault *f, struct page *page, swp_entry_t entry)
{
    pte_t pte = page_pte(f, page);

    f->mm->swap_usage--;
    f->mm->anon_rss++;
    note_rss(f->mm);
    page_add_anon_rmap(page, f->vma, f->address);
    swap_free(entry);
    if (f->write && can_share_swap_page(page))
        pte = written_pte(f, page);
    else if (vm_swap_full())
        remove_exclusive_swap_page(page);
    fault_set_pte(f, pte);
}

static unsigned do_swap_page(struct fault *f)
{
    swp_entry_t entry = pte_to_swp_entry(f->orig);
    unsigned major;
    struct page *page = find_swapped_page(f, entry, &major);

    if (!page)
        return entry_changed(f) ? VM_FAULT_MINOR : VM_FAULT_OOM;
    tell_branch(f, FLT_BRANCH_SWAP_IN);
    mark_page_accessed(page);
    if (!lock_swap_page(page, entry) || entry_changed(f)) {
        unlock_page(page); /* brought back, or given back, while this task waited: the access is tried again */
        put_page(page);
        return VM_FAULT_MINOR | major;
    }
    if (!PageUptodate(page)) {
        unlock_page(page);
        put_page(page);
        return VM_FAULT_SIGBUS;
    }
    map_swapped_page(f, page, entry);
    unlock_page(page);
    f->orig = *f->ptep;
    return (f->write && !pte_write(f->orig) ? do_wp_page(f) : VM_FAULT_MINOR) | major;
}

static unsigned spurious(struct fault *f)
{
    pte_t pte = pte_mkyoung(f->orig);

    if (f->write)
        pte = pte_mkdirty(pte);
    tell_branch(f, FLT_BRANCH_SPURIOUS);
    if (pte.pte != f->orig.pte)
        fault_set_pte(f, pte);
    else
        flush_tlb_page(f->vma, f->address);
    return VM_FAULT_MINOR;
}

/* ---- the choice ---- */

static unsigned handle_pte_fault(struct fault *f)
{
    f->orig = *f->ptep;
    if (pte_none(f->orig)) {
        bool file = f->vma->vm_ops && f->vma->vm_ops->fault;
        return file ? do_linear_fault(f) : do_anonymous_page(f);
    }
    if (pte_is_file(f->orig))
        return do_nonlinear_fault(f);
    if (pte_is_swap(f->orig))
        return do_swap_page(f);
    if (!pte_present(f->orig))
        panic("memory: entry %08x at %08lx is neither empty nor present", f->orig.pte, f->address);
    if (f->write && !pte_write(f->orig))
        return do_wp_page(f);
    return spurious(f);
}

/* The VMA allows the access. Returns VM_FAULT_ flags; without OOM and SIGBUS the access may be tried again. */
unsigned int do_handle_mm_fault(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address, unsigned flags)
{
    struct fault f = {
        .mm = mm,
        .vma = vma,
        .address = address & PAGE_MASK,
        .write = flags & FAULT_FLAG_WRITE,
        .story = flags & FAULT_FLAG_STORY,
    };
    pmd_t *pmd = pmd_offset(pud_offset(pgd_offset(mm, address), address), address);

    count_vm_event(PGFAULT);
    if (pte_alloc(mm, pmd))
        return VM_FAULT_OOM;
    f.ptep = pte_offset(pmd, address);
    return handle_pte_fault(&f);
}

unsigned int handle_mm_fault(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address, int write)
{
    return do_handle_mm_fault(mm, vma, address, write ? FAULT_FLAG_WRITE : 0);
}
