/*
 * Demo: some pages are used again and again while a stream of others is used once: second-chance HOT_KIB STREAM_MIB
 * ROUNDS. Runs on the host.
 */
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
    size_t hot_pages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 512) / 4;
    size_t pages = (argc > 2 ? strtoul(argv[2], NULL, 10) : 16) * 256;
    char *hot = map(hot_pages * PAGE), *stream = map(pages * PAGE);
    for (size_t i = 0; i < hot_pages; i++)
        hot[i * PAGE] = 'h';
    printf("%zu hot pages\n", hot_pages);
    size_t lost = 0;
    for (size_t i = 0; i < pages; i++) {
        stream[i * PAGE] = 's'; /* once */
        if (i % 16 == 0)
            for (size_t k = 0; k < hot_pages; k++)
                lost += hot[k * PAGE] != 'h'; /* again and again */
    }
    printf("%zu pages of the stream are written; %zu hot pages were lost\n", pages, lost);
    return lost != 0;
}
