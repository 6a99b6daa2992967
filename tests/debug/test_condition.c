/* The language of stop conditions: what parses, what is refused and with which sentence, and what a condition fits. */
#include "emu/debug/condition.h"
#include "emu/story/event_types.h"
#include "emu/story/words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct condition *parsed(const char *text) {
    char error[400] = "";
    struct condition *condition = condition_parse(text, error, sizeof error);
    cr_assert(condition, "'%s' is refused: %s", text, error);
    return condition;
}

static void refused(const char *text, const char *sentence) {
    char error[400] = "";
    struct condition *condition = condition_parse(text, error, sizeof error);
    cr_expect_null(condition, "'%s' is taken", text);
    cr_expect(strstr(error, sentence), "'%s' is refused with '%s', not '%s'", text, error, sentence);
    cr_expect_null(strchr(error, '\n'));
    condition_free(condition);
}

/* ---- parsing ---- */

Test(condition, every_example_parses) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    cr_assert_geq(count, 16);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(strncmp(kinds[i].example, kinds[i].name, strlen(kinds[i].name)), 0, "%s", kinds[i].example);
        condition_free(parsed(kinds[i].example));
        condition_free(parsed(kinds[i].name));
    }
}

/* With no value a key is either a flag or asks for one: it is never unknown. */
Test(condition, every_key_of_the_help_is_known) {
    size_t count;
    const struct condition_kind *kinds = condition_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        char keys[300], text[400], error[400];
        snprintf(keys, sizeof keys, "%s", kinds[i].keys);
        for (char *save = NULL, *key = strtok_r(keys, " ", &save); key; key = strtok_r(NULL, " ", &save)) {
            error[0] = '\0';
            snprintf(text, sizeof text, "%s %s", kinds[i].name, key);
            struct condition *condition = condition_parse(text, error, sizeof error);
            cr_expect(condition || strstr(error, "needs a value") || strstr(error, "takes ="), "%s: %s", text, error);
            condition_free(condition);
        }
    }
}

Test(condition, branches_and_outcomes_have_the_names_of_the_trace) {
    char text[100];
    for (uint32_t branch = 0; branch < FLT_BRANCH_COUNT; branch++) {
        struct story_fault fault = {.branch = branch, .user_program = true, .traced = true};
        snprintf(text, sizeof text, "fault branch=%s", words_branch_key(branch));
        struct condition *condition = parsed(text);
        cr_expect(condition_on_fault(condition, &fault), "%s", text);
        fault.branch = branch + 1;
        cr_expect_not(condition_on_fault(condition, &fault), "%s", text);
        condition_free(condition);
    }
    for (uint32_t outcome = 0; outcome <= FLT_OUTCOME_KILLED; outcome++) {
        struct story_fault fault = {.outcome = outcome, .user_program = true, .traced = true};
        snprintf(text, sizeof text, "fault outcome=%s", words_outcome_key(outcome));
        struct condition *condition = parsed(text);
        cr_expect(condition_on_fault(condition, &fault), "%s", text);
        condition_free(condition);
    }
}

/* Every event by its own name, with each of its own members. */
Test(condition, every_event_and_member_is_a_word) {
    char text[150];
    for (uint16_t type = 1; type < 128; type++) {
        const struct event_type *known = story_event_type(type);
        if (!known)
            continue;
        condition_free(parsed(known->name));
        for (const struct event_member *member = known->members; member->key; member++) {
            snprintf(text, sizeof text, "event name=%s %s=1", known->name, member->key);
            condition_free(parsed(text));
        }
    }
}

