/*
 * Reads of linear memory for viewers: no A, no D, no fault, no device.
 */
#include "mmu/entry.h"
#include "mmu/memory.h"

#include <string.h>

/* A reader whom rights do not stop: a viewer wants to see every page that is mapped. */
static struct mmu_context viewer_context(const struct mmu_context *context) {
    struct mmu_context viewer = *context;
    viewer.state.rflags_ac = true;
    viewer.state.pkru = 0;
    return viewer;
}

static const uint8_t *run_at(const struct mmu_context *viewer, mmu_laddr at, uint64_t *run) {
    struct mmu_access access = {.linear = at, .kind = MMU_READ};
    struct mmu_result result = mmu_peek(viewer, access, NULL);
    if (result.status != MMU_OK)
        return NULL;
    const struct mmu_region *region = memory_region(viewer->memory, result.physical.value, 1);
    if (region == NULL)
        return NULL;
    uint64_t mapped = result.page_size - (at.value & (result.page_size - 1));
    uint64_t here = region->end - result.physical.value;
    *run = mapped < here ? mapped : here;
    return region->host + (result.physical.value - region->base);
}

const uint8_t *mmu_peek_run(const struct mmu_context *context, mmu_laddr at, uint64_t *run) {
    struct mmu_context viewer = viewer_context(context);
    return run_at(&viewer, at, run);
}

size_t mmu_peek_read(const struct mmu_context *context, mmu_laddr from, void *to, size_t size) {
    struct mmu_context viewer = viewer_context(context);
    size_t done = 0;
    while (done < size) {
        uint64_t run;
        const uint8_t *host = run_at(&viewer, mmu_linear(from.value + done), &run);
        if (host == NULL)
            break;
        size_t part = run < size - done ? (size_t)run : size - done;
        memcpy((uint8_t *)to + done, host, part);
        done += part;
    }
    return done;
}
