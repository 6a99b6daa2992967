/*
 * ext2: names come, go and move.
 *
 * The dentries here are a cache of the entries and hold nothing: the VFS may drop any that nobody uses. A new inode whose
 * name cannot be written loses its only link and is deleted by its last iput, so that nothing of it stays on the disk.
 */
#include "ext2.h"

static int ext2_lookup(struct inode *dir, struct dentry *dentry)
{
    struct ext2_place place;
    struct inode *inode = NULL;
    int error = ext2_find_entry(dir, dentry->d_name, dentry->d_len, &place);
    if (error && error != -ENOENT)
        return error;
    if (!error) {
        u32 ino = place.entry->inode;
        brelse(place.bh);
        inode = ext2_iget(dir->i_sb, ino);
        if (IS_ERR(inode))
            return (int)PTR_ERR(inode);
    }
    d_add(dentry, inode);
    return 0;
}

/* ---- new files ---- */

static void drop_link(struct inode *inode)
{
    if (inode->i_nlink)
        inode->i_nlink--;
    inode->i_ctime = current_time();
    mark_inode_dirty(inode);
}

static int name_it(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
    struct ext2_place place;
    int error = ext2_add_entry(dir, dentry->d_name, dentry->d_len, inode, &place);
    if (error)
        return error;
    brelse(place.bh);
    EXT2_I(inode)->i_name_pending = true;
    d_instantiate(dentry, inode);
    return 0;
}

/* Takes over the inode: it gets its name, or goes. */
static int name_new(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
    int error = name_it(dir, dentry, inode);
    if (!error)
        return 0;
    drop_link(inode);
    iput(inode);
    return error;
}

static int ext2_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
    struct inode *inode = ext2_new_inode(dir, mode);
    if (IS_ERR(inode))
        return (int)PTR_ERR(inode);
    ext2_set_operations(inode, dev);
    return name_new(dir, dentry, inode);
}

static int ext2_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
    return ext2_mknod(dir, dentry, mode, 0);
}

/* A text of less than 60 bytes fits into the inode; a longer one gets a block, in a buffer like all metadata. */
static int store_target(struct inode *inode, const char *target, u32 length)
{
    struct buffer_head map = {.b_size = inode->i_sb->s_blocksize};
    if (length < 4 * EXT2_N_BLOCKS) {
        memcpy(EXT2_I(inode)->i_data, target, length);
        return 0;
    }
    int error = ext2_get_block(inode, 0, &map, 1);
    struct buffer_head *bh = error ? NULL : sb_getblk(inode->i_sb, map.b_blocknr);
    if (!bh)
        return error ? error : -ENOMEM;
    lock_buffer(bh);
    memset(bh->b_data, 0, inode->i_sb->s_blocksize);
    memcpy(bh->b_data, target, length);
    set_buffer_uptodate(bh);
    unlock_buffer(bh);
    mark_buffer_dirty_inode(bh, inode);
    EXT2_I(inode)->i_unwritten = true;
    brelse(bh);
    return 0;
}

static int ext2_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
    u32 length = (u32)strlen(target);
    if (length >= dir->i_sb->s_blocksize)
        return -ENAMETOOLONG;
    struct inode *inode = ext2_new_inode(dir, S_IFLNK | 0777);
    if (IS_ERR(inode))
        return (int)PTR_ERR(inode);
    ext2_set_operations(inode, 0);
    int error = store_target(inode, target, length);
    if (error) {
        drop_link(inode);
        iput(inode);
        return error;
    }
    inode->i_size = length;
    mark_inode_dirty(inode);
    return name_new(dir, dentry, inode);
}

static int ext2_readlink(struct inode *inode, char *to, int size)
{
    int length = min_t(int, inode->i_size, size);
    if (!ext2_has_blocks(inode)) {
        memcpy(to, EXT2_I(inode)->i_data, (size_t)length);
        return length;
    }
    struct buffer_head map = {.b_size = inode->i_sb->s_blocksize};
    if (ext2_get_block(inode, 0, &map, 0) || !buffer_mapped(&map))
        return -EIO;
    struct buffer_head *bh = sb_bread(inode->i_sb, map.b_blocknr);
    if (!bh)
        return -EIO;
    memcpy(to, bh->b_data, (size_t)length);
    brelse(bh);
    return length;
}

static int ext2_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
    struct inode *inode = old->d_inode;
    if (inode->i_nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    igrab(inode);
    inode->i_nlink++;
    inode->i_ctime = current_time();
    mark_inode_dirty(inode);
    return name_new(dir, dentry, inode);
}

static int ext2_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
    if (dir->i_nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    struct inode *inode = ext2_new_inode(dir, mode);
    if (IS_ERR(inode))
        return (int)PTR_ERR(inode);
    ext2_set_operations(inode, 0);
    inode->i_nlink = 2;
    int error = ext2_make_empty(inode, dir);
    if (!error)
        error = name_it(dir, dentry, inode);
    if (error) {
        inode->i_nlink = 0;
        mark_inode_dirty(inode);
        iput(inode);
        return error;
    }
    dir->i_nlink++;
    mark_inode_dirty(dir);
    return 0;
}

