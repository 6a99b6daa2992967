/* The terminal debugger's life: lines in, commands out, how it ends. */
#define _GNU_SOURCE
#include "emu/cli/internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct cli *cli_create(const struct cli_config *config) {
    struct cli *cli = calloc(1, sizeof(*cli));
    if (!cli)
        return NULL;
    cli->config = *config;
    cli->log = config->log;
    return cli;
}

void cli_destroy(struct cli *cli) {
    if (!cli)
        return;
    editor_destroy(cli->editor);
    free(cli->said);
    free(cli);
}

/* ---- lines in ---- */

struct lines {
    unsigned number; /* of the line last read, from 1 */
    char *line;      /* getline()'s */
    size_t capacity;
};

static const char *next_line(struct cli *cli, struct lines *lines) {
    if (cli->guest_line_open && cli->editor)
        say(cli, "%s", ""); /* the prompt begins a line */
    fflush(stdout);
    lines->number++;
    if (cli->editor)
        return editor_line(cli->editor);
    ssize_t length = getline(&lines->line, &lines->capacity, cli->config.input);
    return length < 0 ? NULL : lines->line;
}

/* The command in a line: without the newline, blanks at its ends and comments. False: too long. */
static bool clean(const char *line, char text[CLI_LINE_MAX]) {
    line += strspn(line, " \t\r\n");
    size_t length = strlen(line);
    while (length > 0 && strchr(" \t\r\n", line[length - 1]))
        length--;
    text[0] = '\0';
    if (line[0] == '#')
        return true;
    if (length >= CLI_LINE_MAX)
        return false;
    memcpy(text, line, length);
    text[length] = '\0';
    return true;
}

static void obey(struct cli *cli, const char *line) {
    char text[CLI_LINE_MAX];
    cli->error[0] = '\0';
    bool empty = line[strspn(line, " \t\r\n")] == '\0';
    if (!clean(line, text))
        fail(cli, "the line is longer than %u characters", CLI_LINE_MAX - 1);
    else if (text[0])
        table_run(cli, text);
    else if (empty && !cli->config.batch && cli->last[0])
        table_run(cli, memcpy(text, cli->last, sizeof(text)));
}

/* False: the batch is over. */
static bool told_of_error(struct cli *cli, const struct lines *lines, const char *line) {
    if (!cli->error[0])
        return true;
    if (!cli->config.batch) {
        say(cli, "%s\n", cli->error);
        return true;
    }
    fflush(stdout);
    line += strspn(line, " \t");
    fprintf(stderr, "faultline: %s, line %u: %.*s: %s\n", cli->config.batch, lines->number, (int)strcspn(line, "\r\n"),
            line, cli->error);
    return false;
}

static enum cli_end obey_lines(struct cli *cli) {
    struct lines lines = {0};
    bool good = true;
    for (const char *line; good && !cli->quit && !cli->limit_reached && (line = next_line(cli, &lines));) {
        obey(cli, line);
        good = told_of_error(cli, &lines, line);
    }
    free(lines.line);
    fflush(stdout);
    if (!good)
        return CLI_FAILED;
    if (cli->limit_reached)
        return CLI_LIMIT;
    return cli->ended ? CLI_ENDED : CLI_LEFT;
}

/* With a terminal, Ctrl-C is asked for between slices of the run (go.c) and is a key at the prompt (edit.c). */
static void take_interrupts(void) {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, NULL);
}

enum cli_end cli_run(struct cli *cli, struct session *session, bool first_fault) {
    cli->session = session;
    cli->debugger = session_debugger(session);
    if (cli->config.interactive) {
        take_interrupts();
        cli->editor = editor_create(cli);
        say(cli, "faultline: %s, %llu MiB. `help` lists the commands, `n` goes to the next page fault.\n",
            cli->config.machine->program_name, (unsigned long long)(cli->config.machine->ram_bytes >> 20));
    }
    if (first_fault)
        go(cli, GO_FAULT, VTIME_NEVER);
    return obey_lines(cli);
}
