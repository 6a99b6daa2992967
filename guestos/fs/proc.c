/*
 * procfs: the machinery. What is in it is in the tables of proc_system.c and proc_pid.c.
 *
 * An inode carries its table entry and a context (which task, which descriptor). Directories have named children from
 * the table and, some, numbered ones: tasks, threads, descriptors. Nothing here holds a task: each operation
 * finds it by pid again, and a dentry whose task or descriptor is gone is dropped by revalidate.
 *
 * A text is made whole when it is read at offset 0 and kept with the open file, so that a reader in pieces sees one
 * state; reading at 0 again makes it again. A table that is too long for that (pagemap) is read piece by piece.
 */
#include "fs/proc.h"
#include "fs/vfs.h"
#include "asm/uaccess.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

#define TEXT_MIN 2048
#define TEXT_KMALLOC (32 << 10) /* longer ones by vmalloc */
#define TEXT_MAX (16 << 20)     /* longer texts end there */
#define FIRST_NUMBER 256        /* listing offset of number 0 */

struct proc_inode {
    const struct proc_entry *entry;
    struct proc_context context;
};

struct proc_text {
    int length;
    char bytes[];
};

static const struct inode_operations proc_dir_inode_operations, proc_file_inode_operations;
static const struct file_operations proc_dir_operations, proc_text_operations;

static const struct proc_inode *info_of(const struct inode *inode) { return inode->i_private; }

static u32 start_of(const struct task_struct *task) { return (u32)(task->start_time >> 10); }

struct task_struct *proc_task(const struct proc_context *context)
{
    struct task_struct *task = context->pid ? find_task_by_pid(context->pid) : NULL;
    return task && start_of(task) == context->start ? task : NULL;
}

/* ---- inodes ---- */

static struct inode *proc_inode(struct super_block *sb, const struct proc_entry *entry, struct proc_context context)
{
    struct proc_inode *info = kmalloc(sizeof(*info), GFP_KERNEL);
    struct inode *inode = info ? new_inode(sb, entry->mode) : NULL;
    if (!inode) {
        kfree(info);
        return NULL;
    }
    struct task_struct *task = find_task_by_pid(context.pid);
    context.start = task && context.pid ? start_of(task) : 0;
    *info = (struct proc_inode){entry, context};
    inode->i_private = info;
    inode->i_uid = task && context.pid ? task->euid : 0;
    inode->i_gid = task && context.pid ? task->egid : 0;
    inode->i_op = S_ISDIR(entry->mode) ? &proc_dir_inode_operations : &proc_file_inode_operations;
    inode->i_fop = S_ISDIR(entry->mode) ? &proc_dir_operations : S_ISREG(entry->mode) ? &proc_text_operations : NULL;
    inode->i_nlink = S_ISDIR(entry->mode) ? 2 : 1;
    return inode;
}

static void proc_evict(struct inode *inode) { kfree(inode->i_private); }

/* ---- links ---- */

static struct dentry *proc_jump(struct inode *inode)
{
    const struct proc_inode *info = info_of(inode);
    return info->entry->jump(&info->context);
}

static int proc_readlink(struct inode *inode, char *to, int size)
{
    const struct proc_inode *info = info_of(inode);
    if (!info->entry->jump)
        return info->entry->show ? info->entry->show(&info->context, to, size) : -EINVAL;
    struct dentry *target = info->entry->jump(&info->context);
    if (IS_ERR(target))
        return (int)PTR_ERR(target);
    char *buffer = getname_buffer();
    char *path = buffer ? d_path(target, buffer, PATH_MAX) : ERR_PTR(-ENOMEM);
    int length = IS_ERR(path) ? (int)PTR_ERR(path) : (int)min_t(size_t, strlen(path), size);
    if (length > 0)
        memcpy(to, path, (size_t)length);
    putname(buffer);
    dput(target);
    return length;
}

/* A link of text is walked like any other; only a link to an object jumps. */
static const struct inode_operations proc_file_inode_operations = {.readlink = proc_readlink};
static const struct inode_operations proc_jump_inode_operations = {.readlink = proc_readlink, .jump = proc_jump};

/* ---- directories ---- */

static bool parse_number(const char *name, int length, u32 *number)
{
    *number = 0;
    if (length == 0 || length > 9 || (name[0] == '0' && length > 1))
        return false;
    for (int i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        *number = *number * 10 + (u32)(name[i] - '0');
    }
    return true;
}

static bool has_fd(const struct proc_context *context, u32 fd)
{
    const struct task_struct *task = proc_task(context);
    return task && task->files && fd < task->files->max_fds && task->files->fd[fd].file;
}

static bool number_exists(const struct proc_inode *dir, u32 number)
{
    const struct task_struct *task = find_task_by_pid((pid_t)number), *owner;
    switch (dir->entry->numbered) {
    case PROC_PIDS: return number && task;
    case PROC_THREADS: owner = proc_task(&dir->context); return owner && task && task->tgid == owner->tgid;
    case PROC_FDS: return has_fd(&dir->context, number);
    default: return false;
    }
}

