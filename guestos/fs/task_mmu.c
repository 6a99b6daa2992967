/*
 * What /proc tells of an address space: its regions (maps), what of them is in memory and whose it is (smaps), and
 * each page of it (pagemap). Everything is read from the VMAs and the page tables at the moment of the call; nothing
 * is faulted in and nothing changes, but by clear_refs.
 *
 * Of a page that n entries map, an n-th is counted in Pss, so that the Pss of all processes add up to what is used.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "lib/text.h"

/* ---- entries ---- */

/* Calls visit for each entry of [start, end) in vma that is not empty, in order. mmap_sem is held; visit may not sleep. */
static void walk_entries(const struct vm_area_struct *vma, unsigned long start, unsigned long end,
                         void (*visit)(const struct vm_area_struct *vma, unsigned long address, pte_t *ptep,
                                       void *data),
                         void *data)
{
    for (unsigned long at = start; at < end; at += PAGE_SIZE) {
        pte_t *ptep = walk_to_pte(vma->vm_mm, at);

        if (!ptep)
            at = (at | ~PGDIR_MASK) - (PAGE_SIZE - 1); /* on to the next table */
        else if (!pte_none(*ptep))
            visit(vma, at, ptep, data);
    }
}

static bool vma_is_shmem(const struct vm_area_struct *vma)
{
    const struct inode *inode = vma->vm_file ? vma->vm_file->f_inode : NULL;

    return inode && inode->i_sb && strcmp(inode->i_sb->s_type, "tmpfs") == 0;
}

/* ---- maps ---- */

#define MAPS_NAME_COLUMN 49

static const char *special_name(const struct mm_struct *mm, struct vm_area_struct *vma)
{
    if (vma->vm_ops && vma->vm_ops->name)
        return vma->vm_ops->name(vma);
    if (vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk && mm->start_brk)
        return "[heap]";
    return vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack ? "[stack]" : "";
}

static void maps_line(struct text *t, const struct mm_struct *mm, struct vm_area_struct *vma)
{
    const struct inode *inode = vma->vm_file ? vma->vm_file->f_inode : NULL;
    u32 dev = inode && inode->i_sb ? inode->i_sb->s_dev : 0, flags = (u32)vma->vm_flags;
    int start = t->length;
    char path[256];
    const char *name = vma->vm_file ? vma_file_name(vma, path, sizeof(path)) : special_name(mm, vma);

    text(t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %u ", vma->vm_start, vma->vm_end, flags & VM_READ ? 'r' : '-',
         flags & VM_WRITE ? 'w' : '-', flags & VM_EXEC ? 'x' : '-', flags & VM_MAYSHARE ? 's' : 'p',
         vma->vm_file ? vma->vm_pgoff << PAGE_SHIFT : 0, dev >> 8, dev & 0xff, inode ? inode->i_ino : 0);
    if (name && *name) {
        while (t->length - start < MAPS_NAME_COLUMN && t->length < t->size - 1)
            text(t, " ");
        text(t, "%s", name);
    }
    text(t, "\n");
}

int proc_pid_maps(struct mm_struct *mm, char *buf, int size)
{
    struct text t = {buf, size, 0};

    down_read(&mm->mmap_sem);
    for (struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next)
        maps_line(&t, mm, vma);
    up_read(&mm->mmap_sem);
    return t.length;
}

/* ---- smaps ---- */

#define PSS_SHIFT 12

/* Bytes; shares of pages are kept finer. */
struct mem_size_stats {
    unsigned long rss, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous, swap;
    u64 pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked, swap_pss;
};

static void add_share(struct mem_size_stats *stats, const struct vm_area_struct *vma, const struct page *page,
                      u64 share, bool dirty)
{
    stats->pss += share;
    if (dirty)
        stats->pss_dirty += share;
    if (vma->vm_flags & VM_LOCKED)
        stats->pss_locked += share;
    *(PageAnon(page) ? &stats->pss_anon : vma_is_shmem(vma) ? &stats->pss_shmem : &stats->pss_file) += share;
}

