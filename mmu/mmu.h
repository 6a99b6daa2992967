/*
 * mmu: the paging hardware of an x86 CPU as a library.
 *
 * The model. A linear address goes through the tables that CR3 (or the PDPTE registers) names in guest
 * physical memory. One table-driven walker serves every mode: no paging, 32-bit (PSE, PSE-36), PAE,
 * 4-level, 5-level. A walk either yields a frame with the rights that may be cached, or one typed fault
 * whose error code is that of Intel SDM volume 3, section 4.7.
 *
 * What it keeps true:
 *   - accessed and dirty bits are collected during the walk and written only when the whole walk and every
 *     check have succeeded: a faulting access changes no entry (SDM 4.8);
 *   - D is set by a write only; on a read of a clean page the returned rights exclude write, so that the
 *     first store walks again and sets D;
 *   - peek and explain have no effect on guest memory at all;
 *   - nothing outside the regions of mmu_memory is ever touched: absent memory reads as all ones, writes
 *     to it vanish, and the number of steps of a walk is at most the number of levels.
 *
 * Physical addresses, linear addresses and frame numbers are different types. Ranges are half-open.
 * The library knows no CPU emulator, no operating system and does no I/O; it allocates nothing.
 */
#ifndef FAULTLINE_MMU_H
#define FAULTLINE_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t value;
} mmu_paddr; /* guest physical address, bytes */
typedef struct {
    uint64_t value;
} mmu_laddr; /* guest linear address, bytes */
typedef struct {
    uint64_t value;
} mmu_pfn; /* guest frame number, units of 4096 bytes */

#define MMU_PAGE_SHIFT 12
#define MMU_PAGE_SIZE 4096u
#define MMU_MAX_LEVELS 5

static inline mmu_paddr mmu_phys(uint64_t value) { return (mmu_paddr){value}; }
static inline mmu_laddr mmu_linear(uint64_t value) { return (mmu_laddr){value}; }
static inline mmu_pfn mmu_pfn_of(mmu_paddr at) { return (mmu_pfn){at.value >> MMU_PAGE_SHIFT}; }

/* A run [base, end) of guest physical memory backed by host memory at host. Owned by the caller.
 * A region that is not writable (a ROM) serves table reads and drops A/D writes. base and end are multiples of
 * MMU_PAGE_SIZE, so that no table entry lies across a border. */
struct mmu_region {
    uint64_t base, end;
    uint8_t *host;
    bool writable;
};

/* Sorted by base, not overlapping. The first region should be the largest part of RAM: it is tried first. */
struct mmu_memory {
    const struct mmu_region *regions;
    size_t count;
};

/* What the CPU's registers say about paging. maxphyaddr in bits, 32 to 52 (others are taken as the nearer limit).
 * CR0.PG, CR4.PAE, EFER.LME and CR4.LA57 choose the mode (SDM 4.1.1). The CPU has PAT, PSE-36 and 1 GiB pages. */
struct mmu_state {
    uint64_t cr0, cr3, cr4, efer;
    uint64_t pdpte[4]; /* the PDPTE registers, used in PAE mode only; see mmu_load_pdptes() */
    uint32_t pkru;
    uint8_t maxphyaddr;
    bool rflags_ac;
};

#define MMU_CR0_PE (1u << 0)
#define MMU_CR0_WP (1u << 16)
#define MMU_CR0_PG (1u << 31)
#define MMU_CR4_PSE (1u << 4)
#define MMU_CR4_PAE (1u << 5)
#define MMU_CR4_PGE (1u << 7)
#define MMU_CR4_LA57 (1u << 12)
#define MMU_CR4_SMEP (1u << 20)
#define MMU_CR4_SMAP (1u << 21)
#define MMU_CR4_PKE (1u << 22)
#define MMU_EFER_LME (1u << 8)
#define MMU_EFER_LMA (1u << 10)
#define MMU_EFER_NXE (1u << 11)

enum mmu_mode { MMU_MODE_NONE, MMU_MODE_32BIT, MMU_MODE_PAE, MMU_MODE_4LEVEL, MMU_MODE_5LEVEL };

enum mmu_access_kind { MMU_READ, MMU_WRITE, MMU_FETCH };

