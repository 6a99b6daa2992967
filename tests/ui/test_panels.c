/* What each panel shows, asked of the draw list. */
#include "tests/ui/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void expect_words(const struct drawn *drawn, enum ui_panel panel, const char *const *words, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        cr_expect_not_null(strstr(panel_words(drawn, panel), words[i]), "'%s' is not in: %s", words[i],
                           panel_words(drawn, panel));
}

#define EXPECT_WORDS(drawn, panel, ...)                                                                                \
    do {                                                                                                               \
        static const char *const words_[] = {__VA_ARGS__};                                                             \
        expect_words(drawn, panel, words_, sizeof words_ / sizeof words_[0]);                                          \
    } while (0)

/* Fault ----------------------------------------------------------------------------------------------------- */

Test(fault, shows_the_record_of_a_copy_on_write) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_FAULT, "FAULT 18",
                 "copy on write \xc2\xb7 minor \xc2\xb7 1 184 blocks \xc2\xb7 4.7 \xc2\xb5s", "0804 8a2e",
                 "mov dword [eax], 0x2a", "first-faults.c:61", "*p = 42;", "WRITE", "4001 2008",
                 "error code 7 = present + write + user", "level", "entry at", "value", "rights", "PDE 100",
                 "03f2 c400", "03f2 e067", "PTE 012", "03f2 e048", "01a7 3025", "refused: read-only", "do_wp_page",
                 "02c11", "02c1", "1067", "\xe2\x86\x92");
    drawn_free(drawn);
}

static struct rect bit_box_of(const struct draw_command *letter) {
    return (struct rect){letter->at.x, letter->at.y - 12, 22, 16};
}

Test(fault, the_refused_bit_alone_is_in_the_bad_colour) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    cr_assert_eq(count_colored(drawn, PANEL_FAULT, DRAW_FILL, PALETTE_BAD_GROUND), 1);
    const struct draw_command *box = find_colored(drawn, PANEL_FAULT, DRAW_FILL, PALETTE_BAD_GROUND);
    const struct draw_command *letter = find_colored(drawn, PANEL_FAULT, DRAW_TEXT, PALETTE_BAD_INK);
    cr_assert_not_null(letter);
    cr_expect_str_eq(command_text(drawn, letter), "W");
    cr_expect_float_eq(bit_box_of(letter).x, box->at.x, 0.01f);
    cr_expect_eq(count_colored(drawn, PANEL_FAULT, DRAW_STROKE, PALETTE_BAD), 1,
                 "the refused entry's box, and no other, has a bad border");
    drawn_free(drawn);
}

Test(fault, the_new_entry_shows_the_bits_that_changed_in_the_accent) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    /* 025 -> 067: W and D; A was set before */
    cr_expect_eq(count_colored(drawn, PANEL_FAULT, DRAW_FILL, PALETTE_ACCENT_GROUND), 2);
    cr_expect_eq(count_colored(drawn, PANEL_FAULT, DRAW_FILL, PALETTE_ACCENT), 1, "one step is what just happened");
    drawn_free(drawn);
}

Test(fault, each_rule_marks_its_own_bit) {
    static const struct {
        enum sample_fault fault;
        const char *bit, *chip, *verdict;
    } cases[] = {
        {SAMPLE_COW, "W", "WRITE", "refused: read-only"},
        {SAMPLE_NOT_PRESENT, "P", "WRITE", "refused: not present"},
        {SAMPLE_SEGV, "P", "READ", "refused: not present"},
        {SAMPLE_MAJOR, "P", "FETCH", "refused: not present"},
        {SAMPLE_LONG_MODE, "NX", "FETCH", "refused: no execute"},
        {SAMPLE_HARDWARE, "W", "WRITE", "refused: read-only"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample_options options = {.state = VIEW_PAUSED, .fault = cases[i].fault};
        struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
        const struct draw_command *letter = find_colored(drawn, PANEL_FAULT, DRAW_TEXT, PALETTE_BAD_INK);
        cr_assert_not_null(letter, "case %u", i);
        cr_expect_str_eq(command_text(drawn, letter), cases[i].bit, "case %u", i);
        cr_expect_not_null(find_text(drawn, PANEL_FAULT, cases[i].verdict), "case %u: %s", i,
                           panel_words(drawn, PANEL_FAULT));
        cr_expect_not_null(find_text(drawn, PANEL_FAULT, cases[i].chip), "case %u", i);
        drawn_free(drawn);
    }
}

Test(fault, four_levels_have_four_rows) {
    struct sample_options options = {.state = VIEW_PAUSED, .fault = SAMPLE_LONG_MODE};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_FAULT, "PML4E 0ff", "PDPTE 1f8", "PDE 091", "PTE 145", "8000 0000 03ab c867",
                 "7ffe 1234 5678");
    drawn_free(drawn);
}

