/* virtio-blk, legacy PCI: see virtio_blk.h for the model. First the requests, then the ports. */
#include "emu/devices/virtio_blk.h"
#include "emu/devices/little_endian.h"

#include <stdlib.h>
#include <string.h>

#define FEATURE_SEG_MAX (1u << 2)
#define FEATURE_GEOMETRY (1u << 4)
#define FEATURE_READ_ONLY (1u << 5)
#define FEATURE_BLK_SIZE (1u << 6)
#define FEATURE_FLUSH (1u << 9)
#define FEATURE_INDIRECT (1u << 28)

#define REQUEST_IN 0u
#define REQUEST_OUT 1u
#define REQUEST_FLUSH 4u
#define REQUEST_GET_ID 8u
#define HEADER_BYTES 16u

#define RESULT_OK 0u
#define RESULT_IOERR 1u
#define RESULT_UNSUPP 2u

#define PORT_DEVICE_FEATURES 0u
#define PORT_GUEST_FEATURES 4u
#define PORT_QUEUE_PAGE 8u
#define PORT_QUEUE_SIZE 12u
#define PORT_QUEUE_SELECT 14u
#define PORT_QUEUE_NOTIFY 16u
#define PORT_STATUS 18u
#define PORT_INTERRUPT 19u
#define PORT_CONFIG 20u

#define STATUS_ACKNOWLEDGE 0x01u
#define STATUS_DRIVER 0x02u
#define STATUS_DRIVER_OK 0x04u
#define STATUS_NEEDS_RESET 0x40u
#define INTERRUPT_QUEUE 0x01u
#define INTERRUPT_CONFIG 0x02u

#define QUEUES_MAX 1024u /* numbers that queue select takes */
#define PAGE_SHIFT 12u
#define GEOMETRY_HEADS 16u
#define GEOMETRY_SECTORS 63u

static void interrupt(struct virtio_blk *blk, uint8_t why) {
    blk->interrupt |= why;
    pci_set_interrupt(&blk->function, true);
}

/* The guest broke the rules: nothing more is done until it resets the device. */
static void need_reset(struct virtio_blk *blk) {
    blk->failed = true;
    blk->status |= STATUS_NEEDS_RESET;
    if (blk->status & STATUS_DRIVER_OK)
        interrupt(blk, INTERRUPT_CONFIG);
}

/* Requests */

static bool is_transfer(const struct virtio_blk *blk) { return blk->type == REQUEST_IN || blk->type == REQUEST_OUT; }

static uint64_t data_bytes(const struct virtio_blk *blk) {
    return blk->type == REQUEST_OUT ? blk->chain.readable_bytes - HEADER_BYTES : blk->chain.writable_bytes - 1;
}

/* A transfer of whole sectors of this disk. */
static bool transfer_is_good(const struct virtio_blk *blk) {
    uint64_t bytes = data_bytes(blk);
    return bytes % DISK_SECTOR_BYTES == 0 && bytes <= VIRTIO_BLK_REQUEST_MAX &&
           disk_holds(blk->disk, blk->sector, bytes / DISK_SECTOR_BYTES);
}

static vtime seek_time(const struct virtio_blk *blk) {
    uint64_t distance = blk->sector > blk->head ? blk->sector - blk->head : blk->head - blk->sector;
    if (distance == 0)
        return 0;
    /* In parts of 1/1024 of the disk, so that no disk is too large for 64 bits. */
    return VIRTIO_BLK_SEEK_NS + distance / (blk->disk->sectors / 1024 + 1) * (VIRTIO_BLK_STROKE_NS / 1024);
}

static vtime time_of_request(const struct virtio_blk *blk) {
    if (blk->type == REQUEST_FLUSH)
        return VIRTIO_BLK_COMMAND_NS + VIRTIO_BLK_FLUSH_NS;
    if (!is_transfer(blk) || !transfer_is_good(blk))
        return VIRTIO_BLK_COMMAND_NS;
    return VIRTIO_BLK_COMMAND_NS + seek_time(blk) + data_bytes(blk) * VIRTIO_BLK_BYTE_NS;
}

static bool make_room(struct virtio_blk *blk, size_t bytes) {
    if (bytes <= blk->buffer_bytes)
        return true;
    uint8_t *more = realloc(blk->buffer, bytes);
    if (!more)
        return false;
    blk->buffer = more;
    blk->buffer_bytes = bytes;
    return true;
}

/* The functions that serve a request return false when the guest's memory is not there. */

