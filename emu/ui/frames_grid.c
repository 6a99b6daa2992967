/*
 * Where the cell of a frame is. Zones follow each other, each below a line with its name; within a zone frames go row
 * by row, `columns` to a row. Pitches are whole device pixels as soon as a cell gets two; below that they
 * are fractions, and the rasteriser averages.
 */
#include "emu/ui/frames_grid.h"

#include <math.h>
#include <string.h>

static uint64_t rows_of(const struct ui_grid_zone *zone, uint32_t columns) {
    return (zone->count + columns - 1) / columns;
}

static uint64_t all_rows(const struct ui_grid *grid, uint32_t columns) {
    uint64_t rows = 0;
    for (unsigned i = 0; i < grid->zone_count; i++)
        rows += rows_of(&grid->zones[i], columns);
    return rows;
}

static void add_zone(struct ui_grid *grid, uint64_t start, uint64_t count, uint64_t frame_count) {
    if (start >= frame_count || count == 0 || grid->zone_count == KV_MAX_ZONES)
        return;
    count = count < frame_count - start ? count : frame_count - start;
    grid->zones[grid->zone_count++] = (struct ui_grid_zone){0, start, count, 0};
}

static void take_zones(struct ui_grid *grid, const struct kv_snapshot *kernel, uint64_t count) {
    for (size_t i = 0; kernel && i < kernel->zone_count && i < KV_MAX_ZONES; i++)
        add_zone(grid, kernel->zones[i].start_pfn, kernel->zones[i].spanned, count);
    if (grid->zone_count == 0)
        add_zone(grid, 0, count, count);
}

struct fit {
    uint32_t columns;
    float pitch_x, pitch_y, quality;
};

/* Cells as large and as square as the room allows; of equal ones those that fill the width. */
static float quality_of(float pitch_x, float pitch_y, float used_width) {
    float low = fminf(pitch_x, pitch_y), high = fmaxf(pitch_x, pitch_y);
    return low * 100 + fminf(high, low * 2) * 10 + used_width;
}

static void try_columns(struct fit *best, const struct ui_grid *grid, uint32_t columns, float width, float height,
                        float unit) {
    float rows = (float)all_rows(grid, columns);
    float pitch_x = floorf(width / (float)columns / unit) * unit, pitch_y = floorf(height / rows / unit) * unit;
    if (pitch_x < 2 * unit || pitch_y < 2 * unit) { /* too small for whole pixels: averages */
        pitch_x = fminf(width / (float)columns, 1.99f * unit);
        pitch_y = fminf(height / rows, 1.99f * unit);
    }
    float longest = fminf(pitch_x, pitch_y) < 4 * unit ? 2 : 1.5f; /* small cells may be oblong to fill the room */
    pitch_x = fminf(pitch_x, pitch_y * longest);
    pitch_y = fminf(pitch_y, pitch_x * longest);
    if (pitch_x >= 2 * unit)
        pitch_x = floorf(pitch_x / unit + 0.001f) * unit;
    if (pitch_y >= 2 * unit)
        pitch_y = floorf(pitch_y / unit + 0.001f) * unit;
    float quality = quality_of(pitch_x, pitch_y, pitch_x * (float)columns / width);
    if (quality > best->quality)
        *best = (struct fit){columns, pitch_x, pitch_y, quality};
}

static struct fit fit_columns(const struct ui_grid *grid, float width, float height, float unit) {
    struct fit best = {16, 1, 1, -1};
    for (uint32_t columns = 16; columns <= 4096; columns += 2)
        try_columns(&best, grid, columns, width, height, unit);
    return best;
}

/* Zooming makes cells larger and rows shorter: fewer columns, more rows, scrolled. */
static void apply_zoom(struct fit *fit, float width, float zoom, float unit) {
    if (zoom <= 1)
        return;
    float pitch = fmaxf(fit->pitch_x, fit->pitch_y) * zoom;
    if (pitch >= unit)
        pitch = roundf(pitch / unit) * unit;
    fit->pitch_x = fit->pitch_y = pitch;
    uint32_t columns = (uint32_t)fmaxf(floorf(width / pitch), 8);
    fit->columns = columns >= 32 ? columns / 16 * 16 : columns / 8 * 8;
}

