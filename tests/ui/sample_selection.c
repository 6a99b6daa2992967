/* Invented selections, overlays, call paths and a kernel without symbols, for sample_view.c. */
#include "tests/ui/sample_parts.h"

#include "guestos/include/faultline/trace_abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME 0x02c11u
#define PAGE 0x40012000u
#define TABLE 0x03f2e000u
#define DIRECTORY 0x03f2c000u

/* The call path -------------------------------------------------------------------------------------------- */

void sample_path(struct view *view) {
    static const char *const words[] = {"do_wp_page  memory.c:412", "handle_pte_fault  memory.c:731",
                                        "handle_mm_fault  memory.c:790", "do_page_fault  fault.c:233"};
    view->fault.path_count = sizeof words / sizeof words[0];
    for (unsigned i = 0; i < view->fault.path_count; i++) {
        view->fault.path[i] = 0xc0101000u + i * 0x40;
        snprintf(view->path_words[i], VIEW_WORDS, "%s", words[i]);
    }
}

/* A life --------------------------------------------------------------------------------------------------- */

struct moment {
    uint64_t before; /* blocks before now */
    uint16_t type;
    uint64_t fault;
    const char *text;
};

static const struct moment moments[] = {
    {9200000, FLT_MM_PAGE_ALLOC, 3, "taken by init (pid 1), order 0, from NORMAL, per-CPU list (fault 3)"},
    {9199990, FLT_FAULT_PTE, 3, "mapped at 08049000, writable, for init (pid 1): first write (fault 3)"},
    {9199950, FLT_MM_LRU_ADD, 3, "onto the inactive list"},
    {6100000, FLT_MM_UNMAP, 0, "unmapped from 08049000, D was set"},
    {6099990, FLT_MM_PAGE_FREE, 0, "freed by init (pid 1) to NORMAL, order 0"},
    {5200000, FLT_MM_PAGE_ALLOC, 9, "taken by first-faults (pid 7), order 0, from NORMAL, buddy lists (fault 9)"},
    {5199980, FLT_FAULT_PTE, 9, "mapped at 40012000, writable, for first-faults (pid 7): first write (fault 9)"},
    {5199900, FLT_MM_LRU_ADD, 9, "onto the inactive list"},
    {3300000, FLT_MM_PAGE_REFERENCED, 0, "A bit harvested from 1 of 1 entry: used since the last look"},
    {3299990, FLT_MM_LRU_MOVE, 0, "to the active list: referenced"},
    {2100000, FLT_MM_SWAP_OUT, 0, "given slot 184 of swap area 0"},
    {2099800, FLT_MM_UNMAP, 0, "unmapped from 40012000, D was set; entry is now 00000b80"},
    {2099000, FLT_MM_VMSCAN_WRITEPAGE, 0, "written out to swap"},
    {1500000, FLT_MM_SWAP_IN, 14, "read from slot 184 of swap area 0 (fault 14)"},
    {1499900, FLT_FAULT_PTE, 14, "mapped at 40012000, read-only, for first-faults (pid 7): swap in (fault 14)"},
    {1499800, FLT_MM_SWAP_FREE, 14, "slot 184 of swap area 0 is free again"},
    {1200, FLT_FAULT_COW, 18, "a copy of frame 01a73 for first-faults (pid 7): 2 entries share it (fault 18)"},
    {1190, FLT_FAULT_PTE, 18, "mapped at 40012000, writable, for first-faults (pid 7): copy on write (fault 18)"},
};

#define MOMENTS (sizeof moments / sizeof moments[0])

static bool give_life(struct view *view) {
    struct selection *selection = &view->selection;
    view->life_text = calloc(MOMENTS, sizeof *view->life_text);
    if (!view->life_text)
        return false;
    selection->life_count = selection->life_total = MOMENTS;
    for (size_t i = 0; i < MOMENTS; i++) {
        selection->life[i] = (struct story_log_entry){.number = 40 + 7 * i,
                                                      .blocks = view->blocks - moments[i].before,
                                                      .fault = moments[i].fault,
                                                      .pid = i < 5 ? 1 : 7,
                                                      .type = moments[i].type,
                                                      .pfn = FRAME};
        snprintf(view->life_text[i], VIEW_LIFE_TEXT, "%s", moments[i].text);
    }
    return true;
}

