/*
 * Accesses that the CPU makes itself: descriptor tables, gates, TSS, and pushes of exception frames.
 *
 * They go through the tables like any access (A and D are set, rights are checked as a supervisor's), but
 * straight to host memory. A write first translates every page that it touches, then writes: it happens
 * entirely or not at all.
 */
#include "emu/cpu/internal.h"

/* Kinds of shortcut, in the low bits of their tag. */
#define SHORTCUT_READ 0u
#define SHORTCUT_WRITE 1u
#define SHORTCUT_USER 2u

struct piece {
    uint64_t physical;
    size_t size;
};

static void set_fault(struct cpu *cpu, uint64_t linear, const struct mmu_result *result, struct event *fault) {
    bool non_canonical = result->rule == MMU_RULE_NON_CANONICAL;
    *fault = (struct event){
        .vector = non_canonical ? VECTOR_GP : VECTOR_PF,
        .has_error_code = true,
        .error_code = result->error_code,
        .rip = state_rip(cpu),
        .cr2 = linear,
    };
}

/* Splits [linear, linear + size) at the page boundary. Returns the number of pieces, 0 on a fault. */
static unsigned translate(struct cpu *cpu, uint64_t linear, size_t size, struct mmu_access access,
                          struct piece piece[2], struct event *fault) {
    unsigned count = 0;
    if (!(state_efer(cpu) & MMU_EFER_LMA))
        linear &= UINT32_MAX;
    while (size) {
        size_t room = MMU_PAGE_SIZE - (size_t)(linear % MMU_PAGE_SIZE);
        access.linear = mmu_linear(linear);
        struct mmu_result result = tlb_translate(cpu, access);
        if (result.status != MMU_OK) {
            set_fault(cpu, linear, &result, fault);
            return 0;
        }
        piece[count++] = (struct piece){result.physical.value, size < room ? size : room};
        size -= piece[count - 1].size;
        linear += room;
        if (!(state_efer(cpu) & MMU_EFER_LMA))
            linear &= UINT32_MAX;
    }
    return count;
}

/* Shortcuts: the CPU reads the same gates, descriptors and TSS, and writes the same stack pages, over and over. */

/* Two slots: where the tables and the stack lie is the guest's choice, and two of them that take turns in one slot
 * would never find themselves there. */
static struct shortcut *pair_of(struct cpu *cpu, uint64_t tag) {
    return &cpu->shortcut[(tag ^ tag >> MMU_PAGE_SHIFT ^ tag >> 16) % (SHORTCUTS / 2) * 2];
}

/* A size that the compiler knows makes a copy one load instead of a call. */
static uint64_t entry_now(const uint8_t *entry, unsigned bytes) {
    return bytes == 4 ? layout_get32(entry, 0) : layout_get64(entry, 0);
}

static bool still_true(const struct shortcut *shortcut) {
    for (unsigned i = 0; i < shortcut->levels; i++)
        if (entry_now(shortcut->entry[i], shortcut->entry_bytes) != shortcut->value[i])
            return false;
    return true;
}

/* Host memory of [linear, linear + size) when a shortcut is still true, else NULL. */
static uint8_t *follow_shortcut(struct cpu *cpu, uint64_t linear, size_t size, uint64_t kind, uint64_t *physical) {
    uint64_t offset = linear % MMU_PAGE_SIZE, tag = (linear - offset) | kind;
    const struct shortcut *shortcut = pair_of(cpu, tag);
    if (shortcut->page != tag)
        shortcut++;
    if (shortcut->page != tag || shortcut->generation != cpu->generation || offset + size > MMU_PAGE_SIZE ||
        !still_true(shortcut))
        return NULL;
    *physical = shortcut->physical + offset;
    return shortcut->host + offset;
}

/* Remembers the translation that has just succeeded. The PDPTE registers of PAE mode are no memory: left out. */
static void make_shortcut(struct cpu *cpu, struct mmu_access access, uint64_t kind) {
    struct mmu_walk walk;
    uint64_t page = access.linear.value & ~(uint64_t)(MMU_PAGE_SIZE - 1);
    struct shortcut *shortcut = pair_of(cpu, page | kind);
    if (shortcut->page != (page | kind))
        shortcut[1] = shortcut[0];
    shortcut->page = UINT64_MAX;
    access.linear = mmu_linear(page);
    if (cpu->mmu.mode == MMU_MODE_PAE || mmu_peek(&cpu->mmu, access, &walk).status != MMU_OK ||
        walk.count > SHORTCUT_LEVELS)
        return;
    shortcut->entry_bytes = cpu->mmu.mode == MMU_MODE_32BIT ? 4 : 8;
    for (unsigned i = 0; i < walk.count; i++) {
        shortcut->entry[i] = mmu_host(cpu->memory, walk.steps[i].at, shortcut->entry_bytes);
        shortcut->value[i] = walk.steps[i].after;
        if (!shortcut->entry[i] || walk.steps[i].after != walk.steps[i].before)
            return;
    }
    shortcut->levels = walk.count;
    shortcut->physical = walk.result.physical.value;
    shortcut->host = mmu_host(cpu->memory, walk.result.physical, MMU_PAGE_SIZE);
    shortcut->generation = cpu->generation;
    if (shortcut->host)
        shortcut->page = page | kind;
}

