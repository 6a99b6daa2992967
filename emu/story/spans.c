/* Waits, transfers and free pages over time: see biography.h. */
#include "emu/story/internal.h"

size_t story_spans(const struct story *story, struct story_span *to, size_t most) {
    (void)story, (void)to, (void)most;
    return 0;
}
size_t story_samples(const struct story *story, struct story_sample *to, size_t most) {
    (void)story, (void)to, (void)most;
    return 0;
}
