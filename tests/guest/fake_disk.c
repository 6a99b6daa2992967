/* See fake_disk.h. */
#include "fake_disk.h"

#define DISK_MAX 128u

u8 disk_bytes[DISK_SECTORS << SECTOR_SHIFT];
unsigned disk_depth = DISK_MAX, disk_under_way;
u64 disk_bad_sector = ~0ull;
bool disk_fail_writes, disk_fail_flush;
unsigned disk_requests[3];
struct request disk_last;
static struct request *taken[DISK_MAX];
static struct request_queue *queue;

static void take(struct request_queue *q)
{
    struct request *rq;
    while (disk_under_way < disk_depth && (rq = blk_peek_request(q)) != NULL) {
        blk_start_request(rq);
        taken[disk_under_way++] = rq;
    }
}

static int transfer(const struct request *rq)
{
    u64 at = rq->sector << SECTOR_SHIFT;
    if (rq->rw == REQ_FLUSH)
        return disk_fail_flush ? -EIO : 0;
    CHECKF(rq->sector + rq->nr_sectors <= DISK_SECTORS, "sector %llu + %u", rq->sector, rq->nr_sectors);
    CHECK(rq->nr_sectors <= queue->max_sectors && rq->nr_segments <= queue->max_segments);
    if (disk_bad_sector - rq->sector < rq->nr_sectors || (rq->rw == WRITE && disk_fail_writes))
        return -EIO;
    for (const struct bio *bio = rq->bio; bio; bio = bio->bi_next) {
        CHECK_EQ(bio->bi_sector << SECTOR_SHIFT, at);
        for (unsigned i = 0; i < bio->bi_vcnt; i++) {
            const struct bio_vec *vec = &bio->bi_io_vec[i];
            u8 *bytes = (u8 *)page_address(vec->bv_page) + vec->bv_offset;
            memcpy(rq->rw == WRITE ? disk_bytes + at : bytes, rq->rw == WRITE ? bytes : disk_bytes + at, vec->bv_len);
            at += vec->bv_len;
        }
    }
    CHECK_EQ(at, (rq->sector + rq->nr_sectors) << SECTOR_SHIFT);
    return 0;
}

void disk_end_one(void)
{
    CHECKF(disk_under_way > 0, "%s", "the task sleeps, and nothing was given to the disk");
    unsigned i = random_u32() % disk_under_way;
    struct request *rq = taken[i];
    taken[i] = taken[--disk_under_way];
    disk_last = *rq;
    disk_requests[rq->rw]++;
    end_request(rq, transfer(rq));
    blk_start_queue(queue);
}

void disk_end_all(void)
{
    blk_run_all_queues();
    while (disk_under_way)
        disk_end_one();
}

struct block_device *disk_make(void)
{
    queue = blk_init_queue(take, NULL);
    CHECK(queue);
    queue->can_flush = true;
    struct block_device *bdev = alloc_disk("vda", MKDEV(VIRTIO_BLK_MAJOR, 0), DISK_SECTORS, queue);
    CHECK(bdev);
    CHECK_EQ(add_disk(bdev), 0);
    while_sleeping = disk_end_one;
    return bdev;
}
