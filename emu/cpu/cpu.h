/*
 * emu/cpu: one x86 CPU on Unicorn. The only room that knows unicorn.h.
 *
 * The model. Unicorn executes instructions; everything that touches paging, exceptions or interrupts is
 * decided here: TLB fills call mmu_translate(), faults and interrupts are delivered by our own code through
 * the guest's IDT and TSS, CR2 is exact, time is the count of executed basic blocks.
 *
 * What it keeps true:
 *   - between cpu_run() calls, and inside every callback, the architectural state is exact;
 *   - the same program with the same device behaviour executes the same blocks on every host and run;
 *   - the guest cannot make cpu_run() crash, hang (it returns at the deadline) or touch host memory.
 */
#ifndef FAULTLINE_CPU_H
#define FAULTLINE_CPU_H

#include "mmu/mmu.h"

struct cpu;

enum cpu_segment_name { CPU_ES, CPU_CS, CPU_SS, CPU_DS, CPU_FS, CPU_GS, CPU_LDTR, CPU_TR, CPU_SEGMENTS };

struct cpu_segment {
    uint16_t selector;
    uint64_t base;
    uint32_t limit;
    uint32_t flags; /* descriptor bits 8-23 in place, as in the second dword of a descriptor */
};

/* General registers in encoding order: RAX RCX RDX RBX RSP RBP RSI RDI R8-R15. */
struct cpu_registers {
    uint64_t gpr[16];
    uint64_t rip, rflags;
    uint64_t cr0, cr2, cr3, cr4, efer;
    struct cpu_segment segment[CPU_SEGMENTS];
    uint64_t gdt_base, idt_base;
    uint32_t gdt_limit, idt_limit;
    uint8_t cpl;
};

/* x87 and SSE. st: 80-bit values from the top of the stack; tag: two bits a register, 3 empty. */
struct cpu_fpu {
    uint16_t control, status, tag;
    uint8_t st[8][10];
    uint8_t xmm[16][16];
    uint32_t mxcsr;
};

enum cpu_stop {
    CPU_STOP_DEADLINE,     /* the block budget is used up */
    CPU_STOP_HALT,         /* hlt with nothing pending: the board moves time to the next event */
    CPU_STOP_REQUESTED,    /* cpu_request_stop() from a callback or another thread */
    CPU_STOP_STEP,         /* cpu_step(): one instruction (or one delivery) done */
    CPU_STOP_TRIPLE_FAULT, /* see cpu_triple_fault_text() */
    CPU_STOP_POINT,        /* a debugger's point was met: cpu_point_hit() */
    CPU_STOP_FAULT,        /* on_fault asked to stop: the page fault is recorded and not yet delivered */
    CPU_STOP_ERROR,        /* Unicorn refused to go on; see cpu_error_text() */
};

/* A page fault before its delivery: all that the hardware knows. */
struct cpu_page_fault {
    struct mmu_walk walk; /* walk.access.linear is the exact CR2 */
    uint64_t rip;
    uint8_t cpl;
    uint8_t instruction[15];
    uint8_t instruction_bytes; /* 0 when the fetch itself faulted */
    uint64_t blocks;           /* cpu_blocks() at the fault */
    struct cpu_registers registers;
};

/* An exception or interrupt as it is delivered (page faults too). */
struct cpu_delivery {
    uint8_t vector;
    bool has_error_code, external, software;
    uint32_t error_code;
    uint64_t rip;
    uint8_t cpl;
};

/* The CPU's surroundings. Every function gets owner first. None may be NULL except those marked optional. */
struct cpu_board {
    void *owner;
    uint32_t (*port_read)(void *owner, uint16_t port, unsigned size);
    void (*port_write)(void *owner, uint16_t port, unsigned size, uint32_t value);
    uint64_t (*mmio_read)(void *owner, uint64_t physical, unsigned size); /* anything not in a RAM/ROM region */
    void (*mmio_write)(void *owner, uint64_t physical, unsigned size, uint64_t value);
    uint32_t tsc_per_block;                    /* RDTSC counts this many ticks a block */
    int (*interrupt_acknowledge)(void *owner); /* vector, or -1 when nothing is pending after all */
    bool (*interrupt_pending)(void *owner);
    /* IA32_APIC_BASE; optional, both or none: without them there is no such MSR and CPUID shows no local APIC. */
    uint64_t (*apic_base_read)(void *owner);
    void (*apic_base_write)(void *owner, uint64_t value);
    void (*call)(void *owner, uint32_t argument); /* optional: cpu_set_call() */
    /* optional: called before a page fault is delivered; true = return CPU_STOP_FAULT first. full is set only
     * when cpu_record_faults(cpu, true) is in force (registers and instruction bytes are filled then). */
    bool (*on_page_fault)(void *owner, const struct cpu_page_fault *fault);
    void (*on_delivery)(void *owner, const struct cpu_delivery *delivery); /* optional */
    /* optional: a walk has set A or D in these entries of guest memory (walk->levels with before != after). */
    void (*on_entry_update)(void *owner, const struct mmu_walk *walk);
};

/* memory: RAM and ROM regions (page-aligned, host pointers page-aligned), not owned, fixed for the CPU's life.
 * Returns NULL and one sentence in error on failure (wrong Unicorn build, no memory). */
struct cpu *cpu_create(const struct mmu_memory *memory, const struct cpu_board *board, char *error, size_t error_size);
void cpu_destroy(struct cpu *cpu);

