/*
 * What a window costs the guest, measured in host time, for tools/bench. One line a measure: name, then key=value.
 *
 * - live views FILES MIB WORDS: a view of a guest that runs, by what panels ask for: time to make one, and its parts
 * - live alone FILES MIB WORDS: CPU time of a run without recording, window or trace
 * - live recorded FILES MIB WORDS: the same with fault records
 * - live window FILES MIB WORDS: the same in the machine's thread, with a viewer that takes 60 views a second
 * - live step FILES MIB WORDS: faults that a script steps through, one after the other
 *
 * FILES are ROM KERNEL INITRAMFS. WORDS are what init runs ("/bin/bench fault=1000"), PROGRAM, after them, is a file
 * that the guest finds as /bin/program. A disk of 64 MiB is there for swap. CPU time of the machine's thread is the
 * measure, so that other load on the host weighs little.
 */
#include "emu/debug/control.h"
#include "tests/debug/images.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SWAP_BYTES (64u << 20)
#define VIEWS 120
#define BETWEEN_NS 16000000ull /* of virtual time from view to view */
#define FRAME_NS 16666667l     /* a viewer's turn */

static double now_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct row {
    double us[VIEWS];
    unsigned count;
};

static void add(struct row *row, double us) {
    if (row->count < VIEWS)
        row->us[row->count++] = us;
}

static void tell(struct row *row, const char *what, unsigned long mib) {
    if (!row->count)
        return;
    qsort(row->us, row->count, sizeof row->us[0], ascending);
    printf("view what=%s mib=%lu median_us=%.0f p90_us=%.0f longest_us=%.0f\n", what, mib, row->us[row->count / 2],
           row->us[row->count * 9 / 10], row->us[row->count - 1]);
}

/* ---- views ---- */

static void run_to_program(struct session *session) {
    while (!session_program_started(session))
        if (session_run(session, machine_now(session_machine(session)) + BETWEEN_NS) != MACHINE_STOP_LIMIT)
            exit(3);
}

/* Runs on a little; true while the guest goes on. */
static bool run_on(struct session *session) {
    return session_run(session, machine_now(session_machine(session)) + BETWEEN_NS) == MACHINE_STOP_LIMIT;
}

static void measure_views(struct session *session, const char *what, unsigned interest, unsigned long mib) {
    struct row row = {.count = 0};
    session_interest(session, interest);
    for (unsigned i = 0; i < VIEWS / 4 && run_on(session); i++) {
        double since = now_us(CLOCK_THREAD_CPUTIME_ID);
        struct view *view = session_view(session, 0, VIEW_RUNNING);
        add(&row, now_us(CLOCK_THREAD_CPUTIME_ID) - since);
        view_free(view);
    }
    tell(&row, what, mib);
}

/* What the machine's thread does before the first view, in slices between those of the run. */
static void measure_preparation(struct session *session, unsigned long mib) {
    struct row row = {.count = 0};
    for (bool ready = false; !ready && run_on(session);) {
        double since = now_us(CLOCK_THREAD_CPUTIME_ID);
        ready = session_prepare_view(session);
        add(&row, now_us(CLOCK_THREAD_CPUTIME_ID) - since);
    }
    tell(&row, "prepare", mib);
}

static void measure_snapshots(struct session *session, unsigned long mib) {
    struct row row = {.count = 0};
    struct kv_cost before = kernelview_cost(session_kernelview(session));
    for (unsigned i = 0; i < VIEWS / 4 && run_on(session); i++) {
        double since = now_us(CLOCK_THREAD_CPUTIME_ID);
        struct kv_snapshot *taken =
            kernelview_snapshot(session_kernelview(session), machine_mmu(session_machine(session)), -1);
        add(&row, now_us(CLOCK_THREAD_CPUTIME_ID) - since);
        kernelview_snapshot_free(taken);
    }
    tell(&row, "kernel", mib);
    struct kv_cost after = kernelview_cost(session_kernelview(session));
    if (row.count)
        printf("cost mib=%lu walks=%llu compared=%llu changed=%llu\n", mib,
               (unsigned long long)(after.walks - before.walks) / row.count,
               (unsigned long long)(after.compared - before.compared) / row.count,
               (unsigned long long)(after.changed - before.changed) / row.count);
}

static int views(const struct session_config *config) {
    static const struct {
        const char *name;
        unsigned interest;
    } rows[] = {{"view", 0},
                {"view+bits", INTEREST_BITS},
                {"view+ages", INTEREST_AGES},
                {"view+cache", INTEREST_STRIPS},
                {"view+entries", INTEREST_ENTRIES},
                {"view+all", INTEREST_BITS | INTEREST_AGES | INTEREST_STRIPS | INTEREST_ENTRIES}};
    char error[300];
    struct session *session = session_create(config, error, sizeof error);
    if (!session) {
        fprintf(stderr, "live: %s\n", error);
        return 2;
    }
    run_to_program(session);
    unsigned long mib = (unsigned long)(config->ram_bytes >> 20);
    measure_preparation(session, mib);
    measure_snapshots(session, mib);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        measure_views(session, rows[i].name, rows[i].interest, mib);
    session_destroy(session);
    return 0;
}

