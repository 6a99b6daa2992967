/* Extended attributes: no file system here keeps any. The file is looked up all the same, so that its errors show. */
#include "fs/vfs.h"
#include "fs/syscalls.h"

static long check_path(const char __user *path, u32 lookup, long result)
{
    struct dentry *dentry;
    int error = user_path_at(AT_FDCWD, path, lookup, &dentry);
    if (error)
        return error;
    dput(dentry);
    return result;
}

static long check_fd(u32 fd, long result) { return fd_is_open(fd) ? result : -EBADF; }

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, u32 size)
{
    (void)name, (void)value, (void)size;
    return check_path(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value, u32 size)
{
    (void)name, (void)value, (void)size;
    return check_path(path, 0, -EOPNOTSUPP);
}

long sys_fgetxattr(u32 fd, const char __user *name, void __user *value, u32 size)
{
    (void)name, (void)value, (void)size;
    return check_fd(fd, -EOPNOTSUPP);
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value, u32 size, u32 flags)
{
    (void)name, (void)value, (void)size, (void)flags;
    return check_path(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value, u32 size, u32 flags)
{
    (void)name, (void)value, (void)size, (void)flags;
    return check_path(path, 0, -EOPNOTSUPP);
}

long sys_fsetxattr(u32 fd, const char __user *name, const void __user *value, u32 size, u32 flags)
{
    (void)name, (void)value, (void)size, (void)flags;
    return check_fd(fd, -EOPNOTSUPP);
}

long sys_listxattr(const char __user *path, char __user *list, u32 size)
{
    (void)list, (void)size;
    return check_path(path, LOOKUP_FOLLOW, 0);
}

long sys_llistxattr(const char __user *path, char __user *list, u32 size)
{
    (void)list, (void)size;
    return check_path(path, 0, 0);
}

long sys_flistxattr(u32 fd, char __user *list, u32 size)
{
    (void)list, (void)size;
    return check_fd(fd, 0);
}

long sys_removexattr(const char __user *path, const char __user *name)
{
    (void)name;
    return check_path(path, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

long sys_lremovexattr(const char __user *path, const char __user *name)
{
    (void)name;
    return check_path(path, 0, -EOPNOTSUPP);
}

long sys_fremovexattr(u32 fd, const char __user *name)
{
    (void)name;
    return check_fd(fd, -EOPNOTSUPP);
}
