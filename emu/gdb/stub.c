/* The stub: see stub.h. Packets in, replies out, going on and stopping. */
#include "emu/gdb/internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNAL_INTERRUPT 2u
#define SIGNAL_ABORT 6u
#define SIGNAL_TRAP 5u

struct stub *stub_create(const struct stub_config *config) {
    struct stub *stub = calloc(1, sizeof(*stub));
    struct cli_config cli = {.machine = config->machine};
    if (!stub || !(stub->cli = cli_create(&cli))) {
        free(stub);
        return NULL;
    }
    stub->config = *config;
    stub->debugger = session_debugger(config->session);
    return stub;
}

void stub_destroy(struct stub *stub) {
    if (!stub)
        return;
    cli_destroy(stub->cli);
    free(stub);
}

enum stub_state stub_state(const struct stub *stub) { return stub->state; }

void stub_connected(struct stub *stub) {
    packets_reset(&stub->in);
    stub->no_ack = stub->interrupted = false;
    stub->wide = is_wide(stub);
    stub->state = STUB_STANDS;
}

void stub_gone(struct stub *stub) {
    remove_points(stub);
    packets_reset(&stub->in);
}

/* ---- replies ---- */

void reply_text(struct stub *stub, const char *text) {
    size_t length = strlen(text);
    stub->length = length < PACKET_BYTES ? length : PACKET_BYTES;
    memcpy(stub->reply, text, stub->length);
}

void reply_format(struct stub *stub, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(stub->reply, sizeof(stub->reply), format, arguments);
    va_end(arguments);
    stub->length = length < 0 ? 0 : (size_t)length < PACKET_BYTES ? (size_t)length : PACKET_BYTES;
}

void reply_ok(struct stub *stub) { reply_text(stub, "OK"); }
void reply_error(struct stub *stub, unsigned number) { reply_format(stub, "E%02x", number); }

static void send_reply(struct stub *stub) {
    size_t bytes = packet_frame(stub->reply, stub->length, stub->framed);
    stub->config.send(stub->config.owner, stub->framed, bytes);
}

bool read_number(const char **at, uint64_t *value) {
    const char *start = *at;
    *value = 0;
    for (int digit; (digit = packet_digit(**at)) >= 0; ++*at) {
        if (*value >> 60)
            return false;
        *value = *value << 4 | (uint64_t)digit;
    }
    return *at > start;
}

/* ---- going on and stopping ---- */

void stub_go(struct stub *stub, enum debug_go how) {
    debugger_go(stub->debugger, how);
    stub->state = STUB_RUNS;
}

/* Why it stands, as GDB wants to hear it. */
static void tell_stop(struct stub *stub) {
    static const char *const watches[] = {"watch", "rwatch", "awatch"};
    const struct debug_stop *stop = debugger_stop(stub->debugger);
    const struct stub_point *point = point_by_id(stub, stop->point);
    unsigned signal = stub->interrupted ? SIGNAL_INTERRUPT : SIGNAL_TRAP;
    stub->interrupted = false;
    if (point && point->kind >= '2')
        reply_format(stub, "T%02x%s:%" PRIx64 ";thread:1;", signal, watches[point->kind - '2'], stop->linear);
    else if (point)
        reply_format(stub, "T%02x%s:;thread:1;", signal, point->kind == '0' ? "swbreak" : "hwbreak");
    else
        reply_format(stub, "T%02xthread:1;", signal);
}

static void tell_end(struct stub *stub) {
    struct machine *machine = session_machine(stub->config.session);
    if (debugger_stop(stub->debugger)->machine == MACHINE_STOP_EXIT)
        reply_format(stub, "W%02x", machine_exit_status(machine) & 0xff);
    else
        reply_format(stub, "X%02x", SIGNAL_ABORT);
}

/* A stop that GDB has not asked for is told on its console. */
static void say_reason(struct stub *stub, const struct debug_stop *stop) {
    char line[sizeof(stop->text) + 2];
    bool ours = stop->point ? point_by_id(stub, stop->point) != NULL
                            : stop->reason == REASON_STEP || stop->reason == REASON_REQUEST;
    if (ours)
        return;
    snprintf(line, sizeof(line), "%s\n", stop->text);
    say_console(stub, line);
}

