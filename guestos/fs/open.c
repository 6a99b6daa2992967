/*
 * open: from a path to a struct file; close, and the calls that stand beside it.
 *
 * With O_CREAT the walk stops at the parent, whose i_mutex makes look-up and creation one step; a symbolic link in
 * the last place leads to another round, as a dangling link is created through. Without it the walk does it all.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"

#define MAX_ROUNDS 40

static int open_permission(const struct inode *inode, u32 flags)
{
    static const int masks[4] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE};
    if (flags & O_PATH)
        return 0;
    int mask = masks[flags & O_ACCMODE];
    if (S_ISDIR(inode->i_mode) && (mask & MAY_WRITE))
        return -EISDIR;
    if (flags & O_TRUNC)
        mask |= MAY_WRITE;
    return inode_permission(inode, mask);
}

static int attach_operations(struct file *file)
{
    struct inode *inode = file->f_inode;
    if (file->f_flags & O_PATH)
        return 0;
    file->f_op = inode->i_fop;
    if (!file->f_op)
        return -ENXIO;
    int error = file->f_op->open ? file->f_op->open(inode, file) : 0;
    if (error)
        file->f_op = NULL; /* nothing to release */
    return error;
}

struct file *dentry_open(struct dentry *dentry, u32 flags)
{
    struct file *file = get_empty_filp();
    if (!file) {
        dput(dentry);
        return ERR_PTR(-ENOMEM);
    }
    file->f_dentry = dentry;
    file->f_inode = dentry->d_inode;
    file->f_mapping = dentry->d_inode->i_mapping;
    file_ra_state_init(&file->f_ra);
    file->f_flags = flags & ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
    file->f_flags |= flags & (O_EXCL | O_NOCTTY); /* a device's open looks at them */
    int error = attach_operations(file);
    file->f_flags &= ~(u32)(O_EXCL | O_NOCTTY);
    if (!error)
        return file;
    fput(file);
    return ERR_PTR(error);
}

int do_truncate(struct inode *inode, loff_t size)
{
    if (!inode->i_op->truncate)
        return -EINVAL;
    mutex_lock(&inode->i_mutex);
    int error = IS_SWAPFILE(inode) ? -ETXTBSY : inode->i_op->truncate(inode, size);
    if (!error)
        touch_mtime(inode);
    mutex_unlock(&inode->i_mutex);
    return error;
}

/* The checks of an existing file, then its opening. Takes over the dentry's reference. */
static struct file *finish_open(struct dentry *dentry, u32 flags)
{
    struct inode *inode = dentry->d_inode;
    int error = 0;
    if (S_ISLNK(inode->i_mode) && !(flags & O_PATH))
        error = -ELOOP;
    else if ((flags & O_DIRECTORY) && !S_ISDIR(inode->i_mode))
        error = -ENOTDIR;
    else if (S_ISREG(inode->i_mode) && !(flags & (O_LARGEFILE | O_PATH)) && inode->i_size > 0x7fffffff)
        error = -EOVERFLOW;
    else
        error = open_permission(inode, flags);
    if (!error && (flags & O_TRUNC) && S_ISREG(inode->i_mode) && !(flags & O_PATH) && inode->i_op->truncate)
        error = do_truncate(inode, 0);
    if (!error)
        return dentry_open(dentry, flags);
    dput(dentry);
    return ERR_PTR(error);
}

/* One round of O_CREAT: state carries what the next round needs. */
struct creating {
    int dfd;
    u32 flags;
    umode_t mode;
    struct nameidata nd;
    bool created;
};

/* The last name, made when it is not there. Parent locked. Referenced dentry or ERR_PTR. */
static struct dentry *lookup_or_create(struct creating *c)
{
    struct dentry *dir = c->nd.dentry;
    if (c->nd.last_type != LAST_NORM || c->nd.last_slash)
        return ERR_PTR(-EISDIR);
    struct dentry *dentry = lookup_one(dir, c->nd.last, c->nd.last_len);
    if (IS_ERR(dentry) || dentry->d_inode)
        return dentry;
    int error = may_create(dir);
    umode_t mask = current->fs ? current->fs->umask : 0;
    if (!error)
        error = vfs_mknod(dir, dentry, (umode_t)((c->mode & 07777 & ~mask) | S_IFREG), 0);
    c->created = !error;
    if (!error)
        return dentry;
    dput(dentry);
    return ERR_PTR(error);
}

