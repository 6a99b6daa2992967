/*
 * `faultline demo NAME`: plays a script of demos/, without a display (text, and pictures when asked) or in the window,
 * where each caption waits for the viewer.
 */
#define _GNU_SOURCE
#include "emu/commands/demo_disks.h"
#include "emu/commands/picture.h"
#include "emu/commands/run.h"
#include "emu/debug/control.h"
#include "emu/demo/demo.h"
#ifdef FAULTLINE_WINDOW
#include "emu/ui/ui.h"
#endif

#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_COLUMNS 100u
#define NAMES_MAX 64

static const char help[] =
    "usage: faultline demo [options] NAME\n"
    "       faultline demo --list\n"
    "\n"
    "Plays the demonstration NAME (or the script FILE.lua): it sets a machine up, runs a program in it, explains in a\n"
    "sentence or two what happens at each step, and checks that it did happen. The exit status is 0 when every check\n"
    "held. In the window each sentence waits for space or n.\n"
    "\n"
    "  --list             names and titles of the demonstrations\n"
    "  --window           in the window (the default when there is a display)\n"
    "  --headless         as text\n"
    "  --pictures FOLDER  a PNG of the window at each sentence, drawn without a display: FOLDER/NAME-01.png ...\n"
    "  --record FILE.gif  a recording of the window, drawn without a display; each sentence stays as long as it takes "
    "to\n"
    "                     read it\n"
    "  --help             this text\n";

enum { OPT_LIST = 256, OPT_WINDOW, OPT_HEADLESS, OPT_PICTURES, OPT_RECORD, OPT_HELP };

static const struct option option_table[] = {
    {"list", no_argument, NULL, OPT_LIST},
    {"window", no_argument, NULL, OPT_WINDOW},
    {"headless", no_argument, NULL, OPT_HEADLESS},
    {"pictures", required_argument, NULL, OPT_PICTURES},
    {"record", required_argument, NULL, OPT_RECORD},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

struct demo_options {
    bool list, window, headless;
    const char *pictures, *record, *name;
};

/* One performance. */
struct performance {
    const struct demo_options *options;
    struct demo *demo;
    struct session *session;
    struct control *control; /* with the window only */
    const char *name;        /* of the script, without folder and ending */
    unsigned pictures, checks, failed;
    bool line_started; /* of the program's output */
    bool picture_failed;
    struct recorder *recorder; /* --record */
    int scene, new_scene;      /* enum ui_scene; new_scene -1: no turn since the window looked */
    char caption[CONTROL_CAPTION];
    char error[400];
    enum demo_result result;
};

/* ---- text ---- */

static void print_wrapped(const char *text) {
    size_t column = 0;
    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " ");
        if (column && column + 1 + length > TEXT_COLUMNS) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf("%s%.*s", column ? " " : "", (int)length, word);
        word += length;
        word += strspn(word, " ");
    }
    putchar('\n');
}

/* The program's output is told apart by a bar. */
static void on_console(void *owner, const char *bytes, size_t count) {
    struct performance *show = owner;
    demo_on_console(show->demo, bytes, count);
    for (size_t i = 0; i < count && !show->options->window; i++) {
        if (bytes[i] == '\r')
            continue;
        if (!show->line_started)
            fputs("    | ", stdout);
        putchar(bytes[i]);
        show->line_started = bytes[i] != '\n';
    }
}

static void on_event(void *owner, uint64_t blocks, const struct flt_record *record) {
    demo_on_event(((struct performance *)owner)->demo, blocks, record);
}

static void on_fault(void *owner, const struct story_fault *fault) {
    demo_on_fault(((struct performance *)owner)->demo, fault);
}

static void end_line(struct performance *show) {
    if (show->line_started)
        putchar('\n');
    show->line_started = false;
}

static void take_picture(struct performance *show, const char *text) {
    char path[4200];
    struct picture picture = {.path = path, .panel = PICTURE_WINDOW, .scene = show->scene};
    struct view *view = session_view(show->session, 0, VIEW_PAUSED);
    snprintf(path, sizeof(path), "%s/%s-%02u.png", show->options->pictures, show->name, ++show->pictures);
    show->picture_failed |= !picture_write(&picture, text, view);
    view_free(view);
}

