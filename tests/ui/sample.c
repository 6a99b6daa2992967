/*
 * Draws invented snapshots.
 *
 *   sample pictures DIRECTORY [NAME]   every scene, size and state (with NAME in its name) as a PNG, to be looked at
 *   sample golden DIRECTORY            the pictures that test_render compares with
 *   sample picture FILE SCENE   another scene of the same sample, as the window shows it
 *   sample window               a real window on the copy-on-write sample (tests/ui/window.sh drives it)
 *   sample bench                milliseconds of CPU time for a frame
 */
#include "emu/ui/ui.h"
#include "tests/ui/sample_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct picture {
    const char *name;
    enum ui_scene scene;
    float width, height, scale;
    struct sample_options options;
    float mouse_x, mouse_y;
    bool help;
    const char *caption;
    int maximised; /* panel + 1 */
    enum ui_overlay overlay;
    float zoom;
    const char *line; /* typed into the search, or into the list of stops */
    bool stops, tasks;
};

static const struct picture pictures[] = {
    {.name = "fault",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "fault-2x",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 2,
     .options = {.state = VIEW_PAUSED}},
    {.name = "fault-1.5x",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1.5f,
     .options = {.state = VIEW_PAUSED}},
    {.name = "reclaim",
     .scene = SCENE_RECLAIM,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "reclaim-pressure",
     .scene = SCENE_RECLAIM,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true},
     .caption = "Free memory fell below *low*, so kswapd woke. The hog allocates faster than the disk writes: below "
                "*min* it must reclaim for itself."},
    {.name = "reclaim-pressure-1024",
     .scene = SCENE_RECLAIM,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true, .stops = true}},
    {.name = "reclaim-stopped",
     .scene = SCENE_RECLAIM,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true, .stops = true, .state = VIEW_PAUSED}},
    {.name = "memory-pressure",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true, .stops = true, .state = VIEW_PAUSED}},
    {.name = "memory-pressure-1080",
     .scene = SCENE_MEMORY,
     .width = 1536,
     .height = 864,
     .scale = 1.25f,
     .options = {.ram_mib = 24, .pressure = true, .stops = true, .state = VIEW_PAUSED}},
    {.name = "cache",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true},
     .maximised = PANEL_CACHE + 1},
    {.name = "lru",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true},
     .maximised = PANEL_LRU + 1},
    {.name = "timeline",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true},
     .maximised = PANEL_TIMELINE + 1},
    {.name = "stops",
     .scene = SCENE_RECLAIM,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 24, .pressure = true, .stops = true, .state = VIEW_PAUSED},
     .line = "fault acc",
     .stops = true},
    {.name = "stops-1024",
     .scene = SCENE_RECLAIM,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.stops = true, .state = VIEW_PAUSED},
     .line = "",
     .stops = true},
    {.name = "search",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.stops = true, .state = VIEW_PAUSED},
     .line = "do_wp_page"},
    {.name = "memory",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "console",
     .scene = SCENE_CONSOLE,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_RUNNING}},
    {.name = "fault-1024",
     .scene = SCENE_FAULT,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "reclaim-1024",
     .scene = SCENE_RECLAIM,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "memory-1024",
     .scene = SCENE_MEMORY,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "fault-2560",
     .scene = SCENE_FAULT,
     .width = 2560,
     .height = 1440,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "memory-2560",
     .scene = SCENE_MEMORY,
     .width = 2560,
     .height = 1440,
     .scale = 1,
     .options = {.state = VIEW_PAUSED}},
    {.name = "fault-4k",
     .scene = SCENE_FAULT,
     .width = 2560,
     .height = 1440,
     .scale = 1.5f,
     .options = {.state = VIEW_PAUSED}},
    {.name = "fault-1gib",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 1024}},
    {.name = "fault-8mib", .scene = SCENE_FAULT, .width = 1280, .height = 800, .scale = 1, .options = {.ram_mib = 8}},
    {.name = "memory-1gib",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 1024}},
    {.name = "fault-3gib-zoomed",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.ram_mib = 3072},
     .zoom = 8},
    {.name = "fault-empty",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.fault = SAMPLE_NO_FAULT, .no_kernel = true, .no_console = true, .no_marks = true}},
    {.name = "reclaim-empty",
     .scene = SCENE_RECLAIM,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.fault = SAMPLE_NO_FAULT, .no_kernel = true, .no_console = true, .no_marks = true}},
    {.name = "memory-empty",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.fault = SAMPLE_NO_FAULT, .no_kernel = true, .no_console = true, .no_marks = true}},
    {.name = "fault-running",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_RUNNING}},
    {.name = "fault-ended",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_ENDED, .no_space = true}},
    {.name = "fault-not-present",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .fault = SAMPLE_NOT_PRESENT}},
    {.name = "fault-segv",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .fault = SAMPLE_SEGV}},
    {.name = "fault-major",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .fault = SAMPLE_MAJOR}},
    {.name = "fault-hardware",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .fault = SAMPLE_HARDWARE}},
    {.name = "fault-long-mode",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .fault = SAMPLE_LONG_MODE}},
    {.name = "fault-long-names",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_ENDED, .long_names = true, .many_regions = true}},
    {.name = "fault-long-names-1024",
     .scene = SCENE_FAULT,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .long_names = true, .many_regions = true}},
    {.name = "fault-hover-cell",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED},
     .mouse_x = 290,
     .mouse_y = 250},
    {.name = "fault-hover-bit",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED},
     .mouse_x = 1013,
     .mouse_y = 215},
    {.name = "select-frame-hover",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_FRAME},
     .mouse_x = 180,
     .mouse_y = 352},
    {.name = "space-hover",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_PAGE},
     .mouse_x = 196,
     .mouse_y = 642},
    {.name = "path-hover",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED},
     .mouse_x = 800,
     .mouse_y = 298},
    {.name = "fault-help",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED},
     .help = true},
    {.name = "fault-caption",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED},
     .caption = "The parent writes to a page that it shares with its child: the kernel gives it *a copy of its own*."},
    {.name = "space-maximised",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .many_regions = true},
     .maximised = PANEL_SPACE + 1},
    {.name = "select-frame",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_FRAME}},
    {.name = "select-page",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_PAGE}},
    {.name = "select-vma",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_VMA}},
    {.name = "select-entry",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_ENTRY}},
    {.name = "select-event",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_EVENT}},
    {.name = "select-swapped",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_PAGE, .swapped = true}},
    {.name = "select-frame-1024",
     .scene = SCENE_FAULT,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_FRAME}},
    {.name = "select-vma-1024",
     .scene = SCENE_FAULT,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_VMA}},
    {.name = "select-frame-memory",
     .scene = SCENE_MEMORY,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_FRAME}},
    {.name = "select-frame-4k",
     .scene = SCENE_FAULT,
     .width = 2560,
     .height = 1440,
     .scale = 1.5f,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_FRAME}},
    {.name = "life-maximised",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_FRAME},
     .maximised = PANEL_LIFE + 1},
    {.name = "life-vma-maximised",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_VMA},
     .maximised = PANEL_LIFE + 1},
    {.name = "space-page-maximised",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_PAGE},
     .maximised = PANEL_SPACE + 1},
    {.name = "space-vma",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_VMA},
     .maximised = PANEL_SPACE + 1},
    {.name = "space-vma-maximised",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .selection = SELECT_VMA, .many_regions = true},
     .maximised = PANEL_SPACE + 1},
    {.name = "overlay-bits",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .overlays = true},
     .overlay = OVERLAY_BITS},
    {.name = "overlay-age",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .overlays = true},
     .overlay = OVERLAY_AGE},
    {.name = "overlay-mapcount",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .overlays = true},
     .overlay = OVERLAY_MAPCOUNT},
    {.name = "overlay-age-memory-1024",
     .scene = SCENE_MEMORY,
     .width = 1024,
     .height = 640,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .overlays = true},
     .overlay = OVERLAY_AGE},
    {.name = "tasks",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED},
     .tasks = true},
    {.name = "foreign",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .fault = SAMPLE_HARDWARE, .no_kernel = true, .foreign = true}},
    {.name = "foreign-bits",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .fault = SAMPLE_HARDWARE, .no_kernel = true, .foreign = true},
     .overlay = OVERLAY_BITS},
    {.name = "frames-maximised-1gib",
     .scene = SCENE_FAULT,
     .width = 1280,
     .height = 800,
     .scale = 1,
     .options = {.state = VIEW_PAUSED, .ram_mib = 1024},
     .maximised = PANEL_FRAMES + 1},
};

