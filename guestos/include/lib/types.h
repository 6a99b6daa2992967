/* Basic types of the guest. Freestanding; the host's unit tests compile these headers too (with -m32). */
#ifndef _LIB_TYPES_H
#define _LIB_TYPES_H

#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u32 gfp_t;
typedef s32 pid_t;
typedef s64 loff_t;
typedef s32 ssize_t;
typedef u16 umode_t;
typedef u32 dev_t;

typedef struct {
    volatile int counter;
} atomic_t;

#define __user /* a pointer into the current process's memory: only through asm/uaccess.h */

#endif
