/* The scheduler's and the fork's inner interfaces, and what the architecture gives them. */
#ifndef _KERNEL_PROCESS_H
#define _KERNEL_PROCESS_H

#include "kernel/sched.h"

#define CSIGNAL 0x000000ffu
#define CLONE_VM 0x00000100u
#define CLONE_FS 0x00000200u
#define CLONE_FILES 0x00000400u
#define CLONE_SIGHAND 0x00000800u
#define CLONE_VFORK 0x00004000u
#define CLONE_PARENT 0x00008000u
#define CLONE_THREAD 0x00010000u
#define CLONE_SYSVSEM 0x00040000u
#define CLONE_SETTLS 0x00080000u
#define CLONE_PARENT_SETTID 0x00100000u
#define CLONE_CHILD_CLEARTID 0x00200000u
#define CLONE_DETACHED 0x00400000u
#define CLONE_CHILD_SETTID 0x01000000u
#define CLONE_NAMESPACES 0x7e020000u /* NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: none here */

#define PID_MAX 32768 /* pids are below */

struct clone_request {
    u32 flags; /* CLONE_ flags without the exit signal */
    int exit_signal;
    u32 sp; /* 0: the parent's */
    u32 __user *parent_tid, *child_tid;
    const void __user *tls;        /* struct user_desc */
    int (*thread)(void *argument); /* kernel thread */
    void *argument;
    const char *name;
};

/* The new task's pid, or -errno. With CLONE_VFORK: after the child has given the memory back. */
long do_fork(const struct clone_request *request);

void thread_returned(void); /* entry.S: after the function of a kernel thread */

/* ---- kernel/sched.c ---- */
void sched_init(void);
void sched_fork(struct task_struct *child);
void cpu_idle(void) __attribute__((noreturn));
void schedule_tail(void);       /* first thing on a new task's stack */
void scheduler_tick(bool user); /* from the clock interrupt */
u64 task_exec_runtime(const struct task_struct *task);

/* ---- kernel/timer.c ---- */
void run_timers(void);

/* ---- kernel/fork.c ---- */
void fork_init(void);
int unshare_sighand(void);
void release_signal_state(struct task_struct *task);
void vfork_done(struct task_struct *task); /* task needs its parent's memory no more */

/* ---- kernel/exit.c ---- */
void mm_release(struct task_struct *task); /* before the task's mm goes: wakes who waits for that */

/* ---- kernel/futex.c ---- */
void exit_robust_list(struct task_struct *task);
void futex_wake_address(u32 __user *address, int count);

/* ---- arch/i386/kernel/process.c ---- */
void switch_to(struct task_struct *prev, struct task_struct *next);
int copy_thread(struct task_struct *child, const struct clone_request *request); /* 0 or -errno */
void start_thread(u32 eip, u32 esp); /* exec: the current task's user context */
void machine_time_of_day_set(u64 ns);

#endif
