/*
 * The guest's end of the trace port: asks once whether anybody listens, then hands over the address of each record.
 *
 * trace_emit() is written by hand for its last two instructions: they are the piece of code that the port was told of,
 * which the emulator notices for a fraction of an OUT. The frame pointer is there for it to find who calls.
 */
#include "kernel/trace.h"
#include "kernel/sched.h"
#include "asm/io.h"

bool trace_enabled;
extern const char trace_call[];

_Static_assert(offsetof(struct task_struct, pid) == 8 && offsetof(struct flt_record, bytes) == 2 &&
                   offsetof(struct flt_record, task) == 4 && offsetof(struct flt_record, type) == 0,
               "trace_emit() knows these places");

__asm__(".pushsection .text\n"
        ".globl trace_emit\n"
        ".type trace_emit, @function\n"
        "trace_emit:\n"
        "    pushl %ebp\n"
        "    movl %esp, %ebp\n"
        "    movl 8(%ebp), %ecx\n"  /* record */
        "    movl 12(%ebp), %eax\n" /* type */
        "    movl 16(%ebp), %edx\n" /* bytes */
        "    movw %ax, (%ecx)\n"
        "    movw %dx, 2(%ecx)\n"
        "    movl current_task, %eax\n"
        "    movl 8(%eax), %eax\n"
        "    movl %eax, 4(%ecx)\n"
        "    jmp trace_call\n"
        ".globl trace_call\n"
        "trace_call:\n"
        "    leave\n"
        "    ret\n"
        ".size trace_emit, . - trace_emit\n"
        ".popsection");

void trace_init(void)
{
    trace_enabled = inl(FLT_TRACE_PORT) == FLT_TRACE_MAGIC;
    if (trace_enabled)
        outl((u32)trace_call, FLT_TRACE_CALL_PORT);
}
