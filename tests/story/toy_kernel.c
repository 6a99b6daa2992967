/*
 * A kernel that never runs: the guest's own structures, filled in by static initialisers, so that kernelview and image
 * are tested on real DWARF and on memory whose every value is known.
 *
 * RAM is 16 MiB. Linked at C0100000; .toy_tables at C0200000 (frames 512 to 514): the page directory,
 * the table of 08000000 and the table of BFC00000.
 */
#include "fs/fs.h"
#include "mm/mmzone.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/vmalloc.h"

#define FRAMES 4096
#define TABLE(array) ((u32)(array)-0xC0000000u + 0x67)

int toy_sum(int limit);
void toy_entry(void);

struct page toy_frames[FRAMES];
extern struct pglist_data contig_page_data;
#define TOY_ZONE contig_page_data.node_zones[ZONE_DMA]
struct page *mem_map = toy_frames;
unsigned long max_mapnr = FRAMES;
unsigned long nr_swap_pages = 900, total_swap_pages = 1000;

extern struct task_struct toy_init, toy_kswapd, toy_child;
extern u32 toy_child_pgd[1024];
extern struct dentry toy_root, toy_bin;

static struct super_block toy_super = {.s_type = "ext2", .s_root = &toy_root};
static struct inode toy_inode = {.i_ino = 12, .i_sb = &toy_super, .i_size = 5000};
extern struct vm_area_struct toy_vmas[5];
/* Two intervals: pages 0-1 by one VMA, page 1 by a nonlinear one of the second process. */
static struct address_space toy_mapping = {
    .host = &toy_inode,
    .i_mmap = {&toy_vmas[0].shared.node},
    .i_mmap_nonlinear = {&toy_vmas[2].shared.nonlinear, &toy_vmas[2].shared.nonlinear}};
/* VMAs 1, 3 and 4: frame 517 is mapped by the first and the last, as after a fork. */
static struct anon_vma toy_anon_vma = {.head = {&toy_vmas[1].anon_vma_node, &toy_vmas[4].anon_vma_node}};
#define ANON_MAPPING ((struct address_space *)((char *)&toy_anon_vma + PAGE_MAPPING_ANON))

struct page toy_frames[FRAMES] = {
    [0 ... 255] = {.flags = 1u << PG_reserved, ._count = {1}, ._mapcount = {-1}},
    [256 ... 511] = {.flags = 1u << PG_reserved | 1u << PG_kernel, ._count = {1}, ._mapcount = {-1}},
    [512 ... 514] = {.flags = 1u << PG_table, ._count = {1}, ._mapcount = {-1}},
    [515] = {.flags = 1u << PG_slab, ._count = {1}, ._mapcount = {-1}},
    [516] = {.flags = 1u << PG_kernel, ._count = {1}, ._mapcount = {-1}},
    [517] = {.flags = 1u << PG_lru | 1u << PG_referenced,
             ._count = {2},
             ._mapcount = {1},
             .mapping = ANON_MAPPING,
             .index = 0x804a,
             .lru = {&toy_frames[522].lru, &TOY_ZONE.active_list}},
    [518] = {.flags = 1u << PG_lru,
             ._count = {2},
             ._mapcount = {0},
             .mapping = &toy_mapping,
             .lru = {&TOY_ZONE.inactive_list, &TOY_ZONE.inactive_list}},
    [519] =
        {.flags = 1u << PG_lru | 1u << PG_dirty, ._count = {2}, ._mapcount = {0}, .mapping = &toy_mapping, .index = 1},
    [520] = {.flags = 1u << PG_swapcache | 1u << PG_lru, ._count = {1}, ._mapcount = {-1}, .mapping = ANON_MAPPING},
    [521] = {.flags = 1u << PG_pcp, ._count = {0}, ._mapcount = {-1}},
    [522] = {.flags = 1u << PG_lru,
             ._count = {1},
             ._mapcount = {0},
             .mapping = ANON_MAPPING,
             .index = 0xbffff,
             .lru = {&TOY_ZONE.active_list, &toy_frames[517].lru}},
    [523] = {.flags = 0, ._count = {1}, ._mapcount = {-1}},
    [524 ... 1023] = {.flags = 0, ._count = {0}, ._mapcount = {-1}},
    [1025 ... 4095] = {.flags = 0, ._count = {0}, ._mapcount = {-1}},
    [1024] = {.flags = 1u << PG_buddy, ._count = {0}, ._mapcount = {-1}, .private = 10},
};

