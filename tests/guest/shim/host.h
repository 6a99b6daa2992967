/* Forced in front of every file under test (-include): see shim/mm/internal.h. */
#ifndef TESTS_GUEST_HOST_H
#define TESTS_GUEST_HOST_H

#define HOST_TEST 1
#define FAKE_RAM 0x60000000ul /* host address of physical 0; [FAKE_RAM, FAKE_RAM + FAKE_RAM_BYTES) is mapped lazily */
#define FAKE_RAM_BYTES 0x38000000ul
#define __pa(x) ((unsigned long)(x)-FAKE_RAM)
#define __va(x) ((void *)((unsigned long)(x) + FAKE_RAM))
/* No test reaches through an address of this area; it must not lie in what the task under test maps. */
#define VMALLOC_START 0xF0000000ul
/* The C library has symbols of these names. */
#define _text fake_kernel_text
#define _etext fake_kernel_etext
#define _edata fake_kernel_edata
#define _end fake_kernel_end

#endif
