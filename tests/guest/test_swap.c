/*
 * Swap: pages go out through reclaim's own code to a disk whose transfers end when the task sleeps, and come back by
 * every way there is. All checkers look after each step.
 */
#include "world.h"
#include "block/request.h"
#include "fs/vfs.h"
#include "mm/mm_inline.h"
#include "mm/swapfile.h"
#include "mm/vmscan.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SLOTS 256u

void *calloc(unsigned long n, unsigned long size);
void free(void *p);

/* swapon.c is here for the header; what it calls of the file system is not reached. */
char *getname(const char __user *path) { panic("getname %p", path); }
void putname(char *name) { (void)name; }
struct file *filp_open(const char *path, u32 flags, umode_t mode) {
    panic("filp_open %s %x %x", path, flags, mode);
}
int user_path_at(int dfd, const char __user *path, u32 flags, struct dentry **dentry) {
    (void)dentry;
    panic("user_path_at %d %p %x", dfd, path, flags);
}
int scnprintf(char *buf, size_t size, const char *format, ...) {
    (void)buf, (void)size;
    panic("scnprintf %s", format);
}
void dput(struct dentry *dentry) { (void)dentry; }
char *d_path(struct dentry *dentry, char *buf, int size) {
    (void)dentry, (void)size;
    return buf;
}

int bd_claim(struct block_device *bdev, void *holder, bool write) { panic("bd_claim %p %p %d", bdev, holder, write); }
void bd_release(struct block_device *bdev) { (void)bdev; }

/* ---- the disk: it takes requests at once, and ends them in any order when the task sleeps ---- */

static u8 *disk_bytes;
static struct block_device disk = {.bd_name = "fake"};
static struct request *waiting[2 * BLKDEV_MAX_RQ];
static unsigned waiting_count, disk_reads, disk_writes;
static bool fail_writes;
static u64 bad_sector = ~0ull; /* this one cannot be read */

static void disk_take(struct request_queue *q) {
    struct request *rq;

    while ((rq = blk_peek_request(q)) != NULL) {
        blk_start_request(rq);
        waiting[waiting_count++] = rq;
    }
}

static int transfer(const struct bio *bio) {
    u8 *there = disk_bytes + bio->bi_sector * 512, *here = page_address(bio->bi_io_vec[0].bv_page);

    CHECK(bio->bi_vcnt == 1 && bio->bi_size == PAGE_SIZE && bio->bi_bdev == &disk);
    *(bio->bi_rw == READ ? &disk_reads : &disk_writes) += 1;
    if (bio->bi_rw == READ ? bio->bi_sector == bad_sector : fail_writes)
        return -EIO;
    memcpy(bio->bi_rw == READ ? here : there, bio->bi_rw == READ ? there : here, PAGE_SIZE);
    return 0;
}

static void disk_end_one(void) {
    unsigned i = random_u32() % waiting_count;
    struct request *rq = waiting[i];
    int error = 0;

    waiting[i] = waiting[--waiting_count];
    for (struct bio *bio = rq->bio; bio; bio = bio->bi_next)
        error |= transfer(bio);
    end_request(rq, error);
}

static void disk_end_all(void) {
    blk_run_queue(&disk);
    while (waiting_count)
        disk_end_one();
}

static void sleep_on_disk(void) {
    blk_run_queue(&disk);
    CHECKF(waiting_count, "sleeps for ever");
    disk_end_one();
}

/* ---- an area ---- */

static struct resources empty;
static struct mm_struct *mm;

static struct swap_info_struct *add_area(u32 slots, int prio, u32 bad) {
    struct swap_info_struct *area = swap_new_area();
    static u32 sector;
    u16 *map = calloc(slots, sizeof(*map));

    CHECK(area);
    map[0] = SWAP_MAP_BAD;
    if (bad)
        map[bad] = SWAP_MAP_BAD;
    swap_area_init(area, map, slots);
    area->bdev = &disk;
    area->extents = calloc(2, sizeof(*area->extents));
    area->nr_extents = 2;
    area->extents[0] = (struct swap_extent){0, slots / 2, sector + 800};
    area->extents[1] = (struct swap_extent){slots / 2, slots - slots / 2, sector};
    CHECK(slots / 2 * 8 <= 2000 && (slots - slots / 2) * 8 <= 800 + 400);
    sector += 4000;
    swap_area_on(area, prio);
    return area;
}

static struct swap_info_struct *big_area(u32 slots) {
    struct swap_info_struct *area = add_area(100, 0, 0);

    swap_area_off(area);
    area->swap_map = calloc(slots, sizeof(u16));
    area->swap_map[0] = SWAP_MAP_BAD;
    area->nr_extents = 1;
    area->extents[0] = (struct swap_extent){0, slots, 64000};
    swap_area_init(area, area->swap_map, slots);
    swap_area_on(area, 0);
    return area;
}

