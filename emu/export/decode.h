/* From the members of a JSON object to the structures of emu/story. A failure leaves one phrase in decode.problem. */
#ifndef FAULTLINE_EXPORT_DECODE_H
#define FAULTLINE_EXPORT_DECODE_H

#include "emu/export/json_line.h"
#include "emu/export/trace_reader.h"

struct decode {
    struct json_line *line;
    char problem[160]; /* "" none; the first one stays */
};

/* Each takes the member `key` of object; one that is missing or null gives 0 or "". A value of another type, or one
 * above most, is a problem. */
uint64_t decode_number(struct decode *decode, const struct json_value *object, const char *key, uint64_t most);
int64_t decode_signed(struct decode *decode, const struct json_value *object, const char *key);
uint64_t decode_hex(struct decode *decode, const struct json_value *object, const char *key, uint64_t most);
bool decode_bool(struct decode *decode, const struct json_value *object, const char *key);
/* Printable ASCII, cut to size - 1 bytes; any other byte becomes '?'. */
void decode_text(struct decode *decode, const struct json_value *object, const char *key, char *to, size_t size);
/* A member that is an object or, for `array`, an array; NULL when it is missing or null. */
const struct json_value *decode_inner(struct decode *decode, const struct json_value *object, const char *key,
                                      enum json_kind kind);
void decode_fault(struct decode *decode, const struct json_value *object, struct story_fault *fault);
/* type: an enum flt_type that has a table. */
void decode_event(struct decode *decode, const struct json_value *object, uint16_t type, struct flt_record *record);

#endif
