/*
 * What the files of emu/kernelview share: where each member is (layout.c), and reading with a memory of trouble.
 *
 * Invariants: a structure's size is at most KV_STRUCT_MAX and every member lies inside its structure, so that a
 * structure can be copied into a buffer of that size and its members taken from there; pointers of the guest are 32
 * bits wide.
 */
#ifndef FAULTLINE_KERNELVIEW_INTERNAL_H
#define FAULTLINE_KERNELVIEW_INTERNAL_H

#include "emu/kernelview/kernelview.h"

#include <string.h>

#define KV_STRUCT_MAX 8192u
#define KV_FRAMES_MAX (1u << 20)             /* frames of a 32-bit physical address space */
#define KV_MEM_MAP_MAX ((uint64_t)128 << 20) /* bytes of mem_map that are looked at: a copy is kept */
#define KV_TASKS_MAX 8192u
#define KV_VMAS_MAX 65536u
#define KV_NODES_MAX 4u
#define KV_KERNEL_START 0xC0000000u
#define KV_PAGE_PROTNONE 0x80u /* of an entry without P: it keeps the frame that it named (PROT_NONE) */

/* A member in its structure. size 0: an optional member that this kernel does not have. */
struct member {
    uint32_t offset;
    uint32_t size;  /* of one element */
    uint32_t count; /* elements */
};

struct layout {
    uint32_t page_bytes, zone_bytes, node_bytes, task_bytes, mm_bytes, vma_bytes, dentry_bytes, file_bytes;
    struct member page_flags, page_count, page_mapcount, page_mapping, page_index, page_private;
    struct member node_zones, node_nr_zones, node_id, node_next;
    struct member zone_free_pages, zone_min, zone_low, zone_high, zone_reserve, zone_hot, zone_cold, zone_area0,
        zone_areas;
    struct member page_lru;
    struct member zone_scanned, zone_priority, zone_unreclaimable, zone_stat, zone_active_list, zone_inactive_list;
    struct member zone_active, zone_inactive, zone_start, zone_spanned, zone_present, zone_name;
    struct member task_state, task_pid, task_comm, task_mm, task_list, task_parent;
    struct member mm_mmap, mm_pgd, mm_start_brk, mm_brk, mm_start_stack;
    struct member vma_start, vma_end, vma_next, vma_flags, vma_pgoff, vma_file;
    struct member vma_mm, vma_anon_node, vma_prio_node, vma_nonlinear; /* prio_node: where its `start` is */
    uint32_t anon_vma_bytes, prio_bytes;
    struct member anon_vma_head, prio_left, prio_right, prio_start, prio_last, prio_equals;
    struct member mapping_mmap, mapping_nonlinear;
    struct member file_dentry, dentry_parent, dentry_name, dentry_length, dentry_covers;
    uint32_t swap_bytes, mapping_bytes, inode_bytes, super_bytes, vm_bytes;
    struct member swap_flags, swap_prio, swap_file, swap_map, swap_max, swap_pages, swap_inuse;
    struct member mapping_host, inode_number, inode_super, inode_size, super_type, super_root;
    struct member dentry_inode, dentry_child, dentry_subdirs;
    struct member inode_bdev, bdev_name;
    uint32_t bdev_bytes;
    struct member vm_next, vm_address, vm_size, vm_flags, vm_pages;
    uint64_t swap_info, vmlist; /* linear addresses of the variables */
    uint32_t pg_dirty, pg_slab, pg_reserved, pg_swapcache, pg_buddy, pg_pcp, pg_table, pg_kernel; /* masks */
    uint32_t pg_referenced, pg_locked, pg_writeback;
    const char *flag_names[32];          /* of struct page's flags by bit: "lru"; NULL: no name that we know */
    uint32_t stat_dirty, stat_writeback; /* places in zone->vm_stat */
    uint64_t nr_swap_pages, total_swap_pages;
    uint32_t pg_any; /* all flags that name a use of their own: all of the above but dirty, referenced,
                        locked and writeback */
    uint64_t mem_map, max_mapnr, contig_page_data, current_task, init_task; /* linear addresses of the variables */
};