static void add_page(struct mem_size_stats *stats, const struct vm_area_struct *vma, const struct page *page, pte_t pte)
{
    bool dirty = pte_dirty(pte) || PageDirty(page), private = page_mapcount(page) == 1;

    stats->rss += PAGE_SIZE;
    if (PageAnon(page))
        stats->anonymous += PAGE_SIZE;
    if (pte_young(pte) || PageReferenced(page))
        stats->referenced += PAGE_SIZE;
    if (private)
        *(dirty ? &stats->private_dirty : &stats->private_clean) += PAGE_SIZE;
    else
        *(dirty ? &stats->shared_dirty : &stats->shared_clean) += PAGE_SIZE;
    add_share(stats, vma, page, ((u32)PAGE_SIZE << PSS_SHIFT) / (u32)page_mapcount(page), dirty);
}

static void smaps_entry(const struct vm_area_struct *vma, unsigned long address, pte_t *ptep, void *data)
{
    struct mem_size_stats *stats = data;
    const struct page *page;

    (void)address;
    if (pte_is_swap(*ptep)) {
        stats->swap += PAGE_SIZE;
        stats->swap_pss += (u64)PAGE_SIZE << PSS_SHIFT;
    }
    page = pte_present(*ptep) ? vm_normal_page(vma, *ptep) : NULL;
    if (page)
        add_page(stats, vma, page, *ptep);
}

static void size_line(struct text *t, const char *name, unsigned long bytes)
{
    text(t, "%-16s%8lu kB\n", name, bytes >> 10);
}

static void share_line(struct text *t, const char *name, u64 share)
{
    size_line(t, name, (unsigned long)(share >> PSS_SHIFT));
}

static void smaps_sizes(struct text *t, const struct mem_size_stats *stats, bool rollup)
{
    size_line(t, "Rss:", stats->rss);
    share_line(t, "Pss:", stats->pss);
    share_line(t, "Pss_Dirty:", stats->pss_dirty);
    if (rollup) {
        share_line(t, "Pss_Anon:", stats->pss_anon);
        share_line(t, "Pss_File:", stats->pss_file);
        share_line(t, "Pss_Shmem:", stats->pss_shmem);
    }
    size_line(t, "Shared_Clean:", stats->shared_clean);
    size_line(t, "Shared_Dirty:", stats->shared_dirty);
    size_line(t, "Private_Clean:", stats->private_clean);
    size_line(t, "Private_Dirty:", stats->private_dirty);
    size_line(t, "Referenced:", stats->referenced);
    size_line(t, "Anonymous:", stats->anonymous);
    size_line(t, "LazyFree:", 0);
    size_line(t, "AnonHugePages:", 0);
    size_line(t, "ShmemPmdMapped:", 0);
    size_line(t, "FilePmdMapped:", 0);
    size_line(t, "Shared_Hugetlb:", 0);
    size_line(t, "Private_Hugetlb:", 0);
    size_line(t, "Swap:", stats->swap);
    share_line(t, "SwapPss:", stats->swap_pss);
    share_line(t, "Locked:", stats->pss_locked);
}

static void smaps_flags(struct text *t, unsigned long vm_flags)
{
    static const struct {
        unsigned long flag;
        char name[3];
    } names[] = {{VM_READ, "rd"},      {VM_WRITE, "wr"},     {VM_EXEC, "ex"},     {VM_SHARED, "sh"},
                 {VM_MAYREAD, "mr"},   {VM_MAYWRITE, "mw"},  {VM_MAYEXEC, "me"},  {VM_MAYSHARE, "ms"},
                 {VM_GROWSDOWN, "gd"}, {VM_PFNMAP, "pf"},    {VM_LOCKED, "lo"},   {VM_IO, "io"},
                 {VM_SEQ_READ, "sr"},  {VM_RAND_READ, "rr"}, {VM_DONTCOPY, "dc"}, {VM_DONTEXPAND, "de"},
                 {VM_ACCOUNT, "ac"},   {VM_NORESERVE, "nr"}, {VM_NONLINEAR, "nl"}};

    text(t, "VmFlags: ");
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (vm_flags & names[i].flag)
            text(t, "%s ", names[i].name);
    text(t, "\n");
}

