/*
 * The walk: one loop for every mode, driven by the tables in struct mmu_context.
 *
 *          CR3 or PDPTE register                      entry of level n
 *                  |                    +--------------------------------------------+
 *                  v                    | P = 0          -> not present, stop        |
 *     levels .. 1: read entry --------> | reserved bit   -> reserved, stop           |
 *                  ^                    | leaf           -> frame; check the rights  |
 *                  |                    | otherwise      -> next table               |
 *                  +--------------------+--------------------------------------------+
 *
 * What it keeps true:
 *   - an entry is judged in the order present, reserved bits; rights are judged after the last level, so that
 *     a missing lower entry wins over a right that an upper one denies (SDM 4.6, 4.7);
 *   - memory is written by commit() only, when everything has succeeded;
 *   - the loop ends after at most context->levels entries, whatever the tables hold.
 */
#include "mmu/walk.h"

#include "mmu/entry.h"
#include "mmu/memory.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "entries are read as the host's own little-endian words");

#define INLINE static inline __attribute__((always_inline))

INLINE void read_entry(const struct mmu_context *context, uint64_t at, struct path_entry *entry) {
    unsigned bytes = context->entry_bytes;
    const struct mmu_region *region = memory_region(context->memory, at, bytes);
    entry->at = at;
    entry->host = NULL;
    entry->value = bytes == 4 ? (uint32_t)ENTRY_ABSENT : ENTRY_ABSENT;
    if (region == NULL)
        return;
    uint8_t *host = region->host + (at - region->base);
    if (bytes == 4) {
        uint32_t word;
        memcpy(&word, host, sizeof word);
        entry->value = word;
    } else {
        memcpy(&entry->value, host, sizeof entry->value);
    }
    if (region->writable)
        entry->host = host;
}

/* SDM 4.5.1: bits 63..47 (63..56 with 5 levels) are all equal. */
INLINE bool is_canonical(const struct mmu_context *context, uint64_t linear) {
    unsigned bits = MMU_PAGE_SHIFT + context->levels * 9u;
    uint64_t above = (uint64_t)((int64_t)linear >> (bits - 1));
    return above == 0 || above == ~0ull;
}

INLINE uint64_t offset_mask(const struct mmu_context *context, unsigned level) {
    return (1ull << (MMU_PAGE_SHIFT + (level - 1u) * context->index_bits)) - 1;
}

/* SDM 4.6.2: a key restricts data accesses to user-mode addresses; WD stops a supervisor only with CR0.WP. */
INLINE uint32_t without_key_rights(const struct mmu_context *context, uint32_t rights, uint64_t leaf, bool user) {
    uint32_t key = context->state.pkru >> (2 * entry_key(leaf));
    if (key & PKRU_AD)
        return rights & ~(MMU_RIGHT_READ | MMU_RIGHT_WRITE);
    if ((key & PKRU_WD) && (user || (context->state.cr0 & MMU_CR0_WP)))
        return rights & ~MMU_RIGHT_WRITE;
    return rights;
}

INLINE enum mmu_accessor accessor_of(const struct mmu_context *context, struct mmu_access access) {
    if (access_is_user(access))
        return MMU_ACCESSOR_USER;
    if (context->state.rflags_ac && !access.implicit)
        return MMU_ACCESSOR_SUPERVISOR_AC;
    return MMU_ACCESSOR_SUPERVISOR;
}

INLINE void set_path_rights(const struct mmu_context *context, struct mmu_access access, uint64_t all, uint64_t any,
                            struct mmu_path *path) {
    unsigned combined = (unsigned)(all >> 1 & (COMBINED_W | COMBINED_U)) | (any & MMU_PTE_NX ? COMBINED_NX : 0);
    uint32_t rights = context->rights[accessor_of(context, access)][combined];
    if (context->protection_keys && (combined & COMBINED_U))
        rights = without_key_rights(context, rights, path->entry[path->count - 1].value, access_is_user(access));
    path->combined = (uint8_t)combined;
    path->rights = rights;
}

