/* kernelview on the toy kernel's memory: what it reads when all is well, and what it makes of broken structures. */
#include "emu/kernelview/kernelview.h"
#include "tests/story/toy.h"
#include "tests/story/toy_ram.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *file;
static size_t file_size;
static struct image *image;
static struct toy_ram ram;
static struct kernelview *view;

static void set_up(void) {
    char error[200] = "";
    file = toy_read_file(TOY_KERNEL, &file_size);
    image = image_open(file, file_size, error, sizeof error);
    cr_assert_not_null(image, "%s", error);
    toy_ram_load(&ram, image, file, file_size);
    view = kernelview_create(image, error, sizeof error);
    cr_assert_not_null(view, "%s", error);
}

static void tear_down(void) {
    kernelview_destroy(view);
    toy_ram_free(&ram);
    image_close(image);
    free(file);
}

TestSuite(kernelview, .init = set_up, .fini = tear_down);

static void poke(const char *symbol, const char *type, const char *path, uint32_t value) {
    toy_ram_poke(&ram, image, symbol, type, path, value);
}

static struct kv_snapshot *snapshot(void) {
    struct kv_snapshot *taken = kernelview_snapshot(view, &ram.mmu, -1);
    cr_assert_not_null(taken);
    return taken;
}

static uint32_t address_of(const char *symbol) {
    uint64_t start = 0;
    cr_assert(image_symbol(image, symbol, &start, NULL), "%s", symbol);
    return (uint32_t)start;
}

Test(kernelview, classifies_every_frame) {
    static const struct {
        uint64_t pfn;
        enum frame_kind kind;
    } expected[] = {{0, FRAME_RESERVED}, {255, FRAME_RESERVED},   {256, FRAME_KERNEL},     {512, FRAME_TABLE},
                    {514, FRAME_TABLE},  {515, FRAME_SLAB},       {516, FRAME_KERNEL},     {517, FRAME_ANON},
                    {518, FRAME_FILE},   {519, FRAME_FILE_DIRTY}, {520, FRAME_SWAP_CACHE}, {521, FRAME_FREE},
                    {522, FRAME_ANON},   {523, FRAME_KERNEL},     {524, FRAME_FREE},       {1024, FRAME_FREE},
                    {1025, FRAME_FREE},  {4095, FRAME_FREE}};
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->frame_count, 4096);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        cr_assert_eq(taken->frames[expected[i].pfn], expected[i].kind, "frame %u is %s", (unsigned)expected[i].pfn,
                     frame_kind_name(taken->frames[expected[i].pfn]));
    uint64_t total = 0;
    for (unsigned kind = 0; kind < FRAME_KINDS; kind++)
        total += taken->frame_kinds[kind];
    cr_assert_eq(total, 4096);
    cr_assert_eq(taken->frame_kinds[FRAME_TABLE], 3);
    cr_assert_eq(taken->frame_kinds[FRAME_ANON], 2);
    cr_assert_not(taken->torn);
    kernelview_snapshot_free(taken);
}

Test(kernelview, reads_zones_and_leaves_empty_ones_out) {
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->zone_count, 1);
    const struct kv_zone *zone = &taken->zones[0];
    cr_assert_str_eq(zone->name, "DMA");
    cr_assert(zone->start_pfn == 0 && zone->spanned == 4096 && zone->present == 3900);
    cr_assert(zone->free == 3572 && zone->min == 32 && zone->low == 64 && zone->high == 96);
    cr_assert(zone->lowmem_reserve[0] == 0 && zone->lowmem_reserve[1] == 11 && zone->lowmem_reserve[2] == 22);
    cr_assert(zone->nr_active == 5 && zone->nr_inactive == 7);
    cr_assert(zone->nr_free_blocks[0] == 4 && zone->nr_free_blocks[1] == 0 && zone->nr_free_blocks[10] == 3);
    cr_assert(zone->pageset_count[0] == 1 && zone->pageset_count[1] == 0);
    kernelview_snapshot_free(taken);
}

