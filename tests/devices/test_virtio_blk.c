/* virtio-blk: requests, time, interrupts, and guests that break their queues. */
#include "tests/devices/rig.h"
#include "emu/devices/little_endian.h"
#include "emu/devices/virtio_blk.h"

#define SECTORS 2048u
#define QUEUE RAM_BASE
#define AVAILABLE (QUEUE + 4096u)
#define USED (QUEUE + 8192u)
#define HEADER (RAM_BASE + 0x4000u)
#define STATUS_BYTE (RAM_BASE + 0x4100u)
#define BUFFER (RAM_BASE + 0x5000u)
#define TABLE (RAM_BASE + 0x8000u)

#define NEXT 1u
#define WRITE 2u
#define INDIRECT 4u
#define NEEDS_RESET 0x40u
#define UNTOUCHED 0xEEu

enum { IN, OUT, FLUSH = 4, GET_ID = 8 };

struct fixture {
    struct vclock clock;
    struct pci pci;
    struct virtio_blk blk;
    struct ram ram;
    struct disk *disk;
    uint8_t *sectors;
    struct io_range ports;
    bool irq;
};

static struct fixture fixture;

static void set_input(void *owner, unsigned number, bool level) {
    if (number == 11)
        ((struct fixture *)owner)->irq = level;
}

static uint32_t port(struct fixture *f, unsigned at, unsigned size) {
    return f->ports.ops->read(f->ports.device, at, size);
}
static void out_port(struct fixture *f, unsigned at, unsigned size, uint32_t value) {
    f->ports.ops->write(f->ports.device, at, size, value);
}
static uint8_t *ram(struct fixture *f, uint64_t at) { return f->ram.byte + (at - RAM_BASE); }

static void set_up_driver(struct fixture *f) {
    out_port(f, 18, 1, 0);
    out_port(f, 18, 1, 1);
    out_port(f, 18, 1, 3);
    out_port(f, 4, 4, 1u << 28);
    out_port(f, 14, 2, 0);
    memset(ram(f, QUEUE), 0, 0x3000);
    out_port(f, 8, 4, QUEUE >> 12);
    out_port(f, 18, 1, 7);
}

static struct fixture *make(void) {
    struct fixture *f = &fixture;
    *f = (struct fixture){0};
    vclock_init(&f->clock);
    pci_init(&f->pci, 64u << 20, (struct irq_line){set_input, f, 0}, NULL, NULL);
    memset(f->pci.isa_bridge.config + 0x60, 11, 4);
    f->disk = disk_in_memory(SECTORS, &f->sectors);
    for (unsigned i = 0; i < SECTORS; i++)
        memset(f->sectors + i * 512u, (int)(i & 0x7Fu), 512);
    virtio_blk_init(&f->blk, &f->clock, ram_memory(&f->ram), f->disk, "a serial number of more than 20 bytes");
    cr_assert(pci_plug(&f->pci, &f->blk.function));
    f->ports = f->blk.function.io;
    set_up_driver(f);
    return f;
}

static void finish(struct fixture *f) {
    virtio_blk_release(&f->blk);
    disk_close(f->disk);
}

static void describe(struct fixture *f, uint64_t table, unsigned index, uint64_t address, uint32_t length,
                     unsigned flags, unsigned next) {
    uint8_t *at = ram(f, table) + index * 16u;
    put64(at, address);
    put32(at + 8, length);
    put16(at + 12, flags);
    put16(at + 14, next);
}

static void offer(struct fixture *f, unsigned head) {
    uint16_t index = get16(ram(f, AVAILABLE + 2));
    put16(ram(f, AVAILABLE + 4 + (index % 256u) * 2), head);
    put16(ram(f, AVAILABLE + 2), index + 1u);
    out_port(f, 16, 2, 0);
}

/* Header, data and status as three descriptors at HEADER, BUFFER, STATUS_BYTE. */
static void request(struct fixture *f, uint32_t type, uint64_t sector, uint32_t bytes) {
    put32(ram(f, HEADER), type);
    put64(ram(f, HEADER + 8), sector);
    *ram(f, STATUS_BYTE) = UNTOUCHED;
    describe(f, QUEUE, 0, HEADER, 16, NEXT, bytes ? 1 : 2);
    describe(f, QUEUE, 1, BUFFER, bytes, NEXT | (type == OUT ? 0 : WRITE), 2);
    describe(f, QUEUE, 2, STATUS_BYTE, 1, WRITE, 0);
    offer(f, 0);
}

