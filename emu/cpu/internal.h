/*
 * What the files of emu/cpu share.
 *
 * The model. struct cpu owns one Unicorn engine. Where the architectural state is at a given moment:
 *   - while guest code runs, in the engine;
 *   - in a hook or between runs, also in cpu->state after state_load(), where it is read and edited by the
 *     functions of state.c and given back by state_store().
 *
 * The clock. cpu->blocks counts basic blocks that have begun. A block that is cut (by an exception, by a stop
 * inside it, by stepping) was counted once at its beginning; what remains of it is not counted again:
 * cpu->in_block says that the next instruction belongs to a block already counted.
 * Interrupts and the deadline are looked at between blocks only.
 *
 * Coherence of translated code. A physical frame never has translated code and a live writable TLB entry at
 * the same time, with one exception: an entry that is writable and executable stays on Unicorn's slow store
 * path, which drops the code that is hit. frame_code[] says that a frame may have code, frame_writable[] holds
 * the TLB epoch (a count of our flushes) in which it last got a fast writable entry.
 */
#ifndef FAULTLINE_CPU_INTERNAL_H
#define FAULTLINE_CPU_INTERNAL_H

#include "emu/cpu/cpu.h"
#include "emu/cpu/layout.h"

#include <stdatomic.h>
#include <Zydis/Zydis.h>

#define CPU_NOWHERE UINT64_MAX /* no linear address of an instruction */
#define CPU_MAXPHYADDR 40u
#define CPU_DUMMY_AT (1ull << 46)         /* physical: a page of FFh for fetches from where no memory is */
#define CPU_SINK_AT (CPU_DUMMY_AT + 4096) /* physical: takes writes to ROM */
#define CPU_ALIAS_AT (1ull << 47)         /* linear: maps physical addresses one to one while cpu->alias is set */

#define CPU_FLAGS_CF (1u << 0)
#define CPU_FLAGS_TF (1u << 8)
#define CPU_FLAGS_IF (1u << 9)
#define CPU_FLAGS_DF (1u << 10)
#define CPU_FLAGS_IOPL (3u << 12)
#define CPU_FLAGS_NT (1u << 14)
#define CPU_FLAGS_RF (1u << 16)
#define CPU_FLAGS_VM (1u << 17)
#define CPU_FLAGS_AC (1u << 18)

/* Descriptor bits as they stand in the second dword. */
#define DESC_ACCESSED (1u << 8)
#define DESC_WRITABLE (1u << 9)
#define DESC_CONFORMING (1u << 10)
#define DESC_DOWN (1u << 10)
#define DESC_CODE (1u << 11)
#define DESC_S (1u << 12)
#define DESC_DPL_SHIFT 13
#define DESC_P (1u << 15)
#define DESC_L (1u << 21)
#define DESC_B (1u << 22)
#define DESC_G (1u << 23)

enum { GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI, GPR_R11 = 11 };

enum {
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_NMI = 2,
    VECTOR_UD = 6,
    VECTOR_NM = 7,
    VECTOR_DF = 8,
    VECTOR_TS = 10,
    VECTOR_NP = 11,
    VECTOR_SS = 12,
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_AC = 17,
};

/* One exception or interrupt on its way into the guest. */
struct event {
    uint8_t vector;
    bool has_error_code;
    bool external; /* a hardware interrupt */
    bool software; /* INT n, INT3, INTO: the gate's DPL counts, and the EXT bit stays clear in error codes */
    uint32_t error_code;
    uint64_t rip; /* goes on the stack: behind the instruction for software interrupts and traps */
    uint64_t cr2; /* page faults only */
};

/* The access that the TLB hook refused; valid until the CPU runs again. */
struct refused {
    bool valid;
    bool bad_pdpte; /* not an access: MOV to CR3 (or CR0, CR4) found reserved bits in the PDPTEs */
    bool watched;   /* allowed, but to a page with points: its instruction is to run alone (points.c) */
    enum mmu_access_kind kind;
    uint64_t page;
    bool user, implicit;
    struct mmu_result result;
};

