/* The ring of tasks, from init_task. It is walked until it closes, at most KV_TASKS_MAX steps. */
#include "emu/kernelview/internal.h"

#include <stdlib.h>

bool task_read(struct reader *reader, uint64_t address, struct kv_task *to, uint64_t *mm, uint64_t *next) {
    const struct layout *layout = reader->layout;
    uint8_t task[KV_STRUCT_MAX], parent[KV_STRUCT_MAX];
    if (!reader_copy(reader, address, task, layout->task_bytes))
        return false;
    *to = (struct kv_task){.pid = (int32_t)member_of(task, layout->task_pid),
                           .state = (int32_t)member_of(task, layout->task_state)};
    uint32_t name = layout->task_comm.count < sizeof to->comm ? layout->task_comm.count : sizeof to->comm;
    reader_string(reader, address + layout->task_comm.offset, name, to->comm, sizeof to->comm);
    uint64_t above = member_of(task, layout->task_parent);
    if (above && reader_copy(reader, above, parent, layout->task_bytes))
        to->parent = (int32_t)member_of(parent, layout->task_pid);
    *mm = member_of(task, layout->task_mm);
    *next = member_of(task, layout->task_list);
    to->has_mm = *mm != 0 && space_pgd(reader, *mm, &to->pgd_phys);
    return true;
}

/* The ring's pointers name the list member inside the next task. */
static uint64_t task_of(const struct layout *layout, uint64_t list) {
    return (list - layout->task_list.offset) & UINT32_MAX;
}

static bool add_task(struct kv_snapshot *snapshot, size_t *capacity, const struct kv_task *task) {
    if (snapshot->task_count == *capacity) {
        size_t wanted = *capacity ? 2 * *capacity : 32;
        struct kv_task *bigger = reallocarray(snapshot->tasks, wanted, sizeof *bigger);
        if (!bigger)
            return false;
        snapshot->tasks = bigger;
        *capacity = wanted;
    }
    snapshot->tasks[snapshot->task_count++] = *task;
    return true;
}

void tasks_read(struct reader *reader, struct kv_snapshot *snapshot) {
    const struct layout *layout = reader->layout;
    uint64_t current = reader_word(reader, layout->current_task), address = layout->init_task, mm, list;
    size_t capacity = 0;
    for (unsigned i = 0; i < KV_TASKS_MAX; i++) {
        struct kv_task task;
        if (!task_read(reader, address, &task, &mm, &list))
            return;
        task.current = address == current;
        if (!add_task(snapshot, &capacity, &task))
            return;
        address = task_of(layout, list);
        if (address == layout->init_task)
            return;
    }
    reader->torn = true;
}

uint64_t kv_tasks_find(struct reader *reader, int pid) {
    const struct layout *layout = reader->layout;
    if (pid < 0)
        return reader_word(reader, layout->current_task);
    uint64_t address = layout->init_task;
    for (unsigned i = 0; i < KV_TASKS_MAX; i++) {
        if ((int32_t)reader_word(reader, address + layout->task_pid.offset) == pid)
            return address;
        address = task_of(layout, reader_word(reader, address + layout->task_list.offset));
        if (address == layout->init_task)
            return 0;
    }
    reader->torn = true;
    return 0;
}

static bool has_space(const struct task_space *spaces, size_t count, uint64_t mm) {
    for (size_t i = count; i-- > 0;) /* a thread follows its leader closely */
        if (spaces[i].mm == mm)
            return true;
    return false;
}

/* The next place of an array that grows; NULL: no memory. */
static struct task_space *next_space(struct task_space **spaces, size_t count) {
    bool full = (count & (count - 1)) == 0 && (count == 0 || count >= 32);
    size_t wanted = count ? 2 * count : 32;
    struct task_space *bigger = full ? reallocarray(*spaces, wanted, sizeof *bigger) : *spaces;
    if (!bigger)
        return NULL;
    *spaces = bigger;
    return bigger + count;
}

size_t tasks_spaces(struct reader *reader, struct task_space **to) {
    const struct layout *layout = reader->layout;
    uint64_t address = layout->init_task;
    size_t count = 0;
    *to = NULL;
    for (unsigned i = 0; i < KV_TASKS_MAX; i++) {
        struct task_space found = {.mm = reader_word(reader, address + layout->task_mm.offset)}, *place;
        if (found.mm && !has_space(*to, count, found.mm) && space_pgd(reader, found.mm, &found.pgd_phys)) {
            found.pid = (int32_t)reader_word(reader, address + layout->task_pid.offset);
            reader_string(reader, address + layout->task_comm.offset, sizeof found.comm - 1, found.comm,
                          sizeof found.comm);
            if (!(place = next_space(to, count)))
                return count;
            *place = found;
            count++;
        }
        address = task_of(layout, reader_word(reader, address + layout->task_list.offset));
        if (address == layout->init_task)
            return count;
    }
    reader->torn = true;
    return count;
}
