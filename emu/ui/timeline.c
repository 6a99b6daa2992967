/*
 * TIMELINE: what happened on the virtual clock, a row a kind: faults by their branch, who reclaims, what the disk does,
 * who waits, the kernel's events, free memory. Only rows that have something to show are there.
 *
 * The model. All of the time is from the first thing that the story tells to now; the wheel shows a part of it. Marks
 * are gathered in columns of two pixels, so that a hundred thousand cost as much as a hundred; a column is the higher
 * the more it holds. Each pixel remembers the record nearest to it, for the click.
 */
#include "emu/ui/timeline.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define PITCH 11.0f
#define MARK 2.0f
#define LABELS 80.0f
#define AXIS 24.0f /* above the rows */
#define BOTTOM 8.0f
#define COLUMNS (UI_TIMELINE_PIXELS / 2)
#define LEVELS 4u /* heights of a column of marks */
#define ALL_TRACKS TRACK_COUNT

struct track_look {
    const char *name;
    color color;
    bool always;
};

static const struct track_look tracks[TRACK_COUNT] = {
    [TRACK_ANON] = {"anonymous", PALETTE_ANON, true},  [TRACK_FILE] = {"file", PALETTE_FILE, true},
    [TRACK_SWAP] = {"swap", PALETTE_SWAP_CACHE, true}, [TRACK_COW] = {"copy on write", PALETTE_COW, false},
    [TRACK_BAD] = {"bad access", PALETTE_BAD, false},  [TRACK_KERNEL] = {"kernel", PALETTE_KERNEL, false},
    [TRACK_USER] = {"user mode", PALETTE_ANON, false}, [TRACK_SUPERVISOR] = {"kernel mode", PALETTE_KERNEL, false},
};

/* Rows ------------------------------------------------------------------------------------------------------- */

/* Bit t: there are marks of track t. */
static unsigned tracks_used(const struct view *view) {
    unsigned used = 0;
    for (size_t i = 0; view && i < view->mark_count; i++)
        if (view->marks[i].track < TRACK_COUNT)
            used |= 1u << view->marks[i].track;
    return used;
}

static unsigned spans_used(const struct view *view) {
    unsigned used = 0;
    for (size_t i = 0; view && i < view->span_count; i++)
        if (view->spans[i].kind < SPAN_KINDS)
            used |= 1u << view->spans[i].kind;
    return used;
}

static void add_row(struct timeline *line, enum row_kind kind, const char *label, unsigned which, float pitches) {
    if (line->count == TIMELINE_ROWS)
        return;
    float y = line->count ? line->rows[line->count - 1].y + line->rows[line->count - 1].h + 3 : 0;
    line->rows[line->count++] = (struct timeline_row){kind, label, which, y, line->pitch * pitches - 3};
}

static void add_span_rows(struct timeline *line, unsigned used, bool low) {
    static const struct {
        const char *label;
        unsigned kinds;
        bool low; /* for low windows, or for others */
    } rows[] = {
        {"kswapd", 1u << SPAN_KSWAPD, false},
        {"direct reclaim", 1u << SPAN_DIRECT, false},
        {"reclaim", 1u << SPAN_KSWAPD | 1u << SPAN_DIRECT, true},
        {"read", 1u << SPAN_READ, false},
        {"write", 1u << SPAN_WRITE, false},
        {"disk", 1u << SPAN_READ | 1u << SPAN_WRITE, true},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].low == low && (used & rows[i].kinds))
            add_row(line, ROW_SPANS, rows[i].label, rows[i].kinds, 1);
    if (used & (1u << SPAN_WAIT | 1u << SPAN_THROTTLE))
        add_row(line, ROW_SPANS, "waits", 1u << SPAN_WAIT | 1u << SPAN_THROTTLE, 1);
}

/* Where height is dear one row stands for all faults, one for all reclaim and one for the disk. */
static bool is_low(const struct ui_state *state) {
    bool dense = state->caption[0] || (state->scene == SCENE_MEMORY && state->maximised < 0);
    return state->maximised != PANEL_TIMELINE && state->height < (dense ? 900 : 760);
}

/* Rows by pitch; y from the top of the lane. While a demo speaks all are there from the first sentence on, so that
 * nothing moves. */
static void choose_rows(struct timeline *line, const struct view *view, const struct ui_state *state) {
    bool low = is_low(state), all = state->caption[0] != '\0';
    unsigned used = tracks_used(view), told = used & ~(1u << TRACK_USER | 1u << TRACK_SUPERVISOR);
    bool none = view && !view->kernel && view->hardware.paging && view->event_count == 0;
    bool silent = used ? !told : none; /* a kernel that sends no events: only the mode of an access is known */
    if (low)
        add_row(line, ROW_TRACK, "faults", ALL_TRACKS, 1);
    for (unsigned t = 0; t < TRACK_COUNT && !low; t++)
        if ((silent ? t >= TRACK_USER : tracks[t].always) || (used & 1u << t))
            add_row(line, ROW_TRACK, tracks[t].name, t, 1);
    add_span_rows(line, all ? (1u << SPAN_KINDS) - 1 : spans_used(view), low);
    if (all || (view && view->event_count > 0))
        add_row(line, ROW_EVENTS, "events", 0, 1);
    if (all || (view && view->sample_count > 1 && view->kernel))
        add_row(line, ROW_FREE, "free memory", 0, low ? 2 : 3);
}