struct pglist_data contig_page_data =
    {
        .node_zones =
            {
                [ZONE_DMA] = {.free_pages = 3572,
                              .pages_min = 32,
                              .pages_low = 64,
                              .pages_high = 96,
                              .lowmem_reserve = {0, 11, 22},
                              .pageset = {{.pcp = {{.count = 1, .high = 6, .batch = 1}, {.count = 0}}}},
                              .free_area = {[0] = {.nr_free = 4}, [10] = {.nr_free = 3}},
                              .active_list = {&toy_frames[517].lru, &toy_frames[522].lru},
                              .inactive_list = {&toy_frames[518].lru, &toy_frames[518].lru},
                              .pages_scanned = 33,
                              .prev_priority = 9,
                              .all_unreclaimable = 1,
                              .vm_stat = {[NR_FILE_DIRTY] = 17, [NR_WRITEBACK] = 3},
                              .nr_active = 5,
                              .nr_inactive = 7,
                              .zone_start_pfn = 0,
                              .spanned_pages = FRAMES,
                              .present_pages = 3900,
                              .name = "DMA"},
                [ZONE_NORMAL] = {.name = "Normal", .zone_start_pfn = FRAMES},
                [ZONE_HIGHMEM] = {.name = "HighMem", .zone_start_pfn = FRAMES},
            },
        .nr_zones = 3,
        .node_mem_map = toy_frames,
        .node_spanned_pages = FRAMES,
};

#define IN_TABLES __attribute__((section(".toy_tables"), aligned(4096), used))
extern u32 toy_table_text[1024], toy_table_stack[1024];
IN_TABLES u32 toy_pgd[1024] = {
    [32] = TABLE(toy_table_text), [767] = TABLE(toy_table_stack),
    [768] = 0x000000e3,           [769] = 0x004000e3,
    [770] = 0x008000e3,           [771] = 0x00c000e3,
};
IN_TABLES u32 toy_table_text[1024] = {
    [0x48] = 518 << 12 | 0x25,
    [0x4a] = 517 << 12 | 0x25,
    [0x4c] = 519 << 12 | 0x67,
    [0x4d] = 0x80 /* not present */,
};
IN_TABLES u32 toy_table_stack[1024] = {[0x3ff] = 522 << 12 | 0x67};
/* A second process, for what two share; its tables lie in the kernel's data. */
u32 toy_child_table[1024] __attribute__((aligned(4096), used)) = {[0x4a] = 517 << 12 | 0x05};
u32 toy_child_pgd[1024] __attribute__((aligned(4096), used)) = {[32] = TABLE(toy_child_table)};

static struct dentry toy_name;
struct dentry toy_root = {.d_parent = &toy_root, .d_subdirs = {&toy_bin.d_child, &toy_bin.d_child}, .d_name = ""};
struct dentry toy_bin = {.d_parent = &toy_root,
                         .d_child = {&toy_root.d_subdirs, &toy_root.d_subdirs},
                         .d_subdirs = {&toy_name.d_child, &toy_name.d_child},
                         .d_len = 3,
                         .d_name = "bin"};
static struct dentry toy_name = {.d_parent = &toy_bin,
                                 .d_inode = &toy_inode,
                                 .d_child = {&toy_bin.d_subdirs, &toy_bin.d_subdirs},
                                 .d_subdirs = {&toy_name.d_subdirs, &toy_name.d_subdirs},
                                 .d_len = 3,
                                 .d_name = "toy"};
static struct file toy_file = {.f_dentry = &toy_name};

/* Area 1: eight slots with the header; slot 3 is bad, 2 and 5 are in use. */
u16 toy_slots[8] = {SWAP_MAP_BAD, 0, 2, SWAP_MAP_BAD, 0, 1, 0, 0};
struct swap_info_struct swap_info[MAX_SWAPFILES] = {[1] = {.flags = SWP_USED | SWP_WRITEOK,
                                                           .prio = -1,
                                                           .file = &toy_file,
                                                           .swap_map = toy_slots,
                                                           .max = 8,
                                                           .pages = 6,
                                                           .inuse_pages = 2}};

