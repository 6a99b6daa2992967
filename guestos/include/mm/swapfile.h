/* What the files that implement swap areas share: mm/swapfile.c, mm/swapon.c, mm/swapoff.c, mm/page_io.c. */
#ifndef _MM_SWAPFILE_H
#define _MM_SWAPFILE_H

#include "mm/swap.h"

#define SWP_USED 1u    /* the slots exist */
#define SWP_WRITEOK 2u /* and may be given out */
#define SWAPFILE_CLUSTER 256u

#define SWAP_FLAG_PREFER 0x8000
#define SWAP_FLAG_PRIO_MASK 0x7fff
#define SWAP_FLAG_DISCARDS 0x70000 /* discard, once, pages: a hint to the disk, which is not given */

/* Pages [first, first + count) of the area lie from `sector` of its device on. */
struct swap_extent {
    u32 first, count;
    u64 sector;
};

struct swap_info_struct {
    struct list_head list; /* swap_areas, while SWP_WRITEOK */
    unsigned type, flags;
    int prio;
    struct file *file; /* the device's node or the file; NULL in tests of slots alone */
    struct block_device *bdev;
    u16 *swap_map;               /* [0, max) */
    u32 max;                     /* slots, the header and the bad ones included */
    u32 pages;                   /* good ones */
    u32 inuse_pages;             /* of these */
    u32 lowest_bit, highest_bit; /* no free slot lies outside */
    u32 cluster_next, cluster_nr;
    struct swap_extent *extents; /* ascending by first */
    unsigned nr_extents;
};

extern struct swap_info_struct swap_info[MAX_SWAPFILES];
extern struct list_head swap_areas; /* by priority, highest first */

/* The area of an entry and its slot when that is inside; NULL: the entry is nonsense. */
struct swap_info_struct *swap_info_get(swp_entry_t entry);
struct swap_info_struct *swap_new_area(void); /* an unused type, SWP_USED set; NULL: all are used */
void swap_area_init(struct swap_info_struct *area, u16 *map, u32 max); /* counts what map calls good: 0 */
void swap_area_on(struct swap_info_struct *area, int prio);
void swap_area_off(struct swap_info_struct *area);              /* gives out no slot any more */
u64 swap_sector(const struct swap_info_struct *area, u32 page); /* on area->bdev, of 512 bytes */
int try_to_unuse(struct swap_info_struct *area);                /* brings every page back; 0 or -errno */

/* What mkswap wrote. */
struct swap_header {
    u8 boot[1024];
    u32 version, last_page, nr_badpages;
    u8 uuid[16], label[16];
    u32 padding[117];
    u32 badpages[637]; /* what is left before the magic */
    u8 unused[2];
    u8 magic[10];
} __attribute__((packed));
_Static_assert(sizeof(struct swap_header) == PAGE_SIZE, "the header is one page");
/* NULL when the header is one and the area has pages_there pages; else a sentence's end that says why not. */
const char *swap_header_refused(const struct swap_header *header, u32 pages_there);
/* The map that a good header asks for into map: slots [0, last_page + 1). */
void swap_header_to_map(const struct swap_header *header, u16 *map);

#endif
