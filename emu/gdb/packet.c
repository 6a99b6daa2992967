/* Packets: see packet.h. */
#include "emu/gdb/packet.h"

#include <string.h>

#define ESCAPE '}'
#define ESCAPE_XOR 0x20
#define CTRL_C 0x03

void packets_reset(struct packets *packets) {
    packets->place = PACKET_OUTSIDE;
    packets->length = 0;
}

int packet_digit(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

void packet_put_hex(char *to, const void *bytes, size_t count) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i++) {
        *to++ = digits[from[i] >> 4];
        *to++ = digits[from[i] & 15];
    }
    *to = '\0';
}

bool packet_get_hex(const char *from, void *bytes, size_t count) {
    uint8_t *to = bytes;
    for (size_t i = 0; i < count; i++) {
        int high = packet_digit(from[2 * i]), low = high < 0 ? -1 : packet_digit(from[2 * i + 1]);
        if (low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- in ---- */

static void begin(struct packets *packets) {
    packets->place = PACKET_INSIDE;
    packets->length = 0;
    packets->sum = 0;
    packets->escaped = packets->too_long = false;
}

static enum packet_event take_outside(struct packets *packets, uint8_t byte) {
    switch (byte) {
    case '$': begin(packets); return PACKET_NONE;
    case CTRL_C: return PACKET_INTERRUPT;
    case '+': return PACKET_ACK;
    case '-': return PACKET_NACK;
    default: return PACKET_NONE;
    }
}

static void keep(struct packets *packets, uint8_t byte) {
    if (packets->length == PACKET_BYTES)
        packets->too_long = true;
    else
        packets->data[packets->length++] = (char)byte;
}

static void take_inside(struct packets *packets, uint8_t byte) {
    if (byte == '$') { /* a byte that is always escaped in data: the packet before it was cut off */
        begin(packets);
        return;
    }
    if (byte == '#') {
        packets->place = PACKET_SUM_HIGH;
        return;
    }
    packets->sum = (uint8_t)(packets->sum + byte);
    if (packets->escaped) {
        packets->escaped = false;
        keep(packets, byte ^ ESCAPE_XOR);
    } else if (byte == ESCAPE) {
        packets->escaped = true;
    } else {
        keep(packets, byte);
    }
}

static enum packet_event finish(struct packets *packets) {
    packets->place = PACKET_OUTSIDE;
    packets->data[packets->length] = '\0';
    if (packets->given != packets->sum)
        return PACKET_BAD;
    return packets->too_long ? PACKET_LONG : PACKET_READY;
}

enum packet_event packets_take(struct packets *packets, uint8_t byte) {
    int digit = packet_digit((char)byte);
    switch (packets->place) {
    case PACKET_OUTSIDE: return take_outside(packets, byte);
    case PACKET_INSIDE: take_inside(packets, byte); return PACKET_NONE;
    case PACKET_SUM_HIGH:
        packets->given = digit < 0 ? -1 : digit << 4;
        packets->place = PACKET_SUM_LOW;
        return PACKET_NONE;
    default: packets->given = digit < 0 || packets->given < 0 ? -1 : packets->given | digit; return finish(packets);
    }
}

/* ---- out ---- */

size_t packet_frame(const char *data, size_t length, char *to) {
    uint8_t sum = 0;
    size_t at = 0;
    to[at++] = '$';
    for (size_t i = 0; i < length; i++) {
        bool hide = data[i] == '$' || data[i] == '#' || data[i] == ESCAPE || data[i] == '*';
        if (hide)
            to[at++] = ESCAPE;
        to[at++] = (char)(hide ? data[i] ^ ESCAPE_XOR : data[i]);
    }
    for (size_t i = 1; i < at; i++)
        sum = (uint8_t)(sum + (uint8_t)to[i]);
    to[at++] = '#';
    to[at++] = "0123456789abcdef"[sum >> 4];
    to[at++] = "0123456789abcdef"[sum & 15];
    return at;
}
