/*
 * Standard input as the guest's keyboard. The machine runs in slices of virtual time while there is input to hand
 * over, else in one go. A terminal stays as it is: the host's echoes and edits the line, so the guest's does not
 * (init's option "raw"). While the guest waits for a person, virtual time does not outrun the host's.
 */
#define _GNU_SOURCE
#include "emu/commands/input.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 1000000ull
#define FOREIGN_KERNEL_NS 1000000000ull /* a kernel that tells of no program start gets input after so long */
#define END_OF_INPUT 0x04               /* ^D */

struct input {
    bool live; /* a terminal or pipe: bytes come when they come */
    bool ended, end_sent;
    char bytes[4096];
    size_t count;
    bool at_line_start;
    uint64_t host_start;
};

static uint64_t host_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Before the program runs, init has not set the terminal yet, and the kernel would echo what comes. */
static bool guest_listens(const struct session *session, vtime now) {
    return session_program_started(session) || now >= FOREIGN_KERNEL_NS;
}

static void refill(struct input *input, int wait_ms) {
    struct pollfd waiting = {.fd = STDIN_FILENO, .events = POLLIN};
    if (input->ended || input->count > 0)
        return;
    fflush(stdout); /* a prompt does not end its line */
    if (input->live && poll(&waiting, 1, wait_ms) <= 0)
        return;
    ssize_t got = read(STDIN_FILENO, input->bytes, sizeof(input->bytes));
    if (got > 0)
        input->count = (size_t)got;
    else
        input->ended = true;
}

/* ^D ends a line first when one is open, then the input. */
static void send_end(struct input *input, struct machine *machine) {
    const char end[2] = {END_OF_INPUT, END_OF_INPUT};
    size_t wanted = input->at_line_start ? 1 : 2;
    input->end_sent = machine_console_input(machine, end, wanted) == wanted;
}

static void hand_over(struct input *input, struct machine *machine) {
    if (input->count > 0) {
        size_t taken = machine_console_input(machine, input->bytes, input->count);
        if (taken > 0)
            input->at_line_start = input->bytes[taken - 1] == '\n';
        memmove(input->bytes, input->bytes + taken, input->count - taken);
        input->count -= taken;
    }
    if (input->ended && input->count == 0 && !input->end_sent)
        send_end(input, machine);
}

/* How long a person's input may be waited for before the next slice: as far as the guest is ahead of the host. */
static int wait_ms(const struct input *input, vtime now) {
    uint64_t elapsed = host_ns() - input->host_start;
    if (!input->live || now <= elapsed)
        return 0;
    uint64_t ahead = (now - elapsed) / 1000000u;
    return ahead > 20 ? 20 : (int)ahead;
}

enum machine_stop input_slice(struct session *session, vtime until) {
    struct debugger *debugger = session_debugger(session);
    if (!debugger || debugger_points(debugger, NULL, 0) == 0)
        return session_run(session, until);
    if (!debugger_run(session_debugger(session), until))
        return MACHINE_STOP_LIMIT;
    const struct debug_stop *stop = debugger_stop(session_debugger(session));
    switch (stop->reason) {
    case REASON_LIMIT:
    case REASON_END: return stop->machine;
    case REASON_REQUEST: return MACHINE_STOP_REQUESTED;
    default: return MACHINE_STOP_POINT;
    }
}

enum machine_stop input_run(struct session *session, vtime limit) {
    struct machine *machine = session_machine(session);
    struct stat status;
    struct input input = {.at_line_start = true, .host_start = host_ns()};
    bool file =
        fstat(STDIN_FILENO, &status) == 0 && (S_ISREG(status.st_mode) || (S_ISCHR(status.st_mode) && !isatty(0)));
    input.live = !file;
    enum machine_stop stop;
    vtime until;
    do {
        if (guest_listens(session, machine_now(machine))) {
            refill(&input, wait_ms(&input, machine_now(machine)));
            hand_over(&input, machine);
        }
        until = input.end_sent || machine_now(machine) + SLICE_NS > limit ? limit : machine_now(machine) + SLICE_NS;
        stop = input_slice(session, until);
    } while (stop == MACHINE_STOP_LIMIT && until != limit);
    return stop;
}
