/*
 * System calls of files and file systems, by the i386 ABI: each argument is one 32-bit register, a 64-bit value comes
 * as two (low word first unless the name says otherwise). Return: the value or -errno. The table is the kernel's
 * (kernel/syscall_table.c); calls that the table lacks give -ENOSYS.
 */
#ifndef _FS_SYSCALLS_H
#define _FS_SYSCALLS_H

#include "lib/types.h"

#define AT_FDCWD (-100)

/* ---- opening and closing ---- */
long sys_open(const char __user *path, u32 flags, u32 mode);
long sys_openat(int dfd, const char __user *path, u32 flags, u32 mode);
long sys_openat2(int dfd, const char __user *path, const void __user *how, u32 size);
long sys_creat(const char __user *path, u32 mode);
long sys_close(u32 fd);
long sys_close_range(u32 first, u32 last, u32 flags);
long sys_memfd_create(const char __user *name, u32 flags);

/* ---- bytes ---- */
long sys_read(u32 fd, char __user *buf, u32 count);
long sys_write(u32 fd, const char __user *buf, u32 count);
long sys_readv(u32 fd, const void __user *vec, u32 vlen);
long sys_writev(u32 fd, const void __user *vec, u32 vlen);
long sys_pread64(u32 fd, char __user *buf, u32 count, u32 pos_low, u32 pos_high);
long sys_pwrite64(u32 fd, const char __user *buf, u32 count, u32 pos_low, u32 pos_high);
long sys_preadv(u32 fd, const void __user *vec, u32 vlen, u32 pos_low, u32 pos_high);
long sys_pwritev(u32 fd, const void __user *vec, u32 vlen, u32 pos_low, u32 pos_high);
long sys_lseek(u32 fd, s32 offset, u32 whence);
long sys_llseek(u32 fd, u32 offset_high, u32 offset_low, void __user *result, u32 whence);
long sys_sendfile(int out, int in, void __user *offset, u32 count);
long sys_sendfile64(int out, int in, void __user *offset, u32 count);
long sys_truncate(const char __user *path, s32 length);
long sys_ftruncate(u32 fd, s32 length);
long sys_truncate64(const char __user *path, u32 low, u32 high);
long sys_ftruncate64(u32 fd, u32 low, u32 high);
long sys_fallocate(u32 fd, u32 mode, u32 offset_low, u32 offset_high, u32 length_low, u32 length_high);
long sys_fadvise64(u32 fd, u32 offset_low, u32 offset_high, u32 length, u32 advice);
long sys_fadvise64_64(u32 fd, u32 offset_low, u32 offset_high, u32 length_low, u32 length_high, u32 advice);
long sys_sync(void);
long sys_syncfs(u32 fd);
long sys_fsync(u32 fd);
long sys_fdatasync(u32 fd);
long sys_sync_file_range(u32 fd, u32 offset_low, u32 offset_high, u32 bytes_low, u32 bytes_high, u32 flags);
long sys_readahead(u32 fd, u32 offset_low, u32 offset_high, u32 count);

/* ---- descriptors ---- */
long sys_dup(u32 fd);
long sys_dup2(u32 from, u32 to);
long sys_dup3(u32 from, u32 to, u32 flags);
long sys_fcntl(u32 fd, u32 command, u32 argument);
long sys_fcntl64(u32 fd, u32 command, u32 argument);
long sys_flock(u32 fd, u32 operation);
long sys_ioctl(u32 fd, u32 command, u32 argument);
long sys_pipe(void __user *fds);
long sys_pipe2(void __user *fds, u32 flags);

/* ---- waiting ---- */
long sys_poll(void __user *fds, u32 count, s32 timeout_ms);
long sys_ppoll(void __user *fds, u32 count, void __user *timeout, const void __user *mask, u32 mask_size);
long sys_ppoll_time64(void __user *fds, u32 count, void __user *timeout, const void __user *mask, u32 mask_size);
long sys_old_select(const void __user *arguments);
long sys_select(s32 n, void __user *in, void __user *out, void __user *ex, void __user *timeval);
long sys_pselect6(s32 n, void __user *in, void __user *out, void __user *ex, void __user *timeout, void __user *mask);
long sys_pselect6_time64(s32 n, void __user *in, void __user *out, void __user *ex, void __user *timeout,
                         void __user *mask);

