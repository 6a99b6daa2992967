/*
 * Page tables for tests by hand: a RAM of 16 pages at 0, one walk through pages 5, 4, 3, 2, 1 of it, named by level
 * (the table of level n is page n), page frame 8 mapped at linear 0 unless a test says otherwise.
 */
#ifndef FAULTLINE_TESTS_MMU_TABLES_H
#define FAULTLINE_TESTS_MMU_TABLES_H

#include "mmu/mmu.h"

#include <string.h>

#define TABLES_PAGES 16u
#define TABLE_AT(level) ((level)*4096ull)
#define OPEN (MMU_PTE_P | MMU_PTE_W | MMU_PTE_U)

struct tables {
    uint8_t ram[TABLES_PAGES * 4096];
    struct mmu_region region;
    struct mmu_memory memory;
    struct mmu_state state;
    unsigned entry_bytes;
};

static inline void put_entry(struct tables *t, uint64_t at, uint64_t value) {
    memcpy(t->ram + at, &value, t->entry_bytes);
}

static inline uint64_t get_entry(const struct tables *t, uint64_t at) {
    uint64_t value = 0;
    memcpy(&value, t->ram + at, t->entry_bytes);
    return value;
}

/* Sets the entry 0 of a level's table: flags ORed with where the next table or the page is. */
static inline void set_level(struct tables *t, unsigned level, uint64_t flags) {
    uint64_t next = level == 1 ? 8 * 4096ull : TABLE_AT(level - 1);
    put_entry(t, TABLE_AT(level), next | flags);
}

static inline void tables_init(struct tables *t, enum mmu_mode mode) {
    static const unsigned levels[] = {0, 2, 2, 4, 5};
    memset(t, 0, sizeof *t);
    t->region = (struct mmu_region){0, sizeof t->ram, t->ram, true};
    t->memory = (struct mmu_memory){&t->region, 1};
    t->entry_bytes = mode == MMU_MODE_32BIT ? 4 : 8;
    t->state.maxphyaddr = 40;
    t->state.cr0 = MMU_CR0_PE | (mode == MMU_MODE_NONE ? 0 : MMU_CR0_PG);
    t->state.cr4 = mode == MMU_MODE_32BIT ? MMU_CR4_PSE : MMU_CR4_PAE;
    if (mode >= MMU_MODE_4LEVEL)
        t->state.efer = MMU_EFER_LME | MMU_EFER_LMA | MMU_EFER_NXE;
    if (mode == MMU_MODE_5LEVEL)
        t->state.cr4 |= MMU_CR4_LA57;
    t->state.cr3 = TABLE_AT(levels[mode]);
    t->state.pdpte[0] = TABLE_AT(2) | MMU_PTE_P;
    for (unsigned level = 1; level <= levels[mode]; level++)
        set_level(t, level, OPEN);
}

static inline struct mmu_context context_of(struct tables *t) {
    struct mmu_context context;
    mmu_context_init(&context, &t->memory, &t->state);
    return context;
}

static inline struct mmu_result user_access(struct tables *t, enum mmu_access_kind kind, uint64_t linear) {
    struct mmu_context context = context_of(t);
    return mmu_translate(&context, (struct mmu_access){.linear = {linear}, .kind = kind, .user = true});
}

static inline struct mmu_result supervisor_access(struct tables *t, enum mmu_access_kind kind, uint64_t linear) {
    struct mmu_context context = context_of(t);
    return mmu_translate(&context, (struct mmu_access){.linear = {linear}, .kind = kind});
}

static inline struct mmu_result implicit_access(struct tables *t, enum mmu_access_kind kind, uint64_t linear) {
    struct mmu_context context = context_of(t);
    return mmu_translate(&context, (struct mmu_access){.linear = {linear}, .kind = kind, .implicit = true});
}

#endif
