/*
 * ext2: which blocks are free.
 *
 * A block is free (bit clear), used (bit set), or pending: bit set, and set in the group's pending bitmap too, because
 * the disk may still show its old owner. Descriptors and super block count the free ones exactly; statfs adds the
 * pending ones. When nothing else is free, ext2_commit makes the pending ones free at once.
 */
#include "ext2.h"
#include "mm/slab.h"

u32 ext2_find_clear(const void *bitmap, u32 from, u32 end)
{
    const u8 *bytes = bitmap;
    while (from < end) {
        if (!(from & 7) && bytes[from >> 3] == 0xff)
            from += 8;
        else if (ext2_test_bit(from, bitmap))
            from++;
        else
            return from;
    }
    return end;
}

/* The group's own blocks must be marked used, or a file would be laid over them. */
static bool block_bitmap_valid(struct super_block *sb, u32 group, const void *bitmap)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    const struct ext2_group_desc *desc = ext2_group_desc(sb, group);
    u32 first = ext2_group_first_block(sb, group), table = desc->bg_inode_table - first;
    if (!ext2_test_bit(desc->bg_block_bitmap - first, bitmap) || !ext2_test_bit(desc->bg_inode_bitmap - first, bitmap))
        return false;
    if (ext2_find_clear(bitmap, table, table + sbi->s_itb_per_group) < table + sbi->s_itb_per_group)
        return false;
    u32 heads = ext2_group_has_super(sb, group) ? 1 + sbi->s_gdb_count : 0;
    return ext2_find_clear(bitmap, 0, heads) == heads;
}

struct buffer_head *ext2_read_block_bitmap(struct super_block *sb, u32 group)
{
    struct ext2_group_info *info = &EXT2_SB(sb)->s_groups[group];
    struct buffer_head *bh = sb_bread(sb, ext2_group_desc(sb, group)->bg_block_bitmap);
    if (!bh) {
        ext2_error(sb, "cannot read the block bitmap of group %u", group);
        return NULL;
    }
    if (!info->blocks_checked && !block_bitmap_valid(sb, group, bh->b_data)) {
        brelse(bh);
        ext2_error(sb, "the block bitmap of group %u is damaged", group);
        return NULL;
    }
    info->blocks_checked = true;
    return bh;
}

u8 *ext2_pending_bitmap(struct super_block *sb, u8 **where)
{
    if (!*where)
        *where = kzalloc(sb->s_blocksize, __GFP_WAIT | __GFP_IO);
    return *where;
}

/* ---- counts ---- */

static void count_blocks(struct super_block *sb, u32 group, int change)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    struct ext2_group_desc *desc = ext2_group_desc(sb, group);
    desc->bg_free_blocks_count = (u16)(desc->bg_free_blocks_count + change);
    sbi->s_es->s_free_blocks_count += (u32)change;
    ext2_group_desc_changed(sb, group);
    mark_buffer_dirty(sbi->s_sbh);
}

static void count_inodes(struct super_block *sb, u32 group, u32 freed)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    ext2_group_desc(sb, group)->bg_free_inodes_count += (u16)freed;
    sbi->s_es->s_free_inodes_count += freed;
    ext2_group_desc_changed(sb, group);
    mark_buffer_dirty(sbi->s_sbh);
}

/* ---- commit ---- */

static u32 count_bits(u8 byte)
{
    u32 bits = 0;
    for (; byte; byte &= (u8)(byte - 1))
        bits++;
    return bits;
}

static u32 clear_pending(struct super_block *sb, u8 *bitmap, u8 *pending)
{
    u32 cleared = 0;
    for (u32 i = 0; i < sb->s_blocksize; i++) {
        if (!pending[i])
            continue;
        cleared += count_bits(bitmap[i] & pending[i]);
        bitmap[i] &= (u8)~pending[i];
        pending[i] = 0;
    }
    return cleared;
}

static int commit_blocks(struct super_block *sb, u32 group)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    struct ext2_group_info *info = &sbi->s_groups[group];
    if (!info->nr_pending_blocks)
        return 0;
    struct buffer_head *bh = ext2_read_block_bitmap(sb, group);
    if (!bh)
        return -EIO;
    count_blocks(sb, group, (int)clear_pending(sb, (u8 *)bh->b_data, info->pending_blocks));
    mark_buffer_dirty(bh);
    brelse(bh);
    sbi->s_pending_blocks -= info->nr_pending_blocks;
    info->nr_pending_blocks = 0;
    return 0;
}

static int commit_inodes(struct super_block *sb, u32 group)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    struct ext2_group_info *info = &sbi->s_groups[group];
    if (!info->nr_pending_inodes)
        return 0;
    struct buffer_head *bh = ext2_read_inode_bitmap(sb, group);
    if (!bh)
        return -EIO;
    count_inodes(sb, group, clear_pending(sb, (u8 *)bh->b_data, info->pending_inodes));
    mark_buffer_dirty(bh);
    brelse(bh);
    sbi->s_pending_inodes -= info->nr_pending_inodes;
    info->nr_pending_inodes = 0;
    return 0;
}

/* The lock is held over the writing: nothing becomes pending meanwhile that this writing has missed. */
int ext2_commit_locked(struct super_block *sb)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    if (!sbi->s_pending_blocks && !sbi->s_pending_inodes)
        return 0;
    int error = filemap_write_and_wait(sb->s_bdev->bd_inode->i_mapping);
    if (!error)
        error = blkdev_issue_flush(sb->s_bdev);
    for (u32 group = 0; !error && group < sbi->s_groups_count; group++) {
        error = commit_blocks(sb, group);
        if (!error)
            error = commit_inodes(sb, group);
    }
    return error;
}

