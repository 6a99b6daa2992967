/*
 * A program that needs three times the memory of its machine, with children and shared memory, stopped at arbitrary
 * moments. At each: the owners that are found by reverse mappings are as many as struct page counts, and as many as a
 * pass over all page tables finds; every owner's entry names the frame; what the log tells last of a frame's allocation
 * is what struct page says; and whatever part of a selection is pointed at, the other parts are the same. Every frame
 * of RAM that has changed since the stop before is one of which the CPU says that it may have been written, and a
 * snapshot that relies on it is what one says that compares everything. usage: lives ROM KERNEL INITRAMFS PROGRAM
 */
#include "emu/debug/session.h"
#include "tests/debug/images.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RAM (16u << 20)
#define SWAP_BYTES (64u << 20)
#define STOPS 60
#define STEP 60000000ull /* ns */
#define SHORT_STEP 300000ull
/* The guest may stand in the middle of mapping or unmapping something. */
#define IN_FLIGHT 4

static unsigned checks, failures;

static void check(bool good, const char *name) {
    checks++;
    failures += !good;
    printf("%s %u - %s\n", good ? "ok" : "not ok", checks, name);
}

struct totals {
    unsigned stops, frames, shared, entries, wrong_entries, selected, swapped;
    unsigned owners_off, bits_off, log_off, selections_off; /* the worst of all stops */
    unsigned lives, told;
    bool full_view;
    unsigned written, unsaid, quiet, snapshots_off; /* frames that changed, unsaid; that could not have; snapshots */
};

static unsigned worse(unsigned a, unsigned b) { return a > b ? a : b; }

/* The entry is where it is said to be, and a walk of that process comes to it. */
static bool owner_is_right(struct session *session, const struct kv_owner *owner, uint64_t pfn) {
    const struct mmu_context *mmu = machine_mmu(session_machine(session));
    struct mmu_access access = {.linear = mmu_linear(owner->linear), .kind = MMU_READ, .user = true};
    struct mmu_context there;
    struct mmu_state state = mmu->state;
    struct mmu_walk walk;
    struct kv_task task;
    uint32_t word = 0;
    mmu_peek_physical(mmu->memory, mmu_phys(owner->entry_physical), &word, sizeof word);
    if (word != owner->entry || word >> 12 != pfn ||
        !kernelview_find_task(session_kernelview(session), mmu, owner->pid, &task))
        return false;
    state.cr3 = task.pgd_phys;
    mmu_context_init(&there, mmu->memory, &state);
    mmu_peek(&there, access, &walk);
    return walk.count == 2 && walk.steps[1].at.value == owner->entry_physical;
}

static void compare_owners(struct session *session, struct totals *totals) {
    const struct mmu_context *mmu = machine_mmu(session_machine(session));
    struct kernelview *view = session_kernelview(session);
    struct kv_owner owners[16];
    struct kv_bits bits;
    struct kv_frame frame;
    unsigned owners_off = 0, bits_off = 0;
    if (!kernelview_bits(view, mmu, &bits))
        exit(2);
    for (uint64_t pfn = 0; pfn < bits.count && kernelview_frame(view, mmu, pfn, &frame); pfn++) {
        if (!frame.mapping || (frame.kind != FRAME_ANON && frame.kind != FRAME_FILE && frame.kind != FRAME_FILE_DIRTY &&
                               frame.kind != FRAME_SWAP_CACHE))
            continue;
        size_t found = kernelview_owners(view, mmu, pfn, owners, 16);
        totals->frames += frame.mapcount > 0;
        totals->shared += frame.mapcount > 1;
        owners_off += found != (size_t)frame.mapcount;
        bits_off += bits.mapcount[pfn] != frame.mapcount;
        for (size_t i = 0; i < found && i < 16; i++) {
            totals->entries++;
            totals->wrong_entries += !owner_is_right(session, &owners[i], pfn);
        }
    }
    kernelview_bits_free(&bits);
    totals->owners_off = worse(totals->owners_off, owners_off);
    totals->bits_off = worse(totals->bits_off, bits_off);
}

