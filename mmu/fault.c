/*
 * Why an access is refused: the rule and the error code (SDM 4.7).
 *
 * The error code describes the access and, bit by bit, the cause; it does not depend on the order in which
 * rules are looked at. The rule is ours, for people: when several refuse, the first of
 *
 *     not present / reserved (where the walk stopped)
 *     supervisor-only page | SMAP, SMEP      who touches whose page
 *     read-only | no-execute                 what is done to it
 *     protection key
 *
 * is named. Bit PK is set whenever the key alone would refuse, also when another rule is named.
 */
#include "mmu/walk.h"

#include "mmu/entry.h"

/* SDM 4.7: I/D tells a fetch only where paging can tell fetches from reads at all. */
static bool fetches_are_told(const struct mmu_state *state) {
    return (state->cr4 & MMU_CR4_SMEP) || ((state->cr4 & MMU_CR4_PAE) && (state->efer & MMU_EFER_NXE));
}

static uint32_t access_bits(const struct mmu_context *context, struct mmu_access access) {
    uint32_t code = 0;
    if (access.kind == MMU_WRITE)
        code |= MMU_ERR_W;
    if (access_is_user(access))
        code |= MMU_ERR_U;
    if (access.kind == MMU_FETCH && fetches_are_told(&context->state))
        code |= MMU_ERR_ID;
    return code;
}

/* SDM 4.6.2, 4.7 (PK): a data access to a user-mode address whose key forbids it. */
static bool key_refuses(const struct mmu_context *context, const struct mmu_path *path, struct mmu_access access) {
    if (!context->protection_keys || !(path->combined & COMBINED_U) || access.kind == MMU_FETCH)
        return false;
    uint32_t key = context->state.pkru >> (2 * entry_key(path->entry[path->count - 1].value));
    if (key & PKRU_AD)
        return true;
    bool writes_are_checked = access_is_user(access) || (context->state.cr0 & MMU_CR0_WP);
    return (key & PKRU_WD) && access.kind == MMU_WRITE && writes_are_checked;
}

/* The first rule by which the combined rights refuse the access; the caller knows that one does. */
static enum mmu_rule rights_rule(const struct mmu_context *context, const struct mmu_path *path,
                                 struct mmu_access access) {
    bool user_page = path->combined & COMBINED_U;
    bool fetch = access.kind == MMU_FETCH;
    bool lifted = context->state.rflags_ac && !access.implicit;
    if (access_is_user(access)) {
        if (!user_page)
            return MMU_RULE_SUPERVISOR_ONLY;
    } else if (user_page) {
        if (fetch && (context->state.cr4 & MMU_CR4_SMEP))
            return MMU_RULE_SMEP;
        if (!fetch && (context->state.cr4 & MMU_CR4_SMAP) && !lifted)
            return MMU_RULE_SMAP;
    }
    if (fetch)
        return MMU_RULE_NO_EXECUTE;
    bool write_protected = access_is_user(access) || (context->state.cr0 & MMU_CR0_WP);
    if (access.kind == MMU_WRITE && !(path->combined & COMBINED_W) && write_protected)
        return MMU_RULE_READ_ONLY;
    return MMU_RULE_PROTECTION_KEY;
}

struct mmu_result fault_result(const struct mmu_context *context, const struct mmu_path *path,
                               struct mmu_access access) {
    struct mmu_result result = {.status = MMU_FAULT, .rule = path->refused};
    switch (path->refused) {
    case MMU_RULE_NON_CANONICAL: return result;
    case MMU_RULE_NOT_PRESENT: result.error_code = access_bits(context, access); return result;
    case MMU_RULE_RESERVED: result.error_code = access_bits(context, access) | MMU_ERR_P | MMU_ERR_RSVD; return result;
    default: break;
    }
    result.rule = rights_rule(context, path, access);
    result.error_code = access_bits(context, access) | MMU_ERR_P;
    if (key_refuses(context, path, access))
        result.error_code |= MMU_ERR_PK;
    return result;
}
