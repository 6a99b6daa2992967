/*
 * emu/kernelview: guest kernel memory as plain C snapshots, read by DWARF names through mmu_peek*().
 *
 * The model. kernelview_create() resolves every symbol, field and enumerator that it needs once; if one is
 * missing it says which, and the viewers fall back to what hardware alone shows. A snapshot is a copy: it holds no
 * pointer into the guest and is never changed after it is made. The guest may be in the middle of a list
 * operation or hostile: every list is walked with a bound, every frame number is checked, a broken structure
 * gives a shorter list and sets `torn`.
 */
#ifndef FAULTLINE_KERNELVIEW_H
#define FAULTLINE_KERNELVIEW_H

#include "emu/image/image.h"
#include "mmu/mmu.h"

struct kernelview;

/* image is not owned and must outlive the view. NULL and one sentence when it is not a kernel that we know. */
struct kernelview *kernelview_create(const struct image *image, char *error, size_t error_size);
void kernelview_destroy(struct kernelview *view);

/* Which frames of the guest may have been written, when somebody knows: by frame number a mark that grows; a frame
 * whose mark is below the one that was in force at a moment has not been written since. */
struct kv_writes {
    const uint64_t *last;
    uint64_t frames;
    const uint64_t *mark; /* now in force */
};
/* Snapshots then compare less. What it points to must outlive the view. */
void kernelview_know_writes(struct kernelview *view, struct kv_writes writes);

/* Does a slice of what makes a first snapshot slow, between slices of the guest's run. True: there is nothing more. */
bool kernelview_prepare(struct kernelview *view, const struct mmu_context *mmu);

enum frame_kind {
    FRAME_FREE,
    FRAME_KERNEL,
    FRAME_TABLE,
    FRAME_SLAB,
    FRAME_FILE,
    FRAME_FILE_DIRTY,
    FRAME_ANON,
    FRAME_SWAP_CACHE,
    FRAME_RESERVED,
    FRAME_ABSENT,
    FRAME_KINDS
};

#define KV_MAX_ZONES 12
#define KV_ORDERS 11

#define KV_LRU_MAX 4096u

/* A list from its head (the newest) on, cut at KV_LRU_MAX pages. */
struct kv_lru {
    uint32_t count;
    uint32_t pfn[KV_LRU_MAX];
    uint8_t referenced[KV_LRU_MAX]; /* PG_referenced */
};

struct kv_zone {
    char name[16];
    int node;
    uint64_t start_pfn, spanned, present; /* frames */
    uint64_t free, min, low, high;
    uint64_t lowmem_reserve[3];
    uint64_t nr_active, nr_inactive;
    uint64_t nr_free_blocks[KV_ORDERS];
    uint64_t pageset_count[2];
    uint64_t pages_scanned, prev_priority; /* since the last page was freed; how hard the last reclaim had to try */
    bool all_unreclaimable;
    uint64_t dirty, writeback; /* file pages */
    struct kv_lru lru[2];      /* inactive, active */
};

struct kv_vma {
    uint64_t start, end; /* linear, bytes */
    uint64_t flags, pgoff;
    char name[64];     /* file path, "[heap]", "[stack]", or "" for anonymous */
    uint64_t resident; /* pages */
    uint8_t *pages;    /* one enum frame_kind a page, FRAME_ABSENT where nothing is mapped; NULL when page_count is 0 */
    uint64_t page_count;
};

/* One present page directory entry of the user half and how full its table is. */
struct kv_table {
    uint16_t index;
    uint32_t entry;
    uint16_t present; /* entries with P */
};

struct kv_task {
    int pid, parent, state;
    char comm[16];
    bool has_mm, current;
    uint64_t pgd_phys;
};

struct kv_address_space {
    int pid;
    char comm[16];
    uint64_t pgd_phys;
    struct kv_vma *vmas;
    size_t vma_count;
    struct kv_table *tables;
    size_t table_count;
    uint64_t resident, total; /* pages */
};

/* What struct page says about one frame. */
struct kv_frame {
    uint64_t pfn;
    enum frame_kind kind;
    uint32_t flags;
    char flag_names[112]; /* "uptodate lru active": those of the flags that are set; "" none */
    int count, mapcount;  /* mapcount: number of tables */
    uint64_t mapping, index, private;
    unsigned order; /* of the free block that it heads, else 0 */
};

struct kv_snapshot {
    bool torn;
    struct kv_zone zones[KV_MAX_ZONES];
    size_t zone_count;
    uint64_t swap_total, swap_free; /* slots; 0 total: no area is on */
    uint8_t *frames;                /* enum frame_kind by frame number */
    uint64_t frame_count;
    uint64_t frame_kinds[FRAME_KINDS]; /* how many of each */
    struct kv_task *tasks;
    size_t task_count;
    struct kv_address_space space; /* of the task asked for; vma_count 0 when it has none */
};

/* Reads a snapshot. pid: whose address space; -1 = the current task. mmu is the machine's state now. NULL: kernel not
 * up yet (mem_map still empty) or no memory. The view keeps a copy of mem_map: the cost is a comparison of what may
 * have been written with it, and work for the parts that changed since the last snapshot; a list of pages is read from
 * it.
 */