static struct vm_struct toy_io = {.addr = (void *)0xd0004000, .size = 0x3000, .flags = VM_IOREMAP};
struct vm_struct toy_area = {
    .next = &toy_io, .addr = (void *)0xd0000000, .size = 0x3000, .flags = VM_ALLOC, .nr_pages = 2};
struct vm_struct *vmlist = &toy_area;

extern struct mm_struct toy_mm, toy_child_mm;
struct vm_area_struct toy_vmas[5] = {
    {.vm_mm = &toy_mm,
     .vm_start = 0x08048000,
     .vm_end = 0x0804a000,
     .vm_next = &toy_vmas[1],
     .vm_flags = VM_READ | VM_EXEC,
     .shared.node = {.start = 0,
                     .last = 1,
                     .equals = {&toy_vmas[0].shared.node.equals, &toy_vmas[0].shared.node.equals}},
     .vm_file = &toy_file},
    {.vm_mm = &toy_mm,
     .vm_start = 0x0804a000,
     .vm_end = 0x0804b000,
     .vm_next = &toy_vmas[2],
     .vm_flags = VM_READ | VM_WRITE,
     .anon_vma_node = {&toy_vmas[3].anon_vma_node, &toy_anon_vma.head},
     .vm_file = &toy_file,
     .vm_pgoff = 0x804a},
    {.vm_mm = &toy_mm,
     .vm_start = 0x0804c000,
     .vm_end = 0x08050000,
     .vm_next = &toy_vmas[3],
     .shared.nonlinear = {&toy_mapping.i_mmap_nonlinear, &toy_mapping.i_mmap_nonlinear},
     .vm_flags = VM_READ | VM_WRITE},
    {.vm_mm = &toy_mm,
     .vm_start = 0xbfffe000,
     .vm_end = 0xc0000000,
     .anon_vma_node = {&toy_vmas[4].anon_vma_node, &toy_vmas[1].anon_vma_node},
     .vm_pgoff = 0xbfffe,
     .vm_flags = VM_STACK_FLAGS},
    {.vm_mm = &toy_child_mm,
     .vm_start = 0x0804a000,
     .vm_end = 0x0804b000,
     .anon_vma_node = {&toy_anon_vma.head, &toy_vmas[3].anon_vma_node},
     .vm_pgoff = 0x804a,
     .vm_flags = VM_READ | VM_WRITE},
};
struct mm_struct toy_child_mm = {.mmap = &toy_vmas[4], .pgd = (pgd_t *)toy_child_pgd, .map_count = 1};
struct mm_struct toy_mm = {.mmap = toy_vmas,
                           .pgd = (pgd_t *)toy_pgd,
                           .map_count = 4,
                           .start_brk = 0x0804c000,
                           .brk = 0x0804f100,
                           .start_stack = 0xbffffe00};

struct task_struct init_task = {
    .pid = 0, .comm = "swapper", .tasks = {&toy_init.tasks, &toy_child.tasks}, .parent = &init_task};
struct task_struct toy_init = {.pid = 1,
                               .comm = "toy",
                               .tasks = {&toy_kswapd.tasks, &init_task.tasks},
                               .parent = &init_task,
                               .mm = &toy_mm,
                               .state = TASK_RUNNING};
struct task_struct toy_kswapd = {.pid = 2,
                                 .comm = "kswapd0",
                                 .tasks = {&toy_child.tasks, &toy_init.tasks},
                                 .parent = &init_task,
                                 .state = TASK_INTERRUPTIBLE};
struct task_struct toy_child = {.pid = 3,
                                .comm = "child",
                                .tasks = {&init_task.tasks, &toy_kswapd.tasks},
                                .parent = &toy_init,
                                .mm = &toy_child_mm};
struct task_struct *current_task = &toy_init;

int toy_sum(int limit) {
    int sum = 0;
    for (int i = 0; i < limit; i++)
        sum += i;
    return sum;
}

void toy_entry(void) {
    for (;;)
        toy_sum((int)max_mapnr);
}
