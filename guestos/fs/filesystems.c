/*
 * The kinds of file systems that can be mounted, and what a mount of each begins with.
 *
 * One on a device claims the device for itself: nobody else mounts it, swaps on it or opens it for writing.
 */
#include "fs/buffer_head.h"
#include "fs/syscalls.h"
#include "fs/vfs.h"

static const struct file_system_type file_systems[] = {
    {"ramfs", NULL}, {"tmpfs", NULL}, {"devtmpfs", NULL}, {"proc", NULL}, {"ext2", ext2_fill_super},
};

const struct file_system_type *find_file_system(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(file_systems); i++)
        if (strcmp(file_systems[i].name, name) == 0)
            return &file_systems[i];
    return NULL;
}

const struct file_system_type *file_system_at(unsigned n)
{
    return n < ARRAY_SIZE(file_systems) ? &file_systems[n] : NULL;
}

/* ---- on a device ---- */

static int source_device(const char *source, struct block_device **bdev)
{
    struct nameidata nd;
    int error = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &nd);
    if (error)
        return error;
    const struct inode *inode = nd.dentry->d_inode;
    if ((inode->i_mode & S_IFMT) != S_IFBLK)
        error = -ENOTBLK;
    else
        *bdev = blkdev_find(inode->i_rdev);
    dput(nd.dentry);
    return error ? error : *bdev ? 0 : -ENXIO;
}

static struct super_block *get_sb_bdev(const struct file_system_type *type, const struct mount_request *request)
{
    struct block_device *bdev;
    int error = source_device(request->source, &bdev);
    if (error)
        return ERR_PTR(error);
    struct super_block *sb = new_super(type->name, request->source, 0);
    if (!sb)
        return ERR_PTR(-ENOMEM);
    sb->s_flags = request->flags;
    error = bd_claim(bdev, sb, !(request->flags & MS_RDONLY));
    if (!error) {
        sb->s_bdev = bdev;
        sb->s_dev = bdev->bd_dev;
        error = type->fill_super(sb, request->options);
        if (!error)
            return sb;
        bd_release(bdev);
    }
    free_super(sb);
    return ERR_PTR(error);
}

struct super_block *make_super(const struct mount_request *request)
{
    const struct file_system_type *type = find_file_system(request->type);
    if (!type)
        return ERR_PTR(-ENODEV);
    if (type->fill_super)
        return get_sb_bdev(type, request);
    struct super_block *sb = strcmp(type->name, "proc") == 0       ? proc_super()
                             : strcmp(type->name, "devtmpfs") == 0 ? devtmpfs_super(request->source)
                                                                   : ramfs_super(type->name, request->source);
    if (!IS_ERR(sb))
        sb->s_flags = request->flags;
    return sb;
}
