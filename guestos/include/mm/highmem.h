/*
 * Windows onto frames that the direct map does not cover. kmap_atomic: a slot a use, nested by type, no sleeping
 * while it is held. kmap: the pkmap table, may sleep until a slot is free.
 */
#ifndef _MM_HIGHMEM_H
#define _MM_HIGHMEM_H

#include "mm/mmzone.h"

enum km_type { KM_USER0, KM_USER1, KM_BIO, KM_IRQ0, KM_PTE0, KM_PTE1, KM_DEBUG /* poison */, KM_TYPE_NR };

void *kmap_atomic(struct page *page, enum km_type type);
void kunmap_atomic(void *address, enum km_type type);
void *kmap(struct page *page);
void kunmap(struct page *page);

void clear_highpage(struct page *page);
void copy_highpage(struct page *to, struct page *from);

#endif
