/*
 * Tasks. One CPU; current_task is the running one. A task's kernel stack is two pages with the stack at the
 * top; pt_regs of the user context are the last thing below the top.
 */
#ifndef _KERNEL_SCHED_H
#define _KERNEL_SCHED_H

#include "mm/mm_types.h"
#include "kernel/wait.h"
#include "kernel/signal.h"
#include "asm/ptrace.h"
#include "lib/errno.h"

#define HZ 100
#define THREAD_SIZE 8192
#define STACK_END_MAGIC 0x57AC6E9Du /* the lowest word of every task's stack */

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_STOPPED 4
#define TASK_WAKEKILL 128 /* SIGKILL wakes it although other signals do not */
#define TASK_KILLABLE (TASK_UNINTERRUPTIBLE | TASK_WAKEKILL)
#define EXIT_ZOMBIE 16
#define EXIT_DEAD 32

#define PF_EXITING 0x00000004
#define PF_SIGNALED 0x00000400
#define PF_FORKNOEXEC 0x00000040
#define PF_MEMALLOC 0x00000800 /* frees memory: may use every reserve, does not reclaim itself */
#define PF_KSWAPD 0x00040000
#define PF_SWAPOFF 0x00080000 /* inside swapoff: the first whom the OOM killer takes */
#define OOM_DISABLE (-17)     /* oom_adj */
#define PF_KTHREAD 0x00200000

#define RLIM_NLIMITS 16
#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIMIT_LOCKS 10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15
#define RLIM_INFINITY 0xffffffffUL

struct rlimit {
    unsigned long rlim_cur, rlim_max;
};

struct files_struct;
struct fs_struct;

/* What restart_syscall has to go on with. */
struct restart_block {
    long (*run)(struct restart_block *block);
    u64 deadline; /* ktime */
    void __user *remaining;
    bool time64; /* layout of *remaining */
    u32 clock, address, value, flags, bitset;
};

struct task_struct {
    volatile long state;
    u32 flags;
    pid_t pid, tgid, pgrp, session;
    char comm[16];
    void *stack;                 /* THREAD_SIZE bytes */
    u32 kernel_sp;               /* saved stack pointer while not running */
    struct mm_struct *mm;        /* NULL for kernel threads */
    struct mm_struct *active_mm; /* what CR3 names */
    struct list_head tasks;      /* all tasks, from init_task */
    struct list_head run_list;
    struct task_struct *parent, *group_leader;
    struct list_head children, sibling, thread_group;
    int time_slice, nice, need_resched;
    int exit_code, exit_signal; /* exit_code in wait-status form */
    int vfork_pending;
    wait_queue_head_t wait_chldexit, vfork_wait;
    u32 __user *set_child_tid, *clear_child_tid;
    struct files_struct *files;
    struct fs_struct *fs;
    struct signal_struct *signal; /* shared by a thread group */
    struct sighand_struct *sighand;
    struct sigpending pending;
    sigset_t blocked, saved_sigmask;
    sigset_t real_blocked; /* sigtimedwait opens `blocked` while it sleeps: what is not to be ignored meanwhile */
    unsigned long sas_ss_sp, sas_ss_size;
    struct rlimit rlim[RLIM_NLIMITS];
    u64 utime, stime, start_time; /* nanoseconds */
    u64 cutime, cstime;
    unsigned long min_flt, maj_flt, cmin_flt, cmaj_flt, nvcsw, nivcsw;
    u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    u64 tls_array[3];                                /* GDT entries of set_thread_area */
    u8 *fpu_state;                                   /* 512 bytes, 16-byte aligned; NULL until the first use */
    u32 fault_address, fault_error_code, fault_trap; /* for signal frames and messages */
    atomic_t usage;       /* references: one while in the task list, one a waiter; freed at zero */
    bool restore_sigmask; /* saved_sigmask comes back when the system call ends without a handler */
    bool signal_wake;     /* a signal may have to be delivered: look before returning to the program */
    bool stopped;         /* stop counted in signal->stop_count */
    bool did_exec, no_new_privs;
    u32 personality;
    u32 groups[32]; /* supplementary, ngroups of them */
    int ngroups;
    int pdeath_signal;
    int forced_signal;          /* the last fault of its own: kills even pid 1 */
    u64 exec_runtime, last_ran; /* nanoseconds on the CPU; ktime when it got the CPU */
    u32 __user *robust_list;
    struct restart_block restart;
    int oom_adj;                  /* -17: never killed by the OOM killer; -16 .. 15 shifts badness() */
    int oom_score_adj, oom_score_adj_min; /* the same on today's scale, and the least that a program may choose */
    bool memdie;                  /* chosen by the OOM killer: may use every reserve until it is gone */
    unsigned long reclaimed_slab; /* pages that slabs gave back in this task's reclaim */
    u64 read_bytes, write_bytes;  /* caused I/O */
    u32 fail_nth;                 /* so many allocations from now, one fails; 0: none. /proc/PID/fail-nth */
};

extern struct task_struct *current_task;
extern struct task_struct init_task; /* pid 0, the idle task */
#define current current_task

extern char init_stack[THREAD_SIZE];

/* Inside the handler of an interrupt: `current` is whom it interrupted and has nothing to do with what is done. */
extern const struct pt_regs *irq_regs;
static inline bool in_interrupt(void) { return irq_regs != NULL; }

void schedule(void);
bool wake_up_state(struct task_struct *task, long states); /* true: it slept in one of states and is runnable now */
void wake_up_process(struct task_struct *task);
long schedule_timeout(long jiffies); /* jiffies left; state set by the caller before */
/* Name, function, argument. Returns the task (already runnable) or ERR_PTR. */
struct task_struct *kernel_thread(const char *name, int (*run)(void *), void *argument);
void cond_resched(void);
struct task_struct *find_task_by_pid(pid_t pid); /* no reference: valid until the next sleep */
void put_task_struct(struct task_struct *task);
static inline void get_task_struct(struct task_struct *task) { atomic_inc(&task->usage); }
/* Every task, threads too; not the idle task. Interrupts off or no sleep inside the loop. */
#define for_each_task(task) list_for_each_entry (task, &init_task.tasks, tasks)
void set_task_comm(struct task_struct *task, const char *name);
/* exec: path and vectors of the kernel. 0 (then the caller returns to user mode) or -errno. */
int kernel_execve(const char *path, const char *const *argv, const char *const *envp);
void do_exit(int wait_status) __attribute__((noreturn));
void do_group_exit(int wait_status) __attribute__((noreturn));

/* The user context of a task that is in the kernel. */
static inline struct pt_regs *task_pt_regs(const struct task_struct *task)
{
    return (struct pt_regs *)((char *)task->stack + THREAD_SIZE) - 1;
}

extern volatile unsigned long jiffies;
extern unsigned long total_forks, nr_context_switches; /* /proc/stat */
void get_loadavg(unsigned long load[3]);               /* fixed point, 11 bits of fraction */
u64 ktime_ns(void);                                    /* monotonic, nanoseconds since boot, of the virtual clock */
u64 real_time_ns(void);                                /* since 1970, from the RTC at boot */

#endif
