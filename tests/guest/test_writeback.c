/*
 * Writeback, readahead, truncation and the life of inodes, on a file system whose I/O ends when the task sleeps, in any
 * order; against a model that is a plain array of bytes.
 */
#include "world.h"
#include "block/blkdev.h"
#include "block/request.h"
#include "fs/syscalls.h"
#include "fs/vfs.h"
#include "mm/mm_inline.h"
#include "mm/swap.h"
#include "mm/writeback.h"

void *calloc(unsigned long n, unsigned long size);
void free(void *p);

/* ---- what the file system calls and this world has not ---- */

u64 real_time_ns(void) { return 1118966400ull * 1000000000u; }
void mem_devices_init(void) {}
void tty_devices_init(void) {}
struct super_block *proc_super(void) {
    return ramfs_super("ramfs", "proc");
}
long strncpy_from_user(char *to, const char __user *from, long size) {
    (void)to, (void)from, (void)size;
    return -EFAULT;
}
int get_user_u32(u32 *to, const void __user *from) { return copy_from_user(to, from, 4) ? -EFAULT : 0; }
int put_user_u32(u32 value, void __user *to) { return copy_to_user(to, &value, 4) ? -EFAULT : 0; }
void poll_wait(struct poll_table *table, wait_queue_head_t *q) { (void)table, (void)q; }

/* ---- the disk ---- */

#define FILE_PAGES 48u
#define FILE_SECTORS (FILE_PAGES * 8u)
#define FILES 3u

static u8 *disk_bytes;
static struct block_device disk = {.bd_name = "fake", .bd_sectors = (FILES + 1) * FILE_SECTORS};
static struct request *waiting[2 * BLKDEV_MAX_RQ + 1];
static unsigned waiting_count, writes_unflushed, reads;
static bool fail_reads, fail_writes;

static void disk_take(struct request_queue *q) {
    struct request *rq;
    while ((rq = blk_peek_request(q)) != NULL) {
        blk_start_request(rq);
        waiting[waiting_count++] = rq;
    }
}

static void transfer(const struct bio *bio) {
    u8 *there = disk_bytes + bio->bi_sector * 512;
    for (unsigned i = 0; i < bio->bi_vcnt; i++) {
        const struct bio_vec *vec = &bio->bi_io_vec[i];
        u8 *here = (u8 *)page_address(vec->bv_page) + vec->bv_offset;
        memcpy(bio->bi_rw == READ ? here : there, bio->bi_rw == READ ? there : here, vec->bv_len);
        there += vec->bv_len;
    }
}

static void disk_end_one(void) {
    unsigned i = random_u32() % waiting_count;
    struct request *rq = waiting[i];
    bool fails = rq->rw == READ ? fail_reads : rq->rw == WRITE && fail_writes;
    waiting[i] = waiting[--waiting_count];
    if (rq->rw == REQ_FLUSH)
        writes_unflushed = 0;
    else if (rq->rw == WRITE)
        writes_unflushed++;
    else
        reads++;
    for (struct bio *bio = rq->bio; bio && !fails; bio = bio->bi_next)
        transfer(bio);
    end_request(rq, fails ? -EIO : 0);
}

static void sleep_on_disk(void) {
    jiffies++;
    blk_run_queue(&disk);
    if (waiting_count)
        disk_end_one();
}

/* ---- the file system: file n lies at n * FILE_SECTORS ---- */

static struct super_block *sb;
static unsigned inodes_written, inodes_deleted, inodes_cleared;

static void end_read(struct bio *bio) {
    struct page *page = bio->bi_private;
    if (!bio->bi_error)
        SetPageUptodate(page);
    else
        SetPageError(page);
    unlock_page(page);
    bio_put(bio);
}

static void end_write(struct bio *bio) {
    struct page *page = bio->bi_private;
    if (bio->bi_error) {
        SetPageError(page);
        mapping_set_error(page->mapping, bio->bi_error);
    }
    end_page_writeback(page);
    bio_put(bio);
}

static int start_io(int rw, struct page *page, void (*end)(struct bio *bio)) {
    struct bio *bio = bio_alloc(GFP_KERNEL, 1);
    bio->bi_bdev = &disk;
    bio->bi_sector = (page->mapping->host->i_ino * FILE_PAGES + page->index) * 8u;
    bio->bi_end_io = end;
    bio->bi_private = page;
    CHECK(page->index < FILE_PAGES && bio_add_page(bio, page, PAGE_SIZE, 0));
    submit_bio(rw, bio);
    return 0;
}

