#include "emu/cpu/descriptor.h"

void descriptor_fault(struct event *second, uint8_t vector, uint32_t error_code) {
    *second = (struct event){.vector = vector, .has_error_code = true, .error_code = error_code};
}

struct cpu_segment descriptor_cache(uint16_t selector, struct descriptor d) {
    uint32_t limit = (d.low & 0xffff) | (d.high & 0xf0000);
    return (struct cpu_segment){
        .selector = selector,
        .base = d.low >> 16 | (d.high & 0xff) << 16 | (d.high & 0xff000000u),
        .limit = d.high & DESC_G ? limit << 12 | 0xfff : limit,
        .flags = d.high,
    };
}

bool descriptor_read(struct cpu *cpu, uint16_t selector, uint8_t vector, uint32_t ext, struct descriptor *to,
                     struct event *second) {
    unsigned table = selector & SELECTOR_TABLE ? CPU_LDTR : LAYOUT_GDTR;
    uint32_t offset = selector & SELECTOR_INDEX;
    uint32_t words[2];
    bool no_ldt = table == CPU_LDTR && !(layout_get32(cpu->state, state_segment_at(cpu, CPU_LDTR)) & SELECTOR_INDEX);
    if (no_ldt || offset + 7 > state_segment_limit(cpu, table)) {
        descriptor_fault(second, vector, (selector & ~SELECTOR_RPL) | ext);
        return false;
    }
    to->at = state_segment_base(cpu, table) + offset;
    if (!memory_read(cpu, to->at, words, sizeof words, second))
        return false;
    to->low = words[0];
    to->high = words[1];
    return true;
}

bool descriptor_mark(struct cpu *cpu, struct descriptor *d, struct event *second) {
    if (d->high & DESC_ACCESSED)
        return true;
    d->high |= DESC_ACCESSED;
    return memory_write(cpu, d->at + 4, &d->high, sizeof d->high, false, second);
}

bool descriptor_gate_code(struct cpu *cpu, uint16_t selector, uint32_t ext, unsigned cpl, struct descriptor *code,
                          bool *inner, struct event *second) {
    uint32_t error = (selector & ~SELECTOR_RPL) | ext;
    if (!(selector & ~SELECTOR_RPL)) {
        descriptor_fault(second, VECTOR_GP, ext);
        return false;
    }
    if (!descriptor_read(cpu, selector, VECTOR_GP, ext, code, second))
        return false;
    bool is_code = (code->high & DESC_S) && (code->high & DESC_CODE);
    if (!is_code || descriptor_dpl(*code) > cpl) {
        descriptor_fault(second, VECTOR_GP, error);
        return false;
    }
    if (!(code->high & DESC_P)) {
        descriptor_fault(second, VECTOR_NP, error);
        return false;
    }
    *inner = !(code->high & DESC_CONFORMING) && descriptor_dpl(*code) < cpl;
    return true;
}
