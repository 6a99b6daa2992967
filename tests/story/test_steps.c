/* What a student reads: the sentences of each branch and outcome, word by word. */
#include "tests/story/script.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct script script;

static void set_up(void) { script_open(&script, NULL); }
static void tear_down(void) { script_close(&script); }

TestSuite(steps, .init = set_up, .fini = tear_down);

/* The closed record's steps are exactly these lines; the accented one starts with '*'. */
static void expect_fault(const struct story_fault *fault, const char *const *lines) {
    char text[256];
    bool accent;
    unsigned i = 0;
    for (; lines[i]; i++) {
        bool marked = lines[i][0] == '*';
        cr_assert(story_fault_step(fault, i, text, sizeof text, &accent), "step %u is missing: %s", i + 1, lines[i]);
        cr_assert_str_eq(text, lines[i] + marked);
        cr_assert_eq(accent, marked, "accent of step %u", i + 1);
    }
    cr_assert_not(story_fault_step(fault, i, text, sizeof text, &accent), "one step too many: %s", text);
    cr_assert_str_eq(text, "");
    cr_assert_not(accent);
}

#define EXPECT(...) expect_fault(story_last(script.story), (const char *const[]){__VA_ARGS__, NULL})

static void write_to_nothing(void) { script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0); }
static void anonymous_vma(void) { script_vma(&script, 0x40000000, 0x40020000, SCRIPT_RW, 0, 0, ""); }
static void file_vma(uint32_t flags) { script_vma(&script, 0x40010000, 0x40020000, flags, 12, 0, "/lib/data"); }
static void end_ok(void) { script_end(&script, FLT_OUTCOME_RETRY, 0, 0); }

Test(steps, copy_on_write) {
    uint32_t cow[] = {0x1a73, 2, 0x2c11}, lru[] = {0x2c11, 1};
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73025);
    anonymous_vma();
    script_branch(&script, FLT_BRANCH_COW_COPY);
    script_alloc(&script, 0x2c11, 1, 1, true, 9143);
    script_event(&script, FLT_FAULT_COW, cow, 3);
    script_event(&script, FLT_MM_LRU_ADD, lru, 2);
    script_pte(&script, 0x01a73025, 0x02c11067);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, the entry may not",
           "do_wp_page: frame 01a73 is shared by 2 tables (mapcount 2), so copy",
           "new frame 02c11 from NORMAL, per-CPU list, 9 143 free > low 120",
           "rmap/LRU: frame 01a73 keeps 1 mapping; frame 02c11 is added to the active list",
           "*PTE 01a7 3025 -> 02c1 1067", "the instruction runs again and succeeds");
}

Test(steps, copy_of_the_zero_page) {
    uint32_t cow[] = {0x123, 0, 0x2c11};
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x00123025);
    anonymous_vma();
    script_branch(&script, FLT_BRANCH_COW_COPY);
    script_event(&script, FLT_FAULT_COW, cow, 3);
    script_pte(&script, 0x00123025, 0x02c11067);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, the entry may not",
           "do_wp_page: frame 00123 is the shared zero page, so the write gets a frame of its own",
           "*PTE 0012 3025 -> 02c1 1067", "the instruction runs again and succeeds");
}

Test(steps, copy_of_a_page_that_the_cache_holds_too) {
    uint32_t cow[] = {0x1a73, 1, 0x2c11};
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73025);
    file_vma(SCRIPT_RW);
    script_branch(&script, FLT_BRANCH_COW_COPY);
    script_event(&script, FLT_FAULT_COW, cow, 3);
    end_ok();
    EXPECT("VMA 40010000-40020000 rw-p /lib/data: the program may write, the entry may not",
           "do_wp_page: frame 01a73 is in 1 table (mapcount 1) but not the program's alone, so copy",
           "rmap: frame 01a73 keeps 0 mappings", "*the instruction runs again");
}

Test(steps, reuse_by_the_sole_owner) {
    uint32_t cow[] = {0x1a73, 1, 0x1a73};
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73025);
    anonymous_vma();
    script_branch(&script, FLT_BRANCH_COW_REUSE);
    script_event(&script, FLT_FAULT_COW, cow, 3);
    script_pte(&script, 0x01a73025, 0x01a73067);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, the entry may not",
           "do_wp_page: frame 01a73 has one owner left (mapcount 1), so reuse it without a copy",
           "*PTE 01a7 3025 -> 01a7 3067", "the instruction runs again and succeeds");
}

