/*
 * The debugger core: life, running and why it stopped. See debugger.h and debugger_internal.h.
 *
 *     debugger_go --> running --feed or CPU meets something--> found --the machine stands--> stop
 *                        | slice over: debugger_run() says false, and goes on when it is called again
 *
 * What a feed meets is met in the middle of a block or of the kernel's work; the machine stands at the next moment
 * between blocks. The stop tells of what was met first; hits are counted on all points.
 */
#include "emu/debug/debugger_internal.h"

#include "emu/story/event_types.h"
#include "emu/story/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

struct debugger *debugger_create(struct session *session) {
    struct debugger *debugger = calloc(1, sizeof *debugger);
    if (!debugger)
        return NULL;
    debugger->session = session;
    debugger->limit = VTIME_NEVER;
    debugger->stop = (struct debug_stop){.reason = REASON_START, .pfn = DEBUG_NO_FRAME, .text = "ready to run"};
    return debugger;
}

void debugger_destroy(struct debugger *debugger) {
    if (!debugger)
        return;
    points_free(debugger);
    free(debugger);
}

const struct debug_stop *debugger_stop(const struct debugger *debugger) { return &debugger->stop; }
enum debug_go debugger_how(const struct debugger *debugger) { return debugger->how; }
void debugger_set_limit(struct debugger *debugger, vtime limit) { debugger->limit = limit; }

const struct flt_record *debugger_event(const struct debugger *debugger) {
    enum debug_reason reason = debugger->stop.reason;
    bool told = reason == REASON_CONDITION || reason == REASON_EVENT || reason == REASON_DECISION;
    return told && debugger->record.head.type ? &debugger->record.head : NULL;
}

void debugger_go(struct debugger *debugger, enum debug_go how) {
    stepping_forget(debugger);
    debugger->how = how;
    debugger->stop = (struct debug_stop){.reason = REASON_NONE, .pfn = DEBUG_NO_FRAME};
    debugger->has_found = false;
    if (atomic_exchange(&debugger->pause, false)) /* it stood already: the machine still has the request */
        debugger->requested = true;
}

void debugger_pause(struct debugger *debugger) {
    atomic_store(&debugger->pause, true);
    machine_request_stop(debugger->session->machine);
}

/* ---- what is met ---- */

bool debugger_meet(struct debugger *debugger, enum debug_reason reason, const struct point *point) {
    if (debugger->has_found)
        return false;
    debugger->has_found = true;
    debugger->record.head.type = 0;
    debugger->found = (struct debug_stop){.reason = reason, .pfn = DEBUG_NO_FRAME};
    if (point)
        debugger->found.point = point->shown.id;
    return true;
}

/* For feeds: the machine runs on until it is between blocks. */
static bool feed_meets(struct debugger *debugger, enum debug_reason reason, const struct point *point) {
    if (!debugger_meet(debugger, reason, point))
        return false;
    if (!debugger->single && !debugger->requested) {
        debugger->requested = true;
        machine_request_stop(debugger->session->machine);
    }
    return true;
}

static struct out begin_text(struct debugger *debugger) {
    struct out out;
    out_init(&out, debugger->found.text, sizeof debugger->found.text);
    if (debugger->found.point)
        out_format(&out, "stop %u: ", debugger->found.point);
    return out;
}

static void meet_fault(struct debugger *debugger, enum debug_reason reason, const struct point *point,
                       const struct story_fault *fault) {
    if (!feed_meets(debugger, reason, point))
        return;
    struct out out = begin_text(debugger);
    debugger->found.fault = fault->number;
    debugger->found.linear = fault->linear;
    uint64_t pfn;
    if (words_result_frame(fault, &pfn))
        debugger->found.pfn = pfn;
    if (fault->end_blocks)
        stop_text_fault(fault, &out);
    else
        stop_text_opened(fault, &out);
    out_end(&out);
}

static void meet_event(struct debugger *debugger, enum debug_reason reason, const struct point *point,
                       const struct flt_record *record) {
    if (!feed_meets(debugger, reason, point))
        return;
    struct story_log_entry entry;
    struct out out = begin_text(debugger);
    memcpy(&debugger->record, record, record->bytes <= FLT_RECORD_MAX ? record->bytes : FLT_RECORD_MAX);
    if (story_event_type(record->type)) /* the log has it already */
        debugger->found.event = story_log_count(debugger->session->story);
    if (debugger->found.event && story_log_entry(debugger->session->story, debugger->found.event, &entry)) {
        debugger->found.fault = entry.fault;
        debugger->found.pfn = entry.pfn == UINT32_MAX ? DEBUG_NO_FRAME : entry.pfn;
    }
    stop_text_event(debugger, record, &out);
    out_end(&out);
}

