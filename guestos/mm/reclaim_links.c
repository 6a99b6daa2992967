/* Writeback and block I/O as reclaim sees them while a kernel is built without them. */
#include "mm/vmscan.h"
#include "block/blkdev.h"
#include "fs/buffer_head.h"

#define WEAK __attribute__((weak))

WEAK int clear_page_dirty_for_io(struct page *page)
{
    (void)page;
    return 0;
}
WEAK void throttle_vm_writeout(gfp_t gfp) { (void)gfp; }
WEAK void wakeup_pdflush(long nr_pages) { (void)nr_pages; }
WEAK void mapping_set_error(struct address_space *mapping, int error) { (void)mapping, (void)error; }
WEAK int try_to_free_buffers(struct page *page)
{
    (void)page;
    return 0;
}
WEAK bool bdi_congested(struct block_device *bdev, int rw)
{
    (void)bdev, (void)rw;
    return false;
}
WEAK long congestion_wait(int rw, long timeout)
{
    (void)rw;
    current->state = TASK_UNINTERRUPTIBLE;
    return schedule_timeout(timeout);
}
