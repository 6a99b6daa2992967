/* The kernel's call path of a fault: who called whom down to the branch. */
#include "emu/story/internal.h"

void story_call_path(struct story *story, uint32_t pid, const uint32_t *path, unsigned count) {
    (void)story, (void)pid, (void)path, (void)count;
}

const char *story_path_name(const struct story *story, const struct story_fault *fault, unsigned i,
                            struct image_line *line) {
    (void)story, (void)fault, (void)i, (void)line;
    return "";
}
