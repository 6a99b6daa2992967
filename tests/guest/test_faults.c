/* The branches of a page fault, through tables in fake RAM, with the trace that each must leave. */
#include "world.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static struct mm_struct *mm;
static struct resources empty;

static void start(void)
{
    world_boot(48 * MIB, "highmem=16M");
    empty = resources_now();
    mm = world_enter_mm();
}

static void finish(void)
{
    world_leave_mm();
    check_resources(&empty, "at the end");
    CHECK_EQ(open_files, 0);
    CHECK_EQ(global_page_state(NR_ANON_PAGES), 0);
    CHECK_EQ(global_page_state(NR_FILE_MAPPED), 0);
    CHECK_EQ(global_page_state(NR_PAGETABLE), 0);
}

static unsigned long map(unsigned long addr, unsigned long pages, unsigned long prot, unsigned long flags)
{
    unsigned long got = do_mmap_pgoff(NULL, addr, pages << PAGE_SHIFT, prot, flags | (addr ? MAP_FIXED : 0), 0);

    CHECKF(!IS_ERR_VALUE(got), "mmap: %ld", (long)got);
    return got;
}

static u8 read_byte(unsigned long address)
{
    u8 value = 0xee;

    CHECKF(user_read(address, &value), "signal %d at %08lx", last_signal, address);
    return value;
}

static void write_byte(unsigned long address, u8 value)
{
    CHECKF(user_write(address, value), "signal %d at %08lx", last_signal, address);
}

static pte_t entry(unsigned long address)
{
    pte_t *ptep = walk_to_pte(current->mm, address);

    return ptep ? *ptep : (pte_t){0};
}

/* The trace since listen() must hold exactly one fault, of this branch; running out of memory cuts another short. */
static void listen(void)
{
    trace_enabled = true;
    told_count = 0;
}
static void heard(enum flt_branch branch, enum flt_outcome outcome)
{
    CHECK_EQ(told_number(FLT_FAULT_BEGIN), 1);
    CHECK_EQ(told_number(FLT_FAULT_END), 1);
    if (branch != FLT_BRANCH_OOM) {
        CHECK_EQ(told_number(FLT_FAULT_BRANCH), 1);
        CHECK_EQ(told_first(FLT_FAULT_BRANCH)->branch.branch, branch);
    }
    CHECK_EQ(told_last(FLT_FAULT_BRANCH)->branch.branch, branch);
    CHECK_EQ(told_first(FLT_FAULT_END)->end.outcome, outcome);
}
/* Two faults: the first ran out of memory. */
static void heard_retry_without_memory(void)
{
    bool oom = false;

    CHECK_EQ(told_number(FLT_FAULT_END), 2);
    CHECK_EQ(told_first(FLT_FAULT_END)->end.outcome, FLT_OUTCOME_RETRY);
    for (const struct told *t = told; t->type != FLT_FAULT_END; t++)
        oom |= t->type == FLT_FAULT_BRANCH && t->branch.branch == FLT_BRANCH_OOM;
    CHECK(oom);
}
static void heard_pte(unsigned long address, u32 before)
{
    const struct told *pte = told_first(FLT_FAULT_PTE);

    CHECK(pte);
    CHECK_EQ(pte->pte.address, address & PAGE_MASK);
    CHECK_EQ(pte->pte.before, before);
    CHECK_EQ(pte->pte.pte_phys, __pa(walk_to_pte(current->mm, address)));
    CHECK_EQ(pte->pte.after & ~(_PAGE_ACCESSED | _PAGE_DIRTY), entry(address).pte & ~(_PAGE_ACCESSED | _PAGE_DIRTY));
}

