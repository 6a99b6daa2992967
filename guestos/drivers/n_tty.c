/*
 * The line discipline: what happens to bytes between a program and a terminal.
 *
 * Input, in interrupt context: translation (ICRNL ...), flow control (^S ^Q), signals (^C ^\ ^Z), line editing in
 * canonical mode, echo. Output: OPOST translation. All control characters are termios.c_cc; 0 disables one.
 */
#include "drivers/tty.h"
#include "asm/irqflags.h"
#include "asm/uaccess.h"

#define MASK (TTY_BUFFER - 1)
#define TAB 8u
#define CHUNK 256u

static bool has_local(const struct tty_struct *tty, u32 flag) { return (tty->termios.c_lflag & flag) != 0; }
static bool has_input(const struct tty_struct *tty, u32 flag) { return (tty->termios.c_iflag & flag) != 0; }
static bool is_cc(const struct tty_struct *tty, int which, u8 c) { return c && tty->termios.c_cc[which] == c; }

/* ---- output ---- */

/* Gathers bytes so that the UART is asked once a burst. */
struct burst {
    u32 used;
    char bytes[64];
};

static void burst_flush(struct burst *burst)
{
    console_write(burst->bytes, burst->used);
    burst->used = 0;
}

static void burst_put(struct burst *burst, char c)
{
    if (burst->used == sizeof(burst->bytes))
        burst_flush(burst);
    burst->bytes[burst->used++] = c;
}

static void put_tab(struct tty_struct *tty, struct burst *burst)
{
    u32 spaces = TAB - tty->column % TAB;
    bool expand = (tty->termios.c_oflag & XTABS) == XTABS;
    tty->column += spaces;
    if (!expand)
        burst_put(burst, '\t');
    else
        while (spaces--)
            burst_put(burst, ' ');
}

static void put_newline(struct tty_struct *tty, struct burst *burst)
{
    if (tty->termios.c_oflag & ONLCR)
        burst_put(burst, '\r');
    if (tty->termios.c_oflag & (ONLCR | ONLRET))
        tty->column = 0;
    burst_put(burst, '\n');
}

static void put_return(struct tty_struct *tty, struct burst *burst)
{
    if ((tty->termios.c_oflag & ONOCR) && tty->column == 0)
        return;
    if (!(tty->termios.c_oflag & OCRNL)) {
        tty->column = 0;
        burst_put(burst, '\r');
        return;
    }
    if (tty->termios.c_oflag & ONLRET)
        tty->column = 0;
    burst_put(burst, '\n');
}

static void put_processed(struct tty_struct *tty, struct burst *burst, char c)
{
    switch (c) {
    case '\n': put_newline(tty, burst); return;
    case '\r': put_return(tty, burst); return;
    case '\t': put_tab(tty, burst); return;
    case '\b':
        if (tty->column)
            tty->column--;
        break;
    default:
        if ((u8)c >= ' ' && c != 0x7f)
            tty->column++;
    }
    burst_put(burst, c);
}