Test(fault, a_segmentation_fault_tells_the_signal) {
    struct sample_options options = {.state = VIEW_PAUSED, .fault = SAMPLE_SEGV};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_FAULT, "no", "VMA", "SIGSEGV", "return node->next;");
    drawn_free(drawn);
}

/* Two texts of the panel share a pixel? Boxes are measured; a line's box is a fifth higher than its letters. */
static void expect_no_overlap(struct drawn *drawn, enum ui_panel panel, const char *where) {
    size_t first, end;
    cr_assert(panel_commands(drawn, panel, &first, &end));
    struct draw_list *list = &drawn->frame.list;
    for (size_t i = first; i < end; i++)
        for (size_t j = i + 1; j < end; j++) {
            if (list->commands[i].kind != DRAW_TEXT || list->commands[j].kind != DRAW_TEXT)
                continue;
            struct rect a = draw_text_box(list, &list->commands[i]), b = draw_text_box(list, &list->commands[j]);
            bool apart =
                a.x + a.w <= b.x + 0.5f || b.x + b.w <= a.x + 0.5f || a.y + a.h <= b.y + 2 || b.y + b.h <= a.y + 2;
            cr_expect(apart, "%s: '%s' and '%s' overlap", where, command_text(drawn, &list->commands[i]),
                      command_text(drawn, &list->commands[j]));
        }
}

Test(fault, no_two_texts_overlap_in_any_kind_and_size) {
    static const float sizes[][2] = {{1024, 640}, {1280, 800}, {1920, 1080}, {2560, 1440}};
    for (unsigned kind = SAMPLE_COW; kind <= SAMPLE_HARDWARE; kind++)
        for (unsigned s = 0; s < 4; s++)
            for (unsigned scene = SCENE_FAULT; scene <= SCENE_MEMORY; scene += 2)
                for (unsigned names = 0; names < 2; names++) {
                    struct sample_options options = {
                        .state = VIEW_PAUSED, .fault = (enum sample_fault)kind, .long_names = names};
                    struct drawn *drawn = drawn_sample(&options, (enum ui_scene)scene, sizes[s][0], sizes[s][1]);
                    char where[80];
                    snprintf(where, sizeof where, "fault %u, scene %u, %.0f wide, names %u", kind, scene,
                             (double)sizes[s][0], names);
                    expect_no_overlap(drawn, PANEL_FAULT, where);
                    drawn_free(drawn);
                }
}

/* Other panels ---------------------------------------------------------------------------------------------- */

static color color_at_cell(const struct drawn *drawn, uint64_t pfn) {
    const struct ui_grid *grid = &drawn->frame.grid;
    for (unsigned z = 0, seen = 0; z < grid->zone_count; z++) {
        if (pfn < grid->zones[z].start || pfn - grid->zones[z].start >= grid->zones[z].count)
            continue;
        /* the zone's last CELLS command is the sharp one */
        for (size_t i = 0; i < drawn->frame.list.count; i++) {
            const struct draw_command *command = &drawn->frame.list.commands[i];
            if (command->kind == DRAW_CELLS && command->columns == grid->columns &&
                command->count == grid->zones[z].count && command->gap == grid->gap && seen++ == 0)
                return drawn->frame.list.cells[command->cells + (pfn - grid->zones[z].start)];
        }
    }
    return 0;
}

