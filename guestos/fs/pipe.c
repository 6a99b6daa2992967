/*
 * Pipes and FIFOs: 16 pages between writers and readers.
 *
 * A pipe is a ring of page buffers. A write of at most PIPE_BUF (4096) bytes goes in whole or waits: it joins the last
 * buffer when it fits there, else it takes a fresh one. An empty pipe without writers reads as end of file; a pipe
 * without readers breaks a write with SIGPIPE. readers and writers count open files; r_counter and w_counter count
 * openings ever, for FIFOs' openers that wait; private_data of a file is w_counter when it was opened without waiting
 * for a writer: no hang-up before the first.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "mm/highmem.h"
#include "mm/slab.h"
#include "asm/uaccess.h"

#define PIPE_BUFFERS 16u
#define PIPE_SIZE (PIPE_BUFFERS * PAGE_SIZE)
#define FIONREAD 0x541Bu

struct pipe_buffer {
    struct page *page;
    u32 offset, length;
};

struct pipe_inode_info {
    struct mutex mutex;
    wait_queue_head_t wait;
    u32 first, count; /* ring of used buffers */
    u32 readers, writers, r_counter, w_counter;
    struct page *spare; /* the page of the buffer that was emptied last */
    struct pipe_buffer buffers[PIPE_BUFFERS];
};

static struct super_block *pipe_sb;

static struct pipe_inode_info *alloc_pipe(void)
{
    struct pipe_inode_info *pipe = kzalloc(sizeof(*pipe), GFP_KERNEL);
    if (!pipe)
        return NULL;
    mutex_init(&pipe->mutex);
    init_waitqueue_head(&pipe->wait);
    return pipe;
}

static void free_pipe(struct pipe_inode_info *pipe)
{
    for (u32 i = 0; i < pipe->count; i++)
        put_page(pipe->buffers[(pipe->first + i) % PIPE_BUFFERS].page);
    if (pipe->spare)
        put_page(pipe->spare);
    kfree(pipe);
}

bool inode_is_fifo_of(const struct file *file) { return S_ISFIFO(file->f_inode->i_mode); }

/* ---- sleeping: the mutex is given back meanwhile ---- */

static int pipe_sleep(struct pipe_inode_info *pipe)
{
    DEFINE_WAIT(wait);
    if (signal_pending(current))
        return -ERESTARTSYS;
    prepare_to_wait(&pipe->wait, &wait, TASK_INTERRUPTIBLE);
    mutex_unlock(&pipe->mutex);
    schedule();
    finish_wait(&pipe->wait, &wait);
    mutex_lock(&pipe->mutex);
    return 0;
}

/* ---- read ---- */

static void drop_first(struct pipe_inode_info *pipe)
{
    struct pipe_buffer *buffer = &pipe->buffers[pipe->first];
    if (pipe->spare)
        put_page(buffer->page);
    else
        pipe->spare = buffer->page;
    buffer->page = NULL;
    pipe->first = (pipe->first + 1) % PIPE_BUFFERS;
    pipe->count--;
}

/* Takes from the first buffer. Bytes or -EFAULT. */
static ssize_t take(struct pipe_inode_info *pipe, char __user *to, size_t count)
{
    struct pipe_buffer *buffer = &pipe->buffers[pipe->first];
    size_t bytes = min_t(size_t, count, buffer->length);
    char *from = kmap(buffer->page);
    size_t missed = copy_to_user(to, from + buffer->offset, bytes);
    kunmap(buffer->page);
    if (missed)
        return -EFAULT;
    buffer->offset += (u32)bytes;
    buffer->length -= (u32)bytes;
    if (buffer->length == 0)
        drop_first(pipe);
    return (ssize_t)bytes;
}