void n_tty_output(struct tty_struct *tty, const char *bytes, size_t count)
{
    struct burst burst = {0};
    if (!(tty->termios.c_oflag & OPOST)) {
        console_write(bytes, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        put_processed(tty, &burst, bytes[i]);
    burst_flush(&burst);
}

/* ---- echo ---- */

static bool shown_as_control(const struct tty_struct *tty, u8 c)
{
    return has_local(tty, ECHOCTL) && (c < ' ' || c == 0x7f) && c != '\t' && c != '\n';
}

static void echo_char(struct tty_struct *tty, u8 c)
{
    char control[2] = {'^', (char)(c ^ 0x40)};
    if (!has_local(tty, ECHO))
        return;
    if (shown_as_control(tty, c))
        n_tty_output(tty, control, 2);
    else
        n_tty_output(tty, (const char *)&c, 1);
}

static void echo_newline(struct tty_struct *tty)
{
    if (has_local(tty, ECHO) || (has_local(tty, ECHONL) && has_local(tty, ICANON)))
        n_tty_output(tty, "\n", 1);
}

/* ---- the input ring ---- */

static void put_char(struct tty_struct *tty, u16 c)
{
    if (tty->head - tty->tail < TTY_BUFFER - 1 || ((c & CHAR_DELIM) && tty->head - tty->tail < TTY_BUFFER))
        tty->buffer[tty->head++ & MASK] = c;
}

void n_tty_flush_input(struct tty_struct *tty)
{
    unsigned long flags = local_irq_save();
    tty->head = tty->line = tty->tail = tty->lines = 0;
    tty->literal = false;
    local_irq_restore(flags);
}

u32 n_tty_readable(const struct tty_struct *tty)
{
    return has_local(tty, ICANON) ? tty->line - tty->tail : tty->head - tty->tail;
}

/* Bytes that a read can get: marks of the end of file are none. */
u32 n_tty_queued(const struct tty_struct *tty)
{
    u32 limit = has_local(tty, ICANON) ? tty->line : tty->head, count = 0;
    for (u32 i = tty->tail; i != limit; i++)
        count += !(tty->buffer[i & MASK] & CHAR_EOF);
    return count;
}

/* What was typed in one mode becomes readable in the other. */
void n_tty_mode_changed(struct tty_struct *tty, u32 old_lflag)
{
    if (((old_lflag ^ tty->termios.c_lflag) & ICANON) == 0)
        return;
    unsigned long flags = local_irq_save();
    if (has_local(tty, ICANON) && tty->head != tty->tail) {
        tty->buffer[(tty->head - 1) & MASK] |= CHAR_DELIM;
        tty->lines = 1;
    }
    tty->line = tty->head;
    local_irq_restore(flags);
    n_tty_wake(tty);
}

void n_tty_wake(struct tty_struct *tty)
{
    if (n_tty_readable(tty))
        wake_up(&tty->read_wait);
}

/* ---- editing ---- */

static u32 shown_width(const struct tty_struct *tty, u8 c)
{
    return shown_as_control(tty, c) ? 2 : c < ' ' || c == 0x7f ? 0 : 1;
}

/* Column where the last character of the line, a tab, began: the widths of all before it. */
static u32 tab_start(const struct tty_struct *tty)
{
    u32 column = tty->line_column;
    for (u32 i = tty->line; i < tty->head; i++) {
        u8 c = (u8)tty->buffer[i & MASK];
        column += c == '\t' ? TAB - column % TAB : shown_width(tty, c);
    }
    return column;
}

static void erase_shown(struct tty_struct *tty, u8 c)
{
    u32 back = c == '\t' ? tty->column - tab_start(tty) : shown_width(tty, c);
    if (!has_local(tty, ECHO))
        return;
    if (!has_local(tty, ECHOE)) {
        echo_char(tty, tty->termios.c_cc[VERASE]);
        return;
    }
    while (back--)
        n_tty_output(tty, c == '\t' ? "\b" : "\b \b", c == '\t' ? 1 : 3);
}

static void erase_one(struct tty_struct *tty)
{
    if (tty->head == tty->line)
        return;
    u8 c = (u8)tty->buffer[--tty->head & MASK];
    erase_shown(tty, c);
}

static bool is_word(u8 c)
{
    return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80;
}

static void erase_word(struct tty_struct *tty)
{
    while (tty->head != tty->line && !is_word((u8)tty->buffer[(tty->head - 1) & MASK]))
        erase_one(tty);
    while (tty->head != tty->line && is_word((u8)tty->buffer[(tty->head - 1) & MASK]))
        erase_one(tty);
}

static void kill_line(struct tty_struct *tty)
{
    if (has_local(tty, ECHOKE) && has_local(tty, ECHOE)) {
        while (tty->head != tty->line)
            erase_one(tty);
        return;
    }
    tty->head = tty->line;
    echo_char(tty, tty->termios.c_cc[VKILL]);
    if (has_local(tty, ECHOK))
        echo_newline(tty);
}

static void reprint_line(struct tty_struct *tty)
{
    echo_char(tty, tty->termios.c_cc[VREPRINT]);
    echo_newline(tty);
    tty->line_column = tty->column;
    for (u32 i = tty->line; i < tty->head; i++)
        echo_char(tty, (u8)tty->buffer[i & MASK]);
}

static void end_line(struct tty_struct *tty, u16 c)
{
    put_char(tty, c | CHAR_DELIM);
    tty->line = tty->head;
    tty->lines++;
}

/* ---- one character ---- */

static bool take_signal(struct tty_struct *tty, u8 c)
{
    int signal = is_cc(tty, VINTR, c) ? SIGINT : is_cc(tty, VQUIT, c) ? SIGQUIT : is_cc(tty, VSUSP, c) ? SIGTSTP : 0;
    if (!signal)
        return false;
    if (!has_local(tty, NOFLSH))
        n_tty_flush_input(tty);
    tty->stopped = false;
    wake_up(&tty->write_wait);
    echo_char(tty, c);
    if (tty->pgrp)
        kill_pgrp(tty->pgrp, signal, NULL);
    return true;
}

static bool take_flow(struct tty_struct *tty, u8 c)
{
    if (is_cc(tty, VSTOP, c)) {
        tty->stopped = true;
        return true;
    }
    bool start = is_cc(tty, VSTART, c);
    if (start || (tty->stopped && has_input(tty, IXANY))) {
        tty->stopped = false;
        wake_up(&tty->write_wait);
    }
    return start;
}

static bool take_edit(struct tty_struct *tty, u8 c)
{
    bool extended = has_local(tty, IEXTEN);
    if (is_cc(tty, VERASE, c))
        erase_one(tty);
    else if (is_cc(tty, VKILL, c))
        kill_line(tty);
    else if (extended && is_cc(tty, VWERASE, c))
        erase_word(tty);
    else if (extended && is_cc(tty, VREPRINT, c) && has_local(tty, ECHO))
        reprint_line(tty);
    else
        return false;
    return true;
}

static bool take_line_end(struct tty_struct *tty, u8 c)
{
    if (c == '\n') {
        echo_newline(tty);
        end_line(tty, c);
    } else if (is_cc(tty, VEOF, c)) {
        end_line(tty, CHAR_EOF);
    } else if (is_cc(tty, VEOL, c) || (has_local(tty, IEXTEN) && is_cc(tty, VEOL2, c))) {
        echo_char(tty, c);
        end_line(tty, c);
    } else {
        return false;
    }
    return true;
}

static void take_plain(struct tty_struct *tty, u8 c)
{
    if (tty->head == tty->line)
        tty->line_column = tty->column;
    if (c == '\n')
        echo_newline(tty);
    else
        echo_char(tty, c);
    put_char(tty, c);
}

static bool translate(const struct tty_struct *tty, u8 *c)
{
    if (has_input(tty, ISTRIP))
        *c &= 0x7f;
    if (*c == '\r') {
        if (has_input(tty, IGNCR))
            return false;
        if (has_input(tty, ICRNL))
            *c = '\n';
    } else if (*c == '\n' && has_input(tty, INLCR)) {
        *c = '\r';
    }
    return true;
}

void n_tty_receive(struct tty_struct *tty, u8 c)
{
    if (tty->literal) {
        tty->literal = false;
        take_plain(tty, c);
        return;
    }
    if (!translate(tty, &c))
        return;
    if (has_input(tty, IXON) && take_flow(tty, c))
        return;
    if (has_local(tty, ISIG) && take_signal(tty, c))
        return;
    if (!has_local(tty, ICANON)) {
        take_plain(tty, c);
        return;
    }
    if (has_local(tty, IEXTEN) && is_cc(tty, VLNEXT, c)) {
        tty->literal = true;
        if (has_local(tty, ECHO) && has_local(tty, ECHOCTL))
            n_tty_output(tty, "^\b", 2);
        return;
    }
    if (!take_edit(tty, c) && !take_line_end(tty, c))
        take_plain(tty, c);
}

/* ---- read ---- */

/* Moves what is readable into a kernel buffer. *end: a line ended. */
static u32 take_input(struct tty_struct *tty, char *to, u32 room, bool *end)
{
    unsigned long flags = local_irq_save();
    bool canonical = has_local(tty, ICANON);
    u32 limit = canonical ? tty->line : tty->head, taken = 0;
    while (taken < room && tty->tail != limit && !*end) {
        u16 c = tty->buffer[tty->tail++ & MASK];
        if (!(c & CHAR_EOF))
            to[taken++] = (char)c;
        *end = canonical && (c & CHAR_DELIM);
    }
    /* A full line and its end of file in one go: the mark does not make an empty read of the next call. */
    if (canonical && !*end && taken == room && tty->tail != limit && (tty->buffer[tty->tail & MASK] & CHAR_EOF)) {
        tty->tail++;
        *end = true;
    }
    if (*end && tty->lines)
        tty->lines--;
    local_irq_restore(flags);
    return taken;
}

static ssize_t copy_input(struct tty_struct *tty, char __user *to, size_t count)
{
    char chunk[CHUNK];
    size_t done = 0;
    bool end = false;
    while (done < count && !end) {
        u32 taken = take_input(tty, chunk, min_t(u32, count - done, sizeof(chunk)), &end);
        if (taken == 0)
            break;
        if (copy_to_user(to + done, chunk, taken))
            return done ? (ssize_t)done : -EFAULT;
        done += taken;
    }
    return (ssize_t)done;
}

/* Waits for input: true when there is enough, or time is up (VTIME in tenths; counts from the first byte when VMIN). */
static int wait_readable(struct tty_struct *tty, struct file *file, u32 minimum, u32 tenths)
{
    DEFINE_WAIT(wait);
    int error = 0;
    long timeout = tenths * (HZ / 10);
    u32 before = n_tty_readable(tty);
    for (;;) {
        prepare_to_wait(&tty->read_wait, &wait, TASK_INTERRUPTIBLE);
        u32 now = n_tty_readable(tty);
        if (now && now >= minimum)
            break;
        if (file->f_flags & O_NONBLOCK)
            error = now ? 0 : -EAGAIN;
        else if (signal_pending(current))
            error = -ERESTARTSYS;
        else if (tenths && (now || !minimum) && timeout <= 0)
            break;
        else if (tenths && (now || !minimum)) {
            timeout = now != before ? (long)(tenths * (HZ / 10)) : timeout;
            before = now;
            timeout = schedule_timeout(timeout);
            continue;
        } else {
            schedule();
            continue;
        }
        break;
    }
    finish_wait(&tty->read_wait, &wait);
    return error;
}

ssize_t n_tty_read(struct tty_struct *tty, struct file *file, char __user *to, size_t count)
{
    u32 minimum = 1, tenths = 0;
    if (count == 0)
        return 0;
    if (!has_local(tty, ICANON)) {
        minimum = min_t(u32, tty->termios.c_cc[VMIN], count);
        tenths = tty->termios.c_cc[VTIME];
    }
    if (minimum || tenths) {
        int error = wait_readable(tty, file, minimum, tenths);
        if (error)
            return error;
    }
    return copy_input(tty, to, count);
}
