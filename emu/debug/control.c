/*
 * The machine's thread: see control.h.
 *
 *   window's thread            lock-protected mailbox              machine's thread
 *   control_order()  ------->  orders[], typed bytes  ----------->  loop: take orders, run a slice, publish
 *   control_acquire() <------  newest view            <-----------
 *
 * The lock is held for copies of pointers and a few bytes only, never while the machine runs or a view is made.
 * While it runs freely the machine does not outrun the host's clock: a guest that idles costs no host time.
 */
#define _GNU_SOURCE
#include "emu/debug/control.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ORDER_MAX 64
#define TYPED_MAX 4096
#define SLICE_NS 1000000ull         /* virtual time between looks at the mailbox */
#define PUBLISH_HOST_NS 16000000ull /* host time between views while running */

struct order {
    enum control_order what;
    int64_t argument;
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
    void (*play)(void *owner, struct control *control, struct session *session);
    void *play_owner;
    bool playing; /* play() steers: a stop of the machine is its business */
    bool go_on;   /* the viewer has read what play() said */
    vtime limit, pace_virtual;
    uint64_t pace_host, published_host;
    size_t position;
    enum view_state state;
    bool seeking; /* running only until the next record closes */
    bool quit;
    enum machine_stop stop;
    int status;
};

static uint64_t host_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static const char *const stop_words[] = {
    [MACHINE_STOP_EXIT] = "the program has ended",
    [MACHINE_STOP_RESET] = "the guest reset the machine",
    [MACHINE_STOP_TRIPLE_FAULT] = "triple fault",
    [MACHINE_STOP_LIMIT] = "the time limit is reached",
    [MACHINE_STOP_REQUESTED] = "paused",
    [MACHINE_STOP_PAGE_FAULT] = "page fault",
    [MACHINE_STOP_DEAD] = "the machine halted for ever",
    [MACHINE_STOP_STEP] = "stepped",
    [MACHINE_STOP_POINT] = "a stop point was met",
    [MACHINE_STOP_POWER_CUT] = "the power was cut",
    [MACHINE_STOP_ERROR] = "the emulator cannot go on",
};

static void publish(struct control *control) {
    struct view *view = session_view(control->session, control->position, control->state);
    if (!view)
        return;
    if (control->state != VIEW_RUNNING) {
        strncpy(view->stop_text, stop_words[control->stop], sizeof(view->stop_text) - 1);
    }
    pthread_mutex_lock(&control->lock);
    struct view *stale = control->newest;
    control->newest = view;
    pthread_mutex_unlock(&control->lock);
    view_free(stale);
    control->published_host = host_ns();
}

static void set_pace(struct control *control) {
    control->pace_virtual = machine_now(session_machine(control->session));
    control->pace_host = host_ns();
}

static void stopped(struct control *control, enum machine_stop stop) {
    control->stop = stop;
    control->seeking = false;
    control->state = stop == MACHINE_STOP_REQUESTED || stop == MACHINE_STOP_STEP ? VIEW_PAUSED : VIEW_ENDED;
    if (control->state == VIEW_ENDED) {
        session_finish(control->session);
        control->status = machine_exit_status(session_machine(control->session));
    }
    publish(control);
}

static void next_fault(struct control *control) {
    if (control->position > 0 && control->position < session_shown_faults(control->session)) {
        control->position++; /* looking at history: walk towards the present first */
        publish(control);
        return;
    }
    control->position = 0;
    if (control->state == VIEW_ENDED)
        return;
    control->seeking = true;
    control->state = VIEW_RUNNING;
    set_pace(control);
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
    control->position = 0;
    control->seeking = false;
    control->stop = MACHINE_STOP_REQUESTED;
    control->state = control->state == VIEW_RUNNING ? VIEW_PAUSED : VIEW_RUNNING;
    set_pace(control);
    publish(control);
}

