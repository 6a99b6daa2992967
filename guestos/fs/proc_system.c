/* The texts of /proc itself: numbers of the whole system. */
#include "block/request.h"
#include "fs/proc.h"
#include "fs/vfs.h"
#include "asm/traps.h"
#include "kernel/init.h"
#include "kernel/syscalls.h"
#include "kernel/utsname.h"
#include "mm/mm.h"
#include "mm/swap.h"
#include "mm/vmalloc.h"

#define NS_PER_CENTISECOND 10000000u /* USER_HZ 100 */
#define NS_PER_SECOND 1000000000u

static int show_meminfo(const struct proc_context *c, char *buf, int size) { return (void)c, proc_meminfo(buf, size); }
static int show_buddyinfo(const struct proc_context *c, char *buf, int size)
{
    return (void)c, proc_buddyinfo(buf, size);
}
static int show_zoneinfo(const struct proc_context *c, char *buf, int size)
{
    return (void)c, proc_zoneinfo(buf, size);
}
static int show_vmstat(const struct proc_context *c, char *buf, int size) { return (void)c, proc_vmstat(buf, size); }
static int show_vmallocinfo(const struct proc_context *c, char *buf, int size)
{
    return (void)c, proc_vmallocinfo(buf, size);
}
static int show_slabinfo(const struct proc_context *c, char *buf, int size)
{
    return (void)c, proc_slabinfo(buf, size);
}

static int show_swaps(const struct proc_context *c, char *buf, int size) { return (void)c, proc_swaps(buf, size); }

static int show_diskstats(const struct proc_context *c, char *buf, int size)
{
    return (void)c, proc_diskstats(buf, size);
}
static int show_partitions(const struct proc_context *c, char *buf, int size)
{
    return (void)c, proc_partitions(buf, size);
}

static int show_uptime(const struct proc_context *c, char *buf, int size)
{
    u32 up = (u32)(ktime_ns() / NS_PER_CENTISECOND), idle = (u32)(init_task.exec_runtime / NS_PER_CENTISECOND);
    (void)c;
    return scnprintf(buf, (size_t)size, "%u.%02u %u.%02u\n", up / 100, up % 100, idle / 100, idle % 100);
}

static int show_proc_interrupts(const struct proc_context *c, char *buf, int size)
{
    return (void)c, show_interrupts(buf, size);
}

static int show_version(const struct proc_context *c, char *buf, int size)
{
    (void)c;
    return scnprintf(buf, (size_t)size, "Linux version " UTS_RELEASE " (faultline guest kernel) " UTS_VERSION "\n");
}

static int show_cmdline(const struct proc_context *c, char *buf, int size)
{
    (void)c;
    return scnprintf(buf, (size_t)size, "%s\n", saved_command_line);
}

static int show_filesystems(const struct proc_context *c, char *buf, int size)
{
    (void)c;
    const struct file_system_type *type;
    int used = 0;
    for (unsigned n = 0; (type = file_system_at(n)); n++)
        used += scnprintf(buf + used, (size_t)(size - used), "%s\t%s\n", type->fill_super ? "" : "nodev", type->name);
    return used;
}

int proc_show_mounts(const struct proc_context *c, char *buf, int size)
{
    struct super_block *sb;
    int used = 0;
    (void)c;
    char *path_buffer = getname_buffer();
    if (!path_buffer)
        return -ENOMEM;
    list_for_each_entry (sb, &super_blocks, s_list) {
        const char *path = d_path(sb->s_root, path_buffer, PATH_MAX);
        if (!IS_ERR(path))
            used += scnprintf(buf + used, (size_t)(size - used), "%s %s %s %s%s%s 0 0\n", sb->s_source, path,
                              sb->s_type, sb->s_flags & MS_RDONLY ? "ro" : "rw",
                              sb->s_flags & MS_SYNCHRONOUS ? ",sync" : "", sb->s_flags & MS_NOATIME ? ",noatime" : "");
    }
    putname(path_buffer);
    return used;
}

