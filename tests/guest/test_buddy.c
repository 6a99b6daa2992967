/* Zones, watermarks and the buddy allocator. */
#include "world.h"

static struct zone *zone_of(int index) { return &contig_page_data.node_zones[index]; }

static void boot_64m(void) { world_boot(64 * MIB, NULL); }

static void zones_of_64m(void)
{
    boot_64m();
    CHECK_EQ(contig_page_data.nr_zones, 2);
    CHECK_EQ(zone_of(ZONE_DMA)->spanned_pages, 4096);
    CHECK_EQ(zone_of(ZONE_DMA)->present_pages, 4096 - 96);
    CHECK_EQ(zone_of(ZONE_NORMAL)->spanned_pages, 12288);
    CHECK_EQ(zone_of(ZONE_NORMAL)->present_pages, 12288);
    CHECK_EQ(zone_of(ZONE_NORMAL)->zone_start_pfn, 4096);
    CHECK_EQ(zone_of(ZONE_DMA)->pages_min, 4000 / 128);
    CHECK_EQ(zone_of(ZONE_NORMAL)->pages_min, 96);
    CHECK_EQ(zone_of(ZONE_NORMAL)->pages_low, 192);
    CHECK_EQ(zone_of(ZONE_NORMAL)->pages_high, 288);
    CHECK_EQ(zone_of(ZONE_DMA)->lowmem_reserve[ZONE_NORMAL], 12288 / 256);
    CHECK_EQ(zone_of(ZONE_DMA)->lowmem_reserve[ZONE_DMA], 0);
    CHECK_EQ(zone_of(ZONE_NORMAL)->wait_table_hash_nr_entries, 64);
    CHECK_EQ(zone_of(ZONE_NORMAL)->wait_table_bits, 6);
    CHECK_EQ(zone_of(ZONE_DMA)->wait_table_hash_nr_entries, 16);
    CHECK(zone_of(ZONE_HIGHMEM)->present_pages == 0);
}

static void zones_of_8m(void)
{
    world_boot(8 * MIB, NULL);
    CHECK_EQ(contig_page_data.nr_zones, 1);
    CHECK_EQ(zone_of(ZONE_DMA)->pages_min, 20);
    CHECK(contig_page_data.node_zonelists[0].zones[0] == zone_of(ZONE_DMA));
    CHECK(contig_page_data.node_zonelists[0].zones[1] == NULL);
    CHECK(alloc_page(GFP_HIGHUSER));
}

static void zones_of_1g(void)
{
    world_boot(1024 * MIB, NULL);
    CHECK_EQ(contig_page_data.nr_zones, 3);
    CHECK_EQ(zone_of(ZONE_HIGHMEM)->zone_start_pfn, 896 * 256);
    CHECK_EQ(zone_of(ZONE_HIGHMEM)->present_pages, 128 * 256);
    CHECK_EQ(zone_of(ZONE_HIGHMEM)->pages_min, 255);
    CHECK_EQ(zone_of(ZONE_NORMAL)->pages_min, 255);
    CHECK_EQ(zone_of(ZONE_NORMAL)->lowmem_reserve[ZONE_HIGHMEM], 128 * 256 / 32);
    CHECK_EQ(zone_of(ZONE_DMA)->lowmem_reserve[ZONE_HIGHMEM], (880 + 128) * 256 / 256);
    CHECK_EQ(totalhigh_pages, 128 * 256);
    CHECK(contig_page_data.node_zonelists[__GFP_HIGHMEM].zones[0] == zone_of(ZONE_HIGHMEM));
    CHECK(contig_page_data.node_zonelists[__GFP_HIGHMEM].zones[2] == zone_of(ZONE_DMA));
    CHECK(contig_page_data.node_zonelists[0].zones[0] == zone_of(ZONE_NORMAL));
    CHECK(contig_page_data.node_zonelists[__GFP_DMA].zones[0] == zone_of(ZONE_DMA));
    CHECK(contig_page_data.node_zonelists[__GFP_DMA].zones[1] == NULL);
    CHECK(page_to_pfn(alloc_page(GFP_HIGHUSER)) >= 896 * 256);
}

static void zones_of_3g(void)
{
    world_boot(3072 * MIB, NULL);
    CHECK_EQ(zone_of(ZONE_HIGHMEM)->present_pages, (3072 - 896) * 256);
    CHECK_EQ(num_physpages, 3072 * 256 - 96);
    CHECK(nr_free_pages() > (3072 - 40) * 256);
}

