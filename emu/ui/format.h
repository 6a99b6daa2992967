/*
 * Numbers in words that people read: thousands apart, addresses in groups of four digits, bytes and times with a unit.
 * Results are values, so that they can stand in an argument list.
 */
#ifndef FAULTLINE_FORMAT_H
#define FAULTLINE_FORMAT_H

#include "emu/ui/draw.h"

struct words {
    char text[160];
};

struct words format_words(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct words format_count(uint64_t n);                        /* 16 384 */
struct words format_address(uint64_t value, unsigned digits); /* 4001 2008; digits is the least number */
struct words format_bytes(uint64_t bytes);                    /* 148 KiB, 1.2 MiB, 64 MiB */
struct words format_clock(uint64_t ns);                       /* 41.382 116 ms */
struct words format_duration(uint64_t ns);                    /* 4.7 us with the Greek letter */

#endif
