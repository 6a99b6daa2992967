/* The block devices by number and name, and their numbers for /proc. Devices come at boot and stay. */
#include "block/request.h"
#include "fs/buffer_head.h"
#include "lib/text.h"
#include "mm/slab.h"

LIST_HEAD(all_block_devices);

void block_init(void)
{
    bio_init();
    buffer_init();
}

struct block_device *alloc_disk(const char *name, dev_t dev, u64 sectors, struct request_queue *q)
{
    struct block_device *bdev = kzalloc(sizeof(*bdev), GFP_KERNEL);
    if (!bdev)
        return NULL;
    strlcpy(bdev->bd_name, name, sizeof(bdev->bd_name));
    bdev->bd_dev = dev;
    bdev->bd_sectors = sectors;
    bdev->bd_queue = q;
    q->bdev = bdev;
    INIT_LIST_HEAD(&bdev->bd_list);
    return bdev;
}

int add_disk(struct block_device *bdev)
{
    if (blkdev_find(bdev->bd_dev))
        return -EBUSY;
    int error = bdev_init_inode(bdev);
    if (!error)
        error = bdev_make_node(bdev);
    if (error)
        return error;
    list_add_tail(&bdev->bd_list, &all_block_devices);
    return 0;
}

struct block_device *blkdev_find(dev_t dev)
{
    struct block_device *bdev;
    list_for_each_entry (bdev, &all_block_devices, bd_list) {
        if (bdev->bd_dev == dev)
            return bdev;
    }
    return NULL;
}

struct block_device *blkdev_find_name(const char *name)
{
    struct block_device *bdev;
    if (strncmp(name, "/dev/", 5) == 0)
        name += 5;
    list_for_each_entry (bdev, &all_block_devices, bd_list) {
        if (strcmp(bdev->bd_name, name) == 0)
            return bdev;
    }
    return NULL;
}

/* ---- /proc ---- */

static void show_stats(struct text *t, const struct block_device *bdev)
{
    const struct request_queue *q = bdev->bd_queue;
    const struct disk_stats *s = &q->stats;
    text(t, "%4u %7u %s", MAJOR(bdev->bd_dev), MINOR(bdev->bd_dev), bdev->bd_name);
    for (int rw = READ; rw <= WRITE; rw++)
        text(t, " %lu %lu %llu %lu", s->ios[rw], s->merges[rw], s->sectors[rw], s->ticks[rw]);
    text(t, " %u %lu %lu\n", q->in_flight, s->io_ticks, s->time_in_queue);
}

int proc_diskstats(char *buf, int size)
{
    struct text t = {buf, size, 0};
    const struct block_device *bdev;
    list_for_each_entry (bdev, &all_block_devices, bd_list)
        show_stats(&t, bdev);
    return t.length;
}

int proc_partitions(char *buf, int size)
{
    struct text t = {buf, size, 0};
    const struct block_device *bdev;
    text(&t, "major minor  #blocks  name\n\n");
    list_for_each_entry (bdev, &all_block_devices, bd_list)
        text(&t, "%4u  %7u %10llu %s\n", MAJOR(bdev->bd_dev), MINOR(bdev->bd_dev), bdev->bd_sectors >> 1,
             bdev->bd_name);
    return t.length;
}
