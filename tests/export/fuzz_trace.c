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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *good = malloc(size + 1);
    size_t kept = 0;
    nowhere = nowhere ? nowhere : fopen("/dev/null", "w");
    check(good && nowhere, "memory");
    if (size > 0)
        convert_all((const char *)data, size);
    for (size_t at = 0; at < size;) {
        const uint8_t *feed = memchr(data + at, '\n', size - at);
        size_t length = feed ? (size_t)(feed - data) - at + 1 : size - at;
        memcpy(good + kept, data + at, length);
        kept += convert(good + kept, length, as_summary) ? length : 0;
        at += length;
    }
    if (kept > 0)
        convert_all(good, kept);
    free(good);
    return 0;
}
