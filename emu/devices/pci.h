/*
 * The PCI bus of a PC with the Intel 440FX chipset: configuration mechanism 1 (0xCF8, 0xCFC), the host bridge at
 * 00:00.0, the PIIX3 ISA bridge at 00:01.0 and what is plugged into the slots 2 to 31.
 *
 *     0xCF8   bit 31 enable, 23-16 bus, 15-11 slot, 10-8 function, 7-0 register; takes 32-bit accesses only
 *     0xCFC   the selected register; 1, 2 or 4 bytes from any of the four ports
 *
 *     INTA of slot s --> PIRQ (s - 1) mod 4 --> register 0x60 + PIRQ of the PIIX3 --> input of the 8259s
 *
 * What it keeps true:
 *   - a function that does not exist reads as all ones and takes no write; a register's bit changes only where its
 *     write mask is set, so that a base address register says its size when ones are written to it;
 *   - an I/O base address register is decoded while bit 0 of the command register is set and its range lies in
 *     1 .. 65535; the board hears of every change before the write ends, and asks pci_io_ranges();
 *   - an interrupt input is high while any line that is routed to it is: the inputs are wired for level interrupts,
 *     what the guest says by the ELCR registers. Changing a route takes the old input down.
 *
 * Source: PCI Local Bus Specification 2.1, sections 3.7.4.1 and 6; Intel 82441FX and 82371SB (PIIX3) data sheets. Where
 * those leave a choice, QEMU's pc machine is followed (tests/boot/judge_pci.c).
 */
#ifndef FAULTLINE_PCI_H
#define FAULTLINE_PCI_H

#include "emu/devices/device.h"

#define PCI_SLOTS 32u
#define PCI_FIRST_FREE_SLOT 2u
#define PCI_CONFIG_BYTES 256u
#define PCI_PIRQS 4u

#define PCI_COMMAND 0x04u
#define PCI_COMMAND_IO 0x001u
#define PCI_COMMAND_MASTER 0x004u

/* One function of a slot, a part of its device. */
struct pci_function {
    uint8_t config[PCI_CONFIG_BYTES];
    uint8_t writable[PCI_CONFIG_BYTES];  /* bits that a write changes */
    uint8_t write_one[PCI_CONFIG_BYTES]; /* bits that writing 1 clears */
    struct io_range io;                  /* base address register 0; count 0: none. base is where it is decoded now */
    bool decoded;
    bool interrupt;  /* level of INTA */
    struct pci *pci; /* NULL until it is plugged in */
    unsigned slot;
};

/* What tells one device from another. */
struct pci_identity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* class << 16 | subclass << 8 | programming interface */
    uint8_t revision;
    bool has_interrupt; /* pin INTA */
};

struct pci {
    struct pci_function host_bridge, isa_bridge;
    struct pci_function *slot[PCI_SLOTS];
    uint32_t address;      /* 0xCF8 */
    uint16_t driven;       /* interrupt inputs that are high */
    struct irq_line input; /* its number is not looked at: the input's takes its place */
    void (*io_changed)(void *owner);
    void *owner;
};

/* ram_bytes: what the host bridge's registers tell of guest RAM. input: .set is called with the number 0 .. 15 of the
 * 8259s' input. io_changed(owner), may be NULL: what pci_io_ranges() tells is different now; called inside the port
 * write that changed it. */
void pci_init(struct pci *pci, uint64_t ram_bytes, struct irq_line input, void (*io_changed)(void *owner), void *owner);

/* Makes a function's registers. io: its ports, of which base is ignored; count is 0 or a power of two from 4 on. */
void pci_function_init(struct pci_function *function, const struct pci_identity *identity, struct io_range io);
/* Plugs it into the first free slot; false when all are taken. The function must outlive the bus. */
bool pci_plug(struct pci *pci, struct pci_function *function);

void pci_set_interrupt(struct pci_function *function, bool level);
uint16_t pci_command(const struct pci_function *function);
/* For devices that set bits of their own command register. */
void pci_set_command(struct pci_function *function, uint16_t command);

/* The ranges that are decoded now, at most PCI_SLOTS, by slot. */
unsigned pci_io_ranges(const struct pci *pci, struct io_range ranges[PCI_SLOTS]);

/* ranges[0] has four ports from 0xCF8. The byte at 0xCF9 belongs to the reset register, which the board maps on top. */
#define PCI_RANGES 2
void pci_ranges(struct pci *pci, struct io_range ranges[PCI_RANGES]);

#endif
