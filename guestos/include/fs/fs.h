/*
 * The virtual file system: inodes, names, open files. All objects live in memory; a file system gives operations.
 */
#ifndef _FS_FS_H
#define _FS_FS_H

#include "mm/pagemap.h"
#include "kernel/sched.h"
#include "kernel/mutex.h"
#include "kernel/rwsem.h"

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
#define S_ISBLK(m) (((m)&S_IFMT) == S_IFBLK)
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
#define O_TMPFILE 020200000
#define O_ASYNC 020000
#define O_DIRECT 040000
#define O_DSYNC 010000
#define O_SYNC 04010000
#define O_NOATIME 01000000

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4

#define NAME_MAX 255
#define PATH_MAX 4096
#define MAX_LFS_FILESIZE ((loff_t)0x7ffffffffff) /* 2^31 pages: what an index of 32 bits reaches on i386 */

#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10

#define POLLIN 0x001u
#define POLLPRI 0x002u
#define POLLOUT 0x004u
#define POLLERR 0x008u
#define POLLHUP 0x010u
#define POLLNVAL 0x020u
#define POLLRDNORM 0x040u
#define POLLRDBAND 0x080u
#define POLLWRNORM 0x100u

/* Device numbers in the form that programs see (stat, mknod): minor bits 0-7 and 20-31, major bits 8-19. */
#define MKDEV(major, minor) ((dev_t)(((minor)&0xffu) | ((major) << 8) | (((minor) & ~0xffu) << 12)))
#define MAJOR(dev) (((dev) >> 8) & 0xfffu)
#define MINOR(dev) (((dev)&0xffu) | (((dev) >> 12) & 0xfff00u))

struct inode_operations;
struct file_operations;
struct super_block;

struct timespec64 {
    s64 tv_sec;
    s32 tv_nsec;
};

struct pipe_inode_info;

/* One file. i_count counts dentries, and whoever works on it; the last iput frees it with its pages. */
#define S_SWAPFILE 256u /* an active swap area: its bytes are not the file's */
#define IS_SWAPFILE(inode) ((inode)->i_flags & S_SWAPFILE)

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
    struct mutex i_mutex; /* directory: its names. File: its size and writes */
    struct address_space i_data;
    struct address_space *i_mapping; /* &i_data */
    struct pipe_inode_info *i_pipe;  /* FIFOs and pipes while open */
    void *i_private;                 /* the file system's own */
    struct block_device *i_bdev;     /* S_IFBLK: the device */
    u32 i_state;                     /* I_ bits, mm/writeback.h */
    u32 i_flags;                     /* S_ bits */
    unsigned long dirtied_when;      /* jiffies */
    struct list_head i_list;         /* on s_dirty or s_io while dirty; else empty */
    struct list_head i_sb_list;      /* all inodes of s_inodes */
    struct list_head i_hash;         /* iget: by number; empty: not hashed */
    struct list_head i_lru;          /* hashed, i_count 0: may be dropped by the shrinker */
    u32 i_blocks;                    /* units of 512 bytes */
    u32 i_generation;
};

/*
 * A name in a directory. d_count counts users and children; at zero a dentry that is still hashed stays on the list of
 * unused ones (also a negative one: the memory that a name does not exist), an unhashed one is freed.
 * File systems that live in memory alone hold a reference on every name that exists.
 */
struct dentry {
    atomic_t d_count;
    struct dentry *d_parent; /* itself: a root, or the name of a nameless file */
    struct inode *d_inode;   /* NULL: negative */
    struct super_block *d_sb;
    struct list_head d_child, d_subdirs; /* in the order of d_offset */
    struct list_head d_hash;             /* empty: unhashed, no walk finds it */
    struct list_head d_lru;              /* unused dentries, oldest first */
    struct dentry *d_mounted;            /* root of the file system mounted here, or NULL */
    struct dentry *d_covers;             /* on a mounted root: the dentry that it covers */
    u32 d_offset;                        /* place in a listing of d_parent: never used twice */
    u32 d_next_offset;                   /* directory: the next child's */
    bool d_unlinked;
    u16 d_len;
    char *d_name; /* owned */
};

/* What was read ahead for one open file, and how it is read; pages. mm/readahead.c */
struct file_ra_state {
    unsigned long start, size, async_size; /* the last window [start, start + size); its last async_size pages: when the
                                              first of them is read, the next window is started */
    unsigned long ra_pages;                /* largest window; 0: none is wanted */
    unsigned long prev_index;              /* the page that was read last; ~0: none */
    u32 prev_offset;                       /* where in it the read ended */
    unsigned mmap_miss;                    /* faults that found nothing, less those that did */
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
    struct file_ra_state f_ra;
};

static inline bool file_readable(const struct file *file)
{
    return (file->f_flags & O_ACCMODE) != O_WRONLY && !(file->f_flags & O_PATH);
}
static inline bool file_writable(const struct file *file)
{
    u32 mode = file->f_flags & O_ACCMODE;
    return (mode == O_WRONLY || mode == O_RDWR) && !(file->f_flags & O_PATH);
}

