/*
 * Delivery in long mode: 16-byte gates, 64-bit handlers, the interrupt stack table (SDM volume 3, 6.14).
 *
 * The frame always holds SS and RSP, on a stack aligned to 16 bytes. A change of level loads SS with a null
 * selector of the new RPL.
 */
#include "emu/cpu/descriptor.h"

#define GATE_INTERRUPT 14u
#define GATE_TRAP 15u
#define TSS_RSP0 4u
#define TSS_IST1 36u

struct long_delivery {
    const struct event *event;
    uint32_t gate[4];
    struct descriptor code;
    uint16_t selector;
    bool inner;
    unsigned cpl, new_cpl;
    uint64_t rsp;
};

static bool is_canonical(const struct cpu *cpu, uint64_t linear) {
    unsigned shift = state_cr(cpu, 4) & MMU_CR4_LA57 ? 56 : 47;
    int64_t top = (int64_t)linear >> shift;
    return top == 0 || top == -1;
}

static bool read_gate(struct cpu *cpu, struct long_delivery *d, struct event *second) {
    uint32_t error = (d->event->vector * 8u | ERROR_IDT) | event_ext(d->event);
    if (d->event->vector * 16u + 15 > state_segment_limit(cpu, LAYOUT_IDTR)) {
        descriptor_fault(second, VECTOR_GP, error);
        return false;
    }
    if (!memory_read(cpu, state_segment_base(cpu, LAYOUT_IDTR) + d->event->vector * 16u, d->gate, sizeof d->gate,
                     second))
        return false;
    struct descriptor gate = {.low = d->gate[0], .high = d->gate[1]};
    unsigned type = descriptor_type(gate);
    bool known = !(gate.high & DESC_S) && (type == GATE_INTERRUPT || type == GATE_TRAP);
    if (!known || (d->event->software && descriptor_dpl(gate) < d->cpl)) {
        descriptor_fault(second, VECTOR_GP, error);
        return false;
    }
    if (!(gate.high & DESC_P)) {
        descriptor_fault(second, VECTOR_NP, error);
        return false;
    }
    d->selector = (uint16_t)(gate.low >> 16);
    return true;
}

static bool check_code(struct cpu *cpu, struct long_delivery *d, struct event *second) {
    uint32_t ext = event_ext(d->event);
    if (!descriptor_gate_code(cpu, d->selector, ext, d->cpl, &d->code, &d->inner, second))
        return false;
    if (!(d->code.high & DESC_L) || (d->code.high & DESC_B)) {
        descriptor_fault(second, VECTOR_GP, (d->selector & ~SELECTOR_RPL) | ext);
        return false;
    }
    d->new_cpl = d->inner ? descriptor_dpl(d->code) : d->cpl;
    return true;
}

static bool choose_stack(struct cpu *cpu, struct long_delivery *d, struct event *second) {
    unsigned ist = d->gate[1] & 7;
    d->rsp = state_gpr(cpu, GPR_RSP);
    if (!ist && !d->inner)
        return true;
    struct cpu_segment tr = state_segment(cpu, CPU_TR);
    uint32_t offset = ist ? TSS_IST1 + (ist - 1) * 8 : TSS_RSP0 + d->new_cpl * 8;
    if (offset + 7 > tr.limit) {
        descriptor_fault(second, VECTOR_TS, (tr.selector & ~SELECTOR_RPL) | event_ext(d->event));
        return false;
    }
    if (!memory_read(cpu, tr.base + offset, &d->rsp, sizeof d->rsp, second))
        return false;
    if (!is_canonical(cpu, d->rsp)) {
        descriptor_fault(second, VECTOR_SS, event_ext(d->event));
        return false;
    }
    return true;
}

static bool push_frame(struct cpu *cpu, struct long_delivery *d, struct event *second) {
    uint64_t frame[6]; /* lowest address first */
    unsigned first = d->event->has_error_code ? 0 : 1;
    frame[0] = d->event->error_code;
    frame[1] = d->event->rip;
    frame[2] = layout_get32(cpu->state, state_segment_at(cpu, CPU_CS)) & 0xffff;
    frame[3] = state_full_flags(cpu);
    frame[4] = state_gpr(cpu, GPR_RSP);
    frame[5] = layout_get32(cpu->state, state_segment_at(cpu, CPU_SS)) & 0xffff;
    size_t bytes = (6 - first) * sizeof frame[0];
    d->rsp = (d->rsp & ~15ull) - bytes;
    if (memory_push(cpu, d->rsp, &frame[first], bytes, sizeof frame[0], d->new_cpl == 3, second))
        return true;
    if (second->vector == VECTOR_GP)
        descriptor_fault(second, VECTOR_SS, event_ext(d->event));
    return false;
}

static void enter(struct cpu *cpu, struct long_delivery *d) {
    unsigned type = d->gate[1] >> 8 & 15;
    uint32_t clear = CPU_FLAGS_TF | CPU_FLAGS_NT | CPU_FLAGS_VM | CPU_FLAGS_RF;
    if (type == GATE_INTERRUPT)
        clear |= CPU_FLAGS_IF;
    uint64_t offset = (d->gate[0] & 0xffff) | (d->gate[1] & 0xffff0000u) | (uint64_t)d->gate[2] << 32;
    if (d->inner)
        state_set_segment(cpu, CPU_SS,
                          (struct cpu_segment){
                              .selector = (uint16_t)d->new_cpl,
                              .flags = DESC_P | DESC_S | DESC_WRITABLE | DESC_ACCESSED | d->new_cpl << DESC_DPL_SHIFT,
                          });
    state_set_segment(cpu, CPU_CS, descriptor_cache((uint16_t)((d->selector & ~SELECTOR_RPL) | d->new_cpl), d->code));
    state_set_gpr(cpu, GPR_RSP, d->rsp);
    state_set_rip(cpu, offset);
    state_set_flags(cpu, state_flags(cpu) & ~clear);
    state_refresh_hflags(cpu);
}

bool deliver_long(struct cpu *cpu, const struct event *event, struct event *second) {
    struct long_delivery d = {.event = event, .cpl = state_cpl(cpu)};
    if (!read_gate(cpu, &d, second) || !check_code(cpu, &d, second) || !choose_stack(cpu, &d, second))
        return false;
    uint64_t offset = (d.gate[0] & 0xffff) | (d.gate[1] & 0xffff0000u) | (uint64_t)d.gate[2] << 32;
    if (!is_canonical(cpu, offset)) {
        descriptor_fault(second, VECTOR_GP, event_ext(event));
        return false;
    }
    if (!descriptor_mark(cpu, &d.code, second) || !push_frame(cpu, &d, second))
        return false;
    enter(cpu, &d);
    return true;
}