/* Was the frame's last allocation followed by a free? -1: the log does not know. */
static int told_free(const struct story *story, uint64_t pfn) {
    static struct story_log_entry life[4096];
    uint64_t total;
    for (size_t i = story_life(story, pfn, life, 4096, &total); i-- > 0;) {
        if (life[i].type == FLT_MM_PAGE_FREE)
            return 1;
        if (life[i].type == FLT_MM_PAGE_ALLOC)
            return 0;
    }
    return -1;
}

static void compare_log(struct session *session, struct totals *totals) {
    const struct mmu_context *mmu = machine_mmu(session_machine(session));
    struct kv_frame frame;
    unsigned off = 0;
    for (uint64_t pfn = 0; kernelview_frame(session_kernelview(session), mmu, pfn, &frame); pfn++) {
        int told = told_free(session_story(session), pfn);
        totals->lives++;
        totals->told += told >= 0;
        off += told >= 0 && told != (frame.kind == FRAME_FREE);
    }
    totals->log_off = worse(totals->log_off, off);
}

static struct view *select_view(struct session *session, enum select_kind kind, uint64_t argument) {
    session_select(session, kind, (int64_t)argument);
    struct view *view = session_view(session, 0, VIEW_PAUSED);
    if (!view)
        exit(2);
    return view;
}

/* Points at the frame, then at each of the parts that came with it: the same page, frame and region each time. */
static bool selects_the_same(struct session *session, uint64_t pfn) {
    struct view *first = select_view(session, SELECT_FRAME, pfn);
    const struct selection *is = &first->selection;
    bool good = is->has_frame && is->has_page && is->has_vma && is->has_entry && is->entry >> 12 == pfn &&
                is->linear >= is->vma_start && is->linear < is->vma_end && is->vma_touched <= is->vma_pages;
    const struct {
        enum select_kind kind;
        uint64_t argument;
    } parts[] = {{SELECT_PAGE, is->linear + 5}, {SELECT_ENTRY, is->entry_physical}};
    for (unsigned i = 0; good && i < 2; i++) {
        struct view *view = select_view(session, parts[i].kind, parts[i].argument);
        const struct selection *other = &view->selection;
        good = other->has_frame && other->frame.pfn == pfn && other->has_page && other->linear == is->linear &&
               other->entry_physical == is->entry_physical && other->vma_start == is->vma_start &&
               other->owner_total == is->owner_total && other->life_total == is->life_total;
        view_free(view);
    }
    if (good && is->life_count) {
        struct view *view = select_view(session, SELECT_EVENT, is->life[is->life_count - 1].number);
        good = view->selection.has_event && view->selection.has_frame;
        view_free(view);
    }
    view_free(first);
    return good;
}

/* A page of the program that is in swap: its entry names a slot that is in use. */
static unsigned count_swapped(struct session *session, const struct view *view) {
    struct kv_swap_area area;
    unsigned count = 0;
    if (!kernelview_swap_area(session_kernelview(session), machine_mmu(session_machine(session)), 0, &area))
        return 0;
    for (size_t i = 0; i < view->kernel->space.vma_count && count < 20; i++) {
        const struct kv_vma *vma = &view->kernel->space.vmas[i];
        for (uint64_t page = 0; page < vma->page_count && count < 20; page += 97) {
            if (vma->pages[page] != FRAME_ABSENT)
                continue;
            struct view *there = select_view(session, SELECT_PAGE, vma->start + page * 4096);
            const struct selection *is = &there->selection;
            count += is->has_swap && is->swap_area == 0 && is->swap_slot < area.slots_read &&
                     area.users[is->swap_slot] > 0 && !is->has_frame;
            view_free(there);
        }
    }
    kernelview_swap_area_free(&area);
    return count;
}