static void meet_entry(struct debugger *debugger, enum debug_reason reason, const struct point *point,
                       const struct condition_entry *entry) {
    if (!feed_meets(debugger, reason, point))
        return;
    struct out out = begin_text(debugger);
    debugger->found.linear = entry->linear;
    if (entry->after & MMU_PTE_P)
        debugger->found.pfn = entry->after >> MMU_PAGE_SHIFT & 0xffffffffff;
    stop_text_entry(debugger, entry, &out);
    out_end(&out);
}

/* ---- feeds ---- */

static const char *name_of(const struct debugger *debugger, uint32_t pid) {
    const struct story *story = debugger->session->story;
    return story ? story_task_name(story, pid) : NULL;
}

void debugger_on_fault(struct debugger *debugger, const struct story_fault *fault) {
    if (!debugger->running)
        return;
    for (size_t i = 0; debugger->faults && i < debugger->point_count; i++) {
        struct point *point = &debugger->points[i];
        if (!point->shown.enabled || !point->needs.faults || !condition_on_fault(point->condition, fault))
            continue;
        point->shown.hits++;
        meet_fault(debugger, REASON_CONDITION, point, fault);
    }
    if (debugger->how == GO_FAULT && fault->shown)
        meet_fault(debugger, REASON_FAULT, NULL, fault);
}

void debugger_on_fault_opened(struct debugger *debugger, const struct story_fault *fault) {
    if (debugger->running && debugger->how == GO_WALK)
        meet_fault(debugger, REASON_WALK, NULL, fault);
}

void debugger_on_event(struct debugger *debugger, uint64_t blocks, const struct flt_record *record) {
    (void)blocks;
    if (!debugger->running || record->type >= 128)
        return;
    bool wanted = debugger->types[record->type / 32] >> record->type % 32 & 1;
    for (size_t i = 0; wanted && i < debugger->point_count; i++) {
        struct point *point = &debugger->points[i];
        if (!point->shown.enabled || !(point->needs.types[record->type / 32] >> record->type % 32 & 1) ||
            !condition_on_event(point->condition, record, name_of(debugger, record->task)))
            continue;
        point->shown.hits++;
        meet_event(debugger, REASON_CONDITION, point, record);
    }
    if (debugger->how == GO_EVENT)
        meet_event(debugger, REASON_EVENT, NULL, record);
    if (debugger->how == GO_DECISION && record->type == FLT_MM_VMSCAN_PAGE)
        meet_event(debugger, REASON_DECISION, NULL, record);
}

bool debugger_wants_entries(const struct debugger *debugger) {
    return debugger->running && (debugger->entries || debugger->how == GO_WALK);
}

void debugger_on_entry(struct debugger *debugger, const struct condition_entry *entry) {
    if (!debugger_wants_entries(debugger))
        return;
    for (size_t i = 0; debugger->entries && i < debugger->point_count; i++) {
        struct point *point = &debugger->points[i];
        if (!point->shown.enabled || !point->needs.entries || !condition_on_entry(point->condition, entry))
            continue;
        point->shown.hits++;
        meet_entry(debugger, REASON_CONDITION, point, entry);
    }
    if (debugger->how == GO_WALK)
        meet_entry(debugger, REASON_WALK, NULL, entry);
}

/* ---- running ---- */

uint64_t debugger_here(struct debugger *debugger, struct cpu_registers *registers) {
    cpu_read_registers(machine_cpu(debugger->session->machine), registers);
    bool wide = registers->efer & MMU_EFER_LMA && registers->segment[CPU_CS].flags & 1u << 21;
    uint64_t linear = registers->rip + (wide ? 0 : registers->segment[CPU_CS].base);
    return wide ? linear : linear & UINT32_MAX;
}

static bool stopped(struct debugger *debugger, struct debug_stop stop) {
    debugger->stop = stop;
    debugger->stop.blocks = machine_blocks(debugger->session->machine);
    debugger->has_found = false;
    return true;
}

