/* See strings.h. Open addressing, never more than half full. */
#include "emu/export/strings.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash(const char *text) {
    uint32_t sum = 2166136261u; /* FNV-1a */
    for (; *text; text++)
        sum = (sum ^ (uint8_t)*text) * 16777619u;
    return sum;
}

/* Where text is, or the free slot where it would be. */
static uint32_t *slot_of(const struct strings *strings, const char *text) {
    size_t at = hash(text);
    for (;; at++) {
        uint32_t *slot = &strings->slots[at & (strings->slot_count - 1)];
        if (*slot == 0 || strcmp(strings_get(strings, *slot - 1), text) == 0)
            return slot;
    }
}

static bool grow_slots(struct strings *strings) {
    size_t count = strings->slot_count ? 2 * strings->slot_count : 1024;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(strings->slots);
    strings->slots = slots;
    strings->slot_count = count;
    for (size_t i = 0; i < strings->count; i++)
        *slot_of(strings, strings_get(strings, i)) = (uint32_t)i + 1;
    return true;
}

static bool grow_starts(struct strings *strings) {
    size_t capacity = strings->starts_capacity ? 2 * strings->starts_capacity : 512;
    uint32_t *starts = realloc(strings->starts, capacity * sizeof *starts);
    if (!starts)
        return false;
    strings->starts = starts;
    strings->starts_capacity = capacity;
    return true;
}

static bool grow_bytes(struct strings *strings, size_t more) {
    size_t capacity = strings->capacity ? strings->capacity : 65536;
    while (capacity - strings->size < more)
        capacity *= 2;
    char *bytes = capacity > UINT32_MAX ? NULL : realloc(strings->bytes, capacity);
    if (!bytes)
        return false;
    strings->bytes = bytes;
    strings->capacity = capacity;
    return true;
}

static bool make_room(struct strings *strings, size_t more) {
    return (2 * (strings->count + 1) <= strings->slot_count || grow_slots(strings)) &&
           (strings->count < strings->starts_capacity || grow_starts(strings)) &&
           (strings->capacity - strings->size >= more || grow_bytes(strings, more));
}

uint32_t strings_add(struct strings *strings, const char *text) {
    size_t length = strlen(text) + 1;
    if (strings->failed || !make_room(strings, length)) {
        strings->failed = true;
        return 0;
    }
    uint32_t *slot = slot_of(strings, text);
    if (*slot)
        return *slot - 1;
    memcpy(strings->bytes + strings->size, text, length);
    strings->starts[strings->count] = (uint32_t)strings->size;
    strings->size += length;
    *slot = (uint32_t)++strings->count;
    return *slot - 1;
}

void strings_free(struct strings *strings) {
    free(strings->bytes);
    free(strings->starts);
    free(strings->slots);
    *strings = (struct strings){0};
}
