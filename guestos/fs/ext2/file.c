/*
 * ext2: the bytes of regular files, through the page cache; truncation; fsync.
 *
 * A write that fails half-way gives back the blocks beyond the end of the file. fsync makes last what the caller sees:
 * bytes, blocks of numbers and inode; the name is on the disk already (rule 3 of ext2.h).
 */
#include "ext2.h"

static int ext2_readpage(struct file *file, struct page *page)
{
    (void)file;
    return block_read_full_page(page, ext2_get_block);
}

static int ext2_readpages(struct file *file, struct address_space *mapping, struct list_head *pages, unsigned count)
{
    (void)file;
    return mpage_readpages(mapping, pages, count, ext2_get_block);
}

static int ext2_writepage(struct page *page, struct writeback_control *wbc)
{
    return block_write_full_page(page, ext2_get_block, wbc);
}

static int ext2_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
    return mpage_writepages(mapping, wbc, ext2_get_block);
}

/* Pages beyond the end first, then their blocks. */
static void write_failed(struct address_space *mapping, loff_t end)
{
    struct inode *inode = mapping->host;
    if (end <= inode->i_size)
        return;
    truncate_inode_pages(mapping, inode->i_size);
    ext2_truncate_blocks(inode);
}

static int ext2_write_begin(struct file *file, struct address_space *mapping, loff_t pos, unsigned len,
                            struct page **page)
{
    const struct super_block *sb = mapping->host->i_sb;
    if (sb->s_flags & MS_RDONLY)
        return -EROFS;
    if ((u64)pos + len > sb->s_maxbytes)
        return -EFBIG;
    int error = block_write_begin(file, mapping, pos, len, page, ext2_get_block);
    if (error)
        write_failed(mapping, pos + len);
    return error;
}

static int ext2_write_end(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, unsigned copied,
                          struct page *page)
{
    int done = block_write_end(file, mapping, pos, len, copied, page);
    if (done < (int)len)
        write_failed(mapping, pos + len);
    return done;
}

static u64 ext2_bmap(struct address_space *mapping, u64 block)
{
    struct buffer_head map = {.b_size = mapping->host->i_sb->s_blocksize};
    if (ext2_get_block(mapping->host, block, &map, 0) || !buffer_mapped(&map))
        return 0;
    return map.b_blocknr;
}

static int ext2_releasepage(struct page *page, gfp_t gfp)
{
    (void)gfp;
    return try_to_free_buffers(page);
}

const struct address_space_operations ext2_aops = {
    .readpage = ext2_readpage,
    .readpages = ext2_readpages,
    .writepage = ext2_writepage,
    .writepages = ext2_writepages,
    .set_page_dirty = block_set_page_dirty,
    .write_begin = ext2_write_begin,
    .write_end = ext2_write_end,
    .invalidatepage = block_invalidatepage,
    .releasepage = ext2_releasepage,
    .bmap = ext2_bmap,
};

/* ---- size ---- */

int ext2_truncate(struct inode *inode, loff_t size)
{
    if (inode->i_sb->s_flags & MS_RDONLY)
        return -EROFS;
    if ((u64)size > inode->i_sb->s_maxbytes)
        return -EFBIG;
    if (size < inode->i_size) {
        int error = block_truncate_page(inode->i_mapping, size, ext2_get_block);
        if (error)
            return error;
    }
    bool shorter = size < inode->i_size;
    inode->i_size = size;
    if (shorter) {
        truncate_inode_pages(inode->i_mapping, size);
        ext2_truncate_blocks(inode);
    }
    mark_inode_dirty(inode);
    return 0;
}

/* ---- mapping ---- */

static int ext2_page_mkwrite(struct vm_area_struct *vma, struct page *page)
{
    if (vma->vm_file->f_inode->i_sb->s_flags & MS_RDONLY)
        return -EROFS;
    return block_page_mkwrite(vma, page, ext2_get_block);
}

static const struct vm_operations_struct ext2_file_vm_ops = {.fault = filemap_fault, .page_mkwrite = ext2_page_mkwrite};

static int ext2_mmap(struct file *file, struct vm_area_struct *vma)
{
    int error = generic_file_mmap(file, vma);
    if (!error)
        vma->vm_ops = &ext2_file_vm_ops;
    return error;
}

/* ---- fsync ---- */

static int sync_itself(struct inode *inode)
{
    int error = sync_mapping_buffers(inode);
    int later = ext2_write_inode(inode, 1);
    return error ? error : later;
}

int ext2_fsync(struct file *file)
{
    struct inode *inode = file->f_inode;
    int error = filemap_write_and_wait(inode->i_mapping);
    int later = sync_itself(inode);
    int flushed = inode->i_sb->s_flags & MS_RDONLY ? 0 : blkdev_issue_flush(inode->i_sb->s_bdev);
    return error ? error : later ? later : flushed;
}

static ssize_t ext2_write_kernel(struct file *file, const char *from, size_t count)
{
    mutex_lock(&file->f_inode->i_mutex);
    ssize_t done = kernel_write(file, file->f_pos, from, count);
    if (done > 0) {
        file->f_pos += done;
        touch_mtime(file->f_inode);
        mark_inode_dirty(file->f_inode);
    }
    mutex_unlock(&file->f_inode->i_mutex);
    return done;
}

const struct file_operations ext2_file_operations = {
    .read = generic_file_read,
    .write = generic_file_write,
    .write_kernel = ext2_write_kernel,
    .llseek = generic_file_llseek,
    .mmap = ext2_mmap,
    .fsync = ext2_fsync,
};

const struct inode_operations ext2_file_inode_operations = {.truncate = ext2_truncate};
