/*
 * System calls that make, remove and move names.
 *
 * Each looks up the parent directory, takes its i_mutex, looks up the last name under it, checks, then acts through
 * the file system's operation. A rename holds one global lock first, so that no two renames can build a loop.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"
#include "mm/slab.h"

#define AT_REMOVEDIR 0x200u
#define AT_SYMLINK_FOLLOW 0x400u
#define AT_EMPTY_PATH 0x1000u
#define RENAME_NOREPLACE 1u

static struct mutex rename_mutex = {NULL, {LIST_HEAD_INIT(rename_mutex.waiters.task_list)}};

/* A name about to be made or removed: the parent locked, the name looked up. */
struct target {
    struct nameidata nd; /* nd.dentry: the directory */
    struct dentry *dentry;
};

static int target_open(int dfd, const char *path, struct target *target)
{
    int error = path_lookup(dfd, path, LOOKUP_PARENT, &target->nd);
    if (error)
        return error;
    mutex_lock(&target->nd.dentry->d_inode->i_mutex);
    target->dentry = NULL;
    return 0;
}

static int target_name(struct target *target)
{
    struct dentry *dentry = lookup_one(target->nd.dentry, target->nd.last, target->nd.last_len);
    if (IS_ERR(dentry))
        return (int)PTR_ERR(dentry);
    target->dentry = dentry;
    return 0;
}

static void target_close(struct target *target)
{
    dput(target->dentry);
    mutex_unlock(&target->nd.dentry->d_inode->i_mutex);
    dput(target->nd.dentry);
}

int may_create(struct dentry *dir)
{
    if (dir->d_unlinked)
        return -ENOENT;
    return inode_permission(dir->d_inode, MAY_WRITE | MAY_EXEC);
}

/* A sticky directory's names belong to the owners of files and directory. */
static int may_delete(struct dentry *dir, struct dentry *victim)
{
    const struct inode *inode = dir->d_inode;
    int error = inode_permission(inode, MAY_WRITE | MAY_EXEC);
    if (error)
        return error;
    bool owner = current->fsuid == 0 || current->fsuid == inode->i_uid || current->fsuid == victim->d_inode->i_uid;
    return (inode->i_mode & 01000) && !owner ? -EPERM : 0;
}

/* The new name: it must not exist. directory: slashes may follow it. */
static int target_new(struct target *target, bool directory)
{
    if (target->nd.last_type != LAST_NORM)
        return -EEXIST;
    int error = target_name(target);
    if (error)
        return error;
    if (target->dentry->d_inode)
        return -EEXIST;
    if (target->nd.last_slash && !directory)
        return -ENOENT;
    return may_create(target->nd.dentry);
}

static umode_t with_umask(u32 mode) { return (umode_t)(mode & ~(u32)(current->fs ? current->fs->umask : 0)); }

int vfs_mknod(struct dentry *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
    const struct inode_operations *ops = dir->d_inode->i_op;
    if (S_ISREG(mode))
        return ops->create ? ops->create(dir->d_inode, dentry, mode) : -EPERM;
    return ops->mknod ? ops->mknod(dir->d_inode, dentry, mode, dev) : -EPERM;
}

struct creation {
    umode_t mode;
    dev_t dev;
    const char *link_target;
};

static int create_in(struct dentry *dir, struct dentry *dentry, const struct creation *what)
{
    struct inode *inode = dir->d_inode;
    const struct inode_operations *ops = inode->i_op;
    if (S_ISDIR(what->mode))
        return ops->mkdir ? ops->mkdir(inode, dentry, what->mode) : -EPERM;
    if (S_ISLNK(what->mode))
        return ops->symlink ? ops->symlink(inode, dentry, what->link_target) : -EPERM;
    return vfs_mknod(dir, dentry, what->mode, what->dev);
}

static long do_create(int dfd, const char __user *path, const struct creation *what)
{
    struct target target;
    char *name = getname(path);
    if (IS_ERR(name))
        return PTR_ERR(name);
    int error = target_open(dfd, name, &target);
    if (!error) {
        error = target_new(&target, S_ISDIR(what->mode));
        if (!error)
            error = create_in(target.nd.dentry, target.dentry, what);
        target_close(&target);
    }
    putname(name);
    return error;
}

long sys_mkdirat(int dfd, const char __user *path, u32 mode)
{
    return do_create(dfd, path, &(struct creation){.mode = (umode_t)(with_umask(mode & 01777) | S_IFDIR)});
}

long sys_mkdir(const char __user *path, u32 mode) { return sys_mkdirat(AT_FDCWD, path, mode); }

long sys_mknodat(int dfd, const char __user *path, u32 mode, u32 dev)
{
    u32 type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    if (type == S_IFDIR)
        return -EPERM;
    if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
        return -EINVAL;
    if ((type == S_IFCHR || type == S_IFBLK) && current->fsuid != 0)
        return -EPERM;
    return do_create(dfd, path, &(struct creation){.mode = (umode_t)(with_umask(mode & 07777) | type), .dev = dev});
}