Test(condition, blanks_case_and_quotation_marks) {
    static const char *const good[] = {"  fault   branch = cow_copy , swap_in   ",
                                       "FAULT Branch=COW-COPY",
                                       "fault vma=\"my file\" major",
                                       "split order >= 3",
                                       "lru why=second_chance",
                                       "event name = mm_page_alloc, mm_page_free order == 0",
                                       "fault error=W+U/U",
                                       "fault error=0x7/0x6",
                                       "fault major=0 kernel"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        condition_free(parsed(good[i]));
}

Test(condition, each_wrong_text_has_its_sentence) {
    refused("", "a condition begins with a kind: fault, pte,");
    refused("   ", "a condition begins with a kind");
    refused("=", "character 1: a condition begins with a kind");
    refused("fualt", "character 1: there is no kind 'fualt'; did you mean 'fault'?");
    refused("xyzzy", "there is no kind 'xyzzy'; the kinds are fault, pte,");
    refused("fault brnch=anon", "character 7: 'fault' has no word 'brnch'; did you mean 'branch'?");
    refused("kswapd qqqqq=1", "character 8: 'kswapd' has no word 'qqqqq'; it has what, node, zone");
    refused("fault branch=cow_cpy", "character 14: 'cow_cpy' is no branch; did you mean 'cow_copy'?");
    refused("kswapd what=xxxxxxx", "character 13: 'xxxxxxx' is no doing of kswapd; known are wake, sleep");
    refused("fault branch", "character 7: 'branch' needs a value: branch=...");
    refused("fault branch=", "'branch' has an empty value");
    refused("fault branch=anon,", "'branch' has an empty value");
    refused("fault branch=,anon", "'branch' has an empty value");
    refused("fault addr=xyz",
            "character 12: 'xyz' is no number: it is written in hexadecimal digits, with or without 0x");
    refused("split order=1f",
            "character 13: '1f' is no number: it is written in decimal digits, or hexadecimal ones after 0x");
    refused("fault addr=4000-", "'' is no end of a range");
    refused("fault addr=-4000", "is no number");
    refused("fault addr=4000-4000", "the range 4000-4000 is empty");
    refused("fault addr=5000-4000", "the range 5000-4000 is empty");
    refused("fault addr=11112222333344445", "is no number");
    refused("fault branch>=anon", "character 13: 'branch' has no order: only = and != fit");
    refused("split order>=1,2", "an order compares 'order' with one number");
    refused("split order>=1-3", "an order compares 'order' with one number");
    refused("pte bit!=D", "'bit' takes = alone: list what you want");
    refused("pte bit=Q", "'Q' is no bit of an entry");
    refused("fault error=Z", "'Z' is no error code: write MASK/VALUE");
    refused("fault error=2/4", "error=2/4 can never be: VALUE has bits that MASK leaves out");
    refused("fault error=/", "is no error code");
    refused("fault vma=\"open", "character 11: the quotation mark that opens here is never closed");
    refused("fault &", "character 7: '&' begins no word; words are written key=value");
    refused("fault \x80", "character 7: '?' begins no word");
    refused("fault major=2", "'major' is 0 or 1");
    refused("event name=mm_page_aloc", "character 12: there is no event 'mm_page_aloc'; did you mean 'mm_page_alloc'?");
    refused("event name=zzzzzzzz", "there is no event 'zzzzzzzz'; docs/trace.md lists them");
    refused("event name>=mm_page_alloc", "'name' takes = and names of events");
    refused("event name=mm_page_alloc slot=3", "'event' has no word 'slot'");
    refused("event name=mm_page_alloc ordr=3", "did you mean 'order'?");
    refused("harvest addr=4000 young=1", "this can never be: its words do not go together");
    refused("kswapd what!=wake,sleep", "this can never be");
    char text[2 * CONDITION_TEXT], sentence[80];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    snprintf(sentence, sizeof sentence, "the condition is too long; at most %u", CONDITION_TEXT - 1);
    refused(text, sentence);
    strcpy(text, "fault");
    for (int i = 0; i < 25; i++)
        strcat(text, " major");
    refused(text, "there are too many words");
}

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

/* Pieces of good conditions between random bytes reach deeper than bytes alone. */
Test(condition, random_texts_do_no_harm) {
    static const char *const pieces[] = {"fault ",
                                         "event ",
                                         "name=",
                                         "mm_page_alloc",
                                         "branch",
                                         "=",
                                         "!=",
                                         ">=",
                                         ",",
                                         "-",
                                         "\"",
                                         "pte bit=",
                                         "addr=",
                                         "0x",
                                         "4000",
                                         "error=",
                                         "/",
                                         "cow_copy",
                                         "*",
                                         " ",
                                         "task=",
                                         "vma=",
                                         "harvest young",
                                         "order",
                                         "18446744073709551615"};
    struct story_fault fault = {.user_program = true, .vma_found = true, .vma_name = "hello"};
    uint32_t state = 1;
    unsigned taken = 0;
    for (unsigned round = 0; round < 20000; round++) {
        char text[300] = "", error[120];
        size_t length = 0;
        for (unsigned part = next_random(&state) % 12; part > 0 && length < 250; part--)
            if (next_random(&state) % 4)
                length += (size_t)snprintf(text + length, sizeof text - length, "%s",
                                           pieces[next_random(&state) % (sizeof pieces / sizeof pieces[0])]);
            else
                text[length++] = (char)(1 + next_random(&state) % 255);
        text[length] = '\0';
        error[0] = '\0';
        struct condition *condition = condition_parse(text, error, sizeof error);
        cr_assert(condition ? !error[0] : error[0], "'%s' leaves '%s'", text, error);
        if (condition) {
            taken++;
            condition_on_fault(condition, &fault);
        }
        condition_free(condition);
    }
    cr_expect_gt(taken, 100); /* or the pieces no longer fit together */
}

/* ---- matching: faults ---- */

static struct story_fault sample_fault(void) {
    struct story_fault fault = {.number = 18,
                                .pid = 7,
                                .comm = "hello",
                                .user_program = true,
                                .traced = true,
                                .error_code = 7,
                                .rip = 0x08048123,
                                .linear = 0x40001234,
                                .symbol = "main+0x1a",
                                .source_file = "hello.c",
                                .source_line = 12,
                                .vma_found = true,
                                .vma_start = 0x40001000,
                                .vma_end = 0x40003000,
                                .vma_name = "/lib/libc.so",
                                .branch = FLT_BRANCH_COW_COPY,
                                .has_cow = true,
                                .cow_old_pfn = 0x1a73,
                                .cow_new_pfn = 0x2c11,
                                .cow_old_mapcount = 2,
                                .has_pte = true,
                                .pte_after = 0x02c11067,
                                .reclaims = 1};
    fault.walk.access.kind = MMU_WRITE;
    fault.walk.result.rule = MMU_RULE_READ_ONLY;
    fault.walk.count = 2;
    fault.walk.steps[0].level = 2;
    fault.walk.steps[1].level = 1;
    fault.walk.steps[1].refused = MMU_RULE_READ_ONLY;
    return fault;
}

static void expect_fault(const struct story_fault *fault, const char *text, bool fits) {
    struct condition *condition = parsed(text);
    cr_expect_eq(condition_on_fault(condition, fault), fits, "%s", text);
    cr_expect(condition_needs(condition).faults);
    condition_free(condition);
}

Test(condition, words_of_a_fault) {
    const struct story_fault fault = sample_fault();
    static const char *const fits[] = {"fault",
                                       "fault branch=cow_copy",
                                       "fault branch=anon,cow_copy",
                                       "fault branch=cow",
                                       "fault branch!=anon",
                                       "fault access=write",
                                       "fault error=2/2",
                                       "fault error=7",
                                       "fault error=W",
                                       "fault error=P+W+U/7",
                                       "fault error=I/0",
                                       "fault addr=40001234",
                                       "fault addr=0x40001000-0x40003000",
                                       "fault addr>40001233 addr<40001235",
                                       "fault addr>=40001234 addr<=40001234",
                                       "fault vma=/lib/libc.so",
                                       "fault vma=libc.so",
                                       "fault vma=libc*",
                                       "fault vma=40002fff",
                                       "fault level=pte",
                                       "fault level=1",
                                       "fault level!=pde",
                                       "fault rule=read-only",
                                       "fault rule=READ_ONLY",
                                       "fault task=7",
                                       "fault task=hello",
                                       "fault task=he*o",
                                       "fault outcome=ok",
                                       "fault frame=2c11",
                                       "fault frame=0x1a73",
                                       "fault frame=2c00-2c12",
                                       "fault ip=08048123",
                                       "fault function=main",
                                       "fault function=ma*",
                                       "fault file=hello.c line=12",
                                       "fault line>=10 line<13",
                                       "fault mapcount>=2",
                                       "fault reclaims>=1",
                                       "fault major=0",
                                       "fault waits=0",
                                       "fault kernel",
                                       "fault signal=0",
                                       "fault branch=cow_copy access=write error=2/2 task=7"};
    static const char *const not [] = {"fault branch=anon",
                                       "fault branch!=cow",
                                       "fault access=read,fetch",
                                       "fault error=2/0",
                                       "fault error=6",
                                       "fault addr=40001000-40001234",
                                       "fault addr>40001234",
                                       "fault addr<40001234",
                                       "fault vma=none",
                                       "fault vma=anonymous",
                                       "fault vma=[heap]",
                                       "fault vma=40003000",
                                       "fault vma=libc",
                                       "fault level=pde",
                                       "fault rule=not-present",
                                       "fault task=8",
                                       "fault task=hell",
                                       "fault outcome=signal",
                                       "fault frame=2c12",
                                       "fault function=mai",
                                       "fault function=main+0x1a",
                                       "fault line=13",
                                       "fault mapcount>2",
                                       "fault major",
                                       "fault branch=cow_copy access=read"};
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++)
        expect_fault(&fault, fits[i], true);
    for (size_t i = 0; i < sizeof not / sizeof not [0]; i++)
        expect_fault(&fault, not [i], false);
}

