/*
 * Any bytes as what GDB sends, to a machine that has booted the kernel. Each input is a connection of its own: its
 * first byte says in which pieces the rest comes. When the stub wants to run, the machine runs a little and is
 * interrupted. Checked: every reply is one well-formed packet no longer than was promised; no point of GDB's outlives
 * it.
 */
#include "emu/gdb/internal.h"
#include "tests/debug/images.h"
#include "tests/gdb/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_BYTES (32u << 20)
#define BOOT_NS 4000000u
#define RUN_NS 20000u

static struct session_blob images[3];
static struct session_config config;
static struct session *session;
static struct stub *stub;
static struct packets out;
static struct fuzz_counts counts;

static void check(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void count_reply(void) {
    counts.replies++;
    counts.errors += out.data[0] == 'E';
    counts.unknown += out.length == 0;
    counts.stops += out.data[0] == 'T';
}

static void take_reply(void *owner, const char *bytes, size_t count) {
    (void)owner;
    counts.bytes += count;
    for (size_t i = 0; i < count; i++) {
        enum packet_event event = packets_take(&out, (uint8_t)bytes[i]);
        check(event != PACKET_BAD && event != PACKET_LONG && event != PACKET_INTERRUPT, "replies are good packets");
        if (event == PACKET_READY)
            count_reply();
    }
}

static void make_machine(void) {
    char error[400];
    stub_destroy(stub);
    session_destroy(session);
    session = session_create(&config, error, sizeof(error));
    check(session, "a session");
    session_run(session, BOOT_NS);
    struct stub_config settings = {.session = session, .machine = &config, .send = take_reply};
    stub = stub_create(&settings);
    check(stub, "a stub");
}

void fuzz_begin(const char *rom, const char *kernel, const char *initramfs) {
    images[0] = image_read(rom);
    images[1] = image_read(kernel);
    images[2] = image_read(initramfs);
    config = (struct session_config){.ram_bytes = RAM_BYTES,
                                     .rom = images[0],
                                     .kernel = images[1],
                                     .initrd = images[2],
                                     .cmdline = "-- /bin/first-faults",
                                     .program_name = "first-faults",
                                     .story = true};
    make_machine();
}

void fuzz_end(void) {
    stub_destroy(stub);
    session_destroy(session);
    for (unsigned i = 0; i < 3; i++)
        free((void *)(uintptr_t)images[i].data);
}

const struct fuzz_counts *fuzz_counts(void) { return &counts; }

/* What the server does: a slice, then what is new. A machine that has ended gives way to a new one. */
static void run_a_little(void) {
    struct debugger *debugger = session_debugger(session);
    vtime until = machine_now(session_machine(session)) + RUN_NS;
    if (debugger_run(debugger, until))
        stub_stopped(stub);
    else
        stub_take(stub, "\x03", 1);
    if (debugger_stop(debugger)->reason == REASON_END)
        make_machine();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t piece = size ? data[0] % 64 + 1u : 1;
    packets_reset(&out);
    stub_connected(stub);
    for (size_t at = 1; at < size && stub_state(stub) < STUB_LEFT; at += piece) {
        size_t count = size - at < piece ? size - at : piece;
        stub_take(stub, (const char *)data + at, count);
        if (stub_state(stub) == STUB_RUNS)
            run_a_little();
    }
    stub_gone(stub);
    check(stub->point_count == 0, "points go with GDB");
    struct debug_point left[DEBUG_POINTS_MAX];
    size_t points = debugger_points(session_debugger(session), left, DEBUG_POINTS_MAX);
    while (points > 0) /* those of monitor commands stay; the next input begins without */
        debugger_remove(session_debugger(session), left[--points].id);
    return 0;
}
