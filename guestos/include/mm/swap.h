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
#define SWAP_MAP_MAX 0x7fff
#define SWAP_MAP_BAD 0x8000

typedef struct {
    unsigned long val; /* 0: none. offset << 5 | type; offset 0 holds the header, so an entry is never 0 */
} swp_entry_t;
static inline swp_entry_t swp_entry(unsigned type, unsigned long offset) { return (swp_entry_t){offset << 5 | type}; }
static inline unsigned swp_type(swp_entry_t entry) { return entry.val & 31; }
static inline unsigned long swp_offset(swp_entry_t entry) { return entry.val >> 5; }
/* As it stands in a page table: [31:8 offset] [7 = 0] [6:1 type] [0 = 0]. */
static inline pte_t swp_entry_to_pte(swp_entry_t entry)
{
    return (pte_t){(u32)(swp_offset(entry) << 8 | swp_type(entry) << 1)};
}
static inline swp_entry_t pte_to_swp_entry(pte_t pte) { return swp_entry(pte.pte >> 1 & 31, pte.pte >> 8); }

/* ---- swap cache: mm/swap_state.c ---- */
extern struct address_space swapper_space;
extern unsigned long nr_swap_pages, total_swap_pages; /* free slots; slots of all areas */
int add_to_swap(struct page *page, gfp_t gfp);        /* locked, anonymous, up to date: 1 when it has a slot now */
void delete_from_swap_cache(struct page *page);       /* locked; drops the cache's use of the slot and its reference */
int move_to_swap_cache(struct page *page, swp_entry_t entry);   /* shmem: out of its file's tree */
int move_from_swap_cache(struct page *page, unsigned long index, struct address_space *mapping);
struct page *lookup_swap_cache(swp_entry_t entry);              /* referenced; NULL */
struct page *read_swap_cache_async(swp_entry_t entry, struct vm_area_struct *vma, unsigned long address);
void swapin_readahead(swp_entry_t entry, unsigned long address, struct vm_area_struct *vma);
void free_page_and_swap_cache(struct page *page); /* drops a reference, and the slot when we were the last */
int swap_writepage(struct page *page, struct writeback_control *wbc);
int swap_readpage(struct file *file, struct page *page);
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
int swap_duplicate(swp_entry_t entry);     /* one more user: 1; 0: no such slot in use */
void swap_free(swp_entry_t entry);         /* one user less */
void free_swap_and_cache(swp_entry_t entry); /* one less; the cached page goes too when it was the last */
int can_share_swap_page(struct page *page);  /* locked: may a write fault take it over? frees the slot then */
int remove_exclusive_swap_page(struct page *page); /* locked: the cache is its only other user: out of it, 1 */
int valid_swaphandles(swp_entry_t entry, unsigned long *offset); /* aligned window for readahead: count, first */
static inline bool vm_swap_full(void) { return nr_swap_pages * 2 < total_swap_pages; }
int proc_swaps(char *buf, int size);
long sys_swapon(const char __user *path, int flags);
long sys_swapoff(const char __user *path);
void check_swap_map(void); /* debug: use counts = what all page tables, shmem trees and the swap cache name */
extern int page_cluster;   /* readahead window, log2 of pages */

/* ---- shmem: its pages swap too: mm/shmem.c ---- */
int shmem_unuse(swp_entry_t entry, struct page *page);

/* ---- reclaim: mm/vmscan.c ---- */
extern int vm_swappiness; /* 0 .. 100 */
extern unsigned long vm_total_pages;
unsigned long try_to_free_pages(struct zone *const *zones, unsigned order, gfp_t gfp); /* pages freed */
void wakeup_kswapd(struct zone *zone, unsigned order);
void kswapd_init(void); /* a thread a node */
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
unsigned long badness(struct task_struct *task, u64 uptime_seconds);

#endif
