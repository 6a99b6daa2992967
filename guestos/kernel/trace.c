/* The guest's end of the trace port: asks once whether anybody listens, then hands over the address of each record. */
#include "kernel/trace.h"
#include "kernel/sched.h"
#include "asm/io.h"

bool trace_enabled;

void trace_init(void) { trace_enabled = inl(FLT_TRACE_PORT) == FLT_TRACE_MAGIC; }

void trace_emit(struct flt_record *record, u16 type, u16 bytes)
{
    record->type = type;
    record->bytes = bytes;
    record->task = (u32)current->pid;
    __asm__ volatile("outl %0, %1" : : "a"((u32)record), "d"((u16)FLT_TRACE_PORT) : "memory");
}