static void make_history(struct ui_state *state, const struct view *view) {
    for (unsigned i = 0; i < UI_HISTORY && view && view->kernel; i++)
        for (unsigned z = 0; z < 3; z++)
            state->history[z][i] =
                (uint32_t)(view->kernel->zones[z].free + (UI_HISTORY - i) * 3 + (i * 7 + z) % 11 * 2);
    state->history_count = UI_HISTORY;
}

static void set_state(struct ui_state *state, const struct picture *picture) {
    ui_state_init(state, picture->width, picture->height);
    state->scene = picture->scene;
    state->scale = picture->scale;
    state->help = picture->help;
    state->tasks = picture->tasks;
    state->typing = picture->scene == SCENE_CONSOLE;
    state->maximised = picture->maximised - 1;
    state->overlay = picture->overlay;
    if (picture->options.selection != SELECT_NONE)
        state->fronts = 1u << PANEL_LIFE;
    if (picture->mouse_x > 0) {
        state->mouse_x = picture->mouse_x;
        state->mouse_y = picture->mouse_y;
    }
    if (picture->line) {
        ui_apply(state, picture->stops ? ACTION_STOPS : ACTION_SEARCH, 0);
        for (const char *at = picture->line; *at; at++)
            ui_apply(state, ACTION_LINE_KEY, *at);
    }
    if (picture->zoom > 0)
        state->frames_zoom = picture->zoom;
    if (picture->caption)
        snprintf(state->caption, sizeof state->caption, "%s", picture->caption);
}