static int fake_readpage(struct file *file, struct page *page) {
    (void)file;
    return start_io(READ, page, end_read);
}

static int fake_writepage(struct page *page, struct writeback_control *wbc) {
    loff_t size = page->mapping->host->i_size, start = (loff_t)page->index << PAGE_SHIFT;
    CHECK(wbc && PageLocked(page) && !PageWriteback(page) && !PageDirty(page));
    set_page_writeback(page);
    unlock_page(page);
    if (start >= size) {
        end_page_writeback(page);
        return 0;
    }
    if (size - start < (loff_t)PAGE_SIZE)
        memset((u8 *)page_address(page) + (size - start), 0, PAGE_SIZE - (size_t)(size - start));
    return start_io(WRITE, page, end_write);
}

static const struct address_space_operations fake_aops = {.readpage = fake_readpage, .writepage = fake_writepage};

static int fake_write_inode(struct inode *inode, int wait) {
    CHECK(inode->i_state & I_LOCK || wait);
    inodes_written++;
    return 0;
}
static void fake_delete_inode(struct inode *inode) {
    CHECK_EQ(inode->i_nlink, 0);
    inodes_deleted++;
}
static void fake_clear_inode(struct inode *inode) {
    CHECK_EQ(inode->i_data.nrpages, 0);
    inodes_cleared++;
}
static const struct super_operations fake_ops = {
    .write_inode = fake_write_inode, .delete_inode = fake_delete_inode, .clear_inode = fake_clear_inode};
static const struct file_operations fake_fops = {.mmap = generic_file_mmap, .fsync = file_fsync};

/* What the disk says of a file that is not in memory. */
static loff_t sizes[FILES];

static struct inode *get_inode(u32 ino) {
    struct inode *inode = iget_locked(sb, ino);
    if (!inode || !(inode->i_state & I_NEW))
        return inode;
    inode->i_mode = S_IFREG | 0644;
    inode->i_size = ino < FILES ? sizes[ino] : 0;
    inode->i_data.a_ops = &fake_aops;
    inode->i_fop = &fake_fops;
    unlock_new_inode(inode);
    return inode;
}

/* NULL: no memory. */
static struct file *open_file(u32 ino) {
    struct inode *inode = get_inode(ino);
    struct dentry *dentry = inode ? d_alloc_nameless(inode, "file") : NULL;
    struct file *file = dentry ? dentry_open(dentry, O_RDWR | O_LARGEFILE) : NULL;
    return IS_ERR(file) ? NULL : file;
}

/* Enough of them that the shrinker is asked for all: it comes in large steps. */
static void shrink_unused_inodes(void) {
    for (u32 ino = 100; ino < 200; ino++)
        iput(get_inode(ino));
    shrink_slab(100000, GFP_KERNEL, 100);
}

static void truncate_file(struct inode *inode, loff_t size) {
    u8 *bytes = disk_bytes + inode->i_ino * FILE_SECTORS * 512;
    inode->i_size = size;
    truncate_inode_pages(inode->i_mapping, size);
    memset(bytes + size, 0, FILE_PAGES * PAGE_SIZE - (size_t)size);
    sizes[inode->i_ino] = size;
    mark_inode_dirty(inode);
}

/* ---- boot ---- */

static struct mm_struct *mm;

static void boot(void) {
    world_boot(16 * MIB, NULL);
    current->fsuid = current->euid = 0;
    block_init();
    vfs_init();
    disk_bytes = calloc((unsigned long)disk.bd_sectors, 512);
    disk.bd_queue = blk_init_queue(disk_take, NULL);
    disk.bd_queue->bdev = &disk;
    disk.bd_queue->can_flush = true;
    disk.bd_inode = new_inode(&blockdev_superblock, S_IFBLK);
    while_sleeping = sleep_on_disk;
    sb = new_super("fake", "fake", 1);
    sb->s_op = &fake_ops;
    sb->s_bdev = &disk;
    list_add_tail(&sb->s_list, &super_blocks);
    memset(sizes, 0, sizeof(sizes));
    inodes_written = inodes_deleted = inodes_cleared = waiting_count = reads = 0;
    fail_reads = fail_writes = false;
    random_seed(7);
    mm = world_enter_mm();
}

