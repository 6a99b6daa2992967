/*
 * Making, resetting and looking at the CPU.
 */
#include "emu/cpu/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define TRANSLATION_BUFFER_BYTES (48u << 20)

static void complain(char *error, size_t size, const char *what, const char *detail) {
    snprintf(error, size, "%s%s%s", what, detail ? ": " : "", detail ? detail : "");
}

static bool measure(struct cpu *cpu, char *error, size_t error_size) {
    const char *what = "";
    unsigned major = 0, minor = 0;
    if (cpu_layout_find(&cpu->layout, &what) && cpu_layout_prove(&cpu->layout, &what))
        return true;
    unsigned version = uc_version(&major, &minor);
    snprintf(error, error_size,
             "this build of Unicorn (%u.%u.%u) keeps its CPU state in a way that faultline does not know (%s); "
             "install libunicorn 2.1.4",
             major, minor, version >> 8 & 0xff, what);
    return false;
}

/* Memory */

static bool map_region(struct cpu *cpu, const struct mmu_region *region) {
    return uc_mem_map_ptr(cpu->uc, region->base, region->end - region->base, UC_PROT_ALL, region->host) == UC_ERR_OK;
}

static bool map_memory(struct cpu *cpu) {
    uint64_t from = 0, last = 0;
    cpu->gaps = calloc(cpu->memory->count + 1, sizeof *cpu->gaps);
    if (!cpu->gaps)
        return false;
    for (size_t i = 0; i <= cpu->memory->count; i++) {
        bool end = i == cpu->memory->count;
        uint64_t to = end ? 1ull << CPU_MAXPHYADDR : cpu->memory->regions[i].base;
        cpu->gaps[i].base = from;
        if (to > from && !hooks_map_gap(cpu, &cpu->gaps[i], to))
            return false;
        if (end)
            break;
        if (!map_region(cpu, &cpu->memory->regions[i]))
            return false;
        from = cpu->memory->regions[i].end;
        if (cpu->memory->regions[i].writable)
            last = from;
    }
    cpu->frames = last >> MMU_PAGE_SHIFT;
    cpu->frame_code = calloc(cpu->frames, sizeof *cpu->frame_code);
    cpu->frame_writable = calloc(cpu->frames, sizeof *cpu->frame_writable);
    cpu->frame_written = calloc(cpu->frames, sizeof *cpu->frame_written);
    cpu->epoch = 1;
    cpu->mark = 1;
    return cpu->frame_code && cpu->frame_writable && cpu->frame_written;
}

