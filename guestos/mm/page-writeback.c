/*
 * Writing dirty pages: one page's way, one file's pages, and how much may be dirty at all.
 *
 *   PG_dirty, DIRTY tag --clear_page_dirty_for_io--> DIRTY tag --set_page_writeback--> PG_writeback, WRITEBACK tag
 *      ^                                                                                         |
 *      +---- set_page_dirty, at any time: the page is written once more ----+   end_page_writeback --> clean
 *
 * Held true while a page is in its file's tree:
 *   1. PG_dirty -> DIRTY tag, in files that have a disk; NR_FILE_DIRTY counts those pages. A page that is not locked
 *      has the tag only when it is dirty.
 *   2. PG_writeback <-> WRITEBACK tag; NR_WRITEBACK counts those pages, and those of the swap cache.
 *   3. A page under writeback is not taken out of its tree, not truncated and not written a second time.
 * set_page_writeback and end_page_writeback are the pair that an I/O lies between; the latter runs in interrupts, so
 * flags, tags and numbers change with interrupts off.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "mm/writeback.h"
#include "block/blkdev.h"

#define BATCH 14u
#define RATELIMIT_PAGES 32u         /* pages that a writer dirties between two looks at the limits */
#define RATELIMIT_PAGES_EXCEEDED 8u /* the same while too much is dirty */

int vm_dirty_ratio = 40, dirty_background_ratio = 10;
unsigned dirty_writeback_interval = 5 * HZ, dirty_expire_interval = 30 * HZ;

/* ---- dirty ---- */

/* Counted in NR_FILE_DIRTY: the tag is set in files that have a disk, and nowhere else. */
static bool counts_as_dirty(struct address_space *mapping, struct page *page)
{
    return mapping != &swapper_space && radix_tree_tag_get(&mapping->page_tree, page_index(page), PAGECACHE_TAG_DIRTY);
}

int __set_page_dirty_nobuffers(struct page *page)
{
    struct address_space *mapping = PageAnon(page) ? NULL : page->mapping;

    if (PageDirty(page))
        return 0;
    SetPageDirty(page);
    if (!mapping)
        return 1;
    radix_tree_tag_set(&mapping->page_tree, page->index, PAGECACHE_TAG_DIRTY);
    inc_zone_page_state(page, NR_FILE_DIRTY);
    current->write_bytes += PAGE_SIZE;
    __mark_inode_dirty(mapping->host, I_DIRTY_PAGES);
    return 1;
}

int set_page_dirty(struct page *page)
{
    struct address_space *mapping = page_mapping(page);

    if (mapping && mapping->a_ops && mapping->a_ops->set_page_dirty)
        return mapping->a_ops->set_page_dirty(page);
    return __set_page_dirty_nobuffers(page);
}

/* PG_dirty goes, with its place in NR_FILE_DIRTY; the tag stays. */
static void forget_dirty(struct address_space *mapping, struct page *page)
{
    ClearPageDirty(page);
    if (mapping && counts_as_dirty(mapping, page))
        dec_zone_page_state(page, NR_FILE_DIRTY);
}

void cancel_dirty_page(struct page *page)
{
    struct address_space *mapping = page_mapping(page);

    if (PageDirty(page))
        forget_dirty(mapping, page);
    if (mapping)
        radix_tree_tag_clear(&mapping->page_tree, page_index(page), PAGECACHE_TAG_DIRTY);
}

/* Writes through mappings after this moment fault, and make it dirty anew. */
int clear_page_dirty_for_io(struct page *page)
{
    struct address_space *mapping = page_mapping(page);

    BUG_ON(!PageLocked(page));
    if (mapping && mapping != &swapper_space && page_mapcount(page) && page_mkclean(page))
        set_page_dirty(page);
    if (!PageDirty(page))
        return 0;
    forget_dirty(mapping, page);
    return 1;
}