static void read_maps_the_zero_page(void)
{
    start();
    unsigned long a = map(0, 2, RW, ANON);
    listen();
    CHECK_EQ(read_byte(a + 5), 0);
    heard(FLT_BRANCH_ANON_ZERO, FLT_OUTCOME_RETRY);
    heard_pte(a, 0);
    CHECK_EQ(told_first(FLT_FAULT_BEGIN)->begin.error_code, 4);
    CHECK_EQ(told_first(FLT_FAULT_BEGIN)->begin.address, a + 5);
    CHECK_EQ(told_first(FLT_FAULT_BEGIN)->begin.pgd_phys, __pa(mm->pgd));
    CHECK_EQ(told_first(FLT_FAULT_VMA)->vma.start, a);
    CHECK(pte_pfn(entry(a)) == page_to_pfn(empty_zero_page()));
    CHECK(!pte_write(entry(a)));
    CHECK_EQ(mm->anon_rss, 0);
    listen();
    write_byte(a + 5, 9);
    heard(FLT_BRANCH_COW_COPY, FLT_OUTCOME_RETRY);
    CHECK_EQ(told_first(FLT_FAULT_COW)->cow.old_pfn, page_to_pfn(empty_zero_page()));
    CHECK_EQ(read_byte(a + 5), 9);
    CHECK_EQ(read_byte(a + 6), 0);
    CHECK_EQ(mm->anon_rss, 1);
    CHECK_EQ(page_count(empty_zero_page()), 1);
    finish();
}

static void first_write_gives_a_zeroed_frame(void)
{
    start();
    unsigned long a = map(0, 1, RW, ANON);
    listen();
    write_byte(a + 100, 7);
    heard(FLT_BRANCH_ANON, FLT_OUTCOME_RETRY);
    heard_pte(a, 0);
    CHECK(pte_write(entry(a)) && pte_dirty(entry(a)) && pte_young(entry(a)));
    struct page *page = pfn_to_page(pte_pfn(entry(a)));
    CHECK(PageHighMem(page) && PageAnon(page));
    CHECK_EQ(page_mapcount(page), 1);
    CHECK_EQ(vma_address(page, find_vma(mm, a)), a);
    lru_add_drain();
    CHECK(PageLRU(page) && PageActive(page));
    CHECK_EQ(page_count(page), 1);
    CHECK_EQ(current->min_flt, 1);
    finish();
}

static void bad_accesses_are_signals(void)
{
    u8 byte;

    start();
    unsigned long a = map(0x20000000, 1, PROT_READ, ANON);
    listen();
    CHECK(!user_write(a + 3, 1));
    heard(FLT_BRANCH_SEGV, FLT_OUTCOME_SIGNAL);
    CHECK_EQ(last_signal, SIGSEGV);
    CHECK_EQ(last_si_code, SEGV_ACCERR);
    CHECK_EQ(last_si_addr, a + 3);
    CHECK(!user_read(a - 1, &byte));
    CHECK_EQ(last_si_code, SEGV_MAPERR);
    CHECK_EQ(last_si_addr, a - 1);
    listen();
    CHECK(!user_read(a + PAGE_SIZE, &byte));
    CHECK_EQ(told_first(FLT_FAULT_VMA)->vma.end, 0);
    CHECK(!user_read(0, &byte));
    CHECK(!user_read(0xC0100000, &byte));
    CHECK_EQ(last_si_code, SEGV_MAPERR);
    CHECK_EQ(current->fault_error_code & 1, 1);
    CHECK_EQ(sys_mprotect(a, PAGE_SIZE, PROT_NONE), 0);
    CHECK(!user_read(a, &byte));
    CHECK_EQ(last_si_code, SEGV_ACCERR);
    finish();
}

static void prot_none_keeps_the_page(void)
{
    u8 byte;

    start();
    unsigned long a = map(0, 1, RW, ANON);
    write_byte(a, 77);
    CHECK_EQ(sys_mprotect(a, PAGE_SIZE, PROT_NONE), 0);
    check_tlb();
    CHECK(!user_read(a, &byte));
    CHECK_EQ(mm->anon_rss, 1);
    CHECK_EQ(sys_mprotect(a, PAGE_SIZE, RW), 0);
    CHECK_EQ(read_byte(a), 77);
    write_byte(a, 78);
    CHECK_EQ(read_byte(a), 78);
    finish();
}

