/* Text that is put together piece by piece and never passes the end of its buffer. */
#ifndef _LIB_TEXT_H
#define _LIB_TEXT_H

#include "lib/kernel.h"

/* size 0: nothing is written, not even the final NUL. length never reaches size. */
struct text {
    char *buf;
    int size, length;
};

void text(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
