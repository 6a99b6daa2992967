/* Resource usage: struct rusage of i386, kernel/resource.c. */
#ifndef _KERNEL_RESOURCE_H
#define _KERNEL_RESOURCE_H

#include "kernel/sched.h"

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_BOTH (-2)
#define RUSAGE_THREAD 1

struct rusage {
    u32 utime_sec, utime_usec, stime_sec, stime_usec;
    u32 maxrss; /* KiB */
    u32 ixrss, idrss, isrss;
    u32 minflt, majflt;
    u32 nswap, inblock, oublock, msgsnd, msgrcv, nsignals;
    u32 nvcsw, nivcsw;
};

_Static_assert(sizeof(struct rusage) == 72, "i386 ABI");

void get_rusage(const struct task_struct *task, int who, struct rusage *usage);

#endif
