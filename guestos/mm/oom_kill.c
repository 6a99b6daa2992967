/*
 * The last resort: no page can be reclaimed and somebody must have one. One process is killed so that all others live.
 *
 * Which: the one whose badness() is the largest; of equals, the eldest. The rule is the published one of Linux 2.6:
 *
 *   points   pages of the address space, and half of each child's that has its own
 *            / sqrt(CPU time in units of 8 seconds)
 *            / sqrt(sqrt(time since its start in units of 1024 seconds))      what has run long shall not be lost
 *            * 2 when niced                                                    it was less important
 *            / 4 for the superuser, / 4 with raw I/O (which the superuser has) it may leave hardware in disorder
 *            << oom_adj, or >> -oom_adj                                        what the administrator thinks
 *
 * Never: pid 1, kernel threads, oom_adj -17, and whoever shares its memory with one of those.
 *
 * Every task that shares the victim's memory is killed with it and may use all reserves until it is gone (memdie), for
 * it may need memory to end. Until then nobody else is killed; but a victim that does not end within OOM_PATIENCE is
 * passed over, for what it waits for may wait for memory.
 */
#include "mm/internal.h"
#include "mm/swap.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"

#define OOM_PATIENCE (5 * HZ)
#define CPU_TIME_UNIT (8ull * 1000000000u)
#define RUN_TIME_SHIFT 10

static bool waiting;             /* for somebody to end */
static unsigned long wait_began; /* jiffies */

