/*
 * Pages of files and devices through their buffers: what a file system's address_space_operations are made of. The
 * file system says where a block lies (get_block); everything else is here.
 *
 *   read    page locked; every buffer that is not up to date is read, a hole is zeroed; the end of the last read makes
 *           the page up to date and unlocks it
 *   write   page locked and clean for I/O; its dirty buffers are mapped, then locked and flagged, then the page goes
 *           under writeback, then they are sent, then it is unlocked; the end of the last one ends the writeback
 *   change  write_begin maps the blocks that will change and reads those that change in part; write_end marks them
 *
 * A buffer that is under I/O for its page has BH_Async_Read or BH_Async_Write: the last one to lose it ends the page's I/O. Blocks behind
 * i_size are zeroed when read and not written.
 */
#include "fs/buffer_internal.h"

#define MAX_BUF_PER_PAGE (PAGE_SIZE >> SECTOR_SHIFT)

static u32 block_size_of(const struct inode *inode)
{
    return inode->i_sb->s_blocksize ? inode->i_sb->s_blocksize : inode->i_bdev->bd_block_size;
}

static void ensure_buffers(struct page *page)
{
    if (!page_has_buffers(page))
        create_empty_buffers(page, block_size_of(page->mapping->host));
}

static u64 first_block(const struct page *page, u32 size) { return ((u64)page->index << PAGE_SHIFT) / size; }

/* Blocks that the file has. */
static u64 block_count(const struct inode *inode, u32 size) { return ((u64)inode->i_size + size - 1) / size; }

static void zero_bytes(struct page *page, u32 from, u32 to)
{
    char *bytes;
    if (from >= to)
        return;
    bytes = kmap_atomic(page, KM_USER0);
    memset(bytes + from, 0, to - from);
    kunmap_atomic(bytes, KM_USER0);
}

static void zero_buffer(struct buffer_head *bh) { zero_bytes(bh->b_page, bh_offset(bh), bh_offset(bh) + bh->b_size); }

/* Finds or makes the block. Its old life as metadata, if it had one, ends here. */
static int map_block(struct inode *inode, u64 block, struct buffer_head *bh, int create, get_block_t get_block)
{
    clear_buffer_new(bh);
    int error = get_block(inode, block, bh, create);
    if (!error && buffer_new(bh))
        unmap_underlying_metadata(bh->b_bdev, bh->b_blocknr);
    return error;
}

/* Takes bh out of its page's I/O of that kind; true: it was the last. Any context. */
static bool last_async(struct buffer_head *bh, enum bh_state_bits kind)
{
    struct buffer_head *at = bh;
    atomic_clear_mask(1u << kind, &bh->b_state);
    unlock_buffer(bh);
    do {
        if (at->b_state >> kind & 1)
            return false;
        at = at->b_this_page;
    } while (at != bh);
    return true;
}

/* ---- read ---- */

static bool all_uptodate(struct page *page)
{
    struct buffer_head *head = page_buffers(page), *bh = head;
    do {
        if (!buffer_uptodate(bh))
            return false;
        bh = bh->b_this_page;
    } while (bh != head);
    return true;
}

static void finish_read(struct page *page)
{
    if (all_uptodate(page))
        SetPageUptodate(page);
    else
        SetPageError(page);
    unlock_page(page);
}

static void end_async_read(struct buffer_head *bh, bool uptodate)
{
    unsigned long flags = local_irq_save();
    if (uptodate)
        set_buffer_uptodate(bh);
    if (last_async(bh, BH_Async_Read))
        finish_read(bh->b_page);
    local_irq_restore(flags);
}

/* Must this buffer be read? A hole becomes up to date here. */
static bool needs_read(struct inode *inode, u64 block, struct buffer_head *bh, get_block_t get_block, int *error)
{
    if (buffer_uptodate(bh))
        return false;
    if (!buffer_mapped(bh) && block < block_count(inode, bh->b_size)) {
        int result = map_block(inode, block, bh, 0, get_block);
        if (result) {
            *error = result;
            return false;
        }
    }
    if (buffer_mapped(bh))
        return !buffer_uptodate(bh);
    zero_buffer(bh);
    set_buffer_uptodate(bh);
    return false;
}

