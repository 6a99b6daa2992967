/*
 * The product: all legal combinations of entry flags, CPU flags and accesses, mode by mode.
 *
 * Entries are enumerated from the top level down. Below an entry that ends the walk whatever the CPU flags
 * (P = 0, a reserved bit, a large page) the lower levels are not enumerated: nothing reads them, and whatever
 * the last combination left there stays, so that reading them would show. NXE and PSE, which decide whether NX
 * is reserved and PS is a large page, are fixed first for the same reason.
 *
 * What is not run, and why:
 *   - PWT, PCD, AVL, G and PAT bits, and the other reserved bits: run_bit_sweep() has each of them, alone and in
 *     pairs with every other bit, with all accesses.
 *   - An implicit fetch: no such access exists.
 *   - LME or LA57 with paging modes that exclude them, PAE paging with LA57: no CPU enters these states.
 *   - 4-level, normal run: upper entries have A all clear or all set and D (ignored there) clear; AD and WD vary
 *     only while PKE = 1. The run with --long has all of it.
 *   - 5-level, --long: as the normal run of 4-level, with A also clear in one upper level only. The flags of one
 *     level more, times the full product of 4-level, would take most of a day, and the rule for A is one level's
 *     own affair. Normal run: A clear in all upper entries, and in the upper three W, U and NX are not combined
 *     freely: all allow, each alone forbids, all forbid.
 */
#include "combinations.h"

#define P (1ull << 0)
#define W (1ull << 1)
#define U (1ull << 2)
#define A (1ull << 5)
#define D (1ull << 6)
#define PS (1ull << 7)
#define NX (1ull << 63)
#define KEY 9u

#define MAX_STATES 256u

static const unsigned product_maxphyaddr = 46;

const struct paging_layout *paging_layout(enum paging paging) {
    static const struct paging_layout layouts[] = {
        {PAGING_32BIT, 2, 10, 4, 0x00450000, 0xC0ABC123, 0x9A000000},
        {PAGING_PAE, 2, 9, 8, 0x234500000, 0x76543210, 0x3A5180000000},
        {PAGING_4LEVEL, 4, 9, 8, 0x1234500000, 0x0000512345678ABC, 0x3A5180000000},
        {PAGING_5LEVEL, 5, 9, 8, 0x1234500000, 0x00AB512345678ABC, 0x3A5180000000},
    };
    return &layouts[paging];
}

uint64_t layout_table(const struct paging_layout *layout, unsigned level) {
    return layout->ram_base + (5u - level) * 4096u;
}

uint64_t layout_entry_at(const struct paging_layout *layout, unsigned level) {
    uint64_t index = layout->linear >> (12 + (level - 1) * layout->index_bits) & ((1u << layout->index_bits) - 1);
    return layout_table(layout, level) + index * layout->entry_bytes;
}

uint64_t layout_page_size(const struct paging_layout *layout, unsigned level) {
    return 1ull << (12 + (level - 1) * layout->index_bits);
}

struct oracle_cpu layout_cpu(const struct paging_layout *layout, unsigned maxphyaddr) {
    uint64_t root = layout_table(layout, layout->levels);
    struct oracle_cpu cpu = {.pg = true, .pse = true, .cr3 = root, .maxphyaddr = maxphyaddr};
    cpu.pae = layout->paging != PAGING_32BIT;
    cpu.lme = layout->paging >= PAGING_4LEVEL;
    cpu.la57 = layout->paging == PAGING_5LEVEL;
    if (layout->paging == PAGING_PAE) {
        cpu.cr3 = 0;
        cpu.pdpte[layout->linear >> 30] = root | P;
    }
    return cpu;
}

/* Which flags of a level's entries vary, and what they are combined with. */
struct level_plan {
    uint64_t at, table_base, page_base; /* the entry's address; its address bits as table and as page */
    uint64_t table_flags, page_flags;   /* the flags to enumerate; page_flags 0: no page at this level */
    uint64_t page_always;               /* PS for a large page */
    uint64_t table_reserved, page_reserved;
};

