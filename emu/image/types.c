/*
 * The index of C types and enumerators by name, over the top-level DIEs of every compilation unit.
 *
 * A header's type appears once in each unit that includes it; the first complete definition in file order stands for
 * all. The walk is bounded by the file's size: a DIE takes at least one byte.
 */
#include "emu/image/internal.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

struct builder {
    struct image_dwarf *debug;
    size_t type_capacity, enumerator_capacity;
    size_t budget; /* DIEs that may still be visited */
};

static char space_of(int tag) {
    switch (tag) {
    case DW_TAG_structure_type: return 's';
    case DW_TAG_union_type: return 'u';
    case DW_TAG_enumeration_type: return 'e';
    case DW_TAG_typedef:
    case DW_TAG_base_type: return 't';
    default: return '\0';
    }
}

/* Producers write negative constants in a signed form; in the fixed-width forms the value is unsigned. */
static bool constant_of(Dwarf_Die *die, int64_t *value) {
    Dwarf_Attribute attribute;
    if (!dwarf_attr(die, DW_AT_const_value, &attribute))
        return false;
    unsigned form = dwarf_whatform(&attribute);
    Dwarf_Word plain;
    Dwarf_Sword with_sign;
    if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
        if (dwarf_formsdata(&attribute, &with_sign) != 0)
            return false;
        *value = with_sign;
        return true;
    }
    if (dwarf_formudata(&attribute, &plain) != 0)
        return false;
    *value = (int64_t)plain;
    return true;
}

static void add_enumerator(struct builder *builder, Dwarf_Die *die) {
    int64_t value;
    const char *name = dwarf_diename(die);
    struct image_dwarf *debug = builder->debug;
    if (!name || !constant_of(die, &value))
        return;
    if (!image_grow((void **)&debug->enumerators, debug->enumerator_count, &builder->enumerator_capacity,
                    sizeof *debug->enumerators))
        return;
    debug->enumerators[debug->enumerator_count++] = (struct image_enumerator){name, value};
}

static void add_enumerators(struct builder *builder, Dwarf_Die *enumeration) {
    Dwarf_Die die;
    if (dwarf_child(enumeration, &die) != 0)
        return;
    do {
        if (dwarf_tag(&die) == DW_TAG_enumerator)
            add_enumerator(builder, &die);
    } while (builder->budget-- > 1 && dwarf_siblingof(&die, &die) == 0);
}

static void add_type(struct builder *builder, Dwarf_Die *die, char space) {
    const char *name = dwarf_diename(die);
    struct image_dwarf *debug = builder->debug;
    if (!name || dwarf_hasattr(die, DW_AT_declaration))
        return;
    if (!image_grow((void **)&debug->types, debug->type_count, &builder->type_capacity, sizeof *debug->types))
        return;
    debug->types[debug->type_count++] = (struct image_type_entry){name, dwarf_dieoffset(die), space};
}

static void add_unit(struct builder *builder, Dwarf_Die *unit) {
    Dwarf_Die die;
    if (dwarf_child(unit, &die) != 0)
        return;
    do {
        int tag = dwarf_tag(&die);
        char space = space_of(tag);
        if (space)
            add_type(builder, &die, space);
        if (tag == DW_TAG_enumeration_type)
            add_enumerators(builder, &die);
        if (builder->budget <= 1)
            return;
        builder->budget--;
    } while (dwarf_siblingof(&die, &die) == 0);
}

static int compare_types(const void *left, const void *right) {
    const struct image_type_entry *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    if (!order)
        order = a->space - b->space;
    return order ? order : (a->die > b->die) - (a->die < b->die);
}

static int compare_enumerators(const void *left, const void *right) {
    const struct image_enumerator *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->value > b->value) - (a->value < b->value);
}

void image_types_build(struct image_dwarf *debug, size_t image_size) {
    if (debug->types_built || !debug->dwarf)
        return;
    debug->types_built = true;
    struct builder builder = {.debug = debug, .budget = image_size};
    Dwarf_CU *unit = NULL;
    uint8_t kind;
    Dwarf_Die die;
    while (builder.budget > 1 && dwarf_get_units(debug->dwarf, unit, &unit, NULL, &kind, &die, NULL) == 0) {
        builder.budget--;
        if (kind != DW_UT_skeleton) /* its other half would be another file on the host */
            add_unit(&builder, &die);
    }
    if (debug->type_count)
        qsort(debug->types, debug->type_count, sizeof *debug->types, compare_types);
    if (debug->enumerator_count)
        qsort(debug->enumerators, debug->enumerator_count, sizeof *debug->enumerators, compare_enumerators);
}

/* "struct page" -> space 's' and "page"; a bare name is a typedef or a base type. */
static const char *split_name(const char *type, char *space) {
    static const struct {
        const char *prefix;
        char space;
    } prefixes[] = {{"struct ", 's'}, {"union ", 'u'}, {"enum ", 'e'}};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t length = strlen(prefixes[i].prefix);
        if (strncmp(type, prefixes[i].prefix, length) == 0) {
            *space = prefixes[i].space;
            return type + length;
        }
    }
    *space = 't';
    return type;
}

bool image_type_find(const struct image *image, const char *type, Dwarf_Die *to) {
    struct image_dwarf *debug = image->debug;
    image_types_build(debug, image->size);
    struct image_type_entry key = {.die = 0};
    key.name = split_name(type, &key.space);
    size_t low = 0, high = debug->type_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_types(&debug->types[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low >= debug->type_count || debug->types[low].space != key.space ||
        strcmp(debug->types[low].name, key.name) != 0)
        return false;
    return dwarf_offdie(debug->dwarf, debug->types[low].die, to) != NULL;
}

bool image_enum_value(const struct image *image, const char *name, int64_t *value) {
    struct image_dwarf *debug = image->debug;
    image_types_build(debug, image->size);
    size_t low = 0, high = debug->enumerator_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(debug->enumerators[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low >= debug->enumerator_count || strcmp(debug->enumerators[low].name, name) != 0)
        return false;
    *value = debug->enumerators[low].value;
    return true;
}
