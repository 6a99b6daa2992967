/*
 * Directory listings. The file system emits entries into a page of the kernel, in the caller's record layout, and the
 * page is copied out afterwards: no list is walked while a copy to the program sleeps. d_off of a record is the
 * position behind it, as Linux has it.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "asm/uaccess.h"
#include "mm/slab.h"

enum layout { LAYOUT_OLD, LAYOUT_32, LAYOUT_64 };

struct listing {
    struct dir_context context; /* first: emit finds its way back */
    enum layout layout;
    u8 *bytes;
    u32 size, used, last; /* last: offset of the last record */
    bool full;            /* an entry did not fit */
};

struct dirent32 { /* d_type is the record's last byte */
    u32 d_ino, d_off;
    u16 d_reclen;
    char d_name[];
} __attribute__((packed));

struct dirent64 {
    u64 d_ino;
    s64 d_off;
    u16 d_reclen;
    u8 d_type;
    char d_name[];
} __attribute__((packed));

struct dirent_old {
    u32 d_ino, d_offset;
    u16 d_namlen;
    char d_name[];
} __attribute__((packed));

/* The position of this entry is the d_off of the one before. */
static void set_last_offset(struct listing *l, loff_t pos)
{
    if (l->used == 0)
        return;
    if (l->layout == LAYOUT_64)
        ((struct dirent64 *)(l->bytes + l->last))->d_off = pos;
    else if (l->layout == LAYOUT_32)
        ((struct dirent32 *)(l->bytes + l->last))->d_off = (u32)pos;
}

static u32 record_length(enum layout layout, int name_length)
{
    u32 length = (u32)name_length;
    switch (layout) {
    case LAYOUT_64: return ALIGN_UP((u32)offsetof(struct dirent64, d_name) + length + 1, 8u);
    case LAYOUT_32: return ALIGN_UP((u32)offsetof(struct dirent32, d_name) + length + 2, 4u);
    default: return ALIGN_UP((u32)offsetof(struct dirent_old, d_name) + length + 1, 4u);
    }
}

static void put_record(struct listing *l, u8 *at, u32 length, u32 ino, unsigned type)
{
    if (l->layout == LAYOUT_64) {
        struct dirent64 *entry = (struct dirent64 *)at;
        entry->d_ino = ino;
        entry->d_reclen = (u16)length;
        entry->d_type = (u8)type;
    } else if (l->layout == LAYOUT_32) {
        struct dirent32 *entry = (struct dirent32 *)at;
        entry->d_ino = ino;
        entry->d_reclen = (u16)length;
        at[length - 1] = (u8)type;
    } else {
        struct dirent_old *entry = (struct dirent_old *)at;
        entry->d_ino = ino;
        entry->d_offset = (u32)l->context.pos;
    }
}

static u32 name_offset(enum layout layout)
{
    return layout == LAYOUT_64   ? offsetof(struct dirent64, d_name)
           : layout == LAYOUT_32 ? offsetof(struct dirent32, d_name)
                                 : offsetof(struct dirent_old, d_name);
}

static bool emit(struct dir_context *context, const char *name, int length, u32 ino, unsigned type)
{
    struct listing *l = (struct listing *)context;
    u32 record = record_length(l->layout, length);
    if (record > l->size - l->used || (l->layout == LAYOUT_OLD && l->used)) {
        l->full = true;
        return false;
    }
    set_last_offset(l, context->pos);
    u8 *at = l->bytes + l->used;
    memset(at, 0, record);
    put_record(l, at, record, ino, type);
    if (l->layout == LAYOUT_OLD)
        ((struct dirent_old *)at)->d_namlen = (u16)length;
    memcpy(at + name_offset(l->layout), name, (size_t)length);
    l->last = l->used;
    l->used += record;
    return true;
}

static int iterate(struct file *file, struct listing *l)
{
    struct inode *inode = file->f_inode;
    if (!file->f_op)
        return -EBADF;
    if (!file->f_op->iterate)
        return -ENOTDIR;
    mutex_lock(&inode->i_mutex);
    l->context.pos = file->f_pos;
    int error = file->f_dentry->d_unlinked ? -ENOENT : file->f_op->iterate(file, &l->context);
    mutex_unlock(&inode->i_mutex);
    if (!error) {
        set_last_offset(l, l->context.pos);
        touch_atime(inode);
    }
    return error;
}

/* Bytes, 0 at the end, or -errno. The position moves only when the program got its entries. */
static long list_into(struct file *file, struct listing *l, void __user *to)
{
    int error = iterate(file, l);
    if (error)
        return error;
    if (l->used == 0)
        return l->full ? -EINVAL : 0;
    if (copy_to_user(to, l->bytes, l->used))
        return -EFAULT;
    file->f_pos = l->context.pos;
    return (long)l->used;
}

static long do_getdents(u32 fd, void __user *to, u32 size, enum layout layout)
{
    struct file *file = fget(fd);
    if (!file)
        return -EBADF;
    struct listing l = {.context = {.emit = emit}, .layout = layout, .size = min_t(u32, size, PAGE_SIZE)};
    l.bytes = kmalloc(PAGE_SIZE, GFP_KERNEL);
    long result = l.bytes ? list_into(file, &l, to) : -ENOMEM;
    kfree(l.bytes);
    fput(file);
    return result;
}

long sys_getdents(u32 fd, void __user *entries, u32 size) { return do_getdents(fd, entries, size, LAYOUT_32); }
long sys_getdents64(u32 fd, void __user *entries, u32 size) { return do_getdents(fd, entries, size, LAYOUT_64); }

long sys_old_readdir(u32 fd, void __user *entry, u32 count)
{
    (void)count;
    long result = do_getdents(fd, entry, PAGE_SIZE, LAYOUT_OLD);
    return result > 0 ? 1 : result;
}