Test(frames, each_cell_has_the_colour_of_its_frame) {
    static const color colors[] = {PALETTE_FREE, PALETTE_KERNEL,     PALETTE_TABLE,
                                   PALETTE_SLAB, PALETTE_FILE,       PALETTE_FILE_DIRTY,
                                   PALETTE_ANON, PALETTE_SWAP_CACHE, PALETTE_RESERVED};
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    for (uint64_t pfn = 0; pfn < 16384; pfn += 37)
        cr_expect_eq(color_at_cell(drawn, pfn), colors[drawn->view->kernel->frames[pfn]], "frame %llx",
                     (unsigned long long)pfn);
    drawn_free(drawn);
}

Test(frames, legend_and_zones_are_always_there) {
    static const unsigned sizes[] = {8, 64, 1024, 3072};
    for (unsigned i = 0; i < 4; i++) {
        struct sample_options options = {.state = VIEW_PAUSED, .ram_mib = sizes[i]};
        struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1024, 640);
        EXPECT_WORDS(drawn, PANEL_FRAMES, "FRAMES", "DMA", "free", "kernel", "page table", "slab", "file",
                     "file, dirty", "anonymous", "swap cache", "reserved", "this fault");
        if (sizes[i] > 16)
            EXPECT_WORDS(drawn, PANEL_FRAMES, "NORMAL");
        if (sizes[i] > 896)
            EXPECT_WORDS(drawn, PANEL_FRAMES, "HIGHMEM");
        drawn_free(drawn);
    }
}

Test(frames, this_faults_frames_are_filled_with_the_accent) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    struct rect taken, copied;
    cr_assert(ui_grid_cell(&drawn->frame.grid, 0x02c11, &taken) && ui_grid_cell(&drawn->frame.grid, 0x01a73, &copied));
    unsigned bright = 0, dim = 0;
    for (size_t i = 0; i < drawn->frame.list.count; i++) {
        const struct draw_command *command = &drawn->frame.list.commands[i];
        bright += command->kind == DRAW_FILL && command->color == PALETTE_ACCENT &&
                  rect_contains(command->at, taken.x + 1, taken.y + 1);
        dim += command->kind == DRAW_FILL && command->color == PALETTE_ACCENT_SOFT &&
               rect_contains(command->at, copied.x + 1, copied.y + 1);
    }
    cr_expect_eq(bright, 1, "frame 02c11 was taken: %u bright marks", bright);
    cr_expect_eq(dim, 1, "frame 01a73 was looked at: %u dim marks", dim);
    drawn->view->has_fault = false;
    drawn_again(drawn);
    cr_expect_eq(count_colored(drawn, PANEL_FRAMES, DRAW_FILL, PALETTE_ACCENT), 1, "no fault: the legend's chip alone");
    drawn_free(drawn);
}

Test(frames, hovering_a_cell_tells_its_frame) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    struct rect cell;
    cr_assert(ui_grid_cell(&drawn->frame.grid, 0x02c11, &cell));
    drawn->state.mouse_x = cell.x + 1;
    drawn->state.mouse_y = cell.y + 1;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_COUNT, "frame 02c11  NORMAL", "taken by this fault", "physical 02c1 1000");
    drawn->view->selection.has_frame = true;
    drawn->view->selection.frame =
        (struct kv_frame){.pfn = 0x02c11, .count = 1, .mapcount = 1, .flags = 0x28, .flag_names = "uptodate lru"};
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_COUNT, "struct page: _count 1, mapcount 1", "flags 00000028: uptodate lru");
    drawn_free(drawn);
}

Test(space, shows_regions_tables_and_the_page_of_the_fault) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_SPACE, "ADDRESS SPACE", "5 regions \xc2\xb7 448 KiB", "first-faults \xc2\xb7 pid 7",
                 "08048000 text", "080ef000 data", "heap", "40000000 anonymous", "stack", "page directory", "020",
                 "100", "2ff");
    cr_expect_eq(count_colored(drawn, PANEL_SPACE, DRAW_FILL, PALETTE_ACCENT), 3,
                 "the page, its directory entry and its table entry are what just happened");
    cr_expect_eq(count_colored(drawn, PANEL_SPACE, DRAW_STROKE, PALETTE_ACCENT), 0, "nothing is selected");
    drawn_free(drawn);
}

