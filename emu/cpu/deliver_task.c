/*
 * Delivery through a task gate: a hardware task switch to a 32-bit TSS (SDM volume 3, 8.3), as kernels of the
 * 2.6 generation use for double faults. 16-bit TSSs are refused with #TS.
 *
 * Everything that can be refused is checked first, on the old task; then the old task is saved and the new one
 * loaded. A descriptor of the new task that turns out bad raises #TS in the new task, as the manual says.
 */
#include "emu/cpu/descriptor.h"

#define TSS_AVAILABLE_32 9u
#define TSS_BUSY (1u << 9) /* in the descriptor's second dword */
#define TSS_BYTES 104u
#define TSS_SAVED_FROM 0x20u
#define TSS_SAVED_TO 0x60u
#define TSS_LINK 0u
#define TSS_CR3 0x1cu
#define TSS_LDT 0x60u
#define CR0_TS (1u << 3)

struct tss_saved {
    uint32_t eip, eflags, gpr[8], segment[6];
};
_Static_assert(sizeof(struct tss_saved) == TSS_SAVED_TO - TSS_SAVED_FROM, "SDM volume 3, figure 8-2");

struct task_switch {
    const struct event *event;
    uint16_t selector;
    struct descriptor tss;
    uint64_t base;
    uint32_t cr3, ldt;
    struct tss_saved new;
};

static bool check_task(struct cpu *cpu, struct task_switch *task, struct event *second) {
    uint32_t ext = event_ext(task->event), error = (task->selector & ~SELECTOR_RPL) | ext;
    if ((task->selector & SELECTOR_TABLE) || !(task->selector & SELECTOR_INDEX)) {
        descriptor_fault(second, VECTOR_GP, error);
        return false;
    }
    if (!descriptor_read(cpu, task->selector, VECTOR_GP, ext, &task->tss, second))
        return false;
    struct cpu_segment cache = descriptor_cache(task->selector, task->tss);
    if ((task->tss.high & DESC_S) || descriptor_type(task->tss) != TSS_AVAILABLE_32) {
        descriptor_fault(second, VECTOR_GP, error);
        return false;
    }
    if (!(task->tss.high & DESC_P)) {
        descriptor_fault(second, VECTOR_NP, error);
        return false;
    }
    if (cache.limit < TSS_BYTES - 1) {
        descriptor_fault(second, VECTOR_TS, error);
        return false;
    }
    task->base = cache.base;
    return memory_read(cpu, task->base + TSS_SAVED_FROM, &task->new, sizeof task->new, second) &&
           memory_read(cpu, task->base + TSS_CR3, &task->cr3, 4, second) &&
           memory_read(cpu, task->base + TSS_LDT, &task->ldt, 4, second);
}

static bool save_old(struct cpu *cpu, struct task_switch *task, struct event *second) {
    struct tss_saved old = {.eip = (uint32_t)task->event->rip, .eflags = state_full_flags(cpu)};
    struct cpu_segment tr = state_segment(cpu, CPU_TR);
    uint32_t link = tr.selector, busy = task->tss.high | TSS_BUSY;
    for (unsigned i = 0; i < 8; i++)
        old.gpr[i] = (uint32_t)state_gpr(cpu, i);
    for (unsigned i = 0; i < 6; i++)
        old.segment[i] = layout_get32(cpu->state, state_segment_at(cpu, i)) & 0xffff;
    if (tr.limit < TSS_BYTES - 1) {
        descriptor_fault(second, VECTOR_TS, (tr.selector & ~SELECTOR_RPL) | event_ext(task->event));
        return false;
    }
    return memory_write(cpu, tr.base + TSS_SAVED_FROM, &old, sizeof old, false, second) &&
           memory_write(cpu, task->base + TSS_LINK, &link, sizeof link, false, second) &&
           memory_write(cpu, task->tss.at + 4, &busy, sizeof busy, false, second);
}

