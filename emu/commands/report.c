/*
 * `faultline run`, from a prepared launch to the exit status: the hooks that print and record, the headless loop, the
 * window.
 */
#define _GNU_SOURCE
#include "emu/commands/input.h"
#include "emu/commands/run.h"
#include "emu/commands/watchdog.h"
#include "emu/debug/control.h"
#include "emu/gdb/gdb.h"
#ifdef FAULTLINE_WINDOW
#include "emu/ui/ui.h"
#endif
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 16384
#define LAST_PICTURE 300u /* hundredths of a second */

struct report {
    const struct run_options *options;
    struct session *session; /* headless only */
    struct output trace;
    bool tracing, firmware_spoke, program_exited, timed_out;
    uint64_t shown;       /* closed records of the program so far */
    struct view *picture; /* what --screenshot will draw */
    unsigned at_point;    /* the point that --at set, 0 none */
    struct recorder *recorder;
    struct gdb *gdb;    /* listens; NULL: nobody asked for it */
    bool picture_met;   /* --at was met */
    bool picture_final; /* ... by the program's own code, not by its C library's: nothing later is better */
    char *text;         /* TEXT_MAX bytes */
};

static const struct {
    const char *word;
    uint32_t branch;
} branch_words[] = {
    {"zero", FLT_BRANCH_ANON_ZERO}, {"anonymous", FLT_BRANCH_ANON},  {"file", FLT_BRANCH_FILE_MINOR},
    {"copy", FLT_BRANCH_COW_COPY},  {"reuse", FLT_BRANCH_COW_REUSE}, {"segv", FLT_BRANCH_SEGV},
    {"stack", FLT_BRANCH_COUNT}, /* not a branch: any fault that grew the stack */
};

uint32_t run_branch_by_word(const char *word) {
    for (size_t i = 0; i < sizeof(branch_words) / sizeof(branch_words[0]); i++)
        if (strcmp(word, branch_words[i].word) == 0)
            return branch_words[i].branch;
    return 0;
}

/* ---- hooks: on the machine's thread ---- */

static void say_console(void *owner, const char *bytes, size_t count) {
    (void)owner;
    fwrite(bytes, 1, count, stdout);
    if (memchr(bytes, '\n', count))
        fflush(stdout);
}

static void say_log(void *owner, int level, const char *line) {
    struct report *report = owner;
    bool firmware = strncmp(line, "firmware: ", 10) == 0;
    report->firmware_spoke |= firmware;
    if (level > 4 && !report->options->verbose)
        return;
    fflush(stdout);
    fprintf(stderr, "%s%s\n", firmware ? "faultline: " : "guest: ", line);
}

static void record_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    struct report *report = owner;
    story_event_json(blocks, record, report->text, TEXT_MAX);
    fprintf(report->trace.stream, "%s\n", report->text);
}

static bool wanted_for_picture(const struct report *report, const struct story_fault *fault) {
    if (report->options->at_fault)
        return report->shown == report->options->at_fault;
    if (report->options->at_source) {
        char place[128];
        snprintf(place, sizeof(place), "%s:%u", fault->source_file, fault->source_line);
        return strcmp(place, report->options->at_source) == 0;
    }
    if (report->options->at_branch == FLT_BRANCH_COUNT)
        return fault->vma_grown_from != 0;
    return report->options->at_branch != 0 && fault->branch == report->options->at_branch;
}

/* A life is that of a frame: the one that the moment is about, where nothing was selected. */
static void select_frame(struct report *report, size_t position) {
    const struct run_options *options = report->options;
    const struct debug_stop *stop = debugger_stop(session_debugger(report->session));
    const struct story *story = session_story(report->session);
    uint64_t number = stop->fault;
    if (options->select_kind != SELECT_NONE) {
        session_select(report->session, options->select_kind, options->select_argument);
        return;
    }
    if (!options->render)
        return;
    if (position > 0 || number == 0)
        number = session_shown_number(report->session, position);
    const struct story_fault *fault = story && number ? story_fault_by_number(story, number) : NULL;
    if (report->at_point && stop->pfn != DEBUG_NO_FRAME)
        session_select(report->session, SELECT_FRAME, (int64_t)stop->pfn);
    else if (fault && fault->has_pte && (fault->pte_after & 1))
        session_select(report->session, SELECT_FRAME, (int64_t)(fault->pte_after >> 12));
}

