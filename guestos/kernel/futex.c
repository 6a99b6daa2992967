/*
 * Futexes: sleeping on a word of a program's memory.
 *
 * A word is named by a key: private mappings by address space and address, shared ones by file and offset, so that two
 * processes that map the same page at different addresses meet. A waiter is queued before the word is read: a wake-up
 * that comes after the word changed therefore finds it. Its entry lives on its own stack; who wakes it takes it off the
 * list.
 */
#include "asm/uaccess.h"
#include "fs/fs.h"
#include "kernel/process.h"
#include "kernel/signal_struct.h"
#include "kernel/syscalls.h"
#include "mm/mm.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_BITSET_ALL 0xffffffffu

#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ROBUST_LIST_LIMIT 2048

#define BUCKETS 64u

struct futex_key {
    const void *space; /* mm_struct or inode */
    u32 page, offset;  /* page number in it, byte in the page */
};

struct futex_waiter {
    struct list_head list;
    struct task_struct *task;
    struct futex_key key;
    u32 bitset;
    bool woken;
};

static struct list_head buckets[BUCKETS];

static struct list_head *bucket_of(const struct futex_key *key)
{
    u32 hash = ((u32)key->space >> 4) + key->page * 31 + (key->offset >> 2);
    struct list_head *bucket = &buckets[(hash ^ hash >> 7) % BUCKETS];
    if (!bucket->next)
        INIT_LIST_HEAD(bucket);
    return bucket;
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
    return a->space == b->space && a->page == b->page && a->offset == b->offset;
}

static int get_key(struct futex_key *key, u32 __user *address, bool private)
{
    u32 linear = (u32)address;
    if (linear & 3)
        return -EINVAL;
    if (!access_ok(address, 4))
        return -EFAULT;
    *key = (struct futex_key){current->mm, linear >> PAGE_SHIFT, linear & ~PAGE_MASK};
    if (private)
        return 0;
    struct vm_area_struct *vma = find_vma(current->mm, linear);
    if (!vma || vma->vm_start > linear)
        return -EFAULT;
    if ((vma->vm_flags & VM_SHARED) && vma->vm_file) {
        key->space = vma->vm_file->f_inode;
        key->page = (u32)((linear - vma->vm_start) >> PAGE_SHIFT) + (u32)vma->vm_pgoff;
    }
    return 0;
}

/* ---- waking ---- */

static void wake_waiter(struct futex_waiter *waiter)
{
    list_del_init(&waiter->list);
    waiter->woken = true;
    wake_up_process(waiter->task);
}

static int wake_key(const struct futex_key *key, int count, u32 bitset)
{
    struct futex_waiter *waiter, *next;
    int woken = 0;
    list_for_each_entry_safe (waiter, next, bucket_of(key), list) {
        if (woken >= count)
            break;
        if (same_key(&waiter->key, key) && (waiter->bitset & bitset)) {
            wake_waiter(waiter);
            woken++;
        }
    }
    return woken;
}

static long futex_wake(u32 __user *address, bool private, int count, u32 bitset)
{
    struct futex_key key;
    if (!bitset)
        return -EINVAL;
    int error = get_key(&key, address, private);
    return error ? error : wake_key(&key, count > 0 ? count : 1, bitset);
}

/* A word whose writer may not know how its waiters named it. */
void futex_wake_address(u32 __user *address, int count)
{
    futex_wake(address, true, count, FUTEX_BITSET_ALL);
    struct futex_key private_key, shared_key;
    if (!get_key(&private_key, address, true) && !get_key(&shared_key, address, false) &&
        !same_key(&private_key, &shared_key))
        wake_key(&shared_key, count, FUTEX_BITSET_ALL);
}

/* ---- waiting ---- */

struct futex_wait {
    u32 __user *address;
    u32 value, bitset;
    bool private;
    u64 deadline; /* ktime; KTIME_NEVER */
};

static int sleep_until_woken(struct futex_waiter *waiter, u64 deadline)
{
    for (;;) {
        current->state = TASK_INTERRUPTIBLE;
        int result = 1;
        if (waiter->woken)
            result = 0;
        else if (deadline != KTIME_NEVER && ktime_ns() >= deadline)
            result = -ETIMEDOUT;
        else if (signal_pending(current))
            result = -ERESTARTSYS;
        if (result <= 0) {
            current->state = TASK_RUNNING;
            return result;
        }
        if (deadline == KTIME_NEVER)
            schedule();
        else
            schedule_timeout(ticks_until(deadline));
    }
}

