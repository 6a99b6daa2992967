/*
 * Truncation: the pages from an offset on leave the page cache, and every mapping of them.
 *
 * The caller has already set i_size, so that no fault brings a page back. Mappings go first: a page that leaves the
 * cache while a page table still names it would be a frame that two owners believe to be theirs. What a task that
 * slept in a fault mapped meanwhile goes when its page is taken out.
 */
#include "mm/pagemap.h"
#include "mm/highmem.h"

#define BATCH 16u

static void zero_tail(struct address_space *mapping, loff_t from)
{
    u32 offset = (u32)from & (PAGE_SIZE - 1);
    struct page *page = offset ? find_get_page(mapping, (unsigned long)(from >> PAGE_SHIFT)) : NULL;
    if (!page)
        return;
    lock_page(page);
    if (page->mapping == mapping) {
        char *bytes = kmap_atomic(page, KM_USER0);
        memset(bytes + offset, 0, PAGE_SIZE - offset);
        kunmap_atomic(bytes, KM_USER0);
    }
    unlock_page(page);
    put_page(page);
}

static void drop_page(struct address_space *mapping, struct page *page)
{
    lock_page(page);
    if (page->mapping == mapping) {
        if (page_mapcount(page))
            unmap_mapping_range(mapping, page->index, 1);
        remove_from_page_cache(page);
    }
    unlock_page(page);
    put_page(page);
}

static unsigned grab_batch(struct address_space *mapping, unsigned long first, struct page **pages)
{
    unsigned count = radix_tree_gang_lookup(&mapping->page_tree, (void **)pages, first, BATCH);
    for (unsigned i = 0; i < count; i++)
        get_page(pages[i]);
    return count;
}

void truncate_inode_pages(struct address_space *mapping, loff_t from)
{
    unsigned long first = (unsigned long)((from + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
    struct page *pages[BATCH];
    unsigned count;
    if (!list_empty(&mapping->i_mmap))
        unmap_mapping_range(mapping, (u32)first, ~0u - (u32)first);
    zero_tail(mapping, from);
    while ((count = grab_batch(mapping, first, pages)) > 0)
        for (unsigned i = 0; i < count; i++)
            drop_page(mapping, pages[i]);
}