Test(console, shows_the_newest_lines_and_the_cursor) {
    struct sample_options options = {.state = VIEW_PAUSED, .long_names = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    cr_expect_not_null(find_text(drawn, PANEL_CONSOLE, "59 a line"));
    cr_expect_null(find_text(drawn, PANEL_CONSOLE, "00 a line"), "an old line pushed the new ones out");
    cr_expect_eq(count_colored(drawn, PANEL_CONSOLE, DRAW_FILL, PALETTE_ACCENT), 1, "one cursor");
    drawn_free(drawn);
}

Test(console, bytes_that_are_not_printable_are_shown_as_question_marks) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_CONSOLE, 1280, 800);
    strcpy(drawn->view->console.lines[0], "a\x01\xffz");
    drawn->view->console.cursor_column = 4000000000u;
    drawn->view->console.count = 4000000000u;
    drawn_again(drawn);
    drawn->view->console.count = 1;
    drawn_again(drawn);
    cr_expect_not_null(find_text(drawn, PANEL_CONSOLE, "a??z"));
    drawn_free(drawn);
}

Test(timeline, names_its_tracks) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_TIMELINE, "TIMELINE", "anonymous", "file", "swap", "copy on write");
    cr_expect_eq(count_colored(drawn, PANEL_TIMELINE, DRAW_FILL, PALETTE_ACCENT), 1, "the playhead");
    drawn_free(drawn);
}

Test(timeline, the_playhead_stands_on_the_mark_of_the_fault_on_show) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    const struct draw_command *head = NULL;
    size_t first, end;
    cr_assert(panel_commands(drawn, PANEL_TIMELINE, &first, &end));
    for (size_t i = first; i < end; i++)
        if (drawn->frame.list.commands[i].kind == DRAW_FILL && drawn->frame.list.commands[i].color == PALETTE_ACCENT)
            head = &drawn->frame.list.commands[i];
    cr_assert_not_null(head);
    int64_t fault;
    cr_expect_eq(ui_hit_at(&drawn->frame, head->at.x + 1, drawn->frame.timeline.y + 5, &fault), ACTION_SELECT_FAULT);
    cr_expect_eq(fault, 18, "the nearest mark is of fault %lld", (long long)fault);
    drawn_free(drawn);
}

Test(top_bar, tells_program_memory_time_and_position) {
    struct sample_options options = {.state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_COUNT, "faultline", "first-faults", "pid 7", "64 MiB", "1 Fault", "2 Reclaim", "3 Memory",
                 "4 Console", "t = 41.382 116 ms", "fault 18 of 18", "Next fault", "Run");
    drawn->view->state = VIEW_RUNNING;
    drawn_again(drawn);
    cr_expect_not_null(find_text(drawn, PANEL_COUNT, "Pause"));
    drawn_free(drawn);
}

Test(reclaim, shows_zones_buddy_and_lists_with_numbers) {
    struct sample_options options = {.ram_mib = 24, .pressure = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_ZONES, "ZONES", "DMA", "61 free", "min 32", "low 64", "high 96", "NORMAL", "14 free",
                 "min 20");
    EXPECT_WORDS(drawn, PANEL_BUDDY, "BUDDY", "2^0", "2^10", "DMA", "NORMAL");
    EXPECT_WORDS(drawn, PANEL_LRU, "DMA active,", "NORMAL inactive,");
    cr_expect_eq(count_colored(drawn, PANEL_ZONES, DRAW_FILL, PALETTE_GAUGE_LOW), 1, "DMA is below low");
    cr_expect_eq(count_colored(drawn, PANEL_ZONES, DRAW_FILL, PALETTE_GAUGE_MIN), 1, "NORMAL is below min");
    drawn_free(drawn);
}

Test(reclaim, a_block_that_this_fault_took_is_marked) {
    struct sample_options options = {.fault = SAMPLE_NOT_PRESENT};
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    drawn->view->kernel->zones[1].nr_free_blocks[0] = 3;
    drawn_again(drawn);
    cr_expect_eq(count_colored(drawn, PANEL_BUDDY, DRAW_STROKE, PALETTE_ACCENT), 1);
    drawn_free(drawn);
}

/* Empty states and hostile snapshots ------------------------------------------------------------------------ */