static long futex_wait(const struct futex_wait *wait)
{
    struct futex_waiter waiter = {.task = current, .bitset = wait->bitset};
    u32 value;
    if (!wait->bitset)
        return -EINVAL;
    int result = get_key(&waiter.key, wait->address, wait->private);
    if (result)
        return result;
    list_add_tail(&waiter.list, bucket_of(&waiter.key));
    if (get_user_u32(&value, wait->address))
        result = -EFAULT;
    else if (value != wait->value)
        result = -EAGAIN;
    else
        result = sleep_until_woken(&waiter, wait->deadline);
    if (!waiter.woken)
        list_del(&waiter.list);
    return waiter.woken ? 0 : result;
}

static long futex_wait_again(struct restart_block *block)
{
    const struct futex_wait wait = {(u32 __user *)block->address, block->value, block->bitset, block->flags,
                                    block->deadline};
    long result = futex_wait(&wait);
    return result == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : result;
}

/* A relative time limit must not start anew when a handler has interrupted the wait. */
static long futex_wait_relative(const struct futex_wait *wait)
{
    long result = futex_wait(wait);
    if (result != -ERESTARTSYS || wait->deadline == KTIME_NEVER)
        return result;
    current->restart = (struct restart_block){.run = futex_wait_again,
                                              .deadline = wait->deadline,
                                              .address = (u32)wait->address,
                                              .value = wait->value,
                                              .flags = wait->private,
                                              .bitset = wait->bitset};
    return -ERESTART_RESTARTBLOCK;
}

/* ---- moving waiters ---- */

struct futex_move {
    u32 __user *from, *to;
    bool private, compare;
    int wake, requeue;
    u32 value;
};

static long futex_requeue(const struct futex_move *move)
{
    struct futex_key from, to;
    struct futex_waiter *waiter, *next;
    u32 value;
    int error = get_key(&from, move->from, move->private);
    if (!error)
        error = get_key(&to, move->to, move->private);
    if (error)
        return error;
    if (move->wake < 0 || move->requeue < 0)
        return -EINVAL;
    if (move->compare && get_user_u32(&value, move->from))
        return -EFAULT;
    if (move->compare && value != move->value)
        return -EAGAIN;
    int woken = move->wake ? wake_key(&from, move->wake, FUTEX_BITSET_ALL) : 0, moved = 0;
    list_for_each_entry_safe (waiter, next, bucket_of(&from), list) {
        if (moved >= move->requeue)
            break;
        if (!same_key(&waiter->key, &from))
            continue;
        waiter->key = to;
        list_move_tail(&waiter->list, bucket_of(&to));
        moved++;
    }
    return woken + moved;
}

/* FUTEX_WAKE_OP's third value: operation 31-28 (bit 31: operand is a shift), comparison 27-24, operand 23-12, comparand
 * 11-0. */
static int wake_op_change(u32 __user *address, u32 encoded, bool *condition)
{
    s32 operand = (s32)(encoded << 8) >> 20, comparand = (s32)(encoded << 20) >> 20;
    u32 old, changed;
    if (encoded & 0x80000000u)
        operand = (s32)(1u << (operand & 31));
    if (get_user_u32(&old, address))
        return -EFAULT;
    switch ((encoded >> 28) & 7) {
    case 0: changed = (u32)operand; break;
    case 1: changed = old + (u32)operand; break;
    case 2: changed = old | (u32)operand; break;
    case 3: changed = old & ~(u32)operand; break;
    case 4: changed = old ^ (u32)operand; break;
    default: return -ENOSYS;
    }
    if (put_user_u32(changed, address))
        return -EFAULT;
    switch ((encoded >> 24) & 15) {
    case 0: *condition = (s32)old == comparand; return 0;
    case 1: *condition = (s32)old != comparand; return 0;
    case 2: *condition = (s32)old < comparand; return 0;
    case 3: *condition = (s32)old <= comparand; return 0;
    case 4: *condition = (s32)old > comparand; return 0;
    case 5: *condition = (s32)old >= comparand; return 0;
    default: return -ENOSYS;
    }
}

static long futex_wake_op(const struct futex_move *move)
{
    struct futex_key first, second;
    bool condition;
    int error = get_key(&first, move->from, move->private);
    if (!error)
        error = get_key(&second, move->to, move->private);
    if (!error)
        error = wake_op_change(move->to, move->value, &condition);
    if (error)
        return error;
    int woken = wake_key(&first, move->wake, FUTEX_BITSET_ALL);
    return condition ? woken + wake_key(&second, move->requeue, FUTEX_BITSET_ALL) : woken;
}

/* ---- system calls ---- */

