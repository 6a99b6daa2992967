/* Layout, hits, keys and what stays inside the window. */
#include "tests/ui/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const float sizes[][2] = {{1024, 640}, {1180, 700}, {1280, 800}, {1920, 1080}, {2560, 1440}, {3840, 2160}};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* Layout ---------------------------------------------------------------------------------------------------- */

Test(layout, panels_lie_inside_the_window_and_never_on_each_other) {
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned scene = 0; scene < SCENE_COUNT; scene++) {
            struct sample_options options = {.state = VIEW_PAUSED};
            struct drawn *drawn = drawn_sample(&options, (enum ui_scene)scene, sizes[s][0], sizes[s][1]);
            for (unsigned i = 0; i < PANEL_COUNT; i++) {
                struct rect a = drawn->frame.panels[i];
                cr_expect(a.x >= 0 && a.y >= 0 && a.x + a.w <= sizes[s][0] && a.y + a.h <= sizes[s][1],
                          "size %u scene %u panel %u", s, scene, i);
                cr_expect(a.x == roundf(a.x) && a.w == roundf(a.w) && a.y == roundf(a.y) && a.h == roundf(a.h),
                          "panel %u is not on whole pixels", i);
                for (unsigned j = i + 1; j < PANEL_COUNT; j++) {
                    struct rect b = drawn->frame.panels[j];
                    bool apart = a.w == 0 || b.w == 0 || a.x + a.w + 8 <= b.x || b.x + b.w + 8 <= a.x ||
                                 a.y + a.h + 8 <= b.y || b.y + b.h + 8 <= a.y;
                    cr_expect(apart, "size %u scene %u: panels %u and %u", s, scene, i, j);
                }
            }
            drawn_free(drawn);
        }
}

#define BIT(panel) (1u << PANEL_##panel)
#define EVERY_PANEL ((1u << PANEL_COUNT) - 1)

static unsigned panels_shown(const struct drawn *drawn) {
    unsigned shown = 0;
    for (unsigned i = 0; i < PANEL_COUNT; i++)
        shown |= drawn->frame.panels[i].w > 0 ? 1u << i : 0;
    return shown;
}

Test(layout, each_scene_has_its_panels) {
    static const unsigned panels[SCENE_COUNT] = {
        [SCENE_FAULT] = BIT(FRAMES) | BIT(FAULT) | BIT(SPACE) | BIT(CONSOLE) | BIT(TIMELINE),
        [SCENE_RECLAIM] = BIT(ZONES) | BIT(BUDDY) | BIT(LRU) | BIT(DECISION) | BIT(TIMELINE),
        [SCENE_MEMORY] = EVERY_PANEL,
        [SCENE_CONSOLE] = BIT(CONSOLE) | BIT(TIMELINE),
    };
    for (unsigned scene = 0; scene < SCENE_COUNT; scene++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_sample(&options, (enum ui_scene)scene, 1280, 800);
        unsigned shown = panels_shown(drawn);
        cr_expect_eq(shown, panels[scene], "scene %u shows %x, not %x", scene, shown, panels[scene]);
        drawn_free(drawn);
    }
}

/* Every panel is on show, or a click away on the tab of one that is. */
Test(layout, each_panel_of_the_memory_scene_is_at_most_one_click_away) {
    for (unsigned s = 0; s < SIZES; s++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_sample(&options, SCENE_MEMORY, sizes[s][0], sizes[s][1]);
        unsigned shown = panels_shown(drawn), reached = shown;
        for (unsigned i = 0; i < drawn->frame.hit_count; i++)
            if (drawn->frame.hits[i].action == ACTION_FRONT)
                reached |= 1u << drawn->frame.hits[i].argument;
        cr_expect_eq(reached, EVERY_PANEL, "%.0f wide: only %x", (double)sizes[s][0], reached);
        for (int panel = 0; panel < PANEL_COUNT; panel++) {
            ui_apply(&drawn->state, ACTION_FRONT, panel);
            drawn_again(drawn);
            cr_expect_gt(drawn->frame.panels[panel].w, 0, "%.0f wide: panel %d does not come to the front",
                         (double)sizes[s][0], panel);
        }
        drawn_free(drawn);
    }
}

