/* Parts of `run` and `debug`: options (options.c), what goes into the machine (launch.c), what comes out (report.c). */
#ifndef FAULTLINE_RUN_H
#define FAULTLINE_RUN_H

#include "emu/commands/disks.h"
#include "emu/commands/picture.h"

struct run_options {
    uint64_t memory; /* bytes */
    unsigned nodes;  /* 0: not said */
    bool render;     /* end with the picture; what the program returns is not the point */
    bool help, help_stops, faults, stories, window, headless, pause, cli, verbose, explain;
    uint64_t explain_address, at_fault;
    uint32_t at_branch;    /* enum flt_branch, 0: none */
    const char *at_source; /* "hello.c:12" */
    const char *trace, *record, *kernel, *initrd, *rom, *cmdline;
    const char *at_event;         /* a condition or another point, as for debugger_add() */
    enum select_kind select_kind; /* what the picture shows as selected */
    int64_t select_argument;
    struct picture picture;             /* --screenshot, or what `render` draws */
    const char *gdb;                    /* where GDB may connect, NULL: nowhere */
    const char *batch;                  /* file of the terminal debugger's commands, NULL: none */
    const char *stop[DEBUG_POINTS_MAX]; /* as for debugger_add() */
    size_t stop_count;
    struct disk_options disks;
    uint64_t cut_at, cut_after; /* blocks, disk requests; 0: the power stays */
    vtime limit;
    double timeout; /* seconds of the host's time, 0: none */
    char **program; /* PROGRAM ARGS... */
    int program_count;
};

enum options_command { OPTIONS_RUN = 1, OPTIONS_DEBUG = 2, OPTIONS_RENDER = 4 };
/* True: go on. False, after complaining or printing a help text: *status says how to end. argv[0] is the command. */
bool options_parse(int argc, char **argv, enum options_command command, struct run_options *options, int *status);

/* Everything that the machine is given; the bytes outlive the session. */
struct launch {
    struct file_bytes rom, kernel, initrd, program;
    struct disks disks;
    char *cmdline;
    char program_name[64];
    char program_directory[4096]; /* of the program's file on the host, "" unknown: where its sources are looked for */
};

/* Reads and checks all files. False after complaining; nothing to free then. */
bool launch_prepare(struct launch *launch, const struct run_options *options);
void launch_free(struct launch *launch);
/* A session's configuration with these images and the machine's options; hooks and the rest are the caller's. It points
 * into launch. */
struct session_config launch_session(const struct launch *launch, const struct run_options *options);

/* Runs it to its end; the exit status of the command. */
int run_launch(const struct launch *launch, const struct run_options *options);

/* Sets the points of --stop, before the first instruction. False after complaining. */
bool run_set_stops(struct session *session, const struct run_options *options);
/* The command's exit status for a stop, after complaining where that is called for. */
int run_status(enum machine_stop stop, int exit_status, const char *text);

static inline bool run_has_at(const struct run_options *options) {
    return options->at_fault || options->at_branch || options->at_source || options->at_event;
}

/* Carries out on a struct control what the window asks for: an action, a typed line, what snapshots should hold. */
#ifdef FAULTLINE_WINDOW
#include "emu/debug/control.h"
#include "emu/ui/ui.h"
void report_act(struct control *control, enum ui_action action, int64_t argument);
void report_tell(struct control *control, enum ui_action action, const char *line);
void report_interest(struct control *control, unsigned interest);
#endif

/* Is the window to be shown: asked for, or there is a display and nothing speaks against it. */
bool run_wants_window(const struct run_options *options);

/* Branch for a word of --at, 0 when there is none. */
uint32_t run_branch_by_word(const char *word);

#endif
