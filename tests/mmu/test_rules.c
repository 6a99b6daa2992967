/*
 * The rules of paging one by one, by hand, each with its section of Intel SDM volume 3 (the oracle tests their
 * combinations).
 */
#include "tables.h"

#include <criterion/criterion.h>

static void expect_ok(struct mmu_result result, uint64_t physical, uint32_t rights) {
    cr_expect_eq(result.status, MMU_OK, "refused: %s, error code 0x%x", mmu_rule_name(result.rule), result.error_code);
    cr_expect_eq(result.physical.value, physical, "physical 0x%llx, expected 0x%llx",
                 (unsigned long long)result.physical.value, (unsigned long long)physical);
    cr_expect_eq(result.rights, rights, "rights %x, expected %x", result.rights, rights);
}

static void expect_fault(struct mmu_result result, enum mmu_rule rule, uint32_t error_code) {
    cr_expect_eq(result.status, MMU_FAULT, "translated to 0x%llx", (unsigned long long)result.physical.value);
    cr_expect_eq(result.rule, rule, "rule %s, expected %s", mmu_rule_name(result.rule), mmu_rule_name(rule));
    cr_expect_eq(result.error_code, error_code, "error code 0x%x, expected 0x%x", result.error_code, error_code);
}

static const uint32_t rx = MMU_RIGHT_READ | MMU_RIGHT_EXEC;
static const uint32_t rwx = MMU_RIGHT_READ | MMU_RIGHT_WRITE | MMU_RIGHT_EXEC;

/* 4.1.1: CR0.PG, CR4.PAE, EFER.LME, CR4.LA57 choose the mode; CR4.LA57 means nothing outside long mode. */
Test(rules, registers_choose_the_mode) {
    struct tables t;
    for (enum mmu_mode mode = MMU_MODE_NONE; mode <= MMU_MODE_5LEVEL; mode++) {
        tables_init(&t, mode);
        cr_expect_eq(context_of(&t).mode, mode, "mode %s", mmu_mode_name(mode));
    }
    tables_init(&t, MMU_MODE_PAE);
    t.state.cr4 |= MMU_CR4_LA57;
    cr_expect_eq(context_of(&t).mode, MMU_MODE_PAE);
}

/* 4.1: without paging a linear address is a physical one of 32 bits. */
Test(rules, no_paging_is_identity) {
    struct tables t;
    tables_init(&t, MMU_MODE_NONE);
    expect_ok(user_access(&t, MMU_WRITE, 0x123456789A), 0x3456789A, rwx);
}

/* 4.3, 4.4: linear addresses have 32 bits; 3.3.7 lets sums wrap. */
Test(rules, linear_addresses_wrap_at_4_gib) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    expect_ok(user_access(&t, MMU_READ, 0x100000123), 0x8123, rx);
    tables_init(&t, MMU_MODE_PAE);
    expect_ok(user_access(&t, MMU_READ, 0x100000123), 0x8123, rx);
}

/* 4.5.1 and 3.3.7.1: a non-canonical address is #GP or #SS, never #PF. */
Test(rules, non_canonical_addresses_are_refused_without_a_page_fault) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    expect_fault(user_access(&t, MMU_WRITE, 1ull << 47), MMU_RULE_NON_CANONICAL, 0);
    expect_fault(user_access(&t, MMU_WRITE, 0xFFFF7FFFFFFFFFFF), MMU_RULE_NON_CANONICAL, 0);
    expect_fault(user_access(&t, MMU_WRITE, 0xFFFF800000000000), MMU_RULE_NOT_PRESENT, MMU_ERR_W | MMU_ERR_U);
    tables_init(&t, MMU_MODE_5LEVEL);
    expect_fault(user_access(&t, MMU_READ, 1ull << 47), MMU_RULE_NOT_PRESENT, MMU_ERR_U);
    expect_fault(user_access(&t, MMU_READ, 1ull << 56), MMU_RULE_NON_CANONICAL, 0);
}

