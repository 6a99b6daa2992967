/*
 * The machine's thread: see control.h.
 *
 *   window's thread            lock-protected mailbox              machine's thread
 *   control_order()  ------->  orders[], typed bytes  ----------->  loop: take orders, run a slice, publish
 *   control_acquire() <------  newest view            <-----------
 *
 * The machine runs by the debugger alone: how to go on, where to stop and why are its business; this file turns orders
 * into calls of it and stops into views. While a demonstration plays, it goes on in its own way after each stop of the
 * viewer's.
 *
 * The lock is held for copies of pointers and a few bytes only, never while the machine runs or a view is made.
 * While it runs freely the machine does not outrun the host's clock: a guest that idles costs no host time.
 */
#define _GNU_SOURCE
#include "emu/debug/control.h"
#include "emu/debug/internal.h"
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ORDER_MAX 64
#define TYPED_MAX 4096
#define SLICE_NS 1000000ull         /* virtual time between looks at the mailbox */
#define PUBLISH_HOST_NS 16000000ull /* host time between views while running */
#define STEP_HOST_NS 100000000ull   /* a step that takes longer is shown on its way */

/* Orders that come with a text. */
#define ORDER_ADD ((enum control_order)(CONTROL_QUIT + 1))
#define ORDER_SEARCH ((enum control_order)(CONTROL_QUIT + 2))
#define ORDER_WAKE ((enum control_order)(CONTROL_QUIT + 3))

struct order {
    enum control_order what;
    int64_t argument;
    char text[CONDITION_TEXT + 1]; /* one more than is allowed, so that a longer one is refused and not cut */
};

struct control {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct order orders[ORDER_MAX];
    unsigned order_count;
    char typed[TYPED_MAX];
    size_t typed_count;
    char caption[CONTROL_CAPTION];
    struct view *newest; /* made by the machine's thread, not yet taken */
    struct view *held;   /* what the window draws now */
    /* the machine's thread only */
    struct session *session;
    struct debugger *debugger;
    void (*play)(void *owner, struct control *control, struct session *session);
    void *play_owner;
    bool playing;        /* play() steers: a stop of the machine is its business */
    bool saying;         /* play() waits until the viewer has read */
    bool go_on;          /* the viewer has */
    bool woken;          /* by control_wake() */
    const char *refusal; /* while saying: what the viewer's own steps are told */
    bool resumed;        /* the viewer lets play() go on, in the way that play() asked for: play_how */
    enum debug_go play_how;
    unsigned viewer_points[DEBUG_POINTS_MAX]; /* ids of the points that the viewer set */
    unsigned viewer_count;
    bool viewer_steps; /* the viewer said how to go on */
    vtime pace_virtual;
    uint64_t pace_host, published_host, started_host;
    size_t position;
    enum view_state state;
    char said[VIEW_SAID];
    uint64_t said_serial;
    bool quit;
    enum machine_stop stop;
    int status;
    struct control_cost cost; /* guarded by the lock */
};

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static uint64_t host_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/* The guest stands still for the viewer's sake. */
struct hold {
    uint64_t host, cpu;
};

static struct hold begin_hold(void) { return (struct hold){host_ns(), clock_ns(CLOCK_THREAD_CPUTIME_ID)}; }

static void end_hold(struct control *control, struct hold hold, unsigned views) {
    uint64_t took = host_ns() - hold.host, worked = clock_ns(CLOCK_THREAD_CPUTIME_ID) - hold.cpu;
    struct control_cost *cost = &control->cost;
    pthread_mutex_lock(&control->lock);
    cost->views += views;
    cost->total_ns += took;
    cost->total_cpu_ns += worked;
    cost->longest_ns = took > cost->longest_ns ? took : cost->longest_ns;
    cost->longest_cpu_ns = worked > cost->longest_cpu_ns ? worked : cost->longest_cpu_ns;
    pthread_mutex_unlock(&control->lock);
}

static void publish(struct control *control) {
    struct hold hold = begin_hold();
    if (session_task_ended(control->session, control->said, sizeof(control->said)))
        control->said_serial++;
    struct view *view = session_view(control->session, control->position, control->state);
    if (!view)
        return;
    if (control->state != VIEW_RUNNING)
        snprintf(view->stop_text, sizeof(view->stop_text), "%.*s", (int)sizeof(view->stop_text) - 1, view->stop.text);
    memcpy(view->said, control->said, sizeof(view->said));
    view->said_serial = control->said_serial;
    pthread_mutex_lock(&control->lock);
    struct view *stale = control->newest;
    control->newest = view;
    pthread_mutex_unlock(&control->lock);
    view_free(stale);
    end_hold(control, hold, 1);
    control->published_host = host_ns();
}

