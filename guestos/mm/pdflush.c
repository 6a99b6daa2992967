/*
 * The threads that write back: a few that sleep until somebody has work for them.
 *
 *   pdflush_operation   the thread that has slept the shortest takes the work; all busy: false, the asker tries later
 *   a thread            makes another one when it takes work and nobody is left; ends when it has been idle for
 *                       a second and more than MIN_THREADS are there
 *
 * Their work: wb_kupdate, every dirty_writeback_interval, writes inodes dirtied longer than dirty_expire_interval ago;
 * background_writeout writes until no more than the background ratio is dirty.
 */
#include "mm/internal.h"
#include "mm/writeback.h"
#include "block/blkdev.h"
#include "kernel/timer.h"

#define MIN_THREADS 2
#define MAX_THREADS 8
#define CHUNK 1024 /* pages a round: between two rounds others get their turn at the inodes */

struct worker {
    struct task_struct *task;
    struct list_head idle; /* empty: busy */
    void (*volatile function)(unsigned long argument);
    unsigned long argument;
};

static LIST_HEAD(idle_workers);
int nr_pdflush_threads;
static struct timer_list kupdate_timer;

/* ---- the threads ---- */

static int pdflush(void *unused);

static void start_worker(void)
{
    nr_pdflush_threads++;
    if (IS_ERR(kernel_thread("pdflush", pdflush, NULL)))
        nr_pdflush_threads--;
}

bool pdflush_operation(void (*function)(unsigned long argument), unsigned long argument)
{
    unsigned long flags = local_irq_save();
    bool found = !list_empty(&idle_workers);

    if (found) {
        struct worker *worker = list_entry(idle_workers.next, struct worker, idle);

        list_del_init(&worker->idle);
        worker->function = function;
        worker->argument = argument;
        wake_up_process(worker->task);
    }
    local_irq_restore(flags);
    return found;
}

static void set_idle(struct worker *worker, bool idle)
{
    unsigned long flags = local_irq_save();

    if (idle)
        list_add(&worker->idle, &idle_workers);
    else
        list_del_init(&worker->idle);
    local_irq_restore(flags);
}

/* false: a second went by without work. Work that comes between the look and the sleep makes us runnable again. */
static bool wait_for_work(struct worker *worker)
{
    long left = HZ;

    set_idle(worker, true);
    for (;;) {
        current->state = TASK_UNINTERRUPTIBLE;
        if (worker->function || left <= 0)
            break;
        left = schedule_timeout(nr_pdflush_threads > MIN_THREADS ? left : 0x7fffffffl);
    }
    current->state = TASK_RUNNING;
    if (!worker->function)
        set_idle(worker, false);
    return worker->function != NULL;
}

static int pdflush(void *unused)
{
    struct worker worker = {.task = current, .idle = LIST_HEAD_INIT(worker.idle)};

    (void)unused;
    for (;;) {
        if (!wait_for_work(&worker)) {
            if (nr_pdflush_threads > MIN_THREADS)
                break;
            continue;
        }
        if (list_empty(&idle_workers) && nr_pdflush_threads < MAX_THREADS)
            start_worker();
        worker.function(worker.argument);
        worker.function = NULL;
    }
    nr_pdflush_threads--;
    return 0;
}

/* ---- background writeout ---- */

static bool background_done(long wanted, unsigned long *threshold)
{
    unsigned long limit;

    get_dirty_limits(threshold, &limit);
    return wanted <= 0 && dirty_pages() <= *threshold;
}

/* Until `wanted` pages are written and no more than the ratio is dirty, or nothing more can be written. */
static void background_writeout(unsigned long wanted)
{
    unsigned long threshold;
    long left = (long)wanted;

    while (!background_done(left, &threshold)) {
        struct writeback_control wbc = {.sync_mode = WB_SYNC_NONE, .nr_to_write = CHUNK};

        writeback_told(FLT_WB_BACKGROUND, &wbc, threshold, writeback_inodes);
        left -= CHUNK - wbc.nr_to_write;
        if (wbc.nr_to_write <= 0 && !wbc.pages_skipped)
            continue;
        if (!wbc.encountered_congestion && !wbc.more_io)
            return;
        congestion_wait(WRITE, HZ / 10);
    }
}

void start_background_writeout(void) { pdflush_operation(background_writeout, 0); }

void wakeup_pdflush(long nr_pages)
{
    pdflush_operation(background_writeout, nr_pages ? (unsigned long)nr_pages : dirty_pages());
}

/* ---- the old go first ---- */

static void write_old(struct writeback_control *wbc)
{
    sync_supers();
    while (wbc->nr_to_write > 0) {
        struct writeback_control round = {.for_kupdate = true, .older_than = wbc->older_than, .nr_to_write = CHUNK};

        writeback_inodes(&round);
        wbc->nr_to_write -= CHUNK - round.nr_to_write;
        if (round.nr_to_write <= 0)
            continue;
        if (!round.encountered_congestion)
            return;
        congestion_wait(WRITE, HZ / 10);
    }
}

static void schedule_kupdate(unsigned long when)
{
    unsigned long soonest = jiffies + HZ;

    mod_timer(&kupdate_timer, (long)(when - soonest) < 0 ? soonest : when);
}

static unsigned long interval(void) { return dirty_writeback_interval ? dirty_writeback_interval : 5 * HZ; }

static void wb_kupdate(unsigned long unused)
{
    unsigned long start = jiffies, older_than = start - dirty_expire_interval;
    struct writeback_control wbc = {.nr_to_write = (long)dirty_pages() + CHUNK,
                                    .older_than = older_than ? older_than : 1};

    (void)unused;
    if (dirty_writeback_interval && !dirty_pages())
        write_old(&wbc); /* inodes alone */
    else if (dirty_writeback_interval)
        writeback_told(FLT_WB_PERIODIC, &wbc, 0, write_old);
    schedule_kupdate(start + interval());
}

/* In the clock interrupt: all threads busy, again in a second. */
static void kupdate_time(void *unused)
{
    (void)unused;
    if (!pdflush_operation(wb_kupdate, 0))
        mod_timer(&kupdate_timer, jiffies + HZ);
}

void pdflush_init(void)
{
    for (unsigned i = 0; i < MIN_THREADS; i++)
        start_worker();
    init_timer(&kupdate_timer, kupdate_time, NULL);
    mod_timer(&kupdate_timer, jiffies + interval());
}
