/*
 * ZONES: free pages of each zone against its watermarks. The gauge has two scales: up to the notch it runs from zero to
 * a bit above `high`, where reclaim decides; beyond the notch it is squeezed up to the zone's size.
 */
#include "emu/ui/timeline.h"

#include <inttypes.h>
#include <math.h>

#define NOTCH 0.74f /* of the gauge */

struct gauge {
    struct rect at;
    uint64_t knee, full;
};

static float gauge_x(const struct gauge *gauge, uint64_t pages) {
    float share;
    if (pages <= gauge->knee || gauge->full <= gauge->knee)
        share = gauge->knee ? NOTCH * (float)((double)pages / (double)gauge->knee) : 0;
    else
        share = NOTCH + (1 - NOTCH) * (float)((double)(pages - gauge->knee) / (double)(gauge->full - gauge->knee));
    return gauge->at.x + fminf(share, 1) * gauge->at.w;
}

bool snapshot_has_nodes(const struct kv_snapshot *kernel) {
    for (size_t z = 0; z < kernel->zone_count && z < KV_MAX_ZONES; z++)
        if (kernel->zones[z].present > 0 && kernel->zones[z].node != 0)
            return true;
    return false;
}

/* As the allocator asks (zone_watermark_ok): a mark is held only by more pages than it names. */
static color free_color(const struct kv_zone *zone) {
    return zone->free <= zone->min   ? PALETTE_GAUGE_MIN
           : zone->free <= zone->low ? PALETTE_GAUGE_LOW
                                     : PALETTE_GAUGE_FINE;
}

static const char *free_words(const struct kv_zone *zone) {
    if (zone->free <= zone->min)
        return "not above min: an allocation must reclaim for itself";
    if (zone->free <= zone->low)
        return "not above low: kswapd must work";
    return zone->free <= zone->high ? "above low: allocations go on" : "above high: kswapd may sleep";
}

/* Points of the curve of free pages: the story's samples, else what the window saw itself. */
struct history {
    unsigned count;
    float x[STORY_SAMPLES]; /* 0 to 1 */
    uint32_t free[STORY_SAMPLES];
};

static void story_history(const struct view *view, size_t z, struct history *history) {
    unsigned place = zone_sample_place(view->kernel, z);
    double first = (double)view->samples[0].blocks,
           length = fmax((double)view->samples[view->sample_count - 1].blocks - first, 1);
    for (size_t i = 0; i < view->sample_count && history->count < STORY_SAMPLES; i++) {
        if (view->samples[i].free[place] == UINT32_MAX)
            continue;
        history->x[history->count] = (float)(((double)view->samples[i].blocks - first) / length);
        history->free[history->count++] = view->samples[i].free[place];
    }
}

static void take_history(const struct painter *painter, size_t z, struct history *history) {
    const struct ui_state *state = painter->state;
    history->count = 0;
    if (painter->view->sample_count > 1)
        story_history(painter->view, z, history);
    if (history->count > 1)
        return;
    history->count = state->history_count;
    for (unsigned i = 0; i < state->history_count; i++) {
        history->x[i] = 1 - (float)(state->history_count - 1 - i) / (float)(UI_HISTORY - 1);
        history->free[i] = state->history[z][i];
    }
}