/* A viewer that has not taken the last view yet gets no other: it is not looking, or has no time to. */
static bool wants_view(struct control *control) {
    if (host_ns() - control->published_host < PUBLISH_HOST_NS)
        return false;
    pthread_mutex_lock(&control->lock);
    bool wants = !control->newest;
    pthread_mutex_unlock(&control->lock);
    return wants;
}

__attribute__((format(printf, 2, 3))) static void say(struct control *control, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(control->said, sizeof(control->said), format, arguments);
    va_end(arguments);
    control->said_serial++;
}

static void set_pace(struct control *control) {
    control->pace_virtual = machine_now(session_machine(control->session));
    control->pace_host = host_ns();
}

/* The position of the record that a stop is about; 0, the last, when it is the last or about none. */
static size_t position_of(const struct control *control, const struct debug_stop *stop) {
    size_t position = stop->fault ? session_fault_position(control->session, stop->fault) : 0;
    return position == session_shown_faults(control->session) ? 0 : position;
}

/* The debugger says that it stands. */
static void stopped(struct control *control) {
    const struct debug_stop *stop = debugger_stop(control->debugger);
    control->stop = stop->machine;
    control->state = stop->reason == REASON_END || stop->reason == REASON_LIMIT ? VIEW_ENDED : VIEW_PAUSED;
    control->position = position_of(control, stop);
    if (control->state == VIEW_ENDED) {
        session_finish(control->session);
        control->status = machine_exit_status(session_machine(control->session));
    }
    publish(control);
}

static void go(struct control *control, enum debug_go how) {
    if (control->state == VIEW_ENDED) {
        say(control, "the machine is off: it can go no further");
        publish(control);
        return;
    }
    debugger_go(control->debugger, how);
    control->position = 0;
    control->state = VIEW_RUNNING;
    control->started_host = host_ns();
    set_pace(control);
    if (how == GO_RUN)
        publish(control);
}

static void next_fault(struct control *control) {
    size_t count = session_shown_faults(control->session);
    bool open = session_open_fault(control->session);
    if (control->position > 0 && (control->position < count || open)) {
        /* looking at history: walk towards the present first */
        control->position = control->position < count ? control->position + 1 : 0;
        publish(control);
        return;
    }
    control->position = 0;
    if (control->state != VIEW_ENDED)
        go(control, GO_FAULT);
}

static void select_fault(struct control *control, size_t position) {
    size_t count = session_shown_faults(control->session);
    if (count == 0)
        return;
    control->position = position < 1 ? 1 : position > count ? count : position;
    publish(control);
}

/* A record that is not shown (a kernel fault, one that is not closed yet) changes nothing. */
static void select_number(struct control *control, uint64_t number) {
    size_t position = session_fault_position(control->session, number);
    if (position > 0)
        select_fault(control, position);
}

static void run_pause(struct control *control) {
    if (control->state == VIEW_ENDED)
        return;
    if (control->state == VIEW_RUNNING) {
        debugger_halt(control->debugger);
        stopped(control);
        return;
    }
    control->resumed = control->playing;
    control->viewer_steps = false;
    go(control, control->playing ? control->play_how : GO_RUN);
}

/* ---- points and search ---- */

static bool is_viewers(const struct control *control, unsigned id) {
    for (unsigned i = 0; i < control->viewer_count; i++)
        if (control->viewer_points[i] == id)
            return true;
    return false;
}

static void forget_point(struct control *control, unsigned id) {
    for (unsigned i = 0; i < control->viewer_count; i++)
        if (control->viewer_points[i] == id)
            control->viewer_points[i] = control->viewer_points[--control->viewer_count];
}

/* A script may have taken some of the viewer's away. */
static void forget_points_that_are_gone(struct control *control) {
    struct debug_point points[DEBUG_POINTS_MAX];
    size_t count = debugger_points(control->debugger, points, DEBUG_POINTS_MAX);
    unsigned kept = 0;
    for (size_t i = 0; i < count; i++)
        if (is_viewers(control, points[i].id))
            points[kept++].id = points[i].id;
    for (unsigned i = 0; i < kept; i++)
        control->viewer_points[i] = points[i].id;
    control->viewer_count = kept;
}

static void add_point(struct control *control, const char *text) {
    char error[VIEW_SAID];
    unsigned id = debugger_add(control->debugger, text, error, sizeof(error));
    if (!id) {
        say(control, "%s", error);
    } else {
        say(control, "stop %u is set: %s", id, text);
        forget_points_that_are_gone(control);
        control->viewer_points[control->viewer_count++] = id;
    }
    publish(control);
}

