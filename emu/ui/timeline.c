/*
 * TIMELINE: faults on the virtual clock, a track a kind. Two pixels are one cell of a bitmap, so that a million marks
 * cost as much as ten; each pixel remembers the record nearest to it, for the click.
 */
#include "emu/ui/panel.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define ROW 11.0f
#define MARK 2.0f
#define LABELS 80.0f

struct track_look {
    const char *name;
    color color;
    bool always;
};

static const struct track_look tracks[TRACK_COUNT] = {
    [TRACK_ANON] = {"anon", PALETTE_ANON, true},       [TRACK_FILE] = {"file", PALETTE_FILE, true},
    [TRACK_SWAP] = {"swap", PALETTE_SWAP_CACHE, true}, [TRACK_COW] = {"copy on write", PALETTE_COW, false},
    [TRACK_BAD] = {"bad access", PALETTE_BAD, false},  [TRACK_KERNEL] = {"kernel", PALETTE_KERNEL, false},
};

/* Bit t: track t is shown. */
static unsigned tracks_shown(const struct view *view) {
    unsigned shown = 0;
    for (unsigned t = 0; t < TRACK_COUNT; t++)
        shown |= tracks[t].always ? 1u << t : 0;
    for (size_t i = 0; view && i < view->mark_count; i++)
        if (view->marks[i].track < TRACK_COUNT)
            shown |= 1u << view->marks[i].track;
    return shown;
}

/* Rows of reclaim, below the tracks of faults: kswapd, tasks for themselves. */
static bool shows_reclaim(const struct view *view) { return view && view->reclaim.span_count > 0; }

float timeline_height(const struct view *view) {
    unsigned rows = (unsigned)__builtin_popcount(tracks_shown(view)) + (shows_reclaim(view) ? 2 : 0);
    return 38 + ROW * (float)rows;
}

struct span_of_time {
    uint64_t from, to; /* blocks; to > from */
};

/* From the first mark (boot before it is silent) to now, with a little air on both sides. */
static struct span_of_time time_span(const struct view *view) {
    struct span_of_time span = {0, view->blocks};
    if (view->mark_count > 0) {
        span.from = view->marks[0].blocks;
        uint64_t last = view->marks[view->mark_count - 1].blocks;
        span.to = last > span.to ? last : span.to;
    }
    uint64_t length = span.to > span.from ? span.to - span.from : 1, most = 1ull << 60;
    length = length < most ? length : most;
    span.from = span.from < most ? span.from : most;
    uint64_t air = length / 50 + 1;
    span.from -= span.from < air ? span.from : air;
    span.to = span.from + length + 2 * air;
    return span;
}

static float place(const struct rect *lane, struct span_of_time span, uint64_t blocks) {
    if (blocks < span.from)
        return lane->x;
    double share = (double)(blocks - span.from) / (double)(span.to - span.from);
    return lane->x + (float)(share > 1 ? 1 : share) * lane->w;
}

static float row_of(unsigned shown, unsigned track) { return (float)__builtin_popcount(shown & ((1u << track) - 1)); }

static void paint_tracks(struct painter *painter, struct rect lane, unsigned shown) {
    for (unsigned t = 0; t < TRACK_COUNT; t++)
        if (shown & 1u << t) {
            float y = lane.y + row_of(shown, t) * ROW;
            put(painter, lane.x - LABELS, y + 8.5f, FONT_WORDS, 10, PALETTE_FAINT, tracks[t].name);
        }
}

static void paint_track_marks(struct painter *painter, struct rect lane, unsigned track, struct span_of_time span) {
    const struct view *view = painter->view;
    uint32_t columns = (uint32_t)(lane.w / MARK);
    color *cells = columns ? draw_cells(painter->list, (struct rect){lane.x, lane.y, (float)columns * MARK, ROW - 3},
                                        columns, 1, columns, 0)
                           : NULL;
    if (!cells)
        return;
    memset(cells, 0, columns * sizeof *cells);
    for (size_t i = 0; i < view->mark_count; i++) {
        if (view->marks[i].track != track)
            continue;
        uint32_t column = (uint32_t)((place(&lane, span, view->marks[i].blocks) - lane.x) / MARK);
        cells[column < columns ? column : columns - 1] = tracks[track].color;
    }
}

