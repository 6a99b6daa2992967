/*
 * Pixels. The golden picture is compared by the means of small tiles, because another version of FreeType or cairo
 * shades the edges of letters differently. When a change of the picture is wanted:
 *
 *   ninja -C build tests/ui/ui_sample && build/tests/ui/ui_sample golden tests/ui/golden
 */
#include "tests/ui/support.h"

#include <cairo.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH 1280
#define HEIGHT 800
#define TILE 8              /* pixels: letters shaded otherwise have the same mean over a tile */
#define FAR 10              /* of 255 in one channel's mean: a tile that differs */
#define DIFFERENT_MAX 0.004 /* share of tiles */

static uint32_t *render(struct drawn *drawn, float scale) {
    int width = (int)(drawn->state.width * scale), height = (int)(drawn->state.height * scale);
    uint32_t *pixels = malloc((size_t)width * (size_t)height * sizeof *pixels);
    cr_assert_not_null(pixels);
    cr_assert_eq(ui_render_pixels(&drawn->frame.list, scale, pixels, width, height), 0);
    return pixels;
}

/* Sum of one channel over the tile of TILE x TILE pixels at (x, y). */
static int tile_sum(const uint32_t *pixels, unsigned x, unsigned y, unsigned shift) {
    int sum = 0;
    for (unsigned row = y; row < y + TILE; row++)
        for (unsigned column = x; column < x + TILE; column++)
            sum += (int)(pixels[row * WIDTH + column] >> shift & 0xff);
    return sum;
}

static bool tile_differs(const uint32_t *a, const uint32_t *b, unsigned x, unsigned y) {
    for (unsigned shift = 0; shift < 24; shift += 8)
        if (abs(tile_sum(a, x, y, shift) - tile_sum(b, x, y, shift)) > FAR * TILE * TILE)
            return true;
    return false;
}

static double difference(const uint32_t *a, const uint32_t *b) {
    size_t n = 0;
    for (unsigned y = 0; y < HEIGHT; y += TILE)
        for (unsigned x = 0; x < WIDTH; x += TILE)
            n += tile_differs(a, b, x, y);
    return (double)n * TILE * TILE / (WIDTH * HEIGHT);
}

static cairo_surface_t *open_golden(const char *name) {
    const char *folder = getenv("UI_GOLDEN");
    char path[1000];
    snprintf(path, sizeof path, "%s/%s.png", folder ? folder : "tests/ui/golden", name);
    cairo_surface_t *surface = cairo_image_surface_create_from_png(path);
    cr_assert_eq(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS, "cannot read %s", path);
    cr_assert(cairo_image_surface_get_width(surface) == WIDTH && cairo_image_surface_get_height(surface) == HEIGHT);
    cr_assert_eq(cairo_image_surface_get_stride(surface), WIDTH * 4);
    return surface;
}

static double difference_from_golden(const char *name, const struct sample_options *options, int maximised) {
    enum ui_scene scene = options->pressure ? SCENE_RECLAIM : SCENE_FAULT;
    struct drawn *drawn = drawn_sample(options, scene, WIDTH, HEIGHT);
    drawn->state.maximised = maximised;
    drawn->state.fronts = options->selection != SELECT_NONE ? 1u << PANEL_LIFE : 0;
    drawn_again(drawn);
    uint32_t *pixels = render(drawn, 1);
    cairo_surface_t *golden = open_golden(name);
    double share = difference(pixels, (const uint32_t *)(const void *)cairo_image_surface_get_data(golden));
    cairo_surface_destroy(golden);
    free(pixels);
    drawn_free(drawn);
    return share;
}

static void expect_golden(const char *name, const struct sample_options *options, int maximised) {
    double share = difference_from_golden(name, options, maximised);
    cr_expect(share <= DIFFERENT_MAX,
              "%s: %.4f of the tiles differ (at most %.4f); see this file's head for how to renew it", name, share,
              DIFFERENT_MAX);
}

Test(golden, the_fault_scene_is_the_committed_picture) {
    expect_golden("fault", &(struct sample_options){.state = VIEW_PAUSED}, -1);
}

Test(golden, a_selection_is_the_committed_picture) {
    expect_golden("selection", &(struct sample_options){.state = VIEW_PAUSED, .selection = SELECT_PAGE}, -1);
}