/* ---- names ---- */
long sys_mkdir(const char __user *path, u32 mode);
long sys_mkdirat(int dfd, const char __user *path, u32 mode);
long sys_rmdir(const char __user *path);
long sys_unlink(const char __user *path);
long sys_unlinkat(int dfd, const char __user *path, u32 flags);
long sys_link(const char __user *old, const char __user *new_path);
long sys_linkat(int old_dfd, const char __user *old, int new_dfd, const char __user *new_path, u32 flags);
long sys_symlink(const char __user *target, const char __user *path);
long sys_symlinkat(const char __user *target, int dfd, const char __user *path);
long sys_rename(const char __user *old, const char __user *new_path);
long sys_renameat(int old_dfd, const char __user *old, int new_dfd, const char __user *new_path);
long sys_renameat2(int old_dfd, const char __user *old, int new_dfd, const char __user *new_path, u32 flags);
long sys_mknod(const char __user *path, u32 mode, u32 dev);
long sys_mknodat(int dfd, const char __user *path, u32 mode, u32 dev);
long sys_readlink(const char __user *path, char __user *buf, s32 size);
long sys_readlinkat(int dfd, const char __user *path, char __user *buf, s32 size);
long sys_getcwd(char __user *buf, u32 size);
long sys_chdir(const char __user *path);
long sys_fchdir(u32 fd);
long sys_chroot(const char __user *path);
long sys_old_readdir(u32 fd, void __user *entry, u32 count);
long sys_getdents(u32 fd, void __user *entries, u32 size);
long sys_getdents64(u32 fd, void __user *entries, u32 size);
long sys_mount(const char __user *device, const char __user *dir, const char __user *type, u32 flags,
               const void __user *data);
long sys_oldumount(const char __user *dir);
long sys_umount2(const char __user *dir, u32 flags);

/* ---- attributes ---- */
long sys_oldstat(const char __user *path, void __user *buf);  /* 18: struct __old_kernel_stat */
long sys_oldlstat(const char __user *path, void __user *buf); /* 84 */
long sys_oldfstat(u32 fd, void __user *buf);                  /* 28 */
long sys_newstat(const char __user *path, void __user *buf);  /* 106: struct stat */
long sys_newlstat(const char __user *path, void __user *buf); /* 107 */
long sys_newfstat(u32 fd, void __user *buf);                  /* 108 */
long sys_stat64(const char __user *path, void __user *buf);
long sys_lstat64(const char __user *path, void __user *buf);
long sys_fstat64(u32 fd, void __user *buf);
long sys_fstatat64(int dfd, const char __user *path, void __user *buf, u32 flags);
long sys_statx(int dfd, const char __user *path, u32 flags, u32 mask, void __user *buf);
long sys_statfs(const char __user *path, void __user *buf);
long sys_fstatfs(u32 fd, void __user *buf);
long sys_statfs64(const char __user *path, u32 size, void __user *buf);
long sys_fstatfs64(u32 fd, u32 size, void __user *buf);
long sys_access(const char __user *path, u32 mode);
long sys_faccessat(int dfd, const char __user *path, u32 mode);
long sys_faccessat2(int dfd, const char __user *path, u32 mode, u32 flags);
long sys_chmod(const char __user *path, u32 mode);
long sys_fchmod(u32 fd, u32 mode);
long sys_fchmodat(int dfd, const char __user *path, u32 mode);
long sys_chown16(const char __user *path, u32 uid, u32 gid);
long sys_lchown16(const char __user *path, u32 uid, u32 gid);
long sys_fchown16(u32 fd, u32 uid, u32 gid);
long sys_chown(const char __user *path, u32 uid, u32 gid);
long sys_lchown(const char __user *path, u32 uid, u32 gid);
long sys_fchown(u32 fd, u32 uid, u32 gid);
long sys_fchownat(int dfd, const char __user *path, u32 uid, u32 gid, u32 flags);
long sys_utime(const char __user *path, const void __user *times);
long sys_utimes(const char __user *path, const void __user *times);
long sys_futimesat(int dfd, const char __user *path, const void __user *times);
long sys_utimensat(int dfd, const char __user *path, const void __user *times, u32 flags);
long sys_utimensat_time64(int dfd, const char __user *path, const void __user *times, u32 flags);
long sys_umask(u32 mask);
/* Extended attributes: this kernel's file systems keep none. Names: path or fd first in each. */
long sys_getxattr(const char __user *path, const char __user *name, void __user *value, u32 size);
long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value, u32 size);
long sys_fgetxattr(u32 fd, const char __user *name, void __user *value, u32 size);
long sys_setxattr(const char __user *path, const char __user *name, const void __user *value, u32 size, u32 flags);
long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value, u32 size, u32 flags);
long sys_fsetxattr(u32 fd, const char __user *name, const void __user *value, u32 size, u32 flags);
long sys_listxattr(const char __user *path, char __user *list, u32 size);
long sys_llistxattr(const char __user *path, char __user *list, u32 size);
long sys_flistxattr(u32 fd, char __user *list, u32 size);
long sys_removexattr(const char __user *path, const char __user *name);
long sys_lremovexattr(const char __user *path, const char __user *name);
long sys_fremovexattr(u32 fd, const char __user *name);

/* ---- random numbers (drivers/random.c): a fixed sequence, so that runs repeat ---- */
void get_random_bytes(void *to, size_t count);
long sys_getrandom(void __user *buf, u32 count, u32 flags);

#endif
