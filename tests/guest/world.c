/* The world around the files under test; world.h says what it offers. */
#include "world.h"
#include "kernel/timer.h"
#include "mm/writeback.h"
#include "mm/vmalloc.h"
#include "mm/swap.h"
#include "kernel/signal_struct.h"

/* Of the C library; its headers and the kernel's define the same types differently. */
void *mmap64(void *addr, unsigned long len, int prot, int flags, int fd, long long offset);
int printf(const char *format, ...);
void *calloc(unsigned long n, unsigned long size);
void free(void *p);
char *getenv(const char *name);

#define HOST_MAP_FLAGS                                                                                                 \
    (0x02 | 0x20 | 0x4000 | 0x100000) /* private, anonymous, no reserve, fixed and refused if taken */

/* The kernel image: [1 MiB, 2 MiB), its directory in it. Absolute symbols, as a linker script would give. */
__asm__(".globl fake_kernel_text, fake_kernel_end, swapper_pg_dir\n"
        ".set fake_kernel_text, 0x60100000\n"
        ".set swapper_pg_dir, 0x601f0000\n"
        ".set fake_kernel_end, 0x60200000\n");

struct e820_map e820;
u32 initrd_start, initrd_end;
static struct task_struct test_task = {.comm = "test", .pid = 7, .tgid = 7, .euid = 1000};
struct task_struct *current_task = &test_task;
struct task_struct init_task;
volatile unsigned long jiffies;

/* A test of more links the real ones. */
#define WEAK __attribute__((weak))

/* ---- printing and dying ---- */

int printk(const char *format, ...)
{
    char line[512];
    __builtin_va_list args;

    if (!getenv("MM_TEST_VERBOSE"))
        return 0;
    __builtin_va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    __builtin_va_end(args);
    return printf("# %s", line);
}

void panic(const char *format, ...)
{
    char line[512];
    __builtin_va_list args;

    __builtin_va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    __builtin_va_end(args);
    tap_panicked(line);
}

void bug(const char *file, int line, const char *what)
{
    char text[512];

    snprintf(text, sizeof(text), "%s:%d: %s", file, line, what);
    tap_panicked(text);
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size) {
        size_t copied = length < size - 1 ? length : size - 1;
        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}

unsigned long strtoul(const char *s, char **end, int base);
unsigned long simple_strtoul(const char *s, char **end, unsigned base) { return strtoul(s, end, (int)base); }

static u32 random_state = 1;
void random_seed(u32 seed) { random_state = seed * 2654435761u + 1; }
u32 random_u32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* ---- failures ---- */

static unsigned fail_countdown;
static bool failed;

void fail_allocation(unsigned n)
{
    fail_countdown = n;
    failed = false;
}

bool allocation_failed(void) { return failed; }

const struct pt_regs *irq_regs; /* a test sets it to be in an interrupt */

static bool fail_now(gfp_t gfp)
{
    if (gfp & __GFP_NOFAIL)
        return false;
    if (!fail_countdown || --fail_countdown)
        return false;
    failed = true;
    return true;
}

bool should_fail_alloc_page(gfp_t gfp, unsigned order)
{
    (void)order;
    return fail_now(gfp);
}

bool should_failslab(gfp_t gfp)
{
    return fail_now(gfp);
}

/* ---- sleeping: one task; what others would do meanwhile is a function of the test ---- */

void (*while_sleeping)(void);
void schedule(void)
{
    if (!while_sleeping)
        panic("the only task sleeps");
    while_sleeping();
}
void cond_resched(void) {}
u64 world_ktime;
WEAK u64 ktime_ns(void) { return world_ktime; }
WEAK long schedule_timeout(long ticks)
{
    jiffies += (unsigned long)ticks;
    world_ktime += (u64)ticks * (1000000000u / HZ);
    current->state = TASK_RUNNING;
    if (while_sleeping)
        while_sleeping();
    return 0;
}
WEAK struct task_struct *kernel_thread(const char *name, int (*run)(void *), void *argument)
{
    (void)run, (void)argument;
    panic("thread %s", name);
}
void prepare_to_wait(wait_queue_head_t *q, wait_queue_t *wait, int state)
{
    (void)state;
    if (list_empty(&wait->task_list))
        list_add(&wait->task_list, &q->task_list);
}
void finish_wait(wait_queue_head_t *q, wait_queue_t *wait)
{
    (void)q;
    list_del_init(&wait->task_list);
}
void wake_up(wait_queue_head_t *q) { (void)q; }
unsigned interruptible_wakeups;
WEAK void wake_up_interruptible(wait_queue_head_t *q)
{
    (void)q;
    interruptible_wakeups++;
}
void wake_up_key(wait_queue_head_t *q, const void *key) { (void)q, (void)key; }