Test(golden, the_address_space_in_full_is_the_committed_picture) {
    expect_golden("space", &(struct sample_options){.state = VIEW_PAUSED, .selection = SELECT_VMA}, PANEL_SPACE);
}

Test(golden, the_reclaim_scene_is_the_committed_picture) {
    struct sample_options options = {.ram_mib = 24, .pressure = true, .stops = true, .state = VIEW_PAUSED};
    expect_golden("reclaim", &options, -1);
}

Test(golden, another_fault_is_told_from_it) {
    struct sample_options options = {.state = VIEW_PAUSED, .fault = SAMPLE_NOT_PRESENT};
    double share = difference_from_golden("fault", &options, -1);
    cr_expect(share > DIFFERENT_MAX, "only %.4f of the tiles differ: the comparison is too lenient", share);
}

/* A picture brought up to date is the picture drawn afresh. */
static void expect_same_as_fresh(struct ui_raster *raster, struct drawn *drawn, const char *what) {
    struct ui_damage damage[UI_REGIONS * 2];
    float scale = drawn->state.scale;
    int width = (int)(drawn->state.width * scale), height = (int)(drawn->state.height * scale);
    drawn_again(drawn);
    cr_assert_geq(ui_raster_update(raster, &drawn->frame, scale, width, height, damage), 0);
    uint32_t *fresh = render(drawn, scale);
    size_t bad = 0;
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
        bad += fresh[i] != ui_raster_pixels(raster)[i];
    cr_expect_eq(bad, 0, "%s: %zu pixels differ", what, bad);
    free(fresh);
}

Test(raster, what_is_brought_up_to_date_equals_what_is_drawn_afresh) {
    static const float scales[] = {1, 1.25f, 2};
    for (unsigned s = 0; s < 3; s++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, WIDTH, HEIGHT);
        struct ui_raster *raster = ui_raster_create();
        drawn->state.scale = scales[s];
        expect_same_as_fresh(raster, drawn, "first");
        drawn->view->blocks += 12345;
        memset(drawn->view->kernel->frames + 9500, FRAME_ANON, 300);
        expect_same_as_fresh(raster, drawn, "frames and time");
        drawn->state.mouse_x = 300;
        for (drawn->state.mouse_y = 60; drawn->state.mouse_y < 700; drawn->state.mouse_y += 97)
            expect_same_as_fresh(raster, drawn, "a moving tooltip");
        drawn->state.help = true;
        expect_same_as_fresh(raster, drawn, "help");
        drawn->state.help = false;
        drawn->state.mouse_x = drawn->state.mouse_y = -1;
        expect_same_as_fresh(raster, drawn, "help gone");
        for (int scene = SCENE_RECLAIM; scene < SCENE_COUNT; scene++) {
            ui_apply(&drawn->state, ACTION_SCENE, scene);
            expect_same_as_fresh(raster, drawn, "another scene");
        }
        drawn->state.width = 1100;
        expect_same_as_fresh(raster, drawn, "another size");
        ui_raster_destroy(raster);
        drawn_free(drawn);
    }
}

Test(raster, a_picture_that_did_not_change_costs_nothing) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, WIDTH, HEIGHT);
    struct ui_raster *raster = ui_raster_create();
    struct ui_damage damage[UI_REGIONS * 2];
    cr_expect_gt(ui_raster_update(raster, &drawn->frame, 1, WIDTH, HEIGHT, damage), 0);
    drawn_again(drawn);
    cr_expect_eq(ui_raster_update(raster, &drawn->frame, 1, WIDTH, HEIGHT, damage), 0);
    strcpy(drawn->view->console.lines[0], "a new line of the guest");
    drawn_again(drawn);
    cr_expect_eq(ui_raster_update(raster, &drawn->frame, 1, WIDTH, HEIGHT, damage), 1,
                 "only the console is drawn again");
    struct rect console = drawn->frame.panels[PANEL_CONSOLE];
    cr_expect(damage[0].x == (int)console.x && damage[0].width == (int)console.w && damage[0].height == (int)console.h);
    ui_raster_destroy(raster);
    drawn_free(drawn);
}