static int draw_picture(const struct picture *picture, const char *path, bool history) {
    struct ui_frame *frame = calloc(1, sizeof *frame);
    struct view *view = sample_view(&picture->options);
    struct ui_state state;
    char error[300];
    ui_frame_init(frame);
    set_state(&state, picture);
    if (history)
        make_history(&state, view);
    ui_draw(frame, view, &state);
    int status =
        ui_render_png(&frame->list, picture->width, picture->height, picture->scale, path, error, sizeof error);
    if (status != 0)
        fprintf(stderr, "sample: %s\n", error);
    ui_frame_free(frame);
    sample_view_free(view);
    free(frame);
    return status;
}

/* part: of the name, "" all. */
static int draw_all(const char *directory, const char *part) {
    int failed = 0;
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        char path[600];
        if (!strstr(pictures[i].name, part))
            continue;
        snprintf(path, sizeof path, "%s/%s.png", directory, pictures[i].name);
        failed |= draw_picture(&pictures[i], path, true);
    }
    return failed != 0;
}

static int draw_golden(const char *directory) {
    static const struct {
        const char *file, *picture;
    } golden[] = {
        {"fault", "fault"}, {"selection", "select-page"}, {"space", "space-vma"}, {"reclaim", "reclaim-stopped"}};
    int failed = 0;
    for (size_t g = 0; g < sizeof golden / sizeof golden[0]; g++)
        for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
            char path[600];
            if (strcmp(pictures[i].name, golden[g].picture) != 0)
                continue;
            snprintf(path, sizeof path, "%s/%s.png", directory, golden[g].file);
            failed |= draw_picture(&pictures[i], path, false);
        }
    return failed != 0;
}

/* The window -------------------------------------------------------------------------------------------------- */

static struct view *shown;

static const struct view *acquire(void *owner) {
    (void)owner;
    return shown;
}

static void act(void *owner, enum ui_action action, int64_t argument) {
    (void)owner;
    printf("act %d %lld\n", (int)action, (long long)argument);
    fflush(stdout);
}

static void type_bytes(void *owner, const char *bytes, size_t count) {
    (void)owner;
    printf("type");
    for (size_t i = 0; i < count; i++)
        printf(" %02x", (unsigned char)bytes[i]);
    printf("\n");
    fflush(stdout);
}

