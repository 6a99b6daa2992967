/* One selection in all panels, the overlays of the frames, kernels without symbols, lives, and contents that scroll. */
#include "tests/ui/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct drawn *drawn_selected(enum select_kind kind, enum ui_scene scene, float width, float height) {
    struct sample_options options = {.state = VIEW_PAUSED, .selection = kind};
    struct drawn *drawn = drawn_sample(&options, scene, width, height);
    drawn->state.fronts = 1u << PANEL_LIFE;
    drawn_again(drawn);
    return drawn;
}

static struct drawn *drawn_overlay(const struct sample_options *options, enum ui_overlay overlay) {
    struct drawn *drawn = drawn_sample(options, SCENE_FAULT, 1280, 800);
    drawn->state.overlay = overlay;
    drawn_again(drawn);
    return drawn;
}

static void expect_all(const struct drawn *drawn, enum ui_panel panel, const char *const *words) {
    for (unsigned i = 0; words[i]; i++)
        cr_expect_not_null(strstr(panel_words(drawn, panel), words[i]), "'%s' is not in: %s", words[i],
                           panel_words(drawn, panel));
}

#define EXPECT_WORDS(drawn, panel, ...) expect_all(drawn, panel, (const char *const[]){__VA_ARGS__, NULL})

/* An outline of the selection's kind around the point. */
static bool outlined_at(const struct drawn *drawn, enum ui_panel panel, float x, float y) {
    size_t first, end;
    cr_assert(panel_commands(drawn, panel, &first, &end));
    for (size_t i = first; i < end; i++) {
        const struct draw_command *command = &drawn->frame.list.commands[i];
        if (command->kind == DRAW_STROKE && command->color == PALETTE_ACCENT && command->width == 2 &&
            rect_contains(command->at, x, y))
            return true;
    }
    return false;
}

static bool text_outlined(struct drawn *drawn, enum ui_panel panel, const char *text) {
    const struct draw_command *command = find_text(drawn, panel, text);
    cr_assert_not_null(command, "'%s' is not in: %s", text, panel_words(drawn, panel));
    return outlined_at(drawn, panel, command->at.x + 3, command->at.y - 4);
}

/* Marks ----------------------------------------------------------------------------------------------------- */

Test(selection, a_frame_is_marked_in_all_panels) {
    struct drawn *drawn = drawn_selected(SELECT_FRAME, SCENE_FAULT, 1280, 800);
    struct rect cell;
    cr_assert(ui_grid_cell(&drawn->frame.grid, 0x02c11, &cell));
    cr_expect(outlined_at(drawn, PANEL_FRAMES, cell.x + 1, cell.y + 1), "the frame's cell");
    cr_expect(text_outlined(drawn, PANEL_FAULT, "02c11"), "its number in the step that took it");
    cr_expect(text_outlined(drawn, PANEL_FAULT, "03f2 e048"), "the entry that maps it in the walk");
    cr_expect(!text_outlined(drawn, PANEL_FAULT, "03f2 c400"), "and no other entry");
    cr_expect_geq(count_colored(drawn, PANEL_SPACE, DRAW_STROKE, PALETTE_ACCENT), 2, "its page and its table entry");
    EXPECT_WORDS(drawn, PANEL_LIFE, "frame 02c11", "anonymous", "first-faults (pid 8)", "copy on write");
    drawn_free(drawn);
}

Test(selection, the_tables_that_map_it_have_another_mark) {
    struct drawn *drawn = drawn_selected(SELECT_FRAME, SCENE_FAULT, 1280, 800);
    static const uint64_t tables[] = {0x03f2e, 0x03a51, 0x03f2c};
    for (unsigned t = 0; t < 3; t++) {
        struct rect cell;
        unsigned marks = 0;
        cr_assert(ui_grid_cell(&drawn->frame.grid, tables[t], &cell));
        for (size_t i = 0; i < drawn->frame.list.count; i++) {
            const struct draw_command *command = &drawn->frame.list.commands[i];
            marks += command->kind == DRAW_STROKE && command->color == PALETTE_ACCENT_SOFT &&
                     rect_contains(command->at, cell.x + 1, cell.y + 1);
        }
        cr_expect_geq(marks, 1, "table in frame %llx", (unsigned long long)tables[t]);
        cr_expect(!outlined_at(drawn, PANEL_FRAMES, cell.x + 1, cell.y + 1));
    }
    drawn_free(drawn);
}

