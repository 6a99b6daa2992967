/*
 * The dentry cache: names, positive and negative.
 *
 * Held true:
 *   1. A hashed dentry is in its parent's d_subdirs and in one hash chain; its parent is referenced by it.
 *   2. d_count = users + children + (1 when its file system pins it). A dentry on unused_list has d_count 0.
 *   3. An unhashed dentry is found by no walk and is freed by its last dput.
 *   4. d_offset grows along d_subdirs: a listing that remembers an offset survives removals and additions.
 * Names that nobody uses stay until memory is short or drop_caches asks; the oldest goes first.
 */
#include "fs/vfs.h"
#include "mm/slab.h"
#include "mm/swap.h"

#define HASH_SIZE 256u
#define FIRST_OFFSET 2u /* 0 and 1 are "." and ".." */

static struct list_head dentry_hashtable[HASH_SIZE];
static LIST_HEAD(unused_list);
static unsigned unused_count;
static kmem_cache_t *dentry_cache;

static int shrink_dcache(int nr_to_scan, gfp_t gfp);

void dcache_init(void)
{
    for (unsigned i = 0; i < HASH_SIZE; i++)
        INIT_LIST_HEAD(&dentry_hashtable[i]);
    dentry_cache = kmem_cache_create("dentry_cache", sizeof(struct dentry), 0, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT, NULL);
    if (!set_shrinker("dcache", 2, shrink_dcache))
        panic("dcache: no memory for the shrinker");
}

static struct list_head *hash_chain(const struct dentry *parent, const char *name, int length)
{
    u32 hash = (u32)(unsigned long)parent >> 4;
    for (int i = 0; i < length; i++)
        hash = (hash ^ (u8)name[i]) * 16777619u;
    return &dentry_hashtable[(hash ^ hash >> 16) % HASH_SIZE];
}

static bool d_hashed(const struct dentry *dentry) { return !list_empty(&dentry->d_hash); }

static struct dentry *alloc_dentry(const char *name, int length)
{
    struct dentry *dentry = kmem_cache_zalloc(dentry_cache, GFP_KERNEL);
    if (!dentry)
        return NULL;
    dentry->d_name = kmalloc((size_t)length + 1, GFP_KERNEL);
    if (!dentry->d_name) {
        kmem_cache_free(dentry_cache, dentry);
        return NULL;
    }
    memcpy(dentry->d_name, name, (size_t)length);
    dentry->d_name[length] = '\0';
    dentry->d_len = (u16)length;
    dentry->d_next_offset = FIRST_OFFSET;
    atomic_set(&dentry->d_count, 1);
    INIT_LIST_HEAD(&dentry->d_child);
    INIT_LIST_HEAD(&dentry->d_subdirs);
    INIT_LIST_HEAD(&dentry->d_hash);
    INIT_LIST_HEAD(&dentry->d_lru);
    return dentry;
}

struct dentry *d_alloc(struct dentry *parent, const char *name, int length)
{
    struct dentry *dentry = alloc_dentry(name, length);
    if (!dentry)
        return NULL;
    dentry->d_parent = dget(parent);
    dentry->d_sb = parent->d_sb;
    return dentry;
}

struct dentry *d_alloc_nameless(struct inode *inode, const char *name)
{
    struct dentry *dentry = inode ? alloc_dentry(name, (int)strlen(name)) : NULL;
    if (!dentry) {
        iput(inode);
        return NULL;
    }
    dentry->d_parent = dentry;
    dentry->d_inode = inode;
    dentry->d_sb = inode->i_sb;
    return dentry;
}

struct dentry *d_alloc_root(struct inode *inode) { return d_alloc_nameless(inode, "/"); }

static void place_in_parent(struct dentry *dentry)
{
    struct dentry *parent = dentry->d_parent;
    dentry->d_offset = parent->d_next_offset++;
    list_add_tail(&dentry->d_child, &parent->d_subdirs);
    list_add(&dentry->d_hash, hash_chain(parent, dentry->d_name, dentry->d_len));
}

void d_add(struct dentry *dentry, struct inode *inode)
{
    dentry->d_inode = inode;
    place_in_parent(dentry);
}

/* The new file goes to the end of its directory's listing. */
void d_instantiate(struct dentry *dentry, struct inode *inode)
{
    BUG_ON(dentry->d_inode != NULL);
    dentry->d_inode = inode;
    if (d_hashed(dentry))
        list_del_init(&dentry->d_hash);
    if (!list_empty(&dentry->d_child))
        list_del_init(&dentry->d_child);
    place_in_parent(dentry);
}

void d_drop(struct dentry *dentry)
{
    if (!d_hashed(dentry))
        return;
    list_del_init(&dentry->d_hash);
    list_del_init(&dentry->d_child);
}

void d_delete(struct dentry *dentry)
{
    d_drop(dentry);
    dentry->d_unlinked = true;
}

static void leave_unused_list(struct dentry *dentry)
{
    if (list_empty(&dentry->d_lru))
        return;
    list_del_init(&dentry->d_lru);
    unused_count--;
}

/* Takes name and parent of target. Their references change hands: both dentries stay consistent without allocation. */
void d_move(struct dentry *dentry, struct dentry *target)
{
    struct dentry *old_parent = dentry->d_parent;
    char *old_name = dentry->d_name;
    u16 old_length = dentry->d_len;
    bool replaced = target->d_inode != NULL;
    d_drop(target);
    d_drop(dentry);
    dentry->d_parent = target->d_parent;
    dentry->d_name = target->d_name;
    dentry->d_len = target->d_len;
    target->d_parent = old_parent;
    target->d_name = old_name;
    target->d_len = old_length;
    target->d_unlinked = replaced;
    place_in_parent(dentry);
}

