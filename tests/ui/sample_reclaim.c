/* The part of the invented snapshots that has to do with reclaim, the disk, the page cache and stop points. */
#include "tests/ui/sample_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*seed >> 33);
}

/* Reclaim in the middle of its work: lists in order, kswapd awake, pid 9 stalling, one page on its way to swap. */
static void fill_lists(struct view *view) {
    uint64_t seed = 11;
    for (size_t z = 0; view->kernel && z < view->kernel->zone_count; z++) {
        struct kv_zone *zone = &view->kernel->zones[z];
        zone->nr_active = z ? 203 : 40;
        zone->nr_inactive = z ? 172 : 31;
        for (unsigned list = 0; list < 2; list++) {
            struct kv_lru *lru = &zone->lru[list];
            for (uint64_t pfn = zone->start_pfn; pfn < zone->start_pfn + zone->spanned; pfn++) {
                uint8_t kind = view->kernel->frames[pfn];
                bool listed = kind >= FRAME_FILE && kind <= FRAME_SWAP_CACHE;
                if (lru->count < (list ? zone->nr_active : zone->nr_inactive) && listed && pfn % 2 == list) {
                    lru->referenced[lru->count] = next_random(&seed) % 4 == 0;
                    lru->pfn[lru->count++] = (uint32_t)pfn;
                }
            }
        }
    }
}

static void fill_counters(struct story_reclaim *reclaim) {
    *reclaim = (struct story_reclaim){.outcomes = {412, 97, 1301, 813},
                                      .kswapd_wakes = 14,
                                      .direct_reclaims = 37,
                                      .kswapd_scanned = 5210,
                                      .kswapd_reclaimed = 1904,
                                      .direct_scanned = 800,
                                      .direct_reclaimed = 210,
                                      .kswapd_awake = true,
                                      .direct_pid = 9,
                                      .priority = 9};
    reclaim->last = (struct reclaim_decision){.number = 2317,
                                              .pfn = 0xa91,
                                              .outcome = FLT_OUTCOME_PAGEOUT,
                                              .reason = FLT_WHY_DIRTY,
                                              .mapcount = 1,
                                              .anon = true,
                                              .unmaps = 1,
                                              .address = 0x08100000,
                                              .pte_before = 0x00a91065,
                                              .pte_after = 0x00094000,
                                              .has_slot = true,
                                              .slot = 1184};
}

/* Six stretches of kswapd and direct reclaim by turns, the last of each still going on; the disk below them. */
static bool fill_spans(struct view *view) {
    uint64_t seed = 5, begin = view->blocks - 900000;
    view->spans = calloc(90, sizeof *view->spans);
    for (uint64_t i = 0; view->spans && i < 6; i++)
        view->spans[view->span_count++] = (struct story_span){.from = begin + i * 150000,
                                                              .to = i >= 4 ? 0 : begin + 60000 + i * 150000,
                                                              .pid = i % 2 ? 9 : 0,
                                                              .kind = i % 2 ? SPAN_DIRECT : SPAN_KSWAPD};
    for (uint64_t i = 0; view->spans && i < 84; i++) {
        uint64_t from = begin + next_random(&seed) % 900000;
        uint8_t kind = (uint8_t)(i % 8 == 0   ? SPAN_READ
                                 : i % 8 == 1 ? SPAN_WAIT
                                 : i == 50    ? SPAN_THROTTLE
                                              : SPAN_WRITE);
        view->spans[view->span_count++] =
            (struct story_span){from, from + 2000 + next_random(&seed) % 9000, 9, kind, {0x2c11, FLT_WAIT_WRITEBACK}};
    }
    return view->spans != NULL;
}

static bool fill_samples(struct view *view) {
    uint64_t seed = 3;
    view->samples = calloc(200, sizeof *view->samples);
    for (unsigned i = 0; view->samples && i < 200; i++) {
        struct story_sample *sample = &view->samples[view->sample_count++];
        memset(sample->free, 0xff, sizeof sample->free);
        sample->blocks = view->blocks - (uint64_t)(199 - i) * 8000;
        for (size_t z = 0; z < 2 && z < view->kernel->zone_count; z++) {
            uint64_t now = view->kernel->zones[z].free, fall = i < 140 ? (140 - i) * (z ? 20u : 4u) : 0;
            sample->free[z] = (uint32_t)(now + fall + next_random(&seed) % 40);
        }
        if (i == 199)
            for (size_t z = 0; z < 2 && z < view->kernel->zone_count; z++)
                sample->free[z] = (uint32_t)view->kernel->zones[z].free;
    }
    return view->samples != NULL;
}

static void add_event(struct view *view, uint16_t type, uint32_t pfn, uint64_t ago, uint32_t a, uint32_t b,
                      uint32_t c) {
    view->events[view->event_count] = (struct story_log_entry){.number = 9000 + view->event_count,
                                                               .blocks = view->blocks - ago,
                                                               .pid = 9,
                                                               .type = type,
                                                               .pfn = pfn,
                                                               .value = {a, b, c}};
    view->event_count++;
}

