/* Reclaim, time and the window itself: zones, buddy, lists, decision, cache, timeline, stops, search, help. */
#include "tests/ui/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float sizes[][2] = {{1024, 640}, {1280, 800}, {1920, 1080}, {3840, 2160}};
#define SIZES (sizeof sizes / sizeof sizes[0])

static const struct sample_options pressed = {.ram_mib = 24, .pressure = true, .stops = true, .state = VIEW_PAUSED};

static void expect_words_in(const char *words, const char *const *wanted) {
    for (; *wanted; wanted++)
        cr_expect_not_null(strstr(words, *wanted), "'%s' is not in: %s", *wanted, words);
}

#define EXPECT_WORDS(words, ...) expect_words_in(words, (const char *const[]){__VA_ARGS__, NULL})

/* Room --------------------------------------------------------------------------------------------------------- */

/* Lines of text that share pixels, and things beyond the panel, in all panels of this test's concern. */
static void expect_tidy(struct drawn *drawn, const char *where) {
    static const enum ui_panel panels[] = {PANEL_ZONES,    PANEL_BUDDY, PANEL_LRU,
                                           PANEL_DECISION, PANEL_CACHE, PANEL_TIMELINE};
    char what[300];
    for (unsigned p = 0; p < sizeof panels / sizeof panels[0]; p++) {
        cr_expect(!texts_collide(drawn, panels[p], what, sizeof what), "%s: %s", where, what);
        size_t first, end;
        if (!panel_commands(drawn, panels[p], &first, &end))
            continue;
        struct rect at = drawn->frame.panels[panels[p]];
        for (size_t i = first; i < end; i++) {
            const struct draw_command *command = &drawn->frame.list.commands[i];
            float x = fminf(command->at.x, command->at.x + command->at.w), right = x + fabsf(command->at.w),
                  y = fminf(command->at.y, command->at.y + command->at.h), bottom = y + fabsf(command->at.h);
            if (command->kind != DRAW_TEXT && command->kind != DRAW_UNCLIP)
                cr_expect(x >= at.x - 1 && y >= at.y - 1 && right <= at.x + at.w + 1 && bottom <= at.y + at.h + 1,
                          "%s: panel %u draws %u at %.1f %.1f to %.1f %.1f outside %.0f %.0f to %.0f %.0f", where,
                          panels[p], command->kind, (double)x, (double)y, (double)right, (double)bottom, (double)at.x,
                          (double)at.y, (double)(at.x + at.w), (double)(at.y + at.h));
        }
    }
}

Test(room, every_panel_is_tidy_in_every_size_and_state) {
    static const struct sample_options states[] = {
        {.ram_mib = 24, .pressure = true, .state = VIEW_PAUSED},
        {.ram_mib = 2048, .pressure = true, .state = VIEW_RUNNING},
        {.ram_mib = 64, .state = VIEW_ENDED, .long_names = true},
        {.fault = SAMPLE_NO_FAULT, .no_kernel = true, .no_console = true, .no_marks = true},
    };
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned state = 0; state < 4; state++)
            for (unsigned scene = SCENE_RECLAIM; scene <= SCENE_MEMORY; scene++)
                for (unsigned caption = 0; caption < 2; caption++) {
                    struct drawn *drawn = drawn_sample(&states[state], (enum ui_scene)scene, sizes[s][0], sizes[s][1]);
                    char where[80];
                    snprintf(where, sizeof where, "%.0f wide, state %u, scene %u, caption %u", (double)sizes[s][0],
                             state, scene, caption);
                    if (caption)
                        strcpy(drawn->state.caption, "Free memory fell below *low*, so kswapd woke.");
                    drawn_again(drawn);
                    expect_tidy(drawn, where);
                    drawn_free(drawn);
                }
}

Test(room, a_panel_that_fills_the_window_is_tidy_too) {
    for (unsigned s = 0; s < SIZES; s++)
        for (int panel = 0; panel < PANEL_COUNT; panel++) {
            struct drawn *drawn = drawn_sample(&pressed, SCENE_MEMORY, sizes[s][0], sizes[s][1]);
            char where[60];
            snprintf(where, sizeof where, "%.0f wide, panel %d alone", (double)sizes[s][0], panel);
            ui_apply(&drawn->state, ACTION_MAXIMISE, panel);
            drawn_again(drawn);
            expect_tidy(drawn, where);
            drawn_free(drawn);
        }
}

Test(room, panels_behind_tabs_are_tidy_when_they_come_to_the_front) {
    for (int panel = 0; panel < PANEL_TIMELINE; panel++) {
        struct drawn *drawn = drawn_sample(&pressed, SCENE_MEMORY, 1024, 640);
        ui_apply(&drawn->state, ACTION_FRONT, panel);
        drawn_again(drawn);
        expect_tidy(drawn, "1024 wide, from behind");
        drawn_free(drawn);
    }
}

