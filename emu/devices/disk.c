/* Disks in files and in memory: see disk.h. */
#define _GNU_SOURCE
#include "emu/devices/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int disk_read(struct disk *disk, uint64_t sector, void *to, size_t sectors) {
    if (disk->lost_power || !disk_holds(disk, sector, sectors))
        return -EIO;
    return sectors ? disk->ops->read(disk, sector, to, sectors) : 0;
}

int disk_write(struct disk *disk, uint64_t sector, const void *from, size_t sectors) {
    if (disk->read_only)
        return -EROFS;
    if (disk->lost_power || !disk_holds(disk, sector, sectors))
        return -EIO;
    return sectors ? disk->ops->write(disk, sector, from, sectors) : 0;
}

int disk_flush(struct disk *disk) { return disk->lost_power ? -EIO : disk->ops->flush(disk); }

void disk_lose_power(struct disk *disk) {
    disk->lost_power = true;
    if (disk->ops->lose_power)
        disk->ops->lose_power(disk);
}

void disk_close(struct disk *disk) {
    if (disk)
        disk->ops->close(disk);
}

/* Files. A power cut of the machine is not one of the host: what was written is in the file. */

struct file_disk {
    struct disk disk;
    int fd;
};

static struct file_disk *file_disk(struct disk *disk) { return (struct file_disk *)disk; }

