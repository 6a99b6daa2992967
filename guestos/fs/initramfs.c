/*
 * The initial file tree: cpio archives of format "newc" (magic 070701, or 070702 with checksums), one after another.
 *
 *   110 bytes: magic and 13 fields of 8 hexadecimal digits | name with NUL, padded to 4 | data, padded to 4
 *
 * The archive is not trusted: every length is compared with what is left before it is used, names must end in NUL
 * inside their length, and a name that leaves the tree is refused. Data go straight into the page cache, a piece at a
 * time, and who gave the archive is told how far it has been read: a small machine has no room for everything twice.
 * Entries with more than one link and equal inode numbers are one
 * file; the data may come with any of them. Unpacking stops at the first mistake with one sentence on the console.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "mm/slab.h"

#define HEADER_SIZE 110u
#define FIELDS 13
#define TRAILER "TRAILER!!!"
#define PIECE 65536u

enum field { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEVMAJOR, DEVMINOR, RDEVMAJOR, RDEVMINOR, NAMESIZE, CHECK };

struct hard_link {
    struct hard_link *next;
    u32 ino, major, minor;
    struct dentry *dentry; /* referenced */
};

struct unpack {
    const u8 *bytes;
    size_t size, at;
    void (*read_up_to)(size_t bytes); /* may be NULL */
    bool open;                        /* entries since the last trailer */
    bool any;
    struct hard_link *links;
    /* the entry in hand */
    u32 field[FIELDS];
    const char *name; /* inside the archive, NUL at name[NAMESIZE - 1] */
    const u8 *data;
    char path[PATH_MAX];
};

static int refuse(const struct unpack *u, const char *what)
{
    printk(KERN_ERR
           "initramfs: %s at byte %u of %u; the archive is cut short or damaged, or is not an uncompressed cpio "
           "archive of format newc\n",
           what, (u32)u->at, (u32)u->size);
    return -EINVAL;
}

