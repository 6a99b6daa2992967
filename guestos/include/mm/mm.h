/*
 * What the rest of the kernel calls of memory management. Implemented in mm/ and arch/i386/mm/.
 */
#ifndef _MM_MM_H
#define _MM_MM_H

#include "mm/mmzone.h"
#include "asm/ptrace.h"

/* ---- boot ---- */
void paging_init(void);  /* arch/i386/mm: direct map, kmap and fixmap tables, then free_area_init */
void setup_memory(void); /* arch/i386/mm: e820 -> limits -> bootmem with the kernel and initrd reserved */
void mem_init(void);     /* bootmem -> buddy, prints the memory line */
void kmem_cache_init(void);
void fail_nth_init(void);                /* "fail_nth=" of the command line; before the first allocation */
void fail_nth_boot_ends(void);
void mm_late_init(void);                 /* vma, mm, anon_vma caches; page cache; after the slab works */
void *alloc_bootmem(unsigned long size); /* zeroed, page aligned for >= PAGE_SIZE; panics when there is none */
void free_initrd_mem(u32 start_phys, u32 end_phys); /* gives the initrd's frames to the buddy system */
void parse_mem_options(const char *cmdline);        /* highmem=, mem= ; called before setup_memory */

/* ---- frames ---- */
/* One instruction each: the end of an I/O changes flags of a page that the task it interrupted may be changing too. */
#define PAGE_FLAG_FUNCTIONS(Name, bit)                                                                                 \
    static inline bool Page##Name(const struct page *p) { return (p->flags >> (bit)) & 1; }                            \
    static inline void SetPage##Name(struct page *p)                                                                   \
    {                                                                                                                  \
        __asm__ volatile("orl %1, %0" : "+m"(p->flags) : "ir"(1u << (bit)) : "cc");                                    \
    }                                                                                                                  \
    static inline void ClearPage##Name(struct page *p)                                                                 \
    {                                                                                                                  \
        __asm__ volatile("andl %1, %0" : "+m"(p->flags) : "ir"(~(1u << (bit))) : "cc");                                \
    }
PAGE_FLAG_FUNCTIONS(Locked, PG_locked)
PAGE_FLAG_FUNCTIONS(Error, PG_error)
PAGE_FLAG_FUNCTIONS(Referenced, PG_referenced)
PAGE_FLAG_FUNCTIONS(Uptodate, PG_uptodate)
PAGE_FLAG_FUNCTIONS(Dirty, PG_dirty)
PAGE_FLAG_FUNCTIONS(LRU, PG_lru)
PAGE_FLAG_FUNCTIONS(Active, PG_active)
PAGE_FLAG_FUNCTIONS(Slab, PG_slab)
PAGE_FLAG_FUNCTIONS(Reserved, PG_reserved)
PAGE_FLAG_FUNCTIONS(Private, PG_private)
PAGE_FLAG_FUNCTIONS(Writeback, PG_writeback)
PAGE_FLAG_FUNCTIONS(SwapCache, PG_swapcache)
PAGE_FLAG_FUNCTIONS(Buddy, PG_buddy)
PAGE_FLAG_FUNCTIONS(Table, PG_table)
PAGE_FLAG_FUNCTIONS(Kernel, PG_kernel)
PAGE_FLAG_FUNCTIONS(Reclaim, PG_reclaim)
static inline bool PageAnon(const struct page *p) { return (unsigned long)p->mapping & PAGE_MAPPING_ANON; }
static inline int page_count(const struct page *p) { return atomic_read(&p->_count); }
static inline int page_mapcount(const struct page *p) { return atomic_read(&p->_mapcount) + 1; }
static inline void get_page(struct page *p) { atomic_inc(&p->_count); }
void put_page(struct page *page);  /* drops a reference; frees at zero, off the LRU first */
void lock_page(struct page *page); /* sleeps on the zone's wait table */
static inline bool trylock_page(struct page *page)
{
    bool was_free = !PageLocked(page);

    SetPageLocked(page);
    return was_free;
}
void unlock_page(struct page *page);
void wait_on_page_locked(struct page *page);
void lru_cache_add(struct page *page); /* to the inactive list (through a pagevec) */
void lru_cache_add_active(struct page *page);
void lru_add_drain(void);
void mark_page_accessed(struct page *page);
void activate_page(struct page *page); /* from the inactive list to the active one */
void lru_cache_del(struct page *page);
void release_pages(struct page *const *pages, unsigned count); /* put_page for each */
int set_page_dirty(struct page *page); /* 1 when it was clean before; mm/filemap.c */
struct page *empty_zero_page(void);    /* the one frame of zeros that reads of untouched memory share */

/* ---- address spaces ---- */
struct vm_fault {
    unsigned long address; /* page aligned */
    unsigned long pgoff;   /* in the file, pages */
    unsigned int flags;
    struct page *page; /* out: referenced, up to date */
};
#define FAULT_FLAG_WRITE 1u

#define VM_FAULT_MINOR 0x0000u
#define VM_FAULT_OOM 0x0001u
#define VM_FAULT_SIGBUS 0x0002u
#define VM_FAULT_MAJOR 0x0004u
#define VM_FAULT_WRITE 0x0008u