static int run_window(void) {
    char error[300];
    struct sample_options options = {.state = VIEW_PAUSED};
    struct ui_control control = {.acquire = acquire, .act = act, .type = type_bytes};
    shown = sample_view(&options);
    int status = ui_window_run(&control, "faultline", error, sizeof error);
    if (status != 0)
        fprintf(stderr, "sample: %s\n", error);
    sample_view_free(shown);
    return status != 0;
}

/* Bench ------------------------------------------------------------------------------------------------------- */

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct times {
    double full, changed, still;
};

#define ROUNDS 30

/* A scene in a window of so many pixels. */
struct size {
    unsigned ram_mib;
    int width, height;
};

/* full: everything drawn again. changed: frames and time differ, as while the guest runs. still: nothing differs. */
static struct times measure(struct size size, enum ui_scene scene) {
    struct sample_options options = {.ram_mib = size.ram_mib};
    struct view *view = sample_view(&options);
    struct ui_frame *frame = calloc(1, sizeof *frame);
    struct ui_damage damage[UI_REGIONS * 2];
    struct ui_state state;
    struct times times = {0};
    struct ui_raster *raster = ui_raster_create();
    float scale = ui_scale_for(size.width, size.height, 1);
    ui_frame_init(frame);
    ui_state_init(&state, (float)size.width / scale, (float)size.height / scale);
    state.scale = scale;
    state.scene = scene;
    ui_draw(frame, view, &state);
    ui_raster_update(raster, frame, scale, size.width, size.height, damage);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct ui_raster *fresh = ui_raster_create();
        double start = now_ms();
        ui_draw(frame, view, &state);
        ui_raster_update(fresh, frame, scale, size.width, size.height, damage);
        times.full += (now_ms() - start) / ROUNDS;
        ui_raster_destroy(fresh);
        for (unsigned k = 0; k < 500; k++)
            view->kernel->frames[(i * 7919u + k * 31u) % view->kernel->frame_count] ^= 1;
        view->blocks += 100;
        start = now_ms();
        ui_draw(frame, view, &state);
        ui_raster_update(raster, frame, scale, size.width, size.height, damage);
        times.changed += (now_ms() - start) / ROUNDS;
        start = now_ms();
        ui_draw(frame, view, &state);
        ui_raster_update(raster, frame, scale, size.width, size.height, damage);
        times.still += (now_ms() - start) / ROUNDS;
    }
    ui_raster_destroy(raster);
    ui_frame_free(frame);
    free(frame);
    sample_view_free(view);
    return times;
}

/* One line a measure, for tests/bench/live.py: milliseconds of CPU time a frame. */
static int bench(void) {
    static const char *const names[SCENE_COUNT] = {"Fault", "Reclaim", "Memory", "Console"};
    static const struct size sizes[] = {{64, 1280, 800}, {1024, 1280, 800}, {64, 3840, 2160}, {1024, 3840, 2160}};
    for (unsigned scene = 0; scene < SCENE_COUNT; scene++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct times t = measure(sizes[i], (enum ui_scene)scene);
            printf("frame scene=%s mib=%u width=%d height=%d all_ms=%.2f changed_ms=%.2f nothing_ms=%.2f\n",
                   names[scene], sizes[i].ram_mib, sizes[i].width, sizes[i].height, t.full, t.changed, t.still);
        }
    return 0;
}

int main(int argc, char **argv) {
    if (argc >= 3 && argc <= 4 && strcmp(argv[1], "pictures") == 0)
        return draw_all(argv[2], argc == 4 ? argv[3] : "");
    if (argc == 3 && strcmp(argv[1], "golden") == 0)
        return draw_golden(argv[2]);
    if (argc == 4 && strcmp(argv[1], "picture") == 0) {
        struct picture picture = pictures[0];
        picture.scene = (enum ui_scene)(atoi(argv[3]) % SCENE_COUNT);
        return draw_picture(&picture, argv[2], false) != 0;
    }
    if (argc == 2 && strcmp(argv[1], "window") == 0)
        return run_window();
    if (argc == 2 && strcmp(argv[1], "bench") == 0)
        return bench();
    fprintf(stderr,
            "usage: sample pictures DIRECTORY [NAME] | golden DIRECTORY | picture FILE SCENE | window | bench\n");
    return 2;
}
