/* malloc, calloc, realloc and free in many sizes; every byte is checked. */
#include "show.h"

#define SLOTS 64

static uint32_t state = 12345;
static uint32_t next(void) { return state = state * 1103515245u + 12345u; }

static unsigned char *slots[SLOTS];
static size_t sizes[SLOTS];
static unsigned char marks[SLOTS];

static void verify(int i)
{
    for (size_t k = 0; k < sizes[i]; k++)
        if (slots[i][k] != (unsigned char)(marks[i] + k)) {
            printf("slot %d byte %zu is wrong\n", i, k);
            exit(1);
        }
}

static void fill(int i)
{
    marks[i] = (unsigned char)next();
    for (size_t k = 0; k < sizes[i]; k++)
        slots[i][k] = (unsigned char)(marks[i] + k);
}

int main(void)
{
    uint32_t sum = 0;
    for (int round = 0; round < 4000; round++) {
        int i = (int)(next() >> 8) % SLOTS;
        verify(i);
        sum = sum * 31 + (slots[i] ? checksum(slots[i], sizes[i]) : 0);
        size_t size = (next() >> 8) % (round % 50 == 0 ? 300000 : 2000) + 1;
        if (round % 3 == 0 && slots[i]) {
            size_t keep = size < sizes[i] ? size : sizes[i];
            slots[i] = realloc(slots[i], size);
            sizes[i] = keep;
            verify(i);
        } else {
            free(slots[i]);
            slots[i] = malloc(size);
        }
        sizes[i] = size;
        fill(i);
    }
    printf("checksum %08x\n", sum);
    for (int i = 0; i < SLOTS; i++) {
        verify(i);
        free(slots[i]);
    }
    unsigned char *zero = calloc(1000, 1000);
    size_t nonzero = 0;
    for (size_t k = 0; k < 1000000; k++)
        nonzero += zero[k] != 0;
    printf("calloc of 1000000 bytes, not zero: %zu\n", nonzero);
    free(zero);
    show_bool("malloc of 3.9 GB refused", malloc((size_t)strtoul("4026531840", NULL, 10)) == NULL);
    return 0;
}
