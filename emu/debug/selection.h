/*
 * One selection for all panels: whatever was pointed at (a frame, a page of the shown address space, a region, an
 * entry, an event) is resolved into all the others that belong to it.
 */
#ifndef FAULTLINE_SELECTION_H
#define FAULTLINE_SELECTION_H

#include "emu/kernelview/hardware.h"
#include "emu/kernelview/kernelview.h"
#include "emu/story/biography.h"

enum select_kind {
    SELECT_NONE,
    SELECT_FRAME, /* argument: frame number */
    SELECT_PAGE,  /* linear address in the address space on show */
    SELECT_VMA,   /* an address inside the region */
    SELECT_ENTRY, /* physical address of a page-table entry */
    SELECT_EVENT, /* number of an event in the log (story_log_*) */
};

#define SELECTION_OWNERS 16u
#define SELECTION_LIFE 256u
#define SELECTION_UNTOUCHED 64u
#define SELECTION_MAPPINGS 8u

struct selection {
    enum select_kind kind; /* what was pointed at */
    int64_t argument;
    /* each part is told when it is known */
    bool has_frame;
    struct kv_frame frame;
    struct kv_owner owners[SELECTION_OWNERS]; /* by rmap: which entries map the frame */
    size_t owner_count, owner_total;
    /* under a kernel whose structures are not known: what the page tables in force say of the frame */
    bool has_mappings;
    uint64_t mapped_pfn;
    struct hw_mapping mappings[SELECTION_MAPPINGS];
    size_t mapping_total;
    bool has_page; /* a linear page of the address space on show */
    int pid;
    uint64_t linear; /* of the page's first byte */
    bool has_vma;
    uint64_t vma_start, vma_end;
    uint64_t vma_touched, vma_pages; /* pages that were ever touched (biography.h) or are mapped now; all of them */
    /* ranges of pages that never were: [from, to) page numbers inside the region, the first SELECTION_UNTOUCHED */
    uint32_t untouched[SELECTION_UNTOUCHED][2];
    size_t untouched_count;
    bool has_entry;
    struct mmu_walk walk; /* the walk of (pid, linear) by peek: every level's entry */
    uint64_t entry_physical, entry;
    bool has_swap; /* the entry is a swap entry */
    uint32_t swap_area, swap_slot;
    bool has_event;
    struct story_log_entry event;
    /* the life of the frame, oldest first; the newest SELECTION_LIFE entries */
    struct story_log_entry life[SELECTION_LIFE];
    size_t life_count;
    uint64_t life_total;
};

#endif
