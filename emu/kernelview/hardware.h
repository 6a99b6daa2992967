/*
 * What the hardware alone tells about memory, for kernels without symbols that we know: frames by their use in the page
 * tables in force. Same rules as kernelview.h: read by peek, every walk bounded, a copy.
 */
#ifndef FAULTLINE_HARDWARE_H
#define FAULTLINE_HARDWARE_H

#include "mmu/mmu.h"

enum hw_use { HW_UNMAPPED, HW_TABLE, HW_KERNEL, HW_KERNEL_WRITABLE, HW_USER, HW_USER_WRITABLE, HW_USES };
#define HW_ACCESSED 0x40u /* or-ed to the use in hw_frames.of: an entry that maps it has A, D */
#define HW_DIRTY 0x80u

/* Where several entries map a frame its strongest use counts (a table, then user, then kernel; writable before
 * read-only) with the A and D of the entries that give it. `torn`: a table lies outside RAM, or the tables map so much
 * that the walk was ended. */
struct hw_frames {
    bool paging, torn;
    char mode[32];  /* "32-bit paging" */
    uint64_t root;  /* physical address of the top table */
    uint8_t *of;    /* enum hw_use | HW_ACCESSED | HW_DIRTY by frame number */
    uint64_t count; /* frames of RAM */
    uint64_t uses[HW_USES], tables, large_pages;
    uint64_t user_pages, accessed, dirty; /* entries that map 4 KiB pages or larger */
};
/* False: no memory. Freed by hardware_frames_free(). */
bool hardware_frames(const struct mmu_context *mmu, uint64_t ram_bytes, struct hw_frames *to);
void hardware_frames_free(struct hw_frames *frames);

/* An entry of the tables in force that maps a frame. */
struct hw_mapping {
    uint64_t linear, entry_physical, entry; /* linear: of the frame's first byte */
    bool user, writable;                    /* by the entries of all levels together */
};
/* Writes at most `most`, lowest address first; returns how many there are, as far as the walk's bound lets it see. */
size_t hardware_mappings(const struct mmu_context *mmu, uint64_t pfn, struct hw_mapping *to, size_t most);
const char *hw_use_name(enum hw_use use);

#endif
