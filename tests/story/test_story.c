/* Which record an event belongs to, when it closes, and what a hostile or silent guest can do to the books. */
#include "tests/story/script.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script script;
static uint64_t opened_numbers[4096], closed_numbers[4096];
static unsigned opened_count, closed_count, event_count;

static void on_opened(void *owner, const struct story_fault *fault) {
    cr_assert_eq(owner, &script);
    cr_assert_eq(fault->end_blocks, 0);
    opened_numbers[opened_count++ % 4096] = fault->number;
}

static void on_closed(void *owner, const struct story_fault *fault) {
    cr_assert_eq(owner, &script);
    cr_assert_neq(fault->end_blocks, 0);
    closed_numbers[closed_count++ % 4096] = fault->number;
}

static void on_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    cr_assert_eq(owner, &script);
    cr_assert_eq(blocks, script.blocks);
    event_count += record->bytes >= sizeof *record;
}

static void set_up(void) {
    struct story_listener listener = {&script, on_closed, on_event, on_opened};
    script_open(&script, NULL);
    story_listen(script.story, &listener);
}

static void tear_down(void) { script_close(&script); }

TestSuite(story, .init = set_up, .fini = tear_down);

static const struct story_fault *record(uint64_t number) {
    const struct story_fault *fault = story_fault_by_number(script.story, number);
    cr_assert_not_null(fault, "record %u", (unsigned)number);
    return fault;
}

static struct story_counters counters(void) {
    struct story_counters now;
    story_counters(script.story, &now);
    return now;
}

static void begin(uint64_t linear) { script_begin(&script, linear, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0); }
static void end(void) { script_end(&script, FLT_OUTCOME_RETRY, 0, 0); }

