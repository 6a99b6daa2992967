/*
 * The rules of paging, one walk a mode, each rule a statement where it applies. See oracle.h.
 */
#include "oracle.h"

#include <string.h>

/* Where a walk has got to. */
struct progress {
    const struct oracle_cpu *cpu;
    const struct oracle_ram *ram;
    struct oracle_access access;
    struct oracle_verdict *verdict;
    bool page_w, page_u, page_nx; /* of the entries so far */
};

static bool bit(uint64_t word, unsigned number) { return word >> number & 1; }

static bool is_user(const struct progress *p) { return p->access.user && !p->access.implicit; }

static uint64_t load(struct progress *p, uint64_t at, unsigned bytes) {
    uint64_t word = 0xFFFFFFFF;
    bool inside = at >= p->ram->base && at + bytes <= p->ram->base + p->ram->size && at + bytes > at;
    if (bytes == 8)
        word = word << 32 | word;
    if (inside && bytes == 4)
        memcpy(&word, p->ram->bytes + (at - p->ram->base), 4);
    if (inside && bytes == 8)
        memcpy(&word, p->ram->bytes + (at - p->ram->base), 8);
    p->verdict->entry[p->verdict->entries++] = (struct oracle_entry){at, word, word, bytes};
    return word;
}

/* SDM 4.7, the bits that describe the access. */
static uint32_t error_code_of_access(const struct progress *p) {
    uint32_t code = 0;
    if (p->access.kind == 'w')
        code += 2;
    if (is_user(p))
        code += 4;
    if (p->access.kind == 'x') {
        if (p->cpu->smep)
            code += 16;
        else if (p->cpu->pae && p->cpu->nxe)
            code += 16;
    }
    return code;
}

static void fault(struct progress *p, uint32_t cause) {
    p->verdict->page_fault = true;
    p->verdict->error_code = error_code_of_access(p) | cause;
}

static bool not_present(struct progress *p, uint64_t entry) {
    if (bit(entry, 0))
        return false;
    fault(p, 0);
    return true;
}

static bool reserved(struct progress *p, bool a_reserved_bit_is_set) {
    if (a_reserved_bit_is_set)
        fault(p, 1 + 8);
    return a_reserved_bit_is_set;
}

static void take_rights(struct progress *p, uint64_t entry) {
    if (!bit(entry, 1))
        p->page_w = false;
    if (!bit(entry, 2))
        p->page_u = false;
}

static void take_nx(struct progress *p, uint64_t entry) {
    if (bit(entry, 63))
        p->page_nx = true;
}

/* SDM 4.6.2: keys exist in IA-32e paging only, for user-mode addresses and data. */
static bool key_forbids(const struct progress *p, char kind, unsigned key) {
    bool ad = bit(p->cpu->pkru, 2 * key), wd = bit(p->cpu->pkru, 2 * key + 1);
    if (!p->cpu->lme || !p->cpu->pke || !p->page_u || kind == 'x')
        return false;
    if (ad)
        return true;
    if (kind == 'w' && wd)
        return is_user(p) || p->cpu->wp;
    return false;
}

/* SDM 4.6.1, without keys. */
static bool page_forbids(const struct progress *p, char kind) {
    const struct oracle_cpu *cpu = p->cpu;
    if (is_user(p)) {
        if (!p->page_u)
            return true;
        if (kind == 'w')
            return !p->page_w;
        return kind == 'x' && p->page_nx;
    }
    if (kind == 'x')
        return p->page_nx || (p->page_u && cpu->smep);
    if (p->page_u && cpu->smap) {
        if (p->access.implicit)
            return true;
        if (!cpu->ac)
            return true;
    }
    return kind == 'w' && cpu->wp && !p->page_w;
}

static bool allowed(const struct progress *p, char kind, unsigned key) {
    return !page_forbids(p, kind) && !key_forbids(p, kind, key);
}

