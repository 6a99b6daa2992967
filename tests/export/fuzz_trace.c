/*
 * Any bytes as a trace: it is read to its end or refused with one sentence, every form of it is written, nothing
 * crashes. Then the same with the lines alone that are good, so that wrong numbers get past a first bad line and into
 * the exporters.
 */
#include "emu/export/export.h"
#include "tests/story/fuzz.h"

#include <stdlib.h>
#include <string.h>

static FILE *nowhere;

static void check(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

typedef bool export_form(struct trace_reader *reader);

static bool as_text(struct trace_reader *reader) {
    const struct export_filter filter = {0};
    return export_text(reader, &filter, false, nowhere);
}

static bool as_story(struct trace_reader *reader) {
    const struct export_filter filter = {.to_ns = UINT64_MAX, .by_pid = true, .pid = 7};
    return export_text(reader, &filter, true, nowhere);
}

static bool as_summary(struct trace_reader *reader) {
    const struct export_filter filter = {0};
    return export_summary(reader, &filter, nowhere);
}

static bool as_perfetto(struct trace_reader *reader) { return export_perfetto(reader, nowhere); }

static bool as_report(struct trace_reader *reader) {
    const struct export_page page = {"a title", 20};
    return export_report(reader, &page, nowhere);
}

/* True: the bytes are a trace. */
static bool convert(const char *bytes, size_t size, export_form *form) {
    FILE *stream = fmemopen((void *)(uintptr_t)bytes, size, "r");
    struct trace_reader *reader = stream ? trace_reader_create(stream, "bytes") : NULL;
    check(reader, "memory");
    bool good = form(reader);
    const char *problem = trace_reader_problem(reader);
    check(good == !problem, "a problem is told, and only then");
    check(!problem || (strlen(problem) > 20 && !strchr(problem, '\n')), "it is one sentence");
    trace_reader_destroy(reader);
    fclose(stream);
    return good;
}

static void convert_all(const char *bytes, size_t size) {
    static export_form *const forms[] = {as_summary, as_text, as_story, as_perfetto, as_report};
    bool first = convert(bytes, size, forms[0]);
    for (size_t i = 1; i < sizeof forms / sizeof forms[0]; i++)
        check(convert(bytes, size, forms[i]) == first, "all forms agree on what a trace is");
}

/* Bytes up to the end of the line after `lines` whole ones. */
static size_t length_of_lines(const char *bytes, size_t size, uint64_t lines) {
    size_t at = 0;
    for (; lines > 0 && at < size; lines--) {
        const char *feed = memchr(bytes + at, '\n', size - at);
        at = feed ? (size_t)(feed - bytes) + 1 : size;
    }
    return at;
}

/* How many lines a trace begins with that are good. */
static uint64_t good_lines(const char *bytes, size_t size) {
    FILE *stream = fmemopen((void *)(uintptr_t)bytes, size, "r");
    struct trace_reader *reader = stream ? trace_reader_create(stream, "bytes") : NULL;
    uint64_t count = 0;
    check(reader, "memory");
    while (trace_reader_next(reader))
        count++;
    trace_reader_destroy(reader);
    fclose(stream);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *bytes = (const char *)data;
    char *good = malloc(size + 1);
    size_t kept = 0;
    nowhere = nowhere ? nowhere : fopen("/dev/null", "w");
    check(good && nowhere, "memory");
    if (size > 0)
        convert_all(bytes, size);
    for (size_t at = 0; at < size;) {
        uint64_t lines = good_lines(bytes + at, size - at);
        size_t length = length_of_lines(bytes + at, size - at, lines);
        memcpy(good + kept, bytes + at, length);
        kept += length;
        at += length + length_of_lines(bytes + at + length, size - at - length, 1);
    }
    if (kept > 0)
        convert_all(good, kept);
    free(good);
    return 0;
}
