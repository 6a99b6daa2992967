/* See out.h. Nothing here depends on the locale. */
#include "emu/story/out.h"

#include "emu/machine/machine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void out_init(struct out *out, char *buffer, size_t size) { *out = (struct out){buffer, size, 0, true}; }

size_t out_end(struct out *out) {
    if (out->size > 0)
        out->buffer[out->length < out->size ? out->length : out->size - 1] = '\0';
    return out->length;
}

void out_decimal(struct out *out, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    out_bytes(out, digits + at, sizeof digits - at);
}

void out_hex(struct out *out, uint64_t value, unsigned digits) {
    char text[16];
    size_t at = sizeof text;
    do {
        text[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (at > 0 && (value || sizeof text - at < digits));
    out_bytes(out, text + at, sizeof text - at);
}

void out_format(struct out *out, const char *format, ...) {
    size_t room = out->length < out->size ? out->size - out->length : 0;
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(room ? out->buffer + out->length : NULL, room, format, arguments);
    va_end(arguments);
    if (added > 0)
        out->length += (size_t)added;
}

void out_grouped(struct out *out, uint64_t value) {
    char digits[21];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, value);
    for (int i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0)
            out_bytes(out, " ", 1);
        out_bytes(out, digits + i, 1);
    }
}

void out_address(struct out *out, uint64_t value) {
    unsigned digits = value >> 48 ? 16 : value >> 32 ? 12 : 8;
    for (unsigned left = digits; left > 0; left -= 4) {
        if (left != digits)
            out_bytes(out, " ", 1);
        out_hex(out, value >> (4 * (left - 4)) & 0xffff, 4);
    }
}

void out_milliseconds(struct out *out, uint64_t blocks) {
    uint64_t nanoseconds = blocks * MACHINE_BLOCK_NS;
    out_format(out, "%" PRIu64 ".%06" PRIu64 " ms", nanoseconds / 1000000, nanoseconds % 1000000);
}

static bool json_plain(char byte) { return byte >= 0x20 && byte <= 0x7e && byte != '"' && byte != '\\'; }

static void json_escaped(struct out *out, char byte) {
    const char pair[] = {'\\', byte};
    if (byte == '"' || byte == '\\') {
        out_bytes(out, pair, 2);
        return;
    }
    out_string(out, "\\u00");
    out_hex(out, (unsigned char)byte, 2);
}

void out_json_string(struct out *out, const char *text, size_t size) {
    out_bytes(out, "\"", 1);
    for (size_t i = 0; i < size && text[i];) {
        size_t plain = i;
        while (plain < size && json_plain(text[plain]))
            plain++;
        out_bytes(out, text + i, plain - i);
        i = plain;
        if (i < size && text[i])
            json_escaped(out, text[i++]);
    }
    out_bytes(out, "\"", 1);
}