/* Whether a command reaches beyond the window, by what it draws and not by what a clip leaves of it. */
static bool outside(struct drawn *drawn, const struct draw_command *command) {
    if (command->kind == DRAW_CLIP || command->kind == DRAW_UNCLIP)
        return false;
    struct rect at = draw_text_box(&drawn->frame.list, command);
    float x0 = fminf(at.x, at.x + at.w), x1 = fmaxf(at.x, at.x + at.w), y0 = fminf(at.y, at.y + at.h),
          y1 = fmaxf(at.y, at.y + at.h);
    return !(x0 >= -0.5f && y0 >= -0.5f && x1 <= drawn->state.width + 0.5f && y1 <= drawn->state.height + 0.5f);
}

Test(layout, no_command_reaches_out_of_the_window) {
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned scene = 0; scene < SCENE_COUNT; scene++)
            for (unsigned variant = 0; variant < 4; variant++) {
                struct sample_options options = {.state = VIEW_PAUSED,
                                                 .long_names = variant & 1,
                                                 .many_regions = variant & 1,
                                                 .ram_mib = variant & 2 ? 1024 : 64};
                struct drawn *drawn = drawn_sample(&options, (enum ui_scene)scene, sizes[s][0], sizes[s][1]);
                drawn->state.help = variant == 3;
                drawn_again(drawn);
                for (size_t i = 0; i < drawn->frame.list.count; i++) {
                    const struct draw_command *command = &drawn->frame.list.commands[i];
                    cr_expect(!outside(drawn, command),
                              "size %u scene %u variant %u: kind %d at %.1f %.1f, %.1f x %.1f '%s'", s, scene, variant,
                              (int)command->kind, (double)command->at.x, (double)command->at.y, (double)command->at.w,
                              (double)command->at.h, command->kind == DRAW_TEXT ? command_text(drawn, command) : "");
                }
                drawn_free(drawn);
            }
}

Test(layout, nothing_is_cut_at_the_designs_size) {
    for (unsigned scene = 0; scene < SCENE_COUNT; scene++)
        for (unsigned kind = SAMPLE_COW; kind <= SAMPLE_NO_FAULT; kind++) {
            struct sample_options options = {.state = VIEW_PAUSED, .fault = (enum sample_fault)kind};
            struct drawn *drawn = drawn_sample(&options, (enum ui_scene)scene, 1280, 800);
            const struct draw_command *cut = find_text(drawn, PANEL_COUNT, "\xe2\x80\xa6");
            cr_expect_null(cut, "scene %u fault %u: '%s'", scene, kind, cut ? command_text(drawn, cut) : "");
            drawn_free(drawn);
        }
}

Test(layout, a_panel_can_fill_the_window) {
    for (int panel = 0; panel < PANEL_TIMELINE; panel++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_sample(&options, SCENE_MEMORY, 1280, 800);
        cr_assert(ui_apply(&drawn->state, ACTION_MAXIMISE, panel));
        drawn_again(drawn);
        cr_expect_float_eq(drawn->frame.panels[panel].w, 1256, 0.5f, "panel %d", panel);
        for (int other = 0; other < PANEL_TIMELINE; other++)
            cr_expect(other == panel || drawn->frame.panels[other].w == 0, "panel %d is shown beside %d", other, panel);
        cr_assert(ui_apply(&drawn->state, ACTION_MAXIMISE, panel));
        cr_expect_eq(drawn->state.maximised, -1);
        drawn_free(drawn);
    }
}

