/*
 * Mounts: which file system's root stands on which directory; and the tree that the kernel starts with.
 *
 * A mount is a pair of pointers: d_mounted of the covered dentry and d_covers of the root, each with a reference. A
 * path walk that ends a component on a covered dentry goes on at the root above it.
 */
#include "fs/buffer_head.h"
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"
#include "mm/slab.h"

#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define UMOUNT_NOFOLLOW 8u
#define MS_REMOUNT 32u
#define MS_BIND 4096u
#define MS_MOVE 8192u

LIST_HEAD(super_blocks);
struct dentry *root_dentry;

struct super_block *new_super(const char *type, const char *source, u32 magic)
{
    static u32 last_minor;
    struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);
    char *copy = kmalloc(strlen(source) + 1, GFP_KERNEL);
    if (!sb || !copy) {
        kfree(sb);
        kfree(copy);
        return NULL;
    }
    strlcpy(copy, source, strlen(source) + 1);
    sb->s_type = type;
    sb->s_source = copy;
    sb->s_magic = magic;
    last_minor++;
    sb->s_dev = MKDEV(0, last_minor);
    INIT_LIST_HEAD(&sb->s_list);
    INIT_LIST_HEAD(&sb->s_inodes);
    INIT_LIST_HEAD(&sb->s_dirty);
    INIT_LIST_HEAD(&sb->s_io);
    init_rwsem(&sb->s_umount);
    sb->s_count = 1;
    return sb;
}

void free_super(struct super_block *sb)
{
    if (--sb->s_count)
        return;
    kfree(sb->s_source);
    kfree(sb);
}

int mount_super(struct super_block *sb, struct dentry *on)
{
    list_add_tail(&sb->s_list, &super_blocks);
    if (!on) {
        root_dentry = dget(sb->s_root);
        return 0;
    }
    on->d_mounted = dget(sb->s_root);
    sb->s_root->d_covers = dget(on);
    return 0;
}

/* Writeback that is inside has left it when the lock is ours, and finds it off the list later. */
static void kill_super(struct super_block *sb)
{
    down_write(&sb->s_umount);
    if (sb->kill)
        sb->kill(sb);
    d_prune_super(sb);
    dput(sb->s_root);
    generic_shutdown_super(sb);
    if (sb->s_bdev)
        bd_release(sb->s_bdev);
    up_write(&sb->s_umount);
    free_super(sb);
}

/* ---- mount ---- */

static int do_mount(const struct mount_request *request, struct dentry *dir)
{
    if (!S_ISDIR(dir->d_inode->i_mode))
        return -ENOTDIR;
    struct super_block *sb = make_super(request);
    return IS_ERR(sb) ? (int)PTR_ERR(sb) : mount_super(sb, dir);
}

static bool is_mounted_root(const struct dentry *dentry)
{
    return dentry == dentry->d_sb->s_root && (dentry->d_covers || dentry == root_dentry);
}

/* All is written before a file system becomes read-only. */
static int do_remount(struct dentry *dentry, u32 flags, char *options)
{
    struct super_block *sb = dentry->d_sb;
    if (!is_mounted_root(dentry))
        return -EINVAL;
    bool becomes_ro = (flags & MS_RDONLY) && !(sb->s_flags & MS_RDONLY);
    int error = becomes_ro && sb->s_op ? fsync_super(sb) : 0;
    if (!error && sb->s_op && sb->s_op->remount_fs)
        error = sb->s_op->remount_fs(sb, &flags, options);
    if (!error)
        sb->s_flags = flags;
    return error;
}

static bool stands_on(const struct dentry *dentry, const struct dentry *root)
{
    for (;;) {
        if (dentry == root)
            return true;
        if (dentry->d_parent != dentry)
            dentry = dentry->d_parent;
        else if (dentry->d_covers)
            dentry = dentry->d_covers;
        else
            return false;
    }
}

/* The root leaves what it covers and covers dir instead. */
static int do_move_mount(const char *source, struct dentry *dir)
{
    struct nameidata nd;
    int error = path_lookup(AT_FDCWD, source, LOOKUP_FOLLOW, &nd);
    if (error)
        return error;
    struct dentry *root = nd.dentry, *covered = root->d_covers;
    if (root != root->d_sb->s_root || !covered)
        error = -EINVAL;
    else if (!S_ISDIR(dir->d_inode->i_mode))
        error = -ENOTDIR;
    else if (stands_on(dir, root))
        error = -ELOOP;
    if (!error) {
        covered->d_mounted = NULL;
        dir->d_mounted = root;
        root->d_covers = dget(dir);
        dput(covered);
    }
    dput(root);
    return error;
}