static bool map_dummy(struct cpu *cpu) {
    void *page = mmap(NULL, MMU_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    cpu->dummy_page = page;
    memset(page, 0xff, MMU_PAGE_SIZE);
    return uc_mem_map_ptr(cpu->uc, CPU_DUMMY_AT, MMU_PAGE_SIZE, UC_PROT_ALL, page) == UC_ERR_OK && hooks_map_sink(cpu);
}

static bool open_engine(struct cpu *cpu) {
    cpu->uc = cpu_open_engine();
    return cpu->uc && uc_ctl_set_tcg_buffer_size(cpu->uc, TRANSLATION_BUFFER_BYTES) == UC_ERR_OK &&
           uc_context_alloc(cpu->uc, &cpu->block) == UC_ERR_OK &&
           uc_context_alloc(cpu->uc, &cpu->pristine) == UC_ERR_OK &&
           uc_context_save(cpu->uc, cpu->pristine) == UC_ERR_OK && uc_ctl_exits_enable(cpu->uc) == UC_ERR_OK &&
           uc_ctl_tlb_mode(cpu->uc, UC_TLB_VIRTUAL) == UC_ERR_OK;
}

static void init_decoders(struct cpu *cpu) {
    ZydisDecoderInit(&cpu->decoder[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisDecoderInit(&cpu->decoder[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderInit(&cpu->decoder[2], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

struct cpu *cpu_create(const struct mmu_memory *memory, const struct cpu_board *board, char *error, size_t error_size) {
    struct cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu) {
        complain(error, error_size, "no memory for the CPU", NULL);
        return NULL;
    }
    cpu->memory = memory;
    cpu->board = *board;
    if (!measure(cpu, error, error_size)) {
        cpu_destroy(cpu);
        return NULL;
    }
    if (!open_engine(cpu) || !hooks_install(cpu)) {
        complain(error, error_size, "Unicorn gives no engine; is there enough free memory?", NULL);
        cpu_destroy(cpu);
        return NULL;
    }
    cpu->state = (uint8_t *)cpu->block + cpu->layout.data;
    if (!map_memory(cpu) || !map_dummy(cpu)) {
        complain(error, error_size, "Unicorn refuses the machine's memory map", uc_strerror(uc_errno(cpu->uc)));
        cpu_destroy(cpu);
        return NULL;
    }
    init_decoders(cpu);
    cpu_reset(cpu);
    return cpu;
}

void cpu_destroy(struct cpu *cpu) {
    if (!cpu)
        return;
    if (cpu->block)
        uc_context_free(cpu->block);
    if (cpu->pristine)
        uc_context_free(cpu->pristine);
    if (cpu->uc)
        uc_close(cpu->uc);
    if (cpu->dummy_page)
        munmap(cpu->dummy_page, MMU_PAGE_SIZE);
    free(cpu->gaps);
    free(cpu->frame_code);
    free(cpu->frame_writable);
    free(cpu->frame_written);
    free(cpu);
}

static void forget_translations(struct cpu *cpu) {
    uc_ctl_flush_tb(cpu->uc);
    memset(cpu->frame_code, 0, cpu->frames);
    tlb_flush(cpu);
}

void cpu_reset(struct cpu *cpu) {
    struct mmu_state state = {.maxphyaddr = CPU_MAXPHYADDR};
    uc_context_restore(cpu->uc, cpu->pristine);
    layout_set_size(&cpu->layout, cpu->block, cpu->layout.full_size);
    cpu_layout_reset(&cpu->layout, cpu->uc, cpu->block);
    cpu->blocks = 0;
    cpu->halted = cpu->dead = cpu->in_block = cpu->undelivered = cpu->icebp_seen = cpu->ports_seen = false;
    memset(cpu->port_block, 0, sizeof cpu->port_block);
    cpu->interrupt_line = false;
    cpu->first_block = true;
    cpu->alone = cpu->stopped_at = cpu->call_at = CPU_NOWHERE;
    atomic_store(&cpu->stop_requested, false);
    atomic_store(&cpu->attention_at, 0);
    points_reset(cpu);
    mmu_context_init(&cpu->mmu, cpu->memory, &state);
    cpu->generation++;
    for (unsigned i = 0; i < SHORTCUTS; i++)
        cpu->shortcut[i].page = UINT64_MAX;
    forget_translations(cpu);
}

/* Looking */

bool cpu_between_blocks(const struct cpu *cpu) { return !cpu->in_block; }

uint64_t cpu_blocks(const struct cpu *cpu) { return cpu->blocks; }

void cpu_add_idle_blocks(struct cpu *cpu, uint64_t blocks) { cpu->blocks += blocks; }

void cpu_record_faults(struct cpu *cpu, bool on) { cpu->record_faults = on; }

void cpu_read_registers(struct cpu *cpu, struct cpu_registers *to) {
    state_load(cpu);
    state_fill_registers(cpu, to);
}

uint64_t cpu_read_gpr(struct cpu *cpu, unsigned index) {
    if (!cpu->calling)
        state_load(cpu);
    return state_gpr(cpu, index % 16);
}

void cpu_read_fpu(struct cpu *cpu, struct cpu_fpu *to) {
    uint8_t wide[16]; /* the engine writes 80 bits in its own way of padding */
    memset(to, 0, sizeof *to);
    uc_reg_read(cpu->uc, UC_X86_REG_FPCW, &to->control);
    uc_reg_read(cpu->uc, UC_X86_REG_FPSW, &to->status);
    uc_reg_read(cpu->uc, UC_X86_REG_FPTAG, &to->tag);
    uc_reg_read(cpu->uc, UC_X86_REG_MXCSR, &to->mxcsr);
    for (int i = 0; i < 8; i++) {
        uc_reg_read(cpu->uc, UC_X86_REG_ST0 + i, wide);
        memcpy(to->st[i], wide, sizeof to->st[i]);
    }
    for (int i = 0; i < 16; i++)
        uc_reg_read(cpu->uc, UC_X86_REG_XMM0 + i, to->xmm[i]);
}

static bool same_regime(const struct cpu_registers *a, const struct cpu_registers *b) {
    return a->cr0 == b->cr0 && a->cr4 == b->cr4 && a->efer == b->efer && a->cpl == b->cpl;
}

bool cpu_write_registers(struct cpu *cpu, const struct cpu_registers *from) {
    struct cpu_registers now;
    cpu_read_registers(cpu, &now);
    if (!same_regime(&now, from) || ((now.rflags ^ from->rflags) & CPU_FLAGS_VM))
        return false;
    for (unsigned i = 0; i < 16; i++)
        state_set_gpr(cpu, i, from->gpr[i]);
    state_set_rip(cpu, from->rip);
    state_set_full_flags(cpu, (uint32_t)from->rflags | 2);
    state_set_cr(cpu, 2, from->cr2);
    state_set_cr(cpu, 3, from->cr3);
    for (unsigned i = 0; i < CPU_SEGMENTS; i++)
        state_set_segment(cpu, i, from->segment[i]);
    state_refresh_hflags(cpu);
    if (state_cpl(cpu) != now.cpl)
        return false;
    state_store(cpu);
    if (from->rip != now.rip)
        cpu->in_block = false;
    if (from->cr3 != now.cr3)
        tlb_flush(cpu);
    return true;
}

const struct mmu_context *cpu_mmu(struct cpu *cpu) {
    state_load(cpu);
    tlb_sync_context(cpu);
    return &cpu->mmu;
}

const struct mmu_context *cpu_mmu_running(const struct cpu *cpu) { return &cpu->mmu; }

struct cpu_writes cpu_writes(const struct cpu *cpu) {
    return (struct cpu_writes){cpu->frame_written, cpu->frames, &cpu->mark};
}

void cpu_memory_changed(struct cpu *cpu, uint64_t physical, uint64_t size) { tlb_drop_code(cpu, physical, size); }

const char *cpu_triple_fault_text(const struct cpu *cpu) { return cpu->dead ? cpu->triple : ""; }

const char *cpu_error_text(const struct cpu *cpu) { return cpu->error; }
