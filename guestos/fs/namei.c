/*
 * The path walk: from a string to a dentry.
 *
 * One loop over components, no recursion: a symbolic link replaces the path by its target and the rest, at most
 * MAX_LINKS times. `.` stays, `..` goes up and out of mounts but never above the task's root. Mount points are
 * crossed as soon as a component ends on one. The walk holds one reference, on the dentry where it stands.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"
#include "mm/slab.h"

#define MAX_LINKS 40

char *getname_buffer(void) { return kmalloc(PATH_MAX, GFP_KERNEL); }

char *getname_maybe_empty(const char __user *path)
{
    char *name = getname_buffer();
    if (!name)
        return ERR_PTR(-ENOMEM);
    long length = strncpy_from_user(name, path, PATH_MAX);
    if (length >= 0 && length < PATH_MAX)
        return name;
    kfree(name);
    return ERR_PTR(length < 0 ? -EFAULT : -ENAMETOOLONG);
}

char *getname(const char __user *path)
{
    char *name = getname_maybe_empty(path);
    if (IS_ERR(name) || name[0])
        return name;
    kfree(name);
    return ERR_PTR(-ENOENT);
}

void putname(char *name) { kfree(name); }

struct dentry *follow_mounts(struct dentry *dentry)
{
    while (dentry->d_mounted) {
        struct dentry *root = dget(dentry->d_mounted);
        dput(dentry);
        dentry = root;
    }
    return dentry;
}

/* Whoever may add a name to dir, or remove dir, holds its i_mutex, as the caller does: nothing changes while this sleeps. */
struct dentry *lookup_one(struct dentry *dir, const char *name, int length)
{
    struct dentry *dentry = d_lookup(dir, name, length);
    if (dentry) {
        const struct inode_operations *ops = dir->d_inode->i_op;
        if (!ops->revalidate || ops->revalidate(dentry))
            return dentry;
        d_drop(dentry);
        dput(dentry);
    }
    if (dir->d_unlinked)
        return ERR_PTR(-ENOENT);
    dentry = d_alloc(dir, name, length);
    if (!dentry)
        return ERR_PTR(-ENOMEM);
    int error = dir->d_inode->i_op->lookup(dir->d_inode, dentry);
    if (!error)
        return dentry;
    dput(dentry);
    return ERR_PTR(error);
}

static struct dentry *task_root(void) { return current->fs ? current->fs->root : root_dentry; }

/* State of one walk. path moves along `buffer` (owned) or along the caller's string while buffer is NULL. */
struct walk {
    const char *path;
    char *buffer;
    struct dentry *at; /* referenced */
    int links;
    u32 flags;
    struct nameidata *nd;
};

static void walk_to(struct walk *walk, struct dentry *dentry)
{
    dput(walk->at);
    walk->at = dentry;
}

static void walk_up(struct walk *walk)
{
    struct dentry *at = walk->at;
    if (at == task_root())
        return;
    while (at->d_covers && at->d_parent == at)
        at = at->d_covers;
    walk_to(walk, follow_mounts(dget(at->d_parent)));
}

int vfs_readlink(struct inode *inode, char *to, int size)
{
    return inode->i_op->readlink ? inode->i_op->readlink(inode, to, size) : -EINVAL;
}

/* The path becomes the link's target and what was left of the path. */
static int splice_target(struct walk *walk, struct inode *link)
{
    size_t rest = strlen(walk->path);
    if (rest > 16 * PATH_MAX)
        return -ENAMETOOLONG;
    char *buffer = kmalloc(PATH_MAX + rest + 2, GFP_KERNEL);
    if (!buffer)
        return -ENOMEM;
    int length = vfs_readlink(link, buffer, PATH_MAX);
    if (length <= 0) {
        kfree(buffer);
        return length ? length : -ENOENT;
    }
    buffer[length] = '/';
    memcpy(buffer + length + (rest ? 1 : 0), walk->path, rest + 1);
    kfree(walk->buffer);
    walk->buffer = buffer;
    walk->path = buffer;
    return 0;
}

static int follow_link(struct walk *walk, struct dentry *link)
{
    struct inode *inode = link->d_inode;
    if (++walk->links > MAX_LINKS)
        return -ELOOP;
    if (inode->i_op->jump) {
        struct dentry *target = inode->i_op->jump(inode);
        if (IS_ERR(target))
            return (int)PTR_ERR(target);
        walk_to(walk, target);
        return 0;
    }
    int error = splice_target(walk, inode);
    if (!error && walk->path[0] == '/')
        walk_to(walk, follow_mounts(dget(task_root())));
    return error;
}

struct component {
    const char *name;
    int length;
    bool last, slash; /* last of the path; slashes follow */
};