static void disk_idle(void) {
    blk_run_queue(&disk);
    while (waiting_count)
        disk_end_one();
}

static void unmount(void) {
    world_leave_mm();
    disk_idle();
    list_del_init(&sb->s_list);
    generic_shutdown_super(sb);
    CHECK(list_empty(&sb->s_inodes) && list_empty(&sb->s_dirty) && list_empty(&sb->s_io));
    CHECK_EQ(global_page_state(NR_FILE_DIRTY), 0);
    CHECK_EQ(global_page_state(NR_WRITEBACK), 0);
    CHECK_EQ(writes_unflushed, 0);
    check_everything();
}

static void put_text(struct file *file, loff_t pos, const char *text) {
    CHECK_EQ(kernel_write(file, pos, text, strlen(text)), strlen(text));
    mark_inode_dirty(file->f_inode);
}

static const char *on_disk(u32 ino, u32 offset) { return (char *)disk_bytes + ino * FILE_SECTORS * 512 + offset; }

/* ---- writeback ---- */

static void fsync_reaches_the_disk(void) {
    boot();
    struct file *file = open_file(1);
    put_text(file, 5000, "hello");
    CHECK_EQ(global_page_state(NR_FILE_DIRTY), 1);
    CHECK(!list_empty(&sb->s_dirty));
    CHECK(memcmp(on_disk(1, 5000), "hello", 5) != 0);
    CHECK_EQ(file_fsync(file), 0);
    CHECK(memcmp(on_disk(1, 5000), "hello", 5) == 0);
    CHECK_EQ(inodes_written, 1);
    CHECK_EQ(writes_unflushed, 0);
    CHECK_EQ(global_page_state(NR_FILE_DIRTY), 0);
    CHECK(list_empty(&sb->s_dirty));
    fput(file);
    unmount();
}

static void a_write_error_is_told_once(void) {
    boot();
    struct file *file = open_file(1);
    put_text(file, 0, "lost");
    fail_writes = true;
    CHECK_EQ(file_fsync(file), -EIO);
    fail_writes = false;
    CHECK_EQ(file_fsync(file), 0);
    put_text(file, 0, "kept");
    emergency_sync();
    CHECK(memcmp(on_disk(1, 0), "kept", 4) == 0);
    put_text(file, 0, "lost");
    fail_writes = true;
    emergency_sync(); /* must not swallow what fsync has to tell */
    fail_writes = false;
    CHECK_EQ(file_fsync(file), -EIO);
    CHECK_EQ(file_fsync(file), 0);
    fput(file);
    unmount();
}

static void a_read_error_is_told_and_tried_again(void) {
    char byte;
    boot();
    sizes[1] = 3 * PAGE_SIZE;
    memset(disk_bytes + FILE_SECTORS * 512, 'x', 3 * PAGE_SIZE);
    struct file *file = open_file(1);
    fail_reads = true;
    CHECK_EQ(kernel_read(file, 0, &byte, 1), -EIO);
    fail_reads = false;
    CHECK_EQ(kernel_read(file, 0, &byte, 1), 1);
    CHECK_EQ(byte, 'x');
    fput(file);
    unmount();
}

static void the_old_are_written_first(void) {
    boot();
    struct file *first = open_file(1), *second = open_file(2);
    put_text(first, 0, "first");
    jiffies += 100;
    put_text(second, 0, "second");
    struct writeback_control wbc = {.for_kupdate = true, .nr_to_write = 100, .older_than = jiffies - 50};
    writeback_inodes(&wbc);
    disk_idle();
    CHECK(memcmp(on_disk(1, 0), "first", 5) == 0);
    CHECK(memcmp(on_disk(2, 0), "second", 6) != 0);
    CHECK_EQ(wbc.nr_to_write, 99);
    fput(first);
    fput(second);
    unmount();
}

