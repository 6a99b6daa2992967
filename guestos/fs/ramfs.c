/*
 * ramfs: files that live in the page cache and nowhere else.
 *
 * A name is a dentry with one more reference than its users hold: that reference is the file system's directory entry.
 * A file's bytes are its address_space; a page that is not there is a hole and reads as zeroes. Nothing is ever
 * written back, so dirty pages carry the flag only and the radix tree's dirty tag stays clear.
 */
#include "fs/vfs.h"
#include "mm/highmem.h"
#include "mm/slab.h"
#include "mm/swap.h"

static const struct inode_operations dir_inode_operations, symlink_inode_operations;
static const struct file_operations dir_operations;

static int ramfs_readpage(struct file *file, struct page *page)
{
    (void)file;
    clear_highpage(page);
    SetPageUptodate(page);
    unlock_page(page);
    return 0;
}

static int ramfs_set_page_dirty(struct page *page)
{
    bool was_clean = !PageDirty(page);
    SetPageDirty(page);
    return was_clean;
}

static const struct address_space_operations ramfs_aops = {
    .readpage = ramfs_readpage,
    .set_page_dirty = ramfs_set_page_dirty,
};

static int ramfs_truncate(struct inode *inode, loff_t size)
{
    inode->i_size = size;
    truncate_inode_pages(inode->i_mapping, size);
    return 0;
}

const struct inode_operations ramfs_file_inode_operations = {.truncate = ramfs_truncate};

static int ramfs_fsync(struct file *file)
{
    (void)file;
    return 0;
}

static ssize_t ramfs_write_kernel(struct file *file, const char *from, size_t count)
{
    mutex_lock(&file->f_inode->i_mutex);
    ssize_t done = kernel_write(file, file->f_pos, from, count);
    if (done > 0) {
        file->f_pos += done;
        touch_mtime(file->f_inode);
    }
    mutex_unlock(&file->f_inode->i_mutex);
    return done;
}

const struct file_operations ramfs_file_operations = {
    .read = generic_file_read,
    .write = generic_file_write,
    .write_kernel = ramfs_write_kernel,
    .llseek = generic_file_llseek,
    .mmap = generic_file_mmap,
    .fsync = ramfs_fsync,
};

struct inode *ramfs_inode(struct super_block *sb, umode_t mode, dev_t dev)
{
    struct inode *inode = new_inode(sb, mode);
    if (!inode)
        return NULL;
    inode->i_data.a_ops = &ramfs_aops;
    inode->i_data.gfp_mask = GFP_HIGHUSER;
    inode->i_op = &ramfs_file_inode_operations;
    switch (mode & S_IFMT) {
    case S_IFREG:
        inode->i_fop = &ramfs_file_operations;
        if (sb->s_magic == TMPFS_MAGIC && shmem_init_inode(inode)) {
            inode->i_mode = 0; /* nothing to evict yet */
            iput(inode);
            return NULL;
        }
        break;
    case S_IFDIR:
        inode->i_op = &dir_inode_operations;
        inode->i_fop = &dir_operations;
        inode->i_nlink = 2;
        break;
    case S_IFLNK: inode->i_op = &symlink_inode_operations; break;
    default: init_special_inode(inode, dev);
    }
    return inode;
}

/* Every name that exists is in the dentry cache: what is not found there does not exist. */
static int ramfs_lookup(struct inode *dir, struct dentry *dentry)
{
    (void)dir;
    d_add(dentry, NULL);
    return 0;
}

static void hold_name(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
    if (dir->i_mode & 02000) {
        inode->i_gid = dir->i_gid;
        if (S_ISDIR(inode->i_mode))
            inode->i_mode |= 02000;
    }
    d_instantiate(dget(dentry), inode);
    touch_mtime(dir);
}

static int ramfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
    struct inode *inode = ramfs_inode(dir->i_sb, mode, dev);
    if (!inode)
        return -ENOMEM;
    hold_name(dir, dentry, inode);
    return 0;
}

static int ramfs_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
    return ramfs_mknod(dir, dentry, mode, 0);
}

static int ramfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
    int error = ramfs_mknod(dir, dentry, mode, 0);
    if (!error)
        dir->i_nlink++;
    return error;
}

