/*
 * Invented snapshots for the tests and pictures of emu/ui. Everything is a function of the options: same options, same
 * bytes. Owned by the caller; sample_view_free() frees all of it.
 */
#ifndef FAULTLINE_SAMPLE_VIEW_H
#define FAULTLINE_SAMPLE_VIEW_H

#include "emu/debug/view.h"

enum sample_fault {
    SAMPLE_COW,         /* the drawing's: a write to a shared frame */
    SAMPLE_NOT_PRESENT, /* the first write to untouched memory; the table is there, the entry is not */
    SAMPLE_SEGV,        /* a read of address 8 */
    SAMPLE_MAJOR,       /* a fetch from a file page that is not in the cache */
    SAMPLE_SWAP_IN,     /* a read of a page that lies in slot 1184 of area 0 */
    SAMPLE_LONG_MODE,   /* four levels, no-execute */
    SAMPLE_HARDWARE,    /* a foreign kernel: nothing but the hardware's part */
    SAMPLE_NO_FAULT,
};

struct sample_options {
    unsigned ram_mib; /* 0: 64 */
    enum sample_fault fault;
    enum view_state state;
    bool no_kernel;  /* before mem_map exists */
    bool no_space;   /* a kernel thread runs */
    bool long_names; /* everything that can be long is */
    bool many_regions;
    bool no_console, no_marks;
    bool pressure;              /* free memory below the watermarks */
    bool stops;                 /* points are set, and the machine has stopped at one */
    enum select_kind selection; /* see sample_select() */
    bool swapped;               /* the selected page lies in swap */
    bool overlays;              /* A and D bits, mapcounts, ages */
    bool foreign;               /* with no_kernel: the page tables tell something */
};

/* NULL: out of memory. */
struct view *sample_view(const struct sample_options *options);
void sample_view_free(struct view *view);

/* sample_reclaim.c: what reclaim, the disk and the page cache do, for options.pressure; the points. False: no memory. */
bool sample_fill_reclaim(struct view *view, const struct sample_options *options);

#endif