long sys_mknod(const char __user *path, u32 mode, u32 dev) { return sys_mknodat(AT_FDCWD, path, mode, dev); }

long sys_symlinkat(const char __user *target, int dfd, const char __user *path)
{
    char *text = getname(target);
    if (IS_ERR(text))
        return PTR_ERR(text);
    long error = do_create(dfd, path, &(struct creation){.mode = S_IFLNK | 0777, .link_target = text});
    putname(text);
    return error;
}

long sys_symlink(const char __user *target, const char __user *path) { return sys_symlinkat(target, AT_FDCWD, path); }

static int link_into(struct dentry *old, struct target *target)
{
    struct inode *dir = target->nd.dentry->d_inode;
    int error = target_new(target, false);
    if (error)
        return error;
    if (old->d_sb != target->nd.dentry->d_sb)
        return -EXDEV;
    if (S_ISDIR(old->d_inode->i_mode) || !dir->i_op->link)
        return -EPERM;
    if (old->d_inode->i_nlink == 0)
        return -ENOENT;
    return dir->i_op->link(old, dir, target->dentry);
}

long sys_linkat(int old_dfd, const char __user *old, int new_dfd, const char __user *new_path, u32 flags)
{
    struct dentry *from;
    struct target target;
    u32 lookup = (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = user_path_at(old_dfd, old, lookup, &from);
    if (error)
        return error;
    char *name = getname(new_path);
    error = IS_ERR(name) ? (int)PTR_ERR(name) : target_open(new_dfd, name, &target);
    if (!error) {
        error = link_into(from, &target);
        target_close(&target);
    }
    if (!IS_ERR(name))
        putname(name);
    dput(from);
    return error;
}

long sys_link(const char __user *old, const char __user *new_path)
{
    return sys_linkat(AT_FDCWD, old, AT_FDCWD, new_path, 0);
}

/* ---- removal ---- */

static int unlink_target(struct target *target)
{
    struct inode *dir = target->nd.dentry->d_inode;
    if (target->nd.last_type != LAST_NORM)
        return -EISDIR;
    int error = target_name(target);
    if (error)
        return error;
    if (!target->dentry->d_inode)
        return -ENOENT;
    bool is_dir = S_ISDIR(target->dentry->d_inode->i_mode);
    if (target->nd.last_slash)
        return is_dir ? -EISDIR : -ENOTDIR;
    error = may_delete(target->nd.dentry, target->dentry);
    if (error)
        return error;
    if (is_dir)
        return -EISDIR;
    if (!dir->i_op->unlink)
        return -EPERM;
    return target->dentry->d_mounted ? -EBUSY : dir->i_op->unlink(dir, target->dentry);
}

/* Under the mutex of the one that goes: who makes a name in it has done so, or finds it gone. */
static int remove_directory(struct inode *dir, struct dentry *victim)
{
    struct inode *inode = victim->d_inode;
    if (!dir->i_op->rmdir)
        return -EPERM;
    mutex_lock(&inode->i_mutex);
    int error = victim->d_mounted ? -EBUSY : dir->i_op->rmdir(dir, victim);
    mutex_unlock(&inode->i_mutex);
    return error;
}

static int rmdir_target(struct target *target)
{
    struct inode *dir = target->nd.dentry->d_inode;
    switch (target->nd.last_type) {
    case LAST_DOT: return -EINVAL;
    case LAST_DOTDOT: return -ENOTEMPTY;
    case LAST_ROOT: return -EBUSY;
    case LAST_NORM: break;
    }
    int error = target_name(target);
    if (error)
        return error;
    if (!target->dentry->d_inode)
        return -ENOENT;
    error = may_delete(target->nd.dentry, target->dentry);
    if (error)
        return error;
    if (!S_ISDIR(target->dentry->d_inode->i_mode))
        return -ENOTDIR;
    return remove_directory(dir, target->dentry);
}

static long do_remove(int dfd, const char __user *path, int (*remove)(struct target *target))
{
    struct target target;
    char *name = getname(path);
    if (IS_ERR(name))
        return PTR_ERR(name);
    int error = target_open(dfd, name, &target);
    if (!error) {
        error = remove(&target);
        target_close(&target);
    }
    putname(name);
    return error;
}

long sys_unlinkat(int dfd, const char __user *path, u32 flags)
{
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    return do_remove(dfd, path, flags & AT_REMOVEDIR ? rmdir_target : unlink_target);
}

long sys_unlink(const char __user *path) { return do_remove(AT_FDCWD, path, unlink_target); }
long sys_rmdir(const char __user *path) { return do_remove(AT_FDCWD, path, rmdir_target); }

/* ---- rename ---- */

static bool is_ancestor(const struct dentry *ancestor, const struct dentry *dentry)
{
    for (;; dentry = dentry->d_parent) {
        if (dentry == ancestor)
            return true;
        if (dentry->d_parent == dentry)
            return false;
    }
}

/* The upper one first, as everybody does who holds two; only one task at a time locks two that are not one in the other. */
static void lock_two(const struct dentry *a, const struct dentry *b)
{
    if (is_ancestor(b, a)) {
        const struct dentry *swap = a;
        a = b;
        b = swap;
    }
    mutex_lock(&a->d_inode->i_mutex);
    if (a != b)
        mutex_lock(&b->d_inode->i_mutex);
}

static void unlock_two(struct inode *a, struct inode *b)
{
    mutex_unlock(&a->i_mutex);
    if (a != b)
        mutex_unlock(&b->i_mutex);
}

static int check_replaced(struct dentry *old, struct dentry *replaced, struct dentry *new_dir)
{
    if (!replaced->d_inode)
        return may_create(new_dir);
    int error = may_delete(new_dir, replaced);
    if (error)
        return error;
    bool old_is_dir = S_ISDIR(old->d_inode->i_mode), new_is_dir = S_ISDIR(replaced->d_inode->i_mode);
    if (old_is_dir != new_is_dir)
        return old_is_dir ? -ENOTDIR : -EISDIR;
    return 0;
}

/* The name changes on the file system; a directory that is replaced is held, as for rmdir. */
static int rename_inode(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *replaced)
{
    struct inode *gone = replaced->d_inode && S_ISDIR(replaced->d_inode->i_mode) ? replaced->d_inode : NULL;
    if (gone)
        mutex_lock(&gone->i_mutex);
    int error = old->d_mounted || replaced->d_mounted ? -EBUSY : old_dir->i_op->rename(old_dir, old, new_dir, replaced);
    if (!error)
        d_move(old, replaced);
    if (gone)
        mutex_unlock(&gone->i_mutex);
    return error;
}

static int rename_locked(struct target *from, struct target *to, u32 flags)
{
    int error = target_name(from);
    if (!error)
        error = target_name(to);
    if (error)
        return error;
    struct dentry *old = from->dentry, *replaced = to->dentry;
    if (!old->d_inode)
        return -ENOENT;
    if ((flags & RENAME_NOREPLACE) && replaced->d_inode)
        return -EEXIST;
    if (!S_ISDIR(old->d_inode->i_mode) && (from->nd.last_slash || to->nd.last_slash))
        return -ENOTDIR;
    if (is_ancestor(old, replaced->d_parent))
        return -EINVAL;
    if (is_ancestor(replaced, old->d_parent))
        return -ENOTEMPTY;
    error = may_delete(from->nd.dentry, old);
    if (!error)
        error = check_replaced(old, replaced, to->nd.dentry);
    if (error)
        return error;
    if (old->d_inode == replaced->d_inode)
        return 0;
    struct inode *old_dir = from->nd.dentry->d_inode, *new_dir = to->nd.dentry->d_inode;
    return old_dir->i_op->rename ? rename_inode(old_dir, old, new_dir, replaced) : -EPERM;
}

static int do_rename(struct target *from, struct target *to, u32 flags)
{
    if (from->nd.dentry->d_sb != to->nd.dentry->d_sb)
        return -EXDEV;
    if (from->nd.last_type != LAST_NORM)
        return -EBUSY;
    if (to->nd.last_type != LAST_NORM)
        return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    mutex_lock(&rename_mutex);
    lock_two(from->nd.dentry, to->nd.dentry);
    from->dentry = to->dentry = NULL;
    int error = rename_locked(from, to, flags);
    dput(from->dentry);
    dput(to->dentry);
    unlock_two(from->nd.dentry->d_inode, to->nd.dentry->d_inode);
    mutex_unlock(&rename_mutex);
    return error;
}

static int rename_names(int old_dfd, const char *old, int new_dfd, const char *new_name, u32 flags)
{
    struct target from, to;
    int error = path_lookup(old_dfd, old, LOOKUP_PARENT, &from.nd);
    if (error)
        return error;
    error = path_lookup(new_dfd, new_name, LOOKUP_PARENT, &to.nd);
    if (!error) {
        error = do_rename(&from, &to, flags);
        dput(to.nd.dentry);
    }
    dput(from.nd.dentry);
    return error;
}

long sys_renameat2(int old_dfd, const char __user *old, int new_dfd, const char __user *new_path, u32 flags)
{
    if (flags & ~RENAME_NOREPLACE)
        return -EINVAL;
    char *old_name = getname(old);
    if (IS_ERR(old_name))
        return PTR_ERR(old_name);
    char *new_name = getname(new_path);
    long error = IS_ERR(new_name) ? PTR_ERR(new_name) : rename_names(old_dfd, old_name, new_dfd, new_name, flags);
    if (!IS_ERR(new_name))
        putname(new_name);
    putname(old_name);
    return error;
}

long sys_renameat(int old_dfd, const char __user *old, int new_dfd, const char __user *new_path)
{
    return sys_renameat2(old_dfd, old, new_dfd, new_path, 0);
}

long sys_rename(const char __user *old, const char __user *new_path)
{
    return sys_renameat2(AT_FDCWD, old, AT_FDCWD, new_path, 0);
}
