/* From a page to its entries: A harvested, entries taken away, D and the write right cleared, through forks and splits.
 */
#include "reclaim_world.h"
#include "mm/writeback.h"

static void referenced_counts_the_mappers(void)
{
    start();
    unsigned long a = map(NULL, 1, RW, ANON);
    write_byte(a, 1);
    struct page *page = page_at(a);
    ClearPageReferenced(page);
    struct mm_struct *parent = mm, *child = dup_mm(mm), *grandchild = dup_mm(mm);

    CHECK_EQ(page_mapcount(page), 3);
    CHECK_EQ(page_referenced(page, false), 1); /* the copies start old */
    check_tlb();
    CHECK_EQ(page_referenced(page, false), 0);
    read_byte(a);
    enter(child);
    read_byte(a);
    enter(grandchild);
    hear_all();
    CHECK_EQ(page_referenced(page, false), 2);
    check_tlb();
    CHECK_EQ(told_last(FLT_MM_PAGE_REFERENCED)->referenced.young, 2);
    CHECK_EQ(told_last(FLT_MM_PAGE_REFERENCED)->referenced.mapcount, 3);
    read_byte(a);
    SetPageReferenced(page);
    CHECK_EQ(page_referenced(page, false), 2); /* an entry and the flag */
    CHECK(!PageReferenced(page));
    enter(parent);
    mmput(child);
    mmput(grandchild);
    finish();
}

static void referenced_finds_pages_of_files(void)
{
    start();
    struct file *file = test_file(8, O_RDWR);
    unsigned long a = map(file, 8, RW, MAP_SHARED), b = map(file, 4, PROT_READ, MAP_PRIVATE);
    read_byte(a + 2 * PAGE_SIZE);
    read_byte(b + 2 * PAGE_SIZE);
    read_byte(a + 6 * PAGE_SIZE);
    struct page *page = page_at(a + 2 * PAGE_SIZE), *other = page_at(a + 6 * PAGE_SIZE);
    ClearPageReferenced(page);
    ClearPageReferenced(other);

    CHECK_EQ(page_mapcount(page), 2);
    CHECK_EQ(page_referenced(page, false), 2);
    CHECK_EQ(page_referenced(page, false), 0);
    CHECK(!PageLocked(page));
    CHECK_EQ(page_referenced(other, false), 1);
    /* Somebody works on it: it is in use, and its entries cannot be looked at. */
    read_byte(a + 2 * PAGE_SIZE);
    SetPageLocked(page);
    CHECK_EQ(page_referenced(page, false), 1);
    CHECK(pte_young(entry(a + 2 * PAGE_SIZE)));
    CHECK_EQ(page_referenced(page, true), 1); /* the caller holds the lock */
    CHECK(!pte_young(entry(a + 2 * PAGE_SIZE)));
    ClearPageLocked(page);
    fput(file);
    finish();
}

