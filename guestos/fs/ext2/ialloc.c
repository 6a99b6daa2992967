/*
 * ext2: which inodes are free, and where a new one goes.
 *
 * A file goes near its directory, so that name, inode and blocks lie together; a directory below the root goes to the
 * emptiest group, so that the trees spread; a deeper one stays with its parent while that group is not fuller than the
 * average. A freed number is pending like a freed block: the disk may still show the deleted file under it.
 */
#include "ext2.h"
#include "mm/slab.h"

/* The reserved inodes of group 0 must be marked used. */
static bool inode_bitmap_valid(const struct super_block *sb, u32 group, const void *bitmap)
{
    u32 reserved = group == 0 ? EXT2_SB(sb)->s_first_ino - 1 : 0;
    if (reserved > EXT2_SB(sb)->s_inodes_per_group)
        return false;
    return ext2_find_clear(bitmap, 0, reserved) == reserved;
}

struct buffer_head *ext2_read_inode_bitmap(struct super_block *sb, u32 group)
{
    struct ext2_group_info *info = &EXT2_SB(sb)->s_groups[group];
    struct buffer_head *bh = sb_bread(sb, ext2_group_desc(sb, group)->bg_inode_bitmap);
    if (!bh) {
        ext2_error(sb, "cannot read the inode bitmap of group %u", group);
        return NULL;
    }
    if (!info->inodes_checked && !inode_bitmap_valid(sb, group, bh->b_data)) {
        brelse(bh);
        ext2_error(sb, "the inode bitmap of group %u is damaged", group);
        return NULL;
    }
    info->inodes_checked = true;
    return bh;
}

/* ---- the choice of a group ---- */

static bool has_room(const struct super_block *sb, u32 group)
{
    const struct ext2_group_desc *desc = ext2_group_desc(sb, group);
    return desc->bg_free_inodes_count && desc->bg_free_blocks_count;
}

static u32 emptiest_group(const struct super_block *sb)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    u32 average = sbi->s_es->s_free_inodes_count / sbi->s_groups_count, best = 0, best_blocks = 0;
    for (u32 group = 0; group < sbi->s_groups_count; group++) {
        const struct ext2_group_desc *desc = ext2_group_desc(sb, group);
        if (!desc->bg_free_inodes_count || desc->bg_free_inodes_count < average)
            continue;
        if (desc->bg_free_blocks_count > best_blocks) {
            best = group;
            best_blocks = desc->bg_free_blocks_count;
        }
    }
    return best;
}

static u32 choose_group(const struct inode *dir, umode_t mode)
{
    const struct super_block *sb = dir->i_sb;
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    u32 parent = EXT2_I(dir)->i_group, average = sbi->s_es->s_free_blocks_count / sbi->s_groups_count;
    if (S_ISDIR(mode) && (dir->i_ino == EXT2_ROOT_INO || ext2_group_desc(sb, parent)->bg_free_blocks_count < average))
        return emptiest_group(sb);
    for (u32 tried = 0, group = parent; tried < sbi->s_groups_count; tried++) {
        if (has_room(sb, group))
            return group;
        group = group + 1 == sbi->s_groups_count ? 0 : group + 1;
    }
    return parent;
}

/* ---- allocation ---- */

static void count_inode(struct super_block *sb, u32 group, int change, bool is_dir)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    struct ext2_group_desc *desc = ext2_group_desc(sb, group);
    desc->bg_free_inodes_count = (u16)(desc->bg_free_inodes_count + change);
    sbi->s_es->s_free_inodes_count += (u32)change;
    if (is_dir)
        desc->bg_used_dirs_count = (u16)(desc->bg_used_dirs_count - change);
    ext2_group_desc_changed(sb, group);
    mark_buffer_dirty(sbi->s_sbh);
}

static int take_in_group(struct super_block *sb, u32 group, bool is_dir, u32 *ino)
{
    u32 count = EXT2_SB(sb)->s_inodes_per_group;
    if (!ext2_group_desc(sb, group)->bg_free_inodes_count)
        return -ENOSPC;
    struct buffer_head *bh = ext2_read_inode_bitmap(sb, group);
    if (!bh)
        return -EIO;
    u32 found = ext2_find_clear(bh->b_data, 0, count);
    if (found == count) {
        brelse(bh);
        return ext2_error(sb, "group %u counts free inodes and has none", group);
    }
    ext2_set_bit(found, bh->b_data);
    mark_buffer_dirty(bh);
    brelse(bh);
    count_inode(sb, group, -1, is_dir);
    *ino = group * count + found + 1;
    return 0;
}

