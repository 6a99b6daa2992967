/* vmalloc, vmap, ioremap: places, tables, frames, the flush, failures, and what another directory sees of it. */
#include "world.h"
#include "mm/vmalloc.h"

static void boot(void) {
    world_boot(64 * MIB, "highmem=32M");
    vfree(vmalloc(1)); /* tables are made once and stay */
}

static pte_t entry_at(const void *address) {
    pgd_t pgd = swapper_pg_dir[pgd_index((unsigned long)address)];
    return pgd.pgd & _PAGE_PRESENT ? ((pte_t *)__va(pgd.pgd & PTE_PFN_MASK))[pte_index((unsigned long)address)]
                                   : (pte_t){0};
}

static char *at(unsigned long page) { return (char *)VMALLOC_START + page * PAGE_SIZE; }

static void areas_have_a_guard_page(void) {
    boot();
    void *a = vmalloc(1), *b = vmalloc(2 * PAGE_SIZE), *c = vmalloc(2 * PAGE_SIZE + 1);
    CHECK(a == at(0) && b == at(2) && c == at(5));
    CHECK(pte_none(entry_at(at(1))) && pte_none(entry_at(at(4))) && pte_none(entry_at(at(8))));
    CHECK_EQ(entry_at(c).pte & ~PTE_PFN_MASK, PAGE_KERNEL.pgprot);
    check_everything();
    vfree(b);
    vfree(a);
    vfree(c);
    CHECK(!vmlist);
}

static void the_first_hole_that_fits_is_taken(void) {
    boot();
    void *a = vmalloc(3 * PAGE_SIZE), *b = vmalloc(PAGE_SIZE), *c = vmalloc(PAGE_SIZE);
    CHECK(a == at(0) && b == at(4) && c == at(6));
    vfree(a);
    CHECK(vmalloc(4 * PAGE_SIZE) == at(8)); /* hole of 4 with the guard page: one too few */
    CHECK(vmalloc(PAGE_SIZE) == at(0));
    CHECK(vmalloc(PAGE_SIZE) == at(2));
    check_everything();
}

static void frames_are_of_high_memory_and_named_by_address(void) {
    boot();
    char *area = vmalloc(5 * PAGE_SIZE);
    for (unsigned long i = 0; i < 5; i++) {
        struct page *page = vmalloc_to_page(area + i * PAGE_SIZE + 17);
        CHECKF(page && PageHighMem(page) && PageKernel(page), "page %lu", i);
        CHECK_EQ(page_to_pfn(page), pte_pfn(entry_at(area + i * PAGE_SIZE)));
    }
    CHECK(!vmalloc_to_page(area + 5 * PAGE_SIZE));
    CHECK(!vmalloc_to_page(page_address(pfn_to_page(100))));
    vfree(area);
    CHECK(!vmalloc_to_page(area));
}

static void zeroed_area_is_zero(void) {
    boot();
    struct page *page = alloc_page(GFP_HIGHUSER);
    memset(page_address(page), 0xff, PAGE_SIZE);
    put_page(page);
    char *area = vzalloc(3 * PAGE_SIZE);
    for (unsigned long i = 0; i < 3 * PAGE_SIZE; i++)
        CHECK(!((char *)page_address(vmalloc_to_page(area + i)))[i % PAGE_SIZE]);
    vfree(area);
}

static void one_flush_before_the_frames_are_free(void) {
    boot();
    void *area = vmalloc(20 * PAGE_SIZE);
    unsigned long loads = cr3_loads, single = invlpg_count;
    CHECK_EQ(cr3_loads, loads);
    vfree(area);
    CHECK_EQ(cr3_loads, loads + 1);
    CHECK_EQ(invlpg_count, single);
}

static void nonsense_sizes_are_refused(void) {
    boot();
    struct resources before = resources_now();
    CHECK(!vmalloc(0));
    CHECK(!vmalloc(~0ul));
    CHECK(!vmalloc(~0ul - PAGE_SIZE));
    CHECK(!vmalloc(80 * MIB));
    CHECK(!vmap(NULL, 0));
    CHECK(!ioremap(0xfee00000, 0));
    CHECK(!ioremap(0xfffff000, 0x2000));
    vfree(NULL);
    vunmap(NULL);
    iounmap(NULL);
    check_resources(&before, "refusals");
}

