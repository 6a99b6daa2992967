/*
 * A walk in words, for people: what is accessed, a line a level, then the verdict.
 *
 *   32-bit paging: user write to linear 0xbffff004
 *     PDE   [767] at 0x1bfc = 0x00003067: present, writable, user, accessed -> page table at 0x3000
 *     PTE   [1023] at 0x3ffc = 0x00007025: present, read-only, user, accessed, clean -> ...   <-- refused: read-only
 *   Page fault: ...
 *   Error code 0x7: present + write + user
 *
 * It works from the record alone, so that a record which was stored can be explained later.
 */
#include "mmu/entry.h"
#include "mmu/text.h"

#include <inttypes.h>

static const char *kind_word(enum mmu_access_kind kind) {
    static const char *const words[] = {"read", "write", "fetch"};
    return (unsigned)kind < 3 ? words[kind] : "access";
}

static const char *size_word(uint64_t size) {
    switch (size) {
    case 1ull << 12: return "4 KiB";
    case 1ull << 21: return "2 MiB";
    case 1ull << 22: return "4 MiB";
    case 1ull << 30: return "1 GiB";
    default: return "unknown size";
    }
}

/* What a table entry of this level points to. */
static const char *table_word(uint8_t level) {
    static const char *const words[] = {"table", "table", "page table", "page directory", "PDPT", "PML4 table"};
    return level < sizeof words / sizeof words[0] ? words[level] : "table";
}

static bool is_long(enum mmu_mode mode) { return mode == MMU_MODE_4LEVEL || mode == MMU_MODE_5LEVEL; }

/* Hexadecimal digits of an address or entry in this mode. */
static int digits(enum mmu_mode mode) { return mode == MMU_MODE_32BIT || mode == MMU_MODE_NONE ? 8 : 16; }

static uint64_t linear_of(const struct mmu_walk *walk) {
    return is_long(walk->mode) ? walk->access.linear.value : walk->access.linear.value & 0xFFFFFFFF;
}

static const char *accessor_word(struct mmu_access access) {
    if (access.implicit)
        return "implicit supervisor";
    return access.user ? "user" : "supervisor";
}

static bool is_pdpte_register(const struct mmu_walk *walk, const struct mmu_step *step) {
    return walk->mode == MMU_MODE_PAE && step->level == LEVEL_PDPTE;
}

static uint64_t page_size_of(const struct mmu_walk *walk, const struct mmu_step *step) {
    unsigned index_bits = walk->mode == MMU_MODE_32BIT ? 10 : 9;
    return 1ull << (MMU_PAGE_SHIFT + (step->level - 1u) * index_bits);
}

static uint64_t frame_of(const struct mmu_walk *walk, const struct mmu_step *step) {
    uint64_t frame = step->before & entry_bits(MMU_PAGE_SHIFT, 52);
    if (!step->leaf)
        return frame;
    if (walk->mode == MMU_MODE_32BIT && step->level == LEVEL_PDE)
        return entry_pse36_frame(step->before);
    return frame & ~(page_size_of(walk, step) - 1);
}

static void add_marks(struct text *out, const struct mmu_step *step) {
    if (step->before & MMU_PTE_A)
        text_add(out, ", accessed");
    else
        text_add(out, step->after & MMU_PTE_A ? ", accessed (set by this access)" : ", not accessed");
    if (!step->leaf)
        return;
    if (step->before & MMU_PTE_D)
        text_add(out, ", dirty");
    else
        text_add(out, step->after & MMU_PTE_D ? ", dirty (set by this access)" : ", clean");
}

static void add_leaf_flags(struct text *out, const struct mmu_walk *walk, const struct mmu_step *step) {
    uint64_t pat = step->level == LEVEL_PTE ? MMU_PTE_PS : ENTRY_PAT_LARGE;
    if (step->before & pat)
        text_add(out, ", PAT");
    if (step->before & MMU_PTE_G)
        text_add(out, ", global");
    if (is_long(walk->mode) && entry_key(step->before) != 0)
        text_add(out, ", key %u", entry_key(step->before));
}