Test(kernelview, reads_lru_lists_from_the_newest_page_on) {
    struct kv_snapshot *taken = snapshot();
    const struct kv_zone *zone = &taken->zones[0];
    cr_assert_eq(zone->lru[1].count, 2);
    cr_assert(zone->lru[1].pfn[0] == 517 && zone->lru[1].pfn[1] == 522);
    cr_assert(zone->lru[1].referenced[0] && !zone->lru[1].referenced[1]);
    cr_assert(zone->lru[0].count == 1 && zone->lru[0].pfn[0] == 518);
    cr_assert(zone->pages_scanned == 33 && zone->prev_priority == 9 && zone->all_unreclaimable);
    cr_assert(zone->dirty == 17 && zone->writeback == 3);
    cr_assert(taken->swap_total == 1000 && taken->swap_free == 900);
    kernelview_snapshot_free(taken);
}

/* A list that leads into itself is as long as a list is shown. */
Test(kernelview, bounds_broken_lru_lists) {
    poke("contig_page_data", "struct pglist_data", "node_zones[0].active_list.next",
         address_of("toy_frames") + 518 * 32 + 24);
    poke("contig_page_data", "struct pglist_data", "node_zones[0].inactive_list.next", 0x12345);
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->zones[0].lru[1].count, 1);
    cr_assert_eq(taken->zones[0].lru[0].count, 0);
    kernelview_snapshot_free(taken);
}

Test(kernelview, lists_tasks_and_marks_the_current_one) {
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->task_count, 4);
    cr_assert_str_eq(taken->tasks[0].comm, "swapper");
    cr_assert_str_eq(taken->tasks[1].comm, "toy");
    cr_assert_str_eq(taken->tasks[2].comm, "kswapd0");
    cr_assert(taken->tasks[1].current && !taken->tasks[0].current && !taken->tasks[2].current);
    cr_assert(taken->tasks[1].has_mm && !taken->tasks[2].has_mm);
    cr_assert_eq(taken->tasks[1].pgd_phys, address_of("toy_pgd") - 0xC0000000u);
    cr_assert_eq(taken->tasks[2].state, 1);
    kernelview_snapshot_free(taken);
}

Test(kernelview, reads_the_address_space_with_names_and_residency) {
    static const struct {
        uint64_t start, end, resident;
        const char *name;
    } expected[] = {{0x08048000, 0x0804a000, 1, "/bin/toy"},
                    {0x0804a000, 0x0804b000, 1, "/bin/toy"},
                    {0x0804c000, 0x08050000, 1, "[heap]"},
                    {0xbfffe000, 0xc0000000, 1, "[stack]"}};
    struct kv_snapshot *taken = snapshot();
    const struct kv_address_space *space = &taken->space;
    cr_assert_eq(space->pid, 1);
    cr_assert_eq(space->vma_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct kv_vma *vma = &space->vmas[i];
        cr_assert_eq(vma->start, expected[i].start, "VMA %zu starts at %llx", i, (unsigned long long)vma->start);
        cr_assert_eq(vma->end, expected[i].end);
        cr_assert_eq(vma->resident, expected[i].resident, "VMA %zu has %u", i, (unsigned)vma->resident);
        cr_assert_str_eq(vma->name, expected[i].name);
        cr_assert_eq(vma->page_count, (vma->end - vma->start) / 4096);
    }
    cr_assert_eq(space->vmas[0].pages[0], FRAME_FILE);
    cr_assert_eq(space->vmas[0].pages[1], FRAME_ABSENT);
    cr_assert_eq(space->vmas[1].pages[0], FRAME_ANON);
    cr_assert_eq(space->vmas[2].pages[0], FRAME_FILE_DIRTY);
    cr_assert_eq(space->vmas[2].pages[1], FRAME_ABSENT, "an entry without P maps nothing");
    cr_assert_eq(space->vmas[3].pages[1], FRAME_ANON);
    cr_assert_eq(space->resident, 4);
    cr_assert_eq(space->total, 2 + 1 + 4 + 2);
    cr_assert_eq(space->table_count, 2);
    cr_assert(space->tables[0].index == 32 && space->tables[0].present == 3);
    cr_assert(space->tables[1].index == 767 && space->tables[1].present == 1);
    kernelview_snapshot_free(taken);
}

Test(kernelview, shows_a_task_by_pid) {
    struct kv_snapshot *taken = kernelview_snapshot(view, &ram.mmu, 2);
    cr_assert_eq(taken->space.pid, 2);
    cr_assert_eq(taken->space.vma_count, 0, "a kernel thread has no address space");
    kernelview_snapshot_free(taken);
    taken = kernelview_snapshot(view, &ram.mmu, 77);
    cr_assert_eq(taken->space.vma_count, 0);
    cr_assert_not(taken->torn, "a pid that does not exist is no damage");
    kernelview_snapshot_free(taken);
}