static void highmem_option_makes_high_memory(void)
{
    world_boot(64 * MIB, "console=ttyS0 highmem=16M quiet");
    CHECK_EQ(max_low_pfn, 48 * 256);
    CHECK_EQ(zone_of(ZONE_HIGHMEM)->present_pages, 16 * 256);
    CHECK_EQ(zone_of(ZONE_HIGHMEM)->zone_start_pfn, 48 * 256);
}

static void highmem_option_leaves_low_memory(void)
{
    world_boot(64 * MIB, "highmem=63M");
    CHECK_EQ(max_low_pfn, 16 * 256);
}

static void mem_option_ends_memory(void)
{
    world_boot(64 * MIB, "mem=20M");
    CHECK_EQ(max_pfn, 20 * 256);
    CHECK_EQ(zone_of(ZONE_NORMAL)->present_pages, 4 * 256);
}

static void initrd_is_kept_then_freed(void)
{
    unsigned long before;

    initrd_start = 20 * MIB;
    initrd_end = 20 * MIB + 5 * PAGE_SIZE + 100;
    boot_64m();
    for (unsigned i = 0; i < 6; i++)
        CHECK(PageReserved(pfn_to_page(20 * 256 + i)));
    before = nr_free_pages();
    free_initrd_mem(initrd_start, initrd_end);
    CHECK_EQ(nr_free_pages(), before + 5);
    check_buddy();
}

static void kernel_and_bios_stay_reserved(void)
{
    boot_64m();
    for (unsigned long pfn = 160; pfn < 512; pfn++)
        CHECK(PageReserved(pfn_to_page(pfn)));
    CHECK(PageReserved(pfn_to_page(0)));
    CHECK(PageKernel(pfn_to_page(300)));
    CHECK(!PageKernel(pfn_to_page(200))); /* the hole below 1 MiB is no RAM */
    CHECK(PageTable(virt_to_page(swapper_pg_dir)));
}

static void free_blocks_merge_to_the_largest(void)
{
    boot_64m();
    struct resources before = resources_now();
    unsigned long order10 = zone_of(ZONE_NORMAL)->free_area[10].nr_free;
    struct page *pages[1024];

    for (int i = 0; i < 1024; i++)
        CHECK(pages[i] = alloc_page(GFP_KERNEL));
    for (int i = 0; i < 1024; i += 2)
        __free_pages(pages[i], 0);
    for (int i = 1; i < 1024; i += 2)
        __free_pages(pages[i], 0);
    check_resources(&before, "after 1024 pages");
    CHECK_EQ(zone_of(ZONE_NORMAL)->free_area[10].nr_free, order10);
}

static void split_and_merge_are_told(void)
{
    boot_64m();
    drain_local_pages();
    trace_enabled = true;
    told_count = 0;
    struct page *page = alloc_pages(GFP_KERNEL, 9);
    CHECK(page);
    const struct told *alloc = told_first(FLT_MM_PAGE_ALLOC);
    CHECK(alloc);
    CHECK_EQ(alloc->alloc.pfn, page_to_pfn(page));
    CHECK_EQ(alloc->alloc.order, 9);
    CHECK_EQ(alloc->alloc.from_pageset, 0);
    CHECK_EQ(alloc->alloc.zone, ZONE_NORMAL);
    CHECK_EQ(alloc->alloc.zone_free, zone_of(ZONE_NORMAL)->free_pages);
    CHECK_EQ(alloc->alloc.pages_min, 96);
    unsigned splits = told_number(FLT_MM_BUDDY_SPLIT);
    told_count = 0;
    __free_pages(page, 9);
    CHECK_EQ(told_number(FLT_MM_BUDDY_MERGE), splits);
    CHECK_EQ(told_number(FLT_MM_PAGE_FREE), 1);
    told_count = 0;
    page = alloc_page(GFP_KERNEL);
    CHECK_EQ(told_first(FLT_MM_PAGE_ALLOC)->alloc.from_pageset, 1);
}

static void orders_beyond_ten_fail(void)
{
    boot_64m();
    CHECK(!alloc_pages(GFP_KERNEL, 11));
    CHECK(alloc_pages(GFP_KERNEL, 10));
}

static unsigned long take_all(gfp_t gfp)
{
    unsigned long n = 0;

    while (alloc_page(gfp | __GFP_NOWARN | __GFP_NORETRY))
        n++;
    return n;
}

