/*
 * Dirty inodes and their way to the disk.
 *
 *   s_dirty, oldest first --sync_sb_inodes--> s_io --> I_LOCK: pages, then the inode itself --> clean, or s_dirty again
 *
 * Held true: an inode of a file system on a device, hashed (or a device's own), with any I_DIRTY bit is on s_dirty or
 * s_io; while I_LOCK is set one task writes it, and who dirties it meanwhile leaves it where it is: the writer looks
 * again when it is done. A super block that is being visited is referenced and not unmounted meanwhile (s_umount).
 */
#include "block/blkdev.h"
#include "fs/buffer_head.h"
#include "fs/vfs.h"
#include "kernel/rwsem.h"
#include "mm/writeback.h"

/* The inodes of devices: their pages are what file systems have as metadata, so they come last. */
static const struct super_operations blockdev_operations;
struct super_block blockdev_superblock = {
    .s_type = "bdev",
    .s_source = "bdev",
    .s_op = &blockdev_operations,
    .s_count = 1,
    .s_umount = RWSEM_INIT(blockdev_superblock.s_umount),
    .s_list = LIST_HEAD_INIT(blockdev_superblock.s_list),
    .s_inodes = LIST_HEAD_INIT(blockdev_superblock.s_inodes),
    .s_dirty = LIST_HEAD_INIT(blockdev_superblock.s_dirty),
    .s_io = LIST_HEAD_INIT(blockdev_superblock.s_io),
};

static DECLARE_WAIT_QUEUE_HEAD(inode_written);

static bool after(unsigned long a, unsigned long b) { return (long)(a - b) > 0; }

/* ---- one inode ---- */

static bool is_written_back(const struct inode *inode) { return S_ISBLK(inode->i_mode) || !list_empty(&inode->i_hash); }

void __mark_inode_dirty(struct inode *inode, u32 flags)
{
    struct super_block *sb = inode->i_sb;
    if (!sb || !sb->s_op || (inode->i_state & flags) == flags)
        return;
    u32 before = inode->i_state;
    inode->i_state |= flags;
    if (before & (I_DIRTY | I_LOCK | I_FREEING) || !is_written_back(inode))
        return;
    inode->dirtied_when = jiffies;
    list_move_tail(&inode->i_list, &sb->s_dirty);
}

static void put_on_dirty_list(struct inode *inode)
{
    inode->dirtied_when = jiffies;
    list_move_tail(&inode->i_list, &inode->i_sb->s_dirty);
}

/* After a visit: clean, dirtied meanwhile, or not all of its pages were written. kupdate goes on with what it began. */
static void settle(struct inode *inode, const struct writeback_control *wbc)
{
    bool pages_left = radix_tree_tagged(&inode->i_mapping->page_tree, PAGECACHE_TAG_DIRTY);
    if (inode->i_state & I_FREEING)
        return;
    if (!(inode->i_state & I_DIRTY) && pages_left && wbc->for_kupdate) {
        inode->i_state |= I_DIRTY_PAGES;
        list_move(&inode->i_list, &inode->i_sb->s_dirty);
        return;
    }
    if (pages_left)
        inode->i_state |= I_DIRTY_PAGES;
    if (inode->i_state & I_DIRTY && is_written_back(inode))
        put_on_dirty_list(inode);
    else
        list_del_init(&inode->i_list);
}

/* The inode's own block; what fails is told by the next fsync. */
static int write_inode(struct inode *inode, int wait)
{
    const struct super_operations *op = inode->i_sb->s_op;
    int error = op->write_inode ? op->write_inode(inode, wait) : 0;
    mapping_set_error(inode->i_mapping, error);
    return error;
}

static void wait_on_inode_lock(struct inode *inode)
{
    DEFINE_WAIT(wait);
    wait.key = inode;
    for (;;) {
        prepare_to_wait(&inode_written, &wait, TASK_UNINTERRUPTIBLE);
        if (!(inode->i_state & I_LOCK))
            break;
        schedule();
    }
    finish_wait(&inode_written, &wait);
}

