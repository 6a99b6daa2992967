/* Calls about the system as a whole: names, memory and load, prctl, personality, reboot. */
#include "asm/uaccess.h"
#include "kernel/init.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"
#include "kernel/trace.h"
#include "kernel/utsname.h"
#include "mm/mm.h"
#include "mm/pagemap.h"
#include "mm/swap.h"

#define OLD_NAME_BYTES 9

struct utsname system_name = {UTS_SYSNAME, UTS_NODENAME, UTS_RELEASE, UTS_VERSION, UTS_MACHINE, "(none)"};

long sys_newuname(void __user *to) { return copy_to_user(to, &system_name, sizeof(system_name)) ? -EFAULT : 0; }

/* Without the domain. */
long sys_uname(void __user *to) { return copy_to_user(to, &system_name, 5 * UTS_BYTES) ? -EFAULT : 0; }

long sys_olduname(void __user *to)
{
    char old[5][OLD_NAME_BYTES];
    const char *const fields[5] = {system_name.sysname, system_name.nodename, system_name.release, system_name.version,
                                   system_name.machine};
    memset(old, 0, sizeof(old));
    for (int i = 0; i < 5; i++)
        strlcpy(old[i], fields[i], OLD_NAME_BYTES);
    return copy_to_user(to, old, sizeof(old)) ? -EFAULT : 0;
}

static long set_name(char *field, const char __user *from, int length)
{
    char name[UTS_BYTES] = {0};
    if (current->euid)
        return -EPERM;
    if (length < 0 || length >= UTS_BYTES)
        return -EINVAL;
    if (copy_from_user(name, from, (unsigned long)length))
        return -EFAULT;
    memcpy(field, name, UTS_BYTES);
    return 0;
}

long sys_sethostname(const char __user *name, int length) { return set_name(system_name.nodename, name, length); }
long sys_setdomainname(const char __user *name, int length) { return set_name(system_name.domainname, name, length); }

/* ---- sysinfo ---- */

struct sysinfo {
    u32 uptime, loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    u16 procs, pad;
    u32 totalhigh, freehigh, mem_unit;
    u8 filler[8];
};

_Static_assert(sizeof(struct sysinfo) == 64, "i386 ABI");

static u16 count_tasks(void)
{
    u16 count = 0;
    const struct task_struct *task;
    for_each_task (task)
        count++;
    return count;
}

long sys_sysinfo(void __user *to)
{
    unsigned long load[3];
    get_loadavg(load);
    struct sysinfo info = {.uptime = (u32)((ktime_ns() + NSEC_PER_SEC - 1) / NSEC_PER_SEC),
                           .totalram = (u32)(totalram_pages * PAGE_SIZE),
                           .freeram = (u32)(nr_free_pages() * PAGE_SIZE),
                           .sharedram = (u32)(nr_shmem_pages() * PAGE_SIZE),
                           .bufferram = (u32)(nr_blockdev_pages() * PAGE_SIZE),
                           .totalswap = (u32)(total_swap_pages * PAGE_SIZE),
                           .freeswap = (u32)(nr_swap_pages * PAGE_SIZE),
                           .procs = count_tasks(),
                           .totalhigh = (u32)(totalhigh_pages * PAGE_SIZE),
                           .freehigh = (u32)(nr_free_highpages() * PAGE_SIZE),
                           .mem_unit = 1};
    for (int i = 0; i < 3; i++)
        info.loads[i] = (u32)load[i] << 5;
    return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : 0;
}

/* ---- prctl ---- */

#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_GET_KEEPCAPS 7
#define PR_SET_KEEPCAPS 8
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_SECCOMP 21
#define PR_CAPBSET_READ 23
#define PR_SET_TIMERSLACK 29
#define PR_GET_TIMERSLACK 30
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define LAST_CAPABILITY 40
#define TIMERSLACK_NS 50000

void set_task_comm(struct task_struct *task, const char *name)
{
    struct flt_task_rename record = {.pid = (u32)task->pid};
    memset(task->comm, 0, sizeof(task->comm));
    strlcpy(task->comm, name, sizeof(task->comm));
    if (!trace_enabled)
        return;
    memcpy(record.comm, task->comm, sizeof(record.comm));
    trace_emit(&record.head, FLT_TASK_RENAME, sizeof(record));
}

static long prctl_set_name(const char __user *from)
{
    char name[sizeof(current->comm)];
    long n = strncpy_from_user(name, from, sizeof(name) - 1);
    if (n < 0)
        return -EFAULT;
    name[min_t(u32, n, sizeof(name) - 1)] = 0;
    set_task_comm(current, name);
    return 0;
}

static long prctl_set_pdeathsig(u32 signal)
{
    if (signal > _NSIG)
        return -EINVAL;
    current->pdeath_signal = (int)signal;
    return 0;
}

static long prctl_set_dumpable(u32 value)
{
    if (value > 1)
        return -EINVAL;
    current->mm->dumpable = value;
    return 0;
}

long sys_prctl(int option, u32 arg2, u32 arg3, u32 arg4, u32 arg5)
{
    bool rest_zero = !arg3 && !arg4 && !arg5;
    switch (option) {
    case PR_SET_PDEATHSIG: return prctl_set_pdeathsig(arg2);
    case PR_GET_PDEATHSIG: return put_user_u32((u32)current->pdeath_signal, (void __user *)arg2);
    case PR_GET_DUMPABLE: return current->mm->dumpable;
    case PR_SET_DUMPABLE: return prctl_set_dumpable(arg2);
    case PR_GET_KEEPCAPS:
    case PR_GET_SECCOMP: return 0;
    case PR_SET_KEEPCAPS: return arg2 > 1 ? -EINVAL : 0;
    case PR_SET_NAME: return prctl_set_name((const char __user *)arg2);
    case PR_GET_NAME: return copy_to_user((void __user *)arg2, current->comm, sizeof(current->comm)) ? -EFAULT : 0;
    case PR_CAPBSET_READ: return arg2 > LAST_CAPABILITY ? -EINVAL : 1;
    case PR_SET_TIMERSLACK: return 0;
    case PR_GET_TIMERSLACK: return TIMERSLACK_NS;
    case PR_SET_NO_NEW_PRIVS:
        if (arg2 != 1 || !rest_zero)
            return -EINVAL;
        current->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS: return arg2 || !rest_zero ? -EINVAL : current->no_new_privs;
    default: return -EINVAL;
    }
}

long sys_personality(u32 personality)
{
    u32 old = current->personality;
    if (personality != 0xffffffffu)
        current->personality = personality;
    return (long)old;
}

/* ---- reboot ---- */

#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_RESTART 0x01234567u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0u

static bool reboot_magic2(u32 magic)
{
    return magic == 672274793u || magic == 85072278u || magic == 369367448u || magic == 537993216u;
}

long sys_reboot(u32 magic1, u32 magic2, u32 command, void __user *argument)
{
    (void)argument;
    if (current->euid)
        return -EPERM;
    if (magic1 != REBOOT_MAGIC1 || !reboot_magic2(magic2))
        return -EINVAL;
    switch (command) {
    case REBOOT_CAD_ON:
    case REBOOT_CAD_OFF: return 0;
    case REBOOT_RESTART: machine_restart();
    case REBOOT_HALT:
    case REBOOT_POWER_OFF: machine_power_off(0);
    default: return -EINVAL;
    }
}
