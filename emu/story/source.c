/*
 * Lines of source files on the host, for the text beside an instruction. The path comes from debug data that nobody has
 * checked: only regular files are read, at most FILE_MAX bytes of each and FILES of them, and what cannot be read is
 * remembered as empty.
 */
#include "emu/story/code.h"
#include "emu/story/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 64u
#define FILE_MAX ((size_t)1 << 20)
#define LINES_MAX 65536u
#define PATH_LENGTH 4096u
#define LEVELS_UP 6

struct source_file {
    char *path, *directory; /* as the image names them */
    char *bytes;            /* NULL: cannot be read */
    size_t size;
    uint32_t *starts; /* offset of each line */
    uint32_t lines;
};

static char *read_regular(const char *path, size_t *size) {
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat status;
    if (file < 0)
        return NULL;
    char *bytes = NULL;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        (size_t)status.st_size <= FILE_MAX)
        bytes = malloc((size_t)status.st_size);
    ssize_t got = bytes ? read(file, bytes, (size_t)status.st_size) : 0;
    close(file);
    *size = got > 0 ? (size_t)got : 0;
    return bytes;
}

static void find_lines(struct source_file *file) {
    uint32_t count = 1;
    for (size_t i = 0; i < file->size && count < LINES_MAX; i++)
        count += file->bytes[i] == '\n';
    file->starts = malloc(count * sizeof *file->starts);
    if (!file->starts)
        return;
    file->starts[file->lines++] = 0;
    for (size_t i = 0; i < file->size && file->lines < count; i++)
        if (file->bytes[i] == '\n')
            file->starts[file->lines++] = (uint32_t)i + 1;
}

/* Reads directory/compiled_in/path into *file; empty parts are left out. */
static bool try_path(struct source_file *file, const char *directory, const char *compiled_in, const char *path) {
    char full[2 * PATH_LENGTH];
    int length = snprintf(full, sizeof full, "%s%s%s%s%s", directory, directory[0] ? "/" : "", compiled_in,
                          compiled_in[0] ? "/" : "", path);
    if (length > 0 && (size_t)length < sizeof full)
        file->bytes = read_regular(full, &file->size);
    return file->bytes != NULL;
}

/* A program moved away from its build folder, or built with paths cut short, still has its sources nearby. */
static void search_upwards(struct source_file *file, const char *program_directory, const struct image_line *line) {
    char directory[PATH_LENGTH];
    const char *compiled_in = line->directory ? line->directory : "";
    int length = snprintf(directory, sizeof directory, "%s", program_directory);
    for (int up = 0; up <= LEVELS_UP && length > 0 && (size_t)length + 4 < sizeof directory; up++) {
        if (try_path(file, directory, compiled_in, line->file) || try_path(file, directory, "", line->file))
            return;
        length += snprintf(directory + length, sizeof directory - (size_t)length, "/..");
    }
}

static void read_source(struct source_file *file, const char *program_directory, const struct image_line *line) {
    bool known = line->directory && line->directory[0] == '/';
    if (line->file[0] == '/')
        try_path(file, "", "", line->file);
    else if (known)
        try_path(file, "", line->directory, line->file);
    else if (program_directory)
        search_upwards(file, program_directory, line);
    if (file->bytes)
        find_lines(file);
}

static const struct source_file *find(struct source_cache *cache, const char *program_directory,
                                      const struct image_line *line) {
    const char *directory = line->directory ? line->directory : "";
    for (size_t i = 0; i < cache->count; i++)
        if (strcmp(cache->files[i].path, line->file) == 0 && strcmp(cache->files[i].directory, directory) == 0)
            return &cache->files[i];
    if (!cache->files)
        cache->files = calloc(FILES, sizeof *cache->files);
    if (!cache->files || cache->count == FILES)
        return NULL;
    struct source_file *file = &cache->files[cache->count];
    file->path = strdup(line->file);
    file->directory = strdup(directory);
    if (!file->path || !file->directory) {
        free(file->path);
        free(file->directory);
        return NULL;
    }
    cache->count++;
    read_source(file, program_directory, line);
    return file;
}

/* [from, to) without the blanks at its end; tabs and what is not ASCII are made harmless. */
static void copy_trimmed(char *text, size_t size, const char *from, const char *to) {
    while (from < to && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
        to--;
    size_t at = 0;
    for (; at + 1 < size && from + at < to; at++) {
        char byte = from[at] == '\t' ? ' ' : from[at];
        text[at] = byte >= 0x20 && byte <= 0x7e ? byte : '?';
    }
    text[at] = '\0';
}

/* False: there is no such line on the host. */
static bool find_line(struct source_cache *cache, const char *program_directory, const struct image_line *line,
                      const char **from, const char **to) {
    const struct source_file *file = find(cache, program_directory, line);
    if (!file || line->line == 0 || line->line > file->lines)
        return false;
    size_t start = file->starts[line->line - 1];
    const char *end = memchr(file->bytes + start, '\n', file->size - start);
    *from = file->bytes + start;
    *to = end ? end : file->bytes + file->size;
    return true;
}

void source_line_text(struct source_cache *cache, const char *program_directory, const struct image_line *line,
                      char *text, size_t size) {
    const char *from, *to;
    text[0] = '\0';
    if (!find_line(cache, program_directory, line, &from, &to))
        return;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    copy_trimmed(text, size, from, to);
}

bool story_source_text(struct story *story, const struct image_line *line, char *text, size_t size) {
    const char *from, *to;
    text[0] = '\0';
    if (!line->file || !find_line(&story->sources, story->config.program_directory, line, &from, &to))
        return false;
    copy_trimmed(text, size, from, to);
    return true;
}

void source_cache_free(struct source_cache *cache) {
    for (size_t i = 0; i < cache->count; i++) {
        free(cache->files[i].path);
        free(cache->files[i].directory);
        free(cache->files[i].bytes);
        free(cache->files[i].starts);
    }
    free(cache->files);
}
