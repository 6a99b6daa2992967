/*
 * Device nodes: from a device number to the driver's operations. A node's open replaces the file's operations by
 * the driver's and calls the driver's own open. Block devices: fs/block_dev.c.
 */
#include "fs/vfs.h"

#define MAJORS 256u

static const struct file_operations *drivers[MAJORS];

int register_chrdev(unsigned major, const struct file_operations *operations)
{
    if (major >= MAJORS || drivers[major])
        return -EBUSY;
    drivers[major] = operations;
    return 0;
}

static int chrdev_open(struct inode *inode, struct file *file)
{
    unsigned major = MAJOR(inode->i_rdev);
    const struct file_operations *operations = major < MAJORS ? drivers[major] : NULL;
    if (!operations)
        return -ENXIO;
    file->f_op = operations;
    return operations->open ? operations->open(inode, file) : 0;
}

const struct file_operations chrdev_operations = {.open = chrdev_open};

void init_special_inode(struct inode *inode, dev_t dev)
{
    switch (inode->i_mode & S_IFMT) {
    case S_IFCHR:
        inode->i_fop = &chrdev_operations;
        inode->i_rdev = dev;
        break;
    case S_IFBLK:
        inode->i_fop = &blkdev_operations;
        inode->i_rdev = dev;
        break;
    case S_IFIFO: inode->i_fop = &fifo_operations; break;
    default: break; /* a socket's name: no operations, open gives ENXIO */
    }
}
