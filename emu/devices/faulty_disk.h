/*
 * Disks that fail, for tests of guests: each wraps another disk, and they can be stacked.
 *
 * Errors. A fault says which requests that touch which sectors fail, by their number among those that it matches. A
 * request that fails has no effect.
 *
 * Power cuts. A disk with a volatile cache acknowledges a write when it is in the cache. A flush takes the cache to the
 * disk below, in the order of the writes; so does closing the disk while it has power. When the power was lost
 * (disk_lose_power()), closing it plays what a drive may have done until then: of the writes since the last flush, some
 * have reached the disk below, some have not, of some only some of their sectors have, and in any order. All of that is
 * a function of the seed and of the writes. What came before the last flush is always there, whole.
 */
#ifndef FAULTLINE_FAULTY_DISK_H
#define FAULTLINE_FAULTY_DISK_H

#include "emu/devices/disk.h"

enum disk_request { DISK_REQUEST_READ = 1, DISK_REQUEST_WRITE = 2, DISK_REQUEST_FLUSH = 4 };

struct disk_fault {
    unsigned requests;   /* enum disk_request, or-ed */
    uint64_t first, end; /* sectors [first, end) that a read or write must touch; a flush touches all */
    uint64_t from;       /* 1: the first request that matches fails, 2: the second is the first that does ... */
    uint64_t count;      /* so many fail; UINT64_MAX: all from there on */
};

/* Both take the disk below and close it with their own; on NULL (no memory) it is closed as well. faults are copied. */
struct disk *disk_with_faults(struct disk *below, const struct disk_fault *faults, size_t count);
struct disk *disk_with_cache(struct disk *below, uint64_t seed);

/* Sectors in the cache of a disk_with_cache() that are not flushed, counted once for each write. */
uint64_t disk_unflushed(const struct disk *disk);

#endif
