/*
 * Finds the hidden fields of Unicorn's CPU state by changing one thing at a time and looking at what moved.
 *
 * A scratch engine with a page of code, a page of GDT and a page of stack stands in 64-bit mode, where Unicorn
 * starts. Registers that the public interface can write get values that occur nowhere else. What it cannot
 * write is provoked: an IRETQ from ring 0 to ring 3 shows the privilege level, a bad selector shows the error
 * code and the exception in flight, an INT shows the address after it.
 */
#include "emu/cpu/layout.h"

#include <stdlib.h>

#define CODE_AT 0x10000u
#define GDT_AT 0x11000u
#define STACK_TOP 0x13000u
#define SCRATCH_BYTES 0x4000u
#define BAD_SELECTOR 0x1238u

struct probe {
    uc_engine *uc;
    uc_context *block; /* the most recent save */
    uint8_t *before;   /* a copy of an earlier one */
    size_t bytes;      /* of the whole block */
    const char *what;
};

static const int gpr_ids[16] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX,
                                UC_X86_REG_RSP, UC_X86_REG_RBP, UC_X86_REG_RSI, UC_X86_REG_RDI,
                                UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
                                UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};

uc_engine *cpu_open_engine(void) {
    uc_engine *uc = NULL;
    if (uc_open(UC_ARCH_X86, UC_MODE_64, &uc) != UC_ERR_OK)
        return NULL;
    /* The newest model without RDRAND (host randomness), SVM and AVX. */
    if (uc_ctl_set_cpu_model(uc, UC_CPU_X86_SANDYBRIDGE) != UC_ERR_OK) {
        uc_close(uc);
        return NULL;
    }
    return uc;
}

static bool put_magic(uc_engine *uc, int id, uint64_t value) { return uc_reg_write(uc, id, &value) == UC_ERR_OK; }

static bool save(struct probe *p) { return uc_context_save(p->uc, p->block) == UC_ERR_OK; }

static uint64_t now64(const struct probe *p, size_t at) { return layout_get64((const uint8_t *)p->block, at); }

static uint32_t now32(const struct probe *p, size_t at) { return layout_get32((const uint8_t *)p->block, at); }

/* The only 8-byte aligned place at or after from that holds value; 0 when there is none or several. */
static size_t find64(const struct probe *p, size_t from, uint64_t value) {
    size_t found = 0;
    for (size_t at = from; at + 8 <= p->bytes; at += 8) {
        if (now64(p, at) != value)
            continue;
        if (found)
            return 0;
        found = at;
    }
    return found;
}

/* The only aligned 32-bit word at or after from that went from old to new. */
static size_t find_change32(const struct probe *p, size_t from, uint32_t old, uint32_t new) {
    size_t found = 0;
    for (size_t at = from; at + 4 <= p->bytes; at += 4) {
        if (layout_get32(p->before, at) != old || now32(p, at) != new)
            continue;
        if (found)
            return 0;
        found = at;
    }
    return found;
}

static void remember(struct probe *p) { memcpy(p->before, p->block, p->bytes); }

static bool find_registers(struct probe *p, struct cpu_layout *layout) {
    p->what = "general registers";
    for (unsigned i = 0; i < 16; i++)
        if (!put_magic(p->uc, gpr_ids[i], 0xfa017100cafe0000u + i * 0x101u))
            return false;
    if (!put_magic(p->uc, UC_X86_REG_RIP, 0x0000123456789abcu) || !save(p))
        return false;
    layout->data = find64(p, 0, 0xfa017100cafe0000u);
    if (!layout->data)
        return false;
    for (unsigned i = 0; i < 16; i++)
        if (now64(p, layout->data + 8 * i) != 0xfa017100cafe0000u + i * 0x101u)
            return false;
    p->what = "instruction pointer";
    size_t rip = find64(p, layout->data, 0x0000123456789abcu);
    layout->gpr = 0;
    layout->rip = rip - layout->data;
    return rip != 0;
}