/* ---- runs ---- */

static int run_through(const struct session_config *config) {
    char error[300];
    struct session *session = session_create(config, error, sizeof error);
    if (!session) {
        fprintf(stderr, "live: %s\n", error);
        return 2;
    }
    double since = now_us(CLOCK_THREAD_CPUTIME_ID);
    session_run(session, VTIME_NEVER);
    printf("run cpu_ms=%.1f virtual_ms=%.1f faults=%zu\n", (now_us(CLOCK_THREAD_CPUTIME_ID) - since) / 1e3,
           (double)machine_now(session_machine(session)) / 1e6, session_shown_faults(session));
    session_destroy(session);
    return 0;
}

static int step_through(const struct session_config *config) {
    char error[300];
    struct session *session = session_create(config, error, sizeof error);
    if (!session)
        return 2;
    run_to_program(session);
    double since = now_us(CLOCK_THREAD_CPUTIME_ID);
    size_t steps = 0;
    struct debugger *debugger = session_debugger(session);
    debugger_go(debugger, GO_FAULT);
    while (debugger_run(debugger, VTIME_NEVER) && debugger_stop(debugger)->reason == REASON_FAULT)
        steps++;
    double us = now_us(CLOCK_THREAD_CPUTIME_ID) - since;
    printf("record bytes=%zu\n", sizeof(struct story_fault));
    printf("step faults=%zu per_second=%.0f\n", steps, (double)steps / us * 1e6);
    session_destroy(session);
    return 0;
}

/* CPU time of the machine's thread, kept at the program's end, by the thread itself. */
struct window_run {
    double begin_us, end_us;
};

static void on_console(void *owner, const char *bytes, size_t count) {
    struct window_run *run = owner;
    (void)bytes, (void)count;
    if (run->begin_us == 0)
        run->begin_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    run->end_us = now_us(CLOCK_THREAD_CPUTIME_ID);
}

static int with_window(struct session_config *config) {
    struct window_run run = {0};
    char error[300];
    config->owner = &run;
    config->on_console = on_console;
    struct control_config start = {.session = config, .limit = VTIME_NEVER};
    struct control *control = control_start(&start, error, sizeof error);
    if (!control) {
        fprintf(stderr, "live: %s\n", error);
        return 2;
    }
    const struct view *view;
    unsigned long taken = 0;
    uint64_t serial = 0;
    do {
        struct timespec turn = {0, FRAME_NS};
        nanosleep(&turn, NULL);
        view = control_acquire(control);
        taken += view && view->serial != serial;
        serial = view ? view->serial : serial;
    } while (!view || view->state != VIEW_ENDED);
    struct control_cost cost = control_cost(control);
    printf("run cpu_ms=%.1f virtual_ms=%.1f faults=%llu\n", run.end_us / 1e3, (double)view->blocks * 4 / 1e6,
           (unsigned long long)view->fault_total);
    printf("window views=%llu taken=%lu mean_us=%.0f longest_us=%.0f longest_wall_us=%.0f\n",
           (unsigned long long)cost.views, taken, (double)cost.total_cpu_ns / (double)cost.views / 1e3,
           (double)cost.longest_cpu_ns / 1e3, (double)cost.longest_ns / 1e3);
    enum machine_stop stop;
    int status;
    control_finish(control, &stop, &status);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 7 && argc != 8) {
        fprintf(stderr, "usage: live views|alone|recorded|window|step ROM KERNEL INITRAMFS MIB WORDS [PROGRAM]\n");
        return 2;
    }
    char cmdline[400];
    snprintf(cmdline, sizeof cmdline, "loglevel=0 -- %s", argv[6]);
    struct disk *disk = image_swap_disk(SWAP_BYTES);
    struct session_config config = {.ram_bytes = strtoull(argv[5], NULL, 10) << 20,
                                    .rom = image_read(argv[2]),
                                    .kernel = image_read(argv[3]),
                                    .initrd = image_read(argv[4]),
                                    .cmdline = cmdline,
                                    .program_name = "bench",
                                    .disks = &disk,
                                    .disk_count = 1,
                                    .story = strcmp(argv[1], "alone") != 0};
    if (argc == 8)
        config.initrd = image_with_program(config.initrd, image_read(argv[7]), false);
    if (strcmp(argv[1], "views") == 0)
        return views(&config);
    if (strcmp(argv[1], "window") == 0)
        return with_window(&config);
    return strcmp(argv[1], "step") == 0 ? step_through(&config) : run_through(&config);
}
