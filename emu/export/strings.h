/* Texts that occur again and again, each kept once and known by its number. */
#ifndef FAULTLINE_EXPORT_STRINGS_H
#define FAULTLINE_EXPORT_STRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strings {
    char *bytes; /* one after the other, each with a NUL */
    size_t size, capacity;
    uint32_t *starts; /* by number */
    size_t count, starts_capacity;
    uint32_t *slots; /* hash table of number + 1; slot_count is a power of two */
    size_t slot_count;
    bool failed; /* no memory, or more than 4 GiB of text */
};

/* The number of a text; 0 after a failure. */
uint32_t strings_add(struct strings *strings, const char *text);
static inline const char *strings_get(const struct strings *strings, size_t number) {
    return strings->bytes + strings->starts[number];
}
void strings_free(struct strings *strings);

#endif