Test(room, several_nodes_and_zones_are_tidy) {
    for (unsigned s = 0; s < SIZES; s++) {
        struct drawn *drawn = drawn_sample(&pressed, SCENE_MEMORY, sizes[s][0], sizes[s][1]);
        struct kv_snapshot *kernel = drawn->view->kernel;
        for (size_t z = 3; z < 9; z++) {
            kernel->zones[z] = kernel->zones[1];
            kernel->zones[z].node = (int)z / 3;
        }
        kernel->zone_count = 9;
        drawn_again(drawn);
        expect_tidy(drawn, "nine zones");
        drawn_free(drawn);
    }
}

/* The state bar -------------------------------------------------------------------------------------------------- */

static void expect_click(struct drawn *drawn, const char *text, enum ui_action action, int64_t argument) {
    const struct draw_command *command = find_text(drawn, PANEL_COUNT, text);
    int64_t got;
    cr_assert_not_null(command, "no text '%s'", text);
    cr_expect_eq(ui_hit_at(&drawn->frame, command->at.x + 3, command->at.y - 4, &got), action, "'%s'", text);
    cr_expect_eq(got, argument, "'%s': argument %lld", text, (long long)got);
}

Test(state_bar, says_why_the_guest_stands) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_FAULT, 1280, 800);
    cr_expect_not_null(find_text(drawn, PANEL_COUNT, "stopped: copy on write of frame 02c11 by hello (pid 7)"));
    drawn->view->state = VIEW_RUNNING;
    drawn_again(drawn);
    cr_expect_null(find_text(drawn, PANEL_COUNT, "stopped"), "a guest that runs has no reason to stand");
    cr_expect_not_null(find_text(drawn, PANEL_COUNT, "running"));
    drawn->view->state = VIEW_ENDED;
    strcpy(drawn->view->stop.text, "the program has ended with status 3");
    drawn_again(drawn);
    cr_expect_not_null(find_text(drawn, PANEL_COUNT, "ended: the program has ended with status 3"));
    drawn_free(drawn);
}

Test(state_bar, every_action_has_a_button_in_every_scene_and_size) {
    static const struct {
        const char *label;
        enum ui_action action;
    } buttons[] = {{"Step", ACTION_STEP},        {"Over", ACTION_OVER},
                   {"Finish", ACTION_FINISH},    {"Walk", ACTION_NEXT_WALK},
                   {"Event", ACTION_NEXT_EVENT}, {"Stops", ACTION_STOPS},
                   {"Search", ACTION_SEARCH},    {"Picture", ACTION_SCREENSHOT},
                   {"Help", ACTION_HELP},        {"ecision", ACTION_NEXT_DECISION}};
    struct sample_options options = {.state = VIEW_PAUSED};
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned scene = 0; scene < SCENE_COUNT; scene++) {
            struct drawn *drawn = drawn_sample(&options, (enum ui_scene)scene, sizes[s][0], sizes[s][1]);
            for (unsigned i = 0; i < sizeof buttons / sizeof buttons[0]; i++)
                expect_click(drawn, buttons[i].label, buttons[i].action, 0);
            unsigned next_fault = 0;
            for (unsigned i = 0; i < drawn->frame.hit_count; i++)
                next_fault += drawn->frame.hits[i].action == ACTION_NEXT_FAULT;
            cr_expect_eq(next_fault, 1, "scene %u has %u ways to the next fault", scene, next_fault);
            drawn_free(drawn);
        }
}

Test(state_bar, an_ended_guest_offers_no_step) {
    struct sample_options options = {.state = VIEW_ENDED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    expect_click(drawn, "Step", ACTION_NONE, 0);
    expect_click(drawn, "Stops", ACTION_STOPS, 0);
    drawn_free(drawn);
}

/* Stops ---------------------------------------------------------------------------------------------------------- */

static void press(struct drawn *drawn, uint32_t key) {
    int64_t argument;
    enum ui_action action = ui_key_action(&drawn->state, key, &argument);
    ui_apply(&drawn->state, action, argument);
}

static void type(struct drawn *drawn, const char *text) {
    for (; *text; text++)
        press(drawn, (uint32_t)(unsigned char)*text);
}

static struct drawn *drawn_stops(float width, float height) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, width, height);
    ui_observe(&drawn->state, drawn->view);
    press(drawn, 'b');
    cr_assert(drawn->state.stops);
    drawn_again(drawn);
    return drawn;
}

