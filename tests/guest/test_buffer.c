/*
 * The buffer layer over a disk in memory whose requests end when the task sleeps: metadata blocks, the device as a
 * file, and a file system of one file whose blocks lie where a table says.
 */
#include "fake_disk.h"
#include "fs/buffer_head.h"
#include "fs/vfs.h"

#define BLOCK 1024u
#define NO_SPACE 60u /* the file may have so many blocks */

static struct block_device *bdev;

static void boot(void)
{
    world_boot(32 * MIB, NULL);
    mm_check_always = true;
    current->fsuid = current->euid = 0;
    random_seed(3);
    for (unsigned i = 0; i < sizeof(disk_bytes); i++)
        disk_bytes[i] = (u8)(i / 512 + i * 7);
    vfs_init();
    block_init();
    bdev = disk_make();
    CHECK_EQ(set_blocksize(bdev, BLOCK), 0);
}

static struct file *open_disk(void)
{
    struct file *file = filp_open("/dev/vda", O_RDWR | O_LARGEFILE, 0);
    CHECKF(!IS_ERR(file), "%ld", PTR_ERR(file));
    return file;
}

static u8 *block_on_disk(u64 block) { return disk_bytes + block * BLOCK; }

/* ---- metadata ---- */

static void a_block_is_read_once(void)
{
    boot();
    struct buffer_head *bh = __bread(bdev, 5, BLOCK);
    CHECK(bh && buffer_uptodate(bh));
    CHECK(memcmp(bh->b_data, block_on_disk(5), BLOCK) == 0);
    CHECK_EQ(disk_requests[READ], 1);
    struct buffer_head *again = __bread(bdev, 5, BLOCK);
    CHECK(again == bh);
    CHECK_EQ(disk_requests[READ], 1);
    brelse(again);
    brelse(bh);
    CHECK(!__find_get_block(bdev, 999, BLOCK));
    CHECK(!__getblk(bdev, DISK_SECTORS / 2, BLOCK));
}

static void a_dirty_block_is_written_alone(void)
{
    boot();
    struct buffer_head *bh = __bread(bdev, 6, BLOCK), *other = __bread(bdev, 7, BLOCK);
    bh->b_data[3] = 0x55;
    mark_buffer_dirty(bh);
    mark_buffer_dirty(other);
    CHECK(PageDirty(bh->b_page));
    CHECK_EQ(sync_dirty_buffer(bh), 0);
    CHECK(!buffer_dirty(bh) && buffer_dirty(other));
    CHECK_EQ(block_on_disk(6)[3], 0x55);
    CHECK_EQ(disk_requests[WRITE], 1);
    CHECK_EQ(sync_dirty_buffer(bh), 0);
    CHECK_EQ(disk_requests[WRITE], 1);
    brelse(bh);
    brelse(other);
}

static void a_bad_block_is_not_given_out(void)
{
    boot();
    disk_bad_sector = 21;
    CHECK(!__bread(bdev, 10, BLOCK));
    struct buffer_head *bh = __bread(bdev, 11, BLOCK);
    CHECK(bh);
    brelse(bh);
    disk_bad_sector = ~0ull;
    bh = __bread(bdev, 10, BLOCK);
    CHECK(bh);
    brelse(bh);
}

static void a_failed_write_is_reported_once(void)
{
    boot();
    struct file *file = open_disk();
    struct buffer_head *bh = __bread(bdev, 4, BLOCK);
    mark_buffer_dirty(bh);
    disk_fail_writes = true;
    CHECK_EQ(sync_dirty_buffer(bh), -EIO);
    CHECK(buffer_uptodate(bh));
    CHECK_EQ(kernel_write(file, 100, "abc", 3), 3);
    CHECK_EQ(file->f_op->fsync(file), -EIO);
    CHECK_EQ(file->f_op->fsync(file), 0);
    disk_fail_writes = false;
    mark_buffer_dirty(bh);
    CHECK_EQ(sync_dirty_buffer(bh), 0);
    brelse(bh);
    fput(file);
}

