/*
 * stat in all its forms, and statfs. One kernel form (kstat) is filled once and written out in each ABI layout. Blocks
 * are, in units of 512 bytes, what the file takes on its device, or the pages that it holds when it lives in memory alone.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"

#define AT_SYMLINK_NOFOLLOW 0x100u
#define AT_NO_AUTOMOUNT 0x800u
#define AT_EMPTY_PATH 0x1000u
#define AT_STATX_SYNC_TYPE 0x6000u
#define STATX_RESERVED 0x80000000u
#define STATX_BASIC_STATS 0x7ffu

struct kstat {
    const struct inode *inode;
    u64 blocks;
};

static void fill(struct kstat *k, const struct inode *inode)
{
    k->inode = inode;
    bool on_device = inode->i_sb && inode->i_sb->s_op;
    k->blocks = on_device ? inode->i_blocks : (u64)inode->i_data.nrpages << (PAGE_SHIFT - 9);
}

/* Calls `write` with the file that path or fd names. */
typedef long (*stat_writer)(const struct kstat *k, void __user *to);

static long stat_path(int dfd, const char __user *path, u32 lookup, void __user *to, stat_writer write)
{
    struct dentry *dentry;
    struct kstat k;
    int error = user_path_at(dfd, path, lookup, &dentry);
    if (error)
        return error;
    fill(&k, dentry->d_inode);
    long result = write(&k, to);
    dput(dentry);
    return result;
}

static long stat_fd(u32 fd, void __user *to, stat_writer write)
{
    struct kstat k;
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    fill(&k, file->f_inode);
    long result = write(&k, to);
    fput(file);
    return result;
}

static long copy_out(void __user *to, const void *from, size_t size)
{
    return copy_to_user(to, from, size) ? -EFAULT : 0;
}

/* ---- layouts ---- */

struct old_kernel_stat {
    u16 st_dev, st_ino, st_mode, st_nlink, st_uid, st_gid, st_rdev, pad;
    u32 st_size, st_atime, st_mtime, st_ctime;
};

static long write_old(const struct kstat *k, void __user *to)
{
    const struct inode *i = k->inode;
    if (i->i_size > 0x7fffffff)
        return -EOVERFLOW;
    struct old_kernel_stat s = {
        .st_dev = (u16)i->i_sb->s_dev,
        .st_ino = (u16)i->i_ino,
        .st_mode = i->i_mode,
        .st_nlink = (u16)i->i_nlink,
        .st_uid = (u16)i->i_uid,
        .st_gid = (u16)i->i_gid,
        .st_rdev = (u16)i->i_rdev,
        .st_size = (u32)i->i_size,
        .st_atime = (u32)i->i_atime.tv_sec,
        .st_mtime = (u32)i->i_mtime.tv_sec,
        .st_ctime = (u32)i->i_ctime.tv_sec,
    };
    return copy_out(to, &s, sizeof(s));
}

struct stat32 {
    u32 st_dev, st_ino;
    u16 st_mode, st_nlink, st_uid, st_gid;
    u32 st_rdev, st_size, st_blksize, st_blocks;
    u32 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec, unused[2];
};

_Static_assert(sizeof(struct stat32) == 64, "ABI");

static long write_stat32(const struct kstat *k, void __user *to)
{
    const struct inode *i = k->inode;
    if (i->i_size > 0x7fffffff)
        return -EOVERFLOW;
    struct stat32 s = {
        .st_dev = i->i_sb->s_dev,
        .st_ino = i->i_ino,
        .st_mode = i->i_mode,
        .st_nlink = (u16)i->i_nlink,
        .st_uid = (u16)i->i_uid,
        .st_gid = (u16)i->i_gid,
        .st_rdev = i->i_rdev,
        .st_size = (u32)i->i_size,
        .st_blksize = PAGE_SIZE,
        .st_blocks = (u32)k->blocks,
        .st_atime = (u32)i->i_atime.tv_sec,
        .st_atime_nsec = (u32)i->i_atime.tv_nsec,
        .st_mtime = (u32)i->i_mtime.tv_sec,
        .st_mtime_nsec = (u32)i->i_mtime.tv_nsec,
        .st_ctime = (u32)i->i_ctime.tv_sec,
        .st_ctime_nsec = (u32)i->i_ctime.tv_nsec,
    };
    return copy_out(to, &s, sizeof(s));
}

/* i386: 64-bit members are aligned to 4. */
struct stat64 {
    u32 st_dev, st_dev_high, pad0;
    u32 short_ino;
    u32 st_mode, st_nlink, st_uid, st_gid;
    u32 st_rdev, st_rdev_high, pad3;
    u32 st_size, st_size_high, st_blksize, st_blocks, st_blocks_high;
    u32 st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    u32 st_ino, st_ino_high;
};