struct futex_call {
    u32 __user *address, *address2;
    int op;
    u32 value, value2, value3;
    u64 timeout; /* KTIME_NEVER: none */
};

static u64 deadline_of(const struct futex_call *call, int command)
{
    if (call->timeout == KTIME_NEVER)
        return KTIME_NEVER;
    if (command == FUTEX_WAIT)
        return ktime_ns() + call->timeout;
    if (!(call->op & FUTEX_CLOCK_REALTIME))
        return call->timeout;
    u64 boot = real_time_ns() - ktime_ns();
    return call->timeout > boot ? call->timeout - boot : 0;
}

static long do_futex(const struct futex_call *call)
{
    int command = call->op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    bool private = call->op & FUTEX_PRIVATE_FLAG;
    u32 bitset = command == FUTEX_WAIT_BITSET || command == FUTEX_WAKE_BITSET ? call->value3 : FUTEX_BITSET_ALL;
    const struct futex_wait wait = {call->address, call->value, bitset, private, deadline_of(call, command)};
    const struct futex_move move = {.from = call->address,
                                    .to = call->address2,
                                    .private = private,
                                    .compare = command == FUTEX_CMP_REQUEUE,
                                    .wake = (int)call->value,
                                    .requeue = (int)call->value2,
                                    .value = call->value3};
    switch (command) {
    case FUTEX_WAIT: return futex_wait_relative(&wait);
    case FUTEX_WAIT_BITSET: return futex_wait(&wait);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET: return futex_wake(call->address, private, (int)call->value, bitset);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE: return futex_requeue(&move);
    case FUTEX_WAKE_OP: return futex_wake_op(&move);
    default: return -ENOSYS; /* priority inheritance, as on a kernel without it */
    }
}

static bool has_timeout(int op)
{
    int command = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
}

long sys_futex(u32 __user *address, int op, u32 value, void __user *timeout, u32 __user *address2, u32 value3)
{
    struct futex_call call = {address, address2, op, value, (u32)timeout, value3, KTIME_NEVER};
    int error = has_timeout(op) && timeout ? get_timespec32(&call.timeout, timeout) : 0;
    return error ? error : do_futex(&call);
}

long sys_futex_time64(u32 __user *address, int op, u32 value, void __user *timeout, u32 __user *address2, u32 value3)
{
    struct futex_call call = {address, address2, op, value, (u32)timeout, value3, KTIME_NEVER};
    int error = has_timeout(op) && timeout ? get_timespec64(&call.timeout, timeout) : 0;
    return error ? error : do_futex(&call);
}

/* ---- robust lists: locks that a dying thread held are marked and passed on ---- */

struct robust_list_head {
    u32 next;
    s32 futex_offset;
    u32 pending;
};

long sys_set_robust_list(void __user *head, u32 size)
{
    if (size != sizeof(struct robust_list_head))
        return -EINVAL;
    current->robust_list = head;
    return 0;
}

long sys_get_robust_list(pid_t pid, void __user *head, void __user *size)
{
    struct task_struct *task = pid ? find_task_by_pid(pid) : current;
    if (!task)
        return -ESRCH;
    if (put_user_u32((u32)task->robust_list, head) || put_user_u32(sizeof(struct robust_list_head), size))
        return -EFAULT;
    return 0;
}

/* The word of a lock that the task may hold. False: the list cannot be read further. */
static bool release_dead_owner(struct task_struct *task, u32 __user *word)
{
    u32 value;
    if (((u32)word & 3) || get_user_u32(&value, word))
        return false;
    if ((value & FUTEX_TID_MASK) != (u32)task->pid)
        return true;
    if (put_user_u32((value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, word))
        return false;
    if (value & FUTEX_WAITERS)
        futex_wake_address(word, 1);
    return true;
}

void exit_robust_list(struct task_struct *task)
{
    struct robust_list_head head;
    const u32 __user *list = task->robust_list;
    task->robust_list = NULL;
    if (!list || copy_from_user(&head, list, sizeof(head)))
        return;
    u32 entry = head.next & ~1u, pending = head.pending & ~1u;
    for (int limit = ROBUST_LIST_LIMIT; entry != (u32)list && limit; limit--) {
        u32 next;
        bool readable = !get_user_u32(&next, (const void __user *)entry);
        if (entry != pending && !release_dead_owner(task, (u32 __user *)(entry + (u32)head.futex_offset)))
            return;
        if (!readable)
            return;
        entry = next & ~1u;
    }
    if (pending)
        release_dead_owner(task, (u32 __user *)(pending + (u32)head.futex_offset));
}
