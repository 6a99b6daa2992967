/*
 * procfs: entries are tables. A text entry makes its whole text at once (fs/proc.c); a number of /proc/sys is read and
 * written through its ctl_table (fs/proc_sys.c); a table too long for that is read where the reader is (read_at).
 */
#ifndef _FS_PROC_H
#define _FS_PROC_H

#include "fs/fs.h"

/* What an entry is about: a task by pid (0: the system), and in fd/ a descriptor. start tells a reused pid from the
 * old. */
struct proc_context {
    pid_t pid;
    u32 start;
    int fd;
    bool thread; /* in task/: about that thread alone */
};

struct ctl_table;

struct proc_entry {
    const char *name;
    umode_t mode;
    /* Text into buf, never more than size; the length. A length of size - 1 or more means: perhaps not all. -errno. */
    int (*show)(const struct proc_context *context, char *buf, int size);
    /* What was written, at most a page, ended by a NUL: bytes used or -errno. */
    ssize_t (*store)(const struct proc_context *context, char *bytes, size_t count);
    ssize_t (*read_at)(const struct proc_context *context, char __user *to, size_t count, loff_t *pos);
    int (*open)(const struct proc_context *context); /* may the current task open it? 0 or -errno */
    const struct ctl_table *ctl;
    struct dentry *(*jump)(const struct proc_context *context); /* links: the object, referenced, or ERR_PTR */
    const struct proc_entry *children;                          /* directories: up to an entry without name */
    unsigned numbered;                                          /* directories: what numbers in it name, PROC_ */
};

#define PROC_PIDS 1u
#define PROC_THREADS 2u
#define PROC_FDS 3u

extern const struct proc_entry proc_root_entries[], proc_pid_entries[];
extern const struct proc_entry proc_pid_dir, proc_thread_dir, proc_fd_link;
extern const struct proc_entry proc_sys_entries[];

/* fs/proc_sys.c: text of the numbers; what was written becomes the numbers: bytes used or -errno. */
int proc_ctl_show(const struct ctl_table *ctl, char *buf, int size);
ssize_t proc_ctl_store(const struct ctl_table *ctl, char *bytes, size_t count);
/* One number at *text, blanks before it skipped, at most `count` bytes: 0 and *text behind it, or -EINVAL. */
int proc_parse_long(const char **text, size_t *count, long *value);

/* The task, alive or a zombie; NULL when it is gone. Valid until the next sleep. */
struct task_struct *proc_task(const struct proc_context *context);

/* fs/proc_page.c */
ssize_t proc_read_kpageflags(const struct proc_context *context, char __user *to, size_t count, loff_t *pos);
ssize_t proc_read_kpagecount(const struct proc_context *context, char __user *to, size_t count, loff_t *pos);

/* The mount table: /proc/PID/mounts. */
int proc_show_mounts(const struct proc_context *context, char *buf, int size);

#endif
