/* /proc/PID and its texts. A task is found anew for each text; its address space is held while it is read. */
#include "fs/proc.h"
#include "fs/vfs.h"
#include "drivers/tty.h"
#include "kernel/signal_struct.h"
#include "asm/uaccess.h"
#include "lib/text.h"
#include "mm/mm.h"
#include "mm/swap.h"

#define NS_PER_TICK 10000000u
#define TTY_NUMBER MKDEV(4, 64)

static char state_letter(const struct task_struct *task)
{
    if (task->state & (EXIT_ZOMBIE | EXIT_DEAD))
        return task->state & EXIT_ZOMBIE ? 'Z' : 'X';
    if (task->state & TASK_STOPPED)
        return 'T';
    if (task->state & TASK_UNINTERRUPTIBLE)
        return 'D';
    return task->state & TASK_INTERRUPTIBLE ? 'S' : 'R';
}

static const char *state_name(char letter)
{
    switch (letter) {
    case 'Z': return "zombie";
    case 'X': return "dead";
    case 'T': return "stopped";
    case 'D': return "disk sleep";
    case 'S': return "sleeping";
    default: return "running";
    }
}

/* The address space, one user more; NULL: none, or no task. Given back with mmput. */
static struct mm_struct *get_mm(const struct proc_context *c)
{
    struct task_struct *task = proc_task(c);
    if (!task || !task->mm)
        return NULL;
    atomic_inc(&task->mm->mm_users);
    return task->mm;
}

static int thread_count(const struct task_struct *leader)
{
    struct task_struct *task;
    int count = 0;
    for_each_task (task)
        count += task->tgid == leader->tgid;
    return count;
}

static pid_t parent_pid(const struct task_struct *task) { return task->parent ? task->parent->tgid : 0; }

/* A text about an address space: empty when there is none. */
static int show_mm(const struct proc_context *c, char *buf, int size,
                   int (*show)(struct mm_struct *mm, char *buf, int size))
{
    if (!proc_task(c))
        return -ESRCH;
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return 0;
    int length = show(mm, buf, size);
    mmput(mm);
    return length;
}

static int show_maps(const struct proc_context *c, char *buf, int size) { return show_mm(c, buf, size, proc_pid_maps); }
static int show_smaps(const struct proc_context *c, char *buf, int size)
{
    return show_mm(c, buf, size, proc_pid_smaps);
}

static int show_smaps_rollup(const struct proc_context *c, char *buf, int size)
{
    int length = show_mm(c, buf, size, proc_pid_smaps_rollup);
    return length ? length : -ESRCH;
}

