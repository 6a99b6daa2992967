/*
 * Writeback: dirty pages and inodes reach their disk.
 *
 *   page     PG_dirty + PAGECACHE_TAG_DIRTY  --clear_page_dirty_for_io-->  PG_writeback + TAG_WRITEBACK  -->  clean
 *   inode    I_DIRTY on its super block's s_dirty, oldest first            --writeback_inodes-->
 *   who      pdflush every dirty_writeback interval (older than dirty_expire), or above dirty_background_ratio;
 *            a writer itself above dirty_ratio (balance_dirty_pages); sync and fsync; reclaim page by page
 *
 * mm/page-writeback.c, mm/pdflush.c, fs/fs-writeback.c
 */
#ifndef _MM_WRITEBACK_H
#define _MM_WRITEBACK_H

#include "mm/pagemap.h"
#include "faultline/trace_abi.h"

struct file;
struct super_block;

struct super_block;

enum writeback_sync_modes { WB_SYNC_NONE, WB_SYNC_ALL /* wait for what is under way, and write it again if dirty */ };

struct writeback_control {
    enum writeback_sync_modes sync_mode;
    long nr_to_write; /* counts down; stops at 0 (WB_SYNC_NONE) */
    long pages_skipped;
    bool for_reclaim, for_kupdate;
    loff_t range_start, range_end; /* bytes, [start, end]; end 0: all */
    unsigned long older_than;      /* jiffies: only inodes dirtied before; 0: all */
    bool encountered_congestion, more_io;
};

#define AOP_WRITEPAGE_ACTIVATE 0x80000 /* writepage: not now, keep it active; the page is still locked */

/* ---- one page ---- */
/* Takes D of every mapping entry (page_mkclean) and PG_dirty: true when it was dirty and must be written. Locked. */
int clear_page_dirty_for_io(struct page *page);
void set_page_writeback(struct page *page);
void end_page_writeback(struct page *page); /* any context; wakes waiters, rotates PG_reclaim pages to the tail */
void wait_on_page_writeback(struct page *page);
int __set_page_dirty_nobuffers(struct page *page); /* flag, tag, count and the inode's list; its buffers stay */
int redirty_page_for_writepage(struct writeback_control *wbc, struct page *page);
int write_one_page(struct page *page, int wait); /* locked on entry, unlocked after; 0 or -errno */
void cancel_dirty_page(struct page *page);       /* truncation: it will never be written */

/* ---- one mapping ---- */
int do_writepages(struct address_space *mapping, struct writeback_control *wbc);
int generic_writepages(struct address_space *mapping, struct writeback_control *wbc); /* through writepage */
/* Bytes [start, end]; end 0: to the end of the file. Starts only (WB_SYNC_NONE: skips what is under way). 0 or -errno */
int filemap_fdatawrite_range(struct address_space *mapping, loff_t start, loff_t end, enum writeback_sync_modes mode);
int filemap_fdatawrite(struct address_space *mapping);
int filemap_fdatawait(struct address_space *mapping); /* 0, -EIO, -ENOSPC: what was noted since the last call */
void wait_on_page_writeback_range(struct address_space *mapping, unsigned long first, unsigned long last); /* pages */
int filemap_check_errors(struct address_space *mapping); /* the same without waiting */
int filemap_write_and_wait(struct address_space *mapping);
void mapping_set_error(struct address_space *mapping, int error); /* -EIO, -ENOSPC: the next fsync reports it once */

/* ---- the system ---- */
extern int vm_dirty_ratio, dirty_background_ratio; /* percent of what can be dirty */
extern unsigned dirty_writeback_interval, dirty_expire_interval; /* ticks */
void page_writeback_init(void);
/* A writer calls it for each page that it dirtied: now and then looks whether it must help. May sleep. */
void balance_dirty_pages_ratelimited(struct address_space *mapping);
void throttle_vm_writeout(gfp_t gfp);       /* reclaim: not ever more pages under writeback */
void wakeup_pdflush(long nr_pages);         /* 0: all that is dirty */
extern int nr_pdflush_threads;
void pdflush_init(void);
/* Runs function(argument) in a thread of its own. false: all of them are busy. Any context. */
bool pdflush_operation(void (*function)(unsigned long argument), unsigned long argument);
void start_background_writeout(void); /* until no more than the background ratio is dirty */
void get_dirty_limits(unsigned long *background, unsigned long *limit); /* pages */
unsigned long dirty_pages(void);
void writeback_told(enum flt_writeback_reason reason, struct writeback_control *wbc, unsigned long threshold,
                    void (*write)(struct writeback_control *wbc));
void check_mapping(struct address_space *mapping); /* debug: tree, tags, flags and numbers agree */
void check_page_cache(void);                       /* debug: every mapping, and the zones' numbers */

/* ---- inodes ---- */
#define I_DIRTY_SYNC 1u     /* times and such */
#define I_DIRTY_DATASYNC 2u /* size, blocks: fdatasync too */
#define I_DIRTY_PAGES 4u
#define I_DIRTY (I_DIRTY_SYNC | I_DIRTY_DATASYNC | I_DIRTY_PAGES)
#define I_LOCK 8u /* being written */
#define I_FREEING 16u
#define I_NEW 64u /* iget: being read in */
void __mark_inode_dirty(struct inode *inode, u32 flags);
static inline void mark_inode_dirty(struct inode *inode) { __mark_inode_dirty(inode, I_DIRTY); }
static inline void mark_inode_dirty_sync(struct inode *inode) { __mark_inode_dirty(inode, I_DIRTY_SYNC); }
void writeback_inodes(struct writeback_control *wbc);
int write_inode_now(struct inode *inode, int wait);
int sync_inode(struct inode *inode, struct writeback_control *wbc);
void sync_inodes_sb(struct super_block *sb, int wait);
int fsync_super(struct super_block *sb); /* all of one file system, down to the disk */
void sync_supers(void); /* super blocks into their buffers */
void emergency_sync(void);
/* fsync of files on a device: data, metadata, the inode; all ended before the device's cache is flushed. */
int file_fsync(struct file *file);
int file_fdatasync(struct file *file); /* without an inode whose times alone changed */

#endif
