/*
 * The connection to GDB: one listening socket, one client at a time, a thread that reads.
 *
 * The model. The thread waits for clients and bytes and puts them where the machine's thread finds them (link_take);
 * `notice` is called on the thread whenever there is something new, so that a machine that runs can be paused. At most
 * LINK_BYTES wait; while there is no room, nothing is read. A second client is told that there is one already and is
 * sent away; one that has not said a byte yet gives way to it instead. A client that does not read loses its
 * connection. Nothing here knows what the bytes mean.
 */
#ifndef FAULTLINE_GDB_LINK_H
#define FAULTLINE_GDB_LINK_H

#include <stdbool.h>
#include <stddef.h>

#define LINK_BYTES 65536u

struct link;

/* where: "PORT" (of 127.0.0.1; 0: any that is free), "HOST:PORT", "[IPV6]:PORT" or "unix:PATH". NULL and one sentence.
 * The thread starts with link_start(). */
struct link *link_listen(const char *where, char *error, size_t error_size);
/* What GDB's `target remote` takes: "127.0.0.1:1234", "/tmp/socket". */
const char *link_name(const struct link *link);
bool link_start(struct link *link, void (*notice)(void *owner), void *owner, char *error, size_t error_size);
void link_stop(struct link *link);  /* ends the thread, and the connection: nothing is noticed any more */
void link_close(struct link *link); /* NULL is allowed */

struct link_news {
    bool connected, gone; /* a client has come; the one that was there has left. Both: another one is there now */
    size_t count;         /* bytes that were taken, all of the newest client */
};
/* What is new; waits at most `milliseconds` for it. */
struct link_news link_take(struct link *link, char *bytes, size_t most, int milliseconds);
bool link_has_news(struct link *link);
void link_send(struct link *link, const char *bytes, size_t count);
void link_drop_client(struct link *link);

#endif
