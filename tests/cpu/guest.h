/*
 * A small bare machine for CPU tests: RAM, a ROM that goes from the reset vector to 32-bit protected mode
 * (tests/cpu/rom.S), and tables that the test fills in. No devices but these ports:
 *   0xF4 write: stop   0xE0 write: logged   0xE1 read: counts up   0xE2 write: raises the interrupt line with that
 * vector   0xE3 write: an NMI   0xE5 write: cpu_set_call(), whose calls are logged
 *
 * Low memory: parameters of the ROM at 500, GDT 800, IDT 1000, TSS 1900, ring 0 stack below 8000, ring 3 stack
 * below 9000, handlers A000 (one a vector, each stops the machine), the snippet at 20000, page directory 30000,
 * page tables 31000 (the first 4 MiB mapped one to one, user, writable).
 */
#ifndef FAULTLINE_TESTS_GUEST_H
#define FAULTLINE_TESTS_GUEST_H

#include "emu/cpu/cpu.h"

#include <stdio.h>

#define GUEST_RAM_BYTES (4u << 20)
#define GUEST_GDT 0x800u
#define GUEST_IDT 0x1000u
#define GUEST_TSS 0x1900u
#define GUEST_STACK0 0x8000u
#define GUEST_STACK3 0x9000u
#define GUEST_HANDLERS 0xa000u
#define GUEST_HANDLER_BYTES 8u
#define GUEST_CODE 0x20000u
#define GUEST_PD 0x30000u
#define GUEST_PT 0x31000u

#define SEL_CODE0 0x08u
#define SEL_DATA0 0x10u
#define SEL_CODE3 0x1bu
#define SEL_DATA3 0x23u
#define SEL_TSS 0x28u
#define SEL_CODE64 0x30u
#define SEL_CODE64_3 0x3bu
#define SEL_CODE16 0x40u
#define SEL_DATA16 0x48u
#define SEL_TSS2 0x50u

#define GUEST_LOG 4096u

struct guest_event {
    struct cpu_delivery delivery;
    uint64_t blocks, cr2;
};

struct guest {
    struct cpu *cpu;
    uint8_t *ram, *rom;
    struct mmu_region region[4];
    struct mmu_memory memory;
    uint32_t log[GUEST_LOG]; /* port 0xE0 */
    unsigned logged;
    struct guest_event event[GUEST_LOG];
    unsigned events;
    uint64_t fault_address; /* of the last page fault */
    uint32_t fault_error;
    uint8_t fault_bytes;
    unsigned faults, mmio_reads, mmio_writes;
    uint64_t mmio_address;
    int vector;               /* waiting interrupt, -1 for none */
    uint64_t interrupt_every; /* blocks; 0: never */
    uint32_t port_count;
    uint64_t apic_base;
    bool stop_on_fault, stopped; /* stopped: port 0xF4 was written */
};

/* What the ROM does before it jumps to GUEST_CODE. */
struct guest_setup {
    bool paging, ring3;
    uint32_t cr0_or, cr4, eflags;
};

void guest_create(struct guest *guest);
/* A new CPU that tells of A and D bits. Before the first run. */
void guest_watch_entries(struct guest *guest, void (*on_entry_update)(void *owner, const struct mmu_walk *walk));
void guest_destroy(struct guest *guest);
void guest_load(struct guest *guest, uint32_t at, const void *from, const void *end);
/* Loads the snippet at GUEST_CODE and writes the ROM's parameters; the CPU is at reset. */
void guest_prepare(struct guest *guest, const void *from, const void *end, struct guest_setup setup);
/* Runs at most limit blocks from now; returns the reason. */
enum cpu_stop guest_run(struct guest *guest, uint64_t limit);

void guest_put32(struct guest *guest, uint32_t at, uint32_t value);
void guest_put64(struct guest *guest, uint32_t at, uint64_t value);
uint32_t guest_get32(const struct guest *guest, uint32_t at);
void guest_gate(struct guest *guest, unsigned vector, uint32_t offset, uint16_t selector, uint8_t type_dpl);
void guest_map(struct guest *guest, uint32_t linear, uint32_t entry);
struct cpu_registers guest_registers(struct guest *guest);
/* The last delivery, or a vector of 0xff when there was none. */
struct guest_event guest_last(const struct guest *guest);

/* A snippet from snippets.S. */
#define SNIPPET(name) extern const uint8_t snippet_##name[], snippet_##name##_end[]
#define CODE(name) snippet_##name, snippet_##name##_end

#endif