struct dentry *d_lookup(struct dentry *parent, const char *name, int length)
{
    struct list_head *chain = hash_chain(parent, name, length);
    struct dentry *dentry;
    list_for_each_entry (dentry, chain, d_hash) {
        if (dentry->d_parent != parent || dentry->d_len != length || memcmp(dentry->d_name, name, (size_t)length) != 0)
            continue;
        leave_unused_list(dentry);
        return dget(dentry);
    }
    return NULL;
}

/* Frees a dentry with d_count 0; the parent's reference is the caller's to drop. Returns the parent or NULL. */
static struct dentry *d_kill(struct dentry *dentry)
{
    struct dentry *parent = dentry->d_parent == dentry ? NULL : dentry->d_parent;
    leave_unused_list(dentry);
    d_drop(dentry);
    iput(dentry->d_inode);
    kfree(dentry->d_name);
    kmem_cache_free(dentry_cache, dentry);
    return parent;
}

/* A loop, never a recursion: a name that is freed gives back its parent. */
void dput(struct dentry *dentry)
{
    while (dentry && atomic_dec_and_test(&dentry->d_count)) {
        if (d_hashed(dentry)) {
            list_add_tail(&dentry->d_lru, &unused_list);
            unused_count++;
            return;
        }
        dentry = d_kill(dentry);
    }
}

/* The oldest unused names go. A task inside a file system must not enter one again: a name's inode may go with it. */
static int shrink_dcache(int nr_to_scan, gfp_t gfp)
{
    if (nr_to_scan && !(gfp & __GFP_FS))
        return -1;
    while (nr_to_scan-- > 0 && unused_count)
        dput(d_kill(list_entry(unused_list.next, struct dentry, d_lru)));
    return (int)((u64)unused_count * (unsigned)vfs_cache_pressure / 100);
}

/* Drops every unused name below root: before an unmount. */
void d_prune_super(struct super_block *sb)
{
    unsigned others = 0; /* looked at since the last that went: freeing sleeps, and parents join the list */
    while (others < unused_count) {
        struct dentry *dentry = list_entry(unused_list.next, struct dentry, d_lru);
        if (dentry->d_sb != sb) {
            list_move_tail(&dentry->d_lru, &unused_list);
            others++;
            continue;
        }
        dput(d_kill(dentry));
        others = 0;
    }
}

struct path_buffer {
    char *start;
    int room;
};

static bool prepend(struct path_buffer *to, const char *text, int length)
{
    if (to->room < length)
        return false;
    to->room -= length;
    to->start -= length;
    memcpy(to->start, text, (size_t)length);
    return true;
}

static bool prepend_components(struct path_buffer *to, struct dentry *dentry)
{
    bool any = false;
    for (;;) {
        if (current->fs && dentry == current->fs->root)
            break;
        if (dentry->d_covers) {
            dentry = dentry->d_covers;
            continue;
        }
        if (dentry->d_parent == dentry)
            break;
        if (!prepend(to, dentry->d_name, dentry->d_len) || !prepend(to, "/", 1))
            return false;
        any = true;
        dentry = dentry->d_parent;
    }
    return any || prepend(to, "/", 1);
}

char *d_path(struct dentry *dentry, char *buf, int size)
{
    static const char deleted[] = " (deleted)";
    struct path_buffer to = {buf + size, size};
    bool nameless = dentry->d_parent == dentry && !dentry->d_covers && dentry != root_dentry;
    bool fits = prepend(&to, "", 1);
    if (dentry->d_unlinked)
        fits = fits && prepend(&to, deleted, (int)sizeof(deleted) - 1);
    fits = fits && (nameless ? prepend(&to, dentry->d_name, dentry->d_len) : prepend_components(&to, dentry));
    return fits ? to.start : ERR_PTR(-ENAMETOOLONG);
}

const char *vma_file_name(const struct vm_area_struct *vma, char *buf, int size)
{
    if (!vma->vm_file)
        return "";
    char *path = d_path(vma->vm_file->f_dentry, buf, size);
    return IS_ERR(path) ? vma->vm_file->f_dentry->d_name : path;
}

int dcache_iterate(struct file *file, struct dir_context *context)
{
    static const u8 types[16] = {[S_IFIFO >> 12] = DT_FIFO, [S_IFCHR >> 12] = DT_CHR, [S_IFDIR >> 12] = DT_DIR,
                                 [S_IFBLK >> 12] = DT_BLK,  [S_IFREG >> 12] = DT_REG, [S_IFLNK >> 12] = DT_LNK};
    struct dentry *dir = file->f_dentry, *dentry;
    struct dentry *up = dir->d_covers ? dir->d_covers->d_parent : dir->d_parent;
    if (context->pos == 0) {
        if (!context->emit(context, ".", 1, dir->d_inode->i_ino, DT_DIR))
            return 0;
        context->pos = 1;
    }
    if (context->pos == 1) {
        if (!context->emit(context, "..", 2, up->d_inode->i_ino, DT_DIR))
            return 0;
        context->pos = FIRST_OFFSET;
    }
    list_for_each_entry (dentry, &dir->d_subdirs, d_child) {
        const struct inode *inode = dentry->d_inode;
        if (dentry->d_offset < context->pos || !inode)
            continue;
        context->pos = dentry->d_offset;
        if (!context->emit(context, dentry->d_name, dentry->d_len, inode->i_ino, types[(inode->i_mode >> 12) & 15]))
            return 0;
        context->pos = (loff_t)dentry->d_offset + 1;
    }
    return 0;
}
