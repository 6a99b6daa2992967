/*
 * Reads of guest physical memory for viewers, and the bounds check that stands between the guest and the host.
 */
#include "mmu/memory.h"

#include <string.h>

uint8_t *mmu_host(const struct mmu_memory *memory, mmu_paddr at, size_t size) {
    const struct mmu_region *region = memory_region(memory, at.value, size);
    return region ? region->host + (at.value - region->base) : NULL;
}

size_t mmu_peek_physical(const struct mmu_memory *memory, mmu_paddr from, void *to, size_t size) {
    size_t done = 0;
    while (done < size) {
        uint64_t at = from.value + done;
        const struct mmu_region *region = memory_region(memory, at, 1);
        if (region == NULL || at < from.value)
            break;
        uint64_t here = region->end - at;
        size_t part = here < size - done ? (size_t)here : size - done;
        memcpy((uint8_t *)to + done, region->host + (at - region->base), part);
        done += part;
    }
    return done;
}