/* The header holds the number of state bytes that follow it. */
static bool find_size(struct probe *p, struct cpu_layout *layout) {
    p->what = "size of the state";
    layout->full_size = p->bytes - layout->data;
    for (size_t at = 0; at + sizeof(size_t) <= layout->data; at += sizeof(size_t))
        if (now64(p, at) == layout->full_size) {
            layout->size_at = at;
            return true;
        }
    return false;
}

static bool find_flags(struct probe *p, struct cpu_layout *layout) {
    p->what = "flags";
    const uint64_t some = 0x43202; /* IOPL 3, IF, AC */
    put_magic(p->uc, UC_X86_REG_RFLAGS, 0x2);
    if (!save(p))
        return false;
    remember(p);
    put_magic(p->uc, UC_X86_REG_RFLAGS, some);
    if (!save(p))
        return false;
    size_t at = find_change32(p, layout->data, 0x2, (uint32_t)some);
    layout->eflags = at - layout->data;
    return at != 0;
}

static bool find_segments(struct probe *p, struct cpu_layout *layout) {
    p->what = "segment caches";
    const uint64_t fs = 0x00005e6f0000aaaau, gs = 0x00005e6f0000bbbbu;
    uc_x86_mmr gdt = {0, 0x00005e6f0000ccccu, 0x77, 0}, idt = {0, 0x00005e6f0000ddddu, 0x66, 0};
    uc_x86_mmr tr = {0x58, 0x00005e6f0000eeeeu, 0x55, 0x8b00};
    put_magic(p->uc, UC_X86_REG_FS_BASE, fs);
    put_magic(p->uc, UC_X86_REG_GS_BASE, gs);
    uc_reg_write(p->uc, UC_X86_REG_GDTR, &gdt);
    uc_reg_write(p->uc, UC_X86_REG_IDTR, &idt);
    uc_reg_write(p->uc, UC_X86_REG_TR, &tr);
    if (!save(p))
        return false;
    size_t fs_base = find64(p, layout->data, fs);
    size_t first = fs_base - LAYOUT_SEGMENT_BASE - 4 * LAYOUT_SEGMENT_BYTES;
    if (!fs_base || first < layout->data)
        return false;
    layout->segment = first - layout->data;
    const size_t base = first + LAYOUT_SEGMENT_BASE;
    const size_t tr_at = first + 7 * LAYOUT_SEGMENT_BYTES;
    return now64(p, base + 5 * LAYOUT_SEGMENT_BYTES) == gs &&
           now64(p, base + LAYOUT_GDTR * LAYOUT_SEGMENT_BYTES) == gdt.base &&
           now64(p, base + LAYOUT_IDTR * LAYOUT_SEGMENT_BYTES) == idt.base &&
           now32(p, first + LAYOUT_GDTR * LAYOUT_SEGMENT_BYTES + LAYOUT_SEGMENT_LIMIT) == gdt.limit &&
           now32(p, first + LAYOUT_IDTR * LAYOUT_SEGMENT_BYTES + LAYOUT_SEGMENT_LIMIT) == idt.limit &&
           now32(p, tr_at) == tr.selector && now64(p, tr_at + LAYOUT_SEGMENT_BASE) == tr.base &&
           now32(p, tr_at + LAYOUT_SEGMENT_LIMIT) == tr.limit && now32(p, tr_at + LAYOUT_SEGMENT_FLAGS) == tr.flags;
}

