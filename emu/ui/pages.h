/* What is known of each page of a region: by the kernel's snapshot, and for the selected region by the log and the page
 * table on show. Shared by the panels of the address space and of the selection's life. */
#ifndef FAULTLINE_PAGES_H
#define FAULTLINE_PAGES_H

#include "emu/ui/format.h"
#include "emu/ui/ui.h"

enum page_state {
    PAGE_PRESENT,   /* mapped to a frame */
    PAGE_ABSENT,    /* not mapped; whether it ever was is not known */
    PAGE_UNTOUCHED, /* never used */
    PAGE_SWAPPED,   /* its entry names a slot of a swap area */
    PAGE_GONE,      /* was used; not mapped now: its file has it, or it was given back */
    PAGE_STATES
};

/* State of page number `page` of a region of the address space on show. */
enum page_state page_state(const struct view *view, const struct kv_vma *vma, uint64_t page);
/* Of `count` pages from `first` on: colour of a cell that stands for them all. */
color pages_color(const struct view *view, const struct kv_vma *vma, uint64_t first, uint64_t count);
/* What a page is, with its frame or slot and its entry's bits where they are known. */
struct words page_words(const struct view *view, const struct kv_vma *vma, uint64_t page);
const char *page_state_name(enum page_state state);
color page_state_color(enum page_state state); /* PAGE_PRESENT: 0, the frame's use tells */
/* The entry of a page where the table on show has it. */
bool page_entry(const struct view *view, uint64_t linear, uint32_t *entry);
/* Is it the region that the selection lies in? */
bool is_selected_region(const struct view *view, const struct kv_vma *vma);
uint64_t pages_in(const struct kv_vma *vma);
/* The region of the address space on show that holds the address, NULL: none. */
const struct kv_vma *region_at(const struct view *view, uint64_t linear);

#endif