/* 4.8: A in every level, D in the last on a write, nothing on a fault. */
Test(rules, accessed_and_dirty_are_set_by_success_only) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    expect_ok(user_access(&t, MMU_READ, 0x10), 0x8010, rx);
    cr_expect_eq(get_entry(&t, TABLE_AT(2)), (TABLE_AT(1) | OPEN | MMU_PTE_A));
    cr_expect_eq(get_entry(&t, TABLE_AT(1)), (0x8000 | OPEN | MMU_PTE_A));
    expect_ok(user_access(&t, MMU_WRITE, 0x10), 0x8010, rwx);
    cr_expect_eq(get_entry(&t, TABLE_AT(2)), (TABLE_AT(1) | OPEN | MMU_PTE_A), "D is not set in an upper entry");
    cr_expect_eq(get_entry(&t, TABLE_AT(1)), (0x8000 | OPEN | MMU_PTE_A | MMU_PTE_D));

    tables_init(&t, MMU_MODE_32BIT);
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_U);
    expect_fault(user_access(&t, MMU_WRITE, 0x10), MMU_RULE_READ_ONLY, MMU_ERR_P | MMU_ERR_W | MMU_ERR_U);
    cr_expect_eq(get_entry(&t, TABLE_AT(2)), (TABLE_AT(1) | OPEN), "a refused write marked the PDE");
    cr_expect_eq(get_entry(&t, TABLE_AT(1)), (0x8000 | MMU_PTE_P | MMU_PTE_U));
}

/* 4.8: a read of a clean page must not let a later store go by unseen; of a dirty page it may. */
Test(rules, write_right_waits_for_dirty) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    expect_ok(user_access(&t, MMU_FETCH, 0), 0x8000, rx);
    set_level(&t, 1, OPEN | MMU_PTE_D);
    expect_ok(user_access(&t, MMU_READ, 0), 0x8000, rwx);
}

/* 4.7: P = 0 in any level; a lower level that is missing wins over a right denied above. */
Test(rules, not_present_wins_over_rights) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    set_level(&t, 4, MMU_PTE_P);
    set_level(&t, 2, 0);
    expect_fault(user_access(&t, MMU_WRITE, 0), MMU_RULE_NOT_PRESENT, MMU_ERR_W | MMU_ERR_U);
}

/* 4.6.1: rights are the AND of all levels. */
Test(rules, every_level_must_allow) {
    struct tables t;
    for (unsigned level = 1; level <= 5; level++) {
        tables_init(&t, MMU_MODE_5LEVEL);
        set_level(&t, level, MMU_PTE_P | MMU_PTE_U);
        expect_fault(user_access(&t, MMU_WRITE, 0), MMU_RULE_READ_ONLY, MMU_ERR_P | MMU_ERR_W | MMU_ERR_U);
        set_level(&t, level, MMU_PTE_P | MMU_PTE_W);
        expect_fault(user_access(&t, MMU_READ, 0), MMU_RULE_SUPERVISOR_ONLY, MMU_ERR_P | MMU_ERR_U);
        set_level(&t, level, OPEN | MMU_PTE_NX);
        expect_fault(user_access(&t, MMU_FETCH, 0), MMU_RULE_NO_EXECUTE, MMU_ERR_P | MMU_ERR_U | MMU_ERR_ID);
    }
}

/* 4.6.1: CR0.WP makes read-only pages read-only for the supervisor. */
Test(rules, supervisor_writes_obey_wp) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_U);
    expect_ok(supervisor_access(&t, MMU_WRITE, 0), 0x8000, rwx);
    t.state.cr0 |= MMU_CR0_WP;
    expect_fault(supervisor_access(&t, MMU_WRITE, 0), MMU_RULE_READ_ONLY, MMU_ERR_P | MMU_ERR_W);
    expect_ok(supervisor_access(&t, MMU_READ, 0), 0x8000, rx);
}

/* 4.6.1: SMEP in every paging mode; 4.7: it also makes I/D visible without NXE. */
Test(rules, smep_stops_supervisor_fetches_from_user_pages) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    t.state.cr4 |= MMU_CR4_SMEP;
    expect_fault(supervisor_access(&t, MMU_FETCH, 0), MMU_RULE_SMEP, MMU_ERR_P | MMU_ERR_ID);
    expect_ok(user_access(&t, MMU_FETCH, 0), 0x8000, rx);
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_W);
    expect_ok(supervisor_access(&t, MMU_FETCH, 0), 0x8000, rx);
}

/* 4.6.1: SMAP; EFLAGS.AC lifts it for explicit accesses only. */
Test(rules, smap_and_alignment_check_flag) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    t.state.cr4 |= MMU_CR4_SMAP;
    expect_fault(supervisor_access(&t, MMU_READ, 0), MMU_RULE_SMAP, MMU_ERR_P);
    expect_ok(supervisor_access(&t, MMU_FETCH, 0), 0x8000, MMU_RIGHT_EXEC);
    t.state.rflags_ac = true;
    expect_ok(supervisor_access(&t, MMU_READ, 0), 0x8000, rx);
    expect_fault(implicit_access(&t, MMU_WRITE, 0), MMU_RULE_SMAP, MMU_ERR_P | MMU_ERR_W);
}