int redirty_page_for_writepage(struct writeback_control *wbc, struct page *page)
{
    struct address_space *mapping = page_mapping(page);

    wbc->pages_skipped++;
    /* Not by the file's own set_page_dirty: which of its buffers are dirty has not changed. */
    return mapping && mapping->bdev ? __set_page_dirty_nobuffers(page) : set_page_dirty(page);
}

/* ---- under I/O ---- */

void set_page_writeback(struct page *page)
{
    struct address_space *mapping = page_mapping(page);
    unsigned long flags = local_irq_save();

    BUG_ON(!PageLocked(page) || PageWriteback(page));
    SetPageWriteback(page);
    inc_zone_page_state(page, NR_WRITEBACK);
    if (mapping) {
        radix_tree_tag_set(&mapping->page_tree, page_index(page), PAGECACHE_TAG_WRITEBACK);
        if (!PageDirty(page))
            radix_tree_tag_clear(&mapping->page_tree, page_index(page), PAGECACHE_TAG_DIRTY);
    }
    local_irq_restore(flags);
}

void end_page_writeback(struct page *page)
{
    struct address_space *mapping = page_mapping(page);
    unsigned long flags = local_irq_save();
    bool rotate = PageReclaim(page);

    BUG_ON(!PageWriteback(page));
    ClearPageReclaim(page);
    if (mapping)
        radix_tree_tag_clear(&mapping->page_tree, page_index(page), PAGECACHE_TAG_WRITEBACK);
    ClearPageWriteback(page);
    dec_zone_page_state(page, NR_WRITEBACK);
    if (rotate)
        rotate_reclaimable_page(page);
    wake_up_page(page);
    local_irq_restore(flags);
}

/* writepage refused: the page is dirty again and still locked. */
static int start_write(struct address_space *mapping, struct page *page, struct writeback_control *wbc)
{
    int error = mapping->a_ops->writepage(page, wbc);

    if (error == AOP_WRITEPAGE_ACTIVATE) {
        unlock_page(page);
        return 0;
    }
    if (error)
        mapping_set_error(mapping, error);
    return error;
}

int write_one_page(struct page *page, int wait)
{
    struct address_space *mapping = page->mapping;
    struct writeback_control wbc = {.sync_mode = WB_SYNC_ALL, .nr_to_write = 1};
    int error;

    BUG_ON(!PageLocked(page));
    if (wait)
        wait_on_page_writeback(page);
    if (PageWriteback(page) || !clear_page_dirty_for_io(page)) {
        unlock_page(page);
        return 0;
    }
    get_page(page);
    error = start_write(mapping, page, &wbc);
    if (!error && wait) {
        wait_on_page_writeback(page);
        error = PageError(page) ? -EIO : 0;
    }
    put_page(page);
    return error;
}

/* ---- one mapping ---- */

/* The pages [*index, last] with the tag, referenced; *index moves behind the last of them. */
static unsigned find_get_pages_tag(struct address_space *mapping, unsigned long *index, unsigned long last,
                                   unsigned tag, struct page **pages)
{
    unsigned found = radix_tree_gang_lookup_tag(&mapping->page_tree, (void **)pages, *index, BATCH, tag), n = 0;

    while (n < found && pages[n]->index <= last)
        get_page(pages[n++]);
    if (n)
        *index = pages[n - 1]->index + 1ul;
    return n;
}

static void put_pages(struct page **pages, unsigned count)
{
    while (count)
        put_page(pages[--count]);
}

/* One page that was dirty when it was found; it is referenced. 0 or -errno. */
static int write_found_page(struct address_space *mapping, struct page *page, struct writeback_control *wbc)
{
    lock_page(page);
    if (page->mapping == mapping && wbc->sync_mode == WB_SYNC_ALL)
        wait_on_page_writeback(page);
    if (page->mapping != mapping || PageWriteback(page) || !clear_page_dirty_for_io(page)) {
        unlock_page(page);
        return 0;
    }
    wbc->nr_to_write--;
    return start_write(mapping, page, wbc);
}

