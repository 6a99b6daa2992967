/*
 * What a program sees of /dev/vda, printed; the same on every machine that has the same disk (tests/disk/blkdev.py).
 * It reads all of it, writes here and there through write, pwrite and a shared mapping, makes that last, has the cache
 * dropped, and reads all of it again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int fd;
static off64_t size;

static void must(int good, const char *what) {
    if (good)
        return;
    printf("FAILED: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t checksum(void) {
    static unsigned char buffer[48 * 1024];
    uint64_t hash = 0xcbf29ce484222325u;
    must(lseek64(fd, 0, SEEK_SET) == 0, "rewind");
    for (off64_t at = 0; at < size;) {
        ssize_t n = read(fd, buffer, sizeof(buffer));
        must(n > 0, "read");
        for (ssize_t i = 0; i < n; i++)
            hash = (hash ^ buffer[i]) * 0x100000001b3u;
        at += n;
    }
    must(read(fd, buffer, 1) == 0, "end");
    return hash;
}

static void show_sizes(void) {
    unsigned long sectors = 0;
    uint64_t bytes = 0;
    int sector = 0, read_only = 0, block = 0;
    struct hd_geometry geometry = {0};
    must(ioctl(fd, BLKGETSIZE, &sectors) == 0, "BLKGETSIZE");
    must(ioctl(fd, BLKGETSIZE64, &bytes) == 0, "BLKGETSIZE64");
    must(ioctl(fd, BLKSSZGET, &sector) == 0, "BLKSSZGET");
    must(ioctl(fd, BLKROGET, &read_only) == 0, "BLKROGET");
    must(ioctl(fd, BLKBSZGET, &block) == 0, "BLKBSZGET");
    must(ioctl(fd, HDIO_GETGEO, &geometry) == 0, "HDIO_GETGEO");
    size = lseek64(fd, 0, SEEK_END);
    printf("%lu sectors of %d, %llu bytes, end at %lld, read-only %d, blocks of %d, %d heads\n", sectors, sector,
           (unsigned long long)bytes, (long long)size, read_only, block, geometry.heads);
}

static void fill(unsigned char *buffer, size_t bytes, unsigned seed) {
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1103515245 + 12345;
        buffer[i] = (unsigned char)(seed >> 16);
    }
}

static void write_pieces(void) {
    static unsigned char buffer[300 * 1024];
    static const struct {
        off64_t at;
        size_t bytes;
    } pieces[] = {{0, 512}, {1000, 3}, {4096, 65536}, {70001, 12345}, {500000, sizeof(buffer)}, {1 << 20, 1}};
    for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        fill(buffer, pieces[i].bytes, i + 1);
        must(pwrite64(fd, buffer, pieces[i].bytes, pieces[i].at) == (ssize_t)pieces[i].bytes, "pwrite");
    }
    fill(buffer, 1000, 77);
    must(pwrite64(fd, buffer, 1000, size - 300) == 300, "a write over the end is cut");
    must(pwrite64(fd, buffer, 1, size) == -1 && errno == ENOSPC, "a write behind the end has no space");
    must(pread64(fd, buffer, 100, size) == 0, "behind the end there is nothing to read");
}

static void write_mapped(void) {
    unsigned char *map = mmap(NULL, 64 * 1024, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 1 << 21);
    must(map != MAP_FAILED, "mmap");
    for (int i = 0; i < 64 * 1024; i += 777)
        map[i] = (unsigned char)i;
    must(msync(map, 64 * 1024, MS_SYNC) == 0, "msync");
    must(munmap(map, 64 * 1024) == 0, "munmap");
}

static void show_nodes(void) {
    struct stat st;
    must(stat("/dev/vda", &st) == 0, "stat");
    printf("node %o %u:%u\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
    must(mknod("/tmp/disk", S_IFBLK | 0600, st.st_rdev) == 0, "mknod");
    int other = open("/tmp/disk", O_RDONLY);
    unsigned char mine[512], theirs[512];
    must(other >= 0, "open of a node of our own");
    must(pread64(fd, mine, 512, 512) == 512 && pread64(other, theirs, 512, 512) == 512, "read of both nodes");
    must(memcmp(mine, theirs, 512) == 0, "both nodes show one device");
    close(other);
    must(mknod("/tmp/none", S_IFBLK | 0600, makedev(7, 7)) == 0, "mknod");
    must(open("/tmp/none", O_RDONLY) == -1 && errno == ENXIO, "a number without a device");
    int exclusive = open("/dev/vda", O_RDONLY | O_EXCL);
    must(exclusive >= 0, "an exclusive open");
    must(open("/dev/vda", O_RDONLY | O_EXCL) == -1 && errno == EBUSY, "a second one");
    close(exclusive);
}

static void show_partitions(void) {
    char line[256];
    FILE *file = fopen("/proc/partitions", "r");
    must(file != NULL, "/proc/partitions");
    while (fgets(line, sizeof(line), file))
        fputs(line, stdout);
    fclose(file);
}

int main(void) {
    fd = open("/dev/vda", O_RDWR | O_LARGEFILE);
    must(fd >= 0, "open /dev/vda");
    show_sizes();
    show_partitions();
    printf("before %016llx\n", (unsigned long long)checksum());
    write_pieces();
    write_mapped();
    printf("cached %016llx\n", (unsigned long long)checksum());
    must(fsync(fd) == 0, "fsync");
    must(ioctl(fd, BLKFLSBUF, 0) == 0, "BLKFLSBUF");
    printf("from the disk %016llx\n", (unsigned long long)checksum());
    show_nodes();
    must(close(fd) == 0, "close");
    puts("done");
    return 0;
}
