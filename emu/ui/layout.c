/*
 * Where panels lie. A scene is two or three columns between the top bar and the timeline; shares are those of the
 * design at 1280 x 800, with least sizes for small windows. Every edge is a whole logical pixel.
 */
#include "emu/ui/panel.h"

#include <math.h>
#include <string.h>

#define GAP MARGIN
#define WIDE 1450.0f  /* a body that has room for the panels that otherwise share a place */
#define CAPTION 60.0f /* two lines; always, so that panels stay where they are from sentence to sentence */

static struct rect whole(float x, float y, float x2, float y2) {
    struct rect r = {roundf(x), roundf(y), 0, 0};
    r.w = fmaxf(roundf(x2) - r.x, 0);
    r.h = fmaxf(roundf(y2) - r.y, 0);
    return r;
}

/* Splits `body` by share of its height; *below gets the rest after the gap. */
static struct rect upper(struct rect body, float share, struct rect *below) {
    float cut = roundf((body.h - GAP) * share);
    *below = whole(body.x, body.y + cut + GAP, body.x + body.w, body.y + body.h);
    return whole(body.x, body.y, body.x + body.w, body.y + cut);
}

static struct rect left_of(struct rect body, float share, struct rect *right) {
    float cut = roundf((body.w - GAP) * share);
    *right = whole(body.x + cut + GAP, body.y, body.x + body.w, body.y + body.h);
    return whole(body.x, body.y, body.x + cut, body.y + body.h);
}

/* The lower row needs its own height; what a tall window adds goes to both, more to the upper one. */
static float upper_share(float height) {
    float lower = fmaxf(fminf(186, height * 0.32f), height * 0.26f);
    return (height - GAP - lower) / (height - GAP);
}

/* Panels that stand in one place, one at a time: the one brought to the front last, else the first of them. */
static void share(struct layout *layout, const struct ui_state *state, struct rect at, unsigned count,
                  const enum ui_panel panels[]) {
    unsigned all = 0, front = 0;
    for (unsigned i = 0; i < count; i++)
        all |= 1u << panels[i];
    for (unsigned i = count; i-- > 0;)
        if (state->fronts & 1u << panels[i])
            front = i;
    for (unsigned i = 0; i < count; i++)
        layout->shared[panels[i]] = all;
    layout->panels[panels[front]] = at;
}

#define SHARE(layout, state, at, ...)                                                                                  \
    share(layout, state, at, sizeof((enum ui_panel[]){__VA_ARGS__}) / sizeof(enum ui_panel),                           \
          (enum ui_panel[]){__VA_ARGS__})

static void lay_fault(const struct ui_state *state, struct rect body, struct layout *layout) {
    struct rect left, right, below, beside;
    left = left_of(body, 0.4405f, &right);
    layout->panels[PANEL_FRAMES] = upper(left, upper_share(body.h), &layout->panels[PANEL_SPACE]);
    layout->panels[PANEL_FAULT] = upper(right, upper_share(body.h), &below);
    if (body.w < WIDE) {
        SHARE(layout, state, below, PANEL_CONSOLE, PANEL_LIFE);
        return;
    }
    layout->panels[PANEL_CONSOLE] = left_of(below, 0.5f, &beside);
    layout->panels[PANEL_LIFE] = beside;
}

static void lay_reclaim(const struct ui_state *state, struct rect body, struct layout *layout) {
    struct rect top, bottom, right, third;
    top = upper(body, 0.46f, &bottom);
    layout->panels[PANEL_LRU] = left_of(bottom, 0.69f, &right);
    SHARE(layout, state, right, PANEL_DECISION, PANEL_LIFE);
    layout->panels[PANEL_ZONES] = left_of(top, body.w < WIDE ? 0.5f : 0.4f, &right);
    if (body.w < WIDE) {
        SHARE(layout, state, right, PANEL_BUDDY, PANEL_CACHE);
        return;
    }
    layout->panels[PANEL_BUDDY] = left_of(right, 0.5f, &third);
    layout->panels[PANEL_CACHE] = third;
}

static void lay_memory_small(const struct ui_state *state, struct rect body, struct layout *layout) {
    struct rect left, rest, middle, right, below;
    left = left_of(body, 0.335f, &rest);
    middle = left_of(rest, 0.58f, &right);
    layout->panels[PANEL_FRAMES] = upper(left, 0.6f, &layout->panels[PANEL_SPACE]);
    layout->panels[PANEL_FAULT] = upper(middle, 0.78f, &below);
    SHARE(layout, state, below, PANEL_CONSOLE, PANEL_LIFE);
    below = upper(right, 0.45f, &right);
    SHARE(layout, state, below, PANEL_ZONES, PANEL_BUDDY);
    SHARE(layout, state, right, PANEL_LRU, PANEL_DECISION, PANEL_CACHE);
}

/* Everything at once. */
static void lay_memory(const struct ui_state *state, struct rect body, struct layout *layout) {
    struct rect column, rest, below, *panels = layout->panels;
    if (body.w < 1200 || body.h < 500) {
        lay_memory_small(state, body, layout);
        return;
    }
    column = left_of(body, 0.25f, &rest);
    panels[PANEL_FRAMES] = upper(column, 0.6f, &panels[PANEL_SPACE]);
    column = left_of(rest, 0.44f, &rest);
    panels[PANEL_FAULT] = upper(column, 0.66f, &panels[PANEL_LIFE]);
    column = left_of(rest, 0.5f, &rest);
    panels[PANEL_ZONES] = upper(column, 0.3f, &below);
    panels[PANEL_BUDDY] = upper(below, 0.55f, &panels[PANEL_CONSOLE]);
    panels[PANEL_LRU] = upper(rest, 0.34f, &below);
    panels[PANEL_DECISION] = upper(below, 0.52f, &panels[PANEL_CACHE]);
}

static void lay_scene(const struct ui_state *state, struct rect body, struct layout *layout) {
    switch (state->scene) {
    case SCENE_RECLAIM: lay_reclaim(state, body, layout); break;
    case SCENE_MEMORY: lay_memory(state, body, layout); break;
    case SCENE_CONSOLE: layout->panels[PANEL_CONSOLE] = body; break;
    default: lay_fault(state, body, layout); break;
    }
}

void ui_layout(const struct ui_state *state, const struct view *view, struct layout *layout) {
    memset(layout, 0, sizeof *layout);
    float width = fmaxf(state->width, 320), height = fmaxf(state->height, 240);
    bool tall = state->maximised == PANEL_TIMELINE;
    float timeline = tall ? -GAP : timeline_height(view, state);
    struct rect body = whole(MARGIN, TOP_BAR + STATE_BAR + GAP, width - MARGIN, height - MARGIN);
    struct rect time = whole(body.x, body.y + body.h - timeline, body.x + body.w, body.y + body.h);
    body.h -= timeline + GAP;
    if (state->caption[0]) {
        layout->caption = whole(body.x, body.y + body.h - CAPTION, body.x + body.w, body.y + body.h);
        body.h -= CAPTION + GAP;
    }
    lay_scene(state, body, layout);
    layout->panels[PANEL_TIMELINE] = time;
    if (state->maximised < 0 || state->maximised >= PANEL_COUNT)
        return;
    memset(layout->panels, 0, sizeof layout->panels);
    layout->panels[PANEL_TIMELINE] = time;
    layout->panels[state->maximised] = body;
}
