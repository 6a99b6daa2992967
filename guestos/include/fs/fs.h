/*
 * The virtual file system: inodes, names, open files. All objects live in memory; a file system gives operations.
 */
#ifndef _FS_FS_H
#define _FS_FS_H

#include "mm/pagemap.h"
#include "kernel/sched.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISREG(m) (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m)&S_IFMT) == S_IFDIR)
#define S_ISLNK(m) (((m)&S_IFMT) == S_IFLNK)
#define S_ISCHR(m) (((m)&S_IFMT) == S_IFCHR)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)

#define O_ACCMODE 3
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_EXCL 0200
#define O_NOCTTY 0400
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define O_CLOEXEC 02000000
#define O_PATH 010000000

struct inode_operations;
struct file_operations;
struct super_block;

struct timespec64 {
    s64 tv_sec;
    s32 tv_nsec;
};

struct inode {
    u32 i_ino;
    umode_t i_mode;
    u32 i_nlink, i_uid, i_gid;
    dev_t i_rdev;
    loff_t i_size;
    struct timespec64 i_atime, i_mtime, i_ctime;
    atomic_t i_count;
    struct super_block *i_sb;
    const struct inode_operations *i_op;
    const struct file_operations *i_fop;
    struct address_space i_data;
    struct address_space *i_mapping; /* &i_data */
    void *i_private;                 /* the file system's own */
};

struct dentry {
    atomic_t d_count;
    struct dentry *d_parent;
    struct inode *d_inode; /* NULL: negative */
    struct list_head d_child, d_subdirs;
    struct dentry *d_mounted; /* root of the file system mounted here, or NULL */
    struct dentry *d_covers;  /* on a mounted root: the dentry that it covers */
    bool d_unlinked;
    u16 d_len;
    char *d_name; /* owned */
};

struct file {
    atomic_t f_count;
    struct dentry *f_dentry;
    struct inode *f_inode;
    const struct file_operations *f_op;
    struct address_space *f_mapping;
    u32 f_flags;
    loff_t f_pos;
    void *private_data;
};

struct dir_context {
    /* true: taken; false: no room, stop. type DT_*. */
    bool (*emit)(struct dir_context *context, const char *name, int length, u32 ino, unsigned type);
    loff_t pos;
};

struct poll_table; /* select/poll waiting, fs/select.c */

struct file_operations {
    ssize_t (*read)(struct file *file, char __user *to, size_t count, loff_t *pos);
    ssize_t (*write)(struct file *file, const char __user *from, size_t count, loff_t *pos);
    loff_t (*llseek)(struct file *file, loff_t offset, int whence);
    int (*iterate)(struct file *file, struct dir_context *context);
    unsigned (*poll)(struct file *file, struct poll_table *table);
    long (*ioctl)(struct file *file, u32 command, unsigned long argument);
    int (*mmap)(struct file *file, struct vm_area_struct *vma);
    int (*open)(struct inode *inode, struct file *file);
    int (*release)(struct inode *inode, struct file *file);
    int (*fsync)(struct file *file);
};

struct inode_operations {
    int (*lookup)(struct inode *dir, struct dentry *dentry); /* fills d_inode (NULL: no such name); 0 or -errno */
    int (*create)(struct inode *dir, struct dentry *dentry, umode_t mode);
    int (*link)(struct dentry *old, struct inode *dir, struct dentry *dentry);
    int (*unlink)(struct inode *dir, struct dentry *dentry);
    int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
    int (*mkdir)(struct inode *dir, struct dentry *dentry, umode_t mode);
    int (*rmdir)(struct inode *dir, struct dentry *dentry);
    int (*mknod)(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev);
    int (*rename)(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *replaced);
    int (*readlink)(struct inode *inode, char *to, int size); /* kernel buffer; length without NUL */
    int (*truncate)(struct inode *inode, loff_t size);
};

struct super_block {
    const char *s_type;
    dev_t s_dev;
    struct dentry *s_root;
    void (*evict_inode)(struct inode *inode); /* last reference and no link */
    void *s_fs_info;
};

/* ---- open files ---- */
struct file *fget(unsigned fd);  /* reference taken; NULL: not open */
void fput(struct file *file);
int get_unused_fd(unsigned from, bool cloexec); /* or -EMFILE */
void fd_install(unsigned fd, struct file *file); /* takes over the reference */
static inline void get_file(struct file *file) { atomic_inc(&file->f_count); }
struct file *filp_open(const char *path, u32 flags, umode_t mode); /* kernel path; ERR_PTR on failure */
struct files_struct *copy_files(struct files_struct *from, bool share); /* NULL: no memory */
void exit_files(struct task_struct *task);
void close_files_for_exec(struct task_struct *task); /* close-on-exec; unshares first */
struct fs_struct *copy_fs(struct fs_struct *from, bool share);
void exit_fs(struct task_struct *task);

/* ---- names ---- */
/* Path of a dentry into buf (from the end); returns the start inside buf or ERR_PTR(-ENAMETOOLONG). */
char *d_path(struct dentry *dentry, char *buf, int size);
const char *vma_file_name(const struct vm_area_struct *vma, char *buf, int size); /* for maps and messages */

/* ---- life ---- */
void vfs_init(void);                       /* caches, root ramfs, /dev, /proc, console; before the initramfs */
int unpack_initramfs(const void *cpio, size_t size); /* newc, concatenated archives; 0 or -errno, one sentence printed */
int open_console_for_init(void);           /* fds 0, 1, 2 of the current task on /dev/console */

/* ---- console and terminal (drivers/) ---- */
void console_init(void);                   /* UART, polled output; called first thing at boot */
void console_write(const char *bytes, size_t count); /* raw bytes to the UART, polled, any context */
void tty_init(void);                       /* interrupts on; after the slab and IRQs work */

#endif
