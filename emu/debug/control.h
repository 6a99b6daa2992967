/*
 * A session in a thread of its own, steered from another (the window's).
 *
 * The model. Orders go in through a small queue, snapshots come out through one slot: the window takes the newest and
 * never waits for the guest longer than a pointer swap. The machine runs in slices of host time between looks at
 * the queue; where a slice ends changes nothing that the guest can see.
 */
#ifndef FAULTLINE_CONTROL_H
#define FAULTLINE_CONTROL_H

#include "emu/debug/session.h"

struct control;

enum control_order {
    CONTROL_RUN_PAUSE,
    CONTROL_NEXT_FAULT,
    CONTROL_PREVIOUS_FAULT,
    CONTROL_SELECT_FAULT,
    CONTROL_GO,        /* argument: enum debug_go */
    CONTROL_SELECT,    /* enum select_kind << 56 | its argument (below 2^56) */
    CONTROL_INTEREST,  /* sum of enum view_interest */
    CONTROL_REMOVE,    /* point's id */
    CONTROL_ENABLE,    /* point's id, negative: disable -id */
    CONTROL_SHOW_TASK, /* process id; 0: follow the program */
    CONTROL_NEXT_TASK, /* 1: the next one, -1: the one before */
    CONTROL_QUIT
};

struct control_config {
    const struct session_config *session; /* its hooks run on the machine's thread */
    bool start_paused;                    /* stop at the program's first fault */
    vtime limit;
    const char *const *points; /* as for debugger_add(), set before the first instruction */
    size_t point_count;
    /* Optional: steers the machine in place of the viewer until it returns; runs on the machine's thread. */
    void (*play)(void *owner, struct control *control, struct session *session);
    void *play_owner;
};

#define CONTROL_CAPTION 400

/* Starts the thread. The session is made inside it. NULL and one sentence on failure. */
struct control *control_start(const struct control_config *config, char *error, size_t error_size);
void control_order(struct control *control, enum control_order order, int64_t argument);
#define CONTROL_SELECT_ARGUMENT(kind, argument) ((int64_t)(kind) << 56 | ((int64_t)(argument)&0xffffffffffffff))
/* Adds a point (debugger_add's text) on the machine's thread; what it said comes with a later view: view->said. */
void control_add_point(struct control *control, const char *text);
/* Looks text up: an address, a symbol, a frame ("frame 2c11"), a fault ("fault 18"), an event ("event 91"); selects
 * what it finds; view->said tells. */
void control_search(struct control *control, const char *text);
void control_type(struct control *control, const char *bytes, size_t count);
/* Newest view, or NULL when none is there yet. Valid until the next call. Only one thread may ask. */
const struct view *control_acquire(struct control *control);
/* What views have cost the guest: host time during which it stood still for them, and how much of it this thread had
 * the CPU, which a host with other work tells apart. longest: of one hold, which is a view or a part of the first one's
 * preparation. Any thread. */
struct control_cost {
    uint64_t views, total_ns, longest_ns;
    uint64_t total_cpu_ns, longest_cpu_ns;
};
struct control_cost control_cost(struct control *control);
/* What play() says and where it wants the viewer to look, any thread: text of at most CONTROL_CAPTION - 1 bytes, "" for
 * none. */
void control_caption(struct control *control, char text[CONTROL_CAPTION]);
/* For play(): runs at the viewer's pace, shown and paused as always, until a stop that is no end of a slice. *left: the
 * viewer closed the window. */
enum machine_stop control_play_run(struct control *control, bool *left);
/* For play(): shows text and returns when the viewer wants to go on (run or next fault). False: the viewer left. */
bool control_play_say(struct control *control, const char *text);
/* For a play() that somebody else steers, from another thread: control_wake() ends control_play_run(), which pauses, or
 * control_play_wait(), which shows text meanwhile; the viewer looks on and may pause a run. False: the viewer left. */
void control_wake(struct control *control); /* any thread */
bool control_play_wait(struct control *control, const char *text);
/* Stops and joins. *stop says how the machine ended (MACHINE_STOP_REQUESTED when it was still running), *status its
 * exit status. */
void control_finish(struct control *control, enum machine_stop *stop, int *status);

#endif