Test(selection, nothing_selected_is_nothing_outlined) {
    struct drawn *drawn = drawn_selected(SELECT_NONE, SCENE_FAULT, 1280, 800);
    cr_expect_eq(count_colored(drawn, PANEL_FAULT, DRAW_STROKE, PALETTE_ACCENT), 0);
    cr_expect_eq(count_colored(drawn, PANEL_SPACE, DRAW_STROKE, PALETTE_ACCENT), 0);
    cr_expect_eq(count_colored(drawn, PANEL_FRAMES, DRAW_STROKE, PALETTE_ACCENT), 1, "the legend's chip");
    EXPECT_WORDS(drawn, PANEL_LIFE, "A frame's life", "Click a frame");
    drawn_free(drawn);
}

Test(selection, a_region_tells_its_pages_that_were_never_touched) {
    struct drawn *drawn = drawn_selected(SELECT_VMA, SCENE_FAULT, 1280, 800);
    const struct draw_command *cells = NULL;
    size_t first, end, dark = 0;
    EXPECT_WORDS(drawn, PANEL_LIFE, "region 40000000-4004b000", "touched", "31 of 75 pages", "44, 176 KiB",
                 "40000000-40003000 (3)", "40034000-40043000 (15)");
    cr_assert(panel_commands(drawn, PANEL_LIFE, &first, &end));
    for (size_t i = first; i < end; i++)
        if (drawn->frame.list.commands[i].kind == DRAW_CELLS)
            cells = &drawn->frame.list.commands[i];
    cr_assert_not_null(cells);
    cr_assert_eq(cells->count, 75, "a cell a page");
    for (unsigned i = 0; i < 75; i++) {
        bool untouched = i < 3 || (i >= 5 && i < 12) || (i >= 21 && i < 40) || (i >= 52 && i < 67);
        color ink = drawn->frame.list.cells[cells->cells + i];
        const struct kv_vma *vma = &drawn->view->kernel->space.vmas[3];
        bool present = vma->pages[i] < FRAME_ABSENT, swapped = !present && i % 9 == 4;
        color expected = i == 0x12   ? ink
                         : present   ? PALETTE_ANON
                         : swapped   ? PALETTE_PAGE_SWAPPED
                         : untouched ? PALETTE_FREE
                                     : PALETTE_PAGE_GONE;
        cr_expect_eq(ink, expected, "page %u is %08x, not %08x", i, ink, expected);
        dark += ink == PALETTE_FREE;
    }
    cr_expect_gt(dark, 20);
    drawn_free(drawn);
}

Test(selection, a_page_in_swap_tells_its_slot) {
    struct sample_options options = {.state = VIEW_PAUSED, .selection = SELECT_PAGE, .swapped = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    drawn->state.fronts = 1u << PANEL_LIFE;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_LIFE, "page 4001 2000", "in swap area", "0, slot 184");
    EXPECT_WORDS(drawn, PANEL_SPACE, "PTE 012", "0000 0b80", "swap area 0, slot 184");
    drawn_free(drawn);
}

Test(selection, an_event_tells_its_members_by_name) {
    struct drawn *drawn = drawn_selected(SELECT_EVENT, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_LIFE, "event 110", "mm_swap_out", "offset", "184", "frame", "02c11");
    drawn->view->selection.has_event = false;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_LIFE, "not kept any more");
    drawn_free(drawn);
}

Test(selection, the_address_space_goes_down_to_the_bits) {
    struct drawn *drawn = drawn_selected(SELECT_PAGE, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_SPACE, "page directory", "020", "100", "2ff", "table 100", "PTE 012", "02c1 1067", "P",
                 "W", "U", "A", "D", "frame 02c11");
    drawn->state.maximised = PANEL_SPACE;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_SPACE, "CR3 03f2 c000", "table 100 at 03f2 e000: 19 of 1 024 entries present, 8 in swap",
                 "31..12", "writable", "D 1", "G 0", "40000000-4004b000", "first-faults \xc2\xb7 pid 7");
    drawn_free(drawn);
}

/* Hits ------------------------------------------------------------------------------------------------------ */

/* Where a click in the panel does `action`, with its argument; false: nowhere. */
static bool find_hit(const struct drawn *drawn, enum ui_panel panel, enum ui_action action, int64_t argument) {
    struct rect at = drawn->frame.panels[panel];
    for (float y = at.y + 1; y < at.y + at.h; y += 1)
        for (float x = at.x + 1; x < at.x + at.w; x += 1) {
            int64_t is;
            if (ui_hit_at(&drawn->frame, x, y, &is) == action && is == argument)
                return true;
        }
    return false;
}

