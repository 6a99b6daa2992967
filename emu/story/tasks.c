/* Names of tasks and who belongs to the user's program. A direct-mapped table: bounded, and the same on every run. */
#include "emu/story/internal.h"

#include <string.h>

static struct story_task *slot_of(struct story_tasks *tasks, uint32_t pid) { return &tasks->slots[pid % STORY_TASKS]; }

const struct story_task *tasks_find(const struct story_tasks *tasks, uint32_t pid) {
    const struct story_task *task = &tasks->slots[pid % STORY_TASKS];
    return task->known && task->pid == pid ? task : NULL;
}

void tasks_copy_text(char *to, size_t to_size, const char *from, size_t from_size) {
    size_t at = 0;
    for (; at + 1 < to_size && at < from_size && from[at]; at++)
        to[at] = from[at] >= 0x20 && from[at] <= 0x7e ? from[at] : '?';
    to[at] = '\0';
}

static struct story_task *claim(struct story_tasks *tasks, uint32_t pid) {
    struct story_task *task = slot_of(tasks, pid);
    if (!task->known || task->pid != pid)
        *task = (struct story_task){.pid = pid, .known = true};
    return task;
}

void tasks_new(struct story_tasks *tasks, uint32_t pid, uint32_t parent, const char comm[16]) {
    const struct story_task *from = tasks_find(tasks, parent);
    bool program = from && from->program;
    struct story_task *task = claim(tasks, pid);
    task->program = program;
    tasks_copy_text(task->comm, sizeof task->comm, comm, 16);
}

void tasks_rename(struct story_tasks *tasks, uint32_t pid, const char comm[16]) {
    struct story_task *task = claim(tasks, pid);
    tasks_copy_text(task->comm, sizeof task->comm, comm, 16);
}

void tasks_mark_program(struct story_tasks *tasks, uint32_t pid) { claim(tasks, pid)->program = true; }

uint32_t story_current_task(const struct story *story) { return story->current_pid; }

const char *story_task_name(const struct story *story, uint32_t pid) {
    const struct story_task *task = tasks_find(&story->tasks, pid);
    return task ? task->comm : "";
}

/* A descendant that has not gone on to another program keeps the name. */
bool story_runs_program(const struct story *story, uint32_t pid, uint32_t of) {
    const struct story_task *task = tasks_find(&story->tasks, pid), *program = tasks_find(&story->tasks, of);
    return task && program && task->program && strcmp(task->comm, program->comm) == 0;
}
