/*
 * Reverse mappings: from a frame to the page-table entries that map it.
 *
 *   file page        page->mapping = address_space; its i_mmap finds the VMAs; a VMA maps the page at
 *                    vm_start + ((page->index - vm_pgoff) << PAGE_SHIFT) if that lies inside
 *   anonymous page   page->mapping = anon_vma | PAGE_MAPPING_ANON; the anon_vma lists every VMA that may hold the
 *                    page: the one that faulted it in, the parts it was split into and their copies in children.
 *                    Same formula for the address.
 *
 * An anon_vma lives as long as a VMA is on its list: a mapped page lies in some VMA, so it is never stale for one.
 */
#ifndef _MM_RMAP_H
#define _MM_RMAP_H

#include "mm/mm_types.h"

struct anon_vma {
    struct list_head head; /* VMAs, by vm_area_struct.anon_vma_node */
};

void anon_vma_init(void);
int anon_vma_prepare(struct vm_area_struct *vma); /* gives vma an anon_vma; 0 or -ENOMEM */
void anon_vma_link(struct vm_area_struct *vma);   /* vma->anon_vma was copied from a relative: joins its list */
void anon_vma_unlink(struct vm_area_struct *vma); /* leaves; the last one frees it */
void anon_vma_merge(struct vm_area_struct *vma, struct vm_area_struct *next); /* next is absorbed by vma */

void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long address);
void page_add_file_rmap(struct page *page);
void page_dup_rmap(struct page *page); /* one more entry at fork */
void page_remove_rmap(struct page *page);
/* The number of entries (and PG_referenced) that say that page was used since the last look; clears their A. Unlocked
 * pages of files are locked for it when possible. */
int page_referenced(struct page *page, bool is_locked);
/* Takes every entry away, page locked: D goes to the page, an anonymous page's entries name its slot from then on. */
#define SWAP_SUCCESS 0
#define SWAP_AGAIN 1 /* somebody held a lock or just used it */
#define SWAP_FAIL 2  /* mlocked */
int try_to_unmap(struct page *page, bool ignore_access);
int page_mkclean(struct page *page); /* shared file page, locked: D and the write right of every entry; number cleared */
/* Where vma maps page, or -EFAULT as an unsigned long when outside. */
unsigned long vma_address(const struct page *page, const struct vm_area_struct *vma);

#endif
