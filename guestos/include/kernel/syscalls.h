/*
 * System calls of kernel/, fs/exec.c and arch/i386/kernel/: arguments as the i386 ABI passes them, result or -errno.
 * kernel/syscall_table.S names them by number.
 */
#ifndef _KERNEL_SYSCALLS_H
#define _KERNEL_SYSCALLS_H

#include "lib/types.h"

/* ---- tasks ---- */
long sys_fork(void);
long sys_vfork(void);
long sys_clone(u32 flags, u32 sp, void __user *parent_tid, u32 tls, void __user *child_tid);
long sys_clone3(void __user *arguments, u32 size);
long sys_execve(const char __user *path, const void __user *argv, const void __user *envp);
long sys_execveat(int dfd, const char __user *path, const void __user *argv, const void __user *envp, u32 flags);
long sys_exit(int status);
long sys_exit_group(int status);
long sys_waitpid(pid_t pid, void __user *status, int options);
long sys_wait4(pid_t pid, void __user *status, int options, void __user *usage);
long sys_waitid(int type, pid_t id, void __user *info, int options, void __user *usage);
long sys_set_tid_address(void __user *address);
long sys_set_robust_list(void __user *head, u32 size);
long sys_get_robust_list(pid_t pid, void __user *head, void __user *size);
long sys_set_thread_area(void __user *user_desc);
long sys_get_thread_area(void __user *user_desc);
long sys_futex(u32 __user *address, int op, u32 value, void __user *timeout, u32 __user *address2, u32 value3);
long sys_futex_time64(u32 __user *address, int op, u32 value, void __user *timeout, u32 __user *address2, u32 value3);

/* ---- scheduling ---- */
long sys_sched_yield(void);
long sys_sched_getaffinity(pid_t pid, u32 size, void __user *mask);
long sys_sched_setaffinity(pid_t pid, u32 size, const void __user *mask);
long sys_sched_getscheduler(pid_t pid);
long sys_sched_setscheduler(pid_t pid, int policy, const void __user *param);
long sys_sched_getparam(pid_t pid, void __user *param);
long sys_sched_setparam(pid_t pid, const void __user *param);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(pid_t pid, void __user *interval);
long sys_nice(int increment);
long sys_getpriority(int which, int who);
long sys_setpriority(int which, int who, int nice);
long sys_getcpu(void __user *cpu, void __user *node, void __user *cache);

/* ---- identity ---- */
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_getpgid(pid_t pid);
long sys_getpgrp(void);
long sys_setpgid(pid_t pid, pid_t pgrp);
long sys_getsid(pid_t pid);
long sys_setsid(void);
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setuid(u32 uid);
long sys_setgid(u32 gid);
long sys_setreuid(u32 ruid, u32 euid);
long sys_setregid(u32 rgid, u32 egid);
long sys_setresuid(u32 ruid, u32 euid, u32 suid);
long sys_setresgid(u32 rgid, u32 egid, u32 sgid);
long sys_getresuid(void __user *ruid, void __user *euid, void __user *suid);
long sys_getresgid(void __user *rgid, void __user *egid, void __user *sgid);
long sys_setfsuid(u32 uid);
long sys_setfsgid(u32 gid);
long sys_getgroups(int size, void __user *list);
long sys_setgroups(int size, const void __user *list);
long sys_getuid16(void);
long sys_geteuid16(void);
long sys_getgid16(void);
long sys_getegid16(void);
long sys_setuid16(u32 uid);
long sys_setgid16(u32 gid);
long sys_setreuid16(u32 ruid, u32 euid);
long sys_setregid16(u32 rgid, u32 egid);
long sys_getgroups16(int size, void __user *list);
long sys_setgroups16(int size, const void __user *list);
long sys_capget(void __user *header, void __user *data);
long sys_capset(void __user *header, const void __user *data);

