/* See trace_file.h. */
#define _GNU_SOURCE
#include "emu/commands/trace_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool trace_file_open(struct trace_file *file, const char *path) {
    struct stat status;
    bool standard = strcmp(path, "-") == 0;
    file->stream = standard ? stdin : fopen(path, "re");
    file->reader = NULL;
    if (!file->stream) {
        complain("the trace '%s' cannot be opened: %s", path, strerror(errno));
        return false;
    }
    if (fstat(fileno(file->stream), &status) == 0 && S_ISDIR(status.st_mode))
        complain("the trace '%s' is a folder; give the file that `faultline run --trace FILE` wrote", path);
    else if (!(file->reader = trace_reader_create(file->stream, standard ? "standard input" : path)))
        complain("no memory on the host; free some and try again");
    if (!file->reader)
        trace_file_close(file);
    return file->reader != NULL;
}

void trace_file_close(struct trace_file *file) {
    trace_reader_destroy(file->reader);
    if (file->stream && file->stream != stdin)
        fclose(file->stream);
    *file = (struct trace_file){0};
}

static bool convert(struct trace_reader *reader, FILE *to, trace_write *write, void *owner) {
    if (write(owner, reader, to))
        return true;
    const char *problem = trace_reader_problem(reader);
    complain("%s", problem ? problem : "no memory or no temporary file on the host; free some and try again");
    return false;
}

static bool convert_to_stdout(struct trace_reader *reader, trace_write *write, void *owner) {
    if (!convert(reader, stdout, write, owner))
        return false;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    complain("standard output cannot be written: %s", strerror(errno));
    return false;
}

static bool is_same_file(const struct trace_file *file, const char *path) {
    struct stat from, to;
    return fstat(fileno(file->stream), &from) == 0 && stat(path, &to) == 0 && S_ISREG(to.st_mode) &&
           from.st_dev == to.st_dev && from.st_ino == to.st_ino;
}

static bool convert_to_file(struct trace_reader *reader, const char *path, const char *purpose, trace_write *write,
                            void *owner) {
    struct output output;
    if (!output_open(&output, path, purpose))
        return false;
    if (convert(reader, output.stream, write, owner))
        return output_commit(&output);
    output_abandon(&output);
    return false;
}

int trace_file_convert(const char *input, const char *output, const char *purpose, trace_write *write, void *owner) {
    struct trace_file file;
    if (!trace_file_open(&file, input))
        return EXIT_BAD_INPUT;
    bool good = false;
    if (strcmp(output, "-") == 0)
        good = convert_to_stdout(file.reader, write, owner);
    else if (is_same_file(&file, output))
        complain("'%s' is the trace itself; give the %s another name", output, purpose);
    else
        good = convert_to_file(file.reader, output, purpose, write, owner);
    trace_file_close(&file);
    return good ? 0 : EXIT_BAD_INPUT;
}
