/*
 * The trace-port ABI: the one header that the guest kernel and the emulator share.
 *
 * A 32-bit read of port FLT_TRACE_PORT gives FLT_TRACE_MAGIC on faultline and all ones elsewhere. A kernel that
 * finds the mark may emit events: one 32-bit OUT of the linear address of a record. The host copies the
 * record by peek at that moment; the guest may reuse the memory at once.
 *
 * A cheaper way: a 32-bit OUT to FLT_TRACE_CALL_PORT names the linear address of a piece of code of 2 or 3 bytes
 * that is jumped to and ends in a jump (LEAVE, RET). Whenever the CPU comes to it at CPL 0, ECX is the address of a
 * record, as with the OUT. 0 names none, and so does a reset.
 *
 * Every record starts with struct flt_record. Layouts never change; a new need gets a new type. Sizes are in
 * bytes, addresses are linear unless the name says phys, frames are numbers in units of 4096 bytes. All
 * fields are little-endian and naturally aligned. An unknown type is kept and shown raw.
 * Names follow Linux's own tracepoints where one exists.
 */
#ifndef FAULTLINE_TRACE_ABI_H
#define FAULTLINE_TRACE_ABI_H

#include <stdint.h>

#define FLT_TRACE_PORT 0x5F0u
#define FLT_TRACE_CALL_PORT 0x5F4u
#define FLT_TRACE_MAGIC 0x31544C46u /* "FLT1" */
/* What the guest leaves on the POST port when the first program is about to run; there without the trace port too. */
#define FLT_POST_PORT 0x80u
#define FLT_POST_PROGRAM 0xF0u
#define FLT_RECORD_MAX 256u         /* longer records are dropped and counted */

enum flt_type {
    /* the fault path: one fault_begin .. fault_end per task, nested by task */
    FLT_FAULT_BEGIN = 1,
    FLT_FAULT_VMA = 2,
    FLT_FAULT_BRANCH = 3,
    FLT_FAULT_COW = 4,
    FLT_FAULT_PTE = 5,
    FLT_FAULT_END = 6,

    FLT_MM_PAGE_ALLOC = 16,
    FLT_MM_PAGE_FREE = 17,
    FLT_MM_LRU_ADD = 18,
    FLT_MM_FILEMAP_ADD = 19,
    FLT_MM_FILEMAP_DELETE = 20,
    FLT_MM_BUDDY_SPLIT = 21,
    FLT_MM_BUDDY_MERGE = 22,

    FLT_SCHED_SWITCH = 32,
    FLT_TASK_NEW = 33,    /* fork, clone, kernel thread */
    FLT_TASK_RENAME = 34, /* exec, or the name set otherwise */
    FLT_TASK_EXIT = 35,
    FLT_SIGNAL = 36,

    FLT_BOOT_PHASE = 48, /* the first user instruction is about to run, and so on */

    /* reclaim */
    FLT_MM_VMSCAN_KSWAPD_WAKE = 64,
    FLT_MM_VMSCAN_KSWAPD_SLEEP = 65,
    FLT_MM_VMSCAN_DIRECT_BEGIN = 66,
    FLT_MM_VMSCAN_DIRECT_END = 67,
    FLT_MM_VMSCAN_LRU_ISOLATE = 68,
    FLT_MM_VMSCAN_SHRINK_INACTIVE = 69,
    FLT_MM_VMSCAN_PAGE = 70,       /* what shrink_page_list decided for one page, and why */
    FLT_MM_LRU_MOVE = 71,          /* a page changes its list, and why */
    FLT_MM_PAGE_REFERENCED = 72,   /* A bits of one page were harvested */
    FLT_MM_UNMAP = 73,             /* try_to_unmap took one entry away */
    FLT_MM_VMSCAN_WRITEPAGE = 74,
    FLT_MM_WATERMARK = 75,         /* a zone's free pages crossed a mark */
    FLT_MM_SHRINK_SLAB = 76,
    FLT_MM_OOM_KILL = 77,
    /* swap */
    FLT_MM_SWAP_OUT = 80,          /* a page was given a slot and enters the swap cache */
    FLT_MM_SWAP_IN = 81,           /* a page is read from its slot, or was found in the swap cache */
    FLT_MM_SWAP_FREE = 82,         /* a slot lost its last user */
    /* page cache, waiting, I/O */
    FLT_PAGE_WAIT_BEGIN = 96,      /* the task sleeps on a page */
    FLT_PAGE_WAIT_END = 97,
    FLT_WRITEBACK_START = 98,
    FLT_WRITEBACK_END = 99,
    FLT_DIRTY_THROTTLE = 100,      /* a writer has to write back itself: too much is dirty */
    FLT_READAHEAD = 101,
    FLT_BLOCK_RQ_ISSUE = 104,
    FLT_BLOCK_RQ_COMPLETE = 105,
    /* the kernel's own mappings */
    FLT_VMALLOC = 112,
    FLT_VFREE = 113,
    FLT_KMAP = 114,
    FLT_KUNMAP = 115,
    FLT_PKMAP_FLUSH = 116,
};

