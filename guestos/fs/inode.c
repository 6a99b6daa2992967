/*
 * Inodes: the files themselves, apart from their names.
 *
 * An inode lives while somebody holds a reference: a dentry that names it, an open file through its dentry, or a
 * running operation. The last iput drops the pages and frees it. i_nlink counts names and keeps nothing alive by
 * itself: file systems in memory hold a dentry for each name.
 */
#include "fs/fs.h"
#include "fs/vfs.h"
#include "mm/slab.h"

static kmem_cache_t *inode_cache;

void inode_init(void)
{
    inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 0, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
}

struct timespec64 current_time(void)
{
    u64 now = real_time_ns();
    return (struct timespec64){(s64)(now / 1000000000u), (s32)(now % 1000000000u)};
}

void touch_mtime(struct inode *inode) { inode->i_mtime = inode->i_ctime = current_time(); }

void touch_atime(struct inode *inode) { inode->i_atime = current_time(); }

struct inode *new_inode(struct super_block *sb, umode_t mode)
{
    struct inode *inode = kmem_cache_zalloc(inode_cache, GFP_KERNEL);
    if (!inode)
        return NULL;
    inode->i_ino = ++sb->s_last_ino;
    inode->i_mode = mode;
    inode->i_nlink = 1;
    inode->i_uid = current->fsuid;
    inode->i_gid = current->fsgid;
    inode->i_sb = sb;
    inode->i_atime = inode->i_mtime = inode->i_ctime = current_time();
    atomic_set(&inode->i_count, 1);
    mutex_init(&inode->i_mutex);
    INIT_LIST_HEAD(&inode->i_list);
    INIT_LIST_HEAD(&inode->i_sb_list);
    INIT_LIST_HEAD(&inode->i_hash);
    INIT_LIST_HEAD(&inode->i_lru);
    address_space_init(&inode->i_data, inode, NULL);
    inode->i_mapping = &inode->i_data;
    return inode;
}

void iput(struct inode *inode)
{
    if (!inode || !atomic_dec_and_test(&inode->i_count))
        return;
    truncate_inode_pages(&inode->i_data, 0);
    if (inode->i_sb->evict_inode)
        inode->i_sb->evict_inode(inode);
    BUG_ON(inode->i_data.nrpages != 0);
    kmem_cache_free(inode_cache, inode);
}

/* The superuser may do everything but execute what nobody may execute. */
int inode_permission(const struct inode *inode, int mask)
{
    unsigned mode = inode->i_mode;
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
