/* The toy kernel's file in memory, and pseudo-random numbers that are the same on every host. */
#ifndef FAULTLINE_TESTS_STORY_TOY_H
#define FAULTLINE_TESTS_STORY_TOY_H

#include <stddef.h>
#include <stdint.h>

/* Reads a whole file; ends the program with a sentence when it cannot. The caller frees. */
uint8_t *toy_read_file(const char *path, size_t *size);

/* xorshift64*: *state must not be zero. */
uint64_t toy_random(uint64_t *state);

#endif
