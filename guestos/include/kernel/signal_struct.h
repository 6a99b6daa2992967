/*
 * What the threads of a process share besides memory, files and names: pending signals, handlers, timers, the state of
 * exit, stop and continue. Used by kernel/ and arch/i386/kernel/; others need kernel/signal.h only.
 */
#ifndef _KERNEL_SIGNAL_STRUCT_H
#define _KERNEL_SIGNAL_STRUCT_H

#include "kernel/timer.h"

#define SIG_DFL 0u
#define SIG_IGN 1u

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO 0x00000004u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

struct k_sigaction {
    u32 handler, flags, restorer;
    sigset_t mask;
};

struct sighand_struct {
    atomic_t count;
    struct k_sigaction action[_NSIG]; /* of signal n at n - 1 */
};

struct sigqueue {
    struct list_head list;
    struct siginfo info;
};

struct interval_timer {
    u64 value, interval; /* nanoseconds of CPU time still to go; 0 = off */
};

struct signal_struct {
    atomic_t count;           /* tasks that point here, zombies too */
    int live;                 /* threads that have not begun to exit */
    struct list_head threads; /* by task_struct.thread_group; zombies too */
    struct sigpending shared_pending;
    int queued; /* entries in the pending lists of the process, against RLIMIT_SIGPENDING */

    bool group_exit; /* every thread is to end with group_exit_code */
    int group_exit_code;
    struct task_struct *exec_thread; /* a thread that waits to be the only one */

    int stop_signal; /* not 0: every thread stops */
    int stop_count;  /* threads that have stopped */
    int stop_report; /* for wait with WUNTRACED: the signal, 0 when reported */
    bool continue_report;

    struct timer_list real_timer; /* ITIMER_REAL, alarm */
    u64 real_deadline, real_interval;
    struct interval_timer virtual_timer, profile_timer;
    u64 cpu_limit_next; /* RLIMIT_CPU: when SIGXCPU is due again */

    u64 utime, stime, exec_runtime; /* of threads that are gone */
    unsigned long min_flt, maj_flt, nvcsw, nivcsw;
    unsigned long cnvcsw, cnivcsw; /* of children waited for */
    unsigned long maxrss, cmaxrss; /* pages */
    struct task_struct *leader;
};

struct process_times {
    u64 utime, stime, exec_runtime;
    unsigned long min_flt, maj_flt, nvcsw, nivcsw;
};

/* Sums over the living threads of task's process and those that are gone. */
void get_process_times(const struct task_struct *task, struct process_times *times);

/* Every thread of member's process, member itself too. */
#define for_each_thread(thread, member) list_for_each_entry (thread, &(member)->signal->threads, thread_group)
static inline bool only_thread(const struct task_struct *task)
{
    return task->signal->threads.next == task->signal->threads.prev;
}

/* ---- kernel/signal.c, for kernel/ and the frames of arch/i386 ---- */
struct ksignal {
    int signal;
    struct siginfo info;
    struct k_sigaction action;
};

/* The next signal that has a handler: true. Default actions are done on the way; does not return for those that end
 * the process. */
bool get_signal(struct ksignal *ksig);
void signal_delivered(const struct ksignal *ksig); /* handler's mask, SA_RESETHAND is done already */
void recalc_sigpending(struct task_struct *task);
void set_current_blocked(sigset_t set);
int dequeue_signal(sigset_t blocked, struct siginfo *info); /* of the current task; 0: none */
int send_group_signal(struct task_struct *task, int signal, const struct siginfo *info);
void flush_sigqueue(struct sigpending *pending, struct signal_struct *owner);
void discard_pending(struct sigpending *pending, sigset_t set, struct signal_struct *owner);
int on_sig_stack(u32 sp);
u32 sas_ss_flags(u32 sp);
int do_sigaltstack(const void __user *stack, u32 sp); /* 0 or -errno; sp: the program's */
void zap_other_threads(int exit_code);
bool notify_parent_of_exit(struct task_struct *task); /* true: nobody will wait for it */
void notify_parent_of_stop(struct task_struct *task, int code, int status);
void report_stop_when_complete(struct task_struct *task); /* all living threads have stopped: tell the parent, once */
int copy_siginfo_to_user(void __user *to, const struct siginfo *info);
bool fatal_signal_pending(const struct task_struct *task);

/* ---- kernel/itimer.c ---- */
void itimer_init(struct signal_struct *signal);
void itimer_exit(struct signal_struct *signal);
void itimer_tick(struct task_struct *task, bool user); /* one tick of CPU time; interrupts off */

/* ---- kernel/exit.c, fork.c ---- */
void set_parent(struct task_struct *leader,
                struct task_struct *parent); /* of all threads; the lists are the caller's */
void release_task(struct task_struct *task); /* a zombie leaves the lists; drops the list's reference */
bool pgrp_is_orphaned(pid_t pgrp, const struct task_struct *leaving);

#endif
