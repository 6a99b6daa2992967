/*
 * Buffers: the blocks of a page (fs/buffer_head.h), as the cache of a device's blocks.
 *
 *   page of the device's mapping    private ->  b0 -> b1 -> b2 -> b3 -> b0      (blocks of 1024 bytes)
 *                                               |
 *                                               b_assoc_buffers: on the list of the inode whose fsync writes it
 *
 * Held true besides what the header says:
 *   1. The circle of a page is made and taken apart under the page's lock; a buffer in use (b_count), dirty or locked
 *      keeps it together, and so does the page's writeback.
 *   2. BH_Lock is held for I/O of a buffer and released by its end, from the driver's interrupt. Who takes the lock
 *      sleeps in a hashed table of queues.
 *   3. BH_Dirty is cleared under BH_Lock, before its bytes are handed to the device. A failed write leaves
 *      BH_Write_EIO and the error in the mappings that fsync asks: the page's, and that of b_inode.
 *   4. Lists of associated buffers are changed by tasks only.
 */
#include "fs/buffer_internal.h"

#define WAIT_TABLE_BITS 6
#define GOLDEN_RATIO_PRIME 0x9e370001u

static kmem_cache_t *bh_cache;
static wait_queue_head_t wait_table[1u << WAIT_TABLE_BITS];

void buffer_init(void)
{
    bh_cache = kmem_cache_create("buffer_head", sizeof(struct buffer_head), 0, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(wait_table); i++)
        init_waitqueue_head(&wait_table[i]);
}

/* ---- the lock ---- */

static wait_queue_head_t *buffer_waitqueue(const struct buffer_head *bh)
{
    return &wait_table[(u32)(unsigned long)bh * GOLDEN_RATIO_PRIME >> (32 - WAIT_TABLE_BITS)];
}

static bool still_locked(const struct buffer_head *bh) { return *(const volatile u32 *)&bh->b_state >> BH_Lock & 1; }

/* Who waits for I/O wants it to have begun. */
static void wait_unlocked(struct buffer_head *bh, bool take_lock)
{
    wait_queue_head_t *queue = buffer_waitqueue(bh);
    DEFINE_WAIT(wait);
    wait.key = bh;
    wait.exclusive = take_lock;
    blk_run_queue(bh->b_bdev);
    for (;;) {
        prepare_to_wait(queue, &wait, TASK_UNINTERRUPTIBLE);
        if (!still_locked(bh))
            break;
        schedule();
    }
    if (take_lock)
        set_buffer_locked(bh);
    finish_wait(queue, &wait);
}

void lock_buffer(struct buffer_head *bh)
{
    if (likely(!still_locked(bh)))
        set_buffer_locked(bh);
    else
        wait_unlocked(bh, true);
}

void unlock_buffer(struct buffer_head *bh)
{
    BUG_ON(!buffer_locked(bh));
    clear_buffer_locked(bh);
    wake_up_key(buffer_waitqueue(bh), bh);
}

void wait_on_buffer(struct buffer_head *bh)
{
    if (still_locked(bh))
        wait_unlocked(bh, false);
}

void brelse(struct buffer_head *bh)
{
    if (!bh)
        return;
    BUG_ON(atomic_read(&bh->b_count) <= 0);
    atomic_dec(&bh->b_count);
}

/* ---- the circle of a page ---- */

/* Never fails: who asks is in the middle of a change of the disk, and most could not go back. */
static struct buffer_head *alloc_buffer_head(struct page *page, u32 size, u32 offset)
{
    struct buffer_head *bh = kmem_cache_zalloc(bh_cache, GFP_NOFS | __GFP_NOFAIL);
    bh->b_page = page;
    bh->b_size = size;
    bh->b_data = PageHighMem(page) ? (char *)(unsigned long)offset : (char *)page_address(page) + offset;
    INIT_LIST_HEAD(&bh->b_assoc_buffers);
    return bh;
}

static void free_chain(struct buffer_head *bh)
{
    while (bh) {
        struct buffer_head *next = bh->b_this_page;
        kmem_cache_free(bh_cache, bh);
        bh = next;
    }
}