static void a_forgotten_block_is_never_written(void)
{
    boot();
    struct buffer_head *bh = __bread(bdev, 30, BLOCK);
    u8 old = block_on_disk(30)[0];
    bh->b_data[0] = (char)(old + 1);
    mark_buffer_dirty(bh);
    bforget(bh);
    bh = __bread(bdev, 31, BLOCK);
    bh->b_data[0]++;
    mark_buffer_dirty(bh);
    brelse(bh);
    unmap_underlying_metadata(bdev, 31);
    CHECK_EQ(filemap_write_and_wait(bdev->bd_inode->i_mapping), 0);
    CHECK_EQ(block_on_disk(30)[0], old);
    CHECK_EQ(disk_requests[WRITE], 0);
}

static void buffers_in_use_keep_their_page(void)
{
    boot();
    struct buffer_head *bh = __bread(bdev, 8, BLOCK);
    struct page *page = bh->b_page;
    lock_page(page);
    CHECK_EQ(try_to_free_buffers(page), 0);
    mark_buffer_dirty(bh);
    brelse(bh);
    CHECK_EQ(try_to_free_buffers(page), 0);
    ll_rw_block(WRITE, 1, &bh);
    CHECK_EQ(try_to_free_buffers(page), 0);
    disk_end_all();
    CHECK_EQ(try_to_free_buffers(page), 1);
    CHECK(!page_has_buffers(page) && !PageDirty(page));
    unlock_page(page);
}

static void an_inodes_buffers_are_written_by_its_fsync(void)
{
    boot();
    struct inode *inode = new_inode(&blockdev_superblock, S_IFREG | 0600);
    struct buffer_head *bhs[8];
    for (unsigned i = 0; i < 8; i++) {
        bhs[i] = __bread(bdev, 100 + i * 2, BLOCK);
        bhs[i]->b_data[0] = (char)(200 + i);
        mark_buffer_dirty_inode(bhs[i], inode);
    }
    CHECK_EQ(sync_mapping_buffers(inode), 0);
    CHECK(list_empty(&inode->i_data.private_list));
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(block_on_disk(100 + i * 2)[0], (u8)(200 + i));
    mark_buffer_dirty_inode(bhs[1], inode);
    mark_buffer_dirty_inode(bhs[2], inode);
    disk_fail_writes = true;
    CHECK_EQ(sync_mapping_buffers(inode), -EIO);
    disk_fail_writes = false;
    mark_buffer_dirty_inode(bhs[1], inode);
    invalidate_inode_buffers(inode);
    CHECK_EQ(sync_mapping_buffers(inode), 0);
    CHECK(buffer_dirty(bhs[1]));
    for (unsigned i = 0; i < 8; i++)
        brelse(bhs[i]);
    iput(inode);
}

/* ---- the device as a file ---- */

static u8 model[sizeof(disk_bytes)], piece[20000];

static void random_operation(struct file *file)
{
    u32 at = random_u32() % (sizeof(model) - sizeof(piece)), bytes = random_u32() % sizeof(piece) + 1;
    switch (random_u32() % 6) {
    case 0:
    case 1:
        for (u32 i = 0; i < bytes; i++)
            piece[i] = (u8)random_u32();
        memcpy(model + at, piece, bytes);
        CHECK_EQ(kernel_write(file, at, piece, bytes), bytes);
        break;
    case 2: {
        struct buffer_head *bh = __bread(bdev, at / BLOCK, BLOCK);
        CHECK(bh && memcmp(bh->b_data, model + at / BLOCK * BLOCK, BLOCK) == 0);
        bh->b_data[7] = (char)at;
        model[at / BLOCK * BLOCK + 7] = (u8)at;
        mark_buffer_dirty(bh);
        brelse(bh);
        break;
    }
    case 3: CHECK_EQ(filemap_fdatawrite(bdev->bd_inode->i_mapping), 0); break;
    default:
        CHECK_EQ(kernel_read(file, at, piece, bytes), bytes);
        CHECKF(memcmp(piece, model + at, bytes) == 0, "%u bytes at %u", bytes, at);
    }
}

