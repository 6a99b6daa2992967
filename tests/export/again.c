/* again FILE: reads a trace and writes it again. Events of unknown types, of which the reader keeps the name only, are
 * left out. */
#include "emu/export/trace_reader.h"

int main(int argc, char **argv) {
    static char text[16384];
    FILE *stream = argc == 2 ? fopen(argv[1], "r") : NULL;
    struct trace_reader *reader = stream ? trace_reader_create(stream, argv[1]) : NULL;
    const struct trace_entry *entry;
    if (!reader)
        return 2;
    while ((entry = trace_reader_next(reader))) {
        if (entry->kind == TRACE_UNKNOWN)
            continue;
        if (entry->kind == TRACE_FAULT)
            story_fault_json(&entry->fault, text, sizeof text);
        else
            story_event_json(entry->blocks, &entry->record.head, text, sizeof text);
        puts(text);
    }
    const char *problem = trace_reader_problem(reader);
    if (problem)
        fprintf(stderr, "%s\n", problem);
    trace_reader_destroy(reader);
    fclose(stream);
    return problem != NULL;
}