static struct inode *numbered_inode(struct inode *dir, u32 number)
{
    const struct proc_inode *info = info_of(dir);
    struct proc_context context = info->context;
    const struct proc_entry *entry = &proc_pid_dir;
    if (info->entry->numbered == PROC_FDS) {
        context.fd = (int)number;
        entry = &proc_fd_link;
    } else {
        context.pid = (pid_t)number;
        context.thread = info->entry->numbered == PROC_THREADS;
        entry = context.thread ? &proc_thread_dir : &proc_pid_dir;
    }
    return proc_inode(dir->i_sb, entry, context);
}

static struct inode *named_inode(struct inode *dir, const char *name)
{
    const struct proc_inode *info = info_of(dir);
    for (const struct proc_entry *entry = info->entry->children; entry && entry->name; entry++)
        if (strcmp(entry->name, name) == 0)
            return proc_inode(dir->i_sb, entry, info->context);
    return ERR_PTR(-ENOENT);
}

static int proc_lookup(struct inode *dir, struct dentry *dentry)
{
    u32 number;
    struct inode *inode;
    const struct proc_inode *info = info_of(dir);
    if (info->context.pid && !proc_task(&info->context))
        return -ENOENT;
    if (parse_number(dentry->d_name, dentry->d_len, &number) && number_exists(info, number))
        inode = numbered_inode(dir, number);
    else
        inode = named_inode(dir, dentry->d_name);
    if (IS_ERR(inode)) /* an error and no negative dentry: a task may come to have this number */
        return (int)PTR_ERR(inode);
    if (!inode)
        return -ENOMEM;
    if (S_ISLNK(inode->i_mode) && info_of(inode)->entry->jump)
        inode->i_op = &proc_jump_inode_operations;
    d_add(dentry, inode);
    return 0;
}

static bool proc_revalidate(struct dentry *dentry)
{
    if (!dentry->d_inode)
        return false;
    const struct proc_context *context = &info_of(dentry->d_inode)->context;
    if (!context->pid)
        return true;
    if (info_of(dentry->d_inode)->entry == &proc_fd_link)
        return has_fd(context, (u32)context->fd);
    return proc_task(context) != NULL;
}

static const struct inode_operations proc_dir_inode_operations = {.lookup = proc_lookup, .revalidate = proc_revalidate};

/* The smallest number that exists at or after `from`; -1: none. */
static int next_number(const struct proc_inode *dir, u32 from)
{
    struct task_struct *task, *owner = proc_task(&dir->context);
    int best = -1;
    if (dir->entry->numbered == PROC_FDS) {
        for (u32 fd = from; owner && owner->files && fd < owner->files->max_fds; fd++)
            if (has_fd(&dir->context, fd))
                return (int)fd;
        return -1;
    }
    for_each_task (task) {
        bool member = dir->entry->numbered == PROC_PIDS ? task->pid == task->tgid : owner && task->tgid == owner->tgid;
        if (member && task->pid > 0 && (u32)task->pid >= from && (best < 0 || task->pid < best))
            best = task->pid;
    }
    return best;
}

static bool emit_dots(struct file *file, struct dir_context *context)
{
    struct dentry *dir = file->f_dentry;
    struct dentry *up = dir->d_covers ? dir->d_covers->d_parent : dir->d_parent;
    if (context->pos == 0) {
        if (!context->emit(context, ".", 1, dir->d_inode->i_ino, DT_DIR))
            return false;
        context->pos = 1;
    }
    if (context->pos == 1) {
        if (!context->emit(context, "..", 2, up->d_inode->i_ino, DT_DIR))
            return false;
        context->pos = 2;
    }
    return true;
}

static bool emit_named(const struct proc_inode *info, struct dir_context *context)
{
    const struct proc_entry *entry = info->entry->children;
    for (loff_t pos = 2; entry && entry->name && pos < FIRST_NUMBER; entry++, pos++) {
        if (pos < context->pos)
            continue;
        unsigned type = S_ISDIR(entry->mode) ? DT_DIR : S_ISLNK(entry->mode) ? DT_LNK : DT_REG;
        if (!context->emit(context, entry->name, (int)strlen(entry->name), (u32)pos + 1000, type))
            return false;
        context->pos = pos + 1;
    }
    if (context->pos < FIRST_NUMBER)
        context->pos = FIRST_NUMBER;
    return true;
}

static int proc_iterate(struct file *file, struct dir_context *context)
{
    const struct proc_inode *info = info_of(file->f_inode);
    char name[12];
    if (info->context.pid && !proc_task(&info->context))
        return -ENOENT;
    if (!emit_dots(file, context) || !emit_named(info, context) || !info->entry->numbered)
        return 0;
    unsigned type = info->entry->numbered == PROC_FDS ? DT_LNK : DT_DIR;
    for (;;) {
        int number = next_number(info, (u32)(context->pos - FIRST_NUMBER));
        if (number < 0)
            return 0;
        context->pos = (loff_t)number + FIRST_NUMBER;
        int length = snprintf(name, sizeof(name), "%d", number);
        if (!context->emit(context, name, length, (u32)number + 10000, type))
            return 0;
        context->pos++;
    }
}

