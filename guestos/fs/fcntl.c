/*
 * Calls on descriptors: dup, fcntl, ioctl, locks, sizes.
 *
 * Locks always succeed: there is one kernel and programs here do not contend for files through locks.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"

#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#define F_SETOWN 8
#define F_GETOWN 9
#define F_GETLK64 12
#define F_SETLK64 13
#define F_SETLKW64 14
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ 1031
#define F_GETPIPE_SZ 1032
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define FD_CLOEXEC 1u
#define F_UNLCK 2
#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

static unsigned long fd_limit(void) { return current->rlim[RLIMIT_NOFILE].rlim_cur; }

static long dup_from(u32 fd, u32 from, bool cloexec)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    int new_fd = from < fd_limit() ? get_unused_fd(from, cloexec) : -EINVAL;
    if (new_fd < 0)
        fput(file);
    else
        fd_install((unsigned)new_fd, file);
    return new_fd;
}

long sys_dup(u32 fd) { return dup_from(fd, 0, false); }

static long dup_onto(u32 from, u32 to, bool cloexec)
{
    if (to >= fd_limit())
        return -EBADF;
    struct file *file = fget(from);
    if (!file)
        return -EBADF;
    fd_close(to);
    int fd = get_unused_fd(to, cloexec);
    if (fd != (int)to) {
        if (fd >= 0)
            put_unused_fd((unsigned)fd);
        fput(file);
        return fd < 0 ? fd : -EBUSY;
    }
    fd_install(to, file);
    return fd;
}

long sys_dup2(u32 from, u32 to)
{
    if (from == to)
        return fd_is_open(from) ? (long)to : -EBADF;
    return dup_onto(from, to, false);
}

long sys_dup3(u32 from, u32 to, u32 flags)
{
    if (flags & ~(u32)O_CLOEXEC || from == to)
        return -EINVAL;
    return dup_onto(from, to, (flags & O_CLOEXEC) != 0);
}

/* struct flock and flock64 both begin with l_type; a lock that could be taken is reported as F_UNLCK. */
static long get_lock(void __user *lock)
{
    u16 type = F_UNLCK, asked;
    if (copy_from_user(&asked, lock, sizeof(asked)))
        return -EFAULT;
    if (asked > 1)
        return -EINVAL;
    return copy_to_user(lock, &type, sizeof(type)) ? -EFAULT : 0;
}

static long set_lock(const struct file *file, const void __user *lock)
{
    u16 type;
    if (copy_from_user(&type, lock, sizeof(type)))
        return -EFAULT;
    if (type > F_UNLCK)
        return -EINVAL;
    if ((type == 0 && !file_readable(file)) || (type == 1 && !file_writable(file)))
        return -EBADF;
    return 0;
}

static long set_flags(struct file *file, u32 flags)
{
    file->f_flags = (file->f_flags & ~(u32)SETTABLE_FLAGS) | (flags & SETTABLE_FLAGS);
    return 0;
}

static long fcntl_file(struct file *file, u32 fd, u32 command, u32 argument)
{
    switch (command) {
    case F_GETFD: return fd_cloexec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD: fd_set_cloexec(fd, argument & FD_CLOEXEC); return 0;
    case F_GETFL: return (long)file->f_flags;
    default: break;
    }
    if (file->f_flags & O_PATH)
        return -EBADF;
    switch (command) {
    case F_SETFL: return set_flags(file, argument);
    case F_GETLK:
    case F_GETLK64:
    case F_OFD_GETLK: return get_lock((void __user *)(unsigned long)argument);
    case F_SETLK:
    case F_SETLKW:
    case F_SETLK64:
    case F_SETLKW64:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return set_lock(file, (const void __user *)(unsigned long)argument);
    case F_SETOWN:
    case F_GETOWN: return 0;
    case F_SETPIPE_SZ:
    case F_GETPIPE_SZ: return inode_is_fifo_of(file) ? 65536 : -EBADF;
    case F_ADD_SEALS:
    case F_GET_SEALS: return command == F_GET_SEALS && file->f_dentry->d_sb->s_magic == TMPFS_MAGIC ? 1 : -EINVAL;
    default: return -EINVAL;
    }
}

long sys_fcntl64(u32 fd, u32 command, u32 argument)
{
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return dup_from(fd, argument, command == F_DUPFD_CLOEXEC);
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    long result = fcntl_file(file, fd, command, argument);
    fput(file);
    return result;
}

long sys_fcntl(u32 fd, u32 command, u32 argument) { return sys_fcntl64(fd, command, argument); }

#define LOCK_NB 4u

