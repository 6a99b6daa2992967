/*
 * Delivery in real mode: four bytes a vector at IDTR.base, three words pushed (SDM volume 3, 20.1.4).
 */
#include "emu/cpu/internal.h"

static void set_general_protection(struct event *second) {
    /* No error code: real mode pushes none. */
    *second = (struct event){.vector = VECTOR_GP};
}

/* Pushes wrap at 64 KiB inside the segment, so each word goes alone. */
static bool push16(struct cpu *cpu, uint16_t *sp, uint16_t value, struct event *second) {
    *sp = (uint16_t)(*sp - 2);
    return memory_write(cpu, state_segment_base(cpu, CPU_SS) + *sp, &value, sizeof value, false, second);
}

bool deliver_real(struct cpu *cpu, const struct event *event, struct event *second) {
    uint16_t vector[2];
    uint16_t sp = (uint16_t)state_gpr(cpu, GPR_RSP);
    uint32_t flags = state_full_flags(cpu);
    if (event->vector * 4u + 3 > state_segment_limit(cpu, LAYOUT_IDTR)) {
        set_general_protection(second);
        return false;
    }
    if (!memory_read(cpu, state_segment_base(cpu, LAYOUT_IDTR) + event->vector * 4u, vector, sizeof vector, second) ||
        !push16(cpu, &sp, (uint16_t)flags, second) ||
        !push16(cpu, &sp, (uint16_t)layout_get32(cpu->state, state_segment_at(cpu, CPU_CS)), second) ||
        !push16(cpu, &sp, (uint16_t)event->rip, second))
        return false;
    struct cpu_segment cs = state_segment(cpu, CPU_CS);
    cs.selector = vector[1];
    cs.base = (uint64_t)vector[1] << 4;
    state_set_segment(cpu, CPU_CS, cs);
    state_set_gpr(cpu, GPR_RSP, (state_gpr(cpu, GPR_RSP) & ~0xffffull) | sp);
    state_set_rip(cpu, vector[0]);
    state_set_flags(cpu, state_flags(cpu) & ~(CPU_FLAGS_TF | CPU_FLAGS_IF | CPU_FLAGS_RF | CPU_FLAGS_AC));
    state_refresh_hflags(cpu);
    return true;
}
