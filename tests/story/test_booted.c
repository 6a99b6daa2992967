/* Story and kernelview on the real kernel, booted: what they say must agree with the machine and with each other. */
#include "tests/story/booted.h"
#include "tests/story/toy.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

static struct booted booted;
static struct kv_snapshot *at_exit;

static void take_snapshot(void *owner, uint32_t status) {
    struct booted *now = owner;
    (void)status;
    at_exit = kernelview_snapshot(now->view, machine_mmu(session_machine(now->session)), -1);
}

static void open_64_mib(void) { booted_open(&booted, 64u << 20, true, take_snapshot, &booted); }

static void close_booted(void) {
    kernelview_snapshot_free(at_exit);
    booted_close(&booted);
}

TestSuite(booted, .init = open_64_mib, .fini = close_booted);

static void run_to_the_end(void) {
    cr_assert_eq(session_run(booted.session, 10 * SECOND), MACHINE_STOP_EXIT, "%s",
                 machine_stop_text(session_machine(booted.session)));
    session_finish(booted.session);
}

static const struct mmu_context *mmu(void) { return machine_mmu(session_machine(booted.session)); }

static uint64_t image_frames(void) {
    uint64_t start = 0, end = 0;
    cr_assert(image_symbol(booted.kernel, "_text", &start, NULL) && image_symbol(booted.kernel, "_end", &end, NULL));
    return (end - start) / 4096;
}

Test(booted, frames_and_zones_agree) {
    run_to_the_end();
    cr_assert_not_null(at_exit);
    cr_assert_not(at_exit->torn);
    cr_assert_leq(at_exit->frame_count, 16384);
    cr_assert_gt(at_exit->frame_count, 16000);
    uint64_t free_frames = 0, total = 0;
    for (size_t i = 0; i < at_exit->zone_count; i++) {
        const struct kv_zone *zone = &at_exit->zones[i];
        uint64_t in_blocks = 0;
        for (unsigned order = 0; order < KV_ORDERS; order++)
            in_blocks += zone->nr_free_blocks[order] << order;
        cr_assert_eq(in_blocks, zone->free, "%s: %u in blocks, %u free", zone->name, (unsigned)in_blocks,
                     (unsigned)zone->free);
        cr_assert(zone->min <= zone->low && zone->low <= zone->high && zone->high > 0, "%s", zone->name);
        free_frames += zone->free + zone->pageset_count[0] + zone->pageset_count[1];
    }
    cr_assert_eq(at_exit->zone_count, 2, "DMA and Normal");
    cr_assert_str_eq(at_exit->zones[0].name, "DMA");
    cr_assert_eq(at_exit->zones[1].start_pfn, 4096);
    cr_assert_eq(at_exit->frame_kinds[FRAME_FREE], free_frames);
    for (unsigned kind = 0; kind < FRAME_KINDS; kind++)
        total += at_exit->frame_kinds[kind];
    cr_assert_eq(total, at_exit->frame_count);
    cr_assert_eq(at_exit->frame_kinds[FRAME_ABSENT], 0);
    cr_assert_gt(at_exit->frame_kinds[FRAME_ANON], 5);
    cr_assert_gt(at_exit->frame_kinds[FRAME_FILE] + at_exit->frame_kinds[FRAME_FILE_DIRTY], 400,
                 "the initramfs is page cache");
    cr_assert_gt(at_exit->frame_kinds[FRAME_KERNEL], image_frames(), "%u",
                 (unsigned)at_exit->frame_kinds[FRAME_KERNEL]);
    cr_assert_gt(at_exit->frame_kinds[FRAME_SLAB], 5);
}

static bool has_name(const char *name) {
    for (size_t i = 0; i < at_exit->space.vma_count; i++)
        if (strcmp(at_exit->space.vmas[i].name, name) == 0)
            return true;
    return false;
}

