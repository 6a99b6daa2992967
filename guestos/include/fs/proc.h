/* procfs: entries are tables; a text entry makes its whole text at once (fs/proc.c). */
#ifndef _FS_PROC_H
#define _FS_PROC_H

#include "fs/fs.h"

/* What an entry is about: a task by pid (0: the system), and in fd/ a descriptor. start tells a reused pid from the
 * old. */
struct proc_context {
    pid_t pid;
    u32 start;
    int fd;
};

struct proc_entry {
    const char *name;
    umode_t mode;
    /* Text into buf, never more than size; the length. A length of size - 1 or more means: perhaps not all. -errno. */
    int (*show)(const struct proc_context *context, char *buf, int size);
    struct dentry *(*jump)(const struct proc_context *context); /* links: the object, referenced, or ERR_PTR */
    const struct proc_entry *children;                          /* directories: up to an entry without name */
    unsigned numbered;                                          /* directories: what numbers in it name, PROC_ */
};

#define PROC_PIDS 1u
#define PROC_THREADS 2u
#define PROC_FDS 3u

extern const struct proc_entry proc_root_entries[], proc_pid_entries[];
extern const struct proc_entry proc_pid_dir, proc_thread_dir, proc_fd_link;

/* The task, alive or a zombie; NULL when it is gone. Valid until the next sleep. */
struct task_struct *proc_task(const struct proc_context *context);

/* The mount table: /proc/PID/mounts. */
int proc_show_mounts(const struct proc_context *context, char *buf, int size);

#endif
