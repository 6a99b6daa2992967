/* Disks: files and their locks, private copies, errors, power cuts. */
#include "emu/devices/disk.h"
#include "emu/devices/faulty_disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTORS 64u
#define BYTES (SECTORS * DISK_SECTOR_BYTES)

static char error[500];

static void make_file(char *path, off_t bytes) {
    strcpy(path, "/tmp/faultline-test-disk-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && ftruncate(fd, bytes) == 0);
    close(fd);
}

static uint8_t byte_of_file(const char *path, off_t at) {
    uint8_t byte = 0;
    int fd = open(path, O_RDONLY);
    cr_assert_eq(pread(fd, &byte, 1, at), 1);
    close(fd);
    return byte;
}

static int put(struct disk *disk, uint64_t sector, size_t sectors, uint8_t value) {
    uint8_t bytes[BYTES];
    memset(bytes, value, sizeof bytes);
    return disk_write(disk, sector, bytes, sectors);
}

static int get(struct disk *disk, uint64_t sector) {
    uint8_t bytes[DISK_SECTOR_BYTES];
    int result = disk_read(disk, sector, bytes, 1);
    for (unsigned i = 1; i < sizeof bytes && !result; i++)
        cr_assert_eq(bytes[i], bytes[0], "sector %u is torn", (unsigned)sector);
    return result ? result : bytes[0];
}

Test(disk, a_file_is_written_at_once) {
    char path[64];
    make_file(path, BYTES);
    struct disk *disk = disk_open_file(path, DISK_READ_WRITE, error, sizeof error);
    cr_assert(disk && disk->sectors == SECTORS, "%s", error);
    cr_expect_eq(put(disk, 3, 2, 0x5A), 0);
    cr_expect_eq(byte_of_file(path, 4 * 512), 0x5A);
    cr_expect_eq(get(disk, 4), 0x5A);
    cr_expect_eq(get(disk, 5), 0);
    cr_expect_eq(put(disk, SECTORS, 1, 1), -EIO);
    cr_expect_eq(put(disk, SECTORS - 1, 2, 1), -EIO);
    cr_expect_eq(put(disk, UINT64_MAX, 2, 1), -EIO);
    disk_close(disk);
    unlink(path);
}

Test(disk, one_writer_or_many_readers) {
    char path[64];
    make_file(path, BYTES);
    struct disk *writer = disk_open_file(path, DISK_READ_WRITE, error, sizeof error);
    cr_expect_null(disk_open_file(path, DISK_READ_WRITE, error, sizeof error));
    cr_expect(strstr(error, "in use by another run"), "%s", error);
    cr_expect_null(disk_open_file(path, DISK_PRIVATE, error, sizeof error));
    disk_close(writer);
    struct disk *reader = disk_open_file(path, DISK_READ_ONLY, error, sizeof error);
    struct disk *own = disk_open_file(path, DISK_PRIVATE, error, sizeof error);
    cr_assert(reader && own);
    cr_expect_null(disk_open_file(path, DISK_READ_WRITE, error, sizeof error));
    cr_expect_eq(put(reader, 0, 1, 1), -EROFS);
    cr_expect_eq(put(own, 9, 10, 7), 0);
    cr_expect_eq(get(own, 18), 7);
    cr_expect_eq(get(own, 19), 0);
    cr_expect_eq(get(reader, 9), 0);
    disk_close(reader);
    disk_close(own);
    cr_expect_eq(byte_of_file(path, 9 * 512), 0);
    unlink(path);
}

Test(disk, files_that_are_no_images) {
    char path[64];
    make_file(path, 0);
    cr_expect_null(disk_open_file(path, DISK_READ_WRITE, error, sizeof error));
    cr_expect(strstr(error, "0 bytes"), "%s", error);
    cr_assert_eq(truncate(path, 1000), 0);
    cr_expect_null(disk_open_file(path, DISK_READ_WRITE, error, sizeof error));
    cr_expect(strstr(error, "1000 bytes"), "%s", error);
    unlink(path);
    cr_expect_null(disk_open_file(path, DISK_READ_WRITE, error, sizeof error));
    cr_expect_null(disk_open_file("/dev/zero", DISK_READ_ONLY, error, sizeof error));
    cr_expect(strstr(error, "not a regular file"), "%s", error);
}

Test(disk, requests_fail_by_place_and_turn) {
    struct disk_fault faults[] = {{DISK_REQUEST_READ, 10, 12, 1, UINT64_MAX},
                                  {DISK_REQUEST_WRITE, 0, SECTORS, 2, 1},
                                  {DISK_REQUEST_FLUSH, 0, 1, 1, 1}};
    struct disk *disk = disk_with_faults(disk_in_memory(SECTORS, NULL), faults, 3);
    uint8_t three[3 * DISK_SECTOR_BYTES];
    cr_expect_eq(get(disk, 9), 0);
    cr_expect_eq(get(disk, 10), -EIO);
    cr_expect_eq(get(disk, 11), -EIO);
    cr_expect_eq(get(disk, 12), 0);
    cr_expect_eq(disk_read(disk, 8, three, 3), -EIO);
    cr_expect_eq(put(disk, 20, 1, 1), 0);
    cr_expect_eq(put(disk, 20, 1, 2), -EIO);
    cr_expect_eq(get(disk, 20), 1, "a write that fails changes nothing");
    cr_expect_eq(put(disk, 20, 1, 3), 0);
    cr_expect_eq(disk_flush(disk), -EIO);
    cr_expect_eq(disk_flush(disk), 0);
    disk_close(disk);
}

/* A disk in a file, so that it can be looked at after the end. Writes 1 to sectors 0-7 and flushes, then more. */
static struct disk *cached_file(const char *path, uint64_t seed) {
    struct disk *disk = disk_with_cache(disk_open_file(path, DISK_READ_WRITE, error, sizeof error), seed);
    cr_assert_not_null(disk);
    cr_expect_eq(put(disk, 0, 8, 1), 0);
    cr_expect_eq(byte_of_file(path, 0), 0, "it is in the cache");
    cr_expect_eq(disk_flush(disk), 0);
    cr_expect_eq(byte_of_file(path, 7 * 512), 1);
    cr_expect_eq(put(disk, 4, 8, 2), 0);
    cr_expect_eq(put(disk, 5, 1, 3), 0);
    cr_expect_eq(get(disk, 5), 3);
    cr_expect_eq(get(disk, 6), 2);
    cr_expect_eq(disk_unflushed(disk), 9u);
    return disk;
}

Test(disk, a_cache_is_written_when_the_power_stays) {
    char path[64];
    make_file(path, BYTES);
    disk_close(cached_file(path, 1));
    cr_expect_eq(byte_of_file(path, 5 * 512), 3);
    cr_expect_eq(byte_of_file(path, 11 * 512), 2);
    unlink(path);
}

Test(disk, a_power_cut_keeps_what_was_flushed_and_some_of_the_rest) {
    char path[64];
    unsigned whole = 0, none = 0, torn = 0, swapped = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        uint8_t sector[12];
        unsigned twos = 0;
        make_file(path, BYTES);
        struct disk *disk = cached_file(path, seed);
        disk_lose_power(disk);
        cr_expect_eq(get(disk, 0), -EIO);
        cr_expect_eq(put(disk, 0, 1, 9), -EIO);
        cr_expect_eq(disk_flush(disk), -EIO);
        disk_close(disk);
        for (unsigned i = 0; i < 12; i++) {
            sector[i] = byte_of_file(path, i * 512);
            uint8_t before = i < 8 ? 1 : 0;
            bool may = sector[i] == before || (i >= 4 && sector[i] == 2) || (i == 5 && sector[i] == 3);
            cr_assert(may, "seed %u: sector %u has %u", (unsigned)seed, i, sector[i]);
            twos += i != 5 && sector[i] == 2;
        }
        whole += twos == 7;
        none += twos == 0;
        torn += twos > 0 && twos < 7;
        swapped += twos == 7 && sector[5] == 2; /* the later write is lost, or came first */
        unlink(path);
    }
    cr_expect(whole > 50 && none > 20 && torn > 20 && swapped > 10, "%u whole, %u none, %u torn, %u swapped", whole,
              none, torn, swapped);
}

