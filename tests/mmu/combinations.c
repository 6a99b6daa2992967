/*
 * mmu/ against the oracle, in TAP. Without argument the normal run; with --long the whole product; with --short no
 * product for 4- and 5-level paging (for sanitizers: their code is reached by the rest as well).
 */
#include "combinations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RANDOM_CASES 1000000u
#define RANDOM_CASES_LONG 20000000u

static struct judge judge;

enum extent { EXTENT_SHORT, EXTENT_NORMAL, EXTENT_LONG };

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

static void run_mode(struct tally *tally, enum paging paging, enum extent extent) {
    static const char *const names[] = {"32-bit paging", "PAE paging", "4-level paging", "5-level paging"};
    if (extent != EXTENT_SHORT || paging <= PAGING_PAE) {
        run_product(&judge, paging, extent == EXTENT_LONG);
        report(tally, names[paging], "product of flags");
    }
    run_bit_sweep(&judge, paging);
    report(tally, names[paging], "every bit and pair of bits");
    run_random(&judge, paging, extent == EXTENT_LONG ? RANDOM_CASES_LONG : RANDOM_CASES);
    report(tally, names[paging], "random tables");
}

static bool parse_extent(int argc, char **argv, enum extent *extent) {
    *extent = EXTENT_NORMAL;
    if (argc == 2 && strcmp(argv[1], "--long") == 0)
        *extent = EXTENT_LONG;
    else if (argc == 2 && strcmp(argv[1], "--short") == 0)
        *extent = EXTENT_SHORT;
    else
        return argc == 1;
    return true;
}

int main(int argc, char **argv) {
    enum extent extent;
    if (!parse_extent(argc, argv, &extent)) {
        fprintf(stderr, "%s: unknown argument '%s'; give --long, --short or nothing\n", argv[0], argv[argc - 1]);
        return 2;
    }
    struct tally tally = {0};
    printf("TAP version 13\n1..%d\n", extent == EXTENT_SHORT ? 11 : 13);
    run_unpaged(&judge);
    report(&tally, "no paging", "all states");
    for (enum paging paging = PAGING_32BIT; paging <= PAGING_5LEVEL; paging++)
        run_mode(&tally, paging, extent);
    printf("# mmu oracle: %" PRIu64 " combinations\n", tally.cases);
    fprintf(stderr, "mmu oracle: %" PRIu64 " combinations\n", tally.cases);
    return tally.failures != 0;
}