/* Free pages over time, with the marks as faint lines where the curve comes near them. */
static void paint_history(struct painter *painter, struct rect at, size_t z) {
    const struct kv_zone *zone = &painter->view->kernel->zones[z];
    struct history history;
    uint32_t low = UINT32_MAX, high = 0;
    take_history(painter, z, &history);
    if (history.count < 2)
        return;
    for (unsigned i = 0; i < history.count; i++) {
        low = history.free[i] < low ? history.free[i] : low;
        high = history.free[i] > high ? history.free[i] : high;
    }
    float range = fmaxf((float)high - (float)low, 4), bottom = at.y + at.h;
    const uint64_t marks[] = {zone->min, zone->low, zone->high};
    static const color inks[] = {PALETTE_BAD, PALETTE_LOW, PALETTE_HIGH};
    for (unsigned i = 0; i < 3; i++)
        if (marks[i] >= low && marks[i] <= high)
            draw_fill(painter->list,
                      (struct rect){at.x, roundf(bottom - (float)(marks[i] - low) / range * at.h), at.w, 1},
                      mix(PALETTE_PANEL, inks[i], 0.45f), 0);
    for (unsigned i = 0; i + 1 < history.count; i++)
        draw_line(painter->list, at.x + history.x[i] * at.w, bottom - (float)(history.free[i] - low) / range * at.h,
                  at.x + history.x[i + 1] * at.w, bottom - (float)(history.free[i + 1] - low) / range * at.h,
                  PALETTE_FILE, 1.5f);
    tip(painter, at, "free pages of %s over the run\nfrom %s to %s\nfaint lines: min, low and high", zone->name,
        format_count(low).text, format_count(high).text);
}

struct watermark {
    const char *name;
    uint64_t pages;
    color ink;
};

/* Names below the gauge, each at its line as far as the others leave it room; where not all fit, numbers alone. */
static float paint_names(struct painter *painter, const struct gauge *gauge, const struct watermark marks[3]) {
    struct words text[3];
    float at[3], width[3], all = 0, right = gauge->at.x + gauge->at.w;
    for (unsigned i = 0; i < 3; i++)
        all += text_width(painter, FONT_CODE, 10, format_words("%s %" PRIu64, marks[i].name, marks[i].pages).text) + 6;
    for (unsigned i = 0; i < 3; i++) {
        text[i] = all <= gauge->at.w ? format_words("%s %" PRIu64, marks[i].name, marks[i].pages)
                                     : format_words("%" PRIu64, marks[i].pages);
        width[i] = text_width(painter, FONT_CODE, 10, text[i].text);
        at[i] = roundf(gauge_x(gauge, marks[i].pages)) + 2;
        at[i] = i > 0 ? fmaxf(at[i], at[i - 1] + width[i - 1] + 6) : at[i];
    }
    for (unsigned i = 3; i-- > 0; right = at[i] - 6)
        at[i] = fminf(at[i], right - width[i]);
    for (unsigned i = 0; i < 3; i++)
        put(painter, at[i], gauge->at.y + gauge->at.h + 15, FONT_CODE, 10, marks[i].ink, text[i].text);
    return at[2] + width[2];
}

static void paint_gauge(struct painter *painter, const struct gauge *gauge, const struct kv_zone *zone, bool names) {
    const struct watermark marks[3] = {
        {"min", zone->min, PALETTE_BAD}, {"low", zone->low, PALETTE_LOW}, {"high", zone->high, PALETTE_HIGH}};
    struct rect fill = gauge->at;
    float right = gauge->at.x + gauge->at.w;
    draw_fill(painter->list, gauge->at, PALETTE_WELL, 3);
    fill.w = gauge_x(gauge, zone->free) - gauge->at.x;
    if (fill.w >= 1)
        draw_fill(painter->list, fill, free_color(zone), 3);
    draw_stroke(painter->list, gauge->at, PALETTE_LINE, 3, 1);
    for (unsigned i = 0; i < 3; i++)
        draw_fill(painter->list,
                  (struct rect){gauge->at.x + NOTCH * gauge->at.w + 8, gauge->at.y + gauge->at.h / 2 - 6 + 5 * (float)i,
                                2, 2},
                  PALETTE_FAINT, 0);
    for (unsigned i = 0; i < 3; i++)
        draw_fill(painter->list,
                  (struct rect){roundf(gauge_x(gauge, marks[i].pages)) - 1, gauge->at.y - 4, 2, gauge->at.h + 8},
                  marks[i].ink, 0);
    if (!names)
        return;
    float end = paint_names(painter, gauge, marks);
    struct words present = format_words("%s", format_count(zone->present).text);
    if (right - text_width(painter, FONT_CODE, 10, present.text) > end + 8)
        put_right(painter, right, gauge->at.y + gauge->at.h + 15, FONT_CODE, 10, PALETTE_FAINT, present.text);
}

