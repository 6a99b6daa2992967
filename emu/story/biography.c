/* The log and the lives of frames: see biography.h. */
#include "emu/story/internal.h"

bool story_log_entry(const struct story *story, uint64_t number, struct story_log_entry *to) {
    (void)story, (void)number, (void)to;
    return false;
}
uint64_t story_log_count(const struct story *story) {
    (void)story;
    return 0;
}
size_t story_life(const struct story *story, uint64_t pfn, struct story_log_entry *to, size_t most, uint64_t *total) {
    (void)story, (void)pfn, (void)to, (void)most;
    *total = 0;
    return 0;
}
size_t story_log_text(const struct story *story, const struct story_log_entry *entry, char *text, size_t size) {
    (void)story, (void)entry;
    if (size)
        text[0] = '\0';
    return 0;
}
uint64_t story_log_newest(const struct story *story, uint64_t pfn) {
    (void)story, (void)pfn;
    return 0;
}
bool story_touched(const struct story *story, uint32_t pid, uint64_t linear) {
    (void)story, (void)pid, (void)linear;
    return false;
}
