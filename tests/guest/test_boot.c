/* The firmware's map made trustworthy, and the allocator of the time before the zones. */
#include "world.h"

static struct e820_map made(const struct e820_entry *entries, u32 count)
{
    struct e820_map map = {.count = count};

    for (u32 i = 0; i < count && i < E820_MAX; i++)
        map.map[i] = entries[i];
    return map;
}

static void check_sane(const struct e820_map *map)
{
    u64 floor = 0;

    CHECK(map->count <= E820_MAX);
    for (u32 i = 0; i < map->count; i++) {
        CHECK(map->map[i].addr >= floor);
        CHECK(map->map[i].size > 0);
        CHECK(map->map[i].addr + map->map[i].size > map->map[i].addr);
        if (i && map->map[i].addr == floor)
            CHECK(map->map[i].type != map->map[i - 1].type);
        floor = map->map[i].addr + map->map[i].size;
    }
}

static void overlaps_go_to_the_stricter_type(void)
{
    const struct e820_entry entries[] = {
        {0x200000, 0x300000, E820_RAM}, {0x300000, 0x100000, E820_RESERVED}, {0, 0x200000, E820_RAM}};
    struct e820_map map = made(entries, 3);

    sanitize_e820_map(&map);
    check_sane(&map);
    CHECK_EQ(map.count, 3);
    CHECK_EQ(map.map[0].size, 0x300000);
    CHECK_EQ(map.map[1].type, E820_RESERVED);
    CHECK_EQ(map.map[2].addr, 0x400000);
    CHECK_EQ(e820_ram_pages(&map, 0, 0x100000), 0x400);
    CHECK_EQ(find_max_pfn(&map), 0x500);
    CHECK(!page_is_ram(&map, 0x300) && page_is_ram(&map, 0x400) && !page_is_ram(&map, 0x500));
}

static void odd_bytes_shrink_to_frames(void)
{
    const struct e820_entry entries[] = {
        {0x1001, 0x2fff, E820_RAM}, {0x9000, 0x800, E820_RAM}, {0xa800, 0x1000, E820_RAM}};
    struct e820_map map = made(entries, 3);

    sanitize_e820_map(&map);
    CHECK_EQ(e820_ram_pages(&map, 0, 0x100), 2);
    CHECK(page_is_ram(&map, 2) && !page_is_ram(&map, 1) && !page_is_ram(&map, 9) && !page_is_ram(&map, 10));
    CHECK_EQ(find_max_pfn(&map), 4);
}

static void memory_beyond_4_gib_is_left_out(void)
{
    const struct e820_entry entries[] = {{0, 0x180000000ull, E820_RAM}, {0x200000000ull, 0x1000000, E820_RAM}};
    struct e820_map map = made(entries, 2);

    sanitize_e820_map(&map);
    CHECK_EQ(find_max_pfn(&map), 0x100000);
    CHECK_EQ(e820_ram_pages(&map, 0, ~0ul), 0x100000);
}

static void ranges_that_wrap_end_at_the_top(void)
{
    const struct e820_entry entries[] = {
        {0xfffffffffffff000ull, 0x2000, E820_RAM}, {0x100000, ~0ull, E820_RAM}, {5, 0, E820_RAM}};
    struct e820_map map = made(entries, 3);

    sanitize_e820_map(&map);
    check_sane(&map);
    CHECK_EQ(map.count, 1);
    CHECK_EQ(find_max_pfn(&map), 0x100000);
}

/* Any map: sane afterwards, and every byte that was sampled has the strictest type that covered it. */
static void hostile_maps(void)
{
    random_seed(3);
    for (int n = 0; n < 3000; n++) {
        struct e820_map map = {.count = random_u32() % (E820_MAX + 1)}, before;

        for (u32 i = 0; i < map.count; i++) {
            unsigned shift = random_u32() % 40;
            map.map[i].addr = ((u64)random_u32() << 32 | random_u32()) >> shift >> (random_u32() % 24);
            map.map[i].size = ((u64)random_u32() << 32 | random_u32()) >> (random_u32() % 64);
            map.map[i].type = random_u32() % 4 ? 1 + random_u32() % 3 : random_u32();
        }
        before = map;
        sanitize_e820_map(&map);
        check_sane(&map);
        if (map.count == E820_MAX)
            continue; /* the rest was dropped */
        for (u32 i = 0; i < before.count; i++) {
            u64 at = before.map[i].addr;
            u32 wanted = 0, got = 0;
            for (u32 k = 0; k < before.count; k++) {
                u64 end = before.map[k].addr + before.map[k].size;
                if (end < before.map[k].addr)
                    end = ~0ull;
                if (before.map[k].addr <= at && at < end && before.map[k].type > wanted)
                    wanted = before.map[k].type;
            }
            for (u32 k = 0; k < map.count; k++)
                if (map.map[k].addr <= at && at - map.map[k].addr < map.map[k].size)
                    got = map.map[k].type;
            CHECKF(got == wanted, "map %d entry %u: type %u, not %u", n, i, got, wanted);
        }
        CHECK(e820_ram_pages(&map, 0, ~0ul) <= 0x100000);
    }
}

