/*
 * ext2: the super block and the group descriptors, from mount to unmount.
 *
 * Held true while mounted for writing: s_state on the disk is not VALID. It becomes what it was found as when all has
 * been written: unmount, remount read-only. An error keeps the ERROR flag for e2fsck.
 */
#include "ext2.h"
#include "mm/slab.h"

#define ERRORS_SHOWN_MAX 8u

int ext2_error(struct super_block *sb, const char *format, ...)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    char text[160];
    __builtin_va_list args;
    if (sbi->s_errors_shown < ERRORS_SHOWN_MAX) {
        sbi->s_errors_shown++;
        __builtin_va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        __builtin_va_end(args);
        printk(KERN_ERR "ext2: %s: %s\n", sb->s_source, text);
    }
    sbi->s_error = true;
    sbi->s_mount_state |= EXT2_ERROR_FS;
    if (!(sb->s_flags & MS_RDONLY)) {
        sbi->s_es->s_state |= EXT2_ERROR_FS;
        mark_buffer_dirty(sbi->s_sbh);
        sb->s_flags |= MS_RDONLY;
        printk(KERN_ERR "ext2: %s: read-only from now on\n", sb->s_source);
    }
    return -EIO;
}

/* ---- geometry ---- */

static bool is_power_of(u32 n, u32 base)
{
    while (n > 1 && n % base == 0)
        n /= base;
    return n == 1;
}

bool ext2_group_has_super(const struct super_block *sb, u32 group)
{
    if (!(EXT2_SB(sb)->s_es->s_feature_ro_compat & EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER))
        return true;
    return group <= 1 || is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

u32 ext2_group_first_block(const struct super_block *sb, u32 group)
{
    return EXT2_SB(sb)->s_first_data_block + group * EXT2_SB(sb)->s_blocks_per_group;
}

u32 ext2_group_end_block(const struct super_block *sb, u32 group)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    return group + 1 == sbi->s_groups_count ? sbi->s_blocks_count : ext2_group_first_block(sb, group + 1);
}

static u32 descriptors_per_block(const struct super_block *sb)
{
    return sb->s_blocksize / (u32)sizeof(struct ext2_group_desc);
}

struct ext2_group_desc *ext2_group_desc(const struct super_block *sb, u32 group)
{
    u32 each = descriptors_per_block(sb);
    return (struct ext2_group_desc *)EXT2_SB(sb)->s_group_desc[group / each]->b_data + group % each;
}

void ext2_group_desc_changed(struct super_block *sb, u32 group)
{
    mark_buffer_dirty(EXT2_SB(sb)->s_group_desc[group / descriptors_per_block(sb)]);
}

/* One of the group's own blocks: super block copy, descriptors, bitmaps, inode table. */
static bool is_group_block(const struct super_block *sb, u32 group, u32 block)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    const struct ext2_group_desc *desc = ext2_group_desc(sb, group);
    if (block == desc->bg_block_bitmap || block == desc->bg_inode_bitmap)
        return true;
    if (block >= desc->bg_inode_table && block - desc->bg_inode_table < sbi->s_itb_per_group)
        return true;
    return ext2_group_has_super(sb, group) && block - ext2_group_first_block(sb, group) <= sbi->s_gdb_count;
}

bool ext2_data_block_valid(const struct super_block *sb, u32 block)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    if (block < sbi->s_first_data_block || block >= sbi->s_blocks_count)
        return false;
    return !is_group_block(sb, (block - sbi->s_first_data_block) / sbi->s_blocks_per_group, block);
}

/* ---- mount: what must be right before anything is used ---- */

static int refuse(const struct super_block *sb, const char *why)
{
    printk(KERN_ERR "ext2: %s: %s\n", sb->s_source, why);
    return -EINVAL;
}

static int check_features(const struct super_block *sb, const struct ext2_super_block *es)
{
    const u32 known_ro = EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE;
    if (es->s_rev_level > 1)
        return refuse(sb, "this revision of ext2 is not known");
    if (es->s_rev_level == 0)
        return 0;
    if (es->s_feature_incompat & ~EXT2_FEATURE_INCOMPAT_FILETYPE) {
        printk(KERN_ERR "ext2: %s: has features (0x%x) that ext2 does not know; make it with mke2fs -t ext2\n",
               sb->s_source, es->s_feature_incompat & ~EXT2_FEATURE_INCOMPAT_FILETYPE);
        return -EINVAL;
    }
    if ((es->s_feature_ro_compat & ~known_ro) && !(sb->s_flags & MS_RDONLY)) {
        printk(KERN_ERR "ext2: %s: has features (0x%x) that allow to mount it read-only\n", sb->s_source,
               es->s_feature_ro_compat & ~known_ro);
        return -EROFS;
    }
    return 0;
}

