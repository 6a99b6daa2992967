/*
 * Builds the E820 map. The machine says where RAM is (fw_cfg's etc/e820, in the layout of INT 15h); what lies
 * between 640 KiB and 1 MiB, the extended BIOS data area and the ROM is the firmware's to add.
 */
#include "memory.h"
#include "fw_cfg.h"
#include "io.h"

#define FILE_ENTRIES_MAX (MEMORY_ENTRIES_MAX - 4) /* low RAM, EBDA, low ROM, high ROM are ours */
#define MIB_16 0x1000000ull
#define GIB_4 0x100000000ull
#define ROM_BYTES 0x10000u

/* Keeps the entries sorted by base. An entry that ends where it starts is left out. */
static void add(uint64_t base, uint64_t end, uint32_t type) {
    struct ebda *area = ebda();
    if (end <= base || area->count == MEMORY_ENTRIES_MAX)
        return;
    uint32_t at = area->count++;
    for (; at > 0 && entry_base(&area->entry[at - 1]) > base; at--)
        area->entry[at] = area->entry[at - 1];
    uint64_t length = end - base;
    area->entry[at] =
        (struct memory_entry){(uint32_t)base, (uint32_t)(base >> 32), (uint32_t)length, (uint32_t)(length >> 32), type};
}

static void add_above_one_mib(uint64_t base, uint64_t end, uint32_t type) {
    add(base < HIGH_MEMORY ? HIGH_MEMORY : base, end, type);
}

static bool add_from_fw_cfg(void) {
    struct fw_cfg_file file;
    if (!fw_cfg_find("etc/e820", &file))
        return false;
    uint32_t count = file.size / MEMORY_ENTRY_BYTES;
    for (uint32_t i = 0; i < count && i < FILE_ENTRIES_MAX; i++) {
        struct memory_entry entry;
        fw_cfg_read(&file, i * MEMORY_ENTRY_BYTES, &entry, sizeof entry);
        add_above_one_mib(entry_base(&entry), entry_end(&entry), entry.type);
    }
    return count > 0;
}

static uint32_t cmos(uint8_t index) {
    out8(0x70, index);
    return in8(0x71);
}

static void add_from_cmos(void) {
    uint64_t above_16_mib = (cmos(0x34) | cmos(0x35) << 8) * 0x10000ull;
    uint64_t above_1_mib = (cmos(0x30) | cmos(0x31) << 8) * 1024ull;
    uint64_t above_4_gib = (cmos(0x5B) | cmos(0x5C) << 8 | cmos(0x5D) << 16) * 0x10000ull;
    add(HIGH_MEMORY, above_16_mib ? MIB_16 + above_16_mib : HIGH_MEMORY + above_1_mib, MEMORY_RAM);
    add(GIB_4, GIB_4 + above_4_gib, MEMORY_RAM);
}

static void fill_size_calls(void) {
    struct ebda *area = ebda();
    uint32_t top = memory_top();
    uint32_t to_16_mib = top < MIB_16 ? top : (uint32_t)MIB_16;
    area->e801_low = (uint16_t)((to_16_mib - HIGH_MEMORY) / 1024);
    area->e801_high = (uint16_t)((top - to_16_mib) / 0x10000);
    uint32_t kib = (top - HIGH_MEMORY) / 1024;
    area->kib_88 = (uint16_t)(kib > 0xFFFF ? 0xFFFF : kib);
}

void memory_map_build(void) {
    struct ebda *area = ebda();
    area->kib = 1;
    area->count = 0;
    add(0, EBDA_START, MEMORY_RAM);
    add(EBDA_START, BASE_MEMORY_END, MEMORY_RESERVED);
    add(ROM_START, HIGH_MEMORY, MEMORY_RESERVED);
    add(GIB_4 - ROM_BYTES, GIB_4, MEMORY_RESERVED);
    if (!add_from_fw_cfg())
        add_from_cmos();
    fill_size_calls();
}

bool memory_is_ram(uint32_t base, uint64_t end) {
    const struct ebda *area = ebda();
    for (uint32_t i = 0; i < area->count; i++) {
        const struct memory_entry *entry = &area->entry[i];
        if (entry->type == MEMORY_RAM && base >= entry_base(entry) && end <= entry_end(entry) && end <= GIB_4)
            return true;
    }
    return false;
}

uint32_t memory_top(void) {
    const struct ebda *area = ebda();
    for (uint32_t i = 0; i < area->count; i++) {
        const struct memory_entry *entry = &area->entry[i];
        if (entry->type == MEMORY_RAM && entry_base(entry) == HIGH_MEMORY)
            return entry_end(entry) < GIB_4 ? (uint32_t)entry_end(entry) : UINT32_MAX;
    }
    return HIGH_MEMORY;
}

bool memory_is_ours(uint32_t base, uint64_t end) {
    return base < LOW_END || (base < BASE_MEMORY_END && end > WORK_START);
}
