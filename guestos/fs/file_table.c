/*
 * Open files and the descriptor tables that number them; and the root and current directory of a task.
 *
 * struct file: one open(); shared by dup and fork; f_count references; the last fput releases it.
 * files_struct: descriptor -> file, shared by the threads of CLONE_FILES. A slot is free, reserved (a number given out
 * for an open that is under way) or holds a file; close-on-exec belongs to the slot.
 */
#include "fs/vfs.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

#define INITIAL_FDS 64u
#define NR_OPEN (1u << 20) /* descriptors of one process, whatever its limit says */

static kmem_cache_t *filp_cache, *files_cache, *fs_cache;

void files_init(void)
{
    filp_cache = kmem_cache_create("filp", sizeof(struct file), 0, SLAB_PANIC, NULL);
    files_cache = kmem_cache_create("files_cache", sizeof(struct files_struct), 0, SLAB_PANIC, NULL);
    fs_cache = kmem_cache_create("fs_cache", sizeof(struct fs_struct), 0, SLAB_PANIC, NULL);
}

struct file *get_empty_filp(void)
{
    struct file *file = kmem_cache_zalloc(filp_cache, GFP_KERNEL);
    if (file)
        atomic_set(&file->f_count, 1);
    return file;
}

/* Without dentry: the open failed before there was anything to release. */
static int release_file(struct file *file)
{
    int error = 0;
    if (file->f_op && file->f_op->release)
        error = file->f_op->release(file->f_inode, file);
    dput(file->f_dentry);
    kmem_cache_free(filp_cache, file);
    return error;
}

void fput(struct file *file)
{
    if (atomic_dec_and_test(&file->f_count))
        release_file(file);
}

/* ---- descriptors ---- */

static struct fd_slot *open_slot(unsigned fd)
{
    struct files_struct *files = current->files;
    return files && fd < files->max_fds && files->fd[fd].file ? &files->fd[fd] : NULL;
}

struct file *fget(unsigned fd)
{
    struct fd_slot *slot = open_slot(fd);
    if (!slot)
        return NULL;
    get_file(slot->file);
    return slot->file;
}

bool fd_is_open(unsigned fd) { return open_slot(fd) != NULL; }

bool fd_cloexec(unsigned fd)
{
    struct fd_slot *slot = open_slot(fd);
    return slot && slot->cloexec;
}

void fd_set_cloexec(unsigned fd, bool on)
{
    struct fd_slot *slot = open_slot(fd);
    if (slot)
        slot->cloexec = on;
}

static unsigned table_size(unsigned needed)
{
    unsigned max = INITIAL_FDS;
    while (max <= needed)
        max *= 2;
    return max;
}

static int expand_table(struct files_struct *files, unsigned needed)
{
    unsigned max = table_size(needed);
    struct fd_slot *fd = kvzalloc(max * sizeof(*fd)), *old = files->fd;
    if (!fd)
        return -ENOMEM;
    if (needed < files->max_fds) { /* another thread did it while we slept */
        kvfree(fd);
        return 0;
    }
    memcpy(fd, old, files->max_fds * sizeof(*fd));
    files->fd = fd;
    files->max_fds = max;
    kvfree(old);
    return 0;
}

int get_unused_fd(unsigned from, bool cloexec)
{
    struct files_struct *files = current->files;
    unsigned limit = min_t(unsigned long, current->rlim[RLIMIT_NOFILE].rlim_cur, NR_OPEN);
    for (unsigned fd = from; fd < limit; fd++) {
        if (fd >= files->max_fds && expand_table(files, fd))
            return -ENOMEM;
        struct fd_slot *slot = &files->fd[fd];
        if (slot->file || slot->reserved)
            continue;
        slot->reserved = true;
        slot->cloexec = cloexec;
        return (int)fd;
    }
    return -EMFILE;
}

void put_unused_fd(unsigned fd) { current->files->fd[fd].reserved = false; }

