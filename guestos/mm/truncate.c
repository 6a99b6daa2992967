/*
 * Pages leave the page cache before their file does.
 *
 * Truncation, from an offset on, and every mapping of what goes. The caller has already set i_size, so that no fault
 * brings a page back. Mappings go first: a page that leaves the cache while a page table still names it would be a
 * frame that two owners believe to be theirs. What a task that slept in a fault mapped meanwhile goes when its page is
 * taken out. A page under I/O is waited for; one that is dirty is not written any more.
 *
 * Invalidation, of what can be read again: clean pages that nobody maps, locks or holds. It never waits.
 */
#include "mm/pagemap.h"
#include "mm/highmem.h"
#include "mm/swap.h"
#include "mm/writeback.h"
#include "fs/buffer_head.h"

#define BATCH 16u

/* The owner of PG_private forgets what lies behind offset; at 0, all of it. */
static void do_invalidatepage(struct page *page, u32 offset)
{
    const struct address_space_operations *ops = page->mapping->a_ops;
    if (!PagePrivate(page))
        return;
    if (ops->invalidatepage)
        ops->invalidatepage(page, offset);
    else
        block_invalidatepage(page, offset);
}

int try_to_release_page(struct page *page, gfp_t gfp)
{
    struct address_space *mapping = page_mapping(page);
    BUG_ON(!PageLocked(page));
    if (PageWriteback(page))
        return 0;
    if (mapping && mapping->a_ops && mapping->a_ops->releasepage)
        return mapping->a_ops->releasepage(page, gfp);
    return try_to_free_buffers(page);
}

static void zero_tail(struct address_space *mapping, loff_t from)
{
    u32 offset = (u32)from & (PAGE_SIZE - 1);
    struct page *page = offset ? find_get_page(mapping, (unsigned long)(from >> PAGE_SHIFT)) : NULL;
    if (!page)
        return;
    lock_page(page);
    wait_on_page_writeback(page);
    if (page->mapping == mapping) {
        char *bytes = kmap_atomic(page, KM_USER0);
        memset(bytes + offset, 0, PAGE_SIZE - offset);
        kunmap_atomic(bytes, KM_USER0);
        do_invalidatepage(page, offset);
    }
    unlock_page(page);
    put_page(page);
}

static void drop_page(struct address_space *mapping, struct page *page)
{
    lock_page(page);
    wait_on_page_writeback(page);
    if (page->mapping == mapping) {
        if (page_mapcount(page))
            unmap_mapping_range(mapping, page->index, 1);
        do_invalidatepage(page, 0);
        cancel_dirty_page(page);
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
    if (mapping_mapped(mapping))
        unmap_mapping_range(mapping, (u32)first, ~0u - (u32)first);
    zero_tail(mapping, from);
    while ((count = grab_batch(mapping, first, pages)) > 0) {
        for (unsigned i = 0; i < count; i++)
            drop_page(mapping, pages[i]);
        cond_resched();
    }
}

/* The page is locked by us and held by the cache and by us. */
static bool invalidate_page(struct address_space *mapping, struct page *page)
{
    if (page->mapping != mapping || PageDirty(page) || PageWriteback(page) || page_mapcount(page))
        return false;
    if (PagePrivate(page) && !try_to_release_page(page, 0))
        return false;
    if (page->mapping != mapping || PageDirty(page) || PagePrivate(page) || page_count(page) != 2)
        return false;
    remove_from_page_cache(page);
    return true;
}

unsigned long invalidate_mapping_pages(struct address_space *mapping, unsigned long first, unsigned long last)
{
    struct page *pages[BATCH];
    unsigned long dropped = 0;
    unsigned count;
    lru_add_drain(); /* pages that wait for their list are held by the pagevec */
    while (first <= last && (count = grab_batch(mapping, first, pages)) > 0) {
        first = pages[count - 1]->index + 1ul;
        for (unsigned i = 0; i < count; i++) {
            if (pages[i]->index <= last && !PageLocked(pages[i])) {
                SetPageLocked(pages[i]);
                dropped += invalidate_page(mapping, pages[i]);
                unlock_page(pages[i]);
            }
            put_page(pages[i]);
        }
        cond_resched();
        if (first == 0)
            break;
    }
    return dropped;
}