Test(stops, lists_points_with_hits_and_what_can_be_stopped_at) {
    for (unsigned s = 0; s < SIZES; s++) {
        struct drawn *drawn = drawn_stops(sizes[s][0], sizes[s][1]);
        size_t kinds;
        const struct condition_kind *kind = condition_kinds(&kinds);
        EXPECT_WORDS(panel_words(drawn, PANEL_COUNT), "cow mapcount>=2", "3 hits", "break shrink_page_list",
                     "1 204 hits", "remove", "Enter adds");
        cr_assert_gt(kinds, 10);
        for (size_t i = 0; i < kinds; i++)
            cr_expect_not_null(find_text(drawn, PANEL_COUNT, kind[i].name), "%.0f wide: no row for %s",
                               (double)sizes[s][0], kind[i].name);
        drawn_free(drawn);
    }
}

/* The texts of the sheet, which is one region as large as the window and begins with the shade. */
Test(stops, no_two_texts_of_the_sheets_overlap) {
    static const uint32_t opens[] = {'b', '/', '?'};
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned o = 0; o < 3; o++) {
            struct drawn *drawn = drawn_sample(&pressed, SCENE_FAULT, sizes[s][0], sizes[s][1]);
            press(drawn, opens[o]);
            drawn_again(drawn);
            const struct ui_region *sheet = &drawn->frame.regions[drawn->frame.region_count - 1];
            struct draw_list *list = &drawn->frame.list;
            cr_assert_eq(list->commands[sheet->first].color, PALETTE_SHADE);
            for (size_t i = sheet->first; i < sheet->first + sheet->count; i++)
                for (size_t j = i + 1; j < sheet->first + sheet->count; j++) {
                    struct rect a = draw_text_box(list, &list->commands[i]),
                                b = draw_text_box(list, &list->commands[j]);
                    bool text = list->commands[i].kind == DRAW_TEXT && list->commands[j].kind == DRAW_TEXT;
                    bool apart = a.x + a.w <= b.x + 0.5f || b.x + b.w <= a.x + 0.5f || a.y + a.h <= b.y + 2 ||
                                 b.y + b.h <= a.y + 2;
                    cr_expect(!text || apart, "%.0f wide, sheet %u: '%s' and '%s' overlap", (double)sizes[s][0], o,
                              command_text(drawn, &list->commands[i]), command_text(drawn, &list->commands[j]));
                }
            drawn_free(drawn);
        }
}

Test(stops, keys_choose_switch_and_remove) {
    struct drawn *drawn = drawn_stops(1280, 800);
    int64_t argument;
    press(drawn, UI_KEY_DOWN);
    cr_expect_eq(ui_key_action(&drawn->state, ' ', &argument), ACTION_POINT_ENABLE);
    cr_expect_eq(argument, -1, "point 1 is on, so it is switched off");
    press(drawn, UI_KEY_DOWN);
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_ENTER, &argument), ACTION_POINT_ENABLE);
    cr_expect_eq(argument, 2, "point 2 is off, so it is switched on");
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_DELETE, &argument), ACTION_POINT_REMOVE);
    cr_expect_eq(argument, 2);
    press(drawn, UI_KEY_UP);
    press(drawn, UI_KEY_UP);
    cr_expect_eq(drawn->state.points.chosen, 0, "above the first point the line has the keys");
    press(drawn, UI_KEY_UP);
    cr_expect_eq(drawn->state.points.chosen, 6, "and from there the last point");
    drawn->view->point_count = 2;
    drawn->view->serial++;
    ui_observe(&drawn->state, drawn->view);
    cr_expect_eq(drawn->state.points.chosen, 0, "a point that has gone is not chosen");
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_ESCAPE, &argument), ACTION_STOPS);
    drawn_free(drawn);
}

Test(stops, clicks_switch_and_remove_and_the_shade_closes) {
    struct drawn *drawn = drawn_stops(1280, 800);
    const struct draw_command *text = find_text(drawn, PANEL_COUNT, "break shrink_page_list");
    int64_t argument;
    cr_assert_not_null(text);
    cr_expect_eq(ui_hit_at(&drawn->frame, text->at.x + 10, text->at.y - 4, &argument), ACTION_POINT_CHOOSE);
    cr_expect_eq(argument, 5);
    cr_expect_eq(ui_hit_at(&drawn->frame, text->at.x - 44, text->at.y - 4, &argument), ACTION_POINT_ENABLE);
    cr_expect_eq(argument, -5);
    const struct draw_command *button = NULL;
    for (size_t i = 0; i < drawn->frame.list.count; i++)
        if (drawn->frame.list.commands[i].kind == DRAW_TEXT && drawn->frame.list.commands[i].at.y == text->at.y &&
            strcmp(command_text(drawn, &drawn->frame.list.commands[i]), "remove") == 0)
            button = &drawn->frame.list.commands[i];
    cr_assert_not_null(button);
    cr_expect_eq(ui_hit_at(&drawn->frame, button->at.x + button->at.w / 2, text->at.y - 4, &argument),
                 ACTION_POINT_REMOVE);
    cr_expect_eq(argument, 5);
    cr_expect_eq(ui_hit_at(&drawn->frame, 5, 400, &argument), ACTION_STOPS, "beside the sheet");
    cr_expect_eq(ui_hit_at(&drawn->frame, 500, 70, &argument), ACTION_NONE, "panels below the sheet get no click");
    drawn_free(drawn);
}

