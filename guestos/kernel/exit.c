/*
 * How tasks end.
 *
 *   running --do_exit--> zombie (kept for wait, or for the other threads) --release_task--> gone
 *                    \-> dead at once: threads, and children whose parent does not want to know
 *
 * A process becomes a zombie that wait (kernel/wait4.c) can see when its last thread has ended. Orphans go to pid 1.
 * When pid 1 itself ends, the machine is switched off with its status.
 */
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/init.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"
#include "kernel/trace.h"
#include "mm/internal.h"
#include "mm/mm.h"

static void __attribute__((noreturn)) power_off_with(int wait_status)
{
    int signal = wait_status & 0x7f;

    if (mm_check_always)
        check_everything();
    machine_power_off(signal ? 128 + signal : (wait_status >> 8) & 0xff);
}

/* ---- what a task gives back ---- */

/* Joiners wait on this word for the thread's end (set_tid_address, CLONE_CHILD_CLEARTID). */
static void clear_child_tid(struct task_struct *task)
{
    u32 __user *address = task->clear_child_tid;
    task->clear_child_tid = NULL;
    if (!address || atomic_read(&task->mm->mm_users) <= 1)
        return;
    put_user_u32(0, address);
    futex_wake_address(address, 1);
}

void mm_release(struct task_struct *task)
{
    exit_robust_list(task);
    clear_child_tid(task);
    vfork_done(task);
}

static void exit_mm(struct task_struct *task)
{
    struct mm_struct *mm = task->mm;
    if (!mm)
        return;
    mm_release(task);
    if (mm->hiwater_rss > task->signal->maxrss)
        task->signal->maxrss = mm->hiwater_rss;
    /* The address space stays loaded as a borrowed one until the next switch. */
    unsigned long flags = local_irq_save();
    atomic_inc(&mm->mm_count);
    task->mm = NULL;
    local_irq_restore(flags);
    mmput(mm);
}

/* ---- process groups without anybody to continue them ---- */

static bool keeps_group_alive(const struct task_struct *task)
{
    const struct task_struct *parent = task->parent;
    return parent->pid != 1 && parent->pgrp != task->pgrp && parent->session == task->session;
}

bool pgrp_is_orphaned(pid_t pgrp, const struct task_struct *leaving)
{
    const struct task_struct *task;
    for_each_task (task) {
        if (task->pgrp != pgrp || task == leaving || task != task->group_leader || task->state == EXIT_ZOMBIE)
            continue;
        if (keeps_group_alive(task))
            return false;
    }
    return true;
}

static bool pgrp_has_stopped_process(pid_t pgrp)
{
    const struct task_struct *task;
    for_each_task (task) {
        if (task->pgrp == pgrp && task->signal->stop_signal)
            return true;
    }
    return false;
}

/* leaving goes from under parent: when that orphans a group with stopped members, they get SIGHUP and SIGCONT. */
static void check_orphaned_pgrp(const struct task_struct *leaving, const struct task_struct *parent)
{
    pid_t pgrp = leaving->pgrp;
    if (parent->pgrp == pgrp || parent->session != leaving->session)
        return;
    const struct task_struct *ignored = leaving->flags & PF_EXITING ? leaving : NULL;
    if (!pgrp_is_orphaned(pgrp, ignored) || !pgrp_has_stopped_process(pgrp))
        return;
    kill_pgrp(pgrp, SIGHUP, NULL);
    kill_pgrp(pgrp, SIGCONT, NULL);
}

/* ---- telling the others ---- */

void set_parent(struct task_struct *leader, struct task_struct *parent)
{
    struct task_struct *thread;
    for_each_thread (thread, leader)
        thread->parent = parent;
}

static void reparent_children(struct task_struct *leader)
{
    struct task_struct *child, *next, *reaper = find_task_by_pid(1);
    list_for_each_entry_safe (child, next, &leader->children, sibling) {
        set_parent(child, reaper);
        list_move_tail(&child->sibling, &reaper->children);
        child->exit_signal = SIGCHLD;
        if (child->pdeath_signal)
            send_group_signal(child, child->pdeath_signal, NULL);
        if (child->state == EXIT_ZOMBIE && only_thread(child) && notify_parent_of_exit(child))
            release_task(child);
        else
            check_orphaned_pgrp(child, leader);
    }
}

