/*
 * What a TLB miss costs in mmu/: nanoseconds of CPU time for one mmu_translate(), without record.
 *
 * Each mode maps 1024 pages; accesses go to them in a pseudo-random order, so that entries come from the
 * host's first- and second-level caches as they do under a running guest. Every walk ends in a dirty, accessed
 * page: the steady state. Goals: 2 levels under 40 ns, 4 levels under 70 ns (the median of the rounds counts).
 */
#include "mmu/mmu.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TABLE_PAGES 16u
#define MAPPED_PAGES 1024u
#define WALKS 1000000u
#define ROUNDS 7u

static const uint64_t ram_base = 0x100000;

struct bench {
    const char *name;
    uint64_t cr4, efer;
    unsigned levels, index_bits, entry_bytes;
    double goal;
};

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void put(uint8_t *ram, uint64_t table, unsigned index, uint64_t value, unsigned bytes) {
    uint8_t *at = ram + table * MMU_PAGE_SIZE + (size_t)index * bytes;
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Upper levels first: tables 0, 1, ... of one entry each; then the page tables that hold 1024 PTEs. */
static void build_tables(const struct bench *bench, uint8_t *ram) {
    const uint64_t flags = MMU_PTE_P | MMU_PTE_W | MMU_PTE_U | MMU_PTE_A | MMU_PTE_D;
    unsigned upper = bench->levels - 2;
    for (unsigned table = 0; table < upper; table++)
        put(ram, table, 0, (ram_base + (table + 1ull) * MMU_PAGE_SIZE) | flags, bench->entry_bytes);
    unsigned per_table = 1u << bench->index_bits;
    for (unsigned page = 0; page < MAPPED_PAGES; page++) {
        uint64_t table = upper + 1 + page / per_table;
        put(ram, upper, page / per_table, (ram_base + table * MMU_PAGE_SIZE) | flags, bench->entry_bytes);
        put(ram, table, page % per_table, (0x400000ull + page * MMU_PAGE_SIZE) | flags, bench->entry_bytes);
    }
}

static double round_ns(const struct mmu_context *context, uint64_t *sum) {
    uint32_t random = 12345;
    double start = cpu_seconds();
    for (unsigned i = 0; i < WALKS; i++) {
        random = random * 1664525u + 1013904223u;
        uint64_t page = random >> 16 & (MAPPED_PAGES - 1);
        struct mmu_access access = {
            .linear = mmu_linear(page << MMU_PAGE_SHIFT), .kind = random >> 31 ? MMU_WRITE : MMU_READ, .user = true};
        *sum += mmu_translate(context, access).physical.value;
    }
    return (cpu_seconds() - start) * 1e9 / WALKS;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run(const struct bench *bench) {
    static uint8_t ram[TABLE_PAGES * MMU_PAGE_SIZE];
    for (size_t i = 0; i < sizeof ram; i++)
        ram[i] = 0;
    build_tables(bench, ram);
    const struct mmu_region region = {ram_base, ram_base + sizeof ram, ram, true};
    const struct mmu_memory memory = {&region, 1};
    const struct mmu_state state = {
        .cr0 = MMU_CR0_PE | MMU_CR0_PG | MMU_CR0_WP,
        .cr3 = ram_base,
        .cr4 = bench->cr4,
        .efer = bench->efer,
        .pdpte = {ram_base | MMU_PTE_P},
        .maxphyaddr = 40,
    };
    struct mmu_context context;
    mmu_context_init(&context, &memory, &state);
    double ns[ROUNDS];
    uint64_t sum = 0;
    for (unsigned round = 0; round < ROUNDS; round++)
        ns[round] = round_ns(&context, &sum);
    qsort(ns, ROUNDS, sizeof ns[0], by_value);
    printf("%-16s %6.1f ns/walk  (goal %.0f, best %.1f, checksum %llx)\n", bench->name, ns[ROUNDS / 2], bench->goal,
           ns[0], (unsigned long long)sum);
}

int main(void) {
    static const struct bench benches[] = {
        {"32-bit 2-level", MMU_CR4_PSE, 0, 2, 10, 4, 40},
        {"PAE", MMU_CR4_PAE, MMU_EFER_NXE, 2, 9, 8, 40},
        {"4-level", MMU_CR4_PAE, MMU_EFER_LME | MMU_EFER_LMA | MMU_EFER_NXE, 4, 9, 8, 70},
        {"5-level", MMU_CR4_PAE | MMU_CR4_LA57, MMU_EFER_LME | MMU_EFER_LMA | MMU_EFER_NXE, 5, 9, 8, 85},
    };
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++)
        run(&benches[i]);
    return 0;
}
