/*
 * The request queue: bios become requests, requests wait in the elevator and go to the driver.
 *
 * A queue in which nothing waits is plugged by the first request that comes: for at most a tick it collects, so that
 * what is submitted piece by piece leaves as one. It is unplugged when UNPLUG_THRESHOLD requests wait, by the timer,
 * or by a task that is about to wait (blk_run_queue). The driver's end of a request opens it for the next ones.
 *
 * The state of a queue is shared with the driver's interrupt: every entry point turns interrupts off around it.
 * Requests of a direction run out before memory does; who needs one then sleeps until one ends. A queue is congested
 * from seven eighths of them on until three sixteenths are free again.
 */
#include "block/request.h"
#include "mm/internal.h"

#define CONGESTION_ON (BLKDEV_MAX_RQ - BLKDEV_MAX_RQ / 8)
#define CONGESTION_OFF (BLKDEV_MAX_RQ - BLKDEV_MAX_RQ / 8 - BLKDEV_MAX_RQ / 16)

static LIST_HEAD(all_queues);
static wait_queue_head_t congestion_queues[2] = {
    {LIST_HEAD_INIT(congestion_queues[READ].task_list)},
    {LIST_HEAD_INIT(congestion_queues[WRITE].task_list)},
};

static void check_queue(const struct request_queue *q)
{
    if (MM_CHECK_DUE())
        check_elevator(&q->elevator);
}

/* ---- numbers: before in_flight or the requests in use change ---- */

static void account_time(struct request_queue *q)
{
    unsigned long ms = (jiffies - q->stats.stamp) * (1000 / HZ);
    unsigned used = q->rl[READ].count + q->rl[WRITE].count;
    q->stats.stamp = jiffies;
    if (used) {
        q->stats.io_ticks += ms;
        q->stats.time_in_queue += used * ms;
    }
}

/* ---- the pool ---- */

static struct request *get_request(struct request_queue *q, int rw)
{
    struct request_list *rl = &q->rl[rw];
    if (rl->count == BLKDEV_MAX_RQ)
        return NULL;
    account_time(q);
    if (++rl->count >= CONGESTION_ON)
        rl->congested = true;
    struct request *rq = list_entry(q->pool.next, struct request, sorted);
    list_del_init(&rq->sorted);
    return rq;
}

static void put_request(struct request *rq)
{
    struct request_queue *q = rq->q;
    struct request_list *rl = &q->rl[rq->rw];
    account_time(q);
    list_add(&rq->sorted, &q->pool);
    if (--rl->count <= CONGESTION_OFF) {
        rl->congested = false;
        wake_up(&congestion_queues[rq->rw]); /* also when it never was: who waits there wants any progress */
    }
    wake_up(&rl->wait);
}

/* ---- plugging ---- */

static void run_driver(struct request_queue *q)
{
    q->plugged = false;
    del_timer(&q->unplug_timer);
    q->request_fn(q);
}

static void unplug_timeout(void *queue)
{
    struct request_queue *q = queue;
    if (q->plugged)
        run_driver(q);
}

static void plug(struct request_queue *q)
{
    q->plugged = true;
    mod_timer(&q->unplug_timer, jiffies + 1);
}

static void unplug(struct request_queue *q)
{
    unsigned long flags = local_irq_save();
    if (q->plugged)
        run_driver(q);
    local_irq_restore(flags);
}

void blk_run_queue(struct block_device *bdev) { unplug(bdev->bd_queue); }

void blk_run_all_queues(void)
{
    struct request_queue *q;
    list_for_each_entry (q, &all_queues, all)
        unplug(q);
}

void blk_start_queue(struct request_queue *q)
{
    unsigned long flags = local_irq_save();
    if (!q->plugged)
        q->request_fn(q);
    local_irq_restore(flags);
}

/* ---- merging ---- */

static bool may_grow(const struct request_queue *q, const struct request *rq, u32 sectors, u32 segments)
{
    return rq->nr_sectors + sectors <= q->max_sectors && rq->nr_segments + segments <= q->max_segments;
}

static void grown(struct request *rq, u32 sectors, u32 segments)
{
    rq->nr_sectors += sectors;
    rq->nr_segments += segments;
    rq->q->stats.merges[rq->rw]++;
}

/* rq has grown up to its successor: one request instead of two, as old as the older. */
static void join_successor(struct request_queue *q, struct request *rq)
{
    struct request *next = elv_find_start(&q->elevator, rq->rw, rq->sector + rq->nr_sectors);
    if (!next || next == rq || !may_grow(q, rq, next->nr_sectors, next->nr_segments))
        return;
    rq->biotail->bi_next = next->bio;
    rq->biotail = next->biotail;
    if ((long)(next->expires - rq->expires) < 0) {
        rq->expires = next->expires;
        list_del(&rq->fifo);
        list_add(&rq->fifo, &next->fifo);
    }
    if ((long)(next->start_time - rq->start_time) < 0)
        rq->start_time = next->start_time;
    grown(rq, next->nr_sectors, next->nr_segments);
    elv_remove(&q->elevator, next);
    put_request(next);
}

