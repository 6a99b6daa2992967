/*
 * What Unicorn asks while guest code runs: ports, memory outside RAM, exceptions, and the instructions whose
 * result is the adapter's to decide (CPUID, RDTSC, SYSCALL, SYSENTER).
 *
 * A hook may change the state by state_load() and state_store(); Unicorn goes on with what it finds. CR2, the
 * privilege level, segments and RIP all change that way when an exception is delivered here.
 */
#include "emu/cpu/descriptor.h"

#define MSR_SYSENTER_CS 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_FMASK 0xc0000084u
#define EFER_SCE 1u
#define CPUID_APIC 0x200u
#define APIC_BASE_ENABLE 0x800u

/* Ports and memory */

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *user) {
    struct cpu *cpu = user;
    (void)uc;
    return cpu->board.port_read(cpu->board.owner, (uint16_t)port, (unsigned)size);
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *user) {
    struct cpu *cpu = user;
    (void)uc;
    cpu->board.port_write(cpu->board.owner, (uint16_t)port, (unsigned)size, value);
}

static uint64_t on_mmio_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
    struct gap *gap = user;
    (void)uc;
    return gap->cpu->board.mmio_read(gap->cpu->board.owner, gap->base + offset, size);
}

static void on_mmio_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user) {
    struct gap *gap = user;
    (void)uc;
    gap->cpu->board.mmio_write(gap->cpu->board.owner, gap->base + offset, size, value);
}

static uint64_t on_sink_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
    (void)uc, (void)offset, (void)size, (void)user;
    return UINT64_MAX;
}

static void on_sink_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user) {
    (void)uc, (void)offset, (void)size, (void)value, (void)user;
}

/* Exceptions */

static bool pushes_error_code(unsigned vector) {
    return vector == VECTOR_DF || (vector >= VECTOR_TS && vector <= VECTOR_PF) || vector == VECTOR_AC;
}

/* The trap that a single step of ours has planted (run.c). */
static bool take_forced_trap(struct cpu *cpu, uint32_t vector) {
    if (vector != VECTOR_DB || !cpu->forced_trap || layout_get32(cpu->state, cpu->layout.is_int))
        return false;
    run_end_forced_trap(cpu);
    cpu->trapped = true;
    run_stop_engine(cpu, CPU_STOP_STEP);
    return true;
}

/* The engine goes on at the handler, unless something is to be told first. */
static void after_delivery(struct cpu *cpu) {
    if (cpu->dead)
        run_stop_engine(cpu, CPU_STOP_TRIPLE_FAULT);
    else if (cpu->points.hit_waits)
        run_stop_engine(cpu, CPU_STOP_STEP);
}

static void on_interrupt(uc_engine *uc, uint32_t vector, void *user) {
    struct cpu *cpu = user;
    bool full = vector < 32;
    (void)uc;
    if (full)
        state_load_full(cpu);
    else
        state_load(cpu);
    tlb_sync_context(cpu);
    if (take_forced_trap(cpu, vector))
        return;
    struct event event = {.vector = (uint8_t)vector, .rip = state_rip(cpu)};
    event.software = !full || layout_get32(cpu->state, cpu->layout.is_int);
    if (!event.software && pushes_error_code(vector) && (state_cr(cpu, 0) & MMU_CR0_PE)) {
        event.has_error_code = true;
        event.error_code = layout_get32(cpu->state, cpu->layout.error_code);
    }
    deliver(cpu, event);
    cpu->forced_trap = false;
    if (full) {
        layout_put32(cpu->state, cpu->layout.old_exception, UINT32_MAX);
        state_store_full(cpu);
    } else {
        state_store(cpu);
    }
    after_delivery(cpu);
}

static bool on_invalid(uc_engine *uc, void *user) {
    struct cpu *cpu = user;
    (void)uc;
    state_load(cpu);
    tlb_sync_context(cpu);
    deliver(cpu, (struct event){.vector = VECTOR_UD, .rip = state_rip(cpu)});
    cpu->forced_trap = false;
    state_store(cpu);
    after_delivery(cpu);
    return true;
}

/* CPUID: a fixed 64-bit CPU with what Unicorn's model can do and nothing that leads to host state. */

struct cpuid_leaf {
    uint32_t leaf, eax, ebx, ecx, edx;
};