static void tip_zone(struct painter *painter, struct rect row, const struct kv_zone *zone) {
    tip(painter, row,
        "%s of node %d: %s of %s pages free\n%s%s\nmin %" PRIu64 ", low %" PRIu64 ", high %" PRIu64
        "\nkept from requests for DMA, NORMAL, HIGHMEM: %" PRIu64 ", %" PRIu64 ", %" PRIu64 "\nper-CPU lists: %" PRIu64
        " hot, %" PRIu64 " cold\nlast scan at priority %" PRIu64
        ", %s pages since one was freed\nfile pages: %s dirty, "
        "%s being written",
        zone->name, zone->node, format_count(zone->free).text, format_count(zone->present).text, free_words(zone),
        zone->all_unreclaimable ? "\nreclaim gave up on it: all unreclaimable" : "", zone->min, zone->low, zone->high,
        zone->lowmem_reserve[0], zone->lowmem_reserve[1], zone->lowmem_reserve[2], zone->pageset_count[0],
        zone->pageset_count[1], zone->prev_priority, format_count(zone->pages_scanned).text,
        format_count(zone->dirty).text, format_count(zone->writeback).text);
}

static void paint_zone(struct painter *painter, struct rect row, size_t z) {
    const struct kv_zone *zone = &painter->view->kernel->zones[z];
    bool low_row = row.h < 56;
    float name_width = row.w < 420 ? 70 : 90, history = row.w >= 480 ? 178 : 0;
    struct gauge gauge = {.knee = zone->high + zone->high / 4,
                          .full = zone->present > zone->high ? zone->present : zone->high + 1};
    gauge.at = (struct rect){row.x + name_width, row.y + 5, row.w - name_width - (history > 0 ? history + 20 : 0),
                             fminf(34, fmaxf(row.h - 36, 12))};
    put_until(painter, row.x, row.y + (low_row ? 14 : 19), row.x + name_width - 4, FONT_WORDS, SIZE_WORDS, PALETTE_INK,
              zone->name);
    put_until(painter, row.x, row.y + (low_row ? 28 : 36), row.x + name_width - 4, FONT_WORDS, SIZE_LABEL, PALETTE_DIM,
              format_words("%s free", format_count(zone->free).text).text);
    if (!low_row && snapshot_has_nodes(painter->view->kernel))
        put_until(painter, row.x, row.y + 52, row.x + name_width - 4, FONT_WORDS, SIZE_LABEL, PALETTE_FAINT,
                  format_words("node %d", zone->node).text);
    paint_gauge(painter, &gauge, zone, row.h >= 34);
    tip_zone(painter, row, zone);
    if (row.h >= 88)
        put_wrapped(
            painter, (struct rect){gauge.at.x, gauge.at.y + gauge.at.h + 33, gauge.at.w + (history > 0 ? 8 : 0), 0}, 14,
            row.h >= 104 ? 2 : 1, FONT_WORDS, SIZE_LABEL, zone->all_unreclaimable ? PALETTE_BAD_INK : PALETTE_FAINT,
            format_words("%s \xc2\xb7 per-CPU lists hold %" PRIu64 " + %" PRIu64,
                         zone->all_unreclaimable ? "all unreclaimable: reclaim gave up" : free_words(zone),
                         zone->pageset_count[0], zone->pageset_count[1])
                .text);
    if (history > 0)
        paint_history(
            painter,
            (struct rect){gauge.at.x + gauge.at.w + 20, gauge.at.y - 2, history, fmaxf(gauge.at.h + 4, row.h - 54)}, z);
}

/* Zones that hold memory; the others have nothing to show. */
static unsigned zones_with_memory(const struct kv_snapshot *kernel, size_t of[KV_MAX_ZONES]) {
    unsigned n = 0;
    for (size_t z = 0; z < kernel->zone_count && z < KV_MAX_ZONES; z++)
        if (kernel->zones[z].present > 0)
            of[n++] = z;
    return n;
}

#define RECLAIMERS 52.0f