static void remove_point(struct control *control, int64_t id) {
    if (id > 0 && id <= UINT_MAX && debugger_remove(control->debugger, (unsigned)id)) {
        forget_point(control, (unsigned)id);
        say(control, "stop %u is gone", (unsigned)id);
    } else
        say(control, "there is no stop %lld", (long long)id);
    publish(control);
}

static void enable_point(struct control *control, int64_t argument) {
    bool on = argument > 0;
    int64_t id = on ? argument : argument == INT64_MIN ? 0 : -argument;
    if (id > 0 && id <= UINT_MAX && debugger_enable(control->debugger, (unsigned)id, on))
        say(control, "stop %u is %s", (unsigned)id, on ? "on" : "off");
    else
        say(control, "there is no stop %lld that could be turned %s", (long long)id, on ? "on" : "off");
    publish(control);
}

static void search(struct control *control, const char *text) {
    char said[VIEW_SAID];
    uint64_t fault;
    session_search(control->session, text, &fault, said, sizeof(said));
    say(control, "%s", said);
    if (fault)
        control->position = session_fault_position(control->session, fault);
    publish(control);
}

/* ---- whose address space ---- */

static void show_task(struct control *control, int64_t pid) {
    bool good = pid <= INT_MAX && session_show_task(control->session, pid > 0 ? (int)pid : 0);
    if (!good)
        say(control, "there is no process %lld with an address space", (long long)pid);
    else if (pid <= 0)
        say(control, "the address space on show is the program's again");
    publish(control);
}

static void next_task(struct control *control, int64_t direction) {
    if (!session_next_task(control->session, direction < 0 ? -1 : 1))
        say(control, "no process that is known has an address space");
    publish(control);
}

/* ---- orders ---- */

/* While play() talks, the viewer reads on; while it runs, only the viewer's own steps are let in. */
static bool is_for_play(struct control *control, const struct order *order) {
    bool runs = order->what == CONTROL_RUN_PAUSE || order->what == CONTROL_NEXT_FAULT;
    if (!control->playing)
        return false;
    if (runs && control->saying) {
        control->go_on = true;
        return true;
    }
    if (order->what == CONTROL_GO && control->saying) {
        say(control, "%s", control->refusal);
        publish(control);
        return true;
    }
    return order->what == CONTROL_NEXT_FAULT;
}

static void previous_fault(struct control *control) {
    size_t position = control->position;
    if (!position) /* one in the middle comes after the last that is over */
        position = session_shown_faults(control->session) + (session_open_fault(control->session) != NULL);
    select_fault(control, position - (position > 0));
}

static void obey(struct control *control, const struct order *order) {
    if (is_for_play(control, order))
        return;
    switch (order->what) {
    case CONTROL_RUN_PAUSE: run_pause(control); return;
    case CONTROL_NEXT_FAULT: next_fault(control); return;
    case CONTROL_PREVIOUS_FAULT: previous_fault(control); return;
    case CONTROL_SELECT_FAULT: select_number(control, (uint64_t)order->argument); return;
    case CONTROL_SELECT:
        session_select(control->session, (enum select_kind)(order->argument >> 56), order->argument & 0xffffffffffffff);
        publish(control);
        return;
    case CONTROL_INTEREST:
        session_interest(control->session, (unsigned)order->argument);
        publish(control);
        return;
    case CONTROL_GO:
        control->viewer_steps = true;
        go(control, (enum debug_go)order->argument);
        return;
    case CONTROL_REMOVE: remove_point(control, order->argument); return;
    case CONTROL_ENABLE: enable_point(control, order->argument); return;
    case CONTROL_SHOW_TASK: show_task(control, order->argument); return;
    case CONTROL_NEXT_TASK: next_task(control, order->argument); return;
    case CONTROL_QUIT: control->quit = true; return;
    }
    if (order->what == ORDER_WAKE)
        control->woken = true;
    else if (order->what == ORDER_ADD)
        add_point(control, order->text);
    else if (order->what == ORDER_SEARCH)
        search(control, order->text);
}

