/*
 * Requests: what a device is asked to do. Between block/ and the drivers; everybody else submits bios.
 *
 *   free pool --get--> elevator (sorted, may still grow by merging) --blk_peek_request--> picked
 *     --blk_start_request--> with the driver --end_request--> bios ended, back to the pool
 *
 * A queue has BLKDEV_MAX_RQ requests for each direction and one for flushes, made with it: writing needs no memory.
 * Everything here runs, and the driver's request_fn is called, with interrupts off.
 */
#ifndef _BLOCK_REQUEST_H
#define _BLOCK_REQUEST_H

#include "block/blkdev.h"
#include "kernel/mutex.h"
#include "kernel/timer.h"

#define BLKDEV_MAX_RQ 64u
#define REQ_FLUSH 2 /* rw of a request that makes ended writes last; no bio, no sectors */
#define UNPLUG_THRESHOLD 4u
#define FIFO_BATCH 16u    /* requests taken in one direction before the other may have its turn */
#define WRITES_STARVED 2u /* batches of reads that may overtake waiting writes */
#define READ_EXPIRE (HZ / 2)
#define WRITE_EXPIRE (5 * HZ)

struct flush_wait;

struct request {
    struct list_head sorted; /* in the elevator's list of its direction, by sector; else in the pool */
    struct list_head fifo;   /* the same requests by age */
    struct request_queue *q;
    u64 sector;
    u32 nr_sectors, nr_segments;
    int rw;
    struct bio *bio, *biotail; /* by sector, no gap between them */
    unsigned long start_time, expires;
    struct flush_wait *flush; /* REQ_FLUSH: who waits for it */
};

struct elevator {
    struct list_head sorted[2], fifo[2]; /* READ, WRITE */
    unsigned count;
    int direction;   /* of the batch that is being taken */
    unsigned batch;  /* requests taken of it */
    unsigned passed; /* batches of reads taken while writes waited */
    u64 position;    /* behind the request that was taken last */
};

struct disk_stats {
    unsigned long ios[2], merges[2], ticks[2]; /* ticks: milliseconds, as io_ticks and time_in_queue */
    u64 sectors[2];
    unsigned long io_ticks, time_in_queue, stamp;
};

struct request_list {
    unsigned count; /* in use */
    bool congested;
    wait_queue_head_t wait;
};

struct request_queue {
    struct block_device *bdev;
    void (*request_fn)(struct request_queue *q); /* takes what it can; called again when something ended */
    void *queuedata;
    u32 max_segments, max_sectors; /* of a request: at least those of one bio */
    bool can_flush;                /* the device has a cache and can be told to empty it */
    struct elevator elevator;
    struct request *picked; /* out of the elevator, not yet started */
    struct request_list rl[2];
    struct list_head pool;
    struct request *requests;
    struct request flush_rq;
    struct mutex flush_mutex;
    bool plugged, flush_waits;
    struct timer_list unplug_timer;
    unsigned in_flight;
    struct disk_stats stats;
    struct list_head all;
};

/* ---- for drivers ---- */
struct request_queue *blk_init_queue(void (*request_fn)(struct request_queue *q),
                                     void *queuedata);     /* NULL: no memory */
void blk_cleanup_queue(struct request_queue *q);           /* idle */
struct request *blk_peek_request(struct request_queue *q); /* the next; NULL: nothing to do */
void blk_start_request(struct request *rq);                /* it is the driver's now */
void end_request(struct request *rq, int error);           /* 0 or -errno; of a started one */
void blk_start_queue(struct request_queue *q);             /* the driver has room again */
/* A device known under its number and name, with its node under /dev: 0 or -errno. name is copied. */
int add_disk(struct block_device *bdev);
struct block_device *alloc_disk(const char *name, dev_t dev, u64 sectors, struct request_queue *q);

/* ---- elevator ---- */
void elv_init(struct elevator *e);
void elv_add(struct elevator *e, struct request *rq);
struct request *elv_take(struct elevator *e, unsigned long now); /* NULL: empty */
void elv_remove(struct elevator *e, struct request *rq);
/* The request of that direction that ends at (back) or begins with (front) sector; NULL. */
struct request *elv_find_end(struct elevator *e, int rw, u64 sector);
struct request *elv_find_start(struct elevator *e, int rw, u64 sector);
void check_elevator(const struct elevator *e);

/* ---- the parts ---- */
void bio_init(void);
void bio_endio(struct bio *bio, int error); /* any context */
static inline u32 bio_sectors(const struct bio *bio) { return bio->bi_size >> SECTOR_SHIFT; }
int bdev_init_inode(struct block_device *bdev); /* fs/block_dev.c: the page cache; 0 or -ENOMEM */
int bdev_make_node(const struct block_device *bdev);
int proc_diskstats(char *buf, int size);
int proc_partitions(char *buf, int size);

#endif