/* The words of the caption in drawing order, joined by spaces; *lines: how many lines they take. */
static void caption_words(const struct drawn *drawn, char *text, size_t size, unsigned *lines) {
    float top = drawn->frame.panels[PANEL_CONSOLE].y + drawn->frame.panels[PANEL_CONSOLE].h, line = 0;
    text[0] = '\0';
    *lines = 0;
    for (size_t i = 0; i < drawn->frame.list.count; i++) {
        const struct draw_command *command = &drawn->frame.list.commands[i];
        if (command->kind != DRAW_TEXT || command->at.y < top || command->at.y >= drawn->frame.panels[PANEL_TIMELINE].y)
            continue;
        *lines += command->at.y != line;
        line = command->at.y;
        snprintf(text + strlen(text), size - strlen(text), "%s ", command_text(drawn, command));
        cr_expect_lt(command->at.x, 1280 - 12 - 17, "no word begins outside the box");
    }
}

Test(layout, a_long_caption_is_wrapped_and_no_word_is_lost) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    char words[1000];
    unsigned lines;
    strcpy(drawn->state.caption,
           "The program reads its 20 MiB in a circle. The page that it needs next is always the one that was written "
           "out longest ago, because the *least recently used* page is the next in the circle: the worst case of LRU. "
           "It waits for the disk nearly all the time.");
    drawn_again(drawn);
    caption_words(drawn, words, sizeof words, &lines);
    cr_expect_eq(lines, 2);
    cr_expect_str_eq(words,
                     "The program reads its 20 MiB in a circle. The page that it needs next is always the one that was "
                     "written out longest ago, because the least recently used page is the next in the circle: the "
                     "worst case of LRU. It waits for the disk nearly all the time. ");
    for (unsigned i = 0; i < 300; i += 3)
        memcpy(drawn->state.caption + i, "ab ", 4);
    drawn_again(drawn);
    caption_words(drawn, words, sizeof words, &lines);
    cr_expect(lines == 2 && strstr(words, "\xe2\x80\xa6") == NULL, "%u lines: %s", lines, words);
    memset(drawn->state.caption, 'w', sizeof drawn->state.caption - 1);
    memcpy(drawn->state.caption + 20, " *x* ", 5);
    drawn_again(drawn);
    cr_expect(!drawn->frame.list.failed, "one word that is too long for any line");
    drawn_free(drawn);
}

Test(layout, a_caption_gets_its_band_above_the_timeline) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    strcpy(drawn->state.caption, "below *low*, so kswapd woke");
    drawn_again(drawn);
    const struct draw_command *strong = find_text(drawn, PANEL_COUNT, "low");
    for (size_t i = 0; i < drawn->frame.list.count; i++)
        if (drawn->frame.list.commands[i].kind == DRAW_TEXT &&
            strcmp(command_text(drawn, &drawn->frame.list.commands[i]), "low") == 0)
            strong = &drawn->frame.list.commands[i];
    cr_assert_not_null(strong);
    cr_expect_eq(strong->color, PALETTE_ACCENT);
    cr_expect(strong->at.y < drawn->frame.panels[PANEL_TIMELINE].y &&
              strong->at.y > drawn->frame.panels[PANEL_CONSOLE].y + drawn->frame.panels[PANEL_CONSOLE].h);
    drawn_free(drawn);
}

/* Hits ------------------------------------------------------------------------------------------------------ */

static void expect_click(struct drawn *drawn, const char *text, enum ui_action action, int64_t argument) {
    const struct draw_command *command = find_text(drawn, PANEL_COUNT, text);
    int64_t got;
    cr_assert_not_null(command, "no text '%s'", text);
    cr_expect_eq(ui_hit_at(&drawn->frame, command->at.x + 3, command->at.y - 4, &got), action, "'%s'", text);
    cr_expect_eq(got, argument, "'%s': argument %lld", text, (long long)got);
}