static void failures_leave_nothing_behind(void) {
    boot();
    struct page *pages[3];
    for (int i = 0; i < 3; i++)
        pages[i] = alloc_page(GFP_HIGHUSER);
    vunmap(vmap(pages, 3));
    struct resources before = resources_now();
    unsigned n;
    for (n = 1;; n++) {
        fail_allocation(n);
        void *area = vmalloc(40 * PAGE_SIZE);
        bool happened = allocation_failed();
        fail_allocation(0);
        CHECKF(!area == happened, "allocation %u", n);
        vfree(area);
        check_resources(&before, "vmalloc");
        if (!happened)
            break;
    }
    CHECKF(n > 40, "%u allocations", n);
    fail_allocation(1);
    CHECK(!vmap(pages, 3));
    fail_allocation(1);
    CHECK(!ioremap(0xfee00000, 4096));
    fail_allocation(0);
    check_resources(&before, "vmap and ioremap");
}

static void a_table_that_cannot_be_made(void) {
    boot();
    void *first = vmalloc(PGDIR_SIZE - 2 * PAGE_SIZE); /* the next one lies under the second table */
    struct resources before = resources_now();
    fail_allocation(4); /* area, list of pages, page; the table */
    CHECK(!vmalloc(PAGE_SIZE));
    CHECK(allocation_failed());
    fail_allocation(0);
    check_resources(&before, "no table");
    CHECK(vmalloc(PAGE_SIZE) == at(1023));
    vfree(first);
}

static void mapped_frames_stay_their_owners(void) {
    boot();
    struct page *pages[4];
    for (int i = 0; i < 4; i++)
        pages[i] = alloc_page(GFP_HIGHUSER);
    struct resources before = resources_now();
    char *area = vmap(pages, 4);
    for (int i = 0; i < 4; i++)
        CHECK(vmalloc_to_page(area + (unsigned long)i * PAGE_SIZE) == pages[i] && page_count(pages[i]) == 1);
    check_everything();
    vunmap(area);
    check_resources(&before, "vunmap");
}

static void devices_are_uncached_and_ram_is_refused(void) {
    boot();
    char *apic = ioremap(0xfee00020, 8);
    CHECK_EQ((unsigned long)apic, VMALLOC_START + 0x20);
    CHECK_EQ(entry_at(apic).pte, 0xfee00000u | PAGE_KERNEL.pgprot | _PAGE_PCD | _PAGE_PWT);
    CHECK(!vmalloc_to_page(apic));
    char *across = ioremap(0xfec00ffe, 4);
    CHECK_EQ(pte_pfn(entry_at(across + 2)), 0xfec01);
    check_everything();
    iounmap(across);
    iounmap(apic);
    CHECK(pte_none(entry_at(apic)));
    CHECK(!ioremap(32 * MIB, PAGE_SIZE));
    CHECK(!ioremap(64 * MIB - PAGE_SIZE, 2 * PAGE_SIZE)); /* begins in RAM */
    CHECK(ioremap(0xa0000, 0x20000));                     /* the hole below 1 MiB */
}

/* What the fault handler does for an address space whose directory is older than the table. */
static u32 kernel_fault(const void *address, u32 error) {
    struct pt_regs regs = {.cs = 0x10, .eip = 0xC0100123u, .eflags = 0x202}; /* code with a fixup */
    told_count = 0;
    trace_enabled = true;
    set_cr2((u32)(unsigned long)address);
    do_page_fault(&regs, error);
    trace_enabled = false;
    return regs.eip;
}

static void another_directory_learns_by_fault(void) {
    world_boot(64 * MIB, "highmem=32M");
    struct mm_struct *mm = world_enter_mm(); /* before any area exists */
    char *area = vmalloc(2 * PAGE_SIZE);
    CHECK(!mm->pgd[pgd_index((unsigned long)area)].pgd);
    CHECK_EQ(kernel_fault(area, 0), 0xC0100123u);
    CHECK_EQ(told_first(FLT_FAULT_BRANCH)->branch.branch, FLT_BRANCH_VMALLOC_SYNC);
    CHECK_EQ(mm->pgd[pgd_index((unsigned long)area)].pgd, swapper_pg_dir[pgd_index((unsigned long)area)].pgd);
    /* Later areas under the same table need no fault; after vfree the entry of the directory is still right. */
    vfree(area);
    char *again = vmalloc(8 * PAGE_SIZE);
    CHECK(again == area);
    const pte_t *table = (pte_t *)__va(mm->pgd[pgd_index((unsigned long)area)].pgd & PTE_PFN_MASK);
    CHECK_EQ(pte_pfn(table[pte_index((unsigned long)area + 7 * PAGE_SIZE)]),
             page_to_pfn(vmalloc_to_page(again + 7 * PAGE_SIZE)));
    vfree(again);
    /* Nothing is there any more: the kernel's own access goes to its fixup, a program's is refused. */
    CHECK_EQ(kernel_fault(area, 0), 0xC0100456u);
    CHECK_EQ(told_first(FLT_FAULT_BRANCH)->branch.branch, FLT_BRANCH_FIXUP);
    world_leave_mm();
}