static const struct cpuid_leaf cpuid_leaves[] = {
    {0x00000000, 0x7, 0x756e6547, 0x6c65746e, 0x49656e69}, /* "GenuineIntel" */
    /* SSE3 PCLMULQDQ SSSE3 CX16 SSE4.1 SSE4.2 POPCNT AES; FPU PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFLUSH MMX
     * FXSR SSE SSE2 */
    {0x00000001, 0x000206a7, 0x00000800, 0x02982203, 0x070fa979 & ~0x1480u},
    {0x00000002, 0x00000001, 0, 0, 0},
    {0x00000007, 0, 0x00000080, 0, 0}, /* SMEP */
    {0x80000000, 0x80000008, 0, 0, 0},
    {0x80000001, 0, 0, 0x00000001, 0x2c100800},                   /* LAHF; SYSCALL NX 1 GiB pages RDTSCP LM */
    {0x80000002, 0x6c756166, 0x6e696c74, 0x78382065, 0x34365f36}, /* "faultline x86_64" */
    {0x80000003, 0x6c756420, 0x75746176, 0x50432065, 0x00000055},
    {0x80000008, 0x00003000 | CPU_MAXPHYADDR, 0, 0, 0},
};

static int on_cpuid(uc_engine *uc, void *user) {
    struct cpu *cpu = user;
    struct cpuid_leaf found = {0};
    (void)uc;
    state_load(cpu);
    uint32_t leaf = (uint32_t)state_gpr(cpu, GPR_RAX), subleaf = (uint32_t)state_gpr(cpu, GPR_RCX);
    for (size_t i = 0; i < sizeof cpuid_leaves / sizeof cpuid_leaves[0]; i++)
        if (cpuid_leaves[i].leaf == leaf && (leaf != 7 || subleaf == 0))
            found = cpuid_leaves[i];
    if (leaf == 1 && cpu->board.apic_base_read && (cpu->board.apic_base_read(cpu->board.owner) & APIC_BASE_ENABLE))
        found.edx |= CPUID_APIC;
    state_set_gpr(cpu, GPR_RAX, found.eax);
    state_set_gpr(cpu, GPR_RBX, found.ebx);
    state_set_gpr(cpu, GPR_RCX, found.ecx);
    state_set_gpr(cpu, GPR_RDX, found.edx);
    state_store(cpu);
    return 1;
}

static int on_rdtsc(uc_engine *uc, void *user) {
    struct cpu *cpu = user;
    uint64_t ticks = cpu->blocks * cpu->board.tsc_per_block;
    (void)uc;
    state_load(cpu);
    state_set_gpr(cpu, GPR_RAX, (uint32_t)ticks);
    state_set_gpr(cpu, GPR_RDX, ticks >> 32);
    state_store(cpu);
    return 1;
}

static int on_rdtscp(uc_engine *uc, void *user) {
    struct cpu *cpu = user;
    uc_x86_msr aux = {.rid = 0xc0000103u};
    uc_reg_read(uc, UC_X86_REG_MSR, &aux);
    on_rdtsc(uc, user);
    state_set_gpr(cpu, GPR_RCX, (uint32_t)aux.value);
    state_store(cpu);
    return 1;
}

/* SYSCALL and SYSENTER. Unicorn adds the instruction's length to RIP when the hook returns. */

static uint64_t msr(struct cpu *cpu, uint32_t number) {
    uc_x86_msr value = {.rid = number};
    uc_reg_read(cpu->uc, UC_X86_REG_MSR, &value);
    return value.value;
}

static struct cpu_segment flat(uint16_t selector, uint32_t kind) {
    return (struct cpu_segment){
        .selector = selector, .limit = UINT32_MAX, .flags = kind | DESC_G | DESC_P | DESC_S | DESC_ACCESSED | 0xf0000u};
}

static void finish_entry(struct cpu *cpu, unsigned length) {
    state_set_rip(cpu, state_rip(cpu) - length);
    cpu->in_block = false;
    state_store(cpu);
    after_delivery(cpu);
}

static void refuse_entry(struct cpu *cpu, uint8_t vector, unsigned length) {
    deliver(cpu, (struct event){.vector = vector, .has_error_code = vector == VECTOR_GP, .rip = state_rip(cpu)});
    finish_entry(cpu, length);
}

static unsigned begin_entry(struct cpu *cpu) {
    struct decoded insn;
    state_load(cpu);
    tlb_sync_context(cpu);
    operand_decode(cpu, &insn);
    return insn.length ? insn.length : 2;
}