Test(hits, each_button_and_tab_does_what_it_says) {
    for (unsigned s = 0; s < SIZES; s++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, sizes[s][0], sizes[s][1]);
        expect_click(drawn, "1 Fault", ACTION_SCENE, SCENE_FAULT);
        expect_click(drawn, "2 Reclaim", ACTION_SCENE, SCENE_RECLAIM);
        expect_click(drawn, "3 Memory", ACTION_SCENE, SCENE_MEMORY);
        expect_click(drawn, "4 Console", ACTION_SCENE, SCENE_CONSOLE);
        expect_click(drawn, "Next", ACTION_NEXT_FAULT, 0);
        expect_click(drawn, "\xe2\x97\x80", ACTION_PREVIOUS_FAULT, 0);
        expect_click(drawn, "Run", ACTION_RUN_PAUSE, 0);
        expect_click(drawn, "FRAMES", ACTION_MAXIMISE, PANEL_FRAMES);
        expect_click(drawn, "FAULT 18", ACTION_MAXIMISE, PANEL_FAULT);
        drawn_free(drawn);
    }
}

Test(hits, an_ended_guest_cannot_run_and_the_first_fault_has_none_before) {
    struct sample_options options = {.state = VIEW_ENDED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    expect_click(drawn, "Ended", ACTION_NONE, 0);
    expect_click(drawn, "Next fault", ACTION_NONE, 0);
    drawn->view->fault_position = 1;
    drawn_again(drawn);
    expect_click(drawn, "\xe2\x97\x80", ACTION_NONE, 0);
    expect_click(drawn, "Next fault", ACTION_NEXT_FAULT, 0);
    drawn_free(drawn);
}

Test(hits, a_cell_selects_its_frame) {
    static const unsigned rams[] = {8, 64, 1024};
    for (unsigned r = 0; r < 3; r++) {
        struct sample_options options = {.state = VIEW_PAUSED, .ram_mib = rams[r]};
        struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
        uint64_t step = drawn->view->kernel->frame_count / 97;
        for (uint64_t pfn = 0; pfn < drawn->view->kernel->frame_count; pfn += step) {
            struct rect cell;
            cr_assert(ui_grid_cell(&drawn->frame.grid, pfn, &cell), "%u MiB frame %llx", rams[r],
                      (unsigned long long)pfn);
            float x = cell.x + drawn->frame.grid.pitch_x / 2, y = cell.y + drawn->frame.grid.pitch_y / 2;
            int64_t argument;
            cr_expect_eq(ui_hit_at(&drawn->frame, x, y, &argument), ACTION_SELECT_FRAME);
            cr_expect_eq(argument, (int64_t)pfn, "%u MiB: frame %llx, hit %llx", rams[r], (unsigned long long)pfn,
                         (unsigned long long)argument);
        }
        drawn_free(drawn);
    }
}

Test(hits, a_mark_selects_its_fault_and_a_gap_nothing) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    drawn->view->mark_count = 2;
    struct story_mark *marks = (struct story_mark *)(uintptr_t)drawn->view->marks;
    marks[0] = (struct story_mark){9000000, 3, TRACK_ANON};
    marks[1] = (struct story_mark){10000000, 4, TRACK_FILE};
    drawn_again(drawn);
    struct rect lane = drawn->frame.timeline;
    bool seen[5] = {false};
    unsigned nothing = 0;
    for (float x = lane.x; x < lane.x + lane.w; x++) {
        int64_t fault;
        enum ui_action action = ui_hit_at(&drawn->frame, x, lane.y + 5, &fault);
        cr_expect(action == ACTION_NONE || (fault >= 3 && fault <= 4));
        if (action == ACTION_SELECT_FAULT)
            seen[fault] = true;
        else
            nothing++;
    }
    cr_expect(seen[3] && seen[4]);
    cr_expect_gt(nothing, 900, "only near a mark is there something to click");
    drawn_free(drawn);
}

Test(hits, the_console_takes_the_keyboard_and_the_help_covers_all) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    struct rect console = drawn->frame.panels[PANEL_CONSOLE];
    int64_t argument;
    cr_expect_eq(ui_hit_at(&drawn->frame, console.x + 50, console.y + 80, &argument), ACTION_TYPE);
    cr_expect_eq(argument, 1);
    drawn->state.help = true;
    drawn_again(drawn);
    cr_expect_eq(ui_hit_at(&drawn->frame, console.x + 50, console.y + 80, &argument), ACTION_HELP);
    cr_expect_not_null(find_text(drawn, PANEL_COUNT, "run to the next fault; show the one before"));
    drawn_free(drawn);
}

