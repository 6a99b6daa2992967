/*
 * What the files of the debugger share: debugger.c (life, running, stops), points.c (the list of points and what meets
 * them), stepping.c (over and finish), resolve.c (places by name), stop_text.c (sentences).
 *
 * Invariants: feeds do something only while debugger_run() runs; `found` is the first thing that was met since then,
 * whatever else is met before the machine stands; the CPU holds a place exactly for each enabled break and watch, and
 * for the return that a step waits for.
 */
#ifndef FAULTLINE_DEBUGGER_INTERNAL_H
#define FAULTLINE_DEBUGGER_INTERNAL_H

#include "emu/debug/internal.h"
#include "emu/story/out.h"

#include <stdatomic.h>

struct point {
    struct debug_point shown;
    struct condition *condition; /* POINT_CONDITION */
    struct condition_needs needs;
    struct cpu_point cpu; /* POINT_BREAK, POINT_WATCH */
    bool program_only;    /* its place was named by the user's program */
    bool has_value;       /* WATCH of at most 8 bytes: what stood there */
    uint64_t value;
};

/* Where a call or a delivery will come back to. */
struct return_place {
    uint64_t linear, other; /* other: a second place that counts, or the same */
    uint64_t stack;         /* the stack pointer is there, or at most `above` higher */
    uint64_t above;
    uint64_t cr3;
    uint8_t cpl;
    bool in_cpu; /* the CPU watches for it */
};

struct stepping {
    struct cpu_registers start; /* when it began */
    uint64_t start_stack;
    bool begun, away;
    struct return_place home; /* while away */
};

struct debugger {
    struct session *session;
    enum debug_go how;
    struct debug_stop stop, found;
    union {
        struct flt_record head;
        uint8_t bytes[FLT_RECORD_MAX];
    } record;                        /* the event that `found` is about; type 0: none */
    bool has_found, running, single; /* single: in machine_step(), which looks for no request */
    bool requested;                  /* the machine was asked to stop and has not said so yet */
    bool ended;
    enum machine_stop end;
    vtime limit;
    atomic_bool pause;
    struct stepping step;
    struct point points[DEBUG_POINTS_MAX];
    size_t point_count;
    unsigned last_id;
    uint32_t types[4]; /* what the enabled points need, put together */
    bool faults, entries;
};

/* ---- points.c ---- */
/* What stands at the CPU's stop; true: a point is met and `found` says so. */
bool points_hit(struct debugger *debugger, const struct cpu_point_hit *hit);
/* An enabled break at that address that counts here: met. */
bool points_break_at(struct debugger *debugger, uint64_t linear);
bool points_watch_execute(const struct debugger *debugger, uint64_t linear); /* some enabled break is there */
void points_free(struct debugger *debugger);

/* ---- debugger.c ---- */
/* Keeps the first: text was written by `write` from what it is about. */
bool debugger_meet(struct debugger *debugger, enum debug_reason reason, const struct point *point);
uint64_t debugger_here(struct debugger *debugger,
                       struct cpu_registers *registers); /* linear address of the next instruction */

/* ---- stepping.c: true when the step is over, `found` says how, or the machine has ended. ---- */
bool stepping_run(struct debugger *debugger, vtime slice);
void stepping_forget(struct debugger *debugger); /* takes back what it asked the CPU for */

/* ---- resolve.c ---- */
struct resolved {
    uint64_t linear;
    const struct image *image; /* that named it; NULL: a number or a register */
};
bool resolve_where(struct debugger *debugger, const char *where, struct resolved *to, char *error, size_t size);
void resolve_line(const struct image *image, uint64_t linear, struct out *out); /* " (hello.c:12)", or nothing */
/* "main+0x1a (hello.c:12)", or the address. In the address space of the running task. */
void resolve_words(const struct debugger *debugger, uint64_t linear, struct out *out);

/* ---- stop_text.c ---- */
void stop_text_task(const struct debugger *debugger, uint32_t pid, struct out *out); /* "hello (pid 7)" */
void stop_text_fault(const struct story_fault *fault, struct out *out);
void stop_text_opened(const struct story_fault *fault, struct out *out);
void stop_text_event(const struct debugger *debugger, const struct flt_record *record, struct out *out);
void stop_text_entry(const struct debugger *debugger, const struct condition_entry *entry, struct out *out);

#endif