/* The first table in memory; false when the address leads to none. */
INLINE bool find_root(const struct mmu_context *context, uint64_t linear, struct mmu_path *path, uint64_t *table) {
    *table = context->root;
    if (context->mode == MMU_MODE_PAE) {
        uint64_t pdpte = context->state.pdpte[linear >> 30];
        *table = pdpte & context->frame_mask;
        path->last_level = LEVEL_PDPTE;
        path->refused = pdpte & MMU_PTE_P ? MMU_RULE_NONE : MMU_RULE_NOT_PRESENT;
    } else if (context->levels >= 4 && !is_canonical(context, linear)) {
        path->refused = MMU_RULE_NON_CANONICAL;
    }
    return path->refused == MMU_RULE_NONE;
}

INLINE void follow(const struct mmu_context *context, struct mmu_access access, struct mmu_path *path) {
    uint64_t linear = access.linear.value & context->linear_mask;
    uint64_t table, all = ~0ull, any = 0;
    path->refused = MMU_RULE_NONE;
    path->count = 0;
    if (!find_root(context, linear, path, &table))
        return;
    for (unsigned level = context->levels;; level--) {
        unsigned shift = MMU_PAGE_SHIFT + (level - 1) * context->index_bits;
        uint64_t index = linear >> shift & ((1u << context->index_bits) - 1);
        struct path_entry *entry = &path->entry[path->count++];
        read_entry(context, table + index * context->entry_bytes, entry);
        path->last_level = (uint8_t)level;
        bool large = (entry->value & MMU_PTE_PS) && (context->large_levels >> level & 1);
        bool leaf = large || level == LEVEL_PTE;
        if (!(entry->value & MMU_PTE_P)) {
            path->refused = MMU_RULE_NOT_PRESENT;
            return;
        }
        if (entry->value & context->reserved[level][leaf]) {
            path->refused = MMU_RULE_RESERVED;
            return;
        }
        all &= entry->value;
        any |= entry->value;
        if (leaf)
            break;
        table = entry->value & context->frame_mask;
    }
    set_path_rights(context, access, all, any, path);
}

/* A and D are in the lowest byte of every entry: no other byte of guest memory is touched. */
INLINE void commit(const struct mmu_path *path, struct mmu_access access) {
    for (unsigned i = 0; i < path->count; i++) {
        const struct path_entry *entry = &path->entry[i];
        uint64_t marks = path_marks(path, i, access);
        if ((entry->value & marks) != marks && entry->host != NULL)
            *entry->host |= (uint8_t)marks;
    }
}

/* commit() would change an entry. */
INLINE bool changes_entry(const struct mmu_path *path, struct mmu_access access) {
    for (unsigned i = 0; i < path->count; i++) {
        uint64_t marks = path_marks(path, i, access);
        if ((path->entry[i].value & marks) != marks && path->entry[i].host != NULL)
            return true;
    }
    return false;
}

INLINE bool is_allowed(const struct mmu_path *path, struct mmu_access access) {
    return path->refused == MMU_RULE_NONE && (path->rights & access_right(access));
}

INLINE struct mmu_result success(const struct mmu_context *context, const struct mmu_path *path,
                                 struct mmu_access access) {
    uint64_t leaf = path->entry[path->count - 1].value;
    uint64_t offset = offset_mask(context, path->last_level);
    uint64_t frame = leaf & context->frame_mask & ~offset;
    if (context->mode == MMU_MODE_32BIT && path->last_level == LEVEL_PDE)
        frame = entry_pse36_frame(leaf);
    uint32_t rights = path->rights;
    if (access.kind != MMU_WRITE && !(leaf & MMU_PTE_D))
        rights &= ~MMU_RIGHT_WRITE;
    return (struct mmu_result){
        .status = MMU_OK,
        .physical = mmu_phys(frame | (access.linear.value & offset)),
        .page_size = offset + 1,
        .rights = rights,
        .global = (leaf & MMU_PTE_G) && (context->state.cr4 & MMU_CR4_PGE),
    };
}

