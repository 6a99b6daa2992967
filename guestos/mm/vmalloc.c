/*
 * Memory that is contiguous in the kernel's addresses only.
 *
 *   VMALLOC_START                                                                    VMALLOC_END
 *   | area | guard | area ....... | guard |   hole   | area | guard | ...            |
 *
 * vmlist holds the areas in the order of addresses; each ends in a page that is never mapped, so that running off an
 * area faults. A new area goes into the first hole that is large enough.
 *
 * Tables are made in init_mm's directory alone, and never taken away again: an address space that fetched the entry of
 * its directory (arch/i386/mm/fault.c: vmalloc_sync) shares the very same table from then on and sees each later change
 * in it at once. So an entry of a directory is either missing or right, and there is nothing to tell anybody when an
 * area goes but the processor: entries are cleared, the TLB is flushed once, then the frames and the addresses are free.
 */
#include "mm/internal.h"
#include "mm/vmalloc.h"
#include "lib/text.h"

int kallsyms_text(unsigned long address, char *buf, int size);


struct vm_struct *vmlist;

static unsigned long start_of(const struct vm_struct *area) { return (unsigned long)area->addr; }
static unsigned long end_of(const struct vm_struct *area) { return start_of(area) + area->size; }
static unsigned long pages_of(const struct vm_struct *area) { return (area->size >> PAGE_SHIFT) - 1; }

bool is_vmalloc_addr(const void *addr)
{
    return (unsigned long)addr >= VMALLOC_START && (unsigned long)addr < VMALLOC_END;
}

/* ---- areas ---- */

/* Where the new area goes into the list; *address is set to its place. NULL: no hole is large enough. */
static struct vm_struct **find_hole(unsigned long size, unsigned long *address)
{
    struct vm_struct **link = &vmlist;

    *address = VMALLOC_START;
    for (; *link; link = &(*link)->next) {
        if (start_of(*link) - *address >= size)
            return link;
        *address = end_of(*link);
    }
    return VMALLOC_END - *address >= size ? link : NULL;
}

/* bytes > 0. NULL: no memory, or no addresses. */
static struct vm_struct *get_vm_area(unsigned long bytes, u32 flags, const void *caller)
{
    struct vm_struct *area, **link;
    unsigned long address, size = PAGE_ALIGN(bytes) + PAGE_SIZE;

    if (size <= bytes || size > VMALLOC_END - VMALLOC_START)
        return NULL;
    area = kzalloc(sizeof(*area), GFP_KERNEL);
    if (!area)
        return NULL;
    link = find_hole(size, &address);
    if (!link) {
        kfree(area);
        return NULL;
    }
    *area = (struct vm_struct){.next = *link, .addr = (void *)address, .size = size, .flags = flags, .caller = caller};
    *link = area;
    return area;
}

static struct vm_struct **find_link(const void *addr)
{
    struct vm_struct **link = &vmlist;

    while (*link && (*link)->addr != addr)
        link = &(*link)->next;
    return link;
}

/* ---- entries of init_mm ---- */

static pte_t *kernel_pte(unsigned long address)
{
    const pgd_t *pgd = pgd_offset_k(address);

    return pgd->pgd & _PAGE_PRESENT ? (pte_t *)__va(pgd->pgd & PTE_PFN_MASK) + pte_index(address) : NULL;
}

/* A table under init_mm's directory entry for address; false: no memory. It stays: no process's number of tables. */
static bool make_kernel_table(unsigned long address)
{
    struct page *table;

    if (kernel_pte(address))
        return true;
    table = alloc_page(GFP_KERNEL | __GFP_REPEAT | __GFP_ZERO);
    if (!table)
        return false;
    if (kernel_pte(address)) { /* another task made it while we slept */
        __free_pages(table, 0);
        return true;
    }
    SetPageTable(table);
    pgd_offset_k(address)->pgd = (u32)(page_to_pfn(table) << PAGE_SHIFT) | _KERNPG_TABLE;
    return true;
}

/* Tables for all of the area, before anything is mapped: what follows cannot fail. */
static bool make_tables(const struct vm_struct *area)
{
    for (unsigned long at = start_of(area) & PGDIR_MASK; at < end_of(area); at += PGDIR_SIZE)
        if (!make_kernel_table(at))
            return false;
    return true;
}

static void map_page(unsigned long address, unsigned long pfn, pgprot_t prot)
{
    pte_t *ptep = kernel_pte(address);

    BUG_ON(!pte_none(*ptep));
    set_pte(ptep, pfn_pte(pfn, prot));
}