Test(steps, write_to_a_shared_mapping) {
    uint32_t cow[] = {0x1a73, 3, 0x1a73};
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73025);
    file_vma(SCRIPT_RW | 8);
    script_branch(&script, FLT_BRANCH_COW_REUSE);
    script_event(&script, FLT_FAULT_COW, cow, 3);
    end_ok();
    EXPECT("VMA 40010000-40020000 rw-s /lib/data: the program may write, the entry may not",
           "do_wp_page: frame 01a73 belongs to a shared mapping, so the write goes to it",
           "*the instruction runs again");
}

Test(steps, zero_page_on_a_read) {
    script_begin(&script, SCRIPT_LINEAR, MMU_READ, MMU_RULE_NOT_PRESENT, 0);
    anonymous_vma();
    script_branch(&script, FLT_BRANCH_ANON_ZERO);
    script_pte(&script, 0, 0x00123025);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may read, but no page is mapped yet",
           "do_anonymous_page: memory never written, only read, so the shared zero page serves",
           "*PTE 0000 0000 -> 0012 3025", "the instruction runs again and succeeds");
}

Test(steps, first_write_with_a_new_page_table) {
    write_to_nothing();
    anonymous_vma();
    script_alloc(&script, 0x3f2e, 1, 1, false, 121);
    script_branch(&script, FLT_BRANCH_ANON);
    script_alloc(&script, 0x2c11, 0, 1, true, 120);
    script_alloc(&script, 0x2c12, 0, 0, true, 60);
    script_pte(&script, 0, 0x02c11067);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, but no page is mapped yet",
           "do_anonymous_page: first write to this page, so a new frame of zeroes",
           "new frame 03f2e for the page table itself from NORMAL, buddy lists, 121 free > low 120",
           "new frame 02c11 from DMA because NORMAL had none to give, per-CPU list, 120 free, at or below low 120",
           "new frame 02c12 for the kernel's own use from DMA, per-CPU list, 60 free, at or below min 60",
           "*PTE 0000 0000 -> 02c1 1067", "the instruction runs again and succeeds");
}

Test(steps, batches_of_the_lru) {
    uint32_t others[] = {0x111, 1}, ours[] = {0x2c11, 0};
    write_to_nothing();
    anonymous_vma();
    script_branch(&script, FLT_BRANCH_ANON);
    script_event(&script, FLT_MM_LRU_ADD, others, 2);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, but no page is mapped yet",
           "do_anonymous_page: first write to this page, so a new frame of zeroes",
           "LRU: 1 frame that waited in a full batch is put on the lists", "*the instruction runs again");
    write_to_nothing();
    script_branch(&script, FLT_BRANCH_ANON);
    script_alloc(&script, 0x2c11, 1, 1, true, 9143);
    script_event(&script, FLT_MM_LRU_ADD, others, 2);
    script_event(&script, FLT_MM_LRU_ADD, others, 2);
    script_event(&script, FLT_MM_LRU_ADD, ours, 2);
    end_ok();
    EXPECT("do_anonymous_page: first write to this page, so a new frame of zeroes",
           "new frame 02c11 from NORMAL, per-CPU list, 9 143 free > low 120",
           "LRU: frame 02c11 is added to the inactive list, with 2 that waited in the same batch",
           "*the instruction runs again");
}

