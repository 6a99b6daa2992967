/*
 * Whose address space is on show: a name with arrows in the head of ADDRESS SPACE, and the list behind it. Without a
 * choice the program is followed; the name of a process that was chosen has the accent.
 */
#include "emu/ui/panel.h"

#include <math.h>

#define ARROW 21.0f
#define ROW 26.0f
#define LIST_WIDTH 300.0f
#define ABOUT_PROGRAM 1u /* rows above those of processes */

static bool has_choice(const struct painter *painter) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    for (size_t i = 0; kernel && i < kernel->task_count; i++)
        if (kernel->tasks[i].has_mm)
            return true;
    return false;
}

static struct words name_of(const struct painter *painter, float room) {
    const struct kv_address_space *space = &painter->view->kernel->space;
    const char *more = " \xe2\x96\xbe";
    if (space->pgd_phys == 0)
        return format_words("no process%s", more);
    return room > 470 ? format_words("%.15s \xc2\xb7 pid %d%s", space->comm, space->pid, more)
                      : format_words("pid %d%s", space->pid, more);
}

float task_width(struct painter *painter, float room) {
    if (!has_choice(painter))
        return 0;
    return 2 * ARROW + 16 + ceilf(text_width(painter, FONT_WORDS, SIZE_SMALL, name_of(painter, room).text));
}

static void paint_part(struct painter *painter, struct rect at, const char *text, color ink, enum ui_action action) {
    if (is_hovered(painter, at))
        draw_fill(painter->list, at, PALETTE_RAISED_HOT, 5);
    put_center(painter, at, at.y + 14.5f, FONT_WORDS, SIZE_SMALL, ink, text);
    hit(painter, at, action, 0);
}

void paint_task(struct painter *painter, struct rect panel) {
    const struct kv_address_space *space = has_choice(painter) ? &painter->view->kernel->space : NULL;
    float width = task_width(painter, panel.w);
    struct rect all = {panel.x + panel.w - PAD - width, panel.y + 8, width, 20};
    if (!space)
        return;
    bool chosen = painter->view->space_chosen;
    struct rect before = {all.x, all.y, ARROW, all.h}, after = {all.x + width - ARROW, all.y, ARROW, all.h};
    struct rect name = {before.x + ARROW, all.y, width - 2 * ARROW, all.h};
    draw_fill(painter->list, all, PALETTE_RAISED, 5);
    paint_part(painter, before, "\xe2\x97\x80", PALETTE_DIM, ACTION_PREVIOUS_TASK);
    paint_part(painter, name, name_of(painter, panel.w).text, chosen ? PALETTE_ACCENT : PALETTE_INK, ACTION_TASKS);
    paint_part(painter, after, "\xe2\x96\xb6", PALETTE_DIM, ACTION_NEXT_TASK);
    draw_stroke(painter->list, all, chosen ? PALETTE_ACCENT_LINE : PALETTE_LINE, 5, 1);
    tip(painter, before, "the process before  [\nits address space is shown");
    tip(painter, after, "the next process  ]\nits address space is shown");
    if (!painter->state->tasks) /* it would lie over the open list */
        tip(painter, name, "%.15s, pid %d\n%s\nclick: choose another", space->comm, space->pid,
            chosen ? "chosen: it stays on show until it ends"
                   : "none is chosen: the program's is shown, without one that of the running task");
}

/* The list ---------------------------------------------------------------------------------------------------- */

static void paint_row(struct painter *painter, struct rect at, int pid, const char *name, bool on) {
    bool hot = is_hovered(painter, at);
    if (on || hot)
        draw_fill(painter->list, at, on ? PALETTE_SELECTED : PALETTE_RAISED_HOT, 5);
    float x = at.x + 10, y = at.y + 17;
    if (pid > 0)
        put_right(painter, x + 38, y, FONT_CODE, SIZE_CODE, PALETTE_DIM, format_words("%d", pid).text);
    put_until(painter, pid > 0 ? x + 52 : x, y, at.x + at.w - 8, FONT_WORDS, SIZE_WORDS, PALETTE_INK, name);
    hit(painter, at, ACTION_SHOW_TASK, pid);
}

static size_t count_rows(const struct kv_snapshot *kernel) {
    size_t count = ABOUT_PROGRAM;
    for (size_t i = 0; i < kernel->task_count; i++)
        count += kernel->tasks[i].has_mm;
    return count;
}

/* Below the name in the panel's head where there is room, else wherever it fits. */
static struct rect place_list(const struct painter *painter, size_t rows) {
    const struct ui_state *state = painter->state;
    struct rect panel = painter->frame->panels[PANEL_SPACE];
    float most = floorf((state->height - 2 * MARGIN - 16) / ROW), shown = fminf((float)rows, most);
    struct rect at = {0, 0, LIST_WIDTH, shown * ROW + 16};
    bool there = panel.w > 0;
    at.x = there ? panel.x + panel.w - PAD - at.w : (state->width - at.w) / 2;
    at.y = there ? panel.y + HEAD : (state->height - at.h) / 2;
    at.x = fmaxf(at.x, MARGIN);
    at.y = fmaxf(fminf(at.y, state->height - MARGIN - at.h), MARGIN);
    return at;
}

static void paint_rows(struct painter *painter, struct rect at, size_t rows) {
    const struct kv_snapshot *kernel = painter->view->kernel;
    size_t fit = (size_t)((at.h - 16) / ROW + 0.5f), left = rows > fit ? rows - fit + 1 : 0;
    struct rect row = {at.x + 8, at.y + 8, at.w - 16, ROW};
    paint_row(painter, row, 0, "follow the program", !painter->view->space_chosen);
    size_t last = fit - (left > 0), shown = ABOUT_PROGRAM;
    for (size_t i = 0; i < kernel->task_count && shown < last; i++) {
        const struct kv_task *task = &kernel->tasks[i];
        if (!task->has_mm)
            continue;
        row.y += ROW;
        shown++;
        paint_row(painter, row, task->pid, format_words("%.15s", task->comm).text,
                  painter->view->space_chosen && task->pid == kernel->space.pid);
    }
    if (left > 0)
        put(painter, row.x + 10, row.y + ROW + 17, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
            format_words("and %zu more: ] goes on to them", left).text);
}

void paint_tasks(struct painter *painter) {
    struct rect all = {0, 0, painter->state->width, painter->state->height};
    if (!has_choice(painter))
        return;
    size_t rows = count_rows(painter->view->kernel);
    struct rect at = place_list(painter, rows);
    region_begin(painter, at);
    draw_fill(painter->list, at, PALETTE_PANEL, 8);
    draw_stroke(painter->list, at, PALETTE_RESERVED, 8, 1);
    hit(painter, all, ACTION_TASKS, 0);
    hit(painter, at, ACTION_NONE, 0);
    paint_rows(painter, at, rows);
    region_end(painter);
}