Test(condition, what_a_fault_does_not_have) {
    struct story_fault fault = sample_fault();
    fault.vma_found = false;
    fault.has_cow = fault.has_pte = false;
    fault.walk.count = 0;
    expect_fault(&fault, "fault vma=none", true);
    expect_fault(&fault, "fault vma=40001000", false);
    expect_fault(&fault, "fault level=pte", false);
    expect_fault(&fault, "fault mapcount>=0", false);
    expect_fault(&fault, "fault frame=0-ffffffff", false);
    fault.vma_found = true;
    fault.vma_name[0] = '\0';
    expect_fault(&fault, "fault vma=anonymous", true);
    expect_fault(&fault, "fault vma=\"none\"", false);
    fault.user_program = false;
    expect_fault(&fault, "fault", false);
    expect_fault(&fault, "fault kernel", true);
    fault.traced = false; /* of a kernel that tells nothing */
    expect_fault(&fault, "fault", true);
}

/* ---- matching: events ---- */

static void expect_event(const void *record, const char *text, bool fits) {
    const struct flt_record *head = record;
    struct condition *condition = parsed(text);
    struct condition_needs needs = condition_needs(condition);
    cr_expect_eq(condition_on_event(condition, head, "hello"), fits, "%s", text);
    if (fits)
        cr_expect(needs.types[head->type / 32] >> head->type % 32 & 1, "%s is not told of its event", text);
    condition_free(condition);
}

