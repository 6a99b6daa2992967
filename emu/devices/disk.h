/*
 * What a disk device keeps its sectors in: one small interface, several back ends.
 *
 * The model. A disk is a row of sectors of 512 bytes; its size never changes. A write that has returned 0 is seen by
 * every later read; what a flush that has returned 0 came after survives a power cut, and of the rest each back end
 * says for itself what does. Calls do not overlap. All functions return 0 or a negative errno.
 */
#ifndef FAULTLINE_DISK_H
#define FAULTLINE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SECTOR_BYTES 512u

struct disk;

struct disk_ops {
    int (*read)(struct disk *disk, uint64_t sector, void *to, size_t sectors);
    int (*write)(struct disk *disk, uint64_t sector, const void *from, size_t sectors);
    int (*flush)(struct disk *disk);
    void (*lose_power)(struct disk *disk); /* NULL: nothing to do */
    void (*close)(struct disk *disk);      /* frees the disk as well */
};

struct disk {
    const struct disk_ops *ops;
    uint64_t sectors;
    bool read_only;
    bool lost_power;
};

/* [sector, sector + sectors) lies on the disk. */
static inline bool disk_holds(const struct disk *disk, uint64_t sector, uint64_t sectors) {
    return sector <= disk->sectors && sectors <= disk->sectors - sector;
}

/* These check power and ranges (-EIO) and read_only (-EROFS), so that a back end need not. */
int disk_read(struct disk *disk, uint64_t sector, void *to, size_t sectors);
int disk_write(struct disk *disk, uint64_t sector, const void *from, size_t sectors);
int disk_flush(struct disk *disk);
void disk_lose_power(struct disk *disk); /* from now on every call fails, but for disk_close() */
void disk_close(struct disk *disk);      /* NULL is fine */

/* How a file is opened. */
enum disk_access {
    DISK_READ_WRITE, /* writes go straight to the file; no other run may have it open */
    DISK_READ_ONLY,  /* others may read it too */
    DISK_PRIVATE,    /* as DISK_READ_ONLY towards the file; writes are kept in memory and vanish with the disk */
};

/* A raw image: a regular file of whole sectors, locked while it is open. NULL and one sentence on failure. */
struct disk *disk_open_file(const char *path, enum disk_access access, char *error, size_t error_size);

/* A disk that shows another one and keeps what is written to it in memory. The one below is neither written nor closed
 * by it. NULL: no memory. */
struct disk *disk_over(struct disk *below);

/* Zeroes in memory, for tests. NULL: no memory. *bytes: the sectors, valid until the disk is closed. */
struct disk *disk_in_memory(uint64_t sectors, uint8_t **bytes);

#endif
