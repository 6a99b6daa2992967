/*
 * emu/debug: a session is one machine with everything that watches it: story, kernelview, console text, images.
 *
 * The model. A session belongs to one thread. It feeds the story from the machine's callbacks, keeps the
 * console's text, and makes immutable views (view.h) whenever the machine stands at a safe point. Watching changes
 * nothing that the guest can see.
 */
#ifndef FAULTLINE_SESSION_H
#define FAULTLINE_SESSION_H

#include "emu/debug/view.h"
#include "emu/machine/machine.h"

struct session;

struct session_blob {
    const void *data; /* not owned; must outlive the session */
    size_t size;
};

struct session_config {
    uint64_t ram_bytes;
    unsigned nodes;                                   /* 0: the guest is told of none */
    struct session_blob rom, kernel, initrd, program; /* initrd, program: may be empty */
    struct disk *const *disks; /* emu/devices/disk.h; the first is vda. Not owned; they must outlive the session */
    size_t disk_count;
    uint64_t power_cut_blocks, power_cut_requests; /* as in struct machine_config; 0: never */
    const char *cmdline;
    const char *program_name;      /* for titles; never NULL */
    const char *program_directory; /* where the program's file lies on the host, for its sources; NULL or "": unknown */
    bool story; /* false: no fault records; without a hook for events either, the guest does not trace */
    /* optional hooks, called on the session's thread, machine callbacks' rules apply (no machine_run inside) */
    void *owner;
    void (*on_console)(void *owner, const char *bytes, size_t count);
    void (*on_log)(void *owner, int level, const char *line); /* kernel log line from the debug console, no newline */
    void (*on_event)(void *owner, uint64_t blocks, const struct flt_record *record);
    void (*on_fault)(void *owner, const struct story_fault *fault); /* a closed record */
    void (*on_program_exit)(void *owner, uint32_t wait_status);     /* its address space still stands */
};

/* NULL and one sentence on failure. */
struct session *session_create(const struct session_config *config, char *error, size_t error_size);
void session_destroy(struct session *session);

/* Runs until limit (virtual ns, VTIME_NEVER: none) or a stop, past all points: whoever wants those runs the debugger.
 */
enum machine_stop session_run(struct session *session, vtime limit);
void session_finish(struct session *session); /* the run is over: closes open records */

/* The kernel's structures for questions that a view does not answer; NULL: not a kernel that we know. */
struct kernelview *session_kernelview(struct session *session);
struct machine *session_machine(struct session *session);
const struct story *session_story(const struct session *session); /* NULL when config.story is false */
/* The program runs: told by its event, or, when the guest does not trace, by the POST code. */
bool session_program_started(const struct session *session);

/* Closed records that are shown (story_fault.shown) so far: positions 1 .. this. */
size_t session_shown_faults(const struct session *session);
/* Before a look at the last record: what became of its entry, see story_see_entry(). */
void session_see_entry(struct session *session);
/* Number of the record at that position; 0: the last. 0 when there is none. */
uint64_t session_shown_number(const struct session *session, size_t position);
/* Position (from 1) among the shown faults of the record with that number, 0 when it is not among them. */
size_t session_fault_position(const struct session *session, uint64_t number);

/* What later views tell of in detail. SELECT_NONE: nothing. */
void session_select(struct session *session, enum select_kind kind, int64_t argument);
/* Sum of enum view_interest: what later views carry. */
void session_interest(struct session *session, unsigned interest);
/* Whose address space later views, walks and regions are about, until it ends; 0 or less: the program is followed, or,
 * when there is none, the task that runs. False: no such process has an address space. */
bool session_show_task(struct session *session, int pid);
/* Shows the process after (1) or before (-1) the one on show. False: there is no other. */
bool session_next_task(struct session *session, int direction);
int session_chosen_task(const struct session *session); /* -1: the program is followed */
/* The chosen process is gone: says so once, and the program is followed again. */
bool session_task_ended(struct session *session, char *said, size_t size);
/* The address space of the chosen process; the one in force when none is chosen. */
struct mmu_context session_space(const struct session *session);
/* The debugger of this session, made with it. Without config.story it knows no conditions. */
struct debugger *session_debugger(struct session *session);

/* Looks a line of text up and selects what it finds: "frame 2c11", "event 91", "[heap]", a place as for
 * debugger_resolve(). "fault 18" is found as the record's number in *fault, 0 otherwise, for the caller to show. *said
 * gets one sentence, found or not. */
bool session_search(struct session *session, const char *text, uint64_t *fault, char *said, size_t size);

/* A new view of this moment; the caller frees it with view_free(). position: which closed record of the program to
 * show, 0 = the last. NULL: no memory. */
struct view *session_view(struct session *session, size_t position, enum view_state state);

/* Between slices of a run, before a view is made: does a slice of what would make the first view slow. True: there is
 * nothing more. */
bool session_prepare_view(struct session *session);

/* A read of that address by the side that it belongs to, for walks by peek. */
struct mmu_access session_access(const struct session *session, uint64_t linear);
/* Text of the walk of a linear address in session_space(), plus the region that holds it. */
size_t session_explain(struct session *session, uint64_t linear, char *text, size_t size);

#endif