/* No time passes but that which a test makes; one that wants timers links the real ones. */
WEAK void init_timer(struct timer_list *timer, void (*function)(void *data), void *data)
{
    INIT_LIST_HEAD(&timer->entry);
    timer->function = function;
    timer->data = data;
}
WEAK void mod_timer(struct timer_list *timer, unsigned long expires) { timer->expires = expires; }
WEAK bool del_timer(struct timer_list *timer) { return (void)timer, false; }

/* ---- the processor ---- */

struct tlb_entry {
    u32 page, frame, generation;
    bool write, dirty;
};

#define TLB_ENTRIES 65536
static struct tlb_entry tlb[TLB_ENTRIES];
static u32 tlb_generation = 1, cr2, cr3;
unsigned long invlpg_count, cr3_loads;

u32 read_cr2(void) { return cr2; }
void set_cr2(u32 address) { cr2 = address; }
u32 read_cr3(void) { return cr3; }
void enable_paging_features(void) {}
void load_cr3(u32 pgd_phys)
{
    cr3 = pgd_phys;
    cr3_loads++;
    tlb_generation++;
}

static struct tlb_entry *tlb_slot(unsigned long address) { return &tlb[(address >> PAGE_SHIFT) % TLB_ENTRIES]; }

void invlpg(unsigned long address)
{
    invlpg_count++;
    tlb_slot(address)->generation = 0;
}

static struct tlb_entry *tlb_find(unsigned long address)
{
    struct tlb_entry *entry = tlb_slot(address);

    return entry->generation == tlb_generation && entry->page == address >> PAGE_SHIFT ? entry : NULL;
}

/* The entry that the tables under CR3 hold for address, or NULL. */
static pte_t *hardware_walk(unsigned long address)
{
    u32 directory = ((u32 *)__va(cr3))[address >> 22];

    if (!(directory & _PAGE_PRESENT))
        return NULL;
    return (pte_t *)__va(directory & PTE_PFN_MASK) + (address >> PAGE_SHIFT) % PTRS_PER_PTE;
}

/* As the processor does: A and D are set only when the access is allowed. The error code, 0 = translated. */
static u32 translate(unsigned long address, bool write, u32 *frame)
{
    struct tlb_entry *entry = tlb_find(address);
    pte_t *ptep;

    if (entry && (!write || (entry->write && entry->dirty))) {
        *frame = entry->frame;
        return 0;
    }
    ptep = hardware_walk(address);
    if (!ptep || !(ptep->pte & _PAGE_PRESENT))
        return 4u | (write ? 2u : 0);
    if (!(ptep->pte & _PAGE_USER) || (write && !(ptep->pte & _PAGE_RW)))
        return 5u | (write ? 2u : 0);
    ptep->pte |= _PAGE_ACCESSED | (write ? _PAGE_DIRTY : 0);
    *tlb_slot(address) = (struct tlb_entry){(u32)(address >> PAGE_SHIFT), (u32)pte_pfn(*ptep), tlb_generation,
                                            pte_write(*ptep), pte_dirty(*ptep)};
    *frame = (u32)pte_pfn(*ptep);
    return 0;
}

int last_signal, last_si_code;
u32 last_si_addr;

static bool user_access(unsigned long address, u8 *value, bool write)
{
    for (int tries = 0; tries < 4; tries++) {
        struct pt_regs regs = {.cs = __USER_CS, .eip = 0x08048000, .esp = 0xbffff000, .eflags = 0x202};
        u32 frame, error = translate(address, write, &frame);

        if (!error) {
            u8 *byte = (u8 *)__va((unsigned long)frame << PAGE_SHIFT) + (address & ~PAGE_MASK);
            if (write)
                *byte = *value;
            else
                *value = *byte;
            return true;
        }
        last_signal = last_si_code = 0;
        cr2 = (u32)address;
        do_page_fault(&regs, error);
        check_tlb();
        if (last_signal)
            return false;
    }
    tap_fail(__FILE__, __LINE__, "the access at %08lx faults for ever", address);
}

