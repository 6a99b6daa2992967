/* The tables of the MultiProcessor Specification 1.4: how a kernel finds the APICs and where interrupts arrive. */
#ifndef FIRMWARE_MPTABLE_H
#define FIRMWARE_MPTABLE_H

/* Builds them behind struct ebda, in the extended BIOS data area, from the chips and the PCI devices as they are set up
 * now. A machine without a local APIC or an I/O APIC gets none. */
void mptable_build(void);

#endif