static bool merge_back(struct request_queue *q, struct bio *bio)
{
    struct request *rq = elv_find_end(&q->elevator, bio->bi_rw, bio->bi_sector);
    if (!rq || !may_grow(q, rq, bio_sectors(bio), bio->bi_vcnt))
        return false;
    rq->biotail->bi_next = bio;
    rq->biotail = bio;
    grown(rq, bio_sectors(bio), bio->bi_vcnt);
    join_successor(q, rq);
    return true;
}

/* The request begins earlier now; it stays behind every request that begins before it, for nothing lies between. */
static bool merge_front(struct request_queue *q, struct bio *bio)
{
    struct request *rq = elv_find_start(&q->elevator, bio->bi_rw, bio->bi_sector + bio_sectors(bio));
    if (!rq || !may_grow(q, rq, bio_sectors(bio), bio->bi_vcnt))
        return false;
    bio->bi_next = rq->bio;
    rq->bio = bio;
    elv_remove(&q->elevator, rq);
    rq->sector = bio->bi_sector;
    grown(rq, bio_sectors(bio), bio->bi_vcnt);
    elv_add(&q->elevator, rq);
    return true;
}

/* ---- bio to request ---- */

/* A free request; sleeps for it. Interrupts are off on entry and on return. */
static struct request *get_request_wait(struct request_queue *q, int rw)
{
    struct request *rq = get_request(q, rw);
    DEFINE_WAIT(wait);
    wait.exclusive = true;
    while (!rq) {
        if (q->plugged)
            run_driver(q);
        prepare_to_wait(&q->rl[rw].wait, &wait, TASK_UNINTERRUPTIBLE);
        if (q->rl[rw].count == BLKDEV_MAX_RQ)
            schedule();
        finish_wait(&q->rl[rw].wait, &wait);
        rq = get_request(q, rw);
    }
    return rq;
}

static void start_request(struct request_queue *q, struct request *rq, struct bio *bio)
{
    rq->q = q;
    rq->rw = bio->bi_rw;
    rq->sector = bio->bi_sector;
    rq->nr_sectors = bio_sectors(bio);
    rq->nr_segments = bio->bi_vcnt;
    rq->bio = rq->biotail = bio;
    rq->start_time = jiffies;
    rq->expires = jiffies + (rq->rw == READ ? READ_EXPIRE : WRITE_EXPIRE);
    if (q->elevator.count == 0 && !q->picked && !q->plugged)
        plug(q);
    elv_add(&q->elevator, rq);
    if (!q->plugged || q->elevator.count >= UNPLUG_THRESHOLD)
        run_driver(q);
}

static void make_request(struct request_queue *q, struct bio *bio)
{
    unsigned long flags = local_irq_save();
    if (!merge_back(q, bio) && !merge_front(q, bio))
        start_request(q, get_request_wait(q, bio->bi_rw), bio);
    check_queue(q);
    local_irq_restore(flags);
}

static int check_bio(const struct bio *bio)
{
    const struct block_device *bdev = bio->bi_bdev;
    u64 sectors = bdev->bd_sectors;
    BUG_ON(bio->bi_vcnt == 0);
    if (bio->bi_sector > sectors || bio_sectors(bio) > sectors - bio->bi_sector) {
        printk(KERN_WARNING "%s: attempt to access beyond end of device: sector %llu + %u of %llu\n", bdev->bd_name,
               bio->bi_sector, bio_sectors(bio), sectors);
        return -EIO;
    }
    return bio->bi_rw == WRITE && bdev->bd_read_only ? -EROFS : 0;
}

void submit_bio(int rw, struct bio *bio)
{
    bio->bi_rw = rw;
    bio->bi_error = 0;
    bio->bi_next = NULL;
    int error = check_bio(bio);
    if (error) {
        bio_endio(bio, error);
        return;
    }
    count_vm_events(rw == READ ? PGPGIN : PGPGOUT, bio_sectors(bio));
    if (rw == READ)
        current->read_bytes += bio->bi_size;
    make_request(bio->bi_bdev->bd_queue, bio);
}

/* ---- request to driver and back ---- */

struct flush_wait {
    bool done;
    int error;
    wait_queue_head_t queue;
};

static void end_flush(struct flush_wait *wait, int error)
{
    wait->error = error;
    *(volatile bool *)&wait->done = true;
    wake_up(&wait->queue);
}

struct request *blk_peek_request(struct request_queue *q)
{
    if (!q->picked && q->flush_waits) {
        q->flush_waits = false;
        q->picked = &q->flush_rq;
    }
    if (!q->picked)
        q->picked = elv_take(&q->elevator, jiffies);
    check_queue(q);
    return q->picked;
}

