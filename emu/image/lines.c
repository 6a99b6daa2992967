/*
 * Source lines: the code ranges of all compilation units, sorted, so that an address finds its unit by a binary search;
 * libdw reads a unit's line table when it is first asked for.
 */
#include "emu/image/internal.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

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

bool image_unit_at(const struct image *image, uint64_t address, Dwarf_Die *unit) {
    struct image_dwarf *debug = image->debug;
    build(debug, image->size);
    const struct image_unit_range *range = unit_at(debug, address);
    return range && dwarf_offdie(debug->dwarf, range->unit, unit);
}

bool image_line_at(const struct image *image, uint64_t address, struct image_line *to) {
    Dwarf_Die die;
    if (!image_unit_at(image, address, &die))
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

/* ---- the other way round ---- */

struct line_search {
    const char *file;
    unsigned line;
    bool known;
    unsigned best_line; /* 0: none yet */
    uint64_t address;
};

/* wanted is path, or its last parts. */
static bool is_file(const char *path, const char *wanted) {
    size_t length = strlen(path), tail = strlen(wanted);
    return tail <= length && strcmp(path + length - tail, wanted) == 0 &&
           (tail == length || path[length - tail - 1] == '/');
}

static void consider(struct line_search *search, Dwarf_Line *line) {
    bool statement = false, end = false;
    int number;
    Dwarf_Addr address;
    const char *file = dwarf_linesrc(line, NULL, NULL);
    if (!file || !is_file(file, search->file))
        return;
    search->known = true;
    if (dwarf_lineno(line, &number) != 0 || number <= 0 || (unsigned)number < search->line ||
        dwarf_lineaddr(line, &address) != 0 || dwarf_linebeginstatement(line, &statement) != 0 || !statement ||
        dwarf_lineendsequence(line, &end) != 0 || end)
        return;
    bool better = !search->best_line || (unsigned)number < search->best_line ||
                  ((unsigned)number == search->best_line && address < search->address);
    if (!better)
        return;
    search->best_line = (unsigned)number;
    search->address = address;
}

static void search_unit(struct line_search *search, Dwarf *dwarf, Dwarf_Off unit) {
    Dwarf_Die die;
    Dwarf_Lines *lines;
    size_t count;
    if (!dwarf_offdie(dwarf, unit, &die) || dwarf_getsrclines(&die, &lines, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        Dwarf_Line *line = dwarf_onesrcline(lines, i);
        if (line)
            consider(search, line);
    }
}

bool image_line_address(const struct image *image, const char *file, unsigned line, uint64_t *address, bool *known) {
    struct image_dwarf *debug = image->debug;
    struct line_search search = {.file = file, .line = line};
    build(debug, image->size);
    for (size_t i = 0; i < debug->unit_count; i++)
        if (i == 0 || debug->units[i].unit != debug->units[i - 1].unit)
            search_unit(&search, debug->dwarf, debug->units[i].unit);
    *known |= search.known;
    if (!search.best_line)
        return false;
    *address = search.address;
    return true;
}