static int take_inode(const struct inode *dir, umode_t mode, u32 *ino)
{
    struct super_block *sb = dir->i_sb;
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    if (!sbi->s_es->s_free_inodes_count) {
        int error = ext2_commit_locked(sb);
        if (error)
            return error;
    }
    u32 group = choose_group(dir, mode);
    for (u32 tried = 0; tried < sbi->s_groups_count; tried++) {
        int error = take_in_group(sb, group, S_ISDIR(mode), ino);
        if (error != -ENOSPC)
            return error;
        group = group + 1 == sbi->s_groups_count ? 0 : group + 1;
    }
    return -ENOSPC;
}

/* A number that no inode on the disk has ever had under this mount: back at once. */
static void give_back(struct super_block *sb, u32 ino, bool is_dir)
{
    u32 count = EXT2_SB(sb)->s_inodes_per_group, group = (ino - 1) / count;
    struct buffer_head *bh = ext2_read_inode_bitmap(sb, group);
    if (!bh)
        return;
    ext2_clear_bit((ino - 1) % count, bh->b_data);
    mark_buffer_dirty(bh);
    brelse(bh);
    count_inode(sb, group, 1, is_dir);
}

static void inherit(struct inode *inode, const struct inode *dir)
{
    const struct ext2_inode_info *parent = EXT2_I(dir);
    struct ext2_inode_info *ei = EXT2_I(inode);
    ei->i_group = (inode->i_ino - 1) / EXT2_SB(inode->i_sb)->s_inodes_per_group;
    ei->i_flags = parent->i_flags & ~EXT2_INDEX_FL & (S_ISDIR(inode->i_mode) ? ~0u : 0xffu);
    ei->i_hidden = true;
    if (dir->i_mode & 02000) {
        inode->i_gid = dir->i_gid;
        if (S_ISDIR(inode->i_mode))
            inode->i_mode |= 02000;
    }
}

struct inode *ext2_new_inode(struct inode *dir, umode_t mode)
{
    struct super_block *sb = dir->i_sb;
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    u32 ino = 0;
    if (sb->s_flags & MS_RDONLY)
        return ERR_PTR(-EROFS);
    struct inode *inode = new_inode(sb, mode);
    int error = inode ? ext2_init_info(inode) : -ENOMEM;
    if (!error) {
        mutex_lock(&sbi->s_alloc_mutex);
        error = take_inode(dir, mode, &ino);
        mutex_unlock(&sbi->s_alloc_mutex);
    }
    if (error) {
        if (inode)
            inode->i_ino = 0; /* it never had a number: nothing to free on the disk */
        iput(inode);
        return ERR_PTR(error);
    }
    inode->i_ino = ino;
    inherit(inode, dir);
    insert_inode_hash(inode);
    mark_inode_dirty(inode);
    return inode;
}

/* ---- freeing ---- */

static int free_number(struct super_block *sb, u32 ino, bool is_dir)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    u32 group = (ino - 1) / sbi->s_inodes_per_group, bit = (ino - 1) % sbi->s_inodes_per_group;
    struct ext2_group_info *info = &sbi->s_groups[group];
    struct buffer_head *bh = ext2_read_inode_bitmap(sb, group);
    if (!bh)
        return -EIO;
    bool used = ext2_test_bit(bit, bh->b_data) && !(info->pending_inodes && ext2_test_bit(bit, info->pending_inodes));
    brelse(bh);
    if (!used)
        return ext2_error(sb, "inode %u is freed twice", ino);
    if (is_dir) {
        ext2_group_desc(sb, group)->bg_used_dirs_count--;
        ext2_group_desc_changed(sb, group);
    }
    if (ext2_pending_bitmap(sb, &info->pending_inodes)) {
        ext2_set_bit(bit, info->pending_inodes);
        info->nr_pending_inodes++;
        sbi->s_pending_inodes++;
        return 0;
    }
    int error = filemap_write_and_wait(sb->s_bdev->bd_inode->i_mapping);
    if (!error)
        error = blkdev_issue_flush(sb->s_bdev);
    if (!error)
        give_back(sb, ino, false);
    return error;
}

void ext2_free_inode(struct inode *inode)
{
    struct super_block *sb = inode->i_sb;
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    if (sb->s_flags & MS_RDONLY)
        return;
    if (inode->i_ino < sbi->s_first_ino || inode->i_ino > sbi->s_inodes_count) {
        ext2_error(sb, "the reserved inode %u is deleted", inode->i_ino);
        return;
    }
    mutex_lock(&sbi->s_alloc_mutex);
    free_number(sb, inode->i_ino, S_ISDIR(inode->i_mode));
    mutex_unlock(&sbi->s_alloc_mutex);
}