static int show_loadavg(const struct proc_context *c, char *buf, int size)
{
    unsigned long load[3];
    struct task_struct *task;
    int running = 0, all = 0, used = 0;
    pid_t last = 0;
    (void)c;
    get_loadavg(load);
    for_each_task (task) {
        all++;
        running += task->state == TASK_RUNNING;
        last = max_t(pid_t, last, task->pid);
    }
    for (int i = 0; i < 3; i++)
        used += scnprintf(buf + used, (size_t)(size - used), "%lu.%02lu ", load[i] >> 11, (load[i] & 2047) * 100 >> 11);
    return used + scnprintf(buf + used, (size_t)(size - used), "%d/%d %d\n", running, all, last);
}

static int show_intr_counts(char *buf, int size)
{
    unsigned long sum = 0;
    for (int irq = 0; irq < NR_IRQS; irq++)
        sum += irq_counts[irq];
    int used = scnprintf(buf, (size_t)size, "intr %lu", sum);
    for (int irq = 0; irq < NR_IRQS; irq++)
        used += scnprintf(buf + used, (size_t)(size - used), " %lu", irq_counts[irq]);
    return used + scnprintf(buf + used, (size_t)(size - used), "\n");
}

/* Time of the living and, through their parents, of the dead; what is neither theirs nor idle is the system's. */
static int show_stat(const struct proc_context *c, char *buf, int size)
{
    struct task_struct *task;
    u64 user = 0, all = ktime_ns(), idle = init_task.exec_runtime;
    int running = 0, blocked = 0;
    (void)c;
    for_each_task (task) {
        user += task->utime + task->cutime;
        running += task->state == TASK_RUNNING;
        blocked += task->state == TASK_UNINTERRUPTIBLE;
    }
    u64 system = all > idle + user ? all - idle - user : 0;
    u32 ticks[3] = {(u32)(user / NS_PER_CENTISECOND), (u32)(system / NS_PER_CENTISECOND),
                    (u32)(idle / NS_PER_CENTISECOND)};
    int used = 0;
    for (int cpu = 0; cpu < 2; cpu++)
        used += scnprintf(buf + used, (size_t)(size - used), "cpu%s %u 0 %u %u 0 0 0 0 0 0\n", cpu ? "0" : " ",
                          ticks[0], ticks[1], ticks[2]);
    u32 boot = (u32)((real_time_ns() - all) / NS_PER_SECOND);
    used += show_intr_counts(buf + used, size - used);
    return used + scnprintf(buf + used, (size_t)(size - used),
                            "ctxt %lu\nbtime %u\nprocesses %lu\nprocs_running %d\nprocs_blocked %d\n",
                            nr_context_switches, boot, total_forks, running, blocked);
}

struct cpuid {
    u32 eax, ebx, ecx, edx;
};

static struct cpuid cpuid(u32 leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "0"(leaf), "2"(0));
    return r;
}

static int show_flags(char *buf, int size, u32 edx, u32 ecx)
{
    static const char *const low[32] = {"fpu",  "vme",   "de",   "pse",     "tsc",  "msr", "pae",  "mce",
                                        "cx8",  "apic",  NULL,   "sep",     "mtrr", "pge", "mca",  "cmov",
                                        "pat",  "pse36", "pn",   "clflush", NULL,   "dts", "acpi", "mmx",
                                        "fxsr", "sse",   "sse2", "ss",      "ht",   "tm",  "ia64", "pbe"};
    static const char *const high[32] = {
        [0] = "pni",     [1] = "pclmulqdq", [9] = "ssse3",   [13] = "cx16", [19] = "sse4_1",
        [20] = "sse4_2", [22] = "movbe",    [23] = "popcnt", [25] = "aes",  [31] = "hypervisor"};
    int used = scnprintf(buf, (size_t)size, "flags\t\t:");
    for (int i = 0; i < 32; i++)
        if ((edx >> i & 1) && low[i])
            used += scnprintf(buf + used, (size_t)(size - used), " %s", low[i]);
    for (int i = 0; i < 32; i++)
        if ((ecx >> i & 1) && high[i])
            used += scnprintf(buf + used, (size_t)(size - used), " %s", high[i]);
    return used + scnprintf(buf + used, (size_t)(size - used), "\n\n");
}

