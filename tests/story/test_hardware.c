/*
 * Frames by their use in the page tables, in every mode. The walker of mmu, asked page by page, is the judge of random
 * tables; tables that are made to be endless end.
 */
#include "emu/kernelview/hardware.h"
#include "tests/story/toy.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define RAM (8u << 20)
#define FRAMES (RAM / 4096)
#define USED(of) ((of) & (unsigned)~(HW_ACCESSED | HW_DIRTY))

static uint8_t *ram;
static struct mmu_region region;
static struct mmu_memory memory;
static uint64_t next_table, seed;

static void set_up(void) {
    ram = calloc(1, RAM);
    region = (struct mmu_region){0, RAM, ram, true};
    memory = (struct mmu_memory){&region, 1};
    next_table = 0x1000;
    seed = 0x5eed;
}

static void tear_down(void) { free(ram); }

TestSuite(hardware, .init = set_up, .fini = tear_down);

static uint64_t new_table(void) {
    uint64_t at = next_table;
    next_table += 4096;
    return at;
}

static void put(uint64_t table, unsigned index, uint64_t entry, unsigned bytes) {
    memcpy(ram + table + (size_t)index * bytes, &entry, bytes);
}

static struct mmu_context context_of(uint64_t cr3, uint64_t cr4, uint64_t efer) {
    struct mmu_state state = {.cr0 = MMU_CR0_PE | MMU_CR0_PG | MMU_CR0_WP, .cr3 = cr3, .cr4 = cr4, .efer = efer};
    struct mmu_context context;
    state.maxphyaddr = 36;
    if (cr4 & MMU_CR4_PAE && !efer)
        cr_assert(mmu_load_pdptes(&memory, cr3, 36, state.pdpte));
    mmu_context_init(&context, &memory, &state);
    return context;
}

static struct hw_frames frames_of(const struct mmu_context *context) {
    struct hw_frames frames;
    cr_assert(hardware_frames(context, RAM, &frames));
    return frames;
}

static uint64_t random_flags(void) {
    return MMU_PTE_P | (toy_random(&seed) & (MMU_PTE_W | MMU_PTE_U | MMU_PTE_A | MMU_PTE_D));
}

/* ---- by hand ---- */

Test(hardware, is_empty_without_paging) {
    struct mmu_state state = {.cr0 = MMU_CR0_PE, .maxphyaddr = 36};
    struct mmu_context context;
    mmu_context_init(&context, &memory, &state);
    struct hw_frames frames = frames_of(&context);
    cr_expect(!frames.paging && !frames.torn && frames.tables == 0);
    cr_expect_str_eq(frames.mode, "no paging");
    cr_expect(frames.count == FRAMES && frames.uses[HW_UNMAPPED] == FRAMES);
    hardware_frames_free(&frames);
    cr_expect_null(frames.of);
}

/* A kernel that maps all of RAM for itself by large pages, and a user page in it. */
Test(hardware, a_user_page_shows_through_the_kernels_own_mapping) {
    uint64_t directory = new_table(), table = new_table();
    for (unsigned i = 0; i < RAM >> 22; i++)
        put(directory, 768 + i, (uint64_t)i << 22 | MMU_PTE_P | MMU_PTE_W | MMU_PTE_PS | MMU_PTE_A | MMU_PTE_D, 4);
    put(directory, 32, table | MMU_PTE_P | MMU_PTE_W | MMU_PTE_U, 4);
    put(table, 5, 0x300000 | MMU_PTE_P | MMU_PTE_W | MMU_PTE_U, 4);
    put(table, 6, 0x301000 | MMU_PTE_P | MMU_PTE_U | MMU_PTE_A, 4);
    put(table, 7, 0x302000 | MMU_PTE_W | MMU_PTE_U, 4);
    struct mmu_context context = context_of(directory, MMU_CR4_PSE, 0);
    struct hw_frames frames = frames_of(&context);
    cr_expect(frames.paging && !frames.torn && frames.root == directory);
    cr_expect_str_eq(frames.mode, "32-bit paging");
    cr_expect_eq(frames.of[0x300], HW_USER_WRITABLE, "its own A and D, not the kernel's");
    cr_expect_eq(frames.of[0x301], HW_USER | HW_ACCESSED);
    cr_expect_eq(frames.of[0x302], HW_KERNEL_WRITABLE | HW_ACCESSED | HW_DIRTY, "an entry without P maps nothing");
    cr_expect_eq(USED(frames.of[directory >> 12]), HW_TABLE);
    cr_expect_eq(USED(frames.of[table >> 12]), HW_TABLE);
    cr_expect(frames.tables == 2 && frames.large_pages == 2 && frames.user_pages == 2);
    cr_expect(frames.uses[HW_TABLE] == 2 && frames.uses[HW_USER] == 1 && frames.uses[HW_USER_WRITABLE] == 1);
    cr_expect_eq(frames.uses[HW_KERNEL_WRITABLE], FRAMES - 4);
    cr_expect(frames.accessed == 3 && frames.dirty == 2);
    hardware_frames_free(&frames);
}

