/*
 * Block device files: a device as one file of bytes, through its page cache.
 *
 * Each device has an inode of a file system that nobody mounts; every node with its number (/dev/vda, or one that mknod
 * made) opens that inode's mapping, so that all of them, and the file system that is mounted from it, see one cache.
 * The last close writes the cache and drops it. O_DIRECT goes through the cache like everything else: the bytes are
 * the same, only the cache fills.
 */
#include "block/request.h"
#include "fs/buffer_internal.h"
#include "fs/syscalls.h"
#include "fs/vfs.h"

/* Numbers of linux/fs.h and linux/hdreg.h, sizes of i386. */
#define HDIO_GETGEO 0x0301u
#define BLKROGET 0x125eu
#define BLKGETSIZE 0x1260u
#define BLKFLSBUF 0x1261u
#define BLKSSZGET 0x1268u
#define BLKPBSZGET 0x127bu
#define BLKBSZGET 0x80041270u
#define BLKBSZSET 0x40041271u
#define BLKGETSIZE64 0x80041272u
#define HEADS 16u
#define SECTORS_A_TRACK 63u

/* ---- the page cache ---- */

static int blkdev_get_block(struct inode *inode, u64 block, struct buffer_head *bh, int create)
{
    struct block_device *bdev = inode->i_bdev;
    if (block >= (bdev->bd_sectors << SECTOR_SHIFT) / bh->b_size)
        return create ? -EIO : 0;
    bh->b_bdev = bdev;
    bh->b_blocknr = block;
    set_buffer_mapped(bh);
    return 0;
}

static int blkdev_readpage(struct file *file, struct page *page)
{
    (void)file;
    return block_read_full_page(page, blkdev_get_block);
}

static int blkdev_readpages(struct file *file, struct address_space *mapping, struct list_head *pages, unsigned count)
{
    (void)file;
    return mpage_readpages(mapping, pages, count, blkdev_get_block);
}

static int blkdev_writepage(struct page *page, struct writeback_control *wbc)
{
    return block_write_full_page(page, blkdev_get_block, wbc);
}

static int blkdev_write_begin(struct file *file, struct address_space *mapping, loff_t pos, unsigned len,
                              struct page **page)
{
    return block_write_begin(file, mapping, pos, len, page, blkdev_get_block);
}

static int blkdev_releasepage(struct page *page, gfp_t gfp)
{
    (void)gfp;
    return try_to_free_buffers(page);
}

static const struct address_space_operations def_blk_aops = {
    .readpage = blkdev_readpage,
    .readpages = blkdev_readpages,
    .writepage = blkdev_writepage,
    .set_page_dirty = block_set_page_dirty,
    .write_begin = blkdev_write_begin,
    .write_end = block_write_end,
    .invalidatepage = block_invalidatepage,
    .releasepage = blkdev_releasepage,
};

/* ---- the inode and its nodes ---- */

/* The largest power of two that divides the device's size, from a sector to a page. */
static u32 natural_block_size(u64 sectors)
{
    u32 size = 1u << SECTOR_SHIFT;
    while (size < PAGE_SIZE && !(sectors << SECTOR_SHIFT & size))
        size <<= 1;
    return size;
}

int bdev_init_inode(struct block_device *bdev)
{
    struct inode *inode = new_inode(&blockdev_superblock, S_IFBLK | 0600);
    if (!inode)
        return -ENOMEM;
    bdev->bd_block_size = natural_block_size(bdev->bd_sectors);
    inode->i_rdev = bdev->bd_dev;
    inode->i_bdev = bdev;
    inode->i_size = (loff_t)(bdev->bd_sectors << SECTOR_SHIFT);
    inode->i_data.a_ops = &def_blk_aops;
    inode->i_data.gfp_mask = GFP_USER; /* metadata are used at their kernel address */
    inode->i_data.bdev = bdev;
    bdev->bd_inode = inode;
    return 0;
}

int bdev_make_node(const struct block_device *bdev)
{
    char path[32];
    snprintf(path, sizeof(path), "/dev/%s", bdev->bd_name);
    struct dentry *node = kernel_create(path, S_IFBLK | 0660, bdev->bd_dev, NULL);
    if (IS_ERR(node))
        return (int)PTR_ERR(node);
    dput(node);
    return 0;
}

/* ---- claims ---- */

int bd_claim(struct block_device *bdev, void *holder, bool write)
{
    if (bdev->bd_holder && bdev->bd_holder != holder)
        return -EBUSY;
    if (write && bdev->bd_read_only)
        return -EROFS;
    bdev->bd_holder = holder;
    bdev->bd_holders++;
    return 0;
}

void bd_release(struct block_device *bdev)
{
    BUG_ON(bdev->bd_holders == 0);
    if (--bdev->bd_holders == 0)
        bdev->bd_holder = NULL;
}

/* Writes what is dirty and empties the cache. */
static int write_and_drop(struct block_device *bdev)
{
    int error = filemap_write_and_wait(bdev->bd_inode->i_mapping);
    truncate_inode_pages(bdev->bd_inode->i_mapping, 0);
    return error;
}