Test(stops, the_line_is_edited_like_any_line) {
    struct drawn *drawn = drawn_stops(1280, 800);
    type(drawn, "cow frame=2");
    press(drawn, UI_KEY_HOME);
    type(drawn, "x");
    press(drawn, UI_KEY_RIGHT);
    press(drawn, UI_KEY_BACKSPACE);
    press(drawn, UI_KEY_END);
    press(drawn, UI_KEY_LEFT);
    press(drawn, UI_KEY_DELETE);
    cr_expect_str_eq(drawn->state.line, "xow frame=");
    press(drawn, UI_KEY_CLEAR);
    for (unsigned i = 0; i < 500; i++)
        type(drawn, "long ");
    cr_expect_lt(strlen(drawn->state.line), sizeof drawn->state.line);
    drawn_again(drawn);
    const struct draw_command *shown = find_text(drawn, PANEL_COUNT, "long long");
    struct rect box = draw_text_box(&drawn->frame.list, shown);
    cr_expect(box.x > 100 && box.x + box.w < 1190, "the line scrolls inside its box");
    drawn_free(drawn);
}

Test(stops, tab_and_clicks_complete_with_the_debuggers_words) {
    struct drawn *drawn = drawn_stops(1280, 800);
    type(drawn, "waterm");
    press(drawn, UI_KEY_TAB);
    cr_expect_str_eq(drawn->state.line, "watermark ");
    type(drawn, "zo");
    press(drawn, UI_KEY_TAB);
    cr_expect_str_eq(drawn->state.line, "watermark zone=");
    type(drawn, "DMA ");
    drawn_again(drawn);
    expect_click(drawn, "mark=", ACTION_LINE_HINT, 2);
    ui_apply(&drawn->state, ACTION_LINE_HINT, 2);
    cr_expect_str_eq(drawn->state.line, "watermark zone=DMA mark=");
    EXPECT_WORDS(panel_words(drawn, PANEL_COUNT), "watermark: free pages of a zone cross a mark");
    expect_click(drawn, "a copy-on-write sharing is broken", ACTION_LINE_EXAMPLE, 7);
    ui_apply(&drawn->state, ACTION_LINE_EXAMPLE, 7);
    cr_expect_not_null(strstr(drawn->state.line, "cow "), "%s", drawn->state.line);
    ui_apply(&drawn->state, ACTION_LINE_HINT, 5000);
    ui_apply(&drawn->state, ACTION_LINE_EXAMPLE, -3);
    drawn_free(drawn);
}

Test(stops, each_example_is_a_condition) {
    size_t kinds;
    const struct condition_kind *kind = condition_kinds(&kinds);
    for (size_t i = 0; i < kinds; i++) {
        char error[300] = "";
        struct condition *condition = condition_parse(kind[i].example, error, sizeof error);
        cr_expect_not_null(condition, "%s: %s", kind[i].example, error);
        condition_free(condition);
    }
}

static void answer(struct drawn *drawn, const char *said, size_t points) {
    snprintf(drawn->view->said, sizeof drawn->view->said, "%s", said);
    drawn->view->said_serial++;
    drawn->view->serial++;
    drawn->view->point_count = points;
    ui_observe(&drawn->state, drawn->view);
    drawn_again(drawn);
}

