/* Who a task is: process ids, groups and sessions, users and groups. A user with effective id 0 may do everything. */
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"

/* ---- processes, groups of processes, sessions ---- */

long sys_getpid(void) { return current->tgid; }
long sys_gettid(void) { return current->pid; }
long sys_getppid(void) { return current->group_leader->parent->tgid; }
long sys_getpgrp(void) { return current->pgrp; }

static const struct task_struct *process_of(pid_t pid) { return pid ? find_task_by_pid(pid) : current; }

long sys_getpgid(pid_t pid)
{
    const struct task_struct *task = process_of(pid);
    return task ? task->pgrp : -ESRCH;
}

long sys_getsid(pid_t pid)
{
    const struct task_struct *task = process_of(pid);
    return task ? task->session : -ESRCH;
}

static bool group_exists_in_session(pid_t pgrp, pid_t session)
{
    const struct task_struct *task;
    for_each_task (task) {
        if (task->pgrp == pgrp && task->session == session)
            return true;
    }
    return false;
}

static int may_change_group(const struct task_struct *task)
{
    const struct task_struct *me = current->group_leader;
    if (task != me && task->parent != me)
        return -ESRCH;
    if (task->session != me->session)
        return -EPERM;
    if (task != me && task->did_exec)
        return -EACCES;
    return task->session == task->pid ? -EPERM : 0;
}

long sys_setpgid(pid_t pid, pid_t pgrp)
{
    struct task_struct *thread, *task = find_task_by_pid(pid ? pid : current->tgid);
    if (pgrp < 0)
        return -EINVAL;
    if (!task)
        return -ESRCH;
    if (task != task->group_leader)
        return -EINVAL;
    int error = may_change_group(task);
    if (error)
        return error;
    if (!pgrp)
        pgrp = task->pid;
    if (pgrp != task->pid && !group_exists_in_session(pgrp, task->session))
        return -EPERM;
    for_each_thread (thread, task)
        thread->pgrp = pgrp;
    return 0;
}

long sys_setsid(void)
{
    struct task_struct *thread;
    const struct task_struct *task;
    pid_t pid = current->tgid;
    for_each_task (task) {
        if (task->pgrp == pid)
            return -EPERM;
    }
    for_each_thread (thread, current)
        thread->pgrp = thread->session = pid;
    return pid;
}

/* ---- users ---- */

#define KEEP 0xffffffffu /* -1: leave as it is */

static u32 widen16(u32 id) { return (id & 0xffff) == 0xffff ? KEEP : id & 0xffff; }
static long narrow16(u32 id) { return id > 0xffff ? 65534 : (long)id; }

long sys_getuid(void) { return (long)current->uid; }
long sys_geteuid(void) { return (long)current->euid; }
long sys_getgid(void) { return (long)current->gid; }
long sys_getegid(void) { return (long)current->egid; }
long sys_getuid16(void) { return narrow16(current->uid); }
long sys_geteuid16(void) { return narrow16(current->euid); }
long sys_getgid16(void) { return narrow16(current->gid); }
long sys_getegid16(void) { return narrow16(current->egid); }

static bool is_my_uid(u32 id) { return id == KEEP || id == current->uid || id == current->euid || id == current->suid; }
static bool is_my_gid(u32 id) { return id == KEEP || id == current->gid || id == current->egid || id == current->sgid; }

static void set_uids(u32 ruid, u32 euid, u32 suid)
{
    struct task_struct *task = current;
    task->uid = ruid == KEEP ? task->uid : ruid;
    task->euid = euid == KEEP ? task->euid : euid;
    task->suid = suid == KEEP ? task->suid : suid;
    task->fsuid = task->euid;
}

static void set_gids(u32 rgid, u32 egid, u32 sgid)
{
    struct task_struct *task = current;
    task->gid = rgid == KEEP ? task->gid : rgid;
    task->egid = egid == KEEP ? task->egid : egid;
    task->sgid = sgid == KEEP ? task->sgid : sgid;
    task->fsgid = task->egid;
}

long sys_setuid(u32 uid)
{
    if (uid == KEEP)
        return -EINVAL;
    if (!current->euid)
        set_uids(uid, uid, uid);
    else if (uid == current->uid || uid == current->suid)
        set_uids(KEEP, uid, KEEP);
    else
        return -EPERM;
    return 0;
}

long sys_setgid(u32 gid)
{
    if (gid == KEEP)
        return -EINVAL;
    if (!current->euid)
        set_gids(gid, gid, gid);
    else if (gid == current->gid || gid == current->sgid)
        set_gids(KEEP, gid, KEEP);
    else
        return -EPERM;
    return 0;
}

/* The saved id follows the effective one when the real id is set, or the effective one to something else than the real.
 */
long sys_setreuid(u32 ruid, u32 euid)
{
    bool allowed = (ruid == KEEP || ruid == current->uid || ruid == current->euid) && is_my_uid(euid);
    if (current->euid && !allowed)
        return -EPERM;
    bool save = ruid != KEEP || (euid != KEEP && euid != current->uid);
    u32 effective = euid == KEEP ? current->euid : euid;
    set_uids(ruid, euid, save ? effective : KEEP);
    return 0;
}

