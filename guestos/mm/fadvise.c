/* What a program says about its use of a file: posix_fadvise and readahead. */
#include "fs/syscalls.h"
#include "mm/internal.h"
#include "mm/swap.h"
#include "mm/writeback.h"

#define POSIX_FADV_NORMAL 0u
#define POSIX_FADV_RANDOM 1u
#define POSIX_FADV_SEQUENTIAL 2u
#define POSIX_FADV_WILLNEED 3u
#define POSIX_FADV_DONTNEED 4u
#define POSIX_FADV_NOREUSE 5u

/* Half of what could be had: to read more ahead would push out its own beginning. */
static unsigned long enough_for_now(unsigned long pages)
{
    return min_t(unsigned long, pages, (global_page_state(NR_INACTIVE) + nr_free_pages()) / 2);
}

/* [first, last], only pages that lie in the range as a whole. What is dirty is started now and goes the next time. */
static void drop_range(struct file *file, loff_t start, loff_t end)
{
    struct address_space *mapping = file->f_mapping;
    unsigned long first = (unsigned long)((start + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
    unsigned long behind = (unsigned long)(end >> PAGE_SHIFT);

    if (mapping->bdev)
        filemap_fdatawrite_range(mapping, start, end, WB_SYNC_NONE);
    if (end >= mapping->host->i_size)
        behind = (unsigned long)((mapping->host->i_size + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
    if (mapping->bdev && behind > first)
        invalidate_mapping_pages(mapping, first, behind - 1);
}

static void read_range(struct file *file, loff_t start, loff_t end)
{
    unsigned long first = (unsigned long)(start >> PAGE_SHIFT), last = (unsigned long)((end - 1) >> PAGE_SHIFT);

    force_page_cache_readahead(file, first, enough_for_now(last - first + 1));
}

static long advise_file(struct file *file, loff_t start, loff_t bytes, u32 advice)
{
    loff_t end = bytes && start + bytes > start ? start + bytes : MAX_LFS_FILESIZE;

    if (end > MAX_LFS_FILESIZE)
        end = MAX_LFS_FILESIZE;
    if (start < 0 || start >= end)
        return 0;
    switch (advice) {
    case POSIX_FADV_NORMAL:
    case POSIX_FADV_SEQUENTIAL: file->f_ra.ra_pages = MAX_RA_PAGES; break;
    case POSIX_FADV_RANDOM: file->f_ra.ra_pages = 0; break;
    case POSIX_FADV_WILLNEED: read_range(file, start, end); break;
    case POSIX_FADV_DONTNEED: drop_range(file, start, end); break;
    default: break;
    }
    return 0;
}

static loff_t join64(u32 low, u32 high) { return (loff_t)((u64)high << 32 | low); }

long sys_fadvise64_64(u32 fd, u32 offset_low, u32 offset_high, u32 length_low, u32 length_high, u32 advice)
{
    struct file *file = fget(fd);
    long result;

    if (!file)
        return -EBADF;
    if (S_ISFIFO(file->f_inode->i_mode))
        result = -ESPIPE;
    else if (join64(length_low, length_high) < 0 || advice > POSIX_FADV_NOREUSE)
        result = -EINVAL;
    else
        result = advise_file(file, join64(offset_low, offset_high), join64(length_low, length_high), advice);
    fput(file);
    return result;
}

long sys_fadvise64(u32 fd, u32 offset_low, u32 offset_high, u32 length, u32 advice)
{
    return sys_fadvise64_64(fd, offset_low, offset_high, length, 0, advice);
}

long sys_readahead(u32 fd, u32 offset_low, u32 offset_high, u32 count)
{
    struct file *file = fget(fd);
    loff_t start = join64(offset_low, offset_high);
    long result = 0;

    if (!file)
        return -EBADF;
    if (!file_readable(file))
        result = -EBADF;
    else if (!file->f_mapping || !file->f_mapping->a_ops || !file->f_mapping->a_ops->readpage || start < 0)
        result = -EINVAL;
    else if (count && start < MAX_LFS_FILESIZE)
        read_range(file, start, start + (loff_t)count);
    fput(file);
    return result;
}
