/*
 * The top bar: what runs, the scenes, the run buttons, the time. It lays itself out from both ends; a
 * narrow window gets short labels, and loses the program's particulars before anything else.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>

#define BASELINE 24.0f
#define BUTTON_Y 6.5f
#define BUTTON_H 27.0f
#define NARROW 1180.0f

static const char *const scene_names[SCENE_COUNT] = {"Fault", "Reclaim", "Memory", "Console"};

float button_width(struct painter *painter, const struct button *button, float pad) {
    return 2 * pad + text_width(painter, FONT_WORDS, SIZE_WORDS, button->label) + 6 +
           text_width(painter, FONT_CODE, SIZE_LABEL, button->key);
}

void paint_button(struct painter *painter, struct rect at, float pad, const struct button *button) {
    bool hot = !button->off && is_hovered(painter, at);
    float baseline = roundf(at.y + at.h / 2 + 4);
    draw_fill(painter->list, at, hot ? PALETTE_RAISED_HOT : PALETTE_RAISED, 6);
    draw_stroke(painter->list, at, button->primary && !button->off ? PALETTE_ACCENT_LINE : PALETTE_LINE, 6, 1);
    float end = put(painter, at.x + pad, baseline, FONT_WORDS, SIZE_WORDS, button->off ? PALETTE_FAINT : PALETTE_INK,
                    button->label);
    put(painter, end + 6, baseline, FONT_CODE, SIZE_LABEL, button->off ? PALETTE_FAINT : PALETTE_ACCENT, button->key);
    if (!button->off)
        hit(painter, at, button->action, 0);
    tip(painter, at, "%s", button->help);
}

static float tab_width(struct painter *painter, unsigned scene, float pad) {
    return 2 * pad +
           text_width(painter, FONT_WORDS, SIZE_WORDS, format_words("%u %s", scene + 1, scene_names[scene]).text);
}

static float tabs_width(struct painter *painter, float pad) {
    float width = 0;
    for (unsigned i = 0; i < SCENE_COUNT; i++)
        width += tab_width(painter, i, pad);
    return width;
}

static void paint_tabs(struct painter *painter, float x, float pad) {
    struct rect all = {x, BUTTON_Y, tabs_width(painter, pad), BUTTON_H};
    draw_fill(painter->list, all, PALETTE_WELL, 6);
    for (unsigned i = 0; i < SCENE_COUNT; i++) {
        struct rect tab = {x, BUTTON_Y, tab_width(painter, i, pad), BUTTON_H};
        bool open = painter->state->scene == i;
        if (open || is_hovered(painter, tab))
            draw_fill(painter->list, tab, open ? PALETTE_SELECTED : PALETTE_RAISED, 6);
        put(painter, x + pad, BASELINE, FONT_WORDS, SIZE_WORDS, open ? PALETTE_INK : PALETTE_DIM,
            format_words("%u %s", i + 1, scene_names[i]).text);
        hit(painter, tab, ACTION_SCENE, i);
        x += tab.w;
    }
    draw_stroke(painter->list, all, PALETTE_LINE, 6, 1);
}

/* Time and "fault 18 of 18" from the right end; returns the x where they begin. */
static float paint_time(struct painter *painter, float right, bool narrow) {
    const struct view *view = painter->view;
    if (!view)
        return right;
    if (view->fault_total > 0) {
        struct words of = view->has_fault ? format_words("fault %s of %s", format_count(view->fault_position).text,
                                                         format_count(view->fault_total).text)
                                          : format_words("%s faults", format_count(view->fault_total).text);
        put_right(painter, right, BASELINE, FONT_CODE, SIZE_CODE, PALETTE_DIM, of.text);
        right -= text_width(painter, FONT_CODE, SIZE_CODE, of.text) + (narrow ? 12 : 20);
    }
    struct words time = format_words("t = %s", format_clock(view->blocks * view->block_ns).text);
    put_right(painter, right, BASELINE, FONT_CODE, SIZE_CODE, PALETTE_DIM, time.text);
    float x = right - text_width(painter, FONT_CODE, SIZE_CODE, time.text);
    tip(painter, (struct rect){x, 8, right - x, 24}, "virtual time\n%s basic blocks of %u ns each",
        format_count(view->blocks).text, view->block_ns);
    return x;
}