Test(steps, stack_growth) {
    script_begin(&script, 0xbfff7ffc, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_vma(&script, 0xbfff7000, 0xc0000000, SCRIPT_RW | 0x100, 0, 0xbfff9000, "[stack]");
    script_branch(&script, FLT_BRANCH_ANON);
    end_ok();
    EXPECT("VMA bfff7000-c0000000 rw-p stack: the program may write, but no page is mapped yet",
           "expand_stack: the stack grows down from bfff9000 to bfff7000, by 2 pages",
           "do_anonymous_page: first write to this page, so a new frame of zeroes", "*the instruction runs again");
}

Test(steps, file_page_in_the_cache) {
    script_begin(&script, SCRIPT_LINEAR, MMU_READ, MMU_RULE_NOT_PRESENT, 0);
    file_vma(1);
    script_branch(&script, FLT_BRANCH_FILE_MINOR);
    script_pte(&script, 0, 0x00777025);
    end_ok();
    EXPECT("VMA 40010000-40020000 r--p /lib/data: the program may read, but no page is mapped yet",
           "filemap_fault: page 2 of /lib/data is in the page cache, so no I/O", "*PTE 0000 0000 -> 0077 7025",
           "the instruction runs again and succeeds");
}

Test(steps, new_page_of_a_memory_file) {
    uint32_t added[] = {0x11f0, 2, 2};
    write_to_nothing();
    file_vma(SCRIPT_RW | 8);
    script_alloc(&script, 0x11f0, 1, 1, true, 9143);
    script_event(&script, FLT_MM_FILEMAP_ADD, added, 3);
    script_branch(&script, FLT_BRANCH_FILE_MINOR);
    script_pte(&script, 0, 0x011f0067);
    end_ok();
    EXPECT("VMA 40010000-40020000 rw-s /lib/data: the program may write, but no page is mapped yet",
           "filemap_fault: page 2 of /lib/data never had contents, so a new page of zeroes, without I/O",
           "new frame 011f0 from NORMAL, per-CPU list, 9 143 free > low 120",
           "page cache: frame 011f0 becomes page 2 of inode 2", "*PTE 0000 0000 -> 011f 0067",
           "the instruction runs again and succeeds");
}

Test(steps, file_page_that_must_be_read) {
    uint32_t added[] = {0x777, 12, 2};
    script_begin(&script, SCRIPT_LINEAR, MMU_FETCH, MMU_RULE_NOT_PRESENT, 0);
    script_vma(&script, 0x40010000, 0x40020000, 5, 12, 0, "");
    script_event(&script, FLT_MM_FILEMAP_ADD, added, 3);
    script_switch(&script, 7, 3);
    script_switch(&script, 3, 7);
    script_branch(&script, FLT_BRANCH_FILE_MAJOR);
    end_ok();
    EXPECT("VMA 40010000-40020000 r-xp file: the program may run code, but no page is mapped yet",
           "filemap_fault: page 2 of inode 12 is not in the page cache, so read it",
           "page cache: frame 00777 becomes page 2 of inode 12", "the task was off the CPU 1 time, 0.000040 ms in all",
           "*the instruction runs again");
}

Test(steps, private_write_to_a_file_page) {
    uint32_t cow[] = {0x777, 1, 0x2c11};
    write_to_nothing();
    file_vma(SCRIPT_RW);
    script_branch(&script, FLT_BRANCH_FILE_COW);
    script_event(&script, FLT_FAULT_COW, cow, 3);
    script_pte(&script, 0, 0x02c11067);
    end_ok();
    EXPECT(
        "VMA 40010000-40020000 rw-p /lib/data: the program may write, but no page is mapped yet",
        "do_linear_fault: private write, so page 2 of /lib/data is copied from frame 00777 and the file stays as it is",
        "*PTE 0000 0000 -> 02c1 1067", "the instruction runs again and succeeds");
}

/* The page of the file is told, whatever else enters the page cache before and after it. */
Test(steps, a_major_fault_with_a_block_of_the_file_system_and_neighbours) {
    uint32_t block[] = {0x600, 1, 89}, added[] = {0x777, 12, 2}, next[] = {0x778, 12, 3};
    write_to_nothing();
    file_vma(SCRIPT_RW);
    script_branch(&script, FLT_BRANCH_FILE_MAJOR);
    script_event(&script, FLT_MM_FILEMAP_ADD, block, 3);
    script_alloc(&script, 0x777, 1, 1, true, 9143);
    script_event(&script, FLT_MM_FILEMAP_ADD, added, 3);
    script_alloc(&script, 0x778, 1, 1, true, 9142);
    script_event(&script, FLT_MM_FILEMAP_ADD, next, 3);
    script_event(&script, FLT_MM_FILEMAP_ADD, block, 3);
    script_switch(&script, 7, 3);
    script_switch(&script, 3, 7);
    script_pte(&script, 0, 0x00777025);
    end_ok();
    EXPECT("VMA 40010000-40020000 rw-p /lib/data: the program may write, but no page is mapped yet",
           "filemap_fault: page 2 of /lib/data is not in the page cache, so read it",
           "new frame 00777 from NORMAL, per-CPU list, 9 143 free > low 120",
           "1 more frame for neighbours, read along with it: 00778",
           "page cache: frame 00777 becomes page 2 of inode 12", "the task was off the CPU 1 time, 0.000040 ms in all",
           "*PTE 0000 0000 -> 0077 7025", "the instruction runs again");
    cr_expect(story_is_major(story_last(script.story)));
}

static void read_of_slot(uint32_t entry) {
    script_begin(&script, SCRIPT_LINEAR, MMU_READ, MMU_RULE_NOT_PRESENT, entry);
    anonymous_vma();
    script_branch(&script, FLT_BRANCH_SWAP_IN);
}

Test(steps, swap_in_from_the_disk) {
    uint32_t area, slot;
    read_of_slot(0x0004a002);
    script_alloc(&script, 0x2c11, 1, 1, true, 100);
    script_alloc(&script, 0x2c12, 1, 1, true, 99);
    script_alloc(&script, 0x2c13, 1, 1, true, 98);
    script_switch(&script, 7, 3);
    script_switch(&script, 3, 7);
    script_pte(&script, 0x0004a002, 0x02c12025);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may read, but the page is swapped out",
           "do_swap_page: the entry names slot 1184 of swap area 1, so read it from there",
           "new frame 02c12 from NORMAL, per-CPU list, 99 free, at or below low 120",
           "2 more frames for neighbours, read along with it: 02c11 02c13",
           "the task was off the CPU 1 time, 0.000040 ms in all", "*PTE 0004 a002 -> 02c1 2025",
           "the instruction runs again and succeeds");
    cr_expect(story_is_major(story_last(script.story)));
    cr_expect(story_swap_entry(story_last(script.story), &area, &slot) && area == 1 && slot == 1184);
    char text[2048];
    story_fault_text(story_last(script.story), text, sizeof text);
    cr_expect_not_null(strstr(text, "refused: not present   swap entry: area 1, slot 1184\n"), "%s", text);
}

