/*
 * devtmpfs: a tree in memory that begins with the nodes that the kernel has made under /dev.
 *
 * A root file system on a disk gets its /dev from it. Each mount is a tree of its own: what is made or removed in one is
 * not seen in another.
 */
#include "fs/vfs.h"

#define TARGET_MAX 64

static int copy_link(struct dentry *to, const struct dentry *from, struct inode *dir)
{
    char target[TARGET_MAX];
    int length = vfs_readlink(from->d_inode, target, TARGET_MAX - 1);
    if (length < 0)
        return length;
    target[length] = '\0';
    return dir->i_op->symlink(dir, to, target);
}

static int copy_node(struct dentry *dir, const struct dentry *from)
{
    const struct inode *inode = from->d_inode;
    struct dentry *to = lookup_one(dir, from->d_name, from->d_len);
    if (IS_ERR(to))
        return (int)PTR_ERR(to);
    int error;
    if (S_ISDIR(inode->i_mode))
        error = dir->d_inode->i_op->mkdir(dir->d_inode, to, inode->i_mode);
    else if (S_ISLNK(inode->i_mode))
        error = copy_link(to, from, dir->d_inode);
    else
        error = vfs_mknod(dir, to, inode->i_mode, inode->i_rdev);
    if (!error)
        to->d_inode->i_gid = inode->i_gid;
    dput(to);
    return error;
}

/* The names of the initial /dev, without what stands in its directories. */
static int copy_nodes(struct dentry *to, struct dentry *from)
{
    struct dentry *child;
    int error = 0;
    mutex_lock(&from->d_inode->i_mutex);
    list_for_each_entry (child, &from->d_subdirs, d_child) {
        if (child->d_inode && !S_ISREG(child->d_inode->i_mode))
            error = copy_node(to, child);
        if (error)
            break;
    }
    mutex_unlock(&from->d_inode->i_mutex);
    return error;
}

struct super_block *devtmpfs_super(const char *source)
{
    struct super_block *sb = ramfs_super("devtmpfs", source);
    if (!IS_ERR(sb))
        sb->s_magic = TMPFS_MAGIC;
    struct dentry *initial = IS_ERR(sb) ? NULL : d_lookup(root_dentry, "dev", 3);
    if (!initial)
        return sb;
    int error = initial->d_inode ? copy_nodes(sb->s_root, initial) : 0;
    dput(initial);
    if (!error)
        return sb;
    sb->kill(sb);
    dput(sb->s_root);
    free_super(sb);
    return ERR_PTR(error);
}
