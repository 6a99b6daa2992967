/*
 * The kernel's call path of a fault: who called whom down to the branch. A record keeps return addresses with their
 * names. The same few paths come again and again, so a name is looked up once and remembered by its address. The call
 * lies before the address to which it returns; functions that the compiler has put into their callers have no address
 * of their own and get that of the whole.
 */
#include "emu/story/internal.h"

#include <string.h>

/* The kernel's function that tells of a branch: whoever called it has taken the branch. */
#define TELLER "tell_branch"

static void copy_call(struct story_call *to, const struct image_call *from) {
    const char *name = from->file ? strrchr(from->file, '/') : NULL;
    *to = (struct story_call){.line = from->file ? from->line : 0};
    tasks_copy_text(to->function, sizeof(to->function), from->function, strlen(from->function));
    name = name ? name + 1 : from->file;
    if (name)
        tasks_copy_text(to->file, sizeof(to->file), name, strlen(name));
}

static void look_up(const struct image *kernel, uint64_t call, struct path_place *to) {
    struct image_call calls[PATH_INLINES];
    char symbol[96];
    to->count = (unsigned)image_calls_at(kernel, call, calls, PATH_INLINES);
    for (unsigned i = 0; i < to->count; i++)
        copy_call(&to->calls[i], &calls[i]);
    if (to->count || !image_symbol_at(kernel, call, symbol, sizeof(symbol)))
        return;
    symbol[strcspn(symbol, "+")] = '\0';
    copy_call(&to->calls[0], &(struct image_call){.function = symbol});
}

/* The place that has the address, a free one, or the first of those that it may be in. */
static struct path_place *find_place(struct story *story, uint32_t address) {
    uint32_t first = (address * 2654435761u) >> 16;
    for (uint32_t i = 0; i < PATH_PROBES; i++) {
        struct path_place *place = &story->paths[(first + i) % PATH_PLACES];
        if (!place->known || place->address == address)
            return place;
    }
    return &story->paths[first % PATH_PLACES];
}

static const struct path_place *place_of(struct story *story, uint32_t address) {
    struct path_place *place = find_place(story, address);
    if (place->known && place->address == address)
        return place;
    *place = (struct path_place){.known = true, .address = address};
    if (story->config.kernel && address)
        look_up(story->config.kernel, address - 1, place);
    place->count = place->count ? place->count : 1; /* an address without a name is a step, too */
    return place;
}

static void add_step(struct story_fault *record, uint32_t address, const struct path_place *place) {
    for (unsigned i = 0; i < place->count && record->path_count < STORY_PATH_MAX; i++) {
        if (record->path_count == 0 && i + 1 < place->count && strcmp(place->calls[i].function, TELLER) == 0)
            continue;
        record->path[record->path_count] = address;
        record->calls[record->path_count++] = place->calls[i];
    }
}

void story_call_path(struct story *story, uint32_t pid, const uint32_t *path, unsigned count) {
    struct open_fault *open = feed_innermost(story, pid);
    if (!open)
        return;
    open->record->path_count = 0;
    for (unsigned i = 0; i < count; i++)
        add_step(open->record, path[i], place_of(story, path[i]));
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