static bool find_control(struct probe *p, struct cpu_layout *layout) {
    p->what = "control registers";
    uc_x86_msr efer = {0xc0000080u, 0};
    put_magic(p->uc, UC_X86_REG_CR2, 0x0000c2c2c2c21234u);
    put_magic(p->uc, UC_X86_REG_CR3, 0x00000000c3c34000u);
    if (uc_reg_read(p->uc, UC_X86_REG_MSR, &efer) != UC_ERR_OK || !save(p))
        return false;
    remember(p);
    size_t cr2 = find64(p, layout->data, 0x0000c2c2c2c21234u);
    if (!cr2 || now64(p, cr2 + 8) != 0x00000000c3c34000u)
        return false;
    layout->cr = cr2 - 16 - layout->data;
    p->what = "EFER";
    uint64_t old = efer.value;
    efer.value ^= 1u << 0 | 1u << 11; /* SCE and NXE */
    if (uc_reg_write(p->uc, UC_X86_REG_MSR, &efer) != UC_ERR_OK || !save(p))
        return false;
    size_t at = find_change32(p, layout->data, (uint32_t)old, (uint32_t)efer.value);
    layout->efer = at - layout->data;
    layout->brief_size = (layout->efer + 8 + 15) & ~(size_t)15;
    return at != 0 && layout->efer > layout->cr && layout->brief_size < layout->full_size;
}

/* Ring 0 to ring 3 and an exception */

static const uint64_t scratch_gdt[] = {
    0,
    0x00209b0000000000u, /* 08: ring 0 code, 64-bit */
    0x00cf93000000ffffu, /* 10: ring 0 data */
    0x0020fb0000000000u, /* 18: ring 3 code, 64-bit */
    0x00cff3000000ffffu, /* 20: ring 3 data */
};

/* 00: iretq   02: mov ax, 0x1238   06: mov ds, eax   08: int 0x21 */
static const uint8_t scratch_code[] = {0x48, 0xcf, 0x66, 0xb8, 0x38, 0x12, 0x8e, 0xd8, 0xcd, 0x21, 0x90};

static void on_exception(uc_engine *uc, uint32_t vector, void *user) {
    (void)vector;
    struct probe *p = user;
    (void)save(p);
    uc_emu_stop(uc);
}

static bool run_from(struct probe *p, uint64_t from, uint64_t until) {
    return uc_emu_start(p->uc, from, until, 0, 0) == UC_ERR_OK;
}

static bool scratch_memory(uc_engine *uc) {
    const uint64_t frame[5] = {CODE_AT + 2, 0x18 | 3, 0x2, STACK_TOP - 256, 0x20 | 3};
    uc_x86_mmr gdt = {0, GDT_AT, sizeof scratch_gdt - 1, 0};
    uint64_t rsp = STACK_TOP - sizeof frame;
    return uc_mem_map(uc, CODE_AT, SCRATCH_BYTES, UC_PROT_ALL) == UC_ERR_OK &&
           uc_mem_write(uc, CODE_AT, scratch_code, sizeof scratch_code) == UC_ERR_OK &&
           uc_mem_write(uc, GDT_AT, scratch_gdt, sizeof scratch_gdt) == UC_ERR_OK &&
           uc_mem_write(uc, rsp, frame, sizeof frame) == UC_ERR_OK &&
           uc_reg_write(uc, UC_X86_REG_GDTR, &gdt) == UC_ERR_OK && put_magic(uc, UC_X86_REG_RSP, rsp) &&
           put_magic(uc, UC_X86_REG_RFLAGS, 2);
}

static bool find_privilege(struct probe *p, struct cpu_layout *layout) {
    p->what = "privilege level";
    if (!save(p))
        return false;
    remember(p);
    if (!run_from(p, CODE_AT, CODE_AT + 2) || !save(p))
        return false;
    const size_t segments = layout->data + layout->segment;
    if (now32(p, segments + LAYOUT_SEGMENT_BYTES) != (0x18 | 3) ||
        now32(p, segments + 2 * LAYOUT_SEGMENT_BYTES) != (0x20 | 3))
        return false;
    size_t found = 0;
    for (size_t at = layout->data; at < segments; at += 4) {
        uint32_t old = layout_get32(p->before, at), new = now32(p, at);
        if ((old & HFLAGS_CPL) != 0 || (old ^ new) != HFLAGS_CPL)
            continue;
        if (found)
            return false;
        found = at;
    }
    layout->hflags = found - layout->data;
    return found && (now32(p, found) & (HFLAGS_LMA | HFLAGS_CS64 | HFLAGS_CS32 | HFLAGS_PE)) ==
                        (HFLAGS_LMA | HFLAGS_CS64 | HFLAGS_CS32 | HFLAGS_PE);
}