struct flt_record {
    uint16_t type;  /* enum flt_type */
    uint16_t bytes; /* whole record, this header included */
    uint32_t task;  /* pid of the current task, 0 for the idle task */
};

struct flt_fault_begin {
    struct flt_record head;
    uint32_t address, error_code, ip, sp;
    uint32_t pgd_phys;
};

struct flt_fault_vma { /* found: start < end; not found: both 0 */
    struct flt_record head;
    uint32_t start, end, vm_flags, pgoff;
    uint32_t file_inode; /* 0: anonymous */
    uint32_t stack_grown_from; /* old start when this fault grew the stack, else 0 */
    char name[32];       /* file name (of a long one "..." and its end), "[heap]", "[stack]" or "" */
};

enum flt_branch {
    FLT_BRANCH_NONE,
    FLT_BRANCH_ANON_ZERO,   /* read of untouched memory: the zero page */
    FLT_BRANCH_ANON,        /* first write: a zeroed frame */
    FLT_BRANCH_FILE_MINOR,
    FLT_BRANCH_FILE_MAJOR,
    FLT_BRANCH_FILE_COW,    /* private write to a file page not yet mapped */
    FLT_BRANCH_COW_COPY,
    FLT_BRANCH_COW_REUSE,
    FLT_BRANCH_SWAP_IN,
    FLT_BRANCH_SPURIOUS,    /* the entry already allows it */
    FLT_BRANCH_SEGV,
    FLT_BRANCH_SIGBUS,
    FLT_BRANCH_OOM,
    FLT_BRANCH_VMALLOC_SYNC,
    FLT_BRANCH_FIXUP,       /* kernel access to user memory failed: exception table */
    FLT_BRANCH_OOPS,
    FLT_BRANCH_COUNT
};

struct flt_fault_branch {
    struct flt_record head;
    uint32_t branch; /* enum flt_branch */
};

struct flt_fault_cow { /* why a copy or a reuse */
    struct flt_record head;
    uint32_t old_pfn, old_mapcount, new_pfn; /* new_pfn = old_pfn for a reuse; mapcount before, number of tables */
};

struct flt_fault_pte {
    struct flt_record head;
    uint32_t address, pte_phys; /* physical address of the entry */
    uint32_t before, after;
};

enum flt_outcome { FLT_OUTCOME_RETRY, FLT_OUTCOME_SIGNAL, FLT_OUTCOME_FIXUP, FLT_OUTCOME_OOPS, FLT_OUTCOME_KILLED };

struct flt_fault_end {
    struct flt_record head;
    uint32_t outcome; /* enum flt_outcome */
    uint32_t signal, si_code;
};

struct flt_mm_page_alloc { /* pfn = 0xffffffff: the allocation failed */
    struct flt_record head;
    uint32_t pfn, order, gfp_flags;
    uint32_t node, zone;        /* zone index: 0 DMA, 1 NORMAL, 2 HIGHMEM */
    uint32_t preferred_zone;    /* different from zone: fallback */
    uint32_t from_pageset;      /* 1: from the per-CPU list, 0: from the buddy lists */
    uint32_t zone_free, pages_min, pages_low, pages_high;
};

struct flt_mm_page_free {
    struct flt_record head;
    uint32_t pfn, order, zone, zone_free;
};

struct flt_mm_lru_add {
    struct flt_record head;
    uint32_t pfn, active; /* 0 inactive, 1 active */
};

struct flt_mm_filemap { /* add and delete */
    struct flt_record head;
    uint32_t pfn, inode, index;
};

struct flt_mm_buddy { /* split: a block of `order` becomes two of order - 1; merge: two of order - 1 become one */
    struct flt_record head;
    uint32_t pfn, order, zone;
};

struct flt_sched_switch {
    struct flt_record head;
    uint32_t prev, next;
};

struct flt_task_new {
    struct flt_record head;
    uint32_t pid, parent, clone_flags;
    char comm[16];
};

struct flt_task_rename {
    struct flt_record head;
    uint32_t pid;
    char comm[16];
};

struct flt_task_exit {
    struct flt_record head;
    uint32_t pid, status; /* wait status */
};

