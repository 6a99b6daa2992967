/*
 * Everything that takes memory, at once: workers that write, read, map, cut, copy, hoard and rename, each of them
 * seeded, and every byte is checked against what it must be.
 *
 * usage: torture DIRECTORY SEED ROUNDS SECONDS HOARD
 *
 * Each worker does ROUNDS rounds, or goes on for SECONDS when that is not 0; HOARD is what all hoarders together hold,
 * in KiB. One worker owns each file, so that what it does is a function of the seed alone: with SECONDS 0 the program
 * prints the same everywhere.
 *
 * A file is a row of records of RECORD bytes, which fit neither pages nor blocks. The words of a record follow from
 * (seed, file, version, record); version 0 is zeros, never written. The owner tells in shared memory which version it
 * has begun and which it has done, so that a reader knows what it may see. DIRECTORY/manifest names what remains:
 * lines "name owner size version:bytes ..." with each record's valid bytes (the others are zeros).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 2900, WORDS = RECORD / 4, RECORDS = 160, FILES = 4, CUT_FILE = FILES - 1, PAGE = 4096, NAMES = 12 };

#define CHECK(condition, ...) ((condition) ? (void)0 : fail(#condition, __LINE__, __VA_ARGS__))

struct told {
    volatile uint32_t begun[FILES][RECORDS], done[FILES][RECORDS];
};

static struct told *told;
static const char *who = "main";
static uint32_t seed, state, sum;
static long rounds_wanted, seconds_wanted, hoard;
static struct timespec started;

static void __attribute__((noreturn)) fail(const char *what, int line, uint32_t a, uint32_t b, uint32_t c) {
    char text[256];
    int length = snprintf(text, sizeof(text), "%s: line %d: %s failed (%x, %x, %x; errno %d)\n", who, line, what, a, b,
                          c, errno);
    write(1, text, (size_t)length);
    _exit(1);
}

static uint32_t mix(uint32_t x) {
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

static uint32_t any(uint32_t below) { return mix(state += 0x9e3779b9u) % below; }

static void note(uint32_t value) { sum = mix(sum ^ value) + 0x9e3779b9u; }

static long seconds_gone(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - started.tv_sec;
}

static bool in_guest(void) { return access("/proc/sys/vm/mmcheck", F_OK) == 0; }

/* Pauses now and then, so that the workers meet in ever new ways. */
static bool goes_on(long round) {
    if (any(2) == 0)
        usleep(any(seconds_wanted ? 600000 : 30000));
    return seconds_wanted ? seconds_gone() < seconds_wanted : round < rounds_wanted;
}

/* Word i of a record or page of `owner`. */
static uint32_t word_of(uint32_t owner, uint32_t version, uint32_t record, uint32_t i) {
    return version ? mix(mix(mix(seed ^ owner << 20) ^ version) ^ record) + i * 0x9e3779b1u : 0;
}

static void fill(uint32_t *to, uint32_t words, uint32_t owner, uint32_t version, uint32_t record) {
    uint32_t first = word_of(owner, version, record, 0), step = version ? 0x9e3779b1u : 0;
    for (uint32_t i = 0; i < words; i++)
        to[i] = first + i * step;
}

/* ---- files ---- */

struct owned {
    uint32_t file, version[RECORDS], valid[RECORDS], size;
    int fd;
    char name[64];
};

static void expect_record(struct owned *f, uint32_t record, const unsigned char *got) {
    uint32_t want[WORDS];
    fill(want, WORDS, f->file, f->version[record], record);
    memset((char *)want + f->valid[record], 0, RECORD - f->valid[record]);
    uint32_t from = record * RECORD, bytes = f->size <= from ? 0 : f->size - from < RECORD ? f->size - from : RECORD;
    if (memcmp(want, got, bytes)) {
        uint32_t i = 0;
        while (got[i] == ((unsigned char *)want)[i])
            i++;
        CHECK(!"record as written", from + i, got[i], f->version[record]);
    }
}

static void *map_records(struct owned *f, int prot, int flags) {
    void *at = mmap(NULL, RECORDS * RECORD, prot, flags, f->fd, 0);
    CHECK(at != MAP_FAILED, f->file, 0, 0);
    return at;
}

