/* Rows of the timeline that are no faults: stretches of time, events, free memory. */
#include "emu/story/event_types.h"
#include "emu/ui/timeline.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Spans ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    color color;
} span_looks[SPAN_KINDS] = {
    [SPAN_KSWAPD] = {"kswapd is awake", PALETTE_LOW},
    [SPAN_DIRECT] = {"direct reclaim", PALETTE_BAD},
    [SPAN_READ] = {"read from disk", PALETTE_FILE},
    [SPAN_WRITE] = {"write to disk", PALETTE_SWAP_CACHE},
    [SPAN_WAIT] = {"waits for a page", PALETTE_ACCENT_SOFT},
    [SPAN_THROTTLE] = {"held up: too much is dirty", PALETTE_BAD},
};

#define PIXELS UI_TIMELINE_PIXELS

/* Which pixels a kind covers, as [x, end) of the lane. False: none. */
static bool pixels_of(const struct timeline *line, const struct story_span *span, int width, int *x, int *end) {
    double to = span->to ? (double)span->to : (double)line->painter->view->blocks;
    if (to < line->from || (double)span->from > line->to)
        return false;
    *x = (int)fmaxf(timeline_x(line, (double)span->from) - line->lane.x, 0);
    *end = (int)fminf(ceilf(timeline_x(line, to) - line->lane.x), (float)width);
    *end = *end < *x + 2 ? *x + 2 : *end;
    *end = *end > width ? width : *end;
    return *x < *end;
}

/* A bar for each run of covered pixels: as many as fit side by side, however many spans there are. */
static void paint_kind(const struct timeline *line, const struct timeline_row *row, enum story_span_kind kind) {
    const struct view *view = line->painter->view;
    static const float thin = 4;
    int width = (int)fminf(line->lane.w, PIXELS), x, end;
    uint8_t covered[PIXELS] = {0};
    for (size_t i = 0; i < view->span_count; i++)
        if (view->spans[i].kind == kind && pixels_of(line, &view->spans[i], width, &x, &end))
            memset(covered + x, 1, (size_t)(end - x));
    float h = fmaxf(row->h - 2, thin), y = line->lane.y + row->y + 1;
    for (x = 0; x < width; x = end) {
        for (end = x; end < width && covered[end] == covered[x];)
            end++;
        if (covered[x])
            draw_fill(line->painter->list, (struct rect){line->lane.x + (float)x, y, (float)(end - x), h},
                      span_looks[kind].color, fminf(3, (float)(end - x) / 2 - 0.5f));
    }
}

static void tip_span(const struct timeline *line, struct rect at, const struct story_span *span) {
    const struct view *view = line->painter->view;
    uint64_t end = span->to ? span->to : view->blocks, length = end > span->from ? end - span->from : 0;
    struct words who = span->pid ? format_words(", pid %" PRIu32, span->pid) : format_words("%s", "");
    struct words what = format_words("%s", "");
    if (span->kind == SPAN_READ || span->kind == SPAN_WRITE)
        what = format_words("\n%s at sector %" PRIu32, format_bytes(span->value[1]).text, span->value[0]);
    if (span->kind == SPAN_WAIT)
        what = format_words("\nframe %05" PRIx32 " is %s", span->value[0],
                            span->value[1] == FLT_WAIT_WRITEBACK ? "being written" : "locked: somebody works on it");
    tip(line->painter, at, "%s%s\nfrom t = %s, for %s%s%s", span_looks[span->kind].name, who.text,
        format_clock(span->from * view->block_ns).text, format_duration(length * view->block_ns).text,
        span->to ? "" : " so far", what.text);
}

static void tip_row(const struct timeline *line, struct rect at, unsigned kinds) {
    const struct painter *painter = line->painter;
    const struct story_span *best = NULL;
    int width = (int)fminf(line->lane.w, PIXELS), x, end, mouse = (int)(painter->state->mouse_x - line->lane.x);
    if (!is_hovered(painter, at))
        return;
    for (size_t i = 0; i < painter->view->span_count; i++) {
        const struct story_span *span = &painter->view->spans[i];
        if (span->kind < SPAN_KINDS && (kinds & 1u << span->kind) && pixels_of(line, span, width, &x, &end) &&
            mouse >= x - 1 && mouse <= end)
            best = span;
    }
    if (best)
        tip_span(line, at, best);
}

void timeline_spans(const struct timeline *line, const struct timeline_row *row) {
    for (unsigned kind = 0; kind < SPAN_KINDS; kind++)
        if (row->which & 1u << kind)
            paint_kind(line, row, (enum story_span_kind)kind);
    tip_row(line, (struct rect){line->lane.x, line->lane.y + row->y - 1, line->lane.w, row->h + 2}, row->which);
}

