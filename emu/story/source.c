/*
 * Lines of source files on the host, for the text beside an instruction. The path comes from debug data that nobody has
 * checked: only regular files are read, at most FILE_MAX bytes of each and FILES of them, and what cannot be read is
 * remembered as empty.
 */
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

struct source_file {
    char *path;
    char *bytes; /* NULL: cannot be read */
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

static struct source_file *load(struct source_cache *cache, const char *path) {
    if (!cache->files)
        cache->files = calloc(FILES, sizeof *cache->files);
    char *copy = cache->files && cache->count < FILES ? strdup(path) : NULL;
    if (!copy)
        return NULL;
    struct source_file *file = &cache->files[cache->count++];
    file->path = copy;
    file->bytes = read_regular(path, &file->size);
    if (file->bytes)
        find_lines(file);
    return file;
}

static const struct source_file *find(struct source_cache *cache, const char *path) {
    for (size_t i = 0; i < cache->count; i++)
        if (strcmp(cache->files[i].path, path) == 0)
            return &cache->files[i];
    return load(cache, path);
}

/* [from, to) without the blanks at both ends; tabs and what is not ASCII are made harmless. */
static void copy_trimmed(char *text, size_t size, const char *from, const char *to) {
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (from < to && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
        to--;
    size_t at = 0;
    for (; at + 1 < size && from + at < to; at++) {
        char byte = from[at] == '\t' ? ' ' : from[at];
        text[at] = byte >= 0x20 && byte <= 0x7e ? byte : '?';
    }
    text[at] = '\0';
}

void source_line_text(struct source_cache *cache, const char *directory, const char *path, unsigned line, char *text,
                      size_t size) {
    char full[1024];
    text[0] = '\0';
    if (path[0] != '/' && !directory)
        return;
    int length =
        snprintf(full, sizeof full, "%s%s%s", path[0] == '/' ? "" : directory, path[0] == '/' ? "" : "/", path);
    if (length < 0 || (size_t)length >= sizeof full)
        return;
    const struct source_file *file = find(cache, full);
    if (!file || line == 0 || line > file->lines)
        return;
    size_t start = file->starts[line - 1];
    const char *end = memchr(file->bytes + start, '\n', file->size - start);
    copy_trimmed(text, size, file->bytes + start, end ? end : file->bytes + file->size);
}

void source_cache_free(struct source_cache *cache) {
    for (size_t i = 0; i < cache->count; i++) {
        free(cache->files[i].path);
        free(cache->files[i].bytes);
        free(cache->files[i].starts);
    }
    free(cache->files);
}
