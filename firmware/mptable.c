/*
 * The MP floating pointer, which kernels look for in the first KiB of the extended BIOS data area, and the table behind
 * it (MultiProcessor Specification 1.4, chapter 4): one CPU, the PCI and the ISA bus, one I/O APIC, and an entry for
 * each interrupt.
 *
 *     ISA IRQ n  -> pin n, the timer -> pin 2          edge, high
 *     PCI pin    -> the pin of the ISA IRQ that its PIRQ is routed to; level. That IRQ gets no ISA entry.
 *     8259 pair  -> LINT0 as ExtINT; NMI -> LINT1      the machine is entered in virtual wire mode
 */
#include "mptable.h"
#include "chips.h"
#include "io.h"
#include "memory.h"

#include <stdbool.h>

#define LOCAL_APIC 0xFEE00000u
#define LOCAL_APIC_ID 0x20u
#define LOCAL_APIC_VERSION 0x30u
#define IO_APIC 0xFEC00000u
#define IO_APIC_ID_VALUE 1u

#define BUS_PCI 0u
#define BUS_ISA 1u
#define ISA_IRQS 16u
#define TIMER_IRQ 0u
#define CASCADE_IRQ 2u
#define FLAGS_CONFORM 0u
#define FLAGS_LEVEL_HIGH 0x0Du
#define CPU_ENABLED_BOOT 3u
#define PCI_FUNCTIONS 256u
#define PCI_REGISTER_ID 0x00u
#define PCI_REGISTER_INTERRUPT 0x3Cu

enum entry_type { ENTRY_CPU, ENTRY_BUS, ENTRY_IO_APIC, ENTRY_INTERRUPT, ENTRY_LOCAL_INTERRUPT };
enum interrupt_type { INTERRUPT_INT, INTERRUPT_NMI, INTERRUPT_SMI, INTERRUPT_EXTINT };

struct floating_pointer {
    char signature[4];
    uint32_t table;
    uint8_t paragraphs, revision, checksum, feature[5];
};

struct table {
    char signature[4];
    uint16_t bytes;
    uint8_t revision, checksum;
    char oem[8], product[12];
    uint32_t oem_table;
    uint16_t oem_bytes, entries;
    uint32_t local_apic;
    uint16_t extended_bytes;
    uint8_t extended_checksum, reserved;
};

struct cpu_entry {
    uint8_t type, apic_id, apic_version, flags;
    uint32_t signature, features, reserved[2];
};

struct bus_entry {
    uint8_t type, id;
    char name[6];
};

struct io_apic_entry {
    uint8_t type, id, version, flags;
    uint32_t address;
};

struct interrupt_entry {
    uint8_t type, kind;
    uint16_t flags;
    uint8_t bus, bus_irq, apic, pin;
};

_Static_assert(sizeof(struct floating_pointer) == 16 && sizeof(struct table) == 44 && sizeof(struct cpu_entry) == 20 &&
                   sizeof(struct bus_entry) == 8 && sizeof(struct io_apic_entry) == 8 &&
                   sizeof(struct interrupt_entry) == 8,
               "MultiProcessor Specification, chapter 4");

#define POINTER_AT ((EBDA_START + sizeof(struct ebda) + 15) & ~15ul)
#define TABLE_AT (POINTER_AT + sizeof(struct floating_pointer))

static uint32_t apic_register(uint32_t at) { return *(volatile uint32_t *)(LOCAL_APIC + at); }

static uint32_t io_apic_register(uint32_t number) {
    *(volatile uint32_t *)IO_APIC = number;
    return *(volatile uint32_t *)(IO_APIC + 0x10);
}

static void copy_text(char *to, const char *from, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        to[i] = from[i];
}

static uint8_t checksum(const void *start, uint32_t bytes) {
    uint8_t sum = 0;
    for (uint32_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)start)[i]);
    return (uint8_t)-sum;
}

/* Room for another entry at the table's end, zeroed; NULL when the area is full. */
static void *append(struct table *table, uint32_t bytes) {
    uint8_t *at = (uint8_t *)table + table->bytes;
    if (at + bytes > (uint8_t *)BASE_MEMORY_END)
        return NULL;
    table->bytes = (uint16_t)(table->bytes + bytes);
    table->entries++;
    clear(at, bytes);
    return at;
}

static void add_cpu(struct table *table) {
    struct cpu_entry *cpu = append(table, sizeof *cpu);
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    cpu->type = ENTRY_CPU;
    cpu->apic_id = (uint8_t)(apic_register(LOCAL_APIC_ID) >> 24);
    cpu->apic_version = (uint8_t)apic_register(LOCAL_APIC_VERSION);
    cpu->flags = CPU_ENABLED_BOOT;
    cpu->signature = eax & 0xFFFu;
    cpu->features = edx;
}