struct dir_context {
    /* true: taken; false: no room, stop. type DT_*. pos is the entry's own; the file system moves it on afterwards. */
    bool (*emit)(struct dir_context *context, const char *name, int length, u32 ino, unsigned type);
    loff_t pos;
};

struct poll_table; /* select/poll waiting, fs/select.c */
/* Called by a poll operation before it looks: a wake-up of q from now on ends the caller's sleep. table may be NULL. */
void poll_wait(struct poll_table *table, wait_queue_head_t *q);

struct file_operations {
    ssize_t (*read)(struct file *file, char __user *to, size_t count, loff_t *pos);
    ssize_t (*write)(struct file *file, const char __user *from, size_t count, loff_t *pos);
    /* The same from the kernel's memory, at f_pos, which moves: sendfile. NULL: not possible. */
    ssize_t (*write_kernel)(struct file *file, const char *from, size_t count);
    loff_t (*llseek)(struct file *file, loff_t offset, int whence); /* NULL: not seekable (-ESPIPE) */
    int (*iterate)(struct file *file, struct dir_context *context);
    unsigned (*poll)(struct file *file, struct poll_table *table); /* NULL: always ready */
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
    int (*truncate)(struct inode *inode, loff_t size);        /* NULL: -EINVAL */
    struct dentry *(*jump)(
        struct inode *inode); /* a link that leads to an object and not a path: referenced, or ERR_PTR */
    bool (*revalidate)(struct dentry *dentry); /* is a cached name still true? NULL: always */
};

struct kstatfs {
    u32 f_type, f_bsize;
    u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    u32 f_fsid[2], f_namelen, f_frsize, f_flags;
};

/* What a file system on a device does for the whole; every entry may be NULL. */
struct super_operations {
    int (*write_inode)(struct inode *inode, int wait); /* the inode into its buffer; wait: that to the disk */
    void (*delete_inode)(struct inode *inode);         /* no name and no user left: frees blocks and number */
    void (*clear_inode)(struct inode *inode);          /* leaves memory: frees i_private */
    void (*write_super)(struct super_block *sb);       /* s_dirt: super block into its buffer */
    int (*sync_fs)(struct super_block *sb, int wait);
    int (*statfs)(struct super_block *sb, struct kstatfs *to);
    int (*remount_fs)(struct super_block *sb, u32 *flags, char *data);
    void (*put_super)(struct super_block *sb);         /* unmounted, all inodes gone */
};

#define MS_RDONLY 1u
#define MS_SYNCHRONOUS 16u
#define MS_NOATIME 1024u

struct super_block {
    const char *s_type;
    const char *s_source; /* what /proc/mounts shows first */
    dev_t s_dev;
    u32 s_magic, s_last_ino;
    struct dentry *s_root;
    struct list_head s_list;                  /* all mounted */
    void (*evict_inode)(struct inode *inode); /* last reference: frees what is the file system's; may be NULL */
    void (*kill)(struct super_block *sb);     /* unmounted: drops the names that the file system holds; may be NULL */
    void *s_fs_info;
    /* on a device */
    const struct super_operations *s_op; /* NULL: in memory only */
    struct block_device *s_bdev;
    u32 s_blocksize, s_blocksize_bits;
    u32 s_flags; /* MS_RDONLY, ... */
    bool s_dirt;
    u64 s_maxbytes;
    struct list_head s_inodes, s_dirty, s_io; /* by i_sb_list; by i_list: dirty, and being written */
    struct rw_semaphore s_umount;             /* readers: who writes it back; writer: the unmount */
    u32 s_count;                              /* references to the structure: free_super drops one */
};

static inline bool IS_RDONLY(const struct inode *inode) { return inode->i_sb && inode->i_sb->s_flags & MS_RDONLY; }

/* ---- inodes (fs/inode.c) ---- */
struct inode *new_inode(struct super_block *sb,
                        umode_t mode); /* i_count 1, i_nlink 1, times now, owner current; NULL: no memory */
static inline void igrab(struct inode *inode) { atomic_inc(&inode->i_count); }
void iput(struct inode *inode); /* NULL is allowed */
/* The inode of a number: from memory, or a fresh one with I_NEW set, which the caller fills and then unlock_new_inode()s
 * (or iget_failed()s). NULL: no memory. Such an inode stays in memory while i_count is 0, until the shrinker wants it. */
struct inode *iget_locked(struct super_block *sb, u32 ino);
void unlock_new_inode(struct inode *inode);
void iget_failed(struct inode *inode);
struct inode *ilookup(struct super_block *sb, u32 ino); /* only when it is in memory and read in: referenced; NULL */
void insert_inode_hash(struct inode *inode); /* a new_inode() that iget_locked() shall find */
void remove_inode_hash(struct inode *inode);
int invalidate_inodes(struct super_block *sb); /* umount: drops the unused ones; how many are still in use */
/* Unmount, s_umount held for writing, no names left: all to the disk, all inodes out of memory, put_super. */
void generic_shutdown_super(struct super_block *sb);
extern struct super_block blockdev_superblock; /* i_sb of the devices' own inodes: writeback finds them there */
struct timespec64 current_time(void);
void touch_mtime(struct inode *inode); /* mtime and ctime */
void touch_atime(struct inode *inode);
int inode_permission(const struct inode *inode, int mask); /* MAY_*; 0 or -EACCES */
void init_special_inode(struct inode *inode, dev_t dev);   /* operations of devices and FIFOs by i_mode */

