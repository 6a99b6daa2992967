/*
 * ext2: where the blocks of a file lie: 12 direct, then trees of one, two and three levels of blocks of numbers.
 *
 *   i_data[0..11]   i_data[12]      i_data[13]            i_data[14]
 *       data        [ n ] -> data   [ n ] -> [ n ] -> data   one level more
 *
 * A number is 0 (a hole) or a data block of this file system; everything else is an error. i_truncate_mutex guards all
 * of it. A block is taken off its pointer before it is freed, and the pointer's buffer or inode is marked first, so that
 * ext2_commit never frees what it has not made the disk forget.
 */
#include "ext2.h"

#define DEPTH_MAX 4

/* The way to one block: at each level the number of an entry; level 0 is i_data. */
struct block_path {
    int depth; /* 1 .. 4 levels */
    u32 offset[DEPTH_MAX];
};

static int find_path(const struct super_block *sb, u64 index, struct block_path *path)
{
    u32 bits = EXT2_SB(sb)->s_addr_bits;
    if (index < EXT2_NDIR_BLOCKS) {
        path->depth = 1;
        path->offset[0] = (u32)index;
        return 0;
    }
    index -= EXT2_NDIR_BLOCKS;
    for (u32 level = 1; level < DEPTH_MAX; level++) {
        if (index < 1ull << (bits * level)) {
            path->depth = (int)level + 1;
            path->offset[0] = EXT2_IND_BLOCK + level - 1;
            for (u32 i = 1; i <= level; i++)
                path->offset[i] = (u32)(index >> (bits * (level - i))) & ((1u << bits) - 1);
            return 0;
        }
        index -= 1ull << (bits * level);
    }
    return -EFBIG;
}

/* Bytes: what the trees reach, and what i_blocks can count with all the blocks of numbers. */
loff_t ext2_max_size(u32 block_bits)
{
    u32 bits = block_bits - 2;
    u64 reach = (EXT2_NDIR_BLOCKS + (1ull << bits) + (1ull << 2 * bits) + (1ull << 3 * bits)) << block_bits;
    u64 counted = (1ull << 41) - (1ull << 32);
    return (loff_t)(reach < counted ? reach : counted);
}

static int check_number(const struct inode *inode, u32 number)
{
    if (!number || ext2_data_block_valid(inode->i_sb, number))
        return 0;
    return ext2_error(inode->i_sb, "inode %u points to block %u, which is no data block", inode->i_ino, number);
}

static struct buffer_head *read_numbers(struct inode *inode, u32 block)
{
    struct buffer_head *bh = sb_bread(inode->i_sb, block);
    if (!bh)
        printk(KERN_ERR "ext2: %s: cannot read block %u of inode %u\n", inode->i_sb->s_source, block, inode->i_ino);
    return bh;
}

/* ---- look up and allocate ---- */

/* A walk that has come to a slot: in i_data (bh NULL) or in a block of numbers. */
struct slot {
    struct buffer_head *bh;
    u32 *number;
};

static void set_slot(struct inode *inode, const struct slot *slot, u32 number)
{
    *slot->number = number;
    if (slot->bh)
        mark_buffer_dirty_inode(slot->bh, inode);
    mark_inode_dirty(inode);
}

static u32 find_goal(const struct inode *inode, const struct slot *slot, u64 index)
{
    const struct ext2_inode_info *ei = EXT2_I(inode);
    if (ei->i_next_goal && index == ei->i_next_index)
        return ei->i_next_goal;
    const u32 *start = slot->bh ? (const u32 *)slot->bh->b_data : ei->i_data;
    for (const u32 *p = slot->number; p-- > start;)
        if (*p)
            return *p;
    if (slot->bh)
        return (u32)slot->bh->b_blocknr;
    return ext2_group_first_block(inode->i_sb, ei->i_group);
}