/* 4.6: an access to a descriptor table is a supervisor's, also at CPL 3. */
Test(rules, implicit_access_is_supervisor_at_any_cpl) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_W);
    struct mmu_context context = context_of(&t);
    struct mmu_access access = {.linear = {0}, .kind = MMU_READ, .user = true, .implicit = true};
    expect_ok(mmu_translate(&context, access), 0x8000, rx);
    set_level(&t, 1, 0);
    expect_fault(mmu_translate(&context, access), MMU_RULE_NOT_PRESENT, 0);
}

/* state.rflags_ac and state.pkru may be changed in a context that stands. */
Test(rules, ac_and_pkru_are_read_at_each_walk) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    t.state.cr4 |= MMU_CR4_SMAP | MMU_CR4_PKE;
    struct mmu_context context = context_of(&t);
    struct mmu_access access = {.linear = {0}, .kind = MMU_READ};
    expect_fault(mmu_translate(&context, access), MMU_RULE_SMAP, MMU_ERR_P);
    context.state.rflags_ac = true;
    expect_ok(mmu_translate(&context, access), 0x8000, rx);
    context.state.pkru = 1;
    expect_fault(mmu_translate(&context, access), MMU_RULE_PROTECTION_KEY, MMU_ERR_P | MMU_ERR_PK);
}

/* 4.7: I/D is set only where the CPU can tell fetches: SMEP, or PAE with NXE. NX is reserved without NXE. */
Test(rules, fetches_show_in_the_error_code_only_with_nxe_or_smep) {
    struct tables t;
    tables_init(&t, MMU_MODE_PAE);
    set_level(&t, 1, 0);
    expect_fault(user_access(&t, MMU_FETCH, 0), MMU_RULE_NOT_PRESENT, MMU_ERR_U);
    t.state.efer = MMU_EFER_NXE;
    expect_fault(user_access(&t, MMU_FETCH, 0), MMU_RULE_NOT_PRESENT, MMU_ERR_U | MMU_ERR_ID);
    tables_init(&t, MMU_MODE_32BIT);
    t.state.efer = MMU_EFER_NXE;
    set_level(&t, 1, 0);
    expect_fault(user_access(&t, MMU_FETCH, 0), MMU_RULE_NOT_PRESENT, MMU_ERR_U);
}

/* 4.7: RSVD comes with P = 1; a present entry's reserved bits are seen before a lower entry is read. */
Test(rules, reserved_bits_fault_with_p_set) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    set_level(&t, 3, OPEN | 1ull << 40);
    set_level(&t, 2, 0);
    expect_fault(supervisor_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_RSVD);
    set_level(&t, 3, (OPEN | 1ull << 40) & ~MMU_PTE_P);
    expect_fault(supervisor_access(&t, MMU_READ, 0), MMU_RULE_NOT_PRESENT, 0);
}

/* Tables 4-14, 4-15: PS is reserved in PML5E and PML4E. */
Test(rules, ps_is_reserved_above_the_pdpte) {
    struct tables t;
    for (unsigned level = 4; level <= 5; level++) {
        tables_init(&t, MMU_MODE_5LEVEL);
        set_level(&t, level, OPEN | MMU_PTE_PS);
        expect_fault(supervisor_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_RSVD);
    }
}

/* Bits 62..52: ignored in 4-level paging, reserved in PAE paging (tables 4-11, 4-19). */
Test(rules, bits_62_to_52_differ_between_pae_and_4_level) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    set_level(&t, 1, OPEN | 0x7FFull << 52);
    expect_ok(supervisor_access(&t, MMU_READ, 0), 0x8000, rx);
    tables_init(&t, MMU_MODE_PAE);
    set_level(&t, 1, OPEN | 1ull << 52);
    expect_fault(supervisor_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_RSVD);
}