static void compare_selections(struct session *session, struct totals *totals) {
    struct view *view = select_view(session, SELECT_NONE, 0);
    struct kv_owner owner;
    unsigned off = 0, tried = 0;
    for (uint64_t pfn = totals->stops % 7; view->kernel && pfn < view->kernel->frame_count && tried < 25; pfn += 7) {
        if (view->kernel->frames[pfn] != FRAME_ANON && view->kernel->frames[pfn] != FRAME_FILE)
            continue;
        if (!kernelview_owners(session_kernelview(session), machine_mmu(session_machine(session)), pfn, &owner, 1) ||
            owner.pid != view->kernel->space.pid)
            continue;
        tried++;
        off += !selects_the_same(session, pfn);
    }
    totals->selected += tried;
    totals->selections_off = worse(totals->selections_off, off);
    if (view->kernel)
        totals->swapped += count_swapped(session, view);
    view_free(view);
}

/* Everything that panels ask for is there, with a page of the program selected. */
static bool view_is_full(struct session *session) {
    session_interest(session, INTEREST_BITS | INTEREST_AGES | INTEREST_STRIPS | INTEREST_ENTRIES);
    struct view *none = select_view(session, SELECT_NONE, 0);
    uint64_t stack = none->kernel && none->kernel->space.vma_count
                         ? none->kernel->space.vmas[none->kernel->space.vma_count - 1].end - 4096
                         : 0;
    struct view *view = select_view(session, SELECT_PAGE, stack);
    bool good = none->life_text == NULL && view->bits.of && view->ages && view->swap_area_count == 1 &&
                view->strip_count > 2 && view->strips[0].path[0] && view->event_count == VIEW_EVENTS &&
                view->span_count > 0 && view->sample_count > 20 && view->has_entries &&
                view->entries_index == stack >> 22 && view->fault.path_count > 2 && view->path_words[0][0];
    good = good && view->selection.has_vma &&
           (view->selection.life_count == 0 || (view->life_text && view->life_text[0][0]));
    for (size_t i = 1; good && i < view->event_count; i++)
        good = view->events[i].number == view->events[i - 1].number + 1;
    session_interest(session, 0);
    view_free(none);
    view_free(view);
    return good;
}

static void look(struct session *session, struct totals *totals) {
    compare_owners(session, totals);
    if (totals->stops % 6 == 0)
        compare_log(session, totals);
    if (totals->stops % 4 == 0)
        compare_selections(session, totals);
    if (totals->stops == STOPS / 2)
        totals->full_view = view_is_full(session);
    totals->stops++;
}

/* RAM as the stop before has left it, and the mark of then. */
struct past {
    uint8_t *ram;
    uint64_t mark;
};

static void compare_ram(struct session *session, struct past *past, struct totals *totals) {
    struct machine *machine = session_machine(session);
    struct cpu_writes writes = cpu_writes(machine_cpu(machine));
    for (uint64_t frame = 0; frame < RAM / MMU_PAGE_SIZE; frame++) {
        const uint8_t *now = mmu_host(machine_memory(machine), mmu_phys(frame * MMU_PAGE_SIZE), MMU_PAGE_SIZE);
        uint8_t *then = past->ram + frame * MMU_PAGE_SIZE;
        bool may = frame < writes.frames && writes.last[frame] >= past->mark;
        bool changed = now && memcmp(now, then, MMU_PAGE_SIZE) != 0;
        totals->written += changed;
        totals->unsaid += changed && !may;
        totals->quiet += !may;
        if (changed)
            memcpy(then, now, MMU_PAGE_SIZE);
    }
    past->mark = *writes.mark;
}

static void compare_snapshots(struct session *session, struct kernelview *fresh, struct totals *totals) {
    const struct mmu_context *mmu = machine_mmu(session_machine(session));
    struct kv_snapshot *kept = kernelview_snapshot(session_kernelview(session), mmu, -1),
                       *all = kernelview_snapshot(fresh, mmu, -1);
    bool same = !kept == !all;
    if (kept && all)
        same = kept->frame_count == all->frame_count &&
               memcmp(kept->frames, all->frames, (size_t)all->frame_count) == 0 &&
               memcmp(kept->frame_kinds, all->frame_kinds, sizeof all->frame_kinds) == 0 &&
               memcmp(kept->zones, all->zones, sizeof all->zones) == 0;
    totals->snapshots_off += !same;
    kernelview_snapshot_free(kept);
    kernelview_snapshot_free(all);
}