static bool begin_recording(struct performance *show) {
    struct picture picture = {.path = show->options->record, .panel = PICTURE_WINDOW};
    if (!picture.path)
        return true;
    show->recorder = recorder_open(&picture);
    return show->recorder != NULL;
}

static void record_sentence(struct performance *show, const char *text) {
    snprintf(show->caption, sizeof(show->caption), "%s", text);
    recorder_look(show->recorder, show->scene, text);
    recorder_take(show->recorder, show->session, VIEW_PAUSED, recorder_reading_time(text));
}

static void end_recording(struct performance *show) {
    bool good = show->result == DEMO_GOOD || show->result == DEMO_CHECK_FAILED;
    if (show->recorder && !recorder_close(show->recorder, good))
        show->picture_failed = true;
}

static void print_check(void *owner, bool good, const char *text) {
    struct performance *show = owner;
    show->checks++;
    show->failed += !good;
    end_line(show);
    printf("  %s %s\n", good ? "ok:" : "NOT SO:", text);
    fflush(stdout);
}

static void show_scene(void *owner, const char *name) {
    static const char *const names[] = {"fault", "reclaim", "memory", "console"}; /* as enum ui_scene */
    struct performance *show = owner;
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            show->scene = show->new_scene = i;
    if (show->recorder)
        recorder_look(show->recorder, show->scene, show->caption);
}

/* ---- without a display ---- */

/* The debugger knows the script's stops; the script asks it what was met. */
static enum machine_stop run_debugger(struct session *session, vtime until) {
    struct debugger *debugger = session_debugger(session);
    if (!debugger_run(debugger, until))
        return MACHINE_STOP_LIMIT;
    return debugger_stop(debugger)->reason == REASON_END ? debugger_stop(debugger)->machine : MACHINE_STOP_REQUESTED;
}

static enum machine_stop run_headless(void *owner, bool *left) {
    struct performance *show = owner;
    (void)left;
    if (show->recorder)
        return recorder_run(show->recorder, show->session, VTIME_NEVER, run_debugger);
    return run_debugger(show->session, VTIME_NEVER);
}

/* *word* is stressed in the window; text has no need of it. */
static void without_stars(const char *text, char *to, size_t size) {
    size_t used = 0;
    for (; *text && used + 1 < size; text++)
        if (*text != '*')
            to[used++] = *text;
    to[used] = '\0';
}

static bool say_headless(void *owner, const char *text) {
    struct performance *show = owner;
    char plain[1024];
    without_stars(text, plain, sizeof(plain));
    end_line(show);
    putchar('\n');
    print_wrapped(plain);
    fflush(stdout);
    if (show->options->pictures)
        take_picture(show, text);
    if (show->recorder)
        record_sentence(show, text);
    return true;
}

static const struct demo_stage headless_stage = {
    .run = run_headless, .say = say_headless, .show = show_scene, .checked = print_check};

static int play_headless(struct performance *show, const struct session_config *config) {
    struct demo_stage stage = headless_stage;
    stage.owner = show;
    show->session = session_create(config, show->error, sizeof(show->error));
    if (!show->session) {
        complain("%s", show->error);
        return EXIT_BAD_INPUT;
    }
    if (show->options->pictures || show->options->record)
        picture_prepare(show->session);
    if (!begin_recording(show)) {
        session_destroy(show->session);
        return EXIT_BAD_INPUT;
    }
    show->result = demo_play(show->demo, show->session, &stage, show->error, sizeof(show->error));
    end_line(show);
    end_recording(show);
    session_finish(show->session);
    session_destroy(show->session);
    return 0;
}

/* ---- in the window ---- */

#ifdef FAULTLINE_WINDOW
static const struct view *acquire(void *owner) { return control_acquire(((struct performance *)owner)->control); }
static void type_keys(void *owner, const char *bytes, size_t count) {
    control_type(((struct performance *)owner)->control, bytes, count);
}

static void act(void *owner, enum ui_action action, int64_t argument) {
    report_act(((struct performance *)owner)->control, action, argument);
}