_Static_assert(sizeof(struct stat64) == 96, "ABI");

static long write_stat64(const struct kstat *k, void __user *to)
{
    const struct inode *i = k->inode;
    struct stat64 s = {
        .st_dev = i->i_sb->s_dev,
        .short_ino = i->i_ino,
        .st_mode = i->i_mode,
        .st_nlink = i->i_nlink,
        .st_uid = i->i_uid,
        .st_gid = i->i_gid,
        .st_rdev = i->i_rdev,
        .st_size = (u32)i->i_size,
        .st_size_high = (u32)((u64)i->i_size >> 32),
        .st_blksize = PAGE_SIZE,
        .st_blocks = (u32)k->blocks,
        .st_blocks_high = (u32)(k->blocks >> 32),
        .st_atime = (u32)i->i_atime.tv_sec,
        .st_atime_nsec = (u32)i->i_atime.tv_nsec,
        .st_mtime = (u32)i->i_mtime.tv_sec,
        .st_mtime_nsec = (u32)i->i_mtime.tv_nsec,
        .st_ctime = (u32)i->i_ctime.tv_sec,
        .st_ctime_nsec = (u32)i->i_ctime.tv_nsec,
        .st_ino = i->i_ino,
    };
    return copy_out(to, &s, sizeof(s));
}

struct statx_time {
    s64 tv_sec;
    u32 tv_nsec;
    s32 pad;
};

struct statx {
    u32 stx_mask, stx_blksize;
    u64 stx_attributes;
    u32 stx_nlink, stx_uid, stx_gid;
    u16 stx_mode, pad;
    u64 stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    struct statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
    u32 stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    u64 spare[14];
};

_Static_assert(sizeof(struct statx) == 256, "ABI");

static struct statx_time statx_time(struct timespec64 t) { return (struct statx_time){t.tv_sec, (u32)t.tv_nsec, 0}; }

static long write_statx(const struct kstat *k, void __user *to)
{
    const struct inode *i = k->inode;
    struct statx s = {
        .stx_mask = STATX_BASIC_STATS,
        .stx_blksize = PAGE_SIZE,
        .stx_nlink = i->i_nlink,
        .stx_uid = i->i_uid,
        .stx_gid = i->i_gid,
        .stx_mode = i->i_mode,
        .stx_ino = i->i_ino,
        .stx_size = (u64)i->i_size,
        .stx_blocks = k->blocks,
        .stx_atime = statx_time(i->i_atime),
        .stx_ctime = statx_time(i->i_ctime),
        .stx_mtime = statx_time(i->i_mtime),
        .stx_rdev_major = MAJOR(i->i_rdev),
        .stx_rdev_minor = MINOR(i->i_rdev),
        .stx_dev_major = MAJOR(i->i_sb->s_dev),
        .stx_dev_minor = MINOR(i->i_sb->s_dev),
    };
    return copy_out(to, &s, sizeof(s));
}

/* ---- the calls ---- */

long sys_oldstat(const char __user *path, void __user *buf)
{
    return stat_path(AT_FDCWD, path, LOOKUP_FOLLOW, buf, write_old);
}
long sys_oldlstat(const char __user *path, void __user *buf) { return stat_path(AT_FDCWD, path, 0, buf, write_old); }
long sys_oldfstat(u32 fd, void __user *buf) { return stat_fd(fd, buf, write_old); }
long sys_newstat(const char __user *path, void __user *buf)
{
    return stat_path(AT_FDCWD, path, LOOKUP_FOLLOW, buf, write_stat32);
}
long sys_newlstat(const char __user *path, void __user *buf) { return stat_path(AT_FDCWD, path, 0, buf, write_stat32); }
long sys_newfstat(u32 fd, void __user *buf) { return stat_fd(fd, buf, write_stat32); }
long sys_stat64(const char __user *path, void __user *buf)
{
    return stat_path(AT_FDCWD, path, LOOKUP_FOLLOW, buf, write_stat64);
}
long sys_lstat64(const char __user *path, void __user *buf) { return stat_path(AT_FDCWD, path, 0, buf, write_stat64); }
long sys_fstat64(u32 fd, void __user *buf) { return stat_fd(fd, buf, write_stat64); }

