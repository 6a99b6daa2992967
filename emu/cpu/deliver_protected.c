/*
 * Delivery through an 8-byte gate: 16- and 32-bit interrupt and trap gates, from the same or an outer level or
 * from virtual-8086 mode (SDM volume 3, 6.12; volume 2, INT n). Task gates are in deliver_task.c.
 *
 * The frame, growing down; words of the gate's size:
 *     [GS FS DS ES]  from virtual-8086 mode
 *     [SS ESP]       when the level changes
 *     EFLAGS CS EIP [error code]
 */
#include "emu/cpu/descriptor.h"

#define GATE_TASK 5u
#define GATE_INTERRUPT_16 6u
#define GATE_TRAP_16 7u
#define GATE_INTERRUPT_32 14u
#define GATE_TRAP_32 15u

struct delivery {
    const struct event *event;
    struct descriptor gate, code;
    uint16_t selector; /* new CS */
    bool inner, v86, wide;
    unsigned cpl, new_cpl;
    uint32_t flags; /* EFLAGS before, as pushed */
    /* the stack that the frame goes on */
    struct cpu_segment ss;
    uint32_t esp;
    uint32_t words[11];
    unsigned count;
};

static bool read_gate(struct cpu *cpu, struct delivery *d, struct event *second) {
    const struct event *event = d->event;
    uint32_t ext = event_ext(event), error = event->vector * 8u | ERROR_IDT;
    uint32_t words[2];
    if (event->vector * 8u + 7 > state_segment_limit(cpu, LAYOUT_IDTR)) {
        descriptor_fault(second, VECTOR_GP, error | ext);
        return false;
    }
    if (!memory_read(cpu, state_segment_base(cpu, LAYOUT_IDTR) + event->vector * 8u, words, sizeof words, second))
        return false;
    d->gate.low = words[0];
    d->gate.high = words[1];
    unsigned type = descriptor_type(d->gate);
    bool known = !(d->gate.high & DESC_S) && (type == GATE_TASK || type == GATE_INTERRUPT_16 || type == GATE_TRAP_16 ||
                                              type == GATE_INTERRUPT_32 || type == GATE_TRAP_32);
    if (!known || (event->software && descriptor_dpl(d->gate) < d->cpl)) {
        descriptor_fault(second, VECTOR_GP, error | ext);
        return false;
    }
    if (!(d->gate.high & DESC_P)) {
        descriptor_fault(second, VECTOR_NP, error | ext);
        return false;
    }
    d->wide = type >= GATE_INTERRUPT_32;
    d->selector = (uint16_t)(d->gate.low >> 16);
    return true;
}

/* SS:ESP of the new level from the TSS. */
static bool read_inner_stack(struct cpu *cpu, struct delivery *d, uint16_t *selector, struct event *second) {
    struct cpu_segment tr = state_segment(cpu, CPU_TR);
    bool wide = tr.flags & 1u << 11;
    uint32_t offset = wide ? 4 + d->new_cpl * 8 : 2 + d->new_cpl * 4;
    uint32_t bytes = wide ? 6 : 4;
    uint8_t raw[8] = {0};
    if (offset + bytes - 1 > tr.limit) {
        descriptor_fault(second, VECTOR_TS, (tr.selector & ~SELECTOR_RPL) | event_ext(d->event));
        return false;
    }
    if (!memory_read(cpu, tr.base + offset, raw, bytes, second))
        return false;
    memcpy(selector, raw + (wide ? 4 : 2), sizeof *selector);
    d->esp = wide ? layout_get32(raw, 0) : layout_get32(raw, 0) & 0xffff;
    return true;
}

static bool load_inner_stack(struct cpu *cpu, struct delivery *d, struct event *second) {
    uint16_t selector = 0;
    uint32_t ext = event_ext(d->event);
    struct descriptor stack;
    if (!read_inner_stack(cpu, d, &selector, second))
        return false;
    uint32_t error = (selector & ~SELECTOR_RPL) | ext;
    if (!(selector & ~SELECTOR_RPL)) {
        descriptor_fault(second, VECTOR_TS, ext);
        return false;
    }
    if (!descriptor_read(cpu, selector, VECTOR_TS, ext, &stack, second))
        return false;
    bool writable = (stack.high & DESC_S) && !(stack.high & DESC_CODE) && (stack.high & DESC_WRITABLE);
    if ((selector & SELECTOR_RPL) != d->new_cpl || descriptor_dpl(stack) != d->new_cpl || !writable) {
        descriptor_fault(second, VECTOR_TS, error);
        return false;
    }
    if (!(stack.high & DESC_P)) {
        descriptor_fault(second, VECTOR_SS, error);
        return false;
    }
    if (!descriptor_mark(cpu, &stack, second))
        return false;
    d->ss = descriptor_cache(selector, stack);
    return true;
}

