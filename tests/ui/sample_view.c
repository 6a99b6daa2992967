#include "tests/ui/sample_view.h"

#include "tests/ui/sample_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKS 120u
#define SHOWN_FAULT 18u
#define SHOWN_BLOCKS 10344345u

static uint32_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*seed >> 33);
}

/* Frames ---------------------------------------------------------------------------------------------------- */

static void fill_run(struct kv_snapshot *kernel, uint64_t start, uint64_t count, enum frame_kind kind) {
    for (uint64_t i = start; i < start + count && i < kernel->frame_count; i++)
        kernel->frames[i] = (uint8_t)kind;
}

static void fill_frames(struct kv_snapshot *kernel, uint64_t used_to) {
    static const uint8_t low[] = {FRAME_TABLE, FRAME_SLAB,       FRAME_FILE, FRAME_ANON,
                                  FRAME_FREE,  FRAME_FILE_DIRTY, FRAME_ANON, FRAME_FILE};
    static const uint8_t normal[] = {FRAME_ANON, FRAME_FILE, FRAME_FREE, FRAME_ANON,
                                     FRAME_FILE, FRAME_FREE, FRAME_ANON, FRAME_SWAP_CACHE};
    uint64_t seed = 18, at = 1250;
    fill_run(kernel, 0, 256, FRAME_RESERVED);
    fill_run(kernel, 256, 994, FRAME_KERNEL);
    while (at < used_to) {
        uint64_t run = 3 + next_random(&seed) % 90;
        const uint8_t *kinds = at < 4096 ? low : normal;
        fill_run(kernel, at, run, (enum frame_kind)kinds[next_random(&seed) % 8]);
        at += run;
    }
    fill_run(kernel, used_to, kernel->frame_count - used_to, FRAME_FREE);
    for (uint64_t i = 0; i < kernel->frame_count; i++)
        kernel->frame_kinds[kernel->frames[i]]++;
}

static void add_zone(struct kv_snapshot *kernel, const char *name, uint64_t start, uint64_t end, bool pressure) {
    struct kv_zone *zone = &kernel->zones[kernel->zone_count++];
    uint64_t size = end > start ? end - start : 0, min = size / 128;
    snprintf(zone->name, sizeof zone->name, "%s", name);
    zone->start_pfn = start;
    zone->spanned = zone->present = size;
    zone->min = min < 20 ? 20 : min > 255 ? 255 : min;
    zone->low = 2 * zone->min;
    zone->high = 3 * zone->min;
    for (uint64_t i = start; i < end; i++) {
        zone->free += kernel->frames[i] == FRAME_FREE;
        zone->nr_active += kernel->frames[i] == FRAME_ANON && i % 3 != 0;
        zone->nr_inactive += kernel->frames[i] == FRAME_FILE || (kernel->frames[i] == FRAME_ANON && i % 3 == 0);
    }
    if (pressure)
        zone->free = start == 0 ? zone->low - 3 : zone->min - 6;
    uint64_t left = zone->free;
    for (unsigned order = KV_ORDERS; order-- > 0 && size;) {
        uint64_t blocks = order == 10 ? (left >> 10) : (left >> order) % (order < 4 ? 12 : 4);
        zone->nr_free_blocks[order] = blocks;
        left -= blocks << order;
    }
    zone->pageset_count[0] = size ? 31 : 0;
    zone->lowmem_reserve[2] = start == 0 ? 96 : 0;
}

/* Address space --------------------------------------------------------------------------------------------- */

static bool add_vma(struct kv_address_space *space, uint64_t start, uint64_t pages, uint64_t flags, const char *name,
                    enum frame_kind kind, unsigned resident_of_16) {
    struct kv_vma *vma = &space->vmas[space->vma_count++];
    uint64_t seed = start + 5;
    *vma = (struct kv_vma){.start = start, .end = start + pages * 4096, .flags = flags, .page_count = pages};
    snprintf(vma->name, sizeof vma->name, "%.*s", (int)sizeof vma->name - 1, name);
    vma->pages = malloc(pages);
    for (uint64_t i = 0; i < pages && vma->pages; i++) {
        bool here = next_random(&seed) % 16 < resident_of_16;
        vma->pages[i] = (uint8_t)(here ? kind : FRAME_ABSENT);
        vma->resident += here;
    }
    space->resident += vma->resident;
    space->total += pages;
    return vma->pages != NULL;
}

