/*
 * Uses more memory than the machine has, and finds every byte again: written and read, shared with a child by fork and
 * by a shared mapping, and after swapoff. Prints the same wherever it runs with a swap area on /dev/vda.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB 0x100000u
#define PAGE 4096u
#define DISK "/dev/vda"

static uint32_t mix(uint32_t index, uint32_t seed)
{
    uint32_t x = index * 2654435761u ^ seed * 40503u;
    return x ^ x >> 15;
}

static void fill(uint32_t *at, size_t bytes, uint32_t seed)
{
    for (size_t i = 0; i < bytes / 4; i++)
        at[i] = mix((uint32_t)i, seed);
}

static size_t wrong_words(const uint32_t *at, size_t bytes, uint32_t seed)
{
    size_t wrong = 0;
    for (size_t i = 0; i < bytes / 4; i++)
        wrong += at[i] != mix((uint32_t)i, seed);
    return wrong;
}

static uint32_t *map(size_t bytes, int flags)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        printf("mmap of %zu bytes: %s\n", bytes, strerror(errno));
        exit(1);
    }
    return at;
}

/* The number behind `name` in a file of lines; -1: no such line. */
static long number_in(const char *path, const char *name)
{
    char line[256];
    long value = -1;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (!strncmp(line, name, strlen(name)))
            value = strtol(line + strlen(name), NULL, 10);
    if (file)
        fclose(file);
    return value;
}

static void show_swaps(const char *when)
{
    char line[256], name[64], type[16];
    unsigned size, used;
    FILE *file = fopen("/proc/swaps", "r");
    printf("%s:\n", when);
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "%63s %15s %u %u", name, type, &size, &used) == 4)
            printf("  %s %s of %u KiB, %s\n", name, type, size, used ? "used" : "unused");
    if (file)
        fclose(file);
}

/* A child that verifies, changes every third page of its own copy and verifies again. */
static void fork_and_verify(uint32_t *private, size_t bytes, uint32_t *shared, size_t shared_bytes)
{
    int status;
    fflush(stdout);
    if (fork() == 0) {
        size_t wrong = wrong_words(private, bytes, 1) + wrong_words(shared, shared_bytes, 2);
        for (size_t page = 0; page < bytes / PAGE; page += 3)
            private[page * (PAGE / 4) + 7] = (uint32_t)page;
        for (size_t page = 0; page < bytes / PAGE; page += 3)
            wrong += private[page * (PAGE / 4) + 7] != page;
        fill(shared, shared_bytes, 3);
        printf("child: %zu wrong words\n", wrong);
        exit(0);
    }
    wait(&status);
    printf("child ended with %d\n", WEXITSTATUS(status));
    printf("after the child: %zu and %zu wrong words\n", wrong_words(private, bytes, 1), wrong_words(shared, shared_bytes, 3));
}

int main(void)
{
    const size_t bytes = 40 * MIB, shared_bytes = 3 * MIB, kept = 2 * MIB;
    if (number_in("/proc/swaps", DISK) < 0 && swapon(DISK, 0) < 0)
        printf("swapon: %s\n", strerror(errno));
    show_swaps("before");
    uint32_t *private = map(bytes, MAP_PRIVATE), *shared = map(shared_bytes, MAP_SHARED);
    fill(private, bytes, 1);
    fill(shared, shared_bytes, 2);
    printf("%zu and %zu wrong words\n", wrong_words(private, bytes, 1), wrong_words(shared, shared_bytes, 2));
    fork_and_verify(private, bytes, shared, shared_bytes);
    show_swaps("then");
    printf("out: %s, in: %s\n", number_in("/proc/vmstat", "pswpout") > 1000 ? "many pages" : "few pages",
           number_in("/proc/vmstat", "pswpin") > 1000 ? "many pages" : "few pages");
    munmap((char *)private + kept, bytes - kept);
    printf("swapoff: %s\n", swapoff(DISK) < 0 ? strerror(errno) : "done");
    show_swaps("after");
    printf("%zu and %zu wrong words\n", wrong_words(private, kept, 1), wrong_words(shared, shared_bytes, 3));
    return 0;
}
