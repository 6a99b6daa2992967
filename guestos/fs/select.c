/*
 * poll and select: waiting for several files at once.
 *
 * The first round over the files registers on each file's wait queue (poll_wait) before it looks; a file that becomes
 * ready afterwards wakes the sleeper, which looks again at all of them. Registrations hold the file and are undone
 * at the end. select is poll over bit maps. Time is a deadline of the monotonic clock; the rest is told back where the
 * ABI says so.
 */
#include "fs/vfs.h"
#include "fs/syscalls.h"
#include "kernel/timer.h"
#include "asm/uaccess.h"
#include "mm/slab.h"

#define FDS_MAX 1024u /* select's, and the chunk that poll copies at a time */
#define ENTRIES_A_PAGE ((PAGE_SIZE - sizeof(void *) - sizeof(u32)) / sizeof(struct poll_entry))

struct poll_entry {
    wait_queue_t wait;
    wait_queue_head_t *queue;
    struct file *file; /* referenced */
};

struct poll_page {
    struct poll_page *next;
    u32 used;
    struct poll_entry entries[];
};

struct poll_table {
    struct poll_page *pages;
    struct file *file; /* being looked at */
    bool registering;
    int error;
};

void poll_wait(struct poll_table *table, wait_queue_head_t *q)
{
    if (!table || !table->registering)
        return;
    struct poll_page *page = table->pages;
    if (!page || page->used == ENTRIES_A_PAGE) {
        page = kmalloc(PAGE_SIZE, GFP_KERNEL);
        if (!page) {
            table->error = -ENOMEM;
            return;
        }
        page->next = table->pages;
        page->used = 0;
        table->pages = page;
    }
    struct poll_entry *entry = &page->entries[page->used++];
    entry->wait = (wait_queue_t){current, LIST_HEAD_INIT(entry->wait.task_list), NULL, false};
    entry->queue = q;
    entry->file = table->file;
    get_file(table->file);
    prepare_to_wait(q, &entry->wait, TASK_INTERRUPTIBLE);
}

static void poll_free(struct poll_table *table)
{
    while (table->pages) {
        struct poll_page *page = table->pages;
        table->pages = page->next;
        for (u32 i = 0; i < page->used; i++) {
            finish_wait(page->entries[i].queue, &page->entries[i].wait);
            fput(page->entries[i].file);
        }
        kfree(page);
    }
    current->state = TASK_RUNNING;
}

/* The events of one descriptor among `wanted` (errors always). */
static u32 poll_fd(u32 fd, u32 wanted, struct poll_table *table)
{
    struct file *file = fget(fd);
    if (!file)
        return POLLNVAL;
    u32 events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    table->file = file;
    if (!file->f_op)
        events = POLLNVAL;
    else if (file->f_op->poll)
        events = file->f_op->poll(file, table);
    fput(file);
    return events & (wanted | POLLERR | POLLHUP | POLLNVAL);
}

/*
 * Looks until `look` finds something, the deadline passes or a signal comes. Count, 0, -EINTR, -ENOMEM. The state is
 * set before each look, so that a wake-up between look and sleep is not lost; the registering round may itself sleep
 * for memory, which clears the state, so a second round follows it at once.
 */
static int poll_loop(int (*look)(void *what, struct poll_table *table), void *what, u64 deadline)
{
    struct poll_table table = {.registering = deadline != 0};
    int count;
    for (;;) {
        bool first = table.registering;
        current->state = TASK_INTERRUPTIBLE;
        count = look(what, &table);
        table.registering = false;
        if (count || table.error)
            break;
        if (first)
            continue;
        if (deadline == 0 || (deadline != KTIME_NEVER && ktime_ns() >= deadline))
            break;
        if (signal_pending(current)) {
            count = -EINTR;
            break;
        }
        if (deadline == KTIME_NEVER)
            schedule();
        else
            schedule_timeout(ticks_until(deadline));
    }
    poll_free(&table);
    return count ? count : table.error;
}

static u64 deadline_after(u64 ns)
{
    u64 now = ktime_ns();
    return ns == 0 ? 0 : ns > KTIME_NEVER - 1 - now ? KTIME_NEVER - 1 : now + ns;
}

/* ---- poll ---- */

struct pollfd {
    s32 fd;
    s16 events, revents;
};

