/* A handful of pages handed to the LRU lists at once. A page in a pagevec is referenced by it. */
#ifndef _MM_PAGEVEC_H
#define _MM_PAGEVEC_H

#include "mm/mm_types.h"

#define PAGEVEC_SIZE 14

struct pagevec {
    unsigned nr;
    struct page *pages[PAGEVEC_SIZE];
};

#endif
