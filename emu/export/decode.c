/* Values by key and guest events; fault records are in decode_fault.c. */
#include "emu/export/decode.h"

#include "emu/story/event_types.h"

#include <string.h>

/* The key of a message is one of ours, never text of the file. */
static void wrong(struct decode *decode, const char *key, const char *what) {
    if (!decode->problem[0])
        snprintf(decode->problem, sizeof decode->problem, "\"%s\" is not %s", key, what);
}

static const struct json_value *member(struct decode *decode, const struct json_value *object, const char *key) {
    const struct json_value *value = json_member(decode->line, object, key);
    return value && value->kind == JSON_NULL ? NULL : value;
}

uint64_t decode_number(struct decode *decode, const struct json_value *object, const char *key, uint64_t most) {
    const struct json_value *value = member(decode, object, key);
    uint64_t number = 0;
    if (!value || (json_unsigned(value, &number) && number <= most))
        return number;
    wrong(decode, key, value->kind == JSON_NUMBER ? "a number that fits there" : "a number");
    return 0;
}

int64_t decode_signed(struct decode *decode, const struct json_value *object, const char *key) {
    const struct json_value *value = member(decode, object, key);
    int64_t number = 0;
    if (!value || (json_integer(value, &number) && number >= INT32_MIN && number <= INT32_MAX))
        return number;
    wrong(decode, key, "a whole number of 32 bits");
    return 0;
}

uint64_t decode_hex(struct decode *decode, const struct json_value *object, const char *key, uint64_t most) {
    const struct json_value *value = member(decode, object, key);
    uint64_t number = 0;
    if (!value || (json_hexadecimal(value, &number) && number <= most))
        return number;
    wrong(decode, key, most == UINT32_MAX ? "hexadecimal text of 32 bits" : "hexadecimal text such as \"0x1a\"");
    return 0;
}

bool decode_bool(struct decode *decode, const struct json_value *object, const char *key) {
    const struct json_value *value = member(decode, object, key);
    if (value && value->kind != JSON_TRUE && value->kind != JSON_FALSE)
        wrong(decode, key, "true or false");
    return value && value->kind == JSON_TRUE;
}

static const struct json_value *text_member(struct decode *decode, const struct json_value *object, const char *key) {
    const struct json_value *value = member(decode, object, key);
    if (!value || value->kind == JSON_STRING)
        return value;
    wrong(decode, key, "text");
    return NULL;
}

void decode_text(struct decode *decode, const struct json_value *object, const char *key, char *to, size_t size) {
    const struct json_value *value = text_member(decode, object, key);
    size_t length = 0;
    for (; value && length < value->length && length < size - 1; length++) {
        char byte = value->text[length];
        to[length] = byte >= 0x20 && byte <= 0x7e ? byte : '?';
    }
    to[length] = '\0';
}

const struct json_value *decode_inner(struct decode *decode, const struct json_value *object, const char *key,
                                      enum json_kind kind) {
    const struct json_value *value = member(decode, object, key);
    if (!value || value->kind == kind)
        return value;
    wrong(decode, key, kind == JSON_ARRAY ? "an array" : "an object");
    return NULL;
}

/* The guest's own bytes: they fill their field to the last one when they are that many, and need no NUL. */
static void decode_event_text(struct decode *decode, const struct json_value *object, const struct event_member *to,
                              char *bytes) {
    size_t size = to->form == EVENT_TEXT16 ? 16 : 32;
    const struct json_value *value = text_member(decode, object, to->key);
    if (value)
        memcpy(bytes + to->offset, value->text, value->length < size ? value->length : size);
}

void decode_event(struct decode *decode, const struct json_value *object, uint16_t type, struct flt_record *record) {
    const struct event_type *table = story_event_type(type);
    char *bytes = (char *)record;
    memset(record, 0, table->bytes);
    record->type = type;
    record->bytes = table->bytes;
    record->task = (uint32_t)decode_number(decode, object, "task", UINT32_MAX);
    for (const struct event_member *to = table->members; to->key; to++) {
        uint32_t value;
        if (to->form == EVENT_TEXT16 || to->form == EVENT_TEXT32) {
            decode_event_text(decode, object, to, bytes);
            continue;
        }
        if (to->form == EVENT_NUMBER)
            value = (uint32_t)decode_number(decode, object, to->key, UINT32_MAX);
        else if (to->form == EVENT_SIGNED)
            value = (uint32_t)decode_signed(decode, object, to->key);
        else
            value = (uint32_t)decode_hex(decode, object, to->key, UINT32_MAX);
        memcpy(bytes + to->offset, &value, sizeof value);
    }
}
