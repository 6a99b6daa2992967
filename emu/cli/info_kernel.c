/* `info` about what the kernel keeps: zones, lists, processes, regions, files, swap. */
#include "emu/cli/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 64u
#define BELT 8u /* pages shown at each end of a list */
#define STRIP_COLUMNS 64u

const char *info_rights(uint64_t flags, char text[5]) {
    snprintf(text, 5, "%c%c%c%c", flags & 1 ? 'r' : '-', flags & 2 ? 'w' : '-', flags & 4 ? 'x' : '-',
             flags & 8 ? 's' : 'p');
    return text;
}

static uint64_t kib(uint64_t pages) { return pages * (MMU_PAGE_SIZE >> 10); }

/* ---- zones ---- */

void info_zones(struct cli *cli, const struct words *words) {
    struct view *view = info_kernel(cli, 0);
    (void)words;
    if (!view)
        return;
    say(cli, "pages of 4 KiB\n");
    say(cli, "node zone       present    free     min     low    high  active inactive  prio\n");
    for (size_t i = 0; i < view->kernel->zone_count; i++) {
        const struct kv_zone *zone = &view->kernel->zones[i];
        say(cli,
            "%4d %-8s %9" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %8" PRIu64
            " %5" PRIu64 "%s\n",
            zone->node, zone->name, zone->present, zone->free, zone->min, zone->low, zone->high, zone->nr_active,
            zone->nr_inactive, zone->prev_priority, zone->all_unreclaimable ? "  unreclaimable" : "");
    }
    say(cli, "kswapd %s, woken %" PRIu64 " times; direct reclaims %" PRIu64 "\n",
        view->reclaim.kswapd_awake ? "awake" : "asleep", view->reclaim.kswapd_wakes, view->reclaim.direct_reclaims);
    view_free(view);
}

void info_buddy(struct cli *cli, const struct words *words) {
    struct view *view = info_kernel(cli, 0);
    (void)words;
    if (!view)
        return;
    say(cli, "free blocks of 2^order pages\nnode zone    ");
    for (unsigned order = 0; order < KV_ORDERS; order++)
        say(cli, "%5u", order);
    say(cli, "  pageset\n");
    for (size_t i = 0; i < view->kernel->zone_count; i++) {
        const struct kv_zone *zone = &view->kernel->zones[i];
        say(cli, "%4d %-8s", zone->node, zone->name);
        for (unsigned order = 0; order < KV_ORDERS; order++)
            say(cli, "%5" PRIu64, zone->nr_free_blocks[order]);
        say(cli, "  %" PRIu64 "+%" PRIu64 "\n", zone->pageset_count[0], zone->pageset_count[1]);
    }
    view_free(view);
}

/* Frame numbers of [from, to); a page that was referenced has a star. */
static void say_pages(struct cli *cli, const struct kv_lru *list, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++)
        say(cli, " %05" PRIx32 "%s", list->pfn[i], list->referenced[i] ? "*" : "");
}

static void say_belt(struct cli *cli, const char *name, const struct kv_lru *list, uint64_t total) {
    uint32_t count = list->count, head = count < BELT ? count : BELT, tail = count > 2 * BELT ? count - BELT : head;
    say(cli, "  %-8s %7" PRIu64 " pages, newest first:", name, total);
    say_pages(cli, list, 0, head);
    if (tail > head)
        say(cli, " ...");
    say_pages(cli, list, tail, count);
    say(cli, "\n");
}

void info_lru(struct cli *cli, const struct words *words) {
    struct view *view = info_kernel(cli, 0);
    (void)words;
    if (!view)
        return;
    for (size_t i = 0; i < view->kernel->zone_count; i++) {
        const struct kv_zone *zone = &view->kernel->zones[i];
        say(cli, "node %d zone %s (* has PG_referenced)\n", zone->node, zone->name);
        say_belt(cli, "active", &zone->lru[1], zone->nr_active);
        say_belt(cli, "inactive", &zone->lru[0], zone->nr_inactive);
    }
    view_free(view);
}