void fd_install(unsigned fd, struct file *file)
{
    struct fd_slot *slot = &current->files->fd[fd];
    BUG_ON(!slot->reserved || slot->file);
    slot->file = file;
    slot->reserved = false;
}

int fd_close(unsigned fd)
{
    struct fd_slot *slot = open_slot(fd);
    if (!slot)
        return -EBADF;
    struct file *file = slot->file;
    *slot = (struct fd_slot){NULL, false, false};
    return atomic_dec_and_test(&file->f_count) ? release_file(file) : 0;
}

static struct files_struct *new_table(unsigned max)
{
    struct files_struct *files = kmem_cache_alloc(files_cache, GFP_KERNEL);
    if (!files)
        return NULL;
    atomic_set(&files->count, 1);
    files->max_fds = max;
    files->fd = kvzalloc(max * sizeof(*files->fd));
    if (files->fd)
        return files;
    kmem_cache_free(files_cache, files);
    return NULL;
}

static void free_table(struct files_struct *files)
{
    kvfree(files->fd);
    kmem_cache_free(files_cache, files);
}

/* One more than the highest descriptor that is open: what a copy needs. */
static unsigned open_fds(const struct files_struct *files)
{
    unsigned fd = files->max_fds;
    while (fd && !files->fd[fd - 1].file)
        fd--;
    return fd;
}

struct files_struct *copy_files(struct files_struct *from, bool share)
{
    if (from && share) {
        atomic_inc(&from->count);
        return from;
    }
    struct files_struct *files = NULL;
    do { /* another thread may open a higher one while we sleep for the table */
        if (files)
            free_table(files);
        files = new_table(from ? table_size(open_fds(from)) : INITIAL_FDS);
        if (!files || !from)
            return files;
    } while (open_fds(from) > files->max_fds);
    for (unsigned fd = 0, end = open_fds(from); fd < end; fd++) {
        if (!from->fd[fd].file)
            continue;
        files->fd[fd] = from->fd[fd];
        get_file(files->fd[fd].file);
    }
    return files;
}

static void put_files(struct files_struct *files)
{
    if (!atomic_dec_and_test(&files->count))
        return;
    for (unsigned fd = 0; fd < files->max_fds; fd++)
        if (files->fd[fd].file)
            fput(files->fd[fd].file);
    free_table(files);
}

void exit_files(struct task_struct *task)
{
    struct files_struct *files = task->files;
    task->files = NULL;
    if (files)
        put_files(files);
}

/* A table that cannot be copied for want of memory stays shared: the descriptors close for the sharers too. */
void close_files_for_exec(struct task_struct *task)
{
    struct files_struct *files = task->files;
    if (atomic_read(&files->count) > 1) {
        struct files_struct *own = copy_files(files, false);
        if (own) {
            task->files = own;
            put_files(files);
            files = own;
        }
    }
    for (unsigned fd = 0; fd < files->max_fds; fd++)
        if (files->fd[fd].file && files->fd[fd].cloexec)
            fd_close(fd);
}

/* ---- root and current directory ---- */

struct fs_struct *copy_fs(struct fs_struct *from, bool share)
{
    if (from && share) {
        atomic_inc(&from->count);
        return from;
    }
    struct fs_struct *fs = kmem_cache_alloc(fs_cache, GFP_KERNEL);
    if (!fs)
        return NULL;
    atomic_set(&fs->count, 1);
    fs->umask = from ? from->umask : 022;
    fs->root = dget(from ? from->root : root_dentry);
    fs->pwd = dget(from ? from->pwd : root_dentry);
    return fs;
}

void exit_fs(struct task_struct *task)
{
    struct fs_struct *fs = task->fs;
    task->fs = NULL;
    if (!fs || !atomic_dec_and_test(&fs->count))
        return;
    dput(fs->root);
    dput(fs->pwd);
    kmem_cache_free(fs_cache, fs);
}
