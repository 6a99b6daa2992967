#ifndef FAULTLINE_TESTS_MMU_FUZZ_H
#define FAULTLINE_TESTS_MMU_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_OUTCOMES 16u

/* How often each enum mmu_rule was the outcome of a translation (0: none refused) in this process, so that the
 * driver can tell inputs that reach the rules from inputs that do not. */
const uint64_t *fuzz_outcomes(void);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
