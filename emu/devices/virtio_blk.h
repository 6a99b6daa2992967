/*
 * A virtio block device on the PCI bus, in its legacy form: I/O ports, one queue of 256 descriptors, pin INTA.
 *
 *     0  device features    8  queue page    14  queue select    18  status
 *     4  guest features    12  queue size    16  queue notify    19  interrupt status; a read clears it
 *    20  capacity in sectors, size_max, seg_max, geometry, block size
 *
 *     notify --> take a chain --> wait as long as a disk would --> do it --> give the chain back, interrupt --> next
 *
 * What it keeps true:
 *   - requests are served one by one in the order of the queue; a request takes effect, on the disk and in guest
 * memory, at the moment that it ends, which is never inside a port access;
 *   - a request that the disk refuses, or that is not within it, ends with status IOERR and changes nothing in the
 * guest but that; an unknown one ends with UNSUPP;
 *   - a chain that is no request, or memory that is not there, stops the device: no more requests, bit 6
 *     (DEVICE_NEEDS_RESET) in the status and a configuration interrupt, until the guest resets it;
 *   - a disk that has lost its power answers nothing any more;
 *   - one request moves at most VIRTIO_BLK_REQUEST_MAX bytes; more is refused with IOERR.
 *
 * How long a request takes, in virtual nanoseconds: a command; where it does not start at the sector after the last
 * one, a seek with a fixed part and a part that grows with the distance, to VIRTIO_BLK_STROKE_NS over the whole disk;
 * and the bytes. That is a disk of 100 MB a second and some 2 ms a random access: slow enough that order and
 * readahead show, fast enough that a demonstration of thrashing ends. A flush costs a fixed time.
 *
 * Source: Virtual I/O Device 1.1, sections 4.1.4.8 and 5.2; QEMU's virtio-blk-pci where they leave a choice.
 */
#ifndef FAULTLINE_VIRTIO_BLK_H
#define FAULTLINE_VIRTIO_BLK_H

#include "emu/devices/disk.h"
#include "emu/devices/pci.h"
#include "emu/devices/virtqueue.h"

#define VIRTIO_BLK_QUEUE_SIZE 256u
#define VIRTIO_BLK_PORTS 128u
#define VIRTIO_BLK_REQUEST_MAX (16u << 20)
#define VIRTIO_BLK_ID_BYTES 20u

#define VIRTIO_BLK_COMMAND_NS 20000u
#define VIRTIO_BLK_SEEK_NS 500000u
#define VIRTIO_BLK_STROKE_NS 4000000u
#define VIRTIO_BLK_BYTE_NS 10u
#define VIRTIO_BLK_FLUSH_NS 1000000u

struct virtio_blk_counters {
    uint64_t reads, writes, flushes, errors; /* requests that ended; errors are those with a bad status */
    uint64_t sectors_read, sectors_written;
};

struct virtio_blk {
    struct pci_function function;
    struct vclock *clock;
    struct vtimer timer; /* armed: the request in chain ends then */
    struct disk *disk;
    struct virtqueue queue;
    uint32_t guest_features;
    uint16_t queue_select;
    uint8_t status, interrupt;
    bool failed; /* needs a reset */
    uint8_t config[24];
    char id[VIRTIO_BLK_ID_BYTES];

    struct virtq_chain chain; /* of the request being served */
    uint32_t type;
    uint64_t sector;
    uint64_t head; /* the sector after the last request's */
    uint8_t *buffer;
    size_t buffer_bytes;
    struct virtio_blk_counters counters;
    void (*request_done)(void *owner); /* may be NULL: a request has taken effect, the guest does not know yet */
    void *owner;
};

/* disk must outlive the device. id: what GET_ID answers, cut to its 20 bytes. */
void virtio_blk_init(struct virtio_blk *blk, struct vclock *clock, struct guest_memory memory, struct disk *disk,
                     const char *id);
void virtio_blk_release(struct virtio_blk *blk); /* frees what it holds on the host */

#endif