static ssize_t take_all(struct pipe_inode_info *pipe, char __user *to, size_t count)
{
    size_t done = 0;
    while (done < count && pipe->count) {
        ssize_t n = take(pipe, to + done, count - done);
        if (n < 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static ssize_t pipe_read_locked(struct file *file, struct pipe_inode_info *pipe, char __user *to, size_t count)
{
    for (;;) {
        if (pipe->count)
            return take_all(pipe, to, count);
        if (!pipe->writers)
            return 0;
        if (file->f_flags & O_NONBLOCK)
            return -EAGAIN;
        int error = pipe_sleep(pipe);
        if (error)
            return error;
    }
}

static ssize_t pipe_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
    struct pipe_inode_info *pipe = file->f_inode->i_pipe;
    (void)pos;
    if (count == 0)
        return 0;
    mutex_lock(&pipe->mutex);
    ssize_t result = pipe_read_locked(file, pipe, to, count);
    mutex_unlock(&pipe->mutex);
    if (result > 0) {
        wake_up(&pipe->wait);
        touch_atime(file->f_inode);
    }
    return result;
}

/* ---- write ---- */

struct pipe_source {
    const char *from; /* of the program, unless kernel */
    size_t left;
    bool kernel;
};

static int put_bytes(struct page *page, u32 offset, struct pipe_source *source, u32 bytes)
{
    char *to = kmap(page);
    size_t missed = 0;
    if (source->kernel)
        memcpy(to + offset, source->from, bytes);
    else
        missed = copy_from_user(to + offset, source->from, bytes);
    kunmap(page);
    if (missed)
        return -EFAULT;
    source->from += bytes;
    source->left -= bytes;
    return 0;
}

/* Joins what does not fill a page to the last buffer, when it fits there whole. */
static int append_to_last(struct pipe_inode_info *pipe, struct pipe_source *source)
{
    u32 bytes = source->left & (PAGE_SIZE - 1);
    if (!pipe->count || !bytes)
        return 0;
    struct pipe_buffer *last = &pipe->buffers[(pipe->first + pipe->count - 1) % PIPE_BUFFERS];
    if (last->offset + last->length + bytes > PAGE_SIZE)
        return 0;
    int error = put_bytes(last->page, last->offset + last->length, source, bytes);
    if (!error)
        last->length += bytes;
    return error;
}

static int append_buffer(struct pipe_inode_info *pipe, struct pipe_source *source)
{
    u32 bytes = min_t(u32, source->left, PAGE_SIZE);
    if (!pipe->spare)
        pipe->spare = alloc_page(GFP_HIGHUSER);
    if (!pipe->spare)
        return -ENOMEM;
    int error = put_bytes(pipe->spare, 0, source, bytes);
    if (error)
        return error;
    pipe->buffers[(pipe->first + pipe->count) % PIPE_BUFFERS] = (struct pipe_buffer){pipe->spare, 0, bytes};
    pipe->count++;
    pipe->spare = NULL;
    return 0;
}

static int broken_pipe(void)
{
    send_signal(current, SIGPIPE, NULL);
    return -EPIPE;
}

/* Everything, or an error; source->left tells how much went before it. */
static int pipe_write_locked(struct file *file, struct pipe_inode_info *pipe, struct pipe_source *source)
{
    if (!pipe->readers)
        return broken_pipe();
    int error = append_to_last(pipe, source);
    while (!error && source->left) {
        if (!pipe->readers)
            return broken_pipe();
        if (pipe->count < PIPE_BUFFERS) {
            error = append_buffer(pipe, source);
            continue;
        }
        if (file->f_flags & O_NONBLOCK)
            return -EAGAIN;
        wake_up(&pipe->wait);
        error = pipe_sleep(pipe);
    }
    return error;
}

static ssize_t pipe_write_from(struct file *file, struct pipe_source *source)
{
    struct pipe_inode_info *pipe = file->f_inode->i_pipe;
    size_t count = source->left;
    if (count == 0)
        return 0;
    mutex_lock(&pipe->mutex);
    int error = pipe_write_locked(file, pipe, source);
    mutex_unlock(&pipe->mutex);
    size_t done = count - source->left;
    if (!done)
        return error;
    wake_up(&pipe->wait);
    touch_mtime(file->f_inode);
    return (ssize_t)done;
}

static ssize_t pipe_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
    (void)pos;
    return pipe_write_from(file, &(struct pipe_source){from, count, false});
}

static ssize_t pipe_write_kernel(struct file *file, const char *from, size_t count)
{
    return pipe_write_from(file, &(struct pipe_source){from, count, true});
}

/* ---- the rest ---- */

static unsigned pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe_inode_info *pipe = file->f_inode->i_pipe;
    unsigned mask = 0;
    poll_wait(table, &pipe->wait);
    if (file_readable(file)) {
        if (pipe->count)
            mask |= POLLIN | POLLRDNORM;
        if (!pipe->writers && pipe->w_counter != (u32)(unsigned long)file->private_data)
            mask |= POLLHUP;
    }
    if (file_writable(file)) {
        if (pipe->count < PIPE_BUFFERS)
            mask |= POLLOUT | POLLWRNORM;
        if (!pipe->readers)
            mask |= POLLERR;
    }
    return mask;
}

static long pipe_ioctl(struct file *file, u32 command, unsigned long argument)
{
    struct pipe_inode_info *pipe = file->f_inode->i_pipe;
    u32 bytes = 0;
    if (command != FIONREAD)
        return -ENOTTY;
    for (u32 i = 0; i < pipe->count; i++)
        bytes += pipe->buffers[(pipe->first + i) % PIPE_BUFFERS].length;
    return put_user_u32(bytes, (void __user *)argument);
}

static int pipe_release(struct inode *inode, struct file *file)
{
    struct pipe_inode_info *pipe = inode->i_pipe;
    if (file_readable(file))
        pipe->readers--;
    if (file_writable(file))
        pipe->writers--;
    if (pipe->readers || pipe->writers) {
        wake_up(&pipe->wait);
        return 0;
    }
    inode->i_pipe = NULL;
    free_pipe(pipe);
    return 0;
}

/* Waits until *counter moves: somebody opened the other end. */
static int wait_for_partner(struct pipe_inode_info *pipe, const u32 *counter)
{
    u32 before = *counter;
    while (*counter == before) {
        int error = pipe_sleep(pipe);
        if (error)
            return *counter == before ? error : 0;
    }
    return 0;
}

