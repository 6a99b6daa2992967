/*
 * The path of one walk: what was read on the way down, before anything is decided or written.
 *
 * translate = follow the path, check the rights, commit A and D. Peek leaves the last part out, a record is
 * made from the path afterwards: the fast path pays for neither.
 */
#ifndef FAULTLINE_MMU_WALK_H
#define FAULTLINE_MMU_WALK_H

#include "mmu/mmu.h"

/* One table entry that was read from memory. */
struct path_entry {
    uint64_t at, value;
    uint8_t *host; /* NULL when A and D cannot be written there: absent memory or ROM */
};

/* entry[count - 1] is the leaf, or the entry that refused. In PAE mode the PDPTE register is not part of it. */
struct mmu_path {
    enum mmu_rule refused; /* NON_CANONICAL, NOT_PRESENT, RESERVED, or NONE: there is a translation */
    uint8_t count;
    uint8_t last_level; /* the level of entry[count - 1]; LEVEL_PDPTE with count 0: the PAE register refused */
    uint8_t combined;   /* W (bit 0) and U (bit 1) of every entry, NX (bit 2) of any */
    uint32_t rights;    /* what the accessor may do, before the rule of the clean page */
    struct path_entry entry[MMU_MAX_LEVELS];
};

#define COMBINED_W 1u
#define COMBINED_U 2u
#define COMBINED_NX 4u

/* A write by implicit access or at CPL < 3 is a supervisor's. */
static inline bool access_is_user(struct mmu_access access) { return access.user && !access.implicit; }

static inline uint32_t access_right(struct mmu_access access) { return 1u << access.kind; }

_Static_assert(1u << MMU_READ == MMU_RIGHT_READ && 1u << MMU_WRITE == MMU_RIGHT_WRITE &&
                   1u << MMU_FETCH == MMU_RIGHT_EXEC,
               "a kind of access shifts to its right");

/* A set in every entry, and D in the leaf on a write: what a successful access leaves at entry i. */
static inline uint64_t path_marks(const struct mmu_path *path, unsigned i, struct mmu_access access) {
    bool dirties = access.kind == MMU_WRITE && i + 1u == path->count;
    return MMU_PTE_A | (dirties ? MMU_PTE_D : 0);
}

/* The fault for a path that was refused or lacks the right. Chooses rule and error code, SDM 4.7. */
struct mmu_result fault_result(const struct mmu_context *context, const struct mmu_path *path,
                               struct mmu_access access);

/* Writes the record of a path that ended in result. */
void record_walk(const struct mmu_context *context, const struct mmu_path *path, struct mmu_access access,
                 struct mmu_result result, struct mmu_walk *walk);

#endif
