/*
 * The record of a walk, made from its path when the walk is over.
 */
#include "mmu/walk.h"

#include "mmu/entry.h"

/* Does this entry take part in what the rule refused? For the rules about user pages every entry has U, and
 * the leaf, which makes the page, is named. */
static bool breaks(enum mmu_rule rule, uint64_t entry, bool last) {
    switch (rule) {
    case MMU_RULE_READ_ONLY: return !(entry & MMU_PTE_W);
    case MMU_RULE_SUPERVISOR_ONLY: return !(entry & MMU_PTE_U);
    case MMU_RULE_NO_EXECUTE: return entry & MMU_PTE_NX;
    case MMU_RULE_NOT_PRESENT:
    case MMU_RULE_RESERVED:
    case MMU_RULE_SMEP:
    case MMU_RULE_SMAP:
    case MMU_RULE_PROTECTION_KEY: return last;
    case MMU_RULE_NONE:
    case MMU_RULE_NON_CANONICAL: break;
    }
    return false;
}

/* SDM 4.4.1: the PAE PDPTE register, loaded from the 32-byte table that CR3 points to. */
static void record_pdpte_register(const struct mmu_context *context, const struct mmu_path *path,
                                  struct mmu_walk *walk) {
    unsigned index = (unsigned)(walk->access.linear.value & context->linear_mask) >> 30;
    uint64_t value = context->state.pdpte[index];
    walk->steps[walk->count++] = (struct mmu_step){
        .level = LEVEL_PDPTE,
        .index = (uint16_t)index,
        .at = mmu_phys((context->state.cr3 & PDPTE_REGISTER_TABLE_MASK) + index * sizeof value),
        .before = value,
        .after = value,
        .refused = path->count == 0 ? path->refused : MMU_RULE_NONE,
    };
}

static void record_entry(const struct mmu_context *context, const struct mmu_path *path, unsigned i,
                         struct mmu_walk *walk) {
    const struct path_entry *entry = &path->entry[i];
    unsigned level = context->levels - i;
    bool last = i + 1u == path->count;
    bool leaf = level == LEVEL_PTE || ((entry->value & MMU_PTE_PS) && (context->large_levels >> level & 1));
    unsigned shift = MMU_PAGE_SHIFT + (level - 1u) * context->index_bits;
    uint64_t marks = walk->result.status == MMU_OK && entry->host != NULL ? path_marks(path, i, walk->access) : 0;
    enum mmu_rule rule = walk->result.rule;
    walk->steps[walk->count++] = (struct mmu_step){
        .level = (uint8_t)level,
        .index = (uint16_t)(walk->access.linear.value >> shift & ((1u << context->index_bits) - 1)),
        .at = mmu_phys(entry->at),
        .before = entry->value,
        .after = entry->value | marks,
        .reserved = rule == MMU_RULE_RESERVED && last ? entry->value & context->reserved[level][leaf] : 0,
        .leaf = leaf,
        .absent = mmu_host(context->memory, mmu_phys(entry->at), context->entry_bytes) == NULL,
        .refused = breaks(rule, entry->value, last) ? rule : MMU_RULE_NONE,
    };
}

void record_walk(const struct mmu_context *context, const struct mmu_path *path, struct mmu_access access,
                 struct mmu_result result, struct mmu_walk *walk) {
    *walk = (struct mmu_walk){.mode = context->mode, .access = access, .result = result};
    if (context->mode == MMU_MODE_PAE)
        record_pdpte_register(context, path, walk);
    for (unsigned i = 0; i < path->count; i++)
        record_entry(context, path, i, walk);
}