static void send_reads(struct buffer_head *bhs[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        lock_buffer(bhs[i]);
        bhs[i]->b_end_io = end_async_read;
        set_buffer_async_read(bhs[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        if (buffer_uptodate(bhs[i])) /* somebody read it alone while this task slept */
            end_async_read(bhs[i], true);
        else
            submit_bh(READ, bhs[i]);
    }
}

int block_read_full_page(struct page *page, get_block_t get_block)
{
    struct buffer_head *reads[MAX_BUF_PER_PAGE];
    unsigned count = 0;
    BUG_ON(!PageLocked(page));
    ClearPageError(page);
    int error = 0;
    ensure_buffers(page);
    struct buffer_head *head = page_buffers(page), *bh = head;
    u64 block = first_block(page, bh->b_size);
    do {
        if (needs_read(page->mapping->host, block++, bh, get_block, &error))
            reads[count++] = bh;
        bh = bh->b_this_page;
    } while (bh != head);
    if (count)
        send_reads(reads, count);
    else
        finish_read(page);
    return error;
}

/* ---- write ---- */

static void end_async_write(struct buffer_head *bh, bool uptodate)
{
    struct page *page = bh->b_page;
    unsigned long flags = local_irq_save();
    if (!uptodate) {
        buffer_write_failed(bh);
        SetPageError(page);
    }
    if (last_async(bh, BH_Async_Write))
        end_page_writeback(page);
    local_irq_restore(flags);
}

/* Gives every dirty block a place. -ENOMEM: nothing was lost, try again. Other errors: what has no place is lost. */
static int map_dirty(struct page *page, get_block_t get_block)
{
    struct inode *inode = page->mapping->host;
    struct buffer_head *head = page_buffers(page), *bh = head;
    u64 block = first_block(page, bh->b_size), end = block_count(inode, bh->b_size);
    int error = 0;
    for (;; block++) {
        int result = 0;
        if (block >= end)
            clear_buffer_dirty(bh);
        else if (buffer_dirty(bh) && !buffer_mapped(bh))
            result = map_block(inode, block, bh, 1, get_block);
        if (result == -ENOMEM)
            return result;
        clear_buffer_new(bh);
        if (result) {
            clear_buffer_dirty(bh);
            error = result;
        }
        bh = bh->b_this_page;
        if (bh == head)
            return error;
    }
}

static void lock_for_write(struct buffer_head *bh, struct page *page, struct writeback_control *wbc)
{
    if (!buffer_mapped(bh) || !buffer_dirty(bh))
        return;
    if (wbc->sync_mode == WB_SYNC_NONE && buffer_locked(bh)) {
        redirty_page_for_writepage(wbc, page);
        return;
    }
    lock_buffer(bh);
    if (!buffer_dirty(bh)) {
        unlock_buffer(bh);
        return;
    }
    clear_buffer_dirty(bh);
    bh->b_end_io = end_async_write;
    set_buffer_async_write(bh);
}

/* Sends the buffers of a mapped page and unlocks it. While it is locked nobody takes its circle apart. */
static void write_buffers(struct page *page, struct writeback_control *wbc)
{
    struct buffer_head *head = page_buffers(page), *bh = head, *writes[MAX_BUF_PER_PAGE];
    unsigned count = 0;
    do {
        lock_for_write(bh, page, wbc);
        if (buffer_async_write(bh))
            writes[count++] = bh;
        bh = bh->b_this_page;
    } while (bh != head);
    set_page_writeback(page);
    for (unsigned i = 0; i < count; i++)
        submit_bh(WRITE, writes[i]);
    unlock_page(page);
    if (count == 0)
        end_page_writeback(page);
}

/* Buffers for a page that was dirtied without any: all of them are. */
static void ensure_dirty_buffers(struct page *page)
{
    if (page_has_buffers(page))
        return;
    ensure_buffers(page);
    struct buffer_head *head = page_buffers(page), *bh = head;
    do {
        set_buffer_uptodate(bh);
        set_buffer_dirty(bh);
        bh = bh->b_this_page;
    } while (bh != head);
}

/* It stays dirty. Who needs to know that it is on the disk is told. */
static int write_later(struct page *page, struct writeback_control *wbc, int error)
{
    redirty_page_for_writepage(wbc, page);
    unlock_page(page);
    return wbc->sync_mode == WB_SYNC_ALL ? error : 0;
}

int block_write_full_page(struct page *page, get_block_t get_block, struct writeback_control *wbc)
{
    loff_t size = page->mapping->host->i_size;
    u32 end_index = (u32)(size >> PAGE_SHIFT), tail = (u32)size & (PAGE_SIZE - 1);
    BUG_ON(!PageLocked(page) || PageWriteback(page));
    if (page->index > end_index || (page->index == end_index && !tail)) {
        if (page_has_buffers(page)) /* truncation is about to take the page */
            block_invalidatepage(page, 0);
        unlock_page(page);
        return 0;
    }
    if (page->index == end_index)
        zero_bytes(page, tail, PAGE_SIZE); /* a mapping may have written there */
    ensure_dirty_buffers(page);
    int error = map_dirty(page, get_block);
    if (error == -ENOMEM)
        return write_later(page, wbc, error);
    if (error) {
        mapping_set_error(page->mapping, error);
        SetPageError(page);
    }
    write_buffers(page, wbc);
    return error;
}

/* ---- change ---- */

static bool touches(const struct buffer_head *bh, u32 from, u32 to)
{
    return bh_offset(bh) < to && bh_offset(bh) + bh->b_size > from;
}

/* One block of [from, to): mapped, and the bytes around the range valid or being read. true in *reading. */
static int prepare_block(struct inode *inode, u64 block, struct buffer_head *bh, u32 from, u32 to,
                         get_block_t get_block, bool *reading)
{
    u32 start = bh_offset(bh), end = start + bh->b_size;
    int error = buffer_mapped(bh) ? 0 : map_block(inode, block, bh, 1, get_block);
    *reading = false;
    if (error)
        return error;
    if (PageUptodate(bh->b_page))
        set_buffer_uptodate(bh);
    if (buffer_uptodate(bh))
        return 0;
    if (buffer_new(bh)) {
        zero_bytes(bh->b_page, start, from);
        zero_bytes(bh->b_page, to, end);
    } else if (start < from || end > to) {
        ll_rw_block(READ, 1, &bh);
        *reading = true;
    }
    return 0;
}

static int wait_reads(struct buffer_head *bhs[], unsigned count)
{
    int error = 0;
    for (unsigned i = 0; i < count; i++) {
        wait_on_buffer(bhs[i]);
        if (!buffer_uptodate(bhs[i]))
            error = -EIO;
    }
    return error;
}

/* Blocks that were allocated in [from, to) for bytes that never came read as zeros, not as what lay there before. */
static void zero_new_buffers(struct page *page, u32 from, u32 to)
{
    struct buffer_head *head = page_buffers(page), *bh = head;
    do {
        if (buffer_new(bh) && touches(bh, from, to)) {
            if (!PageUptodate(page))
                zero_bytes(page, max_t(u32, from, bh_offset(bh)), min_t(u32, to, bh_offset(bh) + bh->b_size));
            set_buffer_uptodate(bh);
            clear_buffer_new(bh);
            mark_buffer_dirty(bh);
        }
        bh = bh->b_this_page;
    } while (bh != head);
}

/* Bytes [from, to) of a locked page are going to change. */
static int prepare_write(struct page *page, u32 from, u32 to, get_block_t get_block)
{
    struct buffer_head *reads[2]; /* only the first and the last block change in part */
    unsigned count = 0;
    int error = 0;
    ensure_buffers(page);
    struct buffer_head *head = page_buffers(page), *bh = head;
    u64 block = first_block(page, bh->b_size);
    do {
        bool reading = false;
        if (touches(bh, from, to))
            error = prepare_block(page->mapping->host, block, bh, from, to, get_block, &reading);
        if (reading)
            reads[count++] = bh;
        block++;
        bh = bh->b_this_page;
    } while (bh != head && !error);
    int read_error = wait_reads(reads, count);
    error = error ? error : read_error;
    if (error)
        zero_new_buffers(page, from, to);
    return error;
}

/* Bytes [from, to) have changed. */
static void commit_write(struct page *page, u32 from, u32 to)
{
    struct buffer_head *head = page_buffers(page), *bh = head;
    do {
        if (touches(bh, from, to)) {
            clear_buffer_new(bh);
            set_buffer_uptodate(bh);
            mark_buffer_dirty(bh);
        }
        bh = bh->b_this_page;
    } while (bh != head);
    if (all_uptodate(page))
        SetPageUptodate(page);
}

int block_write_begin(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, struct page **page,
                      get_block_t get_block)
{
    u32 from = (u32)pos & (PAGE_SIZE - 1);
    (void)file;
    *page = find_or_create_page(mapping, (unsigned long)(pos >> PAGE_SHIFT), mapping->gfp_mask & ~__GFP_FS);
    if (!*page)
        return -ENOMEM;
    wait_on_page_writeback(*page);
    int error = prepare_write(*page, from, from + len, get_block);
    if (!error)
        return 0;
    unlock_page(*page);
    put_page(*page);
    *page = NULL;
    return error;
}

/* A copy that ended early left the rest of its blocks unread: such a page takes nothing of it. */
int block_write_end(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, unsigned copied,
                    struct page *page)
{
    struct inode *inode = mapping->host;
    u32 from = (u32)pos & (PAGE_SIZE - 1);
    (void)file;
    if (copied < len) {
        if (!PageUptodate(page))
            copied = 0;
        zero_new_buffers(page, from + copied, from + len);
    }
    if (copied)
        commit_write(page, from, from + copied);
    if (pos + (loff_t)copied > inode->i_size) {
        inode->i_size = pos + (loff_t)copied;
        mark_inode_dirty(inode);
    }
    unlock_page(page);
    put_page(page);
    return (int)copied;
}

static struct buffer_head *buffer_at(struct page *page, u32 offset)
{
    struct buffer_head *bh = page_buffers(page);
    while (bh_offset(bh) + bh->b_size <= offset)
        bh = bh->b_this_page;
    return bh;
}

/* From offset to the end of its block. */
static int zero_block_tail(struct page *page, u32 offset, get_block_t get_block)
{
    int error = 0;
    ensure_buffers(page);
    struct buffer_head *bh = buffer_at(page, offset);
    u64 block = first_block(page, bh->b_size) + bh_offset(bh) / bh->b_size;
    if (!buffer_mapped(bh))
        error = map_block(page->mapping->host, block, bh, 0, get_block);
    if (error || !buffer_mapped(bh))
        return error;
    if (PageUptodate(page))
        set_buffer_uptodate(bh);
    if (!buffer_uptodate(bh)) {
        ll_rw_block(READ, 1, &bh);
        error = wait_reads(&bh, 1);
    }
    if (error)
        return error;
    zero_bytes(page, offset, bh_offset(bh) + bh->b_size);
    mark_buffer_dirty(bh);
    return 0;
}

int block_truncate_page(struct address_space *mapping, loff_t from, get_block_t get_block)
{
    u32 offset = (u32)from & (PAGE_SIZE - 1);
    if (offset % block_size_of(mapping->host) == 0)
        return 0;
    struct page *page = find_or_create_page(mapping, (unsigned long)(from >> PAGE_SHIFT), mapping->gfp_mask & ~__GFP_FS);
    if (!page)
        return -ENOMEM;
    wait_on_page_writeback(page);
    int error = zero_block_tail(page, offset, get_block);
    unlock_page(page);
    put_page(page);
    return error;
}

int block_page_mkwrite(struct vm_area_struct *vma, struct page *page, get_block_t get_block)
{
    struct address_space *mapping = vma->vm_file->f_mapping;
    int error = -EINVAL;
    lock_page(page);
    loff_t left = mapping->host->i_size - ((loff_t)page->index << PAGE_SHIFT);
    if (page->mapping == mapping && left > 0) {
        u32 bytes = (u32)min_t(loff_t, left, PAGE_SIZE);
        error = prepare_write(page, 0, bytes, get_block);
        if (!error)
            commit_write(page, 0, bytes);
    }
    unlock_page(page);
    return error;
}

int block_set_page_dirty(struct page *page)
{
    if (page_has_buffers(page)) {
        struct buffer_head *head = page_buffers(page), *bh = head;
        do {
            set_buffer_dirty(bh);
            bh = bh->b_this_page;
        } while (bh != head);
    }
    return __set_page_dirty_nobuffers(page);
}

static void discard_buffer(struct buffer_head *bh)
{
    lock_buffer(bh);
    clear_buffer_dirty(bh);
    clear_buffer_mapped(bh);
    clear_buffer_new(bh);
    unlock_buffer(bh);
}

void block_invalidatepage(struct page *page, u32 offset)
{
    BUG_ON(!PageLocked(page));
    if (!page_has_buffers(page))
        return;
    struct buffer_head *head = page_buffers(page), *bh = head;
    do {
        if (bh_offset(bh) >= offset)
            discard_buffer(bh);
        bh = bh->b_this_page;
    } while (bh != head);
    if (offset == 0)
        try_to_free_buffers(page);
}

u64 generic_block_bmap(struct address_space *mapping, u64 block, get_block_t get_block)
{
    struct buffer_head bh = {.b_size = block_size_of(mapping->host)};
    if (get_block(mapping->host, block, &bh, 0) || !buffer_mapped(&bh))
        return 0;
    return bh.b_blocknr;
}
