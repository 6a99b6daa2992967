/*
 * faultline debug: the machine stands at the program's first page fault, and somebody looks: in the window, or in the
 * terminal by emu/cli, to which this file gives a session, files to write and limits.
 */
#define _GNU_SOURCE
#include "emu/cli/cli.h"
#include "emu/commands/run.h"
#include "emu/commands/watchdog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 16384

struct debugging {
    const struct run_options *options;
    struct cli *cli;
    struct output trace;
    bool tracing, firmware_spoke; /* the firmware speaks when it cannot boot what it was given */
    struct watchdog watchdog;
    char text[TEXT_MAX];
};

/* ---- hooks of the session ---- */

static void on_console(void *owner, const char *bytes, size_t count) {
    cli_console(((struct debugging *)owner)->cli, bytes, count);
}

static void on_log(void *owner, int level, const char *line) {
    struct debugging *debugging = owner;
    debugging->firmware_spoke |= strncmp(line, "firmware: ", 10) == 0;
    cli_log(debugging->cli, level, line);
}

static void on_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    struct debugging *debugging = owner;
    if (!debugging->tracing)
        return;
    story_event_json(blocks, record, debugging->text, TEXT_MAX);
    fprintf(debugging->trace.stream, "%s\n", debugging->text);
}

static void on_fault(void *owner, const struct story_fault *fault) {
    struct debugging *debugging = owner;
    if (!debugging->tracing)
        return;
    story_fault_json(fault, debugging->text, TEXT_MAX);
    fprintf(debugging->trace.stream, "%s\n", debugging->text);
}

/* ---- what the terminal asks for ---- */

static bool end_trace(struct debugging *debugging) {
    bool good = !debugging->tracing || output_commit(&debugging->trace);
    debugging->tracing = false;
    return good;
}

static bool set_trace(void *owner, const char *path) {
    struct debugging *debugging = owner;
    if (!end_trace(debugging))
        return false;
    if (path)
        debugging->tracing = output_open(&debugging->trace, path, "trace");
    return debugging->tracing || !path;
}

static bool screenshot(void *owner, struct session *session, size_t position, const char *path) {
    struct picture picture = {.path = path, .panel = PICTURE_WINDOW};
    (void)owner;
    picture_prepare(session);
    struct view *view = session_view(session, position, VIEW_PAUSED);
    session_interest(session, 0);
    bool good = view && picture_write(&picture, "", view);
    view_free(view);
    return good;
}

static bool overdue(void *owner) { return watchdog_expired(&((struct debugging *)owner)->watchdog); }

/* ---- the terminal ---- */

static int end_of(struct debugging *debugging, struct session *session, enum cli_end end) {
    const struct debug_stop *stop = debugger_stop(session_debugger(session));
    struct machine *machine = session_machine(session);
    switch (end) {
    case CLI_FAILED: return EXIT_BAD_INPUT;
    case CLI_LIMIT:
        complain("the limit of %s time is reached", overdue(debugging) ? "host" : "virtual");
        return EXIT_LIMIT;
    case CLI_ENDED:
        if (debugging->firmware_spoke)
            return EXIT_BAD_INPUT;
        return run_status(stop->machine, machine_exit_status(machine), machine_stop_text(machine));
    default: return 0;
    }
}

static int debug_session(struct debugging *debugging, struct session *session) {
    const struct run_options *options = debugging->options;
    if (!run_set_stops(session, options) || (options->trace && !set_trace(debugging, options->trace)))
        return EXIT_BAD_INPUT;
    if (!watchdog_start(&debugging->watchdog, session_machine(session), options->timeout))
        complain("the host gives no thread for --timeout; there is no limit of host time");
    bool program = options->program_count > 0 && !options->kernel;
    int status = end_of(debugging, session, cli_run(debugging->cli, session, program));
    watchdog_end(&debugging->watchdog);
    if (!end_trace(debugging) && status == 0)
        status = EXIT_BAD_INPUT;
    return status;
}

static int debug_machine(struct debugging *debugging, struct session_config *machine) {
    char error[400];
    machine->story = true;
    machine->owner = debugging;
    machine->on_console = on_console;
    machine->on_log = on_log;
    machine->on_event = on_event;
    machine->on_fault = on_fault;
    struct session *session = session_create(machine, error, sizeof(error));
    if (!session) {
        complain("%s", error);
        return EXIT_BAD_INPUT;
    }
    int status = debug_session(debugging, session);
    session_destroy(session);
    return status;
}

/* The commands' file, or NULL after complaining. */
static FILE *open_commands(const char *path) {
    if (!path || strcmp(path, "-") == 0)
        return stdin;
    FILE *file = fopen(path, "re");
    if (!file)
        complain("the commands '%s' cannot be read: %s", path, strerror(errno));
    return file;
}

static int debug_in_terminal(const struct launch *launch, const struct run_options *options) {
    struct debugging *debugging = calloc(1, sizeof(*debugging));
    struct session_config machine = launch_session(launch, options);
    struct cli_config config = {.machine = &machine,
                                .input = open_commands(options->batch),
                                .batch = options->batch,
                                .interactive = !options->batch && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
                                .log = options->verbose,
                                .limit = options->limit,
                                .owner = debugging,
                                .screenshot = screenshot,
                                .trace = set_trace,
                                .overdue = overdue};
    int status = EXIT_BAD_INPUT;
    if (debugging && config.input && (debugging->cli = cli_create(&config))) {
        debugging->options = options;
        status = debug_machine(debugging, &machine);
        cli_destroy(debugging->cli);
        output_abandon(&debugging->trace);
    }
    if (config.input && config.input != stdin)
        fclose(config.input);
    free(debugging);
    return status;
}

int command_debug(int argc, char **argv) {
    struct run_options options;
    struct launch launch;
    int status;
    if (!options_parse(argc, argv, OPTIONS_DEBUG, &options, &status))
        return status;
    options.headless = options.cli || options.batch || (options.gdb && !options.window);
    options.window = run_wants_window(&options);
    options.cli = !options.window && !options.gdb;
    options.pause = !options.gdb; /* GDB has it from the first instruction on */
    if (!launch_prepare(&launch, &options))
        return EXIT_BAD_INPUT;
    status = options.window || options.gdb ? run_launch(&launch, &options) : debug_in_terminal(&launch, &options);
    launch_free(&launch);
    return status;
}
