/*
 * The log, the lives of frames, touched pages, spans and samples, on events told by hand: which frame an event
 * concerns, how a life reads, what is forgotten, and what a hostile guest can make of it.
 */
#include "tests/story/script.h"
#include "tests/story/toy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PTE(pfn) ((pfn) << 12 | 0x67)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct script script;

static void set_up(void) { script_open(&script, NULL); }
static void tear_down(void) { script_close(&script); }

TestSuite(biography, .init = set_up, .fini = tear_down);

#define EVENT(type, ...)                                                                                               \
    do {                                                                                                               \
        const uint32_t words[] = {__VA_ARGS__};                                                                        \
        cr_assert(script_event(&script, type, words, COUNT(words)));                                                   \
    } while (0)

static struct story_log_entry life[64];

static size_t life_of(uint64_t pfn) {
    uint64_t total;
    size_t count = story_life(script.story, pfn, life, COUNT(life), &total);
    cr_assert_eq(total, count);
    return count;
}

static void expect_lines(uint64_t pfn, const char *const *lines, size_t count) {
    cr_assert_eq(life_of(pfn), count, "%u entries in the life of %x", (unsigned)life_of(pfn), (unsigned)pfn);
    for (size_t i = 0; i < count; i++) {
        char text[200];
        cr_expect_eq(story_log_text(script.story, &life[i], text, sizeof text), strlen(text));
        cr_expect_str_eq(text, lines[i]);
    }
}

static void alloc(uint32_t pfn, uint32_t order) {
    EVENT(FLT_MM_PAGE_ALLOC, pfn, order, 0xd2, 0, 1, 1, order == 0, 900, 60, 120, 180);
}

static void begin(uint32_t linear, enum mmu_access_kind kind) {
    script_begin(&script, linear, kind, MMU_RULE_NOT_PRESENT, 0);
}

static void end(void) { script_end(&script, FLT_OUTCOME_RETRY, 0, 0); }

/* A frame from its allocation for an anonymous page to its end in swap. */
Test(biography, a_life_reads_as_a_line) {
    static const char *const lines[] = {
        "taken by first-faults (pid 7) from Normal, order 0, per-CPU list (fault 1)",
        "mapped at 4001 2000, writable, for first-faults (pid 7): anonymous (fault 1)",
        "onto the active list",
        "A bit harvested from 1 of 1 entry: used since the last look",
        "A bits looked at in 1 entry: not used since the last look",
        "to the inactive list: not used lately",
        "given slot 1184 of swap area 0",
        "unmapped from 4001 2000 by kswapd0 (pid 3), D was set; entry is now 0004a000",
        "written out to swap by kswapd0 (pid 3)",
        "write-out started by kswapd0 (pid 3): it must be written first",
        "chosen to be freed by kswapd0 (pid 3): clean, and nobody needs it",
        "freed by kswapd0 (pid 3) to Normal, order 0",
    };
    script_task_new(&script, 3, 0, "kswapd0");
    begin(SCRIPT_LINEAR, MMU_WRITE);
    script_branch(&script, FLT_BRANCH_ANON);
    alloc(0x2c11, 0);
    script_pte(&script, 0, PTE(0x2c11));
    end();
    EVENT(FLT_MM_LRU_ADD, 0x2c11, 1);
    script.pid = 3;
    EVENT(FLT_MM_PAGE_REFERENCED, 0x2c11, 1, 1);
    EVENT(FLT_MM_PAGE_REFERENCED, 0x2c11, 0, 1);
    EVENT(FLT_MM_LRU_MOVE, 0x2c11, 1, 0, FLT_WHY_INACTIVE);
    EVENT(FLT_MM_SWAP_OUT, 0x2c11, 0, 1184, 1);
    EVENT(FLT_MM_UNMAP, 0x2c11, SCRIPT_LINEAR & ~0xfffu, 0x3f2c000, PTE(0x2c11), 1184 << 8);
    EVENT(FLT_MM_VMSCAN_WRITEPAGE, 0x2c11, 1);
    EVENT(FLT_MM_VMSCAN_PAGE, 0x2c11, FLT_OUTCOME_PAGEOUT, FLT_WHY_DIRTY, 0, 0, 1);
    EVENT(FLT_MM_VMSCAN_PAGE, 0x2c11, FLT_OUTCOME_RECLAIM, FLT_WHY_CLEAN, 0, 0, 1);
    EVENT(FLT_MM_PAGE_FREE, 0x2c11, 0, 1, 901);
    expect_lines(0x2c11, lines, COUNT(lines));
    cr_expect_eq(story_log_newest(script.story, 0x2c11), story_log_count(script.story));
    cr_expect_eq(life[0].fault, 1);
    cr_expect_eq(life[2].fault, 0, "after the fault");
}