/* Pages first, then the inode that says where they are; errors of pages stay noted in the mapping for fsync. */
int sync_inode(struct inode *inode, struct writeback_control *wbc)
{
    bool wait = wbc->sync_mode == WB_SYNC_ALL;
    if (inode->i_state & I_LOCK && !wait) {
        put_on_dirty_list(inode);
        return 0;
    }
    wait_on_inode_lock(inode);
    u32 dirty = inode->i_state & I_DIRTY;
    inode->i_state = (inode->i_state & ~I_DIRTY) | I_LOCK;
    int result = do_writepages(inode->i_mapping, wbc);
    if (dirty & (I_DIRTY_SYNC | I_DIRTY_DATASYNC)) {
        int error = write_inode(inode, wait);
        result = result ? result : error;
    }
    if (wait)
        wait_on_page_writeback_range(inode->i_mapping, 0, ~0ul);
    inode->i_state &= ~I_LOCK;
    settle(inode, wbc);
    wake_up_key(&inode_written, inode);
    return result;
}

int write_inode_now(struct inode *inode, int wait)
{
    struct writeback_control wbc = {.sync_mode = wait ? WB_SYNC_ALL : WB_SYNC_NONE, .nr_to_write = 0x7fffffff};
    return inode->i_sb->s_op ? sync_inode(inode, &wbc) : 0;
}

/* ---- the inodes of one super block ---- */

static void gather_for_io(struct super_block *sb)
{
    while (!list_empty(&sb->s_dirty))
        list_move_tail(sb->s_dirty.next, &sb->s_io);
}

/* Oldest first; inodes that were dirtied after the start are the next round's. */
static void sync_sb_inodes(struct super_block *sb, struct writeback_control *wbc)
{
    unsigned long start = jiffies;
    if (!wbc->for_kupdate || list_empty(&sb->s_io))
        gather_for_io(sb);
    while (!list_empty(&sb->s_io)) {
        struct inode *inode = list_entry(sb->s_io.next, struct inode, i_list);
        if (after(inode->dirtied_when, start) || (wbc->older_than && after(inode->dirtied_when, wbc->older_than)))
            return;
        igrab(inode);
        sync_inode(inode, wbc);
        iput(inode);
        cond_resched();
        if (wbc->sync_mode == WB_SYNC_NONE && wbc->nr_to_write <= 0) {
            wbc->more_io = true;
            return;
        }
    }
}

/* Writes that others started are waited for too: their inodes are not dirty any more. */
static void wait_sb_inodes(struct super_block *sb)
{
    struct inode *inode, *held = NULL;
    list_for_each_entry (inode, &sb->s_inodes, i_sb_list) {
        if (inode->i_state & (I_FREEING | I_NEW) || !inode->i_data.nrpages)
            continue;
        igrab(inode);
        iput(held); /* the list was walked on while it was held */
        held = inode;
        wait_on_page_writeback_range(inode->i_mapping, 0, ~0ul);
    }
    iput(held);
}

void sync_inodes_sb(struct super_block *sb, int wait)
{
    struct writeback_control wbc = {.sync_mode = wait ? WB_SYNC_ALL : WB_SYNC_NONE, .nr_to_write = 0x7fffffff};
    sync_sb_inodes(sb, &wbc);
    if (wait)
        wait_sb_inodes(sb);
}

static int write_super(struct super_block *sb)
{
    int error = 0;
    if (sb->s_dirt && sb->s_op->write_super)
        sb->s_op->write_super(sb);
    sb->s_dirt = false;
    if (sb->s_op->sync_fs)
        error = sb->s_op->sync_fs(sb, 1);
    return error;
}

static int sync_blockdev(struct block_device *bdev)
{
    int error = filemap_write_and_wait(bdev->bd_inode->i_mapping);
    int flushed = blkdev_issue_flush(bdev);
    return error ? error : flushed;
}

/* Data and inodes are started, then waited for; the metadata that came of it follows, and the device's cache is
 * flushed when all of them have ended. */
int fsync_super(struct super_block *sb)
{
    if (!sb->s_op || sb->s_flags & MS_RDONLY)
        return 0;
    sync_inodes_sb(sb, 0);
    int error = write_super(sb);
    sync_inodes_sb(sb, 1);
    int written = sb->s_bdev ? sync_blockdev(sb->s_bdev) : 0;
    return error ? error : written;
}

