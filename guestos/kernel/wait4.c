/*
 * wait4, waitpid, waitid: a parent looks at its children's states, and sleeps until one is of interest. A zombie that
 * is waited for gives its times to the parent's sums of children and is gone.
 */
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "kernel/resource.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"

#define WNOHANG 0x00000001
#define WUNTRACED 0x00000002
#define WSTOPPED WUNTRACED
#define WEXITED 0x00000004
#define WCONTINUED 0x00000008
#define WNOWAIT 0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL 0x40000000
#define __WCLONE ((int)0x80000000u)

#define P_ALL 0
#define P_PID 1
#define P_PGID 2

#define STATUS_CONTINUED 0xffff

struct wait_request {
    int type;
    pid_t id;
    int options;
    /* found */
    pid_t pid;
    u32 uid;
    int code, status; /* CLD_ code, and exit status or signal */
    int wait_status;  /* wait4's form */
    struct rusage usage;
};

static bool selected(const struct wait_request *request, const struct task_struct *child)
{
    if (request->type == P_PID && child->pid != request->id)
        return false;
    if (request->type == P_PGID && child->pgrp != request->id)
        return false;
    bool is_clone = child->exit_signal != SIGCHLD;
    return (request->options & __WALL) || is_clone == ((request->options & __WCLONE) != 0);
}

static void found(struct wait_request *request, const struct task_struct *child, int code, int status)
{
    request->pid = child->pid;
    request->uid = child->uid;
    request->code = code;
    request->status = status;
    get_rusage(child, RUSAGE_BOTH, &request->usage);
}

static void add_child_times(struct task_struct *parent, struct task_struct *child)
{
    struct process_times times;
    struct signal_struct *ours = parent->signal;
    get_process_times(child, &times);
    parent->cutime += times.utime + child->cutime;
    parent->cstime += times.stime + child->cstime;
    parent->cmin_flt += times.min_flt + child->cmin_flt;
    parent->cmaj_flt += times.maj_flt + child->cmaj_flt;
    ours->cnvcsw += times.nvcsw + child->signal->cnvcsw;
    ours->cnivcsw += times.nivcsw + child->signal->cnivcsw;
    unsigned long maxrss = max_t(unsigned long, child->signal->maxrss, child->signal->cmaxrss);
    if (maxrss > ours->cmaxrss)
        ours->cmaxrss = maxrss;
}

static bool wait_zombie(struct wait_request *request, struct task_struct *child)
{
    if (!(request->options & WEXITED) || child->state != EXIT_ZOMBIE || !only_thread(child))
        return false;
    int status = child->signal->group_exit ? child->signal->group_exit_code : child->exit_code;
    request->wait_status = status;
    if (status & 0x7f)
        found(request, child, CLD_KILLED, status & 0x7f);
    else
        found(request, child, CLD_EXITED, (status >> 8) & 0xff);
    if (request->options & WNOWAIT)
        return true;
    add_child_times(current->group_leader, child);
    release_task(child);
    return true;
}

static bool wait_stopped(struct wait_request *request, struct task_struct *child)
{
    int signal = child->signal->stop_report;
    if (!(request->options & WSTOPPED) || !signal)
        return false;
    if (!(request->options & WNOWAIT))
        child->signal->stop_report = 0;
    request->wait_status = signal << 8 | 0x7f;
    found(request, child, CLD_STOPPED, signal);
    return true;
}

static bool wait_continued(struct wait_request *request, struct task_struct *child)
{
    if (!(request->options & WCONTINUED) || !child->signal->continue_report)
        return false;
    if (!(request->options & WNOWAIT))
        child->signal->continue_report = false;
    request->wait_status = STATUS_CONTINUED;
    found(request, child, CLD_CONTINUED, SIGCONT);
    return true;
}

/* 1: found. 0: nothing yet. -ECHILD: there will never be anything. */
static int look_at_children(struct wait_request *request)
{
    struct task_struct *child;
    int result = -ECHILD;
    list_for_each_entry (child, &current->group_leader->children, sibling) {
        if (!selected(request, child))
            continue;
        result = 0;
        if (wait_zombie(request, child) || wait_stopped(request, child) || wait_continued(request, child))
            return 1;
    }
    return result;
}

static int do_wait(struct wait_request *request)
{
    wait_queue_head_t *queue = &current->group_leader->wait_chldexit;
    DEFINE_WAIT(wait);
    int result;
    for (;;) {
        prepare_to_wait(queue, &wait, TASK_INTERRUPTIBLE);
        result = look_at_children(request);
        if (result || (request->options & WNOHANG))
            break;
        if (signal_pending(current)) {
            result = -ERESTARTSYS;
            break;
        }
        schedule();
    }
    finish_wait(queue, &wait);
    return result;
}

static void select_by_pid(struct wait_request *request, pid_t pid)
{
    if (pid == -1) {
        request->type = P_ALL;
    } else if (pid > 0) {
        request->type = P_PID;
        request->id = pid;
    } else {
        request->type = P_PGID;
        request->id = pid ? -pid : current->pgrp;
    }
}

long sys_wait4(pid_t pid, void __user *status, int options, void __user *usage)
{
    struct wait_request request = {.options = options | WEXITED};
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (pid == (pid_t)0x80000000)
        return -ESRCH;
    select_by_pid(&request, pid);
    int result = do_wait(&request);
    if (result <= 0)
        return result;
    if (status && put_user_u32((u32)request.wait_status, status))
        return -EFAULT;
    if (usage && copy_to_user(usage, &request.usage, sizeof(request.usage)))
        return -EFAULT;
    return request.pid;
}

long sys_waitpid(pid_t pid, void __user *status, int options) { return sys_wait4(pid, status, options, NULL); }

static int select_by_type(struct wait_request *request, int type, pid_t id)
{
    if (type < P_ALL || type > P_PGID || (type == P_PID && id <= 0) || (type == P_PGID && id < 0))
        return -EINVAL;
    request->type = type;
    request->id = type == P_PGID && !id ? current->pgrp : id;
    return 0;
}

long sys_waitid(int type, pid_t id, void __user *info, int options, void __user *usage)
{
    struct wait_request request = {.options = options};
    if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (!(options & (WEXITED | WSTOPPED | WCONTINUED)) || select_by_type(&request, type, id))
        return -EINVAL;
    int result = do_wait(&request);
    if (result < 0)
        return result;
    if (result && usage && copy_to_user(usage, &request.usage, sizeof(request.usage)))
        return -EFAULT;
    const u32 words[6] = {result ? SIGCHLD : 0, 0,           (u32)request.code,
                          (u32)request.pid,     request.uid, (u32)request.status};
    if (info && copy_to_user(info, words, sizeof(words)))
        return -EFAULT;
    return 0;
}