/* ---- dentries (fs/dcache.c) ---- */
struct dentry *d_alloc(struct dentry *parent, const char *name,
                       int length);               /* negative, unhashed, d_count 1; NULL: no memory */
struct dentry *d_alloc_root(struct inode *inode); /* takes over the inode's reference, also when it fails */
struct dentry *d_alloc_nameless(struct inode *inode,
                                const char *name);      /* the same, for files that no directory holds */
void d_add(struct dentry *dentry, struct inode *inode); /* hashes; takes over the inode's reference; NULL: negative */
void d_instantiate(struct dentry *dentry, struct inode *inode); /* a negative one becomes a file */
void d_drop(struct dentry *dentry);                             /* unhashes: the next walk asks the file system again */
void d_delete(struct dentry *dentry);                           /* the name is gone from its directory */
void d_move(struct dentry *dentry, struct dentry *target);      /* takes target's place; target is dropped */
struct dentry *d_lookup(struct dentry *parent, const char *name, int length); /* referenced or NULL */
static inline struct dentry *dget(struct dentry *dentry)
{
    atomic_inc(&dentry->d_count);
    return dentry;
}
void dput(struct dentry *dentry); /* NULL is allowed */

/* ---- open files (fs/file_table.c, fs/open.c) ---- */
struct file *fget(unsigned fd); /* reference taken; NULL: not open */
void fput(struct file *file);
int get_unused_fd(unsigned from, bool cloexec);  /* or -EMFILE */
void fd_install(unsigned fd, struct file *file); /* takes over the reference */
void put_unused_fd(unsigned fd);                 /* gives a reserved number back */
static inline void get_file(struct file *file) { atomic_inc(&file->f_count); }
struct file *filp_open(const char *path, u32 flags, umode_t mode); /* kernel path; ERR_PTR on failure */
struct file *dentry_open(struct dentry *dentry, u32 flags); /* takes over the reference, also on failure; ERR_PTR */
struct files_struct *copy_files(struct files_struct *from, bool share); /* NULL: no memory; from NULL: an empty table */
void exit_files(struct task_struct *task);
void close_files_for_exec(struct task_struct *task);           /* close-on-exec; unshares first */
struct fs_struct *copy_fs(struct fs_struct *from, bool share); /* from NULL: root and current directory are / */
void exit_fs(struct task_struct *task);
ssize_t vfs_read(struct file *file, char __user *to, size_t count, loff_t *pos);
ssize_t vfs_write(struct file *file, const char __user *from, size_t count, loff_t *pos);
ssize_t kernel_write(struct file *file, loff_t pos, const void *from, size_t count); /* page-cache files only */
int do_truncate(struct inode *inode, loff_t size);
loff_t generic_file_llseek(struct file *file, loff_t offset, int whence);
int dcache_iterate(struct file *file, struct dir_context *context); /* listings where every name is a dentry */

/* An unlinked file of `size` bytes, all zero, in memory only: backs MAP_SHARED | MAP_ANONYMOUS. Shown as
 * "/dev/zero (deleted)". ERR_PTR on failure. */
struct file *shmem_file_setup(loff_t size);

/* ---- names ---- */
/* Path of a dentry into buf (from the end); returns the start inside buf or ERR_PTR(-ENAMETOOLONG). */
char *d_path(struct dentry *dentry, char *buf, int size);
const char *vma_file_name(const struct vm_area_struct *vma, char *buf, int size); /* for maps and messages */

/* ---- devices (fs/devices.c) ---- */
int register_chrdev(unsigned major, const struct file_operations *operations); /* 0 or -EBUSY */

/* ---- life ---- */
void vfs_init(void); /* caches, root ramfs, /dev, /proc, console; before the initramfs */
/* newc, concatenated archives; 0 or -errno, one sentence printed. read_up_to, when not NULL: told again and again how many
 * bytes of the archive will not be looked at any more. */
int unpack_initramfs(const void *cpio, size_t size, void (*read_up_to)(size_t bytes));
int open_console_for_init(void);   /* fds 0, 1, 2 of the current task on /dev/console */

/* ---- console and terminal (drivers/) ---- */
void console_init(void);                             /* UART, polled output; called first thing at boot */
void console_write(const char *bytes, size_t count); /* raw bytes to the UART, polled, any context */
void tty_init(void);                                 /* interrupts on; after the slab and IRQs work */
void tty_session_ended(pid_t session); /* its leader exits: SIGHUP to the foreground, the terminal is free */

#endif