static bool fill_regions(struct kv_address_space *space, const struct sample_options *options) {
    const char *program = options->long_names
                              ? "/home/student/exercises/week-07/a-program-with-a-long-name/first-faults"
                              : "/bin/first-faults";
    bool good = add_vma(space, 0x08048000, 54, 5, program, FRAME_FILE, 12);
    good = good && add_vma(space, 0x080ef000, 50, 3, program, FRAME_ANON, 9);
    good = good && add_vma(space, 0x08121000, 34, 3, "[heap]", FRAME_ANON, 10);
    for (unsigned i = 0; options->many_regions && i < 24; i++)
        good = good && add_vma(space, 0x20000000 + 0x100000ull * i, 1 + i * 3 % 17, i % 3 ? 3 : 1,
                               i % 2 ? "/lib/some-library.so" : "", i % 2 ? FRAME_FILE : FRAME_ANON, 8);
    good = good && add_vma(space, 0x40000000, 75, 3, "", FRAME_ANON, 4);
    return good && add_vma(space, 0xbfff5000, 26, 3, "[stack]", FRAME_ANON, 6);
}

static bool fill_space(struct kv_address_space *space, const struct sample_options *options) {
    static const struct kv_table tables[] = {
        {0x020, 0x03f2a067, 98}, {0x021, 0x03f2b067, 11}, {0x100, 0x03f2e067, 19}, {0x2ff, 0x03f31067, 9}};
    space->pid = 7;
    snprintf(space->comm, sizeof space->comm, "first-faults");
    space->pgd_phys = 0x03f2c000;
    space->vmas = calloc(32, sizeof *space->vmas);
    space->tables = malloc(sizeof tables);
    if (!space->vmas || !space->tables)
        return false;
    memcpy(space->tables, tables, sizeof tables);
    space->table_count = 4;
    return fill_regions(space, options);
}

/* A kernel thread, init and the shell beside the process on show. */
static void fill_tasks(struct kv_snapshot *kernel) {
    static const struct kv_task tasks[] = {{.pid = 1, .comm = "init", .has_mm = true, .pgd_phys = 0x3fee000},
                                           {.pid = 2, .comm = "kswapd0"},
                                           {.pid = 5, .comm = "sh", .has_mm = true, .pgd_phys = 0x3f10000},
                                           {.pid = 7, .comm = "first-faults", .has_mm = true, .pgd_phys = 0x3f2c000}};
    kernel->tasks = calloc(4, sizeof *kernel->tasks);
    if (!kernel->tasks)
        return;
    memcpy(kernel->tasks, tasks, sizeof tasks);
    kernel->task_count = 4;
}

static struct kv_snapshot *sample_kernel(const struct sample_options *options) {
    struct kv_snapshot *kernel = calloc(1, sizeof *kernel);
    uint64_t ram = options->ram_mib ? options->ram_mib : 64, normal_end;
    if (!kernel)
        return NULL;
    kernel->frame_count = ram * 256;
    kernel->frames = calloc(kernel->frame_count, 1);
    if (!kernel->frames || (!options->no_space && !fill_space(&kernel->space, options)))
        return kernel;
    uint64_t used = options->pressure              ? kernel->frame_count
                    : kernel->frame_count <= 16384 ? 9000 * kernel->frame_count / 16384
                                                   : kernel->frame_count * 2 / 3;
    fill_tasks(kernel);
    fill_frames(kernel, used < 1250 ? 1250 : used);
    normal_end = kernel->frame_count < 229376 ? kernel->frame_count : 229376;
    add_zone(kernel, "DMA", 0, kernel->frame_count < 4096 ? kernel->frame_count : 4096, options->pressure);
    add_zone(kernel, "NORMAL", 4096, normal_end > 4096 ? normal_end : 4096, options->pressure && normal_end > 4096);
    add_zone(kernel, "HIGHMEM", normal_end, kernel->frame_count, false);
    return kernel;
}

/* Faults ---------------------------------------------------------------------------------------------------- */

static void set_step(struct story_fault *fault, uint8_t level, uint16_t index, uint64_t at, uint64_t value,
                     enum mmu_rule refused) {
    struct mmu_step *step = &fault->walk.steps[fault->walk.count++];
    *step = (struct mmu_step){.level = level,
                              .index = index,
                              .at = mmu_phys(at),
                              .before = value,
                              .after = value,
                              .leaf = level == 1,
                              .refused = refused};
    if (refused != MMU_RULE_NONE)
        fault->walk.result = (struct mmu_result){.status = MMU_FAULT, .rule = refused, .error_code = fault->error_code};
}

static void set_access(struct story_fault *fault, uint64_t linear, enum mmu_access_kind kind, uint32_t error_code) {
    fault->linear = fault->offset = linear;
    fault->error_code = error_code;
    fault->walk.mode = MMU_MODE_32BIT;
    fault->walk.access = (struct mmu_access){.linear = mmu_linear(linear), .kind = kind, .user = true};
}

