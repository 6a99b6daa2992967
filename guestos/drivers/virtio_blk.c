/*
 * Disks: virtio-blk over the legacy ports of PCI (Virtual I/O Device 1.1, 2.6, 4.1.4.8, 5.2), as vda, vdb, ...
 *
 *   request --> descriptors  header | data ... | status  -- head's number --> available ring, notify
 *   interrupt: used ring  -- head's number --> the request ends, its descriptors are free
 *
 * Held true:
 *   1. Which descriptors are free and which belong to a request is written down in memory that the device does not
 *      see. From the device come a head's number, a length, a status byte, and the rings' counters: each is compared
 *      with what was asked before it is used. A device that names a request it was not given is reset and gives -EIO
 *      from then on.
 *   2. As many requests are under way as descriptors are free; the rest waits in the queue and may merge.
 *   3. An interrupt line is shared: reading the status port takes the interrupt back, 0 means another's.
 */
#include "block/request.h"
#include "drivers/pci.h"
#include "kernel/init.h"
#include "mm/internal.h"
#include "asm/io.h"

#define VENDOR 0x1af4
#define DEVICE_BLK 0x1001 /* transitional */

#define PORT_DEVICE_FEATURES 0
#define PORT_GUEST_FEATURES 4
#define PORT_QUEUE_PAGE 8
#define PORT_QUEUE_SIZE 12
#define PORT_QUEUE_SELECT 14
#define PORT_QUEUE_NOTIFY 16
#define PORT_STATUS 18
#define PORT_INTERRUPT 19
#define PORT_CAPACITY 20
#define PORT_SEG_MAX 32

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_NEEDS_RESET 0x40u
#define STATUS_FAILED 0x80u

#define FEATURE_SEG_MAX (1u << 2)
#define FEATURE_READ_ONLY (1u << 5)
#define FEATURE_FLUSH (1u << 9)

#define TYPE_IN 0u
#define TYPE_OUT 1u
#define TYPE_FLUSH 4u
#define TYPE_GET_ID 8u
#define ID_BYTES 20u
#define RESULT_OK 0u
#define RESULT_UNSUPPORTED 2u
#define RESULT_NONE 0xffu /* the device has not written it */

#define DESC_NEXT 1u
#define DESC_WRITE 2u /* by the device */
#define MAX_QUEUE 1024u
#define MAX_SEGMENTS 64u
#define NO_DESC 0xffffu
#define ID_TIMEOUT (2 * HZ)

struct vring_desc {
    u64 addr;
    u32 len;
    u16 flags, next;
};
struct vring_avail {
    u16 flags, idx, ring[];
};
struct vring_used {
    u16 flags, idx;
    struct {
        u32 id, len;
    } ring[];
};
struct blk_header {
    u32 type, priority;
    u64 sector;
};
_Static_assert(sizeof(struct vring_desc) == 16 && offsetof(struct vring_used, ring) == 4, "Virtual I/O Device 2.6");
_Static_assert(sizeof(struct blk_header) == 16, "Virtual I/O Device 5.2.6");

/* By the head descriptor's number. Header and status are the device's to read and to write. */
struct slot {
    struct blk_header header;
    u8 status;
    struct request *rq; /* NULL: not under way */
};

struct virtio_blk {
    u16 port;
    u32 features;
    u16 queue_size, free_count, free_head, last_used;
    struct vring_desc *desc;
    struct vring_avail *avail;
    volatile struct vring_used *used;
    struct slot *slots;
    u16 *next; /* of a free descriptor, and of one in a chain */
    bool broken;
    struct block_device *bdev;
    struct request_queue *queue;
    char id[ID_BYTES + 1];
};

static void barrier(void) { __asm__ volatile("" : : : "memory"); }

/* ---- descriptors ---- */

/* A chain under construction. */
struct chain {
    struct virtio_blk *blk;
    u16 head, last;
};

static void chain_add(struct chain *chain, u64 phys, u32 bytes, u16 flags)
{
    struct virtio_blk *blk = chain->blk;
    u16 desc = blk->free_head;
    BUG_ON(blk->free_count == 0);
    blk->free_head = blk->next[desc];
    blk->free_count--;
    blk->desc[desc] = (struct vring_desc){phys, bytes, flags, 0};
    blk->next[desc] = NO_DESC;
    if (chain->last == NO_DESC) {
        chain->head = desc;
    } else {
        blk->desc[chain->last].flags |= DESC_NEXT;
        blk->desc[chain->last].next = desc;
        blk->next[chain->last] = desc;
    }
    chain->last = desc;
}