struct mount_arguments {
    char type[32], source[256];
    char options[256];
};

/* A string of the program's into an array; none gives the empty string. Not longer than the array. */
static int fetch_string(char *to, int size, const char __user *from)
{
    to[0] = '\0';
    if (!from)
        return 0;
    long length = strncpy_from_user(to, from, size);
    return length < 0 ? -EFAULT : length >= size ? -ENAMETOOLONG : 0;
}

static int fetch_arguments(struct mount_arguments *to, const char __user *device, const char __user *type,
                           const void __user *data)
{
    int error = fetch_string(to->type, sizeof(to->type), type);
    if (!error)
        error = fetch_string(to->source, sizeof(to->source), device);
    if (!error)
        error = fetch_string(to->options, sizeof(to->options), data);
    return error;
}

static int mount_as_asked(struct mount_arguments *arguments, struct dentry *dir, u32 flags)
{
    u32 kept = flags & (MS_RDONLY | MS_SYNCHRONOUS | MS_NOATIME);
    if (flags & MS_REMOUNT)
        return do_remount(dir, kept, arguments->options);
    if (flags & MS_MOVE)
        return do_move_mount(arguments->source, dir);
    if (flags & MS_BIND || !arguments->type[0])
        return -EINVAL;
    const char *source = arguments->source[0] ? arguments->source : "none";
    return do_mount(&(struct mount_request){arguments->type, source, kept, arguments->options}, dir);
}

long sys_mount(const char __user *device, const char __user *dir, const char __user *type, u32 flags,
               const void __user *data)
{
    struct dentry *dentry;
    if (current->fsuid != 0)
        return -EPERM;
    struct mount_arguments *arguments = kmalloc(sizeof(*arguments), GFP_KERNEL);
    if (!arguments)
        return -ENOMEM;
    int error = fetch_arguments(arguments, device, flags & (MS_REMOUNT | MS_MOVE) ? NULL : type, data);
    if (!error)
        error = user_path_at(AT_FDCWD, dir, LOOKUP_FOLLOW, &dentry);
    if (!error) {
        error = mount_as_asked(arguments, dentry, flags);
        dput(dentry);
    }
    kfree(arguments);
    return error;
}

/* The next dentry of a tree in depth-first order; NULL after the last. No recursion: trees are as deep as programs
 * like. */
static struct dentry *next_in_tree(struct dentry *root, struct dentry *at)
{
    if (!list_empty(&at->d_subdirs))
        return list_entry(at->d_subdirs.next, struct dentry, d_child);
    while (at != root) {
        struct dentry *parent = at->d_parent;
        if (at->d_child.next != &parent->d_subdirs)
            return list_entry(at->d_child.next, struct dentry, d_child);
        at = parent;
    }
    return NULL;
}

static int child_count(const struct dentry *dir)
{
    int count = 0;
    struct list_head *pos;
    list_for_each (pos, &dir->d_subdirs)
        count++;
    return count;
}

/* Anybody inside: a dentry with users beyond its children and the references of file system, mount and caller. */
static bool in_use(struct dentry *root)
{
    for (struct dentry *at = root; at; at = next_in_tree(root, at)) {
        int own = at == root ? 3 : at->d_inode && at->d_sb->kill ? 1 : 0;
        if (at->d_mounted || atomic_read(&at->d_count) > child_count(at) + own)
            return true;
    }
    return false;
}

static int do_umount(struct dentry *root)
{
    struct super_block *sb = root->d_sb;
    struct dentry *covered = root->d_covers;
    if (root != sb->s_root || !covered)
        return -EINVAL;
    d_prune_super(sb);
    if (in_use(root))
        return -EBUSY;
    covered->d_mounted = NULL;
    root->d_covers = NULL;
    list_del_init(&sb->s_list);
    dput(covered);
    dput(root); /* the mount's */
    dput(root); /* the caller's */
    kill_super(sb);
    return 0;
}

