/*
 * Writing to files through the page cache.
 *
 *   the program's bytes are made present --> write_begin: the page, locked, ready --> copied, unless they were taken away
 *   again meanwhile: then once more --> write_end: dirty, i_size, unlocked --> enough dirty? the writer writes back
 *
 * No fault happens between write_begin and write_end: the bytes may lie in a mapping of the very page that is locked.
 * A file system without write_begin has its pages up to date from readpage on, and ready.
 */
#include "mm/pagemap.h"
#include "mm/highmem.h"
#include "mm/internal.h"
#include "mm/writeback.h"
#include "fs/fs.h"
#include "kernel/trace.h"
#include "asm/uaccess.h"

/* How far this write may go: *count is cut to the limits. 0, -EFBIG, -ETXTBSY. */
static int write_limits(const struct file *file, loff_t pos, size_t *count)
{
    unsigned long rlimit = current->rlim[RLIMIT_FSIZE].rlim_cur;
    loff_t end = file->f_flags & O_LARGEFILE ? MAX_LFS_FILESIZE : 0x7fffffff;
    if (IS_SWAPFILE(file->f_mapping->host))
        return -ETXTBSY;
    if (rlimit != RLIM_INFINITY) {
        if (pos >= (loff_t)rlimit) {
            send_signal(current, SIGXFSZ, NULL);
            return -EFBIG;
        }
        end = min_t(loff_t, end, rlimit);
    }
    if (pos >= end)
        return -EFBIG;
    *count = (size_t)min_t(loff_t, *count, end - pos);
    return 0;
}

/* ---- one page ---- */

static int begin_write(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, struct page **page)
{
    if (mapping->a_ops->write_begin)
        return mapping->a_ops->write_begin(file, mapping, pos, len, page);
    *page = read_locked_page(mapping, (unsigned long)(pos >> PAGE_SHIFT));
    return IS_ERR(*page) ? (int)PTR_ERR(*page) : 0;
}

/* Takes page back. Bytes that count, or -errno. */
static int end_write(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, unsigned copied,
                     struct page *page)
{
    if (mapping->a_ops->write_end)
        return mapping->a_ops->write_end(file, mapping, pos, len, copied, page);
    if (copied) {
        set_page_dirty(page);
        if (pos + (loff_t)copied > mapping->host->i_size)
            mapping->host->i_size = pos + (loff_t)copied;
    }
    unlock_page(page);
    put_page(page);
    return (int)copied;
}

/* How many of the first `count` bytes at from can be read, made present page by page. */
static size_t fault_in_readable(const char __user *from, size_t count)
{
    size_t done = 0;
    while (done < count) {
        char byte;
        if (copy_from_user(&byte, from + done, 1))
            break;
        done += PAGE_SIZE - ((unsigned long)(from + done) & ~PAGE_MASK);
    }
    return min_t(size_t, done, count);
}

static bool is_present(unsigned long address)
{
    const pte_t *ptep = walk_to_pte(current_mm(), address);
    u32 needed = _PAGE_PRESENT | _PAGE_USER;
    return ptep && (ptep->pte & needed) == needed;
}

/* Copies without a fault, all or nothing: no sleep, so no page goes between the look and the copy. */
static size_t copy_present(char *to, const char __user *from, size_t bytes)
{
    unsigned long start = (unsigned long)from & PAGE_MASK, last = (unsigned long)(from + bytes - 1);
    for (unsigned long address = start; address <= last; address += PAGE_SIZE)
        if (!is_present(address))
            return 0;
    return bytes - copy_from_user(to, from, bytes);
}

struct write_state {
    struct file *file;
    const char *from; /* the program's, or with `kernel` the kernel's own */
    size_t left;
    loff_t pos;
    bool kernel;
};

static size_t copy_bytes(const struct write_state *state, struct page *page, size_t bytes)
{
    char *to = kmap(page);
    u32 offset = (u32)state->pos & (PAGE_SIZE - 1);
    size_t copied = bytes;
    if (state->kernel)
        memcpy(to + offset, state->from, bytes);
    else
        copied = copy_present(to + offset, state->from, bytes);
    kunmap(page);
    return copied;
}

/* Bytes that were written into one page; 0: try again; or -errno. */
static ssize_t write_into_page(struct write_state *state)
{
    struct address_space *mapping = state->file->f_mapping;
    size_t bytes = min_t(size_t, state->left, PAGE_SIZE - ((u32)state->pos & (PAGE_SIZE - 1)));
    struct page *page;
    if (!state->kernel)
        bytes = fault_in_readable(state->from, bytes);
    if (!bytes)
        return -EFAULT;
    int error = begin_write(state->file, mapping, state->pos, (unsigned)bytes, &page);
    if (error)
        return error;
    size_t copied = copy_bytes(state, page, bytes);
    mark_page_accessed(page);
    ssize_t done = end_write(state->file, mapping, state->pos, (unsigned)bytes, (unsigned)copied, page);
    balance_dirty_pages_ratelimited(mapping);
    return done;
}

/* ---- many ---- */

static ssize_t write_pages(struct write_state *state)
{
    size_t wanted = state->left;
    ssize_t n = 0;
    while (state->left) {
        n = write_into_page(state);
        if (n < 0)
            break;
        state->from += n;
        state->pos += n;
        state->left -= (size_t)n;
        cond_resched();
    }
    size_t done = wanted - state->left;
    return done ? (ssize_t)done : n;
}

/* O_SYNC: what was written is on the disk before the call returns. */
static ssize_t sync_written(struct file *file, ssize_t done)
{
    const struct inode *inode = file->f_mapping->host;
    bool whole_fs = inode->i_sb && inode->i_sb->s_flags & MS_SYNCHRONOUS;
    if (done <= 0 || !file->f_op->fsync || !((file->f_flags & O_DSYNC) || whole_fs))
        return done;
    int error = file->f_op->fsync == file_fsync && (file->f_flags & O_SYNC) != O_SYNC ? file_fdatasync(file)
                                                                                      : file->f_op->fsync(file);
    return error ? error : done;
}

ssize_t generic_file_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
    struct inode *inode = file->f_mapping->host;
    if (count == 0)
        return 0;
    mutex_lock(&inode->i_mutex);
    if (file->f_flags & O_APPEND)
        *pos = inode->i_size;
    ssize_t result = write_limits(file, *pos, &count);
    if (!result) {
        struct write_state state = {.file = file, .from = from, .left = count, .pos = *pos};
        result = write_pages(&state);
        *pos = state.pos;
    }
    if (result > 0)
        touch_mtime(inode);
    mutex_unlock(&inode->i_mutex);
    return sync_written(file, result);
}

ssize_t kernel_write(struct file *file, loff_t pos, const void *from, size_t count)
{
    struct write_state state = {.file = file, .from = from, .left = count, .pos = pos, .kernel = true};
    return write_pages(&state);
}
