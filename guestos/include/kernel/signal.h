/* Signals: Linux i386 numbers and structures. */
#ifndef _KERNEL_SIGNAL_H
#define _KERNEL_SIGNAL_H

#include "lib/list.h"

typedef u64 sigset_t; /* bit n-1 = signal n */
#define _NSIG 64
#define sigmask(n) (1ull << ((n)-1))

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPWR 30
#define SIGSYS 31
#define SIGRTMIN 32

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_TKILL (-6)
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define BUS_OBJERR 3
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

/* The kernel's form of siginfo; copied out field by field in Linux's 128-byte layout. */
struct siginfo {
    int si_signo, si_errno, si_code;
    u32 si_addr; /* SIGSEGV, SIGBUS, SIGILL, SIGFPE */
    pid_t si_pid;
    u32 si_uid;
    int si_status; /* SIGCHLD */
    u32 si_value;
    u32 si_utime, si_stime; /* SIGCHLD, in ticks */
};

struct sigpending {
    struct list_head list;
    sigset_t signal;
};

struct task_struct;
struct signal_struct;
struct sighand_struct;

bool signal_pending(const struct task_struct *task);
int send_signal(struct task_struct *task, int signal, const struct siginfo *info); /* info NULL: from the kernel */
/* A fault of the task itself: delivered even when blocked or ignored (then it kills). addr -> si_addr. */
void force_sig_fault(int signal, int si_code, u32 addr);
int kill_pgrp(pid_t pgrp, int signal, const struct siginfo *info);               /* 0, or -ESRCH: no such group */
bool sigismember_blocked_or_ignored(const struct task_struct *task, int signal); /* terminal: SIGTTIN, SIGTTOU */
/* A call that waits with another mask (ppoll, pselect): the old mask comes back after the call, or after the handler
 * that ends it. set 0: nothing. 0, -EINVAL or -EFAULT. */
int set_user_sigmask(const void __user *set, size_t sigsetsize);
void restore_saved_sigmask_unless(bool interrupted);
/* True when a fault signal would kill: no handler (default or ignored), or blocked. For messages. */
bool unhandled_signal(const struct task_struct *task, int signal);
void flush_signal_handlers_for_exec(struct task_struct *task);

/* For /proc/PID/status and stat. */
struct signal_masks {
    sigset_t pending, shared_pending, blocked, ignored, caught;
};
void get_signal_masks(const struct task_struct *task, struct signal_masks *masks); /* kernel/signal.c */

#endif