Test(stops, a_refusal_stays_with_the_line_and_a_new_stop_clears_it) {
    struct drawn *drawn = drawn_stops(1280, 800);
    int64_t argument;
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_ENTER, &argument), ACTION_NONE,
                 "an empty line is not handed over");
    type(drawn, "cow colour=red");
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_ENTER, &argument), ACTION_LINE_ENTER);
    cr_expect(!ui_apply(&drawn->state, ACTION_LINE_ENTER, 0), "the owner of the machine must act");
    answer(drawn, "'cow' has no word 'colour'", 4);
    const struct draw_command *text = find_text(drawn, PANEL_COUNT, "has no word 'colour'");
    cr_assert_not_null(text);
    cr_expect_eq(text->color, PALETTE_BAD_INK);
    cr_expect_str_eq(drawn->state.line, "cow colour=red");
    ui_apply(&drawn->state, ACTION_LINE_ENTER, 0);
    drawn->view->points[4] = (struct debug_point){.id = 7, .enabled = true, .text = "cow"};
    answer(drawn, "stop 7 is set", 5);
    text = find_text(drawn, PANEL_COUNT, "stop 7 is set");
    cr_assert_not_null(text);
    cr_expect_eq(text->color, PALETTE_GOOD_INK);
    cr_expect_str_eq(drawn->state.line, "");
    drawn_free(drawn);
}

Test(search, has_a_line_of_its_own_and_shows_the_answer) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_FAULT, 1280, 800);
    int64_t argument;
    press(drawn, '/');
    type(drawn, "frame 2c11?b");
    cr_expect_str_eq(drawn->state.line, "frame 2c11?b", "keys are letters of the line");
    press(drawn, UI_KEY_BACKSPACE);
    press(drawn, UI_KEY_BACKSPACE);
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_ENTER, &argument), ACTION_LINE_ENTER);
    ui_apply(&drawn->state, ACTION_LINE_ENTER, 0);
    answer(drawn, "frame 02c11: anonymous, mapped once", 4);
    cr_expect_not_null(find_text(drawn, PANEL_COUNT, "frame 02c11: anonymous, mapped once"));
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_ESCAPE, &argument), ACTION_SEARCH);
    ui_apply(&drawn->state, ACTION_SEARCH, 0);
    cr_expect(!drawn->state.searching && drawn->state.line_length == 0);
    drawn_free(drawn);
}

/* Timeline ------------------------------------------------------------------------------------------------------- */

Test(timeline, the_moment_under_the_mouse_stays_while_it_zooms) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_FAULT, 1280, 800);
    struct rect lane = drawn->frame.timeline;
    for (float share = 0.1f; share < 1; share += 0.2f) {
        float x = lane.x + share * lane.w;
        for (unsigned i = 0; i < 12; i++) {
            const struct ui_frame *frame = &drawn->frame;
            double per = (double)((x - lane.x) / lane.w),
                   before = frame->timeline_from + per * (frame->timeline_to - frame->timeline_from);
            ui_zoom_timeline(&drawn->state, frame, x, 1.44f);
            drawn_again(drawn);
            double length = frame->timeline_to - frame->timeline_from, after = frame->timeline_from + per * length;
            cr_expect(fabs(after - before) < length / 500 + 1, "%f became %f", before, after);
            cr_expect(frame->timeline_from >= frame->timeline_first - 1 &&
                      frame->timeline_to <= frame->timeline_last + 1);
        }
        cr_expect_not_null(find_text(drawn, PANEL_TIMELINE, "all of it"), "a way back");
        ui_apply(&drawn->state, ACTION_TIMELINE_WHOLE, 0);
        drawn_again(drawn);
        cr_expect_float_eq(drawn->frame.timeline_from, drawn->frame.timeline_first, 0.5);
    }
    drawn_free(drawn);
}

Test(timeline, panning_stops_at_both_ends) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_FAULT, 1280, 800);
    ui_pan_timeline(&drawn->state, &drawn->frame, 50);
    drawn_again(drawn);
    cr_expect_float_eq(drawn->frame.timeline_from, drawn->frame.timeline_first, 0.5, "all is on show: nothing to pan");
    ui_zoom_timeline(&drawn->state, &drawn->frame, 700, 8);
    drawn_again(drawn);
    ui_pan_timeline(&drawn->state, &drawn->frame, 1e7f);
    drawn_again(drawn);
    cr_expect_float_eq(drawn->frame.timeline_to, drawn->frame.timeline_last, 1);
    ui_pan_timeline(&drawn->state, &drawn->frame, -1e7f);
    drawn_again(drawn);
    cr_expect_float_eq(drawn->frame.timeline_from, drawn->frame.timeline_first, 1);
    drawn_free(drawn);
}

static float x_of(const struct drawn *drawn, uint64_t blocks) {
    const struct ui_frame *frame = &drawn->frame;
    return frame->timeline.x +
           (float)(((double)blocks - frame->timeline_from) / (frame->timeline_to - frame->timeline_from)) *
               frame->timeline.w;
}