static void smaps_vma(struct text *t, const struct mm_struct *mm, struct vm_area_struct *vma)
{
    struct mem_size_stats stats = {0};

    walk_entries(vma, vma->vm_start, vma->vm_end, smaps_entry, &stats);
    maps_line(t, mm, vma);
    size_line(t, "Size:", vma->vm_end - vma->vm_start);
    size_line(t, "KernelPageSize:", PAGE_SIZE);
    size_line(t, "MMUPageSize:", PAGE_SIZE);
    smaps_sizes(t, &stats, false);
    text(t, "THPeligible:    %8u\n", 0u);
    smaps_flags(t, vma->vm_flags);
}

int proc_pid_smaps(struct mm_struct *mm, char *buf, int size)
{
    struct text t = {buf, size, 0};

    down_read(&mm->mmap_sem);
    for (struct vm_area_struct *vma = mm->mmap; vma && t.length < size - 1; vma = vma->vm_next)
        smaps_vma(&t, mm, vma);
    up_read(&mm->mmap_sem);
    return t.length;
}

int proc_pid_smaps_rollup(struct mm_struct *mm, char *buf, int size)
{
    struct text t = {buf, size, 0};
    struct mem_size_stats stats = {0};
    unsigned long end = 0;

    down_read(&mm->mmap_sem);
    for (struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next) {
        walk_entries(vma, vma->vm_start, vma->vm_end, smaps_entry, &stats);
        end = vma->vm_end;
    }
    text(&t, "%08lx-%08lx ---p 00000000 00:00 0 ", mm->mmap ? mm->mmap->vm_start : 0, end);
    while (t.length < MAPS_NAME_COLUMN && t.length < size - 1)
        text(&t, " ");
    text(&t, "[rollup]\n");
    smaps_sizes(&t, &stats, true);
    up_read(&mm->mmap_sem);
    return t.length;
}

/* ---- status and statm ---- */

static void count_file_entry(const struct vm_area_struct *vma, unsigned long address, pte_t *ptep, void *data)
{
    const struct page *page = pte_present(*ptep) ? vm_normal_page(vma, *ptep) : NULL;

    (void)address;
    if (page && !PageAnon(page))
        ++*(unsigned long *)data;
}

/* Part of file_rss: pages of tmpfs and of shared memory without a name. */
static unsigned long shmem_rss(struct mm_struct *mm)
{
    unsigned long pages = 0;

    down_read(&mm->mmap_sem);
    for (const struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next)
        if (vma_is_shmem(vma))
            walk_entries(vma, vma->vm_start, vma->vm_end, count_file_entry, &pages);
    up_read(&mm->mmap_sem);
    return pages;
}

