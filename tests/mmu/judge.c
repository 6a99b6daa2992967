#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PRINTED_FAILURES 20u

void judge_init(struct judge *judge, uint64_t base) {
    memset(judge, 0, sizeof *judge);
    judge->base = base;
    judge->region = (struct mmu_region){base, base + JUDGE_RAM_SIZE, judge->ram, true};
    judge->memory = (struct mmu_memory){&judge->region, 1};
    judge->oracle_ram = (struct oracle_ram){judge->ram, base, JUDGE_RAM_SIZE};
}

static bool inside(const struct judge *judge, uint64_t at, unsigned bytes) {
    return at >= judge->base && at - judge->base <= JUDGE_RAM_SIZE - bytes;
}

void judge_put(struct judge *judge, uint64_t at, uint64_t value, unsigned bytes) {
    uint32_t low = (uint32_t)value;
    if (bytes == 4)
        memcpy(judge->ram + (at - judge->base), &low, sizeof low);
    else
        memcpy(judge->ram + (at - judge->base), &value, sizeof value);
}

static uint64_t get(const struct judge *judge, uint64_t at, unsigned bytes) {
    uint64_t value = ~0ull;
    uint32_t low = ~0u;
    if (inside(judge, at, bytes) && bytes == 8)
        memcpy(&value, judge->ram + (at - judge->base), sizeof value);
    if (inside(judge, at, bytes) && bytes == 4)
        memcpy(&low, judge->ram + (at - judge->base), sizeof low);
    return bytes == 8 ? value : low;
}

void judge_prepare(struct judge *judge, struct judge_state *state) {
    const struct oracle_cpu *cpu = &state->cpu;
    struct mmu_state regs = {.cr3 = cpu->cr3, .pkru = cpu->pkru, .rflags_ac = cpu->ac};
    regs.cr0 = 1u | (cpu->wp ? 1u << 16 : 0) | (cpu->pg ? 1u << 31 : 0);
    regs.cr4 = (cpu->pse ? 1u << 4 : 0) | (cpu->pae ? 1u << 5 : 0) | (cpu->pge ? 1u << 7 : 0) |
               (cpu->la57 ? 1u << 12 : 0) | (cpu->smep ? 1u << 20 : 0) | (cpu->smap ? 1u << 21 : 0) |
               (cpu->pke ? 1u << 22 : 0);
    regs.efer = (cpu->lme ? 1u << 8 : 0) | (cpu->lme && cpu->pg ? 1u << 10 : 0) | (cpu->nxe ? 1u << 11 : 0);
    regs.maxphyaddr = (uint8_t)cpu->maxphyaddr;
    memcpy(regs.pdpte, cpu->pdpte, sizeof regs.pdpte);
    mmu_context_init(&state->context, &judge->memory, &regs);
}

struct oracle_access judge_access(unsigned number, uint64_t linear) {
    static const struct oracle_access accesses[JUDGE_ACCESSES] = {
        {0, 'r', true, false},  {0, 'w', true, false},  {0, 'x', true, false}, {0, 'r', false, false},
        {0, 'w', false, false}, {0, 'x', false, false}, {0, 'r', false, true}, {0, 'w', true, true},
    };
    struct oracle_access access = accesses[number % JUDGE_ACCESSES];
    access.linear = linear;
    return access;
}

static struct mmu_access to_mmu(struct oracle_access access) {
    enum mmu_access_kind kind = access.kind == 'r' ? MMU_READ : access.kind == 'w' ? MMU_WRITE : MMU_FETCH;
    return (struct mmu_access){{access.linear}, kind, access.user, access.implicit};
}

static uint32_t rights_of(const struct oracle_verdict *verdict) {
    return (verdict->can_read ? 1u : 0) | (verdict->can_write ? 2u : 0) | (verdict->can_execute ? 4u : 0);
}