struct flt_signal { /* a signal is about to be delivered to its task */
    struct flt_record head;
    uint32_t pid, signal, si_code, si_addr;
};

enum flt_phase { FLT_PHASE_KERNEL_ENTRY = 1, FLT_PHASE_MM_READY, FLT_PHASE_FIRST_USER, FLT_PHASE_PROGRAM_START, FLT_PHASE_PROGRAM_END };

struct flt_boot_phase {
    struct flt_record head;
    uint32_t phase;
};

/* Zones are named by node and index (0 DMA, 1 NORMAL, 2 HIGHMEM) everywhere below. */
struct flt_mm_kswapd { /* wake and sleep */
    struct flt_record head;
    uint32_t node, zone; /* the zone whose mark was crossed (wake); sleep: the node's first */
    uint32_t order, free;
};

struct flt_mm_direct_reclaim { /* begin: reclaimed 0 */
    struct flt_record head;
    uint32_t order, gfp_flags, priority, reclaimed; /* end: the last priority tried, pages freed */
};

struct flt_mm_lru_isolate { /* a batch was taken off a list to be looked at */
    struct flt_record head;
    uint32_t node, zone, active, priority; /* active: which list */
    uint32_t wanted, scanned, taken;
};

struct flt_mm_shrink_inactive { /* what became of a batch */
    struct flt_record head;
    uint32_t node, zone, priority, kswapd; /* kswapd: 1 when the daemon does it, 0 in direct reclaim */
    uint32_t scanned, reclaimed;
};

enum flt_page_outcome { FLT_OUTCOME_KEEP, FLT_OUTCOME_ACTIVATE, FLT_OUTCOME_RECLAIM, FLT_OUTCOME_PAGEOUT };

enum flt_page_reason {
    FLT_WHY_NONE,
    FLT_WHY_LOCKED,         /* somebody works on it */
    FLT_WHY_WRITEBACK,      /* being written */
    FLT_WHY_REFERENCED,     /* A bits or PG_referenced: second chance */
    FLT_WHY_MAPPED,         /* mapped, and mapped pages are not wanted yet (swappiness, distress) */
    FLT_WHY_NO_SWAP,        /* anonymous and there is no slot */
    FLT_WHY_UNMAP_FAILED,   /* an entry could not be taken: locked or just used */
    FLT_WHY_DIRTY,          /* must be written first */
    FLT_WHY_BUSY,           /* other references */
    FLT_WHY_CLEAN,          /* nothing holds it: freed */
    FLT_WHY_WRITE_FAILED,
    FLT_WHY_INACTIVE,       /* deactivated: not referenced, the inactive list is short */
    FLT_WHY_MLOCKED,
    FLT_WHY_WRITTEN,        /* its write-out ended: to the tail, the next to go */
    FLT_WHY_ACCESSED,       /* mark_page_accessed: used twice */
};

struct flt_mm_vmscan_page {
    struct flt_record head;
    uint32_t pfn, outcome, reason; /* enum flt_page_outcome, enum flt_page_reason */
    uint32_t referenced, mapcount, anon;
};

struct flt_mm_lru_move {
    struct flt_record head;
    uint32_t pfn, from_active, to_active, reason; /* enum flt_page_reason; from = to: moved inside its list */
};

struct flt_mm_page_referenced {
    struct flt_record head;
    uint32_t pfn, young, mapcount; /* young: entries whose A was set, now cleared; mapcount: entries looked at */
};

struct flt_mm_unmap {
    struct flt_record head;
    uint32_t pfn, address, pgd_phys, before, after; /* the entry */
};

struct flt_mm_writepage {
    struct flt_record head;
    uint32_t pfn, anon;
};

enum flt_mark { FLT_MARK_MIN, FLT_MARK_LOW, FLT_MARK_HIGH };

struct flt_mm_watermark { /* free pages went from one side of a mark to the other */
    struct flt_record head;
    uint32_t node, zone, mark, below, free; /* below: 1 when they are below it now */
};

struct flt_mm_shrink_slab {
    struct flt_record head;
    uint32_t scanned, freed; /* objects */
    char cache[16];
};

struct flt_mm_oom_kill {
    struct flt_record head;
    uint32_t pid, points, total_vm, order, gfp_flags; /* total_vm: pages */
    char comm[16];
};

struct flt_mm_swap {
    struct flt_record head;
    uint32_t pfn, type, offset; /* swap area, slot in it; SWAP_FREE: pfn 0xffffffff */
    uint32_t cached;            /* SWAP_IN: 1 when the swap cache still had it */
};

enum flt_wait_reason { FLT_WAIT_LOCKED, FLT_WAIT_WRITEBACK };