#define HEAD(structure, type)                                                                                          \
    { type, sizeof(struct structure), 7 }

Test(condition, changes_of_entries) {
    const struct flt_fault_pte fault = {HEAD(flt_fault_pte, FLT_FAULT_PTE), 0x40001000, 0x1000, 0x01a73025, 0x02c11067};
    expect_event(&fault, "pte", true);
    expect_event(&fault, "pte bit=W", true);
    expect_event(&fault, "pte bit=W change=set", true);
    expect_event(&fault, "pte bit=W change=clear", false);
    expect_event(&fault, "pte bit=D,P", true);
    expect_event(&fault, "pte bit=P", false);
    expect_event(&fault, "pte addr=40001000-40002000 by=fault task=hello", true);
    expect_event(&fault, "pte by=cpu,unmap", false);
    expect_event(&fault, "pte frame=1a73 level=pte", true);
    expect_event(&fault, "pte frame=1a74", false);
    const struct flt_mm_unmap unmap = {HEAD(flt_mm_unmap, FLT_MM_UNMAP), 0x2c11, 0x40001000, 0, 0x02c11067, 0xb800};
    expect_event(&unmap, "pte bit=P change=clear by=unmap", true);
    expect_event(&unmap, "pte bit=D change=cleared", true);
    expect_event(&unmap, "pte change=set", false); /* the slot's number is no bit */
    const struct condition_entry entry = {
        .linear = 0x40001000, .before = 0x02c11027, .after = 0x02c11067, .level = 1, .pid = 7};
    static const char *const fits[] = {"pte",           "pte bit=D change=set", "pte by=cpu",
                                       "pte level=pte", "pte frame=2c11",       "pte addr=40001000",
                                       "pte task=7"};
    static const char *const not [] = {"pte bit=A",      "pte bit=D change=clear", "pte by=unmap", "pte level=pde",
                                       "pte task=hello", "harvest bit=A",          "fault"};
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
        struct condition *condition = parsed(fits[i]);
        cr_expect(condition_needs(condition).entries && condition_on_entry(condition, &entry), "%s", fits[i]);
        condition_free(condition);
    }
    for (size_t i = 0; i < sizeof not / sizeof not [0]; i++) {
        struct condition *condition = parsed(not [i]);
        cr_expect_not(condition_on_entry(condition, &entry), "%s", not [i]);
        condition_free(condition);
    }
}

