/*
 * Events to the emulator's trace port (faultline/trace_abi.h). With no port there trace_enabled stays false and
 * each call costs one predicted branch. Implemented in kernel/trace.c.
 */
#ifndef _KERNEL_TRACE_H
#define _KERNEL_TRACE_H

#include "lib/kernel.h"
#include "faultline/trace_abi.h"

extern bool trace_enabled;
void trace_init(void);
/* Fills head (type, bytes, task = current pid) and emits the record. Any context. */
void trace_emit(struct flt_record *record, u16 type, u16 bytes);

#define TRACE(type, structure, ...)                                                                                    \
    do {                                                                                                               \
        if (unlikely(trace_enabled)) {                                                                                 \
            struct structure __record = {.head = {0}, __VA_ARGS__};                                                    \
            trace_emit(&__record.head, type, sizeof(__record));                                                        \
        }                                                                                                              \
    } while (0)

#endif
