/*
 * The kernel's call path of a fault: who called whom down to the branch. A record keeps return addresses with their
 * names. The same few paths come again and again, so a name is looked up once and remembered by its address. The call
 * lies before the address to which it returns.
 */
#include "emu/story/internal.h"

#include <string.h>

static void look_up(const struct image *kernel, uint64_t call, struct story_call *to) {
    struct image_line line;
    char symbol[96];
    if (image_symbol_at(kernel, call, symbol, sizeof(symbol))) {
        symbol[strcspn(symbol, "+")] = '\0';
        tasks_copy_text(to->function, sizeof(to->function), symbol, sizeof(symbol));
    }
    if (!image_line_at(kernel, call, &line) || !line.file)
        return;
    const char *name = strrchr(line.file, '/');
    name = name ? name + 1 : line.file;
    tasks_copy_text(to->file, sizeof(to->file), name, strlen(name));
    to->line = line.line;
}

static const struct story_call *call_at(struct story *story, uint32_t address) {
    struct path_place *place = &story->paths[(address ^ address >> 10) % PATH_PLACES];
    if (place->known && place->address == address)
        return &place->call;
    *place = (struct path_place){.known = true, .address = address};
    if (story->config.kernel && address)
        look_up(story->config.kernel, address - 1, &place->call);
    return &place->call;
}

void story_call_path(struct story *story, uint32_t pid, const uint32_t *path, unsigned count) {
    struct open_fault *open = feed_innermost(story, pid);
    if (!open)
        return;
    struct story_fault *record = open->record;
    record->path_count = count < STORY_PATH_MAX ? count : STORY_PATH_MAX;
    for (unsigned i = 0; i < record->path_count; i++) {
        record->path[i] = path[i];
        record->calls[i] = *call_at(story, path[i]);
    }
}

const char *story_path_name(const struct story *story, const struct story_fault *fault, unsigned i,
                            struct image_line *line) {
    (void)story;
    bool there = i < fault->path_count && i < STORY_PATH_MAX;
    if (line)
        *line = there && fault->calls[i].file[0] ? (struct image_line){fault->calls[i].file, NULL, fault->calls[i].line}
                                                 : (struct image_line){NULL, NULL, 0};
    return there ? fault->calls[i].function : "";
}