static void note(struct cpu *cpu, uint64_t linear, uint64_t physical, size_t size, bool write) {
    if (__builtin_expect(cpu->points.data != 0, 0))
        points_note(cpu, linear, physical, size, write);
}

bool memory_read(struct cpu *cpu, uint64_t linear, void *to, size_t size, struct event *fault) {
    uint64_t physical;
    const uint8_t *near = follow_shortcut(cpu, linear, size, SHORTCUT_READ, &physical);
    if (near) {
        note(cpu, linear, physical, size, false);
        if (size == 8) /* a gate, a descriptor */
            memcpy(to, near, 8);
        else
            memcpy(to, near, size);
        return true;
    }
    struct piece piece[2];
    struct mmu_access access = {.kind = MMU_READ, .implicit = true};
    unsigned count = translate(cpu, linear, size, access, piece, fault);
    uint8_t *out = to;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *host = mmu_host(cpu->memory, mmu_phys(piece[i].physical), piece[i].size);
        if (host)
            memcpy(out, host, piece[i].size);
        else
            memset(out, 0xff, piece[i].size);
        note(cpu, linear + (uint64_t)(out - (uint8_t *)to), piece[i].physical, piece[i].size, false);
        out += piece[i].size;
    }
    if (count == 1)
        make_shortcut(cpu, (struct mmu_access){mmu_linear(linear), MMU_READ, false, true}, SHORTCUT_READ);
    return count != 0;
}

static bool in_rom(const struct cpu *cpu, uint64_t physical) {
    for (size_t i = 0; i < cpu->memory->count; i++)
        if (physical >= cpu->memory->regions[i].base && physical < cpu->memory->regions[i].end)
            return !cpu->memory->regions[i].writable;
    return false;
}

bool memory_write(struct cpu *cpu, uint64_t linear, const void *from, size_t size, bool user, struct event *fault) {
    struct piece piece[2];
    struct mmu_access access = {.kind = MMU_WRITE, .user = user, .implicit = !user};
    uint64_t physical, kind = user ? SHORTCUT_WRITE | SHORTCUT_USER : SHORTCUT_WRITE;
    uint8_t *near = follow_shortcut(cpu, linear, size, kind, &physical);
    if (near) {
        note(cpu, linear, physical, size, true);
        tlb_drop_code(cpu, physical, size);
        memcpy(near, from, size);
        return true;
    }
    unsigned count = translate(cpu, linear, size, access, piece, fault);
    const uint8_t *in = from;
    for (unsigned i = 0; i < count; i++) {
        uint8_t *host = mmu_host(cpu->memory, mmu_phys(piece[i].physical), piece[i].size);
        if (host && !in_rom(cpu, piece[i].physical)) {
            tlb_drop_code(cpu, piece[i].physical, piece[i].size);
            memcpy(host, in, piece[i].size);
        }
        note(cpu, linear + (uint64_t)(in - (const uint8_t *)from), piece[i].physical, piece[i].size, true);
        in += piece[i].size;
    }
    access.linear = mmu_linear(linear);
    if (count == 1 && !in_rom(cpu, piece[0].physical))
        make_shortcut(cpu, access, kind);
    return count != 0;
}

/* Words go from the highest down, so the first one that cannot be written is the highest in its page. */
static uint64_t first_refused_word(uint64_t linear, size_t size, size_t word, uint64_t refused_page) {
    uint64_t top = linear + size - word, end = refused_page + MMU_PAGE_SIZE;
    if (top >= end)
        top = linear + (end - 1 - linear) / word * word;
    return top < refused_page ? refused_page : top;
}

bool memory_push(struct cpu *cpu, uint64_t linear, const void *from, size_t size, size_t word, bool user,
                 struct event *fault) {
    struct piece piece[2];
    struct mmu_access access = {.kind = MMU_WRITE, .user = user, .implicit = !user};
    uint64_t boundary = (linear + size - 1) & ~(uint64_t)(MMU_PAGE_SIZE - 1);
    bool upper = boundary <= linear || translate(cpu, boundary, 1, access, piece, fault);
    if (upper && memory_write(cpu, linear, from, size, user, fault))
        return true;
    fault->cr2 = first_refused_word(linear, size, word, fault->cr2 & ~(uint64_t)(MMU_PAGE_SIZE - 1));
    return false;
}