static uint32_t selector_of(const struct cpu *cpu, unsigned segment) {
    return layout_get32(cpu->state, state_segment_at(cpu, segment)) & 0xffff;
}

/* The words from the highest address down. */
static void build_frame(const struct cpu *cpu, struct delivery *d) {
    uint32_t *word = d->words;
    if (d->v86) {
        *word++ = selector_of(cpu, CPU_GS);
        *word++ = selector_of(cpu, CPU_FS);
        *word++ = selector_of(cpu, CPU_DS);
        *word++ = selector_of(cpu, CPU_ES);
    }
    if (d->inner) {
        *word++ = selector_of(cpu, CPU_SS);
        *word++ = (uint32_t)state_gpr(cpu, GPR_RSP);
    }
    *word++ = d->flags;
    *word++ = selector_of(cpu, CPU_CS);
    *word++ = (uint32_t)d->event->rip;
    if (d->event->has_error_code)
        *word++ = d->event->error_code;
    d->count = (unsigned)(word - d->words);
}

static bool outside_limit(const struct cpu_segment *ss, uint32_t first, uint32_t last) {
    if (!(ss->flags & DESC_DOWN))
        return last > ss->limit || last < first;
    return first <= ss->limit || last > (ss->flags & DESC_B ? UINT32_MAX : 0xffff) || last < first;
}

static bool push_frame(struct cpu *cpu, struct delivery *d, struct event *second) {
    uint8_t image[sizeof d->words];
    uint32_t size = d->wide ? 4 : 2, bytes = d->count * size;
    uint32_t mask = d->ss.flags & DESC_B ? UINT32_MAX : 0xffff;
    uint32_t first = (d->esp - bytes) & mask;
    for (unsigned i = 0; i < d->count; i++)
        memcpy(image + (d->count - 1 - i) * size, &d->words[i], size);
    if (outside_limit(&d->ss, first, first + bytes - 1)) {
        uint32_t error = d->inner ? (d->ss.selector & ~SELECTOR_RPL) : 0;
        descriptor_fault(second, VECTOR_SS, error | event_ext(d->event));
        return false;
    }
    if (!memory_push(cpu, (d->ss.base + first) & UINT32_MAX, image, bytes, size, d->new_cpl == 3, second))
        return false;
    d->esp = (d->esp & ~mask) | first;
    return true;
}

static void enter(struct cpu *cpu, struct delivery *d) {
    unsigned type = descriptor_type(d->gate);
    uint32_t offset = (d->gate.low & 0xffff) | (d->wide ? d->gate.high & 0xffff0000u : 0);
    uint32_t clear = CPU_FLAGS_TF | CPU_FLAGS_NT | CPU_FLAGS_VM | CPU_FLAGS_RF;
    if (type == GATE_INTERRUPT_16 || type == GATE_INTERRUPT_32)
        clear |= CPU_FLAGS_IF;
    if (d->v86)
        for (unsigned segment = 0; segment < 6; segment++)
            if (segment != CPU_CS && segment != CPU_SS)
                state_set_segment(cpu, segment, (struct cpu_segment){0});
    if (d->inner)
        state_set_segment(cpu, CPU_SS, d->ss);
    state_set_segment(cpu, CPU_CS, descriptor_cache((uint16_t)((d->selector & ~SELECTOR_RPL) | d->new_cpl), d->code));
    state_set_gpr(cpu, GPR_RSP, d->esp);
    state_set_rip(cpu, offset);
    state_set_flags(cpu, state_flags(cpu) & ~clear);
    state_refresh_hflags(cpu);
}

bool deliver_protected(struct cpu *cpu, const struct event *event, struct event *second) {
    struct delivery d = {.event = event, .cpl = state_cpl(cpu)};
    if (!read_gate(cpu, &d, second))
        return false;
    if (descriptor_type(d.gate) == GATE_TASK)
        return deliver_task(cpu, event, d.selector, second);
    if (!descriptor_gate_code(cpu, d.selector, event_ext(event), d.cpl, &d.code, &d.inner, second))
        return false;
    d.v86 = state_flags(cpu) & CPU_FLAGS_VM;
    d.new_cpl = d.inner ? descriptor_dpl(d.code) : d.cpl;
    if (d.v86 && d.new_cpl != 0) {
        descriptor_fault(second, VECTOR_GP, (d.selector & ~SELECTOR_RPL) | event_ext(event));
        return false;
    }
    d.flags = state_full_flags(cpu);
    if (d.inner) {
        if (!load_inner_stack(cpu, &d, second))
            return false;
    } else {
        d.ss = state_segment(cpu, CPU_SS);
        d.esp = (uint32_t)state_gpr(cpu, GPR_RSP);
    }
    build_frame(cpu, &d);
    if (!descriptor_mark(cpu, &d.code, second) || !push_frame(cpu, &d, second))
        return false;
    enter(cpu, &d);
    return true;
}