static void paint_marks(struct painter *painter, struct rect lane, unsigned shown, struct span_of_time span) {
    for (unsigned t = 0; t < TRACK_COUNT; t++)
        if (shown & 1u << t)
            paint_track_marks(painter, (struct rect){lane.x, lane.y + row_of(shown, t) * ROW, lane.w, ROW}, t, span);
}

static void paint_span(struct painter *painter, struct rect lane, struct span_of_time span,
                       const struct reclaim_span *reclaim, float y) {
    uint64_t end = reclaim->to ? reclaim->to : painter->view->blocks;
    float from = place(&lane, span, reclaim->from), to = place(&lane, span, end);
    if (end < span.from)
        return;
    draw_fill(painter->list, (struct rect){from, y + reclaim->direct * ROW, fmaxf(to - from, 2), ROW - 4},
              reclaim->direct ? PALETTE_BAD : PALETTE_LOW, 3);
}

static void paint_reclaim(struct painter *painter, struct rect lane, float y, struct span_of_time span) {
    const struct story_reclaim *reclaim = &painter->view->reclaim;
    uint64_t oldest = reclaim->span_count > RECLAIM_SPANS ? reclaim->span_count - RECLAIM_SPANS : 0;
    put(painter, lane.x - LABELS, y + 8.5f, FONT_WORDS, 10, PALETTE_FAINT, "kswapd");
    put(painter, lane.x - LABELS, y + ROW + 8.5f, FONT_WORDS, 10, PALETTE_FAINT, "direct");
    for (uint64_t n = oldest; n < reclaim->span_count; n++)
        paint_span(painter, lane, span, &reclaim->spans[n % RECLAIM_SPANS], y + 1);
}

/* For every pixel the nearest mark within six pixels. */
static void remember_marks(struct painter *painter, struct rect lane, struct span_of_time span) {
    struct ui_frame *frame = painter->frame;
    const struct view *view = painter->view;
    int width = (int)fminf(lane.w, UI_TIMELINE_PIXELS), distance[UI_TIMELINE_PIXELS];
    memset(frame->timeline_faults, 0, sizeof frame->timeline_faults);
    for (int x = 0; x < width; x++)
        distance[x] = 7;
    for (size_t i = 0; i < view->mark_count; i++) {
        int at = (int)(place(&lane, span, view->marks[i].blocks) - lane.x);
        for (int x = at - 6 > 0 ? at - 6 : 0; x <= at + 6 && x < width; x++) {
            int away = x > at ? x - at : at - x;
            if (away < distance[x]) {
                distance[x] = away;
                frame->timeline_faults[x] = view->marks[i].fault;
            }
        }
    }
    frame->timeline = lane;
}

static void tip_mark(struct painter *painter, struct rect lane, struct span_of_time span) {
    const struct view *view = painter->view;
    if (!is_hovered(painter, lane))
        return;
    float x = painter->state->mouse_x - lane.x;
    uint64_t fault = x < UI_TIMELINE_PIXELS ? painter->frame->timeline_faults[(size_t)x] : 0;
    for (size_t i = 0; i < view->mark_count && fault; i++) {
        const struct story_mark *mark = &view->marks[i];
        if (mark->fault != fault || mark->track >= TRACK_COUNT)
            continue;
        float at = place(&lane, span, mark->blocks);
        tip(painter, lane, "fault %" PRIu64 "\n%s, t = %s\nclick to go there", fault, tracks[mark->track].name,
            format_clock(mark->blocks * view->block_ns).text);
        painter->frame->hover_at = (struct rect){roundf(at) - 3, lane.y - 2, 7, lane.h + 2};
        return;
    }
}