Test(timeline, a_click_selects_the_event_and_the_mouse_tells_spans) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    const struct draw_command *events = find_text(drawn, PANEL_TIMELINE, "events"),
                              *direct = find_text(drawn, PANEL_TIMELINE, "direct reclaim");
    cr_assert(events && direct);
    int64_t number;
    float x = x_of(drawn, drawn->view->events[1].blocks);
    cr_expect_eq(ui_hit_at(&drawn->frame, x + 1, events->at.y - 3, &number), ACTION_SELECT_EVENT);
    cr_expect_eq(number, (int64_t)drawn->view->events[1].number, "event %lld", (long long)number);
    cr_expect_eq(ui_hit_at(&drawn->frame, x - 100, events->at.y - 3, &number), ACTION_NONE, "nothing happened there");
    drawn->state.mouse_x = x_of(drawn, drawn->view->spans[1].from + 30000);
    drawn->state.mouse_y = direct->at.y - 3;
    drawn_again(drawn);
    EXPECT_WORDS(drawn->frame.hover, "direct reclaim, pid 9", "for 240.0 \xc2\xb5s");
    drawn->state.mouse_x = x + 1;
    drawn->state.mouse_y = events->at.y - 3;
    drawn_again(drawn);
    EXPECT_WORDS(drawn->frame.hover, "event 9001", "kswapd_wake", "zone 1");
    drawn_free(drawn);
}

Test(timeline, a_low_window_gathers_rows_and_a_large_one_has_each) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1024, 640);
    EXPECT_WORDS(panel_words(drawn, PANEL_TIMELINE), "faults", "reclaim", "disk", "waits", "events");
    cr_expect_null(find_text(drawn, PANEL_TIMELINE, "kswapd"));
    cr_expect_lt(drawn->frame.panels[PANEL_TIMELINE].h, 120);
    ui_apply(&drawn->state, ACTION_MAXIMISE, PANEL_TIMELINE);
    drawn_again(drawn);
    EXPECT_WORDS(panel_words(drawn, PANEL_TIMELINE), "copy on write", "kswapd", "direct reclaim", "read", "write");
    drawn_free(drawn);
}

Test(timeline, panels_stay_where_they_are_while_a_demo_speaks) {
    static const struct sample_options moments[] = {{.fault = SAMPLE_NO_FAULT, .no_kernel = true, .no_marks = true},
                                                    {.state = VIEW_PAUSED},
                                                    {.ram_mib = 24, .pressure = true}};
    float top = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct drawn *drawn = drawn_sample(&moments[i], SCENE_FAULT, 1280, 800);
        strcpy(drawn->state.caption, "One sentence after the other.");
        drawn_again(drawn);
        top = i == 0 ? drawn->frame.panels[PANEL_TIMELINE].y : top;
        cr_expect_eq(drawn->frame.panels[PANEL_TIMELINE].y, top, "moment %u", i);
        expect_tidy(drawn, "with a caption");
        struct view *view = drawn->view;
        drawn->view = NULL;
        drawn_again(drawn);
        cr_expect_eq(drawn->frame.panels[PANEL_TIMELINE].y, top, "before the first snapshot");
        drawn->view = view;
        drawn_free(drawn);
    }
}

Test(timeline, a_hundred_thousand_marks_cost_no_more_commands_than_a_hundred) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    size_t first, end, few;
    cr_assert(panel_commands(drawn, PANEL_TIMELINE, &first, &end));
    few = end - first;
    struct story_mark *marks = calloc(100000, sizeof *marks);
    const struct story_mark *kept = drawn->view->marks;
    for (unsigned i = 0; i < 100000; i++)
        marks[i] = (struct story_mark){9000000 + i * 13, i + 1, (uint8_t)(i % 3)};
    drawn->view->marks = marks;
    drawn->view->mark_count = 100000;
    drawn_again(drawn);
    cr_assert(panel_commands(drawn, PANEL_TIMELINE, &first, &end));
    cr_expect_lt(end - first, few + 10);
    int64_t fault;
    cr_expect_eq(ui_hit_at(&drawn->frame, x_of(drawn, 9650000), drawn->frame.timeline.y + 3, &fault),
                 ACTION_SELECT_FAULT);
    cr_expect(llabs(fault - 50000) < 200, "fault %lld", (long long)fault);
    free(marks);
    drawn->view->marks = kept;
    drawn->view->mark_count = 0;
    drawn_free(drawn);
}

/* Lists, blocks, decision ---------------------------------------------------------------------------------------- */