int ext2_commit(struct super_block *sb)
{
    mutex_lock(&EXT2_SB(sb)->s_alloc_mutex);
    int error = ext2_commit_locked(sb);
    mutex_unlock(&EXT2_SB(sb)->s_alloc_mutex);
    return error;
}

/* ---- allocation ---- */

static bool may_take_block(const struct super_block *sb)
{
    const struct ext2_super_block *es = EXT2_SB(sb)->s_es;
    bool privileged = current->fsuid == 0 || current->fsuid == es->s_def_resuid;
    return es->s_free_blocks_count > (privileged ? 0 : es->s_r_blocks_count);
}

/* A free block of the group, from `from` (relative) on and then around. 0 and *block; -ENOSPC; -EIO. */
static int take_in_group(struct super_block *sb, u32 group, u32 from, u32 *block)
{
    u32 first = ext2_group_first_block(sb, group), end = ext2_group_end_block(sb, group) - first;
    if (!ext2_group_desc(sb, group)->bg_free_blocks_count)
        return -ENOSPC;
    struct buffer_head *bh = ext2_read_block_bitmap(sb, group);
    if (!bh)
        return -EIO;
    u32 found = ext2_find_clear(bh->b_data, from, end);
    if (found == end) {
        found = ext2_find_clear(bh->b_data, 0, from);
        found = found == from ? end : found;
    }
    if (found == end) {
        brelse(bh);
        return ext2_error(sb, "group %u counts free blocks and has none", group);
    }
    ext2_set_bit(found, bh->b_data);
    mark_buffer_dirty(bh);
    brelse(bh);
    count_blocks(sb, group, -1);
    *block = first + found;
    return 0;
}

static int take_block(struct super_block *sb, u32 goal, u32 *block)
{
    const struct ext2_sb_info *sbi = EXT2_SB(sb);
    u32 group = (goal - sbi->s_first_data_block) / sbi->s_blocks_per_group;
    u32 from = goal - ext2_group_first_block(sb, group);
    for (u32 tried = 0; tried < sbi->s_groups_count; tried++) {
        int error = take_in_group(sb, group, from, block);
        if (error != -ENOSPC)
            return error;
        group = group + 1 == sbi->s_groups_count ? 0 : group + 1;
        from = 0;
    }
    return -ENOSPC;
}

int ext2_new_block(struct inode *inode, u32 goal, u32 *block)
{
    struct super_block *sb = inode->i_sb;
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    if (sb->s_flags & MS_RDONLY)
        return -EROFS;
    if (goal < sbi->s_first_data_block || goal >= sbi->s_blocks_count)
        goal = sbi->s_first_data_block;
    mutex_lock(&sbi->s_alloc_mutex);
    int error = 0;
    if (!may_take_block(sb))
        error = ext2_commit_locked(sb);
    if (!error)
        error = may_take_block(sb) ? take_block(sb, goal, block) : -ENOSPC;
    mutex_unlock(&sbi->s_alloc_mutex);
    if (error)
        return error;
    inode->i_blocks += sb->s_blocksize / 512;
    return 0;
}

/* ---- freeing ---- */

static int free_in_group(struct super_block *sb, u32 group, u32 bit, bool pending)
{
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    struct ext2_group_info *info = &sbi->s_groups[group];
    struct buffer_head *bh = ext2_read_block_bitmap(sb, group);
    if (!bh)
        return -EIO;
    bool used = ext2_test_bit(bit, bh->b_data) && !(info->pending_blocks && ext2_test_bit(bit, info->pending_blocks));
    int error = 0;
    if (!used) {
        error = ext2_error(sb, "block %u is freed twice", ext2_group_first_block(sb, group) + bit);
    } else if (pending && ext2_pending_bitmap(sb, &info->pending_blocks)) {
        ext2_set_bit(bit, info->pending_blocks);
        info->nr_pending_blocks++;
        sbi->s_pending_blocks++;
    } else {
        /* No memory to remember it: the disk must forget the owner now. */
        if (pending)
            error = filemap_write_and_wait(sb->s_bdev->bd_inode->i_mapping);
        if (pending && !error)
            error = blkdev_issue_flush(sb->s_bdev);
        if (!error) {
            ext2_clear_bit(bit, bh->b_data);
            mark_buffer_dirty(bh);
            count_blocks(sb, group, 1);
        }
    }
    brelse(bh);
    return error;
}

void ext2_free_block(struct inode *inode, u32 block, bool pending)
{
    struct super_block *sb = inode->i_sb;
    struct ext2_sb_info *sbi = EXT2_SB(sb);
    u32 relative = block - sbi->s_first_data_block;
    if (sb->s_flags & MS_RDONLY)
        return;
    if (!ext2_data_block_valid(sb, block)) {
        ext2_error(sb, "inode %u owns block %u, which is no data block", inode->i_ino, block);
        return;
    }
    mutex_lock(&sbi->s_alloc_mutex);
    int error = free_in_group(sb, relative / sbi->s_blocks_per_group, relative % sbi->s_blocks_per_group, pending);
    mutex_unlock(&sbi->s_alloc_mutex);
    if (!error && inode->i_blocks >= sb->s_blocksize / 512)
        inode->i_blocks -= sb->s_blocksize / 512;
}