Test(booted, the_programs_address_space_is_named) {
    run_to_the_end();
    const struct kv_address_space *space = &at_exit->space;
    cr_assert_str_eq(space->comm, "first-faults");
    cr_assert(has_name("/bin/first-faults") && has_name("[heap]") && has_name("[stack]"));
    cr_assert_gt(space->vma_count, 4);
    cr_assert_gt(space->resident, 20);
    uint64_t in_tables = 0;
    for (size_t i = 0; i < space->table_count; i++)
        in_tables += space->tables[i].present;
    cr_assert_eq(in_tables, space->resident, "every present entry is a page of some region");
    cr_assert_geq(at_exit->frame_kinds[FRAME_TABLE], space->table_count + 1);
}

struct residency {
    struct booted *booted;
    unsigned checked, wrong;
};

static void compare_residency(void *owner, uint32_t status) {
    struct residency *residency = owner;
    const struct mmu_context *now = machine_mmu(session_machine(residency->booted->session));
    struct kv_snapshot *taken = kernelview_snapshot(residency->booted->view, now, -1);
    (void)status;
    for (size_t i = 0; taken && i < taken->space.vma_count; i++)
        for (uint64_t page = 0; page < taken->space.vmas[i].page_count; page++) {
            const struct kv_vma *vma = &taken->space.vmas[i];
            struct mmu_access access = {.linear = mmu_linear(vma->start + page * 4096), .kind = MMU_READ, .user = true};
            bool mapped = mmu_peek(now, access, NULL).status == MMU_OK;
            residency->checked++;
            residency->wrong += mapped != (vma->pages[page] != FRAME_ABSENT);
        }
    kernelview_snapshot_free(taken);
}

/* The walker, which kernelview does not use for this, is the judge. */
Test(booted_residency, is_what_the_walker_says) {
    struct residency residency = {.booted = &booted};
    booted_open(&booted, 64u << 20, true, compare_residency, &residency);
    run_to_the_end();
    cr_assert_gt(residency.checked, 200);
    cr_assert_eq(residency.wrong, 0, "%u of %u pages", residency.wrong, residency.checked);
    booted_close(&booted);
}

Test(booted, every_frame_alone_is_as_in_the_snapshot) {
    run_to_the_end();
    struct kv_snapshot *taken = kernelview_snapshot(booted.view, mmu(), -1);
    for (uint64_t pfn = 0; pfn < taken->frame_count; pfn++) {
        struct kv_frame frame;
        cr_assert(kernelview_frame(booted.view, mmu(), pfn, &frame));
        cr_assert_eq(frame.kind, taken->frames[pfn], "frame %u", (unsigned)pfn);
        cr_assert(frame.kind != FRAME_ANON || frame.mapcount >= 0);
    }
    kernelview_snapshot_free(taken);
}

Test(booted, tells_every_branch_of_first_faults) {
    unsigned branches[FLT_BRANCH_COUNT] = {0}, grown = 0;
    struct story_counters counters;
    struct machine_counters machine;
    run_to_the_end();
    const struct story *story = session_story(booted.session);
    for (uint64_t number = 1; number <= story_fault_count(story); number++) {
        const struct story_fault *fault = story_fault_by_number(story, number);
        cr_assert(fault && fault->traced && fault->end_blocks >= fault->begin_blocks, "fault %u", (unsigned)number);
        cr_assert_lt(fault->branch, FLT_BRANCH_COUNT);
        branches[fault->branch] += fault->user_program;
        grown += fault->vma_grown_from != 0;
    }
    cr_assert(branches[FLT_BRANCH_ANON_ZERO] && branches[FLT_BRANCH_ANON] && branches[FLT_BRANCH_COW_COPY] &&
              branches[FLT_BRANCH_COW_REUSE] && branches[FLT_BRANCH_FILE_MINOR] && branches[FLT_BRANCH_SEGV] && grown);
    story_counters(story, &counters);
    cr_assert_eq(counters.events_malformed, 0);
    cr_assert_eq(counters.events_unmatched, 0);
    cr_assert_eq(counters.faults_unknown, 0);
    machine_counters(session_machine(booted.session), &machine);
    cr_assert_eq(machine.page_faults, story_fault_count(story), "each hardware fault has a record");
    cr_assert_eq(machine.trace_dropped, 0);
}