static uint16_t used(struct fixture *f) { return get16(ram(f, USED + 2)); }

static void wait(struct fixture *f) {
    vtime due = vclock_next(&f->clock);
    cr_assert(due != VTIME_NEVER, "nothing is being done");
    vclock_advance(&f->clock, due);
}

static uint8_t done(struct fixture *f, uint32_t type, uint64_t sector, uint32_t bytes) {
    request(f, type, sector, bytes);
    cr_expect_eq(*ram(f, STATUS_BYTE), UNTOUCHED, "nothing happens inside the port access");
    wait(f);
    return *ram(f, STATUS_BYTE);
}

Test(virtio_blk, configuration) {
    struct fixture *f = make();
    cr_expect_eq(port(f, 20, 4), SECTORS);
    cr_expect_eq(port(f, 24, 4), 0u);
    cr_expect_eq(port(f, 32, 4), 254u);
    cr_expect_eq(port(f, 40, 4), 512u);
    cr_expect_eq(port(f, 12, 2), 256u);
    cr_expect_eq(port(f, 4, 4), 1u << 28, "features that are not offered are not taken");
    out_port(f, 14, 2, 1);
    cr_expect_eq(port(f, 12, 2), 0u, "there is one queue");
    finish(f);
}

Test(virtio_blk, reads_and_writes) {
    struct fixture *f = make();
    cr_expect_eq(done(f, IN, 100, 1024), 0);
    cr_expect_eq(*ram(f, BUFFER), 100);
    cr_expect_eq(*ram(f, BUFFER + 1023), 101);
    cr_expect_eq(*ram(f, BUFFER + 1024), 0);
    cr_expect_eq(used(f), 1);
    cr_expect_eq(get32(ram(f, USED + 4)), 0u);
    cr_expect_eq(get32(ram(f, USED + 8)), 1025u);
    memset(ram(f, BUFFER), 0xAB, 512);
    cr_expect_eq(done(f, OUT, 7, 512), 0);
    cr_expect_eq(f->sectors[7 * 512 + 511], 0xAB);
    cr_expect_eq(f->sectors[8 * 512], 8);
    cr_expect_eq(done(f, FLUSH, 0, 0), 0);
    cr_expect_eq(done(f, GET_ID, 0, 20), 0);
    cr_expect_eq(memcmp(ram(f, BUFFER), "a serial number of m", 20), 0);
    finish(f);
}

Test(virtio_blk, refused_requests_change_nothing) {
    static const struct {
        uint32_t type;
        uint64_t sector;
        uint32_t bytes;
        uint8_t status;
    } bad[] = {{IN, SECTORS, 512, 1},
               {IN, SECTORS - 1, 1024, 1},
               {OUT, SECTORS - 1, 1024, 1},
               {IN, UINT64_MAX, 512, 1},
               {IN, UINT64_MAX - 1, 2048, 1},
               {OUT, 0, 511, 1},
               {IN, 0, 513, 1},
               {2, 0, 512, 2},
               {13, 0, 512, 2},
               {0xFFFFFFFF, 0, 512, 2}};
    struct fixture *f = make();
    static uint8_t before[SECTORS * 512];
    memcpy(before, f->sectors, sizeof before);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(ram(f, BUFFER), UNTOUCHED, 2048);
        cr_expect_eq(done(f, bad[i].type, bad[i].sector, bad[i].bytes), bad[i].status, "request %u", i);
        for (unsigned k = 0; k < 2048; k++)
            cr_assert_eq(*ram(f, BUFFER + k), UNTOUCHED, "request %u, byte %u", i, k);
    }
    cr_expect_eq(memcmp(before, f->sectors, sizeof before), 0);
    f->disk->read_only = true;
    cr_expect_eq(done(f, OUT, 0, 512), 1, "a disk that is read-only");
    cr_expect(port(f, 0, 4) & 1u << 5);
    cr_expect_eq(f->blk.counters.errors, sizeof bad / sizeof bad[0] + 1);
    cr_expect_eq(port(f, 18, 1), 7u, "the device goes on");
    finish(f);
}