static int ramfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
    size_t length = strlen(target);
    char *text = kmalloc(length + 1, GFP_KERNEL);
    struct inode *inode = text ? ramfs_inode(dir->i_sb, S_IFLNK | 0777, 0) : NULL;
    if (!inode) {
        kfree(text);
        return -ENOMEM;
    }
    memcpy(text, target, length + 1);
    inode->i_private = text;
    inode->i_size = (loff_t)length;
    hold_name(dir, dentry, inode);
    return 0;
}

static int ramfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
    struct inode *inode = old->d_inode;
    igrab(inode);
    inode->i_nlink++;
    inode->i_ctime = current_time();
    d_instantiate(dget(dentry), inode);
    touch_mtime(dir);
    return 0;
}

/* The directory entry goes; the file lives on while it is open or has other names. */
static void drop_name(struct dentry *dentry)
{
    dentry->d_inode->i_nlink--;
    dentry->d_inode->i_ctime = current_time();
    dput(dentry);
}

static int ramfs_unlink(struct inode *dir, struct dentry *dentry)
{
    touch_mtime(dir);
    drop_name(dentry);
    d_delete(dentry);
    return 0;
}

static bool is_empty_dir(const struct dentry *dir)
{
    struct dentry *child;
    list_for_each_entry (child, &dir->d_subdirs, d_child)
        if (child->d_inode)
            return false;
    return true;
}

static int ramfs_rmdir(struct inode *dir, struct dentry *dentry)
{
    if (!is_empty_dir(dentry))
        return -ENOTEMPTY;
    dentry->d_inode->i_nlink--;
    dir->i_nlink--;
    return ramfs_unlink(dir, dentry);
}

static int ramfs_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *replaced)
{
    bool directory = S_ISDIR(old->d_inode->i_mode);
    if (replaced->d_inode) {
        if (directory && !is_empty_dir(replaced))
            return -ENOTEMPTY;
        if (directory) {
            replaced->d_inode->i_nlink--;
            new_dir->i_nlink--;
        }
        drop_name(replaced);
    }
    if (directory) {
        old_dir->i_nlink--;
        new_dir->i_nlink++;
    }
    touch_mtime(old_dir);
    touch_mtime(new_dir);
    old->d_inode->i_ctime = current_time();
    return 0;
}

static int ramfs_readlink(struct inode *inode, char *to, int size)
{
    int length = min_t(int, inode->i_size, size);
    memcpy(to, inode->i_private, (size_t)length);
    return length;
}

static const struct inode_operations dir_inode_operations = {
    .lookup = ramfs_lookup,
    .create = ramfs_create,
    .link = ramfs_link,
    .unlink = ramfs_unlink,
    .symlink = ramfs_symlink,
    .mkdir = ramfs_mkdir,
    .rmdir = ramfs_rmdir,
    .mknod = ramfs_mknod,
    .rename = ramfs_rename,
};

static const struct inode_operations symlink_inode_operations = {.readlink = ramfs_readlink};

static const struct file_operations dir_operations = {
    .iterate = dcache_iterate,
    .llseek = generic_file_llseek,
    .fsync = ramfs_fsync,
};

static void ramfs_evict(struct inode *inode)
{
    if (S_ISLNK(inode->i_mode))
        kfree(inode->i_private);
    else if (S_ISREG(inode->i_mode) && inode->i_sb->s_magic == TMPFS_MAGIC)
        shmem_evict_inode(inode);
}

/* Unmount: all names lose the file system's reference, deepest first by walking down to a leaf each time. */
static void ramfs_kill(struct super_block *sb)
{
    struct dentry *at = sb->s_root;
    for (;;) {
        d_prune_super(sb);
        if (!list_empty(&at->d_subdirs)) {
            at = list_entry(at->d_subdirs.next, struct dentry, d_child);
            continue;
        }
        if (at == sb->s_root)
            return;
        struct dentry *parent = at->d_parent;
        d_delete(at);
        dput(at);
        at = parent;
    }
}

struct super_block *ramfs_super(const char *type, const char *source)
{
    struct super_block *sb = new_super(type, source, strcmp(type, "tmpfs") == 0 ? TMPFS_MAGIC : RAMFS_MAGIC);
    if (!sb)
        return ERR_PTR(-ENOMEM);
    sb->evict_inode = ramfs_evict;
    sb->kill = ramfs_kill;
    sb->s_root = d_alloc_root(ramfs_inode(sb, S_IFDIR | 0755, 0));
    if (sb->s_root)
        return sb;
    free_super(sb);
    return ERR_PTR(-ENOMEM);
}