static void paint_reclaimer(struct painter *painter, struct rect row, const char *name, const char *state, bool busy,
                            const char *numbers) {
    float width = text_width(painter, FONT_WORDS, SIZE_SMALL, state) + 24, names = row.w < 420 ? 70 : 90;
    struct rect pill = {row.x + names, row.y, width, 19};
    put(painter, row.x, row.y + 14, FONT_WORDS, SIZE_SMALL, PALETTE_INK, name);
    draw_fill(painter->list, pill, busy ? PALETTE_ACCENT_GROUND : PALETTE_OFF_GROUND, 9);
    put(painter, pill.x + 12, row.y + 14, FONT_WORDS, SIZE_SMALL, busy ? PALETTE_ACCENT : PALETTE_DIM, state);
    if (row.w >= 420)
        put_until(painter, pill.x + width + 14, row.y + 14, row.x + row.w, FONT_WORDS, SIZE_SMALL, PALETTE_DIM,
                  numbers);
    tip(painter, row, "%s: %s\n%s", name, state, numbers);
}

static struct words times(uint64_t n) {
    return n == 1 ? format_words("once") : format_words("%s times", format_count(n).text);
}

/* Who frees memory: kswapd, and tasks for themselves. */
static void paint_reclaimers(struct painter *painter, struct rect at) {
    const struct story_reclaim *reclaim = &painter->view->reclaim;
    struct words direct = reclaim->direct_pid ? format_words("pid %" PRIu32 " stalls", reclaim->direct_pid)
                                              : format_words("nobody stalls");
    paint_reclaimer(painter, (struct rect){at.x, at.y, at.w, 22}, "kswapd", reclaim->kswapd_awake ? "awake" : "asleep",
                    reclaim->kswapd_awake,
                    format_words("priority %" PRIu32 " \xc2\xb7 woken %s \xc2\xb7 freed %s of %s scanned",
                                 reclaim->priority, times(reclaim->kswapd_wakes).text,
                                 format_count(reclaim->kswapd_reclaimed).text,
                                 format_count(reclaim->kswapd_scanned).text)
                        .text);
    paint_reclaimer(painter, (struct rect){at.x, at.y + 25, at.w, 22}, "direct", direct.text, reclaim->direct_pid != 0,
                    format_words("%s \xc2\xb7 freed %s of %s scanned", times(reclaim->direct_reclaims).text,
                                 format_count(reclaim->direct_reclaimed).text,
                                 format_count(reclaim->direct_scanned).text)
                        .text);
}

void paint_zones(struct painter *painter, struct rect at) {
    const struct kv_snapshot *kernel = painter->view ? painter->view->kernel : NULL;
    size_t zones[KV_MAX_ZONES];
    unsigned count = kernel ? zones_with_memory(kernel, zones) : 0;
    const char *subtitle =
        at.w > 420 ? "free pages against watermarks \xc2\xb7 squeezed beyond the dots" : "free pages and watermarks";
    struct rect inside = panel_begin(painter, PANEL_ZONES, at, "ZONES", subtitle);
    if (count == 0)
        kernel_missing(painter, inside, "A gauge for each zone: free pages against min, low and high.");
    bool told = count && painter->view->reclaim.kswapd_wakes + painter->view->reclaim.direct_reclaims > 0 &&
                inside.h > RECLAIMERS + (at.w > 420 ? 52 : 38) * (float)count;
    if (told) {
        inside.h -= RECLAIMERS;
        paint_reclaimers(painter, (struct rect){inside.x, inside.y + inside.h + 4, inside.w, RECLAIMERS});
    }
    float height = count ? fminf(150, inside.h / (float)count) : 0;
    unsigned fit = height >= 30 ? count : (unsigned)fmaxf(floorf(inside.h / 30), 1);
    height = fmaxf(height, 30);
    for (unsigned i = 0; i < count && i < fit; i++)
        paint_zone(painter, (struct rect){inside.x, inside.y + (float)i * height, inside.w, height}, zones[i]);
    panel_end(painter);
}
