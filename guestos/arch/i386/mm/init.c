/*
 * From the firmware's map to running zones (include/kernel/init.h has the order).
 *
 *   setup_memory   e820 -> the limits below; bootmem with the kernel, the bitmap and the initrd taken
 *   paging_init    direct map, tables for the kmap window and the fixmaps; zones and mem_map
 *   mem_init       bootmem's free frames and high memory to the buddy system
 *
 *   0 ......... min_low_pfn ............. max_low_pfn = highstart_pfn ........... highend_pfn = max_pfn
 *   | kernel    | direct map, DMA + NORMAL |  HIGHMEM: kmap only                  |
 *
 * The direct map uses 4 MiB pages wherever 4 MiB are whole and ends with the RAM. Until paging_init, boot.S's mapping
 * of all that low memory could be is in use.
 */
#include "mm/internal.h"

unsigned long min_low_pfn, max_low_pfn, max_pfn, highstart_pfn, highend_pfn;
void *high_memory;
unsigned long num_physpages, totalram_pages, totalhigh_pages;
bool mm_check_always;
unsigned mm_check_interval = 1;

static u64 memory_limit;                   /* mem=, 0: none */
static unsigned long highmem_pages = ~0ul; /* highmem=, in pages; ~0: whatever does not fit the direct map */

/* "64M", "1G", "8192K", "0x100000" */
static u64 parse_bytes(const char *text)
{
    char *end;
    u64 value = simple_strtoul(text, &end, 0);

    switch (*end) {
    case 'G':
    case 'g': return value << 30;
    case 'M':
    case 'm': return value << 20;
    case 'K':
    case 'k': return value << 10;
    default: return value;
    }
}

/* The value of the word "name" in line (name ends in '=' or is the whole word), or NULL. */
static const char *find_word(const char *line, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = line; (at = strstr(at, name)); at++) {
        bool starts = at == line || at[-1] == ' ';
        char after = at[length];

        if (starts && (name[length - 1] == '=' || after == ' ' || after == '\0'))
            return at + length;
    }
    return NULL;
}

void parse_mem_options(const char *cmdline)
{
    const char *value;

    if ((value = find_word(cmdline, "mem=")))
        memory_limit = parse_bytes(value);
    if ((value = find_word(cmdline, "highmem=")))
        highmem_pages = (unsigned long)(parse_bytes(value) >> PAGE_SHIFT);
    if ((value = find_word(cmdline, "mmcheck=")))
        mm_check_interval = max_t(unsigned, 1, (unsigned)parse_bytes(value));
    mm_check_always = value || find_word(cmdline, "mmcheck");
}

/* Splits [0, max_pfn) into the direct map and high memory. */
static unsigned long find_max_low_pfn(void)
{
    unsigned long low = min_t(unsigned long, max_pfn, MAXMEM >> PAGE_SHIFT);
    unsigned long least = min_t(unsigned long, low, max_t(unsigned long, MAX_DMA_PFN, min_low_pfn + 1024));

    if (highmem_pages == ~0ul || highmem_pages <= max_pfn - low)
        return low;
    if (highmem_pages > max_pfn - least) {
        printk(KERN_WARNING "highmem=: only %lu KiB can be high memory\n", (max_pfn - least) << (PAGE_SHIFT - 10));
        return least;
    }
    return max_pfn - highmem_pages;
}

/* The frames [start, start + size) of bootmem's bitmap: after the kernel, in RAM, clear of the initrd. */
static unsigned long place_bitmap(unsigned long pages)
{
    unsigned long need = (bootmem_bitmap_bytes(pages) + PAGE_SIZE - 1) >> PAGE_SHIFT;
    unsigned long initrd_first = initrd_start >> PAGE_SHIFT, initrd_last = (initrd_end + PAGE_SIZE - 1) >> PAGE_SHIFT;

    for (unsigned long pfn = min_low_pfn; pfn + need <= pages; pfn++) {
        if (pfn < initrd_last && initrd_first < pfn + need)
            continue;
        if (e820_ram_pages(&e820, pfn, pfn + need) == need)
            return pfn;
    }
    panic("bootmem: no room for the bitmap of %lu frames: the machine has too little memory", pages);
}

static void open_low_ram(void)
{
    unsigned long start, end;

    for (unsigned i = 0; e820_ram_range(&e820, i, &start, &end); i++) {
        end = min_t(unsigned long, end, max_low_pfn);
        if (start < end)
            free_bootmem(start << PAGE_SHIFT, (end - start) << PAGE_SHIFT);
    }
}

/* Loaders put the initrd at the top of memory: when that is high memory, it moves to where it can be read. */
static void keep_initrd(void)
{
    u32 size = initrd_end - initrd_start;
    void *low;

    if (initrd_start >= initrd_end)
        return;
    if (((initrd_end - 1) >> PAGE_SHIFT) < max_low_pfn) {
        reserve_bootmem(initrd_start, size);
        return;
    }
    if (initrd_end > MAXMEM)
        panic("initrd: [%08x, %08x) lies above the first 896 MiB", initrd_start, initrd_end);
    low = alloc_bootmem(size);
    memmove(low, __va(initrd_start), size); /* boot.S maps all of these 896 MiB */
    initrd_start = (u32)__pa(low);
    initrd_end = initrd_start + size;
}

