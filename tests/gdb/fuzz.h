/* The fuzz target of the stub and what its drivers ask of it. */
#ifndef FAULTLINE_TESTS_GDB_FUZZ_H
#define FAULTLINE_TESTS_GDB_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Boots the machine that the bytes are for: ROM, kernel, initramfs. Exits when it cannot. */
void fuzz_begin(const char *rom, const char *kernel, const char *initramfs);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out so far. */
struct fuzz_counts {
    uint64_t replies, errors, unknown, stops, bytes;
};
const struct fuzz_counts *fuzz_counts(void);
void fuzz_end(void);

#endif
