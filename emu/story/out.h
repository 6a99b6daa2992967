/*
 * Text put together in a caller's buffer, counted as snprintf counts: length is that of the whole text, the buffer is
 * NUL-terminated whenever it has room for that. Records are written on every fault, so numbers and strings
 * have their own paths; out_format() is for prose.
 */
#ifndef FAULTLINE_STORY_OUT_H
#define FAULTLINE_STORY_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct out {
    char *buffer;
    size_t size, length;
    bool fresh; /* JSON: nothing written yet, or only an opening bracket */
};

void out_init(struct out *out, char *buffer, size_t size);
size_t out_end(struct out *out); /* terminates; returns the whole length */
static inline void out_bytes(struct out *out, const char *bytes, size_t count) {
    if (out->length < out->size) {
        size_t room = out->size - out->length;
        memcpy(out->buffer + out->length, bytes, count < room ? count : room);
    }
    out->length += count;
}
static inline void out_string(struct out *out, const char *text) { out_bytes(out, text, strlen(text)); }
void out_decimal(struct out *out, uint64_t value);
void out_hex(struct out *out, uint64_t value, unsigned digits); /* at least that many digits, no prefix */
void out_format(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

void out_grouped(struct out *out, uint64_t value);       /* "9 143" */
void out_address(struct out *out, uint64_t value);       /* "0804 8a2e", 12 or 16 digits when it needs them */
void out_milliseconds(struct out *out, uint64_t blocks); /* "41.382116 ms" */
void out_json_string(struct out *out, const char *text,
                     size_t size); /* quoted; bytes up to a NUL or size, none above 7e raw */

#endif