Test(kernelview, finds_tasks) {
    struct kv_task task;
    cr_assert(kernelview_current(view, &ram.mmu, &task));
    cr_assert(task.pid == 1 && task.current && task.has_mm);
    cr_assert(kernelview_find_task(view, &ram.mmu, 1, &task));
    cr_assert_eq(task.pgd_phys, address_of("toy_pgd") - 0xC0000000u);
    cr_assert_not(kernelview_find_task(view, &ram.mmu, 2, &task));
    cr_assert_not(kernelview_find_task(view, &ram.mmu, 4, &task));
}

Test(kernelview, describes_one_frame) {
    struct kv_frame frame;
    cr_assert(kernelview_frame(view, &ram.mmu, 517, &frame));
    cr_assert(frame.kind == FRAME_ANON && frame.count == 2 && frame.mapcount == 2 && frame.index == 0x804a);
    cr_expect_str_eq(frame.flag_names, "referenced lru");
    cr_assert(kernelview_frame(view, &ram.mmu, 1024, &frame));
    cr_assert(frame.kind == FRAME_FREE && frame.order == 10 && frame.mapcount == 0);
    cr_assert_not(kernelview_frame(view, &ram.mmu, 4096, &frame));
    cr_assert_not(kernelview_frame(view, &ram.mmu, UINT64_MAX, &frame));
}

Test(kernelview, has_nothing_to_show_before_mem_map_is_set) {
    struct kv_task task;
    poke("mem_map", NULL, NULL, 0);
    cr_assert_null(kernelview_snapshot(view, &ram.mmu, -1));
    poke("current_task", NULL, NULL, 0);
    cr_assert_not(kernelview_current(view, &ram.mmu, &task));
}

Test(kernelview, has_nothing_to_show_before_paging) {
    struct mmu_state state = {.cr0 = MMU_CR0_PE, .maxphyaddr = 36};
    struct kv_frame frame;
    mmu_context_init(&ram.mmu, &ram.memory, &state);
    cr_assert_null(kernelview_snapshot(view, &ram.mmu, -1));
    cr_assert_not(kernelview_frame(view, &ram.mmu, 0, &frame));
}

Test(kernelview, says_which_name_is_missing) {
    char error[200] = "";
    for (size_t i = 0; i + 9 <= file_size; i++) /* every place: symbol strings and debug strings */
        if (memcmp(file + i, "max_mapnr", 9) == 0)
            file[i] = 'M';
    struct image *other = image_open(file, file_size, error, sizeof error);
    cr_assert_not_null(other);
    cr_assert_null(kernelview_create(other, error, sizeof error));
    cr_assert_not_null(strstr(error, "max_mapnr"), "%s", error);
    image_close(other);
}

Test(kernelview, survives_a_ring_of_vmas) {
    poke("toy_vmas", "struct vm_area_struct", "vm_next", address_of("toy_vmas"));
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->space.vma_count, 1);
    cr_assert(taken->torn);
    kernelview_snapshot_free(taken);
}

Test(kernelview, stops_at_a_region_that_ends_before_it_starts) {
    poke("toy_vmas", "struct vm_area_struct", "vm_end", 0x08047000);
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->space.vma_count, 0);
    cr_assert(taken->torn);
    kernelview_snapshot_free(taken);
}