/* frames.c: mem_map as the last snapshot found it. */
struct frames {
    uint64_t mem_map, count; /* count 0: nothing kept */
    uint8_t *raw;            /* count structures */
    uint8_t *kind;           /* enum frame_kind by frame number; FRAME_ABSENT: raw has nothing */
    uint64_t kinds[FRAME_KINDS];
    const uint8_t **piece_host; /* by page of linear memory: where it was; NULL: it could not be read */
    uint64_t pieces, copied;    /* copied: how far the first copy has come */
    uint64_t mark;              /* of the moment since which the copy may be out of date */
};

struct kernelview {
    struct layout layout;
    struct frames frames;
    struct kv_writes writes; /* frames 0: not known */
    struct kv_cost cost;
};

/* layout.c. False and a sentence when something is missing. */
bool layout_resolve(struct layout *layout, const struct image *image, char *error, size_t error_size);

struct reader {
    struct kernelview *view;
    const struct layout *layout;
    const struct mmu_context *mmu;
    bool torn;
};

/* Copies [address, address + size) of guest linear memory; false (and torn) when not all of it is there. */
bool reader_copy(struct reader *reader, uint64_t address, void *to, size_t size);
/* A 32-bit variable or pointer; 0 when it cannot be read. */
uint32_t reader_word(struct reader *reader, uint64_t address);
/* A string of at most size - 1 bytes, printable ASCII, NUL-terminated. */
void reader_string(struct reader *reader, uint64_t address, size_t length, char *to, size_t size);

/* Element index of a member in a copy of its structure, zero-extended. */
static inline uint64_t member_at(const uint8_t *structure, struct member member, unsigned index) {
    uint64_t value = 0;
    memcpy(&value, structure + member.offset + (size_t)index * member.size, member.size <= 8 ? member.size : 8);
    return value;
}
/* The same for a member that is 32 bits wide, as those of struct page are: mem_map has very many of them. */
static inline uint32_t word_of(const uint8_t *structure, struct member member) {
    uint32_t value;
    memcpy(&value, structure + member.offset, sizeof value);
    return value;
}
static inline uint64_t member_of(const uint8_t *structure, struct member member) {
    return member_at(structure, member, 0);
}

/* frames.c */
enum frame_kind frames_classify(const struct layout *layout, const uint8_t *page);
bool frames_renew(struct reader *reader); /* brings the copy up to date; false: no memory or kernel not up */
bool frames_read(struct reader *reader, struct kv_snapshot *snapshot); /* the same, and tells the snapshot */
uint64_t frames_count(struct reader *reader, uint64_t *mem_map);       /* 0: kernel not up */
/* A frame's struct page as frames_renew() has found it; NULL: it has none. */
const uint8_t *frames_page(const struct reader *reader, uint64_t pfn);
void frames_forget(struct frames *frames);

/* zones.c */
void zones_read(struct reader *reader, struct kv_snapshot *snapshot);

/* tasks.c */
bool task_read(struct reader *reader, uint64_t address, struct kv_task *to, uint64_t *mm, uint64_t *next);
void tasks_read(struct reader *reader, struct kv_snapshot *snapshot);
uint64_t kv_tasks_find(struct reader *reader, int pid); /* address of its task_struct, 0: none; -1: the current one */

/* A process with an address space: its leader stands for all its threads. */
struct task_space {
    uint64_t mm, pgd_phys;
    int pid;
    char comm[16];
};
/* Writes at most KV_TASKS_MAX of them to *to, allocated here, freed by the caller. Each address space once, by the
 * first task in the ring that has it. */
size_t tasks_spaces(struct reader *reader, struct task_space **to);

/* space.c */
#define KV_ENTRIES 1024u
/* A page table of the two-level format at a physical address; false (and torn) when it is not in RAM. */
bool space_table(struct reader *reader, uint64_t at, uint32_t entries[KV_ENTRIES]);
bool space_is_large(const struct reader *reader, uint32_t entry); /* the directory entry maps 4 MiB itself */
void space_read(struct reader *reader, struct kv_snapshot *snapshot, uint64_t task);
/* The path of a struct file; one that is too long keeps its end. */
void file_name(struct reader *reader, uint64_t file, char *to, size_t size);
void dentry_path(struct reader *reader, uint64_t dentry, char *to, size_t size); /* the same for a name */
bool space_pgd(struct reader *reader, uint64_t mm, uint64_t *physical);

#endif