void setup_memory(void)
{
    unsigned long bitmap_pfn;

    sanitize_e820_map(&e820);
    if (memory_limit)
        limit_e820_ram(&e820, memory_limit);
    min_low_pfn = (__pa(_end) + PAGE_SIZE - 1) >> PAGE_SHIFT;
    max_pfn = find_max_pfn(&e820);
    if (max_pfn <= min_low_pfn)
        panic("e820: RAM ends at %lu KiB, before the kernel does", max_pfn << (PAGE_SHIFT - 10));
    max_low_pfn = find_max_low_pfn();
    highstart_pfn = max_low_pfn;
    highend_pfn = max_pfn;
    high_memory = __va(max_low_pfn << PAGE_SHIFT);

    bitmap_pfn = place_bitmap(max_low_pfn);
    init_bootmem(bitmap_pfn, max_low_pfn);
    open_low_ram();
    reserve_bootmem(0, PAGE_SIZE); /* the BIOS's data, and so that no allocation is at address 0 */
    reserve_bootmem(__pa(_text), (unsigned long)(_end - _text));
    reserve_bootmem(bitmap_pfn << PAGE_SHIFT, bootmem_bitmap_bytes(max_low_pfn));
    keep_initrd();
}

/* Linear PAGE_OFFSET + [0, max_low_pfn): 4 MiB pages, and one table for what does not fill the last 4 MiB. */
static void map_low_memory(void)
{
    unsigned long whole = max_low_pfn / PTRS_PER_PTE, rest = max_low_pfn % PTRS_PER_PTE;
    unsigned first = pgd_index(PAGE_OFFSET);
    pte_t *tail = rest ? alloc_bootmem(PAGE_SIZE) : NULL;

    for (unsigned long i = 0; i < rest; i++)
        set_pte(&tail[i], pfn_pte(whole * PTRS_PER_PTE + i, PAGE_KERNEL));
    for (unsigned long i = 0; i < MAXMEM / PGDIR_SIZE; i++)
        swapper_pg_dir[first + i].pgd = i < whole ? (u32)(i << PGDIR_SHIFT) | _KERNPG_TABLE | _PAGE_PSE : 0;
    if (rest)
        swapper_pg_dir[first + whole].pgd = (u32)__pa(tail) | _KERNPG_TABLE;
    enable_paging_features();
    load_cr3((u32)__pa(swapper_pg_dir));
}

/* A fresh kernel table for the 4 MiB at address, in swapper_pg_dir and so in every address space made from it. */
static pte_t *new_kernel_table(unsigned long address)
{
    pte_t *table = alloc_bootmem(PAGE_SIZE);

    pgd_offset_k(address)->pgd = (u32)__pa(table) | _KERNPG_TABLE;
    return table;
}

static void mark_kernel_tables(void)
{
    SetPageTable(virt_to_page(swapper_pg_dir));
    for (unsigned i = USER_PTRS_PER_PGD; i < PTRS_PER_PGD; i++)
        if ((swapper_pg_dir[i].pgd & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT)
            SetPageTable(pfn_to_page(swapper_pg_dir[i].pgd >> PAGE_SHIFT));
}

void paging_init(void)
{
    const unsigned long max_zone_pfn[MAX_NR_ZONES] = {min_t(unsigned long, max_low_pfn, MAX_DMA_PFN), max_low_pfn,
                                                      highend_pfn};

    map_low_memory();
    pkmap_page_table = new_kernel_table(PKMAP_BASE);
    new_kernel_table(FIXADDR_START);
    numa_init();
    free_area_init_nodes(max_zone_pfn);
    mark_kernel_tables();
}

/* High memory has no bitmap: all of its RAM is free. */
static unsigned long free_high_memory(void)
{
    unsigned long start, end, given = 0;

    for (unsigned i = 0; e820_ram_range(&e820, i, &start, &end); i++) {
        start = max_t(unsigned long, start, highstart_pfn);
        if (start >= end)
            continue;
        free_reserved_range(start, end);
        given += end - start;
    }
    return given;
}

void mem_init(void)
{
    num_physpages = e820_ram_pages(&e820, 0, max_pfn);
    totalram_pages = free_all_bootmem();
    totalhigh_pages = free_high_memory();
    totalram_pages += totalhigh_pages;
    kmap_init();
    printk(KERN_INFO "Memory: %luk/%luk available (%luk kernel image, %luk highmem)\n",
           totalram_pages << (PAGE_SHIFT - 10), num_physpages << (PAGE_SHIFT - 10), (unsigned long)(_end - _text) >> 10,
           totalhigh_pages << (PAGE_SHIFT - 10));
}

/* Whole frames only: what shares a frame with something else stays reserved. */
void free_initrd_mem(u32 start_phys, u32 end_phys)
{
    unsigned long start = (start_phys + PAGE_SIZE - 1) >> PAGE_SHIFT, end = end_phys >> PAGE_SHIFT;

    if (start >= end)
        return;
    free_reserved_range(start, end);
    totalram_pages += end - start;
}
