/*
 * Reading ahead: the disk works on the pages that a program will want next while it works on those that it has.
 *
 *        start                      start + size
 *          |------------|-------------|
 *                       ^ start + size - async_size: read here, and the next window is started
 *
 *   first read, or the one after the last      a window of 2 or 4 times what is wanted, at most ra_pages
 *   at the mark, or at the window's end        the next window, twice as large, behind the last
 *   anywhere else                              what is wanted and no more
 *
 * A fault without advice reads around itself: programs jump in their text, but not far. After MMAP_LOTSAMISS more
 * misses than hits it stops. MADV_SEQUENTIAL treats faults as reads, MADV_RANDOM reads the one page.
 * Files in memory have nothing to be read from: no page is made for a hole that nobody touched.
 */
#include "mm/pagemap.h"
#include "mm/swap.h"
#include "fs/fs.h"
#include "kernel/trace.h"

#define MMAP_LOTSAMISS 100u
#define BATCH 32u

void file_ra_state_init(struct file_ra_state *ra)
{
    *ra = (struct file_ra_state){.ra_pages = MAX_RA_PAGES, .prev_index = ~0ul};
}

static bool can_read_ahead(const struct address_space *mapping)
{
    return mapping->a_ops && mapping->a_ops->readpage && (mapping->bdev || mapping->a_ops->readpages);
}

static unsigned long pages_in_file(const struct address_space *mapping)
{
    return (unsigned long)((mapping->host->i_size + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static bool is_cached(struct address_space *mapping, unsigned long index)
{
    return radix_tree_lookup(&mapping->page_tree, index) != NULL;
}

/* ---- the reads ---- */

static void read_one_by_one(struct address_space *mapping, struct file *file, struct list_head *pages)
{
    while (!list_empty(pages)) {
        struct page *page = list_entry(pages->next, struct page, lru);
        list_del(&page->lru);
        if (!add_to_page_cache(page, mapping, page->index, mapping->gfp_mask))
            mapping->a_ops->readpage(file, page); /* a failure shows as a page that is not up to date */
        put_page(page);
    }
}

static void read_pages(struct address_space *mapping, struct file *file, struct list_head *pages, unsigned count)
{
    if (!mapping->a_ops->readpages) {
        read_one_by_one(mapping, file, pages);
        return;
    }
    mapping->a_ops->readpages(file, mapping, pages, count);
    while (!list_empty(pages)) { /* those that it did not take */
        struct page *page = list_entry(pages->next, struct page, lru);
        list_del(&page->lru);
        put_page(page);
    }
}

/* A fresh page for index, or NULL: memory is short, and reading ahead is not worth waiting for it. */
static struct page *alloc_readahead_page(const struct address_space *mapping, unsigned long index)
{
    struct page *page = alloc_page(mapping->gfp_mask | __GFP_COLD | __GFP_NORETRY | __GFP_NOWARN);
    if (page)
        page->index = (u32)index;
    return page;
}

/* At most BATCH pages from index on, before end, that are missing. */
static unsigned read_batch(struct address_space *mapping, struct file *file, unsigned long index, unsigned long end)
{
    LIST_HEAD(pages);
    unsigned count = 0;
    for (; index < end && index < pages_in_file(mapping); index++) {
        if (is_cached(mapping, index))
            continue;
        struct page *page = alloc_readahead_page(mapping, index);
        if (!page)
            break;
        list_add_tail(&page->lru, &pages);
        count++;
    }
    if (count)
        read_pages(mapping, file, &pages, count);
    return count;
}

unsigned long force_page_cache_readahead(struct file *file, unsigned long index, unsigned long count)
{
    struct address_space *mapping = file->f_mapping;
    unsigned long started = 0, size = pages_in_file(mapping);
    if (!can_read_ahead(mapping) || index >= size)
        return 0;
    unsigned long end = count < size - index ? index + count : size;
    TRACE(FLT_READAHEAD, flt_readahead, .inode = mapping->host->i_ino, .index = (u32)index,
          .pages = (u32)(end - index));
    for (; index < end; index += BATCH)
        started += read_batch(mapping, file, index, end - index < BATCH ? end : index + BATCH);
    return started;
}

/* ---- the windows ---- */

static unsigned long roundup_pow2(unsigned long n)
{
    unsigned long power = 1;
    while (power < n)
        power <<= 1;
    return power;
}

static unsigned long first_window(unsigned long wanted, unsigned long max)
{
    unsigned long size = wanted < max ? roundup_pow2(wanted) : max;
    if (size <= max / 32)
        size *= 4;
    else if (size <= max / 4)
        size *= 2;
    return size < max ? size : max;
}

static unsigned long next_window(unsigned long size, unsigned long max)
{
    unsigned long next = size < max / 16 ? 4 * size : 2 * size;
    return next < max ? next : max;
}

static void start_window(struct file *file)
{
    struct file_ra_state *ra = &file->f_ra;
    force_page_cache_readahead(file, ra->start, ra->size);
}

static bool is_next_window(const struct file_ra_state *ra, unsigned long index)
{
    return ra->size && (index == ra->start + ra->size - ra->async_size || index == ra->start + ra->size);
}

static bool is_sequential(const struct file_ra_state *ra, unsigned long index)
{
    return index == 0 || index == ra->prev_index || index == ra->prev_index + 1;
}

static void slide_window(struct file *file)
{
    struct file_ra_state *ra = &file->f_ra;
    ra->start += ra->size;
    ra->size = ra->async_size = next_window(ra->size, ra->ra_pages);
    start_window(file);
}

void page_cache_readahead(struct file *file, unsigned long index, unsigned long wanted)
{
    struct file_ra_state *ra = &file->f_ra;
    struct address_space *mapping = file->f_mapping;
    unsigned long max = ra->ra_pages;
    bool missing;
    if (!max || !can_read_ahead(mapping))
        return;
    if (is_next_window(ra, index)) {
        slide_window(file);
        return;
    }
    missing = !is_cached(mapping, index);
    if (!missing)
        return;
    if (wanted > max)
        wanted = max;
    if (!is_sequential(ra, index)) {
        force_page_cache_readahead(file, index, wanted);
        return;
    }
    ra->start = index;
    ra->size = first_window(wanted, max);
    ra->async_size = ra->size > wanted ? ra->size - wanted : ra->size;
    start_window(file);
}

/* ---- faults ---- */

static void read_around(struct file *file, unsigned long index)
{
    unsigned long max = file->f_ra.ra_pages, start = index > max / 2 ? index - max / 2 : 0;
    force_page_cache_readahead(file, start, max);
}

void fault_readahead(struct vm_area_struct *vma, unsigned long index)
{
    struct file *file = vma->vm_file;
    struct file_ra_state *ra = &file->f_ra;
    if (!ra->ra_pages || (vma->vm_flags & VM_RAND_READ) || !can_read_ahead(file->f_mapping))
        return;
    if (vma->vm_flags & VM_SEQ_READ) {
        page_cache_readahead(file, index, 1);
        return;
    }
    if (is_cached(file->f_mapping, index)) {
        if (ra->mmap_miss)
            ra->mmap_miss--;
        return;
    }
    if (ra->mmap_miss < 2 * MMAP_LOTSAMISS)
        ra->mmap_miss++;
    if (ra->mmap_miss <= MMAP_LOTSAMISS)
        read_around(file, index);
}
