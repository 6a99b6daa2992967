/* remap_file_pages: which page shows where, and that nobody who takes an entry away forgets it. */
#include "world.h"
#include "mm/swap.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 8u
#define BASE 0x40000000ul

static struct mm_struct *mm;
static struct resources empty;
static struct file *file;

static unsigned long at(unsigned page) { return BASE + page * PAGE_SIZE; }

static void start(void) {
    world_boot(48 * MIB, "highmem=16M");
    empty = resources_now();
    mm = world_enter_mm();
    file = test_file(PAGES, O_RDWR);
    CHECK_EQ(do_mmap_pgoff(file, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED, 0), BASE);
}

static void finish(void) {
    check_everything();
    world_leave_mm();
    fput(file);
    check_resources(&empty, "at the end");
    CHECK_EQ(open_files, 0);
}

static long remap(unsigned page, unsigned count, unsigned long pgoff) {
    return sys_remap_file_pages(at(page), count * PAGE_SIZE, 0, pgoff, 0);
}

/* The page of the file that shows there; byte 0 of page p is p * 7. */
static unsigned shown(unsigned page) {
    u8 value = 0xee;
    CHECKF(user_read(at(page), &value), "signal %d at page %u", last_signal, page);
    return value / 7;
}

static void check_order(const char *order) {
    for (unsigned i = 0; i < PAGES; i++)
        CHECKF(shown(i) == (unsigned)(order[i] - '0'), "place %u shows %u, not %c", i, shown(i), order[i]);
    check_everything();
}

static struct vm_area_struct *vma(void) { return find_vma(mm, BASE); }

static void pages_show_in_the_order_asked_for(void) {
    start();
    check_order("01234567");
    CHECK_EQ(remap(0, 1, 7), 0);
    CHECK_EQ(remap(7, 1, 0), 0);
    CHECK_EQ(remap(2, 3, 0), 0);
    check_order("71012560");
    CHECK(vma()->vm_flags & VM_NONLINEAR);
    CHECK_EQ(mm->map_count, 1);
    CHECK(prio_tree_empty(&file->f_mapping->i_mmap) && mapping_mapped(file->f_mapping));
    finish();
}

static void the_linear_order_keeps_the_mapping_linear(void) {
    start();
    CHECK_EQ(remap(2, 3, 2), 0);
    CHECK(!(vma()->vm_flags & VM_NONLINEAR));
    check_order("01234567");
    finish();
}

static void nonsense_is_refused(void) {
    start();
    CHECK_EQ(remap(0, 0, 0), -EINVAL);
    CHECK_EQ(sys_remap_file_pages(BASE, PAGE_SIZE, PROT_READ, 0, 0), -EINVAL);
    CHECK_EQ(sys_remap_file_pages(BASE, ~0ul, 0, 0, 0), -EINVAL);
    CHECK_EQ(remap(4, 5, 0), -EINVAL);
    CHECK_EQ(remap(0, 1, ~0ul), -EINVAL);
    CHECK_EQ(remap(0, 2, (1ul << PTE_FILE_BITS) - 1), -EINVAL);
    CHECK_EQ(sys_remap_file_pages(0x10000000, PAGE_SIZE, 0, 0, 0), -EINVAL);
    unsigned long own = do_mmap_pgoff(file, 0, PAGE_SIZE, RW, MAP_PRIVATE, 0);
    CHECK_EQ(sys_remap_file_pages(own, PAGE_SIZE, 0, 1, 0), -EINVAL);
    CHECK(!(find_vma(mm, own)->vm_flags & VM_NONLINEAR));
    finish();
}

static void beyond_the_end_is_a_bus_error(void) {
    u8 value;
    start();
    CHECK_EQ(remap(3, 1, PAGES + 5), 0);
    CHECK(!user_read(at(3), &value));
    CHECK_EQ(last_signal, SIGBUS);
    CHECK_EQ(remap(3, 1, 1), 0);
    check_order("01214567");
    finish();
}