static void trace_request(const struct request *rq, u16 type, int error)
{
    dev_t dev = rq->q->bdev->bd_dev;
    TRACE(type, flt_block_rq, .dev = MAJOR(dev) << 20 | MINOR(dev), .sector = (u32)rq->sector,
          .bytes = rq->nr_sectors << SECTOR_SHIFT, .write = (u32)rq->rw, .segments = rq->nr_segments,
          .error = (u32)-error);
}

void blk_start_request(struct request *rq)
{
    BUG_ON(rq->q->picked != rq);
    rq->q->picked = NULL;
    rq->q->in_flight++;
    trace_request(rq, FLT_BLOCK_RQ_ISSUE, 0);
}

static void end_bios(struct bio *bio, int error)
{
    while (bio) {
        struct bio *next = bio->bi_next;
        bio_endio(bio, error);
        bio = next;
    }
}

static void report_error(const struct request *rq, int error)
{
    printk(KERN_ERR "%s: I/O error %d, %s sector %llu, %u sectors\n", rq->q->bdev->bd_name, -error,
           rq->rw == READ    ? "reading"
           : rq->rw == WRITE ? "writing"
                             : "flushing",
           rq->sector, rq->nr_sectors);
}

void end_request(struct request *rq, int error)
{
    struct request_queue *q = rq->q;
    BUG_ON(q->in_flight == 0);
    trace_request(rq, FLT_BLOCK_RQ_COMPLETE, error);
    if (error)
        report_error(rq, error);
    q->in_flight--;
    if (rq->rw == REQ_FLUSH) {
        end_flush(rq->flush, error);
        return;
    }
    struct bio *bio = rq->bio;
    q->stats.ios[rq->rw]++;
    q->stats.sectors[rq->rw] += rq->nr_sectors;
    q->stats.ticks[rq->rw] += (jiffies - rq->start_time) * (1000 / HZ);
    put_request(rq);
    end_bios(bio, error);
}

/* ---- flush ---- */

/* Before what waits in the elevator: that has not ended and may be lost. One flush at a time. */
static int flush_queue(struct request_queue *q)
{
    struct flush_wait wait = {.done = false};
    init_waitqueue_head(&wait.queue);
    mutex_lock(&q->flush_mutex);
    unsigned long flags = local_irq_save();
    q->flush_rq = (struct request){.q = q, .rw = REQ_FLUSH, .flush = &wait};
    q->flush_waits = true;
    run_driver(q);
    local_irq_restore(flags);
    wait_event(wait.queue, *(volatile bool *)&wait.done);
    mutex_unlock(&q->flush_mutex);
    return wait.error;
}

/* A device without a cache has made last all that ended. */
int blkdev_issue_flush(struct block_device *bdev)
{
    return bdev->bd_queue->can_flush ? flush_queue(bdev->bd_queue) : 0;
}

/* ---- congestion ---- */

bool bdi_congested(struct block_device *bdev, int rw) { return bdev->bd_queue->rl[rw].congested; }

long congestion_wait(int rw, long timeout)
{
    DEFINE_WAIT(wait);
    blk_run_all_queues();
    prepare_to_wait(&congestion_queues[rw], &wait, TASK_UNINTERRUPTIBLE);
    timeout = schedule_timeout(timeout);
    finish_wait(&congestion_queues[rw], &wait);
    return timeout;
}

/* ---- life ---- */

struct request_queue *blk_init_queue(void (*request_fn)(struct request_queue *q), void *queuedata)
{
    struct request_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);
    struct request *requests = kzalloc(2 * BLKDEV_MAX_RQ * sizeof(*requests), GFP_KERNEL);
    if (!q || !requests) {
        kfree(q);
        kfree(requests);
        return NULL;
    }
    q->request_fn = request_fn;
    q->queuedata = queuedata;
    q->max_segments = BIO_MAX_VECS;
    q->max_sectors = BIO_MAX_VECS << (PAGE_SHIFT - SECTOR_SHIFT);
    q->requests = requests;
    elv_init(&q->elevator);
    mutex_init(&q->flush_mutex);
    init_timer(&q->unplug_timer, unplug_timeout, q);
    INIT_LIST_HEAD(&q->pool);
    for (unsigned i = 0; i < 2 * BLKDEV_MAX_RQ; i++)
        list_add_tail(&requests[i].sorted, &q->pool);
    for (int rw = READ; rw <= WRITE; rw++)
        init_waitqueue_head(&q->rl[rw].wait);
    list_add_tail(&q->all, &all_queues);
    return q;
}

void blk_cleanup_queue(struct request_queue *q)
{
    BUG_ON(q->in_flight || q->elevator.count || q->rl[READ].count || q->rl[WRITE].count);
    del_timer(&q->unplug_timer);
    list_del(&q->all);
    kfree(q->requests);
    kfree(q);
}