Test(kernelview, survives_wild_pointers) {
    static const uint32_t wild[] = {1, 0xfffffffc, 0xdeadbeef, 0xC0FFFFFE, 0x08048000, 0xC1000000};
    static const struct {
        const char *symbol, *type, *path;
    } pointers[] = {{"mem_map", NULL, NULL},
                    {"current_task", NULL, NULL},
                    {"contig_page_data", "struct pglist_data", "pgdat_next"},
                    {"contig_page_data", "struct pglist_data", "nr_zones"},
                    {"contig_page_data", "struct pglist_data", "node_zones[0].name"},
                    {"init_task", "struct task_struct", "tasks.next"},
                    {"toy_init", "struct task_struct", "mm"},
                    {"toy_init", "struct task_struct", "parent"},
                    {"toy_mm", "struct mm_struct", "mmap"},
                    {"toy_mm", "struct mm_struct", "pgd"},
                    {"toy_vmas", "struct vm_area_struct", "vm_file"},
                    {"toy_vmas", "struct vm_area_struct", "vm_next"},
                    {"toy_file", "struct file", "f_dentry"},
                    {"toy_name", "struct dentry", "d_parent"},
                    {"toy_name", "struct dentry", "d_name"},
                    {"max_mapnr", NULL, NULL}};
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        for (size_t k = 0; k < sizeof wild / sizeof wild[0]; k++) {
            uint8_t *at = toy_ram_at(&ram, image, pointers[i].symbol, pointers[i].type, pointers[i].path);
            uint32_t before;
            struct kv_task task;
            memcpy(&before, at, sizeof before);
            poke(pointers[i].symbol, pointers[i].type, pointers[i].path, wild[k]);
            kernelview_snapshot_free(kernelview_snapshot(view, &ram.mmu, -1));
            kernelview_snapshot_free(kernelview_snapshot(view, &ram.mmu, 1));
            kernelview_find_task(view, &ram.mmu, 1, &task);
            memcpy(at, &before, sizeof before);
        }
    struct kv_snapshot *taken = snapshot();
    cr_assert_not(taken->torn, "all was put back");
    kernelview_snapshot_free(taken);
}

Test(kernelview, reads_a_swap_area_and_its_slots) {
    static const uint16_t users[] = {KV_SLOT_BAD, 0, 2, KV_SLOT_BAD, 0, 1, 0, 0};
    struct kv_swap_area area;
    cr_assert(kernelview_swap_area(view, &ram.mmu, 1, &area));
    cr_expect(area.number == 1 && area.writable && area.priority == -1 && !area.torn);
    cr_expect(area.slots == 8 && area.good == 6 && area.used == 2);
    cr_expect_str_eq(area.name, "/bin/toy");
    cr_assert_eq(area.slots_read, 8);
    cr_expect_arr_eq(area.users, users, sizeof users);
    kernelview_swap_area_free(&area);
    cr_expect_null(area.users);
    cr_expect_not(kernelview_swap_area(view, &ram.mmu, 0, &area), "not in use");
    cr_expect_not(kernelview_swap_area(view, &ram.mmu, KV_SWAP_AREAS, &area), "no such area");
    cr_expect_not(kernelview_swap_area(view, &ram.mmu, UINT32_MAX, &area), "no such area");
    kernelview_swap_area_free(&area);
}

Test(kernelview, bounds_a_swap_area_that_lies) {
    struct kv_swap_area area;
    poke("swap_info", "struct swap_info_struct", "max", 0xffffffff);
    poke("swap_info", "struct swap_info_struct", "flags", 1);
    poke("swap_info", "struct swap_info_struct", "swap_map", address_of("swap_info"));
    cr_assert(kernelview_swap_area(view, &ram.mmu, 0, &area));
    cr_expect(area.torn && area.slots <= 1u << 24 && area.slots_read < area.slots && !area.writable);
    kernelview_swap_area_free(&area);
    poke("swap_info", "struct swap_info_struct", "max", 8);
    poke("swap_info", "struct swap_info_struct", "swap_map", 0x10);
    cr_assert(kernelview_swap_area(view, &ram.mmu, 0, &area));
    cr_expect(area.torn && area.slots_read == 0);
    kernelview_swap_area_free(&area);
}

Test(kernelview, counts_pages_of_files) {
    struct kv_file files[2] = {{0}};
    cr_assert_eq(kernelview_files(view, &ram.mmu, files, 2), 1);
    cr_expect(files[0].pages == 2 && files[0].dirty == 1 && files[0].inode == 12);
    cr_expect_str_eq(files[0].fs, "ext2");
    poke("toy_mapping", "struct address_space", "host", 0x77);
    cr_assert_eq(kernelview_files(view, &ram.mmu, files, 2), 1);
    cr_expect(files[0].pages == 2 && files[0].fs[0] == '\0', "a host that is none has no name");
    cr_expect_eq(kernelview_files(view, &ram.mmu, NULL, 0), 1, "only the count");
    poke("max_mapnr", NULL, NULL, 0);
    cr_expect_eq(kernelview_files(view, &ram.mmu, files, 2), 0);
}

