/* VMAs: mmap, munmap, mprotect, mremap, brk, madvise, mlock: single cases. */
#include "world.h"
#include "mm/writeback.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define BASE 0x20000000ul

static struct mm_struct *mm;
static struct resources empty;

static void start(void)
{
    world_boot(48 * MIB, NULL);
    empty = resources_now();
    mm = world_enter_mm();
}

static void finish(void)
{
    world_leave_mm();
    check_resources(&empty, "at the end");
    CHECK_EQ(open_files, 0);
}

static unsigned long page(unsigned long n) { return BASE + (n << PAGE_SHIFT); }
static long map_at(unsigned long n, unsigned long pages, unsigned long prot, unsigned long flags)
{
    return (long)do_mmap_pgoff(NULL, page(n), pages << PAGE_SHIFT, prot, flags | MAP_FIXED, 0);
}
static void expect_map(const char *text)
{
    static char maps[4096], *at;
    char wanted[200];

    proc_pid_maps(mm, maps, sizeof(maps));
    at = maps;
    while (*text) {
        unsigned length = 0;
        while (text[length] && text[length] != '|')
            length++;
        snprintf(wanted, sizeof(wanted), "%.*s", (int)length, text);
        CHECKF(strncmp(at, wanted, length) == 0, "wanted %s in\n%s", wanted, maps);
        at = strchr(at, '\n');
        CHECKF(at, "%s", maps);
        at++;
        text += length + (text[length] == '|');
    }
    CHECKF(*at == '\0', "more than wanted:\n%s", maps);
}

static void neighbours_merge(void)
{
    start();
    CHECK_EQ(map_at(0, 2, RW, ANON), page(0));
    CHECK_EQ(map_at(4, 2, RW, ANON), page(4));
    CHECK_EQ(mm->map_count, 2);
    CHECK_EQ(map_at(2, 2, RW, ANON), page(2));
    CHECK_EQ(mm->map_count, 1);
    expect_map("20000000-20006000 rw-p 00000000 00:00 0");
    finish();
}

static void different_rights_do_not_merge(void)
{
    start();
    map_at(0, 2, RW, ANON);
    map_at(2, 2, PROT_READ, ANON);
    CHECK_EQ(mm->map_count, 2);
    CHECK_EQ(sys_mprotect(page(2), 2 * PAGE_SIZE, RW), 0);
    CHECK_EQ(mm->map_count, 1);
    finish();
}

static void mprotect_splits_and_joins(void)
{
    start();
    map_at(0, 10, RW, ANON);
    CHECK(user_write(page(4), 1));
    CHECK_EQ(sys_mprotect(page(3), 2 * PAGE_SIZE, PROT_READ), 0);
    expect_map("20000000-20003000 rw-p|20003000-20005000 r--p|20005000-2000a000 rw-p");
    CHECK(user_write(page(2), 1));
    CHECK(user_write(page(6), 1));
    CHECK_EQ(sys_mprotect(page(3), 2 * PAGE_SIZE, RW), 0);
    expect_map("20000000-2000a000 rw-p");
    finish();
}

static void munmap_cuts_holes(void)
{
    start();
    map_at(0, 10, RW, ANON);
    for (unsigned n = 0; n < 10; n++)
        CHECK(user_write(page(n), (u8)n));
    CHECK_EQ(sys_munmap(page(3), 2 * PAGE_SIZE), 0);
    check_tlb();
    expect_map("20000000-20003000 rw-p|20005000-2000a000 rw-p");
    CHECK_EQ(mm->anon_rss, 8);
    CHECK_EQ(sys_munmap(page(20), PAGE_SIZE), 0);
    CHECK_EQ(sys_munmap(page(0) + 1, PAGE_SIZE), -EINVAL);
    CHECK_EQ(sys_munmap(page(0), 0), -EINVAL);
    CHECK_EQ(sys_munmap(0xBFFFF000, 2 * PAGE_SIZE), -EINVAL);
    CHECK_EQ(mm->nr_ptes, 1);
    CHECK_EQ(sys_munmap(page(0), 100 * PAGE_SIZE), 0);
    CHECK_EQ(mm->nr_ptes, 0);
    finish();
}

