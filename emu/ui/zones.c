/*
 * ZONES: free pages of each zone against its watermarks. The gauge has two scales: up to the notch it runs from zero to
 * a bit above `high`, where reclaim decides; beyond the notch it is squeezed up to the zone's size.
 */
#include "emu/ui/panel.h"

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

static void paint_mark(struct painter *painter, const struct gauge *gauge, const char *name, uint64_t pages, color ink,
                       float *label_end, bool label) {
    float x = roundf(gauge_x(gauge, pages));
    draw_fill(painter->list, (struct rect){x - 1, gauge->at.y - 4, 2, gauge->at.h + 8}, ink, 0);
    struct words text = format_words("%s %" PRIu64, name, pages);
    float at = fmaxf(x + 2, *label_end + 6);
    if (!label)
        return;
    *label_end = put(painter, at, gauge->at.y + gauge->at.h + 15, FONT_CODE, 10, ink, text.text);
}

static void paint_notch(struct painter *painter, const struct gauge *gauge) {
    float x = gauge->at.x + NOTCH * gauge->at.w, middle = gauge->at.y + gauge->at.h / 2;
    for (unsigned i = 0; i < 3; i++)
        draw_fill(painter->list, (struct rect){x + 8, middle - 6 + 5 * (float)i, 2, 2}, PALETTE_FAINT, 0);
}

/* Free pages over the last snapshots. */
static void paint_history(struct painter *painter, struct rect at, size_t z) {
    const struct ui_state *state = painter->state;
    unsigned n = state->history_count;
    if (n < 2 || at.w < 30)
        return;
    uint32_t low = UINT32_MAX, high = 0;
    for (unsigned i = 0; i < n; i++) {
        uint32_t value = state->history[z][i];
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    float range = fmaxf((float)(high - low), 4), step = at.w / (float)(UI_HISTORY - 1),
          x = at.x + at.w - step * (float)(n - 1);
    for (unsigned i = 0; i + 1 < n; i++, x += step) {
        float y1 = at.y + at.h - (float)(state->history[z][i] - low) / range * at.h;
        float y2 = at.y + at.h - (float)(state->history[z][i + 1] - low) / range * at.h;
        draw_line(painter->list, x, y1, x + step, y2, PALETTE_FILE, 1.5f);
    }
    tip(painter, at, "free pages, last %u pictures\nfrom %s to %s", n, format_count(low).text, format_count(high).text);
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
    draw_fill(painter->list, gauge.at, PALETTE_WELL, 3);
    struct rect fill = gauge.at;
    fill.w = gauge_x(&gauge, zone->free) - gauge.at.x;
    if (fill.w >= 1)
        draw_fill(painter->list, fill, free_color(zone), 3);
    draw_stroke(painter->list, gauge.at, PALETTE_LINE, 3, 1);
    paint_notch(painter, &gauge);
    float end = gauge.at.x - 6;
    paint_mark(painter, &gauge, "min", zone->min, PALETTE_BAD, &end, row.h >= 34);
    paint_mark(painter, &gauge, "low", zone->low, PALETTE_LOW, &end, row.h >= 34);
    paint_mark(painter, &gauge, "high", zone->high, PALETTE_HIGH, &end, row.h >= 34);
    struct words present = format_words("%s", format_count(zone->present).text);
    float right = gauge.at.x + gauge.at.w, wide = text_width(painter, FONT_CODE, 10, present.text);
    if (row.h >= 34 && right - wide > end + 8)
        put_right(painter, right, gauge.at.y + gauge.at.h + 15, FONT_CODE, 10, PALETTE_FAINT, present.text);
    tip(painter, row,
        "%s of node %d: %s of %s pages free\n%s\nmin %" PRIu64 ", low %" PRIu64 ", high %" PRIu64
        "\nkept from other zones' requests: %" PRIu64 ", %" PRIu64 ", %" PRIu64 "\nper-CPU lists: %" PRIu64
        " hot, %" PRIu64 " cold",
        zone->name, zone->node, format_count(zone->free).text, format_count(zone->present).text, free_words(zone),
        zone->min, zone->low, zone->high, zone->lowmem_reserve[0], zone->lowmem_reserve[1], zone->lowmem_reserve[2],
        zone->pageset_count[0], zone->pageset_count[1]);
    if (row.h >= 88)
        put_until(painter, gauge.at.x, gauge.at.y + gauge.at.h + 33, row.x + row.w, FONT_WORDS, SIZE_LABEL,
                  PALETTE_FAINT,
                  format_words("%s \xc2\xb7 per-CPU lists hold %" PRIu64 " + %" PRIu64, free_words(zone),
                               zone->pageset_count[0], zone->pageset_count[1])
                      .text);
    if (history > 0)
        paint_history(painter, (struct rect){right + 20, gauge.at.y + 2, history, gauge.at.h - 4}, z);
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
    float width = text_width(painter, FONT_WORDS, SIZE_SMALL, state) + 24;
    struct rect pill = {row.x + 90, row.y, width, 19};
    put(painter, row.x, row.y + 14, FONT_WORDS, SIZE_SMALL, PALETTE_INK, name);
    draw_fill(painter->list, pill, busy ? PALETTE_ACCENT_GROUND : PALETTE_OFF_GROUND, 9);
    put(painter, pill.x + 12, row.y + 14, FONT_WORDS, SIZE_SMALL, busy ? PALETTE_ACCENT : PALETTE_DIM, state);
    put_until(painter, pill.x + width + 14, row.y + 14, row.x + row.w, FONT_WORDS, SIZE_SMALL, PALETTE_DIM, numbers);
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
                    format_words("woken %s \xc2\xb7 freed %s of %s scanned", times(reclaim->kswapd_wakes).text,
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
                at.w > 420 && inside.h > RECLAIMERS + 60 * (float)count;
    if (told) {
        inside.h -= RECLAIMERS;
        paint_reclaimers(painter, (struct rect){inside.x, inside.y + inside.h + 4, inside.w, RECLAIMERS});
    }
    float height = count ? fminf(98, inside.h / (float)count) : 0;
    unsigned fit = height >= 26 ? count : (unsigned)fmaxf(floorf(inside.h / 26), 1);
    height = fmaxf(height, 26);
    for (unsigned i = 0; i < count && i < fit; i++)
        paint_zone(painter, (struct rect){inside.x, inside.y + (float)i * height, inside.w, height}, zones[i]);
    panel_end(painter);
}