Test(lru, a_square_selects_its_frame_and_tells_its_last_move) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    const struct kv_lru *lru = &drawn->view->kernel->zones[1].lru[1];
    const struct draw_command *name = find_text(drawn, PANEL_LRU, "NORMAL active");
    cr_assert_not_null(name);
    unsigned found = 0;
    int64_t pfn;
    for (float x = name->at.x + 3; x < name->at.x + 400; x += 1) {
        if (ui_hit_at(&drawn->frame, x, name->at.y + 13, &pfn) != ACTION_SELECT_FRAME)
            continue;
        cr_assert_lt(found, lru->count);
        found += (uint32_t)pfn == lru->pfn[found + 1] ? 1 : 0;
        cr_expect_eq((uint32_t)pfn, lru->pfn[found], "at %.0f", (double)x);
    }
    cr_expect_gt(found, 20);
    uint32_t moved = drawn->view->events[drawn->view->event_count - 1].pfn;
    for (float x = name->at.x + 1; x < name->at.x + 300; x += 2)
        if (ui_hit_at(&drawn->frame, x, name->at.y + 13, &pfn) == ACTION_SELECT_FRAME && (uint32_t)pfn == moved)
            drawn->state.mouse_x = x;
    drawn->state.mouse_y = name->at.y + 13;
    drawn_again(drawn);
    EXPECT_WORDS(drawn->frame.hover, "from the newest", "to active: ", "click to follow it");
    drawn_free(drawn);
}

Test(lru, the_newest_move_is_told_in_words_and_fades_with_the_guests_time) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    unsigned lines = count_colored(drawn, PANEL_LRU, DRAW_LINE, PALETTE_ACCENT);
    const struct draw_command *words = find_text(drawn, PANEL_LRU, "to active: ");
    cr_assert_not_null(words);
    cr_expect_eq(words->color, PALETTE_ACCENT);
    drawn_again(drawn);
    cr_expect_eq(count_colored(drawn, PANEL_LRU, DRAW_LINE, PALETTE_ACCENT), lines, "the host's clock plays no part");
    drawn->view->blocks += 1000000000 / drawn->view->block_ns;
    drawn_again(drawn);
    cr_expect_null(find_text(drawn, PANEL_LRU, "to active: "), "a second later it is old news");
    drawn->view->blocks -= 1000000000 / drawn->view->block_ns;
    drawn->view->events[drawn->view->event_count - 1].pfn = 0xfffffff0;
    drawn_again(drawn);
    cr_expect_null(find_text(drawn, PANEL_LRU, "fffffff0"), "a frame that is on no list has no arrow");
    drawn_free(drawn);
}

Test(buddy, a_split_is_outlined_named_and_forgotten) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    cr_expect_not_null(find_text(drawn, PANEL_BUDDY, "split"));
    EXPECT_WORDS(panel_words(drawn, PANEL_BUDDY), "CPU", "31+0");
    drawn->view->blocks += 1000000000 / drawn->view->block_ns;
    drawn_again(drawn);
    cr_expect_null(find_text(drawn, PANEL_BUDDY, "split"));
    drawn->view->blocks -= 1000000000 / drawn->view->block_ns;
    for (size_t i = 0; i < drawn->view->event_count; i++)
        if (drawn->view->events[i].type == FLT_MM_BUDDY_SPLIT)
            drawn->view->events[i].value[0] = 4000000000u;
    drawn_again(drawn);
    cr_expect_null(find_text(drawn, PANEL_BUDDY, "split"), "there is no such order");
    drawn_free(drawn);
}

Test(zones, marks_keep_apart_and_the_run_has_a_curve) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    cr_expect_gt(count_colored(drawn, PANEL_ZONES, DRAW_LINE, PALETTE_FILE), 200, "two curves of 200 samples");
    drawn->view->kernel->zones[0].all_unreclaimable = true;
    drawn->state.mouse_x = drawn->frame.panels[PANEL_ZONES].x + 40;
    drawn->state.mouse_y = drawn->frame.panels[PANEL_ZONES].y + 50;
    drawn_again(drawn);
    EXPECT_WORDS(drawn->frame.hover, "kept from requests for DMA, NORMAL, HIGHMEM: 0, 0, 96", "31 hot, 0 cold",
                 "all unreclaimable");
    drawn_free(drawn);
}

Test(decision, the_answer_is_never_cut_off) {
    for (float height = 520; height < 1000; height += 20) {
        struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1024, height);
        strcpy(drawn->state.caption, "a sentence");
        drawn_again(drawn);
        if (drawn->frame.panels[PANEL_DECISION].h > 130)
            cr_expect_not_null(find_text(drawn, PANEL_DECISION, "being written to swap"), "%.0f high", (double)height);
        drawn_free(drawn);
    }
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    expect_click(drawn, "00a91", ACTION_SELECT_FRAME, 0xa91);
    drawn_free(drawn);
}

/* Cache and swap ------------------------------------------------------------------------------------------------- */

