/*
 * Physical memory under the walker: regions, ROM, gaps, and reads for viewers.
 */
#include "tables.h"

#include <criterion/criterion.h>

/* Two runs with a gap of a page between them, a ROM further up. */
struct runs {
    uint8_t low[4096], high[8192], rom[4096];
    struct mmu_region regions[3];
    struct mmu_memory memory;
};

static void runs_init(struct runs *r) {
    memset(r->low, 1, sizeof r->low);
    memset(r->high, 2, sizeof r->high);
    memset(r->rom, 3, sizeof r->rom);
    r->regions[0] = (struct mmu_region){0x0000, 0x1000, r->low, true};
    r->regions[1] = (struct mmu_region){0x2000, 0x4000, r->high, true};
    r->regions[2] = (struct mmu_region){0x4000, 0x5000, r->rom, false};
    r->memory = (struct mmu_memory){r->regions, 3};
}

Test(memory, host_pointer_needs_one_region) {
    struct runs r;
    runs_init(&r);
    cr_expect_eq(mmu_host(&r.memory, mmu_phys(0xFFF), 1), r.low + 0xFFF);
    cr_expect_null(mmu_host(&r.memory, mmu_phys(0xFFF), 2), "into a gap");
    cr_expect_null(mmu_host(&r.memory, mmu_phys(0x1000), 1), "in a gap");
    cr_expect_eq(mmu_host(&r.memory, mmu_phys(0x2000), 0x2000), r.high);
    cr_expect_null(mmu_host(&r.memory, mmu_phys(0x3FFF), 2), "across two regions");
    cr_expect_null(mmu_host(&r.memory, mmu_phys(~0ull), 1), "at the end of all addresses");
    cr_expect_null(mmu_host(&r.memory, mmu_phys(0x2000), SIZE_MAX), "a size that wraps");
}

Test(memory, physical_peek_crosses_regions_and_stops_at_a_gap) {
    struct runs r;
    runs_init(&r);
    uint8_t out[0x3000] = {0};
    cr_expect_eq(mmu_peek_physical(&r.memory, mmu_phys(0x2000), out, sizeof out), 0x3000);
    cr_expect(out[0x1FFF] == 2 && out[0x2000] == 3);
    cr_expect_eq(mmu_peek_physical(&r.memory, mmu_phys(0xFF0), out, 0x20), 0x10);
    cr_expect_eq(mmu_peek_physical(&r.memory, mmu_phys(0x1000), out, 1), 0);
    cr_expect_eq(mmu_peek_physical(&r.memory, mmu_phys(~0ull), out, 2), 0);
    cr_expect_eq(mmu_peek_physical(&r.memory, mmu_phys(0), out, 0), 0);
}

Test(memory, linear_peek_follows_pages_that_lie_apart) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    put_entry(&t, TABLE_AT(1) + 4, 0xA000 | MMU_PTE_P); /* linear 0x1000: a supervisor's read-only page */
    memset(t.ram + 0x8000, 0x11, 4096);
    memset(t.ram + 0xA000, 0x22, 4096);
    struct mmu_context context = context_of(&t);
    struct tables before = t;
    uint8_t out[0x2000];
    cr_expect_eq(mmu_peek_read(&context, mmu_linear(0xFFE), out, 4), 4);
    cr_expect(out[0] == 0x11 && out[1] == 0x11 && out[2] == 0x22 && out[3] == 0x22);
    cr_expect_eq(mmu_peek_read(&context, mmu_linear(0x1800), out, sizeof out), 0x800, "linear 0x2000 is not mapped");
    cr_expect_arr_eq(t.ram, before.ram, sizeof t.ram, "a peek changed memory");
}

Test(memory, linear_peek_is_not_stopped_by_smap_or_keys) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    t.state.cr4 |= MMU_CR4_SMAP | MMU_CR4_PKE;
    t.state.pkru = ~0u;
    struct mmu_context context = context_of(&t);
    uint8_t out[4];
    cr_expect_eq(mmu_peek_read(&context, mmu_linear(0), out, 4), 4);
    cr_expect_eq(mmu_peek_read(&context, mmu_linear(1ull << 47), out, 4), 0, "a non-canonical address");
}

Test(memory, linear_peek_is_short_where_no_memory_is) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    put_entry(&t, TABLE_AT(1), 0x80000000 | OPEN);
    struct mmu_context context = context_of(&t);
    uint8_t out[4];
    cr_expect_eq(mmu_peek_read(&context, mmu_linear(0), out, 4), 0);
}

/* Tables in ROM serve walks; A and D have nowhere to go. */
Test(memory, tables_in_rom_are_not_written) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    t.region.writable = false;
    struct tables before = t;
    struct mmu_context context = context_of(&t);
    struct mmu_walk walk;
    struct mmu_access access = {.linear = {0x10}, .kind = MMU_WRITE, .user = true};
    struct mmu_result result = mmu_translate_recorded(&context, access, &walk);
    cr_expect_eq(result.status, MMU_OK);
    cr_expect_eq(result.physical.value, 0x8010);
    cr_expect_eq(mmu_translate(&context, access).status, MMU_OK);
    cr_expect_eq(walk.steps[1].after, walk.steps[1].before);
    cr_expect_arr_eq(t.ram, before.ram, sizeof t.ram);
}