/* One access. user: made with CPL 3 and not a system-structure access. implicit: a supervisor access to a
 * system structure (GDT, LDT, IDT, TSS) whatever the CPL; SMAP's AC override does not apply (SDM 4.6). */
struct mmu_access {
    mmu_laddr linear;
    enum mmu_access_kind kind;
    bool user;
    bool implicit;
};

/* Rights in the form that a TLB entry caches them. */
#define MMU_RIGHT_READ 1u
#define MMU_RIGHT_WRITE 2u
#define MMU_RIGHT_EXEC 4u

/* Error code bits of #PF, SDM 4.7. */
#define MMU_ERR_P (1u << 0)
#define MMU_ERR_W (1u << 1)
#define MMU_ERR_U (1u << 2)
#define MMU_ERR_RSVD (1u << 3)
#define MMU_ERR_ID (1u << 4)
#define MMU_ERR_PK (1u << 5)

/* Entry bits, SDM 4.3 to 4.5. */
#define MMU_PTE_P (1ull << 0)
#define MMU_PTE_W (1ull << 1)
#define MMU_PTE_U (1ull << 2)
#define MMU_PTE_PWT (1ull << 3)
#define MMU_PTE_PCD (1ull << 4)
#define MMU_PTE_A (1ull << 5)
#define MMU_PTE_D (1ull << 6)
#define MMU_PTE_PS (1ull << 7)
#define MMU_PTE_G (1ull << 8)
#define MMU_PTE_NX (1ull << 63)

/* The rule that refused, for records and explanations. MMU_RULE_NONE: nothing refused. */
enum mmu_rule {
    MMU_RULE_NONE,
    MMU_RULE_NOT_PRESENT,
    MMU_RULE_RESERVED,
    MMU_RULE_READ_ONLY,       /* write to a page without W: user, or supervisor with CR0.WP */
    MMU_RULE_SUPERVISOR_ONLY, /* user access to a page without U */
    MMU_RULE_NO_EXECUTE,
    MMU_RULE_SMEP,
    MMU_RULE_SMAP,
    MMU_RULE_PROTECTION_KEY,
    MMU_RULE_NON_CANONICAL, /* 4-/5-level: #GP (or #SS), never #PF; error_code is 0 */
};

enum mmu_status { MMU_OK, MMU_FAULT };

/* The result of one translation. On MMU_OK: physical is the byte's address, page_size the size of the
 * mapping, rights what may be cached for a 4 KiB TLB entry of this privilege. On MMU_FAULT: rule and error_code. */
struct mmu_result {
    enum mmu_status status;
    mmu_paddr physical;
    uint64_t page_size;
    uint32_t rights;
    uint32_t error_code;
    enum mmu_rule rule;
    bool global;
};

/* One level of a walk. level: 1 = PTE, 2 = PDE, 3 = PDPTE, 4 = PML4E, 5 = PML5E. In PAE mode the PDPTE's
 * at is the address in memory from which the register was loaded and before/after are the register. After a
 * peek, after is the value that a translation would have left. */
struct mmu_step {
    uint8_t level;
    uint16_t index;
    mmu_paddr at;
    uint64_t before, after;
    uint64_t reserved; /* the bits of before that are set and must be zero, when refused is MMU_RULE_RESERVED */
    bool leaf;
    bool absent;           /* no region holds the entry: before is all ones */
    enum mmu_rule refused; /* result.rule where this level's entry broke it, MMU_RULE_NONE otherwise */
};

/* A whole walk, top level first. With paging off count is 0. */
struct mmu_walk {
    enum mmu_mode mode;
    struct mmu_access access;
    struct mmu_result result;
    uint8_t count;
    struct mmu_step steps[MMU_MAX_LEVELS];
};

/* Who makes an access, as far as rights differ: CPL 3; supervisor; supervisor whom EFLAGS.AC lifts over SMAP. */
enum mmu_accessor { MMU_ACCESSOR_USER, MMU_ACCESSOR_SUPERVISOR, MMU_ACCESSOR_SUPERVISOR_AC };
#define MMU_ACCESSORS 3

/* Prepared form of mmu_state: build once when a control register changes, use for every walk. state.pkru and
 * state.rflags_ac are read at each walk and may be changed in place; every other change needs a new init. */
