/*
 * The tables of the MultiProcessor Specification 1.4, chapter 4: where the APICs are and which pin of the I/O APIC each
 * interrupt line arrives at.
 *
 * The table is the firmware's and may be anything: signatures, lengths and sums are checked, and no entry is looked at
 * that does not lie in the table as a whole. A PCI interrupt has the number of its pin as its line: the firmware wrote
 * that number into the device's interrupt line register.
 */
#include "asm/irq.h"
#include "mm/internal.h"

#define SIGNATURE_POINTER 0x5f504d5fu /* "_MP_" */
#define SIGNATURE_TABLE 0x504d4350u   /* "PCMP" */
#define BDA_EBDA_SEGMENT 0x40e
#define BDA_BASE_KIB 0x413
#define BIOS_START 0xf0000u
#define BIOS_END 0x100000u
#define BUSES 32

enum { MP_PROCESSOR, MP_BUS, MP_IOAPIC, MP_INTSRC, MP_LINTSRC };
#define MP_INT 0 /* an interrupt with a vector */
#define MP_IOAPIC_USABLE 1
#define POLARITY(flags) ((flags)&3)
#define POLARITY_LOW 3
#define TRIGGER(flags) ((flags) >> 2 & 3)
#define TRIGGER_CONFORMS 0
#define TRIGGER_LEVEL 3

struct mp_table {
    u32 signature;
    u16 length;
    u8 revision, checksum;
    char oem[8], product[12];
    u32 oem_table;
    u16 oem_length, entries;
    u32 lapic_addr, reserved;
} __attribute__((packed));

_Static_assert(sizeof(struct mp_table) == 44, "MultiProcessor Specification, 4.2");

struct mp_walk {
    struct mp_config *config;
    bool isa[BUSES], pci[BUSES];
};

static u8 sum_of(const u8 *at, unsigned long bytes)
{
    u8 sum = 0;

    while (bytes--)
        sum = (u8)(sum + *at++);
    return sum;
}

static u32 load16(const u8 *at) { return (u32)at[0] | (u32)at[1] << 8; }
static u32 load32(const u8 *at) { return (u32)at[0] | (u32)at[1] << 8 | (u32)at[2] << 16 | (u32)at[3] << 24; }

/* The floating pointer in [start, end) of physical memory, NULL: none. */
static const u8 *scan_for_pointer(u32 start, u32 end)
{
    for (u32 at = start; at + 16 <= end; at += 16) {
        const u8 *pointer = __va(at);
        if (load32(pointer) == SIGNATURE_POINTER && pointer[8] == 1 && sum_of(pointer, 16) == 0)
            return pointer;
    }
    return NULL;
}

static const u8 *find_pointer(void)
{
    u32 ebda = load16(__va(BDA_EBDA_SEGMENT)) << 4, kib = load16(__va(BDA_BASE_KIB));
    const u8 *pointer = NULL;

    if (ebda >= 0x400 && ebda + 1024 <= 0xa0000)
        pointer = scan_for_pointer(ebda, ebda + 1024);
    if (!pointer && kib >= 1 && kib <= 640)
        pointer = scan_for_pointer((kib - 1) * 1024, kib * 1024);
    return pointer ? pointer : scan_for_pointer(BIOS_START, BIOS_END);
}

static const struct mp_table *find_table(void)
{
    const u8 *pointer = find_pointer();
    u32 at = pointer ? load32(pointer + 4) : 0;
    const struct mp_table *table = __va(at);

    /* Below 1 MiB everything is mapped; above it stands what nobody has reserved for the table. */
    if (!at || at > BIOS_END - sizeof(*table) || table->signature != SIGNATURE_TABLE)
        return NULL;
    if (table->length < sizeof(*table) || table->length > BIOS_END - at || sum_of((const u8 *)table, table->length))
        return NULL;
    return table;
}

static void read_bus(struct mp_walk *walk, const u8 *entry)
{
    if (entry[1] >= BUSES)
        return;
    walk->isa[entry[1]] = !strncmp((const char *)entry + 2, "ISA", 3);
    walk->pci[entry[1]] = !strncmp((const char *)entry + 2, "PCI", 3);
}

static void read_io_apic(struct mp_config *config, const u8 *entry)
{
    if (!(entry[3] & MP_IOAPIC_USABLE) || config->ioapic_addr)
        return;
    config->ioapic_id = entry[1];
    config->ioapic_addr = load32(entry + 4);
}

static void read_interrupt(struct mp_walk *walk, const u8 *entry)
{
    struct mp_config *config = walk->config;
    u16 flags = (u16)(entry[2] | entry[3] << 8);
    u8 bus = entry[4], pin = entry[7];
    bool pci = bus < BUSES && walk->pci[bus];
    unsigned irq = pci ? pin : entry[5];

    if (entry[1] != MP_INT || bus >= BUSES || (!pci && !walk->isa[bus]) || irq >= NR_IRQS)
        return;
    config->pin[irq] = pin;
    config->level[irq] = TRIGGER(flags) == TRIGGER_LEVEL || (pci && TRIGGER(flags) == TRIGGER_CONFORMS);
    config->active_low[irq] = POLARITY(flags) == POLARITY_LOW || (pci && !POLARITY(flags));
}

/* Buses come before what refers to them (4.3). */
static void read_entry(struct mp_walk *walk, const u8 *entry)
{
    switch (entry[0]) {
    case MP_BUS: read_bus(walk, entry); break;
    case MP_IOAPIC: read_io_apic(walk->config, entry); break;
    case MP_INTSRC: read_interrupt(walk, entry); break;
    default: break;
    }
}

bool find_mp_config(struct mp_config *config)
{
    const struct mp_table *table = find_table();
    struct mp_walk walk = {.config = config};
    const u8 *at, *end;

    if (!table)
        return false;
    *config = (struct mp_config){.lapic_addr = table->lapic_addr};
    memset(config->pin, NO_PIN, sizeof(config->pin));
    at = (const u8 *)(table + 1);
    end = (const u8 *)table + table->length;
    while (at < end) {
        unsigned bytes = at[0] == MP_PROCESSOR ? 20 : 8;
        if (at[0] > MP_LINTSRC || bytes > (unsigned long)(end - at))
            break;
        read_entry(&walk, at);
        at += bytes;
    }
    if (!config->ioapic_addr || !config->lapic_addr || config->pin[0] == NO_PIN)
        return false;
    return !(config->lapic_addr & ~PAGE_MASK) && !(config->ioapic_addr & ~PAGE_MASK);
}
