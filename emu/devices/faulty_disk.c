/* Disks that fail: see faulty_disk.h. */
#include "emu/devices/faulty_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Errors */

struct counted_fault {
    struct disk_fault fault;
    uint64_t matched;
};

struct erring_disk {
    struct disk disk;
    struct disk *below;
    struct counted_fault *fault;
    size_t count;
};

static struct erring_disk *erring(struct disk *disk) { return (struct erring_disk *)disk; }

static bool matches(const struct disk_fault *fault, unsigned request, uint64_t sector, uint64_t sectors) {
    if (!(fault->requests & request))
        return false;
    return request == DISK_REQUEST_FLUSH || (sector < fault->end && sector + sectors > fault->first);
}

/* Every fault counts the request, whether another one has made it fail or not. */
static bool fails(struct erring_disk *disk, unsigned request, uint64_t sector, uint64_t sectors) {
    bool failed = false;
    for (size_t i = 0; i < disk->count; i++) {
        struct counted_fault *each = &disk->fault[i];
        if (!matches(&each->fault, request, sector, sectors))
            continue;
        each->matched++;
        failed |= each->matched >= each->fault.from && each->matched - each->fault.from < each->fault.count;
    }
    return failed;
}

static int erring_read(struct disk *disk, uint64_t sector, void *to, size_t sectors) {
    return fails(erring(disk), DISK_REQUEST_READ, sector, sectors)
               ? -EIO
               : disk_read(erring(disk)->below, sector, to, sectors);
}

static int erring_write(struct disk *disk, uint64_t sector, const void *from, size_t sectors) {
    return fails(erring(disk), DISK_REQUEST_WRITE, sector, sectors)
               ? -EIO
               : disk_write(erring(disk)->below, sector, from, sectors);
}

static int erring_flush(struct disk *disk) {
    return fails(erring(disk), DISK_REQUEST_FLUSH, 0, 0) ? -EIO : disk_flush(erring(disk)->below);
}

static void erring_lose_power(struct disk *disk) { disk_lose_power(erring(disk)->below); }

static void erring_close(struct disk *disk) {
    disk_close(erring(disk)->below);
    free(erring(disk)->fault);
    free(disk);
}

struct disk *disk_with_faults(struct disk *below, const struct disk_fault *faults, size_t count) {
    static const struct disk_ops ops = {erring_read, erring_write, erring_flush, erring_lose_power, erring_close};
    struct erring_disk *disk = calloc(1, sizeof *disk);
    struct counted_fault *counted = calloc(count ? count : 1, sizeof *counted);
    if (!disk || !counted) {
        free(disk);
        free(counted);
        disk_close(below);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        counted[i].fault = faults[i];
    *disk = (struct erring_disk){
        {.ops = &ops, .sectors = below->sectors, .read_only = below->read_only}, below, counted, count};
    return &disk->disk;
}

/* Power cuts. What the cache shows is the private disk `shown`; the writes themselves wait in a row. */

struct waiting_write {
    struct waiting_write *next;
    uint64_t sector;
    size_t sectors;
    uint8_t bytes[];
};

struct cached_disk {
    struct disk disk;
    struct disk *below;
    struct disk *shown; /* does not own below */
    struct waiting_write *first, **last;
    size_t writes;
    uint64_t unflushed, seed;
};

static struct cached_disk *cached(const struct disk *disk) { return (struct cached_disk *)(uintptr_t)disk; }

static int cached_read(struct disk *disk, uint64_t sector, void *to, size_t sectors) {
    return disk_read(cached(disk)->shown, sector, to, sectors);
}

static int cached_write(struct disk *disk, uint64_t sector, const void *from, size_t sectors) {
    struct cached_disk *own = cached(disk);
    size_t bytes = sectors * DISK_SECTOR_BYTES;
    struct waiting_write *write = malloc(sizeof *write + bytes);
    int error = write ? disk_write(own->shown, sector, from, sectors) : -ENOMEM;
    if (error) {
        free(write);
        return error;
    }
    write->next = NULL;
    write->sector = sector;
    write->sectors = sectors;
    memcpy(write->bytes, from, bytes);
    *own->last = write;
    own->last = &write->next;
    own->writes++;
    own->unflushed += sectors;
    return 0;
}

static void forget_writes(struct cached_disk *own) {
    for (struct waiting_write *write = own->first, *next; write; write = next) {
        next = write->next;
        free(write);
    }
    own->first = NULL;
    own->last = &own->first;
    own->writes = 0;
    own->unflushed = 0;
}

/* An error below leaves every write in the cache: a later flush tries all of them again. */
static int cached_flush(struct disk *disk) {
    struct cached_disk *own = cached(disk);
    for (const struct waiting_write *write = own->first; write; write = write->next) {
        int error = disk_write(own->below, write->sector, write->bytes, write->sectors);
        if (error)
            return error;
    }
    forget_writes(own);
    return disk_flush(own->below);
}

/* SplitMix64. */
static uint64_t random_number(uint64_t *state) {
    uint64_t x = *state += 0x9E3779B97F4A7C15ull;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ x >> 27) * 0x94D049BB133111EBull;
    return x ^ x >> 31;
}

/* Half of the writes reach the disk, a quarter does not, of a quarter each sector may. */
static void keep_some(struct cached_disk *own, const struct waiting_write *write) {
    unsigned fate = random_number(&own->seed) & 3u;
    if (fate < 2)
        disk_write(own->below, write->sector, write->bytes, write->sectors);
    if (fate != 2)
        return;
    for (size_t i = 0; i < write->sectors; i++)
        if (random_number(&own->seed) & 1u)
            disk_write(own->below, write->sector + i, write->bytes + i * DISK_SECTOR_BYTES, 1);
}

static void shuffle(struct waiting_write **order, size_t count, uint64_t *seed) {
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)(random_number(seed) % i);
        struct waiting_write *swap = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swap;
    }
}

/* Without memory for the order, nothing reaches the disk: that is one of the things that may happen. */
static void play_power_cut(struct cached_disk *own) {
    struct waiting_write **order = calloc(own->writes ? own->writes : 1, sizeof(*order));
    size_t count = 0;
    for (struct waiting_write *write = own->first; order && write; write = write->next)
        order[count++] = write;
    if (order)
        shuffle(order, count, &own->seed);
    for (size_t i = 0; i < count; i++)
        keep_some(own, order[i]);
    free(order);
}

static void cached_close(struct disk *disk) {
    struct cached_disk *own = cached(disk);
    if (disk->lost_power)
        play_power_cut(own);
    else
        cached_flush(disk);
    forget_writes(own);
    disk_close(own->shown);
    disk_close(own->below);
    free(own);
}

uint64_t disk_unflushed(const struct disk *disk) { return cached(disk)->unflushed; }

struct disk *disk_with_cache(struct disk *below, uint64_t seed) {
    /* The disk below keeps its power: what the drive did until the cut is played when all is over. */
    static const struct disk_ops ops = {cached_read, cached_write, cached_flush, NULL, cached_close};
    struct cached_disk *own = calloc(1, sizeof *own);
    struct disk *shown = own ? disk_over(below) : NULL;
    if (!shown) {
        free(own);
        disk_close(below);
        return NULL;
    }
    *own = (struct cached_disk){.disk = {.ops = &ops, .sectors = below->sectors, .read_only = below->read_only},
                                .below = below,
                                .shown = shown,
                                .seed = seed};
    own->last = &own->first;
    return &own->disk;
}
