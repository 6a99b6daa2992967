/*
 * Runs of pages: readahead in bios of many pages, without buffers.
 *
 * A page whose blocks lie one behind the other on the device, perhaps with a hole or the end of the file behind them,
 * joins the bio of the pages before it when it continues them. Any other page goes through its buffers
 * (block_read_full_page). The bio is not of the reserve: this task keeps it back while it asks where the next page
 * lies, which may take a bio itself.
 */
#include "fs/buffer_internal.h"

struct mpage_read {
    struct inode *inode;
    get_block_t get_block;
    struct bio *bio;
    u64 next_sector;      /* that continues bio */
    u32 block_size, left; /* pages to come */
};

static void mpage_end_read(struct bio *bio)
{
    for (unsigned i = 0; i < bio->bi_vcnt; i++) {
        struct page *page = bio->bi_io_vec[i].bv_page;
        if (bio->bi_error)
            SetPageError(page);
        else
            SetPageUptodate(page);
        unlock_page(page);
    }
    bio_put(bio);
}

static void send(struct mpage_read *r)
{
    if (r->bio)
        submit_bio(READ, r->bio);
    r->bio = NULL;
}

/* Where a page lies: bytes from sector on, the rest is zero. false: not in one piece, or unknown. */
static bool find_run(struct mpage_read *r, struct page *page, struct block_device **bdev, u64 *sector, u32 *bytes)
{
    u64 block = ((u64)page->index << PAGE_SHIFT) / r->block_size;
    u64 end = ((u64)r->inode->i_size + r->block_size - 1) / r->block_size;
    bool hole = false;
    *bytes = 0;
    for (u32 offset = 0; offset < PAGE_SIZE; offset += r->block_size, block++) {
        struct buffer_head bh = {.b_size = r->block_size, .b_page = page};
        if (block < end && r->get_block(r->inode, block, &bh, 0))
            return false;
        if (!buffer_mapped(&bh)) {
            hole = true;
            continue;
        }
        u64 at = bh.b_blocknr * (r->block_size >> SECTOR_SHIFT);
        if (*bytes == 0) {
            *sector = at;
            *bdev = bh.b_bdev;
        }
        if (hole || at != *sector + (*bytes >> SECTOR_SHIFT))
            return false;
        *bytes += r->block_size;
    }
    return true;
}

static void zero_from(struct page *page, u32 from)
{
    char *bytes = kmap_atomic(page, KM_USER0);
    memset(bytes + from, 0, PAGE_SIZE - from);
    kunmap_atomic(bytes, KM_USER0);
}

static bool append(struct mpage_read *r, struct page *page, struct block_device *bdev, u64 sector, u32 bytes)
{
    if (r->bio && (sector != r->next_sector || r->bio->bi_vcnt == r->bio->bi_max_vecs))
        send(r);
    if (!r->bio) {
        r->bio = bio_alloc(GFP_ATOMIC, (unsigned)min_t(u32, r->left, BIO_MAX_VECS));
        if (!r->bio)
            return false;
        r->bio->bi_bdev = bdev;
        r->bio->bi_sector = sector;
        r->bio->bi_end_io = mpage_end_read;
    }
    bio_add_page(r->bio, page, bytes, 0);
    r->next_sector = sector + (bytes >> SECTOR_SHIFT);
    return true;
}

/* A locked page of the cache. Its error, if any, is in its flags. */
static void read_page(struct mpage_read *r, struct page *page)
{
    struct block_device *bdev = NULL;
    u64 sector = 0;
    u32 bytes;
    bool run = !page_has_buffers(page) && find_run(r, page, &bdev, &sector, &bytes);
    if (run && bytes < PAGE_SIZE)
        zero_from(page, bytes);
    if (run && bytes == 0) {
        SetPageUptodate(page);
        unlock_page(page);
    } else if (!run || !append(r, page, bdev, sector, bytes)) {
        send(r);
        block_read_full_page(page, r->get_block);
    }
}

int mpage_readpages(struct address_space *mapping, struct list_head *pages, unsigned count, get_block_t get_block)
{
    struct inode *inode = mapping->host;
    struct mpage_read r = {.inode = inode, .get_block = get_block, .left = count};
    r.block_size = inode->i_sb->s_blocksize ? inode->i_sb->s_blocksize : inode->i_bdev->bd_block_size;
    while (!list_empty(pages)) {
        struct page *page = list_entry(pages->next, struct page, lru);
        list_del(&page->lru);
        if (!add_to_page_cache(page, mapping, page->index, mapping->gfp_mask & ~__GFP_FS))
            read_page(&r, page);
        put_page(page);
        r.left -= r.left > 1;
    }
    send(&r);
    return 0;
}

/* Page by page: pages that follow one another on the device become one request in its queue. */
int mpage_writepages(struct address_space *mapping, struct writeback_control *wbc, get_block_t get_block)
{
    (void)get_block;
    return generic_writepages(mapping, wbc);
}