static u32 at_lookup(u32 flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

long sys_fstatat64(int dfd, const char __user *path, void __user *buf, u32 flags)
{
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    return stat_path(dfd, path, at_lookup(flags), buf, write_stat64);
}

long sys_statx(int dfd, const char __user *path, u32 flags, u32 mask, void __user *buf)
{
    if (mask & STATX_RESERVED || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    if (!path && (flags & AT_EMPTY_PATH) && dfd >= 0)
        return stat_fd((u32)dfd, buf, write_statx);
    return stat_path(dfd, path, at_lookup(flags), buf, write_statx);
}

/* ---- statfs ---- */

/* A file system on a device counts itself; those in memory can use what is free. */
static int fill_statfs(struct kstatfs *k, struct super_block *sb)
{
    bool counted = sb->s_magic == TMPFS_MAGIC;
    *k = (struct kstatfs){.f_type = sb->s_magic, .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE, .f_namelen = NAME_MAX};
    if (sb->s_op && sb->s_op->statfs)
        return sb->s_op->statfs(sb, k);
    k->f_blocks = counted ? totalram_pages : 0;
    k->f_bfree = k->f_bavail = counted ? nr_free_pages() : 0;
    return 0;
}

struct statfs32 {
    u32 f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, f_fsid[2], f_namelen, f_frsize, f_flags,
        f_spare[4];
};

struct statfs64 {
    u32 f_type, f_bsize;
    u32 f_blocks, f_blocks_high, f_bfree, f_bfree_high, f_bavail, f_bavail_high, f_files, f_files_high, f_ffree,
        f_ffree_high;
    u32 f_fsid[2], f_namelen, f_frsize, f_flags, f_spare[4];
};

_Static_assert(sizeof(struct statfs32) == 64 && sizeof(struct statfs64) == 84, "ABI");

/* The members are the same in both layouts; the narrow one keeps the low 32 bits of the counts. */
#define FILL_STATFS(to, k)                                                                                             \
    do {                                                                                                               \
        (to)->f_type = (k)->f_type;                                                                                    \
        (to)->f_bsize = (k)->f_bsize;                                                                                  \
        (to)->f_blocks = (u32)(k)->f_blocks;                                                                           \
        (to)->f_bfree = (u32)(k)->f_bfree;                                                                             \
        (to)->f_bavail = (u32)(k)->f_bavail;                                                                           \
        (to)->f_files = (u32)(k)->f_files;                                                                             \
        (to)->f_ffree = (u32)(k)->f_ffree;                                                                             \
        (to)->f_fsid[0] = (k)->f_fsid[0];                                                                              \
        (to)->f_fsid[1] = (k)->f_fsid[1];                                                                              \
        (to)->f_namelen = (k)->f_namelen;                                                                              \
        (to)->f_frsize = (k)->f_frsize;                                                                                \
        (to)->f_flags = (k)->f_flags;                                                                                  \
    } while (0)

static long write_statfs32(struct super_block *sb, void __user *to)
{
    struct kstatfs k;
    struct statfs32 s = {0};
    int error = fill_statfs(&k, sb);
    if (error)
        return error;
    FILL_STATFS(&s, &k);
    return copy_out(to, &s, sizeof(s));
}

static long write_statfs64(struct super_block *sb, void __user *to)
{
    struct kstatfs k;
    struct statfs64 s = {0};
    int error = fill_statfs(&k, sb);
    if (error)
        return error;
    FILL_STATFS(&s, &k);
    s.f_blocks_high = (u32)(k.f_blocks >> 32);
    s.f_bfree_high = (u32)(k.f_bfree >> 32);
    s.f_bavail_high = (u32)(k.f_bavail >> 32);
    return copy_out(to, &s, sizeof(s));
}

typedef long (*statfs_writer)(struct super_block *sb, void __user *to);

static long statfs_path(const char __user *path, void __user *buf, statfs_writer write)
{
    struct dentry *dentry;
    int error = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &dentry);
    if (error)
        return error;
    long result = write(dentry->d_sb, buf);
    dput(dentry);
    return result;
}

static long statfs_fd(u32 fd, void __user *buf, statfs_writer write)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    long result = write(file->f_dentry->d_sb, buf);
    fput(file);
    return result;
}

long sys_statfs(const char __user *path, void __user *buf) { return statfs_path(path, buf, write_statfs32); }
long sys_fstatfs(u32 fd, void __user *buf) { return statfs_fd(fd, buf, write_statfs32); }

long sys_statfs64(const char __user *path, u32 size, void __user *buf)
{
    return size == sizeof(struct statfs64) ? statfs_path(path, buf, write_statfs64) : -EINVAL;
}

long sys_fstatfs64(u32 fd, u32 size, void __user *buf)
{
    return size == sizeof(struct statfs64) ? statfs_fd(fd, buf, write_statfs64) : -EINVAL;
}