/* ---- the system ---- */
long sys_newuname(void __user *name);
long sys_uname(void __user *name);
long sys_olduname(void __user *name);
long sys_sethostname(const char __user *name, int length);
long sys_setdomainname(const char __user *name, int length);
long sys_getrlimit(u32 resource, void __user *limit);
long sys_old_getrlimit(u32 resource, void __user *limit);
long sys_setrlimit(u32 resource, const void __user *limit);
long sys_prlimit64(pid_t pid, u32 resource, const void __user *new_limit, void __user *old_limit);
long sys_getrusage(int who, void __user *usage);
long sys_sysinfo(void __user *info);
long sys_reboot(u32 magic1, u32 magic2, u32 command, void __user *argument);
long sys_prctl(int option, u32 arg2, u32 arg3, u32 arg4, u32 arg5);
long sys_personality(u32 personality);
long sys_syslog(int type, char __user *buf, int length);
long sys_ni_syscall(void);

/* ---- time ---- */
long sys_time(void __user *seconds);
long sys_stime(const void __user *seconds);
long sys_gettimeofday(void __user *timeval, void __user *timezone);
long sys_settimeofday(const void __user *timeval, const void __user *timezone);
long sys_clock_gettime(int clock, void __user *timespec);
long sys_clock_gettime64(int clock, void __user *timespec);
long sys_clock_settime(int clock, const void __user *timespec);
long sys_clock_settime64(int clock, const void __user *timespec);
long sys_clock_getres(int clock, void __user *timespec);
long sys_clock_getres_time64(int clock, void __user *timespec);
long sys_nanosleep(const void __user *request, void __user *remaining);
long sys_clock_nanosleep(int clock, int flags, const void __user *request, void __user *remaining);
long sys_clock_nanosleep_time64(int clock, int flags, const void __user *request, void __user *remaining);
long sys_alarm(u32 seconds);
long sys_getitimer(int which, void __user *value);
long sys_setitimer(int which, const void __user *value, void __user *old_value);
long sys_times(void __user *tms);
long sys_restart_syscall(void);

/* ---- signals ---- */
long sys_signal(int signal, u32 handler);
long sys_sigaction(int signal, const void __user *action, void __user *old_action);
long sys_rt_sigaction(int signal, const void __user *action, void __user *old_action, u32 sigsetsize);
long sys_sigprocmask(int how, const void __user *set, void __user *old_set);
long sys_rt_sigprocmask(int how, const void __user *set, void __user *old_set, u32 sigsetsize);
long sys_sgetmask(void);
long sys_ssetmask(u32 mask);
long sys_sigpending(void __user *set);
long sys_rt_sigpending(void __user *set, u32 sigsetsize);
long sys_sigsuspend(u32 unused1, u32 unused2, u32 mask);
long sys_rt_sigsuspend(const void __user *set, u32 sigsetsize);
long sys_pause(void);
long sys_sigaltstack(const void __user *stack, void __user *old_stack);
long sys_sigreturn(void);
long sys_rt_sigreturn(void);
long sys_kill(pid_t pid, int signal);
long sys_tkill(pid_t tid, int signal);
long sys_tgkill(pid_t tgid, pid_t tid, int signal);
long sys_rt_sigqueueinfo(pid_t pid, int signal, const void __user *info);
long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int signal, const void __user *info);
long sys_rt_sigtimedwait(const void __user *set, void __user *info, const void __user *timeout, u32 sigsetsize);
long sys_rt_sigtimedwait_time64(const void __user *set, void __user *info, const void __user *timeout, u32 sigsetsize);

/* ---- kernel/shm.c ---- */
long sys_shmget(s32 key, u32 size, int flags);
long sys_shmat(s32 id, u32 addr, int flags);
long sys_shmdt(u32 addr);
long sys_shmctl(s32 id, int command, void __user *argument);
long sys_ipc(u32 call, s32 first, u32 second, u32 third, u32 pointer);
int proc_sysvipc_shm(char *buf, int size);

#endif