static void on_syscall(uc_engine *uc, void *user) {
    struct cpu *cpu = user;
    (void)uc;
    unsigned length = begin_entry(cpu);
    if (!(state_efer(cpu) & EFER_SCE) || !(state_hflags(cpu) & HFLAGS_CS64)) {
        refuse_entry(cpu, VECTOR_UD, length);
        return;
    }
    uint16_t cs = (uint16_t)(msr(cpu, MSR_STAR) >> 32 & ~(uint64_t)SELECTOR_RPL);
    uint32_t flags = state_full_flags(cpu);
    state_set_gpr(cpu, GPR_RCX, state_rip(cpu) + length);
    state_set_gpr(cpu, GPR_R11, flags & ~CPU_FLAGS_RF);
    state_set_rip(cpu, msr(cpu, MSR_LSTAR));
    state_set_full_flags(cpu, (flags & ~(uint32_t)msr(cpu, MSR_FMASK) & ~CPU_FLAGS_RF) | 2);
    state_set_segment(cpu, CPU_CS, flat(cs, DESC_CODE | 1u << 9 | DESC_L));
    state_set_segment(cpu, CPU_SS, flat((uint16_t)(cs + 8), DESC_WRITABLE | DESC_B));
    state_refresh_hflags(cpu);
    finish_entry(cpu, length);
}

static void on_sysenter(uc_engine *uc, void *user) {
    struct cpu *cpu = user;
    (void)uc;
    unsigned length = begin_entry(cpu);
    uint16_t cs = (uint16_t)(msr(cpu, MSR_SYSENTER_CS) & ~(uint64_t)SELECTOR_RPL);
    bool wide = state_efer(cpu) & MMU_EFER_LMA;
    if (!cs || !(state_cr(cpu, 0) & MMU_CR0_PE)) {
        refuse_entry(cpu, VECTOR_GP, length);
        return;
    }
    state_set_flags(cpu, state_flags(cpu) & ~(CPU_FLAGS_VM | CPU_FLAGS_IF | CPU_FLAGS_RF));
    state_set_segment(cpu, CPU_CS, flat(cs, DESC_CODE | 1u << 9 | (wide ? DESC_L : DESC_B)));
    state_set_segment(cpu, CPU_SS, flat((uint16_t)(cs + 8), DESC_WRITABLE | DESC_B));
    uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
    state_set_gpr(cpu, GPR_RSP, msr(cpu, MSR_SYSENTER_ESP) & mask);
    state_set_rip(cpu, msr(cpu, MSR_SYSENTER_EIP) & mask);
    state_refresh_hflags(cpu);
    finish_entry(cpu, length);
}

/* Installation */

static bool add(struct cpu *cpu, int type, void *callback) {
    uc_hook hook;
    return uc_hook_add(cpu->uc, &hook, type, callback, cpu, 1, 0) == UC_ERR_OK;
}

static bool add_instruction(struct cpu *cpu, int instruction, void *callback) {
    uc_hook hook;
    return uc_hook_add(cpu->uc, &hook, UC_HOOK_INSN, callback, cpu, 1, 0, instruction) == UC_ERR_OK;
}

bool hooks_install(struct cpu *cpu) {
    return add(cpu, UC_HOOK_TLB_FILL, (void *)tlb_on_fill) && add(cpu, UC_HOOK_BLOCK, (void *)run_on_block) &&
           add(cpu, UC_HOOK_EDGE_GENERATED, (void *)run_on_translated) &&
           add(cpu, UC_HOOK_INTR, (void *)on_interrupt) && add(cpu, UC_HOOK_INSN_INVALID, (void *)on_invalid) &&
           add_instruction(cpu, UC_X86_INS_IN, (void *)on_in) && add_instruction(cpu, UC_X86_INS_OUT, (void *)on_out) &&
           add_instruction(cpu, UC_X86_INS_CPUID, (void *)on_cpuid) &&
           add_instruction(cpu, UC_X86_INS_RDTSC, (void *)on_rdtsc) &&
           add_instruction(cpu, UC_X86_INS_RDTSCP, (void *)on_rdtscp) &&
           add_instruction(cpu, UC_X86_INS_SYSCALL, (void *)on_syscall) &&
           add_instruction(cpu, UC_X86_INS_SYSENTER, (void *)on_sysenter);
}

bool hooks_map_gap(struct cpu *cpu, struct gap *gap, uint64_t end) {
    gap->cpu = cpu;
    return uc_mmio_map(cpu->uc, gap->base, end - gap->base, on_mmio_read, gap, on_mmio_write, gap) == UC_ERR_OK;
}

bool hooks_map_sink(struct cpu *cpu) {
    return uc_mmio_map(cpu->uc, CPU_SINK_AT, MMU_PAGE_SIZE, on_sink_read, NULL, on_sink_write, NULL) == UC_ERR_OK;
}
