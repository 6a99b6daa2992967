/*
 * What the product leaves out: every bit of every entry, keys, addresses, and tables in disorder.
 */
#include "combinations.h"

#define P (1ull << 0)
#define W (1ull << 1)
#define U (1ull << 2)
#define A (1ull << 5)
#define PS (1ull << 7)

struct random {
    uint64_t state;
};

/* splitmix64, seeded by constants: every run sees the same numbers. */
static uint64_t next(struct random *random) {
    uint64_t z = random->state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

static bool coin(struct random *random) { return next(random) >> 40 & 1; }

static const unsigned maxphyaddrs[] = {32, 36, 39, 40, 41, 46, 51, 52};
#define MAXPHYADDRS (sizeof maxphyaddrs / sizeof maxphyaddrs[0])

/* The entries of one walk to a page of level `leaf`, all allowing, nothing marked. */
static void put_open_walk(struct judge *judge, const struct paging_layout *layout, unsigned leaf, unsigned maxphyaddr) {
    uint64_t frame = layout->frame & ((1ull << maxphyaddr) - 1) & ~(layout_page_size(layout, leaf) - 1);
    for (unsigned level = layout->levels; level > leaf; level--)
        judge_put(judge, layout_entry_at(layout, level), layout_table(layout, level - 1) | P | W | U,
                  layout->entry_bytes);
    uint64_t page = frame | P | W | U | (leaf > 1 ? PS : 0);
    judge_put(judge, layout_entry_at(layout, leaf), page, layout->entry_bytes);
}

/* Runs all accesses with entry `level` of the walk changed by `flips`. */
static void run_flipped(struct judge *judge, const struct judge_state *state, const struct paging_layout *layout,
                        unsigned level, uint64_t flips) {
    uint64_t at = layout_entry_at(layout, level), value = 0;
    uint8_t *host = judge->ram + (at - judge->base);
    for (unsigned i = 0; i < layout->entry_bytes; i++)
        value |= (uint64_t)host[i] << (8 * i);
    judge_put(judge, at, value ^ flips, layout->entry_bytes);
    judge_snapshot(judge);
    for (unsigned access = 0; access < JUDGE_ACCESSES; access++)
        judge_case(judge, state, judge_access(access, layout->linear), true);
    judge_unchanged(judge);
    judge_put(judge, at, value, layout->entry_bytes);
}

/* Each bit alone (j = i) and each pair. */
static void flip_all(struct judge *judge, const struct judge_state *state, const struct paging_layout *layout,
                     unsigned leaf) {
    for (unsigned level = layout->levels; level >= leaf; level--)
        for (unsigned i = 0; i < 8 * layout->entry_bytes; i++)
            for (unsigned j = 0; j <= i; j++)
                run_flipped(judge, state, layout, level, 1ull << i | 1ull << j);
}

void run_bit_sweep(struct judge *judge, enum paging paging) {
    const struct paging_layout *layout = paging_layout(paging);
    struct judge_state state;
    unsigned largest = paging >= PAGING_4LEVEL ? 3 : 2;
    judge_init(judge, layout->ram_base);
    for (unsigned leaf = 1; leaf <= largest; leaf++) {
        for (unsigned variant = 0; variant < 2 * MAXPHYADDRS; variant++) {
            unsigned maxphyaddr = maxphyaddrs[variant / 2];
            if (layout->ram_base + JUDGE_RAM_SIZE > 1ull << maxphyaddr)
                maxphyaddr = 46; /* the tables themselves must be below MAXPHYADDR */
            state.cpu = layout_cpu(layout, maxphyaddr);
            state.cpu.nxe = state.cpu.wp = variant & 1;
            state.cpu.smep = state.cpu.smap = state.cpu.pge = state.cpu.pke = variant >> 1 & 1;
            state.cpu.ac = variant >> 2 & 1;
            state.cpu.pkru = 0xE4E4E4E4; /* keys 0, 1, 2, 3, ...: nothing, AD, WD, both, ... */
            judge_prepare(judge, &state);
            put_open_walk(judge, layout, leaf, maxphyaddr);
            flip_all(judge, &state, layout, leaf);
        }
    }
}

static uint64_t random_linear(struct random *random, const struct paging_layout *layout) {
    uint64_t linear = next(random);
    unsigned bits = layout->paging == PAGING_5LEVEL ? 57 : layout->paging == PAGING_4LEVEL ? 48 : 64;
    if (bits < 64 && next(random) % 8 != 0)
        linear = (uint64_t)((int64_t)(linear << (64 - bits)) >> (64 - bits));
    if (next(random) % 4 == 0) /* just at the border of the canonical addresses */
        linear = (1ull << (bits - 1)) + (next(random) % 8192 - 4096);
    return linear;
}

/* Mostly an entry that leads somewhere: to a table in RAM, with one or two odd bits. */
static uint64_t random_entry(struct random *random, const struct paging_layout *layout) {
    uint64_t page = next(random) % (JUDGE_RAM_PAGES + 1); /* the last one is beyond the RAM */
    uint64_t entry = (layout->ram_base + page * 4096) | P | (next(random) & (W | U | A | 0x40 | 0x118));
    if (coin(random))
        entry |= W | U;
    if (next(random) % 8 == 0)
        entry ^= P;
    if (next(random) % 4 == 0)
        entry ^= PS;
    if (layout->entry_bytes == 8 && coin(random))
        entry |= next(random) >> 59 << 59 & ~(1ull << 63);
    if (next(random) % 4 == 0)
        entry ^= 1ull << next(random) % (8 * layout->entry_bytes);
    return entry;
}

static void random_state(struct judge *judge, struct random *random, const struct paging_layout *layout,
                         struct judge_state *state) {
    uint64_t flags = next(random);
    struct oracle_cpu *cpu = &state->cpu;
    *cpu = layout_cpu(layout, 37 + (unsigned)(flags >> 32) % 16);
    cpu->wp = flags & 1;
    cpu->pse = flags & 2;
    cpu->pge = flags & 4;
    cpu->smep = flags & 8;
    cpu->smap = flags & 16;
    cpu->pke = flags & 32;
    cpu->nxe = flags & 64;
    cpu->ac = flags & 128;
    cpu->pkru = (uint32_t)next(random);
    cpu->cr3 = layout->ram_base + next(random) % JUDGE_RAM_PAGES * 4096;
    cpu->cr3 |= next(random) & 0xFFF; /* PCID, PCD, PWT: not an address */
    if (layout->paging == PAGING_32BIT)
        cpu->cr3 |= flags & 0xFFFFFFFF00000000; /* 32-bit paging knows 32 bits of CR3 */
    if (layout->paging == PAGING_PAE)
        for (unsigned i = 0; i < 4; i++)
            cpu->pdpte[i] = (layout->ram_base + next(random) % 9 * 4096) | (next(random) % 8 != 0) | (flags & 0xE18);
    judge_prepare(judge, state);
}

/* Every entry that the address can reach, in every page: any table may serve at any level. */
static void put_random_entries(struct judge *judge, struct random *random, const struct paging_layout *layout,
                               uint64_t linear) {
    for (unsigned page = 0; page < JUDGE_RAM_PAGES; page++) {
        for (unsigned level = 1; level <= layout->levels; level++) {
            uint64_t index = linear >> (12 + (level - 1) * layout->index_bits) & ((1u << layout->index_bits) - 1);
            judge_put(judge, layout->ram_base + page * 4096 + index * layout->entry_bytes, random_entry(random, layout),
                      layout->entry_bytes);
        }
    }
}

void run_random(struct judge *judge, enum paging paging, uint64_t cases) {
    const struct paging_layout *layout = paging_layout(paging);
    struct random random = {0xFA017111E + (uint64_t)paging};
    struct judge_state state;
    judge_init(judge, layout->ram_base);
    while (judge->cases < cases) {
        uint64_t linear = random_linear(&random, layout);
        put_random_entries(judge, &random, layout, linear);
        for (unsigned i = 0; i < 8; i++) {
            random_state(judge, &random, layout, &state);
            judge_snapshot(judge);
            for (unsigned access = 0; access < JUDGE_ACCESSES; access++)
                judge_case(judge, &state, judge_access(access, linear), true);
            judge_unchanged(judge);
        }
    }
}

void run_unpaged(struct judge *judge) {
    struct random random = {0xFA017111E};
    struct judge_state state;
    judge_init(judge, 0x100000);
    for (unsigned round = 0; round < 1000; round++) {
        const struct paging_layout *layout = paging_layout(round & 1 ? PAGING_32BIT : PAGING_PAE);
        random_state(judge, &random, layout, &state);
        state.cpu.pg = false;
        judge_prepare(judge, &state);
        uint64_t linear = next(&random);
        for (unsigned access = 0; access < JUDGE_ACCESSES; access++)
            judge_case(judge, &state, judge_access(access, linear), true);
    }
}
