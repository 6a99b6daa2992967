/* Which memory an allocation wants and what it may do to get it. */
#ifndef _MM_GFP_H
#define _MM_GFP_H

#include "mm/mm_types.h"

#define __GFP_DMA 0x01u
#define __GFP_HIGHMEM 0x02u
#define __GFP_WAIT 0x10u /* may sleep and reclaim */
#define __GFP_HIGH 0x20u /* may use the emergency reserve */
#define __GFP_IO 0x40u
#define __GFP_FS 0x80u
#define __GFP_COLD 0x100u
#define __GFP_NOWARN 0x200u
#define __GFP_REPEAT 0x400u
#define __GFP_NOFAIL 0x800u
#define __GFP_NORETRY 0x1000u
#define __GFP_ZERO 0x8000u
#define __GFP_NOMEMALLOC 0x10000u
#define __GFP_KERNEL_OWN 0x20000u /* frame of the kernel itself: PG_kernel is set for the viewers */

#define GFP_ATOMIC (__GFP_HIGH)
#define GFP_NOIO (__GFP_WAIT)            /* a block driver's: reclaim must start no I/O */
#define GFP_NOFS (__GFP_WAIT | __GFP_IO) /* a file system's: reclaim must not enter one */
#define GFP_KERNEL (__GFP_WAIT | __GFP_IO | __GFP_FS)
#define GFP_USER (__GFP_WAIT | __GFP_IO | __GFP_FS)
#define GFP_HIGHUSER (__GFP_WAIT | __GFP_IO | __GFP_FS | __GFP_HIGHMEM)
#define GFP_DMA __GFP_DMA

struct page *alloc_pages(gfp_t gfp, unsigned int order); /* NULL on failure */
/* The same from node nid, which exists; falls over to the others by distance. */
struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
static inline struct page *alloc_page(gfp_t gfp) { return alloc_pages(gfp, 0); }
void __free_pages(struct page *page, unsigned int order);      /* drops a reference; frees at zero */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order); /* kernel address or 0; never highmem */
unsigned long get_zeroed_page(gfp_t gfp);
void free_pages(unsigned long addr, unsigned int order);
static inline unsigned long __get_free_page(gfp_t gfp) { return __get_free_pages(gfp, 0); }
static inline void free_page(unsigned long addr) { free_pages(addr, 0); }

#endif