Test(hits, what_is_drawn_can_be_selected) {
    static const struct {
        enum ui_panel panel;
        enum ui_action action;
        int64_t argument;
        const char *what;
    } cases[] = {
        {PANEL_FAULT, ACTION_SELECT_PAGE, 0x40012000, "the address of the access"},
        {PANEL_FAULT, ACTION_SELECT_ENTRY, 0x03f2c400, "the directory entry of the walk"},
        {PANEL_FAULT, ACTION_SELECT_ENTRY, 0x03f2e048, "the table entry of the walk"},
        {PANEL_FAULT, ACTION_SELECT_FRAME, 0x01a73, "the frame that the entry leads to"},
        {PANEL_FAULT, ACTION_SELECT_FRAME, 0x02c11, "the frame that a step took"},
        {PANEL_SPACE, ACTION_SELECT_PAGE, 0x08048000, "the first page of text"},
        {PANEL_SPACE, ACTION_SELECT_PAGE, 0x4004a000, "the last page of the mapping"},
        {PANEL_SPACE, ACTION_SELECT_VMA, 0x40000000, "the mapping's name"},
        {PANEL_FAULT, ACTION_SELECT_VMA, 0x40000000, "the region that a step found"},
        {PANEL_SPACE, ACTION_SELECT_ENTRY, 0x03f2c000 + 4 * 0x2ff, "a directory entry"},
        {PANEL_FRAMES, ACTION_SELECT_FRAME, 0x3fff, "the last frame"},
        {PANEL_FRAMES, ACTION_OVERLAY, OVERLAY_AGE, "the tab of an overlay"},
        {PANEL_LIFE, ACTION_SELECT_FAULT, 14, "the fault of an event"},
        {PANEL_LIFE, ACTION_SELECT_EVENT, 40 + 7 * 15, "a sentence of the life"},
        {PANEL_LIFE, ACTION_SELECT_EVENT, 40, "the first tick of the line"},
        {PANEL_LIFE, ACTION_SELECT_PAGE, 0x40012000, "where it is mapped"},
    };
    struct drawn *drawn = drawn_selected(SELECT_FRAME, SCENE_FAULT, 1280, 800);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect(find_hit(drawn, cases[i].panel, cases[i].action, cases[i].argument), "no click gives %s",
                  cases[i].what);
    drawn_free(drawn);
}

Test(hits, a_second_click_lets_go_and_another_takes_its_place) {
    static const enum ui_action actions[] = {ACTION_SELECT_FRAME, ACTION_SELECT_PAGE, ACTION_SELECT_VMA,
                                             ACTION_SELECT_ENTRY, ACTION_SELECT_EVENT};
    for (unsigned i = 0; i < 5; i++) {
        struct ui_state state;
        ui_state_init(&state, 1280, 800);
        for (unsigned click = 0; click < 4; click++) {
            enum ui_action action = actions[i];
            int64_t argument = 0x1000;
            cr_assert(!ui_apply(&state, action, argument), "the machine's owner resolves it");
            ui_order(&state, &action, &argument);
            cr_expect_eq(action, click % 2 ? ACTION_SELECT_FRAME : actions[i], "action %u, click %u", i, click);
            cr_expect_eq(argument, click % 2 ? -1 : 0x1000, "action %u, click %u", i, click);
            cr_expect_eq((state.fronts >> PANEL_LIFE & 1), click % 2 ? 0 : 1, "its life comes and goes");
        }
        enum ui_action action = actions[(i + 1) % 5];
        int64_t argument = 0x2000;
        ui_apply(&state, actions[i], 0x1000);
        ui_apply(&state, action, argument);
        ui_order(&state, &action, &argument);
        cr_expect_eq(argument, 0x2000, "action %u after %u", (i + 1) % 5, i);
    }
}

Test(hits, escape_lets_go_before_it_quits) {
    static const enum ui_action actions[] = {ACTION_SELECT_FRAME, ACTION_SELECT_PAGE, ACTION_SELECT_EVENT};
    for (unsigned i = 0; i < 3; i++) {
        struct ui_state state;
        int64_t argument;
        ui_state_init(&state, 1280, 800);
        ui_apply(&state, actions[i], 0);
        enum ui_action action = ui_key_action(&state, UI_KEY_ESCAPE, &argument);
        cr_assert_eq(action, actions[i]);
        ui_apply(&state, action, argument);
        ui_order(&state, &action, &argument);
        cr_expect(action == ACTION_SELECT_FRAME && argument == -1, "action %d of %lld", (int)action,
                  (long long)argument);
        cr_expect_eq(ui_key_action(&state, UI_KEY_ESCAPE, &argument), ACTION_QUIT);
    }
}

Test(hits, a_key_goes_round_the_overlays) {
    struct ui_state state;
    ui_state_init(&state, 1280, 800);
    for (unsigned i = 1; i <= 2 * OVERLAY_COUNT; i++) {
        int64_t argument;
        cr_assert_eq(ui_key_action(&state, 'v', &argument), ACTION_OVERLAY);
        cr_assert(ui_apply(&state, ACTION_OVERLAY, argument));
        cr_expect_eq(state.overlay, i % OVERLAY_COUNT);
    }
}