static void free_chain(struct virtio_blk *blk, u16 head)
{
    for (u16 desc = head; desc != NO_DESC;) {
        u16 next = blk->next[desc];
        blk->next[desc] = blk->free_head;
        blk->free_head = desc;
        blk->free_count++;
        desc = next;
    }
}

static void chain_begin(struct chain *chain, struct virtio_blk *blk, u32 type, u64 sector)
{
    struct slot *slot = &blk->slots[blk->free_head];
    *chain = (struct chain){blk, NO_DESC, NO_DESC};
    *slot = (struct slot){.header = {type, 0, sector}, .status = RESULT_NONE};
    chain_add(chain, __pa(&slot->header), sizeof(slot->header), 0);
}

static void chain_end(struct chain *chain, struct request *rq)
{
    struct virtio_blk *blk = chain->blk;
    struct slot *slot = &blk->slots[chain->head];
    chain_add(chain, __pa(&slot->status), 1, DESC_WRITE);
    slot->rq = rq;
    blk->avail->ring[blk->avail->idx % blk->queue_size] = chain->head;
    barrier(); /* the entry before the counter that shows it */
    blk->avail->idx++;
}

static void notify(struct virtio_blk *blk)
{
    barrier();
    outw(0, (u16)(blk->port + PORT_QUEUE_NOTIFY));
}

/* ---- requests to the device ---- */

/* Pieces that lie one behind the other in memory are one descriptor. */
static void add_data(struct chain *chain, const struct request *rq)
{
    u16 flags = rq->rw == READ ? DESC_WRITE : 0;
    u64 start = 0;
    u32 bytes = 0;
    for (const struct bio *bio = rq->bio; bio; bio = bio->bi_next) {
        for (unsigned i = 0; i < bio->bi_vcnt; i++) {
            const struct bio_vec *vec = &bio->bi_io_vec[i];
            u64 phys = ((u64)page_to_pfn(vec->bv_page) << PAGE_SHIFT) + vec->bv_offset;
            if (bytes && phys != start + bytes) {
                chain_add(chain, start, bytes, flags);
                bytes = 0;
            }
            if (bytes == 0)
                start = phys;
            bytes += vec->bv_len;
        }
    }
    if (bytes)
        chain_add(chain, start, bytes, flags);
}

static void add_request(struct virtio_blk *blk, struct request *rq)
{
    struct chain chain;
    u32 type = rq->rw == READ ? TYPE_IN : rq->rw == WRITE ? TYPE_OUT : TYPE_FLUSH;
    chain_begin(&chain, blk, type, rq->sector);
    add_data(&chain, rq);
    chain_end(&chain, rq);
}

static void do_requests(struct request_queue *q)
{
    struct virtio_blk *blk = q->queuedata;
    struct request *rq;
    bool added = false;
    while ((rq = blk_peek_request(q)) != NULL && (blk->broken || rq->nr_segments + 2 <= blk->free_count)) {
        blk_start_request(rq);
        if (blk->broken) {
            end_request(rq, -EIO);
            continue;
        }
        add_request(blk, rq);
        added = true;
    }
    if (added)
        notify(blk);
}

/* ---- and back ---- */

/* It cannot be trusted any more: nothing of what it does reaches memory after the reset. */
static void give_up(struct virtio_blk *blk, const char *why)
{
    printk(KERN_ERR "%s: the device %s; it is given up\n", blk->bdev ? blk->bdev->bd_name : "virtio_blk", why);
    blk->broken = true;
    outb(0, (u16)(blk->port + PORT_STATUS));
    outb(STATUS_FAILED, (u16)(blk->port + PORT_STATUS));
    for (u16 head = 0; head < blk->queue_size; head++) {
        struct request *rq = blk->slots[head].rq;
        blk->slots[head].rq = NULL;
        if (rq)
            end_request(rq, -EIO);
    }
}

static int result_of(const struct slot *slot, u32 length)
{
    u32 wanted = 1 + (slot->rq->rw == READ ? slot->rq->nr_sectors << SECTOR_SHIFT : 0);
    if (slot->status == RESULT_UNSUPPORTED)
        return -EOPNOTSUPP;
    return slot->status == RESULT_OK && length >= wanted ? 0 : -EIO;
}

static void end_used(struct virtio_blk *blk, u32 id, u32 length)
{
    if (id >= blk->queue_size || !blk->slots[id].rq) {
        give_up(blk, "ended a request that it was not given");
        return;
    }
    struct request *rq = blk->slots[id].rq;
    int error = result_of(&blk->slots[id], length);
    blk->slots[id].rq = NULL;
    free_chain(blk, (u16)id);
    end_request(rq, error);
}

