/* The board's chips as a PC's firmware leaves them. */
#ifndef FIRMWARE_CHIPS_H
#define FIRMWARE_CHIPS_H

#include <stdbool.h>

bool has_local_apic(void);

/* PICs at vectors 0x08 and 0x70 with everything masked, passed on by the local APIC if there is one; timer 0 at
 * 18.2 Hz. */
void chips_init(void);

/* Real-mode vectors and the BIOS data area. */
void bios_area_init(void);

#endif