int set_blocksize(struct block_device *bdev, u32 size)
{
    if (size < 1u << SECTOR_SHIFT || size > PAGE_SIZE || (size & (size - 1)))
        return -EINVAL;
    if (size == bdev->bd_block_size)
        return 0;
    write_and_drop(bdev);
    bdev->bd_block_size = size;
    return 0;
}

/* ---- the file ---- */

static const struct file_operations def_blk_fops;
static struct block_device *bdev_of(const struct file *file) { return file->f_mapping->host->i_bdev; }

static int blkdev_open(struct inode *inode, struct file *file)
{
    struct block_device *bdev = blkdev_find(inode->i_rdev);
    int error = 0;
    if (!bdev)
        return -ENXIO;
    if (file->f_flags & O_EXCL)
        error = bd_claim(bdev, file, file_writable(file));
    else if (file_writable(file))
        error = bdev->bd_read_only ? -EROFS : bdev->bd_holder ? -EBUSY : 0;
    if (error)
        return error;
    file->private_data = file->f_flags & O_EXCL ? bdev : NULL;
    file->f_mapping = bdev->bd_inode->i_mapping;
    file->f_op = &def_blk_fops;
    inode->i_bdev = bdev;
    bdev->bd_openers++;
    return 0;
}

static int blkdev_release(struct inode *inode, struct file *file)
{
    struct block_device *bdev = bdev_of(file);
    int error = 0;
    (void)inode;
    if (file->private_data)
        bd_release(bdev);
    if (bdev->bd_openers == 1 && !bdev->bd_holder)
        error = write_and_drop(bdev);
    bdev->bd_openers--;
    return error;
}

static loff_t blkdev_llseek(struct file *file, loff_t offset, int whence)
{
    loff_t size = file->f_mapping->host->i_size;
    if (whence == SEEK_CUR)
        offset += file->f_pos;
    else if (whence == SEEK_END)
        offset += size;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (offset < 0 || offset > size)
        return -EINVAL;
    file->f_pos = offset;
    return offset;
}

/* A device does not grow. */
static ssize_t blkdev_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
    loff_t size = file->f_mapping->host->i_size;
    if (count == 0)
        return 0;
    if (*pos >= size)
        return -ENOSPC;
    return generic_file_write(file, from, (size_t)min_t(loff_t, count, size - *pos), pos);
}

static int blkdev_fsync(struct file *file)
{
    int error = filemap_write_and_wait(file->f_mapping);
    int flushed = blkdev_issue_flush(bdev_of(file));
    return error ? error : flushed;
}

/* ---- ioctl ---- */

struct hd_geometry {
    u8 heads, sectors;
    u16 cylinders;
    u32 start;
};
_Static_assert(sizeof(struct hd_geometry) == 8, "linux/hdreg.h");

static long get_geometry(const struct block_device *bdev, void __user *to)
{
    u64 cylinders = bdev->bd_sectors / (HEADS * SECTORS_A_TRACK);
    struct hd_geometry geometry = {HEADS, SECTORS_A_TRACK, (u16)min_t(u64, cylinders, 0xffff), 0};
    return copy_to_user(to, &geometry, sizeof(geometry)) ? -EFAULT : 0;
}

static long flush_buffers(struct block_device *bdev)
{
    if (current->fsuid != 0)
        return -EACCES;
    if (bdev->bd_holder || bdev->bd_openers > 1)
        return filemap_write_and_wait(bdev->bd_inode->i_mapping);
    return write_and_drop(bdev);
}

static long change_block_size(struct file *file, const void __user *from)
{
    struct block_device *bdev = bdev_of(file);
    u32 size;
    if (current->fsuid != 0)
        return -EACCES;
    if (copy_from_user(&size, from, sizeof(size)))
        return -EFAULT;
    int error = bd_claim(bdev, file, false);
    if (error)
        return error;
    error = set_blocksize(bdev, size);
    bd_release(bdev);
    return error;
}

static long blkdev_ioctl(struct file *file, u32 command, unsigned long argument)
{
    struct block_device *bdev = bdev_of(file);
    void __user *user = (void __user *)argument;
    u64 bytes = bdev->bd_sectors << SECTOR_SHIFT;
    switch (command) {
    case BLKGETSIZE: return bdev->bd_sectors >> 32 ? -EFBIG : put_user_u32((u32)bdev->bd_sectors, user);
    case BLKGETSIZE64: return copy_to_user(user, &bytes, sizeof(bytes)) ? -EFAULT : 0;
    case BLKROGET: return put_user_u32(bdev->bd_read_only, user);
    case BLKSSZGET:
    case BLKPBSZGET: return put_user_u32(1u << SECTOR_SHIFT, user);
    case BLKBSZGET: return put_user_u32(bdev->bd_block_size, user);
    case BLKBSZSET: return change_block_size(file, user);
    case BLKFLSBUF: return flush_buffers(bdev);
    case HDIO_GETGEO: return get_geometry(bdev, user);
    default: return -ENOTTY;
    }
}

static const struct file_operations def_blk_fops = {
    .read = generic_file_read,
    .write = blkdev_write,
    .llseek = blkdev_llseek,
    .ioctl = blkdev_ioctl,
    .mmap = generic_file_mmap,
    .open = blkdev_open,
    .release = blkdev_release,
    .fsync = blkdev_fsync,
};

/* A node's: open finds the device. */
const struct file_operations blkdev_operations = {.open = blkdev_open};
