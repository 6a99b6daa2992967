/* PCI devices as a PC's firmware leaves them. */
#ifndef FIRMWARE_PCI_H
#define FIRMWARE_PCI_H

/* Every base address register of bus 0 that fits its window has an address there, its device decodes it and may be bus
 * master; interrupt pins reach IRQ 10 and 11, level-triggered, and the interrupt line registers say which. A
 * machine without a PCI bus is left as it is. */
void pci_init(void);

#endif
