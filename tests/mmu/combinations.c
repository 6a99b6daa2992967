/*
 * mmu/ against the oracle, in TAP. Without argument the normal run; with --long the whole product.
 */
#include "combinations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RANDOM_CASES 1000000u
#define RANDOM_CASES_LONG 20000000u

static struct judge judge;

struct tally {
    unsigned tests;
    uint64_t cases, failures;
};

static void report(struct tally *tally, const char *mode, const char *part) {
    tally->tests++;
    tally->cases += judge.cases;
    tally->failures += judge.failures;
    printf("%s %u - %s, %s: %" PRIu64 " combinations, %" PRIu64 " failures\n", judge.failures ? "not ok" : "ok",
           tally->tests, mode, part, judge.cases, judge.failures);
    fflush(stdout);
}

static void run_mode(struct tally *tally, enum paging paging, bool complete) {
    static const char *const names[] = {"32-bit paging", "PAE paging", "4-level paging", "5-level paging"};
    run_product(&judge, paging, complete);
    report(tally, names[paging], "product of flags");
    run_bit_sweep(&judge, paging);
    report(tally, names[paging], "every bit and pair of bits");
    run_random(&judge, paging, complete ? RANDOM_CASES_LONG : RANDOM_CASES);
    report(tally, names[paging], "random tables");
}

int main(int argc, char **argv) {
    bool complete = argc > 1 && strcmp(argv[1], "--long") == 0;
    if (argc > 2 || (argc == 2 && !complete)) {
        fprintf(stderr, "%s: unknown argument '%s'; the only one is --long\n", argv[0], argv[argc - 1]);
        return 2;
    }
    struct tally tally = {0};
    printf("TAP version 13\n1..13\n");
    run_unpaged(&judge);
    report(&tally, "no paging", "all states");
    for (enum paging paging = PAGING_32BIT; paging <= PAGING_5LEVEL; paging++)
        run_mode(&tally, paging, complete);
    printf("# mmu oracle: %" PRIu64 " combinations\n", tally.cases);
    fprintf(stderr, "mmu oracle: %" PRIu64 " combinations\n", tally.cases);
    return tally.failures != 0;
}
