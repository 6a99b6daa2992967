/*
 * emu/gdb: GDB's remote protocol. A front end: what a user types into GDB becomes calls of emu/debug/debugger.h.
 *
 *     GDB --- link.c: sockets, a thread --- stub.c: packets --- emu/debug
 *                                             packet.c, registers.c, access.c, points.c, query.c
 *
 * The model. The machine stands until the first GDB has come, and whenever one comes later. It runs when GDB says so,
 * and when GDB detaches; when a connection is lost it does as before and the next GDB finds it there. GDB may connect,
 * look, stop and step as it likes: the guest sees nothing of it, except what GDB writes.
 */
#ifndef FAULTLINE_GDB_H
#define FAULTLINE_GDB_H

#include "emu/debug/control.h"

struct gdb;

/* Listens; see link.h for `where`. NULL and one sentence. */
struct gdb *gdb_listen(const char *where, char *error, size_t error_size);
const char *gdb_name(const struct gdb *gdb); /* for `target remote` */
void gdb_close(struct gdb *gdb);             /* NULL is allowed */

struct gdb_session {
    struct session *session;
    const struct session_config *machine; /* of that session */
    bool (*overdue)(void *owner);         /* optional: the limit of host time has passed */
    void *owner;
    struct control *control; /* optional: the machine is shown in a window, and this is its play() */
};
/* Serves until the machine can go no further, GDB kills it, or time is up. Returns how the machine stopped. */
enum machine_stop gdb_serve(struct gdb *gdb, const struct gdb_session *session, char *error, size_t error_size);

#endif