static void stack_grows_within_its_limit(void)
{
    u8 byte;

    start();
    CHECK_EQ(setup_stack_vma(mm, STACK_TOP), 0);
    unsigned long old = find_vma(mm, STACK_TOP - 1)->vm_start;
    listen();
    write_byte(old - 100 * PAGE_SIZE, 1);
    CHECK_EQ(told_first(FLT_FAULT_VMA)->vma.stack_grown_from, old);
    CHECK_EQ(find_vma(mm, STACK_TOP - 1)->vm_start, old - 100 * PAGE_SIZE);
    write_byte(STACK_TOP - 8 * MIB, 1);
    CHECK(!user_read(STACK_TOP - 8 * MIB - 1, &byte));
    CHECK_EQ(last_si_code, SEGV_MAPERR);
    CHECK_EQ(mm->stack_vm, 8 * MIB >> PAGE_SHIFT);
    finish();
}

static void stack_stops_at_the_guard_gap(void)
{
    start();
    CHECK_EQ(setup_stack_vma(mm, STACK_TOP), 0);
    unsigned long below = STACK_TOP - 4 * MIB;
    map(below - PAGE_SIZE, 1, RW, ANON);
    write_byte(below + STACK_GUARD_GAP, 1);
    CHECK(!user_write(below + STACK_GUARD_GAP - 1, 1));
    CHECK_EQ(last_si_code, SEGV_MAPERR);
    finish();
}

/* ---- fork ---- */

static void switch_to(struct mm_struct *to)
{
    struct mm_struct *from = current->active_mm;

    activate_mm(from, to);
    atomic_inc(&to->mm_count);
    current->mm = current->active_mm = to;
    mmdrop(from);
}

static void fork_copies_on_write(void)
{
    start();
    unsigned long a = map(0, 3, RW, ANON);
    write_byte(a, 1);
    write_byte(a + PAGE_SIZE, 2);
    struct mm_struct *parent = mm, *child = dup_mm(mm);
    CHECK(child);
    check_tlb();
    check_everything();
    CHECK(!pte_write(entry(a)));
    CHECK_EQ(page_mapcount(pfn_to_page(pte_pfn(entry(a)))), 2);

    listen();
    write_byte(a, 11);
    heard(FLT_BRANCH_COW_COPY, FLT_OUTCOME_RETRY);
    CHECK_EQ(told_first(FLT_FAULT_COW)->cow.old_mapcount, 2);
    switch_to(child);
    CHECK_EQ(read_byte(a), 1);
    listen();
    write_byte(a, 21);
    heard(FLT_BRANCH_COW_REUSE, FLT_OUTCOME_RETRY);
    CHECK_EQ(told_first(FLT_FAULT_COW)->cow.old_mapcount, 1);
    CHECK_EQ(read_byte(a + PAGE_SIZE), 2);
    CHECK_EQ(read_byte(a + 2 * PAGE_SIZE), 0);
    check_everything();
    switch_to(parent);
    CHECK_EQ(read_byte(a), 11);
    mmput(child);
    listen();
    write_byte(a + PAGE_SIZE, 12);
    heard(FLT_BRANCH_COW_REUSE, FLT_OUTCOME_RETRY);
    finish();
}

static void untouched_memory_needs_no_tables_at_fork(void)
{
    start();
    unsigned long a = map(0, 3, RW, ANON);
    CHECK_EQ(read_byte(a), 0);
    struct mm_struct *child = dup_mm(mm);
    CHECK_EQ(child->nr_ptes, 0);
    mmput(child);
    finish();
}

static void shared_anonymous_memory_is_shared(void)
{
    start();
    unsigned long a = map(0, 2, RW, MAP_SHARED | MAP_ANONYMOUS);
    write_byte(a, 5);
    struct mm_struct *parent = mm, *child = dup_mm(mm);
    switch_to(child);
    CHECK_EQ(read_byte(a), 5);
    write_byte(a + PAGE_SIZE, 6);
    switch_to(parent);
    CHECK_EQ(read_byte(a + PAGE_SIZE), 6);
    check_everything();
    mmput(child);
    CHECK_EQ(read_byte(a + PAGE_SIZE), 6);
    finish();
}