static bool result_agrees(const struct oracle_verdict *verdict, const struct mmu_result *result) {
    if (verdict->general_protection)
        return result->status == MMU_FAULT && result->rule == MMU_RULE_NON_CANONICAL && result->error_code == 0;
    if (verdict->page_fault)
        return result->status == MMU_FAULT && result->error_code == verdict->error_code &&
               result->rule != MMU_RULE_NONE && result->rule != MMU_RULE_NON_CANONICAL &&
               (result->rule == MMU_RULE_NOT_PRESENT) == !(verdict->error_code & 1) &&
               (result->rule == MMU_RULE_RESERVED) == !!(verdict->error_code & 8);
    return result->status == MMU_OK && result->rule == MMU_RULE_NONE && result->error_code == 0 &&
           result->physical.value == verdict->physical && result->page_size == verdict->page_size &&
           result->rights == rights_of(verdict) && result->global == verdict->global;
}

static bool results_equal(const struct mmu_result *a, const struct mmu_result *b) {
    return a->status == b->status && a->physical.value == b->physical.value && a->page_size == b->page_size &&
           a->rights == b->rights && a->error_code == b->error_code && a->rule == b->rule && a->global == b->global;
}

/* What memory must hold at entry i: tables may be one another, then the marks of all their uses add up. */
static uint64_t expected_after(const struct oracle_verdict *verdict, unsigned i) {
    uint64_t value = verdict->entry[i].after;
    for (unsigned j = 0; j < verdict->entries; j++)
        if (verdict->entry[j].at == verdict->entry[i].at)
            value |= verdict->entry[j].after;
    return value;
}

static bool memory_is(const struct judge *judge, const struct oracle_verdict *verdict, bool afterwards) {
    for (unsigned i = 0; i < verdict->entries; i++) {
        const struct oracle_entry *entry = &verdict->entry[i];
        uint64_t expected =
            afterwards && inside(judge, entry->at, entry->bytes) ? expected_after(verdict, i) : entry->before;
        if (get(judge, entry->at, entry->bytes) != expected)
            return false;
    }
    return true;
}

static void restore(struct judge *judge, const struct oracle_verdict *verdict) {
    for (unsigned i = 0; i < verdict->entries; i++) {
        const struct oracle_entry *entry = &verdict->entry[i];
        if (inside(judge, entry->at, entry->bytes))
            judge_put(judge, entry->at, entry->before, entry->bytes);
    }
}

static bool walk_agrees(const struct judge *judge, const struct oracle_verdict *verdict, const struct mmu_walk *walk) {
    unsigned first = walk->mode == MMU_MODE_PAE && walk->count > 0 ? 1 : 0; /* the PDPTE register */
    bool refused = false;
    if (walk->count != verdict->entries + first)
        return false;
    for (unsigned i = 0; i < verdict->entries; i++) {
        const struct mmu_step *step = &walk->steps[i + first];
        const struct oracle_entry *entry = &verdict->entry[i];
        uint64_t after = inside(judge, entry->at, entry->bytes) ? entry->after : entry->before;
        if (step->at.value != entry->at || step->before != entry->before || step->after != after)
            return false;
        refused = refused || step->refused != MMU_RULE_NONE;
    }
    if (verdict->page_fault && verdict->entries == 0)
        return walk->steps[0].refused == MMU_RULE_NOT_PRESENT;
    return refused == verdict->page_fault;
}

static void print_entry(const struct oracle_entry *entry) {
    static const struct {
        unsigned bit;
        const char *name;
    } flags[] = {{0, "P"}, {1, "W"}, {2, "U"}, {5, "A"}, {6, "D"}, {7, "PS"}, {8, "G"}, {63, "NX"}};
    printf("#     at %" PRIx64 ": %016" PRIx64, entry->at, entry->before);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (entry->before >> flags[i].bit & 1)
            printf(" %s", flags[i].name);
    printf(", must become %016" PRIx64 "\n", entry->after);
}

static void print_cpu(const struct oracle_cpu *cpu) {
    const struct {
        bool set;
        const char *name;
    } flags[] = {{cpu->pg, "PG"},   {cpu->wp, "WP"},     {cpu->pse, "PSE"},   {cpu->pae, "PAE"},
                 {cpu->pge, "PGE"}, {cpu->la57, "LA57"}, {cpu->smep, "SMEP"}, {cpu->smap, "SMAP"},
                 {cpu->pke, "PKE"}, {cpu->lme, "LME"},   {cpu->nxe, "NXE"},   {cpu->ac, "AC"}};
    printf("#     cpu:");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].set)
            printf(" %s", flags[i].name);
    printf(", PKRU %08x, CR3 %" PRIx64 ", MAXPHYADDR %u\n", cpu->pkru, cpu->cr3, cpu->maxphyaddr);
}