static const struct file_operations proc_dir_operations = {.iterate = proc_iterate, .llseek = generic_file_llseek};

/* ---- texts ---- */

static struct proc_text *alloc_text(int size)
{
    return size <= TEXT_KMALLOC ? kmalloc((size_t)size, GFP_KERNEL) : vmalloc((unsigned long)size);
}

static int show_entry(const struct proc_inode *info, char *buf, int size)
{
    const struct proc_entry *entry = info->entry;
    if (entry->ctl)
        return proc_ctl_show(entry->ctl, buf, size);
    return entry->show ? entry->show(&info->context, buf, size) : -EINVAL;
}

/* Makes the text in ever larger buffers until it fits. NULL with *error set on failure. */
static struct proc_text *make_text(const struct proc_inode *info, int *error)
{
    for (int size = TEXT_MIN;; size *= 2) {
        struct proc_text *text = alloc_text(size);
        *error = -ENOMEM;
        if (!text)
            return NULL;
        int room = size - (int)sizeof(*text);
        text->length = show_entry(info, text->bytes, room);
        if (text->length >= 0 && (text->length < room - 1 || size >= TEXT_MAX))
            return text;
        *error = text->length;
        kvfree(text);
        if (*error < 0)
            return NULL;
    }
}

static ssize_t read_text(struct file *file, char __user *to, size_t count, loff_t *pos)
{
    int error;
    if (*pos == 0 || !file->private_data) {
        struct proc_text *fresh = make_text(info_of(file->f_inode), &error);
        if (!fresh)
            return error;
        kvfree(file->private_data);
        file->private_data = fresh;
    }
    const struct proc_text *text = file->private_data;
    if (*pos >= text->length)
        return 0;
    size_t bytes = min_t(size_t, count, text->length - *pos);
    size_t missed = copy_to_user(to, text->bytes + *pos, bytes);
    if (missed && missed == bytes)
        return -EFAULT;
    *pos += (loff_t)(bytes - missed);
    return (ssize_t)(bytes - missed);
}

static ssize_t proc_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
    const struct proc_inode *info = info_of(file->f_inode);
    if (info->entry->read_at)
        return info->entry->read_at(&info->context, to, count, pos);
    if (info->entry->ctl && *pos) /* one read gets all of a number, or what fits */
        return 0;
    return read_text(file, to, count, pos);
}

static ssize_t store_entry(const struct proc_inode *info, char *bytes, size_t count)
{
    const struct proc_entry *entry = info->entry;
    return entry->ctl ? proc_ctl_store(entry->ctl, bytes, count) : entry->store(&info->context, bytes, count);
}

/* The superuser may open for writing what nobody can write. A number is written by one write from offset 0; what is
 * written behind that is taken and means nothing. */
static ssize_t proc_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
    const struct proc_inode *info = info_of(file->f_inode);
    if (!info->entry->store && !info->entry->ctl)
        return -EIO;
    if (info->entry->ctl && (!count || *pos)) {
        *pos += (loff_t)count;
        return (ssize_t)count;
    }
    char few[32];
    size_t length = min_t(size_t, count, PAGE_SIZE - 1);
    char *bytes = length < sizeof(few) ? few : (char *)__get_free_page(GFP_KERNEL);
    if (!bytes)
        return -ENOMEM;
    ssize_t used = -EFAULT;
    if (!copy_from_user(bytes, from, length)) {
        bytes[length] = 0;
        used = store_entry(info, bytes, length);
    }
    if (bytes != few)
        free_page((unsigned long)bytes);
    if (used > 0)
        *pos += used;
    return used;
}

static int proc_open(struct inode *inode, struct file *file)
{
    const struct proc_inode *info = info_of(inode);
    (void)file;
    return info->entry->open ? info->entry->open(&info->context) : 0;
}

static int proc_release(struct inode *inode, struct file *file)
{
    (void)inode;
    kvfree(file->private_data);
    return 0;
}

static const struct file_operations proc_text_operations = {
    .open = proc_open,
    .read = proc_read,
    .write = proc_write,
    .llseek = generic_file_llseek,
    .release = proc_release,
};

/* ---- the file system ---- */

static const struct proc_entry proc_root = {
    .name = "/", .mode = S_IFDIR | 0555, .children = proc_root_entries, .numbered = PROC_PIDS};

struct super_block *proc_super(void)
{
    struct super_block *sb = new_super("proc", "proc", PROC_MAGIC);
    if (!sb)
        return ERR_PTR(-ENOMEM);
    sb->evict_inode = proc_evict;
    sb->s_root = d_alloc_root(proc_inode(sb, &proc_root, (struct proc_context){0}));
    if (sb->s_root)
        return sb;
    free_super(sb);
    return ERR_PTR(-ENOMEM);
}
