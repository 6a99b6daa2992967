/*
 * Reads of linear memory for viewers: no A, no D, no fault, no device.
 */
#include "mmu/entry.h"
#include "mmu/memory.h"

/* A reader whom rights do not stop: a viewer wants to see every page that is mapped. */
static struct mmu_context viewer_context(const struct mmu_context *context) {
    struct mmu_context viewer = *context;
    viewer.state.rflags_ac = true;
    viewer.state.pkru = 0;
    return viewer;
}

size_t mmu_peek_read(const struct mmu_context *context, mmu_laddr from, void *to, size_t size) {
    struct mmu_context viewer = viewer_context(context);
    size_t done = 0;
    while (done < size) {
        struct mmu_access access = {.linear = mmu_linear(from.value + done), .kind = MMU_READ};
        struct mmu_result result = mmu_peek(&viewer, access, NULL);
        if (result.status != MMU_OK)
            break;
        size_t part = MMU_PAGE_SIZE - (access.linear.value & (MMU_PAGE_SIZE - 1));
        if (part > size - done)
            part = size - done;
        size_t copied = mmu_peek_physical(context->memory, result.physical, (uint8_t *)to + done, part);
        done += copied;
        if (copied < part)
            break;
    }
    return done;
}