static bool parse_field(const u8 *digits, u32 *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        u8 c = digits[i], digit;
        if (c >= '0' && c <= '9')
            digit = (u8)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (u8)((c | 0x20) - 'a' + 10);
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static size_t left(const struct unpack *u) { return u->size - u->at; }

/* Moves over `length` bytes and the padding behind them; false when they are not there. Padding may be missing at the
 * end. */
static bool take(struct unpack *u, size_t length)
{
    if (length > left(u))
        return false;
    u->at += length;
    u->at += min_t(size_t, (0 - u->at) & 3, left(u));
    return true;
}

static int parse_entry(struct unpack *u)
{
    const u8 *header = u->bytes + u->at;
    if (left(u) < HEADER_SIZE)
        return refuse(u, "a header that is not complete");
    if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
        return refuse(u, "no cpio header");
    for (int i = 0; i < FIELDS; i++)
        if (!parse_field(header + 6 + 8 * i, &u->field[i]))
            return refuse(u, "a header with a digit that is not hexadecimal");
    u32 name_size = u->field[NAMESIZE];
    if (name_size == 0 || name_size > PATH_MAX - 2)
        return refuse(u, "a name of impossible length");
    if (name_size > left(u) - HEADER_SIZE)
        return refuse(u, "a name that is not complete");
    u->name = (const char *)header + HEADER_SIZE;
    if (strnlen(u->name, name_size) != name_size - 1)
        return refuse(u, "a name that does not end where it should");
    take(u, HEADER_SIZE + name_size);
    u->data = u->bytes + u->at;
    return u->field[FILESIZE] <= left(u) ? 0 : refuse(u, "a file whose data are not complete");
}

/* "./a//b" and "/a/b" -> "/a/b" in u->path. False: "..", or nothing but the root. */
static bool clean_path(struct unpack *u)
{
    char *to = u->path;
    const char *p = u->name;
    while (*p) {
        while (*p == '/')
            p++;
        size_t length = 0;
        while (p[length] && p[length] != '/')
            length++;
        bool dot = length == 1 && p[0] == '.';
        if (length == 2 && p[0] == '.' && p[1] == '.')
            return false;
        if (length && !dot) {
            *to++ = '/';
            memcpy(to, p, length);
            to += length;
        }
        p += length;
    }
    *to = '\0';
    return true;
}

static void make_parents(struct unpack *u)
{
    for (char *slash = strchr(u->path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        struct dentry *made = kernel_create(u->path, S_IFDIR | 0755, 0, NULL);
        if (!IS_ERR(made))
            dput(made);
        *slash = '/';
    }
}

static void set_attributes(const struct unpack *u, struct inode *inode)
{
    inode->i_mode = (umode_t)((inode->i_mode & S_IFMT) | (u->field[MODE] & 07777));
    inode->i_uid = u->field[UID];
    inode->i_gid = u->field[GID];
    inode->i_mtime = inode->i_ctime = inode->i_atime = (struct timespec64){u->field[MTIME], 0};
}

/* A later entry replaces an earlier one of another kind, and one's data; a directory stays a directory. */
static struct dentry *existing(struct unpack *u, u32 type)
{
    struct nameidata nd;
    int error = path_lookup(AT_FDCWD, u->path, 0, &nd);
    if (error)
        return error == -ENOENT ? NULL : ERR_PTR(error);
    umode_t mode = nd.dentry->d_inode->i_mode;
    if ((mode & S_IFMT) == type && (S_ISDIR(mode) || S_ISREG(mode)))
        return nd.dentry;
    struct dentry *parent = nd.dentry->d_parent;
    struct inode *dir = parent->d_inode;
    mutex_lock(&dir->i_mutex);
    error = S_ISDIR(mode) ? -EEXIST : dir->i_op->unlink(dir, nd.dentry);
    mutex_unlock(&dir->i_mutex);
    dput(nd.dentry);
    return error ? ERR_PTR(error) : NULL;
}

static struct dentry *make_name(struct unpack *u, const char *link_target)
{
    u32 mode = u->field[MODE], type = mode & S_IFMT;
    struct dentry *dentry = existing(u, type);
    if (dentry)
        return dentry;
    dev_t dev = MKDEV(u->field[RDEVMAJOR], u->field[RDEVMINOR]);
    dentry = kernel_create(u->path, (umode_t)mode, dev, link_target);
    if (!IS_ERR(dentry) || PTR_ERR(dentry) != -ENOENT)
        return dentry;
    make_parents(u);
    return kernel_create(u->path, (umode_t)mode, dev, link_target);
}

/* The bytes of the archive before `bytes` are not looked at again. */
static void done_with(const struct unpack *u, size_t bytes)
{
    if (u->read_up_to)
        u->read_up_to(bytes);
}

/* The data of the entry in hand. 0 or -errno. */
static int copy_data(const struct unpack *u, struct file *file)
{
    u32 size = u->field[FILESIZE];
    for (u32 at = 0; at < size;) {
        ssize_t done = kernel_write(file, at, u->data + at, min_t(u32, PIECE, size - at));
        if (done <= 0)
            return done ? (int)done : -ENOMEM;
        at += (u32)done;
        done_with(u, (size_t)(u->data - u->bytes) + at);
    }
    return 0;
}

static int fill_file(struct unpack *u, struct dentry *dentry)
{
    struct file *file = dentry_open(dget(dentry), O_RDWR | O_LARGEFILE);
    if (IS_ERR(file))
        return (int)PTR_ERR(file);
    int error = do_truncate(dentry->d_inode, 0);
    if (!error)
        error = copy_data(u, file);
    fput(file);
    return error;
}

static struct hard_link *find_link(const struct unpack *u)
{
    for (struct hard_link *l = u->links; l; l = l->next)
        if (l->ino == u->field[INO] && l->major == u->field[DEVMAJOR] && l->minor == u->field[DEVMINOR])
            return l;
    return NULL;
}

static int remember_link(struct unpack *u, struct dentry *dentry)
{
    struct hard_link *l = kmalloc(sizeof(*l), GFP_KERNEL);
    if (!l)
        return -ENOMEM;
    *l = (struct hard_link){u->links, u->field[INO], u->field[DEVMAJOR], u->field[DEVMINOR], dget(dentry)};
    u->links = l;
    return 0;
}

static void forget_links(struct unpack *u)
{
    while (u->links) {
        struct hard_link *l = u->links;
        u->links = l->next;
        dput(l->dentry);
        kfree(l);
    }
}

/* Another name of a file that is there already. */
static int link_name(struct unpack *u, const struct hard_link *first)
{
    struct nameidata nd;
    int error = path_lookup(AT_FDCWD, u->path, LOOKUP_PARENT, &nd);
    if (error == -ENOENT) {
        make_parents(u);
        error = path_lookup(AT_FDCWD, u->path, LOOKUP_PARENT, &nd);
    }
    if (error)
        return error;
    struct inode *dir = nd.dentry->d_inode;
    mutex_lock(&dir->i_mutex);
    struct dentry *dentry = lookup_one(nd.dentry, nd.last, nd.last_len);
    if (IS_ERR(dentry)) {
        error = (int)PTR_ERR(dentry);
    } else {
        if (dentry->d_inode)
            error = dentry->d_inode == first->dentry->d_inode ? 0 : -EEXIST;
        else
            error = dir->i_op->link ? dir->i_op->link(first->dentry, dir, dentry) : -EPERM;
        dput(dentry);
    }
    mutex_unlock(&dir->i_mutex);
    dput(nd.dentry);
    return error;
}

static int unpack_regular(struct unpack *u)
{
    struct hard_link *first = u->field[NLINK] > 1 ? find_link(u) : NULL;
    if (first) {
        int error = link_name(u, first);
        return error || !u->field[FILESIZE] ? error : fill_file(u, first->dentry);
    }
    struct dentry *dentry = make_name(u, NULL);
    if (IS_ERR(dentry))
        return (int)PTR_ERR(dentry);
    int error = fill_file(u, dentry);
    set_attributes(u, dentry->d_inode);
    if (!error && u->field[NLINK] > 1)
        error = remember_link(u, dentry);
    dput(dentry);
    return error;
}

static int unpack_symlink(struct unpack *u)
{
    u32 size = u->field[FILESIZE];
    if (size == 0 || size >= PATH_MAX)
        return -EINVAL;
    char *target = getname_buffer();
    if (!target)
        return -ENOMEM;
    memcpy(target, u->data, size);
    target[size] = '\0';
    struct dentry *dentry = make_name(u, target);
    putname(target);
    if (IS_ERR(dentry))
        return (int)PTR_ERR(dentry);
    dput(dentry);
    return 0;
}

static int unpack_other(struct unpack *u)
{
    struct dentry *dentry = make_name(u, NULL);
    if (IS_ERR(dentry))
        return (int)PTR_ERR(dentry);
    set_attributes(u, dentry->d_inode);
    dput(dentry);
    return 0;
}

static int unpack_entry(struct unpack *u)
{
    int error = -EINVAL;
    if (!clean_path(u))
        return refuse(u, "a name with \"..\"");
    if (u->path[0] == '\0')
        return 0;
    switch (u->field[MODE] & S_IFMT) {
    case S_IFREG: error = unpack_regular(u); break;
    case S_IFLNK: error = unpack_symlink(u); break;
    case S_IFDIR:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK: error = unpack_other(u); break;
    default: return refuse(u, "an entry of unknown kind");
    }
    if (error == -ENOMEM)
        printk(KERN_ERR "initramfs: no memory for %s; the machine needs more memory or a smaller archive\n", u->path);
    else if (error)
        printk(KERN_ERR "initramfs: cannot make %s: error %d\n", u->path, -error);
    return error;
}

/* Archive after archive, each up to its trailer; zeroes between them are skipped. */
static int unpack_all(struct unpack *u)
{
    while (left(u)) {
        if (u->bytes[u->at] == 0) {
            u->at++;
            continue;
        }
        int error = parse_entry(u);
        if (error)
            return error;
        u->open = strcmp(u->name, TRAILER) != 0;
        u->any = true;
        if (!u->open)
            forget_links(u);
        else
            error = unpack_entry(u);
        if (error)
            return error;
        take(u, u->field[FILESIZE]);
        done_with(u, u->at);
    }
    if (u->open)
        return refuse(u, "no trailer");
    return u->any ? 0 : refuse(u, "no entry");
}

int unpack_initramfs(const void *cpio, size_t size, void (*read_up_to)(size_t bytes))
{
    struct unpack *u = kzalloc(sizeof(*u), GFP_KERNEL);
    if (!u)
        return -ENOMEM;
    u->bytes = cpio;
    u->size = size;
    u->read_up_to = read_up_to;
    int error = unpack_all(u);
    forget_links(u);
    kfree(u);
    return error;
}
