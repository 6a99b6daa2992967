/* What the files of the stub share: stub.c (packets in and out, running), query.c (q, v and Q packets, monitor),
 * access.c (registers, memory), points.c (Z and z). */
#ifndef FAULTLINE_GDB_INTERNAL_H
#define FAULTLINE_GDB_INTERNAL_H

#include "emu/cli/cli.h"
#include "emu/gdb/packet.h"
#include "emu/gdb/registers.h"
#include "emu/gdb/stub.h"

#define DESCRIPTION_BYTES 16384u

struct stub_point {
    char kind; /* '0' .. '4', as in the packet */
    uint64_t address, bytes;
    unsigned id; /* of the debugger's point */
};

struct stub {
    struct stub_config config;
    struct debugger *debugger;
    struct cli *cli; /* answers monitor commands */
    struct packets in;
    enum stub_state state;
    bool no_ack, interrupted;
    bool wide; /* the description that GDB was given is that of 64 bits */
    struct stub_point points[DEBUG_POINTS_MAX];
    unsigned point_count;
    size_t length; /* of reply */
    char reply[PACKET_BYTES + 1];
    char framed[PACKET_FRAMED];
    char description[DESCRIPTION_BYTES];
};

/* stub.c: the reply of the packet at hand. More than a packet holds is cut. */
void reply_text(struct stub *stub, const char *text);
void reply_format(struct stub *stub, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reply_ok(struct stub *stub);
void reply_error(struct stub *stub, unsigned number); /* E and a number that GDB shows */
#define STUB_ENOENT 2u
#define STUB_E2BIG 7u
#define STUB_EFAULT 14u
#define STUB_EINVAL 22u
#define STUB_ENOSPC 28u
void say_console(struct stub *stub, const char *text); /* on GDB's console, at once */
void stub_go(struct stub *stub, enum debug_go how);

/* A hexadecimal number; moves *at behind it. False: there is none, or it has more than 64 bits. */
bool read_number(const char **at, uint64_t *value);

/* query.c: true when the packet was one of these. */
bool query_packet(struct stub *stub, const char *data, size_t length);
/* access.c */
void read_registers(struct stub *stub);
void write_registers(struct stub *stub, const char *hex, size_t length);
void read_register(struct stub *stub, const char *text);
void write_register(struct stub *stub, const char *text);
void read_memory(struct stub *stub, const char *text);
void write_memory(struct stub *stub, const char *text, size_t length, bool binary);
bool is_wide(struct stub *stub); /* the processor is in long mode */
/* points.c */
void change_point(struct stub *stub, const char *data);
void remove_points(struct stub *stub);
const struct stub_point *point_by_id(const struct stub *stub, unsigned id);

#endif