struct vm_operations_struct {
    void (*open)(struct vm_area_struct *vma);
    void (*close)(struct vm_area_struct *vma);
    unsigned int (*fault)(struct vm_area_struct *vma, struct vm_fault *vmf); /* VM_FAULT_ flags */
    int (*page_mkwrite)(struct vm_area_struct *vma, struct page *page);
    const char *(*name)(struct vm_area_struct *vma);
};

struct mm_struct *mm_alloc(void);                 /* empty, kernel part mapped, mm_users = 1; NULL on failure */
struct mm_struct *dup_mm(struct mm_struct *from); /* fork: copy with COW; NULL on failure */
void mmput(struct mm_struct *mm);                 /* last user gone: unmap everything */
void mmdrop(struct mm_struct *mm);                /* last reference gone: free pgd and structure */
void activate_mm(struct mm_struct *prev, struct mm_struct *next); /* loads CR3 */

/* All below return -errno in the pointer range on failure, as Linux. len > 0; prot PROT_*, flags MAP_*. pgoff in pages.
 */
unsigned long do_mmap_pgoff(struct file *file, unsigned long addr, unsigned long len, unsigned long prot,
                            unsigned long flags, unsigned long pgoff);
int do_munmap(struct mm_struct *mm, unsigned long start, unsigned long len);
unsigned long do_brk(unsigned long addr, unsigned long len);               /* anonymous private, zero filled */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr); /* first with vm_end > addr, or NULL */
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr, struct vm_area_struct **prev);
int expand_stack(struct vm_area_struct *vma, unsigned long address);
/* exec: makes the stack VMA [top - size, top) in mm; 0 or -errno. The VMA may be moved before the program starts. */
int setup_stack_vma(struct mm_struct *mm, unsigned long stack_top);
/* Reads or writes another address space's memory through its tables, faulting pages in (exec's arguments,
 * ptrace, /proc/PID/cmdline). Returns bytes done. */
int access_process_vm(struct mm_struct *mm, unsigned long addr, void *buf, int len, int write);
unsigned int handle_mm_fault(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address, int write);
void unmap_mapping_range(struct address_space *mapping, u32 first_index, u32 page_count); /* truncate */

/* Highest address that exec's stack may end at, and where mmap starts to search downwards (set by mm_alloc). */
#define STACK_TOP TASK_SIZE

/* arch/i386/mm/fault.c; entry code calls it with interrupts off and CR2 not yet read. */
void do_page_fault(struct pt_regs *regs, u32 error_code);

/* ---- system calls (arguments as the i386 ABI; return value or -errno) ---- */
long sys_brk(unsigned long brk);
long sys_mmap2(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags, int fd,
               unsigned long pgoff);
long sys_old_mmap(const void __user *arg);
long sys_munmap(unsigned long addr, unsigned long len);
long sys_mprotect(unsigned long start, unsigned long len, unsigned long prot);
long sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
                unsigned long new_addr);
long sys_remap_file_pages(unsigned long start, unsigned long size, unsigned long prot, unsigned long pgoff,
                          unsigned long flags);
long sys_madvise(unsigned long start, unsigned long len, int advice);
long sys_mincore(unsigned long start, unsigned long len, unsigned char __user *vec);
long sys_msync(unsigned long start, unsigned long len, int flags);
long sys_mlock(unsigned long start, unsigned long len);
long sys_munlock(unsigned long start, unsigned long len);
long sys_mlockall(int flags);
long sys_munlockall(void);

/* ---- numbers for /proc (mm/vmstat.c): text into buf, length returned, never more than size ---- */
int proc_meminfo(char *buf, int size);
int proc_buddyinfo(char *buf, int size);
int proc_zoneinfo(char *buf, int size);
int proc_vmstat(char *buf, int size);
int proc_slabinfo(char *buf, int size);

/* ---- and of one address space (fs/task_mmu.c) ---- */
int proc_pid_maps(struct mm_struct *mm, char *buf, int size);
int proc_pid_smaps(struct mm_struct *mm, char *buf, int size);
int proc_pid_smaps_rollup(struct mm_struct *mm, char *buf, int size);
int proc_pid_status_mm(struct mm_struct *mm, char *buf, int size); /* the lines of status from VmPeak to VmSwap */
int proc_pid_statm(const struct mm_struct *mm, char *buf, int size);
/* Entries of pages [first, first + count) as Linux's pagemap has them; frame and slot only with show_pfn. */
void proc_pid_pagemap(struct mm_struct *mm, unsigned long first, unsigned count, bool show_pfn, u64 *entries);
enum clear_refs_type {
    CLEAR_REFS_ALL = 1,
    CLEAR_REFS_ANON,
    CLEAR_REFS_MAPPED,
    CLEAR_REFS_SOFT_DIRTY, /* there is no such bit: nothing to clear */
    CLEAR_REFS_MM_HIWATER_RSS,
    CLEAR_REFS_LAST
};
void clear_refs(struct mm_struct *mm, enum clear_refs_type type);

/* ---- checkers: panic with a sentence when a structure is broken (debug builds call them around mutations) ---- */
void check_buddy(void);
void check_mm(struct mm_struct *mm);
void check_mapcounts(void); /* _mapcount of every frame = number of entries found by walking all tables */
void check_slab(void);

#endif
