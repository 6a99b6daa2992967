/*
 * mmap, munmap and brk: promises of memory. Nothing here touches a page table except to take mappings away; frames
 * come with the first access (memory.c).
 *
 *   0 .. | program, heap -> ... free ... <- mmap area | gap for the stack | <- stack |  task_size
 *                                               mmap_base
 *
 * The mmap area is filled from mmap_base downwards, each time into the highest hole that is large enough; only when
 * there is none, upwards from a third of the space. A region that grows downwards keeps STACK_GUARD_GAP free below it.
 *
 * Results and their order of precedence are those of today's Linux: programs compare.
 */
#include "mm/internal.h"

#define TASK_UNMAPPED_BASE PAGE_ALIGN(TASK_SIZE / 3)
#define MIN_STACK_GAP (128UL << 20)

#define OVERCOMMIT_GUESS 0
#define OVERCOMMIT_ALWAYS 1
#define OVERCOMMIT_NEVER 2

unsigned long vm_committed_space;
unsigned long total_swap_pages;
int sysctl_overcommit_memory = OVERCOMMIT_GUESS;
int sysctl_overcommit_ratio = 50;

/* A mapping that is being made. */
struct mmap_request {
    struct mm_struct *mm;
    struct file *file; /* reference of its own once the mapping is shared anonymous memory */
    unsigned long addr, len, vm_flags, pgoff;
};

/* ---- limits ---- */

