/*
 * Where a member of a C structure is: a path such as "node_zones[1].free_area[0].nr_free" followed through DWARF.
 *
 * Every chain that a file could close into a ring (typedef of typedef, anonymous member in anonymous member, array of
 * array) is followed DEPTH links at most.
 */
#include "emu/image/internal.h"

#include <ctype.h>
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 32
#define MEMBERS 4096 /* of one structure */
#define DIMENSIONS 4

/* A type, and how many of its leading array dimensions an index has already consumed. */
struct place {
    Dwarf_Die type;
    unsigned consumed;
    uint64_t offset;
};

static bool type_of(Dwarf_Die *die, Dwarf_Die *to) {
    Dwarf_Attribute attribute;
    return dwarf_attr(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, to);
}

/* Follows typedefs and qualifiers. */
static bool peel(Dwarf_Die *type) {
    for (int i = 0; i < DEPTH; i++) {
        int tag = dwarf_tag(type);
        if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type)
            return tag != DW_TAG_invalid;
        Dwarf_Die next;
        if (!type_of(type, &next))
            return false;
        *type = next;
    }
    return false;
}

static bool unsigned_attribute(Dwarf_Die *die, unsigned name, uint64_t *value) {
    Dwarf_Attribute attribute;
    Dwarf_Word word;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &word) != 0)
        return false;
    *value = word;
    return true;
}

static uint64_t subrange_count(Dwarf_Die *subrange) {
    uint64_t value;
    if (unsigned_attribute(subrange, DW_AT_count, &value))
        return value;
    if (unsigned_attribute(subrange, DW_AT_upper_bound, &value) && value < UINT32_MAX)
        return value + 1;
    return 0;
}

/* Elements in each dimension of an array type; returns the number of dimensions. */
static unsigned dimensions(Dwarf_Die *array, uint64_t counts[DIMENSIONS]) {
    Dwarf_Die die;
    unsigned found = 0;
    if (dwarf_child(array, &die) != 0)
        return 0;
    do {
        if (dwarf_tag(&die) == DW_TAG_subrange_type)
            counts[found++] = subrange_count(&die);
    } while (found < DIMENSIONS && dwarf_siblingof(&die, &die) == 0);
    return found;
}

static bool size_of(const struct image *image, Dwarf_Die type, unsigned consumed, uint64_t *size);

static bool array_size(const struct image *image, Dwarf_Die *array, unsigned consumed, uint64_t *size) {
    uint64_t counts[DIMENSIONS], total;
    unsigned found = dimensions(array, counts);
    Dwarf_Die element;
    if (found == 0 || consumed > found || !type_of(array, &element) || !peel(&element))
        return false;
    if (dwarf_tag(&element) == DW_TAG_array_type) /* gcc and clang flatten them: another array here is a ring or no C */
        return false;
    if (!size_of(image, element, 0, &total))
        return false;
    for (unsigned i = consumed; i < found; i++)
        if (__builtin_mul_overflow(total, counts[i], &total))
            return false;
    *size = total;
    return true;
}

static bool size_of(const struct image *image, Dwarf_Die type, unsigned consumed, uint64_t *size) {
    if (!peel(&type))
        return false;
    if (dwarf_tag(&type) == DW_TAG_array_type)
        return array_size(image, &type, consumed, size);
    if (unsigned_attribute(&type, DW_AT_byte_size, size))
        return true;
    *size = image->address_bytes;
    return dwarf_tag(&type) == DW_TAG_pointer_type;
}

static bool find_member(Dwarf_Die *structure, const char *name, size_t length, struct place *to, unsigned depth);

