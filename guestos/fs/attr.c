/* Attributes of files by name or descriptor: access, mode, owner, times; and where a task stands: chdir, chroot, umask.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"
#include "mm/writeback.h"

#define AT_SYMLINK_NOFOLLOW 0x100u
#define AT_EACCESS 0x200u
#define AT_EMPTY_PATH 0x1000u
#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

/* The dentry of a descriptor, referenced; O_PATH descriptors only where `path_only` says. */
static int fd_dentry(u32 fd, bool path_only, struct dentry **dentry)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    bool refused = (file->f_flags & O_PATH) && !path_only;
    if (!refused)
        *dentry = dget(file->f_dentry);
    fput(file);
    return refused ? -EBADF : 0;
}

/* ---- access ---- */

/* access asks for the real user; faccessat with AT_EACCESS for the effective one. */
static int access_as(const struct inode *inode, int mask, bool effective)
{
    u32 uid = current->fsuid, gid = current->fsgid;
    if (!effective) {
        current->fsuid = current->uid;
        current->fsgid = current->gid;
    }
    int error = inode_permission(inode, mask);
    current->fsuid = uid;
    current->fsgid = gid;
    return error;
}

long sys_faccessat2(int dfd, const char __user *path, u32 mode, u32 flags)
{
    struct dentry *dentry;
    if (mode & ~7u || flags & ~(AT_SYMLINK_NOFOLLOW | AT_EACCESS | AT_EMPTY_PATH))
        return -EINVAL;
    u32 lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = user_path_at(dfd, path, lookup, &dentry);
    if (error)
        return error;
    error = mode ? access_as(dentry->d_inode, (int)mode, (flags & AT_EACCESS) != 0) : 0;
    dput(dentry);
    return error;
}

long sys_faccessat(int dfd, const char __user *path, u32 mode) { return sys_faccessat2(dfd, path, mode, 0); }
long sys_access(const char __user *path, u32 mode) { return sys_faccessat2(AT_FDCWD, path, mode, 0); }

/* ---- mode and owner ---- */

static int change_mode(struct inode *inode, u32 mode)
{
    if (IS_RDONLY(inode))
        return -EROFS;
    if (current->fsuid != 0 && current->fsuid != inode->i_uid)
        return -EPERM;
    inode->i_mode = (umode_t)((inode->i_mode & S_IFMT) | (mode & 07777));
    inode->i_ctime = current_time();
    mark_inode_dirty_sync(inode);
    return 0;
}

/* -1 leaves a value as it is. A change takes the set-id bits from a program. */
static int change_owner(struct inode *inode, u32 uid, u32 gid)
{
    bool own_group =
        current->fsuid == inode->i_uid && (uid == ~0u || uid == inode->i_uid) && (gid == ~0u || gid == current->fsgid);
    if (IS_RDONLY(inode))
        return -EROFS;
    if (current->fsuid != 0 && !own_group)
        return -EPERM;
    if (uid != ~0u)
        inode->i_uid = uid;
    if (gid != ~0u)
        inode->i_gid = gid;
    if (!S_ISDIR(inode->i_mode)) {
        inode->i_mode &= (umode_t)~04000;
        if (inode->i_mode & 010)
            inode->i_mode &= (umode_t)~02000;
    }
    inode->i_ctime = current_time();
    mark_inode_dirty_sync(inode);
    return 0;
}

long sys_fchmodat(int dfd, const char __user *path, u32 mode)
{
    struct dentry *dentry;
    int error = user_path_at(dfd, path, LOOKUP_FOLLOW, &dentry);
    if (error)
        return error;
    error = change_mode(dentry->d_inode, mode);
    dput(dentry);
    return error;
}

long sys_chmod(const char __user *path, u32 mode) { return sys_fchmodat(AT_FDCWD, path, mode); }

long sys_fchmod(u32 fd, u32 mode)
{
    struct dentry *dentry;
    int error = fd_dentry(fd, false, &dentry);
    if (error)
        return error;
    error = change_mode(dentry->d_inode, mode);
    dput(dentry);
    return error;
}

