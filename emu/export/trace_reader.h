/*
 * A trace, line by line: what `faultline run --trace` wrote comes back as the structures that it was written from.
 *
 * The model. A line becomes a struct story_fault or a record of the trace-port ABI, so that everything which tells a
 * fault or an event of a running machine tells one of a file with the same words, and writing a line again gives the
 * same bytes (tests/export). What the documentation promises about later versions holds: an event type that this
 * version does not know, and keys that it does not know, are passed over; a known key that is missing counts as 0, ""
 * or null. What cannot be right ends the reading with one sentence that names the line: bytes that are no JSON, a value
 * of the wrong type, a number that does not fit, a line beyond TRACE_LINE_MAX. Memory is bounded: one line is held at a
 * time.
 */
#ifndef FAULTLINE_EXPORT_TRACE_READER_H
#define FAULTLINE_EXPORT_TRACE_READER_H

#include "emu/story/story.h"

#include <stdio.h>

#define TRACE_LINE_MAX 262144u
/* The largest time of a line, in blocks: its nanoseconds fit 63 bits. */
#define TRACE_BLOCKS_MAX ((UINT64_C(1) << 61) - 1)

enum trace_kind {
    TRACE_FAULT,  /* fault */
    TRACE_EVENT,  /* record */
    TRACE_UNKNOWN /* an event type of a later version, or one that the guest made up: type only */
};

struct trace_entry {
    enum trace_kind kind;
    char type[48];   /* the word in the file, cut when it is longer */
    uint64_t blocks; /* of an event; of a fault the time of its end */
    uint32_t task;
    struct story_fault fault;
    union {
        struct flt_record head;
        uint32_t words[FLT_RECORD_MAX / 4];
    } record;
};

struct trace_reader;

/* name: how messages call the file. The stream stays the caller's. NULL: no memory. */
struct trace_reader *trace_reader_create(FILE *stream, const char *name);
void trace_reader_destroy(struct trace_reader *reader);
/* The next entry, valid until the next call. NULL: the end, or a problem. */
const struct trace_entry *trace_reader_next(struct trace_reader *reader);
/* After NULL: one sentence without a full stop, or NULL when the file was read to its end. */
const char *trace_reader_problem(const struct trace_reader *reader);
uint64_t trace_reader_bytes(const struct trace_reader *reader); /* read so far */
uint64_t trace_reader_lines(const struct trace_reader *reader);

#endif