static void boot(void) {
    world_boot(24 * MIB, "highmem=4M");
    shmem_cache_init();
    bio_init();
    disk.bd_sectors = 128000;
    disk.bd_queue = blk_init_queue(disk_take, NULL);
    disk.bd_queue->bdev = &disk;
    if (!disk_bytes)
        disk_bytes = calloc((unsigned long)disk.bd_sectors, 512);
    while_sleeping = sleep_on_disk;
    random_seed(1);
    empty = resources_now();
}

static void start(void) {
    boot();
    big_area(SLOTS);
    mm = world_enter_mm();
}

/* ---- steps ---- */

static unsigned long map(unsigned long pages) {
    unsigned long got = do_mmap_pgoff(NULL, 0, pages << PAGE_SHIFT, RW, ANON, 0);

    CHECK(!IS_ERR_VALUE(got));
    return got;
}

static pte_t *entry(unsigned long address) { return walk_to_pte(current->mm, address); }
static bool is_out(unsigned long address) { return entry(address) && pte_is_swap(*entry(address)); }

static void put(unsigned long address, u8 value) {
    CHECKF(user_write(address, value), "signal %d at %08lx", last_signal, address);
}

static u8 get(unsigned long address) {
    u8 value = 0xee;

    CHECKF(user_read(address, &value), "signal %d at %08lx", last_signal, address);
    return value;
}

/* One look of reclaim at one page, its A bits taken before. */
static void look_at(struct page *page) {
    struct scan_control sc = {.gfp = GFP_KERNEL, .may_writepage = true, .may_swap = true, .kswapd = true};
    LIST_HEAD(list);

    lru_add_drain();
    if (!PageLRU(page))
        return;
    page_referenced(page, false);
    get_page(page);
    del_page_from_lru(page);
    ClearPageActive(page);
    list_add(&page->lru, &list);
    shrink_page_list(&list, &sc);
    while (!list_empty(&list)) {
        list_del(&page->lru);
        add_page_to_lru(page);
        put_page(page);
        break;
    }
    check_tlb();
}

/* As often as it takes for the page to leave memory, if it can. */
static void push_out_page(struct page *page) {
    for (unsigned i = 0; i < 3 && page_count(page) && (PageAnon(page) || page->mapping || PageSwapCache(page)); i++) {
        look_at(page);
        disk_end_all();
    }
}

static void push_out(unsigned long address) {
    pte_t *ptep = entry(address);

    if (ptep && pte_present(*ptep) && vm_normal_page(find_vma(current->mm, address), *ptep))
        push_out_page(pfn_to_page(pte_pfn(*ptep)));
}

static void enter(struct mm_struct *next) {
    activate_mm(current->active_mm, next);
    atomic_inc(&next->mm_count);
    atomic_dec(&current->active_mm->mm_count);
    current->mm = current->active_mm = next;
}

static void finish(void) {
    struct page *page;

    disk_end_all();
    world_leave_mm();
    /* Pages whose last owner went while they were locked: reclaim finds them. */
    while (radix_tree_gang_lookup(&swapper_space.page_tree, (void **)&page, 0, 1))
        push_out_page(page);
    check_resources(&empty, "at the end");
    CHECK_EQ(nr_swap_pages, total_swap_pages);
    CHECK_EQ(swapper_space.nrpages, 0);
    CHECK_EQ(open_files, 0);
}

/* ---- out and back ---- */

static void a_page_goes_out_and_comes_back(void) {
    start();
    unsigned long a = map(4);
    put(a, 11);
    put(a + 4095, 12);
    put(a + PAGE_SIZE, 13);
    trace_enabled = true;
    told_count = 0;
    push_out(a);
    CHECK(is_out(a) && !is_out(a + PAGE_SIZE));
    CHECK_EQ(told_number(FLT_MM_SWAP_OUT), 1);
    CHECK_EQ(mm->swap_usage, 1);
    CHECK_EQ(mm->anon_rss, 1);
    CHECK_EQ(swapper_space.nrpages, 0);
    CHECK_EQ(disk_writes, 1);
    CHECK_EQ(vm_events[PSWPOUT], 1);
    check_everything();
    told_count = 0;
    CHECK_EQ(get(a), 11);
    CHECK_EQ(told_first(FLT_FAULT_BRANCH)->branch.branch, FLT_BRANCH_SWAP_IN);
    CHECK_EQ(told_first(FLT_MM_SWAP_IN)->swap.cached, 0);
    CHECK_EQ(get(a + 4095), 12);
    CHECK_EQ(vm_events[PSWPIN], 1);
    CHECK_EQ(current->maj_flt, 1);
    CHECK_EQ(mm->swap_usage, 0);
    CHECK_EQ(swapper_space.nrpages, 1); /* the slot is kept: if the page stays clean it need not be written again */
    check_everything();
    told_count = 0;
    push_out(a);
    CHECK(is_out(a));
    CHECK_EQ(disk_writes, 1);
    CHECK_EQ(get(a), 11);
    put(a, 21);
    CHECK_EQ(swapper_space.nrpages, 0); /* written to by its only owner: the slot's bytes are old */
    CHECK(told_number(FLT_MM_SWAP_FREE));
    push_out(a);
    CHECK_EQ(disk_writes, 2);
    trace_enabled = false;
    put(a + 1, 22); /* a write fault straight from the slot */
    CHECK_EQ(get(a), 21);
    CHECK_EQ(get(a + 1), 22);
    CHECK_EQ(get(a + PAGE_SIZE), 13);
    finish();
}