Test(disk, the_same_seed_keeps_the_same_bytes) {
    char path[64];
    uint8_t first[BYTES], second[BYTES];
    for (unsigned i = 0; i < 2; i++) {
        make_file(path, BYTES);
        struct disk *disk = cached_file(path, 42);
        disk_lose_power(disk);
        disk_close(disk);
        int fd = open(path, O_RDONLY);
        cr_assert_eq(read(fd, i ? second : first, BYTES), (ssize_t)BYTES);
        close(fd);
        unlink(path);
    }
    cr_expect_eq(memcmp(first, second, BYTES), 0);
}

Test(disk, errors_over_a_cache_do_not_hinder_the_cut) {
    struct disk_fault fault = {DISK_REQUEST_WRITE, 2, 3, 1, UINT64_MAX};
    uint8_t *bytes;
    struct disk *memory = disk_in_memory(SECTORS, &bytes), *below = disk_over(memory);
    struct disk *disk = disk_with_faults(disk_with_cache(below, 0), &fault, 1);
    cr_expect_eq(put(disk, 2, 1, 1), -EIO);
    cr_expect_eq(put(disk, 1, 1, 1), 0);
    disk_lose_power(disk);
    cr_expect_eq(get(disk, 1), -EIO);
    disk_close(disk);
    cr_expect_eq(bytes[512], 0, "disk_over() keeps to itself");
    disk_close(memory);
}
