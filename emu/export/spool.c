/* See spool.h. */
#include "emu/export/spool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

bool spool_open(struct spool *spool) {
    *spool = (struct spool){.file = tmpfile()};
    return spool->file != NULL;
}

void spool_close(struct spool *spool) {
    if (spool->text && spool->end > 0)
        munmap((void *)(uintptr_t)spool->text, (size_t)spool->end);
    if (spool->file)
        fclose(spool->file);
    free(spool->pieces);
    *spool = (struct spool){0};
}

static bool make_room(struct spool *spool) {
    if (spool->count < spool->capacity)
        return true;
    size_t capacity = spool->capacity ? spool->capacity * 2 : 4096;
    struct spool_piece *pieces = realloc(spool->pieces, capacity * sizeof *pieces);
    if (!pieces)
        return false;
    spool->pieces = pieces;
    spool->capacity = capacity;
    return true;
}

struct spool_piece *spool_add(struct spool *spool, const char *text, size_t length) {
    if (spool->failed || !make_room(spool) || fwrite(text, 1, length, spool->file) != length) {
        spool->failed = true;
        return NULL;
    }
    struct spool_piece *piece = &spool->pieces[spool->count];
    *piece = (struct spool_piece){.offset = spool->end, .order = spool->count, .length = (uint32_t)length};
    spool->count++;
    spool->end += length;
    return piece;
}

bool spool_map(struct spool *spool) {
    if (spool->failed || fflush(spool->file) != 0)
        return false;
    if (spool->end == 0) {
        spool->text = "";
        return true;
    }
    void *text = mmap(NULL, (size_t)spool->end, PROT_READ, MAP_PRIVATE, fileno(spool->file), 0);
    spool->text = text == MAP_FAILED ? NULL : text;
    return spool->text != NULL;
}

static int compare(const void *left, const void *right) {
    const struct spool_piece *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->length_of_time != b->length_of_time)
        return a->length_of_time > b->length_of_time ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void spool_sort(struct spool *spool) {
    if (spool->count > 0)
        qsort(spool->pieces, spool->count, sizeof *spool->pieces, compare);
}
