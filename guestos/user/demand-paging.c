/* Demo: memory that is promised, read, written, and given back. Runs on the host as well. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096
#define PAGES 16

int main(void)
{
    volatile char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    printf("%d pages promised\n", PAGES);
    int sum = memory[0];         /* a read: the page of zeros */
    memory[0] = 1;               /* a write there: a frame of its own */
    memory[5 * PAGE] = 2;        /* a write without a read before */
    for (int i = 6; i < PAGES; i++)
        memory[i * PAGE] = 3;    /* one fault a page */
    printf("written; the sum of what was read is %d\n", sum);
    madvise((void *)memory, PAGES * PAGE, MADV_DONTNEED);
    printf("given back: the first byte is %d again\n", memory[0]);
    return 0;
}
