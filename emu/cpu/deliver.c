/*
 * Exceptions and interrupts on their way into the guest.
 *
 *     event --> real mode vector / protected-mode gate / long-mode gate --> handler
 *                      | refused (bad gate, page fault on the stack, ...)
 *                      v
 *               second event; with the first it is   (SDM volume 3, table 6-5)
 *                 benign first or second        -> the second alone
 *                 contributory, contributory    -> #DF
 *                 page fault, contributory/#PF  -> #DF
 *                 while delivering #DF          -> triple fault: the machine stops
 *
 * An attempt either changes the state and the stack, or neither (accessed bits of what it read aside).
 */
#include "emu/cpu/internal.h"

#include <stdarg.h>
#include <stdio.h>

enum exception_class { CLASS_BENIGN, CLASS_CONTRIBUTORY, CLASS_PAGE_FAULT, CLASS_DOUBLE };

static enum exception_class class_of(const struct event *event) {
    if (event->external || event->software)
        return CLASS_BENIGN;
    switch (event->vector) {
    case VECTOR_DE:
    case VECTOR_TS:
    case VECTOR_NP:
    case VECTOR_SS:
    case VECTOR_GP: return CLASS_CONTRIBUTORY;
    case VECTOR_PF: return CLASS_PAGE_FAULT;
    case VECTOR_DF: return CLASS_DOUBLE;
    default: return CLASS_BENIGN;
    }
}

static bool is_double(const struct event *first, const struct event *second) {
    enum exception_class a = class_of(first), b = class_of(second);
    return (a == CLASS_CONTRIBUTORY && b == CLASS_CONTRIBUTORY) ||
           (a == CLASS_PAGE_FAULT && (b == CLASS_CONTRIBUTORY || b == CLASS_PAGE_FAULT));
}

static const char *vector_name(const struct event *event) {
    static const char *const names[] = {"#DE divide error",
                                        "#DB debug",
                                        "NMI",
                                        "#BP breakpoint",
                                        "#OF overflow",
                                        "#BR bound range",
                                        "#UD invalid opcode",
                                        "#NM device not available",
                                        "#DF double fault",
                                        "coprocessor overrun",
                                        "#TS invalid TSS",
                                        "#NP segment not present",
                                        "#SS stack fault",
                                        "#GP general protection",
                                        "#PF page fault",
                                        "15",
                                        "#MF floating point",
                                        "#AC alignment check"};
    if (event->external)
        return "interrupt";
    if (event->software)
        return "software interrupt";
    return event->vector < sizeof names / sizeof names[0] ? names[event->vector] : "exception";
}

/* The text of a triple fault */

static void say(struct cpu *cpu, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct cpu *cpu, const char *format, ...) {
    size_t used = strlen(cpu->triple);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cpu->triple + used, sizeof cpu->triple - used, format, arguments);
    va_end(arguments);
}

static void say_event(struct cpu *cpu, const struct event *event) {
    say(cpu, "  %s (vector %u)", vector_name(event), event->vector);
    if (event->has_error_code)
        say(cpu, ", error code 0x%x", event->error_code);
    if (event->vector == VECTOR_PF && !event->external && !event->software)
        say(cpu, ", address 0x%llx", (unsigned long long)event->cr2);
    say(cpu, ", at 0x%llx\n", (unsigned long long)event->rip);
}

static void say_registers(struct cpu *cpu) {
    static const char *const gpr[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    static const char *const segment[CPU_SEGMENTS] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};
    struct cpu_registers r;
    state_fill_registers(cpu, &r);
    unsigned count = r.efer & MMU_EFER_LMA ? 16 : 8;
    for (unsigned i = 0; i < count; i++)
        say(cpu, "%s %s %016llx", i % 4 ? "" : "\n ", gpr[i], (unsigned long long)r.gpr[i]);
    say(cpu, "\n  rip %llx  rflags %llx  cpl %u\n", (unsigned long long)r.rip, (unsigned long long)r.rflags, r.cpl);
    say(cpu, "  cr0 %llx  cr2 %llx  cr3 %llx  cr4 %llx  efer %llx\n", (unsigned long long)r.cr0,
        (unsigned long long)r.cr2, (unsigned long long)r.cr3, (unsigned long long)r.cr4, (unsigned long long)r.efer);
    for (unsigned i = 0; i < CPU_SEGMENTS; i++)
        say(cpu, "  %-4s %04x base %llx limit %x flags %x\n", segment[i], r.segment[i].selector,
            (unsigned long long)r.segment[i].base, r.segment[i].limit, r.segment[i].flags);
    say(cpu, "  gdt base %llx limit %x   idt base %llx limit %x\n", (unsigned long long)r.gdt_base, r.gdt_limit,
        (unsigned long long)r.idt_base, r.idt_limit);
}

/* Attempts */

static bool attempt(struct cpu *cpu, const struct event *event, struct event *second) {
    if (event->vector == VECTOR_PF && !event->external && !event->software)
        state_set_cr(cpu, 2, event->cr2);
    if (!(state_cr(cpu, 0) & MMU_CR0_PE))
        return deliver_real(cpu, event, second);
    if (state_efer(cpu) & MMU_EFER_LMA)
        return deliver_long(cpu, event, second);
    return deliver_protected(cpu, event, second);
}

static void report(struct cpu *cpu, const struct event *event) {
    struct cpu_delivery delivery = {
        .vector = event->vector,
        .has_error_code = event->has_error_code,
        .external = event->external,
        .software = event->software,
        .error_code = event->error_code,
        .rip = event->rip,
        .cpl = state_cpl(cpu),
    };
    if (cpu->board.on_delivery)
        cpu->board.on_delivery(cpu->board.owner, &delivery);
}

/* INT3 and INTO are one byte long, INT n is two. */
static uint64_t instruction_of(struct cpu *cpu, const struct event *event) {
    uint8_t before = 0;
    if (!event->software)
        return event->rip;
    mmu_peek_read(&cpu->mmu, mmu_linear(operand_code_linear(cpu, event->rip - 1)), &before, 1);
    bool one = (event->vector == 3 && before == 0xcc) || (event->vector == 4 && before == 0xce);
    return event->rip - (one ? 1 : 2);
}

static void attempt_all(struct cpu *cpu, struct event event) {
    struct event second, first = event;
    cpu->in_block = false;
    cpu->alone = cpu->stopped_at = cpu->points.passed = CPU_NOWHERE;
    for (;;) {
        report(cpu, &event);
        if (attempt(cpu, &event, &second))
            return;
        uint64_t rip = second.rip = instruction_of(cpu, &first);
        if (!cpu->triple[0])
            say(cpu, "triple fault: each exception below was raised while delivering the one before it\n");
        say_event(cpu, &event);
        if (event.vector == VECTOR_DF && !event.external && !event.software)
            break;
        if (is_double(&event, &second)) {
            say_event(cpu, &second);
            second = (struct event){.vector = VECTOR_DF, .has_error_code = true, .rip = rip};
        }
        event = second;
    }
    say_event(cpu, &second);
    say_registers(cpu);
    cpu->dead = true;
}

void deliver(struct cpu *cpu, struct event event) {
    if (!cpu->points.alone && cpu->points.data)
        cpu->points.rip = instruction_of(cpu, &event);
    cpu->points.delivering = true;
    attempt_all(cpu, event);
    cpu->points.delivering = false;
}