Test(empty, every_panel_says_what_will_appear_and_how) {
    struct sample_options options = {.fault = SAMPLE_NO_FAULT, .no_kernel = true, .no_console = true, .no_marks = true};
    static const struct {
        enum ui_scene scene;
        enum ui_panel panel;
        const char *what, *how;
    } cases[] = {
        {SCENE_FAULT, PANEL_FRAMES, "Every frame", "no DWARF types"},
        {SCENE_FAULT, PANEL_FAULT, "A page fault", "Press n"},
        {SCENE_FAULT, PANEL_SPACE, "The regions", "no DWARF types"},
        {SCENE_FAULT, PANEL_CONSOLE, "What the guest prints", "click here"},
        {SCENE_FAULT, PANEL_TIMELINE, "A mark", "press n"},
        {SCENE_RECLAIM, PANEL_ZONES, "A gauge", "no DWARF types"},
        {SCENE_RECLAIM, PANEL_BUDDY, "free lists", "no DWARF types"},
        {SCENE_RECLAIM, PANEL_LRU, "active and inactive", "no DWARF types"},
        {SCENE_RECLAIM, PANEL_DECISION, "What reclaim did", "Appears when"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drawn *drawn = drawn_sample(&options, cases[i].scene, 1280, 800);
        cr_expect_not_null(strstr(panel_words(drawn, cases[i].panel), cases[i].what), "case %u: %s", i,
                           panel_words(drawn, cases[i].panel));
        cr_expect_not_null(strstr(panel_words(drawn, cases[i].panel), cases[i].how), "case %u: %s", i,
                           panel_words(drawn, cases[i].panel));
        drawn_free(drawn);
    }
}

Test(empty, no_snapshot_at_all_is_drawn_too) {
    struct ui_state state;
    static struct ui_frame frame;
    for (unsigned scene = 0; scene < SCENE_COUNT; scene++) {
        ui_state_init(&state, 1280, 800);
        state.scene = (enum ui_scene)scene;
        ui_frame_init(&frame);
        ui_draw(&frame, NULL, &state);
        cr_expect_gt(frame.list.count, 20);
        cr_expect(!frame.list.failed);
        ui_frame_free(&frame);
    }
}

/* Everything in a snapshot may come from a guest that lies. */
static void spoil(struct view *view) {
    struct kv_snapshot *kernel = view->kernel;
    for (size_t z = 0; z < kernel->zone_count; z++) {
        struct kv_zone *zone = &kernel->zones[z];
        zone->start_pfn = z == 0 ? 5 : UINT64_MAX - 3;
        zone->spanned = zone->present = UINT64_MAX - 1;
        zone->free = zone->high = zone->nr_active = UINT64_MAX;
        for (unsigned order = 0; order < KV_ORDERS; order++)
            zone->nr_free_blocks[order] = UINT64_MAX >> order;
        memset(zone->name, 'Z', sizeof zone->name - 1);
    }
    for (uint64_t i = 0; i < kernel->frame_count; i++)
        kernel->frames[i] = (uint8_t)(i * 37);
    for (size_t i = 0; i < kernel->space.vma_count; i++) {
        kernel->space.vmas[i].end = i % 2 ? UINT64_MAX : 0;
        if (kernel->space.vmas[i].pages)
            memset(kernel->space.vmas[i].pages, 0xee, kernel->space.vmas[i].page_count);
    }
    for (size_t i = 0; i < kernel->space.table_count; i++)
        kernel->space.tables[i].index = (uint16_t)(60000 - i * 13);
    view->fault.walk.count = 200;
    view->fault.frame_count = 8;
    view->fault.segment = 250;
    view->fault.branch = 77;
    view->fault.end_blocks = 1;
    view->fault.instruction_bytes = 255;
    for (size_t i = 0; i < view->mark_count; i++)
        ((struct story_mark *)(uintptr_t)view->marks)[i] =
            (struct story_mark){UINT64_MAX - i, UINT64_MAX, (uint8_t)(i * 3)};
}

Test(hostile, a_snapshot_full_of_nonsense_is_drawn_inside_the_window) {
    for (unsigned scene = 0; scene < SCENE_COUNT; scene++) {
        struct sample_options options = {.state = VIEW_PAUSED};
        struct drawn *drawn = drawn_sample(&options, (enum ui_scene)scene, 1280, 800);
        spoil(drawn->view);
        for (float x = 3; x < 1280; x += 61)
            for (float y = 3; y < 800; y += 61) {
                drawn->state.mouse_x = x;
                drawn->state.mouse_y = y;
                drawn_again(drawn);
            }
        cr_expect_gt(drawn->frame.list.count, 20);
        drawn_free(drawn);
    }
}

Test(reclaim, panels_tell_who_frees_what_and_why) {
    static const float sizes[][2] = {{1024, 640}, {1280, 800}, {2560, 1440}};
    struct sample_options options = {.ram_mib = 24, .pressure = true};
    for (unsigned s = 0; s < 3; s++) {
        struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, sizes[s][0], sizes[s][1]);
        expect_no_overlap(drawn, PANEL_DECISION, "decision");
        expect_no_overlap(drawn, PANEL_LRU, "lru");
        expect_no_overlap(drawn, PANEL_ZONES, "zones");
        drawn_free(drawn);
    }
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_DECISION, "2 317", "00a91", "anonymous", "referenced? no", "slot 1184", "00a91065",
                 "00094000", "dirty? yes", "being written to swap", "must be written first", "priority 9");
    EXPECT_WORDS(drawn, PANEL_ZONES, "awake", "woken 14 times", "pid 9 stalls", "37 times");
    EXPECT_WORDS(drawn, PANEL_LRU, "activated", "97", "1 301", "813");
    EXPECT_WORDS(drawn, PANEL_TIMELINE, "kswapd", "direct reclaim", "read", "write", "waits", "events", "DMA free");
    drawn_free(drawn);
}