static bool read_sectors(struct virtio_blk *blk, size_t bytes, uint8_t *result) {
    size_t sectors = bytes / DISK_SECTOR_BYTES;
    if (disk_read(blk->disk, blk->sector, blk->buffer, sectors) != 0)
        return true;
    blk->counters.sectors_read += sectors;
    *result = RESULT_OK;
    return virtq_write(&blk->queue, &blk->chain, 0, blk->buffer, bytes);
}

static bool write_sectors(struct virtio_blk *blk, size_t bytes, uint8_t *result) {
    size_t sectors = bytes / DISK_SECTOR_BYTES;
    if (!virtq_read(&blk->queue, &blk->chain, HEADER_BYTES, blk->buffer, bytes))
        return false;
    if (disk_write(blk->disk, blk->sector, blk->buffer, sectors) != 0)
        return true;
    blk->counters.sectors_written += sectors;
    *result = RESULT_OK;
    return true;
}

static bool transfer(struct virtio_blk *blk, uint8_t *result) {
    if (!transfer_is_good(blk) || !make_room(blk, (size_t)data_bytes(blk)))
        return true;
    size_t bytes = (size_t)data_bytes(blk);
    blk->head = blk->sector + bytes / DISK_SECTOR_BYTES;
    return blk->type == REQUEST_IN ? read_sectors(blk, bytes, result) : write_sectors(blk, bytes, result);
}

static bool get_id(struct virtio_blk *blk, uint8_t *result) {
    uint64_t room = blk->chain.writable_bytes - 1;
    *result = RESULT_OK;
    return virtq_write(&blk->queue, &blk->chain, 0, blk->id, room < sizeof blk->id ? (size_t)room : sizeof blk->id);
}

static bool serve(struct virtio_blk *blk, uint8_t *result) {
    *result = RESULT_IOERR;
    switch (blk->type) {
    case REQUEST_IN: blk->counters.reads++; return transfer(blk, result);
    case REQUEST_OUT: blk->counters.writes++; return transfer(blk, result);
    case REQUEST_GET_ID: return get_id(blk, result);
    case REQUEST_FLUSH:
        blk->counters.flushes++;
        if (disk_flush(blk->disk) == 0)
            *result = RESULT_OK;
        return true;
    default: *result = RESULT_UNSUPP; return true;
    }
}

/* The chain's first bytes say what it asks for; its last one is for the answer. */
static bool read_request(struct virtio_blk *blk) {
    uint8_t header[HEADER_BYTES];
    if (blk->chain.writable_bytes == 0 || !virtq_read(&blk->queue, &blk->chain, 0, header, sizeof header))
        return false;
    blk->type = get32(header);
    blk->sector = get64(header + 8);
    return true;
}

static bool is_busy(const struct virtio_blk *blk) { return blk->timer.due != VTIME_NEVER; }

static void start_next(struct virtio_blk *blk) {
    if (blk->failed || is_busy(blk) || !(pci_command(&blk->function) & PCI_COMMAND_MASTER))
        return;
    bool taken = virtqueue_take(&blk->queue, &blk->chain);
    if (taken && read_request(blk))
        vtimer_arm(blk->clock, &blk->timer, blk->clock->now + time_of_request(blk));
    else if (taken || blk->queue.broken)
        need_reset(blk);
}

static void request_ends(void *owner, vtime now) {
    struct virtio_blk *blk = owner;
    uint64_t room = blk->chain.writable_bytes;
    uint8_t result;
    (void)now;
    bool good = serve(blk, &result);
    if (blk->request_done)
        blk->request_done(blk->owner);
    if (blk->disk->lost_power)
        return;
    good = good && virtq_write(&blk->queue, &blk->chain, room - 1, &result, 1);
    if (result != RESULT_OK)
        blk->counters.errors++;
    if (!good || !virtqueue_give(&blk->queue, blk->chain.head, room > UINT32_MAX ? UINT32_MAX : (uint32_t)room)) {
        need_reset(blk);
        return;
    }
    if (virtqueue_wants_interrupt(&blk->queue))
        interrupt(blk, INTERRUPT_QUEUE);
    start_next(blk);
}

static void reset(struct virtio_blk *blk) {
    vtimer_cancel(blk->clock, &blk->timer);
    virtqueue_place(&blk->queue, 0);
    blk->guest_features = 0;
    blk->queue_select = 0;
    blk->status = blk->interrupt = 0;
    blk->failed = false;
    pci_set_interrupt(&blk->function, false);
}

/* Ports */

static uint32_t features(const struct virtio_blk *blk) {
    return FEATURE_SEG_MAX | FEATURE_GEOMETRY | FEATURE_BLK_SIZE | FEATURE_FLUSH | FEATURE_INDIRECT |
           (blk->disk->read_only ? FEATURE_READ_ONLY : 0);
}