void info_frames(struct cli *cli, const struct words *words) {
    struct view *view = info_view(cli, 0);
    (void)words;
    if (!view)
        return;
    if (view->kernel) {
        say(cli, "%" PRIu64 " frames of 4 KiB\n", view->kernel->frame_count);
        for (unsigned kind = 0; kind < FRAME_KINDS; kind++)
            if (view->kernel->frame_kinds[kind] > 0)
                say(cli, "  %-14s %8" PRIu64 " frames %10" PRIu64 " KiB\n", frame_kind_name((enum frame_kind)kind),
                    view->kernel->frame_kinds[kind], kib(view->kernel->frame_kinds[kind]));
    } else if (view->hardware.paging) {
        say(cli, "%s\n%s, top table at %08" PRIx64 ", %" PRIu64 " tables\n", view->kernel_missing, view->hardware.mode,
            view->hardware.root, view->hardware.tables);
        for (unsigned use = 0; use < HW_USES; use++)
            say(cli, "  %-24s %8" PRIu64 " frames\n", hw_use_name((enum hw_use)use), view->hardware.uses[use]);
    } else {
        fail(cli, "%s", view->kernel_missing);
    }
    view_free(view);
}

/* ---- processes ---- */

void info_tasks(struct cli *cli, const struct words *words) {
    struct view *view = info_kernel(cli, 0);
    (void)words;
    if (!view)
        return;
    say(cli, "     pid  parent  page directory  name\n");
    for (size_t i = 0; i < view->kernel->task_count; i++) {
        const struct kv_task *task = &view->kernel->tasks[i];
        char directory[24] = "kernel thread";
        if (task->has_mm)
            snprintf(directory, sizeof(directory), "%08" PRIx64, task->pgd_phys);
        say(cli, "%s %5d  %6d  %-14s  %s%s\n", task->current ? ">" : " ", task->pid, task->parent, directory,
            task->comm, task->has_mm && task->pid == view->kernel->space.pid ? "  (on show)" : "");
    }
    view_free(view);
}

void info_task_ended(struct cli *cli) {
    char said[160];
    if (session_task_ended(cli->session, said, sizeof(said)))
        say(cli, "%s\n", said);
}

static void say_task_on_show(struct cli *cli) {
    struct view *view = info_kernel(cli, 0);
    if (!view)
        return;
    const struct kv_address_space *space = &view->kernel->space;
    const char *how = view->space_chosen ? "chosen" : "none is chosen";
    if (space->pgd_phys)
        say(cli, "the address space of %s (pid %d) is on show: %s\n", space->comm, space->pid, how);
    else
        say(cli, "no address space is on show: %s (pid %d) has none; %s\n", space->comm, space->pid, how);
    view_free(view);
}

void run_task(struct cli *cli, const struct words *words) {
    uint64_t pid = 0;
    bool follow = words->count > 1 && strcmp(words->word[1], "follow") == 0;
    if (words->count > 1 && !follow && !words_number(cli, "PID", words->word[1], &pid))
        return;
    if (words->count > 1 && !follow && (pid == 0 || pid > INT32_MAX || !session_show_task(cli->session, (int)pid))) {
        fail(cli,
             session_kernelview(cli->session) ? "no process %" PRIu64 " has an address space; `info tasks` lists them"
                                              : "the processes of this kernel are not known: there is no %" PRIu64
                                                " to show",
             pid);
        return;
    }
    if (follow)
        session_show_task(cli->session, 0);
    say_task_on_show(cli);
}

void info_vmas(struct cli *cli, const struct words *words) {
    struct view *view = info_kernel(cli, 0);
    char rights[5];
    (void)words;
    if (!view)
        return;
    const struct kv_address_space *space = &view->kernel->space;
    if (space->vma_count == 0)
        say(cli, "no address space is on show\n");
    else
        say(cli, "%s (pid %d): %" PRIu64 " of %" PRIu64 " pages resident\n", space->comm, space->pid, space->resident,
            space->total);
    for (size_t i = 0; i < space->vma_count; i++) {
        const struct kv_vma *vma = &space->vmas[i];
        say(cli, "  %08" PRIx64 "-%08" PRIx64 " %s %7" PRIu64 " KiB %6" PRIu64 " resident  %s\n", vma->start, vma->end,
            info_rights(vma->flags, rights), (vma->end - vma->start) >> 10, vma->resident,
            vma->name[0] ? vma->name : "anonymous");
    }
    view_free(view);
}

/* ---- files and swap ---- */