/* Table 4-4: PSE-36; bit 12 is PAT; bit 21 and what is above MAXPHYADDR are reserved. */
Test(rules, four_mib_pages_with_pse_36) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    uint64_t pde = 0x40000000 | 0x81ull << 13 | 1u << 12 | OPEN | MMU_PTE_PS;
    put_entry(&t, TABLE_AT(2), pde);
    struct mmu_result result = user_access(&t, MMU_WRITE, 0x345678);
    expect_ok(result, 0x8140345678, rwx);
    cr_expect_eq(result.page_size, 4u << 20);
    cr_expect_eq(get_entry(&t, TABLE_AT(2)), (pde | MMU_PTE_A | MMU_PTE_D));
    t.state.maxphyaddr = 39;
    expect_fault(user_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_U | MMU_ERR_RSVD);
    t.state.maxphyaddr = 52;
    put_entry(&t, TABLE_AT(2), pde | 1u << 21);
    expect_fault(user_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_U | MMU_ERR_RSVD);
}

/* 4.3: without CR4.PSE, PS in a PDE is ignored; in PAE paging PS needs no CR4.PSE (4.4.2). */
Test(rules, ps_without_cr4_pse) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    t.state.cr4 = 0;
    set_level(&t, 2, OPEN | MMU_PTE_PS);
    expect_ok(user_access(&t, MMU_READ, 0x10), 0x8010, rx);
    tables_init(&t, MMU_MODE_PAE);
    put_entry(&t, TABLE_AT(2), 0x40000000 | OPEN | MMU_PTE_PS | 1u << 12);
    struct mmu_result result = user_access(&t, MMU_READ, 0x123456);
    expect_ok(result, 0x40123456, rx);
    cr_expect_eq(result.page_size, 2u << 20);
}

/* Tables 4-16, 4-18: the low address bits of large pages are reserved, but for PAT in bit 12. */
Test(rules, one_gib_and_two_mib_pages) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    put_entry(&t, TABLE_AT(3), 0x1040000000 | OPEN | MMU_PTE_PS | 1u << 12);
    struct mmu_result result = user_access(&t, MMU_READ, 0x3FFFFFFF);
    expect_ok(result, 0x107FFFFFFF, rx);
    cr_expect_eq(result.page_size, 1u << 30);
    put_entry(&t, TABLE_AT(3), 0x1040000000 | OPEN | MMU_PTE_PS | 1u << 29);
    expect_fault(user_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_U | MMU_ERR_RSVD);
    set_level(&t, 3, OPEN);
    put_entry(&t, TABLE_AT(2), 0x40000000 | OPEN | MMU_PTE_PS | 1u << 20);
    expect_fault(user_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_U | MMU_ERR_RSVD);
}

/* 4.6.2: keys: user pages, data accesses; WD stops a supervisor only with CR0.WP. */
Test(rules, protection_keys) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    t.state.cr4 |= MMU_CR4_PKE;
    set_level(&t, 1, OPEN | MMU_PTE_D | 3ull << 59);
    t.state.pkru = 1u << 6; /* AD of key 3 */
    expect_fault(user_access(&t, MMU_READ, 0), MMU_RULE_PROTECTION_KEY, MMU_ERR_P | MMU_ERR_U | MMU_ERR_PK);
    expect_ok(user_access(&t, MMU_FETCH, 0), 0x8000, MMU_RIGHT_EXEC);
    t.state.pkru = 2u << 6; /* WD of key 3 */
    expect_ok(user_access(&t, MMU_READ, 0), 0x8000, rx);
    expect_ok(supervisor_access(&t, MMU_WRITE, 0), 0x8000, rwx);
    t.state.cr0 |= MMU_CR0_WP;
    expect_fault(supervisor_access(&t, MMU_WRITE, 0), MMU_RULE_PROTECTION_KEY, MMU_ERR_P | MMU_ERR_W | MMU_ERR_PK);
    t.state.pkru = 3u << 6;
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_W | MMU_PTE_D | 3ull << 59);
    expect_ok(supervisor_access(&t, MMU_WRITE, 0), 0x8000, rwx);
}

/* 4.7: PK is about the key alone, so that it stands beside another refusal. */
Test(rules, protection_key_bit_beside_another_rule) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    t.state.cr4 |= MMU_CR4_PKE;
    t.state.pkru = 2;
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_U);
    expect_fault(user_access(&t, MMU_WRITE, 0), MMU_RULE_READ_ONLY, MMU_ERR_P | MMU_ERR_W | MMU_ERR_U | MMU_ERR_PK);
}

/* A page without W refuses no supervisor while CR0.WP = 0: then the key is what refuses. */
Test(rules, read_only_is_not_blamed_without_wp) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    t.state.cr4 |= MMU_CR4_PKE;
    t.state.pkru = 1;
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_U);
    expect_fault(supervisor_access(&t, MMU_WRITE, 0), MMU_RULE_PROTECTION_KEY, MMU_ERR_P | MMU_ERR_W | MMU_ERR_PK);
}