static void file_and_blocks_show_the_same_bytes(void)
{
    boot();
    memcpy(model, disk_bytes, sizeof(model));
    for (unsigned round = 0; round < 4; round++) {
        struct file *file = open_disk();
        for (unsigned i = 0; i < 150; i++)
            random_operation(file);
        CHECK_EQ(file->f_op->fsync(file), 0);
        CHECK(memcmp(model, disk_bytes, sizeof(model)) == 0);
        for (unsigned i = 0; i < 20; i++)
            random_operation(file);
        fput(file); /* the last close writes it all and drops the cache */
        CHECK(memcmp(model, disk_bytes, sizeof(model)) == 0);
        CHECK_EQ(bdev->bd_inode->i_mapping->nrpages, 0);
    }
}

static void claims_are_exclusive(void)
{
    int holder;
    boot();
    CHECK_EQ(bd_claim(bdev, &holder, true), 0);
    CHECK_EQ(bd_claim(bdev, &bdev, true), -EBUSY);
    CHECK_EQ(PTR_ERR(filp_open("/dev/vda", O_RDWR, 0)), -EBUSY);
    struct file *file = filp_open("/dev/vda", O_RDONLY, 0);
    CHECK(!IS_ERR(file));
    fput(file);
    bd_release(bdev);
    bdev->bd_read_only = true;
    CHECK_EQ(PTR_ERR(filp_open("/dev/vda", O_RDWR, 0)), -EROFS);
    CHECK_EQ(bd_claim(bdev, &holder, true), -EROFS);
}

/* ---- a file ---- */

static u32 table[64]; /* block of the disk, 0: a hole */
static u32 next_block, given, get_block_error;
static struct super_block sb;
static struct inode *inode;

static int test_get_block(struct inode *of, u64 block, struct buffer_head *bh, int create)
{
    CHECK(of == inode && block < 64);
    if (!table[block] && create) {
        if (get_block_error || given == NO_SPACE)
            return get_block_error ? -(int)get_block_error : -ENOSPC;
        table[block] = next_block;
        next_block += random_u32() % 3 + 1;
        given++;
        set_buffer_new(bh);
    }
    if (table[block]) {
        bh->b_bdev = bdev;
        bh->b_blocknr = table[block];
        set_buffer_mapped(bh);
    }
    return 0;
}

static int test_readpage(struct file *file, struct page *page)
{
    (void)file;
    return block_read_full_page(page, test_get_block);
}
static int test_readpages(struct file *file, struct address_space *mapping, struct list_head *pages, unsigned count)
{
    (void)file;
    return mpage_readpages(mapping, pages, count, test_get_block);
}
static int test_writepage(struct page *page, struct writeback_control *wbc)
{
    return block_write_full_page(page, test_get_block, wbc);
}
static int test_write_begin(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, struct page **p)
{
    return block_write_begin(file, mapping, pos, len, p, test_get_block);
}
static const struct address_space_operations test_aops = {
    .readpage = test_readpage,
    .readpages = test_readpages,
    .writepage = test_writepage,
    .set_page_dirty = block_set_page_dirty,
    .write_begin = test_write_begin,
    .write_end = block_write_end,
    .invalidatepage = block_invalidatepage,
};

static struct file a_file = {.f_count = ATOMIC_INIT(1), .f_flags = O_RDWR | O_LARGEFILE};

static void make_file(void)
{
    boot();
    sb = blockdev_superblock;
    sb.s_blocksize = BLOCK;
    sb.s_bdev = bdev;
    INIT_LIST_HEAD(&sb.s_inodes);
    INIT_LIST_HEAD(&sb.s_dirty);
    INIT_LIST_HEAD(&sb.s_io);
    inode = new_inode(&sb, S_IFREG | 0600);
    CHECK(inode);
    inode->i_data.a_ops = &test_aops;
    inode->i_data.bdev = bdev;
    a_file.f_inode = inode;
    a_file.f_mapping = &inode->i_data;
    next_block = 200;
}

static void drop_cache(void)
{
    CHECK_EQ(filemap_write_and_wait(&inode->i_data), 0);
    truncate_inode_pages(&inode->i_data, 0);
    CHECK_EQ(inode->i_data.nrpages, 0);
}

