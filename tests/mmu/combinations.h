/* The parts of the oracle test. Each returns when done; counts are in *judge. */
#ifndef FAULTLINE_TESTS_MMU_COMBINATIONS_H
#define FAULTLINE_TESTS_MMU_COMBINATIONS_H

#include "judge.h"

enum paging { PAGING_32BIT, PAGING_PAE, PAGING_4LEVEL, PAGING_5LEVEL };

/* Where the tables of a mode lie, and an address that leads through them. Level n's table is page 5 - n of RAM. */
struct paging_layout {
    enum paging paging;
    unsigned levels, index_bits, entry_bytes; /* levels in memory */
    uint64_t ram_base, linear;
    uint64_t frame; /* of the page; aligned for the largest page by whoever uses it */
};

const struct paging_layout *paging_layout(enum paging paging);
uint64_t layout_table(const struct paging_layout *layout, unsigned level);
uint64_t layout_entry_at(const struct paging_layout *layout, unsigned level);
uint64_t layout_page_size(const struct paging_layout *layout, unsigned level);

/* A CPU in that mode, its tables found, all protections off. */
struct oracle_cpu layout_cpu(const struct paging_layout *layout, unsigned maxphyaddr);

/* Every combination of entry flags at every level, CPU flags and accesses. complete: the whole product. */
void run_product(struct judge *judge, enum paging paging, bool complete);

/* Every single bit and every pair of bits of each entry, for several MAXPHYADDR. */
void run_bit_sweep(struct judge *judge, enum paging paging);

/* Pseudo-random tables, registers and addresses, tables that are their own tables among them. */
void run_random(struct judge *judge, enum paging paging, uint64_t cases);

/* No paging. */
void run_unpaged(struct judge *judge);

#endif