/* Stops shortly after the last stop, too: most of memory is quiet there. */
static enum machine_stop run(struct session *session, struct kernelview *fresh, struct totals *totals) {
    enum machine_stop stop = MACHINE_STOP_LIMIT;
    struct past past = {.ram = calloc(1, RAM)};
    if (!past.ram)
        exit(2);
    for (vtime at = STEP; stop == MACHINE_STOP_LIMIT; at += STEP) {
        stop = session_run(session, at - STEP + SHORT_STEP);
        compare_ram(session, &past, totals);
        compare_snapshots(session, fresh, totals);
        if (stop != MACHINE_STOP_LIMIT)
            break;
        stop = session_run(session, at);
        compare_ram(session, &past, totals);
        compare_snapshots(session, fresh, totals);
        if (stop == MACHINE_STOP_LIMIT && session_program_started(session) && totals->stops < STOPS)
            look(session, totals);
    }
    free(past.ram);
    return stop;
}

int main(int argc, char **argv) {
    char error[300];
    if (argc != 5)
        return 2;
    struct session_blob files[4];
    for (int i = 0; i < 4; i++)
        files[i] = image_read(argv[i + 1]);
    struct session_blob initrd = image_with_program(files[2], files[3], true);
    struct disk *disk = image_swap_disk(SWAP_BYTES);
    struct session_config config = {.ram_bytes = RAM,
                                    .rom = files[0],
                                    .kernel = files[1],
                                    .initrd = initrd,
                                    .cmdline = "loglevel=0",
                                    .program_name = "hog",
                                    .disks = &disk,
                                    .disk_count = 1,
                                    .story = true};
    struct session *session = session_create(&config, error, sizeof error);
    struct totals totals = {0};
    if (!session) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    struct image *kernel = image_open(files[1].data, files[1].size, error, sizeof error);
    struct kernelview *fresh = kernel ? kernelview_create(kernel, error, sizeof error) : NULL;
    if (!fresh)
        return 2;
    enum machine_stop stop = run(session, fresh, &totals);
    printf(
        "# %u stops, %u mapped frames (%u shared), %u entries, %u selections, %u pages in swap; off by at most %u, %u, "
        "%u, %u; the log knows %u of %u\n",
        totals.stops, totals.frames, totals.shared, totals.entries, totals.selected, totals.swapped, totals.owners_off,
        totals.bits_off, totals.log_off, totals.selections_off, totals.told, totals.lives);
    check(stop == MACHINE_STOP_EXIT, "the program ends");
    check(totals.stops > 20 && totals.frames > 10000 && totals.shared > 1000, "there was enough to look at");
    check(totals.owners_off <= IN_FLIGHT, "owners by reverse mappings are as many as struct page counts");
    check(totals.bits_off <= IN_FLIGHT, "entries found in the page tables are as many as struct page counts");
    check(totals.wrong_entries == 0, "every owner's entry names the frame");
    check(totals.log_off <= IN_FLIGHT, "the log and struct page agree about what is free");
    check(totals.told * 2 > totals.lives, "the log knows most frames");
    check(totals.selected > 100 && totals.selections_off <= 1, "what is pointed at leads to the same parts");
    check(totals.swapped > 20, "pages in swap are followed to their slots");
    check(totals.full_view, "a view carries what panels ask for");
    printf("# %u frames changed, %u times none could\n", totals.written, totals.quiet);
    check(totals.written > 10000 && totals.unsaid == 0, "the CPU has told of every frame that has changed");
    check(totals.quiet > 100000, "and says of most that they cannot have");
    check(totals.snapshots_off == 0, "snapshots that rely on it are those that compare everything");
    printf("1..%u\n", checks);
    kernelview_destroy(fresh);
    image_close(kernel);
    session_destroy(session);
    disk_close(disk);
    free((void *)(uintptr_t)initrd.data);
    for (int i = 0; i < 4; i++)
        free((void *)(uintptr_t)files[i].data);
    return failures > 0;
}