static void verify(struct owned *f, uint32_t first, uint32_t count, bool mapped) {
    static unsigned char buffer[RECORD];
    unsigned char *map = mapped ? map_records(f, PROT_READ, any(2) ? MAP_SHARED : MAP_PRIVATE) : NULL;
    for (uint32_t r = first; r < first + count && r < RECORDS && r * RECORD < f->size; r++) {
        uint32_t bytes = f->size - r * RECORD < RECORD ? f->size - r * RECORD : RECORD;
        if (!mapped)
            CHECK(pread(f->fd, buffer, RECORD, r * RECORD) == (ssize_t)bytes, r, bytes, f->size);
        expect_record(f, r, mapped ? map + r * RECORD : buffer);
    }
    if (map)
        munmap(map, RECORDS * RECORD);
}

static void put_records(struct owned *f, uint32_t first, uint32_t count, bool mapped) {
    static uint32_t buffer[WORDS];
    if (mapped && (first + count) * RECORD > f->size)
        return;
    char *map = mapped ? map_records(f, PROT_READ | PROT_WRITE, MAP_SHARED) : NULL;
    for (uint32_t r = first; r < first + count; r++) {
        uint32_t version = f->version[r] + 1;
        told->begun[f->file][r] = version;
        fill(mapped ? (uint32_t *)(map + r * RECORD) : buffer, WORDS, f->file, version, r);
        if (!mapped)
            CHECK(pwrite(f->fd, buffer, RECORD, r * RECORD) == RECORD, r, version, f->size);
        told->done[f->file][r] = version;
        f->version[r] = version;
        f->valid[r] = RECORD;
        if (f->size < (r + 1) * RECORD)
            f->size = (r + 1) * RECORD;
    }
    if (map) {
        uint32_t page = first * RECORD & ~(PAGE - 1u);
        if (any(3) == 0)
            CHECK(msync(map + page, (first + count) * RECORD - page, any(2) ? MS_SYNC : MS_ASYNC) == 0, first, count,
                  0);
        munmap(map, RECORDS * RECORD);
    }
}

static void cut(struct owned *f, uint32_t size) {
    CHECK(ftruncate(f->fd, size) == 0, size, f->size, 0);
    for (uint32_t r = 0; r < RECORDS; r++) {
        uint32_t kept = size <= r * RECORD ? 0 : size - r * RECORD;
        if (f->valid[r] > kept)
            f->valid[r] = kept;
    }
    f->size = size;
}

static void rename_file(struct owned *f) {
    char other[sizeof(f->name) + 2];
    snprintf(other, sizeof(other), "%s.x", f->name);
    CHECK(rename(f->name, other) == 0, f->file, 0, 0);
    int fd = open(other, O_RDWR);
    CHECK(fd >= 0, f->file, 0, 0);
    close(f->fd);
    f->fd = fd;
    CHECK(rename(other, f->name) == 0, f->file, 1, 0);
}

static void write_manifest(struct owned *f) {
    char path[80];
    snprintf(path, sizeof(path), "manifest%u", f->file);
    FILE *out = fopen(path, "w");
    CHECK(out != NULL, f->file, 0, 0);
    fprintf(out, "%s %u %u", f->name, f->file, f->size);
    for (uint32_t r = 0; r < RECORDS; r++) {
        fprintf(out, " %u:%u", f->version[r], f->valid[r]);
        note(f->version[r] ^ f->valid[r] << 16);
    }
    fprintf(out, "\n");
    CHECK(fclose(out) == 0, f->file, 0, 0);
    note(f->size);
}