/* Parts of a selection ------------------------------------------------------------------------------------- */

static bool give_frame(struct view *view, uint64_t pfn) {
    struct selection *selection = &view->selection;
    selection->has_frame = true;
    selection->frame = (struct kv_frame){.pfn = pfn,
                                         .kind = FRAME_ANON,
                                         .flags = 0x05000068,
                                         .flag_names = "uptodate lru active",
                                         .count = 2,
                                         .mapcount = 2,
                                         .mapping = 0xc1234561,
                                         .index = 0x40012};
    selection->owner_total = selection->owner_count = 2;
    selection->owners[0] = (struct kv_owner){
        .pid = 7, .comm = "first-faults", .linear = PAGE, .entry_physical = TABLE + 0x48, .entry = 0x02c11067};
    selection->owners[1] = (struct kv_owner){
        .pid = 8, .comm = "first-faults", .linear = PAGE, .entry_physical = 0x03a51048, .entry = 0x02c11025};
    return give_life(view);
}

static void give_page(struct selection *selection, bool swapped) {
    selection->has_page = selection->has_entry = true;
    selection->pid = 7;
    selection->linear = PAGE;
    selection->entry_physical = TABLE + 0x48;
    selection->entry = swapped ? 0x00000b80 : 0x02c11067;
    selection->has_swap = swapped;
    selection->swap_slot = swapped ? 184 : 0;
    selection->walk.mode = MMU_MODE_32BIT;
    selection->walk.count = 2;
    selection->walk.steps[0] = (struct mmu_step){
        .level = 2, .index = 0x100, .at = mmu_phys(DIRECTORY + 0x400), .before = TABLE + 0x67, .after = TABLE + 0x67};
    selection->walk.steps[1] = (struct mmu_step){.level = 1,
                                                 .index = 0x012,
                                                 .at = mmu_phys(TABLE + 0x48),
                                                 .before = selection->entry,
                                                 .after = selection->entry,
                                                 .leaf = true};
}

static void give_region(struct selection *selection) {
    static const uint32_t untouched[][2] = {{0, 3}, {5, 12}, {21, 40}, {52, 67}};
    selection->has_vma = true;
    selection->vma_start = 0x40000000;
    selection->vma_end = 0x4004b000;
    selection->vma_pages = 75;
    selection->untouched_count = sizeof untouched / sizeof untouched[0];
    memcpy(selection->untouched, untouched, sizeof untouched);
    selection->vma_touched = 75;
    for (size_t i = 0; i < selection->untouched_count; i++)
        selection->vma_touched -= untouched[i][1] - untouched[i][0];
}

/* The table of the anonymous region, in step with the residency of the sample's regions. */
static void give_entries(struct view *view) {
    view->has_entries = true;
    view->entries_index = 0x100;
    view->entries.table_physical = TABLE;
    const struct kv_address_space *space = view->kernel ? &view->kernel->space : NULL;
    uint64_t frames = view->kernel ? view->kernel->frame_count : 0;
    for (size_t i = 0; space && i < space->vma_count; i++) {
        const struct kv_vma *vma = &space->vmas[i];
        for (uint64_t page = 0;
             vma->start >> 22 == 0x100 && page < vma->page_count && 0x02c00 + page < frames && page < 1024; page++)
            if (vma->pages && vma->pages[page] < FRAME_ABSENT) {
                view->kernel->frames[0x02c00 + page] = FRAME_ANON;
                view->entries.entry[page] = (uint32_t)((0x02c00 + page) << 12) | (page % 3 ? 0x067 : 0x025);
            } else if (page % 9 == 4)
                view->entries.entry[page] = (uint32_t)(0x100 + page) << 5;
    }
    view->entries.entry[0x012] = (uint32_t)view->selection.entry;
}