static int file_read_sectors(struct disk *disk, uint64_t sector, void *to, size_t sectors) {
    size_t bytes = sectors * DISK_SECTOR_BYTES;
    off_t at = (off_t)(sector * DISK_SECTOR_BYTES);
    for (size_t done = 0; done < bytes;) {
        ssize_t got = pread(file_disk(disk)->fd, (uint8_t *)to + done, bytes - done, at + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EIO; /* 0: somebody made the file shorter */
        done += (size_t)got;
    }
    return 0;
}

static int file_write_sectors(struct disk *disk, uint64_t sector, const void *from, size_t sectors) {
    size_t bytes = sectors * DISK_SECTOR_BYTES;
    off_t at = (off_t)(sector * DISK_SECTOR_BYTES);
    for (size_t done = 0; done < bytes;) {
        ssize_t put = pwrite(file_disk(disk)->fd, (const uint8_t *)from + done, bytes - done, at + (off_t)done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        done += (size_t)put;
    }
    return 0;
}

static int nothing_to_flush(struct disk *disk) {
    (void)disk;
    return 0;
}

static void file_close(struct disk *disk) {
    close(file_disk(disk)->fd);
    free(disk);
}

static const struct disk_ops file_ops = {file_read_sectors, file_write_sectors, nothing_to_flush, NULL, file_close};

/* True after putting what speaks against the file into error. */
static bool is_unfit(int fd, const char *path, enum disk_access access, struct stat *status, char *error, size_t size) {
    if (fstat(fd, status) < 0)
        snprintf(error, size, "the disk '%s' cannot be opened: %s", path, strerror(errno));
    else if (!S_ISREG(status->st_mode))
        snprintf(error, size, "the disk '%s' is not a regular file; give a raw image", path);
    else if (status->st_size == 0 || status->st_size % (off_t)DISK_SECTOR_BYTES != 0)
        snprintf(error, size, "the disk '%s' has %" PRId64 " bytes; a raw image is one or more sectors of 512 bytes",
                 path, (int64_t)status->st_size);
    else if (flock(fd, (access == DISK_READ_WRITE ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
        snprintf(error, size, "the disk '%s' is in use by another run; wait for its end, or give each run a copy",
                 path);
    else
        return false;
    return true;
}

static struct disk *open_raw(const char *path, enum disk_access access, char *error, size_t size) {
    struct stat status;
    int fd = open(path, (access == DISK_READ_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(error, size, "the disk '%s' cannot be opened%s: %s", path,
                 access == DISK_READ_WRITE ? " for writing" : "", strerror(errno));
        return NULL;
    }
    struct file_disk *file = is_unfit(fd, path, access, &status, error, size) ? NULL : calloc(1, sizeof *file);
    if (!file) {
        if (!error[0])
            snprintf(error, size, "no memory on the host for the disk '%s'; free some and try again", path);
        close(fd);
        return NULL;
    }
    file->disk = (struct disk){.ops = &file_ops, .sectors = (uint64_t)status.st_size / DISK_SECTOR_BYTES};
    file->disk.read_only = access != DISK_READ_WRITE;
    file->fd = fd;
    return &file->disk;
}

/* Private disks: pages of written sectors over a disk that is only read. */

#define PAGE_SECTORS 8u
#define PAGE_BYTES (PAGE_SECTORS * DISK_SECTOR_BYTES)

struct private_disk {
    struct disk disk;
    struct disk *below;
    bool owns_below;
    uint8_t **page; /* by sector / PAGE_SECTORS; NULL: as below */
    size_t pages;
};

static struct private_disk *private_disk(struct disk *disk) { return (struct private_disk *)disk; }

/* Sectors from this one that lie in the same page, at most left. */
static size_t piece_of(uint64_t sector, size_t left) {
    size_t room = PAGE_SECTORS - (size_t)(sector % PAGE_SECTORS);
    return left < room ? left : room;
}

static int private_read(struct disk *disk, uint64_t sector, void *to, size_t sectors) {
    struct private_disk *own = private_disk(disk);
    uint8_t *at = to;
    for (size_t done = 0, piece; done < sectors; done += piece) {
        piece = piece_of(sector + done, sectors - done);
        const uint8_t *page = own->page[(sector + done) / PAGE_SECTORS];
        if (page) {
            memcpy(at + done * DISK_SECTOR_BYTES, page + (sector + done) % PAGE_SECTORS * DISK_SECTOR_BYTES,
                   piece * DISK_SECTOR_BYTES);
            continue;
        }
        int error = disk_read(own->below, sector + done, at + done * DISK_SECTOR_BYTES, piece);
        if (error)
            return error;
    }
    return 0;
}

static int private_page(struct private_disk *own, size_t index) {
    uint64_t first = (uint64_t)index * PAGE_SECTORS, left = own->disk.sectors - first;
    if (own->page[index])
        return 0;
    uint8_t *page = calloc(1, PAGE_BYTES);
    int error = page ? disk_read(own->below, first, page, left < PAGE_SECTORS ? (size_t)left : PAGE_SECTORS) : -ENOMEM;
    if (error) {
        free(page);
        return error;
    }
    own->page[index] = page;
    return 0;
}

static int private_write(struct disk *disk, uint64_t sector, const void *from, size_t sectors) {
    struct private_disk *own = private_disk(disk);
    for (size_t done = 0, piece; done < sectors; done += piece) {
        size_t index = (size_t)((sector + done) / PAGE_SECTORS);
        piece = piece_of(sector + done, sectors - done);
        int error = private_page(own, index);
        if (error)
            return error;
        memcpy(own->page[index] + (sector + done) % PAGE_SECTORS * DISK_SECTOR_BYTES,
               (const uint8_t *)from + done * DISK_SECTOR_BYTES, piece * DISK_SECTOR_BYTES);
    }
    return 0;
}

static void private_close(struct disk *disk) {
    struct private_disk *own = private_disk(disk);
    for (size_t i = 0; i < own->pages; i++)
        free(own->page[i]);
    free(own->page);
    if (own->owns_below)
        disk_close(own->below);
    free(own);
}

static const struct disk_ops private_ops = {private_read, private_write, nothing_to_flush, NULL, private_close};

struct disk *disk_over(struct disk *below) {
    struct private_disk *own = calloc(1, sizeof *own);
    size_t pages = (size_t)((below->sectors + PAGE_SECTORS - 1) / PAGE_SECTORS);
    uint8_t **page = own ? calloc(pages, sizeof(*page)) : NULL;
    if (!page) {
        free(own);
        return NULL;
    }
    *own = (struct private_disk){
        .disk = {.ops = &private_ops, .sectors = below->sectors}, .below = below, .page = page, .pages = pages};
    return &own->disk;
}

struct disk *disk_open_file(const char *path, enum disk_access access, char *error, size_t error_size) {
    error[0] = '\0';
    struct disk *disk = open_raw(path, access, error, error_size);
    if (!disk || access != DISK_PRIVATE)
        return disk;
    struct disk *own = disk_over(disk);
    if (own) {
        private_disk(own)->owns_below = true;
        return own;
    }
    snprintf(error, error_size, "no memory on the host for the disk '%s'; free some and try again", path);
    disk_close(disk);
    return NULL;
}

/* Memory */

struct memory_disk {
    struct disk disk;
    uint8_t *bytes;
};

static uint8_t *memory_at(struct disk *disk, uint64_t sector) {
    return ((struct memory_disk *)disk)->bytes + sector * DISK_SECTOR_BYTES;
}

static int memory_read(struct disk *disk, uint64_t sector, void *to, size_t sectors) {
    memcpy(to, memory_at(disk, sector), sectors * DISK_SECTOR_BYTES);
    return 0;
}

static int memory_write(struct disk *disk, uint64_t sector, const void *from, size_t sectors) {
    memcpy(memory_at(disk, sector), from, sectors * DISK_SECTOR_BYTES);
    return 0;
}

static void memory_close(struct disk *disk) {
    free(((struct memory_disk *)disk)->bytes);
    free(disk);
}

struct disk *disk_in_memory(uint64_t sectors, uint8_t **bytes) {
    static const struct disk_ops ops = {memory_read, memory_write, nothing_to_flush, NULL, memory_close};
    struct memory_disk *memory = calloc(1, sizeof *memory);
    uint8_t *room = memory ? calloc((size_t)sectors, DISK_SECTOR_BYTES) : NULL;
    if (!room) {
        free(memory);
        return NULL;
    }
    *memory = (struct memory_disk){{.ops = &ops, .sectors = sectors}, room};
    if (bytes)
        *bytes = room;
    return &memory->disk;
}