static void set_code(struct story_fault *fault, uint64_t rip, const char *code, unsigned line, const char *source) {
    fault->rip = rip;
    snprintf(fault->disassembly, sizeof fault->disassembly, "%s", code);
    snprintf(fault->symbol, sizeof fault->symbol, "main+0x%x", (unsigned)(rip & 0xff));
    snprintf(fault->source_file, sizeof fault->source_file, "first-faults.c");
    fault->source_line = line;
    snprintf(fault->source_text, sizeof fault->source_text, "%s", source);
    static const uint8_t bytes[] = {0xc7, 0x00, 0x2a, 0x00, 0x00, 0x00};
    memcpy(fault->instruction, bytes, sizeof bytes);
    fault->instruction_bytes = sizeof bytes;
}

static void set_vma(struct story_fault *fault, uint64_t start, uint64_t end, uint64_t flags, const char *name) {
    fault->traced = fault->vma_told = fault->vma_found = true;
    fault->vma_start = start;
    fault->vma_end = end;
    fault->vma_flags = flags;
    snprintf(fault->vma_name, sizeof fault->vma_name, "%s", name);
}

static void take_frame(struct story_fault *fault, uint64_t pfn, bool from_pageset) {
    fault->frames[fault->frame_count++] = (struct story_frame_taken){.pfn = pfn,
                                                                     .zone = 1,
                                                                     .preferred_zone = 1,
                                                                     .from_pageset = from_pageset,
                                                                     .zone_free = 9143,
                                                                     .min = 60,
                                                                     .low = 120,
                                                                     .high = 180};
    fault->lru = 0;
    fault->lru_pfn = pfn;
}

static void set_pte(struct story_fault *fault, uint64_t at, uint64_t before, uint64_t after) {
    fault->has_pte = true;
    fault->pte_address = fault->linear & ~4095ull;
    fault->pte_phys = at;
    fault->pte_before = before;
    fault->pte_after = after;
}

static void fault_cow(struct story_fault *fault) {
    set_code(fault, 0x08048a2e, "mov dword [eax], 0x2a", 61, "*p = 42;");
    set_access(fault, 0x40012008, MMU_WRITE, 7);
    set_step(fault, 2, 0x100, 0x03f2c400, 0x03f2e067, MMU_RULE_NONE);
    set_step(fault, 1, 0x012, 0x03f2e048, 0x01a73025, MMU_RULE_READ_ONLY);
    set_vma(fault, 0x40000000, 0x4004b000, 3, "");
    fault->branch = FLT_BRANCH_COW_COPY;
    fault->has_cow = true;
    fault->cow_old_pfn = 0x01a73;
    fault->cow_new_pfn = 0x02c11;
    fault->cow_old_mapcount = 2;
    take_frame(fault, 0x02c11, true);
    set_pte(fault, 0x03f2e048, 0x01a73025, 0x02c11067);
}

static void fault_not_present(struct story_fault *fault) {
    set_code(fault, 0x08048a02, "mov byte [ebx+ecx*1], al", 40, "heap[i] = c;");
    set_access(fault, 0x08130004, MMU_WRITE, 6);
    set_step(fault, 2, 0x020, 0x03f2c080, 0x03f2a067, MMU_RULE_NONE);
    set_step(fault, 1, 0x130, 0x03f2a4c0, 0, MMU_RULE_NOT_PRESENT);
    set_vma(fault, 0x08121000, 0x08143000, 3, "[heap]");
    fault->branch = FLT_BRANCH_ANON;
    take_frame(fault, 0x02c12, false);
    set_pte(fault, 0x03f2a4c0, 0, 0x02c12067);
}

static void fault_segv(struct story_fault *fault) {
    set_code(fault, 0x08048b10, "mov eax, dword [edx+0x8]", 88, "return node->next;");
    set_access(fault, 8, MMU_READ, 4);
    set_step(fault, 2, 0, 0x03f2c000, 0, MMU_RULE_NOT_PRESENT);
    fault->traced = fault->vma_told = true;
    fault->branch = FLT_BRANCH_SEGV;
    fault->outcome = FLT_OUTCOME_SIGNAL;
    fault->signal = 11;
    fault->si_code = 1;
}