static float rows_height(const struct timeline *line) {
    return line->count ? line->rows[line->count - 1].y + line->rows[line->count - 1].h : 0;
}

float timeline_height(const struct view *view, const struct ui_state *state) {
    struct timeline line = {.pitch = PITCH};
    choose_rows(&line, view, state);
    return ceilf(AXIS + rows_height(&line) + BOTTOM);
}

/* Time ------------------------------------------------------------------------------------------------------- */

/* From the first that is told (boot before it is silent) to now, with a little air on both sides. */
static void all_time(struct timeline *line, const struct view *view) {
    const uint64_t most = 1ull << 60;
    uint64_t first = view->blocks, last = view->blocks;
    if (view->mark_count > 0) {
        first = view->marks[0].blocks;
        last = view->marks[view->mark_count - 1].blocks > last ? view->marks[view->mark_count - 1].blocks : last;
    } else if (view->span_count > 0)
        first = view->spans[0].from;
    first = first < most ? first : most;
    last = last < most ? last : most;
    double length = fmax((double)last - (double)first, 1), air = length / 50 + 1;
    line->first = fmax((double)first - air, 0);
    line->last = fmax((double)last, (double)first) + air;
}

static void time_on_show(struct timeline *line, const struct view *view, const struct ui_state *state) {
    line->first = 0;
    line->last = 1;
    if (view)
        all_time(line, view);
    double length = (line->last - line->first) / fmax(state->timeline_zoom, 1);
    double from = state->timeline_zoom > 1 ? state->timeline_from : line->first;
    line->from = fmax(fmin(from, line->last - length), line->first);
    line->to = line->from + length;
}

/* The least of 1, 2 and 5 times a power of ten that is no less than `least`. */
static double round_step(double least) {
    double power = pow(10, floor(log10(least)));
    return power * (least <= power ? 1 : least <= 2 * power ? 2 : least <= 5 * power ? 5 : 10);
}

/* "41.2 ms", as exact as the step between two labels asks for. */
static struct words axis_words(double ns, double step) {
    double unit = step >= 1e8 ? 1e9 : step >= 1e5 ? 1e6 : 1e3;
    int digits = (int)fmax(ceil(-log10(step / unit) - 1e-9), 0);
    return format_words("%.*f %s", digits, ns / unit, unit > 5e8 ? "s" : unit > 5e5 ? "ms" : "\xc2\xb5s");
}

static void paint_axis(const struct timeline *line, float baseline, float right) {
    struct painter *painter = line->painter;
    double block = painter->view->block_ns ? painter->view->block_ns : 1;
    double step = round_step(fmax((line->to - line->from) * block * 110 / fmax((double)line->lane.w, 110), 1));
    double begin = ceil(line->from * block / step) * step;
    for (unsigned i = 0; i < 100 && begin + i * step <= line->to * block; i++) {
        double at = begin + i * step;
        float x = roundf(timeline_x(line, at / block));
        struct words words = axis_words(at, step);
        if (x < line->lane.x || x + 4 + text_width(painter, FONT_CODE, 10, words.text) > right)
            continue;
        draw_fill(painter->list, (struct rect){x, line->lane.y - 16, 1, line->lane.h + 16}, PALETTE_LINE, 0);
        put(painter, x + 4, baseline, FONT_CODE, 10, PALETTE_FAINT, words.text);
    }
}

/* Faults ----------------------------------------------------------------------------------------------------- */

struct mark_columns {
    unsigned count; /* of columns */
    uint32_t most;  /* in one column of one track */
    uint16_t held[TRACK_COUNT][COLUMNS];
};

static void gather(const struct timeline *line, struct mark_columns *columns) {
    const struct view *view = line->painter->view;
    memset(columns, 0, sizeof *columns);
    columns->count = (unsigned)fminf(line->lane.w / MARK, COLUMNS);
    for (size_t i = 0; i < view->mark_count; i++) {
        float column = (timeline_x(line, (double)view->marks[i].blocks) - line->lane.x) / MARK;
        if (view->marks[i].track >= TRACK_COUNT || !(column >= 0 && column < (float)columns->count))
            continue;
        uint16_t *held = &columns->held[view->marks[i].track][(unsigned)column];
        *held = (uint16_t)(*held + (*held < UINT16_MAX));
        columns->most = *held > columns->most ? *held : columns->most;
    }
}