/* A chain (not yet a circle) for one page, in order. */
static struct buffer_head *alloc_page_buffers(struct page *page, u32 size)
{
    struct buffer_head *head = NULL;
    for (u32 offset = PAGE_SIZE; offset; offset -= size) {
        struct buffer_head *bh = alloc_buffer_head(page, size, offset - size);
        bh->b_this_page = head;
        head = bh;
    }
    return head;
}

void create_empty_buffers(struct page *page, u32 block_size)
{
    struct buffer_head *head = alloc_page_buffers(page, block_size), *bh = head;
    BUG_ON(!PageLocked(page) || page_has_buffers(page));
    for (;;) {
        if (PageUptodate(page))
            set_buffer_uptodate(bh);
        if (PageDirty(page))
            set_buffer_dirty(bh);
        if (!bh->b_this_page)
            break;
        bh = bh->b_this_page;
    }
    bh->b_this_page = head;
    get_page(page);
    page->private = (u32)(unsigned long)head;
    SetPagePrivate(page);
}

static void remove_assoc_queue(struct buffer_head *bh)
{
    unsigned long flags = local_irq_save();
    list_del_init(&bh->b_assoc_buffers);
    bh->b_inode = NULL;
    local_irq_restore(flags);
}

static bool buffer_busy(const struct buffer_head *bh)
{
    return atomic_read(&bh->b_count) || buffer_dirty(bh) || buffer_locked(bh);
}

static bool any_busy(struct page *page)
{
    struct buffer_head *head = page_buffers(page), *bh = head;
    do {
        if (buffer_write_io_error(bh) && page->mapping)
            mapping_set_error(page->mapping, -EIO);
        if (buffer_busy(bh))
            return true;
        bh = bh->b_this_page;
    } while (bh != head);
    return false;
}

/* The page may be marked dirty although every buffer was written by itself: it is clean. */
int try_to_free_buffers(struct page *page)
{
    BUG_ON(!PageLocked(page) || !page_has_buffers(page));
    if (PageWriteback(page) || any_busy(page))
        return 0;
    struct buffer_head *head = page_buffers(page), *bh = head, *next;
    do {
        next = bh->b_this_page;
        remove_assoc_queue(bh);
        bh->b_this_page = next == head ? NULL : next;
        bh = next;
    } while (bh != head);
    ClearPagePrivate(page);
    page->private = 0;
    if (page->mapping)
        cancel_dirty_page(page);
    free_chain(head);
    put_page(page);
    return 1;
}

/* ---- finding a block in the device's mapping ---- */

static unsigned long index_of(u64 block, u32 size) { return (unsigned long)(block * size >> PAGE_SHIFT); }

static struct buffer_head *find_in_page(struct page *page, u64 block, u32 size)
{
    struct buffer_head *head = page_buffers(page), *bh = head;
    do {
        if (bh->b_blocknr == block && bh->b_size == size && buffer_mapped(bh))
            return bh;
        bh = bh->b_this_page;
    } while (bh != head);
    return NULL;
}

struct buffer_head *__find_get_block(struct block_device *bdev, u64 block, u32 size)
{
    struct page *page = find_get_page(bdev->bd_inode->i_mapping, index_of(block, size));
    if (!page)
        return NULL;
    struct buffer_head *bh = page_has_buffers(page) ? find_in_page(page, block, size) : NULL;
    if (bh) {
        get_bh(bh);
        mark_page_accessed(page);
    }
    put_page(page);
    return bh;
}

static void map_device_page(struct page *page, struct block_device *bdev, u32 size)
{
    struct buffer_head *head = page_buffers(page), *bh = head;
    u64 block = ((u64)page->index << PAGE_SHIFT) / size, end = (bdev->bd_sectors << SECTOR_SHIFT) / size;
    do {
        bh->b_bdev = bdev;
        bh->b_blocknr = block;
        if (block++ < end)
            set_buffer_mapped(bh);
        bh = bh->b_this_page;
    } while (bh != head);
}