/* The button in the lead: what the scene is about comes next. */
static struct button next_button(const struct painter *painter, bool narrow) {
    const struct view *view = painter->view;
    bool ended = !view || view->state == VIEW_ENDED, last = !view || view->fault_position >= view->fault_total;
    if (painter->state->scene == SCENE_RECLAIM)
        return (struct button){narrow ? "Decision" : "Next decision",        "r", ACTION_NEXT_DECISION, true, ended,
                               "run to reclaim's next decision about a page"};
    return (struct button){narrow ? "Next \xe2\x96\xb6" : "Next fault \xe2\x96\xb6",
                           "n",
                           ACTION_NEXT_FAULT,
                           true,
                           ended && last,
                           "run to the next page fault"};
}

/* The run buttons end at `right`; returns the x where they begin. */
static float paint_buttons(struct painter *painter, float right, bool narrow) {
    const struct view *view = painter->view;
    bool running = view && view->state == VIEW_RUNNING, ended = !view || view->state == VIEW_ENDED;
    const struct button buttons[] = {
        {running ? "Pause"
         : ended ? "Ended"
                 : "Run",
         "space", ACTION_RUN_PAUSE, false, ended,
         ended     ? "the guest has stopped for good"
         : running ? "stop the guest here"
                   : "let the guest run"},
        next_button(painter, narrow),
        {narrow ? "\xe2\x97\x80" : "\xe2\x97\x80 fault", "N", ACTION_PREVIOUS_FAULT, false,
         !view || view->fault_position <= 1, "show the fault before this one"},
    };
    float gap = narrow ? 6 : 14;
    for (unsigned i = 0; i < 3; i++) {
        float width = button_width(painter, &buttons[i], 11);
        right -= width;
        paint_button(painter, (struct rect){right, BUTTON_Y, width, BUTTON_H}, 11, &buttons[i]);
        right -= gap;
    }
    return right;
}

/* Program, pid and memory between the name and the tabs, as far as there is room up to `limit`. */
static float paint_subject(struct painter *painter, float x, float limit) {
    const struct view *view = painter->view;
    if (!view)
        return x;
    struct words memory = format_bytes(view->ram_bytes);
    int pid = view->has_fault ? (int)view->fault.pid : view->kernel ? view->kernel->space.pid : -1;
    struct words parts = pid > 0 ? format_words("pid %d", pid) : format_words("%s", "");
    float memory_width = text_width(painter, FONT_CODE, SIZE_CODE, memory.text) + 14;
    float pid_width = parts.text[0] ? text_width(painter, FONT_CODE, SIZE_CODE, parts.text) + 14 : 0;
    float program = text_width(painter, FONT_CODE, SIZE_CODE, view->program);
    bool all = x + fminf(program, 150) + memory_width + pid_width <= limit;
    float right = all ? limit - memory_width - pid_width : limit;
    if (view->program[0])
        x = put_until(painter, x, BASELINE, right, FONT_CODE, SIZE_CODE, PALETTE_DIM, view->program) + 14;
    if (!all)
        return x;
    if (parts.text[0])
        x = put(painter, x, BASELINE, FONT_CODE, SIZE_CODE, PALETTE_DIM, parts.text) + 14;
    return put(painter, x, BASELINE, FONT_CODE, SIZE_CODE, PALETTE_DIM, memory.text) + 14;
}

void paint_top_bar(struct painter *painter) {
    struct rect at = {0, 0, painter->state->width, TOP_BAR};
    bool narrow = at.w < NARROW;
    float pad = narrow ? 7 : 12;
    region_begin(painter, at);
    draw_clip(painter->list, at);
    float left = put(painter, 14, BASELINE, FONT_WORDS_BOLD, 14, PALETTE_INK, "faultline") + 14;
    float right = paint_buttons(painter, paint_time(painter, at.w - 14, narrow) - (narrow ? 10 : 14), narrow);
    float tabs = tabs_width(painter, pad);
    left = paint_subject(painter, left, right - tabs - 14);
    if (left + tabs <= right + 14)
        paint_tabs(painter, left, pad);
    draw_fill(painter->list, (struct rect){0, TOP_BAR - 1, at.w, 1}, PALETTE_LINE, 0);
    draw_unclip(painter->list);
    region_end(painter);
}
