/* Bios, requests and the elevator over a disk in memory. */
#include "fake_disk.h"
#include "fs/vfs.h"

#define SECTOR_BYTES 512u

static struct block_device *bdev;
static struct request_queue *q;
static unsigned ended, failed;
static struct page *page;

static void boot(void)
{
    world_boot(32 * MIB, NULL);
    mm_check_always = true;
    vfs_init();
    block_init();
    bdev = disk_make();
    q = bdev->bd_queue;
    page = alloc_page(GFP_KERNEL | __GFP_ZERO);
    CHECK(page);
}

static void count_end(struct bio *bio)
{
    ended++;
    failed += bio->bi_error != 0;
    bio_put(bio);
}

static struct bio *one_bio(u64 sector, u32 sectors)
{
    struct bio *bio = bio_alloc(GFP_KERNEL, BIO_MAX_VECS);
    bio->bi_bdev = bdev;
    bio->bi_sector = sector;
    bio->bi_end_io = count_end;
    for (; sectors > 8; sectors -= 8)
        CHECK(bio_add_page(bio, page, PAGE_SIZE, 0));
    CHECK(bio_add_page(bio, page, sectors * SECTOR_BYTES, 0));
    return bio;
}

static void submit(int rw, u64 sector, u32 sectors) { submit_bio(rw, one_bio(sector, sectors)); }

/* The requests that wait, in the elevator's order. */
static void check_waiting(int rw, const u32 (*expected)[2], unsigned count)
{
    const struct request *rq;
    unsigned i = 0;
    list_for_each_entry (rq, &q->elevator.sorted[rw], sorted) {
        CHECK(i < count);
        CHECK_EQ(rq->sector, expected[i][0]);
        CHECK_EQ(rq->nr_sectors, expected[i][1]);
        i++;
    }
    CHECK_EQ(i, count);
}

static void neighbours_become_one_request(void)
{
    static const u32 expected[][2] = {{80, 40}, {200, 8}};
    boot();
    disk_depth = 0;
    submit(WRITE, 100, 8);
    submit(WRITE, 108, 4); /* behind */
    submit(WRITE, 92, 8);  /* before */
    submit(WRITE, 200, 8);
    submit(WRITE, 80, 8);
    submit(WRITE, 112, 8);
    submit(WRITE, 88, 4); /* closes the gap */
    submit(READ, 208, 8); /* another direction */
    check_waiting(WRITE, expected, 2);
    CHECK_EQ(q->rl[WRITE].count, 2);
    CHECK_EQ(q->stats.merges[WRITE], 5);
    disk_depth = 8;
    disk_end_all();
    CHECK_EQ(ended, 8);
    CHECK_EQ(disk_requests[WRITE], 2);
    CHECK_EQ(q->rl[WRITE].count + q->rl[READ].count, 0);
}

static void a_request_does_not_outgrow_the_device(void)
{
    static const u32 expected[][2] = {{0, 256}, {256, 8}};
    boot();
    disk_depth = 0;
    for (u32 sector = 0; sector < 264; sector += 8)
        submit(WRITE, sector, 8);
    check_waiting(WRITE, expected, 2);
    disk_depth = 8;
    disk_end_all();
    CHECK_EQ(ended, 33);
}

static void requests_leave_upwards_and_wrap(void)
{
    static const u32 sectors[] = {500, 100, 900, 300}, expected[] = {500, 900, 100, 300};
    boot();
    disk_depth = 0;
    q->elevator.position = 400;
    for (unsigned i = 0; i < 4; i++)
        submit(READ, sectors[i], 1);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(elv_take(&q->elevator, jiffies)->sector, expected[i]);
    CHECK(!elv_take(&q->elevator, jiffies));
}

static void writes_wait_for_a_bounded_number_of_reads(void)
{
    unsigned taken = 0;
    boot();
    disk_depth = 0;
    submit(WRITE, 2000, 1);
    for (u32 sector = 0; sector < 40; sector += 2)
        submit(READ, sector, 1);
    for (u32 sector = 40;; sector += 2, taken++) {
        submit(READ, sector, 1);
        if (elv_take(&q->elevator, jiffies)->rw == WRITE)
            break;
        CHECKF(taken <= WRITES_STARVED * FIFO_BATCH, "%u reads passed a write", taken);
    }
    CHECK_EQ(taken, WRITES_STARVED * FIFO_BATCH);
}