static void reserves_are_for_those_who_may(void)
{
    boot_64m();
    struct zone *normal = zone_of(ZONE_NORMAL), *dma = zone_of(ZONE_DMA);

    take_all(GFP_KERNEL);
    CHECK_EQ(normal->free_pages, normal->pages_min);
    CHECK_EQ(dma->free_pages, dma->pages_min + dma->lowmem_reserve[ZONE_NORMAL]);
    take_all(GFP_ATOMIC); /* urgent and not waiting: 3/8 of the mark */
    CHECK_EQ(normal->free_pages, 96 - 48 - 12);
    take_all(GFP_DMA | __GFP_WAIT); /* its own zone: no lowmem_reserve */
    CHECK_EQ(dma->free_pages, dma->pages_min);
    current->flags |= PF_MEMALLOC;
    take_all(GFP_KERNEL);
    CHECK_EQ(nr_free_pages(), 0);
    check_buddy();
}

static void fallback_goes_down_only(void)
{
    boot_64m();
    bool from_dma = false;
    struct page *page;

    while ((page = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)))
        from_dma |= page_zone(page) == zone_of(ZONE_DMA);
    CHECK(from_dma);
    CHECK(alloc_page(GFP_DMA));
}

static void watermark_wants_large_blocks(void)
{
    struct zone zone = {.free_pages = 1000};

    zone.free_area[0].nr_free = 1000;
    CHECK(zone_watermark_ok(&zone, 0, 100, 0, 0));
    CHECK(!zone_watermark_ok(&zone, 1, 100, 0, 0));
    zone.free_area[0].nr_free = 800;
    zone.free_area[1].nr_free = 100;
    CHECK(zone_watermark_ok(&zone, 1, 100, 0, 0));
    CHECK(!zone_watermark_ok(&zone, 2, 100, 0, 0));
    zone.lowmem_reserve[2] = 900;
    CHECK(!zone_watermark_ok(&zone, 0, 100, 2, 0));
    CHECK(zone_watermark_ok(&zone, 0, 100, 2, ALLOC_HIGH));
}

static void min_free_kbytes_sets_the_marks(void)
{
    boot_64m();
    min_free_kbytes = 1024;
    setup_per_zone_watermarks();
    CHECK_EQ(zone_of(ZONE_NORMAL)->pages_min, 256 * 12288 / 16288);
    CHECK_EQ(zone_of(ZONE_NORMAL)->pages_high, 3 * zone_of(ZONE_NORMAL)->pages_min);
}

static void double_free_is_caught(void)
{
    boot_64m();
    struct page *page = alloc_page(GFP_KERNEL);
    __free_pages(page, 0);
    tap_expect_panic("page_count(page) <= 0");
    __free_pages(page, 0);
}

static void write_after_free_is_caught(void)
{
    world_boot(16 * MIB, "mmcheck");
    struct page *page = alloc_page(GFP_KERNEL);
    u8 *bytes = page_address(page);
    __free_pages(page, 0);
    bytes[100] = 1;
    tap_expect_panic("written to after it was freed");
    for (;;)
        CHECK(alloc_page(GFP_KERNEL));
}

static void zeroed_pages_are_zero(void)
{
    world_boot(16 * MIB, "mmcheck");
    for (int n = 0; n < 50; n++) {
        const u8 *bytes = (const u8 *)get_zeroed_page(GFP_KERNEL);
        for (unsigned i = 0; i < PAGE_SIZE; i++)
            CHECK_EQ(bytes[i], 0);
        if (n & 1)
            free_page((unsigned long)bytes);
    }
}

