/* Which entries map a frame, and what they say. */
#include "emu/kernelview/internal.h"

#include <stdlib.h>
#include <string.h>

size_t kernelview_owners(struct kernelview *view, const struct mmu_context *mmu, uint64_t pfn, struct kv_owner *to,
                         size_t most) {
    (void)view, (void)mmu, (void)pfn, (void)to, (void)most;
    return 0;
}

bool kernelview_bits(struct kernelview *view, const struct mmu_context *mmu, struct kv_bits *to) {
    (void)view, (void)mmu;
    memset(to, 0, sizeof *to);
    return true;
}

void kernelview_bits_free(struct kv_bits *bits) {
    free(bits->of);
    free(bits->mapcount);
    memset(bits, 0, sizeof *bits);
}

bool kernelview_entries(struct kernelview *view, const struct mmu_context *mmu, int pid, unsigned index,
                        struct kv_entries *to) {
    (void)view, (void)mmu, (void)pid, (void)index, (void)to;
    return false;
}