Test(biography, a_copy_on_write_is_in_both_lives) {
    static const char *const old_lines[] = {
        "copied to frame 00300 for first-faults (pid 7): 2 entries share it (fault 1)",
        "no longer mapped at 4001 2000: frame 00300 takes its place (fault 1)"};
    static const char *const new_lines[] = {
        "a copy of frame 00200 for first-faults (pid 7) (fault 1)",
        "mapped at 4001 2000, writable, for first-faults (pid 7): copy on write (fault 1)"};
    begin(SCRIPT_LINEAR, MMU_WRITE);
    script_branch(&script, FLT_BRANCH_COW_COPY);
    EVENT(FLT_FAULT_COW, 0x200, 2, 0x300);
    script_pte(&script, 0x200 << 12 | 0x25, PTE(0x300));
    end();
    expect_lines(0x200, old_lines, COUNT(old_lines));
    expect_lines(0x300, new_lines, COUNT(new_lines));
    cr_expect_eq(life[1].pfn, 0x300);
}

Test(biography, a_reuse_is_told_once) {
    static const char *const lines[] = {
        "kept for writing: its only owner is first-faults (pid 7) (fault 1)",
        "its entry changed at 4001 2000, writable, for first-faults (pid 7): sole owner, reuse (fault 1)"};
    begin(SCRIPT_LINEAR, MMU_WRITE);
    script_branch(&script, FLT_BRANCH_COW_REUSE);
    EVENT(FLT_FAULT_COW, 0x200, 1, 0x200);
    script_pte(&script, 0x200 << 12 | 0x25, PTE(0x200));
    end();
    expect_lines(0x200, lines, COUNT(lines));
}

Test(biography, a_block_concerns_each_of_its_frames) {
    alloc(0x400, 3);
    EVENT(FLT_MM_PAGE_FREE, 0x400, 3, 1, 901);
    for (uint32_t pfn = 0x400; pfn < 0x408; pfn++) {
        cr_assert_eq(life_of(pfn), 2, "frame %x", pfn);
        cr_expect(life[0].type == FLT_MM_PAGE_ALLOC && life[0].pfn == pfn && life[0].value[0] == 3);
    }
    cr_expect_eq(life_of(0x408), 0);
    cr_expect_eq(life_of(0x3ff), 0);
    cr_expect_eq(story_log_count(script.story), 4, "an event is one entry");
}

/* The slot's end belongs to the frame that has its page, and to nobody once that frame is another's. */
Test(biography, a_slot_that_is_freed_concerns_the_frame_that_holds_its_page) {
    EVENT(FLT_MM_SWAP_IN, 0x500, 1, 77, 0);
    EVENT(FLT_MM_SWAP_FREE, 0xffffffff, 1, 77, 0);
    cr_assert_eq(life_of(0x500), 2);
    cr_expect_eq(life[1].type, FLT_MM_SWAP_FREE);
    EVENT(FLT_MM_SWAP_OUT, 0x501, 1, 78, 0);
    EVENT(FLT_MM_PAGE_FREE, 0x501, 0, 1, 901);
    EVENT(FLT_MM_SWAP_FREE, 0xffffffff, 1, 78, 0);
    cr_assert_eq(life_of(0x501), 2);
    cr_expect_eq(life[1].type, FLT_MM_PAGE_FREE);
}

Test(biography, the_log_keeps_members_in_order) {
    struct story_log_entry entry;
    EVENT(FLT_MM_WATERMARK, 0, 1, FLT_MARK_LOW, 1, 119);
    cr_assert(story_log_entry(script.story, story_log_count(script.story), &entry));
    cr_expect(entry.type == FLT_MM_WATERMARK && entry.pid == 7 && entry.pfn == UINT32_MAX && entry.fault == 0);
    cr_expect(entry.value[1] == 1 && entry.value[2] == FLT_MARK_LOW && entry.value[4] == 119 && entry.value[5] == 0);
    cr_expect_eq(entry.blocks, script.blocks);
    cr_expect_not(story_log_entry(script.story, 0, &entry));
    cr_expect_not(story_log_entry(script.story, story_log_count(script.story) + 1, &entry));
}

