/*
 * The buffer layer: blocks smaller than a page inside the page cache.
 *
 * A page of a file or of a device may have buffers (PG_private, page->private points to the first of a circle): one
 * for each block of the device's block size, in order. A buffer knows where its block lies on the device
 * (BH_Mapped), whether its bytes are the newest (BH_Uptodate) and newer than the disk's (BH_Dirty).
 *
 * Held true: a dirty buffer's page is dirty; a page whose buffers are all up to date is up to date; a page with
 * buffers has one reference more; a buffer under I/O is locked, and its page is under PG_locked (read) or PG_writeback
 * (write), except for single buffers of metadata, which ll_rw_block writes alone.
 *
 * Metadata of a file system is cached in the device's own mapping: sb_bread and friends. fs/buffer.c
 */
#ifndef _FS_BUFFER_HEAD_H
#define _FS_BUFFER_HEAD_H

#include "block/blkdev.h"
#include "fs/fs.h"
#include "mm/writeback.h"

enum bh_state_bits {
    BH_Uptodate,
    BH_Dirty,
    BH_Lock,
    BH_Mapped,
    BH_New, /* the block was just allocated: its old bytes mean nothing */
    BH_Write_EIO,
    BH_Meta,
    /* Under I/O for the whole page: the last such buffer's end is the page's. Apart, for a page that is not up to date
     * may be read while its dirty buffers are written. */
    BH_Async_Read,
    BH_Async_Write,
};

struct buffer_head {
    u32 b_state;
    atomic_t b_count; /* users; the page's own circle does not count */
    struct buffer_head *b_this_page;
    struct page *b_page;
    u64 b_blocknr;
    u32 b_size;
    char *b_data; /* device pages live in low memory: the address. File pages: the offset in the page */
    struct block_device *b_bdev;
    void (*b_end_io)(struct buffer_head *bh, bool uptodate);
    void *b_private;
    struct inode *b_inode;            /* whose fsync has to write it: mark_buffer_dirty_inode; NULL: nobody's */
    struct list_head b_assoc_buffers; /* on that inode's list */
};

#define BUFFER_FUNCTIONS(Name, name)                                                                                   \
    static inline bool buffer_##name(const struct buffer_head *bh) { return bh->b_state >> BH_##Name & 1; }            \
    static inline void set_buffer_##name(struct buffer_head *bh) { atomic_set_mask(1u << BH_##Name, &bh->b_state); }   \
    static inline void clear_buffer_##name(struct buffer_head *bh) { atomic_clear_mask(1u << BH_##Name, &bh->b_state); }
BUFFER_FUNCTIONS(Uptodate, uptodate)
BUFFER_FUNCTIONS(Dirty, dirty)
BUFFER_FUNCTIONS(Lock, locked)
BUFFER_FUNCTIONS(Mapped, mapped)
BUFFER_FUNCTIONS(New, new)
BUFFER_FUNCTIONS(Write_EIO, write_io_error)
BUFFER_FUNCTIONS(Async_Read, async_read)
BUFFER_FUNCTIONS(Async_Write, async_write)

/* Where block `index` of the inode lies: maps bh (b_bdev, b_blocknr, BH_Mapped, BH_New). create: allocates a missing
 * one. A hole without create stays unmapped. 0 or -errno. */
typedef int (*get_block_t)(struct inode *inode, u64 index, struct buffer_head *bh, int create);

/* ---- metadata: referenced buffers of a device ---- */
struct buffer_head *__getblk(struct block_device *bdev, u64 block, u32 size); /* not read; NULL: no memory or beyond */
struct buffer_head *__bread(struct block_device *bdev, u64 block, u32 size);  /* up to date; NULL: failed */
struct buffer_head *__find_get_block(struct block_device *bdev, u64 block, u32 size); /* only when cached */
void brelse(struct buffer_head *bh);                                                  /* NULL is allowed */
static inline void get_bh(struct buffer_head *bh) { atomic_inc(&bh->b_count); }
struct buffer_head *sb_bread(struct super_block *sb, u64 block);
struct buffer_head *sb_getblk(struct super_block *sb, u64 block);
void mark_buffer_dirty(struct buffer_head *bh);
/* The same, and fsync of inode writes it. */
void mark_buffer_dirty_inode(struct buffer_head *bh, struct inode *inode);
int sync_mapping_buffers(struct inode *inode); /* those, written and waited for; 0 or -EIO */
void invalidate_inode_buffers(struct inode *inode);
void bforget(struct buffer_head *bh); /* its block was freed: nothing of it may be written any more; brelse too */
void lock_buffer(struct buffer_head *bh);
void unlock_buffer(struct buffer_head *bh);
void wait_on_buffer(struct buffer_head *bh);
void ll_rw_block(int rw, unsigned count, struct buffer_head *bhs[]); /* starts; WRITE: only what is dirty */
int sync_dirty_buffer(struct buffer_head *bh);                       /* written and waited for; 0 or -EIO */
/* The device's block was freed and allocated again as file data: its metadata buffer must not overwrite it. */
void unmap_underlying_metadata(struct block_device *bdev, u64 block);

/* ---- files: address_space_operations made of a get_block ---- */
int block_read_full_page(struct page *page, get_block_t get_block);
int block_write_full_page(struct page *page, get_block_t get_block, struct writeback_control *wbc);
/* write_begin: the page, locked, with the blocks of [pos, pos + len) mapped and the rest of them read in. */
int block_write_begin(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, struct page **page,
                      get_block_t get_block);
/* write_end: marks what was copied dirty, moves i_size, unlocks and releases the page. Bytes. */
int block_write_end(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, unsigned copied,
                    struct page *page);
int block_truncate_page(struct address_space *mapping, loff_t from, get_block_t get_block);   /* zeroes the tail */
int block_page_mkwrite(struct vm_area_struct *vma, struct page *page, get_block_t get_block); /* holes get blocks */
int block_set_page_dirty(struct page *page);
void block_invalidatepage(struct page *page, u32 offset);
/* The page loses its buffers, if none is in use or dirty: 1. releasepage and reclaim use it. */
int try_to_free_buffers(struct page *page);
void create_empty_buffers(struct page *page, u32 block_size); /* page locked */
void buffer_init(void);
static inline bool page_has_buffers(const struct page *page) { return page->flags >> PG_private & 1; }
static inline struct buffer_head *page_buffers(const struct page *page)
{
    return (struct buffer_head *)(unsigned long)page->private;
}
/* Reads run of pages ahead in large bios; page_list as the caller allocated them: readpages. */
int mpage_readpages(struct address_space *mapping, struct list_head *pages, unsigned count, get_block_t get_block);
int mpage_writepages(struct address_space *mapping, struct writeback_control *wbc, get_block_t get_block);

/* Where a block of the file lies on its device; 0: a hole. */
u64 generic_block_bmap(struct address_space *mapping, u64 block, get_block_t get_block);

#endif