static bool find_exception(struct probe *p, struct cpu_layout *layout) {
    const size_t tail = layout->data + layout->brief_size;
    uc_hook hook;
    p->what = "exception in flight";
    remember(p);
    if (uc_hook_add(p->uc, &hook, UC_HOOK_INTR, (void *)on_exception, p, 1, 0) != UC_ERR_OK ||
        !run_from(p, CODE_AT + 2, CODE_AT + 10))
        return false;
    size_t error = find_change32(p, tail, 0, BAD_SELECTOR);
    size_t in_flight = find_change32(p, tail, 0xffffffffu, 13);
    if (!error || !in_flight)
        return false;
    layout->error_code = error - layout->data;
    layout->old_exception = in_flight - layout->data;
    p->what = "software interrupt";
    remember(p);
    if (!run_from(p, CODE_AT + 8, CODE_AT + 11))
        return false;
    size_t next = find64(p, tail, CODE_AT + 10);
    if (!next || layout_get32(p->before, next - 4) != 0 || now32(p, next - 4) != 1)
        return false;
    layout->next_rip = next - layout->data;
    layout->is_int = next - 4 - layout->data;
    return true;
}

bool cpu_layout_find(struct cpu_layout *layout, const char **what) {
    struct probe p = {.uc = cpu_open_engine(), .what = "the engine"};
    memset(layout, 0, sizeof *layout);
    bool found = p.uc && uc_context_alloc(p.uc, &p.block) == UC_ERR_OK;
    if (found) {
        p.bytes = uc_context_size(p.uc);
        p.before = malloc(p.bytes);
        found = p.before && find_registers(&p, layout) && find_size(&p, layout) && find_flags(&p, layout) &&
                find_segments(&p, layout) && find_control(&p, layout) && scratch_memory(p.uc) &&
                find_privilege(&p, layout) && find_exception(&p, layout);
    }
    *what = p.what;
    free(p.before);
    if (p.block)
        uc_context_free(p.block);
    if (p.uc)
        uc_close(p.uc);
    return found;
}

/* Proofs */

struct proof {
    const struct cpu_layout *layout;
    uc_engine *uc;
    uc_context *block;
    uint8_t *state;
    unsigned exceptions;
};

static void count_exception(uc_engine *uc, uint32_t vector, void *user) {
    (void)vector;
    ((struct proof *)user)->exceptions++;
    uc_emu_stop(uc);
}

static void put_segment(const struct proof *proof, unsigned index, uint32_t selector, uint64_t base, uint32_t limit,
                        uint32_t flags) {
    size_t at = proof->layout->segment + index * LAYOUT_SEGMENT_BYTES;
    layout_put32(proof->state, at, selector);
    layout_put64(proof->state, at + LAYOUT_SEGMENT_BASE, base);
    layout_put32(proof->state, at + LAYOUT_SEGMENT_LIMIT, limit);
    layout_put32(proof->state, at + LAYOUT_SEGMENT_FLAGS, flags);
}