static unsigned long int_sqrt(unsigned long n)
{
    unsigned long root = 0;

    for (unsigned long bit = 1ul << 30; bit; bit >>= 2) {
        if (n >= root + bit) {
            n -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

/* ---- the rule ---- */

static unsigned long memory_points(const struct task_struct *task)
{
    unsigned long points = task->mm->total_vm;
    const struct task_struct *child;

    list_for_each_entry (child, &task->children, sibling)
        if (child->mm && child->mm != task->mm)
            points += child->mm->total_vm / 2 + 1;
    return points;
}

static unsigned long less_by_time(unsigned long points, const struct task_struct *task, u64 uptime_seconds)
{
    u64 started = task->start_time / 1000000000u;
    u64 run_time = uptime_seconds > started ? (uptime_seconds - started) >> RUN_TIME_SHIFT : 0;
    unsigned long cpu_root = int_sqrt((unsigned long)((task->utime + task->stime) / CPU_TIME_UNIT));
    unsigned long run_root = int_sqrt(int_sqrt((unsigned long)run_time));

    points /= max_t(unsigned long, cpu_root, 1);
    return points / max_t(unsigned long, run_root, 1);
}

unsigned long badness(struct task_struct *task, u64 uptime_seconds)
{
    unsigned long points;

    if (!task->mm)
        return 0;
    if (task->flags & PF_SWAPOFF)
        return ~0ul; /* it brings back what does not fit */
    points = less_by_time(memory_points(task), task, uptime_seconds);
    if (task->nice > 0)
        points *= 2;
    if (!task->uid || !task->euid)
        points /= 4;
    if (!task->euid)
        points /= 4;
    return task->oom_adj > 0 ? points << task->oom_adj : points >> -task->oom_adj;
}

/* ---- the choice ---- */

static bool is_init(const struct task_struct *task) { return task->tgid == 1; }

static bool untouchable(const struct task_struct *task)
{
    return is_init(task) || (task->flags & PF_KTHREAD) || task->oom_adj == OOM_DISABLE;
}

static bool shares_memory_with_untouchable(const struct task_struct *task)
{
    const struct task_struct *other;

    for_each_task (other)
        if (other->mm == task->mm && untouchable(other))
            return true;
    return false;
}

/* Its memory comes back without our doing. */
static bool is_ending(const struct task_struct *task)
{
    return task->mm && (task->memdie || (task->flags & PF_EXITING));
}

static const struct task_struct *somebody_ending(void)
{
    const struct task_struct *task;

    for_each_task (task)
        if (is_ending(task))
            return task;
    return NULL;
}

/* Somebody is ending, and it has not taken too long. */
static bool must_wait(void)
{
    if (!somebody_ending()) {
        waiting = false;
        return false;
    }
    if (!waiting) {
        waiting = true;
        wait_began = jiffies;
    }
    return jiffies - wait_began < OOM_PATIENCE;
}

static struct task_struct *select_bad_process(unsigned long *chosen_points)
{
    u64 uptime = ktime_ns() / 1000000000u;
    struct task_struct *task, *chosen = NULL;

    for_each_task (task) {
        unsigned long points;

        if (!task->mm || is_ending(task) || untouchable(task) || shares_memory_with_untouchable(task))
            continue;
        points = badness(task, uptime);
        if (!chosen || points > *chosen_points) {
            chosen = task;
            *chosen_points = points;
        }
    }
    return chosen;
}

/* ---- the end of it ---- */

static void print_tasks(void)
{
    u64 uptime = ktime_ns() / 1000000000u;
    struct task_struct *task;

    printk(KERN_INFO "[ pid ]   uid  tgid total_vm      rss    swap oom_adj   score name\n");
    for_each_task (task)
        if (task->mm)
            printk(KERN_INFO "[%5d] %5u %5d %8lu %8lu %7lu %7d %7lu %s\n", task->pid, task->uid, task->tgid,
                   task->mm->total_vm, task->mm->file_rss + task->mm->anon_rss, task->mm->swap_usage, task->oom_adj,
                   badness(task, uptime), task->comm);
}

static void tell_kill(const struct task_struct *task, unsigned long points, gfp_t gfp, unsigned order)
{
    struct flt_mm_oom_kill record = {.pid = (u32)task->pid, .points = (u32)points, .order = order, .gfp_flags = gfp};

    printk(KERN_ERR
           "Out of memory: killed process %d (%s), score %lu, total-vm %lukB, anon-rss %lukB, file-rss %lukB\n",
           task->pid, task->comm, points, task->mm->total_vm << 2, task->mm->anon_rss << 2, task->mm->file_rss << 2);
    if (likely(!trace_enabled))
        return;
    record.total_vm = (u32)task->mm->total_vm;
    strlcpy(record.comm, task->comm, sizeof(record.comm));
    trace_emit(&record.head, FLT_MM_OOM_KILL, sizeof(record));
}

static void kill_users_of(const struct mm_struct *mm)
{
    struct task_struct *task;

    for_each_task (task) {
        if (task->mm != mm)
            continue;
        task->memdie = true;
        task->time_slice = HZ; /* the sooner it runs, the sooner the memory is back */
        send_group_signal(task, SIGKILL, NULL);
    }
    waiting = true;
    wait_began = jiffies;
}

static void kill_one(gfp_t gfp, unsigned order)
{
    unsigned long points = 0;
    struct task_struct *victim;

    printk(KERN_WARNING "%s invoked oom-killer: gfp_mask=0x%x, order=%u, oomkilladj=%d\n", current->comm, gfp, order,
           current->oom_adj);
    show_mem();
    print_tasks();
    victim = select_bad_process(&points);
    if (!victim && somebody_ending())
        return; /* nobody else is left: it has to end after all */
    if (!victim)
        panic("Out of memory and no killable processes");
    tell_kill(victim, points, gfp, order);
    kill_users_of(victim->mm);
}

/* Returns when somebody was killed, or is about to end; the caller tries again. Sleeps for a moment. */
void out_of_memory(struct zonelist *zonelist, gfp_t gfp, unsigned order)
{
    (void)zonelist;
    if (!must_wait())
        kill_one(gfp, order);
    if (!current->memdie) {
        current->state = TASK_UNINTERRUPTIBLE;
        schedule_timeout(1);
    }
}

static bool memory_is_back(const struct zonelist *zonelist)
{
    for (struct zone *const *z = zonelist->zones; *z; z++)
        if (zone_watermark_ok(*z, 0, (*z)->pages_high, zone_index(zonelist->zones[0]), 0))
            return true;
    return false;
}

void pagefault_out_of_memory(void)
{
    struct zonelist *zonelist = &contig_page_data.node_zonelists[__GFP_HIGHMEM];

    if (!memory_is_back(zonelist))
        out_of_memory(zonelist, GFP_HIGHUSER, 0);
}