/* ---- files ---- */

static unsigned long map_file(struct file *file, unsigned long pages, unsigned long prot, unsigned long flags,
                              unsigned long pgoff)
{
    unsigned long got = do_mmap_pgoff(file, 0, pages << PAGE_SHIFT, prot, flags, pgoff);

    CHECKF(!IS_ERR_VALUE(got), "mmap: %ld", (long)got);
    return got;
}

static void file_pages_are_mapped_and_copied(void)
{
    start();
    struct file *file = test_file(4, O_RDWR);
    unsigned long priv = map_file(file, 4, RW, MAP_PRIVATE, 0), shared = map_file(file, 2, RW, MAP_SHARED, 1);
    fput(file);

    listen();
    CHECK_EQ(read_byte(priv + PAGE_SIZE + 3), 7 + 3);
    heard(FLT_BRANCH_FILE_MINOR, FLT_OUTCOME_RETRY);
    CHECK_EQ(told_first(FLT_FAULT_VMA)->vma.file_inode, 42);
    CHECK_EQ(mm->file_rss, 1);
    listen();
    write_byte(priv + PAGE_SIZE + 3, 200);
    heard(FLT_BRANCH_COW_COPY, FLT_OUTCOME_RETRY);
    CHECK_EQ(mm->file_rss, 0);
    CHECK_EQ(mm->anon_rss, 1);
    CHECK_EQ(read_byte(shared + 3), 7 + 3);
    listen();
    write_byte(priv + 2 * PAGE_SIZE, 201);
    heard(FLT_BRANCH_FILE_COW, FLT_OUTCOME_RETRY);
    CHECK_EQ(read_byte(priv + 2 * PAGE_SIZE + 1), 2 * 7 + 1);
    CHECK_EQ(read_byte(shared + PAGE_SIZE), 2 * 7);

    struct page *page = pfn_to_page(pte_pfn(entry(shared)));
    CHECK(!PageDirty(page));
    listen();
    write_byte(shared + 3, 202);
    heard(FLT_BRANCH_COW_REUSE, FLT_OUTCOME_RETRY);
    CHECK(PageDirty(page));
    CHECK_EQ(page_mapcount(page), 1);
    unsigned long again = map_file(find_vma(mm, shared)->vm_file, 1, PROT_READ, MAP_SHARED, 1);
    CHECK_EQ(read_byte(again + 3), 202);
    CHECK_EQ(page_mapcount(page), 2);
    check_everything();
    finish();
}

static void beyond_the_end_is_sigbus(void)
{
    u8 byte;

    start();
    struct file *file = test_file(2, O_RDWR);
    unsigned long a = map_file(file, 4, RW, MAP_SHARED, 0);
    listen();
    CHECK(!user_read(a + 2 * PAGE_SIZE + 9, &byte));
    heard(FLT_BRANCH_SIGBUS, FLT_OUTCOME_SIGNAL);
    CHECK_EQ(last_signal, SIGBUS);
    CHECK_EQ(last_si_code, BUS_ADRERR);
    CHECK_EQ(last_si_addr, a + 2 * PAGE_SIZE + 9);
    CHECK_EQ(read_byte(a + PAGE_SIZE), 7);
    file->f_inode->i_size = PAGE_SIZE;
    truncate_inode_pages(file->f_mapping, PAGE_SIZE);
    check_tlb();
    CHECK(!user_read(a + PAGE_SIZE, &byte));
    CHECK_EQ(last_signal, SIGBUS);
    fput(file);
    finish();
}

/* ---- kernel mode ---- */