static void a_program_gets_no_table(void) {
    world_boot(64 * MIB, "highmem=32M");
    struct mm_struct *mm = world_enter_mm();
    char *area = vmalloc(PAGE_SIZE);
    u8 byte;
    CHECK(!user_read((unsigned long)area, &byte));
    CHECK_EQ(last_signal, SIGSEGV);
    CHECK(!mm->pgd[pgd_index((unsigned long)area)].pgd);
    vfree(area);
    world_leave_mm();
}

static void events_tell_address_and_pages(void) {
    boot();
    told_count = 0;
    trace_enabled = true;
    void *area = vmalloc(3 * PAGE_SIZE - 5);
    vfree(area);
    trace_enabled = false;
    CHECK_EQ(told_number(FLT_VMALLOC), 1);
    CHECK_EQ(told_first(FLT_VMALLOC)->vmalloc.address, (u32)(unsigned long)area);
    CHECK_EQ(told_first(FLT_VMALLOC)->vmalloc.pages, 3);
    CHECK_EQ(told_first(FLT_VFREE)->vmalloc.pages, 3);
}

static void numbers(void) {
    struct vmalloc_info info;
    char text[512];
    boot();
    get_vmalloc_info(&info);
    CHECK_EQ(info.used, 0);
    CHECK_EQ(info.largest_chunk, VMALLOC_END - VMALLOC_START);
    vmalloc(2 * PAGE_SIZE);
    ioremap(0xfee00000, PAGE_SIZE);
    get_vmalloc_info(&info);
    CHECK_EQ(info.used, 5 * PAGE_SIZE);
    CHECK_EQ(info.largest_chunk, VMALLOC_END - VMALLOC_START - 5 * PAGE_SIZE);
    CHECK(proc_vmallocinfo(text, sizeof(text)) > 0);
    CHECKF(strstr(text, "0xf0000000-0xf0003000   12288 ") && strstr(text, " pages=2 vmalloc\n"), "%s", text);
    CHECKF(strstr(text, "0xf0003000-0xf0005000    8192 ") && strstr(text, " phys=0xfee00000 ioremap\n"), "%s", text);
    for (int size = 0; size < 100; size++)
        CHECK(proc_vmallocinfo(text, size) <= (size ? size - 1 : 0));
}

static void random_areas_keep_what_is_in_them(void) {
    struct {
        char *address;
        unsigned pages;
        u32 mark;
    } areas[24] = {{0}};
    world_boot(64 * MIB, "highmem=32M");
    random_seed(3);
    for (int step = 0; step < 4000; step++) {
        unsigned i = random_u32() % 24;
        if (areas[i].address) {
            for (unsigned p = 0; p < areas[i].pages; p++)
                CHECK_EQ(*(u32 *)page_address(vmalloc_to_page(areas[i].address + p * PAGE_SIZE)), areas[i].mark + p);
            vfree(areas[i].address);
            areas[i].address = NULL;
        } else {
            areas[i].pages = 1 + random_u32() % (random_u32() % 16 ? 12 : 300);
            areas[i].mark = random_u32();
            areas[i].address = vmalloc(areas[i].pages * PAGE_SIZE);
            for (unsigned p = 0; areas[i].address && p < areas[i].pages; p++)
                *(u32 *)page_address(vmalloc_to_page(areas[i].address + p * PAGE_SIZE)) = areas[i].mark + p;
        }
        if (step % 50 == 0)
            check_everything();
    }
}

int main(void) {
    tap_run("areas have a guard page", areas_have_a_guard_page);
    tap_run("the first hole that fits is taken", the_first_hole_that_fits_is_taken);
    tap_run("frames are of high memory and named by address", frames_are_of_high_memory_and_named_by_address);
    tap_run("zeroed area is zero", zeroed_area_is_zero);
    tap_run("one flush before the frames are free", one_flush_before_the_frames_are_free);
    tap_run("nonsense sizes are refused", nonsense_sizes_are_refused);
    tap_run("failures leave nothing behind", failures_leave_nothing_behind);
    tap_run("a table that cannot be made", a_table_that_cannot_be_made);
    tap_run("mapped frames stay their owners", mapped_frames_stay_their_owners);
    tap_run("devices are uncached and ram is refused", devices_are_uncached_and_ram_is_refused);
    tap_run("another directory learns by fault", another_directory_learns_by_fault);
    tap_run("a program gets no table", a_program_gets_no_table);
    tap_run("events tell address and pages", events_tell_address_and_pages);
    tap_run("numbers", numbers);
    tap_run("random areas keep what is in them", random_areas_keep_what_is_in_them);
    return tap_done();
}
