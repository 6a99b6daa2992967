/*
 * The swap cache: pages that have a slot in a swap area, by slot. It is an address_space like a file's, so that page
 * locks, dirty flags and writeback work on anonymous pages as on others.
 *
 * Held true:
 *   1. A page in the tree has PG_swapcache and its entry in private; the cache holds a reference on it and one use of
 *      the slot. So a slot is never given away while a page of it is in memory.
 *   2. A page enters and leaves under its lock. Whoever waited for the lock looks at PG_swapcache and private again.
 *   3. PG_dirty: memory is newer than the slot. A page that leaves while it is in use becomes dirty: memory is then the
 *      only place that has it.
 * The tree changes with interrupts off: the end of a write clears its tag from an interrupt.
 */
#include "mm/internal.h"
#include "mm/swap.h"

static int swap_set_page_dirty(struct page *page)
{
    bool was_clean = !PageDirty(page);

    SetPageDirty(page);
    return was_clean;
}

static const struct address_space_operations swap_aops = {
    .readpage = swap_readpage,
    .writepage = swap_writepage,
    .set_page_dirty = swap_set_page_dirty,
};

struct address_space swapper_space = {
    .page_tree = RADIX_TREE_INIT(GFP_ATOMIC | __GFP_NOWARN),
    .i_mmap_nonlinear = LIST_HEAD_INIT(swapper_space.i_mmap_nonlinear),
    .private_list = LIST_HEAD_INIT(swapper_space.private_list),
    .a_ops = &swap_aops,
};

static void tell(u16 type, const struct page *page, swp_entry_t entry, bool cached)
{
    TRACE(type, flt_mm_swap, .pfn = (u32)page_to_pfn(page), .type = swp_type(entry), .offset = (u32)swp_offset(entry),
          .cached = cached);
}

/* The use of the slot that the cache has from now on is the caller's to give. */
int add_to_swap_cache(struct page *page, swp_entry_t entry, gfp_t gfp)
{
    int error;

    VM_BUG_ON(!PageLocked(page) || PageSwapCache(page));
    swapper_space.page_tree.gfp_mask = gfp & ~(__GFP_HIGHMEM | __GFP_ZERO);
    error = radix_tree_insert(&swapper_space.page_tree, entry.val, page);
    if (error)
        return error;
    get_page(page);
    SetPageSwapCache(page);
    page->private = (u32)entry.val;
    swapper_space.nrpages++;
    inc_zone_page_state(page, NR_FILE_PAGES);
    return 0;
}

/* The slot stays in use by whom it was. */
static void remove_from_swap_cache(struct page *page)
{
    unsigned long flags = local_irq_save();

    VM_BUG_ON(!PageLocked(page) || !PageSwapCache(page) || PageWriteback(page));
    radix_tree_delete(&swapper_space.page_tree, page->private);
    local_irq_restore(flags);
    ClearPageSwapCache(page);
    page->private = 0;
    swapper_space.nrpages--;
    dec_zone_page_state(page, NR_FILE_PAGES);
}

void delete_from_swap_cache(struct page *page)
{
    swp_entry_t entry = {page->private};

    remove_from_swap_cache(page);
    swap_free(entry);
    put_page(page);
}

int add_to_swap(struct page *page, gfp_t gfp)
{
    /* Memory is short already, and what is left is for those who free some: this caller can wait for another page. */
    gfp_t tree_gfp = (gfp & ~(__GFP_WAIT | __GFP_IO | __GFP_FS)) | __GFP_HIGH | __GFP_NOMEMALLOC | __GFP_NOWARN;

    VM_BUG_ON(!PageLocked(page) || !PageUptodate(page) || !PageAnon(page));
    for (;;) {
        swp_entry_t entry = get_swap_page();
        int error;

        if (!entry.val)
            return 0;
        error = add_to_swap_cache(page, entry, tree_gfp);
        if (!error) {
            SetPageDirty(page);
            tell(FLT_MM_SWAP_OUT, page, entry, true);
            return 1;
        }
        swap_free(entry);
        if (error != -EEXIST) /* else readahead of what the slot held before has just put a page there */
            return 0;
    }
}

int move_to_swap_cache(struct page *page, swp_entry_t entry)
{
    int error = add_to_swap_cache(page, entry, GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_NOWARN);

    if (error)
        return error;
    remove_from_page_cache(page);
    SetPageDirty(page);
    tell(FLT_MM_SWAP_OUT, page, entry, true);
    return 0;
}

struct page *lookup_swap_cache(swp_entry_t entry)
{
    struct page *page = find_get_page(&swapper_space, entry.val);

    if (page)
        tell(FLT_MM_SWAP_IN, page, entry, true);
    return page;
}

/* A fresh page for the slot, locked, in the cache: 0. -ENOENT: nobody uses the slot any more. -EEXIST, -ENOMEM. */
static int cache_slot(struct page *page, swp_entry_t entry)
{
    int error;

    if (!swap_count(entry))
        return -ENOENT;
    SetPageLocked(page);
    error = add_to_swap_cache(page, entry, GFP_KERNEL); /* may sleep before it adds */
    if (!error && swap_duplicate(entry))
        return 0;
    if (!error) {
        remove_from_swap_cache(page);
        put_page(page);
        error = -ENOENT;
    }
    ClearPageLocked(page);
    return error;
}

/* The page of the slot, referenced; its read may be under way. NULL: no memory, or the slot is free. May sleep. */
struct page *read_swap_cache_async(swp_entry_t entry, struct vm_area_struct *vma, unsigned long address)
{
    struct page *fresh = NULL, *found;
    int error;

    (void)vma, (void)address;
    for (;;) {
        found = find_get_page(&swapper_space, entry.val);
        if (found)
            break;
        if (!fresh) {
            fresh = alloc_page(GFP_HIGHUSER);
            if (!fresh)
                return NULL;
            continue; /* it may have slept */
        }
        error = cache_slot(fresh, entry);
        if (!error) {
            lru_cache_add_active(fresh);
            tell(FLT_MM_SWAP_IN, fresh, entry, false);
            swap_readpage(NULL, fresh);
            return fresh;
        }
        if (error != -EEXIST)
            break;
    }
    if (fresh)
        put_page(fresh);
    return found;
}

/* Slots beside this one were written at the same time, so they are probably wanted at the same time. */
void swapin_readahead(swp_entry_t entry, unsigned long address, struct vm_area_struct *vma)
{
    unsigned long offset;
    int count = valid_swaphandles(entry, &offset);

    for (; count > 0; count--, offset++) {
        struct page *page = read_swap_cache_async(swp_entry(swp_type(entry), offset), vma, address);

        if (!page)
            break;
        put_page(page);
    }
    lru_add_drain();
}

void free_page_and_swap_cache(struct page *page)
{
    if (PageSwapCache(page) && trylock_page(page)) {
        if (PageSwapCache(page))
            remove_exclusive_swap_page(page);
        unlock_page(page);
    }
    put_page(page);
}