static void owner(uint32_t file) {
    static struct owned f;
    f.file = file;
    snprintf(f.name, sizeof(f.name), "file%u", file);
    f.fd = open(f.name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(f.fd >= 0, file, 0, 0);
    cut(&f, RECORDS * RECORD);
    for (long round = 0; goes_on(round); round++) {
        uint32_t first = any(RECORDS - 8), count = 1 + any(8), what = any(16);
        if (what < 5)
            put_records(&f, first, count, false);
        else if (what < 9)
            put_records(&f, first, count, true);
        else if (what < 12)
            verify(&f, first, 8 * count, what & 1);
        else if (what == 12)
            CHECK((any(2) ? fsync(f.fd) : fdatasync(f.fd)) == 0, round, 0, 0);
        else if (what == 13)
            rename_file(&f);
        else if (file == CUT_FILE)
            cut(&f, any(4) ? any(RECORDS * RECORD) : RECORDS * RECORD);
    }
    verify(&f, 0, RECORDS, false);
    verify(&f, 0, RECORDS, true);
    write_manifest(&f);
    close(f.fd);
}

/* ---- readers of others' files ---- */

static sigjmp_buf beyond;

static void on_sigbus(int signal) {
    (void)signal;
    siglongjmp(beyond, 1);
}

/* The cutter may leave only the first bytes of a word. */
static bool is_part_of(uint32_t got, uint32_t word) {
    return got == 0 || got == (word & 0xff) || got == (word & 0xffff) || got == (word & 0xffffff);
}

static void expect_seen(uint32_t file, uint32_t record, const uint32_t *got, uint32_t words, uint32_t low) {
    uint32_t high = told->begun[file][record];
    for (uint32_t i = 0; i < words; i++) {
        uint32_t version = low;
        uint32_t word = word_of(file, version, record, i);
        while (version <= high && got[i] != word && !(file == CUT_FILE && is_part_of(got[i], word)))
            word = word_of(file, ++version, record, i);
        if (version > high)
            CHECK(!"a version that was there", got[i], record * RECORD + i * 4, file << 24 | high);
    }
}

static void look_at(uint32_t file, int fd, uint32_t record, const char *map) {
    static uint32_t copy[WORDS];
    uint32_t low = told->done[file][record];
    volatile ssize_t bytes = RECORD;
    if (map) {
        if (sigsetjmp(beyond, 1)) {
            CHECK(file == CUT_FILE, file, record, 0);
            return;
        }
        for (uint32_t i = 0; i < WORDS; i++)
            copy[i] = ((const volatile uint32_t *)(map + record * RECORD))[i];
    } else {
        bytes = pread(fd, copy, RECORD, record * RECORD);
        CHECK(bytes == RECORD || (file == CUT_FILE && bytes >= 0), file, record, (uint32_t)bytes);
    }
    expect_seen(file, record, copy, (uint32_t)bytes / 4, low);
}

static void reader(uint32_t number) {
    (void)number;
    signal(SIGBUS, on_sigbus);
    for (volatile long round = 0; goes_on(round); round++) {
        uint32_t file = any(FILES), first = any(RECORDS - 16);
        char name[64];
        snprintf(name, sizeof(name), "file%u", file);
        int fd = open(name, O_RDONLY);
        if (fd < 0)
            continue; /* not there yet, or just renamed */
        char *map = any(2) ? mmap(NULL, RECORDS * RECORD, PROT_READ, any(2) ? MAP_SHARED : MAP_PRIVATE, fd, 0) : NULL;
        CHECK(map != MAP_FAILED, file, 0, 0);
        struct stat st;
        CHECK(fstat(fd, &st) == 0, file, 0, 0);
        for (uint32_t r = first; r < first + 16 && (st.st_size || file == CUT_FILE); r++)
            look_at(file, fd, r, map);
        if (map)
            munmap(map, RECORDS * RECORD);
        close(fd);
    }
}

/* ---- memory ---- */

static void *get_memory(uint32_t kind, size_t size) {
    void *at = MAP_FAILED;
    if (kind == 3) {
        int id = shmget(IPC_PRIVATE, size, 0600);
        CHECK(id >= 0, size, 0, 0);
        at = shmat(id, NULL, 0);
        shmctl(id, IPC_RMID, NULL);
    } else if (kind == 2) {
        int fd = open("ram/hoard", O_RDWR | O_CREAT | O_TRUNC, 0600);
        CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0, size, 0, 0);
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    } else {
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | (kind ? MAP_SHARED : MAP_PRIVATE), -1, 0);
    }
    CHECK(at != MAP_FAILED, kind, size, 0);
    return at;
}

static void expect_page(const uint32_t *got, uint32_t own, uint32_t version, uint32_t page) {
    uint32_t first = word_of(own, version, page, 0), step = version ? 0x9e3779b1u : 0;
    for (uint32_t i = 0; i < PAGE / 4; i++)
        CHECK(got[i] == first + i * step, page << 12 | i, got[i], version);
}

/* Kinds: 0 private, 1 shared anonymous, 2 a file of a tmpfs, 3 System V. */
static void hoarder(uint32_t kind) {
    uint32_t own = 16 + kind, pages = (uint32_t)hoard / 16;
    char *memory = get_memory(kind, pages * PAGE);
    uint32_t *version = calloc(pages, sizeof(*version));
    CHECK(version != NULL, pages, 0, 0);
    for (long round = 0; goes_on(round); round++) {
        uint32_t first = any(pages), count = 1 + any(any(8) ? 16 : pages), what = any(8);
        for (uint32_t p = first; p < first + count && p < pages; p++) {
            expect_page((uint32_t *)(memory + p * PAGE), own, version[p], p);
            if (what < 5)
                fill((uint32_t *)(memory + p * PAGE), PAGE / 4, own, ++version[p], p);
            else if (what == 5 && kind == 0 && madvise(memory + p * PAGE, PAGE, MADV_DONTNEED) == 0)
                version[p] = 0;
        }
        if (what == 7 && kind != 3 && any(8) == 0) {
            char *moved = mremap(memory, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory - 0x4000000);
            CHECK(moved != MAP_FAILED, pages, 0, 0);
            mremap(moved, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory);
        }
    }
    for (uint32_t p = 0; p < pages; p++) {
        expect_page((uint32_t *)(memory + p * PAGE), own, version[p], p);
        note(version[p]);
    }
    if (kind == 2)
        unlink("ram/hoard");
}

