/*
 * Whose address space is on show: the program's while it lives, else that of the task that runs; or that of a process
 * which somebody chose, until it ends. Looked up anew each time: a process may be gone whenever the machine has run.
 */
#include "emu/debug/internal.h"

#include <stdio.h>
#include <string.h>

static bool find_task(const struct session *session, int pid, struct kv_task *to) {
    return session->kernelview && pid > 0 &&
           kernelview_find_task(session->kernelview, machine_mmu(session->machine), pid, to);
}

bool session_show_task(struct session *session, int pid) {
    struct kv_task task;
    if (pid <= 0) {
        session->chosen_task = 0;
        return true;
    }
    if (!find_task(session, pid, &task))
        return false;
    session->chosen_task = pid;
    memcpy(session->chosen_comm, task.comm, sizeof session->chosen_comm);
    return true;
}

int session_chosen_task(const struct session *session) { return session->chosen_task ? session->chosen_task : -1; }

int session_space_task(const struct session *session) {
    struct kv_task task;
    if (session->chosen_task && find_task(session, session->chosen_task, &task))
        return session->chosen_task;
    return session->program_started && !session->program_ended ? (int)session->program_pid : -1;
}

bool session_task_ended(struct session *session, char *said, size_t size) {
    struct kv_task task;
    if (!session->chosen_task || find_task(session, session->chosen_task, &task))
        return false;
    snprintf(said, size, "%s (pid %d), whose address space was on show, has ended: the program is followed again",
             session->chosen_comm, session->chosen_task);
    session->chosen_task = 0;
    return true;
}

bool session_next_task(struct session *session, int direction) {
    struct kv_snapshot *now =
        session->kernelview
            ? kernelview_snapshot(session->kernelview, machine_mmu(session->machine), session_space_task(session))
            : NULL;
    size_t count = now ? now->task_count : 0, at = 0;
    int found = 0;
    while (at < count && now->tasks[at].pid != now->space.pid)
        at++;
    for (size_t i = 0; i < count && !found; i++) {
        at = (at % count + (direction < 0 ? count - 1 : 1)) % count;
        found = now->tasks[at].has_mm ? now->tasks[at].pid : 0;
    }
    kernelview_snapshot_free(now);
    return found > 0 && session_show_task(session, found);
}

struct mmu_context session_space(const struct session *session) {
    const struct mmu_context *mmu = machine_mmu(session->machine);
    struct mmu_context there = *mmu;
    struct kv_task task;
    if (session->chosen_task && find_task(session, session->chosen_task, &task)) {
        struct mmu_state state = mmu->state;
        state.cr3 = task.pgd_phys;
        mmu_context_init(&there, mmu->memory, &state);
    }
    return there;
}
