/* Demo: half of memory is free, and no two free frames are neighbours. Runs on the host, where nobody can see it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096ul

static char *map(size_t bytes)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        exit(1);
    return memory;
}

int main(int argc, char **argv)
{
    size_t pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 8) * 256 / 2; /* argument: MiB in all */
    char *keep = map(pages * PAGE), *give = map(pages * PAGE);
    for (size_t i = 0; i < pages; i++) {
        keep[i * PAGE] = 1;
        give[i * PAGE] = 1; /* the frame after keep's */
    }
    printf("%zu MiB written, page by page in turns\n", (size_t)(2 * pages * PAGE >> 20));
    munmap(give, pages * PAGE);
    printf("every other page given back\n");
    munmap(keep, pages * PAGE);
    printf("the others too\n");
    return 0;
}
