/*
 * read, write, their vectors and positions, seeking, sendfile.
 *
 * A transfer's length is cut to MAX_RW, as Linux does; what a vector call did before an error counts.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"
#include "mm/slab.h"

#define MAX_RW 0x7ffff000u
#define UIO_MAXIOV 1024u
#define UIO_FAST 8u

static loff_t join64(u32 low, u32 high) { return (loff_t)((u64)high << 32 | low); }

ssize_t vfs_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
    if (!file_readable(file))
        return -EBADF;
    if (S_ISDIR(file->f_inode->i_mode))
        return -EISDIR;
    if (!file->f_op->read)
        return -EINVAL;
    if (!access_ok(to, count))
        return -EFAULT;
    return file->f_op->read(file, to, count > MAX_RW ? MAX_RW : count, pos);
}

ssize_t vfs_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
    if (!file_writable(file))
        return -EBADF;
    if (!file->f_op->write)
        return -EINVAL;
    if (!access_ok(from, count))
        return -EFAULT;
    return file->f_op->write(file, from, count > MAX_RW ? MAX_RW : count, pos);
}

long sys_read(u32 fd, char __user *buf, u32 count)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    loff_t pos = file->f_pos;
    ssize_t result = vfs_read(file, buf, count, &pos);
    if (result >= 0)
        file->f_pos = pos;
    fput(file);
    return result;
}

long sys_write(u32 fd, const char __user *buf, u32 count)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    loff_t pos = file->f_pos;
    ssize_t result = vfs_write(file, buf, count, &pos);
    if (result >= 0)
        file->f_pos = pos;
    fput(file);
    return result;
}

/* A positioned call needs a file with positions. O_PATH files have no operations and fail as bad descriptors do. */
static int positioned(const struct file *file, loff_t pos)
{
    if (!file->f_op)
        return -EBADF;
    if (pos < 0)
        return -EINVAL;
    return file->f_op->llseek ? 0 : -ESPIPE;
}

long sys_pread64(u32 fd, char __user *buf, u32 count, u32 pos_low, u32 pos_high)
{
    loff_t pos = join64(pos_low, pos_high);
    if (pos < 0)
        return -EINVAL;
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    ssize_t result = positioned(file, pos);
    if (!result)
        result = vfs_read(file, buf, count, &pos);
    fput(file);
    return result;
}

long sys_pwrite64(u32 fd, const char __user *buf, u32 count, u32 pos_low, u32 pos_high)
{
    loff_t pos = join64(pos_low, pos_high);
    if (pos < 0)
        return -EINVAL;
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    ssize_t result = positioned(file, pos);
    if (!result)
        result = vfs_write(file, buf, count, &pos);
    fput(file);
    return result;
}

/* ---- vectors ---- */

struct iovec {
    u32 base, length;
};

struct vector {
    struct iovec fast[UIO_FAST];
    struct iovec *entries; /* fast, or allocated */
    u32 count;
};

static int check_entries(const struct vector *vector)
{
    u32 total = 0;
    for (u32 i = 0; i < vector->count; i++) {
        const struct iovec *entry = &vector->entries[i];
        if ((s32)entry->length < 0 || total + entry->length > 0x7fffffffu)
            return -EINVAL;
        if (!access_ok((const void __user *)(unsigned long)entry->base, entry->length))
            return -EFAULT;
        total += entry->length;
    }
    return 0;
}

static void vector_free(struct vector *vector)
{
    if (vector->entries != vector->fast)
        kfree(vector->entries);
}

static int vector_get(struct vector *vector, const void __user *from, u32 count)
{
    if (count > UIO_MAXIOV)
        return -EINVAL;
    vector->count = count;
    vector->entries = vector->fast;
    if (count > UIO_FAST)
        vector->entries = kmalloc(count * sizeof(struct iovec), GFP_KERNEL);
    if (!vector->entries)
        return -ENOMEM;
    int error = copy_from_user(vector->entries, from, count * sizeof(struct iovec)) ? -EFAULT : check_entries(vector);
    if (error)
        vector_free(vector);
    return error;
}

static ssize_t transfer_entry(struct file *file, const struct iovec *entry, loff_t *pos, bool writing)
{
    char __user *base = (char __user *)(unsigned long)entry->base;
    return writing ? vfs_write(file, base, entry->length, pos) : vfs_read(file, base, entry->length, pos);
}

static ssize_t transfer_vector(struct file *file, const struct vector *vector, loff_t *pos, bool writing)
{
    ssize_t done = 0;
    if (vector->count == 0 || (writing ? !file_writable(file) : !file_readable(file)))
        return transfer_entry(file, &(struct iovec){0, 0}, pos, writing);
    for (u32 i = 0; i < vector->count; i++) {
        if (vector->entries[i].length == 0)
            continue;
        ssize_t n = transfer_entry(file, &vector->entries[i], pos, writing);
        if (n < 0)
            return done ? done : n;
        done += n;
        if ((u32)n < vector->entries[i].length)
            break;
    }
    return done;
}

/* at NULL: the file's own position. */
static long do_vector(u32 fd, const void __user *vec, u32 vlen, const loff_t *at, bool writing)
{
    struct vector vector;
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    ssize_t result = at ? positioned(file, *at) : 0;
    if (!result)
        result = vector_get(&vector, vec, vlen);
    if (!result) {
        loff_t pos = at ? *at : file->f_pos;
        result = transfer_vector(file, &vector, &pos, writing);
        if (!at && result >= 0)
            file->f_pos = pos;
        vector_free(&vector);
    }
    fput(file);
    return result;
}

