/*
 * Frames by their use in the page tables in force: see hardware.h.
 *
 * The tables are walked forward from the root, whatever the mode. A table that is reached again at the same level (a
 * table that maps itself, tables that address spaces share) is not walked again, and no more than FRAMES_BUDGET frames
 * are marked in all, so that tables made to be slow end, with `torn` set. Where several entries map a frame the
 * strongest use counts, and its A and D: a kernel that maps all memory for itself hides nothing.
 */
#include "emu/kernelview/hardware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_BUDGET (1u << 24)
#define SEARCH_BUDGET 4096u

struct rights {
    bool writable, user;
};

struct walk {
    const struct mmu_context *mmu;
    struct hw_frames *to;
    uint8_t *visited; /* by frame number: bit n, walked as a table of level n */
    uint64_t budget;  /* frames that may still be marked */
};

/* Where uses outrank each other: a table most of all. */
static unsigned rank_of(uint8_t of) {
    static const uint8_t ranks[HW_USES] = {0, 5, 1, 2, 3, 4};
    unsigned use = of & (unsigned)~(HW_ACCESSED | HW_DIRTY);
    return use < HW_USES ? ranks[use] : 0;
}

static void mark(struct walk *walk, uint64_t pfn, uint8_t of) {
    if (pfn >= walk->to->count)
        return;
    uint8_t *frame = &walk->to->of[pfn];
    unsigned before = rank_of(*frame), now = rank_of(of);
    if (now > before)
        *frame = of;
    else if (now == before)
        *frame |= of & (HW_ACCESSED | HW_DIRTY);
}

static uint64_t span_of(const struct mmu_context *mmu, unsigned level) {
    return 1ull << (MMU_PAGE_SHIFT + (level - 1) * mmu->index_bits);
}