/* Where the guest is; while it stands still, the mark of the fault on show. */
static uint64_t time_shown(const struct view *view) {
    if (!view->has_fault || view->state == VIEW_RUNNING)
        return view->blocks;
    for (size_t i = view->mark_count; i-- > 0;)
        if (view->marks[i].fault == view->fault.number)
            return view->marks[i].blocks;
    return view->fault.begin_blocks;
}

static void paint_playhead(struct painter *painter, struct rect lane, struct span_of_time span) {
    const struct view *view = painter->view;
    float x = roundf(place(&lane, span, time_shown(view)));
    draw_fill(painter->list, (struct rect){x, lane.y - 3, 2, lane.h + 5}, PALETTE_ACCENT, 0);
}

static struct words state_words(const struct view *view) {
    if (!view)
        return format_words("waiting for the guest");
    if (view->state == VIEW_RUNNING)
        return format_words("running");
    const char *state = view->state == VIEW_PAUSED ? "paused" : "ended";
    if (view->stop_text[0] == '\0' || strcmp(view->stop_text, state) == 0)
        return format_words("%s", state);
    return format_words("%s: %s", state, view->stop_text);
}

static void paint_state(struct painter *painter, struct rect at, float right) {
    const struct view *view = painter->view;
    color dot = !view || view->state == VIEW_ENDED ? PALETTE_KERNEL
                : view->state == VIEW_RUNNING      ? PALETTE_HIGH
                                                   : PALETTE_ACCENT;
    float x = at.x + PAD + text_width(painter, FONT_WORDS_BOLD, SIZE_SMALL, "TIMELINE") + 16;
    draw_fill(painter->list, (struct rect){x, at.y + 15, 8, 8}, dot, 4);
    put_until(painter, x + 15, at.y + 23, right, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, state_words(view).text);
}

void paint_timeline(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    bool some = view && view->mark_count > 0;
    unsigned shown = tracks_shown(view);
    struct span_of_time span = view ? time_span(view) : (struct span_of_time){0, 1};
    struct words subtitle =
        some ? format_words("%s to %s \xc2\xb7 click a mark to go there", format_clock(span.from * view->block_ns).text,
                            format_clock(view->blocks * view->block_ns).text)
             : format_words("page faults on the virtual clock");
    region_begin(painter, at);
    painter->frame->panels[PANEL_TIMELINE] = at;
    draw_clip(painter->list, at);
    draw_fill(painter->list, at, PALETTE_PANEL, 8);
    draw_stroke(painter->list, at, PALETTE_LINE, 8, 1);
    put(painter, at.x + PAD, at.y + 23, FONT_WORDS_BOLD, SIZE_SMALL, PALETTE_DIM, "TIMELINE");
    put_right(painter, at.x + at.w - PAD, at.y + 23, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT, subtitle.text);
    paint_state(painter, at, at.x + at.w - PAD - text_width(painter, FONT_WORDS, SIZE_SMALL, subtitle.text) - 16);
    struct rect lane = {at.x + PAD + LABELS, at.y + 32, at.w - 2 * PAD - LABELS,
                        (float)__builtin_popcount(shown) * ROW - 3};
    paint_tracks(painter, lane, shown);
    if (shows_reclaim(view))
        paint_reclaim(painter, lane, lane.y + (float)__builtin_popcount(shown) * ROW, span);
    if (some) {
        paint_marks(painter, lane, shown, span);
        remember_marks(painter, lane, span);
        paint_playhead(painter, lane, span);
        hit(painter, (struct rect){lane.x, lane.y - 4, lane.w, lane.h + 8}, ACTION_SELECT_FAULT, 0);
        tip_mark(painter, lane, span);
    } else
        put_until(
            painter, lane.x, lane.y + 19, lane.x + lane.w, FONT_WORDS, SIZE_SMALL, PALETTE_FAINT,
            "A mark for each page fault of the program appears here while it runs; press n to run to the first one.");
    draw_unclip(painter->list);
    region_end(painter);
}