/* Reads a life in pieces of every size. */
Test(biography, the_newest_part_of_a_life_is_read_first) {
    struct story_log_entry part[10];
    uint64_t total;
    for (uint32_t i = 0; i < 10; i++)
        EVENT(FLT_MM_PAGE_REFERENCED, 0x600, i, 10);
    for (size_t most = 0; most <= 10; most++) {
        cr_assert_eq(story_life(script.story, 0x600, part, most, &total), most);
        cr_expect_eq(total, 10);
        for (size_t i = 0; i < most; i++)
            cr_expect_eq(part[i].value[0], 10 - most + i);
    }
}

Test(biography, the_oldest_entries_go_when_the_ring_is_full) {
    struct story_log_entry entry;
    uint64_t total;
    EVENT(FLT_MM_LRU_ADD, 0x700, 1);
    uint64_t first = story_log_count(script.story);
    for (uint32_t i = 0; i < 600000; i++)
        EVENT(FLT_MM_LRU_ADD, 0x800 + i % 1000, 0);
    cr_expect_not(story_log_entry(script.story, first, &entry));
    cr_expect(story_log_entry(script.story, story_log_count(script.story) - 524287, &entry));
    cr_expect_not(story_log_entry(script.story, story_log_count(script.story) - 524288, &entry));
    cr_expect_eq(story_life(script.story, 0x700, life, COUNT(life), &total), 0, "its entry is gone");
    cr_expect_eq(total, 1, "but it is known to have been");
    cr_assert_eq(story_life(script.story, 0x800, life, COUNT(life), &total), COUNT(life));
    cr_expect_eq(total, 600);
    for (size_t i = 0; i < COUNT(life); i++)
        cr_expect_eq(life[i].pfn, 0x800);
    struct story_log_entry *all = malloc(1000 * sizeof *all);
    cr_expect_eq(story_life(script.story, 0x800, all, 1000, &total), 524, "as many as the ring holds");
    free(all);
}

/* Frame numbers that are none, orders that are none. */
Test(biography, hostile_numbers_are_nobodys_life) {
    alloc(0xffffffff, 0);
    alloc(0xfffffff0, 10);
    alloc(0x100, 0xffffffff);
    EVENT(FLT_MM_SWAP_OUT, 0xfffffffe, 0xffffffff, 0xffffffff, 0);
    EVENT(FLT_MM_SWAP_FREE, 0xffffffff, 0xffffffff, 0xffffffff, 0);
    EVENT(FLT_FAULT_COW, 0xffffffff, 0, 0xffffffff);
    EVENT(FLT_KMAP, 0, 0x80000000);
    cr_expect_eq(life_of(0xffffffff), 0);
    cr_expect_eq(life_of(0xfffffff0), 0);
    cr_expect_eq(life_of(UINT64_MAX), 0);
    cr_expect_eq(life_of(0x100), 1);
    for (uint32_t pfn = 0; pfn < 1u << 20; pfn += 512)
        EVENT(FLT_MM_LRU_ADD, pfn, 0);
    cr_expect_eq(life_of((1u << 20) - 512), 1);
}

Test(biography, every_type_has_words) {
    for (uint16_t type = 0; type < 200; type++) {
        struct story_log_entry entry = {.type = type, .pfn = 5, .pid = 7, .fault = 3};
        char text[200];
        for (unsigned round = 0; round < 3; round++) {
            memset(entry.value, round == 0 ? 0 : round == 1 ? 1 : 0xff, sizeof entry.value);
            size_t length = story_log_text(script.story, &entry, text, sizeof text);
            cr_expect(length == strlen(text) && length > 2, "type %u", type);
            cr_expect_leq(length, 119, "type %u: %s", type, text);
            cr_expect(type == FLT_SIGNAL || !strchr(text, '_'), "type %u says %s", type, text);
        }
        cr_expect_eq(story_log_text(script.story, &entry, NULL, 0), strlen(text));
    }
}