/* The entry that the guest says it wrote is the one that the next walk finds. */
Test(booted, records_agree_with_the_hardware) {
    run_to_the_end();
    const struct story *story = session_story(booted.session);
    unsigned compared = 0;
    for (uint64_t number = 1; number <= story_fault_count(story); number++) {
        const struct story_fault *fault = story_fault_by_number(story, number);
        const struct mmu_step *last = &fault->walk.steps[fault->walk.count - 1];
        if (!fault->has_pte || last->level != 1)
            continue;
        compared++;
        cr_assert_eq(fault->pte_phys, last->at.value, "fault %u", (unsigned)number);
        cr_assert_eq(fault->pte_before, last->before, "fault %u", (unsigned)number);
        cr_assert_eq(fault->pte_address, fault->linear & ~0xfffull);
    }
    cr_assert_gt(compared, 50);
}

Test(booted, a_source_line_stands_beside_the_programs_faults) {
    run_to_the_end();
    const struct story *story = session_story(booted.session);
    unsigned found = 0;
    for (uint64_t number = 1; number <= story_fault_count(story); number++) {
        const struct story_fault *fault = story_fault_by_number(story, number);
        if (fault->branch != FLT_BRANCH_SEGV)
            continue;
        found++;
        cr_assert_str_eq(fault->source_file, "first-faults.c");
        cr_assert_not_null(strstr(fault->source_text, "0x10"), "line %u: \"%s\" at %llx", fault->source_line,
                           fault->source_text, (unsigned long long)fault->rip);
        cr_assert_eq(strncmp(fault->symbol, "main", 4), 0, "%s", fault->symbol);
    }
    cr_assert_eq(found, 1);
}

/* The guest may stand anywhere, in the middle of a list operation too. */
Test(booted, snapshots_at_arbitrary_moments) {
    uint64_t state = 12345, snapshots = 0;
    vtime at = 0;
    enum machine_stop stop = MACHINE_STOP_LIMIT;
    while (stop == MACHINE_STOP_LIMIT) {
        at += toy_random(&state) % 50000;
        stop = session_run(booted.session, at);
        struct kv_snapshot *taken = kernelview_snapshot(booted.view, mmu(), -1);
        snapshots += taken != NULL;
        kernelview_snapshot_free(taken);
    }
    cr_assert_eq(stop, MACHINE_STOP_EXIT, "%s", machine_stop_text(session_machine(booted.session)));
    cr_assert_gt(snapshots, 50);
}

static bool calls(const struct story_fault *fault, const char *function) {
    for (unsigned i = 0; i < fault->path_count; i++)
        if (strcmp(fault->calls[i].function, function) == 0)
            return true;
    return false;
}

/* Functions that the compiler has put into their callers are steps like others. */
Test(booted, every_branch_has_the_path_that_led_to_it) {
    static const struct {
        uint32_t branch;
        const char *function;
    } expected[] = {{FLT_BRANCH_ANON, "do_anonymous_page"},
                    {FLT_BRANCH_COW_COPY, "do_wp_page"},
                    {FLT_BRANCH_FILE_MINOR, "do_linear_fault"}};
    unsigned found[3] = {0};
    run_to_the_end();
    const struct story *story = session_story(booted.session);
    for (uint64_t number = 1; number <= story_fault_count(story); number++) {
        const struct story_fault *fault = story_fault_by_number(story, number);
        if (fault->branch == FLT_BRANCH_NONE)
            continue;
        cr_assert(fault->path_count > 0 && strcmp(fault->calls[0].function, "tell_branch") != 0);
        cr_assert_str_eq(fault->calls[fault->path_count - 1].function, "do_page_fault", "fault %u", (unsigned)number);
        for (unsigned i = 0; i < fault->path_count; i++)
            cr_assert(fault->calls[i].file[0] && fault->calls[i].line, "fault %u, step %u", (unsigned)number, i);
        for (unsigned i = 0; i < 3; i++)
            if (fault->branch == expected[i].branch) {
                found[i]++;
                cr_assert(calls(fault, expected[i].function), "fault %u", (unsigned)number);
            }
    }
    cr_assert(found[0] && found[1] && found[2]);
}

