/* kmap: the window's slots, their reuse, the flush, the sleepers. Addresses of the window are compared, never used. */
#include "world.h"

static struct page *high(unsigned n) { return pfn_to_page(highstart_pfn + n); }
static pte_t slot_entry(const void *address)
{
    return pkmap_page_table[((unsigned long)address - PKMAP_BASE) >> PAGE_SHIFT];
}
static void boot(void) { world_boot(64 * MIB, "highmem=32M"); }

static void low_frames_are_mapped_always(void)
{
    boot();
    struct page *page = alloc_page(GFP_KERNEL);
    CHECK(kmap(page) == page_address(page));
    kunmap(page);
    CHECK_EQ(cr3_loads, 1);
}

static void one_slot_a_page(void)
{
    boot();
    void *a = kmap(high(0)), *b = kmap(high(1));
    CHECK((unsigned long)a >= PKMAP_BASE && (unsigned long)b < PKMAP_BASE + LAST_PKMAP * PAGE_SIZE && a != b);
    CHECK(kmap(high(0)) == a);
    CHECK_EQ(pte_pfn(slot_entry(a)), highstart_pfn);
    CHECK_EQ(pte_pfn(slot_entry(b)), highstart_pfn + 1);
    CHECK(pte_write(slot_entry(a)) && !(slot_entry(a).pte & _PAGE_USER));
    kunmap(high(0));
    kunmap(high(0));
    CHECK(kmap(high(0)) == a); /* still in its slot: nothing to do */
    CHECK_EQ(cr3_loads, 1);
}

static void unused_slots_come_back_with_one_flush(void)
{
    boot();
    unsigned long loads = cr3_loads;
    void *kept = kmap(high(0));
    for (unsigned n = 1; n < LAST_PKMAP * 3; n++) {
        void *address = kmap(high(n));
        CHECK(address != kept);
        CHECK_EQ(pte_pfn(slot_entry(address)), highstart_pfn + n);
        kunmap(high(n));
    }
    CHECK_EQ(cr3_loads - loads, 3);
    CHECK_EQ(pte_pfn(slot_entry(kept)), highstart_pfn);
}

static unsigned sleeps;
static void let_one_go(void)
{
    sleeps++;
    kunmap(high(77));
}

static void a_full_window_makes_sleep(void)
{
    boot();
    void *seventy_seven = NULL;
    for (unsigned n = 0; n < LAST_PKMAP; n++) {
        void *address = kmap(high(n));
        if (n == 77)
            seventy_seven = address;
    }
    while_sleeping = let_one_go;
    CHECK(kmap(high(5000)) == seventy_seven);
    CHECK_EQ(sleeps, 1);
}

static void too_many_kunmaps_are_caught(void)
{
    boot();
    kmap(high(3));
    kunmap(high(3));
    tap_expect_panic("count < 2");
    kunmap(high(3));
}

static void pages_are_cleared_and_copied(void)
{
    boot();
    struct page *a = alloc_page(GFP_HIGHUSER), *b = alloc_page(GFP_HIGHUSER);
    CHECK(PageHighMem(a) && PageHighMem(b));
    memset(page_address(a), 0x5a, PAGE_SIZE);
    memset(page_address(b), 0x11, PAGE_SIZE);
    copy_highpage(b, a);
    CHECK_EQ(memcmp(page_address(a), page_address(b), PAGE_SIZE), 0);
    clear_highpage(a);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(((u8 *)page_address(a))[i], 0);
}

static void events_tell_slot_and_frame(void)
{
    boot();
    trace_enabled = true;
    told_count = 0;
    void *slot = kmap(high(7));
    kunmap(high(7));
    CHECK_EQ(told_first(FLT_KMAP)->kmap.address, (u32)(unsigned long)slot);
    CHECK_EQ(told_first(FLT_KMAP)->kmap.pfn, page_to_pfn(high(7)));
    CHECK_EQ(told_first(FLT_KUNMAP)->kmap.pfn, page_to_pfn(high(7)));
    told_count = 0;
    for (unsigned n = 8; !told_number(FLT_PKMAP_FLUSH); n++) {
        if (told_count > 200)
            told_count = 0;
        kmap(high(n));
        kunmap(high(n));
    }
    CHECKF(told_first(FLT_PKMAP_FLUSH)->kmap.pfn > 0 && !told_first(FLT_PKMAP_FLUSH)->kmap.address, "flush");
    trace_enabled = false;
}

int main(void)
{
    tap_run("low frames are mapped always", low_frames_are_mapped_always);
    tap_run("one slot a page, kept while it may be wanted", one_slot_a_page);
    tap_run("unused slots come back with one flush a round", unused_slots_come_back_with_one_flush);
    tap_run("a full window makes its user sleep", a_full_window_makes_sleep);
    tap_run("too many kunmaps are caught", too_many_kunmaps_are_caught);
    tap_run("pages are cleared and copied through slots", pages_are_cleared_and_copied);
    tap_run("events tell slot and frame", events_tell_slot_and_frame);
    return tap_done();
}