Test(kernelview, draws_a_file_page_by_page) {
    struct kv_strip strips[2];
    cr_assert_eq(kernelview_strips(view, &ram.mmu, strips, 2), 1);
    cr_expect(strips[0].inode == 12 && strips[0].pages == 2 && strips[0].dirty == 1 && strips[0].writeback == 0);
    cr_expect(strips[0].size_pages == 2 && strips[0].per_cell == 1 && strips[0].cells == 2);
    cr_expect(strips[0].state[0] == CACHED_CLEAN && strips[0].state[1] == CACHED_DIRTY);
    cr_expect_str_eq(strips[0].fs, "ext2");
    cr_expect_str_eq(strips[0].path, "/bin/toy");
    cr_expect_eq(kernelview_strips(view, &ram.mmu, strips, 0), 0);
}

/* A file of 16 GiB, a page far beyond a file's end: the cells grow until all is in. */
Test(kernelview, draws_a_large_file_in_larger_cells) {
    struct kv_strip strip;
    poke("toy_inode", "struct inode", "i_size", 0);
    memcpy(toy_ram_at(&ram, image, "toy_inode", "struct inode", "i_size") + 4, &(uint32_t){4}, 4);
    cr_assert_eq(kernelview_strips(view, &ram.mmu, &strip, 1), 1);
    cr_expect(strip.size_pages == 4u << 20 && strip.per_cell == 4096 && strip.cells == 1024);
    cr_expect_eq(strip.state[0], CACHED_DIRTY, "the busiest of its pages");
    memset(toy_ram_at(&ram, image, "toy_frames", NULL, NULL) + 518 * 32 + 20, 0xff, 4); /* its index */
    cr_assert_eq(kernelview_strips(view, &ram.mmu, &strip, 1), 1);
    cr_expect(strip.cells == 1024 && strip.state[1023] == CACHED_CLEAN);
}

Test(kernelview, ends_at_names_that_lead_nowhere) {
    static const char *const links[] = {"d_subdirs.next", "d_child.next", "d_parent", "d_inode"};
    static const uint32_t wild[] = {0, 1, 0xfffffffc, 0xdeadbeef, 0xC0FFFFFE, 0x08048000};
    struct kv_strip strip;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k <= 6; k++) {
            uint8_t *at = toy_ram_at(&ram, image, "toy_bin", "struct dentry", links[i]);
            uint32_t before;
            memcpy(&before, at, sizeof before);
            poke("toy_bin", "struct dentry", links[i], k < 6 ? wild[k] : address_of("toy_bin") + 0x14);
            cr_expect_eq(kernelview_strips(view, &ram.mmu, &strip, 1), 1, "%s", links[i]);
            memcpy(at, &before, sizeof before);
        }
}

Test(kernelview, lists_vmalloc_areas) {
    struct kv_vmalloc areas[4];
    cr_assert_eq(kernelview_vmalloc(view, &ram.mmu, areas, 4), 2);
    cr_expect(areas[0].address == 0xd0000000 && areas[0].bytes == 0x2000 && areas[0].pages == 2);
    cr_expect(areas[1].address == 0xd0004000 && areas[1].bytes == 0x2000 && areas[1].pages == 0);
    cr_expect_eq(kernelview_vmalloc(view, &ram.mmu, areas, 1), 2, "the count knows no limit");
    poke("toy_area", "struct vm_struct", "next", address_of("toy_area"));
    cr_expect_eq(kernelview_vmalloc(view, &ram.mmu, areas, 4), 65536, "a ring ends");
    poke("vmlist", NULL, NULL, 0x5);
    cr_expect_eq(kernelview_vmalloc(view, &ram.mmu, areas, 4), 0);
}

/* ---- who maps a frame ---- */