/* SDM 4.1: without paging a linear address is the physical one, 32 bits wide. */
static struct mmu_result without_paging(const struct mmu_context *context, struct mmu_access access) {
    return (struct mmu_result){
        .status = MMU_OK,
        .physical = mmu_phys(access.linear.value & context->linear_mask),
        .page_size = MMU_PAGE_SIZE,
        .rights = MMU_RIGHT_READ | MMU_RIGHT_WRITE | MMU_RIGHT_EXEC,
    };
}

INLINE struct mmu_result judge(const struct mmu_context *context, const struct mmu_path *path,
                               struct mmu_access access) {
    if (__builtin_expect(is_allowed(path, access), 1))
        return success(context, path, access);
    return fault_result(context, path, access);
}

struct mmu_result mmu_translate(const struct mmu_context *context, struct mmu_access access) {
    struct mmu_path path;
    if (context->mode == MMU_MODE_NONE)
        return without_paging(context, access);
    follow(context, access, &path);
    if (is_allowed(&path, access))
        commit(&path, access);
    return judge(context, &path, access);
}

static struct mmu_result walk_recorded(const struct mmu_context *context, struct mmu_access access,
                                       struct mmu_walk *walk, bool with_effect) {
    struct mmu_path path = {.count = 0};
    struct mmu_result result;
    if (context->mode == MMU_MODE_NONE) {
        result = without_paging(context, access);
    } else {
        follow(context, access, &path);
        result = judge(context, &path, access);
        if (with_effect && result.status == MMU_OK)
            commit(&path, access);
    }
    record_walk(context, &path, access, result, walk);
    return result;
}

struct mmu_result mmu_translate_recorded(const struct mmu_context *context, struct mmu_access access,
                                         struct mmu_walk *walk) {
    return walk_recorded(context, access, walk, true);
}

struct mmu_result mmu_translate_noted(const struct mmu_context *context, struct mmu_access access,
                                      struct mmu_walk *walk, bool *changed) {
    struct mmu_path path;
    *changed = false;
    if (context->mode == MMU_MODE_NONE)
        return without_paging(context, access);
    follow(context, access, &path);
    struct mmu_result result = judge(context, &path, access);
    *changed = result.status == MMU_OK && changes_entry(&path, access);
    if (*changed) {
        commit(&path, access);
        record_walk(context, &path, access, result, walk);
    }
    return result;
}

struct mmu_result mmu_peek(const struct mmu_context *context, struct mmu_access access, struct mmu_walk *walk) {
    struct mmu_path path;
    if (walk != NULL)
        return walk_recorded(context, access, walk, false);
    if (context->mode == MMU_MODE_NONE)
        return without_paging(context, access);
    follow(context, access, &path);
    return judge(context, &path, access);
}

/* A viewer wants to see every page that is mapped, so the rights along the path are not asked. */
const uint8_t *mmu_peek_run(const struct mmu_context *context, mmu_laddr at, uint64_t *run) {
    struct mmu_access access = {.linear = at, .kind = MMU_READ};
    struct mmu_path path;
    struct mmu_result result = without_paging(context, access);
    if (context->mode != MMU_MODE_NONE) {
        follow(context, access, &path);
        if (path.refused != MMU_RULE_NONE)
            return NULL;
        result = success(context, &path, access);
    }
    const struct mmu_region *region = memory_region(context->memory, result.physical.value, 1);
    if (region == NULL)
        return NULL;
    uint64_t mapped = result.page_size - (at.value & (result.page_size - 1));
    uint64_t here = region->end - result.physical.value;
    *run = mapped < here ? mapped : here;
    return region->host + (result.physical.value - region->base);
}
