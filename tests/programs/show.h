/* For the conformance programs: one line for each fact, the same text on the host and in the guest. */
#ifndef SHOW_H
#define SHOW_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The result of a call: a number, or the number of its error. */
static inline long show(const char *what, long result)
{
    if (result == -1)
        printf("%s: error %d\n", what, errno);
    else
        printf("%s: %ld\n", what, result);
    return result;
}

/* As show, where only success matters: addresses, descriptors, process numbers. */
static inline long show_ok(const char *what, long result)
{
    if (result == -1)
        printf("%s: error %d\n", what, errno);
    else
        printf("%s: ok\n", what);
    return result;
}

static inline void show_bool(const char *what, bool value) { printf("%s: %s\n", what, value ? "yes" : "no"); }

/* An address that is mapped nowhere, made so that the compiler does not know it. */
static inline void *bad_address(void) { return (void *)strtoul("16", NULL, 10); }

static inline uint32_t checksum(const void *data, size_t size)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const uint8_t *)data)[i]) * 16777619u;
    return sum;
}

#endif