static bool member_matches(Dwarf_Die *member, const char *name, size_t length, struct place *to, unsigned depth) {
    Dwarf_Attribute location;
    uint64_t offset = 0;
    const char *own = dwarf_diename(member);
    Dwarf_Die type;
    if (dwarf_attr(member, DW_AT_data_member_location, &location) &&
        !unsigned_attribute(member, DW_AT_data_member_location, &offset))
        return false;
    if (!type_of(member, &type) || !peel(&type))
        return false;
    if (own) {
        if (strlen(own) != length || memcmp(own, name, length) != 0)
            return false;
        *to = (struct place){type, 0, offset};
        return true;
    }
    if (!find_member(&type, name, length, to, depth + 1))
        return false;
    return !__builtin_add_overflow(to->offset, offset, &to->offset);
}

/* Finds name in a structure or union, also through anonymous members. to->offset counts from the structure. */
static bool find_member(Dwarf_Die *structure, const char *name, size_t length, struct place *to, unsigned depth) {
    int tag = dwarf_tag(structure);
    Dwarf_Die die;
    if (depth > 4 || (tag != DW_TAG_structure_type && tag != DW_TAG_union_type))
        return false;
    if (dwarf_child(structure, &die) != 0)
        return false;
    unsigned left = MEMBERS;
    do {
        if (dwarf_tag(&die) == DW_TAG_member && member_matches(&die, name, length, to, depth))
            return true;
    } while (left-- > 0 && dwarf_siblingof(&die, &die) == 0);
    return false;
}

/* One ".name" or leading "name". *path is moved behind it. */
static bool step_into_member(struct place *at, const char **path) {
    size_t length = strcspn(*path, ".[");
    struct place member;
    if (length == 0 || at->consumed || !find_member(&at->type, *path, length, &member, 0))
        return false;
    if (__builtin_add_overflow(member.offset, at->offset, &member.offset))
        return false;
    *at = member;
    *path += length;
    return true;
}

/* One "[index]". */
static bool step_into_element(const struct image *image, struct place *at, const char **path) {
    uint64_t counts[DIMENSIONS], stride, offset;
    char *end;
    if (dwarf_tag(&at->type) != DW_TAG_array_type || !isdigit((unsigned char)(*path)[1]))
        return false;
    unsigned long index = strtoul(*path + 1, &end, 10);
    unsigned found = dimensions(&at->type, counts);
    if (*end != ']' || at->consumed >= found || index >= counts[at->consumed])
        return false;
    if (!array_size(image, &at->type, at->consumed + 1, &stride) || __builtin_mul_overflow(stride, index, &offset) ||
        __builtin_add_overflow(at->offset, offset, &at->offset))
        return false;
    at->consumed++;
    *path = end + 1;
    if (at->consumed < found)
        return true;
    Dwarf_Die element;
    if (!type_of(&at->type, &element) || !peel(&element))
        return false;
    at->type = element;
    at->consumed = 0;
    return true;
}

static bool describe(const struct image *image, struct place *at, struct image_field *to) {
    uint64_t counts[DIMENSIONS];
    *to = (struct image_field){.offset = at->offset, .count = 1};
    if (!size_of(image, at->type, at->consumed, &to->size))
        return false;
    to->element_size = to->size;
    if (dwarf_tag(&at->type) != DW_TAG_array_type)
        return true;
    dimensions(&at->type, counts);
    to->count = counts[at->consumed];
    return array_size(image, &at->type, at->consumed + 1, &to->element_size);
}

bool image_field(const struct image *image, const char *type, const char *path, struct image_field *to) {
    struct place at = {.offset = 0};
    if (!image_type_find(image, type, &at.type) || !peel(&at.type) || !step_into_member(&at, &path))
        return false;
    while (*path) {
        bool element = *path == '[';
        if (!element && *path++ != '.')
            return false;
        if (element ? !step_into_element(image, &at, &path) : !step_into_member(&at, &path))
            return false;
    }
    return describe(image, &at, to);
}

bool image_type_size(const struct image *image, const char *type, uint64_t *size) {
    Dwarf_Die die;
    return image_type_find(image, type, &die) && size_of(image, die, 0, size);
}