struct product {
    struct judge *judge;
    const struct paging_layout *layout;
    struct level_plan level[6];
    uint64_t upper_marks[6]; /* A bits that table entries have when A is not enumerated */
    bool nxe, few_upper_flags;
    struct judge_state states[MAX_STATES];
    size_t state_count;
    uint64_t batches;
};

static void run_states(struct product *product) {
    struct judge *judge = product->judge;
    judge_snapshot(judge);
    for (size_t i = 0; i < product->state_count; i++)
        for (unsigned access = 0; access < JUDGE_ACCESSES; access++)
            judge_case(judge, &product->states[i], judge_access(access, product->layout->linear),
                       (product->batches + i) % 16 == 0);
    product->batches++;
    judge_unchanged(judge);
}

/* few_upper_flags: of W, U and NX in the upper three entries, all allow, one forbids or all forbid. */
static bool is_left_out(const struct product *product, unsigned level, uint64_t entry) {
    if (!product->few_upper_flags || level + 2 < product->layout->levels)
        return false;
    int forbidding = !(entry & W) + !(entry & U) + !!(entry & NX);
    return forbidding == 2;
}

static void enumerate(struct product *product, unsigned level);

static void run_entry(struct product *product, unsigned level, uint64_t entry, bool page, uint64_t reserved) {
    const struct level_plan *plan = &product->level[level];
    if (is_left_out(product, level, entry))
        return;
    judge_put(product->judge, plan->at, entry, product->layout->entry_bytes);
    bool ends = page || !(entry & P) || (entry & reserved) || ((entry & NX) && !product->nxe);
    if (ends)
        run_states(product);
    else
        enumerate(product, level - 1);
}

static void enumerate(struct product *product, unsigned level) {
    const struct level_plan *plan = &product->level[level];
    for (uint64_t flags = plan->table_flags; plan->table_flags != 0; flags = (flags - 1) & plan->table_flags) {
        uint64_t entry = plan->table_base | flags | product->upper_marks[level];
        run_entry(product, level, entry, false, plan->table_reserved);
        if (flags == 0)
            break;
    }
    for (uint64_t flags = plan->page_flags; plan->page_flags != 0; flags = (flags - 1) & plan->page_flags) {
        uint64_t entry = plan->page_base | plan->page_always | flags;
        run_entry(product, level, entry, true, plan->page_reserved);
        if (flags == 0)
            break;
    }
}

/* PKRU with AD and WD of KEY in bits 0 and 1 of the argument; every other key says the opposite. */
static uint32_t pkru_with(unsigned rights) {
    uint32_t others = rights == 0 ? ~0u : 0;
    return (others & ~(3u << (2 * KEY))) | rights << (2 * KEY);
}

static void add_state(struct product *product, unsigned flags, bool pse, bool pke, unsigned key_rights) {
    struct judge_state *state = &product->states[product->state_count++];
    state->cpu = layout_cpu(product->layout, product_maxphyaddr);
    if (product->layout->paging == PAGING_32BIT)
        state->cpu.maxphyaddr = 36;
    state->cpu.wp = flags & 1;
    state->cpu.smep = flags & 2;
    state->cpu.smap = flags & 4;
    state->cpu.ac = flags & 8;
    state->cpu.pse = pse;
    state->cpu.nxe = product->nxe;
    state->cpu.pke = pke;
    state->cpu.pkru = pkru_with(key_rights);
    judge_prepare(product->judge, state);
}

/* Outside long mode keys must not matter: there AD = WD = 1 with PKE = 1 stands for all of them. */
static void make_states(struct product *product, bool pse, bool all_keys) {
    bool keys = product->layout->paging >= PAGING_4LEVEL;
    product->state_count = 0;
    for (unsigned flags = 0; flags < 16; flags++) {
        for (unsigned rights = 0; rights < 4; rights++) {
            if (keys || rights == 3)
                add_state(product, flags, pse, true, rights);
            if (all_keys || rights == 3)
                add_state(product, flags, pse, false, rights);
        }
    }
}

