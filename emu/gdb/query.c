/* q, Q, v and T packets: what can be asked about the stub, the target description, monitor commands. */
#include "emu/gdb/internal.h"

#include <stdio.h>
#include <string.h>

#define CONSOLE_PIECE ((PACKET_BYTES - 1) / 2)
#define THREAD "1"

static bool starts(const char *data, const char *with) { return strncmp(data, with, strlen(with)) == 0; }

static void tell_supported(struct stub *stub) {
    reply_format(stub,
                 "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+;no-resumed-",
                 PACKET_BYTES);
}

/* ---- the target description ---- */

static void tell_description(struct stub *stub, const char *range) {
    uint64_t offset, count;
    if (!read_number(&range, &offset) || *range++ != ',' || !read_number(&range, &count)) {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    if (offset == 0)
        stub->wide = is_wide(stub);
    size_t whole = registers_describe(stub->wide, stub->description, sizeof(stub->description));
    if (offset > whole) {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    size_t left = whole - (size_t)offset, room = PACKET_BYTES - 1;
    if (count < room)
        room = (size_t)count;
    stub->reply[0] = left > room ? 'm' : 'l';
    stub->length = 1 + (left > room ? room : left);
    memcpy(stub->reply + 1, stub->description + offset, stub->length - 1);
}

/* ---- monitor ---- */

void say_console(struct stub *stub, const char *text) {
    char hex[2 * CONSOLE_PIECE + 2];
    for (size_t left = strlen(text), count; left > 0; text += count, left -= count) {
        count = left < CONSOLE_PIECE ? left : CONSOLE_PIECE;
        hex[0] = 'O';
        packet_put_hex(hex + 1, text, count);
        size_t bytes = packet_frame(hex, 1 + 2 * count, stub->framed);
        stub->config.send(stub->config.owner, stub->framed, bytes);
    }
}

static void monitor(struct stub *stub, const char *hex) {
    char line[1024];
    size_t digits = strlen(hex), count = digits / 2;
    if (digits % 2 || count >= sizeof(line) || !packet_get_hex(hex, line, count)) {
        reply_error(stub, STUB_EINVAL);
        return;
    }
    line[count] = '\0';
    say_console(stub, cli_answer(stub->cli, stub->config.session, line));
    reply_ok(stub);
}

/* ---- vCont ---- */

/* The first action that is for our thread counts; the others are for threads that do not exist. */
static void resume(struct stub *stub, const char *action) {
    switch (action[0]) {
    case 'c':
    case 'C': stub_go(stub, GO_RUN); return;
    case 's':
    case 'S': stub_go(stub, GO_INTO); return;
    default: reply_error(stub, STUB_EINVAL); return;
    }
}

static bool v_packet(struct stub *stub, const char *data) {
    if (strcmp(data, "vCont?") == 0)
        reply_text(stub, "vCont;c;C;s;S");
    else if (starts(data, "vCont;"))
        resume(stub, data + strlen("vCont;"));
    else if (starts(data, "vKill")) {
        stub->state = STUB_KILLED;
        reply_ok(stub);
    } else
        return false;
    return true;
}

/* ---- questions with one answer ---- */

static const struct {
    const char *question, *answer;
} answers[] = {
    {"qC", "QC" THREAD},
    {"qfThreadInfo", "m" THREAD},
    {"qsThreadInfo", "l"},
    {"qAttached", "1"},
    {"qAttached:1", "1"},
    {"qSymbol::", "OK"},
    {"qThreadExtraInfo," THREAD, "746865206f6e652043505520"}, /* "the one CPU " */
};

bool query_packet(struct stub *stub, const char *data, size_t length) {
    (void)length;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (strcmp(data, answers[i].question) == 0) {
            reply_text(stub, answers[i].answer);
            return true;
        }
    if (starts(data, "qSupported"))
        tell_supported(stub);
    else if (strcmp(data, "QStartNoAckMode") == 0) {
        reply_ok(stub);
        stub->no_ack = true;
    } else if (starts(data, "qXfer:features:read:target.xml:"))
        tell_description(stub, data + strlen("qXfer:features:read:target.xml:"));
    else if (starts(data, "qXfer:features:read:"))
        reply_error(stub, STUB_ENOENT);
    else if (starts(data, "qRcmd,"))
        monitor(stub, data + strlen("qRcmd,"));
    else
        return data[0] == 'v' && v_packet(stub, data);
    return true;
}