Test(virtio_blk, time_of_seek_and_transfer) {
    struct fixture *f = make();
    vtime start = f->clock.now;
    done(f, IN, 0, 512);
    cr_expect_eq(f->clock.now - start, VIRTIO_BLK_COMMAND_NS + 512 * VIRTIO_BLK_BYTE_NS, "the head stands at sector 0");
    start = f->clock.now;
    done(f, IN, 1, 4096);
    cr_expect_eq(f->clock.now - start, VIRTIO_BLK_COMMAND_NS + 4096 * VIRTIO_BLK_BYTE_NS, "the next sector");
    vtime last = 0;
    for (unsigned distance = 64; distance <= 1024; distance *= 2) {
        done(f, IN, 0, 512);
        start = f->clock.now;
        done(f, IN, 1 + distance, 512);
        vtime took = f->clock.now - start;
        cr_expect(took > last && took >= VIRTIO_BLK_SEEK_NS && took < VIRTIO_BLK_SEEK_NS + VIRTIO_BLK_STROKE_NS,
                  "%u sectors take %llu ns", distance, (unsigned long long)took);
        last = took;
    }
    start = f->clock.now;
    done(f, FLUSH, 0, 0);
    cr_expect_eq(f->clock.now - start, VIRTIO_BLK_COMMAND_NS + VIRTIO_BLK_FLUSH_NS);
    finish(f);
}

Test(virtio_blk, interrupt_until_it_is_read) {
    struct fixture *f = make();
    request(f, IN, 0, 512);
    cr_expect_not(f->irq);
    wait(f);
    cr_expect(f->irq);
    cr_expect_eq(port(f, 19, 1), 1u);
    cr_expect_not(f->irq);
    cr_expect_eq(port(f, 19, 1), 0u);
    put16(ram(f, AVAILABLE), 1);
    cr_expect_eq(done(f, IN, 0, 512), 0);
    cr_expect_not(f->irq, "the guest wants none");
    finish(f);
}

Test(virtio_blk, one_after_another_in_order) {
    struct fixture *f = make();
    for (unsigned i = 0; i < 3; i++) {
        put32(ram(f, HEADER + 32 * i), IN);
        put64(ram(f, HEADER + 32 * i + 8), 200 * i);
        describe(f, QUEUE, 3 * i, HEADER + 32 * i, 16, NEXT, 3 * i + 1);
        describe(f, QUEUE, 3 * i + 1, BUFFER + 512 * i, 512, NEXT | WRITE, 3 * i + 2);
        describe(f, QUEUE, 3 * i + 2, STATUS_BYTE + i, 1, WRITE, 0);
        offer(f, 3 * i);
    }
    for (unsigned i = 0; i < 3; i++) {
        cr_expect_eq(used(f), i);
        wait(f);
        cr_expect_eq(get32(ram(f, USED + 4 + 8 * i)), 3 * i);
        cr_expect_eq(*ram(f, BUFFER + 512 * i), (200 * i) & 0x7Fu);
    }
    cr_expect_eq(vclock_next(&f->clock), VTIME_NEVER);
    finish(f);
}

Test(virtio_blk, data_in_many_pieces_and_indirect) {
    struct fixture *f = make();
    put32(ram(f, HEADER), IN);
    put64(ram(f, HEADER + 8), 5);
    describe(f, TABLE, 0, HEADER, 10, NEXT, 1);
    describe(f, TABLE, 1, HEADER + 10, 6, NEXT, 2);
    for (unsigned i = 0; i < 64; i++)
        describe(f, TABLE, 2 + i, BUFFER + 16 * i, 8, NEXT | WRITE, 3 + i);
    describe(f, TABLE, 66, STATUS_BYTE, 1, WRITE, 0);
    describe(f, QUEUE, 9, TABLE, 67 * 16, INDIRECT, 0);
    *ram(f, STATUS_BYTE) = UNTOUCHED;
    offer(f, 9);
    wait(f);
    cr_expect_eq(*ram(f, STATUS_BYTE), 0);
    for (unsigned i = 0; i < 1024; i++)
        cr_assert_eq(*ram(f, BUFFER + i), i % 16 < 8 ? 5 : 0, "byte %u", i);
    cr_expect_eq(get32(ram(f, USED + 8)), 513u);
    finish(f);
}

