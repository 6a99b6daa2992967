/*
 * What the files of emu/cli share.
 *
 *   cli.c     life, lines in, batches        table.c   the commands, their help, finding one
 *   edit.c    the line editor and history    complete.c  what a word may become
 *   out.c     lines out, the guest's bytes   words.c   words to numbers, addresses, times
 *   go.c      running and stopping           points.c  points to stop at
 *   records.c faults, walks, events          frames.c  frames, pages, regions
 *   code.c    memory, instructions, calls    info*.c   the machine and the kernel in tables
 */
#ifndef FAULTLINE_CLI_INTERNAL_H
#define FAULTLINE_CLI_INTERNAL_H

#include "emu/cli/cli.h"
#include "emu/debug/debugger.h"
#include "emu/debug/inspect.h"

#define CLI_LINE_MAX 1000u
#define CLI_WORDS_MAX 32u
#define CLI_TEXT_MAX 16384u

/* A command line in pieces: word[0] is the command as it was typed. */
struct words {
    const char *rest; /* everything after the command, without blanks around it */
    unsigned count;
    char *word[CLI_WORDS_MAX];
    char store[CLI_LINE_MAX];
    char rest_store[CLI_LINE_MAX];
    char format[16]; /* "4xw" of "x/4xw" */
};

struct editor;

struct cli {
    struct cli_config config;
    struct session *session;
    struct debugger *debugger;
    struct editor *editor; /* NULL: not interactive */
    /* output */
    bool guest_line_open; /* the guest has begun a line and not ended it */
    bool log;
    bool silent; /* cli_answer(): the answer is not printed */
    char *said;  /* what the last command wrote, for `expect` */
    size_t said_length, said_capacity;
    char error[400]; /* "" while the current command has not failed */
    /* state */
    bool quit, ended, limit_reached;
    uint64_t fault; /* number of the record on show, 0 none */
    uint64_t place; /* address that the next `list` or `disas` without argument looks at, 0: the instruction pointer */
    char last[CLI_LINE_MAX]; /* the last line that an empty one repeats */
    uint64_t pace_virtual, pace_host;
    char text[CLI_TEXT_MAX]; /* room for one long answer */
};

/* ---- out.c ---- */
void say(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void say_text(struct cli *cli, const char *text); /* as it is, with a newline at its end */
void fail(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_forget(struct cli *cli); /* a new command begins */

/* ---- words.c ---- */
void words_split(struct words *words, const char *line);
/* False after fail(). what: "COUNT" for the sentence. */
bool words_number(struct cli *cli, const char *what, const char *text, uint64_t *value);
bool words_hex(struct cli *cli, const char *what, const char *text, uint64_t *value);
bool words_time(struct cli *cli, const char *text, vtime now, vtime *value);
bool words_address(struct cli *cli, const char *text, uint64_t *linear); /* any WHERE of debugger_resolve() */
const char *words_milliseconds(uint64_t blocks, char text[32]);

/* ---- table.c ---- */
struct completion;
typedef void command_handler(struct cli *cli, const struct words *words);
typedef void command_completer(struct cli *cli, struct completion *completion);

struct command {
    const char *name, *brief, *arguments, *summary, *more; /* brief: short form and other names, blanks between */
    command_handler *run;
    command_completer *complete;
    unsigned least, most; /* words after the command; most CLI_WORDS_MAX: any number */
    bool repeats;         /* an empty line does it again */
};
extern const struct command cli_commands[];
extern const size_t cli_command_count;
/* The command of that name or unique prefix; NULL after fail(). */
const struct command *table_find(struct cli *cli, const char *name);
void table_run(struct cli *cli, const char *line);
bool table_serves(const struct cli *cli, const struct command *command); /* false: not by cli_answer() */

/* ---- complete.c ---- */
#define COMPLETIONS_MAX 512u
struct completion {
    const char *line;   /* up to the cursor */
    const char *prefix; /* its last word so far */
    unsigned word;      /* number of that word; 0: the command */
    char previous[64];  /* the word before it */
    char first[64];     /* word 1, "" while it is being typed: the kind of a condition */
    char *found[COMPLETIONS_MAX];
    size_t count;
};
void complete_line(struct cli *cli, const char *line, struct completion *to); /* freed by completion_free() */
void completion_free(struct completion *completion);
command_completer complete_command, complete_condition, complete_where, complete_info, complete_event, complete_point,
    complete_switch, complete_file, complete_frame;

/* ---- edit.c ---- */
struct editor *editor_create(struct cli *cli); /* NULL: no terminal that could be used */
void editor_destroy(struct editor *editor);
const char *editor_line(struct editor *editor); /* NULL: the input has ended */

/* ---- go.c ---- */
void go(struct cli *cli, enum debug_go how, vtime until); /* runs to the next stop and tells of it */
void go_place(struct cli *cli);                           /* the instruction that comes next */

/* ---- info.c ---- */
struct info_topic {
    const char *name, *summary;
    command_handler *run;
};
extern const struct info_topic info_topics[];
extern const size_t info_topic_count;
struct view *info_view(struct cli *cli, unsigned interest);   /* NULL after fail(). Freed by view_free() */
struct view *info_kernel(struct cli *cli, unsigned interest); /* the same with view->kernel, or NULL after fail() */
const char *info_rights(uint64_t vm_flags, char text[5]);     /* "rw-p" */
/* Says when the process whose address space was on show has ended. */
void info_task_ended(struct cli *cli);
void info_owners(struct cli *cli, const struct selection *selection);

command_handler info_zones, info_buddy, info_lru, info_tasks, info_vmas, info_frames, info_swap, info_cache, info_files,
    info_vmalloc, info_disks, info_registers, info_time;

/* ---- handlers of the table ---- */
command_handler run_continue, run_next_fault, run_previous, run_next_walk, run_decision, run_event, run_step, run_over,
    run_finish, run_until;
command_handler run_stop, run_break, run_watch, run_stops, run_delete, run_disable, run_enable;
command_handler run_fault, run_faults, run_walk, run_explain, run_events;
command_handler run_info, run_task, run_frame, run_page, run_vma, run_life;
command_handler run_examine, run_disassemble, run_backtrace, run_list, run_symbol, run_print;
command_handler run_trace, run_screenshot, run_type, run_log, run_expect, run_help, run_quit;

#endif