/* The link's target becomes the path of the next round, seen from the directory that holds the link. */
static int link_target(struct inode *link, char *buffer)
{
    int length = vfs_readlink(link, buffer, PATH_MAX - 1);
    if (length < 0)
        return length;
    buffer[length] = '\0';
    return length ? 0 : -ENOENT;
}

/* at_dir: the directory of a relative path in rounds after the first; NULL in the first. */
static int parent_of(struct creating *c, const char *path, struct dentry *at_dir)
{
    return at_dir ? path_lookup_from(at_dir, path, LOOKUP_PARENT, &c->nd)
                  : path_lookup(c->dfd, path, LOOKUP_PARENT, &c->nd);
}

static struct file *finish_created(struct creating *c, struct dentry *dentry)
{
    if (c->created)
        return dentry_open(dentry, c->flags);
    if (S_ISDIR(dentry->d_inode->i_mode) && !(c->flags & O_EXCL)) {
        dput(dentry);
        return ERR_PTR(-EISDIR);
    }
    if (c->flags & O_EXCL) {
        dput(dentry);
        return ERR_PTR(-EEXIST);
    }
    return finish_open(dentry, c->flags);
}

static struct file *open_creating(struct creating *c, const char *path)
{
    char *buffer = NULL;
    struct dentry *at_dir = NULL;
    struct file *file = NULL;
    for (int round = 0; !file; round++) {
        int error = round < MAX_ROUNDS ? parent_of(c, path, at_dir) : -ELOOP;
        dput(at_dir);
        at_dir = NULL;
        if (error) {
            file = ERR_PTR(error);
            break;
        }
        at_dir = c->nd.dentry;
        mutex_lock(&at_dir->d_inode->i_mutex);
        struct dentry *dentry = lookup_or_create(c);
        mutex_unlock(&at_dir->d_inode->i_mutex);
        if (IS_ERR(dentry)) {
            file = ERR_PTR(PTR_ERR(dentry));
            break;
        }
        dentry = follow_mounts(dentry);
        bool follow = S_ISLNK(dentry->d_inode->i_mode) && !(c->flags & (O_EXCL | O_NOFOLLOW));
        if (follow && dentry->d_inode->i_op->jump) {
            struct dentry *target = dentry->d_inode->i_op->jump(dentry->d_inode);
            dput(dentry);
            file = IS_ERR(target) ? ERR_PTR(PTR_ERR(target)) : finish_created(c, target);
            break;
        }
        if (!follow) {
            file = finish_created(c, dentry);
            break;
        }
        if (!buffer)
            buffer = getname_buffer();
        error = buffer ? link_target(dentry->d_inode, buffer) : -ENOMEM;
        dput(dentry);
        path = buffer;
        if (error)
            file = ERR_PTR(error);
    }
    dput(at_dir);
    putname(buffer);
    return file;
}

static struct file *open_tmpfile(int dfd, const char *path, u32 flags, umode_t mode)
{
    struct nameidata nd;
    if ((flags & O_ACCMODE) == O_RDONLY)
        return ERR_PTR(-EINVAL);
    int error = path_lookup(dfd, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &nd);
    if (error)
        return ERR_PTR(error);
    struct super_block *sb = nd.dentry->d_sb;
    bool in_memory = sb->s_magic == RAMFS_MAGIC || sb->s_magic == TMPFS_MAGIC;
    dput(nd.dentry);
    if (!in_memory)
        return ERR_PTR(-EOPNOTSUPP);
    struct inode *inode = ramfs_inode(sb, (umode_t)((mode & 07777 & ~current->fs->umask) | S_IFREG), 0);
    struct dentry *dentry = d_alloc_nameless(inode, "/tmp/#unnamed");
    if (!dentry)
        return ERR_PTR(-ENOMEM);
    inode->i_nlink = 0;
    dentry->d_unlinked = true;
    return dentry_open(dentry, flags);
}