static void give_event(struct view *view) {
    struct selection *selection = &view->selection;
    selection->has_event = true;
    selection->event = (struct story_log_entry){.number = 110,
                                                .blocks = view->blocks - 2100000,
                                                .pid = 3,
                                                .type = FLT_MM_SWAP_OUT,
                                                .pfn = FRAME,
                                                .value = {0, 184, 0}};
}

bool sample_select(struct view *view, enum select_kind kind, bool swapped) {
    struct selection *selection = &view->selection;
    selection->kind = kind;
    switch (kind) {
    case SELECT_NONE: return true;
    case SELECT_FRAME: selection->argument = FRAME; break;
    case SELECT_PAGE: selection->argument = PAGE; break;
    case SELECT_VMA: selection->argument = PAGE; break;
    case SELECT_ENTRY: selection->argument = TABLE + 0x48; break;
    case SELECT_EVENT: selection->argument = 110; break;
    }
    if (kind == SELECT_EVENT)
        give_event(view);
    give_page(selection, swapped);
    give_region(selection);
    give_entries(view);
    return swapped || kind == SELECT_VMA || give_frame(view, FRAME);
}

/* Overlays ------------------------------------------------------------------------------------------------- */

bool sample_overlays(struct view *view) {
    uint64_t count = view->kernel ? view->kernel->frame_count : 0;
    if (count == 0)
        return true;
    view->bits.of = calloc(count, 1);
    view->bits.mapcount = calloc(count, 1);
    view->ages = malloc(count);
    view->bits.count = count;
    if (!view->bits.of || !view->bits.mapcount || !view->ages)
        return false;
    for (uint64_t pfn = 0; pfn < count; pfn++) {
        unsigned kind = view->kernel->frames[pfn], turn = (unsigned)(pfn / 11 * 2654435761u >> 7);
        bool mapped = kind == FRAME_ANON || (kind == FRAME_FILE && turn % 3) || kind == FRAME_FILE_DIRTY;
        static const uint8_t counts[] = {1, 1, 1, 1, 2, 1, 2, 1, 1, 3, 1, 6, 1, 12};
        view->bits.mapcount[pfn] = mapped ? counts[turn % sizeof counts] : 0;
        view->bits.of[pfn] = (uint8_t)(mapped ? KV_MAPPED | (turn % 4 ? KV_ACCESSED : 0) |
                                                    (kind != FRAME_FILE && turn % 5 ? KV_DIRTY : 0)
                                              : 0);
        view->ages[pfn] = (uint8_t)(kind == FRAME_FREE || kind >= FRAME_RESERVED ? 255 : turn % 255);
    }
    return true;
}

/* A kernel without symbols --------------------------------------------------------------------------------- */

bool sample_hardware(struct view *view) {
    struct hw_frames *to = &view->hardware;
    to->paging = true;
    snprintf(to->mode, sizeof to->mode, "32-bit paging");
    to->root = DIRECTORY;
    to->count = view->ram_bytes >> 12;
    to->of = calloc(to->count, 1);
    for (uint64_t pfn = 0; to->of && pfn < to->count; pfn++) {
        unsigned turn = (unsigned)(pfn / 37 * 2654435761u >> 9), use = HW_UNMAPPED;
        if (pfn < 900)
            use = pfn < 256 ? HW_KERNEL_WRITABLE : HW_KERNEL;
        else if (pfn < 7000)
            use = turn % 7 == 0 ? HW_TABLE : turn % 3 == 0 ? HW_USER : turn % 2 ? HW_USER_WRITABLE : HW_UNMAPPED;
        to->uses[use]++;
        to->tables += use == HW_TABLE;
        bool mapped = use != HW_UNMAPPED && use != HW_TABLE;
        to->of[pfn] = (uint8_t)(use | (mapped && turn % 4 ? HW_ACCESSED : 0) |
                                (use == HW_USER_WRITABLE && turn % 5 ? HW_DIRTY : 0));
    }
    return to->of != NULL;
}
