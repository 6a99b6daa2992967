/*
 * Fuzz target: a disk on the PCI bus, driven by a script of bytes that knows what a queue looks like: descriptors,
 * rings and request headers with plausible numbers, bytes anywhere in RAM, port and configuration accesses, time
 * passing.
 *
 * Besides not crashing it demands that a request's work is bounded and takes time, that a device that needs a reset
 * does nothing, that memory does not change inside a notification, and that no timer is due in the past.
 */
#include "emu/devices/faulty_disk.h"
#include "emu/devices/little_endian.h"
#include "emu/devices/virtio_blk.h"
#include "tests/devices/fuzz_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_BYTES 0x8000u
#define DISK_SECTORS 64u
#define STEP_NS_MAX 2000000u
#define QUEUE 0x1000u
#define AVAILABLE (QUEUE + 0x1000u)
#define USED (QUEUE + 0x2000u)
#define REQUEST_MOVES_MAX (VIRTQ_SEGMENTS_MAX * 16u + DISK_SECTORS * 512u + 64u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct board {
    struct vclock clock;
    struct pci pci;
    struct virtio_blk blk;
    struct io_range ports, config[PCI_RANGES];
    uint8_t ram[RAM_BYTES];
    uint64_t moved, changes; /* bytes of DMA, and of them to RAM, in this step */
    uint64_t requests;
    uint32_t value;
};

static uint8_t *ram_at(struct board *board, uint64_t physical, size_t size) {
    if (physical > RAM_BYTES || size > RAM_BYTES - physical)
        return NULL;
    board->moved += size;
    return board->ram + physical;
}

static bool ram_read(void *owner, uint64_t physical, void *to, size_t size) {
    const uint8_t *from = ram_at(owner, physical, size);
    if (from)
        memcpy(to, from, size);
    return from != NULL;
}

static bool ram_write(void *owner, uint64_t physical, const void *from, size_t size) {
    struct board *board = owner;
    uint8_t *to = ram_at(board, physical, size);
    board->changes += size;
    if (to)
        memcpy(to, from, size);
    return to != NULL;
}

static void count_request(void *owner) { ((struct board *)owner)->requests++; }

/* Mostly in RAM, sometimes around its end, sometimes anywhere. */
static uint64_t take_address(struct script *script) {
    uint32_t kind = take(script, 1);
    if (kind < 4)
        return (uint64_t)take(script, 4) << 32 | take(script, 4);
    if (kind < 16)
        return RAM_BYTES - kind;
    return 0x5000u + take(script, 2) % 0x2800u;
}

static void write_descriptor(struct board *board, struct script *script) {
    static const uint32_t lengths[] = {16, 1, 512, 1024, 0, 4096, 48, UINT32_MAX};
    uint32_t index = take(script, 1) % 8, table = take(script, 1) % 4 ? QUEUE : 0x7000u;
    uint8_t *at = board->ram + table + index * 16;
    uint32_t flags = take(script, 1);
    put64(at, flags & 0x40u ? 0x7000u : take_address(script));
    put32(at + 8, lengths[take(script, 1) % 8]);
    put16(at + 12, flags & (flags & 0x80u ? 0x7u : 0x3u));
    put16(at + 14, take(script, 1) % 9);
}

/* A request that is good but for what the script changes afterwards. */
static void write_request(struct board *board, struct script *script) {
    uint32_t first = take(script, 1) % 4 * 3, type = take(script, 1) % 10, sectors = take(script, 1) % 8 + 1;
    uint8_t *table = board->ram + QUEUE + first * 16, *header = board->ram + 0x5000u + first * 16;
    put32(header, type);
    put64(header + 8, take(script, 1) % (DISK_SECTORS + 2));
    put64(table, 0x5000u + first * 16), put32(table + 8, 16), put16(table + 12, 1), put16(table + 14, first + 1);
    put64(table + 16, 0x6000u), put32(table + 24, sectors * 512), put16(table + 28, type == 1 ? 1 : 3);
    put16(table + 30, first + 2);
    put64(table + 32, 0x5800u + first), put32(table + 40, 1), put16(table + 44, 2), put16(table + 46, 0);
}