static int show_cpuinfo(const struct proc_context *c, char *buf, int size)
{
    struct cpuid vendor = cpuid(0), version = cpuid(1);
    u32 family = version.eax >> 8 & 15, model = version.eax >> 4 & 15, brand[13] = {0};
    (void)c;
    if (family == 6 || family == 15)
        model += version.eax >> 12 & 0xf0;
    if (family == 15)
        family += version.eax >> 20 & 255;
    if (cpuid(0x80000000u).eax >= 0x80000004u) {
        for (u32 i = 0; i < 3; i++) {
            struct cpuid part = cpuid(0x80000002u + i);
            memcpy(&brand[i * 4], &part, sizeof(part));
        }
    }
    int used =
        scnprintf(buf, (size_t)size,
                  "processor\t: 0\nvendor_id\t: %.4s%.4s%.4s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n"
                  "stepping\t: %u\nfpu\t\t: %s\nwp\t\t: yes\n",
                  (char *)&vendor.ebx, (char *)&vendor.edx, (char *)&vendor.ecx, family, model,
                  brand[0] ? (char *)brand : "unknown", version.eax & 15, version.edx & 1 ? "yes" : "no");
    return used + show_flags(buf + used, size - used, version.edx, version.ecx);
}

static int show_self(const struct proc_context *c, char *buf, int size)
{
    (void)c;
    return scnprintf(buf, (size_t)size, "%d", current->tgid);
}

static int show_thread_self(const struct proc_context *c, char *buf, int size)
{
    (void)c;
    return scnprintf(buf, (size_t)size, "%d/task/%d", current->tgid, current->pid);
}

static int show_self_mounts(const struct proc_context *c, char *buf, int size)
{
    (void)c;
    return scnprintf(buf, (size_t)size, "self/mounts");
}

static int show_sysvipc_shm(const struct proc_context *c, char *buf, int size)
{
    return (void)c, proc_sysvipc_shm(buf, size);
}

static const struct proc_entry sysvipc_entries[] = {{.name = "shm", .mode = S_IFREG | 0444, .show = show_sysvipc_shm},
                                                    {0}};

const struct proc_entry proc_root_entries[] = {
    {.name = "buddyinfo", .mode = S_IFREG | 0444, .show = show_buddyinfo},
    {.name = "cmdline", .mode = S_IFREG | 0444, .show = show_cmdline},
    {.name = "cpuinfo", .mode = S_IFREG | 0444, .show = show_cpuinfo},
    {.name = "diskstats", .mode = S_IFREG | 0444, .show = show_diskstats},
    {.name = "filesystems", .mode = S_IFREG | 0444, .show = show_filesystems},
    {.name = "kpagecount", .mode = S_IFREG | 0400, .read_at = proc_read_kpagecount},
    {.name = "kpageflags", .mode = S_IFREG | 0400, .read_at = proc_read_kpageflags},
    {.name = "loadavg", .mode = S_IFREG | 0444, .show = show_loadavg},
    {.name = "meminfo", .mode = S_IFREG | 0444, .show = show_meminfo},
    {.name = "mounts", .mode = S_IFLNK | 0777, .show = show_self_mounts},
    {.name = "partitions", .mode = S_IFREG | 0444, .show = show_partitions},
    {.name = "self", .mode = S_IFLNK | 0777, .show = show_self},
    {.name = "swaps", .mode = S_IFREG | 0444, .show = show_swaps},
    {.name = "slabinfo", .mode = S_IFREG | 0400, .show = show_slabinfo},
    {.name = "stat", .mode = S_IFREG | 0444, .show = show_stat},
    {.name = "sysvipc", .mode = S_IFDIR | 0555, .children = sysvipc_entries},
    {.name = "sys", .mode = S_IFDIR | 0555, .children = proc_sys_entries},
    {.name = "thread-self", .mode = S_IFLNK | 0777, .show = show_thread_self},
    {.name = "uptime", .mode = S_IFREG | 0444, .show = show_uptime},
    {.name = "interrupts", .mode = S_IFREG | 0444, .show = show_proc_interrupts},
    {.name = "version", .mode = S_IFREG | 0444, .show = show_version},
    {.name = "vmallocinfo", .mode = S_IFREG | 0400, .show = show_vmallocinfo},
    {.name = "vmstat", .mode = S_IFREG | 0444, .show = show_vmstat},
    {.name = "zoneinfo", .mode = S_IFREG | 0444, .show = show_zoneinfo},
    {0},
};