static void take_picture(struct report *report, size_t position) {
    select_frame(report, position);
    view_free(report->picture);
    report->picture = session_view(report->session, position, VIEW_PAUSED);
}

static void tell_fault(struct report *report, const struct story_fault *fault) {
    if (report->options->faults) {
        story_fault_line(fault, report->text, TEXT_MAX);
        fflush(stdout);
        fprintf(stderr, "%s\n", report->text);
    }
    if (report->options->stories) {
        story_fault_text(fault, report->text, TEXT_MAX);
        fflush(stdout);
        fprintf(stderr, "%s\n", report->text);
    }
}

static void record_fault(void *owner, const struct story_fault *fault) {
    struct report *report = owner;
    if (report->tracing) {
        story_fault_json(fault, report->text, TEXT_MAX);
        fprintf(report->trace.stream, "%s\n", report->text);
    }
    if (!fault->shown)
        return;
    report->shown++;
    tell_fault(report, fault);
    if (report->session && report->options->picture.path && !report->picture_final &&
        wanted_for_picture(report, fault)) {
        bool own_code = fault->source_line != 0 || report->options->at_fault;
        if (own_code || !report->picture_met)
            take_picture(report, report->shown);
        report->picture_met = true;
        report->picture_final = own_code;
        if (own_code && report->options->render)
            machine_request_stop(session_machine(report->session));
    }
}

/* What is asked about the program's end, while its address space still stands. */
static void answer_at_end(struct report *report) {
    if (report->options->explain) {
        session_explain(report->session, report->options->explain_address, report->text, TEXT_MAX);
        fflush(stdout);
        fprintf(stderr, "%s", report->text);
    }
    if (report->options->picture.path && !report->picture_met)
        take_picture(report, 0);
}

static void program_exit(void *owner, uint32_t wait_status) {
    struct report *report = owner;
    (void)wait_status;
    report->program_exited = true;
    if (report->session)
        answer_at_end(report);
}

/* ---- the end ---- */

bool run_set_stops(struct session *session, const struct run_options *options) {
    char error[240];
    for (size_t i = 0; i < options->stop_count; i++)
        if (debugger_add(session_debugger(session), options->stop[i], error, sizeof(error)) == 0) {
            complain("--stop: %s", error);
            return false;
        }
    return true;
}

/* The points that the options name, before the first instruction. False after complaining. */
static bool set_points(struct report *report) {
    const struct run_options *options = report->options;
    struct debugger *debugger = session_debugger(report->session);
    char error[240];
    if (!run_set_stops(report->session, options))
        return false;
    if (options->at_event && !(report->at_point = debugger_add(debugger, options->at_event, error, sizeof(error)))) {
        complain("--at: %s", error);
        return false;
    }
    if (options->stop_count > 0 || report->at_point)
        debugger_go(debugger, GO_RUN);
    return true;
}

static bool begin_recording(struct report *report) {
    struct picture picture = report->options->picture;
    if (!picture.path || !picture_is(picture.path, ".gif"))
        picture.path = report->options->record;
    if (!picture.path)
        return true;
    report->recorder = recorder_open(&picture);
    return report->recorder != NULL;
}

/* The moment that --stop asked for stands in place of the program's end. */
static void tell_stop(struct report *report) {
    const struct debug_stop *stop = debugger_stop(session_debugger(report->session));
    fflush(stdout);
    fprintf(stderr, "at block %" PRIu64 ": %s\n", stop->blocks, stop->text);
    if (!report->program_exited)
        answer_at_end(report);
}

int run_status(enum machine_stop stop, int exit_status, const char *text) {
    switch (stop) {
    case MACHINE_STOP_EXIT: return exit_status & 0xff;
    case MACHINE_STOP_REQUESTED: return 0;
    case MACHINE_STOP_LIMIT: complain("the limit of virtual time is reached; --limit gives more"); return EXIT_LIMIT;
    case MACHINE_STOP_POINT: return EXIT_STOPPED;
    case MACHINE_STOP_POWER_CUT: complain("%s", text); return EXIT_POWER_CUT;
    default: complain("%s", text); return EXIT_MACHINE;
    }
}