static void later_pages_come_by_fault(void) {
    start();
    CHECK_EQ(sys_remap_file_pages(at(0), 2 * PAGE_SIZE, 0, 5, 0x10000), 0);
    CHECK(pte_is_file(*walk_to_pte(mm, at(0))));
    CHECK_EQ(pte_to_pgoff(*walk_to_pte(mm, at(1))), 6);
    CHECK_EQ(mm->file_rss, 0);
    check_order("56234567");
    CHECK_EQ(mm->file_rss, PAGES);
    finish();
}

static void writes_go_to_the_page_that_shows(void) {
    start();
    CHECK_EQ(remap(0, 1, 6), 0);
    CHECK(user_write(at(0) + 9, 0xab));
    u8 value = 0;
    CHECK(user_read(at(6) + 9, &value));
    CHECK_EQ(value, 0xab);
    CHECK_EQ(page_mapcount(find_get_page(file->f_mapping, 6)), 2);
    put_page(radix_tree_lookup(&file->f_mapping->page_tree, 6));
    finish();
}

static void page_numbers_survive_in_entries(void) {
    start();
    for (unsigned bit = 0; bit < PTE_FILE_BITS; bit++) {
        pte_t pte = pgoff_to_pte(1ul << bit);
        CHECK(pte_is_file(pte) && !pte_is_swap(pte) && !pte_present(pte));
        CHECK_EQ(pte_to_pgoff(pte), 1ul << bit);
    }
    CHECK(pte_is_file(pgoff_to_pte(0)));
    finish();
}

static void fork_copies_the_order(void) {
    start();
    CHECK_EQ(remap(0, 4, 4), 0);
    shown(0);
    zap_nonlinear_range(vma(), at(1), at(2), 0, ~0ul);
    struct mm_struct *child = dup_mm(mm), *parent = mm;
    CHECK(child);
    atomic_inc(&child->mm_count);
    activate_mm(parent, child);
    current->mm = current->active_mm = mm = child;
    check_order("45674567");
    CHECK(user_write(at(0), 3 * 7));
    current->mm = NULL;
    mmput(child);
    activate_mm(child, parent);
    current->mm = current->active_mm = mm = parent;
    mmdrop(child);
    check_order("35673567");
    finish();
}

