/* See tasks.h. A pid's name is the last that was told; a pid that is used again gets its new name by task_new. */
#include "emu/export/tasks.h"

#include <stdlib.h>
#include <string.h>

void tasks_free(struct task_names *tasks) {
    free(tasks->slots);
    *tasks = (struct task_names){0};
}

static struct task_name *slot_of(const struct task_names *tasks, uint32_t pid) {
    size_t at = pid * 2654435761u;
    while (tasks->slots[at & (tasks->capacity - 1)].used && tasks->slots[at & (tasks->capacity - 1)].pid != pid)
        at++;
    return &tasks->slots[at & (tasks->capacity - 1)];
}

static bool grow(struct task_names *tasks) {
    struct task_names larger = {.count = tasks->count, .capacity = tasks->capacity ? tasks->capacity * 2 : 64};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < tasks->capacity; i++)
        if (tasks->slots[i].used)
            *slot_of(&larger, tasks->slots[i].pid) = tasks->slots[i];
    free(tasks->slots);
    *tasks = larger;
    return true;
}

static void set_name(struct task_names *tasks, uint32_t pid, const char *comm, size_t size) {
    if (2 * (tasks->count + 1) > tasks->capacity && !grow(tasks)) {
        tasks->failed = true;
        return;
    }
    struct task_name *name = slot_of(tasks, pid);
    size_t length = 0;
    tasks->count += !name->used;
    name->used = true;
    name->pid = pid;
    for (; length < size && length < sizeof name->comm - 1 && comm[length]; length++)
        name->comm[length] = comm[length] >= 0x20 && comm[length] <= 0x7e ? comm[length] : '?';
    name->comm[length] = '\0';
}

void tasks_learn(struct task_names *tasks, const struct trace_entry *entry) {
    const void *record = &entry->record;
    if (entry->kind == TRACE_FAULT && entry->fault.comm[0]) {
        set_name(tasks, entry->fault.pid, entry->fault.comm, sizeof entry->fault.comm);
    } else if (entry->kind == TRACE_EVENT && entry->record.head.type == FLT_TASK_NEW) {
        const struct flt_task_new *new = record;
        set_name(tasks, new->pid, new->comm, sizeof new->comm);
    } else if (entry->kind == TRACE_EVENT && entry->record.head.type == FLT_TASK_RENAME) {
        const struct flt_task_rename *rename = record;
        set_name(tasks, rename->pid, rename->comm, sizeof rename->comm);
    }
}

const char *tasks_comm(const struct task_names *tasks, uint32_t pid) {
    if (pid == 0)
        return "idle";
    const struct task_name *name = tasks->capacity ? slot_of(tasks, pid) : NULL;
    return name && name->used && name->comm[0] ? name->comm : "?";
}
