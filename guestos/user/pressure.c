/*
 * Loads that make the guest reclaim, measured from inside: pressure LOAD [ARGUMENTS]. Prints lines "name value".
 *
 *   clean FILE            reads FILE from begin to end
 *   dirty FILE MIB        writes MIB to FILE
 *   anon MIB ROUNDS       writes to each page of so much memory, so many times
 *   mixed FILE MIB OUT    reads FILE, writes MIB to OUT and twice to memory: three processes at a time
 *   hot KIND FILE HOT     reads FILE from begin to end beside a hot set of a quarter of memory: anon, mapped (of HOT), read (HOT)
 *   mappers FILE STREAM   groups of 1, 2, 4 .. 256 processes that map the same pages, then a stream that makes reclaim look
 *   faults FILE MIB       all kinds of page faults, with MIB of memory written and read in scattered order
 *
 * The clock is the time stamp counter, which counts nanoseconds of virtual time on faultline.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20, CHUNK = 64 << 10, GROUPS = 9, GROUP_PAGES = 16 };

static char chunk[CHUNK];

static uint64_t now(void) { return __builtin_ia32_rdtsc(); }

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int open_file(const char *path, int flags)
{
    int fd = open(path, flags, 0644);
    if (fd < 0)
        fail(path);
    return fd;
}

static char *map(size_t bytes, int flags, int fd)
{
    char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | (fd < 0 ? MAP_ANONYMOUS | MAP_NORESERVE : 0), fd, 0);
    if (at == MAP_FAILED)
        fail("mmap");
    return at;
}

static void set(const char *path, const char *value)
{
    int fd = open_file(path, O_WRONLY);
    if (write(fd, value, strlen(value)) < 0)
        fail(path);
    close(fd);
}

/* ---- the kernel's numbers ---- */

/* Sum of the numbers of /proc/vmstat whose names begin so. */
static long vmstat(const char *prefix)
{
    char line[128];
    long sum = 0;
    FILE *file = fopen("/proc/vmstat", "r");
    while (file && fgets(line, sizeof(line), file))
        if (!strncmp(line, prefix, strlen(prefix)))
            sum += strtol(strchr(line, ' '), NULL, 10);
    if (file)
        fclose(file);
    return sum;
}

struct disk {
    char name[32];
    long reads, sectors_read, writes, sectors_written;
};

static int read_disks(struct disk *disks)
{
    char line[256];
    int n = 0;
    FILE *file = fopen("/proc/diskstats", "r");
    while (file && n < 4 && fgets(line, sizeof(line), file)) {
        struct disk *d = &disks[n];
        n += sscanf(line, "%*d %*d %31s %ld %*d %ld %*d %ld %*d %ld", d->name, &d->reads, &d->sectors_read, &d->writes,
                    &d->sectors_written) == 5;
    }
    if (file)
        fclose(file);
    return n;
}

static const char *const counters[] = {"pgsteal_",     "pgscan_kswapd_", "pgscan_direct_", "kswapd_steal",
                                       "pswpin",       "pswpout",        "allocstall",     "pgactivate",
                                       "pgdeactivate", "pgmajfault",     "pgrefill_"};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static struct {
    uint64_t at;
    long counters[COUNTERS];
    struct disk disks[4];
} begun;

static void begin(void)
{
    for (unsigned i = 0; i < COUNTERS; i++)
        begun.counters[i] = vmstat(counters[i]);
    read_disks(begun.disks);
    begun.at = now();
}

static void end(void)
{
    struct disk disks[4];
    uint64_t ns = now() - begun.at;
    int n = read_disks(disks);
    printf("ns %llu\n", (unsigned long long)ns);
    for (unsigned i = 0; i < COUNTERS; i++)
        printf("%s %ld\n", counters[i], vmstat(counters[i]) - begun.counters[i]);
    for (int i = 0; i < n; i++)
        printf("disk-%s %ld %ld %ld %ld\n", disks[i].name, disks[i].reads - begun.disks[i].reads,
               disks[i].sectors_read - begun.disks[i].sectors_read, disks[i].writes - begun.disks[i].writes,
               disks[i].sectors_written - begun.disks[i].sectors_written);
}

/* ---- loads ---- */

static void read_whole(const char *path)
{
    int fd = open_file(path, O_RDONLY);
    while (read(fd, chunk, CHUNK) > 0)
        ;
    close(fd);
}

