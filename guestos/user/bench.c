/* The guest's side of tools/bench: phases between a line `bench NAME begin` and a line `bench NAME end OPERATIONS`. The
 * clock is the reader's. Arguments NAME=COUNT change how many operations a phase does; 0 leaves it out. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, FAULT_PAGES = 2048, WALK_PAGES = 4096 };

static volatile char *map_pages(unsigned count)
{
    void *memory = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED)
        return memory;
    printf("bench: no memory for %u pages\n", count);
    exit(1);
}

static void faults(unsigned count)
{
    for (unsigned pages; count; count -= pages) {
        pages = count < FAULT_PAGES ? count : FAULT_PAGES;
        volatile char *memory = map_pages(pages);
        for (unsigned i = 0; i < pages; i++)
            memory[i * PAGE] = 1;
        munmap((void *)memory, (size_t)pages * PAGE);
    }
}

static void system_calls(unsigned count)
{
    while (count--) {
        long result = 20; /* getpid */
        __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    }
}

static volatile char *walk_memory;
/* Emulated TLBs grow with use: a switch to another address space and back before each round empties them. */
static void walks(unsigned count)
{
    pid_t other = fork();
    while (other == 0)
        sched_yield();
    for (unsigned i = 0; i < count; i++) {
        if (i % WALK_PAGES == 0)
            sched_yield();
        (void)walk_memory[i % WALK_PAGES * PAGE];
    }
    kill(other, SIGKILL);
}

static void loads_and_stores(unsigned count)
{
    static volatile unsigned words[1024];
    for (unsigned i = 0; i < count; i++)
        words[i & 1023] = words[(i + 512) & 1023] + i;
}

static void registers(unsigned count)
{
    unsigned a = 1, b = 2;
    for (unsigned i = 0; i < count; i++) {
        a = a * 5 + b, b = (b >> 3) ^ a;
        __asm__ volatile("" : "+r"(a), "+r"(b));
    }
}

static struct phase {
    const char *name;
    void (*run)(unsigned count);
    unsigned count;
} phases[] = {
    {"fault", faults, 100000},          {"syscall", system_calls, 500000},
    {"walk", walks, 4000000},           {"memory", loads_and_stores, 40000000},
    {"register", registers, 100000000},
};

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        struct phase *phase = &phases[i];
        size_t length = strlen(phase->name);
        for (int k = 1; k < argc; k++)
            if (strncmp(argv[k], phase->name, length) == 0 && argv[k][length] == '=')
                phase->count = (unsigned)strtoul(argv[k] + length + 1, NULL, 10);
        if (!phase->count)
            continue;
        if (phase->run == walks)
            memset((void *)(walk_memory = map_pages(WALK_PAGES)), 1, WALK_PAGES * PAGE);
        printf("bench %s begin\n", phase->name);
        phase->run(phase->count);
        printf("bench %s end %u\n", phase->name, phase->count);
    }
    return 0;
}