/* A child changes some pages of its copy; both must find their own afterwards. */
static void __attribute__((noreturn))
child_of_forker(char *memory, uint32_t pages, uint32_t *version, uint32_t own, int depth) {
    for (uint32_t p = any(3); p < pages; p += 1 + any(4)) {
        version[p] += 1000;
        fill((uint32_t *)(memory + p * PAGE), PAGE / 4, own, version[p], p);
    }
    int status = 0;
    if (depth && any(2)) {
        pid_t pid = fork();
        if (pid == 0)
            child_of_forker(memory, pages, version, own, depth - 1);
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid, depth, 0, 0);
    }
    for (uint32_t p = 0; p < pages; p++)
        expect_page((uint32_t *)(memory + p * PAGE), own, version[p], p);
    _exit(status != 0);
}

static void forker(uint32_t number) {
    uint32_t own = 32 + number, pages = 64;
    char *memory = get_memory(0, pages * PAGE);
    uint32_t *version = get_memory(0, PAGE);
    for (long round = 0; goes_on(round); round += 4) {
        pid_t pid = fork();
        if (pid == 0) {
            state ^= mix((uint32_t)round);
            child_of_forker(memory, pages, version, own, 2);
        }
        CHECK(pid > 0, round, 0, 0);
        for (uint32_t p = any(8); p < pages; p += 1 + any(8)) {
            expect_page((uint32_t *)(memory + p * PAGE), own, version[p], p);
            fill((uint32_t *)(memory + p * PAGE), PAGE / 4, own, ++version[p], p);
        }
        int status;
        CHECK(waitpid(pid, &status, 0) == pid && status == 0, status, 0, 0);
        for (uint32_t p = 0; p < pages; p++)
            expect_page((uint32_t *)(memory + p * PAGE), own, version[p], p);
    }
    for (uint32_t p = 0; p < pages; p++)
        note(version[p]);
}

/* ---- names ---- */

static void write_small(const char *path, uint32_t version) {
    uint32_t bytes[64];
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    fill(bytes, 64, 48, version, 0);
    CHECK(fd >= 0 && write(fd, bytes, sizeof(bytes)) == sizeof(bytes), version, 0, 0);
    if (any(8) == 0)
        CHECK(fsync(fd) == 0, version, 0, 0);
    close(fd);
}

static void expect_small(const char *path, uint32_t version) {
    uint32_t bytes[65];
    int fd = open(path, O_RDONLY);
    CHECK((fd >= 0) == (version != 0), version, 0, 0);
    if (fd < 0)
        return;
    ssize_t got = read(fd, bytes, sizeof(bytes));
    CHECK(got == 64 * 4, version, (uint32_t)got, 0);
    for (uint32_t i = 0; i < 64; i++)
        CHECK(bytes[i] == word_of(48, version, 0, i), version, i, bytes[i]);
    close(fd);
}

static void churner(uint32_t number) {
    uint32_t version[NAMES] = {0}, last = 0, dir[NAMES] = {0};
    char path[NAMES][64], other[64];
    (void)number;
    for (int i = 0; i < NAMES; i++)
        snprintf(path[i], sizeof(path[i]), "churn/n%d", i);
    for (long round = 0; goes_on(round); round++) {
        uint32_t a = any(NAMES), b = any(NAMES), what = any(8);
        if (what < 3) {
            write_small(path[a], version[a] = ++last);
        } else if (what < 5 && version[a] && a != b) {
            CHECK(rename(path[a], path[b]) == 0, a, b, 0);
            version[b] = version[a];
            version[a] = 0;
        } else if (what == 5) {
            CHECK((unlink(path[a]) == 0) == (version[a] != 0), a, 0, 0);
            version[a] = 0;
        } else if (what == 6) {
            snprintf(other, sizeof(other), "churn/d%u", a);
            CHECK((dir[a] ? rmdir(other) : mkdir(other, 0755)) == 0, a, 0, 0);
            dir[a] = !dir[a];
        } else {
            expect_small(path[a], version[a]);
        }
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        expect_small(path[i], version[i]);
        note(version[i] << 1 | dir[i]);
    }
}

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        perror(path);
    close(fd);
}