Test(cells, a_small_cell_is_averaged_and_not_lost) {
    struct draw_list list;
    static uint32_t pixels[100 * 100];
    draw_list_init(&list);
    draw_fill(&list, (struct rect){0, 0, 100, 100}, 0x000000ff, 0);
    color *cells = draw_cells(&list, (struct rect){0, 0, 100, 100}, 200, 200, 40000, 0);
    for (unsigned i = 0; i < 40000; i++)
        cells[i] = 0x000000ff;
    cells[101 * 200 + 61] = 0xff0000ff;
    cr_assert_eq(ui_render_pixels(&list, 1, pixels, 100, 100), 0);
    cr_expect_eq(pixels[50 * 100 + 30] >> 16 & 0xff, 64, "a quarter of the pixel is red, got %u",
                 pixels[50 * 100 + 30] >> 16 & 0xff);
    cr_expect_eq(pixels[50 * 100 + 31], 0xff000000u);
    draw_list_free(&list);
}

Test(cells, whole_cells_are_sharp) {
    struct draw_list list;
    static uint32_t pixels[40 * 40];
    draw_list_init(&list);
    draw_fill(&list, (struct rect){0, 0, 40, 40}, 0x000000ff, 0);
    color *cells = draw_cells(&list, (struct rect){0, 0, 30, 30}, 10, 10, 95, 1);
    for (unsigned i = 0; i < 95; i++)
        cells[i] = i == 11 ? 0 : 0xffffffff;
    cr_assert_eq(ui_render_pixels(&list, 1, pixels, 40, 40), 0);
    cr_expect_eq(pixels[0], 0xffffffffu);
    cr_expect_eq(pixels[2], 0xff000000u, "the gap");
    cr_expect_eq(pixels[3 * 40 + 3], 0xff000000u, "colour 0 is not drawn");
    cr_expect_eq(pixels[27 * 40 + 12], 0xffffffffu, "cell 94");
    cr_expect_eq(pixels[27 * 40 + 15], 0xff000000u, "there is no cell 95");
    draw_list_free(&list);
}

/* PNG files ------------------------------------------------------------------------------------------------- */

static unsigned files_in(const char *folder) {
    DIR *directory = opendir(folder);
    unsigned n = 0;
    cr_assert_not_null(directory);
    while (readdir(directory))
        n++;
    closedir(directory);
    return n - 2;
}

Test(png, an_unwritable_path_gives_one_sentence_and_no_file) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, WIDTH, HEIGHT);
    char error[300], folder[] = "/tmp/faultline-ui-XXXXXX", path[64], missing[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(missing, sizeof missing, "%s/no/such/folder/a.png", folder);
    cr_expect_lt(ui_render_png(&drawn->frame.list, WIDTH, HEIGHT, 1, missing, error, sizeof error), 0);
    cr_expect_not_null(strstr(error, missing), "%s", error);
    cr_expect_null(strchr(error, '\n'), "one sentence: %s", error);
    snprintf(path, sizeof path, "%s/taken", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_expect_lt(ui_render_png(&drawn->frame.list, WIDTH, HEIGHT, 1, path, error, sizeof error), 0,
                 "a folder cannot be replaced by a picture");
    cr_expect_eq(files_in(folder), 1, "something was left behind");
    rmdir(path);
    rmdir(folder);
    drawn_free(drawn);
}

Test(png, a_size_that_no_picture_has_is_refused) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, WIDTH, HEIGHT);
    char error[300];
    cr_expect_lt(ui_render_png(&drawn->frame.list, 0, 0, 1, "/tmp/never.png", error, sizeof error), 0);
    cr_expect_not_null(strstr(error, "0 x 0"), "%s", error);
    cr_expect_lt(ui_render_png(&drawn->frame.list, 40000, 10, 1, "/tmp/never.png", error, sizeof error), 0);
    cr_expect_neq(access("/tmp/never.png", F_OK), 0);
    drawn_free(drawn);
}

Test(png, a_written_picture_reads_back_as_drawn) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_MEMORY, WIDTH, HEIGHT);
    char error[300], folder[] = "/tmp/faultline-ui-XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/memory.png", folder);
    cr_assert_eq(ui_render_png(&drawn->frame.list, WIDTH, HEIGHT, 1, path, error, sizeof error), 0, "%s", error);
    cr_expect_eq(files_in(folder), 1);
    cairo_surface_t *surface = cairo_image_surface_create_from_png(path);
    uint32_t *pixels = render(drawn, 1);
    cr_assert_eq(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    cr_expect_eq(difference(pixels, (const uint32_t *)(const void *)cairo_image_surface_get_data(surface)), 0);
    cairo_surface_destroy(surface);
    free(pixels);
    unlink(path);
    rmdir(folder);
    drawn_free(drawn);
}