static void offer(struct board *board, struct script *script) {
    uint16_t index = get16(board->ram + AVAILABLE + 2);
    uint32_t head = take(script, 1);
    put16(board->ram + AVAILABLE + 4 + index % 256u * 2, head == 255 ? 256 : head < 128 ? head % 4 * 3 : head % 12);
    put16(board->ram + AVAILABLE + 2, index + (head == 254 ? 300u : 1u));
}

static void port_write(struct board *board, uint64_t at, unsigned size, uint32_t value) {
    board->ports.ops->write(board->ports.device, at, size, value);
}

static void notify(struct board *board) {
    board->changes = 0;
    port_write(board, 16, 2, 0);
    demand(board->changes == 0, "memory changes inside a notification");
}

static void start_driver(struct board *board) {
    port_write(board, 18, 1, 0);
    port_write(board, 18, 1, 3);
    memset(board->ram + AVAILABLE, 0, 0x2000);
    port_write(board, 8, 4, QUEUE >> 12);
    port_write(board, 18, 1, 7);
}

static void access_anything(struct board *board, struct script *script) {
    static const uint8_t sizes[4] = {1, 2, 4, 1};
    uint32_t what = take(script, 1);
    const struct io_range *range = what & 1u ? &board->ports : &board->config[what >> 1 & 1u];
    unsigned size = sizes[take(script, 1) & 3u];
    uint64_t offset = take(script, 1) % range->count;
    if (what & 4u)
        range->ops->write(range->device, offset, size, take(script, size));
    else
        board->value ^= range->ops->read(range->device, offset, size);
}

static void step(struct board *board, struct script *script) {
    switch (take(script, 1) % 16) {
    case 0: start_driver(board); break;
    case 1: board->ram[take(script, 2) % RAM_BYTES] = (uint8_t)take(script, 1); break;
    case 2: access_anything(board, script); break;
    case 3: write_descriptor(board, script); break;
    case 4:
    case 5:
    case 6: write_request(board, script); break;
    case 7:
    case 8:
    case 9: offer(board, script); break;
    case 10:
    case 11:
    case 12: notify(board); break;
    default: vclock_advance(&board->clock, board->clock.now + take(script, 3) % STEP_NS_MAX); break;
    }
}

static void check(const struct board *board) {
    demand(vclock_next(&board->clock) >= board->clock.now, "a timer is due in the past");
    demand(board->moved <= (board->requests + 1) * REQUEST_MOVES_MAX, "a request moves more than it can");
    demand(board->requests <= STEP_NS_MAX / VIRTIO_BLK_COMMAND_NS + 1, "requests take no time");
    demand(!board->blk.failed || vclock_next(&board->clock) == VTIME_NEVER, "a broken device goes on");
    demand(board->blk.buffer_bytes <= DISK_SECTORS * 512u, "the buffer is larger than the disk");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct board board;
    struct script script = {data, data + size};
    struct disk_fault fault = {DISK_REQUEST_READ | DISK_REQUEST_WRITE, 5, 6, 1, UINT64_MAX};
    struct disk *disk = disk_with_faults(disk_with_cache(disk_in_memory(DISK_SECTORS, NULL), size), &fault, 1);
    board = (struct board){0};
    vclock_init(&board.clock);
    pci_init(&board.pci, RAM_BYTES, (struct irq_line){0}, NULL, NULL);
    virtio_blk_init(&board.blk, &board.clock, (struct guest_memory){ram_read, ram_write, &board}, disk, "fuzz");
    board.blk.request_done = count_request;
    board.blk.owner = &board;
    pci_plug(&board.pci, &board.blk.function);
    pci_ranges(&board.pci, board.config);
    board.ports = board.blk.function.io;
    start_driver(&board);
    while (script.at < script.end) {
        board.moved = board.requests = 0;
        step(&board, &script);
        check(&board);
    }
    if (size & 1u)
        disk_lose_power(disk);
    virtio_blk_release(&board.blk);
    disk_close(disk);
    return 0;
}