Test(condition, harvests_of_a_and_d) {
    struct flt_mm_page_referenced looked = {HEAD(flt_mm_page_referenced, FLT_MM_PAGE_REFERENCED), 0x2c11, 1, 2};
    struct flt_mm_unmap unmap = {HEAD(flt_mm_unmap, FLT_MM_UNMAP), 0x2c11, 0x40001000, 0, 0x02c11067, 0xb800};
    expect_event(&looked, "harvest", true);
    expect_event(&looked, "harvest bit=A frame=2c11 young>=1 mapcount=2", true);
    expect_event(&looked, "harvest bit=D", false);
    expect_event(&unmap, "harvest", true);
    expect_event(&unmap, "harvest bit=D", true);
    expect_event(&unmap, "harvest bit=A", false);
    expect_event(&unmap, "harvest addr=40001000", true);
    looked.young = 0;
    unmap.before = 0x02c11027;
    expect_event(&looked, "harvest", false); /* it looked and found nothing */
    expect_event(&looked, "harvest young=0", true);
    expect_event(&unmap, "harvest", false);
}

Test(condition, events_of_memory_management) {
    const struct flt_mm_watermark mark = {HEAD(flt_mm_watermark, FLT_MM_WATERMARK), 0, 1, FLT_MARK_LOW, 1, 99};
    expect_event(&mark, "watermark zone=normal mark=low dir=below free<100", true);
    expect_event(&mark, "watermark dir=above", false);
    expect_event(&mark, "watermark mark=min,high", false);
    expect_event(&mark, "watermark zone=DMA", false);
    const struct flt_mm_buddy split = {HEAD(flt_mm_buddy, FLT_MM_BUDDY_SPLIT), 0x800, 5, 0};
    expect_event(&split, "split order>=3 zone=DMA frame=800", true);
    expect_event(&split, "split order>5", false);
    expect_event(&split, "merge", false);
    const struct flt_mm_buddy merge = {HEAD(flt_mm_buddy, FLT_MM_BUDDY_MERGE), 0x800, 5, 0};
    expect_event(&merge, "merge order>=5", true);
    const struct flt_mm_lru_move move = {HEAD(flt_mm_lru_move, FLT_MM_LRU_MOVE), 0x2c11, 0, 1, FLT_WHY_REFERENCED};
    expect_event(&move, "lru from=inactive to=active why=second-chance frame=2c11", true);
    expect_event(&move, "lru why=inactive", false);
    expect_event(&move, "lru from=active", false);
    const struct flt_fault_cow cow = {HEAD(flt_fault_cow, FLT_FAULT_COW), 0x1a73, 2, 0x2c11};
    expect_event(&cow, "cow frame=2c11 mapcount>=2 how=copy task=hello", true);
    expect_event(&cow, "cow frame=1a73", true);
    expect_event(&cow, "cow how=reuse", false);
    const struct flt_mm_kswapd wake = {HEAD(flt_mm_kswapd, FLT_MM_VMSCAN_KSWAPD_WAKE), 0, 1, 0, 80};
    expect_event(&wake, "kswapd", true);
    expect_event(&wake, "kswapd what=wake zone=Normal", true);
    expect_event(&wake, "kswapd what!=sleep", true);
    expect_event(&wake, "kswapd what=sleep", false);
    const struct flt_mm_direct_reclaim end = {HEAD(flt_mm_direct_reclaim, FLT_MM_VMSCAN_DIRECT_END), 0, 0, 10, 40};
    expect_event(&end, "direct what=end reclaimed>=32 task=7", true);
    expect_event(&end, "direct what=begin", false);
    const struct flt_mm_vmscan_page page = {
        HEAD(flt_mm_vmscan_page, FLT_MM_VMSCAN_PAGE), 0x2c11, FLT_OUTCOME_KEEP, FLT_WHY_WRITEBACK, 0, 1, 1};
    expect_event(&page, "decision outcome=keep why=writeback anon", true);
    expect_event(&page, "decision outcome=reclaim", false);
    const struct flt_mm_writepage out = {HEAD(flt_mm_writepage, FLT_MM_VMSCAN_WRITEPAGE), 0x2c11, 1};
    expect_event(&out, "pageout anon=1 frame=2c11", true);
    expect_event(&out, "pageout anon=0", false);
    const struct flt_mm_swap in = {HEAD(flt_mm_swap, FLT_MM_SWAP_IN), 0x2c11, 0, 184, 0};
    expect_event(&in, "swapin slot=184 cached=0", true);
    expect_event(&in, "swapin cached", false);
    expect_event(&in, "swapout", false);
    const struct flt_mm_oom_kill oom = {HEAD(flt_mm_oom_kill, FLT_MM_OOM_KILL), 9, 100, 5000, 0, 0, "hog"};
    expect_event(&oom, "oom task=hog by=hello", true);
    expect_event(&oom, "oom task=9", true);
    expect_event(&oom, "oom task=hello", false);
}

