/*
 * The tables that drive the walker, made from the control registers: mode, shape, reserved bits, rights.
 *
 * A walk looks only at what is prepared here. Rules that depend on registers alone (which bits are reserved,
 * who may do what with a page of given flags) are decided here once, not at every walk.
 */
#include "mmu/entry.h"
#include "mmu/memory.h"

#include <string.h>

#define MAXPHYADDR_MIN 32
#define MAXPHYADDR_MAX 52

static uint8_t clamp_maxphyaddr(uint8_t bits) {
    if (bits < MAXPHYADDR_MIN)
        return MAXPHYADDR_MIN;
    return bits > MAXPHYADDR_MAX ? MAXPHYADDR_MAX : bits;
}

/* SDM 4.1.1 and figure 4-1. */
static enum mmu_mode mode_of(const struct mmu_state *state) {
    if (!(state->cr0 & MMU_CR0_PG))
        return MMU_MODE_NONE;
    if (!(state->cr4 & MMU_CR4_PAE))
        return MMU_MODE_32BIT;
    if (!(state->efer & MMU_EFER_LME))
        return MMU_MODE_PAE;
    return state->cr4 & MMU_CR4_LA57 ? MMU_MODE_5LEVEL : MMU_MODE_4LEVEL;
}

/* What each mode looks like; the rest of this file fills in what the registers change. */
static const struct shape {
    uint8_t levels, index_bits, entry_bytes, large_levels;
    uint64_t linear_mask, root_mask;
} shapes[] = {
    [MMU_MODE_NONE] = {0, 0, 0, 0, 0xFFFFFFFF, 0},
    [MMU_MODE_32BIT] = {2, 10, 4, 0, 0xFFFFFFFF, 0xFFFFF000},
    [MMU_MODE_PAE] = {2, 9, 8, 1u << LEVEL_PDE, 0xFFFFFFFF, 0},
    [MMU_MODE_4LEVEL] = {4, 9, 8, 1u << LEVEL_PDE | 1u << LEVEL_PDPTE, ~0ull, ~0xFFFull},
    [MMU_MODE_5LEVEL] = {5, 9, 8, 1u << LEVEL_PDE | 1u << LEVEL_PDPTE, ~0ull, ~0xFFFull},
};

/* SDM table 4-4: only a large PDE has reserved bits, and it exists only with CR4.PSE. */
static void set_reserved_32bit(struct mmu_context *context) {
    unsigned bits = context->state.maxphyaddr < PSE36_MAX_BITS ? context->state.maxphyaddr : PSE36_MAX_BITS;
    unsigned first = PSE36_SHIFT + (bits - 32);
    context->reserved[LEVEL_PDE][1] = entry_bits(first, 22);
}

/* SDM tables 4-9 to 4-11 and 4-14 to 4-20. */
static void set_reserved_64bit(struct mmu_context *context) {
    unsigned top = context->mode == MMU_MODE_PAE ? 63 : 52;
    uint64_t always = entry_bits(context->state.maxphyaddr, top);
    if (!(context->state.efer & MMU_EFER_NXE))
        always |= MMU_PTE_NX;
    for (unsigned level = LEVEL_PTE; level <= MMU_MAX_LEVELS; level++)
        context->reserved[level][0] = context->reserved[level][1] = always;
    context->reserved[LEVEL_PDE][1] |= entry_bits(13, 21);
    context->reserved[LEVEL_PDPTE][1] |= entry_bits(13, 30);
    context->reserved[LEVEL_PML4E][0] |= MMU_PTE_PS;
    context->reserved[LEVEL_PML5E][0] |= MMU_PTE_PS;
}

/* SDM 4.6.1, user-mode accesses. */
static uint8_t user_rights(bool writable, bool user, bool no_execute) {
    if (!user)
        return 0;
    unsigned rights = MMU_RIGHT_READ;
    if (writable)
        rights |= MMU_RIGHT_WRITE;
    if (!no_execute)
        rights |= MMU_RIGHT_EXEC;
    return (uint8_t)rights;
}

/* SDM 4.6.1, supervisor-mode accesses. over_smap: explicit and EFLAGS.AC = 1. */
static uint8_t supervisor_rights(const struct mmu_state *state, bool over_smap, bool writable, bool user,
                                 bool no_execute) {
    unsigned rights = 0;
    if (!user || over_smap || !(state->cr4 & MMU_CR4_SMAP)) {
        rights |= MMU_RIGHT_READ;
        if (writable || !(state->cr0 & MMU_CR0_WP))
            rights |= MMU_RIGHT_WRITE;
    }
    if (!no_execute && !(user && (state->cr4 & MMU_CR4_SMEP)))
        rights |= MMU_RIGHT_EXEC;
    return (uint8_t)rights;
}

static void set_rights(struct mmu_context *context) {
    for (unsigned flags = 0; flags < 8; flags++) {
        bool writable = flags & 1, user = flags & 2, no_execute = flags & 4;
        const struct mmu_state *state = &context->state;
        context->rights[MMU_ACCESSOR_USER][flags] = user_rights(writable, user, no_execute);
        context->rights[MMU_ACCESSOR_SUPERVISOR][flags] = supervisor_rights(state, false, writable, user, no_execute);
        context->rights[MMU_ACCESSOR_SUPERVISOR_AC][flags] = supervisor_rights(state, true, writable, user, no_execute);
    }
}

void mmu_context_init(struct mmu_context *context, const struct mmu_memory *memory, const struct mmu_state *state) {
    enum mmu_mode mode = mode_of(state);
    const struct shape *shape = &shapes[mode];
    *context = (struct mmu_context){
        .state = *state,
        .memory = memory,
        .mode = mode,
        .linear_mask = shape->linear_mask,
        .levels = shape->levels,
        .index_bits = shape->index_bits,
        .entry_bytes = shape->entry_bytes,
        .large_levels = shape->large_levels,
    };
    context->state.maxphyaddr = clamp_maxphyaddr(state->maxphyaddr);
    context->frame_mask = entry_bits(MMU_PAGE_SHIFT, context->state.maxphyaddr);
    context->root = state->cr3 & shape->root_mask & context->frame_mask;
    if (mode == MMU_MODE_32BIT) {
        context->large_levels = state->cr4 & MMU_CR4_PSE ? 1u << LEVEL_PDE : 0;
        set_reserved_32bit(context);
    } else {
        set_reserved_64bit(context);
    }
    context->protection_keys = context->levels >= 4 && (state->cr4 & MMU_CR4_PKE);
    set_rights(context);
}

bool mmu_load_pdptes(const struct mmu_memory *memory, uint64_t cr3, uint8_t maxphyaddr, uint64_t pdpte[4]) {
    uint64_t reserved = PDPTE_REGISTER_RESERVED | entry_bits(clamp_maxphyaddr(maxphyaddr), 64);
    uint64_t loaded[PDPTE_REGISTERS];
    for (unsigned i = 0; i < PDPTE_REGISTERS; i++) {
        uint64_t at = (cr3 & PDPTE_REGISTER_TABLE_MASK) + i * sizeof loaded[i];
        const uint8_t *host = mmu_host(memory, mmu_phys(at), sizeof loaded[i]);
        loaded[i] = ENTRY_ABSENT;
        if (host != NULL)
            memcpy(&loaded[i], host, sizeof loaded[i]);
        if ((loaded[i] & MMU_PTE_P) && (loaded[i] & reserved))
            return false;
    }
    memcpy(pdpte, loaded, sizeof loaded);
    return true;
}