long sys_flock(u32 fd, u32 operation)
{
    operation &= ~LOCK_NB;
    if (operation != 1 && operation != 2 && operation != 8)
        return -EINVAL;
    return fd_is_open(fd) ? 0 : -EBADF;
}

#define FIONBIO 0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX 0x5451u
#define FIONREAD 0x541Bu

static long ioctl_nonblock(struct file *file, u32 argument)
{
    u32 on;
    if (get_user_u32(&on, (const void __user *)(unsigned long)argument))
        return -EFAULT;
    return set_flags(file, on ? file->f_flags | O_NONBLOCK : file->f_flags & ~(u32)O_NONBLOCK);
}

static long ioctl_bytes_ahead(struct file *file, u32 argument)
{
    u32 ahead = (u32)(file->f_inode->i_size - file->f_pos);
    return put_user_u32(ahead, (void __user *)(unsigned long)argument);
}

static long ioctl_file(struct file *file, u32 fd, u32 command, u32 argument)
{
    if (!file->f_op)
        return -EBADF;
    switch (command) {
    case FIOCLEX: fd_set_cloexec(fd, true); return 0;
    case FIONCLEX: fd_set_cloexec(fd, false); return 0;
    case FIONBIO: return ioctl_nonblock(file, argument);
    default: break;
    }
    if (command == FIONREAD && S_ISREG(file->f_inode->i_mode))
        return ioctl_bytes_ahead(file, argument);
    return file->f_op->ioctl ? file->f_op->ioctl(file, command, argument) : -ENOTTY;
}

long sys_ioctl(u32 fd, u32 command, u32 argument)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    long result = ioctl_file(file, fd, command, argument);
    fput(file);
    return result;
}

/* ---- sizes ---- */

static long truncate_path(const char __user *path, loff_t length)
{
    struct dentry *dentry;
    if (length < 0)
        return -EINVAL;
    int error = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &dentry);
    if (error)
        return error;
    struct inode *inode = dentry->d_inode;
    if (S_ISDIR(inode->i_mode))
        error = -EISDIR;
    else if (!S_ISREG(inode->i_mode))
        error = -EINVAL;
    else
        error = inode_permission(inode, MAY_WRITE);
    if (!error)
        error = length > MAX_LFS_FILESIZE ? -EFBIG : do_truncate(inode, length);
    dput(dentry);
    return error;
}

static long truncate_fd(u32 fd, loff_t length, bool small)
{
    if (length < 0)
        return -EINVAL;
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    int error = 0;
    if (file->f_flags & O_PATH)
        error = -EBADF;
    else if (!S_ISREG(file->f_inode->i_mode) || !file_writable(file))
        error = -EINVAL;
    else if (small && !(file->f_flags & O_LARGEFILE) && length > 0x7fffffff)
        error = -EINVAL;
    else if (length > MAX_LFS_FILESIZE)
        error = -EFBIG;
    else
        error = do_truncate(file->f_inode, length);
    fput(file);
    return error;
}

static loff_t join64(u32 low, u32 high) { return (loff_t)((u64)high << 32 | low); }

long sys_truncate(const char __user *path, s32 length) { return truncate_path(path, length); }
long sys_truncate64(const char __user *path, u32 low, u32 high) { return truncate_path(path, join64(low, high)); }
long sys_ftruncate(u32 fd, s32 length) { return truncate_fd(fd, length, true); }
long sys_ftruncate64(u32 fd, u32 low, u32 high) { return truncate_fd(fd, join64(low, high), false); }

#define FALLOC_FL_KEEP_SIZE 1u

/* Space is memory and is taken when pages are written: only the size can change here. */
static long fallocate_file(struct file *file, u32 mode, loff_t offset, loff_t length)
{
    struct inode *inode = file->f_inode;
    if (!file_writable(file))
        return -EBADF;
    if (S_ISFIFO(inode->i_mode))
        return -ESPIPE;
    if (S_ISDIR(inode->i_mode))
        return -EISDIR;
    if (!S_ISREG(inode->i_mode))
        return -ENODEV;
    if (mode & ~FALLOC_FL_KEEP_SIZE || !inode->i_op->truncate)
        return -EOPNOTSUPP;
    if (offset > MAX_LFS_FILESIZE - length)
        return -EFBIG;
    if (mode & FALLOC_FL_KEEP_SIZE || offset + length <= inode->i_size)
        return 0;
    return do_truncate(inode, offset + length);
}

long sys_fallocate(u32 fd, u32 mode, u32 offset_low, u32 offset_high, u32 length_low, u32 length_high)
{
    loff_t offset = join64(offset_low, offset_high), length = join64(length_low, length_high);
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    long result = offset < 0 || length <= 0 ? -EINVAL : fallocate_file(file, mode, offset, length);
    fput(file);
    return result;
}
