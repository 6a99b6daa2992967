/* Runs the fuzz target on pseudo-random scripts, the same ones every time: fuzz_devices COUNT. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SCRIPT_BYTES 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
    static uint8_t script[SCRIPT_BYTES];
    unsigned long count = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    uint64_t state = 0x9E3779B97F4A7C15ull;
    if (count == 0) {
        fprintf(stderr, "usage: %s COUNT\n", argv[0]);
        return 2;
    }
    for (unsigned long i = 0; i < count; i++) {
        for (unsigned k = 0; k < SCRIPT_BYTES; k++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull; /* Knuth's MMIX generator */
            script[k] = (uint8_t)(state >> 56);
        }
        LLVMFuzzerTestOneInput(script, (size_t)(state >> 33) % SCRIPT_BYTES);
    }
    printf("%lu scripts\n", count);
    return 0;
}