/* Power-on state: real mode, CS F000 base FFFF0000, RIP FFF0. */
void cpu_reset(struct cpu *cpu);

/* Runs until *deadline_blocks (absolute, same count as cpu_blocks()) or another stop. Interrupts are taken
 * at block boundaries when interrupt_pending() says so and IF allows. The deadline may be lowered by a device
 * access during the run with cpu_set_deadline(). */
enum cpu_stop cpu_run(struct cpu *cpu, uint64_t deadline_blocks);
void cpu_set_deadline(struct cpu *cpu, uint64_t deadline_blocks);

/* Executes one instruction or delivers one pending exception or interrupt. The blocks are counted as cpu_run()
 * would have counted them, so that a stepped run and a free run agree. Where an instruction stores into its own
 * block, one call only ends that block, so that time may pass there as it does in a free run. */
enum cpu_stop cpu_step(struct cpu *cpu);

/*
 * A debugger's points. They change nothing that the guest can see, the count of blocks included. EXECUTE stops
 * cpu_run() before the instruction at `address` runs (a run that begins there, after a step or a point, runs it first;
 * a repeated string instruction is one instruction); the others stop cpu_run() and cpu_step() after the instruction
 * that touched one of the bytes, or after the delivery whose frame did. physical: address is one of RAM, whichever
 * linear address is used; writes of A and D bits and of devices count there. Set and removed between runs only.
 */
enum cpu_point_kind { CPU_POINT_EXECUTE, CPU_POINT_WRITE, CPU_POINT_READ, CPU_POINT_ACCESS };
#define CPU_POINTS_MAX 64u
struct cpu_point {
    enum cpu_point_kind kind;
    bool physical;           /* not with EXECUTE */
    uint64_t address, bytes; /* address: linear (CS base and RIP); bytes: 1 .. 4096, not with EXECUTE */
};
struct cpu_point_hit {
    struct cpu_point point;
    uint64_t rip;    /* of the instruction */
    uint64_t linear; /* first byte that it touched of the watched ones; physical for A and D bits and devices */
    bool write;
};
bool cpu_point_add(struct cpu *cpu, const struct cpu_point *point);    /* false: no room, or bytes out of range */
bool cpu_point_remove(struct cpu *cpu, const struct cpu_point *point); /* false: there is none like it */
const struct cpu_point_hit *cpu_point_hit(const struct cpu *cpu);      /* after CPU_STOP_POINT */

/* Whenever a block of 2 or 3 bytes begins at this linear address at CPL 0, board.call() gets ECX: what a guest uses in
 * place of OUT where it has much to tell, because for a port Unicorn looks up where in its code it is. 0: no more. */
void cpu_set_call(struct cpu *cpu, uint32_t linear);

void cpu_request_stop(struct cpu *cpu); /* safe from any thread */
/* An NMI: taken between blocks whatever EFLAGS.IF says. A second one before that is the same one. */
void cpu_nmi(struct cpu *cpu);
void cpu_interrupt_changed(struct cpu *cpu); /* the board calls it when interrupt_pending() may have become true */

/* True when no block is half done: the only moments at which time may pass (timers fire, interrupts rise from
 * them), so that stepping and free running agree. cpu_run() always returns between blocks except for
 * CPU_STOP_REQUESTED while it finishes a block that cpu_step() has begun. */
bool cpu_between_blocks(const struct cpu *cpu);

uint64_t cpu_blocks(const struct cpu *cpu);
void cpu_add_idle_blocks(struct cpu *cpu, uint64_t blocks); /* time that passes in hlt */
void cpu_record_faults(struct cpu *cpu, bool on);

void cpu_read_registers(struct cpu *cpu, struct cpu_registers *to);
/* One general register, in encoding order; inside board.call() it is at hand. */
uint64_t cpu_read_gpr(struct cpu *cpu, unsigned index);
void cpu_read_fpu(struct cpu *cpu, struct cpu_fpu *to);
bool cpu_write_registers(struct cpu *cpu, const struct cpu_registers *from); /* debugger; false: state refused */

/* The translation state right now, for mmu_peek*(). Valid until the CPU runs again. */
const struct mmu_context *cpu_mmu(struct cpu *cpu);

/* The same inside board.call(), on_page_fault() and accesses to devices: the fetch of the block that comes to them has
 * brought the state up to date. */
const struct mmu_context *cpu_mmu_running(const struct cpu *cpu);

/* Which frames of RAM the guest, a device or a debugger may have written: by frame number the mark that was in force
 * when a write was last possible. A frame whose mark is below the one of a moment has kept its bytes since that moment.
 * Lives as long as the CPU; looked at between runs. */
struct cpu_writes {
    const uint64_t *last;
    uint64_t frames;
    const uint64_t *mark; /* now in force */
};
struct cpu_writes cpu_writes(const struct cpu *cpu);

/* The debugger is changing [physical, physical + size) of RAM: drops code translated from there.
 * Also allowed in a device access during cpu_run(). */
void cpu_memory_changed(struct cpu *cpu, uint64_t physical, uint64_t size);
/* The same for a device, whose writes meet points. */
void cpu_device_wrote(struct cpu *cpu, uint64_t physical, uint64_t size);

const char *cpu_triple_fault_text(const struct cpu *cpu); /* chain of exceptions with registers, several lines */
const char *cpu_error_text(const struct cpu *cpu);

#endif