static void take_used(struct virtio_blk *blk)
{
    u16 idx = blk->used->idx;
    if ((u16)(idx - blk->last_used) > blk->queue_size) {
        give_up(blk, "ended more requests than there are");
        return;
    }
    while (!blk->broken && blk->last_used != idx) {
        u16 at = blk->last_used++ % blk->queue_size;
        barrier();
        end_used(blk, blk->used->ring[at].id, blk->used->ring[at].len);
        idx = blk->used->idx;
    }
}

static void virtio_blk_interrupt(int irq, void *owner)
{
    struct virtio_blk *blk = owner;
    (void)irq;
    /* Read it even when nobody cares: else the line stays up, and whoever shares it gets no rest. */
    if (!inb((u16)(blk->port + PORT_INTERRUPT)) || blk->broken || !blk->queue)
        return;
    if (inb((u16)(blk->port + PORT_STATUS)) & STATUS_NEEDS_RESET)
        give_up(blk, "asks for a reset");
    else
        take_used(blk);
    blk_start_queue(blk->queue);
}

/* ---- start ---- */

/* The queue's memory: descriptors and available ring, then from the next page on the used ring. */
static bool make_ring(struct virtio_blk *blk)
{
    u32 first = blk->queue_size * (u32)sizeof(struct vring_desc) + 6 + 2u * blk->queue_size;
    u32 used_at = ALIGN_UP(first, PAGE_SIZE), bytes = used_at + 6 + 8u * blk->queue_size;
    unsigned order = 0;
    while ((PAGE_SIZE << order) < bytes)
        order++;
    char *ring = (char *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_KERNEL_OWN, order);
    blk->slots = kzalloc(blk->queue_size * sizeof(*blk->slots), GFP_KERNEL);
    blk->next = kzalloc(blk->queue_size * sizeof(*blk->next), GFP_KERNEL);
    if (!ring || !blk->slots || !blk->next) {
        if (ring)
            free_pages((unsigned long)ring, order);
        kfree(blk->slots);
        kfree(blk->next);
        return false;
    }
    blk->desc = (struct vring_desc *)ring;
    blk->avail = (struct vring_avail *)(ring + blk->queue_size * sizeof(struct vring_desc));
    blk->used = (struct vring_used *)(ring + used_at);
    for (u16 i = 0; i < blk->queue_size; i++)
        blk->next[i] = (u16)(i + 1u < blk->queue_size ? i + 1u : NO_DESC);
    blk->free_count = blk->queue_size;
    outl((u32)(__pa(ring) >> PAGE_SHIFT), (u16)(blk->port + PORT_QUEUE_PAGE));
    return true;
}

static u64 read_capacity(const struct virtio_blk *blk)
{
    u16 port = (u16)(blk->port + PORT_CAPACITY);
    u32 low, high;
    do {
        high = inl((u16)(port + 4));
        low = inl(port);
    } while (high != inl((u16)(port + 4)));
    return (u64)high << 32 | low;
}

static void set_status(const struct virtio_blk *blk, u8 status) { outb(status, (u16)(blk->port + PORT_STATUS)); }