static void parts_keep_their_order(void) {
    start();
    CHECK_EQ(remap(0, 8, 0), 0);
    CHECK_EQ(remap(1, 1, 5), 0);
    CHECK_EQ(remap(6, 1, 2), 0);
    CHECK_EQ(sys_mprotect(at(3), PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(mm->map_count, 3);
    check_order("05234527");
    CHECK_EQ(sys_mprotect(at(3), PAGE_SIZE, RW), 0);
    CHECK_EQ(mm->map_count, 1);
    check_order("05234527");
    CHECK_EQ(sys_munmap(at(3), PAGE_SIZE), 0);
    CHECK_EQ(shown(6), 2);
    CHECK_EQ(shown(1), 5);
    finish();
}

static void moving_takes_the_order_along(void) {
    start();
    CHECK_EQ(remap(0, 2, 6), 0);
    CHECK_EQ(sys_remap_file_pages(at(2), PAGE_SIZE, 0, 7, 0x10000), 0);
    unsigned long moved = (unsigned long)sys_mremap(BASE, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE, 3, 0x50000000);
    CHECK_EQ(moved, 0x50000000);
    u8 value;
    for (unsigned i = 0; i < PAGES; i++) {
        CHECK(user_read(moved + i * PAGE_SIZE, &value));
        CHECK_EQ(value / 7, "67734567"[i] - '0');
    }
    finish();
}

static void dontneed_keeps_the_order(void) {
    start();
    CHECK_EQ(remap(0, 8, 0), 0);
    CHECK_EQ(remap(0, 1, 3), 0);
    check_order("31234567");
    CHECK_EQ(sys_madvise(BASE, PAGES * PAGE_SIZE, 4), 0);
    CHECK_EQ(mm->file_rss, 0);
    check_order("31234567");
    finish();
}

static void truncation_takes_the_pages_wherever_they_show(void) {
    u8 value;
    start();
    CHECK_EQ(remap(0, 1, 6), 0);
    CHECK_EQ(remap(6, 1, 1), 0);
    check_order("61234517");
    file->f_inode->i_size = 6 * PAGE_SIZE;
    truncate_inode_pages(file->f_mapping, 6 * PAGE_SIZE);
    check_everything();
    CHECK(!user_read(at(0), &value) && last_signal == SIGBUS);
    CHECK(!user_read(at(7), &value) && last_signal == SIGBUS);
    CHECK_EQ(shown(6), 1);
    CHECK_EQ(shown(5), 5);
    finish();
}

/* As reclaim would. */
static void unmap(unsigned index) {
    struct page *page = find_get_page(file->f_mapping, index);
    lock_page(page);
    CHECK_EQ(try_to_unmap(page, true), SWAP_SUCCESS);
    CHECK_EQ(page_mapcount(page), 0);
    unlock_page(page);
    put_page(page);
    check_everything();
}

static void reclaim_finds_every_entry(void) {
    start();
    unsigned long other = do_mmap_pgoff(file, 0, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0); /* linear */
    u8 value;
    CHECK_EQ(remap(0, 1, 4), 0);
    CHECK_EQ(remap(7, 1, 4), 0);
    check_order("41234564");
    CHECK(user_read(other + 4 * PAGE_SIZE, &value));
    struct page *page = find_get_page(file->f_mapping, 4);
    CHECK_EQ(page_mapcount(page), 4);
    ClearPageReferenced(page);
    CHECK_EQ(page_referenced(page, false), 4);
    CHECK_EQ(page_referenced(page, false), 0);
    check_tlb();
    put_page(page);
    unmap(4);
    CHECK_EQ(pte_to_pgoff(*walk_to_pte(mm, at(0))), 4);
    CHECK(pte_none(*walk_to_pte(mm, at(4)))); /* the formula's place needs no number */
    check_order("41234564");
    finish();
}

static void failures_leave_the_order_as_it_was(void) {
    start();
    struct resources before = resources_now();
    fail_allocation(1); /* the table */
    CHECK_EQ(remap(0, 1, 5), -ENOMEM);
    fail_allocation(0);
    check_resources(&before, "no table");
    check_order("01234567");
    finish();
}

static void random_order_against_a_model(void) {
    char order[PAGES + 1] = "01234567";
    start();
    random_seed(5);
    for (int step = 0; step < 1500; step++) {
        unsigned page = random_u32() % PAGES, count = 1 + random_u32() % (PAGES - page), pgoff;
        switch (random_u32() % 4) {
        case 0:
            pgoff = random_u32() % (PAGES - count + 1);
            CHECK_EQ(sys_remap_file_pages(at(page), count * PAGE_SIZE, 0, pgoff, random_u32() % 2 * 0x10000), 0);
            for (unsigned i = 0; i < count; i++)
                order[page + i] = (char)('0' + pgoff + i);
            break;
        case 1: CHECK_EQ(sys_madvise(at(page), count * PAGE_SIZE, 4), 0); break;
        case 2:
            if (radix_tree_lookup(&file->f_mapping->page_tree, page))
                unmap(page);
            break;
        default: CHECK_EQ(shown(page), order[page] - '0');
        }
        if (step % 40 == 0)
            check_order(order);
    }
    check_order(order);
    finish();
}

int main(void) {
    tap_run("pages show in the order asked for", pages_show_in_the_order_asked_for);
    tap_run("the linear order keeps the mapping linear", the_linear_order_keeps_the_mapping_linear);
    tap_run("nonsense is refused", nonsense_is_refused);
    tap_run("beyond the end is a bus error", beyond_the_end_is_a_bus_error);
    tap_run("with MAP_NONBLOCK pages come by fault", later_pages_come_by_fault);
    tap_run("writes go to the page that shows", writes_go_to_the_page_that_shows);
    tap_run("page numbers survive in entries", page_numbers_survive_in_entries);
    tap_run("fork copies the order", fork_copies_the_order);
    tap_run("parts keep their order", parts_keep_their_order);
    tap_run("moving takes the order along", moving_takes_the_order_along);
    tap_run("MADV_DONTNEED keeps the order", dontneed_keeps_the_order);
    tap_run("truncation takes the pages wherever they show", truncation_takes_the_pages_wherever_they_show);
    tap_run("reclaim finds every entry", reclaim_finds_every_entry);
    tap_run("failures leave the order as it was", failures_leave_the_order_as_it_was);
    tap_run("random order against a model", random_order_against_a_model);
    return tap_done();
}
