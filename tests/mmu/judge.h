/*
 * One case of the oracle test: a CPU state, an access, page tables in a small RAM; mmu/ is asked and judged.
 *
 * What it keeps true: judge_case() leaves the RAM as it found it; peek must agree with translate and change
 * nothing; a record must tell the same as the memory; a failure is printed by flag names.
 */
#ifndef FAULTLINE_TESTS_MMU_JUDGE_H
#define FAULTLINE_TESTS_MMU_JUDGE_H

#include "mmu/mmu.h"
#include "oracle.h"

#define JUDGE_RAM_PAGES 8u
#define JUDGE_RAM_SIZE (JUDGE_RAM_PAGES * 4096u)

/* The 8 accesses that exist: reads and writes by user, supervisor and the CPU itself, fetches by the first two. */
#define JUDGE_ACCESSES 8u

struct judge {
    _Alignas(8) uint8_t ram[JUDGE_RAM_SIZE];
    uint8_t pristine[JUDGE_RAM_SIZE];
    uint64_t base;
    struct mmu_region region;
    struct mmu_memory memory;
    struct oracle_ram oracle_ram;
    uint64_t cases, failures;
};

/* A CPU state in both languages. */
struct judge_state {
    struct oracle_cpu cpu;
    struct mmu_context context;
};

void judge_init(struct judge *judge, uint64_t base);

/* Puts an entry of 4 or 8 bytes at a physical address inside the RAM. */
void judge_put(struct judge *judge, uint64_t at, uint64_t value, unsigned bytes);

/* Makes the context of a CPU state whose struct oracle_cpu is filled in. */
void judge_prepare(struct judge *judge, struct judge_state *state);

struct oracle_access judge_access(unsigned number, uint64_t linear);

/* Runs one case; recorded: also by mmu_translate_recorded(). Counts it, and prints and counts a failure. */
void judge_case(struct judge *judge, const struct judge_state *state, struct oracle_access access, bool recorded);

/* True when the whole RAM still holds what the pristine copy does; otherwise a failure is counted. Call
 * judge_snapshot() before. */
void judge_snapshot(struct judge *judge);
bool judge_unchanged(struct judge *judge);

#endif