static void status_ids(struct text *t, const struct task_struct *task)
{
    char letter = state_letter(task);
    text(t, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
         task->comm, task->fs ? task->fs->umask : 0u, letter, state_name(letter), task->tgid, task->pid,
         parent_pid(task));
    text(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t", task->uid, task->euid, task->suid,
         task->fsuid, task->gid, task->egid, task->sgid, task->fsgid, task->files ? task->files->max_fds : 0u);
    for (int i = 0; i < task->ngroups; i++)
        text(t, "%s%u", i ? " " : "", task->groups[i]);
    text(t, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", task->tgid, task->pid, task->pgrp, task->session);
}

static void status_signals(struct text *t, const struct task_struct *task)
{
    struct signal_masks masks;
    get_signal_masks(task, &masks);
    text(t, "Threads:\t%d\nSigQ:\t%d/%lu\n", thread_count(task), task->signal->queued,
         task->rlim[RLIMIT_SIGPENDING].rlim_cur);
    text(t, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", masks.pending,
         masks.shared_pending, masks.blocked, masks.ignored, masks.caught);
}

#define ALL_CAPABILITIES 0x1ffffffffffull

static void status_rights(struct text *t, const struct task_struct *task)
{
    u64 permitted = task->uid && task->euid && task->suid ? 0 : ALL_CAPABILITIES;
    text(t, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\nCapAmb:\t%016llx\n", 0ull,
         permitted, task->euid ? 0ull : permitted, ALL_CAPABILITIES, 0ull);
    text(t, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n",
         task->no_new_privs);
    text(t,
         "Mems_allowed:\t1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
         task->nvcsw, task->nivcsw);
}

static int show_status(const struct proc_context *c, char *buf, int size)
{
    struct text t = {buf, size, 0};
    const struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    status_ids(&t, task);
    struct mm_struct *mm = get_mm(c);
    if (mm) {
        t.length += proc_pid_status_mm(mm, buf + t.length, size - t.length);
        text(&t, "HugetlbPages:\t%8u kB\nCoreDumping:\t0\nTHP_enabled:\t0\n", 0u);
        mmput(mm);
    }
    task = proc_task(c);
    if (!task)
        return -ESRCH;
    status_signals(&t, task);
    status_rights(&t, task);
    return t.length;
}

static unsigned ticks(u64 nanoseconds) { return (unsigned)(nanoseconds / NS_PER_TICK); }

/* Of the process; of the thread alone in task/. */
static void stat_times(const struct proc_context *c, const struct task_struct *task, struct process_times *times)
{
    if (c->thread)
        *times = (struct process_times){
            .utime = task->utime, .stime = task->stime, .min_flt = task->min_flt, .maj_flt = task->maj_flt};
    else
        get_process_times(task, times);
}

/* Fields 1 to 22. */
static void stat_task(struct text *t, const struct proc_context *c, const struct task_struct *task)
{
    bool on_tty = task->session && task->session == console_tty.session;
    struct process_times times;
    stat_times(c, task, &times);
    text(t, "%d (%s) %c %d %d %d %d %d %u ", task->pid, task->comm, state_letter(task), parent_pid(task), task->pgrp,
         task->session, on_tty ? (int)TTY_NUMBER : 0, on_tty ? console_tty.pgrp : -1, task->flags);
    text(t, "%lu %lu %lu %lu %u %u %u %u ", times.min_flt, task->cmin_flt, times.maj_flt, task->cmaj_flt,
         ticks(times.utime), ticks(times.stime), ticks(task->cutime), ticks(task->cstime));
    text(t, "%d %d %d 0 %u ", 20 + task->nice, task->nice, thread_count(task), ticks(task->start_time));
}

/* Fields 23 to 52. Where a program is, only it may know. */
static void stat_memory(struct text *t, const struct task_struct *task, const struct mm_struct *m)
{
    struct signal_masks masks;
    get_signal_masks(task, &masks);
    text(t, "%lu %lu %lu %lu %lu %lu 0 0 ", m->total_vm << PAGE_SHIFT, m->anon_rss + m->file_rss,
         task->rlim[RLIMIT_RSS].rlim_cur, m->start_code, m->end_code, m->start_stack);
    text(t, "%u %u %u %u %d 0 0 %d 0 0 0 0 0 0 ", (u32)masks.pending & 0x7fffffff, (u32)masks.blocked & 0x7fffffff,
         (u32)masks.ignored & 0x7fffffff, (u32)masks.caught & 0x7fffffff, task->state != TASK_RUNNING,
         task->exit_signal);
    text(t, "%lu %lu %lu %lu %lu %lu %lu %d\n", m->start_data, m->end_data, m->start_brk, m->arg_start, m->arg_end,
         m->env_start, m->env_end, task->exit_code);
}

static int show_stat(const struct proc_context *c, char *buf, int size)
{
    static const struct mm_struct none;
    struct text t = {buf, size, 0};
    const struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    stat_task(&t, c, task);
    stat_memory(&t, task, task->mm ? task->mm : &none);
    return t.length;
}

static int show_statm(const struct proc_context *c, char *buf, int size)
{
    const struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    return task->mm ? proc_pid_statm(task->mm, buf, size) : scnprintf(buf, (size_t)size, "0 0 0 0 0 0 0\n");
}

/* ---- pagemap, clear_refs ---- */

#define PAGEMAP_BATCH 64u
#define PAGEMAP_END ((loff_t)(TASK_SIZE >> PAGE_SHIFT) * 8)

/* A word of 8 bytes a page, read where the reader is. */
static ssize_t read_pagemap(const struct proc_context *c, char __user *to, size_t count, loff_t *pos)
{
    u64 entries[PAGEMAP_BATCH];
    size_t done = 0;
    if (!proc_task(c))
        return -ESRCH;
    if (*pos % 8 || count % 8)
        return -EINVAL;
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return 0;
    while (done < count && *pos < PAGEMAP_END && !fatal_signal_pending(current)) {
        unsigned batch =
            (unsigned)min_t(u64, min_t(size_t, (count - done) / 8, PAGEMAP_BATCH), (PAGEMAP_END - *pos) / 8);
        proc_pid_pagemap(mm, (unsigned long)(*pos / 8), batch, current->euid == 0, entries);
        if (copy_to_user(to + done, entries, batch * 8)) {
            mmput(mm);
            return done ? (ssize_t)done : -EFAULT;
        }
        done += batch * 8;
        *pos += batch * 8;
        cond_resched();
    }
    mmput(mm);
    return (ssize_t)done;
}

/* All of what was written, blanks around it apart, is one number: 0 or -EINVAL. */
static int parse_whole(const char *bytes, size_t count, long *value)
{
    while (count && (*bytes == ' ' || *bytes == '\n' || *bytes == '\t')) {
        bytes++;
        count--;
    }
    int error = proc_parse_long(&bytes, &count, value);
    while (!error && count && (*bytes == ' ' || *bytes == '\n' || *bytes == '\t')) {
        bytes++;
        count--;
    }
    return error || count ? -EINVAL : 0;
}

static ssize_t store_clear_refs(const struct proc_context *c, char *bytes, size_t count)
{
    long type;
    if (parse_whole(bytes, count, &type) || type < CLEAR_REFS_ALL || type >= CLEAR_REFS_LAST)
        return -EINVAL;
    if (!proc_task(c))
        return -ESRCH;
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return (ssize_t)count;
    clear_refs(mm, (enum clear_refs_type)type);
    mmput(mm);
    return (ssize_t)count;
}

/* ---- how willing to be killed ---- */

#define OOM_ADJ_OFF (-17)
#define OOM_ADJ_MIN (-16)
#define OOM_ADJ_MAX 15
#define OOM_SCORE_ADJ_MAX 1000

static int show_oom_score_adj(const struct proc_context *c, char *buf, int size)
{
    const struct task_struct *task = proc_task(c);
    return task ? scnprintf(buf, (size_t)size, "%d\n", task->oom_score_adj) : -ESRCH;
}

static int show_oom_score(const struct proc_context *c, char *buf, int size)
{
    struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    return scnprintf(buf, (size_t)size, "%lu\n", task->mm ? badness(task, ktime_ns() / NSEC_PER_SEC) : 0);
}

static int show_oom_adj(const struct proc_context *c, char *buf, int size)
{
    const struct task_struct *task = proc_task(c);
    return task ? scnprintf(buf, (size_t)size, "%d\n", task->oom_adj) : -ESRCH;
}

/* The two scales: -17 .. 15 of 2.6, by which badness() shifts, and -1000 .. 1000 of today. Both of the whole process. */
static int set_oom_adj(const struct proc_context *c, int adj, int score_adj)
{
    struct task_struct *thread, *task = proc_task(c);
    if (!task)
        return -ESRCH;
    if (current->euid && score_adj < task->oom_score_adj_min)
        return -EACCES;
    for_each_thread (thread, task) {
        thread->oom_adj = adj;
        thread->oom_score_adj = score_adj;
        if (!current->euid)
            thread->oom_score_adj_min = score_adj;
    }
    return 0;
}

static ssize_t store_oom_score_adj(const struct proc_context *c, char *bytes, size_t count)
{
    long value;
    if (parse_whole(bytes, count, &value) || value < -OOM_SCORE_ADJ_MAX || value > OOM_SCORE_ADJ_MAX)
        return -EINVAL;
    int adj = value == OOM_SCORE_ADJ_MAX ? OOM_ADJ_MAX : (int)value * -OOM_ADJ_OFF / OOM_SCORE_ADJ_MAX;
    int error = set_oom_adj(c, min_t(int, adj, OOM_ADJ_MAX), (int)value);
    return error ? error : (ssize_t)count;
}

static ssize_t store_oom_adj(const struct proc_context *c, char *bytes, size_t count)
{
    long value;
    if (parse_whole(bytes, count, &value) || ((value < OOM_ADJ_MIN || value > OOM_ADJ_MAX) && value != OOM_ADJ_OFF))
        return -EINVAL;
    int score_adj = value == OOM_ADJ_MAX ? OOM_SCORE_ADJ_MAX : (int)value * OOM_SCORE_ADJ_MAX / -OOM_ADJ_OFF;
    int error = set_oom_adj(c, (int)value, score_adj);
    return error ? error : (ssize_t)count;
}

/* ---- the n-th allocation from now on fails ---- */

/* Neither reading nor a short write allocates: they change nothing of what they are about. */
static ssize_t read_fail_nth(const struct proc_context *c, char __user *to, size_t count, loff_t *pos)
{
    char line[16];
    const struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    loff_t length = snprintf(line, sizeof(line), "%u\n", task->fail_nth);
    if (*pos >= length)
        return 0;
    size_t bytes = min_t(size_t, count, length - *pos);
    if (copy_to_user(to, line + *pos, bytes))
        return -EFAULT;
    *pos += (loff_t)bytes;
    return (ssize_t)bytes;
}

static ssize_t store_fail_nth(const struct proc_context *c, char *bytes, size_t count)
{
    long value;
    if (parse_whole(bytes, count, &value) || value < 0)
        return -EINVAL;
    struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    task->fail_nth = (u32)value;
    return (ssize_t)count;
}

/* A range of the program's own memory, as far as it can be read. */
static int show_memory(const struct proc_context *c, char *buf, int size, bool environment)
{
    if (!proc_task(c))
        return -ESRCH;
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return 0;
    unsigned long start = environment ? mm->env_start : mm->arg_start, end = environment ? mm->env_end : mm->arg_end;
    int length = end > start ? (int)min_t(unsigned long, end - start, size) : 0;
    if (length)
        length = access_process_vm(mm, start, buf, length, 0);
    mmput(mm);
    return length;
}

static int show_cmdline(const struct proc_context *c, char *buf, int size) { return show_memory(c, buf, size, false); }
static int show_environ(const struct proc_context *c, char *buf, int size) { return show_memory(c, buf, size, true); }

static int show_auxv(const struct proc_context *c, char *buf, int size)
{
    struct mm_struct *mm = get_mm(c);
    if (!mm)
        return proc_task(c) ? 0 : -ESRCH;
    int length = (int)min_t(size_t, sizeof(mm->saved_auxv), size);
    memcpy(buf, mm->saved_auxv, (size_t)length);
    mmput(mm);
    return length;
}

static int show_comm(const struct proc_context *c, char *buf, int size)
{
    const struct task_struct *task = proc_task(c);
    return task ? scnprintf(buf, (size_t)size, "%s\n", task->comm) : -ESRCH;
}

/* Up to the first 15 bytes, a line's end too; of one's own process only. */
static ssize_t store_comm(const struct proc_context *c, char *bytes, size_t count)
{
    struct task_struct *task = proc_task(c);
    char name[sizeof(task->comm)];
    if (!task)
        return -ESRCH;
    if (task->tgid != current->tgid)
        return -EINVAL;
    strlcpy(name, bytes, sizeof(name));
    set_task_comm(task, name);
    return (ssize_t)count;
}

static int show_limits(const struct proc_context *c, char *buf, int size)
{
    static const struct {
        const char *name, *unit;
    } limits[RLIM_NLIMITS] = {
        {"Max cpu time", "seconds"},    {"Max file size", "bytes"},      {"Max data size", "bytes"},
        {"Max stack size", "bytes"},    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"}, {"Max open files", "files"},     {"Max locked memory", "bytes"},
        {"Max address space", "bytes"}, {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"}, {"Max nice priority", ""},       {"Max realtime priority", ""},
        {"Max realtime timeout", "us"},
    };
    const struct task_struct *task = proc_task(c);
    if (!task)
        return -ESRCH;
    int used = scnprintf(buf, (size_t)size, "%-26s%-21s%-21s%-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        unsigned long values[2] = {task->rlim[i].rlim_cur, task->rlim[i].rlim_max};
        used += scnprintf(buf + used, (size_t)(size - used), "%-26s", limits[i].name);
        for (int k = 0; k < 2; k++)
            used += values[k] == RLIM_INFINITY ? scnprintf(buf + used, (size_t)(size - used), "%-21s", "unlimited")
                                               : scnprintf(buf + used, (size_t)(size - used), "%-21lu", values[k]);
        used += scnprintf(buf + used, (size_t)(size - used), "%-10s\n", limits[i].unit);
    }
    return used;
}

/* ---- links ---- */

static struct dentry *jump_exe(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    if (!task || !task->mm || !task->mm->exe_file)
        return ERR_PTR(-ENOENT);
    return dget(task->mm->exe_file->f_dentry);
}

static struct dentry *jump_cwd(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    return task && task->fs ? dget(task->fs->pwd) : ERR_PTR(-ENOENT);
}

static struct dentry *jump_root(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    return task && task->fs ? dget(task->fs->root) : ERR_PTR(-ENOENT);
}

static struct dentry *jump_fd(const struct proc_context *c)
{
    const struct task_struct *task = proc_task(c);
    if (!task || !task->files || (u32)c->fd >= task->files->max_fds || !task->files->fd[c->fd].file)
        return ERR_PTR(-ENOENT);
    return dget(task->files->fd[c->fd].file->f_dentry);
}

#define TASK_TEXTS                                                                                                     \
    {.name = "auxv", .mode = S_IFREG | 0400, .show = show_auxv},                                                       \
        {.name = "clear_refs", .mode = S_IFREG | 0200, .store = store_clear_refs},                                     \
        {.name = "cmdline", .mode = S_IFREG | 0444, .show = show_cmdline},                                             \
        {.name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .store = store_comm},                              \
        {.name = "cwd", .mode = S_IFLNK | 0777, .jump = jump_cwd},                                                     \
        {.name = "environ", .mode = S_IFREG | 0400, .show = show_environ},                                             \
        {.name = "exe", .mode = S_IFLNK | 0777, .jump = jump_exe},                                                     \
        {.name = "fail-nth", .mode = S_IFREG | 0644, .read_at = read_fail_nth, .store = store_fail_nth},               \
        {.name = "fd", .mode = S_IFDIR | 0500, .numbered = PROC_FDS},                                                  \
        {.name = "limits", .mode = S_IFREG | 0444, .show = show_limits},                                               \
        {.name = "maps", .mode = S_IFREG | 0444, .show = show_maps},                                                   \
        {.name = "mounts", .mode = S_IFREG | 0444, .show = proc_show_mounts},                                          \
        {.name = "oom_adj", .mode = S_IFREG | 0644, .show = show_oom_adj, .store = store_oom_adj},                     \
        {.name = "oom_score", .mode = S_IFREG | 0444, .show = show_oom_score},                                         \
        {.name = "oom_score_adj", .mode = S_IFREG | 0644, .show = show_oom_score_adj, .store = store_oom_score_adj},   \
        {.name = "pagemap", .mode = S_IFREG | 0400, .read_at = read_pagemap},                                          \
        {.name = "root", .mode = S_IFLNK | 0777, .jump = jump_root},                                                   \
        {.name = "smaps", .mode = S_IFREG | 0444, .show = show_smaps},                                                 \
        {.name = "smaps_rollup", .mode = S_IFREG | 0444, .show = show_smaps_rollup},                                   \
        {.name = "stat", .mode = S_IFREG | 0444, .show = show_stat},                                                   \
        {.name = "statm", .mode = S_IFREG | 0444, .show = show_statm},                                                 \
    {                                                                                                                  \
        .name = "status", .mode = S_IFREG | 0444, .show = show_status                                                  \
    }

static const struct proc_entry thread_entries[] = {TASK_TEXTS, {0}};

const struct proc_entry proc_pid_entries[] = {
    TASK_TEXTS,
    {.name = "task", .mode = S_IFDIR | 0555, .numbered = PROC_THREADS},
    {0},
};

const struct proc_entry proc_pid_dir = {.mode = S_IFDIR | 0555, .children = proc_pid_entries};
const struct proc_entry proc_thread_dir = {.mode = S_IFDIR | 0555, .children = thread_entries};
const struct proc_entry proc_fd_link = {.mode = S_IFLNK | 0700, .jump = jump_fd};