static bool is_data_mapping(unsigned long vm_flags)
{
    return (vm_flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

bool may_expand_vm(const struct mm_struct *mm, unsigned long vm_flags, unsigned long pages)
{
    const struct rlimit *limits = current->rlim;

    if (mm->total_vm + pages > limits[RLIMIT_AS].rlim_cur >> PAGE_SHIFT)
        return false;
    return !is_data_mapping(vm_flags) || mm->data_vm + pages <= limits[RLIMIT_DATA].rlim_cur >> PAGE_SHIFT;
}

void vm_stat_account(struct mm_struct *mm, unsigned long vm_flags, const struct file *file, long pages)
{
    mm->total_vm += (unsigned long)pages;
    mm->hiwater_vm = max_t(unsigned long, mm->hiwater_vm, mm->total_vm);
    if (vm_flags & VM_LOCKED)
        mm->locked_vm += (unsigned long)pages;
    if (file)
        mm->shared_vm += (unsigned long)pages;
    if ((vm_flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC)
        mm->exec_vm += (unsigned long)pages;
    if (vm_flags & VM_GROWSDOWN)
        mm->stack_vm += (unsigned long)pages;
    if (is_data_mapping(vm_flags))
        mm->data_vm += (unsigned long)pages;
}

/* Mode 0 refuses only what could never be: more in one request than there is memory. */
int security_vm_enough_memory(unsigned long pages)
{
    unsigned long all = totalram_pages + total_swap_pages;
    unsigned long allowed = totalram_pages / 100 * (unsigned long)sysctl_overcommit_ratio + total_swap_pages;

    if (sysctl_overcommit_memory == OVERCOMMIT_GUESS && pages > all)
        return -ENOMEM;
    if (sysctl_overcommit_memory == OVERCOMMIT_NEVER && vm_committed_space + pages > allowed)
        return -ENOMEM;
    vm_committed_space += pages;
    return 0;
}

bool accountable_mapping(const struct file *file, unsigned long vm_flags)
{
    (void)file;
    return (vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

bool mlock_future_ok(const struct mm_struct *mm, unsigned long vm_flags, unsigned long pages)
{
    if (!(vm_flags & VM_LOCKED) || current->euid == 0)
        return true;
    return mm->locked_vm + pages <= current->rlim[RLIMIT_MEMLOCK].rlim_cur >> PAGE_SHIFT;
}

/* ---- finding a place ---- */

/* Room for the stack to grow to its limit, within reason; no randomness: two runs are alike. */
void arch_pick_mmap_layout(struct mm_struct *mm)
{
    unsigned long gap = current->rlim[RLIMIT_STACK].rlim_cur, most = TASK_SIZE / 6 * 5;

    gap = gap > most - STACK_GUARD_GAP ? most : gap + STACK_GUARD_GAP;
    gap = max_t(unsigned long, gap, MIN_STACK_GAP);
    mm->task_size = TASK_SIZE;
    mm->mmap_base = PAGE_ALIGN(TASK_SIZE - gap);
}

/* The highest hole below `limit`; an error (in the pointer range) when there is none. */
static unsigned long search_down(struct mm_struct *mm, unsigned long limit, unsigned long len)
{
    struct vm_area_struct *prev, *vma = find_vma_prev(mm, limit, &prev);
    unsigned long top = vma ? min_t(unsigned long, limit, vm_start_gap(vma)) : limit;

    for (;;) {
        unsigned long bottom = max_t(unsigned long, MMAP_MIN_ADDR, prev ? prev->vm_end : 0);

        if (top >= bottom && top - bottom >= len)
            return top - len;
        if (!prev)
            return (unsigned long)-ENOMEM;
        top = min_t(unsigned long, top, vm_start_gap(prev));
        vma = prev;
        find_vma_prev(mm, vma->vm_start, &prev);
    }
}

/* The lowest hole at or above `from`. */
static unsigned long search_up(struct mm_struct *mm, unsigned long from, unsigned long len)
{
    for (struct vm_area_struct *vma = find_vma(mm, from);; vma = vma->vm_next) {
        unsigned long top = vma ? vm_start_gap(vma) : mm->task_size;

        if (top > from && top - from >= len)
            return from;
        if (!vma)
            return (unsigned long)-ENOMEM;
        from = max_t(unsigned long, from, vma->vm_end);
    }
}

static bool hint_is_free(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
    const struct vm_area_struct *vma;

    if (addr < MMAP_MIN_ADDR || addr > mm->task_size - len)
        return false;
    vma = find_vma(mm, addr);
    return !vma || (addr < vma->vm_start && addr + len <= vm_start_gap(vma));
}

unsigned long get_unmapped_area(struct file *file, unsigned long addr, unsigned long len, unsigned long flags)
{
    struct mm_struct *mm = current_mm();
    unsigned long found;

    (void)file;
    if (len > mm->task_size)
        return (unsigned long)-ENOMEM;
    if (flags & MAP_FIXED) {
        if (addr > mm->task_size - len)
            return (unsigned long)-ENOMEM;
        if (addr & ~PAGE_MASK)
            return (unsigned long)-EINVAL;
        return addr < MMAP_MIN_ADDR && current->euid ? (unsigned long)-EPERM : addr;
    }
    addr = PAGE_ALIGN(addr);
    if (addr && hint_is_free(mm, addr, len))
        return addr;
    found = search_down(mm, mm->mmap_base, len);
    return IS_ERR_VALUE(found) ? search_up(mm, TASK_UNMAPPED_BASE, len) : found;
}

/* ---- mmap ---- */

static unsigned long prot_to_vm_flags(unsigned long prot)
{
    return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);
}

static unsigned long map_to_vm_flags(unsigned long flags)
{
    return (flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) | (flags & MAP_LOCKED ? VM_LOCKED : 0) |
           (flags & MAP_NORESERVE && sysctl_overcommit_memory != OVERCOMMIT_NEVER ? VM_NORESERVE : 0);
}

#define LEGACY_MAP_MASK                                                                                                \
    (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE |           \
     MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_FIXED_NOREPLACE)

/* Flags that sharing and the way the file is open add; 0 or -errno. */
static int file_vm_flags(struct mmap_request *request, unsigned long prot, unsigned long flags)
{
    const struct file *file = request->file;
    u32 access = file->f_flags & O_ACCMODE;
    unsigned long type = flags & MAP_TYPE;

    if (type == MAP_SHARED_VALIDATE && (flags & ~(LEGACY_MAP_MASK | MAP_SHARED_VALIDATE)))
        return -EOPNOTSUPP;
    if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type != MAP_PRIVATE) {
        if ((prot & PROT_WRITE) && access == O_RDONLY)
            return -EACCES;
        request->vm_flags |= VM_SHARED | VM_MAYSHARE;
        if (access == O_RDONLY)
            request->vm_flags &= ~(unsigned long)(VM_MAYWRITE | VM_SHARED);
    }
    if (access == O_WRONLY)
        return -EACCES;
    if (!file->f_op || !file->f_op->mmap)
        return -ENODEV;
    return request->vm_flags & VM_GROWSDOWN ? -EINVAL : 0;
}

static int anonymous_vm_flags(struct mmap_request *request, unsigned long flags)
{
    switch (flags & MAP_TYPE) {
    case MAP_SHARED:
        if (request->vm_flags & VM_GROWSDOWN)
            return -EINVAL;
        request->pgoff = 0;
        request->vm_flags |= VM_SHARED | VM_MAYSHARE;
        return 0;
    case MAP_PRIVATE: request->pgoff = request->addr >> PAGE_SHIFT; return 0;
    default: return -EINVAL;
    }
}

/* Pages of [start, end) that are mapped already. */
static unsigned long count_mapped(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    unsigned long pages = 0;

    for (const struct vm_area_struct *vma = find_vma(mm, start); vma && vma->vm_start < end; vma = vma->vm_next)
        pages += (min_t(unsigned long, end, vma->vm_end) - max_t(unsigned long, start, vma->vm_start)) >> PAGE_SHIFT;
    return pages;
}

/* The VMA's file, or the memory behind a shared anonymous mapping. On failure the VMA has no file. */
static int attach_file(struct vm_area_struct *vma, struct file *file)
{
    bool shared_memory = !file && (vma->vm_flags & VM_SHARED);
    int error;

    if (shared_memory)
        file = shmem_file_setup((loff_t)(vma->vm_end - vma->vm_start));
    if (IS_ERR(file))
        return (int)PTR_ERR(file);
    if (!file)
        return 0;
    if (!shared_memory)
        get_file(file);
    vma->vm_file = file;
    error = file->f_op->mmap(file, vma); /* may put another file in its place */
    if (!error)
        return 0;
    file = vma->vm_file;
    vma->vm_file = NULL;
    vma->vm_ops = NULL;
    fput(file);
    return error;
}

/* The range is free. Charges, makes and inserts the VMA; the address or -errno. */
static unsigned long make_mapping(const struct mmap_request *request)
{
    struct mm_struct *mm = request->mm;
    unsigned long pages = request->len >> PAGE_SHIFT, vm_flags = request->vm_flags;
    bool charged = accountable_mapping(request->file, vm_flags);
    struct vm_area_struct *vma;
    int error = -ENOMEM;

    if (charged && security_vm_enough_memory(pages))
        return (unsigned long)-ENOMEM;
    vm_flags |= charged ? VM_ACCOUNT : 0;
    vma = vma_alloc(mm, request->addr, request->addr + request->len, vm_flags);
    if (vma) {
        vma->vm_pgoff = request->pgoff;
        error = attach_file(vma, request->file);
        if (!error) {
            insert_vm_struct(mm, vma);
            vm_stat_account(mm, vm_flags, vma->vm_file, (long)pages);
            vma_merge_around(mm, vma);
            return request->addr;
        }
        vma_free(vma);
    }
    if (charged)
        vm_unacct_memory(pages);
    return (unsigned long)error;
}

static unsigned long mmap_region(const struct mmap_request *request)
{
    struct mm_struct *mm = request->mm;
    unsigned long pages = request->len >> PAGE_SHIFT, end = request->addr + request->len;
    unsigned long addr;
    int error;

    if (!may_expand_vm(mm, request->vm_flags, pages) &&
        !may_expand_vm(mm, request->vm_flags, pages - count_mapped(mm, request->addr, end)))
        return (unsigned long)-ENOMEM;
    /* Refused before the old mapping goes: shared anonymous memory is promised like any other. */
    if (!request->file && (request->vm_flags & VM_SHARED)) {
        if (security_vm_enough_memory(pages))
            return (unsigned long)-ENOMEM;
        vm_unacct_memory(pages);
    }
    error = do_munmap(mm, request->addr, request->len);
    if (error)
        return (unsigned long)error;
    addr = make_mapping(request);
    if (unlikely(MM_CHECK_DUE()))
        check_mm(mm);
    return addr;
}

/* Everything that is checked before the address space changes. */
static int prepare_mapping(struct mmap_request *request, unsigned long prot, unsigned long flags)
{
    struct mm_struct *mm = request->mm;
    struct vm_area_struct *vma;
    int error;

    if (request->pgoff + (request->len >> PAGE_SHIFT) < request->pgoff)
        return -EOVERFLOW;
    if (mm->map_count > sysctl_max_map_count)
        return -ENOMEM;
    request->addr = get_unmapped_area(request->file, request->addr, request->len, flags);
    if (IS_ERR_VALUE(request->addr))
        return (int)request->addr;
    if (flags & MAP_FIXED_NOREPLACE) {
        vma = find_vma(mm, request->addr);
        if (vma && vma->vm_start < request->addr + request->len)
            return -EEXIST;
    }
    request->vm_flags =
        prot_to_vm_flags(prot) | map_to_vm_flags(flags) | mm->def_flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
    if ((flags & MAP_LOCKED) && current->euid && !current->rlim[RLIMIT_MEMLOCK].rlim_cur)
        return -EPERM;
    if (!mlock_future_ok(mm, request->vm_flags, request->len >> PAGE_SHIFT))
        return -EAGAIN;
    error = request->file ? file_vm_flags(request, prot, flags) : anonymous_vm_flags(request, flags);
    return error;
}

unsigned long do_mmap_pgoff(struct file *file, unsigned long addr, unsigned long len, unsigned long prot,
                            unsigned long flags, unsigned long pgoff)
{
    struct mmap_request request = {.mm = current_mm(), .file = file, .pgoff = pgoff, .len = PAGE_ALIGN(len)};
    unsigned long result;
    int error;

    if (!len)
        return (unsigned long)-EINVAL;
    if (flags & MAP_FIXED_NOREPLACE)
        flags |= MAP_FIXED;
    request.addr = addr;
    if (!(flags & MAP_FIXED) && addr & PAGE_MASK)
        request.addr = max_t(unsigned long, addr &PAGE_MASK, MMAP_MIN_ADDR);
    if (!request.len)
        return (unsigned long)-ENOMEM;

    down_write(&request.mm->mmap_sem);
    error = prepare_mapping(&request, prot, flags);
    result = error ? (unsigned long)error : mmap_region(&request);
    up_write(&request.mm->mmap_sem);

    if (!IS_ERR_VALUE(result) &&
        ((request.vm_flags & VM_LOCKED) || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
        make_pages_present(request.mm, result, result + request.len);
    return result;
}

long sys_mmap2(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags, int fd,
               unsigned long pgoff)
{
    struct file *file = NULL;
    unsigned long result;

    if (!(flags & MAP_ANONYMOUS)) {
        file = fget((unsigned)fd);
        if (!file)
            return -EBADF;
    }
    result = do_mmap_pgoff(file, addr, len, prot, flags, pgoff);
    if (file)
        fput(file);
    return (long)result;
}

/* The i386's first mmap: six words in memory, the offset in bytes. */
long sys_old_mmap(const void __user *arg)
{
    u32 words[6];

    if (copy_from_user(words, arg, sizeof(words)))
        return -EFAULT;
    if (words[5] & ~PAGE_MASK)
        return -EINVAL;
    return sys_mmap2(words[0], words[1], words[2], words[3], (int)words[4], words[5] >> PAGE_SHIFT);
}

/* ---- munmap ---- */

/* The range is isolated: every VMA in it lies in it wholly. */
static void remove_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    struct vm_area_struct *prev, *vma = find_vma_prev(mm, start, &prev), *next;

    for (; vma && vma->vm_start < end; vma = next) {
        next = vma->vm_next;
        zap_page_range(vma, vma->vm_start, vma->vm_end);
        vm_stat_account(mm, vma->vm_flags, vma->vm_file, -(long)vma_pages(vma));
        if (vma->vm_flags & VM_ACCOUNT)
            vm_unacct_memory(vma_pages(vma));
        unlink_vma(mm, vma);
        vma_free(vma);
    }
    free_pgtables(mm, start, end, prev ? prev->vm_end : 0, vma ? vma->vm_start : mm->task_size);
}

int do_munmap(struct mm_struct *mm, unsigned long start, unsigned long len)
{
    unsigned long end;
    int error;

    if ((start & ~PAGE_MASK) || start > mm->task_size || len > mm->task_size - start)
        return -EINVAL;
    end = start + PAGE_ALIGN(len);
    if (end == start)
        return -EINVAL;
    error = isolate_range(mm, start, end);
    if (error)
        merge_range(mm, start, end);
    else
        remove_range(mm, start, end);
    if (unlikely(MM_CHECK_DUE()))
        check_mm(mm);
    return error;
}

long sys_munmap(unsigned long addr, unsigned long len)
{
    struct mm_struct *mm = current_mm();
    long result;

    down_write(&mm->mmap_sem);
    result = do_munmap(mm, addr, len);
    up_write(&mm->mmap_sem);
    return result;
}

/* mm has no user left. */
void exit_mmap(struct mm_struct *mm)
{
    remove_range(mm, 0, mm->task_size);
    if (mm->map_count || mm->nr_ptes || mm->anon_rss || mm->file_rss || mm->total_vm || mm->locked_vm)
        panic(
            "mm: left over at exit: %d VMAs, %lu page tables, %lu anonymous and %lu file pages, %lu mapped, %lu locked",
            mm->map_count, mm->nr_ptes, mm->anon_rss, mm->file_rss, mm->total_vm, mm->locked_vm);
}

/* ---- brk ---- */

/* mmap_sem held for writing, or mm not shared yet. */
static unsigned long do_brk_locked(unsigned long addr, unsigned long len)
{
    struct mmap_request request = {
        .mm = current_mm(),
        .addr = addr,
        .len = PAGE_ALIGN(len),
        .vm_flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
        .pgoff = addr >> PAGE_SHIFT,
    };
    unsigned long fixed;

    if (!request.len)
        return addr;
    request.vm_flags |= request.mm->def_flags;
    fixed = get_unmapped_area(NULL, addr, request.len, MAP_FIXED);
    if (IS_ERR_VALUE(fixed))
        return fixed;
    if (!mlock_future_ok(request.mm, request.vm_flags, request.len >> PAGE_SHIFT))
        return (unsigned long)-EAGAIN;
    if (request.mm->map_count > sysctl_max_map_count)
        return (unsigned long)-ENOMEM;
    return mmap_region(&request);
}

unsigned long do_brk(unsigned long addr, unsigned long len)
{
    struct mm_struct *mm = current_mm();
    unsigned long result;

    down_write(&mm->mmap_sem);
    result = do_brk_locked(addr, len);
    up_write(&mm->mmap_sem);
    if (!IS_ERR_VALUE(result) && (mm->def_flags & VM_LOCKED))
        make_pages_present(mm, result, result + PAGE_ALIGN(len));
    return result;
}

/* Data segment and heap together stay below RLIMIT_DATA. */
static bool brk_within_limit(const struct mm_struct *mm, unsigned long brk)
{
    unsigned long limit = current->rlim[RLIMIT_DATA].rlim_cur;
    unsigned long data = mm->end_data - mm->start_data, heap = brk - mm->start_brk;

    return limit == RLIM_INFINITY || (heap + data >= heap && heap + data <= limit);
}

/* Moves the end of the heap; false: it stays. */
static bool move_brk(struct mm_struct *mm, unsigned long brk)
{
    unsigned long from = PAGE_ALIGN(mm->brk), to = PAGE_ALIGN(brk);
    const struct vm_area_struct *next;

    if (brk < mm->start_brk || !brk_within_limit(mm, brk) || to < brk)
        return false;
    if (to < from)
        return do_munmap(mm, to, from - to) == 0;
    if (to == from)
        return true;
    /* A page stays free between the heap and what follows. */
    next = find_vma(mm, from);
    if (next && to + PAGE_SIZE > vm_start_gap(next))
        return false;
    return do_brk_locked(from, to - from) == from;
}

long sys_brk(unsigned long brk)
{
    struct mm_struct *mm = current_mm();
    unsigned long old = PAGE_ALIGN(mm->brk);
    long result;

    down_write(&mm->mmap_sem);
    if (move_brk(mm, brk))
        mm->brk = brk;
    result = (long)mm->brk;
    up_write(&mm->mmap_sem);
    if ((mm->def_flags & VM_LOCKED) && PAGE_ALIGN(mm->brk) > old)
        make_pages_present(mm, old, PAGE_ALIGN(mm->brk));
    return result;
}

/* ---- stack ---- */

#define INITIAL_STACK_PAGES 33UL /* what exec gives: 132 KiB, the rest grows on demand */

int setup_stack_vma(struct mm_struct *mm, unsigned long stack_top)
{
    unsigned long limit = ALIGN_DOWN(current->rlim[RLIMIT_STACK].rlim_cur, PAGE_SIZE);
    unsigned long size =
        min_t(unsigned long, INITIAL_STACK_PAGES << PAGE_SHIFT, max_t(unsigned long, limit, PAGE_SIZE));
    struct vm_area_struct *vma;

    if (security_vm_enough_memory(size >> PAGE_SHIFT))
        return -ENOMEM;
    vma = vma_alloc(mm, stack_top - size, stack_top, VM_STACK_FLAGS);
    if (!vma) {
        vm_unacct_memory(size >> PAGE_SHIFT);
        return -ENOMEM;
    }
    insert_vm_struct(mm, vma);
    vm_stat_account(mm, vma->vm_flags, NULL, (long)vma_pages(vma));
    return 0;
}

/* May the stack reach down to address? 0 or -errno. */
static int stack_may_grow(const struct vm_area_struct *vma, unsigned long address)
{
    unsigned long size = vma->vm_end - address, pages = (vma->vm_start - address) >> PAGE_SHIFT;
    struct vm_area_struct *prev;

    if (address < MMAP_MIN_ADDR)
        return -EPERM;
    find_vma_prev(vma->vm_mm, vma->vm_start, &prev);
    if (prev && prev->vm_end > address)
        return -ENOMEM;
    if (prev && !(prev->vm_flags & VM_GROWSDOWN) && vma_is_accessible(prev) && address - prev->vm_end < STACK_GUARD_GAP)
        return -ENOMEM;
    if (pages > vma->vm_pgoff || !may_expand_vm(vma->vm_mm, vma->vm_flags, pages))
        return -ENOMEM;
    if (size > current->rlim[RLIMIT_STACK].rlim_cur || !mlock_future_ok(vma->vm_mm, vma->vm_flags, pages))
        return -ENOMEM;
    return 0;
}

/* Anywhere within the limit, whatever the stack pointer says. */
int expand_stack(struct vm_area_struct *vma, unsigned long address)
{
    unsigned long pages;
    int error;

    address &= PAGE_MASK;
    if (!(vma->vm_flags & VM_GROWSDOWN))
        return -EFAULT;
    if (address >= vma->vm_start)
        return 0;
    error = stack_may_grow(vma, address);
    if (error)
        return error;
    pages = (vma->vm_start - address) >> PAGE_SHIFT;
    if ((vma->vm_flags & VM_ACCOUNT) && security_vm_enough_memory(pages))
        return -ENOMEM;
    vma_adjust(vma, address, vma->vm_end, vma->vm_pgoff - pages);
    vm_stat_account(vma->vm_mm, vma->vm_flags, vma->vm_file, (long)pages);
    return 0;
}
