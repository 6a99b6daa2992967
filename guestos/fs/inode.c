/*
 * Inodes: the files themselves, apart from their names.
 *
 * Somebody holds a reference while he uses one: a dentry that names it, an open file through its dentry, a running
 * operation. What the last iput does depends on where the file lives:
 *
 *   in memory alone                      it is freed with its pages: i_nlink keeps nothing alive by itself, such file
 *                                        systems hold a dentry for each name
 *   on a device, no name is left         delete_inode frees its blocks, then the same
 *   on a device, hashed                  it stays with i_count 0, on unused_list, and its pages stay in the page cache:
 *                                        the next iget finds both. The shrinker, the oldest first, and the unmount
 *                                        drop it
 *
 *   iget_locked --> I_NEW --> unlock_new_inode --> in use <--> unused --> I_FREEING --> gone
 *
 * An inode with I_FREEING is still hashed until nothing of it is left: iget of its number waits for that and then reads
 * it anew, so two inodes of one number never exist. Unused inodes may have been taken again (igrab): the list is put
 * right when somebody walks it.
 */
#include "fs/buffer_head.h"
#include "fs/fs.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "mm/vmstat.h"
#include "mm/writeback.h"

#define HASH_SIZE 1024u

static kmem_cache_t *inode_cache;
static struct list_head inode_hashtable[HASH_SIZE];
static LIST_HEAD(unused_list);
static unsigned unused_count;
static DECLARE_WAIT_QUEUE_HEAD(inode_wait); /* for the end of I_NEW and of I_FREEING; the key is the inode */

static int shrink_icache(int nr_to_scan, gfp_t gfp);

void inode_init(void)
{
    for (unsigned i = 0; i < HASH_SIZE; i++)
        INIT_LIST_HEAD(&inode_hashtable[i]);
    inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 0, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
    if (!set_shrinker("icache", 2, shrink_icache))
        panic("inode: no memory for the shrinker");
}

struct timespec64 current_time(void)
{
    u64 now = real_time_ns();
    return (struct timespec64){(s64)(now / 1000000000u), (s32)(now % 1000000000u)};
}

void touch_mtime(struct inode *inode)
{
    inode->i_mtime = inode->i_ctime = current_time();
    mark_inode_dirty_sync(inode);
}

/* Once a second is enough: a stream of reads would write the inode again and again. */
void touch_atime(struct inode *inode)
{
    struct timespec64 now = current_time();
    if (inode->i_sb && inode->i_sb->s_op && (inode->i_sb->s_flags & (MS_RDONLY | MS_NOATIME)))
        return;
    if (inode->i_sb && inode->i_sb->s_op && inode->i_atime.tv_sec == now.tv_sec)
        return;
    inode->i_atime = now;
    mark_inode_dirty_sync(inode);
}

/* ---- into memory ---- */

static struct inode *alloc_inode(struct super_block *sb)
{
    struct inode *inode = kmem_cache_zalloc(inode_cache, GFP_KERNEL);
    if (!inode)
        return NULL;
    inode->i_sb = sb;
    inode->i_nlink = 1;
    atomic_set(&inode->i_count, 1);
    mutex_init(&inode->i_mutex);
    INIT_LIST_HEAD(&inode->i_list);
    INIT_LIST_HEAD(&inode->i_hash);
    INIT_LIST_HEAD(&inode->i_lru);
    list_add_tail(&inode->i_sb_list, &sb->s_inodes);
    address_space_init(&inode->i_data, inode, NULL);
    inode->i_data.bdev = sb->s_bdev;
    inode->i_mapping = &inode->i_data;
    return inode;
}

struct inode *new_inode(struct super_block *sb, umode_t mode)
{
    struct inode *inode = alloc_inode(sb);
    if (!inode)
        return NULL;
    inode->i_ino = ++sb->s_last_ino;
    inode->i_mode = mode;
    inode->i_uid = current->fsuid;
    inode->i_gid = current->fsgid;
    inode->i_atime = inode->i_mtime = inode->i_ctime = current_time();
    return inode;
}

static struct list_head *hash_chain(const struct super_block *sb, u32 ino)
{
    u32 hash = (ino ^ (u32)(unsigned long)sb >> 5) * 0x9e370001u;
    return &inode_hashtable[hash >> 22 & (HASH_SIZE - 1)];
}

static struct inode *find_inode(const struct super_block *sb, u32 ino)
{
    struct inode *inode;
    list_for_each_entry (inode, hash_chain(sb, ino), i_hash)
        if (inode->i_ino == ino && inode->i_sb == sb)
            return inode;
    return NULL;
}