static void old_bytes_of_a_new_block_do_not_show(void)
{
    u8 bytes[3 * BLOCK];
    make_file();
    CHECK_EQ(kernel_write(&a_file, 2 * BLOCK + 100, "abc", 3), 3);
    CHECK_EQ(given, 1);
    for (int again = 0; again < 2; again++) {
        CHECK_EQ(kernel_read(&a_file, 0, bytes, sizeof(bytes)), 2 * BLOCK + 103);
        for (u32 i = 0; i < 2 * BLOCK + 103; i++)
            CHECK_EQ(bytes[i], i < 2 * BLOCK + 100 ? 0 : "abc"[i - 2 * BLOCK - 100]);
        drop_cache();
    }
    CHECK_EQ(given, 1);
    for (u32 i = 103; i < BLOCK; i++)
        CHECK_EQ(block_on_disk(table[2])[i], 0);
}

static void a_file_with_holes_is_what_was_written(void)
{
    static u8 content[64 * BLOCK], read[64 * BLOCK];
    loff_t size = 0;
    make_file();
    for (unsigned i = 0; i < 200; i++) {
        u32 at = random_u32() % (60 * BLOCK), bytes = random_u32() % 2500 + 1;
        for (u32 k = 0; k < bytes; k++)
            content[at + k] = (u8)random_u32();
        ssize_t n = kernel_write(&a_file, at, content + at, bytes);
        if (n != (ssize_t)bytes) { /* full */
            CHECKF(n >= 0 || n == -ENOSPC, "%ld", (long)n);
            break;
        }
        size = max_t(loff_t, size, at + bytes);
        CHECK_EQ(inode->i_size, size);
        if (i % 9 == 0)
            drop_cache();
        CHECK_EQ(kernel_read(&a_file, 0, read, (size_t)size), size);
        CHECKF(memcmp(read, content, (size_t)size) == 0, "after write %u", i);
    }
}

static void a_full_device_is_reported(void)
{
    make_file();
    given = NO_SPACE - 1;
    CHECK_EQ(kernel_write(&a_file, 0, piece, 4 * BLOCK) > 0 ? 0 : -ENOSPC, -ENOSPC);
    given = 0;
    CHECK_EQ(kernel_write(&a_file, 8 * BLOCK, "x", 1), 1);
    drop_cache();
    /* A mapping dirtied a hole, and there is no room for it when it is written. */
    struct page *page = grab_cache_page(&inode->i_data, 1);
    CHECK(page);
    set_page_dirty(page);
    unlock_page(page);
    put_page(page);
    get_block_error = ENOSPC;
    CHECK_EQ(filemap_write_and_wait(&inode->i_data), -ENOSPC);
    CHECK_EQ(filemap_write_and_wait(&inode->i_data), 0);
}

static void the_tail_of_a_truncated_block_is_zero(void)
{
    u8 bytes[BLOCK];
    make_file();
    memset(piece, 0xee, sizeof(piece));
    CHECK_EQ(kernel_write(&a_file, 0, piece, 6 * BLOCK), 6 * BLOCK);
    drop_cache();
    CHECK_EQ(block_truncate_page(&inode->i_data, 4 * BLOCK + 10, test_get_block), 0);
    inode->i_size = 4 * BLOCK + 10;
    truncate_inode_pages(&inode->i_data, inode->i_size);
    inode->i_size = 5 * BLOCK;
    CHECK_EQ(kernel_read(&a_file, 4 * BLOCK, bytes, BLOCK), BLOCK);
    for (u32 i = 0; i < BLOCK; i++)
        CHECK_EQ(bytes[i], i < 10 ? 0xee : 0);
}

static void readahead_is_one_request(void)
{
    LIST_HEAD(pages);
    make_file();
    for (u32 i = 0; i < 64; i++)
        table[i] = 300 + i;
    inode->i_size = 15 * (loff_t)PAGE_SIZE + 10;
    for (u32 i = 0; i < 16; i++) {
        struct page *page = alloc_page(GFP_KERNEL);
        page->index = i;
        list_add_tail(&page->lru, &pages);
    }
    CHECK_EQ(mpage_readpages(&inode->i_data, &pages, 16, test_get_block), 0);
    disk_end_all();
    CHECK_EQ(disk_requests[READ], 1);
    CHECK_EQ(disk_last.nr_sectors, 122); /* of the last page only the block that has bytes of the file */
    for (u32 i = 0; i < 16; i++) {
        struct page *page = find_get_page(&inode->i_data, i);
        CHECK(page && PageUptodate(page) && !PageLocked(page) && !page_has_buffers(page));
        u32 bytes = i < 15 ? PAGE_SIZE : BLOCK;
        CHECK(memcmp(page_address(page), block_on_disk(300 + i * 4), bytes) == 0);
        put_page(page);
    }
}

