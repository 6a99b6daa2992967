/*
 * Guest physical memory as the walker sees it: runs of host memory, nothing between them.
 */
#ifndef FAULTLINE_MMU_MEMORY_H
#define FAULTLINE_MMU_MEMORY_H

#include "mmu/mmu.h"

/* The region that holds all of [at, at + size), or NULL. Safe for every value of at and size. */
static inline const struct mmu_region *memory_region(const struct mmu_memory *memory, uint64_t at, size_t size) {
    for (size_t i = 0; i < memory->count; i++) {
        const struct mmu_region *region = &memory->regions[i];
        if (at >= region->base && at < region->end)
            return region->end - at >= size ? region : NULL;
    }
    return NULL;
}

#endif