/* An empty block of numbers or of a directory. Below another one it is on the disk before that one can point to it. */
static int prepare_metadata(struct inode *inode, u32 block, bool is_data, bool below_another)
{
    struct buffer_head *bh = sb_getblk(inode->i_sb, block);
    if (!bh)
        return -ENOMEM;
    lock_buffer(bh);
    memset(bh->b_data, 0, inode->i_sb->s_blocksize);
    if (is_data)
        ext2_format_dir_block(bh->b_data, inode->i_sb->s_blocksize);
    set_buffer_uptodate(bh);
    unlock_buffer(bh);
    mark_buffer_dirty_inode(bh, inode);
    int error = below_another ? sync_dirty_buffer(bh) : 0;
    if (below_another && !error)
        error = blkdev_issue_flush(inode->i_sb->s_bdev);
    if (error)
        bforget(bh);
    else
        brelse(bh);
    return error;
}

static int fill_slot(struct inode *inode, const struct slot *slot, u64 index, bool is_data)
{
    struct ext2_inode_info *ei = EXT2_I(inode);
    u32 block;
    int error = ext2_new_block(inode, find_goal(inode, slot, index), &block);
    if (error)
        return error;
    if (!is_data || S_ISDIR(inode->i_mode)) {
        error = prepare_metadata(inode, block, is_data, slot->bh != NULL);
        if (error) {
            ext2_free_block(inode, block, false);
            return error;
        }
        ei->i_unwritten = true;
    }
    if (is_data) {
        ei->i_next_index = (u32)index + 1;
        ei->i_next_goal = block + 1;
    }
    set_slot(inode, slot, block);
    return 0;
}

static void map_buffer(struct inode *inode, struct buffer_head *bh, u32 block, bool fresh)
{
    bh->b_bdev = inode->i_sb->s_bdev;
    bh->b_blocknr = block;
    bh->b_size = inode->i_sb->s_blocksize;
    set_buffer_mapped(bh);
    if (fresh)
        set_buffer_new(bh);
}

static int step_down(struct inode *inode, struct slot *slot, u32 offset)
{
    struct buffer_head *bh = read_numbers(inode, *slot->number);
    brelse(slot->bh);
    slot->bh = bh;
    if (!bh)
        return -EIO;
    slot->number = (u32 *)bh->b_data + offset;
    return 0;
}

/* Walks the path, filling what is missing when create. *fresh: the data block was allocated. */
static int walk_path(struct inode *inode, u64 index, const struct block_path *path, int create, struct slot *slot,
                     bool *fresh)
{
    slot->bh = NULL;
    slot->number = &EXT2_I(inode)->i_data[path->offset[0]];
    for (int level = 0;; level++) {
        bool is_data = level == path->depth - 1;
        int error = check_number(inode, *slot->number);
        if (error || (!*slot->number && !create))
            return error;
        if (!*slot->number) {
            error = fill_slot(inode, slot, index, is_data);
            if (error)
                return error;
            *fresh = is_data;
        }
        if (is_data)
            return 0;
        error = step_down(inode, slot, path->offset[level + 1]);
        if (error)
            return error;
    }
}

int ext2_get_block(struct inode *inode, u64 index, struct buffer_head *bh, int create)
{
    struct block_path path;
    struct slot slot;
    bool fresh = false;
    int error = find_path(inode->i_sb, index, &path);
    if (error)
        return create ? error : 0;
    mutex_lock(&EXT2_I(inode)->i_truncate_mutex);
    error = walk_path(inode, index, &path, create, &slot, &fresh);
    if (!error && *slot.number)
        map_buffer(inode, bh, *slot.number, fresh);
    brelse(slot.bh);
    mutex_unlock(&EXT2_I(inode)->i_truncate_mutex);
    return error;
}

/* ---- truncation ---- */