static void kernel_copies_end_at_the_fixup(void)
{
    struct pt_regs regs = {.cs = __KERNEL_CS, .eip = 0xC0100123u, .eflags = 0x202};
    u32 unmapped = 0x30000000;

    start();
    /* CR2 is the last faulting address: let a user access put it there. */
    u8 byte;
    CHECK(!user_read(unmapped, &byte));
    listen();
    do_page_fault(&regs, 0);
    heard(FLT_BRANCH_FIXUP, FLT_OUTCOME_FIXUP);
    CHECK_EQ(regs.eip, 0xC0100456u);
    finish();
}

static void kernel_bug_is_an_oops(void)
{
    struct pt_regs regs = {.cs = __KERNEL_CS, .eip = 0xC0109999u, .eflags = 0x202};
    u8 byte;

    start();
    CHECK(!user_read(16, &byte));
    tap_expect_panic("do_exit");
    listen();
    do_page_fault(&regs, 0);
}

static void vmalloc_entries_are_fetched(void)
{
    struct pt_regs regs = {.cs = __KERNEL_CS, .eip = 0xC0109999u, .eflags = 0x202};
    const unsigned long address = 0xF8800000;
    unsigned slot = pgd_index(address);
    u8 byte;

    start();
    CHECK(!user_read(address, &byte)); /* a program gets a signal, entry or not */
    swapper_pg_dir[slot].pgd = 0x00300063;
    listen();
    do_page_fault(&regs, 0);
    heard(FLT_BRANCH_VMALLOC_SYNC, FLT_OUTCOME_RETRY);
    CHECK_EQ(mm->pgd[slot].pgd, 0x00300063);
    swapper_pg_dir[slot].pgd = 0;
    finish();
}

/* An allocation fails although there is memory: the access is tried again, and nobody is killed. */
static void a_fault_without_memory_is_tried_again(void)
{
    start();
    unsigned n = 0;
    do {
        unsigned long a = map(0, 1, RW, ANON);
        fail_allocation(++n);
        listen();
        CHECK(user_write(a, 1));
        if (allocation_failed())
            heard_retry_without_memory();
        check_everything();
        CHECK(!last_killed);
        CHECK_EQ(do_munmap(current->mm, a, PAGE_SIZE), 0);
    } while (allocation_failed());
    CHECK(n >= 4); /* table, anon_vma, frame, none */
    fail_allocation(0);
    finish();
}

/* Whom the OOM killer chose gets no second try when even the reserves are empty. */
static void a_chosen_task_dies_of_a_fault_without_memory(void)
{
    start();
    unsigned long a = map(0, 1, RW, ANON);
    current->memdie = true;
    fail_allocation(1);
    listen();
    CHECK(!user_write(a, 1));
    heard(FLT_BRANCH_OOM, FLT_OUTCOME_KILLED);
    CHECK_EQ(last_signal, SIGKILL);
    current->memdie = false;
    finish();
}