static uint8_t take_interrupt(struct virtio_blk *blk) {
    uint8_t value = blk->interrupt;
    blk->interrupt = 0;
    pci_set_interrupt(&blk->function, false);
    return value;
}

static uint32_t config_read(const struct virtio_blk *blk, uint64_t offset, unsigned size) {
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)(offset + i < sizeof blk->config ? blk->config[offset + i] : 0xFFu) << (8 * i);
    return value;
}

/* A register is read at its first port only, with any size; between them there is nothing. */
static uint32_t port_read(void *device, uint64_t offset, unsigned size) {
    struct virtio_blk *blk = device;
    bool first = blk->queue_select == 0;
    switch (offset) {
    case PORT_DEVICE_FEATURES: return features(blk);
    case PORT_GUEST_FEATURES: return blk->guest_features;
    case PORT_QUEUE_PAGE: return first ? (uint32_t)(blk->queue.base >> PAGE_SHIFT) : 0;
    case PORT_QUEUE_SIZE: return first ? blk->queue.size : 0;
    case PORT_QUEUE_SELECT: return blk->queue_select;
    case PORT_STATUS: return blk->status;
    case PORT_INTERRUPT: return take_interrupt(blk);
    default: return offset < PORT_CONFIG ? UINT32_MAX : config_read(blk, offset - PORT_CONFIG, size);
    }
}

static void place_queue(struct virtio_blk *blk, uint32_t page) {
    if (page == 0)
        reset(blk);
    else if (blk->queue_select == 0)
        virtqueue_place(&blk->queue, (uint64_t)page << PAGE_SHIFT);
}

/* Drivers from before Linux 2.6.34 do not make their device a bus master; QEMU's does so itself, and so does this. */
static void set_status(struct virtio_blk *blk, uint8_t status) {
    if (status == 0) {
        reset(blk);
        return;
    }
    blk->status = (uint8_t)(status | (blk->failed ? STATUS_NEEDS_RESET : 0));
    if (status == (STATUS_ACKNOWLEDGE | STATUS_DRIVER))
        pci_set_command(&blk->function, pci_command(&blk->function) | PCI_COMMAND_MASTER);
}

static void port_write(void *device, uint64_t offset, unsigned size, uint32_t value) {
    struct virtio_blk *blk = device;
    (void)size;
    switch (offset) {
    case PORT_GUEST_FEATURES: blk->guest_features = value & features(blk); break;
    case PORT_QUEUE_PAGE: place_queue(blk, value); break;
    case PORT_QUEUE_SELECT:
        if (value < QUEUES_MAX)
            blk->queue_select = (uint16_t)value;
        break;
    case PORT_QUEUE_NOTIFY:
        if (value == 0)
            start_next(blk);
        break;
    case PORT_STATUS: set_status(blk, (uint8_t)value); break;
    default: break;
    }
}

static void fill_config(struct virtio_blk *blk) {
    uint64_t sectors = blk->disk->sectors, cylinders = sectors / (GEOMETRY_HEADS * GEOMETRY_SECTORS);
    cylinders = cylinders < 2 ? 2 : cylinders > 16383 ? 16383 : cylinders;
    put64(blk->config, sectors);
    put32(blk->config + 8, 0); /* size_max: not offered */
    put32(blk->config + 12, VIRTIO_BLK_QUEUE_SIZE - 2);
    put16(blk->config + 16, (uint32_t)cylinders);
    blk->config[18] = GEOMETRY_HEADS;
    blk->config[19] = GEOMETRY_SECTORS;
    put32(blk->config + 20, DISK_SECTOR_BYTES);
}

void virtio_blk_init(struct virtio_blk *blk, struct vclock *clock, struct guest_memory memory, struct disk *disk,
                     const char *id) {
    static const struct io_ops ops = {port_read, port_write};
    static const struct pci_identity identity = {0x1AF4, 0x1001, 0x1AF4, 0x0002, 0x010000, 0, true};
    memset(blk, 0, sizeof *blk);
    blk->clock = clock;
    blk->disk = disk;
    pci_function_init(&blk->function, &identity, (struct io_range){0, VIRTIO_BLK_PORTS, &ops, blk});
    vtimer_init(&blk->timer, request_ends, blk);
    virtqueue_init(&blk->queue, memory, VIRTIO_BLK_QUEUE_SIZE);
    memcpy(blk->id, id, strnlen(id, sizeof blk->id));
    fill_config(blk);
}

void virtio_blk_release(struct virtio_blk *blk) {
    vtimer_cancel(blk->clock, &blk->timer);
    free(blk->buffer);
}