Test(condition, events_by_their_own_names) {
    const struct flt_mm_page_alloc alloc = {
        HEAD(flt_mm_page_alloc, FLT_MM_PAGE_ALLOC), 0x2c11, 2, 0xd2, 0, 1, 2, 0, 900, 10, 20, 30};
    expect_event(&alloc, "event name=mm_page_alloc order>=2 zone=Normal", true);
    expect_event(&alloc, "event name=mm_page_alloc,mm_page_free pfn=2c11", true);
    expect_event(&alloc, "mm_page_alloc gfp_flags=d2 preferred_zone=HighMem", true);
    expect_event(&alloc, "alloc order>=2 frame=2c11 pages_min=10", true);
    expect_event(&alloc, "event", true);
    expect_event(&alloc, "event task=7", true);
    expect_event(&alloc, "event pfn=2c11", true);
    expect_event(&alloc, "event name=mm_page_free", false);
    expect_event(&alloc, "event task=8", false);
    const struct flt_task_rename name = {HEAD(flt_task_rename, FLT_TASK_RENAME), 7, "0123456789abcdef"};
    expect_event(&name, "task what=exec name=0123456789abcdef", true); /* a text that fills its member */
    expect_event(&name, "task_rename comm=0123*", true);
}

/* A record that says less than its type should is never read beyond its end. */
Test(condition, short_records_fit_nothing) {
    struct flt_mm_buddy split = {{FLT_MM_BUDDY_SPLIT, sizeof(struct flt_record) + 4, 7}, 0x800, 5, 0};
    expect_event(&split, "split", true);
    expect_event(&split, "split frame=800", true);
    expect_event(&split, "split order=5", false);
}
