/*
 * The debugger core: stops with a reason, points to stop at, stepping. Front ends (window, command line, GDB, Lua) turn
 * what their user does into these calls and show what comes back; they hold no logic of their own.
 *
 * The model. A debugger belongs to a session and to its thread. debugger_go() says how to go on, debugger_run() runs a
 * slice of that and says whether it is over; why is in debugger_stop(). Points live until they are removed. Nothing of
 * this changes what the guest does: a run with points and one without execute the same blocks.
 */
#ifndef FAULTLINE_DEBUGGER_H
#define FAULTLINE_DEBUGGER_H

#include "emu/debug/condition.h"
#include "emu/machine/machine.h"

struct session;
struct debugger;

enum debug_go {
    GO_RUN,
    GO_INSTRUCTION, /* one instruction or one delivery */
    GO_OVER,        /* one instruction; a call is run to its return, an interrupt to its iret */
    GO_INTO,        /* one instruction; a call is entered, an interrupt or fault is run to its iret */
    GO_FINISH,      /* to the return of the current function */
    GO_FAULT,       /* to the next closed fault record that is shown */
    GO_WALK,        /* to the next walk: a page fault, or a walk that sets A or D */
    GO_DECISION,    /* to the next decision of reclaim about a page */
    GO_EVENT,       /* to the next guest event of whatever type */
};

enum debug_reason {
    REASON_NONE, /* running */
    REASON_START,
    REASON_REQUEST, /* somebody paused it */
    REASON_STEP,    /* instruction, over, finish */
    REASON_FAULT,
    REASON_WALK,
    REASON_DECISION,
    REASON_EVENT,
    REASON_CONDITION,
    REASON_BREAK,
    REASON_WATCH,
    REASON_LIMIT,
    REASON_END, /* the machine can go no further: debug_stop.machine says how it ended */
};

struct debug_stop {
    enum debug_reason reason;
    char text[240];  /* one sentence for people: "stop 2: copy on write of frame 02c11 by hello (pid 7)" */
    unsigned point;  /* id of the point, 0 none */
    uint64_t fault;  /* number of the record that it is about, 0 none */
    uint64_t pfn;    /* frame that it is about; DEBUG_NO_FRAME none */
    uint64_t linear; /* address that it is about (watch, break, walk) */
    uint64_t blocks; /* when */
    uint64_t event;  /* number of the event (story_log), 0 none */
    enum machine_stop machine;
};
#define DEBUG_NO_FRAME UINT64_MAX

enum debug_point_kind { POINT_CONDITION, POINT_BREAK, POINT_WATCH };

struct debug_point {
    unsigned id; /* from 1, never used again */
    enum debug_point_kind kind;
    bool enabled;
    uint64_t hits;
    uint64_t linear, bytes;     /* BREAK, WATCH */
    bool read, write, physical; /* WATCH: which accesses; linear is a physical address when `physical` */
    char text[CONDITION_TEXT];  /* as it was given */
};
#define DEBUG_POINTS_MAX 64u

struct debugger *debugger_create(struct session *session); /* NULL: no memory. The session must outlive it */
void debugger_destroy(struct debugger *debugger);

/* Sets how to go on. Allowed while it stands; after a stop, debugger_run() alone goes on in the same way. */
void debugger_go(struct debugger *debugger, enum debug_go how);
enum debug_go debugger_how(const struct debugger *debugger);
/* The run stops with REASON_LIMIT at that virtual time; VTIME_NEVER (as it begins): it does not. */
void debugger_set_limit(struct debugger *debugger, vtime limit);
/* Runs until the virtual time `slice` (absolute) at the latest. True: it has stopped (debugger_stop()); false: the
 * slice is over, call again. */
bool debugger_run(struct debugger *debugger, vtime slice);
const struct debug_stop *debugger_stop(const struct debugger *debugger);
/* The event that the last stop is about, as the guest sent it; NULL: it is about none. */
const struct flt_record *debugger_event(const struct debugger *debugger);
/* While it stands between two slices: what it was to do is given up, with REASON_REQUEST. */
void debugger_halt(struct debugger *debugger);
/* Any thread: the run stops at the next safe point with REASON_REQUEST. */
void debugger_pause(struct debugger *debugger);

/*
 * A point from text: a condition (condition.h), or
 *     break WHERE              before the instruction there runs
 *     watch WHERE [BYTES]      after a write to 1..4096 bytes (default 4) there; rwatch: read; awatch: either
 *     pwatch PHYSICAL [BYTES]  the same for physical memory, writes
 * WHERE: an address (hex), symbol[+offset] of the program or else the kernel, FILE:LINE, or $reg; "kernel:" or
 * "program:" before it says whose. What the program names counts in the program alone. Id from 1, or 0 with one
 * sentence.
 */
unsigned debugger_add(struct debugger *debugger, const char *text, char *error, size_t error_size);
bool debugger_remove(struct debugger *debugger, unsigned id); /* false: there is none */
bool debugger_enable(struct debugger *debugger, unsigned id, bool on);
/* Writes at most `most`, returns how many there are. */
size_t debugger_points(const struct debugger *debugger, struct debug_point *to, size_t most);

/* WHERE to a linear address. False and one sentence. */
bool debugger_resolve(struct debugger *debugger, const char *where, uint64_t *linear, char *error, size_t error_size);
/* Completion: symbols of program and kernel that begin with prefix; at most `most`, returns how many were written. */
size_t debugger_symbols(const struct debugger *debugger, const char *prefix, const char **names, size_t most);

/* Changes the guest's memory at linear addresses, because the user said so: the one thing here that the guest can see.
 * False, and nothing is changed: a page is not mapped, or is no RAM. */
bool debugger_write(struct debugger *debugger, uint64_t linear, const void *bytes, size_t count);

/* ---- feeds, called by the session ---- */
void debugger_on_fault(struct debugger *debugger, const struct story_fault *fault);
void debugger_on_fault_opened(struct debugger *debugger, const struct story_fault *fault);
void debugger_on_event(struct debugger *debugger, uint64_t blocks, const struct flt_record *record);
bool debugger_wants_entries(const struct debugger *debugger); /* whether the next is worth the call */
void debugger_on_entry(struct debugger *debugger, const struct condition_entry *entry);

#endif
