/*
 * Where mmap and mremap put things when the program leaves the choice to the kernel: thousands of random calls, each
 * address printed relative to the first mapping's. Depends on the search, on merging, on hints and on what is free.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 64
#define PAGE 4096ul

static struct {
    char *start;
    size_t bytes;
} slots[SLOTS];
static char *first;
static char output[1 << 20];

static unsigned random_number(void)
{
    static uint32_t state = 20260611;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static long relative(const void *address) { return address == MAP_FAILED ? -errno : (const char *)address - first; }

static void map(int i, char *hint)
{
    int rights = random_number() % 3 ? PROT_READ | PROT_WRITE : PROT_READ;
    int sharing = !hint && random_number() % 4 == 0 ? MAP_SHARED : MAP_PRIVATE;

    slots[i].bytes = (1 + random_number() % 60) * PAGE;
    slots[i].start = mmap(hint, slots[i].bytes, rights, sharing | MAP_ANONYMOUS, -1, 0);
    printf("map %zx at %lx\n", slots[i].bytes, relative(slots[i].start));
}

static void unmap(int i)
{
    printf("unmap %d\n", munmap(slots[i].start, slots[i].bytes));
    slots[i].start = NULL;
}

static void remap(int i)
{
    size_t bytes = (1 + random_number() % 40) * PAGE;
    char *moved = mremap(slots[i].start, slots[i].bytes, bytes, MREMAP_MAYMOVE);

    printf("remap to %zx at %lx\n", bytes, relative(moved));
    if (moved != MAP_FAILED) {
        slots[i].start = moved;
        slots[i].bytes = bytes;
    }
}

static void move_break(char *lowest)
{
    long step = (long)(random_number() % 50000) - 15000;
    char *now = sbrk(0);

    if (now + step < lowest)
        step = lowest - now;
    now = sbrk(step);
    if (step > 0)
        memset(now, 7, (size_t)step);
    printf("break %lx\n", (long)((char *)sbrk(0) - lowest));
}

static void step(char *lowest)
{
    int i = (int)(random_number() % SLOTS), j = (int)(random_number() % SLOTS);
    unsigned what = random_number() % 12;

    if (what == 10)
        move_break(lowest);
    else if (!slots[i].start)
        map(i, NULL);
    else if (what < 5)
        unmap(i);
    else if (what < 8)
        remap(i);
    else if (what < 9 && !slots[j].start)
        map(j, slots[i].start + (random_number() % 5) * PAGE - 2 * PAGE);
    else
        printf("rights %d\n", mprotect(slots[i].start, PAGE, random_number() % 2 ? PROT_READ : PROT_READ | PROT_WRITE));
}

int main(void)
{
    char *lowest;

    setvbuf(stdout, output, _IOFBF, sizeof(output));
    first = mmap(NULL, PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* nothing below can grow past it */
    lowest = sbrk(0);
    for (int n = 0; n < 3000; n++)
        step(lowest);
    return 0;
}