Test(hardware, tables_that_map_themselves_end) {
    uint64_t root = new_table();
    for (unsigned i = 0; i < 512; i++)
        put(root, i, root | MMU_PTE_P | MMU_PTE_W, 8);
    struct mmu_context context = context_of(root, MMU_CR4_PAE, MMU_EFER_LME);
    struct hw_frames frames = frames_of(&context);
    cr_expect(frames.tables == 1 && frames.uses[HW_TABLE] == 1 && frames.uses[HW_UNMAPPED] == FRAMES - 1);
    hardware_frames_free(&frames);
}

Test(hardware, the_search_of_a_frame_ends) {
    uint64_t root = new_table();
    struct hw_mapping found[2];
    for (unsigned i = 0; i < 512; i++)
        put(root, i, root | MMU_PTE_P | MMU_PTE_W, 8);
    struct mmu_context context = context_of(root, MMU_CR4_PAE, MMU_EFER_LME);
    cr_expect_gt(hardware_mappings(&context, root >> 12, found, 2), 2, "all that it saw are counted, two are told");
    cr_expect_eq(hardware_mappings(&context, FRAMES + 5, found, 2), 0);
    context = context_of(0xfffff000, 0, 0);
    cr_expect_eq(hardware_mappings(&context, 1, found, 2), 0, "the top table lies outside RAM");
}

Test(hardware, tables_that_map_everything_over_and_over_end) {
    uint64_t root = new_table(), pointers[32];
    for (unsigned i = 0; i < 32; i++) {
        put(root, i, (pointers[i] = new_table()) | MMU_PTE_P, 8);
        for (unsigned k = 0; k < 512; k++) /* 1 GiB each */
            put(pointers[i], k, MMU_PTE_P | MMU_PTE_PS, 8);
    }
    struct mmu_context context = context_of(root, MMU_CR4_PAE, MMU_EFER_LME);
    struct hw_frames frames = frames_of(&context);
    cr_expect(frames.torn);
    hardware_frames_free(&frames);
}

Test(hardware, tables_outside_ram_are_left_out) {
    uint64_t directory = new_table();
    put(directory, 0, 0xfffff000 | MMU_PTE_P, 4);
    struct mmu_context context = context_of(directory, 0, 0);
    struct hw_frames frames = frames_of(&context);
    cr_expect(frames.torn && frames.tables == 1);
    hardware_frames_free(&frames);
    context = context_of(0xfffff000, 0, 0);
    frames = frames_of(&context);
    cr_expect(frames.torn && frames.tables == 0);
    hardware_frames_free(&frames);
}

/* ---- random tables, judged page by page ---- */

static const unsigned strength[HW_USES] = {
    [HW_KERNEL] = 1, [HW_KERNEL_WRITABLE] = 2, [HW_USER] = 3, [HW_USER_WRITABLE] = 4, [HW_TABLE] = 5};

static unsigned mapped[FRAMES]; /* entries that map a frame, as the walker has it */

static void expect_page(const struct mmu_context *context, uint64_t linear, uint8_t *expected) {
    struct mmu_access access = {.linear = mmu_linear(linear), .kind = MMU_READ};
    struct mmu_walk walk;
    struct mmu_result result = mmu_peek(context, access, &walk);
    uint64_t pfn = result.physical.value >> 12;
    if (result.status != MMU_OK || pfn >= FRAMES)
        return;
    mapped[pfn]++;
    access.user = true;
    bool user = mmu_peek(context, access, NULL).status == MMU_OK;
    access.user = user;
    access.kind = MMU_WRITE;
    bool writable = mmu_peek(context, access, NULL).status == MMU_OK;
    uint64_t leaf = walk.steps[walk.count - 1].before;
    unsigned use = user ? (writable ? HW_USER_WRITABLE : HW_USER) : (writable ? HW_KERNEL_WRITABLE : HW_KERNEL);
    unsigned marks = (leaf & MMU_PTE_A ? HW_ACCESSED : 0) | (leaf & MMU_PTE_D ? HW_DIRTY : 0);
    unsigned before = strength[USED(expected[pfn])];
    if (strength[use] > before)
        expected[pfn] = (uint8_t)(use | marks);
    else if (strength[use] == before)
        expected[pfn] |= (uint8_t)marks;
}

/* Where the frame of a page is mapped: there, with those rights, and as often as the walker finds it. */
static void judge_mappings(const struct mmu_context *context, uint64_t linear, const char *mode) {
    static struct hw_mapping found[1u << 16];
    struct mmu_access access = {.linear = mmu_linear(linear), .kind = MMU_READ};
    struct mmu_walk walk;
    uint64_t pfn = mmu_peek(context, access, &walk).physical.value >> 12;
    if (walk.result.status != MMU_OK || pfn >= FRAMES)
        return;
    size_t count = hardware_mappings(context, pfn, found, sizeof found / sizeof found[0]), at = 0;
    cr_assert_eq(count, mapped[pfn], "%s: frame %x is mapped %zu times, not %u", mode, (unsigned)pfn, count,
                 mapped[pfn]);
    while (at < count && found[at].linear != linear)
        at++;
    cr_assert_lt(at, count, "%s: %llx", mode, (unsigned long long)linear);
    const struct mmu_step *leaf = &walk.steps[walk.count - 1];
    cr_assert(found[at].entry == leaf->before && found[at].entry_physical == leaf->at.value);
    access.user = true;
    cr_assert_eq(found[at].user, mmu_peek(context, access, NULL).status == MMU_OK);
    access = (struct mmu_access){.linear = mmu_linear(linear), .kind = MMU_WRITE};
    cr_assert_eq(found[at].writable, mmu_peek(context, access, NULL).status == MMU_OK);
}

