/*
 * Block devices: from pages to a disk and back.
 *
 *   submit_bio()   a bio: one run of sectors of one device and the pages they come from or go to
 *        |         joined with a waiting request that it continues (front or back), else a request of its own
 *   request        sorted by sector in the device's queue; a queue that was empty is plugged for a moment, so that
 *        |         neighbours find each other; unplugged when it is full, when the moment is over, or when somebody
 *        |         waits (blk_run_queue)
 *   driver         takes requests, ends them from its interrupt: every bio's bi_end_io runs there, interrupts off
 *
 * Sectors are 512 bytes. A write that has ended is in the device's cache; blkdev_issue_flush makes what ended before
 * it last. Implemented in block/ and drivers/virtio_blk.c.
 */
#ifndef _BLOCK_BLKDEV_H
#define _BLOCK_BLKDEV_H

#include "mm/pagemap.h"

#define SECTOR_SHIFT 9
#define BIO_MAX_VECS 32

struct bio;
struct block_device;
struct request_queue;

#define READ 0
#define WRITE 1

struct bio_vec {
    struct page *bv_page;
    u32 bv_len, bv_offset; /* bytes; multiples of 512 */
};

struct bio {
    u64 bi_sector;
    struct block_device *bi_bdev;
    int bi_rw;    /* READ, WRITE */
    int bi_error; /* 0 or -errno when bi_end_io runs */
    u32 bi_size;  /* bytes of all vecs */
    u16 bi_vcnt, bi_max_vecs;
    struct bio *bi_next; /* inside a request, by sector */
    void (*bi_end_io)(struct bio *bio); /* interrupts off; does bio_put when nobody else will */
    void *bi_private;
    struct bio_vec bi_io_vec[BIO_MAX_VECS];
};

/* A device, opened through its node or by the kernel. One structure a device; bd_inode's mapping is its page cache. */
struct block_device {
    dev_t bd_dev;
    char bd_name[16]; /* "vda" */
    u64 bd_sectors;
    bool bd_read_only;
    int bd_openers, bd_holders; /* holders: mounts and swap areas; a held device is not opened for writing by another */
    void *bd_holder;            /* who holds it: a super_block, a swap area; NULL: nobody */
    u32 bd_block_size;          /* of the buffers in its page cache: 512 .. 4096, a power of two */
    struct inode *bd_inode;
    struct request_queue *bd_queue;
    struct list_head bd_list;
    void *bd_private; /* the driver's */
};

/* A reserve of bios stands behind: with __GFP_WAIT it never fails, so that memory can be freed by writing it. */
struct bio *bio_alloc(gfp_t gfp, unsigned max_vecs);
void bio_put(struct bio *bio);
/* Adds bytes [offset, offset + len) of page; false: full. */
bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset);
void submit_bio(int rw, struct bio *bio); /* beyond the device's end: ends with -EIO */
int submit_bio_wait(int rw, struct bio *bio); /* sleeps; bi_error; the bio stays the caller's */
void blk_run_queue(struct block_device *bdev); /* unplug: what waits goes to the device now */
void blk_run_all_queues(void);
int blkdev_issue_flush(struct block_device *bdev); /* sleeps; 0 or -errno */
/* Sleeps until fewer requests are under way or timeout ticks are over. */
long congestion_wait(int rw, long timeout);
bool bdi_congested(struct block_device *bdev, int rw);

/* ---- devices ---- */
struct block_device *blkdev_find(dev_t dev);             /* no reference; NULL: none */
struct block_device *blkdev_find_name(const char *name); /* "vda" or "/dev/vda" */
/* Exclusive use by holder: 0, -EBUSY, -EROFS when write is wanted and it cannot be. */
int bd_claim(struct block_device *bdev, void *holder, bool write);
void bd_release(struct block_device *bdev);
int set_blocksize(struct block_device *bdev, u32 size); /* drops the device's cache after writing it; 0 or -EINVAL */
extern struct list_head all_block_devices;
void block_init(void);   /* bio reserve, buffer heads; before the drivers */
void pci_init(void);     /* finds and enables the devices on the bus */
void virtio_blk_init(void);
#define VIRTIO_BLK_MAJOR 254u

#endif