/* Overlays -------------------------------------------------------------------------------------------------- */

/* The colour of a frame's cell; the last CELLS command of its zone is the sharp one. */
static color color_of(const struct drawn *drawn, uint64_t pfn) {
    const struct ui_grid *grid = &drawn->frame.grid;
    color found = 0;
    for (unsigned z = 0; z < grid->zone_count; z++)
        for (size_t i = 0; i < drawn->frame.list.count; i++) {
            const struct draw_command *command = &drawn->frame.list.commands[i];
            bool inside = pfn >= grid->zones[z].start && pfn - grid->zones[z].start < grid->zones[z].count;
            if (inside && command->kind == DRAW_CELLS && command->columns == grid->columns &&
                command->count == grid->zones[z].count && command->gap == grid->gap)
                found = drawn->frame.list.cells[command->cells + (pfn - grid->zones[z].start)];
        }
    return found;
}

static color bits_color(uint8_t bits) {
    if (!(bits & KV_MAPPED))
        return PALETTE_BITS_NONE;
    if (bits & KV_DIRTY)
        return bits & KV_ACCESSED ? PALETTE_BITS_BOTH : PALETTE_BITS_DIRTY;
    return bits & KV_ACCESSED ? PALETTE_BITS_ACCESSED : PALETTE_BITS_MAPPED;
}

static color count_color(uint8_t n) {
    static const color few[] = {PALETTE_COUNT_0, PALETTE_COUNT_1, PALETTE_COUNT_2};
    return n < 3 ? few[n] : n < 8 ? PALETTE_COUNT_3 : PALETTE_COUNT_8;
}

Test(overlays, each_cell_has_the_colour_of_its_bits_and_of_its_mapcount) {
    struct sample_options options = {.state = VIEW_PAUSED, .overlays = true};
    struct drawn *drawn = drawn_overlay(&options, OVERLAY_BITS);
    for (uint64_t pfn = 0; pfn < 16384; pfn += 41)
        cr_expect_eq(color_of(drawn, pfn), bits_color(drawn->view->bits.of[pfn]), "frame %x", (unsigned)pfn);
    EXPECT_WORDS(drawn, PANEL_FRAMES, "not mapped", "accessed", "dirty", "accessed, dirty", "A and D in the entries",
                 "this fault", "selected");
    drawn->state.overlay = OVERLAY_MAPCOUNT;
    drawn_again(drawn);
    for (uint64_t pfn = 0; pfn < 16384; pfn += 41)
        cr_expect_eq(color_of(drawn, pfn), count_color(drawn->view->bits.mapcount[pfn]), "frame %x", (unsigned)pfn);
    EXPECT_WORDS(drawn, PANEL_FRAMES, "3 to 7", "8 or more", "entries that map a frame");
    drawn_free(drawn);
}

Test(overlays, ages_are_four_times_as_long_from_class_to_class) {
    struct sample_options options = {.state = VIEW_PAUSED, .overlays = true};
    struct drawn *drawn = drawn_overlay(&options, OVERLAY_AGE);
    static const struct {
        uint8_t age;
        color color;
    } cases[] = {{0, PALETTE_AGE_0},   {1, PALETTE_AGE_1},   {50, PALETTE_AGE_1},  {51, PALETTE_AGE_2},
                 {150, PALETTE_AGE_3}, {153, PALETTE_AGE_4}, {254, PALETTE_AGE_5}, {255, PALETTE_AGE_NEVER}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        drawn->view->ages[5000 + i] = cases[i].age;
    drawn_again(drawn);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(color_of(drawn, 5000 + i), cases[i].color, "age %u", cases[i].age);
    /* 10345529 blocks of 4 ns: 41.38 ms; a 1024th, a 256th ... a quarter of it */
    EXPECT_WORDS(drawn, PANEL_FRAMES, "< 40.4 \xc2\xb5s", "< 161.6 \xc2\xb5s", "< 646.5 \xc2\xb5s", "< 2.5 ms",
                 "< 10.3 ms", "longer ago", "no event");
    drawn_free(drawn);
}

Test(overlays, cells_stay_where_they_are_from_overlay_to_overlay) {
    static const float sizes[][2] = {{1024, 640}, {1280, 800}, {2560, 1440}};
    for (unsigned s = 0; s < 3; s++) {
        struct sample_options options = {.state = VIEW_PAUSED, .overlays = true};
        struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, sizes[s][0], sizes[s][1]);
        struct rect before, after;
        cr_assert(ui_grid_cell(&drawn->frame.grid, 0x2c11, &before));
        for (unsigned overlay = 1; overlay < OVERLAY_COUNT; overlay++) {
            drawn->state.overlay = (enum ui_overlay)overlay;
            drawn_again(drawn);
            cr_assert(ui_grid_cell(&drawn->frame.grid, 0x2c11, &after));
            cr_expect(before.x == after.x && before.y == after.y && before.w == after.w, "size %u overlay %u", s,
                      overlay);
        }
        drawn_free(drawn);
    }
}

