/*
 * The trace-port ABI: the one header that the guest kernel and the emulator share.
 *
 * A 32-bit read of port FLT_TRACE_PORT gives FLT_TRACE_MAGIC on faultline and all ones elsewhere. A kernel that
 * finds the mark may emit events: one 32-bit OUT of the linear address of a record. The host copies the
 * record by peek at that moment; the guest may reuse the memory at once.
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
    char name[32];       /* file name, "[heap]", "[stack]" or "" */
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

#endif