static void counts_beyond_the_array_are_cut(void)
{
    struct e820_map map = {.count = 4000000000u};

    for (u32 i = 0; i < E820_MAX; i++)
        map.map[i] = (struct e820_entry){(u64)i << 24, 0x800000, E820_RAM};
    sanitize_e820_map(&map);
    check_sane(&map);
    CHECK_EQ(map.count, E820_MAX);
}

static void holes_are_honoured(void)
{
    const struct e820_entry entries[] = {{0, 0x9f000, E820_RAM},
                                         {0x100000, 15 * MIB, E820_RAM},
                                         {0xf00000, MIB, E820_RESERVED}, /* the ISA hole at 15 MiB */
                                         {0x1000000, 16 * MIB, E820_RAM},
                                         {0x3000000, 2 * MIB, E820_RAM}};

    world_boot_map(entries, 5, NULL);
    const struct zone *dma = &contig_page_data.node_zones[ZONE_DMA],
                      *normal = &contig_page_data.node_zones[ZONE_NORMAL];
    CHECK_EQ(max_low_pfn, 50 * 256);
    CHECK_EQ(dma->spanned_pages - dma->present_pages, 256 + (256 - 0x9f));
    CHECK_EQ(normal->spanned_pages, 34 * 256);
    CHECK_EQ(normal->present_pages, 18 * 256);
    for (unsigned long pfn = 0xf00; pfn < 0x1000; pfn++)
        CHECK(PageReserved(pfn_to_page(pfn)));
    for (struct page *p; (p = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY));)
        CHECKF(page_is_ram(&e820, page_to_pfn(p)), "%lx", page_to_pfn(p));
}

static void too_little_memory_is_said(void)
{
    const struct e820_entry entries[] = {{0, 0x9f000, E820_RAM}, {0x100000, 0x100000, E820_RAM}};

    tap_expect_panic("before the kernel does");
    world_boot_map(entries, 2, NULL);
}

static void no_memory_at_all_is_said(void)
{
    tap_expect_panic("before the kernel does");
    world_boot_map(NULL, 0, NULL);
}

static void initrd_out_of_reach_is_said(void)
{
    initrd_start = 895 * MIB;
    initrd_end = 897 * MIB;
    tap_expect_panic("lies above the first 896 MiB");
    world_boot(1024 * MIB, NULL);
}

static void fill_initrd(void)
{
    for (u32 i = 0; i < initrd_end - initrd_start; i++)
        ((u8 *)__va(initrd_start))[i] = (u8)(i * 7);
}

static void initrd_in_high_memory_moves(void)
{
    world_map_ram();
    initrd_start = 45 * MIB + 5 * PAGE_SIZE;
    initrd_end = 48 * MIB - 1;
    fill_initrd();
    world_boot(48 * MIB, "highmem=16M");
    CHECK_EQ(initrd_end - initrd_start, 3 * MIB - 5 * PAGE_SIZE - 1);
    CHECK(initrd_end <= 32 * MIB);
    for (u32 i = 0; i < initrd_end - initrd_start; i++)
        CHECK_EQ(((u8 *)__va(initrd_start))[i], (u8)(i * 7));
    CHECK_EQ(contig_page_data.node_zones[ZONE_HIGHMEM].free_pages, 16 * 256);
    free_initrd_mem(initrd_start, initrd_end);
    check_buddy();
}

static void odd_sizes_boot(void)
{
    const struct e820_entry entries[] = {{0, 0x9fc00, E820_RAM}, {0x100000, 0x3ee2000 - 5, E820_RAM}};

    world_boot_map(entries, 2, NULL);
    CHECK_EQ(max_pfn, 0x3fe1);
    CHECK(PageTable(pfn_to_page(swapper_pg_dir[pgd_index(PAGE_OFFSET + 60 * MIB)].pgd >> PAGE_SHIFT)));
}

/* ---- nodes ---- */

