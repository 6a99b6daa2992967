/*
 * Thousands of random memory calls on a window of 64 pages: results and errors of each, the contents of pages, signals
 * with their codes, forks that write, and the map of the window. Neighbouring lines of the map that say the same are
 * joined, and nothing spans two regions that only may have been joined: how far kernels join differs between releases.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE 0x20000000ul
#define PAGES 64u
#define PAGE 4096ul
#define FILE_PAGES 8

static const int rights[] = {PROT_NONE,
                             PROT_READ,
                             PROT_READ | PROT_WRITE,
                             PROT_READ | PROT_WRITE,
                             PROT_READ | PROT_WRITE,
                             PROT_WRITE,
                             PROT_READ | PROT_EXEC,
                             PROT_READ | PROT_WRITE | PROT_EXEC};
static const int advices[] = {MADV_NORMAL,   MADV_RANDOM,   MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
                              MADV_DONTNEED, MADV_DONTNEED, MADV_DONTFORK,   MADV_DOFORK,   77};
static const int syncs[] = {MS_ASYNC, MS_SYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE, MS_ASYNC | MS_SYNC, 8};
static int file, file_for_reading;
static sigjmp_buf after_signal;
static volatile int last_signal, last_code;
static volatile uintptr_t last_address;

static uint32_t state;
static unsigned random_number(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    last_signal = number;
    last_code = info->si_code;
    last_address = (uintptr_t)info->si_addr;
    siglongjmp(after_signal, 1);
}

/* The byte, or minus the signal and its code. */
static long touch(uintptr_t address, int write, int value)
{
    volatile unsigned char *byte = (volatile unsigned char *)address;

    if (sigsetjmp(after_signal, 1))
        return last_address == address ? -last_signal * 100 - last_code : -1;
    if (write)
        *byte = (unsigned char)value;
    return write ? 1 : *byte;
}

static long fork_and_touch(void)
{
    int status;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        long sum = 0;
        for (int i = 0; i < 8; i++) {
            uintptr_t address = BASE + random_number() % PAGES * PAGE;
            sum = sum * 31 + touch(address, 0, 0);
            sum = sum * 31 + touch(address, 1, (int)(random_number() & 255));
        }
        _exit((int)(sum & 127));
    }
    waitpid(child, &status, 0);
    return status;
}

struct line {
    unsigned long start, end, offset, inode;
    char rights[5];
};

static void print_line(const struct line *line)
{
    if (line->end)
        printf("  %lx-%lx %s %lx\n", line->start, line->end, line->rights, line->inode ? line->offset : 0);
}

static void print_window(void)
{
    struct line line, last = {0};
    char text[512];
    FILE *maps = fopen("/proc/self/maps", "r");

    while (fgets(text, sizeof(text), maps)) {
        sscanf(text, "%lx-%lx %4s %lx %*s %lu", &line.start, &line.end, line.rights, &line.offset, &line.inode);
        if (line.start < BASE || line.end > BASE + 2 * PAGES * PAGE)
            continue;
        if (last.end == line.start && !strcmp(last.rights, line.rights) && last.inode == line.inode &&
            (!line.inode || line.offset == last.offset + (last.end - last.start))) {
            last.end = line.end;
            continue;
        }
        print_line(&last);
        last = line;
    }
    print_line(&last);
    fclose(maps);
}

static long map(void *at, size_t bytes, int right, unsigned kind)
{
    int from = kind == 4 && random_number() % 3 == 0 ? file_for_reading : file;
    off_t offset = kind >= 3 ? (off_t)(random_number() % 6 * PAGE) : 0;

    switch (kind) {
    case 2: return (long)mmap(at, bytes, right, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    case 3: return (long)mmap(at, bytes, right, MAP_PRIVATE | MAP_FIXED, from, offset);
    case 4: return (long)mmap(at, bytes, right, MAP_SHARED | MAP_FIXED, from, offset);
    case 5: return (long)mmap(at, bytes, right, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    default: return (long)mmap(at, bytes, right, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
}

/* A place for a moved page; never where it is, for which releases refuse what first. */
static void *target_for(uintptr_t at)
{
    uintptr_t target = BASE + random_number() % PAGES * PAGE;

    return (void *)(target < at + 4 * PAGE && at < target + 4 * PAGE ? BASE + PAGES * PAGE : target);
}

static long step(unsigned what, uintptr_t at, size_t bytes)
{
    int right = rights[random_number() % 8];
    void *start = (void *)at, *target = target_for(at);
    unsigned char vector[16];

    switch (what) {
    case 0: case 1: case 2: case 3: case 4: case 5: return map(start, bytes, right, what);
    case 6: return munmap(start, bytes);
    case 7: case 8: case 9: return mprotect(start, bytes, right);
    case 10: return (long)mremap(start, PAGE, (1 + random_number() % 4) * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    case 11: return (long)mremap(start, PAGE, random_number() % 2 * PAGE, 0);
    case 12: return madvise(start, bytes, advices[random_number() % 10]);
    case 13: return msync(start, bytes, syncs[random_number() % 6]);
    case 14: return mincore(start, bytes, vector);
    case 15: return mlock(start, bytes);
    case 16: return munlock(start, bytes);
    case 17: return fork_and_touch();
    case 18: case 19: case 20: return touch(at, 1, (int)(random_number() & 255));
    default: return touch(at + (random_number() % 3 ? 0 : 7), 0, 0);
    }
}

static void random_step(int n)
{
    unsigned first = random_number() % PAGES, count = 1 + random_number() % 10, what = random_number() % 24;
    uintptr_t at;
    size_t bytes;
    long result;

    if (first + count > PAGES)
        count = PAGES - first;
    at = BASE + first * PAGE + (random_number() % 40 ? 0 : random_number() % 3);
    bytes = count * PAGE - (random_number() % 10 ? 0 : random_number() % PAGE);
    errno = 0;
    result = step(what, at, bytes);
    printf("%d: %u %lx %zx: %lx %s\n", n, what, (unsigned long)at, bytes, result, result == -1 ? strerror(errno) : "");
    if (n % 50 == 0)
        print_window();
}

static void make_file(void)
{
    char path[] = "/tmp/randommapsXXXXXX", bytes[FILE_PAGES * PAGE];

    file = mkstemp(path);
    file_for_reading = open(path, O_RDONLY);
    unlink(path);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i / PAGE * 3 + i);
    if (write(file, bytes, sizeof(bytes) - PAGE + 100) < 0)
        perror("write");
}

static void print_sums(void)
{
    unsigned long memory = 0, contents = 0;
    char byte;

    for (unsigned n = 0; n < PAGES; n++)
        memory = memory * 31 + (unsigned long)touch(BASE + n * PAGE, 0, 0);
    lseek(file, 0, SEEK_SET);
    while (read(file, &byte, 1) == 1)
        contents = contents * 31 + (unsigned char)byte;
    printf("memory %lx file %lx\n", memory, contents);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    for (uint32_t seed = 1; seed <= 4; seed++) {
        state = seed * 2654435761u + 1;
        make_file();
        for (int n = 0; n < 1000; n++)
            random_step(n);
        print_sums();
        munmap((void *)BASE, 2 * PAGES * PAGE);
        close(file);
        close(file_for_reading);
    }
    return 0;
}