/* How high a column is: all the same while none is crowded. */
static unsigned level_of(uint32_t held, uint32_t most) {
    if (held == 0 || most <= 3)
        return held ? LEVELS : 0;
    float share = logf((float)(held < most ? held : most)) / logf((float)most);
    return 1 + (unsigned)(share * (float)(LEVELS - 1) + 0.5f);
}

/* Which track has the most marks in a column, and how many all together have. */
static unsigned busiest(const struct mark_columns *columns, unsigned column, uint32_t *held) {
    unsigned best = 0;
    *held = 0;
    for (unsigned t = 0; t < TRACK_COUNT; t++) {
        *held += columns->held[t][column];
        if (columns->held[t][column] > columns->held[best][column])
            best = t;
    }
    return best;
}

static void paint_track(const struct timeline *line, const struct timeline_row *row,
                        const struct mark_columns *columns) {
    struct rect at = {line->lane.x, line->lane.y + row->y, (float)columns->count * MARK, row->h};
    uint32_t count = columns->count, held;
    color *cells = count ? draw_cells(line->painter->list, at, count, LEVELS, count * LEVELS, 0) : NULL;
    for (unsigned i = 0; i < count && cells; i++) {
        unsigned track = row->which;
        if (track == ALL_TRACKS)
            track = busiest(columns, i, &held);
        else
            held = columns->held[track][i];
        for (unsigned level = 0; level < LEVELS; level++)
            cells[level * count + i] = LEVELS - level <= level_of(held, columns->most) ? tracks[track].color : 0;
    }
}

/* For every pixel the nearest mark within six pixels. */
static void remember_marks(const struct timeline *line) {
    struct ui_frame *frame = line->painter->frame;
    const struct view *view = line->painter->view;
    int width = (int)fminf(line->lane.w, UI_TIMELINE_PIXELS);
    uint8_t distance[UI_TIMELINE_PIXELS];
    memset(frame->timeline_faults, 0, sizeof frame->timeline_faults);
    memset(distance, 7, sizeof distance);
    for (size_t i = 0; i < view->mark_count; i++) {
        float place = timeline_x(line, (double)view->marks[i].blocks) - line->lane.x;
        if (!(place >= -6 && place < (float)width + 6))
            continue;
        int at = (int)place;
        for (int x = at - 6 > 0 ? at - 6 : 0; x <= at + 6 && x < width; x++) {
            int away = x > at ? x - at : at - x;
            if (away < distance[x]) {
                distance[x] = (uint8_t)away;
                frame->timeline_faults[x] = view->marks[i].fault;
            }
        }
    }
}

static void tip_mark(const struct timeline *line, struct rect rows) {
    struct painter *painter = line->painter;
    const struct view *view = painter->view;
    if (!is_hovered(painter, rows))
        return;
    float x = painter->state->mouse_x - line->lane.x;
    uint64_t fault = x < UI_TIMELINE_PIXELS ? painter->frame->timeline_faults[(size_t)x] : 0;
    for (size_t i = 0; i < view->mark_count && fault; i++) {
        const struct story_mark *mark = &view->marks[i];
        if (mark->fault != fault || mark->track >= TRACK_COUNT)
            continue;
        float at = timeline_x(line, (double)mark->blocks);
        tip(painter, rows, "fault %" PRIu64 "\n%s, t = %s\nclick to go there", fault, tracks[mark->track].name,
            format_clock(mark->blocks * view->block_ns).text);
        painter->frame->hover_at = (struct rect){roundf(at) - 3, rows.y - 2, 7, rows.h + 2};
        return;
    }
}

static void paint_faults(const struct timeline *line) {
    struct mark_columns columns;
    gather(line, &columns);
    struct rect rows = {line->lane.x, line->lane.y - 4, line->lane.w, 4};
    for (unsigned i = 0; i < line->count && line->rows[i].kind == ROW_TRACK; i++) {
        paint_track(line, &line->rows[i], &columns);
        rows.h = line->rows[i].y + line->rows[i].h + 6;
    }
    remember_marks(line);
    hit(line->painter, rows, ACTION_SELECT_FAULT, 0);
    tip_mark(line, rows);
}

/* The whole -------------------------------------------------------------------------------------------------- */

/* Where the guest is; the mark of the fault on show when that is an older one, or has just ended. */
static uint64_t time_shown(const struct view *view) {
    bool older = view->fault_position < view->fault_total, just = view->blocks <= view->fault.end_blocks + 16;
    if (!view->has_fault || view->state == VIEW_RUNNING || (!older && !just))
        return view->blocks;
    for (size_t i = view->mark_count; i-- > 0;)
        if (view->marks[i].fault == view->fault.number)
            return view->marks[i].blocks;
    return view->fault.begin_blocks;
}