Test(steps, swap_in_from_the_swap_cache) {
    read_of_slot(0x0004a000);
    script_pte(&script, 0x0004a000, 0x02c12025);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may read, but the page is swapped out",
           "do_swap_page: the entry names slot 1184 of swap area 0, and the swap cache has its frame already",
           "*PTE 0004 a000 -> 02c1 2025", "the instruction runs again and succeeds");
    cr_expect_not(story_is_major(story_last(script.story)));
}

Test(steps, swap_in_of_which_little_is_told) {
    uint32_t area, slot;
    write_to_nothing();
    script_branch(&script, FLT_BRANCH_SWAP_IN);
    end_ok();
    EXPECT("do_swap_page: the entry names a slot in swap, so bring the page back", "*the instruction runs again");
    cr_expect_not(story_swap_entry(story_last(script.story), &area, &slot), "an empty entry names no slot");
}

static void first_write(void) {
    write_to_nothing();
    anonymous_vma();
    script_branch(&script, FLT_BRANCH_ANON);
}

static void reclaim_for_itself(uint32_t pages) {
    uint32_t begin[] = {0, 0x80d2, 12, 0}, end[] = {0, 0x80d2, 6, pages};
    script_event(&script, FLT_MM_VMSCAN_DIRECT_BEGIN, begin, 4);
    script_event(&script, FLT_MM_VMSCAN_DIRECT_END, end, 4);
}

static void kill_for_memory(uint32_t pid) {
    uint32_t kill[] = {pid, 206, 3309, 0, 0x80d2, 0, 0, 0, 0};
    script_event(&script, FLT_MM_OOM_KILL, kill, 9);
}

Test(steps, direct_reclaim) {
    first_write();
    reclaim_for_itself(118);
    script_alloc(&script, 0x2c11, 1, 1, true, 90);
    script_pte(&script, 0, 0x02c11067);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, but no page is mapped yet",
           "do_anonymous_page: first write to this page, so a new frame of zeroes",
           "memory is short, so the task reclaims for itself, and frees 118 pages",
           "new frame 02c11 from NORMAL, per-CPU list, 90 free, at or below low 120", "*PTE 0000 0000 -> 02c1 1067",
           "the instruction runs again and succeeds");
    first_write();
    reclaim_for_itself(1);
    reclaim_for_itself(0);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, but no page is mapped yet",
           "do_anonymous_page: first write to this page, so a new frame of zeroes",
           "memory is short, so the task reclaims for itself, 2 times, and frees 1 page",
           "*the instruction runs again");
}