static bool stopped_because(struct debugger *debugger, enum debug_reason reason, enum machine_stop machine,
                            const char *text) {
    struct debug_stop stop = {.reason = reason, .machine = machine, .pfn = DEBUG_NO_FRAME};
    snprintf(stop.text, sizeof stop.text, "%s", text);
    return stopped(debugger, stop);
}

void debugger_halt(struct debugger *debugger) {
    stepping_forget(debugger);
    stopped_because(debugger, REASON_REQUEST, MACHINE_STOP_REQUESTED, "paused");
}

static bool stopped_found(struct debugger *debugger, enum machine_stop machine) {
    debugger->found.machine = machine;
    return stopped(debugger, debugger->found);
}

/* The machine's own words may have several lines; the first says it. */
static bool stopped_end(struct debugger *debugger) {
    char text[200];
    struct machine *machine = debugger->session->machine;
    int status = machine_exit_status(machine);
    if (debugger->end == MACHINE_STOP_EXIT)
        snprintf(text, sizeof text, "the program has ended with status %d and the machine is off", status);
    else
        snprintf(text, sizeof text, "%s", machine_stop_text(machine));
    text[strcspn(text, "\n")] = '\0';
    return stopped_because(debugger, REASON_END, debugger->end, text);
}

static bool ends(enum machine_stop stop) {
    switch (stop) {
    case MACHINE_STOP_LIMIT:
    case MACHINE_STOP_REQUESTED:
    case MACHINE_STOP_PAGE_FAULT:
    case MACHINE_STOP_STEP:
    case MACHINE_STOP_POINT: return false;
    default: return true;
    }
}

/* What a stop of the machine means; false: nothing for whoever watches. */
static bool judge(struct debugger *debugger, enum machine_stop stop) {
    bool asked = debugger->requested;
    if (stop == MACHINE_STOP_REQUESTED)
        debugger->requested = false;
    if (ends(stop)) {
        debugger->ended = true;
        debugger->end = stop;
    }
    if (stop == MACHINE_STOP_POINT)
        points_hit(debugger, cpu_point_hit(machine_cpu(debugger->session->machine)));
    if (debugger->has_found)
        return stopped_found(debugger, stop);
    if (debugger->ended)
        return stopped_end(debugger);
    if (stop == MACHINE_STOP_LIMIT && machine_now(debugger->session->machine) >= debugger->limit)
        return stopped_because(debugger, REASON_LIMIT, stop, "the limit of virtual time is reached");
    /* A request of our own that has nothing to tell was for something that has been told already. */
    bool pause = stop == MACHINE_STOP_REQUESTED && atomic_exchange(&debugger->pause, false);
    return (pause || (stop == MACHINE_STOP_REQUESTED && !asked)) &&
           stopped_because(debugger, REASON_REQUEST, stop, "paused");
}

static bool run_freely(struct debugger *debugger, vtime slice) {
    enum machine_stop stop;
    do {
        stop = machine_run(debugger->session->machine, slice);
        if (judge(debugger, stop))
            return true;
    } while (stop != MACHINE_STOP_LIMIT);
    return false;
}

static bool run_steps(struct debugger *debugger, vtime slice) {
    bool over = stepping_run(debugger, slice);
    if (debugger->has_found)
        return stopped_found(debugger, MACHINE_STOP_STEP);
    if (debugger->ended)
        return stopped_end(debugger);
    if (atomic_exchange(&debugger->pause, false)) {
        debugger->requested = true; /* by the pause; stepping does not look */
        return stopped_because(debugger, REASON_REQUEST, MACHINE_STOP_REQUESTED, "paused");
    }
    return over;
}

bool debugger_run(struct debugger *debugger, vtime slice) {
    bool steps = debugger->how == GO_INSTRUCTION || debugger->how == GO_OVER || debugger->how == GO_INTO ||
                 debugger->how == GO_FINISH;
    if (debugger->ended)
        return stopped_end(debugger);
    if (debugger->stop.reason != REASON_NONE)
        debugger_go(debugger, debugger->how);
    if (slice > debugger->limit)
        slice = debugger->limit;
    debugger->running = true;
    bool over = steps ? run_steps(debugger, slice) : run_freely(debugger, slice);
    debugger->running = false;
    if (over)
        stepping_forget(debugger);
    return over;
}