struct file *do_filp_open(int dfd, const char *path, u32 flags, umode_t mode)
{
    struct nameidata nd;
    if (flags & O_PATH)
        flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return open_tmpfile(dfd, path, flags & ~(u32)(O_TMPFILE & ~O_DIRECTORY) & ~(u32)O_DIRECTORY, mode);
    if (flags & O_CREAT) {
        struct creating c = {.dfd = dfd, .flags = flags, .mode = mode};
        if (flags & O_DIRECTORY)
            return ERR_PTR(-EINVAL);
        return open_creating(&c, path);
    }
    u32 lookup = (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & O_DIRECTORY ? LOOKUP_DIRECTORY : 0);
    int error = path_lookup(dfd, path, lookup, &nd);
    return error ? ERR_PTR(error) : finish_open(nd.dentry, flags);
}

struct file *filp_open(const char *path, u32 flags, umode_t mode) { return do_filp_open(AT_FDCWD, path, flags, mode); }

long sys_openat(int dfd, const char __user *path, u32 flags, u32 mode)
{
    char *name = getname(path);
    if (IS_ERR(name))
        return PTR_ERR(name);
    int fd = get_unused_fd(0, (flags & O_CLOEXEC) != 0);
    if (fd >= 0) {
        struct file *file = do_filp_open(dfd, name, flags, (umode_t)mode);
        if (IS_ERR(file)) {
            put_unused_fd((unsigned)fd);
            fd = (int)PTR_ERR(file);
        } else {
            fd_install((unsigned)fd, file);
        }
    }
    putname(name);
    return fd;
}

long sys_open(const char __user *path, u32 flags, u32 mode) { return sys_openat(AT_FDCWD, path, flags, mode); }

long sys_creat(const char __user *path, u32 mode)
{
    return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

struct open_how {
    u64 flags, mode, resolve;
};

long sys_openat2(int dfd, const char __user *path, const void __user *how, u32 size)
{
    struct open_how asked;
    if (size < sizeof(asked))
        return -EINVAL;
    if (size > sizeof(asked))
        return -E2BIG;
    if (copy_from_user(&asked, how, sizeof(asked)))
        return -EFAULT;
    if (asked.flags >> 32 || asked.mode & ~07777ull || asked.resolve)
        return -EINVAL;
    if (asked.mode && !(asked.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
        return -EINVAL;
    return sys_openat(dfd, path, (u32)asked.flags, (u32)asked.mode);
}

long sys_close(u32 fd)
{
    int error = fd_close(fd);
    return error <= -ERESTARTSYS ? -EINTR : error;
}

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

long sys_close_range(u32 first, u32 last, u32 flags)
{
    if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
        return -EINVAL;
    if ((flags & CLOSE_RANGE_UNSHARE) && atomic_read(&current->files->count) > 1) {
        struct files_struct *own = copy_files(current->files, false);
        if (!own)
            return -ENOMEM;
        exit_files(current);
        current->files = own;
    }
    for (u32 fd = first; fd <= last && fd < current->files->max_fds; fd++) {
        if (flags & CLOSE_RANGE_CLOEXEC)
            fd_set_cloexec(fd, true);
        else
            fd_close(fd);
    }
    return 0;
}

int open_console_for_init(void)
{
    for (unsigned expected = 0; expected < 3; expected++) {
        struct file *file = filp_open("/dev/console", O_RDWR | O_LARGEFILE | O_NOCTTY, 0);
        if (IS_ERR(file))
            return (int)PTR_ERR(file);
        int fd = get_unused_fd(0, false);
        if (fd < 0) {
            fput(file);
            return fd;
        }
        fd_install((unsigned)fd, file);
    }
    return 0;
}
