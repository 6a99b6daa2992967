/* The one function of a fuzz target, called by libFuzzer or by fuzz_driver.c. */
#ifndef FAULTLINE_TESTS_STORY_FUZZ_H
#define FAULTLINE_TESTS_STORY_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
