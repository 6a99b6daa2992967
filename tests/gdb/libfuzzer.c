/* fuzz_stub.c under libFuzzer. The images are named by the environment: FAULTLINE_ROM, FAULTLINE_KERNEL,
 * FAULTLINE_INITRAMFS. */
#include "tests/gdb/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    fuzz_begin(getenv("FAULTLINE_ROM"), getenv("FAULTLINE_KERNEL"), getenv("FAULTLINE_INITRAMFS"));
    return 0;
}