static void a_page_on_its_way_out_is_found_in_the_cache(void) {
    start();
    unsigned long a = map(1);
    put(a, 5);
    look_at(pfn_to_page(pte_pfn(*entry(a))));
    CHECK(is_out(a));
    CHECK(PageWriteback(radix_tree_lookup(&swapper_space.page_tree, pte_to_swp_entry(*entry(a)).val)));
    check_everything();
    put(a, 6);
    CHECK_EQ(disk_reads, 0);
    CHECK_EQ(current->maj_flt, 0);
    disk_end_all();
    check_everything();
    push_out(a);
    CHECK(is_out(a));
    CHECK_EQ(get(a), 6); /* not what the first write took */
    finish();
}

static void neighbours_are_read_ahead(void) {
    start();
    unsigned long a = map(20);
    for (unsigned i = 0; i < 20; i++)
        put(a + i * PAGE_SIZE, (u8)i);
    for (unsigned i = 0; i < 20; i++)
        push_out(a + i * PAGE_SIZE);
    /* Slots are given out in a row, from 1: page i is in slot i + 1, and a window is 8 slots. */
    CHECK_EQ(get(a + 10 * PAGE_SIZE), 10);
    disk_end_all();
    CHECK_EQ(disk_reads, 8);
    for (unsigned i = 0; i < 20; i++) {
        unsigned long before = current->maj_flt;
        CHECK_EQ(get(a + i * PAGE_SIZE), i);
        CHECKF((current->maj_flt == before) == (i >= 7 && i < 15), "page %u", i);
        i += i == 0 ? 6 : i == 14 ? 5 : 0;
    }
    page_cluster = 0;
    push_out(a);
    unsigned reads = disk_reads;
    CHECK_EQ(get(a), 0);
    CHECK_EQ(disk_reads, reads + 1);
    finish();
}

/* ---- owners ---- */

static void both_sides_of_a_fork_own_a_slot(void) {
    start();
    unsigned long a = map(2);
    put(a, 1);
    put(a + PAGE_SIZE, 2);
    push_out(a);
    struct mm_struct *child = dup_mm(mm);
    CHECK(child && child->swap_usage == 1);
    swp_entry_t slot = pte_to_swp_entry(*entry(a));
    CHECK_EQ(swap_count(slot), 2);
    check_everything();
    enter(child);
    put(a, 3); /* the parent's entry names the slot too: a copy */
    CHECK_EQ(swap_count(slot), 2);
    CHECK_EQ(get(a), 3);
    enter(mm);
    CHECK(is_out(a));
    CHECK_EQ(get(a), 1);
    trace_enabled = true;
    told_count = 0;
    put(a, 4); /* sole owner now: no copy */
    CHECK_EQ(told_last(FLT_FAULT_BRANCH)->branch.branch, FLT_BRANCH_COW_REUSE);
    trace_enabled = false;
    CHECK_EQ(swap_count(slot), 0);
    mmput(child);
    finish();
}

static void a_page_mapped_here_and_swapped_out_there_is_copied(void) {
    start();
    unsigned long a = map(1);
    put(a, 1);
    struct mm_struct *child = dup_mm(mm);
    push_out(a);
    CHECK(is_out(a));
    swp_entry_t slot = pte_to_swp_entry(*entry(a));
    CHECK_EQ(swap_count(slot), 2);
    CHECK_EQ(get(a), 1); /* mapcount 1, and the child's entry names the slot */
    trace_enabled = true;
    told_count = 0;
    put(a, 2);
    CHECK_EQ(told_last(FLT_FAULT_BRANCH)->branch.branch, FLT_BRANCH_COW_COPY);
    trace_enabled = false;
    check_everything();
    enter(child);
    CHECK_EQ(get(a), 1);
    enter(mm);
    CHECK_EQ(get(a), 2);
    mmput(child);
    finish();
}