/* Gives the block's page buffers of that size; it waits for memory as long as there is none. 0 or -EBUSY. */
static int grow_buffers(struct block_device *bdev, u64 block, u32 size)
{
    int error = 0;
    struct address_space *mapping = bdev->bd_inode->i_mapping;
    struct page *page =
        find_or_create_page(mapping, index_of(block, size), (mapping->gfp_mask & ~__GFP_FS) | __GFP_NOFAIL);
    if (page_has_buffers(page) && page_buffers(page)->b_size != size && !try_to_free_buffers(page))
        error = -EBUSY;
    if (!error && !page_has_buffers(page))
        create_empty_buffers(page, size);
    if (!error)
        map_device_page(page, bdev, size);
    unlock_page(page);
    put_page(page);
    return error;
}

struct buffer_head *__getblk(struct block_device *bdev, u64 block, u32 size)
{
    if (block >= (bdev->bd_sectors << SECTOR_SHIFT) / size)
        return NULL;
    for (;;) {
        struct buffer_head *bh = __find_get_block(bdev, block, size);
        if (bh || grow_buffers(bdev, block, size))
            return bh;
    }
}

static struct buffer_head *read_slow(struct buffer_head *bh)
{
    ll_rw_block(READ, 1, &bh);
    wait_on_buffer(bh);
    if (buffer_uptodate(bh))
        return bh;
    brelse(bh);
    return NULL;
}

struct buffer_head *__bread(struct block_device *bdev, u64 block, u32 size)
{
    struct buffer_head *bh = __getblk(bdev, block, size);
    return bh && !buffer_uptodate(bh) ? read_slow(bh) : bh;
}

struct buffer_head *sb_bread(struct super_block *sb, u64 block) { return __bread(sb->s_bdev, block, sb->s_blocksize); }
struct buffer_head *sb_getblk(struct super_block *sb, u64 block)
{
    return __getblk(sb->s_bdev, block, sb->s_blocksize);
}

/* ---- I/O of single buffers ---- */

static void end_bio_bh(struct bio *bio)
{
    struct buffer_head *bh = bio->bi_private;
    bool uptodate = bio->bi_error == 0;
    bio_put(bio);
    bh->b_end_io(bh, uptodate);
}

void submit_bh(int rw, struct buffer_head *bh)
{
    BUG_ON(!buffer_locked(bh) || !buffer_mapped(bh) || !bh->b_end_io);
    struct bio *bio = bio_alloc(GFP_NOIO, 1);
    bio->bi_bdev = bh->b_bdev;
    bio->bi_sector = bh->b_blocknr * (bh->b_size >> SECTOR_SHIFT);
    bio->bi_end_io = end_bio_bh;
    bio->bi_private = bh;
    bio_add_page(bio, bh->b_page, bh->b_size, bh_offset(bh));
    if (rw == WRITE)
        clear_buffer_write_io_error(bh);
    submit_bio(rw, bio);
}

/* Any context. The buffer keeps being up to date: its bytes are the newest that there are. */
void buffer_write_failed(struct buffer_head *bh)
{
    set_buffer_write_io_error(bh);
    if (bh->b_page->mapping)
        mapping_set_error(bh->b_page->mapping, -EIO);
    if (bh->b_inode)
        mapping_set_error(bh->b_inode->i_mapping, -EIO);
}

static void end_read_sync(struct buffer_head *bh, bool uptodate)
{
    if (uptodate)
        set_buffer_uptodate(bh);
    else
        clear_buffer_uptodate(bh);
    unlock_buffer(bh);
    brelse(bh);
}

static void end_write_sync(struct buffer_head *bh, bool uptodate)
{
    if (!uptodate)
        buffer_write_failed(bh);
    unlock_buffer(bh);
    brelse(bh);
}

static bool test_clear_dirty(struct buffer_head *bh)
{
    bool dirty = buffer_dirty(bh);
    clear_buffer_dirty(bh);
    return dirty;
}

