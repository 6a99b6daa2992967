/* Contents that are longer than their panel: moved, cut at whole lines, with a bar and a hint. */
#include "emu/ui/panel.h"

#include <math.h>

#define HINT 16.0f /* the line below the content that says that there is more */

float scroll_begin(struct painter *painter, struct scroll *scroll, enum ui_panel panel, struct rect inside) {
    *scroll = (struct scroll){panel, inside, inside.y - painter->state->scroll[panel], painter->list->count,
                              painter->frame->hit_count};
    draw_clip(painter->list, (struct rect){inside.x - 6, inside.y - 6, inside.w + 12, inside.h + 12});
    painter->within = &scroll->inside;
    return scroll->begin;
}

void scroll_again(struct painter *painter, const struct scroll *scroll) {
    painter->list->count = scroll->first + 1;
    painter->frame->hit_count = scroll->first_hit;
    if (is_hovered(painter, scroll->inside))
        painter->frame->hover[0] = '\0';
}

/* Where a command begins and ends, from top to bottom. */
static void extent_of(struct painter *painter, const struct draw_command *command, float *top, float *bottom) {
    struct rect at = draw_text_box(painter->list, command);
    *top = fminf(at.y, at.y + at.h);
    *bottom = fmaxf(at.y, at.y + at.h);
}

static bool in_sight(struct painter *painter, const struct draw_command *command, struct rect sight) {
    float top, bottom;
    if (command->kind == DRAW_CLIP || command->kind == DRAW_UNCLIP)
        return true;
    extent_of(painter, command, &top, &bottom);
    return top >= sight.y - 5 && bottom <= sight.y + sight.h + 3;
}

/* Moves everything drawn since scroll_begin() and takes away what is out of sight. */
static void cut(struct painter *painter, const struct scroll *scroll, float move, struct rect sight) {
    struct draw_list *list = painter->list;
    struct ui_frame *frame = painter->frame;
    size_t kept = scroll->first + 1; /* the clip stays */
    unsigned hits = scroll->first_hit;
    for (size_t i = kept; i < list->count; i++) {
        struct draw_command command = list->commands[i];
        command.at.y += move;
        if (in_sight(painter, &command, sight))
            list->commands[kept++] = command;
    }
    list->count = kept;
    for (unsigned i = hits; i < frame->hit_count; i++) {
        struct ui_hit at = frame->hits[i];
        at.at.y += move;
        if (at.lattice)
            frame->lattices[at.lattice - 1].at.y += move;
        if (at.at.y >= sight.y - 5 && at.at.y + at.at.h <= sight.y + sight.h + 3)
            frame->hits[hits++] = at;
    }
    frame->hit_count = hits;
}

void paint_scroll_bar(struct painter *painter, struct rect inside, float from, float shown, float all) {
    if (all <= shown || all <= 0)
        return;
    float height = fmaxf(inside.h * shown / all, 12), way = inside.h - height;
    draw_fill(painter->list,
              (struct rect){inside.x + inside.w + 5, inside.y + way * from / fmaxf(all - shown, 1), 3, height},
              PALETTE_KERNEL, 1.5f);
}

void scroll_end(struct painter *painter, const struct scroll *scroll, float end) {
    float all = end - scroll->begin, from = painter->state->scroll[scroll->panel], move = 0;
    struct rect sight = scroll->inside;
    float most = all > sight.h + 2 ? all - (sight.h - HINT) : 0;
    if (most > 0)
        sight.h -= HINT;
    if (from > most) {
        move = from - most;
        from = most;
    }
    painter->frame->scroll_most[scroll->panel] = most;
    if (most > 0 || move > 0)
        cut(painter, scroll, move, sight);
    draw_unclip(painter->list);
    painter->within = NULL;
    if (most <= 0)
        return;
    paint_scroll_bar(painter, sight, from, sight.h, all);
    const char *hint = from < most - 1 ? "more below: the wheel scrolls, a click on the title enlarges"
                                       : "the end: the wheel scrolls back";
    put_until(painter, sight.x, sight.y + sight.h + 12, sight.x + sight.w, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT, hint);
}