static bool geometry_valid(const struct super_block *sb, const struct ext2_super_block *es)
{
    u32 bits = sb->s_blocksize * 8;
    u32 inode_size = es->s_rev_level ? es->s_inode_size : 128;
    if (inode_size != 128 && inode_size != 256)
        return false;
    u32 inodes_per_block = sb->s_blocksize / inode_size;
    if (es->s_first_data_block != (sb->s_blocksize == 1024))
        return false;
    if (es->s_blocks_per_group < 256 || es->s_blocks_per_group > bits || es->s_blocks_per_group % 8)
        return false;
    if (!es->s_inodes_per_group || es->s_inodes_per_group > bits || es->s_inodes_per_group % inodes_per_block)
        return false;
    if (es->s_rev_level && (es->s_first_ino < EXT2_GOOD_OLD_FIRST_INO || es->s_first_ino > es->s_inodes_count))
        return false;
    u64 device_blocks = sb->s_bdev->bd_sectors >> (sb->s_blocksize_bits - SECTOR_SHIFT);
    return es->s_blocks_count > es->s_first_data_block + 1 && es->s_blocks_count <= device_blocks;
}

static int take_geometry(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    const struct ext2_super_block *es = sbi->s_es;
    if (!geometry_valid(sb, es))
        return refuse(sb, "the super block is damaged, or the device is shorter than the file system");
    sbi->s_inode_size = es->s_rev_level ? es->s_inode_size : 128;
    sbi->s_first_ino = es->s_rev_level ? es->s_first_ino : EXT2_GOOD_OLD_FIRST_INO;
    sbi->s_first_data_block = es->s_first_data_block;
    sbi->s_blocks_count = es->s_blocks_count;
    sbi->s_inodes_count = es->s_inodes_count;
    sbi->s_blocks_per_group = es->s_blocks_per_group;
    sbi->s_inodes_per_group = es->s_inodes_per_group;
    sbi->s_itb_per_group = sbi->s_inodes_per_group / (sb->s_blocksize / sbi->s_inode_size);
    sbi->s_addr_bits = sb->s_blocksize_bits - 2;
    sbi->s_groups_count = (sbi->s_blocks_count - sbi->s_first_data_block - 1) / sbi->s_blocks_per_group + 1;
    sbi->s_gdb_count = (sbi->s_groups_count - 1) / descriptors_per_block(sb) + 1;
    if ((u64)sbi->s_groups_count * sbi->s_inodes_per_group != sbi->s_inodes_count)
        return refuse(sb, "the super block counts its inodes wrongly");
    if (sbi->s_groups_count > 128 * 1024 / sizeof(struct ext2_group_info))
        return refuse(sb, "it has more groups than this kernel can keep");
    return 0;
}

static int check_group(const struct super_block *sb, u32 group)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    const struct ext2_group_desc *desc = ext2_group_desc(sb, group);
    u32 first = ext2_group_first_block(sb, group), end = ext2_group_end_block(sb, group);
    u32 own = first + (ext2_group_has_super(sb, group) ? 1 + sbi->s_gdb_count : 0);
    u32 table = desc->bg_inode_table, bitmap = desc->bg_block_bitmap, inodes = desc->bg_inode_bitmap;
    bool inside = bitmap >= own && bitmap < end && inodes >= own && inodes < end && table >= own && table < end &&
                  end - table >= sbi->s_itb_per_group;
    bool apart = bitmap != inodes && bitmap - table >= sbi->s_itb_per_group && inodes - table >= sbi->s_itb_per_group;
    bool counted = desc->bg_free_blocks_count <= end - first && desc->bg_free_inodes_count <= sbi->s_inodes_per_group &&
                   desc->bg_used_dirs_count <= sbi->s_inodes_per_group;
    return inside && apart && counted ? 0 : refuse(sb, "a group descriptor is damaged");
}