Test(steps, the_one_that_asked_is_killed) {
    first_write();
    reclaim_for_itself(0);
    kill_for_memory(7);
    script_alloc(&script, 0x2c11, 1, 1, true, 30);
    script_pte(&script, 0, 0x02c11067);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, but no page is mapped yet",
           "do_anonymous_page: first write to this page, so a new frame of zeroes",
           "memory is short, so the task reclaims for itself, and finds nothing to free",
           "out_of_memory: nothing else is left, so process 7 is to be killed, the one that asked",
           "new frame 02c11 from NORMAL, per-CPU list, 30 free, at or below min 60", "*PTE 0000 0000 -> 02c1 1067",
           "SIGKILL waits for the task: the instruction never runs again");
}

Test(steps, another_is_killed) {
    first_write();
    reclaim_for_itself(0);
    kill_for_memory(9);
    script_pte(&script, 0, 0x02c11067);
    end_ok();
    EXPECT("VMA 40000000-40020000 rw-p anonymous: the program may write, but no page is mapped yet",
           "do_anonymous_page: first write to this page, so a new frame of zeroes",
           "memory is short, so the task reclaims for itself, and finds nothing to free",
           "out_of_memory: nothing else is left, so process 9 is to be killed", "*PTE 0000 0000 -> 02c1 1067",
           "the instruction runs again and succeeds");
}

/* Other kinds of faults at an entry that is not present and not empty: the bits are not a slot. */
Test(steps, an_entry_is_a_swap_entry_only_where_the_kernel_says_so) {
    uint32_t area, slot;
    script_begin(&script, SCRIPT_LINEAR, MMU_READ, MMU_RULE_NOT_PRESENT, 0x0004a002);
    script_branch(&script, FLT_BRANCH_FILE_MINOR);
    end_ok();
    cr_expect_not(story_swap_entry(story_last(script.story), &area, &slot));
}

Test(steps, spurious) {
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73067);
    script_branch(&script, FLT_BRANCH_SPURIOUS);
    script_pte(&script, 0x01a73067, 0x01a73067);
    end_ok();
    EXPECT("the entry allows this access already, so nothing is left to do", "*PTE 01a7 3067 stays as it is",
           "the instruction runs again and succeeds");
}

Test(steps, nothing_is_mapped) {
    write_to_nothing();
    script_vma(&script, 0, 0, 0, 0, 0, "");
    script_branch(&script, FLT_BRANCH_SEGV);
    script_end(&script, FLT_OUTCOME_SIGNAL, 11, 1);
    EXPECT("no VMA holds 4001 2008", "bad_area: nothing is mapped at this address",
           "*SIGSEGV (SEGV_MAPERR) goes to task 7 for address 4001 2008");
}

Test(steps, the_mapping_forbids_it) {
    script_begin(&script, SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_READ_ONLY, 0x01a73025);
    file_vma(1);
    script_branch(&script, FLT_BRANCH_SEGV);
    script_end(&script, FLT_OUTCOME_SIGNAL, 11, 2);
    EXPECT("VMA 40010000-40020000 r--p /lib/data: the program may not write here",
           "bad_area: the mapping's rights r--p do not let the program write",
           "*SIGSEGV (SEGV_ACCERR) goes to task 7 for address 4001 2008");
}

Test(steps, beyond_the_end_of_the_file) {
    write_to_nothing();
    file_vma(SCRIPT_RW);
    script_branch(&script, FLT_BRANCH_SIGBUS);
    script_end(&script, FLT_OUTCOME_SIGNAL, 7, 2);
    EXPECT("VMA 40010000-40020000 rw-p /lib/data: the program may write, but no page is mapped yet",
           "filemap_fault: the mapping goes on here, but the file has ended",
           "*SIGBUS (BUS_ADRERR) goes to task 7 for address 4001 2008");
}

