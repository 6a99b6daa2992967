/*
 * What GDB asks and what it gets: packets on one side, the debugger on the other. No socket here.
 *
 * The model. Bytes go in by stub_take(), bytes come out by `send`. The stub stands or runs; while it runs its owner
 * calls debugger_run() and tells of the stop. Points that GDB sets are points of the debugger, and gone when GDB is.
 * One processor is one thread. Whatever the bytes say, the worst that happens is an error reply.
 */
#ifndef FAULTLINE_GDB_STUB_H
#define FAULTLINE_GDB_STUB_H

#include "emu/debug/debugger.h"
#include "emu/debug/session.h"

struct stub;

struct stub_config {
    struct session *session;
    const struct session_config *machine; /* of that session */
    void *owner;
    void (*send)(void *owner, const char *bytes, size_t count);
};

enum stub_state {
    STUB_STANDS,
    STUB_RUNS, /* debugger_go() has been called */
    STUB_LEFT, /* GDB has detached: the machine runs on without it */
    STUB_KILLED,
};

struct stub *stub_create(const struct stub_config *config); /* NULL: no memory */
void stub_destroy(struct stub *stub);

void stub_connected(struct stub *stub); /* a new GDB: the machine stands */
void stub_gone(struct stub *stub);      /* its points go; the machine stands or runs as before */
void stub_take(struct stub *stub, const char *bytes, size_t count);
enum stub_state stub_state(const struct stub *stub);
/* debugger_run() has said that it is over. */
void stub_stopped(struct stub *stub);

#endif