static void an_old_request_begins_the_next_batch(void)
{
    boot();
    disk_depth = 0;
    q->elevator.position = 1000;
    submit(READ, 10, 1);
    jiffies += READ_EXPIRE;
    submit(READ, 1000, 1);
    CHECK_EQ(elv_take(&q->elevator, jiffies)->sector, 10);
}

static void a_plugged_queue_waits_for_company(void)
{
    boot();
    submit(READ, 0, 1);
    CHECK(q->plugged);
    CHECK_EQ(disk_under_way, 0);
    blk_run_queue(bdev);
    CHECK_EQ(disk_under_way, 1);
    for (u32 i = 1; i <= UNPLUG_THRESHOLD; i++) {
        CHECK_EQ(disk_under_way, 1);
        submit(READ, i * 10, 1);
    }
    CHECK_EQ(disk_under_way, 1 + UNPLUG_THRESHOLD);
    submit(READ, 900, 1);
    CHECK(q->plugged);
    q->unplug_timer.function(q->unplug_timer.data);
    CHECK_EQ(disk_under_way, 2 + UNPLUG_THRESHOLD);
    disk_end_all();
}

static void requests_run_out_and_come_back(void)
{
    boot();
    disk_depth = 4;
    for (u32 i = 0; i < 300; i++) {
        submit(WRITE, i * 3 % 2048, 1);
        CHECK(q->rl[WRITE].count <= BLKDEV_MAX_RQ);
        CHECK(i < 60 || !q->rl[READ].congested);
    }
    CHECK(bdi_congested(bdev, WRITE));
    disk_end_all();
    CHECK(!bdi_congested(bdev, WRITE));
    CHECK_EQ(ended, 300);
    CHECK_EQ(failed, 0);
}

static void every_bio_of_a_bad_request_hears_of_it(void)
{
    boot();
    disk_bad_sector = 17;
    submit(READ, 8, 8);
    submit(READ, 16, 8);
    submit(READ, 40, 8);
    disk_end_all();
    CHECK_EQ(ended, 3);
    CHECK_EQ(failed, 2);
}

static void nothing_goes_beyond_the_end(void)
{
    boot();
    submit(WRITE, DISK_SECTORS - 7, 8);
    submit(READ, DISK_SECTORS, 1);
    submit(READ, ~0ull - 3, 8);
    CHECK_EQ(failed, 3);
    submit(READ, DISK_SECTORS - 8, 8);
    disk_end_all();
    CHECK_EQ(failed, 3);
    CHECK_EQ(ended, 4);
    bdev->bd_read_only = true;
    struct bio *bio = one_bio(0, 1);
    CHECK_EQ(submit_bio_wait(WRITE, bio), -EROFS);
    bio_put(bio);
}

static struct bio *held;

static void give_one_back(void)
{
    CHECK(held);
    struct bio *bio = held;
    held = bio->bi_private;
    bio_put(bio);
}

static void the_reserve_serves_who_can_wait(void)
{
    boot();
    unsigned reserved = 0;
    for (;; reserved++) {
        while_sleeping = NULL;
        fail_allocation(1);
        if (reserved == 16)
            break;
        struct bio *bio = bio_alloc(GFP_NOIO, 1);
        bio->bi_private = held;
        held = bio;
    }
    CHECK(!bio_alloc(GFP_ATOMIC, 1));
    while_sleeping = give_one_back;
    fail_allocation(1);
    struct bio *bio = bio_alloc(GFP_NOIO, 1);
    CHECK(bio);
    bio_put(bio);
    while (held)
        give_one_back();
    while_sleeping = NULL;
    fail_allocation(1);
    bio = bio_alloc(GFP_NOIO, 1);
    CHECK(bio && allocation_failed());
}