static void place_zones(struct ui_grid *grid) {
    float y = 0;
    for (unsigned i = 0; i < grid->zone_count; i++) {
        struct ui_grid_zone *zone = &grid->zones[i];
        zone->rows = rows_of(zone, grid->columns);
        zone->y = y + GRID_LABEL;
        y = roundf(zone->y + (float)zone->rows * grid->pitch_y + GRID_GAP);
    }
    grid->content_height = fmaxf(y - GRID_GAP, 0);
}

/* The scroll that keeps the anchor where it was, else the one that was chosen. */
static float scroll_of(const struct ui_grid *grid, const struct ui_state *state) {
    uint64_t anchor = (uint64_t)state->frames_anchor;
    for (unsigned i = 0; i < grid->zone_count && state->frames_anchor >= 0; i++) {
        const struct ui_grid_zone *zone = &grid->zones[i];
        if (anchor >= zone->start && anchor - zone->start < zone->count)
            return zone->y + ((float)((anchor - zone->start) / grid->columns) + 0.5f) * grid->pitch_y -
                   state->frames_anchor_y;
    }
    return state->frames_scroll;
}

void frames_grid_place(struct ui_grid *grid, const struct kv_snapshot *kernel, uint64_t count, struct rect at,
                       const struct ui_state *state) {
    memset(grid, 0, sizeof *grid);
    grid->at = at;
    take_zones(grid, kernel, count);
    if (grid->zone_count == 0 || at.w < 32 || at.h < 32)
        return;
    float unit = 1 / fmaxf(state->scale, 0.25f), n = (float)grid->zone_count;
    struct fit fit = fit_columns(grid, at.w, fmaxf(at.h - n * GRID_LABEL - (n - 1) * GRID_GAP, 16), unit);
    apply_zoom(&fit, at.w, state->frames_zoom, unit);
    grid->columns = fit.columns;
    grid->pitch_x = fit.pitch_x;
    grid->pitch_y = fit.pitch_y;
    float small = fminf(fit.pitch_x, fit.pitch_y);
    grid->gap = small >= 10                     ? 2
                : small >= 3 * unit             ? fmaxf(unit, roundf(0.8f / unit) * unit)
                : small >= 2 * unit && unit < 1 ? unit
                                                : 0;
    place_zones(grid);
    grid->scroll = fminf(fmaxf(scroll_of(grid, state), 0), fmaxf(grid->content_height - at.h, 0));
}

int64_t ui_grid_frame_at(const struct ui_grid *grid, float x, float y) {
    if (grid->columns == 0 || !rect_contains(grid->at, x, y))
        return -1;
    float in_y = y - grid->at.y + grid->scroll, column = floorf((x - grid->at.x) / grid->pitch_x);
    if (column >= (float)grid->columns)
        return -1;
    for (unsigned i = 0; i < grid->zone_count; i++) {
        const struct ui_grid_zone *zone = &grid->zones[i];
        float row = floorf((in_y - zone->y) / grid->pitch_y);
        if (row < 0 || row >= (float)zone->rows)
            continue;
        uint64_t offset = (uint64_t)row * grid->columns + (uint64_t)column;
        return offset < zone->count ? (int64_t)(zone->start + offset) : -1;
    }
    return -1;
}

bool ui_grid_cell(const struct ui_grid *grid, uint64_t pfn, struct rect *cell) {
    for (unsigned i = 0; i < grid->zone_count && grid->columns > 0; i++) {
        const struct ui_grid_zone *zone = &grid->zones[i];
        if (pfn < zone->start || pfn - zone->start >= zone->count)
            continue;
        uint64_t offset = pfn - zone->start;
        *cell = (struct rect){grid->at.x + (float)(offset % grid->columns) * grid->pitch_x,
                              grid->at.y - grid->scroll + zone->y + (float)(offset / grid->columns) * grid->pitch_y,
                              grid->pitch_x - grid->gap, grid->pitch_y - grid->gap};
        return cell->y + cell->h > grid->at.y && cell->y < grid->at.y + grid->at.h;
    }
    return false;
}
