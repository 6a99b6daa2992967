/* The disks of a demonstration; demo_disks.h. Their bytes depend on the sizes only. */
#define _GNU_SOURCE
#include "emu/commands/demo_disks.h"
#include "emu/devices/little_endian.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define SWAP_SIGNATURE "SWAPSPACE2"

static bool refuse(const struct demo_disks *disks, const char *what) {
    complain("the %s of the demo cannot be made in '%s': %s; set TMPDIR to a folder with room", what, disks->folder,
             strerror(errno));
    return false;
}

/* Page n of /data: n + 1 in every word, so that a program can tell one page from another, and none is a hole. */
static bool write_data(int fd, uint64_t bytes) {
    uint8_t page[PAGE_BYTES];
    for (uint64_t n = 0; n * PAGE_BYTES < bytes; n++) {
        for (unsigned i = 0; i < PAGE_BYTES; i += 4)
            put32(page + i, (uint32_t)n + 1);
        if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page))
            return false;
    }
    return true;
}

/* mkswap's header of version 1: no bad pages, no label. */
static bool write_swap_header(int fd, uint64_t bytes) {
    uint8_t header[PAGE_BYTES] = {0};
    put32(header + 1024, 1);
    put32(header + 1028, (uint32_t)(bytes / PAGE_BYTES - 1));
    memcpy(header + PAGE_BYTES - 10, SWAP_SIGNATURE, 10);
    return ftruncate(fd, (off_t)bytes) == 0 && pwrite(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header);
}

static bool make_file(const char *path, uint64_t bytes, bool (*fill)(int fd, uint64_t bytes)) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    bool good = fd >= 0 && fill(fd, bytes);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool make_root(struct demo_disks *disks, uint64_t bytes, struct disk_options *options) {
    static const char *const folders[] = {"dev", "proc", "tmp"};
    char path[4200];
    if (mkdir(disks->root, 0755) != 0)
        return refuse(disks, "root");
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", disks->root, folders[i]);
        if (mkdir(path, 0755) != 0)
            return refuse(disks, "root");
    }
    if (!make_file(disks->data, bytes, write_data))
        return refuse(disks, "file /data");
    options->root = disks->root;
    return true;
}

static bool make_disks(struct demo_disks *disks, uint64_t data_bytes, uint64_t swap_bytes,
                       struct disk_options *options) {
    if (data_bytes && !make_root(disks, data_bytes, options))
        return false;
    if (!swap_bytes)
        return true;
    if (!make_file(disks->swap, swap_bytes, write_swap_header))
        return refuse(disks, "swap disk");
    options->disk[options->count++] = disks->swap;
    return true;
}

bool demo_disks_make(struct demo_disks *disks, uint64_t data_bytes, uint64_t swap_bytes, struct disk_options *options) {
    const char *place = getenv("TMPDIR");
    place = place && place[0] ? place : "/tmp";
    snprintf(disks->folder, sizeof(disks->folder), "%.4000s/faultline-demo-XXXXXX", place);
    if (!mkdtemp(disks->folder)) {
        complain("no temporary folder for the demo in '%s': %s; set TMPDIR to another", place, strerror(errno));
        disks->folder[0] = '\0';
        return false;
    }
    snprintf(disks->root, sizeof(disks->root), "%s/root", disks->folder);
    snprintf(disks->data, sizeof(disks->data), "%s/data", disks->root);
    snprintf(disks->swap, sizeof(disks->swap), "%s/swap", disks->folder);
    if (make_disks(disks, data_bytes, swap_bytes, options))
        return true;
    demo_disks_remove(disks);
    return false;
}

void demo_disks_remove(struct demo_disks *disks) {
    static const char *const folders[] = {"dev", "proc", "tmp"};
    char path[4200];
    if (!disks->folder[0])
        return;
    unlink(disks->data);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", disks->root, folders[i]);
        rmdir(path);
    }
    rmdir(disks->root);
    unlink(disks->swap);
    rmdir(disks->folder);
    disks->folder[0] = '\0';
}