Test(steps, out_of_memory) {
    write_to_nothing();
    script_branch(&script, FLT_BRANCH_OOM);
    script_alloc(&script, 0xffffffff, 0, 1, false, 3);
    script_end(&script, FLT_OUTCOME_KILLED, 9, 0);
    EXPECT("no frame could be had, even after reclaim: out of memory",
           "no frame of order 0 to be had from NORMAL or below it, 3 free, at or below min 60",
           "*task 7 is killed and never returns here");
}

/* The kernel's own accesses. */
static void kernel_write(uint32_t address) {
    struct cpu_page_fault fault = script_fault(address, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    fault.cpl = 0;
    fault.walk.access.user = false;
    script_hardware(&script, &fault);
    script_fault_begin(&script, address);
}

Test(steps, exception_table) {
    kernel_write(0x1000);
    script_vma(&script, 0, 0, 0, 0, 0, "");
    script_branch(&script, FLT_BRANCH_FIXUP);
    script_end(&script, FLT_OUTCOME_FIXUP, 0, 0);
    EXPECT("no VMA holds 0000 1000",
           "the kernel touched a bad user address for a system call: its exception table knows the way out",
           "*the kernel goes on at its exception table's address; the system call fails or comes up short");
}

Test(steps, the_kernel_on_a_programs_behalf) {
    kernel_write(SCRIPT_LINEAR);
    file_vma(1);
    script_branch(&script, FLT_BRANCH_FIXUP);
    script_end(&script, FLT_OUTCOME_FIXUP, 0, 0);
    char text[256];
    cr_assert(story_fault_step(story_last(script.story), 0, text, sizeof text, NULL));
    cr_assert_str_eq(text, "VMA 40010000-40020000 r--p /lib/data: even the kernel may not write here");
}

Test(steps, vmalloc_area) {
    kernel_write(0xe0801000);
    script_branch(&script, FLT_BRANCH_VMALLOC_SYNC);
    end_ok();
    EXPECT("vmalloc area: the entry exists in the kernel's own tables, so copy it into this task's",
           "*the instruction runs again");
}

Test(steps, oops) {
    kernel_write(0xe0801000);
    script_branch(&script, FLT_BRANCH_OOPS);
    script_end(&script, FLT_OUTCOME_OOPS, 0, 0);
    EXPECT("the kernel itself touched a bad address and no exception table entry helps",
           "*the kernel prints an oops: this is a bug in the kernel");
}

Test(steps, a_kernel_that_sends_no_events) {
    struct cpu_page_fault fault = script_fault(SCRIPT_LINEAR, MMU_WRITE, MMU_RULE_NOT_PRESENT, 0);
    script_hardware(&script, &fault);
    expect_fault(story_fault_by_number(script.story, 1),
                 (const char *const[]){"*the kernel is still at work on it", NULL});
    story_finish(script.story, 5000);
    EXPECT("*the kernel sent no events about this fault: what it did is not known");
}

Test(steps, a_story_that_breaks_off) {
    write_to_nothing();
    script_branch(&script, FLT_BRANCH_ANON);
    story_finish(script.story, 5000);
    EXPECT("do_anonymous_page: first write to this page, so a new frame of zeroes",
           "*the kernel never said how it ended");
}

Test(steps, numbers_of_a_later_version) {
    write_to_nothing();
    script_branch(&script, 99);
    script_end(&script, 77, 0, 0);
    EXPECT("branch 99, which this version does not know", "*outcome 77, which this version does not know");
}

Test(steps, more_allocations_than_a_record_holds) {
    char text[256];
    unsigned count = 0;
    write_to_nothing();
    for (unsigned i = 0; i < STORY_MAX_FRAMES + 3; i++)
        script_alloc(&script, 0x100 + i, 1, 1, true, 9143);
    end_ok();
    while (story_fault_step(story_last(script.story), count, text, sizeof text, NULL))
        count++;
    cr_assert_eq(count, STORY_MAX_FRAMES + 2u);
    story_fault_step(story_last(script.story), STORY_MAX_FRAMES, text, sizeof text, NULL);
    cr_assert_str_eq(text, "and 3 more allocations");
}

Test(steps, a_step_that_is_too_long_is_cut) {
    char text[16];
    write_to_nothing();
    anonymous_vma();
    end_ok();
    cr_assert(story_fault_step(story_last(script.story), 0, text, sizeof text, NULL));
    cr_assert_str_eq(text, "VMA 40000000-40");
}