static void errors_of_mmap(void)
{
    start();
    CHECK_EQ(sys_mmap2(0, 0, RW, ANON, -1, 0), -EINVAL);
    CHECK_EQ(sys_mmap2(0, PAGE_SIZE, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
    CHECK_EQ(sys_mmap2(0, PAGE_SIZE, RW, MAP_PRIVATE, 5, 0), -EBADF);
    CHECK_EQ(sys_mmap2(0, 0xfffff001, RW, ANON, -1, 0), -ENOMEM);
    CHECK_EQ(sys_mmap2(0, 0xC0001000, RW, ANON, -1, 0), -ENOMEM);
    CHECK_EQ(sys_mmap2(page(0) + 1, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0), -EINVAL);
    CHECK_EQ(sys_mmap2(0xBFFFF000, 2 * PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
    CHECK_EQ(sys_mmap2(0x1000, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0), -EPERM);
    CHECK_EQ(map_at(0, 4, RW, ANON), page(0));
    CHECK_EQ(map_at(3, 2, RW, ANON | MAP_FIXED_NOREPLACE), -EEXIST);
    CHECK_EQ(map_at(4, 2, RW, ANON | MAP_FIXED_NOREPLACE), page(4));
    CHECK_EQ(sys_mmap2(0, 1024 * MIB, RW, ANON, -1, 0), -ENOMEM); /* more than there is memory */
    CHECK(!IS_ERR_VALUE((unsigned long)sys_mmap2(0, 1024 * MIB, RW, ANON | MAP_NORESERVE, -1, 0)));
    CHECK(!IS_ERR_VALUE((unsigned long)sys_mmap2(0, 512 * MIB, PROT_READ, ANON, -1, 0)));
    current->rlim[RLIMIT_AS].rlim_cur = (mm->total_vm + 2) << PAGE_SHIFT;
    CHECK_EQ(sys_mmap2(0, 3 * PAGE_SIZE, RW, ANON, -1, 0), -ENOMEM);
    CHECK(!IS_ERR_VALUE((unsigned long)sys_mmap2(0, 2 * PAGE_SIZE, RW, ANON, -1, 0)));
    CHECK_EQ(map_at(0, 2, RW, ANON), page(0)); /* replaces: no more in all */
    finish();
}

static void errors_of_file_mappings(void)
{
    start();
    struct file *read_only = test_file(2, O_RDONLY), *write_only = test_file(2, O_WRONLY);
    CHECK_EQ(do_mmap_pgoff(read_only, 0, PAGE_SIZE, RW, MAP_SHARED, 0), -EACCES);
    CHECK_EQ(do_mmap_pgoff(write_only, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0), -EACCES);
    CHECK_EQ(do_mmap_pgoff(read_only, 0, PAGE_SIZE, RW, 0, 0), -EINVAL);
    CHECK_EQ(do_mmap_pgoff(read_only, 0, 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0xffffffff), -EOVERFLOW);
    unsigned long a = do_mmap_pgoff(read_only, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
    CHECK(!IS_ERR_VALUE(a));
    CHECK_EQ(sys_mprotect(a, PAGE_SIZE, RW), -EACCES);
    a = do_mmap_pgoff(read_only, 0, PAGE_SIZE, RW, MAP_PRIVATE, 0);
    CHECK(!IS_ERR_VALUE(a));
    fput(read_only);
    fput(write_only);
    finish();
}

static void places_are_chosen_from_the_top(void)
{
    start();
    long first = sys_mmap2(0, 2 * PAGE_SIZE, RW, ANON, -1, 0), second = sys_mmap2(0, PAGE_SIZE, PROT_READ, ANON, -1, 0);
    CHECK_EQ(first, 0xB8000000 - 2 * PAGE_SIZE);
    CHECK_EQ(second, first - (long)PAGE_SIZE);
    CHECK_EQ(sys_munmap((unsigned long)first, PAGE_SIZE), 0);
    CHECK_EQ(sys_mmap2(0, PAGE_SIZE, PROT_NONE, ANON, -1, 0), first);
    CHECK_EQ(sys_mmap2(0x30000123, PAGE_SIZE, RW, ANON, -1, 0), 0x30000000);
    CHECK_EQ(sys_mmap2(0x30000000, PAGE_SIZE, RW, ANON, -1, 0), second - (long)PAGE_SIZE); /* the hint is taken */
    CHECK_EQ(sys_mmap2(0x100, PAGE_SIZE, PROT_READ, ANON, -1, 0), 0xB7FFB000);
    finish();
}

static void everything_can_be_filled(void)
{
    start();
    CHECK_EQ(setup_stack_vma(mm, STACK_TOP), 0);
    unsigned long total = 0, size = 256 * MIB;
    while (size >= PAGE_SIZE) {
        long got = sys_mmap2(0, size, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
        if (IS_ERR_VALUE((unsigned long)got))
            size >>= 1;
        else
            total += size;
    }
    /* All but the first 64 KiB, the stack and its gap. */
    CHECK_EQ(total, STACK_TOP - MMAP_MIN_ADDR - STACK_GUARD_GAP - 33 * PAGE_SIZE);
    finish();
}

static void mprotect_errors(void)
{
    start();
    map_at(0, 2, RW, ANON);
    map_at(4, 2, RW, ANON);
    CHECK_EQ(sys_mprotect(page(0) + 1, PAGE_SIZE, PROT_READ), -EINVAL);
    CHECK_EQ(sys_mprotect(page(0), PAGE_SIZE, 0x100), -EINVAL);
    CHECK_EQ(sys_mprotect(page(0), 0, PROT_READ), 0);
    CHECK_EQ(sys_mprotect(page(0), 5 * PAGE_SIZE, PROT_READ), -ENOMEM); /* what comes before the hole is changed */
    expect_map("20000000-20002000 r--p|20004000-20006000 rw-p");
    CHECK_EQ(sys_mprotect(page(2), PAGE_SIZE, PROT_READ), -ENOMEM);
    CHECK_EQ(sys_mprotect(page(4), 0xffffffff, PROT_READ), -ENOMEM);
    finish();
}

static void brk_grows_and_shrinks(void)
{
    start();
    CHECK_EQ(sys_brk(0), 0x08100000);
    CHECK_EQ(sys_brk(0x08102345), 0x08102345);
    CHECK(user_write(0x08102344, 1));
    expect_map("08100000-08103000 rw-p 00000000 00:00 0          [heap]");
    CHECK_EQ(sys_brk(0x08100800), 0x08100800);
    expect_map("08100000-08101000 rw-p");
    CHECK_EQ(sys_brk(0x080fffff), 0x08100800);
    do_mmap_pgoff(NULL, 0x08108000, PAGE_SIZE, PROT_READ, ANON | MAP_FIXED, 0);
    CHECK_EQ(sys_brk(0x08108000), 0x08100800); /* a page stays free before the next region */
    CHECK_EQ(sys_brk(0x08107000), 0x08107000);
    current->rlim[RLIMIT_DATA].rlim_cur = 0x2000;
    CHECK_EQ(sys_brk(0x08107001), 0x08107000);
    CHECK_EQ(sys_brk(0x08101000), 0x08101000);
    finish();
}

static void mremap_moves_pages_with_their_contents(void)
{
    start();
    map_at(0, 3, RW, ANON);
    for (unsigned n = 0; n < 3; n++)
        CHECK(user_write(page(n) + 9, (u8)(n + 1)));
    CHECK_EQ(sys_mremap(page(0), 3 * PAGE_SIZE, 5 * PAGE_SIZE, 0, 0), page(0)); /* room behind */
    map_at(5, 1, PROT_READ, ANON);
    CHECK_EQ(sys_mremap(page(0), 5 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0), -ENOMEM);
    long moved = sys_mremap(page(0), 5 * PAGE_SIZE, 6 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
    CHECK_EQ(moved, 0xB8000000 - 6 * PAGE_SIZE);
    check_tlb();
    check_everything();
    for (unsigned n = 0; n < 3; n++) {
        u8 byte = 0;
        CHECK(user_read((unsigned long)moved + n * PAGE_SIZE + 9, &byte));
        CHECK_EQ(byte, n + 1);
    }
    CHECK_EQ(mm->anon_rss, 3);
    CHECK_EQ(sys_mremap((unsigned long)moved, 6 * PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, page(4)),
             page(4));
    expect_map("20004000-20006000 rw-p");
    CHECK_EQ(sys_mremap(page(4), 2 * PAGE_SIZE, PAGE_SIZE, 0, 0), page(4));
    CHECK_EQ(sys_mremap(page(5), PAGE_SIZE, PAGE_SIZE, 0, 0), -EFAULT);
    CHECK_EQ(sys_mremap(page(4), 2 * PAGE_SIZE, 3 * PAGE_SIZE, 0, 0), -EFAULT);
    CHECK_EQ(sys_mremap(page(4), 0, PAGE_SIZE, MREMAP_MAYMOVE, 0), -EINVAL);
    CHECK_EQ(sys_mremap(page(4) + 1, PAGE_SIZE, PAGE_SIZE, 0, 0), -EINVAL);
    CHECK_EQ(sys_mremap(page(4), PAGE_SIZE, 0, 0, 0), -EINVAL);
    CHECK_EQ(sys_mremap(page(4), PAGE_SIZE, PAGE_SIZE, MREMAP_FIXED, page(9)), -EINVAL);
    CHECK_EQ(sys_mremap(page(4), PAGE_SIZE, PAGE_SIZE, MREMAP_FIXED | MREMAP_MAYMOVE, page(4)), -EINVAL);
    finish();
}

static void mremap_after_fork_and_split(void)
{
    start();
    map_at(0, 4, RW, ANON);
    for (unsigned n = 0; n < 4; n++)
        CHECK(user_write(page(n), (u8)(n + 1)));
    struct mm_struct *child = dup_mm(mm);
    CHECK(sys_mremap(page(1), 2 * PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, page(100)) ==
          (long)page(100));
    check_everything();
    u8 byte = 0;
    CHECK(user_read(page(101), &byte));
    CHECK_EQ(byte, 3);
    CHECK(user_write(page(101), 33));
    CHECK_EQ(access_process_vm(child, page(2), &byte, 1, 0), 1);
    CHECK_EQ(byte, 3);
    const struct page *frame = pfn_to_page(pte_pfn(*walk_to_pte(mm, page(100))));
    CHECK_EQ(vma_address(frame, find_vma(mm, page(100))), page(100));
    mmput(child);
    finish();
}

static void mremap_of_length_zero_shares(void)
{
    start();
    long a = sys_mmap2(0, 2 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(user_write((unsigned long)a + PAGE_SIZE, 4));
    long b = sys_mremap((unsigned long)a + PAGE_SIZE, 0, PAGE_SIZE, MREMAP_MAYMOVE, 0);
    u8 byte = 0;
    CHECK(!IS_ERR_VALUE((unsigned long)b));
    CHECK(user_read((unsigned long)b, &byte));
    CHECK_EQ(byte, 4);
    CHECK(user_write((unsigned long)b, 5));
    CHECK(user_read((unsigned long)a + PAGE_SIZE, &byte));
    CHECK_EQ(byte, 5);
    finish();
}

static void madvise_dontneed_drops(void)
{
    start();
    map_at(0, 4, RW, ANON);
    for (unsigned n = 0; n < 4; n++)
        CHECK(user_write(page(n), 1));
    CHECK_EQ(sys_madvise(page(1), 2 * PAGE_SIZE, MADV_DONTNEED), 0);
    check_tlb();
    u8 byte = 9;
    CHECK(user_read(page(1), &byte));
    CHECK_EQ(byte, 0);
    CHECK(user_read(page(3), &byte));
    CHECK_EQ(byte, 1);
    CHECK_EQ(mm->anon_rss, 2);
    CHECK_EQ(sys_madvise(page(1), 9 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
    CHECK_EQ(sys_madvise(page(1), PAGE_SIZE, 77), -EINVAL);
    CHECK_EQ(sys_madvise(page(1) + 1, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
    CHECK_EQ(sys_madvise(page(1), PAGE_SIZE, MADV_DONTFORK), 0);
    struct mm_struct *child = dup_mm(mm);
    CHECK(!find_vma(child, page(1)) || find_vma(child, page(1))->vm_start == page(2));
    mmput(child);
    CHECK_EQ(sys_madvise(page(1), PAGE_SIZE, MADV_DOFORK), 0);
    CHECK_EQ(mm->map_count, 1);
    finish();
}

static void mlock_counts_and_fills(void)
{
    start();
    map_at(0, 4, RW, ANON);
    CHECK_EQ(sys_mlock(page(1) + 5, PAGE_SIZE), 0); /* two pages touched */
    CHECK_EQ(mm->locked_vm, 2);
    CHECK_EQ(mm->anon_rss, 2);
    CHECK_EQ(mm->map_count, 3);
    CHECK_EQ(sys_madvise(page(1), PAGE_SIZE, MADV_DONTNEED), -EINVAL);
    CHECK_EQ(sys_munlock(page(0), 4 * PAGE_SIZE), 0);
    CHECK_EQ(mm->map_count, 1);
    CHECK_EQ(mm->locked_vm, 0);
    CHECK_EQ(sys_mlock(page(2), 5 * PAGE_SIZE), -ENOMEM);
    CHECK_EQ(sys_munlock(page(0), 4 * PAGE_SIZE), 0);
    current->rlim[RLIMIT_MEMLOCK].rlim_cur = PAGE_SIZE;
    CHECK_EQ(sys_mlock(page(0), 2 * PAGE_SIZE), -ENOMEM);
    CHECK_EQ(sys_mmap2(0, 2 * PAGE_SIZE, RW, ANON | MAP_LOCKED, -1, 0), -EAGAIN);
    current->rlim[RLIMIT_MEMLOCK].rlim_cur = 0;
    CHECK_EQ(sys_mlock(page(0), PAGE_SIZE), -EPERM);
    current->rlim[RLIMIT_MEMLOCK].rlim_cur = RLIM_INFINITY;
    CHECK_EQ(sys_mlockall(MCL_CURRENT | MCL_FUTURE), 0);
    CHECK_EQ(mm->anon_rss, 4);
    CHECK_EQ(map_at(10, 3, RW, ANON), page(10));
    CHECK_EQ(mm->anon_rss, 7);
    CHECK_EQ(sys_munlockall(), 0);
    CHECK_EQ(sys_mlockall(0), -EINVAL);
    CHECK_EQ(sys_mlockall(8), -EINVAL);
    finish();
}

static void mincore_tells_what_is_there(void)
{
    u8 vec[4] = {9, 9, 9, 9};

    start();
    map_at(0, 4, RW, ANON);
    map_at(8, 1, RW, ANON);
    CHECK(user_write(page(1), 1));
    CHECK_EQ(sys_mincore(page(0), 3 * PAGE_SIZE + 1, (unsigned char *)page(8)), 0);
    CHECK_EQ(access_process_vm(mm, page(8), vec, 4, 0), 4);
    CHECK(!vec[0] && vec[1] && !vec[2] && !vec[3]);
    CHECK_EQ(sys_mincore(page(0), 5 * PAGE_SIZE, (unsigned char *)page(8)), -ENOMEM);
    CHECK_EQ(sys_mincore(page(0) + 1, PAGE_SIZE, (unsigned char *)page(8)), -EINVAL);
    CHECK_EQ(sys_mincore(page(0), PAGE_SIZE, (unsigned char *)page(30)), -EFAULT);
    CHECK_EQ(sys_msync(page(0), 4 * PAGE_SIZE, MS_SYNC), 0);
    CHECK_EQ(sys_msync(page(0), 5 * PAGE_SIZE, MS_SYNC), -ENOMEM);
    CHECK_EQ(sys_msync(page(0), PAGE_SIZE, MS_SYNC | MS_ASYNC), -EINVAL);
    CHECK_EQ(sys_msync(page(0), PAGE_SIZE, 8), -EINVAL);
    finish();
}

static void locks_are_not_inherited(void)
{
    start();
    map_at(0, 2, RW, ANON);
    CHECK_EQ(sys_mlock(page(0), 2 * PAGE_SIZE), 0);
    struct mm_struct *child = dup_mm(mm);
    CHECK_EQ(child->locked_vm, 0);
    CHECK(!(find_vma(child, page(0))->vm_flags & VM_LOCKED));
    CHECK_EQ(mm->locked_vm, 2);
    mmput(child);
    finish();
}

static void locked_memory_is_filled_when_it_becomes_writable(void)
{
    start();
    struct file *file = test_file(2, O_RDWR);
    CHECK_EQ(do_mmap_pgoff(file, page(0), 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0), page(0));
    fput(file);
    CHECK_EQ(sys_mlock(page(0), 2 * PAGE_SIZE), 0);
    CHECK_EQ(mm->file_rss, 2);
    CHECK_EQ(sys_mprotect(page(0), 2 * PAGE_SIZE, RW), 0);
    CHECK_EQ(mm->file_rss, 0);
    CHECK_EQ(mm->anon_rss, 2);
    CHECK_EQ(sys_mprotect(page(1), PAGE_SIZE, PROT_NONE), 0);
    CHECK_EQ(sys_munlock(page(0), 2 * PAGE_SIZE), 0);
    CHECK_EQ(sys_mlock(page(0), 2 * PAGE_SIZE), -ENOMEM); /* PROT_NONE cannot be filled */
    finish();
}

static void msync_hands_dirty_over(void)
{
    start();
    long a = sys_mmap2(0, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(user_write((unsigned long)a, 1));
    struct page *frame = pfn_to_page(pte_pfn(*walk_to_pte(mm, (unsigned long)a)));
    CHECK(PageDirty(frame));
    cancel_dirty_page(frame);
    CHECK_EQ(sys_msync((unsigned long)a, PAGE_SIZE, MS_SYNC), 0);
    check_tlb();
    CHECK(PageDirty(frame));
    CHECK(!pte_dirty(*walk_to_pte(mm, (unsigned long)a)));
    cancel_dirty_page(frame);
    CHECK(user_write((unsigned long)a, 2)); /* noticed again */
    CHECK(PageDirty(frame));
    finish();
}

static void promises_follow_the_rights(void)
{
    start();
    map_at(0, 4, PROT_READ, ANON);
    CHECK_EQ(vm_committed_space, 0);
    CHECK_EQ(sys_mprotect(page(0), 4 * PAGE_SIZE, RW), 0);
    CHECK_EQ(vm_committed_space, 4);
    CHECK_EQ(sys_mprotect(page(0), PAGE_SIZE, PROT_READ), 0); /* never touched: not promised any more */
    CHECK_EQ(vm_committed_space, 3);
    CHECK(user_write(page(1), 1));
    CHECK_EQ(sys_mprotect(page(1), 3 * PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(vm_committed_space, 3);
    sysctl_overcommit_memory = 2;
    CHECK_EQ(sys_mprotect(page(0), PAGE_SIZE, RW), 0);
    CHECK_EQ(map_at(8, totalram_pages / 2, RW, ANON), -ENOMEM);
    CHECK_EQ(map_at(8, totalram_pages / 4, RW, ANON), page(8));
    sysctl_overcommit_memory = 1;
    CHECK_EQ(map_at(8, 2 * totalram_pages, RW, ANON), page(8));
    finish();
}

static void map_count_has_a_limit(void)
{
    start();
    sysctl_max_map_count = 10;
    for (unsigned n = 0; n < 11; n++)
        CHECK_EQ(map_at(2 * n, 1, RW, ANON), page(2 * n));
    CHECK_EQ(map_at(40, 1, RW, ANON), -ENOMEM);
    finish();
}

static void failed_split_changes_nothing(void)
{
    start();
    map_at(0, 9, RW, ANON);
    for (unsigned n = 1; n <= 2; n++) {
        fail_allocation(n);
        CHECK_EQ(sys_munmap(page(3), 2 * PAGE_SIZE), -ENOMEM);
        fail_allocation(n);
        CHECK_EQ(sys_mprotect(page(3), 2 * PAGE_SIZE, PROT_READ), -ENOMEM);
        fail_allocation(0);
        check_everything();
        expect_map("20000000-20009000 rw-p");
    }
    finish();
}

/* ---- each call with each of its allocations failing ---- */

static long call_mmap(void) { return map_at(20, 3, RW, ANON); }
static long call_mmap_over(void) { return map_at(1, 2, PROT_READ, ANON); }
static long call_mmap_shared(void) { return map_at(20, 3, RW, MAP_SHARED | MAP_ANONYMOUS); }
static long call_mmap_filled(void) { return map_at(20, 3, RW, ANON | MAP_POPULATE); }
static long call_munmap(void) { return sys_munmap(page(1), 2 * PAGE_SIZE); }
static long call_mprotect(void) { return sys_mprotect(page(1), 2 * PAGE_SIZE, PROT_READ); }
static long call_mremap(void) { return sys_mremap(page(1), 2 * PAGE_SIZE, 5 * PAGE_SIZE, MREMAP_MAYMOVE, 0); }
static long call_mremap_fixed(void)
{
    return sys_mremap(page(1), 2 * PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, page(5000));
}
static long call_mlock(void) { return sys_mlock(page(1), 2 * PAGE_SIZE); }
static long call_madvise(void) { return sys_madvise(page(1), 2 * PAGE_SIZE, MADV_DONTFORK); }
static long call_brk(void) { return sys_brk(0x08105000) == 0x08105000 ? 0 : -ENOMEM; }
static long call_stack(void) { return setup_stack_vma(mm, STACK_TOP); }
static long call_mm_alloc(void)
{
    struct mm_struct *other = mm_alloc();

    if (other)
        mmput(other);
    return other ? 0 : -ENOMEM;
}

static const struct {
    const char *name;
    long (*call)(void);
} calls[] = {{"mmap", call_mmap},         {"mmap over", call_mmap_over}, {"mmap shared", call_mmap_shared},
             {"populate", call_mmap_filled}, {"munmap", call_munmap},     {"mprotect", call_mprotect},
             {"mremap", call_mremap},     {"mremap fixed", call_mremap_fixed}, {"mlock", call_mlock},
             {"madvise", call_madvise},   {"brk", call_brk},             {"stack", call_stack},
             {"mm_alloc", call_mm_alloc}};

static void try_with_failures(long (*call)(void), const char *name)
{
    for (unsigned n = 1;; n++) {
        long result;
        bool failed;

        mm = world_enter_mm();
        CHECK_EQ(map_at(0, 4, RW, ANON), page(0));
        for (unsigned i = 0; i < 4; i++)
            CHECK(user_write(page(i), (u8)(i + 1)));
        fail_allocation(n);
        result = call();
        failed = allocation_failed();
        fail_allocation(0);
        CHECKF(failed || !IS_ERR_VALUE((unsigned long)result), "%s: %ld", name, result);
        check_everything();
        if (failed && IS_ERR_VALUE((unsigned long)result)) {
            u8 byte = 0;
            CHECKF(user_read(page(3), &byte) && byte == 4, "%s %u: lost a page", name, n);
        }
        world_leave_mm();
        check_resources(&empty, name);
        if (!failed) {
            CHECKF(n > 1, "%s allocates nothing", name);
            return;
        }
    }
}

static void every_call_survives_every_failure(void)
{
    start();
    world_leave_mm();
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
        try_with_failures(calls[i].call, calls[i].name);
}

int main(void)
{
    tap_run("every call survives every failing allocation", every_call_survives_every_failure);
    tap_run("neighbours merge", neighbours_merge);
    tap_run("different rights do not merge until they are equal", different_rights_do_not_merge);
    tap_run("mprotect splits and joins", mprotect_splits_and_joins);
    tap_run("munmap cuts holes and frees tables", munmap_cuts_holes);
    tap_run("errors of mmap", errors_of_mmap);
    tap_run("errors of file mappings", errors_of_file_mappings);
    tap_run("places are chosen from the top", places_are_chosen_from_the_top);
    tap_run("the whole address space can be filled", everything_can_be_filled);
    tap_run("errors of mprotect", mprotect_errors);
    tap_run("brk grows and shrinks", brk_grows_and_shrinks);
    tap_run("mremap moves pages with their contents", mremap_moves_pages_with_their_contents);
    tap_run("mremap after fork keeps rmap true", mremap_after_fork_and_split);
    tap_run("mremap of length zero shares", mremap_of_length_zero_shares);
    tap_run("MADV_DONTNEED drops, DONTFORK is not inherited", madvise_dontneed_drops);
    tap_run("mlock counts and fills", mlock_counts_and_fills);
    tap_run("mincore and msync", mincore_tells_what_is_there);
    tap_run("locks are not inherited", locks_are_not_inherited);
    tap_run("locked memory is filled when it becomes writable", locked_memory_is_filled_when_it_becomes_writable);
    tap_run("msync hands D over and notices the next write", msync_hands_dirty_over);
    tap_run("promises follow the rights", promises_follow_the_rights);
    tap_run("map_count has a limit", map_count_has_a_limit);
    tap_run("a failed split changes nothing", failed_split_changes_nothing);
    return tap_done();
}