Test(overlays, what_was_not_read_yet_is_said) {
    for (unsigned overlay = OVERLAY_BITS; overlay < OVERLAY_COUNT; overlay++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_overlay(&options, (enum ui_overlay)overlay);
        EXPECT_WORDS(drawn, PANEL_FRAMES, "with the next picture", "use", "mapcount");
        cr_expect_eq(drawn->frame.grid.zone_count, 0, "no cell can be clicked");
        drawn_free(drawn);
    }
}

Test(overlays, a_table_shorter_than_memory_is_harmless) {
    struct sample_options options = {.state = VIEW_PAUSED, .overlays = true};
    struct drawn *drawn = drawn_overlay(&options, OVERLAY_BITS);
    drawn->view->bits.count = 100;
    drawn_again(drawn);
    cr_expect_eq(color_of(drawn, 16000), 0, "nothing is known of frame 3e80");
    drawn_free(drawn);
}

/* Whose address space --------------------------------------------------------------------------------------- */

static struct drawn *drawn_tasks(float width, float height) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, width, height);
    drawn->state.tasks = true;
    drawn_again(drawn);
    return drawn;
}

Test(tasks, the_head_of_the_panel_leads_to_other_processes) {
    static const float sizes[][2] = {{1024, 640}, {1280, 800}, {2560, 1440}};
    for (unsigned s = 0; s < 3; s++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, sizes[s][0], sizes[s][1]);
        char what[200];
        cr_expect(find_hit(drawn, PANEL_SPACE, ACTION_PREVIOUS_TASK, 0));
        cr_expect(find_hit(drawn, PANEL_SPACE, ACTION_TASKS, 0));
        cr_expect(find_hit(drawn, PANEL_SPACE, ACTION_NEXT_TASK, 0));
        cr_expect(find_hit(drawn, PANEL_SPACE, ACTION_MAXIMISE, PANEL_SPACE), "the title still enlarges");
        cr_expect(!texts_collide(drawn, PANEL_SPACE, what, sizeof what), "size %u: %s", s, what);
        EXPECT_WORDS(drawn, PANEL_SPACE, "pid 7");
        cr_expect_eq(count_colored(drawn, PANEL_SPACE, DRAW_STROKE, PALETTE_ACCENT_LINE), 0);
        drawn->view->space_chosen = true;
        drawn_again(drawn);
        cr_expect_eq(count_colored(drawn, PANEL_SPACE, DRAW_STROKE, PALETTE_ACCENT_LINE), 1, "a choice is seen");
        drawn_free(drawn);
    }
}

/* Anywhere in the window. */
static bool find_task(const struct drawn *drawn, int64_t pid) {
    for (float y = 1; y < drawn->state.height; y += 3)
        for (float x = 1; x < drawn->state.width; x += 3) {
            int64_t is;
            if (ui_hit_at(&drawn->frame, x, y, &is) == ACTION_SHOW_TASK && is == pid)
                return true;
        }
    return false;
}

Test(tasks, a_fault_of_another_process_selects_no_page_of_this_one) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    int64_t page = (int64_t)(drawn->view->fault.linear & ~4095ull);
    cr_expect(find_hit(drawn, PANEL_FAULT, ACTION_SELECT_PAGE, page));
    drawn->view->kernel->space.pid = 1;
    drawn_again(drawn);
    cr_expect(!find_hit(drawn, PANEL_FAULT, ACTION_SELECT_PAGE, page));
    drawn_free(drawn);
}

Test(tasks, the_list_has_those_with_an_address_space) {
    struct drawn *drawn = drawn_tasks(1280, 800);
    cr_expect(find_task(drawn, 0), "follow the program");
    cr_expect(find_task(drawn, 1) && find_task(drawn, 5) && find_task(drawn, 7));
    cr_expect(!find_task(drawn, 2), "a kernel thread has none");
    EXPECT_WORDS(drawn, PANEL_COUNT, "follow the program", "init", "sh");
    int64_t argument;
    cr_expect_eq(ui_hit_at(&drawn->frame, 5, 5, &argument), ACTION_TASKS, "a click beside it closes it");
    cr_expect_eq(ui_key_action(&drawn->state, UI_KEY_ESCAPE, &argument), ACTION_TASKS);
    cr_assert(!ui_apply(&drawn->state, ACTION_SHOW_TASK, 5), "the machine's owner has to act");
    cr_expect(!drawn->state.tasks, "a choice closes it");
    drawn_free(drawn);
}

