/*
 * REP STOS and REP MOVS in one go.
 *
 * Unicorn runs every iteration of a repeated string instruction as a block of its own, with a call of the block
 * hook each; clearing a page takes a thousand. Before such a block runs, most of the remaining iterations are
 * done here, on host memory, and counted as the blocks that they are. What the guest can see is the same:
 *   - only whole elements inside one page of RAM each (source: RAM or ROM), forward, and at least one iteration is
 *     left to the engine, which then takes faults, device memory, the end and everything unusual;
 *   - never past the moment at which something is due;
 *   - the pages are walked like those of any access: A and D are set, a refusal leaves everything to the engine;
 *   - other short blocks (a jump, a return) are remembered by address and cost one comparison; should a string
 *     instruction take the place of one, it runs at the engine's pace;
 *   - a destination that may hold translated code, and pages that a debugger watches, are left to the engine.
 */
#include "emu/cpu/internal.h"

#define WORTHWHILE 8u

struct string {
    bool move;
    unsigned width; /* of an element, bytes */
    uint64_t count, limit;
    uint64_t source, destination; /* linear */
};

/* F3 [REX.W | 66] A4 A5 AA AB and nothing else. */
static bool recognise(struct cpu *cpu, uint64_t address, uint32_t size, struct string *string) {
    uint8_t code[4];
    uint32_t hflags = state_hflags(cpu);
    if (!(hflags & HFLAGS_CS32) || mmu_peek_read(&cpu->mmu, mmu_linear(address), code, size) != size || code[0] != 0xf3)
        return false;
    uint8_t opcode = code[size - 1];
    unsigned width = opcode & 1 ? 4 : 1;
    if (size == 3 && (hflags & HFLAGS_CS64) && code[1] == 0x48 && width == 4)
        width = 8;
    else if (size == 3 && code[1] == 0x66 && width == 4)
        width = 2;
    else if (size != 2)
        return false;
    string->move = (opcode & 0xfe) == 0xa4;
    string->width = width;
    return string->move || (opcode & 0xfe) == 0xaa;
}

static uint64_t elements_in_page(uint64_t linear, unsigned width) {
    return (MMU_PAGE_SIZE - linear % MMU_PAGE_SIZE) / width;
}

static void measure(struct cpu *cpu, struct string *string) {
    bool wide = state_hflags(cpu) & HFLAGS_CS64;
    uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
    string->count = state_gpr(cpu, GPR_RCX) & mask;
    string->destination = ((wide ? 0 : state_segment_base(cpu, CPU_ES)) + state_gpr(cpu, GPR_RDI)) & mask;
    string->source = ((wide ? 0 : state_segment_base(cpu, CPU_DS)) + state_gpr(cpu, GPR_RSI)) & mask;
    string->limit = string->count ? string->count - 1 : 0;
    uint64_t room = elements_in_page(string->destination, string->width);
    if (string->move && elements_in_page(string->source, string->width) < room)
        room = elements_in_page(string->source, string->width);
    if (string->limit > room)
        string->limit = room;
}

static uint8_t *host_of(struct cpu *cpu, uint64_t linear, size_t bytes, enum mmu_access_kind kind) {
    struct mmu_access access = {.linear = mmu_linear(linear), .kind = kind, .user = state_cpl(cpu) == 3};
    struct mmu_result result = tlb_translate(cpu, access);
    if (result.status != MMU_OK || (cpu->points.data && points_watch_page(cpu, access, result.physical.value)))
        return NULL;
    for (size_t i = 0; i < cpu->memory->count; i++) {
        const struct mmu_region *region = &cpu->memory->regions[i];
        uint64_t at = result.physical.value;
        if (at < region->base || at >= region->end)
            continue;
        bool usable = kind == MMU_READ || (region->writable && !cpu->frame_code[at >> MMU_PAGE_SHIFT]);
        return usable && region->end - at >= bytes ? region->host + (at - region->base) : NULL;
    }
    return NULL;
}

static void fill(uint8_t *to, uint64_t value, unsigned width, uint64_t count) {
    uint64_t used = width == 8 ? UINT64_MAX : (1ull << 8 * width) - 1;
    if ((value & used) == (value & 0xff) * (0x0101010101010101u & used)) {
        memset(to, (int)(value & 0xff), count * width);
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        memcpy(to + i * width, &value, width);
}

/* Element by element where the ranges overlap, as the instruction does. */
static void move(uint8_t *to, const uint8_t *from, unsigned width, uint64_t count) {
    size_t bytes = count * width;
    if (to + bytes <= from || from + bytes <= to) {
        memcpy(to, from, bytes);
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        memmove(to + i * width, from + i * width, width);
}

static void finish(struct cpu *cpu, const struct string *string, uint64_t done) {
    uint64_t mask = state_hflags(cpu) & HFLAGS_CS64 ? UINT64_MAX : UINT32_MAX, bytes = done * string->width;
    state_set_gpr(cpu, GPR_RCX, (state_gpr(cpu, GPR_RCX) - done) & mask);
    state_set_gpr(cpu, GPR_RDI, (state_gpr(cpu, GPR_RDI) + bytes) & mask);
    if (string->move)
        state_set_gpr(cpu, GPR_RSI, (state_gpr(cpu, GPR_RSI) + bytes) & mask);
    state_store(cpu);
    cpu->blocks += done;
}

void string_repeat(struct cpu *cpu, uint64_t address, uint32_t size, uint64_t until) {
    struct string string;
    uint64_t *other = &cpu->other_block[address / 2 % OTHER_BLOCKS];
    if (*other == address || cpu->points.physical)
        return;
    state_load(cpu);
    if (state_gpr(cpu, GPR_RCX) < WORTHWHILE)
        return;
    tlb_sync_context(cpu);
    if (cpu->refused.bad_pdpte || !recognise(cpu, address, size, &string)) {
        *other = address;
        return;
    }
    measure(cpu, &string);
    uint64_t done = string.limit, left = until > cpu->blocks ? until - cpu->blocks - 1 : 0;
    if (done > left)
        done = left;
    if (done < WORTHWHILE || (state_full_flags(cpu) & (CPU_FLAGS_DF | CPU_FLAGS_TF)))
        return;
    size_t bytes = done * string.width;
    const uint8_t *from = string.move ? host_of(cpu, string.source, bytes, MMU_READ) : NULL;
    if (string.move && !from)
        return;
    uint8_t *to = host_of(cpu, string.destination, bytes, MMU_WRITE);
    if (!to)
        return;
    if (string.move)
        move(to, from, string.width, done);
    else
        fill(to, state_gpr(cpu, GPR_RAX), string.width, done);
    finish(cpu, &string, done);
}
