/*
 * What people read: explanations, names, error codes.
 */
#include "tables.h"

#include <criterion/criterion.h>

static void explain(struct tables *t, struct mmu_access access, char *text, size_t size) {
    struct mmu_context context = context_of(t);
    struct mmu_walk walk;
    mmu_peek(&context, access, &walk);
    size_t length = mmu_explain(&walk, text, size);
    cr_assert_lt(length, size);
    cr_assert_eq(length, strlen(text));
}

static void expect_explained(struct tables *t, struct mmu_access access, const char *expected) {
    char text[2048];
    explain(t, access, text, sizeof text);
    cr_expect_str_eq(text, expected, "got:\n%s\nexpected:\n%s", text, expected);
}

Test(text, a_refused_write) {
    struct tables t;
    tables_init(&t, MMU_MODE_32BIT);
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_U | MMU_PTE_A);
    expect_explained(
        &t, (struct mmu_access){.linear = {4}, .kind = MMU_WRITE, .user = true},
        "32-bit paging: user write at linear 0x00000004\n"
        "  PDE   [   0] at 0x2000 = 0x00001007: present, writable, user, not accessed -> page table at "
        "0x1000\n"
        "  PTE   [   0] at 0x1000 = 0x00008025: present, read-only, user, accessed, clean -> 4 KiB page at "
        "0x8000  <-- refused: read-only\n"
        "Page fault, rule 'read-only': the page is read-only (R/W = 0 in the PTE).\n"
        "Error code 0x7: present + write + user\n");
}

Test(text, a_translated_write_tells_what_it_sets) {
    struct tables t;
    tables_init(&t, MMU_MODE_PAE);
    expect_explained(
        &t, (struct mmu_access){.linear = {0x10}, .kind = MMU_WRITE},
        "PAE paging: supervisor write at linear 0x0000000000000010\n"
        "  PDPTE [   0] register, loaded from 0x2000 = 0x0000000000002001: present -> page directory at 0x2000\n"
        "  PDE   [   0] at 0x2000 = 0x0000000000001007: present, writable, user, accessed (set by this access) -> page "
        "table at 0x1000\n"
        "  PTE   [   0] at 0x1000 = 0x0000000000008007: present, writable, user, accessed (set by this access), dirty "
        "(set by this access) -> 4 KiB page at 0x8000\n"
        "Translated: physical 0x8010 in a 4 KiB page; supervisor may now: read, write, execute.\n");
}

Test(text, paging_off) {
    struct tables t;
    tables_init(&t, MMU_MODE_NONE);
    expect_explained(&t, (struct mmu_access){.linear = {0x7C00}, .kind = MMU_FETCH},
                     "no paging: supervisor fetch from linear 0x00007c00\n"
                     "Translated: physical 0x7c00, the linear address itself: paging is off (CR0.PG = 0), nothing is "
                     "refused.\n");
}

Test(text, reserved_bits_are_named) {
    struct tables t;
    char text[2048];
    tables_init(&t, MMU_MODE_4LEVEL);
    set_level(&t, 3, OPEN | 1ull << 51 | 1ull << 40);
    explain(&t, (struct mmu_access){.linear = {0}, .kind = MMU_READ}, text, sizeof text);
    cr_expect(strstr(text, "<-- refused: reserved bit (bits that must be zero: 51, 40)"), "%s", text);
    cr_expect(strstr(text, "Error code 0x9: present + read + supervisor + reserved bit"), "%s", text);
}

Test(text, absent_memory_and_ignored_bits_are_named) {
    struct tables t;
    char text[2048];
    tables_init(&t, MMU_MODE_32BIT);
    t.state.cr4 = 0;
    put_entry(&t, TABLE_AT(2), 0x80000000 | OPEN | MMU_PTE_PS);
    explain(&t, (struct mmu_access){.linear = {0}, .kind = MMU_READ}, text, sizeof text);
    cr_expect(strstr(text, "PS ignored (CR4.PSE = 0) -> page table at 0x80000000"), "%s", text);
    cr_expect(strstr(text, "at 0x80000000 = 0xffffffff: (no memory there, it reads as all ones) present"), "%s", text);
}