static void unmap_area(const struct vm_struct *area)
{
    bool flush = false;

    for (unsigned long i = 0; i < pages_of(area); i++) {
        pte_t *ptep = kernel_pte(start_of(area) + (i << PAGE_SHIFT));

        if (ptep && !pte_none(*ptep)) {
            ptep_get_and_clear(ptep);
            flush = true;
        }
    }
    if (flush)
        flush_tlb_all();
}

static void check_if_wanted(void)
{
    if (MM_CHECK_DUE())
        check_vmalloc();
}

/* The addresses become free only now that nobody can reach anything through them. */
static void remove_vm_area(struct vm_struct *area)
{
    unmap_area(area);
    *find_link(area->addr) = area->next;
    kfree(area);
    check_if_wanted();
}

/* ---- frames ---- */

static void free_pages_of(const struct vm_struct *area)
{
    for (unsigned i = 0; i < area->nr_pages; i++)
        __free_pages(area->pages[i], 0);
    kvfree(area->pages);
}

/* Unmaps before the frames go. */
static void free_area(struct vm_struct *area)
{
    struct vm_struct contents = *area;

    remove_vm_area(area);
    free_pages_of(&contents);
}

static bool fill_area(struct vm_struct *area, gfp_t gfp)
{
    area->pages = kvmalloc(pages_of(area) * sizeof(struct page *));
    if (!area->pages)
        return false;
    while (area->nr_pages < pages_of(area)) {
        struct page *page = alloc_page(gfp | __GFP_HIGHMEM | __GFP_KERNEL_OWN);

        if (!page)
            return false;
        area->pages[area->nr_pages++] = page;
    }
    if (!make_tables(area))
        return false;
    for (unsigned i = 0; i < area->nr_pages; i++)
        map_page(start_of(area) + ((unsigned long)i << PAGE_SHIFT), page_to_pfn(area->pages[i]), PAGE_KERNEL);
    return true;
}

void *vmalloc_for(unsigned long size, gfp_t gfp, const void *caller)
{
    struct vm_struct *area;

    if (!size || PAGE_ALIGN(size) < size || PAGE_ALIGN(size) >> PAGE_SHIFT > totalram_pages)
        return NULL;
    area = get_vm_area(size, VM_ALLOC, caller);
    if (!area)
        return NULL;
    if (!fill_area(area, gfp)) {
        free_area(area);
        return NULL;
    }
    TRACE(FLT_VMALLOC, flt_vmalloc, .address = (u32)start_of(area), .pages = area->nr_pages);
    check_if_wanted();
    return area->addr;
}

void *vmalloc(unsigned long size) { return vmalloc_for(size, GFP_KERNEL, __builtin_return_address(0)); }
void *vzalloc(unsigned long size) { return vmalloc_for(size, GFP_KERNEL | __GFP_ZERO, __builtin_return_address(0)); }

void vfree(const void *addr)
{
    struct vm_struct *area;

    if (!addr)
        return;
    area = *find_link(addr);
    BUG_ON(!area || area->flags != VM_ALLOC);
    TRACE(FLT_VFREE, flt_vmalloc, .address = (u32)start_of(area), .pages = area->nr_pages);
    free_area(area);
}

struct page *vmalloc_to_page(const void *addr)
{
    const pte_t *ptep = is_vmalloc_addr(addr) ? kernel_pte((unsigned long)addr) : NULL;

    return ptep && pte_present(*ptep) && pfn_valid(pte_pfn(*ptep)) ? pfn_to_page(pte_pfn(*ptep)) : NULL;
}

/* ---- frames of others ---- */

void *vmap(struct page **pages, unsigned count)
{
    struct vm_struct *area;

    if (!count || count > totalram_pages)
        return NULL;
    area = get_vm_area((unsigned long)count << PAGE_SHIFT, VM_MAP, __builtin_return_address(0));
    if (!area)
        return NULL;
    if (!make_tables(area)) {
        remove_vm_area(area);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++)
        map_page(start_of(area) + ((unsigned long)i << PAGE_SHIFT), page_to_pfn(pages[i]), PAGE_KERNEL);
    check_if_wanted();
    return area->addr;
}

void vunmap(const void *addr)
{
    struct vm_struct *area;

    if (!addr)
        return;
    area = *find_link(addr);
    BUG_ON(!area || area->flags != VM_MAP);
    remove_vm_area(area);
}

/* Memory that the kernel hands out must not be reachable uncached as well. */
static bool is_ordinary_ram(unsigned long first_pfn, unsigned long last_pfn)
{
    for (unsigned long pfn = first_pfn; pfn <= last_pfn && pfn_valid(pfn); pfn++)
        if (!PageReserved(pfn_to_page(pfn)))
            return true;
    return false;
}