/* One byte range that an instruction touches. */
struct operand {
    uint64_t linear;
    uint32_t size;
    bool read, write, stack;
    uint8_t word; /* pushed in words of this size, the highest first; 0: touched from its beginning */
};

/* What IN, OUT, INS, OUTS ask of the port bus. */
struct port_access {
    bool instruction; /* it is one of them */
    uint16_t port;
    uint8_t bytes; /* 0: none is accessed (a repeat count of 0) */
};

#define OPERANDS_MAX 12
#define INSTRUCTION_BYTES 15

struct decoded {
    unsigned length; /* 0: the bytes could not be read or are no instruction */
    ZydisMnemonic mnemonic;
    bool system_access; /* loads a descriptor, a gate, a TSS: accesses outside its operands are the CPU's own */
    bool repeated;      /* has a repeat prefix: runs once an iteration */
    struct port_access port;
    unsigned count;
    struct operand operand[OPERANDS_MAX];
    uint8_t bytes[INSTRUCTION_BYTES];
    uint8_t bytes_read;
};

/* What Zydis said about some bytes. Kept because the same few instructions take most of the faults. */
#define DECODES 32
#define OTHER_BLOCKS 256
#define PORT_BLOCKS 1024

struct decode {
    const ZydisDecoder *decoder; /* NULL: empty */
    uint8_t bytes[INSTRUCTION_BYTES];
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/* A translation of the CPU's own accesses that is still true: the entries that led to it are looked at again
 * before each use, so that it equals a fresh walk. */
#define SHORTCUTS 32 /* pairs: the later of two pages that fall on one, and the one before it */
#define SHORTCUT_LEVELS 4

struct shortcut {
    uint64_t page;       /* linear address | 1 for write | 2 for user; UINT64_MAX: empty */
    uint32_t generation; /* of the paging context */
    uint8_t levels, entry_bytes;
    const uint8_t *entry[SHORTCUT_LEVELS];
    uint64_t value[SHORTCUT_LEVELS];
    uint8_t *host;
    uint64_t physical;
};

/* A debugger's points, see points.c. */
#define POINT_PAGES 16

struct point_page {
    uint64_t linear, physical; /* of its first byte */
    bool written;
};

struct points {
    struct cpu_point point[CPU_POINTS_MAX];
    unsigned count, execute, data, physical; /* all; the EXECUTE ones; the others; those of them that are physical */
    struct cpu_point_hit hit;
    bool hit_waits;      /* hit has been met and is not told yet */
    bool rested;         /* the CPU stands where a step or a point has stopped it */
    bool unseen;         /* what the adapter accesses for its own ends is no access of the guest's */
    bool alone;          /* one instruction is running, which may touch watched pages: */
    struct decoded insn; /* what it is, */
    struct point_page page[POINT_PAGES];
    unsigned pages;  /* and the pages that it has touched */
    bool delivering; /* an exception or interrupt */
    uint64_t rip;    /* of the instruction that is alone, or that is interrupted */
    uint64_t passed; /* linear: the next instruction is not stopped at when it is here */
};

/* A run of physical addresses without RAM or ROM. */
struct gap {
    struct cpu *cpu;
    uint64_t base;
};

enum cpu_mode {
    MODE_RUN,    /* run until something is due */
    MODE_PROBE,  /* leave at the first block without running it */
    MODE_LAST,   /* run one instruction that ends its block */
    MODE_SINGLE, /* run one instruction under the trap flag */
};

struct cpu {
    /* hot: the block hook reads these */
    uint64_t blocks;
    _Atomic uint64_t attention_at; /* the slow path of the block hook is taken from this count on */

    uc_engine *uc;
    uint64_t deadline;
    atomic_bool stop_requested;
    bool interrupt_line; /* interrupt_pending() may be true, or nmi is */
    bool nmi;
    bool halted;
    bool dead; /* triple fault: only cpu_reset() helps */

