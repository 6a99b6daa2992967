/*
 * Text that is put together in a buffer of limited size, as snprintf counts it.
 *
 * What it keeps true: buffer is NUL-terminated whenever size > 0; length is that of the whole text.
 */
#ifndef FAULTLINE_MMU_TEXT_H
#define FAULTLINE_MMU_TEXT_H

#include <stddef.h>

struct text {
    char *buffer;
    size_t size, length;
};

void text_init(struct text *text, char *buffer, size_t size);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