static void say_area(struct cli *cli, const struct kv_swap_area *area) {
    say(cli, "area %u  %s  priority %d: %" PRIu64 " of %" PRIu64 " slots in use%s\n", area->number, area->name,
        area->priority, area->used, area->good, area->writable ? "" : ", being turned off");
    for (uint64_t from = 0; from < area->slots_read;) {
        uint64_t to = from;
        while (to < area->slots_read && (area->users[to] == 0) == (area->users[from] == 0))
            to++;
        if (area->users[from] != 0 && area->users[from] != KV_SLOT_BAD)
            say(cli, "  slots %" PRIu64 "-%" PRIu64 " in use\n", from, to - 1);
        from = to;
    }
}

void info_swap(struct cli *cli, const struct words *words) {
    struct view *view = info_kernel(cli, INTEREST_STRIPS);
    (void)words;
    if (!view)
        return;
    if (view->swap_area_count == 0)
        say(cli, "no swap area is on; --disk FILE with mkswap's signature gives one\n");
    else
        say(cli, "%" PRIu64 " of %" PRIu64 " slots free\n", view->kernel->swap_free, view->kernel->swap_total);
    for (size_t i = 0; i < view->swap_area_count; i++)
        say_area(cli, &view->swap_areas[i]);
    view_free(view);
}

static void say_strip(struct cli *cli, const struct kv_strip *strip) {
    static const char letters[CACHED_KINDS + 1] = ".cDWL";
    char cells[STRIP_COLUMNS + 1];
    say(cli,
        "%s inode %" PRIu32 " %s: %" PRIu64 " of %" PRIu64 " pages, %" PRIu64 " dirty, %" PRIu64 " being written\n",
        strip->fs, strip->inode, strip->path, strip->pages, strip->size_pages, strip->dirty, strip->writeback);
    for (uint32_t from = 0; from < strip->cells && from < KV_STRIP; from += STRIP_COLUMNS) {
        uint32_t count = strip->cells - from < STRIP_COLUMNS ? strip->cells - from : STRIP_COLUMNS;
        for (uint32_t i = 0; i < count; i++)
            cells[i] = letters[strip->state[from + i] < CACHED_KINDS ? strip->state[from + i] : CACHED_ABSENT];
        cells[count] = '\0';
        say(cli, "  %6" PRIu32 "  %s\n", from * strip->per_cell, cells);
    }
}

void info_cache(struct cli *cli, const struct words *words) {
    struct view *view = info_kernel(cli, INTEREST_STRIPS);
    (void)words;
    if (!view)
        return;
    say(cli, view->strip_count ? ". absent  c clean  D dirty  W being written  L locked\n"
                               : "no file has pages in memory\n");
    for (size_t i = 0; i < view->strip_count; i++)
        say_strip(cli, &view->strips[i]);
    view_free(view);
}

void info_files(struct cli *cli, const struct words *words) {
    struct kernelview *kernel = session_kernelview(cli->session);
    struct kv_file files[ROWS_MAX];
    (void)words;
    size_t count = kernel ? kernelview_files(kernel, machine_mmu(session_machine(cli->session)), files, ROWS_MAX) : 0;
    say(cli, count ? "file system  inode    pages    dirty  mapping\n" : "no file has pages in memory\n");
    for (size_t i = 0; i < count && i < ROWS_MAX; i++)
        say(cli, "%-11s %6" PRIu32 " %8" PRIu64 " %8" PRIu64 "  %08" PRIx64 "\n", files[i].fs[0] ? files[i].fs : "?",
            files[i].inode, files[i].pages, files[i].dirty, files[i].mapping);
}

void info_vmalloc(struct cli *cli, const struct words *words) {
    struct kernelview *kernel = session_kernelview(cli->session);
    struct kv_vmalloc areas[ROWS_MAX];
    (void)words;
    size_t count = kernel ? kernelview_vmalloc(kernel, machine_mmu(session_machine(cli->session)), areas, ROWS_MAX) : 0;
    if (count == 0)
        say(cli, "vmalloc has given no area out\n");
    for (size_t i = 0; i < count && i < ROWS_MAX; i++)
        say(cli, "%08" PRIx64 "-%08" PRIx64 " %7" PRIu64 " KiB  %" PRIu64 " pages of RAM  flags %" PRIx32 "\n",
            areas[i].address, areas[i].address + areas[i].bytes, areas[i].bytes >> 10, areas[i].pages, areas[i].flags);
}
