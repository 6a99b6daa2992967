/*
 * The page cache: an address_space is the pages of one file by index (radix tree), and the regions that map it.
 * Implemented in mm/filemap.c; file systems fill it through address_space_operations.
 */
#ifndef _MM_PAGEMAP_H
#define _MM_PAGEMAP_H

#include "mm/mm.h"
#include "lib/radix_tree.h"

struct inode;
struct block_device;
struct writeback_control;

struct address_space_operations {
    int (*readpage)(struct file *file, struct page *page); /* page locked; fills it, sets uptodate, unlocks */
    /* Fresh pages in order of index, not yet in the cache, linked by lru: put into it and read as far as possible. */
    int (*readpages)(struct file *file, struct address_space *mapping, struct list_head *pages, unsigned count);
    /* Page locked and clean for I/O: starts its write, unlocks. 0 or -errno. NULL: memory is the only place (ramfs) */
    int (*writepage)(struct page *page, struct writeback_control *wbc);
    int (*writepages)(struct address_space *mapping, struct writeback_control *wbc); /* NULL: page by page */
    int (*set_page_dirty)(struct page *page);
    /* write(): begin gives the page locked, ready for bytes [pos, pos + len); end takes it back with what was copied
     * (its value: bytes that count) and moves i_size. NULL: grab_cache_page does. */
    int (*write_begin)(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, struct page **page);
    int (*write_end)(struct file *file, struct address_space *mapping, loff_t pos, unsigned len, unsigned copied,
                     struct page *page);
    void (*invalidatepage)(struct page *page, u32 offset); /* truncation from offset on: PG_private's owner lets go */
    int (*releasepage)(struct page *page, gfp_t gfp);      /* reclaim: 1 when PG_private is gone */
    u64 (*bmap)(struct address_space *mapping, u64 block); /* block on the device; 0: a hole */
};

/* Bits of address_space.flags: an error that the next fsync reports. */
#define AS_EIO 0u
#define AS_ENOSPC 1u

#define PAGECACHE_TAG_DIRTY 0
#define PAGECACHE_TAG_WRITEBACK 1

struct address_space {
    struct inode *host;
    struct radix_tree_root page_tree;
    struct prio_tree_root i_mmap;      /* VMAs by the pages of the file that they map (vm_area_struct.shared) */
    struct list_head i_mmap_nonlinear; /* those whose entries alone say which */
    unsigned long nrpages;
    const struct address_space_operations *a_ops;
    gfp_t gfp_mask;
    u32 flags;                     /* AS_ bits */
    unsigned long writeback_index; /* where background writeback goes on */
    struct block_device *bdev;     /* where dirty pages go; NULL: memory only */
    struct list_head private_list; /* metadata buffers that fsync writes (buffer_head.b_assoc_buffers) */
};

static inline bool mapping_mapped(const struct address_space *mapping)
{
    return !prio_tree_empty(&mapping->i_mmap) || !list_empty(&mapping->i_mmap_nonlinear);
}

/* fs/inode.c: pages of the devices' own inodes (what /proc calls buffers); of tmpfs and of shared memory. */
unsigned long nr_blockdev_pages(void);
unsigned long nr_shmem_pages(void);

void address_space_init(struct address_space *mapping, struct inode *host, const struct address_space_operations *ops);
struct page *find_get_page(struct address_space *mapping, unsigned long index); /* reference taken; NULL: absent */
/* Inserts a fresh frame, locked, into the cache and the LRU; takes a reference for the cache. 0, -EEXIST, -ENOMEM */
int add_to_page_cache(struct page *page, struct address_space *mapping, unsigned long index, gfp_t gfp);
void remove_from_page_cache(struct page *page);
void wake_up_page(struct page *page); /* who waits for its lock or its writeback looks again; any context */
int try_to_release_page(struct page *page, gfp_t gfp); /* PG_private, locked: 1 when its owner let go */
/* Drops the clean pages of [first, last] that nobody maps, locks or holds; how many. */
unsigned long invalidate_mapping_pages(struct address_space *mapping, unsigned long first, unsigned long last);
/* The page, up to date: from the cache or through readpage. ERR_PTR on failure. Reference taken. *major set when it was
 * read. */
struct page *read_cache_page(struct address_space *mapping, struct file *file, unsigned long index, bool *major);
/* The page for a write at index: referenced, locked, up to date (read in, or zeroed beyond the end). NULL: no memory or
 * a failed read. It may stay locked over a copy from user memory: a fault on an up-to-date page takes no lock. */
struct page *grab_cache_page(struct address_space *mapping, unsigned long index);
void truncate_inode_pages(struct address_space *mapping,
                          loff_t from); /* drops [from, end), zeroes the partial page, unmaps */
struct page *find_lock_page(struct address_space *mapping, unsigned long index); /* referenced, locked; NULL: absent */
/* The same, but a fresh page when there is none. Perhaps not up to date. NULL: no memory. */
struct page *find_or_create_page(struct address_space *mapping, unsigned long index, gfp_t gfp);
struct page *read_locked_page(struct address_space *mapping, unsigned long index); /* as grab, but ERR_PTR */

/* ---- mm/readahead.c ---- */
struct file_ra_state;
#define MAX_RA_PAGES 32ul /* 128 KiB */
void file_ra_state_init(struct file_ra_state *ra);
/* Before page `index` is read, the first of `wanted` that the caller is about to read: starts what seems useful. */
void page_cache_readahead(struct file *file, unsigned long index, unsigned long wanted);
void fault_readahead(struct vm_area_struct *vma, unsigned long index);
/* Starts the read of [index, index + count) as far as it is missing and lies in the file. Pages started. */
unsigned long force_page_cache_readahead(struct file *file, unsigned long index, unsigned long count);

/* Bytes done or -errno; to/from are user addresses. *pos moves. */
ssize_t generic_file_read(struct file *file, char __user *to, size_t count, loff_t *pos);
ssize_t generic_file_write(struct file *file, const char __user *from, size_t count, loff_t *pos);
/* Kernel-buffer reads for exec and the like. Bytes done or -errno. */
ssize_t kernel_read(struct file *file, loff_t pos, void *to, size_t count);
int generic_file_mmap(struct file *file, struct vm_area_struct *vma);
unsigned int filemap_fault(struct vm_area_struct *vma, struct vm_fault *vmf);
/* Marks a page's contents newer than its backing store: the flag, and the dirty tag where there is writeback. True
 * when it was clean. Also for pages without mapping and anonymous pages (flag only). */
int set_page_dirty(struct page *page);
/* A nameless file of `size` bytes in memory behind MAP_SHARED|MAP_ANONYMOUS, open read-write; fs/shmem.c. ERR_PTR on
 * failure. */
struct file *shmem_file_setup(loff_t size);

#endif
