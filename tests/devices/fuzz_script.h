/* A fuzzer's bytes as a script, and what must hold: shared by the device fuzzers. */
#ifndef TESTS_DEVICES_FUZZ_SCRIPT_H
#define TESTS_DEVICES_FUZZ_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct script {
    const uint8_t *at, *end;
};

static inline void demand(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

/* Little-endian; zeroes behind the end. */
static inline uint32_t take(struct script *script, unsigned bytes) {
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes && script->at < script->end; i++)
        value |= (uint32_t)*script->at++ << (8 * i);
    return value;
}

#endif
