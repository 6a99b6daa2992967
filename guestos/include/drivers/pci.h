/* The PCI bus: the functions on it, found once at boot. drivers/pci.c */
#ifndef _DRIVERS_PCI_H
#define _DRIVERS_PCI_H

#include "lib/list.h"

#define PCI_NO_IRQ 0xffu

struct pci_dev {
    struct list_head list;
    u8 bus, devfn; /* devfn: slot << 3 | function */
    u16 vendor, device, subsystem_device;
    u8 irq;          /* line of the interrupt controller; PCI_NO_IRQ: none */
    u16 io_base[6];  /* by BAR; 0: not a range of ports */
    u32 io_bytes[6]; /* a power of two */
};

extern struct list_head pci_devices;                       /* in order of bus, slot, function */
u32 pci_read_config(const struct pci_dev *dev, u8 offset); /* the aligned word that holds offset */
void pci_write_config(const struct pci_dev *dev, u8 offset, u32 value);
void pci_enable_device(const struct pci_dev *dev); /* answers on its ports, may read and write memory */

#endif