/* Waits for orders while there is nothing to run; hands typed bytes over. */
static unsigned take_orders(struct control *control, struct order orders[ORDER_MAX]) {
    pthread_mutex_lock(&control->lock);
    while (control->state != VIEW_RUNNING && control->order_count == 0)
        pthread_cond_wait(&control->wake, &control->lock);
    unsigned count = control->order_count;
    memcpy(orders, control->orders, count * sizeof(orders[0]));
    control->order_count = 0;
    if (control->typed_count > 0) {
        size_t taken = machine_console_input(session_machine(control->session), control->typed, control->typed_count);
        memmove(control->typed, control->typed + taken, control->typed_count - taken);
        control->typed_count -= taken;
    }
    pthread_mutex_unlock(&control->lock);
    return count;
}

static void keep_pace(struct control *control) {
    uint64_t virtual_ns = machine_now(session_machine(control->session)) - control->pace_virtual;
    uint64_t elapsed = host_ns() - control->pace_host;
    if (virtual_ns <= elapsed + SLICE_NS)
        return;
    uint64_t ahead = virtual_ns - elapsed;
    if (ahead > PUBLISH_HOST_NS)
        ahead = PUBLISH_HOST_NS;
    struct timespec pause = {0, (long)ahead};
    nanosleep(&pause, NULL);
}

/* The first copy of the kernel's structures is made in slices, too. True: it is there. */
static bool prepare_view(struct control *control) {
    struct hold hold = begin_hold();
    bool ready = session_prepare_view(control->session);
    end_hold(control, hold, 0);
    return ready;
}

/* True: the debugger has stopped. */
static bool run_slice(struct control *control) {
    vtime slice = machine_now(session_machine(control->session)) + SLICE_NS;
    if (debugger_run(control->debugger, slice))
        return true;
    bool prepared = prepare_view(control);
    keep_pace(control);
    uint64_t now = host_ns();
    bool short_step = debugger_how(control->debugger) != GO_RUN && now - control->started_host < STEP_HOST_NS;
    if (prepared && !short_step && wants_view(control))
        publish(control);
    return false;
}

static void obey_all(struct control *control) {
    struct order orders[ORDER_MAX];
    unsigned count = take_orders(control, orders);
    for (unsigned i = 0; i < count; i++)
        obey(control, &orders[i]);
}

/* ---- play ---- */

void control_caption(struct control *control, char text[CONTROL_CAPTION]) {
    pthread_mutex_lock(&control->lock);
    memcpy(text, control->caption, CONTROL_CAPTION);
    pthread_mutex_unlock(&control->lock);
}

static void set_caption(struct control *control, const char *text) {
    pthread_mutex_lock(&control->lock);
    snprintf(control->caption, sizeof(control->caption), "%s", text);
    pthread_mutex_unlock(&control->lock);
}

/* The stop is of the viewer's making: play() learns of it when the viewer goes on. */
static bool is_viewers_stop(const struct control *control) {
    const struct debug_stop *stop = debugger_stop(control->debugger);
    if (stop->reason == REASON_END || stop->reason == REASON_LIMIT)
        return false;
    return stop->point ? is_viewers(control, stop->point) : control->viewer_steps && stop->reason != REASON_REQUEST;
}

enum machine_stop control_play_run(struct control *control, bool *left) {
    control->play_how = debugger_how(control->debugger);
    control->viewer_steps = control->resumed = false;
    go(control, control->play_how);
    while (!control->quit) {
        obey_all(control);
        if (control->woken && !control->quit) {
            debugger_halt(control->debugger);
            return MACHINE_STOP_REQUESTED;
        }
        if (control->state != VIEW_RUNNING || control->quit)
            continue;
        if (control->resumed)
            return MACHINE_STOP_REQUESTED;
        if (!run_slice(control))
            continue;
        enum debug_reason reason = debugger_stop(control->debugger)->reason;
        if (!is_viewers_stop(control) && reason != REASON_END && reason != REASON_LIMIT)
            return MACHINE_STOP_REQUESTED;
        stopped(control);
        if (control->state == VIEW_ENDED)
            return control->stop;
    }
    *left = true;
    return MACHINE_STOP_REQUESTED;
}

static void stand(struct control *control, const char *caption, const char *refusal) {
    set_caption(control, caption);
    control->refusal = refusal;
    if (control->state != VIEW_ENDED) {
        control->state = VIEW_PAUSED;
        control->position = position_of(control, debugger_stop(control->debugger));
    }
    control->go_on = false;
    control->saying = true;
    publish(control);
}

bool control_play_say(struct control *control, const char *text) {
    stand(control, text, "the demonstration waits: space goes on");
    while (!control->quit && !control->go_on)
        obey_all(control);
    control->saying = false;
    return !control->quit;
}