static void tell(void *owner, enum ui_action action, const char *line) {
    report_tell(((struct performance *)owner)->control, action, line);
}

static void interested(void *owner, unsigned interest) {
    report_interest(((struct performance *)owner)->control, interest);
}

static const char *caption(void *owner) {
    struct performance *show = owner;
    control_caption(show->control, show->caption);
    return show->caption;
}

static int scene(void *owner) {
    struct performance *show = owner;
    return __atomic_exchange_n(&show->new_scene, -1, __ATOMIC_RELAXED);
}

static enum machine_stop run_in_window(void *owner, bool *left) {
    return control_play_run(((struct performance *)owner)->control, left);
}

static bool say_in_window(void *owner, const char *text) {
    return control_play_say(((struct performance *)owner)->control, text);
}

static const struct demo_stage window_stage = {
    .run = run_in_window, .say = say_in_window, .show = show_scene, .checked = print_check};

static void play(void *owner, struct control *control, struct session *session) {
    struct performance *show = owner;
    struct demo_stage stage = window_stage;
    stage.owner = show;
    show->control = control;
    show->result = demo_play(show->demo, session, &stage, show->error, sizeof(show->error));
    if (show->result == DEMO_GOOD)
        control_play_say(control, "The end: *every check held*. Look around, or close the window.");
    if (show->result == DEMO_CHECK_FAILED)
        control_play_say(control, "The end: *a check did not hold*; the terminal names it.");
    if (show->result == DEMO_ERROR)
        control_play_say(control,
                         "The demonstration *stopped* because of an error; the terminal names it after you leave.");
}

static int play_in_window(struct performance *show, const struct session_config *config) {
    struct control_config settings = {.session = config, .limit = VTIME_NEVER, .play = play, .play_owner = show};
    enum machine_stop stop;
    int status;
    show->control = control_start(&settings, show->error, sizeof(show->error));
    if (!show->control) {
        complain("%s", show->error);
        return EXIT_BAD_INPUT;
    }
    struct ui_control ui = {.owner = show,
                            .record = show->options->record,
                            .acquire = acquire,
                            .act = act,
                            .type = type_keys,
                            .caption = caption,
                            .scene = scene,
                            .tell = tell,
                            .interest = interested};
    char error[400];
    int shown = ui_window_run(&ui, demo_setup(show->demo)->title, error, sizeof(error));
    control_finish(show->control, &stop, &status);
    if (shown == 0)
        return 0;
    complain("%s", error);
    return EXIT_BAD_INPUT;
}
#else
static int play_in_window(struct performance *show, const struct session_config *config) {
    (void)show, (void)config;
    complain("this faultline is built without the window; build it with -Dwindow=enabled");
    return EXIT_BAD_INPUT;
}
#endif

/* ---- what it takes ---- */

static int perform_on(struct performance *show, const struct launch *launch, const struct run_options *options) {
    struct session_config config = launch_session(launch, options);
    config.story = true;
    config.owner = show;
    config.on_console = on_console;
    config.on_event = on_event;
    config.on_fault = on_fault;
    int status = show->options->window ? play_in_window(show, &config) : play_headless(show, &config);
    if (status)
        return status;
    if (show->result == DEMO_ERROR) {
        complain("the demo '%s' stopped: %s", show->name, show->error);
        return EXIT_MACHINE;
    }
    if (!show->options->window)
        printf("\n%u checks, %u failed\n", show->checks, show->failed);
    return show->failed > 0 || show->picture_failed;
}

static int perform(struct performance *show) {
    const struct demo_setup *setup = demo_setup(show->demo);
    struct run_options options = {.memory = setup->memory,
                                  .nodes = setup->nodes,
                                  .limit = VTIME_NEVER,
                                  .cmdline = setup->cmdline,
                                  .window = show->options->window,
                                  .program = (char **)(uintptr_t)setup->program};
    struct demo_disks disks;
    struct launch launch;
    while (setup->program[options.program_count])
        options.program_count++;
    if (!demo_disks_make(&disks, setup->disk_file, setup->swap, &options.disks))
        return EXIT_BAD_INPUT;
    bool ready = launch_prepare(&launch, &options);
    demo_disks_remove(&disks); /* the machine has them open */
    if (!ready)
        return EXIT_BAD_INPUT;
    int status = perform_on(show, &launch, &options);
    launch_free(&launch);
    return status;
}

