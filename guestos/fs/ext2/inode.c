/*
 * ext2: inodes between disk and memory.
 *
 * ext2_write_inode copies an inode into the buffer of its table block, after the blocks that it points to are safe there
 * (rule 1 of ext2.h). The table block is shared by its neighbours, and may be written at any time: what is in it is
 * always fit for the disk.
 */
#include "ext2.h"
#include "mm/slab.h"

static kmem_cache_t *ext2_inode_cache;

void ext2_inode_cache_init(void)
{
    if (!ext2_inode_cache)
        ext2_inode_cache = kmem_cache_create("ext2_inode_cache", sizeof(struct ext2_inode_info), 0,
                                             SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
}

int ext2_init_info(struct inode *inode)
{
    struct ext2_inode_info *ei = kmem_cache_zalloc(ext2_inode_cache, __GFP_WAIT | __GFP_IO);
    if (!ei)
        return -ENOMEM;
    mutex_init(&ei->i_truncate_mutex);
    inode->i_private = ei;
    return 0;
}

void ext2_clear_inode(struct inode *inode)
{
    if (inode->i_private)
        kmem_cache_free(ext2_inode_cache, inode->i_private);
    inode->i_private = NULL;
}

void ext2_set_operations(struct inode *inode, dev_t rdev)
{
    inode->i_data.a_ops = &ext2_aops;
    inode->i_data.gfp_mask = GFP_HIGHUSER;
    inode->i_data.bdev = inode->i_sb->s_bdev;
    switch (inode->i_mode & S_IFMT) {
    case S_IFREG:
        inode->i_op = &ext2_file_inode_operations;
        inode->i_fop = &ext2_file_operations;
        break;
    case S_IFDIR:
        inode->i_op = &ext2_dir_inode_operations;
        inode->i_fop = &ext2_dir_operations;
        break;
    case S_IFLNK: inode->i_op = &ext2_symlink_inode_operations; break;
    default: inode->i_op = &ext2_special_inode_operations; init_special_inode(inode, rdev);
    }
}

/* ---- the inode table ---- */

static struct ext2_inode *read_raw(struct super_block *sb, u32 ino, struct buffer_head **bh)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    bool plain = ino == EXT2_ROOT_INO || ino >= sbi->s_first_ino;
    if (!plain || ino > sbi->s_inodes_count) {
        ext2_error(sb, "inode %u does not exist", ino);
        return NULL;
    }
    u32 group = (ino - 1) / sbi->s_inodes_per_group, offset = (ino - 1) % sbi->s_inodes_per_group * sbi->s_inode_size;
    *bh = sb_bread(sb, ext2_group_desc(sb, group)->bg_inode_table + (offset >> sb->s_blocksize_bits));
    if (!*bh) {
        printk(KERN_ERR "ext2: %s: cannot read inode %u\n", sb->s_source, ino);
        return NULL;
    }
    return (struct ext2_inode *)((*bh)->b_data + (offset & (sb->s_blocksize - 1)));
}

/* ---- from the disk ---- */

static bool type_valid(u32 mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK: return true;
    default: return false;
    }
}

static bool size_valid(const struct inode *inode)
{
    const struct super_block *sb = inode->i_sb;
    u64 size = (u64)inode->i_size;
    switch (inode->i_mode & S_IFMT) {
    case S_IFREG: return size <= sb->s_maxbytes;
    case S_IFDIR:
        return size % sb->s_blocksize == 0 && size <= (u64)EXT2_SB(sb)->s_blocks_count << sb->s_blocksize_bits;
    case S_IFLNK: return size > 0 && size < (ext2_has_blocks(inode) ? sb->s_blocksize : 4 * EXT2_N_BLOCKS);
    default: return true;
    }
}

static struct timespec64 seconds(u32 time) { return (struct timespec64){(s32)time, 0}; }