/* ---- all super blocks ---- */

static void visit_super(struct super_block *sb, void (*visit)(struct super_block *sb, void *argument), void *argument)
{
    sb->s_count++;
    down_read(&sb->s_umount);
    if (!list_empty(&sb->s_list) || sb == &blockdev_superblock)
        visit(sb, argument);
    up_read(&sb->s_umount);
}

/* File systems on devices, then the devices. One that is unmounted meanwhile ends the walk's place: from the start. */
void for_each_super(void (*visit)(struct super_block *sb, void *argument), void *argument)
{
    struct list_head *at = super_blocks.next;
    while (at != &super_blocks) {
        struct super_block *sb = list_entry(at, struct super_block, s_list);
        at = at->next;
        if (!sb->s_op || sb->s_flags & MS_RDONLY)
            continue;
        visit_super(sb, visit, argument);
        at = list_empty(&sb->s_list) ? super_blocks.next : sb->s_list.next;
        free_super(sb);
    }
    visit_super(&blockdev_superblock, visit, argument);
    blockdev_superblock.s_count--;
}

static void visit_dirty(struct super_block *sb, void *argument)
{
    struct writeback_control *wbc = argument;
    if (wbc->sync_mode == WB_SYNC_NONE && wbc->nr_to_write <= 0)
        return;
    if (!list_empty(&sb->s_dirty) || !list_empty(&sb->s_io))
        sync_sb_inodes(sb, wbc);
}

void writeback_inodes(struct writeback_control *wbc) { for_each_super(visit_dirty, wbc); }

static void start_sync(struct super_block *sb, void *unused)
{
    (void)unused;
    sync_inodes_sb(sb, 0);
}

static void finish_sync(struct super_block *sb, void *unused)
{
    (void)unused;
    if (sb != &blockdev_superblock)
        fsync_super(sb);
}

static void write_supers(struct super_block *sb, void *unused)
{
    (void)unused;
    if (sb->s_dirt && sb->s_op->write_super)
        sb->s_op->write_super(sb);
    sb->s_dirt = false;
}

void sync_supers(void) { for_each_super(write_supers, NULL); }

static void sync_all(struct writeback_control *wbc)
{
    struct block_device *bdev;
    for_each_super(start_sync, NULL);
    for_each_super(finish_sync, NULL);
    list_for_each_entry (bdev, &all_block_devices, bd_list)
        if (bdev->bd_inode)
            sync_blockdev(bdev);
    wbc->nr_to_write -= (long)min_t(unsigned long, dirty_pages(), (unsigned long)wbc->nr_to_write);
}

void emergency_sync(void)
{
    struct writeback_control wbc = {.sync_mode = WB_SYNC_ALL, .nr_to_write = (long)dirty_pages()};
    writeback_told(FLT_WB_SYNC, &wbc, 0, sync_all);
}

/* ---- one file ---- */

static int sync_metadata(struct inode *inode, u32 which)
{
    int error = sync_mapping_buffers(inode);
    if (!(inode->i_state & which))
        return error;
    int written = write_inode_now(inode, 1);
    int again = sync_mapping_buffers(inode);
    return error ? error : written ? written : again;
}

static int do_file_fsync(struct file *file, u32 which)
{
    struct address_space *mapping = file->f_mapping;
    struct inode *inode = mapping->host;
    int error = filemap_fdatawrite(mapping);
    int metadata = inode->i_sb && inode->i_sb->s_op ? sync_metadata(inode, which) : 0;
    int waited = filemap_fdatawait(mapping);
    int flushed = mapping->bdev ? blkdev_issue_flush(mapping->bdev) : 0;
    if (waited)
        return waited;
    return error ? error : metadata ? metadata : flushed;
}

int file_fsync(struct file *file) { return do_file_fsync(file, I_DIRTY_SYNC | I_DIRTY_DATASYNC); }
int file_fdatasync(struct file *file) { return do_file_fsync(file, I_DIRTY_DATASYNC); }