long sys_fchownat(int dfd, const char __user *path, u32 uid, u32 gid, u32 flags)
{
    struct dentry *dentry;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    u32 lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = user_path_at(dfd, path, lookup, &dentry);
    if (error)
        return error;
    error = change_owner(dentry->d_inode, uid, gid);
    dput(dentry);
    return error;
}

long sys_chown(const char __user *path, u32 uid, u32 gid) { return sys_fchownat(AT_FDCWD, path, uid, gid, 0); }

long sys_lchown(const char __user *path, u32 uid, u32 gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(u32 fd, u32 uid, u32 gid)
{
    struct dentry *dentry;
    int error = fd_dentry(fd, false, &dentry);
    if (error)
        return error;
    error = change_owner(dentry->d_inode, uid, gid);
    dput(dentry);
    return error;
}

/* The old calls have 16-bit numbers; -1 means -1. */
static u32 wide_id(u32 id) { return (id & 0xffffu) == 0xffffu ? ~0u : id & 0xffffu; }

long sys_chown16(const char __user *path, u32 uid, u32 gid) { return sys_chown(path, wide_id(uid), wide_id(gid)); }
long sys_lchown16(const char __user *path, u32 uid, u32 gid) { return sys_lchown(path, wide_id(uid), wide_id(gid)); }
long sys_fchown16(u32 fd, u32 uid, u32 gid) { return sys_fchown(fd, wide_id(uid), wide_id(gid)); }

/* ---- times ---- */

/* [0] access, [1] modification; tv_nsec may be UTIME_NOW or UTIME_OMIT. */
struct new_times {
    struct timespec64 time[2];
};

static const struct new_times both_now = {{{0, UTIME_NOW}, {0, UTIME_NOW}}};

static int set_times(struct inode *inode, const struct new_times *times)
{
    bool now = times->time[0].tv_nsec == UTIME_NOW && times->time[1].tv_nsec == UTIME_NOW;
    bool owner = current->fsuid == 0 || current->fsuid == inode->i_uid;
    if (IS_RDONLY(inode))
        return -EROFS;
    if (!owner && (!now || inode_permission(inode, MAY_WRITE)))
        return now ? -EACCES : -EPERM;
    struct timespec64 *targets[2] = {&inode->i_atime, &inode->i_mtime};
    for (int i = 0; i < 2; i++) {
        if (times->time[i].tv_nsec == UTIME_OMIT)
            continue;
        *targets[i] = times->time[i].tv_nsec == UTIME_NOW ? current_time() : times->time[i];
    }
    inode->i_ctime = current_time();
    mark_inode_dirty_sync(inode);
    return 0;
}

static bool nanoseconds_valid(s64 ns) { return (ns >= 0 && ns < 1000000000) || ns == UTIME_NOW || ns == UTIME_OMIT; }

/* path NULL: dfd itself. */
static long times_at(int dfd, const char __user *path, const struct new_times *times, u32 flags)
{
    struct dentry *dentry;
    int error;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    for (int i = 0; i < 2; i++)
        if (!nanoseconds_valid(times->time[i].tv_nsec))
            return -EINVAL;
    u32 lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    if (path || dfd == AT_FDCWD)
        error = user_path_at(dfd, path, lookup, &dentry);
    else
        error = flags ? -EINVAL : fd_dentry((u32)dfd, false, &dentry);
    if (error)
        return error;
    error = set_times(dentry->d_inode, times);
    dput(dentry);
    return error;
}

long sys_utimensat(int dfd, const char __user *path, const void __user *times, u32 flags)
{
    s32 raw[4];
    if (!times)
        return times_at(dfd, path, &both_now, flags);
    if (copy_from_user(raw, times, sizeof(raw)))
        return -EFAULT;
    if (raw[1] == UTIME_OMIT && raw[3] == UTIME_OMIT)
        return 0;
    return times_at(dfd, path, &(struct new_times){{{raw[0], raw[1]}, {raw[2], raw[3]}}}, flags);
}

long sys_utimensat_time64(int dfd, const char __user *path, const void __user *times, u32 flags)
{
    s64 raw[4];
    if (!times)
        return times_at(dfd, path, &both_now, flags);
    if (copy_from_user(raw, times, sizeof(raw)))
        return -EFAULT;
    s32 ns[2] = {(s32)raw[1], (s32)raw[3]}; /* the upper halves are padding of a 32-bit program */
    if (ns[0] == UTIME_OMIT && ns[1] == UTIME_OMIT)
        return 0;
    return times_at(dfd, path, &(struct new_times){{{raw[0], ns[0]}, {raw[2], ns[1]}}}, flags);
}

long sys_futimesat(int dfd, const char __user *path, const void __user *times)
{
    s32 raw[4];
    if (!times)
        return times_at(dfd, path, &both_now, 0);
    if (copy_from_user(raw, times, sizeof(raw)))
        return -EFAULT;
    if (raw[1] < 0 || raw[1] >= 1000000 || raw[3] < 0 || raw[3] >= 1000000)
        return -EINVAL;
    return times_at(dfd, path, &(struct new_times){{{raw[0], raw[1] * 1000}, {raw[2], raw[3] * 1000}}}, 0);
}

long sys_utimes(const char __user *path, const void __user *times) { return sys_futimesat(AT_FDCWD, path, times); }

long sys_utime(const char __user *path, const void __user *times)
{
    s32 raw[2];
    if (!times)
        return times_at(AT_FDCWD, path, &both_now, 0);
    if (copy_from_user(raw, times, sizeof(raw)))
        return -EFAULT;
    return times_at(AT_FDCWD, path, &(struct new_times){{{raw[0], 0}, {raw[1], 0}}}, 0);
}

/* ---- where the task stands ---- */

static int stand_in(struct dentry **place, struct dentry *dentry)
{
    int error = S_ISDIR(dentry->d_inode->i_mode) ? inode_permission(dentry->d_inode, MAY_EXEC) : -ENOTDIR;
    if (error) {
        dput(dentry);
        return error;
    }
    dput(*place);
    *place = dentry;
    return 0;
}

long sys_chdir(const char __user *path)
{
    struct dentry *dentry;
    int error = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &dentry);
    return error ? error : stand_in(&current->fs->pwd, dentry);
}

