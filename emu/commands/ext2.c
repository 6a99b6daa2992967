/*
 * ext2 images through e2fsprogs: mke2fs makes them, debugfs looks into them.
 *
 * The model. An image's bytes are a function of the directory: the UUID, the hash seed and the time of making are
 * fixed, and the times of access and change that mke2fs copies, which tell when somebody last looked at the host's
 * files, are replaced by the times of modification.
 */
#define _GNU_SOURCE
#include "emu/commands/disks.h"
#include "emu/devices/cmos.h"
#include "emu/devices/little_endian.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK_BYTES 4096u
#define INODE_BYTES 256u
#define SLACK_BYTES (32u << 20)
#define SLACK_INODES 1024u
#define UUID "fa017115-e000-4000-8000-000000000001"
#define NOT_FOUND 127

/* ---- running a tool ---- */

/* Debian keeps these tools where the PATH of users does not lead. */
static void become_tool(const char *const arguments[]) {
    static const char *const folders[] = {"/usr/sbin", "/sbin", "/usr/local/sbin"};
    char path[200], time[32];
    snprintf(time, sizeof(time), "%llu", CMOS_DEFAULT_DATE);
    setenv("E2FSPROGS_FAKE_TIME", time, 1);
    setenv("LC_ALL", "C", 1);
    execvp(arguments[0], (char *const *)arguments);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folders[i], arguments[0]);
        execv(path, (char *const *)arguments);
    }
    _exit(NOT_FOUND);
}

static void read_pipe(int fd, char *said, size_t size) {
    char scrap[512];
    size_t used = 0;
    for (;;) {
        size_t room = size - 1 - used;
        ssize_t got = read(fd, room ? said + used : scrap, room ? room : sizeof(scrap));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += room ? (size_t)got : 0;
    }
    said[used] = '\0';
}

/* Its exit status, NOT_FOUND when there is no such tool, -1 when it cannot be run. said: what it prints, both ways. */
static int run_tool(const char *const arguments[], char *said, size_t size) {
    int ends[2], status = -1;
    said[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        become_tool(arguments);
    }
    close(ends[1]);
    if (child > 0)
        read_pipe(ends[0], said, size);
    close(ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- how large ---- */

static struct { uint64_t blocks, inodes; } need;

static int count_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void)path, (void)where;
    uint64_t blocks = ((uint64_t)status->st_size + BLOCK_BYTES - 1) / BLOCK_BYTES;
    need.inodes++;
    if (type != FTW_NS && (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)))
        need.blocks += blocks + blocks / 512 + 1; /* blocks of pointers */
    return 0;
}

static bool measure(const char *directory, uint64_t *bytes, uint64_t *inodes) {
    need.blocks = need.inodes = 0;
    if (nftw(directory, count_entry, 64, FTW_PHYS) != 0) {
        complain("the root directory '%s' cannot be read: %s", directory, strerror(errno));
        return false;
    }
    uint64_t data = need.blocks * BLOCK_BYTES;
    *inodes = need.inodes + need.inodes / 2 + SLACK_INODES;
    *bytes = data + data / 16 + *inodes * INODE_BYTES + (data / 4 > SLACK_BYTES ? data / 4 : SLACK_BYTES);
    *bytes = (*bytes + (1u << 20) - 1) >> 20 << 20;
    return true;
}

/* ---- times ---- */

struct ext2_shape {
    uint32_t block_bytes, inodes_per_group, groups, inode_bytes, descriptors; /* the last: block of the descriptors */
};

