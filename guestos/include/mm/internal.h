/*
 * What the files of mm/ and arch/i386/mm/ share and nobody else needs. Every one of them includes this header and
 * nothing of the processor directly: the host's unit tests put their own header of this name in front
 * (tests/guest/shim), which sets HOST_TEST, brings __pa and __va for an array that plays the RAM, and then includes
 * this one.
 */
#ifndef _MM_INTERNAL_H
#define _MM_INTERNAL_H

#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/vmstat.h"
#include "mm/highmem.h"
#include "mm/pagemap.h"
#include "mm/bootmem.h"
#include "mm/rmap.h"
#include "mm/pagevec.h"
#include "mm/mman.h"
#include "asm/e820.h"
#include "asm/fixmap.h"
#include "asm/irqflags.h"
#include "asm/tlbflush.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/init.h"
#include "kernel/sched.h"
#include "kernel/trace.h"

/* Debug build: cheap assertions everywhere, red zones in slabs, whole-structure checks when an address space ends. */
#ifndef CONFIG_DEBUG_VM
#define CONFIG_DEBUG_VM 1
#endif
#define VM_BUG_ON(condition)                                                                                           \
    do {                                                                                                               \
        if (CONFIG_DEBUG_VM)                                                                                           \
            BUG_ON(condition);                                                                                         \
    } while (0)

/*
 * "mmcheck" on the command line: whole-structure checks around every mutation, poison in free frames and objects. With
 * "mmcheck=N" (/proc/sys/vm/mmcheck shows and sets it) each place that mutates looks only every N-th time; the ends and
 * copies of address spaces, of which there are few, every N/64-th time.
 */
extern bool mm_check_always;
extern unsigned mm_check_interval;
#define MM_CHECK_EVERY(interval)                                                                                       \
    ({                                                                                                                 \
        static unsigned passed_;                                                                                       \
        bool due_ = mm_check_always && ++passed_ >= (interval);                                                        \
                                                                                                                       \
        if (due_)                                                                                                      \
            passed_ = 0;                                                                                               \
        due_;                                                                                                          \
    })
#define MM_CHECK_DUE() MM_CHECK_EVERY(mm_check_interval)
#define MM_CHECK_DUE_RARELY() MM_CHECK_EVERY(mm_check_interval / 64)
void check_everything(void); /* each structure against all others, now */

/* The n-th allocation fails: of a test on the host; of a task or of the boot, mm/fail_nth.c. */
#ifdef HOST_TEST
bool should_fail_alloc_page(gfp_t gfp, unsigned order);
bool should_failslab(gfp_t gfp);
#else
extern u32 boot_fail_nth; /* not 0: the boot's allocations are counted */
bool fail_nth_now(gfp_t gfp);
static inline bool should_fail_alloc_page(gfp_t gfp, unsigned order)
{
    (void)order;
    return unlikely(current->fail_nth | boot_fail_nth) && fail_nth_now(gfp);
}
static inline bool should_failslab(gfp_t gfp) { return should_fail_alloc_page(gfp, 0); }
#endif

/* ---- zones: mm/mm_init.c, mm/page_alloc.c ---- */
#define MAX_DMA_PFN (0x1000000UL >> PAGE_SHIFT)
#define ALLOC_HARDER 0x1u /* may go a quarter below the mark */
#define ALLOC_HIGH 0x2u   /* may go half below the mark */
#define ALLOC_NO_WATERMARKS 0x4u
#define PAGE_POISON_WORD 0xaaaaaaaau

/* arch/i386/mm/numa.c: which frames are whose. Node n has [start_pfn, end_pfn) of numa_nodes[n]; together they are
 * [0, max_pfn), in ascending order. */
struct numa_range {
    unsigned long start_pfn, end_pfn;
};
extern struct numa_range numa_nodes[MAX_NUMNODES];
/* What the machine says, before numa_init(): bytes of each node, from address 0 upwards. Not called: one node. */
void numa_describe(const u64 *node_bytes, unsigned count);
/* numa_nodes and nr_online_nodes from that, by the memory map; max_pfn is known. Nodes without RAM are left out. */
void numa_init(void);

/* Zones of all nodes, zone i being the frames from max_zone_pfn[i - 1] (the first: 0) to max_zone_pfn[i]; mem_map. */
void free_area_init_nodes(const unsigned long *max_zone_pfn);
void setup_per_zone_watermarks(void);
void setup_per_zone_lowmem_reserve(void);
void build_all_zonelists(void);
bool zone_watermark_ok(const struct zone *zone, unsigned order, unsigned long mark, int classzone,
                       unsigned alloc_flags);