    /* position in the block: the next instruction belongs to a counted block that ends at block_end (linear) */
    bool in_block;
    bool cut; /* the block is run one instruction at a time because it cannot be translated whole */
    uint64_t block_start, block_end;
    /* The instruction at this linear address is a block of its own: it stores into the block that it was in. */
    uint64_t alone;
    uint64_t call_at;    /* cpu_set_call() */
    uint64_t stopped_at; /* the block before which a run has stopped, and its size: see begin_running() */
    uint32_t stopped_size;

    /* between execute() and the hooks, see run.c */
    enum cpu_mode mode;
    unsigned hook_calls;
    uint32_t probe_size;
    bool hook_stopped, trapped, fetch_refused;
    bool icebp_seen,
        ports_seen; /* blocks that have to be stepped exist: INT1; checked port instructions, MSRs of ours */
    bool step_here, first_block;  /* step_here: the block at which a run has stopped is one of them */
    bool port_block[PORT_BLOCKS]; /* by a hash of their linear address; may hold others too */
    uint64_t saved_dr6;

    /* hidden state */
    struct cpu_layout layout;
    uc_context *block, *pristine;
    uint8_t *state;   /* the state inside block */
    bool forced_trap; /* TF in the engine is ours, not the guest's */
    bool calling;     /* inside board.call(): state is that of now */

    /* paging */
    struct mmu_context mmu;
    const struct mmu_memory *memory;
    uint32_t generation; /* changes with mmu */
    struct shortcut shortcut[SHORTCUTS];
    struct decode decode[DECODES];
    uint64_t other_block[OTHER_BLOCKS]; /* short blocks that are no string instruction, by address */
    struct refused refused;
    struct decoded insn; /* of the refused access, when it is one of data */
    uint8_t *frame_code;
    uint32_t *frame_writable;
    uint64_t *frame_written; /* cpu_writes(): the mark at the last fill that allows stores, or the last store of ours */
    uint64_t frames;         /* frames that the three arrays cover, from physical 0 */
    uint32_t epoch;
    uint64_t mark; /* grows whenever all TLB entries are known to be gone */
    bool alias;
    uint8_t *dummy_page;

    /* exceptions */
    enum cpu_stop stop; /* set by hooks together with hook_stopped */
    bool record_faults, undelivered;
    struct event pending; /* valid when undelivered */
    struct cpu_page_fault fault;

    struct points points;