/* Random requests against a list of what was given: no overlap, contents kept, everything back at the end. */
#define BLOCKS 300
static void torture(void)
{
    world_boot(48 * MIB, "highmem=8M");
    struct resources before = resources_now();
    struct {
        struct page *page;
        unsigned order;
        u32 mark;
    } blocks[BLOCKS] = {0};
    static const gfp_t gfps[] = {GFP_KERNEL, GFP_HIGHUSER, GFP_ATOMIC, GFP_DMA | __GFP_WAIT, GFP_HIGHUSER | __GFP_COLD};

    random_seed(11);
    for (int step = 0; step < 60000; step++) {
        unsigned i = random_u32() % BLOCKS;
        if (blocks[i].page) {
            struct page *page = blocks[i].page;
            u32 *words = page_address(page);
            for (unsigned p = 0; p < 1u << blocks[i].order; p++)
                CHECKF(words[p * 1024] == blocks[i].mark + p, "step %d", step);
            __free_pages(page, blocks[i].order);
            blocks[i].page = NULL;
        } else {
            unsigned order = random_u32() % 8 ? random_u32() % 3 : random_u32() % MAX_ORDER;
            gfp_t gfp = gfps[random_u32() % ARRAY_SIZE(gfps)];
            struct page *page = alloc_pages(gfp | __GFP_NOWARN | __GFP_NORETRY, order);
            if (!page)
                continue;
            CHECK(!(page_to_pfn(page) & ((1u << order) - 1)));
            CHECK(!(gfp & __GFP_DMA) || page_to_pfn(page) < 4096);
            CHECK((gfp & __GFP_HIGHMEM) || !PageHighMem(page));
            blocks[i].page = page;
            blocks[i].order = order;
            blocks[i].mark = random_u32();
            for (unsigned p = 0; p < 1u << order; p++)
                ((u32 *)page_address(page))[p * 1024] = blocks[i].mark + p;
        }
        if (step % 500 == 0)
            check_buddy();
    }
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i].page)
            __free_pages(blocks[i].page, blocks[i].order);
    check_resources(&before, "torture");
}

static void page_lock_and_wait_table(void)
{
    boot_64m();
    struct page *page = alloc_page(GFP_KERNEL);
    lock_page(page);
    CHECK(PageLocked(page));
    unlock_page(page);
    wait_on_page_locked(page);
    lock_page(page);
    tap_expect_panic("sleeps");
    lock_page(page);
}

static void numbers_of_proc(void)
{
    static char text[8192];

    boot_64m();
    CHECK(proc_meminfo(text, sizeof(text)) > 0);
    CHECK(strstr(text, "MemTotal:"));
    CHECK(proc_buddyinfo(text, sizeof(text)) > 0);
    CHECK(strstr(text, "Node 0, zone   Normal "));
    CHECK(proc_zoneinfo(text, sizeof(text)) > 0);
    CHECK(strstr(text, "        protection: (0, 48, 48)"));
    CHECK(proc_vmstat(text, sizeof(text)) > 0);
    CHECK(strstr(text, "\npgalloc_normal "));
    CHECK(proc_slabinfo(text, sizeof(text)) > 0);
    CHECK(strstr(text, "\nsize-131072 "));
    for (int size = 0; size < 300; size++) {
        memset(text, '!', sizeof(text));
        CHECK(proc_zoneinfo(text, size) <= (size ? size - 1 : 0));
        CHECK_EQ(text[size], '!');
    }
}

int main(void)
{
    tap_run("64 MiB: two zones with Linux's numbers", zones_of_64m);
    tap_run("8 MiB: one zone serves all", zones_of_8m);
    tap_run("1 GiB: three zones", zones_of_1g);
    tap_run("3 GiB: most of it high", zones_of_3g);
    tap_run("highmem= makes high memory", highmem_option_makes_high_memory);
    tap_run("highmem= leaves enough low memory", highmem_option_leaves_low_memory);
    tap_run("mem= ends memory", mem_option_ends_memory);
    tap_run("the initrd is kept, then freed to whole frames", initrd_is_kept_then_freed);
    tap_run("kernel and BIOS stay reserved", kernel_and_bios_stay_reserved);
    tap_run("free blocks merge to the largest", free_blocks_merge_to_the_largest);
    tap_run("splits, merges and allocations are told", split_and_merge_are_told);
    tap_run("orders beyond ten fail", orders_beyond_ten_fail);
    tap_run("reserves are for those who may", reserves_are_for_those_who_may);
    tap_run("fallback goes down only", fallback_goes_down_only);
    tap_run("a watermark wants large blocks for large requests", watermark_wants_large_blocks);
    tap_run("min_free_kbytes sets the marks", min_free_kbytes_sets_the_marks);
    tap_run("a double free is caught", double_free_is_caught);
    tap_run("a write after free is caught under mmcheck", write_after_free_is_caught);
    tap_run("zeroed pages are zero", zeroed_pages_are_zero);
    tap_run("60000 random requests", torture);
    tap_run("page lock and wait table", page_lock_and_wait_table);
    tap_run("numbers of /proc, in any buffer", numbers_of_proc);
    return tap_done();
}