Test(reclaim, a_page_that_nobody_maps_is_freed_although_it_was_used) {
    struct sample_options options = {.ram_mib = 24, .pressure = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    struct reclaim_decision *page = &drawn->view->reclaim.last;
    page->referenced = 1;
    page->mapcount = 0;
    page->outcome = FLT_OUTCOME_RECLAIM;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_DECISION, "signs of use: 1", "referenced? yes, but no process maps it", "freed");
    page->outcome = FLT_OUTCOME_ACTIVATE;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_DECISION, "referenced? yes, since the last look", "activated");
    drawn_free(drawn);
}

/* Belts ------------------------------------------------------------------------------------------------------- */

static void fill_belt(struct kv_lru *lru, uint32_t first, uint64_t count) {
    lru->count = (uint32_t)(count < KV_LRU_MAX ? count : KV_LRU_MAX);
    for (uint32_t i = 0; i < lru->count; i++) {
        lru->pfn[i] = first + i;
        lru->referenced[i] = i % 3 == 0;
    }
}

/* A 16 MiB machine with one zone and as many pages on its lists. */
static struct drawn *drawn_lists(uint64_t active, uint64_t inactive) {
    struct sample_options options = {.ram_mib = 16, .state = VIEW_PAUSED, .pressure = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    struct kv_zone *zone = &drawn->view->kernel->zones[0];
    zone->nr_active = active;
    zone->nr_inactive = inactive;
    fill_belt(&zone->lru[1], 16, active);
    fill_belt(&zone->lru[0], (uint32_t)(16 + active), inactive);
    drawn_again(drawn);
    return drawn;
}

static uint64_t cells_in(const struct drawn *drawn, enum ui_panel panel, float *lowest) {
    size_t first, end;
    uint64_t cells = 0;
    cr_assert(panel_commands(drawn, panel, &first, &end));
    for (size_t i = first; i < end; i++)
        if (drawn->frame.list.commands[i].kind == DRAW_CELLS) {
            const struct draw_command *command = &drawn->frame.list.commands[i];
            cells += command->count;
            *lowest = fmaxf(*lowest, command->at.y + command->at.h);
        }
    return cells;
}

Test(lru, every_page_of_a_small_machine_has_its_square_and_its_dot) {
    static const uint64_t sizes[][2] = {{400, 3333}, {3333, 400}, {1, 2}, {0, 3700}, {1850, 1850}};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct drawn *drawn = drawn_lists(sizes[i][0], sizes[i][1]);
        float lowest = 0, bottom = drawn->frame.panels[PANEL_LRU].y + drawn->frame.panels[PANEL_LRU].h;
        uint64_t cells = cells_in(drawn, PANEL_LRU, &lowest), dots = 0;
        cr_expect_eq(cells, sizes[i][0] + sizes[i][1], "%d cells for sizes %u", (int)cells, i);
        cr_expect_lt(lowest, bottom - 54, "the squares leave room for the outcomes");
        for (unsigned list = 0; list < 2; list++)
            dots += (sizes[i][list] + 2) / 3;
        cr_expect_eq(count_colored(drawn, PANEL_LRU, DRAW_FILL, PALETTE_GROUND), dots,
                     "a dot for each referenced page");
        cr_expect_not_null(find_text(drawn, PANEL_LRU, "each square a page"));
        expect_no_overlap(drawn, PANEL_LRU, "lru");
        drawn_free(drawn);
    }
}