long sys_readv(u32 fd, const void __user *vec, u32 vlen) { return do_vector(fd, vec, vlen, NULL, false); }
long sys_writev(u32 fd, const void __user *vec, u32 vlen) { return do_vector(fd, vec, vlen, NULL, true); }

long sys_preadv(u32 fd, const void __user *vec, u32 vlen, u32 pos_low, u32 pos_high)
{
    loff_t pos = join64(pos_low, pos_high);
    return do_vector(fd, vec, vlen, &pos, false);
}

long sys_pwritev(u32 fd, const void __user *vec, u32 vlen, u32 pos_low, u32 pos_high)
{
    loff_t pos = join64(pos_low, pos_high);
    return do_vector(fd, vec, vlen, &pos, true);
}

/* ---- positions ---- */

/* Data and holes: the whole file counts as data, which POSIX allows, and the end as a hole. */
loff_t generic_file_llseek(struct file *file, loff_t offset, int whence)
{
    loff_t size = file->f_inode->i_size;
    switch (whence) {
    case SEEK_SET: break;
    case SEEK_CUR: offset += file->f_pos; break;
    case SEEK_END: offset += size; break;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (offset < 0 || offset >= size)
            return -ENXIO;
        offset = whence == SEEK_HOLE ? size : offset;
        break;
    default: return -EINVAL;
    }
    if (offset < 0 || offset > MAX_LFS_FILESIZE)
        return -EINVAL;
    file->f_pos = offset;
    return offset;
}

static loff_t do_seek(u32 fd, loff_t offset, u32 whence)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    loff_t result = -EBADF;
    if (file->f_op)
        result = file->f_op->llseek ? file->f_op->llseek(file, offset, (int)whence) : -ESPIPE;
    fput(file);
    return result;
}

long sys_lseek(u32 fd, s32 offset, u32 whence)
{
    loff_t result = do_seek(fd, offset, whence);
    return result > 0x7fffffff ? -EOVERFLOW : (long)result;
}

long sys_llseek(u32 fd, u32 offset_high, u32 offset_low, void __user *result, u32 whence)
{
    loff_t pos = do_seek(fd, join64(offset_low, offset_high), whence);
    if (pos < 0)
        return (long)pos;
    return copy_to_user(result, &pos, sizeof(pos)) ? -EFAULT : 0;
}

/* ---- sendfile ---- */

/* Through a page of the kernel. What the output did not take is read again by the next call: pos stands behind what was
 * sent. */
static ssize_t send_chunk(struct file *out, struct file *in, char *buffer, size_t count, loff_t *pos)
{
    ssize_t n = kernel_read(in, *pos, buffer, count);
    if (n <= 0)
        return n;
    ssize_t sent = out->f_op->write_kernel(out, buffer, (size_t)n);
    if (sent > 0)
        *pos += sent;
    return sent;
}

static ssize_t do_sendfile(struct file *out, struct file *in, size_t count, loff_t *pos)
{
    size_t done = 0;
    ssize_t n = 0;
    if (!file_readable(in) || !file_writable(out))
        return -EBADF;
    if (!S_ISREG(in->f_inode->i_mode) || !in->f_mapping->a_ops || !out->f_op->write_kernel || (out->f_flags & O_APPEND))
        return -EINVAL;
    char *buffer = kmalloc(PAGE_SIZE, GFP_KERNEL);
    if (!buffer)
        return -ENOMEM;
    while (done < count) {
        size_t chunk = min_t(size_t, count - done, PAGE_SIZE);
        n = send_chunk(out, in, buffer, chunk, pos);
        if (n <= 0)
            break;
        done += (size_t)n;
        if ((size_t)n < chunk)
            break;
    }
    kfree(buffer);
    return done ? (ssize_t)done : n;
}

static long sendfile_at(int out_fd, int in_fd, loff_t *at, u32 count)
{
    struct file *in = fget((unsigned)in_fd), *out = fget((unsigned)out_fd);
    ssize_t result = -EBADF;
    if (in && out) {
        loff_t pos = at ? *at : in->f_pos;
        result = pos < 0 ? -EINVAL : do_sendfile(out, in, count > MAX_RW ? MAX_RW : count, &pos);
        *(at ? at : &in->f_pos) = pos;
    }
    if (in)
        fput(in);
    if (out)
        fput(out);
    return result;
}

long sys_sendfile64(int out, int in, void __user *offset, u32 count)
{
    loff_t pos;
    if (!offset)
        return sendfile_at(out, in, NULL, count);
    if (copy_from_user(&pos, offset, sizeof(pos)))
        return -EFAULT;
    long result = sendfile_at(out, in, &pos, count);
    return copy_to_user(offset, &pos, sizeof(pos)) ? -EFAULT : result;
}

long sys_sendfile(int out, int in, void __user *offset, u32 count)
{
    u32 low;
    if (!offset)
        return sendfile_at(out, in, NULL, count);
    if (get_user_u32(&low, offset))
        return -EFAULT;
    loff_t pos = (s32)low;
    long result = sendfile_at(out, in, &pos, count);
    return put_user_u32((u32)pos, offset) ? -EFAULT : result;
}