struct poll_request {
    struct pollfd *fds;
    u32 count;
};

static int look_poll(void *what, struct poll_table *table)
{
    struct poll_request *request = what;
    int ready = 0;
    for (u32 i = 0; i < request->count; i++) {
        struct pollfd *p = &request->fds[i];
        p->revents = p->fd < 0 ? 0 : (s16)poll_fd((u32)p->fd, (u16)p->events, table);
        ready += p->revents != 0;
    }
    return ready;
}

static long do_poll(void __user *fds, u32 count, u64 deadline)
{
    if (count > current->rlim[RLIMIT_NOFILE].rlim_cur)
        return -EINVAL;
    struct poll_request request = {kmalloc(count * sizeof(struct pollfd) + 1, GFP_KERNEL), count};
    if (!request.fds)
        return -ENOMEM;
    long result = -EFAULT;
    if (!copy_from_user(request.fds, fds, count * sizeof(struct pollfd)))
        result = poll_loop(look_poll, &request, deadline);
    for (u32 i = 0; i < count && result >= 0; i++) {
        char __user *to = (char __user *)fds + i * sizeof(struct pollfd) + offsetof(struct pollfd, revents);
        if (copy_to_user(to, &request.fds[i].revents, sizeof(s16)))
            result = -EFAULT;
    }
    kfree(request.fds);
    return result;
}