static void check_node(int nid, unsigned long start, unsigned long end)
{
    const pg_data_t *pgdat = NODE_DATA(nid);

    CHECK(pgdat && pgdat->node_id == nid);
    CHECK_EQ(pgdat->node_start_pfn, start);
    CHECK_EQ(pgdat->node_spanned_pages, end - start);
    CHECK_EQ(pgdat->node_present_pages, e820_ram_pages(&e820, start, end));
    CHECK(pgdat->node_mem_map == pfn_to_page(start));
    for (unsigned long pfn = start; pfn < end; pfn++) {
        const struct zone *zone = page_zone(pfn_to_page(pfn));
        CHECKF(page_to_nid(pfn_to_page(pfn)) == nid && zone->zone_pgdat == pgdat, "frame %lx", pfn);
        CHECKF(pfn >= zone->zone_start_pfn && pfn - zone->zone_start_pfn < zone->spanned_pages, "frame %lx", pfn);
    }
}

static void check_zonelist(int nid, unsigned bits, const struct zone *const *wanted)
{
    struct zone *const *zones = NODE_DATA(nid)->node_zonelists[bits].zones;

    for (; *wanted; wanted++, zones++)
        CHECKF(*zones == *wanted, "node %d, list %u: %s of node %d in place of %s of node %d", nid, bits,
               *zones ? (*zones)->name : "the end", *zones ? (*zones)->zone_pgdat->node_id : -1, (*wanted)->name,
               (*wanted)->zone_pgdat->node_id);
    CHECK(*zones == NULL);
}

#define ZONE(nid, type) (&NODE_DATA(nid)->node_zones[type])

/* 0-20 MiB with the ISA hole, then 12 MiB of low and 16 MiB of high memory with a hole. */
static void boot_two_nodes(void)
{
    static const struct e820_entry entries[] = {
        {0, 0x9f000, E820_RAM}, {MIB, 31 * MIB, E820_RAM}, {33 * MIB, 15 * MIB, E820_RAM}};
    const u64 bytes[] = {20 * MIB, 28 * MIB};

    numa_describe(bytes, 2);
    world_boot_map(entries, 3, "highmem=16M");
}

static void two_nodes_share_the_zones(void)
{
    boot_two_nodes();
    CHECK_EQ(nr_online_nodes, 2);
    check_node(0, 0, 20 * 256);
    check_node(1, 20 * 256, 48 * 256);
    CHECK_EQ(ZONE(0, ZONE_DMA)->spanned_pages, 16 * 256);
    CHECK_EQ(ZONE(0, ZONE_NORMAL)->spanned_pages, 4 * 256);
    CHECK_EQ(ZONE(0, ZONE_HIGHMEM)->spanned_pages, 0);
    CHECK_EQ(ZONE(1, ZONE_DMA)->spanned_pages, 0);
    CHECK_EQ(ZONE(1, ZONE_NORMAL)->spanned_pages, 12 * 256);
    CHECK_EQ(ZONE(1, ZONE_HIGHMEM)->spanned_pages, 16 * 256);
    CHECK_EQ(ZONE(1, ZONE_HIGHMEM)->present_pages, 15 * 256);
    CHECK_EQ(ZONE(0, ZONE_DMA)->lowmem_reserve[ZONE_HIGHMEM], 4);
    CHECK_EQ(ZONE(1, ZONE_NORMAL)->lowmem_reserve[ZONE_HIGHMEM], 15 * 256 / 32);
    CHECK_EQ(ZONE(1, ZONE_NORMAL)->pages_min, 24);
    CHECK_EQ(nr_free_highpages(), 15 * 256);
}

static void zonelists_go_by_distance(void)
{
    boot_two_nodes();
    const struct zone *high[] = {ZONE(0, ZONE_NORMAL), ZONE(0, ZONE_DMA), ZONE(1, ZONE_HIGHMEM), ZONE(1, ZONE_NORMAL),
                                 NULL};
    const struct zone *high1[] = {ZONE(1, ZONE_HIGHMEM), ZONE(1, ZONE_NORMAL), ZONE(0, ZONE_NORMAL), ZONE(0, ZONE_DMA),
                                  NULL};
    const struct zone *dma[] = {ZONE(0, ZONE_DMA), NULL};

    check_zonelist(0, __GFP_HIGHMEM, high);
    check_zonelist(1, __GFP_HIGHMEM, high1);
    check_zonelist(0, __GFP_DMA, dma);
    check_zonelist(1, __GFP_DMA, dma);
}