static int status_of(const struct report *report, enum machine_stop stop, int exit_status, const char *text) {
    if (stop == MACHINE_STOP_EXIT && report->firmware_spoke)
        return EXIT_BAD_INPUT;
    if (stop != MACHINE_STOP_REQUESTED || !report->timed_out)
        return run_status(stop, exit_status, text);
    complain("the limit of host time is reached; --timeout gives more");
    return EXIT_LIMIT;
}

static bool write_picture(struct report *report) {
    bool missed = run_has_at(report->options) && !report->picture_met;
    if (!report->picture)
        take_picture(report, 0);
    if (missed)
        complain("what --at names did not happen; the picture shows the program's end");
    return picture_write(&report->options->picture, "", report->picture) && !(missed && report->options->render);
}

static bool finish_outputs(struct report *report) {
    bool good = true;
    if (report->tracing)
        good = output_commit(&report->trace) && good;
    if (report->recorder)
        good = recorder_close(report->recorder, true) && good;
    else if (report->options->picture.path && report->session)
        good = write_picture(report) && good;
    return good;
}

/* ---- headless ---- */

/* Until a stop that is no end of a slice. While it records, the guest's input is not read. */
static enum machine_stop run_until_stop(struct report *report) {
    vtime limit = report->options->limit;
    struct machine *machine = session_machine(report->session);
    enum machine_stop stop;
    if (!report->recorder)
        return input_run(report->session, limit);
    do
        stop = recorder_run(report->recorder, report->session, limit, input_slice);
    while (stop == MACHINE_STOP_LIMIT && machine_now(machine) < limit);
    return stop;
}

/* To the end; over the moment of the picture, unless that is all that is wanted. */
static enum machine_stop run_on(struct report *report) {
    struct debugger *debugger = session_debugger(report->session);
    for (;;) {
        enum machine_stop stop = run_until_stop(report);
        if (stop != MACHINE_STOP_POINT || report->picture_met || debugger_stop(debugger)->point != report->at_point)
            return stop;
        take_picture(report, 0);
        report->picture_met = report->picture_final = true;
        if (report->options->render)
            return stop;
        debugger_remove(debugger, report->at_point);
        debugger_go(debugger, GO_RUN);
    }
}

static bool overdue(void *owner) { return watchdog_expired(owner); }

/* GDB steers it. */
static enum machine_stop run_for_gdb(struct report *report, const struct session_config *config,
                                     struct watchdog *watchdog) {
    char error[400];
    struct gdb_session session = {.session = report->session, .machine = config, .overdue = overdue, .owner = watchdog};
    enum machine_stop stop = gdb_serve(report->gdb, &session, error, sizeof(error));
    if (error[0])
        complain("%s", error);
    return stop;
}

/* A picture was all that was wanted, and there it is. */
static bool is_rendered(const struct report *report, enum machine_stop stop) {
    bool whole = stop == MACHINE_STOP_EXIT && !run_has_at(report->options);
    return report->options->render && !report->timed_out && (whole || report->picture_met);
}

static int run_headless(struct report *report, const struct session_config *config) {
    char error[400];
    report->session = session_create(config, error, sizeof(error));
    if (!report->session) {
        complain("%s", error);
        return EXIT_BAD_INPUT;
    }
    if (report->options->picture.path || report->options->record)
        picture_prepare(report->session);
    if (!set_points(report) || !begin_recording(report)) {
        session_destroy(report->session);
        return EXIT_BAD_INPUT;
    }
    struct watchdog watchdog;
    if (!watchdog_start(&watchdog, session_machine(report->session), report->options->timeout))
        complain("the host gives no thread for --timeout; the run has no limit of host time");
    enum machine_stop stop = report->gdb ? run_for_gdb(report, config, &watchdog) : run_on(report);
    report->timed_out = watchdog_end(&watchdog) && stop == MACHINE_STOP_REQUESTED;
    if (stop == MACHINE_STOP_POINT)
        tell_stop(report);
    if (report->recorder && report->options->render)
        recorder_take(report->recorder, report->session, VIEW_PAUSED, LAST_PICTURE);
    session_finish(report->session);
    fflush(stdout);
    struct machine *machine = session_machine(report->session);
    if (report->options->explain && !report->program_exited && stop != MACHINE_STOP_POINT)
        complain("--explain: the program did not end, so there is no address space to explain");
    int status = is_rendered(report, stop)
                     ? 0
                     : status_of(report, stop, machine_exit_status(machine), machine_stop_text(machine));
    if (!finish_outputs(report) && status == 0)
        status = EXIT_BAD_INPUT;
    session_destroy(report->session);
    return status;
}

