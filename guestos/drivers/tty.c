/*
 * The terminal: /dev/console, /dev/ttyS0 and, for tasks whose controlling terminal it is, /dev/tty.
 *
 * There is one terminal. It belongs to at most one session; its foreground group gets the keyboard's signals and may
 * read. A background group that reads gets SIGTTIN, one that changes modes (or writes, with TOSTOP) SIGTTOU.
 */
#include "drivers/tty.h"
#include "asm/irqflags.h"
#include "asm/uaccess.h"
#include "fs/vfs.h"

#define CHUNK 256u

#define TCGETS 0x5401u
#define TCSETS 0x5402u
#define TCSETSW 0x5403u
#define TCSETSF 0x5404u
#define TCSBRK 0x5409u
#define TCXONC 0x540Au
#define TCFLSH 0x540Bu
#define TIOCSCTTY 0x540Eu
#define TIOCGPGRP 0x540Fu
#define TIOCSPGRP 0x5410u
#define TIOCOUTQ 0x5411u
#define TIOCGWINSZ 0x5413u
#define TIOCSWINSZ 0x5414u
#define FIONREAD 0x541Bu
#define TIOCNOTTY 0x5422u
#define TCSBRKP 0x5425u
#define TIOCGSID 0x5429u
#define TCGETS2 0x802C542Au
#define TCSETS2 0x402C542Bu
#define TCSETSW2 0x402C542Cu
#define TCSETSF2 0x402C542Du

struct tty_struct console_tty = {
    .termios =
        {
            .c_iflag = ICRNL | IXON,
            .c_oflag = OPOST | ONLCR,
            .c_cflag = 0xbf, /* B38400 CS8 CREAD */
            .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
            .c_cc = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0},
        },
    .winsize = {24, 80, 0, 0},
    .read_wait = {LIST_HEAD_INIT(console_tty.read_wait.task_list)},
    .write_wait = {LIST_HEAD_INIT(console_tty.write_wait.task_list)},
};

static bool is_controlling(const struct tty_struct *tty) { return tty->session && tty->session == current->session; }

/* May this task go on? 0; -ERESTARTSYS after its group was told to stop; -EIO when it cannot be told. */
static int check_foreground(struct tty_struct *tty, int signal)
{
    if (!is_controlling(tty) || !tty->pgrp || current->pgrp == tty->pgrp)
        return 0;
    if (sigismember_blocked_or_ignored(current, signal))
        return signal == SIGTTIN ? -EIO : 0;
    kill_pgrp(current->pgrp, signal, NULL);
    return -ERESTARTSYS;
}

static void take_control(struct tty_struct *tty)
{
    tty->session = current->session;
    tty->pgrp = current->pgrp;
}

static int tty_open(struct inode *inode, struct file *file)
{
    struct tty_struct *tty = &console_tty;
    dev_t dev = inode->i_rdev;
    if (dev == MKDEV(5, 0) && !is_controlling(tty))
        return -ENXIO;
    if (dev != MKDEV(5, 0) && dev != MKDEV(5, 1) && dev != MKDEV(4, 64))
        return -ENXIO;
    bool leader = current->session == current->tgid;
    if (dev == MKDEV(4, 64) && !(file->f_flags & O_NOCTTY) && leader && !tty->session)
        take_control(tty);
    file->private_data = tty;
    return 0;
}

void tty_session_ended(pid_t session)
{
    struct tty_struct *tty = &console_tty;
    if (tty->session != session)
        return;
    if (tty->pgrp) {
        kill_pgrp(tty->pgrp, SIGHUP, NULL);
        kill_pgrp(tty->pgrp, SIGCONT, NULL);
    }
    tty->session = tty->pgrp = 0;
}

static ssize_t tty_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
    struct tty_struct *tty = file->private_data;
    (void)pos;
    int error = check_foreground(tty, SIGTTIN);
    return error ? error : n_tty_read(tty, file, to, count);
}

static int wait_writable(struct tty_struct *tty, struct file *file)
{
    int error = 0;
    if (tty->stopped && (file->f_flags & O_NONBLOCK))
        return -EAGAIN;
    if (tty->stopped)
        wait_event_interruptible(tty->write_wait, !tty->stopped, &error);
    return error;
}

static ssize_t tty_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
    struct tty_struct *tty = file->private_data;
    char chunk[CHUNK];
    size_t done = 0;
    int error = tty->termios.c_lflag & TOSTOP ? check_foreground(tty, SIGTTOU) : 0;
    (void)pos;
    while (!error && done < count) {
        size_t bytes = min_t(size_t, count - done, sizeof(chunk));
        error = wait_writable(tty, file);
        if (!error && copy_from_user(chunk, from + done, bytes))
            error = -EFAULT;
        if (error)
            break;
        n_tty_output(tty, chunk, bytes);
        done += bytes;
        cond_resched();
    }
    return done ? (ssize_t)done : error;
}

static ssize_t tty_write_kernel(struct file *file, const char *from, size_t count)
{
    struct tty_struct *tty = file->private_data;
    int error = wait_writable(tty, file);
    if (error)
        return error;
    n_tty_output(tty, from, count);
    return (ssize_t)count;
}

static unsigned tty_poll(struct file *file, struct poll_table *table)
{
    struct tty_struct *tty = file->private_data;
    poll_wait(table, &tty->read_wait);
    poll_wait(table, &tty->write_wait);
    unsigned mask = tty->stopped ? 0 : POLLOUT | POLLWRNORM;
    return n_tty_readable(tty) ? mask | POLLIN | POLLRDNORM : mask;
}