static void a_writer_is_throttled(void) {
    static char bytes[PAGE_SIZE];
    boot();
    vm_dirty_ratio = 5;
    unsigned long background, limit;
    get_dirty_limits(&background, &limit);
    CHECKF(limit > FILE_PAGES * 2, "limit %lu", limit);
    trace_enabled = true;
    told_count = 0;
    struct file *file = open_file(1), *other = open_file(2);
    for (unsigned long i = 0; i < limit; i++) { /* pages that somebody else dirtied */
        contig_page_data.node_zones[ZONE_NORMAL].vm_stat[NR_FILE_DIRTY] += i == 0 ? (long)limit : 0;
        kernel_write(i % 2 ? file : other, (loff_t)(i / 2 % FILE_PAGES) << PAGE_SHIFT, bytes, sizeof(bytes));
        if (told_number(FLT_DIRTY_THROTTLE))
            break;
        told_count = 0;
    }
    CHECK(told_number(FLT_DIRTY_THROTTLE) > 0);
    CHECK(told_number(FLT_WRITEBACK_START) == told_number(FLT_WRITEBACK_END));
    trace_enabled = false;
    contig_page_data.node_zones[ZONE_NORMAL].vm_stat[NR_FILE_DIRTY] -= (long)limit;
    vm_dirty_ratio = 40;
    fput(file);
    fput(other);
    unmount();
}

/* ---- readahead ---- */

static unsigned pages_cached(struct file *file) { return (unsigned)file->f_mapping->nrpages; }

static void windows_grow(void) {
    char byte;
    boot();
    sizes[1] = FILE_PAGES * PAGE_SIZE;
    struct file *file = open_file(1);
    CHECK_EQ(kernel_read(file, 0, &byte, 1), 1);
    CHECK_EQ(pages_cached(file), 4);
    kernel_read(file, PAGE_SIZE, &byte, 1); /* the mark */
    CHECK_EQ(pages_cached(file), 12);
    kernel_read(file, 4 * PAGE_SIZE, &byte, 1);
    CHECK_EQ(pages_cached(file), 28);
    kernel_read(file, 12 * PAGE_SIZE, &byte, 1);
    CHECK_EQ(pages_cached(file), FILE_PAGES); /* 32 more were wanted */
    fput(file);
    file = open_file(2);
    truncate_file(file->f_inode, FILE_PAGES * PAGE_SIZE);
    kernel_read(file, 20 * PAGE_SIZE, &byte, 1);
    CHECK_EQ(pages_cached(file), 1); /* anywhere: no more than was wanted */
    file->f_ra.ra_pages = 0;
    kernel_read(file, 0, &byte, 1);
    CHECK_EQ(pages_cached(file), 2);
    fput(file);
    unmount();
}

