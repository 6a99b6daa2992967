/* The OOM killer: its choice against badness computed in another way, whom it spares, and whom it waits for. */
#include "reclaim_world.h"

double sqrt(double x);
double floor(double x);

#define TASKS 12
static struct task_struct tasks[TASKS];
static struct mm_struct mms[TASKS];

static void start_tasks(void)
{
    world_boot(48 * MIB, NULL);
    INIT_LIST_HEAD(&current->children);
    for (int i = 0; i < TASKS; i++) {
        struct task_struct *task = &tasks[i];
        *task =
            (struct task_struct){.pid = 100 + i, .tgid = 100 + i, .comm = "task", .mm = &mms[i], .uid = 1, .euid = 1};
        INIT_LIST_HEAD(&task->children);
        list_add_tail(&task->tasks, &init_task.tasks);
        mms[i].total_vm = 100;
    }
    current->memdie = true; /* so that it does not sleep after a kill */
}

/* floor of the root, by another way than bits. */
static unsigned long root(double n) { return (unsigned long)floor(sqrt(n)); }

/* From the published text, in floating point where it does not matter. */
static double badness_again(const struct task_struct *task, double uptime)
{
    double points = (double)task->mm->total_vm;
    const struct task_struct *child;

    list_for_each_entry (child, &task->children, sibling)
        if (child->mm && child->mm != task->mm)
            points += floor((double)child->mm->total_vm / 2) + 1;
    double cpu = floor((double)(task->utime + task->stime) / 8e9);
    double run = uptime - floor((double)task->start_time / 1e9);
    unsigned long cpu_root = root(cpu), run_root = root((double)root(floor(run / 1024)));
    points = floor(points / (cpu_root ? (double)cpu_root : 1));
    points = floor(points / (run_root ? (double)run_root : 1));
    points *= task->nice > 0 ? 2 : 1;
    if (task->uid == 0 || task->euid == 0)
        points = floor(points / 4);
    if (task->euid == 0)
        points = floor(points / 4);
    for (int i = 0; i < task->oom_adj; i++)
        points *= 2;
    for (int i = 0; i > task->oom_adj; i--)
        points = floor(points / 2);
    return points;
}

static void make_random(void)
{
    static const int adjustments[] = {0, 0, 0, 0, 1, 3, -2, -17};

    world_ktime = (u64)(2000000 + random_u32() % 1000000) * 1000000000u;
    for (int i = 0; i < TASKS; i++) {
        struct task_struct *task = &tasks[i];
        mms[i].total_vm = random_u32() % 50000;
        task->mm = random_u32() % 10 ? &mms[i] : &mms[random_u32() % TASKS];
        task->utime = (u64)(random_u32() % 4000) * 1000000000u;
        task->stime = (u64)(random_u32() % 100) * 1000000000u;
        task->start_time = (u64)(random_u32() % 2000000) * 1000000000u;
        task->nice = random_u32() % 4 ? 0 : (int)(random_u32() % 39) - 19;
        task->uid = random_u32() % 3 ? 5 : 0;
        task->euid = random_u32() % 3 ? task->uid : 0;
        task->oom_adj = adjustments[random_u32() % ARRAY_SIZE(adjustments)];
        task->memdie = false;
        task->flags = random_u32() % 12 ? 0 : PF_KTHREAD;
        if (task->flags)
            task->mm = NULL;
        INIT_LIST_HEAD(&task->children);
        if (i && random_u32() % 2)
            list_add_tail(&task->sibling, &tasks[random_u32() % (unsigned)i].children);
    }
}

static bool spared(const struct task_struct *task)
{
    if (!task->mm)
        return true;
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].mm == task->mm && (tasks[i].oom_adj == -17 || tasks[i].tgid == 1))
            return true;
    return false;
}

static struct task_struct *choose_again(void)
{
    struct task_struct *best = NULL;
    double most = -1;

    for (int i = 0; i < TASKS; i++) {
        double points = spared(&tasks[i]) ? -1 : badness_again(&tasks[i], (double)(world_ktime / 1000000000u));
        if (points > most) {
            most = points;
            best = &tasks[i];
        }
    }
    return best;
}

static void kill_now(void)
{
    last_killed = NULL;
    out_of_memory(&contig_page_data.node_zonelists[__GFP_HIGHMEM], GFP_HIGHUSER, 0);
}

static void the_choice_is_that_of_the_rule(void)
{
    start_tasks();
    tasks[0].pid = tasks[0].tgid = 1;
    random_seed(5);
    unsigned kills = 0;
    for (int round = 0; round < 2000; round++) {
        make_random();
        for (int i = 0; i < TASKS; i++)
            if (tasks[i].mm && tasks[i].oom_adj != -17)
                CHECKF((double)badness(&tasks[i], world_ktime / 1000000000u) ==
                           badness_again(&tasks[i], (double)(world_ktime / 1000000000u)),
                       "round %d task %d: %lu", round, i, badness(&tasks[i], world_ktime / 1000000000u));
        struct task_struct *expected = choose_again();
        if (!expected)
            continue;
        hear_all();
        kill_now();
        CHECK_EQ(told_last(FLT_MM_OOM_KILL)->kill.pid, expected->pid);
        for (int i = 0; i < TASKS; i++)
            CHECKF(tasks[i].memdie == (tasks[i].mm && tasks[i].mm == expected->mm), "round %d task %d", round, i);
        kills++;
    }
    CHECK(kills > 1500);
}

