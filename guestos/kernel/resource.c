/* Limits and usage: getrlimit and its kin, getrusage, times, and the sums over a process's threads that they need. */
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/resource.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"

void get_process_times(const struct task_struct *task, struct process_times *times)
{
    const struct task_struct *thread;
    const struct signal_struct *signal = task->signal;
    unsigned long flags = local_irq_save();
    *times = (struct process_times){signal->utime,   signal->stime, signal->exec_runtime, signal->min_flt,
                                    signal->maj_flt, signal->nvcsw, signal->nivcsw};
    for_each_thread (thread, task) {
        times->utime += thread->utime;
        times->stime += thread->stime;
        times->exec_runtime += task_exec_runtime(thread);
        times->min_flt += thread->min_flt;
        times->maj_flt += thread->maj_flt;
        times->nvcsw += thread->nvcsw;
        times->nivcsw += thread->nivcsw;
    }
    local_irq_restore(flags);
}

/* ---- usage ---- */

struct usage_sum {
    u64 utime, stime;
    unsigned long min_flt, maj_flt, nvcsw, nivcsw, maxrss;
};

static void add_self(struct usage_sum *sum, const struct task_struct *task)
{
    struct process_times times;
    get_process_times(task, &times);
    unsigned long maxrss = task->signal->maxrss;
    if (task->mm && task->mm->hiwater_rss > maxrss)
        maxrss = task->mm->hiwater_rss;
    *sum = (struct usage_sum){sum->utime + times.utime,
                              sum->stime + times.stime,
                              sum->min_flt + times.min_flt,
                              sum->maj_flt + times.maj_flt,
                              sum->nvcsw + times.nvcsw,
                              sum->nivcsw + times.nivcsw,
                              max_t(unsigned long, sum->maxrss, maxrss)};
}

static void add_children(struct usage_sum *sum, const struct task_struct *task)
{
    const struct task_struct *leader = task->group_leader;
    sum->utime += leader->cutime;
    sum->stime += leader->cstime;
    sum->min_flt += leader->cmin_flt;
    sum->maj_flt += leader->cmaj_flt;
    sum->nvcsw += leader->signal->cnvcsw;
    sum->nivcsw += leader->signal->cnivcsw;
    sum->maxrss = max_t(unsigned long, sum->maxrss, leader->signal->cmaxrss);
}

static void add_thread(struct usage_sum *sum, const struct task_struct *task)
{
    *sum = (struct usage_sum){task->utime,
                              task->stime,
                              task->min_flt,
                              task->maj_flt,
                              task->nvcsw,
                              task->nivcsw,
                              task->mm ? task->mm->hiwater_rss : 0};
}

void get_rusage(const struct task_struct *task, int who, struct rusage *usage)
{
    struct usage_sum sum = {0};
    if (who == RUSAGE_THREAD)
        add_thread(&sum, task);
    if (who == RUSAGE_SELF || who == RUSAGE_BOTH)
        add_self(&sum, task);
    if (who == RUSAGE_CHILDREN || who == RUSAGE_BOTH)
        add_children(&sum, task);
    *usage = (struct rusage){.utime_sec = (u32)(sum.utime / NSEC_PER_SEC),
                             .utime_usec = (u32)(sum.utime % NSEC_PER_SEC) / 1000,
                             .stime_sec = (u32)(sum.stime / NSEC_PER_SEC),
                             .stime_usec = (u32)(sum.stime % NSEC_PER_SEC) / 1000,
                             .maxrss = (u32)(sum.maxrss * (PAGE_SIZE / 1024)),
                             .minflt = (u32)sum.min_flt,
                             .majflt = (u32)sum.maj_flt,
                             .nvcsw = (u32)sum.nvcsw,
                             .nivcsw = (u32)sum.nivcsw};
}

long sys_getrusage(int who, void __user *to)
{
    struct rusage usage;
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
        return -EINVAL;
    get_rusage(current, who, &usage);
    return copy_to_user(to, &usage, sizeof(usage)) ? -EFAULT : 0;
}

long sys_times(void __user *to)
{
    struct process_times times;
    get_process_times(current, &times);
    const struct task_struct *leader = current->group_leader;
    const u32 words[4] = {(u32)(times.utime / NSEC_PER_TICK), (u32)(times.stime / NSEC_PER_TICK),
                          (u32)(leader->cutime / NSEC_PER_TICK), (u32)(leader->cstime / NSEC_PER_TICK)};
    if (to && copy_to_user(to, words, sizeof(words)))
        return -EFAULT;
    return (long)jiffies;
}

/* ---- limits ---- */

static void set_limit(struct task_struct *task, u32 resource, struct rlimit limit)
{
    struct task_struct *thread;
    unsigned long flags = local_irq_save();
    for_each_thread (thread, task)
        thread->rlim[resource] = limit;
    if (resource == RLIMIT_CPU)
        task->signal->cpu_limit_next = (u64)limit.rlim_cur * NSEC_PER_SEC;
    local_irq_restore(flags);
}

static int change_limit(struct task_struct *task, u32 resource, const struct rlimit *limit)
{
    if (limit->rlim_cur > limit->rlim_max)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && limit->rlim_max > 1048576)
        return -EPERM;
    if (limit->rlim_max > task->rlim[resource].rlim_max && current->euid)
        return -EPERM;
    set_limit(task, resource, *limit);
    return 0;
}

long sys_getrlimit(u32 resource, void __user *to)
{
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    return copy_to_user(to, &current->rlim[resource], sizeof(struct rlimit)) ? -EFAULT : 0;
}

/* Before 2.4 infinity was 0x7fffffff. */
long sys_old_getrlimit(u32 resource, void __user *to)
{
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    struct rlimit limit = current->rlim[resource];
    limit.rlim_cur = min_t(unsigned long, limit.rlim_cur, 0x7fffffff);
    limit.rlim_max = min_t(unsigned long, limit.rlim_max, 0x7fffffff);
    return copy_to_user(to, &limit, sizeof(limit)) ? -EFAULT : 0;
}

long sys_setrlimit(u32 resource, const void __user *from)
{
    struct rlimit limit;
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (copy_from_user(&limit, from, sizeof(limit)))
        return -EFAULT;
    return change_limit(current, resource, &limit);
}

static u64 widen(unsigned long value) { return value == RLIM_INFINITY ? ~0ull : value; }
static unsigned long narrow(u64 value) { return value >= RLIM_INFINITY ? RLIM_INFINITY : (unsigned long)value; }

long sys_prlimit64(pid_t pid, u32 resource, const void __user *new_limit, void __user *old_limit)
{
    struct task_struct *task = pid ? find_task_by_pid(pid) : current;
    u64 words[2];
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (!task)
        return -ESRCH;
    if (current->euid && current->uid != task->uid)
        return -EPERM;
    struct rlimit old = task->rlim[resource];
    if (new_limit) {
        if (copy_from_user(words, new_limit, sizeof(words)))
            return -EFAULT;
        const struct rlimit limit = {narrow(words[0]), narrow(words[1])};
        int error = change_limit(task, resource, &limit);
        if (error)
            return error;
    }
    const u64 old_words[2] = {widen(old.rlim_cur), widen(old.rlim_max)};
    return old_limit && copy_to_user(old_limit, old_words, sizeof(old_words)) ? -EFAULT : 0;
}
