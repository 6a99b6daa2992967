/*
 * The world around the files under test: RAM, one task, files, a processor with a TLB that remembers, and a tap on
 * every allocation.
 */
#ifndef TESTS_GUEST_WORLD_H
#define TESTS_GUEST_WORLD_H

#include "mm/internal.h"
#include "tap.h"

#define MIB 0x100000ul

void world_map_ram(void); /* what world_boot does first: for a test that puts something into RAM before */
/* Boots mm on [0, 640 KiB) and [1 MiB, ram). highmem: "highmem=" option's text, or NULL. */
void world_boot(unsigned long ram, const char *options);
/* The same with a memory map of the caller's choice. */
void world_boot_map(const struct e820_entry *entries, unsigned count, const char *options);
/* Gives the task an address space with a heap that begins at 0x08100000; the task is not root. */
struct mm_struct *world_enter_mm(void);
void world_leave_mm(void);

/* ---- failures ---- */
/* The n-th allocation from now on (1 = the next) fails, of frames and of objects; 0: none. */
void fail_allocation(unsigned n);
bool allocation_failed(void); /* since the last fail_allocation */

/* Everything that is in use and would be missed: compare before and after. */
struct resources {
    unsigned long free_pages, objects, committed;
};
struct resources resources_now(void); /* pagevecs drained, empty slabs given back */
void check_resources(const struct resources *before, const char *where);
void check_everything(void);

extern u64 world_ktime;                           /* nanoseconds; goes on with jiffies in schedule_timeout */
extern unsigned interruptible_wakeups;            /* of any queue */
extern struct task_struct *last_killed;           /* by send_group_signal */
extern void (*on_kill)(struct task_struct *task); /* what the killed task does at once; NULL: nothing */
extern void (*while_sleeping)(
    void); /* what happens when the task sleeps; NULL: a panic, for nothing can wake it (a timeout can) */

/* ---- the processor ---- */
/* One byte through the page tables, with the TLB in between and do_page_fault() on a miss. false: a signal came. */
bool user_read(unsigned long address, u8 *value);
bool user_write(unsigned long address, u8 value);
extern int last_signal, last_si_code; /* of the last force_sig_fault or send_signal */
extern u32 last_si_addr;
extern unsigned long invlpg_count, cr3_loads;
void set_cr2(u32 address); /* for a test that calls do_page_fault itself */
void check_tlb(void); /* nothing remembered that the tables no longer say */

/* ---- the trace port ---- */
struct told {
    u16 type;
    union {
        struct flt_record head;
        struct flt_fault_begin begin;
        struct flt_fault_vma vma;
        struct flt_fault_branch branch;
        struct flt_fault_cow cow;
        struct flt_fault_pte pte;
        struct flt_fault_end end;
        struct flt_mm_page_alloc alloc;
        struct flt_mm_buddy buddy;
        struct flt_mm_swap swap;
        struct flt_mm_page_referenced referenced;
        struct flt_mm_vmscan_page visit;
        struct flt_mm_lru_move move;
        struct flt_mm_watermark watermark;
        struct flt_mm_oom_kill kill;
        struct flt_mm_shrink_slab slab;
        struct flt_vmalloc vmalloc;
        struct flt_kmap kmap;
    };
};
extern struct told told[256];
extern unsigned told_count;              /* records since it was last set to 0; the first 256 are kept */
const struct told *told_first(u16 type); /* NULL: none */
const struct told *told_last(u16 type);
unsigned told_number(u16 type);

/* ---- files ---- */
/* A file of `pages` pages; byte i of page p reads as p * 7 + i. flags: O_RDONLY, ... One reference. */
struct file *test_file(u32 pages, u32 flags);
extern int open_files; /* files with references */

u32 random_u32(void);
void random_seed(u32 seed);

#endif
