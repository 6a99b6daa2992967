/*
 * Reads of linear memory for viewers: no A, no D, no fault, no device.
 */
#include "mmu/mmu.h"

#include <string.h>

size_t mmu_peek_read(const struct mmu_context *context, mmu_laddr from, void *to, size_t size) {
    size_t done = 0;
    while (done < size) {
        uint64_t run;
        const uint8_t *host = mmu_peek_run(context, mmu_linear(from.value + done), &run);
        if (host == NULL)
            break;
        size_t part = run < size - done ? (size_t)run : size - done;
        memcpy((uint8_t *)to + done, host, part);
        done += part;
    }
    return done;
}
