/*
 * Lines out. The guest's bytes pass straight through; when they leave a line open, ours begin on the next one, so that
 * neither ever stands in the middle of the other's line.
 */
#include "emu/cli/internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SAID_MAX (1u << 20) /* of one command's output is remembered */

static void remember(struct cli *cli, const char *bytes, size_t count) {
    if (cli->said_length + count + 1 > cli->said_capacity) {
        size_t capacity = (cli->said_length + count + 1) * 2;
        char *bigger = capacity <= SAID_MAX ? realloc(cli->said, capacity) : NULL;
        if (!bigger)
            return;
        cli->said = bigger;
        cli->said_capacity = capacity;
    }
    memcpy(cli->said + cli->said_length, bytes, count);
    cli->said_length += count;
    cli->said[cli->said_length] = '\0';
}

void out_forget(struct cli *cli) {
    cli->said_length = 0;
    if (cli->said)
        cli->said[0] = '\0';
    cli->error[0] = '\0';
}

static void end_guest_line(struct cli *cli) {
    if (cli->guest_line_open)
        putchar('\n');
    cli->guest_line_open = false;
}

/* Names of tasks, files and symbols are the guest's: none of their bytes may steer a terminal. */
static char plain(char byte) {
    bool steers = ((unsigned char)byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f;
    return steers ? '?' : byte;
}

static void put(struct cli *cli, const char *text) {
    if (!cli->silent)
        end_guest_line(cli);
    for (; *text; text++) {
        char byte = plain(*text);
        remember(cli, &byte, 1);
        if (!cli->silent)
            putchar(byte);
    }
}

void say(struct cli *cli, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    put(cli, text);
}

void say_text(struct cli *cli, const char *text) {
    size_t length = strlen(text);
    put(cli, text);
    if (length > 0 && text[length - 1] != '\n')
        put(cli, "\n");
}

void fail(struct cli *cli, const char *format, ...) {
    va_list arguments;
    if (cli->error[0])
        return; /* the first reason is the one */
    va_start(arguments, format);
    vsnprintf(cli->error, sizeof(cli->error), format, arguments);
    va_end(arguments);
}

/* A terminal gets the guest's bytes as they are; for pipes and scripts every line is plain. */
static void put_guest_byte(struct cli *cli, char byte) {
    if (cli->config.interactive || plain(byte) == byte)
        putchar(byte);
    cli->guest_line_open = byte != '\n' && (cli->guest_line_open || byte != '\r');
}

void cli_console(struct cli *cli, const char *bytes, size_t count) {
    remember(cli, bytes, count);
    for (size_t i = 0; i < count; i++)
        put_guest_byte(cli, bytes[i]);
    if (memchr(bytes, '\n', count))
        fflush(stdout);
}

void cli_log(struct cli *cli, int level, const char *line) {
    bool firmware = strncmp(line, "firmware: ", 10) == 0; /* which says it on the terminal, too */
    if (!firmware && (level <= 4 || cli->log))
        say(cli, "guest: %.500s\n", line);
}
