/* The trace that `faultline trace` and `faultline report` read, and where their output goes. */
#ifndef FAULTLINE_TRACE_FILE_H
#define FAULTLINE_TRACE_FILE_H

#include "emu/commands/command.h"
#include "emu/export/export.h"

struct trace_file {
    FILE *stream;
    struct trace_reader *reader;
};

/* path "-": standard input. False after complaining. */
bool trace_file_open(struct trace_file *file, const char *path);
void trace_file_close(struct trace_file *file);

/* Runs `write` with a stream for path, "-": standard output; a file appears whole or not at all. The exit status, after
 * complaining when it is not 0. */
typedef bool trace_write(void *owner, struct trace_reader *reader, FILE *to);
int trace_file_convert(const char *input, const char *output, const char *purpose, trace_write *write, void *owner);

#endif
