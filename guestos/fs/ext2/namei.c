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

/* The entry in bh to the disk, and the directory too: the block may be new to it. */
static int make_name_last(struct inode *dir, struct buffer_head *bh)
{
    int error = sync_dirty_buffer(bh);
    if (!error)
        error = sync_mapping_buffers(dir);
    if (!error)
        error = ext2_write_inode(dir, 1);
    return error ? error : blkdev_issue_flush(dir->i_sb->s_bdev);
}

/* A new entry, on the disk. Its bh is the caller's. */
static int add_name(struct inode *dir, const char *name, u32 length, struct inode *inode, struct ext2_place *place)
{
    int error = ext2_add_entry(dir, name, length, inode, place);
    if (error)
        return error;
    error = make_name_last(dir, place->bh);
    if (error)
        ext2_delete_entry(dir, place);
    return error;
}

static int name_it(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
    struct ext2_place place;
    int error = add_name(dir, dentry->d_name, dentry->d_len, inode, &place);
    if (error)
        return error;
    brelse(place.bh);
    EXT2_I(inode)->i_hidden = false;
    mark_inode_dirty(inode);
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

static int make_inode_last(struct inode *inode)
{
    int error = ext2_write_inode(inode, 1);
    return error ? error : blkdev_issue_flush(inode->i_sb->s_bdev);
}

/* So many links are left. When there are none, the disk knows it before the last name goes (rule 3). */
static int set_links(struct inode *inode, u32 links)
{
    u32 before = inode->i_nlink;
    inode->i_nlink = links;
    inode->i_ctime = current_time();
    mark_inode_dirty(inode);
    int error = links ? 0 : make_inode_last(inode);
    if (error)
        inode->i_nlink = before;
    return error;
}

static int remove_name(struct inode *dir, struct dentry *dentry, u32 links_left)
{
    struct ext2_place place;
    int error = find_own_entry(dir, dentry, &place);
    if (error)
        return error;
    error = set_links(dentry->d_inode, links_left);
    if (error) {
        brelse(place.bh);
        return error;
    }
    ext2_delete_entry(dir, &place);
    d_delete(dentry);
    return 0;
}

static int ext2_unlink(struct inode *dir, struct dentry *dentry)
{
    u32 links = dentry->d_inode->i_nlink;
    return remove_name(dir, dentry, links ? links - 1 : 0);
}

static int ext2_rmdir(struct inode *dir, struct dentry *dentry)
{
    struct inode *inode = dentry->d_inode;
    int empty = ext2_empty_dir(inode);
    if (empty != 1)
        return empty ? empty : -ENOTEMPTY;
    int error = remove_name(dir, dentry, 0);
    if (error)
        return error;
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

/* The new name leads to the file, on the disk too. */
static int write_new_name(struct inode *inode, struct inode *dir, struct dentry *name, struct ext2_place *place)
{
    if (!name->d_inode)
        return add_name(dir, name->d_name, name->d_len, inode, place);
    int error = find_own_entry(dir, name, place);
    if (error)
        return error;
    ext2_set_entry(dir, place, inode);
    error = make_name_last(dir, place->bh);
    if (error) {
        ext2_set_entry(dir, place, name->d_inode);
        brelse(place->bh);
    }
    return error;
}

/* The second name of a file that is being replaced. dir: NULL when it has none. */
struct aside {
    struct inode *dir;
    struct ext2_place place;
};

/* lost+found, referenced, or NULL. */
static struct inode *find_lost_and_found(struct super_block *sb)
{
    struct ext2_place place;
    if (ext2_find_entry(sb->s_root->d_inode, "lost+found", 10, &place))
        return NULL;
    u32 ino = place.entry->inode;
    brelse(place.bh);
    struct inode *dir = ext2_iget(sb, ino);
    if (IS_ERR(dir))
        return NULL;
    if (S_ISDIR(dir->i_mode))
        return dir;
    iput(dir);
    return NULL;
}

/* Where lost+found is missing, full or somebody else's at this moment, the file is replaced without it. */
static void put_aside(struct inode *inode, const struct inode *dir1, const struct inode *dir2, struct aside *aside)
{
    char name[16];
    struct inode *dir = find_lost_and_found(inode->i_sb);
    aside->dir = NULL;
    if (!dir)
        return;
    bool locked = dir != dir1 && dir != dir2 && mutex_trylock(&dir->i_mutex);
    u32 length = (u32)snprintf(name, sizeof(name), "#%u", inode->i_ino);
    int found = locked ? ext2_find_entry(dir, name, length, &aside->place) : -EBUSY;
    if (!found)
        brelse(aside->place.bh);
    if (found == -ENOENT && !add_name(dir, name, length, inode, &aside->place)) {
        aside->dir = dir;
        return;
    }
    if (locked)
        mutex_unlock(&dir->i_mutex);
    iput(dir);
}

static void end_aside(struct aside *aside)
{
    if (!aside->dir)
        return;
    ext2_delete_entry(aside->dir, &aside->place);
    mutex_unlock(&aside->dir->i_mutex);
    iput(aside->dir);
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

/* The empty directory goes first: nothing of it can be lost. */
static int take_name_of_directory(struct inode *inode, struct inode *dir, struct dentry *name)
{
    struct ext2_place place;
    u32 links = name->d_inode->i_nlink;
    int error = set_links(name->d_inode, 0);
    if (error)
        return error;
    error = write_new_name(inode, dir, name, &place);
    if (error)
        name->d_inode->i_nlink = links;
    else
        brelse(place.bh);
    return error;
}

static int take_name_of_file(struct inode *inode, struct inode *old_dir, struct inode *dir, struct dentry *name)
{
    struct inode *victim = name->d_inode;
    struct aside aside = {.dir = NULL};
    struct ext2_place place;
    if (victim->i_nlink == 1)
        put_aside(victim, old_dir, dir, &aside);
    int error = write_new_name(inode, dir, name, &place);
    if (!error) {
        brelse(place.bh);
        if (set_links(victim, victim->i_nlink ? victim->i_nlink - 1 : 0))
            drop_link(victim);
    }
    end_aside(&aside);
    return error;
}

/* The new name is written, over another file's when there is one; that has one link less then. */
static int take_name(struct inode *inode, struct inode *old_dir, struct inode *dir, struct dentry *name)
{
    struct ext2_place place;
    int error = name->d_inode ? make_inode_last(inode) : 0; /* a name that leads to no links would be dropped */
    if (error)
        return error;
    if (name->d_inode)
        return S_ISDIR(name->d_inode->i_mode) ? take_name_of_directory(inode, dir, name)
                                              : take_name_of_file(inode, old_dir, dir, name);
    error = write_new_name(inode, dir, name, &place);
    if (!error)
        brelse(place.bh);
    return error;
}

static int ext2_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *replaced)
{
    struct inode *inode = old->d_inode;
    struct ext2_place from;
    bool directory = S_ISDIR(inode->i_mode), victim = replaced->d_inode != NULL;
    int error = check_room(old, old_dir, new_dir, replaced);
    if (!error)
        error = take_name(inode, old_dir, new_dir, replaced);
    if (!error)
        error = find_own_entry(old_dir, old, &from); /* only now: a new name may have moved the entries of the block */
    if (error)
        return error;
    ext2_delete_entry(old_dir, &from);
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