bool user_read(unsigned long address, u8 *value) { return user_access(address, value, false); }
bool user_write(unsigned long address, u8 value) { return user_access(address, &value, true); }

void check_tlb(void)
{
    for (const struct tlb_entry *entry = tlb; entry < tlb + TLB_ENTRIES; entry++) {
        unsigned long address = (unsigned long)entry->page << PAGE_SHIFT;
        const pte_t *ptep;

        if (entry->generation != tlb_generation || address >= TASK_SIZE)
            continue;
        ptep = hardware_walk(address);
        CHECKF(ptep && (ptep->pte & _PAGE_PRESENT) && pte_pfn(*ptep) == entry->frame, "stale TLB entry at %08lx",
               address);
        CHECKF(pte_young(*ptep), "A cleared without a flush at %08lx", address);
        CHECKF(!entry->write || pte_write(*ptep), "right taken without a flush at %08lx", address);
        CHECKF(!entry->dirty || pte_dirty(*ptep), "D cleared without a flush at %08lx", address);
    }
}

/* ---- signals and ends ---- */

void force_sig_fault(int signal, int si_code, u32 addr)
{
    last_signal = signal;
    last_si_code = si_code;
    last_si_addr = addr;
}
int send_signal(struct task_struct *task, int signal, const struct siginfo *info)
{
    (void)task, (void)info;
    last_signal = signal;
    return 0;
}
struct task_struct *last_killed;
void (*on_kill)(struct task_struct *task);
WEAK int send_group_signal(struct task_struct *task, int signal, const struct siginfo *info)
{
    (void)info;
    last_signal = signal;
    last_killed = task;
    if (on_kill)
        on_kill(task);
    return 0;
}
WEAK bool fatal_signal_pending(const struct task_struct *task)
{
    (void)task;
    return false;
}
bool unhandled_signal(const struct task_struct *task, int signal)
{
    (void)task, (void)signal;
    return true;
}
WEAK bool signal_pending(const struct task_struct *task)
{
    (void)task;
    return false;
}
void do_exit(int wait_status) { panic("do_exit %d", wait_status); }
void show_registers(const void *regs) { (void)regs; }

/* ---- user copies: through the tables, as the fault handler would ---- */

#define COPY_IP 0xC0100123u
#define COPY_FIXUP 0xC0100456u
u32 search_exception_table(u32 ip) { return ip == COPY_IP ? COPY_FIXUP : 0; }

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
    return n - (unsigned long)access_process_vm(current->mm, (unsigned long)to, (void *)from, (int)n, 1);
}
unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
    return n - (unsigned long)access_process_vm(current->mm, (unsigned long)from, to, (int)n, 0);
}

/* ---- the trace port ---- */

bool trace_enabled;
struct told told[256];
unsigned told_count;
static int open_faults;

static void check_pairs(u16 type)
{
    if (type == FLT_FAULT_BEGIN)
        CHECKF(open_faults++ == 0, "a fault begins inside a fault");
    else if (type == FLT_FAULT_END)
        CHECKF(--open_faults == 0, "a fault ends that did not begin");
    else if (type > FLT_FAULT_BEGIN && type < FLT_FAULT_END)
        CHECKF(open_faults == 1, "step %u of a fault outside of one", type);
}

void trace_emit(struct flt_record *record, u16 type, u16 bytes)
{
    record->type = type;
    record->bytes = bytes;
    check_pairs(type);
    if (told_count < ARRAY_SIZE(told)) {
        told[told_count].type = type;
        memcpy(&told[told_count].head, record,
               bytes < sizeof(struct flt_fault_vma) ? bytes : sizeof(struct flt_fault_vma));
    }
    told_count++;
}

static unsigned told_kept(void) { return told_count < ARRAY_SIZE(told) ? told_count : (unsigned)ARRAY_SIZE(told); }

const struct told *told_first(u16 type)
{
    for (unsigned i = 0; i < told_kept(); i++)
        if (told[i].type == type)
            return &told[i];
    return NULL;
}

