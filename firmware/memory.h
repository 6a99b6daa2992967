/*
 * The firmware's own memory, and the map of the guest's.
 *
 *   0x00000 - 0x00500   real-mode interrupt vectors, BIOS data area
 *   0x90000 - 0x9FC00   variables from below, stack from above (firmware.ld); Multiboot information
 *   0x9FC00 - 0xA0000   extended BIOS data area: struct ebda, read by INT 15h, and the MP table; reported as reserved
 *   0xF0000 - 0x100000  this ROM
 *
 * Ranges are half-open. Nothing that comes out of a file is put into the first three.
 */
#ifndef FIRMWARE_MEMORY_H
#define FIRMWARE_MEMORY_H

#define LOW_END 0x500
#define WORK_START 0x90000
#define STACK_TOP 0x9FC00
#define EBDA_START 0x9FC00
#define EBDA_SEGMENT 0x9FC0
#define BASE_MEMORY_END 0xA0000
#define ROM_START 0xF0000
#define HIGH_MEMORY 0x100000

/* Byte offsets into struct ebda for the assembly. */
#define EBDA_E801_LOW 2
#define EBDA_E801_HIGH 4
#define EBDA_KIB_88 6
#define EBDA_COUNT 8
#define EBDA_ENTRIES 12

#define MEMORY_ENTRY_BYTES 20
#define MEMORY_ENTRIES_MAX 32

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum memory_type { MEMORY_RAM = 1, MEMORY_RESERVED = 2 };

struct memory_entry {
    uint32_t base_low, base_high, length_low, length_high;
    uint32_t type; /* enum memory_type, or what the machine says */
};
_Static_assert(sizeof(struct memory_entry) == MEMORY_ENTRY_BYTES, "INT 15h E820 layout");

struct ebda {
    uint16_t kib; /* size of this area */
    uint16_t e801_low, e801_high, kib_88;
    uint32_t count;
    struct memory_entry entry[MEMORY_ENTRIES_MAX]; /* sorted by base */
};
_Static_assert(offsetof(struct ebda, e801_low) == EBDA_E801_LOW, "assembly");
_Static_assert(offsetof(struct ebda, e801_high) == EBDA_E801_HIGH, "assembly");
_Static_assert(offsetof(struct ebda, kib_88) == EBDA_KIB_88, "assembly");
_Static_assert(offsetof(struct ebda, count) == EBDA_COUNT, "assembly");
_Static_assert(offsetof(struct ebda, entry) == EBDA_ENTRIES, "assembly");
_Static_assert(sizeof(struct ebda) <= BASE_MEMORY_END - EBDA_START, "fits its area");

static inline struct ebda *ebda(void) { return (struct ebda *)EBDA_START; }

static inline uint64_t entry_base(const struct memory_entry *entry) {
    return (uint64_t)entry->base_high << 32 | entry->base_low;
}

static inline uint64_t entry_end(const struct memory_entry *entry) {
    return entry_base(entry) + ((uint64_t)entry->length_high << 32 | entry->length_low);
}

/* Fills ebda() from fw_cfg's etc/e820 file, from CMOS when there is none. */
void memory_map_build(void);

/* True when [base, end) lies in one run of RAM below 4 GiB. */
bool memory_is_ram(uint32_t base, uint64_t end);

/* End of the RAM that starts at 1 MiB, HIGH_MEMORY when there is none; at most 4 GiB - 1. */
uint32_t memory_top(void);

/* True when [base, end) touches memory that the firmware uses itself. */
bool memory_is_ours(uint32_t base, uint64_t end);
#endif

#endif