static void write_whole(const char *path, unsigned mib)
{
    int fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    memset(chunk, 7, CHUNK);
    for (unsigned i = 0; i < mib * (MIB / CHUNK); i++)
        if (write(fd, chunk, CHUNK) != CHUNK)
            fail(path);
    close(fd);
}

static void write_memory(unsigned mib, unsigned rounds)
{
    volatile char *memory = map((size_t)mib * MIB, MAP_PRIVATE, -1);
    while (rounds--)
        for (size_t i = 0; i < (size_t)mib * MIB; i += PAGE)
            memory[i]++;
    munmap((void *)memory, (size_t)mib * MIB);
}

static void in_child(void (*load)(char **), char **arguments)
{
    if (fork() == 0) {
        load(arguments);
        _exit(0);
    }
}

static void clean(char **a) { read_whole(a[0]); }
static void dirty(char **a) { write_whole(a[0], (unsigned)atoi(a[1])); }
static void anon(char **a) { write_memory((unsigned)atoi(a[0]), (unsigned)atoi(a[1])); }

static void mixed(char **a)
{
    char *write_arguments[] = {a[2], a[1]}, *memory_arguments[] = {a[1], "2"};
    in_child(clean, a);
    in_child(dirty, write_arguments);
    in_child(anon, memory_arguments);
    while (wait(NULL) > 0)
        ;
}

/* ---- the hot set ---- */

struct hot_set {
    volatile char *memory; /* NULL: of the file, by read() */
    size_t bytes;
    int fd; /* -1: anonymous */
};

static size_t memory_bytes(void)
{
    char line[128];
    size_t kib = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "MemTotal: %zu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return (kib * 1024 + MIB - 1) / MIB * MIB;
}

static void *map_file(int fd, size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        fail("mmap");
    return at;
}

static struct hot_set make_hot_set(const char *kind, const char *path)
{
    struct hot_set set = {.bytes = memory_bytes() / 4, .fd = -1};
    if (strcmp(kind, "anon"))
        set.fd = open_file(path, O_RDONLY);
    if (!strcmp(kind, "mapped"))
        set.memory = map_file(set.fd, set.bytes);
    else if (set.fd < 0)
        set.memory = map(set.bytes, MAP_PRIVATE, -1);
    for (size_t i = 0; set.fd < 0 && i < set.bytes; i += PAGE)
        set.memory[i] = 1;
    return set;
}

static void use(const struct hot_set *set)
{
    for (size_t i = 0; set->memory && i < set->bytes; i += PAGE)
        (void)set->memory[i];
    for (size_t i = 0; !set->memory && i < set->bytes; i += CHUNK)
        if (pread(set->fd, chunk, CHUNK, (off_t)i) < 0)
            fail("pread");
}

/* A file that is read is mapped for this look only: reclaim treats files that somebody maps better. */
static size_t resident(const struct hot_set *set)
{
    static unsigned char pages[64 * MIB / PAGE];
    void *memory = set->memory ? (void *)set->memory : map_file(set->fd, set->bytes);
    size_t count = 0;
    if (set->bytes / PAGE > sizeof(pages) || mincore(memory, set->bytes, pages) < 0)
        fail("mincore");
    for (size_t i = 0; i < set->bytes / PAGE; i++)
        count += pages[i] & 1;
    if (!set->memory)
        munmap(memory, set->bytes);
    return count;
}

/* The set is used once for each sixteenth of memory that is streamed, and looked at before each use. */
static void hot(char **a)
{
    struct hot_set set = make_hot_set(a[0], a[2]);
    size_t step = set.bytes / 4, streamed = 0, worst = set.bytes / PAGE, sum = 0, samples = 0;
    int fd = open_file(a[1], O_RDONLY);
    for (int i = 0; i < 3; i++)
        use(&set);
    for (ssize_t n; (n = read(fd, chunk, CHUNK)) > 0;) {
        streamed += (size_t)n;
        if (streamed % step)
            continue;
        size_t count = resident(&set);
        worst = count < worst ? count : worst;
        sum += count;
        samples++;
        use(&set);
    }
    printf("streamed-mib %zu\nhot-pages %zu\nworst-per-mille %zu\nmean-per-mille %zu\n", streamed / MIB,
           set.bytes / PAGE, worst * 1000 / (set.bytes / PAGE),
           sum * 1000 / (samples ? samples : 1) / (set.bytes / PAGE));
}

