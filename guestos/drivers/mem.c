/* The memory devices, major 1: null, zero, full, random, urandom, kmsg. One set of operations, told apart by minor. */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"

#define MINOR_NULL 3u
#define MINOR_ZERO 5u
#define MINOR_FULL 7u
#define MINOR_RANDOM 8u
#define MINOR_URANDOM 9u
#define MINOR_KMSG 11u
#define KMSG_LINE 960

static unsigned minor_of(const struct file *file) { return MINOR(file->f_inode->i_rdev); }

static int mem_open(struct inode *inode, struct file *file)
{
    (void)file;
    switch (MINOR(inode->i_rdev)) {
    case MINOR_NULL:
    case MINOR_ZERO:
    case MINOR_FULL:
    case MINOR_RANDOM:
    case MINOR_URANDOM:
    case MINOR_KMSG: return 0;
    default: return -ENXIO;
    }
}

static ssize_t read_zeroes(char __user *to, size_t count)
{
    size_t missed = clear_user(to, count);
    return missed == count && count ? -EFAULT : (ssize_t)(count - missed);
}

static ssize_t mem_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
    (void)pos;
    switch (minor_of(file)) {
    case MINOR_ZERO:
    case MINOR_FULL: return read_zeroes(to, count);
    case MINOR_RANDOM:
    case MINOR_URANDOM: return sys_getrandom(to, count, 0);
    case MINOR_KMSG: return -EINVAL;
    default: return 0;
    }
}

/* A line to the kernel's log; a level in front is kept. */
static ssize_t write_log(const char __user *from, size_t count)
{
    char line[KMSG_LINE + 1];
    size_t bytes = min_t(size_t, count, KMSG_LINE);
    if (copy_from_user(line, from, bytes))
        return -EFAULT;
    line[bytes] = '\0';
    printk("%s%s", line, bytes && line[bytes - 1] == '\n' ? "" : "\n");
    return (ssize_t)count;
}

static ssize_t mem_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
    (void)pos;
    switch (minor_of(file)) {
    case MINOR_FULL: return -ENOSPC;
    case MINOR_KMSG: return write_log(from, count);
    default: return (ssize_t)count;
    }
}

static ssize_t mem_write_kernel(struct file *file, const char *from, size_t count)
{
    (void)from;
    return minor_of(file) == MINOR_FULL ? -ENOSPC : (ssize_t)count;
}

static loff_t mem_llseek(struct file *file, loff_t offset, int whence)
{
    (void)offset, (void)whence;
    return file->f_pos = 0;
}

/* A private mapping of zero is anonymous memory; a shared one is a nameless file of its own. */
static int mem_mmap(struct file *file, struct vm_area_struct *vma)
{
    if (minor_of(file) != MINOR_ZERO)
        return -ENODEV;
    if (!(vma->vm_flags & VM_SHARED))
        return 0;
    struct file *shared = shmem_file_setup((loff_t)(vma->vm_end - vma->vm_start));
    if (IS_ERR(shared))
        return (int)PTR_ERR(shared);
    fput(vma->vm_file);
    vma->vm_file = shared;
    return generic_file_mmap(shared, vma);
}

static const struct file_operations mem_operations = {
    .read = mem_read,
    .write = mem_write,
    .write_kernel = mem_write_kernel,
    .llseek = mem_llseek,
    .mmap = mem_mmap,
    .open = mem_open,
};

void mem_devices_init(void)
{
    if (register_chrdev(1, &mem_operations))
        printk(KERN_ERR "mem: the device number 1 is taken\n");
}