static void a_flush_does_not_wait_for_what_has_not_ended(void)
{
    boot();
    disk_depth = 0;
    submit(WRITE, 0, 1);
    submit(WRITE, 10, 1);
    disk_depth = 1;
    while_sleeping = disk_end_one;
    CHECK_EQ(blkdev_issue_flush(bdev), 0);
    CHECK_EQ(disk_requests[REQ_FLUSH], 1);
    disk_fail_flush = true;
    CHECK_EQ(blkdev_issue_flush(bdev), -EIO);
    q->can_flush = false;
    CHECK_EQ(blkdev_issue_flush(bdev), 0);
    CHECK_EQ(disk_requests[REQ_FLUSH], 2);
    disk_end_all();
    CHECK_EQ(ended, 2);
}

static void bytes_come_back_as_they_went(void)
{
    boot();
    random_seed(7);
    u8 *bytes = page_address(page);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        bytes[i] = (u8)(i * 31);
    struct bio *bio = one_bio(64, 8);
    CHECK_EQ(submit_bio_wait(WRITE, bio), 0);
    bio_put(bio);
    memset(bytes, 0, PAGE_SIZE);
    bio = one_bio(64, 8);
    CHECK_EQ(submit_bio_wait(READ, bio), 0);
    bio_put(bio);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(bytes[i], (u8)(i * 31));
    CHECK_EQ(q->stats.ios[READ], 1);
    CHECK_EQ(q->stats.sectors[WRITE], 8);
}

static void requests_are_told_to_the_trace_port(void)
{
    boot();
    trace_enabled = true;
    told_count = 0;
    disk_bad_sector = 5;
    submit(READ, 0, 8);
    disk_end_all();
    CHECK_EQ(told_number(FLT_BLOCK_RQ_ISSUE), 1);
    CHECK_EQ(told_number(FLT_BLOCK_RQ_COMPLETE), 1);
    const struct flt_block_rq *done = (const struct flt_block_rq *)&told_last(FLT_BLOCK_RQ_COMPLETE)->head;
    CHECK_EQ(done->dev, VIRTIO_BLK_MAJOR << 20);
    CHECK_EQ(done->bytes, 4096);
    CHECK_EQ(done->segments, 1);
    CHECK_EQ(done->error, EIO);
}

static void numbers_are_shown_as_on_linux(void)
{
    char text[256];
    boot();
    submit(WRITE, 0, 8);
    submit(WRITE, 8, 8);
    disk_end_all();
    CHECK_EQ(proc_partitions(text, sizeof(text)), (int)strlen(text));
    CHECKF(strcmp(text, "major minor  #blocks  name\n\n 254        0       1024 vda\n") == 0, "%s", text);
    CHECK_EQ(proc_diskstats(text, sizeof(text)), (int)strlen(text));
    CHECKF(strcmp(text, " 254       0 vda 0 0 0 0 1 1 16 0 0 0 0\n") == 0, "%s", text);
}

int main(void)
{
    tap_run("neighbours become one request", neighbours_become_one_request);
    tap_run("a request does not outgrow the device", a_request_does_not_outgrow_the_device);
    tap_run("requests leave upwards and wrap", requests_leave_upwards_and_wrap);
    tap_run("writes wait for a bounded number of reads", writes_wait_for_a_bounded_number_of_reads);
    tap_run("an old request begins the next batch", an_old_request_begins_the_next_batch);
    tap_run("a plugged queue waits for company", a_plugged_queue_waits_for_company);
    tap_run("requests run out and come back", requests_run_out_and_come_back);
    tap_run("every bio of a bad request hears of it", every_bio_of_a_bad_request_hears_of_it);
    tap_run("nothing goes beyond the end, or onto a read-only disk", nothing_goes_beyond_the_end);
    tap_run("the reserve of bios serves who can wait", the_reserve_serves_who_can_wait);
    tap_run("a flush does not wait for what has not ended", a_flush_does_not_wait_for_what_has_not_ended);
    tap_run("bytes come back as they went", bytes_come_back_as_they_went);
    tap_run("requests are told to the trace port", requests_are_told_to_the_trace_port);
    tap_run("numbers are shown as on Linux", numbers_are_shown_as_on_linux);
    return tap_done();
}