static void four_nodes_fall_over_in_a_ring(void)
{
    const u64 bytes[] = {16 * MIB, 8 * MIB, 8 * MIB, 8 * MIB};

    numa_describe(bytes, 4);
    world_boot(40 * MIB, NULL);
    CHECK_EQ(nr_online_nodes, 4);
    for (int nid = 0; nid < 4; nid++)
        check_node(nid, nid ? (unsigned long)(8 + 8 * nid) * 256 : 0, (unsigned long)(16 + 8 * nid) * 256);
    const struct zone *from_2[] = {ZONE(2, ZONE_NORMAL), ZONE(3, ZONE_NORMAL), ZONE(0, ZONE_DMA), ZONE(1, ZONE_NORMAL),
                                   NULL};
    check_zonelist(2, 0, from_2);
    check_zonelist(2, __GFP_HIGHMEM, from_2);
}

/* Pages of one node until the first of another. */
static unsigned long take_all_of(int nid, int *next)
{
    unsigned long taken = 0;
    struct page *page;

    while ((page = alloc_pages_node(nid, GFP_ATOMIC | __GFP_NOWARN, 0)) && page_to_nid(page) == nid)
        taken++;
    *next = page ? page_to_nid(page) : -1;
    return taken;
}

static void a_full_node_falls_over_to_the_next(void)
{
    const u64 bytes[] = {16 * MIB, 8 * MIB, 8 * MIB};
    int next;

    numa_describe(bytes, 3);
    world_boot(32 * MIB, NULL);
    CHECK(page_to_nid(alloc_page(GFP_KERNEL)) == 0);
    CHECKF(take_all_of(1, &next) > 1500, "node 1 gave little");
    CHECK_EQ(next, 2);
    CHECKF(ZONE(1, ZONE_NORMAL)->free_pages <= ZONE(1, ZONE_NORMAL)->pages_low + 1, "node 1 has %lu pages left",
           ZONE(1, ZONE_NORMAL)->free_pages);
    CHECKF(take_all_of(2, &next) > 1000, "node 2 gave little");
    CHECK_EQ(next, 0);
    check_everything();
}

static void frames_go_back_to_their_node(void)
{
    boot_two_nodes();
    struct page *pages[64];
    unsigned long before[2] = {ZONE(0, ZONE_NORMAL)->free_pages, ZONE(1, ZONE_HIGHMEM)->free_pages};

    for (int i = 0; i < 64; i++)
        pages[i] = alloc_pages_node(i & 1, GFP_HIGHUSER, (unsigned)i / 2 % 3);
    for (int i = 0; i < 64; i++) {
        CHECK_EQ(page_to_nid(pages[i]), i & 1);
        __free_pages(pages[i], (unsigned)i / 2 % 3);
    }
    drain_local_pages();
    CHECK_EQ(ZONE(0, ZONE_NORMAL)->free_pages, before[0]);
    CHECK_EQ(ZONE(1, ZONE_HIGHMEM)->free_pages, before[1]);
    check_everything();
}

static void proc_files_show_all_nodes(void)
{
    static char text[16384];

    boot_two_nodes();
    text[proc_zoneinfo(text, sizeof(text))] = 0;
    CHECK(strstr(text, "Node 0, zone      DMA") && strstr(text, "Node 0, zone   Normal"));
    CHECK(strstr(text, "Node 1, zone   Normal") && strstr(text, "Node 1, zone  HighMem"));
    text[proc_buddyinfo(text, sizeof(text))] = 0;
    CHECK(strstr(text, "Node 0, zone      DMA") && strstr(text, "Node 1, zone  HighMem"));
}

static void nodes_without_ram_are_left_out(void)
{
    const u64 bytes[] = {0, 8 * MIB, ~0ull, 8 * MIB};

    numa_describe(bytes, 4);
    world_boot(32 * MIB, NULL);
    CHECK_EQ(nr_online_nodes, 2);
    check_node(0, 0, 8 * 256);
    check_node(1, 8 * 256, 32 * 256);
}

/* Any description: the ranges are in order and cover all frames. */
static void hostile_nodes(void)
{
    world_boot(32 * MIB, NULL);
    random_seed(5);
    for (int n = 0; n < 5000; n++) {
        u64 bytes[MAX_NUMNODES];
        unsigned long at = 0;

        for (int i = 0; i < MAX_NUMNODES; i++)
            bytes[i] = ((u64)random_u32() << 32 | random_u32()) >> (random_u32() % 64);
        numa_describe(bytes, n % 8 == 7 ? random_u32() : random_u32() % 6);
        numa_init();
        CHECK(nr_online_nodes >= 1 && nr_online_nodes <= MAX_NUMNODES);
        for (int i = 0; i < nr_online_nodes; i++) {
            CHECK_EQ(numa_nodes[i].start_pfn, at);
            at = numa_nodes[i].end_pfn;
            CHECKF(e820_ram_pages(&e820, numa_nodes[i].start_pfn, at), "node %d has no RAM", i);
        }
        CHECK_EQ(at, max_pfn);
    }
}