/* ---- mappers ---- */

static unsigned frame_of(const volatile void *at)
{
    uint64_t entry = 0;
    int fd = open_file("/proc/self/pagemap", O_RDONLY);
    if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)at / PAGE * sizeof(entry))) != sizeof(entry))
        fail("pagemap");
    close(fd);
    return (unsigned)entry;
}

static void touch(const volatile char *memory)
{
    for (unsigned i = 0; i < GROUP_PAGES; i++)
        (void)memory[i * PAGE];
}

/* A process and its children, `count` in all, which map the same pages of memory and of a file. */
static void run_group(int number, int count, int fd, int ready)
{
    volatile char *memory = map(GROUP_PAGES * PAGE, MAP_PRIVATE, -1);
    volatile char *file = mmap(NULL, GROUP_PAGES * PAGE, PROT_READ, MAP_SHARED, fd, number * GROUP_PAGES * PAGE);
    if (file == MAP_FAILED)
        fail("mmap");
    for (unsigned i = 0; i < GROUP_PAGES; i++)
        memory[i * PAGE] = 1;
    touch(file);
    for (unsigned i = 0; i < GROUP_PAGES; i++)
        printf("page %d anon %u\npage %d file %u\n", count, frame_of(memory + i * PAGE), count,
               frame_of(file + i * PAGE));
    fflush(stdout);
    for (int i = 1; i < count; i++)
        if (fork() == 0)
            break;
    touch(memory);
    touch(file);
    if (write(ready, "", 1) != 1)
        fail("write");
    for (;;)
        pause();
}

static void mappers(char **a)
{
    int fd = open_file(a[0], O_RDONLY), ready[2];
    set("/proc/sys/vm/swappiness", "100");
    setpgid(0, 0);
    signal(SIGTERM, SIG_IGN);
    if (pipe(ready) < 0)
        fail("pipe");
    for (int i = 0; i < GROUPS; i++) {
        char bytes[1];
        if (fork() == 0) {
            signal(SIGTERM, SIG_DFL);
            run_group(i, 1 << i, fd, ready[1]);
        }
        for (int k = 0; k < 1 << i; k++)
            if (read(ready[0], bytes, 1) != 1)
                fail("read");
    }
    printf("processes-ready 1\n");
    fflush(stdout);
    for (int i = 0; i < 2; i++)
        read_whole(a[1]);
    kill(0, SIGTERM);
}

/* ---- faults ---- */

/* Each page once, far from the last. */
static void scatter(volatile char *memory, size_t pages, bool write)
{
    for (size_t i = 0, page = 0; i < pages; i++, page = (page + 1009) % pages) {
        if (write)
            memory[page * PAGE] = 1;
        else
            (void)memory[page * PAGE];
    }
}

static void faults(char **a)
{
    struct stat st;
    int fd = open_file(a[0], O_RDONLY);
    size_t pages = (size_t)atoi(a[1]) * (MIB / PAGE);
    if (fstat(fd, &st) < 0)
        fail("fstat");
    volatile char *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    volatile char *memory = map(pages * PAGE, MAP_PRIVATE, -1);
    if (file == MAP_FAILED)
        fail("mmap");
    scatter(memory, pages, false);
    scatter(memory, pages, true);
    for (int round = 0; round < 2; round++) {
        scatter(file, (size_t)st.st_size / PAGE, false);
        scatter(memory, pages, false);
    }
    if (fork() == 0) {
        scatter(memory, pages, true);
        _exit(0);
    }
    wait(NULL);
}

static const struct {
    const char *name;
    void (*run)(char **arguments);
    int arguments;
} loads[] = {
    {"clean", clean, 1}, {"dirty", dirty, 2},     {"anon", anon, 2},     {"mixed", mixed, 3},
    {"hot", hot, 3},     {"mappers", mappers, 2}, {"faults", faults, 2},
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc > 1 && i < sizeof(loads) / sizeof(loads[0]); i++) {
        if (strcmp(argv[1], loads[i].name) || argc - 2 != loads[i].arguments)
            continue;
        begin();
        loads[i].run(argv + 2);
        end();
        return 0;
    }
    fprintf(stderr, "usage: pressure LOAD [ARGUMENTS]\n");
    return 2;
}
