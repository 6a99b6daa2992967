/*
 * Where panels lie. A scene is two or three columns between the top bar and the timeline; shares are those of the
 * design at 1280 x 800, with least sizes for small windows. Every edge is a whole logical pixel.
 */
#include "emu/ui/panel.h"

#include <math.h>
#include <string.h>

#define GAP MARGIN
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

static void lay_fault(struct rect body, struct rect *panels) {
    struct rect left, right;
    left = left_of(body, 0.4405f, &right);
    panels[PANEL_FRAMES] = upper(left, upper_share(body.h), &panels[PANEL_SPACE]);
    panels[PANEL_FAULT] = upper(right, upper_share(body.h), &panels[PANEL_CONSOLE]);
}

static void lay_reclaim(struct rect body, struct rect *panels) {
    struct rect top, bottom;
    top = upper(body, 0.46f, &bottom);
    panels[PANEL_ZONES] = left_of(top, 0.5f, &panels[PANEL_BUDDY]);
    panels[PANEL_LRU] = left_of(bottom, 0.69f, &panels[PANEL_DECISION]);
}

static void lay_memory(struct rect body, struct rect *panels) {
    struct rect left, rest, middle, right, below;
    left = left_of(body, 0.335f, &rest);
    middle = left_of(rest, 0.58f, &right);
    panels[PANEL_FRAMES] = upper(left, 0.66f, &panels[PANEL_SPACE]);
    panels[PANEL_FAULT] = upper(middle, body.h < 560 ? 0.78f : 0.66f, &panels[PANEL_CONSOLE]);
    panels[PANEL_ZONES] = upper(right, 0.32f, &below);
    panels[PANEL_BUDDY] = upper(below, 0.55f, &panels[PANEL_LRU]);
}

struct rect ui_layout(const struct ui_state *state, const struct view *view, struct rect panels[PANEL_COUNT]) {
    memset(panels, 0, PANEL_COUNT * sizeof *panels);
    float width = fmaxf(state->width, 320), height = fmaxf(state->height, 240);
    float timeline = 38 + 11 * (float)timeline_rows(view);
    struct rect body = whole(MARGIN, TOP_BAR + MARGIN, width - MARGIN, height - MARGIN);
    panels[PANEL_TIMELINE] = whole(body.x, body.y + body.h - timeline, body.x + body.w, body.y + body.h);
    body.h -= timeline + GAP;
    struct rect caption = {0, 0, 0, 0};
    if (state->caption[0]) {
        caption = whole(body.x, body.y + body.h - CAPTION, body.x + body.w, body.y + body.h);
        body.h -= CAPTION + GAP;
    }
    if (state->maximised >= 0 && state->maximised < PANEL_COUNT && state->maximised != PANEL_TIMELINE) {
        panels[state->maximised] = body;
        return caption;
    }
    switch (state->scene) {
    case SCENE_RECLAIM: lay_reclaim(body, panels); break;
    case SCENE_MEMORY: lay_memory(body, panels); break;
    case SCENE_CONSOLE: panels[PANEL_CONSOLE] = body; break;
    default: lay_fault(body, panels); break;
    }
    return caption;
}
