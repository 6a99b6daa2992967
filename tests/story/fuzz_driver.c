/*
 * Runs a fuzz target on a bounded number of pseudo-random inputs: fuzz_X COUNT [SEED-FILE]. With a file, each input is
 * that file with some bytes changed, a run overwritten or its end cut off; without, plain random bytes. Same inputs
 * each run.
 */
#include "tests/story/fuzz.h"
#include "tests/story/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_BYTES 4096

static uint8_t changed_byte(uint8_t old, uint64_t *state) {
    static const uint8_t extremes[] = {0x00, 0xff, 0x7f, 0x80, 0x01};
    uint64_t kind = toy_random(state) % 3;
    if (kind == 0)
        return (uint8_t)toy_random(state);
    if (kind == 1)
        return extremes[toy_random(state) % sizeof extremes];
    return (uint8_t)(old ^ (1u << toy_random(state) % 8));
}

static size_t mutate(uint8_t *bytes, size_t size, uint64_t *state) {
    uint64_t changes = 1 + toy_random(state) % 24;
    /* Half of all changes go to the last third, where linkers put debug data, symbols and section headers. */
    for (uint64_t i = 0; i < changes; i++) {
        size_t from = toy_random(state) % 2 ? size - size / 3 : 0;
        size_t at = from + toy_random(state) % (size - from);
        bytes[at] = changed_byte(bytes[at], state);
    }
    if (toy_random(state) % 16 == 0) /* the headers too */
        bytes[toy_random(state) % 64] = (uint8_t)toy_random(state);
    return toy_random(state) % 32 == 0 ? toy_random(state) % size : size;
}

static size_t fill(uint8_t *bytes, size_t size, uint64_t *state) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(toy_random(state) >> 32);
    return toy_random(state) % size;
}

int main(int argc, char **argv) {
    uint64_t state = 0x9e3779b97f4a7c15ull;
    size_t size = PLAIN_BYTES;
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    uint8_t *seed = argc > 2 ? toy_read_file(argv[2], &size) : NULL;
    uint8_t *bytes = malloc(size);
    if (count == 0 || !bytes) {
        fprintf(stderr, "usage: %s COUNT [SEED-FILE]\n", argv[0]);
        return 2;
    }
    for (unsigned long i = 0; i < count; i++) {
        if (seed)
            memcpy(bytes, seed, size);
        size_t length = seed ? mutate(bytes, size, &state) : fill(bytes, size, &state);
        LLVMFuzzerTestOneInput(bytes, length);
    }
    printf("%lu inputs\n", count);
    free(bytes);
    free(seed);
    return 0;
}