static bool wrote_enough(const struct writeback_control *wbc)
{
    return wbc->sync_mode == WB_SYNC_NONE && wbc->nr_to_write <= 0;
}

/* Dirty pages of [first, last], once each in order of index: a page that is dirtied behind the walk has to wait for the
 * next. *next is where a later walk goes on. */
static int write_dirty_range(struct address_space *mapping, struct writeback_control *wbc, unsigned long first,
                             unsigned long last, unsigned long *next)
{
    struct page *pages[BATCH];
    unsigned count;
    int result = 0;

    *next = first;
    while (first <= last && !wrote_enough(wbc) &&
           (count = find_get_pages_tag(mapping, &first, last, PAGECACHE_TAG_DIRTY, pages)) > 0) {
        for (unsigned i = 0; i < count && !wrote_enough(wbc); i++) {
            int error = write_found_page(mapping, pages[i], wbc);

            *next = pages[i]->index + 1ul;
            result = result ? result : error;
        }
        put_pages(pages, count);
        cond_resched();
        if (first == 0)
            break;
    }
    return result;
}

/* Background writeback goes round: from where it stopped to the end, then from the start. */
static int write_cyclic(struct address_space *mapping, struct writeback_control *wbc)
{
    unsigned long start = mapping->writeback_index;
    int result = write_dirty_range(mapping, wbc, start, ~0ul, &mapping->writeback_index);

    if (start && !wrote_enough(wbc)) {
        int error = write_dirty_range(mapping, wbc, 0, start - 1, &mapping->writeback_index);

        result = result ? result : error;
    }
    if (!wrote_enough(wbc))
        mapping->writeback_index = 0;
    return result;
}

static bool is_whole_file(const struct writeback_control *wbc) { return !wbc->range_start && !wbc->range_end; }

int generic_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
    unsigned long last = ~0ul, next;

    if (!mapping->a_ops || !mapping->a_ops->writepage)
        return 0;
    if (is_whole_file(wbc) && wbc->sync_mode == WB_SYNC_NONE)
        return write_cyclic(mapping, wbc);
    if (wbc->range_end)
        last = (unsigned long)(wbc->range_end >> PAGE_SHIFT);
    return write_dirty_range(mapping, wbc, (unsigned long)(wbc->range_start >> PAGE_SHIFT), last, &next);
}

int do_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
    if (wrote_enough(wbc))
        return 0;
    if (mapping->a_ops && mapping->a_ops->writepages)
        return mapping->a_ops->writepages(mapping, wbc);
    return generic_writepages(mapping, wbc);
}

int filemap_fdatawrite_range(struct address_space *mapping, loff_t start, loff_t end, enum writeback_sync_modes mode)
{
    struct writeback_control wbc = {
        .sync_mode = mode, .nr_to_write = 0x7fffffff, .range_start = start, .range_end = end};

    return do_writepages(mapping, &wbc);
}

int filemap_fdatawrite(struct address_space *mapping) { return filemap_fdatawrite_range(mapping, 0, 0, WB_SYNC_ALL); }

void wait_on_page_writeback_range(struct address_space *mapping, unsigned long first, unsigned long last)
{
    struct page *pages[BATCH];
    unsigned count;

    while (first <= last && (count = find_get_pages_tag(mapping, &first, last, PAGECACHE_TAG_WRITEBACK, pages)) > 0) {
        for (unsigned i = 0; i < count; i++)
            wait_on_page_writeback(pages[i]);
        put_pages(pages, count);
        cond_resched();
        if (first == 0)
            return;
    }
}

/* ---- errors: noted when they happen, told once ---- */

void mapping_set_error(struct address_space *mapping, int error)
{
    unsigned long flags = local_irq_save();

    if (error)
        mapping->flags |= 1u << (error == -ENOSPC ? AS_ENOSPC : AS_EIO);
    local_irq_restore(flags);
}

