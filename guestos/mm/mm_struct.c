/*
 * The life of an address space. mm_users counts tasks in it, and all of them together are one of mm_count's references;
 * the others are borrowers of its page directory (a kernel thread that runs on the tables of the task before it).
 *
 *   mm_alloc / dup_mm   mm_users 1, mm_count 1
 *   mmput               last user: everything is unmapped, files are let go, one mm_count less
 *   mmdrop              last reference: directory and structure are freed
 */
#include "mm/internal.h"
#include "mm/swap.h"

static kmem_cache_t *mm_cachep;

struct mm_struct init_mm = {
    .mm_rb = {NULL},
    .pgd = swapper_pg_dir,
    .mm_users = ATOMIC_INIT(2),
    .mm_count = ATOMIC_INIT(1),
    .mmap_sem = RWSEM_INIT(init_mm.mmap_sem),
    .mmlist = LIST_HEAD_INIT(init_mm.mmlist),
    .task_size = TASK_SIZE,
};

void mm_late_init(void)
{
    mm_cachep = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 0, SLAB_PANIC, NULL);
    vma_init();
    anon_vma_init();
    memory_init();
}

/* Gives mm what no two share. false: no memory; mm is freed. */
static bool mm_init(struct mm_struct *mm)
{
    mm->mmap = NULL;
    mm->mm_rb = RB_ROOT;
    mm->mmap_cache = NULL;
    mm->map_count = 0;
    atomic_set(&mm->mm_users, 1);
    atomic_set(&mm->mm_count, 1);
    init_rwsem(&mm->mmap_sem);
    mm->total_vm = mm->locked_vm = mm->shared_vm = mm->exec_vm = mm->stack_vm = mm->data_vm = mm->reserved_vm = 0;
    mm->nr_ptes = mm->file_rss = mm->anon_rss = mm->hiwater_rss = mm->hiwater_vm = 0;
    mm->swap_usage = 0;
    mm->def_flags = 0;
    mm->pgd = pgd_alloc();
    if (!mm->pgd) {
        kmem_cache_free(mm_cachep, mm);
        return false;
    }
    list_add_tail(&mm->mmlist, &init_mm.mmlist);
    return true;
}

struct mm_struct *mm_alloc(void)
{
    struct mm_struct *mm = kmem_cache_zalloc(mm_cachep, GFP_KERNEL);

    if (!mm || !mm_init(mm))
        return NULL;
    arch_pick_mmap_layout(mm);
    return mm;
}

void mmdrop(struct mm_struct *mm)
{
    if (!atomic_dec_and_test(&mm->mm_count))
        return;
    BUG_ON(mm == &init_mm);
    pgd_free(mm->pgd);
    kmem_cache_free(mm_cachep, mm);
}

/* The last address space is gone: nothing of any may be left. */
static void check_leaks(void)
{
    unsigned long anon = global_page_state(NR_ANON_PAGES), mapped = global_page_state(NR_FILE_MAPPED);
    unsigned long tables = global_page_state(NR_PAGETABLE);

    if (anon || mapped || tables || vm_committed_space != shmem_committed)
        panic("mm: left over by all processes: %lu anonymous and %lu file pages, %lu page tables, %lu pages promised",
              anon, mapped, tables, vm_committed_space - shmem_committed);
}

void mmput(struct mm_struct *mm)
{
    if (!atomic_dec_and_test(&mm->mm_users))
        return;
    if (CONFIG_DEBUG_VM)
        check_mm(mm);
    if (unlikely(MM_CHECK_DUE_RARELY())) {
        check_mapcounts();
        check_swap_map();
        check_lru();
    }
    exit_mmap(mm);
    list_del(&mm->mmlist);
    if (CONFIG_DEBUG_VM && list_empty(&init_mm.mmlist))
        check_leaks();
    if (mm->exe_file)
        fput(mm->exe_file);
    mm->exe_file = NULL;
    mmdrop(mm);
}

/* ---- fork ---- */

/* The child's copy of one VMA with its entries; 0 or -ENOMEM. What was inserted stays for mmput() to clean. */
static int dup_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
    bool charged = vma->vm_flags & VM_ACCOUNT;
    struct vm_area_struct *copy;

    if (charged && security_vm_enough_memory(vma_pages(vma)))
        return -ENOMEM;
    copy = vma_copy(vma);
    if (!copy) {
        if (charged)
            vm_unacct_memory(vma_pages(vma));
        return -ENOMEM;
    }
    copy->vm_mm = mm;
    copy->vm_flags &= ~(unsigned long)VM_LOCKED; /* locks are not inherited */
    insert_vm_struct(mm, copy);
    vm_stat_account(mm, copy->vm_flags, copy->vm_file, (long)vma_pages(copy));
    return copy_page_range(mm, vma->vm_mm, vma);
}