static void one_is_killed_at_a_time(void)
{
    start_tasks();
    mms[3].total_vm = 900;
    mms[4].total_vm = 800;
    kill_now();
    CHECK(last_killed == &tasks[3] && tasks[3].memdie);
    kill_now();
    CHECK(!last_killed); /* it is ending */
    jiffies += 4 * HZ;
    kill_now();
    CHECK(!last_killed);
    jiffies += 2 * HZ; /* it is stuck, perhaps on somebody who waits for memory */
    kill_now();
    CHECK(last_killed == &tasks[4]);
    kill_now();
    CHECK(!last_killed);
    tasks[3].mm = tasks[4].mm = NULL; /* both are gone */
    mms[7].total_vm = 700;
    kill_now();
    CHECK(last_killed == &tasks[7]);
}

static void an_exiting_task_is_waited_for(void)
{
    start_tasks();
    tasks[2].flags = PF_EXITING;
    kill_now();
    CHECK(!last_killed);
    tasks[2].mm = NULL; /* a zombie holds nothing */
    mms[5].total_vm = 101;
    kill_now();
    CHECK(last_killed == &tasks[5]);
}

static void threads_die_together(void)
{
    start_tasks();
    tasks[6].mm = tasks[8].mm = &mms[6];
    tasks[8].tgid = tasks[6].tgid;
    mms[6].total_vm = 5000;
    kill_now();
    CHECK(tasks[6].memdie && tasks[8].memdie && !tasks[7].memdie);
}

static void swapoff_goes_first(void)
{
    start_tasks();
    mms[3].total_vm = 100000;
    tasks[9].flags = PF_SWAPOFF;
    kill_now();
    CHECK(last_killed == &tasks[9]);
}

static void nobody_to_kill_is_a_panic(void)
{
    start_tasks();
    for (int i = 0; i < TASKS; i++)
        tasks[i].oom_adj = i ? -17 : 0;
    tasks[0].pid = tasks[0].tgid = 1;
    tap_expect_panic("no killable processes");
    kill_now();
}

/* ---- from an allocation ---- */

static struct page *hoard;

static void give_back(struct task_struct *task)
{
    task->mm = NULL;
    while (hoard) {
        struct page *next = (struct page *)(void *)hoard->lru.next;
        INIT_LIST_HEAD(&hoard->lru);
        __free_pages(hoard, 0);
        hoard = next;
    }
}

/* Takes all that a request of the kind may have without a kill. */
static void hoard_all(gfp_t gfp)
{
    for (struct page *page; (page = alloc_page(gfp | __GFP_NORETRY | __GFP_NOWARN));) {
        page->lru.next = (struct list_head *)(void *)hoard;
        hoard = page;
    }
}

static void an_allocation_kills_and_gets_its_page(void)
{
    start_tasks();
    current->memdie = false;
    mms[5].total_vm = 3000;
    on_kill = give_back;
    hoard_all(GFP_HIGHUSER);
    CHECK(!last_killed);
    struct page *page = alloc_page(GFP_HIGHUSER);
    CHECK(page);
    CHECK(last_killed == &tasks[5]);
    CHECK(!tasks[4].memdie);
    check_buddy();
}

static void who_may_not_kill_gets_nothing(void)
{
    start_tasks();
    current->memdie = false;
    hoard_all(GFP_HIGHUSER);
    CHECK(!alloc_pages(GFP_KERNEL | __GFP_NOWARN, 5)); /* too large to promise */
    CHECK(!alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
    hoard_all(GFP_ATOMIC);
    CHECK(!alloc_page(GFP_ATOMIC | __GFP_NOWARN));
    current->flags |= PF_MEMALLOC;
    irq_regs = (const struct pt_regs *)1; /* an interrupt that comes while it runs may not, whatever the task may */
    CHECK(!alloc_page(GFP_ATOMIC | __GFP_NOWARN));
    irq_regs = NULL;
    CHECK(!alloc_page(GFP_KERNEL | __GFP_NOMEMALLOC | __GFP_NOWARN));
    CHECK(alloc_page(GFP_KERNEL));
    current->flags &= ~(u32)PF_MEMALLOC;
    CHECK(!last_killed);
    current->memdie = true; /* the chosen one may use all, so that it can end */
    CHECK(alloc_page(GFP_KERNEL));
    CHECK(!last_killed);
}

int main(void)
{
    tap_run("the choice is that of the rule", the_choice_is_that_of_the_rule);
    tap_run("one is killed at a time, a stuck one is passed over", one_is_killed_at_a_time);
    tap_run("an exiting task is waited for", an_exiting_task_is_waited_for);
    tap_run("threads die together", threads_die_together);
    tap_run("swapoff goes first", swapoff_goes_first);
    tap_run("nobody to kill is a panic", nobody_to_kill_is_a_panic);
    tap_run("an allocation kills and gets its page", an_allocation_kills_and_gets_its_page);
    tap_run("who may not kill gets nothing", who_may_not_kill_gets_nothing);
    return tap_done();
}