void *ioremap(unsigned long phys, unsigned long size)
{
    unsigned long first = phys >> PAGE_SHIFT, last = (phys + size - 1) >> PAGE_SHIFT;
    struct vm_struct *area;

    if (!size || phys + size - 1 < phys || is_ordinary_ram(first, last))
        return NULL;
    area = get_vm_area((last - first + 1) << PAGE_SHIFT, VM_IOREMAP, __builtin_return_address(0));
    if (!area)
        return NULL;
    if (!make_tables(area)) {
        remove_vm_area(area);
        return NULL;
    }
    area->phys_addr = first << PAGE_SHIFT;
    for (unsigned long pfn = first; pfn <= last; pfn++)
        map_page(start_of(area) + ((pfn - first) << PAGE_SHIFT), pfn, PAGE_KERNEL_NOCACHE);
    check_if_wanted();
    return (char *)area->addr + (phys & ~PAGE_MASK);
}

void iounmap(volatile void *addr)
{
    struct vm_struct *area;

    if (!addr)
        return;
    area = *find_link((const void *)((unsigned long)addr & PAGE_MASK));
    BUG_ON(!area || area->flags != VM_IOREMAP);
    remove_vm_area(area);
}

/* ---- numbers ---- */

void get_vmalloc_info(struct vmalloc_info *info)
{
    unsigned long at = VMALLOC_START;

    *info = (struct vmalloc_info){0, 0};
    for (const struct vm_struct *area = vmlist; area; area = area->next) {
        info->used += area->size;
        info->largest_chunk = max_t(unsigned long, info->largest_chunk, start_of(area) - at);
        at = end_of(area);
    }
    info->largest_chunk = max_t(unsigned long, info->largest_chunk, VMALLOC_END - at);
}

int proc_vmallocinfo(char *buf, int size)
{
    static const char *const kinds[] = {[VM_IOREMAP] = "ioremap", [VM_ALLOC] = "vmalloc", [VM_MAP] = "vmap"};
    struct text t = {buf, size, 0};
    char caller[64];

    for (const struct vm_struct *area = vmlist; area; area = area->next) {
        text(&t, "0x%08lx-0x%08lx %7lu", start_of(area), end_of(area), area->size);
        if (kallsyms_text((unsigned long)area->caller, caller, sizeof(caller)) > 0)
            text(&t, " %s", caller);
        if (area->nr_pages)
            text(&t, " pages=%u", area->nr_pages);
        if (area->phys_addr)
            text(&t, " phys=0x%08lx", area->phys_addr);
        text(&t, " %s\n", kinds[area->flags]);
    }
    return t.length;
}

/* ---- checker ---- */

static void check_unmapped(unsigned long start, unsigned long end)
{
    for (unsigned long at = start; at < end; at += PAGE_SIZE) {
        const pte_t *ptep = kernel_pte(at);

        if (!ptep)
            at = (at | ~PGDIR_MASK) - (PAGE_SIZE - 1); /* on to the next table */
        else if (!pte_none(*ptep))
            panic("vmalloc: entry %08x at %08lx, which is in no area", ptep->pte, at);
    }
}

/* An area that is being filled is mapped nowhere yet; a mapped one is mapped whole. */
static void check_area(const struct vm_struct *area)
{
    const pte_t *first = kernel_pte(start_of(area));
    bool mapped = first && !pte_none(*first);

    for (unsigned long i = 0; i < pages_of(area); i++) {
        const pte_t *ptep = kernel_pte(start_of(area) + (i << PAGE_SHIFT));

        if (mapped != (ptep && !pte_none(*ptep)))
            panic("vmalloc: area %08lx is mapped in part only, not at page %lu", start_of(area), i);
        if (mapped && area->flags == VM_ALLOC && pte_pfn(*ptep) != page_to_pfn(area->pages[i]))
            panic("vmalloc: area %08lx maps frame %05lx at page %lu", start_of(area), pte_pfn(*ptep), i);
    }
}

void check_vmalloc(void)
{
    unsigned long at = VMALLOC_START;

    for (const struct vm_struct *area = vmlist; area; area = area->next) {
        if (start_of(area) < at || end_of(area) > VMALLOC_END || area->size < 2 * PAGE_SIZE)
            panic("vmalloc: area [%08lx, %08lx) after %08lx", start_of(area), end_of(area), at);
        check_unmapped(at, start_of(area));
        check_area(area);
        check_unmapped(end_of(area) - PAGE_SIZE, end_of(area));
        at = end_of(area);
    }
    check_unmapped(at, VMALLOC_END);
}