/* 4.10.2.4: G counts with CR4.PGE and in the entry that maps the page. */
Test(rules, global_needs_pge_and_the_leaf) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    set_level(&t, 1, OPEN | MMU_PTE_G);
    cr_expect_not(user_access(&t, MMU_READ, 0).global);
    t.state.cr4 |= MMU_CR4_PGE;
    cr_expect(user_access(&t, MMU_READ, 0).global);
    set_level(&t, 2, OPEN | MMU_PTE_G);
    set_level(&t, 1, OPEN);
    cr_expect_not(user_access(&t, MMU_READ, 0).global);
}

/* 4.4.1: the registers are checked when they are loaded: bits 2..1, 8..5, 63..MAXPHYADDR of a present entry. */
Test(rules, pdpte_registers_are_checked_on_load) {
    struct tables t;
    tables_init(&t, MMU_MODE_PAE);
    uint64_t loaded[4] = {1, 2, 3, 4};
    for (unsigned bit = 0; bit < 64; bit++) {
        put_entry(&t, 0x3FE0, 0);
        put_entry(&t, 0x3FE8, TABLE_AT(2) | MMU_PTE_P | 1ull << bit);
        put_entry(&t, 0x3FF0, 0);
        put_entry(&t, 0x3FF8, ~MMU_PTE_P);
        bool reserved = bit == 1 || bit == 2 || (bit >= 5 && bit <= 8) || bit >= 40;
        cr_expect_eq(mmu_load_pdptes(&t.memory, 0x3FE0 | 0x1F, 40, loaded), !reserved, "bit %u", bit);
    }
    put_entry(&t, 0x3FE8, TABLE_AT(2) | MMU_PTE_P | MMU_PTE_PWT);
    cr_assert(mmu_load_pdptes(&t.memory, 0x3FE0, 40, loaded));
    cr_expect_eq(loaded[1], (TABLE_AT(2) | MMU_PTE_P | MMU_PTE_PWT));
    cr_expect_eq(loaded[3], ~MMU_PTE_P, "an absent entry may hold anything");
    put_entry(&t, 0x3FE0, MMU_PTE_P | MMU_PTE_U);
    cr_assert_not(mmu_load_pdptes(&t.memory, 0x3FE0, 40, loaded));
    cr_expect_eq(loaded[1], (TABLE_AT(2) | MMU_PTE_P | MMU_PTE_PWT), "a refused load changed the registers");
}

/* 4.4.1: a register that is not present faults; it has no rights and no A. CR3 above bit 31 does not count. */
Test(rules, pdpte_registers_in_a_walk) {
    struct tables t;
    tables_init(&t, MMU_MODE_PAE);
    expect_ok(user_access(&t, MMU_WRITE, 0), 0x8000, rwx);
    expect_fault(user_access(&t, MMU_WRITE, 0x40000000), MMU_RULE_NOT_PRESENT, MMU_ERR_W | MMU_ERR_U);
    uint64_t loaded[4];
    put_entry(&t, 0x3000, TABLE_AT(2) | MMU_PTE_P);
    cr_expect(mmu_load_pdptes(&t.memory, 0xFFFFFFFF00003000, 40, loaded));
}

/* Absent memory reads as all ones: a walk through it meets reserved bits, or ends there without a write. */
Test(rules, absent_tables_read_as_all_ones) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    t.state.cr3 = 0x80000000;
    expect_fault(user_access(&t, MMU_READ, 0), MMU_RULE_RESERVED, MMU_ERR_P | MMU_ERR_U | MMU_ERR_RSVD);
    tables_init(&t, MMU_MODE_32BIT);
    t.state.cr4 = 0;
    t.state.cr3 = 0x80000000;
    expect_ok(user_access(&t, MMU_READ, 0x10), 0xFFFFF010, rwx);
    uint64_t loaded[4];
    cr_expect_not(mmu_load_pdptes(&t.memory, 0x80000000, 40, loaded));
}

/* A page table that is its own page directory (as recursive mappings are): both uses leave their marks. */
Test(rules, recursive_mapping) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    put_entry(&t, TABLE_AT(2), TABLE_AT(2) | OPEN);
    expect_ok(user_access(&t, MMU_WRITE, 0x24), TABLE_AT(2) | 0x24, rwx);
    cr_expect_eq(get_entry(&t, TABLE_AT(2)), (TABLE_AT(2) | OPEN | MMU_PTE_A | MMU_PTE_D));
}