static void plan_32bit(struct product *product, bool pse) {
    struct level_plan *pde = &product->level[2], *pte = &product->level[1];
    pde->table_base = layout_table(product->layout, 1);
    pte->page_base = product->layout->frame | 0x5000;
    pte->page_flags = P | W | U | A | D | PS /* PAT */;
    pde->table_flags = P | W | U | A | D | (pse ? 0 : PS);
    if (!pse)
        return;
    pde->page_base = product->layout->frame | 5u << 13; /* bits 34 and 32 of the frame */
    pde->page_always = PS;
    pde->page_reserved = 1u << 21 | 1u << 18; /* always; above MAXPHYADDR 36 */
    pde->page_flags = P | W | U | A | D | pde->page_reserved;
}

static void plan_64bit(struct product *product, bool free_marks) {
    const struct paging_layout *layout = product->layout;
    uint64_t high = 1ull << 51;
    uint64_t key = layout->paging == PAGING_PAE ? 0 : (uint64_t)KEY << 59;
    for (unsigned level = 1; level <= layout->levels; level++) {
        struct level_plan *plan = &product->level[level];
        bool table_only = level >= 4;
        if (level > 1) {
            plan->table_base = layout_table(layout, level - 1);
            plan->table_reserved = high | (table_only ? PS : 0);
            plan->table_flags = P | W | U | NX | plan->table_reserved | (free_marks ? A | D : 0);
        }
        if (table_only)
            continue;
        plan->page_base = (layout->frame | 0x7000) & ~(layout_page_size(layout, level) - 1);
        plan->page_base |= key;
        plan->page_always = level > 1 ? PS : 0;
        plan->page_reserved = high | (level > 1 ? 1ull << (level == 3 ? 29 : 20) : 0);
        plan->page_flags = P | W | U | A | D | NX | plan->page_reserved;
    }
}

/* pattern 0: A clear in all upper entries, 1: set in all, n: clear in level n only. */
static void set_upper_marks(struct product *product, unsigned pattern) {
    for (unsigned level = 2; level < 6; level++)
        product->upper_marks[level] = pattern != 0 && pattern != level ? A : 0;
}

static void run_modes(struct product *product, bool free_marks, bool all_keys, unsigned patterns) {
    bool is_32bit = product->layout->paging == PAGING_32BIT;
    for (unsigned nxe_pse = 0; nxe_pse < 4; nxe_pse++) {
        bool pse = nxe_pse & 1;
        if (!pse && !is_32bit)
            continue; /* CR4.PSE has a meaning in 32-bit paging only; run_random() varies it everywhere */
        product->nxe = nxe_pse & 2;
        for (unsigned level = 1; level < 6; level++)
            product->level[level] = (struct level_plan){.at = 0};
        if (is_32bit)
            plan_32bit(product, pse);
        else
            plan_64bit(product, free_marks);
        for (unsigned level = 1; level <= product->layout->levels; level++)
            product->level[level].at = layout_entry_at(product->layout, level);
        make_states(product, pse, all_keys);
        for (unsigned pattern = 0; pattern < patterns; pattern++) {
            set_upper_marks(product, pattern);
            enumerate(product, product->layout->levels);
        }
    }
}

void run_product(struct judge *judge, enum paging paging, bool complete) {
    static struct product product;
    product = (struct product){.judge = judge, .layout = paging_layout(paging)};
    judge_init(judge, product.layout->ram_base);
    switch (paging) {
    case PAGING_32BIT:
    case PAGING_PAE: run_modes(&product, true, false, 1); break;
    case PAGING_4LEVEL: run_modes(&product, complete, complete, complete ? 1 : 2); break;
    case PAGING_5LEVEL:
        product.few_upper_flags = !complete;
        run_modes(&product, false, false, complete ? 6 : 1);
        break;
    }
}