Test(lru, squares_stand_for_more_pages_when_there_are_too_many) {
    struct drawn *drawn = drawn_lists(200000, 3);
    float lowest = 0, bottom = drawn->frame.panels[PANEL_LRU].y + drawn->frame.panels[PANEL_LRU].h;
    uint64_t cells = cells_in(drawn, PANEL_LRU, &lowest);
    cr_expect(cells > 2000 && cells < 8000, "%d cells", (int)cells);
    cr_expect_lt(lowest, bottom);
    cr_expect_not_null(find_text(drawn, PANEL_LRU, "a square is 64 pages"), "%s", panel_words(drawn, PANEL_LRU));
    drawn_free(drawn);
}

Test(nodes, panels_name_the_node_where_there_are_several) {
    struct sample_options options = {.ram_mib = 24, .pressure = true};
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    cr_expect_null(find_text(drawn, PANEL_COUNT, "node 0"), "one node needs no name");
    drawn->view->kernel->zones[1].node = 1;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_ZONES, "node 0", "node 1");
    EXPECT_WORDS(drawn, PANEL_LRU, "node 0 DMA active", "node 1 NORMAL active");
    EXPECT_WORDS(drawn, PANEL_BUDDY, "DMA 0", "NORMAL 1");
    expect_no_overlap(drawn, PANEL_ZONES, "zones");
    drawn_free(drawn);
}

Test(zones, a_mark_that_is_reached_counts_as_crossed) {
    struct sample_options options = {.ram_mib = 16, .state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_RECLAIM, 1280, 800);
    struct kv_zone *zone = &drawn->view->kernel->zones[0];
    const struct {
        uint64_t free;
        const char *words;
    } cases[] = {{zone->min, "not above min"},
                 {zone->min + 1, "not above low"},
                 {zone->low, "not above low"},
                 {zone->low + 1, "above low"},
                 {zone->high + 1, "above high"}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        zone->free = cases[i].free;
        drawn_again(drawn);
        cr_expect_not_null(find_text(drawn, PANEL_ZONES, cases[i].words), "%u free", (unsigned)zone->free);
    }
    drawn_free(drawn);
}

Test(fault, a_swap_entry_is_decoded_in_the_walk) {
    struct sample_options options = {.fault = SAMPLE_SWAP_IN, .state = VIEW_PAUSED};
    struct drawn *drawn = drawn_sample(&options, SCENE_FAULT, 1280, 800);
    EXPECT_WORDS(drawn, PANEL_FAULT, "swap in", "major", "0004 a000", "swap entry: area 0, slot 1184",
                 "names slot 1184 of swap area 0");
    cr_expect_null(find_text(drawn, PANEL_FAULT, "refused:"), "the red P says it");
    expect_no_overlap(drawn, PANEL_FAULT, "fault");
    drawn->view->fault.frame_count = 0; /* nothing was read */
    drawn->view->fault.waits = 0;
    drawn_again(drawn);
    EXPECT_WORDS(drawn, PANEL_FAULT, "swap in \xc2\xb7 minor", "the swap cache has its frame already");
    drawn_free(drawn);
}
