/*
 * The state bar, below the top bar: why the guest stands still, in a sentence that is read from afar, and at the right
 * the actions that the top bar has no room for. A narrow window shortens the sentence, never the buttons.
 */
#include "emu/ui/panel.h"

#include <math.h>
#include <string.h>

#define BUTTON_H 23.0f
#define NARROW 1180.0f
#define SIZE_STATE 14.0f

/* The sentence of the last stop; the view's own words where the debugger has none. */
static struct words state_words(const struct view *view) {
    if (!view)
        return format_words("waiting for the guest");
    if (view->state == VIEW_RUNNING)
        return format_words("running");
    const char *why = view->stop.text[0] ? view->stop.text : view->stop_text;
    const char *state = view->state == VIEW_PAUSED ? "paused" : "ended";
    if (why[0] == '\0' || strcmp(why, state) == 0)
        return format_words("%s", state);
    const char *after = strncmp(why, "stop ", 5) == 0 ? strstr(why, ": ") : NULL;
    if (after && view->stop.point)
        return format_words("stopped: %s \xc2\xb7 stop %u", after + 2, view->stop.point);
    return format_words("%s: %s", view->state == VIEW_PAUSED ? "stopped" : "ended", why);
}

/* In the largest letters of which it fits one line, else in two lines. */
static void paint_sentence(struct painter *painter, struct rect at, color ink, const char *text) {
    for (float size = SIZE_STATE; size >= SIZE_SMALL; size -= 1)
        if (text_width(painter, FONT_WORDS, size, text) <= at.w) {
            put(painter, at.x, at.y + 5, FONT_WORDS, size, ink, text);
            return;
        }
    put_wrapped(painter, (struct rect){at.x, at.y - 3, at.w, 0}, 14.5f, 2, FONT_WORDS, SIZE_SMALL, ink, text);
}

static void paint_state(struct painter *painter, float right) {
    const struct view *view = painter->view;
    bool paused = view && view->state == VIEW_PAUSED, running = view && view->state == VIEW_RUNNING;
    color dot = paused ? PALETTE_ACCENT : running ? PALETTE_HIGH : PALETTE_KERNEL;
    float middle = TOP_BAR + STATE_BAR / 2 + 2;
    struct words words = state_words(view);
    draw_fill(painter->list, (struct rect){16, middle - 4.5f, 9, 9}, dot, 4.5f);
    paint_sentence(painter, (struct rect){35, middle, right - 35, 0}, paused ? PALETTE_INK : PALETTE_SOFT, words.text);
    tip(painter, (struct rect){12, TOP_BAR + 4, right - 12, STATE_BAR - 4}, "%s", words.text);
}

static unsigned strip_buttons(const struct painter *painter, struct button out[16]) {
    const struct view *view = painter->view;
    bool off = !view || view->state == VIEW_ENDED;
    const struct button all[] = {
        {"Step", "s", ACTION_STEP, false, off, "one instruction, or the delivery of one fault or interrupt"},
        {"Over", "o", ACTION_OVER, false, off, "one instruction; a call is run to its return"},
        {"Finish", "f", ACTION_FINISH, false, off, "run to the return of the current function"},
        {"Walk", "w", ACTION_NEXT_WALK, false, off, "run to the next page walk that faults or sets A or D"},
        {"Decision", "r", ACTION_NEXT_DECISION, false, off, "run to reclaim's next decision about a page"},
        {"Fault", "n", ACTION_NEXT_FAULT, false, off, "run to the next page fault"},
        {"Event", "e", ACTION_NEXT_EVENT, false, off, "run to the kernel's next event of memory management"},
        {"Stops", "b", ACTION_STOPS, painter->state->stops, false, "what to stop at: list, add, remove"},
        {"Search", "/", ACTION_SEARCH, painter->state->searching, false,
         "look an address, a symbol, a frame, a fault or an event up"},
        {"Picture", "p", ACTION_SCREENSHOT, false, false, "save this picture as faultline-N.png"},
        {painter->state->recording ? "End" : "Record", "g", ACTION_RECORD, painter->state->recording, false,
         painter->state->recording ? "end the recording and save it" : "record the window as faultline-N.gif"},
        {"Help", "?", ACTION_HELP, false, false, "every key, every panel, every colour"},
    };
    unsigned n = 0;
    enum ui_action lead = painter->state->scene == SCENE_RECLAIM ? ACTION_NEXT_DECISION : ACTION_NEXT_FAULT;
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].action != lead) /* it is in the top bar */
            out[n++] = all[i];
    return n;
}

void paint_state_bar(struct painter *painter) {
    struct rect at = {0, TOP_BAR, painter->state->width, STATE_BAR};
    struct button buttons[16];
    unsigned count = strip_buttons(painter, buttons);
    float right = at.w - MARGIN, pad = at.w < NARROW ? 6 : 8, gap = at.w < NARROW ? 4 : 5;
    region_begin(painter, at);
    draw_clip(painter->list, at);
    for (unsigned i = count; i-- > 0;) {
        float width = button_width(painter, &buttons[i], pad);
        right -= width;
        paint_button(painter, (struct rect){right, TOP_BAR + (STATE_BAR - BUTTON_H) / 2 + 2, width, BUTTON_H}, pad,
                     &buttons[i]);
        right -= gap;
    }
    paint_state(painter, right - 10);
    draw_unclip(painter->list);
    region_end(painter);
}
