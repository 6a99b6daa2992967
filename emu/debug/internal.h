/* What the files of emu/debug share: session.c (life, feeds, running), select.c (views and the
 * selection), fill.c (what views carry), tasks.c (whose address space), debugger.c. */
#ifndef FAULTLINE_DEBUG_INTERNAL_H
#define FAULTLINE_DEBUG_INTERNAL_H

#include "emu/debug/debugger.h"
#include "emu/debug/session.h"

#define LOG_LINE_MAX 512
/* Numbers of the closed records that are shown, in order: what "fault 18 of 20" counts. */
struct shown_faults {
    uint64_t *numbers;
    size_t count, capacity;
};

struct session {
    struct session_config config;
    struct machine_file files[3];
    size_t file_count;
    struct machine *machine;
    struct story *story;
    struct kernelview *kernelview;
    struct image *kernel_image, *program_image;
    char kernelview_error[160];
    struct view_console console;
    struct shown_faults shown;
    char log_line[LOG_LINE_MAX];
    size_t log_length;
    bool program_started, program_ended;
    int chosen_task; /* whose address space is on show, see tasks.c; 0: the program is followed */
    char chosen_comm[16];
    uint32_t program_pid;
    uint64_t view_serial;
    enum select_kind selected; /* and what of that kind */
    int64_t selected_argument;
    unsigned interest; /* sum of enum view_interest */
    struct debugger *debugger;
    uint64_t fault_entry, fault_entry_size; /* do_page_fault() of the kernel, size 0: unknown */
};

/* The address is the kernel's: of our own by its half of the address space, of a foreign one, which may lie anywhere,
 * by its page, that programs may not use. */
bool session_in_kernel(const struct session *session, uint64_t linear);
/* The image that may know the address; NULL: none. A foreign kernel's programs are not known. */
const struct image *session_image_at(const struct session *session, uint64_t linear);
/* tasks.c: the process whose address space views show; -1: that of the task that runs. */
int session_space_task(const struct session *session);
/* select.c: the fault in whose middle the last stop was; NULL: none. */
const struct story_fault *session_open_fault(const struct session *session);
/* What of a view is filled beyond the kernel's snapshot, the fault and the marks. False: no memory. */
bool fill_debugger(struct session *session, struct view *view);  /* fill.c: stop, points */
bool fill_log(const struct session *session, struct view *view); /* events, spans, samples, call path */
bool fill_interest(struct session *session, struct view *view);  /* what the open panels asked for */
bool select_fill(struct session *session, struct view *view);    /* select.c: the selection and the frame's life */

#endif