static void add_flags(struct text *out, const struct mmu_walk *walk, const struct mmu_step *step) {
    if (!(step->before & MMU_PTE_P)) {
        text_add(out, "not present");
        return;
    }
    text_add(out, "present");
    if (!is_pdpte_register(walk, step)) {
        text_add(out, step->before & MMU_PTE_W ? ", writable" : ", read-only");
        text_add(out, step->before & MMU_PTE_U ? ", user" : ", supervisor");
        if (step->before & MMU_PTE_NX)
            text_add(out, ", no execute");
        add_marks(out, step);
    }
    if (step->before & MMU_PTE_PWT)
        text_add(out, ", write-through");
    if (step->before & MMU_PTE_PCD)
        text_add(out, ", uncached");
    if (walk->mode == MMU_MODE_32BIT && step->level == LEVEL_PDE && !step->leaf && (step->before & MMU_PTE_PS))
        text_add(out, ", PS ignored (CR4.PSE = 0)");
    if (step->leaf)
        add_leaf_flags(out, walk, step);
}

static void add_reserved(struct text *out, uint64_t reserved) {
    const char *before = " (bits that must be zero: ";
    for (int bit = 63; bit >= 0; bit--) {
        if (!(reserved >> bit & 1))
            continue;
        text_add(out, "%s%d", before, bit);
        before = ", ";
    }
    if (reserved != 0)
        text_add(out, ")");
}

static void add_step(struct text *out, const struct mmu_walk *walk, const struct mmu_step *step) {
    text_add(out, "  %-5s [%4u] ", mmu_level_name(step->level), step->index);
    if (is_pdpte_register(walk, step))
        text_add(out, "register, loaded from 0x%" PRIx64, step->at.value);
    else
        text_add(out, "at 0x%" PRIx64, step->at.value);
    text_add(out, " = 0x%0*" PRIx64 ": ", digits(walk->mode), step->before);
    if (step->absent)
        text_add(out, "(no memory there, it reads as all ones) ");
    add_flags(out, walk, step);
    bool usable = (step->before & MMU_PTE_P) && step->refused != MMU_RULE_RESERVED;
    if (usable && step->leaf)
        text_add(out, " -> %s page at 0x%" PRIx64, size_word(page_size_of(walk, step)), frame_of(walk, step));
    else if (usable)
        text_add(out, " -> %s at 0x%" PRIx64, table_word(step->level), frame_of(walk, step));
    if (step->refused != MMU_RULE_NONE)
        text_add(out, "  <-- refused: %s", mmu_rule_name(step->refused));
    add_reserved(out, step->reserved);
    text_add(out, "\n");
}

/* The first level that broke the rule, for the sentence. */
static const char *guilty_level(const struct mmu_walk *walk) {
    for (unsigned i = 0; i < walk->count && i < MMU_MAX_LEVELS; i++)
        if (walk->steps[i].refused != MMU_RULE_NONE)
            return mmu_level_name(walk->steps[i].level);
    return "entry";
}

static unsigned leaf_key(const struct mmu_walk *walk) {
    bool any = walk->count > 0 && walk->count <= MMU_MAX_LEVELS;
    return any ? entry_key(walk->steps[walk->count - 1].before) : 0;
}

static void add_read_only(struct text *out, const struct mmu_walk *walk) {
    text_add(out, "the page is read-only (R/W = 0 in the %s)", guilty_level(walk));
    if (!walk->access.user || walk->access.implicit)
        text_add(out, " and CR0.WP = 1 makes that hold for the supervisor too");
}

