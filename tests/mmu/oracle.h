/*
 * A second opinion on paging: what an access must do, said as straight statements over flags, mode by mode.
 *
 * The model. Written from SDM volume 3, chapter 4, apart from mmu/ and sharing nothing with it: no table, no
 * mask, no type. It is slow where that makes it plainer, looks at every rule by itself, and never writes
 * memory: it says what must be there afterwards.
 */
#ifndef FAULTLINE_TESTS_MMU_ORACLE_H
#define FAULTLINE_TESTS_MMU_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guest RAM is [base, base + size); every other address reads as all ones. */
struct oracle_ram {
    const uint8_t *bytes;
    uint64_t base, size;
};

struct oracle_cpu {
    bool pg, wp;
    bool pse, pae, pge, la57, smep, smap, pke;
    bool lme, nxe;
    bool ac;
    uint32_t pkru;
    uint64_t cr3;
    uint64_t pdpte[4];
    unsigned maxphyaddr;
};

/* kind: 'r', 'w' or 'x' (fetch). implicit is a supervisor's access whatever user says. */
struct oracle_access {
    uint64_t linear;
    char kind;
    bool user, implicit;
};

/* An entry that was read from memory: what it held, what it must hold afterwards. */
struct oracle_entry {
    uint64_t at, before, after;
    unsigned bytes;
};

struct oracle_verdict {
    bool general_protection; /* not canonical: nothing was read */
    bool page_fault;
    uint32_t error_code;
    uint64_t physical, page_size;
    bool can_read, can_write, can_execute, global;
    unsigned entries;
    struct oracle_entry entry[5];
};

/* Fills in *verdict; of entry[] the first `entries`. */
void oracle_predict(const struct oracle_cpu *cpu, const struct oracle_ram *ram, struct oracle_access access,
                    struct oracle_verdict *verdict);

#endif
