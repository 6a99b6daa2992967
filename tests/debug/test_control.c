/*
 * The machine's thread steered as the window steers it: stop at the first fault, step, look back, select, run to the
 * end. usage: test_control ROM KERNEL INITRAMFS
 */
#include "emu/debug/control.h"
#include "tests/debug/images.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 20000

static unsigned checks, failures;

static void check(bool good, const char *name) {
    checks++;
    failures += !good;
    printf("%s %u - %s\n", good ? "ok" : "not ok", checks, name);
}

/* The newest view once it is of a later serial and in that state; the last one seen when patience ends. */
static const struct view *wait_for(struct control *control, uint64_t after, enum view_state state) {
    const struct view *view = NULL;
    struct timespec pause = {0, 1000000};
    for (unsigned i = 0; i < PATIENCE_MS; i++) {
        view = control_acquire(control);
        if (view && view->serial > after && view->state == state)
            return view;
        nanosleep(&pause, NULL);
    }
    return view;
}

static const struct view *order(struct control *control, const struct view *now, enum control_order what,
                                int64_t argument, enum view_state then) {
    uint64_t serial = now ? now->serial : 0;
    control_order(control, what, argument);
    return wait_for(control, serial, then);
}

/* The newest view once an order has been answered. */
static const struct view *wait_for_said(struct control *control, uint64_t after) {
    const struct view *view = NULL;
    struct timespec pause = {0, 1000000};
    for (unsigned i = 0; i < PATIENCE_MS; i++) {
        view = control_acquire(control);
        if (view && view->said_serial > after)
            return view;
        nanosleep(&pause, NULL);
    }
    return view;
}

static const struct view *add_point(struct control *control, const struct view *now, const char *text) {
    uint64_t said = now ? now->said_serial : 0;
    control_add_point(control, text);
    return wait_for_said(control, said);
}

static const struct view *look_up(struct control *control, const struct view *now, const char *text) {
    uint64_t said = now ? now->said_serial : 0;
    control_search(control, text);
    return wait_for_said(control, said);
}

static void stop_and_search(struct control *control) {
    const struct view *view = wait_for(control, 1, VIEW_PAUSED);
    check(view && view->stop.reason == REASON_FAULT && strstr(view->stop_text, "by first-faults (pid"),
          "says what it stopped for");
    uint64_t first = view ? view->fault.number : 0;
    view = add_point(control, view, "fault branch=cow_cpy");
    check(view && strstr(view->said, "did you mean 'cow_copy'?") && view->point_count == 0, "refuses a bad stop");
    view = add_point(control, view, "fault branch=segv");
    check(view && strstr(view->said, "stop 1 is set") && view->point_count == 1, "sets a stop");
    view = add_point(control, view, "cow how=reuse");
    view = order(control, view, CONTROL_ENABLE, -2, VIEW_PAUSED);
    check(view && view->point_count == 2 && !view->points[1].enabled && strstr(view->said, "off"), "turns a stop off");
    view = order(control, view, CONTROL_GO, GO_INSTRUCTION, VIEW_PAUSED);
    check(view && view->stop.reason == REASON_STEP && strstr(view->stop_text, "stepped to "), "steps an instruction");
    view = order(control, view, CONTROL_GO, GO_EVENT, VIEW_PAUSED);
    check(view && view->stop.reason == REASON_EVENT && view->stop.event, "goes to the next event");
    view = order(control, view, CONTROL_RUN_PAUSE, 0, VIEW_PAUSED);
    check(view && view->stop.point == 1 && view->fault.branch == FLT_BRANCH_SEGV &&
              view->fault.number == view->stop.fault && view->points[0].hits == 1 && view->points[1].hits == 0,
          "stops where the condition is met, with that fault on show");
    uint64_t position = view ? view->fault_position : 0;
    view = order(control, view, CONTROL_GO, GO_WALK, VIEW_PAUSED);
    check(view && view->stop.fault && view->fault.number == view->stop.fault && view->fault.end_blocks == 0 &&
              view->fault_position == position + 1 && view->fault_total == position + 1,
          "in the middle of a fault it is on show as far as it has come");
    view = order(control, view, CONTROL_PREVIOUS_FAULT, 0, VIEW_PAUSED);
    check(view && view->fault_position == position && view->fault.branch == FLT_BRANCH_SEGV, "with the one before it");
    view = order(control, view, CONTROL_NEXT_FAULT, 0, VIEW_PAUSED);
    check(view && view->fault_position == position + 1 && view->fault.number == view->stop.fault, "and back");
    char text[40];
    snprintf(text, sizeof text, "fault %" PRIu64, first);
    view = look_up(control, view, text);
    check(view && view->fault.number == first && view->fault_position == 1, "finds a fault by its number");
    view = look_up(control, view, "frame 1000");
    check(view && view->selection.kind == SELECT_FRAME && view->selection.argument == 0x1000, "finds a frame");
    view = look_up(control, view, "event 5");
    check(view && view->selection.kind == SELECT_EVENT && view->selection.argument == 5, "finds an event");
    view = look_up(control, view, "do_page_fault");
    check(view && view->selection.kind == SELECT_PAGE && strstr(view->said, "in the kernel (fault.c:"),
          "finds a function");
    view = look_up(control, view, "[stack]");
    check(view && view->selection.kind == SELECT_VMA, "finds a region");
    view = look_up(control, view, "do_page_falt");
    check(view && strstr(view->said, "did you mean 'do_page_fault'?"), "says what is not there");
    view = look_up(control, view, "frame ffffff");
    check(view && strstr(view->said, "there is no frame ffffff"), "says which frames there are");
    view = order(control, view, CONTROL_REMOVE, 1, VIEW_PAUSED);
    check(view && view->point_count == 1 && strstr(view->said, "stop 1 is gone"), "takes a stop away");
    view = order(control, view, CONTROL_RUN_PAUSE, 0, VIEW_ENDED);
    check(view && strstr(view->stop_text, "ended with status 0"), "runs to the end past what is off");
    view = order(control, view, CONTROL_GO, GO_RUN, VIEW_ENDED);
    check(view && strstr(view->said, "the machine is off"), "says that it can go no further");
}

