/* Names of tasks by process id, as the events of a trace tell them. */
#ifndef FAULTLINE_EXPORT_TASKS_H
#define FAULTLINE_EXPORT_TASKS_H

#include "emu/export/trace_reader.h"

struct task_name {
    uint32_t pid;
    bool used;
    char comm[17]; /* printable ASCII */
};

struct task_names {
    struct task_name *slots; /* open addressing; capacity is a power of two */
    size_t count, capacity;
    bool failed; /* no memory for more; what is known stays */
};

void tasks_free(struct task_names *tasks);
/* Learns from every entry that names a task; call it for each in order. */
void tasks_learn(struct task_names *tasks, const struct trace_entry *entry);
/* "hog"; "idle" for 0, "?" for one that was never named. */
const char *tasks_comm(const struct task_names *tasks, uint32_t pid);

#endif