static void fault_major(struct story_fault *fault) {
    set_code(fault, 0x0805c000, "", 0, "");
    fault->source_file[0] = '\0';
    fault->instruction_bytes = 0;
    set_access(fault, 0x0805c000, MMU_FETCH, 4);
    set_step(fault, 2, 0x020, 0x03f2c080, 0x03f2a067, MMU_RULE_NONE);
    set_step(fault, 1, 0x05c, 0x03f2a170, 0, MMU_RULE_NOT_PRESENT);
    set_vma(fault, 0x08048000, 0x0807e000, 5, "first-faults");
    fault->vma_inode = 12;
    fault->branch = FLT_BRANCH_FILE_MAJOR;
    take_frame(fault, 0x00e04, true);
    set_pte(fault, 0x03f2a170, 0, 0x00e04025);
    fault->end_blocks = fault->begin_blocks + 1250000;
}

static void fault_swap_in(struct story_fault *fault) {
    set_code(fault, 0x08048a2e, "mov eax, dword [eax]", 71, "sum += *p;");
    set_access(fault, 0x40012008, MMU_READ, 4);
    set_step(fault, 2, 0x100, 0x03f2c400, 0x03f2e067, MMU_RULE_NONE);
    set_step(fault, 1, 0x012, 0x03f2e048, 0x0004a000, MMU_RULE_NOT_PRESENT);
    set_vma(fault, 0x40000000, 0x4004b000, 3, "");
    fault->branch = FLT_BRANCH_SWAP_IN;
    take_frame(fault, 0x02c11, true);
    set_pte(fault, 0x03f2e048, 0x0004a000, 0x02c11025);
    fault->waits = 1;
    fault->wait_blocks = 90000;
}

static void fault_long_mode(struct story_fault *fault) {
    set_code(fault, 0x00007f3a4c0012a0, "call qword [rip+0x2004a8]", 0, "");
    fault->source_file[0] = '\0';
    set_access(fault, 0x00007ffe12345678, MMU_FETCH, 0x15);
    fault->walk.mode = MMU_MODE_4LEVEL;
    set_step(fault, 4, 0x0ff, 0x00000000012347f8, 0x0000000001235067, MMU_RULE_NONE);
    set_step(fault, 3, 0x1f8, 0x0000000001235fc0, 0x0000000001236067, MMU_RULE_NONE);
    set_step(fault, 2, 0x091, 0x0000000001236488, 0x0000000001237067, MMU_RULE_NONE);
    set_step(fault, 1, 0x145, 0x0000000001237a28, 0x8000000003abc867, MMU_RULE_NO_EXECUTE);
    fault->outcome = STORY_OUTCOME_UNKNOWN;
}

static void set_fault(struct view *view, const struct sample_options *options) {
    static void (*const build[])(struct story_fault *) = {
        [SAMPLE_COW] = fault_cow,     [SAMPLE_NOT_PRESENT] = fault_not_present, [SAMPLE_SEGV] = fault_segv,
        [SAMPLE_MAJOR] = fault_major, [SAMPLE_SWAP_IN] = fault_swap_in,         [SAMPLE_LONG_MODE] = fault_long_mode,
    };
    struct story_fault *fault = &view->fault;
    view->has_fault = options->fault != SAMPLE_NO_FAULT;
    view->fault_position = view->has_fault ? 18 : 0;
    view->fault_total = view->has_fault ? 18 : 0;
    if (!view->has_fault)
        return;
    fault->number = SHOWN_FAULT;
    fault->pid = 7;
    snprintf(fault->comm, sizeof fault->comm, "first-faults");
    fault->user_program = true;
    fault->begin_blocks = SHOWN_BLOCKS;
    fault->end_blocks = fault->begin_blocks + 1184;
    fault->cpl = 3;
    fault->segment = 3;
    fault->segment_limit = 0xffffffff;
    fault->lru = -1;
    if (options->fault == SAMPLE_HARDWARE) {
        fault_cow(fault);
        fault->traced = fault->vma_told = fault->vma_found = fault->has_cow = fault->has_pte = false;
        fault->source_file[0] = fault->symbol[0] = '\0';
        fault->branch = FLT_BRANCH_NONE;
        fault->frame_count = 0;
        fault->lru = -1;
        fault->outcome = STORY_OUTCOME_UNKNOWN;
        return;
    }
    build[options->fault](fault);
    if (!options->long_names)
        return;
    memset(fault->disassembly, 'x', sizeof fault->disassembly - 1);
    memcpy(fault->disassembly, "lock cmpxchg dword [eax+ecx*8+0x12345678], ", 43);
    memset(fault->source_file, 'f', sizeof fault->source_file - 1);
    memset(fault->source_text, 's', sizeof fault->source_text - 1);
    memset(fault->vma_name, 'v', sizeof fault->vma_name - 1);
}

/* Console, marks -------------------------------------------------------------------------------------------- */

