/*
 * Nameless files in memory: behind MAP_SHARED|MAP_ANONYMOUS and memfd_create. They are ramfs files of a file system
 * that is mounted nowhere; the last close and the last unmap free the pages.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"
#include "mm/swap.h"

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NAME_MAX 249

static struct super_block *shmem_sb;

void shmem_init(void)
{
    shmem_cache_init();
    shmem_sb = ramfs_super("tmpfs", "none");
    if (IS_ERR(shmem_sb))
        panic("no memory for the file system of shared memory");
}

struct file *shmem_file_named(const char *name, loff_t size)
{
    struct inode *inode = ramfs_inode(shmem_sb, S_IFREG | 0777, 0);
    struct dentry *dentry = d_alloc_nameless(inode, name);
    if (!dentry)
        return ERR_PTR(-ENOMEM);
    inode->i_size = size;
    inode->i_nlink = 0;
    dentry->d_unlinked = true;
    return dentry_open(dentry, O_RDWR | O_LARGEFILE);
}

struct file *shmem_file_setup(loff_t size)
{
    if (size < 0 || size > MAX_LFS_FILESIZE)
        return ERR_PTR(-EINVAL);
    struct file *file = shmem_file_named("/dev/zero", size);
    if (IS_ERR(file))
        return file;
    if (!shmem_account(file->f_inode, (unsigned long)((size + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT)))
        return file;
    fput(file);
    return ERR_PTR(-ENOMEM);
}

long sys_memfd_create(const char __user *name, u32 flags)
{
    char text[7 + MFD_NAME_MAX + 1] = "/memfd:";
    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    long length = strncpy_from_user(text + 7, name, MFD_NAME_MAX + 1);
    if (length < 0)
        return -EFAULT;
    if (length > MFD_NAME_MAX)
        return -EINVAL;
    int fd = get_unused_fd(0, (flags & MFD_CLOEXEC) != 0);
    if (fd < 0)
        return fd;
    struct file *file = shmem_file_named(text, 0);
    if (IS_ERR(file)) {
        put_unused_fd((unsigned)fd);
        return PTR_ERR(file);
    }
    fd_install((unsigned)fd, file);
    return fd;
}
