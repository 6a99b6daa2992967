/* Demo: takes memory, writes to every page, and reads it all back so many times: hog MIB [ROUNDS]. Runs on the host. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096ul

static unsigned pattern(size_t page) { return (unsigned)page * 2654435761u + 1; }

int main(int argc, char **argv)
{
    size_t pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 8) * 256, wrong = 0;
    int rounds = argc > 2 ? atoi(argv[2]) : 1;
    char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < pages; i++)
        *(unsigned *)(memory + i * PAGE) = pattern(i);
    printf("%zu MiB written\n", (size_t)(pages * PAGE >> 20));
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < pages; i++)
            wrong += *(unsigned *)(memory + i * PAGE) != pattern(i);
    printf("read back %d times: %zu pages are wrong\n", rounds, wrong);
    return wrong != 0;
}