static void hardware(uint64_t linear) {
    struct cpu_page_fault fault = script_fault(linear, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_hardware(&script, &fault);
}

Test(story, one_fault_from_begin_to_end) {
    begin(0x40000000);
    cr_assert_eq(story_fault_count(script.story), 1);
    cr_assert_eq(closed_count, 0);
    cr_assert_null(story_last(script.story));
    end();
    cr_assert_eq(closed_count, 1);
    cr_assert_eq(story_last(script.story), record(1));
    cr_assert_eq(record(1)->begin_blocks, 1030);
    cr_assert_eq(record(1)->end_blocks, 1050);
    cr_assert_eq(record(1)->pid, 7);
    cr_assert_str_eq(record(1)->comm, "first-faults");
    cr_assert(record(1)->traced && record(1)->user_program);
    cr_assert_eq(record(1)->outcome, FLT_OUTCOME_RETRY);
    cr_assert_eq(record(1)->nested_in, 0);
    cr_assert_eq(record(1)->pgd_phys, 0x03f2c000);
    cr_assert_eq(event_count, 2);
}

Test(story, a_fault_inside_a_fault) {
    begin(0x40000000);
    begin(0xe0801000);
    script_branch(&script, FLT_BRANCH_VMALLOC_SYNC);
    end();
    script_branch(&script, FLT_BRANCH_ANON);
    end();
    cr_assert_eq(record(1)->branch, FLT_BRANCH_ANON);
    cr_assert_eq(record(2)->branch, FLT_BRANCH_VMALLOC_SYNC);
    cr_assert_eq(record(2)->nested_in, 1);
    cr_assert_eq(record(1)->nested_in, 0);
    cr_assert(closed_numbers[0] == 2 && closed_numbers[1] == 1);
    cr_assert_eq(story_last(script.story), record(1), "the last is the last to close");
}

Test(story, two_tasks_that_sleep_in_turn) {
    script_task_new(&script, 8, 7, "child");
    begin(0x40000000);
    script_switch(&script, 7, 8);
    script.pid = 8;
    begin(0x50000000);
    script_branch(&script, FLT_BRANCH_FILE_MAJOR);
    script_switch(&script, 8, 7);
    script.pid = 7;
    script_branch(&script, FLT_BRANCH_ANON);
    end();
    script_switch(&script, 7, 8);
    script.pid = 8;
    end();
    cr_assert_eq(record(1)->pid, 7);
    cr_assert_eq(record(2)->pid, 8);
    cr_assert_eq(record(2)->nested_in, 0, "another task's fault is no nesting");
    cr_assert_eq(record(1)->branch, FLT_BRANCH_ANON);
    cr_assert_eq(record(2)->branch, FLT_BRANCH_FILE_MAJOR);
    cr_assert_eq(record(1)->waits, 1);
    cr_assert_eq(record(1)->wait_blocks, 40, "%u", (unsigned)record(1)->wait_blocks);
    cr_assert_eq(record(2)->waits, 1);
    cr_assert_eq(record(2)->wait_blocks, 30, "%u", (unsigned)record(2)->wait_blocks);
    cr_assert_str_eq(record(2)->comm, "child");
    cr_assert(record(2)->user_program, "a child of the program belongs to it");
}

Test(story, faults_before_the_program_are_not_the_programs) {
    struct script early;
    static const struct story_config none;
    static const uint32_t started[] = {FLT_PHASE_PROGRAM_START};
    early = (struct script){.story = story_create(&none), .blocks = 0, .pid = 1};
    script_task_new(&early, 1, 0, "init");
    script_task_new(&early, 2, 1, "init");
    script_begin(&early, 0x40000000, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_end(&early, FLT_OUTCOME_RETRY, 0, 0);
    early.pid = 2;
    script_event(&early, FLT_BOOT_PHASE, started, 1);
    script_begin(&early, 0x40000000, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_end(&early, FLT_OUTCOME_RETRY, 0, 0);
    early.pid = 1;
    script_begin(&early, 0x40000000, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_end(&early, FLT_OUTCOME_RETRY, 0, 0);
    cr_assert_eq(story_fault_count(early.story), 3);
    cr_assert_eq(story_user_fault_count(early.story), 1);
    cr_assert(story_fault_by_number(early.story, 2)->user_program);
    size_t count;
    const struct story_mark *marks = story_marks(early.story, &count);
    cr_assert_eq(count, 1);
    cr_assert_eq(marks[0].fault, 2);
    script_close(&early);
}

Test(story, a_task_takes_its_new_name) {
    uint32_t words[5] = {7};
    memcpy(words + 1, "renamed\x01\xff", 10);
    script_event(&script, FLT_TASK_RENAME, words, 5);
    begin(0x40000000);
    cr_assert_str_eq(record(1)->comm, "renamed??");
}

Test(story, a_fault_of_a_silent_kernel_closes_at_the_next) {
    hardware(0x40000000);
    hardware(0x40001000);
    cr_assert_eq(closed_count, 1);
    cr_assert_eq(record(1)->outcome, STORY_OUTCOME_UNKNOWN);
    cr_assert_not(record(1)->traced);
    story_finish(script.story, 9000);
    cr_assert_eq(closed_count, 2);
    cr_assert_eq(record(2)->end_blocks, 9000);
    cr_assert_eq(counters().faults_unknown, 2);
}

Test(story, a_fault_of_a_silent_kernel_closes_at_its_return) {
    hardware(0x40000000);
    story_fault_return(script.story, 1234, 0x08048a2e, 0);
    story_fault_return(script.story, 1234, 0x08048a30, 3);
    cr_assert_eq(closed_count, 0, "another context returned");
    story_fault_return(script.story, 1234, 0x08048a2e, 3);
    cr_assert_eq(closed_count, 1);
    cr_assert_eq(record(1)->end_blocks, 1234);
    begin(0x40000000);
    story_fault_return(script.story, 1300, 0x08048a2e, 3);
    cr_assert_eq(closed_count, 1, "a traced fault waits for its fault_end");
}

Test(story, every_fault_of_a_silent_kernel_is_marked) {
    static const struct story_config silent = {.foreign = true};
    struct cpu_page_fault fault = script_fault(0x40000000, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    struct story *foreign = story_create(&silent);
    size_t count;
    for (unsigned i = 1; i <= 3; i++) {
        fault.blocks = i;
        story_page_fault(foreign, &fault, NULL);
    }
    const struct story_mark *marks = story_marks(foreign, &count);
    cr_assert_eq(count, 3, "nothing more will be told of a fault: it is over as it comes");
    cr_assert(marks[0].track == TRACK_USER && marks[0].fault == 1 && marks[0].blocks == 1);
    cr_assert(story_last(foreign)->number == 3 && story_last(foreign)->shown);
    story_destroy(foreign);
}

Test(story, begin_must_name_the_address_of_the_last_hardware_fault) {
    hardware(0x40000000);
    script_fault_begin(&script, 0x40000004);
    cr_assert_not(record(1)->traced);
    cr_assert_eq(counters().events_unmatched, 1);
    script_fault_begin(&script, 0x40000000);
    cr_assert(record(1)->traced);
    script_fault_begin(&script, 0x40000000);
    cr_assert_eq(counters().events_unmatched, 2, "one hardware fault begins once");
}

Test(story, begin_names_the_task) {
    script_switch(&script, 7, 9);
    script.pid = 7;
    hardware(0x40000000);
    cr_assert_eq(record(1)->pid, 9);
    cr_assert_eq(story_user_fault_count(script.story), 0);
    script_fault_begin(&script, 0x40000000);
    cr_assert_eq(record(1)->pid, 7);
    cr_assert_eq(story_user_fault_count(script.story), 1);
}

Test(story, events_without_a_fault_are_counted_and_change_nothing) {
    end();
    script_branch(&script, FLT_BRANCH_ANON);
    script_pte(&script, 0, 1);
    script_vma(&script, 0, 4096, 1, 0, 0, "");
    cr_assert_eq(counters().events_unmatched, 4);
    script_alloc(&script, 1, 0, 0, false, 1);
    cr_assert_eq(counters().events_unmatched, 4, "an allocation outside a fault is no mistake");
    cr_assert_eq(story_fault_count(script.story), 0);
}

Test(story, events_of_another_task_do_not_touch_a_record) {
    begin(0x40000000);
    script.pid = 8;
    script_alloc(&script, 1, 0, 0, false, 1);
    script_branch(&script, FLT_BRANCH_OOM);
    end();
    cr_assert_eq(record(1)->frame_count, 0);
    cr_assert_eq(record(1)->branch, FLT_BRANCH_NONE);
    cr_assert_eq(closed_count, 0);
}

Test(story, a_task_that_dies_in_a_fault_closes_its_records) {
    uint32_t gone[] = {7, 9};
    begin(0x40000000);
    begin(0x40001000);
    script_event(&script, FLT_TASK_EXIT, gone, 2);
    cr_assert_eq(closed_count, 2);
    cr_assert(closed_numbers[0] == 2 && closed_numbers[1] == 1);
    cr_assert_eq(record(1)->outcome, FLT_OUTCOME_KILLED);
}

Test(story, malformed_events_are_refused) {
    uint32_t words[64] = {0};
    struct flt_record head = {FLT_FAULT_BRANCH, 12, 7};
    for (size_t bytes = 0; bytes <= 64; bytes++) {
        head.bytes = (uint16_t)bytes;
        memcpy(words, &head, sizeof head);
        cr_assert_eq(story_guest_event(script.story, 1, words, bytes), bytes == 12, "%zu bytes", bytes);
        cr_assert_eq(story_guest_event(script.story, 1, words, bytes + 1), false, "%zu bytes, one more given", bytes);
        event_count = 0;
        script.blocks = 1;
    }
    cr_assert_eq(counters().events_malformed, 64 + 65);
    static uint8_t huge[FLT_RECORD_MAX + 8];
    head = (struct flt_record){999, sizeof huge, 7};
    memcpy(huge, &head, sizeof head);
    cr_assert_not(story_guest_event(script.story, 1, huge, sizeof huge));
    cr_assert_eq(event_count, 0, "a malformed event reaches nobody");
}

Test(story, an_unknown_type_is_passed_on) {
    uint32_t words[] = {1, 2, 3};
    cr_assert(script_event(&script, 999, words, 3));
    cr_assert_eq(event_count, 1);
    cr_assert_eq(counters().events_unmatched, 0);
}

Test(story, a_text_without_an_end_is_cut) {
    uint32_t words[14] = {0x40000000, 0x40001000};
    memset(words + 6, 'x', 32);
    begin(0x40000000);
    script_event(&script, FLT_FAULT_VMA, words, 14);
    cr_assert_eq(strlen(record(1)->vma_name), 32);
}

Test(story, a_flood_of_unfinished_faults_closes_the_oldest) {
    for (unsigned i = 0; i < 1000; i++) {
        script.pid = i;
        begin(0x40000000 + i * 4096);
    }
    cr_assert_eq(story_fault_count(script.story), 1000);
    cr_assert_eq(closed_count, 1000 - 64);
    for (unsigned i = 0; i < closed_count; i++)
        cr_assert_eq(closed_numbers[i], i + 1, "in order");
    story_finish(script.story, 99999);
    cr_assert_eq(closed_count, 1000);
}

Test(story, old_records_make_room) {
    struct story_config config = {.keep = 1};
    struct script small;
    script_open(&small, &config);
    script_begin(&small, 0x1000, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0); /* never ends */
    small.pid = 8;
    for (unsigned i = 0; i < 300; i++) {
        script_begin(&small, 0x40000000 + i * 4096, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
        script_end(&small, FLT_OUTCOME_RETRY, 0, 0);
    }
    cr_assert_null(story_fault_by_number(small.story, 0));
    cr_assert_null(story_fault_by_number(small.story, 1));
    cr_assert_null(story_fault_by_number(small.story, 301 - 128));
    cr_assert_null(story_fault_by_number(small.story, 302));
    for (uint64_t number = 301 - 127; number <= 301; number++) {
        const struct story_fault *fault = story_fault_by_number(small.story, number);
        cr_assert_eq(fault->number, number);
        cr_assert_eq(fault->linear, 0x40000000 + (number - 2) * 4096);
    }
    struct story_counters now;
    story_counters(small.story, &now);
    cr_assert_eq(now.faults_unknown, 1, "the one that never ended was closed before its place was used again");
    script_close(&small);
}

Test(story, marks_follow_the_branches_and_stay_bounded) {
    static const struct {
        uint32_t branch;
        uint8_t track;
    } expected[] = {{FLT_BRANCH_ANON_ZERO, TRACK_ANON},
                    {FLT_BRANCH_ANON, TRACK_ANON},
                    {FLT_BRANCH_FILE_MINOR, TRACK_FILE},
                    {FLT_BRANCH_FILE_COW, TRACK_FILE},
                    {FLT_BRANCH_COW_COPY, TRACK_COW},
                    {FLT_BRANCH_COW_REUSE, TRACK_COW},
                    {FLT_BRANCH_SWAP_IN, TRACK_SWAP},
                    {FLT_BRANCH_SEGV, TRACK_BAD},
                    {FLT_BRANCH_OOPS, TRACK_BAD},
                    {FLT_BRANCH_NONE, TRACK_KERNEL},
                    {FLT_BRANCH_VMALLOC_SYNC, TRACK_KERNEL},
                    {1234, TRACK_KERNEL}};
    struct story_config config = {.keep = 128};
    struct script small;
    size_t count;
    script_open(&small, &config);
    for (unsigned i = 0; i < 1000; i++) {
        script_begin(&small, 0x40000000, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
        script_branch(&small, expected[i % 12].branch);
        script_end(&small, FLT_OUTCOME_RETRY, 0, 0);
    }
    const struct story_mark *marks = story_marks(small.story, &count);
    cr_assert(count >= 128 && count <= 256, "%zu", count);
    cr_assert_eq(marks[count - 1].fault, 1000);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(marks[i].track, expected[(marks[i].fault - 1) % 12].track, "fault %u", (unsigned)marks[i].fault);
        cr_assert(i == 0 || marks[i].blocks > marks[i - 1].blocks);
    }
    script_close(&small);
}

/* The same feed gives the same bytes. */
static size_t tell(char *text, size_t size) {
    struct script again;
    size_t length = 0;
    script_open(&again, NULL);
    for (unsigned i = 0; i < 20; i++) {
        script_begin(&again, 0x40000000 + i * 4096, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
        script_alloc(&again, 0x100 + i, 1, 1, true, 9143);
        script_end(&again, FLT_OUTCOME_RETRY, 0, 0);
        length += story_fault_json(story_last(again.story), text + length, size - length);
        length += story_fault_text(story_last(again.story), text + length, size - length);
        length += story_fault_line(story_last(again.story), text + length, size - length);
    }
    script_close(&again);
    return length;
}

Test(story, is_the_same_every_time) {
    static char first[1 << 18], second[1 << 18];
    size_t length = tell(first, sizeof first);
    cr_assert_lt(length, sizeof first);
    cr_assert_eq(tell(second, sizeof second), length);
    cr_assert_eq(memcmp(first, second, length), 0);
}