const struct told *told_last(u16 type)
{
    for (unsigned i = told_kept(); i > 0; i--)
        if (told[i - 1].type == type)
            return &told[i - 1];
    return NULL;
}

unsigned told_number(u16 type)
{
    unsigned n = 0;

    for (unsigned i = 0; i < told_kept(); i++)
        n += told[i].type == type;
    return n;
}

/* ---- files ---- */

int open_files;

static int fill_pattern(struct file *file, struct page *page)
{
    u8 *bytes = kmap(page);

    (void)file;
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        bytes[i] = page->mapping->host->i_nlink ? (u8)(page->index * 7 + i) : 0;
    kunmap(page);
    SetPageUptodate(page);
    unlock_page(page);
    return 0;
}

static const struct address_space_operations test_aops = {.readpage = fill_pattern};
static const struct file_operations test_fops = {.mmap = generic_file_mmap};

/* i_nlink 0: all zero, as shared memory. */
static struct file *new_file(u32 pages, u32 flags, u32 nlink)
{
    struct file *file = calloc(1, sizeof(*file));
    struct inode *inode = calloc(1, sizeof(*inode));

    inode->i_ino = 42;
    inode->i_nlink = nlink;
    inode->i_size = (loff_t)pages << PAGE_SHIFT;
    inode->i_mapping = &inode->i_data;
    address_space_init(&inode->i_data, inode, &test_aops);
    *file = (struct file){
        .f_count = ATOMIC_INIT(1), .f_inode = inode, .f_op = &test_fops, .f_mapping = &inode->i_data, .f_flags = flags};
    open_files++;
    return file;
}

struct file *test_file(u32 pages, u32 flags) { return new_file(pages, flags, 1); }

WEAK struct file *shmem_file_setup(loff_t size)
{
    return fail_now(GFP_KERNEL) ? ERR_PTR(-ENOMEM) : new_file((u32)((size + (loff_t)PAGE_SIZE - 1) >> PAGE_SHIFT), O_RDWR, 0);
}

WEAK void fput(struct file *file)
{
    CHECK(file->f_count.counter > 0);
    if (!atomic_dec_and_test(&file->f_count))
        return;
    CHECK(!mapping_mapped(file->f_mapping));
    truncate_inode_pages(file->f_mapping, 0);
    CHECK_EQ(file->f_mapping->nrpages, 0);
    open_files--;
    free(file->f_inode);
    free(file);
}

WEAK struct file *fget(unsigned fd)
{
    (void)fd;
    return NULL;
}

WEAK void iput(struct inode *inode) { (void)inode; }
WEAK void touch_atime(struct inode *inode) { (void)inode; }
WEAK void touch_mtime(struct inode *inode) { (void)inode; }
WEAK const char *vma_file_name(const struct vm_area_struct *vma, char *buf, int size)
{
    (void)vma, (void)buf, (void)size;
    return "/file";
}

/* ---- writeback, in tests that have no dirty inodes ---- */

WEAK void __mark_inode_dirty(struct inode *inode, u32 flags) { (void)inode, (void)flags; }
WEAK void writeback_inodes(struct writeback_control *wbc) { (void)wbc; }
WEAK int file_fsync(struct file *file) { return file->f_op->fsync(file); }
WEAK int file_fdatasync(struct file *file) { return file->f_op->fsync(file); }
WEAK void start_background_writeout(void) {}
WEAK void wakeup_pdflush(long nr_pages) { (void)nr_pages; }

/* ---- windows: all of RAM is in reach ---- */

#ifndef TEST_REAL_HIGHMEM
void *kmap(struct page *page) { return page_address(page); }
void kunmap(struct page *page) { (void)page; }
void kmap_init(void) {}
void clear_highpage(struct page *page) { memset(page_address(page), 0, PAGE_SIZE); }
void copy_highpage(struct page *to, struct page *from) { memcpy(page_address(to), page_address(from), PAGE_SIZE); }
pte_t *pkmap_page_table;
#endif