long sys_umount2(const char __user *dir, u32 flags)
{
    struct dentry *dentry;
    if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if (current->fsuid != 0)
        return -EPERM;
    int error = user_path_at(AT_FDCWD, dir, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &dentry);
    if (error)
        return error;
    error = do_umount(dentry);
    if (error)
        dput(dentry);
    return error;
}

long sys_oldumount(const char __user *dir) { return sys_umount2(dir, 0); }

/* ---- what the kernel starts with ---- */

struct initial {
    const char *path;
    umode_t mode;
    dev_t dev;
};

static const struct initial initial_tree[] = {
    {"/dev", S_IFDIR | 0755, 0},
    {"/proc", S_IFDIR | 0555, 0},
    {"/tmp", S_IFDIR | 01777, 0},
    {"/dev/console", S_IFCHR | 0600, MKDEV(5, 1)},
    {"/dev/tty", S_IFCHR | 0666, MKDEV(5, 0)},
    {"/dev/ttyS0", S_IFCHR | 0660, MKDEV(4, 64)},
    {"/dev/null", S_IFCHR | 0666, MKDEV(1, 3)},
    {"/dev/zero", S_IFCHR | 0666, MKDEV(1, 5)},
    {"/dev/full", S_IFCHR | 0666, MKDEV(1, 7)},
    {"/dev/random", S_IFCHR | 0666, MKDEV(1, 8)},
    {"/dev/urandom", S_IFCHR | 0666, MKDEV(1, 9)},
    {"/dev/kmsg", S_IFCHR | 0644, MKDEV(1, 11)},
    {"/dev/shm", S_IFDIR | 01777, 0},
};

static const struct {
    const char *path, *target;
} initial_links[] = {
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
};

struct dentry *kernel_create(const char *path, umode_t mode, dev_t dev, const char *link_target)
{
    struct nameidata nd;
    int error = path_lookup(AT_FDCWD, path, LOOKUP_PARENT, &nd);
    if (error)
        return ERR_PTR(error);
    struct inode *dir = nd.dentry->d_inode;
    mutex_lock(&dir->i_mutex);
    struct dentry *dentry = nd.last_type == LAST_NORM ? lookup_one(nd.dentry, nd.last, nd.last_len) : ERR_PTR(-EEXIST);
    if (!IS_ERR(dentry)) {
        if (dentry->d_inode)
            error = -EEXIST;
        else if (S_ISDIR(mode))
            error = dir->i_op->mkdir(dir, dentry, mode);
        else if (S_ISLNK(mode))
            error = dir->i_op->symlink(dir, dentry, link_target);
        else
            error = vfs_mknod(nd.dentry, dentry, mode, dev);
        if (error) {
            dput(dentry);
            dentry = ERR_PTR(error);
        }
    }
    mutex_unlock(&dir->i_mutex);
    dput(nd.dentry);
    return dentry;
}

static void make_initial(const char *path, umode_t mode, dev_t dev, const char *link_target)
{
    struct dentry *made = kernel_create(path, mode, dev, link_target);
    if (IS_ERR(made))
        panic("cannot make %s (error %ld)", path, -PTR_ERR(made));
    dput(made);
}

static void make_initial_tree(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(initial_tree); i++)
        make_initial(initial_tree[i].path, initial_tree[i].mode, initial_tree[i].dev, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(initial_links); i++)
        make_initial(initial_links[i].path, S_IFLNK | 0777, 0, initial_links[i].target);
}

static void mount_initial(struct super_block *sb, const char *path)
{
    struct nameidata nd = {0};
    int error = IS_ERR(sb) ? (int)PTR_ERR(sb) : path ? path_lookup(AT_FDCWD, path, LOOKUP_DIRECTORY, &nd) : 0;
    if (error)
        panic("cannot mount %s (error %d)", path ? path : "/", -error);
    mount_super(sb, nd.dentry);
    dput(nd.dentry);
}

void vfs_init(void)
{
    radix_tree_init();
    inode_init();
    dcache_init();
    files_init();
    mem_devices_init();
    tty_devices_init();
    pipe_init();
    shmem_init();
    mount_initial(ramfs_super("ramfs", "rootfs"), NULL);
    make_initial_tree();
    mount_initial(proc_super(), "/proc");
}