/* ---- removal ---- */

/* The entry of a dentry, which must still lead to its inode. */
static int find_own_entry(struct inode *dir, struct dentry *dentry, struct ext2_place *place)
{
    int error = ext2_find_entry(dir, dentry->d_name, dentry->d_len, place);
    if (!error && place->entry->inode != dentry->d_inode->i_ino) {
        brelse(place->bh);
        error = ext2_error(dir->i_sb, "directory %u changed under its names", dir->i_ino);
    }
    return error;
}

static int ext2_unlink(struct inode *dir, struct dentry *dentry)
{
    struct ext2_place place;
    int error = find_own_entry(dir, dentry, &place);
    if (error)
        return error;
    ext2_delete_entry(dir, &place);
    drop_link(dentry->d_inode);
    d_delete(dentry);
    return 0;
}

static int ext2_rmdir(struct inode *dir, struct dentry *dentry)
{
    struct inode *inode = dentry->d_inode;
    int empty = ext2_empty_dir(inode);
    if (empty != 1)
        return empty ? empty : -ENOTEMPTY;
    int error = ext2_unlink(dir, dentry);
    if (error)
        return error;
    inode->i_nlink = 0;
    mark_inode_dirty(inode);
    drop_link(dir);
    return 0;
}

/* ---- rename ---- */

static int check_room(struct dentry *old, struct inode *old_dir, struct inode *new_dir, struct dentry *replaced)
{
    bool directory = S_ISDIR(old->d_inode->i_mode);
    if (replaced->d_inode && directory) {
        int empty = ext2_empty_dir(replaced->d_inode);
        if (empty != 1)
            return empty ? empty : -ENOTEMPTY;
    }
    bool one_more = directory && old_dir != new_dir && !replaced->d_inode;
    return one_more && new_dir->i_nlink >= EXT2_LINK_MAX ? -EMLINK : 0;
}

/* The new name leads to the file, on the disk too (rule 3). */
static int write_new_name(struct inode *inode, struct inode *dir, struct dentry *name, struct ext2_place *place)
{
    int error;
    if (name->d_inode) {
        error = find_own_entry(dir, name, place);
        if (!error)
            ext2_set_entry(dir, place, inode);
    } else {
        error = ext2_add_entry(dir, name->d_name, name->d_len, inode, place);
    }
    return error;
}

/* The name may lie in a block that the directory on the disk does not know yet; and the file itself may be new. */
static int make_name_last(struct inode *inode, struct inode *dir, struct buffer_head *bh)
{
    int error = ext2_write_inode(inode, 1);
    if (!error)
        error = sync_dirty_buffer(bh);
    if (!error)
        error = ext2_write_inode(dir, 1);
    return error ? error : blkdev_issue_flush(dir->i_sb->s_bdev);
}

static int move_dotdot(struct inode *inode, struct inode *new_dir)
{
    struct ext2_place place;
    int error = ext2_find_entry(inode, "..", 2, &place);
    if (error)
        return error == -ENOENT ? ext2_error(inode->i_sb, "directory %u has no ..", inode->i_ino) : error;
    ext2_set_entry(inode, &place, new_dir);
    brelse(place.bh);
    return 0;
}

static void drop_replaced(struct inode *inode)
{
    if (S_ISDIR(inode->i_mode))
        inode->i_nlink = 1;
    drop_link(inode);
}

static int ext2_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *replaced)
{
    struct inode *inode = old->d_inode, *victim = replaced->d_inode;
    struct ext2_place from, to;
    bool directory = S_ISDIR(inode->i_mode);
    int error = check_room(old, old_dir, new_dir, replaced);
    if (!error)
        error = write_new_name(inode, new_dir, replaced, &to);
    if (error)
        return error;
    EXT2_I(inode)->i_name_pending = true;
    error = find_own_entry(old_dir, old, &from); /* only now: a new name may have moved the entries of the block */
    if (!error && (victim || from.bh != to.bh))
        error = make_name_last(inode, new_dir, to.bh);
    brelse(to.bh);
    if (error)
        return error;
    ext2_delete_entry(old_dir, &from);
    if (victim)
        drop_replaced(victim);
    if (directory && old_dir != new_dir) {
        move_dotdot(inode, new_dir);
        if (!victim) {
            new_dir->i_nlink++;
            mark_inode_dirty(new_dir);
        }
        drop_link(old_dir);
    } else if (directory && victim) {
        drop_link(new_dir);
    }
    inode->i_ctime = current_time();
    mark_inode_dirty(inode);
    return 0;
}

const struct inode_operations ext2_dir_inode_operations = {
    .lookup = ext2_lookup,
    .create = ext2_create,
    .link = ext2_link,
    .unlink = ext2_unlink,
    .symlink = ext2_symlink,
    .mkdir = ext2_mkdir,
    .rmdir = ext2_rmdir,
    .mknod = ext2_mknod,
    .rename = ext2_rename,
};

const struct inode_operations ext2_symlink_inode_operations = {.readlink = ext2_readlink};
const struct inode_operations ext2_special_inode_operations = {0};
