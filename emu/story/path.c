/*
 * The kernel's call path of a fault: who called whom down to the branch. A record keeps return addresses; names are
 * found when somebody reads them, and remembered by address. The call lies before the address to which it returns.
 */
#include "emu/story/internal.h"

#include <string.h>

void story_call_path(struct story *story, uint32_t pid, const uint32_t *path, unsigned count) {
    struct open_fault *open = feed_innermost(story, pid);
    if (!open)
        return;
    open->record->path_count = count < STORY_PATH_MAX ? count : STORY_PATH_MAX;
    memcpy(open->record->path, path, open->record->path_count * sizeof(path[0]));
}

static void look_up(const struct image *kernel, uint64_t call, struct path_place *place) {
    image_symbol_at(kernel, call, place->name, sizeof(place->name));
    place->name[strcspn(place->name, "+")] = '\0';
    if (!image_line_at(kernel, call, &place->line))
        place->line = (struct image_line){NULL, NULL, 0};
}

const char *story_path_name(const struct story *story, const struct story_fault *fault, unsigned i,
                            struct image_line *line) {
    uint32_t address = i < fault->path_count && i < STORY_PATH_MAX ? fault->path[i] : 0;
    struct path_place *place = &story->paths[(address ^ address >> 10) % PATH_PLACES];
    if (line)
        *line = (struct image_line){NULL, NULL, 0};
    if (address == 0 || !story->config.kernel)
        return "";
    if (place->address != address) {
        place->address = address;
        look_up(story->config.kernel, address - 1, place);
    }
    if (line)
        *line = place->line;
    return place->name;
}
