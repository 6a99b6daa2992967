/*
 * Pages to and from their slots. A write that fails costs nobody anything: the page stays, dirty, and memory is where
 * its contents are. A read that fails leaves the page in the swap cache without PG_uptodate: whoever needs it gets
 * SIGBUS, and the slot goes with its owners.
 */
#include "mm/internal.h"
#include "mm/swapfile.h"
#include "block/blkdev.h"

static void log_error(const struct page *page, const char *what)
{
    swp_entry_t entry = {page->private};

    printk("swap: %s error on slot %lu of area %u\n", what, swp_offset(entry), swp_type(entry));
}

static struct bio *swap_bio(struct page *page, void (*end)(struct bio *bio))
{
    swp_entry_t entry = {page->private};
    const struct swap_info_struct *area = swap_info_get(entry);
    struct bio *bio;

    BUG_ON(!area);
    bio = bio_alloc(GFP_NOIO, 1);
    if (!bio)
        return NULL;
    bio->bi_bdev = area->bdev;
    bio->bi_sector = swap_sector(area, (u32)swp_offset(entry));
    bio->bi_end_io = end;
    bio_add_page(bio, page, PAGE_SIZE, 0);
    return bio;
}

static void end_swap_write(struct bio *bio)
{
    struct page *page = bio->bi_io_vec[0].bv_page;

    if (bio->bi_error) {
        log_error(page, "write");
        SetPageError(page);
        SetPageDirty(page);
        ClearPageReclaim(page); /* not to the tail of the inactive list: it cannot go next */
    }
    end_page_writeback(page);
    bio_put(bio);
}

int swap_writepage(struct page *page, struct writeback_control *wbc)
{
    struct bio *bio;

    (void)wbc;
    if (remove_exclusive_swap_page(page)) { /* nobody wants it back */
        unlock_page(page);
        return 0;
    }
    bio = swap_bio(page, end_swap_write);
    if (!bio) {
        SetPageDirty(page);
        unlock_page(page);
        return -ENOMEM;
    }
    count_vm_event(PSWPOUT);
    set_page_writeback(page);
    unlock_page(page);
    submit_bio(WRITE, bio);
    return 0;
}

static void end_swap_read(struct bio *bio)
{
    struct page *page = bio->bi_io_vec[0].bv_page;

    if (bio->bi_error) {
        log_error(page, "read");
        SetPageError(page);
    } else {
        SetPageUptodate(page);
    }
    unlock_page(page);
    bio_put(bio);
}

int swap_readpage(struct file *file, struct page *page)
{
    struct bio *bio = swap_bio(page, end_swap_read);

    (void)file;
    if (!bio) {
        unlock_page(page);
        return -ENOMEM;
    }
    count_vm_event(PSWPIN);
    submit_bio(READ, bio);
    return 0;
}

static bool has_slot(const struct page *page, swp_entry_t entry)
{
    return PageSwapCache(page) && page->private == entry.val;
}

/* A read that failed may have been one of many that went to the disk together: it is tried alone before it counts. */
bool lock_swap_page(struct page *page, swp_entry_t entry)
{
    lock_page(page);
    if (PageUptodate(page) || !has_slot(page, entry))
        return has_slot(page, entry);
    ClearPageError(page);
    swap_readpage(NULL, page);
    lock_page(page);
    return has_slot(page, entry);
}