long sys_fchdir(u32 fd)
{
    struct dentry *dentry;
    int error = fd_dentry(fd, true, &dentry);
    return error ? error : stand_in(&current->fs->pwd, dentry);
}

long sys_chroot(const char __user *path)
{
    struct dentry *dentry;
    int error = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &dentry);
    if (error)
        return error;
    if (current->euid == 0)
        return stand_in(&current->fs->root, dentry);
    dput(dentry);
    return -EPERM;
}

long sys_umask(u32 mask)
{
    umode_t old = current->fs->umask;
    current->fs->umask = (umode_t)(mask & 0777);
    return old;
}

long sys_getcwd(char __user *buf, u32 size)
{
    if (current->fs->pwd->d_unlinked)
        return -ENOENT;
    char *buffer = getname_buffer();
    if (!buffer)
        return -ENOMEM;
    char *path = d_path(current->fs->pwd, buffer, PATH_MAX);
    long length = IS_ERR(path) ? PTR_ERR(path) : (long)strlen(path) + 1;
    if (length > 0 && (u32)length > size)
        length = -ERANGE;
    if (length > 0 && copy_to_user(buf, path, (unsigned long)length))
        length = -EFAULT;
    putname(buffer);
    return length;
}

/* ---- readlink ---- */

long sys_readlinkat(int dfd, const char __user *path, char __user *buf, s32 size)
{
    struct dentry *dentry;
    if (size <= 0)
        return -EINVAL;
    int error = user_path_at(dfd, path, LOOKUP_EMPTY, &dentry);
    if (error)
        return error;
    char *buffer = getname_buffer();
    long length = buffer ? vfs_readlink(dentry->d_inode, buffer, PATH_MAX) : -ENOMEM;
    if (length > size)
        length = size;
    if (length > 0 && copy_to_user(buf, buffer, (unsigned long)length))
        length = -EFAULT;
    putname(buffer);
    dput(dentry);
    return length;
}

long sys_readlink(const char __user *path, char __user *buf, s32 size)
{
    return sys_readlinkat(AT_FDCWD, path, buf, size);
}