long sys_poll(void __user *fds, u32 count, s32 timeout_ms)
{
    u64 deadline = timeout_ms < 0 ? KTIME_NEVER : deadline_after((u64)timeout_ms * 1000000u);
    long result = do_poll(fds, count, deadline);
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

/* ---- time arguments ---- */

enum time_layout { TIMEVAL_32, TIMESPEC_32, TIMESPEC_64 };

static int get_deadline(u64 *deadline, const void __user *from, enum time_layout layout)
{
    u64 ns;
    s32 raw[2];
    int error = 0;
    *deadline = KTIME_NEVER;
    if (!from)
        return 0;
    if (layout == TIMEVAL_32) {
        if (copy_from_user(raw, from, sizeof(raw)))
            return -EFAULT;
        if (raw[0] < 0 || raw[1] < 0)
            return -EINVAL;
        ns = (u64)raw[0] * NSEC_PER_SEC + (u64)raw[1] * 1000u;
    } else {
        error = layout == TIMESPEC_32 ? get_timespec32(&ns, from) : get_timespec64(&ns, from);
    }
    if (!error)
        *deadline = deadline_after(ns);
    return error;
}

/* What was left, for the ABI's sake; a failure to write it is not the call's failure. */
static void put_rest(u64 deadline, void __user *to, enum time_layout layout)
{
    u64 now = ktime_ns(), rest = deadline > now ? deadline - now : 0;
    if (!to || deadline == KTIME_NEVER)
        return;
    if (layout == TIMEVAL_32) {
        s32 raw[2] = {(s32)(rest / NSEC_PER_SEC), (s32)(rest % NSEC_PER_SEC / 1000u)};
        if (copy_to_user(to, raw, sizeof(raw)))
            return;
    } else if (layout == TIMESPEC_32) {
        put_timespec32(rest, to);
    } else {
        put_timespec64(rest, to);
    }
}

static long ppoll(void __user *fds, u32 count, void __user *timeout, const void __user *mask, u32 mask_size,
                  enum time_layout layout)
{
    u64 deadline;
    int error = get_deadline(&deadline, timeout, layout);
    if (!error)
        error = set_user_sigmask(mask, mask_size);
    if (error)
        return error;
    long result = do_poll(fds, count, deadline);
    restore_saved_sigmask_unless(result == -EINTR);
    put_rest(deadline, timeout, layout);
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

long sys_ppoll(void __user *fds, u32 count, void __user *timeout, const void __user *mask, u32 mask_size)
{
    return ppoll(fds, count, timeout, mask, mask_size, TIMESPEC_32);
}

long sys_ppoll_time64(void __user *fds, u32 count, void __user *timeout, const void __user *mask, u32 mask_size)
{
    return ppoll(fds, count, timeout, mask, mask_size, TIMESPEC_64);
}

/* ---- select ---- */

#define WORDS (FDS_MAX / 32)
#define SELECT_IN (POLLIN | POLLRDNORM | POLLHUP | POLLERR)
#define SELECT_OUT (POLLOUT | POLLWRNORM | POLLERR)
#define SELECT_EX POLLPRI

struct select_request {
    u32 n;
    bool bad; /* a descriptor that is not open */
    u32 wanted[3][WORDS], ready[3][WORDS];
};

static const u32 select_events[3] = {SELECT_IN, SELECT_OUT, SELECT_EX};

static int look_fd(struct select_request *request, u32 fd, struct poll_table *table)
{
    u32 word = fd / 32, bit = 1u << fd % 32, wanted = 0;
    int count = 0;
    for (int set = 0; set < 3; set++)
        if (request->wanted[set][word] & bit)
            wanted |= select_events[set];
    if (!wanted)
        return 0;
    u32 events = poll_fd(fd, wanted, table);
    if (events & POLLNVAL)
        request->bad = true;
    for (int set = 0; set < 3; set++) {
        if (!(request->wanted[set][word] & bit) || !(events & select_events[set]))
            continue;
        request->ready[set][word] |= bit;
        count++;
    }
    return count;
}

static int look_select(void *what, struct poll_table *table)
{
    struct select_request *request = what;
    int count = 0;
    memset(request->ready, 0, sizeof(request->ready));
    for (u32 fd = 0; fd < request->n; fd++)
        count += look_fd(request, fd, table);
    return request->bad ? -EBADF : count;
}

static long do_select(s32 n, void __user *const sets[3], u64 deadline)
{
    if (n < 0)
        return -EINVAL;
    struct select_request *request = kzalloc(sizeof(*request), GFP_KERNEL);
    if (!request)
        return -ENOMEM;
    request->n = min_t(u32, n, min_t(u32, FDS_MAX, current->files->max_fds)); /* what lies above cannot be open */
    u32 bytes = (request->n + 31) / 32 * 4;
    long result = 0;
    for (int set = 0; set < 3; set++)
        if (sets[set] && copy_from_user(request->wanted[set], sets[set], bytes))
            result = -EFAULT;
    if (!result)
        result = poll_loop(look_select, request, deadline);
    for (int set = 0; set < 3 && result >= 0; set++)
        if (sets[set] && copy_to_user(sets[set], request->ready[set], bytes))
            result = -EFAULT;
    kfree(request);
    return result;
}

long sys_select(s32 n, void __user *in, void __user *out, void __user *ex, void __user *timeval)
{
    void __user *const sets[3] = {in, out, ex};
    u64 deadline;
    int error = get_deadline(&deadline, timeval, TIMEVAL_32);
    if (error)
        return error;
    long result = do_select(n, sets, deadline);
    put_rest(deadline, timeval, TIMEVAL_32);
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

long sys_old_select(const void __user *arguments)
{
    u32 a[5];
    if (copy_from_user(a, arguments, sizeof(a)))
        return -EFAULT;
    return sys_select((s32)a[0], (void __user *)(unsigned long)a[1], (void __user *)(unsigned long)a[2],
                      (void __user *)(unsigned long)a[3], (void __user *)(unsigned long)a[4]);
}

static long pselect(s32 n, void __user *const sets[3], void __user *timeout, const void __user *mask,
                    enum time_layout layout)
{
    u32 mask_and_size[2] = {0, 0};
    u64 deadline;
    if (mask && copy_from_user(mask_and_size, mask, sizeof(mask_and_size)))
        return -EFAULT;
    int error = get_deadline(&deadline, timeout, layout);
    if (!error)
        error = set_user_sigmask((const void __user *)(unsigned long)mask_and_size[0], mask_and_size[1]);
    if (error)
        return error;
    long result = do_select(n, sets, deadline);
    restore_saved_sigmask_unless(result == -EINTR);
    put_rest(deadline, timeout, layout);
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

long sys_pselect6(s32 n, void __user *in, void __user *out, void __user *ex, void __user *timeout, void __user *mask)
{
    void __user *const sets[3] = {in, out, ex};
    return pselect(n, sets, timeout, mask, TIMESPEC_32);
}

long sys_pselect6_time64(s32 n, void __user *in, void __user *out, void __user *ex, void __user *timeout,
                         void __user *mask)
{
    void __user *const sets[3] = {in, out, ex};
    return pselect(n, sets, timeout, mask, TIMESPEC_64);
}
