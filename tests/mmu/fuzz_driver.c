/*
 * Runs fuzz_walk.c without libFuzzer: a fixed number of pseudo-random inputs from a fixed seed, or the files named
 * on the command line (to repeat a finding). TAP. It fails when the inputs did not reach every rule.
 */
#include "fuzz.h"

#include "mmu/mmu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INPUTS 20000u
#define INPUT_SIZE 4096u

/* splitmix64 */
static uint64_t next(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

/* Every other input is dense: its words are mostly present, writable, user entries, few of them with PS. */
static size_t make_input(uint64_t *random, uint8_t *data) {
    size_t size = 72 + next(random) % (INPUT_SIZE - 72);
    bool dense = next(random) & 1;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = next(random);
        if (dense)
            word = (word | 7) & ~(next(random) & 0x80);
        memcpy(data + i, &word, size - i < 8 ? size - i : 8);
    }
    return size;
}

static void run_random(void) {
    static uint8_t data[INPUT_SIZE];
    uint64_t random = 0x5EED;
    for (unsigned i = 0; i < INPUTS; i++) {
        size_t size = make_input(&random, data);
        LLVMFuzzerTestOneInput(data, size);
    }
}

static bool run_file(const char *path) {
    static uint8_t data[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    return true;
}

static bool report_outcomes(void) {
    bool all = true;
    for (unsigned rule = MMU_RULE_NONE; rule <= MMU_RULE_NON_CANONICAL; rule++) {
        uint64_t times = fuzz_outcomes()[rule];
        printf("# outcome '%s': %" PRIu64 "\n", mmu_rule_name((enum mmu_rule)rule), times);
        all = all && times > 0;
    }
    return all;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!run_file(argv[i])) {
            fprintf(stderr, "%s: cannot read '%s'; give files that hold fuzz inputs\n", argv[0], argv[i]);
            return 2;
        }
    }
    if (argc > 1)
        return 0;
    printf("TAP version 13\n1..2\n");
    run_random();
    printf("ok 1 - %u inputs, no crash and no broken promise\n", INPUTS);
    bool reached = report_outcomes();
    printf("%s 2 - the inputs reach every rule\n", reached ? "ok" : "not ok");
    return reached ? 0 : 1;
}