static void paint_playhead(const struct timeline *line) {
    float x = roundf(timeline_x(line, (double)time_shown(line->painter->view)));
    if (x >= line->lane.x && x < line->lane.x + line->lane.w)
        draw_fill(line->painter->list, (struct rect){x, line->lane.y - 4, 2, line->lane.h + 7}, PALETTE_ACCENT, 0);
}

static void paint_rows(const struct timeline *line) {
    const struct view *view = line->painter->view;
    for (unsigned i = 0; i < line->count; i++) {
        const struct timeline_row *row = &line->rows[i];
        if (row->kind != ROW_FREE) /* it names its curves itself */
            put_until(line->painter, line->lane.x - LABELS, line->lane.y + row->y + row->h / 2 + 3.5f, line->lane.x - 4,
                      FONT_WORDS, 10, PALETTE_FAINT, row->label);
        if (!view)
            continue;
        switch (row->kind) {
        case ROW_SPANS: timeline_spans(line, row); break;
        case ROW_EVENTS: timeline_events(line, row); break;
        case ROW_FREE:
            if (view->kernel)
                timeline_free(line, row);
            break;
        default: break;
        }
    }
    if (view && view->mark_count > 0)
        paint_faults(line);
}

/* Title at the left, how to move at the right; returns where the right-hand words begin. */
static float paint_head(const struct timeline *line, struct rect at) {
    struct painter *painter = line->painter;
    const struct ui_state *state = painter->state;
    float right = at.x + at.w - PAD, baseline = at.y + 16;
    put(painter, at.x + PAD, baseline, FONT_WORDS_BOLD, SIZE_LABEL, PALETTE_DIM, "TIMELINE");
    hit(painter, (struct rect){at.x, at.y, LABELS + PAD, AXIS - 4}, ACTION_MAXIMISE, PANEL_TIMELINE);
    tip(painter, (struct rect){at.x, at.y, LABELS + PAD, AXIS - 4}, "TIMELINE\n%s",
        state->maximised == PANEL_TIMELINE ? "click to go back to all panels" : "click to let it fill the window");
    if (state->timeline_zoom > 1) {
        struct button whole = {"all of it", "t", ACTION_TIMELINE_WHOLE, false, false, "show all of the time again"};
        float width = button_width(painter, &whole, 7);
        right -= width;
        paint_button(painter, (struct rect){right, at.y + 2, width, 20}, 7, &whole);
        return right - 10;
    }
    struct words words = format_words("wheel zooms \xc2\xb7 click a mark to go there");
    put_right(painter, right, baseline, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT, words.text);
    return right - text_width(painter, FONT_WORDS, SIZE_LABEL, words.text) - 10;
}

static void place_rows(struct timeline *line, struct rect at) {
    struct painter *painter = line->painter;
    bool large = painter->state->maximised == PANEL_TIMELINE;
    line->pitch = PITCH;
    choose_rows(line, painter->view, painter->state);
    float room = at.h - AXIS - BOTTOM, used = rows_height(line),
          larger = large && used > 0 ? (room + 3) / (used + 3) : 1;
    for (unsigned i = 0; i < line->count; i++) {
        line->rows[i].y = floorf(line->rows[i].y * larger);
        line->rows[i].h = floorf((line->rows[i].h + 3) * larger) - 3;
    }
    line->lane = (struct rect){at.x + PAD + LABELS, at.y + AXIS, at.w - 2 * PAD - LABELS, rows_height(line)};
}

void paint_timeline(struct painter *painter, struct rect at) {
    const struct view *view = painter->view;
    struct timeline line = {.painter = painter};
    region_begin(painter, at);
    painter->frame->panels[PANEL_TIMELINE] = at;
    draw_clip(painter->list, at);
    draw_fill(painter->list, at, PALETTE_PANEL, 8);
    draw_stroke(painter->list, at, PALETTE_LINE, 8, 1);
    place_rows(&line, at);
    time_on_show(&line, view, painter->state);
    painter->frame->timeline = line.lane;
    painter->frame->timeline_from = line.from;
    painter->frame->timeline_to = line.to;
    painter->frame->timeline_first = line.first;
    painter->frame->timeline_last = line.last;
    float right = paint_head(&line, at);
    bool some = view && view->mark_count + view->span_count + view->event_count > 0;
    if (some)
        paint_axis(&line, at.y + 16, right);
    paint_rows(&line);
    if (some)
        paint_playhead(&line);
    else
        put_until(painter, line.lane.x, line.lane.y + 9, line.lane.x + line.lane.w, FONT_WORDS, SIZE_SMALL,
                  PALETTE_FAINT,
                  "A mark for each page fault of the program appears here while it runs; press n to run to the first.");
    draw_unclip(painter->list);
    region_end(painter);
}