Test(text, a_read_only_upper_level_is_marked_and_named) {
    struct tables t;
    char text[2048];
    tables_init(&t, MMU_MODE_32BIT);
    set_level(&t, 2, MMU_PTE_P | MMU_PTE_U);
    struct mmu_context context = context_of(&t);
    struct mmu_walk walk;
    mmu_peek(&context, (struct mmu_access){.linear = {0}, .kind = MMU_WRITE, .user = true}, &walk);
    cr_expect_eq(walk.steps[0].refused, MMU_RULE_READ_ONLY);
    cr_expect_eq(walk.steps[1].refused, MMU_RULE_NONE, "the PTE allows writes");
    mmu_explain(&walk, text, sizeof text);
    cr_expect(strstr(text, "the page is read-only (R/W = 0 in the PDE)."), "%s", text);
}

Test(text, large_pages_and_their_flags) {
    struct tables t;
    char text[2048];
    tables_init(&t, MMU_MODE_4LEVEL);
    t.state.cr4 |= MMU_CR4_PGE;
    put_entry(&t, TABLE_AT(2), 0x40000000 | OPEN | MMU_PTE_PS | MMU_PTE_G | 1u << 12 | 5ull << 59 | MMU_PTE_NX);
    explain(&t, (struct mmu_access){.linear = {0x1234}, .kind = MMU_READ, .user = true}, text, sizeof text);
    cr_expect(strstr(text,
                     "user, no execute, accessed (set by this access), clean, PAT, global, key 5 -> 2 MiB page at "
                     "0x40000000\n"),
              "%s", text);
    cr_expect(strstr(text, "Translated: physical 0x40001234 in a global 2 MiB page; user may now: read (a write has to "
                           "walk again, since the page is clean).\n"),
              "%s", text);
}

Test(text, every_level_that_refuses_is_marked) {
    struct tables t;
    tables_init(&t, MMU_MODE_4LEVEL);
    set_level(&t, 4, MMU_PTE_P | MMU_PTE_W);
    set_level(&t, 1, MMU_PTE_P | MMU_PTE_W);
    struct mmu_context context = context_of(&t);
    struct mmu_walk walk;
    mmu_peek(&context, (struct mmu_access){.linear = {0}, .kind = MMU_READ, .user = true}, &walk);
    cr_assert_eq(walk.count, 4);
    cr_expect_eq(walk.steps[0].refused, MMU_RULE_SUPERVISOR_ONLY);
    cr_expect_eq(walk.steps[1].refused, MMU_RULE_NONE);
    cr_expect_eq(walk.steps[2].refused, MMU_RULE_NONE);
    cr_expect_eq(walk.steps[3].refused, MMU_RULE_SUPERVISOR_ONLY);
    cr_expect(walk.steps[3].leaf && !walk.steps[2].leaf);
}

