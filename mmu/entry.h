/*
 * The words of the paging structures: SDM volume 3, sections 4.3 (32-bit), 4.4 (PAE) and 4.5 (4-/5-level).
 *
 * Every entry has the same low byte, so that one walker reads them all; M is MAXPHYADDR, '.' is ignored,
 * '0' is reserved (checked only while P = 1), f is a bit of a physical address.
 *
 *   32-bit          31            22 21 20    13 12 11  9  8   7    6  5   4   3   2   1   0
 *     PDE, table    [ f 31..12                     ]  .... .  PS=0  .  A  PCD PWT  U   W   P
 *     PDE, 4 MiB    [ f 31..22      ] 0 [f M-1..32] PAT ...  G  PS=1  D  A  PCD PWT  U   W   P
 *     PTE           [ f 31..12                     ]  ...  G  PAT   D  A  PCD PWT  U   W   P
 *
 *     With CR4.PSE = 0 bit 7 of a PDE is ignored and nothing is reserved. PSE-36: bits 20..13 of a large PDE
 *     are bits 39..32 of the frame, those at or above M are reserved, bit 21 always is (table 4-4).
 *
 *   64-bit entries   63  62 59  58 52  51 M  M-1      12   11  9  8   7    6  5   4   3   2   1   0
 *     PML5E, PML4E   NX   ....   ....   00   [ f        ]   ...   .   0    .  A  PCD PWT  U   W   P
 *     PDPTE, table   NX   ....   ....   00   [ f        ]   ...   .  PS=0  .  A  PCD PWT  U   W   P
 *     PDPTE, 1 GiB   NX   key    ....   00   [ f..30 ]0 PAT ...   G  PS=1  D  A  PCD PWT  U   W   P
 *     PDE, table     NX   ....   ....   00   [ f        ]   ...   .  PS=0  .  A  PCD PWT  U   W   P
 *     PDE, 2 MiB     NX   key    ....   00   [ f..21 ]0 PAT ...   G  PS=1  D  A  PCD PWT  U   W   P
 *     PTE            NX   key    ....   00   [ f        ]   ...   G  PAT   D  A  PCD PWT  U   W   P
 *
 *     NX is reserved while EFER.NXE = 0. In PAE mode bits 62..M of PDE and PTE are reserved, there are no keys.
 *
 *   PAE PDPTE register (4.4.1): reserved bits are checked when it is loaded and never by a walk; it has no
 *   rights and no A.
 *                    63 M   M-1      12   11  9  8  5   4   3   2 1   0
 *                     00    [ f        ]   ...    00   PCD PWT  00    P
 */
#ifndef FAULTLINE_MMU_ENTRY_H
#define FAULTLINE_MMU_ENTRY_H

#include "mmu/mmu.h"

#define LEVEL_PTE 1u
#define LEVEL_PDE 2u
#define LEVEL_PDPTE 3u
#define LEVEL_PML4E 4u
#define LEVEL_PML5E 5u

#define ENTRY_ABSENT (~0ull) /* what a read of absent memory gives, in as many bytes as were read */

#define ENTRY_PAT_LARGE (1ull << 12)
#define ENTRY_KEY_SHIFT 59
#define ENTRY_KEY_MASK 15u

/* PSE-36: bits 39..32 of the frame of a 4 MiB page are held in bits 20..13. */
#define PSE36_SHIFT 13
#define PSE36_MASK 0xFFull
#define PSE36_MAX_BITS 40
#define PSE36_LARGE_FRAME 0xFFC00000ull
#define PSE36_HIGH_FIELD 0x003FE000ull /* bits 21..13 */

#define PDPTE_REGISTERS 4
#define PDPTE_REGISTER_TABLE_MASK 0xFFFFFFE0ull /* CR3 31..5 in PAE mode */
#define PDPTE_REGISTER_RESERVED 0x1E6ull        /* bits 2..1 and 8..5 */

/* PKRU: two bits a key (SDM 4.6.2). */
#define PKRU_AD 1u
#define PKRU_WD 2u

/* Bits [low, high) set. 0 <= low <= high <= 64. */
static inline uint64_t entry_bits(unsigned low, unsigned high) {
    uint64_t below_high = high >= 64 ? ~0ull : (1ull << high) - 1;
    uint64_t below_low = low >= 64 ? ~0ull : (1ull << low) - 1;
    return below_high & ~below_low;
}

static inline unsigned entry_key(uint64_t entry) { return (unsigned)(entry >> ENTRY_KEY_SHIFT) & ENTRY_KEY_MASK; }

/* The frame of a 4 MiB page (SDM table 4-4), without bits that the reserved check has already refused. */
static inline uint64_t entry_pse36_frame(uint64_t entry) {
    return (entry & PSE36_LARGE_FRAME) | ((entry >> PSE36_SHIFT & PSE36_MASK) << 32);
}

#endif