static unsigned long text_pages(const struct mm_struct *mm)
{
    return (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
}

static void pages_line(struct text *t, const char *name, unsigned long pages)
{
    text(t, "%s:\t%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

int proc_pid_status_mm(struct mm_struct *mm, char *buf, int size)
{
    struct text t = {buf, size, 0};
    unsigned long shmem = shmem_rss(mm), rss = mm->anon_rss + mm->file_rss, code = text_pages(mm);

    pages_line(&t, "VmPeak", max_t(unsigned long, mm->hiwater_vm, mm->total_vm));
    pages_line(&t, "VmSize", mm->total_vm);
    pages_line(&t, "VmLck", mm->locked_vm);
    pages_line(&t, "VmPin", 0);
    pages_line(&t, "VmHWM", max_t(unsigned long, mm->hiwater_rss, rss));
    pages_line(&t, "VmRSS", rss);
    pages_line(&t, "RssAnon", mm->anon_rss);
    pages_line(&t, "RssFile", mm->file_rss - min_t(unsigned long, shmem, mm->file_rss));
    pages_line(&t, "RssShmem", shmem);
    pages_line(&t, "VmData", mm->data_vm);
    pages_line(&t, "VmStk", mm->stack_vm);
    pages_line(&t, "VmExe", code);
    pages_line(&t, "VmLib", mm->exec_vm - min_t(unsigned long, code, mm->exec_vm));
    pages_line(&t, "VmPTE", mm->nr_ptes);
    pages_line(&t, "VmSwap", mm->swap_usage);
    return t.length;
}

int proc_pid_statm(const struct mm_struct *mm, char *buf, int size)
{
    struct text t = {buf, size, 0};

    text(&t, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm, mm->anon_rss + mm->file_rss, mm->file_rss, text_pages(mm),
         mm->data_vm + mm->stack_vm);
    return t.length;
}

/* ---- pagemap ---- */

#define PM_PRESENT (1ull << 63)
#define PM_SWAP (1ull << 62)
#define PM_FILE (1ull << 61) /* of a file, or shared */
#define PM_MMAP_EXCLUSIVE (1ull << 56)
#define PM_TYPE_BITS 5

static u64 pagemap_entry(const struct vm_area_struct *vma, pte_t pte, bool show_pfn)
{
    const struct page *page;

    if (pte_is_swap(pte))
        return PM_SWAP | (show_pfn ? (u64)pte_swap_offset(pte) << PM_TYPE_BITS | pte_swap_type(pte) : 0);
    if (!pte_present(pte))
        return 0;
    page = vm_normal_page(vma, pte);
    return PM_PRESENT | (show_pfn ? pte_pfn(pte) : 0) | (page && !PageAnon(page) ? PM_FILE : 0) |
           (page && page_mapcount(page) == 1 ? PM_MMAP_EXCLUSIVE : 0);
}

void proc_pid_pagemap(struct mm_struct *mm, unsigned long first, unsigned count, bool show_pfn, u64 *entries)
{
    down_read(&mm->mmap_sem);
    for (unsigned i = 0; i < count; i++) {
        unsigned long address = (first + i) << PAGE_SHIFT;
        const struct vm_area_struct *vma = find_vma(mm, address);
        const pte_t *ptep = vma && vma->vm_start <= address ? walk_to_pte(mm, address) : NULL;

        entries[i] = ptep ? pagemap_entry(vma, *ptep, show_pfn) : 0;
    }
    up_read(&mm->mmap_sem);
}

/* ---- clear_refs ---- */

static void clear_entry(const struct vm_area_struct *vma, unsigned long address, pte_t *ptep, void *data)
{
    struct page *page = pte_present(*ptep) ? vm_normal_page(vma, *ptep) : NULL;

    (void)data;
    if (!page)
        return;
    ClearPageReferenced(page);
    if (pte_young(*ptep)) {
        set_pte(ptep, pte_mkold(*ptep));
        flush_tlb_page(vma, address);
    }
}

void clear_refs(struct mm_struct *mm, enum clear_refs_type type)
{
    down_read(&mm->mmap_sem);
    for (const struct vm_area_struct *vma = mm->mmap; vma; vma = vma->vm_next)
        if (type == CLEAR_REFS_ALL || (type == CLEAR_REFS_ANON && !vma->vm_file) ||
            (type == CLEAR_REFS_MAPPED && vma->vm_file))
            walk_entries(vma, vma->vm_start, vma->vm_end, clear_entry, NULL);
    if (type == CLEAR_REFS_MM_HIWATER_RSS)
        mm->hiwater_rss = mm->anon_rss + mm->file_rss;
    up_read(&mm->mmap_sem);
}
