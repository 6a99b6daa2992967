/*
 * In front of the kernel's own mm/internal.h when its files are compiled for the host: physical memory is an array at
 * a fixed address, the kernel image is two numbers, and interrupts and the TLB are functions of world.c.
 */
#ifndef TESTS_GUEST_SHIM_INTERNAL_H
#define TESTS_GUEST_SHIM_INTERNAL_H

#include "host.h"
#include_next "mm/internal.h"

#endif