    struct cpu_board board;
    ZydisDecoder decoder[3]; /* 16, 32, 64 bits */
    struct gap *gaps;
    char error[256];
    char triple[2048];
};

/* state.c */
void state_load(struct cpu *cpu);      /* engine -> cpu->state, registers to EFER */
void state_load_full(struct cpu *cpu); /* the same and the exception in flight */
void state_store(struct cpu *cpu);     /* back */
void state_store_full(struct cpu *cpu);
void state_refresh_hflags(struct cpu *cpu); /* after a change of CS, SS, DS, ES, CR0.PE, EFLAGS.VM or EFER.LMA */

static inline uint64_t state_gpr(const struct cpu *cpu, unsigned index) {
    return layout_get64(cpu->state, cpu->layout.gpr + 8 * index);
}

static inline void state_set_gpr(struct cpu *cpu, unsigned index, uint64_t value) {
    layout_put64(cpu->state, cpu->layout.gpr + 8 * index, value);
}

static inline uint64_t state_rip(const struct cpu *cpu) { return layout_get64(cpu->state, cpu->layout.rip); }
static inline void state_set_rip(struct cpu *cpu, uint64_t rip) { layout_put64(cpu->state, cpu->layout.rip, rip); }
/* EFLAGS without the arithmetic flags and DF. */
static inline uint32_t state_flags(const struct cpu *cpu) { return layout_get32(cpu->state, cpu->layout.eflags); }
static inline void state_set_flags(struct cpu *cpu, uint32_t flags) {
    layout_put32(cpu->state, cpu->layout.eflags, flags);
}
static inline uint32_t state_hflags(const struct cpu *cpu) { return layout_get32(cpu->state, cpu->layout.hflags); }
static inline uint64_t state_cr(const struct cpu *cpu, unsigned n) {
    return layout_get64(cpu->state, cpu->layout.cr + 8 * n);
}
static inline void state_set_cr(struct cpu *cpu, unsigned n, uint64_t value) {
    layout_put64(cpu->state, cpu->layout.cr + 8 * n, value);
}
static inline uint64_t state_efer(const struct cpu *cpu) { return layout_get64(cpu->state, cpu->layout.efer); }
static inline uint8_t state_cpl(const struct cpu *cpu) { return state_hflags(cpu) & HFLAGS_CPL; }

static inline size_t state_segment_at(const struct cpu *cpu, unsigned index) {
    return cpu->layout.segment + index * LAYOUT_SEGMENT_BYTES;
}

static inline uint64_t state_segment_base(const struct cpu *cpu, unsigned index) {
    return layout_get64(cpu->state, state_segment_at(cpu, index) + LAYOUT_SEGMENT_BASE);
}

static inline uint32_t state_segment_limit(const struct cpu *cpu, unsigned index) {
    return layout_get32(cpu->state, state_segment_at(cpu, index) + LAYOUT_SEGMENT_LIMIT);
}

struct cpu_segment state_segment(const struct cpu *cpu, unsigned index);
void state_set_segment(struct cpu *cpu, unsigned index, struct cpu_segment segment);
uint32_t state_full_flags(struct cpu *cpu); /* EFLAGS as the guest sees them, with the arithmetic flags */
void state_set_full_flags(struct cpu *cpu, uint32_t flags);
void state_fill_registers(struct cpu *cpu, struct cpu_registers *to); /* from cpu->state */

/* tlb.c */
bool tlb_on_fill(uc_engine *uc, uint64_t vaddr, uc_mem_type type, uc_tlb_entry *entry, void *user);
void tlb_sync_context(struct cpu *cpu); /* cpu->mmu after cpu->state */
void tlb_flush(struct cpu *cpu);
void tlb_drop_code(struct cpu *cpu, uint64_t physical,
                   uint64_t size); /* before or after RAM is changed behind the guest's back */
/* mmu_translate() by cpu->mmu, with those told who want to hear of A and D. Needs cpu->state. */
struct mmu_result tlb_translate(struct cpu *cpu, struct mmu_access access);

/* memory.c: accesses of the CPU itself, through the tables. size is at most 4096. false: *fault is the page fault
 * (or #GP for a non-canonical address) and nothing was written. Memory that is absent reads as all ones and
 * forgets writes. user: a push on the stack of ring 3; everything else is a supervisor access. */
bool memory_read(struct cpu *cpu, uint64_t linear, void *to, size_t size, struct event *fault);
bool memory_write(struct cpu *cpu, uint64_t linear, const void *from, size_t size, bool user, struct event *fault);
/* Writes an exception frame of words of the given size, the highest first: *fault has the address of that word
 * which could not be written. Entirely or not at all. */
bool memory_push(struct cpu *cpu, uint64_t linear, const void *from, size_t size, size_t word, bool user,
                 struct event *fault);

/* points.c */
void points_reset(struct cpu *cpu);
/* The block holds the address of an EXECUTE point. */
bool points_in_block(const struct cpu *cpu, uint64_t address, uint32_t size);
void points_begin_run(struct cpu *cpu);
/* The instruction at RIP is to be stopped at. */
bool points_stop_here(struct cpu *cpu);
bool points_take_hit(struct cpu *cpu);
/* A fill, while there are points of data: true when the access must wait until its instruction runs alone. */
bool points_refuse(struct cpu *cpu, struct mmu_access access, uint64_t physical);
/* A point of data lies in the page of an access of that kind. */
bool points_watch_page(const struct cpu *cpu, struct mmu_access access, uint64_t physical);
bool points_refuse_walk(struct cpu *cpu, struct mmu_access access);
/* Rights that the entry of this page must not give, of UC_PROT_*. */
bool points_forbid_write(const struct cpu *cpu, uint64_t linear, uint64_t physical);
void points_note_walk(struct cpu *cpu, const struct mmu_walk *walk);
/* An access of the CPU's own. */
void points_note(struct cpu *cpu, uint64_t linear, uint64_t physical, uint64_t size, bool write);
/* Around the one instruction at RIP, which cpu->insn holds. */
void points_begin_instruction(struct cpu *cpu, uint64_t at);
void points_end_instruction(struct cpu *cpu);

/* operand.c */
void operand_decode(struct cpu *cpu, struct decoded *to);                     /* the instruction at RIP */
void operand_decode_at(struct cpu *cpu, uint64_t linear, struct decoded *to); /* operands as if RIP were there */
/* The exact address of an access to page by the instruction at RIP. *implicit: it is the CPU's own access. */
struct operand_hit {
    bool found; /* false: none of the instruction's own operands lies in the page */
    bool stack, write;
    uint64_t linear;
};
struct operand_hit operand_find(const struct decoded *insn, uint64_t page, enum mmu_access_kind kind);
uint64_t operand_code_linear(const struct cpu *cpu, uint64_t rip); /* CS base + rip */

/* ports.c. They look at cpu->state. */
bool ports_checked(const struct cpu *cpu); /* the I/O permission bitmap counts now */
/* True: the access raises *fault. */
bool ports_refused(struct cpu *cpu, struct port_access access, struct event *fault);
bool ports_in_block(struct cpu *cpu, uint64_t address, uint32_t size); /* checked ones, size in bytes */
void ports_remember(struct cpu *cpu, uint64_t address);
bool ports_remembered(struct cpu *cpu, uint64_t address);

/* msr.c. They look at cpu->state. */
bool msr_in_block(struct cpu *cpu, uint64_t address, uint32_t size); /* one that may name IA32_APIC_BASE */
/* The instruction at RIP, in cpu->insn, is RDMSR or WRMSR of IA32_APIC_BASE: does it. Edits cpu->state. */
bool msr_execute(struct cpu *cpu);

/* deliver.c */
void deliver(struct cpu *cpu, struct event event); /* edits cpu->state; sets cpu->dead on a triple fault */

/* deliver_protected.c, deliver_long.c, deliver_real.c: one attempt. False: *second is what went wrong, and the
 * state is unchanged. */
bool deliver_real(struct cpu *cpu, const struct event *event, struct event *second);
bool deliver_protected(struct cpu *cpu, const struct event *event, struct event *second);
bool deliver_long(struct cpu *cpu, const struct event *event, struct event *second);
bool deliver_task(struct cpu *cpu, const struct event *event, uint16_t selector, struct event *second);

/* fault.c */
enum cpu_stop fault_take(struct cpu *cpu); /* after the engine stopped on a refused access */

/* string.c: the block hook has met a block of 2 or 3 bytes, which may be a repeated string instruction. until: the
 * count of blocks at which something is due. */
void string_repeat(struct cpu *cpu, uint64_t address, uint32_t size, uint64_t until);

/* hooks.c */
bool hooks_install(struct cpu *cpu);
bool hooks_map_gap(struct cpu *cpu, struct gap *gap, uint64_t end);
bool hooks_map_sink(struct cpu *cpu);

/* run.c */
void run_on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user);
void run_stop_engine(struct cpu *cpu, enum cpu_stop stop); /* from a hook */
void run_on_translated(uc_engine *uc, uc_tb *block, uc_tb *previous, void *user);
void run_end_forced_trap(struct cpu *cpu);

#endif