/* All levels are there. leaf: the last entry; frame: where its page begins. */
static void finish(struct progress *p, uint64_t leaf, uint64_t frame, uint64_t page_size) {
    unsigned key = p->cpu->lme ? (unsigned)(leaf >> 59) % 16 : 0;
    if (!allowed(p, p->access.kind, key)) {
        fault(p, 1 + (key_forbids(p, p->access.kind, key) ? 32 : 0));
        return;
    }
    /* SDM 4.8: A in all, D in the last one on a write. */
    for (unsigned i = 0; i < p->verdict->entries; i++)
        p->verdict->entry[i].after |= 1u << 5;
    if (p->access.kind == 'w')
        p->verdict->entry[p->verdict->entries - 1].after |= 1u << 6;
    bool dirty = bit(p->verdict->entry[p->verdict->entries - 1].after, 6);
    p->verdict->physical = frame + p->access.linear % page_size;
    p->verdict->page_size = page_size;
    p->verdict->can_read = allowed(p, 'r', key);
    p->verdict->can_write = allowed(p, 'w', key) && dirty;
    p->verdict->can_execute = allowed(p, 'x', key);
    p->verdict->global = bit(leaf, 8) && p->cpu->pge;
}

/* SDM 4.3: bits 31..22 choose the PDE, 21..12 the PTE. */
static void walk_32bit(struct progress *p) {
    const struct oracle_cpu *cpu = p->cpu;
    uint32_t linear = (uint32_t)p->access.linear;
    uint64_t pde = load(p, (cpu->cr3 & 0xFFFFF000) + 4 * (linear >> 22), 4);
    if (not_present(p, pde))
        return;
    take_rights(p, pde);
    if (cpu->pse && bit(pde, 7)) {
        uint64_t high = pde >> 13 & 0xFF; /* physical bits 39..32 */
        bool too_high = cpu->maxphyaddr < 40 && high >> (cpu->maxphyaddr - 32) != 0;
        if (reserved(p, bit(pde, 21) || too_high))
            return;
        finish(p, pde, high << 32 | (pde >> 22 << 22), 1u << 22);
        return;
    }
    uint64_t pte = load(p, (pde >> 12 << 12) + 4 * (linear >> 12 & 0x3FF), 4);
    if (not_present(p, pte))
        return;
    take_rights(p, pte);
    finish(p, pte, pte >> 12 << 12, 1u << 12);
}

/* Physical bits of a 64-bit entry, from bit `low` up. */
static uint64_t frame64(const struct oracle_cpu *cpu, uint64_t entry, unsigned low) {
    uint64_t without_top = entry << (64 - cpu->maxphyaddr) >> (64 - cpu->maxphyaddr);
    return without_top >> low << low;
}

/* SDM 4.4.2: bits 31..30 choose the register, 29..21 the PDE, 20..12 the PTE. */
static bool reserved_pae(const struct oracle_cpu *cpu, uint64_t entry) {
    uint64_t below_63 = entry << 1 >> 1;
    return below_63 >> cpu->maxphyaddr != 0 || (bit(entry, 63) && !cpu->nxe);
}

static void walk_pae(struct progress *p) {
    const struct oracle_cpu *cpu = p->cpu;
    uint32_t linear = (uint32_t)p->access.linear;
    uint64_t pdpte = cpu->pdpte[linear >> 30];
    if (not_present(p, pdpte))
        return;
    uint64_t pde = load(p, frame64(cpu, pdpte, 12) + 8 * (linear >> 21 & 0x1FF), 8);
    if (not_present(p, pde))
        return;
    take_rights(p, pde);
    take_nx(p, pde);
    if (bit(pde, 7)) {
        bool low_bits = (pde >> 13 & 0xFF) != 0; /* 20..13 */
        if (!reserved(p, reserved_pae(cpu, pde) || low_bits))
            finish(p, pde, frame64(cpu, pde, 21), 1u << 21);
        return;
    }
    if (reserved(p, reserved_pae(cpu, pde)))
        return;
    uint64_t pte = load(p, frame64(cpu, pde, 12) + 8 * (linear >> 12 & 0x1FF), 8);
    if (not_present(p, pte) || reserved(p, reserved_pae(cpu, pte)))
        return;
    take_rights(p, pte);
    take_nx(p, pte);
    finish(p, pte, frame64(cpu, pte, 12), 1u << 12);
}