/* Physical address that a large entry names; 32-bit paging keeps bits 39:32 in bits 20:13 (PSE-36). */
static uint64_t large_address(const struct mmu_context *mmu, unsigned level, uint64_t entry) {
    if (mmu->mode == MMU_MODE_32BIT)
        return (entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32;
    return entry & mmu->frame_mask & ~(span_of(mmu, level) - 1);
}

static void mark_leaf(struct walk *walk, unsigned level, uint64_t entry, struct rights rights) {
    uint64_t address = level == 1 ? entry & walk->mmu->frame_mask : large_address(walk->mmu, level, entry);
    uint64_t first = address >> MMU_PAGE_SHIFT, frames = span_of(walk->mmu, level) >> MMU_PAGE_SHIFT;
    unsigned use = rights.user ? (rights.writable ? HW_USER_WRITABLE : HW_USER)
                               : (rights.writable ? HW_KERNEL_WRITABLE : HW_KERNEL);
    unsigned marks = (entry & MMU_PTE_A ? HW_ACCESSED : 0) | (entry & MMU_PTE_D ? HW_DIRTY : 0);
    walk->to->large_pages += level > 1;
    walk->to->user_pages += rights.user;
    walk->to->accessed += (entry & MMU_PTE_A) != 0;
    walk->to->dirty += (entry & MMU_PTE_D) != 0;
    for (uint64_t i = 0; i < frames && first + i < walk->to->count && walk->budget; i++, walk->budget--)
        mark(walk, first + i, (uint8_t)(use | marks));
    walk->to->torn |= walk->budget == 0;
}

static uint64_t entry_at(const struct walk *walk, const uint8_t *table, unsigned index) {
    uint64_t entry = 0;
    memcpy(&entry, table + (size_t)index * walk->mmu->entry_bytes, walk->mmu->entry_bytes);
    return entry;
}

/* The table is in RAM, and was not walked at this level before. Copies it. */
static bool enter(struct walk *walk, unsigned level, uint64_t at, uint8_t *table) {
    uint64_t pfn = at >> MMU_PAGE_SHIFT;
    if (pfn >= walk->to->count ||
        mmu_peek_physical(walk->mmu->memory, mmu_phys(at), table, MMU_PAGE_SIZE) != MMU_PAGE_SIZE) {
        walk->to->torn = true;
        return false;
    }
    if (walk->visited[pfn] & 1u << level)
        return false;
    walk->to->tables += walk->visited[pfn] == 0;
    walk->visited[pfn] |= (uint8_t)(1u << level);
    mark(walk, pfn, HW_TABLE);
    return true;
}

static void walk_table(struct walk *walk, unsigned level, uint64_t at, struct rights above) {
    uint8_t table[MMU_PAGE_SIZE];
    if (!enter(walk, level, at, table))
        return;
    for (unsigned i = 0; i < 1u << walk->mmu->index_bits && walk->budget; i++) {
        uint64_t entry = entry_at(walk, table, i);
        bool leaf = level == 1 || ((entry & MMU_PTE_PS) && (walk->mmu->large_levels >> level & 1));
        struct rights rights = {above.writable && (entry & MMU_PTE_W), above.user && (entry & MMU_PTE_U)};
        if (!(entry & MMU_PTE_P) || (entry & walk->mmu->reserved[level][leaf]))
            continue;
        if (leaf)
            mark_leaf(walk, level, entry, rights);
        else
            walk_table(walk, level - 1, entry & walk->mmu->frame_mask, rights);
    }
}

/* The four PDPTE registers; the words that they were loaded from are a table, too. */
static void walk_pae(struct walk *walk) {
    uint64_t root = walk->mmu->state.cr3 & 0xffffffe0u;
    walk->to->root = root;
    mark(walk, root >> MMU_PAGE_SHIFT, HW_TABLE);
    walk->to->tables++;
    for (unsigned i = 0; i < 4; i++)
        if (walk->mmu->state.pdpte[i] & MMU_PTE_P)
            walk_table(walk, 2, walk->mmu->state.pdpte[i] & walk->mmu->frame_mask, (struct rights){true, true});
}

static void count_uses(struct hw_frames *to) {
    for (uint64_t pfn = 0; pfn < to->count; pfn++) {
        unsigned use = to->of[pfn] & (unsigned)~(HW_ACCESSED | HW_DIRTY);
        to->uses[use < HW_USES ? use : HW_UNMAPPED]++;
    }
}

bool hardware_frames(const struct mmu_context *mmu, uint64_t ram_bytes, struct hw_frames *to) {
    memset(to, 0, sizeof *to);
    to->count = ram_bytes / MMU_PAGE_SIZE;
    to->of = calloc(to->count ? to->count : 1, 1);
    struct walk walk = {.mmu = mmu, .to = to, .visited = calloc(to->count ? to->count : 1, 1), .budget = FRAMES_BUDGET};
    if (!to->of || !walk.visited) {
        free(walk.visited);
        hardware_frames_free(to);
        return false;
    }
    to->paging = mmu->mode != MMU_MODE_NONE;
    to->root = mmu->root;
    snprintf(to->mode, sizeof to->mode, "%s", mmu_mode_name(mmu->mode));
    if (mmu->mode == MMU_MODE_PAE)
        walk_pae(&walk);
    else if (to->paging)
        walk_table(&walk, mmu->levels, mmu->root, (struct rights){true, true});
    count_uses(to);
    free(walk.visited);
    return true;
}

void hardware_frames_free(struct hw_frames *frames) {
    free(frames->of);
    memset(frames, 0, sizeof *frames);
}

/* ---- where one frame is mapped ---- */

struct search {
    const struct mmu_context *mmu;
    uint64_t pfn;
    struct hw_mapping *to;
    size_t count, most;
    unsigned budget; /* tables that may still be read */
};

static void found(struct search *search, const struct hw_mapping *mapping) {
    if (search->count < search->most)
        search->to[search->count] = *mapping;
    search->count++;
}

static uint64_t canonical(const struct mmu_context *mmu, uint64_t linear) {
    bool wide = mmu->levels >= 4;
    unsigned top = MMU_PAGE_SHIFT + (unsigned)mmu->levels * mmu->index_bits;
    return wide && linear >> (top - 1) & 1 ? linear | ~0ull << top : linear;
}

/* The whole table at `at`, that of a level for the addresses from `linear` on. */
static void search_table(struct search *search, unsigned level, uint64_t at, struct hw_mapping above) {
    const struct mmu_context *mmu = search->mmu;
    uint8_t table[MMU_PAGE_SIZE];
    struct walk reader = {.mmu = mmu};
    if (search->budget == 0 || mmu_peek_physical(mmu->memory, mmu_phys(at), table, sizeof table) != sizeof table)
        return;
    search->budget--;
    for (unsigned i = 0; i < 1u << mmu->index_bits; i++) {
        uint64_t entry = entry_at(&reader, table, i);
        bool leaf = level == 1 || ((entry & MMU_PTE_PS) && (mmu->large_levels >> level & 1));
        if (!(entry & MMU_PTE_P) || (entry & mmu->reserved[level][leaf]))
            continue;
        struct hw_mapping here = {above.linear + i * span_of(mmu, level), at + (uint64_t)i * mmu->entry_bytes, entry,
                                  above.user && (entry & MMU_PTE_U), above.writable && (entry & MMU_PTE_W)};
        if (!leaf) {
            search_table(search, level - 1, entry & mmu->frame_mask, here);
            continue;
        }
        uint64_t address = level == 1 ? entry & mmu->frame_mask : large_address(mmu, level, entry);
        uint64_t inside = search->pfn - (address >> MMU_PAGE_SHIFT);
        if (inside >= span_of(mmu, level) >> MMU_PAGE_SHIFT)
            continue;
        here.linear = canonical(mmu, here.linear + (inside << MMU_PAGE_SHIFT));
        found(search, &here);
    }
}

size_t hardware_mappings(const struct mmu_context *mmu, uint64_t pfn, struct hw_mapping *to, size_t most) {
    struct search search = {.mmu = mmu, .pfn = pfn, .to = to, .most = most, .budget = SEARCH_BUDGET};
    struct hw_mapping all = {.user = true, .writable = true};
    if (mmu->mode == MMU_MODE_PAE)
        for (unsigned i = 0; i < 4; i++) {
            all.linear = (uint64_t)i << 30;
            if (mmu->state.pdpte[i] & MMU_PTE_P)
                search_table(&search, 2, mmu->state.pdpte[i] & mmu->frame_mask, all);
        }
    else if (mmu->mode != MMU_MODE_NONE)
        search_table(&search, mmu->levels, mmu->root, all);
    return search.count;
}

const char *hw_use_name(enum hw_use use) {
    static const char *const names[HW_USES] = {"not mapped", "page table",      "kernel, read-only",
                                               "kernel",     "user, read-only", "user"};
    return (unsigned)use < HW_USES ? names[use] : "unknown";
}