static int read_descriptors(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    sbi->s_groups = kzalloc(sbi->s_groups_count * sizeof(*sbi->s_groups), GFP_KERNEL);
    sbi->s_group_desc = kzalloc(sbi->s_gdb_count * sizeof(*sbi->s_group_desc), GFP_KERNEL);
    if (!sbi->s_groups || !sbi->s_group_desc)
        return -ENOMEM;
    for (u32 i = 0; i < sbi->s_gdb_count; i++) {
        sbi->s_group_desc[i] = sb_bread(sb, sbi->s_first_data_block + 1 + i);
        if (!sbi->s_group_desc[i])
            return -EIO;
    }
    u32 free_blocks = 0, free_inodes = 0;
    for (u32 group = 0; group < sbi->s_groups_count; group++) {
        int error = check_group(sb, group);
        if (error)
            return error;
        free_blocks += ext2_group_desc(sb, group)->bg_free_blocks_count;
        free_inodes += ext2_group_desc(sb, group)->bg_free_inodes_count;
    }
    sbi->s_es->s_free_blocks_count = free_blocks;
    sbi->s_es->s_free_inodes_count = free_inodes;
    return 0;
}

/* The super block stands at byte 1024, whatever the block size is. */
static int read_super(struct super_block *sb, u32 block_size)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    int error = set_blocksize(sb->s_bdev, block_size);
    if (error)
        return error;
    brelse(sbi->s_sbh);
    sb->s_blocksize = block_size;
    sb->s_blocksize_bits = (u32)__builtin_ctz(block_size);
    sbi->s_sbh = sb_bread(sb, EXT2_SUPER_OFFSET / block_size);
    if (!sbi->s_sbh)
        return -EIO;
    sbi->s_es = (struct ext2_super_block *)(sbi->s_sbh->b_data + EXT2_SUPER_OFFSET % block_size);
    return 0;
}

static int find_super(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    int error = read_super(sb, 1024);
    if (error)
        return error;
    if (sbi->s_es->s_magic != EXT2_SUPER_MAGIC)
        return refuse(sb, "no ext2 file system is there");
    error = check_features(sb, sbi->s_es);
    if (error)
        return error;
    if (sbi->s_es->s_log_block_size > 2)
        return refuse(sb, "blocks must be of 1, 2 or 4 KiB");
    u32 block_size = 1024u << sbi->s_es->s_log_block_size;
    if (block_size != 1024) {
        error = read_super(sb, block_size);
        if (error)
            return error;
        /* It may have changed under us: the device is not ours alone to believe. */
        if (sbi->s_es->s_magic != EXT2_SUPER_MAGIC || 1024u << (sbi->s_es->s_log_block_size & 31) != block_size)
            return refuse(sb, "the super block changes while it is read");
    }
    return take_geometry(sb);
}

/* ---- clean and not clean ---- */

static int write_super_now(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    sbi->s_es->s_wtime = (u32)current_time().tv_sec;
    mark_buffer_dirty(sbi->s_sbh);
    int error = sync_dirty_buffer(sbi->s_sbh);
    return error ? error : blkdev_issue_flush(sb->s_bdev);
}

static int begin_writing(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    struct ext2_super_block *es = sbi->s_es;
    if (!(sbi->s_mount_state & EXT2_VALID_FS))
        printk(KERN_WARNING "ext2: %s: was not unmounted properly; e2fsck should look at it\n", sb->s_source);
    else if (sbi->s_mount_state & EXT2_ERROR_FS)
        printk(KERN_WARNING "ext2: %s: has errors; e2fsck should look at it\n", sb->s_source);
    es->s_state &= (u16)~EXT2_VALID_FS;
    es->s_mnt_count++;
    es->s_mtime = (u32)current_time().tv_sec;
    return write_super_now(sb);
}

/* Everything is written; the state becomes what it was found as. */
static int end_writing(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    int error = ext2_commit(sb);
    if (!error)
        error = filemap_write_and_wait(sb->s_bdev->bd_inode->i_mapping);
    if (!error)
        error = blkdev_issue_flush(sb->s_bdev);
    if (error)
        return error;
    sbi->s_es->s_state = sbi->s_mount_state;
    return write_super_now(sb);
}

static void release_super(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    for (u32 i = 0; sbi->s_groups && i < sbi->s_groups_count; i++) {
        kfree(sbi->s_groups[i].pending_blocks);
        kfree(sbi->s_groups[i].pending_inodes);
    }
    for (u32 i = 0; sbi->s_group_desc && i < sbi->s_gdb_count; i++)
        brelse(sbi->s_group_desc[i]);
    brelse(sbi->s_sbh);
    kfree(sbi->s_groups);
    kfree(sbi->s_group_desc);
    kfree(sbi);
    sb->s_fs_info = NULL;
}