/* Locked on entry; unlocked now or by the end of the I/O. */
static void start_locked(int rw, struct buffer_head *bh)
{
    bool wanted = rw == WRITE ? test_clear_dirty(bh) : !buffer_uptodate(bh);
    if (!wanted) {
        unlock_buffer(bh);
        return;
    }
    bh->b_end_io = rw == WRITE ? end_write_sync : end_read_sync;
    get_bh(bh);
    submit_bh(rw, bh);
}

/* What is under I/O of the same kind already is left to it; a buffer that is dirty again is waited for. */
void ll_rw_block(int rw, unsigned count, struct buffer_head *bhs[])
{
    for (unsigned i = 0; i < count; i++) {
        struct buffer_head *bh = bhs[i];
        if (rw == READ && still_locked(bh))
            continue;
        lock_buffer(bh);
        start_locked(rw, bh);
    }
}

int sync_dirty_buffer(struct buffer_head *bh)
{
    ll_rw_block(WRITE, 1, &bh);
    wait_on_buffer(bh);
    return buffer_write_io_error(bh) ? -EIO : 0;
}

/* ---- dirty buffers, and those that an inode's fsync writes ---- */

void mark_buffer_dirty(struct buffer_head *bh)
{
    BUG_ON(!buffer_uptodate(bh));
    if (buffer_dirty(bh))
        return;
    set_buffer_dirty(bh);
    __set_page_dirty_nobuffers(bh->b_page);
}

void mark_buffer_dirty_inode(struct buffer_head *bh, struct inode *inode)
{
    mark_buffer_dirty(bh);
    if (bh->b_inode)
        return;
    unsigned long flags = local_irq_save();
    bh->b_inode = inode;
    list_add_tail(&bh->b_assoc_buffers, &inode->i_data.private_list);
    local_irq_restore(flags);
}

static struct buffer_head *first_assoc(struct list_head *list)
{
    return list_entry(list->next, struct buffer_head, b_assoc_buffers);
}

/* Starts the writes of what is dirty; all that may be under I/O goes to *under_way. */
static void start_assoc_buffers(struct inode *inode, struct list_head *under_way)
{
    struct list_head *list = &inode->i_data.private_list;
    while (!list_empty(list)) {
        struct buffer_head *bh = first_assoc(list);
        if (!buffer_dirty(bh) && !buffer_locked(bh)) {
            remove_assoc_queue(bh);
            continue;
        }
        get_bh(bh);
        list_move_tail(&bh->b_assoc_buffers, under_way);
        ll_rw_block(WRITE, 1, &bh);
        brelse(bh);
    }
}

/* One that became dirty again while this task slept goes back to the inode's list. */
static int wait_assoc_buffers(struct inode *inode, struct list_head *under_way)
{
    int error = 0;
    while (!list_empty(under_way)) {
        struct buffer_head *bh = first_assoc(under_way);
        get_bh(bh);
        wait_on_buffer(bh);
        if (buffer_write_io_error(bh))
            error = -EIO;
        if (bh->b_inode == inode) {
            if (buffer_dirty(bh))
                list_move_tail(&bh->b_assoc_buffers, &inode->i_data.private_list);
            else
                remove_assoc_queue(bh);
        }
        brelse(bh);
    }
    return error;
}

int sync_mapping_buffers(struct inode *inode)
{
    LIST_HEAD(under_way);
    start_assoc_buffers(inode, &under_way);
    return wait_assoc_buffers(inode, &under_way);
}

void invalidate_inode_buffers(struct inode *inode)
{
    while (!list_empty(&inode->i_data.private_list))
        remove_assoc_queue(first_assoc(&inode->i_data.private_list));
}

void bforget(struct buffer_head *bh)
{
    clear_buffer_dirty(bh);
    remove_assoc_queue(bh);
    brelse(bh);
}

void unmap_underlying_metadata(struct block_device *bdev, u64 block)
{
    struct buffer_head *old = __find_get_block(bdev, block, bdev->bd_block_size);
    if (!old)
        return;
    clear_buffer_dirty(old);
    wait_on_buffer(old);
    brelse(old);
}