static bool read_at(int fd, uint64_t at, void *to, size_t size) {
    return pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

static bool read_shape(int fd, struct ext2_shape *shape) {
    uint8_t super[1024];
    if (!read_at(fd, 1024, super, sizeof(super)) || get16(super + 56) != 0xEF53 || get32(super + 40) == 0)
        return false;
    shape->block_bytes = 1024u << (get32(super + 24) & 7u);
    shape->inodes_per_group = get32(super + 40);
    shape->groups = get32(super) / shape->inodes_per_group;
    shape->inode_bytes = get16(super + 88);
    shape->descriptors = get32(super + 20) + 1;
    return shape->inode_bytes >= 128;
}

/* Offsets in an inode: mode 0, access 8, change 12, modification 16. */
static void level_times(uint8_t *table, const struct ext2_shape *shape) {
    for (uint32_t i = 0; i < shape->inodes_per_group; i++) {
        uint8_t *inode = table + (size_t)i * shape->inode_bytes;
        if (get16(inode) == 0)
            continue;
        memcpy(inode + 8, inode + 16, 4);
        memcpy(inode + 12, inode + 16, 4);
    }
}

static bool level_group(int fd, const struct ext2_shape *shape, uint32_t group, uint8_t *table, size_t bytes) {
    uint8_t descriptor[32];
    uint64_t at = (uint64_t)shape->descriptors * shape->block_bytes + group * sizeof(descriptor);
    if (!read_at(fd, at, descriptor, sizeof(descriptor)))
        return false;
    at = (uint64_t)get32(descriptor + 8) * shape->block_bytes;
    if (!read_at(fd, at, table, bytes))
        return false;
    level_times(table, shape);
    return pwrite(fd, table, bytes, (off_t)at) == (ssize_t)bytes;
}

static bool level_image(const char *image) {
    struct ext2_shape shape;
    int fd = open(image, O_RDWR | O_CLOEXEC);
    bool good = fd >= 0 && read_shape(fd, &shape);
    size_t bytes = good ? (size_t)shape.inodes_per_group * shape.inode_bytes : 0;
    uint8_t *table = good ? malloc(bytes) : NULL;
    for (uint32_t group = 0; table && good && group < shape.groups; group++)
        good = level_group(fd, &shape, group, table, bytes);
    good = good && table;
    free(table);
    if (fd >= 0)
        close(fd);
    if (!good)
        complain("the root image '%s' cannot be read back: %s", image, strerror(errno));
    return good;
}

/* ---- making and asking ---- */

static const char *last_line(char *said) {
    size_t length = strlen(said);
    while (length > 0 && (said[length - 1] == '\n' || said[length - 1] == ' '))
        said[--length] = '\0';
    char *line = strrchr(said, '\n');
    return line ? line + 1 : said;
}

static bool set_size(const char *image, uint64_t bytes) {
    int fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    bool good = fd >= 0 && ftruncate(fd, (off_t)bytes) == 0;
    if (!good)
        complain("the root image '%s' cannot be written: %s", image, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

bool ext2_make(const char *image, const char *directory) {
    uint64_t bytes, count;
    char inodes[32], said[4096];
    if (!measure(directory, &bytes, &count) || !set_size(image, bytes))
        return false;
    snprintf(inodes, sizeof(inodes), "%" PRIu64, count);
    const char *const arguments[] = {"mke2fs",
                                     "-q",
                                     "-F",
                                     "-t",
                                     "ext2",
                                     "-b",
                                     "4096",
                                     "-I",
                                     "256",
                                     "-m",
                                     "0",
                                     "-N",
                                     inodes,
                                     "-U",
                                     UUID,
                                     "-E",
                                     "hash_seed=" UUID ",root_owner=0:0",
                                     "-d",
                                     directory,
                                     image,
                                     NULL};
    int status = run_tool(arguments, said, sizeof(said));
    if (status == 0)
        return level_image(image);
    if (status == NOT_FOUND)
        complain(
            "--root DIR needs mke2fs, which is not installed; install e2fsprogs, or give an image in place of '%s'",
            directory);
    else
        complain("mke2fs cannot make a file system of '%s': %.160s", directory, last_line(said));
    return false;
}

bool ext2_has(const char *image, const char *path) {
    char request[4200], said[512];
    if (strpbrk(path, "\"\\\n") || strlen(path) > 4000)
        return false;
    snprintf(request, sizeof(request), "stat \"%s\"", path);
    const char *const arguments[] = {"debugfs", "-R", request, image, NULL};
    int status = run_tool(arguments, said, sizeof(said));
    if (status == NOT_FOUND)
        return access(path, F_OK) != 0;
    return strstr(said, "Inode: ") != NULL;
}