static void take_raw(struct inode *inode, const struct ext2_inode *raw)
{
    struct ext2_inode_info *ei = EXT2_I(inode);
    inode->i_mode = raw->i_mode;
    inode->i_nlink = raw->i_links_count;
    inode->i_uid = raw->i_uid | (u32)raw->i_uid_high << 16;
    inode->i_gid = raw->i_gid | (u32)raw->i_gid_high << 16;
    inode->i_size = raw->i_size;
    if (S_ISREG(inode->i_mode))
        inode->i_size = (loff_t)(raw->i_size | (u64)raw->i_size_high << 32);
    inode->i_atime = seconds(raw->i_atime);
    inode->i_mtime = seconds(raw->i_mtime);
    inode->i_ctime = seconds(raw->i_ctime);
    inode->i_blocks = raw->i_blocks;
    inode->i_generation = raw->i_generation;
    memcpy(ei->i_data, raw->i_block, sizeof(ei->i_data));
    ei->i_flags = raw->i_flags;
    ei->i_dtime = raw->i_dtime;
    ei->i_file_acl = raw->i_file_acl;
    ei->i_group = (inode->i_ino - 1) / EXT2_SB(inode->i_sb)->s_inodes_per_group;
}

/* A device number: old form (8 bits each) in the first word, or the new one in the second. */
static dev_t raw_device(const u32 *block)
{
    if (block[0])
        return MKDEV(block[0] >> 8 & 0xff, block[0] & 0xff);
    return block[1];
}

static int fill_inode(struct inode *inode)
{
    struct super_block *sb = inode->i_sb;
    struct buffer_head *bh = NULL;
    const struct ext2_inode *raw = read_raw(sb, inode->i_ino, &bh);
    int error = raw ? ext2_init_info(inode) : -EIO;
    if (!error) {
        take_raw(inode, raw);
        if (!inode->i_nlink)
            error = ext2_error(sb, "a name leads to the deleted inode %u", inode->i_ino);
        else if (!type_valid(inode->i_mode) || !size_valid(inode))
            error = ext2_error(sb, "inode %u is damaged: mode 0%o, size %llu", inode->i_ino, inode->i_mode,
                               (unsigned long long)inode->i_size);
    }
    if (!error)
        ext2_set_operations(inode, raw_device(raw->i_block));
    brelse(bh);
    return error;
}

struct inode *ext2_iget(struct super_block *sb, u32 ino)
{
    struct inode *inode = iget_locked(sb, ino);
    if (!inode)
        return ERR_PTR(-ENOMEM);
    if (!(inode->i_state & I_NEW))
        return inode;
    int error = fill_inode(inode);
    if (error) {
        iget_failed(inode);
        return ERR_PTR(error);
    }
    unlock_new_inode(inode);
    return inode;
}

/* ---- to the disk ---- */

static void put_blocks(struct ext2_inode *raw, const struct inode *inode)
{
    const struct ext2_inode_info *ei = EXT2_I(inode);
    bool device = (inode->i_mode & S_IFMT) == S_IFCHR || (inode->i_mode & S_IFMT) == S_IFBLK;
    memcpy(raw->i_block, ei->i_data, sizeof(raw->i_block));
    if (!device)
        return;
    memset(raw->i_block, 0, sizeof(raw->i_block));
    if (MAJOR(inode->i_rdev) < 256 && MINOR(inode->i_rdev) < 256)
        raw->i_block[0] = MAJOR(inode->i_rdev) << 8 | MINOR(inode->i_rdev);
    else
        raw->i_block[1] = inode->i_rdev;
}

/* The first file beyond 2 GiB changes what the file system is. */
static void note_large_file(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    struct ext2_super_block *es = sbi->s_es;
    if (!es->s_rev_level || (es->s_feature_ro_compat & EXT2_FEATURE_RO_COMPAT_LARGE_FILE))
        return;
    es->s_feature_ro_compat |= EXT2_FEATURE_RO_COMPAT_LARGE_FILE;
    mark_buffer_dirty(sbi->s_sbh);
}

static void put_raw(struct ext2_inode *raw, const struct inode *inode)
{
    const struct ext2_inode_info *ei = EXT2_I(inode);
    raw->i_mode = inode->i_mode;
    raw->i_links_count = ei->i_hidden ? 0 : (u16)inode->i_nlink;
    raw->i_uid = (u16)inode->i_uid;
    raw->i_gid = (u16)inode->i_gid;
    raw->i_uid_high = (u16)(inode->i_uid >> 16);
    raw->i_gid_high = (u16)(inode->i_gid >> 16);
    raw->i_size = (u32)inode->i_size;
    if (S_ISREG(inode->i_mode))
        raw->i_size_high = (u32)((u64)inode->i_size >> 32);
    raw->i_atime = (u32)inode->i_atime.tv_sec;
    raw->i_mtime = (u32)inode->i_mtime.tv_sec;
    raw->i_ctime = (u32)inode->i_ctime.tv_sec;
    raw->i_dtime = ei->i_dtime;
    if (!raw->i_links_count && !raw->i_dtime)
        raw->i_dtime = (u32)inode->i_ctime.tv_sec; /* for who finds it after a power cut it is deleted */
    raw->i_blocks = inode->i_blocks;
    raw->i_flags = ei->i_flags;
    raw->i_generation = inode->i_generation;
    raw->i_file_acl = ei->i_file_acl;
    put_blocks(raw, inode);
}