Test(virtio_blk, bus_mastering_is_needed) {
    struct fixture *f = make();
    pci_set_command(&f->blk.function, PCI_COMMAND_IO);
    request(f, IN, 0, 512);
    cr_expect_eq(vclock_next(&f->clock), VTIME_NEVER);
    pci_set_command(&f->blk.function, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    out_port(f, 16, 2, 0);
    wait(f);
    cr_expect_eq(*ram(f, STATUS_BYTE), 0);
    finish(f);
}

Test(virtio_blk, a_reset_forgets_the_request) {
    struct fixture *f = make();
    request(f, OUT, 0, 512);
    out_port(f, 18, 1, 0);
    cr_expect_eq(vclock_next(&f->clock), VTIME_NEVER);
    cr_expect_eq(port(f, 8, 4), 0u);
    cr_expect_eq(f->sectors[0], 0);
    set_up_driver(f);
    cr_expect_eq(done(f, IN, 3, 512), 0);
    finish(f);
}

static void lose_power(void *owner) { disk_lose_power(((struct fixture *)owner)->disk); }

Test(virtio_blk, nothing_is_answered_without_power) {
    struct fixture *f = make();
    f->blk.request_done = lose_power;
    f->blk.owner = f;
    request(f, IN, 3, 512);
    wait(f);
    cr_expect_eq(*ram(f, STATUS_BYTE), UNTOUCHED);
    cr_expect_eq(used(f), 0);
    cr_expect_not(f->irq);
    finish(f);
}

/* Ways to break a queue. Each leaves the device in need of a reset, after which it works again. */

static void loop(struct fixture *f) {
    describe(f, QUEUE, 0, HEADER, 16, NEXT, 1);
    describe(f, QUEUE, 1, HEADER, 16, NEXT, 0);
    offer(f, 0);
}
static void head_outside(struct fixture *f) { offer(f, 256); }
static void next_outside(struct fixture *f) {
    describe(f, QUEUE, 0, HEADER, 16, NEXT, 256);
    offer(f, 0);
}
static void index_far_ahead(struct fixture *f) {
    put16(ram(f, AVAILABLE + 2), get16(ram(f, AVAILABLE + 2)) + 257u);
    out_port(f, 16, 2, 0);
}
static void readable_after_writable(struct fixture *f) {
    describe(f, QUEUE, 0, STATUS_BYTE, 1, NEXT | WRITE, 1);
    describe(f, QUEUE, 1, HEADER, 16, 0, 0);
    offer(f, 0);
}
static void empty_piece(struct fixture *f) {
    describe(f, QUEUE, 0, HEADER, 0, NEXT, 1);
    describe(f, QUEUE, 1, STATUS_BYTE, 1, WRITE, 0);
    offer(f, 0);
}
static void no_header(struct fixture *f) {
    describe(f, QUEUE, 0, STATUS_BYTE, 1, WRITE, 0);
    offer(f, 0);
}
static void short_header(struct fixture *f) {
    describe(f, QUEUE, 0, HEADER, 15, NEXT, 1);
    describe(f, QUEUE, 1, STATUS_BYTE, 1, WRITE, 0);
    offer(f, 0);
}
static void no_room_for_the_status(struct fixture *f) {
    describe(f, QUEUE, 0, HEADER, 16, 0, 0);
    offer(f, 0);
}
static void header_outside_ram(struct fixture *f) {
    describe(f, QUEUE, 0, 0xFFFFFFFFFFFFFFF8ull, 16, NEXT, 1);
    describe(f, QUEUE, 1, STATUS_BYTE, 1, WRITE, 0);
    offer(f, 0);
}
static void data_outside_ram(struct fixture *f) {
    request(f, IN, 0, 512);
    vtimer_cancel(&f->clock, &f->blk.timer);
    describe(f, QUEUE, 1, RAM_BASE + RAM_BYTES - 256, 512, NEXT | WRITE, 2);
    put16(ram(f, AVAILABLE + 2), 0);
    out_port(f, 8, 4, QUEUE >> 12);
    offer(f, 0);
    wait(f);
}
static void written_data_outside_ram(struct fixture *f) {
    put32(ram(f, HEADER), OUT);
    put64(ram(f, HEADER + 8), 0);
    describe(f, QUEUE, 0, HEADER, 16, NEXT, 1);
    describe(f, QUEUE, 1, 0, 512, NEXT, 2);
    describe(f, QUEUE, 2, STATUS_BYTE, 1, WRITE, 0);
    offer(f, 0);
    wait(f);
}
static void status_outside_ram(struct fixture *f) {
    put32(ram(f, HEADER), FLUSH);
    describe(f, QUEUE, 0, HEADER, 16, NEXT, 1);
    describe(f, QUEUE, 1, RAM_BASE - 1, 1, WRITE, 0);
    offer(f, 0);
    wait(f);
}
static void table_in_a_table(struct fixture *f) {
    describe(f, TABLE, 0, TABLE + 64, 32, INDIRECT, 0);
    describe(f, QUEUE, 0, TABLE, 16, INDIRECT, 0);
    offer(f, 0);
}
static void table_of_odd_length(struct fixture *f) {
    describe(f, QUEUE, 0, TABLE, 24, INDIRECT, 0);
    offer(f, 0);
}
static void table_and_next(struct fixture *f) {
    describe(f, QUEUE, 0, TABLE, 16, INDIRECT | NEXT, 1);
    offer(f, 0);
}
static void table_with_a_loop(struct fixture *f) {
    describe(f, TABLE, 0, HEADER, 16, NEXT, 0);
    describe(f, QUEUE, 0, TABLE, 0xFFFFFFF0u, INDIRECT, 0);
    offer(f, 0);
}
static void queue_outside_ram(struct fixture *f) {
    out_port(f, 8, 4, 0xFFFFFFFFu);
    out_port(f, 16, 2, 0);
}
static void queue_half_outside_ram(struct fixture *f) {
    out_port(f, 8, 4, (RAM_BASE + RAM_BYTES - 8192) >> 12);
    memset(ram(f, RAM_BASE + RAM_BYTES - 8192), 0, 8192);
    describe(f, RAM_BASE + RAM_BYTES - 8192, 0, HEADER, 16, NEXT, 1);
    describe(f, RAM_BASE + RAM_BYTES - 8192, 1, STATUS_BYTE, 1, WRITE, 0);
    put16(ram(f, RAM_BASE + RAM_BYTES - 4096 + 2), 1);
    out_port(f, 16, 2, 0);
    wait(f);
}

Test(virtio_blk, broken_queues_stop_the_device_until_reset) {
    static const struct {
        const char *name;
        void (*act)(struct fixture *f);
    } ways[] = {{"loop", loop},
                {"head outside", head_outside},
                {"next outside", next_outside},
                {"index far ahead", index_far_ahead},
                {"readable after writable", readable_after_writable},
                {"empty piece", empty_piece},
                {"no header", no_header},
                {"short header", short_header},
                {"no room for the status", no_room_for_the_status},
                {"header outside RAM", header_outside_ram},
                {"data outside RAM", data_outside_ram},
                {"written data outside RAM", written_data_outside_ram},
                {"status outside RAM", status_outside_ram},
                {"table in a table", table_in_a_table},
                {"table of odd length", table_of_odd_length},
                {"table and next", table_and_next},
                {"table with a loop", table_with_a_loop},
                {"queue outside RAM", queue_outside_ram},
                {"queue half outside RAM", queue_half_outside_ram}};
    struct fixture *f = make();
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        ways[i].act(f);
        cr_expect_eq(port(f, 18, 1), 7u | NEEDS_RESET, "%s", ways[i].name);
        cr_expect(f->irq && port(f, 19, 1) & 2u, "%s", ways[i].name);
        out_port(f, 18, 1, 7);
        out_port(f, 16, 2, 0);
        cr_expect_eq(vclock_next(&f->clock), VTIME_NEVER, "%s: it does nothing more", ways[i].name);
        cr_expect(port(f, 18, 1) & NEEDS_RESET, "%s", ways[i].name);
        set_up_driver(f);
        cr_expect_eq(done(f, IN, 3, 512), 0, "%s: works after a reset", ways[i].name);
        cr_expect_eq(*ram(f, BUFFER), 3);
        port(f, 19, 1);
    }
    cr_expect_eq(f->sectors[0], 0);
    finish(f);
}