static void load_registers(struct cpu *cpu, struct task_switch *task) {
    struct cpu_segment tr = descriptor_cache(task->selector, task->tss);
    tr.flags |= TSS_BUSY;
    state_set_segment(cpu, CPU_TR, tr);
    state_set_cr(cpu, 0, state_cr(cpu, 0) | CR0_TS);
    layout_put32(cpu->state, cpu->layout.hflags, state_hflags(cpu) | HFLAGS_TS);
    if (state_cr(cpu, 0) & MMU_CR0_PG) {
        state_set_cr(cpu, 3, task->cr3);
        tlb_sync_context(cpu);
        tlb_flush(cpu);
    }
    for (unsigned i = 0; i < 8; i++)
        state_set_gpr(cpu, i, task->new.gpr[i]);
    state_set_rip(cpu, task->new.eip);
    state_set_full_flags(cpu, task->new.eflags | CPU_FLAGS_NT | 2);
}

static bool load_segment(struct cpu *cpu, unsigned index, uint16_t selector, uint32_t ext, struct event *second) {
    struct descriptor d = {0};
    if (!(selector & ~SELECTOR_RPL)) {
        state_set_segment(cpu, index, (struct cpu_segment){.selector = selector});
        if (index != CPU_CS && index != CPU_SS)
            return true;
    } else if (!descriptor_read(cpu, selector, VECTOR_TS, ext, &d, second)) {
        return false;
    }
    bool code = d.high & DESC_CODE;
    bool fits = (d.high & DESC_S) && (index == CPU_CS   ? code
                                      : index == CPU_SS ? !code && (d.high & DESC_WRITABLE)
                                                        : true);
    if (!fits || !(d.high & DESC_P)) {
        uint8_t vector = fits ? (index == CPU_SS ? VECTOR_SS : VECTOR_NP) : VECTOR_TS;
        descriptor_fault(second, vector, (selector & ~SELECTOR_RPL) | ext);
        return false;
    }
    if (!descriptor_mark(cpu, &d, second))
        return false;
    state_set_segment(cpu, index, descriptor_cache(selector, d));
    return true;
}

static bool load_segments(struct cpu *cpu, struct task_switch *task, struct event *second) {
    static const unsigned order[] = {CPU_CS, CPU_SS, CPU_ES, CPU_DS, CPU_FS, CPU_GS};
    uint32_t ext = event_ext(task->event);
    struct descriptor ldt;
    state_set_segment(cpu, CPU_LDTR, (struct cpu_segment){.selector = (uint16_t)task->ldt});
    if (task->ldt & SELECTOR_INDEX) {
        if (!descriptor_read(cpu, (uint16_t)task->ldt, VECTOR_TS, ext, &ldt, second))
            return false;
        state_set_segment(cpu, CPU_LDTR, descriptor_cache((uint16_t)task->ldt, ldt));
    }
    for (unsigned i = 0; i < 6; i++)
        if (!load_segment(cpu, order[i], (uint16_t)task->new.segment[order[i]], ext, second))
            return false;
    return true;
}

static bool push_error_code(struct cpu *cpu, const struct event *event, struct event *second) {
    if (!event->has_error_code)
        return true;
    uint32_t esp = (uint32_t)state_gpr(cpu, GPR_RSP) - 4;
    if (!memory_write(cpu, state_segment_base(cpu, CPU_SS) + esp, &event->error_code, 4, state_cpl(cpu) == 3, second))
        return false;
    state_set_gpr(cpu, GPR_RSP, esp);
    return true;
}

bool deliver_task(struct cpu *cpu, const struct event *event, uint16_t selector, struct event *second) {
    struct task_switch task = {.event = event, .selector = selector};
    if (!check_task(cpu, &task, second) || !save_old(cpu, &task, second))
        return false;
    load_registers(cpu, &task);
    bool loaded = load_segments(cpu, &task, second);
    state_refresh_hflags(cpu);
    return loaded && push_error_code(cpu, event, second);
}