Test(kernelview, finds_the_owners_of_an_anonymous_frame) {
    struct kv_owner owners[4];
    cr_assert_eq(kernelview_owners(view, &ram.mmu, 517, owners, 4), 2);
    cr_expect(owners[0].pid == 1 && owners[0].linear == 0x0804a000 && owners[0].entry == (517u << 12 | 0x25));
    cr_expect(owners[1].pid == 3 && owners[1].linear == 0x0804a000 && owners[1].entry == (517u << 12 | 0x05));
    cr_expect_str_eq(owners[0].comm, "toy");
    cr_expect_str_eq(owners[1].comm, "child");
    cr_expect_eq(owners[0].entry_physical, address_of("toy_table_text") - 0xC0000000u + 0x4a * 4);
    cr_expect_eq(kernelview_owners(view, &ram.mmu, 517, owners, 1), 2, "the count knows no limit");
    cr_expect_eq(kernelview_owners(view, &ram.mmu, 522, owners, 4), 1);
    cr_expect_eq(owners[0].linear, 0xbffff000);
    cr_expect_eq(kernelview_owners(view, &ram.mmu, 520, owners, 4), 0, "nobody maps it");
    cr_expect_eq(kernelview_owners(view, &ram.mmu, 4096, owners, 4), 0, "no such frame");
}

Test(kernelview, finds_the_owners_of_a_file_page) {
    struct kv_owner owners[4];
    cr_assert_eq(kernelview_owners(view, &ram.mmu, 518, owners, 4), 1);
    cr_expect(owners[0].pid == 1 && owners[0].linear == 0x08048000);
    cr_assert_eq(kernelview_owners(view, &ram.mmu, 519, owners, 4), 1, "by the nonlinear mapping's entries");
    cr_expect(owners[0].linear == 0x0804c000 && owners[0].entry == (519u << 12 | 0x67));
    uint32_t none = 519u << 12 | 0x80; /* PROT_NONE keeps the frame */
    memcpy(toy_ram_at(&ram, image, "toy_table_text", NULL, NULL) + 0x4c * 4, &none, sizeof none);
    cr_expect_eq(kernelview_owners(view, &ram.mmu, 519, owners, 4), 1);
}

Test(kernelview, ends_at_rings_and_trees_that_lead_nowhere) {
    static const struct {
        const char *symbol, *type, *path;
    } links[] = {{"toy_anon_vma", "struct anon_vma", "head.next"},
                 {"toy_vmas", "struct vm_area_struct", "shared.node.left"},
                 {"toy_vmas", "struct vm_area_struct", "shared.node.equals.next"},
                 {"toy_mapping", "struct address_space", "i_mmap.node"},
                 {"toy_mapping", "struct address_space", "i_mmap_nonlinear.next"}};
    static const uint32_t wild[] = {1, 0xfffffffc, 0xdeadbeef, 0xC0FFFFFE, 0x08048000, 0xC1000000};
    struct kv_owner owners[4];
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        for (size_t k = 0; k <= sizeof wild / sizeof wild[0]; k++) {
            uint8_t *at = toy_ram_at(&ram, image, links[i].symbol, links[i].type, links[i].path);
            uint32_t before;
            memcpy(&before, at, sizeof before);
            uint32_t itself = address_of("toy_vmas") + (uint32_t)(at - toy_ram_at(&ram, image, "toy_vmas", NULL, NULL));
            poke(links[i].symbol, links[i].type, links[i].path, k < 6 ? wild[k] : itself);
            for (uint64_t pfn = 517; pfn < 520; pfn++)
                cr_expect_leq(kernelview_owners(view, &ram.mmu, pfn, owners, 4), 2, "%s %s", links[i].symbol,
                              links[i].path);
            memcpy(at, &before, sizeof before);
        }
    cr_expect_eq(kernelview_owners(view, &ram.mmu, 517, owners, 4), 2, "all was put back");
}

Test(kernelview, gathers_bits_over_all_address_spaces) {
    struct kv_bits bits;
    cr_assert(kernelview_bits(view, &ram.mmu, &bits));
    cr_assert_eq(bits.count, 4096);
    cr_expect(bits.of[517] == (KV_MAPPED | KV_ACCESSED) && bits.mapcount[517] == 2);
    cr_expect(bits.of[519] == (KV_MAPPED | KV_ACCESSED | KV_DIRTY | KV_WRITABLE) && bits.mapcount[519] == 1);
    cr_expect(bits.of[516] == 0 && bits.mapcount[516] == 0);
    kernelview_bits_free(&bits);
    cr_expect_null(bits.of);
    poke("max_mapnr", NULL, NULL, 518);
    cr_assert(kernelview_bits(view, &ram.mmu, &bits));
    cr_expect_eq(bits.count, 518, "frames that the kernel does not know are left out");
    kernelview_bits_free(&bits);
}