static void obey(struct control *control, struct order order) {
    size_t count = session_shown_faults(control->session);
    if (order.what == CONTROL_RUN_PAUSE || order.what == CONTROL_NEXT_FAULT)
        control->go_on = true;
    if (control->playing && order.what == CONTROL_NEXT_FAULT)
        return;
    switch (order.what) {
    case CONTROL_RUN_PAUSE: run_pause(control); return;
    case CONTROL_NEXT_FAULT: next_fault(control); return;
    case CONTROL_PREVIOUS_FAULT:
        select_fault(control, control->position ? control->position - 1 : count - (count > 0));
        return;
    case CONTROL_SELECT_FAULT: select_number(control, (uint64_t)order.argument); return;
    case CONTROL_SELECT_FRAME:
        session_select_frame(control->session, order.argument);
        publish(control);
        return;
    case CONTROL_SELECT:
        session_select(control->session, (enum select_kind)(order.argument >> 56), order.argument & 0xffffffffffffff);
        publish(control);
        return;
    case CONTROL_INTEREST:
        session_interest(control->session, (unsigned)order.argument);
        publish(control);
        return;
    case CONTROL_GO:
    case CONTROL_REMOVE:
    case CONTROL_ENABLE: return;
    case CONTROL_QUIT: control->quit = true; return;
    }
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

static void run_slice(struct control *control) {
    vtime now = machine_now(session_machine(control->session));
    vtime slice = now + SLICE_NS < control->limit ? now + SLICE_NS : control->limit;
    enum machine_stop stop =
        control->seeking ? session_next_fault(control->session, slice) : session_run(control->session, slice);
    if (stop != MACHINE_STOP_LIMIT || slice == control->limit) {
        stopped(control, stop);
        return;
    }
    keep_pace(control);
    if (!control->seeking && host_ns() - control->published_host >= PUBLISH_HOST_NS)
        publish(control);
}

static void obey_all(struct control *control) {
    struct order orders[ORDER_MAX];
    unsigned count = take_orders(control, orders);
    for (unsigned i = 0; i < count; i++)
        obey(control, orders[i]);
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

enum machine_stop control_play_run(struct control *control, bool *left) {
    control->state = VIEW_RUNNING;
    control->position = 0;
    set_pace(control);
    while (!control->quit) {
        obey_all(control);
        if (control->state != VIEW_RUNNING || control->quit)
            continue;
        vtime slice = machine_now(session_machine(control->session)) + SLICE_NS;
        enum machine_stop stop = session_run(control->session, slice);
        if (stop == MACHINE_STOP_REQUESTED)
            return stop;
        if (stop != MACHINE_STOP_LIMIT) {
            stopped(control, stop);
            return stop;
        }
        keep_pace(control);
        if (host_ns() - control->published_host >= PUBLISH_HOST_NS)
            publish(control);
    }
    *left = true;
    return MACHINE_STOP_REQUESTED;
}

bool control_play_say(struct control *control, const char *text) {
    enum view_state state = control->state == VIEW_ENDED ? VIEW_ENDED : VIEW_PAUSED;
    set_caption(control, text);
    control->state = state;
    control->go_on = false;
    publish(control);
    while (!control->quit && !control->go_on) {
        control->state = state; /* the order to go on is play()'s to carry out */
        obey_all(control);
    }
    return !control->quit;
}

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
        if (control->state == VIEW_RUNNING && !control->quit)
            run_slice(control);
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

struct control *control_start(const struct control_config *config, char *error, size_t error_size) {
    struct control *control = calloc(1, sizeof(*control));
    if (!control) {
        snprintf(error, error_size, "no memory on the host for the machine's thread; free some and try again");
        return NULL;
    }
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->wake, NULL);
    control->limit = config->limit;
    control->play = config->play;
    control->play_owner = config->play_owner;
    control->stop = MACHINE_STOP_REQUESTED;
    control->session = session_create(config->session, error, error_size);
    if (!control->session) {
        control_free(control);
        return NULL;
    }
    control->state = config->start_paused ? VIEW_PAUSED : VIEW_RUNNING;
    if (config->start_paused)
        control->orders[control->order_count++] = (struct order){CONTROL_NEXT_FAULT, 0};
    if (pthread_create(&control->thread, NULL, machine_thread, control) != 0) {
        snprintf(error, error_size, "the host gives no thread for the machine; end some programs and try again");
        control_free(control);
        return NULL;
    }
    return control;
}

void control_order(struct control *control, enum control_order order, int64_t argument) {
    pthread_mutex_lock(&control->lock);
    if (control->order_count < ORDER_MAX)
        control->orders[control->order_count++] = (struct order){order, argument};
    pthread_cond_signal(&control->wake);
    pthread_mutex_unlock(&control->lock);
}

void control_add_point(struct control *control, const char *text) { (void)control, (void)text; }
void control_search(struct control *control, const char *text) { (void)control, (void)text; }

void control_type(struct control *control, const char *bytes, size_t count) {
    pthread_mutex_lock(&control->lock);
    size_t room = TYPED_MAX - control->typed_count;
    size_t take = count < room ? count : room;
    memcpy(control->typed + control->typed_count, bytes, take);
    control->typed_count += take;
    pthread_mutex_unlock(&control->lock);
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