Test(tasks, a_list_that_is_longer_than_the_window_says_so) {
    struct drawn *drawn = drawn_tasks(1024, 640);
    struct kv_snapshot *kernel = drawn->view->kernel;
    kernel->tasks = realloc(kernel->tasks, 300 * sizeof *kernel->tasks);
    cr_assert_not_null(kernel->tasks);
    for (int i = 0; i < 300; i++)
        kernel->tasks[i] = (struct kv_task){.pid = 100000 + i, .comm = "fifteen-letters", .has_mm = true};
    kernel->task_count = 300;
    drawn_again(drawn);
    char what[200];
    cr_expect(find_task(drawn, 100000) && !find_task(drawn, 100299));
    EXPECT_WORDS(drawn, PANEL_COUNT, "more: ] goes on to them");
    cr_expect(!texts_collide(drawn, PANEL_SPACE, what, sizeof what), "%s", what);
    drawn_free(drawn);
}

Test(tasks, a_kernel_without_processes_offers_no_choice) {
    struct drawn *drawn = drawn_tasks(1280, 800);
    drawn->view->kernel->task_count = 0;
    drawn_again(drawn);
    cr_expect(!find_hit(drawn, PANEL_SPACE, ACTION_TASKS, 0) && !find_task(drawn, 0));
    drawn_free(drawn);
}

/* Kernels without symbols ----------------------------------------------------------------------------------- */

Test(foreign, frames_are_told_by_the_page_tables_alone) {
    struct sample_options options = {
        .state = VIEW_PAUSED, .fault = SAMPLE_HARDWARE, .no_kernel = true, .foreign = true};
    struct drawn *drawn = drawn_overlay(&options, OVERLAY_USE);
    static const color colors[] = {PALETTE_HW_UNMAPPED,        PALETTE_HW_TABLE, PALETTE_HW_KERNEL,
                                   PALETTE_HW_KERNEL_WRITABLE, PALETTE_HW_USER,  PALETTE_HW_USER_WRITABLE};
    EXPECT_WORDS(drawn, PANEL_FRAMES, "no symbols known: from the page tables alone", "page table", "kernel, read-only",
                 "user, read-only", "not mapped", "page tables");
    cr_expect_null(find_text(drawn, PANEL_FRAMES, "mapcount"), "nobody counts there");
    for (uint64_t pfn = 0; pfn < 16384; pfn += 41)
        cr_expect_eq(color_of(drawn, pfn), colors[drawn->view->hardware.of[pfn] & 0x3f], "frame %x", (unsigned)pfn);
    EXPECT_WORDS(drawn, PANEL_SPACE, "32-bit paging", "03f2 c000", "entries with D set");
    drawn->state.overlay = OVERLAY_MAPCOUNT; /* chosen before, under another kernel */
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_FRAMES, "kernel, read-only");
    drawn->state.overlay = OVERLAY_BITS;
    drawn_again(drawn);
    for (uint64_t pfn = 0; pfn < 16384; pfn += 41) {
        uint8_t of = drawn->view->hardware.of[pfn];
        uint8_t bits = (uint8_t)((of & 0x3f ? KV_MAPPED : 0) | (of & HW_ACCESSED ? KV_ACCESSED : 0) |
                                 (of & HW_DIRTY ? KV_DIRTY : 0));
        cr_expect_eq(color_of(drawn, pfn), bits_color(bits), "frame %x", (unsigned)pfn);
    }
    drawn_free(drawn);
}

Test(foreign, each_panel_says_what_is_known_and_what_is_not) {
    struct sample_options options = {
        .state = VIEW_PAUSED, .fault = SAMPLE_HARDWARE, .no_kernel = true, .foreign = true, .no_marks = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_MEMORY, 1440, 900);
    struct selection *selection = &drawn->view->selection;
    drawn->view->event_count = 0;
    selection->kind = SELECT_FRAME;
    selection->has_mappings = true;
    selection->mapped_pfn = 0x300;
    selection->mapping_total = 3;
    for (unsigned i = 0; i < 3; i++)
        selection->mappings[i] =
            (struct hw_mapping){.linear = 0x40000000 + i * 4096, .user = i == 0, .writable = i > 0};
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_FAULT, "seen by the hardware only", "the kernel sent no events about this fault");
    EXPECT_WORDS(drawn, PANEL_LIFE, "frame 00300", "mapped at 4000 0000", "user mode, read-only", "and at 4000 1000",
                 "the kernel, writable", "so their past is not known");
    EXPECT_WORDS(drawn, PANEL_DECISION, "none has come yet");
    EXPECT_WORDS(drawn, PANEL_SPACE, "Its regions are not known, its page tables are.");
    EXPECT_WORDS(drawn, PANEL_ZONES, "This kernel has no DWARF types");
    cr_expect_null(find_text(drawn, PANEL_SPACE, "pid"), "there is nothing to choose");
    drawn->state.scene = SCENE_FAULT;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_TIMELINE, "user mode", "kernel mode");
    cr_expect_null(find_text(drawn, PANEL_TIMELINE, "anonymous"), "what faults are about is not known");
    drawn_free(drawn);
}