Test(kernelview, reads_one_table_of_a_process) {
    struct kv_entries entries;
    cr_assert(kernelview_entries(view, &ram.mmu, 3, 32, &entries));
    cr_expect_eq(entries.table_physical, address_of("toy_child_table") - 0xC0000000u);
    cr_expect_eq(entries.entry[0x4a], 517u << 12 | 0x05);
    cr_expect_not(kernelview_entries(view, &ram.mmu, 3, 33, &entries), "not present");
    cr_expect_not(kernelview_entries(view, &ram.mmu, 3, 1024, &entries), "no such entry");
    cr_expect_not(kernelview_entries(view, &ram.mmu, 1, 768, &entries), "4 MiB by itself");
    cr_expect_not(kernelview_entries(view, &ram.mmu, 2, 32, &entries), "a kernel thread");
}

Test(kernelview, survives_a_ring_of_tasks_without_init_task) {
    struct image_field list;
    cr_assert(image_field(image, "struct task_struct", "tasks.next", &list));
    poke("toy_kswapd", "struct task_struct", "tasks.next", address_of("toy_init") + (uint32_t)list.offset);
    struct kv_snapshot *taken = snapshot();
    cr_assert(taken->torn);
    cr_assert_gt(taken->task_count, 4);
    kernelview_snapshot_free(taken);
}

Test(kernelview, survives_a_ring_of_directories) {
    poke("toy_bin", "struct dentry", "d_parent", address_of("toy_name"));
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->space.vma_count, 4);
    cr_assert_lt(strlen(taken->space.vmas[0].name), sizeof taken->space.vmas[0].name);
    kernelview_snapshot_free(taken);
}

Test(kernelview, survives_page_tables_outside_ram) {
    uint32_t entry = 0xfffff067;
    memcpy(toy_ram_at(&ram, image, "toy_pgd", NULL, NULL) + 32 * 4, &entry, sizeof entry);
    struct kv_snapshot *taken = snapshot();
    cr_assert(taken->torn);
    cr_assert_eq(taken->space.vmas[0].resident, 0);
    cr_assert_eq(taken->space.vmas[3].resident, 1);
    kernelview_snapshot_free(taken);
}

Test(kernelview, counts_a_large_page_as_resident) {
    uint32_t entry = 0x00800067 | 0x80;
    memcpy(toy_ram_at(&ram, image, "toy_pgd", NULL, NULL) + 32 * 4, &entry, sizeof entry);
    struct kv_snapshot *taken = snapshot();
    cr_assert_eq(taken->space.vmas[2].resident, 4);
    cr_assert_eq(taken->space.tables[0].present, 0);
    kernelview_snapshot_free(taken);
}

Test(kernelview, ignores_a_frame_count_beyond_4_gib) {
    poke("max_mapnr", NULL, NULL, 0xffffffff);
    struct kv_snapshot *taken = snapshot();
    cr_assert(taken->torn);
    cr_assert_eq(taken->frame_count, 1u << 20);
    cr_assert_eq(taken->frames[(1u << 20) - 1], FRAME_ABSENT);
    kernelview_snapshot_free(taken);
}

/* What keeps snapshots cheap, counted: no walk a page, and no second look at what is as it was. */
Test(kernelview, looks_again_only_at_what_changed) {
    struct kv_snapshot *first = snapshot();
    struct kv_cost begin = kernelview_cost(view);
    cr_assert_eq(begin.changed, begin.compared, "all of mem_map is new");
    cr_expect_leq(begin.walks, begin.compared + 1, "%llu walks", (unsigned long long)begin.walks);
    struct kv_snapshot *same = snapshot();
    struct kv_cost again = kernelview_cost(view);
    cr_expect_eq(again.compared - begin.compared, begin.compared);
    cr_expect_eq(again.changed, begin.changed, "nothing changed");
    cr_expect_eq(memcmp(first->frames, same->frames, first->frame_count), 0);
    poke("toy_frames", "struct page", "flags", 0);
    struct kv_snapshot *changed = snapshot();
    cr_expect_eq(kernelview_cost(view).changed - again.changed, 1, "one page of mem_map");
    cr_expect_neq(memcmp(first->frames, changed->frames, first->frame_count), 0);
    kernelview_snapshot_free(first);
    kernelview_snapshot_free(same);
    kernelview_snapshot_free(changed);
}