/* Events ----------------------------------------------------------------------------------------------------- */

/* What stands out among the kernel's events; the others are told in the colour of the kernel. */
static color event_color(const struct story_log_entry *event) {
    switch (event->type) {
    case FLT_MM_WATERMARK: return event->value[3] ? PALETTE_LOW : PALETTE_HIGH;
    case FLT_MM_VMSCAN_KSWAPD_WAKE: return PALETTE_LOW;
    case FLT_MM_VMSCAN_DIRECT_BEGIN: return PALETTE_BAD;
    case FLT_MM_OOM_KILL:
    case FLT_SIGNAL: return PALETTE_BAD;
    case FLT_MM_SWAP_OUT:
    case FLT_MM_SWAP_IN: return PALETTE_SWAP_CACHE;
    case FLT_TASK_NEW:
    case FLT_TASK_EXIT: return PALETTE_INK;
    default: return PALETTE_KERNEL;
    }
}

static void tip_event(const struct timeline *line, struct rect at, const struct story_log_entry *event) {
    const struct event_type *type = story_event_type(event->type);
    const struct view *view = line->painter->view;
    char text[200] = "";
    size_t used = 0;
    unsigned value = 0;
    for (unsigned i = 0; type && type->members[i].key && value < 5 && used < 120; i++) {
        bool frame = strcmp(type->members[i].key, "pfn") == 0;
        uint32_t number = frame ? event->pfn : event->value[value++];
        if (type->members[i].form > EVENT_HEX)
            break;
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 frame || type->members[i].form == EVENT_HEX ? "%s%s %" PRIx32 : "%s%s %" PRIu32,
                                 used ? ", " : "", type->members[i].key, number);
    }
    tip(line->painter, at, "event %" PRIu64 "  %s\nt = %s, pid %" PRIu32 "\n%s\nclick to follow it", event->number,
        type ? type->name : "of an unknown type", format_clock(event->blocks * view->block_ns).text, event->pid, text);
}

/* The event nearest to each pixel, as its place in view->events plus one; the notable go before the others. */
static void nearest_events(const struct timeline *line, uint16_t nearest[PIXELS], int width) {
    const struct view *view = line->painter->view;
    uint8_t distance[PIXELS];
    memset(nearest, 0, PIXELS * sizeof *nearest);
    memset(distance, 12, sizeof distance);
    for (size_t i = 0; i < view->event_count && i < UINT16_MAX; i++) {
        float place = timeline_x(line, (double)view->events[i].blocks) - line->lane.x;
        if (!(place >= -4 && place < (float)width + 4))
            continue;
        int at = (int)place, plain = event_color(&view->events[i]) == PALETTE_KERNEL ? 5 : 0;
        for (int x = at - 4 > 0 ? at - 4 : 0; x <= at + 4 && x < width; x++) {
            int away = (x > at ? x - at : at - x) + plain;
            if (away <= distance[x]) {
                distance[x] = (uint8_t)away;
                nearest[x] = (uint16_t)(i + 1);
            }
        }
    }
}

static void paint_events(const struct timeline *line, struct rect at) {
    const struct view *view = line->painter->view;
    uint32_t columns = (uint32_t)(at.w / 2);
    color *cells = columns ? draw_cells(line->painter->list, (struct rect){at.x, at.y, (float)columns * 2, at.h},
                                        columns, 1, columns, 0)
                           : NULL;
    if (!cells)
        return;
    memset(cells, 0, columns * sizeof *cells);
    for (size_t i = 0; i < view->event_count; i++) {
        float column = (timeline_x(line, (double)view->events[i].blocks) - at.x) / 2;
        color ink = event_color(&view->events[i]);
        if (column >= 0 && column < (float)columns && (ink != PALETTE_KERNEL || !cells[(unsigned)column]))
            cells[(unsigned)column] = ink;
    }
}

void timeline_events(const struct timeline *line, const struct timeline_row *row) {
    struct painter *painter = line->painter;
    struct rect at = {line->lane.x, line->lane.y + row->y, line->lane.w, row->h};
    uint16_t nearest[PIXELS];
    int width = (int)fminf(at.w, PIXELS);
    if (width < 2)
        return;
    paint_events(line, at);
    nearest_events(line, nearest, width);
    struct ui_lattice lattice = {.at = {at.x, at.y - 1, (float)width, at.h + 2},
                                 .step_x = 1,
                                 .step_y = at.h + 2,
                                 .cell_x = 1,
                                 .cell_y = at.h + 2,
                                 .columns = (uint32_t)width,
                                 .count = (uint32_t)width,
                                 .action = ACTION_SELECT_EVENT};
    int64_t *arguments = hit_lattice(painter, lattice);
    for (int x = 0; x < width && arguments; x++)
        arguments[x] = nearest[x] ? (int64_t)painter->view->events[nearest[x] - 1].number : UI_NO_ARGUMENT;
    int64_t mouse = ui_lattice_cell(&lattice, painter->state->mouse_x, painter->state->mouse_y);
    if (mouse >= 0 && nearest[mouse])
        tip_event(line, lattice.at, &painter->view->events[nearest[mouse] - 1]);
}