static void add_to_process_times(struct task_struct *task)
{
    struct signal_struct *signal = task->signal;
    signal->utime += task->utime;
    signal->stime += task->stime;
    signal->exec_runtime += task->exec_runtime;
    signal->min_flt += task->min_flt;
    signal->maj_flt += task->maj_flt;
    signal->nvcsw += task->nvcsw;
    signal->nivcsw += task->nivcsw;
}

void release_task(struct task_struct *task)
{
    unsigned long flags = local_irq_save();
    struct task_struct *leader = task->group_leader;
    struct task_struct *waiting_exec = task->signal->exec_thread;
    add_to_process_times(task);
    list_del_init(&task->tasks);
    list_del_init(&task->thread_group);
    list_del_init(&task->sibling);
    bool leader_is_last = leader != task && leader->state == EXIT_ZOMBIE && only_thread(leader);
    release_signal_state(task);
    if (waiting_exec)
        wake_up_state(waiting_exec, TASK_KILLABLE);
    bool reap_leader = leader_is_last && !waiting_exec && notify_parent_of_exit(leader);
    put_task_struct(task);
    if (reap_leader)
        release_task(leader);
    local_irq_restore(flags);
}

static void trace_exit(const struct task_struct *task, int wait_status)
{
    TRACE(FLT_TASK_EXIT, flt_task_exit, .pid = (u32)task->pid, .status = (u32)wait_status);
    if (task == task->group_leader && task->parent->pid == 1 && !(task->flags & PF_FORKNOEXEC))
        TRACE(FLT_BOOT_PHASE, flt_boot_phase, .phase = FLT_PHASE_PROGRAM_END);
}

/* The last act of a task, interrupts off: nothing of it may be used once it has released itself. */
static void __attribute__((noreturn)) become_zombie(struct task_struct *task)
{
    local_irq_disable();
    bool leader = task == task->group_leader;
    bool unwanted = !leader;
    if (leader && only_thread(task))
        unwanted = notify_parent_of_exit(task);
    if (task->signal->exec_thread)
        wake_up_state(task->signal->exec_thread, TASK_KILLABLE);
    task->exec_runtime = task_exec_runtime(task);
    task->last_ran = ktime_ns();
    task->state = unwanted ? EXIT_DEAD : EXIT_ZOMBIE;
    if (unwanted)
        release_task(task);
    schedule();
    BUG();
}

void do_exit(int wait_status)
{
    struct task_struct *task = current;
    struct signal_struct *signal = task->signal;
    BUG_ON(task == &init_task);
    local_irq_enable();
    task->flags |= PF_EXITING;
    bool last = --signal->live == 0;
    if (last && task->tgid == 1)
        power_off_with(signal->group_exit ? signal->group_exit_code : wait_status);
    if (last)
        itimer_exit(signal);
    else
        report_stop_when_complete(task);
    task->exit_code = wait_status;
    trace_exit(task, signal->group_exit ? signal->group_exit_code : wait_status);
    exit_mm(task);
    exit_files(task);
    exit_fs(task);
    if (last) {
        if (task->session == task->tgid)
            tty_session_ended(task->session);
        reparent_children(task->group_leader);
        check_orphaned_pgrp(task->group_leader, task->group_leader->parent);
    }
    become_zombie(task);
}

void do_group_exit(int wait_status)
{
    struct signal_struct *signal = current->signal;
    if (signal->group_exit)
        wait_status = signal->group_exit_code;
    else if (!signal->exec_thread || signal->exec_thread == current)
        zap_other_threads(wait_status);
    do_exit(wait_status);
}

long sys_exit(int status) { do_exit((status & 0xff) << 8); }
long sys_exit_group(int status) { do_group_exit((status & 0xff) << 8); }