static int read_root(struct super_block *sb)
{
    struct inode *root = ext2_iget(sb, EXT2_ROOT_INO);
    if (IS_ERR(root))
        return (int)PTR_ERR(root);
    if (!S_ISDIR(root->i_mode) || !root->i_size) {
        iput(root);
        return refuse(sb, "the root directory is damaged");
    }
    sb->s_root = d_alloc_root(root);
    return sb->s_root ? 0 : -ENOMEM;
}

int ext2_fill_super(struct super_block *sb, char *options)
{
    struct ext2_sb_info *sbi = kzalloc(sizeof(*sbi), GFP_KERNEL);
    if (!sbi)
        return -ENOMEM;
    (void)options; /* no option changes what this file system does */
    ext2_inode_cache_init();
    mutex_init(&sbi->s_alloc_mutex);
    sb->s_fs_info = sbi;
    sb->s_magic = EXT2_SUPER_MAGIC;
    int error = find_super(sb);
    if (!error)
        error = read_descriptors(sb);
    if (!error) {
        sbi->s_mount_state = sbi->s_es->s_state;
        sb->s_op = &ext2_super_operations;
        sb->s_maxbytes = (u64)ext2_max_size(sb->s_blocksize_bits);
        error = read_root(sb);
    }
    if (!error && !(sb->s_flags & MS_RDONLY))
        error = begin_writing(sb);
    if (error) {
        dput(sb->s_root);
        sb->s_root = NULL;
        invalidate_inodes(sb);
        release_super(sb);
    }
    return error;
}

/* ---- operations ---- */

static void ext2_put_super(struct super_block *sb)
{
    if (!(sb->s_flags & MS_RDONLY) && end_writing(sb))
        printk(KERN_ERR "ext2: %s: not everything could be written\n", sb->s_source);
    release_super(sb);
}

static int ext2_sync_fs(struct super_block *sb, int wait)
{
    if (sb->s_flags & MS_RDONLY)
        return 0;
    if (!wait)
        return 0;
    int error = ext2_commit(sb);
    if (!error)
        error = filemap_write_and_wait(sb->s_bdev->bd_inode->i_mapping);
    return error ? error : blkdev_issue_flush(sb->s_bdev);
}

static int ext2_statfs(struct super_block *sb, struct kstatfs *to)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    const struct ext2_super_block *es = sbi->s_es;
    u32 overhead = sbi->s_first_data_block;
    for (u32 group = 0; group < sbi->s_groups_count; group++)
        overhead += 2 + sbi->s_itb_per_group + (ext2_group_has_super(sb, group) ? 1 + sbi->s_gdb_count : 0);
    u32 bfree = es->s_free_blocks_count + sbi->s_pending_blocks;
    *to = (struct kstatfs){.f_type = EXT2_SUPER_MAGIC,
                           .f_bsize = sb->s_blocksize,
                           .f_frsize = sb->s_blocksize,
                           .f_namelen = NAME_MAX,
                           .f_blocks = sbi->s_blocks_count - overhead,
                           .f_bfree = bfree,
                           .f_bavail = bfree > es->s_r_blocks_count ? bfree - es->s_r_blocks_count : 0,
                           .f_files = sbi->s_inodes_count,
                           .f_ffree = es->s_free_inodes_count + sbi->s_pending_inodes};
    memcpy(to->f_fsid, es->s_uuid, sizeof(to->f_fsid));
    return 0;
}

/* *flags: as the file system shall be mounted. All files have been written when it becomes read-only. */
static int ext2_remount(struct super_block *sb, u32 *flags, char *data)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    bool was_ro = sb->s_flags & MS_RDONLY, ro = *flags & MS_RDONLY;
    (void)data;
    if (was_ro == ro)
        return 0;
    if (ro)
        return end_writing(sb);
    if (sb->s_bdev->bd_read_only)
        return -EROFS;
    u32 old = sb->s_flags;
    sb->s_flags &= ~MS_RDONLY;
    int error = check_features(sb, sbi->s_es);
    sb->s_flags = old;
    return error ? error : begin_writing(sb);
}

const struct super_operations ext2_super_operations = {
    .write_inode = ext2_write_inode,
    .delete_inode = ext2_delete_inode,
    .clear_inode = ext2_clear_inode,
    .sync_fs = ext2_sync_fs,
    .statfs = ext2_statfs,
    .remount_fs = ext2_remount,
    .put_super = ext2_put_super,
};