static bool is_script(const char *name) {
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".lua") == 0;
}

/* ---- the list ---- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int script_names(const char *folder, char *names[NAMES_MAX]) {
    DIR *directory = opendir(folder);
    int count = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory)) && count < NAMES_MAX;)
        if (is_script(entry->d_name) && (names[count] = strdup(entry->d_name)))
            count++;
    if (directory)
        closedir(directory);
    qsort(names, (size_t)count, sizeof(names[0]), by_name);
    return count;
}

static int list_demos(void) {
    char folder[2300], path[2600], error[400], *names[NAMES_MAX];
    if (!file_find_demos(folder, sizeof(folder)))
        return EXIT_BAD_INPUT;
    int count = script_names(folder, names);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s%.255s", folder, names[i]);
        struct demo *demo = demo_load(path, error, sizeof(error));
        printf("%-26.*s %s\n", (int)strlen(names[i]) - 4, names[i], demo ? demo_setup(demo)->title : error);
        demo_free(demo);
        free(names[i]);
    }
    return 0;
}

static bool find_script(const char *name, char *path, size_t size) {
    char folder[2300];
    if (is_script(name)) {
        snprintf(path, size, "%s", name);
        if (access(path, R_OK) == 0)
            return true;
        complain("the script '%s' cannot be read; see `faultline demo --list`", name);
        return false;
    }
    if (!file_find_demos(folder, sizeof(folder)))
        return false;
    snprintf(path, size, "%s%.255s.lua", folder, name);
    if (!strchr(name, '/') && access(path, R_OK) == 0)
        return true;
    complain("there is no demo '%s'; `faultline demo --list` names them", name);
    return false;
}

static int play_named(const struct demo_options *options) {
    char path[2600], name[256], error[400];
    struct performance show = {.options = options, .new_scene = -1, .name = name};
    if (!find_script(options->name, path, sizeof(path)))
        return EXIT_BAD_INPUT;
    snprintf(name, sizeof(name), "%.255s", basename(path));
    name[strlen(name) - 4] = '\0';
    if (options->pictures && mkdir(options->pictures, 0777) != 0 && access(options->pictures, W_OK) != 0) {
        complain("the folder '%s' for pictures cannot be written; name another", options->pictures);
        return EXIT_BAD_INPUT;
    }
    show.demo = demo_load(path, error, sizeof(error));
    if (!show.demo) {
        complain("%s", error);
        return EXIT_BAD_INPUT;
    }
    if (!options->window)
        printf("%s\n", demo_setup(show.demo)->title);
    int status = perform(&show);
    demo_free(show.demo);
    return status;
}

static bool parse_options(int argc, char **argv, struct demo_options *options, int *status) {
    *status = EXIT_BAD_INPUT;
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", option_table, NULL)) != -1;) {
        switch (option) {
        case OPT_LIST: options->list = true; break;
        case OPT_WINDOW: options->window = true; break;
        case OPT_HEADLESS: options->headless = true; break;
        case OPT_PICTURES: options->pictures = optarg; break;
        case OPT_RECORD: options->record = optarg; break;
        case OPT_HELP: fputs(help, stdout); return *status = 0, false;
        default:
            complain("demo does not know '%s', or it lacks its argument; see `faultline demo --help`",
                     argv[optind - 1]);
            return false;
        }
    }
    options->name = argv[optind];
    if (!options->list && (!options->name || argv[optind + 1])) {
        complain("give one demo's name; `faultline demo --list` names them");
        return false;
    }
    bool display = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    if (!options->window && !options->headless && !options->pictures && !options->record)
        options->window = display && isatty(STDOUT_FILENO);
    return true;
}

int command_demo(int argc, char **argv) {
    struct demo_options options = {0};
    int status;
    if (!parse_options(argc, argv, &options, &status))
        return status;
    return options.list ? list_demos() : play_named(&options);
}