static bool reserved_long(const struct oracle_cpu *cpu, uint64_t entry) {
    uint64_t below_52 = entry << 12 >> 12;
    return below_52 >> cpu->maxphyaddr != 0 || (bit(entry, 63) && !cpu->nxe);
}

/* One entry that can only point to a table: PML5E, PML4E. False: the walk is over. */
static bool table_only(struct progress *p, uint64_t entry) {
    if (not_present(p, entry) || reserved(p, reserved_long(p->cpu, entry) || bit(entry, 7)))
        return false;
    take_rights(p, entry);
    take_nx(p, entry);
    return true;
}

/* One entry that maps a page of 2^bits bytes when bit 7 is set: PDPTE, PDE. False: the walk is over. */
static bool table_or_page(struct progress *p, uint64_t entry, unsigned bits) {
    if (not_present(p, entry) || reserved(p, reserved_long(p->cpu, entry)))
        return false;
    take_rights(p, entry);
    take_nx(p, entry);
    if (!bit(entry, 7))
        return true;
    uint64_t between = entry << (64 - bits) >> (64 - bits) >> 13; /* bits - 1 .. 13 */
    if (!reserved(p, between != 0))
        finish(p, entry, frame64(p->cpu, entry, bits), 1ull << bits);
    return false;
}

/* SDM 4.5: nine bits a level, from 47 (4-level) or 56 (5-level). */
static void walk_long(struct progress *p) {
    const struct oracle_cpu *cpu = p->cpu;
    uint64_t linear = p->access.linear;
    uint64_t sign = cpu->la57 ? linear >> 56 : linear >> 47;
    if (sign != 0 && sign != (cpu->la57 ? 0xFFu : 0x1FFFFu)) {
        p->verdict->general_protection = true;
        return;
    }
    uint64_t table = frame64(cpu, cpu->cr3, 12);
    if (cpu->la57) {
        uint64_t pml5e = load(p, table + 8 * (linear >> 48 & 0x1FF), 8);
        if (!table_only(p, pml5e))
            return;
        table = frame64(cpu, pml5e, 12);
    }
    uint64_t pml4e = load(p, table + 8 * (linear >> 39 & 0x1FF), 8);
    if (!table_only(p, pml4e))
        return;
    uint64_t pdpte = load(p, frame64(cpu, pml4e, 12) + 8 * (linear >> 30 & 0x1FF), 8);
    if (!table_or_page(p, pdpte, 30))
        return;
    uint64_t pde = load(p, frame64(cpu, pdpte, 12) + 8 * (linear >> 21 & 0x1FF), 8);
    if (!table_or_page(p, pde, 21))
        return;
    uint64_t pte = load(p, frame64(cpu, pde, 12) + 8 * (linear >> 12 & 0x1FF), 8);
    if (not_present(p, pte) || reserved(p, reserved_long(cpu, pte)))
        return;
    take_rights(p, pte);
    take_nx(p, pte);
    finish(p, pte, frame64(cpu, pte, 12), 1u << 12);
}

void oracle_predict(const struct oracle_cpu *cpu, const struct oracle_ram *ram, struct oracle_access access,
                    struct oracle_verdict *verdict) {
    struct progress p = {.cpu = cpu, .ram = ram, .access = access, .verdict = verdict, .page_w = true, .page_u = true};
    verdict->general_protection = verdict->page_fault = false;
    verdict->error_code = 0;
    verdict->physical = verdict->page_size = 0;
    verdict->can_read = verdict->can_write = verdict->can_execute = verdict->global = false;
    verdict->entries = 0;
    if (!cpu->pg) {
        verdict->physical = (uint32_t)access.linear;
        verdict->page_size = 4096;
        verdict->can_read = verdict->can_write = verdict->can_execute = true;
    } else if (!cpu->pae) {
        walk_32bit(&p);
    } else if (!cpu->lme) {
        walk_pae(&p);
    } else {
        walk_long(&p);
    }
}