/* ---- bootmem ---- */

static u32 *bitmap_of(unsigned long pages)
{
    world_boot(32 * MIB, NULL);
    unsigned long at = __get_free_pages(GFP_KERNEL, 0);
    init_bootmem(virt_to_pfn((void *)at), pages);
    return (u32 *)at;
}

static void bootmem_gives_what_is_free(void)
{
    const u32 *bitmap = bitmap_of(64);
    CHECK_EQ(bitmap[0], ~0u);
    free_bootmem(10 * PAGE_SIZE + 1, 20 * PAGE_SIZE); /* whole frames only: 11 .. 29 */
    CHECK_EQ(bitmap[0], ~0u << 30 | 0x7ff);
    CHECK(__alloc_bootmem(4 * PAGE_SIZE, PAGE_SIZE, 0) == __va(11 * PAGE_SIZE));
    CHECK(__alloc_bootmem(PAGE_SIZE, 4 * PAGE_SIZE, 0) == __va(16 * PAGE_SIZE));
    CHECK(__alloc_bootmem(100, 16, 0) == __va(15 * PAGE_SIZE));
    CHECK(__alloc_bootmem(100, 16, 0) == __va(15 * PAGE_SIZE + 112));
    CHECK(__alloc_bootmem(3990, 4, 0) == __va(17 * PAGE_SIZE)); /* no room behind the small ones */
    CHECK(__alloc_bootmem(PAGE_SIZE, PAGE_SIZE, 28 * PAGE_SIZE) == __va(28 * PAGE_SIZE));
    CHECK(__alloc_bootmem(2 * PAGE_SIZE, PAGE_SIZE, 28 * PAGE_SIZE) == __va(18 * PAGE_SIZE)); /* goal missed */
    CHECK(!__alloc_bootmem(20 * PAGE_SIZE, PAGE_SIZE, 0));
    reserve_bootmem(20 * PAGE_SIZE + 5, 2);
    CHECK(bitmap[0] >> 20 & 1);
}

static void bootmem_is_zeroed(void)
{
    bitmap_of(64);
    memset(__va(12 * PAGE_SIZE), 0xff, PAGE_SIZE);
    free_bootmem(12 * PAGE_SIZE, PAGE_SIZE);
    const u8 *bytes = __alloc_bootmem(PAGE_SIZE, PAGE_SIZE, 0);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(bytes[i], 0);
}

static void bootmem_says_when_there_is_none(void)
{
    bitmap_of(64);
    tap_expect_panic("bootmem: no room for 8192 bytes");
    alloc_bootmem(8192);
}

int main(void)
{
    tap_run("overlaps go to the stricter type", overlaps_go_to_the_stricter_type);
    tap_run("odd bytes shrink to frames", odd_bytes_shrink_to_frames);
    tap_run("memory beyond 4 GiB is left out", memory_beyond_4_gib_is_left_out);
    tap_run("ranges that wrap end at the top", ranges_that_wrap_end_at_the_top);
    tap_run("3000 hostile maps", hostile_maps);
    tap_run("counts beyond the array are cut", counts_beyond_the_array_are_cut);
    tap_run("holes are honoured", holes_are_honoured);
    tap_run("too little memory is said", too_little_memory_is_said);
    tap_run("no memory at all is said", no_memory_at_all_is_said);
    tap_run("an initrd out of reach is said", initrd_out_of_reach_is_said);
    tap_run("an initrd in high memory moves", initrd_in_high_memory_moves);
    tap_run("odd sizes boot", odd_sizes_boot);
    tap_run("two nodes share the zones", two_nodes_share_the_zones);
    tap_run("zonelists go by distance", zonelists_go_by_distance);
    tap_run("four nodes fall over in a ring", four_nodes_fall_over_in_a_ring);
    tap_run("a full node falls over to the next", a_full_node_falls_over_to_the_next);
    tap_run("frames go back to their node", frames_go_back_to_their_node);
    tap_run("/proc shows all nodes", proc_files_show_all_nodes);
    tap_run("nodes without RAM are left out", nodes_without_ram_are_left_out);
    tap_run("5000 hostile descriptions of nodes", hostile_nodes);
    tap_run("bootmem gives what is free", bootmem_gives_what_is_free);
    tap_run("bootmem is zeroed", bootmem_is_zeroed);
    tap_run("bootmem says when there is none", bootmem_says_when_there_is_none);
    return tap_done();
}
