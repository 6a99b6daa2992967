/*
 * Running and stopping. With a terminal the machine runs in slices, between which Ctrl-C is looked for, and virtual
 * time does not outrun the host's; without one it runs in one go. Where a slice ends changes nothing that the guest can
 * see.
 */
#define _GNU_SOURCE
#include "emu/cli/internal.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define SLICE_NS 1000000ull
#define NAP_NS 16000000ull

static uint64_t host_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Ctrl-C since the last look. */
static bool interrupted(const struct cli *cli) {
    sigset_t interrupt;
    if (!cli->config.interactive)
        return false;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    return sigtimedwait(&interrupt, NULL, &(struct timespec){0}) == SIGINT;
}

static void keep_pace(const struct cli *cli, vtime now) {
    uint64_t ahead = now - cli->pace_virtual, elapsed = host_ns() - cli->pace_host;
    if (!cli->config.interactive || ahead <= elapsed + SLICE_NS)
        return;
    uint64_t nap = ahead - elapsed < NAP_NS ? ahead - elapsed : NAP_NS;
    nanosleep(&(struct timespec){0, (long)nap}, NULL);
}

static vtime slice_end(const struct cli *cli, vtime now, vtime until) {
    vtime end = until < cli->config.limit ? until : cli->config.limit;
    return cli->config.interactive && end - now > SLICE_NS ? now + SLICE_NS : end;
}

/* True: the debugger has stopped; false: `until` or the limit is reached. */
static bool run(struct cli *cli, vtime until) {
    struct machine *machine = session_machine(cli->session);
    cli->pace_virtual = machine_now(machine);
    cli->pace_host = host_ns();
    interrupted(cli); /* an old one does not count */
    for (vtime now = cli->pace_virtual;; now = machine_now(machine)) {
        if (debugger_run(cli->debugger, slice_end(cli, now, until)))
            return true;
        now = machine_now(machine);
        cli->limit_reached = now >= cli->config.limit;
        if (cli->limit_reached || now >= until)
            return false;
        if (interrupted(cli))
            debugger_pause(cli->debugger);
        fflush(stdout);
        keep_pace(cli, now);
    }
}

/* ---- telling ---- */

void go_place(struct cli *cli) {
    struct cpu_registers registers;
    struct inspect_code code;
    struct image_line line;
    char symbol[160], source[200];
    cpu_read_registers(machine_cpu(session_machine(cli->session)), &registers);
    inspect_code(cli->session, registers.rip, &code);
    bool named = inspect_symbol(cli->session, registers.rip, symbol, sizeof(symbol));
    say(cli, "%08" PRIx64 "%s%s%s  %s\n", registers.rip, named ? " <" : "", symbol, named ? ">" : "",
        code.length > 0 ? code.text : "(no instruction can be read here)");
    if (!inspect_line(cli->session, registers.rip, &line))
        return;
    const char *slash = strrchr(line.file, '/');
    inspect_source(cli->session, &line, source, sizeof(source));
    say(cli, "%s:%u  %s\n", slash ? slash + 1 : line.file, line.line, source + strspn(source, " "));
}

static void say_source(struct cli *cli, const struct story_fault *fault) {
    if (fault && fault->source_line)
        say(cli, "%s:%u  %s\n", fault->source_file, fault->source_line, fault->source_text);
}

static void tell_fault(struct cli *cli, uint64_t number) {
    const struct story_fault *fault = story_fault_by_number(session_story(cli->session), number);
    cli->fault = number;
    if (!fault)
        return;
    story_fault_line(fault, cli->text, sizeof(cli->text));
    say_text(cli, cli->text);
    say_source(cli, fault);
}

static void tell_end(struct cli *cli, const struct debug_stop *stop) {
    struct machine *machine = session_machine(cli->session);
    cli->ended = true;
    session_finish(cli->session);
    if (stop->machine == MACHINE_STOP_EXIT)
        say(cli, "the machine has ended with status %d\n", machine_exit_status(machine) & 0xff);
    else
        say_text(cli, machine_stop_text(machine));
}

