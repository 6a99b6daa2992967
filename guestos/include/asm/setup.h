/* Start-up of the machine, in the order of kernel/init.h. */
#ifndef _ASM_SETUP_H
#define _ASM_SETUP_H

#include "lib/types.h"

void setup_arch(u32 multiboot_magic, u32 multiboot_info_phys);
void numa_ask_machine(void); /* before paging_init */
void trap_init(void); /* IDT and TSS: from here on a fault is reported, not fatal to the machine */
void fpu_init(void);
void init_IRQ(void);
void time_init(void); /* PIT at HZ, date from the RTC; interrupts may be enabled after */

#endif
