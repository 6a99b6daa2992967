/*
 * The core structures of memory management: a physical frame, a region of an address space, an address space.
 * Field names are those of Linux 2.6.
 */
#ifndef _MM_MM_TYPES_H
#define _MM_MM_TYPES_H

#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/prio_tree.h"
#include "lib/atomic.h"
#include "kernel/rwsem.h"
#include "asm/pgtable.h"

struct address_space;
struct anon_vma;
struct file;
struct vm_operations_struct;

/*
 * One per frame of RAM, in mem_map. 32 bytes on i386.
 *
 *   _count     references; 0 = free (in the buddy lists or a pageset)
 *   _mapcount  number of page-table entries that map it, minus one: -1 = unmapped
 *   mapping    page cache: the address_space. Anonymous: the anon_vma with bit 0 (PAGE_MAPPING_ANON) set
 *   index      offset in mapping, in pages. Anonymous: linear page index in the VMA (vm_pgoff rules)
 *   private    buddy: order when PG_buddy. Slab: the slab's bookkeeping. Swap cache: the swap entry. Buffers.
 *   lru        LRU list, buddy list, pageset list or slab, by state
 */
struct page {
    u32 flags;
    atomic_t _count;
    atomic_t _mapcount;
    u32 private;
    struct address_space *mapping;
    u32 index;
    struct list_head lru;
};

#define PAGE_MAPPING_ANON 1

/* Bits of page->flags. Bits 24-25: zone index; 26-31: node. */
enum pageflags {
    PG_locked,
    PG_error,
    PG_referenced,
    PG_uptodate,
    PG_dirty,
    PG_lru,
    PG_active,
    PG_slab,
    PG_reserved, /* never in the buddy system: holes, firmware, kernel image */
    PG_private,
    PG_writeback,
    PG_swapcache,
    PG_mappedtodisk,
    PG_reclaim,
    PG_buddy,  /* free block head in a buddy list; order in private */
    PG_pcp,    /* free, in a per-CPU list */
    PG_table,  /* a page table or directory */
    PG_kernel, /* allocated by the kernel for itself: stacks, vmalloc, bootmem */
    PG_highmem_pin,
    PG_checked,
    PG_poison, /* debug: contents are the free pattern */
};
#define PG_ZONE_SHIFT 24
#define PG_NODE_SHIFT 26

/* A region [vm_start, vm_end) of an address space, page aligned, all of one kind. */
struct vm_area_struct {
    struct mm_struct *vm_mm;
    unsigned long vm_start, vm_end;
    struct vm_area_struct *vm_next; /* by address */
    pgprot_t vm_page_prot;
    unsigned long vm_flags;
    struct rb_node vm_rb;
    union {
        struct prio_tree_node node; /* address_space.i_mmap: the part of the file that a linear mapping shows */
        struct list_head nonlinear; /* address_space.i_mmap_nonlinear */
    } shared;                       /* with vm_file */
    struct list_head anon_vma_node; /* anon_vma's list */
    struct anon_vma *anon_vma;
    const struct vm_operations_struct *vm_ops;
    unsigned long vm_pgoff; /* in pages: file offset; anonymous: vm_start >> PAGE_SHIFT at creation */
    struct file *vm_file;   /* reference held */
    void *vm_private_data;
};

#define VM_READ 0x00000001
#define VM_WRITE 0x00000002
#define VM_EXEC 0x00000004
#define VM_SHARED 0x00000008
#define VM_MAYREAD 0x00000010
#define VM_MAYWRITE 0x00000020
#define VM_MAYEXEC 0x00000040
#define VM_MAYSHARE 0x00000080
#define VM_GROWSDOWN 0x00000100
#define VM_PFNMAP 0x00000400
#define VM_DENYWRITE 0x00000800
#define VM_EXECUTABLE 0x00001000
#define VM_LOCKED 0x00002000
#define VM_IO 0x00004000
#define VM_SEQ_READ 0x00008000
#define VM_RAND_READ 0x00010000
#define VM_DONTCOPY 0x00020000
#define VM_DONTEXPAND 0x00040000
#define VM_RESERVED 0x00080000
#define VM_ACCOUNT 0x00100000
#define VM_NORESERVE 0x00200000
#define VM_NONLINEAR 0x00800000 /* remap_file_pages: the entries say which page of the file is where */
#define VM_STACK_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN | VM_ACCOUNT)

/* An address space. mm_users: tasks in it; mm_count: references to the structure (all users together are one). */
struct mm_struct {
    struct vm_area_struct *mmap; /* by address */
    struct rb_root mm_rb;
    struct vm_area_struct *mmap_cache;
    unsigned long mmap_base, task_size;
    pgd_t *pgd;
    atomic_t mm_users, mm_count;
    int map_count;
    struct rw_semaphore mmap_sem; /* readers: faults, walks. Writers: whoever changes the VMAs */
    struct list_head mmlist;      /* all address spaces, from init_mm */
    unsigned long start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
    unsigned long arg_start, arg_end, env_start, env_end;
    unsigned long total_vm, locked_vm, shared_vm, exec_vm, stack_vm, data_vm, reserved_vm, def_flags,
        nr_ptes;                                               /* pages */
    unsigned long file_rss, anon_rss, hiwater_rss, hiwater_vm; /* pages */
    unsigned long swap_usage;                                  /* entries that name a slot */
    u32 saved_auxv[44];
    struct file *exe_file;
    bool dumpable;
};

extern struct mm_struct init_mm;

#endif