bool control_play_wait(struct control *control, const char *text) {
    if (!control->woken && !control->quit)
        stand(control, text, "somebody else steers the machine, and has to let it go on");
    while (!control->quit && !control->woken)
        obey_all(control);
    control->saying = control->woken = false;
    return !control->quit;
}

void control_wake(struct control *control) { control_order(control, ORDER_WAKE, 0); }

static void *machine_thread(void *argument) {
    struct control *control = argument;
    publish(control);
    set_pace(control);
    if (control->play) {
        control->playing = true;
        control->play(control->play_owner, control, control->session);
        control->playing = false;
        if (control->state == VIEW_RUNNING)
            run_pause(control);
    }
    while (!control->quit) {
        obey_all(control);
        if (control->state == VIEW_RUNNING && !control->quit && run_slice(control))
            stopped(control);
    }
    return NULL;
}

static void control_free(struct control *control) {
    view_free(control->newest);
    view_free(control->held);
    session_destroy(control->session);
    pthread_cond_destroy(&control->wake);
    pthread_mutex_destroy(&control->lock);
    free(control);
}

static bool set_points(struct control *control, const struct control_config *config, char *error, size_t error_size) {
    for (size_t i = 0; i < config->point_count; i++)
        if (debugger_add(control->debugger, config->points[i], error, error_size) == 0)
            return false;
    return true;
}

struct control *control_start(const struct control_config *config, char *error, size_t error_size) {
    struct control *control = calloc(1, sizeof(*control));
    if (!control) {
        snprintf(error, error_size, "no memory on the host for the machine's thread; free some and try again");
        return NULL;
    }
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->wake, NULL);
    control->play = config->play;
    control->play_owner = config->play_owner;
    control->stop = MACHINE_STOP_REQUESTED;
    control->session = session_create(config->session, error, error_size);
    if (!control->session) {
        control_free(control);
        return NULL;
    }
    control->debugger = session_debugger(control->session);
    debugger_set_limit(control->debugger, config->limit);
    if (!set_points(control, config, error, error_size)) {
        control_free(control);
        return NULL;
    }
    control->state = config->start_paused ? VIEW_PAUSED : VIEW_RUNNING;
    if (config->start_paused)
        control->orders[control->order_count++] = (struct order){.what = CONTROL_NEXT_FAULT};
    if (pthread_create(&control->thread, NULL, machine_thread, control) != 0) {
        snprintf(error, error_size, "the host gives no thread for the machine; end some programs and try again");
        control_free(control);
        return NULL;
    }
    return control;
}

static void give_order(struct control *control, const struct order *order) {
    pthread_mutex_lock(&control->lock);
    if (control->order_count < ORDER_MAX)
        control->orders[control->order_count++] = *order;
    pthread_cond_signal(&control->wake);
    pthread_mutex_unlock(&control->lock);
}

void control_order(struct control *control, enum control_order what, int64_t argument) {
    const struct order order = {.what = what, .argument = argument};
    give_order(control, &order);
}

static void give_text(struct control *control, enum control_order what, const char *text) {
    struct order order = {.what = what};
    snprintf(order.text, sizeof(order.text), "%s", text);
    give_order(control, &order);
}

void control_add_point(struct control *control, const char *text) { give_text(control, ORDER_ADD, text); }
void control_search(struct control *control, const char *text) { give_text(control, ORDER_SEARCH, text); }

void control_type(struct control *control, const char *bytes, size_t count) {
    pthread_mutex_lock(&control->lock);
    size_t room = TYPED_MAX - control->typed_count;
    size_t take = count < room ? count : room;
    memcpy(control->typed + control->typed_count, bytes, take);
    control->typed_count += take;
    pthread_mutex_unlock(&control->lock);
}

struct control_cost control_cost(struct control *control) {
    pthread_mutex_lock(&control->lock);
    struct control_cost cost = control->cost;
    pthread_mutex_unlock(&control->lock);
    return cost;
}

const struct view *control_acquire(struct control *control) {
    pthread_mutex_lock(&control->lock);
    struct view *stale = NULL;
    if (control->newest) {
        stale = control->held;
        control->held = control->newest;
        control->newest = NULL;
    }
    const struct view *view = control->held;
    pthread_mutex_unlock(&control->lock);
    view_free(stale);
    return view;
}

void control_finish(struct control *control, enum machine_stop *stop, int *status) {
    control_order(control, CONTROL_QUIT, 0);
    pthread_join(control->thread, NULL);
    if (control->state != VIEW_ENDED)
        session_finish(control->session);
    *stop = control->state == VIEW_ENDED ? control->stop : MACHINE_STOP_REQUESTED;
    *status = control->status;
    control_free(control);
}