struct flt_page_wait { /* begin and end */
    struct flt_record head;
    uint32_t pfn, reason;
};

enum flt_writeback_reason { FLT_WB_BACKGROUND, FLT_WB_PERIODIC, FLT_WB_SYNC, FLT_WB_RECLAIM, FLT_WB_THROTTLE };

struct flt_writeback { /* start: pages wanted; end: pages written */
    struct flt_record head;
    uint32_t reason, pages, dirty, threshold; /* dirty: pages that are dirty now; the threshold that matters */
};

struct flt_dirty_throttle {
    struct flt_record head;
    uint32_t dirty, background, limit; /* pages */
};

struct flt_readahead {
    struct flt_record head;
    uint32_t inode, index, pages;
};

struct flt_block_rq { /* issue: to the device; complete */
    struct flt_record head;
    uint32_t dev, sector, bytes, write; /* dev: major << 20 | minor; sectors of 512 bytes; write: 0 read, 1 write, 2 flush */
    uint32_t segments, error;           /* error: positive errno, 0 on issue and success */
};

struct flt_vmalloc { /* vmalloc and vfree */
    struct flt_record head;
    uint32_t address, pages;
};

struct flt_kmap { /* kmap and kunmap of a high frame; flush: address 0, pfn = entries cleared */
    struct flt_record head;
    uint32_t address, pfn;
};

_Static_assert(sizeof(struct flt_record) == 8, "ABI");
_Static_assert(sizeof(struct flt_fault_begin) == 28, "ABI");
_Static_assert(sizeof(struct flt_fault_vma) == 64, "ABI");
_Static_assert(sizeof(struct flt_fault_branch) == 12, "ABI");
_Static_assert(sizeof(struct flt_fault_cow) == 20, "ABI");
_Static_assert(sizeof(struct flt_fault_pte) == 24, "ABI");
_Static_assert(sizeof(struct flt_fault_end) == 20, "ABI");
_Static_assert(sizeof(struct flt_mm_page_alloc) == 52, "ABI");
_Static_assert(sizeof(struct flt_mm_page_free) == 24, "ABI");
_Static_assert(sizeof(struct flt_mm_lru_add) == 16, "ABI");
_Static_assert(sizeof(struct flt_mm_filemap) == 20, "ABI");
_Static_assert(sizeof(struct flt_mm_buddy) == 20, "ABI");
_Static_assert(sizeof(struct flt_sched_switch) == 16, "ABI");
_Static_assert(sizeof(struct flt_task_new) == 36, "ABI");
_Static_assert(sizeof(struct flt_task_rename) == 28, "ABI");
_Static_assert(sizeof(struct flt_task_exit) == 16, "ABI");
_Static_assert(sizeof(struct flt_signal) == 24, "ABI");
_Static_assert(sizeof(struct flt_boot_phase) == 12, "ABI");
_Static_assert(sizeof(struct flt_mm_kswapd) == 24, "ABI");
_Static_assert(sizeof(struct flt_mm_direct_reclaim) == 24, "ABI");
_Static_assert(sizeof(struct flt_mm_lru_isolate) == 36, "ABI");
_Static_assert(sizeof(struct flt_mm_shrink_inactive) == 32, "ABI");
_Static_assert(sizeof(struct flt_mm_vmscan_page) == 32, "ABI");
_Static_assert(sizeof(struct flt_mm_lru_move) == 24, "ABI");
_Static_assert(sizeof(struct flt_mm_page_referenced) == 20, "ABI");
_Static_assert(sizeof(struct flt_mm_unmap) == 28, "ABI");
_Static_assert(sizeof(struct flt_mm_writepage) == 16, "ABI");
_Static_assert(sizeof(struct flt_mm_watermark) == 28, "ABI");
_Static_assert(sizeof(struct flt_mm_shrink_slab) == 32, "ABI");
_Static_assert(sizeof(struct flt_mm_oom_kill) == 44, "ABI");
_Static_assert(sizeof(struct flt_mm_swap) == 24, "ABI");
_Static_assert(sizeof(struct flt_page_wait) == 16, "ABI");
_Static_assert(sizeof(struct flt_writeback) == 24, "ABI");
_Static_assert(sizeof(struct flt_dirty_throttle) == 20, "ABI");
_Static_assert(sizeof(struct flt_readahead) == 20, "ABI");
_Static_assert(sizeof(struct flt_block_rq) == 32, "ABI");
_Static_assert(sizeof(struct flt_vmalloc) == 16, "ABI");
_Static_assert(sizeof(struct flt_kmap) == 16, "ABI");

#endif