int filemap_check_errors(struct address_space *mapping)
{
    unsigned long flags = local_irq_save();
    u32 noted = mapping->flags & (1u << AS_EIO | 1u << AS_ENOSPC);

    mapping->flags &= ~noted;
    local_irq_restore(flags);
    if (noted & 1u << AS_EIO)
        return -EIO;
    return noted ? -ENOSPC : 0;
}

int filemap_fdatawait(struct address_space *mapping)
{
    wait_on_page_writeback_range(mapping, 0, ~0ul);
    return filemap_check_errors(mapping);
}

int filemap_write_and_wait(struct address_space *mapping)
{
    int error = filemap_fdatawrite(mapping), waited = filemap_fdatawait(mapping);

    return waited ? waited : error;
}

/* ---- how much may be dirty ---- */

/* What files could take: free memory, and what the lists of pages hold. */
static unsigned long dirtyable_pages(void)
{
    return nr_free_pages() + global_page_state(NR_ACTIVE) + global_page_state(NR_INACTIVE) + 1;
}

void get_dirty_limits(unsigned long *background, unsigned long *limit)
{
    unsigned long pages = dirtyable_pages();
    unsigned ratio = max_t(unsigned, 5, (unsigned)vm_dirty_ratio), lower = (unsigned)dirty_background_ratio;

    if (lower >= ratio)
        lower = ratio / 2;
    *limit = (unsigned long)((u64)pages * ratio / 100);
    *background = (unsigned long)((u64)pages * lower / 100);
}

unsigned long dirty_pages(void) { return global_page_state(NR_FILE_DIRTY); }

static bool over_limit(unsigned long *background, unsigned long *limit)
{
    get_dirty_limits(background, limit);
    return dirty_pages() + global_page_state(NR_WRITEBACK) > *limit;
}

static bool dirty_exceeded;

/* The writer writes as much as it may have dirtied, and waits for the disk while that was not enough. */
static void balance_dirty_pages(void)
{
    const long chunk = RATELIMIT_PAGES + RATELIMIT_PAGES / 2;
    unsigned long background, limit;
    long written = 0;

    while (over_limit(&background, &limit) && written < chunk) {
        struct writeback_control wbc = {.nr_to_write = chunk};

        dirty_exceeded = true;
        TRACE(FLT_DIRTY_THROTTLE, flt_dirty_throttle, .dirty = (u32)dirty_pages(), .background = (u32)background,
              .limit = (u32)limit);
        writeback_told(FLT_WB_THROTTLE, &wbc, limit, writeback_inodes);
        written += chunk - wbc.nr_to_write;
        if (written < chunk && over_limit(&background, &limit))
            congestion_wait(WRITE, HZ / 10);
    }
    if (!over_limit(&background, &limit))
        dirty_exceeded = false;
    if (dirty_pages() > background)
        start_background_writeout();
}

void balance_dirty_pages_ratelimited(struct address_space *mapping)
{
    static unsigned dirtied;

    if (!mapping->bdev)
        return;
    if (++dirtied < (dirty_exceeded ? RATELIMIT_PAGES_EXCEEDED : RATELIMIT_PAGES))
        return;
    dirtied = 0;
    balance_dirty_pages();
}

/* A tenth above the writers' limit: they stop first. A caller that may not wait for file systems waits once only. */
void throttle_vm_writeout(gfp_t gfp)
{
    unsigned long background, limit;

    do {
        get_dirty_limits(&background, &limit);
        limit += limit / 10;
        if (global_page_state(NR_WRITEBACK) <= limit)
            return;
        congestion_wait(WRITE, HZ / 10);
    } while ((gfp & (__GFP_FS | __GFP_IO)) == (__GFP_FS | __GFP_IO));
}