static int fifo_join(struct file *file, struct pipe_inode_info *pipe)
{
    bool reads = file_readable(file), writes = file_writable(file);
    if (!reads && (file->f_flags & O_NONBLOCK) && !pipe->readers)
        return -ENXIO;
    pipe->readers += reads;
    pipe->r_counter += reads;
    pipe->writers += writes;
    pipe->w_counter += writes;
    wake_up(&pipe->wait);
    if (reads && writes)
        return 0;
    if (reads && !pipe->writers && !(file->f_flags & O_NONBLOCK))
        return wait_for_partner(pipe, &pipe->w_counter);
    if (reads && !pipe->writers)
        file->private_data = (void *)(unsigned long)pipe->w_counter;
    if (writes && !pipe->readers)
        return wait_for_partner(pipe, &pipe->r_counter);
    return 0;
}

static int fifo_open(struct inode *inode, struct file *file)
{
    if (!inode->i_pipe) {
        struct pipe_inode_info *fresh = alloc_pipe();
        if (!fresh)
            return -ENOMEM;
        if (inode->i_pipe)
            free_pipe(fresh);
        else
            inode->i_pipe = fresh;
    }
    struct pipe_inode_info *pipe = inode->i_pipe;
    u32 openings = pipe->r_counter + pipe->w_counter;
    mutex_lock(&pipe->mutex);
    int error = fifo_join(file, pipe);
    mutex_unlock(&pipe->mutex);
    if (error == -ENXIO && openings == 0 && !pipe->readers && !pipe->writers) {
        inode->i_pipe = NULL;
        free_pipe(pipe);
    } else if (error && error != -ENXIO) {
        pipe_release(inode, file);
    }
    return error;
}

const struct file_operations fifo_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .write_kernel = pipe_write_kernel,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .open = fifo_open,
    .release = pipe_release,
};

/* ---- pipe(2) ---- */

void pipe_init(void)
{
    pipe_sb = new_super("pipefs", "none", PIPEFS_MAGIC);
    if (!pipe_sb)
        panic("no memory for pipefs");
}

static struct dentry *pipe_dentry(void)
{
    char name[24];
    struct inode *inode = new_inode(pipe_sb, S_IFIFO | 0600);
    if (!inode)
        return NULL;
    snprintf(name, sizeof(name), "pipe:[%u]", inode->i_ino);
    inode->i_fop = &fifo_operations;
    inode->i_pipe = alloc_pipe();
    if (!inode->i_pipe) {
        iput(inode);
        return NULL;
    }
    struct pipe_inode_info *pipe = inode->i_pipe;
    struct dentry *dentry = d_alloc_nameless(inode, name);
    if (!dentry)
        free_pipe(pipe);
    return dentry;
}

/* One end. The partner's count is there already, so that the open does not wait. */
static struct file *pipe_end(struct dentry *dentry, u32 flags) { return dentry_open(dget(dentry), flags); }

static int pipe_files(struct file *files[2], u32 flags)
{
    struct dentry *dentry = pipe_dentry();
    if (!dentry)
        return -ENOMEM;
    struct pipe_inode_info *pipe = dentry->d_inode->i_pipe;
    pipe->writers = pipe->w_counter = 1; /* held for the open of the read end */
    files[0] = pipe_end(dentry, O_RDONLY | flags);
    if (IS_ERR(files[0])) {
        free_pipe(pipe);
        dput(dentry);
        return (int)PTR_ERR(files[0]);
    }
    files[1] = pipe_end(dentry, O_WRONLY | flags);
    pipe->writers--;
    dput(dentry);
    if (!IS_ERR(files[1]))
        return 0;
    fput(files[0]);
    return (int)PTR_ERR(files[1]);
}

static int install_pair(struct file *files[2], void __user *to, bool cloexec)
{
    int fds[2];
    fds[0] = get_unused_fd(0, cloexec);
    fds[1] = fds[0] < 0 ? fds[0] : get_unused_fd(0, cloexec);
    int error = fds[1] < 0 ? fds[1] : 0;
    if (!error && copy_to_user(to, fds, sizeof(fds)))
        error = -EFAULT;
    if (!error) {
        fd_install((unsigned)fds[0], files[0]);
        fd_install((unsigned)fds[1], files[1]);
        return 0;
    }
    if (fds[0] >= 0)
        put_unused_fd((unsigned)fds[0]);
    if (fds[1] >= 0)
        put_unused_fd((unsigned)fds[1]);
    return error;
}

long sys_pipe2(void __user *fds, u32 flags)
{
    struct file *files[2];
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    int error = pipe_files(files, flags & O_NONBLOCK);
    if (error)
        return error;
    error = install_pair(files, fds, (flags & O_CLOEXEC) != 0);
    if (error) {
        fput(files[0]);
        fput(files[1]);
    }
    return error;
}

long sys_pipe(void __user *fds) { return sys_pipe2(fds, 0); }
