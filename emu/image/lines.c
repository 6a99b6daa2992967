/*
 * Source lines: the code ranges of all compilation units, sorted, so that an address finds its unit by a binary search;
 * libdw reads a unit's line table when it is first asked for.
 */
#include "emu/image/internal.h"

#include <dwarf.h>
#include <stdlib.h>

#define LOOK_BACK 16 /* ranges below an address that may contain it; units of real programs do not overlap */

struct builder {
    struct image_dwarf *debug;
    size_t capacity;
    size_t budget; /* ranges that may still be read: units could share one long list */
};

static void add_unit(struct builder *builder, Dwarf_Die *unit) {
    struct image_dwarf *debug = builder->debug;
    Dwarf_Addr base, low, high;
    ptrdiff_t next = 0;
    while (builder->budget > 0 && (next = dwarf_ranges(unit, next, &base, &low, &high)) > 0) {
        builder->budget--;
        if (low >= high)
            continue;
        if (!image_grow((void **)&debug->units, debug->unit_count, &builder->capacity, sizeof *debug->units))
            return;
        debug->units[debug->unit_count++] = (struct image_unit_range){low, high, dwarf_dieoffset(unit)};
    }
}

static int compare_ranges(const void *left, const void *right) {
    const struct image_unit_range *a = left, *b = right;
    int order = (a->low > b->low) - (a->low < b->low);
    if (!order)
        order = (a->high > b->high) - (a->high < b->high);
    return order ? order : (a->unit > b->unit) - (a->unit < b->unit);
}

static void build(struct image_dwarf *debug, size_t image_size) {
    if (debug->units_built || !debug->dwarf)
        return;
    debug->units_built = true;
    struct builder builder = {.debug = debug, .budget = image_size / 4};
    Dwarf_CU *unit = NULL;
    uint8_t kind;
    Dwarf_Die die;
    while (builder.budget > 0 && dwarf_get_units(debug->dwarf, unit, &unit, NULL, &kind, &die, NULL) == 0) {
        builder.budget--;
        if (kind == DW_UT_compile)
            add_unit(&builder, &die);
    }
    if (debug->unit_count)
        qsort(debug->units, debug->unit_count, sizeof *debug->units, compare_ranges);
}

static const struct image_unit_range *unit_at(const struct image_dwarf *debug, uint64_t address) {
    size_t low = 0, high = debug->unit_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (debug->units[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 1; back <= low && back <= LOOK_BACK; back++)
        if (address < debug->units[low - back].high)
            return &debug->units[low - back];
    return NULL;
}

bool image_line_at(const struct image *image, uint64_t address, struct image_line *to) {
    struct image_dwarf *debug = image->debug;
    build(debug, image->size);
    const struct image_unit_range *unit = unit_at(debug, address);
    Dwarf_Die die;
    if (!unit || !dwarf_offdie(debug->dwarf, unit->unit, &die))
        return false;
    Dwarf_Line *line = dwarf_getsrc_die(&die, address);
    int number;
    if (!line || dwarf_lineno(line, &number) != 0 || number <= 0)
        return false;
    const char *file = dwarf_linesrc(line, NULL, NULL);
    if (!file)
        return false;
    Dwarf_Attribute directory;
    const char *where = dwarf_attr(&die, DW_AT_comp_dir, &directory) ? dwarf_formstring(&directory) : NULL;
    *to = (struct image_line){file, where, (unsigned)number};
    return true;
}