long sys_setregid(u32 rgid, u32 egid)
{
    bool allowed = (rgid == KEEP || rgid == current->gid || rgid == current->egid) && is_my_gid(egid);
    if (current->euid && !allowed)
        return -EPERM;
    bool save = rgid != KEEP || (egid != KEEP && egid != current->gid);
    u32 effective = egid == KEEP ? current->egid : egid;
    set_gids(rgid, egid, save ? effective : KEEP);
    return 0;
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
    if (current->euid && !(is_my_uid(ruid) && is_my_uid(euid) && is_my_uid(suid)))
        return -EPERM;
    set_uids(ruid, euid, suid);
    return 0;
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
    if (current->euid && !(is_my_gid(rgid) && is_my_gid(egid) && is_my_gid(sgid)))
        return -EPERM;
    set_gids(rgid, egid, sgid);
    return 0;
}

static long put_three(const u32 ids[3], void __user *const to[3])
{
    for (int i = 0; i < 3; i++) {
        if (put_user_u32(ids[i], to[i]))
            return -EFAULT;
    }
    return 0;
}

long sys_getresuid(void __user *ruid, void __user *euid, void __user *suid)
{
    const u32 ids[3] = {current->uid, current->euid, current->suid};
    void __user *const to[3] = {ruid, euid, suid};
    return put_three(ids, to);
}

long sys_getresgid(void __user *rgid, void __user *egid, void __user *sgid)
{
    const u32 ids[3] = {current->gid, current->egid, current->sgid};
    void __user *const to[3] = {rgid, egid, sgid};
    return put_three(ids, to);
}

/* These two report the old id whether they changed it or not. */
long sys_setfsuid(u32 uid)
{
    u32 old = current->fsuid;
    if (uid != KEEP && (!current->euid || is_my_uid(uid) || uid == old))
        current->fsuid = uid;
    return (long)old;
}

long sys_setfsgid(u32 gid)
{
    u32 old = current->fsgid;
    if (gid != KEEP && (!current->euid || is_my_gid(gid) || gid == old))
        current->fsgid = gid;
    return (long)old;
}

long sys_setuid16(u32 uid) { return sys_setuid(widen16(uid)); }
long sys_setgid16(u32 gid) { return sys_setgid(widen16(gid)); }
long sys_setreuid16(u32 ruid, u32 euid) { return sys_setreuid(widen16(ruid), widen16(euid)); }
long sys_setregid16(u32 rgid, u32 egid) { return sys_setregid(widen16(rgid), widen16(egid)); }

/* ---- supplementary groups; width: bytes of an id in the program's list ---- */

static long get_groups(int size, void __user *list, u32 width)
{
    if (size < 0)
        return -EINVAL;
    if (!size)
        return current->ngroups;
    if (size < current->ngroups)
        return -EINVAL;
    for (int i = 0; i < current->ngroups; i++) {
        u32 id = width == 2 ? (u32)narrow16(current->groups[i]) : current->groups[i];
        if (copy_to_user((char __user *)list + (u32)i * width, &id, width))
            return -EFAULT;
    }
    return current->ngroups;
}

static long set_groups(int size, const void __user *list, u32 width)
{
    u32 groups[ARRAY_SIZE(current->groups)] = {0};
    if (current->euid)
        return -EPERM;
    if (size < 0 || (u32)size > ARRAY_SIZE(groups))
        return -EINVAL;
    for (int i = 0; i < size; i++) {
        if (copy_from_user(&groups[i], (const char __user *)list + (u32)i * width, width))
            return -EFAULT;
    }
    memcpy(current->groups, groups, sizeof(groups));
    current->ngroups = size;
    return 0;
}

long sys_getgroups(int size, void __user *list) { return get_groups(size, list, 4); }
long sys_setgroups(int size, const void __user *list) { return set_groups(size, list, 4); }
long sys_getgroups16(int size, void __user *list) { return get_groups(size, list, 2); }
long sys_setgroups16(int size, const void __user *list) { return set_groups(size, list, 2); }

/* ---- capabilities: all or none ---- */

#define CAPABILITY_VERSION_1 0x19980330u
#define CAPABILITY_VERSION_3 0x20080522u

static long check_capability_header(void __user *header, u32 *words_per_set)
{
    u32 version;
    if (get_user_u32(&version, header))
        return -EFAULT;
    *words_per_set = version == CAPABILITY_VERSION_1 ? 1 : 2;
    if (version == CAPABILITY_VERSION_1 || version == CAPABILITY_VERSION_3 || version == 0x20071026u)
        return 0;
    return put_user_u32(CAPABILITY_VERSION_3, header) ? -EFAULT : -EINVAL;
}

long sys_capget(void __user *header, void __user *data)
{
    u32 count;
    long error = check_capability_header(header, &count);
    if (error)
        return data ? error : (error == -EINVAL ? 0 : error);
    if (!data)
        return 0;
    u32 all = current->euid ? 0 : 0xffffffffu, upper = current->euid ? 0 : 0x1ffu;
    const u32 words[6] = {all, all, 0, upper, upper, 0}; /* effective, permitted, inheritable */
    return copy_to_user(data, words, count * 12) ? -EFAULT : 0;
}

long sys_capset(void __user *header, const void __user *data)
{
    u32 count;
    (void)data;
    long error = check_capability_header(header, &count);
    if (error)
        return error;
    return current->euid ? -EPERM : 0;
}