/* Rule 1: what the inode is about to point to is on the disk first. i_truncate_mutex held. */
static int write_what_it_points_to(struct inode *inode)
{
    struct ext2_inode_info *ei = EXT2_I(inode);
    if (!ei->i_unwritten)
        return 0;
    int error = sync_mapping_buffers(inode);
    if (!error)
        error = blkdev_issue_flush(inode->i_sb->s_bdev);
    if (!error)
        ei->i_unwritten = false;
    return error;
}

int ext2_write_inode(struct inode *inode, int wait)
{
    struct ext2_inode_info *ei = EXT2_I(inode);
    struct super_block *sb = inode->i_sb;
    struct buffer_head *bh = NULL;
    if (sb->s_flags & MS_RDONLY)
        return EXT2_SB(sb)->s_error ? -EROFS : 0;
    struct ext2_inode *raw = read_raw(sb, inode->i_ino, &bh);
    if (!raw)
        return -EIO;
    mutex_lock(&ei->i_truncate_mutex);
    int error = write_what_it_points_to(inode);
    if (!error) {
        if (!raw->i_links_count && inode->i_nlink)
            memset(raw, 0, EXT2_SB(sb)->s_inode_size); /* a new one: nothing of its number's last owner stays */
        put_raw(raw, inode);
        if (S_ISREG(inode->i_mode) && inode->i_size > 0x7fffffff)
            note_large_file(sb);
        mark_buffer_dirty(bh);
    }
    mutex_unlock(&ei->i_truncate_mutex);
    if (!error && wait)
        error = sync_dirty_buffer(bh);
    brelse(bh);
    return error;
}

/* ---- deletion ---- */

/* The block of attributes that mke2fs -d or Linux made: one owner less. */
static void drop_attributes(struct inode *inode, u32 block)
{
    struct super_block *sb = inode->i_sb;
    if (!block)
        return;
    struct buffer_head *bh = ext2_data_block_valid(sb, block) ? sb_bread(sb, block) : NULL;
    struct ext2_xattr_header *header = bh ? (struct ext2_xattr_header *)bh->b_data : NULL;
    if (!header || header->h_magic != EXT2_XATTR_MAGIC || !header->h_refcount) {
        ext2_error(sb, "inode %u has damaged attributes", inode->i_ino);
        brelse(bh);
        return;
    }
    if (header->h_refcount > 1) {
        header->h_refcount--;
        mark_buffer_dirty(bh);
        brelse(bh);
        return;
    }
    bforget(bh);
    ext2_free_block(inode, block, true);
}

bool ext2_has_blocks(const struct inode *inode)
{
    u32 attributes = EXT2_I(inode)->i_file_acl ? inode->i_sb->s_blocksize / 512 : 0;
    if (S_ISLNK(inode->i_mode))
        return inode->i_blocks > attributes;
    return S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode);
}

/* The last name and the last user are gone. First the inode is empty and deleted in its buffer, then it is freed. */
void ext2_delete_inode(struct inode *inode)
{
    struct ext2_inode_info *ei = EXT2_I(inode);
    if (!ei || inode->i_ino == 0 || (inode->i_sb->s_flags & MS_RDONLY))
        return;
    bool blocks = ext2_has_blocks(inode);
    u32 attributes = ei->i_file_acl;
    ei->i_file_acl = 0;
    ei->i_dtime = (u32)current_time().tv_sec;
    inode->i_size = 0;
    if (blocks)
        ext2_truncate_blocks(inode);
    drop_attributes(inode, attributes);
    if (!blocks)
        memset(ei->i_data, 0, sizeof(ei->i_data));
    ei->i_unwritten = false;
    if (!ext2_write_inode(inode, 0))
        ext2_free_inode(inode);
}