/* The newest events: marks crossed long ago, blocks split and merged, and just now three pages that changed lists. */
static bool fill_events(struct view *view) {
    const struct kv_zone *zone = &view->kernel->zones[view->kernel->zones[1].present ? 1 : 0];
    uint64_t seed = 9;
    view->events = calloc(64, sizeof *view->events);
    if (!view->events)
        return false;
    view->events[view->event_count++] = (struct story_log_entry){.number = 9000,
                                                                 .blocks = view->blocks - 700000,
                                                                 .pid = 9,
                                                                 .type = FLT_MM_WATERMARK,
                                                                 .pfn = UINT32_MAX,
                                                                 .value = {0, 1, FLT_MARK_LOW, 1, 119}};
    add_event(view, FLT_MM_VMSCAN_KSWAPD_WAKE, UINT32_MAX, 690000, 0, 1, 0);
    for (uint64_t i = 0; i < 40; i++)
        add_event(view, i % 3 ? FLT_MM_PAGE_ALLOC : FLT_MM_SWAP_OUT, 0x1500 + (uint32_t)i, 600000 - i * 13000, 0, 0, 0);
    add_event(view, FLT_MM_BUDDY_MERGE, (uint32_t)zone->start_pfn + 64, 9000, 4, 1, 0);
    add_event(view, FLT_MM_BUDDY_SPLIT, (uint32_t)zone->start_pfn + 32, 3000, 3, 1, 0);
    for (uint32_t i = 0; i < 3 && zone->lru[1].count > 30 && zone->lru[0].count > 30; i++) {
        bool up = i != 1;
        uint32_t pfn = up ? zone->lru[1].pfn[i * 2 + 1] : zone->lru[0].pfn[2];
        add_event(view, FLT_MM_LRU_MOVE, pfn, 2500 - i * 1000, !up, up,
                  i == 0   ? FLT_WHY_REFERENCED
                  : i == 1 ? FLT_WHY_INACTIVE
                           : FLT_WHY_ACCESSED);
    }
    (void)next_random(&seed);
    return true;
}

static bool fill_strips(struct view *view) {
    static const struct {
        const char *path;
        uint32_t pages, cells, each;
    } files[] = {{"/bin/hog", 171, 171, 1},
                 {"/data/words.txt", 900, 640, 2},
                 {"/var/log/messages", 33, 40, 1},
                 {"/lib/libc.so", 310, 420, 1},
                 {"", 12, 16, 1},
                 {"/etc/passwd", 1, 1, 1}};
    uint64_t seed = 21;
    view->strips = calloc(6, sizeof *view->strips);
    for (unsigned f = 0; view->strips && f < 6; f++) {
        struct kv_strip *strip = &view->strips[view->strip_count++];
        *strip = (struct kv_strip){.inode = 12 + f, .pages = files[f].pages, .per_cell = files[f].each};
        snprintf(strip->fs, sizeof strip->fs, "ext2");
        snprintf(strip->path, sizeof strip->path, "%s", files[f].path);
        strip->cells = files[f].cells;
        strip->size_pages = (uint64_t)files[f].cells * files[f].each;
        for (uint32_t i = 0; i < strip->cells; i++) {
            uint32_t dice = next_random(&seed) % 40;
            bool here = (i / 16 + f) % 5 != 4;
            strip->state[i] = (uint8_t)(!here                 ? CACHED_ABSENT
                                        : f == 2 && dice < 20 ? CACHED_DIRTY
                                        : f == 2 && dice < 25 ? CACHED_WRITEBACK
                                        : f == 1 && dice == 0 ? CACHED_LOCKED
                                                              : CACHED_CLEAN);
            strip->dirty += strip->state[i] == CACHED_DIRTY;
            strip->writeback += strip->state[i] == CACHED_WRITEBACK;
        }
    }
    return view->strips != NULL;
}

static bool fill_swap(struct view *view) {
    uint64_t seed = 17;
    view->swap_areas = calloc(1, sizeof *view->swap_areas);
    if (!view->swap_areas)
        return false;
    struct kv_swap_area *area = &view->swap_areas[view->swap_area_count++];
    *area = (struct kv_swap_area){.number = 0, .priority = -1, .writable = true, .slots = 8192, .slots_read = 8192};
    snprintf(area->name, sizeof area->name, "/dev/vdb");
    area->users = calloc(area->slots, sizeof *area->users);
    for (unsigned i = 0; area->users && i < area->slots; i++) {
        bool used = i < 2600 && next_random(&seed) % 9 != 0;
        area->users[i] = (uint16_t)(i == 0 || i == 700 ? KV_SLOT_BAD : used ? 1 + (next_random(&seed) % 16 == 0) : 0);
        area->used += used && area->users[i] != KV_SLOT_BAD;
        area->good += area->users[i] != KV_SLOT_BAD;
    }
    view->kernel->swap_total = area->good;
    view->kernel->swap_free = area->good - area->used;
    return area->users != NULL;
}

static void fill_points(struct view *view) {
    static const struct debug_point points[] = {
        {.id = 1, .kind = POINT_CONDITION, .enabled = true, .hits = 3, .text = "cow mapcount>=2"},
        {.id = 2,
         .kind = POINT_CONDITION,
         .enabled = false,
         .hits = 0,
         .text = "watermark zone=Normal mark=low dir=below"},
        {.id = 5,
         .kind = POINT_BREAK,
         .enabled = true,
         .hits = 1204,
         .linear = 0xc0104210,
         .text = "break shrink_page_list"},
        {.id = 6, .kind = POINT_WATCH, .enabled = true, .write = true, .text = "watch jiffies 4"},
    };
    memcpy(view->points, points, sizeof points);
    view->point_count = sizeof points / sizeof points[0];
    view->stop = (struct debug_stop){.reason = REASON_CONDITION, .point = 1, .fault = 18, .pfn = 0x2c11};
    snprintf(view->stop.text, sizeof view->stop.text, "stop 1: copy on write of frame 02c11 by hello (pid 7)");
}

bool sample_fill_reclaim(struct view *view, const struct sample_options *options) {
    if (options->stops)
        fill_points(view);
    if (!options->pressure || !view->kernel)
        return true;
    fill_lists(view);
    fill_counters(&view->reclaim);
    return fill_spans(view) && fill_samples(view) && fill_events(view) && fill_strips(view) && fill_swap(view);
}