/* After IRETQ to ring 3, MOV from CR0 must fault there, and run once the block says ring 0 again. */
static bool prove_rings(struct proof *proof) {
    static const uint8_t mov_rax_cr0[] = {0x0f, 0x20, 0xc0};
    const struct cpu_layout *layout = proof->layout;
    uint64_t rax = 0;
    if (!scratch_memory(proof->uc) ||
        uc_mem_write(proof->uc, CODE_AT + 2, mov_rax_cr0, sizeof mov_rax_cr0) != UC_ERR_OK ||
        uc_emu_start(proof->uc, CODE_AT, CODE_AT + 5, 0, 0) != UC_ERR_OK || proof->exceptions != 1 ||
        uc_context_save(proof->uc, proof->block) != UC_ERR_OK)
        return false;
    layout_put32(proof->state, layout->hflags, layout_get32(proof->state, layout->hflags) & ~HFLAGS_CPL);
    layout_put32(proof->state, layout->old_exception, UINT32_MAX);
    put_segment(proof, 1, 0x08, 0, 0, 0x209b00);
    put_segment(proof, 2, 0x10, 0, UINT32_MAX, 0xcf9300);
    if (uc_context_restore(proof->uc, proof->block) != UC_ERR_OK ||
        uc_emu_start(proof->uc, CODE_AT + 2, CODE_AT + 5, 0, 0) != UC_ERR_OK)
        return false;
    uc_reg_read(proof->uc, UC_X86_REG_RAX, &rax);
    return proof->exceptions == 1 && (rax & 1) == 1;
}

/* A block of brief size copies that much and no more, both ways. */
static bool prove_brief(struct proof *proof) {
    const struct cpu_layout *layout = proof->layout;
    uint8_t *tail = proof->state + layout->brief_size;
    const uint64_t value = 0x1122334455667788u;
    uint64_t rcx = value;
    memset(tail, 0xa5, layout->full_size - layout->brief_size);
    layout_set_size(layout, proof->block, layout->brief_size);
    uc_reg_write(proof->uc, UC_X86_REG_RCX, &rcx);
    if (uc_context_save(proof->uc, proof->block) != UC_ERR_OK)
        return false;
    for (size_t i = 0; i < layout->full_size - layout->brief_size; i++)
        if (tail[i] != 0xa5)
            return false;
    if (layout_get64(proof->state, layout->gpr + 8) != value)
        return false;
    layout_put64(proof->state, layout->gpr + 8, ~value);
    if (uc_context_restore(proof->uc, proof->block) != UC_ERR_OK)
        return false;
    uc_reg_read(proof->uc, UC_X86_REG_RCX, &rcx);
    return rcx == ~value;
}

/* From the power-on state: the first fetch is at FFFFFFF0, operands and addresses are 16 bits wide. */
static bool prove_reset(struct proof *proof) {
    /* mov ax, cs   mov bx, 0x1234   add cx, 0xffff: 16-bit forms, 3 + 3 bytes */
    static const uint8_t code[] = {0x8c, 0xc8, 0xbb, 0x34, 0x12, 0x81, 0xc1, 0xff, 0xff, 0x90};
    uint64_t ax = 0, bx = 0, rip = 0, cr0 = 0;
    layout_set_size(proof->layout, proof->block, proof->layout->full_size);
    if (uc_mem_map(proof->uc, 0xfffff000u, 0x1000, UC_PROT_ALL) != UC_ERR_OK ||
        uc_mem_write(proof->uc, 0xfffffff0u, code, sizeof code) != UC_ERR_OK ||
        !cpu_layout_reset(proof->layout, proof->uc, proof->block) ||
        uc_emu_start(proof->uc, 0xfff0, 0xfffffff9u, 0, 0) != UC_ERR_OK)
        return false;
    uc_reg_read(proof->uc, UC_X86_REG_RAX, &ax);
    uc_reg_read(proof->uc, UC_X86_REG_RBX, &bx);
    uc_reg_read(proof->uc, UC_X86_REG_RIP, &rip);
    uc_reg_read(proof->uc, UC_X86_REG_CR0, &cr0);
    return (ax & 0xffff) == 0xf000 && (bx & 0xffff) == 0x1234 && rip == 0xfff9 && (cr0 & 1) == 0;
}