static void syncer(uint32_t number) {
    bool may_drop = number && in_guest();
    for (long round = 0; goes_on(round); round += 16) {
        usleep(20000 + any(200000));
        if (any(3) == 0 && may_drop)
            put("/proc/sys/vm/drop_caches", any(2) ? "1" : "3");
        else
            sync();
    }
}

/* Where there is a second area, the first one's pages have a place to go. */
static void changer(uint32_t number) {
    static const char area[] = "/dev/vdc";
    (void)number;
    if (!in_guest() || access(area, F_OK) < 0)
        return;
    for (long round = 0; goes_on(round); round += 64) {
        usleep(300000 + any(1000000));
        CHECK(swapoff(area) == 0, round, 0, 0);
        usleep(any(300000));
        CHECK(swapon(area, any(2) ? SWAP_FLAG_PREFER | 5 : 0) == 0, round, 0, 0);
    }
}

/* ---- all together ---- */

static const struct worker {
    const char *name;
    void (*work)(uint32_t number);
    uint32_t number;
} workers[] = {
    {"owner 0", owner, 0},   {"owner 1", owner, 1},    {"owner 2", owner, 2},          {"cutter", owner, CUT_FILE},
    {"reader 0", reader, 0}, {"reader 1", reader, 1},  {"private memory", hoarder, 0}, {"shared memory", hoarder, 1},
    {"tmpfs", hoarder, 2},   {"System V", hoarder, 3}, {"forker 0", forker, 0},        {"forker 1", forker, 1},
    {"churner", churner, 0}, {"syncer", syncer, 1},    {"changer", changer, 0},
};
enum { WORKERS = sizeof(workers) / sizeof(workers[0]) };

static long number_in(const char *path, const char *name) {
    char line[128];
    long value = -1;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name));
    if (file)
        fclose(file);
    return value;
}

/* The kernel's free memory when nothing is cached. */
static long free_memory(void) {
    for (int i = 0; i < 3; i++) {
        sync();
        put("/proc/sys/vm/drop_caches", "3");
        usleep(100000);
    }
    return number_in("/proc/meminfo", "MemFree:");
}

static bool run_all(void) {
    struct result {
        uint32_t sum;
    } *results = get_memory(1, PAGE);
    pid_t pids[WORKERS];
    bool good = true;
    told = get_memory(1, sizeof(*told));
    for (int i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0, i, 0, 0);
        if (pids[i] == 0) {
            who = workers[i].name;
            state = mix(seed) ^ mix((uint32_t)i + 1);
            workers[i].work(workers[i].number);
            results[i].sum = sum;
            _exit(0);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        int status;
        CHECK(waitpid(pids[i], &status, 0) == pids[i], i, 0, 0);
        if (status)
            printf("%s: ended with status %x\n", workers[i].name, status);
        else if (seconds_wanted)
            printf("%s: every byte right\n", workers[i].name);
        else
            printf("%s: every byte right, %08x\n", workers[i].name, results[i].sum);
        good &= status == 0;
    }
    munmap(results, PAGE);
    munmap(told, sizeof(*told));
    return good;
}

int main(int argc, char **argv) {
    if (argc != 6 || chdir(argv[1]) < 0)
        return 2;
    seed = (uint32_t)atol(argv[2]);
    rounds_wanted = atol(argv[3]);
    seconds_wanted = atol(argv[4]);
    hoard = atol(argv[5]);
    clock_gettime(CLOCK_MONOTONIC, &started);
    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir("churn", 0755);
    mkdir("ram", 0755);
    bool guest = in_guest();
    if (guest)
        mount("ram", "ram", "tmpfs", 0, NULL);
    long before = guest ? free_memory() : 0;
    bool good = run_all();
    if (guest) {
        CHECK(umount("ram") == 0, 0, 0, 0);
        long after = free_memory(),
             used = number_in("/proc/meminfo", "SwapTotal:") - number_in("/proc/meminfo", "SwapFree:");
        put("/proc/sys/vm/mmcheck", "1");
        fprintf(stderr, "%ld s; free before and after: %ld, %ld KiB; swap in use: %ld KiB\n", seconds_gone(), before,
                after, used);
    }
    printf("%s\n", good ? "all right" : "wrong");
    return !good;
}
