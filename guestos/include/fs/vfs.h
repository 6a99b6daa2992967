/* What the files of fs/ share among themselves: the path walk, the tables of a task, start-up of each part. */
#ifndef _FS_VFS_H
#define _FS_VFS_H

#include "fs/fs.h"

/* ---- a task's view of the tree ---- */
struct fs_struct {
    atomic_t count;
    umode_t umask;
    struct dentry *root, *pwd; /* referenced */
};

struct fd_slot {
    struct file *file; /* NULL with reserved: a number that is being opened */
    bool reserved, cloexec;
};

struct files_struct {
    atomic_t count;
    unsigned max_fds;
    struct fd_slot *fd;
};

struct file *get_empty_filp(void); /* f_count 1; NULL: no memory */
bool fd_is_open(unsigned fd);
bool fd_cloexec(unsigned fd);
void fd_set_cloexec(unsigned fd, bool on);
int fd_close(unsigned fd); /* 0, -EBADF, or what release said */

/* ---- the path walk (fs/namei.c) ---- */
#define LOOKUP_FOLLOW 1u    /* follow a symbolic link in the last component */
#define LOOKUP_DIRECTORY 2u /* the result must be a directory */
#define LOOKUP_PARENT 4u    /* stop before the last component: dentry = its directory, last = its name */
#define LOOKUP_EMPTY 8u     /* an empty path names dfd itself (AT_EMPTY_PATH) */

enum last_type { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

struct nameidata {
    struct dentry *dentry; /* out: referenced */
    /* out, LOOKUP_PARENT only */
    enum last_type last_type;
    bool last_slash; /* slashes follow the last component: only a directory will do */
    int last_len;
    char last[NAME_MAX + 1];
};

char *getname(const char __user *path); /* kernel copy, ERR_PTR on failure; freed by putname */
char *getname_maybe_empty(const char __user *path);
char *getname_buffer(void);                                                  /* PATH_MAX bytes; NULL: no memory */
void putname(char *name);                                                    /* NULL is allowed */
int path_lookup(int dfd, const char *path, u32 flags, struct nameidata *nd); /* 0 or -errno; nothing held on failure */
/* The same with a relative path beginning at `start`, whose reference stays the caller's. */
int path_lookup_from(struct dentry *start, const char *path, u32 flags, struct nameidata *nd);
int user_path_at(int dfd, const char __user *path, u32 flags, struct dentry **dentry);
/* The name in a directory whose i_mutex is held: referenced, maybe negative; ERR_PTR on failure. */
struct dentry *lookup_one(struct dentry *dir, const char *name, int length);
struct dentry *follow_mounts(struct dentry *dentry); /* takes over the reference, returns the topmost root */
int may_create(struct dentry *dir);
int vfs_mknod(struct dentry *dir, struct dentry *dentry, umode_t mode, dev_t dev);
/* For the kernel itself: a new name, no checks of rights. Referenced, or ERR_PTR. */
struct dentry *kernel_create(const char *path, umode_t mode, dev_t dev, const char *link_target);
struct file *do_filp_open(int dfd, const char *path, u32 flags, umode_t mode);
int vfs_readlink(struct inode *inode, char *to, int size);

/* ---- mounts (fs/namespace.c) ---- */
extern struct list_head super_blocks;
void d_prune_super(struct super_block *sb);                                     /* frees its unused names */
struct super_block *new_super(const char *type, const char *source, u32 magic); /* NULL: no memory */
void free_super(struct super_block *sb); /* drops a reference; the last one frees the structure */
/* Visits each file system on a device, then the devices' own; mounted all the while. fs/fs-writeback.c */
void for_each_super(void (*visit)(struct super_block *sb, void *argument), void *argument);
int mount_super(struct super_block *sb, struct dentry *on); /* on NULL: the root of everything */
extern struct dentry *root_dentry;

/* ---- kinds of file systems (fs/filesystems.c) ---- */
struct mount_request {
    const char *type, *source;
    u32 flags; /* MS_ that a super block keeps */
    char *options;
};

struct file_system_type {
    const char *name;
    /* On a device: fills a super block whose s_bdev is claimed, or leaves nothing behind. NULL: in memory only. */
    int (*fill_super)(struct super_block *sb, char *options);
};

const struct file_system_type *find_file_system(const char *name);   /* NULL: unknown */
struct super_block *make_super(const struct mount_request *request); /* ERR_PTR on failure */
const struct file_system_type *file_system_at(unsigned n);           /* 0, 1, ...; NULL: no more */
struct super_block *devtmpfs_super(const char *source);              /* ERR_PTR on failure */
int ext2_fill_super(struct super_block *sb, char *options);

/* ---- the parts ---- */
struct super_block *ramfs_super(const char *type, const char *source); /* ERR_PTR on failure */
struct super_block *proc_super(void);
void inode_init(void);
void dcache_init(void);
void files_init(void);
void pipe_init(void);
void shmem_init(void);
void mem_devices_init(void); /* drivers/mem.c */
void tty_devices_init(void); /* drivers/tty.c */
extern const struct file_operations fifo_operations, chrdev_operations, blkdev_operations;
extern const struct file_operations ramfs_file_operations;
extern const struct inode_operations ramfs_file_inode_operations;
struct inode *ramfs_inode(struct super_block *sb, umode_t mode, dev_t dev); /* NULL: no memory */
struct dentry *shmem_dentry(const char *name, umode_t mode);
struct file *shmem_file_named(const char *name, loff_t size);
bool inode_is_fifo_of(const struct file *file);

#define RAMFS_MAGIC 0x858458f6u
#define TMPFS_MAGIC 0x01021994u
#define PROC_MAGIC 0x9fa0u
#define PIPEFS_MAGIC 0x50495045u

#endif