/* Keys ------------------------------------------------------------------------------------------------------ */

Test(keys, each_key_has_its_action) {
    static const struct {
        uint32_t key;
        enum ui_action action;
        int64_t argument;
    } keys[] = {{' ', ACTION_RUN_PAUSE, 0},      {'n', ACTION_NEXT_FAULT, 0},    {'N', ACTION_PREVIOUS_FAULT, 0},
                {'s', ACTION_STEP, 0},           {'o', ACTION_OVER, 0},          {'f', ACTION_FINISH, 0},
                {'w', ACTION_NEXT_WALK, 0},      {'r', ACTION_NEXT_DECISION, 0}, {'e', ACTION_NEXT_EVENT, 0},
                {'1', ACTION_SCENE, 0},          {'4', ACTION_SCENE, 3},         {'p', ACTION_SCREENSHOT, 0},
                {'b', ACTION_STOPS, 0},          {'[', ACTION_PREVIOUS_TASK, 0}, {']', ACTION_NEXT_TASK, 0},
                {'/', ACTION_SEARCH, 0},         {'?', ACTION_HELP, 0},          {'q', ACTION_QUIT, 0},
                {UI_KEY_ESCAPE, ACTION_QUIT, 0}, {'5', ACTION_NONE, 0},          {'z', ACTION_NONE, 0},
                {UI_KEY_TAB, ACTION_NONE, 0}};
    struct ui_state state;
    ui_state_init(&state, 1280, 800);
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int64_t argument;
        cr_expect_eq(ui_key_action(&state, keys[i].key, &argument), keys[i].action, "key %u", keys[i].key);
        cr_expect_eq(argument, keys[i].argument, "key %u", keys[i].key);
    }
}

Test(keys, while_typing_only_escape_is_ours) {
    struct ui_state state;
    int64_t argument;
    ui_state_init(&state, 1280, 800);
    cr_assert(ui_apply(&state, ACTION_SCENE, SCENE_CONSOLE));
    cr_assert(state.typing, "the console scene takes the keyboard");
    cr_expect_eq(ui_key_action(&state, 'q', &argument), ACTION_NONE);
    cr_expect_eq(ui_key_action(&state, UI_KEY_ESCAPE, &argument), ACTION_TYPE);
    ui_apply(&state, ACTION_TYPE, argument);
    cr_expect(!state.typing);
    cr_expect_eq(ui_key_action(&state, 'q', &argument), ACTION_QUIT);
}

Test(keys, escape_goes_back_one_thing_at_a_time) {
    struct ui_state state;
    int64_t argument;
    ui_state_init(&state, 1280, 800);
    ui_apply(&state, ACTION_MAXIMISE, PANEL_FAULT);
    ui_apply(&state, ACTION_TYPE, 1);
    ui_apply(&state, ACTION_HELP, 0);
    static const enum ui_action order[] = {ACTION_HELP, ACTION_TYPE, ACTION_MAXIMISE, ACTION_QUIT};
    for (unsigned i = 0; i < 4; i++) {
        enum ui_action action = ui_key_action(&state, UI_KEY_ESCAPE, &argument);
        cr_expect_eq(action, order[i], "escape number %u", i + 1);
        ui_apply(&state, action, argument);
    }
}

Test(keys, what_the_machine_must_do_is_not_ours) {
    struct ui_state state;
    ui_state_init(&state, 1280, 800);
    cr_expect(!ui_apply(&state, ACTION_RUN_PAUSE, 0));
    cr_expect(!ui_apply(&state, ACTION_SELECT_FAULT, 4));
    cr_expect(!ui_apply(&state, ACTION_SELECT_FRAME, 0x1a73));
    cr_expect_eq(state.selected_pfn, 0x1a73);
    ui_apply(&state, ACTION_SELECT_FRAME, 0x1a73);
    cr_expect_eq(state.selected_pfn, -1, "a second click lets it go");
    cr_expect(ui_apply(&state, ACTION_SCENE, 99) && state.scene == SCENE_FAULT,
              "a scene that does not exist changes nothing");
}