/* What is wrong with the device, or NULL. */
static const char *start_device(struct virtio_blk *blk)
{
    set_status(blk, 0);
    set_status(blk, STATUS_ACKNOWLEDGE);
    set_status(blk, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    blk->features =
        inl((u16)(blk->port + PORT_DEVICE_FEATURES)) & (FEATURE_SEG_MAX | FEATURE_READ_ONLY | FEATURE_FLUSH);
    outl(blk->features, (u16)(blk->port + PORT_GUEST_FEATURES));
    outw(0, (u16)(blk->port + PORT_QUEUE_SELECT));
    blk->queue_size = inw((u16)(blk->port + PORT_QUEUE_SIZE));
    if (blk->queue_size < BIO_MAX_VECS + 2 || blk->queue_size > MAX_QUEUE || (blk->queue_size & (blk->queue_size - 1u)))
        return "has a queue of a size that cannot be used";
    if (blk->features & FEATURE_SEG_MAX && inl((u16)(blk->port + PORT_SEG_MAX)) < BIO_MAX_VECS)
        return "takes too few pieces in a request";
    if (!make_ring(blk))
        return "gets no memory";
    set_status(blk, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK);
    return NULL;
}

/* Before anything else uses the queue: waits for the answer by looking. */
static void read_id(struct virtio_blk *blk)
{
    static char answer[ID_BYTES];
    struct chain chain;
    unsigned long deadline = jiffies + ID_TIMEOUT;
    memset(answer, 0, sizeof(answer));
    chain_begin(&chain, blk, TYPE_GET_ID, 0);
    chain_add(&chain, __pa(answer), sizeof(answer), DESC_WRITE);
    chain_end(&chain, NULL);
    notify(blk);
    while (blk->used->idx == blk->last_used && (long)(jiffies - deadline) < 0)
        __asm__ volatile("pause");
    if (blk->used->idx == blk->last_used) {
        give_up(blk, "does not answer");
        return;
    }
    blk->last_used++;
    inb((u16)(blk->port + PORT_INTERRUPT));
    if (blk->slots[chain.head].status == RESULT_OK)
        memcpy(blk->id, answer, sizeof(answer));
    free_chain(blk, chain.head);
}

static void name_disk(char *name, unsigned index)
{
    unsigned at = 2;
    name[0] = 'v', name[1] = 'd';
    if (index >= 26)
        name[at++] = (char)('a' + index / 26 - 1);
    name[at++] = (char)('a' + index % 26);
    name[at] = '\0';
}

static u32 segments_of(const struct virtio_blk *blk)
{
    u32 most = min_t(u32, blk->queue_size - 2u, MAX_SEGMENTS);
    return blk->features & FEATURE_SEG_MAX ? min_t(u32, most, inl((u16)(blk->port + PORT_SEG_MAX))) : most;
}

static int make_disk(struct virtio_blk *blk)
{
    static unsigned disks;
    char name[8];
    u64 sectors = min_t(u64, read_capacity(blk), (u64)MAX_LFS_FILESIZE >> SECTOR_SHIFT);
    name_disk(name, disks);
    blk->queue = blk_init_queue(do_requests, blk);
    blk->bdev = blk->queue ? alloc_disk(name, MKDEV(VIRTIO_BLK_MAJOR, disks * 16), sectors, blk->queue) : NULL;
    if (!blk->bdev)
        return -ENOMEM;
    blk->queue->max_segments = segments_of(blk);
    blk->queue->max_sectors = blk->queue->max_segments << (PAGE_SHIFT - SECTOR_SHIFT);
    blk->queue->can_flush = (blk->features & FEATURE_FLUSH) != 0;
    blk->bdev->bd_read_only = (blk->features & FEATURE_READ_ONLY) != 0;
    blk->bdev->bd_private = blk;
    int error = add_disk(blk->bdev);
    disks += !error;
    return error;
}

static void complain(const struct pci_dev *dev, const char *what)
{
    printk(KERN_ERR "virtio_blk %02x:%02x.%u: the device %s\n", dev->bus, dev->devfn >> 3, dev->devfn & 7u, what);
}

static void probe(const struct pci_dev *dev)
{
    struct virtio_blk *blk = kzalloc(sizeof(*blk), GFP_KERNEL);
    if (!blk || !dev->io_base[0] || dev->irq == PCI_NO_IRQ) {
        complain(dev, blk ? "has no ports or no interrupt line" : "gets no memory");
        kfree(blk);
        return;
    }
    pci_enable_device(dev);
    blk->port = dev->io_base[0];
    const char *wrong = start_device(blk);
    if (wrong) {
        complain(dev, wrong);
        set_status(blk, STATUS_FAILED);
        kfree(blk);
        return;
    }
    int error = request_irq(dev->irq, virtio_blk_interrupt, "virtio_blk", blk);
    if (error)
        wrong = error == -ENOMEM ? "gets no memory" : "gets no interrupt";
    if (!wrong)
        read_id(blk);
    if (!wrong && make_disk(blk))
        wrong = "cannot be made a disk";
    if (wrong) {
        complain(dev, wrong);
        blk->broken = true;
        set_status(blk, STATUS_FAILED);
        return;
    }
    printk(KERN_INFO "%s: %llu sectors%s%s%s%s\n", blk->bdev->bd_name, blk->bdev->bd_sectors,
           blk->bdev->bd_read_only ? ", read-only" : "", blk->queue->can_flush ? ", with a cache" : "",
           blk->id[0] ? ", serial " : "", blk->id);
}

void virtio_blk_init(void)
{
    const struct pci_dev *dev;
    list_for_each_entry (dev, &pci_devices, list) {
        if (dev->vendor == VENDOR && dev->device == DEVICE_BLK)
            probe(dev);
    }
}