void stub_stopped(struct stub *stub) {
    const struct debug_stop *stop = debugger_stop(stub->debugger);
    if (stub->state == STUB_LEFT)
        return;
    stub->state = STUB_STANDS;
    say_reason(stub, stop);
    if (stop->reason == REASON_END)
        tell_end(stub);
    else
        tell_stop(stub);
    send_reply(stub);
}

/* c and s may name an address to go on from. */
static void go_from(struct stub *stub, const char *address, enum debug_go how) {
    struct cpu *cpu = machine_cpu(session_machine(stub->config.session));
    struct cpu_registers registers;
    uint64_t linear;
    if (*address) {
        cpu_read_registers(cpu, &registers);
        if (!read_number(&address, &linear) || *address) {
            reply_error(stub, STUB_EINVAL);
            return;
        }
        registers.rip = linear;
        if (!cpu_write_registers(cpu, &registers)) {
            reply_error(stub, STUB_EINVAL);
            return;
        }
    }
    stub_go(stub, how);
}

static void detach(struct stub *stub) {
    reply_ok(stub);
    remove_points(stub);
    stub->state = STUB_LEFT;
}

/* ---- packets ---- */

static void obey(struct stub *stub, const char *data, size_t length) {
    switch (data[0]) {
    case '?': tell_stop(stub); return;
    case 'g': read_registers(stub); return;
    case 'G': write_registers(stub, data + 1, length - 1); return;
    case 'p': read_register(stub, data + 1); return;
    case 'P': write_register(stub, data + 1); return;
    case 'm': read_memory(stub, data + 1); return;
    case 'M': write_memory(stub, data + 1, length - 1, false); return;
    case 'X': write_memory(stub, data + 1, length - 1, true); return;
    case 'Z':
    case 'z': change_point(stub, data); return;
    case 'c': go_from(stub, data + 1, GO_RUN); return;
    case 's': go_from(stub, data + 1, GO_INTO); return;
    case 'C': stub_go(stub, GO_RUN); return;
    case 'S': stub_go(stub, GO_INTO); return;
    case 'D': detach(stub); return;
    case 'k': stub->state = STUB_KILLED; return;
    case 'H':
    case 'T': reply_ok(stub); return;
    default: query_packet(stub, data, length); return; /* an empty reply: not known here */
    }
}

/* While it runs there is nothing to say but stop; a packet then is a mistake of GDB's. */
static void take_packet(struct stub *stub) {
    stub->length = 0;
    if (!stub->no_ack)
        stub->config.send(stub->config.owner, "+", 1);
    if (stub->state == STUB_RUNS && strncmp(stub->in.data, "vKill", 5) != 0 && stub->in.data[0] != 'k' &&
        stub->in.data[0] != 'D')
        reply_error(stub, STUB_EINVAL);
    else
        obey(stub, stub->in.data, stub->in.length);
    if (stub->state != STUB_RUNS && !(stub->state == STUB_KILLED && stub->length == 0))
        send_reply(stub);
    else if (stub->length > 0) /* refused while running */
        send_reply(stub);
}

static void interrupt(struct stub *stub) {
    if (stub->state != STUB_RUNS)
        return;
    stub->interrupted = true;
    stub->state = STUB_STANDS;
    tell_stop(stub);
    send_reply(stub);
}

void stub_take(struct stub *stub, const char *bytes, size_t count) {
    for (size_t i = 0; i < count && stub->state != STUB_KILLED && stub->state != STUB_LEFT; i++)
        switch (packets_take(&stub->in, (uint8_t)bytes[i])) {
        case PACKET_READY: take_packet(stub); break;
        case PACKET_INTERRUPT: interrupt(stub); break;
        case PACKET_LONG:
            if (!stub->no_ack)
                stub->config.send(stub->config.owner, "+", 1);
            reply_error(stub, STUB_E2BIG);
            send_reply(stub);
            break;
        case PACKET_BAD:
            if (!stub->no_ack)
                stub->config.send(stub->config.owner, "-", 1);
            break;
        case PACKET_NACK: /* the last reply again */
            if (stub->length > 0)
                send_reply(stub);
            break;
        default: break;
        }
}
