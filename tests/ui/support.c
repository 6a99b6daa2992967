#include "tests/ui/support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drawn *drawn_sample(const struct sample_options *options, enum ui_scene scene, float width, float height) {
    struct drawn *drawn = calloc(1, sizeof *drawn);
    cr_assert_not_null(drawn);
    drawn->view = sample_view(options);
    cr_assert_not_null(drawn->view);
    ui_state_init(&drawn->state, width, height);
    drawn->state.scene = scene;
    ui_frame_init(&drawn->frame);
    drawn_again(drawn);
    return drawn;
}

void drawn_again(struct drawn *drawn) {
    ui_draw(&drawn->frame, drawn->view, &drawn->state);
    cr_assert(!drawn->frame.list.failed, "the draw list ran out of memory or found no font");
}

void drawn_free(struct drawn *drawn) {
    ui_frame_free(&drawn->frame);
    sample_view_free(drawn->view);
    free(drawn);
}

bool panel_commands(const struct drawn *drawn, enum ui_panel panel, size_t *first, size_t *end) {
    const struct rect *at = &drawn->frame.panels[panel];
    for (unsigned i = 0; i < drawn->frame.region_count && at->w > 0; i++) {
        const struct ui_region *region = &drawn->frame.regions[i];
        if (region->at.x != at->x || region->at.y != at->y || region->at.w != at->w || region->at.h != at->h)
            continue;
        *first = region->first;
        *end = region->first + region->count;
        return true;
    }
    return false;
}

static bool commands_of(const struct drawn *drawn, enum ui_panel panel, size_t *first, size_t *end) {
    if (panel != PANEL_COUNT)
        return panel_commands(drawn, panel, first, end);
    *first = 0;
    *end = drawn->frame.list.count;
    return true;
}

const char *command_text(const struct drawn *drawn, const struct draw_command *command) {
    return drawn->frame.list.text + command->text;
}

const struct draw_command *find_text(const struct drawn *drawn, enum ui_panel panel, const char *needle) {
    size_t first, end;
    if (!commands_of(drawn, panel, &first, &end))
        return NULL;
    for (size_t i = first; i < end; i++) {
        const struct draw_command *command = &drawn->frame.list.commands[i];
        if (command->kind == DRAW_TEXT && strstr(command_text(drawn, command), needle))
            return command;
    }
    return NULL;
}

const struct draw_command *find_colored(const struct drawn *drawn, enum ui_panel panel, enum draw_kind kind,
                                        color ink) {
    size_t first, end;
    if (!commands_of(drawn, panel, &first, &end))
        return NULL;
    for (size_t i = first; i < end; i++)
        if (drawn->frame.list.commands[i].kind == kind && drawn->frame.list.commands[i].color == ink)
            return &drawn->frame.list.commands[i];
    return NULL;
}

unsigned count_colored(const struct drawn *drawn, enum ui_panel panel, enum draw_kind kind, color ink) {
    size_t first, end;
    unsigned n = 0;
    if (!commands_of(drawn, panel, &first, &end))
        return 0;
    for (size_t i = first; i < end; i++)
        n += drawn->frame.list.commands[i].kind == kind && drawn->frame.list.commands[i].color == ink;
    return n;
}

const char *panel_words(const struct drawn *drawn, enum ui_panel panel) {
    static char words[32768];
    size_t first, end, used = 0;
    words[0] = '\0';
    if (!commands_of(drawn, panel, &first, &end))
        return words;
    for (size_t i = first; i < end && used + 1 < sizeof words; i++) {
        const struct draw_command *command = &drawn->frame.list.commands[i];
        if (command->kind == DRAW_TEXT)
            used += (size_t)snprintf(words + used, sizeof words - used, "%s ", command_text(drawn, command));
    }
    return words;
}

static bool apart(struct rect a, struct rect b) {
    return a.x + a.w <= b.x + 0.5f || b.x + b.w <= a.x + 0.5f || a.y + a.h <= b.y + 2 || b.y + b.h <= a.y + 2;
}

static bool within(struct rect a, struct rect panel) {
    return a.x >= panel.x && a.y >= panel.y - 2 && a.x + a.w <= panel.x + panel.w + 0.5f &&
           a.y + a.h <= panel.y + panel.h + 2;
}

bool texts_collide(struct drawn *drawn, enum ui_panel panel, char *what, size_t size) {
    struct draw_list *list = &drawn->frame.list;
    size_t first, end;
    if (!panel_commands(drawn, panel, &first, &end))
        return false;
    for (size_t i = first; i < end; i++) {
        const struct draw_command *one = &list->commands[i];
        if (one->kind != DRAW_TEXT)
            continue;
        struct rect box = draw_text_box(list, one);
        if (!within(box, drawn->frame.panels[panel])) {
            snprintf(what, size, "'%s' reaches out of panel %d", command_text(drawn, one), (int)panel);
            return true;
        }
        for (size_t j = i + 1; j < end; j++) {
            const struct draw_command *other = &list->commands[j];
            if (other->kind != DRAW_TEXT || apart(box, draw_text_box(list, other)))
                continue;
            snprintf(what, size, "'%s' and '%s' overlap", command_text(drawn, one), command_text(drawn, other));
            return true;
        }
    }
    return false;
}