static int next_component(struct walk *walk, struct component *c)
{
    const char *p = walk->path;
    c->name = p;
    while (*p && *p != '/')
        p++;
    if (p - c->name > NAME_MAX)
        return -ENAMETOOLONG;
    c->length = (int)(p - c->name);
    c->slash = *p == '/';
    while (*p == '/')
        p++;
    c->last = *p == '\0';
    walk->path = p;
    return 0;
}

static enum last_type component_type(const struct component *c)
{
    if (c->length == 1 && c->name[0] == '.')
        return LAST_DOT;
    return c->length == 2 && c->name[0] == '.' && c->name[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

static void keep_last(struct walk *walk, const struct component *c)
{
    struct nameidata *nd = walk->nd;
    nd->last_type = component_type(c);
    nd->last_slash = c->slash;
    nd->last_len = c->length;
    memcpy(nd->last, c->name, (size_t)c->length);
    nd->last[c->length] = '\0';
}

/* Steps to a named child. The component's name dies with the buffer when a link replaces it. */
static int walk_down(struct walk *walk, const struct component *c)
{
    struct inode *dir = walk->at->d_inode;
    mutex_lock(&dir->i_mutex);
    struct dentry *child = lookup_one(walk->at, c->name, c->length);
    mutex_unlock(&dir->i_mutex);
    if (IS_ERR(child))
        return (int)PTR_ERR(child);
    child = follow_mounts(child);
    if (!child->d_inode) {
        dput(child);
        return -ENOENT;
    }
    bool follow = !c->last || c->slash || (walk->flags & LOOKUP_FOLLOW);
    if (!S_ISLNK(child->d_inode->i_mode) || !follow) {
        walk_to(walk, child);
        return 0;
    }
    if (c->slash && c->last)
        walk->flags |= LOOKUP_DIRECTORY;
    int error = follow_link(walk, child);
    dput(child);
    return error;
}

static int walk_one(struct walk *walk, bool *stop)
{
    struct component c;
    int error = next_component(walk, &c);
    if (error)
        return error;
    if (!S_ISDIR(walk->at->d_inode->i_mode))
        return -ENOTDIR;
    error = inode_permission(walk->at->d_inode, MAY_EXEC);
    if (error)
        return error;
    if (c.last && (walk->flags & LOOKUP_PARENT)) {
        keep_last(walk, &c);
        *stop = true;
        return 0;
    }
    if (c.last && c.slash)
        walk->flags |= LOOKUP_DIRECTORY;
    enum last_type type = component_type(&c);
    if (type == LAST_DOTDOT)
        walk_up(walk);
    return type == LAST_NORM ? walk_down(walk, &c) : 0;
}

static int walk_all(struct walk *walk)
{
    bool stop = false;
    for (;;) {
        while (*walk->path == '/')
            walk->path++;
        if (*walk->path == '\0')
            break;
        int error = walk_one(walk, &stop);
        if (error)
            return error;
        if (stop)
            return 0;
    }
    if (walk->flags & LOOKUP_PARENT)
        walk->nd->last_type = LAST_ROOT;
    if ((walk->flags & LOOKUP_DIRECTORY) && !S_ISDIR(walk->at->d_inode->i_mode))
        return -ENOTDIR;
    return 0;
}

static int walk_start(struct walk *walk, int dfd)
{
    if (*walk->path == '/') {
        walk->at = follow_mounts(dget(task_root()));
        return 0;
    }
    if (dfd == AT_FDCWD) {
        walk->at = dget(current->fs ? current->fs->pwd : root_dentry);
        return 0;
    }
    struct file *file = fget((unsigned)dfd);
    if (!file)
        return -EBADF;
    walk->at = dget(file->f_dentry);
    fput(file);
    return 0;
}

static int walk_end(struct walk *walk, int error)
{
    kfree(walk->buffer);
    if (error)
        dput(walk->at);
    else
        walk->nd->dentry = walk->at;
    return error;
}

int path_lookup(int dfd, const char *path, u32 flags, struct nameidata *nd)
{
    struct walk walk = {.path = path, .flags = flags, .nd = nd};
    if (!*path && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    int error = walk_start(&walk, dfd);
    return error ? error : walk_end(&walk, walk_all(&walk));
}

int path_lookup_from(struct dentry *start, const char *path, u32 flags, struct nameidata *nd)
{
    struct walk walk = {.path = path, .flags = flags, .nd = nd};
    if (!*path)
        return -ENOENT;
    walk.at = *path == '/' ? follow_mounts(dget(task_root())) : dget(start);
    return walk_end(&walk, walk_all(&walk));
}

int user_path_at(int dfd, const char __user *path, u32 flags, struct dentry **dentry)
{
    struct nameidata nd;
    char *name = flags & LOOKUP_EMPTY ? getname_maybe_empty(path) : getname(path);
    if (IS_ERR(name))
        return (int)PTR_ERR(name);
    int error = path_lookup(dfd, name, flags, &nd);
    putname(name);
    if (!error)
        *dentry = nd.dentry;
    return error;
}