static void print_result(const char *who, const struct mmu_result *result) {
    printf("#     %s: %s, rule %s, error code %x, physical %" PRIx64 ", size %" PRIx64 ", rights %x%s\n", who,
           result->status == MMU_OK ? "ok" : "fault", mmu_rule_name(result->rule), result->error_code,
           result->physical.value, result->page_size, result->rights, result->global ? ", global" : "");
}

static void fail(struct judge *judge, const char *what, const struct judge_state *state, struct oracle_access access,
                 const struct oracle_verdict *verdict, const struct mmu_result *translated) {
    judge->failures++;
    if (judge->failures > PRINTED_FAILURES)
        return;
    printf("# case %" PRIu64 ": %s\n#     access: %c at %" PRIx64 "%s%s\n", judge->cases, what, access.kind,
           access.linear, access.user ? " user" : " supervisor", access.implicit ? " implicit" : "");
    print_cpu(&state->cpu);
    for (unsigned i = 0; i < verdict->entries; i++)
        print_entry(&verdict->entry[i]);
    struct mmu_result expected = {
        .status = verdict->page_fault || verdict->general_protection ? MMU_FAULT : MMU_OK,
        .physical = {verdict->physical},
        .page_size = verdict->page_size,
        .rights = rights_of(verdict),
        .error_code = verdict->error_code,
        .global = verdict->global,
    };
    print_result("oracle (it names no rule)", &expected);
    print_result("mmu", translated);
}

static const char *recorded_complaint(struct judge *judge, const struct judge_state *state, struct oracle_access access,
                                      const struct oracle_verdict *verdict, const struct mmu_result *translated) {
    struct mmu_walk peeked, walked;
    struct mmu_result peek = mmu_peek(&state->context, to_mmu(access), &peeked);
    if (!memory_is(judge, verdict, false))
        return "a recorded peek changed an entry";
    struct mmu_result walk = mmu_translate_recorded(&state->context, to_mmu(access), &walked);
    bool right = memory_is(judge, verdict, true);
    restore(judge, verdict);
    if (!right)
        return "entries are wrong after the recorded translation";
    if (!results_equal(&peek, translated) || !results_equal(&walk, translated))
        return "results with and without record differ";
    if (!walk_agrees(judge, verdict, &peeked) || !walk_agrees(judge, verdict, &walked))
        return "the record is wrong";
    return NULL;
}

static const char *complaint(struct judge *judge, const struct judge_state *state, struct oracle_access access,
                             bool recorded, struct oracle_verdict *verdict, struct mmu_result *translated) {
    oracle_predict(&state->cpu, &judge->oracle_ram, access, verdict);
    struct mmu_result peeked = mmu_peek(&state->context, to_mmu(access), NULL);
    bool untouched = memory_is(judge, verdict, false);
    *translated = mmu_translate(&state->context, to_mmu(access));
    bool right = memory_is(judge, verdict, true);
    restore(judge, verdict);
    if (!result_agrees(verdict, translated))
        return "the translation is wrong";
    if (!right)
        return "entries are wrong after the translation";
    if (!results_equal(&peeked, translated))
        return "peek and translate differ";
    if (!untouched)
        return "peek changed an entry";
    return recorded ? recorded_complaint(judge, state, access, verdict, translated) : NULL;
}

void judge_case(struct judge *judge, const struct judge_state *state, struct oracle_access access, bool recorded) {
    struct oracle_verdict verdict;
    struct mmu_result translated;
    judge->cases++;
    const char *what = complaint(judge, state, access, recorded, &verdict, &translated);
    if (what != NULL)
        fail(judge, what, state, access, &verdict, &translated);
}

void judge_snapshot(struct judge *judge) { memcpy(judge->pristine, judge->ram, sizeof judge->ram); }

bool judge_unchanged(struct judge *judge) {
    if (memcmp(judge->pristine, judge->ram, sizeof judge->ram) == 0)
        return true;
    judge->failures++;
    printf("# case %" PRIu64 " or one shortly before it changed memory that it must not touch\n", judge->cases);
    return false;
}
