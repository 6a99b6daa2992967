/*
 * The LRU's other half: swap areas, the swap cache, and reclaim's entry points.
 *
 * A swap entry names a slot: 5 bits of area, 24 bits of page offset in it. In a page-table entry (asm/pgtable.h: P and
 * PROTNONE clear) it stands in place of the frame.
 *
 *      slot use count (swap_map) = entries in page tables and shmem trees that name it, + 1 while the swap cache has it
 *
 *   anonymous page --add_to_swap--> swap cache (PG_swapcache, private = entry) --try_to_unmap--> entries name the slot
 *     --writepage--> written --> freed by reclaim (leaves the swap cache, the slot stays)
 *   fault on an entry --lookup_swap_cache or read_swap_cache_async--> page in the swap cache --> mapped;
 *     the slot goes when nobody else names it and the page is written to
 */
#ifndef _MM_SWAP_H
#define _MM_SWAP_H

#include "mm/pagemap.h"
#include "mm/writeback.h"

#define MAX_SWAPFILES 32
#define SWAP_CLUSTER_MAX 32
#define SWAP_MAP_MAX 0x7fff /* a slot with so many users is never freed again: nobody knows how many more it has */
#define SWAP_MAP_BAD 0x8000

typedef struct {
    /* 0: none. type << 24 | offset; offset 0 holds the header, so an entry is never 0. Neighbours in an area are
     * neighbours in the swap cache's tree. */
    unsigned long val;
} swp_entry_t;
#define SWP_OFFSET_BITS 24
#define SWP_MAX_OFFSET ((1UL << SWP_OFFSET_BITS) - 1)
static inline swp_entry_t swp_entry(unsigned type, unsigned long offset)
{
    return (swp_entry_t){(unsigned long)type << SWP_OFFSET_BITS | offset};
}
static inline unsigned swp_type(swp_entry_t entry) { return entry.val >> SWP_OFFSET_BITS; }
static inline unsigned long swp_offset(swp_entry_t entry) { return entry.val & SWP_MAX_OFFSET; }
/* Its form in a page-table entry. */
static inline swp_entry_t pte_to_swp_entry(pte_t pte) { return swp_entry(pte_swap_type(pte), pte_swap_offset(pte)); }
static inline pte_t swp_entry_to_pte(swp_entry_t entry) { return swap_pte(swp_type(entry), swp_offset(entry)); }

/* ---- swap cache: mm/swap_state.c ---- */
extern struct address_space swapper_space;
extern unsigned long nr_swap_pages, total_swap_pages; /* free slots; slots of all areas */
int add_to_swap(struct page *page, gfp_t gfp);        /* locked, anonymous, up to date: 1 when it has a slot now */
int add_to_swap_cache(struct page *page, swp_entry_t entry, gfp_t gfp); /* locked; 0, -EEXIST, -ENOMEM */
void delete_from_swap_cache(struct page *page);       /* locked; drops the cache's use of the slot and its reference */
int move_to_swap_cache(struct page *page, swp_entry_t entry); /* shmem: out of its file's tree; 0 or -ENOMEM */
struct page *lookup_swap_cache(swp_entry_t entry);              /* referenced; NULL */
struct page *read_swap_cache_async(swp_entry_t entry, struct vm_area_struct *vma, unsigned long address);
void swapin_readahead(swp_entry_t entry, unsigned long address, struct vm_area_struct *vma);
void free_page_and_swap_cache(struct page *page); /* drops a reference, and the slot when we were the last */
int swap_writepage(struct page *page, struct writeback_control *wbc);
int swap_readpage(struct file *file, struct page *page);
/* Locks a page that was found for the entry, up to date if it can be read at all. False: it has the slot no more; it is
 * locked all the same. Sleeps. */
bool lock_swap_page(struct page *page, swp_entry_t entry);
/* The page's mapping for I/O: the swap cache, its file, or NULL. */
static inline struct address_space *page_mapping(struct page *page)
{
    if (PageSwapCache(page))
        return &swapper_space;
    return PageAnon(page) ? NULL : page->mapping;
}
/* Where the page is in that: the slot's entry value in the swap cache. */
static inline unsigned long page_index(const struct page *page)
{
    return PageSwapCache(page) ? page->private : page->index;
}