bool cpu_layout_prove(const struct cpu_layout *layout, const char **what) {
    struct proof proof = {.layout = layout, .uc = cpu_open_engine()};
    uc_hook hook;
    *what = "the engine";
    bool proven = proof.uc && uc_context_alloc(proof.uc, &proof.block) == UC_ERR_OK &&
                  uc_hook_add(proof.uc, &hook, UC_HOOK_INTR, (void *)count_exception, &proof, 1, 0) == UC_ERR_OK;
    if (proven) {
        proof.state = (uint8_t *)proof.block + layout->data;
        *what = "return from ring 3 to ring 0";
        proven = prove_rings(&proof);
    }
    if (proven) {
        *what = "saving part of the state";
        proven = prove_brief(&proof);
    }
    if (proven) {
        *what = "power-on state";
        proven = prove_reset(&proof);
    }
    if (proof.block)
        uc_context_free(proof.block);
    if (proof.uc)
        uc_close(proof.uc);
    return proven;
}

/* Power-on state, SDM volume 3, table 10-1 */

bool cpu_layout_reset(const struct cpu_layout *layout, uc_engine *uc, uc_context *block) {
    uint8_t *state = (uint8_t *)block + layout->data;
    const uint64_t leave_long = 0x80000001u, cr0 = 0x60000010u, cr4 = 0, flags = 2;
    uc_x86_msr efer = {0xc0000080u, 0};
    /* Unicorn drops long mode when paging goes off, and lets EFER.LMA be changed by nothing else. */
    uc_reg_write(uc, UC_X86_REG_CR0, &leave_long);
    uc_reg_write(uc, UC_X86_REG_CR0, &cr0);
    uc_reg_write(uc, UC_X86_REG_MSR, &efer);
    uc_reg_write(uc, UC_X86_REG_CR4, &cr4);
    uc_reg_write(uc, UC_X86_REG_RFLAGS, &flags);
    if (uc_context_save(uc, block) != UC_ERR_OK)
        return false;
    memset(state + layout->gpr, 0, 16 * 8);
    layout_put64(state, layout->gpr + 2 * 8, 0x000206a7); /* RDX: family, model, stepping */
    layout_put64(state, layout->rip, 0xfff0);
    uint32_t hidden = layout_get32(state, layout->hflags);
    hidden &= ~(HFLAGS_CPL | HFLAGS_SHADOW | HFLAGS_CS32 | HFLAGS_SS32 | HFLAGS_PE | HFLAGS_LMA | HFLAGS_CS64);
    layout_put32(state, layout->hflags, hidden | HFLAGS_ADDSEG);
    for (unsigned i = 0; i < 10; i++) {
        static const struct {
            uint32_t selector;
            uint64_t base;
            uint32_t flags;
        } at_reset[10] = {
            [1] = {0xf000, 0xffff0000u, 0x9b00},
            [0] = {0, 0, 0x9300},
            [2] = {0, 0, 0x9300},
            [3] = {0, 0, 0x9300},
            [4] = {0, 0, 0x9300},
            [5] = {0, 0, 0x9300},
            [6] = {0, 0, 0x8200},
            [7] = {0, 0, 0x8b00},
        };
        size_t at = layout->segment + i * LAYOUT_SEGMENT_BYTES;
        layout_put32(state, at, at_reset[i].selector);
        layout_put64(state, at + LAYOUT_SEGMENT_BASE, at_reset[i].base);
        layout_put32(state, at + LAYOUT_SEGMENT_LIMIT, 0xffff);
        layout_put32(state, at + LAYOUT_SEGMENT_FLAGS, at_reset[i].flags);
    }
    layout_put64(state, layout->cr, cr0);
    memset(state + layout->cr + 8, 0, 4 * 8);
    layout_put64(state, layout->efer, 0);
    layout_put32(state, layout->old_exception, UINT32_MAX);
    return uc_context_restore(uc, block) == UC_ERR_OK;
}