/* ---- a kernel without symbols ---- */

/* Frames that the current task's page tables give to the program, by what their entries say; returns how many. */
static unsigned expect_user_frames(const struct kv_address_space *space, uint8_t *of) {
    unsigned count = 0;
    for (size_t i = 0; i < space->table_count; i++) {
        struct kv_entries entries;
        cr_assert(kernelview_entries(booted.view, mmu(), space->pid, space->tables[i].index, &entries));
        for (unsigned k = 0; k < 1024; k++)
            if (entries.entry[k] & MMU_PTE_P) {
                uint8_t *use = &of[entries.entry[k] >> 12];
                count += *use == HW_UNMAPPED;
                if (*use != HW_USER_WRITABLE)
                    *use = entries.entry[k] & MMU_PTE_W ? HW_USER_WRITABLE : HW_USER;
            }
    }
    return count;
}

/* The same run twice, up to the same moment: what the page tables alone tell is what the kernel's structures tell. */
Test(booted_foreign, kernels_are_shown_by_their_page_tables) {
    static uint8_t of[16384];
    booted_open(&booted, 64u << 20, true, NULL, NULL);
    for (unsigned i = 0; i < 25; i++) {
        debugger_go(session_debugger(booted.session), GO_FAULT);
        cr_assert(debugger_run(session_debugger(booted.session), 10 * SECOND));
        cr_assert_eq(debugger_stop(session_debugger(booted.session))->reason, REASON_FAULT);
    }
    vtime moment = machine_blocks(session_machine(booted.session)) * MACHINE_BLOCK_NS;
    struct kv_snapshot *taken = kernelview_snapshot(booted.view, mmu(), -1);
    cr_assert(taken && taken->space.table_count > 1, "a program runs at that moment");
    unsigned expected = expect_user_frames(&taken->space, of), tables = (unsigned)taken->space.table_count;
    uint64_t root = taken->space.pgd_phys, linear = taken->space.vmas[0].start;
    kernelview_snapshot_free(taken);
    booted_close(&booted);
    memset(&booted, 0, sizeof booted);
    booted.foreign = true;
    booted_open(&booted, 64u << 20, true, NULL, NULL);
    cr_assert_eq(session_run(booted.session, moment), MACHINE_STOP_LIMIT);
    session_select(booted.session, SELECT_PAGE, (int64_t)linear);
    struct view *view = session_view(booted.session, 0, VIEW_PAUSED);
    const struct hw_frames *frames = &view->hardware;
    cr_assert(!view->kernel && view->kernel_missing[0] && frames->paging && !frames->torn);
    cr_expect_str_eq(frames->mode, "32-bit paging");
    cr_expect(frames->root == root && frames->count == 16384);
    cr_expect_eq(frames->uses[HW_USER] + frames->uses[HW_USER_WRITABLE], expected);
    cr_expect_geq(frames->uses[HW_TABLE], tables + 1);
    for (uint64_t pfn = 0; pfn < frames->count; pfn++) {
        unsigned use = frames->of[pfn] & (unsigned)~(HW_ACCESSED | HW_DIRTY);
        cr_assert(of[pfn] == HW_UNMAPPED || use == of[pfn], "frame %x is %s", (unsigned)pfn, hw_use_name(use));
    }
    cr_expect(view->selection.has_page && view->selection.has_entry && !view->selection.has_frame);
    cr_expect_eq(view->selection.walk.count, 2);
    view_free(view);
    booted_close(&booted);
}