/* Sleeps until one of the bits goes, or the inode does: afterwards it may only be looked for again, unless it is held. */
static void sleep_on_state(struct inode *inode)
{
    DEFINE_WAIT(wait);
    wait.key = inode;
    prepare_to_wait(&inode_wait, &wait, TASK_UNINTERRUPTIBLE);
    schedule();
    finish_wait(&inode_wait, &wait);
}

/* The inode in memory, read in, referenced; NULL: none. *sleep on one that is on its way in or out. */
static struct inode *lookup_in_memory(const struct super_block *sb, u32 ino)
{
    for (;;) {
        struct inode *inode = find_inode(sb, ino);
        if (!inode)
            return NULL;
        if (!(inode->i_state & (I_FREEING | I_NEW))) {
            igrab(inode);
            return inode;
        }
        sleep_on_state(inode);
    }
}

struct inode *ilookup(struct super_block *sb, u32 ino) { return lookup_in_memory(sb, ino); }

static void leave_unused_list(struct inode *inode)
{
    if (list_empty(&inode->i_lru))
        return;
    list_del_init(&inode->i_lru);
    unused_count--;
}

static void destroy_inode(struct inode *inode)
{
    list_del(&inode->i_sb_list);
    kmem_cache_free(inode_cache, inode);
}

struct inode *iget_locked(struct super_block *sb, u32 ino)
{
    struct inode *inode = lookup_in_memory(sb, ino), *fresh;
    if (inode)
        return inode;
    fresh = alloc_inode(sb);
    if (!fresh)
        return NULL;
    inode = lookup_in_memory(sb, ino); /* the allocation may have slept */
    if (inode) {
        destroy_inode(fresh);
        return inode;
    }
    fresh->i_ino = ino;
    fresh->i_state = I_NEW;
    list_add(&fresh->i_hash, hash_chain(sb, ino));
    return fresh;
}

void unlock_new_inode(struct inode *inode)
{
    BUG_ON(!(inode->i_state & I_NEW));
    inode->i_state &= ~I_NEW;
    wake_up_key(&inode_wait, inode);
}

/* It could not be read: nobody shall find it, and nothing of it may be deleted on the disk. */
void iget_failed(struct inode *inode)
{
    remove_inode_hash(inode);
    inode->i_nlink = 1;
    unlock_new_inode(inode);
    iput(inode);
}

void insert_inode_hash(struct inode *inode)
{
    BUG_ON(!list_empty(&inode->i_hash));
    list_add(&inode->i_hash, hash_chain(inode->i_sb, inode->i_ino));
    if (inode->i_state & I_DIRTY && list_empty(&inode->i_list)) {
        inode->dirtied_when = jiffies;
        list_add_tail(&inode->i_list, &inode->i_sb->s_dirty);
    }
}

void remove_inode_hash(struct inode *inode)
{
    if (!list_empty(&inode->i_hash))
        list_del_init(&inode->i_hash);
}

/* ---- out of memory ---- */

/* i_count is 0 and stays so: whoever finds it waits. */
static void begin_freeing(struct inode *inode)
{
    BUG_ON(atomic_read(&inode->i_count) != 0 || inode->i_state & (I_FREEING | I_LOCK));
    inode->i_state |= I_FREEING;
    leave_unused_list(inode);
    if (!list_empty(&inode->i_list))
        list_del_init(&inode->i_list);
}

/* Leaves memory; with `deleted`, the disk too. May sleep. */
static void evict(struct inode *inode, bool deleted)
{
    struct super_block *sb = inode->i_sb;
    truncate_inode_pages(&inode->i_data, 0);
    if (sb->s_op && deleted && sb->s_op->delete_inode)
        sb->s_op->delete_inode(inode);
    if (sb->s_op)
        invalidate_inode_buffers(inode);
    if (sb->evict_inode)
        sb->evict_inode(inode);
    if (sb->s_op && sb->s_op->clear_inode)
        sb->s_op->clear_inode(inode);
    BUG_ON(inode->i_data.nrpages != 0 || !list_empty(&inode->i_list));
    remove_inode_hash(inode);
    wake_up_key(&inode_wait, inode);
    destroy_inode(inode);
}

void iput(struct inode *inode)
{
    if (!inode || !atomic_dec_and_test(&inode->i_count))
        return;
    if (inode->i_sb->s_op && inode->i_nlink && !list_empty(&inode->i_hash)) {
        if (list_empty(&inode->i_lru))
            unused_count++;
        else
            list_del(&inode->i_lru);
        list_add_tail(&inode->i_lru, &unused_list);
        return;
    }
    begin_freeing(inode);
    evict(inode, inode->i_nlink == 0);
}

/* ---- the shrinker ---- */