/* ---- modes ---- */

struct termios2 {
    struct termios base;
    u32 c_ispeed, c_ospeed;
};

static long get_termios(const struct tty_struct *tty, void __user *to, bool extended)
{
    struct termios2 all = {tty->termios, 38400, 38400};
    return copy_to_user(to, &all, extended ? sizeof(all) : sizeof(all.base)) ? -EFAULT : 0;
}

static long set_termios(struct tty_struct *tty, const void __user *from, bool flush)
{
    struct termios fresh;
    int error = check_foreground(tty, SIGTTOU);
    if (error)
        return error;
    if (copy_from_user(&fresh, from, sizeof(fresh)))
        return -EFAULT;
    if (flush)
        n_tty_flush_input(tty);
    u32 old_lflag = tty->termios.c_lflag;
    unsigned long flags = local_irq_save();
    tty->termios = fresh;
    local_irq_restore(flags);
    n_tty_mode_changed(tty, old_lflag);
    return 0;
}

static long set_winsize(struct tty_struct *tty, const void __user *from)
{
    struct winsize fresh;
    if (copy_from_user(&fresh, from, sizeof(fresh)))
        return -EFAULT;
    if (memcmp(&fresh, &tty->winsize, sizeof(fresh)) == 0)
        return 0;
    tty->winsize = fresh;
    if (tty->pgrp)
        kill_pgrp(tty->pgrp, SIGWINCH, NULL);
    return 0;
}

static long flush_queues(struct tty_struct *tty, unsigned long which)
{
    if (which > 2)
        return -EINVAL;
    if (which != 1) /* 1: the output queue, which is always empty */
        n_tty_flush_input(tty);
    return 0;
}

static long flow(struct tty_struct *tty, unsigned long action)
{
    if (action > 3)
        return -EINVAL;
    if (action < 2)
        tty->stopped = action == 0;
    wake_up(&tty->write_wait);
    return 0;
}

/* ---- job control ---- */

static long set_controlling(struct tty_struct *tty, unsigned long steal)
{
    if (is_controlling(tty) && current->session == current->tgid)
        return 0;
    if (current->session != current->tgid)
        return -EPERM;
    if (tty->session && !(steal == 1 && current->euid == 0))
        return -EPERM;
    take_control(tty);
    return 0;
}

/* 0: the group is in the session; -EPERM: in another; -ESRCH: there is none. */
static int find_group(pid_t pgrp, pid_t session)
{
    struct task_struct *task;
    int error = -ESRCH;
    for_each_task (task) {
        if (task->pgrp != pgrp)
            continue;
        if (task->session == session)
            return 0;
        error = -EPERM;
    }
    return error;
}

static long set_foreground(struct tty_struct *tty, const void __user *from)
{
    u32 pgrp;
    if (!is_controlling(tty))
        return -ENOTTY;
    int error = check_foreground(tty, SIGTTOU);
    if (error)
        return error;
    if (get_user_u32(&pgrp, from))
        return -EFAULT;
    if ((s32)pgrp < 0)
        return -EINVAL;
    error = find_group((pid_t)pgrp, tty->session);
    if (error)
        return error;
    tty->pgrp = (pid_t)pgrp;
    return 0;
}

static long give_up_control(struct tty_struct *tty)
{
    if (!is_controlling(tty))
        return -ENOTTY;
    if (current->session == current->tgid)
        tty_session_ended(current->session);
    return 0;
}

static long tty_ioctl(struct file *file, u32 command, unsigned long argument)
{
    struct tty_struct *tty = file->private_data;
    void __user *user = (void __user *)argument;
    switch (command) {
    case TCGETS: return get_termios(tty, user, false);
    case TCGETS2: return get_termios(tty, user, true);
    case TCSETS:
    case TCSETSW:
    case TCSETS2:
    case TCSETSW2: return set_termios(tty, user, false);
    case TCSETSF:
    case TCSETSF2: return set_termios(tty, user, true);
    case TIOCGWINSZ: return copy_to_user(user, &tty->winsize, sizeof(tty->winsize)) ? -EFAULT : 0;
    case TIOCSWINSZ: return set_winsize(tty, user);
    case TIOCGPGRP: return is_controlling(tty) ? put_user_u32((u32)tty->pgrp, user) : -ENOTTY;
    case TIOCSPGRP: return set_foreground(tty, user);
    case TIOCGSID: return is_controlling(tty) ? put_user_u32((u32)tty->session, user) : -ENOTTY;
    case TIOCSCTTY: return set_controlling(tty, argument);
    case TIOCNOTTY: return give_up_control(tty);
    case FIONREAD: return put_user_u32(n_tty_queued(tty), user);
    case TIOCOUTQ: return put_user_u32(0, user);
    case TCFLSH: return flush_queues(tty, argument);
    case TCXONC: return flow(tty, argument);
    case TCSBRK:
    case TCSBRKP: return 0;
    default: return -ENOTTY;
    }
}

static const struct file_operations tty_operations = {
    .read = tty_read,
    .write = tty_write,
    .write_kernel = tty_write_kernel,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .open = tty_open,
};

void tty_devices_init(void)
{
    if (register_chrdev(5, &tty_operations) || register_chrdev(4, &tty_operations))
        printk(KERN_ERR "tty: the device numbers 4 and 5 are taken\n");
}

void tty_init(void) { serial_start_input(&console_tty); }