/* A demonstration that runs to the end in its own way, whatever its viewer stops at; how far it got. */
struct playing {
    unsigned returns;
    enum machine_stop stop;
    bool left, said;
};

static void play(void *owner, struct control *control, struct session *session) {
    struct playing *playing = owner;
    playing->said = control_play_say(control, "before it runs");
    do {
        debugger_go(session_debugger(session), GO_RUN);
        playing->stop = control_play_run(control, &playing->left);
        playing->returns++;
    } while (playing->stop == MACHINE_STOP_REQUESTED && !playing->left);
    control_play_say(control, "the end");
}

static void stop_in_a_demonstration(struct control_config config) {
    struct playing playing = {.returns = 0};
    char error[300];
    enum machine_stop stop;
    int status;
    config.play = play;
    config.play_owner = &playing;
    config.start_paused = false;
    struct control *control = control_start(&config, error, sizeof error);
    check(control != NULL, "a demonstration starts");
    if (!control)
        return;
    const struct view *view = wait_for(control, 1, VIEW_PAUSED);
    view = add_point(control, view, "fault branch=segv");
    control_order(control, CONTROL_GO, GO_INSTRUCTION);
    view = wait_for_said(control, view ? view->said_serial : 0);
    check(view && strstr(view->said, "space goes on"), "while it talks, nothing runs");
    view = order(control, view, CONTROL_RUN_PAUSE, 0, VIEW_PAUSED);
    check(view && view->stop.point == 1 && view->fault.branch == FLT_BRANCH_SEGV, "a viewer's stop pauses it");
    view = order(control, view, CONTROL_GO, GO_FAULT, VIEW_PAUSED);
    check(view && view->stop.reason == REASON_FAULT, "the viewer steps from there");
    view = order(control, view, CONTROL_RUN_PAUSE, 0, VIEW_ENDED);
    check(view && strstr(view->stop_text, "ended with status 0"), "and lets it go on");
    control_order(control, CONTROL_RUN_PAUSE, 0);
    control_finish(control, &stop, &status);
    check(playing.said && !playing.left && playing.returns == 2 && playing.stop == MACHINE_STOP_EXIT && status == 0,
          "the demonstration ran to its end");
}

static void step_and_look_back(struct control *control) {
    const struct view *view = wait_for(control, 1, VIEW_PAUSED);
    check(view && view->has_fault && view->fault_position == 1 && view->fault_total == 1, "stops at the first fault");
    check(view && view->kernel && view->kernel->space.vma_count > 2, "the view has the program's address space");
    uint64_t blocks = view ? view->blocks : 0, first = view ? view->fault.number : 0;
    for (int i = 0; i < 4; i++)
        view = order(control, view, CONTROL_NEXT_FAULT, 0, VIEW_PAUSED);
    check(view && view->fault_position == 5 && view->fault_total == 5 && view->blocks > blocks, "steps fault by fault");
    blocks = view ? view->blocks : 0;
    view = order(control, view, CONTROL_PREVIOUS_FAULT, 0, VIEW_PAUSED);
    check(view && view->fault_position == 4 && view->fault_total == 5 && view->blocks == blocks,
          "looks back, time stands");
    view = order(control, view, CONTROL_SELECT_FAULT, (int64_t)first, VIEW_PAUSED);
    check(view && view->fault_position == 1 && view->fault.number == first, "goes to a record by its number");
    view = order(control, view, CONTROL_NEXT_FAULT, 0, VIEW_PAUSED);
    check(view && view->fault_position == 2 && view->blocks == blocks, "walks through history before it runs");
    view = order(control, view, CONTROL_SELECT,
                 CONTROL_SELECT_ARGUMENT(SELECT_FRAME, view ? view->kernel->zones[0].start_pfn : 0), VIEW_PAUSED);
    check(view && view->selection.has_frame && view->selection.frame.pfn == 0, "tells of the frame that is followed");
    view = order(control, view, CONTROL_RUN_PAUSE, 0, VIEW_ENDED);
    check(view && view->fault_total > 50 && strstr(view->stop_text, "ended"), "runs to the end");
    check(view && strstr(view->console.lines[0], "1. read of untouched memory"), "shows what the program printed");
}