/* Each allocation inside fork fails once: the parent is whole, nothing is lost. */
static void fork_survives_every_failure(void)
{
    unsigned n;

    start();
    unsigned long a = map(0x10000000, 3, RW, ANON), b = map(0x20000000, 1, RW, MAP_SHARED | MAP_ANONYMOUS);
    for (int i = 0; i < 3; i++)
        write_byte(a + (unsigned)i * PAGE_SIZE, (u8)(i + 1));
    write_byte(b, 9);
    CHECK_EQ(sys_mprotect(a + PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
    for (n = 1;; n++) {
        struct resources before = resources_now();
        fail_allocation(n);
        struct mm_struct *child = dup_mm(mm);
        if (child) {
            CHECK(!allocation_failed());
            fail_allocation(0);
            check_everything();
            mmput(child);
            check_resources(&before, "after fork");
            break;
        }
        CHECK(allocation_failed());
        fail_allocation(0);
        check_resources(&before, "after a failed fork");
        for (int i = 0; i < 3; i++)
            CHECK_EQ(read_byte(a + (unsigned)i * PAGE_SIZE), i + 1);
    }
    CHECK(n > 5);
    finish();
}

/* Memory that was only ever failed at: every access of a small program under every single failure. */
static void faults_survive_every_failure(void)
{
    for (unsigned n = 1;; n++) {
        if (n == 1)
            start();
        else
            mm = world_enter_mm();
        struct file *file = test_file(3, O_RDWR);
        fail_allocation(n);
        unsigned long a = do_mmap_pgoff(NULL, 0x10000000, 8 * PAGE_SIZE, RW, ANON | MAP_FIXED, 0);
        unsigned long f = do_mmap_pgoff(file, 0x20000000, 3 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_FIXED, 0);
        unsigned long s = do_mmap_pgoff(file, 0x30000000, 3 * PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED, 0);
        unsigned long z = do_mmap_pgoff(NULL, 0x40000000, 3 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0);
        const unsigned long places[] = {a, a + PAGE_SIZE, f, f + PAGE_SIZE, s, s + PAGE_SIZE, z, z + PAGE_SIZE};
        for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
            u8 byte;
            if (!(i & 1) && user_read(places[i], &byte))
                CHECK(user_read(places[i], &byte));
            (void)user_write(places[i], 3);
        }
        bool ended = !allocation_failed();
        fail_allocation(0);
        check_everything();
        fput(file);
        world_leave_mm();
        check_resources(&empty, "after a failure");
        CHECK_EQ(open_files, 0);
        if (ended) {
            CHECK(n > 20);
            return;
        }
    }
}

static void access_process_vm_reaches_another(void)
{
    char text[] = "across pages", back[sizeof(text)];

    start();
    CHECK_EQ(setup_stack_vma(mm, STACK_TOP), 0);
    unsigned long at = STACK_TOP - 40 * PAGE_SIZE - 5; /* below what the stack has, across a border */
    CHECK_EQ(access_process_vm(mm, at, text, sizeof(text), 1), sizeof(text));
    CHECK_EQ(access_process_vm(mm, at, back, sizeof(back), 0), sizeof(back));
    CHECK_EQ(strcmp(text, back), 0);
    CHECK_EQ(read_byte(at), 'a');
    CHECK_EQ(access_process_vm(mm, 0x1000, back, sizeof(back), 0), 0);
    CHECK_EQ(access_process_vm(mm, STACK_TOP - 4, back, sizeof(back), 0), 4);
    finish();
}

int main(void)
{
    tap_run("a read maps the page of zeros, a write copies it", read_maps_the_zero_page);
    tap_run("a first write gives a zeroed frame", first_write_gives_a_zeroed_frame);
    tap_run("bad accesses are signals with exact codes", bad_accesses_are_signals);
    tap_run("PROT_NONE keeps the page", prot_none_keeps_the_page);
    tap_run("the stack grows within its limit", stack_grows_within_its_limit);
    tap_run("the stack stops at the guard gap", stack_stops_at_the_guard_gap);
    tap_run("fork copies on write, the last owner reuses", fork_copies_on_write);
    tap_run("untouched memory needs no tables at fork", untouched_memory_needs_no_tables_at_fork);
    tap_run("shared anonymous memory is shared across fork", shared_anonymous_memory_is_shared);
    tap_run("file pages are mapped, copied and made dirty", file_pages_are_mapped_and_copied);
    tap_run("beyond the end of a file is SIGBUS", beyond_the_end_is_sigbus);
    tap_run("kernel copies end at the fixup", kernel_copies_end_at_the_fixup);
    tap_run("a bad kernel access is an oops", kernel_bug_is_an_oops);
    tap_run("vmalloc entries are fetched", vmalloc_entries_are_fetched);
    tap_run("a fault without memory is tried again", a_fault_without_memory_is_tried_again);
    tap_run("a chosen task dies of a fault without memory", a_chosen_task_dies_of_a_fault_without_memory);
    tap_run("fork survives every failing allocation", fork_survives_every_failure);
    tap_run("faults survive every failing allocation", faults_survive_every_failure);
    tap_run("access_process_vm reaches another address space", access_process_vm_reaches_another);
    return tap_done();
}