static void faults_read_around(void) {
    u8 byte;
    boot();
    sizes[1] = FILE_PAGES * PAGE_SIZE;
    struct file *file = open_file(1);
    unsigned long at = do_mmap_pgoff(file, 0, FILE_PAGES * PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
    CHECK(user_read(at + 20 * PAGE_SIZE, &byte));
    CHECK_EQ(pages_cached(file), MAX_RA_PAGES);
    CHECK_EQ(sys_madvise(at, FILE_PAGES * PAGE_SIZE, MADV_RANDOM), 0);
    CHECK(user_read(at + 40 * PAGE_SIZE, &byte));
    CHECK_EQ(pages_cached(file), MAX_RA_PAGES + 1);
    fput(file);
    unmount();
}

/* ---- inodes ---- */

static void unused_inodes_keep_their_pages(void) {
    char text[5];
    boot();
    struct file *file = open_file(1);
    put_text(file, 0, "hello");
    file_fsync(file);
    fput(file);
    CHECK_EQ(inodes_cleared, 0);
    file = open_file(1);
    reads = 0;
    CHECK_EQ(kernel_read(file, 0, text, 5), 5);
    CHECK_EQ(reads, 0);
    sizes[1] = file->f_inode->i_size;
    fput(file);
    shrink_unused_inodes();
    CHECK_EQ(inodes_cleared, 101);
    file = open_file(1);
    CHECK_EQ(kernel_read(file, 0, text, 5), 5);
    CHECK(reads > 0);
    file->f_inode->i_nlink = 0;
    fput(file);
    CHECK_EQ(inodes_deleted, 1);
    unmount();
}

/* ---- the model ---- */

#define BYTES (FILE_PAGES * PAGE_SIZE)
static u8 model[FILES][BYTES];
static loff_t model_size[FILES];
static struct file *files[FILES];
static unsigned long maps[FILES], user_buffer;

static void model_open(u32 n) {
    files[n] = open_file(n);
    CHECK(files[n]);
    maps[n] = do_mmap_pgoff(files[n], 0, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    CHECK(!IS_ERR_VALUE(maps[n]));
}

static void model_close(u32 n) {
    CHECK_EQ(do_munmap(current->mm, maps[n], BYTES), 0);
    sizes[n] = files[n]->f_inode->i_size;
    fput(files[n]);
}

static void model_wrote(u32 n, u32 pos, u32 length) {
    if (model_size[n] < (loff_t)(pos + length))
        model_size[n] = (loff_t)(pos + length);
    mark_inode_dirty(files[n]->f_inode);
}

static void step_kernel_write(u32 n) {
    static u8 bytes[3 * PAGE_SIZE];
    u32 pos = random_u32() % (BYTES - sizeof(bytes)), length = random_u32() % sizeof(bytes) + 1;
    for (u32 i = 0; i < length; i++)
        bytes[i] = model[n][pos + i] = (u8)random_u32();
    CHECK_EQ(kernel_write(files[n], pos, bytes, length), length);
    model_wrote(n, pos, length);
}

/* From the program's own memory, or from a mapping of the very file that is written. */
static void step_user_write(u32 n) {
    u32 pos = random_u32() % (BYTES - PAGE_SIZE), length = random_u32() % PAGE_SIZE + 1;
    u32 from = random_u32() % (BYTES - PAGE_SIZE);
    loff_t at = pos;
    static u8 copy[PAGE_SIZE];
    if (random_u32() % 2 && (loff_t)(from + length) <= model_size[n]) {
        bool apart = from + length <= pos || pos + length <= from;
        memcpy(copy, model[n] + from, length);
        if (!apart)
            return;
        CHECK_EQ(generic_file_write(files[n], (char *)maps[n] + from, length, &at), length);
    } else {
        for (u32 i = 0; i < length; i += 97)
            CHECK(user_write(user_buffer + i, (u8)random_u32()));
        for (u32 i = 0; i < length; i++)
            CHECK(user_read(user_buffer + i, &copy[i]));
        CHECK_EQ(generic_file_write(files[n], (char *)user_buffer, length, &at), length);
    }
    memcpy(model[n] + pos, copy, length);
    model_wrote(n, pos, length);
}

static void step_read(u32 n) {
    static u8 bytes[4 * PAGE_SIZE];
    u32 pos = random_u32() % BYTES, length = random_u32() % sizeof(bytes);
    ssize_t got = kernel_read(files[n], pos, bytes, length);
    loff_t there = model_size[n] > pos ? model_size[n] - pos : 0;
    CHECK_EQ(got, there < length ? there : length);
    CHECKF(memcmp(bytes, model[n] + pos, (size_t)got) == 0, "file %u reads wrong at %u", n, pos);
}

static void step_truncate(u32 n) {
    loff_t size = random_u32() % BYTES;
    if (size < model_size[n])
        memset(model[n] + size, 0, (size_t)(model_size[n] - size));
    truncate_file(files[n]->f_inode, size);
    model_size[n] = size;
}

static void step_map(u32 n) {
    u32 pos = random_u32() % BYTES;
    u8 byte = (u8)random_u32();
    bool inside = pos >> PAGE_SHIFT < (u32)((model_size[n] + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT);
    if (pos >= model_size[n] && inside)
        return; /* behind the end, in the last page: lost sooner or later */
    CHECKF(user_write(maps[n] + pos, byte) == inside, "byte %u of file %u of %lu", pos, n,
           (unsigned long)model_size[n]);
    if (!inside)
        return;
    model[n][pos] = byte;
    CHECK(user_read(maps[n] + pos, &byte) && byte == model[n][pos]);
}

static void compare_disk(u32 n) {
    CHECKF(memcmp(on_disk(n, 0), model[n], (size_t)model_size[n]) == 0, "file %u differs on the disk", n);
    for (u32 i = (u32)model_size[n]; i < BYTES; i++)
        CHECKF(on_disk(n, i)[0] == 0, "file %u has byte %u behind its end of %u", n, i, (u32)model_size[n]);
}

static void step_sync(u32 n) {
    if (random_u32() % 3) {
        CHECK_EQ(file_fsync(files[n]), 0);
        compare_disk(n);
    } else {
        emergency_sync();
        for (u32 i = 0; i < FILES; i++)
            compare_disk(i);
    }
    CHECK_EQ(writes_unflushed, 0);
}

static void step_background(u32 n) {
    struct writeback_control wbc = {.nr_to_write = random_u32() % 20 + 1, .for_kupdate = random_u32() % 2};
    (void)n;
    writeback_inodes(&wbc);
}

static void step_reclaim(u32 n) {
    if (random_u32() % 2)
        invalidate_mapping_pages(files[n]->f_mapping, random_u32() % 20, random_u32() % FILE_PAGES);
    else
        try_to_free_pages(contig_page_data.node_zonelists[0].zones, 0, GFP_KERNEL);
}

static void step_reopen(u32 n) {
    model_close(n);
    if (random_u32() % 2)
        shrink_unused_inodes();
    model_open(n);
}

static void step_time(u32 n) {
    (void)n;
    jiffies += random_u32() % 1000;
    for (u32 i = random_u32() % 4; i && waiting_count; i--)
        disk_end_one();
}

static void check_files(void) {
    for (u32 n = 0; n < FILES; n++)
        check_mapping(files[n]->f_mapping);
    CHECK_EQ(current->state, TASK_RUNNING);
}

static void run_model(u32 seed, unsigned steps) {
    static void (*const step[])(u32 n) = {
        step_kernel_write, step_user_write, step_read,       step_read,    step_truncate, step_map,  step_map,
        step_map,          step_sync,       step_background, step_reclaim, step_reopen,   step_time, step_background};
    boot();
    random_seed(seed);
    memset(model, 0, sizeof(model));
    memset(model_size, 0, sizeof(model_size));
    user_buffer = do_mmap_pgoff(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
    for (u32 n = 0; n < FILES; n++)
        model_open(n);
    for (unsigned i = 0; i < steps; i++) {
        step[random_u32() % ARRAY_SIZE(step)](random_u32() % FILES);
        check_files();
        if (i % 50 == 0)
            check_everything();
    }
    for (u32 n = 0; n < FILES; n++)
        model_close(n);
    unmount();
    for (u32 n = 0; n < FILES; n++)
        compare_disk(n);
}

static void contents_equal_the_model(void) { run_model(1, 3000); }
static void contents_equal_the_model_again(void) { run_model(2, 3000); }
static void contents_equal_the_model_once_more(void) { run_model(3, 3000); }

/* ---- without memory ---- */

/* What a failed step leaves undone does not matter; that nothing hangs, leaks or breaks does. */
static void use_files(void) {
    char bytes[100];
    struct file *file = open_file(1);
    if (!file)
        return;
    for (u32 i = 0; i < 4; i++)
        kernel_write(file, (loff_t)(i * 50000), bytes, sizeof(bytes));
    kernel_read(file, 100000, bytes, sizeof(bytes));
    file_fsync(file);
    invalidate_mapping_pages(file->f_mapping, 0, ~0ul);
    kernel_read(file, 0, bytes, sizeof(bytes));
    truncate_file(file->f_inode, 5);
    fput(file);
}

static void forget_files(void) {
    disk_idle();
    fsync_super(sb);
    CHECK_EQ(invalidate_inodes(sb), 0);
}

static void no_leak_without_memory(void) {
    boot();
    use_files();
    forget_files();
    struct resources before = resources_now();
    unsigned n = 0;
    for (bool done = false; !done && n < 3000;) {
        fail_allocation(++n);
        use_files();
        done = !allocation_failed();
        fail_allocation(0);
        forget_files();
        check_resources(&before, "files without memory");
    }
    CHECKF(n > 10 && n < 3000, "%u allocations", n);
    unmount();
}

int main(void) {
    tap_run("fsync reaches the disk, and its cache is flushed", fsync_reaches_the_disk);
    tap_run("a write error is told by fsync, once", a_write_error_is_told_once);
    tap_run("a read error is told, and the read tried again", a_read_error_is_told_and_tried_again);
    tap_run("periodic writeback takes what is old", the_old_are_written_first);
    tap_run("a writer above the limit writes back itself", a_writer_is_throttled);
    tap_run("windows of sequential reads grow", windows_grow);
    tap_run("faults read around themselves", faults_read_around);
    tap_run("unused inodes keep their pages until the shrinker comes", unused_inodes_keep_their_pages);
    tap_run("files equal a model, seed 1", contents_equal_the_model);
    tap_run("files equal a model, seed 2", contents_equal_the_model_again);
    tap_run("files equal a model, seed 3", contents_equal_the_model_once_more);
    tap_run("files without memory leave nothing behind", no_leak_without_memory);
    return tap_done();
}
