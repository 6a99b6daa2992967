/*
 * Pieces of output that are known in another order than they are to stand: their text goes to a temporary file as it
 * comes, in memory stays what they are sorted by. So a trace of any length costs 48 bytes of memory a piece.
 */
#ifndef FAULTLINE_EXPORT_SPOOL_H
#define FAULTLINE_EXPORT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct spool_piece {
    uint64_t from, length_of_time; /* sorted by from, then the longer first, then in the order of coming */
    uint64_t offset, order;
    uint32_t length, track, who, lane;
};

struct spool {
    FILE *file;
    struct spool_piece *pieces;
    size_t count, capacity;
    uint64_t end;
    const char *text; /* all of the file, after spool_map() */
    bool failed;      /* no memory, or the temporary file cannot be written: everything after is lost */
};

bool spool_open(struct spool *spool); /* false: no temporary file; nothing to close */
void spool_close(struct spool *spool);
/* The piece to fill in the rest of; NULL after a failure. */
struct spool_piece *spool_add(struct spool *spool, const char *text, size_t length);
/* No more pieces come; their texts may be read. False: failed. */
bool spool_map(struct spool *spool);
void spool_sort(struct spool *spool);
static inline const char *spool_text(const struct spool *spool, const struct spool_piece *piece) {
    return spool->text + piece->offset;
}

#endif