/* What hangs below a number that nothing points to any more. level 0: data. The depth of the recursion is 3. */
static void free_tree(struct inode *inode, u32 number, int level)
{
    struct super_block *sb = inode->i_sb;
    if (!number || check_number(inode, number))
        return;
    if (level > 0) {
        struct buffer_head *bh = read_numbers(inode, number);
        if (!bh)
            return;
        const u32 *numbers = (const u32 *)bh->b_data;
        for (u32 i = 0; i < sb->s_blocksize / 4 && !EXT2_SB(sb)->s_error; i++)
            free_tree(inode, numbers[i], level - 1);
        bforget(bh);
        cond_resched();
    }
    ext2_free_block(inode, number, true);
}

static u64 span_of(const struct super_block *sb, int level) { return 1ull << (EXT2_SB(sb)->s_addr_bits * (u32)level); }

/* Cuts the blocks from `first` (relative, > 0) on out of a tree whose root stays. */
static void cut_tree(struct inode *inode, u32 number, int level, u64 first)
{
    u64 span = span_of(inode->i_sb, level - 1);
    if (!number || check_number(inode, number))
        return;
    struct buffer_head *bh = read_numbers(inode, number);
    if (!bh)
        return;
    u32 *numbers = (u32 *)bh->b_data, each = inode->i_sb->s_blocksize / 4;
    u32 at = (u32)(first >> (EXT2_SB(inode->i_sb)->s_addr_bits * (u32)(level - 1)));
    u64 rest = first & (span - 1);
    if (rest && at < each)
        cut_tree(inode, numbers[at++], level - 1, rest);
    for (; at < each && !EXT2_SB(inode->i_sb)->s_error; at++) {
        u32 cut = numbers[at];
        if (!cut)
            continue;
        numbers[at] = 0;
        mark_buffer_dirty_inode(bh, inode);
        free_tree(inode, cut, level - 1);
    }
    brelse(bh);
}

/* The pointers of i_data that lie wholly beyond `first` move to cut[]; returns the tree that is cut in its middle. */
static int take_roots(struct inode *inode, u64 first, u32 *cut, u64 *rest)
{
    struct ext2_inode_info *ei = EXT2_I(inode);
    u64 start = 0;
    int partial = -1;
    for (int i = 0; i < EXT2_N_BLOCKS; i++) {
        u64 span = i < EXT2_NDIR_BLOCKS ? 1 : span_of(inode->i_sb, i - EXT2_IND_BLOCK + 1);
        cut[i] = 0;
        if (first <= start) {
            cut[i] = ei->i_data[i];
            ei->i_data[i] = 0;
        } else if (first < start + span) {
            partial = i;
            *rest = first - start;
        }
        start += span;
    }
    return partial;
}

static int level_of(int root) { return root < EXT2_NDIR_BLOCKS ? 0 : root - EXT2_IND_BLOCK + 1; }

/* The inode's new pointers and size go into its buffer before anything is freed. */
void ext2_truncate_blocks(struct inode *inode)
{
    struct ext2_inode_info *ei = EXT2_I(inode);
    u32 cut[EXT2_N_BLOCKS];
    u64 rest = 0, first = ((u64)inode->i_size + inode->i_sb->s_blocksize - 1) >> inode->i_sb->s_blocksize_bits;
    mutex_lock(&ei->i_truncate_mutex);
    ei->i_next_goal = 0;
    int partial = take_roots(inode, first, cut, &rest);
    if (first == 0)
        ei->i_unwritten = false; /* nothing is left that it could point to */
    mutex_unlock(&ei->i_truncate_mutex);
    if (ext2_write_inode(inode, 0))
        return;
    mutex_lock(&ei->i_truncate_mutex);
    if (partial >= EXT2_NDIR_BLOCKS)
        cut_tree(inode, ei->i_data[partial], level_of(partial), rest);
    for (int i = 0; i < EXT2_N_BLOCKS && !EXT2_SB(inode->i_sb)->s_error; i++)
        free_tree(inode, cut[i], level_of(i));
    mutex_unlock(&ei->i_truncate_mutex);
    mark_inode_dirty(inode);
}
