/* Between the UART (drivers/serial.c) and the terminal on it (drivers/tty.c, drivers/n_tty.c). */
#ifndef _DRIVERS_TTY_H
#define _DRIVERS_TTY_H

#include "fs/fs.h"

#define NCCS 19

/* As TCGETS copies it. */
struct termios {
    u32 c_iflag, c_oflag, c_cflag, c_lflag;
    u8 c_line, c_cc[NCCS];
};

_Static_assert(sizeof(struct termios) == 36, "ABI");

#define VINTR 0
#define VQUIT 1
#define VERASE 2
#define VKILL 3
#define VEOF 4
#define VTIME 5
#define VMIN 6
#define VSTART 8
#define VSTOP 9
#define VSUSP 10
#define VEOL 11
#define VREPRINT 12
#define VWERASE 14
#define VLNEXT 15
#define VEOL2 16

#define ISTRIP 0000040u
#define INLCR 0000100u
#define IGNCR 0000200u
#define ICRNL 0000400u
#define IXON 0002000u
#define IXANY 0004000u
#define OPOST 0000001u
#define ONLCR 0000004u
#define OCRNL 0000010u
#define ONOCR 0000020u
#define ONLRET 0000040u
#define XTABS 0014000u
#define ISIG 0000001u
#define ICANON 0000002u
#define ECHO 0000010u
#define ECHOE 0000020u
#define ECHOK 0000040u
#define ECHONL 0000100u
#define NOFLSH 0000200u
#define TOSTOP 0000400u
#define ECHOCTL 0001000u
#define ECHOKE 0004000u
#define IEXTEN 0100000u

struct winsize {
    u16 ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#define TTY_BUFFER 4096u /* a power of two; a canonical line has at most one less */

/* What an input character carries besides its byte. */
#define CHAR_DELIM 0x100u /* ends a line */
#define CHAR_EOF 0x200u   /* ends a line and is not read */

/*
 * The one terminal. Input is a ring of u16 [tail, head); [tail, line) is complete lines in canonical mode. The
 * interrupt handler appends; everybody else looks at it with interrupts off.
 */
struct tty_struct {
    struct termios termios;
    struct winsize winsize;
    pid_t session, pgrp; /* 0: nobody's */
    bool stopped;        /* by ^S */
    bool literal;        /* the next character is taken as it is (^V) */
    u32 column;          /* of the output, for tabs and erasing */
    u32 line_column;     /* where the input line began */
    u32 head, line, tail, lines;
    wait_queue_head_t read_wait, write_wait;
    u16 buffer[TTY_BUFFER];
};

extern struct tty_struct console_tty;

/* n_tty.c: the line discipline. */
void n_tty_receive(struct tty_struct *tty, u8 c); /* interrupts off */
void n_tty_wake(struct tty_struct *tty);          /* after a burst of n_tty_receive */
void n_tty_flush_input(struct tty_struct *tty);
void n_tty_mode_changed(struct tty_struct *tty, u32 old_lflag);
u32 n_tty_readable(
    const struct tty_struct *tty);              /* entries, complete lines only in canonical mode; ends of file count */
u32 n_tty_queued(const struct tty_struct *tty); /* of these, bytes: FIONREAD */
ssize_t n_tty_read(struct tty_struct *tty, struct file *file, char __user *to, size_t count);
void n_tty_output(struct tty_struct *tty, const char *bytes, size_t count); /* OPOST, then the UART */

/* serial.c */
void serial_start_input(struct tty_struct *tty);

#endif