/* Lives ----------------------------------------------------------------------------------------------------- */

Test(life, the_newest_is_seen_first_and_the_wheel_goes_back) {
    struct drawn *drawn = drawn_selected(SELECT_FRAME, SCENE_FAULT, 1280, 800);
    struct rect at = drawn->frame.panels[PANEL_LIFE];
    EXPECT_WORDS(drawn, PANEL_LIFE, "mapped at 40012000, writable, for first-faults (pid 7): copy on write",
                 "fault 18");
    cr_expect_null(find_text(drawn, PANEL_LIFE, "taken by init"), "the oldest is out of sight");
    for (unsigned i = 0; i < 30; i++)
        cr_expect(ui_scroll(&drawn->state, &drawn->frame, at.x + 50, at.y + at.h / 2, -46));
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_LIFE, "taken by init (pid 1)");
    drawn->state.maximised = PANEL_LIFE;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_LIFE, "taken by init (pid 1)", "freed by init", "given slot 184", "copy on write");
    cr_expect_eq(drawn->frame.scroll_most[PANEL_LIFE], 0, "all of it is in sight");
    drawn->view->selection.life_total += 1000;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_LIFE, "1 000 earlier events are not kept");
    drawn_free(drawn);
}

Test(life, the_line_is_coloured_by_use) {
    struct drawn *drawn = drawn_selected(SELECT_FRAME, SCENE_FAULT, 1280, 800);
    size_t first, end;
    float widths[3] = {0}, right = 0;
    cr_assert(panel_commands(drawn, PANEL_LIFE, &first, &end));
    for (size_t i = first; i < end; i++) {
        const struct draw_command *command = &drawn->frame.list.commands[i];
        if (command->kind != DRAW_FILL || command->at.h != 12)
            continue;
        widths[0] += command->color == PALETTE_ANON ? command->at.w : 0;
        widths[1] += command->color == PALETTE_FREE ? command->at.w : 0;
        widths[2] += command->color == PALETTE_SWAP_CACHE ? command->at.w : 0;
        right = fmaxf(right, command->at.x + command->at.w);
    }
    struct rect panel = drawn->frame.panels[PANEL_LIFE];
    cr_expect(widths[0] > widths[2] && widths[2] > 40 && widths[1] > 40, "anonymous %.0f, free %.0f, swap cache %.0f",
              (double)widths[0], (double)widths[1], (double)widths[2]);
    cr_expect_float_eq(widths[0] + widths[1] + widths[2], panel.w - 30, 8, "the line has no hole");
    cr_expect_lt(right, panel.x + panel.w);
    EXPECT_WORDS(drawn, PANEL_LIFE, "3.5 ms", "now");
    drawn_free(drawn);
}

/* Contents that are longer than their panel ----------------------------------------------------------------- */

Test(scroll, every_step_of_a_long_record_can_be_reached) {
    struct sample_options options = {.state = VIEW_PAUSED, .long_names = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1024, 640);
    struct rect at = drawn->frame.panels[PANEL_FAULT];
    bool seen = false;
    EXPECT_WORDS(drawn, PANEL_FAULT, "more below: the wheel scrolls");
    cr_expect_null(find_text(drawn, PANEL_FAULT, "succeeds"));
    for (unsigned i = 0; i < 40 && !seen; i++) {
        cr_assert(ui_scroll(&drawn->state, &drawn->frame, at.x + 50, at.y + 80, 46));
        drawn_again(drawn);
        char what[300];
        cr_expect(!texts_collide(drawn, PANEL_FAULT, what, sizeof what), "after %u notches: %s", i + 1, what);
        seen = find_text(drawn, PANEL_FAULT, "succeeds") != NULL;
    }
    cr_expect(seen, "the last step never came: %s", panel_words(drawn, PANEL_FAULT));
    EXPECT_WORDS(drawn, PANEL_FAULT, "the end: the wheel scrolls back");
    drawn->view->fault.number++;
    drawn->view->serial++;
    ui_observe(&drawn->state, drawn->view);
    cr_expect_eq(drawn->state.scroll[PANEL_FAULT], 0, "another record is shown from its begin");
    drawn_free(drawn);
}

