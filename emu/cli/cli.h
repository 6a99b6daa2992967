/*
 * emu/cli: the debugger in a terminal, in a pipe and in scripts.
 *
 * The model. Lines come in, each is a command of one table (table.c); its handler turns words into calls of
 * emu/debug/debugger.h and prints what comes back. There is no logic of debugging here. Whatever the guest writes to
 * its terminal goes out as it comes; our own output begins on a line of its own and consists of whole lines. With a
 * terminal on both sides there is a prompt, editing, history and completion; else input is read as it is and nothing
 * but answers is written.
 */
#ifndef FAULTLINE_CLI_H
#define FAULTLINE_CLI_H

#include "emu/debug/session.h"

#include <stdio.h>

struct cli;

struct cli_config {
    const struct session_config *machine; /* of the session that cli_run() gets; must outlive it */
    FILE *input;
    const char *batch; /* name of the file that input is: the first command that fails ends it. NULL: people's lines */
    bool interactive;  /* a terminal on both sides */
    bool log;          /* the guest kernel's whole log from the start on */
    vtime limit;
    void *owner; /* of the functions below; each complains itself and returns false when it fails */
    bool (*screenshot)(void *owner, struct session *session, size_t position, const char *path);
    bool (*trace)(void *owner, const char *path); /* NULL: no longer */
    bool (*overdue)(void *owner);                 /* the limit of host time has passed */
};

struct cli *cli_create(const struct cli_config *config); /* NULL: no memory */
void cli_destroy(struct cli *cli);

/* What the session's hooks of the same names hand on. */
void cli_console(struct cli *cli, const char *bytes, size_t count);
void cli_log(struct cli *cli, int level, const char *line);

/* What a command says, for other front ends: nothing is printed. Commands that run the machine or end the session are
 * refused; a topic of `info` is a command, too. The text lives until the next call. */
const char *cli_answer(struct cli *cli, struct session *session, const char *line);

enum cli_end {
    CLI_LEFT,   /* the commands ended or somebody quit, the machine could go on */
    CLI_ENDED,  /* the machine can go no further: debugger_stop()->machine */
    CLI_FAILED, /* a command of a batch failed; a sentence about it stands on standard error */
    CLI_LIMIT,  /* the limit of virtual or host time was reached */
};
/* Runs to the program's first page fault if first_fault, then obeys the lines. */
enum cli_end cli_run(struct cli *cli, struct session *session, bool first_fault);

/* A kind of stop condition for help: summary, keys, example, in lines of at most 80 columns. */
void cli_condition_text(const struct condition_kind *kind, char *text, size_t size);

#endif