/* Start and end of a round of writeback as the emulator sees them. */
void writeback_told(enum flt_writeback_reason reason, struct writeback_control *wbc, unsigned long threshold,
                    void (*write)(struct writeback_control *wbc))
{
    long wanted = wbc->nr_to_write;

    TRACE(FLT_WRITEBACK_START, flt_writeback, .reason = reason, .pages = (u32)wanted, .dirty = (u32)dirty_pages(),
          .threshold = (u32)threshold);
    write(wbc);
    TRACE(FLT_WRITEBACK_END, flt_writeback, .reason = reason, .pages = (u32)(wanted - wbc->nr_to_write),
          .dirty = (u32)dirty_pages(), .threshold = (u32)threshold);
}

/* ---- checker ---- */

static void check_page(const struct address_space *mapping, struct radix_tree_root *tree, struct page *page)
{
    bool dirty_tag = radix_tree_tag_get(tree, page->index, PAGECACHE_TAG_DIRTY);

    if (page->mapping != mapping || radix_tree_lookup(tree, page->index) != page)
        panic("page cache: frame %lu is not where its file says", page_to_pfn(page));
    if (page_count(page) < 1)
        panic("page cache: frame %lu is in a file and free", page_to_pfn(page));
    if (PageWriteback(page) != (radix_tree_tag_get(tree, page->index, PAGECACHE_TAG_WRITEBACK) != 0))
        panic("page cache: writeback flag and tag of frame %lu differ", page_to_pfn(page));
    if (mapping->bdev && PageDirty(page) && !dirty_tag)
        panic("page cache: frame %lu is dirty without the tag", page_to_pfn(page));
    if (dirty_tag && !PageDirty(page) && !PageLocked(page))
        panic("page cache: frame %lu is tagged dirty and clean", page_to_pfn(page));
}

void check_mapping(struct address_space *mapping)
{
    struct page *pages[BATCH];
    unsigned long index = 0, total = 0;
    unsigned count;

    while ((count = radix_tree_gang_lookup(&mapping->page_tree, (void **)pages, index, BATCH)) > 0) {
        for (unsigned i = 0; i < count; i++)
            check_page(mapping, &mapping->page_tree, pages[i]);
        total += count;
        index = pages[count - 1]->index + 1ul;
        if (index == 0)
            break;
    }
    if (total != mapping->nrpages)
        panic("page cache: inode %u has %lu pages and counts %lu", mapping->host ? mapping->host->i_ino : 0, total,
              mapping->nrpages);
}

struct cache_numbers {
    long file_pages, dirty, writeback;
};

static void count_frame(struct page *page, struct cache_numbers *n)
{
    struct address_space *mapping = page_mapping(page);

    n->writeback += PageWriteback(page);
    if (!mapping)
        return;
    n->file_pages++;
    if (mapping == &swapper_space)
        return;
    check_page(mapping, &mapping->page_tree, page);
    n->dirty += PageDirty(page) && counts_as_dirty(mapping, page);
}

static void check_zone(const struct zone *zone)
{
    struct cache_numbers n = {0};
    const long *counted = zone->vm_stat;

    for (unsigned long pfn = zone->zone_start_pfn; pfn < zone->zone_start_pfn + zone->spanned_pages; pfn++)
        if (pfn_valid(pfn) && PageLRU(pfn_to_page(pfn)))
            count_frame(pfn_to_page(pfn), &n);
    if (n.file_pages != counted[NR_FILE_PAGES] || n.dirty != counted[NR_FILE_DIRTY] ||
        n.writeback != counted[NR_WRITEBACK])
        panic("page cache: zone %s counts %ld pages, %ld dirty, %ld under writeback; there are %ld, %ld, %ld",
              zone->name, counted[NR_FILE_PAGES], counted[NR_FILE_DIRTY], counted[NR_WRITEBACK], n.file_pages, n.dirty,
              n.writeback);
}

/* At rest: no page is isolated from its list. */
void check_page_cache(void)
{
    const struct zone *zone;

    lru_add_drain();
    for_each_zone (zone)
        check_zone(zone);
}