Test(scroll, a_record_that_became_shorter_is_not_lost_above) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1024, 640);
    drawn->state.scroll[PANEL_FAULT] = 5000;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_FAULT, "succeeds", "the end");
    drawn->state.maximised = PANEL_FAULT;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_FAULT, "mov dword [eax], 0x2a", "do_page_fault", "memory.c:412", "DS:4001 2008",
                 "succeeds");
    int64_t argument;
    const struct draw_command *text = find_text(drawn, PANEL_FAULT, "03f2 e048");
    cr_assert_not_null(text);
    cr_expect_eq(ui_hit_at(&drawn->frame, text->at.x + 2, text->at.y - 4, &argument), ACTION_SELECT_ENTRY,
                 "hits move with what they belong to");
    drawn_free(drawn);
}

/* All of it, at all sizes ----------------------------------------------------------------------------------- */

static void expect_tidy(struct drawn *drawn, const char *where) {
    static const enum ui_panel panels[] = {PANEL_FRAMES, PANEL_FAULT, PANEL_SPACE, PANEL_LIFE};
    char what[300];
    for (unsigned i = 0; i < 4; i++)
        cr_expect(!texts_collide(drawn, panels[i], what, sizeof what), "%s: %s", where, what);
}

Test(tidy, no_text_meets_another_or_leaves_its_panel) {
    static const float sizes[][2] = {{1024, 640}, {1280, 800}, {2560, 1440}, {3840, 2160}};
    for (unsigned kind = SELECT_NONE; kind <= SELECT_EVENT; kind++)
        for (unsigned s = 0; s < 4; s++)
            for (int panel = -1; panel <= PANEL_LIFE; panel += panel < 0 ? 1 : 1)
                for (unsigned names = 0; names < 2; names++) {
                    if (panel >= PANEL_CONSOLE && panel < PANEL_LIFE)
                        continue;
                    struct sample_options options = {.state = VIEW_PAUSED,
                                                     .selection = (enum select_kind)kind,
                                                     .overlays = true,
                                                     .long_names = names,
                                                     .many_regions = names};
                    struct drawn *drawn =
                        drawn_sample(&options, s % 2 ? SCENE_FAULT : SCENE_MEMORY, sizes[s][0], sizes[s][1]);
                    drawn->state.fronts = 1u << PANEL_LIFE;
                    drawn->state.maximised = panel;
                    drawn->state.scale = s == 3 ? 3 : 1;
                    drawn->state.overlay = (enum ui_overlay)(kind % OVERLAY_COUNT);
                    drawn_again(drawn);
                    char where[80];
                    snprintf(where, sizeof where, "selection %u, %.0f wide, panel %d, names %u", kind,
                             (double)sizes[s][0], panel, names);
                    expect_tidy(drawn, where);
                    drawn_free(drawn);
                }
}

/* A snapshot may come from a guest that lies. */
static void spoil(struct view *view) {
    struct selection *selection = &view->selection;
    selection->owner_count = selection->owner_total = SIZE_MAX;
    selection->life_count = SELECTION_LIFE;
    selection->untouched_count = SIZE_MAX;
    selection->vma_pages = 3;
    selection->vma_touched = UINT64_MAX;
    selection->walk.count = 255;
    selection->frame.kind = (enum frame_kind)99;
    selection->entry_physical = selection->linear = UINT64_MAX - 5;
    for (size_t i = 0; i < SELECTION_LIFE; i++)
        selection->life[i] =
            (struct story_log_entry){.number = UINT64_MAX, .blocks = UINT64_MAX - i * 77, .type = 60000};
    for (size_t i = 0; i < SELECTION_UNTOUCHED; i++)
        selection->untouched[i][0] = UINT32_MAX - (uint32_t)i;
    selection->event = selection->life[0];
    view->entries_index = 70000;
    for (size_t i = 0; i < view->kernel->space.table_count; i++)
        view->kernel->space.tables[i].index = (uint16_t)(60000 - i * 13);
    for (unsigned i = 0; i < STORY_PATH_MAX; i++)
        memset(view->path_words[i], 'p', VIEW_WORDS - 1);
    view->fault.path_count = 4000;
}

Test(hostile, a_selection_full_of_nonsense_is_drawn_inside_the_window) {
    for (unsigned kind = SELECT_FRAME; kind <= SELECT_EVENT; kind++) {
        struct drawn *drawn = drawn_selected((enum select_kind)kind, SCENE_FAULT, 1280, 800);
        free(drawn->view->life_text);
        drawn->view->life_text = calloc(SELECTION_LIFE, sizeof *drawn->view->life_text);
        spoil(drawn->view);
        for (float x = 3; x < 1280; x += 53)
            for (float y = 3; y < 800; y += 53) {
                drawn->state.mouse_x = x;
                drawn->state.mouse_y = y;
                drawn_again(drawn);
            }
        cr_expect_gt(drawn->frame.list.count, 20);
        drawn_free(drawn);
    }
}