static void uncounted_users_keep_a_slot_for_ever(void) {
    boot();
    struct swap_info_struct *area = add_area(64, 0, 0);
    swp_entry_t slot = get_swap_page();
    for (unsigned i = 0; i < SWAP_MAP_MAX + 5u; i++)
        CHECK(swap_duplicate(slot));
    for (unsigned i = 0; i < SWAP_MAP_MAX + 10u; i++)
        swap_free(slot);
    CHECK_EQ(swap_count(slot), SWAP_MAP_MAX);
    check_swap_map();
    swap_area_off(area);
    CHECK_EQ(try_to_unuse(area), -EBUSY);
}

/* ---- other calls on entries ---- */

static void calls_on_swapped_out_memory(void) {
    unsigned char vec;

    start();
    unsigned long a = map(8);
    for (unsigned i = 0; i < 8; i++)
        put(a + i * PAGE_SIZE, (u8)(i + 1));
    for (unsigned i = 0; i < 8; i++)
        push_out(a + i * PAGE_SIZE);
    CHECK_EQ(mm->swap_usage, 8);
    CHECK_EQ(sys_mprotect(a, PAGE_SIZE, PROT_READ), 0);
    CHECK(is_out(a));
    CHECK_EQ(sys_madvise(a + PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED), 0);
    CHECK_EQ(mm->swap_usage, 7);
    CHECK_EQ(get(a + PAGE_SIZE), 0);
    unsigned long b = (unsigned long)sys_mremap(a + 2 * PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
    CHECK(!IS_ERR_VALUE(b) && b != a + 2 * PAGE_SIZE && is_out(b));
    CHECK_EQ(get(b), 3);
    unsigned long v = map(1);
    CHECK_EQ(sys_mincore(a + 3 * PAGE_SIZE, PAGE_SIZE, (void *)v), 0);
    vec = get(v);
    disk_end_all();
    CHECK_EQ(sys_madvise(a + 3 * PAGE_SIZE, PAGE_SIZE, MADV_WILLNEED), 0);
    disk_end_all();
    CHECK_EQ(sys_mincore(a + 3 * PAGE_SIZE, PAGE_SIZE, (void *)v), 0);
    CHECK(is_out(a + 3 * PAGE_SIZE));
    CHECK_EQ(get(v), 1);
    (void)vec;
    CHECK_EQ(sys_mlock(a + 4 * PAGE_SIZE, PAGE_SIZE), 0);
    CHECK(!is_out(a + 4 * PAGE_SIZE));
    push_out(a + 4 * PAGE_SIZE);
    CHECK(!is_out(a + 4 * PAGE_SIZE));
    u8 byte;
    CHECK_EQ(access_process_vm(mm, a + 5 * PAGE_SIZE, &byte, 1, 0), 1);
    CHECK_EQ(byte, 6);
    CHECK_EQ(do_munmap(mm, a + 6 * PAGE_SIZE, PAGE_SIZE), 0);
    check_everything();
    CHECK_EQ(get(a), 1);
    CHECK_EQ(get(a + 7 * PAGE_SIZE), 8);
    finish();
}

/* ---- errors ---- */

static void a_read_error_hits_the_owner_alone(void) {
    u8 value;

    start();
    unsigned long a = map(2);
    put(a, 1);
    put(a + PAGE_SIZE, 2);
    push_out(a);
    push_out(a + PAGE_SIZE);
    bad_sector = swap_sector(&swap_info[0], (u32)swp_offset(pte_to_swp_entry(*entry(a))));
    CHECK(!user_read(a, &value));
    CHECK_EQ(last_signal, SIGBUS);
    CHECK(is_out(a));
    CHECK_EQ(get(a + PAGE_SIZE), 2);
    check_everything();
    struct swap_info_struct *area = &swap_info[0];
    swap_area_off(area);
    CHECK_EQ(try_to_unuse(area), -EIO);
    swap_area_on(area, 0);
    check_everything();
    finish();
}

static void a_write_error_costs_nothing(void) {
    start();
    unsigned long a = map(1);
    put(a, 7);
    fail_writes = true;
    push_out(a);
    CHECK(is_out(a));
    CHECK_EQ(swapper_space.nrpages, 1);
    check_everything();
    CHECK_EQ(get(a), 7);
    CHECK_EQ(disk_reads, 0);
    fail_writes = false;
    push_out(a);
    CHECK(is_out(a));
    CHECK_EQ(swapper_space.nrpages, 0);
    CHECK_EQ(get(a), 7);
    finish();
}

static void out_of_memory_at_every_step(void) {
    start();
    unsigned long a = map(3);
    for (unsigned n = 1;; n++) {
        put(a, (u8)n);
        fail_allocation(n);
        push_out(a);
        bool out_failed = allocation_failed();
        fail_allocation(0);
        check_everything();
        CHECK_EQ(get(a), (u8)n);
        if (!out_failed)
            break;
    }
    unsigned n = 1;
    for (bool failed = true; failed; n++) {
        u8 value = 0;

        put(a, (u8)n);
        push_out(a);
        CHECK(is_out(a));
        CHECKF(!swapper_space.nrpages, "n %u", n);
        fail_allocation(n);
        bool ok = user_read(a, &value);
        failed = allocation_failed();
        fail_allocation(0);
        check_everything();
        CHECKF(failed || ok, "allocation %u", n);
        CHECK_EQ(get(a), (u8)n);
    }
    CHECKF(n > 3, "only %u allocations of a swap-in failed", n);
    finish();
}

/* ---- slots ---- */

static void areas_by_priority_and_in_turn(void) {
    boot();
    struct swap_info_struct *low = add_area(64, 1, 0), *first = add_area(64, 5, 3), *second = add_area(64, 5, 0);
    swp_entry_t got[200];
    unsigned n = 0;
    for (; n < 125; n++) {
        got[n] = get_swap_page();
        CHECK(swp_type(got[n]) == (n % 2 && n < 124 ? second->type : first->type) || n >= 124);
        CHECK(swp_offset(got[n]) != 3 || swp_type(got[n]) != first->type);
    }
    got[n] = get_swap_page();
    CHECK_EQ(swp_type(got[n++]), low->type);
    while ((got[n] = get_swap_page()).val)
        n++;
    CHECK_EQ(n, 63 + 62 + 63);
    CHECK_EQ(nr_swap_pages, 0);
    while (n)
        swap_free(got[--n]);
    check_swap_map();
    CHECK_EQ(nr_swap_pages, total_swap_pages);
}

static void slots_come_in_clusters(void) {
    boot();
    struct swap_info_struct *area = big_area(2000);
    swp_entry_t got[600];
    for (unsigned i = 0; i < 600; i++) {
        got[i] = get_swap_page();
        CHECK_EQ(swp_offset(got[i]), i + 1);
    }
    for (unsigned i = 0; i < 600; i += 2)
        swap_free(got[i]);
    for (unsigned i = 600; i < 768; i++)
        CHECK_EQ(swp_offset(get_swap_page()), i + 1);
    CHECK_EQ(swp_offset(get_swap_page()), 769); /* a free cluster, and not the holes */
    CHECK_EQ(area->inuse_pages, 300 + 169);
}

static void a_full_area_leaves_pages_in_memory(void) {
    boot();
    add_area(5, 0, 0);
    mm = world_enter_mm();
    unsigned long a = map(6);
    for (unsigned i = 0; i < 6; i++)
        put(a + i * PAGE_SIZE, (u8)i);
    for (unsigned i = 0; i < 6; i++)
        push_out(a + i * PAGE_SIZE);
    CHECK_EQ(mm->swap_usage, 4);
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(get(a + i * PAGE_SIZE), i);
    check_everything();
    finish();
}

static void nonsense_frees_panic(void) {
    start();
    swp_entry_t slot = get_swap_page();
    swap_free(slot);
    tap_expect_panic("was not in use");
    swap_free(slot);
}

static void the_checker_sees_a_lost_use(void) {
    start();
    unsigned long a = map(1);
    put(a, 1);
    push_out(a);
    swap_duplicate(pte_to_swp_entry(*entry(a)));
    tap_expect_panic("counts 1 users more");
    check_swap_map();
}

/* ---- swapoff ---- */

static void swapoff_brings_everything_back(void) {
    start();
    struct swap_info_struct *area = &swap_info[0];
    unsigned long a = map(40);
    for (unsigned i = 0; i < 40; i++)
        put(a + i * PAGE_SIZE, (u8)(i * 3));
    for (unsigned i = 0; i < 30; i++)
        push_out(a + i * PAGE_SIZE);
    struct mm_struct *child = dup_mm(mm);
    CHECK_EQ(get(a), 0);
    CHECK_EQ(area->inuse_pages, 30);
    page_cluster = 0; /* a failed readahead is no failure */
    for (unsigned n = 1; n < 14; n += 6) {
        swap_area_off(area);
        fail_allocation(n);
        CHECK_EQ(try_to_unuse(area), -ENOMEM);
        fail_allocation(0);
        swap_area_on(area, 0);
        check_everything();
    }
    swap_area_off(area);
    CHECK_EQ(try_to_unuse(area), 0);
    CHECK_EQ(area->inuse_pages, 0);
    CHECK_EQ(mm->swap_usage + child->swap_usage, 0);
    check_everything();
    for (unsigned i = 0; i < 40; i++)
        CHECK_EQ(get(a + i * PAGE_SIZE), (u8)(i * 3));
    enter(child);
    for (unsigned i = 0; i < 40; i++)
        CHECK_EQ(get(a + i * PAGE_SIZE), (u8)(i * 3));
    enter(mm);
    mmput(child);
    finish();
}

/* ---- shared memory ---- */

static struct file *shmem_file(u32 pages) {
    struct file *file = test_file(pages, O_RDWR);

    atomic_set(&file->f_inode->i_count, 1);
    CHECK_EQ(shmem_init_inode(file->f_inode), 0);
    return file;
}

static void drop_shmem_file(struct file *file) {
    truncate_inode_pages(file->f_mapping, 0);
    shmem_evict_inode(file->f_inode);
    fput(file);
}

static void push_out_file_page(struct file *file, unsigned long index) {
    struct page *page = find_get_page(file->f_mapping, index);

    if (!page)
        return;
    put_page(page);
    push_out_page(page);
}

static unsigned long map_shared(struct file *file, unsigned long pages) {
    unsigned long got = do_mmap_pgoff(file, 0, pages << PAGE_SHIFT, RW, MAP_SHARED, 0);

    CHECK(!IS_ERR_VALUE(got));
    return got;
}

static void shared_pages_go_out_and_come_back(void) {
    start();
    struct file *file = shmem_file(100);
    unsigned long a = map_shared(file, 100);
    for (unsigned i = 0; i < 100; i += 3)
        put(a + i * PAGE_SIZE, (u8)(i + 1));
    CHECK_EQ(get(a + PAGE_SIZE), 0);
    for (unsigned i = 0; i < 100; i++)
        push_out_file_page(file, i);
    CHECK_EQ(swap_info[0].inuse_pages, 34);
    CHECK_EQ(file->f_mapping->nrpages, 0); /* the hole's page of zeros was dropped */
    CHECK_EQ(swapper_space.nrpages, 0);
    check_everything();
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(get(a + i * PAGE_SIZE), i % 3 ? 0 : i + 1);
    disk_end_all();
    check_everything();
    push_out_file_page(file, 99);
    put(a + 99 * PAGE_SIZE + 1, 77);
    CHECK_EQ(get(a + 99 * PAGE_SIZE), 100);
    for (unsigned i = 0; i < 100; i++)
        push_out_file_page(file, i);
    CHECK_EQ(do_munmap(mm, a, 100 * PAGE_SIZE), 0);
    drop_shmem_file(file);
    finish();
}

static void truncation_frees_the_slots(void) {
    start();
    struct file *file = shmem_file(100);
    unsigned long a = map_shared(file, 100);
    for (unsigned i = 0; i < 100; i++) {
        put(a + i * PAGE_SIZE, (u8)(i + 1));
        put(a + i * PAGE_SIZE + 100, 9);
    }
    for (unsigned i = 0; i < 100; i++)
        push_out_file_page(file, i);
    CHECK_EQ(swap_info[0].inuse_pages, 100);
    CHECK_EQ(file->f_inode->i_op->truncate(file->f_inode, 10 * (loff_t)PAGE_SIZE + 50), 0);
    disk_end_all();
    check_everything();
    CHECK_EQ(get(a + 9 * PAGE_SIZE + 100), 9);
    CHECK_EQ(get(a + 10 * PAGE_SIZE), 11);
    CHECK_EQ(get(a + 10 * PAGE_SIZE + 100), 0);
    u8 value;
    CHECK(!user_read(a + 11 * PAGE_SIZE, &value) && last_signal == SIGBUS);
    file->f_inode->i_size = 100 * PAGE_SIZE;
    CHECK_EQ(get(a + 11 * PAGE_SIZE), 0);
    CHECK_EQ(do_munmap(mm, a, 100 * PAGE_SIZE), 0);
    drop_shmem_file(file);
    finish();
}

static void swapoff_brings_shared_pages_back(void) {
    start();
    struct file *file = shmem_file(70);
    unsigned long a = map_shared(file, 70);
    for (unsigned i = 0; i < 70; i++)
        put(a + i * PAGE_SIZE, (u8)(i + 1));
    for (unsigned i = 0; i < 70; i++)
        push_out_file_page(file, i);
    struct swap_info_struct *area = &swap_info[0];
    swap_area_off(area);
    page_cluster = 0;
    fail_allocation(20);
    CHECK_EQ(try_to_unuse(area), -ENOMEM);
    fail_allocation(0);
    check_everything();
    CHECK_EQ(try_to_unuse(area), 0);
    CHECK_EQ(area->inuse_pages, 0);
    check_everything();
    for (unsigned i = 0; i < 70; i++)
        CHECK_EQ(get(a + i * PAGE_SIZE), i + 1);
    CHECK_EQ(do_munmap(mm, a, 70 * PAGE_SIZE), 0);
    drop_shmem_file(file);
    finish();
}

static void shared_memory_and_no_memory(void) {
    start();
    struct file *file = shmem_file(8);
    unsigned long a = map_shared(file, 8);
    unsigned n = 1;
    for (bool failed = true; failed; n++) {
        u8 value = 0;

        put(a, (u8)n);
        fail_allocation(n);
        push_out_file_page(file, 0);
        failed = allocation_failed();
        fail_allocation(0);
        check_everything();
        push_out_file_page(file, 0);
        fail_allocation(n);
        user_read(a, &value);
        failed |= allocation_failed();
        fail_allocation(0);
        check_everything();
        CHECK_EQ(get(a), (u8)n);
    }
    CHECK(n > 3);
    CHECK_EQ(do_munmap(mm, a, 8 * PAGE_SIZE), 0);
    drop_shmem_file(file);
    finish();
}

/* ---- the header ---- */

static void headers_of_nonsense_are_refused(void) {
    static struct swap_header good = {
        .version = 1, .last_page = 99, .nr_badpages = 2, .badpages = {5, 99}, .magic = "SWAPSPACE2"};
    struct swap_header h;
    u16 map_of[100];

#define REFUSED(change, pages)                                                                                         \
    do {                                                                                                               \
        h = good;                                                                                                      \
        change;                                                                                                        \
        CHECKF(swap_header_refused(&h, pages), "%s", #change);                                                         \
    } while (0)
    CHECK(!swap_header_refused(&good, 100));
    REFUSED(h.version = 2, 100);
    REFUSED(h.version = 0x01000000, 100);
    REFUSED(h.magic[9] = '3', 100);
    REFUSED(memcpy(h.magic, "SWAP-SPACE", 10), 100);
    REFUSED(h.last_page = 0, 100);
    REFUSED(h.last_page = 100, 100);
    REFUSED(h.last_page = 0xffffffff, 0xffffffff);
    REFUSED(h.last_page = 1 << 24, 0xffffffff);
    REFUSED(h.nr_badpages = 638, 100);
    REFUSED(h.nr_badpages = 0xffffffff, 100);
    REFUSED(h.nr_badpages = 3, 100);
    REFUSED(h.badpages[0] = 100, 100);
    swap_header_to_map(&good, map_of);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(map_of[i], i == 0 || i == 5 || i == 99 ? SWAP_MAP_BAD : 0);
}

/* ---- everything at random, against a model ---- */

#define MODEL_PAGES 48u
#define MODEL_MMS 4u

static struct {
    struct mm_struct *mm;
    u8 byte[MODEL_PAGES];
} model[MODEL_MMS];
static unsigned long model_at;
static u8 shared_byte[MODEL_PAGES];
static unsigned long shared_at;
static struct file *shared;

static unsigned random_mm(void) {
    for (;;) {
        unsigned i = random_u32() % MODEL_MMS;
        if (model[i].mm)
            return i;
    }
}

static void model_fork(unsigned from) {
    for (unsigned i = 0; i < MODEL_MMS; i++) {
        if (model[i].mm)
            continue;
        model[i] = model[from];
        model[i].mm = dup_mm(model[from].mm);
        return;
    }
}

static void model_exit(unsigned i) {
    if (i == 0)
        return;
    if (current->mm == model[i].mm)
        enter(model[0].mm);
    mmput(model[i].mm);
    model[i].mm = NULL;
}

static void model_swapoff(void) {
    struct swap_info_struct *area = &swap_info[random_u32() % 2];

    swap_area_off(area);
    fail_allocation(random_u32() % 4 ? 0 : random_u32() % 40 + 1);
    int error = try_to_unuse(area);
    bool failed = allocation_failed();
    fail_allocation(0);
    CHECKF(!error || (error == -ENOMEM && failed), "swapoff: %d", error);
    CHECK(error || !area->inuse_pages);
    swap_area_on(area, (int)(random_u32() % 2));
}

static void model_step(void) {
    unsigned i = random_mm(), page = random_u32() % MODEL_PAGES, what = random_u32() % 100;
    unsigned long at = model_at + page * PAGE_SIZE;
    u8 value = (u8)random_u32();

    enter(model[i].mm);
    if (what < 20) {
        put(at, value);
        model[i].byte[page] = value;
    } else if (what < 40) {
        CHECK_EQ(get(at), model[i].byte[page]);
    } else if (what < 60) {
        push_out(at);
    } else if (what < 68) {
        pte_t *ptep = entry(at);
        if (ptep && pte_present(*ptep) && vm_normal_page(find_vma(current->mm, at), *ptep))
            look_at(pfn_to_page(pte_pfn(*ptep)));
    } else if (what < 72) {
        model_fork(i);
    } else if (what < 76) {
        model_exit(i);
    } else if (what < 79) {
        CHECK_EQ(sys_madvise(at, PAGE_SIZE, MADV_DONTNEED), 0);
        model[i].byte[page] = 0;
    } else if (what < 81) {
        CHECK_EQ(sys_madvise(at, PAGE_SIZE, MADV_WILLNEED), 0);
    } else if (what < 82) {
        model_swapoff();
    } else if (what < 87) {
        put(shared_at + page * PAGE_SIZE, value);
        shared_byte[page] = value;
    } else if (what < 92) {
        CHECK_EQ(get(shared_at + page * PAGE_SIZE), shared_byte[page]);
    } else if (what < 97) {
        push_out_file_page(shared, page);
    } else {
        blk_run_queue(&disk);
        if (waiting_count)
            disk_end_one();
    }
}

static void model_run(u32 seed, unsigned steps) {
    boot();
    random_seed(seed);
    add_area(100, 1, 7);
    add_area(100, 1, 0);
    mm = world_enter_mm();
    model[0].mm = mm;
    model_at = map(MODEL_PAGES);
    shared = shmem_file(MODEL_PAGES);
    shared_at = map_shared(shared, MODEL_PAGES);
    for (unsigned step = 0; step < steps; step++) {
        model_step();
        if (step % 8 == 0)
            check_everything();
    }
    for (unsigned i = 0; i < MODEL_MMS; i++) {
        if (!model[i].mm)
            continue;
        enter(model[i].mm);
        for (unsigned page = 0; page < MODEL_PAGES; page++) {
            CHECK_EQ(get(model_at + page * PAGE_SIZE), model[i].byte[page]);
            CHECK_EQ(get(shared_at + page * PAGE_SIZE), shared_byte[page]);
        }
    }
    disk_end_all();
    check_everything();
    for (unsigned i = 1; i < MODEL_MMS; i++)
        if (model[i].mm)
            model_exit(i);
    enter(mm);
    CHECK_EQ(do_munmap(mm, shared_at, MODEL_PAGES * PAGE_SIZE), 0);
    drop_shmem_file(shared);
    finish();
}

static void random_steps_agree_with_a_model(void) { model_run(1, 6000); }
static void random_steps_agree_with_a_model_again(void) { model_run(77, 6000); }

int main(void) {
    tap_run("a page goes out and comes back", a_page_goes_out_and_comes_back);
    tap_run("a page on its way out is found in the cache", a_page_on_its_way_out_is_found_in_the_cache);
    tap_run("neighbours are read ahead", neighbours_are_read_ahead);
    tap_run("both sides of a fork own a slot", both_sides_of_a_fork_own_a_slot);
    tap_run("a page mapped here and swapped out there is copied", a_page_mapped_here_and_swapped_out_there_is_copied);
    tap_run("uncounted users keep a slot for ever", uncounted_users_keep_a_slot_for_ever);
    tap_run("calls on swapped-out memory", calls_on_swapped_out_memory);
    tap_run("a read error hits the owner alone", a_read_error_hits_the_owner_alone);
    tap_run("a write error costs nothing", a_write_error_costs_nothing);
    tap_run("out of memory at every step", out_of_memory_at_every_step);
    tap_run("areas by priority and in turn", areas_by_priority_and_in_turn);
    tap_run("slots come in clusters", slots_come_in_clusters);
    tap_run("a full area leaves pages in memory", a_full_area_leaves_pages_in_memory);
    tap_run("freeing a free slot panics", nonsense_frees_panic);
    tap_run("the checker sees a lost use", the_checker_sees_a_lost_use);
    tap_run("swapoff brings everything back", swapoff_brings_everything_back);
    tap_run("shared pages go out and come back", shared_pages_go_out_and_come_back);
    tap_run("truncation frees the slots", truncation_frees_the_slots);
    tap_run("swapoff brings shared pages back", swapoff_brings_shared_pages_back);
    tap_run("shared memory and no memory", shared_memory_and_no_memory);
    tap_run("headers of nonsense are refused", headers_of_nonsense_are_refused);
    tap_run("random steps agree with a model", random_steps_agree_with_a_model);
    tap_run("random steps agree with a model again", random_steps_agree_with_a_model_again);
    return tap_done();
}
