/* System calls that bring data to the disk: sync, syncfs, fsync, fdatasync, sync_file_range. */
#include "fs/syscalls.h"
#include "fs/vfs.h"
#include "mm/writeback.h"

#define SYNC_FILE_RANGE_WAIT_BEFORE 1u
#define SYNC_FILE_RANGE_WRITE 2u
#define SYNC_FILE_RANGE_WAIT_AFTER 4u

long sys_sync(void)
{
    emergency_sync();
    return 0;
}

long sys_syncfs(u32 fd)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    struct super_block *sb = file->f_inode->i_sb;
    down_read(&sb->s_umount);
    long result = fsync_super(sb);
    up_read(&sb->s_umount);
    fput(file);
    return result;
}

static long do_fsync(u32 fd, bool data_only)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    long result = -EBADF;
    if (file->f_op && file->f_op->fsync == file_fsync && data_only)
        result = file_fdatasync(file);
    else if (file->f_op)
        result = file->f_op->fsync ? file->f_op->fsync(file) : -EINVAL;
    fput(file);
    return result;
}

long sys_fsync(u32 fd) { return do_fsync(fd, false); }

long sys_fdatasync(u32 fd) { return do_fsync(fd, true); }

/* [start, end] in bytes. The pages alone: nothing of the inode, no flush. */
static int sync_range(struct address_space *mapping, loff_t start, loff_t end, u32 flags)
{
    unsigned long first = (unsigned long)(start >> PAGE_SHIFT), last = (unsigned long)(end >> PAGE_SHIFT);
    int error = 0;
    if (flags & SYNC_FILE_RANGE_WAIT_BEFORE) {
        wait_on_page_writeback_range(mapping, first, last);
        error = filemap_check_errors(mapping);
    }
    if (!error && flags & SYNC_FILE_RANGE_WRITE)
        error = filemap_fdatawrite_range(mapping, start, end, WB_SYNC_NONE);
    if (!error && flags & SYNC_FILE_RANGE_WAIT_AFTER) {
        wait_on_page_writeback_range(mapping, first, last);
        error = filemap_check_errors(mapping);
    }
    return error;
}

static long range_of_file(const struct file *file, loff_t offset, loff_t bytes, u32 flags)
{
    umode_t mode = file->f_inode->i_mode;
    if (flags & ~(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER))
        return -EINVAL;
    if (offset < 0 || bytes < 0 || offset + bytes < offset)
        return -EINVAL;
    if (!S_ISREG(mode) && !S_ISBLK(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
        return -ESPIPE;
    loff_t end = bytes ? offset + bytes - 1 : MAX_LFS_FILESIZE - 1;
    return offset < MAX_LFS_FILESIZE
               ? sync_range(file->f_mapping, offset, min_t(loff_t, end, MAX_LFS_FILESIZE - 1), flags)
               : 0;
}

long sys_sync_file_range(u32 fd, u32 offset_low, u32 offset_high, u32 bytes_low, u32 bytes_high, u32 flags)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    long result = range_of_file(file, (loff_t)((u64)offset_high << 32 | offset_low),
                                (loff_t)((u64)bytes_high << 32 | bytes_low), flags);
    fput(file);
    return result;
}