static int dup_mmap(struct mm_struct *mm, struct mm_struct *from)
{
    int error = 0;

    down_write(&from->mmap_sem);
    for (struct vm_area_struct *vma = from->mmap; vma && !error; vma = vma->vm_next)
        if (!(vma->vm_flags & VM_DONTCOPY))
            error = dup_vma(mm, vma);
    up_write(&from->mmap_sem);
    return error;
}

struct mm_struct *dup_mm(struct mm_struct *from)
{
    struct mm_struct *mm = kmem_cache_alloc(mm_cachep, GFP_KERNEL);

    if (!mm)
        return NULL;
    *mm = *from;
    if (!mm_init(mm))
        return NULL;
    if (mm->exe_file)
        get_file(mm->exe_file);
    if (dup_mmap(mm, from)) {
        mmput(mm);
        return NULL;
    }
    mm->hiwater_rss = mm->file_rss + mm->anon_rss;
    if (unlikely(MM_CHECK_DUE_RARELY())) {
        check_mapcounts();
        check_swap_map();
    }
    return mm;
}

/* ---- access from outside ---- */

/* The page at address, present and, for a write, writable; reference taken. NULL: no such memory, or none left. */
static struct page *get_user_page(struct mm_struct *mm, unsigned long address, bool write)
{
    struct vm_area_struct *vma = find_vma(mm, address);

    if (vma && address < vma->vm_start && expand_stack(vma, address))
        return NULL;
    if (!vma || !(vma->vm_flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC)))
        return NULL;
    for (;;) {
        pte_t *ptep = walk_to_pte(mm, address);
        unsigned result;

        if (ptep && pte_present(*ptep) && (!write || pte_write(*ptep))) {
            struct page *page = pfn_to_page(pte_pfn(*ptep));
            get_page(page);
            return page;
        }
        result = handle_mm_fault(mm, vma, address, write);
        if (result & (VM_FAULT_OOM | VM_FAULT_SIGBUS))
            return NULL;
    }
}

/* Within one page. */
static void copy_user_page(struct page *page, unsigned long offset, void *buf, unsigned long bytes, bool write)
{
    char *window = kmap(page);

    if (write) {
        memcpy(window + offset, buf, bytes);
        set_page_dirty(page);
    } else {
        memcpy(buf, window + offset, bytes);
    }
    kunmap(page);
}

int access_process_vm(struct mm_struct *mm, unsigned long addr, void *buf, int len, int write)
{
    int done = 0;

    down_read(&mm->mmap_sem);
    while (done < len) {
        unsigned long at = addr + (unsigned long)done, offset = at & ~PAGE_MASK;
        unsigned long bytes = min_t(unsigned long, (unsigned long)(len - done), PAGE_SIZE - offset);
        struct page *page = at < mm->task_size ? get_user_page(mm, at, write) : NULL;

        if (!page)
            break;
        copy_user_page(page, offset, (char *)buf + done, bytes, write);
        put_page(page);
        done += (int)bytes;
    }
    up_read(&mm->mmap_sem);
    return done;
}

/* In order, up to the first page that cannot be had: -EFAULT; -ENOMEM when it is not even mapped. mmap_sem is held. */
int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    for (unsigned long at = start; at < end; at += PAGE_SIZE) {
        struct vm_area_struct *vma = find_vma(mm, at);
        struct page *page;

        if (!vma || vma->vm_start > at)
            return -ENOMEM;
        page = get_user_page(mm, at, (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE);
        if (!page)
            return -EFAULT;
        put_page(page);
    }
    return 0;
}

int make_pages_present(struct mm_struct *mm, unsigned long start, unsigned long end)
{
    int error;

    down_read(&mm->mmap_sem);
    error = populate_range(mm, start, end);
    up_read(&mm->mmap_sem);
    return error;
}

/* ---- checker ---- */

/* Adds delta to _mapcount of every page, once for each entry of mm that names it. */
static void add_to_mapcounts(struct mm_struct *mm, int delta)
{
    for (const struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next) {
        for (unsigned long at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE) {
            const pte_t *ptep = walk_to_pte(mm, at);
            struct page *page = NULL;

            if (!ptep) {
                at |= PGDIR_SIZE - PAGE_SIZE; /* the next step leaves this table */
                continue;
            }
            if (pte_present(*ptep))
                page = vm_normal_page(vma, *ptep);
            if (page)
                atomic_add(delta, &page->_mapcount);
        }
    }
}

/* Takes every entry's share off; then each count must be back at -1. */
void check_mapcounts(void)
{
    const struct mm_struct *mm;

    list_for_each_entry (mm, &init_mm.mmlist, mmlist)
        add_to_mapcounts((struct mm_struct *)mm, -1);
    for (struct page *page = pfn_to_page(contig_page_data.node_start_pfn); page < mem_map + max_mapnr; page++)
        if (page_mapcount(page))
            page_state_broken(page, "_mapcount is not the number of entries that map it (difference shown)");
    list_for_each_entry (mm, &init_mm.mmlist, mmlist)
        add_to_mapcounts((struct mm_struct *)mm, 1);
}