static void a_failed_read_is_an_error_and_may_be_tried_again(void)
{
    u8 bytes[BLOCK];
    make_file();
    CHECK_EQ(kernel_write(&a_file, 0, piece, 8 * BLOCK), 8 * BLOCK);
    drop_cache();
    disk_bad_sector = table[5] * 2;
    CHECK_EQ(kernel_read(&a_file, 5 * BLOCK, bytes, BLOCK), -EIO);
    disk_bad_sector = ~0ull;
    CHECK_EQ(kernel_read(&a_file, 5 * BLOCK, bytes, BLOCK), BLOCK);
    CHECK(memcmp(bytes, piece + 5 * BLOCK, BLOCK) == 0);
}

/* ---- no memory ---- */

/* What was accepted and then made last without an error is on the disk. */
static void use_disk(void)
{
    struct file *file = filp_open("/dev/vda", O_RDWR | O_LARGEFILE, 0);
    u8 read[64];
    if (IS_ERR(file))
        return;
    for (u32 i = 0; i < 5000; i++)
        piece[i] = (u8)random_u32();
    ssize_t n = kernel_write(file, 3000, piece, 5000);
    struct buffer_head *bh = __bread(bdev, 50, BLOCK);
    if (bh) {
        bh->b_data[0] = 'm';
        mark_buffer_dirty(bh);
        brelse(bh);
    }
    ssize_t seen = kernel_read(file, 3000, read, sizeof(read));
    CHECK(seen < 0 || n < (ssize_t)sizeof(read) || memcmp(read, piece, (size_t)seen) == 0);
    if (file->f_op->fsync(file) == 0) {
        CHECK(n <= 0 || memcmp(disk_bytes + 3000, piece, (size_t)n) == 0);
        CHECK(!bh || block_on_disk(50)[0] == 'm');
    }
    fput(file);
    block_on_disk(50)[0] = 0;
}

static void no_memory_loses_nothing(void)
{
    boot();
    use_disk();
    struct resources before = resources_now();
    unsigned n = 0;
    for (bool done = false; !done;) {
        fail_allocation(++n);
        use_disk();
        done = !allocation_failed();
        fail_allocation(0);
        check_resources(&before, "the disk without memory");
        CHECK(n < 1000);
    }
    CHECKF(n > 15, "%u allocations", n);
}

int main(void)
{
    tap_run("a block is read once", a_block_is_read_once);
    tap_run("a dirty block is written alone", a_dirty_block_is_written_alone);
    tap_run("a bad block is not given out", a_bad_block_is_not_given_out);
    tap_run("a failed write is reported once", a_failed_write_is_reported_once);
    tap_run("a forgotten block is never written", a_forgotten_block_is_never_written);
    tap_run("buffers in use keep their page", buffers_in_use_keep_their_page);
    tap_run("an inode's buffers are written by its fsync", an_inodes_buffers_are_written_by_its_fsync);
    tap_run("file and blocks show the same bytes", file_and_blocks_show_the_same_bytes);
    tap_run("claims are exclusive", claims_are_exclusive);
    tap_run("old bytes of a new block do not show", old_bytes_of_a_new_block_do_not_show);
    tap_run("a file with holes is what was written", a_file_with_holes_is_what_was_written);
    tap_run("a full device is reported", a_full_device_is_reported);
    tap_run("the tail of a truncated block is zero", the_tail_of_a_truncated_block_is_zero);
    tap_run("readahead is one request", readahead_is_one_request);
    tap_run("a failed read is an error and may be tried again", a_failed_read_is_an_error_and_may_be_tried_again);
    tap_run("no memory loses nothing", no_memory_loses_nothing);
    return tap_done();
}