void drain_local_pages(void);
/* Frames [start, end), reserved until now, to the buddy lists in the largest blocks that fit. */
void free_reserved_range(unsigned long start, unsigned long end);
void free_hot_cold_page(struct page *page, bool cold);
void page_state_broken(const struct page *page, const char *what) __attribute__((noreturn));
extern int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES - 1]; /* 0: nothing is kept */
void show_mem(void);                                      /* on the console; mm/show_mem.c */
extern long min_free_kbytes;                              /* negative: the marks are those of the zones' sizes */

static inline int zone_index(const struct zone *zone) { return (int)(zone - zone->zone_pgdat->node_zones); }
static inline bool zone_populated(const struct zone *zone) { return zone->present_pages != 0; }

static inline void mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta)
{
    zone->vm_stat[item] += delta;
}
static inline void inc_zone_page_state(struct page *page, enum zone_stat_item item)
{
    mod_zone_page_state(page_zone(page), item, 1);
}
static inline void dec_zone_page_state(struct page *page, enum zone_stat_item item)
{
    mod_zone_page_state(page_zone(page), item, -1);
}
unsigned long global_page_state(enum zone_stat_item item);

/* ---- slab: mm/slab.c ---- */
/* The caches in order of creation, for /proc/slabinfo; false past the last. */
struct slab_numbers {
    const char *name;
    unsigned long active_objects, objects, object_size, objects_a_slab, pages_a_slab, active_slabs, slabs;
    bool reclaimable; /* SLAB_RECLAIM_ACCOUNT: its objects go when memory is short */
};
bool slab_numbers_of(unsigned position, struct slab_numbers *numbers);

/* ---- address spaces ---- */
#define DEFAULT_MAX_MAP_COUNT 65530
#define STACK_GUARD_GAP (256UL << PAGE_SHIFT)

static inline struct mm_struct *current_mm(void) { return current->mm; }
/* Inside the address space that CR3 names now? Others need no flush. */
static inline bool mm_is_active(const struct mm_struct *mm) { return current->active_mm == mm; }
static inline void flush_tlb_mm(const struct mm_struct *mm)
{
    if (mm_is_active(mm))
        flush_tlb_all();
}
static inline void flush_tlb_page(const struct vm_area_struct *vma, unsigned long address)
{
    if (mm_is_active(vma->vm_mm))
        invlpg(address);
}
static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
    return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}
static inline bool is_cow_mapping(unsigned long flags) { return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE; }
static inline bool vma_is_accessible(const struct vm_area_struct *vma)
{
    return vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
}

/* mm/vma.c: the list and the tree, splitting and joining. mmap_sem is held for writing. */
extern kmem_cache_t *vm_area_cachep;
extern int sysctl_max_map_count;
void vma_init(void);
struct vm_area_struct *vma_alloc(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long vm_flags);
struct vm_area_struct *
vma_copy(const struct vm_area_struct *vma); /* unlinked twin with its own references; NULL: no memory */
void vma_free(struct vm_area_struct *vma);  /* unlinked; drops file and anon_vma */
void insert_vm_struct(struct mm_struct *mm, struct vm_area_struct *vma);
void unlink_vma(struct mm_struct *mm, struct vm_area_struct *vma);
int split_vma(struct mm_struct *mm, struct vm_area_struct *vma,
              unsigned long address); /* at address, strictly inside */
/* Joins vma with neighbours of its kind; returns the VMA that covers its range now. */
struct vm_area_struct *vma_merge_around(struct mm_struct *mm, struct vm_area_struct *vma);
/* Splits so that VMAs begin at start and end at end. 0 or -ENOMEM; what is not mapped is left alone. */
int isolate_range(struct mm_struct *mm, unsigned long start, unsigned long end);
/* After a change to [start, end), or a failed one: joins what is equal. */
void merge_range(struct mm_struct *mm, unsigned long start, unsigned long end);
pgprot_t vm_get_page_prot(unsigned long vm_flags);
/* The file's index of its mappings; nothing happens for a VMA without file. Out of it while vm_start, vm_end, vm_pgoff or
 * VM_NONLINEAR change. */