Test(biography, ages_grow_with_time) {
    uint8_t ages[8];
    EVENT(FLT_MM_LRU_ADD, 1, 0);
    uint64_t then = script.blocks;
    script.blocks += 1000000;
    EVENT(FLT_MM_LRU_ADD, 2, 0);
    story_ages(script.story, script.blocks, ages, 8);
    cr_expect(ages[0] == 255 && ages[3] == 255, "never told");
    cr_expect_eq(ages[2], 0);
    cr_expect_gt(ages[1], 240);
    story_ages(script.story, then + (script.blocks - then) / 4, ages, 8);
    uint8_t quarter = ages[1];
    story_ages(script.story, script.blocks * 1000, ages, 8);
    cr_expect(ages[1] >= quarter && ages[1] <= 254 && ages[2] <= ages[1]);
}

/* ---- touched pages ---- */

static void touch(uint32_t page, uint32_t pgd) {
    struct cpu_page_fault fault = script_fault(page, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_hardware(&script, &fault);
    EVENT(FLT_FAULT_BEGIN, page, 7, 0x08048a2e, 0xbffff000, pgd);
    EVENT(FLT_FAULT_PTE, page & ~0xfffu, 0x3f2e048, 0, PTE(0x2c11));
    end();
}

static void fork_task(uint32_t pid, uint32_t parent, uint32_t flags) {
    uint32_t words[7] = {pid, parent, flags, 0x64696863};
    cr_assert(script_event(&script, FLT_TASK_NEW, words, 7));
}

static bool touched(uint32_t pid, uint64_t page) { return story_touched(script.story, pid, page); }

Test(biography, remembers_touched_pages) {
    touch(0x40012008, 0x1000);
    touch(0xbffff000, 0x1000);
    cr_expect(touched(7, 0x40012000) && touched(7, 0x40012fff) && touched(7, 0xbffff123));
    cr_expect(!touched(7, 0x40011000) && !touched(7, 0x40013000) && !touched(8, 0x40012000));
    cr_expect_not(touched(7, 0x140012000));
    uint8_t pages[8] = {0};
    story_touched_pages(script.story, 7, 0x40010000, pages, 8);
    cr_expect_arr_eq(pages, ((uint8_t[]){0, 0, 1, 0, 0, 0, 0, 0}), 8);
    memset(pages, 0, 8);
    story_touched_pages(script.story, 7, 0xbfffe000, pages, 8);
    cr_expect_arr_eq(pages, ((uint8_t[]){0, 1, 0, 0, 0, 0, 0, 0}), 8);
}

Test(biography, a_child_starts_with_what_its_parent_touched) {
    touch(0x40012008, 0x1000);
    fork_task(8, 7, 17);
    script.pid = 8;
    touch(0x50000000, 0x2000);
    cr_expect(touched(8, 0x40012000) && touched(8, 0x50000000) && !touched(7, 0x50000000));
    script.pid = 7;
    touch(0x60000000, 0x1000);
    cr_expect(touched(7, 0x60000000) && !touched(8, 0x60000000));
}

Test(biography, threads_share_and_a_new_program_starts_with_nothing) {
    touch(0x40012008, 0x1000);
    fork_task(8, 7, 0x100); /* CLONE_VM */
    script.pid = 8;
    touch(0x50000000, 0x1000);
    cr_expect(touched(7, 0x50000000) && touched(8, 0x40012000));
    touch(0x70000000, 0x9000); /* after exec */
    cr_expect(touched(8, 0x70000000) && !touched(8, 0x40012000) && !touched(7, 0x70000000));
    cr_expect(touched(7, 0x50000000));
}

/* 64 Ki chunks are the bound: what lives keeps its pages, what is born beyond it has none, the dead make room. */
Test(biography, a_storm_of_forks_is_bounded) {
    for (uint32_t i = 0; i < 64; i++)
        touch(i << 26 | 0x1000, 0x1000);
    for (uint32_t pid = 1024; pid < 1024 + 1024; pid++)
        if (pid % 1024 != 7)
            fork_task(pid, 7, 17);
    cr_expect(touched(1500, 0x1000) && touched(7, 0x1000));
    fork_task(7 + 1024, 1500, 17);
    cr_expect(!touched(7, 0x1000) && touched(7 + 1024, 0x1000), "the place in the table is the newer task's");
    EVENT(FLT_TASK_EXIT, 1600, 0);
    cr_expect(touched(1600, 0x1000), "remembered while there is room");
    script.pid = 1500;
    touch(0x12345678, 0x2000);
    cr_expect(touched(1500, 0x12345000), "room was made");
    cr_expect(!touched(1600, 0x1000));
}

/* ---- spans and samples ---- */

static struct story_span spans[STORY_SPANS];

static size_t all_spans(void) { return story_spans(script.story, spans, STORY_SPANS); }

Test(biography, transfers_are_matched_by_device_and_sector) {
    EVENT(FLT_BLOCK_RQ_ISSUE, 8, 1000, 4096, 0, 1, 0);
    EVENT(FLT_BLOCK_RQ_ISSUE, 9, 1000, 8192, 1, 2, 0);
    EVENT(FLT_BLOCK_RQ_COMPLETE, 7, 1000, 4096, 0, 1, 0); /* another device's */
    cr_assert_eq(all_spans(), 2);
    cr_expect(spans[0].to == 0 && spans[1].to == 0 && spans[0].kind == SPAN_READ && spans[1].kind == SPAN_WRITE);
    script.pid = 0; /* by an interrupt */
    EVENT(FLT_BLOCK_RQ_COMPLETE, 9, 1000, 8192, 1, 2, 0);
    cr_assert_eq(all_spans(), 2);
    cr_expect(spans[0].kind == SPAN_WRITE && spans[0].to == script.blocks && spans[0].pid == 7, "over ones first");
    cr_expect(spans[0].value[0] == 1000 && spans[0].value[1] == 8192);
    cr_expect_eq(spans[1].to, 0);
}

Test(biography, waits_reclaim_and_throttling_are_spans_of_their_task) {
    EVENT(FLT_MM_VMSCAN_KSWAPD_WAKE, 0, 1, 0, 100);
    EVENT(FLT_MM_VMSCAN_KSWAPD_WAKE, 0, 0, 0, 90); /* awake already */
    EVENT(FLT_MM_VMSCAN_DIRECT_BEGIN, 0, 0xd2, 12, 0);
    EVENT(FLT_PAGE_WAIT_BEGIN, 0x2c11, FLT_WAIT_LOCKED);
    EVENT(FLT_WRITEBACK_START, FLT_WB_BACKGROUND, 10, 10, 10);
    EVENT(FLT_WRITEBACK_START, FLT_WB_THROTTLE, 10, 10, 10);
    cr_assert_eq(all_spans(), 4);
    EVENT(FLT_WRITEBACK_END, FLT_WB_THROTTLE, 10, 10, 10);
    EVENT(FLT_PAGE_WAIT_END, 0x2c11, FLT_WAIT_LOCKED);
    EVENT(FLT_MM_VMSCAN_DIRECT_END, 0, 0xd2, 12, 32);
    script.pid = 3;
    EVENT(FLT_MM_VMSCAN_KSWAPD_SLEEP, 0, 0, 0, 200);
    static const uint8_t kinds[] = {SPAN_THROTTLE, SPAN_WAIT, SPAN_DIRECT, SPAN_KSWAPD};
    cr_assert_eq(all_spans(), 4);
    for (size_t i = 0; i < 4; i++)
        cr_expect(spans[i].kind == kinds[i] && spans[i].to > spans[i].from, "span %zu", i);
    cr_expect_eq(spans[1].value[0], 0x2c11);
}

Test(biography, waits_end_with_their_task) {
    EVENT(FLT_PAGE_WAIT_BEGIN, 0x2c11, FLT_WAIT_LOCKED);
    EVENT(FLT_BLOCK_RQ_ISSUE, 8, 1000, 4096, 0, 1, 0);
    EVENT(FLT_TASK_EXIT, 7, 0);
    cr_assert_eq(all_spans(), 2);
    cr_expect(spans[0].kind == SPAN_WAIT && spans[0].to == script.blocks);
    cr_expect(spans[1].kind == SPAN_READ && spans[1].to == 0, "the device goes on");
}

Test(biography, spans_are_bounded) {
    for (uint32_t i = 0; i < 5000; i++) {
        EVENT(FLT_BLOCK_RQ_ISSUE, 8, i, 512, 0, 1, 0);
        if (i % 2)
            EVENT(FLT_BLOCK_RQ_COMPLETE, 8, i, 512, 0, 1, 0);
    }
    size_t count = all_spans();
    cr_expect_eq(count, STORY_SPANS);
    cr_expect(spans[count - 1].to == 0 && spans[count - 1].value[0] == 4998);
    cr_expect(spans[count - 64].to != 0 && spans[count - 64].value[0] == 4999, "63 go on");
    cr_expect_eq(story_spans(script.story, spans, 3), 3);
    cr_expect_eq(story_spans(script.story, spans, 0), 0);
}

static struct story_sample samples[STORY_SAMPLES];

Test(biography, samples_cover_the_whole_run_evenly) {
    for (uint32_t i = 0; i < 100000; i++) {
        EVENT(FLT_MM_PAGE_ALLOC, i % 1000, 0, 0xd2, 1, 1, 1, 1, i, 60, 120, 180);
        script.blocks += 90;
    }
    size_t count = story_samples(script.story, samples, STORY_SAMPLES);
    cr_assert(count > STORY_SAMPLES / 3 && count <= STORY_SAMPLES, "%zu", count);
    cr_expect_lt(samples[0].blocks, 2000);
    cr_expect_eq(samples[count - 1].free[4], 99999, "the last is the state of now");
    uint64_t distance = samples[1].blocks - samples[0].blocks;
    for (size_t i = 1; i + 1 < count; i++) {
        uint64_t step = samples[i].blocks - samples[i - 1].blocks;
        cr_expect(step > distance / 4 && step < distance * 4, "sample %zu: %u", i, (unsigned)step);
    }
    cr_expect_eq(samples[5].free[1], UINT32_MAX, "a zone that nobody told of");
}

/* A free does not say its node: the allocation did. */
Test(biography, a_free_counts_for_the_node_of_its_frame) {
    EVENT(FLT_MM_PAGE_ALLOC, 0x900, 0, 0xd2, 1, 1, 1, 1, 500, 60, 120, 180);
    EVENT(FLT_MM_PAGE_FREE, 0x900, 0, 1, 501);
    EVENT(FLT_MM_PAGE_FREE, 0x901, 0, 1, 77);
    size_t count = story_samples(script.story, samples, STORY_SAMPLES);
    cr_assert_gt(count, 0);
    cr_expect(samples[count - 1].free[4] == 501 && samples[count - 1].free[1] == 77);
}

/* ---- the call path ---- */

Test(biography, the_call_path_belongs_to_the_innermost_fault_of_its_task) {
    uint32_t path[20];
    for (uint32_t i = 0; i < 20; i++)
        path[i] = 0xc0100000 + i;
    begin(SCRIPT_LINEAR, MMU_WRITE);
    story_call_path(script.story, 7, path, 3);
    story_call_path(script.story, 8, path, 5);
    end();
    const struct story_fault *fault = story_last(script.story);
    cr_expect(fault->path_count == 3 && fault->path[2] == 0xc0100002);
    cr_expect_str_eq(story_path_name(script.story, fault, 0, NULL), "", "without a kernel image");
    begin(SCRIPT_LINEAR, MMU_WRITE);
    story_call_path(script.story, 7, path, 20);
    end();
    cr_expect_eq(story_last(script.story)->path_count, STORY_PATH_MAX);
}

Test(biography_path, names_the_caller_not_what_follows_it) {
    size_t size;
    char error[200];
    uint8_t *file = toy_read_file(TOY_KERNEL, &size);
    struct image *image = image_open(file, size, error, sizeof error);
    struct story_config config = {.kernel = image};
    struct image_line line;
    uint64_t start, bytes;
    cr_assert(image && image_symbol(image, "toy_sum", &start, &bytes));
    script_open(&script, &config);
    begin(SCRIPT_LINEAR, MMU_WRITE);
    uint32_t path[] = {(uint32_t)(start + bytes), (uint32_t)start + 1, 5};
    story_call_path(script.story, 7, path, 3);
    end();
    const struct story_fault *fault = story_last(script.story);
    for (unsigned round = 0; round < 2; round++) {
        cr_expect_str_eq(story_path_name(script.story, fault, 0, &line), "toy_sum", "a call that ends its function");
        cr_expect(line.file && strstr(line.file, "toy_kernel.c") && line.line > 0);
        cr_expect_str_eq(story_path_name(script.story, fault, 1, &line), "toy_sum");
        cr_expect_str_eq(story_path_name(script.story, fault, 2, &line), "");
        cr_expect_null(line.file);
        cr_expect_str_eq(story_path_name(script.story, fault, 3, &line), "", "past the end");
    }
    script_close(&script);
    image_close(image);
    free(file);
}
