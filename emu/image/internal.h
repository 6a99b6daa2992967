/*
 * What the files of emu/image share. Invariants: the section headers have been checked against the file's size
 * before libelf sees them (headers.c); symbol tables are sorted; the DWARF indexes are built at their first use,
 * because most callers never ask, and are bounded by the file's size whatever the file says.
 */
#ifndef FAULTLINE_IMAGE_INTERNAL_H
#define FAULTLINE_IMAGE_INTERNAL_H

#include "emu/image/image.h"

#include <elfutils/libdw.h>

struct image_symbol_entry {
    const char *name; /* in the file's string table */
    uint64_t start, size;
    uint8_t rank; /* the better name has the smaller rank: global before local, typed before label */
    bool code_or_data;
};

struct image_symbols {
    struct image_symbol_entry *by_address, *by_name;
    size_t count;
};

/* A C type's name and where its definition is. space: 's' struct, 'u' union, 'e' enum, 't' typedef or base type. */
struct image_type_entry {
    const char *name;
    Dwarf_Off die;
    char space;
};

struct image_enumerator {
    const char *name;
    int64_t value;
};

struct image_unit_range { /* code [low, high) of one compilation unit */
    uint64_t low, high;
    Dwarf_Off unit;
};

struct image_dwarf {
    Dwarf *dwarf; /* NULL: none */
    bool types_built, units_built;
    struct image_type_entry *types;
    size_t type_count;
    struct image_enumerator *enumerators;
    size_t enumerator_count;
    struct image_unit_range *units;
    size_t unit_count;
};

struct image {
    size_t size;
    Elf *elf;
    struct image_symbols symbols;
    struct image_dwarf *debug; /* its indexes are filled in lazily */
    uint8_t address_bytes;     /* 4 or 8 */
};

/* headers.c: NULL, or why the headers cannot be trusted. */
const char *image_headers_refused(const uint8_t *bytes, size_t size);

/* symbols.c. False: no memory. */
bool image_symbols_read(struct image_symbols *symbols, Elf *elf);
void image_symbols_free(struct image_symbols *symbols);

/* types.c */
void image_types_build(struct image_dwarf *debug, size_t image_size);
bool image_type_find(const struct image *image, const char *type, Dwarf_Die *to);

/* Grows *array (elements of element_size) so that one more fits after count. False: no memory, nothing changed. */
bool image_grow(void **array, size_t count, size_t *capacity, size_t element_size);

/* lines.c: the compilation unit that an address belongs to. */
bool image_unit_at(const struct image *image, uint64_t address, Dwarf_Die *unit);

#endif
