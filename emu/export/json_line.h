/*
 * One line of JSON, read in place.
 *
 * The model. The caller owns the bytes of the line; parsing turns them into a flat list of values in the order of the
 * text, each of which names its next brother and its first child by index. Strings are decoded where they stand and
 * end in a NUL, so that no value needs memory of its own. The grammar is all of RFC 8259 but for bytes above 7e, which
 * no trace has: they are refused. An escape above \u00ff and \u0000 become '?', as the writer does it.
 */
#ifndef FAULTLINE_EXPORT_JSON_LINE_H
#define FAULTLINE_EXPORT_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_VALUES_MAX 2048u
#define JSON_DEPTH_MAX 16u

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };

struct json_value {
    const char *key;  /* NULL: an element of an array, or the whole */
    const char *text; /* of a string, with a NUL after it; of a number, without */
    uint32_t length;
    uint16_t child, next; /* indices; 0: none */
    uint16_t asked;       /* of an object: the member after the last that was found */
    uint8_t kind;         /* enum json_kind */
};

struct json_line {
    struct json_value values[JSON_VALUES_MAX]; /* [0] is the whole */
    size_t count;
    const char *problem; /* after a failure: what is wrong */
    size_t column;       /* ... and where, from 1 */
};

/* text: length bytes and a NUL after them. False: problem and column say why. */
bool json_parse(struct json_line *line, char *text, size_t length);
/* NULL: object is NULL or no object, or has no such member. Asking in the order of the text is cheapest. */
const struct json_value *json_member(struct json_line *line, const struct json_value *object, const char *key);
const struct json_value *json_child(const struct json_line *line, const struct json_value *parent); /* NULL: none */
const struct json_value *json_next(const struct json_line *line, const struct json_value *value);   /* NULL: last */
/* False: no number, or none that fits. The signed one takes -(2^63 - 1) to 2^63 - 1; hex: a string "0x" and 1 to 16
 * digits. */
bool json_unsigned(const struct json_value *value, uint64_t *to);
bool json_integer(const struct json_value *value, int64_t *to);
bool json_hexadecimal(const struct json_value *value, uint64_t *to);

#endif