/* Its pages go first; true: nothing keeps it. kswapd's work is counted apart. */
static bool may_drop(struct inode *inode)
{
    if (inode->i_state & (I_DIRTY | I_LOCK | I_NEW | I_FREEING))
        return false;
    if (inode->i_data.nrpages) {
        igrab(inode);
        unsigned long dropped = invalidate_mapping_pages(&inode->i_data, 0, ~0ul);
        atomic_dec(&inode->i_count);
        count_vm_events(current->flags & PF_KSWAPD ? KSWAPD_INODESTEAL : PGINODESTEAL, dropped);
    }
    return !inode->i_data.nrpages && list_empty(&inode->i_data.private_list) && !atomic_read(&inode->i_count) &&
           !(inode->i_state & (I_DIRTY | I_LOCK));
}

/* Looks at the oldest `scan` unused inodes. What cannot go now has its next turn when all others had theirs. */
static void prune_icache(int scan)
{
    while (scan-- > 0 && !list_empty(&unused_list)) {
        struct inode *inode = list_entry(unused_list.next, struct inode, i_lru);
        if (atomic_read(&inode->i_count)) {
            leave_unused_list(inode);
            continue;
        }
        list_move_tail(&inode->i_lru, &unused_list);
        if (!may_drop(inode))
            continue;
        begin_freeing(inode);
        evict(inode, false);
    }
}

/* A task inside a file system must not enter one again. */
static int shrink_icache(int nr_to_scan, gfp_t gfp)
{
    if (nr_to_scan) {
        if (!(gfp & __GFP_FS))
            return -1;
        prune_icache(nr_to_scan);
    }
    return (int)((u64)unused_count * (unsigned)vfs_cache_pressure / 100);
}

/* ---- unmount, drop_caches ---- */

int invalidate_inodes(struct super_block *sb)
{
    struct list_head *at = sb->s_inodes.next;
    int busy = 0;
    while (at != &sb->s_inodes) {
        struct inode *inode = list_entry(at, struct inode, i_sb_list);
        at = at->next;
        if (atomic_read(&inode->i_count) || inode->i_state & (I_FREEING | I_LOCK)) {
            busy++;
            continue;
        }
        begin_freeing(inode);
        evict(inode, false);
        at = sb->s_inodes.next; /* it slept: others may have gone */
        busy = 0;
    }
    return busy;
}

void generic_shutdown_super(struct super_block *sb)
{
    if (!sb->s_op)
        return;
    fsync_super(sb);
    int busy = invalidate_inodes(sb);
    if (busy)
        printk(KERN_ERR "%s: %d inodes are in use after the unmount\n", sb->s_source, busy);
    if (sb->s_op->put_super)
        sb->s_op->put_super(sb);
    if (sb->s_bdev)
        filemap_write_and_wait(sb->s_bdev->bd_inode->i_mapping);
    if (sb->s_bdev)
        blkdev_issue_flush(sb->s_bdev);
}

/* ---- numbers for meminfo and sysinfo ---- */

static unsigned long pages_of_super(const struct super_block *sb)
{
    const struct inode *inode;
    unsigned long pages = 0;
    list_for_each_entry (inode, &sb->s_inodes, i_sb_list)
        pages += inode->i_data.nrpages;
    return pages;
}

unsigned long nr_blockdev_pages(void) { return pages_of_super(&blockdev_superblock); }

unsigned long nr_shmem_pages(void)
{
    const struct super_block *sb;
    unsigned long pages = 0;
    list_for_each_entry (sb, &super_blocks, s_list)
        if (strcmp(sb->s_type, "tmpfs") == 0)
            pages += pages_of_super(sb);
    return pages;
}

static void drop_pagecache_sb(struct super_block *sb)
{
    struct inode *inode, *held = NULL;
    list_for_each_entry (inode, &sb->s_inodes, i_sb_list) {
        if (inode->i_state & (I_FREEING | I_NEW) || !inode->i_data.nrpages)
            continue;
        igrab(inode);
        iput(held);
        held = inode;
        invalidate_mapping_pages(&inode->i_data, 0, ~0ul);
        cond_resched();
    }
    iput(held);
}

static void drop_pagecache_of(struct super_block *sb, void *unused)
{
    (void)unused;
    drop_pagecache_sb(sb);
}

void drop_pagecache(void) { for_each_super(drop_pagecache_of, NULL); }

/* The superuser may do everything but execute what nobody may execute. */
int inode_permission(const struct inode *inode, int mask)
{
    unsigned mode = inode->i_mode;
    if ((mask & MAY_WRITE) && IS_RDONLY(inode) && (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
        return -EROFS;
    if (current->fsuid == 0) {
        bool executable = S_ISDIR(mode) || (mode & 0111);
        return (mask & MAY_EXEC) && !executable ? -EACCES : 0;
    }
    if (current->fsuid == inode->i_uid)
        mode >>= 6;
    else if (current->fsgid == inode->i_gid)
        mode >>= 3;
    return (mode & (unsigned)mask & 7u) == (unsigned)mask ? 0 : -EACCES;
}
