/* One request for frames on its way: mm/page_alloc.c serves it while there is enough, mm/page_alloc_slow.c when not. */
#ifndef _MM_PAGE_ALLOC_H
#define _MM_PAGE_ALLOC_H

#include "mm/internal.h"

enum watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH };

struct alloc_request {
    gfp_t gfp;
    unsigned order;
    struct zone *const *zones; /* in the order of preference, NULL at the end */
    int classzone;             /* index of the first: decides which lowmem_reserve applies */
    bool from_pageset;         /* out: where the page came from */
};

/* From the first zone that has more than the mark, lowered by the ALLOC_ flags; NULL: none has. Does not sleep. */
struct page *get_page_from_freelist(struct alloc_request *request, enum watermark mark, unsigned alloc_flags);
/* All zones are below low. NULL: no memory for this request. Sleeps when it has __GFP_WAIT. */
struct page *alloc_pages_slow(struct alloc_request *request);

#endif