static void referenced_follows_splits_and_moves(void)
{
    start();
    unsigned long a = map(NULL, 6, RW, ANON);
    for (unsigned i = 0; i < 6; i++)
        write_byte(a + i * PAGE_SIZE, (u8)i);
    struct page *page[6];
    for (unsigned i = 0; i < 6; i++)
        page[i] = page_at(a + i * PAGE_SIZE);

    CHECK_EQ(sys_mprotect(a + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0);
    unsigned long b = map(NULL, 8, PROT_NONE, ANON);
    CHECK_EQ(sys_mremap(a + 4 * PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE, 3, b + PAGE_SIZE), b + PAGE_SIZE);
    for (unsigned i = 0; i < 6; i++) {
        unsigned long at = i < 4 ? a + i * PAGE_SIZE : b + (i - 3) * PAGE_SIZE;
        page_referenced(page[i], false);
        CHECK_EQ(page_referenced(page[i], false), 0);
        CHECK_EQ(read_byte(at), i);
        CHECKF(page_referenced(page[i], false) == 1, "page %u", i);
    }
    check_everything();
    finish();
}

static void locked_memory_is_always_in_use(void)
{
    start();
    unsigned long a = map(NULL, 2, RW, ANON);
    CHECK_EQ(sys_mlock(a, PAGE_SIZE), 0);
    write_byte(a, 1);
    struct page *page = page_at(a);
    for (int i = 0; i < 3; i++)
        CHECK(page_referenced(page, false) >= 1);
    finish();
}

static void unmap_takes_every_entry(void)
{
    start();
    struct file *file = test_file(4, O_RDWR);
    unsigned long a = map(file, 4, RW, MAP_SHARED), b = map(file, 4, PROT_READ, MAP_PRIVATE);
    write_byte(a + PAGE_SIZE, 77);
    read_byte(b + PAGE_SIZE);
    struct mm_struct *parent = mm, *child = dup_mm(mm);
    enter(child);
    read_byte(a + PAGE_SIZE);
    struct page *page = page_at(a + PAGE_SIZE);
    CHECK_EQ(page_mapcount(page), 3);
    get_page(page);
    lock_page(page);
    cancel_dirty_page(page); /* so that only the entry's D knows */
    page_referenced(page, true);
    int count = page_count(page);
    hear_all();

    CHECK_EQ(try_to_unmap(page, false), SWAP_SUCCESS);
    check_tlb();
    CHECK_EQ(page_mapcount(page), 0);
    CHECK_EQ(page_count(page), count - 3);
    CHECK_EQ(told_number(FLT_MM_UNMAP), 3);
    CHECK(PageDirty(page));
    CHECK_EQ(parent->file_rss + child->file_rss, 0);
    CHECK_EQ(global_page_state(NR_FILE_MAPPED), 0);
    unlock_page(page);
    put_page(page);
    check_everything();
    CHECK_EQ(read_byte(a + PAGE_SIZE), 77);
    enter(parent);
    mmput(child);
    fput(file);
    finish();
}

static void unmap_leaves_what_is_in_use(void)
{
    start();
    struct file *file = test_file(2, O_RDWR);
    unsigned long a = map(file, 2, PROT_READ, MAP_SHARED), b = map(file, 2, PROT_READ, MAP_SHARED);
    read_byte(a);
    struct page *page = page_at(a);
    lock_page(page);
    CHECK_EQ(try_to_unmap(page, false), SWAP_AGAIN); /* just used */
    CHECK(pte_young(entry(a)));
    page_referenced(page, true);
    CHECK_EQ(sys_mlock(b, PAGE_SIZE), 0);
    read_byte(b);
    CHECK_EQ(page_mapcount(page), 2);
    CHECK_EQ(try_to_unmap(page, false), SWAP_FAIL);
    check_everything();
    CHECK_EQ(try_to_unmap(page, true), SWAP_SUCCESS); /* whatever the cost */
    CHECK_EQ(page_mapcount(page), 0);
    unlock_page(page);
    check_everything();
    fput(file);
    finish();
}

static void mkclean_makes_the_next_write_seen(void)
{
    start();
    struct file *file = test_file(2, O_RDWR);
    unsigned long a = map(file, 2, RW, MAP_SHARED), c = map(file, 2, RW, MAP_PRIVATE);
    write_byte(a, 1);
    read_byte(c);
    struct mm_struct *parent = mm, *child = dup_mm(mm);
    enter(child);
    write_byte(a, 2);
    struct page *page = page_at(a);
    CHECK_EQ(page_mapcount(page), 3);

    lock_page(page);
    CHECK_EQ(page_mkclean(page), 2); /* the private entry holds nothing to clean */
    check_tlb();
    CHECK(!pte_dirty(entry(a)) && !pte_write(entry(a)));
    CHECK_EQ(page_mkclean(page), 0);
    unlock_page(page);
    cancel_dirty_page(page);
    CHECK_EQ(read_byte(a), 2);
    CHECK(!PageDirty(page));
    write_byte(a, 3);
    CHECK(PageDirty(page) && pte_dirty(entry(a)));
    enter(parent);
    CHECK(!pte_dirty(entry(a)) && !pte_write(entry(a)));
    CHECK_EQ(read_byte(a), 3);
    mmput(child);
    fput(file);
    finish();
}

/* Forks, splits, moves and unmaps at random: each mapped page is found through each of its entries. */
static void walks_find_every_entry(void)
{
    start();
    random_seed(11);
    struct file *file = test_file(16, O_RDWR);
    unsigned long a = map(file, 16, RW, MAP_SHARED), b = map(NULL, 16, RW, ANON);
    struct mm_struct *all[4] = {mm};
    for (int step = 0; step < 400; step++) {
        unsigned long at = (random_u32() % 2 ? a : b) + random_u32() % 16 * PAGE_SIZE;
        struct mm_struct **other = &all[1 + random_u32() % 3];
        switch (random_u32() % 6) {
        case 0:
            if (!*other)
                CHECK(*other = dup_mm(mm));
            break;
        case 1: CHECK_EQ(sys_mprotect(at, PAGE_SIZE, random_u32() % 2 ? RW : PROT_READ), 0); break;
        case 2:
            if (*other && *other != mm) {
                mmput(*other);
                *other = NULL;
            }
            break;
        case 3: enter(all[random_u32() % 4] ?: mm); break;
        default: read_byte(at);
        }
        if (step % 20)
            continue;
        for (unsigned i = 0; i < 32; i++) {
            at = (i < 16 ? a : b) + i % 16 * PAGE_SIZE;
            if (!pte_present(entry(at)) || !vm_normal_page(find_vma(mm, at), entry(at)))
                continue;
            struct page *page = page_at(at);
            hear_all();
            ClearPageReferenced(page);
            page_referenced(page, false);
            CHECKF(told_last(FLT_MM_PAGE_REFERENCED)->referenced.mapcount == (u32)page_mapcount(page), "step %d", step);
        }
        check_everything();
    }
    enter(all[0]);
    for (int i = 1; i < 4; i++)
        if (all[i])
            mmput(all[i]);
    fput(file);
    finish();
}

int main(void)
{
    tap_run("page_referenced counts A over all mappers once", referenced_counts_the_mappers);
    tap_run("page_referenced finds pages of files under their lock", referenced_finds_pages_of_files);
    tap_run("page_referenced follows splits and moves", referenced_follows_splits_and_moves);
    tap_run("locked memory is always in use", locked_memory_is_always_in_use);
    tap_run("try_to_unmap takes every entry and keeps D", unmap_takes_every_entry);
    tap_run("try_to_unmap leaves what was just used or is mlocked", unmap_leaves_what_is_in_use);
    tap_run("page_mkclean makes the next write seen", mkclean_makes_the_next_write_seen);
    tap_run("walks find every entry after random changes", walks_find_every_entry);
    return tap_done();
}