/* ---- with the window ---- */

#ifdef FAULTLINE_WINDOW
static const struct view *acquire(void *owner) { return control_acquire(owner); }
static void type_keys(void *owner, const char *bytes, size_t count) { control_type(owner, bytes, count); }

/* An action of the window as an order of the debugger. */
static const struct {
    enum ui_action action;
    enum control_order order;
    int64_t argument; /* PASSED: the action's own */
} orders[] = {
#define PASSED INT64_MIN
    {ACTION_RUN_PAUSE, CONTROL_RUN_PAUSE, 0},
    {ACTION_NEXT_FAULT, CONTROL_NEXT_FAULT, 0},
    {ACTION_PREVIOUS_FAULT, CONTROL_PREVIOUS_FAULT, 0},
    {ACTION_STEP, CONTROL_GO, GO_INSTRUCTION},
    {ACTION_OVER, CONTROL_GO, GO_OVER},
    {ACTION_FINISH, CONTROL_GO, GO_FINISH},
    {ACTION_NEXT_WALK, CONTROL_GO, GO_WALK},
    {ACTION_NEXT_DECISION, CONTROL_GO, GO_DECISION},
    {ACTION_NEXT_EVENT, CONTROL_GO, GO_EVENT},
    {ACTION_SELECT_FAULT, CONTROL_SELECT_FAULT, PASSED},
    {ACTION_SHOW_TASK, CONTROL_SHOW_TASK, PASSED},
    {ACTION_NEXT_TASK, CONTROL_NEXT_TASK, 1},
    {ACTION_PREVIOUS_TASK, CONTROL_NEXT_TASK, -1},
    {ACTION_POINT_REMOVE, CONTROL_REMOVE, PASSED},
    {ACTION_POINT_ENABLE, CONTROL_ENABLE, PASSED},
};

static const struct {
    enum ui_action action;
    enum select_kind kind;
} selections[] = {
    {ACTION_SELECT_FRAME, SELECT_FRAME}, {ACTION_SELECT_PAGE, SELECT_PAGE},   {ACTION_SELECT_VMA, SELECT_VMA},
    {ACTION_SELECT_ENTRY, SELECT_ENTRY}, {ACTION_SELECT_EVENT, SELECT_EVENT},
};

/* Argument -1: nothing any more. */
static void select_in_all(struct control *control, enum select_kind kind, int64_t argument) {
    control_order(control, CONTROL_SELECT,
                  argument < 0 ? CONTROL_SELECT_ARGUMENT(SELECT_NONE, 0) : CONTROL_SELECT_ARGUMENT(kind, argument));
}

void report_act(struct control *control, enum ui_action action, int64_t argument) {
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i].action == action)
            control_order(control, orders[i].order, orders[i].argument == PASSED ? argument : orders[i].argument);
    for (size_t i = 0; i < sizeof(selections) / sizeof(selections[0]); i++)
        if (selections[i].action == action)
            select_in_all(control, selections[i].kind, argument);
}

void report_tell(struct control *control, enum ui_action action, const char *line) {
    if (action == ACTION_STOPS)
        control_add_point(control, line);
    else
        control_search(control, line);
}

void report_interest(struct control *control, unsigned interest) {
    control_order(control, CONTROL_INTEREST, (int64_t)interest);
}