static void judge(const struct mmu_context *context, uint64_t first_table, const uint64_t *pages, size_t count,
                  const char *mode) {
    uint8_t *expected = calloc(FRAMES, 1);
    struct hw_frames frames = frames_of(context);
    for (uint64_t at = first_table; at < next_table; at += 4096)
        expected[at >> 12] = HW_TABLE;
    memset(mapped, 0, sizeof mapped);
    for (size_t i = 0; i < count; i++)
        expect_page(context, pages[i], expected);
    for (size_t i = 0; i < count; i += count / 16 + 1)
        judge_mappings(context, pages[i], mode);
    for (uint64_t pfn = 0; pfn < FRAMES; pfn++)
        cr_assert(frames.of[pfn] == expected[pfn] ||
                      (USED(expected[pfn]) == HW_TABLE && USED(frames.of[pfn]) == HW_TABLE),
                  "%s: frame %x is %x, the walker says %x", mode, (unsigned)pfn, frames.of[pfn], expected[pfn]);
    cr_assert_gt(frames.uses[HW_USER] + frames.uses[HW_USER_WRITABLE], 100, "%s", mode);
    cr_assert_not(frames.torn);
    hardware_frames_free(&frames);
    free(expected);
}

static uint64_t canonical(const struct mmu_context *shape, uint64_t linear) {
    unsigned unused = shape->levels > 2 ? 64 - 12 - 9u * shape->levels : 0;
    return (uint64_t)((int64_t)(linear << unused) >> unused);
}

/* Fills a table of `level`, adds the linear addresses of every 4 KiB page below it. */
static void grow(const struct mmu_context *shape, unsigned level, uint64_t table, uint64_t linear, uint64_t *pages,
                 size_t *count) {
    unsigned shift = 12 + (level - 1) * shape->index_bits, entries = 1u << shape->index_bits;
    for (unsigned i = 0; i < (level == 1 ? 200 : 3); i++) {
        uint64_t index = toy_random(&seed) % entries, at = linear | index << shift, old = 0;
        bool large = level == 2 && shape->large_levels && toy_random(&seed) % 3 == 0;
        memcpy(&old, ram + table + index * shape->entry_bytes, shape->entry_bytes);
        if (old)
            continue;
        uint64_t size = 1ull << shift, frame = toy_random(&seed) % RAM & ~(size - 1);
        if (level > 1 && !large) {
            uint64_t below = new_table();
            put(table, (unsigned)index, below | random_flags() | MMU_PTE_W | MMU_PTE_U, shape->entry_bytes);
            grow(shape, level - 1, below, at, pages, count);
            continue;
        }
        put(table, (unsigned)index, frame | random_flags() | (large ? MMU_PTE_PS : 0), shape->entry_bytes);
        for (uint64_t page = 0; page < size; page += 4096)
            pages[(*count)++] = canonical(shape, at + page);
    }
}

static void random_tables(uint64_t cr4, uint64_t efer, const char *mode) {
    uint64_t *pages = malloc((1u << 20) * sizeof *pages);
    for (unsigned round = 0; round < 20; round++) {
        size_t count = 0;
        memset(ram, 0, RAM);
        next_table = 0x1000;
        uint64_t root = new_table();
        struct mmu_context context = context_of(root, cr4, efer);
        if (context.mode == MMU_MODE_PAE)
            for (unsigned i = 0; i < 4; i++) {
                uint64_t directory = new_table();
                put(root, i, directory | MMU_PTE_P, 8);
                grow(&context, 2, directory, (uint64_t)i << 30, pages, &count);
            }
        else
            grow(&context, context.levels, root, 0, pages, &count);
        context = context_of(root, cr4, efer);
        judge(&context, root, pages, count, mode);
    }
    free(pages);
}

Test(hardware, agrees_with_the_walker_in_32_bit_mode) { random_tables(0, 0, "32-bit"); }
Test(hardware, agrees_with_the_walker_with_large_pages) { random_tables(MMU_CR4_PSE, 0, "32-bit, PSE"); }
Test(hardware, agrees_with_the_walker_in_pae_mode) { random_tables(MMU_CR4_PAE, 0, "PAE"); }
Test(hardware, agrees_with_the_walker_in_4_level_mode) { random_tables(MMU_CR4_PAE, MMU_EFER_LME, "4-level"); }
Test(hardware, agrees_with_the_walker_in_5_level_mode) {
    random_tables(MMU_CR4_PAE | MMU_CR4_LA57, MMU_EFER_LME, "5-level");
}