struct kv_snapshot *kernelview_snapshot(struct kernelview *view, const struct mmu_context *mmu, int pid);
void kernelview_snapshot_free(struct kv_snapshot *snapshot);

/* What snapshots have cost so far, in units that are the same on every host. */
struct kv_cost {
    uint64_t walks;             /* page walks for mem_map */
    uint64_t compared, changed; /* 4 KiB pieces of mem_map */
};
struct kv_cost kernelview_cost(const struct kernelview *view);

bool kernelview_frame(struct kernelview *view, const struct mmu_context *mmu, uint64_t pfn, struct kv_frame *to);
/* The current task, cheap (for records). False: not up yet. */
bool kernelview_current(struct kernelview *view, const struct mmu_context *mmu, struct kv_task *to);
/* Page directory of pid (any state but dead); false when there is no such task with an address space. */
bool kernelview_find_task(struct kernelview *view, const struct mmu_context *mmu, int pid, struct kv_task *to);

/* A page-table entry that maps a frame, found through the kernel's reverse mappings. */
struct kv_owner {
    int pid;
    char comm[16];
    uint64_t linear, entry_physical, entry;
};
/* Writes at most `most`, returns how many there are. */
size_t kernelview_owners(struct kernelview *view, const struct mmu_context *mmu, uint64_t pfn, struct kv_owner *to,
                         size_t most);

/* Bits of kv_bits.of[pfn]: what the entries that map a frame say, over all address spaces. */
#define KV_MAPPED 1u
#define KV_ACCESSED 2u
#define KV_DIRTY 4u
#define KV_WRITABLE 8u
struct kv_bits {
    uint8_t *of;       /* KV_* by frame number; NULL: not asked for */
    uint8_t *mapcount; /* entries that map it, 255: that many or more */
    uint64_t count;
};
/* For overlays, only when somebody looks: one pass over all page tables. False: no memory. Freed by
 * kernelview_bits_free(). */
bool kernelview_bits(struct kernelview *view, const struct mmu_context *mmu, struct kv_bits *to);
void kernelview_bits_free(struct kv_bits *bits);

/* Entries of one page table of a process, for the tree: the table of directory entry `index` of pid. False: none. */
struct kv_entries {
    uint64_t table_physical;
    uint32_t entry[1024];
};
bool kernelview_entries(struct kernelview *view, const struct mmu_context *mmu, int pid, unsigned index,
                        struct kv_entries *to);

/* State of each page of a file in the page cache. */
enum kv_cached { CACHED_ABSENT, CACHED_CLEAN, CACHED_DIRTY, CACHED_WRITEBACK, CACHED_LOCKED, CACHED_KINDS };
#define KV_STRIP 1024u
struct kv_strip {
    uint64_t mapping;
    uint32_t inode;
    char fs[16], path[96];                        /* path: as the dentry cache knows it; "" unknown */
    uint64_t pages, dirty, writeback, size_pages; /* size: of the file */
    uint32_t per_cell;                            /* pages a cell; a power of two */
    uint32_t cells;
    uint8_t state[KV_STRIP]; /* enum kv_cached by cell: the busiest state of its pages */
};
/* The `most` files with the most pages in memory, largest first; returns how many were written. */
size_t kernelview_strips(struct kernelview *view, const struct mmu_context *mmu, struct kv_strip *to, size_t most);

#define KV_SWAP_AREAS 32u
#define KV_SLOT_BAD 0x8000u /* users[slot]: never to be used */

struct kv_swap_area {
    unsigned number;
    int priority;
    bool writable, torn;        /* writable: slots may be given out; false while it is being turned off */
    char name[64];              /* "/dev/vdb" */
    uint64_t slots, good, used; /* slots: the header and the bad ones included */
    uint16_t *users;            /* by slot, slots_read of them: 0 free, else how many entries and caches name it */
    uint64_t slots_read;
};

struct kv_file { /* pages of one file in the page cache */
    uint64_t mapping;
    uint32_t inode;
    char fs[16]; /* "ext2", "" not known */
    uint64_t pages, dirty;
};

struct kv_vmalloc {
    uint64_t address, bytes, pages; /* bytes without the guard page; pages: 0 for what is not RAM */
    uint32_t flags;
};

/* Swap area `number`; false: not in use. Freed by kernelview_swap_area_free(), which may be called after false, too. */
bool kernelview_swap_area(struct kernelview *view, const struct mmu_context *mmu, unsigned number,
                          struct kv_swap_area *to);
void kernelview_swap_area_free(struct kv_swap_area *area);
/* Files by their pages in memory, the largest first: writes at most `most`, returns how many there are. */
size_t kernelview_files(struct kernelview *view, const struct mmu_context *mmu, struct kv_file *to, size_t most);
/* vmalloc's areas by address: writes at most `most`, returns how many there are. */
size_t kernelview_vmalloc(struct kernelview *view, const struct mmu_context *mmu, struct kv_vmalloc *to, size_t most);

const char *frame_kind_name(enum frame_kind kind); /* "page table", "file, dirty" */

#endif
