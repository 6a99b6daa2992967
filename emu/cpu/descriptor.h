/*
 * Descriptors, gates and selectors as delivery reads them (SDM volume 3, chapters 3, 5 and 6).
 */
#ifndef FAULTLINE_CPU_DESCRIPTOR_H
#define FAULTLINE_CPU_DESCRIPTOR_H

#include "emu/cpu/internal.h"

#define SELECTOR_RPL 3u
#define SELECTOR_TABLE 4u
#define SELECTOR_INDEX 0xfff8u
#define ERROR_EXT 1u
#define ERROR_IDT 2u

struct descriptor {
    uint32_t low, high;
    uint64_t at; /* linear address */
};

struct cpu_segment descriptor_cache(uint16_t selector, struct descriptor descriptor);

static inline unsigned descriptor_dpl(struct descriptor d) { return d.high >> DESC_DPL_SHIFT & 3; }
static inline unsigned descriptor_type(struct descriptor d) { return d.high >> 8 & 15; }

/* The EXT bit of an error code for a fault met while delivering event. */
static inline uint32_t event_ext(const struct event *event) { return event->software ? 0 : ERROR_EXT; }

void descriptor_fault(struct event *second, uint8_t vector, uint32_t error_code);

/* Reads the descriptor of selector. A selector beyond its table is vector with the selector as error code. */
bool descriptor_read(struct cpu *cpu, uint16_t selector, uint8_t vector, uint32_t ext, struct descriptor *to,
                     struct event *second);
/* Sets the accessed bit in memory when it is clear. */
bool descriptor_mark(struct cpu *cpu, struct descriptor *descriptor, struct event *second);

/* Checks the code segment that a gate names. *inner: control goes to a lower level. */
bool descriptor_gate_code(struct cpu *cpu, uint16_t selector, uint32_t ext, unsigned cpl, struct descriptor *code,
                          bool *inner, struct event *second);

#endif