static void add_bus(struct table *table, uint8_t id, const char *name) {
    struct bus_entry *bus = append(table, sizeof *bus);
    bus->type = ENTRY_BUS;
    bus->id = id;
    copy_text(bus->name, name, sizeof bus->name);
}

static void add_io_apic(struct table *table) {
    struct io_apic_entry *io_apic = append(table, sizeof *io_apic);
    *(volatile uint32_t *)IO_APIC = 0;
    *(volatile uint32_t *)(IO_APIC + 0x10) = IO_APIC_ID_VALUE << 24;
    *io_apic = (struct io_apic_entry){ENTRY_IO_APIC, IO_APIC_ID_VALUE, (uint8_t)io_apic_register(1), 1, IO_APIC};
}

static void add_interrupt(struct table *table, struct interrupt_entry from) {
    struct interrupt_entry *entry = append(table, sizeof *entry);
    if (entry)
        *entry = from;
}

static uint32_t pci_read(uint32_t function, uint32_t at) {
    out32(0xCF8, 0x80000000u | function << 8 | at);
    return in32(0xCFC);
}

/* Returns the set of IRQs that PCI devices use. */
static uint32_t add_pci_interrupts(struct table *table) {
    uint32_t used = 0;
    for (uint32_t function = 0; function < PCI_FUNCTIONS; function++) {
        if (pci_read(function, PCI_REGISTER_ID) == UINT32_MAX)
            continue;
        uint32_t both = pci_read(function, PCI_REGISTER_INTERRUPT), irq = both & 0xFFu, pin = both >> 8 & 0xFFu;
        if (pin < 1 || pin > 4 || irq == 0 || irq >= ISA_IRQS)
            continue;
        uint8_t source = (uint8_t)((function >> 3) << 2 | (pin - 1));
        add_interrupt(table, (struct interrupt_entry){ENTRY_INTERRUPT, INTERRUPT_INT, FLAGS_LEVEL_HIGH, BUS_PCI, source,
                                                      IO_APIC_ID_VALUE, (uint8_t)irq});
        used |= 1u << irq;
    }
    return used;
}

static void add_isa_interrupts(struct table *table, uint32_t taken) {
    for (uint32_t irq = 0; irq < ISA_IRQS; irq++) {
        if (irq == CASCADE_IRQ || (taken >> irq & 1u))
            continue;
        uint8_t pin = (uint8_t)(irq == TIMER_IRQ ? CASCADE_IRQ : irq);
        add_interrupt(table, (struct interrupt_entry){ENTRY_INTERRUPT, INTERRUPT_INT, FLAGS_CONFORM, BUS_ISA,
                                                      (uint8_t)irq, IO_APIC_ID_VALUE, pin});
    }
}

static void add_local_interrupts(struct table *table, uint8_t apic_id) {
    add_interrupt(table, (struct interrupt_entry){ENTRY_LOCAL_INTERRUPT, INTERRUPT_EXTINT, FLAGS_CONFORM, BUS_ISA, 0,
                                                  apic_id, 0});
    add_interrupt(table,
                  (struct interrupt_entry){ENTRY_LOCAL_INTERRUPT, INTERRUPT_NMI, FLAGS_CONFORM, BUS_ISA, 0, 0xFF, 1});
}

static void build_table(struct table *table) {
    clear(table, sizeof *table);
    copy_text(table->signature, "PCMP", sizeof table->signature);
    copy_text(table->oem, "FAULTLIN", sizeof table->oem);
    copy_text(table->product, "PC          ", sizeof table->product);
    table->revision = 4;
    table->bytes = sizeof *table;
    table->local_apic = LOCAL_APIC;
    add_cpu(table);
    add_bus(table, BUS_PCI, "PCI   ");
    add_bus(table, BUS_ISA, "ISA   ");
    add_io_apic(table);
    /* The few that every kernel needs come first, lest PCI fills the area. */
    add_local_interrupts(table, (uint8_t)(apic_register(LOCAL_APIC_ID) >> 24));
    uint16_t bytes = table->bytes, entries = table->entries;
    uint32_t used = add_pci_interrupts(table);
    table->bytes = bytes;
    table->entries = entries;
    add_isa_interrupts(table, used);
    add_pci_interrupts(table);
    table->checksum = checksum(table, table->bytes);
}

void mptable_build(void) {
    struct floating_pointer *pointer = (struct floating_pointer *)POINTER_AT;
    struct table *table = (struct table *)TABLE_AT;
    if (!has_local_apic() || io_apic_register(1) == UINT32_MAX)
        return;
    build_table(table);
    clear(pointer, sizeof *pointer);
    copy_text(pointer->signature, "_MP_", sizeof pointer->signature);
    pointer->table = (uint32_t)table;
    pointer->paragraphs = 1;
    pointer->revision = 4;
    pointer->checksum = checksum(pointer, sizeof *pointer);
}