static void add_reason(struct text *out, const struct mmu_walk *walk) {
    switch (walk->result.rule) {
    case MMU_RULE_NOT_PRESENT:
        text_add(out, "there is no translation, the %s is not present (P = 0)", guilty_level(walk));
        break;
    case MMU_RULE_RESERVED: text_add(out, "a bit that must be zero is set in the %s", guilty_level(walk)); break;
    case MMU_RULE_READ_ONLY: add_read_only(out, walk); break;
    case MMU_RULE_SUPERVISOR_ONLY:
        text_add(out, "the page belongs to the supervisor (U/S = 0 in the %s)", guilty_level(walk));
        break;
    case MMU_RULE_NO_EXECUTE: text_add(out, "the page holds no code (NX = 1 in the %s)", guilty_level(walk)); break;
    case MMU_RULE_SMEP: text_add(out, "CR4.SMEP forbids the supervisor to execute code of a user page"); break;
    case MMU_RULE_SMAP:
        text_add(out, "CR4.SMAP forbids the supervisor to touch data of a user page%s",
                 walk->access.implicit ? " (EFLAGS.AC does not help an implicit access)" : " while EFLAGS.AC = 0");
        break;
    case MMU_RULE_PROTECTION_KEY:
        text_add(out, "PKRU forbids this %s to pages with protection key %u", kind_word(walk->access.kind),
                 leaf_key(walk));
        break;
    case MMU_RULE_NONE:
    case MMU_RULE_NON_CANONICAL: break;
    }
}

static void add_fault(struct text *out, const struct mmu_walk *walk) {
    if (walk->result.rule == MMU_RULE_NON_CANONICAL) {
        text_add(out,
                 "General-protection fault: the address is not canonical (its upper bits, from bit %d on, are not all"
                 " equal); the tables are not read and there is no page fault.\n",
                 walk->mode == MMU_MODE_5LEVEL ? 56 : 47);
        return;
    }
    char code[128];
    mmu_error_code_text(walk->result.error_code, code, sizeof code);
    text_add(out, "Page fault, rule '%s': ", mmu_rule_name(walk->result.rule));
    add_reason(out, walk);
    text_add(out, ".\nError code 0x%x: %s\n", (unsigned)walk->result.error_code, code);
}

static void add_rights(struct text *out, const struct mmu_walk *walk) {
    static const char *const words[] = {"read", "write", "execute"};
    const char *before = "";
    for (unsigned i = 0; i < 3; i++) {
        if (!(walk->result.rights >> i & 1))
            continue;
        text_add(out, "%s%s", before, words[i]);
        before = ", ";
    }
}

static bool is_clean(const struct mmu_walk *walk) {
    if (walk->count == 0 || walk->count > MMU_MAX_LEVELS || walk->access.kind == MMU_WRITE)
        return false;
    return !(walk->steps[walk->count - 1].before & MMU_PTE_D);
}

static void add_success(struct text *out, const struct mmu_walk *walk) {
    text_add(out, "Translated: physical 0x%" PRIx64, walk->result.physical.value);
    if (walk->mode == MMU_MODE_NONE) {
        text_add(out, ", the linear address itself: paging is off (CR0.PG = 0), nothing is refused.\n");
        return;
    }
    text_add(out, " in a %s%s page; ", walk->result.global ? "global " : "", size_word(walk->result.page_size));
    text_add(out, "%s may now: ", walk->access.user && !walk->access.implicit ? "user" : "supervisor");
    add_rights(out, walk);
    text_add(out, is_clean(walk) ? " (a write has to walk again, since the page is clean).\n" : ".\n");
}

size_t mmu_explain(const struct mmu_walk *walk, char *text, size_t size) {
    struct text out;
    text_init(&out, text, size);
    text_add(&out, "%s: %s %s %s linear 0x%0*" PRIx64 "\n", mmu_mode_name(walk->mode), accessor_word(walk->access),
             kind_word(walk->access.kind), walk->access.kind == MMU_FETCH ? "from" : "at", digits(walk->mode),
             linear_of(walk));
    for (unsigned i = 0; i < walk->count && i < MMU_MAX_LEVELS; i++)
        add_step(&out, walk, &walk->steps[i]);
    if (walk->result.status == MMU_OK)
        add_success(&out, walk);
    else
        add_fault(&out, walk);
    return out.length;
}