static void fill_console(struct view_console *console, const struct sample_options *options) {
    static const char *const lines[] = {
        "guest 0.1 (i386) 64 MiB: DMA 4096  Normal 12288  HighMem 0 pages",
        "init: running /bin/first-faults",
        "1. read of untouched memory       zero page, one fault",
        "2. first write                    a frame of zeroes",
        "3. fork, then parent writes       copy on write",
        "",
    };
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        snprintf(console->lines[console->count++], sizeof console->lines[0], "%s", lines[i]);
    for (unsigned i = 0; options->long_names && i < 60; i++)
        snprintf(
            console->lines[console->count++], sizeof console->lines[0],
            "%02u a line of the guest that is exactly as long as the console's hundred columns allow it to be....|",
            i % 100);
    if (options->long_names)
        console->count++;
}

static bool fill_marks(struct view *view, const struct sample_options *options) {
    uint64_t seed = 7, at = 9000000;
    struct story_mark *marks = options->no_marks ? NULL : calloc(MARKS, sizeof *marks);
    if (options->no_marks)
        return true;
    for (unsigned i = 0; marks && i < MARKS; i++) {
        static const uint8_t tracks[] = {TRACK_ANON, TRACK_ANON, TRACK_FILE, TRACK_FILE,
                                         TRACK_SWAP, TRACK_ANON, TRACK_COW,  TRACK_FILE};
        at += next_random(&seed) % 24000;
        uint64_t number = at < SHOWN_BLOCKS ? 100 + i : 200 + i;
        if (at + 12000 > SHOWN_BLOCKS && at < SHOWN_BLOCKS)
            number = SHOWN_FAULT;
        marks[i] = (struct story_mark){at, number, tracks[next_random(&seed) % 8]};
    }
    view->marks = marks;
    view->mark_count = marks ? MARKS : 0;
    return view->marks != NULL;
}

static void fill_states(struct view *view, const struct sample_options *options) {
    static const char *const why[] = {[VIEW_RUNNING] = "",
                                      [VIEW_PAUSED] = "page fault 18 is over; press n for the next one",
                                      [VIEW_ENDED] = "the program exited with status 0"};
    view->state = options->state;
    snprintf(view->stop_text, sizeof view->stop_text, "%s", why[options->state]);
    if (options->long_names)
        snprintf(view->stop_text, sizeof view->stop_text,
                 "the program was killed by signal 11 (SIGSEGV) at address 00000008, instruction 08048b10, and nobody "
                 "waited for it");
    snprintf(view->program, sizeof view->program, "%s",
             options->long_names ? "a-program-with-a-very-long-name-indeed-from-week-07" : "first-faults");
}

struct view *sample_view(const struct sample_options *options) {
    struct view *view = calloc(1, sizeof *view);
    if (!view)
        return NULL;
    view->serial = 1;
    view->ram_bytes = (uint64_t)(options->ram_mib ? options->ram_mib : 64) << 20;
    view->blocks = 10345529;
    view->block_ns = 4;
    fill_states(view, options);
    set_fault(view, options);
    if (!options->no_console)
        fill_console(&view->console, options);
    bool good = fill_marks(view, options);
    if (options->no_kernel)
        snprintf(view->kernel_missing, sizeof view->kernel_missing,
                 "This kernel has no DWARF types; only what the hardware shows is known.");
    else
        good = good && (view->kernel = sample_kernel(options)) != NULL;
    if (options->fault == SAMPLE_COW)
        sample_path(view);
    good = good && sample_fill_reclaim(view, options) && sample_select(view, options->selection, options->swapped);
    good = good && (!options->overlays || sample_overlays(view)) && (!options->foreign || sample_hardware(view));
    if (good)
        return view;
    sample_view_free(view);
    return NULL;
}

void sample_view_free(struct view *view) {
    if (!view)
        return;
    if (view->kernel) {
        for (size_t i = 0; i < view->kernel->space.vma_count; i++)
            free(view->kernel->space.vmas[i].pages);
        free(view->kernel->space.vmas);
        free(view->kernel->space.tables);
        free(view->kernel->tasks);
        free(view->kernel->frames);
        free(view->kernel);
    }
    for (size_t i = 0; i < view->swap_area_count; i++)
        free(view->swap_areas[i].users);
    free(view->swap_areas);
    free(view->strips);
    free(view->events);
    free(view->spans);
    free(view->samples);
    free((void *)(uintptr_t)view->marks);
    free(view->life_text);
    free(view->bits.of);
    free(view->bits.mapcount);
    free(view->ages);
    free(view->hardware.of);
    free(view);
}