/* Zoom ------------------------------------------------------------------------------------------------------ */

Test(zoom, the_wheel_enlarges_cells_and_panning_stays_in_bounds) {
    struct sample_options options = {.state = VIEW_PAUSED, .ram_mib = 1024};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    struct rect at = drawn->frame.grid.at;
    float before = drawn->frame.grid.pitch_x;
    for (unsigned i = 0; i < 30; i++) {
        ui_zoom_frames(&drawn->state, &drawn->frame, at.x + 100, at.y + 150, 1.2f);
        drawn_again(drawn);
        cr_assert(drawn->frame.grid.scroll >= 0 &&
                  drawn->frame.grid.scroll <= fmaxf(drawn->frame.grid.content_height - at.h, 0) + 0.5f);
    }
    cr_expect_gt(drawn->frame.grid.pitch_x, 4 * before);
    ui_pan_frames(&drawn->state, &drawn->frame, 1e9f);
    drawn_again(drawn);
    struct rect cell;
    cr_expect(ui_grid_cell(&drawn->frame.grid, drawn->view->kernel->frame_count - 1, &cell),
              "the last frame is reached");
    ui_pan_frames(&drawn->state, &drawn->frame, -1e9f);
    drawn_again(drawn);
    cr_expect_float_eq(drawn->frame.grid.scroll, 0, 0.01f);
    for (unsigned i = 0; i < 40; i++)
        ui_zoom_frames(&drawn->state, &drawn->frame, at.x + 100, at.y + 150, 1 / 1.2f);
    drawn_again(drawn);
    cr_expect_float_eq(drawn->frame.grid.pitch_x, before, 0.001f);
    drawn_free(drawn);
}

Test(zoom, the_frame_under_the_mouse_stays_near_it) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    struct rect at = drawn->frame.grid.at;
    float y = at.y + 130;
    int64_t before = ui_grid_frame_at(&drawn->frame.grid, at.x + 3, y);
    for (unsigned i = 0; i < 6; i++) {
        ui_zoom_frames(&drawn->state, &drawn->frame, at.x + 3, y, 1.2f);
        drawn_again(drawn);
    }
    int64_t after = ui_grid_frame_at(&drawn->frame.grid, at.x + 3, y);
    cr_expect(after >= 0 && llabs(after - before) < 800, "frame %llx became %llx", (long long)before, (long long)after);
    drawn_free(drawn);
}

Test(history, a_new_snapshot_gives_one_sample) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    cr_expect(ui_observe(&drawn->state, drawn->view));
    cr_expect(!ui_observe(&drawn->state, drawn->view), "the same snapshot again is no news");
    for (unsigned i = 0; i < 3 * UI_HISTORY; i++) {
        drawn->view->serial++;
        drawn->view->kernel->zones[1].free = i;
        ui_observe(&drawn->state, drawn->view);
    }
    cr_expect_eq(drawn->state.history_count, UI_HISTORY);
    cr_expect_eq(drawn->state.history[1][UI_HISTORY - 1], 3 * UI_HISTORY - 1);
    cr_expect_eq(drawn->state.history[1][0], 2 * UI_HISTORY);
    drawn_free(drawn);
}

Test(scale, large_screens_get_larger_letters) {
    cr_expect_float_eq(ui_scale_for(1280, 800, 1), 1, 0.001f);
    cr_expect_float_eq(ui_scale_for(1024, 640, 1), 1, 0.001f);
    cr_expect_float_eq(ui_scale_for(2560, 1600, 2), 2, 0.001f, "a HiDPI display's own scale is taken as it is");
    cr_expect_float_eq(ui_scale_for(2560, 1440, 1), 1.5f, 0.001f);
    cr_expect_float_eq(ui_scale_for(3840, 2160, 1), 2, 0.001f);
}