/* A use of a slot that is held already is a bug that the real one would show as a changed page. */
static void *atomic_slots[KM_TYPE_NR];
void *kmap_atomic(struct page *page, enum km_type type)
{
    CHECKF(!atomic_slots[type], "slot %d is in use", type);
    return atomic_slots[type] = page_address(page);
}
void kunmap_atomic(void *address, enum km_type type)
{
    CHECKF(atomic_slots[type] == address, "slot %d holds another page", type);
    atomic_slots[type] = NULL;
}

/* ---- memory of vmalloc has no host address: the kernel's own tables come from the slab here ---- */

void *kvmalloc(size_t size) { return kmalloc(size, GFP_KERNEL); }
void *kvzalloc(size_t size) { return kzalloc(size, GFP_KERNEL); }
void kvfree(const void *object) { kfree(object); }
int kallsyms_text(unsigned long address, char *buf, int size);
int kallsyms_text(unsigned long address, char *buf, int size) { return snprintf(buf, (size_t)size, "0x%08lx", address); }

WEAK unsigned long nr_blockdev_pages(void) { return 0; }
WEAK unsigned long nr_shmem_pages(void) { return 0; }

/* ---- boot ---- */

void world_map_ram(void)
{
    static bool mapped;
    void *ram;

    if (mapped)
        return;
    ram = mmap64((void *)FAKE_RAM, FAKE_RAM_BYTES, 3, HOST_MAP_FLAGS, -1, 0);
    CHECKF(ram == (void *)FAKE_RAM, "fake RAM lies at %p", ram);
    mapped = true;
}

void world_boot_map(const struct e820_entry *entries, unsigned count, const char *options)
{
    world_map_ram();
    INIT_LIST_HEAD(&init_task.tasks);
    test_task.active_mm = &init_mm;
    for (int i = 0; i < RLIM_NLIMITS; i++)
        test_task.rlim[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    test_task.rlim[RLIMIT_STACK].rlim_cur = 8 * MIB;
    for (unsigned i = 0; i < count; i++)
        e820.map[i] = entries[i];
    e820.count = count;
    parse_mem_options(options ? options : "");
    setup_memory();
    paging_init();
    mem_init();
    kmem_cache_init();
    mm_late_init();
    radix_tree_init();
    check_everything();
}

void world_boot(unsigned long ram, const char *options)
{
    const struct e820_entry entries[] = {{0, 640 * 1024, E820_RAM}, {MIB, ram - MIB, E820_RAM}};

    world_boot_map(entries, 2, options);
}

struct mm_struct *world_enter_mm(void)
{
    struct mm_struct *mm = mm_alloc();

    CHECK(mm);
    mm->start_brk = mm->brk = 0x08100000;
    mm->start_stack = STACK_TOP - 16;
    activate_mm(current->active_mm, mm);
    atomic_inc(&mm->mm_count);
    current->mm = current->active_mm = mm;
    return mm;
}

void world_leave_mm(void)
{
    struct mm_struct *mm = current->mm;

    current->mm = NULL;
    mmput(mm);
    activate_mm(mm, &init_mm);
    current->active_mm = &init_mm;
    mmdrop(mm);
}

/* ---- accounts ---- */

struct resources resources_now(void)
{
    struct resources r = {0};
    struct slab_numbers n;

    lru_add_drain();
    drain_local_pages();
    r.free_pages = nr_free_pages() + global_page_state(NR_SLAB);
    r.committed = vm_committed_space;
    for (unsigned i = 0; slab_numbers_of(i, &n); i++)
        r.objects += n.active_objects;
    return r;
}

void check_everything(void)
{
    struct mm_struct *mm;

    check_buddy();
    check_slab();
    check_vmalloc();
    check_mapcounts();
    check_page_cache();
    check_swap_map();
    check_lru();
    check_tlb();
    list_for_each_entry(mm, &init_mm.mmlist, mmlist)
        check_mm(mm);
}

void check_resources(const struct resources *before, const char *where)
{
    struct resources now = resources_now();

    check_everything();
    CHECKF(now.objects == before->objects, "%s: %ld objects more", where, (long)(now.objects - before->objects));
    CHECKF(now.free_pages == before->free_pages, "%s: %ld pages missing", where,
           (long)(before->free_pages - now.free_pages));
    CHECKF(now.committed == before->committed, "%s: %ld pages promised", where,
           (long)(now.committed - before->committed));
}