static void tell(struct cli *cli) {
    const struct debug_stop *stop = debugger_stop(cli->debugger);
    info_task_ended(cli);
    cli->place = 0;
    cli->fault = stop->fault ? stop->fault : session_shown_number(cli->session, 0);
    switch (stop->reason) {
    case REASON_END: tell_end(cli, stop); return;
    case REASON_FAULT: tell_fault(cli, stop->fault); return;
    case REASON_STEP: go_place(cli); return;
    case REASON_REQUEST:
        if (cli->config.overdue && cli->config.overdue(cli->config.owner)) {
            cli->limit_reached = true;
            return;
        }
        break;
    default: break;
    }
    char time[32];
    say(cli, "%s, block %" PRIu64 ": %s\n", words_milliseconds(stop->blocks, time), stop->blocks, stop->text);
    if (stop->reason == REASON_CONDITION)
        say_source(cli, story_fault_by_number(session_story(cli->session), stop->fault));
    if (stop->reason == REASON_BREAK || stop->reason == REASON_WATCH || stop->reason == REASON_REQUEST)
        go_place(cli);
}

static bool may_go(struct cli *cli) {
    if (cli->ended)
        fail(cli, "the machine has ended; it can be looked at, but it goes no further");
    return !cli->ended;
}

void go(struct cli *cli, enum debug_go how, vtime until) {
    char text[32];
    if (!may_go(cli))
        return;
    debugger_go(cli->debugger, how);
    if (run(cli, until))
        tell(cli);
    else if (!cli->limit_reached)
        say(cli, "paused at %s\n", words_milliseconds(machine_blocks(session_machine(cli->session)), text));
}

/* The count of a command that may be repeated, 1 when none is given. */
static bool count_of(struct cli *cli, const struct words *words, uint64_t *count) {
    *count = 1;
    if (words->count < 2)
        return true;
    if (!words_number(cli, "COUNT", words->word[1], count))
        return false;
    if (*count == 0)
        fail(cli, "COUNT is 0; give 1 or more");
    return *count > 0;
}

/* ---- the commands ---- */

void run_continue(struct cli *cli, const struct words *words) {
    (void)words;
    go(cli, GO_RUN, VTIME_NEVER);
}

/* Looks at record number `position` of those on show; the machine stands. */
static void look_at(struct cli *cli, size_t position) { tell_fault(cli, session_shown_number(cli->session, position)); }

void run_next_fault(struct cli *cli, const struct words *words) {
    uint64_t count;
    if (!count_of(cli, words, &count))
        return;
    for (; count > 0 && !cli->error[0]; count--) {
        size_t position = session_fault_position(cli->session, cli->fault);
        if (position > 0 && position < session_shown_faults(cli->session)) {
            look_at(cli, position + 1); /* looking at history: towards the present first */
            continue;
        }
        go(cli, GO_FAULT, VTIME_NEVER);
        if (cli->ended || cli->limit_reached || debugger_stop(cli->debugger)->reason != REASON_FAULT)
            return;
    }
}

void run_previous(struct cli *cli, const struct words *words) {
    size_t position = session_fault_position(cli->session, cli->fault);
    (void)words;
    if (session_shown_faults(cli->session) == 0)
        fail(cli, "the program has taken no page fault yet; `n` goes to its first");
    else if (position == 1)
        fail(cli, "this is the program's first page fault");
    else
        look_at(cli, position > 0 ? position - 1 : session_shown_faults(cli->session));
}

void run_next_walk(struct cli *cli, const struct words *words) {
    (void)words;
    go(cli, GO_WALK, VTIME_NEVER);
}

void run_decision(struct cli *cli, const struct words *words) {
    (void)words;
    go(cli, GO_DECISION, VTIME_NEVER);
}

void run_event(struct cli *cli, const struct words *words) {
    (void)words;
    go(cli, GO_EVENT, VTIME_NEVER);
}

static void step(struct cli *cli, const struct words *words, enum debug_go how) {
    uint64_t count;
    if (!count_of(cli, words, &count) || !may_go(cli))
        return;
    for (; count > 1; count--) {
        debugger_go(cli->debugger, how);
        if (!run(cli, VTIME_NEVER))
            return;
        if (debugger_stop(cli->debugger)->reason != REASON_STEP) {
            tell(cli);
            return;
        }
    }
    go(cli, how, VTIME_NEVER);
}

void run_step(struct cli *cli, const struct words *words) { step(cli, words, GO_INSTRUCTION); }
void run_over(struct cli *cli, const struct words *words) { step(cli, words, GO_OVER); }

void run_finish(struct cli *cli, const struct words *words) {
    (void)words;
    go(cli, GO_FINISH, VTIME_NEVER);
}

void run_until(struct cli *cli, const struct words *words) {
    vtime now = machine_now(session_machine(cli->session)), until;
    char text[32];
    if (!words_time(cli, words->word[1], now, &until))
        return;
    if (until <= now)
        fail(cli, "it is %s already", words_milliseconds(machine_blocks(session_machine(cli->session)), text));
    else
        go(cli, GO_RUN, until);
}