static bool shows(const struct view *view, int pid, bool chosen) {
    return view && view->kernel && view->kernel->space.pid == pid && view->space_chosen == chosen;
}

/* The address space on show: the program's, one that is chosen, and the program's again when that one has ended. */
static void choose_tasks(struct control *control) {
    const struct view *view = wait_for(control, 1, VIEW_PAUSED);
    int program = view && view->kernel ? view->kernel->space.pid : 0;
    check(program > 1 && shows(view, program, false), "the program is followed");
    view = order(control, view, CONTROL_SHOW_TASK, 1, VIEW_PAUSED);
    check(shows(view, 1, true) && view->kernel->space.vma_count > 2, "init is shown when it is chosen");
    view = order(control, view, CONTROL_SHOW_TASK, 4000, VIEW_PAUSED);
    check(shows(view, 1, true) && strstr(view->said, "no process 4000"), "a process that is not there changes nothing");
    view = order(control, view, CONTROL_NEXT_TASK, 1, VIEW_PAUSED);
    check(shows(view, program, true), "the next one has an address space, kernel threads do not");
    view = order(control, view, CONTROL_NEXT_TASK, 1, VIEW_PAUSED);
    check(shows(view, 1, true), "after the last comes the first");
    view = order(control, view, CONTROL_NEXT_TASK, -1, VIEW_PAUSED);
    check(shows(view, program, true), "and before it the last");
    view = order(control, view, CONTROL_SHOW_TASK, 0, VIEW_PAUSED);
    check(shows(view, program, false) && strstr(view->said, "the program's again"), "the choice is taken back");
    view = add_point(control, view, "cow mapcount>=2");
    view = order(control, view, CONTROL_RUN_PAUSE, 0, VIEW_PAUSED);
    view = order(control, view, CONTROL_SHOW_TASK, program + 1, VIEW_PAUSED);
    check(shows(view, program + 1, true), "the program's child is chosen");
    view = order(control, view, CONTROL_REMOVE, 1, VIEW_PAUSED);
    view = add_point(control, view, "fault branch=segv");
    uint64_t said = view ? view->said_serial : 0;
    view = order(control, view, CONTROL_RUN_PAUSE, 0, VIEW_PAUSED);
    check(shows(view, program, false) && view->said_serial > said && strstr(view->said, "has ended"),
          "when it has ended the program is followed, and that is said");
}

/* The guest runs on from its first block while nobody takes a view. */
static void nobody_looks(struct control_config config) {
    char error[200];
    enum machine_stop stop;
    int status;
    struct timespec pause = {0, 300000000};
    config.start_paused = false;
    struct control *control = control_start(&config, error, sizeof error);
    if (!control)
        return;
    nanosleep(&pause, NULL);
    uint64_t views = control_cost(control).views;
    check(views >= 1 && views <= 3, "a viewer that takes no view gets the first one, and that of the end");
    control_finish(control, &stop, &status);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: test_control ROM KERNEL INITRAMFS\n");
        return 2;
    }
    struct session_config session = {
        .ram_bytes = 32u << 20,
        .rom = image_read(argv[1]),
        .kernel = image_read(argv[2]),
        .initrd = image_read(argv[3]),
        .cmdline = "loglevel=0",
        .program_name = "first-faults",
        .story = true,
    };
    struct control_config config = {.session = &session, .start_paused = true, .limit = VTIME_NEVER};
    char error[300];
    enum machine_stop stop;
    int status;
    struct control *control = control_start(&config, error, sizeof error);
    check(control != NULL, "starts");
    if (!control)
        return 1;
    step_and_look_back(control);
    control_finish(control, &stop, &status);
    check(stop == MACHINE_STOP_EXIT && status == 0, "ends with the program's status");

    control = control_start(&config, error, sizeof error);
    if (control) {
        stop_and_search(control);
        control_finish(control, &stop, &status);
    }
    check(control && stop == MACHINE_STOP_EXIT && status == 0, "stops have changed nothing");

    control = control_start(&config, error, sizeof error);
    if (control)
        control_finish(control, &stop, &status);
    check(control && stop == MACHINE_STOP_REQUESTED, "can be left at any time");

    control = control_start(&config, error, sizeof error);
    if (control) {
        choose_tasks(control);
        control_finish(control, &stop, &status);
    }
    nobody_looks(config);
    stop_in_a_demonstration(config);

    session.ram_bytes = 12345;
    check(!control_start(&config, error, sizeof error) && error[0], "a bad configuration is refused with a sentence");
    printf("1..%u\n", checks);
    free((void *)(uintptr_t)session.rom.data);
    free((void *)(uintptr_t)session.kernel.data);
    free((void *)(uintptr_t)session.initrd.data);
    return failures ? 1 : 0;
}