struct mmu_context {
    struct mmu_state state;
    const struct mmu_memory *memory; /* not owned; must outlive the context */
    enum mmu_mode mode;
    uint64_t reserved[MMU_MAX_LEVELS + 1][2]; /* reserved-bit mask by level and by leaf (0: table, 1: large or PTE) */
    uint64_t frame_mask;                      /* the bits of an entry that hold a physical address */
    uint64_t linear_mask;                     /* the bits of a linear address that the mode knows */
    uint64_t root;                            /* physical address of the first table that is in memory */
    uint8_t levels;                           /* tables in memory: 2 in 32-bit and PAE mode, 4, 5 */
    uint8_t index_bits;                       /* 10 or 9 */
    uint8_t entry_bytes;                      /* 4 or 8 */
    uint8_t large_levels;                     /* bit n: PS in an entry of level n ends the walk */
    bool protection_keys;
    uint8_t rights[MMU_ACCESSORS][8]; /* what an accessor may do, by combined W (bit 0), U (bit 1), NX (bit 2) */
};

/* Prepares *context. Effects: none on guest memory. In PAE mode state->pdpte must be what mmu_load_pdptes gave. */
void mmu_context_init(struct mmu_context *context, const struct mmu_memory *memory, const struct mmu_state *state);

/* Reads the four PDPTE registers as MOV to CR3 does (SDM 4.4.1). False, and nothing changed, when a present
 * entry has a reserved bit set: the CPU raises #GP(0). */
bool mmu_load_pdptes(const struct mmu_memory *memory, uint64_t cr3, uint8_t maxphyaddr, uint64_t pdpte[4]);

/* The hardware's translation: sets A (and D) in guest memory on success. Never writes on a fault. */
struct mmu_result mmu_translate(const struct mmu_context *context, struct mmu_access access);

/* The same, with every level recorded in *walk (not NULL). Used when a fault is being recorded, not on the fast path.
 */
struct mmu_result mmu_translate_recorded(const struct mmu_context *context, struct mmu_access access,
                                         struct mmu_walk *walk);

/* The same for who wants to know of A and D: *walk is written only when an entry changed, which *changed says. */
struct mmu_result mmu_translate_noted(const struct mmu_context *context, struct mmu_access access,
                                      struct mmu_walk *walk, bool *changed);

/* What mmu_translate would say, with no effect. *walk may be NULL. */
struct mmu_result mmu_peek(const struct mmu_context *context, struct mmu_access access, struct mmu_walk *walk);

/* Copies [from, from + size) of linear memory out through the tables as a supervisor reader whom neither SMAP
 * nor a protection key stops, no effect. The range wraps at the end of the linear address space.
 * Returns the number of bytes copied: short where a page is not mapped or its frame is not in a region. */
size_t mmu_peek_read(const struct mmu_context *context, mmu_laddr from, void *to, size_t size);

/* Host memory of the byte at `at`, where mmu_peek_read() would copy it from; NULL where it would stop. *run: how many
 * bytes from there on lie in a row, in linear and in host memory, through the same walk. Valid until the guest runs. */
const uint8_t *mmu_peek_run(const struct mmu_context *context, mmu_laddr at, uint64_t *run);

/* Copies physical memory, no effect. Returns the number of bytes copied from the start; short at a gap. */
size_t mmu_peek_physical(const struct mmu_memory *memory, mmu_paddr from, void *to, size_t size);

/* Host pointer of physical [at, at + size) when one region holds all of it, else NULL. */
uint8_t *mmu_host(const struct mmu_memory *memory, mmu_paddr at, size_t size);

/* Text of a walk, a line a level, flags in words, then the verdict. Always NUL-terminated within size;
 * returns the length that the whole text has, as snprintf does. */
size_t mmu_explain(const struct mmu_walk *walk, char *text, size_t size);

/* Names for records: "read-only", "PDE", "present + write + user". All return static or caller's storage. */
const char *mmu_rule_name(enum mmu_rule rule);
const char *mmu_level_name(uint8_t level);
const char *mmu_mode_name(enum mmu_mode mode);
size_t mmu_error_code_text(uint32_t error_code, char *text, size_t size);

#endif
