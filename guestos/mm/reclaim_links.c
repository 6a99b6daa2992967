/* Writeback and block I/O as reclaim sees them while a kernel is built without them. */
#include "mm/vmscan.h"
#include "block/blkdev.h"
#include "fs/buffer_internal.h"
#include "block/request.h"

#define WEAK __attribute__((weak))

WEAK int clear_page_dirty_for_io(struct page *page)
{
    (void)page;
    return 0;
}
WEAK void throttle_vm_writeout(gfp_t gfp) { (void)gfp; }
WEAK void wakeup_pdflush(long nr_pages) { (void)nr_pages; }
WEAK void mapping_set_error(struct address_space *mapping, int error) { (void)mapping, (void)error; }
WEAK void cancel_dirty_page(struct page *page) { ClearPageDirty(page); }
WEAK void set_page_writeback(struct page *page) { SetPageWriteback(page); }
WEAK void end_page_writeback(struct page *page) { ClearPageWriteback(page); }
WEAK void wait_on_page_writeback(struct page *page) { (void)page; }
WEAK int redirty_page_for_writepage(struct writeback_control *wbc, struct page *page)
{
    (void)wbc;
    SetPageDirty(page);
    return 1;
}
WEAK int filemap_write_and_wait(struct address_space *mapping)
{
    (void)mapping;
    return 0;
}
WEAK int generic_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
    (void)mapping, (void)wbc;
    return 0;
}
WEAK int __set_page_dirty_nobuffers(struct page *page)
{
    bool dirty = PageDirty(page);
    SetPageDirty(page);
    return !dirty;
}
WEAK void __mark_inode_dirty(struct inode *inode, u32 flags) { (void)inode, (void)flags; }
WEAK struct super_block blockdev_superblock;
