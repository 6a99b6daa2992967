/* Serving: see gdb.h. The machine's thread goes round here; the link's thread pauses the machine when there is news. */
#include "emu/gdb/gdb.h"
#include "emu/gdb/link.h"
#include "emu/gdb/stub.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SLICE_NS 100000000ull /* virtual time between looks at the clock of the host */
#define WAIT_MS 200

struct gdb {
    struct link *link;
    struct stub *stub;
    const struct gdb_session *session;
    struct debugger *debugger;
    atomic_bool running;
    bool client, left; /* left: the viewer closed the window */
    char bytes[LINK_BYTES];
};

struct gdb *gdb_listen(const char *where, char *error, size_t error_size) {
    struct gdb *gdb = calloc(1, sizeof(*gdb));
    if (!gdb) {
        snprintf(error, error_size, "no memory on the host for GDB's connection; free some and try again");
        return NULL;
    }
    gdb->link = link_listen(where, error, error_size);
    if (gdb->link)
        return gdb;
    free(gdb);
    return NULL;
}

const char *gdb_name(const struct gdb *gdb) { return link_name(gdb->link); }

void gdb_close(struct gdb *gdb) {
    if (!gdb)
        return;
    link_close(gdb->link);
    stub_destroy(gdb->stub);
    free(gdb);
}

/* On the link's thread. */
static void notice(void *owner) {
    struct gdb *gdb = owner;
    if (gdb->session->control)
        control_wake(gdb->session->control);
    else if (atomic_load(&gdb->running))
        debugger_pause(gdb->debugger);
}

static void send_bytes(void *owner, const char *bytes, size_t count) {
    link_send(((struct gdb *)owner)->link, bytes, count);
}

static void take_news(struct gdb *gdb, int milliseconds) {
    struct link_news news = link_take(gdb->link, gdb->bytes, sizeof(gdb->bytes), milliseconds);
    if (news.gone && gdb->client) {
        stub_gone(gdb->stub);
        gdb->client = false;
    }
    if (news.connected) {
        stub_connected(gdb->stub);
        gdb->client = true;
    }
    if (gdb->client)
        stub_take(gdb->stub, gdb->bytes, news.count);
    if (gdb->client && stub_state(gdb->stub) == STUB_LEFT) {
        link_drop_client(gdb->link);
        stub_gone(gdb->stub);
        gdb->client = false;
    }
}

static bool is_running(const struct gdb *gdb) {
    enum stub_state state = stub_state(gdb->stub);
    return state == STUB_RUNS || state == STUB_LEFT;
}

static bool run_alone(struct gdb *gdb) {
    struct machine *machine = session_machine(gdb->session->session);
    atomic_store(&gdb->running, true);
    bool over = !link_has_news(gdb->link) && debugger_run(gdb->debugger, machine_now(machine) + SLICE_NS);
    atomic_store(&gdb->running, false);
    return over;
}

/* True: it has stopped for a reason that is not the link's. */
static bool run_slice(struct gdb *gdb) {
    if (gdb->session->control)
        control_play_run(gdb->session->control, &gdb->left);
    else if (!run_alone(gdb))
        return false;
    enum debug_reason reason = debugger_stop(gdb->debugger)->reason;
    return reason != REASON_REQUEST && reason != REASON_NONE;
}

/* Stands until there is news. */
static void wait_for_news(struct gdb *gdb) {
    char text[160];
    if (!gdb->session->control) {
        take_news(gdb, WAIT_MS);
        return;
    }
    if (gdb->client)
        snprintf(text, sizeof(text), "GDB has the machine: continue, step or detach there");
    else
        snprintf(text, sizeof(text), "The machine waits for GDB: target remote %.100s", gdb_name(gdb));
    gdb->left = !control_play_wait(gdb->session->control, text);
    take_news(gdb, 0);
}

static bool is_overdue(const struct gdb *gdb) {
    return gdb->session->overdue && gdb->session->overdue(gdb->session->owner);
}

static enum machine_stop serve(struct gdb *gdb) {
    while (!is_overdue(gdb) && !gdb->left) {
        if (is_running(gdb))
            take_news(gdb, 0);
        else
            wait_for_news(gdb);
        if (stub_state(gdb->stub) == STUB_KILLED)
            return MACHINE_STOP_REQUESTED;
        if (!is_running(gdb) || !run_slice(gdb))
            continue;
        const struct debug_stop *stop = debugger_stop(gdb->debugger);
        stub_stopped(gdb->stub);
        if (stop->reason == REASON_END || stop->reason == REASON_LIMIT)
            return stop->machine;
    }
    return MACHINE_STOP_REQUESTED;
}

enum machine_stop gdb_serve(struct gdb *gdb, const struct gdb_session *session, char *error, size_t error_size) {
    struct stub_config config = {
        .session = session->session, .machine = session->machine, .owner = gdb, .send = send_bytes};
    error[0] = '\0';
    gdb->session = session;
    gdb->debugger = session_debugger(session->session);
    gdb->stub = stub_create(&config);
    if (!gdb->stub)
        snprintf(error, error_size, "no memory on the host for GDB's connection; free some and try again");
    if (!gdb->stub || !link_start(gdb->link, notice, gdb, error, error_size))
        return MACHINE_STOP_ERROR;
    enum machine_stop stop = serve(gdb);
    link_stop(gdb->link);
    return stop;
}