static void act(void *owner, enum ui_action action, int64_t argument) { report_act(owner, action, argument); }
static void tell(void *owner, enum ui_action action, const char *line) { report_tell(owner, action, line); }
static void interested(void *owner, unsigned interest) { report_interest(owner, interest); }

/* With the window beside it, GDB steers, and the viewer looks on; afterwards the viewer has the machine. */
struct watched {
    struct gdb *gdb;
    const struct session_config *config;
};

static void play_gdb(void *owner, struct control *control, struct session *session) {
    const struct watched *watched = owner;
    char error[400];
    struct gdb_session settings = {.session = session, .machine = watched->config, .control = control};
    gdb_serve(watched->gdb, &settings, error, sizeof(error));
    if (error[0])
        complain("%s", error);
}

static int run_window(struct report *report, const struct session_config *config, const char *title) {
    char error[400];
    struct watched watched = {report->gdb, config};
    struct control_config settings = {
        .play = report->gdb ? play_gdb : NULL,
        .play_owner = &watched,
        .session = config,
        .start_paused = report->options->pause && !report->gdb,
        .limit = report->options->limit,
        .points = report->options->stop,
        .point_count = report->options->stop_count,
    };
    struct control *control = control_start(&settings, error, sizeof(error));
    if (!control) {
        complain("%s", error);
        return EXIT_BAD_INPUT;
    }
    struct ui_control ui = {.owner = control,
                            .acquire = acquire,
                            .act = act,
                            .type = type_keys,
                            .tell = tell,
                            .interest = interested,
                            .record = report->options->record};
    int shown = ui_window_run(&ui, title, error, sizeof(error));
    enum machine_stop stop;
    int exit_status;
    control_finish(control, &stop, &exit_status);
    fflush(stdout);
    if (shown != 0) {
        complain("%s", error);
        return EXIT_BAD_INPUT;
    }
    return status_of(report, stop, exit_status, "the machine stopped; see the window's title bar");
}

bool run_wants_window(const struct run_options *options) {
    bool display = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    bool text = options->faults || options->stories || options->trace || options->explain || options->picture.path ||
                options->record;
    if (options->window || options->headless)
        return options->window;
    return display && !text && isatty(STDOUT_FILENO);
}
#else
static int run_window(struct report *report, const struct session_config *config, const char *title) {
    (void)report, (void)config, (void)title;
    complain("this faultline is built without the window; build it with -Dwindow=enabled");
    return EXIT_BAD_INPUT;
}

bool run_wants_window(const struct run_options *options) { return options->window; }
#endif

int run_launch(const struct launch *launch, const struct run_options *options) {
    bool window = options->window;
    char error[400];
    struct report report = {.options = options, .text = malloc(TEXT_MAX)};
    struct session_config config = launch_session(launch, options);
    config.story = window || options->faults || options->stories || options->trace || options->picture.path ||
                   options->record || options->at_event || options->stop_count || options->gdb;
    config.owner = &report;
    config.on_console = say_console;
    config.on_log = say_log;
    config.on_event = options->trace ? record_event : NULL;
    config.on_fault = record_fault;
    config.on_program_exit = options->explain || options->picture.path ? program_exit : NULL;
    if (!report.text) {
        complain("no memory on the host; free some and try again");
        return EXIT_BAD_INPUT;
    }
    if (options->trace && !(report.tracing = output_open(&report.trace, options->trace, "trace"))) {
        free(report.text);
        return EXIT_BAD_INPUT;
    }
    if (options->gdb && !(report.gdb = gdb_listen(options->gdb, error, sizeof(error)))) {
        complain("%s", error);
        output_abandon(&report.trace);
        free(report.text);
        return EXIT_BAD_INPUT;
    }
    if (report.gdb)
        fprintf(stderr, "faultline: the machine waits for GDB: target remote %s\n", gdb_name(report.gdb));
    int status = window ? run_window(&report, &config, launch->program_name) : run_headless(&report, &config);
    if (window && !finish_outputs(&report) && status == 0)
        status = EXIT_BAD_INPUT;
    gdb_close(report.gdb);
    output_abandon(&report.trace);
    view_free(report.picture);
    free(report.text);
    return status;
}