Test(cache, names_files_and_areas_with_their_counts) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_MEMORY, 1280, 800);
    ui_apply(&drawn->state, ACTION_MAXIMISE, PANEL_CACHE);
    drawn_again(drawn);
    EXPECT_WORDS(panel_words(drawn, PANEL_CACHE), "/bin/hog", "171 of 171", "/var/log/messages", "being written",
                 "inode 16 of ext2", "/dev/vdb", "used", "free", "2 bad", "clean", "dirty", "locked", "not in memory",
                 "one user");
    uint64_t cells = 0, wanted = drawn->view->swap_areas[0].slots;
    size_t first, end;
    cr_assert(panel_commands(drawn, PANEL_CACHE, &first, &end));
    for (size_t i = 0; i < drawn->view->strip_count; i++)
        wanted += drawn->view->strips[i].cells;
    for (size_t i = first; i < end; i++)
        cells += drawn->frame.list.commands[i].kind == DRAW_CELLS ? drawn->frame.list.commands[i].count : 0;
    cr_expect_eq(cells, wanted, "a cell for each page and each slot: %d of %d", (int)cells, (int)wanted);
    const struct draw_command *name = find_text(drawn, PANEL_CACHE, "/dev/vdb");
    drawn->state.mouse_x = name->at.x + 2;
    drawn->state.mouse_y = name->at.y + 10;
    drawn_again(drawn);
    EXPECT_WORDS(drawn->frame.hover, "/dev/vdb, slot 0", "never to be used");
    drawn_free(drawn);
}

Test(cache, a_torn_or_absent_cache_is_drawn) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_MEMORY, 1280, 800);
    drawn->view->strips[0].cells = 4000000000u;
    drawn->view->strips[0].per_cell = 0;
    memset(drawn->view->strips[1].state, 0xee, sizeof drawn->view->strips[1].state);
    drawn->view->swap_areas[0].slots = UINT64_MAX;
    drawn->view->swap_areas[0].good = drawn->view->swap_areas[0].used = UINT64_MAX - 1;
    for (float y = 90; y < 700; y += 9)
        for (float x = 20; x < 1270; x += 37) {
            drawn->state.mouse_x = x;
            drawn->state.mouse_y = y;
            drawn_again(drawn);
        }
    drawn->view->strip_count = drawn->view->swap_area_count = 0;
    drawn_again(drawn);
    cr_expect_not_null(find_text(drawn, PANEL_CACHE, "Appears when"));
    drawn->view->swap_area_count = 1;
    drawn_free(drawn);
}

/* The window ------------------------------------------------------------------------------------------------------ */

Test(window, asks_for_no_more_than_it_shows) {
    struct drawn *drawn = drawn_sample(&pressed, SCENE_RECLAIM, 1280, 800);
    cr_expect_eq(ui_interest(&drawn->state, &drawn->frame) & (INTEREST_STRIPS | INTEREST_BITS | INTEREST_AGES), 0);
    ui_apply(&drawn->state, ACTION_FRONT, PANEL_CACHE);
    drawn_again(drawn);
    cr_expect(ui_interest(&drawn->state, &drawn->frame) & INTEREST_STRIPS);
    ui_apply(&drawn->state, ACTION_SCENE, SCENE_FAULT);
    ui_apply(&drawn->state, ACTION_OVERLAY, OVERLAY_AGE);
    drawn_again(drawn);
    cr_expect_eq(ui_interest(&drawn->state, &drawn->frame) & (INTEREST_STRIPS | INTEREST_BITS | INTEREST_AGES),
                 INTEREST_AGES);
    drawn_free(drawn);
}

Test(help, names_every_key_and_panel) {
    static const char *const keys[] = {"space", "n  N", "s",       "o", "f", "w", "r", "e",
                                       "b",     "/",    "1 2 3 4", "t", "p", "g", "?"};
    for (unsigned s = 0; s < SIZES; s++) {
        struct drawn *drawn = drawn_sample(&pressed, SCENE_FAULT, sizes[s][0], sizes[s][1]);
        press(drawn, '?');
        drawn_again(drawn);
        const struct ui_region *sheet = &drawn->frame.regions[drawn->frame.region_count - 1];
        for (unsigned k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            unsigned found = 0;
            for (size_t i = sheet->first; i < sheet->first + sheet->count; i++)
                found += drawn->frame.list.commands[i].kind == DRAW_TEXT &&
                         strcmp(command_text(drawn, &drawn->frame.list.commands[i]), keys[k]) == 0;
            cr_expect_geq(found, 1, "%.0f wide: no key '%s'", (double)sizes[s][0], keys[k]);
        }
        drawn_free(drawn);
    }
}
