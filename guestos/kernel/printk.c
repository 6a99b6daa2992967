/*
 * The kernel's log.
 *
 * Every line has a level 0 (emergency) to 7 (debug), given as "<N>" at its start; without it the level is 4. A line
 * goes three ways: to the debug console (port 0xE9) always and with its "<N>"; to the UART without it, when its level
 * is below console_loglevel; and into a ring of LOG_BYTES for syslog(2). Lines that come before the console is there
 * wait in the ring and are written when it comes.
 */
#include "kernel/init.h"
#include "kernel/printk.h"
#include "kernel/syscalls.h"
#include "kernel/sched.h"
#include "fs/fs.h"
#include "asm/io.h"
#include "asm/irqflags.h"
#include "asm/uaccess.h"

#define LOG_BYTES 16384u
#define LINE_BYTES 384
#define DEFAULT_LEVEL 4
#define DEBUG_CONSOLE_PORT 0xE9

int console_loglevel = 7;

static char log_ring[LOG_BYTES];
static u32 log_end;   /* bytes ever written; place = log_end % LOG_BYTES */
static u32 log_read;  /* up to where syslog(2) READ has come */
static u32 log_clear; /* READ_ALL starts here */
static bool console_ready;
static bool line_open; /* the last message did not end with a newline */
static int line_level;

static void log_byte(char c)
{
    log_ring[log_end++ % LOG_BYTES] = c;
    outb((u8)c, DEBUG_CONSOLE_PORT);
}

static void log_text(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        log_byte(text[i]);
}

/* One piece of a line; starts_line: it has no "<N>" in the log yet. The UART is slow: interrupts stay on for it. */
static void emit(const char *text, size_t n, bool starts_line)
{
    unsigned long flags = local_irq_save();
    if (starts_line) {
        char prefix[3] = {'<', (char)('0' + line_level), '>'};
        log_text(prefix, sizeof(prefix));
    }
    log_text(text, n);
    local_irq_restore(flags);
    if (console_ready && line_level < console_loglevel)
        console_write(text, n);
}

static void emit_lines(const char *text)
{
    while (*text) {
        if (!line_open) {
            line_level = DEFAULT_LEVEL;
            if (text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>') {
                line_level = text[1] - '0';
                text += 3;
            }
        }
        const char *newline = strchr(text, '\n');
        size_t n = newline ? (size_t)(newline - text) + 1 : strlen(text);
        emit(text, n, !line_open);
        line_open = !newline;
        text += n;
    }
}

int printk(const char *format, ...)
{
    char line[LINE_BYTES];
    __builtin_va_list args;
    __builtin_va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    __builtin_va_end(args);
    emit_lines(line);
    return n;
}

static u32 log_start(void) { return log_end > LOG_BYTES ? log_end - LOG_BYTES : 0; }

void printk_console_ready(void)
{
    int level = 7;
    bool at_line_start = true;
    console_ready = true;
    for (u32 i = log_start(); i < log_end; i++) {
        char c = log_ring[i % LOG_BYTES];
        if (at_line_start && c == '<' && i + 2 < log_end) {
            level = log_ring[(i + 1) % LOG_BYTES] - '0';
            i += 2;
            at_line_start = false;
            continue;
        }
        if (level < console_loglevel)
            console_write(&c, 1);
        at_line_start = c == '\n';
    }
}

void printk_options(void)
{
    char value[16];
    if (command_line_option("quiet", value, sizeof(value)))
        console_loglevel = 4;
    if (command_line_option("debug", value, sizeof(value)))
        console_loglevel = 8;
    if (command_line_option("loglevel", value, sizeof(value)))
        console_loglevel = (int)simple_strtoul(value, NULL, 10);
}

void printk_force_console(void) { console_loglevel = 8; }

/* ---- syslog(2) ---- */

#define SYSLOG_READ 2
#define SYSLOG_READ_ALL 3
#define SYSLOG_READ_CLEAR 4
#define SYSLOG_CLEAR 5
#define SYSLOG_CONSOLE_OFF 6
#define SYSLOG_CONSOLE_ON 7
#define SYSLOG_CONSOLE_LEVEL 8
#define SYSLOG_SIZE_UNREAD 9
#define SYSLOG_SIZE_BUFFER 10

/* Bytes [from, to) of the log to the user; their number or -EFAULT. */
static long copy_log(char __user *buf, u32 from, u32 to)
{
    for (u32 i = from; i != to; i++) {
        if (copy_to_user(buf + (i - from), &log_ring[i % LOG_BYTES], 1))
            return -EFAULT;
    }
    return (long)(to - from);
}

static long syslog_read_new(char __user *buf, u32 length)
{
    u32 from = max_t(u32, log_read, log_start());
    u32 to = log_end - from > length ? from + length : log_end;
    log_read = to;
    return copy_log(buf, from, to);
}

static long syslog_read_last(char __user *buf, u32 length)
{
    u32 from = max_t(u32, log_clear, log_start());
    if (log_end - from > length)
        from = log_end - length;
    return copy_log(buf, from, log_end);
}

long sys_syslog(int type, char __user *buf, int length)
{
    if (type >= SYSLOG_READ && type <= SYSLOG_READ_CLEAR && (!buf || length < 0))
        return -EINVAL;
    long result = 0;
    switch (type) {
    case 0:
    case 1: return 0;
    case SYSLOG_READ: return syslog_read_new(buf, (u32)length);
    case SYSLOG_READ_ALL: return syslog_read_last(buf, (u32)length);
    case SYSLOG_READ_CLEAR:
        result = syslog_read_last(buf, (u32)length);
        log_clear = log_end;
        return result;
    case SYSLOG_CLEAR: log_clear = log_end; return 0;
    case SYSLOG_CONSOLE_OFF: console_loglevel = 1; return 0;
    case SYSLOG_CONSOLE_ON: console_loglevel = 7; return 0;
    case SYSLOG_CONSOLE_LEVEL:
        if (length < 1 || length > 8)
            return -EINVAL;
        console_loglevel = length;
        return 0;
    case SYSLOG_SIZE_UNREAD: return (long)(log_end - max_t(u32, log_read, log_start()));
    case SYSLOG_SIZE_BUFFER: return (long)LOG_BYTES;
    default: return -EINVAL;
    }
}