void vma_index_insert(struct vm_area_struct *vma);
void vma_index_remove(struct vm_area_struct *vma);
/* vma shows [start, end) from page pgoff on; the lists of its mm do not mind. */
void vma_adjust(struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long pgoff);
static inline struct vm_area_struct *vma_of_node(struct prio_tree_node *node)
{
    return node ? container_of(node, struct vm_area_struct, shared.node) : NULL;
}
/* Every linear mapping of one of the pages [first, last] of a file. */
#define vma_prio_tree_foreach(vma, iter, root, first, last)                                                            \
    for ((vma) = vma_of_node(prio_tree_first(iter, root, first, last)); (vma);                                         \
         (vma) = vma_of_node(prio_tree_next(iter)))
static inline unsigned long linear_page_index(const struct vm_area_struct *vma, unsigned long address)
{
    return vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
}

/* mm/mmap.c */
extern unsigned long vm_committed_space; /* pages promised to private writable memory */
extern int sysctl_overcommit_memory, sysctl_overcommit_ratio;
extern unsigned long total_swap_pages;
unsigned long get_unmapped_area(struct file *file, unsigned long addr, unsigned long len, unsigned long flags);
bool may_expand_vm(const struct mm_struct *mm, unsigned long vm_flags, unsigned long pages);
void vm_stat_account(struct mm_struct *mm, unsigned long vm_flags, const struct file *file, long pages);
int security_vm_enough_memory(unsigned long pages); /* 0 and accounted, or -ENOMEM */
static inline void vm_unacct_memory(unsigned long pages) { vm_committed_space -= pages; }
bool mlock_future_ok(const struct mm_struct *mm, unsigned long vm_flags, unsigned long pages);
bool accountable_mapping(const struct file *file, unsigned long vm_flags);
void exit_mmap(struct mm_struct *mm);
void arch_pick_mmap_layout(struct mm_struct *mm);
/* Lowest address that a program without privilege may map at a place of its choice. */
#define MMAP_MIN_ADDR 65536UL
static inline unsigned long vm_start_gap(const struct vm_area_struct *vma)
{
    unsigned long gap = vma->vm_flags & VM_GROWSDOWN ? STACK_GUARD_GAP : 0;

    return vma->vm_start > gap ? vma->vm_start - gap : 0;
}

/* mm/memory.c, mm/zap.c */
#define FAULT_FLAG_STORY 0x100u /* inside fault_begin .. fault_end: the trace port hears each step */
unsigned int do_handle_mm_fault(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address,
                                unsigned flags);
int pte_alloc(struct mm_struct *mm, pmd_t *pmd);                          /* a table under an empty pmd; 0 or -ENOMEM */
pte_t *walk_to_pte(struct mm_struct *mm, unsigned long address);          /* NULL: no table */
struct page *vm_normal_page(const struct vm_area_struct *vma, pte_t pte); /* NULL: zero page, no struct page, PFNMAP */
int copy_page_range(struct mm_struct *to, struct mm_struct *from, struct vm_area_struct *vma);
void zap_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* Pages [first, last] of the file, wherever in [start, end) of a nonlinear vma: the entries still say what was there. */
void zap_nonlinear_range(struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long first,
                         unsigned long last);
/* Instead of page `index` of the file: nothing, or its number where that is not the linear one (mm/fremap.c). */
void leave_file_pte(const struct vm_area_struct *vma, unsigned long address, pte_t *ptep, unsigned long index);
/* Frees the tables that lie wholly between floor and ceiling and touch [start, end). */
void free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long floor,
                   unsigned long ceiling);
int make_pages_present(struct mm_struct *mm, unsigned long start, unsigned long end);
int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end); /* the same with mmap_sem held */
void memory_init(void);

/* arch/i386/mm/pgtable.c */
pgd_t *pgd_alloc(void);
void pgd_free(pgd_t *pgd);
struct page *pte_alloc_one(void); /* zeroed, low memory, PG_table; NULL on failure */
void pte_free(struct page *table);
void set_fixmap_pte(unsigned long address, pte_t pte);

/* arch/i386/mm/e820.c */
void sanitize_e820_map(struct e820_map *map);
void limit_e820_ram(struct e820_map *map, u64 bytes);
unsigned long find_max_pfn(const struct e820_map *map);
bool page_is_ram(const struct e820_map *map, unsigned long pfn);
unsigned long e820_ram_pages(const struct e820_map *map, unsigned long start_pfn, unsigned long end_pfn);
/* The i-th range of whole RAM frames inside [start_pfn, end_pfn); false past the last. */
bool e820_ram_range(const struct e820_map *map, unsigned i, unsigned long *start_pfn, unsigned long *end_pfn);

/* mm/highmem.c */
extern pte_t *pkmap_page_table;
void kmap_init(void);

#endif
