/*
 * Where Unicorn keeps the CPU state that its public interface does not reach.
 *
 * The model. uc_context_save() copies the head of Unicorn's internal CPU state into a block, and
 * uc_context_restore() copies it back. Segment caches, the current privilege level and the exception in flight
 * are in that block and nowhere else, so the adapter edits it. Nothing about the block is promised by Unicorn:
 * every offset is measured at start-up by cpu_layout_find() and proven by cpu_layout_prove(); a build where
 * either fails is refused.
 *
 * A block has a header with the size of its state; lowering that size makes a save or restore copy less.
 * Two forms are used: brief (general registers to EFER, what nearly everything needs) and full (with the
 * exception in flight, needed only after an exception that Unicorn itself has raised).
 */
#ifndef FAULTLINE_CPU_LAYOUT_H
#define FAULTLINE_CPU_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

/* All offsets but size_at and data count from the start of the state, in bytes. */
struct cpu_layout {
    size_t size_at;       /* offset in the block of the header word with the size of the state */
    size_t data;          /* offset in the block of the state */
    size_t full_size;     /* bytes of state in a full block */
    size_t brief_size;    /* bytes of state in a brief block */
    size_t gpr;           /* u64[16], encoding order */
    size_t rip, eflags;   /* u64; eflags without the arithmetic flags and DF, which Unicorn keeps apart */
    size_t hflags;        /* u32, bits below */
    size_t segment;       /* struct of 24 bytes each: ES CS SS DS FS GS LDTR TR GDTR IDTR */
    size_t cr;            /* u64[5]: CR0 to CR4 */
    size_t efer;          /* u64 */
    size_t error_code;    /* i32 */
    size_t is_int;        /* i32: the exception came from an INT instruction */
    size_t next_rip;      /* u64 */
    size_t old_exception; /* i32, -1 for none */
};

/* A segment cache in the block. */
#define LAYOUT_SEGMENT_BYTES 24u
#define LAYOUT_SEGMENT_BASE 8u
#define LAYOUT_SEGMENT_LIMIT 16u
#define LAYOUT_SEGMENT_FLAGS 20u
#define LAYOUT_GDTR 8u
#define LAYOUT_IDTR 9u

/* hflags bits. The ones at 8, 12-13 and 16-18 live in EFLAGS and are never stored here. */
#define HFLAGS_CPL 3u
#define HFLAGS_SHADOW (1u << 3) /* interrupts held off for one instruction after STI or MOV SS */
#define HFLAGS_CS32 (1u << 4)
#define HFLAGS_SS32 (1u << 5)
#define HFLAGS_ADDSEG (1u << 6)
#define HFLAGS_PE (1u << 7)
#define HFLAGS_TS (1u << 11)
#define HFLAGS_LMA (1u << 14)
#define HFLAGS_CS64 (1u << 15)

static inline uint64_t layout_get64(const uint8_t *state, size_t at) {
    uint64_t value;
    memcpy(&value, state + at, sizeof value);
    return value;
}

static inline uint32_t layout_get32(const uint8_t *state, size_t at) {
    uint32_t value;
    memcpy(&value, state + at, sizeof value);
    return value;
}

static inline void layout_put64(uint8_t *state, size_t at, uint64_t value) { memcpy(state + at, &value, sizeof value); }

static inline void layout_put32(uint8_t *state, size_t at, uint32_t value) { memcpy(state + at, &value, sizeof value); }

/* Makes block copy only the first bytes of the state from now on. */
static inline void layout_set_size(const struct cpu_layout *layout, uc_context *block, size_t bytes) {
    memcpy((uint8_t *)block + layout->size_at, &bytes, sizeof bytes);
}

/* Opens an engine of the one kind that the adapter uses. NULL on failure. */
uc_engine *cpu_open_engine(void);

/* Measures *layout on a scratch engine. False and the missing field's name in *what on failure. */
bool cpu_layout_find(struct cpu_layout *layout, const char **what);

/* Proves *layout on another scratch engine: ring 3 to ring 0, a block of brief size, and 16-bit real mode.
 * False and the failed proof's name in *what on failure. */
bool cpu_layout_prove(const struct cpu_layout *layout, const char **what);

/* Puts uc into the power-on state by way of block, which must be of full size. FPU and SSE registers, MSRs and
 * debug registers keep their values. */
bool cpu_layout_reset(const struct cpu_layout *layout, uc_engine *uc, uc_context *block);

#endif