/* ---- slots: mm/swapfile.c ---- */
swp_entry_t get_swap_page(void);           /* val 0: none free */
int swap_count(swp_entry_t entry);         /* users of the slot, the cache included; 0: no such slot in use */
int swap_duplicate(swp_entry_t entry);     /* one more user: 1; 0: no such slot in use */
void swap_free(swp_entry_t entry);         /* one user less */
void free_swap_and_cache(swp_entry_t entry); /* one less; the cached page goes too when it was the last */
int page_swapcount(const struct page *page); /* in the swap cache: entries elsewhere that name its slot */
/* Locked: does one entry at most name the page or its slot, so that a write fault may take it over? Then it leaves the
 * swap cache too, unless it is being written. */
int can_share_swap_page(struct page *page);
/* Locked, in the swap cache: out of it, dirty, when no entry names the slot any more. 1 when it left. */
int remove_exclusive_swap_page(struct page *page);
int valid_swaphandles(swp_entry_t entry, unsigned long *offset); /* aligned window for readahead: count, first */
static inline bool vm_swap_full(void) { return nr_swap_pages * 2 < total_swap_pages; }
int proc_swaps(char *buf, int size);
long sys_swapon(const char __user *path, int flags);
long sys_swapoff(const char __user *path);
void check_swap_map(void); /* debug: use counts = what all page tables, shmem trees and the swap cache name */
extern int page_cluster;   /* readahead window, log2 of pages */

/* ---- shmem: its pages swap too: mm/shmem.c ---- */
int shmem_unuse(unsigned type);            /* every page of that area comes back; 0 or -errno. Sleeps */
void shmem_for_each_swap(void (*call)(swp_entry_t entry, int delta), int delta); /* debug */
/* A regular file's inode becomes one whose pages swap. 0 or -ENOMEM; undone by shmem_evict_inode. */
int shmem_init_inode(struct inode *inode);
void shmem_evict_inode(struct inode *inode); /* its pages are gone already */
int shmem_account(struct inode *inode, unsigned long pages); /* promises that much until it is evicted; 0 or -ENOMEM */
extern unsigned long shmem_committed; /* pages promised so: of vm_committed_space */
void shmem_cache_init(void);

/* ---- reclaim: mm/vmscan.c ---- */
extern int vm_swappiness; /* 0 .. 100 */
extern unsigned long vm_total_pages;
unsigned long try_to_free_pages(struct zone *const *zones, unsigned order, gfp_t gfp); /* pages freed */
void wakeup_kswapd(struct zone *zone, unsigned order);
void kswapd_init(void); /* a thread a node */
/* Of 100 unused names and inodes, so many count when reclaim shares its work between them and pages; 0: never dropped. */
extern int vfs_cache_pressure;
/* nr_to_scan 0: only tell how many objects it has. -1: cannot now. */
typedef int (*shrinker_t)(int nr_to_scan, gfp_t gfp);
struct shrinker *set_shrinker(const char *name, int seeks, shrinker_t shrink); /* name is not copied; NULL: no memory */
void remove_shrinker(struct shrinker *shrinker);
unsigned long shrink_slab(unsigned long scanned, gfp_t gfp, unsigned long lru_pages);
void drop_slab(void);
void drop_pagecache(void);
void rotate_reclaimable_page(struct page *page); /* end_page_writeback of PG_reclaim: to the inactive list's tail */
void check_lru(void); /* debug: lists, counts and flags agree */

/* ---- the last resort: mm/oom_kill.c ---- */
void out_of_memory(struct zonelist *zonelist, gfp_t gfp, unsigned order);
/* A fault found no memory: returns when there is some, or somebody was killed for it. Sleeps. */
void pagefault_out_of_memory(void);
unsigned long badness(struct task_struct *task, u64 uptime_seconds);

#endif
