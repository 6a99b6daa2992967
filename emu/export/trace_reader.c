/* See trace_reader.h. A window of TRACE_LINE_MAX bytes slides over the stream; a line is decoded where it lies. */
#include "emu/export/decode.h"

#include "emu/story/event_types.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct trace_reader {
    FILE *stream;
    const char *name;
    char *buffer; /* TRACE_LINE_MAX + 1 bytes; [from, to) is not used yet */
    size_t from, to;
    bool at_end;
    uint64_t lines, bytes;
    char problem[512];
    struct json_line json;
    struct trace_entry entry;
};

struct trace_reader *trace_reader_create(FILE *stream, const char *name) {
    struct trace_reader *reader = calloc(1, sizeof *reader);
    char *buffer = malloc(TRACE_LINE_MAX + 1);
    if (!reader || !buffer) {
        free(reader);
        free(buffer);
        return NULL;
    }
    reader->stream = stream;
    reader->name = name;
    reader->buffer = buffer;
    return reader;
}

void trace_reader_destroy(struct trace_reader *reader) {
    if (!reader)
        return;
    free(reader->buffer);
    free(reader);
}

static const struct trace_entry *refuse(struct trace_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const struct trace_entry *refuse(struct trace_reader *reader, const char *format, ...) {
    char what[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(reader->problem, sizeof reader->problem, "the trace '%.150s' cannot be used: line %" PRIu64 " %s",
             reader->name, reader->lines, what);
    return NULL;
}

/* More bytes behind [from, to), moved to the front. False: none came. */
static bool fill(struct trace_reader *reader) {
    memmove(reader->buffer, reader->buffer + reader->from, reader->to - reader->from);
    reader->to -= reader->from;
    reader->from = 0;
    size_t got = fread(reader->buffer + reader->to, 1, TRACE_LINE_MAX - reader->to, reader->stream);
    reader->to += got;
    reader->bytes += got;
    reader->at_end = got == 0;
    return got > 0;
}

/* The next line, ended by a NUL. *whole: a line feed ended it. NULL: end, or a problem. */
static char *next_line(struct trace_reader *reader, size_t *length, bool *whole) {
    char *feed;
    size_t looked = 0;
    while (!(feed = memchr(reader->buffer + reader->from + looked, '\n', reader->to - reader->from - looked))) {
        looked = reader->to - reader->from;
        if (looked == TRACE_LINE_MAX) {
            reader->lines++;
            refuse(reader, "is longer than %u bytes, which no line of a trace is", TRACE_LINE_MAX);
            return NULL;
        }
        if (!fill(reader))
            break;
    }
    *whole = feed != NULL;
    if (!feed && reader->from == reader->to)
        return NULL;
    char *line = reader->buffer + reader->from;
    *length = feed ? (size_t)(feed - line) : reader->to - reader->from;
    line[*length] = '\0';
    reader->from += *length + *whole;
    reader->lines++;
    return line;
}

static bool decode_entry(struct decode *decode, struct trace_entry *entry) {
    const struct json_value *object = &decode->line->values[0];
    decode_text(decode, object, "type", entry->type, sizeof entry->type);
    int type = story_event_type_named(entry->type);
    if (strcmp(entry->type, "fault") == 0) {
        entry->kind = TRACE_FAULT;
        decode_fault(decode, object, &entry->fault);
        entry->blocks = entry->fault.end_blocks;
        entry->task = entry->fault.pid;
    } else {
        entry->kind = type >= 0 ? TRACE_EVENT : TRACE_UNKNOWN;
        entry->blocks = decode_number(decode, object, "blocks", TRACE_BLOCKS_MAX);
        entry->task = (uint32_t)decode_number(decode, object, "task", UINT32_MAX);
        if (type >= 0)
            decode_event(decode, object, (uint16_t)type, &entry->record.head);
    }
    return decode->problem[0] == '\0';
}

static bool is_trace_line(struct json_line *json) {
    const struct json_value *type = json_member(json, &json->values[0], "type");
    return type && type->kind == JSON_STRING && type->length > 0;
}

static const struct trace_entry *decode_line(struct trace_reader *reader, char *line, size_t length, bool whole) {
    struct decode decode = {.line = &reader->json};
    if (!json_parse(&reader->json, line, length)) {
        if (!whole)
            return refuse(reader, "ends in the middle: the file is cut short; record the run again");
        return refuse(reader, "is not JSON at column %zu: %s; `faultline run --trace FILE` writes what this reads",
                      reader->json.column, reader->json.problem);
    }
    if (!is_trace_line(&reader->json))
        return refuse(reader, "is no object with a \"type\"; `faultline run --trace FILE` writes what this reads");
    if (!decode_entry(&decode, &reader->entry))
        return refuse(reader, "cannot be right: %s (docs/trace.md says what it must be)", decode.problem);
    return &reader->entry;
}

const struct trace_entry *trace_reader_next(struct trace_reader *reader) {
    size_t length;
    bool whole;
    if (reader->problem[0])
        return NULL;
    char *line = next_line(reader, &length, &whole);
    if (line)
        return decode_line(reader, line, length, whole);
    if (reader->problem[0])
        return NULL;
    if (ferror(reader->stream))
        snprintf(reader->problem, sizeof reader->problem, "the trace '%.150s' cannot be read: %s", reader->name,
                 strerror(errno));
    else if (reader->lines == 0)
        snprintf(reader->problem, sizeof reader->problem,
                 "the trace '%.150s' is empty; `faultline run --trace FILE` writes one", reader->name);
    return NULL;
}

const char *trace_reader_problem(const struct trace_reader *reader) {
    return reader->problem[0] ? reader->problem : NULL;
}

uint64_t trace_reader_bytes(const struct trace_reader *reader) { return reader->bytes; }
uint64_t trace_reader_lines(const struct trace_reader *reader) { return reader->lines; }