/* Free memory ------------------------------------------------------------------------------------------------ */

unsigned zone_sample_place(const struct kv_snapshot *kernel, size_t zone) {
    unsigned before = 0;
    for (size_t z = 0; z < zone; z++)
        before += kernel->zones[z].node == kernel->zones[zone].node;
    int node = kernel->zones[zone].node;
    unsigned place = (unsigned)(node < 0 ? 0 : node) * 3 + before;
    return place < STORY_SAMPLE_ZONES ? place : STORY_SAMPLE_ZONES - 1;
}

color zone_color(unsigned place) {
    static const color colors[3] = {PALETTE_LOW, PALETTE_FILE, PALETTE_COW};
    return colors[place % 3];
}

struct curve {
    unsigned place; /* in a sample */
    const char *name;
    uint32_t most;
};

static unsigned curves_of(const struct view *view, struct curve out[KV_MAX_ZONES]) {
    unsigned n = 0;
    for (size_t z = 0; z < view->kernel->zone_count && z < KV_MAX_ZONES; z++) {
        if (view->kernel->zones[z].present == 0)
            continue;
        struct curve curve = {zone_sample_place(view->kernel, z), view->kernel->zones[z].name, 0};
        for (size_t i = 0; i < view->sample_count; i++) {
            uint32_t free = view->samples[i].free[curve.place];
            curve.most = free != UINT32_MAX && free > curve.most ? free : curve.most;
        }
        if (curve.most > 0)
            out[n++] = curve;
    }
    return n;
}

/* From sample to sample; where several fall on one pixel the last is drawn. */
static void paint_curve(const struct timeline *line, struct rect at, const struct curve *curve) {
    const struct view *view = line->painter->view;
    float last_x = -1, last_y = 0;
    for (size_t i = 0; i < view->sample_count; i++) {
        uint32_t free = view->samples[i].free[curve->place];
        if (free == UINT32_MAX)
            continue;
        float x = timeline_x(line, (double)view->samples[i].blocks);
        float y = at.y + at.h - 1 - (float)free / (float)curve->most * (at.h - 2);
        bool skip = i + 1 < view->sample_count && last_x >= at.x && x < last_x + 1;
        if (skip)
            continue;
        if (last_x >= 0 && x >= at.x && last_x <= at.x + at.w)
            draw_line(line->painter->list, fmaxf(last_x, at.x), last_y, fminf(x, at.x + at.w), y,
                      zone_color(curve->place), 1.25f);
        last_x = x;
        last_y = y;
    }
}

static void tip_free(const struct timeline *line, struct rect at, const struct curve *curves, unsigned count) {
    const struct painter *painter = line->painter;
    const struct story_sample *sample = NULL;
    char text[300] = "";
    size_t used = 0;
    if (!is_hovered(painter, at))
        return;
    double moment = timeline_moment(line, painter->state->mouse_x);
    for (size_t i = 0; i < painter->view->sample_count; i++)
        if (!sample || (double)painter->view->samples[i].blocks <= moment)
            sample = &painter->view->samples[i];
    if (!sample)
        return;
    for (unsigned i = 0; i < count && used < 240; i++)
        if (sample->free[curves[i].place] != UINT32_MAX)
            used += (size_t)snprintf(text + used, sizeof text - used, "\n%s: %s pages free", curves[i].name,
                                     format_count(sample->free[curves[i].place]).text);
    tip(line->painter, at, "free memory at t = %s%s\neach curve against its own most",
        format_clock(sample->blocks * painter->view->block_ns).text, text);
}

void timeline_free(const struct timeline *line, const struct timeline_row *row) {
    struct painter *painter = line->painter;
    struct rect at = {line->lane.x, line->lane.y + row->y, line->lane.w, row->h};
    struct curve curves[KV_MAX_ZONES];
    unsigned count = curves_of(painter->view, curves), names = (unsigned)fmaxf((row->h + 4) / 10.5f, 1);
    for (unsigned i = 0; i < count; i++) {
        paint_curve(line, at, &curves[i]);
        if (i < names)
            put_until(painter, at.x - 80, at.y + 8 + 10.5f * (float)i, at.x - 4, FONT_WORDS, 10,
                      zone_color(curves[i].place), format_words("%s free", curves[i].name).text);
    }
    tip_free(line, at, curves, count);
}