/* Each rule has a sentence of its own: what the student must learn from it is in it. */
Test(text, every_rule_has_its_sentence) {
    static const struct {
        uint64_t cr0, cr4, pte;
        uint32_t pkru;
        struct mmu_access access;
        const char *sentence;
    } cases[] = {
        {0, 0, 0, 0, {{0}, MMU_READ, true, false}, "there is no translation, the PTE is not present (P = 0)."},
        {0, 0, OPEN | 1ull << 45, 0, {{0}, MMU_READ, true, false}, "a bit that must be zero is set in the PTE."},
        {MMU_CR0_WP,
         0,
         MMU_PTE_P,
         0,
         {{0}, MMU_WRITE, false, false},
         "(R/W = 0 in the PTE) and CR0.WP = 1 makes that hold for the supervisor too."},
        {0, 0, MMU_PTE_P, 0, {{0}, MMU_READ, true, false}, "belongs to the supervisor (U/S = 0 in the PTE)."},
        {0, 0, OPEN | MMU_PTE_NX, 0, {{0}, MMU_FETCH, true, false}, "the page holds no code (NX = 1 in the PTE)."},
        {0, MMU_CR4_SMEP, OPEN, 0, {{0}, MMU_FETCH, false, false}, "CR4.SMEP forbids the supervisor to execute"},
        {0, MMU_CR4_SMAP, OPEN, 0, {{0}, MMU_READ, false, false}, "touch data of a user page while EFLAGS.AC = 0."},
        {0, MMU_CR4_SMAP, OPEN, 0, {{0}, MMU_READ, false, true}, "(EFLAGS.AC does not help an implicit access)."},
        {0,
         MMU_CR4_PKE,
         OPEN | 3ull << 59,
         1u << 6,
         {{0}, MMU_READ, true, false},
         "PKRU forbids this read to pages with protection key 3."},
        {0,
         0,
         OPEN,
         0,
         {{1ull << 47}, MMU_READ, true, false},
         "General-protection fault: the address is not canonical"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tables t;
        char text[2048];
        tables_init(&t, MMU_MODE_4LEVEL);
        t.state.cr0 |= cases[i].cr0;
        t.state.cr4 |= cases[i].cr4;
        t.state.pkru = cases[i].pkru;
        set_level(&t, 1, cases[i].pte);
        explain(&t, cases[i].access, text, sizeof text);
        cr_expect(strstr(text, cases[i].sentence), "case %zu: '%s' is not in:\n%s", i, cases[i].sentence, text);
    }
}

Test(text, a_short_buffer_is_cut_and_the_whole_length_returned) {
    struct tables t;
    char whole[2048], part[2048];
    tables_init(&t, MMU_MODE_5LEVEL);
    struct mmu_context context = context_of(&t);
    struct mmu_walk walk;
    mmu_peek(&context, (struct mmu_access){.linear = {0}, .kind = MMU_READ}, &walk);
    size_t length = mmu_explain(&walk, whole, sizeof whole);
    for (size_t size = 0; size <= length + 1; size++) {
        memset(part, '#', sizeof part);
        cr_assert_eq(mmu_explain(&walk, part, size), length, "size %zu", size);
        cr_assert_eq(part[size], '#', "size %zu: written beyond the end", size);
        if (size > 0)
            cr_assert(strlen(part) == size - 1 && memcmp(part, whole, size - 1) == 0, "size %zu", size);
    }
    cr_expect_eq(mmu_explain(&walk, NULL, 0), length);
}

Test(text, error_codes) {
    char text[128];
    cr_expect_eq(mmu_error_code_text(7, text, sizeof text), strlen("present + write + user"));
    cr_expect_str_eq(text, "present + write + user");
    mmu_error_code_text(0, text, sizeof text);
    cr_expect_str_eq(text, "not present + read + supervisor");
    mmu_error_code_text(0x15, text, sizeof text);
    cr_expect_str_eq(text, "present + fetch + user");
    mmu_error_code_text(0x2D, text, sizeof text);
    cr_expect_str_eq(text, "present + read + user + reserved bit + protection key");
    mmu_error_code_text(0x8000, text, sizeof text);
    cr_expect_str_eq(text, "not present + read + supervisor + unknown 0x8000");
}

Test(text, names_outside_their_range_are_no_crash) {
    cr_expect_str_eq(mmu_level_name(1), "PTE");
    cr_expect_str_eq(mmu_level_name(5), "PML5E");
    cr_expect_str_eq(mmu_level_name(200), "unknown level");
    cr_expect_str_eq(mmu_rule_name((enum mmu_rule)99), "unknown rule");
    cr_expect_str_eq(mmu_mode_name((enum mmu_mode)99), "unknown mode");
    cr_expect_str_eq(mmu_rule_name(MMU_RULE_READ_ONLY), "read-only");
}