/* A view that has followed all changes says what a view that sees memory for the first time says. */
Test(kernelview, follows_changes_exactly) {
    uint64_t seed = 0x5eed, frames = address_of("toy_frames") & 0xffffff, compared = 0;
    static uint8_t tables[0x2000];
    memcpy(tables, ram.bytes + 0x200000, sizeof tables);
    for (unsigned round = 0; round < 200; round++) {
        char error[200];
        for (unsigned i = 0; i < 40; i++) {
            bool table = toy_random(&seed) % 8 == 0; /* pieces come and go */
            uint64_t at = table ? 0x200000 + toy_random(&seed) % 0x2000 : frames + toy_random(&seed) % 0x20000;
            ram.bytes[at] = (uint8_t)toy_random(&seed);
        }
        struct kernelview *fresh = kernelview_create(image, error, sizeof error);
        struct kv_snapshot *kept = kernelview_snapshot(view, &ram.mmu, -1),
                           *new = kernelview_snapshot(fresh, &ram.mmu, -1);
        cr_assert_eq(kept == NULL, new == NULL, "round %u", round);
        if (kept) {
            cr_assert_eq(kept->frame_count, new->frame_count);
            cr_assert_eq(memcmp(kept->frames, new->frames, new->frame_count), 0, "round %u", round);
            cr_assert_eq(memcmp(kept->frame_kinds, new->frame_kinds, sizeof new->frame_kinds), 0, "round %u", round);
            cr_assert_eq(memcmp(kept->zones, new->zones, sizeof new->zones), 0, "round %u", round);
            compared++;
        }
        memcpy(ram.bytes + 0x200000, tables, sizeof tables);
        kernelview_snapshot_free(kept);
        kernelview_snapshot_free(new);
        kernelview_destroy(fresh);
    }
    cr_expect_gt(compared, 50);
}

Test(kernelview, writes_nothing_to_the_guest) {
    uint8_t *before = malloc(TOY_RAM_BYTES);
    memcpy(before, ram.bytes, TOY_RAM_BYTES);
    kernelview_snapshot_free(snapshot());
    cr_assert_eq(memcmp(before, ram.bytes, TOY_RAM_BYTES), 0);
    free(before);
}

static void ask_everything(void) {
    struct kv_owner owners[4];
    struct kv_bits bits;
    struct kv_entries entries;
    struct kv_strip strips[3];
    for (uint64_t pfn = 517; pfn < 523; pfn++)
        kernelview_owners(view, &ram.mmu, pfn, owners, 4);
    if (kernelview_bits(view, &ram.mmu, &bits))
        kernelview_bits_free(&bits);
    kernelview_entries(view, &ram.mmu, 3, 32, &entries);
    kernelview_strips(view, &ram.mmu, strips, 3);
}

/* Words anywhere in the kernel's data become pointers into it, small numbers or noise. */
Test(kernelview, survives_random_damage) {
    uint64_t seed = 0x5eed, taken = 0;
    uint64_t first = address_of("current_task") & 0xffffff, bytes = (address_of("toy_frames") & 0xffffff) - first;
    uint8_t *before = malloc(TOY_RAM_BYTES);
    memcpy(before, ram.bytes, TOY_RAM_BYTES);
    for (unsigned round = 0; round < 400; round++) {
        for (unsigned i = 0; i < 150; i++) {
            uint64_t at =
                toy_random(&seed) % 4 ? first + toy_random(&seed) % bytes : 0x200000 + toy_random(&seed) % 0x3000;
            uint64_t kind = toy_random(&seed) % 3, value = toy_random(&seed) >> 32;
            uint32_t word = (uint32_t)(kind == 0   ? 0xC0000000 + first + value % 0x20000
                                       : kind == 1 ? value % 64
                                                   : value);
            memcpy(ram.bytes + (at & ~3ull), &word, sizeof word);
        }
        struct kv_snapshot *snapshot_now = kernelview_snapshot(view, &ram.mmu, round % 2 ? -1 : 1);
        taken += snapshot_now != NULL;
        kernelview_snapshot_free(snapshot_now);
        ask_everything();
        memcpy(ram.bytes, before, TOY_RAM_BYTES);
    }
    cr_assert_gt(taken, 50);
    free(before);
}
